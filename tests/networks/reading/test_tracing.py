"""Tracing: modules of every kind against their own forward pass, and exact partitions of them against forward hooks."""

import copy

import numpy as np
import pytest
import torch
from exact_reference import assert_equals_exact
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks import hidden_layers, layer_widths
from mbh_utils.networks.reading.tracing import PiecewiseLinear, trace
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import activation_patterns
from mbh_utils.regions.planes import Line, Plane

ZIGZAG = PiecewiseLinear([-1, -0.2, 0.7], [0.5, -1, 2, -0.3], offset=0.1)


def breakpoints(module) -> list[float]:
    """Where an activation bends, written out here once more."""
    match module:
        case nn.ReLU6():
            return [0, 6]
        case nn.ReLU() | nn.LeakyReLU() | nn.PReLU():
            return [0]
        case nn.Hardtanh():
            return [module.min_val, module.max_val]
        case nn.Hardsigmoid():
            return [-3, 3]
        case nn.Softshrink():
            return [-module.lambd, module.lambd]
        case PiecewiseLinear():
            return [-1, -0.2, 0.7]
    return []


def spread_biases(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random biases, running statistics and slopes, so that all pieces of all activations are met."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, x in (*module.named_parameters(), *module.named_buffers()):
            if x.is_floating_point() and x.ndim == 1:
                x.copy_(
                    torch.randn(x.shape, generator=generator) * 0.3
                    + (1.2 if "running_var" in name else 0)
                )
                x.abs_() if "running_var" in name else None
    return module.eval()


def outputs(module: nn.Module, x: np.ndarray, shape) -> np.ndarray:
    with torch.no_grad():
        y = copy.deepcopy(module).double()(torch.from_numpy(np.array(x)).reshape(-1, *shape))
    return y.reshape(len(x), -1).numpy()


def check_trace(module: nn.Module, shape, **options):
    """The traced form and what hidden_layers keeps of it, against the module in float64, on points of its own."""
    traced = trace(module, shape, **options)
    rng = np.random.default_rng(5)
    x = rng.standard_normal((60, int(np.prod(shape)))) * rng.choice([0.3, 1, 3, 30], (60, 1))
    expected = outputs(module, x, shape)
    assert np.abs(traced(x) - expected).max() <= 1e-11 * np.abs(expected).max()
    assert traced.neurons[0].columns.start == 0
    for a, b in zip(traced.neurons, traced.neurons[1:], strict=False):
        assert a.columns.stop == b.columns.start and a.layer <= b.layer
    widths = layer_widths(hidden_layers(traced))
    assert traced.neurons[-1].columns.stop == sum(widths)
    assert (activation_patterns(traced, x)[:, -widths[-1] :].shape) == (60, widths[-1])
    return traced


def hooked_states(module: nn.Module, x: np.ndarray, shape) -> dict[str, list[np.ndarray]]:
    """States of all activations of the module itself at the points, each call in turn, by forward hooks."""
    module, states = copy.deepcopy(module).double(), {}
    for name, m in module.named_modules():
        if points := breakpoints(m):

            def hook(m, inputs, output, name=name, points=points):
                states.setdefault(name, []).append(
                    sum((inputs[0] > t).int() for t in points).numpy()
                )

            m.register_forward_hook(hook)
    with torch.no_grad():
        module(torch.from_numpy(x).reshape(-1, *shape))
    return states


def check_partition(module, shape, plane, exact: bool = False):
    """Regions of the module on a plane: states as hooks see them, areas, no pattern twice, affine inside."""
    traced = check_trace(module, shape)
    regions = partition_input_space(traced, plane, exact=exact)
    assert regions.areas.sum() == pytest.approx(plane.area, rel=1e-12)
    assert (regions.areas > 0).all() and len(np.unique(regions.packed, axis=0)) == len(regions)
    wide = np.flatnonzero(regions.areas > 1e-9 * plane.area)
    centres = plane.embed(regions.centroids[wide])
    patterns = regions.patterns[wide]
    assert (activation_patterns(traced, centres) == patterns).all()
    states, n_checked = hooked_states(module, centres, shape), 0
    for name, seen in states.items():
        lines = [n for n in traced.neurons if n.name.split("#")[0] == name]
        for line, expected in zip(lines, seen, strict=True):
            assert (line.states(patterns) == expected).all()
            n_checked += line.breakpoints * int(np.prod(line.shape))
    # Affine inside: the mean of two points of a region has the mean of their outputs.
    rng, pairs = np.random.default_rng(0), []
    for i in wide[:400]:
        shares = rng.dirichlet(np.ones(len(regions.polygons[i])), 2)
        pairs.append(shares @ regions.polygons[i])
    p, q = (plane.embed(np.array(pairs)[:, k]) for k in (0, 1))
    f, g, middle = (outputs(module, x, shape) for x in (p, q, (p + q) / 2))
    assert np.abs(middle - (f + g) / 2).max() <= 1e-9 * np.abs(f).max()
    # Points anywhere lie in the region whose pattern the module shows there.
    uv = rng.uniform(plane.low, plane.high, (200, 2))
    uv = uv[plane.contains(uv)]
    assert (
        regions.patterns[regions.locate(uv)] == activation_patterns(traced, plane.embed(uv))
    ).all()
    return traced, regions, n_checked


def digits_plane(margin: float = 2.0) -> Plane:
    return Plane.through(load_digits().data[[3, 11, 25]] / 16, margin=margin)


# ------------------------------------------------------------------------------------------------ layers, one by one

ACTIVATIONS = [
    nn.ReLU(), nn.LeakyReLU(0.1), nn.LeakyReLU(1.5), nn.PReLU(), nn.PReLU(7), nn.Hardtanh(), nn.Hardtanh(-0.3, 2.0),
    nn.ReLU6(), nn.Hardsigmoid(), nn.Softshrink(0.4), nn.RReLU(), ZIGZAG,
]  # fmt: skip


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_activations(activation):
    torch.manual_seed(0)
    check_trace(spread_biases(nn.Sequential(nn.Linear(4, 7), activation, nn.Linear(7, 3))), (4,))


LAYERS = [
    (nn.Linear(6, 4, bias=False), (6,)),
    (nn.Conv1d(2, 3, 3, stride=2, padding=1), (2, 9)),
    (nn.Conv2d(2, 4, 3, padding=1, groups=2), (2, 5, 4)),
    (nn.Conv2d(1, 2, 2, dilation=2, padding=1, padding_mode="circular", bias=False), (1, 5, 5)),
    (nn.ConvTranspose2d(2, 3, 2, stride=2), (2, 3, 3)),
    (nn.AvgPool1d(2), (2, 6)),
    (nn.AvgPool2d(3, stride=2, padding=1), (2, 5, 5)),
    (nn.AdaptiveAvgPool2d(2), (2, 5, 5)),
    (nn.BatchNorm1d(6), (6,)),
    (nn.BatchNorm1d(6, affine=False), (6, 3)),
    (nn.BatchNorm2d(3), (3, 4, 4)),
    (nn.Dropout(0.5), (6,)),
    (nn.Dropout2d(0.5), (2, 3, 3)),
    (nn.Flatten(), (2, 3)),
    (nn.Unflatten(1, (2, 3)), (6,)),
    (nn.Identity(), (6,)),
    (nn.ConstantPad2d(1, 0.7), (2, 3, 3)),
    (nn.Upsample(scale_factor=2, mode="bilinear"), (2, 3, 3)),
    (nn.MaxPool2d(2), (2, 4, 4)),
    (nn.MaxPool2d(3, stride=2, dilation=1), (2, 5, 6)),
    (nn.MaxPool2d((3, 2), stride=2, padding=1), (2, 5, 6)),
    (nn.MaxPool1d(3), (2, 7)),
    (nn.MaxPool1d(3, stride=2, padding=1, dilation=2), (2, 9)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda x: repr(x)[:30])
def test_layers(layer, shape):
    torch.manual_seed(0)
    before = nn.PReLU() if isinstance(layer, nn.MaxPool1d | nn.MaxPool2d) else nn.Identity()
    check_trace(spread_biases(nn.Sequential(before, layer, nn.ReLU())), shape)


FUNCTIONS = {
    "functional relu": lambda m, x: functional.relu(m.a(x)),
    "torch relu": lambda m, x: torch.relu(m.a(x)),
    "method relu": lambda m, x: m.a(x).relu(),
    "leaky": lambda m, x: functional.leaky_relu(m.a(x), 0.2),
    "hardtanh": lambda m, x: functional.hardtanh(m.a(x), min_val=-0.5),
    "relu6": lambda m, x: functional.relu6(m.a(x)),
    "clamp": lambda m, x: m.a(x).clamp(min=-0.2, max=0.3),
    "clamp from above": lambda m, x: torch.clamp(m.a(x), max=0.3),
    "absolute": lambda m, x: torch.abs(m.a(x)),
    "prelu": lambda m, x: functional.prelu(m.a(x), m.slope),
    "residual": lambda m, x: x + functional.relu(m.a(x)),
    "residual twice": lambda m, x: (
        (h := functional.relu(m.a(x))) + functional.relu(m.b(functional.relu(m.a(h))))
    ),
    "difference": lambda m, x: x - 2 * functional.relu(m.a(x)) / 3,
    "constants": lambda m, x: functional.relu(1 - m.a(x) + m.shift) * m.shift + 3,
    "in place": lambda m, x: functional.relu(m.a(x)).mul_(2).add_(1),
    "reshaped": lambda m, x: (
        functional.relu(m.a(x)).view(x.size(0), 2, -1).transpose(1, 2).flatten(1)
    ),
    "shape": lambda m, x: functional.relu(m.a(x)).reshape(x.shape[0], 3, 2).mean(dim=2),
    "joined": lambda m, x: m.b(torch.cat([x, functional.relu(m.a(x))], dim=1)[:, 3:9]),
    "weights": lambda m, x: functional.relu(functional.linear(x, m.a.weight * 2, m.shift)),
    "no bias": lambda m, x: functional.relu(functional.linear(x, m.a.weight)) @ m.b.weight,
    "convolution": lambda m, x: functional.relu(
        functional.conv1d(x[:, None], m.a.weight[:, None, :3], bias=m.shift, padding=1)
    ),
    "max": lambda m, x: torch.maximum(m.a(x), functional.relu(m.b(x))),
    "max pool": lambda m, x: functional.max_pool1d(m.a(x)[:, None], 2),
    "dropout": lambda m, x: functional.dropout(functional.relu(m.a(x)), 0.5, m.training),
    "call twice": lambda m, x: m.act(m.b(m.act(m.a(x)))),
    # Statements in place whose result is not used, on tensors that go by several names.
    "clamp_": lambda m, x: after(functional.relu(m.a(x)), lambda h: h.clamp_(max=0.5), m.b),
    "relu_": lambda m, x: after(m.a(x), torch.relu_, m.b),
    "functional relu_": lambda m, x: after(m.a(x), functional.relu_, m.b),
    "relu in place": lambda m, x: after(m.a(x), lambda h: functional.relu(h, inplace=True), m.b),
    "leaky relu in place": lambda m, x: after(
        m.a(x), lambda h: functional.leaky_relu_(h, 0.1), m.b
    ),
    "hardtanh in place": lambda m, x: after(m.a(x), functional.hardtanh_, m.b),
    "+=": lambda m, x: after(functional.relu(m.a(x)), lambda h: h.__iadd__(1), m.b),
    "mul_": lambda m, x: after(functional.relu(m.a(x)), lambda h: h.mul_(m.shift), m.b),
    "addcmul_": lambda m, x: after(
        functional.relu(m.a(x)), lambda h: h.addcmul_(m.shift, m.slope, value=0.5), m.b
    ),
    "item of zero": lambda m, x: after(
        functional.relu(m.a(x)), lambda h: h.__setitem__((slice(None), 0), 0), m.b
    ),
    "items of another": lambda m, x: after(
        functional.relu(m.a(x)),
        lambda h: h.__setitem__((slice(None), slice(0, 3)), h[:, 3:] - 1),
        m.b,
    ),
    "indexed items": lambda m, x: after(
        functional.relu(m.a(x)),
        lambda h: h.__setitem__((slice(None), torch.tensor([1, 4])), 0.25),
        m.b,
    ),
    "fill a part": lambda m, x: after(functional.relu(m.a(x)), lambda h: h[:, 2:4].fill_(0.5), m.b),
    "copy a part": lambda m, x: after(
        functional.relu(m.a(x)), lambda h: h[:, 0].copy_(h[:, 1]), m.b
    ),
    "masked_fill_": lambda m, x: after(
        functional.relu(m.a(x)), lambda h: h.masked_fill_(torch.arange(6) > 3, 0.1), m.b
    ),
    "a view changes the whole": lambda m, x: after(
        m.a(x), lambda h: h.view(-1, 2, 3)[:, 1].relu_(), m.b
    ),
    "a transposed view changes the whole": lambda m, x: after(
        functional.relu(m.a(x)), lambda h: h.view(-1, 2, 3).transpose(1, 2)[:, 0].mul_(3), m.b
    ),
    "the whole changes a view": lambda m, x: after(
        (h := functional.relu(m.a(x)), h.view(-1, 3, 2)),
        lambda both: both[0].mul_(2),
        lambda both: m.b(both[1].flatten(1)),
    ),
    "chunks": lambda m, x: after(
        m.a(x).chunk(2, dim=1), lambda p: p[0].relu_(), lambda p: m.b(torch.cat(p, dim=1))
    ),
    "input of a ReLU in place, used again": lambda m, x: after(
        m.a(x), nn.ReLU(inplace=True), lambda h: m.b(h) + h
    ),
    "a clone is another": lambda m, x: after(
        (h := functional.relu(m.a(x)), h.clone()),
        lambda both: both[0].mul_(2),
        lambda both: m.b(both[1]) + both[0],
    ),
    "written to zeros": lambda m, x: after(
        torch.zeros(len(x), 8, dtype=x.dtype),
        lambda y: y[:, 1:7].copy_(functional.relu(m.a(x))),
        lambda y: m.b(y[:, 2:]),
    ),
    "data": lambda m, x: after(functional.relu(m.a(x)), lambda h: h.data.mul_(2), m.b),
    "squeeze_": lambda m, x: after(
        functional.relu(m.a(x)).unsqueeze(1), lambda h: h.squeeze_(1), m.b
    ),
    # Shapes worked out in Python, pieces, other conventions.
    "product of sizes": lambda m, x: m.b(
        functional.relu(m.a(x)).view(-1, int(np.prod(x.size()[1:])))
    ),
    "numel": lambda m, x: m.b(functional.relu(m.a(x)).view(-1, int(x.nelement() / x.shape[0]))),
    "len": lambda m, x: m.b(functional.relu(m.a(x)).reshape(len(x), -1)),
    "unpacked shape": lambda m, x: m.b(functional.relu(m.a(x)).view(*x.shape[:1], 2, 3).flatten(1)),
    "branch on a shape": lambda m, x: (
        m.b(functional.relu(m.a(x))) if x.dim() == 2 and x.shape[1] == 6 else x
    ),
    "branch on an attribute": lambda m, x: (
        m.b(functional.relu(m.a(x))) if m.training else m.a(functional.relu(x))
    ),
    "assertions": lambda m, x: after(
        x, lambda x: checked(x), lambda x: m.b(functional.relu(m.a(x)))
    ),
    "one sample after another": lambda m, x: torch.stack(
        [m.b(functional.relu(m.a(row))) for row in x]
    ),
    "columns": lambda m, x: (m.b.weight @ functional.relu(m.a.weight @ x.T + m.a.bias[:, None])).T,
    "einsum": lambda m, x: functional.relu(torch.einsum("ni,oi->no", x, m.a.weight)),
    "addmm": lambda m, x: torch.addmm(m.shift, functional.relu(m.a(x)), m.b.weight),
    "addmm of two": lambda m, x: torch.addmm(x, functional.relu(m.a(x)), m.b.weight),
    "lerp": lambda m, x: torch.lerp(functional.relu(m.a(x)), x, 0.25),
    "flip": lambda m, x: m.b(functional.relu(m.a(x)).flip(1)),
    "flip of the samples too": lambda m, x: m.b(functional.relu(m.a(x)).flip(0).flip(0)),
    "roll": lambda m, x: m.b(functional.relu(m.a(x)).roll(2, dims=1)),
    "cumsum": lambda m, x: m.b(functional.relu(m.a(x)).cumsum(dim=1)),
    "gather": lambda m, x: functional.relu(m.a(x)).gather(
        1, torch.arange(5, -1, -1).expand(len(x), 6)
    ),
    "scatter": lambda m, x: functional.relu(m.a(x)).scatter(
        1, torch.zeros(len(x), 1, dtype=torch.long), 5.0
    ),
    "repeat": lambda m, x: m.b(functional.relu(m.a(x))[:, :3].repeat(1, 2)),
    "repeat_interleave": lambda m, x: m.b(
        functional.relu(m.a(x))[:, :3].repeat_interleave(2, dim=1)
    ),
    "expand": lambda m, x: functional.relu(m.a(x))[:, None].expand(-1, 4, -1).mean(dim=1),
    "split": lambda m, x: m.b(torch.hstack(functional.relu(m.a(x)).split([2, 4], dim=1)[::-1])),
    "sum of a list": lambda m, x: sum([functional.relu(m.a(x)), functional.relu(m.b(x))]),
    "casts": lambda m, x: m.b(functional.relu(m.a(x.to(m.a.weight.dtype).type_as(m.shift)))),
    "detached": lambda m, x: m.b(functional.relu(m.a(x)).detach()),
    "squeezed": lambda m, x: m.b(functional.relu(m.a(x)))[:, 0],
    "squeezed to nothing": lambda m, x: functional.relu(m.a(x))[:, :1].squeeze(),
    "in inference mode": torch.inference_mode()(lambda m, x: m.b(functional.relu(m.a(x))).clone()),
    "vmap": lambda m, x: torch.vmap(lambda row: m.b(functional.relu(m.a(row))))(x),
    "functional_call": lambda m, x: torch.func.functional_call(
        m.a, dict(m.b.named_parameters()), (x,)
    ).relu(),
    # Maxima and conditions that are activations.
    "minimum": lambda m, x: torch.minimum(m.a(x), functional.relu(m.b(x))),
    "maximum with a constant": lambda m, x: torch.maximum(m.shift, m.a(x)),
    "bounds of each element": lambda m, x: torch.clamp(m.a(x), min=m.shift, max=m.shift + 0.5),
    "maxout": lambda m, x: torch.cat([m.a(x), m.b(x)], dim=1).view(-1, 6, 2).max(dim=-1)[0],
    "amax": lambda m, x: torch.stack([m.a(x), m.b(x), functional.relu(m.a(x))]).amax(dim=0),
    "amin": lambda m, x: torch.stack([m.a(x), m.b(x)], dim=1).amin(dim=(1, 2), keepdim=True),
    "where": lambda m, x: torch.where((h := m.a(x)) > 0, h, 0.1 * h),
    "where of two": lambda m, x: torch.where((h := m.a(x)) >= (g := m.b(x)), h, g),
    "product with a condition": lambda m, x: (h := m.a(x)) * (h > 0.0),
    "product with a condition as numbers": lambda m, x: (h := m.a(x)) * (h > 0).to(h.dtype),
    "opposite condition": lambda m, x: (h := m.a(x)) * ~(h > 0),
    "items under a condition": lambda m, x: after(
        m.a(x), lambda h: h.__setitem__(h < 0.25, 0.25), m.b
    ),
    "masked_fill under a condition": lambda m, x: (h := m.a(x)).masked_fill(h > 0.3, 0.3),
    "threshold": lambda m, x: functional.threshold(m.a(x), 0.2, 0.2),
    # What is only looked at.
    "unused results": lambda m, x: after(
        m.a(x), lambda h: (torch.sigmoid(h).mean(), h.max(), h.argmax(dim=1)), m.act
    ),
    "random and unused": lambda m, x: after(m.act(m.a(x)), lambda h: torch.rand(3), m.b),
}


def after(x, statement, then):
    """What a function makes of x after a statement whose result is not used."""
    statement(x)
    return then(x)


def checked(x):
    assert x.ndim == 2 and x.is_floating_point() and not torch.isnan(x).any()


class Written(nn.Module):
    """A module whose forward pass is one of the functions above."""

    def __init__(self, body):
        super().__init__()
        self.body, self.act = body, nn.Hardtanh()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)
        self.slope, self.shift = nn.Parameter(torch.randn(6)), nn.Parameter(torch.randn(6))

    def forward(self, x):
        return self.body(self, x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    torch.manual_seed(1)
    check_trace(Written(FUNCTIONS[name]).eval(), (6,))


def row(h: torch.Tensor) -> torch.Tensor:
    return h.reshape(len(h), -1)


#: Statements on a list of tensors of two or three dimensions, one of which is h: in place, views, copies, maxima.
STATEMENTS = {
    "linear": lambda m, all, h: all.append(m.a(row(h)[:, :6])) if row(h).shape[1] >= 6 else None,
    "relu": lambda m, all, h: all.append(functional.relu(h)),
    "relu_": lambda m, all, h: functional.relu_(h),
    "leaky_relu_": lambda m, all, h: functional.leaky_relu_(h, 0.2),
    "clamp_": lambda m, all, h: h.clamp_(max=0.5),
    "add_": lambda m, all, h: h.add_(0.5),
    "add_ of another": lambda m, all, h: (
        h.add_(all[0], alpha=0.5) if h.shape == all[0].shape else None
    ),
    "mul_": lambda m, all, h: h.mul_(m.shift[: h.shape[-1]]),
    "view": lambda m, all, h: (
        all.append(h.view(len(h), 2, 3)) if h.shape[1:] == (6,) and h.stride(-1) == 1 else None
    ),
    "slice": lambda m, all, h: all.append(h[:, : max(1, h.shape[1] - 1)]),
    "part_": lambda m, all, h: h[:, ::2].mul_(2),
    "item": lambda m, all, h: h.__setitem__((slice(None), 0), 0.25),
    "copy_ a part": lambda m, all, h: h[:, 0].copy_(h[:, -1]),
    "transposed_": lambda m, all, h: h.transpose(1, -1)[:, 0].relu_(),
    "chunk": lambda m, all, h: all.extend(h.chunk(2, dim=1)),
    "zeros": lambda m, all, h: all.append(
        after(torch.zeros_like(h), lambda z: z[:, 0].copy_(h[:, -1]), lambda z: z)
    ),
    "clone": lambda m, all, h: all.append(h.clone()),
    "cat": lambda m, all, h: all.append(torch.cat([row(h), row(all[0])], dim=1)[:, -6:]),
    "abs": lambda m, all, h: all.append(h.abs()),
    "where": lambda m, all, h: all.append(torch.where(h > 0, h, 0.1 * h)),
    "maximum": lambda m, all, h: all.append(torch.maximum(h, -h)),
    "amax": lambda m, all, h: all.append(h.amax(dim=1, keepdim=True)),
    "expand": lambda m, all, h: all.append(h[:, :1].expand(h.shape)),
    "index": lambda m, all, h: all.append(h[:, torch.tensor([0, 0])]),
    "less its mean": lambda m, all, h: h.sub_(h.mean(dim=1, keepdim=True)),
    "flip": lambda m, all, h: all.append(h.flip(1)),
    "data": lambda m, all, h: h.data.mul_(0.5),
    "forget": lambda m, all, h: all.pop() if len(all) > 1 else None,
}


@settings(deadline=None, max_examples=80)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.sampled_from(list(STATEMENTS)), st.integers(0, 99)), max_size=9),
)
def test_random_programs_of_statements_in_place_and_views(seed, statements):
    torch.manual_seed(seed)

    def run(m, x):
        tensors = [m.a(x)]
        for name, which in statements:
            STATEMENTS[name](m, tensors, tensors[which % len(tensors)])
        return m.b(functional.relu(torch.cat([*map(row, tensors), m.a(x)], dim=1)[:, :6]))

    module = Written(run).eval()
    try:
        outputs(module, np.zeros((3, 6)), (6,))
    except RuntimeError:  # torch has something against it, such as writing to an expanded tensor
        return
    check_trace(module, (6,))


