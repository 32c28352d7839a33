"""Files that are written whole or not at all, and errors of files that say what to do about them.

A file that is being written has a name of its own (``.<name>.<token>.part``) until it is whole. The
token tells whose it is, so that what a killed process left can be told from what a living one
writes.
"""

import contextlib
import errno
import hashlib
import os
import platform
import re
import secrets
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from mbh_utils.errors import MBHError

#: Tells machines apart in the names of files that are being written.
HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]


@contextlib.contextmanager
def told(what: object, done: str, advice: str) -> Iterator[None]:
    """Raise an OSError of the block as an MBHError: what could not be done, and what to do now.

    Parameters
    ----------
    what : object
        The file or folder (or what else the block works on).
    done : str
        What the block does to it, as in "could not be <done>".
    advice : str
        What to do about it.

    Raises
    ------
    MBHError
        In place of the block's OSError, which becomes its cause.

    Examples
    --------
    >>> with told("the letter", "read", "name one that is there"):
    ...     Path("no/such/letter").read_bytes()
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: the letter could not be read (No such file or directory): name one \
that is there
    """
    try:
        yield
    except (NotADirectoryError, FileExistsError) as error:
        reason = error.strerror or error
        place = "a file stands where a folder should be: move it, or name another folder"
        raise MBHError(f"{what} could not be {done} ({reason}): {place} ({advice})") from error
    except OSError as error:
        reason = error.strerror or error
        raise MBHError(f"{what} could not be {done} ({reason}): {advice}") from error


def token() -> str:
    """What tells a file that is being written from all others: a random name, and whose it is."""
    return f"{secrets.token_hex(6)}_{os.getpid()}_{HOST}"


def is_written(part: Path) -> bool:
    """Whether the process that writes this file is known to live, and on this machine.

    Parameters
    ----------
    part : Path
        A file whose name ends with a :func:`token` and ``.part``.

    Examples
    --------
    >>> is_written(Path(f".letter.txt.{token()}.part"))
    True
    >>> is_written(Path(".letter.txt.0123456789ab.part"))
    False
    """
    owner = re.search(rf"\.[0-9a-f]{{12}}_(\d+)_{HOST}\.part$", part.name)
    if owner is None or os.name != "posix":
        return False
    try:
        os.kill(int(owner[1]), 0)
    except PermissionError:  # another user's
        return True
    except (OSError, OverflowError):
        return False
    return True


def clock_of(folder: Path) -> float:
    """Seconds since 1970 by the clock that dates a folder's files, perhaps another machine's."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
            probe.flush()
            return os.fstat(probe.fileno()).st_mtime
    except OSError:  # nothing can be written or removed there, only told
        return time.time()


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path that becomes ``path`` when the block ends well; else the old content stays.

    Parameters
    ----------
    path : Path
        The file to be. Its folder is made where there is none.

    Yields
    ------
    Path
        Where the block writes, in the same folder.

    Raises
    ------
    MBHError
        When it cannot be written (no permission, disk full); the message names the folder.

    Examples
    --------
    >>> path = Path(tempfile.mkdtemp(), "letter.txt")
    >>> with atomic(path) as temporary:
    ...     _ = temporary.write_text("whole")
    ...     path.exists()
    False
    >>> path.read_text()
    'whole'
    """
    temporary = path.with_name(f".{path.name}.{token()}.part")
    elsewhere = "(MBH_STORE and MBH_FIGURES name other ones)"
    advice = f"nothing was changed; free space or make the folder {path.parent} writable"
    try:
        with told(path, "written", f"{advice} {elsewhere}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole; twice at most, as a gc whose clock is wrong may take what is written."""
    for is_last in (False, True):
        try:
            with atomic(path) as temporary:
                temporary.write_bytes(content)
            return
        except MBHError as error:
            if is_last or not isinstance(error.__cause__, FileNotFoundError):
                raise


def content_of(path: Path) -> bytes | None:
    """What a file holds, or None if it is gone. Raises MBHError if it may not be read."""
    removed = (errno.ENOENT, errno.ESTALE)  # here, or on another machine
    with told(path, "read", "make it readable for you"):
        try:
            return path.read_bytes()
        except OSError as error:
            if error.errno not in removed:
                raise
    return None


def members_of(folder: Path) -> list[Path]:
    """What lies in a folder, sorted; nothing if there is none. MBHError if it may not be listed."""
    with told(folder, "listed", "name a folder that you may read"):
        try:
            return sorted(folder.iterdir())
        except FileNotFoundError:
            return []


def remove(paths: Iterable[Path]) -> None:
    """Remove files, which need not be there. MBHError, naming the folder, if that is denied."""
    for path in paths:
        with told(path, "removed", f"make {path.parent} writable"):
            path.unlink(missing_ok=True)


def size_of(paths: Iterable[Path]) -> int:
    """Bytes of those of the files that are there."""
    return sum(path.stat().st_size for path in paths if path.exists())
