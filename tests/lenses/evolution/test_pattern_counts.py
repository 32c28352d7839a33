"""Exact counts of patterns."""

import numpy as np
import pytest
from bit_strategies import counted, patterns
from hypothesis import given, settings
from hypothesis import strategies as st

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.lenses import evolution

#: The thesis's small network of Figure 3.2: 20 regions on any square that holds [-1, 6]^2.
SMALL = [
    (np.array([[-1.0, 1], [1, 1]]), np.array([0.0, -4])),
    (np.array([[-1.0, -3], [-3, -1]]), np.array([4.0, 4])),
    (np.array([[1.0, 3], [3, 1]]), np.array([-4.0, -4])),
]


@given(patterns())
def test_counts_are_those_of_a_dict(bits):
    found = evolution.pattern_counts(bits)
    pairs = zip(found.patterns.tolist(), found.counts.tolist(), strict=True)
    assert {tuple(pattern): count for pattern, count in pairs} == counted(bits)
    assert found.patterns.tolist() == sorted(found.patterns.tolist())
    assert (found.n_images, found.n_neurons) == bits.shape
    assert found.top_share == max(counted(bits).values()) / len(bits)


@given(patterns(), st.integers(0, 2**32 - 1))
def test_the_order_of_images_tells_nothing(bits, seed):
    order = np.random.default_rng(seed).permutation(len(bits))
    a = evolution.pattern_counts(bits)
    b = evolution.pattern_counts(bits[order])
    assert (a.packed == b.packed).all() and (a.counts == b.counts).all()


def test_worked_numbers():
    found = evolution.pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]])
    assert found.pattern_share == 0.75
    assert found.top_share == 0.5
    assert evolution.entropy(found) == 1.5
    assert evolution.max_entropy(found) == 2
    assert evolution.relative_entropy(found) == 0.75


def test_three_hundred_bits_are_38_bytes():
    bits = np.random.default_rng(0).random((50, 300)) < 0.5
    assert evolution.pattern_counts(bits).packed.shape == (50, 38)


@settings(max_examples=3)
@given(st.integers(0, 1_000))
def test_random_points_see_the_20_patterns_of_the_small_network(seed):
    points = np.random.default_rng(seed).uniform(-1, 6, (100_000, 2))
    found = evolution.pattern_counts(mbh.activation_patterns(SMALL, points))
    assert found.distinct == 20
    plane = mbh.Plane.rectangle((-1, -1), (6, 6))
    regions = mbh.partition_input_space(SMALL, plane)
    assert {tuple(p) for p in found.patterns.tolist()} == {
        tuple(p) for p in regions.patterns.astype(bool).tolist()
    }


@pytest.mark.parametrize(
    ("width", "distinct", "share"), [(4, 16, 0.997), (11, 810, 0.960), (34, 1_000, 1.0)]
)
def test_fair_bits_as_the_specification_has_them(width, distinct, share):
    bits = np.random.default_rng(0).random((1_000, width)) < 0.5
    found = evolution.pattern_counts(bits)
    assert abs(found.distinct - distinct) <= 0.03 * distinct
    assert evolution.relative_entropy(found) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("bits", [np.zeros((0, 3), bool), np.zeros((3, 0), bool)])
def test_nothing_to_count_is_refused(bits):
    with pytest.raises(MBHError, match="at least one image and one neuron"):
        evolution.pattern_counts(bits)


def test_what_are_no_patterns_is_refused():
    with pytest.raises(MBHError, match="bits holds numbers other than 0 and 1"):
        evolution.pattern_counts([[0.5, 1.0]])
    with pytest.raises(MBHError, match="counts is 3"):
        evolution.max_entropy(3)