def test_module_called_twice_has_two_lines_in_the_table():
    traced = trace(Written(FUNCTIONS["call twice"]), (6,))
    assert [(n.name, n.layer, n.columns, n.breakpoints) for n in traced.neurons] == [
        ("act", 0, slice(0, 12), 2),
        ("act#2", 1, slice(12, 24), 2),
    ]
    assert "act#2 (6,), 2 breakpoints" in repr(traced)


def test_functions_are_named_behind_the_module_that_calls_them():
    class Nested(nn.Module):
        def __init__(self):
            super().__init__()
            self.block, self.out = (
                Written(lambda m, x: after(m.a(x).relu(), lambda h: h.clamp_(max=1), m.b)),
                nn.ReLU(),
            )

        def forward(self, x):
            return self.out(functional.relu(self.block(functional.relu(x))))

    names = [(n.name, n.layer) for n in trace(Nested(), (6,)).neurons]
    assert names == [("relu", 0), ("block.relu", 1), ("block.clamp", 2), ("relu#2", 3), ("out", 4)]


def test_what_leads_to_no_output_has_no_neurons():
    unused = body(
        lambda m, x: after(
            m.a(x), lambda h: (m.act(m.b(h)), h.relu().max()), lambda h: m.b(m.act(h))
        )
    )
    traced = check_trace(unused, (6,))
    assert [(n.name, n.columns) for n in traced.neurons] == [("act", slice(0, 12))]


