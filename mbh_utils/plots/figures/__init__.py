"""Whole figures of the chapters, each a function: tables or partitions in, a figure out.

One module for each chapter that has such figures. A chapter calls them in one line and saves what
they return.
"""

from mbh_utils.plots.figures import (
    activation_regions,
    decision_patterns,
    experiments,
    lens_evolution,
    lens_topology,
    lens_topology_training,
    lenses,
    mbh,
    sparsity,
    specialization,
    verdicts,
)

__all__ = [
    "activation_regions",
    "decision_patterns",
    "experiments",
    "lens_topology",
    "lens_topology_training",
    "lens_evolution",
    "lenses",
    "mbh",
    "sparsity",
    "specialization",
    "verdicts",
]
