"""Bent hyperplanes turn by the right angles, and no crossing is missing or counted twice."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import preactivation_rows, random_layers
from torch import nn

import mbh_utils as mbh
from mbh_utils.errors import MBHError

SQUARE = mbh.Plane.rectangle((-1, -1), (1, 1))
seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(2, 9), min_size=2, max_size=4)
densities = st.sampled_from([1.0, 0.5, 0.25])


def bends_of(layers, plane=SQUARE):
    return mbh.bending(mbh.partition_input_space(layers, plane))


def wide_plane(seed: int, n_inputs: int) -> mbh.Plane:
    """So wide that most random networks draw many crossings on it."""
    return mbh.Plane.through(np.random.default_rng(seed).random((3, n_inputs)), margin=5)


def layer_of(widths) -> np.ndarray:
    """The layer of each neuron."""
    return np.repeat(np.arange(len(widths)), widths)


# ---------------------------------------------------------------------------------- known angles


@pytest.mark.parametrize("weight", [-3.0, -0.5, -1e-3, 0.0, 1e-7, 1.0, 20.0])
def test_a_line_turns_by_the_angle_whose_tangent_is_the_weight(weight):
    """The third neuron is zero where x2 = -weight * max(x1, 0); the second one is always active."""
    found = bends_of([([[1, 0], [0, 1]], [0, 2]), ([[weight, 1]], [-2])])
    assert found.neurons.tolist() == [2] and found.crossed.tolist() == [0]
    assert found.angles == pytest.approx([np.degrees(np.arctan(abs(weight)))], rel=1e-9, abs=1e-12)
    assert found.points == pytest.approx(np.zeros((1, 2)), abs=1e-12)
    assert found.mean_angle == found.angles[0]
    assert found.straight == (found.angles[0] < 0.1)


@pytest.mark.parametrize("slope", [1.0, 0.1, 0.01])
def test_a_line_may_turn_almost_back(slope):
    """The last neuron is x1 + slope * x2 on the left, and -x1 + slope * x2 on the right."""
    layers = [([[1, 0], [1, 0], [0, 1]], [0, 5, 200]), ([[-2, 1, slope]], [-5 - 200 * slope])]
    found = bends_of(layers)
    assert found.crossed.tolist() == [0]
    assert found.angles == pytest.approx([180 - 2 * np.degrees(np.arctan(slope))])
    assert found.mean_angle > 89 and found.straight == 0


def test_a_network_of_one_neuron_in_each_layer_draws_parallel_lines():
    found = bends_of([([[1, 1]], [0]), ([[1]], [-0.5]), ([[2]], [-0.5])])
    assert len(found) == 0
    assert np.isnan(found.mean_angle) and np.isnan(found.straight)
    assert repr(found) == "Bending(no crossing)"


def test_one_layer_draws_straight_lines_that_count_for_nothing():
    assert len(bends_of(random_layers(0, 2, (8,)))) == 0


def test_a_pruned_connection_leaves_a_line_straight():
    """The line x2 = 0 is crossed by x1 = 0, which does not reach its neuron: angle exactly 0."""
    found = bends_of([([[1, 0], [0, 1]], [0, 2]), ([[0, 1]], [-2])])
    assert found.angles.tolist() == [0.0]
    assert found.straight == 1 and repr(found).endswith("100.0% straight)")


def test_through_a_later_layer_a_line_turns_where_the_way_is_active():
    """The third layer is zero on x2 = -relu(relu(x1) - 1/2): it turns at x1 = 1/2, not at 0."""
    layers = [
        ([[1, 0], [0, 1]], [0, 2]),
        ([[1, 0], [0, 1]], [-0.5, 0]),
        ([[1, 1]], [-2]),
    ]
    found = bends_of(layers)
    order = np.argsort(found.crossed)
    assert found.neurons.tolist() == [4, 4]
    assert found.crossed[order].tolist() == [0, 2]
    assert found.angles[order] == pytest.approx([0, 45], abs=1e-9)
    assert found.points[order] == pytest.approx(np.array([[0, 0], [0.5, -0.0]]), abs=1e-12)


def test_where_several_lines_are_crossed_in_one_point_the_line_turns_once():
    """Gradients (1, 4) where x1 < 0 < x2, and (3, 1) where x2 < 0 < x1; all meet in the origin."""
    layers = [([[1, 0], [0, 1], [1, 1]], [0, 0, 9]), ([[2, 3, 1]], [-9])]
    found = bends_of(layers)
    assert found.neurons.tolist() == [3] and found.crossed[0] in (0, 1)
    angle = np.degrees(np.arctan2(4, 1) - np.arctan2(1, 3))
    assert found.angles == pytest.approx([angle])


def test_a_line_that_ends_on_the_border_in_a_crossing_does_not_turn():
    """x1 = -1 is the border itself."""
    assert len(bends_of([([[1, 0], [0, 1]], [1, 2]), ([[1, 1]], [-2])])) == 0


# ------------------------------------------------------------------- against the plain forward pass


def turning_angle_around(layers, plane, point, neuron, radius) -> float | None:
    """The turning angle as a circle around the point shows it, None where it meets more lines.

    On the circle the neuron is zero at two places; seen from the centre they are 180 degrees minus
    the turning angle apart.
    """

    def value(angles):
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        x = plane.embed(point + radius * directions)
        return np.concatenate(preactivation_rows(layers, x), axis=1)[:, neuron]

    around = np.linspace(0, 2 * np.pi, 721)
    signs = value(around) > 0
    (changes,) = np.nonzero(signs[1:] != signs[:-1])
    if len(changes) != 2:
        return None
    low = around[changes]
    high = around[changes + 1]
    for _ in range(40):
        middle = (low + high) / 2
        is_low = (value(middle) > 0) == signs[changes]
        low = np.where(is_low, middle, low)
        high = np.where(is_low, high, middle)
    apart = np.degrees(low[1] - low[0])
    return abs(180 - apart)


@settings(deadline=None, max_examples=40)
@given(seeds, widths, densities, st.sampled_from([2, 5]))
def test_angles_are_those_that_a_circle_around_the_crossing_shows(seed, widths, density, inputs):
    layers = random_layers(seed, inputs, widths, density=density)
    plane = wide_plane(seed, inputs)
    regions = mbh.partition_input_space(layers, plane)
    found = mbh.bending(regions)
    layer = layer_of(widths)
    assert (layer[found.crossed] < layer[found.neurons]).all()
    assert ((found.angles >= 0) & (found.angles < 180)).all()
    assert plane.contains(found.points).all()
    size = np.ptp(plane.corners, axis=0).max()
    corners = np.unique(regions.corners.round(9), axis=0)
    for i in range(min(len(found), 30)):
        point = found.points[i]
        nearest = np.sort(np.linalg.norm(corners - point, axis=1))[1]
        lines = np.concatenate(preactivation_rows(layers, plane.embed(point[None])), axis=1)[0]
        assert lines[[found.neurons[i], found.crossed[i]]] == pytest.approx([0, 0], abs=1e-9)
        if nearest < 1e-3 * size:
            continue  # other lines are near
        seen = turning_angle_around(layers, plane, point, found.neurons[i], 1e-4 * size)
        if seen is not None:
            assert found.angles[i] == pytest.approx(seen, abs=1e-4)


@settings(deadline=None, max_examples=40)
@given(seeds, widths, densities, st.sampled_from([2, 5]))
def test_each_crossing_occurs_once(seed, widths, density, inputs):
    """At each of them four regions have a corner between the two lines."""
    regions = mbh.partition_input_space(
        random_layers(seed, inputs, widths, density=density), wide_plane(seed, inputs)
    )
    found = mbh.bending(regions)
    layer = layer_of(widths)
    corners = {}
    for lines in regions.edge_neurons:
        for pair in zip(np.roll(lines, 1), lines, strict=True):
            crossed, neuron = sorted(map(int, pair))
            if crossed >= 0 and layer[crossed] < layer[neuron]:
                corners[neuron, crossed] = corners.get((neuron, crossed), 0) + 1
    pairs = list(zip(found.neurons.tolist(), found.crossed.tolist(), strict=True))
    assert {pair: 4 * pairs.count(pair) for pair in pairs} == corners


@pytest.mark.parametrize("seed", range(5))
def test_crossings_along_a_line_of_the_first_layer_are_the_changes_of_sign_on_it(seed):
    """Counted on the straight line by the forward pass alone, without any partition."""
    layers = random_layers(seed, 2, (6, 5, 4), bias=0.6)
    plane = mbh.Plane.rectangle((-2, -2), (2, 2))
    found = bends_of(layers, plane)
    weight, bias = layers[0]
    n_crossings = 0
    for i in range(6):
        normal = weight[i] / np.linalg.norm(weight[i])
        foot = -bias[i] / np.linalg.norm(weight[i]) * normal
        along = np.linspace(-4, 4, 200_001)[:, None] * np.array([-normal[1], normal[0]])
        points = (foot + along)[plane.contains(foot + along)]
        signs = np.concatenate(preactivation_rows(layers, points)[1:], axis=1) > 0
        changes = (signs[1:] != signs[:-1]).sum(axis=0)
        of_line = found.neurons[found.crossed == i]
        assert np.bincount(of_line, minlength=15)[6:].tolist() == changes.tolist()
        n_crossings += changes.sum()
    assert n_crossings > 10


# ----------------------------------------------------------------------------- what changes nothing


@settings(deadline=None, max_examples=20)
@given(seeds, st.lists(st.integers(2, 8), min_size=2, max_size=3))
def test_the_size_of_the_weights_does_not_matter(seed, widths):
    """Neurons whose input is scaled, and whose output is scaled back, draw the same lines."""
    layers = random_layers(seed, 3, widths)
    scales = np.exp2(np.random.default_rng(seed).integers(-200, 200, widths[0]).astype(float))
    (weight, bias), (onwards, shift), *others = layers
    scaled = [(weight * scales[:, None], bias * scales), (onwards / scales, shift), *others]
    plane = wide_plane(seed, 3)
    assert_same(bends_of(layers, plane), bends_of(scaled, plane))


def small_network() -> nn.Sequential:
    torch.manual_seed(2)
    layers = [nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3)]
    return nn.Sequential(*layers).double()


WIDE = wide_plane(4, 4)


def test_cuts_by_the_predicted_class_are_no_crossings():
    found = bends_of(small_network(), WIDE)
    assert len(found) > 10 and found.mean_angle > 1
    decided = mbh.partition_input_space(small_network(), WIDE, decision_boundary=True)
    assert len(np.unique(decided.classes)) > 1
    assert_same(found, mbh.bending(decided))


class WithSkip(nn.Module):
    """The same with a connection from the inputs to the second layer, past the first one."""

    def __init__(self):
        super().__init__()
        self.first, _, self.second, _, self.output = small_network()
        self.skip = nn.Linear(4, 8, bias=False, dtype=torch.float64)

    def forward(self, x):
        hidden = torch.relu(self.first(x))
        return self.output(torch.relu(self.second(hidden) + self.skip(x)))


def test_linear_units_carry_gradients_and_are_not_crossed():
    """Four neurons that are always active carry the inputs past the first layer as well."""
    network = WithSkip()
    weight, bias = (p.detach().numpy() for p in network.first.parameters())
    onwards, shift = (p.detach().numpy() for p in network.second.parameters())
    skip = network.skip.weight.detach().numpy()
    first = np.concatenate([weight, np.eye(4)]), np.append(bias, np.full(4, 50.0))
    second = np.concatenate([onwards, skip], axis=1), shift - 50 * skip.sum(axis=1)
    found = bends_of(network, WIDE)
    expected = bends_of([first, second], WIDE)
    assert len(found) > 10 and (found.neurons >= 12).all()
    renumbered = replace(found, neurons=found.neurons + 4)
    assert_same(renumbered, expected)


def assert_same(one, other):
    """Whether two are equal up to their order."""
    assert len(one) == len(other)
    orders = [np.lexsort((b.angles, b.crossed, b.neurons)) for b in (one, other)]
    for name in ("neurons", "crossed", "angles"):
        values, others = (
            getattr(b, name)[order] for b, order in zip((one, other), orders, strict=True)
        )
        assert values == pytest.approx(others, abs=1e-6)


# -------------------------------------------------------------------------------------- ill calls


def test_on_a_line_nothing_bends():
    line = mbh.Line.through([[0, 0], [1, 1]])
    regions = mbh.partition_input_space(random_layers(0, 2, (3, 2)), line)
    with pytest.raises(MBHError, match="a partition of a plane"):
        mbh.bending(regions)
