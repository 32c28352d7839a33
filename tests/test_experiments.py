"""Experiments on a tiny profile: what is declared, what is computed, what is never computed twice, and kills."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from mbh_utils import datasets, experiments, pruning
from mbh_utils.errors import MBHError
from mbh_utils.experiments import PROFILES, Run, prepare, table
from mbh_utils.mbh import specialization
from mbh_utils.networks import LENET, Family
from mbh_utils.store import Store
from mbh_utils.training import Recipe, accuracy, train

TINY = replace(
    PROFILES["quick"],
    name="tiny",
    family=Family("lenet", ((9, 3), (6, 2))),
    iterations=30,
    models=2,
    planes=2,
    ticket_models=2,
    ticket_iterations=25,
    toy_iterations=40,
    coverages=(0.5, 0.8, 1.0),
    ticket_densities=(1.0, 0.3, 0.1),
)
ALL = ["grid", "tickets", "toy"]


class Here(Executor):
    """Runs every task at once in this process, and counts them."""

    def __init__(self, stop_before: int | None = None):
        self.tasks, self.stop_before = [], stop_before

    def submit(self, function, *arguments):
        if len(self.tasks) == self.stop_before:
            raise KeyboardInterrupt
        self.tasks.append(arguments[1].__name__)
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


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


def copy_of(store: Store, folder) -> Store:
    import shutil

    shutil.copytree(store.folder, folder)
    return Store(folder)


def drop(store: Store, kind: str, settings: dict) -> None:
    """Lose one entry."""
    store.note(kind, settings).unlink()


# ----------------------------------------------------------------------------------------------- profiles


def test_the_paper_profile_is_the_thesis_s():
    paper = PROFILES["paper"]
    assert (paper.digit, paper.fashion) == ("mnist", "fashion_mnist")
    assert (paper.iterations, paper.models, paper.planes) == (50_000, 5, 10)
    assert paper.coverages == (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0) and paper.toy_iterations == 100_000
    assert paper.recipe == Recipe(50_000, batch_size=60, learning_rate=1.2e-3)
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
        (lambda: table("gird", "quick"), "no experiment 'gird'; the experiments are grid, tickets, toy"),
        (lambda: prepare("quick", ["grid", "all"]), "no experiment 'all'"),
        (lambda: table("grid", "papre"), "no profile 'papre'; the profiles are quick, draft, paper"),
        (lambda: prepare("", ["grid"]), "no profile ''"),
        (lambda: prepare("quick", ["grid"], jobs=0), "jobs is 0"),
        (lambda: TINY.setup(6), "no set-up 6; profile tiny has 1 to 5"),
        (lambda: experiments.run_of(TINY, 0), "no set-up 0"),
        (lambda: Run("digits8", (6, 2), 200, 0, Recipe(1), "lucky").initial(), "mask is 'lucky'; choose"),
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
    runs = experiments.grid_runs(TINY, "digits8")
    assert [(r.hidden, r.parameters, r.seed) for r in runs] == [
        (hidden, parameters, seed)
        for hidden, parameters in [((9, 3), 615), ((9, 3), 404), ((6, 2), 404), ((9, 3), 202), ((6, 2), 202)]
        for seed in (0, 1)
    ]
    for run in runs:
        assert run.initial().n_parameters == run.parameters
    assert experiments.run_of(TINY, 4, seed=1) == runs[7]


def test_initial_networks_of_a_seed_share_their_weights_and_seeds_do_not():
    runs = experiments.grid_runs(TINY, "digits8")
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
    ]
    keys = {experiments.Store("x").note("network", r.settings).name for r in (run, *others)}
    assert len(keys) == len(others) + 1
    assert (run.settings["dataset"], run.settings["data"]) == ("digits8", datasets.load("digits8").checksum)


def test_measurements_are_keyed_by_planes_coverages_and_training():
    run = experiments.run_of(TINY, 1)
    keys = {
        json.dumps(experiments._measure_settings(run, profile, after), sort_keys=True)
        for profile in (TINY, replace(TINY, planes=3), replace(TINY, coverages=(0.5, 0.8)))
        for after in (False, True)
    }
    assert len(keys) == 6
    renamed = replace(TINY, name="other", models=9, toy_iterations=1)
    assert experiments._measure_settings(run, renamed, True) == experiments._measure_settings(run, TINY, True)


def test_a_trained_run_comes_from_the_store_and_is_what_training_gives(done):
    run = experiments.run_of(TINY, 4, seed=1)
    alone = run.initial()
    train(alone, datasets.load("digits8"), iterations=30, seed=1)
    assert same(run.trained(done), alone), "one of a stack of its set-up's seeds and densities"
    facts = done.facts("network", run.settings)
    assert facts["accuracy"] == accuracy(alone, datasets.load("digits8").validation) and facts["seconds"] > 0


def test_a_run_that_is_not_in_the_store_is_trained_and_kept(tmp_path):
    run, store = experiments.run_of(TINY, 5), Store(tmp_path)
    network = run.trained(store)
    assert same(network, store.network(run.settings)) and not same(network, run.initial())


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
    keys = ["dataset", "setup", "model", "trained", "plane", "class", "coverage"]
    assert not grid.duplicated(keys).any() and not grid.isna().any().any()
    assert set(grid) == {
        *keys, "hidden", "n_hidden", "parameters", "density", "accuracy", "s", "n_constraints", "covered", "n_regions",
        "area",
    }  # fmt: skip
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
    facts = done.facts("network", experiments._toy_settings(TINY))
    assert facts["accuracy"] == accuracy(network, data.validation) > 0.5
    assert experiments._toy_settings(TINY) != experiments._toy_settings(replace(TINY, toy_iterations=41))


# --------------------------------------------------------------------------------------- computed only once


def test_nothing_is_computed_twice(done):
    before = {p: p.stat().st_mtime_ns for p in done.folder.rglob("*")}
    here = Here()
    prepare(TINY, ALL, store=done, executor=here)
    assert here.tasks == []
    assert {p: p.stat().st_mtime_ns for p in done.folder.rglob("*")} == before


def test_only_what_is_missing_is_computed_again_and_gives_the_same(done, grid, tmp_path):
    store, run = copy_of(done, tmp_path / "copy"), experiments.run_of(TINY, 4, seed=1)
    drop(store, "measure", experiments._measure_settings(run, TINY, True))
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert here.tasks == ["_measure"]
    # The trained network is lost as well: it is trained without the others of its stack.
    drop(store, "measure", experiments._measure_settings(run, TINY, True))
    drop(store, "network", run.settings)
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert here.tasks == ["_train", "_measure"]
    assert same(store.network(run.settings), done.network(run.settings))
    pd.testing.assert_frame_equal(table("grid", TINY, store=store), grid, check_exact=True)


@pytest.mark.parametrize("name", ["grid", "tickets"])
def test_damaged_entries_are_computed_again_and_give_the_same(done, tmp_path, capsys, name):
    store = copy_of(done, tmp_path / "copy")
    if name == "grid":
        note = store.note("measure", experiments._measure_settings(experiments.run_of(TINY, 1), TINY, True))
    else:
        note = store.note("network", next(r for r in experiments.ticket_runs(TINY) if r.mask == "ticket").settings)
    data = note.with_name(json.loads(note.read_text())["file"])
    data.write_bytes(data.read_bytes()[:-3])
    here = Here()
    prepare(TINY, [name], store=store, executor=here)
    assert here.tasks == [{"grid": "_measure", "tickets": "_train"}[name]]
    assert capsys.readouterr().err.count("is damaged") == 1 and list(store.folder.rglob("*.damaged1"))
    pd.testing.assert_frame_equal(table(name, TINY, store=store), table(name, TINY, store=done), check_exact=True)


def test_an_interrupted_run_goes_on_where_it_stopped(grid, tmp_path):
    store, seen = Store(tmp_path), 0
    for stop in (1, 4, 9):
        here = Here(stop_before=stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(TINY, ["grid"], store=store, executor=here)
        assert len(here.tasks) == stop
        seen += stop
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert seen + len(here.tasks) == 2 + 5 * 2 * 2, "two stacks, and each network measured before and after"
    pd.testing.assert_frame_equal(table("grid", TINY, store=store), grid, check_exact=True)


def test_a_larger_profile_takes_over_what_a_smaller_one_computed(done, tmp_path):
    store, here = copy_of(done, tmp_path / "copy"), Here()
    larger = replace(TINY, models=3)
    prepare(larger, ["grid"], store=store, executor=here)
    assert here.tasks == 2 * ["_train"] + 10 * ["_measure"], "the third seed only"


def test_a_failing_task_is_reported_and_what_is_done_is_kept(tmp_path, monkeypatch):
    real, calls = experiments.specialization_table, []

    def broken(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise MBHError("something is wrong with this network")
        return real(*arguments, **options)

    monkeypatch.setattr(experiments, "specialization_table", broken)
    store = Store(tmp_path)
    with pytest.raises(MBHError, match="something is wrong with this network"):
        prepare(TINY, ["grid"], store=store, executor=Here())
    monkeypatch.undo()
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert "_train" not in here.tasks and len(here.tasks) < 20


def test_without_a_store_the_default_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_STORE", str(tmp_path))
    prepare(TINY, ["toy"], executor=Here())
    assert len(list((tmp_path / "network").glob("*.json"))) == 1


# ------------------------------------------------------------------------------------- processes and kills


def die(store):
    """A task that ends like one that ran out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_other_processes_compute_the_same_and_a_killed_one_is_told(done, tmp_path, monkeypatch):
    def stages(profile, store):
        yield "training", experiments._stacks(experiments.grid_runs(profile, "digits8"), store)
        yield "dying", [(die,)]

    monkeypatch.setitem(experiments.EXPERIMENTS, "deadly", (stages, None))
    store = Store(tmp_path)
    with pytest.raises(MBHError, match="process was killed .*memory.*fewer jobs"):
        prepare(TINY, ["deadly"], jobs=1, store=store)
    for run in experiments.grid_runs(TINY, "digits8"):
        assert same(store.network(run.settings), done.network(run.settings))


