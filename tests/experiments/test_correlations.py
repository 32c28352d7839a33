"""Rank correlations over networks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from mbh_utils.errors import MBHError
from mbh_utils.experiments.correlations import associations, rank_correlation


def networks(seed=0, setups=14, models=5) -> pd.DataFrame:
    """N drives both measures; without it they have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    setup = np.repeat(np.arange(setups), models)
    n = 16.0 * 1.3**setup
    noise = rng.normal(size=(3, len(n)))
    columns = {"a": np.log(n) + 0.3 * noise[0], "b": np.log(n) + 0.3 * noise[1], "c": noise[2]}
    return pd.DataFrame({"setup": setup, "n_hidden": n, **columns})


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=30))
def test_it_is_spearmans_correlation(pairs):
    values = np.array(pairs, float)
    if np.ptp(values, axis=0).min() == 0:
        assert np.isnan(rank_correlation(values))
    else:
        assert rank_correlation(values) == pytest.approx(spearmanr(*values.T).statistic, abs=1e-12)


def test_what_a_third_column_explains_is_taken_away():
    table = networks()
    plain = associations(table, ["a", "b"], resamples=200).iloc[0]
    partial = associations(table, ["a", "b"], partial="n_hidden", resamples=200).iloc[0]
    assert plain["rho"] > 0.9 and plain["low"] > 0.8
    assert partial["low"] < 0 < partial["high"]
    # By the formula for one fixed column.
    ab, ac, bc = (
        spearmanr(table[x], table[y]).statistic
        for x, y in (("a", "b"), ("a", "n_hidden"), ("b", "n_hidden"))
    )
    by_formula = (ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2))
    assert partial["rho"] == pytest.approx(by_formula, abs=1e-9)


def test_two_data_sets_of_unequal_level_are_ranked_each_by_itself():
    one = networks().assign(dataset="easy")
    other = networks(seed=1).assign(dataset="hard")
    other["b"] -= 100
    both = pd.concat([other, one], ignore_index=True)
    pooled = associations(both, ["a", "b"], resamples=50).iloc[0]
    within = associations(both, ["a", "b"], within="dataset", resamples=50).iloc[0]
    assert pooled["rho"] < 0.7 < 0.9 < within["low"]
    alone = [spearmanr(of["a"], of["b"]).statistic for of in (one, other)]
    assert within["rho"] == pytest.approx(np.mean(alone), abs=1e-9)  # equally many, no ties
    single = associations(one, ["a", "b"], resamples=50)
    assert single.equals(associations(one, ["a", "b"], within="dataset", resamples=50))


def test_what_is_missing_is_left_out_pair_by_pair():
    table = networks()
    table.loc[table["setup"] > 3, "c"] = np.nan
    found = associations(table, ["a", "b", "c"], resamples=50).set_index(["x", "y"])
    assert found.loc[("a", "b"), "networks"] == 70
    assert found.loc[("a", "c"), "networks"] == 20
    table.loc[4:, "c"] = np.nan
    few = associations(table, ["a", "c"], resamples=50).iloc[0]
    assert np.isnan(few["rho"]) and few["networks"] == 4
    constant = associations(table.assign(c=1), ["a", "c"], resamples=50).iloc[0]
    assert np.isnan(constant["rho"]) and np.isnan(constant["low"])


def test_equal_seeds_give_equal_intervals():
    table = networks()
    first = associations(table, ["a", "c"], resamples=50)
    assert first.equals(associations(table, ["a", "c"], resamples=50))
    assert (first["low"] <= first["rho"]).all() and (first["rho"] <= first["high"]).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((networks(), ["a"]), "columns has 1 names"),
        ((networks(), ["a", "z"]), "table has no column 'z'"),
        ((networks().drop(columns="setup"), ["a", "b"]), "table has no column 'setup'"),
        (([1, 2], ["a", "b"]), "table is"),
    ],
)
def test_bad_input_is_named(arguments, said):
    with pytest.raises(MBHError, match=said):
        associations(*arguments)
