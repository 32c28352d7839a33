"""How similar the patterns of two networks are as populations: which ones occur, and how often."""

from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.lenses.evolution.counts import PatternCounts, aligned, given_counts


def jaccard(a: PatternCounts, b: PatternCounts, *, more_than: int = 0) -> float:
    """Jaccard index JI of the sets of patterns that occur.

    Parameters
    ----------
    a, b : PatternCounts
        Of the same neurons, at two iterations of training, say.
    more_than : int, default 0
        Only patterns count that occur more often than this.

    Returns
    -------
    float
        Patterns that occur in both, as a share of those that occur in either; NaN where
        ``more_than`` leaves none.

    Raises
    ------
    MBHError
        For what are no counts, and for counts of patterns of different widths.

    Notes
    -----
    Hartmann, Franzen and Brodehl (2021); their thresholded version is ``more_than=10``. Where
    almost every image has a pattern of its own, any change of the network brings it near 0: look
    at :func:`agreement` and :func:`block_patterns` there.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> a = evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]])
    >>> b = evolution.pattern_counts([[1, 0], [0, 1], [0, 1], [1, 1]])
    >>> evolution.jaccard(a, b)
    0.5
    """
    more_than = require.whole("more_than", more_than, 0)
    of_a, of_b = _aligned(a, b)
    in_a = of_a > more_than
    in_b = of_b > more_than
    either = int((in_a | in_b).sum())
    return int((in_a & in_b).sum()) / either if either else float("nan")


def weighted_jaccard(a: PatternCounts, b: PatternCounts) -> float:
    """Weighted Jaccard index wJI: how far the counts of patterns overlap.

    Parameters
    ----------
    a, b : PatternCounts
        Of the same neurons and equally many images: counts c and 2c have 0.5.

    Returns
    -------
    float
        ``sum min(a, b) / sum max(a, b)``, in [0, 1].

    Raises
    ------
    MBHError
        For what are no counts, and for counts of patterns of different widths.

    Notes
    -----
    Hartmann, Franzen and Brodehl (2021).

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> a = evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]])
    >>> b = evolution.pattern_counts([[1, 0], [0, 1], [0, 1], [1, 1]])
    >>> round(evolution.weighted_jaccard(a, b), 4)
    0.3333
    """
    of_a, of_b = _aligned(a, b)
    return int(np.minimum(of_a, of_b).sum()) / int(np.maximum(of_a, of_b).sum())


class PatternChange(NamedTuple):
    """How many patterns came and went, per pattern that there is now.

    Attributes
    ----------
    net : float
        New ones less those that were lost; below 0 where more were lost.
    gross : float
        New ones and those that were lost.
    """

    net: float
    gross: float


def pattern_change(before: PatternCounts, after: PatternCounts) -> PatternChange:
    """Patterns that came and went between two networks.

    Parameters
    ----------
    before, after : PatternCounts
        Of the same neurons.

    Returns
    -------
    PatternChange
        Both as multiples of the number of patterns after.

    Raises
    ------
    MBHError
        For what are no counts, and for counts of patterns of different widths.

    Notes
    -----
    "Patterns changed" in the code of Hartmann, Franzen and Brodehl (2021) is the net change, which
    is 0 where as many came as went; the gross one is what the name suggests.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> before = evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]])
    >>> after = evolution.pattern_counts([[1, 0], [0, 1], [0, 1], [1, 1]])
    >>> change = evolution.pattern_change(before, after)
    >>> change.net, round(change.gross, 4)
    (0.0, 0.6667)
    """
    of_before, of_after = _aligned(before, after, ("before", "after"))
    new = int((of_before == 0).sum())
    lost = int((of_after == 0).sum())
    return PatternChange((new - lost) / after.distinct, (new + lost) / after.distinct)


def _aligned(a, b, names: tuple[str, str] = ("a", "b")) -> tuple[np.ndarray, np.ndarray]:
    return aligned(given_counts(names[0], a), given_counts(names[1], b), names)
