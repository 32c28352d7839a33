"""A measure of one's own: a file with a function, a registration and an experiment."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiny_experiments import TINY, Here, runs_of

from mbh_utils import datasets
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import (
    EXPERIMENTS,
    MEASURES,
    Experiment,
    Measure,
    prepare,
    register,
    table,
    write_tables,
)
from mbh_utils.experiments.results_files import read_results
from mbh_utils.regions.patterns import activation_patterns


def active_shares(subject, images):
    """The share of active neurons and of those that never change, on the first images."""
    bits = activation_patterns(subject.layers, subject.raw.validation.images[:images])
    constant = (bits == bits[0]).all(axis=0)
    return pd.DataFrame({"active": [bits.mean()], "constant": [constant.mean()]})


ACTIVE = register(Measure("active_shares", ("active", "constant"), active_shares))


def tiny_cases(profile):
    return [case for case in EXPERIMENTS["grid"].cases(profile) if case.setup.number == 5]


def first_images(profile):
    return [{"images": 50}]


@pytest.fixture
def own(monkeypatch):
    """The experiment, entered beside those of the thesis for as long as the test takes."""
    monkeypatch.setitem(EXPERIMENTS, "own", Experiment(tiny_cases, ACTIVE, first_images))


def test_worker_processes_compute_it_and_the_table_has_its_columns(own, tmp_path):
    store = Store(tmp_path)
    stages = prepare(TINY, ["own"], jobs=2, store=store)
    assert [stage.label for stage in stages] == ["training", "measuring"]
    assert prepare(TINY, ["own"], store=store, executor=Here()) == [], "nothing is computed twice"
    rows = table("own", TINY, store=store)
    assert list(rows)[-2:] == ["active", "constant"] and len(rows) == 2 * 2
    images = datasets.load("digits8").validation.images[:50]
    for row in rows.to_dict("records"):
        run = next(r for r in runs_of("own") if r.seed == row["model"])
        bits = activation_patterns(run.at(row["iteration"], store), images)
        assert row["active"] == bits.mean()
        assert row["constant"] == (np.ptp(bits.astype(int), axis=0) == 0).mean()


def test_its_options_are_part_of_what_defines_it(own, tmp_path, monkeypatch):
    store = Store(tmp_path)
    fewer = Experiment(tiny_cases, ACTIVE, lambda profile: [{"images": 7}])
    few = table("own", TINY, jobs=1, store=store)
    monkeypatch.setitem(EXPERIMENTS, "own", fewer)
    here = Here()
    prepare(TINY, ["own"], store=store, executor=here)
    assert here.tasks == ["measure_cases"]
    assert (table("own", TINY, store=store)["active"] != few["active"]).any()


def test_its_table_is_written_and_read_without_a_store(own, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "mbh_utils.computing.paths.results_folder", lambda profile: tmp_path / profile
    )
    prepare(TINY, ["own"], store=Store(tmp_path / "store"), executor=Here())
    (path,) = write_tables(TINY, ["own"], Store(tmp_path / "store"))
    assert path == tmp_path / "tiny" / "own.parquet"
    assert read_results("own", TINY)["active"].between(0, 1).all()
    assert read_results("own", replace(TINY, iterations=29)) is None


def test_its_key_holds_values_only():
    (case, *_) = tiny_cases(TINY)
    settings = ACTIVE.settings(case, *first_images(TINY))
    assert settings["measure"] == "active_shares" and settings["images"] == 50
    texts = [value for value in settings.values() if isinstance(value, str)]
    assert not any(" " in text for text in texts) and json.dumps(settings)


def another(subject):
    return pd.DataFrame({"wrong": [1]})


def test_a_name_belongs_to_one_measure():
    with pytest.raises(MBHError, match="a measure 'decision_trees' already.*choose another name"):
        register(Measure("decision_trees", ("wrong",), another))
    assert MEASURES["decision_trees"].compute is not another
    assert register(replace(ACTIVE)) == ACTIVE, "a module that is loaded once more"


def test_what_workers_cannot_import_or_tables_cannot_hold_is_refused():
    def inner(subject):
        return pd.DataFrame({"a": [1]})

    for function in (inner, lambda subject: inner(subject)):
        with pytest.raises(MBHError, match="top level of a module"):
            Measure("mine", ("a",), function)
    with pytest.raises(MBHError, match="top level of a module"):
        Measure("mine", ("a",), another, lambda case: 1.0)
    with pytest.raises(MBHError, match=r"columns \['setup'\] tell networks apart"):
        Measure("mine", ("setup",), another)


def test_columns_that_were_not_declared_are_told(monkeypatch, tmp_path):
    undeclared = Measure("undeclared", ("right",), another)
    monkeypatch.setitem(EXPERIMENTS, "own", Experiment(tiny_cases, undeclared))
    with pytest.raises(MBHError, match="'undeclared' gave the columns wrong; declared are right"):
        prepare(TINY, ["own"], store=Store(tmp_path), executor=Here())
