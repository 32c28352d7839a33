"""Claims on networks whose masks change while they are trained: Liu et al. 2020, and SET itself."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import TOPOLOGY, Part, Tables
from mbh_utils.claims.evidence import Evidence, number, trend
from mbh_utils.claims.limits import Every, Similar
from mbh_utils.claims.panels import (
    DIGIT,
    FASHION,
    TITLES,
    Panel,
    as_long_as_the_thesis,
    panel,
    rows,
)
from mbh_utils.claims.rules import POINTS, Number, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.datasets import SMALL

PART = Part("sparse training", source=TOPOLOGY)

#: Ids of the workbook's figures.
SPARSE_FIGURE = "wiring-sparse"
SMALL_FIGURE = "wiring-small-data"
REWIRED_FIGURE = "wiring-accuracy"
#: Trainings as long as the published ones: 200 epochs of 1,000 iterations, 400 epochs.
LONG, EPOCHS = 200_000, 400
#: The difference in accuracy that counts as none, in percentage points.
PARITY = 1.0
#: What the published training on few images did otherwise.
OTHER_RECIPE = (
    "Here the thesis's recipe (Adam on cross entropy, no regularisation) trains the networks; the "
    "published ones had SGD with momentum on a squared error, weight decay and dropout, which "
    "was not tried. Accuracies are of 1,000 images: one is known to about 1.2 pp."
)


def _of_kinds(table: pd.DataFrame, kinds: list[str], column: str = "accuracy") -> Panel:
    """A column in percent, its set-ups being these kinds in this order; one model as another."""
    found = rows(table, kind=kinds)
    missing = set(kinds) - set(found["kind"])
    if missing:
        raise Unjudgeable(f"no network of kind {', '.join(sorted(missing))} was trained")
    places = found["kind"].map({kind: i for i, kind in enumerate(kinds)})
    named = found.assign(family="kinds", setup=places)
    return panel(named, column, scale=100)


def _first(means: np.ndarray) -> np.ndarray:
    return means[..., 0]


def _difference(means: np.ndarray) -> np.ndarray:
    """The first kind minus the second one."""
    return means[..., 0] - means[..., 1]


# ------------------------------------------------------------------------------ few connections


def _at_the_end(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["iteration"] == table["iteration"].max()]


@PART.claim(
    "NT-8",
    "Three layers of 784 neurons with 0.6 % of the connections, trained by SET for 200 epochs of "
    "Fashion-MNIST, reach an accuracy of 0.871 to 0.876 (stored logs).",
    "0.871 to 0.876",
    "number",
    ("sparse_accuracy",),
    SPARSE_FIGURE,
    Number(87.35, tolerance=POINTS),
    unit="%",
    why="The optimiser of the stored logs is not told; here it is Adam.",
)
def accuracy_of_few_connections(tables: Tables) -> Evidence:
    table = rows(tables["sparse_accuracy"], dataset=FASHION)
    last = _at_the_end(table)
    if (iterations := int(last["iteration"].iloc[0])) < LONG:
        raise Unjudgeable(f"trained for {iterations:,} iterations, the published for {LONG:,}")
    reached = _of_kinds(last, ["SET"])
    remark = ""
    if (last["kind"] == "near").any():
        fixed = float(_of_kinds(last, ["near"]).means[0])
        remark = f"With the same masks fixed it is {fixed:.2f} %."
    return number(_first, reached, remark=remark)


# ----------------------------------------------------------------------------------- few images


def _few_images(tables: Tables) -> pd.DataFrame:
    table = rows(tables["small_data"], dataset=FASHION + SMALL)
    if (epochs := round(table["epoch"].max())) < EPOCHS:
        raise Unjudgeable(f"trained for {epochs} epochs, the published for {EPOCHS}")
    return table


def _best(table: pd.DataFrame) -> pd.DataFrame:
    """The best accuracy of each network at any look."""
    keys = ["kind", "dataset", "n_hidden", "parameters", "density", "model"]
    return table.groupby(keys)[["accuracy"]].max().reset_index()


@PART.claim(
    "NT-9",
    "On 2,000 images, SET is at least as accurate as the dense network at the last epoch, the "
    "same sparse mask fixed is less accurate (tutorial on SET).",
    "0.812-0.836; 0.817-0.823; 0.798-0.811",
    "trend",
    ("small_data",),
    SMALL_FIGURE,
    {"dense minus SET in pp": Trend(side="not above"), "dense minus fixed in pp": Trend()},
    why=OTHER_RECIPE,
)
def last_epoch_on_few_images(tables: Tables) -> dict[str, Evidence]:
    last = _at_the_end(_few_images(tables))
    return {
        "dense minus SET in pp": trend(_difference, _of_kinds(last, ["dense", "SET"])),
        "dense minus fixed in pp": trend(_difference, _of_kinds(last, ["dense", "erdos_renyi"])),
    }


@PART.claim(
    "NT-10",
    "On 2,000 images, SET and the dense network are equally accurate at their best epochs, the "
    "same sparse mask fixed is about 2 pp less accurate (tutorial on SET).",
    "0.832-0.840; 0.836-0.845; 0.808-0.822",
    "trend",
    ("small_data",),
    SMALL_FIGURE,
    {"SET minus dense in pp": Similar(PARITY), "SET minus fixed in pp": Trend()},
    why=OTHER_RECIPE,
)
def best_epoch_on_few_images(tables: Tables) -> dict[str, Evidence]:
    best = _best(_few_images(tables))
    return {
        "SET minus dense in pp": trend(_difference, _of_kinds(best, ["SET", "dense"])),
        "SET minus fixed in pp": trend(_difference, _of_kinds(best, ["SET", "erdos_renyi"])),
    }


@PART.claim(
    "NT-11",
    "On 2,000 images, SET fits its training images less completely than the dense network "
    "(tutorial on SET).",
    "0.91 to 0.93 and over 0.99",
    "trend",
    ("small_data",),
    SMALL_FIGURE,
    Trend(),
    unit="pp",
    why=OTHER_RECIPE,
)
def fit_to_few_images(tables: Tables) -> Evidence:
    last = _at_the_end(_few_images(tables))
    fits = _of_kinds(last, ["dense", "SET"], "training_accuracy")
    return trend(_difference, fits)


# -------------------------------------------------------------------------- beside dense networks


def _wide(tables: Tables, dataset: str) -> pd.DataFrame:
    """Trained wide networks of a data set: the dense one, and those of the larger budget."""
    table = rows(tables["rewired"], dataset=dataset)
    as_long_as_the_thesis(table)
    last = _at_the_end(table)
    wide = last[last["n_hidden"] == last["n_hidden"].max()]
    budget = wide.loc[wide["kind"] != "dense", "parameters"].max()
    return wide[(wide["kind"] == "dense") | (wide["parameters"] == budget)]


def _on_both(tables: Tables, kinds: list[str]) -> dict[str, Evidence]:
    """The difference of two kinds on each of the data sets."""
    return {
        TITLES[dataset]: trend(_difference, _of_kinds(_wide(tables, dataset), kinds))
        for dataset in (DIGIT, FASHION)
    }


@PART.claim(
    "NT-12",
    "SET always finds sparse networks that are at least as accurate as the dense one (abstract): "
    "dense minus SET in pp, 784-300-100 with 3.4 % of the weights.",
    "always finds",
    "trend",
    ("rewired",),
    REWIRED_FIGURE,
    {TITLES[DIGIT]: Trend(side="not above"), TITLES[FASHION]: Trend(side="not above")},
)
def rewired_beside_dense(tables: Tables) -> dict[str, Evidence]:
    return _on_both(tables, ["dense", "SET"])


@PART.claim(
    "NT-13",
    "Even with a fixed mask, sparse networks can be more accurate than the dense one (abstract): "
    "fixed minus dense in pp, 784-300-100 with 3.4 % of the weights.",
    "can outperform",
    "trend",
    ("rewired",),
    REWIRED_FIGURE,
    {TITLES[DIGIT]: Trend(), TITLES[FASHION]: Trend()},
)
def fixed_beside_dense(tables: Tables) -> dict[str, Evidence]:
    return _on_both(tables, ["erdos_renyi", "dense"])


@PART.claim(
    "NT-14",
    "Rewired networks are more accurate than networks of as many parameters whose mask is fixed "
    "(SET's own claim): SET minus fixed in pp, 784-300-100 with 3.4 % of the weights.",
    "SET over fixed masks",
    "trend",
    ("rewired",),
    REWIRED_FIGURE,
    {TITLES[DIGIT]: Trend(), TITLES[FASHION]: Trend()},
)
def rewired_beside_fixed(tables: Tables) -> dict[str, Evidence]:
    return _on_both(tables, ["SET", "erdos_renyi"])


@PART.claim(
    "NT-15",
    "Networks by SET from different starts are about equally accurate (abstract): each model "
    "minus the mean of all, in pp.",
    "similar performance",
    "trend",
    ("rewired",),
    REWIRED_FIGURE,
    {TITLES[DIGIT]: Every(-PARITY, PARITY), TITLES[FASHION]: Every(-PARITY, PARITY)},
)
def alike_from_different_starts(tables: Tables) -> dict[str, Evidence]:
    found = {}
    for dataset in (DIGIT, FASHION):
        reached = _of_kinds(_wide(tables, dataset), ["SET"]).of_networks[0]
        apart = reached - reached.mean()
        widest = float(np.abs(apart).max())
        found[TITLES[dataset]] = Evidence(widest, apart, len(apart))
    return found
