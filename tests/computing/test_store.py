"""The store: what goes in comes out, keys name everything, and no failure harms what was there before."""

import errno
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import hypothesis
import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch
from hypothesis import strategies as st

from mbh_utils.computing import store as store_module
from mbh_utils.computing.store import Store, atomic, key_of
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network

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


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


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


# ------------------------------------------------------------------------------------------- round trips


def test_a_network_comes_back_as_it_was(store):
    assert store.network(SETTINGS) is None and not store.has("network", SETTINGS)
    given = network()
    store.put_network(SETTINGS, given, accuracy=0.75, seconds=1.5)
    found = Store(store.folder).network(SETTINGS)
    assert (
        same(found, given) and found.hidden == (4, 3) and found.n_parameters == given.n_parameters
    )
    assert store.has("network", SETTINGS)
    facts = store.facts("network", SETTINGS)
    assert (facts["accuracy"], facts["seconds"]) == (0.75, 1.5)


def test_a_table_comes_back_as_it_was(store):
    assert store.table("measure", SETTINGS) is None and store.facts("measure", SETTINGS) is None
    store.put_table("measure", SETTINGS, TABLE, seconds=2)
    pd.testing.assert_frame_equal(store.table("measure", SETTINGS), TABLE)
    assert store.facts("measure", SETTINGS) == {"seconds": 2}
    assert store.network(SETTINGS) is None, "a network with the same settings is something else"


ARRAYS = {
    "values": np.arange(6, dtype=np.float32).reshape(2, 3),
    "turned": np.arange(6.0).reshape(2, 3).T,
    "every other": np.arange(10)[::2],
    "none": np.empty((0, 4), np.float16),
    "one": np.float64(np.pi),
    "bits": np.array([[True, False]]),
}


def test_arrays_come_back_as_they_were(store):
    assert store.arrays("snapshot", SETTINGS) is None
    store.put_arrays("snapshot", SETTINGS, ARRAYS, iteration=7, accuracy={"3": 0.5})
    found, facts = store.arrays("snapshot", SETTINGS)
    assert facts == {"iteration": 7, "accuracy": {"3": 0.5}} == store.facts("snapshot", SETTINGS)
    assert found.keys() == ARRAYS.keys()
    for name, given in ARRAYS.items():
        assert found[name].dtype == np.asarray(given).dtype and found[name].shape == np.shape(
            given
        ), name
        np.testing.assert_array_equal(found[name], given)
    found["values"] += 1  # the reader's own
    with pytest.raises(
        MBHError, match=r"snapshot: arrays of these types cannot be kept \(a <U1, b float64\)"
    ):
        store.put_arrays("snapshot", SETTINGS, {"a": np.array(["x"]), "b": np.zeros(2)})


def test_what_is_dropped_is_gone_and_nothing_else(store):
    store.drop("snapshot", SETTINGS)
    store.put_network(SETTINGS, network())
    before = files(store.folder)
    store.put_arrays("snapshot", SETTINGS, ARRAYS)
    store.drop("snapshot", SETTINGS)
    store.drop("snapshot", SETTINGS)
    assert not store.has("snapshot", SETTINGS) and files(store.folder) == before


def test_entries_are_listed_with_what_their_notes_tell(store):
    assert list(store.entries()) == [] == list(store.files())
    store.put_network(SETTINGS, network(), accuracy=0.75)
    store.put_table("measure", SETTINGS, TABLE)
    table, weights = store.entries()
    assert (weights.kind, weights.path) == ("network", store.note("network", SETTINGS))
    assert weights.key == weights.path.stem == key_of("network", SETTINGS)
    assert weights.settings == {**SETTINGS, "hidden": [4, 3]} and weights.facts["accuracy"] == 0.75
    assert weights.versions == store_module.VERSIONS and table.kind == "measure"
    assert table.bytes + weights.bytes == sum(map(len, files(store.folder).values()))
    weights.path.write_text("nonsense")
    assert [entry.kind for entry in store.entries()] == ["measure"]


