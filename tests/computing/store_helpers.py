"""What several tests of the store use: contents, ways to harm an entry, looks at a folder."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from mbh_utils.computing.store import Store
from mbh_utils.networks import Network
from mbh_utils.networks.stored import put_network

SETTINGS = {
    "dataset": "digits8",
    "hidden": (4, 3),
    "recipe": {"iterations": 50, "learning_rate": 1.2e-3},
    "seed": 0,
}


TABLE = pd.DataFrame(
    {
        "class": [0, 1, 1],
        "s": [0.25, np.nan, 1 / 3],
        "kind": ["a", "b", None],
        "ok": [True, False, True],
    }
)


ARRAYS = {
    "values": np.arange(6, dtype=np.float32).reshape(2, 3),
    "turned": np.arange(6.0).reshape(2, 3).T,
    "every other": np.arange(10)[::2],
    "none": np.empty((0, 4), np.float16),
    "one": np.float64(np.pi),
    "bits": np.array([[True, False]]),
}


OUTSIDE = [
    "../../elsewhere",
    "..",
    ".",
    "",
    "a/b",
    "a\\b",
    "/tmp/elsewhere",
    ".hidden",
    "n\0",
    "a b",
    "x" * 300,
    None,
    7,
]


def network(seed: int = 0) -> Network:
    return Network(5, (4, 3), 2, seed=seed).set_masks([np.eye(4, 5), np.ones((3, 4))])


def same(a: Network, b: Network) -> bool:
    return all(
        torch.equal(p, q)
        for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, by its path in it."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def data_of(note: Path) -> Path:
    return note.with_name(json.loads(note.read_text())["file"])


def put(store: Store, kind: str) -> Path:
    """Put an entry of that kind; returns its note."""
    if kind == "network":
        put_network(store, SETTINGS, network())
    else:
        store.put_table("t", SETTINGS, TABLE)
    return store.note(kind, SETTINGS)


def cut(note: Path, data: Path):
    data.write_bytes(data.read_bytes()[:-7])


def flip(note: Path, data: Path):
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(bytes(content))


def age(path: Path, hours: float = 2):
    os.utime(path, times=(time.time() - 3600 * hours,) * 2)


def found(findings) -> dict[str, str]:
    return {finding.path.name: finding.what for finding in findings}


def dead_process() -> int:
    """The id of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
