"""Claims on decision trees, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import crossed, filled, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS


def one_scope(scope, **columns):
    """Table trees of one scope; values are functions of a row, by default as in the thesis."""
    table = networks(datasets=["fashion_mnist"], trained=(False, True), models=3)
    table = crossed(table, **{"class": range(10)}).assign(scope=scope)
    given = {**AS_IN_THE_THESIS, **columns}
    return filled(table, **given).assign(**{"class": table["class"].astype(int)})


def leaves(row):
    by_neurons = {16: 300, 46: 3_000, 136: 2_500, 400: 2_000}[row["n_hidden"]]
    return by_neurons * (0.7 if row["trained"] else 1) * (1 + 0.01 * row["model"])


def class_leaves(row):
    if row["class"] == 6 and not row["trained"]:
        return 0.23 * leaves(row)
    return 0.05 * leaves(row)


AS_IN_THE_THESIS = {
    "tree_accuracy": lambda row: 1.0 if row["n_hidden"] > 100 else 0.9,
    "depth": lambda row: 10 + row["n_hidden"] ** 0.5,
    "mean_leaf_depth": lambda row: 5 + row["n_hidden"] ** 0.5,
    "leaves": leaves,
    "class_leaves": class_leaves,
}


def trees(last=None, all_layers=None):
    """Both scopes, the columns that are given in either one instead of the thesis's."""
    return pd.concat([one_scope("last", **(last or {})), one_scope("all", **(all_layers or {}))])


def growing(row):
    return row["n_hidden"] * (1.5 if row["trained"] else 1)


OPPOSITE = {
    "DT-1": {"tree_accuracy": lambda row: 0.8 if row["n_hidden"] == 136 else 1.0},
    "DT-2": {"depth": lambda row: 20 + 10 * row["trained"]},
    "DT-3": {"leaves": growing},
    "DT-4": {"leaves": growing},
    "DT-5": {"leaves": lambda row: leaves(row) * row["parameters"] ** 0.3},
    "DT-6": {"leaves": lambda row: 50},
    "DT-7": {"class_leaves": lambda row: 300},
}


@pytest.mark.parametrize("id", [f"DT-{i}" for i in range(1, 8)])
def test_claims_on_trees(id):
    assert verdict(id, trees=trees()) == "reproduced"
    assert verdict(id, trees=trees(last=OPPOSITE[id])) == "not reproduced"


def test_the_last_layer_decides_and_the_other_scope_is_told():
    only_all = judge(CLAIMS["DT-1"], {"trees": trees(last=OPPOSITE["DT-1"])})
    assert only_all.verdict == "not reproduced"
    assert "On the patterns of all hidden layers: before 100.00 %" in only_all.remark
    assert "That fits the thesis better" in only_all.remark
    only_last = judge(CLAIMS["DT-1"], {"trees": trees(all_layers=OPPOSITE["DT-1"])})
    assert only_last.verdict == "reproduced"
    assert "(not reproduced)" in only_last.remark
    assert "That fits the thesis better" not in only_last.remark


def test_one_scope_is_enough():
    last = trees().query("scope == 'last'")
    outcome = judge(CLAIMS["DT-3"], {"trees": last})
    assert outcome.verdict == "reproduced"
    assert "all hidden layers" not in outcome.remark
    assert verdict("DT-3", trees=trees().query("scope == 'all'")) == "not judgeable"


def test_small_networks_are_left_out_of_what_they_cannot_do():
    def impossible_with_4_neurons(row):
        return 16 if row["n_hidden"] == 16 else leaves(row)

    made = trees(last={"leaves": impossible_with_4_neurons})
    outcome = judge(CLAIMS["DT-6"], {"trees": made})
    assert outcome.verdict == "reproduced"
    assert "corrected form" in outcome.remark


def test_effect_of_parameters_is_that_where_it_is_largest():
    def grows_at_46_falls_at_400(row):
        power = {46: 0.3, 400: -0.1}.get(row["n_hidden"], 0)
        return leaves(row) * row["parameters"] ** power

    outcome = judge(CLAIMS["DT-5"], {"trees": trees(last={"leaves": grows_at_46_falls_at_400})})
    assert outcome.verdict == "not reproduced"
    assert outcome.row["ours"] == pytest.approx(100 * (10**0.3 - 1), rel=1e-3)
    assert "46: +100 %, 136: +0 %, 400: -21 %" in outcome.remark


def test_too_many_shirts_are_not_reproduced():
    def thousand(row):
        return 1_200 if row["class"] == 6 else 100

    outcome = judge(CLAIMS["DT-7"], {"trees": trees(last={"class_leaves": thousand})})
    assert outcome.decisive == "class 6, most leaves before"
    assert np.isclose(outcome.row["ours"], 1_200)


def test_every_claim_on_trees_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "decision trees"]
    assert ids == [f"DT-{i}" for i in range(1, 8)]
