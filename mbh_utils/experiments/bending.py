"""The measure "bending": by which angles a network's bent hyperplanes turn (Fig 6.5)."""

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pandas as pd

from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.runs import Case
from mbh_utils.regions.bending import bending
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.planes import Plane


def bending_on_planes(layers: list[tuple], planes: Sequence[Plane]) -> pd.DataFrame:
    """How much the bent hyperplanes of a network bend, one row per plane.

    Columns: plane; crossings (places where a line crosses one of an earlier layer); turning_angle
    (mean per crossing, in degrees) and straight (share of crossings below 0.1 degrees), which are
    NaN on a plane without a crossing.
    """
    rows = []
    with closing(partitions(layers, planes, keep=("polygons", "patterns"))) as found:
        for i, regions in enumerate(found):
            bends = bending(regions)
            rows.append((i, len(bends), bends.mean_angle, bends.straight))
    return pd.DataFrame(rows, columns=["plane", "crossings", "turning_angle", "straight"])


def _bending(
    subject: Subject, *, planes: int, domain: str, margin: float | None = None
) -> pd.DataFrame:
    chosen = PlaneSet(planes, domain, margin)
    found = bending_on_planes(subject.layers, chosen.of(subject.raw.name))
    found.insert(0, "domain", domain)
    found.insert(1, "margin", np.nan if margin is None else margin)
    return found


def _seconds(case: Case, *, planes: int, **options) -> float:
    """The angles of a plane take a few times as long as its partition."""
    return estimates.pattern_seconds(case, images=0) + 5 * estimates.partition_seconds(case, planes)


BENDING = register(
    Measure(
        name="bending",
        columns=("domain", "margin", "plane", "crossings", "turning_angle", "straight"),
        compute=_bending,
        seconds=_seconds,
    )
)
