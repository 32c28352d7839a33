"""Data sets: samples, their labels and the limits of the input space (sections 4.1 and 6.1)."""

from mbh_utils.datasets.arrays import from_arrays
from mbh_utils.datasets.catalogue import NAMES, describe, load, title, xor_with_outliers
from mbh_utils.datasets.few import SMALL, small
from mbh_utils.datasets.halves import HALVES, halves
from mbh_utils.datasets.noisy import (
    NOISE,
    SHUFFLED,
    TRAIN,
    noisy_labels,
    noisy_name,
    shuffled_labels,
    training_subset,
)
from mbh_utils.datasets.samples import STANDARDISED, Dataset, Samples

__all__ = [
    "HALVES",
    "NAMES",
    "NOISE",
    "SHUFFLED",
    "SMALL",
    "STANDARDISED",
    "TRAIN",
    "Dataset",
    "Samples",
    "describe",
    "from_arrays",
    "halves",
    "load",
    "noisy_labels",
    "noisy_name",
    "shuffled_labels",
    "small",
    "title",
    "training_subset",
    "xor_with_outliers",
]
