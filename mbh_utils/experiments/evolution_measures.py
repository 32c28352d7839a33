"""Measures of activation patterns, of one network and over its training (lens of Hartmann et al.).

Which networks they are taken of, and how their tables are put together, stands here too.
"""

import numpy as np
import pandas as pd

from mbh_utils.computing.seeds import stream
from mbh_utils.computing.store import Store
from mbh_utils.datasets import Samples
from mbh_utils.experiments.experiment import Experiment, measured_rows
from mbh_utils.experiments.measures import (
    Measure,
    Subject,
    register,
    with_columns_before,
    with_standardisation_folded_in,
)
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import NETWORK_COLUMNS, Case, Run, milestones
from mbh_utils.lenses import evolution
from mbh_utils.lenses.evolution.history import HISTORY_COLUMNS, STATE_COLUMNS
from mbh_utils.networks import Setup, pruning

#: Images whose patterns are counted.
IMAGES = 10_000

#: Hidden layers of the networks of experiment depths.
DEPTHS = (1, 2, 3, 4, 5, 6)

#: Columns that tell one measured training from another.
_OF_RUNS = (*(name for name in NETWORK_COLUMNS if name not in ("iteration", "trained")), "source")


# ---------------------------------------------------------------------------------- which networks


def evolution_cases(profile: Profile) -> list[Case]:
    """All set-ups of Fig 6.1, the network of Fig 6.8, and three deeper ones, on Fashion.

    Of the deeper ones (Fig 6.11) the largest, which is dense, the sparsest at the dense size of the
    smallest architecture, and that one.
    """
    setups = [*profile.setups_of(profile.evolving)[:1], *profile.setups]
    deep = profile.setups_of(profile.deep)
    smallest = pruning.dense_parameters(profile.n_inputs, profile.deep.architectures[-1])
    equal = [setup for setup in deep if setup.parameters == smallest]
    setups += [deep[0], equal[0], equal[-1]]
    return [_trained(profile, setup, i) for setup in setups for i in range(profile.few_models)]


def depth_cases(profile: Profile) -> list[Case]:
    """Dense networks of equally wide layers, one to six of them (784-dx64-10), on Fashion."""
    width = min(64, profile.n_inputs // 4)
    cases = []
    for depth in DEPTHS:
        hidden = (width,) * depth
        parameters = pruning.dense_parameters(profile.n_inputs, hidden)
        setup = Setup(depth, "depths", hidden, parameters)
        cases += [_trained(profile, setup, seed) for seed in range(profile.models)]
    return cases


def _trained(profile: Profile, setup: Setup, seed: int) -> Case:
    run = Run(profile.fashion, setup.hidden, setup.parameters, seed, profile.recipe)
    return Case(setup, run, profile.iterations)


def both_sources(profile: Profile) -> list[dict]:
    """Patterns of training images and of validation images, apart."""
    return [{"source": source, "images": IMAGES} for source in ("training", "validation")]


def validation_images(profile: Profile) -> list[dict]:
    """Patterns of validation images."""
    return [{"source": "validation", "images": IMAGES}]


# --------------------------------------------------------------------------------- what is measured


def random_images(samples: Samples, images: int) -> Samples:
    """So many random samples, always the same ones; all where there are no more."""
    if len(samples) <= images:
        return samples
    chosen = stream(0, "images").choice(len(samples), images, replace=False)
    return samples.take(np.sort(chosen))


def _evolution(subject: Subject, *, source: str, images: int) -> pd.DataFrame:
    """All milestones of the training that the network is the end of."""
    samples = random_images(subject.samples(source), images)
    networks = []
    for case in _of_the_same_run(subject.case):
        network = subject.network_of(case)
        if case.run.is_standardised:
            network = with_standardisation_folded_in(network, subject.raw)
        networks.append((case.iteration, network))
    table = evolution.history(networks, samples).rename(columns={"iteration": "milestone"})
    return with_columns_before(table, {"source": source})


def _of_the_same_run(case: Case, **options) -> list[Case]:
    """The network at all milestones of its training."""
    return [case._replace(iteration=i) for i in milestones(case.run.recipe.iterations)]


def _evolution_seconds(case: Case, source: str, images: int) -> float:
    return len(_of_the_same_run(case)) * _seconds_of_one(case, images)


def _seconds_of_one(case: Case, images: int) -> float:
    """Of all measures of one network: its patterns, and what is counted of each neuron."""
    patterns = images * (2e-6 + case.run.dense.parameters / 1.5e10)
    return 0.01 + patterns + images * sum(case.run.hidden) * 3e-8


EVOLUTION = register(
    Measure(
        name="activation_evolution",
        columns=("source", "milestone", *HISTORY_COLUMNS[1:]),
        compute=_evolution,
        seconds=_evolution_seconds,
        needs=_of_the_same_run,
    )
)


def _statistics(subject: Subject, *, source: str, images: int) -> pd.DataFrame:
    """Of one network, a row for each hidden layer."""
    samples = random_images(subject.samples(source), images)
    found = evolution.pattern_statistics(subject.layers, samples)
    return with_columns_before(found, {"source": source})


def _statistics_seconds(case: Case, source: str, images: int) -> float:
    return _seconds_of_one(case, images)


PATTERN_STATISTICS = register(
    Measure(
        name="pattern_statistics",
        columns=("source", "layer", *STATE_COLUMNS),
        compute=_statistics,
        seconds=_statistics_seconds,
    )
)


# ------------------------------------------------------------------ how tables are put together


def evolution_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """Patterns over training, one row per network x source x iteration x layer."""
    rows = measured_rows(experiment, profile, store)
    rows["iteration"] = rows.pop("milestone")
    rows["trained"] = rows["iteration"] > 0
    return rows


def settling_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """When layers settle, one row per network x source x layer x threshold.

    Columns: those of networks, source, layer, width, pattern_share (in the end), threshold, tau and
    weight_tau (see ``evolution.settling``).
    """
    rows = evolution_rows(experiment, profile, store)
    last = rows[rows["iteration"] == profile.iterations]
    facts = last[[*_OF_RUNS, "iteration", "trained", "layer", "width", "pattern_share"]]
    parts = []
    for _, of_run in rows.groupby(list(_OF_RUNS), sort=False):
        run = of_run[list(_OF_RUNS)].head(1)
        parts.append(run.merge(evolution.settling(of_run), how="cross"))
    return facts.merge(pd.concat(parts), on=[*_OF_RUNS, "layer"], validate="one_to_many")


def network_summaries(patterns: pd.DataFrame) -> pd.DataFrame:
    """One row per network, from a table of ``activation_patterns_of_networks``.

    Columns: those of networks; last_distinct_share, last_relative_entropy, last_information and
    last_block_information (of the last hidden layer); block_relative_entropy, oui, oui_within and
    oui_between (means over layers).
    """
    keys = list(NETWORK_COLUMNS)
    last = patterns.loc[patterns.groupby(keys, sort=False)["layer"].idxmax()]
    names = {
        "pattern_share": "last_distinct_share",
        "relative_entropy": "last_relative_entropy",
        "information": "last_information",
        "block_information": "last_block_information",
    }
    ends = last[[*keys, *names]].rename(columns=names)
    means = ["block_relative_entropy", "oui", "oui_within", "oui_between"]
    averaged = patterns.groupby(keys, sort=False, as_index=False)[means].mean()
    return ends.merge(averaged, on=keys, validate="one_to_one")
