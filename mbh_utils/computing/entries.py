"""One entry of a store as files: its key, its note, its data, and how they are written and read.

An entry is a note (``<kind>/<key>.json``: in words what the entry is, the sha256 of its data and,
as a seal, that of the note's own words) and beside it the data (safetensors for arrays, parquet for
tables), in a file that no other put ever names. The data come first, the note comes last, then the
data it superseded go: an entry without a note does not exist, so a killed process leaves nothing
half-written, and processes that work on the same entry at once need no lock and cannot mix their
halves. Whatever fails its check is set aside, never deleted.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import safetensors
import safetensors.numpy
import torch
from safetensors import SafetensorError

from mbh_utils.computing import parquet
from mbh_utils.computing.files import content_of, members_of, remove, size_of, told, write_whole
from mbh_utils.errors import MBHError

#: Part of every key: a result is only reused by code and libraries that would compute the same
#: again. Raise ``results`` when a change of the package changes results, the reading of data sets
#: included (they are parsed anew by every process; what they hold is in the settings, as their
#: checksum).
VERSIONS = {"results": 2, "torch": torch.__version__.split("+")[0], "numpy": np.__version__}

#: What may be the kind of an entry, which names a folder of the store.
KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
#: A file that stands in the store while a run works on it (:func:`scheduling.marker_file`).
MARKER = re.compile(r"\.shared\.\w+\.part")
_NOTE = r"[0-9a-f]{24}\.json"
_DATA = r"[0-9a-f]{24}-[0-9a-f]{12}\.(safetensors|parquet)"
#: What a file in a kind's folder is, by its name.
NAMES = {
    "note": re.compile(_NOTE),
    "data": re.compile(_DATA),
    "part": re.compile(rf"\.({_NOTE}|{_DATA})\.\w+\.part"),
    "set aside": re.compile(rf"({_NOTE}|{_DATA})\.damaged\d+"),
}

#: What an entry that is not what it should be raises when it is read.
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError)

Value = TypeVar("Value")
#: Makes what an entry holds of (the content of its data file, the words of its note).
Decoder = Callable[[bytes, dict], Value]


class Entry(NamedTuple):
    """What a note says, without its data having been looked at.

    Attributes
    ----------
    kind, key : str
        The folder and the name of the note.
    settings, facts, versions : dict
        What defines the entry, what was noted beside it, and what it was made by.
    bytes : int
        Size of note and data.
    time : float
        When it was put, in seconds since 1970.
    path : Path
        The note.
    """

    kind: str
    key: str
    settings: dict
    facts: dict
    versions: dict
    bytes: int
    time: float
    path: Path


class Reading(NamedTuple, Generic[Value]):
    """What came of reading an entry: its value, or its problem; three None if there is no entry."""

    value: Value | None = None
    note: bytes | None = None
    problem: Exception | None = None


# ------------------------------------------------------------------------------ keys and notes


def key_of(kind: str, settings: dict, versions: dict | None = None) -> str:
    """The name of the entry with these settings.

    Parameters
    ----------
    kind : str
        What kind of entry it is.
    settings : dict
        Everything that defines it: numbers, text, arrays, and lists and dicts of them.
    versions : dict, optional
        What it was made by; by default the present :data:`VERSIONS`.

    Returns
    -------
    str
        24 hex digits.

    Raises
    ------
    MBHError
        For settings that are something else.

    Examples
    --------
    >>> key_of("network", {"seed": 0}) == key_of("network", {"seed": np.int64(0)})
    True
    >>> key_of("network", {"seed": 0}) == key_of("network", {"seed": 1})
    False
    """
    content = {"kind": kind, "settings": settings, "versions": versions or VERSIONS}
    return _sha256(canonical_json(content).encode())[:24]


def canonical_json(content: dict) -> str:
    """JSON that stays the same when read and written again; numpy's numbers are as Python's."""

    def plain(value):
        if isinstance(value, np.ndarray | np.generic):
            return value.tolist()
        what = "give numbers, text, lists and dicts"
        raise MBHError(f"{value!r} cannot be kept in the store's notes: {what}")

    # Keys that are numbers become text before the sorting.
    content = json.loads(json.dumps(content, default=plain))
    return json.dumps(content, sort_keys=True, indent=1)


def seal_of(words: dict) -> str:
    """The checksum of a note's own words."""
    rest = {name: value for name, value in words.items() if name != "seal"}
    return _sha256(canonical_json(rest).encode())


