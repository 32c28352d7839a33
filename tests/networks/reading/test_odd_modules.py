"""Wrappers, checkpoints, modules that cannot be run: taken for what they are, or refused."""

import threading
import types

import numpy as np
import pytest
import torch
import torch.fx
from reading_helpers import SQUARE, Wrapped, assert_right, changed, mlp
from torch import nn
from torch.nn import functional

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.networks.reading.reader import proved_linears, read_network


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
    network[2].factor = -3.0
    network[2].settings = [Setting(0.5)]
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
        (
            lambda: nn.Sequential(
                nn.Linear(2, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.ReLU()
            ).eval(),
            "^1 is a BatchNorm1d without running statistics .*mixes samples",
        ),
        (
            lambda: Applied(lambda h: functional.batch_norm(h, None, None, training=True)),
            "batch_norm is a batch_norm: it normalises by the statistics of the batch",
        ),
        (
            lambda: Applied(lambda h: h * torch.tensor([1.0, np.nan])),
            r"a mul: a constant tensor .* is nan at \[1\]",
        ),
        (
            lambda: Applied(lambda h: h + torch.tensor([np.inf, 0.0])),
            r"a add: a constant tensor .* is inf at \[0\]",
        ),
        (
            lambda: Applied(lambda h: (h * torch.tensor(1j)).imag),
            "mul is a mul: it is given complex numbers",
        ),
        (
            lambda: nn.Sequential(
                nn.Linear(2, 4), nn.ReLU(), torch.ao.quantization.FakeQuantize()
            ).eval(),
            "^2 is a FakeQuantize, which quantises: it rounds",
        ),
        (nn.Module, "^Module has no forward, so it computes nothing"),
        (lambda: nn.ModuleDict({"a": nn.Linear(2, 2)}), "^ModuleDict has no forward"),
    ],
)
def test_the_cause_is_named(make, words):
    with pytest.raises(MBHError, match=words):
        mbh.partition_input_space(make(), SQUARE)


class Applied(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.out = nn.Linear(2, 3)
        self.f = f

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
        self.a = nn.Linear(4, 8)
        self.out = nn.Linear(8, 3)

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
    """Of a class that makes its objects in a way of its own, and says that a copy is the same."""
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
    network.lock = threading.Lock()
    network.numbers = (i for i in range(3))
    network.file = open(__file__)  # noqa: SIM115
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
