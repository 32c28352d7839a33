"""Initial weights of Keras, and planted modules."""

import numpy as np
import pytest
import torch

import mbh_utils as mbh
from mbh_utils.networks import glorot, modular, planted_modules

DATA = mbh.load_dataset("digits8")


def test_glorot_weights_fill_their_interval_evenly():
    network = glorot(mbh.Network(64, (80, 40), 10, bias_std=0.1), seed=0)
    for layer in network.linears:
        most = np.sqrt(6 / (layer.in_features + layer.out_features))
        weight = layer.weight.detach().numpy()
        assert -most <= weight.min() < -0.95 * most
        assert 0.95 * most < weight.max() <= most
        assert abs(weight.std() / (most / np.sqrt(3)) - 1) < 0.1
        assert not layer.bias.any()


@pytest.mark.parametrize("draw", [glorot, modular])
def test_masks_stay_and_seeds_count(draw):
    network = mbh.lenet(DATA, (24, 8), parameters=300)
    masks = network.masks
    assert draw(network, seed=3) is network
    assert all((a == b).all() for a, b in zip(masks, network.masks, strict=True))
    assert all(
        not layer.weight[~layer.mask].any() and layer.weight[layer.mask].any()
        for layer in network.hidden_layers
    )
    again = draw(mbh.lenet(DATA, (24, 8), parameters=300), seed=3)
    assert torch.equal(again.output.weight, network.output.weight)
    other = draw(mbh.lenet(DATA, (24, 8), parameters=300), seed=4)
    assert not torch.equal(other.output.weight, network.output.weight)


def test_weights_inside_of_modules_are_scaled_up_and_between_them_down():
    plain = glorot(mbh.Network(64, (30, 30), 10), seed=2)
    network = modular(mbh.Network(64, (30, 30), 10), seed=2, modules=10, outside=0.6)
    assert torch.equal(network.linears[0].weight, plain.linears[0].weight)
    members = planted_modules(network, seed=2)
    assert members[-1].tolist() == list(range(10))
    for i in (1, 2):
        ratio = (network.linears[i].weight / plain.linears[i].weight).detach().numpy()
        inside = members[i][:, None] == members[i - 1]
        assert np.allclose(ratio[inside], 1 + 0.4 * 9)
        assert np.allclose(ratio[~inside], 0.6)


def test_more_classes_than_modules_share_them():
    members = planted_modules(mbh.Network(64, (30, 30), 10), seed=0, modules=4)
    assert set(members[-1].tolist()) <= set(range(4))


@pytest.mark.parametrize("draw", [glorot, modular, planted_modules])
def test_only_networks_of_this_package(draw):
    with pytest.raises(mbh.MBHError, match="network"):
        draw(torch.nn.Linear(3, 2), seed=0)


def test_numbers_of_modules():
    network = mbh.Network(4, (3,), 2)
    with pytest.raises(mbh.MBHError, match="modules"):
        modular(network, 0, modules=1)
    with pytest.raises(mbh.MBHError, match="outside"):
        modular(network, 0, outside=1.5)