# ------------------------------------------------------------------------------------------------ whole networks


def conv_net() -> nn.Module:
    torch.manual_seed(0)
    features = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 6, 2), nn.ReLU()
    )
    return spread_biases(nn.Sequential(*features, nn.Flatten(), nn.Linear(24, 10)))


class Residual(nn.Module):
    """A ResNet of fully connected blocks with BatchNorm."""

    def __init__(self, n_inputs: int = 16, width: int = 12, n_blocks: int = 3):
        super().__init__()
        self.stem, self.blocks, self.head = (
            nn.Linear(n_inputs, width),
            nn.ModuleList(),
            nn.Linear(width, 4),
        )
        for _ in range(n_blocks):
            self.blocks.append(
                nn.Sequential(
                    nn.Linear(width, 8),
                    nn.BatchNorm1d(8),
                    nn.ReLU(),
                    nn.Dropout(),
                    nn.Linear(8, width),
                )
            )
        self.last = nn.ReLU()

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.last(x))


def mlp(activation, n_inputs: int = 10, widths=(12, 9, 7)) -> nn.Module:
    torch.manual_seed(2)
    layers = []
    for n, m in zip((n_inputs, *widths), widths, strict=False):
        layers += [nn.Linear(n, m), activation(m)]
    return spread_biases(nn.Sequential(*layers, nn.Linear(widths[-1], 3)), seed=3)


