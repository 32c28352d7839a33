"""Baselines of the experiments, and the same planes in six domains."""

import numpy as np
import pandas as pd
import pytest
from tiny_experiments import TINY

import mbh_utils as mbh
from mbh_utils import experiments
from mbh_utils.blankets.baselines import KINDS, baseline_samples


def test_baselines_are_means_over_phenomena_of_all_networks_in_both_domains(done):
    rows = experiments.table("baselines", TINY, store=done)
    networks = len(experiments.EXPERIMENTS["baselines"].cases(TINY))
    assert len(rows) == networks * 2 * len(KINDS) * TINY.planes * 2
    run = experiments.run_of(TINY, 2, seed=1)
    data = mbh.load_dataset("digits8")
    network = run.trained(done)
    planes = experiments.grid_planes(TINY, "digits8", domain="box")
    mine = rows.query("setup == 2 and model == 1 and trained and domain == 'box' and plane == 1")
    for row in mine.itertuples():
        drawn = [baseline_samples(data, row.kind, number=i) for i in range(TINY.random_phenomena)]
        s = [mbh.specialization(network, x, planes[1], row.coverage) for x in drawn]
        assert row.s == pytest.approx(np.mean(s), abs=1e-6)
    assert rows["margin"].isna().equals(rows["domain"] == "box")


def test_the_domains_are_six_and_share_what_the_grid_has(done, grid):
    rows = experiments.table("domains", TINY, store=done)
    squares = {("square", margin) for margin in (0.75, 1.0, 1.5, 3.0)}
    named = set(zip(rows["domain"], rows["margin"].fillna(0), strict=True))
    assert named == squares | {("box", 0), ("triangle", 0)}
    assert set(rows["coverage"]) == {0.8}
    keys = ["setup", "model", "trained", "plane"]
    for domain in ("square", "box"):
        here = rows[(rows["domain"] == domain) & (rows["margin"].fillna(1.5) == 1.5)]
        of_grid = grid[(grid["domain"] == domain) & (grid["coverage"] == 0.8)]
        there = of_grid.groupby(keys)["s"].mean()
        assert here.set_index(keys)["s"].sort_index().to_numpy() == pytest.approx(
            there.sort_index().to_numpy(), abs=1e-6
        )
    areas = rows.groupby(["domain", "margin"], dropna=False)["area"].mean()
    triangle = areas["triangle"].iloc[0]
    assert triangle <= areas["box"].iloc[0] and triangle < areas["square"][1.0]
    planes = experiments.PlaneSet(2, domain="triangle").of("digits8")
    measured = rows[rows["domain"] == "triangle"].groupby("plane")["area"].first()
    assert measured.tolist() == [plane.area for plane in planes]


def test_networks_of_shuffled_labels_stand_beside_those_of_the_grid(done, grid):
    rows = experiments.table("shuffled_labels", TINY, store=done)
    assert set(rows["dataset"]) == {"digits8"} and set(rows["source"]) == {"validation", "training"}
    assert set(rows["domain"]) == {"square", "box"} and set(rows["setup"]) == {1, 3}
    keys = ["domain", "plane"]
    mine = rows.query("setup == 1 and model == 0 and coverage == 0.8")
    theirs = grid.query("setup == 1 and model == 0 and coverage == 0.8 and trained")
    areas = [table.groupby(keys)["area"].first() for table in (mine, theirs)]
    pd.testing.assert_series_equal(*areas)  # the very planes
    case, *_ = experiments.EXPERIMENTS["shuffled_labels"].cases(TINY)
    assert case.run.dataset == "digits8_shuffled"
    network = case.run.trained(done)
    planes = experiments.grid_planes(TINY, "digits8")
    for source, samples in (
        ("validation", case.run.raw.validation),
        ("training", case.run.raw.train),
    ):
        s = mbh.specialization_table(network, samples, planes, 0.8)["s"].mean()
        here = mine[(mine["source"] == source) & (mine["domain"] == "square")]
        assert here["s"].mean() == pytest.approx(s, abs=1e-6)
