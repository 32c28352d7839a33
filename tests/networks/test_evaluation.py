"""Accuracy: that of eval mode, and it leaves no trace in the network."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mbh_utils import from_arrays
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network, feed_forward
from mbh_utils.networks.evaluation import accuracy
from mbh_utils.networks.reading.tracing import trace


def clusters():
    """Three classes in 8 inputs, 150 samples a part."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    noise = rng.normal(0.2, 0.12, (300, 8))
    images = np.clip(0.25 * labels[:, None] + noise, 0, 1).astype(np.float32)
    return from_arrays(images[:150], labels[:150], images[150:], labels[150:], name="clusters")


DATA = clusters()


def small() -> Network:
    return feed_forward(DATA, (7, 5), bias_std=0.1)


def test_accuracy_counts_hits_over_several_blocks():
    class Largest(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return x

    images = np.random.default_rng(0).random((20_001, 3), dtype=np.float32)
    labels = images.argmax(axis=1)
    labels[:5_000] = (labels[:5_000] + 1) % 3
    validation = from_arrays(images[:1], labels[:1], images, labels, classes="abc").validation
    assert accuracy(Largest(), validation) == 15_001 / 20_001


class Counting(nn.Module):
    """A module that writes into its buffer, and replaces another one, whenever it is called."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        self.seen = self.seen + len(x)
        return x + torch.rand(1)  # chance, as functional.dropout brings it whatever the mode is


def normed() -> nn.Sequential:
    """A network whose modes differ, trained for a moment, one of its modules in eval mode."""
    torch.manual_seed(0)
    layers = [
        nn.Linear(8, 9),
        nn.BatchNorm1d(9),
        Counting(),
        nn.ReLU(),
        nn.Dropout(0.8),
        nn.Linear(9, 3),
    ]
    network = nn.Sequential(*layers)
    nn.functional.cross_entropy(
        network(torch.tensor(DATA.train.images)), torch.tensor(DATA.train.labels)
    ).backward()
    network[3].eval()
    return network


def trace_of(network: nn.Module) -> list:
    """Everything that looking at a network must leave as it is."""
    modes = [m.training for m in network.modules()]
    tensors = [
        x.clone() for x in (*network.state_dict().values(), *(p.grad for p in network.parameters()))
    ]
    return [modes, *tensors, torch.get_rng_state(), *map(id, network.buffers())]


def alike(before: list, after: list) -> bool:
    pairs = zip(before, after, strict=True)
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


def test_accuracy_is_that_of_eval_mode_and_leaves_no_trace():
    network = normed()
    x = torch.tensor(DATA.validation.images)
    network[2] = nn.Identity()  # else chance would decide
    before = trace_of(network)
    found = [accuracy(network, DATA.validation) for _ in range(2)]
    assert alike(before, trace_of(network))
    right = network.eval()(x).argmax(dim=1).numpy() == DATA.validation.labels
    assert found == [pytest.approx(right.mean())] * 2


def test_accuracy_restores_buffers_and_the_random_state():
    network = normed()
    before = trace_of(network)
    accuracy(network, DATA.validation)
    assert alike(before, trace_of(network)) and network[2].calls == 1


def test_accuracy_leaves_no_trace_when_the_network_fails():
    network = normed()
    network[5] = nn.Linear(7, 3)
    network[5].weight.grad, network[5].bias.grad = torch.zeros(3, 7), torch.zeros(3)
    before = trace_of(network)
    with pytest.raises(MBHError, match="does not take images of shape"):
        accuracy(network, DATA.validation)
    assert alike(before, trace_of(network))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_accuracy_of_networks_of_any_float_type(dtype):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 7), nn.ReLU(), nn.Linear(7, 3))
    right = accuracy(network, DATA.validation)
    assert accuracy(network.to(dtype), DATA.validation) == pytest.approx(right, abs=0.03)


def test_accuracy_of_a_network_of_this_package_in_float64():
    right = accuracy(small(), DATA.validation)
    assert accuracy(small().double(), DATA.validation) == pytest.approx(right, abs=0.01)


def test_accuracy_of_a_network_without_parameters():
    images = np.eye(3)[[0, 1, 2, 0]]
    validation = Samples(images, [0, 1, 2, 1])
    assert accuracy(nn.Softmax(dim=1), validation) == 0.75


def test_a_label_that_no_output_stands_for_is_named():
    with pytest.raises(MBHError, match="the label 2, but the network has 2 outputs"):
        accuracy(nn.Linear(8, 2), DATA.validation)


def test_accuracy_of_no_sample_is_refused():
    with pytest.raises(MBHError, match="at least one sample"):
        accuracy(small(), DATA.validation.take([]))


def logits_with(forward, **kept) -> nn.Module:
    """A module of a forward (module, x) and of what it keeps as attributes."""
    module = nn.Module()
    for name, x in kept.items():
        setattr(module, name, x)
    module.forward = forward.__get__(module)
    return module


@pytest.mark.parametrize("training", [True, False])
def test_accuracy_between_forward_and_backward_leaves_the_gradients_alone(training):
    network = nn.Sequential(nn.Linear(8, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3)).train(
        training
    )
    images = torch.tensor(DATA.train.images)
    labels = torch.tensor(DATA.train.labels)
    loss = nn.functional.cross_entropy(network(images), labels)
    right = torch.autograd.grad(loss, network.parameters(), retain_graph=True)
    accuracy(network, DATA.validation)
    loss.backward()
    assert all(torch.equal(p.grad, g) for p, g in zip(network.parameters(), right, strict=True))


def test_accuracy_undoes_what_a_forward_writes_to_its_tensors():
    def forward(self, x):
        self.u.data += 1
        self.plain += 1
        self.v = nn.Parameter(self.v + 1)
        self.register_buffer("late", torch.zeros(1))
        return self.layer(x) * self.u + self.plain + self.v

    kept = {name: nn.Parameter(torch.tensor([2.0, torch.nan])[:1]) for name in "uv"}
    network = logits_with(forward, **kept, plain=torch.zeros(1), layer=nn.Linear(8, 3))
    tensors = network.u, network.v, network.plain
    versions = [x._version for x in tensors]
    accuracy(network, DATA.validation)
    after = network.u, network.v, network.plain
    assert [x.item() for x in after] == [2, 2, 0] and all(
        a is b for a, b in zip(tensors, after, strict=True)
    )
    assert [x._version for x in after] == versions and not dict(network.named_buffers())


@pytest.mark.parametrize(
    "buffer", [torch.ones(1).expand(3), torch.full((1,), torch.nan).expand(3)], ids=["1", "nan"]
)
def test_accuracy_with_an_expanded_buffer(buffer):
    network = nn.Sequential(nn.Linear(8, 3))
    right = accuracy(network, DATA.validation)
    network.register_buffer("scale", buffer)
    assert accuracy(network, DATA.validation) == right and network.scale is buffer


def test_accuracy_of_a_network_made_in_inference_mode():
    with torch.inference_mode():
        network = nn.Sequential(nn.Linear(8, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3))
        right = (
            network.eval()(torch.tensor(DATA.validation.images)).argmax(1).numpy()
            == DATA.validation.labels
        )
    before = [x.clone() for x in network.state_dict().values()]
    assert accuracy(network.train(), DATA.validation) == right.mean() and network.training
    assert alike(before, list(network.state_dict().values()))


def test_accuracy_uses_up_no_random_numbers():
    def forward(self, x):
        chance = [random.random(), np.random.rand(), self.numpy.random(), self.python[0].random()]
        return self.layer(x) + sum(chance) + torch.rand(1) + torch.rand(1, generator=self.torch)

    def states() -> list:
        of_numpy = str(np.random.get_state()), str(network.numpy.bit_generator.state)
        of_python = random.getstate(), network.python[0].getstate()
        return [*of_numpy, *of_python, torch.get_rng_state(), network.torch.get_state()]

    kept = {
        "numpy": np.random.default_rng(0),
        "python": [random.Random(0)],
        "torch": torch.Generator(),
    }
    network = logits_with(forward, **kept, layer=nn.Linear(8, 3))
    before = states()
    accuracy(network, DATA.validation)
    assert alike(before, states())


HOLDERS = {
    "a list": lambda norm: logits_with(lambda self, x: self.kept[0](x), kept=[norm]),
    "a dict in a tuple": lambda norm: logits_with(
        lambda self, x: self.kept[0]["n"](x), kept=({"n": norm},)
    ),
    "an object": lambda norm: logits_with(
        lambda self, x: self.kept.norm(x), kept=SimpleNamespace(norm=norm)
    ),
    "a closure": lambda norm: logits_with(lambda self, x: norm(x)),
}


def hooked(norm: nn.Module) -> nn.Module:
    network = nn.Identity()
    network.register_forward_hook(lambda module, args, output: norm(output))
    return network


@pytest.mark.parametrize("hold", [*HOLDERS.values(), hooked], ids=[*HOLDERS, "a hook"])
def test_accuracy_puts_modules_that_are_not_registered_in_eval_mode(hold):
    norm = nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 3)).double()
    norm(torch.rand(20, 8, dtype=torch.float64))
    before = [x.clone() for x in norm.state_dict().values()]
    found = accuracy(hold(norm), DATA.validation)
    assert norm.training and norm[0].training and alike(before, list(norm.state_dict().values()))
    assert found == accuracy(norm, DATA.validation)


def test_accuracy_puts_a_module_that_is_a_global_in_eval_mode(monkeypatch):
    monkeypatch.setitem(globals(), "NORM", nn.BatchNorm1d(8))
    network = nn.Sequential(nn.Linear(8, 3))
    network.register_forward_pre_hook(lambda module, args: NORM(*args))  # noqa: F821
    accuracy(network, DATA.validation)
    assert NORM.training and NORM.num_batches_tracked == 0  # noqa: F821


@pytest.mark.parametrize(
    "hold", [lambda w: w, lambda w: [w], lambda w: {"w": (w,)}], ids=["plain", "list", "dict"]
)
def test_accuracy_of_float64_weights_that_are_not_registered(hold):
    def forward(self, x):
        kept = self.kept
        while not isinstance(kept, torch.Tensor):
            kept = kept["w"] if isinstance(kept, dict) else kept[0]
        return x @ kept

    weights = torch.rand(8, 3, dtype=torch.float64)
    right = (DATA.validation.images @ weights.numpy()).argmax(1) == DATA.validation.labels
    assert accuracy(logits_with(forward, kept=hold(weights)), DATA.validation) == right.mean()


def test_accuracy_of_what_was_traced_is_that_of_the_module(monkeypatch):
    monkeypatch.setattr("mbh_utils.networks.evaluation._BLOCK", 64)
    torch.manual_seed(0)
    images_in = nn.Sequential(nn.Conv2d(1, 6, 2), nn.ReLU(), nn.Flatten(), nn.Linear(18, 3))
    rows_in = nn.Sequential(nn.Unflatten(1, (1, 2, 4)), images_in)
    traced = trace(images_in, input_shape=(1, 2, 4))
    assert accuracy(traced, DATA.validation) == accuracy(rows_in, DATA.validation)
    with pytest.raises(MBHError, match="traced for 8 inputs, but samples have 2"):
        accuracy(traced, Samples([[0.5, 0.5]], [0]))
