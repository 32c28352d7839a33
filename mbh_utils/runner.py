"""Executes the chapters by papermill, side by side, and holds them to the figures they declare.

Papermill ignores unknown parameters, trusts whatever kernel is called ``python3`` and knows nothing of figures;
this module adds what is missing: typed parameters, a kernel of this very interpreter, one chapter's failure that
does not stop the others, a key that says when nothing has to be done, and the check of what was written.
"""

import ast
import atexit
import hashlib
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import nbclient
import nbformat
import papermill
import zmq
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec

from mbh_utils import experiments, paths, workbook
from mbh_utils.errors import MBHError
from mbh_utils.scheduling import cores
from mbh_utils.store import atomic
from mbh_utils.workbook import Declaration, shown

logging.getLogger("papermill").addHandler(logging.NullHandler())  # what matters of its words is reported below

#: Seconds between two lines on what is still running.
PROGRESS_SECONDS = 20.0


@dataclass
class Outcome:
    """How one chapter went: status is 'done', 'fresh' (nothing to redo) or 'failed', with the reason."""

    chapter: str
    status: str
    seconds: float = 0.0
    figures: tuple[str, ...] = ()
    problem: str = ""


@dataclass
class Report:
    """How a run went."""

    folder: Path
    outcomes: list[Outcome]
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every chapter and every file is as declared."""
        return not self.problems and all(o.status != "failed" for o in self.outcomes)


def run(
    profile: str = "quick",
    chapters: Iterable[str] | None = None,
    figures: Iterable[str] | None = None,
    *,
    jobs: int | None = None,
    force: bool = False,
    seed: int = 0,
    parameters: dict | None = None,
    prepare: Callable = experiments.prepare,
    echo: Callable[[str], None] = print,
) -> Report:
    """Regenerate figures: compute what the chapters read, then execute them side by side.

    chapters, figures: what to regenerate (a figure means the chapter that writes it); all chapters by default.
    jobs: chapters executed, and networks trained, at the same time; by default as many as there are cores.
    force: also redo what is up to date. parameters: further values for the chapters' parameter cells.
    prepare: what computes the experiments.

    Raises MBHError, before anything is executed, for an unknown profile, chapter, figure or parameter, an ill-typed
    parameter, a notebook that cannot be used, or a folder that cannot be written.
    """
    profile = workbook.pick(profile, workbook.profile_names(), "profile")
    chosen = choose(chapters, figures)
    if jobs is not None and (type(jobs) is not int or jobs < 1):
        raise MBHError(f"jobs must be a whole number from 1 on, got {jobs!r}")
    jobs, started = jobs or cores(), time.perf_counter()
    given = {"profile": profile, "seed": seed, **(parameters or {})}
    for chapter in chosen:
        check_parameters(source_path(chapter), given)
    folder = paths.figures_folder(profile)
    workbook.check_writable(folder)
    for leftover in (*folder.rglob(".*.part"), *folder.rglob(".*.partial.ipynb")):  # of a killed run
        leftover.unlink(missing_ok=True)

    keys, executed = {c.name: freshness_key(c, given) for c in chosen}, {}
    if stale := [c for c in chosen if force or not is_fresh(c, folder, keys[c.name])]:
        if names := list(dict.fromkeys(e for c in stale for e in c.experiments)):
            echo(f"computing what the chapters read ({', '.join(names)}), profile {profile}")
            prepare(profile, names, jobs=jobs)
            echo(f"everything the chapters read is there after {time.perf_counter() - started:.0f} s")
        jobs = min(jobs, len(stale))
        threads = max(1, cores() // jobs)
        executed = _execute_all([Execution(c, folder, given, keys[c.name], threads) for c in stale], jobs, echo)
    outcomes = [executed.get(c.name) or Outcome(c.name, "fresh", figures=c.figures) for c in chosen]
    workbook.write_manifest(folder, profile)
    report = Report(folder, outcomes, undeclared_files(folder))
    echo(table(report, time.perf_counter() - started))
    return report


# ---------------------------------------------------------------- what to run, and whether


def choose(chapters: Iterable[str] | None, figures: Iterable[str] | None) -> list[Declaration]:
    """The chapters named, or that write the figures named, in the order of the workbook; all if none are named."""
    names = [workbook.declaration(c).name for c in chapters or ()]
    names += [workbook.figure_index()[workbook.figure_id(f)] for f in figures or ()]
    return [c for c in workbook.CHAPTERS if c.name in names or not names]


def source_path(chapter: Declaration) -> Path:
    """The chapter's notebook among the sources."""
    return paths.notebooks_folder() / f"{chapter.name}.ipynb"


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """The notebook at ``path``; MBHError if it is missing or no notebook."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError as error:
        raise MBHError(f"notebook {shown(path)} is missing: restore it (git checkout -- notebooks)") from error
    except Exception as error:  # nbformat raises several kinds of its own, json others
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise MBHError(f"{shown(path)} is not a notebook that can be read ({reason})") from error


def _verbatim(path: Path) -> str:
    """The path for papermill, which would fill in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def check_parameters(path: Path, given: dict) -> None:
    """Hold the values against the notebook's parameters cell: MBHError on unknown names and on other types.

    A parameter's type is its annotation, or else the type of its default value.
    """
    tagged = [c for c in read_notebook(path).cells if "parameters" in c.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise MBHError(
            f"{shown(path)} has {len(tagged)} cells tagged 'parameters', but needs exactly one: "
            "tag the cell that holds the chapter's parameters (JupyterLab: property inspector)"
        )
    declared = papermill.inspect_notebook(_verbatim(path))
    for name, value in given.items():
        if name not in declared:
            raise MBHError(
                f"{shown(path)} has no parameter {name!r}: its parameters cell has {', '.join(declared) or 'none'}"
            )
        wanted, got = _type_name(path, declared[name]), type(value).__name__
        if wanted not in ("NoneType", got) and (wanted, got) != ("float", "int"):
            raise MBHError(f"parameter {name} of {shown(path)} must be of type {wanted}, got {value!r} ({got})")


def _type_name(path: Path, parameter: dict) -> str:
    if parameter["inferred_type_name"] != "None":
        return parameter["inferred_type_name"].split("[")[0].strip()
    try:
        return type(ast.literal_eval(parameter["default"])).__name__
    except (ValueError, SyntaxError) as error:
        raise MBHError(
            f"parameter {parameter['name']} of {shown(path)} has the default {parameter['default']!r}, "
            "but a parameters cell holds plain literals only"
        ) from error


def freshness_key(chapter: Declaration, given: dict) -> str:
    """Hash of everything a chapter's figures depend on: cells, tables, this package, the parameters, the versions."""
    cells = [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in read_notebook(source_path(chapter)).cells]
    package = Path(__file__).parent
    sources = sorted(p for p in package.rglob("*") if p.suffix in (".py", ".mplstyle"))
    code = {p.relative_to(package).as_posix(): _sha256(p) for p in sources}
    tables = experiments.results_checksums(chapter.experiments, given["profile"])
    return workbook.digest([cells, chapter.figures, code, given, tables, workbook.versions()])


def is_fresh(chapter: Declaration, folder: Path, key: str) -> bool:
    """Whether the chapter's figures are there, as they were written by a run with this key."""
    noted = workbook.read_fragment(folder, chapter.name)
    return noted is not None and noted.get("key") == key and not missing_figures(chapter, folder, noted)


def missing_figures(chapter: Declaration, folder: Path, noted: dict) -> list[str]:
    """Declared figures that are not in the folder as the chapter noted them."""
    expected = {i: entry["png_sha256"] for i, entry in noted["figures"].items()}
    files = {i: folder / f"{i}.png" for i in chapter.figures}
    return [i for i, file in files.items() if not file.is_file() or _sha256(file) != expected.get(i)]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def undeclared_files(folder: Path) -> list[str]:
    """One complaint for each file in a profile's folder that no chapter declares; hidden files are left alone."""
    known = {"manifest.json", *(f"{i}.png" for i in workbook.figure_index())}
    for chapter in workbook.CHAPTERS:
        known |= {f"chapters/{chapter.name}{ending}" for ending in (".ipynb", ".failed.ipynb", ".json")}
    found = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return [
        f"{shown(folder / p)} is declared by no chapter: remove it, or declare it in CHAPTERS (mbh_utils/workbook.py)"
        for p in found
        if p.as_posix() not in known and not any(part.startswith(".") for part in p.parts)
    ]


# ---------------------------------------------------------------- running chapters


def _execute_all(executions: list["Execution"], jobs: int, echo) -> dict[str, Outcome]:
    """Execute chapters in ``jobs`` threads, with a line now and then, and return their outcomes by name."""
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
    """One chapter on its way through papermill."""

    def __init__(self, chapter: Declaration, folder: Path, given: dict, key: str, threads: int):
        self.chapter, self.folder, self.given, self.key = chapter, folder, given, key
        self.manager_class = _kernel_manager_class(threads)
        self.n_cells = len(read_notebook(source_path(chapter)).cells) + 1  # papermill adds the injected parameters
        self.started, self.cell, self.killed = 0.0, 0, False

    def run(self, echo) -> Outcome:
        """Execute the chapter and check what it wrote; says how it went."""
        name = self.chapter.name
        echo(f"{name}: started")
        self.started = time.perf_counter()
        try:
            problem = self._execute() or self._accept()
        except MBHError as error:  # the folder became unwritable, the disk full
            problem = str(error)
        seconds = time.perf_counter() - self.started
        figures = tuple((workbook.read_fragment(self.folder, name) or {"figures": ()})["figures"])
        if not self.killed:
            echo(f"{name}: {f'FAILED: {problem}' if problem else f'{len(figures)} figures'}, {seconds:.1f} s")
        return Outcome(name, "failed" if problem else "done", seconds, figures, problem)

    def _execute(self) -> str:
        """Execute the notebook and file the executed copy; returns what went wrong, or ''."""
        chapters, name = self.folder / "chapters", self.chapter.name
        working, failed = chapters / f".{name}.partial.ipynb", chapters / f"{name}.failed.ipynb"
        for old in (workbook.fragment_path(self.folder, name), failed):  # from here on they are void
            old.unlink(missing_ok=True)
        problem = ""
        try:
            papermill.execute_notebook(
                _verbatim(source_path(self.chapter)),
                _verbatim(working),
                parameters=self.given,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=180,
                kernel_manager_class=self.manager_class,
                resources={"metadata": {"path": str(paths.notebooks_folder())}},  # papermill's cwd= moves all threads
                record_timing=False,
                on_cell_execute=self._note_cell,
            )
        except papermill.PapermillExecutionError as error:
            first = f"{error.ename}: {error.evalue}".strip().partition("\n")[0]
            problem = f"cell In [{error.exec_count}] (cell {error.cell_index + 1} of the executed copy) raised {first}"
        except OSError as error:
            problem = f"the executed copy could not be written ({error.strerror or error})"
        except RuntimeError as error:  # nbclient's DeadKernelError, and a kernel that did not start
            reason = _last_words(self.manager_class, error)
            problem = (
                f"the kernel died in cell {self.cell + 1} ({reason}); most often that is memory: try a smaller profile"
                if self.cell
                else f"no kernel could be started with {sys.executable} ({reason}); `mbh doctor` tells more"
            )
        if self.killed:
            working.unlink(missing_ok=True)
            return "interrupted"
        filed = self._file(working, failed if problem else chapters / f"{name}.ipynb")
        return f"{problem}; {filed}" if problem else ""

    def _file(self, working: Path, target: Path) -> str:
        """Move the executed copy where it belongs, without this machine's paths and clocks; returns where it lies."""
        if not working.exists():
            return "there is no executed copy"
        notebook = nbformat.read(working, as_version=4)
        notebook.metadata["papermill"] = {"parameters": self.given}
        for cell in notebook.cells:
            cell.metadata.pop("papermill", None)
        with atomic(target) as temporary:
            temporary.write_text(nbformat.writes(notebook), encoding="utf-8")
        working.unlink()
        return f"executed copy: {shown(target)}"

    def _accept(self) -> str:
        """Check what the executed chapter wrote and note its key; returns the problem, or ''."""
        noted = workbook.read_fragment(self.folder, self.chapter.name)
        if noted is None:
            return "it never called chapter.finish(), so nothing is known of its figures"
        if missing := missing_figures(self.chapter, self.folder, noted):
            return f"declared but not written: {', '.join(missing)}"
        noted |= {"parameters": self.given, "key": self.key}
        workbook.write_json(workbook.fragment_path(self.folder, self.chapter.name), noted)
        return ""

    def _note_cell(self, cell, cell_index: int) -> None:
        self.cell = cell_index

    def progress(self) -> str:
        """Where the chapter is."""
        seconds = time.perf_counter() - self.started
        return f"{self.chapter.name}: cell {self.cell + 1} of {self.n_cells}, {seconds:.0f} s"

    def kill(self) -> None:
        """End the chapter's kernel at once, and leave no executed copy."""
        self.killed = self.manager_class.stopped = True
        for manager in self.manager_class.started:
            process = getattr(manager.provisioner, "process", None)
            if process is not None and process.poll() is None:
                process.kill()


def kernel_environment(threads: int) -> dict[str, str]:
    """Environment of a chapter's kernel: this package first, a fair share of the cores, plots as in JupyterLab."""
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        environment[name] = str(threads)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(paths.PROJECT), environment.get("PYTHONPATH")]))
    environment["MBH_STATIC"] = "1"  # explorers show words: stored controls without a kernel behind them rot
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the debugger's remark on frozen modules is no output of ours
    return environment


