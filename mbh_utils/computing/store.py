"""What was computed, on disk: keyed by everything that defines it, written atomically, checked when read.

An entry is a note (``<kind>/<key>.json``: in words what the entry is, the sha256 of its data and, as a seal, that of
the note's own words) and beside it the data (safetensors for networks and arrays, parquet for tables), in a file
that no other put ever names. The data come first, the note comes last, then the data it superseded go: an entry
without a note does not exist, so a killed process leaves nothing half-written, and processes that work on the same
entry at once need no lock and cannot mix their halves. Whatever fails its check is set aside, never deleted.
"""

import contextlib
import errno
import hashlib
import io
import itertools
import json
import os
import platform
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import safetensors.numpy
import safetensors.torch
import torch
from safetensors import SafetensorError

from mbh_utils.computing import paths
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network

#: Part of every key: a result is only reused by code and libraries that would compute the same again. Raise
#: ``results`` when a change of the package changes results, the reading of data sets included (they are parsed
#: anew by every process; what they hold is in the settings, as their checksum).
VERSIONS = {"results": 2, "torch": torch.__version__.split("+")[0], "numpy": np.__version__}


def key_of(kind: str, settings: dict, versions: dict | None = None) -> str:
    """24 hex digits that name the entry with these settings, made by these versions (default: the present ones).

    Raises MBHError for settings that are not numbers, text, arrays, or lists and dicts of them.
    """
    words = _words({"kind": kind, "settings": settings, "versions": versions or VERSIONS})
    return hashlib.sha256(words.encode()).hexdigest()[:24]


def _words(content: dict) -> str:
    """JSON that stays the same when it is read and written again, and whether a number is Python's or numpy's."""

    def plain(value):
        if isinstance(value, np.ndarray | np.generic):
            return value.tolist()
        raise MBHError(
            f"{value!r} cannot be kept in the store's notes: give numbers, text, lists and dicts"
        )

    content = json.loads(
        json.dumps(content, default=plain)
    )  # keys that are numbers become text before the sorting
    return json.dumps(content, sort_keys=True, indent=1)


def _seal(words: dict) -> str:
    return hashlib.sha256(
        _words({k: v for k, v in words.items() if k != "seal"}).encode()
    ).hexdigest()


@contextlib.contextmanager
def told(what: object, done: str, advice: str):
    """Raise an OSError of the block as an MBHError: what could not be done, and what to do about it."""
    try:
        yield
    except (NotADirectoryError, FileExistsError) as error:
        advice = (
            f"a file stands where a folder should be: move it, or name another folder ({advice})"
        )
        raise MBHError(
            f"{what} could not be {done} ({error.strerror or error}): {advice}"
        ) from error
    except OSError as error:
        raise MBHError(
            f"{what} could not be {done} ({error.strerror or error}): {advice}"
        ) from error


#: Tells machines apart in the names of files that are being written.
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def token() -> str:
    """What tells a file that is being written from all others: a random name, and whose it is."""
    return f"{secrets.token_hex(6)}_{os.getpid()}_{_HOST}"


def is_written(part: Path) -> bool:
    """Whether the process that writes this file is known to live: one of this machine, by the name of the file."""
    owner = re.search(rf"\.[0-9a-f]{{12}}_(\d+)_{_HOST}\.part$", part.name)
    if owner is None or os.name != "posix":
        return False
    try:
        os.kill(int(owner[1]), 0)
    except PermissionError:  # another user's
        return True
    except (OSError, OverflowError):
        return False
    return True


def _now(folder: Path) -> float:
    """Seconds since 1970 by the clock that dates the files of this folder, which need not be this machine's."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
            probe.flush()
            return os.fstat(probe.fileno()).st_mtime
    except OSError:  # nothing can be written or removed there, only told
        return time.time()


@contextlib.contextmanager
def atomic(path: Path):
    """A temporary path that becomes ``path`` when the block ends well; the old content stays otherwise.

    Raises MBHError, naming the folder, when it cannot be written (no permission, disk full).
    """
    temporary = path.with_name(f".{path.name}.{token()}.part")
    elsewhere = (
        f"make the folder {path.parent} writable (MBH_STORE and MBH_FIGURES name other ones)"
    )
    try:
        with told(path, "written", f"nothing was changed; free space or {elsewhere}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


#: The kind of the entries from which an interrupted training goes on; their settings are those of the network.
SNAPSHOT = "snapshot"


class Entry(NamedTuple):
    """What a note says, without its data having been looked at."""

    kind: str
    key: str
    settings: dict
    facts: dict
    versions: dict
    bytes: int  # of note and data
    time: float  # seconds since 1970 when it was put
    path: Path  # its note


class Finding(NamedTuple):
    """One thing in a store that was looked at."""

    what: str
    path: Path
    bytes: int
    detail: str = ""


class Parcel(NamedTuple):
    """An entry on its way to another machine's store."""

    kind: str
    key: str
    note: bytes
    data: bytes


