"""Executes the chapters by papermill, side by side, and holds them to the figures they declare.

Papermill ignores unknown parameters, trusts whatever kernel is called ``python3`` and knows nothing of figures;
this module adds what is missing: typed parameters, a kernel of this very interpreter, one chapter's failure that
does not stop the others, a key that says when nothing has to be done, and the check of what was written.
"""

import ast
import atexit
import contextlib
import hashlib
import json
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import ClassVar

import nbclient
import nbformat
import papermill
import zmq
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec

from mbh_utils import experiments
from mbh_utils.computing import paths
from mbh_utils.computing.files import atomic, is_written, told
from mbh_utils.computing.threads import cores
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapter as workbook
from mbh_utils.workbook.chapter import Declaration, shown

logging.getLogger("papermill").addHandler(
    logging.NullHandler()
)  # what matters of its words is reported below

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
    given = check_given(profile, seed, parameters or {})
    chosen = choose(chapters, figures)
    if jobs is not None and (type(jobs) is not int or jobs < 1):
        raise MBHError(f"jobs must be a whole number from 1 on, got {jobs!r}")
    for chapter in chosen:
        check_parameters(source_path(chapter), given)
    folder = paths.figures_folder(given["profile"])
    workbook.check_writable(folder)
    with _alone(folder, echo):
        for leftover in (
            *folder.rglob(".*.part"),
            *folder.rglob(".*.partial.ipynb"),
        ):  # of a killed run
            with contextlib.suppress(OSError):
                if not is_written(leftover):  # a chapter open in JupyterLab writes here as well
                    leftover.unlink()
        return _regenerate(chosen, folder, given, jobs or cores(), force, prepare, echo)


