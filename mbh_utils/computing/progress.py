"""How far a computation is: a line that changes (see ``screen.py``), or calls of a function."""

import contextlib
import time
from collections.abc import Callable, Sequence

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.screen import ChangingLine
from mbh_utils.computing.time_left import TimeLeft
from mbh_utils.errors import MBHError

#: Seconds after which a bar of a partition appears that nobody asked for.
PATIENCE = 5.0
#: Seconds after which a training shows how far it is, if nobody asked for that.
TRAINING_PATIENCE = 2.0


def told_seconds(seconds: float) -> str:
    """A duration in words, as exact as it is worth.

    Examples
    --------
    >>> told_seconds(7.4), told_seconds(83), told_seconds(213), told_seconds(600)
    ('7 s', '83 s', '210 s', '10 min')
    """
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 595:
        return f"{round(seconds, -1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"


def _time_left(seconds: float | None) -> str:
    """The end of a line; nothing is said of less than a second."""
    return f", about {told_seconds(seconds)} left" if seconds is not None and seconds >= 1 else ""


class Progress(contextlib.AbstractContextManager):
    """Shows the share of a domain that is partitioned, and the regions found.

    Parameters
    ----------
    wanted : bool or callable, optional
        None: a bar when it takes longer than a few seconds; True; False; or a function of the share
        and the number of regions.
    domain_area : float
        Area of the whole domain.

    Raises
    ------
    MBHError
        If ``wanted`` is something else.

    Examples
    --------
    >>> told = []
    >>> with Progress(lambda share, regions: told.append((share, regions)), 2.0) as progress:
    ...     progress.show(0.5, 10)
    ...     progress.add(1.0, 20)
    ...     progress.show(1.0, 30)
    >>> told
    [(0.25, 10), (1.0, 50)]
    """

    def __init__(self, wanted: bool | Callable[[float, int], None] | None, domain_area: float):
        self.check(wanted)
        self.call = wanted if callable(wanted) else None
        self.domain_area = domain_area
        self.area = 0.0
        self.regions = 0
        self.quiet = wanted is False
        self.delay = 0.0 if wanted else PATIENCE
        self.line = None
        self.started = None

    def __exit__(self, *_) -> None:
        if self.line is not None:
            self.line.__exit__()

    @staticmethod
    def check(wanted) -> None:
        """Raise MBHError unless it is None, True, False or a function."""
        if not (wanted is None or isinstance(wanted, bool | np.bool_) or callable(wanted)):
            raise MBHError(
                f"progress is {require.shown(wanted)}; expected None, True, False or a function of "
                "(share, n_regions)"
            )

    def check_stop(self) -> None:
        """Called often by whoever works; other bars end the work here, this one never does."""

    def show(self, area: float, regions: int) -> None:
        """Tell what the block at work holds; earlier blocks were told by :meth:`add`."""
        share = min((self.area + area) / self.domain_area, 1.0)
        regions = self.regions + regions
        if self.call is not None:
            self.call(share, regions)
        elif not self.quiet:
            self._draw(share, regions)

    def _draw(self, share: float, regions: int) -> None:
        now = time.monotonic()
        # The clock starts here, when code is compiled and work has begun.
        self.started = self.started or now
        if now - self.started < self.delay:
            return
        if self.line is None:
            self.line = ChangingLine("partition", patience=0.0)
        spent = now - self.started
        left = spent * (1 / share - 1) if share > 0 else None
        words = f"of the domain, {regions:,} regions, {told_seconds(spent)}{_time_left(left)}"
        self.line.show(share, f"{share:.0%} {words}", last=share > 1 - 1e-9)

    def add(self, area: float, regions: int) -> None:
        """A block is done."""
        self.area += area
        self.regions += regions


