"""Activation, layer and decision patterns of samples, and mining them by a decision tree (section 3.1, appendix D).

A neuron is *active* when its pre-activation is > 0. (The thesis says >= 0. The two differ only at exact
zeros, which do occur: a neuron that lost all its inputs and has bias 0.)
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks import layer_widths
from mbh_utils.networks.reading.reader import read_network


def preactivations(network, images, *, output_layer: bool = True) -> list[np.ndarray]:
    """Pre-activations of each hidden layer: a list of (n, n_l) float64 arrays for n images of shape (n, d).

    A neuron of an activation with several breakpoints has the pre-activation less its breakpoint.
    """
    output_layer = require.flag("output_layer", output_layer)
    x = require.array("images", getattr(images, "images", images)).astype(np.float64, copy=False)
    layers = read_network(network, output_layer=output_layer, points=x).layers()
    if x.ndim != 2 or x.shape[1] != layers[0][0].shape[1]:
        raise MBHError(
            f"images have shape {x.shape}; this network takes (n, {layers[0][0].shape[1]}): flatten each image to a row"
        )
    if not np.isfinite(x).all():
        row = int(np.argmin(np.isfinite(x).all(axis=1)))
        raise MBHError(
            f"image {row} holds NaN or infinite values, which activate no neuron: mend or drop it"
        )
    values = []
    for layer, width in zip(layers, layer_widths(layers), strict=True):
        weight, bias = layer[:2]
        z = x @ weight.T + bias
        values.append(z[:, :width])
        x = np.maximum(z, 0.0)
        x[:, width:] = z[:, width:]  # linear units
    return values


def activation_patterns(network, images, *, output_layer: bool = True) -> np.ndarray:
    """Activation pattern of every image: (n, n_hidden) bool, neurons in layer order."""
    return np.concatenate(
        [z > 0 for z in preactivations(network, images, output_layer=output_layer)], axis=1
    )


def layer_patterns(network, images, layer: int = -1, *, output_layer: bool = True) -> np.ndarray:
    """Pattern of one hidden layer for every image: (n, n_l) bool; ``layer`` counts from 0, -1 is the last."""
    values = preactivations(network, images, output_layer=output_layer)
    if not -len(values) <= require.whole("layer", layer) < len(values):
        raise MBHError(f"there is no hidden layer {layer}; the network has {len(values)}")
    return values[layer] > 0


@dataclass(frozen=True, eq=False)
class DecisionPattern:
    """States that some of the hidden neurons are constrained to (thesis, section 3.1).

    neurons: (k,) int, distinct, counted over all hidden neurons in layer order.
    states: (k,) bool, True = active.
    coverage: share of the samples it was built from that satisfy it, NaN where it was built by hand.
    """

    neurons: np.ndarray
    states: np.ndarray
    coverage: float = field(default=float("nan"))

    def __post_init__(self):
        neurons = np.atleast_1d(require.array("neurons", self.neurons))
        states = np.atleast_1d(require.array("states", self.states))
        if neurons.ndim != 1 or neurons.shape != states.shape:
            raise MBHError(
                f"a decision pattern needs one state per neuron, got {neurons.shape} and {states.shape}"
            )
        if len(neurons) and (neurons.dtype.kind not in "iu" or not np.isin(states, (0, 1)).all()):
            raise MBHError(
                "a decision pattern names neurons by whole numbers and states by True and False (or 1 and 0)"
            )
        share = "a share of samples in [0, 1], or NaN where it is not known"
        require.number("coverage", self.coverage, share, lambda x: x != x or 0 <= x <= 1)
        neurons, states = neurons.astype(np.intp), states.astype(bool)
        if len(np.unique(neurons)) != len(neurons) or (len(neurons) and neurons.min() < 0):
            raise MBHError(
                f"a decision pattern names each neuron once, by an index >= 0; got {neurons.tolist()}"
            )
        object.__setattr__(self, "neurons", neurons)
        object.__setattr__(self, "states", states)

    def __len__(self) -> int:
        return len(self.neurons)

    def __eq__(self, other) -> bool:
        return isinstance(other, DecisionPattern) and self.as_dict() == other.as_dict()

    def as_dict(self) -> dict[int, bool]:
        """Neuron -> state."""
        return {int(n): bool(s) for n, s in zip(self.neurons, self.states, strict=True)}

    def satisfied_by(self, patterns: np.ndarray) -> np.ndarray:
        """Which activation patterns (n, n_hidden) bool satisfy this one: (n,) bool."""
        patterns = require.bits("patterns", patterns)
        if len(self) and self.neurons.max() >= patterns.shape[1]:
            raise MBHError(
                f"pattern names neuron {self.neurons.max()}, but there are only {patterns.shape[1]}"
            )
        return (patterns[:, self.neurons] == self.states).all(axis=1)

    def support(self, patterns: np.ndarray) -> float:
        """Share of the activation patterns (n, n_hidden) that satisfy this one, in [0, 1]."""
        satisfied = self.satisfied_by(patterns)
        if not len(satisfied):
            raise MBHError("support needs at least one sample")
        return float(satisfied.mean())

    def __repr__(self) -> str:
        shown = ", ".join(f"{n}:{int(s)}" for n, s in list(self.as_dict().items())[:8])
        return f"DecisionPattern({{{shown}{', ...' if len(self) > 8 else ''}}}, {len(self)} constraints)"


def pack(patterns: np.ndarray) -> np.ndarray:
    """Pack (n, k) bool into (n, ceil(k / 8)) uint8, first neuron in the highest bit."""
    return np.packbits(require.bits("patterns", patterns), axis=1)


def unpack(packed: np.ndarray, n_neurons: int) -> np.ndarray:
    """Undo :func:`pack`: (n, n_neurons) bool."""
    packed = require.array("packed", packed)
    if packed.ndim != 2 or packed.dtype != np.uint8:
        raise MBHError(
            f"packed is {packed.dtype} of shape {packed.shape}; expected (n, k) uint8, as pack makes it"
        )
    n_neurons = require.whole("n_neurons", n_neurons, 0, 8 * packed.shape[1])
    return np.unpackbits(packed, axis=1, count=n_neurons).astype(bool)


def unique_patterns(patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct patterns (m, k) bool of (n, k) bool ones, and how often each occurs (m,) int."""
    patterns = require.bits("patterns", patterns)
    packed, counts = np.unique(pack(patterns), axis=0, return_counts=True)
    return unpack(packed, patterns.shape[1]), counts


