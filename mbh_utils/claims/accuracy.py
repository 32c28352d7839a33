"""Claims on the accuracy of sparse and dense networks (sections 6.1 and 6.2.1, appendix A.2)."""

import numpy as np

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.comparisons import between_neurons, difference, levels, mean_of, one
from mbh_utils.claims.evidence import Evidence, number, trend
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
from mbh_utils.claims.rules import POINTS, Between, Number, Trend
from mbh_utils.computing.statistics import r_squared, slope

PART = Part("accuracy")
GRID = ("grid",)


def _trained(tables: Tables, dataset: str) -> Panel:
    """The accuracies of the trained networks in percent: all models."""
    return panel(tables["grid"], "accuracy", scale=100, dataset=dataset, trained=True)


def _as_printed(tables: Tables, dataset: str) -> Panel:
    """The same, with the thesis's number of models and its iterations: for its numbers."""
    grid = rows(tables["grid"], dataset=dataset, trained=True)
    as_long_as_the_thesis(grid)
    return panel(grid, "accuracy", scale=100, models=MODELS[dataset])


# ------------------------------------------------------------------------------------------ numbers


@PART.claim(
    "ACC-1",
    "On Fashion-MNIST the smallest network with the fewest parameters is the least accurate.",
    "84.096 %, the smallest of 14",
    "number",
    GRID,
    "fig-6-4",
    Number(84.096, POINTS),
    unit="%",
)
def least_accurate(tables: Tables) -> Evidence:
    grid = _as_printed(tables, FASHION)
    last = bool(np.argmin(grid.means) == grid.place(14))
    return number(one(grid, 14), grid, agrees=last)


@PART.claim(
    "ACC-2",
    "On Fashion-MNIST the largest dense network is the most accurate.",
    "89.096 %, the largest of 14, 5.0 pp above the smallest",
    "number",
    GRID,
    "fig-6-4",
    Number(89.096, POINTS),
    unit="%",
)
def most_accurate(tables: Tables) -> Evidence:
    grid = _as_printed(tables, FASHION)
    first = bool(np.argmax(grid.means) == grid.place(1))
    above = difference(grid, 1, 14)(grid.means)
    return number(one(grid, 1), grid, agrees=first, remark=f"{above:.2f} pp above the smallest.")


@PART.claim(
    "ACC-3",
    "On Fashion-MNIST 384 more neurons raise the accuracy at an equal number of parameters.",
    "+2.6 pp",
    "number",
    GRID,
    "fig-6-2",
    Number(2.6, POINTS, null=0),
    unit="pp",
)
def more_neurons_on_fashion(tables: Tables) -> Evidence:
    grid = _as_printed(tables, FASHION)
    return number(difference(grid, 11, 14), grid)


@PART.claim(
    "ACC-4",
    "On Fashion-MNIST the largest network gains as much by its density growing from 0.016 to 1.",
    "+2.4 pp",
    "number",
    GRID,
    "fig-6-2",
    Number(2.4, POINTS, null=0),
    unit="pp",
)
def more_parameters_on_fashion(tables: Tables) -> Evidence:
    grid = _as_printed(tables, FASHION)
    return number(difference(grid, 1, 11), grid)


@PART.claim(
    "ACC-5",
    "The worst network on Digit MNIST is still more accurate than the best one on Fashion-MNIST.",
    "91.7 %, 2.6 pp above Fashion's best",
    "number",
    GRID,
    "fig-6-2",
    Number(91.7, POINTS),
    unit="%",
)
def worst_on_digit(tables: Tables) -> Evidence:
    digit = _as_printed(tables, DIGIT)
    best = _as_printed(tables, FASHION).means.max()
    worst = one(digit, 14)(digit.means)
    agrees = bool(np.argmin(digit.means) == digit.place(14) and worst > best)
    above = f"{worst - best:+.2f} pp from Fashion's best. {_all_models(tables, one(digit, 14))}"
    return number(one(digit, 14), digit, agrees=agrees, remark=above)


@PART.claim(
    "ACC-6",
    "On Digit MNIST 384 more neurons raise the accuracy at an equal number of parameters.",
    "+3.61 pp",
    "number",
    GRID,
    "fig-6-2",
    Number(3.61, POINTS, null=0),
    unit="pp",
)
def more_neurons_on_digit(tables: Tables) -> Evidence:
    grid = _as_printed(tables, DIGIT)
    gain = difference(grid, 11, 14)
    return number(gain, grid, remark=_all_models(tables, gain))


def _all_models(tables: Tables, statistic) -> str:
    """The value over all our models of Digit MNIST, where we have more than the thesis."""
    grid = _trained(tables, DIGIT)
    return f"Over all {grid.models} models: {statistic(grid.means):.2f}."


@PART.claim(
    "ACC-7",
    "The best accuracy on Fashion-MNIST lies almost 10 points below that on Digit MNIST.",
    "almost 10 pp",
    "number",
    GRID,
    "fig-6-2",
    Number(9.5, POINTS, null=0),
    unit="pp",
)
def fashion_is_harder(tables: Tables) -> Evidence:
    digit = _as_printed(tables, DIGIT)
    fashion = _as_printed(tables, FASHION)
    read = '"Almost 10" is read as 9.5.'
    return number(lambda a, b: a.max(axis=-1) - b.max(axis=-1), digit, fashion, remark=read)


