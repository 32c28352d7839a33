"""Tasks on several processes at once: on this machine's cores, or on the workers of a Dask cluster.

A task reads and writes a store and returns nothing, and one that is done twice leaves what one would: so a killed
worker costs only what it was at. Nothing heavy is imported here before a task runs.
"""

import contextlib
import heapq
import multiprocessing
import os
import pickle
import platform
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import threadpoolctl
from tqdm import tqdm  # not tqdm.auto, whose bars in notebooks are widgets

from mbh_utils.errors import MBHError

if TYPE_CHECKING:
    from mbh_utils.store import Store

#: Seconds until a Dask scheduler must have answered.
CONNECT_SECONDS = 30
#: Seconds between two lines of progress where no terminal shows a bar.
PROGRESS_SECONDS = 15
#: Seconds after which a run renews its sign in the store, which is taken for that of a killed run when it is old.
RENEW_SECONDS = 300
#: Tasks handed out at once: enough for every worker to find its next one, few since what they need is held in memory.
_AHEAD = 200
#: How libraries are told, before they are loaded, the number of their threads. Dask's workers set these themselves.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS")

_in_task: ContextVar[bool] = ContextVar("in_task", default=False)


@dataclass(frozen=True)
class Task:
    """One piece of work: ``function(*arguments, store=store)``, where function can be imported by name.

    needs: the (kind, settings) of what it reads from the store; what is not there is left out.
    seconds, bytes, memory: estimates of its time on one core (which decides the order), of what it adds to the store,
    and of the most that a process holds while at it, libraries included.
    """

    function: Callable
    arguments: tuple = ()
    needs: tuple[tuple[str, dict], ...] = ()
    seconds: float = 1.0
    bytes: int = 0
    memory: int = 0


class Done(NamedTuple):
    """How a stage went: its label, tasks done, seconds of wall time, most bytes of memory that any process held."""

    label: str
    tasks: int
    seconds: float
    memory: int


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def n_threads() -> int:
    """Threads that whoever works side by side in threads may start: one per core, or one in all in a task."""
    return 1 if in_task() else cores()


def in_task() -> bool:
    """Whether this thread is at a task (:func:`one_thread`); other tasks have the other cores."""
    return _in_task.get()


def n_processes(jobs: int | None) -> int:
    """``jobs``, or one per core if it is None. Raises MBHError if it is below 1."""
    if jobs is not None and jobs < 1:
        raise MBHError(f"jobs is {jobs}; at least one process is needed")
    return jobs or cores()


def wall_seconds(tasks: Sequence[Task], jobs: int) -> float:
    """The time until all tasks are done by ``jobs`` processes, the longest first, if the tasks' estimates hold."""
    free = [0.0] * max(1, min(jobs, len(tasks)))
    for seconds in sorted((task.seconds for task in tasks), reverse=True):
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


# ------------------------------------------------------------------------------------------------ who works


@contextlib.contextmanager
def workers(jobs: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """An executor for :func:`compute`: ``jobs`` processes here (default: one per core), or a Dask cluster's workers.

    scheduler: the address of the cluster's scheduler, e.g. "tcp://10.0.0.1:8786", or "tls://10.0.0.1:8786" with the
    certificates that Dask's own configuration names. Ctrl-C ends the processes here at once. Raises MBHError if jobs is
    below 1, Dask is not installed, certificates lack, or no scheduler answers.
    """
    if scheduler is not None:
        with _cluster(scheduler) as executor:
            yield executor
        return
    others, spawn = set(multiprocessing.active_children()), multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(n_processes(jobs), spawn, _set_up_process)  # torch's threads do not survive a fork
    try:
        yield pool
    except KeyboardInterrupt:  # otherwise the processes would finish what they are at, which may take minutes
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        import dask
        from distributed import Client, Security
        from distributed.comm.registry import backends
    except ImportError as error:
        raise MBHError("a scheduler needs Dask: pip install 'mbh_utils[cluster]' (or distributed)") from error
    try:
        security = Security()  # what Dask's configuration says
        _check_address(address, backends, security.require_encryption)
        if address.startswith("tls://"):
            _check_certificates(security)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False, security=security)
    except MBHError:
        raise
    except (OSError, ValueError) as error:
        raise MBHError(
            f"no Dask scheduler answers at {address or repr(address)} ({error}): give the address that "
            "`dask scheduler` prints, e.g. tcp://10.0.0.1:8786, and see that it can be reached from here"
        ) from error
    with client:
        n_threads = client.nthreads().values()
        waits = "" if n_threads else "; the tasks wait until one joins it"
        print(f"{address}: {len(n_threads)} workers, {sum(n_threads)} threads{waits}", file=sys.stderr, flush=True)
        # Parcels are large on purpose: what is sent with a task outlives any worker.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GB"}):
            yield client.get_executor(pure=False)  # a task that failed is not remembered as failed