def _regenerate(
    chosen, folder: Path, given: dict, jobs: int, force: bool, prepare: Callable, echo
) -> Report:
    """Do what is stale, and tell by the closing table how it went, however it went."""
    started, profile = time.perf_counter(), given["profile"]
    keys, executed, problems = {c.name: freshness_key(c, given) for c in chosen}, {}, []

    def report() -> Report:
        outcomes = [
            executed.get(c.name) or Outcome(c.name, "fresh", figures=c.figures) for c in chosen
        ]
        made = Report(folder, outcomes, problems + undeclared_files(folder))
        echo(table(made, time.perf_counter() - started))
        return made

    if stale := [c for c in chosen if force or not is_fresh(c, folder, keys[c.name])]:
        if names := list(dict.fromkeys(e for c in stale for e in c.experiments)):
            echo(f"computing what the chapters read ({', '.join(names)}), profile {profile}")
            try:
                with told(
                    f"what the chapters read ({', '.join(names)})",
                    "computed",
                    "free space, or see MBH_STORE",
                ):
                    prepare(profile, names, jobs=jobs)
            except MBHError:
                reason = "not executed, since what the chapters read could not be computed"
                executed = {c.name: Outcome(c.name, "failed", problem=reason) for c in stale}
                report()
                raise
            echo(
                f"everything the chapters read is there after {time.perf_counter() - started:.0f} s"
            )
        jobs = min(jobs, len(stale))
        threads = max(1, cores() // jobs)
        executed = _execute_all(
            [Execution(c, folder, given, keys[c.name], threads) for c in stale], jobs, echo
        )
    try:
        workbook.write_manifest(folder, profile)
    except MBHError as error:
        problems.append(str(error))
    return report()


@contextlib.contextmanager
def _alone(folder: Path, echo):
    """Hold the folder against other runs, which would write the same files; wait for one that is at work there."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        yield
        return
    handle, waits = os.open(folder, os.O_RDONLY), False
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waits:
                    echo(
                        f"another run writes figures to {shown(folder)}: waiting until it has ended"
                    )
                waits = True
                time.sleep(0.2)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        os.close(handle)  # a killed run holds nothing either


# ---------------------------------------------------------------- what to run, and whether


def choose(chapters: Iterable[str] | None, figures: Iterable[str] | None) -> list[Declaration]:
    """The chapters named, or that write the figures named, in the order of the workbook; all if none are named."""
    chapters, figures = (
        [one] if isinstance(one, str | int) else one or () for one in (chapters, figures)
    )
    names = [workbook.declaration(c).name for c in chapters]
    names += [workbook.figure_index()[workbook.figure_id(f)] for f in figures]
    return [c for c in workbook.CHAPTERS if c.name in names or not names]


def check_given(profile: str, seed: int, parameters: dict) -> dict:
    """What goes into the parameter cells: MBHError for values that no chapter, or no parameter cell, can take.

    A profile or a seed among the parameters is meant as if it were given as such.
    """
    if not isinstance(parameters, dict):
        raise MBHError(f"parameters are a dict of names and values, got {parameters!r}")
    given = {"profile": profile, "seed": seed, **parameters}
    given["profile"] = workbook.pick(given["profile"], workbook.profile_names(), "profile")
    if isinstance(seed := given["seed"], bool) or not isinstance(seed, Integral):
        raise MBHError(
            f"parameter seed of all chapters must be of type int, got {seed!r} ({type(seed).__name__})"
        )
    given["seed"] = int(seed)
    workbook.check_seed(given["seed"])
    for name, value in parameters.items():
        if not isinstance(name, str) or not _is_literal(given[name]):
            raise MBHError(
                f"parameter {name} cannot be {value!r}: a parameters cell takes numbers, text, True, False and None, "
                "and lists and dicts (with names) of these"
            )
    return given


def _is_literal(value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_literal(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_is_literal, value))
    return value is None or type(value) in (bool, int, float, str)


def source_path(chapter: Declaration) -> Path:
    """The chapter's notebook among the sources."""
    return paths.notebooks_folder() / f"{chapter.name}.ipynb"


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """The notebook at ``path``; MBHError if it is missing or no notebook.

    What editors leave out, or write otherwise, is filled in: chapters are Python, whatever the metadata say.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        for part in (content, *content.get("cells", ())):
            part["metadata"] = part.get("metadata") or {}
        notebook = nbformat.reads(json.dumps(content), as_version=4)
        for i, cell in enumerate(notebook.cells, start=1):
            _check_cell(i, cell)
        metadata = notebook.metadata
        if (
            not isinstance(spec := metadata.get("kernelspec"), dict)
            or not {"name", "language"} <= spec.keys()
        ):
            metadata.kernelspec = nbformat.from_dict(_KERNELSPEC)
        if not isinstance(info := metadata.get("language_info"), dict) or not info.get("name"):
            metadata.language_info = nbformat.from_dict({"name": "python"})
        return notebook
    except FileNotFoundError as error:
        raise MBHError(
            f"notebook {shown(path)} is missing: restore it (git checkout -- notebooks)"
        ) from error
    except Exception as error:  # nbformat raises several kinds of its own, json others
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise MBHError(f"{shown(path)} is not a notebook that can be read ({reason})") from error


def _check_cell(i: int, cell: nbformat.NotebookNode) -> None:
    if cell.get("cell_type") not in ("code", "markdown", "raw") or not isinstance(
        cell.get("source"), str
    ):
        raise ValueError(f"cell {i} has no source, or is no cell of code or text")
    if not isinstance(cell.metadata.get("tags") or [], list):
        raise ValueError(f"the tags of cell {i} are no list")


def _tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags") or [])


_KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}


def _verbatim(path: Path) -> str:
    """The path for papermill, which would fill in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def check_parameters(path: Path, given: dict) -> None:
    """Hold the values against the notebook's parameters cell: MBHError on unknown names and on other types.

    A parameter's type is its annotation, or else the type of its default value.
    """
    tagged = [c for c in read_notebook(path).cells if "parameters" in _tags(c)]
    if len(tagged) != 1:
        raise MBHError(
            f"{shown(path)} has {len(tagged)} cells tagged 'parameters', but needs exactly one: "
            "tag the cell that holds the chapter's parameters (JupyterLab: property inspector)"
        )
    declared = _declared(path, tagged[0].source)
    for name, value in given.items():
        if name not in declared:
            raise MBHError(
                f"{shown(path)} has no parameter {name!r}: its parameters cell has {', '.join(declared) or 'none'}"
            )
        wanted, got = _type_names(path, name, *declared[name]), type(value).__name__
        if wanted and got not in wanted and not ("float" in wanted and got == "int"):
            expected = " or ".join(sorted(wanted))
            raise MBHError(
                f"parameter {name} of {shown(path)} must be of type {expected}, got {value!r} ({got})"
            )


def _declared(path: Path, source: str) -> dict[str, tuple[str, ast.expr]]:
    """Parameter -> its annotation, or "", and the expression of its default value."""
    plain = "\n".join(
        "" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()
    )
    try:
        statements = ast.parse(plain).body
    except (SyntaxError, ValueError) as error:
        raise MBHError(
            f"the parameters cell of {shown(path)} is not plain Python ({error})"
        ) from error
    found = {}
    for statement in statements:
        if (
            isinstance(statement, ast.AnnAssign)
            and statement.value
            and isinstance(statement.target, ast.Name)
        ):
            found[statement.target.id] = (
                ast.unparse(statement.annotation).strip("'\""),
                statement.value,
            )
        elif isinstance(statement, ast.Assign):
            found |= {
                target.id: ("", statement.value)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
    return found


def _type_names(path: Path, name: str, annotation: str, default: ast.expr) -> set[str]:
    """Names of the types that a parameter takes, by its annotation or else its default; none for any type."""
    words = {
        word.split("[")[0].strip().replace("None", "NoneType") for word in annotation.split("|")
    }
    try:
        if not words <= {"bool", "int", "float", "str", "list", "dict", "NoneType"}:
            words = {type(ast.literal_eval(default)).__name__}
        return words - {"NoneType"} and words
    except ValueError as error:
        raise MBHError(
            f"parameter {name} of {shown(path)} has the default {ast.unparse(default)!r}, but a parameters cell holds "
            "plain literals only"
        ) from error


def freshness_key(chapter: Declaration, given: dict) -> str:
    """Hash of everything a chapter's figures depend on: cells, tables, this package, the parameters, the versions."""
    cells = [(c.cell_type, c.source, _tags(c)) for c in read_notebook(source_path(chapter)).cells]
    package = Path(__file__).parents[1]
    sources = sorted(p for p in package.rglob("*") if p.suffix in (".py", ".mplstyle"))
    code = {p.relative_to(package).as_posix(): _sha256(p) for p in sources}
    tables = experiments.results_checksums(chapter.experiments, given["profile"])
    return workbook.digest([cells, chapter.figures, code, given, tables, workbook.versions()])


def is_fresh(chapter: Declaration, folder: Path, key: str) -> bool:
    """Whether the chapter's figures are there, as they were written by a run with this key, and its executed copy."""
    noted = workbook.read_fragment(folder, chapter.name)
    if noted is None or noted.get("key") != key or missing_figures(chapter, folder, noted):
        return False
    try:
        return bool(
            json.loads((folder / "chapters" / f"{chapter.name}.ipynb").read_bytes())["cells"]
        )
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is damaged
        return False


def missing_figures(chapter: Declaration, folder: Path, noted: dict) -> list[str]:
    """Declared figures that are not in the folder as the chapter noted them."""
    entries, missing = noted["figures"], []
    for i in chapter.figures:
        try:
            if _sha256(folder / f"{i}.png") != entries[i]["png_sha256"]:
                missing.append(i)
        except (OSError, KeyError, TypeError):  # not there, or not to be read; not noted
            missing.append(i)
    return missing


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def undeclared_files(folder: Path) -> list[str]:
    """One complaint for each file in a profile's folder that no chapter declares; hidden files are left alone."""
    known = {"manifest.json", *(f"{i}.png" for i in workbook.figure_index())}
    for chapter in workbook.CHAPTERS:
        known |= {
            f"chapters/{chapter.name}{ending}" for ending in (".ipynb", ".failed.ipynb", ".json")
        }
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
        self.n_cells = (
            len(read_notebook(source_path(chapter)).cells) + 1
        )  # papermill adds the injected parameters
        self.started, self.cell, self.begun, self.killed = 0.0, 0, False, False

    def run(self, echo) -> Outcome:
        """Execute the chapter and check what it wrote; says how it went."""
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
                self._working.unlink(missing_ok=True)
            self.manager_class.log_file.close()
        seconds = time.perf_counter() - self.started
        noted = workbook.read_fragment(self.folder, name) if self.begun else None
        figures = tuple((noted or {"figures": ()})["figures"])
        if not self.killed:
            echo(
                f"{name}: {f'FAILED: {problem}' if problem else f'{len(figures)} figures'}, {seconds:.1f} s"
            )
        return Outcome(name, "failed" if problem else "done", seconds, figures, problem)

    @property
    def _working(self) -> Path:
        """The executed copy while it is written."""
        return self.folder / "chapters" / f".{self.chapter.name}.partial.ipynb"

    def _execute(self) -> str:
        """Execute the notebook and file the executed copy; returns what went wrong, or ''."""
        chapters, name, working = self.folder / "chapters", self.chapter.name, self._working
        failed, problem = chapters / f"{name}.failed.ipynb", ""
        failed.unlink(missing_ok=True)
        try:
            papermill.execute_notebook(
                read_notebook(source_path(self.chapter)),
                _verbatim(working),
                parameters=self.given,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=180,
                kernel_manager_class=self.manager_class,
                resources={
                    "metadata": {"path": str(paths.notebooks_folder())}
                },  # papermill's cwd= moves all threads
                record_timing=False,
                on_cell_execute=self._note_cell,
            )
        except papermill.PapermillExecutionError as error:
            first = f"{error.ename}: {error.evalue}".strip().partition("\n")[0]
            problem = f"cell In [{error.exec_count}] (cell {error.cell_index + 1} of the executed copy) raised {first}"
        except OSError as error:
            problem = f"the executed copy could not be written ({error.strerror or error})"
            if error.filename not in (None, str(working)):  # no connection file, or no interpreter
                problem = f"no kernel could be started: {shown(error.filename)} ({error.strerror or error})"
        except RuntimeError as error:  # nbclient's DeadKernelError, and a kernel that did not start
            reason = _last_words(self.manager_class, error)
            problem = (
                f"the kernel died in cell {self.cell + 1} ({reason}); most often that is memory: try a smaller profile"
                if self.cell
                else f"no kernel could be started with {sys.executable} ({reason}); `mbh doctor` tells more"
            )
        if self.killed:
            return "interrupted"
        if not problem and not working.exists():
            return "the executed copy is gone: did somebody clear the folder, or another run write to it?"
        try:
            filed = self._file(working, failed if problem else chapters / f"{name}.ipynb")
        except MBHError as error:
            filed, problem = f"no executed copy is kept: {error}", problem or "it ran to its end"
        except (OSError, ValueError):  # a copy that was cut, by a full disk above all
            filed, problem = "no executed copy is kept", problem or "its executed copy is damaged"
        return f"{problem}; {filed}" if problem else ""

    def _file(self, working: Path, target: Path) -> str:
        """Copy the executed copy where it belongs, without this machine's paths and clocks; returns where it lies."""
        if not working.exists():
            return "there is no executed copy"
        notebook = nbformat.read(working, as_version=4)
        notebook.metadata["papermill"] = {"parameters": self.given}
        for cell in notebook.cells:
            cell.metadata.pop("papermill", None)
        working.unlink()  # first, since the disk may have no room for both
        with atomic(target) as temporary:
            temporary.write_text(nbformat.writes(notebook), encoding="utf-8")
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
        if (
            not self.begun
        ):  # from here on the figures of an earlier run may be written over, so their note is void
            workbook.fragment_path(self.folder, self.chapter.name).unlink(missing_ok=True)
            self.begun = True
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
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(paths.PROJECT), environment.get("PYTHONPATH")])
    )
    environment["MBH_STATIC"] = (
        "1"  # explorers show words: stored controls without a kernel behind them rot
    )
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = (
        "1"  # the debugger's remark on frozen modules is no output of ours
    )
    return environment


