"""The thesis's experiments declared as data: which networks, when, and what is measured of them.

A new experiment is one entry of ``EXPERIMENTS`` (see ``measures.py`` for a new measure).
"""

from collections.abc import Sequence

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.experiments import cases, options
from mbh_utils.experiments.baseline_measures import (
    BASELINES,
    baseline_rows,
    baselines_options,
    shuffled_cases,
    shuffled_options,
    shuffled_rows,
)
from mbh_utils.experiments.bending import BENDING
from mbh_utils.experiments.certainty_measures import (
    REGION_KINDS,
    counted_cases,
    counted_options,
    many_plane_cases,
    many_plane_options,
    many_plane_rows,
)
from mbh_utils.experiments.choice_measures import (
    CHOICE,
    HEAPS,
    few_constraint_options,
    heap_options,
    other_pool_options,
    random_options,
)
from mbh_utils.experiments.cluster_measures import (
    CLUSTERABILITY,
    PARTITIONS,
    REFERENCE_CLUSTERABILITY,
    clusterability_options,
    partition_options,
    reference_cases,
    reference_options,
)
from mbh_utils.experiments.domain_measures import domain_rows, in_all_domains
from mbh_utils.experiments.evolution_measures import (
    EVOLUTION,
    PATTERN_STATISTICS,
    both_sources,
    depth_cases,
    evolution_cases,
    evolution_rows,
    settling_rows,
    validation_images,
)
from mbh_utils.experiments.experiment import Experiment
from mbh_utils.experiments.hypervolume_measures import (
    HYPERVOLUMES,
    hypervolume_cases,
    hypervolume_options,
)
from mbh_utils.experiments.importance_measures import (
    IMPORTANCE,
    REFERENCE_IMPORTANCE,
    importance_options,
    importance_reference_cases,
    importance_reference_options,
)
from mbh_utils.experiments.inside_measures import INSIDERS
from mbh_utils.experiments.lens_table import PARTS, lens_rows
from mbh_utils.experiments.lottery import LOTTERY, lottery_cases, lottery_options, lottery_rows
from mbh_utils.experiments.measures import SPECIALIZATIONS
from mbh_utils.experiments.one_architecture_measures import (
    LIVE_NEURONS,
    architecture_cases,
    architecture_cases_before_and_after,
    architecture_join,
    architecture_means,
    architecture_planes,
    architecture_rows,
    few_shuffles,
    importance_of_weights,
)
from mbh_utils.experiments.one_architecture_measures import (
    PARTS as ARCHITECTURE_PARTS,
)
from mbh_utils.experiments.optimal_measures import (
    OPTIMAL_PATTERNS,
    loose_cases,
    loose_options,
    optimal_cases,
    optimal_options,
)
from mbh_utils.experiments.overfitting_measures import (
    OVERFITTING,
    overfitting_cases,
    overfitting_options,
    overfitting_rows,
)
from mbh_utils.experiments.overlap_measures import OVERLAPS, overlap_options, overlap_rows
from mbh_utils.experiments.pattern_measures import DISTINCT_PATTERNS, TREES
from mbh_utils.experiments.region_measures import COSTS, REGIONS
from mbh_utils.experiments.rewiring_experiments import (
    SMALL_DATA,
    histories_by_kind,
    pixel_cases,
    rewired_cases,
    rows_by_kind,
    small_data_cases,
    small_data_options,
    small_data_rows,
    sparse_cases,
)
from mbh_utils.experiments.rows import (
    class_means,
    class_means_by_kind,
    history_rows,
    mask_rows,
    pixel_rows,
    ticket_rows,
    toy_rows,
)
from mbh_utils.experiments.sample_measures import ACCURACIES, SAMPLE_COUNTS
from mbh_utils.experiments.ticket_measures import MASKS_BY_ITERATION, PIXEL_DEGREES
from mbh_utils.experiments.topology_measures import (
    MASK_DISTANCES,
    MASK_NULLS,
    drift_cases,
    drift_options,
    near_cases,
    near_options,
    null_cases,
    null_options,
    sibling_options,
    slow_cases,
    ticket_cases,
    ticket_options,
    wiring_cases,
    wiring_options,
)

