"""The command ``mbh``: figures, data, doctor. Everything heavy is imported only by the command that needs it."""

import signal
import sys

import click

from mbh_utils import __version__
from mbh_utils.errors import MBHError


def main() -> None:
    """Run the command line; exit status 0: all went well, 1: not, 2: a line that cannot be read, 130: Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)  # a polite kill ends as tidily as Ctrl-C does
    words = sys.argv[1:]
    traceback = "--traceback" in words  # wherever it stands in the line
    try:
        sys.exit(commands.main([w for w in words if w != "--traceback"], "mbh", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\ninterrupted: what was finished is kept, the same command goes on from there", err=True)
        sys.exit(130)
    except MBHError as error:
        if traceback:
            raise
        click.echo(f"mbh: {error}", err=True)
        sys.exit(1)


def _interrupt(signum, frame):
    raise KeyboardInterrupt


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mbh")
@click.option("--traceback", is_flag=True, help="Show the full traceback of an error.")
def commands(traceback: bool) -> None:
    """The workbook's commands. Start with `mbh figures`, look around with `mbh doctor`."""


@commands.command()
@click.option("--profile", default="quick", show_default=True, help="Size of everything: quick, draft or paper.")
@click.option("--chapter", "chapters", multiple=True, help="Only this chapter, by name or number (may be repeated).")
@click.option(
    "--figure", "chosen", multiple=True, help="Only the chapter with this figure, e.g. 6.3 (may be repeated)."
)
@click.option("--jobs", type=int, help="Chapters and networks computed side by side [default: one per core].")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the chapters.")
@click.option(
    "-p", "--parameter", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="Another chapter parameter."
)
@click.option("--force", is_flag=True, help="Also redo what is up to date.")
def figures(profile, chapters, chosen, jobs, seed, given, force) -> int:
    """Regenerate the figures, and say where they are.

    What is up to date is left alone. Figures go to figures/PROFILE, or to MBH_FIGURES/PROFILE.
    """
    from mbh_utils import runner

    parameters = {name: _literal(value) for name, value in given}
    report = runner.run(profile, chapters, chosen, jobs=jobs, force=force, seed=seed, parameters=parameters, echo=_say)
    return 0 if report.ok else 1


@commands.group(invoke_without_command=True)
@click.pass_context
def data(context: click.Context) -> None:
    """Say which data sets are found where; `mbh data get NAME` downloads one."""
    if context.invoked_subcommand is not None:
        return
    from mbh_utils import datasets

    for name in datasets.NAMES:
        _say("\n".join(_describe(datasets.describe(name))))


@data.command()
@click.argument("name")
def get(name: str) -> None:
    """Download the data set NAME, unless it is there, and check it."""
    from mbh_utils import datasets

    _say(repr(datasets.load(name, progress=True)))
    _say(_describe(datasets.describe(name))[0])


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
            lines.append(f"  {file['status']:<8} {file['path']} (expected md5 {file['expected']}{found})")
    return [*lines, f"  `mbh data get {facts['name']}` downloads it; data/README.md says how to place it by hand"]


@commands.command()
def doctor() -> int:
    """Check what the workbook needs on this machine: versions, cores, data, folders, kernel."""
    healthy = True
    for check in (_check_versions, _check_cores, _check_data, _check_folders, _check_kernel):
        try:
            for line in check():
                _say(f"ok    {line}")
        except MBHError as error:
            healthy = False
            _say(f"BAD   {error}")
    _say("the workbook can run here" if healthy else "mend the lines marked BAD, then try again")
    return 0 if healthy else 1


def _check_versions():
    import platform

    from mbh_utils import workbook

    yield f"{platform.system()} {platform.machine()}, " + ", ".join(f"{k} {v}" for k, v in workbook.versions().items())
    yield f"mbh_utils in {workbook.paths.PROJECT}, commit {workbook.commit() or 'unknown (no git checkout)'}"


def _check_cores():
    import torch

    from mbh_utils import runner

    yield f"{runner.cores()} cores, {torch.get_num_threads()} torch threads"
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none that torch can use (none is needed)"
    yield f"GPU: {gpu}"


def _check_data():
    from mbh_utils import datasets

    for name in datasets.NAMES:
        facts = datasets.describe(name)
        if any(file["status"] in ("wrong", "unreadable") for file in facts["files"]):
            raise MBHError("\n".join(_describe(facts)))
        yield _describe(facts)[0] if facts["found"] else f"{name}: not here yet (`mbh data` tells more)"


def _check_folders():
    from mbh_utils import paths, store, workbook

    workbook.check_writable(paths.figures_folder("quick"))
    yield f"figures: {paths.figures_folder('quick').parent} is writable"
    probe = paths.store_folder() / "doctor.probe"
    with store.atomic(probe) as temporary:
        temporary.write_text("written by mbh doctor")
    probe.unlink()
    yield f"store: {paths.store_folder()} is writable"


def _check_kernel():
    from mbh_utils import runner

    yield f"a notebook kernel starts: {runner.try_kernel():.1f} s, {sys.executable}"


def _literal(text: str):
    """The value a text spells as a Python literal, or the text itself."""
    import ast

    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _say(text: str) -> None:
    print(text, flush=True)
