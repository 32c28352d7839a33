"""Cutting activation regions by the argmax regions of the output layer.

This is ``partition_input_space`` with decision_boundary=True. On an activation region every output
is affine, so the largest of them is an upper envelope of planes, and the points at which one class
wins are a convex polygon. Most regions have one winner: numpy tells that for many at once. Regions
of two classes, whose order is certain at all corners, are nearly all of the others: float64 cuts
them. What is left is cut in integers, from the network itself, as everything in ``exact.py``. An
order is *certain* when the difference of two outputs is larger than every error it may carry, which
the kernel's docstring tells.
"""

from typing import NamedTuple

import numpy as np

from mbh_utils.regions.kernel import exact, layout
from mbh_utils.regions.restriction import Restriction


class _Shape(NamedTuple):
    """The polygon of a piece: corners (k, 2), the line of each edge (k,), and the area."""

    corners: np.ndarray
    edges: np.ndarray
    area: float


class _Piece(NamedTuple):
    """Part of a region on which one class wins."""

    region: int
    label: int
    shape: _Shape
    touched: int


class Decision:
    """Cuts the regions of one network by its classes; counts what is uncertain.

    net: the network as the kernel has it, the output layer last.
    limits: of the error of a piece's area, as the kernel's.
    """

    def __init__(
        self,
        net: layout.Layers,
        restriction: Restriction,
        oracle: exact.Oracle,
        limits: tuple[float, float],
    ):
        self.net = net
        self.oracle = oracle
        self.limits = limits
        self.uncertain = 0
        self.n_outputs = len(restriction.layers[-1][1])
        self.first = int(net.first[net.n_layers])  # the outputs' number among the lines
        outputs = slice(self.first, self.first + self.n_outputs)
        # With the few roundings of evaluating a difference of two outputs.
        self.errors = net.error[:, outputs] * 1.01

    def cut(self, cells: layout.RegionBuffer) -> tuple[layout.RegionBuffer, np.ndarray]:
        """The regions, cut; and the class of each, (n,) int64."""
        pieces: list[_Piece] = []
        # Some corners may be anywhere: what overflows is not certain.
        with np.errstate(over="ignore", invalid="ignore"):
            winner, certain = self._winners(cells)
            for region in np.flatnonzero(~certain).tolist():
                pieces += self._pieces(cells, region)
        labels = np.array([piece.label for piece in pieces], dtype=np.int64)
        return _assembled(cells, certain, pieces), np.concatenate([winner[certain], labels])

    # ------------------------------------------------------------------------- many regions at once

    def _winners(self, cells: layout.RegionBuffer) -> tuple[np.ndarray, np.ndarray]:
        """Class that wins at each region's first corner, and whether it certainly does all over."""
        start = cells.offset[:-1]
        n = len(cells.area)
        owner = np.repeat(np.arange(n), np.diff(cells.offset))
        a, b, c = (cells.maps[:, part] for part in range(3))
        u = cells.corners[:, :1]
        v = cells.corners[:, 1:]
        values = a[owner] * u + (b[owner] * v + c[owner])
        winner = values[start].argmax(axis=1)
        at_winner = np.arange(n), winner
        best = values[np.arange(len(values)), winner[owner]][:, None]
        ahead = np.minimum.reduceat(best - values, start)
        far_u = np.maximum.reduceat(np.abs(u[:, 0]), start)[:, None]
        far_v = np.maximum.reduceat(np.abs(v[:, 0]), start)[:, None]
        slopes = np.abs(a - a[at_winner][:, None]) + np.abs(b - b[at_winner][:, None])
        others = np.arange(self.n_outputs)
        error = cells.error[:, None]
        ahead -= self._doubt(winner[:, None], others, far_u, far_v, error, slopes)
        ahead[at_winner] = 1.0
        return winner, (ahead > 0).all(axis=1)

    def _doubt(self, i, j, far_u, far_v, error, slopes):
        """Bound of all errors of output i less output j where |u| <= far_u and |v| <= far_v."""
        ea, eb, ec = (row[i] + row[j] for row in self.errors)
        return (far_u + error) * ea + (far_v + error) * eb + ec + layout.TINY + error * slopes

    # ----------------------------------------------------------------------------------- one region

    def _pieces(self, cells: layout.RegionBuffer, region: int) -> list[_Piece]:
        """The pieces of a region, one for each class that wins somewhere on it."""
        here = slice(cells.offset[region], cells.offset[region + 1])
        polygon = cells.corners[here]
        edges = cells.edge[here]
        maps = cells.maps[region].T
        error = cells.error[region]
        touched = int(cells.touched[region])
        values = maps[:, :2] @ polygon.T + maps[:, 2:]
        doubt = self._doubts(maps, values.argmax(axis=0), polygon, error)
        # Behind the winner of one corner at all corners, by more than all errors: such a class has
        # no part in it.
        behind = [(values[i] - values).min(axis=1) > doubt[i] for i in doubt]
        classes = np.flatnonzero(~np.any(behind, axis=0)).tolist()
        if len(classes) == 1:
            return [_Piece(region, classes[0], _Shape(polygon, edges, cells.area[region]), touched)]
        shapes = None
        if len(classes) == 2:  # nearly always
            i, j = classes if classes[0] in doubt else classes[::-1]
            ahead = values[i] - values[j]
            shapes = self._halves(polygon, edges, ahead, (i, j), doubt[i][j], error)
        if shapes is None:
            n_doubtful = _count_doubtful(classes, values, doubt)
            self.uncertain += max(n_doubtful - 1, 0)
            touched |= layout.TOUCHED if n_doubtful > 1 else 0
            shapes = self._exact_shapes(edges, cells.bits[region], classes)
        return [_Piece(region, label, shape, touched) for label, shape in shapes.items()]

    def _doubts(self, maps, winners, polygon, error: float) -> dict[int, np.ndarray]:
        """Bounds of the errors of the output of each class that wins at a corner less every other.

        By class, (n_outputs,) each.
        """
        far_u, far_v = np.abs(polygon).max(axis=0)
        found = {}
        for i in np.unique(winners).tolist():
            slopes = np.abs(maps[:, :2] - maps[i, :2]).sum(axis=1)
            found[i] = self._doubt(i, np.arange(len(maps)), far_u, far_v, error, slopes)
        return found

    # ------------------------------------------------------------------------- two classes, float64

    def _halves(
        self, polygon, edges, ahead, classes: tuple[int, int], doubt: float, error: float
    ) -> dict[int, _Shape] | None:
        """Shapes of a region's only two classes, from how far the first is ahead at each corner.

        None where float64 does not know that for certain, or not well enough where they meet.
        """
        if not (np.abs(ahead) > doubt).all():
            return None
        # An end of the cut moves along its edge by as much as the difference may be off, over how
        # fast it changes.
        steepness = np.diff([ahead.min(), ahead.max()])[0]
        off = error + 2 * doubt / steepness * np.ptp(polygon, axis=0).max()
        shapes = {}
        parts = self._parts(polygon.tolist(), edges.tolist(), ahead.tolist(), *classes)
        for label, part in parts.items():
            corners = np.array([corner for corner, _ in part])
            x, y = (corners - corners[0]).T
            area = 0.5 * float(x[:-1] @ y[1:] - x[1:] @ y[:-1])
            size = np.abs(x).max() + np.abs(y).max()
            bound = off * (4 * size + 2 * len(x) * off) + 2e-15 * len(x) * size**2
            if not (bound <= self.limits[0] and bound <= self.limits[1] * area):
                return None
            shapes[label] = _Shape(corners, np.array([edge for _, edge in part]), area)
        return shapes

    def _parts(self, corners, edges, ahead, i: int, j: int) -> dict[int, list[tuple]]:
        """(Corner, edge) around each of the two pieces, which share the ends of the cut."""
        parts: dict[int, list[tuple]] = {}
        if max(ahead) > 0:
            parts[i] = []
        if min(ahead) < 0:
            parts[j] = []
        for n, (p, edge, f) in enumerate(zip(corners, edges, ahead, strict=True)):
            q = corners[n + 1 - len(corners)]
            g = ahead[n + 1 - len(ahead)]
            winner = i if f > 0 else j
            parts[winner].append((p, edge))
            if (f > 0) != (g > 0):
                other = i + j - winner
                share = f / (f - g)
                end = [p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])]
                parts[winner].append((end, self.first + other))
                parts[other].append((end, edge))
        return parts

    # ------------------------------------------------------------------------ any classes, integers

    def _exact_shapes(
        self, edges: np.ndarray, bits: np.ndarray, classes: list[int]
    ) -> dict[int, _Shape]:
        """Shapes of these classes by exact arithmetic."""
        lines = [self.oracle.line(int(number), bits) for number in edges]
        corners = [exact.meet(lines[i - 1], lines[i]) for i in range(len(lines))]
        polygon = list(zip(corners, lines, edges.tolist(), strict=True))
        maps = {label: self.oracle.line(self.first + label, bits) for label in classes}
        return _rounded(_envelope(polygon, maps, self.first))


