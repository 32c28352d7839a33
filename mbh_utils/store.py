"""What was computed, on disk: keyed by everything that defines it, written atomically, checked when read.

An entry is a note (``<key>.json``: in words what the entry is, and the sha256 of its data) and beside it the data
(safetensors for networks, parquet for tables). The data come first and are named by their content, the note comes
last: an entry without it does not exist, so a killed process leaves nothing half-written, and processes that compute
the same entry at once cannot mix their halves. Whatever fails its check is set aside, never deleted.
"""

import contextlib
import hashlib
import io
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from mbh_utils import paths
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network

#: Part of every key: a result is only reused by code and libraries that would compute the same again. Raise
#: ``results`` when a change of the package changes results.
VERSIONS = {"results": 1, "torch": torch.__version__.split("+")[0], "numpy": np.__version__}


def key_of(kind: str, settings: dict) -> str:
    """24 hex digits that name the entry with these settings.

    Raises MBHError for settings that are not numbers, text, arrays, or lists and dicts of them.
    """
    words = _words({"kind": kind, "settings": settings, "versions": VERSIONS})
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


class Store:
    """A folder of networks and tables. Several processes may use one at the same time."""

    def __init__(self, folder: str | os.PathLike | None = None):
        self.folder = Path(folder) if folder is not None else paths.store_folder()

    def note(self, kind: str, settings: dict) -> Path:
        """The entry's note, which names its data file."""
        return self.folder / kind / f"{key_of(kind, settings)}.json"

    def has(self, kind: str, settings: dict) -> bool:
        """Whether the entry is there and whole. A damaged one is set aside."""
        return self._get(kind, settings, lambda content, facts: True) is not None

    def facts(self, kind: str, settings: dict) -> dict | None:
        """What was noted beside an entry when it was put (accuracy, seconds, ...), or None."""
        return self._get(kind, settings, lambda content, facts: facts)

    def put_network(self, settings: dict, network: Network, **facts) -> None:
        """Keep a network."""
        state = {k: v.contiguous().cpu() for k, v in network.state_dict().items()}
        shape = {"n_inputs": network.n_inputs, "hidden": network.hidden, "n_classes": network.n_classes}
        self._put("network", settings, ".safetensors", save(state), {**facts, "shape": shape})

    def network(self, settings: dict) -> Network | None:
        """The network with these settings, or None."""

        def read(content: bytes, facts: dict) -> Network:
            network = Network(**facts["shape"])
            network.load_state_dict(load(content))
            return network

        return self._get("network", settings, read)

    def put_table(self, kind: str, settings: dict, table: pd.DataFrame, **facts) -> None:
        """Keep a table."""
        self._put(kind, settings, ".parquet", table.to_parquet(index=False), facts)

    def table(self, kind: str, settings: dict) -> pd.DataFrame | None:
        """The table with these settings, or None."""
        return self._get(kind, settings, lambda content, facts: pd.read_parquet(io.BytesIO(content)))

    def _put(self, kind: str, settings: dict, suffix: str, content: bytes, facts: dict) -> None:
        note, digest = self.note(kind, settings), hashlib.sha256(content).hexdigest()
        data = note.with_name(f"{note.stem}-{digest[:12]}{suffix}")
        words = {
            "kind": kind,
            "settings": settings,
            "versions": VERSIONS,
            "python": platform.python_version(),
            "file": data.name,
            "sha256": digest,
            "facts": facts,
        }
        for path, whole in ((data, content), (note, _words(words).encode())):
            with atomic(path) as temporary:
                temporary.write_bytes(whole)

    def _get(self, kind: str, settings: dict, read: Callable):
        note, data = self.note(kind, settings), None
        try:
            words = json.loads(note.read_bytes())
            data = note.with_name(words["file"])
            content = data.read_bytes()
            if hashlib.sha256(content).hexdigest() != words["sha256"]:
                raise ValueError("its checksum does not match")
            if key_of(words["kind"], words["settings"]) != note.stem:
                raise ValueError("it belongs to other settings")
            return read(content, words["facts"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MBHError(f"{data or note} could not be read ({error.strerror}): make it readable for you") from error
        except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            _set_aside(note, data, error)
            return None


def _set_aside(note: Path, data: Path | None, error: Exception) -> None:
    n = 1
    while (aside := note.with_name(f"{note.name}.damaged{n}")).exists():
        n += 1
    try:
        for damaged, target in ((note, aside), (data, data and data.with_name(f"{data.name}.damaged{n}"))):
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                if damaged:
                    os.replace(damaged, target)
    except OSError as problem:
        raise MBHError(
            f"{note} is damaged ({error}) and could not be set aside ({problem.strerror}): make {note.parent} writable"
        ) from problem
    print(f"store: {note} is damaged ({error}); set aside as {aside.name}, will be computed again", file=sys.stderr)
