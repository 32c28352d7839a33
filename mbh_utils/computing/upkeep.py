"""Looking after a store: checking all that is there, and removing what nothing can use any more."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mbh_utils.computing.entries import (
    DAMAGE,
    MARKER,
    VERSIONS,
    decode_any,
    entry_of,
    files_below,
    files_of,
    is_named_by_note,
    key_of,
    read_entry,
    set_aside_if_damaged,
)
from mbh_utils.computing.files import (
    clock_of,
    is_written,
    members_of,
    remove,
    size_of,
    token,
    told,
)
from mbh_utils.errors import MBHError

#: Entries of the first kind are of no use once there is one of the second with the same settings.
SUPERSEDED_BY = {"checkpoint": "network"}
#: Kinds that older packages wrote and this one never reads.
RETIRED = ("snapshot",)


class Finding(NamedTuple):
    """One thing in a store that was looked at.

    Attributes
    ----------
    what : str
        What it is, or why it was removed.
    path : Path
        Its note, or the file itself.
    bytes : int
        Its size.
    detail : str
        What else there is to tell.
    """

    what: str
    path: Path
    bytes: int
    detail: str = ""


def verify(folder: Path) -> Iterator[Finding]:
    """Check every entry; set damaged ones aside. See :meth:`Store.verify`."""
    for what, path in files_below(folder):
        try:
            found = _checked_entry(path) if what == "note" else _checked_file(what, path)
        except FileNotFoundError:  # another process removed it
            continue
        except MBHError as error:
            found = Finding("unreadable", path, 0, str(error))
        if found is not None:
            yield found


def _checked_entry(note: Path) -> Finding | None:
    """Whether an entry is whole; a damaged one is set aside. None if it is gone by now."""
    size = size_of(files_of(note))
    found = read_entry(note, decode_any)
    if aside := set_aside_if_damaged(note, found):
        return Finding("damaged", note, size, f"{found.problem}; set aside as {aside}")
    return Finding("whole", note, size) if found.value is not None else None


def _checked_file(what: str, path: Path) -> Finding | None:
    """What is to be told of a file that is no note: nothing of data that a note names."""
    if what != "data":
        return Finding(what, path, path.lstat().st_size)
    if is_named_by_note(path):
        return None
    return Finding("orphaned", path, path.stat().st_size)


def gc(
    folder: Path, *, dry_run: bool, old_versions: bool, damaged: bool, grace: float
) -> Iterator[Finding]:
    """Remove what nothing can use any more, and tell each. See :meth:`Store.gc`."""
    if not grace >= 0:
        raise MBHError(f"grace is a number of seconds from 0 on, got {grace!r}")
    now = clock_of(folder)
    for what, path in files_below(folder):
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            is_old = now - path.lstat().st_mtime > grace
            if what == "note":
                why = _why_useless(path, old_versions, is_old)
            else:
                why = _why_left(what, path, damaged, is_old)
            if why and (found := _removed(what, path, why, dry_run)):
                yield found


def _why_useless(note: Path, old_versions: bool, is_old: bool) -> str:
    """Why an entry is of no use any more, or nothing."""
    try:
        entry = entry_of(note)
        if key_of(entry.kind, entry.settings, entry.versions) != entry.key:
            return ""
        heir = SUPERSEDED_BY.get(entry.kind)
        heir_key = heir and key_of(heir, entry.settings, entry.versions)
    except DAMAGE:
        return ""
    if heir:
        heir_note = note.parent.parent / heir / f"{heir_key}.json"
        if read_entry(heir_note, lambda content, words: True).value:
            return f"{entry.kind} of a {heir} that is finished"
    if entry.kind in RETIRED and is_old:
        return f"{entry.kind} of an older package, which nothing reads any more"
    return "other versions" if old_versions and entry.versions != VERSIONS else ""


def _why_left(what: str, path: Path, damaged: bool, is_old: bool) -> str:
    """Why a file that is no note can go, or nothing."""
    if what == "part" and is_old and not is_written(path):
        return "left by a killed process"
    if what == "data" and is_old and not is_named_by_note(path):
        return "data without a note"
    if what == "set aside" and damaged:
        return "set aside as damaged"
    return ""


def _removed(what: str, path: Path, why: str, dry_run: bool) -> Finding | None:
    """Remove a file, or an entry by its note; None if it turns out that it must stay."""
    doomed = files_of(path) if what == "note" else [path]
    found = Finding(why, path, size_of(doomed))
    if dry_run:
        return found
    if what == "data":
        return found if _remove_orphan(path) else None
    remove(doomed)
    return found


def _remove_orphan(data: Path) -> bool:
    """Remove data without a note, unless a note comes to name them in this very moment.

    Returns whether they are gone by this process.
    """
    aside = data.with_name(f".{data.name}.{token()}.part")
    with told(data, "removed", f"make {data.parent} writable"):
        try:
            # Whoever puts them looks for them once the note is there, and finds them gone.
            os.replace(data, aside)
        except FileNotFoundError:  # another process removed them first
            return False
        if is_named_by_note(data):
            os.replace(aside, data)
            return False
        aside.unlink(missing_ok=True)
    return True


def remove_markers(folder: Path, grace: float) -> None:
    """Remove the marker files of killed runs. See :meth:`Store.remove_markers`."""
    now = clock_of(folder)
    for path in members_of(folder):
        # Another process may be faster, or it is another user's.
        with contextlib.suppress(OSError):
            is_marker = MARKER.fullmatch(path.name)
            if is_marker and now - path.lstat().st_mtime > grace and not is_written(path):
                path.unlink()
