"""Clusters of neurons: are they important, are they coherent (Hod et al., arXiv 2110.08058)?"""

from mbh_utils.lenses.clusters.coherence import coherence
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
from mbh_utils.lenses.clusters.sub_clusters import sub_clusters

__all__ = [
    "CAVEAT",
    "bates",
    "coherence",
    "discoveries",
    "fisher",
    "importance",
    "lesions",
    "p_value",
    "rank_chi2",
    "relative_effect",
    "sub_clusters",
]
