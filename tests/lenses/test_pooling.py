"""Tests pooled by network and by set-up, on made-up sub-clusters."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters import bates, fisher, network_tests, pooled_tests, rank_chi2

BY = ["setup", "model"]


def sub_clusters(seed: int = 0, shift: int = 0) -> pd.DataFrame:
    """Two set-ups of three models with eight sub-clusters; importance without an effect."""
    rng = np.random.default_rng(seed)
    rows = [(setup, model) for setup in (1, 7) for model in range(3) for _ in range(8)]
    table = pd.DataFrame(rows, columns=BY).assign(draws=19)
    for test in ("importance", "range"):
        ranks = np.maximum(rng.integers(0, 20, len(table)) - shift, 0)
        table[f"p_{test}"] = (ranks + 0.5) / 20
        table[f"effect_{test}"] = 1 + rng.random(len(table))
    table.loc[0, ["p_range", "effect_range"]] = np.nan
    return table


def test_a_network_is_pooled_by_fisher_and_by_ranks():
    table = sub_clusters()
    found = network_tests(table, BY)
    assert len(found) == 12
    for row in found.itertuples():
        own = table[(table["setup"] == row.setup) & (table["model"] == row.model)]
        p = own[f"p_{row.test}"]
        assert row.sub_clusters == p.notna().sum()
        assert row.fisher_p == fisher(p).p and row.rank_p == rank_chi2(p, 19).p
        assert row.effect == pytest.approx(own[f"effect_{row.test}"].mean())
    assert found["sub_clusters"].min() == 7 and (found["chance"] == 1).all()


def test_a_set_up_is_pooled_by_bates():
    networks = network_tests(sub_clusters(), BY, ["importance"])
    found = pooled_tests(networks, ["setup"]).set_index("setup")
    for setup, own in networks.groupby("setup"):
        row = found.loc[setup]
        assert row["networks"] == 3
        assert row["p"] == bates(own["fisher_p"].mean(), 3)
        assert row["effect_error"] == pytest.approx(own["effect"].sem())


def test_what_was_shifted_is_discovered_and_the_rest_is_not():
    table = sub_clusters(shift=15).assign(p_range=sub_clusters()["p_range"])
    found = pooled_tests(network_tests(table, BY), ["setup"])
    assert found.set_index("test")["discovery"].groupby("test").all().to_dict() == {
        "importance": True,
        "range": False,
    }


def test_networks_without_a_tested_sub_cluster_are_told_as_such():
    table = sub_clusters().assign(p_range=np.nan, effect_range=np.nan)
    networks = network_tests(table, BY, ["range"])
    assert (networks["sub_clusters"] == 0).all() and networks["fisher_p"].isna().all()
    found = pooled_tests(networks, ["setup"])
    assert (found["networks"] == 0).all() and not found["discovery"].any()


def test_one_network_has_no_standard_error():
    networks = network_tests(sub_clusters().query("model == 0"), BY)
    assert pooled_tests(networks, ["setup"])["effect_error"].isna().all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: network_tests(sub_clusters(), ["setup", "seed"]), "no column 'seed'"),
        (lambda: network_tests(sub_clusters(), []), "by names no column"),
        (lambda: network_tests(sub_clusters(), BY, ["other"]), "no test 'other'"),
        (lambda: network_tests(sub_clusters()[[*BY, "draws"]], BY), "no test"),
        (lambda: network_tests(3, BY), "pandas table"),
        (lambda: pooled_tests(sub_clusters(), ["setup"]), "no column 'test'"),
    ],
)
def test_bad_tables_are_named(call, says):
    with pytest.raises(MBHError, match=says):
        call()
