"""Signs by exact integer arithmetic: what the kernel asks when float64 cannot tell which side of a line a corner is on.

Every float64 is an integer times a power of two, so the network on the plane is one of integers (``ExactUnits``). A
line is its three coefficients (a, b, c) up to a positive factor; two lines meet in their cross product (x, y, w), the
point (x/w, y/w).
"""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np

from mbh_utils.regions.kernel import layout
from mbh_utils.regions.restriction import ExactUnits, Restriction, fraction_bits, integers

_CACHED_LINES = 500_000


def cross(p, q) -> tuple[int, int, int]:
    """Line through two points, or point on two lines."""
    return p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]


def meet(p, q) -> tuple[int, int, int]:
    """Point (x, y, w) in which two lines cross, w > 0."""
    x, y, w = cross(p, q)
    return (x, y, w) if w > 0 else (-x, -y, -w)


def exact_points(points: np.ndarray) -> list[tuple[int, int, int]]:
    """Points (n, 2) float64 as (x, y, w)."""
    shift = max(fraction_bits(points), 0)
    x, y = (integers(column, shift) for column in points.T)
    return [(u, v, 1 << shift) for u, v in zip(x, y, strict=True)]


def rounded(points: list[tuple[int, int, int]]) -> tuple[np.ndarray, float]:
    """Corners (k, 2) of a convex polygon of points (x, y, w), each rounded to float64 only once, and its area."""
    (a, b, c), triangles = points[0], []
    for p, q in zip(
        points[1:], points[2:], strict=False
    ):  # triangles: none is negative, so no digits cancel
        x, y, w = cross(p, q)
        triangles.append((a * x + b * y + c * w, 2 * c * p[2] * q[2]))
    area = sum(n / d for n, d in triangles)
    if area < 1e-290:  # float64 runs out of digits
        area = float(sum(Fraction(n, d) for n, d in triangles))
    return np.array([[x / w, y / w] for x, y, w in points]), area


def sign(x: int) -> int:
    return (x > 0) - (x < 0)


