"""The thesis's experiments declared as data: which networks, when, and what is measured of them.

A new experiment is one entry of ``EXPERIMENTS`` (see ``measures.py`` for a new measure).
"""

from collections.abc import Sequence
from dataclasses import replace

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.experiments.bending import BENDING
from mbh_utils.experiments.cluster_measures import (
    CLUSTERABILITY,
    PARTITIONS,
    REFERENCE_CLUSTERABILITY,
    clusterability_options,
    partition_options,
    reference_cases,
    reference_options,
)
from mbh_utils.experiments.drawn import drawn_cases
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
from mbh_utils.experiments.pattern_measures import DISTINCT_PATTERNS, TREES
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profile_runs import parameters_at, ticket_runs
from mbh_utils.experiments.profiles import Profile
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
from mbh_utils.experiments.runs import Case, Run, milestones
from mbh_utils.experiments.sample_measures import ACCURACIES, SAMPLE_COUNTS
from mbh_utils.experiments.ticket_measures import MASKS_BY_ITERATION, PIXEL_DEGREES, RULES
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
from mbh_utils.networks import Setup, pruning
from mbh_utils.training import Recipe

# ---------------------------------------------------------------------------------- which networks


def _cases(
    profile: Profile,
    *,
    setups: Sequence[Setup] | None = None,
    models: int | None = None,
    dataset: str | None = None,
    iterations: Sequence[int] | None = None,
) -> list[Case]:
    """By default all models of the set-ups of Fig 6.1 on Fashion, before and after training."""
    cases = []
    for setup in setups or profile.setups:
        for seed in range(models or profile.models):
            name = dataset or profile.fashion
            run = Run(name, setup.hidden, setup.parameters, seed, profile.recipe)
            cases += [Case(setup, run, i) for i in iterations or (0, profile.iterations)]
    return cases


def _grid(profile: Profile) -> list[Case]:
    return [case for name in profile.datasets for case in _cases(profile, dataset=name)]


def _trained_grid(profile: Profile) -> list[Case]:
    return [case for case in _grid(profile) if case.iteration]


def _trained_and_initial(profile: Profile) -> list[Case]:
    """All trained networks of Fig 6.1, and those of the main data set before training."""
    return _trained_grid(profile) + [case for case in _cases(profile) if not case.iteration]


def _deepfc(profile: Profile) -> list[Case]:
    return _cases(profile, setups=profile.setups_of(profile.deep))


def _standardised(profile: Profile) -> list[Case]:
    dataset = profile.fashion + datasets.STANDARDISED
    return _cases(profile, models=profile.few_models, dataset=dataset)


def _evolution(profile: Profile) -> list[Case]:
    """Both families of the thesis (X6), each at the dense size of its smallest architecture."""
    setups = profile.setups_of(profile.evolving)[:1]
    for family in (profile.evolving, profile.family):
        size = pruning.dense_parameters(profile.n_inputs, family.architectures[-1])
        setups += [setup for setup in profile.setups_of(family) if setup.parameters == size]
    seen = milestones(profile.iterations)
    return _cases(profile, setups=setups, models=profile.few_models, iterations=seen)


def _densities(profile: Profile) -> list[Case]:
    setups = []
    for family in (profile.family, profile.deep):
        dense = profile.setups_of(family)[0]
        for i, density in enumerate(profile.densities, start=1):
            parameters = parameters_at(dense, density)
            setups.append(dense._replace(number=i, parameters=parameters))
    return _cases(profile, setups=setups, models=profile.few_models)


def _tickets(profile: Profile) -> list[Case]:
    setup = profile.setup(1)
    iterations = (profile.ticket_iterations, 0)
    return [Case(setup, run, i) for run in ticket_runs(profile) for i in iterations]


def _untrained_tickets(profile: Profile) -> list[Case]:
    setup = profile.setup(1)
    return [Case(setup, run, 0) for run in ticket_runs(profile) if run.mask != "random"]


