"""Rank maps: one byte for each region, or pixel, tells the blankets of a class at every c_P.

The maximal patterns of a class are the beginnings of one greedy order of constraints (Algorithm 3),
so a region lies in the blanket of the first k of them exactly if the first constraint that it
violates comes later. The number of that constraint, from 0, is the region's *rank*.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mbh_utils.blankets.maximal_pattern import (
    greedy_patterns,
    listed_coverages,
    patterns_in_scope,
)
from mbh_utils.computing import require
from mbh_utils.computing.native import cached
from mbh_utils.errors import MBHError
from mbh_utils.regions.bits import place_of
from mbh_utils.regions.blanket import pattern_masks
from mbh_utils.regions.lines import Line
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern

#: Positions of the sliders for c_P, in rising order.
COVERAGES = tuple(round(0.5 + i / 100, 2) for i in range(51))
#: Rank of a region that violates none of the constraints that a byte can number.
INSIDE = 255
#: Region of a pixel whose centre lies outside of the plane's domain.
OUTSIDE = -1


@dataclass(frozen=True, eq=False)
class Order:
    """The constraints of a phenomenon in the order in which Algorithm 3 takes them.

    Parameters
    ----------
    constraints : DecisionPattern
        As many as the smallest minimum coverage takes.
    coverages : tuple of float
        Minimum coverages c_P.
    lengths : ndarray of int, shape (k,)
        How many of the constraints make the maximal pattern at each of them.
    met : ndarray of float, shape (k,)
        Share of the phenomenon's samples that satisfy that pattern.
    """

    constraints: DecisionPattern
    coverages: tuple[float, ...]
    lengths: np.ndarray
    met: np.ndarray


def class_orders(
    network, samples, coverages: Sequence[float] = COVERAGES, *, labels: Sequence[int] | None = None
) -> dict[int, Order]:
    """The greedy orders of several classes, by one forward pass.

    Parameters
    ----------
    network
        Anything that :func:`mbh_utils.hidden_layers` understands.
    samples : Samples
        With labels.
    coverages : sequence of float
        Minimum coverages c_P in (0, 1].
    labels : sequence of int, optional
        Which classes; by default all that have samples.

    Returns
    -------
    dict of int to Order
        By label.

    Raises
    ------
    MBHError
        As :func:`mbh_utils.maximal_patterns`, and for a class without samples.
    """
    samples = require.samples("samples", samples)
    listed = tuple(listed_coverages(coverages))
    present = np.unique(samples.labels).tolist()
    for label in present if labels is None else labels:
        if label not in present:
            raise MBHError(f"no sample has the label {require.shown(label)}: choose of {present}")
    bits, first = patterns_in_scope(network, samples, "last", True)
    wanted = present if labels is None else list(labels)
    return {c: _order(bits[samples.labels == c], first, listed) for c in wanted}


def order_of(network, samples, coverages: Sequence[float] = COVERAGES) -> Order:
    """The greedy order of one phenomenon, whatever its samples are labelled.

    Parameters
    ----------
    network
        Anything that :func:`mbh_utils.hidden_layers` understands.
    samples : Samples or array_like, shape (n, d)
        Of the phenomenon.
    coverages : sequence of float
        Minimum coverages c_P in (0, 1].

    Returns
    -------
    Order

    Raises
    ------
    MBHError
        As :func:`mbh_utils.maximal_patterns`.
    """
    bits, first = patterns_in_scope(network, samples, "last", True)
    return _order(bits, first, tuple(listed_coverages(coverages)))


def _order(bits: np.ndarray, first: int, coverages: tuple[float, ...]) -> Order:
    found = greedy_patterns(bits, first, coverages)
    lengths = np.array([len(pattern) for pattern in found])
    met = np.array([pattern.coverage for pattern in found])
    return Order(found[int(np.argmax(lengths))], coverages, lengths, met)


# ------------------------------------------------------------------------------------------- ranks


def all_ranks(partition: Partition, orders: Sequence[DecisionPattern]) -> np.ndarray:
    """Rank of every region in each of several greedy orders.

    Parameters
    ----------
    partition : Partition
        Which holds its patterns.
    orders : sequence of DecisionPattern
        Constraints, in their order.

    Returns
    -------
    ndarray of uint16, shape (n_orders, n_regions)
        Number, from 0, of the first constraint that the region violates; the number of constraints
        where it violates none.
    """
    pattern_masks(partition.widths, orders)  # which refuses neurons that the network does not have
    packed = np.ascontiguousarray(partition.packed.T)
    found = np.empty((len(orders), partition.n_regions), np.uint16)
    for ranks, order in zip(found, orders, strict=True):
        word, bit = place_of(partition.widths, order.neurons)
        _first_violated(packed, word, bit, np.where(order.states, bit, np.uint64(0)), ranks)
    return found


def ranks(partition: Partition, order: DecisionPattern) -> np.ndarray:
    """Rank of every region in one greedy order, as bytes.

    Parameters
    ----------
    partition : Partition
        Which holds its patterns.
    order : DecisionPattern
        Constraints, in their order.

    Returns
    -------
    ndarray of uint8, shape (n_regions,)
        Number, from 0, of the first constraint that the region violates; ``INSIDE`` (255) where it
        violates none.

    Raises
    ------
    MBHError
        If there are more than 255 constraints, as a last hidden layer of more neurons may have.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1]], [0, 0])]
    >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
    >>> order = mbh.DecisionPattern([1, 0], [True, False])
    >>> sorted(ranks(regions, order).tolist())
    [0, 0, 1, 255]
    """
    if len(order) > INSIDE:
        raise MBHError(
            f"a byte tells up to {INSIDE} constraints apart, and here are {len(order)}: choose a "
            f"network with at most {INSIDE} neurons in its last hidden layer"
        )
    found = all_ranks(partition, [order])[0]
    return np.where(found == len(order), INSIDE, found).astype(np.uint8)


@cached(nogil=True)
def _first_violated(packed, word, bit, wanted, ranks):
    """packed: (n_words, n). One constraint is packed[word[j]] & bit[j] == wanted[j]."""
    for i in range(packed.shape[1]):
        j = 0
        while j < len(word) and packed[word[j], i] & bit[j] == wanted[j]:
            j += 1
        ranks[i] = j


# ------------------------------------------------------------------------------------------- table


def coverage_table(
    network, samples, partition: Partition, coverages: Sequence[float] = COVERAGES
) -> pd.DataFrame:
    """What the maximal patterns of one phenomenon measure on a plane, at several values of c_P.

    Parameters
    ----------
    network
        Anything that :func:`mbh_utils.hidden_layers` understands.
    samples : Samples or array_like, shape (n, d)
        Of the phenomenon.
    partition : Partition
        Of a plane, by the same network.
    coverages : sequence of float
        Minimum coverages c_P in (0, 1].

    Returns
    -------
    pandas.DataFrame
        coverage, constraints, met (share of the samples that satisfy them), area, share, s; all
        equal to what :meth:`mbh_utils.Partition.blanket` gives.
    """
    order = order_of(network, samples, coverages)
    return order_table(partition, order, all_ranks(partition, [order.constraints])[0])


def order_table(partition: Partition, order: Order, ranks: np.ndarray) -> pd.DataFrame:
    """The table of :func:`coverage_table` for a greedy order whose ranks are known.

    Parameters
    ----------
    partition : Partition
        Which holds its areas.
    order : Order
        As :func:`class_orders` makes it.
    ranks : ndarray, shape (n_regions,)
        As a row of :func:`all_ranks`.

    Returns
    -------
    pandas.DataFrame
        coverage, constraints, met, area, share, s.
    """
    areas = {int(n): float(partition.areas[ranks >= n].sum()) for n in np.unique(order.lengths)}
    area = np.array([areas[n] for n in order.lengths.tolist()])
    # Rounding may lift the sum over the domain.
    share = np.minimum(area / partition.plane.area, 1.0)
    columns = {
        "coverage": order.coverages,
        "constraints": order.lengths,
        "met": order.met,
        "area": area,
        "share": share,
        "s": 1 - share,
    }
    return pd.DataFrame(columns)


# ------------------------------------------------------------------------------------------ pixels


def window(plane) -> tuple[np.ndarray, float]:
    """The square that pixels are laid over: its lower left corner, and its side.

    Parameters
    ----------
    plane : Plane
        Its domain lies in the middle.

    Returns
    -------
    low : ndarray, shape (2,)
        In plane coordinates.
    side : float
        The longer side of the rectangle around the domain.
    """
    side = float((plane.high - plane.low).max())
    return (plane.low + plane.high - side) / 2, side


def pixel_centres(plane, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Plane coordinates of the centres of a picture's columns, and of its rows from the top.

    Parameters
    ----------
    plane : Plane
        Which the picture shows.
    pixels : int
        Along each side.

    Returns
    -------
    u, v : ndarray, shape (pixels,)
        u rises, v falls.
    """
    low, side = window(plane)
    middle = (np.arange(pixels) + 0.5) * (side / pixels)
    return low[0] + middle, (low[1] + middle)[::-1].copy()