class Store:
    """A folder of networks, arrays and tables. Several processes may use one at the same time."""

    def __init__(self, folder: str | os.PathLike | None = None):
        self.folder = (
            paths.named(folder, "the store's folder")
            if folder is not None
            else paths.store_folder()
        )

    def note(self, kind: str, settings: dict) -> Path:
        """The entry's note, which names its data file. Raises MBHError for a kind that is no plain name."""
        if not isinstance(kind, str) or not _KIND.fullmatch(kind):
            raise MBHError(
                f"{kind!r} cannot be a kind of entries: a kind names a folder of the store, so it is made of letters, "
                'digits, "_" and "-", such as "network"'
            )
        return self.folder / kind / f"{key_of(kind, settings)}.json"

    def has(self, kind: str, settings: dict) -> bool:
        """Whether the entry is there and whole. A damaged one is set aside."""
        return _get(self.note(kind, settings), lambda content, words: True) is not None

    def facts(self, kind: str, settings: dict) -> dict | None:
        """What was noted beside an entry when it was put (accuracy, seconds, ...), or None."""
        return _get(self.note(kind, settings), lambda content, words: words["facts"])

    def put_network(self, settings: dict, network: Network, **facts) -> None:
        """Keep a network."""
        state = {k: v.contiguous().cpu() for k, v in network.state_dict().items()}
        facts["shape"] = {
            "n_inputs": network.n_inputs,
            "hidden": network.hidden,
            "n_classes": network.n_classes,
        }
        self._put("network", settings, ".safetensors", safetensors.torch.save(state), facts)

    def network(self, settings: dict) -> Network | None:
        """The network with these settings, or None."""

        def read(content: bytes, words: dict) -> Network:
            network = Network(**words["facts"]["shape"])
            network.load_state_dict(safetensors.torch.load(content))
            return network

        return _get(self.note("network", settings), read)

    def put_arrays(self, kind: str, settings: dict, arrays: dict[str, np.ndarray], **facts) -> None:
        """Keep named arrays of numbers. Raises MBHError for other arrays (text, objects)."""
        plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        try:
            content = safetensors.numpy.save(plain)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            types = ", ".join(f"{name} {array.dtype}" for name, array in plain.items())
            raise MBHError(
                f"{kind}: arrays of these types cannot be kept ({types}): {error}"
            ) from error
        self._put(kind, settings, ".safetensors", content, facts)

    def arrays(self, kind: str, settings: dict) -> tuple[dict[str, np.ndarray], dict] | None:
        """The arrays with these settings (the reader's own copies) and their facts, or None."""

        def read(content: bytes, words: dict) -> tuple[dict[str, np.ndarray], dict]:
            return {k: v.copy() for k, v in safetensors.numpy.load(content).items()}, words["facts"]

        return _get(self.note(kind, settings), read)

    def put_table(self, kind: str, settings: dict, table: pd.DataFrame, **facts) -> None:
        """Keep a table."""
        self._put(kind, settings, ".parquet", table.to_parquet(index=False), facts)

    def table(self, kind: str, settings: dict) -> pd.DataFrame | None:
        """The table with these settings, or None."""
        return _get(self.note(kind, settings), _decode)

    def drop(self, kind: str, settings: dict) -> None:
        """Remove an entry that is no longer needed. It need not be there."""
        _remove(_files_of(self.note(kind, settings)))

    def entries(self) -> Iterator[Entry]:
        """All entries, as their notes tell; notes that cannot be understood are left out."""
        for what, note in self.files():
            with contextlib.suppress(
                OSError, *_DAMAGE
            ):  # another process may remove what is listed
                if what == "note":
                    yield _entry(note)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Everything in the folder: (what it is, path), folder by folder.

        What: "note", "data", "part" (a file being written), "set aside" (damaged) or "foreign" (not the store's own).
        """
        for folder in _listed(self.folder):
            if _SIGN.fullmatch(folder.name) and folder.is_file() and not folder.is_symlink():
                yield "part", folder
                continue
            if folder.is_symlink() or not folder.is_dir():
                yield "foreign", folder
                continue
            for path in _listed(folder):
                own = [what for what, name in _NAMES.items() if name.fullmatch(path.name)]
                yield (
                    own[0] if own and path.is_file() and not path.is_symlink() else "foreign",
                    path,
                )

    def pack(self, entries: Iterable[tuple[str, dict]]) -> list[Parcel]:
        """The entries (kind, settings) for another machine's store; what is not here is left out."""
        return [parcel for entry in entries if (parcel := _get(self.note(*entry), _parcel))]

    def pack_all(self) -> list[Parcel]:
        """Every entry of the present versions for another machine's store."""
        return [
            p for e in self.entries() if e.versions == VERSIONS and (p := _get(e.path, _parcel))
        ]

    def unpack(self, parcels: Iterable[Parcel]) -> None:
        """Keep the entries that another machine packed.

        Raises MBHError for what was damaged on the way, made by other versions than those here, or would be kept
        outside of this folder.
        """
        for parcel in parcels:
            try:
                words = json.loads(parcel.note)
                _check(words, parcel.data, parcel.kind, parcel.key)
                suffix = _suffix(words["file"])
            except _DAMAGE as error:
                raise MBHError(
                    f"a {parcel.kind} was damaged on its way here ({error}): send it again"
                ) from error
            if words["versions"] != VERSIONS:
                raise MBHError(
                    f"a {parcel.kind} was made by other versions ({words['versions']}) than those here ({VERSIONS}): "
                    "install the same ones on all machines"
                )
            self._put(words["kind"], words["settings"], suffix, parcel.data, words["facts"])

    def verify(self) -> Iterator[Finding]:
        """What becomes of every entry and file when all is read; damaged entries are set aside.

        What: "whole", "damaged" (now set aside) or "unreadable" for entries; "orphaned" (data without a note), "part"
        (being written, or left by a killed process), "set aside" (some time ago) or "foreign" for files.
        """
        for what, path in self.files():
            try:
                if what == "note":
                    size = _size(_files_of(path))
                    found, raw, problem = _read(path, _decode)
                    if problem and (aside := _set_aside(path, raw, problem)):
                        yield Finding("damaged", path, size, f"{problem}; set aside as {aside}")
                    elif found is not None:
                        yield Finding("whole", path, size)
                elif what != "data":
                    yield Finding(what, path, path.lstat().st_size)
                elif not _named_by_note(path):
                    yield Finding("orphaned", path, path.stat().st_size)
            except FileNotFoundError:  # another process removed it
                continue
            except MBHError as error:
                yield Finding("unreadable", path, 0, str(error))

    def gc(
        self,
        *,
        dry_run: bool = False,
        old_versions: bool = False,
        damaged: bool = False,
        grace: float = 3600,
    ) -> Iterator[Finding]:
        """Remove what nothing can use any more, and tell each: what it was, its note or file, its bytes.

        These are files that a killed process was writing and data without a note, both older than ``grace`` seconds
        by the clock of the file system; snapshots of training whose finished network is here; with ``old_versions``
        entries of other versions, with ``damaged`` what was set aside. ``dry_run`` only tells. What does not look like
        the store's own stays, and so does what a living process of this machine is writing, whatever clocks say.
        """
        if not grace >= 0:
            raise MBHError(f"grace is a number of seconds from 0 on, got {grace!r}")
        now = _now(self.folder)
        for what, path in self.files():
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                why, aged = "", now - path.lstat().st_mtime > grace
                if what == "note":
                    why = self._useless(path, old_versions)
                elif what == "part" and aged and not is_written(path):
                    why = "left by a killed process"
                elif what == "data" and aged and not _named_by_note(path):
                    why = "data without a note"
                elif what == "set aside" and damaged:
                    why = "set aside as damaged"
                if why:
                    remove = _files_of(path) if what == "note" else [path]
                    size = _size(remove)
                    if dry_run or (_remove_orphan(path) if what == "data" else _remove(remove)):
                        yield Finding(why, path, size)

    def remove_signs(self, grace: float = 3600) -> None:
        """Remove the signs of killed runs (:mod:`mbh_utils.computing.scheduling`); one that lives renews its own."""
        now = _now(self.folder)
        for path in _listed(self.folder):
            with contextlib.suppress(
                OSError
            ):  # another process was faster, or it is another user's
                if (
                    _SIGN.fullmatch(path.name)
                    and now - path.lstat().st_mtime > grace
                    and not is_written(path)
                ):
                    path.unlink()

    def _useless(self, note: Path, old_versions: bool) -> str:
        """Why an entry is of no use any more, or nothing."""
        try:
            kind, key, settings, _, versions, *_ = _entry(note)
            if key_of(kind, settings, versions) != key:
                return ""
            network = self.folder / "network" / f"{key_of('network', settings, versions)}.json"
        except _DAMAGE:
            return ""
        if kind == SNAPSHOT and _read(network, lambda content, words: True)[0]:
            return "snapshot of a network that is finished"
        return "other versions" if old_versions and versions != VERSIONS else ""

    def _put(self, kind: str, settings: dict, suffix: str, content: bytes, facts: dict) -> None:
        note = self.note(kind, settings)
        # Named by chance, not by content: no other process can be about to remove or to name this very file.
        data = note.with_name(f"{note.stem}-{secrets.token_hex(6)}{suffix}")
        words = {
            "kind": kind,
            "settings": settings,
            "versions": VERSIONS,
            "python": platform.python_version(),
            "file": data.name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "facts": facts,
        }
        words = _words({**words, "seal": _seal(words)}).encode()
        _write(data, content)
        superseded = _files_of(note)[1:]
        try:
            _write(note, words)
            if not data.exists() and _named_by_note(
                data
            ):  # a gc whose clock is wrong took them while no note named them
                _write(data, content)
        except MBHError:
            data.unlink(missing_ok=True)
            raise
        with contextlib.suppress(MBHError):  # what stays is found by gc
            _remove(superseded)


_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
#: A file that stands in the store while a run works on it (see :mod:`mbh_utils.computing.scheduling`).
_SIGN = re.compile(r"\.shared\.\w+\.part")
_NOTE, _DATA = r"[0-9a-f]{24}\.json", r"[0-9a-f]{24}-[0-9a-f]{12}\.(safetensors|parquet)"
_NAMES = {
    "note": re.compile(_NOTE),
    "data": re.compile(_DATA),
    "part": re.compile(rf"\.({_NOTE}|{_DATA})\.\w+\.part"),
    "set aside": re.compile(rf"({_NOTE}|{_DATA})\.damaged\d+"),
}

#: What an entry that is not what it should be raises when it is read.
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError)