def test_parcels_carry_entries_to_another_store(store, tmp_path):
    import pickle

    store.put_network(SETTINGS, network(), accuracy=0.75)
    store.put_table("t", SETTINGS, TABLE, seconds=2)
    store.put_arrays("snapshot", SETTINGS, ARRAYS)
    parcels = pickle.loads(
        pickle.dumps(store.pack([("t", SETTINGS), ("t", {"seed": 9}), ("network", SETTINGS)]))
    )
    assert [(p.kind, p.key) for p in parcels] == [
        (k, key_of(k, SETTINGS)) for k in ("t", "network")
    ]
    other = Store(tmp_path / "other")
    for _ in range(2):
        other.unpack(parcels)
    assert (
        same(other.network(SETTINGS), network())
        and other.facts("network", SETTINGS)["accuracy"] == 0.75
    )
    pd.testing.assert_frame_equal(other.table("t", SETTINGS), TABLE)
    assert not other.has("snapshot", SETTINGS) and len(files(other.folder)) == 4
    other.unpack(store.pack_all())
    assert {p[:2] for p in other.pack_all()} == {p[:2] for p in store.pack_all()} and other.has(
        "snapshot", SETTINGS
    )


def test_a_parcel_that_was_damaged_or_made_elsewhere_is_refused(store, tmp_path, monkeypatch):
    store.put_table("t", SETTINGS, TABLE)
    (parcel,), other = store.pack_all(), Store(tmp_path / "other")
    swapped = json.dumps({**json.loads(parcel.note), "settings": {"seed": 9}}).encode()
    for damaged in (
        parcel._replace(data=parcel.data[:-1]),
        parcel._replace(note=parcel.note[:-9]),
        parcel._replace(note=swapped),
        parcel._replace(kind="network"),
    ):
        with pytest.raises(MBHError, match="damaged on its way"):
            other.unpack([damaged])
    monkeypatch.setitem(store_module.VERSIONS, "numpy", "another")
    with pytest.raises(MBHError, match="made by other versions .*install the same ones"):
        other.unpack([parcel])
    assert not other.folder.exists()


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


@pytest.mark.parametrize("kind", OUTSIDE)
def test_a_kind_that_would_leave_the_folder_is_refused(tmp_path, kind):
    store = Store(tmp_path / "deep" / "down" / "store")
    for use in (
        lambda: store.put_arrays(kind, SETTINGS, ARRAYS),
        lambda: store.put_table(kind, SETTINGS, TABLE),
        lambda: store.arrays(kind, SETTINGS),
        lambda: store.has(kind, SETTINGS),
        lambda: store.drop(kind, SETTINGS),
        lambda: store.pack([(kind, SETTINGS)]),
    ):
        with pytest.raises(
            MBHError, match="cannot be a kind of entries: a kind names a folder of the store"
        ):
            use()
    assert files(tmp_path) == {}


@pytest.mark.parametrize("kind", OUTSIDE)
def test_a_parcel_that_would_leave_the_folder_is_refused(tmp_path, kind):
    """Made as a machine would that wants to do harm: sealed, and right in all else."""
    store = Store(tmp_path / "deep" / "down" / "store")
    content = safetensors.numpy.save({"x": np.ones(1)})
    words = {"kind": kind, "settings": SETTINGS, "versions": store_module.VERSIONS, "facts": {}}
    words |= {
        "file": "0" * 24 + "-0123456789ab.safetensors",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    words["seal"] = store_module._seal(words)
    parcel = store_module.Parcel(kind, key_of(kind, SETTINGS), json.dumps(words).encode(), content)
    with pytest.raises(MBHError, match="cannot be a kind of entries"):
        store.unpack([parcel])
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "name", ["x.exe", "../up.safetensors", "0" * 24 + "-0123456789ab.so", 7, None]
)
def test_a_parcel_with_another_name_of_data_is_refused(tmp_path, store, name):
    store.put_arrays("t", SETTINGS, ARRAYS)
    (parcel,), other = store.pack_all(), Store(tmp_path / "other")
    words = {**json.loads(parcel.note), "file": name}
    words["seal"] = store_module._seal(words)
    with pytest.raises(MBHError, match="damaged on its way"):
        other.unpack([parcel._replace(note=json.dumps(words).encode())])
    assert not other.folder.exists()


