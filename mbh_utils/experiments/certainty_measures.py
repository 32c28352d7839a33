"""How sure the numbers are: many planes for few networks, and six kinds of linear regions."""

import numpy as np
import pandas as pd

from mbh_utils.computing.store import Store
from mbh_utils.experiments import estimates
from mbh_utils.experiments.experiment import Experiment
from mbh_utils.experiments.measures import Measure, Subject, register, with_columns_before
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.rows import class_means
from mbh_utils.experiments.runs import Case, Run
from mbh_utils.networks import Setup
from mbh_utils.regions.region_kinds import region_kinds

#: Set-ups whose linear regions are counted in six ways.
COUNTED = (3, 7, 10, 14)


def _region_kinds(
    subject: Subject, *, planes: int, domain: str, margin: float | None = None
) -> pd.DataFrame:
    """Six counts of linear regions on each plane."""
    chosen = PlaneSet(planes, domain, margin)
    parts = []
    for i, plane in enumerate(chosen.of(subject.raw.name)):
        counts = region_kinds(subject.network, plane)
        parts.append(with_columns_before(counts, {"plane": i}))
    facts = {"domain": domain, "margin": np.nan if margin is None else margin}
    return with_columns_before(pd.concat(parts, ignore_index=True), facts)


def _seconds(case: Case, planes: int, **options) -> float:
    """Comparing the maps takes many times as long as the partition."""
    return estimates.pattern_seconds(case, images=0) + 60 * estimates.partition_seconds(
        case, planes
    )


REGION_KINDS = register(
    Measure(
        name="region_kinds",
        columns=("domain", "margin", "plane", "kind", "count", "at_least"),
        compute=_region_kinds,
        seconds=_seconds,
    )
)


def _networks(
    profile: Profile, setups: list[Setup], models: int, iterations: tuple[int, ...]
) -> list[Case]:
    """So many networks of each of these set-ups, on all data sets."""
    cases = []
    for name in dict.fromkeys(profile.datasets):
        for setup in setups:
            for seed in range(models):
                run = Run(name, setup.hidden, setup.parameters, seed, profile.recipe)
                cases += [Case(setup, run, i) for i in iterations]
    return cases


def many_plane_cases(profile: Profile) -> list[Case]:
    """Trained networks of every set-up."""
    return _networks(profile, profile.setups, profile.few_models, (profile.iterations,))


def many_plane_options(profile: Profile) -> list[dict]:
    """Both domains of many planes; the first ones are those of the grid."""
    sets = [PlaneSet(profile.many_planes), PlaneSet(profile.many_planes, domain="box")]
    return [{**one.settings, "coverages": (0.8,), "source": "validation"} for one in sets]


def many_plane_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """The means over classes of s on each plane, rounded to five digits: a small file."""
    rows = class_means(experiment, profile, store)
    rows = rows.drop(columns=["n_constraints", "covered", "n_dead_ends", "n_live_regions"])
    rows["s"] = rows["s"].round(5).astype(np.float32)
    return rows


def counted_cases(profile: Profile) -> list[Case]:
    """One network of each of four set-ups, before and after training."""
    setups = [setup for setup in profile.setups if setup.number in COUNTED]
    return _networks(profile, setups, 1, (0, profile.iterations))


def counted_options(profile: Profile) -> list[dict]:
    """A few planes, in both domains."""
    sets = [PlaneSet(profile.few_planes), PlaneSet(profile.few_planes, domain="box")]
    return [one.settings for one in sets]
