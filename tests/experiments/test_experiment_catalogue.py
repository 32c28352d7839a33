"""The experiments: which networks, and what their tables say."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_experiments import TINY, runs_of, same

from mbh_utils import datasets, experiments
from mbh_utils.blankets.mbh import specialization
from mbh_utils.experiments import EXPERIMENTS, PROFILES, profiles, table
from mbh_utils.experiments.runs import NETWORK_COLUMNS
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.training import accuracy, train


def test_the_paper_s_experiments_are_the_thesis_s(monkeypatch):
    paper = PROFILES["paper"]
    monkeypatch.setattr(profiles, "loaded", lambda name: SimpleNamespace(n_inputs=784))
    evolving = {
        (c.setup.family, c.setup.number): c.setup for c in EXPERIMENTS["evolution"].cases(paper)
    }
    assert [(s.hidden, s.parameters) for s in evolving.values()] == [
        ((144, 48), 120_000),
        ((144, 48), 11_065), ((67, 22), 11_065), ((31, 10), 11_065), ((14, 5), 11_065),
        ((300, 100), 9_472), ((102, 34), 9_472), ((35, 11), 9_472), ((12, 4), 9_472),
    ]  # fmt: skip
    assert (
        len(runs_of("evolution", paper)) == 27
        and EXPERIMENTS["evolution"].variants(paper)[0]["planes"] == 5
    )
    deep = {c.setup.number: c.setup for c in EXPERIMENTS["deepfc"].cases(paper)}
    assert [deep[n].parameters for n in (1, 2, 4, 7, 11)] == [187_200, 56_916, 18_486, 6_336, 3_168]
    assert len(runs_of("deepfc", paper)) == 70 and len(runs_of("standardised", paper)) == 42
    assert len(runs_of("grid", paper)) == 140 and len(runs_of("densities", paper)) == 36
    dense, grid = (
        {r for r in runs_of("tickets", paper) if r.mask == "random"},
        set(runs_of("grid", paper)),
    )
    assert len(runs_of("tickets", paper)) == 75 and dense < grid, (
        "the dense networks of Fig 2.1 are those of the grid"
    )


def test_the_grid_has_a_row_per_network_plane_class_and_coverage(grid):
    assert len(grid) == 5 * 2 * 2 * 2 * 2 * 10 * 3
    keys = ["dataset", "setup", "model", "iteration", "domain", "plane", "class", "coverage"]
    assert not grid.duplicated(keys).any()
    assert not grid.drop(columns="margin").isna().any().any()
    assert list(grid)[: len(NETWORK_COLUMNS)] == list(NETWORK_COLUMNS)
    assert set(grid) == {
        *NETWORK_COLUMNS,
        *keys,
        "accuracy",
        "margin",
        "source",
        "s",
        "n_constraints",
        "covered",
        "n_regions",
        "area",
        "n_dead_ends",
        "n_live_regions",
    }
    assert (grid["family"] == "lenet").all() and (
        grid["trained"] == (grid["iteration"] == 30)
    ).all()
    assert (
        grid["s"].between(-1e-12, 1).all() and (grid["covered"] >= grid["coverage"] - 1e-12).all()
    )


def test_the_columns_of_the_grid_describe_the_set_ups(grid):
    facts = grid.groupby("setup")[["hidden", "n_hidden", "parameters", "density"]].agg(
        ["nunique", "first"]
    )
    assert (facts.xs("nunique", axis=1, level=1) == 1).all().all()
    first = facts.xs("first", axis=1, level=1)
    assert first["hidden"].tolist() == ["9-3", "9-3", "6-2", "9-3", "6-2"]
    assert first["n_hidden"].tolist() == [12, 12, 8, 12, 8]
    assert first["parameters"].tolist() == [615, 404, 404, 202, 202]
    expected = [1, (404 - 12) / 603, 1, (202 - 12) / 603, (202 - 8) / 396]
    assert first["density"].tolist() == pytest.approx(expected)


def test_planes_of_the_grid_are_shared_by_all_networks(grid):
    assert (grid.groupby(["domain", "plane"])["area"].nunique() == 1).all()


@pytest.mark.parametrize("after", [False, True])
def test_rows_of_the_grid_are_what_direct_calls_give(grid, done, after):
    run, data = experiments.run_of(TINY, 2, seed=1), datasets.load("digits8").validation
    network = run.trained(done) if after else run.initial()
    rows = grid[
        (grid["setup"] == 2)
        & (grid["model"] == 1)
        & (grid["trained"] == after)
        & (grid["plane"] == 1)
        & (grid["domain"] == "square")
    ]
    assert rows["accuracy"].unique().tolist() == [accuracy(network, data)]
    plane = experiments.grid_planes(TINY, "digits8")[1]
    for row in rows[rows["class"].isin([0, 7])].to_dict("records"):
        s = specialization(network, data.of_class(row["class"]), plane, row["coverage"])
        assert row["s"] == pytest.approx(s, abs=1e-12)


def test_histories_are_what_training_shows(done):
    rows, run = table("histories", TINY, store=done), experiments.run_of(TINY, 4, seed=1)
    history = train(
        run.initial(),
        datasets.load("digits8"),
        iterations=30,
        seed=1,
        milestones=[0, 1, 2, 5, 10, 20],
    )
    mine = rows[(rows["setup"] == 4) & (rows["model"] == 1)]
    assert dict(zip(mine["iteration"], mine["accuracy"], strict=True)) == history.accuracy
    assert len(rows) == 5 * 2 * 7 and list(rows) == [*NETWORK_COLUMNS, "accuracy"]
    assert (rows["trained"] == (rows["iteration"] > 0)).all()


def test_evolution_measures_the_networks_as_they_were(done):
    rows, data = table("evolution", TINY, store=done), datasets.load("digits8")
    assert sorted(rows["iteration"].unique()) == [0, 1, 2, 5, 10, 20, 30]
    assert len(rows) == 2 * 5 * 7 * 1 * 3 and (rows["plane"] == 0).all()
    assert "class" not in rows
    rows = rows[rows["domain"] == "square"]
    assert rows.groupby("family")["hidden"].unique().map(list).to_dict() == {
        "evolving": ["8-4", "5-2"],
        "lenet": ["9-3", "6-2"],
    }
    assert (rows["parameters"][rows["family"] == "lenet"] == 404).all()
    run = next(r for r in runs_of("evolution") if r.hidden == (8, 4) and r == r.dense)
    then = train(run.initial(), data, iterations=30, milestones=[0, 5, 20]).networks
    (plane,) = experiments.grid_planes(replace(TINY, planes=1), "digits8")
    for iteration in (0, 5, 20, 30):
        assert same(run.at(iteration, done), then[iteration])
        one = rows[
            (rows["hidden"] == "8-4") & (rows["density"] == 1) & (rows["iteration"] == iteration)
        ]
        assert one["accuracy"].unique() == [accuracy(then[iteration], data.validation)]
        for row in one.to_dict("records"):
            of_classes = [
                specialization(then[iteration], data.validation.of_class(c), plane, row["coverage"])
                for c in range(10)
            ]
            assert row["s"] == pytest.approx(np.mean(of_classes), abs=1e-12)


def test_deepfc_and_the_added_densities_have_their_columns(done):
    deep, dense = (table(name, TINY, store=done) for name in ("deepfc", "densities"))
    assert deep.groupby("setup")["hidden"].first().tolist() == [
        "6-3-3",
        "6-3-3",
        "4-2-2",
        "6-3-3",
        "4-2-2",
    ]
    assert (
        len(deep) == 2 * 5 * 2 * 2 * 2 * 10 * 3
        and (deep["n_hidden"] == deep["hidden"].map({"6-3-3": 12, "4-2-2": 8})).all()
    )
    found = dense.groupby(["hidden", "setup"])["density"].first()
    assert found["9-3"].tolist() == pytest.approx([0.3, 0.5], abs=1e-3)
    assert found["6-3-3"].tolist() == pytest.approx([0.3, 0.5], abs=2e-3)
    assert len(dense) == 2 * 2 * 2 * 1 * 2 * 2 * 10 * 3 and dense["trained"].nunique() == 2
    run, rows = (
        runs_of("deepfc")[1],
        deep[
            (deep["setup"] == 1)
            & (deep["model"] == 1)
            & deep["trained"]
            & (deep["domain"] == "square")
        ],
    )
    plane, boots = (
        experiments.grid_planes(TINY, "digits8")[1],
        datasets.load("digits8").validation.of_class(9),
    )
    row = rows[(rows["plane"] == 1) & (rows["class"] == 9) & (rows["coverage"] == 0.8)].iloc[0]
    assert row["s"] == pytest.approx(
        specialization(run.trained(done), boots, plane, 0.8), abs=1e-12
    )


def test_the_ticket_table_has_every_density_model_and_kind_before_and_after(done):
    rows = table("tickets", TINY, store=done)
    assert list(rows) == ["kind", "density", "model", "trained", "accuracy"]
    assert (
        len(rows) == 2 * 2 * (1 + 2 * 2)
        and not rows.duplicated(["kind", "density", "model", "trained"]).any()
    )
    dense = rows[rows["kind"] == "dense"]
    assert len(dense) == 4 and (dense["density"] == 1).all()
    pruned = rows[rows["kind"] != "dense"]
    assert sorted(pruned["density"].unique()) == pytest.approx([0.1, 0.3], abs=1e-3)
    run = next(r for r in experiments.ticket_runs(TINY) if r.mask == "ticket")
    mine = rows[
        (rows["kind"] == "ticket") & (rows["model"] == 0) & (rows["density"] > 0.2)
    ].set_index("trained")
    data = datasets.load("digits8").validation
    assert mine.loc[False, "accuracy"] == accuracy(run.initial(done), data)
    assert mine.loc[True, "accuracy"] == accuracy(run.trained(done), data)


def test_planes_of_the_figures_are_measured_in_several_squares_and_the_box(done):
    rows = table("figure_planes", TINY, store=done)
    assert set(rows["margin"].dropna()) == {1, 1.25, 1.5} and set(rows["domain"]) == {
        "square",
        "box",
    }
    assert set(rows["setup"]) == {1, 2, 3}, "large dense, large sparse and small dense"
    assert rows["trained"].all() and set(rows["coverage"]) == {0.9, 0.95, 0.99, 1}
    one = rows[(rows["setup"] == 3) & (rows["model"] == 1) & (rows["plane"] == 1)]
    run = experiments.run_of(TINY, 3, seed=1)
    plane = experiments.class_plane("digits8", (0, 1, 9), seed=1, margin=1.25)
    row = one[(one["margin"] == 1.25) & (one["class"] == 4)].iloc[0]
    samples = datasets.load("digits8").validation.of_class(4)
    s = specialization(run.trained(done), samples, plane, row["coverage"])
    assert row["s"] == pytest.approx(s, abs=1e-12)


def test_training_images_make_other_patterns_than_validation_images(done):
    rows = table("training_patterns", TINY, store=done)
    assert (rows["source"] == "training").all() and set(rows["setup"]) == {2, 3}
    run = experiments.run_of(TINY, 3, seed=0)
    mine = rows[(rows["setup"] == 3) & (rows["model"] == 0) & (rows["coverage"] == 0.8)]
    plane = experiments.grid_planes(TINY, "digits8")[0]
    train_set = datasets.load("digits8").train
    network = run.trained(done)
    of_classes = [specialization(network, train_set.of_class(c), plane, 0.8) for c in range(10)]
    assert mine["s"].iloc[0] == pytest.approx(np.mean(of_classes), abs=1e-12)


def test_more_samples_can_only_lower_s_at_full_coverage(done):
    rows = table("sample_counts", TINY, store=done)
    assert set(rows["samples"]) == {3, 10} and set(rows["coverage"]) == {0.8, 0.95, 1}
    full = rows[rows["coverage"] == 1]
    by_count = full.pivot_table(index=["setup", "model", "plane"], columns="samples", values="s")
    assert (by_count[10] <= by_count[3] + 1e-12).all() and (by_count[10] < by_count[3]).any()


def test_pixel_degrees_are_column_sums_of_the_masks(done):
    rows = table("ticket_degrees", TINY, store=done)
    assert list(rows) == ["kind", "density", "model", "pixel", "connections"]
    runs = [run for run in experiments.ticket_runs(TINY) if run.mask != "random"]
    assert len(rows) == 64 * len(runs)
    for i, run in enumerate(runs):
        mine = rows.iloc[64 * i : 64 * (i + 1)]
        assert set(mine["kind"]) == {run.mask} and set(mine["model"]) == {run.seed}
        assert mine["connections"].tolist() == run.initial(done).masks[0].sum(axis=0).tolist()


def test_masks_by_iteration_end_at_the_tickets_of_the_figure(done):
    rows, tickets = (table(n, TINY, store=done) for n in ("masks_by_iteration", "tickets"))
    assert set(rows["rule"]) == {"magnitude", "same sign", "trained signs"}
    assert set(rows["mask_iteration"]) == {25}, "the tiny profile has no milestone before the last"
    untrained = tickets[(tickets["kind"] == "ticket") & ~tickets["trained"]]
    same = untrained[untrained["density"].between(0.24, 0.31)].sort_values("model")
    mine = rows[rows["rule"] == "magnitude"].sort_values("model")
    assert mine["accuracy"].tolist() == same["accuracy"].tolist()
    kept = rows[rows["rule"] != "magnitude"]["signs_kept"]
    assert (kept == 1).all(), "by these rules all signs are those after training"


def test_initial_regions_and_costs_count_what_partitions_count(done):
    rows, costs = (table(n, TINY, store=done) for n in ("initial_regions", "costs"))
    assert set(rows["bias_std"]) == {1e-6, 1e-3} and not rows["trained"].any()
    run = replace(experiments.run_of(TINY, 2, seed=1), bias_std=1e-3)
    plane = experiments.grid_planes(TINY, "digits8", domain="box")[1]
    mine = rows[(rows["setup"] == 2) & (rows["model"] == 1) & (rows["bias_std"] == 1e-3)]
    count = mine[(mine["domain"] == "box") & (mine["plane"] == 1)]["n_regions"].item()
    assert count == len(partition_input_space(run.initial(), plane))
    assert (costs["seconds"] > 0).all() and (costs["training_seconds"] > 0).all()
    assert len(costs) == 5 * 2 and costs["trained"].all()


def test_accuracies_and_the_toy_s_are_what_the_networks_have(done):
    rows, toy = (table(n, TINY, store=done) for n in ("accuracies", "toy"))
    run = experiments.run_of(TINY, 4, seed=1)
    mine = rows[(rows["setup"] == 4) & (rows["model"] == 1)].iloc[0]
    data = datasets.load("digits8")
    assert mine["training_accuracy"] == accuracy(run.trained(done), data.train)
    assert mine["validation_accuracy"] == accuracy(run.trained(done), data.validation)
    assert toy["seed"].tolist() == list(range(16)) and toy["accuracy"].between(0, 1).all()
