"""Hooks that only observe, hooks that decide, and modules that change or draw while they run."""

import contextlib
import os
import random

import numpy as np
import pytest
import torch
import torch.fx
from reading_helpers import SQUARE, assert_right, mlp
from torch import nn
from torch.nn import functional

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.reader import proved_linears, read_network
from mbh_utils.regions.planes import domain_points

KEPT = {}


def keep_globally(module, inputs, output):
    KEPT["last"] = output.detach().numpy()
    KEPT.setdefault("dead", []).append((output > 0).float().mean().item())
    KEPT["largest"] = max(KEPT.get("largest", 0.0), float(output.max()))


def test_hooks_that_observe_do_no_harm_and_see_nothing():
    network = mlp()
    kept = []
    recorder = Recorder()
    expected = read_network(network)
    network[0].register_forward_hook(lambda m, i, y: kept.append(y))
    network[1].register_forward_hook(keep_globally)
    network[2].register_forward_hook(recorder.record)
    network[3].register_forward_pre_hook(recorder)
    KEPT.clear()
    read = read_network(network)
    for a, b in zip(read.hidden, expected.hidden, strict=True):
        assert np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)
    assert (kept, KEPT, recorder.seen, recorder.n) == ([], {}, [], 0)
    network(torch.zeros(5, 2))
    assert len(kept) == 1 and KEPT["last"].shape == (5, 8) and recorder.n == 2


class KeepsElsewhere(nn.Module):
    """Keeps what it sees in a list of its class and in a global dict."""

    seen = []

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        h = functional.relu(self.a(x))
        self.seen.append(h)
        self.note(h)
        return self.out(h)

    def note(self, h):
        KEPT["h"] = h


def test_lists_and_dicts_of_a_class_and_global_ones_stay_as_they_are():
    KEPT.clear()
    network = KeepsElsewhere()
    read_network(network, points=domain_points(SQUARE))
    assert KeepsElsewhere.seen == [] and KEPT == {} and "note" not in vars(network)
    assert_right(network)
    assert len(KeepsElsewhere.seen) == 1 and KEPT["h"].shape == (2000, 8), (
        "only from the pass of this test"
    )
    KeepsElsewhere.seen.clear()


class Recorder:
    def __init__(self):
        self.seen = []
        self.n = 0
        self.lock = None

    def record(self, module, inputs, output):
        self.seen.append(output.norm().item())
        self.n += 1

    def __call__(self, module, inputs):
        self.n += 1


def test_a_hook_that_cannot_be_followed_is_named():
    network = mlp()
    network[1].register_forward_hook(lambda m, i, y: torch.sigmoid(y))
    with pytest.raises(
        MBHError, match=r"in the forward hook of 1 \(ReLU\), 1\.sigmoid is a sigmoid: it is not"
    ):
        read_network(network)
    network = mlp()
    network[1].register_forward_hook(
        lambda m, i, y: y * float(y.max())
    )  # a number, out of sight of torch
    with pytest.raises(
        MBHError, match=r"forward hook of 1 \(ReLU\) takes the numbers .*and returns something"
    ):
        read_network(network)


def switched_off(module, inputs, output):
    if output.max() > 1e3:  # nowhere near any point that is looked at
        output.zero_()


def peak(module, inputs):
    module.scale = 2.0 if np.abs(inputs[0].detach().numpy()).max() > 1e4 else 1.0


def rarely(module, inputs, output):
    return output * 0 if output.max() > 1e3 else output


@pytest.mark.parametrize("hook", [switched_off, peak, rarely])
def test_a_hook_that_decides_by_numbers_is_named_though_it_does_not_act_yet(hook):
    """At none of the points that are compared would it show."""
    network = nn.Sequential(nn.Linear(2, 8), Scaled(), nn.ReLU(), nn.Linear(8, 3))
    pre = hook is peak
    (network[1].register_forward_pre_hook if pre else network[1].register_forward_hook)(hook)
    with pytest.raises(
        MBHError,
        match=r"hook of 1 \(Scaled\) takes the numbers of tensors that depend on the input",
    ):
        read_network(network)


