"""Whole figures of the chapter on the three lenses: tables of measured networks in, a figure out.

One file for each lens, ``lens_*.py``; this one hands on what the chapter calls.
"""

from mbh_utils.plots.figures.lens_clusters import (
    beside_published,
    clusterability_over_density,
    partitions_over_density,
    pattern_overlap_over_density,
)
from mbh_utils.plots.figures.lens_importance import (
    class_drops,
    effects,
    p_values_beside_published,
    with_dead_ends,
)
from mbh_utils.plots.figures.lens_overview import association_matrix, associations_with

__all__ = [
    "association_matrix",
    "associations_with",
    "beside_published",
    "class_drops",
    "clusterability_over_density",
    "effects",
    "partitions_over_density",
    "pattern_overlap_over_density",
    "p_values_beside_published",
    "with_dead_ends",
]
