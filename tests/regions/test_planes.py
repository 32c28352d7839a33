"""Planes: coordinates, domains, and clear refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.blocks import Block
from mbh_utils.regions.planes import Line, Plane
from mbh_utils.regions.polygons import clip, polygon_area

seeds = st.integers(0, 2**32 - 1)


def points(seed: int, d: int = 20) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((3, d)) * (rng.random((3, d)) > 0.4)


@given(seeds, st.integers(2, 60), st.floats(1e-3, 100))
def test_square_through_three_points(seed, d, margin):
    p = np.random.default_rng(seed).standard_normal((3, d))
    plane = Plane.through(p, margin=margin)
    assert np.allclose(plane.basis @ plane.basis.T, np.eye(2), atol=1e-13)
    assert np.allclose(plane.embed(plane.spanning), p, atol=1e-9)
    assert np.allclose(plane.project(p), plane.spanning)
    farthest = np.linalg.norm(p - p.mean(axis=0), axis=1).max()
    assert np.allclose(plane.high, margin * farthest) and np.allclose(plane.low, -plane.high)
    assert plane.area == pytest.approx((2 * margin * farthest) ** 2)
    assert polygon_area(plane.corners) == plane.area > 0
    assert plane.contains(plane.spanning).all() or margin < 1


def test_thin_triangles_still_give_an_orthonormal_basis():
    p = np.random.default_rng(0).standard_normal((3, 784))
    p[2] = (p[0] + p[1]) / 2 + 1e-7 * p[2]
    plane = Plane.through(p)
    assert np.abs(plane.basis @ plane.basis.T - np.eye(2)).max() < 1e-14


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
    low, high = np.array([-1.0, -2.0, 0.0]), np.array([1.0, 3.0, 0.0])
    plane = Plane.through([[0, 0, 0], [1, 0, 0], [0, 1, 0]], domain="box", low=low, high=high)
    assert plane.area == pytest.approx(10)
    assert np.allclose(np.sort(plane.embed(plane.corners)[:, 1]), [-2, -2, 3, 3])


def test_any_convex_polygon_can_be_the_domain():
    square = Plane.rectangle([0, 0], [4, 4])
    clockwise = square.with_domain([[0, 0], [0, 1], [1, 1], [1, 0]])
    assert polygon_area(clockwise.corners) == clockwise.area == 1
    assert clockwise.high.tolist() == [1, 1]
    with_straight_corner = square.with_domain([[0, 0], [1, 0], [2, 0], [2, 0], [2, 2]])
    assert len(with_straight_corner.corners) == 3 and with_straight_corner.area == 2
    assert square.contains([[2, 2], [4, 4], [4.1, 0]]).tolist() == [True, True, False]


def test_points_may_be_tensors_and_arrays_do_not_change_later():
    p = torch.rand(3, 10)
    plane = Plane.through(p)
    before = plane.origin.copy()
    p += 1
    assert (plane.origin == before).all()
    with pytest.raises(ValueError, match="read-only"):
        plane.basis[0, 0] = 2


@given(seeds)
def test_clipping_a_polygon_at_a_line_loses_no_area(seed):
    rng = np.random.default_rng(seed)
    square = Plane.rectangle([-1, -1], [1, 1]).corners
    a, b, c = rng.standard_normal(3)
    parts = clip(square, a, b, c), clip(square, -a, -b, -c)
    assert sum(polygon_area(p) for p in parts if len(p) > 2) == pytest.approx(4)


@given(seeds, st.integers(1, 40), st.floats(1e-3, 100))
def test_line_through_two_points(seed, d, margin):
    p = np.random.default_rng(seed).standard_normal((2, d))
    line = Line.through(p, margin=margin)
    assert np.allclose(line.embed(line.spanning), p, atol=1e-12) and np.allclose(
        line.project(p), line.spanning
    )
    assert line.area == pytest.approx(margin * np.linalg.norm(p[1] - p[0]))
    assert (line.contains(line.spanning) == (margin >= 1)).all() or abs(margin - 1) < 1e-9
    assert polygon_area(line.corners) == pytest.approx(line.area)


@given(seeds, st.integers(2, 40))
def test_line_inside_the_box(seed, d):
    p = points(seed, d)[:2]
    if (p[0] == p[1]).all():
        return
    line = Line.through(p, domain="box")
    ends = line.embed([line.low, line.high])
    assert ends.min() > -1e-9 and ends.max() < 1 + 1e-9 and line.contains(line.spanning).all()
    beyond = line.embed([line.low - 1e-3, line.high + 1e-3])
    assert (np.minimum(beyond, 1 - beyond).min(axis=1) < 0).all()


p = points(1)
BAD = {
    "equal": (lambda: Plane.through([p[0], p[1], p[0]]), "points 0 and 2 are equal"),
    "collinear": (lambda: Plane.through([p[0], p[1], (p[0] + p[1]) / 2]), "on one line"),
    "one dimension": (lambda: Plane.through([[0.0], [1.0], [2.0]]), "on one line"),
    "nan": (
        lambda: Plane.through(np.where(np.arange(3)[:, None] == 1, np.nan, p)),
        r"points holds NaN.*row 1",
    ),
    "two points": (lambda: Plane.through(p[:2]), r"points has shape \(2, 20\)"),
    "no numbers": (lambda: Plane.through("abc"), "points"),
    "margin": (lambda: Plane.through(p, margin=0), "margin is 0"),
    "domain": (lambda: Plane.through(p, domain="circle"), "domain is 'circle'"),
    "limits of a square": (lambda: Plane.through(p, low=0, high=1), "belong to domain"),
    "box missed": (lambda: Plane.through(p, domain="box", low=5, high=6), "does not meet"),
    "box upside down": (lambda: Plane.through(p, domain="box", low=1, high=0), "low <= high"),
    "box shape": (lambda: Plane.through(p, domain="box", low=np.zeros(3)), "length 20"),
    "slanted basis": (
        lambda: Plane(np.zeros(2), [[1, 0], [1, 1]], [0, 0], [1, 1]),
        "not orthonormal",
    ),
    "basis shape": (
        lambda: Plane(np.zeros(3), np.eye(2), [0, 0], [1, 1]),
        r"basis has shape \(2, 2\)",
    ),
    "empty": (lambda: Plane.rectangle([0, 0], [0, 1]), "domain is empty"),
    "flat polygon": (
        lambda: Plane.rectangle().with_domain([[0, 0], [1, 1], [2, 2]]),
        "domain is empty",
    ),
    "dented polygon": (
        lambda: Plane.rectangle().with_domain([[0, 0], [2, 0], [2, 2], [1, 0.5]]),
        "not a convex polygon",
    ),
    "star": (
        lambda: Plane.rectangle().with_domain(
            [[np.cos(4 * np.pi * i / 5), np.sin(4 * np.pi * i / 5)] for i in range(5)]
        ),
        "not a convex polygon",
    ),
    "two corners": (lambda: Plane.rectangle().with_domain([[0, 0], [1, 0]]), "at least three"),
    "equal ends": (lambda: Line.through([p[0], p[0]]), "points are equal"),
    "line margin": (lambda: Line.through(p[:2], margin=-1), "margin is -1"),
    "line domain": (lambda: Line.through(p[:2], domain="square"), "domain is 'square'"),
    "line misses box": (lambda: Line.through(p[:2], domain="box", low=3, high=4), "does not meet"),
    "long basis": (lambda: Line(np.zeros(2), [1, 1], 0, 1), "basis has length 1.41"),
    "empty line": (lambda: Line(np.zeros(2), [1, 0], 1, 1), "domain is empty"),
    "embed": (lambda: Plane.through(p).embed([1.0, 2.0]), r"uv has shape \(2,\)"),
    "project": (lambda: Plane.through(p).project(np.zeros((4, 3))), r"points has shape \(4, 3\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_a_plane_is_refused_by_name(name):
    call, message = BAD[name]
    with pytest.raises(MBHError, match=message):
        call()


def test_repr_tells_size_and_space():
    assert repr(Plane.rectangle([0, 0], [2, 3])) == "Plane in R^2, domain: rectangle 2 x 3, area 6"
    assert "through 3 points in R^20" in repr(Plane.through(p))


def test_samples_of_a_polygon_are_uniform_even_on_a_thin_diagonal():
    corners = np.array([[0, 0], [1, 0], [1.0, 3], [0, 1]])
    thin = np.array([[0, 0], [1, 0.99], [1, 1], [0, 0.01]])
    for polygon in (corners, thin):
        plane = Plane(np.zeros(2), np.eye(2), [0, 0], [1, 3], polygon=polygon)
        points = plane.sample(40_000, np.random.default_rng(0))
        assert points.shape == (40_000, 2) and plane.contains(points).all()
        half = clip(plane.corners, -1.0, 0.0, 0.5)  # the part with x <= 0.5
        np.testing.assert_allclose(
            (points[:, 0] <= 0.5).mean(), polygon_area(half) / plane.area, atol=0.01
        )


def test_a_block_around_three_points_is_the_square_of_their_plane_and_samples_it():
    points = np.random.default_rng(1).normal(size=(3, 7))
    block, plane = Block.through(points), Plane.through(points)
    np.testing.assert_allclose(block.high, plane.high)
    drawn = block.sample(2_000, np.random.default_rng(2))
    np.testing.assert_allclose(plane.embed(plane.project(drawn)), drawn, atol=1e-12)
    cube = Block.through(np.random.default_rng(3).normal(size=(5, 9)), margin=2)
    y = (cube.sample(50_000, np.random.default_rng(4)) - cube.origin) @ cube.basis.T
    assert cube.basis.shape == (4, 9) and (np.abs(y) <= cube.high + 1e-12).all()
    np.testing.assert_allclose(y.std(axis=0), cube.high / np.sqrt(3), rtol=0.02)


@pytest.mark.parametrize(
    "points",
    [np.zeros((3, 5)), np.ones((1, 5)), np.eye(4)[:, :2], [[0, 0, 0], [1, 1, 1], [2, 2, 2]]],
)
def test_a_block_needs_independent_points(points):
    with pytest.raises(MBHError, match="points"):
        Block.through(points)


@pytest.mark.parametrize(
    "size", [1e-101, 1e-160, 1e-200, 5e-324, 1e101, 1e119, 1e160, 1e200, 1e308]
)
def test_domains_that_float64_does_not_hold_are_refused_when_they_are_made(size):
    points = size * np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0.5]])
    for make in (
        lambda: Plane.rectangle([0, 0], [size, size]),
        lambda: Plane(np.zeros(3), np.eye(3)[:2], [0, 0], [size, size]),
        lambda: Plane.rectangle().with_domain(size * np.array([[0, 0], [1, 0], [0, 1]])),
        lambda: Plane.through(points),
        lambda: Plane.through(np.eye(3), margin=size),
    ):
        with pytest.raises(MBHError):
            make()


@pytest.mark.parametrize("size", [1e-99, 1e-30, 1e30, 1e99])
def test_domains_near_the_limits_are_taken(size):
    points = size * np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0.5]])
    assert Plane.through(points).area == pytest.approx(size**2 * Plane.through(points / size).area)
    assert Line.through(points[:2]).area == pytest.approx(1.5 * np.sqrt(2) * size)
    regions = partition_input_space(
        [(np.eye(2), np.zeros(2))], Plane.rectangle([-size] * 2, [size] * 2)
    )
    assert regions.areas / size**2 == pytest.approx([1, 1, 1, 1])


@pytest.mark.parametrize("length", [1e-201, 1e-300, 1e201, 1e300])
def test_segments_that_float64_does_not_hold_are_refused(length):
    for make in (
        lambda: Line([0.0], [[1.0]], 0.0, length),
        lambda: Line.through([[0.0, 0.0], [length, 0.0]]),
    ):
        with pytest.raises(MBHError):
            make()
