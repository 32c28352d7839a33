"""What training refuses, and that it touches nothing before it does."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from training_helpers import DATA, plain, small

from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.training.recipe import Recipe
from mbh_utils.training.train import train, train_stack


def test_stacks_that_do_not_fit_together_are_refused():
    with pytest.raises(MBHError, match="one seed per network.*2 networks and 1 seeds"):
        train_stack([small(), small()], DATA, seeds=[0])
    with pytest.raises(MBHError, match="got 0 networks"):
        train_stack([], DATA, seeds=[])
    with pytest.raises(MBHError, match="one architecture"):
        train_stack([small(), small(hidden=(5, 7))], DATA, seeds=[0, 0])


@pytest.mark.parametrize("network", [Network(9, (3,), 3), Network(8, (3,), 4)])
def test_a_network_that_does_not_fit_the_data_is_refused(network):
    with pytest.raises(MBHError, match="clusters has 8 and 3"):
        train(network, DATA, iterations=1)


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_images_that_are_not_finite_are_refused(part, value):
    images = DATA.train.images.copy()
    images[3, 2] = value
    broken = SimpleNamespace(
        **{k: getattr(DATA, k) for k in ("name", "n_inputs", "n_classes", "train", "validation")}
    )
    setattr(broken, part, SimpleNamespace(images=images, labels=DATA.train.labels))
    with pytest.raises(
        MBHError, match=f"{'training' if part == 'train' else part} images of clusters contain NaN"
    ):
        train(small(), broken, iterations=1)


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("label", [-1, 3])
def test_labels_that_do_not_fit_are_refused(part, label):
    samples = getattr(DATA, part)
    labels = samples.labels.copy()
    labels[4] = label
    broken = replace(DATA, **{part: Samples(samples.images, labels)})
    with pytest.raises(MBHError, match=r"labels of clusters must lie in 0\.\.2"):
        train(small(), broken, iterations=1)


def hooked() -> Network:
    network = small()
    network.output.register_forward_hook(lambda module, given, found: 2 * found)
    return network


def frozen() -> Network:
    network = small()
    network.hidden_layers[0].weight.requires_grad_(False)
    return network


def with_another_layer() -> Network:
    network = small()
    network.hidden_layers[0] = nn.Linear(8, 7)
    return network


def replaced() -> Network:
    network = small()
    network.forward = lambda x: x
    return network


def weight_normed() -> Network:
    network = small()
    nn.utils.parametrizations.weight_norm(network.output)
    return network


class Doubled(Network):
    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (hooked, "hooks"),
        (with_another_layer, "layers"),
        (replaced, "forward"),
        (weight_normed, "parametrisations"),
        (lambda: Doubled(8, (7, 5), 3), "forward"),
        (frozen, "frozen"),
        (lambda: small().double(), "float32"),
        (lambda: plain(small()), "a Sequential cannot be trained here"),
    ],
)
def test_a_network_that_training_would_treat_as_another_is_refused(make, said):
    network = make()
    before = [p.detach().clone() for p in network.parameters()]
    with pytest.raises(MBHError, match=said):
        train(network, DATA, iterations=2)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_one_network_twice_is_refused():
    network = small()
    with pytest.raises(MBHError, match="one network twice"):
        train_stack([network, network], DATA, seeds=[0, 1])
    other = small()
    other.output = network.output
    with pytest.raises(MBHError, match="share weights"):
        train_stack([network, other], DATA, seeds=[0, 1])


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_is_not_there_is_refused():
    for device in ("cuda", "cuda:3", torch.device("cuda")):
        with pytest.raises(MBHError, match="there are 0 CUDA devices"):
            train_stack([small()], DATA, Recipe(1), seeds=[0], device=device)


def test_states_that_do_not_belong_to_the_networks_are_refused():
    states = []
    train_stack(
        [small(1, 40)], DATA, Recipe(50), seeds=[0], checkpoint=lambda s: states.extend(s), every=0
    )
    for members, recipe in (([small(hidden=(5, 7))], Recipe(50)), ([small(1, 40)], Recipe(40))):
        with pytest.raises(MBHError, match="a state at iteration 50 .* does not belong to Network"):
            train_stack(members, DATA, recipe, seeds=[0], states=states[-1:])
    with pytest.raises(MBHError, match="one state per network is needed, got 2 for 1"):
        train_stack([small()], DATA, Recipe(5), seeds=[0], states=[None, None])
