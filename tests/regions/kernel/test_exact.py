"""The partition against exact rational arithmetic.

Nasty networks, the certificate, and ``exact=True``.
"""

from fractions import Fraction

import numpy as np
import pytest
import torch
from exact_reference import assert_equals_exact, exact_partition
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.regions.locating import Locator
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.planes import Line, Plane

SQUARE = Plane.rectangle([-1, -1], [1, 1])
TRIANGLE = SQUARE.with_domain([[-1, -0.7], [1.1, -0.3], [0.2, 0.9]])
# More corners than the kernel takes in one piece; two of them on the axes.
NONAGON = SQUARE.with_domain(
    [
        [1, 0],
        [0.7, 0.6],
        [0.2, 0.95],
        [-0.4, 0.9],
        [-0.9, 0.4],
        [-1, -0.1],
        [-0.8, -0.6],
        [0, -1],
        [0.6, -0.8],
    ]
)
# Weights that make lines parallel, coincident, along the axes, through corners of the domain; and
# numbers at both ends.
NASTY = [
    0,
    0,
    1,
    -1,
    2,
    -2,
    0.5,
    0.1,
    -0.3,
    1 / 3,
    2.5,
    1e-300,
    -1e-310,
    5e-324,
    1e12,
    -1e12,
    1e-17,
]
seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 4), min_size=1, max_size=3)


def nasty_layers(seed: int, widths, values=NASTY, copies: bool = True):
    """Layers of numbers out of a list, with rows that repeat each other, scaled or negated."""
    rng, n_inputs, layers = np.random.default_rng(seed), 2, []
    for n in widths:
        weight, bias = rng.choice(values, (n, n_inputs)), rng.choice(values, n)
        if copies and n > 1 and rng.random() < 0.5:
            factor = rng.choice([1, -1, 2.5, 0.1, -3])
            weight[-1], bias[-1] = factor * weight[0], factor * bias[0]
        layers.append((weight, bias))
        n_inputs = n
    return layers


@settings(deadline=None, max_examples=1000)
@given(seeds, widths, st.sampled_from([SQUARE, TRIANGLE, NONAGON]))
# Corners that float64 places badly: between nearly parallel lines, and on lines whose terms of size
# 1e12 cancel.
@example(682816683, [4, 2, 2], TRIANGLE)
@example(2491814218, [4, 4], SQUARE)
@example(3134246046, [4, 3], SQUARE)
@example(2083180292, [4, 4, 4], NONAGON)
# A neuron whose terms of size 1e24 cancel: its map is far less accurate than its line in twofold
# precision was before.
@example(260329, [4, 3], SQUARE)
def test_nasty_networks_equal_exact_arithmetic(seed, widths, plane):
    assert_equals_exact(partition_input_space(nasty_layers(seed, widths), plane, exact=True))


@settings(deadline=None, max_examples=1000)
@given(
    seeds,
    widths,
    st.sampled_from([SQUARE, TRIANGLE, NONAGON]),
    st.sampled_from(["nasty", "normal", "grid"]),
)
def test_so_does_the_default(seed, widths, plane, kind):
    rng = np.random.default_rng(seed)
    values = {"nasty": NASTY, "normal": rng.standard_normal(50), "grid": np.arange(-3, 4) / 2}[kind]
    assert_equals_exact(partition_input_space(nasty_layers(seed, widths, values), plane))


def test_generic_networks_need_no_exact_arithmetic():
    rng = np.random.default_rng(0)
    for _ in range(20):
        layers = [
            (rng.standard_normal((n, m)), rng.standard_normal(n))
            for m, n in ((2, 30), (30, 20), (20, 20))
        ]
        assert partition_input_space(layers, SQUARE).uncertain == 0


