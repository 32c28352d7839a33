"""Coherence: optimised images against torch's Adam, entropies and correlations against scipy."""

import importlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_networks import planted
from scipy import stats
from torch import nn

import mbh_utils as mbh
from mbh_utils import Samples
from mbh_utils.errors import MBHError
from mbh_utils.lenses import clusters
from mbh_utils.lenses.clusters.chain import Chain
from mbh_utils.lenses.clusters.sub_clusters import sub_clusters_of

# The function of that name hides the file.
module = importlib.import_module("mbh_utils.lenses.clusters.coherence")


def small(seed: int = 0, hidden: tuple[int, ...] = (8, 6)) -> tuple:
    rng = np.random.default_rng(seed)
    network = mbh.Network(5, hidden, 3, seed=seed, bias_std=0.2)
    labels = rng.integers(0, 3, sum(hidden))
    return network, labels, Samples(rng.random((45, 5)), np.arange(45) % 3)


class Residual(nn.Module):
    """Linear units carry the inputs past the first ReLU."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Linear(5, 7)
        self.back = nn.Linear(7, 5)
        self.second = nn.Linear(5, 6)
        self.output = nn.Linear(6, 3)

    def preactivations(self, x):
        z = self.first(x)
        return z, self.second(x + self.back(torch.relu(z)))

    def forward(self, x):
        return self.output(torch.relu(self.preactivations(x)[1]))


def by_torch(preactivation, neurons, start: np.ndarray, steps: int) -> np.ndarray:
    """An image optimised by torch's Adam and autograd, projected after each step."""
    x = torch.tensor(np.clip(start, 0, 1), dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([x], lr=0.05, maximize=True)
    for _ in range(steps):
        adam.zero_grad()
        preactivation(x[None])[0, neurons].abs().sum().backward()
        adam.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach().numpy()


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("steps", [1, 20, 65])
def test_optimised_images_are_those_of_torch(layer, steps):
    network = Residual().eval().double()
    chain = Chain.of(network)
    width = chain.widths[layer]
    rng = np.random.default_rng(layer)
    members = (rng.random((4, width)) < 0.5).astype(float)
    start = rng.random(5)
    found = module.optimise(chain, layer, members, start, (0.0, 1.0), steps)
    for image, own in zip(found, members, strict=True):
        neurons = np.flatnonzero(own)
        expected = by_torch(lambda x: network.preactivations(x)[layer], neurons, start, steps)
        np.testing.assert_allclose(image, expected, atol=1e-6)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_images_stay_within_limits_and_go_further_than_the_start(seed):
    network, labels, _ = small(seed)
    chain = Chain.of(network)
    start = np.full(5, 0.5)
    for layer, width in enumerate(chain.widths):
        members = np.eye(width)
        images = module.optimise(chain, layer, members, start, (0.0, 1.0), 65)
        assert images.min() >= 0 and images.max() <= 1
        before = np.abs(chain.preactivations(start[None])[layer][:, 0])
        after = np.abs(np.diag(chain.preactivations(images)[layer]))
        assert (after >= before - 0.05).all() and (after > before).mean() > 0.8


def test_the_best_corner_of_one_neuron_is_found():
    """|w x + b| is largest at a corner of the box: where w > 0, or where w < 0."""
    network, _, _ = small()
    chain = Chain.of(network)
    weight, bias = chain.layer(0)[:2]
    images = module.optimise(chain, 0, np.eye(8), np.full(5, 0.5), (0.0, 1.0), 300)
    reached = np.abs(np.diag(weight @ images.T) + bias)
    up = np.maximum(weight, 0).sum(axis=1) + bias
    down = np.minimum(weight, 0).sum(axis=1) + bias
    is_either = np.isclose(reached, np.abs(up)) | np.isclose(reached, np.abs(down))
    assert is_either.all()


def test_sets_are_optimised_as_if_each_were_alone():
    network, labels, samples = small(3)
    chain = Chain.of(network)
    members = (np.random.default_rng(0).random((5, 6)) < 0.5).astype(float)
    together = module.optimise(chain, 1, members, np.full(5, 0.4), (0.0, 1.0), 30)
    for image, own in zip(together, members, strict=True):
        alone = module.optimise(chain, 1, own[None], np.full(5, 0.4), (0.0, 1.0), 30)
        np.testing.assert_allclose(image, alone[0], atol=1e-12)


def test_what_is_told_of_an_image():
    network, labels, samples = small(1)
    chain = Chain.of(network)
    rng = np.random.default_rng(0)
    members = np.array([[1, 1, 0, 1, 0, 0], [0, 0, 1, 0, 1, 1]], float)
    images = rng.random((2, 5))
    found = module._of_images(chain, 1, members, images)
    twin = network.double()
    with torch.no_grad():
        a = torch.relu(twin.hidden_layers[0](torch.tensor(images)))
        z = twin.hidden_layers[1](a)
        outputs = twin(torch.tensor(images))
    for i, own in enumerate(members.astype(bool)):
        assert found["score"][i] == pytest.approx(np.abs(z.numpy()[i, own]).mean())
        assert found["dispersion"][i] == pytest.approx(np.maximum(z.numpy()[i, own], 0).std())
        share = torch.softmax(outputs[i], 0).numpy()
        assert found["entropy"][i] == pytest.approx(stats.entropy(share))


@given(st.lists(st.floats(-500, 500), min_size=2, max_size=6))
def test_entropy_of_a_softmax(outputs):
    (found,) = module.softmax_entropy(np.array([outputs]))
    shares = np.exp(np.array(outputs) - max(outputs))
    assert found == pytest.approx(stats.entropy(shares / shares.sum()), abs=1e-9)
    assert -1e-12 <= found <= np.log(len(outputs)) + 1e-12


@given(st.integers(0, 1000))
def test_correlations_are_those_of_scipy_and_0_for_constants(seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, (4, 12)) * 0.1
    rows[0] = 0.1
    columns = np.eye(3)[np.arange(12) % 3]
    found = module.correlation(rows, columns)
    assert (found[0] == 0).all()
    for row, own in zip(rows, found, strict=True):
        for column, value in zip(columns.T, own, strict=True):
            if np.ptp(row):
                assert value == pytest.approx(stats.pearsonr(row, column).statistic, abs=1e-9)


# ----------------------------------------------------------------------------------- the table


def test_columns_of_coherence_and_importance_go_together():
    network, labels, samples = small(2)
    one = clusters.importance(network, labels, samples, seed=4)
    other = clusters.coherence(network, labels, samples, seed=4)
    same = ["layer", "cluster", "size", "live", "draws"]
    assert one[same].equals(other[same])
    for test in ("score", "entropy", "dispersion", "class_score"):
        assert {test, f"{test}_null", f"p_{test}", f"effect_{test}"} <= set(other)
        assert other[f"p_{test}"].between(0.5 / 20, 19.5 / 20).all()
        assert other[f"effect_{test}"].between(0, 2).all()


def test_class_scores_of_the_planted_halves_are_higher_within_a_class():
    """Neurons of one class go with it; a half of five classes does not go with any one of them."""
    network, halves, samples = planted()
    by_class = np.concatenate([np.repeat(np.arange(10), n) for n in (2, 8, 8, 1)])
    found = clusters.coherence(network, by_class, samples, steps=1)
    assert (found["p_class_score"] == 0.5 / 20).all() and (found["class_score"] > 0.99).all()
    assert found["best_class"].tolist() == list(range(10)) * 2
    mixed = clusters.coherence(network, np.tile([0, 1], 95), samples, steps=1)
    assert (mixed["p_class_score"] > 0.05).all()


def test_neurons_with_the_same_inputs_get_further_than_those_of_several_classes():
    network, _, samples = planted()
    by_class = np.concatenate([np.repeat(np.arange(10), n) for n in (2, 8, 8, 1)])
    found = clusters.coherence(network, by_class, samples).query("layer == 0")
    assert (found["p_score"] == 0.5 / 20).all() and (found["effect_score"] > 1.1).all()


def test_the_class_score_is_the_mean_of_correlations():
    network, labels, samples = small(5)
    chain = Chain.of(network)
    images = np.asarray(samples.images, float)
    found = sub_clusters_of(chain, labels, 2, 0, False)
    scores = module.class_scores(chain, found, images, samples.labels)
    z = mbh.patterns.preactivations(network, samples)
    for one, own in zip(found, scores, strict=True):
        for neurons, of_classes in zip(one.sets, own, strict=True):
            for c, value in enumerate(of_classes):
                rows = [np.maximum(z[one.layer][:, i], 0) for i in neurons]
                told = [abs(np.corrcoef(a, samples.labels == c)[0, 1]) for a in rows if np.ptp(a)]
                assert value == pytest.approx(sum(told) / len(neurons))


def test_a_start_of_its_own_and_other_limits_are_used():
    network, labels, samples = small(2)
    usual = clusters.coherence(network, labels, samples, steps=0)
    mean = np.asarray(samples.images, float).mean(axis=0)
    assert clusters.coherence(network, labels, samples, steps=0, start=mean).equals(usual)
    elsewhere = clusters.coherence(network, labels, samples, steps=0, start=mean / 2)
    assert not elsewhere["score"].equals(usual["score"])
    wide = clusters.coherence(network, labels, samples, limits=(-3, 3))
    assert (wide["score"] > clusters.coherence(network, labels, samples)["score"]).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"start": [0.5]}, "start has 1 values"),
        ({"start": np.full(5, np.nan)}, "start holds NaN"),
        ({"limits": (1, 0)}, "limits"),
        ({"limits": (0, 1, 2)}, "limits"),
        ({"limits": (0, np.inf)}, "limits"),
        ({"steps": -1}, "steps"),
        ({"draws": 0}, "draws"),
        ({"labels": np.zeros(14, int)}, "no sub-cluster"),
    ],
)
def test_bad_input_is_named(change, says):
    network, labels, samples = small()
    right = {"network": network, "labels": labels, "samples": samples}
    with pytest.raises(MBHError, match=says):
        clusters.coherence(**right | change)


def test_neurons_that_are_never_active_are_taken_as_they_are():
    """Their activations are constant: correlations are 0, and tie with those of the draws."""
    network = mbh.Network(5, (6,), 3)
    with torch.no_grad():
        network.hidden_layers[0].weight.zero_()
        network.hidden_layers[0].bias.fill_(-1)
    samples = small()[2]
    found = clusters.coherence(network, [0, 0, 0, 1, 1, 1], samples)
    assert (found["class_score"] == 0).all()
    for test in ("score", "entropy", "dispersion", "class_score"):
        assert (found[f"p_{test}"] == 0.5).all() and (found[f"effect_{test}"] == 1).all()
