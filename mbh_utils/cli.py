"""The command ``mbh``: figures, run, data, store, doctor. Each imports by itself what is heavy."""

import ast
import json
import os
import platform
import re
import shutil
import signal
import sys
import tempfile
import textwrap
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import click
from click import echo

from mbh_utils import __version__
from mbh_utils.errors import MBHError


def main() -> None:
    """Run the command line.

    Exit status 0: all went well, 1: not (or nobody read all that was told), 2: a line that cannot be read, 130: Ctrl-C.
    """
    signal.signal(signal.SIGTERM, _interrupt)  # a polite kill ends as tidily as Ctrl-C does
    _stand_in_for_closed_streams()
    words = sys.argv[1:]
    traceback = "--traceback" in words  # wherever it stands in the line
    try:
        status = commands.main(
            [w for w in words if w != "--traceback"], "mbh", standalone_mode=False
        )
        sys.stdout.flush()
        sys.exit(status)
    except (
        BrokenPipeError
    ):  # `mbh store ls | head -1`: who reads has seen enough. Click takes most of these itself.
        _write_no_more()
        sys.exit(1)
    except OSError as error:
        if traceback:
            raise
        _write_no_more()
        what = error.filename or "the output, or another file,"
        with suppress(OSError):
            echo(f"mbh: {what} could not be read or written ({error.strerror or error})", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        echo(
            "\ninterrupted: what was finished is kept, the same command goes on from there",
            err=True,
        )
        sys.exit(130)
    except MBHError as error:
        if traceback:
            raise
        echo(f"mbh: {error}", err=True)
        sys.exit(1)


def _interrupt(signum, frame):
    raise KeyboardInterrupt


def _stand_in_for_closed_streams() -> None:
    """Let what is written go nowhere where a stream is closed (`mbh store ls >&-`).

    Without, the next file that is opened would get the stream's number, and what libraries print.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            os.set_inheritable(number, True)  # notebook kernels and workers write to it as well
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _write_no_more() -> None:
    """Let what is still to be written go nowhere: Python would complain of it at the end."""
    with suppress(OSError, ValueError):  # ValueError: no file behind it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mbh")
@click.option("--traceback", is_flag=True, help="Show the full traceback of an error.")
def commands(traceback: bool) -> None:
    """The workbook's commands. Start with `mbh figures`, look around with `mbh doctor`."""


_PROFILE = click.option(
    "--profile", default="quick", show_default=True, help="Size of all: quick, draft or paper."
)


@commands.command()
@_PROFILE
@click.option(
    "--chapter",
    "chapters",
    multiple=True,
    help="Only this chapter, by name or number (repeatable).",
)
@click.option(
    "--figure",
    "chosen",
    multiple=True,
    help="Only the chapter with this figure, e.g. 6.3 (repeatable).",
)
@click.option(
    "--jobs", type=int, help="Chapters and networks computed side by side [default: one per core]."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the chapters.")
@click.option(
    "-p",
    "--parameter",
    "given",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A chapter parameter.",
)
@click.option("--force", is_flag=True, help="Also redo what is up to date.")
def figures(profile, chapters, chosen, jobs, seed, given, force) -> int:
    """Regenerate the figures, and say where they are.

    What is up to date is left alone. Figures go to figures/PROFILE, or to MBH_FIGURES/PROFILE.
    """
    from mbh_utils.workbook import runner

    parameters = {name: _literal(value) for name, value in given}
    report = runner.run(
        profile,
        chapters,
        chosen,
        jobs=jobs,
        force=force,
        seed=seed,
        parameters=parameters,
        echo=echo,
    )
    return 0 if report.ok else 1


@commands.command()
@click.argument("names", nargs=-1)
@_PROFILE
@click.option("--jobs", type=int, help="Processes computing side by side [default: one per core].")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Compute on a Dask cluster, e.g. tcp://10.0.0.1:8786."
)
@click.option(
    "--no-shared-store",
    is_flag=True,
    help="The cluster's machines share no folder: send results back.",
)
@click.option(
    "--store",
    "folder",
    metavar="FOLDER",
    help="Keep all results here [default: MBH_STORE, data/store].",
)
@click.option(
    "--tables", metavar="FOLDER", help="Write the tables here [default: data/results/PROFILE]."
)
@click.option(
    "--dry-run", is_flag=True, help="Only say what would be computed, how long and how large."
)
def run(names, profile, jobs, scheduler, no_shared_store, folder, tables, dry_run) -> None:
    """Compute what the experiments NAMES lack (default: all), and write their tables, which the chapters read."""
    from mbh_utils import experiments
    from mbh_utils.computing import paths
    from mbh_utils.computing.threads import n_processes

    n_processes(jobs)
    started, names, store = (
        time.perf_counter(),
        list(dict.fromkeys(names or experiments.EXPERIMENTS)),
        _open(folder),
    )
    to = paths.named(tables, "the tables' folder") if tables is not None else None
    for line in _forecast(experiments.plan(profile, names, store), jobs, scheduler, store):
        echo(line)
    if dry_run:
        return
    _check_writable(store.folder, "--store or MBH_STORE")  # now, not after hours
    _check_writable(to or experiments.results_file(names[0], profile).parent, "--tables")
    shared = not no_shared_store
    ended = experiments.prepare(
        profile, names, jobs=jobs, store=store, scheduler=scheduler, shared=shared
    )
    computed = time.perf_counter()
    for path in experiments.write_tables(profile, names, store, to):
        echo(f"table: {path}")
    now = time.perf_counter()
    parts = [
        (done.label, done.seconds, f", {_size(done.memory)} per process at most") for done in ended
    ]
    for label, seconds, more in [
        *parts,
        ("writing the tables", now - computed, ""),
        ("in all", now - started, ""),
    ]:
        echo(f"{label}: {_span(seconds)}{more}")


def _check_writable(folder: Path, named_by: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise MBHError(
            f"{folder} cannot be written ({error.strerror or error}): make it a folder that you may write to, or name "
            f"another one ({named_by})"
        ) from error


def _forecast(stages, jobs, scheduler, store):
    """Lines on what the stages take: number of tasks, time, room on disk, memory."""
    from mbh_utils.computing.scheduling import wall_seconds
    from mbh_utils.computing.threads import n_processes

    if not stages:
        yield "nothing is missing"
        return
    n = n_processes(jobs)
    # How many work on a cluster, and how fast they are, is not known here.
    where = f"on {n} process{'es' if n > 1 else ''}" if jobs or not scheduler else ""
    yield f"to be computed into {store.folder}, as estimated:"
    form = "{:<20}{:>7}{:>12}{:>18}{:>11}{:>13}".format
    yield form("", "tasks", "CPU time", where, "on disk", "per process")
    rows = [(s.label, s.tasks, wall_seconds(s.tasks, n)) for s in stages]
    rows += [("in all", [task for s in stages for task in s.tasks], sum(wall for *_, wall in rows))]
    for label, tasks, wall in rows:
        spent, size = (
            _span(sum(task.seconds for task in tasks)),
            _size(sum(task.bytes for task in tasks)),
        )
        memory = _size(max(task.memory for task in tasks))
        yield form(label, len(tasks), spent, _span(wall) if where else "", size, memory)


def _span(seconds: float) -> str:
    """Seconds in the unit that reads best."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"


def _size(n_bytes: float) -> str:
    """Bytes in the unit that reads best."""
    return (
        f"{n_bytes / 1e9:.1f} GB"
        if n_bytes >= 1e9
        else f"{n_bytes / 1e6:.{0 if n_bytes >= 1e7 else 1}f} MB"
    )


def _bytes(n: int) -> str:
    return f"{n} B" if n < 1000 else f"{n / 1000:.1f} kB" if n < 1_000_000 else _size(n)


@commands.group(invoke_without_command=True)
@click.pass_context
def data(context: click.Context) -> None:
    """Say which data sets are found where; `mbh data get NAME` downloads one."""
    if context.invoked_subcommand is not None:
        return
    from mbh_utils import datasets

    for name in datasets.NAMES:
        echo("\n".join(_describe(datasets.describe(name))))


@data.command()
@click.argument("name")
def get(name: str) -> None:
    """Download the data set NAME, unless it is there, and check it."""
    from mbh_utils import datasets

    echo(repr(datasets.load(name, progress=True)))
    echo(_describe(datasets.describe(name))[0])


def _describe(facts: dict) -> list[str]:
    if facts["folder"] is None:
        return [f"{facts['name']}: built in, no files needed"]
    if facts["found"]:
        return [f"{facts['name']}: found in {facts['folder']}, checksums right"]
    lines = [f"{facts['name']}: not usable; looked in {', '.join(map(str, facts['searched']))}"]
    for file in facts["files"]:
        if file["status"] == "ok":
            lines.append(f"  ok       {file['path']}")
        else:
            found = f", has {file['found']}" if file["found"] else ""
            lines.append(
                f"  {file['status']:<8} {file['path']} (expected md5 {file['expected']}{found})"
            )
    return [
        *lines,
        f"  `mbh data get {facts['name']}` downloads it; data/README.md says how to place it by hand",
    ]


@commands.group()
def store() -> None:
    """Look after the store of computed results."""


_STORE = click.option(
    "--store", "folder", metavar="FOLDER", help="The store [default: MBH_STORE, data/store]."
)


@store.command()
@click.option("--kind", help="Only entries of this kind, e.g. network.")
@_STORE
def ls(kind, folder) -> None:
    """List the entries: kind, key, size, age, and what they are."""

    def order(entry):
        words = _in_words(entry.settings).replace(",", "")
        return entry.kind, [
            int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", words)
        ]

    here = _open(folder)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    notes, found = sum(what == "note" for what, _ in here.files()), list(here.entries())
    for entry in sorted((entry for entry in found if kind in (None, entry.kind)), key=order):
        age = _span(max(time.time() - entry.time, 0))
        line = f"{entry.kind:<9} {entry.key[:10]} {_bytes(entry.bytes):>8} {age:>6}  {_in_words(entry.settings)}"
        echo(line[:width])
    kinds = sorted({entry.kind for entry in found})
    for each in kinds if kind is None else [kind]:
        sizes = [entry.bytes for entry in found if entry.kind == each]
        echo(
            f"{each}: {len(sizes):,} {'entry' if len(sizes) == 1 else 'entries'}, {_bytes(sum(sizes))}"
        )
    if kind not in (None, *kinds):
        echo(f"there are entries of these kinds: {', '.join(kinds) or 'none'}")
    if len(found) < notes:
        echo(
            f"{notes - len(found)} more that cannot be understood: `mbh store verify` looks into them"
        )
    if not notes:
        echo(f"the store {here.folder} is empty")


@store.command()
@click.argument("key")
@_STORE
def show(key, folder) -> int:
    """Tell everything about the entry KEY (its first digits are enough)."""
    from mbh_utils.computing.entries import VERSIONS, damage_of

    here = _open(folder)
    found = [entry for entry in here.entries() if entry.key.startswith(key.lower())]
    if not found:
        raise MBHError(
            f"no entry of {here.folder} has a key that starts with {key!r}: `mbh store ls` lists them"
        )
    if len(found) > 1:
        some = "\n".join(f"  {e.key}  {e.kind}  {_in_words(e.settings)}" for e in found[:5])
        raise MBHError(
            f"{len(found)} entries have keys that start with {key!r}; give more digits, as of\n{some}"
        )
    entry, problem = found[0], damage_of(found[0].path)
    echo(f"{entry.kind} {entry.key}: {_in_words(entry.settings)}")
    current = (
        "the present ones"
        if entry.versions == VERSIONS
        else "not the present ones: it is not used any more"
    )
    for title in ("settings", "versions", "facts"):
        echo(f"{title}:" + (f" {current}" if title == "versions" else ""))
        for name, value in getattr(entry, title).items():
            value = value if isinstance(value, str) else json.dumps(value)
            echo(f"  {name}: {textwrap.shorten(value, 90, placeholder=' ...')}")
    echo(f"put: {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(entry.time))}")
    echo(f"note: {entry.path}\nsize: {_bytes(entry.bytes)}")
    echo(f"checksum: {f'damaged, {problem}' if problem else 'right'}")
    return 1 if problem else 0


@store.command()
@_STORE
def verify(folder) -> int:
    """Read everything and set aside what is damaged.

    What was set aside will be computed again. The exit status is 1 if anything was damaged or could not be read.
    """
    from tqdm import tqdm

    here, counts, size = _open(folder), Counter(), 0
    with tqdm(
        total=sum(what == "note" for what, _ in here.files()),
        unit="entry",
        disable=None,
        leave=False,
    ) as bar:
        for finding in here.verify():
            counts[finding.what] += 1
            size += finding.bytes
            if finding.what in ("whole", "damaged", "unreadable"):
                bar.update()
            if finding.what != "whole":
                told = f": {finding.detail}" if finding.detail else ""
                tqdm.write(f"{finding.what:<10} {finding.path.relative_to(here.folder)}{told}")
    if not counts:
        echo(f"the store {here.folder} is empty")
        return 0
    echo(
        f"{here.folder}, {_bytes(size)}: "
        + ", ".join(f"{n:,} {what}" for what, n in counts.most_common())
    )
    if counts["orphaned"] or counts["part"]:
        echo(
            "orphaned, part: left by killed processes, or being written now; `mbh store gc` removes what is old"
        )
    return 1 if counts["damaged"] or counts["unreadable"] else 0


@store.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option(
    "--old-versions",
    is_flag=True,
    help="Also remove results of other torch, numpy or package versions.",
)
@click.option("--damaged", is_flag=True, help="Also remove what was set aside as damaged.")
@_STORE
def gc(dry_run, old_versions, damaged, folder) -> None:
    """Remove what nothing can use any more.

    That is what killed processes left more than an hour ago, and checkpoints of networks that are finished.
    """
    here, done, freed = _open(folder), "would remove" if dry_run else "removed", []
    for finding in here.gc(dry_run=dry_run, old_versions=old_versions, damaged=damaged):
        freed.append(finding.bytes)
        echo(
            f"{done} {_bytes(finding.bytes):>8}  {finding.path.relative_to(here.folder)} ({finding.what})"
        )
    echo(
        f"{done} {_bytes(sum(freed))} ({len(freed):,})"
        if freed
        else f"nothing to remove in {here.folder}"
    )


def _open(folder: str | None):
    from mbh_utils.computing.store import Store

    return Store(folder)


def _in_words(settings: dict) -> str:
    """What an entry is, from its settings, in one line: what tells most comes first."""
    known = {
        "measure": "{}",
        "dataset": "{}",
        "hidden": "{}",
        "parameters": "{} HNPs",
        "mask": "{}",
        "seed": "seed {}",
    }
    known |= {"iterations": "{} iterations", "iteration": "at {}", "data": "", "recipe": ""}
    recipe, hidden = settings.get("recipe"), settings.get("hidden")
    told = {
        **settings,
        "iterations": recipe.get("iterations") if isinstance(recipe, dict) else None,
    }
    told["hidden"] = "-".join(map(str, hidden)) if isinstance(hidden, list) else hidden
    words = []
    for name in [*known, *(name for name in told if name not in known)]:
        value = told.get(name)
        if isinstance(value, list):
            words.append(f"{len(value)} {name}")
        elif value is not None and not isinstance(value, dict):
            text = f"{value:,}" if type(value) is int else str(value)
            words.append(known[name].format(text) if name in known else f"{name} {text}")
    return ", ".join(word for word in words if word)


@commands.command()
def doctor() -> int:
    """Check what the workbook needs on this machine: versions, cores, data, folders, kernel."""
    healthy = True
    for check in (_check_machine, _check_data, _check_tables, _check_folders, _check_kernel):
        try:
            for line in check():
                echo(f"ok    {line}")
        except MBHError as error:
            healthy = False
            echo(f"BAD   {error}")
    echo("the workbook can run here" if healthy else "mend the lines marked BAD, then try again")
    return 0 if healthy else 1


def _check_machine():
    import torch

    from mbh_utils.computing import paths, threads
    from mbh_utils.workbook import chapter as workbook

    yield f"{platform.system()} {platform.machine()}, " + ", ".join(
        f"{k} {v}" for k, v in workbook.versions().items()
    )
    yield f"mbh_utils in {paths.PROJECT}, commit {workbook.commit() or 'unknown (no git checkout)'}"
    yield f"{threads.cores()} cores, {torch.get_num_threads()} torch threads"
    gpu = (
        torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else "none that torch can use (none is needed)"
    )
    yield f"GPU: {gpu}"


def _check_data():
    from mbh_utils import datasets

    for name in datasets.NAMES:
        facts = datasets.describe(name)
        if any(file["status"] in ("wrong", "unreadable") for file in facts["files"]):
            raise MBHError("\n".join(_describe(facts)))
        yield (
            _describe(facts)[0]
            if facts["found"]
            else f"{name}: not here yet (`mbh data` tells more)"
        )


def _check_tables():
    from mbh_utils import experiments

    for profile in experiments.PROFILES:
        if found := experiments.check_results(profile):
            yield f"tables of profile {profile}: {len(found)}, digests right"


def _check_folders():
    from mbh_utils.computing import native, paths
    from mbh_utils.workbook import chapter as workbook

    workbook.check_writable(paths.figures_folder("quick"))
    yield f"figures: {paths.figures_folder('quick').parent} is writable"
    _check_writable(paths.store_folder(), "MBH_STORE")
    yield f"store: {paths.store_folder()} is writable"
    kept = (
        native.folder()
        or "memory only, since no folder for it can be written: each process compiles anew"
    )
    yield f"compiled code is kept in {kept}"


def _check_kernel():
    from mbh_utils.workbook import runner

    yield f"a notebook kernel starts: {runner.try_kernel():.1f} s, {sys.executable}"


def _literal(text: str):
    """The value a text spells as a Python literal, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
