"""What was computed, on disk: keyed by everything that defines it, written atomically, checked when read.

An entry is a note (``<kind>/<key>.json``: in words what the entry is, and the sha256 of its data) and beside it the
data (safetensors for networks and arrays, parquet for tables), in a file that no other put ever names. The data come
first, the note comes last, then the data it superseded go: an entry without a note does not exist, so a killed
process leaves nothing half-written, and processes that work on the same entry at once need no lock and cannot mix
their halves. Whatever fails its check is set aside, never deleted.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import platform
import re
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import safetensors.numpy
import safetensors.torch
import torch
from safetensors import SafetensorError

from mbh_utils import paths
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
    """JSON that does not depend on whether a number is Python's or numpy's."""

    def plain(value):
        if isinstance(value, np.ndarray | np.generic):
            return value.tolist()
        raise MBHError(f"{value!r} cannot be kept in the store's notes: give numbers, text, lists and dicts")

    return json.dumps(content, sort_keys=True, indent=1, default=plain)


@contextlib.contextmanager
def atomic(path: Path):
    """A temporary path that becomes ``path`` when the block ends well; the old content stays otherwise.

    Raises MBHError, naming the folder, when it cannot be written (no permission, disk full).
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise MBHError(
            f"{path} could not be written ({error.strerror or error}): nothing was changed; free space or make the "
            f"folder {path.parent} writable (MBH_STORE and MBH_FIGURES name other ones)"
        ) from error
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


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


class Parcel(NamedTuple):
    """An entry on its way to another machine's store."""

    kind: str
    key: str
    note: bytes
    data: bytes


class Store:
    """A folder of networks, arrays and tables. Several processes may use one at the same time."""

    def __init__(self, folder: str | os.PathLike | None = None):
        self.folder = Path(folder).expanduser() if folder is not None else paths.store_folder()

    def note(self, kind: str, settings: dict) -> Path:
        """The entry's note, which names its data file."""
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
        shape = {"n_inputs": network.n_inputs, "hidden": network.hidden, "n_classes": network.n_classes}
        content = safetensors.torch.save(state)
        self._put("network", settings, ".safetensors", content, {**facts, "shape": shape})

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
            raise MBHError(f"{kind}: arrays of these types cannot be kept ({types}): {error}") from error
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
        return _get(self.note(kind, settings), lambda content, words: pd.read_parquet(io.BytesIO(content)))

    def drop(self, kind: str, settings: dict) -> None:
        """Remove an entry that is no longer needed. It need not be there."""
        note = self.note(kind, settings)
        for path in (note, *_data_of(note)):
            _remove(path)

    def entries(self) -> Iterator[Entry]:
        """All entries, as their notes tell; notes that cannot be understood are left out."""
        for sort, note in self.files():
            with contextlib.suppress(FileNotFoundError, *_DAMAGE):  # another process may remove what is listed
                if sort == "note":
                    yield _entry(note)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Everything in the folder: (what it is, path), folder by folder.

        What: "note", "data", "part" (a file being written), "damaged" (set aside) or "foreign" (not the store's own).
        """
        for folder in _listed(self.folder):
            if folder.is_symlink() or not folder.is_dir():
                yield "foreign", folder
                continue
            for path in _listed(folder):
                plain = path.is_file() and not path.is_symlink()
                yield next((w for w, name in _NAMES.items() if plain and name.fullmatch(path.name)), "foreign"), path

    def pack(self, entries: Iterable[tuple[str, dict]]) -> list[Parcel]:
        """The entries (kind, settings) for another machine's store; what is not here is left out."""
        return _packed(self.note(*entry) for entry in entries)

    def pack_all(self) -> list[Parcel]:
        """Every entry for another machine's store."""
        return _packed(entry.path for entry in self.entries())

    def unpack(self, parcels: Iterable[Parcel]) -> None:
        """Keep the entries that another machine packed.

        Raises MBHError for what was damaged on the way, or made by other versions than those here.
        """
        for parcel in parcels:
            try:
                words = json.loads(parcel.note)
                _check(words, parcel.data, parcel.kind, parcel.key)
            except _DAMAGE as error:
                raise MBHError(f"a {parcel.kind} was damaged on its way here ({error}): send it again") from error
            if words["versions"] != VERSIONS:
                raise MBHError(
                    f"a {parcel.kind} was made by other versions ({words['versions']}) than those here ({VERSIONS}): "
                    "install the same ones on all machines"
                )
            self._put(words["kind"], words["settings"], Path(words["file"]).suffix, parcel.data, words["facts"])

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
        words = _words(words).encode()
        with atomic(data) as temporary:
            temporary.write_bytes(content)
        superseded = _data_of(note)
        try:
            with atomic(note) as temporary:
                temporary.write_bytes(words)
        except MBHError:
            data.unlink(missing_ok=True)
            raise
        for old in superseded:
            with contextlib.suppress(OSError):  # what stays is found by gc
                old.unlink()


_NOTE, _DATA = r"[0-9a-f]{24}\.json", r"[0-9a-f]{24}-[0-9a-f]{12}\.(safetensors|parquet)"
_NAMES = {
    "note": re.compile(_NOTE),
    "data": re.compile(_DATA),
    "part": re.compile(rf"\.({_NOTE}|{_DATA})\.\w+\.part"),
    "damaged": re.compile(rf"({_NOTE}|{_DATA})\.damaged\d+"),
}

#: What an entry that is not what it should be raises when it is read.
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError)


