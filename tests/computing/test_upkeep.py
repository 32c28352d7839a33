"""Looking after a store: all is checked and told, and only what nothing can use is removed."""

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest
from store_helpers import (
    ARRAYS,
    SETTINGS,
    TABLE,
    age,
    cut,
    data_of,
    dead_process,
    files,
    flip,
    found,
    network,
    same,
)

from mbh_utils.computing import entries
from mbh_utils.computing.files import HOST, atomic
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.networks.stored import get_network, put_network


def test_verify_tells_what_becomes_of_everything(store, capsys):
    kinds = {
        "whole": {"seed": 0},
        "damaged": {"seed": 1},
        "lost": {"seed": 2},
        "orphaned": {"seed": 3},
    }
    notes = {}
    for what, words in kinds.items():
        put_network(store, words, network())
        notes[what] = store.note("network", words)
    cut(notes["damaged"], data_of(notes["damaged"]))
    data_of(notes["lost"]).unlink()
    orphaned = data_of(notes["orphaned"])
    notes["orphaned"].unlink()
    part = store.folder / "network" / f".{notes['whole'].name}.ab_c12.part"
    for path in (part, store.folder / "letter.txt", store.folder / "network" / "picture.png"):
        path.write_text("x")
    (store.folder / "network" / "more").mkdir()
    whole = {notes["whole"].name: "whole", orphaned.name: "orphaned", part.name: "part"}
    foreign = {"letter.txt": "foreign", "picture.png": "foreign", "more": "foreign"}
    assert found(store.verify()) == {
        **whole, **foreign, notes["damaged"].name: "damaged", notes["lost"].name: "damaged"
    }  # fmt: skip
    assert capsys.readouterr().err == "" and set(found(store.verify()).values()) == {
        "whole", "orphaned", "part", "foreign", "set aside"
    }  # fmt: skip


def test_verify_goes_on_after_what_cannot_be_read(store, monkeypatch):
    for seed in range(3):
        store.put_arrays("t", {"seed": seed}, {"x": np.arange(3)})
    denied = store.note("t", {"seed": 1})
    read = Path.read_bytes

    def refuse(path):
        if path == denied:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert sorted(found(store.verify()).values()) == ["unreadable", "unreadable", "whole", "whole"]
    assert len(list(store.entries())) == 2
    with pytest.raises(MBHError, match="could not be read"):  # removing by guess would be worse
        age(data_of(denied) if data_of(denied).exists() else denied)
        list(store.gc())


def test_gc_removes_what_nothing_can_use_and_only_that(store, capsys):
    finished = {"seed": 0}
    unfinished = {"seed": 1}
    broken = {"seed": 2}
    for words in (finished, unfinished, broken):
        store.put_arrays("checkpoint", words, {"x": np.arange(3)})
    put_network(store, finished, network())
    put_network(store, broken, network())
    flip(store.note("network", broken), data_of(store.note("network", broken)))
    folder = store.folder / "network"
    key = store.note("network", unfinished).stem
    old = [folder / f"{key}-0123456789ab.parquet", folder / f".{key}.json.abcd1234.part"]
    own = store.note("network", finished).stem
    old.append(folder / f"{own}-0123456789ab.safetensors")  # superseded
    fresh = [
        folder / f"{key}-ba9876543210.safetensors",
        folder / f".{key}-0123456789ab.parquet.abcd1234.part",
    ]
    strange = [
        folder / "notes.json",
        folder / f"{key}-x.safetensors",
        folder / ".hidden.part",
        store.folder / f"{key}.json",
    ]
    puzzling = [  # a note that nobody understands
        folder / ("a" * 24 + ".json"),
        folder / ("a" * 24 + "-0123456789ab.parquet"),
    ]
    deep = folder / "deeper" / f"{key}-0123456789ab.parquet"
    deep.parent.mkdir()
    for path in (*old, *fresh, *strange, *puzzling, deep):
        path.write_text("x")
        if path not in fresh:
            age(path)
    link = folder / f"{key}-aaaaaaaaaaaa.parquet"
    link.symlink_to(strange[0])
    os.utime(link, times=(0, 0), follow_symlinks=False)
    superseded = store.note("checkpoint", finished)
    gone = {*old, superseded, data_of(superseded)}
    before = files(store.folder)
    told = list(store.gc(dry_run=True))
    assert files(store.folder) == before
    assert {finding.path for finding in told} == gone - {data_of(superseded)}
    assert sum(finding.bytes for finding in told) == sum(path.stat().st_size for path in gone)
    assert list(store.gc()) == told
    assert list(store.gc()) == []
    assert capsys.readouterr().err == ""
    left = {name: content for name, content in before.items() if store.folder / name not in gone}
    assert files(store.folder) == left
    assert link.is_symlink()


def test_what_older_packages_kept_of_trainings_goes_once_it_is_old(store):
    store.put_arrays("snapshot", {"seed": 0}, ARRAYS)
    store.put_arrays("checkpoint", {"seed": 0}, ARRAYS)
    note = store.note("snapshot", {"seed": 0})
    assert list(store.gc()) == [], "an older package may be at work on it"
    age(note)
    (finding,) = store.gc()
    assert finding.path == note and finding.what.startswith("snapshot of an older package")
    assert not list(note.parent.iterdir())
    assert store.has("checkpoint", {"seed": 0})


def marker(folder: Path, process: int) -> Path:
    path = folder / f".shared.0123456789ab_{process}_{HOST}.part"
    path.touch()
    return path


