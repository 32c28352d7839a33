"""The experiments of the lens on activation patterns."""

from types import SimpleNamespace

import numpy as np
import pytest
from tiny_experiments import TINY

from mbh_utils import datasets, experiments
from mbh_utils.experiments import EXPERIMENTS, PROFILES, profiles, table
from mbh_utils.experiments.evolution_measures import (
    depth_cases,
    evolution_cases,
    network_summaries,
    random_images,
)
from mbh_utils.experiments.runs import NETWORK_COLUMNS, milestones
from mbh_utils.lenses import evolution

VALIDATION = datasets.load("digits8").validation


@pytest.fixture(scope="module")
def over_training(done):
    return table("activation_evolution", TINY, store=done)


def test_a_training_is_measured_at_all_its_milestones(over_training):
    keys = [*NETWORK_COLUMNS, "source", "layer"]
    assert not over_training.duplicated(keys).any()
    seen = [i for i in milestones(30) for _ in range(2)]
    shallow = over_training[over_training["family"] != "deepfc"]
    for _, of_run in shallow.groupby(["family", "setup", "model", "source"]):
        assert of_run["iteration"].tolist() == seen
        assert of_run["trained"].tolist() == [i > 0 for i in seen]
    assert len(over_training) == 2 * len(seen) * 6 + 2 * 3 * len(milestones(30)) * 3


def test_its_values_are_those_of_the_lens(over_training, done):
    run = experiments.run_of(TINY, 2)
    networks = [(i, run.at(i, done)) for i in milestones(30)]
    expected = evolution.history(networks, VALIDATION)
    here = over_training[
        (over_training["family"] == "lenet")
        & (over_training["setup"] == 2)
        & (over_training["source"] == "validation")
    ]
    for name in ("distinct", "information", "kappa_final", "oui_within", "weight_distance"):
        assert here[name].tolist() == pytest.approx(expected[name].tolist(), nan_ok=True)


def test_settling_reads_the_same_measurements(over_training, done):
    rows = table("settling", TINY, store=done)
    assert len(rows) == (6 * 2 + 3 * 3) * 2 * 4
    for row in rows.sample(20, random_state=0).to_dict("records"):
        of_layer = over_training[
            (over_training[["family", "setup", "model", "source", "layer"]]
             == [row[k] for k in ("family", "setup", "model", "source", "layer")]).all(axis=1)
        ]  # fmt: skip
        times = of_layer["iteration"].tolist()
        tau = evolution.settling_time(times, of_layer["kappa_final"], row["threshold"])
        assert row["tau"] == pytest.approx(tau, nan_ok=True)


def test_depths_have_one_to_six_equal_layers(done):
    cases = depth_cases(PROFILES["quick"])
    assert {case.run.hidden for case in cases} == {(16,) * depth for depth in range(1, 7)}
    assert len(cases) == 6 * 3
    rows = table("depths", TINY, store=done)
    layers = rows.groupby("setup")["layer"].max()
    assert layers.to_dict() == {depth: depth for depth in range(1, 7)}


def test_the_paper_s_depths_are_64_wide(monkeypatch):
    monkeypatch.setattr(profiles, "loaded", lambda name: SimpleNamespace(n_inputs=784))
    cases = depth_cases(PROFILES["paper"])
    assert cases[-1].run.hidden == (64,) * 6 and cases[0].run.parameters == 785 * 64
    assert len(evolution_cases(PROFILES["paper"])) == 18 * 3


def test_single_networks_and_their_summary(done):
    rows = table("activation_patterns_of_networks", TINY, store=done)
    networks = len(EXPERIMENTS["grid"].cases(TINY))
    assert len(rows) == 2 * networks
    summary = network_summaries(rows)
    assert len(summary) == networks
    run = experiments.run_of(TINY, 2, seed=1)
    network = run.trained(done)
    expected = evolution.pattern_statistics(network, VALIDATION)
    mine = summary[(summary["setup"] == 2) & (summary["model"] == 1) & summary["trained"]].to_dict(
        "records"
    )[0]
    assert mine["last_information"] == pytest.approx(expected["information"].iloc[-1])
    assert mine["last_distinct_share"] == pytest.approx(expected["pattern_share"].iloc[-1])
    for name in ("oui", "oui_within", "block_relative_entropy"):
        assert mine[name] == pytest.approx(expected[name].mean())


def test_random_images_are_the_same_ones_each_time():
    some = random_images(VALIDATION, 50)
    again = random_images(VALIDATION, 50)
    assert len(some) == 50 and (some.images == again.images).all()
    assert len(np.unique(some.images, axis=0)) > 40
    assert random_images(VALIDATION, 10_000) is VALIDATION
