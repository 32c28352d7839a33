"""Decision patterns mined by a tree: by hand, and against scikit-learn's own tree."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from mbh_utils.blankets.mining import mine_patterns
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.patterns import activation_patterns


def random_layers(rng, sizes):
    shapes = [(m, n) for n, m in pairwise(sizes)]
    return [(rng.standard_normal(shape), rng.standard_normal(shape[0])) for shape in shapes]


def test_mined_by_hand_the_patterns_are_the_branches_of_the_tree():
    # One hidden layer of three neurons, x > 0 each; the third is never asked: it says nothing about
    # the class.
    layers = [(np.eye(3), np.zeros(3))]
    images = np.array(
        [[1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1], [-1, 1, 1], [-1, -1, -1], [-1, 1, -1]]
    )
    mined = mine_patterns(layers, Samples(images, [4, 4, 7, 7, 2, 2, 2]))
    found = [(m.pattern.as_dict(), m.label, m.n_samples, m.n_right) for m in mined]
    assert sorted(found, key=lambda leaf: leaf[1]) == [
        ({0: False}, 2, 3, 3),
        ({0: True, 1: True}, 4, 2, 2),
        ({0: True, 1: False}, 7, 2, 2),
    ]
    assert sorted(m.pattern.coverage for m in mined) == pytest.approx([2 / 7, 2 / 7, 3 / 7])


def test_samples_that_the_neurons_cannot_tell_apart_share_a_pattern():
    layers = [(np.array([[1.0]]), np.zeros(1))]
    mined = mine_patterns(layers, Samples([[1], [2], [3], [-1]], [0, 1, 1, 0]))
    assert {(m.label, m.n_samples, m.n_right) for m in mined} == {(1, 3, 2), (0, 1, 1)}
    (only,) = mine_patterns(layers, Samples([[1], [2]], [5, 5]))
    assert len(only.pattern) == 0
    assert only.pattern.coverage == 1
    assert (only.label, only.n_right) == (5, 2)


@pytest.mark.parametrize("seed", range(3))
def test_every_sample_satisfies_exactly_one_mined_pattern_and_gets_the_tree_s_class(seed):
    rng = np.random.default_rng(seed)
    layers = random_layers(rng, (5, 9, 7))
    samples = Samples(rng.standard_normal((300, 5)), rng.integers(4, size=300))
    mined = mine_patterns(layers, samples)
    bits = activation_patterns(layers, samples.images)
    satisfied = np.array([m.pattern.satisfied_by(bits) for m in mined])
    assert (satisfied.sum(axis=0) == 1).all() and all(m.pattern.neurons.min() >= 9 for m in mined)
    assert [m.n_samples for m in mined] == satisfied.sum(axis=1).tolist()
    for inside, m in zip(satisfied, mined, strict=True):
        assert m.n_right == (samples.labels[inside] == m.label).sum()
    tree = DecisionTreeClassifier(random_state=0).fit(bits[:, 9:], samples.labels)
    assert len(mined) == tree.get_n_leaves()
    assert max(len(m.pattern) for m in mined) == tree.get_depth()
    labels = np.array([m.label for m in mined])
    assert (labels[satisfied.argmax(axis=0)] == tree.predict(bits[:, 9:])).all()


@pytest.mark.parametrize("seed", range(3))
def test_with_all_layers_in_scope_neurons_of_every_layer_may_be_asked(seed):
    rng = np.random.default_rng(seed)
    layers = random_layers(rng, (5, 9, 7))
    samples = Samples(rng.standard_normal((300, 5)), rng.integers(4, size=300))
    mined = mine_patterns(layers, samples, scope="all")
    bits = activation_patterns(layers, samples.images)
    asked = np.concatenate([m.pattern.neurons for m in mined])
    assert asked.min() < 9 <= asked.max()
    assert (sum(m.pattern.satisfied_by(bits).astype(int) for m in mined) == 1).all()
    tree = DecisionTreeClassifier(random_state=0).fit(bits, samples.labels)
    assert len(mined) == tree.get_n_leaves()
    assert [m.n_right for m in mined] == [
        (samples.labels[m.pattern.satisfied_by(bits)] == m.label).sum() for m in mined
    ]


@pytest.mark.parametrize("scope, used", [("last", slice(6, None)), ("all", slice(None))])
def test_the_tree_is_as_accurate_as_any_rule_on_these_patterns_can_be(scope, used):
    rng = np.random.default_rng(7)
    layers = random_layers(rng, (4, 6, 3))
    samples = Samples(rng.standard_normal((400, 4)), rng.integers(3, size=400))
    right: dict[bytes, np.ndarray] = {}
    for bits, label in zip(
        activation_patterns(layers, samples.images), samples.labels, strict=True
    ):
        right.setdefault(bits[used].tobytes(), np.zeros(3, int))[label] += 1
    best = sum(int(counts.max()) for counts in right.values())
    assert sum(m.n_right for m in mine_patterns(layers, samples, scope=scope)) == best < 400


def test_mining_among_no_sample_is_refused():
    with pytest.raises(MBHError, match="at least one sample"):
        mine_patterns([(np.eye(2), np.zeros(2))], Samples(np.zeros((0, 2)), np.zeros(0, int)))
