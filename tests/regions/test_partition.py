"""The partition of planes: fixtures with known answers, and laws that every network must obey."""

import os
import stat
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.regions import bounds
from mbh_utils.regions.partition import Partition, partition_input_space
from mbh_utils.regions.patterns import DecisionPattern, activation_patterns
from mbh_utils.regions.planes import Line, Plane

seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 12), min_size=1, max_size=3)


def random_layers(seed: int, n_inputs: int, widths, bias: float = 0.3, density: float = 1.0):
    """He-normal hidden layers with biases of a given size, a share of the weights kept."""
    rng = np.random.default_rng(seed)
    layers = []
    for n in widths:
        weight = (
            rng.standard_normal((n, n_inputs))
            * np.sqrt(2 / n_inputs)
            * (rng.random((n, n_inputs)) < density)
        )
        layers.append((weight, bias * rng.standard_normal(n)))
        n_inputs = n
    return layers


def random_plane(seed: int, n_inputs: int) -> Plane:
    if n_inputs == 2:
        return Plane.rectangle([-2, -2], [2, 2])
    return Plane.through(np.random.default_rng(seed + 1).random((3, n_inputs)))


def check(layers, plane: Plane, regions, n_samples: int = 300) -> None:
    """What must hold for every partition, against the plain forward pass in the full input space."""
    rng = np.random.default_rng(0)
    assert regions.areas.sum() == pytest.approx(plane.area, rel=1e-12)
    assert (regions.areas > 0).all()
    assert len(np.unique(regions.packed, axis=0)) == len(regions)
    assert len(regions) <= bounds.serra(2, regions.widths)
    # The forward pass gives the stored pattern inside a region (no sliver), and a known one at any point.
    wide = regions.areas > 1e-9 * plane.area
    seen = activation_patterns(layers, plane.embed(regions.centroids))
    assert (seen == regions.patterns)[wide].all()
    uv = rng.uniform(plane.low, plane.high, (n_samples, 2))
    uv = uv[plane.contains(uv)]
    found = regions.locate(uv)
    assert (found >= 0).all()
    clear = (
        np.abs(np.concatenate(preactivation_rows(layers, plane.embed(uv)), axis=1)).min(axis=1)
        > 1e-9
    )
    assert (regions.patterns[found] == activation_patterns(layers, plane.embed(uv)))[clear].all()
    # Polygons are convex, counter-clockwise, and their shoelace areas are the ones given.
    for polygon, area in zip(regions.polygons[:50], regions.areas, strict=False):
        x, y = (polygon - polygon[0]).T
        assert 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1)) == pytest.approx(
            area, rel=1e-6, abs=1e-14 * plane.area
        )


def preactivation_rows(layers, x):
    rows = []
    for weight, bias in layers:
        rows.append(x @ weight.T + bias)
        x = np.maximum(rows[-1], 0)
    return rows


# ------------------------------------------------------------------------------------------------------- known answers

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


def test_f3_a_blanket_is_a_union_of_regions():
    layers = [(np.eye(2), np.zeros(2))]
    regions = partition_input_space(layers, Plane.rectangle([-1, -1], [1, 1]))
    below = regions.blanket(DecisionPattern([1], [False]))
    assert (below.area, below.share, below.regions.sum()) == (2, 0.5, 2)
    assert regions.blanket(DecisionPattern([1, 0], [False, True])).share == 0.25
    assert regions.blanket(DecisionPattern([], [])).share == 1


def test_f4_shares_of_the_greedy_failure():
    layers = [(np.array([[1.0, 0], [0, 1], [1, 0]]), np.array([0.9, 0.8, 0]))]
    regions = partition_input_space(layers, Plane.rectangle([-1, -1], [1, 1]))
    patterns = [
        DecisionPattern([0], [True]),
        DecisionPattern([0, 1], [True, True]),
        DecisionPattern([0, 2], [True, False]),
        DecisionPattern([0, 1, 2], [True, True, False]),
        DecisionPattern([0, 2], [False, True]),
    ]
    shares = [0.95, 0.855, 0.45, 0.405, 0]
    assert regions.blanket_areas(patterns) / regions.plane.area == pytest.approx(shares, abs=1e-15)
    assert [regions.blanket(p).share for p in patterns] == pytest.approx(shares, abs=1e-15)


