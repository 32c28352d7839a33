"""Signs by exact integer arithmetic: what the kernel asks where float64 does not know a sign.

Every float64 is an integer times a power of two, so the network on the plane is one of integers
(``ExactUnits``). A line is its three coefficients (a, b, c) up to a positive factor; two lines meet
in their cross product (x, y, w), the point (x/w, y/w).
"""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from mbh_utils.regions.kernel import layout
from mbh_utils.regions.restriction import ExactUnits, Restriction, fraction_bits, integers

_CACHED_LINES = 500_000

#: A point (x, y, w) or a line (a, b, c).
Triple = tuple[int, int, int]


def cross(p, q) -> Triple:
    """Line through two points, or point on two lines."""
    return p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]


def meet(p, q) -> Triple:
    """Point (x, y, w) in which two lines cross, w > 0."""
    x, y, w = cross(p, q)
    return (x, y, w) if w > 0 else (-x, -y, -w)


def exact_points(points: np.ndarray) -> list[Triple]:
    """Points (n, 2) float64 as (x, y, w)."""
    shift = max(fraction_bits(points), 0)
    x, y = (integers(column, shift) for column in points.T)
    return [(u, v, 1 << shift) for u, v in zip(x, y, strict=True)]


def rounded(points: list[Triple]) -> tuple[np.ndarray, float]:
    """Corners (k, 2) of a convex polygon of points (x, y, w), and its area.

    Each number is rounded to float64 only once.
    """
    a, b, c = points[0]
    triangles = []  # none is negative, so no digits cancel
    for p, q in itertools.pairwise(points[1:]):
        x, y, w = cross(p, q)
        triangles.append((a * x + b * y + c * w, 2 * c * p[2] * q[2]))
    area = sum(n / d for n, d in triangles)
    if area < 1e-290:  # float64 runs out of digits
        area = float(sum(Fraction(n, d) for n, d in triangles))
    return np.array([[x / w, y / w] for x, y, w in points]), area


def sign(x: int) -> int:
    """-1, 0 or 1."""
    return (x > 0) - (x < 0)


