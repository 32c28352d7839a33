"""Experiments on a tiny profile: what is declared, what is computed, what is never computed twice, and kills."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import Executor, Future
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from sklearn.tree import DecisionTreeClassifier

from mbh_utils import datasets, experiments, measures, runs
from mbh_utils.blankets.mbh import specialization
from mbh_utils.computing import paths
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import EXPERIMENTS, PROFILES, Run, plan, prepare, table, write_tables
from mbh_utils.networks import DEEPFC, LENET, Family, hidden_layers, pruning
from mbh_utils.networks.stored import get_network
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import activation_patterns, layer_patterns
from mbh_utils.training import Recipe, accuracy, train

TINY = replace(
    PROFILES["quick"],
    name="tiny",
    family=Family("lenet", ((9, 3), (6, 2))),
    deep=Family("deepfc", ((6, 3, 3), (4, 2, 2))),
    evolving=Family("evolving", ((8, 4), (5, 2))),
    iterations=30,
    models=2,
    planes=2,
    few_models=1,
    few_planes=1,
    ticket_models=2,
    ticket_iterations=25,
    toy_iterations=40,
    coverages=(0.5, 0.8, 1.0),
    ticket_densities=(1.0, 0.3, 0.1),
    densities=(0.3, 0.5),
)
ALL = list(EXPERIMENTS)
TABLES = [name for name in ALL if name != "toy"]


class Here(Executor):
    """Runs every task at once in this process, and counts them."""

    def __init__(self, stop_before: int | None = None):
        self.tasks, self.stop_before = [], stop_before

    def submit(self, function, *arguments):
        if len(self.tasks) == self.stop_before:
            raise KeyboardInterrupt
        self.tasks.append(arguments[0].function.__name__)
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def one_each(monkeypatch):
    """Every measurement is a task of its own."""
    monkeypatch.setattr(experiments, "_MEASURE_SECONDS", 0)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A store in which everything of the tiny profile was computed."""
    store = Store(tmp_path_factory.mktemp("store"))
    prepare(TINY, ALL, store=store, executor=Here())
    return store


@pytest.fixture(scope="module")
def grid(done):
    return table("grid", TINY, store=done)


def same(a, b) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def runs_of(name: str, profile=TINY) -> list[Run]:
    return list(dict.fromkeys(case.run for case in EXPERIMENTS[name].cases(profile)))


def measured(run: Run, iteration: int = 30, name: str = "grid", profile=TINY) -> dict:
    """What a measurement is keyed by."""
    experiment = EXPERIMENTS[name]
    case = next(c for c in experiment.cases(profile) if (c.run, c.iteration) == (run, iteration))
    return experiments._measured(case, experiment.measure, experiment.options(profile))


def copy_of(store: Store, folder) -> Store:
    shutil.copytree(store.folder, folder)
    return Store(folder)


# ----------------------------------------------------------------------------------------------- profiles


def test_the_paper_profile_is_the_thesis_s():
    paper = PROFILES["paper"]
    assert (paper.digit, paper.fashion) == ("mnist", "fashion_mnist")
    assert (paper.iterations, paper.models, paper.planes) == (50_000, 5, 10)
    assert paper.coverages == (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0) and paper.toy_iterations == 100_000
    assert paper.recipe == Recipe(50_000, batch_size=60, learning_rate=1.2e-3)
    assert (paper.few_models, paper.few_planes, paper.ticket_models, paper.ticket_iterations) == (3, 5, 5, 50_000)
    assert paper.deep is DEEPFC and [h for h in paper.evolving.architectures] == [
        (144, 48),
        (67, 22),
        (31, 10),
        (14, 5),
    ]
    assert len(paper.family.setups(784)) == 14 and paper.family is LENET
    powers = [round(0.552**k, 4) for k in range(8)]
    assert {1.0, 0.552, 0.25, 0.30} <= set(paper.ticket_densities)
    assert all(min(abs(d - p) for p in [*powers, 0.25, 0.30]) < 5e-4 for d in paper.ticket_densities)


