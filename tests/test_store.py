"""The store: what goes in comes out, keys name everything, and no failure harms what was there before."""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from mbh_utils import store as store_module
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.store import Store, atomic, key_of

SETTINGS = {"dataset": "digits8", "hidden": (4, 3), "recipe": {"iterations": 50, "learning_rate": 1.2e-3}, "seed": 0}
TABLE = pd.DataFrame(
    {"class": [0, 1, 1], "s": [0.25, np.nan, 1 / 3], "kind": ["a", "b", None], "ok": [True, False, True]}
)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def network(seed: int = 0) -> Network:
    return Network(5, (4, 3), 2, seed=seed).set_masks([np.eye(4, 5), np.ones((3, 4))])


def same(a: Network, b: Network) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, by its path in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# ------------------------------------------------------------------------------------------- round trips


def test_a_network_comes_back_as_it_was(store):
    assert store.network(SETTINGS) is None and not store.has("network", SETTINGS)
    given = network()
    store.put_network(SETTINGS, given, accuracy=0.75, seconds=1.5)
    found = Store(store.folder).network(SETTINGS)
    assert same(found, given) and found.hidden == (4, 3) and found.n_parameters == given.n_parameters
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
        assert found[name].dtype == np.asarray(given).dtype and found[name].shape == np.shape(given), name
        np.testing.assert_array_equal(found[name], given)
    found["values"] += 1  # the reader's own
    with pytest.raises(MBHError, match=r"snapshot: arrays of these types cannot be kept \(a <U1, b float64\)"):
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
    parcels = pickle.loads(pickle.dumps(store.pack([("t", SETTINGS), ("t", {"seed": 9}), ("network", SETTINGS)])))
    assert [(p.kind, p.key) for p in parcels] == [(k, key_of(k, SETTINGS)) for k in ("t", "network")]
    other = Store(tmp_path / "other")
    for _ in range(2):
        other.unpack(parcels)
    assert same(other.network(SETTINGS), network()) and other.facts("network", SETTINGS)["accuracy"] == 0.75
    pd.testing.assert_frame_equal(other.table("t", SETTINGS), TABLE)
    assert not other.has("snapshot", SETTINGS) and len(files(other.folder)) == 4
    other.unpack(store.pack_all())
    assert {p[:2] for p in other.pack_all()} == {p[:2] for p in store.pack_all()} and other.has("snapshot", SETTINGS)


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


def test_putting_again_replaces(store):
    store.put_network(SETTINGS, network(0))
    store.put_network(SETTINGS, network(1), accuracy=0.5)
    assert same(store.network(SETTINGS), network(1)) and store.facts("network", SETTINGS)["accuracy"] == 0.5
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
    assert files(tmp_path) == {"new/folder/file.txt": b"content"} and path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("before", [None, "old content"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), KeyError("bug")]
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
            store.put_table("t", SETTINGS, pd.DataFrame({"s": np.random.default_rng(i).random(500)}))

    write(0)
    before = files(store.folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))  # files larger than this fail while being written
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
    assert same(store.network(SETTINGS), network(0)) and not store.has("network", {**SETTINGS, "seed": 1})


def test_a_folder_that_cannot_be_written_is_named(store, monkeypatch):
    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", denied)
    with pytest.raises(MBHError, match=r"store/network.*Permission denied.*make the folder .*writable .*MBH_STORE"):
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
    import hashlib

    data.write_bytes(b"GIF89a, and what a picture consists of")
    words = {**json.loads(note.read_text()), "sha256": hashlib.sha256(data.read_bytes()).hexdigest()}
    note.write_text(json.dumps(words))


def foreign_entry(note: Path, data: Path):
    """A whole and valid entry of other settings, copied to this one's name."""
    elsewhere = Store(note.parent.parent.parent / "other")
    elsewhere.put_network({"seed": 9}, network(9))
    elsewhere.put_table("t", {"seed": 9}, TABLE[:1])
    other = elsewhere.note(note.parent.name, {"seed": 9})
    shutil.copy(other, note)
    shutil.copy(other.with_name(json.loads(other.read_text())["file"]), note.parent)


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
    assert said.count("\n") == 1 and str(note) in said and "set aside as" in said and "computed again" in said
    assert sorted(files(store.folder).values()) == before, "nothing is deleted"
    assert note.with_name(f"{note.name}.damaged1").exists() and not note.exists()
    assert not store.has(kind, SETTINGS) and capsys.readouterr().err == "", "it is said once"
    put(store, kind)
    assert store.has(kind, SETTINGS)


@pytest.mark.parametrize("damage", [cut, flip, broken_note, foreign_entry], ids=lambda d: d.__name__)
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
    with pytest.raises(MBHError, match="is damaged .*could not be set aside .*Read-only file system"):
        store.network(SETTINGS)


# ------------------------------------------------------------------------------- several processes, kills

CROWD = """
import os, random, signal, sys, time
import numpy as np
from mbh_utils.networks import Network
from mbh_utils.store import Store

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
    done = subprocess.run([sys.executable, "-c", CROWD, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    reads, kills = map(int, done.stdout.split())
    assert reads >= 5 and kills == 24  # how many reads fit in depends on what else the machine does
    kinds = {"note": 0, "data": 0}
    for name in files(tmp_path):
        if not name.endswith(".part"):  # what a killed process was writing
            kinds["note" if name.endswith(".json") else "data"] += 1
    assert kinds["note"] == 1 and 1 <= kinds["data"] <= 25, "at most one is left by each kill"
