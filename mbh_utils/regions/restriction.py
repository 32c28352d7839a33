"""A network restricted to a plane or a line, in float64 and exactly.

What changes is its first layer, which takes plane coordinates from there on.

A plane that was spanned by points *is* the plane through these points: its coordinates (u, v) are
those that the points have on it, ``Plane.spanning``, taken as they are. So what a neuron is on the
plane follows from its pre-activations at three *anchors*, the points, by an affine map of known
numbers. In float64 the pre-activations are rounded, within bounds that are known; in integers
nothing is. On a plane that was made from an origin and an orthonormal basis, which are rounded
numbers themselves, the first layer is rounded to float64 once, and is exact from there on.
"""

import itertools
import math
import sys
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mbh_utils.computing.require import all_finite
from mbh_utils.errors import MBHError
from mbh_utils.networks import n_linear
from mbh_utils.regions.frames import Frame, lengths
from mbh_utils.regions.lines import Line
from mbh_utils.regions.planes import Plane

UNIT = 2.0**-53  # relative error of one rounding
#: Of terms; above 1e280 nothing is known of a neuron, and its signs are settled exactly.
_LARGEST = 1e300

#: Of a network whose inputs are plane coordinates already.
_OWN_FRAME = Frame(
    np.array([[0.0, 0], [1, 0], [0, 1]]),
    [[Fraction(n) for n in row] for row in ((-1, 1, 0), (-1, 0, 1), (1, 0, 0))],
)