@pytest.mark.parametrize("folder", ["", " ", "a\0b", b"bytes", 7, "~nobody_of_this_name/store"])
def test_a_name_that_means_no_folder_is_refused(folder):
    with pytest.raises(MBHError, match="the store's folder cannot be"):
        Store(folder)


def test_putting_again_replaces(store):
    store.put_network(SETTINGS, network(0))
    store.put_network(SETTINGS, network(1), accuracy=0.5)
    assert (
        same(store.network(SETTINGS), network(1))
        and store.facts("network", SETTINGS)["accuracy"] == 0.5
    )
    store.put_table("t", SETTINGS, TABLE)
    store.put_table("t", SETTINGS, TABLE[:1])
    assert len(store.table("t", SETTINGS)) == 1
    assert len(files(store.folder)) == 4, "nothing stays of what was replaced"


def test_the_note_says_in_words_what_the_entry_is(store):
    store.put_table("measure", SETTINGS, TABLE, seconds=np.float64(2))
    words = json.loads(store.note("measure", SETTINGS).read_text())
    assert words["kind"] == "measure" and words["settings"] == {**SETTINGS, "hidden": [4, 3]}
    assert words["versions"] == store_module.VERSIONS and words["python"].startswith("3.")
    assert len(words["sha256"]) == 64 and words["facts"] == {"seconds": 2.0}


def test_the_folder_is_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_STORE", str(tmp_path / "elsewhere"))
    Store().put_table("t", {}, TABLE)
    assert files(tmp_path / "elsewhere")


# ------------------------------------------------------------------------------------------------- keys


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
    monkeypatch.setitem(store_module.VERSIONS, name, "another")
    assert key_of("network", SETTINGS) != before


def test_what_is_equal_has_the_same_key():
    as_numpy = {**SETTINGS, "hidden": np.array([4, 3]), "seed": np.int64(0)}
    as_list = dict(reversed({**SETTINGS, "hidden": [4, 3]}.items()))
    assert key_of("network", SETTINGS) == key_of("network", as_numpy) == key_of("network", as_list)


def test_long_arrays_are_told_apart_and_objects_without_a_value_refused():
    first, second = np.zeros(5_000), np.zeros(5_000)
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


# --------------------------------------------------------------------------------------- atomic writing


def fail(path: Path, error: BaseException):
    with atomic(path) as temporary:
        temporary.write_text("half of the n")
        raise error


def test_atomic_writes_whole_files_readable_by_others(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    with atomic(path) as temporary:
        temporary.write_text("content")
        assert not path.exists()
    assert (
        files(tmp_path) == {"new/folder/file.txt": b"content"}
        and path.stat().st_mode & 0o777 == 0o644
    )


@pytest.mark.parametrize("before", [None, "old content"])
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), KeyError("bug")],
)
def test_a_failure_in_the_middle_leaves_the_old_content_and_nothing_else(tmp_path, before, error):
    path = tmp_path / "file.txt"
    if before:
        path.write_text(before)
    with pytest.raises(MBHError if isinstance(error, OSError) else type(error)) as caught:
        fail(path, error)
    assert files(tmp_path) == ({"file.txt": b"old content"} if before else {})
    if isinstance(error, OSError):
        assert "No space left on device" in str(caught.value) and str(path) in str(caught.value)
        assert "nothing was changed" in str(caught.value)


