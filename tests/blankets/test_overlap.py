"""How blankets of classes overlap: by hand, and against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_cases import identity_network, samples_with, small_case

import mbh_utils as mbh
from mbh_utils.blankets.overlap import overlaps
from mbh_utils.errors import MBHError


def test_two_classes_with_one_pattern_are_told():
    bits = np.array([[1, 1, 0], [1, 1, 1], [1, 1, 0], [1, 1, 1], [0, 1, 0], [0, 1, 1]], bool)
    samples = mbh.Samples(samples_with(bits), [3, 3, 5, 5, 8, 8])
    found = mbh.overlap(identity_network(3), samples, 1)
    assert found.classes.tolist() == [3, 5, 8]
    assert found.identical == [(3, 5)], "both constrain the first two neurons to be active"
    assert found.inside.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert found.others.tolist() == [0.5, 0.5, 0]
    assert "1 identical" in repr(found)


def test_patterns_of_equal_neurons_and_other_states_are_not_identical():
    bits = np.array([[1, 1], [1, 1], [0, 0], [0, 0]], bool)
    found = mbh.overlap(identity_network(2), mbh.Samples(samples_with(bits), [0, 0, 1, 1]), 1)
    assert found.identical == [] and found.inside.tolist() == np.eye(2).tolist()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_classes=st.integers(2, 4),
    coverage=st.sampled_from([0.5, 0.8, 0.9, 1.0]),
    scope=st.sampled_from(["last", "all"]),
)
def test_brute_force_over_samples_and_points_agrees(seed, n_classes, coverage, scope):
    layers, images, plane = small_case(seed)
    labels = np.arange(len(images)) % n_classes
    samples = mbh.Samples(images, labels)
    found = mbh.overlap(layers, samples, coverage, scope=scope)
    regions = mbh.partition_input_space(layers, plane)
    shared = found.shared_areas(regions)
    patterns = mbh.activation_patterns(layers, samples)
    for i in range(n_classes):
        own = samples.of_class(i)
        sigma = mbh.maximal_pattern(layers, own, coverage, scope=scope)
        assert found.patterns[i] == sigma
        assert found.others[i] == pytest.approx(sigma.support(patterns[labels != i]))
        assert shared[i, i] == pytest.approx(regions.blanket(sigma).share)
        for j in range(n_classes):
            assert found.inside[i, j] == pytest.approx(sigma.support(patterns[labels == j]))
            other = mbh.maximal_pattern(layers, samples.of_class(j), coverage, scope=scope)
            both = regions.blanket(sigma).regions & regions.blanket(other).regions
            assert shared[i, j] == pytest.approx(regions.areas[both].sum() / plane.area)
            assert ((i, j) in found.identical) == (i < j and sigma == other)


def test_several_coverages_at_once_are_those_of_each():
    layers, images, _ = small_case(3)
    samples = mbh.Samples(images, np.arange(len(images)) % 3)
    for coverage, found in zip((0.6, 1.0), overlaps(layers, samples, (0.6, 1.0)), strict=True):
        assert np.array_equal(found.inside, mbh.overlap(layers, samples, coverage).inside)


def test_one_class_has_nobody_to_overlap_with():
    with pytest.raises(MBHError, match="one class"):
        mbh.overlap(identity_network(2), mbh.Samples([[1, 1], [1, 2]], [4, 4]))
