"""p-values of permutation tests and their pooling: worked numbers, brute force, chance itself."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters import permutation
from mbh_utils.lenses.clusters.permutation import (
    bates,
    discoveries,
    fisher,
    p_value,
    rank_chi2,
    relative_effect,
)

SMALL = st.integers(0, 4)
P_VALUES = [0.05, 0.05, 0.10, 0.25, 1.0]


def test_worked_number_1_p_values_of_four_draws():
    null = [0.1, 0.6, 0.7, 0.8]
    assert p_value(0.5, null, ties="strict") == pytest.approx(0.4)
    assert p_value(0.5, null, "right", ties="strict") == pytest.approx(0.8)
    assert p_value(0.5, null) == pytest.approx(0.3)


@given(SMALL, st.lists(SMALL, min_size=1, max_size=8))
def test_p_values_are_those_of_counting(true, null):
    n = len(null)
    below = sum(x < true for x in null)
    equal = sum(x == true for x in null)
    assert p_value(true, null, ties="strict") == float(Fraction(below + 1, n + 1))
    mid = Fraction(2 * below + equal + 1, 2 * (n + 1))
    assert p_value(true, null) == float(mid)
    # Both tails of mid-p values add up to 1, whatever the ties.
    assert p_value(true, null) + p_value(true, null, "right") == pytest.approx(1)


@given(st.lists(SMALL, min_size=2, max_size=9))
def test_mid_p_values_have_the_mean_of_chance_exactly(values):
    """Each of exchangeable values in the part of the measured one: the mean is 1/2."""
    found = [p_value(x, values[:i] + values[i + 1 :]) for i, x in enumerate(values)]
    assert np.mean(found) == pytest.approx(0.5)


def test_no_op_lesions_are_no_evidence():
    assert p_value(0.7, [0.7] * 19) == 0.5
    assert p_value(0.7, [0.7] * 19, ties="strict") == 0.05


def test_what_was_not_measured_has_no_p_value():
    found = p_value([np.nan, 1, 1], [[0, 2], [np.nan, np.nan], [np.nan, 2]])
    np.testing.assert_array_equal(found, [np.nan, np.nan, 0.25])


@pytest.mark.parametrize(
    ("true", "null"), [([1, 2], [1, 2, 3]), (1, 2), ([1, 2], [[1], [2], [3]]), (1, [])]
)
def test_shapes_that_do_not_go_together_are_named(true, null):
    with pytest.raises(MBHError, match="true has shape"):
        p_value(true, null)


def test_worked_number_5_effect():
    assert relative_effect(0.15, 0.075) == pytest.approx(4 / 3)
    assert relative_effect(2.66667, 0) == 2
    assert relative_effect(0, 0) == 1
    assert math.isnan(relative_effect(1, np.nan))


# ----------------------------------------------------------------------------------------- pooling


def test_worked_number_2_fisher_and_ranks():
    pooled = fisher(P_VALUES, draws=19)
    assert pooled.chi2 == pytest.approx(22.97, abs=5e-5)
    assert pooled.p == pytest.approx(0.0108579, abs=5e-8)
    assert pooled.statistic == pytest.approx(2.2970, abs=5e-5)
    ranked = rank_chi2(P_VALUES, 19, ties="strict")
    assert ranked.chi2 == pytest.approx(23.0)
    assert ranked.p == pytest.approx(0.23734, abs=5e-6)


def test_fisher_is_that_of_scipy_and_leaves_nan_out():
    p = np.array([0.2, 0.03, 0.7])
    expected = stats.combine_pvalues(p, "fisher")
    found = fisher([*p, np.nan])
    assert found.n == 3
    assert (found.chi2, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert fisher([np.nan]).n == 0 and math.isnan(fisher([]).p)


@given(st.lists(st.integers(0, 19), min_size=1, max_size=30))
def test_mid_p_values_are_strict_ones_shifted_where_nothing_ties(ranks):
    strict = (np.array(ranks) + 1) / 20
    mid = (np.array(ranks) + 0.5) / 20
    assert fisher(strict, draws=19).p == pytest.approx(fisher(mid).p)
    assert rank_chi2(strict, 19, ties="strict").chi2 == pytest.approx(rank_chi2(mid, 19).chi2)


def test_fisher_statistic_of_shifted_values_without_an_effect():
    every_rank = (np.arange(20) + 1) / 20
    assert fisher(every_rank, draws=19).statistic == pytest.approx(0.9828, abs=5e-5)


def test_a_shift_of_mid_p_values_is_refused():
    with pytest.raises(MBHError, match="mid-p values already"):
        fisher([0.025, 0.5], draws=19)


@pytest.mark.parametrize("p", [[0.0], [1.1], [-0.1], [np.inf], [[0.5]]])
@pytest.mark.parametrize("pool", [fisher, discoveries, lambda p: rank_chi2(p, 19)])
def test_what_is_no_p_value_is_named(pool, p):
    with pytest.raises(MBHError, match="p_values"):
        pool(p)


@pytest.mark.parametrize(
    ("mean", "expected"), [(0.05, 8.138e-6), (0.1, 2.6042e-4), (0.3, 0.061979), (0.5, 0.5)]
)
def test_worked_number_3_bates(mean, expected):
    assert bates(mean, 5) == pytest.approx(expected, rel=1e-4)


@given(st.integers(1, 30), st.integers(0, 60))
def test_bates_is_a_distribution_symmetric_about_a_half(n, step):
    mean = step / 60
    exact = sum(
        (-1) ** j * math.comb(n, j) * (Fraction(step * n, 60) - j) ** n
        for j in range(step * n // 60 + 1)
    ) / math.factorial(n)
    assert bates(mean, n) == pytest.approx(float(exact), rel=1e-9, abs=1e-12)
    assert bates(mean, n) + bates(1 - mean, n) == pytest.approx(1)


def test_bates_of_one_and_of_two_networks():
    assert bates(0.3, 1) == pytest.approx(0.3)
    inside = integrate.quad(lambda x: min(1, max(0, 0.6 - x)), 0, 1, points=[0.6])[0]
    assert bates(0.3, 2) == pytest.approx(inside)


def test_bates_goes_on_as_a_normal_distribution():
    assert bates(0.45, 31) == pytest.approx(bates(0.45, 30), abs=0.01)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20))
def test_discoveries_are_those_of_the_step_up_method(p):
    order = np.sort(p)
    m = len(p)
    passing = [x for i, x in enumerate(order, 1) if x * m / i <= 0.05]
    threshold = max(passing, default=0.0)
    found = discoveries(p)
    assert found.threshold == threshold
    assert found.found.tolist() == [x <= threshold for x in p]


def test_no_discovery_has_the_threshold_0_and_nan_is_none():
    found, threshold = discoveries([0.9, np.nan, 0.5])
    assert not found.any() and threshold == 0
    assert discoveries([np.nan, 0.001]).found.tolist() == [False, True]
    assert discoveries([]).threshold == 0


def test_the_caveat_is_told():
    assert "not independent" in permutation.CAVEAT