def pixel_regions(partition: Partition, pixels: int) -> np.ndarray:
    """The region that the centre of each pixel of a square picture lies in.

    Parameters
    ----------
    partition : Partition
        Of a plane, with its polygons.
    pixels : int
        Along each side.

    Returns
    -------
    ndarray of int32, shape (pixels, pixels)
        Number of the region, ``OUTSIDE`` (-1) outside of the domain. The first row is the top.

    Raises
    ------
    MBHError
        For a line, and where polygons were not kept.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1]], [0, 0])]
    >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
    >>> found = pixel_regions(regions, 4)
    >>> regions.patterns[found[0]].astype(int).tolist()
    [[0, 1], [0, 1], [1, 1], [1, 1]]
    """
    expected = "a partition, as partition_input_space makes it"
    require.kind_of("partition", partition, Partition, expected)
    if isinstance(partition.plane, Line):
        raise MBHError("the picture of a line has no pixels: partition a plane")
    pixels = require.whole("pixels", pixels, 1, 4096)
    u, v = pixel_centres(partition.plane, pixels)
    found = np.full((pixels, pixels), OUTSIDE, np.int32)
    size = window(partition.plane)[1] / pixels
    _fill(partition.corners, partition.offsets, u, v, size, found)
    # Between two polygons rounding may leave a crack, and a centre may lie in it.
    rows, columns = np.nonzero(found == OUTSIDE)
    if len(rows):
        uv = np.column_stack([u[columns], v[rows]])
        left_out = partition.plane.contains(uv)
        inside = uv[left_out]
        if len(inside):
            found[rows[left_out], columns[left_out]] = partition.locate(inside)
    return found


