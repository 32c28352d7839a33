"""Permutation tests: p-values against random draws, and what several of them say together.

Hod, Casper, Filan, Wild, Critch & Russell, *Quantifying Local Specialization in Deep Neural
Networks* (arXiv 2110.08058), pool the tests of all sub-clusters of a network by Fisher's method,
those of several networks by the distribution of a mean of uniform numbers (Bates), and look over a
table of such results by the method of Benjamini and Hochberg.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: What stands next to pooled p-values.
CAVEAT = (
    "The sub-clusters of one network are parts of one partition and so not independent: pooled "
    "p-values are approximate."
)
#: Networks above which the Irwin-Hall sum gives way to a normal distribution.
_MOST_EXACT = 30
#: Random draws: more are not meant.
_MOST_DRAWS = 10**6


def p_value(
    true: ArrayLike, null: ArrayLike, tail: str = "left", *, ties: str = "mid"
) -> np.ndarray | float:
    """One-sided p-values of a permutation test.

    Parameters
    ----------
    true : array_like, shape (...)
        What was measured; NaN where nothing was.
    null : array_like, shape (..., n)
        The same of n random draws. NaN for a draw that does not count.
    tail : {"left", "right"}, default "left"
        Whether small or large values speak against chance.
    ties : {"mid", "strict"}, default "mid"
        "mid": a draw that ties counts half, and so does the measured value itself:
        (#beyond + #equal / 2 + 1/2) / (n + 1), whose mean is 1/2 without an effect. "strict": only
        draws beyond it count, (#beyond + 1) / (n + 1), as in the published code.

    Returns
    -------
    ndarray, shape (...), or float
        NaN where ``true`` is NaN or no draw counts.

    Raises
    ------
    MBHError
        For shapes that do not go together, and for words that are not known.

    Notes
    -----
    Hod et al. (arXiv 2110.08058) count strictly. Where a lesion and its random draws all change
    nothing, this calls the sub-cluster as important as can be; hence the mid-p value here.

    Examples
    --------
    >>> from mbh_utils import lenses
    >>> null = [0.1, 0.6, 0.7, 0.8]
    >>> lenses.clusters.p_value(0.5, null, ties="strict")
    0.4
    >>> lenses.clusters.p_value(0.5, null, "right", ties="strict")
    0.8
    >>> lenses.clusters.p_value(0.5, [0.5, 0.5, 0.5])
    0.5
    """
    require.choice("tail", tail, ("left", "right"))
    require.choice("ties", ties, ("mid", "strict"))
    values = require.array("true", true).astype(np.float64)
    drawn = require.array("null", null).astype(np.float64)
    if drawn.ndim != values.ndim + 1 or drawn.shape[:-1] != values.shape or not drawn.shape[-1]:
        raise MBHError(
            f"true has shape {values.shape} and null {drawn.shape}; expected one row of random "
            "draws for each measured value"
        )
    sign = 1 if tail == "left" else -1
    with np.errstate(invalid="ignore"):
        beyond = (sign * drawn < sign * values[..., None]).sum(axis=-1)
        equal = (drawn == values[..., None]).sum(axis=-1)
    n = (~np.isnan(drawn)).sum(axis=-1)
    counted = beyond + 1 if ties == "strict" else beyond + 0.5 * equal + 0.5
    found = np.where(np.isnan(values) | (n == 0), np.nan, counted / (n + 1))
    return float(found) if found.ndim == 0 else found


def relative_effect(true: ArrayLike, null: ArrayLike) -> np.ndarray | float:
    """How large a value is beside that of random draws: 2 t / (t + r), from 0 to 2.

    Parameters
    ----------
    true : array_like
        What was measured, each from 0 on.
    null : array_like
        The same of random draws, of a shape that goes with it.

    Returns
    -------
    ndarray or float
        1 without a difference, also where both are 0; NaN where one of them is NaN.

    Raises
    ------
    MBHError
        For what is no array of numbers, and for shapes that do not go together.

    Notes
    -----
    The effect size of the final version of Hod et al. (arXiv 2110.08058), which lies between 0
    and 2 whatever the unit.

    Examples
    --------
    >>> from mbh_utils import lenses
    >>> lenses.clusters.relative_effect(3, 1)
    1.5
    """
    values = require.array("true", true).astype(np.float64)
    drawn = require.array("null", null).astype(np.float64)
    try:
        both = values + drawn
    except ValueError:
        raise MBHError(
            f"true has shape {values.shape} and null {drawn.shape}, which do not go together"
        ) from None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(both == 0, 1.0, 2 * values / both)
    return float(found) if found.ndim == 0 else found


class Pooled(NamedTuple):
    """Several p-values as one.

    Attributes
    ----------
    chi2 : float
        The test statistic.
    p : float
        Its p-value.
    n : int
        How many p-values it is made from; NaN are left out.
    statistic : float
        For Fisher's method the mean of -ln p, which does not grow with n: 1 without an effect
        (0.983 for shifted p-values of 19 draws), larger for a stronger one.
    """

    chi2: float
    p: float
    n: int
    statistic: float


def fisher(p_values: ArrayLike, *, draws: int | None = None) -> Pooled:
    """Fisher's method: the p-values of one network as one.

    Parameters
    ----------
    p_values : array_like, shape (m,)
        One for each sub-cluster, in (0, 1]. NaN, for tests that could not be made, are left out.
    draws : int, optional
        Random draws behind *strict* p-values, which are then shifted by half a step,
        1 / (2 (draws + 1)), so that their mean is 1/2 without an effect. Mid-p values have that
        mean already: leave it out.

    Returns
    -------
    Pooled
        -2 sum ln p with 2 m degrees of freedom; NaN where no p-value is left.

    Raises
    ------
    MBHError
        For values outside (0, 1], and for a shift that leaves nothing of one.

    Notes
    -----
    The sub-clusters of one network are not independent, so that the result is too small. Hod et
    al. (arXiv 2110.08058) accept this; :func:`importance` also tests whole partitions.

    Examples
    --------
    >>> from mbh_utils import lenses
    >>> pooled = lenses.clusters.fisher([0.05, 0.05, 0.10, 0.25, 1.0], draws=19)
    >>> round(pooled.chi2, 4), round(pooled.p, 7), round(pooled.statistic, 4)
    (22.97, 0.0108579, 2.297)
    """
    found = _p_values(p_values)
    if draws is not None:
        found = found - 1 / (2 * (require.whole("draws", draws, 1, _MOST_DRAWS) + 1))
        if (found <= 0).any():
            raise MBHError(
                "p_values of so many draws lie at or below half a step: they are mid-p values "
                "already (leave draws out), or come from more draws"
            )
    if not len(found):
        return Pooled(math.nan, math.nan, 0, math.nan)
    chi2 = -2 * float(np.log(found).sum())
    m = len(found)
    return Pooled(chi2, float(stats.chi2.sf(chi2, 2 * m)), m, chi2 / (2 * m))


def rank_chi2(p_values: ArrayLike, draws: int, *, ties: str = "mid") -> Pooled:
    """Whether the ranks behind p-values are uniform, by a chi-square test.

    Parameters
    ----------
    p_values : array_like, shape (m,)
        In (0, 1], each from the same number of draws; NaN are left out.
    draws : int
        How many random draws.
    ties : {"mid", "strict"}, default "mid"
        How the p-values count ties, see :func:`p_value`.

    Returns
    -------
    Pooled
        With ``draws`` degrees of freedom; its statistic is chi2 over these.

    Raises
    ------
    MBHError
        For values outside (0, 1], no draws, and a word that is not known.

    Notes
    -----
    The second test of Hod et al. (arXiv 2110.08058). It sees any departure from chance, whatever
    its direction. A rank that falls between two, by a tie, goes to the even one.

    Examples
    --------
    >>> from mbh_utils import lenses
    >>> pooled = lenses.clusters.rank_chi2([0.05, 0.05, 0.10, 0.25, 1.0], 19, ties="strict")
    >>> pooled.chi2, round(pooled.p, 5)
    (23.0, 0.23734)
    """
    found = _p_values(p_values)
    draws = require.whole("draws", draws, 1, _MOST_DRAWS)
    require.choice("ties", ties, ("mid", "strict"))
    if not len(found):
        return Pooled(math.nan, math.nan, 0, math.nan)
    offset = 1.0 if ties == "strict" else 0.5
    ranks = np.clip(np.round(found * (draws + 1) - offset), 0, draws).astype(int)
    counts = np.bincount(ranks, minlength=draws + 1)
    tested = stats.chisquare(counts)
    chi2 = float(tested.statistic)
    return Pooled(chi2, float(tested.pvalue), len(found), chi2 / draws)


def _p_values(given: ArrayLike) -> np.ndarray:
    """The p-values that are there."""
    values = require.array("p_values", given).astype(np.float64)
    if values.ndim != 1:
        raise MBHError(f"p_values has shape {values.shape}; expected (m,), one for each test")
    found = values[~np.isnan(values)]
    if not ((found > 0) & (found <= 1)).all():
        raise MBHError("p_values holds numbers outside (0, 1]; expected p-values, or NaN")
    return found


def bates(mean: float, n: int) -> float:
    """How likely n uniform numbers have so small a mean: the p-values of n networks as one.

    Parameters
    ----------
    mean : float
        The mean of n independent p-values, from 0 to 1.
    n : int
        How many networks.

    Returns
    -------
    float
        P(mean of n uniform numbers <= mean), by the sum of Irwin and Hall; above 30 networks by
        the normal distribution of that mean.

    Raises
    ------
    MBHError
        For a mean outside [0, 1], and for no network.

    Notes
    -----
    Hod et al. (arXiv 2110.08058) average Fisher's p-values of the networks that were trained alike.

    Examples
    --------
    >>> from mbh_utils import lenses
    >>> round(lenses.clusters.bates(0.3, 5), 6)
    0.061979
    """
    mean = require.number("mean", mean, "a mean of p-values from 0 to 1", lambda v: 0 <= v <= 1)
    n = require.whole("n", n, 1)
    if n > _MOST_EXACT:
        return float(stats.norm.cdf(mean, 0.5, math.sqrt(1 / (12 * n))))
    lower = min(mean, 1 - mean)  # terms of alternating signs are small there
    terms = (
        (-1) ** j * math.comb(n, j) * (n * lower - j) ** n for j in range(math.floor(n * lower) + 1)
    )
    below = min(max(math.fsum(terms) / math.factorial(n), 0.0), 1.0)
    return below if lower == mean else 1 - below


class Discoveries(NamedTuple):
    """Which of many tests remain after a correction for their number.

    Attributes
    ----------
    found : ndarray of bool, shape (m,)
        True for a discovery; False for a test that could not be made.
    threshold : float
        The largest p-value of a discovery; 0 where there is none.
    """

    found: np.ndarray
    threshold: float


def discoveries(p_values: ArrayLike, rate: float = 0.05) -> Discoveries:
    """Which of many tests are discoveries, by the method of Benjamini and Hochberg.

    Parameters
    ----------
    p_values : array_like, shape (m,)
        One for each test, in (0, 1]; NaN for a test that could not be made.
    rate : float, default 0.05
        The share of false ones among the discoveries that is accepted, in (0, 1].

    Returns
    -------
    Discoveries
        The flags and the threshold.

    Raises
    ------
    MBHError
        For values outside (0, 1].

    Notes
    -----
    Computed by ``scipy.stats.false_discovery_control``. Where nothing passes, the threshold is 0
    (the public code of Hod et al. has 1 there).

    Examples
    --------
    >>> from mbh_utils import lenses
    >>> found, threshold = lenses.clusters.discoveries([0.001, 0.02, 0.04, 0.6])
    >>> found.tolist(), threshold
    ([True, True, False, False], 0.02)
    """
    _p_values(p_values)
    rate = require.number("rate", rate, "a share in (0, 1]", lambda r: 0 < r <= 1)
    values = require.array("p_values", p_values).astype(np.float64)
    found = np.zeros(len(values), dtype=bool)
    there = ~np.isnan(values)
    if there.any():
        found[there] = stats.false_discovery_control(values[there]) <= rate
    return Discoveries(found, float(values[found].max()) if found.any() else 0.0)
