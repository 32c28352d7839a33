"""Tasks on several processes at once (``workers.py`` says whose), the longest first.

A task reads and writes a store and returns nothing. Tasks are idempotent: a killed worker loses
only its current task, which is done again.
"""

import contextlib
import heapq
import os
import pickle
import platform
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mbh_utils.computing.files import token
from mbh_utils.computing.parcels import Parcel
from mbh_utils.computing.progress import TaskProgress
from mbh_utils.computing.store import VERSIONS, Store
from mbh_utils.computing.threads import one_thread
from mbh_utils.errors import MBHError
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
    seconds = sum(task.seconds for task in tasks)
    with (
        marker_file(store) if shared else contextlib.nullcontext() as marker,
        TaskProgress(label, len(tasks), seconds) as progress,
    ):
        path = str(marker.path) if marker else None
        call = _Call(store.folder.resolve(), path, _versions(), platform.node())
        run = _Stage(store, executor, call, progress, marker)
        memory = run.do(sorted(tasks, key=lambda task: task.seconds))
    return Done(label, len(tasks), time.perf_counter() - started, memory)


_KILLED = (
    "a process was killed while it computed, most often because memory ran out, or the cluster is "
    "gone. What was finished is kept: run it again, with fewer jobs if memory is short. (A script "
    'must call this below if __name__ == "__main__":, since every process reads the script.)'
)


class _Call(NamedTuple):
    """What every task of a stage is told: where the store is, how to know it, whom it works for."""

    folder: Path
    marker: str | None  # a file that exists in the folder meanwhile; None: the folder is not shared
    versions: dict
    host: str


class _Stage(NamedTuple):
    """Tasks on their way to the workers and back."""

    store: Store
    executor: Executor
    call: _Call
    progress: TaskProgress
    marker: "Marker | None"

    def do(self, waiting: list[Task]) -> int:
        """Run the tasks, the last one first; returns the most bytes that any process held."""
        memory = 0
        running: dict[Future, Task] = {}
        try:
            while waiting or running:
                while waiting and len(running) < _AHEAD:
                    task = waiting.pop()
                    running[self._begin(task)] = task
                for future in wait(running, self.progress.every, FIRST_COMPLETED).done:
                    memory = max(memory, self._take_in(*future.result()))
                    self.progress.done(running.pop(future).seconds)
                self.progress.show()
                if self.marker:
                    self.marker.renew()
        except Exception as error:
            if _is_by_kill(error):
                raise MBHError(_KILLED) from error
            raise
        finally:
            for future in running:
                future.cancel()
        return memory

    def _begin(self, task: Task) -> Future:
        parcels = None if self.call.marker else self.store.pack(task.needs)
        return self.executor.submit(_run, task, self.call, parcels)

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


def _run(task: Task, call: _Call, parcels: list[Parcel] | None) -> tuple[list, list, int]:
    """Do a task: (parcels of what it wrote, needs that it dropped, most bytes of memory held)."""
    try:
        written, gone = _do(task, call, parcels)
        return written, gone, _peak_memory()
    except Exception as error:
        told = _sendable(error, call.host)
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
