"""Which networks experiments measure: lists of cases, by the profile.

Those of a single lens, or of one part of chapter 8, stand beside its measures.
"""

from collections.abc import Sequence
from dataclasses import replace

from mbh_utils import datasets
from mbh_utils.experiments.choice_measures import heaps_of
from mbh_utils.experiments.drawn import drawn_cases
from mbh_utils.experiments.profile_runs import equal_setups, parameters_at, ticket_runs
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run, milestones
from mbh_utils.networks import Setup, pruning
from mbh_utils.training import Recipe


def of_setups(
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


def grid(profile: Profile) -> list[Case]:
    """All models of the set-ups of Fig 6.1 on all data sets, before and after training."""
    return [case for name in profile.datasets for case in of_setups(profile, dataset=name)]


def trained_grid(profile: Profile) -> list[Case]:
    """The same after training."""
    return [case for case in grid(profile) if case.iteration]


def trained_and_initial(profile: Profile) -> list[Case]:
    """All trained networks of Fig 6.1, and those of the main data set before training."""
    return trained_grid(profile) + [case for case in of_setups(profile) if not case.iteration]


def deepfc(profile: Profile) -> list[Case]:
    """The deeper networks of Figs 6.11 and 6.12."""
    return of_setups(profile, setups=profile.setups_of(profile.deep))


def standardised(profile: Profile) -> list[Case]:
    """The set-ups of Fig 6.1 on standardised images (Figs A.2 and A.3)."""
    dataset = profile.fashion + datasets.STANDARDISED
    return of_setups(profile, models=profile.few_models, dataset=dataset)


def evolution(profile: Profile) -> list[Case]:
    """Both families of the thesis (X6), each at the dense size of its smallest architecture."""
    setups = profile.setups_of(profile.evolving)[:1]
    for family in (profile.evolving, profile.family):
        size = pruning.dense_parameters(profile.n_inputs, family.architectures[-1])
        setups += [setup for setup in profile.setups_of(family) if setup.parameters == size]
    seen = milestones(profile.iterations)
    return of_setups(profile, setups=setups, models=profile.few_models, iterations=seen)


def densities(profile: Profile) -> list[Case]:
    """The widest networks at further densities, for the peak in Fig 6.12."""
    setups = []
    for family in (profile.family, profile.deep):
        dense = profile.setups_of(family)[0]
        for i, density in enumerate(profile.densities, start=1):
            parameters = parameters_at(dense, density)
            setups.append(dense._replace(number=i, parameters=parameters))
    return of_setups(profile, setups=setups, models=profile.few_models)


def tickets(profile: Profile) -> list[Case]:
    """Tickets, re-initialised and dense networks of Fig 2.1, before and after training."""
    setup = profile.setup(1)
    iterations = (profile.ticket_iterations, 0)
    return [Case(setup, run, i) for run in ticket_runs(profile) for i in iterations]


def untrained_tickets(profile: Profile) -> list[Case]:
    """Tickets and re-initialised networks before training: their masks (Fig 2.2)."""
    setup = profile.setup(1)
    return [Case(setup, run, 0) for run in ticket_runs(profile) if run.mask != "random"]


def dense_of_tickets(profile: Profile) -> list[Case]:
    """The dense networks of Fig 2.1 at the milestones of their training, from 100 on."""
    setup = profile.setup(1)
    last = profile.ticket_iterations
    seen = [i for i in milestones(last) if i >= min(100, last)]
    dense = [run for run in ticket_runs(profile) if run.mask == "random"]
    return [Case(setup, run, i) for run in dense for i in seen]


def toy(profile: Profile) -> list[Case]:
    """Networks this small often lose neurons in training and get stuck, hence several seeds."""
    setup = Setup(1, "toy", (4, 4, 2), 42)
    recipe = Recipe(profile.toy_iterations)
    cases = []
    for seed in range(16):
        run = Run("xor_with_outliers", setup.hidden, 42, seed, recipe, bias_std=0.1)
        cases.append(Case(setup, run, profile.toy_iterations))
    return cases


def trained(profile: Profile, setups: Sequence[Setup], names: Sequence[str]) -> list[Case]:
    """The trained networks of some set-ups on some data sets."""
    after = [profile.iterations]
    return [
        case
        for name in dict.fromkeys(names)
        for case in of_setups(profile, setups=setups, dataset=name, iterations=after)
    ]


def of_figures(profile: Profile) -> list[Case]:
    """Those whose blankets are drawn: large and dense, large and sparse, small and dense."""
    equal = equal_setups(profile)
    setups = [profile.setups[0], equal[0], equal[-1]]
    return trained(profile, setups, [profile.fashion])


def of_margins(profile: Profile) -> list[Case]:
    """The largest network, all of equal parameters, and the smallest: #1, #7 to #10, #14."""
    setups = [profile.setups[0], *equal_setups(profile), profile.setups[-1]]
    return trained(profile, setups, profile.datasets)


def equal_parameters(profile: Profile) -> list[Case]:
    """The trained networks with the parameters of the smallest dense one."""
    return trained(profile, equal_setups(profile), profile.datasets)


def widest_and_narrowest(profile: Profile) -> list[Case]:
    """Of these the widest and the narrowest."""
    equal = equal_setups(profile)
    return trained(profile, [equal[0], equal[-1]], profile.datasets)


def beside_heaps(profile: Profile) -> list[Case]:
    """The networks that a heap of separate ones is as large as, before and after training."""
    numbers = {heap.like for heap in heaps_of(profile.setups)}
    return [case for case in grid(profile) if case.setup.number in numbers]


def first_models(profile: Profile) -> list[Case]:
    """One trained network of each set-up."""
    return [case for case in trained_grid(profile) if case.run.seed == 0]


def initial(profile: Profile) -> list[Case]:
    """Untrained networks, with the thesis's initial biases and with those of Hanin and Rolnick."""
    cases = [case for case in of_setups(profile) if case.iteration == 0]
    stronger = [replace(case.run, bias_std=1e-3) for case in cases]
    return cases + [c._replace(run=run) for c, run in zip(cases, stronger, strict=True)]


def initial_wirings(profile: Profile) -> list[Case]:
    """Untrained networks: neither training nor the data change their masks."""
    return [case for case in of_setups(profile) if case.iteration == 0]


def networks(profile: Profile) -> list[Case]:
    """All that chapters draw; the best of the toy's seeds is chosen where it is drawn."""
    return drawn_cases(profile) + toy(profile)
