"""Clusters of neurons: whether they are there, matter, and mean something (Hod, Filan et al.).

====================  ===========================================================================
``graphs``            a network as a graph, by its weights or by its activations
``spectral``          spectral clustering of the graph, and the n-cut of a partition
``clusterability``    whether a network is more clustered than its weights shuffled
====================  ===========================================================================
"""

from mbh_utils.lenses.clusters.clusterability import SHUFFLES, Clusterability, clusterability
from mbh_utils.lenses.clusters.graphs import Graph, activation_graph, weight_graph
from mbh_utils.lenses.clusters.spectral import cluster, default_k, ncut

__all__ = [
    "SHUFFLES",
    "Clusterability",
    "Graph",
    "activation_graph",
    "cluster",
    "clusterability",
    "default_k",
    "ncut",
    "weight_graph",
]
