"""What optimal patterns change: greed's loss, on the planes and elsewhere, and the order of s."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.comparisons import difference, one
from mbh_utils.claims.evidence import Evidence, Several, number, trend
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import SPECIALIZATION, Exact, Number, Trend
from mbh_utils.computing.statistics import spearman

PART = Part("optimal patterns", source=OURS)
TABLE = ("optimal_patterns",)
FIGURE = "optimal-patterns"
#: What tells the rows of one class of one network apart from those of others.
KEYS = [
    "dataset",
    "family",
    "setup",
    "n_hidden",
    "parameters",
    "density",
    "model",
    "class",
    "coverage",
]
PARTS = {"known": "on the planes", "fresh": "on fresh planes"}


def gains(table: pd.DataFrame, place: str) -> pd.DataFrame:
    """By how much s rises with the optimal pattern, one row per class of a network."""
    shares = table.pivot(index=KEYS, columns="kind", values=place)
    gain = shares["greedy"] - shares["optimal"]
    return gain.rename("gain").reset_index()


def gain_panel(tables: Tables, dataset: str, place: str) -> Panel:
    """The same as an array, means over classes."""
    return panel(gains(rows(tables["optimal_patterns"], dataset=dataset), place), "gain")


def specialized(tables: Tables, dataset: str, place: str, kind: str = "optimal") -> Panel:
    """s by one kind of patterns at one place."""
    table = rows(tables["optimal_patterns"], dataset=dataset, kind=kind)
    return panel(table.assign(s=1 - table[place]), "s")


def told(tables: Tables, place: str, setup: int, dataset: str) -> str:
    """s of both kinds at one place."""
    values = []
    for kind in ("greedy", "optimal"):
        found = specialized(tables, dataset, place, kind)
        values.append(f"{one(found, setup)(found.means):.3f} ({kind})")
    return " and ".join(values)


@PART.claim(
    "OP-1",
    "With c_P = 0.9 the solver proves the optimum of every class of every network.",
    "tried: ten of ten classes of one network",
    "number",
    TABLE,
    FIGURE,
    Exact(1),
    unit="share",
)
def all_are_proven(tables: Tables) -> Evidence:
    table = rows(tables["optimal_patterns"], kind="optimal")
    of_networks = table.groupby(["dataset", "setup", "model"])["proven"].mean()
    remark = f"{int(table['proven'].sum()):,} of {len(table):,} classes."
    value = float(table["proven"].mean())
    return Evidence(value, of_networks.to_numpy(float), table["model"].nunique(), remark=remark)


@PART.claim(
    "OP-2",
    "Greed costs the sparsest network of set-ups 7 to 10 s = 0.088 on the planes on which the "
    "optimum is sought.",
    "tried: blankets of .209 (greedy) and .121 (optimal)",
    "number",
    TABLE,
    FIGURE,
    Number(0.088, SPECIALIZATION, null=0.0),
    unit="ds",
)
def loss_on_the_planes(tables: Tables) -> Evidence:
    gain = gain_panel(tables, FASHION, "known")
    return number(one(gain, 7), gain, remark=f"s: {told(tables, 'known', 7, FASHION)}.")


@PART.claim(
    "OP-3",
    "On planes that were not optimised its optimal patterns still give a higher s than the greedy "
    "ones.",
    "tried: blankets of .236 (greedy) and .193 (optimal)",
    "trend",
    TABLE,
    FIGURE,
    {TITLES[DIGIT]: Trend(), TITLES[FASHION]: Trend()},
    unit="ds",
)
def gain_on_fresh_planes(tables: Tables) -> dict[str, Evidence]:
    return _gains_of_the_sparsest(tables, "fresh")


def _gains_of_the_sparsest(tables: Tables, place: str, sign: int = 1) -> dict[str, Evidence]:
    parts = {}
    for name in (DIGIT, FASHION):
        gain = gain_panel(tables, name, place)
        at = gain.place(7)
        remark = f"s: {told(tables, place, 7, name)}."
        parts[TITLES[name]] = trend(lambda m, at=at: sign * m[..., at], gain, remark=remark)
    return parts


@PART.claim(
    "OP-4",
    "In the whole input box the optimal patterns of that network take more than the greedy ones.",
    "tried: one class, .462 against .0016",
    "trend",
    TABLE,
    FIGURE,
    {TITLES[DIGIT]: Trend(), TITLES[FASHION]: Trend()},
    unit="ds",
)
def more_of_the_box(tables: Tables) -> dict[str, Evidence]:
    return _gains_of_the_sparsest(tables, "cube", sign=-1)


@PART.claim(
    "OP-5",
    "With optimal patterns too, the sparsest of set-ups 7 to 10 specializes more than the dense "
    "one, on the planes and on fresh ones.",
    "expected: the order of set-ups survives",
    "trend",
    TABLE,
    FIGURE,
    {f"{TITLES[name]}, {words}": Trend() for name in (DIGIT, FASHION) for words in PARTS.values()},
    unit="ds",
)
def order_survives(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for name in (DIGIT, FASHION):
        for place, words in PARTS.items():
            optimal = specialized(tables, name, place)
            greedy = specialized(tables, name, place, "greedy")
            before = difference(greedy, 7, 10)(greedy.means)
            remark = f"With greedy patterns {before:+.3f}."
            found = trend(difference(optimal, 7, 10), optimal, remark=remark)
            parts[f"{TITLES[name]}, {words}"] = found
    return parts


@PART.claim(
    "OP-6",
    "Greed's loss on the planes is larger where the last hidden layer has more neurons.",
    "expected: more to choose from, more to miss",
    "trend",
    TABLE,
    FIGURE,
    {TITLES[DIGIT]: Trend(), TITLES[FASHION]: Trend()},
)
def loss_grows_with_width(tables: Tables) -> Several:
    parts = {}
    for name in (DIGIT, FASHION):
        gain = gain_panel(tables, name, "known")
        neurons = gain.column("n_hidden")
        means = pd.Series(gain.means).groupby(neurons).mean()
        listed = ", ".join(f"{value:.3f} (N = {n})" for n, value in means.items())

        def correlation(values: np.ndarray, neurons=neurons) -> np.ndarray:
            return spearman(np.broadcast_to(neurons, values.shape), values)

        parts[TITLES[name]] = trend(correlation, gain, remark=f"Mean loss: {listed}.")
    return Several(parts, "Told is the rank correlation of the loss with N over set-ups.")
    return Several(
        parts, "Told is the rank correlation of the loss with N over set-ups of equal parameters."
    )