# Imports once; every attempt is a child of its own that is killed with -9 at a random moment, the last one is not.
KILLS = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from test_experiments import ALL, TINY, Here
from mbh_utils import experiments, store
from mbh_utils.datasets import load

load("digits8").checksum
# What every child would otherwise load anew:
network, planes = experiments.run_of(TINY, 5).initial(), experiments.grid_planes(TINY, "digits8")
experiments.specialization_table(network, load("digits8").validation, planes, [1])
folder, random_times, kills = store.Store(sys.argv[2]), random.Random(int(sys.argv[3])), 0
for attempt in range(40):
    pid = os.fork()
    if pid == 0:
        experiments.prepare(TINY, ALL, store=folder, executor=Here())
        os._exit(0)
    if attempt < 12:
        time.sleep(random_times.uniform(0.02, 0.4))
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    kills += os.WIFSIGNALED(status)
    if os.WIFEXITED(status):
        break
print(kills, os.WEXITSTATUS(status))
"""


def test_killed_again_and_again_it_ends_with_the_same_tables(done, grid, tmp_path):
    script = [sys.executable, "-c", KILLS, os.path.dirname(__file__), str(tmp_path), "0"]
    ran = subprocess.run(script, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0 and "damaged" not in ran.stderr, ran.stderr
    kills, status = map(int, ran.stdout.split())
    assert status == 0 and kills >= 2
    store = Store(tmp_path)
    here = Here()
    prepare(TINY, ALL, store=store, executor=here)
    assert here.tasks == []
    pd.testing.assert_frame_equal(table("grid", TINY, store=store), grid, check_exact=True)
    pd.testing.assert_frame_equal(
        table("tickets", TINY, store=store), table("tickets", TINY, store=done), check_exact=True
    )
    assert same(experiments.toy(TINY, store)[0], experiments.toy(TINY, done)[0])


ORPHANS = """
import sys
from dataclasses import replace
sys.path.insert(0, sys.argv[1])
from test_experiments import TINY
from mbh_utils import experiments, store