#: Every experiment by its name, which is that of its table too.
EXPERIMENTS: dict[str, Experiment] = {
    # Figs 3.4b, 3.5, 6.2 to 6.7 and 6.9
    "grid": Experiment(cases.grid, SPECIALIZATIONS, options.on_all_planes),
    # Fig A.1
    "histories": Experiment(cases.trained_grid, rows=history_rows),
    # whether networks overfit
    "accuracies": Experiment(cases.trained_grid, ACCURACIES),
    # Fig 2.1
    "tickets": Experiment(cases.tickets, rows=ticket_rows),
    # Fig 2.2
    "ticket_degrees": Experiment(cases.untrained_tickets, PIXEL_DEGREES, rows=pixel_rows),
    # why untrained tickets of the thesis are better than those of Fig 2.1
    "masks_by_iteration": Experiment(
        cases.dense_of_tickets, MASKS_BY_ITERATION, options.masks, rows=mask_rows
    ),
    # Iterative magnitude pruning, beside Fig 2.1
    "lottery": Experiment(lottery_cases, LOTTERY, lottery_options, lottery_rows),
    # Fig 4.5
    "toy": Experiment(cases.toy, rows=toy_rows),
    # Figs 1.1, 4.6, 6.5, 6.7, B.1 and B.2 for all models, on planes of the same classes
    "figure_planes": Experiment(cases.of_figures, SPECIALIZATIONS, options.on_planes_of_figures),
    # squares of other sizes
    "margins": Experiment(
        cases.of_margins, SPECIALIZATIONS, options.in_other_squares, rows=class_means
    ),
    # Fig 6.6 with the patterns of training images
    "training_patterns": Experiment(
        cases.equal_parameters, SPECIALIZATIONS, options.by_training_samples, rows=class_means
    ),
    # why the curves of Fig 6.6 do not end at 0
    "sample_counts": Experiment(
        cases.widest_and_narrowest, SAMPLE_COUNTS, options.by_number_of_samples
    ),
    # activation regions by the initial biases
    "initial_regions": Experiment(cases.initial, REGIONS, options.in_both_domains),
    # how much hyperplanes bend (Fig 6.5)
    "bending": Experiment(cases.of_setups, BENDING, options.in_both_domains),
    # the computing time of section 6.1.1
    "costs": Experiment(cases.first_models, COSTS, options.cost),
    # Figs 6.11 and 6.12
    "deepfc": Experiment(cases.deepfc, SPECIALIZATIONS, options.on_all_planes),
    # Fig 6.12
    "densities": Experiment(cases.densities, SPECIALIZATIONS, options.on_all_planes),
    # Figs A.2 and A.3
    "standardised": Experiment(cases.standardised, SPECIALIZATIONS, options.on_all_planes),
    # Figs 6.8 and 6.10
    "evolution": Experiment(
        cases.evolution, SPECIALIZATIONS, options.on_few_planes, rows=class_means
    ),
    # Figs D.1 to D.3
    "trees": Experiment(cases.of_setups, TREES, options.both_scopes),
    # Figs E.1 and E.2
    "patterns": Experiment(cases.of_setups, DISTINCT_PATTERNS, options.first_images),
    # whether neurons cluster (lens on clusters)
    "clusterability": Experiment(cases.trained_and_initial, CLUSTERABILITY, clusterability_options),
    # the published networks, beside the stored results
    "clusterability_reference": Experiment(
        reference_cases, REFERENCE_CLUSTERABILITY, reference_options
    ),
    # clusters of weights, of activations, and maximal patterns
    "partitions": Experiment(cases.trained_grid, PARTITIONS, partition_options),
    # whether clusters matter and mean something, of all networks and of the published ones
    "importance": Experiment(cases.trained_grid, IMPORTANCE, importance_options),
    "importance_reference": Experiment(
        importance_reference_cases, REFERENCE_IMPORTANCE, importance_reference_options
    ),
    # The lens on activation patterns: over training, when layers settle, by depth, of all networks
    "activation_evolution": Experiment(
        evolution_cases, EVOLUTION, both_sources, rows=evolution_rows
    ),
    "settling": Experiment(evolution_cases, EVOLUTION, both_sources, rows=settling_rows),
    "depths": Experiment(depth_cases, EVOLUTION, both_sources, rows=evolution_rows),
    "activation_patterns_of_networks": Experiment(
        cases.grid, PATTERN_STATISTICS, validation_images
    ),
    # Distances of wirings (Liu et al.): random masks, networks of other seeds, tickets, near
    # starts over training; specialization beside the way that rewired networks go
    "mask_nulls": Experiment(null_cases, MASK_NULLS, null_options),
    "mask_distances": Experiment(wiring_cases, MASK_DISTANCES, wiring_options),
    "ticket_distances": Experiment(ticket_cases, MASK_DISTANCES, ticket_options),
    "near_starts": Experiment(near_cases, MASK_DISTANCES, near_options),
    "slow_starts": Experiment(slow_cases, MASK_DISTANCES, near_options),
    "drift": Experiment(drift_cases, MASK_DISTANCES, drift_options),
    "drift_specialization": Experiment(
        drift_cases, SPECIALIZATIONS, options.on_few_planes, rows=class_means_by_kind
    ),
    # Samples of other classes inside of a blanket (Definition 4.1)
    "insiders": Experiment(cases.grid, INSIDERS, options.at_coverages),
    # Distances of the random masks of one set-up
    "sibling_distances": Experiment(cases.initial_wirings, MASK_DISTANCES, sibling_options),
    # All lenses, a row per network
    "lenses": Experiment(cases.trained_grid, parts=PARTS, join=lens_rows),
    # SET and RigL beside fixed masks of equal HNPs: accuracy, specialization, connected pixels;
    # training on few images, and at the density of Liu et al.
    "rewired": Experiment(rewired_cases, rows=histories_by_kind),
    "rewired_s": Experiment(
        rewired_cases, SPECIALIZATIONS, options.on_all_planes, rows=class_means_by_kind
    ),
    "pixel_degrees_over_training": Experiment(pixel_cases, PIXEL_DEGREES, rows=rows_by_kind),
    "small_data": Experiment(
        small_data_cases, SMALL_DATA, small_data_options, rows=small_data_rows
    ),
    "sparse_accuracy": Experiment(sparse_cases, rows=histories_by_kind),
    # Specialization to random images and noise, and of networks that learned shuffled labels; the
    # same planes in six domains
    "baselines": Experiment(cases.grid, BASELINES, baselines_options, baseline_rows),
    "shuffled_labels": Experiment(shuffled_cases, SPECIALIZATIONS, shuffled_options, shuffled_rows),
    "domains": Experiment(cases.trained_and_initial, SPECIALIZATIONS, in_all_domains, domain_rows),
    # How blankets of classes overlap (Definition 4.1); how many planes are needed; six ways to
    # count linear regions
    "overlaps": Experiment(cases.trained_grid, OVERLAPS, overlap_options, overlap_rows),
    "many_planes": Experiment(
        many_plane_cases, SPECIALIZATIONS, many_plane_options, rows=many_plane_rows
    ),
    "region_kinds": Experiment(counted_cases, REGION_KINDS, counted_options),
    # Optimised sparsity, the thesis's second scenario: one architecture, masks of every origin
    "one_architecture_s": Experiment(
        architecture_cases_before_and_after,
        SPECIALIZATIONS,
        architecture_planes,
        rows=architecture_means,
    ),
    "one_architecture_accuracies": Experiment(
        architecture_cases, ACCURACIES, rows=architecture_rows
    ),
    "one_architecture_insiders": Experiment(
        architecture_cases, INSIDERS, options.at_coverages, rows=architecture_means
    ),
    "one_architecture_neurons": Experiment(
        architecture_cases, LIVE_NEURONS, rows=architecture_rows
    ),
    "one_architecture_patterns": Experiment(
        architecture_cases, PATTERN_STATISTICS, validation_images, rows=architecture_rows
    ),
    "one_architecture_wirings": Experiment(
        architecture_cases, MASK_DISTANCES, wiring_options, rows=architecture_rows
    ),
    "one_architecture_clusters": Experiment(
        architecture_cases, CLUSTERABILITY, few_shuffles, rows=architecture_rows
    ),
    "one_architecture_importance": Experiment(
        architecture_cases, IMPORTANCE, importance_of_weights, rows=architecture_rows
    ),
    "one_architecture": Experiment(
        architecture_cases, parts=ARCHITECTURE_PARTS, join=architecture_join
    ),
    # Optimal patterns beside the greedy ones, on the planes and elsewhere
    "optimal_patterns": Experiment(optimal_cases, OPTIMAL_PATTERNS, optimal_options),
    "optimal_patterns_loose": Experiment(loose_cases, OPTIMAL_PATTERNS, loose_options),
    # Whether sparse networks specialize more, or only choose from more neurons: random candidates,
    # other pools of candidates, few constraints, heaps of separate networks
    "choice": Experiment(cases.grid, CHOICE, random_options),
    "choice_pools": Experiment(cases.grid, CHOICE, other_pool_options),
    "choice_few": Experiment(cases.grid, CHOICE, few_constraint_options),
    "heaps": Experiment(cases.beside_heaps, HEAPS, heap_options),
    # Networks that overfit by design, and what tells it
    "overfitting": Experiment(
        overfitting_cases, OVERFITTING, overfitting_options, overfitting_rows
    ),
    # Blankets in all dimensions of the input box
    "hypervolumes": Experiment(hypervolume_cases, HYPERVOLUMES, hypervolume_options),
    # What chapters draw of single networks, see drawn.py
    "networks": Experiment(cases.networks, rows=None),
}


def experiments_named(names: Sequence[str]) -> list[str]:
    """The names of experiments as a list. Raises MBHError for one that there is not."""
    names = require.listed("names", names, "names of experiments")
    for name in names:
        if not isinstance(name, str) or name not in EXPERIMENTS:
            there = ", ".join(EXPERIMENTS)
            shown = require.shown(name)
            raise MBHError(f"there is no experiment {shown}; the experiments are {there}")
    return names
