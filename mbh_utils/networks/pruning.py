"""Masks of sparse networks, and the accounting of hidden network parameters (thesis, 2.1 to 2.3).

Works on plain arrays, so that it knows nothing of torch. A *shape* is ``(n_out, n_in)`` of one
hidden layer, a *mask* a bool array of that shape, True where the connection lives. Biases are never
pruned; the output layer stays dense and is not part of any count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

Shapes = list[tuple[int, int]]
#: Of the largest masks that are drawn together: 8 GB while they are.
MOST_ENTRIES = 10**9


def layer_shapes(n_inputs: int, hidden: Sequence[int]) -> Shapes:
    """``(n_out, n_in)`` of every hidden layer.

    Parameters
    ----------
    n_inputs : int
        Width of the inputs.
    hidden : sequence of int
        Widths of the hidden layers.

    Returns
    -------
    list of (n_out, n_in)
        One per hidden layer, from the inputs on.

    Raises
    ------
    MBHError
        For widths that are no whole numbers from 1 on.

    Examples
    --------
    >>> layer_shapes(784, (300, 100))
    [(300, 784), (100, 300)]
    """
    expected = "the widths of the hidden layers, such as (300, 100)"
    given = require.listed("hidden", hidden, expected)
    widths = [require.whole("a width in hidden", n, 1) for n in given]
    widths = [require.whole("n_inputs", n_inputs, 1), *widths]
    return [(n_out, n_in) for n_in, n_out in zip(widths, widths[1:], strict=False)]


def dense_parameters(n_inputs: int, hidden: Sequence[int]) -> int:
    """Hidden network parameters (HNPs) of a dense network.

    Parameters
    ----------
    n_inputs : int
        Width of the inputs.
    hidden : sequence of int
        Widths of the hidden layers.

    Returns
    -------
    int
        Weights and biases before the output layer.

    Raises
    ------
    MBHError
        For widths that are no whole numbers from 1 on.

    Examples
    --------
    >>> dense_parameters(784, (300, 100))
    265600
    """
    return sum(n_out * (n_in + 1) for n_out, n_in in layer_shapes(n_inputs, hidden))


def density(n_inputs: int, hidden: Sequence[int], parameters: int) -> float:
    """Share of the hidden *weights* that a network with this many HNPs keeps.

    Parameters
    ----------
    n_inputs : int
        Width of the inputs.
    hidden : sequence of int
        Widths of the hidden layers.
    parameters : int
        Hidden network parameters (HNPs): all biases and the weights that are left.

    Returns
    -------
    float
        In [0, 1]; 1 for a dense network.

    Raises
    ------
    MBHError
        If no network of these widths has so many parameters.

    Notes
    -----
    The density d that the thesis introduces with Definition 2.1, which calls a network sparse where
    many of its weights are zero and leaves open how many. The thesis takes the share of weights and
    biases together; here it is the share of the weights, because no bias is ever pruned.

    Examples
    --------
    >>> density(784, (300, 100), 265_600)
    1.0
    >>> round(density(784, (300, 100), 9_472), 4)
    0.0342
    """
    dense = dense_parameters(n_inputs, hidden)
    n_hidden = sum(hidden)
    if not n_hidden < dense:
        raise MBHError(f"hidden is {hidden!r}; expected at least one hidden layer")
    parameters = require.whole("parameters", parameters, n_hidden, dense)
    return (parameters - n_hidden) / (dense - n_hidden)


def weights_per_layer(shapes: Shapes, parameters: int) -> list[int]:
    """Weights that each hidden layer keeps, so that biases + weights are exactly ``parameters``.

    Parameters
    ----------
    shapes : list of (n_out, n_in)
        Of the hidden layers.
    parameters : int
        Hidden network parameters (HNPs): all biases and the weights that are left.

    Returns
    -------
    list of int
        How many weights each layer keeps.

    Raises
    ------
    MBHError
        If the budget does not fit these shapes.

    Notes
    -----
    Every layer gets the same density of weights; what rounding leaves over goes to the layers that
    lost most by it, and no layer gets fewer weights than it has neurons.

    Examples
    --------
    >>> weights_per_layer([(12, 6), (4, 12)], 76)
    [36, 24]
    """
    shapes = _checked_shapes(shapes)
    n_hidden = sum(n_out for n_out, _ in shapes)
    sizes = np.array([n_out * n_in for n_out, n_in in shapes])
    least = np.array([n_out for n_out, _ in shapes])
    keep = require.whole("parameters", parameters) - n_hidden
    if not least.sum() <= keep <= sizes.sum():
        raise MBHError(
            f"{parameters:,} hidden parameters do not fit hidden layers {[n for n, _ in shapes]}: "
            f"choose between {n_hidden + least.sum():,} (one connection per neuron) and "
            f"{n_hidden + sizes.sum():,} (dense)"
        )
    return _rounded(keep * sizes / sizes.sum(), least, sizes)


def _rounded(share: np.ndarray, least: np.ndarray, most: np.ndarray) -> list[int]:
    """Whole numbers near these, between the limits, and with the same sum."""
    keep = round(share.sum())
    counts = np.maximum(np.floor(share).astype(int), least)
    while counts.sum() < keep:
        counts[np.argmax(np.where(counts < most, share - counts, -np.inf))] += 1
    while counts.sum() > keep:
        counts[np.argmax(np.where(counts > least, counts - share, -np.inf))] -= 1
    return counts.tolist()


def _checked_shapes(shapes: Shapes) -> Shapes:
    expected = "shapes (n_out, n_in), one per hidden layer"
    given = require.listed("shapes", shapes, expected)
    pairs = [tuple(require.listed("a shape in shapes", s, "two numbers")) for s in given]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise MBHError(f"shapes is {shapes!r}; expected {expected}")
    checked = []
    for n_out, n_in in pairs:
        n_out = require.whole("n_out in shapes", n_out, 1)
        n_in = require.whole("n_in in shapes", n_in, 1)
        checked.append((n_out, n_in))
    return checked


def random_masks(shapes: Shapes, parameters: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random unstructured masks; every neuron keeps at least one input.

    Parameters
    ----------
    shapes : list of (n_out, n_in)
        Of the hidden layers.
    parameters : int
        Hidden network parameters (HNPs) that are left, exactly.
    rng : numpy.random.Generator
        Draws the masks.

    Returns
    -------
    list of (n_out, n_in) bool arrays
        True where the connection lives.

    Raises
    ------
    MBHError
        If the budget does not fit these shapes, or the masks do not fit into memory.

    Examples
    --------
    >>> import numpy as np
    >>> masks = random_masks([(12, 6), (4, 12)], 76, np.random.default_rng(0))
    >>> [int(mask.sum()) for mask in masks]
    [36, 24]
    """
    return _drawn_masks(shapes, weights_per_layer(shapes, parameters), rng)


