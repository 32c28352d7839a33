"""Whole figures of the chapters, each a function: tables or partitions in, a figure out.

One module for each chapter that has such figures, and ``lens_*`` for those of the lenses. A chapter
calls them in one line and saves what they return.
"""

from mbh_utils.plots.figures import (
    activation_regions,
    beyond_hypervolume,
    decision_patterns,
    experiments,
    lens_clusters,
    lens_evolution,
    lens_importance,
    lens_overview,
    lens_patterns,
    lens_topology,
    lens_topology_training,
    mbh,
    sparsity,
    specialization,
    verdicts,
)

__all__ = [
    "activation_regions",
    "beyond_hypervolume",
    "decision_patterns",
    "experiments",
    "lens_clusters",
    "lens_evolution",
    "lens_importance",
    "lens_overview",
    "lens_patterns",
    "lens_topology",
    "lens_topology_training",
    "mbh",
    "sparsity",
    "specialization",
    "verdicts",
]
