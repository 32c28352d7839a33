"""Shuffle nulls, z and p, and the positive controls that come before any belief."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mbh_utils as mbh
from mbh_utils.lenses.clusters import (
    SHUFFLES,
    Clusterability,
    Graph,
    activation_graph,
    cluster,
    clusterability,
    ncut,
    weight_graph,
)
from mbh_utils.lenses.clusters.clusterability import shuffled
from mbh_utils.networks import glorot, modular

DATA = mbh.load_dataset("digits8")


def made(ncut, null, k=4):
    return Clusterability(k, "layer", ncut, np.array(null), 10, 0)


def test_p_counts_the_shuffled_ones_below():
    assert made(0.5, [0.1, 0.6, 0.7, 0.8]).p == pytest.approx(0.4)
    assert made(0.05, [0.1, 0.6, 0.7, 0.8]).p == pytest.approx(0.2)
    assert made(0.5, [0.5, 0.5, 0.5, 0.5]).p == 1  # a tie proves nothing


def test_z_and_the_ratio_of_inside_to_outside():
    found = made(1.0, [2.0, 4.0])
    assert found.z == pytest.approx((1 - 3) / 1)
    assert found.in_out == pytest.approx((1 - 0.25) / (2 * 0.25))
    assert np.isnan(made(1.0, [2.0, 2.0]).z)
    assert made(0.0, [1.0, 2.0]).in_out == np.inf


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.sampled_from([1.0, 0.3]))
def test_shuffles_keep_the_weights_of_each_pair_of_layers(seed, density):
    rng = np.random.default_rng(seed)
    widths = (6, 5, 4, 3)
    layers = [
        (rng.standard_normal((m, n)) * (rng.random((m, n)) < density), np.zeros(m))
        for n, m in zip(widths, widths[1:], strict=False)
    ]
    graph = weight_graph(layers)
    for shuffle in SHUFFLES:
        edges, layer = shuffled(graph, shuffle, rng)
        assert (layer == graph.layer).all()
        after = Graph(edges, layer, graph.unit, 3).adjacency.toarray()  # symmetric, too
        before = graph.adjacency.toarray()
        for to in range(4):
            for of in range(4):
                place = np.ix_(layer == to, layer == of)
                assert np.array_equal(np.sort(after[place], None), np.sort(before[place], None))
        if shuffle != "layer":
            assert ((after > 0) == (before > 0)).all()
        if shuffle == "fan_out":
            for unit in range(sum(widths)):
                on = layer == layer[unit] + 1
                assert np.array_equal(np.sort(after[on, unit]), np.sort(before[on, unit]))


def test_shuffles_of_activations_stay_within_pairs_of_layers():
    graph = activation_graph(mbh.lenet(DATA, (12, 4), bias_std=0.1), DATA.train)
    edges, layer = shuffled(graph, "layer", np.random.default_rng(0))
    assert (edges == edges.T).all() and not edges.diagonal().any()
    for to, of in ((1, 1), (2, 1), (2, 2)):
        place = np.ix_(layer == to, layer == of)
        before = graph.adjacency[place]
        assert np.array_equal(np.sort(edges[place], None), np.sort(before, None))
        assert (edges[place] != before).any()


def test_the_network_is_clustered_as_cluster_does():
    graph = weight_graph(mbh.lenet(DATA, (24, 8)))
    found = clusterability(graph, 5, shuffles=3, seed=4)
    assert found.ncut == ncut(graph, cluster(graph, 5, 4))
    again = clusterability(graph, 5, shuffles=3, seed=4)
    assert (found.null == again.null).all()


def test_dense_networks_have_one_null():
    network = mbh.lenet(DATA, (24, 8))
    nulls = [
        clusterability(network, shuffle=s, shuffles=4).null for s in ("layer", "layer_nonzero")
    ]
    assert np.allclose(*nulls)


def test_what_was_left_out_is_told():
    network = mbh.lenet(DATA, (24, 8), parameters=130)
    graph = weight_graph(network)
    found = clusterability(network, 3, shuffles=2)
    assert found.n_left_out == (cluster(graph, 3) < 0).sum() > 0
    assert found.n_nodes == len(graph) == 64 + 24 + 8 + 10


def test_shuffled_weights_are_as_clustered_as_shuffled_weights():
    """Without structure, p is anything: of six networks, hardly more than half are below 0.1."""
    network = mbh.Network(64, (32, 32), 10)
    p = [clusterability(glorot(network, seed), 6, shuffles=9, seed=seed).p for seed in range(6)]
    assert np.sum(np.array(p) <= 0.1) <= 4


def test_planted_modules_are_found():
    network = modular(mbh.Network(64, (64, 64, 64), 10), seed=0)
    found = clusterability(network, 12, shuffles=10)
    assert found.p == pytest.approx(1 / 11)
    assert found.z < -10


def test_modules_that_go_through_training_are_found():
    network = modular(mbh.Network(64, (64, 64, 64), 10), seed=0)
    mbh.train(network, DATA, iterations=200, learning_rate=1e-3)
    assert clusterability(network, 12, shuffles=10).z < -10


def test_more_clusters_than_nodes():
    with pytest.raises(mbh.MBHError, match="k is 50"):
        clusterability([(np.ones((4, 5)), np.zeros(4))], 50)
    graph = activation_graph(mbh.lenet(DATA, (24, 8), bias_std=0.1), DATA.train)
    with pytest.raises(mbh.MBHError, match="leave no unit"):
        clusterability(graph, 3, shuffle="fan_out")
    with pytest.raises(mbh.MBHError, match="shuffle"):
        clusterability([(np.ones((4, 5)), np.zeros(4))], 2, shuffle="all")
