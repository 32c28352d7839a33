"""Claims of Hod et al. on single sub-clusters: whether they are important and coherent.

Judged on the thesis's dense networks of more than 16 neurons, and for what was published with
numbers on networks of the published kind. Sparse networks, which the paper has not, are told.
"""

import functools

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import LOCAL, Part, Tables
from mbh_utils.claims.evidence import Evidence, Several, number, trend
from mbh_utils.claims.limits import Every
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import Number, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.lenses import clusters

PART = Part("importance and coherence of clusters", source=LOCAL)

#: Ids of the workbook's figures that show them.
IMPORTANCE, COHERENCE, BESIDE = "cluster-importance", "cluster-range", "cluster-p-values"
#: Networks of so few neurons have a handful of sub-clusters, which allow no conclusion.
FEWEST_NEURONS = 46
#: What tells the networks of a table apart.
KEYS = ["dataset", "family", "setup", "n_hidden", "parameters", "density", "model"]
#: What a p-value that counts is at most.
LEVEL = 0.05
GRAPHS = ("weights", "activations")


def mean_effect(means: np.ndarray) -> np.ndarray:
    """The mean over set-ups."""
    return means.mean(axis=-1)


def networks(tables: Tables, test: str, graph: str) -> pd.DataFrame:
    """One row per trained network of the thesis, with ``beyond``: the effect beyond chance."""
    table = rows(tables["importance"], graph=graph, dead_ends=False)
    table = table[table["n_hidden"] >= FEWEST_NEURONS]
    return _tested(table, test)


def published_kind(tables: Tables, test: str, pruned: bool = True) -> pd.DataFrame:
    """One row per network of the published kind."""
    return _tested(rows(tables["importance_reference"], pruned=pruned), test)


def _tested(table: pd.DataFrame, test: str) -> pd.DataFrame:
    if table.empty:
        raise Unjudgeable("no network of enough neurons was measured")
    found = clusters.network_tests(table, KEYS, [test])
    found = found[found["sub_clusters"] > 0]
    return found.assign(beyond=found["effect"] - found["chance"])


def dense(found: pd.DataFrame, is_dense: bool = True) -> pd.DataFrame:
    """The networks without, or with, pruned weights."""
    kept = found[np.isclose(found["density"], 1) == is_dense]
    if kept.empty:
        raise Unjudgeable("no dense network was measured")
    return kept


def beyond_chance(tables: Tables, test: str, graph: str) -> Panel:
    """Effects beyond chance of the thesis's dense networks of both data sets."""
    return panel(dense(networks(tables, test, graph)), "beyond")


def told_by_density(tables: Tables, test: str, graph: str) -> str:
    """What dense and sparse networks of each data set give, and how many are significant."""
    told = []
    for name in (DIGIT, FASHION):
        found = networks(tables, test, graph)
        found = found[found["dataset"] == name]
        for is_dense, words in ((True, "dense"), (False, "sparse")):
            own = dense(found, is_dense)
            n = int((own["fisher_p"] <= LEVEL).sum())
            told.append(
                f"{TITLES[name]}, {words}: {own['beyond'].mean():+.3f} "
                f"(Fisher's p <= .05 in {n} of {len(own)} networks)"
            )
    return "; ".join(told)


def told_significant(tables: Tables, test: str, graph: str) -> str:
    """In how many dense and sparse networks a test is significant."""
    found = networks(tables, test, graph)
    counts = []
    for is_dense, words in ((True, "dense"), (False, "sparse")):
        own = dense(found, is_dense)
        counts.append(f"{int((own['fisher_p'] <= LEVEL).sum())} of {len(own)} {words}")
    return f"Fisher's p <= .05 in {' and '.join(counts)} networks"


def told_partitions(tables: Tables, graph: str) -> str:
    """How many networks are significant when whole partitions are permuted."""
    table = rows(tables["importance"], graph=graph, dead_ends=False)
    table = table[table["n_hidden"] >= FEWEST_NEURONS]
    p = table.groupby(KEYS)["p_partition"].first().reset_index()
    is_dense = np.isclose(p["density"], 1)
    counts = [
        f"{int((own <= LEVEL).sum())} of {len(own)} {words}"
        for own, words in (
            (p.loc[is_dense, "p_partition"], "dense"),
            (p.loc[~is_dense, "p_partition"], "sparse"),
        )
    ]
    return (
        "Against random partitions as a whole, which sees that sub-clusters are not independent, "
        f"p <= .05 in {' and '.join(counts)} networks."
    )


