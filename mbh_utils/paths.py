"""Every folder of the workbook; nothing else in the package or in a notebook spells one out."""

import os
from pathlib import Path

#: The workbook's root: the folder that holds ``mbh_utils`` and ``notebooks`` in a checkout.
PROJECT = Path(__file__).resolve().parent.parent


def data_folders() -> list[Path]:
    """Folders searched for data sets, in order; the first one takes downloads.

    ``MBH_DATA`` replaces the list; without it the project's own ``data`` comes first, then
    ``shared/data`` beside the project.
    """
    if named := os.environ.get("MBH_DATA"):
        return [Path(named).expanduser()]
    return [PROJECT / "data", PROJECT.parent / "shared" / "data"]


def store_folder() -> Path:
    """Folder of computed results: ``MBH_STORE``, or ``data/store`` in the project."""
    named = os.environ.get("MBH_STORE")
    return Path(named).expanduser() if named else PROJECT / "data" / "store"


def results_folder(profile: str) -> Path:
    """Folder of one profile's tidy tables, which are part of the project."""
    return PROJECT / "data" / "results" / profile


def notebooks_folder() -> Path:
    """Folder of the chapters' sources."""
    return PROJECT / "notebooks"


def figures_folder(profile: str) -> Path:
    """Folder of one profile's figures: ``MBH_FIGURES/<profile>``, or ``figures/<profile>`` in the project."""
    named = os.environ.get("MBH_FIGURES")
    return (Path(named).expanduser() if named else PROJECT / "figures") / profile
