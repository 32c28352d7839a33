"""The networks that chapters draw, as a file of the project: nobody has to train them to draw them.

A file ``data/results/<profile>/networks.zip`` holds of each network a note (``<key>.json``: its
settings, the versions that trained it, its facts) and its packed weights and masks (``<key>.xz``,
see ``networks/packed.py``). The zip's comment is the digest of all bytes before it.

The key stands for the settings and for our code's version of results. Versions of torch and numpy
are noted but do not count, as for the tables: what is drawn stays the network that was measured.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mbh_utils.computing import paths
from mbh_utils.computing.entries import VERSIONS, canonical_json, key_of
from mbh_utils.computing.files import write_whole
from mbh_utils.computing.store import Store
from mbh_utils.experiments.committed import content_of, damage
from mbh_utils.networks import Network
from mbh_utils.networks.packed import pack, unpack
from mbh_utils.networks.stored import KIND, get_network

#: The file's name in a profile's folder of results.
FILE = "networks.zip"
_DIGEST_LENGTH = 64


class Kept(NamedTuple):
    """A network of a file: how it is made again, and what was noted of it.

    Attributes
    ----------
    path : Path
        The file.
    note : dict
        Its settings, versions and facts.
    packed : bytes
        What :func:`pack` made of it.
    """

    path: Path
    note: dict
    packed: bytes

    @property
    def facts(self) -> dict:
        """As they stand in the store in which it was found."""
        return self.note["facts"]

    def network(self) -> Network:
        """The network itself, a new object each time."""
        return unpack(self.packed, **self.facts["shape"])


def networks_key(settings: dict) -> str:
    """What a file calls the network with these settings: 24 hex digits."""
    return key_of(KIND, settings, {"results": VERSIONS["results"]})


# ---------------------------------------------------------------------------------------- reading


def read_networks_file(path: Path) -> dict[str, Kept]:
    """The networks of a file by their keys; none if there is no file.

    Raises MBHError, which says how to get the file back, if it is damaged.
    """
    if (raw := content_of(path)) is None:
        return {}
    if _digest(raw[:-_DIGEST_LENGTH]) != raw[-_DIGEST_LENGTH:]:
        raise damage(path, "its content is not what was written")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = archive.namelist()
        keys = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        return {
            key: Kept(path, json.loads(archive.read(f"{key}.json")), archive.read(f"{key}.xz"))
            for key in keys
        }


def kept_networks() -> dict[str, Kept]:
    """The networks in the files of all profiles, by their keys. MBHError for a damaged file."""
    found: dict[str, Kept] = {}
    results = paths.results_folder("paper").parent
    for path in sorted(results.glob(f"*/{FILE}")):
        found |= read_networks_file(path)
    return found


def find_network(settings: dict, store: Store) -> Network | None:
    """The network with these settings: from the store, else from a file, else None."""
    if (found := get_network(store, settings)) is not None:
        return found
    kept = kept_networks().get(networks_key(settings))
    return kept.network() if kept else None


def find_facts(settings: dict, store: Store) -> dict | None:
    """What was noted of the network with these settings, in the store or else in a file."""
    if (found := store.facts(KIND, settings)) is not None:
        return found
    kept = kept_networks().get(networks_key(settings))
    return kept.facts if kept else None


# ---------------------------------------------------------------------------------------- writing


def write_networks_file(path: Path, networks: Iterable[tuple[dict, dict, Network]]) -> None:
    """Write networks, each given by its settings, its facts (with its shape) and itself.

    The same networks make the same bytes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for settings, facts, network in networks:
            key = networks_key(settings)
            note = {"settings": settings, "versions": VERSIONS, "facts": facts}
            _add(archive, f"{key}.json", canonical_json(note).encode(), zipfile.ZIP_DEFLATED)
            _add(archive, f"{key}.xz", pack(network), zipfile.ZIP_STORED)
        archive.comment = bytes(_DIGEST_LENGTH)
    content = buffer.getvalue()[:-_DIGEST_LENGTH]
    write_whole(path, content + _digest(content))


def _add(archive: zipfile.ZipFile, name: str, content: bytes, compression: int) -> None:
    """Add a member that is dated 1980, not now."""
    archive.writestr(zipfile.ZipInfo(name), content, compression)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
