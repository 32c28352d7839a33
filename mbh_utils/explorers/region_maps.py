"""Region maps: which region each pixel lies in, in few bytes, for pages that colour regions.

The pixels are read row by row, as one long row. Runs of pixels of one region are kept: how long
each is, and what its region is; most runs have the region of the pixel above their first one.
``decodeMap`` of ``assets/runs.js`` reads them.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.explorers.packing import pack
from mbh_utils.explorers.rank_maps import OUTSIDE, pixel_regions, window
from mbh_utils.regions.partition import Partition

#: What a run's number is: that of the run before (which got too long for a byte), of the pixel
#: above its first one, of the one to the right of that, the next new one, or one of the others.
SAME, ABOVE, ABOVE_RIGHT, NEW, OTHER = range(5)
#: The longest run that a byte can tell.
_LONGEST = 255
#: Regions whose numbers two bytes can tell, with one for what lies outside.
_MOST = 2**16 - 2


@dataclass(frozen=True, eq=False)
class RegionMap:
    """The regions of a partition that pixels see, numbered in the order of their first pixels.

    Parameters
    ----------
    pixels : ndarray of int32, shape (n, n)
        Number of each pixel's region, from 0; the first row is the top. Pixels outside of the
        plane's domain have the number ``len(regions)``.
    regions : ndarray of int64, shape (n_seen,)
        Which region of the partition has each number. Regions between the pixels are left out.
    """

    pixels: np.ndarray
    regions: np.ndarray

    @property
    def packed(self) -> dict:
        """As a page holds it: lengths and kinds of runs, and the numbers that kinds do not tell."""
        lengths, kinds, others = encoded(self.pixels)
        return {"lengths": pack(lengths), "kinds": pack(kinds), "others": pack(others)}


def region_map(partition: Partition, pixels: int) -> RegionMap:
    """What pixels see of a partition.

    Parameters
    ----------
    partition : Partition
        Of a plane, with its polygons.
    pixels : int
        Along each side of the picture.

    Returns
    -------
    RegionMap

    Raises
    ------
    MBHError
        As :func:`pixel_regions`, and for more regions than two bytes can tell apart.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1]], [0, 0])]
    >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
    >>> region_map(regions, 4).pixels.tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    """
    seen = _numbered(pixel_regions(partition, pixels))
    if (n := len(seen.regions)) > _MOST:
        raise MBHError(f"the picture sees {n} regions, and up to {_MOST} can be told apart")
    return seen


def group_map(partition: Partition, groups: np.ndarray, pixels: int) -> RegionMap:
    """What pixels see of groups of regions, such as those that lie in the same blankets.

    Parameters
    ----------
    partition : Partition
        Of a plane, with its polygons.
    groups : ndarray of int, shape (n_regions,)
        The group of each region, from 0.
    pixels : int
        Along each side of the picture.

    Returns
    -------
    RegionMap
        Whose ``regions`` are groups.

    Raises
    ------
    MBHError
        As :func:`pixel_regions`.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1]], [0, 0])]
    >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
    >>> is_right = regions.patterns[:, 0].astype(int)
    >>> seen = group_map(regions, is_right, 2)
    >>> seen.pixels.tolist(), seen.regions.tolist()
    ([[0, 1], [0, 1]], [0, 1])
    """
    found = pixel_regions(partition, pixels)
    return _numbered(np.where(found == OUTSIDE, OUTSIDE, np.asarray(groups)[found]))


def _numbered(found: np.ndarray) -> RegionMap:
    """Numbers of pixels, or ``OUTSIDE``, in the order of their first appearance."""
    values, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    is_region = values != OUTSIDE
    order = np.argsort(np.where(is_region, first, found.size), kind="stable")
    numbers = np.empty(len(values), np.int32)
    numbers[order] = np.arange(len(values))
    seen = values[order][: int(is_region.sum())]
    return RegionMap(numbers[inverse].reshape(found.shape), seen.astype(np.int64))


def encoded(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of pixels, from 0 in the order of their first appearance, as runs.

    Parameters
    ----------
    numbers : ndarray of int, shape (n, m)
        Row by row. The largest number may be out of the order: that of pixels outside.

    Returns
    -------
    lengths : ndarray of uint8
        Of the runs.
    kinds : ndarray of uint8
        ``SAME``, ``ABOVE``, ``ABOVE_RIGHT``, ``NEW`` or ``OTHER`` for each run.
    others : ndarray of uint16, or of uint32 where two bytes do not hold the largest number
        The numbers of the runs of kind ``OTHER``.

    Examples
    --------
    >>> lengths, kinds, others = encoded(np.array([[0, 0, 1], [0, 2, 1], [1, 0, 1]]))
    >>> lengths.tolist(), kinds.tolist(), others.tolist()
    ([2, 1, 1, 1, 2, 1, 1], [3, 3, 1, 4, 1, 4, 1], [2, 0])
    """
    flat = require.array("numbers", numbers).ravel()
    width = numbers.shape[1]
    starts = np.flatnonzero(np.diff(flat, prepend=-1))
    n_pixels = np.diff(starts, append=len(flat))
    value = flat[starts]
    largest = flat.max(initial=0)
    highest = np.maximum.accumulate(np.where(flat == largest, -1, flat))
    kind = np.full(len(starts), OTHER, np.uint8)
    for name, step in ((ABOVE_RIGHT, width - 1), (ABOVE, width)):
        has_above = starts >= step
        kind[has_above] = np.where(
            value[has_above] == flat[starts[has_above] - step], name, kind[has_above]
        )
    is_next = value == np.concatenate([[-1], highest[:-1]])[starts] + 1
    kind[is_next & (value != largest)] = NEW
    # A run that is too long for a byte goes on in runs of kind SAME.
    pieces = -(-n_pixels // _LONGEST)
    last = np.cumsum(pieces) - 1
    lengths = np.full(int(pieces.sum()), _LONGEST, np.uint8)
    lengths[last] = n_pixels - (pieces - 1) * _LONGEST
    kinds = np.full(len(lengths), SAME, np.uint8)
    kinds[last - pieces + 1] = kind
    return lengths, kinds, value[kind == OTHER].astype(np.uint16 if largest < 2**16 else np.uint32)


def repeats(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where values appear first, and which of those each of them repeats.

    Parameters
    ----------
    values : ndarray of int, shape (n,)
        Such as which pattern each region has.

    Returns
    -------
    first : ndarray of int, shape (k,)
        Indices of the first appearances, in rising order.
    repeated : ndarray of uint16, shape (n,)
        0 where a value is new; else 1 + the number of its first appearance among ``first``.

    Examples
    --------
    >>> first, repeated = repeats(np.array([7, 5, 7, 6, 5]))
    >>> first.tolist(), repeated.tolist()
    ([0, 1, 3], [0, 0, 1, 0, 2])
    """
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))[inverse]
    is_first = np.zeros(len(values), bool)
    is_first[first] = True
    return np.sort(first), np.where(is_first, 0, number + 1).astype(np.uint16)


def pattern_hashes(patterns: np.ndarray) -> np.ndarray:
    """A byte for each pattern, equal for equal patterns: what gives a region its colour.

    Parameters
    ----------
    patterns : ndarray of uint64, shape (n, n_words)
        As ``Partition.packed``.

    Returns
    -------
    ndarray of uint8, shape (n,)
    """
    little = np.ascontiguousarray(patterns, "<u8")
    bytes_of = (hashlib.blake2b(row.tobytes(), digest_size=1).digest()[0] for row in little)
    return np.fromiter(bytes_of, np.uint8, len(little))


def places(plane) -> list[list[float]]:
    """Where a plane's spanning images lie in a picture of side 1: from the left, from the top."""
    if plane.spanning is None:
        return []
    low, side = window(plane)
    at = (plane.spanning - low) / side
    return [[round(float(u), 5), round(1 - float(v), 5)] for u, v in at]


def names_of_places(spanning) -> list[str]:
    """What a plane's spanning images show, one text each. Raises MBHError for anything else."""
    names = require.listed("spanning", spanning, "texts, one for each spanning image")
    return [require.kind_of("a member of spanning", name, str, "a text") for name in names]