# --------------------------------------------------------------------------------------------------------------- laws


@settings(deadline=None, max_examples=150)
@given(
    seeds,
    st.sampled_from([2, 3, 17]),
    widths,
    st.sampled_from([0.0, 1e-6, 0.3]),
    st.sampled_from([0.3, 1.0]),
)
def test_laws_on_random_networks(seed, n_inputs, widths, bias, density):
    layers, plane = (
        random_layers(seed, n_inputs, widths, bias, density),
        random_plane(seed, n_inputs),
    )
    check(layers, plane, partition_input_space(layers, plane))


@settings(deadline=None, max_examples=40)
@given(seeds, widths, st.sampled_from(["box", "polygon", "triangle"]))
def test_laws_on_other_domains(seed, widths, domain):
    rng = np.random.default_rng(seed)
    layers, points = random_layers(seed, 9, widths), rng.random((3, 9)) * (rng.random((3, 9)) > 0.3)
    if domain == "box":
        plane = Plane.through(points, domain="box")
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, 3 if domain == "triangle" else 40))
        plane = Plane.through(points).with_domain(np.column_stack([np.cos(angles), np.sin(angles)]))
    check(layers, plane, partition_input_space(layers, plane))


@settings(deadline=None, max_examples=40)
@given(seeds, widths)
def test_neighbours_differ_in_the_neuron_between_them(seed, widths):
    layers, plane = random_layers(seed, 5, widths), random_plane(seed, 5)
    regions = partition_input_space(layers, plane)
    pairs, neurons = regions.adjacency()
    changed = regions.patterns[pairs[:, 0]] != regions.patterns[pairs[:, 1]]
    assert (changed.sum(axis=1) == 1).all()
    assert (np.argmax(changed, axis=1) == neurons).all()
    inner = sum((edge >= 0).sum() for edge in regions.edge_neurons)
    assert 2 * len(pairs) == inner
    reached, waiting = {0}, [0]  # the regions hang together
    while waiting:
        here = waiting.pop()
        for there in pairs[(pairs == here).any(axis=1)].ravel().tolist():
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    assert len(reached) == len(regions)


@settings(deadline=None, max_examples=30)
@given(seeds, widths)
def test_an_edge_lies_on_its_neurons_zero_line(seed, widths):
    layers, plane = random_layers(seed, 4, widths), random_plane(seed, 4)
    regions = partition_input_space(layers, plane)
    for polygon, neurons in zip(regions.polygons, regions.edge_neurons, strict=True):
        middle = (polygon + np.roll(polygon, -1, axis=0)) / 2
        z = np.concatenate(preactivation_rows(layers, plane.embed(middle)), axis=1)
        for row, neuron in zip(z, neurons, strict=True):
            if neuron >= 0:
                assert abs(row[neuron]) < 1e-10
        for point, neuron in zip(middle, neurons, strict=True):
            if neuron < 0:
                p, q = plane.corners[-1 - neuron], np.roll(plane.corners, -1, axis=0)[-1 - neuron]
                assert abs(np.linalg.det(np.stack([q - p, point - p]))) < 1e-10


@settings(deadline=None, max_examples=30)
@given(seeds, widths)
def test_blanket_areas_agree_with_brute_force(seed, widths):
    rng = np.random.default_rng(seed)
    layers, plane = random_layers(seed, 4, [*widths, 70]), random_plane(seed, 4)
    regions = partition_input_space(layers, plane)
    patterns = []
    for _ in range(12):
        neurons = rng.permutation(regions.n_hidden)[: rng.integers(0, 6)]
        near = regions.patterns[rng.integers(len(regions)), neurons]
        patterns.append(DecisionPattern(neurons, near ^ (rng.random(len(near)) < 0.1)))
    expected = [regions.areas[p.satisfied_by(regions.patterns)].sum() for p in patterns]
    assert regions.blanket_areas(patterns) == pytest.approx(expected, rel=1e-12)
    assert [regions.blanket(p).area for p in patterns] == pytest.approx(expected, rel=1e-12)
    assert (
        regions.blanket(patterns[0]).regions == patterns[0].satisfied_by(regions.patterns)
    ).all()


