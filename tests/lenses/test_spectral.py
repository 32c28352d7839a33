"""Spectral clustering and n-cuts: worked numbers, scikit-learn, loops, planted clusters."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

import mbh_utils as mbh
from mbh_utils.lenses.clusters import (
    Graph,
    activation_graph,
    cluster,
    default_k,
    ncut,
    spectral,
    weight_graph,
)

#: Number 4 of the worked numbers of the lens: two chains with weak edges between them.
CHAINS = weight_graph([(np.array([[3, 0.5], [0.5, 3]]), np.zeros(2))] * 2)


def planted(widths, blocks, seed=0, noise=0.05):
    """Layers whose units belong to blocks, strong weights inside; and the block of every unit."""
    rng = np.random.default_rng(seed)
    members = [rng.permutation(np.arange(n) % blocks) for n in widths]
    layers = []
    for before, own in zip(members, members[1:], strict=False):
        inside = own[:, None] == before
        weight = rng.standard_normal(inside.shape) * np.where(inside, 1, noise)
        layers.append((weight, np.zeros(len(own))))
    return layers, np.concatenate(members)


def by_scikit_learn(adjacency, k, seed):
    method = SpectralClustering(
        k,
        affinity="precomputed",
        eigen_solver="arpack",
        assign_labels="kmeans",
        n_init=25,
        random_state=seed,
    )
    return method.fit(adjacency).labels_


def test_worked_ncut_of_two_chains():
    labels = [0, 1, 0, 1, 0, 1]
    assert ncut(CHAINS, labels) == pytest.approx(2 / 7, abs=1e-8)
    assert cluster(CHAINS, 2).tolist() == labels


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 4))
def test_ncut_as_its_definition_says(seed, n, k):
    rng = np.random.default_rng(seed)
    weights = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    adjacency = np.triu(weights, 1) + np.triu(weights, 1).T
    labels = rng.integers(-1, k, n)
    if labels.max() < 0:
        labels[0] = 0
    expected = 0.0
    for c in set(labels[labels >= 0].tolist()):
        cut = sum(
            adjacency[i, j] for i in range(n) for j in range(n) if labels[i] == c and labels[j] != c
        )
        expected += cut / (adjacency[labels == c].sum() + 1e-8)
    for edges in (adjacency, sp.csr_array(adjacency)):
        graph = Graph(edges, np.ones(n, int), np.arange(n), 1)
        assert ncut(graph, labels) == pytest.approx(expected)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_planted_clusters_are_found_as_scikit_learn_finds_them(k):
    layers, members = planted((30, 24, 18, 12), k)
    graph = weight_graph(layers)
    found = cluster(graph, k)
    assert adjusted_rand_score(members, found) == 1
    assert adjusted_rand_score(by_scikit_learn(graph.adjacency, k, 0), found) == 1


def test_two_networks_side_by_side_are_told_apart():
    """Number 6 of the worked numbers of the lens: each half is wired to half of the classes."""
    layers, members = planted((20, 16, 10), 2, noise=1e-3)
    assert adjusted_rand_score(members, cluster(weight_graph(layers), 2)) == 1


def test_embedding_is_that_of_scikit_learn():
    from sklearn.manifold import spectral_embedding

    layers, _ = planted((40, 30, 20, 10), 4, noise=0.3)
    graph = weight_graph(layers)
    rows = spectral.embedding(graph.adjacency, graph.layer % 2 == 1, 5)
    expected = spectral_embedding(
        graph.adjacency, n_components=5, eigen_solver="arpack", drop_first=False, random_state=0
    )
    for own, other in zip(rows.T[::-1], expected.T, strict=True):
        assert np.allclose(own, other, atol=1e-6) or np.allclose(own, -other, atol=1e-6)


def test_trained_network_is_cut_no_worse_than_by_scikit_learn():
    data = mbh.load_dataset("digits8")
    network = mbh.lenet(data, (48, 16), seed=1)
    mbh.train(network, data, iterations=300)
    graph = weight_graph(network)
    ours = [ncut(graph, cluster(graph, 8, seed)) for seed in range(8)]
    theirs = [ncut(graph, by_scikit_learn(graph.adjacency, 8, seed)) for seed in range(8)]
    spread = max(np.std(theirs), 0.01)
    assert np.mean(ours) < np.mean(theirs) + 3 * spread / np.sqrt(8)
    assert np.mean(ours) > np.mean(theirs) - 3 * spread / np.sqrt(8)


@pytest.mark.parametrize("density", [1.0, 0.2])
def test_three_ways_to_eigenvectors_agree(monkeypatch, density):
    layers, _ = planted((30, 25, 20, 10), 3, noise=0.4)
    rng = np.random.default_rng(0)
    layers = [(w * (rng.random(w.shape) < density), b) for w, b in layers]
    graph = weight_graph(layers)
    kept = spectral.largest_part(graph.adjacency)
    edges = graph.adjacency[kept][:, kept]
    odd = graph.layer[kept] % 2 == 1
    two_sides = spectral.embedding(edges, odd, 4)
    everything = spectral.embedding(edges.toarray(), odd, 4)
    monkeypatch.setattr(spectral, "_DENSE", 0)
    lanczos = spectral.embedding(edges, odd, 4)[:, np.argsort([0, 1, 2, 3])]
    for other in (everything, lanczos):
        products = other @ np.linalg.pinv(other) @ two_sides  # onto the same subspace
        assert np.allclose(products, two_sides, atol=1e-6)


def test_more_clusters_than_one_side_has_neurons():
    layers, _ = planted((30, 3), 3)
    graph = weight_graph(layers)
    labels = cluster(graph, 6)
    assert set(labels.tolist()) == set(range(6))


def test_isolated_nodes_and_small_parts_are_left_out():
    weight = np.zeros((5, 6))
    weight[:3, :3] = 1
    weight[3, 3] = 1  # a part of two nodes; input 4, 5 and neuron 4 have no edge at all
    labels = cluster(weight_graph([(weight, np.zeros(5))]), 2)
    assert (labels >= 0).tolist() == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 2


def test_constant_units_are_left_out_of_activations():
    layers = [(np.array([[1.0, 0.2], [0, 0], [0, 1], [1, 1]]), np.zeros(4))]
    graph = activation_graph(layers, np.random.default_rng(0).random((60, 2)))
    assert cluster(graph, 2)[1] == -1


@pytest.mark.parametrize("kind", ["weights", "activations"])
def test_local_clusters_of_a_layer_are_as_many_as_the_global_ones(kind):
    data = mbh.load_dataset("digits8")
    network = mbh.lenet(data, (48, 16), seed=0)
    graph = weight_graph(network) if kind == "weights" else activation_graph(network, data.train)
    globally = cluster(graph, 6)
    locally = cluster(graph, 6, scope="local")
    assert (locally[~graph.hidden] == -1).all()
    seen = set()
    for layer in (1, 2):
        own = set(locally[graph.layer == layer].tolist())
        assert not own & seen
        seen |= own
        assert len(own) <= len(set(globally[graph.layer == layer].tolist()))
    if kind == "activations":
        first = graph.part(graph.layer == 1)
        alone = Graph(first.adjacency, first.layer, first.unit, 1, "activations")
        k = len(set(globally[graph.layer == 1].tolist()))
        assert adjusted_rand_score(cluster(alone, k), locally[graph.layer == 1]) == 1


def test_equal_seeds_give_equal_clusters_numbered_as_they_occur():
    graph = weight_graph(mbh.lenet(mbh.load_dataset("digits8"), (48, 16)))
    labels = cluster(graph, 7, seed=3)
    assert (labels == cluster(graph, 7, seed=3)).all()
    first = [labels.tolist().index(c) for c in range(7)]
    assert first == sorted(first)


def test_one_cluster_holds_everything():
    assert cluster(CHAINS, 1).tolist() == [0] * 6
    assert ncut(CHAINS, cluster(CHAINS, 1)) == 0


@pytest.mark.parametrize(("n", "k"), [(400, 16), (192, 16), (136, 16), (46, 11), (16, 4), (3, 2)])
def test_default_number_of_clusters(n, k):
    assert default_k(n) == k


def test_more_clusters_than_nodes():
    with pytest.raises(mbh.MBHError, match="k is 9, but only 6 of the 6 nodes"):
        cluster(CHAINS, 9)


def test_a_graph_without_edges():
    graph = Graph(np.zeros((4, 4)), np.ones(4, int), np.arange(4), 1)
    with pytest.raises(mbh.MBHError, match="only 0 of the 4 nodes"):
        cluster(graph, 2)


def test_labels_that_are_none():
    with pytest.raises(mbh.MBHError, match="labels"):
        ncut(CHAINS, [0, 1])
    with pytest.raises(mbh.MBHError, match="no node has a cluster"):
        ncut(CHAINS, [-1] * 6)