def hard_case(seed: int, hidden, bias: float):
    """A pruned, untrained network on a plane through sparse samples.

    Many lines meet in the samples' own points.
    """
    rng, n_inputs, layers = np.random.default_rng(seed), 64, []
    points = rng.random((3, 64)) * (rng.random((3, 64)) > 0.8)
    for n in hidden:
        weight = (
            rng.standard_normal((n, n_inputs))
            * np.sqrt(2 / n_inputs)
            * (rng.random((n, n_inputs)) < 0.1)
        )
        layers.append((weight, bias * rng.standard_normal(n)))
        n_inputs = n
    return layers, Plane.through(points)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_hard_case_with_zero_biases(seed, exact):
    layers, plane = hard_case(seed, (24, 12), bias=0.0)
    regions = partition_input_space(layers, plane, exact=exact)
    assert regions.uncertain > 0 and regions.certified
    assert_equals_exact(regions)


def test_the_hard_case_with_tiny_biases_needs_no_help():
    layers, plane = hard_case(5, (24, 12), bias=1e-6)
    regions = partition_input_space(layers, plane)
    assert regions.uncertain == 0
    assert_equals_exact(regions)


def test_exact_arithmetic_on_a_large_hard_case():
    layers, plane = hard_case(7, (90, 30), bias=0.0)
    exact, quick = (
        partition_input_space(layers, plane, exact=True),
        partition_input_space(layers, plane),
    )
    assert quick.uncertain > 20 and "signs settled exactly" in repr(quick)
    for regions in (exact, quick):
        assert (
            regions.areas.sum() == pytest.approx(plane.area, rel=1e-9)
            and (regions.areas >= 0).all()
        )
    assert len(np.unique(exact.packed, axis=0)) == len(exact) == len(quick)
    again = partition_input_space(layers, plane, exact=True, keep=("areas",))
    assert (again.areas == exact.areas).all()


def test_lines_that_meet_in_truth_meet_on_the_plane():
    """Zero biases and a plane through the origin, so sectors are cut.

    All lines of the first layer pass through the origin.
    """
    rng = np.random.default_rng(0)
    layers = [(rng.standard_normal((n, m)), np.zeros(n)) for m, n in ((12, 20), (20, 10))]
    points = rng.integers(-4, 5, (3, 12)).astype(float)
    points[2] = -points[0] - points[1]
    for exact in (False, True):
        regions = partition_input_space(layers, Plane.through(points), exact=exact)
        assert (
            np.diff(regions.offsets) <= 4
        ).all()  # two rays, and at most one corner of the square between them
        first = partition_input_space(layers[:1], Plane.through(points), exact=exact)
        assert len(first) == 40 and len(regions) < 40 + 2 * 10 * 20


def test_a_neuron_that_is_zero_all_over_the_plane():
    weight, bias = np.array([[1.0, 1, 1], [1, -1, 0], [2, 2, 2]]), np.array([-1.0, 0, -2])
    for exact in (False, True):
        regions = partition_input_space([(weight, bias)], Plane.through(np.eye(3)), exact=exact)
        assert sorted(regions.patterns.tolist()) == [[False, False, False], [False, True, False]]


def test_a_point_where_a_neuron_is_zero_but_for_rounding():
    """Across the line between the points the second neuron changes by 1e-17.

    Float64 rounds that to nothing.
    """
    weight = np.array([[-0.5, -0.5, -1, 2, -1.5, -2], [-0.5, -0.5, -1, 2, -1.5, -2]])
    weight[1] /= -3
    line = Line.through(np.array([[0, 0, 0, 0, 0, 0], [-2.0, 3, 3, 3, 3, -1]]))
    regions = partition_input_space([(weight, np.zeros(2))], line)
    assert len(regions) == 2 and (regions.locate(regions.intervals.mean(axis=1)) == [0, 1]).all()


def test_points_on_a_plane_where_a_neuron_is_zero_need_no_exact_arithmetic(monkeypatch):
    rng = np.random.default_rng(0)
    weight, bias = rng.standard_normal((6, 3)), 0.2 * rng.standard_normal(6)
    weight[0], bias[0] = [0.1, 0.1, 0.1], -0.1
    regions = partition_input_space([(weight, bias)], Plane.through(np.eye(3)))
    asked = []
    located = Locator._located
    monkeypatch.setattr(Locator, "_located", lambda self, uv: asked.append(uv) or located(self, uv))
    uv = rng.uniform(regions.plane.low, regions.plane.high, (500, 2))
    states = regions.plane.embed(uv) @ weight.T + bias > 0
    states[:, 0] = False
    assert (regions.patterns[regions.locate(uv)] == states).all() and len(asked) < 5


