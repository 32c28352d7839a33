"""Measures that read several networks, networks that begin from others, tables made of tables."""

from dataclasses import asdict, replace

import pandas as pd
import pytest
from tiny_experiments import TINY, Here

from mbh_utils.computing.store import Store
from mbh_utils.experiments import EXPERIMENTS, MEASURES, Experiment, Measure, plan, table
from mbh_utils.experiments.cases import trained_grid
from mbh_utils.experiments.planning import prepare
from mbh_utils.experiments.runs import Run
from mbh_utils.training import Recipe


def other_models(case, **options):
    seeds = [seed for seed in range(TINY.models) if seed != case.run.seed]
    return [case._replace(run=replace(case.run, seed=seed)) for seed in seeds]


def difference(subject, **options):
    """How far the output biases of a network are from those of its siblings."""
    own = subject.network.output.bias.detach()
    others = [subject.network_of(case).output.bias.detach() for case in other_models(subject.case)]
    return pd.DataFrame({"difference": [float((own - other).abs().sum()) for other in others]})


DIFFERENCE = Measure("difference", ("difference",), difference, needs=other_models)


def first_models(profile):
    return [case for case in trained_grid(profile) if case.run.seed == 0]


def joined(profile, tables):
    (name,) = tables
    return tables[name].assign(squared=tables[name]["difference"] ** 2)


@pytest.fixture
def differences(monkeypatch):
    monkeypatch.setitem(MEASURES, "difference", DIFFERENCE)
    monkeypatch.setitem(EXPERIMENTS, "differences", Experiment(first_models, DIFFERENCE))
    both = Experiment(first_models, parts=("differences",), join=joined)
    monkeypatch.setitem(EXPERIMENTS, "squares", both)


def test_other_networks_that_a_measure_reads_are_trained_before(differences, tmp_path):
    store = Store(tmp_path)
    stages = {stage.label: stage.tasks for stage in plan(TINY, ["differences"], store)}
    trained = {run for task in stages["training"] for run, _ in task.arguments[0]}
    assert {run.seed for run in trained} == {0, 1}
    for task in stages["measuring"]:
        for case in task.arguments[0]:
            for one in (case, *other_models(case)):
                assert ("network", one.run.settings) in task.needs
    prepare(TINY, ["differences"], store=store, executor=Here())
    assert (table("differences", TINY, store=store)["difference"] > 0).all()


def test_a_table_joined_from_others_computes_what_is_missing_of_them(differences, tmp_path):
    store = Store(tmp_path)
    assert [s.label for s in plan(TINY, ["squares"], store)] == ["training", "measuring"]
    prepare(TINY, ["squares"], store=store, executor=Here())
    assert plan(TINY, ["squares"], store) == []
    rows = table("squares", TINY, store=store)
    assert (rows["squared"] == rows["difference"] ** 2).all() and len(rows) == 5


def test_a_network_that_begins_from_another_is_trained_after_it_and_goes_on_from_it(tmp_path):
    recipe = Recipe(20)
    first = Run("digits8", (6, 2), 200, 0, recipe)
    second = replace(first, start=first)
    third = replace(first, start=second)
    assert first.before is None and second.before == first and third.before == second
    store = Store(tmp_path)
    trained = first.trained(store)
    begun = second.initial(store)
    assert bool((begun.output.weight == trained.output.weight).all())
    assert all((a == b).all() for a, b in zip(begun.masks, trained.masks, strict=True))


def test_networks_from_before_a_run_had_more_fields_keep_their_keys():
    run = Run("digits8", (6, 2), 200, 0, Recipe(20))
    assert run.settings == {
        "dataset": "digits8",
        "hidden": (6, 2),
        "parameters": 200,
        "seed": 0,
        "recipe": asdict(Recipe(20)),
        "mask": "random",
        "bias_std": 1e-6,
        "data": run.raw.checksum,
    }
    later = replace(run, weights="glorot", start=run)
    assert later.settings["weights"] == "glorot" and later.settings["start"] == run.settings
