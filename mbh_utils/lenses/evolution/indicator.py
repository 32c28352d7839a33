"""OUI, an indicator of over- and underfitting: how far activation patterns of images differ."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.lenses.evolution.counts import given_bits, given_labels

#: Random pairs at most; more tell nothing new, and all pairs are quicker then.
MOST_PAIRS = 10**6

#: Images of which all pairs with the others are looked at together.
_ROWS = 1_024


def oui(
    bits: ArrayLike, widths: Sequence[int], *, pairs: int | None = None, seed: int = 0
) -> float:
    """Overfitting-Underfitting Indicator: how far patterns of two images differ in the mean.

    Parameters
    ----------
    bits : array_like of bool, shape (n, n_hidden)
        The activation pattern of each image over all layers, as
        :func:`mbh_utils.activation_patterns` makes it.
    widths : sequence of int
        Neurons of each layer; they sum to n_hidden.
    pairs : int, optional
        So many random pairs of different images; by default all pairs.
    seed : int, default 0
        Which random pairs.

    Returns
    -------
    float
        Mean over pairs and layers of ``min(Hamming, n_l / 2) / (n_l / 2)``: 0 where all images
        have the same pattern, 1 where all pairs differ in half of the neurons or more.

    Raises
    ------
    MBHError
        For no such patterns, widths that do not sum to their neurons, and fewer than two images.

    See Also
    --------
    oui_by_class : The same within classes and between them.

    Notes
    -----
    Fernandez-Hernandez, Mestre, Dolz, Duato and Quintana-Orti, *OUI Need to Talk About Weight
    Decay* (arXiv 2504.17160, 2025): networks generalise best where it is from .6 to .8. They halve
    the width and round it down, which leaves nothing to divide by in a layer of one neuron; here it
    is halved exactly.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.oui([[1, 1, 0, 0], [1, 0, 0, 0]], [4])  # one neuron of four: half of two
    0.5
    >>> evolution.oui([[1, 1, 0, 0], [1, 0, 0, 0]], [2, 2])
    0.5
    """
    bits, layers = _given(bits, widths)
    seed = require.whole("seed", seed, 0)
    if pairs is None:
        one_class = np.zeros(len(bits), dtype=np.intp)
        return float(np.mean([_class_means(bits[:, layer], one_class, 1) for layer in layers]))
    pairs = require.whole("pairs", pairs, 1, MOST_PAIRS)
    rng = stream(seed, "image_pairs")
    first = rng.integers(len(bits), size=pairs)
    second = (first + rng.integers(1, len(bits), size=pairs)) % len(bits)
    differ = bits[first] != bits[second]
    return float(np.mean([_capped(differ[:, layer].mean(axis=1)).mean() for layer in layers]))


class ClassOUI(NamedTuple):
    """OUI of all pairs of images, and of those of one class or of different ones.

    Attributes
    ----------
    all : float
        Of all pairs, as :func:`oui`.
    within : float
        Of pairs of images of one class, mean over classes.
    between : float
        Of pairs of images of different classes, mean over pairs of classes.
    """

    all: float
    within: float
    between: float


def oui_by_class(bits: ArrayLike, widths: Sequence[int], labels: ArrayLike) -> ClassOUI:
    """OUI within classes and between them.

    Parameters
    ----------
    bits : array_like of bool, shape (n, n_hidden)
        The activation pattern of each image over all layers.
    widths : sequence of int
        Neurons of each layer; they sum to n_hidden.
    labels : array_like, shape (n,)
        The class of each image.

    Returns
    -------
    ClassOUI
        ``within`` is NaN where no class has two images, ``between`` where there is one class.

    Raises
    ------
    MBHError
        As :func:`oui`, and where there is not one label for each image.

    Notes
    -----
    Specialization is a property of a class, OUI of all images. This is OUI of the images of one
    class, a mean over the classes, so that each class weighs the same however many images it has.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> bits = [[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 1], [0, 1, 1, 0]]
    >>> evolution.oui_by_class(bits, [4], [0, 0, 1, 1])
    ClassOUI(all=0.75, within=0.25, between=1.0)
    """
    bits, layers = _given(bits, widths)
    classes, n_classes = given_labels(labels, len(bits))
    return mean_oui([layer_oui(bits[:, layer], classes, n_classes) for layer in layers])


def mean_oui(of_layers: Sequence[ClassOUI]) -> ClassOUI:
    """The mean over layers."""
    return ClassOUI(*np.mean(of_layers, axis=0).tolist())


def layer_oui(bits: np.ndarray, classes: np.ndarray, n_classes: int) -> ClassOUI:
    """OUI of one layer, of images whose classes are numbered from 0."""
    means, n_pairs = _class_sums(bits, classes, n_classes)
    total = float(means.sum() / n_pairs.sum())
    of_pairs = np.divide(means, n_pairs, out=np.full_like(means, np.nan), where=n_pairs > 0)
    within = np.diag(of_pairs)
    between = of_pairs[~np.eye(n_classes, dtype=bool)]
    return ClassOUI(total, _mean_of_known(within), _mean_of_known(between))


def _mean_of_known(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _class_means(bits: np.ndarray, classes: np.ndarray, n_classes: int) -> float:
    sums, n_pairs = _class_sums(bits, classes, n_classes)
    return float(sums.sum() / n_pairs.sum())


def _class_sums(
    bits: np.ndarray, classes: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over all ordered pairs of images by their two classes, and how many pairs there are."""
    states = np.where(bits, np.float32(1), np.float32(-1))
    member = (classes[:, None] == np.arange(n_classes)).astype(float)
    sums = np.zeros((n_classes, n_classes))
    for start in range(0, len(bits), _ROWS):
        some = slice(start, start + _ROWS)
        equal_less_unequal = states[some] @ states.T  # whole numbers, exact in float32
        share = (bits.shape[1] - equal_less_unequal) / (2 * bits.shape[1])
        sums += member[some].T @ (_capped(share) @ member)
    sizes = member.sum(axis=0)
    return sums, np.outer(sizes, sizes) - np.diag(sizes)


def _capped(share_of_neurons: np.ndarray) -> np.ndarray:
    """Of a share of a layer's neurons that differ: 1 from a half on."""
    return np.minimum(2 * share_of_neurons, 1)


def _given(bits: ArrayLike, widths: Sequence[int]) -> tuple[np.ndarray, list[slice]]:
    """The patterns of two images at least, and where each layer's neurons are."""
    bits = given_bits("bits", bits)
    widths = require.listed("widths", widths, "the numbers of neurons of the layers")
    widths = [require.whole("a width in widths", width, 1) for width in widths]
    if sum(widths) != bits.shape[1]:
        raise MBHError(
            f"widths sum to {sum(widths)}, but the patterns are of {bits.shape[1]} neurons"
        )
    if len(bits) < 2:
        raise MBHError("bits has one image; OUI compares pairs of images: give two at least")
    ends = np.cumsum(widths)
    return bits, [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]
