"""The one reader of networks: whatever changes what a module computes is taken into account, or refused by name.

Every module here is partitioned and compared with its own forward passes, or refused with words for the cause.
"""

import contextlib
import copy
import dataclasses
import functools
import os
import random
import threading
import types
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest
import torch
import torch.fx
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.networks.reading import reader, run_original, tracing
from mbh_utils.networks.reading.reader import proved_linears, read_network
from mbh_utils.regions.planes import Line, Plane, domain_points

SQUARE = Plane.rectangle((-2, -2), (2, 2))


def mlp(n_inputs: int = 2, *widths: int, seed: int = 0) -> nn.Sequential:
    """Linear and ReLU in turn, biases of some size."""
    torch.manual_seed(seed)
    widths, layers = (n_inputs, *(widths or (8, 6, 3))), []
    for n, m in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(n, m), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Wrapped(nn.Module):
    """Another module, as anyone writes it into a module of one's own."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return self.body(x)


def outputs(network: nn.Module, x: np.ndarray) -> np.ndarray:
    kind = next((p.dtype for p in network.parameters() if p.is_floating_point()), torch.float64)
    with torch.no_grad():
        return network(torch.from_numpy(x).to(kind)).detach().double().numpy().reshape(len(x), -1)


def assert_right(network: nn.Module, plane=SQUARE, tolerance: float = 1e-5):
    """What was read gives the module's outputs, and the partition its classes, on 2,000 points of the plane."""
    uv = np.random.default_rng(0).uniform(-1.9, 1.9, (2000, 2))
    x = plane.embed(uv)
    read, expected = read_network(network, points=domain_points(plane)), outputs(network, x)
    values = x
    for layer in read.carrying:
        values = values @ layer.weight.T + layer.bias
        n = len(layer.bias) - layer.n_linear
        values[:, :n] = np.maximum(values[:, :n], 0)
    found = values @ read.output.weight.T + read.output.bias
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()
    patterns = mbh.partition_input_space(network, plane)
    assert (patterns.patterns[patterns.locate(uv)] == mbh.activation_patterns(network, x)).all(
        axis=1
    ).mean() > 0.999
    if expected.shape[1] > 1:
        regions = mbh.partition_input_space(network, plane, decision_boundary=True)
        wrong = regions.classes[regions.locate(uv)] != expected.argmax(axis=1)
        assert wrong.mean() < 0.004
    return read


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
        self.i, self.o, self.way = nn.Linear(2, 8), nn.Linear(8, 3), way
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
    """What it makes in its first pass stays in an attribute, in lists, in its class and in a global dict."""

    made: ClassVar = []

    def __init__(self):
        super().__init__()
        self.body, self.half, self.log = mlp(), None, []

    def forward(self, x):
        if self.half is None:
            self.half = 0.5 * torch.ones(3)
            self.log.append("made")
            self.made.append("made")
            MADE["half"] = self.half
        return self.half * self.body(x)


def test_running_the_module_itself_leaves_no_traces(monkeypatch):
    runs, run = [], run_original.outputs_of_itself

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
    """Its layers or weights are in a list, a dict or plain attributes, which torch does not know of."""

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


# ---------------------------------------------------------------------------------------- what is read without a run


@pytest.fixture
def traced_modules(monkeypatch):
    """The modules that were traced."""
    seen, trace_at = [], tracing.trace_at

    def count(module, *args, **options):
        seen.append(module)
        return trace_at(module, *args, **options)

    monkeypatch.setattr(tracing, "trace_at", count)
    return seen


def changed(network, change) -> nn.Module:
    change(network)
    return network


def plain_networks() -> dict:
    shared = nn.Linear(2, 2)
    with_backward = mlp()
    with_backward[1].register_full_backward_hook(lambda m, grads, out: None)
    one = nn.Identity()
    return {
        "ours": Network(2, (8, 5), 3, bias_std=0.3),
        "sequential": mlp(),
        "idle parts": nn.Sequential(nn.Flatten(), *mlp(), nn.Dropout(0.0), nn.Identity()),
        "dropout in eval mode": nn.Sequential(
            nn.Linear(2, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3)
        ).eval(),
        "one Linear twice": nn.Sequential(shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(2, 3)),
        "one Identity twice": nn.Sequential(nn.Linear(2, 5), one, nn.ReLU(), nn.Linear(5, 3), one),
        "ends in a ReLU": nn.Sequential(*mlp(), nn.ReLU()),
        "backward hooks": with_backward,
        "no bias": nn.Sequential(
            nn.Linear(2, 8, bias=False), nn.ReLU(inplace=True), nn.Linear(8, 3, bias=False)
        ),
        "masked in its data": masked_in_its_data(),
        "tied weights": changed(mlp(2, 2, 2, 3), lambda m: setattr(m[2], "weight", m[0].weight)),
        "DataParallel": nn.DataParallel(mlp()),
    }


def masked_in_its_data() -> nn.Module:
    network = mlp()
    network[0].weight.data[::2] = 0
    return network


