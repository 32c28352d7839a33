"""Activation, layer and decision patterns of samples (thesis, section 3.1).

A neuron is *active* when its pre-activation is > 0. (The thesis says >= 0. The two differ only at
exact zeros, which do occur: a neuron that lost all its inputs and has bias 0.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks import layer_widths
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.bits import pack, unpack

__all__ = [
    "DecisionPattern",
    "activation_patterns",
    "layer_patterns",
    "pack",
    "preactivations",
    "unique_patterns",
    "unpack",
]


def preactivations(
    network, images: Samples | ArrayLike, *, output_layer: bool = True
) -> list[np.ndarray]:
    """Pre-activations of each hidden layer.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    images : Samples or array_like, shape (n, d)
        Each image as a row.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which is left out.

    Returns
    -------
    list of ndarray, each of shape (n, n_l)
        In float64. A neuron of an activation with several breakpoints has the pre-activation less
        its breakpoint.

    Raises
    ------
    MBHError
        For a network that is not understood, and for images of another size or with NaN.

    Notes
    -----
    The pre-activation of Definition 2.2 of the thesis (Equation 2.2): what a neuron makes of its
    inputs, its bias included, before the activation function.

    Examples
    --------
    >>> from mbh_utils import patterns
    >>> layers = [([[1, 0], [0, 1]], [0, 0]), ([[1, -1]], [1])]
    >>> [z.tolist() for z in patterns.preactivations(layers, [[2, -3]])]
    [[[2.0, -3.0]], [[3.0]]]
    """
    output_layer = require.flag("output_layer", output_layer)
    x = require.array("images", getattr(images, "images", images)).astype(np.float64, copy=False)
    layers = read_network(network, output_layer=output_layer, points=x).layers()
    _check_images(x, n_inputs=layers[0][0].shape[1])
    values = []
    for layer, width in zip(layers, layer_widths(layers), strict=True):
        weight, bias = layer[:2]
        z = x @ weight.T + bias
        values.append(z[:, :width])
        x = np.maximum(z, 0.0)
        x[:, width:] = z[:, width:]  # linear units
    return values


def _check_images(x: np.ndarray, n_inputs: int) -> None:
    if x.ndim != 2 or x.shape[1] != n_inputs:
        raise MBHError(
            f"images have shape {x.shape}; this network takes (n, {n_inputs}): "
            "flatten each image to a row"
        )
    if not np.isfinite(x).all():
        row = int(np.argmin(np.isfinite(x).all(axis=1)))
        raise MBHError(
            f"image {row} holds NaN or infinite values, which activate no neuron: fix or drop it"
        )


def activation_patterns(
    network, images: Samples | ArrayLike, *, output_layer: bool = True
) -> np.ndarray:
    """Activation pattern of every image: the states of all hidden neurons.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    images : Samples or array_like, shape (n, d)
        Each image as a row.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    ndarray of bool, shape (n, n_hidden)
        True where a neuron is active; neurons in layer order.

    Raises
    ------
    MBHError
        For a network that is not understood, and for images of another size or with NaN.

    Notes
    -----
    Definition 3.1 of the thesis says which states a neuron has, for a ReLU two; by Definition 3.2 a
    pattern assigns one of them to each neuron. At a pre-activation of exactly 0, where the thesis
    counts a neuron as active, it is inactive here.

    Examples
    --------
    Two layers of two and one neurons, at two points:

    >>> from mbh_utils import activation_patterns
    >>> layers = [([[1, 0], [0, 1]], [0, 0]), ([[1, -1]], [0])]
    >>> activation_patterns(layers, [[1, 2], [3, 1]]).astype(int).tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    values = preactivations(network, images, output_layer=output_layer)
    return np.concatenate([z > 0 for z in values], axis=1)


def layer_patterns(
    network, images: Samples | ArrayLike, layer: int = -1, *, output_layer: bool = True
) -> np.ndarray:
    """Layer pattern of every image: the states of one hidden layer.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    images : Samples or array_like, shape (n, d)
        Each image as a row.
    layer : int, default -1
        Which hidden layer, from 0; -1 is the last one.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    ndarray of bool, shape (n, n_l)
        True where a neuron of the layer is active.

    Raises
    ------
    MBHError
        As :func:`activation_patterns`, and for a layer that is not there.

    Notes
    -----
    Definition 3.4 of the thesis: a decision pattern that constrains the neurons of one layer, and
    all of them.

    Examples
    --------
    >>> from mbh_utils import layer_patterns
    >>> layers = [([[1, 0], [0, 1]], [0, 0]), ([[1, -1]], [0])]
    >>> layer_patterns(layers, [[1, 2], [3, 1]]).tolist()
    [[False], [True]]
    """
    values = preactivations(network, images, output_layer=output_layer)
    if not -len(values) <= require.whole("layer", layer) < len(values):
        raise MBHError(f"there is no hidden layer {layer}; the network has {len(values)}")
    return values[layer] > 0