# ---------------------------------------------------------------------------------------------------- degenerate input


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
    regions, alone = partition_input_space(layers, plane), partition_input_space(layers[:1], plane)
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
    layers, plane = random_layers(3, 9, (40, 20)), random_plane(3, 9)
    expected = partition_input_space(layers, plane, keep=keep)
    monkeypatch.setattr("mbh_utils.regions.kernel.memory.SLOTS", 1)
    found = partition_input_space(layers, plane, keep=keep)
    assert np.array_equal(found.areas, expected.areas)
    if "patterns" in keep:
        assert np.array_equal(found.packed, expected.packed) and np.array_equal(
            found.corners, expected.corners
        )


def test_networks_in_three_forms_give_the_same_regions():
    layers = random_layers(0, 6, (8, 5))
    modules = []
    for weight, bias in [*layers, (np.ones((3, 5)), np.zeros(3))]:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
        modules += [linear, torch.nn.ReLU()]
    plane = random_plane(0, 6)
    regions = partition_input_space(layers, plane)
    same = partition_input_space(torch.nn.Sequential(*modules[:-1]), plane)
    assert (same.packed == regions.packed).all() and (same.corners == regions.corners).all()
    hidden_only = partition_input_space(
        torch.nn.Sequential(*modules[:4]), plane, output_layer=False
    )
    assert (hidden_only.packed == regions.packed).all()


# --------------------------------------------------------------------------------------------------------- the result


def test_points_are_found_and_points_outside_are_not():
    layers, plane = random_layers(5, 2, (6, 4)), Plane.rectangle([-2, -2], [2, 2])
    regions = partition_input_space(layers, plane)
    assert (regions.locate(regions.centroids) == np.arange(len(regions))).all()
    assert regions.locate([[3, 0], [0, -2.1]]).tolist() == [-1, -1]
    on_edges = (
        regions.corners + np.concatenate([np.roll(p, -1, axis=0) for p in regions.polygons])
    ) / 2
    owner = np.repeat(np.arange(len(regions)), np.diff(regions.offsets))
    pairs = {tuple(pair) for pair in regions.adjacency()[0].tolist()}
    for found, here in zip(regions.locate(on_edges), owner, strict=True):
        assert found == here or (min(found, here), max(found, here)) in pairs


def test_layers_of_the_patterns():
    regions = partition_input_space(random_layers(1, 3, (70, 5)), random_plane(1, 3))
    assert (
        np.hstack([regions.layer_patterns(0), regions.layer_patterns(1)]) == regions.patterns
    ).all()
    assert (regions.layer_patterns() == regions.patterns[:, 70:]).all()
    assert regions.packed.shape == (len(regions), 3) and regions.packed.dtype == np.uint64


def test_only_what_is_kept_is_there():
    layers, plane = random_layers(1, 3, (20, 5)), random_plane(1, 3)
    full, small = (
        partition_input_space(layers, plane),
        partition_input_space(layers, plane, keep=("areas", "patterns")),
    )
    assert (
        (small.packed == full.packed).all()
        and (small.areas == full.areas).all()
        and len(small) == len(full)
    )
    for name in ("polygons", "corners", "edges", "centroids"):
        with pytest.raises(MBHError, match='keep them by keep=.*"polygons"'):
            getattr(small, name)
    with pytest.raises(MBHError, match="no patterns"):
        partition_input_space(layers, plane, keep="areas").blanket(DecisionPattern([0], [True]))


def test_wrong_input_is_named():
    layers, plane = random_layers(1, 3, (5,)), random_plane(1, 3)
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


def test_repr_is_short_and_says_how_sure_it_is():
    regions = partition_input_space(random_layers(1, 3, (5, 3)), random_plane(1, 3))
    assert repr(regions).startswith(
        f"Partition({len(regions)} regions of a 5-3 hidden network, certified; Plane"
    )


