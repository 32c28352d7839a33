"""Regions cut by the predicted class: against exact arithmetic and against the network itself."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from exact_reference import assert_equals_exact
from hypothesis import given, settings
from hypothesis import strategies as st
from test_exact import NASTY, SQUARE, TRIANGLE, hard_case, nasty_layers
from torch import nn

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.regions.partition import Partition, partition_input_space
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Line, Plane

seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 8), min_size=1, max_size=3)


def sequential(layers) -> nn.Sequential:
    """A module with these layers, the last one as its output layer."""
    modules = []
    for weight, bias in layers:
        linear = nn.Linear(*weight.shape[::-1], dtype=torch.float64)
        linear.weight.data = torch.from_numpy(weight.copy())
        linear.bias.data = torch.from_numpy(bias.copy())
        modules += [linear, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def random_case(
    seed: int, widths, n_classes: int = 3, n_inputs: int = 4
) -> tuple[nn.Sequential, Plane]:
    rng = np.random.default_rng(seed)
    layers = []
    for below, n in pairwise((n_inputs, *widths, n_classes)):
        weight = rng.standard_normal((n, below)) / np.sqrt(below)
        layers.append((weight, 0.3 * rng.standard_normal(n)))
    return sequential(layers), Plane.through(rng.random((3, n_inputs)), margin=4)


def outputs(network, points) -> np.ndarray:
    with torch.no_grad():
        return network(torch.from_numpy(points)).numpy()


# ------------------------------------------------------------------------- against exact arithmetic


@settings(deadline=None, max_examples=300)
@given(
    seeds,
    st.lists(st.integers(1, 4), min_size=1, max_size=2),
    st.integers(2, 4),
    st.sampled_from([SQUARE, TRIANGLE]),
)
def test_nasty_networks_equal_exact_arithmetic(seed, widths, n_classes, plane):
    network = sequential(nasty_layers(seed, [*widths, n_classes]))
    assert_equals_exact(partition_input_space(network, plane, exact=True, decision_boundary=True))


@settings(deadline=None, max_examples=300)
@given(
    seeds,
    st.lists(st.integers(1, 4), min_size=1, max_size=2),
    st.sampled_from(["nasty", "normal", "grid"]),
)
def test_so_does_the_default(seed, widths, kind):
    rng = np.random.default_rng(seed)
    values = {"nasty": NASTY, "normal": rng.standard_normal(50), "grid": np.arange(-3, 4) / 2}[kind]
    network = sequential(nasty_layers(seed, [*widths, int(rng.integers(2, 5))], values))
    assert_equals_exact(partition_input_space(network, TRIANGLE, decision_boundary=True))


def test_generic_networks_need_no_exact_arithmetic():
    for seed in range(20):
        network, plane = random_case(seed, (20, 12), n_classes=6)
        assert partition_input_space(network, plane, decision_boundary=True).uncertain == 0


@pytest.mark.parametrize("exact", [False, True])
def test_the_hard_case_with_zero_biases(exact):
    """All boundaries meet in the samples' own points, and some lie on lines of neurons."""
    layers, plane = hard_case(1, (16, 8), bias=0.0)
    output = np.random.default_rng(0).standard_normal((4, 8)), np.zeros(4)
    regions = partition_input_space(
        sequential([*layers, output]), plane, exact=exact, decision_boundary=True
    )
    assert regions.uncertain > 0 and regions.touched.any()
    assert_equals_exact(regions)


# --------------------------------------------------------------------------------------------- laws


@settings(deadline=None, max_examples=100)
@given(seeds, widths, st.integers(2, 6), st.sampled_from(["square", "box"]))
def test_laws_on_random_networks(seed, widths, n_classes, domain):
    network, plane = random_case(seed, widths, n_classes)
    if domain == "box":
        plane = Plane.through(plane.embed(plane.spanning), domain="box")
    regions = partition_input_space(network, plane, decision_boundary=True)
    plain = partition_input_space(network, plane)
    assert regions.areas.sum() == pytest.approx(plane.area, rel=1e-12)
    assert (regions.areas > 0).all()
    # The classes are those of the network wherever the two largest outputs can be told apart.
    rng = np.random.default_rng(seed)
    uv = rng.uniform(plane.low, plane.high, (2000, 2))
    uv = uv[plane.contains(uv)]
    z = outputs(network, plane.embed(uv))
    clear = np.diff(np.sort(z, axis=1)[:, -2:])[:, 0] > 1e-9
    found = regions.locate(uv)
    assert (found >= 0).all()
    assert (regions.classes[found] == z.argmax(axis=1))[clear].all()
    # Cut regions are those of the plain partition: together they have the same patterns and areas.
    both = np.concatenate([plain.packed, regions.packed])
    keys, owner = np.unique(both, axis=0, return_inverse=True)
    owner = owner.ravel()
    assert len(keys) == len(plain)
    whole = np.bincount(owner[: len(plain)], plain.areas)
    together = np.bincount(owner[len(plain) :], regions.areas)
    assert np.allclose(whole, together)
    cases = np.column_stack([regions.packed, regions.classes])
    assert len(np.unique(cases, axis=0)) == len(regions)
    for polygon in regions.polygons:  # convex, counter-clockwise
        along = np.roll(polygon, -1, axis=0) - polygon
        after = np.roll(along, -1, axis=0)
        turn = along[:, 0] * after[:, 1] - along[:, 1] * after[:, 0]
        assert (turn > -1e-12 * plane.area).all()
    wide = regions.areas > 1e-9 * plane.area
    assert (regions.locate(regions.centroids) == np.arange(len(regions)))[wide].all()


