"""Optimal patterns of trained networks beside the greedy ones, on the planes and elsewhere.

An optimum fits the planes on which it was found: what it is worth shows on planes that it has not
seen. So every share on the grid's planes stands beside three others: on fresh planes (their square,
and the part of them in the input box), and in the whole input box.
"""

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pandas as pd

from mbh_utils import datasets
from mbh_utils.blankets.optimal import optimal_pattern
from mbh_utils.blankets.sampled import sampled_shares
from mbh_utils.computing.seeds import stream
from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profile_runs import equal_setups
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run
from mbh_utils.networks import Setup
from mbh_utils.regions.blocks import Block
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Plane

#: The patterns of a class: of Algorithm 3, and of the smallest blanket on the planes of the grid.
KINDS = ("greedy", "optimal")


def fresh_planes(dataset: str, planes: int, domain: str = "square") -> list[Plane]:
    """Planes like those of the grid, through other random images of other random classes.

    Parameters
    ----------
    dataset : str
        The name of a data set.
    planes : int
        How many.
    domain : str, default "square"
        "square" (of margin 1.5), or "box".

    Returns
    -------
    list of Plane
        A longer list begins with the same ones.

    Raises
    ------
    MBHError
        For an unknown data set or domain.

    Examples
    --------
    >>> from mbh_utils.experiments import PlaneSet
    >>> from mbh_utils.experiments.optimal_measures import fresh_planes
    >>> known = PlaneSet(2).of("digits8")
    >>> [bool((a.spanning == b.spanning).all()) for a, b in zip(known, fresh_planes("digits8", 2))]
    [False, False]
    """
    data = datasets.load(dataset)
    found = []
    for i in range(planes):
        rng = stream(i, "other planes")
        classes = rng.permutation(data.n_classes)[:3]
        images = np.stack([rng.choice(data.validation.of_class(int(c)).images) for c in classes])
        if domain == "box":
            found.append(Plane.through(images, domain="box", low=data.low, high=data.high))
        else:
            found.append(Plane.through(images, domain=domain))
    return found


def _optimal_patterns(
    subject: Subject,
    *,
    planes: int,
    coverages: Sequence[float],
    node_limit: int,
    points: int,
) -> pd.DataFrame:
    known = list(PlaneSet(planes).of(subject.raw.name))
    rows = []
    patterns = []
    for c in range(subject.raw.n_classes):
        samples = subject.raw.validation.of_class(c)
        for coverage in coverages:
            found = optimal_pattern(
                subject.layers,
                samples,
                known,
                coverage,
                time_limit=np.inf,  # or the table would depend on how busy the machine was
                node_limit=node_limit,
            )
            for kind, pattern in zip(KINDS, (found.greedy, found.pattern), strict=True):
                patterns.append(pattern)
                facts = (len(pattern), pattern.coverage, found.bound, found.proven)
                rows.append((c, coverage, kind, *facts))
    names = ["class", "coverage", "kind", "n_constraints", "covered", "bound", "proven"]
    shares = _shares(subject, patterns, known, points)
    table = pd.concat([pd.DataFrame(rows, columns=names), shares], axis=1)
    table["bound"] = table["bound"].round(7)
    return table[list(COLUMNS)]


def _shares(
    subject: Subject, patterns: list[DecisionPattern], known: list[Plane], points: int
) -> pd.DataFrame:
    """What blankets take of the planes of the grid, of fresh ones, and of the input box."""
    name = subject.raw.name
    places = {
        "known": known,
        "fresh": fresh_planes(name, len(known)),
        "fresh_box": fresh_planes(name, len(known), "box"),
    }
    table = {}
    for place, planes in places.items():
        with closing(partitions(subject.layers, planes, keep=("areas", "patterns"))) as found:
            shares = [r.blanket_areas(patterns) / r.plane.area for r in found]
        table[place] = np.mean(shares, axis=0).round(7)
    whole = Block.whole(subject.raw)
    table["cube"] = sampled_shares(subject.layers, patterns, whole, n=points)["share"]
    return pd.DataFrame(table)


def _seconds(case: Case, planes: int, coverages: Sequence[float], **options) -> float:
    width = case.run.hidden[-1]
    solving = 10 * sum(0.05 + (1 - c) * width / 7 for c in coverages)
    return (
        estimates.pattern_seconds(case) + 13 * estimates.partition_seconds(case, planes) + solving
    )


COLUMNS = (
    "class",
    "coverage",
    "kind",
    "n_constraints",
    "covered",
    "bound",
    "proven",
    "known",
    "fresh",
    "fresh_box",
    "cube",
)

OPTIMAL_PATTERNS = register(
    Measure(
        name="optimal_patterns",
        columns=COLUMNS,
        compute=_optimal_patterns,
        seconds=_seconds,
    )
)


# ------------------------------------------------------------------- which networks, and how


def _trained(profile: Profile, setups: Sequence[Setup], models: int) -> list[Case]:
    return [
        Case(setup, Run(name, setup.hidden, setup.parameters, seed, profile.recipe), i)
        for name in profile.datasets
        for setup in setups
        for seed in range(models)
        for i in [profile.iterations]
    ]


def optimal_cases(profile: Profile) -> list[Case]:
    """Few models of the set-ups with the parameters of the smallest dense one, trained.

    Parameters
    ----------
    profile : Profile
        How large everything is.

    Returns
    -------
    list of Case
    """
    return _trained(profile, equal_setups(profile), profile.few_models)


def loose_cases(profile: Profile) -> list[Case]:
    """One model of the widest and of the narrowest of these set-ups, trained.

    Parameters
    ----------
    profile : Profile
        How large everything is.

    Returns
    -------
    list of Case
        On both data sets. A looser coverage has far more patterns to choose from.
    """
    equal = equal_setups(profile)
    return _trained(profile, [equal[0], equal[-1]], 1)


def _options(profile: Profile, coverage: float, node_limit: int) -> list[dict]:
    return [
        {
            "planes": profile.planes,
            "coverages": (coverage,),
            "node_limit": node_limit,
            "points": 20_000,
        }
    ]


def optimal_options(profile: Profile) -> list[dict]:
    """At c_P = .9, where the solver needs few nodes.

    Parameters
    ----------
    profile : Profile
        How large everything is.

    Returns
    -------
    list of dict
    """
    return _options(profile, 0.9, 200)


def loose_options(profile: Profile) -> list[dict]:
    """At c_P = .8, where it is stopped after some nodes.

    Parameters
    ----------
    profile : Profile
        How large everything is.

    Returns
    -------
    list of dict
    """
    return _options(profile, 0.8, 40)
