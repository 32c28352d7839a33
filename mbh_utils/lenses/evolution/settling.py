"""When layers settle, in which order, and whether a curve has a dip in between."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kendalltau

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError

#: Bootstrap resamples of the seeds.
RESAMPLES = 4_000


def settling_time(iterations: Sequence[int], similarity: ArrayLike, threshold: float) -> float:
    """First iteration from which on a similarity to the final state stays at a threshold or above.

    Parameters
    ----------
    iterations : sequence of int
        When it was measured, in ascending order.
    similarity : array_like, shape (len(iterations),)
        Such as kappa to the final network. NaN counts as below every threshold.
    threshold : float
        Theta.

    Returns
    -------
    float
        One of the iterations; NaN where the last value is below the threshold, or NaN.

    Raises
    ------
    MBHError
        For iterations that do not ascend, and for another number of values.

    Notes
    -----
    tau_l(theta) of one layer. It is known as finely as there were measurements.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.settling_time([0, 10, 100, 1000], [0.1, 0.6, 0.4, 1.0], 0.5)
    1000.0
    >>> evolution.settling_time([0, 10, 100, 1000], [0.1, 0.6, 0.7, 1.0], 0.5)
    10.0
    """
    times = require.numbers("iterations", iterations, (None,))
    if not len(times) or (np.diff(times) <= 0).any():
        raise MBHError("iterations are to ascend, and there must be at least one")
    values = require.array("similarity", similarity).astype(float)
    if values.shape != times.shape:
        raise MBHError(
            f"similarity has shape {values.shape}; expected one value for each of the "
            f"{len(times)} iterations"
        )
    threshold = require.number("threshold", threshold)
    below = np.flatnonzero(~(values >= threshold))
    first = below[-1] + 1 if len(below) else 0
    return float(times[first]) if first < len(times) else float("nan")


class BottomUp(NamedTuple):
    """Whether lower layers settle first.

    Attributes
    ----------
    index : float
        Mean over seeds of Kendall's tau between depth and settling time: 1 where each layer
        settles before the next one, -1 where it is the other way round.
    low, high : float
        Bootstrap 95 % interval over seeds.
    of_seeds : tuple of float
        The tau of each seed.
    """

    index: float
    low: float
    high: float
    of_seeds: tuple[float, ...]


def bottom_up_index(times: ArrayLike) -> BottomUp:
    """Whether lower layers settle before higher ones.

    Parameters
    ----------
    times : array_like, shape (seeds, layers)
        Settling time of each layer, from the first layer to the last, of each seed. NaN is later
        than everything.

    Returns
    -------
    BottomUp

    Raises
    ------
    MBHError
        For no such array, and for fewer than two layers.

    Notes
    -----
    Kendall's tau-b. Where all layers of a seed settle at the same milestone, no order is seen and
    its tau is 0. With two layers tau is no more than a sign. The claim behind it is that of
    Hartmann, Franzen and Brodehl (2021): most architectures form their patterns bottom-up.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.bottom_up_index([[10, 20, 50], [10, 50, 100]]).index
    1.0
    """
    times = require.array("times", times).astype(float)
    if times.ndim != 2 or not len(times) or times.shape[1] < 2:
        raise MBHError(
            f"times have shape {times.shape}; expected (seeds, layers) with two layers or more"
        )
    times = np.where(np.isnan(times), np.inf, times)
    of_seeds = np.array([_order(one) for one in times])
    drawn = stream(0, "bootstrap").integers(len(times), size=(RESAMPLES, len(times)))
    low, high = np.percentile(of_seeds[drawn].mean(axis=1), (2.5, 97.5))
    return BottomUp(float(of_seeds.mean()), float(low), float(high), tuple(of_seeds.tolist()))


def _order(times: np.ndarray) -> float:
    """Kendall's tau of one network's settling times with depth."""
    if (times == times[0]).all():
        return 0.0
    tau, _ = kendalltau(np.arange(len(times)), times)
    return float(np.asarray(tau))


class Dip(NamedTuple):
    """The deepest place between the ends of a curve.

    Attributes
    ----------
    place : int
        Its index; None where the curve has no place between its ends.
    depth : float
        By how much it lies below the lower of its ends, mean over seeds; below 0 where it does not.
    errors : float
        The same in standard errors of the mean over seeds, of the end that it is less sure of.
    is_dip : bool
        Whether it lies below both ends by more than two standard errors.
    """

    place: int | None
    depth: float
    errors: float
    is_dip: bool


def intermediate_dip(curves: ArrayLike) -> Dip:
    """Whether curves have a minimum in between that is clearly lower than both of their ends.

    Parameters
    ----------
    curves : array_like, shape (seeds, places)
        Such as the relative entropy of each layer, for several seeds.

    Returns
    -------
    Dip
        With one seed there is no standard error: ``errors`` is NaN and no dip is certain.

    Raises
    ------
    MBHError
        For no such array.

    Notes
    -----
    Hartmann, Franzen and Brodehl (2021) see such dips in the entropy of plain convolutional
    networks. Seeds are paired: errors are those of the differences within a seed. The place is
    chosen on the same seeds, so that two standard errors are a mild condition.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> dip = evolution.intermediate_dip([[0.9, 0.5, 0.8], [0.9, 0.4, 0.8], [0.8, 0.5, 0.9]])
    >>> dip.place, dip.is_dip
    (1, True)
    """
    curves = require.numbers("curves", curves, (None, None))
    if curves.size == 0:
        raise MBHError(f"curves have shape {curves.shape}; expected (seeds, places)")
    if curves.shape[1] < 3:
        return Dip(None, float("nan"), float("nan"), False)
    place = 1 + int(curves[:, 1:-1].mean(axis=0).argmin())
    below = curves[:, [0, -1]] - curves[:, [place]]
    means = below.mean(axis=0)
    if len(curves) == 1:
        return Dip(place, float(means.min()), float("nan"), False)
    errors = below.std(axis=0, ddof=1) / np.sqrt(len(curves))
    # Seeds that agree to the last digit have no error: what is lower then is infinitely so.
    apart = [
        float(mean / error) if error > 0 else float(np.sign(mean) * np.inf if mean else 0)
        for mean, error in zip(means, errors, strict=True)
    ]
    return Dip(place, float(means.min()), min(apart), min(apart) > 2)