def _check_address(address: str, schemes: Iterable[str], encrypted: bool) -> None:
    """Raise ValueError for what Dask cannot take for an address: it would complain late, and more than once."""
    parts = urlsplit(address if "://" in address else f"//{address}", scheme="tcp")
    if not parts.hostname or parts.port is None:
        raise ValueError("an address has a host and a port")
    if parts.scheme not in schemes:
        raise ValueError(f"there is no {parts.scheme}://, but {', '.join(schemes)}")
    if encrypted and parts.scheme == "tcp":
        raise ValueError("Dask's configuration requires encryption, so it must be one at tls://")


def _check_certificates(security) -> None:
    """Raise MBHError where Dask's configuration holds no certificates that can be read for a connection by TLS."""
    reason = "it names none"
    try:
        if security.get_connection_args("client").get("ssl_context") is not None:
            return
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = f"they cannot be read: {error}"
    raise MBHError(
        f"a scheduler at tls:// needs the certificates of Dask's configuration, but {reason}. Set "
        "distributed.comm.tls.ca-file, distributed.comm.tls.client.cert and distributed.comm.tls.client.key in "
        "~/.config/dask/distributed.yaml, or DASK_DISTRIBUTED__COMM__TLS__CA_FILE and so on in the environment"
    )


def _set_up_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; one of them acts on it
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # for libraries that a task is the first to load
    # Python leaves the processes behind when the one that started them is killed.
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


# ----------------------------------------------------------------------------------------------- what they do


def compute(tasks: Sequence[Task], store: "Store", executor: Executor, label: str, *, shared: bool = True) -> Done:
    """How it went, once every task is done, the longest first; what they wrote is in the store.

    shared: whether the workers see the store's folder, as processes here or on a shared file system do. Otherwise
    what a task needs is sent along, and what it wrote comes back with its end.

    Raises the error of a task that fails; those not yet begun are cancelled, what is finished is kept. Raises MBHError
    when workers are killed again and again, do not see the store, or have other versions than those here.
    """
    started, memory, renewed = time.perf_counter(), 0, time.monotonic()
    waiting = sorted(tasks, key=lambda task: task.seconds)
    running: dict = {}
    with _sign(store) if shared else contextlib.nullcontext() as sign, _Progress(label, tasks) as progress:
        call = _Call(store.folder.resolve(), sign, _versions(), platform.node())
        try:
            while waiting or running:
                while waiting and len(running) < _AHEAD:
                    task = waiting.pop()
                    running[executor.submit(_run, task, call, None if shared else store.pack(task.needs))] = task
                for future in wait(running, progress.every, FIRST_COMPLETED).done:
                    parcels, gone, held = future.result()
                    store.unpack(parcels)
                    for entry in gone:
                        store.drop(*entry)
                    memory = max(memory, held)
                    progress.done(running.pop(future))
                progress.show()
                if sign and time.monotonic() - renewed > RENEW_SECONDS:
                    renewed = time.monotonic()
                    with contextlib.suppress(OSError):
                        Path(sign).touch()
        except Exception as error:
            known = isinstance(error, BrokenProcessPool | CancelledError)
            if known or type(error).__name__ == "KilledWorker":  # Dask's, which need not be installed
                raise MBHError(_KILLED) from error
            raise
        finally:
            for future in running:
                future.cancel()
    return Done(label, len(tasks), time.perf_counter() - started, memory)


_KILLED = (
    "a process was killed while it computed, most often because memory ran out, or the cluster is gone. What was "
    "finished is kept: run it again, with fewer jobs if memory is short. (A script must call this below "
    'if __name__ == "__main__":, since every process reads the script.)'
)


class _Call(NamedTuple):
    """What every task of a stage is told: where the store is, how to know it, and whom it works for."""

    folder: Path
    sign: str | None  # a file that exists in the folder meanwhile; None if the folder is not shared
    versions: dict
    host: str


