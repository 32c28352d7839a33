"""Algorithm 3: against a literal transcription, exact fixtures and the thesis's edge cases."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from small_cases import identity_network, samples_with, small_case

from mbh_utils import Plane, partition_input_space
from mbh_utils.blankets.maximal_pattern import (
    check_coverage,
    maximal_pattern,
    maximal_patterns,
    smallest_pattern,
)
from mbh_utils.blankets.mbh import specialization
from mbh_utils.errors import MBHError
from mbh_utils.regions.patterns import DecisionPattern, activation_patterns

bits = npst.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 6)))
shares = st.integers(1, 40).flatmap(lambda q: st.integers(1, q).map(lambda p: Fraction(p, q)))

SQUARE = Plane.rectangle((-1, -1), (1, 1))


def share_covered(pattern: dict[int, bool], samples: list[list[bool]]) -> Fraction:
    """Share of the samples that satisfy a pattern."""
    n_covered = sum(all(s[j] == state for j, state in pattern.items()) for s in samples)
    return Fraction(n_covered, len(samples))


def greedily(pattern_bits: np.ndarray, coverage: Fraction) -> dict[int, bool]:
    """Algorithm 3 with the acceptance rule of Definition 4.5, word by word, in exact arithmetic."""
    samples = pattern_bits.tolist()
    n = len(samples)
    k = len(samples[0])
    states = {i: 2 * sum(s[i] for s in samples) > n for i in range(k)}
    agreeing = {i: sum(s[i] == states[i] for s in samples) for i in range(k)}
    pattern = {}
    for i in sorted(range(k), key=lambda i: (-agreeing[i], i)):
        longer = {**pattern, i: states[i]}
        if share_covered(longer, samples) < coverage:
            break
        pattern = longer
    return pattern


def as_printed(pattern_bits: np.ndarray, c_p: Fraction) -> dict[int, bool]:
    """Algorithm 3 line by line as it is printed; numbers are those of its lines."""
    samples = pattern_bits.tolist()  # 3 to 5: the last layer's patterns of the inputs that embody P
    n = len(samples)
    k = len(samples[0])
    states = {i: 2 * sum(s[i] for s in samples) > n for i in range(k)}
    agreeing = {i: sum(s[i] == states[i] for s in samples) for i in range(k)}
    mp = {i: states[i] for i in range(k) if agreeing[i] == n}  # 6
    cc = Fraction(1)  # 7
    new_mp = dict(mp)  # 8
    while cc > c_p and len(mp) < k:  # 9
        mp = new_mp  # 10
        left = [i for i in range(k) if i not in mp]
        chosen = sorted(left, key=lambda i: (-agreeing[i], i))[:1]  # none once all are taken
        new_mp = mp | {i: states[i] for i in chosen}  # 11
        cc = share_covered(new_mp, samples)  # 12
    return mp


# ---------------------------------------------------------------------------- greedily, Algorithm 3


@given(bits, shares)
def test_maximal_pattern_is_the_literal_greedy_one(pattern_bits, coverage):
    n, k = pattern_bits.shape
    sigma = maximal_pattern(identity_network(k), samples_with(pattern_bits), float(coverage))
    assert sigma.as_dict() == greedily(pattern_bits, coverage)
    assert sigma.coverage == sigma.support(pattern_bits)
    assert Fraction(round(sigma.coverage * n), n) >= coverage


@given(bits, shares)
def test_strict_is_algorithm_3_as_it_is_printed(pattern_bits, coverage):
    network = identity_network(pattern_bits.shape[1])
    sigma = maximal_pattern(network, samples_with(pattern_bits), float(coverage), strict=True)
    assert sigma.as_dict() == as_printed(pattern_bits, coverage)


@given(bits, shares)
def test_the_printed_algorithm_differs_from_the_definition_only_where_c_p_is_hit(
    pattern_bits, coverage
):
    network = identity_network(pattern_bits.shape[1])
    samples = samples_with(pattern_bits)
    printed = maximal_pattern(network, samples, float(coverage), strict=True)
    defined = maximal_pattern(network, samples, float(coverage))
    if printed != defined:
        rows = pattern_bits.tolist()
        hit = [
            share_covered(dict(list(defined.as_dict().items())[:j]), rows) == coverage
            for j in range(len(defined) + 1)
        ]
        assert any(hit) and printed.as_dict().items() < defined.as_dict().items()


@given(bits, st.lists(shares, min_size=2, max_size=6))
def test_patterns_are_nested_in_coverage_and_many_at_once_are_each_alone(pattern_bits, coverages):
    network = identity_network(pattern_bits.shape[1])
    samples = samples_with(pattern_bits)
    ordered = sorted(map(float, coverages))
    for strict in (False, True):
        found = maximal_patterns(network, samples, ordered, strict=strict)
        assert found == [maximal_pattern(network, samples, c, strict=strict) for c in ordered]
        for more, fewer in zip(found, found[1:], strict=False):
            assert fewer.as_dict().items() <= more.as_dict().items()


@given(bits)
def test_full_coverage_constrains_exactly_the_neurons_that_all_samples_agree_on(pattern_bits):
    # Lemma B.1: at c_P = 1 the maximal pattern is the intersection of the samples' patterns.
    sigma = maximal_pattern(identity_network(pattern_bits.shape[1]), samples_with(pattern_bits), 1)
    constant = np.flatnonzero((pattern_bits == pattern_bits[0]).all(axis=0))
    assert sigma.as_dict() == {i: bool(pattern_bits[0, i]) for i in constant}
    assert sigma.coverage == 1


@given(bits, st.floats(1e-300, 1e-3))
def test_a_pattern_never_loses_all_samples_however_small_the_coverage(pattern_bits, coverage):
    network = identity_network(pattern_bits.shape[1])
    sigma = maximal_pattern(network, samples_with(pattern_bits), coverage)
    assert sigma.satisfied_by(pattern_bits).any()


@pytest.mark.parametrize("n", [5, 20, 40, 60, 100, 360, 1_000, 10_000, 60_000])
def test_a_share_of_the_samples_means_the_same_number_in_spite_of_rounding(n):
    # One neuron, active for exactly ``hits`` samples: accepted at c_P = hits / n, not at one more.
    network = identity_network(1)
    for hundredths in range(51, 101):
        if hundredths * n % 100:
            continue
        hits = hundredths * n // 100
        samples = samples_with(np.arange(n)[:, None] < hits)
        one_share = [  # written in four ways, which differ in the last digit
            hundredths / 100,
            1 - (100 - hundredths) / 100,
            np.arange(0, 1.005, 0.01)[hundredths],
            hits / n,
        ]
        for c in one_share:
            assert len(maximal_pattern(network, samples, min(c, 1))) == 1
        if hits < n:
            assert len(maximal_pattern(network, samples, (hits + 1) / n)) == 0


def test_exactly_half_counts_as_inactive():
    samples = samples_with(np.array([[1, 0], [1, 1], [0, 0], [0, 0]], dtype=bool))
    fewer, more = maximal_patterns(identity_network(2), samples, [0.75, 0.25])
    assert fewer.as_dict() == {1: False}
    assert more.as_dict() == {1: False, 0: False}


def test_ties_go_to_the_first_neuron_and_the_search_stops_at_the_first_break():
    # Neurons 0 and 2 hold for 3 of 4 samples, 1 for 2. Taking 0 leaves 3; then 2 would leave 2, so
    # 1 is not tried though it would leave 2 as well; a search that went on would find nothing here
    # but could elsewhere.
    samples = samples_with(np.array([[1, 1, 1], [1, 0, 1], [1, 0, 0], [0, 1, 1]], dtype=bool))
    fewer, more = maximal_patterns(identity_network(3), samples, [0.75, 0.5])
    assert fewer.as_dict() == {0: True}
    assert more.as_dict() == {0: True, 2: True}
    # Here neuron 2 breaks what 0 and 1 leave, and 3 (true wherever 0 and 1 are) is not taken after.
    rows = [[1, 1, 0, 1]] * 2 + [[1, 1, 1, 1]] * 6 + [[0, 1, 1, 0], [1, 0, 1, 0]]
    samples = samples_with(np.array(rows, dtype=bool))
    assert maximal_pattern(identity_network(4), samples, 0.8).as_dict() == {0: True, 1: True}


def test_example_of_section_4_2_2():
    # A pattern that is active on 75 % of the space and for 90 % of the inputs of class 1 has the
    # coverage 0.9.
    samples = np.column_stack([np.where(np.arange(20) < 18, 0.0, -0.75), np.zeros(20)])
    layers = [(np.array([[1.0, 0.0]]), np.array([0.5]))]
    sigma = maximal_pattern(layers, samples, 0.9)
    assert (sigma.as_dict(), sigma.coverage) == ({0: True}, 0.9)
    assert partition_input_space(layers, SQUARE).blanket(sigma).share == 0.75
    assert maximal_pattern(layers, samples, 0.91).as_dict() == {}  # the trivial blanket


def test_one_sample_and_equal_samples_constrain_every_neuron():
    layers, samples, _ = small_case(0)
    for few in (samples[:1], np.repeat(samples[:1], 5, axis=0)):
        sigma = maximal_pattern(layers, few, 1, scope="all")
        assert len(sigma) == 7
        assert (sigma.states == activation_patterns(layers, few)[0][sigma.neurons]).all()


def test_scope_last_numbers_neurons_over_the_whole_network():
    layers, samples, _ = small_case(1, hidden=(5, 4, 3))
    last = maximal_pattern(layers, samples, 0.5)
    assert len(last) and last.neurons.min() >= 9
    anywhere = maximal_pattern(layers, samples, 0.5, scope="all")
    assert anywhere.neurons.min() < 9  # all layers may be constrained
    for sigma in (last, anywhere):
        assert sigma.coverage == sigma.support(activation_patterns(layers, samples)) >= 0.5


def test_a_sequential_s_output_layer_belongs_to_no_pattern_unless_asked_for():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 4))
    samples = np.random.default_rng(0).random((9, 2))
    assert maximal_pattern(network, samples[:1], 1).neurons.tolist() == [0, 1, 2]
    with_output = maximal_pattern(network, samples[:1], 1, output_layer=False)
    assert sorted(with_output.neurons) == [3, 4, 5, 6]


# ---------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("coverage", [0, -0.1, 1.0001, 80, np.nan, np.inf, None, "0.8", [0.8], 1j])
def test_coverages_outside_of_0_to_1_are_refused(coverage):
    wanted = r"coverage c_P is .*in \(0, 1\]"
    with pytest.raises(MBHError, match=wanted):
        check_coverage(coverage)
    with pytest.raises(MBHError, match=wanted):
        maximal_pattern(identity_network(1), np.ones((2, 1)), coverage)
    with pytest.raises(MBHError, match="coverage c_P"):
        smallest_pattern(identity_network(2), np.ones((2, 2)), SQUARE, coverage)
    with pytest.raises(MBHError, match="coverage c_P"):
        specialization(identity_network(2), np.ones((2, 2)), SQUARE, coverage)


@pytest.mark.parametrize(
    "coverage", [1, np.float64(0.8), np.float32(0.5), np.int64(1), Fraction(1, 2)]
)
def test_any_real_number_is_a_coverage(coverage):
    assert type(check_coverage(coverage)) is float


def test_no_sample_is_refused():
    with pytest.raises(MBHError, match="no sample"):
        maximal_pattern(identity_network(2), np.zeros((0, 2)))
    with pytest.raises(MBHError, match="no sample"):
        specialization(identity_network(2), np.zeros((0, 2)), SQUARE)


def test_an_unknown_scope_is_refused():
    with pytest.raises(MBHError, match="scope is 'first'; choose \"last\""):
        maximal_pattern(identity_network(2), np.ones((1, 2)), scope="first")


# -------------------------------------------------------------------- by trying all, Definition 4.4


F4 = [(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), np.array([0.9, 0.8, 0.0]))]
F4_SAMPLES = np.array([[-0.5, 0.0]] * 7 + [[-0.5, -0.9]] + [[0.5, 0.0]] * 2)


@pytest.mark.parametrize(
    ("coverage", "greedy", "optimal"),
    [(1.0, 0.05, 0.05), (0.9, 0.145, 0.145), (0.8, 0.145, 0.55), (0.7, 0.595, 0.595)],
)
def test_fixture_f4_where_the_greedy_search_fails(coverage, greedy, optimal):
    assert specialization(F4, F4_SAMPLES, SQUARE, coverage) == pytest.approx(greedy, abs=1e-12)
    best = smallest_pattern(F4, F4_SAMPLES, SQUARE, coverage)
    share = partition_input_space(F4, SQUARE).blanket(best).share
    assert 1 - share == pytest.approx(optimal, abs=1e-12)
    assert best.support(activation_patterns(F4, F4_SAMPLES)) == best.coverage >= coverage - 1e-12


def test_fixture_f4_the_optimal_pattern():
    assert smallest_pattern(F4, F4_SAMPLES, SQUARE, 0.8).as_dict() == {0: True, 2: False}
    shares = {(): 1, (0,): 0.95, (0, 1): 0.855, (0, 2): 0.45, (0, 1, 2): 0.405}
    regions = partition_input_space(F4, SQUARE)
    for neurons, share in shares.items():
        pattern = DecisionPattern(list(neurons), [n != 2 for n in neurons])
        assert regions.blanket(pattern).share == pytest.approx(share, abs=1e-14)


def test_of_equally_small_blankets_the_one_with_fewest_constraints_is_taken():
    # The second neuron is active wherever the first is: constraining it as well changes nothing.
    layers = [(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.0, 0.5]))]
    assert smallest_pattern(layers, np.array([[0.5, 0.0]]), SQUARE, 1.0).as_dict() == {0: True}


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from([0.2, 0.4, 0.6, 0.8, 1.0]))
def test_smallest_pattern_is_the_smallest_of_all(seed, coverage):
    layers, samples, plane = small_case(seed, hidden=(3, 2), n=10)
    regions = partition_input_space(layers, plane)
    patterns = activation_patterns(layers, samples)
    smallest = 1.0
    for states in itertools.product((None, False, True), repeat=5):
        chosen = [i for i, s in enumerate(states) if s is not None]
        pattern = DecisionPattern(chosen, [states[i] for i in chosen])
        if pattern.satisfied_by(patterns).sum() >= round(10 * coverage):
            smallest = min(smallest, regions.blanket(pattern).share)
    found = smallest_pattern(layers, samples, plane, coverage)
    assert regions.blanket(found).share == pytest.approx(smallest, abs=1e-11)
    assert found.support(patterns) >= coverage - 1e-12
    greedy = maximal_pattern(layers, samples, coverage, scope="all")
    assert smallest <= regions.blanket(greedy).share + 1e-11


def test_trying_all_subsets_of_many_neurons_is_refused():
    with pytest.raises(MBHError, match="13 neurons.*maximal_pattern"):
        smallest_pattern(identity_network(13), np.ones((2, 13)), SQUARE, 0.5)
