"""Hypervolumes of blankets in the whole input box, in all of its dimensions.

Chapter 5 measures areas on planes. Here the same maximal patterns are measured in [0, 1]^d, once
with all images of the box equally likely, and once with random images whose pixels have the values
that they have in the validation images, independently of each other.
"""

from collections.abc import Sequence

import pandas as pd

from mbh_utils.blankets.hypervolume import hypervolume
from mbh_utils.blankets.maximal_pattern import maximal_pattern
from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run
from mbh_utils.regions.blocks import Block

COLUMNS = (
    "reference",
    "class",
    "coverage",
    "log10_share",
    "log10_low",
    "log10_high",
    "method",
    "levels",
    "agrees",
    "passes",
)


def _hypervolumes(
    subject: Subject,
    *,
    coverage: float,
    reference: str,
    classes: Sequence[int] | None,
    runs: int,
    points: int,
    steps: int,
    doublings: int,
) -> pd.DataFrame:
    """One row per class."""
    raw = subject.raw
    box = Block.whole(raw)
    images = raw.validation.images if reference == "marginals" else None
    rows = []
    for label in classes or range(raw.n_classes):
        pattern = maximal_pattern(subject.layers, raw.validation.of_class(label), coverage)
        found = hypervolume(
            subject.layers,
            pattern,
            box,
            runs=runs,
            points=points,
            steps=steps,
            doublings=doublings,
            measure=reference,
            samples=images,
            progress=False,
        )
        logs = [found.log10_share, found.log10_low, found.log10_high]
        cost = (found.method, found.levels, found.agrees, found.passes)
        rows.append((reference, label, coverage, *(round(x, 5) for x in logs), *cost))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _hypervolume_seconds(case: Case, *, runs: int, points: int, steps: int, **options) -> float:
    moves = 10 * 15 * runs * points * steps  # about ten classes, of fifteen levels
    return estimates.pattern_seconds(case) + moves * (1e-6 + case.run.dense.parameters / 2e11)


HYPERVOLUMES = register(
    Measure(
        name="hypervolumes",
        columns=COLUMNS,
        compute=_hypervolumes,
        seconds=_hypervolume_seconds,
    )
)


def hypervolume_cases(profile: Profile) -> list[Case]:
    """Trained networks of every set-up, some models of each."""
    cases = []
    for name in dict.fromkeys(profile.datasets):
        for setup in profile.setups:
            for seed in range(min(profile.hypervolume_models, profile.models)):
                run = Run(name, setup.hidden, setup.parameters, seed, profile.recipe)
                cases.append(Case(setup, run, profile.iterations))
    return cases


def hypervolume_options(profile: Profile) -> list[dict]:
    """Both reference measures at c_P = .8; ranks need no more points than these."""
    sizes = {"runs": 4, "points": 200, "steps": 20, "doublings": 1}
    if profile.name == "tiny":
        sizes = {"runs": 3, "points": 20, "steps": 2, "doublings": 0}
    common = {"coverage": 0.8, "classes": None, **sizes}
    return [{**common, "reference": name} for name in ("uniform", "marginals")]
