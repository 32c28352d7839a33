"""Populations of patterns against each other."""

import numpy as np
import pytest
from bit_strategies import counted, two_patterns
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.lenses import evolution
from mbh_utils.lenses.evolution import pattern_counts

BEFORE = pattern_counts([[1, 0], [1, 0], [0, 0], [1, 1]])
AFTER = pattern_counts([[1, 0], [0, 1], [0, 1], [1, 1]])


def test_worked_numbers():
    assert evolution.jaccard(BEFORE, AFTER) == 0.5
    assert evolution.weighted_jaccard(BEFORE, AFTER) == pytest.approx(1 / 3)
    assert evolution.pattern_change(BEFORE, AFTER) == (0, pytest.approx(2 / 3))
    assert evolution.jaccard(BEFORE, BEFORE) == evolution.weighted_jaccard(BEFORE, BEFORE) == 1
    other = pattern_counts([[0, 1]] * 4)
    assert evolution.jaccard(BEFORE, other) == evolution.weighted_jaccard(BEFORE, other) == 0
    twice = pattern_counts(np.repeat([[1, 0], [1, 0], [0, 0], [1, 1]], 2, axis=0))
    assert evolution.weighted_jaccard(BEFORE, twice) == 0.5


@given(two_patterns(), st.integers(0, 2))
def test_they_are_those_of_brute_force(pair, more_than):
    before, after = map(counted, pair)
    a, b = map(pattern_counts, pair)
    in_a = {p for p, c in before.items() if c > more_than}
    in_b = {p for p, c in after.items() if c > more_than}
    found = evolution.jaccard(a, b, more_than=more_than)
    if in_a | in_b:
        assert found == len(in_a & in_b) / len(in_a | in_b)
    else:
        assert np.isnan(found)
    least = sum((before & after).values())
    most = sum((before | after).values())
    assert evolution.weighted_jaccard(a, b) == least / most
    new = len(after.keys() - before.keys())
    lost = len(before.keys() - after.keys())
    change = evolution.pattern_change(a, b)
    assert change == ((new - lost) / len(after), (new + lost) / len(after))


@given(two_patterns(), st.integers(0, 2**32 - 1))
def test_the_order_of_neurons_tells_nothing(pair, seed):
    order = np.random.default_rng(seed).permutation(pair[0].shape[1])
    a, b = map(pattern_counts, pair)
    c, d = (pattern_counts(bits[:, order]) for bits in pair)
    assert evolution.jaccard(a, b) == evolution.jaccard(c, d)
    assert evolution.entropy(a) == pytest.approx(evolution.entropy(c), abs=1e-12)
    assert (
        evolution.agreement(*pair).share
        == evolution.agreement(*(bits[:, order] for bits in pair)).share
    )


def test_other_widths_are_named():
    with pytest.raises(MBHError, match="a counts patterns of 2 neurons and b of 3"):
        evolution.jaccard(BEFORE, pattern_counts([[1, 0, 1]]))
    with pytest.raises(MBHError, match=r"b is \[\[1, 0\]\] .*expected counts"):
        evolution.weighted_jaccard(BEFORE, [[1, 0]])
    with pytest.raises(MBHError, match="more_than is -1"):
        evolution.jaccard(BEFORE, AFTER, more_than=-1)
    with pytest.raises(MBHError, match="before is None"):
        evolution.pattern_change(None, AFTER)
