"""Spectral clustering of a network's graph, and its n-cut."""

import warnings
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters.graphs import Graph

#: Starts of k-means, of which the best counts: as in the public code of the paper.
_STARTS = 25
#: Up to so many rows, all of a matrix is decomposed, which is faster than Lanczos iterations.
_DENSE = 1_500
#: Singular values below are taken for 0.
_ZERO = 1e-6


def default_k(n_hidden: int) -> int:
    """Into how many clusters a network of so many hidden neurons is divided.

    Parameters
    ----------
    n_hidden : int
        Hidden neurons of the network.

    Returns
    -------
    int
        16, as in the paper, but at least four neurons for each cluster, and at least 2.

    Examples
    --------
    >>> [default_k(n) for n in (400, 46, 16)]
    [16, 11, 4]
    """
    return max(2, min(16, require.whole("n_hidden", n_hidden, 1) // 4))


def cluster(
    graph: Graph,
    k: int | None = None,
    seed: int = 0,
    scope: str = "global",
) -> np.ndarray:
    """The cluster of each node, by normalised spectral clustering.

    Parameters
    ----------
    graph : Graph
        Of :func:`weight_graph` or :func:`activation_graph`.
    k : int, optional
        Number of clusters; by default :func:`default_k` of its hidden neurons.
    seed : int, default 0
        Of the starts of k-means.
    scope : {"global", "local"}
        "global": one clustering of all nodes; a cluster may span layers. "local": one clustering
        for each hidden layer, into as many clusters as the global one has in that layer.

    Returns
    -------
    ndarray of int, shape (n,)
        From 0 on, in the order in which the clusters occur. -1 is a node that is left out: without
        an edge (a neuron that is the same at all images, too), or outside of the largest connected
        part of the graph. With local scope, inputs and outputs have -1, and clusters of different
        layers have different numbers.

    Raises
    ------
    MBHError
        If there are more clusters than nodes to be divided.

    Notes
    -----
    As in Hod, Casper, Filan et al. 2022 (arXiv 2110.08058): k-means with 25 starts on the k largest
    eigenvectors of the normalised adjacency, each row divided by the root of the node's degree.
    That is what scikit-learn's ``SpectralClustering`` does; here the eigenvectors of a graph whose
    layers are joined to neighbouring ones only come from a singular value decomposition of half the
    size, and are exact.

    In the local scope, a hidden layer of weights is divided together with the layers before and
    behind it, of which the labels are dropped; one of activations alone.

    Examples
    --------
    >>> from mbh_utils.lenses.clusters import weight_graph
    >>> two_halves = [([[3, 0], [3, 0], [0, 3]], [0, 0, 0])]
    >>> cluster(weight_graph(two_halves), 1)
    array([ 0, -1,  0,  0, -1])
    """
    require.kind_of("graph", graph, Graph, "a Graph, such as weight_graph(network)")
    scope = require.choice("scope", scope, ("global", "local"))
    seed = require.whole("seed", seed, 0, 2**32 - 1)
    k = default_k(max(1, int(graph.hidden.sum()))) if k is None else require.whole("k", k, 1)
    labels = _global(graph, k, seed)
    return labels if scope == "global" else _local(graph, labels, seed)


def _global(graph: Graph, k: int, seed: int) -> np.ndarray:
    kept = largest_part(graph.adjacency)
    if k > len(kept):
        raise MBHError(
            f"k is {k}, but only {len(kept)} of the {len(graph)} nodes are joined to each other: "
            "choose a smaller k"
        )
    labels = np.full(len(graph), -1)
    edges = graph.adjacency[kept][:, kept]
    labels[kept] = spectral_labels(edges, graph.layer[kept] % 2 == 1, k, seed)
    return labels


def _local(graph: Graph, globally: np.ndarray, seed: int) -> np.ndarray:
    """One clustering for each hidden layer, numbered on from layer to layer."""
    labels = np.full(len(graph), -1)
    reach = 1 if graph.kind == "weights" else 0
    for layer in range(1, graph.n_layers + 1):
        own = graph.layer == layer
        k = len(np.unique(globally[own & (globally >= 0)]))
        around = np.flatnonzero(np.abs(graph.layer - layer) <= reach)
        part = graph.part(around)
        k = min(k, len(largest_part(part.adjacency)))
        if k == 0:
            continue
        found = _global(part, k, seed)[own[around]]
        labels[own] = np.where(found < 0, -1, in_order(found) + labels.max() + 1)
    return labels


def largest_part(adjacency) -> np.ndarray:
    """Indices of the nodes in the largest connected part; none if there is no edge at all."""
    _, part = connected_components(adjacency, directed=False)
    sizes = np.bincount(part)
    kept = np.flatnonzero(part == sizes.argmax())
    return kept if len(kept) > 1 else kept[:0]


def in_order(labels: np.ndarray) -> np.ndarray:
    """The same partition numbered 0, 1, ... as its clusters occur; what is below 0 stays."""
    found, first = np.unique(labels[labels >= 0], return_index=True)
    number = np.empty(labels.max(initial=-1) + 1, dtype=np.int64)
    number[found[np.argsort(first)]] = np.arange(len(found))
    return np.where(labels < 0, labels, number[labels])


def spectral_labels(adjacency, odd: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Labels of the nodes of a connected graph; odd: (n,) bool, those in layers 1, 3, ..."""
    if k == 1:
        return np.zeros(adjacency.shape[0], dtype=np.int64)
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    rows = embedding(adjacency, odd, k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters
        method: Any = KMeans(k, random_state=seed)
        method.set_params(n_init=_STARTS)
        labels = method.fit_predict(rows)
    return in_order(labels.astype(np.int64))


def embedding(adjacency, odd: np.ndarray, k: int) -> np.ndarray:
    """The k largest eigenvectors of the normalised adjacency over the roots of degrees, (n, k)."""
    scale = 1 / np.sqrt(np.asarray(adjacency.sum(axis=1)).ravel())
    vectors = _of_two_sides(adjacency, scale, odd, k)
    if vectors is None:
        vectors = _of_all(adjacency, scale, k)
    return vectors * scale[:, None]


def _of_two_sides(adjacency, scale: np.ndarray, odd: np.ndarray, k: int) -> np.ndarray | None:
    """Eigenvectors where edges join odd and even layers only; None where that does not help.

    Such a matrix is [[0, B], [B', 0]], and its positive eigenvalues are the singular values of B.
    """
    small = odd if 2 * odd.sum() <= len(odd) else ~odd
    n = int(small.sum())
    if not k <= n <= _DENSE or not sp.issparse(adjacency):
        return None
    rows = adjacency[small]
    if rows[:, small].nnz or adjacency[~small][:, ~small].nnz:
        return None
    across = rows[:, ~small].toarray() * scale[small][:, None] * scale[~small]
    squares, left = scipy.linalg.eigh(across @ across.T, subset_by_index=[n - k, n - 1])
    if squares[0] < _ZERO**2:
        return None
    vectors = np.empty((len(odd), k))
    vectors[small] = left
    vectors[~small] = across.T @ left / np.sqrt(squares)
    return vectors / np.sqrt(2)


def _of_all(adjacency, scale: np.ndarray, k: int) -> np.ndarray:
    n = len(scale)
    if n <= _DENSE or k >= n - 1:
        dense = adjacency.toarray() if sp.issparse(adjacency) else adjacency
        normalised = dense * scale[:, None] * scale
        return scipy.linalg.eigh(normalised, subset_by_index=[n - k, n - 1])[1]
    diagonal = sp.diags_array(scale)
    return eigsh(diagonal @ adjacency @ diagonal, k, which="LA", v0=1 / scale)[1]


def ncut(graph: Graph, labels: ArrayLike) -> float:
    """The n-cut of a partition: how much of the clusters' weights leaves them.

    Parameters
    ----------
    graph : Graph
        As it was clustered.
    labels : array of int, shape (n,)
        The cluster of each node, below 0 for nodes that are left out.

    Returns
    -------
    float
        From 0 (no edge leaves a cluster) to the number of clusters.

    Raises
    ------
    MBHError
        If there is not one whole number per node, or no node has a cluster.

    Notes
    -----
    The sum over clusters of the weight of the edges that leave it, over the sum of its nodes'
    degrees plus 1e-8 (Filan et al. 2021, arXiv 2103.03386). An edge to a node that is left out
    leaves the cluster.

    Examples
    --------
    Two chains 0-2-4 and 1-3-5, with weak edges between them:

    >>> import numpy as np
    >>> from mbh_utils.lenses.clusters import weight_graph
    >>> graph = weight_graph([(np.array([[3, 0.5], [0.5, 3]]), [0, 0])] * 2)
    >>> round(ncut(graph, [0, 1, 0, 1, 0, 1]), 6)
    0.285714
    """
    require.kind_of("graph", graph, Graph, "a Graph, such as weight_graph(network)")
    labels = require.array("labels", labels)
    if labels.shape != (len(graph),) or labels.dtype.kind not in "iu":
        raise MBHError(
            f"labels are {labels.dtype} of shape {labels.shape}; expected a whole number for each "
            f"of the {len(graph)} nodes"
        )
    return ncut_of(graph.adjacency, labels)


def ncut_of(adjacency, labels: np.ndarray) -> float:
    """The n-cut, of an adjacency matrix."""
    nodes = np.flatnonzero(labels >= 0)
    if not len(nodes):
        raise MBHError("no node has a cluster: all labels are below 0")
    _, number = np.unique(labels[nodes], return_inverse=True)
    member = sp.csr_array((np.ones(len(nodes)), (number, nodes)), (number.max() + 1, len(labels)))
    volume = member @ np.asarray(adjacency.sum(axis=1)).ravel()
    inside = (member @ adjacency @ member.T).diagonal()
    return float(((volume - inside) / (volume + 1e-8)).sum())
