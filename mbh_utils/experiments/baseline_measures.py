"""Specialization to what is no concept, beside that of classes: random images, noise, no training.

The untrained twins are those of the grid. Networks that learned shuffled labels are measured as
those of the grid are.
"""

from collections.abc import Sequence

import pandas as pd

from mbh_utils import datasets
from mbh_utils.blankets.baselines import baseline_table
from mbh_utils.computing.store import Store
from mbh_utils.experiments import estimates
from mbh_utils.experiments.experiment import Experiment, measured_rows
from mbh_utils.experiments.measures import Measure, Subject, register, with_columns_before
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.rows import class_means
from mbh_utils.experiments.runs import Case, Run

#: The minimum coverages at which baselines are measured: the thesis's main one, and a strict one.
COVERAGES = (0.8, 0.95)
#: Set-ups whose networks learned shuffled labels too: the largest dense one, a smaller dense one,
#: the sparsest of as many parameters as the smallest dense one, and that.
SHUFFLED_SETUPS = (1, 3, 7, 10)


def baselines_options(profile: Profile) -> list[dict]:
    """On all planes in both domains."""
    chosen = (PlaneSet(profile.planes), PlaneSet(profile.planes, domain="box"))
    told = {"coverages": COVERAGES, "phenomena": profile.random_phenomena}
    return [{**planes.settings, **told} for planes in chosen]


def _baselines(
    subject: Subject,
    *,
    planes: int,
    domain: str,
    coverages: Sequence[float],
    phenomena: int,
    margin: float | None = None,
) -> pd.DataFrame:
    """The means over phenomena, one row per kind x plane x c_P."""
    chosen = PlaneSet(planes, domain, margin)
    here = chosen.of(subject.raw.name)
    found = baseline_table(subject.layers, subject.raw, here, coverages, phenomena=phenomena)
    keys = ["kind", "plane", "coverage"]
    means = found.groupby(keys, sort=False)[["s", "n_constraints"]].mean().reset_index()
    return with_columns_before(means, {"domain": domain, "margin": chosen.margin})


def _baseline_seconds(case: Case, planes: int, phenomena: int, **options) -> float:
    patterns = 0.4 * phenomena * estimates.pattern_seconds(case)
    return patterns + estimates.partition_seconds(case, planes)


BASELINES = register(
    Measure(
        name="baselines",
        columns=("domain", "margin", "kind", "plane", "coverage", "s", "n_constraints"),
        compute=_baselines,
        seconds=_baseline_seconds,
    )
)


def baseline_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """What was measured, in single precision: the table is long."""
    rows = measured_rows(experiment, profile, store)
    return rows.astype({"s": "float32", "n_constraints": "float32"})


# ---------------------------------------------------------------------------------- shuffled labels


def shuffled_cases(profile: Profile) -> list[Case]:
    """Trained networks that learned training labels which tell nothing of the images."""
    cases = []
    for whole in profile.datasets:
        name = datasets.noisy_name(whole, noise=1)
        for setup in profile.setups:
            if setup.number in SHUFFLED_SETUPS:
                for seed in range(profile.few_models):
                    run = Run(name, setup.hidden, setup.parameters, seed, profile.recipe)
                    cases.append(Case(setup, run, profile.iterations))
    return cases


def shuffled_options(profile: Profile) -> list[dict]:
    """In both domains; phenomena are classes of validation images, or what was learned by heart."""
    sets = (PlaneSet(profile.planes), PlaneSet(profile.planes, domain="box"))
    return [
        {**planes.settings, "coverages": COVERAGES, "source": source}
        for planes in sets
        for source in ("validation", "training")
    ]


def shuffled_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """Means over classes; the data set is named as without shuffling, so that both compare.

    Of source "training" a class is all training images that the same shuffled label was put to.
    """
    rows = class_means(experiment, profile, store)
    whole = rows["dataset"].str.removesuffix(datasets.SHUFFLED)
    kept = rows.assign(dataset=whole).drop(columns=["n_dead_ends", "n_live_regions"])
    return kept.astype({"s": "float32", "n_constraints": "float32", "covered": "float32"})
