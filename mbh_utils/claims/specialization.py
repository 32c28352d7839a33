"""Claims on the specialization s of trained networks (section 6.2.2 of the thesis)."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.comparisons import (
    Statistic,
    between_neurons,
    difference,
    levels,
    mean_of,
    one,
    rank_correlation,
)
from mbh_utils.claims.evidence import Evidence, network_trend, number, trend
from mbh_utils.claims.panels import (
    DIGIT,
    FASHION,
    MODELS,
    TITLES,
    Panel,
    as_long_as_the_thesis,
    panel,
    rows,
)
from mbh_utils.claims.rules import SPECIALIZATION, Number, Trend
from mbh_utils.computing.statistics import pearson, slope, spearman

PART = Part("specialization")
GRID = ("grid",)


def trained(table: pd.DataFrame, dataset: str, domain: str, coverage: float = 0.8, **more) -> Panel:
    """The specializations of trained networks: all models."""
    wanted = {"dataset": dataset, "trained": True, "domain": domain, "coverage": coverage}
    return panel(table, "s", **wanted, **more)


def as_printed(tables: Tables, dataset: str, domain: str, coverage: float = 0.8) -> Panel:
    """The same of the grid, with the thesis's number of models and its iterations."""
    as_long_as_the_thesis(rows(tables["grid"], dataset=dataset, trained=True))
    return trained(tables["grid"], dataset, domain, coverage, models=MODELS[dataset])


# ------------------------------------------------------------------------------------------ numbers


@PART.claim(
    "S-1",
    "On Fashion-MNIST the smallest network with the fewest parameters specializes least.",
    "s = 0.3908, the smallest of 14",
    "number",
    GRID,
    "fig-6-4",
    Number(0.3908, SPECIALIZATION),
    unit="s",
    domains=True,
)
def specializes_least(tables: Tables, domain: str) -> Evidence:
    grid = as_printed(tables, FASHION, domain)
    last = bool(np.argmin(grid.means) == grid.place(14))
    return number(one(grid, 14), grid, agrees=last)


@PART.claim(
    "S-2",
    "On Fashion-MNIST the largest dense network specializes most.",
    "s = 0.8511, the largest of 14, 0.460 above the smallest",
    "number",
    GRID,
    "fig-6-4",
    Number(0.8511, SPECIALIZATION),
    unit="s",
    domains=True,
)
def specializes_most(tables: Tables, domain: str) -> Evidence:
    grid = as_printed(tables, FASHION, domain)
    first = bool(np.argmax(grid.means) == grid.place(1))
    above = f"{difference(grid, 1, 14)(grid.means):.3f} above the smallest."
    return number(one(grid, 1), grid, agrees=first, remark=above)


def _margin_of_one(tables: Tables) -> str:
    """What S-8 gives in a square that reaches no further than the images."""
    told = []
    for dataset in (DIGIT, FASHION):
        near = trained(tables["margins"], dataset, "square", 0.95, margin=1.0)
        told.append(f"{one(near, 7)(near.means):.3f} on {TITLES[dataset]}")
    return f"The margin of the square matters: with margin 1, {' and '.join(told)}."


@PART.claim(
    "S-8",
    "With 9,472 parameters and c_P = 0.95 the sparsest network specializes more on the harder "
    "Fashion-MNIST than on Digit MNIST.",
    "s about 0.4 on Digit MNIST, 0.6 on Fashion-MNIST",
    "number",
    GRID,
    "fig-6-6",
    {TITLES[DIGIT]: Number(0.4, SPECIALIZATION), TITLES[FASHION]: Number(0.6, SPECIALIZATION)},
    unit="s",
    domains=True,
    correction="the thesis refers to its Figure 6.3 (c_P = 0.8) but names c_P = 0.95, which is "
    "taken",
    why=_margin_of_one,
)
def more_where_it_is_harder(tables: Tables, domain: str) -> dict[str, Evidence]:
    digit = as_printed(tables, DIGIT, domain, 0.95)
    fashion = as_printed(tables, FASHION, domain, 0.95)
    agrees = bool(one(fashion, 7)(fashion.means) > one(digit, 7)(digit.means))
    return {
        TITLES[DIGIT]: number(one(digit, 7), digit, agrees=agrees),
        TITLES[FASHION]: number(one(fashion, 7), fashion, agrees=agrees),
    }


# ------------------------------------------------------------------------------------------- trends


@PART.claim(
    "S-3",
    "At an equal number of parameters, networks with more neurons specialize more (here: rank "
    "correlation of s and N).",
    "s grows with N, on both data sets",
    "trend",
    GRID,
    "fig-6-3",
    Trend(),
    unit="ds",
    domains=True,
)
def grows_with_neurons(tables: Tables, domain: str) -> dict[str, Evidence]:
    return {
        TITLES[dataset]: grows_at_each_level(trained(tables["grid"], dataset, domain))
        for dataset in (DIGIT, FASHION)
    }