def _dense_of_tickets(profile: Profile) -> list[Case]:
    """The dense networks of Fig 2.1 at the milestones of their training, from 100 on."""
    setup = profile.setup(1)
    last = profile.ticket_iterations
    seen = [i for i in milestones(last) if i >= min(100, last)]
    dense = [run for run in ticket_runs(profile) if run.mask == "random"]
    return [Case(setup, run, i) for run in dense for i in seen]


def _toy(profile: Profile) -> list[Case]:
    """Networks this small often lose neurons in training and get stuck, hence several seeds."""
    setup = Setup(1, "toy", (4, 4, 2), 42)
    recipe = Recipe(profile.toy_iterations)
    cases = []
    for seed in range(16):
        run = Run("xor_with_outliers", setup.hidden, 42, seed, recipe, bias_std=0.1)
        cases.append(Case(setup, run, profile.toy_iterations))
    return cases


def _equal_setups(profile: Profile) -> list[Setup]:
    """Those with the parameters of the smallest dense network, the widest first: #7 to #10."""
    smallest = profile.family.architectures[-1]
    size = pruning.dense_parameters(profile.n_inputs, smallest)
    return [setup for setup in profile.setups if setup.parameters == size]


def _trained(profile: Profile, setups: Sequence[Setup], names: Sequence[str]) -> list[Case]:
    """The trained networks of some set-ups on some data sets."""
    after = [profile.iterations]
    return [
        case
        for name in dict.fromkeys(names)
        for case in _cases(profile, setups=setups, dataset=name, iterations=after)
    ]


def _of_figures(profile: Profile) -> list[Case]:
    """Those whose blankets are drawn: large and dense, large and sparse, small and dense."""
    equal = _equal_setups(profile)
    setups = [profile.setups[0], equal[0], equal[-1]]
    return _trained(profile, setups, [profile.fashion])


def _of_margins(profile: Profile) -> list[Case]:
    """The largest network, all of equal parameters, and the smallest: #1, #7 to #10, #14."""
    setups = [profile.setups[0], *_equal_setups(profile), profile.setups[-1]]
    return _trained(profile, setups, profile.datasets)


def _equal_parameters(profile: Profile) -> list[Case]:
    return _trained(profile, _equal_setups(profile), profile.datasets)


def _widest_and_narrowest(profile: Profile) -> list[Case]:
    equal = _equal_setups(profile)
    return _trained(profile, [equal[0], equal[-1]], profile.datasets)


def _first_models(profile: Profile) -> list[Case]:
    return [case for case in _trained_grid(profile) if case.run.seed == 0]


def _initial(profile: Profile) -> list[Case]:
    """Untrained networks, with the thesis's initial biases and with those of Hanin and Rolnick."""
    cases = [case for case in _cases(profile) if case.iteration == 0]
    stronger = [replace(case.run, bias_std=1e-3) for case in cases]
    return cases + [c._replace(run=run) for c, run in zip(cases, stronger, strict=True)]


def _initial_wirings(profile: Profile) -> list[Case]:
    """Untrained networks: neither training nor the data change their masks."""
    return [case for case in _cases(profile) if case.iteration == 0]


def _networks(profile: Profile) -> list[Case]:
    """All that chapters draw; the best of the toy's seeds is chosen where it is drawn."""
    return drawn_cases(profile) + _toy(profile)


# --------------------------------------------------------------------------------- what is measured


def on_planes(chosen: PlaneSet, coverages: Sequence[float], source: str = "validation") -> dict:
    """Options of specializations: on which planes, in which domain, at which minimum coverages."""
    return {**chosen.settings, "coverages": tuple(coverages), "source": source}


def domains(planes: int) -> list[PlaneSet]:
    """Every plane in both domains: the square around its images, and the input box."""
    return [PlaneSet(planes), PlaneSet(planes, domain="box")]


def _on_all_planes(profile: Profile) -> list[dict]:
    return [on_planes(chosen, profile.coverages) for chosen in domains(profile.planes)]


def _on_few_planes(profile: Profile) -> list[dict]:
    return [on_planes(chosen, profile.coverages) for chosen in domains(profile.few_planes)]


