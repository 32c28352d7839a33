"""Claims of the lens on activation patterns: Hartmann et al. 2021, and two that go back to them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import EVOLUTION, INDICATOR, SETTLING, Part, Tables
from mbh_utils.claims.evidence import Evidence, number, trend
from mbh_utils.claims.limits import Every
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import Between, Told, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.statistics import spearman
from mbh_utils.lenses import evolution

PART = Part("activation patterns over training", source=EVOLUTION)

#: The paper looks at training images.
SEEN = {"dataset": FASHION, "source": "training"}
#: Hidden layers of the deepest network of experiment depths, and which other ones have a middle.
DEEPEST, WITH_A_MIDDLE = 6, (3, 4, 5)
#: What the entropy of wide layers is told by, and that of whole layers beside it.
BLOCKS, WHOLE = "block_relative_entropy", "relative_entropy"
#: Columns that tell networks apart, beside the model.
_SETUPS = ["dataset", "family", "setup", "n_hidden", "parameters", "density"]


def _of_networks(table: pd.DataFrame, name: str, value) -> pd.DataFrame:
    """One row per network, with ``value(its rows)`` in a column of this name."""
    keys = [*_SETUPS, "model"]
    found = [(*key, value(of_network)) for key, of_network in table.groupby(keys)]
    return pd.DataFrame(found, columns=[*keys, name])


def _mean(means: np.ndarray) -> np.ndarray:
    """Over set-ups."""
    return means.mean(axis=-1)


# ------------------------------------------------------------------------------- which layer first


def _order(settled: pd.DataFrame) -> float:
    """Kendall's tau of depth and settling time of one network, mean over thresholds."""
    orders = [
        evolution.bottom_up_index([of_one.sort_values("layer")["tau"].to_numpy(float)]).index
        for _, of_one in settled.groupby("threshold")
    ]
    return float(np.mean(orders))


def _orders_of(settled: pd.DataFrame) -> Evidence:
    orders = panel(_of_networks(settled, "order", _order), "order")
    each = orders.of_networks
    remark = (
        f"Of {each.size} networks {(each > 0).sum()} settle bottom-up, {(each < 0).sum()} top-down."
    )
    return trend(_mean, orders, remark=remark)


def _settling_of_depths(tables: Tables) -> pd.DataFrame:
    """When the layers of the deepest networks settle."""
    table = rows(tables["depths"], setup=DEEPEST, **SEEN)
    parts = [
        evolution.settling(of_model).assign(model=model)
        for model, of_model in table.groupby("model")
    ]
    facts = table.drop_duplicates("model")[[*_SETUPS, "model"]]
    return facts.merge(pd.concat(parts), on="model")


@PART.claim(
    "EP-1",
    "In most architectures lower layers reach their final activation patterns before higher ones.",
    "most architectures form bottom-up structure",
    "trend",
    ("settling", "depths"),
    "patterns-settling",
    {"LeNet": Trend(), "DeepFC": Trend(), "six layers of 64": Trend()},
)
def bottom_up(tables: Tables) -> dict[str, Evidence]:
    settled = rows(tables["settling"], **SEEN)
    return {
        "LeNet": _orders_of(rows(settled, family="lenet")),
        "DeepFC": _orders_of(rows(settled, family="deepfc")),
        "six layers of 64": _orders_of(_settling_of_depths(tables)),
    }


@PART.claim(
    "EP-2",
    "In highly tuned architectures and methods (PyramidNet, FixUp) all layers settle at about the "
    "same time.",
    "layers appear to converge more simultaneously",
    "trend",
    ("settling",),
    "",
    Told(),
)
def simultaneously(tables: Tables) -> Evidence:
    raise Unjudgeable("neither PyramidNet nor FixUp is trained here, nor any convolutional network")


# --------------------------------------------------------------------------------- dips in entropy


def _dip(place: int):
    """By how much the value at a place stays below the lower of both ends, along the last axis."""

    def statistic(*curve: np.ndarray) -> np.ndarray:
        values = np.concatenate(curve, axis=-1)
        return np.minimum(values[..., 0], values[..., -1]) - values[..., place]

    return statistic


def _place(curve: Sequence[Panel]) -> int:
    """Where the mean of a curve is lowest between its ends."""
    return 1 + int(np.argmin([float(_mean(one.means)) for one in curve[1:-1]]))


def _over_depth(tables: Tables, depth: int, column: str) -> Evidence:
    """The dip over the layers of trained networks of one depth."""
    table = rows(tables["depths"], setup=depth, **SEEN)
    table = table[table["iteration"] == table["iteration"].max()]
    curve = [panel(table, column, layer=layer) for layer in range(1, depth + 1)]
    return trend(_dip(_place(curve)), *curve, remark=f"layer {_place(curve) + 1}")


