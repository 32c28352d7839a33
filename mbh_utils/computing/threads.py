"""How many processor cores there are, and how many threads the libraries may use.

Nothing here loads numpy, torch or numba before it must: a process learns from here how many threads
they may start, and it must know that before it loads them.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar

import threadpoolctl

from mbh_utils.errors import MBHError

#: How libraries are told, before they are loaded, the number of their threads. Dask's workers set
#: these themselves.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)

_in_task: ContextVar[bool] = ContextVar("in_task", default=False)


def cores() -> int:
    """Processor cores that this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def n_processes(jobs: int | None) -> int:
    """How many processes to start.

    Parameters
    ----------
    jobs : int or None
        What was asked for; None: one per core.

    Raises
    ------
    MBHError
        If ``jobs`` is below 1.

    Examples
    --------
    >>> n_processes(3)
    3
    >>> n_processes(None) == cores()
    True
    """
    if jobs is not None and jobs < 1:
        raise MBHError(f"jobs is {jobs}; at least one process is needed")
    return jobs or cores()


def n_threads() -> int:
    """Threads that work side by side may have: one per core, or one in all within a task."""
    return 1 if in_task() else cores()


def in_task() -> bool:
    """Whether this thread is at a task (:func:`one_thread`); other tasks have the other cores."""
    return _in_task.get()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread for all libraries within the block.

    Tasks run side by side, so more threads gain nothing, and their number may change last digits.

    Examples
    --------
    >>> import torch
    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    import numba
    import torch

    torch_before = torch.get_num_threads()
    numba_before = numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    token = _in_task.set(True)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        _in_task.reset(token)
        torch.set_num_threads(torch_before)
        numba.set_num_threads(numba_before)


def limit_libraries_to_come() -> None:
    """One thread for each library that this process will be the first to load.

    numba that is there already, because the script that a worker process reads imports it, keeps
    its number: once it has started threads, it refuses to compile where the variable says another.
    :func:`one_thread` limits it in every task.
    """
    limited: dict[str, str] = dict.fromkeys(VARIABLES, "1")
    if "numba" in sys.modules:
        del limited["NUMBA_NUM_THREADS"]
    os.environ.update(limited)
