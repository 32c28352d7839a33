"""When layers settle, in which order, and dips."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.lenses import evolution

TIMES = [0, 1, 10, 100, 1_000]


@given(st.lists(st.sampled_from([0.2, 0.5, 0.9, np.nan]), min_size=5, max_size=5))
def test_settling_is_the_first_time_from_which_it_stays(similarity):
    stays = [i for i in range(5) if all(value >= 0.5 for value in similarity[i:])]
    found = evolution.settling_time(TIMES, similarity, 0.5)
    assert found == TIMES[stays[0]] if stays else np.isnan(found)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=5))
def test_the_index_is_kendalls_tau(times):
    found = evolution.bottom_up_index([times])
    pairs = list(itertools.combinations(range(len(times)), 2))
    order = sum(np.sign(times[j] - times[i]) for i, j in pairs)
    untied = sum(times[i] != times[j] for i, j in pairs)
    expected = order / np.sqrt(len(pairs) * untied) if untied else 0
    assert found.index == pytest.approx(expected)
    assert found.low == pytest.approx(expected) and found.high == pytest.approx(expected)


def test_the_index_over_seeds_has_an_interval():
    found = evolution.bottom_up_index([[1, 2, 3], [1, 2, 3], [3, 2, 1], [1, 1, 1], [1, 2, np.nan]])
    assert found.of_seeds == pytest.approx((1, 1, -1, 0, 1))
    assert found.index == pytest.approx(0.4)
    assert found.low < 0.4 < found.high


def test_dips():
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.standard_normal((5, 4))
    clear = evolution.intermediate_dip([0.9, 0.7, 0.5, 0.8] + noise)
    assert clear.place == 2 and clear.is_dip and clear.depth == pytest.approx(0.3, abs=0.02)
    falling = evolution.intermediate_dip([0.9, 0.7, 0.5, 0.3] + noise)
    assert not falling.is_dip and falling.depth < 0
    unsure = evolution.intermediate_dip([[0.9, 0.5, 0.9], [0.5, 0.9, 0.5], [0.7, 0.6, 0.7]])
    assert not unsure.is_dip
    assert evolution.intermediate_dip([[0.9, 0.5]]).place is None
    assert np.isnan(evolution.intermediate_dip([[0.9, 0.5, 0.9]]).errors)
    exact = evolution.intermediate_dip([[0.9, 0.5, 0.9]] * 2)
    assert exact.errors == np.inf and exact.is_dip


def test_settling_of_a_table():
    table = pd.DataFrame({"iteration": [0, 10, 100] * 2, "layer": [1] * 3 + [2] * 3})
    table["kappa_final"] = [0.6, 0.95, 1.0, 0.1, 0.6, np.nan]
    table["weight_distance"] = [0.9, 0.6, 0.0, 0.9, 0.05, 0.0]
    found = evolution.settling(table, [0.5, 0.9])
    assert found["tau"].tolist()[:2] == [0, 10] and found["tau"].isna().tolist()[2:] == [True, True]
    assert found["weight_tau"].tolist() == [100, 100, 10, 10]


def test_ill_calls_are_named():
    with pytest.raises(MBHError, match="iterations are to ascend"):
        evolution.settling_time([0, 0], [0, 1], 0.5)
    with pytest.raises(MBHError, match="expected one value for each of the 2 iterations"):
        evolution.settling_time([0, 1], [0, 1, 1], 0.5)
    with pytest.raises(MBHError, match="two layers or more"):
        evolution.bottom_up_index([[1], [2]])
    with pytest.raises(MBHError, match=r"expected \(seeds, places\)"):
        evolution.intermediate_dip(np.ones((0, 3)))
    with pytest.raises(MBHError, match="has no column 'iteration'"):
        evolution.settling(pd.DataFrame({"layer": [1]}))
