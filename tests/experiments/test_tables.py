"""What a chapter asks for."""

from dataclasses import replace

import pandas as pd
import pytest
from tiny_experiments import TINY, copy_of, measured, runs_of

from mbh_utils import experiments
from mbh_utils.errors import MBHError
from mbh_utils.experiments import EXPERIMENTS, table
from mbh_utils.training import accuracy


def test_an_experiment_without_table_says_so(done, monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "toy", replace(EXPERIMENTS["toy"], rows=None))
    with pytest.raises(MBHError, match="'toy' has no table"):
        table("toy", TINY, store=done)


def test_one_row_per_network_is_the_mean_over_classes_and_planes(grid):
    rows = experiments.per_network(grid, 0.8)
    assert len(rows) == 5 * 2 * 2
    for row in rows.to_dict("records"):
        mine = grid[
            (
                grid[["setup", "model", "trained"]] == [row["setup"], row["model"], row["trained"]]
            ).all(axis=1)
        ]
        mine = mine[(mine["coverage"] == 0.8) & (mine["domain"] == "square")]
        assert len(mine) == 20 and row["s"] == pytest.approx(mine["s"].mean())
        counts, areas = (mine.groupby("plane")[c].first() for c in ("n_regions", "area"))
        assert row["n_regions"] == counts.mean() and row["per_area"] == pytest.approx(
            (counts / areas).mean()
        )
        assert row["per_n2"] == pytest.approx((counts / (row["n_hidden"] ** 2 / 2)).mean())
        assert row["accuracy"] == pytest.approx(mine["accuracy"].iloc[0])


def test_one_row_per_network_by_hand():
    facts = {
        "dataset": "d",
        "setup": 1,
        "hidden": "2",
        "n_hidden": 2,
        "parameters": 9,
        "density": 1.0,
        "model": 0,
        "trained": True,
        "coverage": 0.8,
        "n_constraints": 1,
        "accuracy": 0.5,
        "area": 2.0,
        "domain": "square",
        "margin": 1.5,
    }
    rows = [
        {**facts, "plane": p, "class": c, "s": s, "n_regions": 4 + p}
        for p, c, s in [(0, 0, 0.1), (0, 1, 0.3), (1, 0, 0.6), (1, 1, 0.8)]
    ]
    (row,) = experiments.per_network(pd.DataFrame(rows)).to_dict("records")
    assert row["s"] == pytest.approx((0.2 + 0.7) / 2) and row["n_regions"] == 4.5
    assert (row["per_area"], row["per_n2"]) == (2.25, 2.25)


def test_squares_of_several_sizes_are_not_averaged(done, grid):
    rows = table("figure_planes", TINY, store=done)
    with pytest.raises(MBHError, match=r"squares of the margins \[1.0, 1.25, 1.5\]"):
        experiments.per_network(rows, 0.9)
    box = experiments.per_network(rows, 0.9, domain="box")
    one = rows[(rows["domain"] == "box") & (rows["coverage"] == 0.9)]
    assert box["s"].mean() == pytest.approx(one["s"].mean()) and len(box) == 3 * 2
    with pytest.raises(MBHError, match="nothing was measured in the domain 'box'"):
        experiments.per_network(grid[grid["domain"] == "square"], 0.8, "box")


def test_a_coverage_that_was_not_measured_is_refused(grid):
    with pytest.raises(MBHError, match=r"0.85 was not measured, only \[0.5, 0.8, 1.0\]"):
        experiments.per_network(grid, 0.85)


def test_the_toy_network_is_the_best_of_its_seeds(done):
    network, data = experiments.toy(TINY, done)
    assert network.hidden == (4, 4, 2) and data.name == "xor_with_outliers"
    found = [accuracy(run.trained(done), data.validation) for run in runs_of("toy")]
    assert accuracy(network, data.validation) == max(found) > 0.5 and len(found) == 16
    for layer in runs_of("toy")[0].initial().hidden_layers:
        assert 0.01 < layer.bias.std() < 1


def test_a_measurement_that_goes_while_its_table_is_read_is_told(done, tmp_path):
    store, experiment = copy_of(done, tmp_path / "copy"), EXPERIMENTS["grid"]
    store.drop("measure", measured(experiments.run_of(TINY, 1)))
    with pytest.raises(MBHError, match="has gone from the store .*copy"):
        experiment.rows(experiment, TINY, store)