@pytest.mark.parametrize("name", plain_networks())
def test_plain_networks_are_read_as_they_are_and_as_traced(name, traced_modules):
    network = plain_networks()[name]
    read = read_network(network)
    assert not traced_modules
    traced = mbh.trace(tracing.unwrapped(network), (2,))
    for a, b in zip(read.layers(), traced.hidden_layers(), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert all(np.array_equal(x, y) for x, y in zip(read.output, traced.output, strict=False))
    assert_right(network)


def put_forward(kind, function):
    """For a test: a class that has this forward, though it is called as the layer."""
    return type(kind.__name__, (kind,), {"forward": function, "__module__": kind.__module__})


NOT_PLAIN = {
    "hook": lambda: changed(mlp(), lambda m: m[1].register_forward_hook(lambda m, i, y: 2 * y)),
    "hook that sees keywords": lambda: changed(
        mlp(), lambda m: m[2].register_forward_hook(lambda m, i, k, y: y - 1, with_kwargs=True, always_call=True)
    ),
    "hook in place": lambda: changed(mlp(), lambda m: m[1].register_forward_hook(lambda m, i, y: y.mul_(2))),
    "pre-hook": lambda: changed(mlp(), lambda m: m[2].register_forward_pre_hook(lambda m, i: (i[0] + 1,))),
    "pre-hook that sees keywords": lambda: changed(
        mlp(), lambda m: m[2].register_forward_pre_hook(lambda m, i, k: ((i[0] + 1,), k), with_kwargs=True)
    ),
    "pre-hook of the whole": lambda: changed(mlp(), lambda m: m.register_forward_pre_hook(lambda m, i: (3 * i[0],))),
    "hook of the whole": lambda: changed(mlp(), lambda m: m.register_forward_hook(lambda m, i, y: -y)),
    "hook of ours": lambda: changed(
        Network(2, (8, 5), 3, bias_std=0.3), lambda m: m.hidden_layers[0].register_forward_hook(lambda m, i, y: y + 1)
    ),
    "two hooks": lambda: changed(
        mlp(), lambda m: [m[1].register_forward_hook(f) for f in (lambda m, i, y: y + 1, lambda m, i, y: 2 * y)]
    ),
    "hook of a method": lambda: changed(mlp(), lambda m: m[1].register_forward_hook(Scales(3.0).scale)),
    "hook of an object": lambda: changed(mlp(), lambda m: m[1].register_forward_hook(Scales(3.0))),
    "hook of a partial function": lambda: changed(
        mlp(), lambda m: m[1].register_forward_hook(functools.partial(scale_by, 0.5))
    ),
    "subclass of Sequential": lambda: type("R", (nn.Sequential,), {"forward": add_input})(
        nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)
    ),
    "subclass of Linear": lambda: nn.Sequential(put_forward(nn.Linear, half)(2, 8), nn.ReLU(), nn.Linear(8, 3)),
    "subclass of ReLU": lambda: nn.Sequential(nn.Linear(2, 8), put_forward(nn.ReLU, half_relu)(), nn.Linear(8, 3)),
    "subclass of Network": lambda: put_forward(Network, lambda self, x: Network.forward(self, 2 * x))(
        2, (8, 5), 3, bias_std=0.3
    ),
    "__call__ of its own": lambda: type("C", (nn.Sequential,), {"__call__": called_twice})(*mlp(2, 8, 2)),
    "ours with another output": lambda: changed(
        Network(2, (8, 5), 3, bias_std=0.3),
        lambda m: setattr(m, "output", nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))),
    ),
    "ours with other hidden layers": lambda: changed(
        Network(2, (8, 5), 3, bias_std=0.3), lambda m: setattr(m, "hidden_layers", nn.Sequential(*mlp(2, 6, 5)[::2]))
    ),
    "forward of an instance": lambda: changed(
        mlp(), lambda m: setattr(m, "forward", types.MethodType(lambda self, x: self[3:](self[0:3:2](x)), m))
    ),
    "forward of an instance, a lambda": lambda: changed(
        mlp(), lambda m: setattr(m, "forward", lambda x: 2 * nn.Sequential.forward(m, x) + x.sum(dim=1, keepdim=True))
    ),
    "forward of a layer": lambda: changed(
        mlp(), lambda m: setattr(m[1], "forward", lambda z: functional.leaky_relu(z, 0.3))
    ),
    "forward around that of a layer": lambda: changed(mlp(), around_forward),
    "hook that uses another module": lambda: changed(mlp(), add_what_another_says),
    "weight_norm": lambda: changed(mlp(), lambda m: parametrizations.weight_norm(m[0])),
    "orthogonal": lambda: changed(mlp(), lambda m: parametrizations.orthogonal(m[2])),
    "spectral_norm": lambda: changed(mlp(), lambda m: parametrizations.spectral_norm(m[2])).eval(),
    "parametrization": lambda: changed(
        mlp(), lambda m: parametrize.register_parametrization(m[2], "weight", Lower())
    ),
    "older weight_norm": lambda: reloaded(changed(mlp(), lambda m: weight_norm(m[0]))),
    "older spectral_norm": lambda: changed(mlp(), lambda m: spectral_norm(m[0])(torch.ones(1, 2))).eval(),
    "pruned": lambda: changed(mlp(), lambda m: prune.random_unstructured(m[0], "weight", 0.5)),
    "pruned, then loaded": lambda: reloaded(changed(mlp(), lambda m: prune.random_unstructured(m[0], "weight", 0.5))),
    "pruned globally": lambda: changed(
        mlp(), lambda m: prune.global_unstructured([(m[0], "weight"), (m[2], "bias")], prune.L1Unstructured, amount=0.4)
    ),
    "masked by a buffer": lambda: nn.Sequential(MaskedByBuffer(2, 8), nn.ReLU(), nn.Linear(8, 3)),
    "masked by a hook": lambda: changed(mlp(), lambda m: m[0].register_forward_pre_hook(zero_first_row)),
    "masked by a parametrization": lambda: changed(
        mlp(), lambda m: parametrize.register_parametrization(m[0], "weight", Masks(torch.ones(8, 2).tril()))
    ),
    "weight of another type": lambda: changed(
        mlp(), lambda m: setattr(m[0], "weight", nn.Parameter(m[0].weight.detach().as_subclass(Doubling)))
    ),
    "compiled in place": lambda: changed(mlp(), lambda m: m.compile(backend="eager")),
    "nested": lambda: nn.Sequential(mlp(2, 8, 6), nn.ReLU(), mlp(6, 5, 3)),
}  # fmt: skip