@PART.claim(
    "EP-3",
    "Plain networks without shortcuts have a dip of the entropy of patterns in between, over "
    "layers.",
    "intermediate dips in entropy in conventional CNNs",
    "trend",
    ("depths",),
    "patterns-depth",
    Trend(),
    unit="ds",
    correction="fully connected networks, where the paper looks at convolutional ones",
)
def dip_over_depth(tables: Tables) -> Evidence:
    found = _over_depth(tables, DEEPEST, BLOCKS)
    others = [f"{d} layers {_over_depth(tables, d, BLOCKS).value:+.3f}" for d in WITH_A_MIDDLE]
    whole = _over_depth(tables, DEEPEST, WHOLE)
    share = rows(tables["depths"], setup=DEEPEST, trained=True, **SEEN)["pattern_share"].mean()
    remark = (
        f"Told is by how much H / H_max of groups of eight neurons is lower in {found.remark} of "
        f"6 than at the lower of both ends, after training; networks of {', '.join(others)}. Of "
        f"whole layers {whole.value:+.3f}; they have {share:.2f} distinct patterns per image."
    )
    return Evidence(found.value, found.samples, found.models, remark=remark)


def _over_time(table: pd.DataFrame, layer: int) -> tuple[Evidence, int]:
    """The dip over the training of one layer of one set-up, and at which iteration it is."""
    iterations = sorted(table["iteration"].unique())
    curve = [panel(table, BLOCKS, layer=layer, iteration=int(i)) for i in iterations]
    place = _place(curve)
    return trend(_dip(place), *curve), int(iterations[place])


@PART.claim(
    "EP-4",
    "Plain networks without shortcuts have a dip of the entropy of patterns in between, over "
    "training.",
    "intermediate dips in entropy in conventional CNNs",
    "trend",
    ("activation_evolution",),
    "patterns-maps",
    Trend(),
    unit="ds",
    correction="fully connected networks, where the paper looks at convolutional ones",
)
def dip_over_time(tables: Tables) -> Evidence:
    table = rows(tables["activation_evolution"], family="lenet", **SEEN)
    dips = [
        _over_time(of_setup, int(layer))
        for _, of_setup in table.groupby("setup")
        for layer in sorted(of_setup["layer"].unique())
    ]
    values = np.array([dip.value for dip, _ in dips])
    samples = np.mean([dip.samples for dip, _ in dips], axis=0)
    sure = sum(float(np.percentile(dip.samples, 2.5)) > 0 for dip, _ in dips)
    when = int(np.percentile([iteration for _, iteration in dips], 50, method="lower"))
    remark = (
        "Told is by how much H / H_max of groups of eight neurons is lower in between than at both "
        f"ends of the training, mean over set-ups and layers. Of {len(dips)} layers of "
        f"{table['setup'].nunique()} set-ups {(values > 0).sum()} have a dip, {sure} of them with "
        f"an interval above 0; it is deepest at iteration {when:,} in the median."
    )
    return Evidence(float(values.mean()), samples, dips[0][0].models, remark=remark)


# ------------------------------------------------------------------------ architectures and seeds


