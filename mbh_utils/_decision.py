"""Cutting activation regions by the argmax regions of the output layer (``partition_input_space``'s decision boundary).

On an activation region every output is affine, so the largest of them is an upper envelope of planes, and the points
at which one class wins are a convex polygon. Most regions have one winner: numpy tells that for many at once. Regions
of two classes, whose order is certain at all corners, are nearly all of the others: float64 cuts them. What is left is
cut in integers, from the network itself, as everything in ``_exact.py``. An order is *certain* when the difference of
two outputs is larger than every error it may carry, which the kernel's docstring tells.
"""

import numpy as np

from mbh_utils import _exact
from mbh_utils._restriction import Restriction
from mbh_utils.regions.kernel import layout


class Decision:
    """Cuts the regions of one network by its classes; counts what is uncertain.

    net: the kernel's ``Layers``, the output layer last. limits: of the error of a piece's area, as the kernel's.
    """

    def __init__(self, net, restriction: Restriction, oracle: _exact.Oracle, limits: tuple[float, float]):
        self.net, self.oracle, self.limits, self.uncertain = net, oracle, limits, 0
        self.n_outputs = len(restriction.layers[-1][1])
        self.first = int(net.first[net.n_layers])  # the outputs' number among the lines
        outputs = slice(self.first, self.first + self.n_outputs)
        self.errors = net.error[:, outputs] * 1.01  # with the few roundings of evaluating a difference of two outputs

    def cut(self, cells) -> tuple:
        """The regions as ``RegionBuffer``, cut; and the class of each, (n,) int64."""
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
        ahead -= self._doubt(winner[:, None], np.arange(self.n_outputs), far_u, far_v, cells.error[:, None], slopes)
        ahead[at_winner] = 1.0
        return winner, (ahead > 0).all(axis=1)

    def _doubt(self, i, j, far_u, far_v, error, slopes):
        """Bound of all errors of output i less output j at points with |u| <= far_u and |v| <= far_v."""
        ea, eb, ec = (row[i] + row[j] for row in self.errors)
        return (far_u + error) * ea + (far_v + error) * eb + ec + layout.TINY + error * slopes

    def _pieces(self, cells, region: int) -> list[tuple]:
        """(class, corners, edges, area, touched) of each piece of a region."""
        here = slice(cells.offset[region], cells.offset[region + 1])
        polygon, edges, maps, bits = cells.corners[here], cells.edge[here], cells.maps[region].T, cells.bits[region]
        values = maps[:, :2] @ polygon.T + maps[:, 2:]
        doubt = self._doubts(maps, values.argmax(axis=0), polygon, cells.error[region])
        # Behind the winner of one corner at all corners, by more than all errors: such a class has no part in it.
        behind = [(values[i] - values).min(axis=1) > doubt[i] for i in doubt]
        classes = np.flatnonzero(~np.any(behind, axis=0)).tolist()
        touched = int(cells.touched[region])
        if len(classes) == 1:
            return [(classes[0], polygon, edges, cells.area[region], touched)]
        pieces = None
        if len(classes) == 2:  # nearly always
            i, j = classes if classes[0] in doubt else classes[::-1]
            pieces = self._halves(polygon, edges, values[i] - values[j], (i, j), doubt[i][j], cells.error[region])
        if pieces is None:
            ahead = {c: [(values[c] > values[i] + doubt[i][c]).any() for i in doubt if i != c] for c in classes}
            doubtful = sum(not any(somewhere) for somewhere in ahead.values())
            self.uncertain += max(doubtful - 1, 0)
            touched |= layout.TOUCHED if doubtful > 1 else 0
            pieces = self._exact_pieces(edges, bits, classes)
        return [(c, *piece, touched) for c, piece in pieces.items()]

    def _doubts(self, maps, winners, polygon, error: float) -> dict[int, np.ndarray]:
        """For each class that wins at a corner, bounds of the errors of its output less every other, (n_outputs,)."""
        far_u, far_v = np.abs(polygon).max(axis=0)
        found = {}
        for i in np.unique(winners).tolist():
            slopes = np.abs(maps[:, :2] - maps[i, :2]).sum(axis=1)
            found[i] = self._doubt(i, np.arange(len(maps)), far_u, far_v, error, slopes)
        return found

    def _halves(self, polygon, edges, ahead, classes: tuple[int, int], doubt: float, error: float) -> dict | None:
        """Pieces of the only two classes of a region, from how far the first is ahead at each corner; None where
        float64 does not know that for certain, or not well enough where they meet.
        """
        if not (np.abs(ahead) > doubt).all():
            return None
        pieces = {}
        for c, part in self._parts(polygon.tolist(), edges.tolist(), ahead.tolist(), *classes).items():
            corners = np.array([corner for corner, _ in part])
            x, y = (corners - corners[0]).T
            area = 0.5 * float(x[:-1] @ y[1:] - x[1:] @ y[:-1])
            # An end of the cut moves along its edge by as much as the difference may be off, over how fast it changes.
            size = np.abs(x).max() + np.abs(y).max()
            off = error + 2 * doubt / np.diff([ahead.min(), ahead.max()])[0] * np.ptp(polygon, axis=0).max()
            bound = off * (4 * size + 2 * len(x) * off) + 2e-15 * len(x) * size**2
            if not (bound <= self.limits[0] and bound <= self.limits[1] * area):
                return None
            pieces[c] = corners, np.array([edge for _, edge in part]), area
        return pieces

    def _parts(self, corners, edges, ahead, i: int, j: int) -> dict[int, list[tuple]]:
        """(Corner, edge) around each of the two pieces, which share the ends of the cut."""
        parts = {c: [] for c, wins in ((i, max(ahead) > 0), (j, min(ahead) < 0)) if wins}
        for n, (p, edge, f) in enumerate(zip(corners, edges, ahead, strict=True)):
            q, g, winner = corners[n + 1 - len(corners)], ahead[n + 1 - len(ahead)], i if f > 0 else j
            parts[winner].append((p, edge))
            if (f > 0) != (g > 0):
                other, share = i + j - winner, f / (f - g)
                end = [p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])]
                parts[winner].append((end, self.first + other))
                parts[other].append((end, edge))
        return parts

    def _exact_pieces(self, edges: np.ndarray, bits: np.ndarray, classes: list[int]) -> dict[int, tuple]:
        """Pieces of these classes by exact arithmetic."""
        lines = [self.oracle.line(int(g), bits) for g in edges]
        corners = [_exact.meet(lines[i - 1], lines[i]) for i in range(len(lines))]
        maps = {c: self.oracle.line(self.first + c, bits) for c in classes}
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