def check(words: dict, content: bytes, kind: str, key: str) -> None:
    """Raise ValueError where a note and its data are not what was put by this kind and key."""
    if words["seal"] != seal_of(words):
        raise ValueError("its note has been changed")
    if _sha256(content) != words["sha256"]:
        raise ValueError("its checksum does not match")
    if words["kind"] != kind or key_of(kind, words["settings"], words["versions"]) != key:
        raise ValueError("it belongs to other settings")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry_of(note: Path) -> Entry:
    """What a note says. Raises one of :data:`DAMAGE` for a note that cannot be understood."""
    words = json.loads(note.read_bytes())
    return Entry(
        kind=note.parent.name,
        key=note.stem,
        settings=words["settings"].copy(),
        facts=words["facts"].copy(),
        versions=words["versions"].copy(),
        bytes=size_of(files_of(note)),
        time=note.stat().st_mtime,
        path=note,
    )


# -------------------------------------------------------------------------- an entry's files


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Everything in a store's folder: (what it is, path); see :meth:`Store.files`."""
    for path in members_of(folder):
        is_link = path.is_symlink()
        if MARKER.fullmatch(path.name) and path.is_file() and not is_link:
            yield "part", path
        elif is_link or not path.is_dir():
            yield "foreign", path
        else:
            for member in members_of(path):
                yield _what_is(member), member


def _what_is(path: Path) -> str:
    """What a file in a kind's folder is: one of :data:`NAMES`, or "foreign"."""
    if path.is_file() and not path.is_symlink():
        for what, name in NAMES.items():
            if name.fullmatch(path.name):
                return what
    return "foreign"


def files_of(note: Path, raw: bytes | None = None) -> list[Path]:
    """The note and the data file that it names, unless that is another entry's.

    raw: what the note says; it is read where this is None.
    """
    with contextlib.suppress(OSError):
        data = _data_name(note.read_bytes() if raw is None else raw) or ""
        if data.startswith(f"{note.stem}-") and NAMES["data"].fullmatch(data):
            return [note, note.with_name(data)]
    return [note]


def is_named_by_note(data: Path) -> bool:
    """Whether there is a note for these data, or one that cannot be understood."""
    raw = content_of(data.with_name(f"{data.name[:24]}.json"))
    return raw is not None and _data_name(raw) in (data.name, None)


def _data_name(raw: bytes) -> str | None:
    """The name of the data file in a note, if the note can be understood."""
    with contextlib.suppress(*DAMAGE):
        return str(json.loads(raw)["file"])
    return None


def suffix_of(name: str) -> str:
    """What a data file's name ends with; ValueError for a name that the store would not give."""
    if not NAMES["data"].fullmatch(name):
        raise ValueError(f"{name!r} is no name of data")
    return Path(name).suffix


# --------------------------------------------------------------------------- reading, writing


def write_entry(
    note: Path, kind: str, settings: dict, suffix: str, content: bytes, facts: dict
) -> None:
    """Put an entry, in place of the one that was there. Raises MBHError if it cannot be written."""
    # Named by chance, not by content: no other process can be about to remove or name this file.
    data = note.with_name(f"{note.stem}-{secrets.token_hex(6)}{suffix}")
    words = {
        "kind": kind,
        "settings": settings,
        "versions": VERSIONS,
        "python": platform.python_version(),
        "file": data.name,
        "sha256": _sha256(content),
        "facts": facts,
    }
    words["seal"] = seal_of(words)
    text = canonical_json(words).encode()
    write_whole(data, content)
    superseded = files_of(note)[1:]
    try:
        write_whole(note, text)
        # A gc whose clock is wrong may have taken the data while no note named them.
        if not data.exists() and is_named_by_note(data):
            write_whole(data, content)
    except MBHError:
        data.unlink(missing_ok=True)
        raise
    with contextlib.suppress(MBHError):  # what stays is found by gc
        remove(superseded)


