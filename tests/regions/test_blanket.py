"""Blankets are unions of regions: known shares, and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import random_layers, random_plane

from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Plane

seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 12), min_size=1, max_size=3)


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


@settings(deadline=None, max_examples=30)
@given(seeds, widths)
def test_blanket_areas_agree_with_brute_force(seed, widths):
    rng = np.random.default_rng(seed)
    layers = random_layers(seed, 4, [*widths, 70])
    plane = random_plane(seed, 4)
    regions = partition_input_space(layers, plane)
    patterns = []
    for _ in range(12):
        neurons = rng.permutation(regions.n_hidden)[: rng.integers(0, 6)]
        near = regions.patterns[rng.integers(len(regions)), neurons]
        patterns.append(DecisionPattern(neurons, near ^ (rng.random(len(near)) < 0.1)))
    expected = [regions.areas[p.satisfied_by(regions.patterns)].sum() for p in patterns]
    assert regions.blanket_areas(patterns) == pytest.approx(expected, rel=1e-12)
    assert [regions.blanket(p).area for p in patterns] == pytest.approx(expected, rel=1e-12)
    inside = patterns[0].satisfied_by(regions.patterns)
    assert (regions.blanket(patterns[0]).regions == inside).all()
