"""What this workbook says of the other half of Definition 4.1: samples of other classes inside."""

from collections.abc import Callable

import numpy as np

from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.evidence import Evidence, number, trend
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel
from mbh_utils.claims.rules import Number, Trend
from mbh_utils.computing.statistics import pearson, spearman
from mbh_utils.experiments.correlations import rank_correlation

PART = Part("other classes inside", source=OURS)
LENSES = ("lenses",)
INSIDERS = ("insiders",)


def trained(tables: Tables, column: str, dataset: str) -> Panel:
    """A column of the table of all lenses: one value per trained network."""
    return panel(tables["lenses"], column, dataset=dataset, trained=True)


def inside(tables: Tables, dataset: str, is_trained: bool) -> Panel:
    """The share of other classes' samples inside at c_P .8, mean over classes."""
    return panel(tables["insiders"], "others", dataset=dataset, trained=is_trained, coverage=0.8)


def over_networks(statistic: Callable[..., np.ndarray], *panels: Panel, remark="") -> Evidence:
    """A statistic of single networks, with models drawn anew within each set-up.

    statistic: of arrays (..., set-up, model), one for each panel.
    """
    value = float(statistic(*(one.of_networks for one in panels)))
    samples = statistic(*(one.resampled_networks for one in panels))
    return Evidence(value, samples, panels[0].models, panels[0].planes, remark=remark)


def _in_a_row(networks: np.ndarray) -> np.ndarray:
    return networks.reshape(*networks.shape[:-2], -1)


def _ranks_together(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rank correlation over all networks."""
    return spearman(_in_a_row(x), _in_a_row(y))


def _within_setups(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Correlation of what networks differ by from the mean of their set-up."""
    apart = [_in_a_row(z - z.mean(axis=-1, keepdims=True)) for z in (x, y)]
    return pearson(*apart)


@PART.claim(
    "OV-1",
    "The more samples of other classes a network's blankets hold, the less accurate it is (rank "
    "correlation over networks).",
    "tried: -.93",
    "trend",
    LENSES,
    "others-inside",
    Trend(side="below"),
    unit="ds",
)
def goes_with_inaccuracy(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        others = trained(tables, "others", dataset)
        accuracy = trained(tables, "accuracy", dataset)
        parts[TITLES[dataset]] = over_networks(_ranks_together, others, accuracy)
    return parts


@PART.claim(
    "OV-2",
    "The samples of other classes inside go with accuracy more closely than s does (difference of "
    "the rank correlations' sizes).",
    "tried: stronger than s's",
    "trend",
    LENSES,
    "others-inside",
    Trend(),
    unit="ds",
)
def more_closely_than_s(tables: Tables) -> dict[str, Evidence]:
    def apart(others, s, accuracy):
        return -_ranks_together(others, accuracy) - _ranks_together(s, accuracy)

    parts = {}
    for dataset in (DIGIT, FASHION):
        others = trained(tables, "others", dataset)
        accuracy = trained(tables, "accuracy", dataset)
        for column, words in (("s_square", "square"), ("s_box", "input box")):
            s = trained(tables, column, dataset)
            parts[f"{TITLES[dataset]}, {words}"] = over_networks(apart, others, s, accuracy)
    return parts


@PART.claim(
    "OV-3",
    "It does so at a fixed number of neurons as well (rank correlation, N held fixed).",
    "expected: below 0",
    "trend",
    LENSES,
    "others-inside",
    Trend(side="below"),
    unit="ds",
)
def at_fixed_neurons(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        others = trained(tables, "others", dataset)
        accuracy = trained(tables, "accuracy", dataset)
        neurons = np.repeat(others.column("n_hidden"), others.models)

        def held(x: np.ndarray, y: np.ndarray, n: np.ndarray = neurons) -> np.ndarray:
            x = _in_a_row(x)
            return rank_correlation(np.stack([x, _in_a_row(y), np.broadcast_to(n, x.shape)], -1))

        parts[TITLES[dataset]] = over_networks(held, others, accuracy)
    return parts


@PART.claim(
    "OV-4",
    "Of two networks of one set-up, the one with fewer samples of other classes inside is the more "
    "accurate one (correlation of the differences from the set-ups' means).",
    "expected: below 0",
    "trend",
    LENSES,
    "others-inside",
    Trend(side="below"),
    unit="ds",
)
def within_setups(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        others = trained(tables, "others", dataset)
        accuracy = trained(tables, "accuracy", dataset)
        parts[TITLES[dataset]] = over_networks(_within_setups, others, accuracy)
    return parts


@PART.claim(
    "OV-5",
    "On Fashion-MNIST with 9,472 parameters, the blankets of the dense network hold three times as "
    "many samples of other classes as those of the sparsest one (c_P = 0.8).",
    "tried: 34 % (#10) and 12 % (#7)",
    "number",
    INSIDERS,
    "overlap-of-classes",
    {"#10": Number(0.34, tolerance=0.05), "#7": Number(0.12, tolerance=0.05)},
    unit="share",
)
def dense_and_sparse(tables: Tables) -> dict[str, Evidence]:
    others = inside(tables, FASHION, True)
    agrees = bool(others.means[others.place(10)] > others.means[others.place(7)])
    parts = {}
    for setup in (10, 7):
        place = others.place(setup)
        parts[f"#{setup}"] = number(lambda m, i=place: m[..., i], others, agrees=agrees)
    return parts


@PART.claim(
    "OV-6",
    "Training shuts out more of the other classes' samples in the sparsest network with 9,472 "
    "parameters than in the dense one (how much more their share falls, c_P = 0.8).",
    "expected: above 0",
    "trend",
    INSIDERS,
    "others-inside",
    Trend(),
    unit="ds",
)
def training_shuts_out(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        before = inside(tables, dataset, False)
        after = inside(tables, dataset, True)
        sparse = after.place(7)
        dense = after.place(10)

        def gain(b: np.ndarray, a: np.ndarray, i: int = sparse, j: int = dense) -> np.ndarray:
            return (b - a)[..., i] - (b - a)[..., j]

        falls = (before.means - after.means)[[sparse, dense]]
        told = f"The share falls by {falls[0]:.1%} in #7 and by {falls[1]:.1%} in #10."
        parts[TITLES[dataset]] = trend(gain, before, after, remark=told)
    return parts


@PART.claim(
    "OV-7",
    "Two classes have the very same maximal pattern more often in the dense network with 9,472 "
    "parameters than in the sparsest one (pairs of classes per network, c_P = 0.8).",
    "tried: Sneaker and Ankle boot in #10",
    "trend",
    ("overlaps",),
    "overlap-of-classes",
    Trend(),
    unit="count of few",
)
def identical_patterns(tables: Tables) -> dict[str, Evidence]:
    table = tables["overlaps"]
    pairs = table[table["class"] < table["other"]]
    keys = ["dataset", "family", "setup", "n_hidden", "parameters", "coverage", "model"]
    counts = pairs.groupby(keys)["identical"].sum().reset_index()
    parts = {}
    for dataset in (DIGIT, FASHION):
        found = panel(counts, "identical", dataset=dataset, coverage=0.8)
        dense = found.place(10)
        sparse = found.place(7)

        def more(means: np.ndarray, i: int = dense, j: int = sparse) -> np.ndarray:
            return means[..., i] - means[..., j]

        per_network = found.means
        told = f"{per_network[dense]:.1f} pairs in #10, {per_network[sparse]:.1f} in #7."
        parts[TITLES[dataset]] = trend(more, found, remark=told)
    return parts