def _kernel_manager_class(threads: int) -> type:
    """A kernel manager that starts the interpreter we run in, whatever is registered under the name python3."""

    class ThisInterpreter(AsyncKernelManager):
        started: ClassVar[list] = []
        stopped: ClassVar[bool] = False
        log_file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the class; see _last_words

        @property
        def kernel_spec(self):
            return KernelSpec(**get_kernel_dict())  # what the installed ipykernel says, encryption included

        async def start_kernel(self, **options):
            self.started.append(self)
            if self.stopped:
                raise RuntimeError("interrupted before the kernel was started")
            if self.has_trait("transport_encryption") and zmq.has("curve"):
                self.transport_encryption = "auto"
            await super().start_kernel(**options, env=kernel_environment(threads), stderr=self.log_file)

    return ThisInterpreter


def _last_words(manager_class: type, error: Exception) -> str:
    """The last line that a kernel wrote outside of its notebook, such as why it could not start, or else the error."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if isinstance(client := frame.f_locals.get("self"), nbclient.NotebookClient):
            atexit.unregister(client._cleanup_kernel)  # nbclient leaves it behind, and it would fail
    manager_class.log_file.seek(0)
    return (manager_class.log_file.read().strip().splitlines() or [str(error)])[-1]


def try_kernel() -> float:
    """Seconds it takes to start a chapter's kernel and get an answer; MBHError if there is none."""
    ask = nbformat.v4.new_code_cell("import sys; print(sys.executable)")
    notebook = nbformat.v4.new_notebook(cells=[ask])
    start, manager_class = time.perf_counter(), _kernel_manager_class(1)
    try:
        nbclient.NotebookClient(notebook, kernel_manager_class=manager_class, startup_timeout=180).execute()
        answer = "".join(output.get("text", "") for output in notebook.cells[0].outputs).strip()
    except (RuntimeError, OSError, nbclient.exceptions.CellExecutionError) as error:
        answer = _last_words(manager_class, error)
    if answer != sys.executable:
        raise MBHError(
            f"no notebook kernel could be started with {sys.executable} ({answer}): "
            f"install what it needs with {sys.executable} -m pip install ipykernel"
        )
    return time.perf_counter() - start


# ---------------------------------------------------------------- telling


def table(report: Report, seconds: float) -> str:
    """The closing table: chapter, figures, seconds; then what went wrong and where to look."""
    width = max((len(o.chapter) for o in report.outcomes), default=0)
    lines = ["", f"{'chapter':<{width}}  {'figures':>7}  {'seconds':>7}"]
    for o in report.outcomes:
        remark = {"fresh": "  up to date, nothing redone", "failed": "  FAILED"}.get(o.status, "")
        lines.append(f"{o.chapter:<{width}}  {len(o.figures):>7}  {o.seconds:>7.1f}{remark}")
    total = sum(len(o.figures) for o in report.outcomes)
    lines.append(f"{'together':<{width}}  {total:>7}  {seconds:>7.1f}")
    lines += [*(f"{o.chapter} failed: {o.problem}" for o in report.outcomes if o.problem), *report.problems]
    lines.append(f"figures: {shown(report.folder)}, the executed chapters: {shown(report.folder / 'chapters')}")
    return "\n".join(lines)
