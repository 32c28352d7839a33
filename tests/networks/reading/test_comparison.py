"""What was found is compared with the module: where, and what rounding may do."""

import numpy as np
import pytest
import torch
import torch.fx
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import tracing
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.planes import Line, Plane, domain_points


class Cheats(nn.Module):
    """Adds what torch does not see, numbers worked out by numpy, where ``where`` says so."""

    def __init__(self, where, before: float = 0.0, behind: float = 0.5):
        super().__init__()
        self.a = nn.Linear(2, 8)
        self.out = nn.Linear(8, 3)
        self.where = where
        self.before = before
        self.behind = behind
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
    """Inside of a Softshrink's plateau all outputs are 0; of the traced ones rounding is left."""
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
