"""Lesions: worked numbers, a planted network, and every lesion against weights set to zero."""

import copy
import dataclasses
import importlib

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_networks import planted
from torch import nn

import mbh_utils as mbh
from mbh_utils import Samples
from mbh_utils.errors import MBHError
from mbh_utils.lenses import clusters
from mbh_utils.lenses.clusters.chain import Chain
from mbh_utils.lenses.clusters.sub_clusters import sub_clusters_of

# The function of that name hides the file.
module = importlib.import_module("mbh_utils.lenses.clusters.lesions")


def small(seed: int, hidden: tuple[int, ...] = (7, 5), n: int = 40) -> tuple:
    """A random network, labels of its hidden neurons, and samples of all three classes."""
    rng = np.random.default_rng(seed)
    network = mbh.Network(6, hidden, 3, seed=seed, bias_std=0.3)
    network.set_masks([rng.random(mask.shape) < 0.6 for mask in network.masks])
    labels = rng.integers(-1, 3, sum(hidden))
    return network, labels, Samples(rng.standard_normal((n, 6)), np.arange(n) % 3)


def accuracies_of(network, samples: Samples) -> np.ndarray:
    """Class accuracies of a module in float64."""
    twin = copy.deepcopy(network).double()
    with torch.no_grad():
        found = twin(torch.tensor(samples.images, dtype=torch.float64)).argmax(dim=1).numpy()
    right = found == samples.labels
    return np.array([right[samples.labels == c].mean() for c in np.unique(samples.labels)])


def by_hand(network: mbh.Network, layer: int, neurons, samples: Samples) -> np.ndarray:
    """Class accuracies with the incoming weights and biases of some neurons set to 0."""
    twin = copy.deepcopy(network)
    with torch.no_grad():
        twin.hidden_layers[layer].weight[neurons] = 0
        twin.hidden_layers[layer].bias[neurons] = 0
    return accuracies_of(twin, samples)


# ---------------------------------------------------------------------------- worked numbers


def test_worked_number_5_importance_and_range():
    before = np.array([0.9, 0.8, 1.0, 0.7])
    true = np.array([0.5, 0.8, 0.9, 0.6])
    changes = np.stack([true - before, np.full(4, -0.10), np.full(4, -0.05)])[None]
    (row,) = module.importance_of(changes, before.mean()).to_dict("records")
    assert row["drop"] == pytest.approx(0.15) and row["drop_null"] == pytest.approx(0.075)
    assert row["effect_importance"] == pytest.approx(4 / 3)
    assert row["range"] == pytest.approx(2.66667, abs=1e-5)
    assert row["range_null"] == 0 and row["effect_range"] == 2
    assert row["std"] == pytest.approx(np.std(true - before)) and row["effect_std"] == 2
    # Below and above both draws: (0 + 1/2) / 3.
    assert row["p_importance"] == row["p_range"] == row["p_std"] == pytest.approx(1 / 6)


def test_a_mean_change_near_0_has_no_range_but_a_spread():
    uneven = np.array([-0.2, 0.2003])
    even = np.array([-0.1, -0.1])
    table = module.importance_of(np.stack([[uneven, even], [even, uneven]]), 0.5)
    assert np.isnan(table["range"][0]) and np.isnan(table["p_range"][0])
    assert table["std"][0] == pytest.approx(0.20015)
    assert table["range"][1] == 0 and table["range_draws"].tolist() == [1, 0]
    assert np.isnan(table["p_range"][1])  # no draw that counts
    assert table["effect_importance"][0] == 0  # nothing is lost


def test_worked_number_6_a_lesion_of_a_planted_half_takes_its_five_classes():
    network, labels, samples = planted()
    found = clusters.lesions(network, labels, samples, draws=0)
    assert (found["before"] == 1).all()
    for (_, cluster), rows in found.groupby(["layer", "cluster"]):
        own = np.arange(10) // 5 == cluster
        after = rows.set_index("class")["after"].to_numpy()
        assert after[own].mean() <= 0.2  # chance among five
        assert (after[~own] == 1).all()


