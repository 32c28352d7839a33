"""Sub-clusters, the part of a cluster within one hidden layer, and random sets of equal size."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters.chain import Chain

#: The largest share of a layer's neurons that a sub-cluster may have.
MOST_OF_A_LAYER = 0.99


class SubCluster(NamedTuple):
    """The part of a cluster within one hidden layer, and random sets as large as it.

    Attributes
    ----------
    layer : int
        The hidden layer, from 0.
    cluster : int
        The cluster's label.
    live : int
        Neurons of the layer that take part.
    sets : ndarray of int, shape (1 + draws, size)
        Neurons of the layer: of the sub-cluster in the first row, then of random sets.
    """

    layer: int
    cluster: int
    live: int
    sets: np.ndarray

    @property
    def size(self) -> int:
        """How many neurons it has."""
        return self.sets.shape[1]


def labels_by_layer(labels: ArrayLike, chain: Chain) -> list[np.ndarray]:
    """The labels of each hidden layer's neurons.

    labels: one for each hidden neuron, or for each input, hidden neuron and output.
    """
    given = require.array("labels", labels)
    hidden = sum(chain.widths)
    every = chain.n_inputs + hidden + chain.n_outputs
    if given.ndim != 1 or len(given) not in (hidden, every):
        raise MBHError(
            f"labels have shape {given.shape}; expected ({hidden},), one for each hidden neuron, "
            f"or ({every},) with those of inputs and outputs"
        )
    if given.dtype.kind not in "iu" or (len(given) and given.min() < -1):
        raise MBHError("labels are whole numbers from 0 on, and -1 for what is left out")
    neurons = given[chain.n_inputs : chain.n_inputs + hidden] if len(given) == every else given
    return np.split(neurons.astype(np.int64), np.cumsum(chain.widths)[:-1])


def sub_clusters_of(
    chain: Chain, labels: ArrayLike, draws: int, seed: int, dead_ends: bool
) -> list[SubCluster]:
    """The sub-clusters that can be tested, by layer and cluster, with their random sets.

    A draw is a random partition: the labels of a layer's neurons, shuffled. So each random set is
    drawn uniformly from the layer, and together the sets of one draw are as disjoint as the
    sub-clusters are.
    """
    by_layer = labels_by_layer(labels, chain)
    draws = require.whole("draws", draws, 0, 10**5)
    dead_ends = require.flag("dead_ends", dead_ends)
    rng = stream(seed, "random sets")
    found = []
    for layer, (own, reaching) in enumerate(zip(by_layer, chain.reaching, strict=True)):
        takes_part = own >= 0 if dead_ends else (own >= 0) & reaching
        pool = np.flatnonzero(takes_part)
        shuffled = rng.permuted(np.tile(pool, (draws, 1)), axis=1)
        arranged = np.vstack([pool, shuffled])
        for cluster in np.unique(own[pool]).tolist():
            sets = arranged[:, own[pool] == cluster]
            if 2 <= sets.shape[1] <= MOST_OF_A_LAYER * len(pool):
                found.append(SubCluster(layer, cluster, len(pool), np.sort(sets, axis=1)))
    return found


def refuse_none(found: list[SubCluster]) -> list[SubCluster]:
    """The sub-clusters; MBHError where there is none."""
    if not found:
        raise MBHError(
            "labels leave no sub-cluster to test: each has fewer than two neurons of its layer, or "
            "the whole layer (dead ends count as left out). Choose another number of clusters"
        )
    return found


def sub_clusters(network, labels: ArrayLike, *, dead_ends: bool = False) -> pd.DataFrame:
    """The sub-clusters of a partition that can be tested, one a row.

    Parameters
    ----------
    network : Network or torch.nn.Module
        Anything :func:`mbh_utils.hidden_layers` understands, but for a list of hidden layers.
    labels : array_like of int
        The cluster of each hidden neuron in layer order, or of each input, hidden neuron and
        output; -1 for what is left out.
    dead_ends : bool, default False
        Whether neurons without a live path to the outputs take part.

    Returns
    -------
    pandas.DataFrame
        Columns layer (from 0), cluster, size, live (neurons of the layer that take part); it may
        have no row.

    Raises
    ------
    MBHError
        For what is no network with outputs, and for labels that do not go with it.

    Notes
    -----
    As in Hod et al. (arXiv 2110.08058): hidden layers only, two neurons at least and at most 99 %
    of the layer's neurons that take part.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import lenses
    >>> network = mbh.Network(4, (5, 3), 2)
    >>> lenses.clusters.sub_clusters(network, [0, 0, 1, 1, 1, 0, 1, 1])
       layer  cluster  size  live
    0      0        0     2     5
    1      0        1     3     5
    2      1        1     2     3
    """
    found = sub_clusters_of(Chain.of(network), labels, 0, 0, dead_ends)
    return table_of(found)


def table_of(found: list[SubCluster]) -> pd.DataFrame:
    """What tells sub-clusters apart: layer, cluster, size, live."""
    rows = [(one.layer, one.cluster, one.size, one.live) for one in found]
    return pd.DataFrame(rows, columns=["layer", "cluster", "size", "live"]).astype(int)
