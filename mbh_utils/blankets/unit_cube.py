"""A domain as the unit cube [0, 1]^k, and how much a network misses a pattern there.

Random moves are the same in every cube: what belongs to a plane, to a subspace or to the values of
pixels is put into the first layer's weights once, or into a table of values.
"""

from __future__ import annotations

import numpy as np

from mbh_utils.errors import MBHError
from mbh_utils.networks.layers import n_linear
from mbh_utils.regions.blocks import Block
from mbh_utils.regions.lines import Line
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Plane
from mbh_utils.regions.polygons import border_lines

#: Cubes of at most so many dimensions are computed in float64, larger ones in float32.
_EXACT_UP_TO = 64
#: Cubes of at most so many dimensions are moved in all their coordinates at once.
_MOVED_AT_ONCE = 3
#: Errors of bounds in float64, as a share of the sums that they are made of.
_SLACK = 1e-9
#: A pre-activation of exactly 0 is inactive: so far it falls short of an active one.
_TINY = 1e-30


class UnitCube:
    """A domain as [0, 1]^k, with the first layer as a function of its coordinates.

    Points are columns. Coordinates that no neuron of the first layer looks at are left out.

    Attributes
    ----------
    k : int
        Dimensions.
    weight, bias : ndarray, (n_1, k) and (n_1, 1)
        First layer: its pre-activations are ``weight @ values(u) + bias``.
    """

    def __init__(self, layer: tuple, domain: Plane | Line | Block, values: np.ndarray | None):
        weight, bias = layer[:2]
        self._domain = domain
        self._edges = None
        self._table = None
        origin, basis, low, high = _frame(domain)
        if values is not None:
            low, high = np.zeros_like(low), np.ones_like(high)
            self._table = np.sort(values.T, axis=1)
        along = weight if basis is None else weight @ basis.T
        constant = bias + along @ low if basis is None else bias + weight @ origin + along @ low
        along = along * (high - low)
        varies = (along != 0).any(axis=0)
        if self._table is not None:
            still = self._table[:, 0] == self._table[:, -1]
            constant = constant + along[:, still] @ self._table[still, 0]
            varies &= ~still
        if isinstance(domain, Plane) and domain.polygon is not None:
            varies[:] = True  # the polygon looks at both
            self._edges = border_lines((domain.corners - low) / (high - low))[:, :3]
        self.k = int(varies.sum())
        self.dtype = np.float64 if self.k <= _EXACT_UP_TO else np.float32
        self.exact = (along[:, varies], constant)
        self.weight = np.ascontiguousarray(along[:, varies], self.dtype)
        self.bias = constant[:, None].astype(self.dtype)
        if self._table is not None:
            self._table = self._table[varies].astype(self.dtype)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Random points (k, n) of the reference measure."""
        if self._edges is None:
            return rng.random((self.k, n), dtype=self.dtype)
        assert isinstance(self._domain, Plane)
        plane = self._domain
        uv = plane.project(plane.sample(n, rng))
        return np.clip((uv - plane.low) / (plane.high - plane.low), 0, 1).T.copy()

    def values(self, u: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """What the first layer sees of some coordinates ``rows`` at u, their values there."""
        if self._table is None:
            return u
        table = self._table[rows]
        place = np.minimum((u * table.shape[1]).astype(np.intp), table.shape[1] - 1)
        return np.take_along_axis(table, place, axis=1)

    def first_layer(self, u: np.ndarray) -> np.ndarray:
        """Pre-activations (n_1, n) of the first layer at points (k, n)."""
        return self.weight @ self.values(u) + self.bias

    def moved(self, u: np.ndarray, reach: float, rng: np.random.Generator) -> np.ndarray:
        """Other values of some coordinates: at random anew, or at most ``reach`` < 1 away.

        Going back is as likely as going there, so the uniform distribution is kept.
        """
        fresh = rng.random(u.shape, dtype=u.dtype)
        if reach >= 1:
            return fresh
        there = np.abs(u + reach * (2 * fresh - 1))
        return np.where(there > 1, 2 - there, there)

    def allows(self, u: np.ndarray) -> np.ndarray | None:
        """Which points (k, n) lie in the domain; None where all do."""
        if self._edges is None:
            return None
        within = self._edges[:, :2] @ u + self._edges[:, 2:] >= 0
        return np.logical_and.reduce(within, axis=0)

    def block(self, size: float) -> tuple[int, float]:
        """Coordinates that a move of some size changes, and its reach.

        From 1 on, a size is a number of coordinates that are drawn anew; below it is a reach.
        """
        reach = min(size, 1.0)
        if self.k <= _MOVED_AT_ONCE:
            return self.k, reach
        return int(np.clip(round(size), 1, self.k)), reach

    def largest(self) -> float:
        """The size of the largest move."""
        return 1.0 if self.k <= _MOVED_AT_ONCE else float(self.k)

    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest value of each coordinate."""
        if self._table is None:
            return np.zeros(self.k), np.ones(self.k)
        return self._table[:, 0].astype(np.float64), self._table[:, -1].astype(np.float64)