def _on_planes_of_figures(profile: Profile) -> list[dict]:
    """Planes through the classes of Fig 1.1, in squares of several sizes and in the input box."""
    classes = (0, 1, 9)
    squares = [PlaneSet(profile.planes, margin=m, classes=classes) for m in (1.0, 1.25, 1.5)]
    box = PlaneSet(profile.planes, domain="box", classes=classes)
    return [on_planes(chosen, (0.9, 0.95, 0.99, 1.0)) for chosen in (*squares, box)]


def _in_other_squares(profile: Profile) -> list[dict]:
    squares = [PlaneSet(profile.planes, margin=m) for m in profile.margins]
    return [on_planes(square, profile.coverages) for square in squares]


def _by_training_samples(profile: Profile) -> list[dict]:
    return [on_planes(PlaneSet(profile.planes), profile.coverages, "training")]


def _by_number_of_samples(profile: Profile) -> list[dict]:
    options = on_planes(PlaneSet(profile.planes), (0.8, 0.95, 1.0), "training")
    return [{**options, "counts": profile.sample_counts}]


def _in_both_domains(profile: Profile) -> list[dict]:
    return [chosen.settings for chosen in domains(profile.planes)]


def _cost(profile: Profile) -> list[dict]:
    return [{**PlaneSet(profile.planes).settings, "coverages": profile.coverages}]


def _both_scopes(profile: Profile) -> list[dict]:
    return [{"scope": "last"}, {"scope": "all"}]


def _at_coverages(profile: Profile) -> list[dict]:
    return [{"coverages": profile.coverages}]


def _first_images(profile: Profile) -> list[dict]:
    return [{"images": 1_000}]


def _masks(profile: Profile) -> list[dict]:
    """At the densities of the thesis's statement on untrained tickets."""
    densities = tuple(d for d in profile.ticket_densities if 0.24 < d < 0.31)
    return [{"densities": densities, "rules": RULES}]


