"""Chapters executed by papermill, side by side, and held to the figures they declare.

What befalls one chapter ends no other: each gives an :class:`Outcome`.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill

from mbh_utils.computing import paths
from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError
from mbh_utils.workbook import kernels, provenance
from mbh_utils.workbook.chapters import Declaration
from mbh_utils.workbook.folder import shown
from mbh_utils.workbook.sources import read_notebook, source_path

# What matters of papermill's words is reported below.
logging.getLogger("papermill").addHandler(logging.NullHandler())

#: Seconds between two lines on what is still running.
PROGRESS_SECONDS = 20.0


@dataclass
class Outcome:
    """How one chapter went.

    Parameters
    ----------
    chapter : str
        The chapter's name.
    status : str
        'done', 'fresh' (nothing to redo) or 'failed'.
    seconds : float
        What it took.
    figures : tuple of str
        Ids of the figures that are there now.
    problem : str
        Why it failed.
    """

    chapter: str
    status: str
    seconds: float = 0.0
    figures: tuple[str, ...] = ()
    problem: str = ""


def execute_all(
    executions: list["Execution"],
    jobs: int,
    echo: Callable[[str], None],
) -> dict[str, Outcome]:
    """Execute chapters side by side, with a line now and then on where they are.

    Parameters
    ----------
    executions : list of Execution
        The chapters.
    jobs : int
        How many are executed at the same time.
    echo : callable
        Takes the lines.

    Returns
    -------
    dict of str to Outcome
        Chapter -> its outcome.
    """
    outcomes = {}
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(execution.run, echo): execution for execution in executions}
        try:
            while waiting:
                done = wait(waiting, PROGRESS_SECONDS, FIRST_COMPLETED).done
                for future in done:
                    outcomes[waiting.pop(future).chapter.name] = future.result()
                if not done:
                    echo("; ".join(e.progress() for e in waiting.values() if e.started))
        except BaseException:  # Ctrl-C above all: leave no kernel behind
            pool.shutdown(wait=False, cancel_futures=True)
            for execution in executions:
                execution.kill()
            raise
    return outcomes


class Execution:
    """One chapter on its way through papermill.

    Parameters
    ----------
    chapter : Declaration
        The chapter.
    folder : Path
        The folder of one profile's figures.
    given : dict
        The values for its parameters cell.
    key : str
        What its figures depend on (see :func:`mbh_utils.workbook.freshness.freshness_key`).
    threads : int
        Threads that its kernel may compute with.
    """

    def __init__(self, chapter: Declaration, folder: Path, given: dict, key: str, threads: int):
        self.chapter = chapter
        self.folder = folder
        self.given = given
        self.key = key
        self.manager_class = kernels.kernel_manager_class(threads)
        # Papermill adds a cell with the parameters.
        self.n_cells = len(read_notebook(source_path(chapter)).cells) + 1
        self.started = 0.0
        self.cell = 0
        self.begun = False
        self.killed = False
        copies = folder / "chapters"
        self._copy = copies / f"{chapter.name}.ipynb"
        self._failed_copy = copies / f"{chapter.name}.failed.ipynb"
        self._working_copy = copies / f".{chapter.name}.partial.ipynb"  # while it is written

    def run(self, echo: Callable[[str], None]) -> Outcome:
        """Execute the chapter and check what it wrote; ``echo`` takes a line on how it goes."""
        name = self.chapter.name
        echo(f"{name}: started")
        self.started = time.perf_counter()
        try:
            problem = self._execute() or self._accept()
        except MBHError as error:  # the folder became unwritable, the disk full
            problem = str(error)
        except Exception as error:  # what befalls one chapter ends no other
            problem = f"{type(error).__name__}: {error}"
        finally:
            with contextlib.suppress(OSError):
                self._working_copy.unlink(missing_ok=True)
            self.manager_class.log_file.close()
        seconds = time.perf_counter() - self.started
        noted = provenance.read_fragment(self.folder, name) if self.begun else None
        figures = tuple(noted["figures"]) if noted else ()
        if not self.killed:
            result = f"FAILED: {problem}" if problem else f"{len(figures)} figures"
            echo(f"{name}: {result}, {seconds:.1f} s")
        return Outcome(name, "failed" if problem else "done", seconds, figures, problem)

    def _execute(self) -> str:
        """Execute the notebook and keep the executed copy; returns what went wrong, or ''."""
        self._failed_copy.unlink(missing_ok=True)
        problem = self._problem_of_executing()
        if self.killed:
            return "interrupted"
        if not problem and not self._working_copy.exists():
            return (
                "the executed copy is gone: did somebody clear the folder, "
                "or another run write to it?"
            )
        return self._keep_copy(problem)

    def _problem_of_executing(self) -> str:
        """Execute the notebook; returns what went wrong, or ''."""
        try:
            papermill.execute_notebook(
                read_notebook(source_path(self.chapter)),
                _verbatim(self._working_copy),
                parameters=self.given,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=kernels.START_SECONDS,
                kernel_manager_class=self.manager_class,
                # Not papermill's cwd=, which moves all threads.
                resources={"metadata": {"path": str(paths.notebooks_folder())}},
                record_timing=False,
                on_cell_execute=self._note_cell,
            )
        except papermill.PapermillExecutionError as error:
            return _problem_in_cell(error)
        except OSError as error:
            return self._problem_with_file(error)
        except RuntimeError as error:  # nbclient's DeadKernelError, or a kernel did not start
            return self._problem_with_kernel(error)
        return ""

    def _problem_with_file(self, error: OSError) -> str:
        """What an error of the file system means."""
        reason = error.strerror or error
        if error.filename not in (None, str(self._working_copy)):
            # It is the kernel's connection file, or its interpreter.
            return f"no kernel could be started: {shown(error.filename)} ({reason})"
        return f"the executed copy could not be written ({reason})"

    def _problem_with_kernel(self, error: RuntimeError) -> str:
        """What a kernel's death means."""
        reason = kernels.last_words(self.manager_class, error)
        if not self.cell:
            return (
                f"no kernel could be started with {sys.executable} ({reason}); "
                "`mbh doctor` tells more"
            )
        return (
            f"the kernel died in cell {self.cell + 1} ({reason}); "
            "most often that is memory: try a smaller profile"
        )

    def _keep_copy(self, problem: str) -> str:
        """Keep the executed copy; returns the problem, if any, and where the copy lies."""
        try:
            kept = self._move_copy(self._failed_copy if problem else self._copy)
        except MBHError as error:
            kept = f"no executed copy is kept: {error}"
            problem = problem or "it ran to its end"
        except (OSError, ValueError):  # a copy that was cut, by a full disk above all
            kept = "no executed copy is kept"
            problem = problem or "its executed copy is damaged"
        return f"{problem}; {kept}" if problem else ""

    def _move_copy(self, target: Path) -> str:
        """Move the executed copy to ``target``, without this machine's paths and clocks."""
        if not self._working_copy.exists():
            return "there is no executed copy"
        notebook = nbformat.read(self._working_copy, as_version=4)
        notebook.metadata["papermill"] = {"parameters": self.given}
        for cell in notebook.cells:
            cell.metadata.pop("papermill", None)
        self._working_copy.unlink()  # first, since the disk may have no room for both
        with atomic(target) as temporary:
            temporary.write_text(nbformat.writes(notebook), encoding="utf-8")
        return f"executed copy: {shown(target)}"

    def _accept(self) -> str:
        """Check what the executed chapter wrote and note its key; returns the problem, or ''."""
        noted = provenance.read_fragment(self.folder, self.chapter.name)
        if noted is None:
            return "it never called chapter.finish(), so nothing is known of its figures"
        if missing := provenance.missing_figures(self.chapter, self.folder, noted):
            return f"declared but not written: {', '.join(missing)}"
        noted |= {"parameters": self.given, "key": self.key}
        provenance.write_json(provenance.fragment_path(self.folder, self.chapter.name), noted)
        return ""

    def _note_cell(self, cell, cell_index: int) -> None:
        """Note which cell is executed; papermill calls it."""
        if not self.begun:
            # The figures of an earlier run may be written over from here on: their note is void.
            provenance.fragment_path(self.folder, self.chapter.name).unlink(missing_ok=True)
            self.begun = True
        self.cell = cell_index

    def progress(self) -> str:
        """Where the chapter is."""
        seconds = time.perf_counter() - self.started
        return f"{self.chapter.name}: cell {self.cell + 1} of {self.n_cells}, {seconds:.0f} s"

    def kill(self) -> None:
        """End the chapter's kernel at once, and leave no executed copy."""
        self.killed = True
        self.manager_class.stopped = True
        for manager in self.manager_class.started:
            process = getattr(manager.provisioner, "process", None)
            if process is not None and process.poll() is None:
                process.kill()


def _verbatim(path: Path) -> str:
    """The path for papermill, which would fill in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _problem_in_cell(error: papermill.PapermillExecutionError) -> str:
    """Which cell raised what."""
    raised = f"{error.ename}: {error.evalue}".strip().partition("\n")[0]
    return (
        f"cell In [{error.exec_count}] (cell {error.cell_index + 1} of the executed copy) "
        f"raised {raised}"
    )
