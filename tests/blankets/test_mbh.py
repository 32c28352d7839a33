"""Algorithm 1: exact fixtures, sampled areas, and the table of all classes."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_cases import identity_network, samples_with, small_case

from mbh_utils import Plane, from_arrays, partition_input_space
from mbh_utils.blankets.maximal_pattern import maximal_pattern
from mbh_utils.blankets.mbh import specialization, specialization_table
from mbh_utils.errors import MBHError
from mbh_utils.networks import feed_forward
from mbh_utils.regions.patterns import DecisionPattern, activation_patterns

SQUARE = Plane.rectangle((-1, -1), (1, 1))


# ---------------------------------------------------------------------- blankets and specialization


@pytest.mark.parametrize(
    ("positive", "coverage", "s", "constraints"),
    [
        (6, 0.61, 0.5, {1: False}),
        (6, 1.0, 0.5, {1: False}),
        (6, 0.6, 0.75, {1: False, 0: True}),
        (4, 0.6, 0.75, {1: False, 0: False}),
        (4, 0.59, 0.75, {1: False, 0: False}),
        (5, 0.5, 0.75, {1: False, 0: False}),
    ],
)
def test_fixture_f3_two_neurons(positive, coverage, s, constraints):
    x1 = np.where(np.arange(10) < positive, 0.5, -0.5)
    samples = np.column_stack([x1, np.full(10, -0.5)])
    network = identity_network(2)
    assert maximal_pattern(network, samples, coverage).as_dict() == constraints
    found = specialization(network, samples, SQUARE, coverage)
    assert found == pytest.approx(s, abs=1e-14)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_a_further_constraint_never_enlarges_the_blanket(seed):
    # Lemma 5.1, and so s never grows with c_P.
    layers, samples, plane = small_case(seed)
    regions = partition_input_space(layers, plane)
    sigma = maximal_pattern(layers, samples, 0.05, scope="all")
    shorter = [DecisionPattern(sigma.neurons[:k], sigma.states[:k]) for k in range(len(sigma) + 1)]
    areas = [regions.blanket(pattern).area for pattern in shorter]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] == pytest.approx(plane.area, rel=1e-12)
    coverages = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
    by_coverage = [specialization(layers, samples, plane, c) for c in coverages]
    assert by_coverage == sorted(by_coverage, reverse=True)
    assert all(-1e-12 <= s <= 1 for s in by_coverage)


@pytest.mark.parametrize("seed", range(6))
def test_specialization_is_the_share_of_points_outside_of_the_blanket(seed):
    # Definition 4.7 by sampling: 1 - the share of points on the plane that satisfy the pattern.
    layers, samples, plane = small_case(seed, hidden=(6, 4), n_inputs=5)
    uv = np.random.default_rng(seed).uniform(plane.low, plane.high, (40_000, 2))
    patterns = activation_patterns(layers, plane.embed(uv))
    for coverage in (0.3, 0.8):
        share = maximal_pattern(layers, samples, coverage).support(patterns)
        s = specialization(layers, samples, plane, coverage)
        assert abs((1 - share) - s) < 5 * np.sqrt(share * (1 - share) / 40_000) + 1e-9


def test_a_trivial_blanket_has_no_specialization_and_one_that_misses_the_plane_has_all():
    samples = samples_with(np.array([[1, 0], [0, 1]], dtype=bool))
    assert specialization(identity_network(2), samples, SQUARE, 1.0) == pytest.approx(0, abs=1e-14)
    away = Plane.rectangle((-2, -2), (-1, -1))
    assert specialization(identity_network(2), np.array([[1.0, 1.0]]), away, 1.0) == 1


def test_specialization_is_averaged_over_planes():
    layers, samples, _ = small_case(3)
    planes = [Plane.through(samples[i : i + 3]) for i in (0, 3, 6)]
    alone = [specialization(layers, samples, plane) for plane in planes]
    assert len(set(alone)) > 1
    assert specialization(layers, samples, planes) == np.mean(alone)
    assert specialization(layers, samples, iter(planes)) == np.mean(alone)


def test_no_plane_is_refused():
    with pytest.raises(MBHError, match="at least one plane"):
        specialization(identity_network(2), np.ones((1, 2)), [])


# ---------------------------------------------------------------------------------------- the table


def small_data(seed: int = 0):
    rng = np.random.default_rng(seed)
    images = rng.random((60, 5), dtype=np.float32)
    labels = np.arange(60) % 4
    labels[labels == 2] = 0  # class 2 does not occur
    return from_arrays(images, labels, images, labels, classes="abcd")


def test_the_table_holds_what_single_calls_give():
    data = small_data()
    network = feed_forward(data, (6, 4), parameters=40, seed=1, bias_std=0.3)
    planes = [Plane.through(data.validation.images[i : i + 3]) for i in (0, 7)]
    coverages = (0.3, 0.8, 1.0)
    table = specialization_table(network, data.validation, planes, coverages)
    columns = "plane class coverage s n_constraints covered n_regions area"
    assert list(table) == columns.split()
    cases = table[["plane", "class", "coverage"]].itertuples(index=False, name=None)
    assert list(cases) == list(itertools.product((0, 1), (0, 1, 3), coverages))
    for row in table.to_dict("records"):
        plane = planes[row["plane"]]
        samples = data.validation.of_class(row["class"])
        sigma = maximal_pattern(network, samples, row["coverage"])
        regions = partition_input_space(network, plane)
        alone = specialization(network, samples, plane, row["coverage"])
        assert row["s"] == pytest.approx(alone, abs=1e-12)
        assert (row["n_constraints"], row["covered"]) == (len(sigma), sigma.coverage)
        assert (row["n_regions"], row["area"]) == (len(regions), plane.area)
    assert table["s"].nunique() > 3


def test_the_table_takes_a_scope():
    data = small_data()
    network = feed_forward(data, (6, 4), seed=1, bias_std=0.3)
    plane = Plane.through(data.validation.images[:3])
    last, every = (
        specialization_table(network, data.validation, [plane], [0.5], scope=scope)
        for scope in ("last", "all")
    )
    assert (every["n_constraints"] > last["n_constraints"]).any()
    samples = data.validation.of_class(1)
    alone = specialization(network, samples, plane, 0.5, scope="all")
    assert every.loc[1, "s"] == pytest.approx(alone, abs=1e-12)


def test_a_plane_of_another_space_is_refused():
    data = small_data()
    network = feed_forward(data, (6, 4))
    samples = SimpleNamespace(images=data.validation.images)
    with pytest.raises(MBHError, match=r"R\^2, but the network takes 5 inputs"):
        specialization(network, samples.images, SQUARE)
