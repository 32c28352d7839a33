"""Domains: what the input box leaves of a plane, and which sizes float64 can hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import activation_patterns
from mbh_utils.regions.planes import Line, Plane
from mbh_utils.regions.polygons import polygon_area

seeds = st.integers(0, 2**32 - 1)


def points(seed: int, d: int = 20) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((3, d)) * (rng.random((3, d)) > 0.4)


@given(seeds, st.integers(2, 40))
def test_box_domain_is_where_the_plane_is_inside_the_box(seed, d):
    p = points(seed, d)
    try:
        plane = Plane.through(p, domain="box")
    except MBHError:
        return  # the random points were collinear
    on_border = plane.embed(plane.corners)
    assert on_border.min() > -1e-9 and on_border.max() < 1 + 1e-9
    assert plane.contains(plane.spanning).all()
    rng = np.random.default_rng(seed)
    uv = rng.uniform(1.3 * plane.low, 1.3 * plane.high, (200, 2))
    x = plane.embed(uv)
    depth = np.minimum(x, 1 - x).min(axis=1)
    clear = np.abs(depth) > 1e-9
    assert (plane.contains(uv) == (depth > 0))[clear].all()


def test_box_with_limits_per_dimension():
    low = np.array([-1.0, -2.0, 0.0])
    high = np.array([1.0, 3.0, 0.0])
    plane = Plane.through([[0, 0, 0], [1, 0, 0], [0, 1, 0]], domain="box", low=low, high=high)
    assert plane.area == pytest.approx(10)
    assert np.allclose(np.sort(plane.embed(plane.corners)[:, 1]), [-2, -2, 3, 3])


def test_any_convex_polygon_can_be_the_domain():
    square = Plane.rectangle([0, 0], [4, 4])
    clockwise = square.with_domain([[0, 0], [0, 1], [1, 1], [1, 0]])
    assert polygon_area(clockwise.corners) == clockwise.area == 1
    assert clockwise.high.tolist() == [1, 1]
    with_straight_corner = square.with_domain([[0, 0], [1, 0], [2, 0], [2, 0], [2, 2]])
    assert len(with_straight_corner.corners) == 3
    assert with_straight_corner.area == 2
    assert square.contains([[2, 2], [4, 4], [4.1, 0]]).tolist() == [True, True, False]


@pytest.mark.parametrize(
    "size", [1e-101, 1e-160, 1e-200, 5e-324, 1e101, 1e119, 1e160, 1e200, 1e308]
)
def test_domains_that_float64_does_not_hold_are_refused_when_they_are_made(size):
    points = size * np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0.5]])
    triangle = size * np.array([[0, 0], [1, 0], [0, 1]])
    with pytest.raises(MBHError):
        Plane.rectangle([0, 0], [size, size])
    with pytest.raises(MBHError):
        Plane(np.zeros(3), np.eye(3)[:2], [0, 0], [size, size])
    with pytest.raises(MBHError):
        Plane.rectangle().with_domain(triangle)
    with pytest.raises(MBHError):
        Plane.through(points)
    with pytest.raises(MBHError):
        Plane.through(np.eye(3), margin=size)


@pytest.mark.parametrize("size", [1e-99, 1e-30, 1e30, 1e99])
def test_domains_near_the_limits_are_taken(size):
    points = size * np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0.5]])
    assert Plane.through(points).area == pytest.approx(size**2 * Plane.through(points / size).area)
    assert Line.through(points[:2]).area == pytest.approx(1.5 * np.sqrt(2) * size)
    square = Plane.rectangle([-size] * 2, [size] * 2)
    regions = partition_input_space([(np.eye(2), np.zeros(2))], square)
    assert regions.areas / size**2 == pytest.approx([1, 1, 1, 1])


def test_points_outside_of_a_box_that_nobody_gave_are_refused():
    standardised = np.array([[0.5, -1.5, 0.0], [0.2, 0.1, 1.0], [0.3, 0.9, 2.0]])
    message = r"spanning point 0 has -1\.5 at input 1, outside of the input box from 0 to 1"
    for subspace, points in ((Plane, standardised), (Line, standardised[:2])):
        with pytest.raises(MBHError, match=message):
            subspace.through(points, domain="box")
    plane = Plane.through(standardised, domain="box", low=-2, high=2)
    assert plane.contains(plane.spanning).all()
    # Who gives limits may mean a part of the plane that the points are not in.
    assert Plane.through(standardised, domain="box", low=0, high=2).area > 0
    # Images that were computed leave the box by rounding.
    nearly = np.array([[-1e-9, 0.5, 0.5], [1 + 1e-9, 0.5, 0.5], [0.5, 1.0, 0.5]])
    assert np.isclose(Plane.through(nearly, domain="box").area, 1)


@given(seeds, st.integers(2, 40))
def test_a_triangle_is_all_mixtures_of_the_three_points_and_nothing_else(seed, d):
    p = points(seed, d)
    try:
        plane = Plane.through(p, domain="triangle")
    except MBHError:
        return  # the random points were collinear
    sides = p[1:] - p[0]
    gram = np.linalg.det(sides @ sides.T)
    assert plane.area == pytest.approx(np.sqrt(gram) / 2, rel=1e-6)
    assert len(plane.corners) == 3
    assert {tuple(corner) for corner in plane.corners} == {tuple(one) for one in plane.spanning}
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(3), 100) * 1.6 - 0.2  # they sum to 1, some below 0
    clear = np.abs(shares).min(axis=1) > 1e-6
    inside = plane.contains(plane.project(shares @ p))
    assert (inside == (shares > 0).all(axis=1))[clear].all()


def test_a_triangle_lies_in_the_square_and_in_the_box():
    for seed in range(20):
        p = points(seed)
        triangle = Plane.through(p, domain="triangle")
        for other in (Plane.through(p, margin=1), Plane.through(p, domain="box")):
            assert other.contains(other.project(triangle.embed(triangle.corners))).all()
            assert triangle.area < other.area * (1 + 1e-12)


def test_the_partition_of_a_triangle_by_hand():
    """The line x = y cuts the triangle (0, 0), (4, 0), (0, 2) into two parts, 8/3 and 4/3."""
    plane = Plane.through([[0, 0], [4, 0], [0, 2]], domain="triangle")
    regions = partition_input_space([(np.array([[1.0, -1.0]]), np.zeros(1))], plane)
    assert sorted(regions.areas) == pytest.approx([4 / 3, 8 / 3])


@given(seeds)
def test_regions_of_a_triangle_fill_it_and_hold_their_patterns(seed):
    rng = np.random.default_rng(seed)
    layers = [
        (rng.normal(size=(6, 5)), rng.normal(size=6)),
        (rng.normal(size=(4, 6)), rng.normal(size=4)),
    ]
    p = points(seed, 5)
    try:
        plane = Plane.through(p, domain="triangle")
        whole = Plane.through(p, margin=1)
    except MBHError:
        return
    regions = partition_input_space(layers, plane)
    assert regions.areas.sum() == pytest.approx(plane.area)
    seen = activation_patterns(layers, plane.sample(200, rng))
    there = {tuple(row) for row in regions.patterns}
    assert {tuple(row) for row in seen} <= there
    around = {tuple(row) for row in partition_input_space(layers, whole).patterns}
    assert there <= around, "a part of the plane has no region of its own"
