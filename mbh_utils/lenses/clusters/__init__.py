"""Clusters of neurons: whether they are there, matter, and mean something (Hod, Filan et al.).

====================  ===========================================================================
``graphs``            a network as a graph, by its weights or by its activations
``spectral``          spectral clustering of the graph, and the n-cut of a partition
``clusterability``    whether a network is more clustered than its weights shuffled
``sub_clusters``      the part of a cluster within a layer, and random sets as large as it
``lesions``           what a network classifies without them: importance, class range
``coherence``         whether their neurons go with one feature
``permutation``       p-values against random draws, and what many of them say together
``pooling``           these for each network, and for each set-up
``published``         what the papers found with their networks
``chain``             a network as the affine layers that its outputs are made by
====================  ===========================================================================
"""

from mbh_utils.lenses.clusters.clusterability import SHUFFLES, Clusterability, clusterability
from mbh_utils.lenses.clusters.coherence import coherence
from mbh_utils.lenses.clusters.graphs import Graph, activation_graph, weight_graph
from mbh_utils.lenses.clusters.lesions import importance, lesions
from mbh_utils.lenses.clusters.permutation import (
    CAVEAT,
    bates,
    discoveries,
    fisher,
    p_value,
    rank_chi2,
    relative_effect,
)
from mbh_utils.lenses.clusters.pooling import network_tests, pooled_tests
from mbh_utils.lenses.clusters.published import published, published_tests
from mbh_utils.lenses.clusters.spectral import cluster, default_k, ncut
from mbh_utils.lenses.clusters.sub_clusters import sub_clusters

__all__ = [
    "CAVEAT",
    "SHUFFLES",
    "Clusterability",
    "Graph",
    "activation_graph",
    "bates",
    "cluster",
    "clusterability",
    "coherence",
    "default_k",
    "discoveries",
    "fisher",
    "importance",
    "lesions",
    "ncut",
    "network_tests",
    "p_value",
    "pooled_tests",
    "published",
    "published_tests",
    "rank_chi2",
    "relative_effect",
    "sub_clusters",
    "weight_graph",
]
