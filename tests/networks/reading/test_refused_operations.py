"""What tracing does not understand is refused, by its name and with the reason."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from tracing_helpers import body, mlp

from mbh_utils.errors import MBHError
from mbh_utils.networks import hidden_layers
from mbh_utils.networks.reading.tracing import PiecewiseLinear, trace


class Branching(nn.Module):
    def forward(self, x):
        return functional.relu(x) if x.sum() > 0 else x


@pytest.mark.parametrize(
    ("module", "shape", "said"),
    [
        (
            nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3), nn.GELU())),
            None,
            r"^1\.1 is a GELU: it",
        ),
        (nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=1)), None, "^1 is a Softmax"),
        (nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3)), None, "^1 is a LayerNorm"),
        (
            nn.Sequential(nn.Linear(3, 3), nn.RReLU()),
            None,
            r"^1 is a RReLU in training.*call module\.eval\(\) first",
        ),
        (
            nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.ReLU()),
            None,
            r"^1 is a BatchNorm1d in training",
        ),
        (
            nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.LeakyReLU()),
            None,
            r"^1 is a Dropout in training",
        ),
        (
            nn.BatchNorm1d(3, track_running_stats=False).eval(),
            (3, 2),
            "BatchNorm1d without running .*mixes samples",
        ),
        (nn.MaxPool2d(2, ceil_mode=True), (1, 5, 5), "is a MaxPool2d: with ceil_mode"),
        (body(lambda m, x: torch.sigmoid(m.a(x))), (6,), "is a sigmoid: it is not understood"),
        (body(lambda m, x: m.a(x) * m.b(x)), (6,), "is a mul: it takes two tensors"),
        (body(lambda m, x: 1 / m.a(x)), (6,), "is a truediv: it divides by"),
        (body(lambda m, x: functional.dropout(m.a(x))), (6,), "is a dropout: it drops at random"),
        (
            body(lambda m, x: m.a(x) + torch.randn(6)),
            (6,),
            "is a randn: it drops at random, or draws random",
        ),
        (
            body(lambda m, x: functional.relu(m.a(x)) + np.random.rand()),
            (6,),
            "random numbers of numpy",
        ),
        (
            body(lambda m, x: functional.rrelu(m.a(x), training=True)),
            (6,),
            "is a rrelu: it drops at random",
        ),
        (
            body(lambda m, x: m.b(functional.relu(m.a(x)).half().to(x.dtype))),
            (6,),
            "is a half: it rounds .* to float16",
        ),
        (
            body(lambda m, x: m.b(functional.relu(m.a(x)).int().to(x.dtype))),
            (6,),
            "is a int: it rounds .* to int32",
        ),
        (
            body(lambda m, x: m.b(functional.relu(m.a(x)).round())),
            (6,),
            "is a round: it is not understood",
        ),
        (
            body(lambda m, x: torch.where((h := m.a(x)) > 0, h + 1, h)),
            (6,),
            "is a where: it jumps where its condition",
        ),
        (
            body(lambda m, x: functional.threshold(m.a(x), 0.5, 0.0)),
            (6,),
            "is a threshold: it jumps from 0.0 to 0.5",
        ),
        (body(lambda m, x: m.a(x) * (m.b(x) > 0)), (6,), "is a mul: it jumps where"),
        (
            body(lambda m, x: functional.hardshrink(m.a(x))),
            (6,),
            "is a hardshrink: it is not understood",
        ),
        (body(lambda m, x: torch.argmax(m.a(x), dim=1)), (6,), "is a argmax: it is not understood"),
        (body(lambda m, x: m.a(x) > 0), (6,), "output is a condition"),
        (
            body(lambda m, x: torch.add(h := m.a(x), 1, out=h)),
            (6,),
            "is a add: with out= it is not understood",
        ),
        (
            body(lambda m, x: (m.a(x).view(torch.int32) + 1).view(torch.float32)),
            (6,),
            "reads the bits of numbers",
        ),
        (
            body(lambda m, x: torch.ones(len(x), 3)),
            (6,),
            "output is not one tensor made from its input",
        ),
        (
            body(lambda m, x: {"logits": m.a(x)}),
            (6,),
            "output is not one tensor made from its input",
        ),
        (
            body(lambda m, x: m.a(x) if x.max() < 1e9 else m.b(x)),
            (6,),
            r"asks for the numbers .*\(bool\), as control",
        ),
        (body(lambda m, x: m.a(x) * x.norm().item()), (6,), r"is a norm: it is not understood"),
        (body(lambda m, x: m.a(x) * x.sum().item()), (6,), r"asks for the numbers .*\(item\)"),
        (
            body(lambda m, x: torch.tensor(m.a(x).tolist())),
            (6,),
            r"takes the numbers .* out of torch.*\(tolist\)",
        ),
        (
            body(lambda m, x: torch.from_numpy(m.a(x).numpy())),
            (6,),
            r"takes the numbers .* out of torch.*\(numpy\)",
        ),
        (
            body(lambda m, x: m.b(copy.deepcopy(m.a(x)))),
            (6,),
            r"takes the numbers .* out of torch.*\(deepcopy\)",
        ),
        (
            nn.Sequential(nn.Linear(3, 2), nn.LSTM(2, 2)),
            None,
            "output is not one tensor made from its input",
        ),
        (
            nn.Sequential(nn.Linear(3, 4), nn.GroupNorm(2, 4)),
            None,
            "^1 is a GroupNorm: it is not understood",
        ),
        (
            nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Embedding(3, 4)),
            None,
            "does not take inputs of shape .*indices",
        ),
        (body(lambda m, x: (m.a(x), m.b(x))), (6,), "output is not one tensor"),
        (body(lambda m, x: m.a(x).relu().mean()), (6,), r"\(1, 1\), not .*it mixes samples"),
        (
            body(lambda m, x: functional.relu(m.a(x) - x.mean(dim=0))),
            (6,),
            "disagree: output .*it mixes samples",
        ),
        (
            Branching(),
            (3,),
            r"Branching cannot be traced: its code asks for the numbers .*\(bool\)",
        ),
        (nn.Bilinear(3, 3, 2), (3,), "."),
        (nn.Linear(3, 3), (4,), r"does not take inputs of shape \(4,\)"),
        (nn.Linear(3, 3), (0,), "input_shape is"),
        (
            nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU()),
            None,
            "Conv2d: trace it first.*input_shape=",
        ),
        (
            nn.Sequential(nn.Unflatten(1, (1, 200, 200)), nn.ReLU()),
            None,
            "entries, more than 100,000,000",
        ),
        (nn.Sequential(nn.Linear(3, 3), nn.Identity()), None, "no hidden layer"),
        (PiecewiseLinear, None, "not understood"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(module, shape, said):
    with pytest.raises(MBHError, match=said):
        hidden_layers(module) if not isinstance(module, nn.Module) else trace(module, shape)


def test_nan_weights_are_named():
    module = mlp(lambda n: nn.PReLU())
    with torch.no_grad():
        module[2].weight[1, 3] = np.nan
    with pytest.raises(MBHError, match=r"2\.weight\[1, 3\] is nan"):
        trace(module)


@pytest.mark.parametrize(
    ("points", "slopes"), [([0, 0], [1, 2, 3]), ([1, 0], [1, 2, 3]), ([0], [1]), ([], [1])]
)
def test_a_piecewise_linear_function_needs_rising_breakpoints(points, slopes):
    with pytest.raises(MBHError, match="rising breakpoints, one slope more"):
        PiecewiseLinear(points, slopes)


def test_refused_modules_are_left_as_they_were():
    module = mlp(lambda n: nn.PReLU())
    state = copy.deepcopy(module.state_dict())
    trace(module)
    assert all(torch.equal(x, state[name]) for name, x in module.state_dict().items())
    assert all(p.requires_grad for p in module.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_modules_on_a_gpu_stay_there():
    module = mlp(lambda n: nn.LeakyReLU(0.2))
    expected = hidden_layers(module)
    moved = copy.deepcopy(module).cuda()
    for a, b in zip(hidden_layers(moved), expected, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a[:2], b[:2], strict=True))
    assert next(moved.parameters()).is_cuda


def test_complex_weights_are_refused():
    layers = nn.Sequential(
        nn.Linear(2, 3, dtype=torch.complex64), nn.ReLU(), nn.Linear(3, 2, dtype=torch.complex64)
    )
    for module in (layers, nn.Sequential(nn.Unflatten(1, (2,)), *layers)):
        with pytest.raises(MBHError, match=r"weight of Sequential holds complex numbers"):
            trace(module)


def test_a_shape_that_does_not_fit_is_named_although_a_max_pool_comes_before():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    assert trace(net, (1, 6, 6)).input_shape == (1, 6, 6)
    with pytest.raises(MBHError, match=r"does not take inputs of shape \(1, 8, 8\)") as found:
        trace(net, (1, 8, 8))
    assert type(found.value) is MBHError  # its name is the first word that a reader sees


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (nn.Softmax(1), "leave it out there"),
        (nn.LogSoftmax(1), "leave it out there"),
        (nn.Sigmoid(), "leave it out there"),
        (nn.GELU(), "is curved.*PiecewiseLinear"),
        (nn.Tanh(), "is curved.*PiecewiseLinear"),
    ],
)
def test_what_makes_probabilities_or_is_curved_is_refused_with_the_way_out(last, said):
    with pytest.raises(MBHError, match=f"^2 is a {type(last).__name__}: .*{said}"):
        trace(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), last))


def test_a_function_that_makes_probabilities_is_refused_with_the_way_out():
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, x):
            return functional.log_softmax(self.linear(x), dim=1)

    with pytest.raises(MBHError, match="^log_softmax is a log_softmax: .*leave it out there"):
        trace(Classifier())


def test_weights_by_columns_are_refused_with_the_way_out():
    with pytest.raises(MBHError, match=r"weight \(4, 6\) and bias \(6,\).*give weight\.T"):
        hidden_layers([(np.ones((4, 6)), np.zeros(6))])
    with pytest.raises(MBHError, match=r"are not \(n, m\) and \(n,\)$"):
        hidden_layers([(np.ones((4, 6)), np.zeros(5))])
