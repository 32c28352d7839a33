"""Whole figures of the chapters, each a function: tables or partitions in, a figure out.

One module for each chapter that has such figures, and ``lens_*`` for those of the lenses. A chapter
calls them in one line and saves what they return.
"""

from mbh_utils.plots.figures import (
    activation_regions,
    beyond_baselines,
    beyond_domains,
    beyond_certainty,
    beyond_overlap,
    beyond_one_architecture,
    beyond_choice,
    beyond_overfitting,
    beyond_optimal,
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
    your_network,
)

__all__ = [
    "activation_regions",
    "beyond_baselines",
    "beyond_domains",
    "beyond_certainty",
    "beyond_overlap",
    "beyond_one_architecture",
    "beyond_choice",
    "beyond_overfitting",
    "beyond_optimal",
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
    "your_network",
]
