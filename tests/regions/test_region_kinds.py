"""Six ways to count linear regions: cases done by hand, and brute force in exact rationals."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from exact_reference import area, exact_neighbours, exact_polygons, rational
from hypothesis import given, settings
from hypothesis import strategies as st

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.regions.convex_pieces import convex_pieces, hull_of
from mbh_utils.regions.region_kinds import KINDS
from mbh_utils.regions.vertices import joined

SQUARE = mbh.Plane.rectangle((-2, -2), (2, 2))


def module(*layers):
    """A Sequential of Linear and ReLU with these (weight, bias), the last one being the output."""
    parts = []
    for weight, bias in layers:
        linear = torch.nn.Linear(len(weight[0]), len(bias))
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(np.array(weight, float)))
            linear.bias.copy_(torch.tensor(np.array(bias, float)))
        parts += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


def counted(*layers, plane=SQUARE):
    table = mbh.region_kinds(module(*layers), plane)
    assert table["kind"].tolist() == list(KINDS)
    return table["count"].tolist()


def test_a_neuron_that_no_output_sees_parts_activation_regions_only():
    hidden = [[1, 0], [0, 1]], [0, 0]
    assert counted(hidden, ([[1, 1]], [0])) == [4, 4, 4, 4, 4, 4]
    assert counted(hidden, ([[1, 0]], [0])) == [4, 4, 2, 2, 2, 2]


def test_a_dead_layer_leaves_one_map():
    first = [[1, 0], [0, 1]], [0, 0]
    dead = [[1, 1], [1, 2]], [-50, -50]
    assert counted(first, dead, ([[1, 1]], [3])) == [4, 4, 1, 1, 1, 1]


def test_one_map_on_two_parts_that_do_not_touch():
    """A hat over x1 in [-1, 1]: f is 0 on both sides of it, where other neurons are active."""
    hidden = [[1, 0], [1, 0], [1, 0]], [1, 0, -1]
    assert counted(hidden, ([[1, -2, 1]], [0])) == [4, 4, 4, 4, 4, 3]


def test_one_map_on_two_parts_that_touch_in_a_point():
    """relu(x1 + x2) - relu(x1) - relu(x2) is 0 on the first and on the third quadrant only."""
    hidden = [[1, 1], [1, 0], [0, 1]], [0, 0, 0]
    # x1 + x2 = 0 cuts the other two quadrants. The origin has the pattern of the third quadrant.
    assert counted(hidden, ([[1, -1, -1]], [0])) == [6, 6, 6, 6, 5, 5]


def test_patterns_of_a_line_and_of_a_point():
    both_ways = [[1, 0], [-1, 0]], [0, 0]  # on x1 = 0 neither is active
    assert counted(both_ways, ([[1, 1]], [0])) == [3, 2, 2, 2, 2, 2]
    star = [[1, 0], [0, 1], [-1, -1]], [0, 0, 0]  # at the origin none is active
    assert counted(star, ([[1, 2, 4]], [0])) == [7, 6, 6, 6, 6, 6]


def test_a_pattern_at_the_border_of_the_domain_only():
    edge = [[1, 0], [0, 1]], [2, 0]  # x1 + 2 is 0 on the left side of the square
    assert counted(edge, ([[1, 1]], [0])) == [4, 2, 2, 2, 2, 2]
    corner = [[1, 1]], [4]  # 0 in the lower left corner
    assert counted(corner, ([[1]], [0])) == [2, 1, 1, 1, 1, 1]


def test_a_neuron_that_is_zero_in_a_point_and_active_around_it():
    """z = -x1 - x2 + 3 relu(x1) + 3 relu(x2) is above 0 everywhere but at the origin."""
    first = [[1, 0], [0, 1], [-1, -1]], [0, 0, 20]  # the third is 20 - x1 - x2, always active
    second = [[3, 3, 1]], [-20]
    assert counted(first, second, ([[1]], [0])) == [5, 4, 4, 4, 4, 4]


def test_an_l_needs_two_convex_pieces():
    """f = relu(min(x1, x2)): 0 outside of the first quadrant, which is an L; two maps inside."""
    first = [[1, -1], [1, 0], [-1, 0]], [0, 0, 0]
    second = [[-1, 1, -1]], [0]  # min(x1, x2) = relu(x1) - relu(-x1) - relu(x1 - x2)
    table = mbh.region_kinds(module(first, second, ([[1]], [0])), SQUARE)
    assert table["count"].tolist()[2:] == [4, 3, 3, 3]
    assert table["at_least"].tolist()[2:] == [4, 3, 3, 3]


def test_convex_pieces_of_a_plus_and_of_a_ring():
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])

    def pieces(places):
        polygons = [square + place for place in places]
        sides = [
            (i, j)
            for i, p in enumerate(places)
            for j, q in enumerate(places[:i])
            if abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1
        ]
        pairs = np.array(sides).reshape(-1, 2)
        return convex_pieces(polygons, pairs, joined(len(places), pairs))

    assert pieces([(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]) == (3, 2)
    assert pieces([(x, y) for x in range(3) for y in range(2)]) == (1, 1)
    ring = [(x, y) for x in range(3) for y in range(3) if (x, y) != (1, 1)]
    assert pieces(ring) in [(4, 2), (5, 2)]
    assert pieces([(0, 0), (1, 1)]) == (2, 2), "they do not share an edge"


# ------------------------------------------------------------------------------------- brute force


def pattern_at(layers, point):
    """The activation pattern at a point, in rationals."""
    values = list(point)
    states = []
    for weight, bias in layers:
        rows = zip(weight, bias, strict=True)
        sums = [
            sum((rational(w) * v for w, v in zip(row, values, strict=True)), rational(b))
            for row, b in rows
        ]
        states += [z > 0 for z in sums]
        values = [max(z, Fraction(0)) for z in sums]
    return tuple(states)


def map_under(layers, output, pattern):
    """The outputs under a pattern as coefficients of (x1, x2, 1), in rationals."""
    maps = [(Fraction(1), Fraction(0), Fraction(0)), (Fraction(0), Fraction(1), Fraction(0))]
    start = 0
    for weight, bias in [*layers, output]:
        found = []
        for row, b in zip(weight, bias, strict=True):
            terms = [[rational(w) * m for m in one] for w, one in zip(row, maps, strict=True)]
            a, d, c = (sum((term[k] for term in terms), Fraction(0)) for k in range(3))
            found.append((a, d, c + rational(b)))
        states = pattern[start : start + len(bias)] or (True,) * len(bias)
        start += len(bias)
        zero = (Fraction(0),) * 3
        maps = [one if on else zero for one, on in zip(found, states, strict=True)]
    return tuple(maps)


def on_edge(p, q, point):
    """Whether a point lies on the segment from p to q."""
    (a, b), (c, d), (x, y) = p, q, point
    if (c - a) * (y - b) != (d - b) * (x - a):
        return False
    return min(a, c) <= x <= max(a, c) and min(b, d) <= y <= max(b, d)


def brute_counts(layers, output, plane):
    polygons = exact_polygons(layers, plane.corners)
    patterns = list(polygons)
    shapes = list(polygons.values())
    points = sorted({p for polygon in shapes for p in polygon})
    seen = set(patterns) | {pattern_at(layers, p) for p in points}
    touching = set()
    for i, polygon in enumerate(shapes):
        for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            along = [r for r in points if on_edge(p, q, r)]
            touching |= {(i, r) for r in along}
            for one, other in zip(along, along[1:], strict=False):
                for share in (Fraction(1, 3), Fraction(1, 2)):
                    between = [a + share * (b - a) for a, b in zip(one, other, strict=True)]
                    seen.add(pattern_at(layers, between))
    maps = [map_under(layers, output, pattern) for pattern in patterns]
    alike = [(i, j) for i, j in exact_neighbours(shapes) if maps[i] == maps[j]]
    meeting = [
        (i, j) for i, p in touching for j, q in touching if p == q and i < j and maps[i] == maps[j]
    ]
    n = len(shapes)
    open_parts = joined(n, np.array(alike).reshape(-1, 2))
    closed_parts = joined(n, np.array(meeting).reshape(-1, 2))
    counts = [len(seen), n, open_parts.max() + 1, closed_parts.max() + 1, len(set(maps))]
    return counts, shapes, open_parts


def convex_parts(shapes, parts):
    """How many of the parts are convex polygons, by the exact area of their hulls."""
    n_convex = 0
    for part in range(parts.max() + 1):
        mine = [shape for shape, number in zip(shapes, parts, strict=True) if number == part]
        corners = np.array([list(map(float, p)) for shape in mine for p in shape])
        hull = [tuple(map(rational, p)) for p in hull_of(corners)]
        n_convex += abs(float(area(hull) - sum(map(area, mine)))) < 1e-9
    return n_convex


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    widths=st.sampled_from([(3,), (4,), (3, 2), (2, 2, 2), (3, 3), (4, 3)]),
    n_outputs=st.sampled_from([1, 2]),
    step=st.sampled_from([1, 2]),
)
def test_brute_force_agrees_on_networks_of_few_small_numbers(seed, widths, n_outputs, step):
    """Weights of -1, 0 and 1 make zero lines coincide, cross in one point and cancel out."""
    rng = np.random.default_rng(seed)
    layers = []
    n_inputs = 2
    for n in (*widths, n_outputs):
        weight = rng.integers(-1, 2, (n, n_inputs)).astype(float)
        layers.append((weight, rng.integers(-2, 3, n) / step * rng.integers(0, 2)))
        n_inputs = n
    *hidden, output = layers
    expected, shapes, open_parts = brute_counts(hidden, output, SQUARE)
    table = mbh.region_kinds(module(*layers), SQUARE)
    patterns, regions, convex, n_open, n_closed, pieces = table["count"].tolist()
    assert [patterns, regions, n_open, n_closed, pieces] == expected
    at_least = table["at_least"].iloc[2]
    n_convex = convex_parts(shapes, open_parts)
    assert at_least == n_convex + 2 * (n_open - n_convex)
    assert at_least <= convex <= regions
    assert (convex == n_open) == (n_convex == n_open)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), density=st.sampled_from([0.3, 0.6, 1.0]))
def test_brute_force_agrees_on_planes_through_samples(seed, density):
    """On a plane through three points of five dimensions: maps are compared on the plane."""
    rng = np.random.default_rng(seed)
    layers = []
    n_inputs = 5
    for n in (4, 3, 2):
        kept = rng.random((n, n_inputs)) < density
        weight = (rng.standard_normal((n, n_inputs)) * kept).astype(np.float32)
        layers.append((weight, (0.3 * rng.standard_normal(n)).astype(np.float32)))
        n_inputs = n
    plane = mbh.Plane.through(rng.random((3, 5)))
    counts = counted(*layers, plane=plane)
    regions = mbh.partition_input_space(layers[:-1], plane)
    on_plane = regions.layers
    expected, _, _ = brute_counts(on_plane, layers[-1], plane)
    assert [counts[i] for i in (1, 3, 4, 5)] == expected[1:]
    assert sorted(counts, reverse=True) == counts


def test_the_count_falls_from_kind_to_kind_where_most_weights_are_missing():
    data = mbh.load_dataset("digits8")
    network = mbh.lenet(data, (24, 8), parameters=300, seed=0)
    table = mbh.region_kinds(network, mbh.Plane.through(data.validation.images[[3, 8, 12]]))
    assert table["count"].is_monotonic_decreasing
    assert table["count"].iloc[1] > table["count"].iloc[-1]
    assert (table["at_least"] <= table["count"]).all()


def test_the_output_layer_can_be_given_beside_hidden_layers():
    hidden = [([[1.0, 0], [0, 1]], [0.0, 0])]
    output = [[1.0, 0]], [0.0]
    given = mbh.region_kinds(hidden, SQUARE, output=output)
    assert given["count"].tolist() == counted(*hidden, output) == [4, 4, 2, 2, 2, 2]
    with pytest.raises(MBHError, match="of its own"):
        mbh.region_kinds(module(*hidden, output), SQUARE, output=output)


def test_hidden_layers_alone_have_no_outputs():
    with pytest.raises(MBHError, match="outputs"):
        mbh.region_kinds([([[1, 0]], [0])], SQUARE)
