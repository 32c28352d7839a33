"""Planes through random samples of one's own data."""

import numpy as np
import pytest

from mbh_utils import from_arrays, random_planes
from mbh_utils.datasets import Dataset
from mbh_utils.errors import MBHError


def data_of(labels, d: int = 6, seed: int = 0, images=None) -> Dataset:
    """A data set with random validation samples of these labels, and inputs from -2 to 3."""
    if images is None:
        images = np.random.default_rng(seed).uniform(-2, 3, (len(labels), d))
    return from_arrays(images, labels, images, labels, low=-2, high=3)


def spanned_by(data: Dataset, plane) -> list[int]:
    """Which validation samples span a plane."""
    found = [np.flatnonzero((data.validation.images == p).all(axis=1)) for p in plane.points]
    assert all(len(where) for where in found), "it is spanned by samples"
    return [int(where[0]) for where in found]


@pytest.mark.parametrize(
    ("labels", "n_classes"), [([0, 1, 2, 3] * 5, 3), ([0, 1] * 10, 2), ([0] * 20, 1)]
)
def test_three_samples_of_as_many_classes_as_there_are(labels, n_classes):
    data = data_of(labels)
    planes = random_planes(data, 12, domain="square")
    chosen = [spanned_by(data, plane) for plane in planes]
    for three in chosen:
        assert len(set(three)) == 3
        assert len({labels[i] for i in three}) == n_classes
    assert len({tuple(three) for three in chosen}) > 6, "planes differ"
    assert {labels[i] for three in chosen for i in three} == set(labels), "all classes occur"


def test_more_planes_begin_with_the_same_ones_and_seeds_differ():
    data = data_of([0, 1, 2] * 9)
    few = random_planes(data, 3, domain="box", seed=5)
    many = random_planes(data, 6, domain="box", seed=5)
    other = random_planes(data, 3, domain="box", seed=6)
    assert all(np.array_equal(a.points, b.points) for a, b in zip(few, many, strict=False))
    assert not any(np.array_equal(a.points, b.points) for a, b in zip(few, other, strict=True))
    assert random_planes(data, 0, domain="box") == []


def test_domains():
    data = data_of([0, 1, 2] * 9)
    for plane in random_planes(data, 4, domain="box"):
        corners = plane.embed(plane.corners)
        assert corners.min() > -2 - 1e-9 and corners.max() < 3 + 1e-9
        assert np.isclose(corners, -2).any() or np.isclose(corners, 3).any()
    squares, wide = (random_planes(data, 4, domain="square", margin=m) for m in (1.0, 3.0))
    assert all(np.isclose(b.area, 9 * a.area) for a, b in zip(squares, wide, strict=True))


def test_equal_samples_and_samples_on_a_line_are_drawn_again():
    images = np.zeros((30, 4))  # as texts without any of the words
    images[:6] = np.eye(4)[[0, 0, 1, 2, 3, 3]]
    images[6:9, 0] = [0.25, 0.5, 0.75]  # with the first and the zeros on one line
    data = data_of([0] * 30, images=images)
    for plane in random_planes(data, 20, domain="square"):
        assert np.linalg.matrix_rank(plane.points[1:] - plane.points[0]) == 2


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.eye(4)[[0, 0, 1, 1, 1]], "no three validation samples of custom were different"),
        (np.outer([0, 0.2, 0.5, 1], np.ones(4)), "line"),
        (np.eye(4)[:2], "has 2 validation samples"),
    ],
)
def test_data_that_span_no_plane_are_refused(images, message):
    data = data_of([0] * len(images), images=images)
    with pytest.raises(MBHError, match=message):
        random_planes(data, 1, domain="square")


def test_the_domain_has_to_be_chosen():
    with pytest.raises(TypeError, match="domain"):
        random_planes(data_of([0, 1, 2]), 1)
