"""Optimal patterns: against trying all, by hand, and where the solver is stopped."""

import itertools
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from small_cases import identity_network, small_case

import mbh_utils as mbh
from mbh_utils.blankets.covering import (
    Programme,
    best_choice,
    conflicts,
    merged_rows,
    reduced,
    searched,
)
from mbh_utils.errors import MBHError

SQUARE = mbh.Plane.rectangle((-1, -1), (1, 1))


# --------------------------------------------------------------------- the programme, by trying all


@st.composite
def programmes(draw) -> Programme:
    """Small programmes with samples, regions and constraints at random."""
    k = draw(st.integers(1, 6))
    n = draw(st.integers(1, 9))
    r = draw(st.integers(1, 9))
    return Programme(
        dissent=draw(npst.arrays(bool, (n, k))),
        samples=np.ones(n),
        outside=draw(npst.arrays(bool, (r, k))),
        areas=draw(npst.arrays(np.int64, r, elements=st.integers(1, 9))) / 100,
        inside=0.0,
        allowed=draw(st.integers(0, n)),
        most=draw(st.none() | st.integers(0, k)),
        names=np.arange(k),
    )


def choices(programme: Programme) -> list[list[int]]:
    """All that may be chosen."""
    k = len(programme.names)
    most = k if programme.most is None else programme.most
    subsets = [list(c) for m in range(most + 1) for c in itertools.combinations(range(k), m)]
    return [c for c in subsets if programme.dropped(c) <= programme.allowed]


@given(programmes())
@settings(max_examples=100, deadline=None)
def test_the_best_choice_is_that_of_trying_all(programme):
    best = min(programme.share(c) for c in choices(programme))
    found = best_choice(programme)
    assert found.proven and found.bound == pytest.approx(best, abs=1e-6)
    assert sorted(found.chosen) in choices(programme)
    chosen = found.chosen if programme.most is not None else programme.closed(found.chosen)
    assert programme.dropped(chosen) == programme.dropped(found.chosen)
    assert programme.share(chosen) == pytest.approx(best, abs=1e-6)


@given(programmes())
@settings(max_examples=60, deadline=None)
def test_fewer_constraints_have_the_same_optimum(programme):
    small = reduced(programme)
    best = min(programme.share(c) for c in choices(programme))
    assert min(small.share(c) for c in choices(small)) == pytest.approx(best)
    assert small.total == pytest.approx(programme.total)
    if programme.most is not None:  # each stands for itself
        for c in choices(small):
            assert programme.share(small.names[c].tolist()) == pytest.approx(small.share(c))


@given(programmes(), st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_conflicts_forbid_no_choice_that_is_good_enough(programme, tenth):
    wanted = tenth / 8 * programme.areas.sum()
    forbidden = conflicts(programme, wanted)
    assert (forbidden == forbidden.T).all()
    for chosen in choices(programme):
        if programme.excluded(chosen) >= wanted:
            assert not forbidden[np.ix_(chosen, chosen)].any()


def test_conflicts_find_what_cannot_be():
    """Two constraints that drop too many together, and one that leaves too little beside it."""
    dissent = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], bool)
    programme = Programme(
        dissent=dissent,
        samples=np.ones(4),
        outside=np.eye(3, dtype=bool),
        areas=np.array([0.4, 0.4, 0.2]),
        inside=0.0,
        allowed=2,
        most=None,
        names=np.arange(3),
    )
    assert conflicts(programme, 0.1).tolist() == [
        [False, False, True],
        [False, False, True],
        [True, True, False],
    ]
    assert conflicts(programme, 0.8)[2].all()  # .2 is all that the third one can exclude
    assert sorted(searched(programme)) == [0, 1]


@given(programmes())
@settings(max_examples=50, deadline=None)
def test_local_search_finds_something_allowed(programme):
    assert sorted(searched(programme)) in choices(programme)


@given(
    npst.arrays(bool, st.tuples(st.integers(0, 9), st.integers(0, 11))),
)
def test_equal_rows_become_one_with_the_sum_of_their_weights(rows):
    weights = np.arange(len(rows)) + 1.0
    expected = {}
    for row, weight in zip(rows.tolist(), weights, strict=True):
        expected[tuple(row)] = expected.get(tuple(row), 0) + weight
    found, sums = merged_rows(rows, weights)
    assert {tuple(r): w for r, w in zip(found.tolist(), sums.tolist(), strict=True)} == expected


# -------------------------------------------------------------------- the pattern, by trying all


