"""Layers, activations and functions of torch, one by one, against their own forward pass."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from tracing_helpers import ZIGZAG, Written, body, check_trace, outputs, spread_biases

from mbh_utils.networks.reading.tracing import trace

ACTIVATIONS = [
    nn.ReLU(),
    nn.LeakyReLU(0.1),
    nn.LeakyReLU(1.5),
    nn.PReLU(),
    nn.PReLU(7),
    nn.Hardtanh(),
    nn.Hardtanh(-0.3, 2.0),
    nn.ReLU6(),
    nn.Hardsigmoid(),
    nn.Softshrink(0.4),
    nn.RReLU(),
    ZIGZAG,
]


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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    torch.manual_seed(1)
    check_trace(Written(FUNCTIONS[name]).eval(), (6,))


def row(h: torch.Tensor) -> torch.Tensor:
    return h.reshape(len(h), -1)


#: Statements on a list of tensors of two or three dimensions, one of which is h.
#: They work in place, or add views, copies and maxima.
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
            self.block = Written(lambda m, x: after(m.a(x).relu(), lambda h: h.clamp_(max=1), m.b))
            self.out = nn.ReLU()

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