def erdos_renyi_masks(
    shapes: Shapes, parameters: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Random masks with the layer densities of SET; every neuron keeps at least one input.

    Parameters
    ----------
    shapes : list of (n_out, n_in)
        Of the hidden layers.
    parameters : int
        Hidden network parameters (HNPs) that are left, exactly.
    rng : numpy.random.Generator
        Draws the masks.

    Returns
    -------
    list of (n_out, n_in) bool arrays
        True where the connection lives.

    Raises
    ------
    MBHError
        If the budget does not fit these shapes, or the masks do not fit into memory.

    Notes
    -----
    Mocanu et al., *Scalable training of artificial neural networks with adaptive sparse
    connectivity inspired by network science* (2018): a layer has the density
    epsilon (n_in + n_out) / (n_in n_out), at most 1, so that small layers are denser. Epsilon is
    the one that gives the budget; what a full layer cannot take goes to the others.

    Examples
    --------
    >>> import numpy as np
    >>> shapes = layer_shapes(784, (300, 100))
    >>> masks = erdos_renyi_masks(shapes, 9_472, np.random.default_rng(0))
    >>> [int(mask.sum()) for mask in masks], [round(float(mask.mean()), 4) for mask in masks]
    ([6627, 2445], [0.0282, 0.0815])
    """
    weights_per_layer(shapes, parameters)  # whether the budget fits
    shapes = _checked_shapes(shapes)
    keep = parameters - sum(n_out for n_out, _ in shapes)
    sizes = np.array([n_out * n_in for n_out, n_in in shapes])
    neurons = np.array([n_out + n_in for n_out, n_in in shapes])
    is_full = np.zeros(len(sizes), dtype=bool)
    share = keep * neurons / neurons.sum()
    while (over := (share > sizes) & ~is_full).any():
        is_full |= over
        rest = np.where(is_full, 0, neurons)
        left = keep - sizes[is_full].sum()
        share = np.where(is_full, sizes, left * rest / max(rest.sum(), 1))
    least = np.array([n_out for n_out, _ in shapes])
    return _drawn_masks(shapes, _rounded(share, least, sizes), rng)


def _drawn_masks(
    shapes: Shapes, counts: Sequence[int], rng: np.random.Generator
) -> list[np.ndarray]:
    """Masks with so many connections each, at random."""
    expected = "a generator of random numbers: numpy.random.default_rng(0)"
    require.kind_of("rng", rng, np.random.Generator, expected)
    shapes = _checked_shapes(shapes)
    entries = sum(n_out * n_in for n_out, n_in in shapes)
    if entries > MOST_ENTRIES:
        raise MBHError(
            f"shapes {require.shown(shapes)} have {entries:,} entries, which do not fit into memory"
        )
    return [_top(rng.random(shape), count) for shape, count in zip(shapes, counts, strict=True)]


def magnitude_masks(weights: Sequence[ArrayLike], parameters: int) -> list[np.ndarray]:
    """One-shot magnitude masks: each layer keeps its largest \\|w\\|.

    Parameters
    ----------
    weights : list of (n_out, n_in) arrays
        The hidden layers' weights.
    parameters : int
        Hidden network parameters (HNPs) that are left, exactly.

    Returns
    -------
    list of (n_out, n_in) bool arrays
        True where the connection lives. Every neuron keeps at least its strongest input.

    Raises
    ------
    MBHError
        If the budget does not fit these layers.

    Notes
    -----
    The one-shot magnitude pruning of sections 2.2 and 2.3 of the thesis, layer by layer.

    Examples
    --------
    >>> magnitude_masks([[[0.5, -2.0, 0.1], [0.3, 0.2, 0.1]]], parameters=5)[0].astype(int)
    array([[1, 1, 0],
           [1, 0, 0]])
    """
    given = require.listed("weights", weights, "weight matrices, one per hidden layer")
    weights = [require.numbers("weights", w, (None, None)) for w in given]
    counts = weights_per_layer([w.shape for w in weights], parameters)
    return [_top(np.abs(w), count) for w, count in zip(weights, counts, strict=True)]


def pruned_further(
    weights: Sequence[ArrayLike], masks: Sequence[ArrayLike], counts: Sequence[int]
) -> list[np.ndarray]:
    """Masks of the next round of magnitude pruning: of what lives, each layer keeps its largest.

    Parameters
    ----------
    weights : sequence of (n_out, n_in) arrays
        Of the trained layers; the output layer may be among them.
    masks : sequence of (n_out, n_in) bool arrays
        Under which they were trained.
    counts : sequence of int
        How many weights each layer keeps: no fewer than it has units, no more than live.

    Returns
    -------
    list of (n_out, n_in) bool arrays
        Each within the given mask. Every unit keeps at least its strongest input.

    Raises
    ------
    MBHError
        If weights, masks and counts do not go together.

    Notes
    -----
    One round of the iterative magnitude pruning of Frankle & Carbin (2019), of which section 2.3 of
    the thesis says that it finds better tickets than pruning in one shot.

    Examples
    --------
    >>> weights = [[[0.5, -2.0, 0.1], [0.3, 0.2, 0.1]]]
    >>> masks = [[[True, True, True], [True, True, False]]]
    >>> pruned_further(weights, masks, [4])[0].astype(int)
    array([[1, 1, 0],
           [1, 1, 0]])
    """
    layers = [
        require.numbers("weights", w, (None, None))
        for w in require.listed("weights", weights, "weight matrices, one a layer")
    ]
    live = [require.bits("masks", m) for m in require.listed("masks", masks, "masks, one a layer")]
    numbers = require.listed("counts", counts, "whole numbers, one a layer")
    if not [w.shape for w in layers] == [m.shape for m in live] or len(numbers) != len(layers):
        raise MBHError(
            f"weights {[w.shape for w in layers]}, masks {[m.shape for m in live]} and "
            f"{len(numbers)} counts do not go together: give one of each for every layer"
        )
    further = []
    for weight, mask, number in zip(layers, live, numbers, strict=True):
        count = require.whole("a number in counts", number, len(mask), int(mask.sum()))
        if not mask.any(axis=1).all():
            raise MBHError("masks hold a unit without any input; every unit needs at least one")
        further.append(_top(np.where(mask, np.abs(weight), -1.0), count))
    return further


def dead_ends(masks: Sequence[ArrayLike]) -> list[np.ndarray]:
    """Which neurons of each hidden layer have no live path to the last hidden layer.

    Parameters
    ----------
    masks : list of (n_l, n_(l-1)) bool arrays
        Of the hidden layers, each layer taking what the last gives.

    Returns
    -------
    list of (n_l,) bool arrays
        One per layer.

    Notes
    -----
    Such a neuron draws its hyperplane, but changes neither the last layer's pattern nor the output.

    Examples
    --------
    >>> dead_ends([[[1, 1], [0, 1]], [[1, 0]]])
    [array([False,  True]), array([False])]
    """
    given = require.listed("masks", masks, "masks, one per hidden layer")
    found = [require.bits("masks", mask) for mask in given]
    if not found or any(b.shape[1] != len(a) for a, b in zip(found, found[1:], strict=False)):
        raise MBHError(
            f"masks have the shapes {[mask.shape for mask in found]}; expected (n_l, n_(l-1)), "
            "each layer taking what the last gives"
        )
    reaching = [np.ones(len(found[-1]), dtype=bool)]
    for mask in reversed(found[1:]):
        reaching.insert(0, np.logical_or.reduce(mask[reaching[0]], axis=0))
    return [~r for r in reaching]


def _top(score: np.ndarray, count: int) -> np.ndarray:
    """Mask of the ``count`` highest scores.

    A row left empty takes its best entry from the weakest spare one.
    """
    mask = np.zeros(score.shape, dtype=bool)
    mask.flat[np.argsort(-score, axis=None, kind="stable")[:count]] = True
    for row in np.flatnonzero(~mask.any(axis=1)):
        spare = np.where(mask & (mask.sum(axis=1, keepdims=True) > 1), score, np.inf)
        mask.flat[np.argmin(spare)] = False
        mask[row, np.argmax(score[row])] = True
    return mask