def grows_at_each_level(grid: Panel) -> Evidence:
    """Spearman's correlation with N over the networks of a level, the mean over all levels."""
    found = {level: rank_correlation(grid, places) for level, places in levels(grid).items()}
    each = {level: float(statistic(grid.of_networks)) for level, statistic in found.items()}
    told = ", ".join(f"{value:+.2f} at {level:,}" for level, value in each.items())
    agrees = all(value > 0 for value in each.values())
    remark = f"By parameters: {told}."
    return network_trend(mean_of(list(found.values())), grid, agrees=agrees, remark=remark)


#: The parts of S-4 on each data set, and the one that compares them.
FIRST, SECOND, STRONGER = "from 46 to 136 neurons", "from 136 to 400", "Digit minus Fashion"


def _named(dataset: str, step: str) -> str:
    return f"{TITLES[dataset]}, {step}"


@PART.claim(
    "S-4",
    "Specialization saturates: 400 neurons are not clearly above 136, which are above 46; and "
    "more so on Fashion-MNIST.",
    "saturates clearly; even more visibly on Fashion-MNIST",
    "trend",
    GRID,
    "fig-6-3",
    {
        **{_named(dataset, FIRST): Trend() for dataset in (DIGIT, FASHION)},
        **{_named(dataset, SECOND): Trend(side="not above") for dataset in (DIGIT, FASHION)},
        STRONGER: Trend(),
    },
    unit="ds",
    domains=True,
)
def saturates(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    second = {}
    for dataset in (DIGIT, FASHION):
        grid = trained(tables["grid"], dataset, domain)
        second[dataset] = (between_neurons(grid, 136, 400), grid)
        parts[_named(dataset, FIRST)] = trend(between_neurons(grid, 46, 136), grid)
        parts[_named(dataset, SECOND)] = trend(*second[dataset])
    (of_digit, digit), (of_fashion, fashion) = second.values()
    parts[STRONGER] = trend(lambda a, b: of_digit(a) - of_fashion(b), digit, fashion)
    return parts


def _slope_over_parameters(grid: Panel, n_hidden: int) -> Statistic:
    """Change of s per tenfold number of parameters, among networks of N neurons."""
    (places,) = np.nonzero(grid.column("n_hidden") == n_hidden)
    x = np.log10(grid.column("parameters")[places])
    return lambda means: slope(x, means[..., places])


@PART.claim(
    "S-5",
    "On Fashion-MNIST specialization does not clearly grow with the number of parameters; it does "
    "slightly for 16, 46 and 136 neurons (here: change per tenfold number).",
    "no clear growth; a weak one for N = 16, 46, 136",
    "trend",
    GRID,
    "fig-6-3",
    {
        "N = 400": Trend(side="not above"),
        "N = 136": Trend(),
        "N = 46": Trend(),
        "N = 16": Trend(),
    },
    unit="ds",
    domains=True,
)
def hardly_grows_with_parameters(tables: Tables, domain: str) -> dict[str, Evidence]:
    grid = trained(tables["grid"], FASHION, domain)
    neurons = (400, 136, 46, 16)
    return {f"N = {n}": trend(_slope_over_parameters(grid, n), grid) for n in neurons}


@PART.claim(
    "S-6",
    "Among networks of 400 neurons, specialization differs between numbers of parameters on Digit "
    "MNIST, unlike on Fashion-MNIST (here: largest minus smallest, Digit minus Fashion).",
    "a clear difference on Digit MNIST, none on Fashion-MNIST",
    "trend",
    GRID,
    "fig-6-3",
    Trend(),
    unit="ds",
    domains=True,
)
def differs_on_digit(tables: Tables, domain: str) -> Evidence:
    widest = [trained(tables["grid"], data, domain, n_hidden=400) for data in (DIGIT, FASHION)]
    spreads = [float(np.ptp(grid.means)) for grid in widest]
    told = f"{spreads[0]:.3f} on Digit MNIST, {spreads[1]:.3f} on Fashion-MNIST."
    return trend(lambda a, b: np.ptp(a, axis=-1) - np.ptp(b, axis=-1), *widest, remark=told)


@PART.claim(
    "S-7",
    "On Fashion-MNIST the set-ups that specialize more are the more accurate ones (here: "
    "correlation over 14 means).",
    "a clear correlation",
    "trend",
    GRID,
    "fig-6-4",
    Trend(),
    unit="ds",
    domains=True,
)
def goes_with_accuracy(tables: Tables, domain: str) -> Evidence:
    s = trained(tables["grid"], FASHION, domain)
    accuracy = panel(tables["grid"], "accuracy", dataset=FASHION, trained=True)
    wide = s.column("n_hidden") >= 136
    ranks = spearman(s.means, accuracy.means)
    among_wide = spearman(s.means[wide], accuracy.means[wide])
    remark = f"Rank correlation {ranks:.2f}; among networks of 136 neurons or more "
    remark += f"{among_wide:.2f}."
    return trend(pearson, s, accuracy, remark=remark)