def random_plane(n_inputs: int, margin: float = 3.0, seed: int = 4) -> Plane:
    return Plane.through(np.random.default_rng(seed).standard_normal((3, n_inputs)), margin=margin)


def test_a_convolutional_network_on_digits():
    module = conv_net()
    traced, regions, n_checked = check_partition(module, (1, 8, 8), digits_plane())
    assert [(n.name, n.shape) for n in traced.neurons] == [("1", (4, 6, 6)), ("4", (6, 2, 2))]
    assert n_checked == regions.n_hidden == 144 + 24
    assert len(regions) > 1000 and regions.certified


def test_max_pooling_brings_neurons_that_compare():
    torch.manual_seed(0)
    module = spread_biases(
        nn.Sequential(
            nn.Conv2d(1, 2, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(18, 5),
            nn.ReLU(),
        )
    )
    traced, regions, n_checked = check_partition(module, (1, 8, 8), digits_plane())
    assert [n.name for n in traced.neurons] == ["1", "2", "2#2", "5"]
    assert n_checked == 72 + 5 and regions.n_hidden == 72 + 2 * 18 + 18 + 5
    # max(a, 0) of a ReLU's result a compares along the border that a has already: settled in integers, not by chance.
    exact = partition_input_space(traced, regions.plane, exact=True)
    assert regions.uncertain and set(map(bytes, exact.packed)) == set(map(bytes, regions.packed))
    assert np.sort(exact.areas) == pytest.approx(
        np.sort(regions.areas), abs=1e-9 * regions.plane.area
    )


def test_padding_takes_no_part_in_max_pooling():
    """Windows at the edges hold fewer elements: each is compared with another, never with itself."""
    torch.manual_seed(0)
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    module = spread_biases(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(8, 3))
    )
    traced, plane = trace(module, (1, 6, 6)), random_plane(36)
    # Of each channel's windows one holds 9 elements, two hold 6 and one holds 4: 8, 5 and 3 comparisons.
    shapes = [n.shape for n in traced.neurons if n.name.startswith("2")]
    assert len(shapes) == 4 + 3 + 2 and sum(n * m for n, m in shapes) == 2 * (8 + 2 * 5 + 3)
    regions = partition_input_space(traced, plane)
    uv = np.random.default_rng(0).uniform(plane.low, plane.high, (2000, 2))
    assert np.array_equal(
        activation_patterns(traced, plane.embed(uv)), regions.patterns[regions.locate(uv)]
    )
    with torch.no_grad():
        y = module(torch.from_numpy(plane.embed(uv)).float().reshape(-1, 1, 6, 6)).double().numpy()
    assert np.allclose(traced(plane.embed(uv)), y, atol=1e-4)