class Oracle:
    """Answers questions about one network on one domain; nothing is computed before the first one.

    widths: units of each layer, as whoever asks numbers them and packs their bits (each layer begins with a word).
    """

    def __init__(self, restriction: Restriction, widths: Sequence[int]):
        self.restriction = restriction
        self.widths = list(map(int, widths))
        self.lines: dict = {}
        self.masks: dict = {}
        self.pattern, self.here = (
            b"",
            {},
        )  # the bits that were asked for last, and the lines on their node

    @cached_property
    def word(self) -> list[int]:
        """First 64-bit word of each layer's bits."""
        return [0, *itertools.accumulate((n + 63) // 64 for n in self.widths)]

    @property
    def units(self) -> ExactUnits:
        """The network in integers."""
        return self.restriction.exact

    @cached_property
    def border(self) -> list[tuple[int, int, int]]:
        """The lines along the domain's edges."""
        points = exact_points(self.restriction.plane.corners)
        return [cross(p, q) for p, q in zip(points, points[1:] + points[:1], strict=True)]

    @cached_property
    def place(self) -> list[tuple[int, int]]:
        """Layer and place in it of each unit."""
        return [(layer, i) for layer, n in enumerate(self.widths) for i in range(n)]

    def line(self, g: int, bits: np.ndarray) -> tuple[int, int, int]:
        """Coefficients of line g on a node with these bits: a unit's, or (-1 - e) edge e of the domain."""
        if g < 0:
            return self.border[-1 - g]
        self._go_to(bits)
        return self._unit(*self.place[g], bits)

    def _go_to(self, bits: np.ndarray) -> None:
        """Forget the lines of another node."""
        if (pattern := bits.tobytes()) != self.pattern:
            self.pattern, self.here = pattern, {}

    def edge(self, g: int, bits: np.ndarray, own: int | None) -> tuple[int, int, int]:
        """The same for an edge of a region: behind it may win another class than the region's own.

        Outputs are the last layer's units; the edge between classes has the number of the one beyond it.
        """
        if own is None or g < (first := len(self.place) - self.widths[-1]):
            return self.line(g, bits)
        return tuple(
            p - q for p, q in zip(self.line(first + own, bits), self.line(g, bits), strict=True)
        )

    def _unit(self, layer: int, i: int, bits: np.ndarray) -> tuple[int, int, int]:
        if layer == 0:
            return self.units.first(i)
        if (layer, i) not in self.here:
            self.here[layer, i] = self._kept(layer, i, bits)
        return self.here[layer, i]

    def _kept(self, layer: int, i: int, bits: np.ndarray) -> tuple[int, int, int]:
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
            np.bitwise_or.at(
                mask, self.word[layer - 1] + own // 64, np.uint64(1) << (own % 64).astype(np.uint64)
            )
            for j in inputs.tolist() if layer > 1 else ():
                mask[: self.word[layer - 1]] |= self._mask(layer - 1, j)
            self.masks[layer, i] = mask
        return self.masks[layer, i]

    def _sum(self, layer: int, i: int, bits: np.ndarray) -> tuple[int, int, int]:
        """Line of a unit above the first layer: its bias, and its weights times the lines of the active units below."""
        inputs, weights, c = self.units.row(layer, i)
        a, b, merged = 0, 0, layer == 1 and self.units.n_merged > 0
        if merged:
            a, b, c = self.units.carried(i)
        below, n_neurons = (
            bits[self.word[layer - 1] : self.word[layer]].tolist(),
            self.units.n_neurons[layer - 1],
        )
        for j, w in zip(inputs, weights, strict=True):
            if (below[j >> 6] >> (j & 63)) & 1 if j < n_neurons else not merged:
                x, y, z = self._unit(layer - 1, j, bits)
                a, b, c = a + w * x, b + w * y, c + w * z
        return a, b, c

    def corners(self, edges: np.ndarray, bits: np.ndarray) -> list[tuple[int, int, int]]:
        """Exact corners of a polygon with these lines as edges, as (x, y, w)."""
        lines = [self.line(int(g), bits) for g in edges]
        return [meet(lines[i - 1], lines[i]) for i in range(len(lines))]

    def answer(self, stack) -> None:
        """Write the answer to the kernel's question about the node on top of the stack."""
        t, state = int(stack.state[layout.TOP]), stack.state
        bits = stack.bits[t]
        self._go_to(bits)
        corners = self.corners(stack.polygon[t, layout.EDGE, : stack.corners[t]], bits)

        def sides(g: int) -> list[int]:
            a, b, c = self.line(g, bits)
            return [sign(a * x + b * y + c * w) for x, y, w in corners]

        if state[layout.PIVOT] >= 0:  # the polygon is being cut
            stack.side[: len(corners)] = sides(int(stack.waiting[t, state[layout.PIVOT]]))
            state[layout.ANSWERED] = 1
            return
        asked = np.flatnonzero(stack.verdict == layout.ASKED)
        for g, found in zip(asked, self._sides_of_asked(asked, stack, corners, bits), strict=True):
            if min(found) < 0 < max(found):
                stack.verdict[g] = layout.CROSSING
            else:
                stack.verdict[g] = layout.ACTIVE if max(found) > 0 else layout.INACTIVE

    def _sides_of_asked(
        self, asked: np.ndarray, stack, corners: list, bits: np.ndarray
    ) -> list[list[int]]:
        """On which side of each asked neuron's line the corners are: exactly where float64 does not know it."""
        t = int(stack.state[layout.TOP])
        layer = self.place[asked[0]][0]
        entering = (
            layer == stack.layer[t]
        )  # else these are neurons of its list, which have lines already
        units = np.array([self.place[g][1] for g in asked])
        if entering:
            deep = stack.doubt.shape[2] > 0
            maps, errors = (
                stack.map[t, :, units],
                (stack.doubt[t] if deep else self.restriction.errors[layer])[:, units].T,
            )
        else:
            maps, errors = np.split(stack.lines[asked, : layout.EC + 1], 2, axis=1)
        u, v = stack.polygon[t, : layout.V + 1, : len(corners)]
        far_u, far_v, off = stack.far[t]
        with np.errstate(over="ignore", invalid="ignore"):
            values = maps @ np.stack([u, v, np.ones(len(u))])
            doubt = (
                errors @ (far_u + off, far_v + off, 1.0)
                + np.abs(maps[:, :2]).sum(axis=1) * off
                + layout.TINY
            )
            known = (
                np.where(np.abs(values) > 1.01 * doubt[:, None], np.sign(values), 0)
                .astype(int)
                .tolist()
            )
        passed_on: list[dict] = [{} for _ in corners]  # by units of the layer below, at each corner
        return [
            [s or self._side(layer, i, corners[k], passed_on[k], bits) for k, s in enumerate(row)]
            for i, row in zip(units.tolist(), known, strict=True)
        ]

    def _side(self, layer: int, i: int, corner, passed_on: dict[int, int], bits: np.ndarray) -> int:
        """On which side of a unit's line a corner is; ``passed_on`` keeps what units below pass on there."""
        x, y, w = corner
        if layer == 0 or layer == 1 and self.units.n_merged:
            a, b, c = self._unit(layer, i, bits)
            return sign(a * x + b * y + c * w)
        inputs, weights, bias = self.units.row(layer, i)
        total, n_neurons = bias * w, self.units.n_neurons[layer - 1]
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

    def redraw(self, stack, cells) -> None:
        """Corners and area of the region that the kernel wrote last, each number rounded to float64 only once."""
        t, n = int(stack.state[layout.TOP]) + 1, int(stack.state[layout.N_CELLS]) - 1
        k, end = int(stack.corners[t]), int(stack.state[layout.N_CORNERS])
        corners, cells.area[n] = rounded(
            self.corners(stack.polygon[t, layout.EDGE, :k], stack.bits[t])
        )
        if cells.corner_room:
            cells.corners[end - k : end] = corners
        if cells.n_outputs:
            cells.error[n] = np.abs(corners).max() * 2.0**-52

    def states(
        self, point: tuple[int, int, int], *directions: tuple[int, int]
    ) -> tuple[list[np.ndarray], list[tuple]]:
        """States (n_l,) bool of each layer's units at a point (x, y, w), linear ones True; values of the last layer.

        directions: the point is moved a little along the first one, and by much less along the next. A value is a
        tuple, of what it is at the point and how it changes in these directions: tuples compare as the values do.
        """
        moves, found, below = [point, *((u, v, 0) for u, v in directions)], [], []
        for layer, n_neurons in enumerate(self.units.n_neurons):
            values = [
                self._value(layer, i, moves, below) for i in range(len(self.units.layers[layer][1]))
            ]
            states = [i >= n_neurons or value > (0,) * len(moves) for i, value in enumerate(values)]
            below = [value if state else None for value, state in zip(values, states, strict=True)]
            found.append(np.array(states))
        return found, values

    def _value(self, layer: int, i: int, moves: list[tuple], below: list) -> tuple[int, ...]:
        """Value of a unit, from those of the layer below (None: inactive)."""
        if layer == 0:
            a, b, c = self.units.first(i)
            return tuple(a * x + b * y + c * w for x, y, w in moves)
        inputs, weights, bias = self.units.row(layer, i)
        live = [(w, below[j]) for j, w in zip(inputs, weights, strict=True) if below[j] is not None]
        return tuple(
            bias * moves[k][2] + sum(w * value[k] for w, value in live) for k in range(len(moves))
        )
