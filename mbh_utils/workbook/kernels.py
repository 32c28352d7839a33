"""The kernels in which chapters are executed: this very interpreter, with a share of the cores."""

import atexit
import os
import sys
import tempfile
import time
import traceback
from typing import ClassVar

import nbclient
import nbformat
import zmq
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError

from mbh_utils.computing import paths
from mbh_utils.errors import MBHError

#: What limits the threads of the libraries that a chapter computes with.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

#: Seconds until a kernel that does not answer is given up.
START_SECONDS = 180


def kernel_environment(threads: int) -> dict[str, str]:
    """The environment of a chapter's kernel: this package first, plots as in JupyterLab.

    Parameters
    ----------
    threads : int
        Threads that the kernel may compute with.

    Examples
    --------
    >>> kernel_environment(2)["NUMBA_NUM_THREADS"]
    '2'
    """
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    environment |= dict.fromkeys(_THREADS, str(threads))
    places = [str(paths.PROJECT), environment.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, places))
    # Explorers show words: stored controls without a kernel behind them rot.
    environment["MBH_STATIC"] = "1"
    # The debugger's remark on frozen modules is no output of ours.
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    return environment


def kernel_manager_class(threads: int) -> type:
    """A kernel manager that starts the interpreter we run in.

    Papermill would trust whatever kernel is registered under the name python3.

    Parameters
    ----------
    threads : int
        Threads that each of its kernels may compute with.
    """

    class ThisInterpreter(AsyncKernelManager):
        started: ClassVar[list] = []
        stopped: ClassVar[bool] = False
        log_file = _log_file()  # closed by who runs the kernel; see last_words

        @property
        def kernel_spec(self):
            # What the installed ipykernel says, encryption included.
            return KernelSpec(**get_kernel_dict())

        async def start_kernel(self, **options):
            self.started.append(self)
            if self.stopped:
                raise RuntimeError("interrupted before the kernel was started")
            if self.has_trait("transport_encryption") and zmq.has("curve"):
                self.transport_encryption = "auto"
            environment = kernel_environment(threads)
            await super().start_kernel(**options, env=environment, stderr=self.log_file)

    return ThisInterpreter


def _log_file():
    """A file for what a kernel writes outside of its notebook; none where there is no room."""
    try:
        return tempfile.TemporaryFile("w+")
    except OSError:
        return open(os.devnull, "r+")


def last_words(manager_class: type, error: Exception) -> str:
    """The last line that a kernel wrote outside of its notebook, such as why it could not start.

    Where it wrote nothing, what the error says.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        client = frame.f_locals.get("self")
        if isinstance(client, nbclient.NotebookClient):
            # nbclient leaves it behind, and it would fail.
            atexit.unregister(client._cleanup_kernel)
    manager_class.log_file.seek(0)
    lines = manager_class.log_file.read().strip().splitlines()
    return lines[-1] if lines else str(error)


def try_kernel() -> float:
    """Start a chapter's kernel and ask it something.

    Returns
    -------
    float
        Seconds until it answered.

    Raises
    ------
    MBHError
        If no kernel can be started, or another interpreter answers.
    """
    question = nbformat.v4.new_code_cell("import sys; print(sys.executable)")
    notebook = nbformat.v4.new_notebook(cells=[question])
    started = time.perf_counter()
    manager_class = kernel_manager_class(1)
    try:
        nbclient.NotebookClient(
            notebook,
            kernel_manager_class=manager_class,
            startup_timeout=START_SECONDS,
        ).execute()
        answer = "".join(output.get("text", "") for output in notebook.cells[0].outputs).strip()
    except (RuntimeError, OSError, CellExecutionError) as error:
        answer = last_words(manager_class, error)
    finally:
        manager_class.log_file.close()
    if answer != sys.executable:
        raise MBHError(
            f"no notebook kernel could be started with {sys.executable} ({answer}): "
            f"install what it needs with {sys.executable} -m pip install ipykernel"
        )
    return time.perf_counter() - started