@dataclass(frozen=True, eq=False)
class DecisionPattern:
    """States that some of the hidden neurons are constrained to.

    Parameters
    ----------
    neurons : array_like of int, shape (k,)
        Distinct neurons, counted over all hidden layers in layer order.
    states : array_like of bool, shape (k,)
        The state of each: True is active.
    coverage : float, default NaN
        Share of the samples it was built from that satisfy it; NaN where it was built by hand.

    Raises
    ------
    MBHError
        For neurons named twice or below 0, states other than True and False (or 1 and 0), and for
        lists of unequal length.

    Notes
    -----
    Definition 3.3 of the thesis: a part of an activation pattern. The subnetwork that it defines
    (Definition 3.5) is activated by the inputs that satisfy it (Definition 3.10). Two patterns are
    equal when they constrain the same neurons to the same states, in whatever order.

    Examples
    --------
    >>> from mbh_utils import DecisionPattern
    >>> sigma = DecisionPattern([2, 0], [False, True])
    >>> sigma
    DecisionPattern({2:0, 0:1}, 2 constraints)
    >>> sigma == DecisionPattern([0, 2], [True, False])
    True
    """

    neurons: np.ndarray
    states: np.ndarray
    coverage: float = float("nan")

    def __init__(
        self,
        neurons: ArrayLike,
        states: ArrayLike,
        coverage: float = float("nan"),
    ):
        neurons = np.atleast_1d(require.array("neurons", neurons))
        states = np.atleast_1d(require.array("states", states))
        if neurons.ndim != 1 or neurons.shape != states.shape:
            raise MBHError(
                "a decision pattern needs one state per neuron, "
                f"got {neurons.shape} and {states.shape}"
            )
        if len(neurons) and (neurons.dtype.kind not in "iu" or not np.isin(states, (0, 1)).all()):
            raise MBHError(
                "a decision pattern names neurons by whole numbers and states by True and False "
                "(or 1 and 0)"
            )
        share = "a share of samples in [0, 1], or NaN where it is not known"
        require.number("coverage", coverage, share, lambda x: x != x or 0 <= x <= 1)
        neurons = neurons.astype(np.intp)
        if len(np.unique(neurons)) != len(neurons) or (len(neurons) and neurons.min() < 0):
            raise MBHError(
                "a decision pattern names each neuron once, by an index >= 0; "
                f"got {neurons.tolist()}"
            )
        put = vars(self).update  # the dataclass is frozen
        put(neurons=neurons, states=states.astype(bool), coverage=coverage)

    def __len__(self) -> int:
        return len(self.neurons)

    def __eq__(self, other) -> bool:
        return isinstance(other, DecisionPattern) and self.as_dict() == other.as_dict()

    def as_dict(self) -> dict[int, bool]:
        """Neuron -> state."""
        return {int(n): bool(s) for n, s in zip(self.neurons, self.states, strict=True)}

    def satisfied_by(self, patterns: ArrayLike) -> np.ndarray:
        """Which activation patterns satisfy this decision pattern.

        Parameters
        ----------
        patterns : array_like of bool, shape (n, n_hidden)
            Activation patterns, as :func:`mbh_utils.activation_patterns` gives them.

        Returns
        -------
        ndarray of bool, shape (n,)
            True where every constraint is met.

        Raises
        ------
        MBHError
            For patterns of fewer neurons than this one names.

        Notes
        -----
        Definition 3.10 of the thesis, asked of samples by their activation patterns: where the
        answer is True, the sample activates the subnetwork that this decision pattern defines.

        Examples
        --------
        >>> from mbh_utils import DecisionPattern
        >>> DecisionPattern([1], [True]).satisfied_by([[0, 1], [0, 0]]).tolist()
        [True, False]
        """
        patterns = require.bits("patterns", patterns)
        if len(self) and self.neurons.max() >= patterns.shape[1]:
            raise MBHError(
                f"pattern names neuron {self.neurons.max()}, but there are only {patterns.shape[1]}"
            )
        return (patterns[:, self.neurons] == self.states).all(axis=1)

    def support(self, patterns: ArrayLike) -> float:
        """Share of activation patterns that satisfy this decision pattern.

        Parameters
        ----------
        patterns : array_like of bool, shape (n, n_hidden)
            Activation patterns of at least one sample.

        Returns
        -------
        float
            In [0, 1].

        Raises
        ------
        MBHError
            As :meth:`satisfied_by`, and without a sample.

        Notes
        -----
        Definition 3.12 of the thesis, measured on samples. On the samples of a phenomenon P it is
        the coverage c of Equation 4.1.

        Examples
        --------
        >>> from mbh_utils import DecisionPattern
        >>> DecisionPattern([1], [True]).support([[0, 1], [0, 0], [1, 1], [1, 1]])
        0.75
        """
        satisfied = self.satisfied_by(patterns)
        if not len(satisfied):
            raise MBHError("support needs at least one sample")
        return float(satisfied.mean())

    def __repr__(self) -> str:
        first = list(self.as_dict().items())[:8]
        shown = ", ".join(f"{n}:{int(s)}" for n, s in first)
        more = ", ..." if len(self) > len(first) else ""
        return f"DecisionPattern({{{shown}{more}}}, {len(self)} constraints)"


def unique_patterns(patterns: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Distinct patterns, and how often each occurs.

    Parameters
    ----------
    patterns : array_like of bool, shape (n, k)
        A pattern in each row, of all k neurons or of some.

    Returns
    -------
    distinct : ndarray of bool, shape (m, k)
        In ascending order, the first neuron being the most significant.
    counts : ndarray of int, shape (m,)
        They sum to n.

    Raises
    ------
    MBHError
        For what is no two-dimensional array of True and False.

    Notes
    -----
    What Figures E.1 and E.2 of the thesis count.

    Examples
    --------
    >>> from mbh_utils import unique_patterns
    >>> distinct, counts = unique_patterns([[1, 0], [0, 1], [1, 0]])
    >>> distinct.astype(int).tolist(), counts.tolist()
    ([[0, 1], [1, 0]], [1, 2])
    """
    patterns = require.bits("patterns", patterns)
    packed, counts = np.unique(pack(patterns), axis=0, return_counts=True)
    return unpack(packed, patterns.shape[1]), counts
