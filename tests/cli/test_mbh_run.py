"""``mbh run``."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from mbh_utils import experiments
from mbh_utils.computing import scheduling, workers
from mbh_utils.computing.store import Store
from mbh_utils.experiments import planning
from mbh_utils.experiments.networks_file import read_networks_file
from mbh_utils.networks import Family


@pytest.fixture
def tiny(monkeypatch):
    """The profile "tiny", for which everything takes seconds."""
    family = Family("tiny", ((9, 3), (6, 2)))
    small = replace(
        experiments.PROFILES["quick"],
        name="tiny",
        family=family,
        ticket_models=1,
        ticket_iterations=20,
        ticket_densities=(1.0, 0.2),
    )
    monkeypatch.setitem(experiments.PROFILES, "tiny", small)
    return small


def test_a_dry_run_says_what_would_be_computed_and_computes_nothing(mbh, tiny, tmp_path):
    store = tmp_path / "store"
    line = ["run", "tickets", "--profile", "tiny", "--store", str(store), "--dry-run"]
    status, out, _ = mbh(*line, "--jobs", "3")
    assert status == 0
    assert not store.exists()
    assert "on 3 processes" in out and str(store) in out
    told = {row[:20].strip(): row[20:].split() for row in out.splitlines()[2:]}
    assert list(told) == ["training", "training tickets", "in all"]
    stages = experiments.plan(tiny, ["tickets"], Store(store))
    tasks = {stage.label: stage.tasks for stage in stages}
    assert [int(told[label][0]) for label in tasks] == [len(found) for found in tasks.values()]
    assert int(told["in all"][0]) == sum(map(len, tasks.values()))
    for row in told.values():
        assert row[2] in ("s", "min") and row[6] == "MB" and row[8] in ("MB", "GB")
    _, on_cluster, _ = mbh(*line, "--scheduler", "tcp://127.0.0.1:9")
    assert "process" not in on_cluster.replace("per process", ""), "how many is not known"


@pytest.mark.parametrize(
    "words, told",
    [
        (("--store", ""), "the store's folder cannot be ''"),
        (("--tables", ""), "the tables' folder cannot be ''"),
        (("--store", "FILE"), "a file stands where a folder should be"),
        (("--tables", "FILE"), "FILE cannot be written (File exists): make it a .* (--tables)"),
        (("--tables", "FILE/below"), "cannot be written (Not a directory)"),
        (("--scheduler", ""), "no Dask scheduler answers at ''"),
    ],
)
def test_what_is_ill_in_a_run_is_told_before_anything_is_computed(
    mbh, tiny, tmp_path, monkeypatch, words, told
):
    def compute(*_, **__):
        raise AssertionError("nothing may be computed")

    monkeypatch.setattr(scheduling, "compute", compute)
    monkeypatch.setattr(planning, "compute", compute)
    file = tmp_path / "file"
    file.write_text("in the way")
    line = ["run", "tickets", "--profile", "tiny"]
    for name in ("--store", "--tables"):
        line += [] if name in words else [name, str(tmp_path / name.strip("-"))]
    status, _, err = mbh(*line, *(word.replace("FILE", str(file)) for word in words))
    pattern = re.escape(told.replace("FILE", str(file))).replace(r"\.\*", ".*")
    assert status == 1 and re.search(pattern, err) and "Traceback" not in err, err
    assert file.read_text() == "in the way"


def test_more_processes_than_anybody_has_are_only_a_number(mbh, tiny, tmp_path):
    line = ["run", "tickets", "--profile", "tiny", "--store", str(tmp_path), "--dry-run"]
    assert mbh(*line, "--jobs", "1000000000000")[0] == 0


def test_run_computes_what_is_missing_and_writes_tables(mbh, tiny, tmp_path):
    store = tmp_path / "store"
    tables = tmp_path / "tables"
    folders = ["--store", str(store), "--tables", str(tables)]
    line = [*["run", "tickets", "--profile", "tiny", "--jobs", "1"], *folders]
    status, out, err = mbh(*line)
    assert status == 0
    assert f"table: {tables / 'tickets.parquet'}" in out.splitlines()
    for told in ("training: ", "training tickets: ", "writing the tables: ", "in all: "):
        assert any(row.startswith(told) for row in out.splitlines()), told
    assert " per process at most" in out
    assert "training: 1 of 1 done" in err
    expected = experiments.table("tickets", tiny, store=Store(store))
    written = pd.read_parquet(tables / "tickets.parquet")
    pd.testing.assert_frame_equal(written, expected, check_exact=True)
    status, out, err = mbh(*line)
    assert status == 0
    assert "nothing is missing" in out
    assert err == "looking for what is missing, and how long it takes ...\n"


def test_run_writes_the_networks_that_chapters_draw(mbh, tiny, tmp_path, monkeypatch):
    small = replace(tiny, iterations=20, toy_iterations=20)
    monkeypatch.setitem(experiments.PROFILES, "tiny", small)
    folders = ["--store", str(tmp_path / "store"), "--tables", str(tmp_path / "tables")]
    status, out, _ = mbh("run", "networks", "--profile", "tiny", "--jobs", "1", *folders)
    path = tmp_path / "tables" / "networks.zip"
    assert status == 0 and f"networks: {path} (" in out
    assert len(read_networks_file(path)) == len(experiments.EXPERIMENTS["networks"].cases(small))
    assert [entry.name for entry in path.parent.iterdir()] == ["networks.zip"]


def test_a_mistake_in_a_run_is_a_message(mbh, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    folders = ["--store", str(tmp_path)]
    status, _, err = mbh("run", "gird", *folders)
    assert status == 2 and "there is no experiment 'gird'; the experiments are grid, " in err
    line = ["run", "tickets", "--profile", "tiny", "--scheduler", "tcp://127.0.0.1:9"]
    status, _, err = mbh(*line, *folders)
    assert status == 1 and "mbh: no Dask scheduler answers at tcp" in err
    assert "Traceback" not in err


def test_a_run_interrupted_says_that_it_goes_on(mbh, tiny, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(experiments, "prepare", interrupted)
    status, _, err = mbh("run", "tickets", "--profile", "tiny")
    assert status == 130 and "what was finished is kept, and the same again goes on" in err
