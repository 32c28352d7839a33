"""What tests of tracing share: modules, and whether their traced form is right."""

import copy

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from mbh_utils.networks import hidden_layers, layer_widths
from mbh_utils.networks.reading.tracing import PiecewiseLinear, trace
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import activation_patterns
from mbh_utils.regions.planes import Plane

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
    """Random biases, running statistics and slopes, so that all pieces of activations are met."""
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
    """The traced form, and what hidden_layers keeps of it, against the module in float64."""
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
    """States of all activations of the module itself, each call in turn, by forward hooks."""
    module = copy.deepcopy(module).double()
    states = {}
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
    """Regions of the module on a plane.

    States as hooks see them, areas, no pattern twice, affine inside.
    """
    traced = check_trace(module, shape)
    regions = partition_input_space(traced, plane, exact=exact)
    assert regions.areas.sum() == pytest.approx(plane.area, rel=1e-12)
    assert (regions.areas > 0).all() and len(np.unique(regions.packed, axis=0)) == len(regions)
    wide = np.flatnonzero(regions.areas > 1e-9 * plane.area)
    centres = plane.embed(regions.centroids[wide])
    patterns = regions.patterns[wide]
    assert (activation_patterns(traced, centres) == patterns).all()
    states = hooked_states(module, centres, shape)
    n_checked = 0
    for name, seen in states.items():
        lines = [n for n in traced.neurons if n.name.split("#")[0] == name]
        for line, expected in zip(lines, seen, strict=True):
            assert (line.states(patterns) == expected).all()
            n_checked += line.breakpoints * int(np.prod(line.shape))
    # Affine inside: the mean of two points of a region has the mean of their outputs.
    rng = np.random.default_rng(0)
    pairs = []
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


class Written(nn.Module):
    """A module whose forward pass is one of the functions above."""

    def __init__(self, body):
        super().__init__()
        self.body = body
        self.act = nn.Hardtanh()
        self.a = nn.Linear(6, 6)
        self.b = nn.Linear(6, 6)
        self.slope = nn.Parameter(torch.randn(6))
        self.shift = nn.Parameter(torch.randn(6))

    def forward(self, x):
        return self.body(self, x)


def mlp(activation, n_inputs: int = 10, widths=(12, 9, 7)) -> nn.Module:
    torch.manual_seed(2)
    layers = []
    for n, m in zip((n_inputs, *widths), widths, strict=False):
        layers += [nn.Linear(n, m), activation(m)]
    return spread_biases(nn.Sequential(*layers, nn.Linear(widths[-1], 3)), seed=3)


def random_plane(n_inputs: int, margin: float = 3.0, seed: int = 4) -> Plane:
    return Plane.through(np.random.default_rng(seed).standard_normal((3, n_inputs)), margin=margin)


def body(f):
    return Written(f).eval()
