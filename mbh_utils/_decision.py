"""Cutting activation regions by the argmax regions of the output layer (``partition_input_space``'s decision boundary).

On an activation region every output is affine, so the largest of them is an upper envelope of planes, and the points
at which one class wins are a convex polygon. Most regions have one winner: numpy tells that for many at once. The
others are cut in integers, as everything in ``_exact.py``: the float64 corners and coefficients are taken for exact, so
that the pieces of a region fill it without gaps, whatever the rounding before.

Which classes a region has is *certain* when each of them is ahead of all others by more than every error at a point
well inside of the region (or at a corner), and every other class is behind the winner by more than every error at all
corners of all pieces. The errors are those of the kernel's docstring. Regions of two classes whose order is certain at
all corners, which are nearly all, need no integers: float64 places their common boundary well enough.
"""

import numpy as np

from mbh_utils import _cells, _exact

BLURRED = 1e-10  # relative error of a boundary, above which exact arithmetic (if allowed) places it again


class Decision:
    """Cuts the regions of one network by its classes; counts what is uncertain.

    net: the kernel's ``Layers``, the output layer last. layers: the same as arrays. oracle: for exact arithmetic, or
    None for the tolerance policy.
    """

    def __init__(self, net, layers: list[tuple], oracle):
        self.net, self.oracle, self.uncertain = net, oracle, 0
        self.weight, self.bias = layers[-1][:2]
        self.first = int(net.first[net.n_layers])  # the outputs' number among the lines
        outputs = slice(self.first, self.first + len(self.bias))
        self.errors = net.error[:, outputs] * 1.01  # with the few roundings of evaluating a difference of two outputs

    def cut(self, cells) -> tuple:
        """The regions as ``Cells``, cut; and the class of each, (n,) int64."""
        with np.errstate(over="ignore", invalid="ignore"):  # of corners that may be anywhere: nothing is certain there
            winner, certain = self._winners(cells)
            parts = [(i, c, *piece) for i in np.flatnonzero(~certain) for c, *piece in self._pieces(cells, i)]
        keep = np.flatnonzero(certain)
        owner, classes, corners, edges, areas, touched = zip(*parts, strict=True) if parts else [()] * 6
        rows = np.concatenate([keep, np.array(owner, dtype=np.int64)])
        here = np.repeat(certain, np.diff(cells.offset))
        sizes = np.concatenate([np.diff(cells.offset)[keep], np.array([len(c) for c in corners], dtype=np.int64)])
        done = cells._replace(
            corners=np.concatenate([cells.corners[here], *corners]),
            edge=np.concatenate([cells.edge[here], *edges]).astype(np.int32),
            offset=np.concatenate([[0], np.cumsum(sizes)]),
            bits=cells.bits[rows],
            area=np.concatenate([cells.area[keep], np.array(areas)]),
            touched=np.concatenate([cells.touched[keep], np.array(touched, dtype=np.uint8)]),
        )
        return done, np.concatenate([winner[keep], np.array(classes, dtype=np.int64)])

    def _winners(self, cells) -> tuple[np.ndarray, np.ndarray]:
        """The class that wins at each region's first corner, and whether it certainly wins everywhere on it."""
        start, n = cells.offset[:-1], len(cells.area)
        owner = np.repeat(np.arange(n), np.diff(cells.offset))
        a, b, c = (cells.maps[:, part] for part in range(3))
        u, v = cells.corners[:, :1], cells.corners[:, 1:]
        values = a[owner] * u + (b[owner] * v + c[owner])
        winner = values[start].argmax(axis=1)
        at_winner = np.arange(n), winner
        ahead = np.minimum.reduceat(values[np.arange(len(values)), winner[owner]][:, None] - values, start)
        far_u, far_v = (np.maximum.reduceat(np.abs(x[:, 0]), start)[:, None] for x in (u, v))
        slopes = np.abs(a - a[at_winner][:, None]) + np.abs(b - b[at_winner][:, None])
        ahead -= self._doubt(winner[:, None], np.arange(len(self.bias)), far_u, far_v, cells.error[:, None], slopes)
        ahead[at_winner] = 1.0
        return winner, (ahead > 0).all(axis=1)

    def _doubt(self, i, j, far_u, far_v, error, slopes):
        """Bound of all errors of output i less output j at points with |u| <= far_u and |v| <= far_v."""
        ea, eb, ec = (row[i] + row[j] for row in self.errors)
        return (far_u + error) * ea + (far_v + error) * eb + ec + _cells.TINY + error * slopes

    def _pieces(self, cells, region: int) -> list[tuple]:
        """(class, corners, edges, area, touched) of each piece of a region."""
        here = slice(cells.offset[region], cells.offset[region + 1])
        polygon, edges, maps, bits = cells.corners[here], cells.edge[here], cells.maps[region].T, cells.bits[region]
        values = maps[:, :2] @ polygon.T + maps[:, 2:]
        top = np.unique(values.argmax(axis=0))
        far_u, far_v = np.abs(polygon).max(axis=0)
        # Behind one of the winners by more than all errors: such a class has no part in it.
        behind = np.zeros(len(maps), dtype=bool)
        for i in top:
            slopes = np.abs(maps[:, :2] - maps[i, :2]).sum(axis=1)
            doubt = self._doubt(i, np.arange(len(maps)), far_u, far_v, cells.error[region], slopes)
            behind |= (values[i] - values).min(axis=1) > doubt
        classes = np.flatnonzero(~behind).tolist()
        if len(classes) == 2 and not cells.touched[region]:  # nearly always
            ahead, slopes = (
                values[classes[0]] - values[classes[1]],
                np.abs(maps[classes[0]] - maps[classes[1]])[:2].sum(),
            )
            if (np.abs(ahead) > self._doubt(*classes, far_u, far_v, cells.error[region], slopes)).all():
                pieces = self._halves(polygon, edges, ahead, *classes)
                sound = len(pieces) == 2 and all(area > 0 for _, _, area in pieces.values())
                if sound and not (self.oracle and self._is_blurred(pieces, maps)):
                    return [(i, *piece, 0) for i, piece in pieces.items()]
        points, _ = _exact.integers(np.column_stack([polygon, np.ones(len(polygon))]))
        points = [tuple(p) for p in points]
        lines = [_exact.cross(p, q) for p, q in zip(points, points[1:] + points[:1], strict=True)]
        pieces = self._tolerated(list(zip(points, lines, edges.tolist(), strict=True)), classes, maps)
        if len(pieces) <= 1:  # one winner after all; or a sliver so thin that its corners are on one line
            winner = next(iter(pieces), int(values.mean(axis=1).argmax()))
            pieces = {winner: (polygon, edges, cells.area[region])}
        doubts = self._doubts(pieces, classes, maps, polygon, cells.error[region], bits)
        self.uncertain += doubts
        small = cells.touched[region] > 0 and len(pieces) > 1  # a part of a region that float64 need not know well
        if self.oracle and (doubts or small or self._is_blurred(pieces, maps)):
            pieces = self._exact_pieces(edges, bits)
        touched = cells.touched[region] | (_cells.TOUCHED if doubts else 0)
        return [(i, *piece, touched) for i, piece in pieces.items()]

    def _halves(self, polygon, edges, ahead, i: int, j: int) -> dict[int, tuple]:
        """Pieces of the only two classes of a region, from how far i is ahead of j at each corner (certainly).

        Each class certainly wins where it is ahead at a corner, and both pieces share the ends of the cut.
        """
        corners, edges, ahead = polygon.tolist(), edges.tolist(), ahead.tolist()
        parts = {c: [] for c, wins in ((i, max(ahead) > 0), (j, min(ahead) < 0)) if wins}
        for n, (p, edge, f) in enumerate(zip(corners, edges, ahead, strict=True)):
            q, g, winner = corners[n + 1 - len(corners)], ahead[n + 1 - len(ahead)], i if f > 0 else j
            parts[winner].append((p, edge))
            if (f > 0) != (g > 0):
                other, share = i + j - winner, f / (f - g)
                end = [p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])]
                parts[winner].append((end, self.first + other))
                parts[other].append((end, edge))
        pieces = {}
        for c, part in parts.items():
            found = np.array([corner for corner, _ in part])
            x, y = (found - found[0]).T
            pieces[c] = found, np.array([edge for _, edge in part]), 0.5 * float(x[:-1] @ y[1:] - x[1:] @ y[:-1])
        return pieces

    def _tolerated(self, polygon, classes: list[int], maps: np.ndarray) -> dict[int, tuple]:
        """Pieces of the classes; one that is nowhere ahead by more than the tolerance leaves its place to others."""
        whole, _ = _exact.integers(maps[classes])
        whole = dict(zip(classes, map(tuple, whole), strict=True))
        while True:
            pieces = _rounded(_envelope(polygon, {i: whole[i] for i in classes}, self.first))
            low = []
            for i, (corners, _, area) in pieces.items():
                u, v = corners.mean(axis=0)
                d = maps[i] - maps[[j for j in pieces if j != i]]
                terms = np.abs(d) @ (*np.abs(corners).max(axis=0), 1.0)
                if area <= 0 or (d @ (u, v, 1.0) <= _cells.TOLERANCE * terms).any():
                    low.append(i)
            if not low or len(pieces) == 1:
                return pieces
            classes = [i for i in classes if i != low[-1]]

    def _doubts(self, pieces, classes, maps, polygon, error, bits) -> int:
        """How many classes are neither certainly in a region nor certainly not."""
        absent, doubtful = [j for j in classes if j not in pieces], set()
        along = np.roll(polygon, -1, axis=0) - polygon
        length = np.hypot(*along.T)
        for i, (corners, _, _) in pieces.items():
            d = maps[i] - maps
            slopes, everyone = np.abs(d[:, :2]).sum(axis=1), np.arange(len(maps))
            centre = corners.mean(axis=0)
            if len(pieces) > 1:
                ahead = d[:, :2] @ centre + d[:, 2] - self._doubt(i, everyone, *np.abs(centre), 0.0, slopes)
                away = (centre - polygon)[:, ::-1] * along
                inside = away[:, 0] - away[:, 1] > (4 * error + 1e-15 * np.abs(polygon).max()) * length
                rivals = [j for j in np.flatnonzero(~(ahead > 0)) if j != i and not self._equal(i, j, bits)]
                if rivals or not inside.all():
                    doubtful.add(i)
            doubt = self._doubt(i, everyone, *np.abs(corners).max(axis=0), error, slopes)
            ahead = (corners @ d[:, :2].T + d[:, 2]).min(axis=0) - doubt
            doubtful |= {j for j in absent if not (ahead[j] > 0 or i < j and self._equal(i, j, bits))}
        return len(doubtful)

    def _is_blurred(self, pieces, maps: np.ndarray) -> bool:
        """Whether float64 cannot place a boundary, because two outputs are nearly parallel."""
        for i, (corners, edges, _) in pieces.items():
            others = np.unique(edges[edges >= self.first]) - self.first
            others = others[others < len(maps)]
            d, far = maps[i] - maps[others], np.abs(corners).max(axis=0)
            if (self._doubt(i, others, *far, 0.0, 0.0) > BLURRED * far.sum() * np.hypot(d[:, 0], d[:, 1])).any():
                return True
        return False

    def _equal(self, i: int, j: int, bits: np.ndarray) -> bool:
        """Whether two outputs are exactly the same function on a region with these bits."""
        layer = self.net.n_layers - 1
        units = np.flatnonzero(self.weight[i] != self.weight[j])
        words = bits[self.net.word[layer] + units // 64]
        active = (words >> (units % 64).astype(np.uint64)) & np.uint64(1)
        return self.bias[i] == self.bias[j] and not active.any()

    def _exact_pieces(self, edges: np.ndarray, bits: np.ndarray) -> dict[int, tuple]:
        """Pieces of all classes by exact arithmetic from the network itself."""
        lines = [self.oracle.line(int(g), bits) for g in edges]
        corners = [_exact.meet(lines[i - 1], lines[i]) for i in range(len(lines))]
        maps = {i: self.oracle.line(self.first + i, bits) for i in range(len(self.bias))}
        return _rounded(_envelope(list(zip(corners, lines, edges.tolist(), strict=True)), maps, self.first))


def _envelope(polygon: list[tuple], maps: dict[int, tuple], first: int) -> dict[int, list[tuple]]:
    """The part of a polygon on which each map is the largest (the first one of equal ones), where it has an area.

    polygon: (corner (x, y, w), line to the next corner, number of that line); all in integers.
    maps: (a, b, c) by class. first: number of class 0 as a line: an edge has the number of the class behind it.
    """
    found = {}
    for i, own in maps.items():
        part = polygon
        for j, other in maps.items():
            if j != i and part:
                ahead = own[0] - other[0], own[1] - other[1], own[2] - other[2]
                part = _clip(part, ahead, first + j) if any(ahead) else [] if j < i else part
        if part:
            found[i] = part
    return found


def _clip(polygon: list[tuple], line: tuple, number: int) -> list[tuple]:
    """The part of a polygon on which a line is positive; empty when it has no area."""
    values = [line[0] * x + line[1] * y + line[2] * w for (x, y, w), _, _ in polygon]
    if max(values) <= 0:
        return []
    if min(values) >= 0:
        return polygon
    kept = []
    for k, ((corner, edge, name), f) in enumerate(zip(polygon, values, strict=True)):
        g = values[(k + 1) % len(values)]
        if f > 0 or f == 0 and g > 0:
            kept.append((corner, edge, name))
        elif f == 0 and values[k - 1] > 0:
            kept.append((corner, line, number))
        if f > 0 > g:
            kept.append((_exact.meet(edge, line), line, number))
        elif f < 0 < g:
            kept.append((_exact.meet(edge, line), edge, name))
    return kept


def _rounded(pieces: dict[int, list[tuple]]) -> dict[int, tuple[np.ndarray, np.ndarray, float]]:
    """Corners (k, 2), edges (k,) and area of each piece, each number rounded to float64 only once."""
    rounded = {}
    for i, piece in pieces.items():
        corners, area = _exact.rounded([corner for corner, _, _ in piece])
        rounded[i] = corners, np.array([name for _, _, name in piece]), area
    return rounded
