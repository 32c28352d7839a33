"""The experiments: which networks, and what their tables say."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from tiny_experiments import TINY, runs_of, same

from mbh_utils import datasets, experiments
from mbh_utils.blankets.mbh import specialization
from mbh_utils.experiments import EXPERIMENTS, PROFILES, profiles, table
from mbh_utils.experiments.runs import NETWORK_COLUMNS
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
        and EXPERIMENTS["evolution"].options(paper)["planes"] == 5
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
    assert len(grid) == 5 * 2 * 2 * 2 * 10 * 3
    keys = ["dataset", "setup", "model", "iteration", "plane", "class", "coverage"]
    assert not grid.duplicated(keys).any() and not grid.isna().any().any()
    assert list(grid)[: len(NETWORK_COLUMNS)] == list(NETWORK_COLUMNS)
    assert set(grid) == {
        *NETWORK_COLUMNS,
        *keys,
        "accuracy",
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
    assert (grid.groupby("plane")["area"].nunique() == 1).all()
    areas = [plane.area for plane in experiments.grid_planes(TINY, "digits8")]
    assert grid.groupby("plane")["area"].first().tolist() == areas


@pytest.mark.parametrize("after", [False, True])
def test_rows_of_the_grid_are_what_direct_calls_give(grid, done, after):
    run, data = experiments.run_of(TINY, 2, seed=1), datasets.load("digits8").validation
    network = run.trained(done) if after else run.initial()
    rows = grid[
        (grid["setup"] == 2)
        & (grid["model"] == 1)
        & (grid["trained"] == after)
        & (grid["plane"] == 1)
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
    assert len(rows) == 5 * 7 * 1 * 10 * 3 and (rows["plane"] == 0).all()
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
        for row in one[one["class"] == 3].to_dict("records"):
            s = specialization(then[iteration], data.validation.of_class(3), plane, row["coverage"])
            assert row["s"] == pytest.approx(s, abs=1e-12)


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
        len(deep) == 5 * 2 * 2 * 2 * 10 * 3
        and (deep["n_hidden"] == deep["hidden"].map({"6-3-3": 12, "4-2-2": 8})).all()
    )
    found = dense.groupby(["hidden", "setup"])["density"].first()
    assert found["9-3"].tolist() == pytest.approx([0.3, 0.5], abs=1e-3)
    assert found["6-3-3"].tolist() == pytest.approx([0.3, 0.5], abs=2e-3)
    assert len(dense) == 2 * 2 * 1 * 2 * 2 * 10 * 3 and dense["trained"].nunique() == 2
    run, rows = (
        runs_of("deepfc")[1],
        deep[(deep["setup"] == 1) & (deep["model"] == 1) & deep["trained"]],
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