class HiddenNetwork:
    """The hidden layers of a network (behind them perhaps its output layer), on whatever plane.

    layers: (weight, bias) or (weight, bias, n_linear).
    starts: first unit of each layer, counted over all layers; behind them the number of units.
    n_merged: linear units of the first layer that are taken together as the two plane coordinates,
        or 0.
    roundings: bounds of the rounding in sums over the inputs of each layer's units, as a share of
        their terms; the first layer has bounds of its own.
    """

    def __init__(self, layers: list[tuple]):
        self.layers = layers
        self.starts = [0, *itertools.accumulate(len(layer[1]) for layer in layers)]
        n = n_linear(layers[0])
        self.n_merged = n if n > 2 and len(layers) > 1 else 0
        most_inputs = (0, *(_most_inputs(layer[0]) for layer in layers[1:]))
        self.roundings = [(n + 8.0) * UNIT for n in most_inputs]

    @cached_property
    def lengths(self) -> np.ndarray:
        """Length of each row of the first layer's weights."""
        return lengths(self.layers[0][0])

    @cached_property
    def sizes(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Absolute weights and biases of the layers above the first."""
        return [(np.abs(layer[0]), np.abs(layer[1])) for layer in self.layers[1:]]


def _most_inputs(weight: np.ndarray) -> int:
    """The most weights other than 0 that a unit of a layer has."""
    return weight.shape[1] if weight.all() else int(np.count_nonzero(weight, axis=1).max())


class _FirstLayer(NamedTuple):
    """The first layer's units as lines of the plane."""

    maps: np.ndarray  # (n, 3) float64: coefficients a, b, c
    terms: np.ndarray  # (n, 3) float64: size of all terms in each
    share: float  # of the terms that may be an error


class Restriction:
    """A network on a plane or a line.

    network: its layers, as a list or as a :class:`HiddenNetwork`, which several restrictions may
        share.
    precise: whether the first layer on the plane is rounded only once, from integers, which takes
        longer.
    """

    def __init__(
        self, network: HiddenNetwork | list[tuple], plane: Plane | Line, precise: bool = False
    ):
        self.network = network if isinstance(network, HiddenNetwork) else HiddenNetwork(network)
        self.plane = plane
        self.precise = precise
        n_inputs = self.layers[0][0].shape[1]
        if n_inputs != plane.dimension:
            raise MBHError(f"the {kind_of(plane)} lies in {misfit(plane, n_inputs)}")

    def on(self, part: Plane | Line) -> "Restriction":
        """The same on another domain of the same plane; the network in integers is shared."""
        restriction = Restriction(self.network, part, self.precise)
        restriction.exact = self.exact
        return restriction

    @property
    def layers(self) -> list[tuple]:
        """Layers of the network itself."""
        return self.network.layers

    @property
    def n_merged(self) -> int:
        """As of :class:`HiddenNetwork`."""
        return self.network.n_merged

    @property
    def frame(self) -> Frame:
        """The anchors that ``anchored`` lives on."""
        return _OWN_FRAME if self.plane.points is None else self.plane.frame

    @cached_property
    def anchored(self) -> list[tuple]:
        """The layers, with a first one that takes points of the space in which the anchors lie."""
        plane = self.plane
        if plane.points is not None:
            return self.layers
        (weight, bias, *linear), *others = self.layers
        with np.errstate(over="ignore", invalid="ignore"):
            onto = weight @ plane.basis.T
            shift = weight @ plane.origin + bias
        if not (all_finite(onto) and all_finite(shift)):
            raise MBHError(
                "the weights are too large for this plane: pre-activations leave float64; "
                "rescale the network"
            )
        if isinstance(plane, Line):
            onto = np.column_stack([onto, np.zeros(len(onto))])
        return [(onto, shift, *linear), *others]

    @cached_property
    def exact(self) -> "ExactUnits":
        """The network on the plane in integers; nothing is computed before it is asked for."""
        return ExactUnits(self)

    # ------------------------------------------------------------------------------ the first layer

    @cached_property
    def _first(self) -> _FirstLayer:
        """The first layer's units before linear ones are merged."""
        if self.frame is _OWN_FRAME:
            weight, bias, *_ = self.anchored[0]
            maps = np.column_stack([weight, bias])
            return _FirstLayer(maps, np.abs(maps), 8 * UNIT)
        if self.precise:
            maps = self._split_first[0]
            return _FirstLayer(maps, np.abs(maps), 9 * UNIT)
        return self._first_by_anchors()

    def _first_by_anchors(self) -> _FirstLayer:
        """The first layer's units from their pre-activations at the anchors, in float64."""
        weight, bias, *_ = self.layers[0]
        frame = self.frame
        with np.errstate(over="ignore", invalid="ignore"):
            maps = weight @ frame.anchors.T @ frame.weights.T
            maps[:, 2] += bias
            terms = _products(self.network.lengths, frame.lengths) @ frame.sizes.T
            np.minimum(terms, _LARGEST, out=terms)
            terms[:, 2] += np.abs(bias)
        if not all_finite(maps):
            maps[~np.isfinite(maps)] = 0.0  # too large for float64, which their errors say
        # One rounding per product and per sum, and a few of combining the anchors and of whoever
        # evaluates the line.
        n_roundings = frame.n_products + len(frame.anchors) + 8
        return _FirstLayer(maps, terms, n_roundings * UNIT)

    @cached_property
    def _split_first(self) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of the first layer's units, each rounded once, and what that took away.

        Both are (n, 3).
        """
        parts = [self.exact.split_first(i) for i in range(len(self.layers[0][1]))]
        return np.array([high for high, _ in parts]), np.array([low for _, low in parts])

    @property
    def remainders(self) -> np.ndarray:
        """What rounding took away from the first layer's a, b, c, (n, 3) float64.

        Of a precise restriction.
        """
        if self.plane.points is None:
            return np.zeros_like(self._first.maps)
        return self._split_first[1]

    @cached_property
    def first_map(self) -> np.ndarray:
        """Coefficients a, b, c of the first layer's units as ``on_plane`` has them, (n, 3)."""
        maps = self._first.maps
        if not self.n_merged:
            return maps
        return np.concatenate([maps[: -self.n_merged], np.eye(2, 3)])

    @cached_property
    def on_plane(self) -> list[tuple]:
        """The same as a network of the two plane coordinates, float64.

        Only the first one or two layers differ.
        """
        (_, bias, *linear), *others = self.layers
        maps = self.first_map
        first = np.ascontiguousarray(maps[:, :2]), maps[:, 2].copy()
        if not self.n_merged:
            return [(*first, *linear), *others]
        n = len(bias) - self.n_merged
        onwards, following, *rest = others[0]
        carried = onwards[:, n:] @ self._first.maps[n:]
        merged = np.column_stack([onwards[:, :n], carried[:, :2]])
        return [(*first, 2), (merged, following + carried[:, 2], *rest), *others[1:]]

    # -------------------------------------------------------------------------------------- errors

    @cached_property
    def errors(self) -> list[np.ndarray]:
        """Bounds of the errors of a, b, c of each layer's units of ``on_plane``, a list of (3, n).

        They hold whichever units of the layers below are active, and with a few roundings more of
        whoever evaluates a u + b v + c. They are 0 only for units of the first layer that no anchor
        reaches and whose bias is 0.
        """
        found = [bound.T for bound in np.split(self.all_errors, self.network.starts[1:-1])]
        if self.n_merged:
            found[0] = np.column_stack([found[0][:, : -self.n_merged], 4 * UNIT * np.eye(3, 2)])
        return found

    @cached_property
    def all_errors(self) -> np.ndarray:
        """The same for the units of all layers of the network, (N, 3)."""
        network = self.network
        starts = network.starts
        first = self._first.terms
        share = self._first.share
        terms = np.empty((starts[-1], 3))
        terms[: starts[1]] = first
        shares = np.empty((starts[-1], 1))
        shares[: starts[1]] = share
        with np.errstate(over="ignore"):
            below = np.minimum(first, _LARGEST)
            for i, (weight, bias) in enumerate(network.sizes, start=1):
                own = terms[starts[i] : starts[i + 1]]
                np.matmul(weight, below, out=own)
                own[:, 2] += bias
                below = np.minimum(own, _LARGEST)
                share += network.roundings[i]  # on top of what the layer below carries
                shares[starts[i] : starts[i + 1]] = share
            bounds = terms * (1 + 1e-9) * shares * 1.01
        np.maximum(bounds, 5e-324, out=bounds)
        bounds[~(terms < 1e-20 * _LARGEST)] = np.inf  # or no number
        if not first.all():
            bounds[: starts[1]][self._silent()] = 0.0
        return bounds

    def _silent(self) -> np.ndarray:
        """Which units of the first layer no anchor reaches and have no bias.

        Not those whose terms round to 0.
        """
        weight, bias, *_ = self.anchored[0]
        silent = np.logical_not(self._first.terms.any(axis=1))
        for i in np.flatnonzero(silent):
            silent[i] = bias[i] == 0 and not self.frame.anchors[:, weight[i] != 0].any()
        return silent

    @property
    def refined_errors(self) -> np.ndarray:
        """Bounds of the errors of a, b, c of the second layer's units, in twofold precision.

        (3, n). The sum itself is rounded once more, as is the evaluation of the line: add 10
        ``UNIT`` of what it is.
        """
        weight, bias = self.network.sizes[0]
        share = (weight.shape[1] + 20) ** 2 * UNIT**2
        with np.errstate(over="ignore"):
            terms = weight @ self._first.terms
            terms[:, 2] += bias
            return np.maximum(terms * share, 5e-324).T.copy()


def kind_of(plane: Plane | Line) -> str:
    """What it is, for a message."""
    return type(plane).__name__.lower()


def misfit(plane: Plane | Line, n_inputs: int) -> str:
    """What is the matter with a plane in another space than that of the network's inputs."""
    return (
        f"R^{plane.dimension}, but the network takes {n_inputs} inputs: "
        "span it by inputs of this network"
    )


def _products(rows: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Bounds of |weight| @ |anchors|.T, (n, k): the product of both lengths is quicker to find."""
    products = rows[:, None] * anchors * (1 + 1e-9)
    if all_finite(products):
        return products
    return np.nan_to_num(products, nan=_LARGEST, posinf=_LARGEST)


# -------------------------------------------------------------------------------------- in integers


def quotient(n: int, d: int) -> float:
    """n / d rounded to float64, which ends at about 1.8e308."""
    try:
        return n / d
    except OverflowError:
        return sys.float_info.max if (n > 0) == (d > 0) else -sys.float_info.max


def integers(values: np.ndarray, shift: int) -> list[int]:
    """The integers values x 2^shift, where they are some."""
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**53).astype(np.int64).tolist()
    moves = (exponents + (shift - 53)).tolist()
    return [n << k if k >= 0 else n >> -k for n, k in zip(whole, moves, strict=True)]


def fraction_bits(values: np.ndarray) -> int:
    """Fewest binary digits behind the point that hold all the numbers exactly.

    Below 0 where these are even.
    """
    values = values[values != 0]
    if not values.size:
        return 0
    mantissas, exponents = np.frexp(values)
    whole = (mantissas * 2.0**53).astype(np.int64)
    zeros = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # trailing ones of the 53 digits
    return int((53 - zeros - exponents).max())


class ExactUnits:
    """The units of a restricted network as lines (a, b, c) of integers.

    They are so up to a positive factor per layer: what is true of a layer's units is
    true x D x 2^k, with D of the frame and a k of the layer. Rows of weights become integers when
    they are first asked for.
    """

    def __init__(self, restriction: Restriction):
        self.layers = restriction.anchored
        self.frame = restriction.frame
        self.n_merged = restriction.n_merged
        self.factor = math.lcm(*(x.denominator for row in self.frame.combine for x in row))
        self.combine = [[int(x * self.factor) for x in row] for row in self.frame.combine]
        self.anchor_shift = fraction_bits(self.frame.anchors)
        self.anchors = [integers(anchor, self.anchor_shift) for anchor in self.frame.anchors]
        self.shifts: list[int] = []  # of each layer's weights
        self.scales: list[int] = []  # of each layer's units
        scale = self.anchor_shift
        for weight, bias, *_ in self.layers:
            shift = max(fraction_bits(weight), fraction_bits(bias) - scale)
            scale += shift
            self.shifts.append(shift)
            self.scales.append(scale)
        self.n_neurons = [len(layer[1]) - n_linear(layer) for layer in self.layers]
        self._rows: dict[tuple[int, int], tuple[list[int], list[int], int]] = {}
        self._first: dict[int, tuple[int, int, int]] = {}
        self._carried: dict[int, tuple[int, int, int]] = {}

    def row(self, layer: int, i: int) -> tuple[list[int], list[int], int]:
        """Inputs of unit i of a layer whose weights are not 0, these weights, and the bias."""
        if (layer, i) not in self._rows:
            weights, biases, *_ = self.layers[layer]
            units = np.flatnonzero(weights[i])
            bias = integers(biases[i : i + 1], self.scales[layer])[0] * self.factor
            weight = integers(weights[i][units], self.shifts[layer])
            self._rows[layer, i] = units.tolist(), weight, bias
        return self._rows[layer, i]

    def first(self, i: int) -> tuple[int, int, int]:
        """Line of unit i of the first layer."""
        if i not in self._first:
            units, weights, bias = self.row(0, i)
            values = [
                sum(w * anchor[j] for j, w in zip(units, weights, strict=True))
                for anchor in self.anchors
            ]
            a, b, c = (sum(x * y for x, y in zip(row, values, strict=True)) for row in self.combine)
            self._first[i] = a, b, c + bias
        return self._first[i]

    def split_first(self, i: int) -> tuple[list[float], list[float]]:
        """The same in units of the network, each number rounded once, and what that took away."""
        up = max(-self.scales[0], 0)
        scale = self.factor << max(self.scales[0], 0)
        line = [x << up for x in self.first(i)]
        high = [quotient(x, scale) for x in line]
        ratios = [h.as_integer_ratio() for h in high]
        low = [
            quotient(x * d - n * scale, scale * d) for x, (n, d) in zip(line, ratios, strict=True)
        ]
        return high, low

    def carried(self, i: int) -> tuple[int, int, int]:
        """What unit i of the second layer has from the merged linear units of the first one.

        And its bias.
        """
        if i not in self._carried:
            units, weights, c = self.row(1, i)
            a = 0
            b = 0
            n = len(self.layers[0][1]) - self.n_merged
            for j, w in zip(units, weights, strict=True):
                if j >= n:
                    x, y, z = self.first(j)
                    a, b, c = a + w * x, b + w * y, c + w * z
            self._carried[i] = a, b, c
        return self._carried[i]
