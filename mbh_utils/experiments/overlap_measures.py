"""How the blankets of classes overlap: on the validation images, and on planes."""

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pandas as pd

from mbh_utils.blankets.overlap import Overlap, overlaps
from mbh_utils.computing.store import Store
from mbh_utils.datasets import Samples
from mbh_utils.experiments import estimates
from mbh_utils.experiments.experiment import Experiment, measured_rows
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.planes import Plane

#: Minimum coverages that overlaps are measured at.
COVERAGES = (0.8, 0.9, 0.95)
#: Columns of the measure: "square" and "box" are shares of planes' domains.
COLUMNS = ("coverage", "class", "other", "inside", "identical", "square", "box")


def class_overlaps(
    layers: list[tuple],
    samples: Samples,
    coverages: Sequence[float],
    square: Sequence[Plane],
    box: Sequence[Plane],
) -> pd.DataFrame:
    """What the blankets of every two classes have in common, one row per c_P x class x other.

    Columns: coverage; class, whose maximal pattern it is; other, whose samples are asked; inside
    (share of these samples that satisfy the pattern); identical (whether the other has the very
    same pattern); square and box (share of the domain that both blankets cover, mean over planes).
    """
    found = overlaps(layers, samples, coverages)
    areas = {
        "square": _mean_shares(layers, found, square),
        "box": _mean_shares(layers, found, box),
    }
    parts = []
    for i, (coverage, one) in enumerate(zip(coverages, found, strict=True)):
        k = len(one.classes)
        same = np.eye(k, dtype=bool)
        place = {int(label): j for j, label in enumerate(one.classes)}
        for a, b in one.identical:
            same[place[a], place[b]] = True
            same[place[b], place[a]] = True
        columns = {
            "coverage": coverage,
            "class": np.repeat(one.classes, k),
            "other": np.tile(one.classes, k),
            "inside": one.inside.ravel(),
            "identical": same.ravel(),
            "square": areas["square"][i].ravel(),
            "box": areas["box"][i].ravel(),
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _mean_shares(
    layers: list[tuple], found: list[Overlap], planes: Sequence[Plane]
) -> list[np.ndarray]:
    """For each overlap the shares of the domain that two blankets have in common, on average."""
    sums = [np.zeros_like(one.inside) for one in found]
    with closing(partitions(layers, planes, keep=("areas", "patterns"))) as regions_of:
        for regions in regions_of:
            for total, one in zip(sums, found, strict=True):
                total += one.shared_areas(regions)
    return [total / len(planes) for total in sums]


def _overlaps(subject: Subject, *, coverages: Sequence[float], planes: int) -> pd.DataFrame:
    name = subject.raw.name
    square = PlaneSet(planes).of(name)
    box = PlaneSet(planes, domain="box").of(name)
    return class_overlaps(subject.layers, subject.raw.validation, coverages, square, box)


def _seconds(case: Case, planes: int, **options) -> float:
    return estimates.pattern_seconds(case) + 3 * estimates.partition_seconds(case, planes)


OVERLAPS = register(Measure(name="overlaps", columns=COLUMNS, compute=_overlaps, seconds=_seconds))


def overlap_options(profile: Profile) -> list[dict]:
    """On the planes of the grid, in both domains."""
    return [{"coverages": COVERAGES, "planes": profile.planes}]


def overlap_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """What was measured, rounded to four digits so that the file stays small."""
    rows = measured_rows(experiment, profile, store)
    shares = ["inside", "square", "box"]
    rows[shares] = rows[shares].round(4).astype(np.float32)
    rows[["class", "other"]] = rows[["class", "other"]].astype(np.int8)
    return rows
