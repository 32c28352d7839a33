"""Who is inside of a minimal blanket."""

import numpy as np
import pytest

import mbh_utils as mbh
from mbh_utils.datasets import Samples
from mbh_utils.experiments.inside_measures import insiders

IDENTITY = [(np.eye(2), np.zeros(2))]


def test_the_shares_inside_by_hand():
    """Class 0 lies in the quadrant (+, +) but for one sample, class 1 half in it."""
    of_zero = [[1, 1], [2, 1], [1, 2], [3, 1], [-1, -1]]
    of_one = [[-1, 1], [-2, 1], [1, 1], [2, 2]]
    samples = Samples(np.array([*of_zero, *of_one], np.float32), np.array([0] * 5 + [1] * 4))
    table = insiders(IDENTITY, samples, (0.8, 1.0)).set_index(["class", "coverage"])
    assert table.loc[(0, 0.8)].tolist() == [0.8, 0.5, 2]  # both neurons on
    assert table.loc[(0, 1.0)].tolist() == [1, 1, 0]  # no constraint: everything is inside
    assert table.loc[(1, 1.0)].tolist() == [1, 0.8, 1]  # the second neuron on


def test_at_least_the_minimum_coverage_is_inside_and_more_constraints_let_fewer_others_in():
    data = mbh.load_dataset("digits8")
    network = mbh.lenet(data, (24, 8), seed=0)
    table = insiders(mbh.hidden_layers(network), data.validation, (0.5, 0.8, 1.0))
    assert (table["own"] >= table["coverage"] - 1e-12).all()
    for _, rows in table.groupby("class"):
        assert rows["others"].is_monotonic_increasing
        assert rows["n_constraints"].is_monotonic_decreasing
    brute = []
    for c in range(10):
        pattern = mbh.maximal_pattern(network, data.validation.of_class(c), coverage=0.8)
        others = data.validation.images[data.validation.labels != c]
        brute.append(pattern.support(mbh.activation_patterns(network, others)))
    assert table.query("coverage == 0.8")["others"].tolist() == pytest.approx(brute)