def _get(note: Path, read: Callable):
    """``read(content, words)`` of the entry with this note, or None if there is none or it is damaged."""
    found, raw, problem = _read(note, read)
    if problem and (aside := _set_aside(note, raw, problem)):
        print(
            f"store: {note} is damaged ({problem}); set aside as {aside}, will be computed again",
            file=sys.stderr,
        )
    return found


def damage_of(note: Path) -> Exception | None:
    """What is wrong with the entry that has this note, if anything; it stays where it is."""
    return _read(note, _decode)[2]


def _read(note: Path, read: Callable) -> tuple:
    """(``read(content, words)``, the note, None), or (None, the note, what is damaged), or three None without a note.

    Another process may replace the entry between the reading of its note and that of its data: only what fails
    under a note that still stands is damaged.
    """
    judged = problem = None
    while (raw := _bytes(note)) is not None:
        if raw == judged:
            return None, raw, problem
        judged = raw
        try:
            words = json.loads(raw)
            content = _bytes(note.with_name(words["file"]))
            if content is None:
                raise ValueError(f"its data {words['file']} are missing")
            _check(words, content, note.parent.name, note.stem)
            return read(content, words), raw, None
        except MBHError:  # could not be read at all
            raise
        except (*_DAMAGE, OSError) as error:  # OSError: parquet that is none
            problem = error
    return None, None, None


