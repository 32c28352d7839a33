"""The index of the workbook: its chapters, and which figures each one must write.

A figure that is not declared here cannot be saved, and a declared one that is not saved is an
error (see :mod:`mbh_utils.workbook.runner`). How ids become numbers tells ``chapters.py``.

This file imports nothing heavy, so that a command line can be checked before torch is loaded.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Declaration:
    """What one chapter is and what it must write.

    Parameters
    ----------
    name : str
        Name of its notebook, without the ending; it begins with the chapter's number.
    title : str
        Its title.
    figures : tuple of str
        Ids of the figures that it must write, in the order of its text, which numbers them.
    experiments : tuple of str, default ()
        The experiments whose tables or networks it reads, computed before it runs.
    judges : tuple of str, default ()
        Further experiments by whose tables it judges claims, where their data are the thesis's.

    Examples
    --------
    >>> Declaration("09_verdicts", "Verdicts", figures=()).number
    9
    """

    name: str
    title: str
    figures: tuple[str, ...]
    experiments: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """The chapter's number, with which those of its figures begin."""
        return int(self.name.partition("_")[0])


#: The experiments, beside the grid, by whose tables the claims of the thesis are judged.
JUDGED = (
    "bending",
    "costs",
    "deepfc",
    "densities",
    "evolution",
    "figure_planes",
    "histories",
    "lottery",
    "margins",
    "masks_by_iteration",
    "patterns",
    "standardised",
    "ticket_degrees",
    "tickets",
    "toy",
    "training_patterns",
    "trees",
)

CHAPTERS: tuple[Declaration, ...] = (
    Declaration(
        name="01_sparsity",
        title="Sparse networks and winning tickets",
        figures=("table-2-1", "fig-2-1", "ticket-iterations", "fig-2-2", "lottery"),
        experiments=("grid", "tickets", "masks_by_iteration", "ticket_degrees", "lottery"),
    ),
    Declaration(
        name="02_activation_regions",
        title="Activation regions",
        figures=(
            "fig-3-1",
            "fig-3-2",
            "fig-3-3",
            "initial-regions",
            "fig-3-4b",
            "fig-3-5",
            "fig-3-5-box",
            "fig-5-1",
            "fig-5-1-box",
        ),
        experiments=("grid", "initial_regions", "costs"),
    ),
    Declaration(
        name="03_specialization",
        title="Specialization",
        figures=(
            "fig-4-1",
            "fig-4-2",
            "fig-4-3",
            "fig-4-4",
            "fig-4-5",
            "toy-seeds",
            "toy-blankets",
            "fig-c-1",
        ),
        experiments=("toy", "grid"),
    ),
    Declaration(
        name="04_mbh",
        title="Minimal blankets and their hypervolume",
        figures=(
            "domains",
            "fig-1-1",
            "fig-1-1-box",
            "fig-4-6",
            "fig-4-6-box",
            "fig-6-5",
            "fig-6-5-box",
            "turning-angles",
            "fig-b-1",
            "fig-b-1-box",
            "fig-b-2",
            "fig-b-2-box",
            "blanket-explorer",
        ),
        experiments=("figure_planes", "bending", "costs"),
    ),
    Declaration(
        name="05_experiments",
        title="The experiments",
        figures=(
            "fig-6-1",
            "table-a-1",
            "fig-6-2",
            "fig-a-1",
            "fig-6-3",
            "fig-6-3-box",
            "fig-6-4",
            "fig-6-4-box",
            "fig-6-6",
            "fig-6-6-box",
            "full-coverage-by-samples",
            "fig-6-7",
            "fig-6-7-box",
            "specialization-by-margin",
            "fig-6-9",
            "fig-6-9-box",
            "fig-6-8",
            "fig-6-8-box",
            "fig-6-10",
            "fig-6-10-box",
            "fig-6-11",
            "fig-6-12",
            "fig-6-12-box",
            "fig-a-2",
            "fig-a-2-box",
            "fig-a-3",
            "fig-a-3-box",
        ),
        experiments=(
            "grid",
            "histories",
            "accuracies",
            "sample_counts",
            "training_patterns",
            "figure_planes",
            "margins",
            "evolution",
            "deepfc",
            "densities",
            "standardised",
            "costs",
        ),
    ),
    Declaration(
        name="06_decision_patterns",
        title="Decision patterns",
        figures=("fig-e-1", "fig-e-2", "fig-d-1", "fig-d-2", "fig-d-3", "leaf-blankets"),
        experiments=("trees", "patterns"),
    ),
    Declaration(
        name="07_lenses",
        title="Three lenses",
        figures=(
            "cluster-published",
            "cluster-ncut",
            "cluster-importance",
            "cluster-range",
            "cluster-lesions",
            "cluster-p-values",
            "cluster-dead-ends",
            "cluster-partitions",
            "cluster-patterns",
            "wiring-nulls",
            "wiring-siblings",
            "wiring-near-starts",
            "wiring-drift",
            "wiring-tickets",
            "wiring-accuracy",
            "wiring-pixels",
            "wiring-small-data",
            "wiring-sparse",
            "patterns-maps",
            "patterns-settling",
            "patterns-distinct",
            "patterns-specialization",
            "patterns-information",
            "patterns-depth",
            "lenses-associations",
            "lenses-matrix",
        ),
        experiments=(
            "grid",
            "clusterability_reference",
            "clusterability",
            "importance",
            "importance_reference",
            "partitions",
            "mask_nulls",
            "mask_distances",
            "near_starts",
            "slow_starts",
            "drift",
            "drift_specialization",
            "ticket_distances",
            "rewired",
            "rewired_s",
            "pixel_degrees_over_training",
            "small_data",
            "sparse_accuracy",
            "activation_evolution",
            "settling",
            "activation_patterns_of_networks",
            "depths",
            "evolution",
            "lenses",
            "networks",
        ),
        judges=("accuracies",),
    ),
    Declaration(
        name="08_what_s_measures",
        title="What s measures",
        figures=(
            "choice-curve",
            "choice-matched",
            "choice-heaps",
            "choice-corrected",
            "baselines",
            "gain-over-neurons",
            "domains-of-planes",
            "domains-and-accuracy",
            "others-inside",
            "overlap-of-classes",
            "hypervolume-checks",
            "hypervolume-and-planes",
            "optimal-patterns",
            "overfitting-gap",
            "overfitting-correlations",
            "one-architecture",
            "one-architecture-lenses",
            "variance-components",
            "planes-needed",
            "ranking-stability",
            "region-kinds",
        ),
        experiments=(
            "grid",
            "choice",
            "choice_pools",
            "choice_few",
            "heaps",
            "baselines",
            "shuffled_labels",
            "domains",
            "figure_planes",
            "insiders",
            "lenses",
            "overlaps",
            "hypervolumes",
            "optimal_patterns",
            "optimal_patterns_loose",
            "overfitting",
            "one_architecture",
            "many_planes",
            "region_kinds",
        ),
        judges=("one_architecture_s",),
    ),
    Declaration(
        name="09_verdicts",
        title="What holds, what does not, and what is open",
        figures=("claims-overview",),
        experiments=("grid",),
        judges=JUDGED,
    ),
    Declaration(
        name="10_your_network",
        title="Your network",
        figures=("your-cnn", "your-table", "your-text", "your-module"),
    ),
)