def test_a_window_of_nothing_but_padding_is_refused():
    module = nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.MaxPool2d(2, dilation=3, padding=1), nn.Flatten()
    )
    with pytest.raises(MBHError, match="padding"):
        trace(module)


def test_comparisons_of_what_is_exactly_zero_are_certain():
    """Four dead neurons are compared, and the winners, which linear units carry: no sign of that is in doubt."""
    module = nn.Sequential(
        nn.Linear(2, 8), nn.ReLU(), nn.Unflatten(1, (2, 4)), nn.MaxPool1d(4), nn.Flatten()
    )
    with torch.no_grad():
        module[0].bias.fill_(-100)
    regions = partition_input_space(trace(module), Plane.rectangle([-1, -1], [1, 1]))
    assert len(regions) == 1 and regions.certified and not regions.patterns.any()


def test_a_residual_network():
    module = spread_biases(Residual())
    traced, regions, n_checked = check_partition(module, (16,), random_plane(16))
    assert n_checked == regions.n_hidden == 3 * 8 + 12
    assert [n.name for n in traced.neurons] == ["blocks.0.2", "blocks.1.2", "blocks.2.2", "last"]
    # Only the stream that the blocks add to is carried past them.
    assert [layer[2:] for layer in hidden_layers(traced)] == [(12,), (12,), (12,), ()]