def _get(note: Path, read: Callable):
    """``read(content, words)`` of the entry with this note, or None if there is none or it is damaged.

    Another process may replace the entry between the reading of its note and that of its data: only what fails
    twice under the same note is damaged, and set aside.
    """
    judged = problem = None
    while (raw := _bytes(note)) is not None:
        if raw == judged:
            _set_aside(note, raw, problem)
            return None
        judged = raw
        try:
            words, content = _whole(note, raw)
            return read(content, words)
        except MBHError:  # could not be read at all
            raise
        except (*_DAMAGE, OSError) as error:  # OSError: parquet that is none
            problem = error
    return None


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise MBHError(f"{folder} could not be listed ({error.strerror}): name a folder that you may read") from error


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.errno == errno.ESTALE:  # removed, here or on another machine
            return None
        raise MBHError(f"{path} could not be read ({error.strerror}): make it readable for you") from error


def _whole(note: Path, raw: bytes) -> tuple[dict, bytes]:
    """What the note says and its data. Raises one of _DAMAGE if they are not what they should be."""
    words = json.loads(raw)
    content = _bytes(note.with_name(words["file"]))
    if content is None:
        raise ValueError(f"its data {words['file']} are missing")
    _check(words, content, note.parent.name, note.stem)
    return words, content


def _check(words: dict, content: bytes, kind: str, key: str) -> None:
    if hashlib.sha256(content).hexdigest() != words["sha256"]:
        raise ValueError("its checksum does not match")
    if words["kind"] != kind or key_of(kind, words["settings"], words["versions"]) != key:
        raise ValueError("it belongs to other settings")


def _entry(note: Path) -> Entry:
    words, told = json.loads(note.read_bytes()), note.stat()
    size = told.st_size + sum(path.stat().st_size for path in _data_of(note) if path.exists())
    settings, facts, versions = words["settings"].copy(), words["facts"].copy(), words["versions"].copy()
    return Entry(note.parent.name, note.stem, settings, facts, versions, size, told.st_mtime, note)


def _data_of(note: Path, raw: bytes | None = None) -> list[Path]:
    """The data file that the note names, if it can be understood and the file is not another entry's."""
    with contextlib.suppress(OSError, *_DAMAGE):
        data = note.with_name(json.loads(raw or note.read_bytes())["file"])
        if data.name.startswith(f"{note.stem}-"):
            return [data]
    return []


def _packed(notes: Iterable[Path]) -> list[Parcel]:
    def pack(content: bytes, words: dict) -> Parcel:
        key = key_of(words["kind"], words["settings"], words["versions"])
        return Parcel(words["kind"], key, _words(words).encode(), content)

    return [parcel for note in notes if (parcel := _get(note, pack))]


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise MBHError(f"{path} could not be removed ({error.strerror}): make {path.parent} writable") from error


def _set_aside(note: Path, judged: bytes, error: Exception) -> None:
    """Rename a damaged note, and its data, so that they are out of the way but there to be looked at."""
    n = 1
    try:
        while True:
            aside = note.with_name(f"{note.name}.damaged{n}")
            try:
                aside.touch(exist_ok=False)  # ours, whoever else sets something aside
                break
            except FileExistsError:
                n += 1
        try:
            os.replace(note, aside)
        except FileNotFoundError:  # another process was faster
            aside.unlink()
            return
        if aside.read_bytes() != judged:  # it has been replaced in this very moment: give the new one back
            os.replace(aside, note)
            return
        for path in _data_of(note, judged):
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, path.with_name(f"{path.name}.damaged{n}"))
    except OSError as problem:
        raise MBHError(
            f"{note} is damaged ({error}) and could not be set aside ({problem.strerror}): make {note.parent} writable"
        ) from problem
    print(f"store: {note} is damaged ({error}); set aside as {aside.name}, will be computed again", file=sys.stderr)
