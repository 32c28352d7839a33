"""Every folder of the workbook; nothing else in the package or in a notebook spells one out."""

import os
from pathlib import Path

from mbh_utils.errors import MBHError

#: The workbook's root: the folder that holds ``mbh_utils`` and ``notebooks`` in a checkout.
PROJECT = Path(__file__).resolve().parents[2]


def named(folder: str | os.PathLike, what: str) -> Path:
    """The path that someone gave. Raises MBHError where it is empty, or means no folder on this machine."""
    try:
        given = os.fspath(folder)
        if isinstance(given, str) and given.strip() and "\0" not in given:
            return Path(given).expanduser()
    except (TypeError, RuntimeError) as error:  # no path at all; "~" where no home folder is known
        raise MBHError(
            f"{what} cannot be {folder!r} ({error}): give the path of a folder"
        ) from error
    raise MBHError(f"{what} cannot be {folder!r}: give the path of a folder, or leave it out")


def _of_environment(variable: str) -> Path | None:
    """The folder in a variable of the environment; an empty one counts as not set."""
    given = os.environ.get(variable)
    return named(given, variable) if given else None


def data_folders() -> list[Path]:
    """Folders searched for data sets, in order; the first one takes downloads.

    ``MBH_DATA`` replaces the list; without it, or where it is empty, the project's own ``data`` comes first, then
    ``shared/data`` beside the project.
    """
    if given := _of_environment("MBH_DATA"):
        return [given]
    return [PROJECT / "data", PROJECT.parent / "shared" / "data"]


def store_folder() -> Path:
    """Folder of computed results: ``MBH_STORE``, or ``data/store`` in the project (also where that is empty)."""
    return _of_environment("MBH_STORE") or PROJECT / "data" / "store"


def results_folder(profile: str) -> Path:
    """Folder of one profile's tidy tables, which are part of the project."""
    return PROJECT / "data" / "results" / profile


def notebooks_folder() -> Path:
    """Folder of the chapters' sources."""
    return PROJECT / "notebooks"


def figures_folder(profile: str) -> Path:
    """Folder of one profile's figures: ``MBH_FIGURES/<profile>``, or ``figures/<profile>`` in the project."""
    return (_of_environment("MBH_FIGURES") or PROJECT / "figures") / profile
