"""Rank correlations of indicators with the gap, on made-up networks."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

import mbh_utils as mbh
from mbh_utils import experiments
from mbh_utils.experiments.overfitting import VIEWS, resampled_correlation

DATA = [f"data{i}" for i in range(6)]
NAMES = ("rho", "low", "high", "networks")
WIDTHS = {1: 400, 3: 100, 7: 400, 10: 16}


def made_up(gap, indicator, *, seed=0, noise=0.01, iterations=(10, 100, 1_000)) -> pd.DataFrame:
    """Networks whose gap and indicator are functions of (training set, set-up, iteration)."""
    rng = np.random.default_rng(seed)
    rows = []
    axes = (range(len(DATA)), WIDTHS, range(3), iterations)
    for data, setup, model, iteration in itertools.product(*axes):
        facts = {"dataset": DATA[data], "training_images": 100, "noise": 0.0, "setup": setup}
        facts |= {"n_hidden": WIDTHS[setup], "model": model, "iteration": iteration}
        facts |= {"gap": gap(data, setup, iteration), "told": indicator(data, setup, iteration)}
        rows.append(facts)
    table = pd.DataFrame(rows)
    shaken = noise * rng.standard_normal((len(table), 2))
    table[["gap", "told"]] = table[["gap", "told"]] + shaken
    return table


def by_view(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    found = experiments.gap_correlations(rows, ["told"], resamples=200).set_index("view")
    return {(str(view), name): float(found[name][view]) for view in VIEWS for name in NAMES}


def test_what_is_planted_is_found_and_only_there():
    """The gap grows with the training set; the indicator knows it, within a set-up."""
    found = by_view(made_up(lambda d, s, i: d, lambda d, s, i: d + 10 * (WIDTHS[s] > 50)))
    assert found["setup", "rho"] > 0.95
    assert found["setup", "low"] > 0.7
    assert abs(found["data", "rho"]) < 0.4
    assert found["data", "low"] < 0 < found["data", "high"]
    assert abs(found["training", "rho"]) < 0.2
    assert found["all", "networks"] == 6 * 4 * 3


def test_holding_n_fixed_takes_away_what_n_makes():
    table = made_up(lambda d, s, i: WIDTHS[s], lambda d, s, i: WIDTHS[s], noise=0.5)
    found = by_view(table)
    assert found["all", "rho"] > 0.8
    assert abs(found["fixed N", "rho"]) < 0.3
    assert abs(found["setup", "rho"]) < 0.3


def test_over_training_each_network_is_ranked_by_itself():
    """Networks differ much more from each other than over their training."""
    found = by_view(made_up(lambda d, s, i: 10 * d + np.log(i), lambda d, s, i: -7 * d + np.log(i)))
    assert found["training", "rho"] == 1 and found["training", "low"] == 1
    assert found["setup", "rho"] < -0.9


@given(st.integers(0, 2**32 - 1), st.sampled_from([v for v in VIEWS if v != "fixed N"]))
def test_the_value_is_the_correlation_of_ranks_within_blocks(seed, view):
    rng = np.random.default_rng(seed)
    table = made_up(lambda d, s, i: rng.integers(4), lambda d, s, i: rng.integers(4), noise=0)
    table = table.sample(frac=1, random_state=int(rng.integers(1000)), ignore_index=True)
    chosen = table if view == "training" else table[table["iteration"] == 1_000]
    blocks = {"setup": ["setup"], "data": ["dataset"], "training": ["dataset", "setup", "model"]}
    groups = chosen.groupby(blocks[view]) if view in blocks else [(0, chosen)]
    x, y = [], []
    for _, group in groups:
        for values, name in ((x, "told"), (y, "gap")):
            ranks = rankdata(group[name])
            values += list(ranks - ranks.mean())
    expected = np.dot(x, y) / np.sqrt(np.dot(x, x) * np.dot(y, y))
    found = resampled_correlation(table, "told", view, gap="gap", resamples=3)
    assert found.value == pytest.approx(expected)


def test_resamples_draw_cells_whole():
    """With two training sets that differ, a resample has one, the other or both."""
    table = made_up(lambda d, s, i: s + 10 * d, lambda d, s, i: (-1) ** d * s, noise=0)
    two = table[table["dataset"].isin(DATA[:2])]
    found = resampled_correlation(two, "told", "data", gap="gap", resamples=500)
    assert found.value == pytest.approx(0)
    values, counts = np.unique(found.samples.round(9), return_counts=True)
    assert values.tolist() == [-1, 0, 1]
    assert counts / 500 == pytest.approx([0.25, 0.5, 0.25], abs=0.07)


def test_what_does_not_vary_has_no_correlation():
    found = by_view(made_up(lambda d, s, i: d, lambda d, s, i: 1, noise=0))
    assert all(np.isnan(found[view, name]) for view in VIEWS for name in ("rho", "low"))


def measured(**changes) -> pd.DataFrame:
    row = {"dataset": "x", "training_images": 500, "noise": 0.0, "setup": 1, "n_hidden": 9}
    row |= {"model": 0, "iteration": 5, "domain": "square", "coverage": 0.8, "accuracy": 0.5}
    row |= {"training_accuracy": 0.7, "s_validation": 0.5, "s_matched": 0.6, "s_training": 0.75}
    row |= {"own_training": 0.9, "own_transferred": 0.6, "others_validation": 0.1}
    row |= {"oui_validation": 0.5, "n_regions": 30.0}
    return pd.DataFrame([{**row, **changes}])


@pytest.mark.parametrize(
    ("noise", "training", "validation", "fair"),
    [(0, 0.7, 0.5, 0.2), (0.4, 0.6, 1.0, 0.0), (0.4, 1.0, 1.0, 0.4), (1, 1.0, 0.1, 0.9)],
)
def test_the_fair_gap_is_that_to_equally_wrong_labels(noise, training, validation, fair):
    table = measured(noise=noise, training_accuracy=training, accuracy=validation)
    (row,) = experiments.overfitting_indicators(table).to_dict("records")
    assert row["fair_gap"] == pytest.approx(fair)
    assert row["gap"] == pytest.approx(training - validation)


def test_differences_are_of_equally_many_images():
    (row,) = experiments.overfitting_indicators(measured()).to_dict("records")
    assert row["s_difference"] == pytest.approx(0.15) and row["coverage_lost"] == pytest.approx(0.3)


def test_what_was_not_measured_is_told():
    with pytest.raises(mbh.MBHError, match="no row of domain 'box' and coverage 0.8"):
        experiments.overfitting_indicators(measured(), domain="box")
    with pytest.raises(mbh.MBHError, match="has no column 's_matched'"):
        experiments.overfitting_indicators(measured().drop(columns="s_matched"))


def test_missing_networks_are_told():
    table = made_up(lambda d, s, i: d, lambda d, s, i: s)
    for fewer in (table.iloc[1:], table[(table["setup"] != 1) | (table["model"] != 2)]):
        with pytest.raises(mbh.MBHError, match="networks are missing"):
            experiments.gap_correlations(fewer, ["told"])
