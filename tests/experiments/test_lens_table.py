"""All lenses in one table."""

import numpy as np
import pandas as pd
import pytest
from tiny_experiments import TINY

from mbh_utils import experiments
from mbh_utils.errors import MBHError
from mbh_utils.experiments.lens_table import (
    MEASURES_OF_LENSES,
    clusterability_of,
    importance_of,
    lens_rows,
    nnstd_of,
)

KEYS = {"dataset": "d", "family": "lenet", "setup": 1}


@pytest.fixture(scope="module")
def tables(done):
    names = experiments.EXPERIMENTS["lenses"].parts
    return {name: experiments.table(name, TINY, store=done) for name in names}


def test_there_is_a_row_for_each_trained_network_with_every_measure(tables, done):
    rows = experiments.table("lenses", TINY, store=done)
    cases = experiments.EXPERIMENTS["lenses"].cases(TINY)
    assert len(rows) == len(cases) == len(rows.drop_duplicates(["dataset", "setup", "model"]))
    assert set(MEASURES_OF_LENSES) <= set(rows)
    pd.testing.assert_frame_equal(rows, lens_rows(TINY, tables))


def test_its_values_are_those_of_the_single_tables(tables):
    rows = lens_rows(TINY, tables)
    row = rows.iloc[3]
    own = {name: row[name] for name in ("dataset", "family", "setup", "model")}

    def of(name: str) -> pd.DataFrame:
        table = tables[name]
        same = np.logical_and.reduce([table[key] == value for key, value in own.items()])
        return table[same & table["trained"]] if "trained" in table else table[same]

    inside = of("insiders").query("coverage == 0.8")
    assert row["others"] == pytest.approx(inside["others"].mean())
    grid = of("grid").query("coverage == 0.8 and domain == 'box'")
    assert row["s_box"] == pytest.approx(grid["s"].mean())
    weights = of("clusterability").query("graph == 'weights' and shuffle == 'layer_nonzero'")
    assert row["ncut_z_mask"] == pytest.approx(weights["z"].item(), nan_ok=True)
    assert row["oui"] == pytest.approx(of("activation_patterns_of_networks")["oui"].mean())


def test_a_pair_of_masks_counts_for_both_and_equal_masks_for_none():
    pairs = [(0, 1, 0.5, 1.0), (0, 2, 0.7, 1.0), (1, 2, 0.9, 1.0)]
    table = pd.DataFrame(pairs, columns=["model", "other", "matched", "null"]).assign(**KEYS)
    found = nnstd_of(table).set_index("model")["nnstd_over_null"]
    assert found.round(6).tolist() == [0.6, 0.7, 0.8]
    assert nnstd_of(table.assign(matched=0, null=0))["nnstd_over_null"].isna().all()


def test_both_nulls_of_the_graph_of_weights():
    nulls = [
        ("weights", "layer", -5),
        ("weights", "layer_nonzero", 1),
        ("activations", "layer", -9),
    ]
    table = pd.DataFrame(nulls, columns=["graph", "shuffle", "z"])
    found = clusterability_of(table.assign(**KEYS, model=0, trained=True, p=0.5, left_out=3)).iloc[
        0
    ]
    assert (found["ncut_z"], found["ncut_z_mask"], found["left_out"]) == (-5, 1, 3)


def test_importance_is_that_of_weights_beyond_chance_without_dead_ends():
    rows = [("weights", False, 1.5), ("weights", False, 0.5), ("weights", True, 9)]
    rows += [("activations", False, 9)]
    table = pd.DataFrame(rows, columns=["graph", "dead_ends", "effect_importance"])
    chances = {"chance_importance": 0.75, "effect_range": 1.0, "chance_range": 0.875}
    found = importance_of(table.assign(**KEYS, **chances, model=0, trained=True)).iloc[0]
    assert (found["importance"], found["class_range"], found["sub_clusters"]) == (0.25, 0.125, 2)


def test_measures_that_do_not_differ_between_networks_are_left_out(tables):
    rows = lens_rows(TINY, tables)
    assert "accuracy" in experiments.lens_measures(rows)
    assert "oui" not in experiments.lens_measures(rows.assign(oui=0.5))
    assert "oui" not in experiments.lens_measures(rows.assign(oui=np.nan))
    with pytest.raises(MBHError, match="table has no column s_box"):
        experiments.lens_measures(rows.drop(columns="s_box"))
