"""Single neurons and groups of eight, for layers in which every image has its own pattern."""

import numpy as np
import pytest
from bit_strategies import brute_entropy, counted, patterns, two_patterns
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.lenses import evolution
from mbh_utils.lenses.evolution.neurons import stream


@given(two_patterns())
def test_agreement_is_that_of_brute_force(pair):
    a, b = pair
    found = evolution.agreement(a, b)
    n, width = a.shape
    share = sum(a[i, j] == b[i, j] for i in range(n) for j in range(width)) / (n * width)
    assert found.share == pytest.approx(share)
    by_pairs = [
        sum(x == y for x in a[:, j] for y in b[:, j]) / n**2 for j in range(width)
    ]  # each image of one against each of the other: independent draws
    assert found.chance == pytest.approx(np.mean(by_pairs))
    if found.chance < 1:
        assert found.kappa == pytest.approx((share - found.chance) / (1 - found.chance))
    else:
        assert np.isnan(found.kappa)


def test_kappa_of_equal_of_independent_and_of_constant_states():
    rng = np.random.default_rng(0)
    bits = rng.random((4_000, 30)) < 0.3
    assert evolution.agreement(bits, bits).kappa == 1
    assert abs(evolution.agreement(bits, rng.random((4_000, 30)) < 0.6).kappa) < 0.02
    constant = np.tile([True, False], (10, 3))
    found = evolution.agreement(constant, constant)
    assert found.share == found.chance == 1 and np.isnan(found.kappa)


def test_different_images_or_neurons_are_named():
    with pytest.raises(MBHError, match=r"bits_a has shape \(2, 3\) and bits_b \(2, 4\)"):
        evolution.agreement(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(MBHError, match=r"bits_a has shape \(2, 3\) and bits_b \(3, 3\)"):
        evolution.agreement(np.ones((2, 3)), np.ones((3, 3)))


@given(patterns())
def test_states_of_neurons_are_those_of_brute_force(bits):
    found = evolution.neuron_states(bits)
    each = [brute_entropy(counted(bits[:, [j]])) for j in range(bits.shape[1])]
    assert found.entropy == pytest.approx(np.mean(each), abs=1e-12)
    assert found.dead_share == np.mean([not column.any() for column in bits.T])
    assert found.always_on_share == np.mean([column.all() for column in bits.T])


def groups_of(width: int, size: int, seed: int) -> list[np.ndarray]:
    """The groups of neurons that the lens draws, written down once more."""
    order = stream(seed, "neuron_groups").permutation(width)
    return np.array_split(order, -(-width // size))


@given(two_patterns(most_neurons=20), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_blocks_are_those_of_brute_force(pair, size, seed):
    labels = np.random.default_rng(seed).integers(3, size=len(pair[0]))
    a, b = (evolution.block_patterns(bits, size=size, seed=5) for bits in pair)
    groups = groups_of(pair[0].shape[1], size, 5)
    assert a.sizes.tolist() == [len(group) for group in groups]
    assert max(a.sizes) <= size and max(a.sizes) - min(a.sizes) <= 1
    sets = [evolution.jaccard(*_counts(pair, group)) for group in groups]
    weighted = [evolution.weighted_jaccard(*_counts(pair, group)) for group in groups]
    shares = [evolution.relative_entropy(_counts(pair, group)[0]) for group in groups]
    told = [evolution.label_information(pair[0][:, g], labels).information for g in groups]
    assert a.jaccard(b) == pytest.approx(np.mean(sets))
    assert a.weighted_jaccard(b) == pytest.approx(np.mean(weighted))
    assert a.relative_entropy == pytest.approx(np.mean(shares), nan_ok=True)
    assert a.information(labels) == pytest.approx(np.mean(told), abs=1e-9)


def _counts(pair, group):
    return [evolution.pattern_counts(bits[:, group]) for bits in pair]


def test_blocks_of_one_neuron():
    one = evolution.block_patterns([[1], [0], [1], [0]])
    assert one.sizes.tolist() == [1] and one.relative_entropy == 1
    assert one.information([1, 0, 1, 0]) == 1


def test_ill_blocks_are_named():
    one = evolution.block_patterns([[1, 0, 1], [0, 0, 1]])
    with pytest.raises(MBHError, match="size is 9"):
        evolution.block_patterns([[1, 0]], size=9)
    with pytest.raises(MBHError, match="other has groups of 2 neurons, this one of 3"):
        one.jaccard(evolution.block_patterns([[1, 0], [0, 0]]))
    with pytest.raises(MBHError, match="labels have shape"):
        one.information([1, 2, 3])
    with pytest.raises(MBHError, match="other is None"):
        one.weighted_jaccard(None)
