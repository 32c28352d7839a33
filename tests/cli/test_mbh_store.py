"""``mbh store``."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from mbh_utils.cli import store as command
from mbh_utils.computing import entries, paths
from mbh_utils.computing.store import Store
from mbh_utils.networks import Network
from mbh_utils.networks.stored import put_network

SETTINGS = {
    "dataset": "fashion_mnist",
    "hidden": (300, 100),
    "parameters": 9472,
    "seed": 3,
    "recipe": {"iterations": 50_000, "learning_rate": 1e-3},
    "mask": "ticket",
    "data": "0" * 64,
}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A small store, named by MBH_STORE."""
    monkeypatch.setenv("MBH_STORE", str(tmp_path / "kept"))
    here = Store()
    for seed in (10, 9):
        put_network(here, {**SETTINGS, "seed": seed}, Network(3, (2,), 2), accuracy=0.875)
    here.put_arrays("checkpoint", {**SETTINGS, "seed": 9}, {"x": np.arange(3)}, iteration=500)
    measured = {**SETTINGS, "measure": "s", "planes": [1, 2]}
    here.put_table("measure", measured, pd.DataFrame({"s": [0.5]}))
    return here


def harm(here: Store) -> str:
    """Cut the data of one network; returns its key."""
    note = here.note("network", {**SETTINGS, "seed": 9})
    data = note.with_name(json.loads(note.read_text())["file"])
    data.write_bytes(data.read_bytes()[:-1])
    return note.stem


@pytest.mark.parametrize("words", [("ls",), ("verify",), ("gc",), ("gc", "--dry-run")])
def test_an_empty_store_is_told(mbh, tmp_path, words):
    folder = tmp_path / "none"
    status, out, err = mbh("store", *words, "--store", str(folder))
    assert status == 0 and err == ""
    assert str(folder) in out and out.count("\n") == 1
    assert ("nothing to remove" if words[0] == "gc" else "is empty") in out
    assert not folder.exists()


def test_store_ls(mbh, kept, monkeypatch):
    monkeypatch.setattr(command, "span", lambda seconds: "1 h")  # ages change while a test looks
    status, out, err = mbh("store", "ls")
    lines = out.splitlines()
    assert status == 0 and err == "" and len(lines) == 7
    kinds = [line.split()[0] for line in lines[:4]]
    assert kinds == ["checkpoint", "measure", "network", "network"]
    assert lines[1].endswith(
        "s, fashion_mnist, 300-100, 9,472 HNPs, ticket, seed 3, 50,000 iterations, 2 planes"
    )
    assert "seed 9," in lines[2] and "seed 10," in lines[3], "sorted as numbers"
    assert kept.note("network", {**SETTINGS, "seed": 9}).stem[:10] == lines[2].split()[1]
    assert lines[5].startswith("measure: 1 entry, ") and lines[6].startswith("network: 2 entries, ")
    sizes = {entry.kind: entry.bytes for entry in kept.entries()}
    assert lines[4] == f"checkpoint: 1 entry, {sizes['checkpoint']} B"
    assert all(len(line) <= 110 for line in (lines[0], *lines[2:]))
    _, out, _ = mbh("store", "ls", "--store", str(kept.folder), "--kind", "checkpoint")
    assert out.splitlines() == [lines[0], lines[4]]
    _, out, _ = mbh("store", "ls", "--kind", "networks")
    assert "entries of these kinds: checkpoint, measure, network" in out
    kept.note("network", {**SETTINGS, "seed": 9}).write_text("{")
    assert "1 more that cannot be understood: `mbh store verify`" in mbh("store", "ls")[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "110")
    assert max(map(len, mbh("store", "ls")[1].splitlines())) == 110, "as wide as the terminal"


def test_store_show(mbh, kept):
    settings = {**SETTINGS, "seed": 9}
    key = kept.note("network", settings).stem
    status, out, _ = mbh("store", "show", key[:12].upper())
    assert status == 0
    for line in (
        f"network {key}: fashion_mnist, 300-100, 9,472 HNPs",
        "  hidden: [300, 100]",
        "  accuracy: 0.875",
    ):
        assert line in out
    assert "versions: the present ones\n" in out
    assert f"note: {kept.note('network', settings)}" in out
    assert out.endswith("checksum: right\n")
    assert harm(kept) == key
    status, out, _ = mbh("store", "show", key)
    assert status == 1 and out.endswith("checksum: damaged, its checksum does not match\n")
    assert kept.note("network", settings).exists(), "to look at it sets nothing aside"
    status, _, err = mbh("store", "show", "xyz")
    assert status == 1 and "no entry of" in err and "starts with 'xyz': `mbh store ls`" in err
    status, _, err = mbh("store", "show", "")
    assert status == 1
    assert "4 entries have keys that start with ''; give more digits" in err
    assert key in err


def test_store_verify(mbh, kept):
    status, out, err = mbh("store", "verify")
    assert (status, err) == (0, "") and out.endswith(": 4 whole\n") and out.count("\n") == 1
    key = harm(kept)
    status, out, err = mbh("store", "verify")
    assert (status, err) == (1, "")
    assert out.startswith(f"damaged    network/{key}.json: its checksum does not match; ")
    assert out.endswith(": 3 whole, 1 damaged\n")
    assert (kept.folder / "network" / f"{key}.json.damaged1").exists()
    status, out, _ = mbh("store", "verify")
    assert status == 0 and out.endswith(": 3 whole, 2 set aside\n")
    (kept.folder / "network" / f"{key}-0123456789ab.parquet").write_text("x")
    assert "`mbh store gc` removes what is old" in mbh("store", "verify")[1]


def test_store_gc(mbh, kept, monkeypatch):
    note = kept.note("checkpoint", {**SETTINGS, "seed": 9})
    status, out, _ = mbh("store", "gc", "--dry-run")
    assert status == 0 and out.startswith("would remove ") and note.exists()
    assert f"checkpoint/{note.name} (checkpoint of a network that is finished)" in out
    assert out.endswith(" B (1)\n")
    assert mbh("store", "gc")[1] == out.replace("would remove", "removed")
    assert not note.exists()
    harm(kept)
    mbh("store", "verify")
    monkeypatch.setitem(entries.VERSIONS, "torch", "another")
    assert "nothing to remove" in mbh("store", "gc")[1]
    assert mbh("store", "gc", "--damaged")[1].count("set aside as damaged") == 2
    assert mbh("store", "gc", "--old-versions")[1].count("other versions") == 2
    assert mbh("store", "ls")[1] == f"the store {kept.folder} is empty\n"


@pytest.mark.parametrize("words", [("ls",), ("verify",), ("gc",), ("show", "abc")])
def test_a_store_without_a_name_is_refused(mbh, monkeypatch, words):
    status, out, err = mbh("store", *words, "--store", "")
    assert status == 1 and out == "" and "the store's folder cannot be ''" in err
    monkeypatch.setenv("MBH_STORE", "  ")
    status, _, err = mbh("store", *words)
    assert status == 1 and "MBH_STORE cannot be '  '" in err
    monkeypatch.setenv("MBH_STORE", "")
    assert paths.store_folder() == paths.PROJECT / "data" / "store", "empty: as if it were not set"


def test_store_below_a_file_is_a_message(mbh, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = mbh("store", "ls", "--store", str(tmp_path / "file"))
    assert status == 1 and "could not be listed" in err and "Traceback" not in err
