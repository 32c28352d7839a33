"""The store: what goes in comes out, and every folder and kind is looked at before it is used."""

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from store_helpers import (
    ARRAYS,
    OUTSIDE,
    SETTINGS,
    TABLE,
    files,
    network,
    same,
)

from mbh_utils.computing import entries
from mbh_utils.computing.entries import key_of
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.networks.stored import get_network, put_network


def test_a_network_comes_back_as_it_was(store):
    assert get_network(store, SETTINGS) is None and not store.has("network", SETTINGS)
    given = network()
    put_network(store, SETTINGS, given, accuracy=0.75, seconds=1.5)
    found = get_network(Store(store.folder), SETTINGS)
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
    assert get_network(store, SETTINGS) is None, (
        "a network with the same settings is something else"
    )


def test_a_table_is_not_read_as_arrays_nor_arrays_as_a_table(store):
    store.put_table("measure", SETTINGS, TABLE)
    put_network(store, SETTINGS, network())
    with pytest.raises(MBHError, match="this measure is a table: read it by Store.table"):
        store.arrays("measure", SETTINGS)
    with pytest.raises(MBHError, match="this network is no table but arrays"):
        store.table("network", SETTINGS)
    assert [finding.what for finding in store.verify()] == ["whole", "whole"], "nothing was harmed"


def test_arrays_come_back_as_they_were(store):
    assert store.arrays("checkpoint", SETTINGS) is None
    store.put_arrays("checkpoint", SETTINGS, ARRAYS, iteration=7, accuracy={"3": 0.5})
    found, facts = store.arrays("checkpoint", SETTINGS)
    assert facts == {"iteration": 7, "accuracy": {"3": 0.5}} == store.facts("checkpoint", SETTINGS)
    assert found.keys() == ARRAYS.keys()
    for name, given in ARRAYS.items():
        assert found[name].dtype == np.asarray(given).dtype and found[name].shape == np.shape(
            given
        ), name
        np.testing.assert_array_equal(found[name], given)
    found["values"] += 1  # the reader's own
    with pytest.raises(
        MBHError, match=r"checkpoint: arrays of these types cannot be kept \(a <U1, b float64\)"
    ):
        store.put_arrays("checkpoint", SETTINGS, {"a": np.array(["x"]), "b": np.zeros(2)})


def test_what_is_dropped_is_gone_and_nothing_else(store):
    store.drop("checkpoint", SETTINGS)
    put_network(store, SETTINGS, network())
    before = files(store.folder)
    store.put_arrays("checkpoint", SETTINGS, ARRAYS)
    store.drop("checkpoint", SETTINGS)
    store.drop("checkpoint", SETTINGS)
    assert not store.has("checkpoint", SETTINGS) and files(store.folder) == before


def test_putting_again_replaces(store):
    put_network(store, SETTINGS, network(0))
    put_network(store, SETTINGS, network(1), accuracy=0.5)
    assert (
        same(get_network(store, SETTINGS), network(1))
        and store.facts("network", SETTINGS)["accuracy"] == 0.5
    )
    store.put_table("t", SETTINGS, TABLE)
    store.put_table("t", SETTINGS, TABLE[:1])
    assert len(store.table("t", SETTINGS)) == 1
    assert len(files(store.folder)) == 4, "nothing stays of what was replaced"


def test_entries_are_listed_with_what_their_notes_tell(store):
    assert list(store.entries()) == [] == list(store.files())
    put_network(store, SETTINGS, network(), accuracy=0.75)
    store.put_table("measure", SETTINGS, TABLE)
    table, weights = store.entries()
    assert (weights.kind, weights.path) == ("network", store.note("network", SETTINGS))
    assert weights.key == weights.path.stem == key_of("network", SETTINGS)
    assert weights.settings == {**SETTINGS, "hidden": [4, 3]} and weights.facts["accuracy"] == 0.75
    assert weights.versions == entries.VERSIONS and table.kind == "measure"
    assert table.bytes + weights.bytes == sum(map(len, files(store.folder).values()))
    weights.path.write_text("nonsense")
    assert [entry.kind for entry in store.entries()] == ["measure"]


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


@pytest.mark.parametrize("folder", ["", " ", "a\0b", b"bytes", 7, "~nobody_of_this_name/store"])
def test_a_name_that_means_no_folder_is_refused(folder):
    with pytest.raises(MBHError, match="the store's folder cannot be"):
        Store(folder)


def test_the_folder_is_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_STORE", str(tmp_path / "elsewhere"))
    Store().put_table("t", {}, TABLE)
    assert files(tmp_path / "elsewhere")


def test_a_folder_that_is_not_there_is_an_empty_store(tmp_path):
    store = Store(tmp_path / "none" / "there")
    assert (
        list(store.verify()) == list(store.gc()) == list(store.entries()) == store.pack_all() == []
    )
    assert not store.folder.exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(MBHError, match="could not be listed"):
        list(Store(tmp_path / "file").verify())


def test_a_store_below_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")
    with pytest.raises(MBHError, match="could not be written"):
        store.put_table("t", {}, TABLE)
    with pytest.raises(MBHError, match="could not be read"):
        store.has("t", {})


def test_a_folder_that_cannot_be_written_is_named(store, monkeypatch):
    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", denied)
    with pytest.raises(
        MBHError, match=r"store/network.*Permission denied.*make the folder .*writable .*MBH_STORE"
    ):
        put_network(store, SETTINGS, network())
