"""Planes: coordinates, samples, and clear refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.regions.planes import Plane
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


def test_points_may_be_tensors_and_arrays_do_not_change_later():
    p = torch.rand(3, 10)
    plane = Plane.through(p)
    before = plane.origin.copy()
    p += 1
    assert (plane.origin == before).all()
    with pytest.raises(ValueError, match="read-only"):
        plane.basis[0, 0] = 2


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
    "limits of a triangle": (
        lambda: Plane.through(p, domain="triangle", low=0),
        "belong to domain",
    ),
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
        assert points.shape == (40_000, 2)
        assert plane.contains(points).all()
        half = clip(plane.corners, -1.0, 0.0, 0.5)  # the part with x <= 0.5
        share = polygon_area(half) / plane.area
        np.testing.assert_allclose((points[:, 0] <= 0.5).mean(), share, atol=0.01)
