"""Entries: keys name everything, no failure harms what was there, and no damage goes unnoticed."""

import errno
import hashlib
import json
import os
import resource
import shutil
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from store_helpers import (
    SETTINGS,
    TABLE,
    cut,
    data_of,
    files,
    flip,
    network,
    put,
    same,
)

from mbh_utils.computing import entries
from mbh_utils.computing.entries import key_of
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.networks.stored import get_network, put_network

# --------------------------------------------------------------------------------------------- keys


def test_every_setting_changes_the_key():
    others = [
        {**SETTINGS, "dataset": "mnist"},
        {**SETTINGS, "hidden": (3, 4)},
        {**SETTINGS, "hidden": (4, 3, 1)},
        {**SETTINGS, "recipe": {**SETTINGS["recipe"], "iterations": 51}},
        {**SETTINGS, "recipe": {**SETTINGS["recipe"], "learning_rate": np.nextafter(1.2e-3, 1)}},
        {**SETTINGS, "seed": 1},
        {**SETTINGS, "seed": None},
        {**SETTINGS, "mask": "random"},
        {**SETTINGS, "kind": "measure"},
        {**SETTINGS, "versions": {}},
        {k: v for k, v in SETTINGS.items() if k != "seed"},
        {},
    ]
    keys = [key_of("network", s) for s in (SETTINGS, *others)] + [key_of("measure", SETTINGS)]
    assert len(set(keys)) == len(keys) and all(len(k) == 24 for k in keys)


@pytest.mark.parametrize("name", ["results", "torch", "numpy"])
def test_every_version_changes_the_key(monkeypatch, name):
    before = key_of("network", SETTINGS)
    monkeypatch.setitem(entries.VERSIONS, name, "another")
    assert key_of("network", SETTINGS) != before


def test_what_is_equal_has_the_same_key():
    as_numpy = {**SETTINGS, "hidden": np.array([4, 3]), "seed": np.int64(0)}
    as_list = dict(reversed({**SETTINGS, "hidden": [4, 3]}.items()))
    assert key_of("network", SETTINGS) == key_of("network", as_numpy) == key_of("network", as_list)


def test_long_arrays_are_told_apart_and_objects_without_a_value_refused():
    first = np.zeros(5_000)
    second = np.zeros(5_000)
    second[2_500] = 1  # numpy prints both alike
    assert key_of("t", {"x": first}) != key_of("t", {"x": second})
    with pytest.raises(MBHError, match="object at .* cannot be kept"):
        key_of("t", {"x": object()})


_REUSED = hypothesis.HealthCheck.function_scoped_fixture  # each example starts with what it needs


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


anything = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@hypothesis.given(st.dictionaries(st.text(max_size=3), anything, max_size=4))
@hypothesis.settings(max_examples=50, deadline=None)
def test_whatever_settings_and_facts_are_given_the_entry_is_found_again(words):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        store.put_arrays("t", words, {"x": np.arange(3)}, words=words)
        assert store.arrays("t", words) is not None
        (entry,) = store.entries()
        assert (
            store.note("t", entry.settings) == entry.path
            and entry.facts["words"].keys() == entry.settings.keys()
        )
        assert [finding.what for finding in store.verify()] == ["whole"]


def test_the_note_says_in_words_what_the_entry_is(store):
    store.put_table("measure", SETTINGS, TABLE, seconds=np.float64(2))
    words = json.loads(store.note("measure", SETTINGS).read_text())
    assert words["kind"] == "measure" and words["settings"] == {**SETTINGS, "hidden": [4, 3]}
    assert words["versions"] == entries.VERSIONS and words["python"].startswith("3.")
    assert len(words["sha256"]) == 64 and words["facts"] == {"seconds": 2.0}


# ------------------------------------------------------------------------------------------ writing


