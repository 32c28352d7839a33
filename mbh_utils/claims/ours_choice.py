"""Ours: whether sparse networks specialize more, or only choose from more neurons."""

from collections.abc import Callable

import numpy as np

from mbh_utils.claims.choice_ways import (
    WAYS,
    gained_growth,
    growth,
    over_neurons,
    panels_of,
    slope_at,
)
from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.comparisons import Statistic, difference, levels, mean_of
from mbh_utils.claims.evidence import Evidence, Several, trend
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel
from mbh_utils.claims.rules import Between, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.statistics import pearson, slope

PART = Part("the choice of neurons", source=OURS)

#: Ids of the workbook's figures that show them.
CURVE, MATCHED, CORRECTED = "choice-curve", "choice-matched", "choice-corrected"
# ------------------------------------------------------------------------------------------ claims


def _where(domain: str, dataset: str, coverage: float = 0.8) -> dict:
    return {"dataset": dataset, "domain": domain, "coverage": coverage}


def _of_each(measure: Callable[[str], Evidence]) -> dict[str, Evidence]:
    """The evidence on both data sets."""
    return {TITLES[dataset]: measure(dataset) for dataset in (DIGIT, FASHION)}


def _on_each(rule: Trend | Between) -> dict:
    return {TITLES[dataset]: rule for dataset in (DIGIT, FASHION)}


def _by_level(panel: Panel, value: np.ndarray) -> str:
    """The slope over N at each level of parameters, as a remark."""
    log_n = np.log10(panel.column("n_hidden"))
    told = [
        f"{float(slope(log_n[places], value[places])):+.3f} at {level:,}"
        for level, places in levels(panel).items()
    ]
    return f"Per tenfold N, by HNPs: {', '.join(told)}."


def _explained_by_width(panel: Panel) -> Statistic:
    """The share of the variance between set-ups that lies between last-layer widths."""
    neurons = panel.column("n_hidden")
    groups = [np.nonzero(neurons == n)[0] for n in np.unique(neurons)]

    def statistic(means: np.ndarray) -> np.ndarray:
        within = [means[..., places].var(axis=-1) * len(places) for places in groups]
        total = means.var(axis=-1) * len(neurons)
        return 1 - np.sum(within, axis=0) / total

    return statistic


@PART.claim(
    "CN-1",
    "Before training s is a function of the last layer's width (here: share of the variance "
    "between set-ups that the width explains; at least nine tenths).",
    "tried, Fashion: spread of at most .022; .31, .51, .67, .75 at 4, 11, 34, 100 neurons",
    "trend",
    ("choice",),
    CURVE,
    _on_each(Trend(null=0.9, direction=0.5)),
    unit="share",
    domains=True,
)
def one_curve_before_training(tables: Tables, domain: str) -> dict[str, Evidence]:
    def measure(dataset: str) -> Evidence:
        (s,) = panels_of(tables, WAYS["all"], trained=False, **_where(domain, dataset))
        neurons = s.column("n_hidden")
        told = []
        for n in np.unique(neurons):
            of_width = s.means[neurons == n]
            told.append(f"{of_width.mean():.2f} (spread {np.ptp(of_width):.3f}) at N = {n}")
        return trend(_explained_by_width(s), s, remark=f"s {', '.join(told)}.")

    return _of_each(measure)


#: Names of the parts of claims that tell before from after training.
_BEFORE, _AFTER = "before training", "after training"