# -------------------------------------------------------------------------------------- importance


def _important(tables: Tables, graph: str) -> Evidence:
    effect = beyond_chance(tables, "importance", graph)
    remark = (
        "Told is the mean effect of importance less that of the random sets themselves: "
        f"{told_by_density(tables, 'importance', graph)}. {told_partitions(tables, graph)}"
    )
    return trend(mean_effect, effect, remark=remark)


@PART.claim(
    "LS-9",
    "Groups of neurons that are found in the weights alone are important: a lesion hurts more than "
    "that of random neurons.",
    "partitions by weights reveal groups that are important",
    "trend",
    ("importance",),
    IMPORTANCE,
    Trend(),
)
def important_by_weights(tables: Tables) -> Evidence:
    return _important(tables, "weights")


@PART.claim(
    "LS-10",
    "Groups that are found in activations are important too.",
    "partitions by activations work as well",
    "trend",
    ("importance",),
    IMPORTANCE,
    Trend(),
)
def important_by_activations(tables: Tables) -> Evidence:
    return _important(tables, "activations")


# --------------------------------------------------------------------------------------- coherence


def _negative(means: np.ndarray) -> np.ndarray:
    return -means.mean(axis=-1)


def _coherent(tables: Tables, graph: str) -> Several:
    """Of the paper's three tests; ours is told."""
    parts = {}
    for name, test, statistic in (
        ("class range", "range", mean_effect),
        ("score of an optimised image", "score", mean_effect),
        ("entropy for it, below chance", "entropy", _negative),
    ):
        remark = f"{told_significant(tables, test, graph)}."
        parts[name] = trend(statistic, beyond_chance(tables, test, graph), remark=remark)
    ours = beyond_chance(tables, "class_score", graph).means.mean()
    remark = (
        "Told are effects less those of chance. Of our own test, how neurons go with one class, it "
        f"is {ours:+.3f} ({told_significant(tables, 'class_score', graph)}). {clusters.CAVEAT}"
    )
    return Several(parts, remark)


@PART.claim(
    "LS-11",
    "Groups that are found in the weights alone are coherent: a lesion hurts few classes, and an "
    "image that drives a group drives all of it and means one class.",
    "partitions by weights reveal groups that are coherent",
    "trend",
    ("importance",),
    COHERENCE,
    {
        "class range": Trend(),
        "score of an optimised image": Trend(),
        "entropy for it, below chance": Trend(),
    },
)
def coherent_by_weights(tables: Tables) -> Several:
    return _coherent(tables, "weights")


@PART.claim(
    "LS-12",
    "Groups that are found in activations are coherent too.",
    "partitions by activations work as well",
    "trend",
    ("importance",),
    COHERENCE,
    {
        "class range": Trend(),
        "score of an optimised image": Trend(),
        "entropy for it, below chance": Trend(),
    },
)
def coherent_by_activations(tables: Tables) -> Several:
    return _coherent(tables, "activations")


# ------------------------------------------------------------------------------- published numbers


def _stored(test: str, dataset: str, quantity: str) -> tuple[float, float]:
    """The smallest and the largest published network."""
    table = clusters.published_tests()
    row = rows(table, test=test, dataset=dataset, quantity=quantity).iloc[0]
    return float(row["low"]), float(row["high"])


def _told_p(dataset: str, found: pd.DataFrame, test: str) -> str:
    low, high = found["fisher_p"].min(), found["fisher_p"].max()
    told = f"{TITLES[dataset]}, {test}: {low:.2g} to {high:.2g}"
    try:
        theirs = _stored(test, dataset, "fisher_p")
    except Unjudgeable:
        return f"{told} (none published)"
    return f"{told} (published {theirs[0]:.2g} to {theirs[1]:.2g})"


def _told_unpruned(tables: Tables, test: str, sets: tuple[str, ...]) -> str:
    told = []
    for name in sets:
        found = rows(published_kind(tables, test, pruned=False), dataset=name)["fisher_p"]
        told.append(f"{TITLES[name]} {found.min():.2g} to {found.max():.2g}")
    return f"Unpruned networks give {test}: {'; '.join(told)}."