@pytest.mark.parametrize("case", ["far and narrow", "flat"])
def test_points_an_ulp_from_an_edge_of_rounded_corners(case):
    """Corners are rounded to float64; points beside them are where exact arithmetic has them."""
    if case == "flat":
        plane, centre = (
            SQUARE.with_domain([[0, 0], [1, 0.3], [0.5, 0.15 + 1e-9]]),
            np.array([0.5, 0.15]),
        )
    else:
        plane, centre = Plane.rectangle([1e6, -1], [1e6 + 1e-3, 1]), np.array([1e6 + 5e-4, 0.0])
    for seed in range(40):
        rng = np.random.default_rng(seed)
        weight = rng.standard_normal((3, 2))
        bias = -weight @ centre
        regions = partition_input_space([(weight, bias)], plane)
        known = set(map(tuple, regions.patterns.tolist()))
        start = rng.integers(0, len(regions.corners), 20)
        end = np.minimum(start + 1, len(regions.corners) - 1)
        uv = regions.corners[start] + rng.random((20, 1)) * (
            regions.corners[end] - regions.corners[start]
        )
        uv += rng.integers(-3, 4, uv.shape) * np.spacing(uv)
        for point, region in zip(uv, regions.locate(uv), strict=True):
            rows = [
                (*map(Fraction, row), Fraction(b))
                for row, b in zip(weight.tolist(), bias.tolist(), strict=True)
            ]
            pattern = tuple(
                a * Fraction(point[0]) + b * Fraction(point[1]) + c > 0 for a, b, c in rows
            )
            assert (
                region < 0
                or pattern not in known
                or tuple(regions.patterns[region].tolist()) == pattern
            )


def test_signs_that_follow_from_terms_of_one_sign_are_not_asked_for(monkeypatch):
    """The second layer's lines are those of the first one; no arithmetic is needed to see it."""
    rng = np.random.default_rng(1)
    first = rng.standard_normal((12, 2)), rng.standard_normal(12) * 0.3
    second = np.abs(rng.standard_normal((8, 12))) * (rng.random((8, 12)) < 0.3)
    third = -np.abs(rng.standard_normal((4, 8)))
    layers = [first, (second, np.zeros(8)), (third, np.array([0.0, -1, 0, 1]))]
    regions = partition_input_space(layers, SQUARE)
    assert regions.uncertain == 0
    assert_equals_exact(regions)


def test_lists_of_weights_do_what_rows_do(monkeypatch):
    """Layers of few weights are kept as lists; here all are."""
    for seed in range(30):
        layers = nasty_layers(seed, [4, 3, 4], np.arange(-3, 4) / 2)
        if seed % 3:
            layers[1] = (*layers[1], 1)  # a linear unit
        monkeypatch.undo()
        expected = partition_input_space(layers, TRIANGLE)
        monkeypatch.setattr("mbh_utils.regions.kernel.network._is_sparse", lambda weight: True)
        found = partition_input_space(layers, TRIANGLE)
        order, other = (np.lexsort(regions.packed.T) for regions in (expected, found))
        assert (found.packed[other] == expected.packed[order]).all()
        assert np.allclose(found.areas[other], expected.areas[order], rtol=0, atol=1e-9)
        assert_equals_exact(found)