class Mined(NamedTuple):
    """A leaf of the decision tree: a decision pattern, and the class of most samples that satisfy it."""

    pattern: (
        DecisionPattern  # its coverage is the share of all samples; its length is the leaf's depth
    )
    label: int
    n_samples: int
    n_right: int  # those of the class


def mine_patterns(network, samples, *, output_layer: bool = True) -> list[Mined]:
    """Decision patterns over the last hidden layer that tell the classes of the samples apart (appendix D).

    They are the leaves of an unpruned decision tree (scikit-learn's, by Gini impurity), which asks one neuron after
    another whether it is active until all samples left are of one class or have one layer pattern. Every sample
    satisfies exactly one of them. Raises MBHError without samples.
    """
    from sklearn.tree import DecisionTreeClassifier

    samples = require.samples("samples", samples)
    if not len(samples.labels):
        raise MBHError("mining decision patterns needs at least one sample")
    values = preactivations(network, samples.images, output_layer=output_layer)
    bits, first = values[-1] > 0, sum(z.shape[1] for z in values[:-1])
    tree = DecisionTreeClassifier(random_state=0).fit(bits, samples.labels)
    labels, tree = tree.classes_, tree.tree_
    mined, paths = [], [(0, (), ())]
    while paths:
        node, neurons, states = paths.pop()
        if (left := tree.children_left[node]) < 0:
            shares, n = tree.value[node, 0], int(tree.n_node_samples[node])
            k = int(shares.argmax())
            right = round(float(shares[k] / shares.sum() * n))
            mined.append(
                Mined(
                    DecisionPattern(neurons, states, coverage=n / len(samples.labels)),
                    int(labels[k]),
                    n,
                    right,
                )
            )
            continue
        asked = (*neurons, first + int(tree.feature[node]))
        paths += [
            (tree.children_right[node], asked, (*states, True)),
            (left, asked, (*states, False)),
        ]
    return mined
