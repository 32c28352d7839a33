"""How much longer tasks take on several processes, from what is known so far.

Tasks differ in cost by a lot, so each counts by its estimate, estimates are corrected by how long
tasks of the kind took in truth, and a running task counts by the share that it has told, or by the
time it has been at it.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

#: How many tasks' worth of evidence the ratio of all kinds is for one kind.
_PRIOR = 0.3
#: The same of the estimates as they are, before anything is known.
_PRIOR_OF_ALL = 0.05
#: A share of one in so many is enough to go by what a running task tells.
_SURE = 50
#: What the time left may rise by, of the least that was told; and more while little is done.
_RISE = 1.08
_EARLY_RISE = 1.15
_EARLY = 0.12
#: Seconds before which nothing is told unless tasks are done or have told a share.
_SECONDS_UNKNOWN = 15.0


@dataclass
class _Running:
    """What is known of a task at work."""

    began: float
    share: float = 0.0
    spent: float = 0.0  # seconds in which it came to that share
    told: float = 0.0  # when

    def expected(self, usual: float, now: float) -> float:
        """All seconds that it takes, if ``usual`` are usual."""
        elapsed = now - self.began
        if self.share <= 0:
            # Overdue: the longer it has taken, the longer it takes.
            late = max(elapsed - 0.9 * usual, 0.0)
            return max(usual, elapsed + 0.3 * late)
        left = self.spent * (1 - self.share) / self.share
        weight = min(1.0, _SURE * self.share)
        guess = weight * (self.told - self.began + left) + (1 - weight) * usual
        return max(guess, elapsed)


class TimeLeft:
    """Seconds until all tasks are done.

    Parameters
    ----------
    tasks : sequence of (str, float)
        Kind and estimated seconds of each, in the order in which they begin.
    at_once : int
        Processes at them.
    now : float
        When the first ones begin, by any clock in seconds.

    Examples
    --------
    Four tasks that take twice their estimate, on two processes; the first two end after 20 s:

    >>> left = TimeLeft([("training", 10.0)] * 4, at_once=2, now=0.0)
    >>> left.seconds(0.0) is None  # nothing is known yet
    True
    >>> for i in (0, 1):
    ...     left.finish(i, now=20.0, seconds=20.0)
    >>> round(left.seconds(20.0))
    20
    """

    def __init__(self, tasks: Sequence[tuple[str, float]], at_once: int, now: float):
        self.kinds = [kind for kind, _ in tasks]
        self.estimates = [max(seconds, 1e-3) for _, seconds in tasks]
        self.at_once = max(1, at_once)
        self.started = now
        self.running: dict[int, _Running] = {}
        self.waiting = list(range(len(tasks)))[::-1]
        self.done: dict[int, float] = {}
        self.least: float | None = None
        self.is_early = True
        self.told: tuple[float, float] | None = None  # when, and how many seconds
        self._begin(now)

    def _begin(self, now: float) -> None:
        """The next tasks begin where others have ended."""
        while self.waiting and len(self.running) < self.at_once:
            self.running[self.waiting.pop()] = _Running(now)

    def finish(self, i: int, now: float, seconds: float | None = None) -> None:
        """Task i is done; ``seconds``: that it took, where whoever did it says so."""
        if i in self.waiting:
            self.waiting.remove(i)
        at_work = self.running.pop(i, None)
        if seconds is None:
            seconds = now - at_work.began if at_work else self.estimates[i]
        self.done[i] = seconds
        self._begin(now)

    def report(self, i: int, now: float, share: float, spent: float) -> None:
        """Task i has come to a share of itself, within so many seconds of steady work."""
        if i in self.done:
            return
        if i in self.waiting:  # tasks began in another order
            self.waiting.remove(i)
            others = [j for j, one in self.running.items() if not one.told]
            if others:
                self.waiting.append(others[-1])
                del self.running[others[-1]]
            self.running[i] = _Running(now - spent)
        at_work = self.running[i]
        if not at_work.told:
            at_work.began = now - spent  # a process takes a while to start
        at_work.share, at_work.spent, at_work.told = share, spent, now

    def share(self, now: float) -> float:
        """The share of all work that is done."""
        usual = self._usual(now)
        whole = spent = 0.0
        for i in range(len(self.kinds)):
            if i in self.done:
                expected = reached = self.done[i]
            elif i in self.running:
                expected = self.running[i].expected(usual[i], now)
                reached = min(now - self.running[i].began, expected)
            else:
                expected, reached = usual[i], 0.0
            whole += expected
            spent += reached
        return spent / whole if whole else 1.0

    def seconds(self, now: float) -> float | None:
        """Seconds until all is done; None while nothing is known.

        What is told goes down smoothly, and never rises by more than a small share: where tasks
        turn out to be slower, it stands still until that is true.
        """
        if not self.waiting and not self.running:
            return 0.0
        if now - self.started < _SECONDS_UNKNOWN and not self._knows_enough():
            return None
        found = self._schedule(now)
        if self.told is not None:
            when, before = self.told
            passed = now - when
            before = max(before - passed, 0.0)
            smooth = max(3.0, 0.03 * (now - self.started + found))
            found = before + min(1.0, passed / smooth) * (found - before)
        is_early = self.is_early and self.share(now) < _EARLY
        if self.least is not None:
            found = min(found, (_EARLY_RISE if self.is_early else _RISE) * self.least)
        if self.least is None or self.is_early > is_early:
            self.least = found
        self.least = min(self.least, found)
        self.is_early = is_early
        self.told = (now, found)
        return found

    def _knows_enough(self) -> bool:
        """Whether the true cost is known of the kinds that make up most of the work."""
        known = {self.kinds[i] for i in self.done}
        known |= {self.kinds[i] for i, one in self.running.items() if one.share > 0.05}
        pairs = list(zip(self.kinds, self.estimates, strict=True))
        return sum(e for kind, e in pairs if kind in known) > 0.8 * sum(e for _, e in pairs)

    def _schedule(self, now: float) -> float:
        """Seconds until all is done, if each task takes what is expected now."""
        usual = self._usual(now)
        free = [0.0] * self.at_once
        for i, one in self.running.items():
            rest = max(one.expected(usual[i], now) - (now - one.began), 0.0)
            heapq.heapreplace(free, rest)
        heapq.heapify(free)
        for i in reversed(self.waiting):
            heapq.heapreplace(free, free[0] + usual[i])
        return max(free)

    def _usual(self, now: float) -> list[float]:
        """Each task's estimate, corrected by how long tasks took in truth, those of its kind most.

        A kind's ratio of truth to estimate is that of its tasks, with the ratio of all kinds for a
        part of one more task.
        """
        seen: dict[str, list[float]] = {}
        for i, seconds in self.done.items():
            self._count(seen, i, seconds, 1.0)
        for i, one in self.running.items():
            estimate = self.estimates[i]
            if one.share > 0.01:
                self._count(seen, i, one.expected(estimate, now), min(1.0, _SURE * one.share))
            elif now - one.began > estimate:
                self._count(seen, i, one.expected(estimate, now), 1.0)
        estimated = sum(one[0] for one in seen.values())
        taken = sum(one[1] for one in seen.values())
        typical = sum(self.estimates) / max(len(self.estimates), 1)
        prior = _PRIOR_OF_ALL * typical
        overall = (taken + prior) / (estimated + prior)
        ratios = {}
        for kind in set(self.kinds):
            of_kind, spent, count = seen.get(kind, [0.0, 0.0, 0.0])
            more = _PRIOR * (of_kind / count if count else 1.0)
            ratios[kind] = (spent + more * overall) / (of_kind + more)
        pairs = zip(self.kinds, self.estimates, strict=True)
        return [ratios[kind] * estimate for kind, estimate in pairs]

    def _count(self, seen: dict, i: int, seconds: float, weight: float) -> None:
        """Add to what is known of a kind: estimated and true seconds, and tasks."""
        known = seen.setdefault(self.kinds[i], [0.0, 0.0, 0.0])
        known[0] += weight * self.estimates[i]
        known[1] += weight * seconds
        known[2] += weight
