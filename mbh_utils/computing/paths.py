"""Every folder of the workbook; nothing else in the package or in a notebook spells one out."""

import os
from pathlib import Path

from mbh_utils.errors import MBHError

#: The workbook's root: the folder that holds ``mbh_utils`` and ``notebooks`` in a checkout.
PROJECT = Path(__file__).resolve().parents[2]


def named(folder: str | os.PathLike, what: str) -> Path:
    """The path that someone gave.

    Parameters
    ----------
    folder : str or path
        "~" stands for the home folder.
    what : str
        What it is the folder of, for the message.

    Returns
    -------
    Path
        It need not exist.

    Raises
    ------
    MBHError
        Where it is empty, or means no folder on this machine.

    Examples
    --------
    >>> named("results/new", "the store's folder").name
    'new'
    """
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

    Returns
    -------
    list of Path
        The folder that ``MBH_DATA`` names; where it names none, the project's own ``data``, then
        ``shared/data`` beside the project.

    Examples
    --------
    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, MBH_DATA=""):
    ...     [folder.name for folder in data_folders()]
    ['data', 'data']
    """
    if given := _of_environment("MBH_DATA"):
        return [given]
    return [PROJECT / "data", PROJECT.parent / "shared" / "data"]


def store_folder() -> Path:
    """Folder of computed results, among them the trained networks.

    Returns
    -------
    Path
        The folder that ``MBH_STORE`` names; where it names none, ``data/store`` in the project.

    Examples
    --------
    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, MBH_STORE="/scratch/results"):
    ...     store_folder().as_posix()
    '/scratch/results'
    """
    return _of_environment("MBH_STORE") or PROJECT / "data" / "store"


def results_folder(profile: str) -> Path:
    """Folder of one profile's tidy tables, which are part of the project.

    Parameters
    ----------
    profile : str
        Name of the profile.

    Returns
    -------
    Path
        ``data/results/<profile>`` in the project.

    Examples
    --------
    >>> results_folder("paper").relative_to(PROJECT).as_posix()
    'data/results/paper'
    """
    return PROJECT / "data" / "results" / profile


def notebooks_folder() -> Path:
    """Folder of the chapters' sources.

    Returns
    -------
    Path
        ``notebooks`` in the project.

    Examples
    --------
    >>> notebooks_folder().relative_to(PROJECT).as_posix()
    'notebooks'
    """
    return PROJECT / "notebooks"


def figures_folder(profile: str) -> Path:
    """Folder of one profile's figures.

    Parameters
    ----------
    profile : str
        Name of the profile.

    Returns
    -------
    Path
        ``<profile>`` in the folder that ``MBH_FIGURES`` names; where it names none,
        ``figures/<profile>`` in the project.

    Examples
    --------
    >>> figures_folder("quick").name
    'quick'
    """
    return (_of_environment("MBH_FIGURES") or PROJECT / "figures") / profile