def _spread_ratios(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Spread between set-ups over spread between seeds, for each layer and iteration."""
    by = table.groupby(["layer", "iteration", "setup"])[column].agg(["mean", "var"])
    of_place = by.groupby(["layer", "iteration"])
    between = of_place["mean"].std()
    within = np.sqrt(of_place["var"].mean())
    return pd.DataFrame({"between": between, "within": within, "ratio": between / within})


@PART.claim(
    "EP-5",
    "Patterns develop in ways that are general, and in ways that belong to the architecture.",
    "general as well as architecture-related behavioural patterns",
    "trend",
    ("activation_evolution",),
    "patterns-maps",
    Every(low=1),
)
def architectures_differ(tables: Tables) -> Evidence:
    table = rows(tables["activation_evolution"], family="lenet", **SEEN)
    if table["model"].nunique() < 2:
        raise Unjudgeable("one model per set-up, whose seeds cannot be compared")
    ratios = _spread_ratios(table, BLOCKS)
    of_kappa = _spread_ratios(table[table["iteration"] < table["iteration"].max()], "kappa_final")
    value = float(ratios["ratio"].median())
    remark = (
        "Told is the spread of H / H_max (groups of eight) between set-ups, as a multiple of that "
        "between seeds of one set-up: the median over layers and iterations, with the smallest and "
        f"the largest. It is above 1 at {(ratios['ratio'] > 1).mean():.0%} of them. Of kappa to "
        f"the final network it is {of_kappa['ratio'].median():.2f}."
    )
    samples = ratios["ratio"].to_numpy()
    return Evidence(value, samples, table["model"].nunique(), agrees=value > 1, remark=remark)


# ------------------------------------------------------------------- entropy and generalisation


def _entropy_and_accuracy(tables: Tables, dataset: str) -> Evidence:
    wanted = {"dataset": dataset, "trained": True}
    table = tables["activation_patterns_of_networks"]
    entropies = panel(table, BLOCKS, **wanted)
    accuracies = panel(tables["accuracies"], "validation_accuracy", **wanted)
    if len(entropies.setups) != len(accuracies.setups):
        raise Unjudgeable("accuracies and patterns are not of the same set-ups")
    return trend(spearman, entropies, accuracies)


@PART.claim(
    "EP-6",
    "The entropy of a network's patterns is correlated with how well it generalises.",
    "studied; the outcome is not stated",
    "trend",
    ("activation_patterns_of_networks", "accuracies"),
    "patterns-information",
    Told(),
)
def entropy_and_accuracy(tables: Tables) -> Evidence:
    found = {name: _entropy_and_accuracy(tables, name) for name in (FASHION, DIGIT)}
    told = []
    for name, evidence in found.items():
        low, high = np.percentile(evidence.samples, (2.5, 97.5))
        told.append(f"{TITLES[name]} {evidence.value:+.2f} [{low:+.2f}, {high:+.2f}]")
    remark = (
        "Told, not judged: the paper's code computes it, and its text here known says no result. "
        "Spearman's correlation over the set-ups, of the mean over layers of H / H_max (groups of "
        f"eight) with validation accuracy: {'; '.join(told)}. The number of neurons goes with both."
    )
    first = found[FASHION]
    interval = np.percentile(first.samples, (2.5, 97.5))
    return Evidence(first.value, interval, first.models, remark=remark)


# ----------------------------------------------------------------- two claims that go back to them


@PART.claim(
    "EP-7",
    "Networks generalise best where the patterns of two images differ in an OUI of .6 to .8.",
    "OUI from .6 to .8 (arXiv 2504.17160)",
    "number",
    ("activation_patterns_of_networks", "accuracies"),
    "patterns-distinct",
    Between(0.6, 0.8),
    correction="networks of several sizes without weight decay, where the paper varies that",
    source=INDICATOR,
)
def oui_of_the_best(tables: Tables) -> Evidence:
    wanted = {"dataset": FASHION, "trained": True}
    oui = panel(tables["activation_patterns_of_networks"], "oui", **wanted)
    accuracies = panel(tables["accuracies"], "validation_accuracy", scale=100, **wanted)
    if len(oui.setups) != len(accuracies.setups):
        raise Unjudgeable("accuracies and patterns are not of the same set-ups")
    best = int(accuracies.means.argmax())
    inside = (oui.of_networks >= 0.6) & (oui.of_networks <= 0.8)
    parts = {"inside": inside, "outside": ~inside}
    told = ", ".join(
        f"{which} {accuracies.of_networks[here].mean():.1f} % ({here.sum()} networks)"
        for which, here in parts.items()
        if here.any()
    )
    rho = float(spearman(oui.means, accuracies.means))
    remark = (
        f"The most accurate set-up is #{oui.setups['setup'][best]} "
        f"({accuracies.means[best]:.1f} %). Accuracy {told}. Spearman's correlation of OUI and "
        f"accuracy over set-ups: {rho:+.2f}."
    )
    found = number(lambda means: means[..., best], oui)
    return Evidence(found.value, oui.resampled()[:, best], found.models, remark=remark)


def _weights_over_patterns(settled: pd.DataFrame) -> float:
    """How many times later weights settle than patterns: a logarithm to base 2, of one network."""
    known = settled.dropna(subset=["tau", "weight_tau"])
    times = known[["tau", "weight_tau"]].clip(lower=1)
    return float(np.log2(times["weight_tau"] / times["tau"]).mean())


def _ratios(settled: pd.DataFrame) -> Panel:
    return panel(_of_networks(settled, "ratio", _weights_over_patterns), "ratio")


def _factor(means: np.ndarray) -> np.ndarray:
    return 2 ** means.mean(axis=-1)


@PART.claim(
    "EP-8",
    "Activation patterns settle earlier in training than weights do.",
    "3 times earlier (arXiv 2602.08333)",
    "trend",
    ("settling",),
    "patterns-settling",
    Trend(null=1),
    correction="distance to the end of the training, where the paper has changes per iteration",
    source=SETTLING,
)
def patterns_before_weights(tables: Tables) -> Evidence:
    settled = rows(tables["settling"], **SEEN)
    ratios = _ratios(settled)
    by_threshold = [
        f"{_factor(_ratios(of_one).means):.2f} at {threshold:g}"
        for threshold, of_one in settled.groupby("threshold")
    ]
    remark = (
        "Told is by what factor later 1 - (distance of the weights to the final ones) stays above "
        "a threshold than kappa of the patterns does, the geometric mean over networks, layers and "
        f"thresholds: {', '.join(by_threshold)}. Iterations are known as finely as the milestones."
    )
    return trend(_factor, ratios, remark=remark)