# -------------------------------------------------------------------------------------------- the complex as a whole


def cell_complex(regions) -> tuple[int, int, int]:
    """Vertices, edges and faces; a vertex is where edges end, corners of one place being known by their coordinates."""
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
    layers, plane = random_layers(seed, 5, widths), random_plane(seed, 5)
    regions = partition_input_space(layers, plane)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = Plane(plane.origin, turn @ plane.basis, plane.low, plane.high).with_domain(
        plane.corners @ turn.T
    )
    assert_same(pattern_areas(regions), pattern_areas(partition_input_space(layers, turned)))
    # Inputs and all biases larger by one factor: the same picture, enlarged.
    larger = Plane(scale * plane.origin, plane.basis, scale * plane.low, scale * plane.high)
    enlarged = partition_input_space([(weight, scale * bias) for weight, bias in layers], larger)
    assert_same(pattern_areas(regions), pattern_areas(enlarged), scale**2)


@settings(deadline=None, max_examples=60)
@given(seeds, widths)
def test_the_order_of_neurons_and_their_scale_change_nothing(seed, widths):
    rng = np.random.default_rng(seed)
    layers, plane = random_layers(seed, 4, widths), random_plane(seed, 4)
    shuffled, inputs, factors, place, first = [], np.arange(4), np.ones(4), [], 0
    for weight, bias in layers:
        order, scale = rng.permutation(len(bias)), rng.uniform(0.2, 5, len(bias))
        shuffled.append(
            (scale[:, None] * (weight[order][:, inputs] / factors), scale * bias[order])
        )
        place += [first + int(np.flatnonzero(order == i)[0]) for i in range(len(bias))]
        inputs, factors, first = order, scale, first + len(bias)
    regions, same = partition_input_space(layers, plane), partition_input_space(shuffled, plane)
    assert_same(pattern_areas(regions), pattern_areas(same, place))


# --------------------------------------------------------------------------------------------------------------- lines


@settings(deadline=None, max_examples=60)
@given(seeds, st.sampled_from([2, 9]), widths, st.sampled_from([0.0, 0.3]))
def test_regions_of_a_line(seed, n_inputs, widths, bias):
    rng = np.random.default_rng(seed)
    layers, line = (
        random_layers(seed, n_inputs, widths, bias),
        Line.through(rng.standard_normal((2, n_inputs))),
    )
    regions = partition_input_space(layers, line)
    ends = regions.intervals
    assert (ends[0, 0], ends[-1, 1]) == (line.low, line.high)
    assert (ends[1:, 0] == ends[:-1, 1]).all() and (ends[:, 0] < ends[:, 1]).all()
    assert regions.areas == pytest.approx(ends[:, 1] - ends[:, 0], abs=1e-12 * line.area)
    assert len(regions) <= bounds.serra(1, regions.widths)
    wide = regions.areas > 1e-9 * line.area
    assert (activation_patterns(layers, line.embed(ends.mean(axis=1))) == regions.patterns)[
        wide
    ].all()
    changes = regions.patterns[1:] != regions.patterns[:-1]
    assert changes.any(axis=1).all()
    if bias:
        assert (changes.sum(axis=1) == 1).all()
        pairs, neurons = regions.adjacency()
        assert (
            pairs == np.column_stack([np.arange(len(pairs)), np.arange(1, len(pairs) + 1)])
        ).all()
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


# ----------------------------------------------------------------------------------------------------- maps and files


@settings(deadline=None, max_examples=20)
@given(seeds, widths)
def test_the_affine_map_of_a_region(seed, widths):
    layers, plane = random_layers(seed, 4, widths), random_plane(seed, 4)
    regions = partition_input_space(layers, plane)
    for i in range(0, len(regions), 7):
        z = preactivation_rows(layers, plane.embed(regions.centroids[[i]]))
        for layer in range(-1, len(widths)):
            weight, bias = regions.affine_map(i, layer)
            assert weight @ regions.centroids[i] + bias == pytest.approx(z[layer][0], abs=1e-10)


