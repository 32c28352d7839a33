"""Where libraries may write on a machine without a home folder: containers, batch nodes and so on.

matplotlib, IPython and Jupyter keep settings and caches in the home folder; where it cannot be
written they crash, or complain in every process. They are given a private folder among the
temporary files then.
"""

import os
import stat
import tempfile
from pathlib import Path


def writable(folder: Path) -> bool:
    """Whether files can be written to a folder that is there.

    Permissions alone do not tell: there are root and read-only mounts.
    """
    try:
        tempfile.TemporaryFile(dir=folder).close()
        return True
    except (OSError, ValueError):
        return False


def below_home(*default: str, variable: str = "") -> Path | None:
    """The folder that a variable names, else one in the home folder; None if there is neither."""
    given = os.environ.get(variable, "")
    if os.path.isabs(given):
        return Path(given)
    # An empty HOME would be expanded to "/".
    home = "" if os.environ.get("HOME") == "" else os.path.expanduser("~")
    return Path(home, *default) if os.path.isabs(home) else None


def private_folder() -> Path | None:
    """A folder of this user alone among the temporary files, the same for all processes.

    Who could write there could make others run their code, so one that belongs to somebody else is
    not taken. None if there can be none.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    in_memory = "/dev/shm"  # where the whole machine is read-only
    for place in (tempfile.gettempdir, lambda: in_memory):
        try:
            folder = Path(place(), f"mbh_utils-{user}")
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:  # there is no such place, or a file of that name
            continue
        is_own = os.name != "posix" or (found.st_uid == user and not found.st_mode & 0o077)
        if stat.S_ISDIR(found.st_mode) and is_own and writable(folder):
            return folder
    return None


def _can_be_written(folder: Path | None) -> bool:
    """Whether a folder can be written, or made."""
    if folder is None:
        return False
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    return writable(there)


def _usual_folders() -> dict[str, list[Path | None]]:
    """Variable of a library's folder -> the folders that the library takes where it is not set."""
    config = below_home(".config", variable="XDG_CONFIG_HOME")
    cache = below_home(".cache", variable="XDG_CACHE_HOME")
    data = below_home(".local", "share", variable="XDG_DATA_HOME")
    return {
        "MPLCONFIGDIR": [config and config / "matplotlib", cache and cache / "matplotlib"],
        "IPYTHONDIR": [below_home(".ipython")],
        # Of kernels' connection files.
        "JUPYTER_RUNTIME_DIR": [data and data / "jupyter" / "runtime"],
    }


def settle() -> None:
    """Name folders for the libraries whose own, in the home folder, cannot be written.

    They are named in the environment, where processes started from here find them too.
    """
    missing = [
        variable
        for variable, folders in _usual_folders().items()
        if not os.environ.get(variable) and not all(map(_can_be_written, folders))
    ]
    if not missing or (place := private_folder()) is None:
        return
    for variable in missing:
        folder = place / variable.removesuffix("DIR").strip("_").lower()
        try:
            folder.mkdir(exist_ok=True)
        except OSError:  # the disk is full
            continue
        os.environ[variable] = str(folder)