@cached(error_model="numpy", nogil=True)
def _fill(corners, offsets, u, v, size, found):
    """Number the pixels of a size whose centre (u[column], v[row]) lies in each convex polygon."""
    n_rows, n_columns = found.shape
    for region in range(len(offsets) - 1):
        start, stop = offsets[region], offsets[region + 1]
        lowest, highest = corners[start, 1], corners[start, 1]
        for k in range(start, stop):
            lowest = min(lowest, corners[k, 1])
            highest = max(highest, corners[k, 1])
        first = max(int(np.ceil((v[0] - highest) / size)), 0)
        last = min(int(np.floor((v[0] - lowest) / size)), n_rows - 1)
        for row in range(first, last + 1):
            left, right = _crossing(corners, start, stop, v[row])
            if left > right:
                continue
            begin = max(int(np.ceil((left - u[0]) / size)), 0)
            end = min(int(np.floor((right - u[0]) / size)), n_columns - 1)
            for column in range(begin, end + 1):
                found[row, column] = region


@cached(error_model="numpy", nogil=True)
def _crossing(corners, start, stop, height):
    """Where a horizontal line enters and leaves a convex polygon; (inf, -inf) where it misses."""
    left, right = np.inf, -np.inf
    for k in range(start, stop):
        n = k + 1 if k + 1 < stop else start
        x, y = corners[k, 0], corners[k, 1]
        to_x, to_y = corners[n, 0], corners[n, 1]
        if (y <= height) != (to_y <= height):
            at = x + (to_x - x) * ((height - y) / (to_y - y))
            left = min(left, at)
            right = max(right, at)
    return left, right
