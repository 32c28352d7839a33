"""Tasks on several processes at once (``workers.py`` says whose), the longest first.

A task reads and writes a store and returns nothing. Tasks are idempotent: a killed worker loses
only its current task, which is done again.
"""

import contextlib
import heapq
import itertools
import os
import pickle
import platform
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mbh_utils.computing import shares
from mbh_utils.computing.files import token
from mbh_utils.computing.parcels import Parcel
from mbh_utils.computing.progress import TaskProgress
from mbh_utils.computing.store import VERSIONS, Store
from mbh_utils.computing.threads import one_thread
from mbh_utils.errors import GO_ON, Interrupted, MBHError
from mbh_utils.version import __version__

#: Seconds after which a run renews its marker file in the store, which is taken for that of a
#: killed run when it is old.
RENEW_SECONDS = 300
#: Tasks handed out at once: enough for every worker to find its next one, few since what they need
#: is held in memory.
_AHEAD = 200


@dataclass(frozen=True)
class Task:
    """One piece of work: ``function(*arguments, store=store)``.

    Attributes
    ----------
    function : callable
        It can be imported by name, and is idempotent: done twice it leaves what it leaves once.
    arguments : tuple
        What it takes besides the store.
    needs : tuple of (str, dict)
        Kind and settings of what it reads from the store; what is not there is left out.
    seconds : float
        Estimate of its time on one core, which decides the order.
    bytes : int
        Estimate of what it adds to the store.
    memory : int
        Estimate of the most that a process holds while at it, libraries included.
    kind : str
        Tasks of one kind are by about the same factor slower, or faster, than their estimates.

    Examples
    --------
    >>> Task(print, ("hello",), seconds=2.0).bytes
    0
    """

    function: Callable
    arguments: tuple = ()
    needs: tuple[tuple[str, dict], ...] = ()
    seconds: float = 1.0
    bytes: int = 0
    memory: int = 0
    kind: str = ""


class Done(NamedTuple):
    """How a stage went.

    Attributes
    ----------
    label : str
        Its name.
    tasks : int
        How many were done.
    seconds : float
        Wall time.
    memory : int
        Most bytes that any process held.
    """

    label: str
    tasks: int
    seconds: float
    memory: int


def wall_seconds(tasks: Sequence[Task], jobs: int) -> float:
    """The time until all tasks are done, the longest first, if the tasks' estimates hold.

    Parameters
    ----------
    tasks : sequence of Task
        What there is to do.
    jobs : int
        Processes at it.

    Examples
    --------
    >>> wall_seconds([Task(print, seconds=s) for s in (1, 2, 3, 4, 10)], jobs=2)
    10.0
    """
    free = [0.0] * max(1, min(jobs, len(tasks)))
    for seconds in sorted((task.seconds for task in tasks), reverse=True):
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


# --------------------------------------------------------------------------- who hands tasks out


def compute(
    tasks: Sequence[Task], store: Store, executor: Executor, label: str, *, shared: bool = True
) -> Done:
    """Run all tasks, longest first; return a summary.

    Parameters
    ----------
    tasks : sequence of Task
        In any order; none may need what another of them writes.
    store : Store
        What they read and where they write.
    executor : concurrent.futures.Executor
        From :func:`mbh_utils.computing.workers.workers`.
    label : str
        The name of the stage, for the progress bar.
    shared : bool
        Whether the workers see the store's folder, as processes here or on a shared file system do.
        Otherwise what a task needs is sent along, and what it wrote comes back with its end.

    Returns
    -------
    Done
        A summary; what the tasks wrote is in the store.

    Raises
    ------
    MBHError
        When workers are killed again and again, do not see the store, or have other versions than
        those here.
    Exception
        The error of a task that fails; tasks not yet begun are cancelled, what is finished is kept.

    Examples
    --------
    >>> from mbh_utils.computing.workers import workers
    >>> with workers(jobs=1) as executor:
    ...     compute([], Store(tempfile.mkdtemp()), executor, "nothing to do").tasks
    0
    """
    started = time.perf_counter()
    tasks = _in_order(tasks)
    expected = [(task.kind, task.seconds) for task in tasks]
    with (
        marker_file(store) if shared else contextlib.nullcontext() as marker,
        TaskProgress(label, expected, _at_once(executor)) as progress,
    ):
        path = str(marker.path) if marker else None
        call = _Call(store.folder.resolve(), path, _versions(), platform.node())
        run = _Stage(store, executor, call, progress, marker)
        try:
            memory = run.do(tasks)
        except KeyboardInterrupt as stop:
            count = f"{progress.n_done} of {len(tasks)} tasks of stage {label!r} are done"
            words = f"{GO_ON} ({store.folder}; {count}, those at work are kept as at their last"
            raise Interrupted(f"{words} checkpoint)") from stop
    return Done(label, len(tasks), time.perf_counter() - started, memory)