@PART.claim(
    "ACC-8",
    "With 9,472 hidden parameters the widest, sparsest network is the most accurate.",
    "about 96.5 % on Digit MNIST, 87.5 % on Fashion-MNIST",
    "number",
    GRID,
    "fig-6-2",
    {TITLES[DIGIT]: Number(96.5, POINTS), TITLES[FASHION]: Number(87.5, POINTS)},
    unit="%",
)
def best_at_9472(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        grid = _as_printed(tables, dataset)
        same_size = [grid.place(setup) for setup in (7, 8, 9, 10)]
        best = bool(np.argmax(grid.means[same_size]) == 0)
        parts[TITLES[dataset]] = number(one(grid, 7), grid, agrees=best)
    return parts


# ------------------------------------------------------------------------------------------- trends


@PART.claim(
    "ACC-9",
    "At an equal number of parameters, accuracy falls as density grows (here: points per tenfold "
    "density).",
    "the lines of equal parameters descend, on both data sets",
    "trend",
    GRID,
    "fig-6-2",
    Trend(side="below"),
    unit="pp",
)
def falls_with_density(tables: Tables) -> dict[str, Evidence]:
    return {TITLES[data]: _slopes(_trained(tables, data)) for data in (DIGIT, FASHION)}


def _slopes(grid: Panel) -> Evidence:
    """Points per tenfold density, the mean over levels of parameters."""
    density = np.log10(grid.column("density"))
    found = {
        level: lambda means, at=places: slope(density[at], means[..., at])
        for level, places in levels(grid).items()
    }
    each = {level: float(statistic(grid.means)) for level, statistic in found.items()}
    told = ", ".join(f"{value:.2f} at {level:,}" for level, value in each.items())
    remark = f"By parameters: {told}."
    agrees = all(value < 0 for value in each.values())
    return trend(mean_of(list(found.values())), grid, agrees=agrees, remark=remark)


@PART.claim(
    "ACC-10",
    "Sparsity gains much more below 10,000 parameters than at 84,000.",
    "the benefit is much greater below 10k parameters",
    "trend",
    GRID,
    "fig-6-2",
    Trend(),
    unit="pp",
)
def gains_more_when_small(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for data in (DIGIT, FASHION):
        grid = _trained(tables, data)
        small = difference(grid, 7, 10)
        large = difference(grid, 2, 3)
        told = f"{small(grid.means):+.2f} pp at 9,472 parameters, "
        told += f"{large(grid.means):+.2f} pp at 83,572."
        parts[TITLES[data]] = trend(_minus(small, large), grid, remark=told)
    return parts


def _minus(statistic, other):
    return lambda means: statistic(means) - other(means)


@PART.claim(
    "ACC-11",
    "The gain by more neurons saturates after about 100; accuracy is about logarithmic in the "
    "number of neurons and of parameters.",
    "saturates quickly after 100 neurons; logarithmic in both",
    "trend",
    GRID,
    "fig-6-2",
    Trend(),
)
def saturates(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for data in (DIGIT, FASHION):
        grid = _trained(tables, data)
        first = between_neurons(grid, 46, 136)
        second = between_neurons(grid, 136, 400)
        title = TITLES[data]
        told = f"{first(grid.means):+.2f} pp from 46 to 136 neurons, "
        told += f"{second(grid.means):+.2f} pp from 136 to 400."
        parts[f"{title}, first step minus second"] = trend(_minus(first, second), grid, remark=told)
        for what, column in (("neurons", "n_hidden"), ("parameters", "parameters")):
            parts[f"{title}, R2 over log {what} minus R2 over {what}"] = _logarithmic(grid, column)
    return parts


def _logarithmic(grid: Panel, column: str) -> Evidence:
    """How much better a line over the logarithm fits than one over the number itself."""
    values = grid.column(column).astype(float)
    other = "parameters" if column == "n_hidden" else "n_hidden"
    fixed = grid.column(other)
    groups = [np.nonzero(fixed == value)[0] for value in np.unique(fixed)]
    groups = [places for places in groups if len(places) > 3]

    def fit(means: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.mean([r_squared(of[at], means[..., at]) for at in groups], axis=0)

    def better(means: np.ndarray) -> np.ndarray:
        return fit(means, np.log(values)) - fit(means, values)

    told = f"{fit(grid.means, np.log(values)):.2f} over the logarithm."
    return trend(better, grid, remark=told)


@PART.claim(
    "ACC-12",
    "No network overfits in 50,000 iterations, and accuracy saturates after 10,000.",
    "no overfitting; saturated after 10k iterations",
    "trend",
    ("histories",),
    "fig-a-1",
    Between(-np.inf, POINTS),
    unit="pp",
    why=lambda tables: _share_at_10k(tables),
)
def no_overfitting(tables: Tables) -> dict[str, Evidence]:
    histories = rows(tables["histories"], dataset=FASHION)
    as_long_as_the_thesis(histories)
    seen = sorted(histories["iteration"].unique())
    curve = [_at(histories, iteration) for iteration in seen if iteration]
    end = curve[-1]
    fall = trend(lambda *all_of: np.max(np.max(all_of, axis=0) - all_of[-1], axis=-1), *curve)
    gain = trend(lambda a, b: np.mean(b - a, axis=-1), _at(histories, 10_000), end)
    return {"Largest fall from the best": fall, "Mean gain after 10,000 iterations": gain}


def _at(histories, iteration: int) -> Panel:
    return panel(histories, "accuracy", scale=100, iteration=iteration)


def _share_at_10k(tables: Tables) -> str:
    histories = rows(tables["histories"], dataset=FASHION)
    early = _at(histories, 10_000).means - 10
    late = _at(histories, int(histories["iteration"].max())).means - 10
    share = np.min(early / late)
    return (
        f"At 10,000 iterations {share:.1%} or more of the final gain over chance is there: flat in "
        "a plot, not in numbers."
    )