class LetsErrorsPass(nn.Module):
    """Switches off where an activation is large, and goes on whatever happens on the way."""

    def __init__(self, by_hook):
        super().__init__()
        self.a = nn.Linear(2, 8)
        self.out = nn.Linear(8, 3)
        if by_hook:
            self.a.register_forward_hook(rarely)

    def forward(self, x):
        h = functional.linear(x, self.a.weight, self.a.bias)
        with contextlib.suppress(Exception):
            h = self.a(x)
            if h.max() > 1e3:
                return self.out(h)
        return self.out(functional.relu(h))


@pytest.mark.parametrize("by_hook", [False, True])
def test_a_refusal_cannot_be_caught_by_the_module(by_hook):
    words = "hook of a .* takes the numbers" if by_hook else r"asks for the numbers .* \(bool\)"
    with pytest.raises(MBHError, match="LetsErrorsPass cannot be traced: .*" + words):
        read_network(LetsErrorsPass(by_hook))


class Scaled(nn.Module):
    scale = 1.0

    def forward(self, x):
        return self.scale * x


class Seventh(nn.Module):
    """Is another network every seventh time."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 8)
        self.out = nn.Linear(8, 3)
        self.register_buffer("n", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        self.n += 1
        return self.out(functional.relu(self.a(-x if self.n % 7 == 0 else x)))


def test_a_module_that_counts_its_passes_may_not_act_by_them():
    network = Seventh()
    with pytest.raises(
        MBHError, match="Seventh computes changes from pass to pass: .*changes n: take that out"
    ):
        read_network(network)
    assert network.n == 0


def test_where_new_tensors_lie_is_no_matter():
    network = mlp()
    convolutional = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.LeakyReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2, 3)
    )
    expected = mbh.trace(convolutional, (1, 4, 4), output_layer=False).layers
    with torch.device("meta"):  # as torch.set_default_device does it
        assert proved_linears(network) is not None and len(read_network(network).hidden) == 2
        found = mbh.trace(convolutional, (1, 4, 4), output_layer=False).layers
    assert all(
        np.array_equal(x, y)
        for a, b in zip(found, expected, strict=True)
        for x, y in zip(a, b, strict=True)
    )


class Coin(nn.Module):
    """Falls on its edge once in a billion times: rarer than any comparison could see."""

    def __init__(self, draw):
        super().__init__()
        self.a = nn.Linear(2, 8)
        self.out = nn.Linear(8, 3)
        self.draw = draw
        self.own = random.Random(0)
        self.generator = np.random.default_rng(0)

    def forward(self, x):
        return self.out(functional.relu(self.a(x)) * (self.draw(self) > 1e-9))


@pytest.mark.parametrize(
    ("draw", "whose"),
    [
        (lambda m: random.random(), "Python"),
        (lambda m: np.random.rand(), "numpy"),
        (lambda m: m.own.random(), "a generator that it keeps"),
        (lambda m: m.generator.random(), "a generator that it keeps"),
        (lambda m: np.random.default_rng().random(), "the system"),
        (lambda m: random.SystemRandom().random(), "the system"),
        (lambda m: random.Random().random(), "the system, or of a generator made on the way"),
        (lambda m: int.from_bytes(os.urandom(8), "big"), "the system"),
    ],
)
def test_coins_are_refused_however_rarely_they_matter(draw, whose):
    network = Coin(draw)
    state = random.getstate()
    with pytest.raises(MBHError, match=f"Coin draws random numbers of {whose}.*: .*left to chance"):
        read_network(network)
    assert random.getstate() == state and network.own.random() == random.Random(0).random()
    network.draw = lambda m: 1.0
    assert_right(network)
