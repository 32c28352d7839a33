"""Patterns of some candidates only: against networks in which the other neurons are cut out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_cases import identity_network, samples_with, small_case

import mbh_utils as mbh
from mbh_utils.blankets.candidates import (
    Constraints,
    among_candidates,
    best_few,
    blanket_shares,
    joined,
    masks_of,
    matched_specialization,
    random_sets,
)
from mbh_utils.blankets.maximal_pattern import maximal_pattern, maximal_patterns, needed_samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.blanket import pattern_masks
from mbh_utils.regions.patterns import DecisionPattern, activation_patterns

COVERAGES = [0.5, 0.8, 1.0]


def cut(layers, kept):
    """The network without the other neurons of its last hidden layer."""
    weight, bias = layers[-1]
    return [*layers[:-1], (weight[kept], bias[kept])]


def as_dict(constraints):
    return dict(zip(constraints.neurons.tolist(), constraints.states.tolist(), strict=True))


@given(st.integers(0, 10_000), st.integers(1, 6))
@settings(max_examples=40)
def test_candidates_are_what_is_left_when_the_other_neurons_are_cut_out(seed, size):
    layers, samples, _ = small_case(seed, hidden=(5, 6))
    chosen = np.sort(np.random.default_rng(seed).permutation(6)[:size])
    bits = activation_patterns(layers, samples)[:, 5:]
    found = among_candidates(bits, chosen, COVERAGES)
    of_cut = maximal_patterns(cut(layers, chosen), samples, COVERAGES)
    for here, there in zip(found, of_cut, strict=True):
        renamed = {int(chosen[j - 5]): state for j, state in there.as_dict().items()}
        assert as_dict(here) == renamed
        assert here.share == there.coverage


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_all_neurons_as_candidates_are_algorithm_3(seed):
    layers, samples, plane = small_case(seed, hidden=(5, 6))
    bits = activation_patterns(layers, samples)[:, 5:]
    found = among_candidates(bits, np.arange(6), COVERAGES)
    usual = maximal_patterns(layers, samples, COVERAGES)
    for here, there in zip(found, usual, strict=True):
        assert {5 + j: state for j, state in as_dict(here).items()} == there.as_dict()
    matched = matched_specialization(layers, samples, plane, candidates=6)
    assert matched == pytest.approx(mbh.specialization(layers, samples, plane), abs=1e-12)


def test_it_is_the_mean_over_all_sets_where_all_are_drawn_often():
    layers, samples, plane = small_case(3, hidden=(4, 3))
    each = [
        mbh.specialization(cut(layers, list(kept)), samples, plane)
        for kept in itertools.combinations(range(3), 2)
    ]
    found = matched_specialization(layers, samples, plane, candidates=2, draws=3_000)
    assert len({round(s, 6) for s in each}) > 1
    assert found == pytest.approx(np.mean(each), abs=4 * np.std(each) / np.sqrt(3_000))


def test_candidates_of_all_layers_can_be_chosen():
    layers, samples, plane = small_case(5)
    whole = matched_specialization(layers, samples, plane, candidates=7, scope="all")
    assert whole == pytest.approx(mbh.specialization(layers, samples, plane, scope="all"))


@pytest.mark.parametrize("ill", [0, 4, 1.5, None])
def test_more_candidates_than_neurons_are_refused(ill):
    layers, samples, plane = small_case(3)
    with pytest.raises(MBHError, match="candidates"):
        matched_specialization(layers, samples, plane, candidates=ill)


def test_no_plane_is_refused():
    layers, samples, _ = small_case(3)
    with pytest.raises(MBHError, match="at least one plane"):
        matched_specialization(layers, samples, [], candidates=1)


def test_random_sets_are_nested_and_have_no_neuron_twice():
    small = random_sets(20, 4, draws=6, seed=1)
    large = random_sets(20, 11, draws=6, seed=1)
    assert len(small) == len(large) == 6
    for few, many in zip(small, large, strict=True):
        assert set(few) < set(many) and len(set(many)) == 11
        assert (np.diff(few) > 0).all()
    assert len({tuple(chosen) for chosen in small}) == 6
    assert len(random_sets(5, 5, draws=6)) == 1


def test_every_neuron_is_drawn_about_equally_often():
    drawn = np.concatenate(random_sets(10, 3, draws=4_000))
    counts = np.bincount(drawn, minlength=10)
    assert np.abs(counts - 1_200).max() < 5 * np.sqrt(4_000 * 0.3 * 0.7)


# ------------------------------------------------------------------------------------ the best few


def areas_of_best(bits, regions, areas, coverage, size):
    """The least area that any so many constraints to majority states leave: by trying all."""
    states = 2 * bits.sum(axis=0) > len(bits)
    needed = needed_samples(coverage, len(bits))
    left = [areas.sum()]
    for k in range(1, size + 1):
        for chosen in map(list, itertools.combinations(range(bits.shape[1]), k)):
            if (bits[:, chosen] == states[chosen]).all(axis=1).sum() >= needed:
                inside = (regions[:, chosen] == states[chosen]).all(axis=1)
                left.append(areas[inside].sum())
    return min(left)


def area_left(pattern, regions, areas):
    return areas[(regions[:, pattern.neurons] == pattern.states).all(axis=1)].sum()


@given(st.integers(0, 10_000), st.sampled_from(COVERAGES))
@settings(max_examples=40)
def test_the_best_few_cover_enough_and_the_first_of_them_is_the_best(seed, coverage):
    rng = np.random.default_rng(seed)
    bits = rng.random((30, 5)) < rng.random(5)
    regions = (rng.random((40, 5)) < 0.5).astype(np.float32)
    areas = rng.random(40).astype(np.float32)
    found = best_few(bits, regions, areas, coverage, [1, 3, 5])
    for size, pattern in zip([1, 3, 5], found, strict=True):
        assert len(pattern.neurons) <= size
        inside = (bits[:, pattern.neurons] == pattern.states).all(axis=1)
        assert pattern.share == pytest.approx(inside.mean())
        assert pattern.share >= coverage - 1e-9
        least = areas_of_best(bits, regions, areas, coverage, size)
        assert area_left(pattern, regions, areas) >= least - 1e-4
    least = areas_of_best(bits, regions, areas, coverage, 1)
    assert area_left(found[0], regions, areas) == pytest.approx(least, abs=1e-4)


def test_the_best_is_not_what_most_samples_agree_on():
    """Neuron 0 costs no sample and excludes nothing, 1 costs one of ten, 2 excludes less."""
    bits = np.ones((10, 3), bool)
    bits[0, 1] = False
    regions = np.array([[1, 1, 1], [1, 0, 1], [1, 0, 0], [1, 1, 0]], np.float32)
    areas = np.array([0.2, 0.5, 0.1, 0.2], np.float32)
    first, both, tight = (
        best_few(bits, regions, areas, c, [k])[0] for c, k in ((0.9, 1), (0.9, 3), (1, 1))
    )
    assert as_dict(first) == {1: True}
    assert as_dict(both) == {1: True, 2: True, 0: True}
    assert as_dict(tight) == {2: True}
    assert maximal_pattern(identity_network(3), samples_with(bits), 1).as_dict() == {
        0: True,
        2: True,
    }


def test_free_constraints_that_exclude_nothing_here_are_still_taken():
    bits = np.array([[1, 1], [1, 0]], bool)
    regions = np.array([[1, 0]], np.float32)
    (pattern,) = best_few(bits, regions, np.ones(1, np.float32), 0.5, [2])
    assert as_dict(pattern) == {0: True}


# ------------------------------------------------------------------------------- blankets of many


def test_shares_are_those_of_the_partition_one_by_one():
    layers, samples, plane = small_case(11, hidden=(6, 5))
    wide = mbh.Plane.through(samples[3:6], margin=3)
    found = mbh.partition_input_space(layers, [plane, wide])
    patterns = [
        DecisionPattern([], []),
        DecisionPattern([6, 8], [True, False]),
        DecisionPattern([10], [True]),
    ]
    for asked in (patterns, patterns[1:2], patterns[:1]):
        constraints = [Constraints(p.neurons - 6, p.states, 1.0) for p in asked]
        shares = blanket_shares(found, *masks_of((6, 5), 6, constraints))
        brute = [[regions.blanket(p).share for p in asked] for regions in found]
        np.testing.assert_allclose(shares, brute, atol=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_masks_are_those_of_decision_patterns(seed):
    rng = np.random.default_rng(seed)
    widths = (3, 70, 5)
    asked = [rng.permutation(78)[: rng.integers(78)] for _ in range(4)]
    constraints = [Constraints(chosen, rng.random(len(chosen)) < 0.5, 1.0) for chosen in asked]
    usual = pattern_masks(widths, [DecisionPattern(c.neurons, c.states) for c in constraints])
    for here, there in zip(masks_of(widths, 0, constraints), usual, strict=True):
        assert (here == there).all()


def test_joined_words_keep_their_area():
    words = np.array([[3, 1], [2, 1], [3, 1], [3, 2]], np.uint64)
    distinct, areas = joined(words, np.array([1.0, 2.0, 4.0, 8.0]))
    found = {tuple(map(int, w)): a for w, a in zip(distinct, areas, strict=True)}
    assert found == {(3, 1): 5.0, (2, 1): 2.0, (3, 2): 8.0}