@pytest.mark.parametrize("seed", range(3))
def test_worked_number_6_clustering_finds_the_halves_and_p_range_is_minimal(seed):
    network, halves, samples = planted()
    labels = clusters.cluster(clusters.weight_graph(network), 2, seed)
    assert ((labels[:, None] == labels) == (halves[:, None] == halves)).all()
    found = clusters.importance(network, labels, samples, seed=seed)
    assert len(found) == 4
    assert (found["p_range"] == 0.5 / 20).all()
    assert (found["effect_range"] > 1.25).all()


# ------------------------------------------------------------------------------ by brute force


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([(7,), (7, 5), (6, 5, 8)]), st.booleans())
def test_every_lesion_is_that_of_weights_and_biases_of_0(seed, hidden, dead_ends):
    network, labels, samples = small(seed, hidden)
    chain = Chain.of(network)
    found = sub_clusters_of(chain, labels, 3, seed, dead_ends)
    before, after = module.class_accuracies(chain, found, samples)
    np.testing.assert_array_equal(before, accuracies_of(network, samples))
    for one, accuracies in zip(found, after, strict=True):
        for neurons, own in zip(one.sets, accuracies, strict=True):
            np.testing.assert_array_equal(own, by_hand(network, one.layer, neurons, samples))


def test_blocks_of_images_change_nothing(monkeypatch):
    network, labels, samples = small(3, n=100)
    whole = clusters.lesions(network, labels, samples)
    monkeypatch.setattr(module, "_BLOCK_BYTES", 1)
    assert clusters.lesions(network, labels, samples).equals(whole)


