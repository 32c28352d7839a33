"""The thesis's experiments declared as data: which networks, when, and what is measured of them.

A new experiment is one entry of ``EXPERIMENTS`` (see ``measures.py`` for a new measure).
"""

from collections.abc import Sequence

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.experiments.experiment import Experiment, history_rows, ticket_rows
from mbh_utils.experiments.measures import SPECIALIZATIONS
from mbh_utils.experiments.pattern_measures import DISTINCT_PATTERNS, TREES
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run, milestones, parameters_at, ticket_runs
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


def _toy(profile: Profile) -> list[Case]:
    """Networks this small often lose neurons in training and get stuck, hence several seeds."""
    setup = Setup(1, "toy", (4, 4, 2), 42)
    recipe = Recipe(profile.toy_iterations)
    cases = []
    for seed in range(16):
        run = Run("xor_with_outliers", setup.hidden, 42, seed, recipe, bias_std=0.1)
        cases.append(Case(setup, run, profile.toy_iterations))
    return cases


# --------------------------------------------------------------------------------- what is measured


def on_planes(chosen: PlaneSet, coverages: Sequence[float]) -> dict:
    """Options of specializations: on which planes, in which domain, at which minimum coverages."""
    return {**chosen.settings, "coverages": tuple(coverages)}


def _on_all_planes(profile: Profile) -> dict:
    return on_planes(PlaneSet(profile.planes), profile.coverages)


def _on_few_planes(profile: Profile) -> dict:
    return on_planes(PlaneSet(profile.few_planes), profile.coverages)


def _first_images(profile: Profile) -> dict:
    return {"images": 1_000}


#: Every experiment by its name, which is that of its table too.
EXPERIMENTS: dict[str, Experiment] = {
    # Figs 3.4b, 3.5, 6.2 to 6.7 and 6.9
    "grid": Experiment(_grid, SPECIALIZATIONS, _on_all_planes),
    # Fig A.1
    "histories": Experiment(_trained_grid, rows=history_rows),
    # Fig 2.1
    "tickets": Experiment(_tickets, rows=ticket_rows),
    # Fig 4.5
    "toy": Experiment(_toy, rows=None),
    # Figs 6.11 and 6.12
    "deepfc": Experiment(_deepfc, SPECIALIZATIONS, _on_all_planes),
    # Fig 6.12
    "densities": Experiment(_densities, SPECIALIZATIONS, _on_all_planes),
    # Figs A.2 and A.3
    "standardised": Experiment(_standardised, SPECIALIZATIONS, _on_all_planes),
    # Figs 6.8 and 6.10
    "evolution": Experiment(_evolution, SPECIALIZATIONS, _on_few_planes),
    # Figs D.1 to D.3
    "trees": Experiment(_cases, TREES),
    # Figs E.1 and E.2
    "patterns": Experiment(_cases, DISTINCT_PATTERNS, _first_images),
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
