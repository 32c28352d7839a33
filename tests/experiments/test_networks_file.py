"""The committed networks: drawn without any training, equal to the bit, and never from a wreck."""

import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_experiments import TINY, copy_of, runs_of

from mbh_utils import datasets, experiments
from mbh_utils.computing import paths
from mbh_utils.computing.entries import VERSIONS
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import EXPERIMENTS, PROFILES, drawn, plan, profiles, runs, tables
from mbh_utils.experiments.drawn import DRAWN, Drawn, drawn_cases
from mbh_utils.experiments.networks_file import kept_networks, networks_key
from mbh_utils.networks import Family
from mbh_utils.networks.stored import get_network, put_network

MOST_BYTES = 4_000_000


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results files."""
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / "results" / profile)
    return tmp_path / "results" / "tiny"


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty store, where nothing may be trained."""

    def train(*_, **__):
        raise AssertionError("nothing may be trained")

    monkeypatch.setattr(runs, "train_stack", train)
    return Store(tmp_path / "empty")


def cases(profile=TINY) -> list:
    return EXPERIMENTS["networks"].cases(profile)


def bits_of(network) -> list[tuple]:
    arrays = [values.numpy() for values in network.state_dict().values()]
    return [(a.dtype, a.shape, a.tobytes()) for a in arrays]


def test_committed_networks_are_drawn_without_store_and_training(done, results, empty, monkeypatch):
    monkeypatch.setattr(drawn, "DRAWN", (Drawn(1), Drawn(2), Drawn(4)))  # dense and sparse ones
    best, _ = experiments.toy(TINY, done)
    assert experiments.write_networks(TINY, done) == results / "networks.zip"
    assert plan(TINY, ["networks", "toy"], empty) == []
    assert experiments.prepare(TINY, ["networks"], store=empty) == []
    assert len(cases()) == 3 + 16
    for run, iteration in {(case.run, case.iteration) for case in cases()}:
        settings = run.settings_at(iteration)
        expected = bits_of(get_network(done, settings))
        assert bits_of(run.at(iteration, empty)) == expected == bits_of(run.trained(empty))
        assert run.facts(empty) == done.facts("network", settings)
        assert run.history(empty) == run.history(done)
    assert bits_of(experiments.toy(TINY, empty)[0]) == bits_of(best)
    assert not empty.folder.exists()


def test_what_is_read_is_the_reader_s_own(done, results, empty):
    experiments.write_networks(TINY, done)
    run = cases()[0].run
    first = run.trained(empty)
    with torch.no_grad():
        first.output.bias.add_(1)
    assert bits_of(run.trained(empty)) == bits_of(run.trained(done))


def test_milestones_are_kept_where_they_are_drawn(done, results, tmp_path, monkeypatch):
    monkeypatch.setattr(drawn, "DRAWN", (Drawn(1, "digit", 1, (10, 30)),))
    store = copy_of(done, tmp_path / "copy")
    run = experiments.run_of(TINY, 1, seed=1)
    assert [(case.run, case.iteration) for case in drawn_cases(TINY)] == [(run, 10), (run, 30)]
    assert len(plan(TINY, ["networks"], store)) == 1, "the one at iteration 10 is not there yet"
    experiments.write_networks(TINY, store)
    empty = Store(tmp_path / "empty")
    assert plan(TINY, ["networks"], empty) == []
    for iteration in (10, 30):
        assert bits_of(run.at(iteration, empty)) == bits_of(run.at(iteration, store))
    assert bits_of(run.at(10, empty)) != bits_of(run.at(30, empty))
    assert not empty.folder.exists()


def test_a_network_that_goes_while_it_is_written_is_told(done, results, monkeypatch):
    monkeypatch.setattr(tables, "find_facts", lambda settings, store: None)
    with pytest.raises(MBHError, match="has gone from the store"):
        experiments.write_networks(TINY, done)
    assert not results.exists()


def test_a_profile_with_fewer_set_ups_draws_fewer_networks():
    numbers = [one.setup for one in DRAWN]
    assert max(numbers) > len(TINY.setups) >= min(numbers)
    few = [number for number in numbers if number <= len(TINY.setups)]
    assert list(dict.fromkeys(case.setup.number for case in drawn_cases(TINY))) == few
    quick = drawn_cases(PROFILES["quick"])
    assert list(dict.fromkeys(case.setup.number for case in quick)) == numbers


def test_one_network_is_drawn_through_its_training():
    paper = PROFILES["paper"]
    (one,) = [one for one in DRAWN if one.through_training]
    drawn_at = [c.iteration for c in drawn_cases(paper) if c.setup.number == one.setup]
    assert [0, *drawn_at] == drawn.checkpoints(paper.iterations)
    assert set(drawn_at) <= set(runs.milestones(paper.iterations))
    assert drawn_at[-1] == paper.iterations
    assert len(drawn_at) == 15


def test_the_store_comes_first(done, results, empty, tmp_path):
    experiments.write_networks(TINY, done)
    run = cases()[0].run
    other = run.trained(done)
    with torch.no_grad():
        other.output.bias.add_(1)
    store = Store(tmp_path / "other")
    put_network(store, run.settings, other, accuracy=0.5, history={"30": 0.5})
    assert bits_of(run.trained(store)) == bits_of(other)
    assert run.facts(store)["accuracy"] == 0.5