@pytest.mark.parametrize("domain", ["rectangle", "box", "line"])
def test_a_saved_partition_comes_back(tmp_path, domain):
    layers, points = random_layers(2, 5, (30, 8)), np.random.default_rng(0).random((3, 5))
    if domain == "line":
        where = Line.through(points[:2])
    else:
        where = Plane.through(points, domain="box") if domain == "box" else Plane.through(points)
    regions = partition_input_space(layers, where)
    regions.save(tmp_path / "regions.npz")
    back = type(regions).load(tmp_path / "regions.npz")
    assert repr(back) == repr(regions) and (back.patterns == regions.patterns).all()
    assert (back.corners == regions.corners).all() and (back.areas == regions.areas).all()
    middle = regions.intervals.mean(axis=1) if domain == "line" else regions.centroids
    assert (back.locate(middle) == regions.locate(middle)).all()
    assert (back.adjacency()[0] == regions.adjacency()[0]).all() and (
        back.touched == regions.touched
    ).all()
    partition_input_space(layers, where, keep=("areas",)).save(tmp_path / "regions.npz")
    assert type(regions).load(tmp_path / "regions.npz").areas == pytest.approx(regions.areas)
    assert [file.name for file in tmp_path.iterdir()] == ["regions.npz"]


def test_a_saved_partition_that_was_changed_is_refused(tmp_path):
    regions = partition_input_space(random_layers(0, 3, (9, 4)), random_plane(0, 3))
    regions.save(tmp_path / "whole.npz")
    content = (tmp_path / "whole.npz").read_bytes()
    arrays = dict(np.load(tmp_path / "whole.npz"))
    changed = {
        "one area": arrays | {"_areas": np.ones(1)},
        "larger areas": arrays | {"_areas": 7 * arrays["_areas"]},
        "no offsets": {name: array for name, array in arrays.items() if name != "_offsets"},
        "one more": arrays | {"extra": np.zeros(3)},
        "another type": arrays | {"widths": arrays["widths"].astype(float)},
        "no bits": arrays | {"_packed": 0 * arrays["_packed"]},
        "no digest": {name: array for name, array in arrays.items() if name != "digest"},
    }
    for name, ill in changed.items():
        np.savez(tmp_path / "ill.npz", **ill)
        with pytest.raises(MBHError, match="no readable partition"):
            Partition.load(tmp_path / "ill.npz")
            raise AssertionError(name)
    rng = np.random.default_rng(0)
    places = np.concatenate(
        [rng.integers(0, len(content), 300), np.arange(len(content) - 400, len(content))]
    )
    for place in places:
        ill = bytearray(content)
        ill[place] ^= 1 << rng.integers(8)
        (tmp_path / "ill.npz").write_bytes(ill)
        try:
            loaded = Partition.load(tmp_path / "ill.npz")
        except MBHError:
            continue
        assert (loaded.packed == regions.packed).all() and (loaded.areas == regions.areas).all()


@pytest.mark.skipif(os.name != "posix", reason="rights of files")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o002])
def test_a_saved_file_has_the_rights_that_the_umask_gives(tmp_path, umask):
    regions, before = (
        partition_input_space(random_layers(2, 2, (3,)), Plane.rectangle()),
        os.umask(umask),
    )
    try:
        regions.save(tmp_path / "regions.npz")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "regions.npz").stat().st_mode) == 0o666 & ~umask


def test_files_that_are_no_partition_are_refused(tmp_path):
    regions = partition_input_space(random_layers(2, 2, (3,)), Plane.rectangle())
    load, path = type(regions).load, tmp_path / "regions.npz"
    with pytest.raises(MBHError, match="no readable partition"):
        load(path)
    regions.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MBHError, match="no readable partition"):
        load(path)
    np.savez(path, head=np.array([99, 0, 1, 0, 0]))
    with pytest.raises(MBHError, match="format 99"):
        load(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(MBHError, match="no readable partition"):
        load(path)
    with pytest.raises(MBHError, match="no region 99"):
        regions.affine_map(99)
    with pytest.raises(MBHError, match="no hidden layer 1"):
        regions.affine_map(0, 1)