def test_markers_of_killed_runs_are_removed(store):
    store.put_arrays("t", SETTINGS, ARRAYS)
    old = marker(store.folder, dead_process())
    young = marker(store.folder, 2**22 + 1)
    living = marker(store.folder, os.getpid())
    elsewhere = store.folder / ".shared.0123456789ab.part"  # as it was called before
    elsewhere.touch()
    for path in (old, elsewhere, living):
        age(path)
    assert found(store.verify())[old.name] == "part"
    assert found(store.gc(dry_run=True)) == {
        p.name: "left by a killed process" for p in (old, elsewhere)
    }
    assert {f.path for f in store.gc()} == {old, elsewhere} and young.exists() and living.exists()
    age(young)
    old.touch()
    store.remove_markers()
    assert not young.exists() and old.exists() and living.exists(), (
        "one is young, the other's process lives"
    )


def test_gc_removes_old_versions_and_damaged_files_only_if_told(store, monkeypatch):
    put_network(store, SETTINGS, network())
    store.put_arrays("checkpoint", {"seed": 1}, ARRAYS)
    store.put_table("t", {"seed": 1}, TABLE)
    flip(store.note("t", {"seed": 1}), data_of(store.note("t", {"seed": 1})))
    assert not store.has("t", {"seed": 1})
    before = files(store.folder)
    monkeypatch.setitem(entries.VERSIONS, "torch", "another")
    put_network(store, SETTINGS, network(1))
    assert list(store.gc()) == [] and {f.what for f in store.verify()} == {"whole", "set aside"}
    assert set(found(store.gc(damaged=True)).values()) == {"set aside as damaged"}
    assert set(found(store.gc(old_versions=True)).values()) == {"other versions"}
    assert same(get_network(store, SETTINGS), network(1)) and len(files(store.folder)) == 2
    assert not before.keys() & files(store.folder).keys()


@pytest.mark.parametrize("grace", [-1, float("nan")])
def test_grace_is_a_time(store, grace):
    with pytest.raises(MBHError, match="grace is a number of seconds"):
        list(store.gc(grace=grace))


# ------------------------------------------------------------------------------ at the wrong moment


def test_gc_with_a_clock_that_runs_ahead_loses_nothing_that_is_in_use(store, monkeypatch):
    """This machine's clock is years ahead of the file system's, while entries are being written."""
    real = os.replace
    told = []

    def gc_in_between(source, target):
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", real)
            told.extend(store.gc())
        real(source, target)

    ahead = time.time() + 1e8
    monkeypatch.setattr(time, "time", lambda: ahead)
    monkeypatch.setattr(os, "replace", gc_in_between)
    store.put_arrays("checkpoint", {"seed": 1}, ARRAYS)
    store.put_arrays("t", SETTINGS, ARRAYS)
    store.put_arrays("t", SETTINGS, ARRAYS)
    assert told == [] and not list(store.gc())
    assert (
        store.has("t", SETTINGS)
        and store.has("checkpoint", {"seed": 1})
        and len(files(store.folder)) == 4
    )


def test_gc_when_the_clock_jumps_ahead_in_the_middle_of_a_put_loses_nothing(
    store, monkeypatch, capsys
):
    """All files seem old at once.

    What is being written is known by its process; what a note comes to name is put again.
    """
    real = os.replace
    removed = []

    def jump_and_gc(source, target):
        for path in store.folder.rglob("*"):
            if path.is_file():
                age(path, 1e4)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", real)
            removed.extend(f.what for f in store.gc())
        real(source, target)

    monkeypatch.setattr(os, "replace", jump_and_gc)
    for seed in range(3):
        store.put_arrays("t", {"seed": 0}, {"x": np.arange(seed, seed + 3)})
        assert store.arrays("t", {"seed": 0})[0]["x"][0] == seed
    assert set(removed) == {"data without a note"}, "or the test would show nothing"
    monkeypatch.undo()
    assert [f.what for f in store.verify()] == ["whole"] and capsys.readouterr().err == ""


def test_data_that_a_note_comes_to_name_are_given_back(store, monkeypatch):
    """The note is written between gc's look at it and the removal."""
    store.put_arrays("t", SETTINGS, ARRAYS)
    note = store.note("t", SETTINGS)
    content = note.read_bytes()
    data = data_of(note)
    age(data)
    note.unlink()
    real = os.replace

    def put_in_between(source, target):
        if Path(source) == data:
            note.write_bytes(content)
        real(source, target)

    monkeypatch.setattr(os, "replace", put_in_between)
    assert list(store.gc()) == []
    assert store.has("t", SETTINGS) and len(files(store.folder)) == 2


def test_what_a_living_process_writes_stays_however_old_it_looks(store):
    store.put_arrays("t", SETTINGS, ARRAYS)
    note = store.note("t", SETTINGS)
    with atomic(note) as temporary:
        temporary.write_bytes(b"half of a note")
        age(temporary, 1e5)
        assert list(store.gc()) == [] and temporary.exists()
        temporary.write_bytes(note.read_bytes())
    process = dead_process()
    left = note.with_name(f".{note.name}.0123456789ab_{process}_{HOST}.part")
    left.touch()
    assert list(store.gc()) == [], "it is young"
    age(left)
    assert [f.path for f in store.gc()] == [left] and store.has("t", SETTINGS)


def test_data_that_another_process_removes_first_end_no_sweep(tmp_path, monkeypatch):
    folder = Store(tmp_path).folder / "network"
    folder.mkdir(parents=True)
    data = folder / f"{'0' * 24}-{'1' * 12}.safetensors"
    data.write_bytes(b"orphan")
    os.utime(data, (0, 0))

    def too_late(source, target):
        data.unlink(missing_ok=True)
        raise FileNotFoundError(2, "No such file or directory", str(source))

    monkeypatch.setattr("os.replace", too_late)
    assert list(Store(tmp_path).gc()) == []
