"""Networks as few bytes: nothing is lost, not even the sign of a zero."""

import numpy as np
import pytest
import torch

from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.networks.packed import pack, unpack


def bits_of(network: Network) -> dict[str, tuple]:
    """Name -> type, shape and bytes of every array of a network."""
    arrays = {name: values.numpy() for name, values in network.state_dict().items()}
    return {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()}


def sparse(density: float, shape=(20, (7, 5, 3), 4), seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    network = Network(*shape, seed=seed)
    return network.set_masks([rng.random(mask.shape) < density for mask in network.masks])


@pytest.mark.parametrize("density", [0, 0.03, 0.5, 1])
@pytest.mark.parametrize("shape", [(20, (7, 5, 3), 4), (1, (1,), 1), (3, (9,), 2)], ids=str)
def test_a_network_comes_back_bit_for_bit(density, shape):
    network = sparse(density, shape)
    assert bits_of(unpack(pack(network), *shape)) == bits_of(network)


def test_zeros_of_either_sign_come_back_as_they_were():
    network = sparse(0.3)
    weight = network.hidden_layers[0].weight.detach().numpy()
    dead = ~network.masks[0]
    assert 0 < np.signbit(weight[dead]).sum() < dead.sum(), "pruning leaves zeros of both signs"
    assert bits_of(unpack(pack(network), 20, (7, 5, 3), 4)) == bits_of(network)
    with torch.no_grad():
        network.hidden_layers[0].weight.abs_()
    assert bits_of(unpack(pack(network), 20, (7, 5, 3), 4)) == bits_of(network)


def test_any_float_comes_back():
    network = sparse(0.5)
    odd = torch.tensor([-0.0, 1e-45, -1e-40, 3e38, float("inf"), float("-inf"), float("nan")])
    with torch.no_grad():
        network.hidden_layers[1].bias.copy_(odd[:5])
        network.output.weight.view(-1)[:7] = odd
        live = network.hidden_layers[0].mask.nonzero()[:7]
        network.hidden_layers[0].weight[live[:, 0], live[:, 1]] = odd
    assert bits_of(unpack(pack(network), 20, (7, 5, 3), 4)) == bits_of(network)


def test_a_network_in_double_precision_stays_one():
    network = sparse(0.4).double()
    assert bits_of(unpack(pack(network), 20, (7, 5, 3), 4)) == bits_of(network)


def test_weights_outside_of_the_mask_are_refused_and_not_lost():
    network = sparse(0.4)
    with torch.no_grad():
        network.hidden_layers[1].weight += 1
    with pytest.raises(MBHError, match=r"hidden_layers.1 has weights other than zero .*set_masks"):
        pack(network)
    pack(network.set_masks(network.masks))


def test_pruned_weights_take_no_room():
    shape = (400, (100,), 10)
    live = 0.05
    n_bits = 40_000
    entropy = -live * np.log2(live) - (1 - live) * np.log2(1 - live)
    network = sparse(live, shape)
    with torch.no_grad():
        network.hidden_layers[0].weight.abs_()  # no zeros below zero, as after training
    least = 4 * network.n_parameters + 4 * 1010 + entropy * n_bits / 8
    assert len(pack(network)) < 1.2 * least
    assert pack(network) == pack(network.copy())
