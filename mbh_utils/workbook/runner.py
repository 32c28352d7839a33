"""Regenerate figures: choose the chapters that are stale, execute them, and report.

Papermill ignores unknown parameters, trusts whatever kernel is called ``python3`` and knows nothing
of figures. The files of this folder add what is missing: typed parameters
(:mod:`~mbh_utils.workbook.parameters`), a kernel of this very interpreter
(:mod:`~mbh_utils.workbook.kernels`), one chapter's failure that does not stop the others
(:mod:`~mbh_utils.workbook.execution`), and a key that says when nothing has to be done
(:mod:`~mbh_utils.workbook.freshness`).
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mbh_utils import experiments
from mbh_utils.computing import paths
from mbh_utils.computing.files import told
from mbh_utils.computing.threads import cores
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters as index
from mbh_utils.workbook import provenance
from mbh_utils.workbook.chapters import Declaration
from mbh_utils.workbook.execution import Execution, Outcome, execute_all
from mbh_utils.workbook.folder import (
    check_writable,
    clear_leftovers,
    held,
    shown,
    undeclared_files,
)
from mbh_utils.workbook.freshness import freshness_key, is_fresh
from mbh_utils.workbook.parameters import check_given, check_parameters
from mbh_utils.workbook.sources import source_path


@dataclass
class Report:
    """How a run went.

    Parameters
    ----------
    folder : Path
        Where the figures are.
    outcomes : list of Outcome
        How each chapter went.
    problems : list of str
        What is wrong beside the chapters, such as files that nobody declared.
    """

    folder: Path
    outcomes: list[Outcome]
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every chapter and every file is as declared."""
        return not self.problems and all(one.status != "failed" for one in self.outcomes)


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

    Parameters
    ----------
    profile : str
        Size of all that is computed, one of ``experiments.PROFILES``.
    chapters, figures : iterable of str, optional
        What to regenerate (a figure means the chapter that writes it); all chapters by default.
    jobs : int, optional
        Chapters executed, and networks trained, at the same time; by default one for each core.
    force : bool
        Whether to redo also what is up to date.
    seed : int
        Seed of the chapters.
    parameters : dict, optional
        Further values for the chapters' parameters cells.
    prepare : callable
        What computes the experiments.
    echo : callable
        Takes the lines on how it goes.

    Returns
    -------
    Report
        An outcome for each chapter. One that failed is part of the report, and stops no other.

    Raises
    ------
    MBHError
        Before anything is executed: for an unknown profile, chapter, figure or parameter, a
        parameter of another type, a notebook that cannot be used, a folder that cannot be written,
        or experiments that cannot be computed.

    Examples
    --------
    >>> run("quik")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: profile 'quik' is unknown: did you mean 'quick'? ...
    >>> run(figures=["6.33"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: figure '6.33' is unknown: did you mean 'fig-6-3'? ...
    """
    given = check_given(profile, seed, parameters or {})
    chosen = choose(chapters, figures)
    if jobs is not None and (type(jobs) is not int or jobs < 1):
        raise MBHError(f"jobs must be a whole number from 1 on, got {jobs!r}")
    for chapter in chosen:
        check_parameters(source_path(chapter), given)
    folder = paths.figures_folder(given["profile"])
    check_writable(folder)
    with held(folder, echo):
        clear_leftovers(folder)
        return _regenerate(chosen, folder, given, jobs or cores(), force, prepare, echo)


def choose(chapters: Iterable[str] | None, figures: Iterable[str] | None) -> list[Declaration]:
    """The chapters that are named, or that write the figures named.

    Parameters
    ----------
    chapters : iterable of str, or str, optional
        Names, beginnings of names, or numbers.
    figures : iterable of str, or str, optional
        Figures, as the thesis writes them or by id.

    Returns
    -------
    list of Declaration
        In the order of the workbook; all chapters if nothing is named.

    Examples
    --------
    >>> [chapter.name for chapter in choose(["4"], ["2.1", "6.3"])]
    ['01_sparsity', '04_mbh', '05_experiments']
    """
    names = [index.declaration(word).name for word in _as_words(chapters)]
    names += [index.figure_index()[index.figure_id(word)] for word in _as_words(figures)]
    return [chapter for chapter in index.CHAPTERS if chapter.name in names or not names]


def _as_words(given) -> Iterable:
    """What was named, where one word stands for a list of one."""
    return [given] if isinstance(given, str | int) else given or ()


def _regenerate(
    chosen: list[Declaration],
    folder: Path,
    given: dict,
    jobs: int,
    force: bool,
    prepare: Callable,
    echo: Callable[[str], None],
) -> Report:
    """Do what is stale, and end with a table of outcomes, also when interrupted."""
    started = time.perf_counter()
    keys = {chapter.name: freshness_key(chapter, given) for chapter in chosen}
    stale = [c for c in chosen if force or not is_fresh(c, folder, keys[c.name])]

    def report(executed: dict[str, Outcome], problems: list[str]) -> Report:
        outcomes = [executed.get(c.name) or _fresh(c) for c in chosen]
        made = Report(folder, outcomes, problems + undeclared_files(folder))
        echo(table(made, time.perf_counter() - started))
        return made

    try:
        _prepare(stale, given["profile"], jobs, prepare, echo)
    except MBHError:
        reason = "not executed, since what the chapters read could not be computed"
        report({c.name: Outcome(c.name, "failed", problem=reason) for c in stale}, [])
        raise
    executed = _execute(stale, folder, given, keys, jobs, echo)
    problems = []
    try:
        provenance.write_manifest(folder, given["profile"])
    except MBHError as error:
        problems.append(str(error))
    return report(executed, problems)


def _fresh(chapter: Declaration) -> Outcome:
    """The outcome of a chapter for which nothing had to be done."""
    return Outcome(chapter.name, "fresh", figures=chapter.figures)


def _prepare(
    stale: list[Declaration],
    profile: str,
    jobs: int,
    prepare: Callable,
    echo: Callable[[str], None],
) -> None:
    """Compute what the stale chapters read."""
    names = list(dict.fromkeys(name for chapter in stale for name in chapter.experiments))
    if not names:
        return
    started = time.perf_counter()
    what = f"what the chapters read ({', '.join(names)})"
    echo(f"computing {what}, profile {profile}")
    with told(what, "computed", "free space, or see MBH_STORE"):
        prepare(profile, names, jobs=jobs)
    seconds = time.perf_counter() - started
    echo(f"everything the chapters read is there after {seconds:.0f} s")


def _execute(
    stale: list[Declaration],
    folder: Path,
    given: dict,
    keys: dict[str, str],
    jobs: int,
    echo: Callable[[str], None],
) -> dict[str, Outcome]:
    """Execute the stale chapters, which share the cores; chapter -> outcome."""
    if not stale:
        return {}
    jobs = min(jobs, len(stale))
    threads = max(1, cores() // jobs)
    executions = [Execution(c, folder, given, keys[c.name], threads) for c in stale]
    return execute_all(executions, jobs, echo)


_REMARKS = {"fresh": "  up to date, nothing redone", "failed": "  FAILED"}


def table(report: Report, seconds: float) -> str:
    """The closing table of a run.

    Parameters
    ----------
    report : Report
        How the run went.
    seconds : float
        What it took in all.

    Returns
    -------
    str
        Chapter, figures and seconds; then what went wrong, and where to look.

    Examples
    --------
    >>> outcome = Outcome("01_sparsity", "done", 2.5, ("fig-2-1", "fig-2-2"))
    >>> print(table(Report(Path("figures"), [outcome]), 3.0))  # doctest: +ELLIPSIS
    <BLANKLINE>
    chapter      figures  seconds
    01_sparsity        2      2.5
    together           2      3.0
    figures: ...figures, the executed chapters: ...chapters
    """
    width = max((len(one.chapter) for one in report.outcomes), default=0)
    lines = ["", f"{'chapter':<{width}}  {'figures':>7}  {'seconds':>7}"]
    for one in report.outcomes:
        numbers = f"{len(one.figures):>7}  {one.seconds:>7.1f}"
        lines.append(f"{one.chapter:<{width}}  {numbers}{_REMARKS.get(one.status, '')}")
    total = sum(len(one.figures) for one in report.outcomes)
    lines.append(f"{'together':<{width}}  {total:>7}  {seconds:>7.1f}")
    lines += [f"{one.chapter} failed: {one.problem}" for one in report.outcomes if one.problem]
    lines += report.problems
    copies = shown(report.folder / "chapters")
    lines.append(f"figures: {shown(report.folder)}, the executed chapters: {copies}")
    return "\n".join(lines)
