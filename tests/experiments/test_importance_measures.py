"""What is measured of sub-clusters, on tiny networks."""

import numpy as np
import pytest
from tiny_experiments import TINY

from mbh_utils import datasets, networks
from mbh_utils.experiments import EXPERIMENTS
from mbh_utils.experiments.importance_measures import (
    IMPORTANCE,
    importance_options,
    importance_reference_cases,
    importance_reference_options,
    partition_of,
    sub_cluster_tests,
)
from mbh_utils.lenses import clusters

DIGITS = datasets.load("digits8")
NETWORK = networks.lenet(DIGITS, (16, 8), parameters=300, seed=0)


@pytest.mark.parametrize("graph", ["weights", "activations"])
def test_the_table_is_what_the_lens_gives(graph):
    found = sub_cluster_tests(NETWORK, DIGITS, graph, 4, seed=2)
    labels = partition_of(NETWORK, DIGITS.train, graph)
    own = clusters.importance(NETWORK, labels, DIGITS.validation, draws=4, seed=2)
    assert len(found) and tuple(found) == IMPORTANCE.columns
    assert found[list(own)].equals(own)
    start = DIGITS.train.images.mean(axis=0)
    asked = {"draws": 4, "seed": 2, "start": start}
    more = clusters.coherence(NETWORK, labels, DIGITS.validation, **asked)
    np.testing.assert_array_equal(found["score"], more["score"])
    np.testing.assert_array_equal(found["p_class_score"], more["p_class_score"])
    assert (found["graph"] == graph).all() and (found["k"] == 6).all()


def test_with_dead_ends_importance_is_measured_alone():
    without = sub_cluster_tests(NETWORK, DIGITS, "weights", 4)
    found = sub_cluster_tests(NETWORK, DIGITS, "weights", 4, dead_ends=True)
    assert found["dead_ends"].all() and found["score"].isna().all()
    assert found["p_importance"].notna().all()
    assert found.dtypes.equals(without.dtypes)
    assert found["live"].sum() >= without["live"].sum()


def test_a_network_without_a_sub_cluster_has_no_row_and_the_same_columns():
    network = networks.lenet(DIGITS, (1, 1))
    found = sub_cluster_tests(network, DIGITS, "weights", 4)
    usual = sub_cluster_tests(NETWORK, DIGITS, "weights", 4)
    assert found.empty and found.dtypes.equals(usual.dtypes)


def test_more_clusters_than_joined_nodes_are_as_many_as_these():
    network = networks.lenet(DIGITS, (1, 1))
    labels = partition_of(network, DIGITS.train, "weights", k=500)
    assert len(labels) == 64 + 2 + 10 and labels.max() == 75


def test_both_graphs_are_measured_with_and_without_dead_ends():
    options = importance_options(TINY)
    assert {(one["graph"], one["dead_ends"]) for one in options} == {
        ("weights", False),
        ("weights", True),
        ("activations", False),
        ("activations", True),
    }
    assert {one["draws"] for one in options} == {TINY.random_sets}
    assert len(EXPERIMENTS["importance"].cases(TINY)) == 5 * 2


def test_published_networks_are_measured_as_they_were_published():
    (asked,) = importance_reference_options(TINY)
    assert (asked["k"], asked["draws"], asked["graph"]) == (12, 20, "weights")
    cases = importance_reference_cases(TINY)
    starts = [case.run.start or case.run for case in cases]
    assert {run.weights for run in starts} == {"glorot"}
    assert {case.run.rewiring is None for case in cases} == {True, False}
    assert len(cases) == 2 * TINY.models
