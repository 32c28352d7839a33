"""How a verdict follows from what was measured: for numbers, for trends, for what must be exact.

A number is *reproduced* if the thesis's value lies between our smallest and largest model, widened
by a tolerance. A trend is *reproduced* if the bootstrap interval of its statistic excludes the
null. Either is in the *same direction* if only sign or order agree.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mbh_utils.claims.evidence import Evidence

REPRODUCED = "reproduced"
SAME_DIRECTION = "same direction"
NOT_REPRODUCED = "not reproduced"
NOT_JUDGEABLE = "not judgeable"
#: The worst first: a claim of several parts is worth as much as its worst one.
VERDICTS = (NOT_JUDGEABLE, NOT_REPRODUCED, SAME_DIRECTION, REPRODUCED)

#: Tolerances of numbers: accuracies in percentage points, specializations; a factor for the rest.
POINTS = 0.5
SPECIALIZATION = 0.05
FACTOR = 1.5


class Rule(Protocol):
    """What gives a verdict."""

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The interval that is told with the value."""
        ...

    def verdict(self, evidence: Evidence) -> str:
        """One of ``VERDICTS``."""
        ...


def _span(evidence: Evidence) -> tuple[float, float]:
    return float(np.min(evidence.samples)), float(np.max(evidence.samples))


@dataclass(frozen=True)
class Number:
    """The thesis's value lies between our smallest and largest model, widened.

    Parameters
    ----------
    thesis : float
        The thesis's value, in the unit of the evidence.
    tolerance : float, optional
        How much the interval is widened to both sides.
    factor : float, optional
        By what factor the interval is widened to both sides, instead.
    null : float, optional
        Where the claim says which side of it the value lies (0 for differences, 1 for ratios).

    Notes
    -----
    Outside, it is still the same direction if the value lies on the thesis's side of the null, or
    the order that the claim states holds (``Evidence.agrees``). If side or order are wrong, it is
    not reproduced, even where the value is near.
    """

    thesis: float
    tolerance: float = 0.0
    factor: float = 1.0
    null: float | None = None

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The smallest and the largest model."""
        return _span(evidence)

    def verdict(self, evidence: Evidence) -> str:
        """One of ``VERDICTS``."""
        agrees = evidence.agrees
        if agrees is None and self.null is not None:
            agrees = (evidence.value > self.null) == (self.thesis > self.null)
        if agrees is False:
            return NOT_REPRODUCED
        if self._is_near(*_span(evidence)):
            return REPRODUCED
        return SAME_DIRECTION if agrees else NOT_REPRODUCED

    def _is_near(self, low: float, high: float) -> bool:
        if self.factor > 1:
            return low / self.factor <= self.thesis <= high * self.factor
        return low - self.tolerance <= self.thesis <= high + self.tolerance


@dataclass(frozen=True)
class Trend:
    """The bootstrap 95 % interval of a statistic lies on the claimed side of the null.

    Parameters
    ----------
    null : float, default 0
        The statistic's value without any trend.
    side : str, default "above"
        "above" or "below" it; or "not above": the claim is that there is no clear excess, and
        holds unless the whole interval lies above the null.
    direction : float, optional
        Beyond which value it is still the same direction, where that is not the null: "over 50 %
        more" has the null 1.5 and the direction 1.

    Notes
    -----
    A trend that is claimed of each of several groups, and does not hold in one of them
    (``Evidence.agrees``), is in the same direction at best.
    """

    null: float = 0.0
    side: str = "above"
    direction: float | None = None

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The 2.5th and 97.5th percentile of the resamples."""
        return _percentiles(evidence)

    def verdict(self, evidence: Evidence) -> str:
        """One of ``VERDICTS``."""
        low, high = _percentiles(evidence)
        if self.side == "not above":
            return NOT_REPRODUCED if low > self.null else REPRODUCED
        sign = {"above": 1, "below": -1}[self.side]
        nearest = low if sign > 0 else high
        if sign * (nearest - self.null) > 0:
            return SAME_DIRECTION if evidence.agrees is False else REPRODUCED
        beyond = self.null if self.direction is None else self.direction
        return SAME_DIRECTION if sign * (evidence.value - beyond) > 0 else NOT_REPRODUCED


@dataclass(frozen=True)
class Between:
    """The bootstrap 95 % interval of a statistic lies between two limits.

    Parameters
    ----------
    low, high : float
        The limits; one of them may be infinite.

    Notes
    -----
    It is the same direction if only the value lies between them.
    """

    low: float
    high: float

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The 2.5th and 97.5th percentile of the resamples."""
        return _percentiles(evidence)

    def verdict(self, evidence: Evidence) -> str:
        """One of ``VERDICTS``."""
        low, high = _percentiles(evidence)
        if self.low <= low and high <= self.high:
            return REPRODUCED
        inside = self.low <= evidence.value <= self.high
        return SAME_DIRECTION if inside else NOT_REPRODUCED


@dataclass(frozen=True)
class Exact:
    """Every sample has the one right value.

    Parameters
    ----------
    right : float
        That value.
    tolerance : float, default 0
        What rounding may take.
    """

    right: float
    tolerance: float = 0.0

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The smallest and the largest sample."""
        return _span(evidence)

    def verdict(self, evidence: Evidence) -> str:
        """One of ``VERDICTS``."""
        worst = np.max(np.abs(np.asarray(evidence.samples, float) - self.right))
        return REPRODUCED if worst <= self.tolerance else NOT_REPRODUCED


def _percentiles(evidence: Evidence) -> tuple[float, float]:
    low, high = np.percentile(evidence.samples, (2.5, 97.5))
    return float(low), float(high)


@dataclass(frozen=True)
class Told:
    """No verdict: what was measured is told beside the claim, and cannot contradict it.

    Examples
    --------
    >>> Told().verdict(Evidence(2.0, samples=[1.0, 3.0], models=2))
    'not judgeable'
    """

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The smallest and the largest sample."""
        return _span(evidence)

    def verdict(self, evidence: Evidence) -> str:
        """Always not judgeable."""
        return NOT_JUDGEABLE
