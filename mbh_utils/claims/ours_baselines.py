"""What this workbook says of baselines: s of what is no concept, and what training adds to s."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.evidence import Evidence, Several, trend
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import Trend
from mbh_utils.claims.specialization import grows_at_each_level, trained
from mbh_utils.experiments import with_plane_classes

PART = Part("baselines of s", source=OURS)

#: Ids of the workbook's figures that show them.
BASELINES, GAIN = "baselines", "gain-over-neurons"
RANDOM = "random images"
NOISES = ("uniform noise", "pixel noise", "shuffled images")
BOTH = (DIGIT, FASHION)


def of_kind(tables: Tables, kind: str, dataset: str, domain: str, coverage: float = 0.8) -> Panel:
    """Specializations of trained networks to a baseline."""
    wanted = {"dataset": dataset, "domain": domain, "coverage": coverage}
    return panel(tables["baselines"], "s", trained=True, kind=kind, **wanted)


def difference_of(panel: Panel, other: Panel) -> Panel:
    """The first minus the second, network by network and plane by plane."""
    return Panel(panel.setups, panel.values - other.values, panel.planes)


def mean_of_setups(means: np.ndarray) -> np.ndarray:
    """The mean over set-ups."""
    return means.mean(axis=-1)


def above(tables: Tables, kind: str, dataset: str, domain: str, coverage: float = 0.8) -> Panel:
    """How much the specialization to classes is above that to a baseline."""
    classes = trained(tables["grid"], dataset, domain, coverage)
    return difference_of(classes, of_kind(tables, kind, dataset, domain, coverage))


def _least(found: Panel) -> str:
    place = int(np.argmin(found.means))
    number = found.column("setup")[place]
    return f"Least in set-up #{number}: {found.means[place]:+.3f}."


@PART.claim(
    "BL-1",
    "Classes have a higher s than as many random images, in every set-up (here: s of classes minus "
    "s of random images, mean over set-ups).",
    "tried: random images .15 (#10), .26 (#7); classes .59, .88",
    "trend",
    ("grid", "baselines"),
    BASELINES,
    Trend(),
    unit="ds",
    domains=True,
)
def classes_above_random_images(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in BOTH:
        found = above(tables, RANDOM, dataset, domain)
        agrees = bool((found.means > 0).all())
        parts[TITLES[dataset]] = trend(mean_of_setups, found, agrees=agrees, remark=_least(found))
    return parts


@PART.claim(
    "BL-2",
    "At c_P = 0.95 random images have hardly any s: below 0.1 (here: mean over set-ups).",
    "tried: mostly below .1; .12 to .43 at c_P = .8",
    "trend",
    ("baselines",),
    BASELINES,
    Trend(null=0.1, side="below"),
    unit="s",
    domains=True,
)
def random_images_at_high_coverage(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in BOTH:
        found = of_kind(tables, RANDOM, dataset, domain, 0.95)
        loose = of_kind(tables, RANDOM, dataset, domain)
        remark = (
            f"Below 0.1 in {int((found.means < 0.1).sum())} of {len(found.means)} set-ups; at "
            f"c_P = 0.8 from {loose.means.min():.2f} to {loose.means.max():.2f}."
        )
        parts[TITLES[dataset]] = trend(mean_of_setups, found, remark=remark)
    return parts


@PART.claim(
    "BL-3",
    "Noise, which is no concept, has a lower s than the classes (here: s of classes minus s of "
    "noise, mean over set-ups).",
    "expected: if s tells concepts, less of noise than of classes",
    "trend",
    ("grid", "baselines"),
    BASELINES,
    {f"{TITLES[dataset]}, {kind}": Trend() for dataset in BOTH for kind in NOISES},
    unit="ds",
    domains=True,
)
def noise_below_classes(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in BOTH:
        for kind in NOISES:
            found = above(tables, kind, dataset, domain)
            more = int((found.means < 0).sum())
            remark = f"Noise has the higher s in {more} of {len(found.means)} set-ups."
            parts[f"{TITLES[dataset]}, {kind}"] = trend(mean_of_setups, found, remark=remark)
    return parts


@PART.claim(
    "BL-4",
    "What the classes have above random images still grows with N at equal HNPs (here: rank "
    "correlation with N).",
    "expected: as s itself does",
    "trend",
    ("grid", "baselines"),
    BASELINES,
    Trend(),
    unit="ds",
    domains=True,
)
def the_rest_grows_with_neurons(tables: Tables, domain: str) -> dict[str, Evidence]:
    return {
        TITLES[dataset]: grows_at_each_level(above(tables, RANDOM, dataset, domain))
        for dataset in BOTH
    }


def gain(tables: Tables, dataset: str, domain: str) -> Panel:
    """How much s grew by training, network by network."""
    wanted = {"dataset": dataset, "domain": domain, "coverage": 0.8}
    before = panel(tables["grid"], "s", trained=False, **wanted)
    return difference_of(trained(tables["grid"], dataset, domain), before)


@PART.claim(
    "BL-5",
    "On Fashion-MNIST, what training adds to s does not grow with N at equal HNPs (here: rank "
    "correlation with N).",
    "tried: +.245 (#10), +.140 (#7)",
    "trend",
    ("grid",),
    GAIN,
    Trend(side="not above"),
    unit="ds",
    domains=True,
)
def gain_does_not_grow(tables: Tables, domain: str) -> Evidence:
    fashion = gain(tables, FASHION, domain)
    digit = gain(tables, DIGIT, domain)
    found = grows_at_each_level(fashion)
    other = grows_at_each_level(digit)
    low, high = np.percentile(other.samples, (2.5, 97.5))
    told = [
        f"{data.means[data.place(10)]:+.3f} (#10) and {data.means[data.place(7)]:+.3f} (#7)"
        for data in (fashion, digit)
    ]
    remark = (
        f"Training adds {told[0]} on Fashion-MNIST, {told[1]} on Digit MNIST, where the rank "
        f"correlation is {other.value:+.3f} ({low:+.3f} to {high:+.3f}). {found.remark}"
    )
    return Evidence(found.value, found.samples, found.models, found.planes, remark=remark)


def shuffled_minus_right(tables: Tables, dataset: str, domain: str) -> Panel:
    """s of networks that learned shuffled labels, less that of their twins with the right ones."""
    wanted = {"dataset": dataset, "domain": domain, "coverage": 0.8}
    shuffled = panel(tables["shuffled_labels"], "s", source="validation", **wanted)
    setups = shuffled.column("setup").tolist()
    right = trained(tables["grid"], dataset, domain, setup=setups, models=shuffled.models)
    return difference_of(shuffled, right)


@PART.claim(
    "BL-6",
    "Networks that learned shuffled labels specialize less to the classes than those that learned "
    "the right ones.",
    "expected: less, where nothing true was learned",
    "trend",
    ("grid", "shuffled_labels"),
    BASELINES,
    Trend(side="below"),
    unit="ds",
    domains=True,
)
def shuffled_labels(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in BOTH:
        found = shuffled_minus_right(tables, dataset, domain)
        numbers = found.column("setup")
        each = zip(numbers, found.means, strict=True)
        told = ", ".join(f"{mean:+.3f} (#{number})" for number, mean in each)
        wanted = {"dataset": dataset, "domain": domain, "coverage": 0.8, "models": found.models}
        there = {"setup": numbers.tolist(), "trained": False}
        before = panel(tables["grid"], "s", **wanted, **there)
        learned = panel(tables["shuffled_labels"], "s", source="validation", **wanted)
        less = difference_of(learned, before).means.mean()
        remark = f"By set-up: {told}. Less that of the untrained twins: {less:+.3f}."
        agrees = bool((found.means < 0).all())
        parts[TITLES[dataset]] = trend(mean_of_setups, found, agrees=agrees, remark=remark)
    return parts


def on_the_plane(tables: Tables, dataset: str, domain: str) -> pd.DataFrame:
    """A row per network and plane: how much lower s is of classes whose image spans the plane.

    Each class is taken less its mean over all planes, so that it does not matter which classes
    happen to span the planes.
    """
    wanted = {"dataset": dataset, "domain": domain, "coverage": 0.8, "trained": True}
    table = with_plane_classes(rows(tables["grid"], **wanted))
    keys = ["family", "setup", "n_hidden", "parameters", "density", "model"]
    usual = table.groupby([*keys, "class"])["s"].transform("mean")
    table = table.assign(beyond=table["s"] - usual)
    means = table.groupby(["dataset", *keys, "plane", "spans"])["beyond"].mean().unstack("spans")
    return (means[True] - means[False]).rename("difference").reset_index()


@PART.claim(
    "BL-7",
    "Classes whose image spans the plane have a lower s on it than the other classes (each less "
    "its mean over all planes).",
    "tried: -.087 on Fashion-MNIST, -.118 on Digit MNIST",
    "trend",
    ("grid",),
    BASELINES,
    Trend(side="below"),
    unit="ds",
    domains=True,
)
def lower_on_the_plane(tables: Tables, domain: str) -> Several:
    parts = {}
    for dataset in BOTH:
        found = panel(on_the_plane(tables, dataset, domain), "difference", dataset=dataset)
        agrees = bool((found.means < 0).all())
        parts[TITLES[dataset]] = trend(mean_of_setups, found, agrees=agrees)
    told = "A plane passes through an image of three of ten classes, which their blankets hold."
    return Several(parts, told)
