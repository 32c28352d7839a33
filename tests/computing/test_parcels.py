"""Parcels: entries reach another store as they are, and whatever is wrong with one is refused."""

import hashlib
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
from store_helpers import ARRAYS, OUTSIDE, SETTINGS, TABLE, files, network, same

from mbh_utils.computing import entries, parcels
from mbh_utils.computing.entries import key_of
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.networks.stored import get_network, put_network


def test_parcels_carry_entries_to_another_store(store, tmp_path):

    put_network(store, SETTINGS, network(), accuracy=0.75)
    store.put_table("t", SETTINGS, TABLE, seconds=2)
    store.put_arrays("checkpoint", SETTINGS, ARRAYS)
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
        same(get_network(other, SETTINGS), network())
        and other.facts("network", SETTINGS)["accuracy"] == 0.75
    )
    pd.testing.assert_frame_equal(other.table("t", SETTINGS), TABLE)
    assert not other.has("checkpoint", SETTINGS) and len(files(other.folder)) == 4
    other.unpack(store.pack_all())
    assert {p[:2] for p in other.pack_all()} == {p[:2] for p in store.pack_all()} and other.has(
        "checkpoint", SETTINGS
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
    monkeypatch.setitem(entries.VERSIONS, "numpy", "another")
    with pytest.raises(MBHError, match="made by other versions .*install the same ones"):
        other.unpack([parcel])
    assert not other.folder.exists()


@pytest.mark.parametrize("kind", OUTSIDE)
def test_a_parcel_that_would_leave_the_folder_is_refused(tmp_path, kind):
    """Made as a machine would that wants to do harm: sealed, and right in all else."""
    store = Store(tmp_path / "deep" / "down" / "store")
    content = safetensors.numpy.save({"x": np.ones(1)})
    words = {"kind": kind, "settings": SETTINGS, "versions": entries.VERSIONS, "facts": {}}
    words |= {
        "file": "0" * 24 + "-0123456789ab.safetensors",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    words["seal"] = entries.seal_of(words)
    parcel = parcels.Parcel(kind, key_of(kind, SETTINGS), json.dumps(words).encode(), content)
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
    words["seal"] = entries.seal_of(words)
    with pytest.raises(MBHError, match="damaged on its way"):
        other.unpack([parcel._replace(note=json.dumps(words).encode())])
    assert not other.folder.exists()
