"""Entropies of patterns, and what they tell of labels."""

import numpy as np
import pytest
from bit_strategies import brute_entropy, counted, patterns
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.lenses import evolution


@given(patterns())
def test_entropy_is_that_of_brute_force(bits):
    found = evolution.entropy(evolution.pattern_counts(bits))
    assert found == pytest.approx(brute_entropy(counted(bits)), abs=1e-12)
    assert 0 <= found <= evolution.max_entropy(evolution.pattern_counts(bits)) + 1e-12


@given(patterns(), st.integers(0, 2**32 - 1))
def test_information_is_that_of_brute_force(bits, seed):
    labels = np.random.default_rng(seed).integers(3, size=len(bits)) - 1
    found = evolution.label_information(bits, labels)
    pairs = counted(np.concatenate([bits, labels[:, None] == [-1, 0, 1]], axis=1))
    of_labels = brute_entropy(counted(labels[:, None] == [-1, 0, 1]))
    joint = brute_entropy(pairs)
    assert found.joint == pytest.approx(joint, abs=1e-12)
    assert found.of_labels == pytest.approx(of_labels, abs=1e-12)
    assert found.conditional == pytest.approx(joint - of_labels, abs=1e-9)
    expected = brute_entropy(counted(bits)) + of_labels - joint
    assert found.information == pytest.approx(expected, abs=1e-9)
    assert 0 <= found.information <= of_labels + 1e-9


def test_all_distinct_patterns_tell_every_label():
    n = 10_000
    bits = (np.arange(n)[:, None] >> np.arange(14)) % 2
    found = evolution.label_information(bits, np.arange(n) % 10)
    assert evolution.entropy(evolution.pattern_counts(bits)) == pytest.approx(13.2877, abs=5e-5)
    assert found.conditional == pytest.approx(9.9658, abs=5e-5)
    assert found.information == pytest.approx(3.3219, abs=5e-5)
    assert not found.is_informative


def test_classes_are_as_frequent_as_they_are():
    """The published code assumes balanced classes and would give 1 - 0.5 log2(...) here."""
    bits = [[1], [1], [1], [0]]
    found = evolution.label_information(bits, [5, 5, 5, 7])
    assert found.information == pytest.approx(0.811278, abs=1e-6)
    assert found.conditional == pytest.approx(0, abs=1e-12)
    assert not found.is_informative or found.pattern_share <= 0.5


def test_constant_activations_tell_nothing():
    found = evolution.label_information(np.ones((6, 4)), [0, 1, 2, 0, 1, 2])
    assert found.information == 0 and found.pattern_share == 1 / 6
    assert evolution.entropy(evolution.pattern_counts(np.ones((6, 4)))) == 0
    assert np.isnan(evolution.relative_entropy(evolution.pattern_counts([[1, 0]])))


def test_labels_of_another_length_are_named():
    with pytest.raises(MBHError, match=r"labels have shape \(2,\); expected one label for each"):
        evolution.label_information([[1], [0], [1]], [0, 1])
    with pytest.raises(MBHError, match="labels hold NaN"):
        evolution.label_information([[1], [0]], [0, np.nan])


def test_counts_that_are_none():
    with pytest.raises(MBHError, match="counts are to be >= 0"):
        evolution.entropy([1, -1])
    with pytest.raises(MBHError, match="at least one of them above 0"):
        evolution.entropy([0, 0])