@settings(deadline=None, max_examples=60)
@given(seeds, widths)
def test_neighbours_across_neurons_and_classes(seed, widths):
    network, plane = random_case(seed, widths, 4)
    regions = partition_input_space(network, plane, decision_boundary=True)
    pairs, neurons = regions.adjacency()
    changed = regions.patterns[pairs[:, 0]] != regions.patterns[pairs[:, 1]]
    other_class = regions.classes[pairs[:, 0]] != regions.classes[pairs[:, 1]]
    assert (changed.sum(axis=1) == (neurons >= 0)).all()
    assert (np.argmax(changed, axis=1) == neurons)[neurons >= 0].all()
    assert other_class[neurons < 0].all()
    assert 2 * len(pairs) == (regions.edges >= 0).sum()  # every inner edge belongs to two regions
    # On the boundary the two largest outputs are equal, and it is as long as seen from either side.
    boundary = regions.decision_boundary()
    assert len(boundary) >= (neurons < 0).sum()
    if len(boundary):
        z = np.sort(outputs(network, plane.embed(boundary.mean(axis=1))), axis=1)
        assert np.allclose(z[:, -1], z[:, -2], atol=1e-9)


def test_the_boundary_of_a_known_network():
    """Outputs |u| and 1/2 + v / 2: a wedge whose borders are known."""
    layers = [(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]), np.zeros(4))]
    output = np.array([[1.0, 1, 0, 0], [0, 0, 0.5, -0.5]]), np.array([0.0, 0.5])
    square = Plane.rectangle([-1, -1], [1, 1])
    regions = partition_input_space(sequential([*layers, output]), square, decision_boundary=True)
    assert np.bincount(regions.classes, regions.areas).tolist() == pytest.approx([2, 2])
    assert len(partition_input_space(layers, square)) == 4
    assert len(regions) == 4 + 2 + 0 + 2 * 1
    boundary = regions.decision_boundary()
    lengths = np.linalg.norm(boundary[:, 1] - boundary[:, 0], axis=1)
    assert lengths.sum() == pytest.approx(2 * np.sqrt(5))
    assert np.abs(boundary[..., 0]) == pytest.approx(0.5 + 0.5 * boundary[..., 1])
    assert "cut by 2 classes, " in repr(regions)


def test_ties_go_to_the_first_class():
    """Where the only neuron is silent all outputs are one constant; classes 1 and 2 are equal."""
    layers = [(np.array([[1.0, 0]]), np.zeros(1)), (np.array([[-1.0], [2], [2]]), np.full(3, 0.25))]
    regions = partition_input_space(sequential(layers), SQUARE, exact=True, decision_boundary=True)
    assert_equals_exact(regions)
    active = regions.patterns[:, 0].tolist()
    assert dict(zip(active, regions.classes.tolist(), strict=True)) == {False: 0, True: 1}
    assert len(regions) == 2
    # The class changes on the neuron's line: that is the decision boundary.
    assert regions.adjacency()[1].tolist() == [0]
    assert np.abs(regions.decision_boundary()[..., 0]).max() == 0


def test_outputs_equal_up_to_rounding_are_one_class():
    rng = np.random.default_rng(0)
    network, plane = random_case(0, (9, 5), 3)
    before = partition_input_space(network, plane, decision_boundary=True)
    best = int(np.bincount(before.classes).argmax())
    last_digit = torch.tensor([2**-52, -(2**-52)], dtype=torch.float64)
    with torch.no_grad():
        for x in (network[-1].weight, network[-1].bias):
            x[[0, best]] = x[[best, 0]]
            steps = last_digit[torch.arange(x[0].numel()) % 2].reshape(x[0].shape)
            x[2] = x[0] * (1 + steps)
    default = partition_input_space(network, plane, decision_boundary=True)
    assert default.uncertain > 0
    assert_equals_exact(default)
    exact = partition_input_space(network, plane, exact=True, decision_boundary=True)
    assert_equals_exact(exact)
    uv = rng.uniform(plane.low, plane.high, (1000, 2))
    assert (default.classes[default.locate(uv)] == exact.classes[exact.locate(uv)]).all()


# --------------------------------------------------------------------- what it works on, the result