@pytest.mark.parametrize("put", ["network", "table"])
@pytest.mark.parametrize("room", [0, 300])
def test_when_the_disk_takes_no_more_the_old_entry_stays(store, put, room):
    def write(i):
        if put == "network":
            put_network(store, SETTINGS, network(i))
        else:
            store.put_table(
                "t", SETTINGS, pd.DataFrame({"s": np.random.default_rng(i).random(500)})
            )

    write(0)
    before = files(store.folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (room, limits[1])
    )  # files larger than this fail while being written
    try:
        with pytest.raises(MBHError, match="could not be written .*free space") as caught:
            write(1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert isinstance(caught.value.__cause__, OSError)
    assert files(store.folder) == before
    assert store.has("network" if put == "network" else "t", SETTINGS)


def test_a_disk_that_fills_up_between_data_and_note_changes_no_entry(store, monkeypatch):
    put_network(store, SETTINGS, network(0))
    real = os.replace

    def no_note(source, target):
        if str(target).endswith(".json"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", no_note)
    for settings in (SETTINGS, {**SETTINGS, "seed": 1}):
        with pytest.raises(MBHError, match="No space left"):
            put_network(store, settings, network(1))
    monkeypatch.undo()
    assert same(get_network(store, SETTINGS), network(0)) and not store.has(
        "network", {**SETTINGS, "seed": 1}
    )


def test_a_file_that_may_not_be_read_is_named_and_stays(store, monkeypatch):
    put_network(store, SETTINGS, network())
    before = files(store.folder)

    def denied(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", denied)
        with pytest.raises(MBHError, match="could not be read .*Permission denied"):
            get_network(store, SETTINGS)
    assert files(store.folder) == before


# ------------------------------------------------------------------------------------------- damage


def empty(note: Path, data: Path):
    data.write_bytes(b"")


def lost(note: Path, data: Path):
    data.unlink()


def broken_note(note: Path, data: Path):
    note.write_text(note.read_text()[:-30])


def binary_note(note: Path, data: Path):
    note.write_bytes(b"\xff\xfe\x00")


def note_of_another_kind(note: Path, data: Path):
    note.write_text("[1, 2]")


def note_without_checksum(note: Path, data: Path):
    words = json.loads(note.read_text())
    del words["sha256"]
    note.write_text(json.dumps(words))


def note_that_names_a_folder(note: Path, data: Path):
    note.write_text(json.dumps({**json.loads(note.read_text()), "file": "../../elsewhere"}))


def foreign_content(note: Path, data: Path):
    """Another program's file, checksum and all."""
    data.write_bytes(b"GIF89a, and what a picture consists of")
    words = {
        **json.loads(note.read_text()),
        "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
    }
    note.write_text(json.dumps({**words, "seal": entries.seal_of(words)}))


def foreign_entry(note: Path, data: Path):
    """A whole and valid entry of other settings, copied to this one's name."""
    elsewhere = Store(note.parent.parent.parent / "other")
    put_network(elsewhere, {"seed": 9}, network(9))
    elsewhere.put_table("t", {"seed": 9}, TABLE[:1])
    other = elsewhere.note(note.parent.name, {"seed": 9})
    shutil.copy(other, note)
    shutil.copy(other.with_name(json.loads(other.read_text())["file"]), note.parent)


DAMAGES = [
    cut, empty, flip, lost, broken_note, binary_note, note_of_another_kind, note_without_checksum,
    note_that_names_a_folder, foreign_content, foreign_entry,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["network", "t"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_damaged_entry_is_set_aside_with_one_line_and_computed_again(store, capsys, kind, damage):
    note = put(store, kind)
    damage(note, note.with_name(json.loads(note.read_text())["file"]))
    before = sorted(files(store.folder).values())
    capsys.readouterr()
    found = get_network(store, SETTINGS) if kind == "network" else store.table("t", SETTINGS)
    assert found is None
    said = capsys.readouterr().err
    assert (
        said.count("\n") == 1
        and str(note) in said
        and "set aside as" in said
        and "computed again" in said
    )
    assert sorted(files(store.folder).values()) == before, "nothing is deleted"
    assert note.with_name(f"{note.name}.damaged1").exists() and not note.exists()
    assert not store.has(kind, SETTINGS) and capsys.readouterr().err == "", "it is said once"
    put(store, kind)
    assert store.has(kind, SETTINGS)


@pytest.mark.parametrize("harm", ["cut", "flip"])
@pytest.mark.parametrize("which", ["note", "data"])
def test_no_byte_is_lost_or_changed_unnoticed(store, capsys, which, harm):
    store.put_arrays("t", SETTINGS, {"x": np.arange(3)}, accuracy=0.75)
    note = store.note("t", SETTINGS)
    path = note if which == "note" else data_of(note)
    before = files(store.folder)
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(
            whole[:i]
            if harm == "cut"
            else whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :]
        )
        assert store.arrays("t", SETTINGS) is None and capsys.readouterr().err.count("\n") == 1, i
        assert list(store.gc(damaged=True)) and not note.exists()
        for name, content in before.items():
            (store.folder / name).write_bytes(content)
    assert store.arrays("t", SETTINGS)[1] == {"accuracy": 0.75} and capsys.readouterr().err == ""


@hypothesis.given(
    st.one_of(st.binary(max_size=60), anything.map(lambda words: json.dumps(words).encode())),
    st.data(),
)
@hypothesis.settings(max_examples=150, deadline=None, suppress_health_check=[_REUSED])
def test_whatever_stands_in_a_note_is_set_aside_without_an_error(tmp_path, capsys, content, more):
    store = Store(tmp_path)
    store.put_arrays("t", SETTINGS, {"x": np.arange(3)})
    note = store.note("t", SETTINGS)
    words = json.loads(note.read_text())
    if more.draw(st.booleans()):  # an honest note but for one thing
        content = json.dumps(
            {**words, more.draw(st.sampled_from(sorted(words))): more.draw(anything)}
        ).encode()
    note.write_bytes(content)
    same_words = content[:1] == b"{" and content[-1:] == b"}" and json.loads(content) == words
    capsys.readouterr()
    list(store.entries()), list(store.gc(dry_run=True, old_versions=True))  # whatever they tell
    assert (store.arrays("t", SETTINGS) is not None) == same_words
    assert capsys.readouterr().err.count("\n") == (0 if same_words else 1)


def test_a_note_copied_over_another_harms_only_that(store, capsys):
    store.put_arrays("t", SETTINGS, {"x": np.arange(3)})
    store.put_arrays("t", {"seed": 9}, {"x": np.arange(9)})
    shutil.copy(store.note("t", {"seed": 9}), store.note("t", SETTINGS))
    assert store.arrays("t", SETTINGS) is None and "other settings" in capsys.readouterr().err
    assert store.arrays("t", {"seed": 9})[0]["x"].size == 9 and capsys.readouterr().err == ""


def test_data_of_two_entries_that_were_swapped_are_both_noticed(store, capsys):
    one = {"seed": 1}
    other = {"seed": 2}
    for words in (one, other):
        store.put_arrays("t", words, {"x": np.array([words["seed"]])})
    first, second = (data_of(store.note("t", words)) for words in (one, other))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert store.arrays("t", one) is None and store.arrays("t", other) is None
    assert capsys.readouterr().err.count("checksum does not match") == 2


@pytest.mark.parametrize(
    "damage", [cut, flip, broken_note, foreign_entry], ids=lambda d: d.__name__
)
def test_asking_whether_an_entry_is_there_notices_damage(store, capsys, damage):
    note = put(store, "network")
    damage(note, note.with_name(json.loads(note.read_text())["file"]))
    assert not store.has("network", SETTINGS)
    assert "set aside" in capsys.readouterr().err


def test_damaged_again_nothing_set_aside_before_is_lost(store):
    contents = []
    for i in range(3):
        put_network(store, SETTINGS, network(i))
        note = store.note("network", SETTINGS)
        data = note.with_name(json.loads(note.read_text())["file"])
        flip(note, data)
        contents.append(data.read_bytes())
        assert get_network(store, SETTINGS) is None
    assert set(contents) <= set(files(store.folder).values())
    assert len([name for name in files(store.folder) if ".json.damaged" in name]) == 3


def test_data_without_a_note_are_no_entry(store, capsys):
    put(store, "network").unlink()
    assert not store.has("network", SETTINGS) and get_network(store, SETTINGS) is None
    assert store.facts("network", SETTINGS) is None and capsys.readouterr().err == ""
    put(store, "network")
    assert same(get_network(store, SETTINGS), network())


def test_damage_in_a_store_that_cannot_be_written_is_told(store, monkeypatch):
    note = put(store, "network")
    flip(note, note.with_name(json.loads(note.read_text())["file"]))

    def read_only(*args):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "replace", read_only)
    with pytest.raises(
        MBHError, match="is damaged .*could not be set aside .*Read-only file system"
    ):
        get_network(store, SETTINGS)


# --------------------------------------------------------------------- replaced at the wrong moment


def test_a_reader_that_is_overtaken_reads_the_new_entry(store, capsys, monkeypatch):
    """The entry is replaced again and again after its note was read, and its old data are gone."""
    store.put_arrays("t", SETTINGS, {"x": np.array(0)})
    read = Path.read_bytes
    overtaken = []

    def late(path):
        if path.suffix == ".safetensors" and len(overtaken) < 3:
            overtaken.append(path)
            with monkeypatch.context() as patch:
                patch.setattr(Path, "read_bytes", read)
                Store(store.folder).put_arrays("t", SETTINGS, {"x": np.array(len(overtaken))})
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", late)
    assert store.arrays("t", SETTINGS)[0]["x"] == 3 and not any(path.exists() for path in overtaken)
    assert capsys.readouterr().err == "" and [f.what for f in store.verify()] == ["whole"]


def test_an_entry_dropped_while_it_is_read_is_none(store, capsys, monkeypatch):
    store.put_arrays("t", SETTINGS, {"x": np.array(0)})
    read = Path.read_bytes

    def late(path):
        if path.suffix == ".safetensors":
            store.drop("t", SETTINGS)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", late)
    assert (
        store.arrays("t", SETTINGS) is None
        and capsys.readouterr().err == ""
        and files(store.folder) == {}
    )


def test_an_entry_replaced_while_its_damage_is_set_aside_stays(store, capsys, monkeypatch):
    store.put_arrays("t", SETTINGS, {"x": np.array(0)})
    note = store.note("t", SETTINGS)
    data_of(note).write_bytes(b"damaged")
    replace = os.replace

    def late(source, target):
        if ".damaged" in str(target) and Path(source) == note:
            monkeypatch.setattr(os, "replace", replace)
            Store(store.folder).put_arrays("t", SETTINGS, {"x": np.array(1)})
        replace(source, target)

    monkeypatch.setattr(os, "replace", late)
    store.has("t", SETTINGS)
    assert store.arrays("t", SETTINGS)[0]["x"] == 1 and capsys.readouterr().err == ""
    assert [f.what for f in store.verify()] == ["whole"]
