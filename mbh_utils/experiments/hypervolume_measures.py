"""Hypervolumes of blankets in the whole input box, in all of its dimensions.

Chapter 5 measures areas on planes. Here the same maximal patterns are measured in [0, 1]^d, once
with all images of the box equally likely, and once with random images whose pixels have the values
that they have in the validation images, independently of each other.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mbh_utils.blankets.hypervolume import hypervolume
from mbh_utils.blankets.maximal_pattern import maximal_pattern
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
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


def beside_planes(hypervolumes: pd.DataFrame, grid: pd.DataFrame) -> pd.DataFrame:
    """What blankets take of the whole input box, beside what they take of planes.

    Parameters
    ----------
    hypervolumes : pandas.DataFrame
        The table of experiment hypervolumes.
    grid : pandas.DataFrame
        That of experiment grid, or another one of specializations of the same networks.

    Returns
    -------
    pandas.DataFrame
        One row per reference measure x network x class: log10_share (its upper limit where the
        share is 0), s_square and s_box, the means over planes of the specialization at the same
        c_P, beside the columns of hypervolumes.

    Raises
    ------
    MBHError
        For tables without the columns, or of different networks.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> network = {"dataset": "mnist", "setup": 1, "model": 0, "iteration": 9, "class": [0, 1]}
    >>> cube = {"coverage": 0.8, "log10_share": [-9.0, -1.0], "log10_high": [-8.0, -0.9]}
    >>> planes = {"coverage": 0.8, "domain": ["square", "box"] * 2, "s": [0.9, 0.5, 0.4, 0.2]}
    >>> grid = pd.DataFrame({**network, **planes, "class": [0, 0, 1, 1]})
    >>> both = experiments.beside_planes(pd.DataFrame({**network, **cube}), grid)
    >>> both[["log10_share", "s_square", "s_box"]].values.tolist()
    [[-9.0, 0.9, 0.5], [-1.0, 0.4, 0.2]]
    """
    keys = ["dataset", "setup", "model", "iteration", "class", "coverage"]
    checked = (("hypervolumes", hypervolumes, ("log10_share", "log10_high")), ("grid", grid, ()))
    for name, table, own in checked:
        require.kind_of(name, table, pd.DataFrame, "a table, as experiments.table makes it")
        needed = (*keys, *own) if own else (*keys, "domain", "s")
        if missing := [column for column in needed if column not in table]:
            raise MBHError(f"{name} has no column {missing[0]}")
    means = grid.groupby([*keys, "domain"])["s"].mean().unstack("domain")
    if not {"square", "box"} <= set(means):
        raise MBHError("grid must have both domains, square and box")
    means = means[["square", "box"]].add_prefix("s_").reset_index()
    found = hypervolumes.merge(means, on=keys)
    if found.empty:
        raise MBHError("grid has none of the networks of hypervolumes")
    is_nothing = np.isneginf(found["log10_share"])
    logs = found["log10_share"].where(~is_nothing, found["log10_high"])
    return found.assign(log10_share=logs)