@pytest.mark.parametrize(
    ("activation", "n_linear"),
    [
        (lambda n: nn.LeakyReLU(0.2), [10, 9, 0]),
        (lambda n: nn.PReLU(n), [10, 9, 0]),
        (lambda n: nn.Hardtanh(), [0, 0, 0]),
        (lambda n: nn.ReLU6(), [0, 0, 0]),
        (lambda n: nn.Hardsigmoid(), [0, 0, 0]),
        (lambda n: nn.Softshrink(), [10, 9, 0]),
        (lambda n: copy.deepcopy(ZIGZAG), [10, 9, 0]),
        (lambda n: nn.Sequential(nn.BatchNorm1d(n), nn.ReLU()), [0, 0, 0]),
    ],
    ids=[
        "LeakyReLU",
        "PReLU",
        "Hardtanh",
        "ReLU6",
        "Hardsigmoid",
        "Softshrink",
        "zigzag",
        "BatchNorm",
    ],
)
def test_networks_of_every_activation(activation, n_linear):
    module = mlp(activation)
    traced, regions, n_checked = check_partition(module, (10,), random_plane(10, margin=8))
    assert n_checked == regions.n_hidden == 28 * traced.neurons[0].breakpoints
    assert [sum(layer[2:]) for layer in hidden_layers(traced)] == n_linear
    for line in traced.neurons:  # all states are met, in the first layer at least
        assert line.layer or set(np.unique(line.states(regions.patterns))) == set(
            range(line.breakpoints + 1)
        )