def read_entry(note: Path, decode: Decoder[Value]) -> Reading[Value]:
    """What ``decode`` makes of an entry, or what is damaged; the entry stays where it is.

    Another process may replace the entry between the reading of its note and that of its data: only
    what fails under a note that still stands is damaged.
    """
    judged = None
    problem = None
    while (raw := content_of(note)) is not None:
        if raw == judged:
            return Reading(None, raw, problem)
        judged = raw
        try:
            words = json.loads(raw)
            content = content_of(note.with_name(words["file"]))
            if content is None:
                raise ValueError(f"its data {words['file']!r} are missing")
            check(words, content, note.parent.name, note.stem)
            return Reading(decode(content, words), raw, None)
        except MBHError:  # could not be read at all
            raise
        except (*DAMAGE, OSError) as error:  # OSError: parquet that is none
            problem = error
    return Reading()


def get_entry(note: Path, decode: Decoder[Value]) -> Value | None:
    """What ``decode`` makes of an entry; None without one, and for a damaged one, set aside now."""
    found = read_entry(note, decode)
    if aside := set_aside_if_damaged(note, found):
        print(
            f"store: {note} is damaged ({found.problem}); set aside as {aside}, "
            "will be computed again",
            file=sys.stderr,
        )
    return found.value


def damage_of(note: Path) -> Exception | None:
    """What is wrong with the entry that has this note, if anything; it stays where it is."""
    return read_entry(note, decode_any).problem


def decode_any(content: bytes, words: dict) -> object:
    """What an entry holds, whatever it is: read to see whether it is whole, not to work with it."""
    if words["file"].endswith(".parquet"):
        return decode_table(content, words)
    return safetensors.deserialize(content)


def decode_table(content: bytes, words: dict) -> pd.DataFrame:
    """The table of an entry. Raises MBHError for an entry that holds arrays."""
    if not words["file"].endswith(".parquet"):
        raise MBHError(f"this {words['kind']} is no table but arrays: read it by Store.arrays")
    return parquet.read_frame(content)


def decode_arrays(content: bytes, words: dict) -> dict[str, np.ndarray]:
    """The arrays of an entry, the reader's own. Raises MBHError for an entry that holds a table."""
    if words["file"].endswith(".parquet"):
        raise MBHError(f"this {words['kind']} is a table: read it by Store.table")
    return {name: array.copy() for name, array in safetensors.numpy.load(content).items()}


def set_aside_if_damaged(note: Path, found: Reading) -> str:
    """Set an entry aside whose reading found it damaged; its new name, or nothing."""
    if found.note is None or found.problem is None:
        return ""
    return set_aside(note, found.note, found.problem)


def set_aside(note: Path, judged: bytes, error: Exception) -> str:
    """Rename a damaged note, and its data: out of the way, but there to be looked at.

    judged: what the note said when it was found damaged. Returns the note's new name, or nothing if
    another process dealt with it.
    """
    with told(f"{note} is damaged ({error}) and", "set aside", f"make {note.parent} writable"):
        number, aside = _free_name(note)
        try:
            os.replace(note, aside)
        except FileNotFoundError:  # another process was faster
            aside.unlink()
            return ""
        if aside.read_bytes() != judged:  # replaced in this very moment: give the new one back
            os.replace(aside, note)
            return ""
        for data in files_of(note, judged)[1:]:
            with contextlib.suppress(FileNotFoundError):
                os.replace(data, data.with_name(f"{data.name}.damaged{number}"))
    return aside.name


def _free_name(note: Path) -> tuple[int, Path]:
    """A number and a name to set a note aside by; the name is taken at once, so that it is ours."""
    number = 1
    while True:
        aside = note.with_name(f"{note.name}.damaged{number}")
        with contextlib.suppress(FileExistsError):
            aside.touch(exist_ok=False)
            return number, aside
        number += 1