class Scales:
    def __init__(self, factor):
        self.factor = factor

    def scale(self, module, inputs, output):
        return self.factor * output

    __call__ = scale


class Lower(nn.Module):
    def forward(self, weight):
        return weight.tril()


class Masks(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight):
        return weight * self.mask


class MaskedByBuffer(nn.Linear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.register_buffer(
            "mask", (torch.arange(n_in * n_out).reshape(n_out, n_in) % 3 > 0).float()
        )

    def forward(self, x):
        return functional.linear(x, self.weight * self.mask, self.bias)


class Doubling(torch.Tensor):
    """A weight whose products are twice as large, as those of quantised or scaled weights may be."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        result = super().__torch_function__(func, types, args, kwargs or {})
        return 2 * result.as_subclass(torch.Tensor) if func is functional.linear else result

    def __deepcopy__(self, memo):
        return nn.Parameter(self.detach().clone())


def scale_by(factor, module, inputs, output):
    return factor * output


def add_input(self, x):
    return x + nn.Sequential.forward(self, x)


def half(self, x):
    return 0.5 * nn.Linear.forward(self, x)


def half_relu(self, x):
    return nn.ReLU.forward(self, x - 0.5)


def called_twice(self, x):
    return nn.Sequential.__call__(self, nn.Sequential.__call__(self, x))


def around_forward(network):
    before = network[0].forward
    network[0].forward = lambda x: 2 * before(x) + 1


def add_what_another_says(network):
    another, calls = mlp(2, 4, 3, seed=7), []
    network.register_forward_hook(lambda m, i, y: (calls.append(len(i)), y + another(i[0]))[1])


def zero_first_row(module, inputs):
    module.weight.data[0] = 0


def reloaded(network: nn.Module) -> nn.Module:
    """After another state was loaded: the attribute ``weight`` is out of date until the next forward pass."""
    network.load_state_dict(
        {k: x if "mask" in k else 1.5 * x for k, x in network.state_dict().items()}
    )
    return network


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_what_changes_a_plain_network_counts(name, traced_modules):
    torch.manual_seed(3)
    network = NOT_PLAIN[name]()
    assert proved_linears(network) is None
    assert_right(network)
    assert traced_modules


@pytest.mark.parametrize(
    "register", ["register_module_forward_hook", "register_module_forward_pre_hook"]
)
def test_hooks_of_all_modules_count(register):
    network = mlp()
    plain = read_network(network).hidden
    hook = {
        "register_module_forward_hook": lambda m, i, y: 2 * y if isinstance(m, nn.ReLU) else None,
        "register_module_forward_pre_hook": lambda m, i: (
            (i[0] + 1,) if isinstance(m, nn.Linear) else None
        ),
    }[register]
    handle = getattr(nn.modules.module, register)(hook)
    try:
        read = assert_right(network)
    finally:
        handle.remove()
    assert any(not np.array_equal(a.weight, b.weight) or not np.array_equal(a.bias, b.bias)
               for a, b in zip(plain, read.hidden, strict=True))  # fmt: skip
    assert all(
        np.array_equal(a.bias, b.bias)
        for a, b in zip(plain, read_network(network).hidden, strict=True)
    )


def test_a_forward_put_on_the_class_counts(monkeypatch):
    network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    assert proved_linears(network) is not None
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: functional.leaky_relu(x, 0.5))
    assert proved_linears(network) is None
    assert len(assert_right(network).carrying[0].bias) == 8 + 2


def test_training_mode_that_acts_is_refused_and_eval_mode_is_taken():
    for layer, words in (
        (nn.Dropout(), "^2 is a Dropout in training mode"),
        (nn.BatchNorm1d(8), "^2 is a BatchNorm1d"),
    ):
        network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), layer, nn.Linear(8, 3))
        with pytest.raises(MBHError, match=words):
            read_network(network)
        assert_right(network.eval())


def test_a_pass_that_changes_the_module_is_refused_in_training_mode():
    network = changed(
        mlp(), lambda m: spectral_norm(m[0])
    )  # every pass improves its estimate of the norm
    with pytest.raises(MBHError, match=r"disagree.*changes 0\.weight_u.*call module\.eval\(\)"):
        read_network(network)
    assert_right(network.eval())


# -------------------------------------------------------------------------------------------------- hooks that observe

KEPT = {}


def keep_globally(module, inputs, output):
    KEPT["last"] = output.detach().numpy()
    KEPT.setdefault("dead", []).append((output > 0).float().mean().item())
    KEPT["largest"] = max(KEPT.get("largest", 0.0), float(output.max()))


def test_hooks_that_observe_do_no_harm_and_see_nothing():
    network, kept, recorder = mlp(), [], Recorder()
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
        self.a, self.out = nn.Linear(2, 8), nn.Linear(8, 3)

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
        self.seen, self.n, self.lock = [], 0, None

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
        self.a, self.out = nn.Linear(2, 8), nn.Linear(8, 3)
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
        self.a, self.out = nn.Linear(2, 8), nn.Linear(8, 3)
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
    """Falls on its edge once in a thousand times."""

    def __init__(self, draw):
        super().__init__()
        self.a, self.out, self.draw = nn.Linear(2, 8), nn.Linear(8, 3), draw
        self.own, self.generator = random.Random(0), np.random.default_rng(0)

    def forward(self, x):
        return self.out(functional.relu(self.a(x)) * (self.draw(self) > 0.001))


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
    network, state = Coin(draw), random.getstate()
    with pytest.raises(MBHError, match=f"Coin draws random numbers of {whose}.*: .*left to chance"):
        read_network(network)
    assert random.getstate() == state and network.own.random() == random.Random(0).random()
    network.draw = lambda m: 1.0
    assert_right(network)


# ------------------------------------------------------------------------------------------- nothing of it is changed


def snapshot(network: nn.Module) -> dict:
    """Everything of a module that a reader could change, and the state of all random numbers."""
    modules = {}
    for name, m in network.named_modules():
        own = {k: x for k, x in vars(m).items() if k not in ("_parameters", "_buffers", "_modules")}
        tensors = {k: x for k, x in own.items() if isinstance(x, torch.Tensor)}
        modules[name] = {
            "type": type(m),
            "hooks": [list(getattr(m, k).items()) for k in vars(m) if "hooks" in k],
            "own": {k: copied(x) for k, x in own.items() if k not in tensors and "hooks" not in k},
            "kept": {
                k: (x.data_ptr(), x.detach().clone(), x.requires_grad) for k, x in tensors.items()
            },
        }
    tensors = {
        name: (
            id(x),
            x.data_ptr(),
            x.detach().clone(),
            x.requires_grad,
            None if x.grad is None else x.grad.clone(),
        )
        for name, x in (*network.named_parameters(), *network.named_buffers())
    }
    randomness = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    return {
        "modules": modules,
        "tensors": tensors,
        "random": randomness,
        "grad": torch.is_grad_enabled(),
    }


def copied(x):
    return copy.copy(x) if isinstance(x, list | dict | set) else x


def assert_same(a, b):
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, np.ndarray):
        assert np.array_equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert a is b or a == b


class Busy(nn.Module):
    """Keeps activations in lists, dicts and attributes, counts, draws random numbers, updates statistics."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.out = (
            nn.Linear(2, 8),
            nn.BatchNorm1d(8),
            parametrizations.spectral_norm(nn.Linear(8, 3)),
        )
        self.register_buffer("average", torch.zeros(()))
        self.kept, self.log, self.n, self.last = {}, [], 0, None

    def forward(self, x):
        self.n += 1
        self.last = functional.relu(self.norm(self.a(x)))
        self.kept["last"] = self.last
        self.log.append(self.last.shape)
        self.average.mul_(0.9).add_(0.1 * self.last.detach().mean())
        self.unused = torch.rand(3)
        return self.out(self.last)


