"""Claims on decision trees over activation patterns (appendix D of the thesis).

They are judged for the thesis's scope, the patterns of the last hidden layer. What the patterns of
all hidden layers give, which its figures fit better, is told in the remark.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import UNITS, Part, Tables
from mbh_utils.claims.evidence import Evidence, Several, number, trend
from mbh_utils.claims.limits import Similar
from mbh_utils.claims.panels import FASHION, Panel, panel, rows
from mbh_utils.claims.rules import FACTOR, POINTS, VERDICTS, Between, Number, Rule, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.statistics import slope, spearman

PART = Part("decision trees")

LAST, ALL = "last", "all"
#: Statistics of a tree.
STATISTICS = ("depth", "leaves", "mean_leaf_depth")
#: "Stable" and "no effect": a change of less than this, in percent.
STABLE = 10
#: The smallest networks whose last layer has more patterns than there are images (X8).
LARGE = 136

Rules = Rule | dict[str, Rule]
Parts = dict[str, Evidence]
#: What a measure of trees gives: its parts, with a remark on all of them where there is one.
Measured = Parts | Several


class Trees:
    """The trees of one scope, before and after training."""

    def __init__(self, table: pd.DataFrame, scope: str):
        self.table = rows(table, dataset=FASHION, scope=scope)

    def panel(self, column: str, trained: bool, **more) -> Panel:
        """A column by set-up."""
        return panel(self.table, column, trained=trained, **more)

    def states(self, column: str, **more) -> tuple[Panel, Panel]:
        """Before and after training."""
        return self.panel(column, False, **more), self.panel(column, True, **more)


def claim(id: str, words: str, thesis: str, kind: str, figure: str, rule: Rules, **more):
    """Register a measure of trees: judged for the last layer, the other scope in the remark."""

    def register(measure: Callable[[Trees], Measured]) -> Callable[[Trees], Measured]:
        def in_both_scopes(tables: Tables) -> Several:
            found = _as_several(measure(Trees(tables["trees"], LAST)))
            worst = _worst(rule, found.parts)
            told = _told_of_all(measure, tables["trees"], rule, more.get("unit", ""), worst)
            return replace(found, remark=f"{found.remark} {told}".strip())

        PART.claim(id, words, thesis, kind, ("trees",), figure, rule, **more)(in_both_scopes)
        return measure

    return register


def _as_several(found: Measured) -> Several:
    return found if isinstance(found, Several) else Several(found)


def _worst(rule: Rules, parts: Parts) -> str:
    rules = rule if isinstance(rule, dict) else dict.fromkeys(parts, rule)
    return min((rules[name].verdict(one) for name, one in parts.items()), key=VERDICTS.index)


def _told_of_all(
    measure: Callable[[Trees], Measured],
    table: pd.DataFrame,
    rule: Rules,
    unit: str,
    verdict_of_last: str,
) -> str:
    """The same on the patterns of all hidden layers, and whether that fits the thesis better."""
    try:
        parts = _as_several(measure(Trees(table, ALL))).parts
    except Unjudgeable:
        return ""
    told = []
    for name, one in parts.items():
        its_rule = rule[name] if isinstance(rule, dict) else rule
        low, high = (UNITS[unit].format(value) for value in its_rule.interval(one))
        told.append(f"{name} {UNITS[unit].format(one.value)} [{low}, {high}]".strip())
    worst = _worst(rule, parts)
    sentence = f"On the patterns of all hidden layers: {'; '.join(told)} ({worst})."
    if VERDICTS.index(worst) > VERDICTS.index(verdict_of_last):
        sentence += (
            " That fits the thesis better: it may have asked the neurons of all hidden layers."
        )
    return sentence


def _lowest(means: np.ndarray) -> np.ndarray:
    return means.min(axis=-1)


def _highest(means: np.ndarray) -> np.ndarray:
    return means.max(axis=-1)


# -------------------------------------------------------------------------------------- the claims


@claim(
    "DT-1",
    "An unpruned decision tree on last-layer patterns classifies the 10,000 images without error, "
    "before and after training.",
    "100 %",
    "number",
    "fig-d-1",
    {
        "before": Number(100, tolerance=POINTS),
        "after": Number(100, tolerance=POINTS),
    },
    unit="%",
    correction="set-ups with 136 neurons or more; last layers of 4 have at most 16 patterns",
)
def without_error(trees: Trees) -> Several:
    before, after = trees.states("tree_accuracy", scale=100)
    large = before.column("n_hidden") >= LARGE

    def lowest_of_large(means: np.ndarray) -> np.ndarray:
        return means[..., large].min(axis=-1)

    parts = {
        "before": number(lowest_of_large, before),
        "after": number(lowest_of_large, after),
    }
    told = f"{_told_by_neurons(before, 'before')} {_told_by_neurons(after, 'after')}"
    return Several(parts, f"Accuracies in %. {told}")


def _by_neurons(means: np.ndarray, one: Panel) -> np.ndarray:
    """Means over the set-ups of equal neurons, the fewest neurons first."""
    neurons = one.column("n_hidden")
    return np.stack([means[..., neurons == n].mean(axis=-1) for n in np.unique(neurons)], axis=-1)


def _told_by_neurons(one: Panel, when: str, digits: str = ".1f") -> str:
    neurons = np.unique(one.column("n_hidden"))
    means = _by_neurons(one.means, one)
    told = ", ".join(f"{n}: {mean:,{digits}}" for n, mean in zip(neurons, means, strict=True))
    return f"By number of neurons, {when} training: {told}."


def _change_in_percent(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return 100 * (after / before - 1).mean(axis=-1)


@claim(
    "DT-2",
    "Depth and mean leaf depth are stable: training does not change them.",
    "stable between scenarios",
    "trend",
    "fig-d-1",
    {"depth": Similar(STABLE), "mean leaf depth": Similar(STABLE)},
    unit="%",
)
def stable_depths(trees: Trees) -> Several:
    leaves = float(_change_in_percent(*(one.means for one in trees.states("leaves"))))
    depths = {name: trees.states(name) for name in ("depth", "mean_leaf_depth")}
    each = "; ".join(
        f"{name.replace('_', ' ')} {_told_changes(*states)}" for name, states in depths.items()
    )
    remark = (
        f"Told is the change by training, mean of set-ups; less than {STABLE} % counts as stable. "
        f"The number of leaves changes by {leaves:+.0f} %. By number of neurons: {each}."
    )
    parts = {
        "depth": trend(_change_in_percent, *depths["depth"]),
        "mean leaf depth": trend(_change_in_percent, *depths["mean_leaf_depth"]),
    }
    return Several(parts, remark)


def _told_changes(before: Panel, after: Panel) -> str:
    neurons = before.column("n_hidden")
    return ", ".join(
        f"{n}: {_change_in_percent(before.means[neurons == n], after.means[neurons == n]):+.0f} %"
        for n in np.unique(neurons)
    )


@claim(
    "DT-3",
    "Trees have fewer leaves after training.",
    "significantly fewer",
    "trend",
    "fig-d-1",
    Trend(side="below"),
    unit="%",
)
def fewer_leaves(trees: Trees) -> Parts:
    before, after = trees.states("leaves")
    fewer = int((after.means < before.means).sum())
    remark = (
        f"Told is the change by training, mean of set-ups; leaves get fewer in {fewer} of "
        f"{len(before.setups)} set-ups."
    )
    return {"": trend(_change_in_percent, before, after, remark=remark)}


def _growth(one: Panel) -> Callable:
    """Statistic: leaves with 46 neurons against 16, in both states; the smaller ratio."""

    def statistic(*states: np.ndarray) -> np.ndarray:
        ratios = [_ratios(means, one)[..., 0] for means in states]
        return np.min(ratios, axis=0)

    return statistic


def _shrinking(one: Panel) -> Callable:
    """Statistic: leaves with 136 against 46 neurons, with 400 against 136; the largest ratio."""

    def statistic(*states: np.ndarray) -> np.ndarray:
        ratios = [_ratios(means, one)[..., 1:].max(axis=-1) for means in states]
        return np.max(ratios, axis=0)

    return statistic


def _ratios(means: np.ndarray, one: Panel) -> np.ndarray:
    by_neurons = _by_neurons(means, one)
    return by_neurons[..., 1:] / by_neurons[..., :-1]


@claim(
    "DT-4",
    "Leaves grow in number from (12, 4) to (35, 11) neurons; with more neurons they get fewer.",
    "most leaves at 46 neurons",
    "trend",
    "fig-d-1",
    {
        "46 against 16 neurons": Trend(null=1),
        "more neurons, largest step": Trend(null=1, side="below"),
    },
)
def most_leaves_at_46(trees: Trees) -> Several:
    before, after = trees.states("leaves")
    told = f"{_told_by_neurons(before, 'before', '.0f')} {_told_by_neurons(after, 'after', '.0f')}"
    parts = {
        "46 against 16 neurons": trend(_growth(before), before, after),
        "more neurons, largest step": trend(_shrinking(before), before, after),
    }
    return Several(parts, f"Told are ratios of numbers of leaves. {told}")


def _leaves_per_tenfold(one: Panel, n: int) -> Callable:
    """Statistic: change of the leaves in percent with ten times the parameters, at N = n."""
    places = np.nonzero(one.column("n_hidden") == n)[0]
    log_parameters = np.log10(one.column("parameters")[places].astype(float))

    def statistic(means: np.ndarray) -> np.ndarray:
        return 100 * (10 ** slope(log_parameters, np.log10(means[..., places])) - 1)

    return statistic


def _effect_of_parameters(one: Panel) -> Evidence:
    """Where parameters change the leaves most, of the neurons with three set-ups or more."""
    neurons, counts = np.unique(one.column("n_hidden"), return_counts=True)
    found = {n: trend(_leaves_per_tenfold(one, n), one) for n in neurons[counts > 2]}
    told = ", ".join(f"{n}: {evidence.value:+.0f} %" for n, evidence in found.items())
    largest = max(found.values(), key=lambda evidence: abs(evidence.value))
    return replace(largest, remark=f"By number of neurons: {told}; the largest one is judged.")


def _correlation_with_neurons(one: Panel, sign: float) -> Callable:
    neurons = one.column("n_hidden")
    return lambda means: sign * spearman(neurons, means)


def _correlated(trees: Trees, column: str) -> Evidence:
    """Rank correlation with N, of either sign; that of the state where it is weaker."""
    found = []
    for one in trees.states(column):
        sign = -1.0 if spearman(one.column("n_hidden"), one.means) < 0 else 1.0
        found.append(trend(_correlation_with_neurons(one, sign), one))
    return min(found, key=lambda evidence: np.percentile(evidence.samples, 2.5))


@claim(
    "DT-5",
    "The number of parameters has no effect on the leaves; the number of neurons goes with depth, "
    "leaves and mean leaf depth.",
    "no effect of HNP; N correlates with all three",
    "trend",
    "fig-d-1",
    {
        "leaves at ten times the parameters in %, before": Similar(STABLE),
        "after": Similar(STABLE),
        "size of the rank correlation of N and depth": Trend(),
        "and leaves": Trend(),
        "and mean leaf depth": Trend(),
    },
)
def parameters_and_neurons(trees: Trees) -> Parts:
    before, after = trees.states("leaves")
    return {
        "leaves at ten times the parameters in %, before": _effect_of_parameters(before),
        "after": _effect_of_parameters(after),
        "size of the rank correlation of N and depth": _correlated(trees, "depth"),
        "and leaves": _correlated(trees, "leaves"),
        "and mean leaf depth": _correlated(trees, "mean_leaf_depth"),
    }


@claim(
    "DT-6",
    "The number of leaves is an order of magnitude above the ten classes.",
    "an order of magnitude above 10",
    "number",
    "fig-d-1",
    {"before": Between(100, np.inf), "after": Between(100, np.inf)},
    unit="count",
    correction="set-ups with 46 neurons or more; last layers of 4 have at most 16 patterns",
)
def more_than_classes(trees: Trees) -> Parts:
    wanted = {"n_hidden": [n for n in trees.table["n_hidden"].unique() if n >= 46]}
    before, after = trees.states("leaves", **wanted)
    return {"before": trend(_lowest, before), "after": trend(_lowest, after)}


@claim(
    "DT-7",
    "Class 1 (trousers) needs fewer than 250 patterns in all set-ups, before and after training; "
    "class 6 (shirts) needs almost 700 before it.",
    "class 1 below 250; class 6 almost 700 before training",
    "number",
    "fig-d-2",
    {
        "class 1, most leaves before": Between(0, 250),
        "class 1, most leaves after": Between(0, 250),
        "class 6, most leaves before": Number(700, factor=FACTOR),
    },
    unit="count",
)
def leaves_of_classes(trees: Trees) -> Parts:
    before, after = trees.states("class_leaves", **{"class": 1})
    shirts = trees.panel("class_leaves", False, **{"class": 6})
    return {
        "class 1, most leaves before": trend(_highest, before),
        "class 1, most leaves after": trend(_highest, after),
        "class 6, most leaves before": number(_highest, shirts),
    }
