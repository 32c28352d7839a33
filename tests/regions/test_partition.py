"""The partition of planes: fixtures with known answers, and laws that every network must obey."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import check, preactivation_rows, random_layers, random_plane

from mbh_utils.errors import MBHError
from mbh_utils.regions import bounds
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import DecisionPattern, activation_patterns
from mbh_utils.regions.planes import Line, Plane

seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 12), min_size=1, max_size=3)


# ------------------------------------------------------------------------------------ known answers

F1 = [
    (np.array([[-1.0, 1], [1, 1]]), np.array([0.0, -4])),
    (np.array([[-1.0, -3], [-3, -1]]), np.array([4.0, 4])),
    (np.array([[1.0, 3], [3, 1]]), np.array([-4.0, -4])),
]


@pytest.mark.parametrize(
    ("low", "high", "counts"), [(-1, 6, (4, 11, 20)), (-50, 70, (4, 11, 20)), (0, 4, (4, 9, 18))]
)
def test_f1_the_network_of_figure_3_2(low, high, counts):
    plane = Plane.rectangle([low, low], [high, high])
    for n_layers, count in enumerate(counts, start=1):
        regions = partition_input_space(F1[:n_layers], plane)
        assert len(regions) == count
        check(F1[:n_layers], plane, regions)


def test_f2_three_lines_make_seven_regions():
    layers = [(np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([0.0, 0, -1]))]
    regions = partition_input_space(layers, Plane.rectangle([-5, -5], [5, 5]))
    assert len(regions) == 7 == bounds.zaslavsky(3, 2)
    assert sorted(regions.areas) == pytest.approx([0.5, 8, 8, 17, 17, 24.5, 25])


# --------------------------------------------------------------------------------------------- laws


@settings(deadline=None, max_examples=150)
@given(
    seeds,
    st.sampled_from([2, 3, 17]),
    widths,
    st.sampled_from([0.0, 1e-6, 0.3]),
    st.sampled_from([0.3, 1.0]),
)
def test_laws_on_random_networks(seed, n_inputs, widths, bias, density):
    layers = random_layers(seed, n_inputs, widths, bias, density)
    plane = random_plane(seed, n_inputs)
    check(layers, plane, partition_input_space(layers, plane))


@settings(deadline=None, max_examples=40)
@given(seeds, widths, st.sampled_from(["box", "polygon", "triangle"]))
def test_laws_on_other_domains(seed, widths, domain):
    rng = np.random.default_rng(seed)
    layers = random_layers(seed, 9, widths)
    points = rng.random((3, 9)) * (rng.random((3, 9)) > 0.3)
    if domain == "box":
        plane = Plane.through(points, domain="box")
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, 3 if domain == "triangle" else 40))
        plane = Plane.through(points).with_domain(np.column_stack([np.cos(angles), np.sin(angles)]))
    check(layers, plane, partition_input_space(layers, plane))


@settings(deadline=None, max_examples=30)
@given(seeds, widths)
def test_an_edge_lies_on_its_neurons_zero_line(seed, widths):
    layers = random_layers(seed, 4, widths)
    plane = random_plane(seed, 4)
    regions = partition_input_space(layers, plane)
    for polygon, neurons in zip(regions.polygons, regions.edge_neurons, strict=True):
        middle = (polygon + np.roll(polygon, -1, axis=0)) / 2
        z = np.concatenate(preactivation_rows(layers, plane.embed(middle)), axis=1)
        for row, neuron in zip(z, neurons, strict=True):
            if neuron >= 0:
                assert abs(row[neuron]) < 1e-10
        for point, neuron in zip(middle, neurons, strict=True):
            if neuron < 0:
                p = plane.corners[-1 - neuron]
                q = np.roll(plane.corners, -1, axis=0)[-1 - neuron]
                assert abs(np.linalg.det(np.stack([q - p, point - p]))) < 1e-10


# --------------------------------------------------------------------------------- degenerate input


def test_neurons_without_a_line_on_the_plane():
    weight = np.array([[0.0, 0], [0, 0], [0, 0], [1, 0], [2, 0], [-1, 0], [1, 0]])
    bias = np.array([0.0, 1, -1, 0, 0, 0, 5])
    regions = partition_input_space([(weight, bias)], Plane.rectangle([-1, -1], [1, 1]))
    assert sorted(map(tuple, regions.patterns.astype(int))) == [
        (0, 1, 0, 0, 0, 1, 1),
        (0, 1, 0, 1, 1, 0, 1),
    ]
    assert regions.areas.tolist() == [2, 2]
    pairs, neurons = regions.adjacency()
    assert pairs.tolist() == [[0, 1]] and neurons[0] in (3, 4, 5)


def test_many_lines_through_one_point():
    angles = np.arange(20) * np.pi / 20 + 0.1
    layers = [(np.column_stack([np.cos(angles), np.sin(angles)]), np.zeros(20))]
    regions = partition_input_space(layers, Plane.rectangle([-1, -1], [1, 1]))
    assert len(regions) == 40
    check(layers, regions.plane, regions)
    shifted = Plane.rectangle([-0.25, -1], [1, 1])
    assert len(partition_input_space(layers, shifted)) == 40


def test_lines_along_and_outside_the_border():
    layers = [(np.array([[1.0, 0], [1, 0], [0, 1], [1, 1]]), np.array([-1.0, 1, -2, 3]))]
    regions = partition_input_space(layers, Plane.rectangle([-1, -1], [1, 1]))
    assert len(regions) == 1 and regions.patterns.tolist() == [[False, True, False, True]]


def test_a_second_layer_that_repeats_the_first():
    """Lines of the second layer that lie on lines of the first one make no noise slivers."""
    rng = np.random.default_rng(3)
    first = rng.standard_normal((9, 2)), rng.standard_normal(9) * 0.2
    layers = [
        first,
        (np.eye(9)[rng.integers(0, 9, 12)] * rng.uniform(0.5, 2, (12, 1)), np.zeros(12)),
    ]
    plane = Plane.rectangle([-1, -1], [1, 1])
    regions = partition_input_space(layers, plane)
    alone = partition_input_space(layers[:1], plane)
    assert len(regions) == len(alone)
    assert np.allclose(np.sort(regions.areas), np.sort(alone.areas), rtol=1e-12)


def test_a_wide_network_and_a_domain_with_many_corners():
    angles = np.arange(150) / 150 * 2 * np.pi
    plane = Plane.rectangle([-1, -1], [1, 1]).with_domain(
        np.column_stack([np.cos(angles), np.sin(angles)])
    )
    layers = random_layers(0, 2, (200, 70))
    regions = partition_input_space(layers, plane)
    assert len(regions) > 3000  # beyond the first output block, and its stack and polygons grow
    check(layers, plane, regions)


@pytest.mark.parametrize("keep", ["areas", ("polygons", "areas", "patterns")])
def test_the_kernels_stack_grows_where_it_has_to(monkeypatch, keep):
    layers = random_layers(3, 9, (40, 20))
    plane = random_plane(3, 9)
    expected = partition_input_space(layers, plane, keep=keep)
    monkeypatch.setattr("mbh_utils.regions.kernel.memory.SLOTS", 1)
    found = partition_input_space(layers, plane, keep=keep)
    assert np.array_equal(found.areas, expected.areas)
    if "patterns" in keep:
        assert np.array_equal(found.packed, expected.packed)
        assert np.array_equal(found.corners, expected.corners)


# ------------------------------------------------------------------------------------ what it takes


def test_networks_in_three_forms_give_the_same_regions():
    layers = random_layers(0, 6, (8, 5))
    modules = []
    for weight, bias in [*layers, (np.ones((3, 5)), np.zeros(3))]:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
        linear.weight.data = torch.from_numpy(weight)
        linear.bias.data = torch.from_numpy(bias)
        modules += [linear, torch.nn.ReLU()]
    plane = random_plane(0, 6)
    regions = partition_input_space(layers, plane)
    same = partition_input_space(torch.nn.Sequential(*modules[:-1]), plane)
    assert (same.packed == regions.packed).all() and (same.corners == regions.corners).all()
    without_output = torch.nn.Sequential(*modules[:4])
    hidden_only = partition_input_space(without_output, plane, output_layer=False)
    assert (hidden_only.packed == regions.packed).all()


def test_only_what_is_kept_is_there():
    layers = random_layers(1, 3, (20, 5))
    plane = random_plane(1, 3)
    full = partition_input_space(layers, plane)
    small = partition_input_space(layers, plane, keep=("areas", "patterns"))
    assert (small.packed == full.packed).all()
    assert (small.areas == full.areas).all()
    assert len(small) == len(full)
    for name in ("polygons", "corners", "edges", "centroids"):
        with pytest.raises(MBHError, match='keep them by keep=.*"polygons"'):
            getattr(small, name)
    with pytest.raises(MBHError, match="no patterns"):
        partition_input_space(layers, plane, keep="areas").blanket(DecisionPattern([0], [True]))


def test_wrong_input_is_named():
    layers = random_layers(1, 3, (5,))
    plane = random_plane(1, 3)
    with pytest.raises(MBHError, match=r"plane lies in R\^2, but the network takes 3"):
        partition_input_space(layers, Plane.rectangle())
    with pytest.raises(MBHError, match="keep names 'colours'"):
        partition_input_space(layers, plane, keep=("colours",))
    with pytest.raises(MBHError, match="must be finite"):
        partition_input_space([(layers[0][0] * np.nan, layers[0][1])], plane)
    regions = partition_input_space(layers, plane)
    with pytest.raises(MBHError, match="constrains neuron 5, but this network has 5"):
        regions.blanket(DecisionPattern([5], [True]))
    with pytest.raises(MBHError, match="constrains neuron 9"):
        regions.blanket_areas([DecisionPattern([9], [True])])
    with pytest.raises(MBHError, match="no hidden layer 1"):
        regions.layer_patterns(1)


# --------------------------------------------------------------------------- the complex as a whole


def cell_complex(regions) -> tuple[int, int, int]:
    """Vertices, edges and faces; corners of one place, known by its coordinates, are one vertex."""
    corners = regions.corners
    size = np.abs(corners).max()
    order = np.lexsort(np.round(corners.T / size, 9))
    cluster = np.empty(len(corners), dtype=np.int64)
    step = np.abs(np.diff(corners[order], axis=0)).max(axis=1) > 1e-8 * size
    cluster[order] = np.concatenate([[0], np.cumsum(step)])
    following = np.concatenate([np.roll(np.arange(a, b), -1) for a, b in pairwise(regions.offsets)])
    ends = np.sort(np.column_stack([cluster, cluster[following]]), axis=1)
    return cluster.max() + 1, len(np.unique(ends, axis=0)), len(regions)


@settings(deadline=None, max_examples=60)
@given(seeds, st.lists(st.integers(1, 8), min_size=1, max_size=3), st.sampled_from([0.3, 1.0]))
def test_eulers_formula(seed, widths, bias):
    regions = partition_input_space(random_layers(seed, 3, widths, bias), random_plane(seed, 3))
    if regions.areas.min() < 1e-6 * regions.plane.area:
        return  # corners of slivers may lie closer together than this test tells apart
    vertices, edges, faces = cell_complex(regions)
    assert vertices - edges + faces == 1


def pattern_areas(regions, order=None) -> dict[bytes, float]:
    patterns = regions.patterns if order is None else regions.patterns[:, order]
    return {p.tobytes(): a for p, a in zip(patterns, regions.areas, strict=True)}


def assert_same(first: dict, second: dict, factor: float = 1.0) -> None:
    assert set(first) == set(second)
    total = sum(first.values())
    assert all(abs(second[p] - factor * a) < 1e-9 * factor * total for p, a in first.items())


@settings(deadline=None, max_examples=60)
@given(seeds, widths, st.floats(0, 6.28), st.sampled_from([1e-6, 1.0, 1e5]))
def test_rotating_and_scaling_the_plane_changes_nothing(seed, widths, angle, scale):
    layers = random_layers(seed, 5, widths)
    plane = random_plane(seed, 5)
    regions = partition_input_space(layers, plane)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = Plane(plane.origin, turn @ plane.basis, plane.low, plane.high)
    turned = turned.with_domain(plane.corners @ turn.T)
    assert_same(pattern_areas(regions), pattern_areas(partition_input_space(layers, turned)))
    # Inputs and all biases larger by one factor: the same picture, enlarged.
    larger = Plane(scale * plane.origin, plane.basis, scale * plane.low, scale * plane.high)
    enlarged = partition_input_space([(weight, scale * bias) for weight, bias in layers], larger)
    assert_same(pattern_areas(regions), pattern_areas(enlarged), scale**2)


@settings(deadline=None, max_examples=60)
@given(seeds, widths)
def test_the_order_of_neurons_and_their_scale_change_nothing(seed, widths):
    rng = np.random.default_rng(seed)
    layers = random_layers(seed, 4, widths)
    plane = random_plane(seed, 4)
    shuffled = []
    inputs = np.arange(4)
    factors = np.ones(4)
    place = []
    first = 0
    for weight, bias in layers:
        order = rng.permutation(len(bias))
        scale = rng.uniform(0.2, 5, len(bias))
        reordered = weight[order][:, inputs] / factors
        shuffled.append((scale[:, None] * reordered, scale * bias[order]))
        place += [first + int(np.flatnonzero(order == i)[0]) for i in range(len(bias))]
        inputs = order
        factors = scale
        first += len(bias)
    regions = partition_input_space(layers, plane)
    same = partition_input_space(shuffled, plane)
    assert_same(pattern_areas(regions), pattern_areas(same, place))


# -------------------------------------------------------------------------------------------- lines


@settings(deadline=None, max_examples=60)
@given(seeds, st.sampled_from([2, 9]), widths, st.sampled_from([0.0, 0.3]))
def test_regions_of_a_line(seed, n_inputs, widths, bias):
    rng = np.random.default_rng(seed)
    layers = random_layers(seed, n_inputs, widths, bias)
    line = Line.through(rng.standard_normal((2, n_inputs)))
    regions = partition_input_space(layers, line)
    ends = regions.intervals
    assert (ends[0, 0], ends[-1, 1]) == (line.low, line.high)
    assert (ends[1:, 0] == ends[:-1, 1]).all() and (ends[:, 0] < ends[:, 1]).all()
    assert regions.areas == pytest.approx(ends[:, 1] - ends[:, 0], abs=1e-12 * line.area)
    assert len(regions) <= bounds.serra(1, regions.widths)
    wide = regions.areas > 1e-9 * line.area
    middles = ends.mean(axis=1)
    assert (activation_patterns(layers, line.embed(middles)) == regions.patterns)[wide].all()
    changes = regions.patterns[1:] != regions.patterns[:-1]
    assert changes.any(axis=1).all()
    if bias:
        assert (changes.sum(axis=1) == 1).all()
        pairs, neurons = regions.adjacency()
        left = np.arange(len(pairs))
        assert (pairs == np.column_stack([left, left + 1])).all()
        assert (neurons == changes.argmax(axis=1)).all()
    assert (regions.locate(ends.mean(axis=1))[wide] == np.arange(len(regions))[wide]).all()
    assert regions.blanket(DecisionPattern([0], [True])).share == pytest.approx(
        (ends[:, 1] - ends[:, 0])[regions.patterns[:, 0]].sum() / line.area
    )


def test_the_largest_number_of_regions_of_a_line_is_reached():
    """A zigzag of three neurons per layer folds the line onto itself: (3 + 1)^2 regions."""
    fold = np.array([[-1.0], [1.0], [1.0]]), np.array([2.0, 0, -1])  # slopes -1, 2, -0.5, 0.5 below
    layers = [fold, (np.tile([1.0, 3, -2.5], (3, 1)), np.array([-3.6, -3.75, -3.9]))]
    regions = partition_input_space(layers, Line(np.zeros(1), [1.0], -3, 6))
    assert len(regions) == 16 == bounds.serra(1, (3, 3))


def test_exact_lines_and_errors():
    layers = [(np.array([[1.0], [2.5], [-0.1]]), np.array([-0.3, -0.75, 0.03]))]
    line = Line(np.zeros(1), [1.0], 0, 1)
    for exact in (False, True):
        regions = partition_input_space(layers, line, exact=exact)
        assert len(regions) == 4  # the three breaks differ by rounding only
        assert (np.diff(regions.intervals[:, 0]) >= 0).all()
    assert partition_input_space(layers, line, keep=("areas",)).areas.sum() == pytest.approx(1)
    with pytest.raises(MBHError, match="line lies in R.1, but the network takes 3"):
        partition_input_space(random_layers(0, 3, (4,)), line)
    on_plane = partition_input_space(random_layers(0, 2, (4,)), Plane.rectangle())
    with pytest.raises(MBHError, match="no intervals"):
        _ = on_plane.intervals
