"""Measures of wirings: how far the masks of networks are apart, and which networks are compared.

A network is held against its *siblings* (the same run with other seeds) and against its own start.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from mbh_utils.computing.seeds import stream
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.profile_runs import ticket_runs
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.rows import mask_kind
from mbh_utils.experiments.runs import Case, Run, milestones
from mbh_utils.lenses import topology
from mbh_utils.networks import Setup, pruning
from mbh_utils.training import SET, Recipe, RigL

#: Live inputs of a neuron of the near starts: 0.6 % of 784.
INPUTS_OF_A_NEURON = 4.704
#: The share that SET rewires by default, and one by which our networks are as far from their starts
#: after ten epochs as the networks that Liu et al. published are from theirs (.36).
USUAL_ZETA, SLOW_ZETA = 0.3, 0.05
#: Densities of random masks beside those of the profile, from those of Liu et al. on.
LOW_DENSITIES = (0.006, 0.01, 0.02, 0.036)

# -------------------------------------------------------------------------------- which networks


def rewired_setups(profile: Profile) -> list[Setup]:
    """The widest network with the HNPs of the smallest dense one, and with half as many."""
    widest = profile.family.architectures[0]
    smallest = pruning.dense_parameters(profile.n_inputs, profile.family.architectures[-1])
    budgets = (smallest, smallest // 2)
    return [s for s in profile.setups if s.hidden == widest and s.parameters in budgets]


def rewired_runs(profile: Profile, setup: Setup, dataset: str, seed: int) -> list[Run]:
    """One network by SET and one by RigL, which both begin with the densities of SET."""
    every = profile.rewire_every
    basis = Run(dataset, setup.hidden, setup.parameters, seed, profile.recipe, "erdos_renyi")
    return [replace(basis, rewiring=SET(every=every)), replace(basis, rewiring=RigL(every=every))]


def wiring_cases(profile: Profile) -> list[Case]:
    """Large networks of two small budgets: random and rewired, before and after training; tickets.

    Training changes no mask of the random ones, which is measured, and none of the tickets.
    """
    cases = []
    for setup in rewired_setups(profile):
        for dataset in profile.datasets:
            for seed in range(profile.models):
                random = Run(dataset, setup.hidden, setup.parameters, seed, profile.recipe)
                cases.append(Case(setup, replace(random, mask="ticket"), 0))
                for run in (random, *rewired_runs(profile, setup, dataset, seed)):
                    cases += [Case(setup, run, i) for i in (0, profile.iterations)]
    return cases


def wiring_options(profile: Profile) -> list[dict]:
    """Each network against those of all other seeds."""
    return [{"siblings": profile.models, "nulls": 1}]


def ticket_cases(profile: Profile) -> list[Case]:
    """Untrained tickets and random masks of the densities of Fig 2.1, on all data sets."""
    setup = profile.setup(1)
    runs = [run for run in ticket_runs(profile) if run.mask != "random"]
    if profile.fashion != profile.digit:
        # Tickets of the dense networks of the grid, which are there.
        runs += [replace(run, dataset=profile.fashion, recipe=profile.recipe) for run in runs]
    return [Case(setup, run, 0) for run in runs]


def ticket_options(profile: Profile) -> list[dict]:
    """Each ticket against those of all other seeds."""
    return [{"siblings": profile.ticket_models, "nulls": 1}]


def relatives(profile: Profile) -> int:
    """How many networks begin near each other: ten at profile paper."""
    return 2 * profile.models


def near_cases(profile: Profile, mask: str = "near", zeta: float = USUAL_ZETA) -> list[Case]:
    """Networks that begin near each other, trained long with SET: Liu et al.'s at profile paper."""
    n = profile.n_inputs
    hidden = (n, n, n)
    parameters = sum(hidden) + round(INPUTS_OF_A_NEURON * sum(hidden))
    setup = Setup(1, "near", hidden, parameters)
    every = profile.rewire_every
    recipe = Recipe(profile.epochs * every)
    wanted = {n * every for n in (0, 2, 5, 10, 50, 100)} | {recipe.iterations}
    seen = [i for i in milestones(recipe.iterations) if i in wanted]
    rewiring = SET(zeta, every)
    cases = []
    for seed in range(relatives(profile)):
        run = Run(profile.fashion, hidden, parameters, seed, recipe, mask, rewiring=rewiring)
        cases += [Case(setup, run, i) for i in seen]
    return cases


def slow_cases(profile: Profile) -> list[Case]:
    """Copies of one network with 1 % to 9 % of its connections moved, of which SET moves less.

    The published networks are so to each other that they must have moved alike: after ten epochs a
    pair is .34 apart, where each is .36 from its own start. Hence equal weights and samples.
    """
    return near_cases(profile, "copies", SLOW_ZETA)


def near_options(profile: Profile) -> list[dict]:
    """Each network against its relatives and its own start.

    Random masks take most of the time: they stand beside neighbours and own starts only.
    """
    return [{"siblings": relatives(profile), "own_start": True, "nulls": 1, "with_nulls": 1}]


