"""Pieces of work of one kind, side by side in threads: results in order, and one progress bar.

For work that holds no GIL most of the time, and that looks now and then whether it shall stop.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from mbh_utils.computing.progress import Progress

Result = TypeVar("Result", bound=Sized)

#: Seconds between two looks at how far the threads are.
_LOOK = 0.1
#: Pieces per thread that are begun before the first result is taken: more would only fill memory.
_AHEAD = 4


class Stopped(Exception):
    """The work shall not go on; nobody waits for its result."""


class Part:
    """How far one piece of work is; takes the place of a :class:`Progress` there.

    area: all there is to do. stop: set where the work shall end.
    told: called whenever there is something new.
    """

    def __init__(self, area: float, stop: threading.Event, told: Callable[["Part"], None]):
        self.whole = area
        self.stop = stop
        self.told = told
        self.area = 0.0  # of blocks that are done
        self.share = 0.0
        self.blocks = 0  # regions in them
        self.regions = 0

    def check_stop(self) -> None:
        """Raises :class:`Stopped` where the work shall end."""
        if self.stop.is_set():
            raise Stopped

    def show(self, area: float, regions: int) -> None:
        """Tell what the block at work holds; earlier blocks were told by :meth:`add`."""
        self.check_stop()
        self.share = min((self.area + area) / self.whole, 1.0)
        self.regions = self.blocks + regions
        self.told(self)

    def add(self, area: float, regions: int) -> None:
        """A block is done."""
        self.area += area
        self.blocks += regions


def side_by_side(
    work: Callable[[int, Part], Result],
    areas: Sequence[float],
    bar: Progress,
    n_threads: int,
    ahead: int | None = None,
) -> Generator[Result, None, None]:
    """Results of ``work(i, part)`` for each i, in order; an error is raised in place of its result.

    areas: of each piece of work all that there is to do.
    bar: counts pieces; it is only used in the thread that takes the results.
    ahead: pieces that are begun before the first result is taken (None: a few).

    Threads end when all is done, and soon after an error, Ctrl-C, or when the iterator is closed.
    """
    shown = time.monotonic()

    def show(running: Sequence[Part], last: bool = False) -> None:
        nonlocal shown
        if last or time.monotonic() - shown >= _LOOK:
            shown = time.monotonic()
            bar.show(sum(part.share for part in running), sum(part.regions for part in running))

    if n_threads <= 1:
        run = _one_by_one(work, areas, show)
    else:
        run = _in_threads(work, areas, show, n_threads, ahead or _AHEAD * n_threads)
    with contextlib.closing(run):
        for i, (result, running) in enumerate(run, start=1):
            bar.add(1.0, len(result))
            show(running, last=i == len(areas))
            yield result


def _one_by_one(
    work: Callable[[int, Part], Result],
    areas: Sequence[float],
    show: Callable[[Sequence[Part]], None],
) -> Generator[tuple[Result, Sequence[Part]], None, None]:
    """Each result, and the parts that are at work by then."""
    going_on = threading.Event()
    for i, area in enumerate(areas):
        yield work(i, Part(area, going_on, lambda part: show([part]))), ()


def _in_threads(
    work: Callable[[int, Part], Result],
    areas: Sequence[float],
    show: Callable[[Sequence[Part]], None],
    n_threads: int,
    ahead: int,
) -> Generator[tuple[Result, Sequence[Part]], None, None]:
    """The same."""
    stop = threading.Event()
    parts = [Part(area, stop, lambda part: None) for area in areas]

    def done(i: int) -> Result:
        parts[i].check_stop()
        result = work(i, parts[i])
        parts[i].share, parts[i].regions = 1.0, len(result)
        return result

    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="partition")
    try:
        begun: deque[Future] = deque()
        for i in range(len(areas)):
            for n in range(i + len(begun), min(i + ahead, len(areas))):
                begun.append(pool.submit(done, n))
            while not wait([begun[0]], _LOOK).done:
                show(parts[i : i + len(begun)])
            result = begun.popleft().result()
            yield result, parts[i + 1 : i + 1 + len(begun)]
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
