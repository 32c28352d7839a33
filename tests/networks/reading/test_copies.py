"""A module is read by a copy of it: whatever its class, hooks or attributes do, the copy does."""

import dataclasses
import types
import weakref
from typing import ClassVar

import numpy as np
import pytest
import torch
import torch.fx
from reading_helpers import SQUARE, Wrapped, assert_right, assert_same, mlp, snapshot
from torch import nn
from torch.nn import functional

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import run_original, tracing
from mbh_utils.networks.reading.reader import read_network

#: Used by :class:`ByGlobal`.
SIGN = {"of": -1.0}


class ByGlobal(nn.Module):
    """Its ``forward`` uses a global dict, of which the copy has one of its own."""

    def __init__(self):
        super().__init__()
        self.body = mlp()

    def forward(self, x):
        return SIGN["of"] * self.body(x)


class Normalised(ByGlobal):
    def forward(self, x):
        return super().forward((x - 0.13) / 0.31)


def test_a_method_that_overrides_another_is_the_one_that_runs():
    assert_right(Normalised())


def shift_input(module, inputs):
    return (inputs[0] * 0.5 + 0.3,)


GRAPH_CHANGES = {
    "pre-hook": lambda g: g.register_forward_pre_hook(shift_input),
    "hook": lambda g: g.register_forward_hook(lambda m, inputs, y: -2 * y + 1),
    "forward": lambda g: setattr(g, "forward", lambda x, f=g.forward: f(0.5 * x) - 1),
}


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("change", GRAPH_CHANGES.values(), ids=GRAPH_CHANGES)
def test_what_is_put_on_a_graph_module_counts(change, nested):
    graph = torch.fx.symbolic_trace(mlp())
    change(graph)
    assert_right(
        nn.Sequential(graph, nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2)) if nested else graph
    )


SCALES = weakref.WeakKeyDictionary()


class ByIdentity(nn.Module):
    """What it computes depends on which objects its parts are, which those of a copy are not."""

    def __init__(self, way):
        super().__init__()
        self.i = nn.Linear(2, 8)
        self.o = nn.Linear(8, 3)
        self.way = way
        self.gain = {id(self.i): -1.0}
        SCALES[self.i] = -1.0

    def forward(self, x):
        gain = self.gain.get(id(self.i), 1.0) if self.way == "id" else scale_of(self.i)
        return self.o(functional.relu(gain * self.i(x)))


def scale_of(layer):
    return SCALES.get(layer, 1.0)


@pytest.mark.parametrize("way", ["id", "weak keys"])
def test_a_copy_that_is_another_function_is_refused(way):
    network = ByIdentity(way)
    before = snapshot(network)
    with pytest.raises(MBHError, match="copy of ByIdentity.*computes something else"):
        read_network(network)
    assert_same(before, snapshot(network))


class ScaleOf:
    def __call__(self, module, inputs, output):
        return output * scale_of(module)


def test_a_hook_whose_copy_is_another_function_is_refused():
    network = mlp()
    SCALES[network[0]] = -1.0
    network[0].register_forward_hook(ScaleOf())
    with pytest.raises(MBHError, match="copy of Sequential.*computes something else"):
        read_network(network)


class Slotted:
    """Its copies have another number."""

    __slots__ = ("factor",)

    def __init__(self, factor=1.0):
        self.factor = factor

    def __deepcopy__(self, memo):
        return Slotted()


def test_a_part_whose_copy_is_another_is_refused():
    network = Unregistered(layers=[mlp(), nn.Linear(3, 3)])
    network.slotted = Slotted(-2.0)
    network.forward = types.MethodType(lambda m, x: m.layers[0](m.slotted.factor * x), network)
    with pytest.raises(MBHError, match="computes something else"):
        tracing.trace(network, 2)


MADE = {}


class Remembers(nn.Module):
    """What it makes in its first pass stays: in an attribute, lists, its class, a global dict."""

    made: ClassVar = []

    def __init__(self):
        super().__init__()
        self.body = mlp()
        self.half = None
        self.log = []

    def forward(self, x):
        if self.half is None:
            self.half = 0.5 * torch.ones(3)
            self.log.append("made")
            self.made.append("made")
            MADE["half"] = self.half
        return self.half * self.body(x)


def test_running_the_module_itself_leaves_no_traces(monkeypatch):
    runs = []
    run = run_original.outputs_of_itself

    def counted(*args):
        runs.append(run(*args))
        return runs[-1]

    monkeypatch.setattr(run_original, "outputs_of_itself", counted)
    network = Remembers()
    before = snapshot(network)
    read_network(network)
    assert_same(before, snapshot(network))
    assert len(runs) == 1 and runs[0] is not None
    assert network.half is None and not network.log and not network.made and not MADE
    assert_right(network)


class Unregistered(nn.Module):
    """Its layers or weights are in a list, a dict or plain attributes, unknown to torch."""

    def __init__(self, **parts):
        super().__init__()
        vars(self).update(parts)

    def forward(self, x):
        if hasattr(self, "v"):
            return functional.relu(x @ self.v) @ self.w
        first, last = self.layers.values() if isinstance(self.layers, dict) else self.layers
        return last(functional.relu(first(x)))


@pytest.mark.parametrize("how", ["list", "dict", "tensors"])
def test_numbers_that_torch_does_not_know_of_tell_their_type(how):
    torch.manual_seed(0)
    first, last = nn.Linear(2, 8), nn.Linear(8, 3)
    network = {
        "list": lambda: Unregistered(layers=[first, last]),
        "dict": lambda: Unregistered(layers={"first": first, "last": last}),
        "tensors": lambda: Unregistered(v=torch.randn(2, 8), w=torch.randn(8, 3)),
    }[how]()
    x = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    with torch.no_grad():
        expected = network(torch.from_numpy(x).float()).numpy()
    assert np.allclose(tracing.trace(network, 2)(x), expected, atol=1e-5)


class Frozen(Wrapped):
    def __init__(self):
        super().__init__(mlp())
        object.__setattr__(self, "done", True)

    def __setattr__(self, name, value):
        if vars(self).get("done"):
            raise AttributeError("it is frozen")
        super().__setattr__(name, value)


@dataclasses.dataclass(eq=True)
class Unhashable(nn.Module):
    n: int = 8

    def __post_init__(self):
        nn.Module.__init__(self)
        self.body = mlp(2, self.n, 3)

    def forward(self, x):
        return self.body(x)


class OwnNames(Wrapped):
    def named_parameters(self):
        return [("weight", self.body[0].weight)]


class OwnParts(Wrapped):
    def children(self):
        return [self.body]

    def modules(self):
        return []


UNUSUAL = {
    "attributes are fixed": Frozen,
    "without a hash": Unhashable,
    "own named_parameters": lambda: OwnNames(mlp()),
    "own children": lambda: OwnParts(mlp()),
}


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("make", UNUSUAL.values(), ids=UNUSUAL)
def test_classes_with_methods_of_their_own_are_read(make, nested):
    network = make()
    whole = nn.Sequential(network, nn.ReLU(), nn.Linear(3, 2)) if nested else network
    x = torch.from_numpy(np.random.default_rng(0).uniform(-2, 2, (50, 2)))
    read = tracing.trace(whole)
    assert np.allclose(read(x.numpy()), whole(x.float()).detach().numpy(), atol=1e-5)
    assert len(mbh.partition_input_space(whole, SQUARE)) > 1