_KILLED = (
    "a process was killed while it computed, most often because memory ran out, or the cluster is "
    "gone. What was finished is kept: run it again, with fewer jobs if memory is short. (A script "
    'must call this below if __name__ == "__main__":, since every process reads the script.)'
)


def _in_order(tasks: Sequence[Task]) -> list[Task]:
    """The longest first; before all others one of each kind, so that its true cost is known soon.

    With few kinds this costs nothing: the others fill what the long ones leave.
    """
    longest_first = sorted(tasks, key=lambda task: task.seconds, reverse=True)
    first = {task.kind: i for i, task in reversed(list(enumerate(longest_first)))}
    order = sorted(range(len(tasks)), key=lambda i: first[longest_first[i].kind] != i)
    return [longest_first[i] for i in order]


def _at_once(executor: Executor) -> int:
    """How many tasks an executor does at the same time, as far as it says so."""
    if (client := getattr(executor, "_client", None)) is not None:  # Dask's
        return sum(client.nthreads().values())
    return getattr(executor, "_max_workers", 1)


class _Call(NamedTuple):
    """What every task of a stage is told: where the store is, how to know it, whom it works for."""

    folder: Path
    marker: str | None  # a file that exists in the folder meanwhile; None: the folder is not shared
    versions: dict
    host: str
    report: str | None = None  # the file in which this one task tells how far it is


class _AtWork(NamedTuple):
    """A task that was handed out."""

    number: int  # its place in the order
    report: Path | None

    def forget(self) -> None:
        """Remove its reports: nobody reads them any more."""
        if self.report is not None:
            with contextlib.suppress(OSError):
                self.report.unlink()


class _Stage(NamedTuple):
    """Tasks on their way to the workers and back."""

    store: Store
    executor: Executor
    call: _Call
    progress: TaskProgress
    marker: "Marker | None"

    def do(self, tasks: Sequence[Task]) -> int:
        """Run the tasks, the first one first; returns the most bytes that any process held."""
        memory = 0
        waiting = list(enumerate(tasks))[::-1]
        running: dict[Future, _AtWork] = {}
        try:
            while waiting or running:
                while waiting and len(running) < _AHEAD:
                    future, at_work = self._begin(*waiting.pop())
                    running[future] = at_work
                for future in wait(running, self.progress.every, FIRST_COMPLETED).done:
                    *brought, seconds = future.result()
                    memory = max(memory, self._take_in(*brought))
                    self.progress.done(running.pop(future).number, seconds)
                if self.progress.is_due:
                    self._look_at(running.values())
                    self.progress.show()
                if self.marker:
                    self.marker.renew()
        except Exception as error:
            if _is_by_kill(error):
                raise MBHError(_KILLED) from error
            raise
        finally:
            for future, at_work in running.items():
                if future.cancel() or not future.done():
                    at_work.forget()
        return memory

    def _begin(self, number: int, task: Task) -> tuple[Future, _AtWork]:
        call = self.call
        if call.marker is None:
            parcels = self.store.pack(task.needs)
            return self.executor.submit(_run, task, call, parcels), _AtWork(number, None)
        report = call.folder / f".shared.{token()}.part"
        call = call._replace(report=str(report))
        return self.executor.submit(_run, task, call, None), _AtWork(number, report)

    def _look_at(self, running: Iterable[_AtWork]) -> None:
        """Read how far the tasks at work say they are."""
        # They begin in order, and a network's file system is slow to say that a file is not there.
        for at_work in itertools.islice(running, self.progress.left.at_once + 2):
            if at_work.report is not None and (told := shares.read(at_work.report)) is not None:
                self.progress.reached(at_work.number, *told)

    def _take_in(self, parcels: list[Parcel], gone: list, memory: int) -> int:
        """Keep what a task wrote and drop what it dropped, elsewhere; returns its memory."""
        self.store.unpack(parcels)
        for entry in gone:
            self.store.drop(*entry)
        return memory