@pytest.mark.parametrize("name", [*NOT_PLAIN, "busy", "trained"])
def test_reading_changes_nothing(name):
    torch.manual_seed(3)
    network = {"busy": lambda: Busy().eval(), "trained": mlp, **NOT_PLAIN}[name]()
    if name in ("busy", "trained"):
        network(torch.ones(4, 2)).sum().backward()  # gradients, and activations that have one
    before = snapshot(network)
    read_network(network, points=domain_points(SQUARE))
    read_network(network, output_layer=False)
    mbh.activation_patterns(network, np.ones((3, 2)))
    assert_same(before, snapshot(network))


def test_reading_in_several_threads_at_once():
    networks = [
        changed(mlp(seed=i), lambda m: m[1].register_forward_hook(lambda m, i, y: y + 1))
        for i in range(6)
    ]
    expected = [read_network(n).layers() for n in networks]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda n: read_network(n).layers(), networks * 3))
    for a, b in zip(found, expected * 3, strict=True):
        assert all(
            np.array_equal(x, y)
            for p, q in zip(a, b, strict=True)
            for x, y in zip(p, q, strict=True)
        )


# ------------------------------------------------------------------------------------------ what is compared, and where


class Cheats(nn.Module):
    """Adds what torch does not see: numbers worked out by numpy, where ``where`` says so of a sample."""

    def __init__(self, where, before: float = 0.0, behind: float = 0.5):
        super().__init__()
        self.a, self.out, self.where, self.before, self.behind = (
            nn.Linear(2, 8),
            nn.Linear(8, 3),
            where,
            before,
            behind,
        )
        self.a.register_forward_pre_hook(self.look)
        self.extra = 0.0

    def look(self, module, inputs):
        self.extra = torch.from_numpy(1.0 * self.where(inputs[0].numpy()))

    def forward(self, x):
        return (
            self.out(functional.relu(self.a(x) + self.before * self.extra))
            + self.behind * self.extra
        )


