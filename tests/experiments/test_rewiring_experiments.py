"""Experiments on rewired networks: which networks, what their tables say, going on after a stop."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_experiments import TINY

import mbh_utils as mbh
from mbh_utils.computing.store import Store
from mbh_utils.experiments import PROFILES, rewiring_experiments, table
from mbh_utils.experiments.measures import Subject
from mbh_utils.experiments.rows import mask_kind
from mbh_utils.networks import pruning
from mbh_utils.training import SET, Recipe


def test_networks_that_are_compared_have_equal_hidden_parameters():
    cases = rewiring_experiments.rewired_cases(PROFILES["quick"])
    assert len({(case.run, case.iteration) for case in cases}) == len(cases)
    by_kind: dict[tuple, set] = {}
    for case in cases:
        by_kind.setdefault((mask_kind(case.run), case.run.hidden), set()).add(case.run.parameters)
    kinds = ("random", "erdos_renyi", "ticket", "SET", "RigL")
    assert by_kind == {
        **{(kind, (96, 32)): {832, 416} for kind in kinds},
        ("dense", (96, 32)): {9_344},
        ("dense", (12, 4)): {832},
    }
    for case in cases[:12]:
        if case.run.mask != "ticket":
            assert case.run.initial().n_parameters == case.run.parameters


def test_the_published_sizes_of_profile_paper():
    """13 (n_in + n_out) connections a layer; 0.6 % of 3 x 784 x 784."""
    paper = replace(PROFILES["paper"], datasets=("digits8",))
    shapes = pruning.layer_shapes(784, (1_000,) * 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(paper), "n_inputs", 784)
        cases = rewiring_experiments.small_data_cases(paper)
        few = rewiring_experiments.sparse_cases(paper)
    rewired, fixed, _ = (case.run for case in cases[:3])
    connections = [13 * (n_in + n_out) for n_out, n_in in shapes]
    assert connections == [23_192, 26_000, 26_000]
    assert rewired.parameters == fixed.parameters == 3_000 + sum(connections)
    masks = pruning.erdos_renyi_masks(shapes, fixed.parameters, np.random.default_rng(0))
    assert [int(mask.sum()) for mask in masks] == connections
    weights = few[0].run.parameters - 3 * 784
    assert weights / (3 * 784 * 784) == pytest.approx(0.006, abs=1e-6)
    assert few[0].run.recipe.iterations == 200_000 and few[-1].run.rewiring is None


def test_tables_by_kind(done):
    rewired = table("rewired", TINY, store=done)
    ends = rewired[rewired["iteration"] == TINY.iterations]
    assert set(ends["kind"]) == {"dense", "random", "erdos_renyi", "ticket", "SET", "RigL"}
    for case in rewiring_experiments.rewired_cases(TINY):
        facts = ends.query(
            f"kind == '{mask_kind(case.run)}' and model == {case.run.seed} and "
            f"parameters == {case.run.parameters} and n_hidden == {case.setup.n_hidden}"
        )
        network = case.run.trained(done)
        data = mbh.load_dataset(case.run.dataset)
        assert facts["accuracy"].tolist() == [mbh.accuracy(network, data.validation)]
        assert network.n_parameters == case.run.parameters
    s = table("rewired_s", TINY, store=done)
    keys = ["kind", "n_hidden", "parameters", "model", "domain", "plane", "coverage"]
    assert not s.duplicated(keys).any() and set(s["domain"]) == {"square", "box"}
    assert len(s.drop_duplicates(keys[:4])) == len(ends)


def test_pixels_keep_the_number_of_their_connections(done):
    degrees = table("pixel_degrees_over_training", TINY, store=done)
    rewired = degrees[degrees["kind"] == "SET"]
    sums = rewired.groupby(["model", "iteration"])["connections"].sum()
    assert sums.nunique() == 1 and rewired["iteration"].max() == TINY.iterations
    first, *_, last = (rows for _, rows in rewired.groupby("iteration"))
    assert (first["connections"].to_numpy() != last["connections"].to_numpy()).any()
    assert set(degrees["kind"]) == {"SET", "ticket"}


def test_training_on_few_images_is_told_by_epochs(done):
    table_ = table("small_data", TINY, store=done)
    assert set(table_["kind"]) == {"SET", "erdos_renyi", "dense"}
    for _, rows in table_.groupby(["kind", "model"]):
        assert rows["epoch"].iloc[0] == 0 and rows["epoch"].iloc[-1] == 100
        assert len(rows) == rewiring_experiments.LOOKS + 1
        assert rows["iteration"].tolist() == [7 * e for e in range(101)]
        assert rows["training_accuracy"].iloc[-1] > 0.8 > 0.3 > rows["accuracy"].iloc[0]


@pytest.mark.parametrize("rewiring", [SET(every=10), None])
def test_training_on_few_images_goes_on_after_a_stop(tmp_path, monkeypatch, rewiring):
    monkeypatch.setattr(rewiring_experiments, "CHECKPOINT_SECONDS", 0)
    store = Store(tmp_path)
    case = next(c for c in rewiring_experiments.small_data_cases(TINY) if c.run.rewiring)
    run = replace(case.run, recipe=Recipe(200, 40), rewiring=rewiring)
    case = case._replace(run=run)

    def measured():
        subject = Subject(case, case.run.initial(store), store)
        return rewiring_experiments._small_data(subject, looks=20)

    whole = measured()
    usual = rewiring_experiments.accuracy
    seen = []

    def stops(network, samples):
        seen.append(network)
        if len(seen) == 8:
            raise KeyboardInterrupt
        return usual(network, samples)

    monkeypatch.setattr(rewiring_experiments, "accuracy", stops)
    with pytest.raises(KeyboardInterrupt):
        measured()
    again = measured()
    assert again.equals(whole)
    assert len(seen) < 8 + 21, "it went on where it stopped"
