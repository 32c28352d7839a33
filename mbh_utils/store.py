"""What was computed, on disk: keyed by everything that defines it, written atomically, checked when read.

An entry is a file (safetensors for networks, parquet for tables) and a ``.json`` beside it that says in words
what the entry is, with the file's sha256. The ``.json`` is written last: an entry without it does not exist, so
a killed process leaves nothing half-written. Whatever fails its check is set aside, never deleted.
"""

import contextlib
import hashlib
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
from safetensors.torch import load_file, save_file

from mbh_utils import paths
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network

#: Part of every key: a result is only reused by code and libraries that would compute the same again. Raise
#: ``results`` when a change of the package changes results.
VERSIONS = {"results": 1, "torch": torch.__version__.split("+")[0], "numpy": np.__version__}


def key_of(kind: str, settings: dict) -> str:
    """24 hex digits that name the entry with these settings."""
    words = json.dumps({"kind": kind, **settings, "versions": VERSIONS}, sort_keys=True, default=str)
    return hashlib.sha256(words.encode()).hexdigest()[:24]


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
            f"folder {path.parent} writable (MBH_STORE names another folder for results)"
        ) from error
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


class Store:
    """A folder of networks and tables. Several processes may use one at the same time."""

    def __init__(self, folder: str | os.PathLike | None = None):
        self.folder = Path(folder) if folder is not None else paths.store_folder()

    def path(self, kind: str, settings: dict) -> Path:
        """The entry's data file."""
        suffix = ".safetensors" if kind == "network" else ".parquet"
        return self.folder / kind / f"{key_of(kind, settings)}{suffix}"

    def has(self, kind: str, settings: dict) -> bool:
        """Whether the entry exists; its content is checked when it is read."""
        path = self.path(kind, settings)
        return path.exists() and path.with_suffix(".json").exists()

    def facts(self, kind: str, settings: dict) -> dict:
        """What was noted beside an entry when it was put (accuracy, seconds, ...)."""
        return json.loads(self.path(kind, settings).with_suffix(".json").read_text())["facts"]

    def put_network(self, settings: dict, network: Network, **facts) -> None:
        """Keep a network."""
        state = {k: v.contiguous().cpu() for k, v in network.state_dict().items()}
        shape = {"n_inputs": network.n_inputs, "hidden": list(network.hidden), "n_classes": network.n_classes}
        self._put("network", settings, lambda path: save_file(state, path), {**facts, "shape": shape})

    def network(self, settings: dict) -> Network | None:
        """The network with these settings, or None."""

        def read(path: Path, facts: dict) -> Network:
            network = Network(**facts["shape"])
            network.load_state_dict(load_file(path))
            return network

        return self._get("network", settings, read)

    def put_table(self, kind: str, settings: dict, table: pd.DataFrame, **facts) -> None:
        """Keep a table."""
        self._put(kind, settings, lambda path: table.to_parquet(path, index=False), facts)

    def table(self, kind: str, settings: dict) -> pd.DataFrame | None:
        """The table with these settings, or None."""
        return self._get(kind, settings, lambda path, _: pd.read_parquet(path))

    def _put(self, kind: str, settings: dict, write: Callable, facts: dict) -> None:
        path = self.path(kind, settings)
        with atomic(path) as temporary:
            write(temporary)
            digest = _sha256(temporary)
        words = {
            "kind": kind,
            "settings": settings,
            "versions": VERSIONS,
            "python": platform.python_version(),
            "sha256": digest,
            "facts": facts,
        }
        with atomic(path.with_suffix(".json")) as temporary:
            temporary.write_text(json.dumps(words, indent=1, default=str))

    def _get(self, kind: str, settings: dict, read: Callable):
        if not self.has(kind, settings):
            return None
        path = self.path(kind, settings)
        try:
            words = json.loads(path.with_suffix(".json").read_text())
            if _sha256(path) != words["sha256"]:
                raise ValueError("its checksum does not match")
            return read(path, words["facts"])
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            self._set_aside(path, error)
            return None

    def _set_aside(self, path: Path, error: Exception) -> None:
        n = 1
        while (aside := path.with_name(f"{path.name}.damaged{n}")).exists():
            n += 1
        for damaged, target in ((path, aside), (path.with_suffix(".json"), Path(f"{aside}.json"))):
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                os.replace(damaged, target)
        print(
            f"store: {path.name} is damaged ({error}); set aside as {aside.name}, will be computed again",
            file=sys.stderr,
        )


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