def test_a_module_is_compared_at_the_points_of_the_domain(monkeypatch):
    monkeypatch.setattr(
        tracing, "_refuse_hooks_that_decide", lambda *a: None
    )  # else that is the first to say so
    far = Plane(np.array([500.0, 500.0]), np.eye(2), (-1.0, -1.0), (1.0, 1.0))
    network = Cheats(lambda x: x.max(axis=1, keepdims=True) > 400).double()
    read_network(network)
    with pytest.raises(
        MBHError,
        match=r"disagree: output \d is .* instead of .* at number \d+ of the points of the domain",
    ):
        mbh.partition_input_space(network, far)
    with pytest.raises(MBHError, match="disagree"):
        mbh.activation_patterns(network, np.full((3, 2), 450.0))
    with pytest.raises(MBHError, match="disagree.*random inputs from 0 to 255"):
        read_network(Cheats(lambda x: x.max(axis=1, keepdims=True) > 200).double())


def test_what_goes_into_an_activation_is_compared_too():
    """Outputs that hide a difference behind weights of zero do not hide it from the patterns."""
    network = Cheats(lambda x: x.max(axis=1, keepdims=True), before=1.0, behind=0.0).double()
    network.out.weight.data.zero_()
    with pytest.raises(
        MBHError, match=r"disagree: what goes into element \d of 'relu' is .* instead of "
    ):
        read_network(network)


def test_rounding_where_everything_cancels_is_no_difference():
    """Inside of a Softshrink's plateau all outputs are 0, and what is left of the traced ones is rounding."""
    for seed in range(20):
        torch.manual_seed(seed)
        layers = [
            nn.Linear(2, 4, bias=False),
            nn.Softshrink(0.2),
            nn.Linear(4, 5, bias=False),
            nn.PReLU(init=-1.0),
        ]
        read_network(
            nn.Sequential(*layers, nn.Linear(5, 3, bias=False), nn.PReLU(init=-1.0)).double()
        )


@settings(max_examples=30)
@given(
    st.integers(0, 10**6),
    st.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16]),
    st.integers(1, 6),
    st.floats(-3, 3),
    st.floats(-3, 3),
)
def test_rounding_is_no_difference(seed, kind, depth, weights, biases):
    """Networks in all types and scales, cancellation included, agree with themselves."""
    torch.manual_seed(seed)
    layers = [
        m for i in range(depth) for m in (nn.Linear(3 if i == 0 else 12, 12), nn.LeakyReLU(0.3))
    ]
    network = nn.Sequential(*layers, nn.Linear(12, 2))
    with torch.no_grad():
        network[0].weight.mul_(10**weights)
        network[-1].weight.mul_(10**-weights)
        for m in network[::2]:
            m.bias.mul_(10**biases)
        network[-1].weight[:, 6:] = -network[-1].weight[:, :6]
    read_network(network.to(kind), points=np.random.default_rng(seed).normal(size=(20, 3)))


def test_points_of_a_plane_and_a_line():
    plane = Plane.through(np.eye(4)[:3])
    points = domain_points(plane, 10)()
    assert points.shape == (4 + 3 + 10, 4)
    assert np.allclose(points[4:7], np.eye(4)[:3]) and np.allclose(
        plane.project(points[:4]), plane.corners
    )
    assert domain_points(Line.through(np.eye(4)[:2]), 10)().shape == (2 + 2 + 10, 4)
    assert np.array_equal(points, domain_points(plane, 10)())