@pytest.mark.parametrize("put", ["network", "table"])
@pytest.mark.parametrize("room", [0, 300])
def test_when_the_disk_takes_no_more_the_old_entry_stays(store, put, room):
    def write(i):
        if put == "network":
            store.put_network(SETTINGS, network(i))
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
    store.put_network(SETTINGS, network(0))
    real = os.replace

    def no_note(source, target):
        if str(target).endswith(".json"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", no_note)
    for settings in (SETTINGS, {**SETTINGS, "seed": 1}):
        with pytest.raises(MBHError, match="No space left"):
            store.put_network(settings, network(1))
    monkeypatch.undo()
    assert same(store.network(SETTINGS), network(0)) and not store.has(
        "network", {**SETTINGS, "seed": 1}
    )


def test_a_folder_that_cannot_be_written_is_named(store, monkeypatch):
    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", denied)
    with pytest.raises(
        MBHError, match=r"store/network.*Permission denied.*make the folder .*writable .*MBH_STORE"
    ):
        store.put_network(SETTINGS, network())


def test_a_store_below_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")
    with pytest.raises(MBHError, match="could not be written"):
        store.put_table("t", {}, TABLE)
    with pytest.raises(MBHError, match="could not be read"):
        store.has("t", {})


def test_a_file_that_may_not_be_read_is_named_and_stays(store, monkeypatch):
    store.put_network(SETTINGS, network())
    before = files(store.folder)

    def denied(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", denied)
        with pytest.raises(MBHError, match="could not be read .*Permission denied"):
            store.network(SETTINGS)
    assert files(store.folder) == before


# ------------------------------------------------------------------------------------------------ damage


def cut(note: Path, data: Path):
    data.write_bytes(data.read_bytes()[:-7])


def empty(note: Path, data: Path):
    data.write_bytes(b"")


def flip(note: Path, data: Path):
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(bytes(content))


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
    note.write_text(json.dumps({**words, "seal": store_module._seal(words)}))


def foreign_entry(note: Path, data: Path):
    """A whole and valid entry of other settings, copied to this one's name."""
    elsewhere = Store(note.parent.parent.parent / "other")
    elsewhere.put_network({"seed": 9}, network(9))
    elsewhere.put_table("t", {"seed": 9}, TABLE[:1])
    other = elsewhere.note(note.parent.name, {"seed": 9})
    shutil.copy(other, note)
    shutil.copy(other.with_name(json.loads(other.read_text())["file"]), note.parent)


def data_of(note: Path) -> Path:
    return note.with_name(json.loads(note.read_text())["file"])


DAMAGES = [
    cut, empty, flip, lost, broken_note, binary_note, note_of_another_kind, note_without_checksum,
    note_that_names_a_folder, foreign_content, foreign_entry,
]  # fmt: skip


def put(store: Store, kind: str) -> Path:
    """Put an entry of that kind; returns its note."""
    if kind == "network":
        store.put_network(SETTINGS, network())
    else:
        store.put_table("t", SETTINGS, TABLE)
    return store.note(kind, SETTINGS)


@pytest.mark.parametrize("kind", ["network", "t"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_damaged_entry_is_set_aside_with_one_line_and_computed_again(store, capsys, kind, damage):
    note = put(store, kind)
    damage(note, note.with_name(json.loads(note.read_text())["file"]))
    before = sorted(files(store.folder).values())
    capsys.readouterr()
    found = store.network(SETTINGS) if kind == "network" else store.table("t", SETTINGS)
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
    before, whole = files(store.folder), path.read_bytes()
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
    one, other = {"seed": 1}, {"seed": 2}
    for words in (one, other):
        store.put_arrays("t", words, {"x": np.array([words["seed"]])})
    first, second = (data_of(store.note("t", words)) for words in (one, other))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert store.arrays("t", one) is None and store.arrays("t", other) is None
    assert capsys.readouterr().err.count("checksum does not match") == 2


# ----------------------------------------------------------------------------- replaced at the wrong moment


def test_a_reader_that_is_overtaken_reads_the_new_entry(store, capsys, monkeypatch):
    """The entry is replaced again and again after its note was read, and its old data are removed."""
    store.put_arrays("t", SETTINGS, {"x": np.array(0)})
    read, overtaken = Path.read_bytes, []

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


def test_an_entry_mended_while_its_damage_is_set_aside_stays(store, capsys, monkeypatch):
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


# --------------------------------------------------------------------------------------- looking after it


def age(path: Path, hours: float = 2):
    os.utime(path, times=(time.time() - 3600 * hours,) * 2)


def found(findings) -> dict[str, str]:
    return {finding.path.name: finding.what for finding in findings}


def test_verify_tells_what_becomes_of_everything(store, capsys):
    kinds = {
        "whole": {"seed": 0},
        "damaged": {"seed": 1},
        "lost": {"seed": 2},
        "orphaned": {"seed": 3},
    }
    notes = {}
    for what, words in kinds.items():
        store.put_network(words, network())
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
    denied, read = store.note("t", {"seed": 1}), Path.read_bytes

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
    finished, unfinished, broken = {"seed": 0}, {"seed": 1}, {"seed": 2}
    for words in (finished, unfinished, broken):
        store.put_arrays("snapshot", words, {"x": np.arange(3)})
    store.put_network(finished, network())
    store.put_network(broken, network())
    flip(store.note("network", broken), data_of(store.note("network", broken)))
    folder, key = store.folder / "network", store.note("network", unfinished).stem
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
    puzzling = (
        folder / ("a" * 24 + ".json"),
        folder / ("a" * 24 + "-0123456789ab.parquet"),
    )  # a note nobody understands
    deep = folder / "deeper" / f"{key}-0123456789ab.parquet"
    deep.parent.mkdir()
    for path in (*old, *fresh, *strange, *puzzling, deep):
        path.write_text("x")
        if path not in fresh:
            age(path)
    link = folder / f"{key}-aaaaaaaaaaaa.parquet"
    link.symlink_to(strange[0])
    os.utime(link, times=(0, 0), follow_symlinks=False)
    gone = {*old, store.note("snapshot", finished), data_of(store.note("snapshot", finished))}
    before = files(store.folder)
    told = list(store.gc(dry_run=True))
    assert files(store.folder) == before and {f.path for f in told} == gone - {
        data_of(store.note("snapshot", finished))
    }
    assert sum(f.bytes for f in told) == sum(path.stat().st_size for path in gone)
    assert list(store.gc()) == told and list(store.gc()) == [] and capsys.readouterr().err == ""
    assert (
        files(store.folder) == {n: c for n, c in before.items() if store.folder / n not in gone}
        and link.is_symlink()
    )


def dead_process() -> int:
    """The id of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def sign(folder: Path, process: int) -> Path:
    path = folder / f".shared.0123456789ab_{process}_{store_module._HOST}.part"
    path.touch()
    return path


def test_signs_of_killed_runs_are_removed(store):
    store.put_arrays("t", SETTINGS, ARRAYS)
    gone, elsewhere = (
        dead_process(),
        store.folder / ".shared.0123456789ab.part",
    )  # as it was called before
    old, young, living = (sign(store.folder, process) for process in (gone, 2**22 + 1, os.getpid()))
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
    store.remove_signs()
    assert not young.exists() and old.exists() and living.exists(), (
        "one is young, the other's process lives"
    )


def test_gc_with_a_clock_that_runs_ahead_loses_nothing_that_is_in_use(store, monkeypatch):
    """This machine's clock is years ahead of the file system's, while entries are being written."""
    real, told = os.replace, []

    def gc_in_between(source, target):
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", real)
            told.extend(store.gc())
        real(source, target)

    ahead = time.time() + 1e8
    monkeypatch.setattr(time, "time", lambda: ahead)
    monkeypatch.setattr(os, "replace", gc_in_between)
    store.put_arrays("snapshot", {"seed": 1}, ARRAYS)
    store.put_arrays("t", SETTINGS, ARRAYS)
    store.put_arrays("t", SETTINGS, ARRAYS)
    assert told == [] and not list(store.gc())
    assert (
        store.has("t", SETTINGS)
        and store.has("snapshot", {"seed": 1})
        and len(files(store.folder)) == 4
    )


def test_gc_when_the_clock_jumps_ahead_in_the_middle_of_a_put_loses_nothing(
    store, monkeypatch, capsys
):
    """All files seem old at once: what is being written is known by its process, what a note comes to name is put."""
    real, removed = os.replace, []

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
    content, data = note.read_bytes(), data_of(note)
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
    left = note.with_name(f".{note.name}.0123456789ab_{process}_{store_module._HOST}.part")
    left.touch()
    assert list(store.gc()) == [], "it is young"
    age(left)
    assert [f.path for f in store.gc()] == [left] and store.has("t", SETTINGS)


@pytest.mark.parametrize("grace", [-1, float("nan")])
def test_grace_is_a_time(store, grace):
    with pytest.raises(MBHError, match="grace is a number of seconds"):
        list(store.gc(grace=grace))


def test_gc_removes_old_versions_and_damaged_files_only_if_told(store, monkeypatch):
    store.put_network(SETTINGS, network())
    store.put_arrays("snapshot", {"seed": 1}, ARRAYS)
    store.put_table("t", {"seed": 1}, TABLE)
    flip(store.note("t", {"seed": 1}), data_of(store.note("t", {"seed": 1})))
    assert not store.has("t", {"seed": 1})
    before = files(store.folder)
    monkeypatch.setitem(store_module.VERSIONS, "torch", "another")
    store.put_network(SETTINGS, network(1))
    assert list(store.gc()) == [] and {f.what for f in store.verify()} == {"whole", "set aside"}
    assert set(found(store.gc(damaged=True)).values()) == {"set aside as damaged"}
    assert set(found(store.gc(old_versions=True)).values()) == {"other versions"}
    assert same(store.network(SETTINGS), network(1)) and len(files(store.folder)) == 2
    assert not before.keys() & files(store.folder).keys()


def test_a_folder_that_is_not_there_is_an_empty_store(tmp_path):
    store = Store(tmp_path / "none" / "there")
    assert (
        list(store.verify()) == list(store.gc()) == list(store.entries()) == store.pack_all() == []
    )
    assert not store.folder.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(MBHError, match="could not be listed"):
        list(Store(tmp_path / "file").verify())


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
        store.put_network(SETTINGS, network(i))
        note = store.note("network", SETTINGS)
        data = note.with_name(json.loads(note.read_text())["file"])
        flip(note, data)
        contents.append(data.read_bytes())
        assert store.network(SETTINGS) is None
    assert set(contents) <= set(files(store.folder).values())
    assert len([name for name in files(store.folder) if ".json.damaged" in name]) == 3


def test_data_without_a_note_are_no_entry(store, capsys):
    put(store, "network").unlink()
    assert not store.has("network", SETTINGS) and store.network(SETTINGS) is None
    assert store.facts("network", SETTINGS) is None and capsys.readouterr().err == ""
    put(store, "network")
    assert same(store.network(SETTINGS), network())


def test_damage_in_a_store_that_cannot_be_written_is_told(store, monkeypatch):
    note = put(store, "network")
    flip(note, note.with_name(json.loads(note.read_text())["file"]))

    def read_only(*args):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "replace", read_only)
    with pytest.raises(
        MBHError, match="is damaged .*could not be set aside .*Read-only file system"
    ):
        store.network(SETTINGS)


# ------------------------------------------------------------------------------- several processes, kills

CROWD = """
import os, random, signal, sys, time
import numpy as np
from mbh_utils.networks import Network
from mbh_utils.computing.store import Store

store, settings = Store(sys.argv[1]), {"seed": 0}
mine = [Network(60, (300, 100), 10, seed=seed) for seed in (1, 2)]  # 0.4 MB each
first = [n.output.bias[0].item() for n in mine]


def writer(seed):
    pid = os.fork()
    if pid == 0:
        while True:
            store.put_network(settings, mine[seed], seed=seed)
    return pid


def check():
    network, facts = store.network(settings), store.facts("network", settings)
    assert network is None or network.output.bias[0].item() in first
    return network is not None


# Two processes write the same entry with different content, and are killed at random moments.
random.seed(0)
reads = kills = 0
for trial in range(12):
    pids = [writer(0), writer(1)]
    end = time.monotonic() + random.uniform(0.01, 0.15)
    while time.monotonic() < end:
        reads += check()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        kills += 1
    assert check() or trial == 0
print(reads, kills)
"""


def test_processes_that_write_one_entry_at_once_and_are_killed_never_spoil_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CROWD, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    reads, kills = map(int, done.stdout.split())
    assert reads >= 5 and kills == 24  # how many reads fit in depends on what else the machine does
    store = Store(tmp_path)
    assert list(store.gc()) == [], "it is too young to be told from what is being written"
    left = set(found(store.verify()).values())
    assert "whole" in left <= {"whole", "part", "orphaned"}, (
        "what killed processes leave harms nothing"
    )
    list(store.gc(grace=0))
    assert list(found(store.verify()).values()) == ["whole"] and len(files(tmp_path)) == 2


HAMMER = """
import random, sys, time
import numpy as np
import pandas as pd
from mbh_utils.computing.store import Store

store, me = Store(sys.argv[1]), int(sys.argv[2])
rng, done, values = random.Random(me), 0, 0
end = time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    settings, value, act = {"seed": rng.randrange(3)}, rng.randrange(10**6), rng.random()
    if act < 0.25:
        store.put_arrays("snapshot", settings, {"x": np.full(rng.randrange(1, 3000), value)}, value=value)
    elif act < 0.5:
        store.put_table("t", settings, pd.DataFrame({"x": [value] * rng.randrange(1, 300)}), value=value)
    elif act < 0.6:
        store.drop(rng.choice(["snapshot", "t"]), settings)
    elif act < 0.7:
        store.unpack(store.pack([("snapshot", settings), ("t", settings)]))
    elif act < 0.72:
        assert {f.what for f in store.verify()} <= {"whole", "orphaned", "part"}
        list(store.gc())
    elif act < 0.85:
        if found := store.arrays("snapshot", settings):
            assert np.unique(found[0]["x"]) == [found[1]["value"]], found
            values += 1
    else:
        table = store.table("t", settings)
        if table is not None:
            assert table["x"].nunique() == 1
            values += 1
    done += 1
print(done, values)
"""


def test_two_processes_hammer_one_store_and_never_meet_a_wrong_or_damaged_entry(tmp_path):
    command = [sys.executable, "-c", HAMMER, str(tmp_path)]
    both = [
        subprocess.Popen(
            [*command, str(i), "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for i in range(2)
    ]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0 and err == "", err
        done, values = map(int, out.split())
        assert done > 20 and values > 0
    store = Store(tmp_path)
    assert set(found(store.verify()).values()) <= {"whole", "orphaned"} and not list(
        tmp_path.rglob("*.damaged*")
    )
    list(store.gc(grace=0))
    assert set(found(store.verify()).values()) == {"whole"}
    assert len(files(tmp_path)) == 2 * len(list(store.entries()))


def test_data_that_another_process_removes_first_end_no_sweep(tmp_path, monkeypatch):
    folder = Store(tmp_path).folder / "network"
    folder.mkdir(parents=True)
    data = folder / f"{'0' * 24}-{'1' * 12}.safetensors"
    data.write_bytes(b"orphan")
    os.utime(data, (0, 0))

    def too_late(source, target):
        data.unlink(missing_ok=True)
        raise FileNotFoundError(2, "No such file or directory", str(source))

    monkeypatch.setattr("mbh_utils.computing.store.os.replace", too_late)
    assert list(Store(tmp_path).gc()) == []