class Oracle:
    """Answers questions about one network on one domain; nothing is computed before the first one.

    widths: units of each layer, as whoever asks numbers them and packs their bits (each layer
        begins with a word).
    """

    def __init__(self, restriction: Restriction, widths: Sequence[int] | np.ndarray):
        self.restriction = restriction
        self.widths = list(map(int, widths))
        self.lines: dict[tuple[int, int, bytes], Triple] = {}
        self.masks: dict[tuple[int, int], np.ndarray] = {}
        self.pattern = b""  # the bits that were asked for last
        self.here: dict[tuple[int, int], Triple] = {}  # the lines on their node

    @cached_property
    def word(self) -> list[int]:
        """First 64-bit word of each layer's bits."""
        return [0, *itertools.accumulate((n + 63) // 64 for n in self.widths)]

    @property
    def units(self) -> ExactUnits:
        """The network in integers."""
        return self.restriction.exact

    @cached_property
    def border(self) -> list[Triple]:
        """The lines along the domain's edges."""
        points = exact_points(self.restriction.plane.corners)
        return [cross(p, q) for p, q in zip(points, points[1:] + points[:1], strict=True)]

    @cached_property
    def place(self) -> list[tuple[int, int]]:
        """Layer and place in it of each unit."""
        return [(layer, i) for layer, n in enumerate(self.widths) for i in range(n)]

    def line(self, g: int, bits: np.ndarray) -> Triple:
        """Coefficients of line g on a node with these bits.

        It is a unit's line, or (g = -1 - e) edge e of the domain.
        """
        if g < 0:
            return self.border[-1 - g]
        self._go_to(bits)
        return self._unit(*self.place[g], bits)

    def _go_to(self, bits: np.ndarray) -> None:
        """Forget the lines of another node."""
        if (pattern := bits.tobytes()) != self.pattern:
            self.pattern = pattern
            self.here = {}

    def edge(self, g: int, bits: np.ndarray, own: int | None) -> Triple:
        """The same for an edge of a region: behind it may win another class than the region's own.

        Outputs are the last layer's units; the edge between classes has the number of the one
        beyond it.
        """
        first = len(self.place) - self.widths[-1]
        if own is None or g < first:
            return self.line(g, bits)
        a, b, c = self.line(first + own, bits)
        x, y, z = self.line(g, bits)
        return a - x, b - y, c - z

    def _unit(self, layer: int, i: int, bits: np.ndarray) -> Triple:
        if layer == 0:
            return self.units.first(i)
        if (layer, i) not in self.here:
            self.here[layer, i] = self._kept(layer, i, bits)
        return self.here[layer, i]

    def _kept(self, layer: int, i: int, bits: np.ndarray) -> Triple:
        """The same, which is known already where the bits that it depends on were met before."""
        key = layer, i, (bits[: self.word[layer]] & self._mask(layer, i)).tobytes()
        if key not in self.lines:
            if len(self.lines) > _CACHED_LINES:
                self.lines.clear()
            self.lines[key] = self._sum(layer, i, bits)
        return self.lines[key]

    def _mask(self, layer: int, i: int) -> np.ndarray:
        """The bits of the layers below that a unit's line depends on, (n_words,) uint64."""
        if (layer, i) not in self.masks:
            mask = np.zeros(self.word[layer], dtype=np.uint64)
            inputs = np.array(self.units.row(layer, i)[0], dtype=np.int64)
            own = inputs[inputs < self.units.n_neurons[layer - 1]]
            bits = np.uint64(1) << (own % 64).astype(np.uint64)
            np.bitwise_or.at(mask, self.word[layer - 1] + own // 64, bits)
            for j in inputs.tolist() if layer > 1 else ():
                mask[: self.word[layer - 1]] |= self._mask(layer - 1, j)
            self.masks[layer, i] = mask
        return self.masks[layer, i]

    def _sum(self, layer: int, i: int, bits: np.ndarray) -> Triple:
        """Line of a unit above the first layer.

        It is its bias, and its weights times the lines of the active units below.
        """
        inputs, weights, c = self.units.row(layer, i)
        a = 0
        b = 0
        merged = layer == 1 and self.units.n_merged > 0
        if merged:
            a, b, c = self.units.carried(i)
        below = bits[self.word[layer - 1] : self.word[layer]].tolist()
        n_neurons = self.units.n_neurons[layer - 1]
        for j, w in zip(inputs, weights, strict=True):
            if (below[j >> 6] >> (j & 63)) & 1 if j < n_neurons else not merged:
                x, y, z = self._unit(layer - 1, j, bits)
                a, b, c = a + w * x, b + w * y, c + w * z
        return a, b, c

    def corners(self, edges: np.ndarray, bits: np.ndarray) -> list[Triple]:
        """Exact corners of a polygon with these lines as edges, as (x, y, w)."""
        lines = [self.line(int(g), bits) for g in edges]
        return [meet(lines[i - 1], lines[i]) for i in range(len(lines))]

    def answer(self, stack: layout.NodeStack) -> None:
        """Write the answer to the kernel's question about the node on top of the stack."""
        state = stack.state
        t = int(state[layout.TOP])
        bits = stack.bits[t]
        self._go_to(bits)
        corners = self.corners(stack.polygon[t, layout.EDGE, : stack.corners[t]], bits)
        if state[layout.PIVOT] >= 0:  # the polygon is being cut
            pivot = int(stack.waiting[t, state[layout.PIVOT]])
            a, b, c = self.line(pivot, bits)
            stack.side[: len(corners)] = [sign(a * x + b * y + c * w) for x, y, w in corners]
            state[layout.ANSWERED] = 1
            return
        asked = np.flatnonzero(stack.verdict == layout.ASKED)
        for g, sides in zip(asked, self._sides_of_asked(asked, stack, corners, bits), strict=True):
            if min(sides) < 0 < max(sides):
                stack.verdict[g] = layout.CROSSING
            else:
                stack.verdict[g] = layout.ACTIVE if max(sides) > 0 else layout.INACTIVE

    def _sides_of_asked(
        self, asked: np.ndarray, stack: layout.NodeStack, corners: list[Triple], bits: np.ndarray
    ) -> list[list[int]]:
        """On which side of each asked neuron's line the corners are.

        Exact arithmetic tells where float64 does not know it.
        """
        layer = self.place[asked[0]][0]
        units = np.array([self.place[g][1] for g in asked])
        known = self._known_sides(asked, units, layer, stack, len(corners))
        passed_on: list[dict] = [{} for _ in corners]  # by units of the layer below, at each corner
        return [
            [s or self._side(layer, i, corners[k], passed_on[k], bits) for k, s in enumerate(row)]
            for i, row in zip(units.tolist(), known, strict=True)
        ]

    def _known_sides(
        self,
        asked: np.ndarray,
        units: np.ndarray,
        layer: int,
        stack: layout.NodeStack,
        n_corners: int,
    ) -> list[list[int]]:
        """The same in float64; 0 where that does not know it for certain.

        units: places in the layer of the neurons that are asked for.
        """
        t = int(stack.state[layout.TOP])
        if layer == stack.layer[t]:  # it is being entered
            maps = stack.map[t, :, units]
            deep = stack.doubt.shape[2] > 0
            bounds = stack.doubt[t] if deep else self.restriction.errors[layer]
            errors = bounds[:, units].T
        else:  # these are neurons of its list, which have lines already
            maps, errors = np.split(stack.lines[asked, : layout.EC + 1], 2, axis=1)
        u, v = stack.polygon[t, : layout.V + 1, :n_corners]
        far_u, far_v, off = stack.far[t]
        with np.errstate(over="ignore", invalid="ignore"):
            values = maps @ np.stack([u, v, np.ones(len(u))])
            of_lines = errors @ (far_u + off, far_v + off, 1.0)
            of_corners = np.abs(maps[:, :2]).sum(axis=1) * off
            doubt = of_lines + of_corners + layout.TINY
            certain = np.abs(values) > 1.01 * doubt[:, None]
            return np.where(certain, np.sign(values), 0).astype(int).tolist()

    def _side(
        self, layer: int, i: int, corner: Triple, passed_on: dict[int, int], bits: np.ndarray
    ) -> int:
        """On which side of a unit's line a corner is.

        passed_on: keeps what units below pass on there.
        """
        x, y, w = corner
        if layer == 0 or layer == 1 and self.units.n_merged:
            a, b, c = self._unit(layer, i, bits)
            return sign(a * x + b * y + c * w)
        inputs, weights, bias = self.units.row(layer, i)
        total = bias * w
        n_neurons = self.units.n_neurons[layer - 1]
        states = bits[self.word[layer - 1] : self.word[layer]].tolist()
        for j, weight in zip(inputs, weights, strict=True):
            if j not in passed_on:
                a, b, c = 0, 0, 0
                if j >= n_neurons or (states[j >> 6] >> (j & 63)) & 1:
                    a, b, c = self._unit(layer - 1, j, bits)
                passed_on[j] = a * x + b * y + c * w
            if passed_on[j]:
                total += weight * passed_on[j]
        return sign(total)

    def redraw(self, stack: layout.NodeStack, cells: layout.RegionBuffer) -> None:
        """Draw the region that the kernel wrote last anew: its corners and its area.

        Each number is rounded to float64 only once.
        """
        t = int(stack.state[layout.TOP]) + 1
        k = int(stack.corners[t])
        points = self.corners(stack.polygon[t, layout.EDGE, :k], stack.bits[t])
        n = int(stack.state[layout.N_CELLS]) - 1
        corners, cells.area[n] = rounded(points)
        if cells.corner_room:
            end = int(stack.state[layout.N_CORNERS])
            cells.corners[end - k : end] = corners
        if cells.n_outputs:
            cells.error[n] = np.abs(corners).max() * 2.0**-52

    def states(
        self, point: Triple, *directions: tuple[int, int]
    ) -> tuple[list[np.ndarray], list[tuple[int, ...]]]:
        """States of each layer's units at a point (x, y, w), and values of the last layer's.

        States are (n_l,) bool, of linear units True.

        directions: the point is moved a little along the first one, and by much less along the
        next. A value is a tuple, of what it is at the point and how it changes in these directions:
        tuples compare as the values do.
        """
        moves = [point, *((u, v, 0) for u, v in directions)]
        zero = (0,) * len(moves)
        found = []
        values: list[tuple[int, ...]] = []
        below: list[tuple[int, ...] | None] = []
        for layer, n_neurons in enumerate(self.units.n_neurons):
            n = len(self.units.layers[layer][1])
            values = [self._value(layer, i, moves, below) for i in range(n)]
            states = [i >= n_neurons or value > zero for i, value in enumerate(values)]
            below = [value if state else None for value, state in zip(values, states, strict=True)]
            found.append(np.array(states))
        return found, values

    def _value(
        self, layer: int, i: int, moves: list[Triple], below: list[tuple[int, ...] | None]
    ) -> tuple[int, ...]:
        """Value of a unit, from those of the layer below (None: inactive)."""
        if layer == 0:
            a, b, c = self.units.first(i)
            return tuple(a * x + b * y + c * w for x, y, w in moves)
        inputs, weights, bias = self.units.row(layer, i)
        live = [
            (w, value)
            for j, w in zip(inputs, weights, strict=True)
            if (value := below[j]) is not None
        ]
        return tuple(
            bias * moves[k][2] + sum(w * value[k] for w, value in live) for k in range(len(moves))
        )
