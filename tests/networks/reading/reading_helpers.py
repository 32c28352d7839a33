"""What tests of the reader share: small networks, whether they are read right, and as before."""

import copy
import random

import numpy as np
import torch
import torch.fx
from torch import nn

import mbh_utils as mbh
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.planes import Plane, domain_points

SQUARE = Plane.rectangle((-2, -2), (2, 2))


def mlp(n_inputs: int = 2, *widths: int, seed: int = 0) -> nn.Sequential:
    """Linear and ReLU in turn, biases of some size."""
    torch.manual_seed(seed)
    widths = (n_inputs, *(widths or (8, 6, 3)))
    layers = []
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
    """What was read gives the module's outputs, and the partition its classes.

    At 2,000 points of the plane.
    """
    uv = np.random.default_rng(0).uniform(-1.9, 1.9, (2000, 2))
    x = plane.embed(uv)
    read = read_network(network, points=domain_points(plane))
    expected = outputs(network, x)
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


def changed(network, change) -> nn.Module:
    change(network)
    return network


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
