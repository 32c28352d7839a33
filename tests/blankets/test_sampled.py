"""Sampled shares: against exact areas, and their intervals."""

import numpy as np
import pytest

from mbh_utils import Plane, from_arrays, partition_input_space
from mbh_utils.blankets.maximal_pattern import maximal_pattern
from mbh_utils.blankets.sampled import sampled_shares
from mbh_utils.errors import MBHError
from mbh_utils.networks import feed_forward
from mbh_utils.regions.blocks import Block
from mbh_utils.regions.patterns import DecisionPattern


def test_sampled_shares_agree_with_exact_areas_and_their_interval_covers_as_often_as_it_says():
    images = np.random.default_rng(0).random((60, 5))
    data = from_arrays(images, np.arange(60) % 3, np.zeros((3, 5)), np.arange(3))
    network = feed_forward(data, (9, 5), seed=2, bias_std=0.3)
    plane = Plane.through(data.train.images[[3, 8, 12]])
    patterns = [maximal_pattern(network, data.train.of_class(c), 0.3) for c in range(3)]
    exact = partition_input_space(network, plane).blanket_areas(patterns) / plane.area
    is_between = (exact > 0.02) & (exact < 0.98)
    assert is_between.any()
    found = sampled_shares(network, patterns, plane, n=40_000)
    np.testing.assert_allclose(found["share"], exact, atol=0.012)
    hits = []
    for seed in range(250):
        one = sampled_shares(network, patterns, plane, n=200, seed=seed, confidence=0.8)
        hits.append((one["low"] <= exact) & (exact <= one["high"]))
    covered = np.mean(hits, axis=0)
    # Exact intervals cover at least as often as they say, 0.8 here, up to chance; and are not
    # merely wide.
    assert (covered >= 0.75).all()
    assert (covered[is_between] <= 0.93).all()


def test_sampled_shares_of_the_whole_input_box():
    images = np.random.default_rng(0).random((9, 50))
    data = from_arrays(images, np.arange(9) % 3, np.zeros((3, 50)), np.arange(3))
    weight = np.vstack([np.eye(50)[0], -np.eye(50)[1], np.zeros(50)])
    halves = [(weight, np.array([-0.25, 0.5, 1.0]))]  # x1 > 1/4, x2 < 1/2, always
    patterns = [
        DecisionPattern([0], [True]),
        DecisionPattern([0, 1], [True, True]),
        DecisionPattern([2], [False]),
        DecisionPattern([], []),
    ]
    found = sampled_shares(halves, patterns, Block.whole(data), n=30_000)
    np.testing.assert_allclose(found["share"], [0.75, 0.375, 0, 1], atol=0.01)
    assert found["low"][2] == 0 < found["high"][2] < 1e-3
    assert 1 - 1e-3 < found["low"][3] < found["high"][3] == 1
    again = sampled_shares(halves, patterns[:3], Block.whole(data), n=30_000)
    assert again.equals(found[:3])


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 1.5}, {"confidence": 1.0}])
def test_sampled_shares_refuse_what_makes_no_interval(wrong):
    with pytest.raises(MBHError, match=f"{next(iter(wrong))} is .*; expected a"):
        sampled_shares([(np.eye(2), np.zeros(2))], [], Plane.rectangle(), **wrong)
