"""What several commands share: options, the store they name, folders that must be writable."""

import tempfile
from pathlib import Path

import click

from mbh_utils.errors import MBHError

profile_option = click.option(
    "--profile",
    default="quick",
    show_default=True,
    help="Size of all: quick, draft or paper.",
)


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