def _is_by_kill(error: Exception) -> bool:
    """Whether the error says that a worker is gone."""
    if isinstance(error, BrokenProcessPool | CancelledError):
        return True
    return type(error).__name__ == "KilledWorker"  # Dask's, which need not be installed


class Marker:
    """A file in a store by which a worker knows that it sees the same folder."""

    def __init__(self, path: Path):
        self.path = path
        self.renewed = time.monotonic()

    def renew(self) -> None:
        """Make it young again if it is time, so that nobody takes it for a killed run's."""
        if time.monotonic() - self.renewed > RENEW_SECONDS:
            self.renewed = time.monotonic()
            with contextlib.suppress(OSError):
                self.path.touch()


@contextlib.contextmanager
def marker_file(store: Store) -> Iterator[Marker]:
    """A marker in the store while the block lasts. MBHError if the store cannot be written."""
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        store.remove_markers()
        path = store.folder.resolve() / f".shared.{token()}.part"
        path.touch()
    except OSError as error:
        raise MBHError(
            f"{store.folder} cannot be written ({error.strerror}): make it writable, or name "
            "another one (MBH_STORE)"
        ) from error
    try:
        yield Marker(path)
    finally:
        with contextlib.suppress(OSError):  # what stays is removed by gc, or by the next run
            path.unlink()


def _versions() -> dict:
    return {"mbh_utils": __version__, **VERSIONS}


# ------------------------------------------------------------------------------ what a worker does


def _run(task: Task, call: _Call, parcels: list[Parcel] | None) -> tuple[list, list, int, float]:
    """Do a task: (parcels of what it wrote, needs that it dropped, most bytes held, seconds)."""
    started = time.perf_counter()
    try:
        with shares.telling(call.report):
            written, gone = _do(task, call, parcels)
        return written, gone, _peak_memory(), time.perf_counter() - started
    except Exception as error:
        told = _sendable(error, call.host)
    finally:
        if call.report is not None:
            with contextlib.suppress(OSError):
                os.unlink(call.report)
    raise told  # out here, for what is raised while another error is handled takes that one along


def _do(task: Task, call: _Call, parcels: list[Parcel] | None) -> tuple[list, list]:
    versions = _versions()
    if versions != call.versions:
        raise MBHError(
            f"this worker has {versions}, but {call.host} has {call.versions}: install the same"
        )
    if call.marker is None:
        return _do_alone(task, parcels or [])
    if not os.path.exists(call.marker):
        raise MBHError(
            f"this worker does not see the store {call.folder} of {call.host}: give one on a file "
            "system that all machines share, or let results be sent back (shared=False, "
            "mbh run --no-shared-store)"
        )
    with one_thread():
        task.function(*task.arguments, store=Store(call.folder))
    return [], []


def _do_alone(task: Task, parcels: list[Parcel]) -> tuple[list, list]:
    """Do a task in a store of its own, which begins with what was sent along."""
    with tempfile.TemporaryDirectory(prefix="mbh-") as folder:
        store = Store(folder)
        store.unpack(parcels)
        given = store.pack_all()
        with one_thread():
            task.function(*task.arguments, store=store)
        written = [parcel for parcel in store.pack_all() if parcel not in given]
        gone = [need for need in task.needs if not store.has(*need)]
        return written, gone


def _sendable(error: Exception, host: str) -> Exception:
    """The error in a form that reaches the machine that waits, and does not break the pool."""
    words = "".join(traceback.format_exception(error))
    here = platform.node()
    if isinstance(error, MBHError):
        told = MBHError(str(error) if here == host else f"on {here}: {error}")
        told.add_note(words)
        return told
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"on {here}: {words}")


def _peak_memory() -> int:
    """Most bytes that this process ever held."""
    # Linux, where getrusage counts what the parent held as well.
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text()
        if peak := re.search(r"VmHWM:\s*(\d+) kB", status):
            return int(peak[1]) * 1024
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