def _decode(content: bytes, words: dict):
    table = words["file"].endswith(".parquet")
    return pd.read_parquet(io.BytesIO(content)) if table else safetensors.torch.load(content)


def _listed(folder: Path) -> list[Path]:
    with (
        told(folder, "listed", "name a folder that you may read"),
        contextlib.suppress(FileNotFoundError),
    ):
        return sorted(folder.iterdir())
    return []


def _bytes(path: Path) -> bytes | None:
    with told(path, "read", "make it readable for you"):
        try:
            return path.read_bytes()
        except OSError as error:
            if error.errno not in (
                errno.ENOENT,
                errno.ESTALE,
            ):  # removed, here or on another machine
                raise


def _check(words: dict, content: bytes, kind: str, key: str) -> None:
    if words["seal"] != _seal(words):
        raise ValueError("its note has been changed")
    if hashlib.sha256(content).hexdigest() != words["sha256"]:
        raise ValueError("its checksum does not match")
    if words["kind"] != kind or key_of(kind, words["settings"], words["versions"]) != key:
        raise ValueError("it belongs to other settings")


def _entry(note: Path) -> Entry:
    words = json.loads(note.read_bytes())
    settings, facts, versions = (
        words["settings"].copy(),
        words["facts"].copy(),
        words["versions"].copy(),
    )
    size, time = _size(_files_of(note)), note.stat().st_mtime
    return Entry(note.parent.name, note.stem, settings, facts, versions, size, time, note)


