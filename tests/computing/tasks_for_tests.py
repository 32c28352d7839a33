"""Work for processes and machines that import this file, and what waits for it."""

import os
import pickle
import signal
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import threadpoolctl

from mbh_utils.computing.scheduling import Task
from mbh_utils.errors import MBHError

#: How long anything may take on a machine that does much else. Nothing waits that long unless it
#: fails.
PATIENCE = 120


#: What a process would take as its number of threads if nothing else were done.
THREADS = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}


class Here(Executor):
    """Runs every task at once in this process, and keeps what it was told."""

    def __init__(self, change=lambda call: call):
        self.tasks, self.cancelled, self.change = [], 0, change

    def submit(self, function, task, call, parcels):
        self.tasks.append(task)
        function, task, call, parcels = pickle.loads(
            pickle.dumps((function, task, self.change(call), parcels))
        )
        future = Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(function(task, call, parcels))))
        except Exception as error:
            future.set_exception(error)
        return future


def wait_for(what, seconds=PATIENCE):
    """What ``what()`` gives, once that is something."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def square(i, store):
    """Reads number i if it is there, and writes its square."""
    found = store.arrays("number", {"i": i})
    value = found[0]["value"] if found else np.array([-1.0])
    store.put_arrays("square", {"i": i}, {"value": value**2})


def when_told(i, box, task, store):
    """Does a task after it said which process is at it, and was told to go on."""
    Path(box, f"{i}-{os.getpid()}").touch()
    wait_for(Path(box, "go").exists)
    task.function(*task.arguments, store=store)


def replace_number(i, store):
    """Drops what it read, as a superseded checkpoint."""
    square(i, store)
    store.drop("number", {"i": i})


def count_threads(late, store):
    import numba
    import torch

    if late:
        import scipy.linalg  # noqa: F401  brings a library with threads of its own
    pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    store.put_arrays(
        "threads", {}, {"n": np.array([torch.get_num_threads(), numba.get_num_threads(), *pools])}
    )


def fail(words, store):
    raise MBHError(words)


class Stubborn(Exception):
    """An error that cannot be unpickled, as its arguments are not what it is made of."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

    def __reduce__(self):  # as an Exception does; Dask's tblib would find another way
        return Stubborn, (str(self),)


def fail_stubbornly(store):
    raise Stubborn("this", "that")


def die(store):
    """Ends like a task that ran out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def numbers(store, n=6):
    """Tasks, the later the longer, and what they need."""
    for i in range(n):
        store.put_arrays("number", {"i": i}, {"value": np.array([i, i / 7])})
    return [Task(square, (i,), (("number", {"i": i}),), seconds=i + 1) for i in range(n)]


def squares(store, n=6):
    return [store.arrays("square", {"i": i}) for i in range(n)]


def right(store, n=6):
    return all(
        np.array_equal(s[0]["value"], np.array([i, i / 7]) ** 2)
        for i, s in enumerate(squares(store, n))
    )