def _run(task: Task, call: _Call, parcels: list | None) -> tuple[list, list, int]:
    """What a worker does: (parcels of what was written, needs that it dropped, bytes of memory held at most)."""
    try:
        return *_do(task, call, parcels), _memory()
    except Exception as error:
        told = _sendable(error, call.host)
    raise told  # out here, for what is raised while another error is handled takes that one along


def _do(task: Task, call: _Call, parcels: list | None) -> tuple[list, list]:
    from mbh_utils.store import Store

    if (versions := _versions()) != call.versions:
        raise MBHError(f"this worker has {versions}, but {call.host} has {call.versions}: install the same")
    if call.sign is not None:
        if not os.path.exists(call.sign):
            raise MBHError(
                f"this worker does not see the store {call.folder} of {call.host}: give one on a file system that all "
                "machines share, or let results be sent back (shared=False, mbh run --no-shared-store)"
            )
        with one_thread():
            task.function(*task.arguments, store=Store(call.folder))
        return [], []
    with tempfile.TemporaryDirectory(prefix="mbh-") as folder:
        store = Store(folder)
        store.unpack(parcels)
        given = store.pack_all()
        with one_thread():
            task.function(*task.arguments, store=store)
        written = [parcel for parcel in store.pack_all() if parcel not in given]
        return written, [need for need in task.needs if not store.has(*need)]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread for all libraries: tasks run side by side, and the number of threads may change the last digits."""
    import numba
    import torch

    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    token = _in_task.set(True)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        _in_task.reset(token)
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])


def _sendable(error: Exception, host: str) -> Exception:
    """The error as it can reach the machine that waits for it, which some cannot, and would break the pool."""
    words = "".join(traceback.format_exception(error))
    if isinstance(error, MBHError):
        told = MBHError(str(error) if platform.node() == host else f"on {platform.node()}: {error}")
        told.add_note(words)
        return told
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"on {platform.node()}: {words}")


@contextlib.contextmanager
def _sign(store: "Store") -> Iterator[str]:
    """A file in the store by which a worker knows that it sees the same folder."""
    from mbh_utils.store import token

    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        store.remove_signs()
        path = store.folder.resolve() / f".shared.{token()}.part"
        path.touch()
    except OSError as error:
        raise MBHError(
            f"{store.folder} cannot be written ({error.strerror}): make it writable, or name another one (MBH_STORE)"
        ) from error
    try:
        yield str(path)
    finally:
        with contextlib.suppress(OSError):  # what stays is removed by gc, or by the next run
            path.unlink()


def _versions() -> dict:
    from mbh_utils import __version__
    from mbh_utils.store import VERSIONS

    return {"mbh_utils": __version__, **VERSIONS}


def _memory() -> int:
    with contextlib.suppress(OSError, TypeError):  # Linux, where getrusage counts what the parent held as well
        return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


# ------------------------------------------------------------------------------------------------- progress


class _Progress(contextlib.AbstractContextManager):
    """How much of the tasks' estimated time is done: a bar on a terminal, a plain line now and then elsewhere."""

    def __init__(self, label: str, tasks: Sequence[Task]):
        self.label, self.n_tasks, self.n_done = label, len(tasks), 0
        self.seconds_all, self.seconds_done = sum(task.seconds for task in tasks), 0.0
        self.started = self.said = time.perf_counter()
        self.every = 1.0 if sys.stderr.isatty() else float(PROGRESS_SECONDS)
        form, quiet = "{desc}: {percentage:3.0f}% |{bar}| {postfix} [{elapsed}<{remaining}]", not sys.stderr.isatty()
        self.bar = tqdm(desc=label, total=self.seconds_all or 1, bar_format=form, smoothing=0, disable=quiet)

    def __exit__(self, *_) -> None:
        self.bar.close()

    def done(self, task: Task) -> None:
        self.n_done += 1
        self.seconds_done += task.seconds

    def show(self) -> None:
        """Draw the bar, or write a line if it is time, and at the end in any case."""
        now, count = time.perf_counter(), f"{self.n_done} of {self.n_tasks}"
        if not self.bar.disable:
            self.bar.n = self.seconds_done
            self.bar.set_postfix_str(f"{count} tasks")
        elif now - self.said >= PROGRESS_SECONDS or self.n_done == self.n_tasks:
            self.said, spent = now, now - self.started
            left = spent * (self.seconds_all / self.seconds_done - 1) if self.seconds_done else 0.0
            more = f", about {left:.0f} s left" if left > 0.5 else ""
            print(f"{self.label}: {count} done, {spent:.0f} s{more}", file=sys.stderr, flush=True)