def test_the_quick_profile_needs_no_download_and_every_profile_has_14_set_ups():
    quick = PROFILES["quick"]
    assert (quick.digit, quick.fashion) == ("digits8", "digits8") and len(quick.setups) == 14
    assert quick.setup(10).hidden == (12, 4) and quick.setup(10).parameters == pruning.dense_parameters(64, (12, 4))
    assert all(len(p.family.setups(784)) == 14 for p in PROFILES.values())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: table("gird", "quick"), "no experiment 'gird'; the experiments are grid, histories, tickets, toy"),
        (lambda: prepare("quick", ["grid", "all"]), "no experiment 'all'"),
        (lambda: table("grid", "papre"), "no profile 'papre'; the profiles are quick, draft, paper"),
        (lambda: prepare("", ["grid"]), "no profile ''"),
        (lambda: prepare(TINY, ["toy"], jobs=0), "jobs is 0"),
        (lambda: TINY.setup(6), "no set-up 6; profile tiny has 1 to 5"),
        (lambda: experiments.run_of(TINY, 0), "no set-up 0"),
        (lambda: Run("digits8", (6, 2), 200, 0, Recipe(1), "lucky").initial(), "mask is 'lucky'; choose"),
        (lambda: experiments.run_of(TINY, 1).at(7), "iteration 7 is no checkpoint .* 0, 1, 2, 5, 10, 20, 30"),
        (lambda: Run("digits9", (6, 2), 200, 0, Recipe(1)).initial(), "unknown data set 'digits9'"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(call, said):
    with pytest.raises(MBHError, match=said):
        call()


def test_an_experiment_without_table_says_so(done):
    with pytest.raises(MBHError, match="'toy' has no table"):
        table("toy", TINY, store=done)


# --------------------------------------------------------------------------------------------------- runs


def test_runs_are_set_ups_times_seeds():
    runs = runs_of("grid")
    assert [(r.hidden, r.parameters, r.seed) for r in runs] == [
        (hidden, parameters, seed)
        for hidden, parameters in [((9, 3), 615), ((9, 3), 404), ((6, 2), 404), ((9, 3), 202), ((6, 2), 202)]
        for seed in (0, 1)
    ]
    for run in runs:
        assert run.initial().n_parameters == run.parameters
    assert experiments.run_of(TINY, 4, seed=1) == runs[7]


def test_initial_networks_of_a_seed_share_their_weights_and_seeds_do_not():
    runs = runs_of("grid")
    dense, other_seed, sparse = runs[0].initial(), runs[1].initial(), runs[6].initial()
    for a, b in zip(dense.hidden_layers, sparse.hidden_layers, strict=True):
        assert torch.equal(a.weight * b.mask, b.weight)
    assert not torch.equal(dense.output.weight, other_seed.output.weight)
    assert (runs[6].initial().masks[0] != runs[7].initial().masks[0]).any()


def test_everything_that_defines_a_run_is_in_its_settings():
    run = Run("digits8", (6, 2), 202, 0, Recipe(30))
    others = [
        replace(run, hidden=(2, 6)),
        replace(run, parameters=203),
        replace(run, seed=1),
        replace(run, mask="ticket"),
        replace(run, recipe=Recipe(31)),
        replace(run, recipe=Recipe(30, batch_size=61)),
        replace(run, recipe=Recipe(30, learning_rate=1e-3)),
        replace(run, bias_std=1e-3),
        replace(run, dataset="digits8_standardised"),
    ]
    settings = [r.settings for r in (run, *others)] + [run.settings_at(20)]
    keys = {Store("x").note("network", s).name for s in settings}
    assert len(keys) == len(settings) and run.settings_at(30) == run.settings
    assert (run.settings["dataset"], run.settings["data"]) == ("digits8", datasets.load("digits8").checksum)


def test_measurements_are_keyed_by_planes_coverages_and_iteration():
    run = experiments.run_of(TINY, 1)
    keys = {
        json.dumps(measured(run, iteration, profile=profile), sort_keys=True)
        for profile in (TINY, replace(TINY, planes=3), replace(TINY, coverages=(0.5, 0.8)))
        for iteration in (0, 30)
    }
    assert len(keys) == 6
    assert measured(run, profile=replace(TINY, name="other", models=9, toy_iterations=1)) == measured(run)


def test_a_trained_run_comes_from_the_store_and_is_what_training_gives(done):
    run = experiments.run_of(TINY, 4, seed=1)
    alone = run.initial()
    train(alone, datasets.load("digits8"), iterations=30, seed=1)
    assert same(run.trained(done), alone), "one of a stack of its set-up's seeds and densities"
    facts = done.facts("network", run.settings)
    assert facts["accuracy"] == accuracy(alone, datasets.load("digits8").validation) and facts["seconds"] > 0
    assert not list(done.folder.glob("checkpoint/*.json")), "checkpoints go when the network is there"


def test_a_run_that_is_not_in_the_store_is_trained_and_kept(tmp_path):
    run, store = experiments.run_of(TINY, 5), Store(tmp_path)
    network = run.trained(store)
    assert same(network, get_network(store, run.settings)) and not same(network, run.initial())


def test_tickets_are_the_initial_weights_under_the_trained_network_s_largest(done):
    ticket = next(r for r in experiments.ticket_runs(TINY) if r.mask == "ticket" and r.seed == 1)
    dense = ticket.dense
    assert (dense.mask, dense.parameters, dense.seed, dense.recipe) == ("random", 615, 1, Recipe(25))
    trained = [layer.weight.detach().numpy() for layer in dense.trained(done).hidden_layers]
    masks = pruning.magnitude_masks(trained, ticket.parameters)
    network = ticket.initial(done)
    for layer, start, mask in zip(network.hidden_layers, dense.initial().hidden_layers, masks, strict=True):
        assert (layer.mask.numpy() == mask).all() and torch.equal(layer.weight, start.weight * torch.tensor(mask))


def test_reinitialised_networks_have_a_random_mask_and_weights_of_their_own(done):
    runs = experiments.ticket_runs(TINY)
    again, ticket = (next(r for r in runs if r.mask == m) for m in ("reinitialised", "ticket"))
    assert (again.parameters, again.seed) == (ticket.parameters, ticket.seed)
    network, winning = again.initial(), ticket.initial(done)
    assert network.n_parameters == winning.n_parameters
    assert not torch.equal(network.output.weight, winning.output.weight)
    assert (network.masks[0] != winning.masks[0]).any()
    assert (network.masks[0] == replace(again, mask="random").initial().masks[0]).all()


# ------------------------------------------------------------------------------------------------- planes


def test_planes_pass_through_images_of_three_classes_and_are_the_same_for_all():
    data = datasets.load("digits8").validation
    planes = experiments.grid_planes(TINY, "digits8")
    assert len(planes) == 2
    for plane in planes:
        points = plane.embed(plane.spanning)
        nearest = [int(np.abs(data.images - p).max(axis=1).argmin()) for p in points]
        assert np.allclose(data.images[nearest], points, atol=1e-6) and len(set(data.labels[nearest])) == 3
    more = experiments.grid_planes(replace(TINY, planes=5, models=7), "digits8")
    assert all((a.origin == b.origin).all() for a, b in zip(planes, more, strict=False))
    assert len({tuple(p.origin) for p in more}) == 5


def test_a_class_plane_takes_its_classes_in_order_and_depends_on_the_seed():
    data = datasets.load("digits8").validation
    plane = experiments.class_plane("digits8", (6, 1, 9), seed=3)
    for point, c in zip(plane.embed(plane.spanning), (6, 1, 9), strict=True):
        assert np.abs(data.of_class(c).images - point).max(axis=1).min() < 1e-6
    assert (plane.origin == experiments.class_plane("digits8", (6, 1, 9), seed=3).origin).all()
    assert (plane.origin != experiments.class_plane("digits8", (6, 1, 9), seed=4).origin).any()
    wide = experiments.class_plane("digits8", (6, 1, 9), seed=3, margin=3)
    assert wide.area == pytest.approx(4 * plane.area)
    with pytest.raises(MBHError, match="label 10"):
        experiments.class_plane("digits8", (0, 1, 10))


# ------------------------------------------------------------------------------------------------- tables


def test_the_grid_has_a_row_per_network_plane_class_and_coverage(grid):
    assert len(grid) == 5 * 2 * 2 * 2 * 10 * 3
    keys = ["dataset", "setup", "model", "iteration", "plane", "class", "coverage"]
    assert not grid.duplicated(keys).any() and not grid.isna().any().any()
    assert list(grid)[: len(measures.NETWORK)] == list(measures.NETWORK)
    assert set(grid) == {
        *measures.NETWORK, *keys, "accuracy", "s", "n_constraints", "covered", "n_regions", "area", "n_dead_ends",
        "n_live_regions",
    }  # fmt: skip
    assert (grid["family"] == "lenet").all() and (grid["trained"] == (grid["iteration"] == 30)).all()
    assert grid["s"].between(-1e-12, 1).all() and (grid["covered"] >= grid["coverage"] - 1e-12).all()


def test_the_columns_of_the_grid_describe_the_set_ups(grid):
    facts = grid.groupby("setup")[["hidden", "n_hidden", "parameters", "density"]].agg(["nunique", "first"])
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
    rows = grid[(grid["setup"] == 2) & (grid["model"] == 1) & (grid["trained"] == after) & (grid["plane"] == 1)]
    assert rows["accuracy"].unique().tolist() == [accuracy(network, data)]
    plane = experiments.grid_planes(TINY, "digits8")[1]
    for row in rows[rows["class"].isin([0, 7])].to_dict("records"):
        s = specialization(network, data.of_class(row["class"]), plane, row["coverage"])
        assert row["s"] == pytest.approx(s, abs=1e-12)


def test_one_row_per_network_is_the_mean_over_classes_and_planes(grid):
    rows = experiments.per_network(grid, 0.8)
    assert len(rows) == 5 * 2 * 2
    for row in rows.to_dict("records"):
        mine = grid[(grid[["setup", "model", "trained"]] == [row["setup"], row["model"], row["trained"]]).all(axis=1)]
        mine = mine[mine["coverage"] == 0.8]
        assert len(mine) == 20 and row["s"] == pytest.approx(mine["s"].mean())
        counts, areas = (mine.groupby("plane")[c].first() for c in ("n_regions", "area"))
        assert row["n_regions"] == counts.mean() and row["per_area"] == pytest.approx((counts / areas).mean())
        assert row["per_n2"] == pytest.approx((counts / (row["n_hidden"] ** 2 / 2)).mean())
        assert row["accuracy"] == pytest.approx(mine["accuracy"].iloc[0])


def test_one_row_per_network_by_hand():
    facts = {"dataset": "d", "setup": 1, "hidden": "2", "n_hidden": 2, "parameters": 9, "density": 1.0, "model": 0}
    rows = [
        {**facts, "trained": True, "coverage": 0.8, "plane": p, "class": c, "s": s, "n_constraints": 1, "accuracy": 0.5,
         "n_regions": 4 + p, "area": 2.0}
        for p, c, s in [(0, 0, 0.1), (0, 1, 0.3), (1, 0, 0.6), (1, 1, 0.8)]
    ]  # fmt: skip
    (row,) = experiments.per_network(pd.DataFrame(rows)).to_dict("records")
    assert row["s"] == pytest.approx((0.2 + 0.7) / 2) and row["n_regions"] == 4.5
    assert (row["per_area"], row["per_n2"]) == (2.25, 2.25)


def test_a_coverage_that_was_not_measured_is_refused(grid):
    with pytest.raises(MBHError, match=r"0.85 was not measured, only \[0.5, 0.8, 1.0\]"):
        experiments.per_network(grid, 0.85)


def test_the_ticket_table_has_every_density_model_and_kind_before_and_after(done):
    rows = table("tickets", TINY, store=done)
    assert list(rows) == ["kind", "density", "model", "trained", "accuracy"]
    assert len(rows) == 2 * 2 * (1 + 2 * 2) and not rows.duplicated(["kind", "density", "model", "trained"]).any()
    dense = rows[rows["kind"] == "dense"]
    assert len(dense) == 4 and (dense["density"] == 1).all()
    pruned = rows[rows["kind"] != "dense"]
    assert sorted(pruned["density"].unique()) == pytest.approx([0.1, 0.3], abs=1e-3)
    run = next(r for r in experiments.ticket_runs(TINY) if r.mask == "ticket")
    mine = rows[(rows["kind"] == "ticket") & (rows["model"] == 0) & (rows["density"] > 0.2)].set_index("trained")
    data = datasets.load("digits8").validation
    assert mine.loc[False, "accuracy"] == accuracy(run.initial(done), data)
    assert mine.loc[True, "accuracy"] == accuracy(run.trained(done), data)


def test_the_toy_network_is_the_best_of_its_seeds(done):
    network, data = experiments.toy(TINY, done)
    assert network.hidden == (4, 4, 2) and data.name == "xor_with_outliers"
    found = [accuracy(run.trained(done), data.validation) for run in runs_of("toy")]
    assert accuracy(network, data.validation) == max(found) > 0.5 and len(found) == 16
    for layer in runs_of("toy")[0].initial().hidden_layers:
        assert 0.01 < layer.bias.std() < 1


# ------------------------------------------------------------------------------------ the other experiments


def test_checkpoints_allow_a_line_up_to_100_and_a_logarithmic_axis_after():
    fifty = runs.checkpoints(50_000)
    assert fifty[:14] == [0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert fifty[14:] == [200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000]
    assert runs.checkpoints(30) == [0, 1, 2, 5, 10, 20, 30] and runs.checkpoints(0) == [0]
    assert runs.checkpoints(3_000)[-3:] == [1_000, 2_000, 3_000]


def test_the_paper_s_experiments_are_the_thesis_s(monkeypatch):
    paper = PROFILES["paper"]
    monkeypatch.setattr(runs, "_raw", lambda name: SimpleNamespace(n_inputs=784))
    evolving = {(c.setup.family, c.setup.number): c.setup for c in EXPERIMENTS["evolution"].cases(paper)}
    assert [(s.hidden, s.parameters) for s in evolving.values()] == [
        ((144, 48), 120_000), ((144, 48), 11_065), ((67, 22), 11_065), ((31, 10), 11_065), ((14, 5), 11_065),
        ((300, 100), 9_472), ((102, 34), 9_472), ((35, 11), 9_472), ((12, 4), 9_472),
    ]  # fmt: skip
    assert len(runs_of("evolution", paper)) == 27 and EXPERIMENTS["evolution"].options(paper)["planes"] == 5
    deep = {c.setup.number: c.setup for c in EXPERIMENTS["deepfc"].cases(paper)}
    assert [deep[n].parameters for n in (1, 2, 4, 7, 11)] == [187_200, 56_916, 18_486, 6_336, 3_168]
    assert len(runs_of("deepfc", paper)) == 70 and len(runs_of("standardised", paper)) == 42
    assert len(runs_of("grid", paper)) == 140 and len(runs_of("densities", paper)) == 36
    dense, grid = {r for r in runs_of("tickets", paper) if r.mask == "random"}, set(runs_of("grid", paper))
    assert len(runs_of("tickets", paper)) == 75 and dense < grid, "the dense networks of Fig 2.1 are those of the grid"


def test_histories_are_what_training_shows(done):
    rows, run = table("histories", TINY, store=done), experiments.run_of(TINY, 4, seed=1)
    history = train(run.initial(), datasets.load("digits8"), iterations=30, seed=1, milestones=[0, 1, 2, 5, 10, 20])
    mine = rows[(rows["setup"] == 4) & (rows["model"] == 1)]
    assert dict(zip(mine["iteration"], mine["accuracy"], strict=True)) == history.accuracy
    assert len(rows) == 5 * 2 * 7 and list(rows) == [*measures.NETWORK, "accuracy"]
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
        one = rows[(rows["hidden"] == "8-4") & (rows["density"] == 1) & (rows["iteration"] == iteration)]
        assert one["accuracy"].unique() == [accuracy(then[iteration], data.validation)]
        for row in one[one["class"] == 3].to_dict("records"):
            s = specialization(then[iteration], data.validation.of_class(3), plane, row["coverage"])
            assert row["s"] == pytest.approx(s, abs=1e-12)


def test_deepfc_and_the_added_densities_have_their_columns(done):
    deep, dense = (table(name, TINY, store=done) for name in ("deepfc", "densities"))
    assert deep.groupby("setup")["hidden"].first().tolist() == ["6-3-3", "6-3-3", "4-2-2", "6-3-3", "4-2-2"]
    assert (
        len(deep) == 5 * 2 * 2 * 2 * 10 * 3
        and (deep["n_hidden"] == deep["hidden"].map({"6-3-3": 12, "4-2-2": 8})).all()
    )
    found = dense.groupby(["hidden", "setup"])["density"].first()
    assert found["9-3"].tolist() == pytest.approx([0.3, 0.5], abs=1e-3)
    assert found["6-3-3"].tolist() == pytest.approx([0.3, 0.5], abs=2e-3)
    assert len(dense) == 2 * 2 * 1 * 2 * 2 * 10 * 3 and dense["trained"].nunique() == 2
    run, rows = runs_of("deepfc")[1], deep[(deep["setup"] == 1) & (deep["model"] == 1) & deep["trained"]]
    plane, boots = experiments.grid_planes(TINY, "digits8")[1], datasets.load("digits8").validation.of_class(9)
    row = rows[(rows["plane"] == 1) & (rows["class"] == 9) & (rows["coverage"] == 0.8)].iloc[0]
    assert row["s"] == pytest.approx(specialization(run.trained(done), boots, plane, 0.8), abs=1e-12)


def test_a_folded_network_does_on_raw_images_what_the_network_does_on_standardised_ones(done):
    run, raw = runs_of("standardised")[0], datasets.load("digits8")
    data, network = datasets.load("digits8_standardised"), run.trained(done)
    layers = measures.folded(network, raw)
    assert (raw.train.images.std(axis=0) == 0).any(), "constant pixels are among them"
    found = activation_patterns(layers, raw.validation.images)
    # Standardised images are rounded to float32, which may flip a bit of the 360 x 12.
    assert (found != activation_patterns(network, data.validation.images)).sum() <= 2
    mean, std = raw.moments()
    exact = (raw.validation.images - mean) / std
    assert (found == activation_patterns(network, exact)).all()
    (weight, bias), (folded_weight, folded_bias) = hidden_layers(network)[0], layers[0]
    x = raw.validation.images[7].astype(float)
    assert folded_weight @ x + folded_bias == pytest.approx(weight @ ((x - mean) / std) + bias, abs=1e-12)


def test_standardised_networks_are_measured_on_the_raw_planes(done, grid):
    rows = table("standardised", TINY, store=done)
    assert (rows["dataset"] == "digits8_standardised").all() and len(rows) == 5 * 1 * 2 * 2 * 10 * 3
    assert rows.groupby("plane")["area"].first().tolist() == grid.groupby("plane")["area"].first().tolist()
    run, raw, data = runs_of("standardised")[0], datasets.load("digits8"), datasets.load("digits8_standardised")
    one = rows[(rows["setup"] == 1) & rows["trained"] & (rows["plane"] == 0) & (rows["class"] == 4)]
    assert one["accuracy"].unique() == [accuracy(run.trained(done), data.validation)]
    alone = run.initial()
    train(alone, data, iterations=30)
    assert same(alone, run.trained(done))
    plane, layers = experiments.grid_planes(TINY, "digits8")[0], measures.folded(alone, raw)
    for row in one.to_dict("records"):
        s = specialization(layers, raw.validation.of_class(4), plane, row["coverage"])
        assert row["s"] == pytest.approx(s, abs=1e-12)
    assert one["n_regions"].unique() == [len(partition_input_space(layers, plane))]


def test_dead_ends_are_counted_and_left_out(done, grid):
    run = next(r for r in runs_of("grid") if sum(map(np.sum, pruning.dead_ends(r.initial().masks))))
    network, plane = run.trained(done), experiments.grid_planes(TINY, "digits8")[0]
    dead = np.concatenate(pruning.dead_ends(network.masks))
    setup = next(c.setup.number for c in EXPERIMENTS["grid"].cases(TINY) if c.run == run)
    mine = grid[(grid["setup"] == setup) & (grid["model"] == run.seed) & grid["trained"] & (grid["plane"] == 0)]
    assert mine["n_dead_ends"].unique() == [dead.sum()]
    # Regions that differ in dead ends only are one; the live neurons' patterns tell which (none has two parts here).
    patterns = np.unique(partition_input_space(network, plane).patterns[:, ~dead], axis=0)
    assert mine["n_live_regions"].unique() == [len(patterns)] and len(patterns) < mine["n_regions"].iloc[0]
    rest = measures.without_dead_ends(hidden_layers(network), network.masks)
    images = datasets.load("digits8").validation.images
    assert (layer_patterns(rest, images) == layer_patterns(network, images)).all()
    alive = grid[grid["n_dead_ends"] == 0]
    assert len(alive) and (alive["n_live_regions"] == alive["n_regions"]).all()


def test_trees_are_scikit_learn_s_on_last_layer_patterns(done):
    rows, run = table("trees", TINY, store=done), experiments.run_of(TINY, 2, seed=1)
    assert len(rows) == 5 * 2 * 2 * 10
    data = datasets.load("digits8").validation
    bits = layer_patterns(run.trained(done), data.images)
    tree = DecisionTreeClassifier(random_state=0).fit(bits, data.labels)
    mine = rows[(rows["setup"] == 2) & (rows["model"] == 1) & rows["trained"]]
    assert (mine["depth"] == tree.get_depth()).all() and (mine["leaves"] == tree.get_n_leaves()).all()
    assert mine["tree_accuracy"].to_numpy() == pytest.approx(tree.score(bits, data.labels))
    assert mine["class"].tolist() == list(range(10)) and mine["class_leaves"].sum() == tree.get_n_leaves()
    inner = tree.tree_.children_left >= 0
    depths = np.zeros(tree.tree_.node_count)
    for node in np.flatnonzero(inner):
        for child in (tree.tree_.children_left[node], tree.tree_.children_right[node]):
            depths[child] = depths[node] + 1
    assert mine["mean_leaf_depth"].to_numpy() == pytest.approx(depths[~inner].mean())
    assert (
        mine["class_leaves"].tolist() == np.bincount(tree.tree_.value[~inner, 0].argmax(axis=1), minlength=10).tolist()
    )


def test_distinct_patterns_are_counted_over_the_first_images(done):
    rows, run = table("patterns", TINY, store=done), experiments.run_of(TINY, 1)
    assert len(rows) == 5 * 2 * 2 and (rows["images"] == 360).all(), "all of digits8"
    mine = rows[(rows["setup"] == 1) & (rows["model"] == 0) & ~rows["trained"]].iloc[0]
    bits = activation_patterns(run.initial(), datasets.load("digits8").validation.images)
    assert mine["activation_patterns"] == len({tuple(b) for b in bits})
    assert mine["last_layer_patterns"] == len({tuple(b[9:]) for b in bits})
    few = measures.distinct_patterns(hidden_layers(run.initial()), datasets.load("digits8").validation, 20)
    assert few.iloc[0].tolist() == [20, len({tuple(b) for b in bits[:20]}), len({tuple(b[9:]) for b in bits[:20]})]


# --------------------------------------------------------------------------------------- computed only once


def test_a_plan_says_what_lacks_in_which_order_and_how_long_and_large(done, tmp_path):
    assert plan(TINY, ALL, done) == []
    stages = {stage.label: stage.tasks for stage in plan(TINY, ALL, Store(tmp_path))}
    assert list(stages) == ["training", "training tickets", "measuring"]
    trained = [
        run for label in ("training", "training tickets") for task in stages[label] for run, _ in task.arguments[0]
    ]
    everything = {run for name in ALL for run in runs_of(name)}
    assert set(trained) == everything and len(trained) == len(everything), "each once, whoever needs it"
    assert {run.mask for task in stages["training"] for run, _ in task.arguments[0]} == {"random", "reinitialised"}
    for tasks in stages.values():
        assert all(task.seconds > 0 and task.bytes > 0 and 2**28 < task.memory < 4 * 2**30 for task in tasks)
    ticket = stages["training tickets"][0]
    assert ("network", ticket.arguments[0][0][0].dense.settings) in ticket.needs
    cases = [case for task in stages["measuring"] for case in task.arguments[0]]
    needs = [need for task in stages["measuring"] for need in task.needs]
    assert [("network", c.run.settings_at(c.iteration)) for c in cases if c.iteration] == needs
    assert len(cases) == sum(len(EXPERIMENTS[n].cases(TINY)) for n in ALL if EXPERIMENTS[n].measure)


def test_long_tasks_are_split_and_short_ones_gathered():
    seconds = {"a": 50, "b": 60, "c": 20, "d": 130, "e": 10, "F": 9, "G": 9}
    batches = experiments._batches(seconds, str.isupper, seconds.get, 120)
    assert batches == [["a", "b"], ["c"], ["d"], ["e"], ["F", "G"]]


def test_nothing_is_computed_twice(done):
    before = {p: p.stat().st_mtime_ns for p in done.folder.rglob("*")}
    here = Here()
    assert prepare(TINY, ALL, store=done, executor=here) == [] and here.tasks == []
    assert {p: p.stat().st_mtime_ns for p in done.folder.rglob("*")} == before


def test_only_what_is_missing_is_computed_again_and_gives_the_same(done, grid, tmp_path):
    store, run = copy_of(done, tmp_path / "copy"), experiments.run_of(TINY, 4, seed=1)
    store.drop("measure", measured(run))
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert here.tasks == ["_measure"]
    # The trained network is lost as well: it is trained without the others of its stack.
    store.drop("measure", measured(run))
    store.drop("network", run.settings)
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert here.tasks == ["train_runs", "_measure"]
    assert same(get_network(store, run.settings), get_network(done, run.settings))
    pd.testing.assert_frame_equal(table("grid", TINY, store=store), grid, check_exact=True)


def test_a_lost_checkpoint_is_trained_again_and_the_same(done, tmp_path):
    store, run = copy_of(done, tmp_path / "copy"), runs_of("evolution")[0]
    store.drop("network", run.settings_at(10))
    (stage,) = plan(TINY, ALL, store)
    assert [task.arguments[0] for task in stage.tasks] == [[(run, {10})]]
    prepare(TINY, ALL, store=store, executor=Here())
    assert same(run.at(10, store), run.at(10, done)) and same(run.trained(store), run.trained(done))


@pytest.mark.parametrize("name", ["grid", "tickets"])
def test_damaged_entries_are_computed_again_and_give_the_same(done, tmp_path, capsys, name):
    store = copy_of(done, tmp_path / "copy")
    if name == "grid":
        note = store.note("measure", measured(experiments.run_of(TINY, 1)))
    else:
        note = store.note("network", next(r for r in experiments.ticket_runs(TINY) if r.mask == "ticket").settings)
    data = note.with_name(json.loads(note.read_text())["file"])
    data.write_bytes(data.read_bytes()[:-3])
    here = Here()
    prepare(TINY, [name], store=store, executor=here)
    assert here.tasks == [{"grid": "_measure", "tickets": "train_runs"}[name]]
    assert capsys.readouterr().err.count("is damaged") == 1 and list(store.folder.rglob("*.damaged1"))
    pd.testing.assert_frame_equal(table(name, TINY, store=store), table(name, TINY, store=done), check_exact=True)


def test_an_interrupted_run_goes_on_where_it_stopped(grid, tmp_path, one_each):
    store, seen = Store(tmp_path), 0
    for stop in (1, 4, 9):
        here = Here(stop_before=stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(TINY, ["grid"], store=store, executor=here)
        assert len(here.tasks) == stop
        seen += stop
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert seen + len(here.tasks) == 4 + 5 * 2 * 2, "2 architectures x 2 seeds, each network measured before and after"
    pd.testing.assert_frame_equal(table("grid", TINY, store=store), grid, check_exact=True)


def test_a_larger_profile_takes_over_what_a_smaller_one_computed(done, tmp_path, one_each):
    store, here = copy_of(done, tmp_path / "copy"), Here()
    larger = replace(TINY, models=3)
    prepare(larger, ["grid"], store=store, executor=here)
    assert here.tasks == 2 * ["train_runs"] + 10 * ["_measure"], "the third seed only"


def test_a_failing_measurement_is_reported_and_what_is_done_is_kept(tmp_path, monkeypatch, one_each):
    real, calls = measures.specializations, []

    def broken(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise MBHError("something is wrong with this network")
        return real(*arguments)

    monkeypatch.setattr(measures, "specializations", broken)
    store = Store(tmp_path)
    with pytest.raises(MBHError, match="something is wrong with this network"):
        prepare(TINY, ["grid"], store=store, executor=Here())
    monkeypatch.undo()
    (stage,) = plan(TINY, ["grid"], store)
    assert stage.label == "measuring" and sum(len(task.arguments[0]) for task in stage.tasks) < 20


def test_without_a_store_the_default_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_STORE", str(tmp_path))
    prepare(TINY, ["toy"], executor=Here())
    assert len(list((tmp_path / "network").glob("*.json"))) == 16


def test_processes_and_results_sent_back_give_the_same(done, tmp_path):
    store = Store(tmp_path)
    stages = prepare(TINY, ["tickets"], jobs=1, store=store)
    assert [stage.label for stage in stages] == ["training", "training tickets"]
    sent = Store(tmp_path / "sent")
    prepare(TINY, ["tickets"], store=sent, executor=Here(), shared=False)
    for run in runs_of("tickets"):
        assert same(get_network(store, run.settings), get_network(done, run.settings))
        assert same(get_network(sent, run.settings), get_network(done, run.settings))


# ------------------------------------------------------------------------------------------- results files


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results files."""
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / "results" / profile)
    return tmp_path / "results" / "tiny"


def test_results_files_are_read_without_any_store(done, results, tmp_path):
    tables = {name: table(name, TINY, store=done) for name in TABLES}
    written = write_tables(TINY, ALL, done)
    assert written == [results / f"{name}.parquet" for name in TABLES] and all(map(os.path.exists, written))
    empty = Store(tmp_path / "empty")
    for name in TABLES:
        pd.testing.assert_frame_equal(table(name, TINY, store=empty), tables[name], check_exact=True)
    assert plan(TINY, TABLES, empty) == [] and not empty.folder.exists()
    elsewhere = write_tables(TINY, ["patterns"], empty, tmp_path / "elsewhere")
    assert elsewhere == [tmp_path / "elsewhere" / "patterns.parquet"] and elsewhere[0].exists()


@pytest.mark.parametrize(
    "other",
    [
        {"models": 1},
        {"planes": 1},
        {"coverages": (0.5, 0.8)},
        {"iterations": 29},
        {"family": Family("lenet", ((8, 3), (6, 2)))},
    ],
    ids=lambda other: next(iter(other)),
)
def test_results_files_of_another_definition_are_not_used(done, results, other):
    write_tables(TINY, ["grid"], done)
    assert experiments._results("grid", TINY) is not None
    assert experiments._results("grid", replace(TINY, **other)) is None
    assert experiments._results("grid", replace(TINY, toy_iterations=1)) is not None, (
        "which the grid does not depend on"
    )


def test_results_files_of_other_code_data_or_experiment_are_not_used(done, results, monkeypatch):
    (path,) = write_tables(TINY, ["trees"], done)
    shutil.copy(path, results / "patterns.parquet")
    assert experiments._results("patterns", TINY) is None
    assert table("patterns", TINY, store=done)["images"].unique() == [360]
    with monkeypatch.context() as patch:
        patch.setitem(experiments.VERSIONS, "results", -1)
        assert experiments._results("trees", TINY) is None
    with monkeypatch.context() as patch:
        patch.setitem(experiments.VERSIONS, "numpy", "0.1")
        assert experiments._results("trees", TINY) is not None
    data = datasets.load("digits8")
    other = datasets.from_arrays(
        data.train.images[1:], data.train.labels[1:], data.validation.images, data.validation.labels
    )
    monkeypatch.setattr(runs, "_raw", lambda name: other)
    assert experiments._results("trees", TINY) is None


def test_a_results_file_is_the_same_content_however_it_is_written(done, results):
    (path,) = write_tables(TINY, ["grid"], done)
    content, expected = pq.read_table(path), table("grid", TINY)
    for options in ({"compression": "gzip", "row_group_size": 100}, {"compression": "none", "use_dictionary": False}):
        pq.write_table(content, path, **options)
        pd.testing.assert_frame_equal(table("grid", TINY), expected, check_exact=True)


@pytest.mark.parametrize("name", ["grid", "tickets"])
def test_a_damaged_results_file_is_told_and_never_read(done, results, name):
    (path,) = write_tables(TINY, [name], done)
    whole, expected, refused = path.read_bytes(), table(name, TINY), 0
    bits = np.random.default_rng(0).integers(8 * len(whole), size=300)
    for bit in bits:
        harmed = bytearray(whole)
        harmed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(harmed)
        try:  # few bits hold nothing, such as those of statistics
            pd.testing.assert_frame_equal(table(name, TINY), expected, check_exact=True)
        except MBHError as error:
            assert f"{path} is damaged" in str(error) and f"`mbh run {name} --profile tiny`" in str(error)
            refused += 1
    assert refused > 100
    for size in (0, 4, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        for ask in (table, lambda name, profile: plan(profile, [name])):
            with pytest.raises(MBHError, match="is damaged .*remove it"):
                ask(name, TINY)
        with pytest.raises(MBHError, match="is damaged"):
            experiments.check_results(TINY)
    path.unlink()
    assert experiments._results(name, TINY) is None
    write_tables(TINY, [name], done)
    pd.testing.assert_frame_equal(table(name, TINY), expected, check_exact=True)
    assert experiments.check_results(TINY) == [path]


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.assign(model=table["model"] + 1),
        lambda table: table.rename(columns={"model": "seed"}),
        lambda table: table.astype({"model": "int32"}),
        lambda table: table.iloc[::-1],
        lambda table: table.iloc[:-1],
        lambda table: table.assign(dataset="mnist"),
    ],
)
def test_a_results_file_with_another_content_is_told(done, results, change):
    (path,) = write_tables(TINY, ["trees"], done)
    notes = pq.read_schema(path).metadata
    content = pa.Table.from_pandas(change(pd.read_parquet(path)), preserve_index=False)
    pq.write_table(content.replace_schema_metadata({**notes, **content.schema.metadata}), path)
    with pytest.raises(MBHError, match="its content is not what was written"):
        table("trees", TINY)


def test_notes_of_a_results_file_are_held_to_its_digest(done, results):
    """No change of a note makes a file look like one of another definition, which would be computed anew in silence."""
    (path,) = write_tables(TINY, ["trees"], done)
    content = pq.read_table(path)
    notes = content.schema.metadata
    without = {key: value for key, value in notes.items() if key != experiments._DIGEST}
    for changed in (
        {**notes, experiments._DEFINITION: b"0" * 24},
        {**notes, b"mbh_utils.profile": b"{}"},
        {key: value for key, value in notes.items() if key != experiments._DEFINITION},
        without,
        None,
    ):
        pq.write_table(content.replace_schema_metadata(changed), path)
        with pytest.raises(MBHError, match="is damaged"):
            experiments._results("trees", TINY)
    # One of another definition, from before there were digests, is not used and nothing is wrong with it.
    pq.write_table(content.replace_schema_metadata({**without, experiments._DEFINITION: b"0" * 24}), path)
    assert experiments._results("trees", TINY) is None and experiments.check_results(TINY) == [path]


def test_a_results_file_that_cannot_be_read_is_named(done, results):
    (results / "grid.parquet").mkdir(parents=True)
    with pytest.raises(MBHError, match=r"grid.parquet cannot be read \(Is a directory\)"):
        plan(TINY, ["grid"], done)
    shutil.rmtree(results.parent)
    results.parent.write_text("a file where the folder should be")
    assert experiments._results("grid", TINY) is None


def test_a_damaged_committed_table_says_how_git_brings_it_back():
    told = str(experiments._damage(paths.results_folder("paper") / "grid.parquet", "cut"))
    assert "`git checkout -- data/results/paper/grid.parquet`" in told and "`mbh run grid --profile paper`" in told


def test_every_byte_of_a_results_file_counts_for_what_is_up_to_date(done, results):
    assert experiments.results_checksums(["trees", "toy"], TINY) == {"trees": None, "toy": None}
    (path,) = write_tables(TINY, ["trees"], done)
    seen = {experiments.results_checksums(["trees"], TINY)["trees"]}
    whole = path.read_bytes()
    for at in (5, len(whole) // 2, len(whole) - 6):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        seen.add(experiments.results_checksums(["trees"], TINY)["trees"])
    assert len(seen) == 4 and None not in seen


# --------------------------------------------------------------------------------------- snapshots and kills


class Killed(Exception):
    pass


def test_training_goes_on_from_its_snapshot_and_ends_the_same(done, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SNAPSHOT_SECONDS", -1.0)  # at every opportunity
    store, starts, real = Store(tmp_path), [], runs.train_stack
    stack = [(run, {10, 30}) for run in runs_of("evolution") if run.hidden == (8, 4)]
    put = store.put_arrays

    def killed_after(n):
        def dying(*arguments, **facts):
            put(*arguments, **facts)
            nonlocal n
            n -= 1
            if not n:
                raise Killed

        return dying

    def watched(*arguments, states, **options):
        starts.append([state and state.iteration for state in states])
        return real(*arguments, states=states, **options)

    monkeypatch.setattr(runs, "train_stack", watched)
    for n in (3, 3, 4):
        monkeypatch.setattr(store, "put_arrays", killed_after(n))
        with pytest.raises(Killed):
            runs.train_runs(stack, store)
    monkeypatch.setattr(store, "put_arrays", put)
    runs.train_runs(stack, store)
    # There is one before the first step too. Killed between the two members, in the second snapshot of all.
    assert starts[0] == [None, None] and starts[1] == [1, 0]
    assert starts[1] < starts[2] < starts[3] and starts[3][0] > 1
    for run, kept in stack:
        for iteration in kept:
            assert same(run.at(iteration, store), run.at(iteration, done))
        assert run.history(store) == run.history(done) and store.arrays("checkpoint", run.settings) is None


def test_a_snapshot_behind_a_checkpoint_that_nobody_kept_is_of_no_use(done, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SNAPSHOT_SECONDS", -1.0)
    store, (run, *_) = Store(tmp_path), runs_of("evolution")
    monkeypatch.setattr(store, "drop", lambda *arguments: None)
    runs.train_runs([(run, set())], store)  # leaves its last snapshot
    assert runs._snapshot(run, set(), store)[0].iteration == 30
    assert runs._snapshot(run, {10}, store)[0] is None
    runs.train_runs([(run, {10})], store)
    assert same(run.at(10, store), run.at(10, done)) and runs._snapshot(run, {10}, store)[0].iteration == 30


# Imports once; every attempt is a child of its own that is killed with -9 at a random moment after it began to train,
# the last one is not. (Counted from its start, the moment would lie before training on a busy machine.)
KILLS = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from test_experiments import KILLED, LONG, TINY, Here
from mbh_utils import experiments, runs
from mbh_utils.computing import store

# What every child would otherwise load anew:
experiments.prepare(TINY, KILLED, store=store.Store(sys.argv[2] + "-warm"), executor=Here())
experiments.plan(LONG, KILLED, store.Store(sys.argv[2]))
runs.SNAPSHOT_SECONDS = 0.0
real, writes = runs.train_stack, -1

def noted(*arguments, states, **options):
    os.write(writes, b"x" if any(states) else b".")
    return real(*arguments, states=states, **options)

runs.train_stack = noted
folder, random_times, kills, resumed = store.Store(sys.argv[2]), random.Random(0), 0, 0
for attempt in range(100):
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        experiments.prepare(LONG, KILLED, store=folder, executor=Here())
        os._exit(0)
    os.close(writes)
    resumed += os.read(reads, 1) == b"x"
    if attempt < 8:
        time.sleep(random_times.uniform(0, 0.25))
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    os.close(reads)
    kills += os.WIFSIGNALED(status)
    if os.WIFEXITED(status):
        break
print(kills, resumed, os.WEXITSTATUS(status))
"""
KILLED = ["tickets", "evolution"]
LONG = replace(TINY, iterations=4_000, ticket_iterations=6_000, ticket_models=1)


def test_killed_again_and_again_it_ends_with_the_same_networks_and_tables(tmp_path):
    folder, undisturbed = tmp_path / "store", Store(tmp_path / "undisturbed")
    prepare(LONG, KILLED, store=undisturbed, executor=Here())
    script = [sys.executable, "-c", KILLS, os.path.dirname(__file__), str(folder)]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0 and "damaged" not in ran.stderr, ran.stderr
    kills, resumed, status = map(int, ran.stdout.split())
    assert status == 0 and kills >= 3 and resumed >= 1, (kills, resumed)
    store = Store(folder)
    assert plan(LONG, KILLED, store) == []
    for run in {run for name in KILLED for run in runs_of(name, LONG)}:
        assert same(get_network(store, run.settings), get_network(undisturbed, run.settings))
    for name in KILLED:
        tables = (table(name, LONG, store=one) for one in (store, undisturbed))
        pd.testing.assert_frame_equal(*tables, check_exact=True)


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "toy"])
def test_the_committed_tables_are_of_the_present_definition(name):
    for dataset in PROFILES["paper"].datasets:
        if not datasets.describe(dataset)["found"]:
            pytest.skip(f"real {dataset} not found, whose checksum is part of the definition")
    found = experiments._results(name, PROFILES["paper"])
    assert found is not None, f"run `mbh run {name} --profile paper` and commit its table"
    notes = pq.read_schema(experiments.results_file(name, "paper")).metadata
    assert experiments._DIGEST in notes, "reading has checked it"
    assert not found.isna().any().any() and not found.duplicated().any()
