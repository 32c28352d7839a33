"""Networks in a store: they come back as they were, and lie there as they always did."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from mbh_utils.computing.store import Store
from mbh_utils.networks import Network
from mbh_utils.networks.stored import get_network, put_network

SETTINGS = {"dataset": "digits8", "hidden": (4, 3), "seed": 0}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def network(seed: int = 0) -> Network:
    return Network(5, (4, 3), 2, seed=seed).set_masks([np.eye(4, 5), np.ones((3, 4))])


def same(a: Network, b: Network) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(p, q) for p, q in pairs)


def test_the_files_are_those_of_torch_and_the_shape_is_a_fact(store):
    """What stores of years hold: it must neither change nor be read as something else."""
    put_network(store, SETTINGS, network(), accuracy=0.75)
    note = json.loads(store.note("network", SETTINGS).read_text())
    assert note["facts"] == {
        "accuracy": 0.75,
        "shape": {"n_inputs": 5, "hidden": [4, 3], "n_classes": 2},
    }
    data = store.note("network", SETTINGS).with_name(note["file"])
    assert data.read_bytes() == safetensors.torch.save(network().state_dict())


def test_it_comes_back_as_it_was_and_is_its_own(store):
    assert get_network(store, SETTINGS) is None
    put_network(store, SETTINGS, network())
    first = get_network(store, SETTINGS)
    assert same(first, network()) and first.n_parameters == network().n_parameters
    with torch.no_grad():
        first.output.bias.add_(1)
    assert same(get_network(store, SETTINGS), network())


def test_a_pruned_output_layer_comes_back_too(store):
    pruned = network()
    pruned.set_masks([*pruned.masks, np.eye(2, 3)])
    put_network(store, SETTINGS, pruned)
    found = get_network(store, SETTINGS)
    assert same(found, pruned) and np.array_equal(found.output_mask, np.eye(2, 3, dtype=bool))


def test_arrays_that_make_no_network_are_set_aside(store, capsys):
    shape = {"n_inputs": 5, "hidden": (4, 3), "n_classes": 2}
    store.put_arrays("network", SETTINGS, {"x": np.arange(3)}, shape=shape)
    assert get_network(store, SETTINGS) is None
    assert "set aside as" in capsys.readouterr().err
    assert not store.has("network", SETTINGS)