def smallest_of_last_layer(layers, samples, planes, coverage, most=None):
    """The smallest mean share of all patterns of the last layer that cover enough samples."""
    bits = mbh.layer_patterns(layers, samples)
    n, k = bits.shape
    before = sum(len(bias) for _, bias in layers[:-1])
    partitions = mbh.partition_input_space(layers, list(planes))
    best = 1.0
    for states in itertools.product((None, False, True), repeat=k):
        chosen = [i for i in range(k) if states[i] is not None]
        sigma = mbh.DecisionPattern([before + i for i in chosen], [states[i] for i in chosen])
        covered = (bits[:, chosen] == [states[i] for i in chosen]).all(axis=1).sum()
        if covered < coverage * n - 1e-9 or (most is not None and len(chosen) > most):
            continue
        best = min(best, np.mean([regions.blanket(sigma).share for regions in partitions]))
    return best


@given(
    st.integers(0, 10_000),
    st.sampled_from([0.2, 0.5, 0.6, 0.8, 0.9, 1.0]),
    st.none() | st.integers(0, 4),
)
@settings(max_examples=15, deadline=None)
def test_the_optimal_pattern_is_the_smallest_of_all(seed, coverage, most):
    layers, samples, plane = small_case(seed, hidden=(5, 4), n=20)
    planes = [plane, mbh.Plane.through(samples[3:6])]
    found = mbh.optimal_pattern(layers, samples, planes, coverage, most_constraints=most)
    expected = smallest_of_last_layer(layers, samples, planes, coverage, most)
    assert found.proven
    assert found.share == pytest.approx(expected, abs=1e-6)
    assert found.bound <= found.share <= found.greedy_share + 1e-12
    of_pattern = 1 - mbh.specialization(
        layers, samples, planes, coverage
    )  # that of Algorithm 3, without a limit
    if most is None:
        assert found.greedy_share == pytest.approx(of_pattern)
    bits = mbh.activation_patterns(layers, samples)
    assert found.pattern.support(bits) == found.pattern.coverage >= coverage - 1e-9
    regions = mbh.partition_input_space(layers, planes)
    shares = [partition.blanket(found.pattern).share for partition in regions]
    assert found.share == pytest.approx(np.mean(shares))
    assert most is None or len(found.pattern) <= most


@pytest.mark.parametrize("coverage", [0.7, 0.8, 1.0])
def test_a_network_of_one_layer_agrees_with_smallest_pattern(coverage):
    layers, samples, plane = small_case(3, hidden=(6,), n=30)
    found = mbh.optimal_pattern(layers, samples, plane, coverage)
    regions = mbh.partition_input_space(layers, plane)
    smallest = mbh.smallest_pattern(layers, samples, plane, coverage)
    assert found.share == pytest.approx(regions.blanket(smallest).share)


def test_fig_c_1_by_hand():
    """Shares of the square: neuron 0 takes .95, neuron 1 .9, neuron 2 off .5; 0 and 2 .45."""
    layers = [([[1, 0], [0, 1], [1, 0]], [0.9, 0.8, 0])]
    samples = [[-0.5, 0]] * 7 + [[-0.5, -0.9]] + [[0.5, 0]] * 2
    found = mbh.optimal_pattern(layers, samples, SQUARE, 0.8)
    assert found.pattern.as_dict() == {0: True, 2: False}
    assert found.pattern.coverage == 0.8
    assert found.share == pytest.approx(0.45)
    assert found.greedy.as_dict() == {0: True, 1: True}
    assert found.greedy_share == pytest.approx(0.95 * 0.9)
    assert found.proven and found.bound == found.share
    alone = mbh.optimal_pattern(layers, samples, SQUARE, 0.8, most_constraints=1)
    assert alone.pattern.as_dict() == {2: False} and alone.share == pytest.approx(0.5)
    assert alone.greedy.as_dict() == {0: True} and alone.greedy_share == pytest.approx(0.95)
    none = mbh.optimal_pattern(layers, samples, SQUARE, 0.8, most_constraints=0)
    assert len(none.pattern) == 0 and none.share == 1


def test_below_one_half_the_state_of_a_minority_may_be_the_best():
    """Two fifths of the samples lie in the small half; Algorithm 3 sees the majority only."""
    layers = [([[1, 0]], [-0.5])]  # active in a quarter of the square
    samples = [[0.9, 0]] * 2 + [[0, 0]] * 3
    found = mbh.optimal_pattern(layers, samples, SQUARE, 0.4)
    assert found.pattern.as_dict() == {0: True} and found.share == pytest.approx(0.25)
    assert found.greedy_share == pytest.approx(0.75)