def test_jacobians_are_equal_inside_a_region_and_differ_across_an_edge():
    module = mlp(lambda n: nn.PReLU(n)).double()
    plane = random_plane(10, margin=8)
    regions = partition_input_space(module, plane)
    rng = np.random.default_rng(0)

    def jacobian(uv):
        x = torch.from_numpy(plane.embed(uv[None])[0])
        return (
            torch.autograd.functional.jacobian(lambda x: module(x[None])[0], x).numpy()
            @ plane.basis.T
        )

    wide = np.flatnonzero(regions.areas > 1e-6 * plane.area)
    maps = {}
    for i in wide[:60]:
        polygon = regions.polygons[i]
        found = [jacobian(p) for p in rng.dirichlet(np.ones(len(polygon)), 3) @ polygon]
        assert np.allclose(found, found[0], rtol=1e-9, atol=1e-12)
        maps[int(i)] = found[0]
    pairs, _ = regions.adjacency()
    pairs = [(i, j) for i, j in pairs.tolist() if i in maps and j in maps]
    assert len(pairs) > 20
    assert all(np.abs(maps[i] - maps[j]).max() > 1e-9 for i, j in pairs)


seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=25)
@given(
    seeds, st.lists(st.sampled_from(range(6)), min_size=1, max_size=3), st.booleans(), st.booleans()
)
def test_random_networks_with_mixed_activations_and_shortcuts(seed, kinds, shortcut, exact):
    torch.manual_seed(seed)

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(5, 5) for _ in kinds)
            made = (
                nn.ReLU,
                nn.LeakyReLU,
                nn.PReLU,
                nn.Hardtanh,
                nn.Softshrink,
                lambda: copy.deepcopy(ZIGZAG),
            )
            self.acts = nn.ModuleList(made[k]() for k in kinds)

        def forward(self, x):
            first = x
            for layer, act in zip(self.layers, self.acts, strict=True):
                x = act(layer(x)) + x if shortcut else act(layer(x))
            return x + first if shortcut else x

    check_partition(Mixed(), (5,), random_plane(5, seed=seed % 1000), exact=exact)


def test_a_line_through_a_traced_network():
    module = mlp(lambda n: nn.LeakyReLU(0.2))
    a, b = np.random.default_rng(0).standard_normal((2, 10)) * 3
    line = Line.through([a, b])
    regions = partition_input_space(module, line)
    ends = np.unique(regions.intervals)
    x = line.embed(np.linspace(*regions.intervals[[0, -1], [0, 1]], 20_001))
    seen = np.unique(activation_patterns(module, x), axis=0)
    assert len(ends) == len(regions) + 1 and len(regions) >= len(seen) >= 0.9 * len(regions)


# ------------------------------------------------------------------------------------------ weights of every kind


def test_pruned_and_parametrized_modules():
    module = mlp(lambda n: nn.ReLU())
    prune.random_unstructured(module[0], "weight", 0.7)
    prune.l1_unstructured(module[2], "bias", 0.5)
    prune.l1_unstructured(module[2], "weight", 0.5)
    module(torch.zeros(1, 10))
    with torch.no_grad():
        module[0].weight_orig.add_(
            0.1
        )  # as an optimiser's step: ``weight`` is out of date until the next forward pass
    stale = module[0].weight.clone()
    weight = hidden_layers(module)[0][0]
    assert np.array_equal(
        weight, (module[0].weight_orig * module[0].weight_mask).detach().double().numpy()
    )
    assert torch.equal(module[0].weight, stale) and module[0].weight.dtype == torch.float32, (
        "the module is not touched"
    )
    check_partition_of_results(module)
    parametrizations.weight_norm(module[4])
    check_partition_of_results(module)