def _each_part(names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Data set, part and their common name."""
    return [(d, name, f"{TITLES[d]}, {name}") for d in (DIGIT, FASHION) for name in names]


@PART.claim(
    "CN-2",
    "With equally many random candidate neurons, s does not grow with N at equal HNPs, neither "
    "before training nor after it (here: change per tenfold N, 4 candidates, mean over levels).",
    "tried: 0 before; after, at 9,472 HNPs, -.104 on Fashion and -.044 on Digit per tenfold N, "
    "where all neurons give +.233 and +.299",
    "trend",
    ("choice",),
    MATCHED,
    {
        name: Between(-0.1, 0.1) if part == _BEFORE else Trend(side="not above")
        for _, part, name in _each_part((_BEFORE, _AFTER))
    },
    unit="ds",
    domains=True,
)
def no_growth_at_equal_candidates(tables: Tables, domain: str) -> Several:
    parts = {}
    told = []
    for dataset, part, name in _each_part((_BEFORE, _AFTER)):
        where = {**_where(domain, dataset), "trained": part == _AFTER}
        (s,) = panels_of(tables, WAYS["random"], **where)
        parts[name] = trend(over_neurons(s), s, remark=_by_level(s, s.means))
        told.append(f"{growth(tables, WAYS['all'], **where).value:+.3f} ({name})")
    return Several(parts, remark=f"With all neurons: {', '.join(told)}.")


@PART.claim(
    "CN-3",
    "The sparsest network of 9,472 HNPs has the higher s than the dense one with all neurons, and "
    "the lower one with 4 candidates (here: set-up 7 minus set-up 10).",
    "tried, Fashion: +.297 with all neurons, -.173 [-.216, -.123] with 4",
    "trend",
    ("choice",),
    MATCHED,
    {
        name: Trend() if part == "all neurons" else Trend(side="below")
        for _, part, name in _each_part(("all neurons", "4 candidates"))
    },
    unit="ds",
    domains=True,
)
def the_order_turns(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset, part, name in _each_part(("all neurons", "4 candidates")):
        way = WAYS["all" if part == "all neurons" else "random"]
        (s,) = panels_of(tables, way, trained=True, **_where(domain, dataset))
        (before,) = panels_of(tables, way, trained=False, **_where(domain, dataset))
        twins = float(difference(before, 7, 10)(before.means))
        parts[name] = trend(difference(s, 7, 10), s, remark=f"Before training {twins:+.3f}.")
    return parts


#: Fair ways beside random candidates of the last layer: all that are flat before training.
_OTHER_WAYS = ("varying", "layers", "random, chance", "random, outside")
_SIZES = {"layers": 16}


def _title(way: str) -> str:
    return WAYS[way].name.format(_SIZES.get(way, 4))


@PART.claim(
    "CN-4",
    "Nor do trained networks with more neurons specialize more where choice is made equal in other "
    "ways: candidates that vary, or of all layers; s beyond random images; others kept outside "
    "(per tenfold N at equal HNPs).",
    "expected: none grows",
    "trend",
    ("choice", "choice_pools"),
    CORRECTED,
    {name: Trend(side="not above") for _, _, name in _each_part(tuple(map(_title, _OTHER_WAYS)))},
    unit="ds",
    domains=True,
)
def no_other_way_keeps_it(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        for key in _OTHER_WAYS:
            where = _where(domain, dataset)
            before = growth(tables, WAYS[key], trained=False, **where)
            after = growth(tables, WAYS[key], trained=True, **where)
            low, high = np.percentile(before.samples, (2.5, 97.5))
            remark = f"Before training {before.value:+.3f} [{low:+.3f}, {high:+.3f}]."
            named = f"{TITLES[dataset]}, {_title(key)}"
            parts[named] = Evidence(
                after.value, after.samples, after.models, after.planes, remark=remark
            )
    return parts


@PART.claim(
    "CN-5",
    "Training does not widen what more neurons give: the gain in s by training does not grow with "
    "N at equal HNPs, whether all neurons, the best 4 or 4 random ones may be used (here: change "
    "of the gain per tenfold N).",
    "tried, Fashion: the gap of #7 and #10 .401 before training, .297 after it",
    "trend",
    ("choice", "choice_few"),
    CORRECTED,
    {
        name: Trend(side="not above")
        for _, _, name in _each_part(("all neurons", "best 4", "4 random candidates"))
    },
    unit="ds",
    domains=True,
)
def training_does_not_widen_it(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for key, part in (
        ("all", "all neurons"),
        ("best", "best 4"),
        ("random", "4 random candidates"),
    ):
        for dataset in (DIGIT, FASHION):
            way = WAYS[key]
            where = _where(domain, dataset)
            found = gained_growth(tables, way, **where)
            each = [growth(tables, way, trained=t, **where).value for t in (False, True)]
            remark = f"{each[0]:+.3f} before training, {each[1]:+.3f} after it."
            name = f"{TITLES[dataset]}, {part}"
            parts[name] = Evidence(
                found.value, found.samples, found.models, found.planes, remark=remark
            )
    return parts


@PART.claim(
    "CN-6",
    "A network's s is about that of a heap, within .05: of three separate networks with as many "
    "neurons, last-layer neurons and HNPs together (here: network minus heap, mean over six).",
    "expected: within .05 of 0",
    "trend",
    ("heaps",),
    "choice-heaps",
    {name: Between(-0.05, 0.05) for _, _, name in _each_part((_BEFORE, _AFTER))},
    unit="ds",
    domains=True,
)
def as_a_heap(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset, part, name in _each_part((_BEFORE, _AFTER)):
        where = {**_where(domain, dataset), "trained": part == _AFTER}
        one = panel(tables["heaps"], "s", **where)
        heap = panel(tables["heaps"], "s_heap", **where)
        off = one.means - heap.means
        told = ", ".join(
            f"#{n} {value:+.3f}" for n, value in zip(one.column("setup"), off, strict=True)
        )
        parts[name] = trend(lambda a, b: (a - b).mean(axis=-1), one, heap, remark=f"{told}.")
    return parts


@PART.claim(
    "CN-7",
    "Between models of one set-up, s does not tell which is the more accurate (here: correlation "
    "of deviations from the set-up's mean).",
    "tried: r = .12 and .00",
    "trend",
    ("grid",),
    MATCHED,
    _on_each(Trend(side="not above")),
    domains=True,
)
def not_between_models(tables: Tables, domain: str) -> dict[str, Evidence]:
    def measure(dataset: str) -> Evidence:
        wanted = {"dataset": dataset, "trained": True, "domain": domain, "coverage": 0.8}
        s = panel(tables["grid"], "s", **wanted)
        accuracy = panel(tables["grid"], "accuracy", dataset=dataset, trained=True)

        def deviations(networks: np.ndarray) -> np.ndarray:
            own = networks - networks.mean(axis=-1, keepdims=True)
            return own.reshape(*own.shape[:-2], -1)

        def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return pearson(deviations(a), deviations(b))

        value = float(correlation(s.of_networks, accuracy.of_networks))
        # Both panels draw the same models in each resample.
        samples = correlation(s.resampled_networks, accuracy.resampled_networks)
        return Evidence(value, samples, s.models, s.planes)

    return _of_each(measure)


@PART.claim(
    "CN-8",
    "At c_P = 1 and 27,871 HNPs even all neurons do not help: the sparse network has the lower s "
    "(here: set-up 4 minus set-up 6).",
    "tried: -.081 on Fashion, -.053 on Digit",
    "trend",
    ("choice",),
    MATCHED,
    _on_each(Trend(side="below")),
    unit="ds",
    domains=True,
)
def reversed_without_exceptions(tables: Tables, domain: str) -> dict[str, Evidence]:
    def measure(dataset: str) -> Evidence:
        (s,) = panels_of(tables, WAYS["all"], trained=True, **_where(domain, dataset, 1.0))
        return trend(difference(s, 4, 6), s, remark=_by_level(s, s.means))

    return _of_each(measure)


def _over_parameters(panel: Panel) -> Statistic:
    """Change per tenfold number of parameters at equal N, the mean over all numbers of neurons."""
    log_p = np.log10(panel.column("parameters"))
    neurons = panel.column("n_hidden")
    groups = [np.nonzero(neurons == n)[0] for n in np.unique(neurons)]
    found = [slope_at(log_p[places], places) for places in groups if len(places) > 1]
    if not found:
        raise Unjudgeable("no two set-ups have equally many neurons")
    return mean_of(found)


@PART.claim(
    "CN-9",
    "With equally many candidates, the denser of two networks of equal N specializes more after "
    "training (here: change of s per tenfold HNPs, 4 candidates, mean over N).",
    "expected: above 0",
    "trend",
    ("choice",),
    CURVE,
    _on_each(Trend()),
    unit="ds",
    domains=True,
)
def the_denser_the_more(tables: Tables, domain: str) -> dict[str, Evidence]:
    def measure(dataset: str) -> Evidence:
        where = _where(domain, dataset)
        (s,) = panels_of(tables, WAYS["random"], trained=True, **where)
        (before,) = panels_of(tables, WAYS["random"], trained=False, **where)
        told = float(_over_parameters(before)(before.means))
        return trend(_over_parameters(s), s, remark=f"Before training {told:+.3f}.")

    return _of_each(measure)