class WithSkip(nn.Module):
    """A residual block: linear units carry the inputs past the ReLUs."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(4, 6)
        self.second = nn.Linear(6, 4)
        self.third = nn.Linear(4, 5)
        self.output = nn.Linear(5, 3)
        self.lesioned = {0: [], 1: []}

    def forward(self, x):
        a = torch.relu(self.first(x))
        keep = torch.ones(6, dtype=x.dtype)
        keep[self.lesioned[0]] = 0
        x = x + self.second(a * keep)
        a = torch.relu(self.third(x))
        keep = torch.ones(5, dtype=x.dtype)
        keep[self.lesioned[1]] = 0
        return self.output(a * keep)


def test_linear_units_are_carried_on_past_a_lesion():
    network = WithSkip().eval()
    rng = np.random.default_rng(0)
    samples = Samples(rng.standard_normal((60, 4)), np.arange(60) % 3)
    labels = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1])
    found = clusters.lesions(network, labels, samples, draws=0)
    assert len(found) == 4 * 3
    for (layer, cluster), rows in found.groupby(["layer", "cluster"]):
        own = labels[:6] if layer == 0 else labels[6:]
        network.lesioned = {0: [], 1: []} | {layer: np.flatnonzero(own == cluster).tolist()}
        np.testing.assert_array_equal(rows["after"], accuracies_of(network, samples))


# ---------------------------------------------------------------------------------- sub-clusters


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.booleans())
def test_random_sets_are_partitions_like_the_clusters_themselves(seed, dead_ends):
    network, labels, _ = small(seed)
    chain = Chain.of(network)
    found = sub_clusters_of(chain, labels, 5, seed, dead_ends)
    by_layer = np.split(labels, [7])
    for layer, own in enumerate(by_layer):
        pool = own >= 0 if dead_ends else (own >= 0) & chain.reaching[layer]
        here = [one for one in found if one.layer == layer]
        sizes = {c: int((own[pool] == c).sum()) for c in np.unique(own[pool])}
        right = {c: n for c, n in sizes.items() if 2 <= n <= 0.99 * pool.sum()}
        assert {one.cluster: one.size for one in here} == right
        for one in here:
            assert np.isin(one.sets, np.flatnonzero(pool)).all() and one.live == pool.sum()
            np.testing.assert_array_equal(one.sets[0], np.flatnonzero(pool & (own == one.cluster)))
        for draw in range(6):
            drawn = [neuron for one in here for neuron in one.sets[draw]]
            assert len(set(drawn)) == len(drawn)


def test_every_set_of_the_right_size_is_drawn_equally_often():
    network = mbh.Network(3, (4,), 2)
    (one, _) = sub_clusters_of(Chain.of(network), [0, 0, 1, 1], 6_000, 0, False)
    _, counts = np.unique(one.sets[1:], axis=0, return_counts=True)
    assert len(counts) == 6 and np.abs(counts - 1_000).max() < 130  # 4.5 standard deviations


def test_dead_ends_are_left_out_and_reported_on_request():
    network = mbh.Network(4, (6, 3), 2, bias_std=0.1)
    first, second = network.masks
    second[:, :2] = False
    network.set_masks([first, second])
    labels = [0, 0, 0, 0, 1, 1, 0, 1, 1]
    without = clusters.sub_clusters(network, labels)
    with_them = clusters.sub_clusters(network, labels, dead_ends=True)
    assert without.iloc[0].tolist() == [0, 0, 2, 4]
    assert with_them.iloc[0].tolist() == [0, 0, 4, 6]
    assert [reached.sum() for reached in Chain.of(network).reaching] == [4, 3]


def test_a_neuron_behind_which_the_output_layer_is_pruned_is_a_dead_end():
    network = mbh.Network(4, (6, 3), 2)
    with torch.no_grad():
        network.output.weight[:, 0] = 0
        network.hidden_layers[1].weight[1:, 5] = 0
    reaching = Chain.of(network).reaching
    assert reaching[1].tolist() == [False, True, True]
    assert reaching[0].tolist() == [True] * 5 + [False]


def test_labels_of_all_units_and_of_hidden_neurons_say_the_same():
    network, labels, samples = small(1)
    whole = np.concatenate([np.full(6, 7), labels, np.full(3, 8)])
    expected = clusters.importance(network, labels, samples)
    assert clusters.importance(network, whole, samples).equals(expected)


def test_seeds_give_other_sets_and_equal_ones_the_same():
    network, labels, samples = small(1)
    one = clusters.importance(network, labels, samples, seed=1)
    assert one.equals(clusters.importance(network, labels, samples, seed=1))
    assert not one.equals(clusters.importance(network, labels, samples, seed=2))


def test_importance_is_made_of_the_lesions_that_are_told():
    network, labels, samples = small(5)
    told = clusters.lesions(network, labels, samples, seed=3)
    found = clusters.importance(network, labels, samples, seed=3, ties="strict")
    told = told.assign(change=told["after"] - told["before"])
    means = told.groupby(["layer", "cluster", "draw"])["change"].mean().unstack("draw").round(12)
    drop = -means[0].to_numpy()
    np.testing.assert_allclose(found["drop"], drop)
    np.testing.assert_allclose(found["drop_null"], -means.loc[:, 1:].mean(axis=1))
    below = (means.loc[:, 1:].lt(means[0], axis=0)).sum(axis=1)
    np.testing.assert_allclose(found["p_importance"], (below + 1) / 20)
    whole = means.mean().round(12)
    assert found["p_partition"][0] == ((whole[1:] < whole[0]).sum() + 1) / 20


# -------------------------------------------------------------------------------------- bad input


@dataclasses.dataclass
class Bad:
    """What is changed in a right call, and what the message says."""

    change: dict
    says: str


NETWORK, LABELS, SAMPLES = small(2)
BAD = {
    "list of layers": Bad({"network": mbh.hidden_layers(NETWORK)}, "no outputs"),
    "labels of other neurons": Bad({"labels": [0, 1]}, r"labels have shape \(2,\)"),
    "labels as floats": Bad({"labels": np.zeros(12)}, "labels are whole numbers"),
    "labels below -1": Bad({"labels": np.full(12, -2)}, "labels are whole numbers"),
    "one cluster": Bad({"labels": np.zeros(12, int)}, "no sub-cluster"),
    "single neurons": Bad({"labels": np.arange(12)}, "no sub-cluster"),
    "class missing": Bad({"samples": SAMPLES.where(SAMPLES.labels != 1)}, "no image of class 1"),
    "class without output": Bad(
        {"samples": Samples(SAMPLES.images, SAMPLES.labels + 1)}, "label 3"
    ),
    "no samples": Bad({"samples": SAMPLES.take([])}, "samples are none"),
    "other images": Bad({"samples": Samples(np.ones((3, 5)), [0, 1, 2])}, r"takes \(n, 6\)"),
    "NaN": Bad({"samples": Samples(np.full((3, 6), np.nan), [0, 1, 2])}, "NaN"),
    "no draws": Bad({"draws": 0}, "draws is 0"),
    "other ties": Bad({"ties": "none"}, "ties"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    right = {"network": NETWORK, "labels": LABELS, "samples": SAMPLES}
    with pytest.raises(MBHError, match=BAD[name].says):
        clusters.importance(**right | BAD[name].change)


def test_one_neuron_in_each_layer_is_named():
    network = mbh.Network(6, (1, 1), 3)
    with pytest.raises(MBHError, match="no sub-cluster"):
        clusters.lesions(network, [0, 0], SAMPLES)
    assert clusters.sub_clusters(network, [0, 0]).empty


def test_one_output_is_named():
    network = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))
    with pytest.raises(MBHError, match="one output"):
        clusters.lesions(network, [0, 0, 1, 1], SAMPLES)


def test_the_chance_effect_is_that_of_each_draw_on_the_others():
    rng = np.random.default_rng(0)
    changes = -rng.random((3, 6, 4))
    found = module.importance_of(changes, 0.9)
    losses = -changes.mean(axis=2)[:, 1:]
    ranges = module.class_range(changes)[:, 1:]
    for name, values in (("importance", losses), ("range", ranges)):
        for own, row in zip(found[f"chance_{name}"], values, strict=True):
            rest = [(x, np.delete(row, i).mean()) for i, x in enumerate(row)]
            assert own == pytest.approx(np.mean([2 * x / (x + r) for x, r in rest]))
    assert (found["chance_importance"] < 1).all()


def test_one_draw_has_no_chance_effect():
    found = module.importance_of(-np.random.default_rng(0).random((2, 2, 4)), 0.9)
    assert found["chance_importance"].isna().all() and found["chance_range"].isna().all()


# --------------------------------------------------------------------------------------- controls


def test_neurons_that_do_all_the_work_are_important():
    """Of two halves one has four copies of a neuron for each class, the other does nothing."""
    first = np.vstack([np.kron(np.eye(3), np.ones((4, 1))), 0.001 * np.ones((12, 3))])
    output = np.hstack([np.kron(np.eye(3), np.ones((1, 4))), 1e-6 * np.ones((3, 12))])
    network = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 3)).requires_grad_(False)
    network[0].weight.copy_(torch.tensor(first))
    network[2].weight.copy_(torch.tensor(output))
    network[0].bias.zero_()
    network[2].bias.zero_()
    samples = Samples(np.tile(np.eye(3), (20, 1)), np.arange(60) % 3)
    found = clusters.importance(network, [0] * 12 + [1] * 12, samples)
    assert found["p_importance"][0] == 0.5 / 20 and found["effect_importance"][0] > 1.5
    assert found["drop"][0] == pytest.approx(2 / 3) and found["drop"][1] == 0
    assert found["p_importance"][1] > 0.5


def test_random_groups_are_neither_important_nor_unimportant():
    """Labels that were drawn by chance: p-values have the mean 1/2, and effects that of chance."""
    network, _, samples = small(1, (14, 10), n=90)
    tables = []
    for seed in range(60):
        labels = np.random.default_rng(1_000 + seed).integers(0, 3, 24)
        tables.append(clusters.importance(network, labels, samples, seed=seed))
    found = pd.concat(tables)
    n = np.sqrt(len(found) / 12)  # standard error of a mean of uniform numbers: 1 / (12 n)^.5
    assert len(found) > 300
    for test in ("importance", "range", "std"):
        assert abs(found[f"p_{test}"].mean() - 0.5) < 4 / (12 * n)
    beyond = found["effect_importance"] - found["chance_importance"]
    assert abs(beyond.mean()) < 4 * beyond.std() / np.sqrt(len(beyond))