def _count_doubtful(classes: list[int], values: np.ndarray, doubt: dict[int, np.ndarray]) -> int:
    """How many classes are nowhere certainly ahead of all winners of corners."""
    n = 0
    for label in classes:
        ahead = [(values[label] > values[i] + doubt[i][label]).any() for i in doubt if i != label]
        n += not any(ahead)
    return n


def _assembled(
    cells: layout.RegionBuffer, certain: np.ndarray, pieces: list[_Piece]
) -> layout.RegionBuffer:
    """The certain regions as they are, behind them the pieces of the others (``RegionBuffer``)."""
    keep = np.flatnonzero(certain)
    kept_corners = np.repeat(certain, np.diff(cells.offset))
    shapes = [piece.shape for piece in pieces]
    n_corners = np.array([len(shape.corners) for shape in shapes], dtype=np.int64)
    sizes = np.concatenate([np.diff(cells.offset)[keep], n_corners])
    owner = np.array([piece.region for piece in pieces], dtype=np.int64)
    areas = np.array([shape.area for shape in shapes])
    touched = np.array([piece.touched for piece in pieces], dtype=np.uint8)
    edges = [cells.edge[kept_corners], *(shape.edges for shape in shapes)]
    return cells._replace(
        corners=np.concatenate([cells.corners[kept_corners], *(s.corners for s in shapes)]),
        edge=np.concatenate(edges).astype(np.int32),
        offset=np.concatenate([[0], np.cumsum(sizes)]),
        bits=cells.bits[np.concatenate([keep, owner])],
        area=np.concatenate([cells.area[keep], areas]),
        touched=np.concatenate([cells.touched[keep], touched]),
    )


