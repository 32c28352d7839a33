"""Data sets: samples, their labels and the limits of the input space (sections 4.1 and 6.1)."""

from mbh_utils.datasets.arrays import from_arrays
from mbh_utils.datasets.catalogue import NAMES, describe, load, title, xor_with_outliers
from mbh_utils.datasets.few import SMALL, small
from mbh_utils.datasets.halves import HALVES, halves
from mbh_utils.datasets.samples import STANDARDISED, Dataset, Samples

__all__ = [
    "HALVES",
    "NAMES",
    "SMALL",
    "STANDARDISED",
    "Dataset",
    "Samples",
    "describe",
    "from_arrays",
    "halves",
    "load",
    "small",
    "title",
    "xor_with_outliers",
]