if __name__ == "__main__":
    experiments.prepare(replace(TINY, iterations=10**7), ["grid"], jobs=1, store=store.Store(sys.argv[2]))
"""


def process(pid: int) -> tuple[str, int]:
    """State of a process ("Z": ended) and which process started it, as Linux tells."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            state, parent = file.read().rpartition(")")[2].split()[:2]
        return state, int(parent)
    except (FileNotFoundError, ProcessLookupError):
        return "Z", 0


def alive(pid: int) -> bool:
    return process(pid)[0] != "Z"


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes under /proc, as Linux has it")
def test_the_processes_of_a_killed_run_do_not_go_on_without_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ORPHANS)
    run = subprocess.Popen(
        [sys.executable, str(script), os.path.dirname(__file__), str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end, started = time.monotonic() + 60, set()
    while time.monotonic() < end and not started:
        time.sleep(0.2)
        mine = [p for p in map(int, filter(str.isdigit, os.listdir("/proc"))) if process(p)[1] == run.pid]
        started = {p for p in mine if len(os.listdir(f"/proc/{p}/task")) > 1}  # the worker; it watches its parent
    run.kill()
    run.wait()
    assert started
    end = time.monotonic() + 30
    while time.monotonic() < end and any(map(alive, started)):
        time.sleep(0.1)
    left = list(filter(alive, started))
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def test_progress_says_in_plain_lines_what_is_left_where_nobody_watches(capsys, monkeypatch):
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(experiments.time, "perf_counter", lambda: next(clock))
    assert list(experiments.progress("abc", "grid: training", 3)) == ["a", "b", "c"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "grid: training: 1 of 3 done, 20 s, about 40 s left" and len(lines) == 3
    assert lines[-1] == "grid: training: 3 of 3 done, 60 s"


def test_ctrl_c_ends_the_processes_at_once(tmp_path, monkeypatch):
    def interrupted(futures, label, total):
        raise KeyboardInterrupt

    slow = replace(TINY, iterations=10**6)  # the task alone would take minutes
    before = set(multiprocessing.active_children())
    monkeypatch.setattr(experiments, "progress", interrupted)
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        prepare(slow, ["grid"], jobs=1, store=Store(tmp_path))
    assert set(multiprocessing.active_children()) <= before and time.perf_counter() - started < 60
