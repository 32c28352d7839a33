"""What is missing is computed, and only that."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from tiny_experiments import ALL, TINY, Here, copy_of, measured, runs_of, same

from mbh_utils import experiments
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import (
    EXPERIMENTS,
    measures,
    plan,
    planning,
    prepare,
    table,
)
from mbh_utils.experiments.runs import Case
from mbh_utils.networks.stored import get_network


def test_a_plan_says_what_is_missing_in_which_order_and_how_long_and_large(done, tmp_path):
    assert plan(TINY, ALL, done) == []
    found = plan(TINY, ALL, Store(tmp_path))
    labels = [stage.label for stage in found]
    assert labels == ["training", *["training tickets"] * (len(labels) - 2), "measuring"]
    stages: dict[str, list] = {label: [] for label in labels}
    for stage in found:
        stages[stage.label] += stage.tasks
    trained = [
        run
        for label in ("training", "training tickets")
        for task in stages[label]
        for run, _ in task.arguments[0]
    ]
    cases = [case for name in ALL for case in EXPERIMENTS[name].cases(TINY)]
    everything = {case.run for case in cases if case.iteration}
    before = {run for case in cases if (run := case.run.before) is not None}
    while before:
        everything |= before
        before = {run.before for run in before if run.before is not None}
    assert set(trained) == everything and len(trained) == len(everything), (
        "each once, whoever needs it"
    )
    assert {run.mask for task in stages["training"] for run, _ in task.arguments[0]} == {
        "random",
        "reinitialised",
        "erdos_renyi",
        "near",
        "copies",
    }
    for tasks in stages.values():
        assert all(
            task.seconds > 0 and task.bytes > 0 and 2**28 < task.memory < 4 * 2**30
            for task in tasks
        )
    ticket = stages["training tickets"][0]
    assert ("network", ticket.arguments[0][0][0].dense.settings) in ticket.needs
    cases = [case for task in stages["measuring"] for case in task.arguments[0]]
    for task in stages["measuring"]:
        for case in task.arguments[0]:
            run = case.run if case.iteration else case.run.before
            if run is not None:  # untrained tickets are made from the trained dense network
                at = case.iteration or run.recipe.iterations
                assert ("network", run.settings_at(at)) in task.needs
    wanted = {
        json.dumps(EXPERIMENTS[name].settings(case, options), sort_keys=True)
        for name in ALL
        if EXPERIMENTS[name].measure
        for case in EXPERIMENTS[name].cases(TINY)
        for options in EXPERIMENTS[name].variants(TINY)
    }
    assert len(cases) == len(wanted), "each once, whoever asks for it"


def test_rounds_of_iterative_pruning_are_trained_one_after_the_other():
    run = experiments.Run("digits8", (9, 3), 76, 0, TINY.recipe, "iterative")
    wanted: dict = {}
    planning._want(Case(TINY.setup(1), run, 30), wanted)
    stages = planning._training_stages(wanted)
    assert [stage.label for stage in stages] == ["training"] + 4 * ["training tickets"]
    order = [task.arguments[0] for stage in stages for task in stage.tasks]
    assert [[one.parameters for one, _ in runs] for runs in order] == [
        [615],
        [524],
        [268],
        [140],
        [76],
    ]
    needs = [task.needs for stage in stages for task in stage.tasks]
    assert all(
        ("network", runs[0][0].settings) in needed
        for runs, needed in zip(order[:-1], needs[1:], strict=True)
    )


def test_long_tasks_are_split_and_short_ones_gathered():
    seconds = {"a": 50, "b": 60, "c": 20, "d": 130, "e": 10, "F": 9, "G": 9}
    batches = planning._batches(seconds, str.isupper, seconds.get, 120)
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
    assert here.tasks == ["measure_cases"]
    # The trained network is lost as well: it is trained without the others of its stack.
    store.drop("measure", measured(run))
    store.drop("network", run.settings)
    here = Here()
    prepare(TINY, ["grid"], store=store, executor=here)
    assert here.tasks == ["train_runs", "measure_cases"]
    assert same(get_network(store, run.settings), get_network(done, run.settings))
    pd.testing.assert_frame_equal(table("grid", TINY, store=store), grid, check_exact=True)


def test_a_lost_milestone_is_trained_again_and_the_same(done, tmp_path):
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
        note = store.note(
            "network", next(r for r in experiments.ticket_runs(TINY) if r.mask == "ticket").settings
        )
    data = note.with_name(json.loads(note.read_text())["file"])
    data.write_bytes(data.read_bytes()[:-3])
    here = Here()
    prepare(TINY, [name], store=store, executor=here)
    assert here.tasks == [{"grid": "measure_cases", "tickets": "train_runs"}[name]]
    assert capsys.readouterr().err.count("is damaged") == 1 and list(
        store.folder.rglob("*.damaged1")
    )
    pd.testing.assert_frame_equal(
        table(name, TINY, store=store), table(name, TINY, store=done), check_exact=True
    )


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
    assert seen + len(here.tasks) == 4 + 5 * 2 * 2 * 2, (
        "2 architectures x 2 seeds, each network measured before and after in 2 domains"
    )
    pd.testing.assert_frame_equal(table("grid", TINY, store=store), grid, check_exact=True)


def test_a_larger_profile_takes_over_what_a_smaller_one_computed(done, tmp_path, one_each):
    store, here = copy_of(done, tmp_path / "copy"), Here()
    larger = replace(TINY, models=3)
    prepare(larger, ["grid"], store=store, executor=here)
    assert here.tasks == 2 * ["train_runs"] + 20 * ["measure_cases"], "the third seed only"


FAILING_CALLS = []


def failing_the_third_time(subject, **options):
    FAILING_CALLS.append(subject.case)
    if len(FAILING_CALLS) == 3:
        raise MBHError("something is wrong with this network")
    return measures.SPECIALIZATIONS.compute(subject, **options)


def test_a_failing_measurement_is_reported_and_what_is_done_is_kept(
    tmp_path, monkeypatch, one_each
):
    FAILING_CALLS.clear()
    failing = replace(measures.SPECIALIZATIONS, compute=failing_the_third_time)
    store = Store(tmp_path)
    with monkeypatch.context() as patch:
        patch.setitem(EXPERIMENTS, "grid", replace(EXPERIMENTS["grid"], measure=failing))
        with pytest.raises(MBHError, match="something is wrong with this network"):
            prepare(TINY, ["grid"], store=store, executor=Here())
    (stage,) = plan(TINY, ["grid"], store)
    assert stage.label == "measuring"
    assert 0 < sum(len(task.arguments[0]) for task in stage.tasks) < 40


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
