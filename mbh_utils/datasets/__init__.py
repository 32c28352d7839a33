"""Data sets: samples, their labels and the limits of the input space (thesis, sections 4.1 and 6.1)."""

from mbh_utils.datasets.samples import (
    NAMES,
    STANDARDISED,
    Dataset,
    Samples,
    describe,
    from_arrays,
    load,
    xor_with_outliers,
)

__all__ = [
    "NAMES",
    "STANDARDISED",
    "Dataset",
    "Samples",
    "describe",
    "from_arrays",
    "load",
    "xor_with_outliers",
]