@PART.claim(
    "LS-13",
    "In each of five pruned networks on MNIST and on Fashion-MNIST, clusters of weights are "
    "important by Fisher's p.",
    "p from 3e-9 to 4e-7 (MNIST), 2e-7 to 9e-5 (Fashion)",
    "number",
    ("importance_reference",),
    BESIDE,
    {DIGIT: Every(high=LEVEL), FASHION: Every(high=LEVEL)},
)
def important_in_each(tables: Tables) -> Several:
    parts = {}
    for name in (DIGIT, FASHION):
        found = rows(published_kind(tables, "importance"), dataset=name)
        p = found["fisher_p"].to_numpy()
        agrees = clusters.bates(float(p.mean()), len(p)) <= LEVEL
        told = _told_p(name, found, "importance")
        parts[name] = Evidence(float(p.max()), p, len(p), agrees=agrees, remark=f"{told}.")
    unpruned = _told_unpruned(tables, "importance", (DIGIT, FASHION))
    return Several(parts, f"Told is the largest p of a network. {unpruned} {clusters.CAVEAT}")


def ratios(tables: Tables) -> pd.DataFrame:
    """Accuracy after random lesions over that after a sub-cluster's, a mean for each network."""
    table = rows(tables["importance_reference"], pruned=True)
    after = table["before"] - table["drop"]
    drawn = table["before"] - table["drop_null"]
    found = table.assign(ratio=drawn / after).groupby(KEYS)["ratio"].mean()
    return found.reset_index()


@functools.cache
def _ratio_rule(dataset: str) -> Number:
    low, high = _stored("importance", dataset, "ratio")
    return Number((low + high) / 2, tolerance=(high - low) / 2, null=1.0)


@PART.claim(
    "LS-14",
    "After a lesion of random neurons a network is more accurate than after that of a cluster, by "
    "a factor of 1.02 to 1.05 on MNIST and of 1.09 to 1.20 on Fashion-MNIST.",
    "1.024-1.054 (MNIST), 1.091-1.203 (Fashion)",
    "number",
    ("importance_reference",),
    BESIDE,
    {DIGIT: _ratio_rule(DIGIT), FASHION: _ratio_rule(FASHION)},
)
def accuracy_ratio(tables: Tables) -> Several:
    found = ratios(tables)
    parts = {
        name: number(mean_effect, panel(rows(found, dataset=name), "ratio"))
        for name in (DIGIT, FASHION)
    }
    return Several(parts, "A published range counts as its middle, widened by half of it.")


def _second_minus_first(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return other.mean(axis=-1) - one.mean(axis=-1)


@PART.claim(
    "LS-15",
    "Clusters matter more on Fashion-MNIST than on MNIST.",
    "by .04 to .18 of that factor",
    "trend",
    ("importance_reference",),
    BESIDE,
    Trend(),
)
def more_on_fashion(tables: Tables) -> Evidence:
    found = ratios(tables)
    digit, fashion = (panel(rows(found, dataset=name), "ratio") for name in (DIGIT, FASHION))
    return trend(_second_minus_first, digit, fashion)


def _without_effect(tables: Tables, tests: dict[str, tuple[str, ...]]) -> Several:
    """Tests whose p-values, of several networks together, are to be no discovery."""
    parts = {}
    for test, sets in tests.items():
        for name in sets:
            found = rows(published_kind(tables, test), dataset=name)
            p = found["fisher_p"].to_numpy()
            pooled = clusters.bates(float(p.mean()), len(p))
            told = f"Networks: {_told_p(name, found, test)}."
            parts[f"{test}, {name}"] = Evidence(pooled, np.array([pooled]), len(p), remark=told)
    return Several(parts, "Told is the p of the mean of the networks' p (Bates).")


@PART.claim(
    "LS-16",
    "A lesion of a cluster does not fall on fewer classes than by chance in networks of this kind.",
    "p .51-.98 (MNIST), .15-.86 (Fashion)",
    "number",
    ("importance_reference",),
    BESIDE,
    {f"range, {DIGIT}": Every(low=LEVEL), f"range, {FASHION}": Every(low=LEVEL)},
)
def no_class_range(tables: Tables) -> Several:
    return _without_effect(tables, {"range": (DIGIT, FASHION)})


@PART.claim(
    "LS-17",
    "Optimised images show no coherence of clusters in networks of this kind on MNIST.",
    "p .34-.82 (score), .019-.78 (entropy)",
    "number",
    ("importance_reference",),
    BESIDE,
    {f"score, {DIGIT}": Every(low=LEVEL), f"entropy, {DIGIT}": Every(low=LEVEL)},
)
def no_coherence_of_images(tables: Tables) -> Several:
    return _without_effect(tables, {"score": (DIGIT,), "entropy": (DIGIT,)})
