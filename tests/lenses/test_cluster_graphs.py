"""Graphs of weights and of activations, against loops and against other libraries."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from torch import nn

import mbh_utils as mbh
from mbh_utils.lenses.clusters import Graph, activation_graph, weight_graph


def random_layers(widths, seed=0, density=0.6):
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal((m, n)) * (rng.random((m, n)) < density), rng.standard_normal(m))
        for n, m in zip(widths, widths[1:], strict=False)
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(0, 99))
def test_every_weight_is_one_edge(widths, seed):
    layers = random_layers(widths, seed)
    graph = weight_graph(layers)
    expected = np.zeros((sum(widths), sum(widths)))
    place = {}
    for layer, width in enumerate(widths):
        for unit in range(width):
            place[layer, unit] = len(place)
    for layer, (weight, _) in enumerate(layers):
        for (to, of), value in np.ndenumerate(weight):
            i, j = place[layer, of], place[layer + 1, to]
            expected[i, j] = expected[j, i] = abs(value)
    assert (graph.adjacency.toarray() == expected).all()
    assert list(zip(graph.layer.tolist(), graph.unit.tolist(), strict=True)) == list(place)
    assert graph.n_layers == len(layers)
    assert graph.hidden.sum() == sum(widths[1:])


def test_outputs_of_a_network_are_nodes_but_no_hidden_ones():
    network = mbh.Network(5, (4, 3), 2)
    graph = weight_graph(network)
    assert np.bincount(graph.layer).tolist() == [5, 4, 3, 2]
    assert graph.n_layers == 2
    assert graph.layer[graph.hidden].tolist() == [1] * 4 + [2] * 3
    last = graph.adjacency[graph.layer == 3][:, graph.layer == 2].toarray()
    assert np.allclose(last, network.output.weight.detach().abs().numpy())


def test_a_pruned_weight_is_no_edge():
    network = mbh.lenet(mbh.load_dataset("digits8"), (12, 4), parameters=200)
    masks = [*network.masks, network.output_mask]
    assert weight_graph(network).adjacency.nnz == 2 * sum(mask.sum() for mask in masks)


class Skipping(nn.Module):
    """Its input reaches the second layer and the outputs past the ReLUs."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(7, 2)
        self.last = nn.Linear(5, 2)

    def forward(self, x):
        import torch

        a = torch.relu(self.first(x))
        b = torch.relu(self.second(torch.cat([a, x], dim=1)))
        return self.last(torch.cat([b, x], dim=1))


def test_skip_connections_join_what_they_come_from():
    module = Skipping().double()
    traced = mbh.trace(module)
    graph = weight_graph(traced)
    assert np.bincount(graph.layer).tolist() == [3, 4, 2, 2]

    def between(to, of):
        return graph.adjacency[graph.layer == to][:, graph.layer == of].toarray()

    second = module.second.weight.detach().abs().numpy()
    last = module.last.weight.detach().abs().numpy()
    assert np.allclose(between(2, 1), second[:, :4])
    assert np.allclose(between(2, 0), second[:, 4:])
    assert np.allclose(between(3, 2), last[:, :2])
    assert np.allclose(between(3, 0), last[:, 2:])


@pytest.mark.parametrize("correlation", ["spearman", "pearson"])
def test_activations_are_joined_by_squared_correlations(correlation):
    data = mbh.load_dataset("digits8")
    network = mbh.lenet(data, (12, 4), bias_std=0.1)
    graph = activation_graph(network, data.train, correlation)
    values = np.concatenate(mbh.patterns.preactivations(network, data.train), axis=1)
    if correlation == "spearman":
        expected = spearmanr(values).statistic ** 2
    else:
        expected = np.corrcoef(values.T) ** 2
    np.fill_diagonal(expected, 0)
    assert np.allclose(graph.adjacency, expected)
    assert graph.hidden.all()
    assert np.bincount(graph.layer).tolist() == [0, 12, 4]


def test_a_neuron_that_never_changes_has_no_edge():
    layers = [(np.array([[1.0, 0], [0, 0], [0, 1]]), np.array([0.0, 0.3, 0]))]
    graph = activation_graph(layers, np.random.default_rng(0).random((50, 2)))
    assert not graph.adjacency[1].any()
    assert graph.adjacency[0, 2] > 0


def test_images_are_drawn_by_seed():
    data = mbh.load_dataset("digits8")
    network = mbh.lenet(data, (12, 4))
    first, again, other = (
        activation_graph(network, data.train, images=100, seed=seed).adjacency for seed in (0, 0, 1)
    )
    assert (first == again).all()
    assert (first != other).any()
    every = activation_graph(network, data.train, images=5_000)
    assert (every.adjacency == activation_graph(network, data.train.images, seed=3).adjacency).all()


@pytest.mark.parametrize(
    ("adjacency", "said"),
    [
        (np.zeros((2, 3)), "shape"),
        (np.array([[0, 1.0], [2, 0]]), "symmetric"),
        (np.array([[0, -1.0], [-1, 0]]), "below 0"),
        (np.array([[1.0, 0], [0, 0]]), "itself"),
        (np.array([[0, np.nan], [np.nan, 0]]), "NaN"),
        (sp.csr_array(np.array([[0, 1.0], [2, 0]])), "symmetric"),
    ],
)
def test_what_is_no_undirected_graph(adjacency, said):
    with pytest.raises(mbh.MBHError, match=said):
        Graph(adjacency, np.zeros(2, int), np.arange(2), 1)


def test_one_layer_number_for_each_node():
    with pytest.raises(mbh.MBHError, match="layer"):
        Graph(np.zeros((2, 2)), np.zeros(3, int), np.arange(2), 1)
    with pytest.raises(mbh.MBHError, match="unit"):
        Graph(np.zeros((2, 2)), np.zeros(2, int), np.zeros(2), 1)


def test_one_image_has_no_correlation():
    with pytest.raises(mbh.MBHError, match="two at least"):
        activation_graph([([[1.0, 2.0]], [0.0])], [[1.0, 2.0]])
