"""Whether a network is more clustered than the same weights at other places."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters.graphs import Graph, weight_graph
from mbh_utils.lenses.clusters.spectral import (
    cluster,
    default_k,
    largest_part,
    ncut_of,
    spectral_labels,
)

#: What is shuffled between two layers: all entries; those that are not 0, among themselves; of
#: those the ones that leave the same unit, among themselves.
SHUFFLES = ("layer", "layer_nonzero", "fan_out")
#: Seeds of k-means lie below.
_MOST_SEED = 2**32


@dataclass(frozen=True, eq=False)
class Clusterability:
    """The n-cut of a network, beside those of its shuffled copies.

    Attributes
    ----------
    k : int
        Number of clusters.
    shuffle : {"layer", "layer_nonzero", "fan_out"}
        What was shuffled.
    ncut : float
        N-cut of the network: the lower, the more clustered.
    null : ndarray, shape (S,)
        N-cuts of the shuffled copies.
    n_nodes : int
        Nodes of its graph.
    n_left_out : int
        How many of them were left out, see :func:`cluster`.
    """

    k: int
    shuffle: str
    ncut: float
    null: np.ndarray
    n_nodes: int
    n_left_out: int

    @property
    def z(self) -> float:
        """By how many standard deviations of the null the n-cut is above its mean; may be NaN."""
        spread = self.null.std()
        return float((self.ncut - self.null.mean()) / spread) if spread > 0 else np.nan

    @property
    def p(self) -> float:
        """Left-tailed: how likely an n-cut this low is, if places of weights do not matter."""
        return float((np.sum(self.null <= self.ncut) + 1) / (len(self.null) + 1))

    @property
    def in_out(self) -> float:
        """Weight that stays in an average cluster over the weight that leaves it."""
        leaving = self.ncut / self.k
        return (1 - leaving) / (2 * leaving) if leaving else np.inf

    def __repr__(self) -> str:
        return (
            f"Clusterability(k {self.k}, n-cut {self.ncut:.3f}, shuffled {self.null.mean():.3f}, "
            f"z {self.z:.1f}, p {self.p:.3f})"
        )


def clusterability(
    network,
    k: int | None = None,
    *,
    shuffle: str = "layer",
    shuffles: int = 50,
    seed: int = 0,
    output_layer: bool = True,
) -> Clusterability:
    """Compare the n-cut of a network with those of copies whose weights are shuffled.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands, or a :class:`Graph`.
    k : int, optional
        Number of clusters; by default :func:`default_k` of its hidden neurons.
    shuffle : {"layer", "layer_nonzero", "fan_out"}
        "layer": all weights between two layers, zeros too; this destroys the mask of a pruned
        network. "layer_nonzero": only the weights that are not 0, among themselves; this keeps it.
        "fan_out": of these only such as leave the same unit, among themselves; this also keeps how
        strongly each pixel and each neuron reaches into the next layer.
    shuffles : int, default 50
        Number S of copies.
    seed : int, default 0
        Of shuffles and clusterings. The network is clustered as ``cluster(graph, k, seed)`` does.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer; otherwise its units are neurons.

    Returns
    -------
    Clusterability
        N-cut, null, z and p.

    Raises
    ------
    MBHError
        For a network that is not understood, for more clusters than nodes, and for "fan_out" of a
        graph of activations, whose edges have no direction.

    Notes
    -----
    The test of Filan, Casper, Hod et al. 2021 (arXiv 2103.03386). As in its public code, nodes that
    are left out are taken away before weights are shuffled. "fan_out" is ours: training makes some
    pixels count more than others, a "layer" shuffle spreads that evenly, and what it gives may be
    more clustered or less for this reason alone.

    Of a graph of activations, the edges between (and within) layers are shuffled; correlations are
    always more clustered than that.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> network = mbh.lenet(mbh.load_dataset("digits8"), 8)  # before its training
    >>> found = clusterability(network, 4, shuffles=10)
    >>> found.n_nodes, found.null.shape, 0 < found.p <= 1
    (106, (10,), True)
    """
    shuffle = require.choice("shuffle", shuffle, SHUFFLES)
    shuffles = require.whole("shuffles", shuffles, 1, 10**6)
    seed = require.whole("seed", seed, 0)
    graph = network
    if not isinstance(network, Graph):
        graph = weight_graph(network, output_layer=output_layer)
    if shuffle == "fan_out" and graph.kind != "weights":
        raise MBHError(
            'shuffle is "fan_out", but edges of activations leave no unit: choose "layer"'
        )
    if k is None:
        k = default_k(max(1, int(graph.hidden.sum())))
    labels = cluster(graph, k, seed)
    rng = stream(seed, "shuffles")
    kept = graph.part(labels >= 0)
    null = [_shuffled_ncut(kept, k, shuffle, rng) for _ in range(shuffles)]
    return Clusterability(
        k=k,
        shuffle=shuffle,
        ncut=ncut_of(graph.adjacency, labels),
        null=np.array(null),
        n_nodes=len(graph),
        n_left_out=int(np.sum(labels < 0)),
    )


def _shuffled_ncut(graph: Graph, k: int, shuffle: str, rng: np.random.Generator) -> float:
    edges, layer = shuffled(graph, shuffle, rng)
    kept = largest_part(edges)
    edges = edges[kept][:, kept]
    seed = int(rng.integers(_MOST_SEED))
    labels = spectral_labels(edges, layer[kept] % 2 == 1, min(k, len(kept)), seed)
    return ncut_of(edges, labels)


def shuffled(
    graph: Graph,
    shuffle: str,
    rng: np.random.Generator,
) -> tuple[sp.csr_array | np.ndarray, np.ndarray]:
    """A graph with its edges shuffled for each pair of layers: its adjacency, and its layers.

    Nodes come in the order of their layers.
    """
    nodes = [np.flatnonzero(graph.layer == layer) for layer in np.unique(graph.layer)]
    rows: list[list[Any]]
    rows = [[sp.csr_array((len(to), len(of))) for of in nodes] for to in nodes]
    for target, own in enumerate(nodes):
        for source, other in enumerate(nodes[: target + 1]):
            block: Any = graph.adjacency[own][:, other]
            block = block.toarray() if sp.issparse(block) else block
            if not block.any():
                continue
            mixed = _mixed_within if source == target else _mixed
            block = mixed(block, shuffle, rng)
            rows[target][source] = block if graph.kind == "activations" else sp.csr_array(block)
            if source < target:
                rows[source][target] = rows[target][source].T
    if graph.kind == "activations":
        dense = [[part.toarray() if sp.issparse(part) else part for part in row] for row in rows]
        edges = np.block(dense)
    else:
        edges = sp.csr_array(sp.block_array(rows, format="csr"))
    return edges, graph.layer[np.concatenate(nodes)]


def _mixed(block: np.ndarray, shuffle: str, rng: np.random.Generator) -> np.ndarray:
    """The entries (to, from) at other places."""
    if shuffle == "fan_out":
        return _mixed_in_columns(block, rng)
    flat = block.ravel().copy()
    places = np.flatnonzero(flat) if shuffle == "layer_nonzero" else slice(None)
    flat[places] = rng.permutation(flat[places])
    return flat.reshape(block.shape)


def _mixed_in_columns(block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The entries of each column that are not 0, among themselves."""
    if block.all():
        return rng.permuted(block, axis=0)
    mixed = block.T.copy()
    column, row = np.nonzero(mixed)
    order = np.lexsort((rng.random(len(column)), column))
    mixed[column, row] = mixed[column, row][order]
    return mixed.T


def _mixed_within(block: np.ndarray, shuffle: str, rng: np.random.Generator) -> np.ndarray:
    """The edges within one layer, which form a symmetric matrix."""
    upper = np.triu_indices(len(block), 1)
    mixed = np.zeros_like(block)
    mixed[upper] = _mixed(block[upper], shuffle, rng)
    return mixed + mixed.T
