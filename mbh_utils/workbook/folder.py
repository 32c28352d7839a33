"""The folder that one profile's figures go to: who may write there, and what may lie there."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mbh_utils.computing import paths
from mbh_utils.computing.files import is_written
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters

if sys.platform != "win32":
    import fcntl


#: Folders among the figures that other commands than ``mbh figures`` write: ``mbh explore``.
_OF_OTHER_COMMANDS = {"explore"}


def shown(path: Path) -> str:
    """A path as messages show it: relative to the project where it lies inside.

    Examples
    --------
    >>> from mbh_utils.computing import paths
    >>> shown(paths.PROJECT / "figures" / "quick")
    'figures/quick'
    """
    path = Path(path).absolute()
    if path.is_relative_to(paths.PROJECT):
        return path.relative_to(paths.PROJECT).as_posix()
    return str(path)


def check_writable(folder: Path) -> None:
    """Make the folder if need be; MBHError if nothing can be written there."""
    try:
        (folder / "chapters").mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise MBHError(
            f"figures cannot be written to {shown(folder)} ({error.strerror or error}): make that "
            "folder writable, or name another one in the environment variable MBH_FIGURES"
        ) from error


@contextlib.contextmanager
def held(folder: Path, echo: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder against other runs, which would write the same files.

    Waits, and says so once, for a run that is at work there.
    """
    if sys.platform == "win32":  # which has no such locks
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    told = False
    try:
        while not _lock(handle):
            if not told:
                echo(f"another run writes figures to {shown(folder)}: waiting until it has ended")
            told = True
            time.sleep(0.2)
        yield
    finally:
        os.close(handle)  # a killed run holds nothing either


def _lock(handle: int) -> bool:
    """Try to lock the folder; False while another process holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed run left half-written."""
    for leftover in (*folder.rglob(".*.part"), *folder.rglob(".*.partial.ipynb")):
        with contextlib.suppress(OSError):
            if not is_written(leftover):  # a chapter open in JupyterLab writes here as well
                leftover.unlink()


def undeclared_files(folder: Path) -> list[str]:
    """One complaint for each file that no chapter declares; hidden files are left alone."""
    declared = _declared_files()
    found = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [
        f"{shown(folder / path)} is declared by no chapter: remove it, "
        f"or declare it in {chapters.INDEX}"
        for path in found
        if path.as_posix() not in declared
        and path.parts[0] not in _OF_OTHER_COMMANDS
        and not any(part.startswith(".") for part in path.parts)
    ]


def _declared_files() -> set[str]:
    """Every file that chapters and runs write, relative to the folder."""
    pictures = {f"{figure_id}.png" for figure_id in chapters.figure_index()}
    copies_and_notes = {
        f"chapters/{chapter.name}{ending}"
        for chapter in chapters.CHAPTERS
        for ending in (".ipynb", ".failed.ipynb", ".json")
    }
    return {"manifest.json", "claims.md", "claims.csv"} | pictures | copies_and_notes