class IterationProgress(contextlib.AbstractContextManager):
    """Shows how many iterations of a training are done, and how much longer it takes.

    Parameters
    ----------
    wanted : bool or callable, optional
        None: a line when it takes longer than two seconds; True; False; or a function of the share
        that is done.
    total : int
        Iterations of all.
    looks : int, default 0
        How often accuracy is measured: most of it early, so that iterations alone would mislead.

    Examples
    --------
    >>> shares = []
    >>> with IterationProgress(shares.append, 10) as progress:
    ...     progress.update(5)
    ...     progress.update(5)
    >>> shares
    [0.0, 0.5, 1.0]
    """

    def __init__(self, wanted: bool | Callable[[float], None] | None, total: int, looks: int = 0):
        self.total = max(total, 1)
        self.n_done = 0
        self.looks_left = looks
        self.n_looks = 0
        self.seconds = 0.0  # of iterations
        self.looking = 0.0
        self.call = wanted if callable(wanted) else None
        self.line = None
        if self.call is None and wanted is not False:
            self.line = ChangingLine("training", 0.0 if wanted else TRAINING_PATIENCE)
        self.started = time.perf_counter()

    def __enter__(self) -> "IterationProgress":
        if self.call is not None:
            self.call(0.0)
        return self

    def __exit__(self, *_) -> None:
        if self.line is not None:
            self.line.__exit__()

    def look(self, seconds: float) -> None:
        """Accuracy was measured, within so many seconds."""
        self.n_looks += 1
        self.looks_left -= 1
        self.looking += seconds

    def update(self, iterations: int, seconds: float | None = None) -> None:
        """So many more are done, within so many seconds (None: since the beginning or the last)."""
        now = time.perf_counter()
        self.n_done += iterations
        spent = now - self.started
        self.seconds += spent - self.seconds - self.looking if seconds is None else seconds
        share = self._share()
        if self.call is not None:
            self.call(share)
        elif self.line is not None:
            left = _time_left((self.seconds + self.looking) * (1 / share - 1)) if share else ""
            count = f"iteration {self.n_done:,} of {self.total:,}"
            is_last = self.n_done >= self.total
            self.line.show(share, f"{count}, {told_seconds(spent)}{left}", last=is_last)

    def _share(self) -> float:
        """The share of the time that is done, as far as it is known now."""
        if not self.n_looks or self.n_done >= self.total:
            return self.n_done / self.total
        left = self.seconds * (self.total / max(self.n_done, 1) - 1)
        left += self.looks_left * self.looking / self.n_looks
        done = self.seconds + self.looking
        return done / (done + left) if done else 0.0


class TaskProgress(contextlib.AbstractContextManager):
    """Shows how many tasks of a stage are done, and how much longer it takes.

    Parameters
    ----------
    label : str
        The name of the stage.
    tasks : sequence of (str, float)
        Kind and estimated seconds of each, in the order in which they begin.
    at_once : int
        Processes at them.

    Attributes
    ----------
    every : float
        Seconds after which :meth:`show` should be called again at the latest.

    Examples
    --------
    >>> with TaskProgress("training", [("training", 2.0), ("training", 1.0)], 1) as progress:
    ...     progress.done(0, 2.0)
    ...     progress.n_done
    1
    """

    def __init__(self, label: str, tasks: Sequence[tuple[str, float]], at_once: int):
        self.n_tasks = len(tasks)
        self.n_done = 0
        self.started = time.perf_counter()
        self.left = TimeLeft(tasks, at_once, self.started)
        self.line = ChangingLine(label)
        self.every = self.line.every

    def __exit__(self, *_) -> None:
        self.line.__exit__()

    @property
    def is_due(self) -> bool:
        """Whether it is time to change the line."""
        return self.n_done == self.n_tasks or self.line.is_due

    def done(self, i: int, seconds: float | None = None) -> None:
        """Task i is done; it took whoever did it so many seconds."""
        self.n_done += 1
        self.left.finish(i, time.perf_counter(), seconds)

    def reached(self, i: int, share: float, spent: float) -> None:
        """Task i has come to a share of itself within so many seconds."""
        self.left.report(i, time.perf_counter(), share, spent)

    def show(self) -> None:
        """Change the line if it is time, and at the end in any case."""
        now = time.perf_counter()
        is_last = self.n_done == self.n_tasks
        words = f"{self.n_done} of {self.n_tasks} done, {told_seconds(now - self.started)}"
        words += _time_left(self.left.seconds(now))
        if is_last and self.line.place == "lines":
            self.line.say(words)
        else:
            self.line.show(self.left.share(now), words, last=is_last)