def test_what_is_committed_is_not_planned_to_be_trained(done, results, empty):
    def to_train() -> set:
        stages = plan(TINY, ["grid"], empty)
        (tasks,) = [stage.tasks for stage in stages if stage.label == "training"]
        return {run for task in tasks for run, _ in task.arguments[0]}

    assert to_train() == set(runs_of("grid"))
    experiments.write_networks(TINY, done)
    assert to_train() == set(runs_of("grid")) - {case.run for case in cases()}


@pytest.mark.parametrize(
    "other",
    [
        {"iterations": 29, "toy_iterations": 39},
        {"family": Family("lenet", ((8, 3), (5, 2))), "toy_iterations": 39},
    ],
    ids=lambda other: next(iter(other)),
)
def test_networks_of_another_definition_are_not_used(done, results, empty, other):
    experiments.write_networks(TINY, done)
    profile = replace(TINY, **other)
    (stage,) = plan(profile, ["networks"], empty)
    assert sum(len(task.arguments[0]) for task in stage.tasks) == len(cases(profile))
    with pytest.raises(AssertionError, match="nothing may be trained"):
        cases(profile)[0].run.trained(empty)
    with pytest.raises(MBHError, match="is not in the store"):
        cases(profile)[0].run.facts(empty)


def test_networks_of_other_code_or_data_are_not_used(done, results, empty, monkeypatch):
    experiments.write_networks(TINY, done)
    with monkeypatch.context() as patch:
        patch.setitem(VERSIONS, "results", -1)
        assert len(plan(TINY, ["networks"], empty)) == 1
    with monkeypatch.context() as patch:  # as a table is, which they are drawn beside
        patch.setitem(VERSIONS, "torch", "0.1")
        assert plan(TINY, ["networks"], empty) == []
    data = datasets.load("digits8")
    other = datasets.from_arrays(
        data.train.images[1:], data.train.labels[1:], data.validation.images, data.validation.labels
    )
    monkeypatch.setattr(profiles, "loaded", lambda name: other)
    assert len(plan(TINY, ["networks"], empty)) == 1


def test_a_damaged_file_is_told_and_never_read(done, results, empty):
    path = experiments.write_networks(TINY, done)
    whole = path.read_bytes()
    run = cases()[0].run
    told = f"{path} is damaged .*remove it, and `mbh run networks --profile tiny`"
    bits = np.random.default_rng(0).integers(8 * len(whole), size=200)
    for bit in (*bits, 8 * len(whole) - 1):
        harmed = bytearray(whole)
        harmed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(harmed)
        with pytest.raises(MBHError, match=told):
            kept_networks()
    for size in (0, 4, 64, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        for ask in (
            lambda: run.trained(empty),
            lambda: run.facts(empty),
            lambda: experiments.toy(TINY, empty),
            lambda: plan(TINY, ["networks"], empty),
            lambda: experiments.check_results(TINY),
        ):
            with pytest.raises(MBHError, match=told):
                ask()
    assert bits_of(run.trained(done)), "the store needs no file"
    path.unlink()
    assert experiments.check_results(TINY) == []
    experiments.write_networks(TINY, done)
    assert path.read_bytes() == whole and experiments.check_results(TINY) == [path]


def test_the_file_is_an_ordinary_zip_with_words(done, results):
    path = experiments.write_networks(TINY, done)
    case = cases()[0]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 2 * len(cases())
        note = json.loads(archive.read(f"{networks_key(case.run.settings)}.json"))
    assert note["settings"]["dataset"] == "digits8" and note["settings"]["hidden"] == [9, 3]
    assert note["versions"] == VERSIONS


def test_every_byte_counts_for_what_is_up_to_date(done, results):
    assert experiments.results_checksums(["networks"], TINY) == {"networks": None}
    path = experiments.write_networks(TINY, done)
    first = experiments.results_checksums(["networks"], TINY)["networks"]
    path.write_bytes(path.read_bytes() + b"x")
    second = experiments.results_checksums(["networks"], TINY)["networks"]
    assert first != second and first and second


def test_files_of_all_profiles_are_looked_into(done, results, empty):
    path = experiments.write_networks(TINY, done)
    shutil.move(path.parent, path.parent.with_name("other"))
    assert plan(TINY, ["networks"], empty) == []


def test_the_committed_file_is_small_and_whole():
    path = experiments.results_file("networks", "paper")
    assert path.stat().st_size <= MOST_BYTES
    kept = kept_networks()
    assert all(
        one.network().n_parameters == one.note["settings"]["parameters"] for one in kept.values()
    )


def test_the_committed_file_has_every_network_that_is_declared():
    paper = PROFILES["paper"]
    for dataset in paper.datasets:
        if not datasets.describe(dataset)["found"]:
            pytest.skip(f"real {dataset} not found, whose checksum is part of the definition")
    assert {one.setup for one in DRAWN} >= {1, 7, 10}
    kept = kept_networks()
    told = "run `mbh run networks --profile paper` and commit its file"
    for case in cases(paper):
        assert networks_key(case.run.settings_at(case.iteration)) in kept, told
