"""Reading a network changes nothing of it, nor any stream of random numbers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.fx
from changed_networks import NOT_PLAIN
from reading_helpers import SQUARE, assert_same, changed, mlp, snapshot
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

import mbh_utils as mbh
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.planes import domain_points


class Busy(nn.Module):
    """Keeps activations in lists, dicts and attributes, counts, draws, updates statistics."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 8)
        self.norm = nn.BatchNorm1d(8)
        self.out = parametrizations.spectral_norm(nn.Linear(8, 3))
        self.register_buffer("average", torch.zeros(()))
        self.kept = {}
        self.log = []
        self.n = 0
        self.last = None

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