def test_every_kind_of_network_gives_the_same():
    network = Network(6, (8, 5), 3, seed=1, bias_std=0.3).double()
    plane = Plane.through(np.random.default_rng(1).random((3, 6)), margin=4)
    expected = partition_input_space(network, plane, decision_boundary=True)
    layers = [(m.weight.detach().numpy(), m.bias.detach().numpy()) for m in network.linears]
    plain = sequential(layers)
    for other in (
        plain,
        nn.Sequential(*plain, nn.Identity()),
        nn.Sequential(plain, nn.Flatten()),
        mbh.trace(plain),
    ):
        same = partition_input_space(other, plane, decision_boundary=True)
        assert (same.classes == expected.classes).all() and (same.corners == expected.corners).all()
        assert (same.packed == expected.packed).all()


class Residual(nn.Module):
    """Its outputs read the inputs and both hidden layers: linear units carry them."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Linear(5, 7)
        self.second = nn.Linear(7, 7)
        self.output = nn.Linear(12, 4)

    def forward(self, x):
        h = nn.functional.leaky_relu(self.first(x), 0.2)
        return self.output(torch.cat([h + torch.relu(self.second(h)), x], dim=1))


@pytest.mark.parametrize("exact", [False, True])
def test_a_module_with_shortcuts_to_the_output(exact):
    network = Residual().double()
    plane = Plane.through(np.random.default_rng(0).random((3, 5)), margin=8)
    regions = partition_input_space(mbh.trace(network), plane, exact=exact, decision_boundary=True)
    assert regions.certified and len(np.unique(regions.classes)) > 1
    assert (regions.edges < regions.n_hidden + 4).all() and regions.n_hidden == 14
    z = outputs(network, plane.embed(regions.centroids))
    assert (z.argmax(axis=1) == regions.classes).all()
    for i in range(0, len(regions), 5):
        weight, bias = regions.affine_map(i, "output")
        assert weight @ regions.centroids[i] + bias == pytest.approx(z[i])
    assert_equals_exact(regions)


def test_on_a_line():
    network, plane = random_case(4, (12, 7), 4)
    line = Line.through(plane.embed(plane.spanning)[:2], margin=9)
    regions = partition_input_space(network, line, decision_boundary=True)
    plain = partition_input_space(network, line)
    ends = regions.intervals
    assert len(regions) > len(plain)
    assert (ends[0, 0], ends[-1, 1]) == (line.low, line.high)
    assert ends[1:, 0] == pytest.approx(ends[:-1, 1])
    middles = ends.mean(axis=1)
    assert (outputs(network, line.embed(middles)).argmax(axis=1) == regions.classes).all()
    assert (regions.locate(middles) == np.arange(len(regions))).all()
    pairs, _ = regions.adjacency()
    assert sorted(map(tuple, pairs)) == list(pairwise(range(len(regions))))
    assert len(regions.decision_boundary()) == (np.diff(regions.classes) != 0).sum()


def test_what_is_kept_and_saved(tmp_path):
    network, plane = random_case(2, (12, 7), 5)
    regions = partition_input_space(network, plane, decision_boundary=True)
    regions.save(tmp_path / "regions.npz")
    back = Partition.load(tmp_path / "regions.npz")
    assert repr(back) == repr(regions) and (back.classes == regions.classes).all()
    assert (back.decision_boundary() == regions.decision_boundary()).all()
    assert (back.locate(regions.centroids) == np.arange(len(regions))).all()
    small = partition_input_space(network, plane, decision_boundary=True, keep=("areas",))
    assert (small.classes == regions.classes).all() and (small.areas == regions.areas).all()
    with pytest.raises(MBHError, match='"polygons"'):
        small.decision_boundary()
    plain = partition_input_space(network, plane)
    patterns = [DecisionPattern([13, 17], [True, False]), DecisionPattern([3], [True])]
    areas = plain.blanket_areas(patterns)
    assert regions.blanket_areas(patterns) == pytest.approx(areas, rel=1e-12)
    share = plain.blanket(patterns[1]).share
    assert regions.blanket(patterns[1]).share == pytest.approx(share, rel=1e-12)


def test_many_regions_come_in_several_blocks():
    network, plane = random_case(6, (60, 40), 900, n_inputs=3)
    regions = partition_input_space(network, plane, decision_boundary=True)
    assert len(regions) > 1000
    assert regions.areas.sum() == pytest.approx(plane.area, rel=1e-12)
    z = outputs(network, plane.embed(regions.centroids))
    assert (z.argmax(axis=1) == regions.classes).all()


def test_networks_without_an_output_layer_are_refused():
    network, plane = random_case(0, (5,), 3)
    layers = mbh.hidden_layers(network)
    for wrong, options, words in (
        (layers, {}, "a list of hidden layers has none"),
        (network, {"output_layer": False}, "output_layer=False makes"),
        (random_case(0, (5,), 1)[0], {}, "one output"),
        (object(), {}, "object is not understood"),
    ):
        with pytest.raises(MBHError, match=words):
            partition_input_space(wrong, plane, decision_boundary=True, **options)
    plain = partition_input_space(network, plane)
    with pytest.raises(MBHError, match="decision_boundary=True"):
        _ = plain.classes
    with pytest.raises(MBHError, match="decision_boundary=True"):
        plain.decision_boundary()
    with pytest.raises(MBHError, match="decision_boundary=True"):
        plain.affine_map(0, "output")