# --------------------------------------------------------------------------------------------- where the outputs are


@pytest.mark.parametrize("last", [nn.ReLU(), nn.LeakyReLU(0.1), nn.Hardtanh()], ids=repr)
def test_a_network_that_ends_in_an_activation_has_no_affine_output_layer(last):
    body = nn.Sequential(*mlp(2, 6, 5, 4), last).double()
    plain, wrapped, ours = read_network(body), read_network(Wrapped(body)), mbh.trace(body)
    for other in (
        wrapped.hidden,
        read_network(ours).hidden,
        read_network(body, output_layer=False).hidden,
    ):
        if isinstance(last, nn.ReLU) or other is not read_network(body, output_layer=False).hidden:
            assert all(
                np.array_equal(a.weight, b.weight)
                for a, b in zip(plain.hidden[:2], other[:2], strict=True)
            )
    k = 2 if isinstance(last, nn.Hardtanh) else 1
    regions = mbh.partition_input_space(body, SQUARE)
    assert (
        regions.widths == mbh.partition_input_space(Wrapped(body), SQUARE).widths == (6, 5, 4 * k)
    )
    assert_right(body)  # its outputs are those of the activation


def test_decisions_of_outputs_that_are_often_equal_go_to_the_first_one():
    body = nn.Sequential(*mlp(2, 6, 3), nn.ReLU()).double()
    uv = np.random.default_rng(1).uniform(-2, 2, (2000, 2))
    expected = outputs(body, uv).argmax(axis=1)
    for network in (body, Wrapped(body)):
        regions = mbh.partition_input_space(network, SQUARE, exact=True, decision_boundary=True)
        assert (regions.classes[regions.locate(uv)] == expected).mean() > 0.998


def test_readings_of_arrays_and_of_what_was_traced():
    layers = [(np.ones((3, 2)), np.zeros(3)), (np.ones((4, 3)), np.zeros(4), 1)]
    read = read_network(layers)
    assert read.output is None and [layer.n_linear for layer in read.hidden] == [0, 1]
    assert [len(layer) for layer in read.layers()] == [2, 3] and read.carrying == read.hidden
    with pytest.raises(MBHError, match="a list of hidden layers has none"):
        read.layers_with_output()
    residual = nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(), nn.Linear(4, 3))
    traced = mbh.trace(residual)
    read = read_network(traced)
    assert [layer.n_linear for layer in read.carrying] == [2] and [
        layer.n_linear for layer in read.hidden
    ] == [0]
    weight, bias, n_classes = read.layers_with_output()[-1]
    assert (
        n_classes == 3
        and np.array_equal(weight, traced.output[0])
        and np.array_equal(bias, traced.output[1])
    )
    with pytest.raises(MBHError, match="one output"):
        read_network(mlp(2, 5, 1)).layers_with_output()


def test_an_output_layer_that_does_not_fit_is_named():
    with pytest.raises(MBHError, match="the output layer takes 4 inputs, but layer 0 has 3"):
        read_network(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 2)))
    network = mlp()
    with torch.no_grad():
        network[-1].weight[1, 2] = np.nan
    with pytest.raises(MBHError, match=r"the output layer: weight\[1, 2\] is nan"):
        read_network(network)


# ----------------------------------------------------------------------------------- wrappers, checkpoints, odd modules


class Setting:
    """A setting that says of itself that its copies are as at first."""

    def __init__(self, factor: float = 1.0):
        self.factor = factor

    def __deepcopy__(self, memo):
        return Setting()


class Forgets(nn.Linear):
    """Leaves its factor behind where it is copied or pickled."""

    factor = 1.0

    def __getstate__(self):
        return {key: x for key, x in vars(self).items() if key != "factor"}

    def forward(self, x):
        return self.factor * super().forward(x) + self.settings[0].factor


def test_a_copy_has_everything_though_its_class_leaves_something_out():
    network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), Forgets(8, 8), nn.ReLU(), nn.Linear(8, 3))
    network[2].factor, network[2].settings = -3.0, [Setting(0.5)]
    assert_right(network)
    assert network[2].factor == -3.0 and network[2].settings[0].factor == 0.5


@pytest.mark.parametrize(
    ("place", "name", "instead"),
    [
        (functional, "relu", lambda h, inplace=False: torch.clamp(h, min=0.3)),
        (functional, "linear", lambda x, w, b: x @ (2 * w.t()) + b),
        (torch, "relu", lambda h: torch.clamp(h, min=-0.2)),
        (functional, "dropout", lambda h, p, training, inplace: h + 1),
        (nn.modules.linear, "F", types.SimpleNamespace(linear=lambda x, w, b: x @ (2 * w.t()) + b)),
        (
            nn.Linear.forward,
            "__code__",
            (lambda self, input: torch.nn.functional.linear(input, -self.weight)).__code__,
        ),
    ],
    ids=["F.relu", "F.linear", "torch.relu", "dropout", "the F of Linear", "the code of Linear"],
)
def test_functions_that_someone_has_replaced_count(place, name, instead, monkeypatch):
    plain = nn.Sequential(nn.Flatten(), *mlp(), nn.Dropout()).eval()
    for network in (plain, Network(2, (8,), 3, seed=0, bias_std=0.3)):
        monkeypatch.setattr(place, name, instead)
        assert proved_linears(network) is None
        assert_right(network)
        monkeypatch.undo()
        assert proved_linears(network) is not None


