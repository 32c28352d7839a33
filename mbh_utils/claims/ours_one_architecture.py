"""Claims of this workbook on the thesis's second scenario: optimised masks of one architecture."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.evidence import Evidence, trend
from mbh_utils.claims.panels import (
    DIGIT,
    FASHION,
    TITLES,
    Panel,
    as_long_as_the_thesis,
    panel,
    rows,
)
from mbh_utils.claims.rules import Rule, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.statistics import spearman

PART = Part("optimised sparsity", source=OURS)

FIGURE = "one-architecture"
LENSES_FIGURE = "one-architecture-lenses"
#: c_P of these claims.
COVERAGE = 0.8
RANDOM = ("random", "erdos_renyi")
TICKETS = ("ticket", "iterative")
OPTIMISED = (*TICKETS, "SET", "RigL")
#: A rule for each of the two data sets.
BOTH_ABOVE: dict[str, Rule] = {TITLES[DIGIT]: Trend(), TITLES[FASHION]: Trend()}


def _of_kinds(table: pd.DataFrame, column: str, kinds: tuple, dataset: str, **wanted) -> Panel:
    """A column of the networks of one data set, its set-ups being these kinds in this order."""
    found = rows(table, dataset=dataset, kind=list(kinds), **wanted)
    as_long_as_the_thesis(table)
    if missing := set(kinds) - set(found["kind"]):
        raise Unjudgeable(f"no network of kind {', '.join(sorted(missing))} was measured")
    places = found["kind"].map({kind: i for i, kind in enumerate(kinds)})
    scale = 100 if column in ("accuracy", "others") else 1
    return panel(found.assign(family="kinds", setup=places), column, scale=scale)


def _first_minus_last(n: int):
    """A statistic of means of kinds: the mean of the first n minus that of the others."""

    def difference(means: np.ndarray) -> np.ndarray:
        return means[..., :n].mean(axis=-1) - means[..., n:].mean(axis=-1)

    return difference


def _compared(
    table: pd.DataFrame, column: str, ahead: tuple, behind: tuple, **wanted
) -> dict[str, Evidence]:
    """By how much some kinds lie ahead of others, on each of the data sets."""
    statistic = _first_minus_last(len(ahead))
    return {
        TITLES[dataset]: trend(
            statistic, _of_kinds(table, column, (*ahead, *behind), dataset, **wanted)
        )
        for dataset in (DIGIT, FASHION)
    }


@PART.claim(
    "OS-1",
    "Of one architecture and with equally many parameters, networks with optimised masks (tickets, "
    "SET, RigL) specialize more than those with random masks.",
    "tried: +.06, +.02",
    "trend",
    ("one_architecture_s",),
    FIGURE,
    BOTH_ABOVE,
    unit="ds",
    domains=True,
)
def optimised_beside_random(tables: Tables, domain: str) -> dict[str, Evidence]:
    wanted = {"domain": domain, "coverage": COVERAGE, "trained": True}
    return _compared(tables["one_architecture_s"], "s", OPTIMISED, RANDOM, **wanted)


@PART.claim(
    "OS-2",
    "Networks with optimised masks specialize more than the dense network of their architecture: "
    "the thesis's hypothesis, for its second scenario.",
    "expected: more",
    "trend",
    ("one_architecture_s",),
    FIGURE,
    BOTH_ABOVE,
    unit="ds",
    domains=True,
)
def optimised_beside_dense(tables: Tables, domain: str) -> dict[str, Evidence]:
    wanted = {"domain": domain, "coverage": COVERAGE, "trained": True}
    return _compared(tables["one_architecture_s"], "s", OPTIMISED, ("dense",), **wanted)


@PART.claim(
    "OS-3",
    "Networks with optimised masks are more accurate than those with random masks.",
    "tried: +.8, +.3 pp",
    "trend",
    ("one_architecture",),
    FIGURE,
    BOTH_ABOVE,
    unit="pp",
)
def accuracy_beside_random(tables: Tables) -> dict[str, Evidence]:
    return _compared(tables["one_architecture"], "accuracy", OPTIMISED, RANDOM)


@PART.claim(
    "OS-4",
    "Winning tickets specialize more than random masks already before training, with their initial "
    "weights.",
    "expected: before training",
    "trend",
    ("one_architecture_s",),
    FIGURE,
    BOTH_ABOVE,
    unit="ds",
    domains=True,
)
def untrained_tickets(tables: Tables, domain: str) -> dict[str, Evidence]:
    wanted = {"domain": domain, "coverage": COVERAGE, "trained": False}
    return _compared(tables["one_architecture_s"], "s", TICKETS, RANDOM, **wanted)


@PART.claim(
    "OS-5",
    "Blankets of networks with optimised masks contain fewer images of other classes than those of "
    "networks with random masks: random minus optimised.",
    "expected: fewer",
    "trend",
    ("one_architecture",),
    LENSES_FIGURE,
    BOTH_ABOVE,
    unit="pp",
)
def others_beside_random(tables: Tables) -> dict[str, Evidence]:
    return _compared(tables["one_architecture"], "others", RANDOM, OPTIMISED)


@PART.claim(
    "OS-6",
    "Tickets of iterative pruning are more accurate than one-shot tickets with equally many "
    "parameters.",
    "expected: more accurate",
    "trend",
    ("one_architecture",),
    FIGURE,
    BOTH_ABOVE,
    unit="pp",
)
def iterative_beside_one_shot(tables: Tables) -> dict[str, Evidence]:
    return _compared(tables["one_architecture"], "accuracy", ("iterative",), ("ticket",))


@PART.claim(
    "OS-7",
    "Among the sparse networks of one architecture, the kinds of masks that specialize more are "
    "more accurate: rank correlation over the six kinds.",
    "expected: above 0",
    "trend",
    ("one_architecture_s",),
    FIGURE,
    BOTH_ABOVE,
    domains=True,
)
def accuracy_and_specialization(tables: Tables, domain: str) -> dict[str, Evidence]:
    wanted = {"domain": domain, "coverage": COVERAGE, "trained": True}
    kinds = (*RANDOM, *OPTIMISED)
    found = {}
    for dataset in (DIGIT, FASHION):
        here = (tables["one_architecture_s"], kinds, dataset)
        s, accuracy = (
            _of_kinds(here[0], column, *here[1:], **wanted) for column in ("s", "accuracy")
        )
        found[TITLES[dataset]] = trend(spearman, s, accuracy)
    return found
