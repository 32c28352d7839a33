"""How evenly patterns are used, and how much they tell of the labels, in bits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.lenses.evolution.counts import (
    PatternCounts,
    given_bits,
    given_counts,
    given_labels,
    joint_counts,
    pattern_counts,
)

#: Above this many distinct patterns per image, mutual information says nothing of the network.
UNINFORMATIVE = 0.5


def entropy(counts: PatternCounts | ArrayLike) -> float:
    """Entropy H of how often each pattern occurs.

    Parameters
    ----------
    counts : PatternCounts or array_like of int, shape (m,)
        Of patterns, or of anything else.

    Returns
    -------
    float
        ``-sum p log2 p`` in bits; 0 for a single pattern.

    Raises
    ------
    MBHError
        For counts below 0, and where nothing was counted.

    Notes
    -----
    The plug-in estimate, as in Hartmann, Franzen and Brodehl (2021). With n images it cannot
    exceed log2 n: where almost every image has a pattern of its own (``pattern_share``), it tells
    the number of images and little else.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.entropy(evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]]))
    1.5
    """
    given = counts.counts if isinstance(counts, PatternCounts) else counts
    values = require.numbers("counts", given, (None,))
    if (values < 0).any() or not values.sum() > 0:
        raise MBHError("counts are to be >= 0, and at least one of them above 0")
    return float(entropies(values))


def entropies(counts: np.ndarray) -> np.ndarray:
    """Entropy in bits along the last axis; an axis without any count has 0."""
    totals = counts.sum(axis=-1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.abs((shares * logs).sum(axis=-1))  # no -0


def max_entropy(counts: PatternCounts) -> float:
    """The largest entropy that so many neurons and images could have.

    Parameters
    ----------
    counts : PatternCounts
        Of one layer.

    Returns
    -------
    float
        ``min(n_l, log2 n)`` in bits.

    Raises
    ------
    MBHError
        For what are no counts.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.max_entropy(evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]]))
    2.0
    """
    counts = given_counts("counts", counts)
    return float(min(counts.n_neurons, np.log2(counts.n_images)))


def relative_entropy(counts: PatternCounts) -> float:
    """Entropy as a share of the largest one that there could be.

    Parameters
    ----------
    counts : PatternCounts
        Of one layer.

    Returns
    -------
    float
        H_rel in [0, 1]; NaN for a single image, whose entropy can only be 0.

    Raises
    ------
    MBHError
        For what are no counts.

    Notes
    -----
    "% max entropy" in the code of Hartmann, Franzen and Brodehl (2021).

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.relative_entropy(evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]]))
    0.75
    """
    most = max_entropy(counts)
    return entropy(counts) / most if most > 0 else float("nan")


class LabelInformation(NamedTuple):
    """What patterns and labels have in common, all in bits.

    Attributes
    ----------
    joint : float
        H(A, Y), the entropy of pairs of a pattern and a label.
    conditional : float
        H(A given Y), what the label leaves open of the pattern.
    information : float
        I(A; Y), what pattern and label tell of each other.
    of_labels : float
        H(Y), which I(A; Y) cannot exceed.
    pattern_share : float
        Distinct patterns per image. Above 0.5 the information says nothing of the network: were
        all patterns distinct, it would be H(Y) whatever the network has learned.
    """

    joint: float
    conditional: float
    information: float
    of_labels: float
    pattern_share: float

    @property
    def is_informative(self) -> bool:
        """Whether few enough images have a pattern of their own."""
        return self.pattern_share <= UNINFORMATIVE


def label_information(bits: ArrayLike, labels: ArrayLike) -> LabelInformation:
    """Joint and conditional entropy, and mutual information, of patterns and labels.

    Parameters
    ----------
    bits : array_like of bool, shape (n, n_l)
        The pattern of each image.
    labels : array_like, shape (n,)
        The class of each image.

    Returns
    -------
    LabelInformation

    Raises
    ------
    MBHError
        For no such patterns, and where there is not one label for each image.

    Notes
    -----
    Hartmann, Franzen and Brodehl (2021) assume that all classes are equally frequent; here they
    are as frequent as in ``labels``, so that ``I = H(A) + H(Y) - H(A, Y)`` holds exactly.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> found = evolution.label_information([[1, 0], [1, 0], [0, 0], [0, 0]], [3, 3, 5, 5])
    >>> found.information, found.conditional, found.of_labels
    (1.0, 0.0, 1.0)
    """
    bits = given_bits("bits", bits)
    classes, n_classes = given_labels(labels, len(bits))
    return information_of(pattern_counts(bits), bits, classes, n_classes)


def information_of(
    counts: PatternCounts, bits: np.ndarray, classes: np.ndarray, n_classes: int
) -> LabelInformation:
    """As :func:`label_information`, for patterns that were counted already."""
    of_labels = float(entropies(np.bincount(classes, minlength=n_classes).astype(float)))
    joint = float(entropies(joint_counts(bits, classes).astype(float)))
    information = max(entropy(counts) + of_labels - joint, 0.0)
    conditional = max(joint - of_labels, 0.0)
    return LabelInformation(joint, conditional, information, of_labels, counts.pattern_share)