def _log_file():
    """A file for what a kernel writes outside of its notebook; nothing is kept where there is no room for one."""
    try:
        return tempfile.TemporaryFile("w+")
    except OSError:
        return open(os.devnull, "r+")


def _kernel_manager_class(threads: int) -> type:
    """A kernel manager that starts the interpreter we run in, whatever is registered under the name python3."""

    class ThisInterpreter(AsyncKernelManager):
        started: ClassVar[list] = []
        stopped: ClassVar[bool] = False
        log_file = _log_file()  # closed by who runs the kernel; see _last_words

        @property
        def kernel_spec(self):
            return KernelSpec(
                **get_kernel_dict()
            )  # what the installed ipykernel says, encryption included

        async def start_kernel(self, **options):
            self.started.append(self)
            if self.stopped:
                raise RuntimeError("interrupted before the kernel was started")
            if self.has_trait("transport_encryption") and zmq.has("curve"):
                self.transport_encryption = "auto"
            await super().start_kernel(
                **options, env=kernel_environment(threads), stderr=self.log_file
            )

    return ThisInterpreter


def _last_words(manager_class: type, error: Exception) -> str:
    """The last line that a kernel wrote outside of its notebook, such as why it could not start, or else the error."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if isinstance(client := frame.f_locals.get("self"), nbclient.NotebookClient):
            atexit.unregister(
                client._cleanup_kernel
            )  # nbclient leaves it behind, and it would fail
    manager_class.log_file.seek(0)
    return (manager_class.log_file.read().strip().splitlines() or [str(error)])[-1]


def try_kernel() -> float:
    """Seconds it takes to start a chapter's kernel and get an answer; MBHError if there is none."""
    ask = nbformat.v4.new_code_cell("import sys; print(sys.executable)")
    notebook = nbformat.v4.new_notebook(cells=[ask])
    start, manager_class = time.perf_counter(), _kernel_manager_class(1)
    try:
        nbclient.NotebookClient(
            notebook, kernel_manager_class=manager_class, startup_timeout=180
        ).execute()
        answer = "".join(output.get("text", "") for output in notebook.cells[0].outputs).strip()
    except (RuntimeError, OSError, nbclient.exceptions.CellExecutionError) as error:
        answer = _last_words(manager_class, error)
    finally:
        manager_class.log_file.close()
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
    lines += [
        *(f"{o.chapter} failed: {o.problem}" for o in report.outcomes if o.problem),
        *report.problems,
    ]
    lines.append(
        f"figures: {shown(report.folder)}, the executed chapters: {shown(report.folder / 'chapters')}"
    )
    return "\n".join(lines)
