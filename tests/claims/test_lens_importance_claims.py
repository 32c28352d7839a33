"""Claims on importance and coherence of clusters, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import crossed, networks, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

#: Names of the tests of the tables.
TESTS = ("importance", "range", "score", "entropy", "class_score")


def filled(table: pd.DataFrame, effect: dict, p: dict) -> pd.DataFrame:
    """Effects and p-values of eight sub-clusters, a constant for each test but for the models."""
    table = crossed(table, sub_cluster=range(8)).assign(draws=19, p_partition=0.3, before=0.98)
    for test in TESTS:
        table[f"effect_{test}"] = effect.get(test, 1.0) + 0.002 * table["model"]
        table[f"p_{test}"] = p.get(test, 0.475)
    return table


def grid(effect: dict | None = None, sparse: dict | None = None, p: dict | None = None):
    """Table importance: effects of dense networks, and of sparse ones; chance is 0.96, else 1."""
    table = networks()
    kinds = [(np.isclose(table["density"], 1), effect), (table["density"] < 0.99, sparse)]
    parts = [filled(table[own], values or {}, p or {}) for own, values in kinds]
    whole = pd.concat(parts).assign(dead_ends=False, chance_importance=0.96, chance_range=0.96)
    return pd.concat([whole.assign(graph=graph) for graph in ("weights", "activations")])


@pytest.mark.parametrize("id", ["LS-9", "LS-10"])
def test_importance_is_judged_on_dense_networks(id):
    assert verdict(id, importance=grid({"importance": 1.1})) == "reproduced"
    assert verdict(id, importance=grid({"importance": 0.9})) == "not reproduced"
    only_sparse = grid({"importance": 0.9}, sparse={"importance": 1.5})
    assert verdict(id, importance=only_sparse) == "not reproduced"


def test_chance_and_not_1_is_what_an_effect_is_held_against():
    assert verdict("LS-9", importance=grid({"importance": 0.97})) == "reproduced"


def test_small_networks_do_not_count():
    table = grid({"importance": 1.1})
    small = table["n_hidden"] == 16
    table.loc[small, "effect_importance"] = -9.0
    assert verdict("LS-9", importance=table) == "reproduced"


def test_what_sparse_networks_and_whole_partitions_say_is_told():
    table = grid({"importance": 1.1}, p={"importance": 0.025})
    table.loc[np.isclose(table["density"], 1), "p_partition"] = 0.025
    remark = judge(CLAIMS["LS-9"], {"importance": table}).remark
    assert "Fashion-MNIST, dense: +0.144 (Fisher's p <= .05 in 15 of 15 networks)" in remark
    assert "sparse: +0.044" in remark
    assert "p <= .05 in 30 of 30 dense and 0 of 90 sparse networks" in remark


COHERENT = {"range": 1.1, "score": 1.1, "entropy": 0.8}


@pytest.mark.parametrize("id", ["LS-11", "LS-12"])
def test_coherence_asks_for_all_three_tests(id):
    assert verdict(id, importance=grid(COHERENT)) == "reproduced"
    for test, value in (("range", 0.9), ("score", 0.9), ("entropy", 1.1)):
        assert verdict(id, importance=grid(COHERENT | {test: value})) == "not reproduced"
    assert "not independent" in judge(CLAIMS[id], {"importance": grid(COHERENT)}).remark


def test_without_dense_networks_there_is_no_verdict():
    table = grid()
    assert verdict("LS-9", importance=table[table["density"] < 0.99]) == "not judgeable"


# ------------------------------------------------------------------------------- published numbers


def reference(p: dict | None = None, ratio: dict | None = None) -> pd.DataFrame:
    """Table importance_reference: p-values by test, ratios of accuracies by data set."""
    kinds = pd.DataFrame({"dataset": ["mnist", "fashion_mnist"]})
    kinds = crossed(kinds, pruned=(False, True), model=range(5))
    kinds = kinds.assign(
        family="reference",
        setup=1 + kinds["pruned"],
        n_hidden=1_024,
        parameters=40_000,
        density=0.1,
    )
    table = filled(kinds, {}, {"importance": 0.025} | (p or {}))
    factors = {"mnist": 1.04, "fashion_mnist": 1.15} | (ratio or {})
    factor = table["dataset"].map(factors) + 0.002 * table["model"]
    after = 0.5
    return table.assign(drop=0.98 - after, drop_null=0.98 - after * factor)


def test_every_network_is_important():
    assert verdict("LS-13", importance_reference=reference()) == "reproduced"
    assert verdict("LS-13", importance_reference=reference({"importance": 0.5})) == "not reproduced"
    one = reference()
    one.loc[(one["model"] == 2) & one["pruned"], "p_importance"] = 0.4
    # One network of five is not significant: their mean is no uniform one all the same.
    assert verdict("LS-13", importance_reference=one) == "same direction"
    assert (
        "published 2.7e-09 to 3.7e-07"
        in judge(CLAIMS["LS-13"], {"importance_reference": one}).remark
    )


def test_ratios_are_those_that_were_published():
    assert verdict("LS-14", importance_reference=reference()) == "reproduced"
    smaller = reference(ratio={"fashion_mnist": 1.05})
    assert verdict("LS-14", importance_reference=smaller) == "same direction"
    below = reference(ratio={"mnist": 0.9})
    assert verdict("LS-14", importance_reference=below) == "not reproduced"


def test_fashion_more_than_digits():
    assert verdict("LS-15", importance_reference=reference()) == "reproduced"
    turned = reference(ratio={"mnist": 1.2})
    assert verdict("LS-15", importance_reference=turned) == "not reproduced"


@pytest.mark.parametrize(
    ("id", "test"), [("LS-16", "range"), ("LS-17", "score"), ("LS-17", "entropy")]
)
def test_what_was_published_without_an_effect(id, test):
    assert verdict(id, importance_reference=reference()) == "reproduced"
    assert verdict(id, importance_reference=reference({test: 0.025})) == "not reproduced"


@pytest.mark.parametrize("id", [f"LS-{i}" for i in range(9, 18)])
def test_without_tables_there_is_no_verdict(id):
    assert verdict(id) == "not judgeable"