def test_equal_places_need_no_arithmetic(monkeypatch):
    """Max pooling over a blank background compares neurons that are equal all over the plane."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(4),
        torch.nn.Flatten(),
        torch.nn.Linear(2, 2),
    )
    network[0].bias.data[:] = 0.3  # the blank background is active
    images = np.zeros((3, 6, 6))
    images[:, 0, :3] = np.random.default_rng(0).random((3, 3))
    traced, plane = mbh.trace(network, (1, 6, 6)), Plane.through(images.reshape(3, -1), margin=0.3)
    monkeypatch.setattr("mbh_utils.regions.kernel.network._is_sparse", lambda weight: True)
    regions = partition_input_space(traced, plane)
    assert_equals_exact(regions)
    monkeypatch.undo()
    assert regions.uncertain < partition_input_space(traced, plane).uncertain


def test_areas_of_wide_networks_with_exact_are_those_of_redrawing_everything(monkeypatch):
    layers, plane = hard_case(3, (90, 30), bias=1e-3)
    regions = partition_input_space(layers, plane, exact=True)
    monkeypatch.setattr("mbh_utils.regions.kernel.driver._EXACT", (-1.0, 1.0))
    redrawn = partition_input_space(layers, plane, exact=True)
    assert (redrawn.packed == regions.packed).all() and len(regions) > 1000
    assert (np.abs(regions.areas - redrawn.areas) <= 1e-9 * redrawn.areas).all()


def test_touched_regions_are_those_near_a_doubt():
    layers = [(np.array([[1.0, 0], [2.0, 0], [0, 1]]), np.array([0.0, 0, -0.5]))]
    regions = partition_input_space(layers, SQUARE)
    assert regions.uncertain > 0 and regions.touched.any()
    assert not partition_input_space(
        layers[:1], SQUARE.with_domain([[0.1, 0], [0.9, 0], [0.5, 0.9]])
    ).touched.any()


def test_numbers_beyond_float64_are_no_obstacle():
    """Products of such weights overflow; then every sign is settled exactly."""
    for size in (1e160, 1e200, 1e300):
        layers = [(np.array([[size, size], [size, -size], [1, 2]]), np.array([0, size, -0.5]))]
        layers += [(np.array([[size, -size, size], [-1, 1, size]]), np.array([size, -size / 2]))]
        for exact in (False, True):
            assert_equals_exact(partition_input_space(layers, SQUARE, exact=exact))
    points = 1e9 * np.array([[1.0, 2], [-3, 1], [0, -2]])
    layers = [
        (
            np.array([[1e300, -1e300], [1e301, 1e301], [1e-300, 1e-300]]),
            np.array([1e308, -1e308, 1e-292]),
        )
    ]
    for exact in (False, True):
        assert_equals_exact(partition_input_space(layers, Plane.through(points), exact=exact))
    with pytest.raises(MBHError, match="too large for this plane"):
        partition_input_space(layers, Plane(np.full(2, 1e100), np.eye(2), [-1, -1], [1, 1]))


def test_deep_networks_are_not_too_large():
    """Bounds of errors grow with each layer until they say nothing; what is computed does not."""
    rng, layers = np.random.default_rng(0), []
    for n_inputs in (2, *[8] * 59):
        layers.append(
            (
                rng.standard_normal((8, n_inputs)) * np.sqrt(2 / n_inputs),
                0.1 * rng.standard_normal(8),
            )
        )
    plane = Plane.rectangle([-0.01, -0.01], [0.01, 0.01])
    regions = partition_input_space(layers, plane)
    assert regions.areas.sum() == pytest.approx(plane.area, rel=1e-9) and len(regions) > 1
    assert (regions.locate(regions.centroids) == np.arange(len(regions))).all()


@pytest.mark.parametrize("depth", [4, 5, 6])
@settings(deadline=None, max_examples=40)
@given(seeds)
def test_nasty_deep_networks_equal_exact_arithmetic(depth, seed):
    values = np.arange(-3, 4) / 2 if seed % 2 else NASTY
    layers = nasty_layers(seed, [3] * depth, values)
    for exact in (False, True):
        assert_equals_exact(partition_input_space(layers, SQUARE, exact=exact))


def test_the_reference_itself_on_a_known_case():
    layers = [(np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([0.0, 0, -1]))]
    areas = exact_partition(layers, Plane.rectangle([-5, -5], [5, 5]).corners)
    assert sorted(map(float, areas.values())) == [0.5, 8, 8, 17, 17, 24.5, 25]
