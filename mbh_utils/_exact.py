"""Signs by exact integer arithmetic: what the kernel asks when float64 cannot tell which side of a line a corner is on.

Every float64 is an integer times a power of two, so the network on the plane is one of integers. A line is its three
coefficients (a, b, c) up to a positive factor; two lines meet in their cross product (x, y, w), the point (x/w, y/w).
"""

from fractions import Fraction

import numpy as np

from mbh_utils import _cells

_CACHED_LINES = 500_000


def integers(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Integers (object array) and an exponent e, such that values = integers x 2^-e exactly."""
    ratios = [float(x).as_integer_ratio() for x in values.ravel()]
    shift = max((d.bit_length() - 1 for _, d in ratios), default=0)
    scaled = np.empty(len(ratios), dtype=object)
    scaled[:] = [n << (shift - d.bit_length() + 1) for n, d in ratios]
    return scaled.reshape(values.shape), shift


def cross(p, q) -> tuple[int, int, int]:
    """Line through two points, or point on two lines."""
    return p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]


def meet(p, q) -> tuple[int, int, int]:
    """Point (x, y, w) in which two lines cross, w > 0."""
    x, y, w = cross(p, q)
    return (x, y, w) if w > 0 else (-x, -y, -w)


def rounded(points: list[tuple[int, int, int]]) -> tuple[np.ndarray, float]:
    """Corners (k, 2) of a convex polygon of points (x, y, w), each rounded to float64 only once, and its area."""
    (a, b, c), triangles = points[0], []
    for p, q in zip(points[1:], points[2:], strict=False):  # triangles: none is negative, so no digits cancel
        x, y, w = cross(p, q)
        triangles.append((a * x + b * y + c * w, 2 * c * p[2] * q[2]))
    area = sum(n / d for n, d in triangles)
    if area < 1e-290:  # float64 runs out of digits
        area = float(sum(Fraction(n, d) for n, d in triangles))
    return np.array([[x / w, y / w] for x, y, w in points]), area


class Oracle:
    """Answers the kernel's questions about one network on one domain.

    layers: hidden layers of the two plane coordinates, float64. corners: (k, 2) float64, of the domain.
    """

    def __init__(self, net, layers, corners: np.ndarray):
        self.net = net
        self.weights, self.biases, scale = [], [], 0
        for weight, bias, *_ in layers:
            weight, w_shift = integers(weight)
            bias, b_shift = integers(bias)
            scale += w_shift  # of this layer's coefficients, all of them; biases are brought to it
            if b_shift > scale:
                weight, scale = weight * (1 << (b_shift - scale)), b_shift
            self.weights.append(weight)
            self.biases.append(bias * (1 << (scale - b_shift)))
        points, _ = integers(np.column_stack([corners, np.ones(len(corners))]))
        following = np.roll(points, -1, axis=0)
        self.border = [cross(p, q) for p, q in zip(points, following, strict=True)]
        self.place = [(layer, i) for layer, n in enumerate(net.widths) for i in range(n)]
        self.inputs = [[np.flatnonzero(row != 0).tolist() for row in weight] for weight in self.weights]
        self.lines: dict = {}

    def line(self, g: int, bits: np.ndarray) -> tuple[int, int, int]:
        """Coefficients of line g on a node with these bits: a neuron's, or (-1 - e) edge e of the domain."""
        if g < 0:
            return self.border[-1 - g]
        layer, i = self.place[g]
        return self._neuron(layer, i, bits)

    def _neuron(self, layer: int, i: int, bits: np.ndarray) -> tuple[int, int, int]:
        if layer == 0:
            a, b = self.weights[0][i]
            return a, b, self.biases[0][i]
        key = layer, i, bits[: self.net.word[layer]].tobytes()
        if key not in self.lines:
            if len(self.lines) > _CACHED_LINES:
                self.lines.clear()
            row = self.weights[layer][i]
            a, b, c = 0, 0, self.biases[layer][i]
            below = bits[self.net.word[layer - 1] : self.net.word[layer]].tolist()
            for j in self.inputs[layer][i]:
                if (below[j >> 6] >> (j & 63)) & 1:
                    x, y, z = self._neuron(layer - 1, j, bits)
                    a, b, c = a + row[j] * x, b + row[j] * y, c + row[j] * z
            self.lines[key] = a, b, c
        return self.lines[key]

    def corners(self, edges: np.ndarray, bits: np.ndarray) -> list[tuple[int, int, int]]:
        """Exact corners of a polygon with these lines as edges, as (x, y, w)."""
        lines = [self.line(int(g), bits) for g in edges]
        return [meet(lines[i - 1], lines[i]) for i in range(len(lines))]

    def answer(self, stack) -> None:
        """Write the answer to the kernel's question about the node on top of the stack."""
        t, state = int(stack.state[_cells.TOP]), stack.state
        bits = stack.bits[t]
        corners = self.corners(stack.polygon[t, _cells.EDGE, : stack.corners[t]], bits)

        def sides(g: int) -> list[int]:
            a, b, c = self.line(g, bits)
            values = [a * x + b * y + c * w for x, y, w in corners]
            return [(value > 0) - (value < 0) for value in values]

        if state[_cells.PIVOT] >= 0:  # the polygon is being cut
            stack.side[: len(corners)] = sides(int(stack.waiting[t, state[_cells.PIVOT]]))
            state[_cells.ANSWERED] = 1
            return
        for g in np.flatnonzero(stack.verdict == _cells.ASKED):
            found = sides(int(g))
            if min(found) < 0 < max(found):
                stack.verdict[g] = _cells.CROSSING
            else:
                stack.verdict[g] = _cells.ACTIVE if max(found) > 0 else _cells.INACTIVE

    def polygon(self, edges: np.ndarray, bits: np.ndarray) -> tuple[np.ndarray, float]:
        """Corners (k, 2) and area of a region, each rounded to float64 only once."""
        return rounded(self.corners(edges, bits))
