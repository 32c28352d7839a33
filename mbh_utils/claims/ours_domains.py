"""What this workbook says of the finite part of a plane on which s is measured."""

from dataclasses import replace

import numpy as np

from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.comparisons import between_neurons, difference, one
from mbh_utils.claims.evidence import Evidence, Several, number, trend
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import SPECIALIZATION, Exact, Number, Rule, Trend
from mbh_utils.claims.specialization import grows_at_each_level
from mbh_utils.computing.statistics import spearman

PART = Part("domains of planes", source=OURS)

#: Ids of the workbook's figures that show them.
DOMAINS, ACCURACY = "domains-of-planes", "domains-and-accuracy"
TABLE = ("domains",)
#: Name of a part -> the domain, from the smallest to the largest. The triangle is as good as the
#: box (DM-3).
PLACES = {
    "input box": {"domain": "box"},
    "square of margin 0.75": {"domain": "square", "margin": 0.75},
    "square of margin 1": {"domain": "square", "margin": 1.0},
    "square of margin 1.5": {"domain": "square", "margin": 1.5},
    "square of margin 3": {"domain": "square", "margin": 3.0},
}
#: Those of which the trials told a number.
TRIED = ("input box", "square of margin 1", "square of margin 1.5", "square of margin 3")


def measured(tables: Tables, place: str, dataset: str = FASHION, coverage: float = 0.8) -> Panel:
    """The specializations of trained networks in a domain."""
    wanted = {"dataset": dataset, "trained": True, "coverage": coverage}
    return panel(tables["domains"], "s", **wanted, **PLACES[place])


def _numbers(values: tuple[float, ...]) -> dict[str, Rule]:
    return {
        place: Number(value, SPECIALIZATION) for place, value in zip(TRIED, values, strict=True)
    }


def _of_setup(tables: Tables, setup: int) -> dict[str, Evidence]:
    parts = {}
    for place in TRIED:
        found = measured(tables, place)
        parts[place] = number(one(found, setup), found)
    return parts


@PART.claim(
    "DM-1",
    "On Fashion-MNIST the s of the smallest sparse network (#14) is made by the domain: little in "
    "the input box, more than half in a wide square.",
    "tried: #14 .03, .32, .43, .57",
    "number",
    TABLE,
    DOMAINS,
    _numbers((0.03, 0.32, 0.43, 0.57)),
    unit="s",
)
def smallest_network(tables: Tables) -> dict[str, Evidence]:
    return _of_setup(tables, 14)


@PART.claim(
    "DM-2",
    "On Fashion-MNIST the s of the largest dense network (#1) hardly depends on the domain.",
    "tried: #1 .87, .89, .89, .90",
    "number",
    TABLE,
    DOMAINS,
    _numbers((0.87, 0.89, 0.89, 0.90)),
    unit="s",
)
def largest_network(tables: Tables) -> dict[str, Evidence]:
    return _of_setup(tables, 1)


@PART.claim(
    "DM-3",
    "The input box leaves of a plane just the triangle of its three images (here: area of the "
    "triangle over that of the box, plane by plane).",
    "tried: practically the triangle",
    "number",
    TABLE,
    DOMAINS,
    {TITLES[dataset]: Exact(1, tolerance=1e-6) for dataset in (DIGIT, FASHION)},
)
def box_is_the_triangle(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        areas = [
            rows(tables["domains"], dataset=dataset, domain=domain).groupby("plane")["area"].mean()
            for domain in ("triangle", "box")
        ]
        shares = (areas[0] / areas[1]).to_numpy(float)
        parts[TITLES[dataset]] = Evidence(float(shares.mean()), shares, 0, len(shares))
    return parts


@PART.claim(
    "DM-4",
    "At equal HNPs s grows with N in every domain (here: rank correlation).",
    "tried: in the box and in squares of margin 1, 1.5 and 3",
    "trend",
    TABLE,
    DOMAINS,
    {f"{TITLES[dataset]}, {place}": Trend() for dataset in (DIGIT, FASHION) for place in PLACES},
    unit="ds",
)
def grows_everywhere(tables: Tables) -> Several:
    found = {
        f"{TITLES[dataset]}, {place}": grows_at_each_level(measured(tables, place, dataset))
        for dataset in (DIGIT, FASHION)
        for place in PLACES
    }
    last = list(found)[-1]
    parts = {name: replace(part, remark="") for name, part in found.items()}
    return Several(parts, f"In the last of these. {found[last].remark}")


@PART.claim(
    "DM-5",
    "Among Fashion-MNIST's networks of 400 neurons, a ranking must say where: the dense one "
    "specializes more than one of 3.4 % density in the input box, less in the widest square.",
    "tried: a ranking of set-ups must say where",
    "trend",
    TABLE,
    DOMAINS,
    {"input box": Trend(), "square of margin 3": Trend(side="below")},
    unit="ds",
)
def dense_or_sparse(tables: Tables) -> Several:
    places = ("input box", "square of margin 3")
    found = {place: measured(tables, place) for place in places}
    parts = {place: trend(difference(here, 1, 7), here) for place, here in found.items()}
    told = [
        f"{spearman(*(measured(tables, place, dataset).means for place in places)):.2f} on {title}"
        for dataset, title in TITLES.items()
    ]
    remark = f"Rank correlation of the 14 set-ups between both domains: {' and '.join(told)}."
    return Several(parts, remark)


@PART.claim(
    "DM-6",
    "From 136 to 400 neurons s grows no further, in whatever domain (the thesis's saturation).",
    "expected: as the thesis says of its one domain",
    "trend",
    TABLE,
    DOMAINS,
    {
        f"{TITLES[dataset]}, {place}": Trend(side="not above")
        for dataset in (DIGIT, FASHION)
        for place in PLACES
    },
    unit="ds",
)
def saturation(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        for place in PLACES:
            found = measured(tables, place, dataset)
            name = f"{TITLES[dataset]}, {place}"
            parts[name] = trend(between_neurons(found, 136, 400), found)
    return parts


@PART.claim(
    "DM-7",
    "On Fashion-MNIST s goes with accuracy among wide networks (136 neurons or more) in the input "
    "box, and in the widest square it does not (here: rank correlation).",
    "tried: .83 in the box, .25 in the square of margin 1.5",
    "trend",
    TABLE,
    ACCURACY,
    {"input box": Trend(), "square of margin 3": Trend(side="not above")},
    unit="ds",
)
def accuracy_of_wide_networks(tables: Tables) -> Several:
    parts = {}
    told = []
    for place in PLACES:
        s = measured(tables, place)
        accuracy = panel(
            tables["domains"], "accuracy", dataset=FASHION, trained=True, **PLACES[place]
        )
        wide = s.column("n_hidden") >= 136

        def ranks(a: np.ndarray, b: np.ndarray, wide: np.ndarray = wide) -> np.ndarray:
            return spearman(a[..., wide], b[..., wide])

        told.append(f"{ranks(s.means, accuracy.means):.2f} ({place})")
        if place in ("input box", "square of margin 3"):
            remark = f"Over all 14 set-ups {spearman(s.means, accuracy.means):.2f}."
            parts[place] = trend(ranks, s, accuracy, remark=remark)
    return Several(parts, f"Among wide networks: {', '.join(told)}.")
