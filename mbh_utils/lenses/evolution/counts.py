"""How often each activation pattern occurs: exact counts, and the same patterns in two counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.bits import unpack


@dataclass(frozen=True, eq=False)
class PatternCounts:
    """The distinct patterns of some images, and how many images have each.

    Attributes
    ----------
    packed : ndarray of uint8, shape (m, ceil(n_neurons / 8))
        The distinct patterns, in ascending order; the first neuron is in the highest bit.
    counts : ndarray of int, shape (m,)
        Images that have each of them, at least one.
    n_neurons : int
        Of how many neurons the patterns are.

    Notes
    -----
    Counts of the same neurons at two iterations of training can be compared, see :func:`jaccard`.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> found = evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]])
    >>> found
    PatternCounts(3 patterns of 2 neurons, 4 images)
    >>> found.patterns.astype(int).tolist(), found.counts.tolist()
    ([[0, 0], [1, 0], [1, 1]], [1, 2, 1])
    """

    packed: np.ndarray
    counts: np.ndarray
    n_neurons: int

    @property
    def patterns(self) -> np.ndarray:
        """The distinct patterns, bool (m, n_neurons)."""
        return unpack(self.packed, self.n_neurons)

    @property
    def n_images(self) -> int:
        """How many images were counted."""
        return int(self.counts.sum())

    @property
    def distinct(self) -> int:
        """How many distinct patterns there are."""
        return len(self.counts)

    @property
    def pattern_share(self) -> float:
        """Distinct patterns per image: 1 where every image has a pattern of its own."""
        return self.distinct / self.n_images

    @property
    def top_share(self) -> float:
        """Share of the images that have the most frequent pattern."""
        return int(self.counts.max()) / self.n_images

    def __repr__(self) -> str:
        patterns = f"{self.distinct:,} patterns of {self.n_neurons:,} neurons"
        return f"PatternCounts({patterns}, {self.n_images:,} images)"


def pattern_counts(bits: ArrayLike) -> PatternCounts:
    """Count the distinct patterns of some images, exactly.

    Parameters
    ----------
    bits : array_like of bool, shape (n, n_l)
        The pattern of each image, such as :func:`mbh_utils.layer_patterns` makes it.

    Returns
    -------
    PatternCounts

    Raises
    ------
    MBHError
        For what is no such array, and without images or neurons.

    Notes
    -----
    Hartmann, Franzen and Brodehl (Frontiers in Artificial Intelligence 4:642374, 2021) hash the
    patterns and tolerate collisions; with some 10,000 images exact counts are cheaper. A neuron is
    active above a pre-activation of 0 there, as in :func:`mbh_utils.activation_patterns`; the
    thesis counts it as active at exactly 0 too.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]]).pattern_share
    0.75
    """
    bits = given_bits("bits", bits)
    packed = np.packbits(bits, axis=1)
    rows, counts = np.unique(_as_rows(packed), return_counts=True)
    return PatternCounts(_as_bytes(rows, packed.shape[1]), counts, bits.shape[1])


def given_bits(name: str, given: ArrayLike) -> np.ndarray:
    """Patterns (n, n_l) bool of at least one image and one neuron."""
    bits = require.bits(name, given)
    if not bits.size:
        raise MBHError(f"{name} has shape {bits.shape}; expected at least one image and one neuron")
    return bits


def given_labels(labels: ArrayLike, n_images: int) -> tuple[np.ndarray, int]:
    """A class 0, 1, ... for each image, in the order of the labels, and how many there are."""
    values = require.array("labels", labels)
    if values.shape != (n_images,):
        raise MBHError(
            f"labels have shape {values.shape}; expected one label for each of the {n_images:,} "
            "images"
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise MBHError("labels hold NaN or infinite values; expected one class for each image")
    classes, of_images = np.unique(values, return_inverse=True)
    return of_images, len(classes)


def given_counts(name: str, given) -> PatternCounts:
    """What :func:`pattern_counts` made."""
    return require.kind_of(name, given, PatternCounts, "counts, as pattern_counts makes them")


def joint_counts(bits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How often each pair of a pattern and a class occurs, for those that do."""
    packed = np.packbits(bits, axis=1)
    of_class = classes.astype("<u4").view(np.uint8).reshape(len(classes), 4)
    pairs = _as_rows(np.concatenate([packed, of_class], axis=1))
    return np.unique(pairs, return_counts=True)[1]


def aligned(
    a: PatternCounts, b: PatternCounts, names: tuple[str, str] = ("a", "b")
) -> tuple[np.ndarray, np.ndarray]:
    """Counts of the patterns that occur in either: 0 where a pattern occurs in the other only."""
    if a.n_neurons != b.n_neurons:
        raise MBHError(
            f"{names[0]} counts patterns of {a.n_neurons:,} neurons and {names[1]} of "
            f"{b.n_neurons:,}: compare the same layer at two iterations"
        )
    rows = np.concatenate([_as_rows(a.packed), _as_rows(b.packed)])
    distinct, places = np.unique(rows, return_inverse=True)
    both = np.zeros((2, len(distinct)), dtype=np.int64)
    both[0, places[: a.distinct]] = a.counts
    both[1, places[a.distinct :]] = b.counts
    return both[0], both[1]


def _as_rows(packed: np.ndarray) -> np.ndarray:
    """Each row of bytes as one value, which numpy compares byte by byte."""
    return np.ascontiguousarray(packed).view(f"V{packed.shape[1]}")[:, 0]


def _as_bytes(rows: np.ndarray, width: int) -> np.ndarray:
    return rows.view(np.uint8).reshape(-1, width)
