"""How far a computation is: bars on stderr, plain lines, or calls of a function."""

import contextlib
import sys
import time
from collections.abc import Callable

import numpy as np
from tqdm import tqdm  # not tqdm.auto, whose bars in notebooks are widgets

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: Seconds after which a bar of a partition appears that nobody asked for.
PATIENCE = 5.0
#: Seconds between two lines on a stage's tasks where no terminal shows a bar.
PROGRESS_SECONDS = 15


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
        self.bar = None
        self.started = None

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.close()

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
        if self.bar is None:
            share_done = "{percentage:3.0f}% of the domain |{bar}|"
            form = "{desc}: " + share_done + " {postfix} [{elapsed}<{remaining}]"
            self.bar = tqdm(total=1.0, desc="partition", bar_format=form)
            self.bar.start_t -= now - self.started
        self.bar.set_postfix_str(f"{regions:,} regions", refresh=False)
        self.bar.update(share - self.bar.n)

    def add(self, area: float, regions: int) -> None:
        """A block is done."""
        self.area += area
        self.regions += regions


class TaskProgress(contextlib.AbstractContextManager):
    """Shows how much of the tasks' estimated time is done.

    On a terminal this is a bar, elsewhere a plain line now and then.

    Parameters
    ----------
    label : str
        The name of the stage.
    n_tasks : int
        How many tasks there are.
    seconds : float
        The sum of their estimates.

    Attributes
    ----------
    every : float
        Seconds after which :meth:`show` should be called again at the latest.

    Examples
    --------
    >>> with TaskProgress("training", n_tasks=2, seconds=3.0) as progress:
    ...     progress.done(2.0)
    ...     progress.n_done
    1
    """

    def __init__(self, label: str, n_tasks: int, seconds: float):
        self.label = label
        self.n_tasks = n_tasks
        self.n_done = 0
        self.seconds = seconds
        self.seconds_done = 0.0
        self.started = time.perf_counter()
        self.said = self.started
        watched = sys.stderr.isatty()
        self.every = 1.0 if watched else float(PROGRESS_SECONDS)
        self.bar = tqdm(
            desc=label,
            total=seconds or 1,
            bar_format="{desc}: {percentage:3.0f}% |{bar}| {postfix} [{elapsed}<{remaining}]",
            smoothing=0,
            disable=not watched,
        )

    def __exit__(self, *_) -> None:
        self.bar.close()

    def done(self, seconds: float) -> None:
        """A task of this estimate is done."""
        self.n_done += 1
        self.seconds_done += seconds

    def show(self) -> None:
        """Draw the bar, or write a line if it is time, and at the end in any case."""
        count = f"{self.n_done} of {self.n_tasks}"
        now = time.perf_counter()
        if not self.bar.disable:
            self.bar.n = self.seconds_done
            self.bar.set_postfix_str(f"{count} tasks")
        elif now - self.said >= PROGRESS_SECONDS or self.n_done == self.n_tasks:
            self.said = now
            self._write_line(count, now - self.started)

    def _write_line(self, count: str, spent: float) -> None:
        left = spent * (self.seconds / self.seconds_done - 1) if self.seconds_done else 0.0
        more = f", about {left:.0f} s left" if left > 0.5 else ""
        print(f"{self.label}: {count} done, {spent:.0f} s{more}", file=sys.stderr, flush=True)
