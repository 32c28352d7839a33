"""Who computes: processes on this machine's cores, or the workers of a Dask cluster.

Nothing heavy is imported here: a new process reads this file before it knows how many threads the
libraries may start.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from urllib.parse import urlsplit

from mbh_utils.computing.threads import limit_libraries_to_come, n_processes
from mbh_utils.errors import MBHError

#: Seconds until a Dask scheduler must have answered.
CONNECT_SECONDS = 30


@contextlib.contextmanager
def workers(jobs: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """An executor for :func:`mbh_utils.computing.scheduling.compute`.

    Parameters
    ----------
    jobs : int, optional
        Processes of this machine; by default one per core. Ctrl-C ends them at once.
    scheduler : str, optional
        The address of a Dask cluster's scheduler, whose workers compute in place of processes here:
        "tcp://10.0.0.1:8786", or "tls://10.0.0.1:8786" with the certificates that Dask's own
        configuration names.

    Yields
    ------
    concurrent.futures.Executor
        It is shut down at the end of the block; what has not begun by then is cancelled.

    Raises
    ------
    MBHError
        If jobs is below 1, Dask is not installed, certificates are missing, or no scheduler
        answers.

    Examples
    --------
    >>> with workers(jobs=0):
    ...     pass
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: jobs is 0; at least one process is needed
    """
    with _cluster(scheduler) if scheduler is not None else _pool(jobs) as executor:
        yield executor


# ------------------------------------------------------------------------ processes of this machine


@contextlib.contextmanager
def _pool(jobs: int | None) -> Iterator[Executor]:
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    pool = ProcessPoolExecutor(n_processes(jobs), spawn, _set_up_process)
    try:
        yield pool
    except KeyboardInterrupt:
        # Otherwise the processes would finish what they are at, which may take minutes.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _set_up_process() -> None:
    """Make a new process one that only computes, for the process that started it."""
    # Ctrl-C reaches all processes of a terminal; one of them acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_libraries_to_come()
    # Python leaves the processes behind when the one that started them is killed.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # a process of the pool was started by one
    parent.join()
    os._exit(1)


# ------------------------------------------------------------------------------- a Dask cluster


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        import dask.config
        from distributed import Client, Security
        from distributed.comm.registry import backends
    except ImportError as error:
        raise MBHError(
            "a scheduler needs Dask: pip install 'mbh_utils[cluster]' (or distributed)"
        ) from error
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
            f"no Dask scheduler answers at {address or repr(address)} ({error}): give the address "
            "that `dask scheduler` prints, e.g. tcp://10.0.0.1:8786, and see that it can be "
            "reached from here"
        ) from error
    with client:
        # Distributed's annotations know the coroutine only that an asynchronous client gives.
        threads = client.nthreads().values()  # pyright: ignore[reportAttributeAccessIssue]
        _tell_size(address, threads)
        # Parcels are large on purpose: what is sent with a task outlives any worker.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "10 GB"}):
            yield client.get_executor(pure=False)  # a task that failed is not remembered as failed


def _tell_size(address: str, threads: Iterable[int]) -> None:
    """One line on the cluster's size; threads: of each worker."""
    threads = list(threads)
    waits = "" if threads else "; the tasks wait until one joins it"
    told = f"{address}: {len(threads)} workers, {sum(threads)} threads{waits}"
    print(told, file=sys.stderr, flush=True)


def _check_address(address: str, schemes: Iterable[str], encrypted: bool) -> None:
    """Raise ValueError for what Dask takes for no address; it would complain late and often."""
    parts = urlsplit(address if "://" in address else f"//{address}", scheme="tcp")
    if not parts.hostname or parts.port is None:
        raise ValueError("an address has a host and a port")
    if parts.scheme not in schemes:
        raise ValueError(f"there is no {parts.scheme}://, but {', '.join(schemes)}")
    if encrypted and parts.scheme == "tcp":
        raise ValueError("Dask's configuration requires encryption, so it must be one at tls://")


def _check_certificates(security) -> None:
    """Raise MBHError where Dask's configuration names no certificates that can be read for TLS."""
    reason = "it names none"
    try:
        if security.get_connection_args("client").get("ssl_context") is not None:
            return
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = f"they cannot be read: {error}"
    raise MBHError(
        f"a scheduler at tls:// needs the certificates of Dask's configuration, but {reason}. Set "
        "distributed.comm.tls.ca-file, distributed.comm.tls.client.cert and "
        "distributed.comm.tls.client.key in ~/.config/dask/distributed.yaml, or "
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE and so on in the environment"
    )
