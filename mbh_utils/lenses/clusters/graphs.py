"""The neurons of a network as a graph: joined by weights, or by how alike they respond."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks.layers import Layer
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.patterns import preactivations

#: What joins two nodes of a graph.
KINDS = ("weights", "activations")
#: Weights between layers: (from layer, to layer) -> (n_to, n_from).
Blocks = dict[tuple[int, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class Graph:
    """An undirected graph whose nodes are the units of a network.

    Parameters
    ----------
    adjacency : (n, n) scipy.sparse.csr_array or ndarray
        Weights of the edges: symmetric, finite, none below 0, zeros on the diagonal.
    layer : array of int, shape (n,)
        The layer of each node: 0 for inputs, 1 to L for hidden layers, L + 1 for outputs.
    unit : array of int, shape (n,)
        Its position in its layer.
    n_layers : int
        The number L of hidden layers.
    kind : {"weights", "activations"}
        What joins two nodes.

    Raises
    ------
    MBHError
        For arrays that make no such graph.

    Notes
    -----
    ``len(graph)`` is the number of nodes. Weights are kept sparse: also in a dense network, most
    pairs of layers are not joined. Activations join every two neurons, and are kept dense.

    Examples
    --------
    >>> import numpy as np
    >>> Graph(np.array([[0, 2.0], [2.0, 0]]), layer=[0, 1], unit=[0, 0], n_layers=1)
    Graph(2 nodes in 2 layers, joined by weights)
    """

    adjacency: sp.csr_array | np.ndarray
    layer: np.ndarray
    unit: np.ndarray
    n_layers: int
    kind: str = "weights"

    def __post_init__(self):
        adjacency: Any = self.adjacency
        if not sp.issparse(adjacency):
            adjacency = require.array("adjacency", adjacency)
        n = adjacency.shape[0] if adjacency.ndim == 2 else 0
        if not n or adjacency.shape != (n, n):
            raise MBHError(f"adjacency has shape {adjacency.shape}; expected (n, n), n nodes")
        adjacency = adjacency.astype(np.float64)
        adjacency = sp.csr_array(adjacency) if sp.issparse(adjacency) else adjacency
        _check_edges(adjacency)
        layer = _whole_numbers("layer", self.layer, n)
        unit = _whole_numbers("unit", self.unit, n)
        n_layers = require.whole("n_layers", self.n_layers, 1)
        kind = require.choice("kind", self.kind, KINDS)
        put = vars(self).update  # the dataclass is frozen
        put(adjacency=adjacency, layer=layer, unit=unit, n_layers=n_layers, kind=kind)

    def __len__(self) -> int:
        return len(self.layer)

    @property
    def hidden(self) -> np.ndarray:
        """(n,) bool: which nodes are hidden neurons, neither inputs nor outputs."""
        return (self.layer > 0) & (self.layer <= self.n_layers)

    def part(self, nodes: np.ndarray) -> "Graph":
        """Some of the nodes, and the edges between them; nodes: (n,) bool, or their indices."""
        edges = self.adjacency[nodes][:, nodes]
        return Graph(edges, self.layer[nodes], self.unit[nodes], self.n_layers, self.kind)

    def __repr__(self) -> str:
        layers = len(np.unique(self.layer))
        return f"Graph({len(self):,} nodes in {layers} layers, joined by {self.kind})"


def _check_edges(adjacency) -> None:
    """Refuse what is no undirected graph with weights from 0 on."""
    values = adjacency.data if sp.issparse(adjacency) else adjacency
    if not require.all_finite(np.asarray(values)):
        raise MBHError("adjacency holds NaN or infinite weights")
    if values.size and values.min() < 0:
        raise MBHError("adjacency holds weights below 0: take their magnitudes")
    if adjacency.diagonal().any():
        raise MBHError("adjacency joins a node to itself: put zeros on its diagonal")
    if abs(adjacency - adjacency.T).max() > 0:
        raise MBHError("adjacency is not symmetric, but edges have no direction here")


def _whole_numbers(name: str, given: ArrayLike, n: int) -> np.ndarray:
    """One whole number for each of the n nodes."""
    values = require.array(name, given)
    if values.shape != (n,) or values.dtype.kind not in "iu":
        raise MBHError(
            f"{name} is {values.dtype} of shape {values.shape}; expected a whole number for each "
            f"of the {n} nodes"
        )
    return values.astype(np.int64)


# ------------------------------------------------------------------------------------------ weights


def weight_graph(network, *, output_layer: bool = True) -> Graph:
    """The graph of a network's weights: inputs, hidden neurons and outputs.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer; otherwise its units are neurons.

    Returns
    -------
    Graph
        Two units of neighbouring layers are joined by the magnitude of the weight between them.
        Nodes come in the order of layers. A list of hidden layers has no outputs.

    Raises
    ------
    MBHError
        For a network that is not understood.

    Notes
    -----
    The graph of Filan, Casper, Hod et al. 2021 (arXiv 2103.03386) and Hod, Casper, Filan et al.
    2022 (arXiv 2110.08058): no biases, no normalisation, and a pruned weight is no edge. What
    reaches a later layer past a ReLU (a skip connection) is joined to the units that it comes from,
    by the composed weight.

    Examples
    --------
    >>> graph = weight_graph([([[1, -2], [0, 3]], [0, 0]), ([[4, -5]], [0])])
    >>> graph.layer.tolist()
    [0, 0, 1, 1, 2]
    >>> graph.adjacency.toarray()[2].tolist()
    [1.0, 2.0, 0.0, 0.0, 4.0]
    """
    return Units.of(network, output_layer=output_layer).graph()


@dataclass(frozen=True, eq=False)
class Units:
    """The units of a network, layer by layer, and the magnitudes of the weights between them.

    widths: of the inputs, the hidden layers, and the outputs if there are any. n_layers: hidden
    layers. blocks: see ``Blocks``.
    """

    widths: list[int]
    n_layers: int
    blocks: Blocks

    @classmethod
    def of(cls, network, *, output_layer: bool = True) -> "Units":
        """Of anything that the package understands as a network."""
        output_layer = require.flag("output_layer", output_layer)
        reading = read_network(network, output_layer=output_layer)
        if reading.output is None:
            layers, n_layers = reading.hidden, len(reading.hidden)
        else:
            layers, n_layers = [*reading.carrying, reading.output], len(reading.carrying)
        widths = [layers[0].weight.shape[1]]
        widths += [len(layer.bias) - layer.n_linear for layer in layers]
        return cls(widths, n_layers, _blocks(layers))

    def graph(self, blocks: Blocks | None = None) -> Graph:
        """As a graph, with other weights if they are given."""
        widths = self.widths
        layer = np.repeat(np.arange(len(widths)), widths)
        unit = np.concatenate([np.arange(width) for width in widths])
        edges = self.adjacency(self.blocks if blocks is None else blocks)
        return Graph(edges, layer, unit, self.n_layers)

    def adjacency(self, blocks: Blocks) -> sp.csr_array:
        """The symmetric matrix of these weights between the layers, zeros elsewhere."""
        rows = [[sp.csr_array((n, m)) for m in self.widths] for n in self.widths]
        for (source, target), weight in blocks.items():
            rows[target][source] = sp.csr_array(weight)
            rows[source][target] = sp.csr_array(weight.T)
        return sp.csr_array(sp.block_array(rows, format="csr"))


def _blocks(layers: list[Layer]) -> Blocks:
    """Magnitudes of the weights between units, linear units replaced by what they are made of."""
    blocks: Blocks = {}
    carried: Blocks = {}  # (from layer, 0) -> the linear units of the layer before, by its units
    for target, layer in enumerate(layers, start=1):
        n = len(layer.bias) - layer.n_linear
        width = layer.weight.shape[1]
        n_carried = len(next(iter(carried.values()))) if carried else 0
        sums = {(target - 1, target): layer.weight[:, : width - n_carried]}
        for (source, _), composed in carried.items():
            sums[source, target] = layer.weight[:, width - n_carried :] @ composed
        blocks |= {key: np.abs(weight[:n]) for key, weight in sums.items()}
        carried = {(source, 0): weight[n:] for (source, _), weight in sums.items()}
        carried = carried if layer.n_linear else {}
    return blocks


# -------------------------------------------------------------------------------------- activations


def activation_graph(
    network,
    samples: Samples | ArrayLike,
    correlation: str = "spearman",
    images: int = 5_000,
    seed: int = 0,
    *,
    output_layer: bool = True,
) -> Graph:
    """The graph of hidden neurons that respond alike.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples or array_like, shape (n, d)
        Images at which the neurons are looked at, such as ``data.train``.
    correlation : {"spearman", "pearson"}
        Of ranks, or of the pre-activations themselves.
    images : int, default 5_000
        At most so many images are drawn, without replacement.
    seed : int, default 0
        Of the drawing.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which is left out.

    Returns
    -------
    Graph
        Every two hidden neurons, also those of one layer, are joined by the square of the
        correlation of their pre-activations. A neuron whose pre-activation is the same at all
        images has no edge.

    Raises
    ------
    MBHError
        For a network that is not understood, and for images of another size, with NaN, or fewer
        than two.

    Notes
    -----
    The activation graph of Hod, Casper, Filan et al. 2022 (arXiv 2110.08058): pre-activations on
    up to 5,000 training images, inputs and outputs left out.

    Examples
    --------
    >>> layers = [([[1, 0], [2, 0], [0, 1]], [0, 0, 0])]
    >>> graph = activation_graph(layers, [[0, 0], [1, 0], [2, 1], [3, 0]])
    >>> graph.adjacency.round(2).tolist()
    [[0.0, 1.0, 0.07], [1.0, 0.0, 0.07], [0.07, 0.07, 0.0]]
    """
    correlation = require.choice("correlation", correlation, ("spearman", "pearson"))
    images = require.whole("images", images, 2, 10**9)
    seed = require.whole("seed", seed, 0)
    x = require.array("samples", getattr(samples, "images", samples))
    if x.ndim != 2 or len(x) < 2:
        raise MBHError(
            f"samples have shape {x.shape}; correlations need (n, d) images, two at least"
        )
    if len(x) > images:
        x = x[np.sort(stream(seed, "images").choice(len(x), images, replace=False))]
    layers = preactivations(network, x, output_layer=output_layer)
    widths = [z.shape[1] for z in layers]
    edges = _squared_correlations(np.concatenate(layers, axis=1), correlation)
    layer = np.repeat(np.arange(1, len(widths) + 1), widths)
    unit = np.concatenate([np.arange(width) for width in widths])
    return Graph(edges, layer, unit, len(widths), "activations")


def _squared_correlations(values: np.ndarray, correlation: str) -> np.ndarray:
    """Squared correlations of the columns, 0 on the diagonal and for a column that is constant."""
    varies = values.max(axis=0) > values.min(axis=0)
    if correlation == "spearman":
        values = rankdata(values, axis=0)
    values = values - values.mean(axis=0)
    length = np.sqrt((values**2).sum(axis=0))
    values /= np.where(varies & (length > 0), length, np.inf)
    squares = np.clip((values.T @ values) ** 2, 0, 1)
    squares = np.maximum(squares, squares.T)  # the product may differ in the last digit
    np.fill_diagonal(squares, 0)
    return squares