#: Every experiment by its name, which is that of its table too.
EXPERIMENTS: dict[str, Experiment] = {
    # Figs 3.4b, 3.5, 6.2 to 6.7 and 6.9
    "grid": Experiment(_grid, SPECIALIZATIONS, _on_all_planes),
    # Fig A.1
    "histories": Experiment(_trained_grid, rows=history_rows),
    # whether networks overfit
    "accuracies": Experiment(_trained_grid, ACCURACIES),
    # Fig 2.1
    "tickets": Experiment(_tickets, rows=ticket_rows),
    # Fig 2.2
    "ticket_degrees": Experiment(_untrained_tickets, PIXEL_DEGREES, rows=pixel_rows),
    # why untrained tickets of the thesis are better than those of Fig 2.1
    "masks_by_iteration": Experiment(_dense_of_tickets, MASKS_BY_ITERATION, _masks, rows=mask_rows),
    # Iterative magnitude pruning, beside Fig 2.1
    "lottery": Experiment(lottery_cases, LOTTERY, lottery_options, lottery_rows),
    # Fig 4.5
    "toy": Experiment(_toy, rows=toy_rows),
    # Figs 1.1, 4.6, 6.5, 6.7, B.1 and B.2 for all models, on planes of the same classes
    "figure_planes": Experiment(_of_figures, SPECIALIZATIONS, _on_planes_of_figures),
    # squares of other sizes
    "margins": Experiment(_of_margins, SPECIALIZATIONS, _in_other_squares, rows=class_means),
    # Fig 6.6 with the patterns of training images
    "training_patterns": Experiment(
        _equal_parameters, SPECIALIZATIONS, _by_training_samples, rows=class_means
    ),
    # why the curves of Fig 6.6 do not end at 0
    "sample_counts": Experiment(_widest_and_narrowest, SAMPLE_COUNTS, _by_number_of_samples),
    # activation regions by the initial biases
    "initial_regions": Experiment(_initial, REGIONS, _in_both_domains),
    # how much hyperplanes bend (Fig 6.5)
    "bending": Experiment(_cases, BENDING, _in_both_domains),
    # the computing time of section 6.1.1
    "costs": Experiment(_first_models, COSTS, _cost),
    # Figs 6.11 and 6.12
    "deepfc": Experiment(_deepfc, SPECIALIZATIONS, _on_all_planes),
    # Fig 6.12
    "densities": Experiment(_densities, SPECIALIZATIONS, _on_all_planes),
    # Figs A.2 and A.3
    "standardised": Experiment(_standardised, SPECIALIZATIONS, _on_all_planes),
    # Figs 6.8 and 6.10
    "evolution": Experiment(_evolution, SPECIALIZATIONS, _on_few_planes, rows=class_means),
    # Figs D.1 to D.3
    "trees": Experiment(_cases, TREES, _both_scopes),
    # Figs E.1 and E.2
    "patterns": Experiment(_cases, DISTINCT_PATTERNS, _first_images),
    # whether neurons cluster (lens on clusters)
    "clusterability": Experiment(_trained_and_initial, CLUSTERABILITY, clusterability_options),
    # the published networks, beside the stored results
    "clusterability_reference": Experiment(
        reference_cases, REFERENCE_CLUSTERABILITY, reference_options
    ),
    # clusters of weights, of activations, and maximal patterns
    "partitions": Experiment(_trained_grid, PARTITIONS, partition_options),
    # whether clusters matter and mean something, of all networks and of the published ones
    "importance": Experiment(_trained_grid, IMPORTANCE, importance_options),
    "importance_reference": Experiment(
        importance_reference_cases, REFERENCE_IMPORTANCE, importance_reference_options
    ),
    # The lens on activation patterns: over training, when layers settle, by depth, of all networks
    "activation_evolution": Experiment(
        evolution_cases, EVOLUTION, both_sources, rows=evolution_rows
    ),
    "settling": Experiment(evolution_cases, EVOLUTION, both_sources, rows=settling_rows),
    "depths": Experiment(depth_cases, EVOLUTION, both_sources, rows=evolution_rows),
    "activation_patterns_of_networks": Experiment(_grid, PATTERN_STATISTICS, validation_images),
    # Distances of wirings (Liu et al.): random masks, networks of other seeds, tickets, near
    # starts over training; specialization beside the way that rewired networks go
    "mask_nulls": Experiment(null_cases, MASK_NULLS, null_options),
    "mask_distances": Experiment(wiring_cases, MASK_DISTANCES, wiring_options),
    "ticket_distances": Experiment(ticket_cases, MASK_DISTANCES, ticket_options),
    "near_starts": Experiment(near_cases, MASK_DISTANCES, near_options),
    "slow_starts": Experiment(slow_cases, MASK_DISTANCES, near_options),
    "drift": Experiment(drift_cases, MASK_DISTANCES, drift_options),
    "drift_specialization": Experiment(
        drift_cases, SPECIALIZATIONS, _on_few_planes, rows=class_means_by_kind
    ),
    # Samples of other classes inside of a blanket (Definition 4.1)
    "insiders": Experiment(_grid, INSIDERS, _at_coverages),
    # Distances of the random masks of one set-up
    "sibling_distances": Experiment(_initial_wirings, MASK_DISTANCES, sibling_options),
    # All lenses, a row per network
    "lenses": Experiment(_trained_grid, parts=PARTS, join=lens_rows),
    # SET and RigL beside fixed masks of equal HNPs: accuracy, specialization, connected pixels;
    # training on few images, and at the density of Liu et al.
    "rewired": Experiment(rewired_cases, rows=histories_by_kind),
    "rewired_s": Experiment(
        rewired_cases, SPECIALIZATIONS, _on_all_planes, rows=class_means_by_kind
    ),
    "pixel_degrees_over_training": Experiment(pixel_cases, PIXEL_DEGREES, rows=rows_by_kind),
    "small_data": Experiment(
        small_data_cases, SMALL_DATA, small_data_options, rows=small_data_rows
    ),
    "sparse_accuracy": Experiment(sparse_cases, rows=histories_by_kind),
    # Blankets in all dimensions of the input box
    "hypervolumes": Experiment(hypervolume_cases, HYPERVOLUMES, hypervolume_options),
    # What chapters draw of single networks, see drawn.py
    "networks": Experiment(_networks, rows=None),
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