def drift_cases(profile: Profile) -> list[Case]:
    """Networks by SET and RigL at the milestones of their training, on Fashion."""
    seen = [i for i in milestones(profile.iterations) if i == 0 or i >= profile.rewire_every]
    cases = []
    for setup in rewired_setups(profile):
        for seed in range(profile.few_models):
            for run in rewired_runs(profile, setup, profile.fashion, seed):
                cases += [Case(setup, run, i) for i in seen]
    return cases


def drift_options(profile: Profile) -> list[dict]:
    """Each network against its own start."""
    return [{"siblings": 0, "own_start": True, "nulls": 1}]


def sibling_options(profile: Profile) -> list[dict]:
    """Each network against those of all other seeds, beside three pairs of random masks."""
    return [{"siblings": profile.models, "nulls": 3}]


# ------------------------------------------------------------------------------ what is measured


def _others(case: Case, siblings: int, own_start: bool = False, **options) -> list[Case]:
    """With which networks one is compared: siblings of higher seeds, and what it began as."""
    seeds = range(case.run.seed + 1, siblings)
    others = [case._replace(run=replace(case.run, seed=seed)) for seed in seeds]
    return [*others, case._replace(iteration=0)] if own_start and case.iteration else others


def _mask_distances(
    subject: Subject,
    *,
    siblings: int,
    own_start: bool = False,
    nulls: int = 0,
    with_nulls: int | None = None,
) -> pd.DataFrame:
    """Distance of a network's wiring to those of other networks, one row per network and layer.

    with_nulls: how many seeds further siblings are held against random masks too; None: all.
    """
    case = subject.case
    # The last of the siblings has no pair of its own: no row, but columns of the right kind.
    tables = [pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _KINDS.items()})]
    for other in _others(case, siblings, own_start):
        found = topology.nnstd(
            subject.network,
            subject.network_of(other),
            nulls=nulls if _has_nulls(case, other, with_nulls) else 0,
            # Each pair has its own random masks.
            seed=1_000 * case.run.seed + other.run.seed,
        )
        facts = (mask_kind(case.run), other.run.seed, other.iteration)
        named = dict(zip(_KINDS, facts, strict=False))
        tables.append(found.table.assign(**named)[list(_KINDS)].astype(_KINDS))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _has_nulls(case: Case, other: Case, with_nulls: int | None) -> bool:
    return with_nulls is None or other.run.seed - case.run.seed <= with_nulls


def _distance_seconds(
    case: Case, nulls: int = 0, with_nulls: int | None = None, **options
) -> float:
    """Of so many products of matrices and assignments, and of reading the networks."""
    others = _others(case, **options)
    work = sum(n_out * n_out * (n_in + 500) for n_out, n_in in _shapes(case.run)) / 1e10
    random = nulls * sum(_has_nulls(case, other, with_nulls) for other in others)
    return 0.02 + len(others) * (0.02 + work) + random * 5 * work


def _shapes(run: Run) -> list[tuple[int, int]]:
    return pruning.layer_shapes(run.raw.n_inputs, run.hidden)


#: Columns of a table of distances, with their types.
_KINDS = {
    "kind": "str",
    "other": "int64",
    "other_iteration": "int64",
    "layer": "int64",
    "matched": "float64",
    "identity": "float64",
    "null": "float64",
    "pixel_null": "float64",
    "degree_null": "float64",
}
MASK_DISTANCES = register(
    Measure(
        name="mask_distances",
        columns=tuple(_KINDS),
        compute=_mask_distances,
        seconds=_distance_seconds,
        needs=_others,
    )
)


def null_cases(profile: Profile) -> list[Case]:
    """The largest dense network, untrained: its shapes and seeds are what random masks are of."""
    setup = profile.setup(1)
    seeds = range(profile.models)
    runs = [Run(profile.fashion, setup.hidden, setup.parameters, s, profile.recipe) for s in seeds]
    return [Case(setup, run, 0) for run in runs]


def null_options(profile: Profile) -> list[dict]:
    """From the lowest densities on."""
    return [{"densities": sorted({*LOW_DENSITIES, *profile.densities})}]


def _mask_nulls(subject: Subject, *, densities: Sequence[float]) -> pd.DataFrame:
    """Distances of two random masks of the network's shapes, one row per density and layer."""
    rng = stream(subject.case.run.seed, "null_masks")
    tables = []
    for density in densities:
        pair = [_random_masks(_shapes(subject.case.run), density, rng) for _ in "ab"]
        found = topology.nnstd(*pair).table[["layer", "matched", "identity"]]
        # Of two sets to which each input belongs with this probability.
        expected = 1 - density / (2 - density)
        found.insert(0, "mask_density", density)
        tables.append(found.assign(expected=expected))
    return pd.concat(tables, ignore_index=True)


def _random_masks(
    shapes: list[tuple[int, int]], density: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """Masks with exactly this share of the connections in each layer, wherever they fall."""
    masks = []
    for shape in shapes:
        size = shape[0] * shape[1]
        chosen = rng.choice(size, round(density * size), replace=False, shuffle=False)
        masks.append(np.isin(np.arange(size), chosen).reshape(shape))
    return masks


def _null_seconds(case: Case, densities: Sequence[float]) -> float:
    return 0.05 * len(densities)


MASK_NULLS = register(
    Measure(
        name="mask_nulls",
        columns=("mask_density", "layer", "matched", "identity", "expected"),
        compute=_mask_nulls,
        seconds=_null_seconds,
    )
)
