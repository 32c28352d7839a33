"""Blocks: boxes of any dimension to draw points from."""

import numpy as np
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.regions.blocks import Block
from mbh_utils.regions.planes import Plane


def test_a_block_around_three_points_is_the_square_of_their_plane_and_samples_it():
    points = np.random.default_rng(1).normal(size=(3, 7))
    block = Block.through(points)
    plane = Plane.through(points)
    np.testing.assert_allclose(block.high, plane.high)
    drawn = block.sample(2_000, np.random.default_rng(2))
    np.testing.assert_allclose(plane.embed(plane.project(drawn)), drawn, atol=1e-12)
    cube = Block.through(np.random.default_rng(3).normal(size=(5, 9)), margin=2)
    y = (cube.sample(50_000, np.random.default_rng(4)) - cube.origin) @ cube.basis.T
    assert cube.basis.shape == (4, 9)
    assert (np.abs(y) <= cube.high + 1e-12).all()
    np.testing.assert_allclose(y.std(axis=0), cube.high / np.sqrt(3), rtol=0.02)


@pytest.mark.parametrize(
    "points",
    [np.zeros((3, 5)), np.ones((1, 5)), np.eye(4)[:, :2], [[0, 0, 0], [1, 1, 1], [2, 2, 2]]],
)
def test_a_block_needs_independent_points(points):
    with pytest.raises(MBHError, match="points"):
        Block.through(points)
