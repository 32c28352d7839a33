"""Does a plane's s stand for that of all dimensions? Blankets in the whole input box."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.evidence import Evidence
from mbh_utils.claims.panels import DIGIT, FASHION, RESAMPLES, TITLES, rows
from mbh_utils.claims.rules import Rule, Trend
from mbh_utils.computing.seeds import stream
from mbh_utils.computing.statistics import spearman
from mbh_utils.experiments.hypervolume_measures import beside_planes

PART = Part("hypervolumes in all dimensions", source=OURS)
TABLES = ("hypervolumes", "grid")
FIGURE = "hypervolume-and-planes"
#: Columns of the specialization on planes -> how they are named.
PLACES = {"s_square": "square", "s_box": "input box"}


def joined(tables: Tables, dataset: str, reference: str) -> pd.DataFrame:
    """Blankets of one data set in the box and on planes, one row per network and class."""
    cube = rows(tables["hypervolumes"], dataset=dataset, reference=reference)
    grid = tables["grid"]
    is_usual = (grid["domain"] == "box") | np.isclose(grid["margin"], 1.5)
    here = is_usual & (grid["dataset"] == dataset) & np.isclose(grid["coverage"], 0.8)
    return beside_planes(cube, grid[here & grid["trained"].astype(bool)])


def as_array(found: pd.DataFrame, column: str) -> np.ndarray:
    """Set-up x class, means over models."""
    return found.pivot_table(index="setup", columns="class", values=column).to_numpy(float)


def over_setups(found: pd.DataFrame, place: str) -> Evidence:
    """Rank correlation of s on planes and in the box over set-ups; resampled are classes."""
    planes = as_array(found, place)
    cube = -as_array(found, "log10_share")
    chosen = stream(0, "bootstrap").integers(planes.shape[1], size=(RESAMPLES, planes.shape[1]))
    samples = spearman(planes[:, chosen].mean(axis=2).T, cube[:, chosen].mean(axis=2).T)
    value = float(spearman(planes.mean(axis=1), cube.mean(axis=1)))
    remark = f"{len(planes)} set-ups; the interval is from resampled classes."
    return Evidence(value, samples, found["model"].nunique(), remark=remark)


def over_classes(found: pd.DataFrame, place: str) -> Evidence:
    """Mean over set-ups of the rank correlation over classes; resampled are set-ups."""
    each = spearman(as_array(found, place), -as_array(found, "log10_share"))
    each = each[np.isfinite(each)]
    chosen = stream(0, "bootstrap").integers(len(each), size=(RESAMPLES, len(each)))
    remark = f"Set-ups from {each.min():+.2f} to {each.max():+.2f}."
    samples = each[chosen].mean(axis=1)
    return Evidence(float(each.mean()), samples, found["model"].nunique(), remark=remark)


def in_all_places(tables: Tables, correlation, reference: str) -> dict[str, Evidence]:
    """Of both data sets, with both domains of planes."""
    return {
        f"{TITLES[name]}, {words}": correlation(joined(tables, name, reference), place)
        for name in (DIGIT, FASHION)
        for place, words in PLACES.items()
    }


#: The parts of a claim on both data sets and both domains.
ALL: dict[str, Rule] = {
    f"{TITLES[name]}, {words}": Trend() for name in (DIGIT, FASHION) for words in PLACES.values()
}
BOTH: dict[str, Rule] = {TITLES[DIGIT]: Trend(), TITLES[FASHION]: Trend()}


@PART.claim(
    "HV-1",
    "Set-ups that have a higher s on planes have smaller blankets in the whole input box.",
    "expected: planes stand for all dimensions",
    "trend",
    TABLES,
    FIGURE,
    ALL,
)
def setups_in_the_cube(tables: Tables) -> dict[str, Evidence]:
    return in_all_places(tables, over_setups, "uniform")


@PART.claim(
    "HV-2",
    "Within a network, classes that have a higher s on planes have smaller blankets in the whole "
    "input box.",
    "expected: planes stand for all dimensions",
    "trend",
    TABLES,
    FIGURE,
    ALL,
)
def classes_in_the_cube(tables: Tables) -> dict[str, Evidence]:
    return in_all_places(tables, over_classes, "uniform")


@PART.claim(
    "HV-3",
    "Set-ups that have a higher s on planes hold fewer random images with the pixels' own values.",
    "expected: as for uniform noise",
    "trend",
    TABLES,
    FIGURE,
    ALL,
)
def setups_among_marginals(tables: Tables) -> dict[str, Evidence]:
    return in_all_places(tables, over_setups, "marginals")


@PART.claim(
    "HV-4",
    "Among set-ups of equally many parameters, the sparsest one has smaller blankets in the whole "
    "input box than the dense one.",
    "tried: 5.0e-9 and 2.5e-11 (sparse), .85 (dense)",
    "trend",
    TABLES,
    FIGURE,
    BOTH,
)
def sparse_and_dense(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for name in (DIGIT, FASHION):
        found = joined(tables, name, "uniform")
        means = found.pivot_table(index="class", columns="setup", values="log10_share")
        ahead = (means[10] - means[7]).to_numpy(float)
        chosen = stream(0, "bootstrap").integers(len(ahead), size=(RESAMPLES, len(ahead)))
        remark = (
            f"Mean log10 of the share: {means[7].mean():.2f} (#7) and {means[10].mean():.2f} (#10)."
        )
        samples = ahead[chosen].mean(axis=1)
        parts[TITLES[name]] = Evidence(
            float(ahead.mean()), samples, found["model"].nunique(), remark=remark
        )
    return parts