def _parcel(content: bytes, words: dict) -> Parcel:
    key = key_of(words["kind"], words["settings"], words["versions"])
    return Parcel(words["kind"], key, _words(words).encode(), content)


def _named_by_note(data: Path) -> bool:
    """Whether there is a note for these data, or one that cannot be understood."""
    raw = _bytes(data.with_name(f"{data.name[:24]}.json"))
    return raw is not None and _data_file(raw) in (data.name, None)


def _data_file(raw: bytes) -> str | None:
    """The name of the data file in a note, if it can be understood."""
    with contextlib.suppress(*_DAMAGE):
        return str(json.loads(raw)["file"])


def _files_of(note: Path, raw: bytes | None = None) -> list[Path]:
    """The note and the data file that it names, unless that is another entry's."""
    with contextlib.suppress(OSError):
        data = _data_file(note.read_bytes() if raw is None else raw) or ""
        if data.startswith(f"{note.stem}-") and _NAMES["data"].fullmatch(data):
            return [note, note.with_name(data)]
    return [note]


def _size(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.exists())


def _suffix(name: str) -> str:
    """What a data file's name ends with. Raises ValueError for a name that the store would not give."""
    if not _NAMES["data"].fullmatch(name):
        raise ValueError(f"{name!r} is no name of data")
    return Path(name).suffix


def _write(path: Path, content: bytes) -> None:
    """Write a file whole; once more if what was being written vanished, as by a gc whose clock is wrong."""
    for last in (False, True):
        try:
            with atomic(path) as temporary:
                temporary.write_bytes(content)
            return
        except MBHError as error:
            if last or not isinstance(error.__cause__, FileNotFoundError):
                raise


def _remove(paths: Iterable[Path]) -> bool:
    for path in paths:
        with told(path, "removed", f"make {path.parent} writable"):
            path.unlink(missing_ok=True)
    return True


def _remove_orphan(data: Path) -> bool:
    """Remove data without a note, unless a note comes to name them in this very moment; whether they are gone."""
    aside = data.with_name(f".{data.name}.{token()}.part")
    with told(data, "removed", f"make {data.parent} writable"):
        try:
            os.replace(
                data, aside
            )  # whoever puts them looks for them once the note is there, and finds them gone
        except FileNotFoundError:  # another process removed them first
            return False
        if _named_by_note(data):
            os.replace(aside, data)
            return False
        aside.unlink(missing_ok=True)
    return True


def _set_aside(note: Path, judged: bytes, error: Exception) -> str:
    """Rename a damaged note, and its data, so that they are out of the way but there to be looked at.

    Returns the note's new name, or nothing if another process dealt with it.
    """
    with told(f"{note} is damaged ({error}) and", "set aside", f"make {note.parent} writable"):
        for n in itertools.count(1):
            aside = note.with_name(f"{note.name}.damaged{n}")
            with contextlib.suppress(FileExistsError):
                aside.touch(exist_ok=False)  # ours, whoever else sets something aside
                break
        try:
            os.replace(note, aside)
        except FileNotFoundError:  # another process was faster
            aside.unlink()
            return ""
        if (
            aside.read_bytes() != judged
        ):  # it has been replaced in this very moment: give the new one back
            os.replace(aside, note)
            return ""
        for path in _files_of(note, judged)[1:]:
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, path.with_name(f"{path.name}.damaged{n}"))
    return aside.name