def _envelope(polygon: list[tuple], maps: dict[int, tuple], first: int) -> dict[int, list[tuple]]:
    """The part of a polygon on which each map is the largest, where it has an area.

    Of equal maps the first one is the largest.

    polygon: (corner (x, y, w), line to the next corner, number of that line); all in integers.
    maps: (a, b, c) by class.
    first: number of class 0 as a line: an edge has the number of the class behind it.
    """
    found = {}
    for i, own in maps.items():
        part = polygon
        for j, other in maps.items():
            if j != i and part:
                part = _ahead_of(part, (i, own), (j, other), first + j)
        if part:
            found[i] = part
    return found


def _ahead_of(part: list[tuple], one: tuple, other: tuple, number: int) -> list[tuple]:
    """The part of a polygon on which one class is ahead of another; both are (class, map)."""
    i, own_map = one
    j, other_map = other
    ahead = tuple(x - y for x, y in zip(own_map, other_map, strict=True))
    if any(ahead):
        return _clip(part, ahead, number)
    return [] if j < i else part  # equal maps: the first class wins


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
            kept.append((exact.meet(edge, line), line, number))
        elif f < 0 < g:
            kept.append((exact.meet(edge, line), edge, name))
    return kept


def _rounded(pieces: dict[int, list[tuple]]) -> dict[int, _Shape]:
    """The shapes of exact pieces, each number rounded to float64 only once."""
    rounded = {}
    for label, piece in pieces.items():
        corners, area = exact.rounded([corner for corner, _, _ in piece])
        rounded[label] = _Shape(corners, np.array([name for _, _, name in piece]), area)
    return rounded
