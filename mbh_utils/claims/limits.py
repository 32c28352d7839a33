"""Rules for claims without a null: two things are alike; every network keeps a limit."""

from dataclasses import dataclass

import numpy as np

from mbh_utils.claims.evidence import Evidence
from mbh_utils.claims.rules import NOT_REPRODUCED, REPRODUCED, SAME_DIRECTION


@dataclass(frozen=True)
class Similar:
    """A difference is small: within a tolerance, by its bootstrap 95 % interval.

    Parameters
    ----------
    tolerance : float
        The largest difference that still counts as none, in the unit of the evidence.

    Notes
    -----
    It is reproduced if the whole interval lies within the tolerance, or if the value does and the
    interval contains 0 (no difference is seen). It is the same direction if the interval reaches
    into the tolerance: a difference that matters is not shown.

    Examples
    --------
    >>> apart = Evidence(0.2, np.linspace(0.1, 0.3, 9), models=5)
    >>> Similar(0.05).verdict(apart), Similar(0.15).verdict(apart), Similar(0.4).verdict(apart)
    ('not reproduced', 'same direction', 'reproduced')
    """

    tolerance: float

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The 2.5th and 97.5th percentile of the resamples."""
        low, high = np.percentile(evidence.samples, (2.5, 97.5))
        return float(low), float(high)

    def verdict(self, evidence: Evidence) -> str:
        """One of ``rules.VERDICTS``."""
        low, high = self.interval(evidence)
        near = self.tolerance
        unseen = low <= 0 <= high and abs(evidence.value) <= near
        if unseen or (-near <= low and high <= near):
            return REPRODUCED
        return SAME_DIRECTION if low <= near and high >= -near else NOT_REPRODUCED


@dataclass(frozen=True)
class Every:
    """Every sample lies between two limits.

    Parameters
    ----------
    low, high : float
        The limits; one of them may be infinite.

    Notes
    -----
    It is the same direction if only ``Evidence.agrees``: the mean, say, keeps the limits.

    Examples
    --------
    >>> networks = Evidence(79.0, np.array([79.0, 85, 90]), models=3, agrees=True)
    >>> Every(80).verdict(networks), Every(75).verdict(networks), Every(75, 85).verdict(networks)
    ('same direction', 'reproduced', 'same direction')
    """

    low: float = -np.inf
    high: float = np.inf

    def interval(self, evidence: Evidence) -> tuple[float, float]:
        """The smallest and the largest sample."""
        return float(np.min(evidence.samples)), float(np.max(evidence.samples))

    def verdict(self, evidence: Evidence) -> str:
        """One of ``rules.VERDICTS``."""
        low, high = self.interval(evidence)
        if self.low <= low and high <= self.high:
            return REPRODUCED
        return SAME_DIRECTION if evidence.agrees else NOT_REPRODUCED
