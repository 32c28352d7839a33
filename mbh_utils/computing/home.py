"""Where libraries may write on a machine without a home folder: containers, module systems, batch nodes.

matplotlib, IPython and Jupyter keep settings and caches in the home folder; where it cannot be written they crash, or
complain in every process. They are given a private folder among the temporary files then.
"""

import os
import stat
import tempfile
from pathlib import Path


def writable(folder: Path) -> bool:
    """Whether files can be written to a folder that is there. (Permissions alone do not tell: root, other mounts.)"""
    try:
        tempfile.TemporaryFile(dir=folder).close()
        return True
    except (OSError, ValueError):
        return False


def below_home(*default: str, variable: str = "") -> Path | None:
    """The folder in this variable of the environment, else this one in the home folder; None without a home folder."""
    if os.path.isabs(given := os.environ.get(variable, "")):
        return Path(given)
    home = (
        "" if os.environ.get("HOME") == "" else os.path.expanduser("~")
    )  # which would make "/" of an empty one
    return Path(home, *default) if os.path.isabs(home) else None


def private_folder() -> Path | None:
    """A folder of this user alone among the temporary files, the same for all processes; None if there can be none.

    Who could write there could make others run their code, so one that belongs to somebody else is not taken.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    for folders in (
        tempfile.gettempdir,
        lambda: "/dev/shm",
    ):  # in memory, where the whole machine is read-only
        try:
            folder = Path(folders(), f"mbh_utils-{user}")
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:  # there is no such place, or a file of that name
            continue
        closed = os.name != "posix" or found.st_uid == user and not found.st_mode & 0o077
        if stat.S_ISDIR(found.st_mode) and closed and writable(folder):
            return folder
    return None


def _can_be_written(folder: Path | None) -> bool:
    """Whether a folder can be written, or made."""
    if folder is None:
        return False
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    return writable(there)


def settle() -> None:
    """Name folders that can be written for the libraries whose own, in the home folder, cannot, in the environment."""
    config, cache = (
        below_home(".config", variable="XDG_CONFIG_HOME"),
        below_home(".cache", variable="XDG_CACHE_HOME"),
    )
    data = below_home(".local", "share", variable="XDG_DATA_HOME")
    wanted = {
        "MPLCONFIGDIR": [config and config / "matplotlib", cache and cache / "matplotlib"],
        "IPYTHONDIR": [below_home(".ipython")],
        "JUPYTER_RUNTIME_DIR": [
            data and data / "jupyter" / "runtime"
        ],  # of kernels' connection files
    }
    unset = {name: folders for name, folders in wanted.items() if not os.environ.get(name)}
    lacking = [name for name, folders in unset.items() if not all(map(_can_be_written, folders))]
    if lacking and (place := private_folder()):
        for name in lacking:
            folder = place / name.removesuffix("DIR").strip("_").lower()
            try:
                folder.mkdir(exist_ok=True)
            except OSError:  # the disk is full
                continue
            os.environ[name] = str(folder)