def test_the_result_is_closed():
    """A neuron that all covered samples agree on is constrained, even where it excludes nothing."""
    layers = [([[1, 0], [1, 0], [0, 1]], [0, 5, 0])]  # the second is active in all of the square
    samples = [[0.5, 0.5]] * 8 + [[-0.5, 0.5], [-9, 0.5]]
    found = mbh.optimal_pattern(layers, samples, SQUARE, 0.8)
    assert found.pattern.as_dict() == {0: True, 1: True, 2: True}


def test_lines_are_measured_too():
    layers = identity_network(2)
    line = mbh.Line.through([[-1, 0.5], [1, 0.5]])
    found = mbh.optimal_pattern(layers, [[1, 1], [1, -1]], line, 1)
    regions = mbh.partition_input_space(layers, line)
    assert found.share == pytest.approx(regions.blanket(found.pattern).share)


# -------------------------------------------------------------------------- where it is stopped


def stopped(**values):
    """An answer of HiGHS at its limit."""
    answer = {"x": None, "status": 1, "mip_dual_bound": None, "mip_node_count": 1}
    return lambda *arguments, **options: SimpleNamespace(**{**answer, **values})


def hard_case():
    """Samples of many patterns, of which few may be dropped: much area must be left."""
    layers = [(np.eye(8), np.full(8, -0.5))]
    samples = np.random.default_rng(0).random((60, 8))
    return layers, samples, [mbh.Plane.through(samples[:3]), mbh.Plane.through(samples[3:6])]


def test_without_an_answer_it_is_local_search_and_a_bound_that_needs_no_solver(monkeypatch):
    layers, samples, planes = hard_case()
    right = mbh.optimal_pattern(layers, samples, planes, 0.3)
    monkeypatch.setattr(scipy.optimize, "milp", stopped())
    monkeypatch.setattr("mbh_utils.blankets.covering.conflicts", nothing_known)
    found = mbh.optimal_pattern(layers, samples, planes, 0.3)
    assert not found.proven
    assert 0 <= found.bound <= right.share <= found.share <= found.greedy_share
    assert "none takes less than" in repr(found)


def nothing_known(programme: Programme, excluded: float) -> np.ndarray:
    """No conflicts."""
    k = len(programme.names)
    return np.zeros((k, k), bool)


def test_a_bound_of_the_solver_is_handed_on(monkeypatch):
    layers, samples, planes = hard_case()
    share = mbh.optimal_pattern(layers, samples, planes, 0.3).share
    monkeypatch.setattr(scipy.optimize, "milp", stopped(mip_dual_bound=-(1 - share / 2) / share))
    monkeypatch.setattr("mbh_utils.blankets.covering.conflicts", nothing_known)
    found = mbh.optimal_pattern(layers, samples, planes, 0.3)
    assert not found.proven and found.bound == pytest.approx(share / 2)


def test_limits_give_an_answer_and_a_node_limit_the_same_one_again():
    layers, samples, planes = hard_case()
    limits: dict
    for limits in ({"time_limit": 1e-3}, {"node_limit": 1, "time_limit": np.inf}):
        found = mbh.optimal_pattern(layers, samples, planes, 0.3, **limits)
        assert 0 <= found.bound <= found.share <= found.greedy_share
    again = mbh.optimal_pattern(layers, samples, planes, 0.3, **limits)
    assert again.pattern == found.pattern and again.bound == found.bound


def test_an_interrupt_leaves_nothing_broken():
    layers, samples, planes = hard_case()

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        with pytest.raises(KeyboardInterrupt):
            while True:
                mbh.optimal_pattern(layers, samples, planes, 0.3)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert mbh.optimal_pattern(layers, samples, planes, 0.3).proven


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"time_limit": 0}, "time_limit"),
        ({"node_limit": 0}, "node_limit"),
        ({"most_constraints": -1}, "most_constraints"),
        ({"coverage": 0}, "coverage"),
        ({"planes": []}, "at least one plane"),
        ({"samples": np.zeros((0, 2))}, "no sample"),
    ],
)
def test_what_it_refuses(wrong, says):
    right = {"network": identity_network(2), "samples": [[1, 1]], "planes": SQUARE}
    with pytest.raises(MBHError, match=says):
        mbh.optimal_pattern(**{**right, **wrong})
