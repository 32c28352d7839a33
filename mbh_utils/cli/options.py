"""What several commands share: options, the store they name, folders that must be writable.

A line is checked here, before anything heavy is imported: a mistake is answered at once.
"""

import contextlib
import importlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import click
from click import echo

from mbh_utils.errors import MBHError

#: The names of the profiles, which are declared where torch is needed (a test holds them equal).
PROFILES = ("quick", "draft", "paper")


def _profile_names() -> tuple[str, ...]:
    """The names of the profiles, without importing them: those declared, where they are loaded."""
    loaded = sys.modules.get("mbh_utils.experiments.profiles")
    return tuple(loaded.PROFILES) if loaded else PROFILES


class _ProfileName(click.ParamType):
    """The name of a profile, or the beginning of one."""

    name = "profile"

    def convert(self, value, param, ctx):
        """The whole name; a usage error for a word that means none."""
        from mbh_utils.workbook import chapters

        try:
            return chapters.pick(value, _profile_names(), "profile")
        except MBHError as error:
            self.fail(str(error), param, ctx)

    def get_metavar(self, param, ctx=None):
        """What help shows: all names."""
        return f"[{'|'.join(PROFILES)}]"


profile_option = click.option(
    "--profile",
    type=_ProfileName(),
    default="quick",
    show_default=True,
    help="Size of all.",
)


def jobs_option(text: str):
    """The option ``--jobs``, a whole number from 1 on."""
    return click.option("--jobs", type=click.IntRange(min=1), help=text)


def told_as_usage(function, *arguments, hint: str):
    """What a check gives; what it refuses is a line that cannot be read (exit status 2).

    Parameters
    ----------
    function : callable
        The check.
    *arguments
        What it takes.
    hint : str
        The part of the line that it is about, such as ``--chapter``.
    """
    try:
        return function(*arguments)
    except MBHError as error:
        raise click.BadParameter(str(error), param_hint=hint) from error


def say_that_it_loads() -> None:
    """One line where importing takes seconds, so that nobody waits before a silent terminal."""
    if "torch" not in sys.modules:
        with said_while_at_it("loading torch and the other libraries"):
            for name in ("torch", "numba", "pandas", "matplotlib.pyplot"):
                importlib.import_module(name)


@contextlib.contextmanager
def said_while_at_it(words: str) -> Iterator[None]:
    """Say what is being done, on a terminal with one more dot for every second that it takes."""
    watched = sys.stderr.isatty()
    ended = threading.Event()

    def add_dots() -> None:
        while not ended.wait(1.0):
            echo(".", nl=False, err=True)

    echo(f"{words} ...", nl=not watched, err=True)
    if watched:
        threading.Thread(target=add_dots, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        if watched:
            echo(err=True)


def open_store(folder: str | None):
    """The store in this folder, or else the workbook's own."""
    from mbh_utils.computing.store import Store

    return Store(folder)


def check_writable(folder: Path, named_by: str) -> None:
    """Make the folder if need be; MBHError if nothing can be written there.

    Parameters
    ----------
    folder : Path
        The folder.
    named_by : str
        The option or variable that names another one.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise MBHError(
            f"{folder} cannot be written ({error.strerror or error}): make it a folder that you "
            f"may write to, or name another one ({named_by})"
        ) from error