def check_partition_of_results(module):
    """For a module that copy.deepcopy refuses: against its own float32 pass, within the rounding of that."""
    traced = trace(module)
    x = np.random.default_rng(0).standard_normal((50, 10))
    with torch.no_grad():
        expected = module(torch.from_numpy(x).float()).numpy()
    assert np.allclose(traced(x), expected, rtol=1e-4, atol=1e-5)
    regions = partition_input_space(traced, random_plane(10))
    assert regions.areas.sum() == pytest.approx(regions.plane.area, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_every_float_type_are_taken_exactly(dtype):
    module = mlp(lambda n: nn.LeakyReLU(0.25)).to(dtype)
    layers = hidden_layers(module)
    assert torch.equal(torch.from_numpy(layers[0][0][:12].copy()).to(dtype), module[0].weight)
    assert next(module.parameters()).dtype == dtype
    check_partition(module, (10,), random_plane(10))


def test_masked_layers_of_this_package_in_someone_else_s_module():
    from mbh_utils.networks import MaskedLinear

    module = nn.Sequential(MaskedLinear(6, 5), nn.LeakyReLU(), nn.Linear(5, 2))
    with torch.no_grad():
        module[0].mask[:, 2:] = False
    traced = check_trace(module, (6,))
    assert not traced.layers[0][0][:, 2:].any()


def test_plain_networks_keep_their_numbering():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 4), nn.ReLU(), nn.Linear(4, 2))
    for a, b in zip(hidden_layers(plain), hidden_layers(trace(plain)), strict=True):
        assert len(a) == len(b) == 2 and all(
            np.array_equal(x, y) for x, y in zip(a, b, strict=True)
        )
    ours = mbh.feed_forward(mbh.load_dataset("digits8"), (12, 4), parameters=200, seed=0)
    for a, b in zip(hidden_layers(ours), hidden_layers(trace(ours)), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# ----------------------------------------------------------------------------------------- the rest of the package


def test_affine_maps_and_files_know_linear_units(tmp_path):
    module = mlp(lambda n: nn.LeakyReLU(0.2))
    regions = partition_input_space(module, random_plane(10, margin=8))
    regions.save(tmp_path / "regions.npz")
    loaded = mbh.Partition.load(tmp_path / "regions.npz")
    for i in np.argsort(-regions.areas)[:20]:
        inputs = torch.from_numpy(regions.plane.embed(regions.centroids[[i]]))
        with torch.no_grad():
            expected = copy.deepcopy(module).double()[:5](inputs).numpy()[0]
        for partition in (regions, loaded):
            weight, bias = partition.affine_map(int(i))
            assert np.allclose(
                weight @ partition.centroids[i] + bias, expected, rtol=1e-9, atol=1e-10
            )
    assert (
        [layer[2:] for layer in loaded.layers]
        == [layer[2:] for layer in regions.layers]
        == [(2,), (9,), ()]
    )
    assert (loaded.locate(loaded.centroids[:20]) == np.arange(20)).all()


def test_specialization_of_a_convolutional_network():
    data = mbh.load_dataset("digits8")
    samples = data.validation.of_class(3)
    traced = trace(conv_net(), (1, 8, 8))
    plane = digits_plane()
    sigma = mbh.maximal_pattern(traced, samples, 0.8)
    assert (
        sigma.neurons.min() >= 144
        and sigma.satisfied_by(activation_patterns(traced, samples.images)).mean() >= 0.8
    )
    regions = partition_input_space(traced, plane)
    assert mbh.specialization(traced, samples, plane, 0.8) == pytest.approx(
        1 - regions.blanket(sigma).share
    )


def test_last_hidden_layer_has_no_linear_units_in_its_patterns():
    module = Residual(width=5, n_blocks=1).eval()
    x = np.random.default_rng(0).standard_normal((30, 16))
    sigma = mbh.maximal_pattern(module, x, 0.5)
    assert sigma.neurons.min() >= 8 and sigma.neurons.max() < 13


@settings(deadline=None, max_examples=60)
@given(
    seeds, st.lists(st.sampled_from(range(5)), min_size=2, max_size=3), st.booleans(), st.booleans()
)
def test_exact_arithmetic_agrees_with_the_reference(seed, kinds, shortcut, zero_bias):
    """Small whole numbers as weights: lines that meet in one point, coincide or vanish, carried on by linear units."""
    generator = torch.Generator().manual_seed(seed)

    class Nasty(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(n, 3) for n in (2, 3, 3)[: len(kinds)])
            made = (
                nn.ReLU(),
                nn.LeakyReLU(0.5),
                nn.Hardtanh(),
                nn.Softshrink(1.0),
                nn.MaxPool1d(2, stride=1),
            )
            self.acts = nn.ModuleList(made[k] for k in kinds)
            for p in self.layers.parameters():
                with torch.no_grad():
                    p.copy_(
                        torch.randint(-2, 3, p.shape, generator=generator)
                        * (1 - int(zero_bias and p.ndim == 1))
                    )

        def forward(self, x):
            for i, (layer, act) in enumerate(zip(self.layers, self.acts, strict=True)):
                z = layer(x)
                if isinstance(act, nn.MaxPool1d):
                    z = functional.pad(z, (0, 1))[:, None]
                y = act(z).flatten(1)
                x = y + x if shortcut and i else y
            return x

    regions = partition_input_space(
        trace(Nasty(), (2,)), Plane.rectangle([-3, -2], [3, 4]), exact=True
    )
    assert_equals_exact(regions)


def test_outputs_as_neurons():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 5), nn.LeakyReLU(), nn.Linear(5, 3))
    assert layer_widths(hidden_layers(module)) == (5,)
    traced = trace(module, output_layer=False)
    assert (
        layer_widths(hidden_layers(traced))
        == layer_widths(hidden_layers(module, output_layer=False))
        == (5, 3)
    )
    assert traced.neurons[-1].name == "output"
    x = np.random.default_rng(0).standard_normal((50, 4))
    assert (activation_patterns(traced, x)[:, 5:] == (outputs(module, x, (4,)) > 0)).all()
    ends_in_relu = nn.Sequential(*module, nn.Hardtanh(0, 9), nn.Linear(3, 3), nn.ReLU())
    assert layer_widths(hidden_layers(ends_in_relu, output_layer=False)) == (5, 6, 3)


def test_linear_units_that_only_the_output_needs_are_left_out():
    module = mlp(lambda n: nn.LeakyReLU())
    traced = trace(module)
    assert [layer[2] for layer in traced.layers] == [10, 9, 7]
    assert [len(layer) for layer in traced.hidden_layers()] == [3, 3, 2]


# ------------------------------------------------------------------------------------------------------- refusals


class Branching(nn.Module):
    def forward(self, x):
        return functional.relu(x) if x.sum() > 0 else x


def body(f):
    return Written(f).eval()


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