def test_a_mode_of_torch_that_changes_calls_counts():
    class Doubles(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            found = func(*args, **(kwargs or {}))
            return 2 * found if func is functional.linear else found

    network = mlp()
    plain = read_network(network)
    with Doubles():
        assert proved_linears(network) is None
        assert_right(network)
        assert np.allclose(read_network(network).hidden[0].weight, 2 * plain.hidden[0].weight)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.ReLU()).eval(),
         "^1 is a BatchNorm1d without running statistics .*mixes samples"),
        (lambda: Applied(lambda h: functional.batch_norm(h, None, None, training=True)),
         "batch_norm is a batch_norm: it normalises by the statistics of the batch"),
        (lambda: Applied(lambda h: h * torch.tensor([1.0, np.nan])), r"a mul: a constant tensor .* is nan at \[1\]"),
        (lambda: Applied(lambda h: h + torch.tensor([np.inf, 0.0])), r"a add: a constant tensor .* is inf at \[0\]"),
        (lambda: Applied(lambda h: (h * torch.tensor(1j)).imag), "mul is a mul: it is given complex numbers"),
        (lambda: nn.Sequential(nn.Linear(2, 4), nn.ReLU(), torch.ao.quantization.FakeQuantize()).eval(),
         "^2 is a FakeQuantize, which quantises: it rounds"),
        (nn.Module, "^Module has no forward, so it computes nothing"),
        (lambda: nn.ModuleDict({"a": nn.Linear(2, 2)}), "^ModuleDict has no forward"),
    ],
)  # fmt: skip
def test_the_cause_is_named(make, words):
    with pytest.raises(MBHError, match=words):
        mbh.partition_input_space(make(), SQUARE)