def _frame(domain: Plane | Line | Block) -> tuple:
    """Origin, basis (None: all inputs), low and high of a domain."""
    low = np.atleast_1d(domain.low)
    high = np.atleast_1d(domain.high)
    return domain.origin, domain.basis, low, high


class Shortfall:
    """How much a pattern is missed: 0 inside its blanket, and the larger the farther outside.

    It is the sum, over the constraints, of what a pre-activation is short of its state, each over
    its standard deviation in the domain.

    Attributes
    ----------
    is_impossible : bool
        Whether bounds prove that no point of the domain satisfies the pattern.
    n_open : int
        Constraints that bounds do not prove to hold everywhere.
    """

    def __init__(self, layers: list[tuple], pattern: DecisionPattern, cube: UnitCube):
        self._layers = []
        self._wanted = []
        self.is_impossible = False
        self.n_open = 0
        layers, wanted = _needed(layers, pattern)
        for layer, (rows, states), (least, most) in zip(
            layers, wanted, _bounds(layers, cube), strict=True
        ):
            self.is_impossible |= bool((most[rows[states]] <= 0).any())
            self.is_impossible |= bool((least[rows[~states]] > 0).any())
            is_open = np.where(states, least[rows] <= 0, most[rows] > 0)
            self.n_open += int(is_open.sum())
            self._wanted.append((rows[is_open], states[is_open]))
            weight, bias = layer[:2]
            bias = bias[:, None].astype(cube.dtype)
            self._layers.append((weight.astype(cube.dtype), bias, n_linear(layer)))
        self._scales = [np.ones((len(rows), 1), cube.dtype) for rows, _ in self._wanted]
        self._signs = [
            np.where(states, 1, -1)[:, None].astype(cube.dtype) for _, states in self._wanted
        ]
        self._tiny = [
            np.where(states, _TINY, 0)[:, None].astype(cube.dtype) for _, states in self._wanted
        ]

    def fit(self, z: np.ndarray) -> None:
        """Take the standard deviations from random points, given by their first layer's z."""
        scales = []
        for values in self._constrained(z):
            spread = values.std(axis=1, keepdims=True)
            size = np.abs(values).mean(axis=1, keepdims=True)
            spread = np.where(spread > 1e-6 * size, spread, np.maximum(size, _TINY))
            scales.append((1 / spread).astype(z.dtype))
        self._scales = scales

    def of(self, z: np.ndarray) -> np.ndarray:
        """The shortfall (n,) of points by the first layer's pre-activations (n_1, n)."""
        total = np.zeros(z.shape[1], z.dtype)
        parts = zip(self._constrained(z), self._signs, self._tiny, self._scales, strict=True)
        for values, sign, tiny, scale in parts:
            if len(values):
                short = np.maximum(tiny - sign * values, 0)
                total += (short * scale).sum(axis=0)
        return total

    def _constrained(self, z: np.ndarray):
        """The pre-activations of the constrained neurons of each layer."""
        for i, (rows, _) in enumerate(self._wanted):
            if i:
                x = np.maximum(z, 0)
                linear = self._layers[i - 1][2]
                if linear:
                    x[-linear:] = z[-linear:]
                weight, bias, _ = self._layers[i]
                z = weight @ x
                z += bias
            yield z if len(rows) == len(z) and (rows == np.arange(len(z))).all() else z[rows]


def _needed(layers: list[tuple], pattern: DecisionPattern) -> tuple[list, list]:
    """The layers up to the last one that is constrained, and each one's constraints (rows, states).

    Of the last one only the constrained neurons are kept.
    """
    widths = [len(layer[1]) - n_linear(layer) for layer in layers]
    ends = np.cumsum(widths)
    if len(pattern) and pattern.neurons.max() >= ends[-1]:
        raise MBHError(
            f"pattern names neuron {pattern.neurons.max()}, but there are only {ends[-1]}"
        )
    place = np.searchsorted(ends, pattern.neurons, side="right")
    kept = layers[: place.max(initial=0) + 1]
    wanted = []
    for i in range(len(kept)):
        here = place == i
        wanted.append((pattern.neurons[here] - (ends[i] - widths[i]), pattern.states[here]))
    if len(kept) > 1:
        weight, bias = kept[-1][:2]
        rows, states = wanted[-1]
        kept[-1] = (weight[rows], bias[rows])
        wanted[-1] = (np.arange(len(rows)), states)
    return kept, wanted


def _bounds(layers: list[tuple], cube: UnitCube):
    """Least and largest pre-activation of each layer's neurons anywhere in the cube."""
    low, high = cube.limits()
    for i, layer in enumerate(layers):
        weight, bias = cube.exact if i == 0 else layer[:2]
        positive = np.maximum(weight, 0)
        negative = np.minimum(weight, 0)
        size = np.abs(weight) @ np.maximum(np.abs(low), np.abs(high)) + np.abs(bias)
        least = positive @ low + negative @ high + bias - _SLACK * size
        most = positive @ high + negative @ low + bias + _SLACK * size
        yield least, most
        low = np.maximum(least, 0)
        high = np.maximum(most, 0)
        if linear := n_linear(layer):
            low[-linear:] = least[-linear:]
            high[-linear:] = most[-linear:]