class Applied(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.a, self.out, self.f = nn.Linear(2, 2), nn.Linear(2, 3), f

    def forward(self, x):
        return self.out(functional.relu(self.f(self.a(x))))


def test_wrappers_are_what_they_wrap():
    network = mlp()
    compiled = torch.compile(network, backend="eager")
    for wrapper in (nn.DataParallel(network), compiled, nn.DataParallel(nn.DataParallel(network))):
        assert read_network(wrapper).hidden[0].weight.tolist() == network[0].weight.tolist()
        assert mbh.trace(wrapper).layers[0][0].tolist() == network[0].weight.tolist()
    assert_right(
        nn.Sequential(torch.compile(mlp(2, 8, 6), backend="eager"), nn.ReLU(), nn.Linear(6, 3))
    )
    wrapper = nn.DataParallel(network)
    wrapper.register_forward_hook(lambda m, i, y: 2 * y)
    with pytest.raises(MBHError, match=r"DataParallel has hooks of its own.*give \.module itself"):
        read_network(wrapper)
    with pytest.raises(MBHError, match=r"give \._orig_mod itself"):
        read_network(changed(compiled, lambda m: m.register_forward_hook(lambda m, i, y: 2 * y)))


@pytest.mark.parametrize("where", ["partition", "patterns", "hidden_layers"])
def test_checkpoints_are_no_networks(where):
    ask = {
        "partition": lambda x: mbh.partition_input_space(x, SQUARE),
        "patterns": lambda x: mbh.activation_patterns(x, np.ones((2, 2))),
        "hidden_layers": mbh.hidden_layers,
    }[where]
    state = mlp().state_dict()
    with pytest.raises(
        MBHError,
        match=r"OrderedDict is a checkpoint.*module\.load_state_dict\(checkpoint\), and give",
    ):
        ask(state)
    prefixed = {f"module.{key}": x for key, x in state.items()}
    for checkpoint in (prefixed, {"epoch": 3, "model": prefixed}):
        with pytest.raises(MBHError, match=r"begin with 'module\.' \(DataParallel\).*removeprefix"):
            ask(checkpoint)
    with pytest.raises(MBHError, match=r"load_state_dict\(checkpoint\['model'\]\)"):
        ask({"epoch": 3, "model": state})


class OneSample(nn.Module):
    """Takes one sample at a time, as modules made from ONNX files do."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Linear(4, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.out(torch.relu(self.a(x.reshape(1, -1))))


def test_a_module_for_one_sample_at_a_time():
    network = OneSample()
    traced = mbh.trace(network, (2, 2))
    x = np.random.default_rng(0).normal(size=(20, 4))
    with torch.no_grad():
        expected = torch.cat([network(row[None]) for row in torch.from_numpy(x).float()])
    assert np.allclose(traced(x), expected.numpy(), atol=1e-5)


def lazy():
    return nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))


def same_copy():
    """Of a class that makes its objects in a way of its own, and says that a copy of one is that one itself."""
    own = {
        "__deepcopy__": lambda self, memo: self,
        "__new__": lambda kind, *layers: object.__new__(kind),
    }
    return type("Same", (nn.Sequential,), own)(*mlp(), nn.Hardtanh())


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return functional.relu(x) + y


REFUSED = {
    "lazy": (lazy, r"0\.weight of a lazy module has no shape yet: run the module once"),
    "scripted": (
        lambda: torch.jit.script(mlp()),
        "scripted.*give the module that it was made from",
    ),
    "scripted inside": (
        lambda: Wrapped(torch.jit.script(mlp())),
        "^body is a RecursiveScriptModule, scripted",
    ),
    "meta": (lambda: mlp().to("meta"), r"0\.weight lies on the meta device"),
    "two inputs": (TwoInputs, "takes a second input, y"),
    "copies itself": (same_copy, "its copy shares .* with it"),
    "not a module": (lambda: mlp, "^function is not understood"),
    "of two types": (
        lambda: changed(mlp(), lambda m: m[2].double()),
        r"does not take inputs of shape \(2,\): .*dtype",
    ),
    "no forward": (
        lambda: nn.ModuleList(mlp()),
        "^ModuleList has no forward, so it computes nothing",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_modules_that_cannot_be_run_here_are_refused_with_the_reason(name):
    make, words = REFUSED[name]
    with pytest.raises(MBHError, match=words):
        mbh.partition_input_space(make(), SQUARE)


@pytest.mark.filterwarnings("ignore")
def test_quantised_modules_are_refused():
    network = torch.ao.quantization.quantize_dynamic(mlp(), {nn.Linear})
    with pytest.raises(MBHError, match="^0 is a Linear, which is quantised.*give the float module"):
        read_network(network)


def test_what_cannot_be_copied_is_shared_with_the_copy():
    network = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 3))
    network.lock, network.numbers, network.file = (
        threading.Lock(),
        (i for i in range(3)),
        open(__file__),
    )  # noqa: SIM115
    network.kept = [network(torch.ones(1, 2))]  # copied all the same, with its gradient
    with network.file:
        assert_right(network)
    assert (
        next(network.numbers) == 0 and not network.lock.locked() and network.kept[0].requires_grad
    )


@pytest.mark.parametrize("order", ["as called", "output first"])
def test_the_points_tell_the_shape_that_the_first_layer_does_not(order):
    class Layers(nn.Module):
        def __init__(self):
            super().__init__()
            if order == "output first":
                self.out = nn.Linear(8, 3)
            self.weight = nn.Parameter(torch.randn(2, 8))
            if order != "output first":
                self.out = nn.Linear(8, 3)

        def forward(self, x):
            return self.out(functional.relu(x @ self.weight))

    assert_right(Layers())


def test_a_plane_in_another_space_is_named_as_such():
    for network in (mlp(3, 5, 2), Wrapped(mlp(3, 5, 2))):
        with pytest.raises(MBHError, match=r"lies in R\^2, but the network takes 3 inputs"):
            mbh.partition_input_space(network, SQUARE)


def test_every_way_in_goes_through_the_reader():
    """One hook on a plain network: patterns, maximal patterns, measures and blankets all see it."""
    from mbh_utils import measures

    network = mlp(2, 8, 6, 3)
    network[1].register_forward_hook(lambda m, i, y: y * torch.tensor([1.0, 0, 1, 0, 1, 0, 1, 0]))
    x = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    with torch.no_grad():
        z = network[0](torch.from_numpy(x).float())
        z_next = network[2](network[1](z))
    seen = np.concatenate([(z > 0).numpy(), (z_next > 0).numpy()], axis=1)
    assert (mbh.activation_patterns(network, x) == seen).mean() > 0.999
    sigma = mbh.maximal_pattern(network, x, 0.6)
    assert sigma.support(seen) == pytest.approx(sigma.coverage, abs=0.011)
    regions = mbh.partition_input_space(network, SQUARE)
    areas = regions.blanket_areas([sigma])
    table = measures.specializations(
        network, [np.ones((8, 2), bool), np.ones((6, 8), bool)], *two_classes(), [0.8]
    )
    assert (table["n_regions"] == len(regions)).all()
    shares = mbh.sampled_shares(network, [sigma], SQUARE, n=4000)
    assert shares["share"][0] == pytest.approx(areas[0] / SQUARE.area, abs=0.05)
    assert reader.read_network(network).layers()[1][0][:, 1].any() is np.False_


def two_classes():
    rng = np.random.default_rng(0)
    return mbh.Samples(rng.uniform(-2, 2, (60, 2)), np.arange(60) % 2), [SQUARE]
