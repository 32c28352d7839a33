"""Measures that count activation regions, and that tell what MBH costs.

They serve the ablation of the initial biases, and the comparison with the thesis's computing time.
"""

import time
from collections.abc import Sequence
from contextlib import closing

import pandas as pd

from mbh_utils.blankets.mbh import specialization_table
from mbh_utils.experiments import estimates
from mbh_utils.experiments.measures import Measure, Subject, register, with_columns_before
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.runs import Case
from mbh_utils.regions.partition import partitions


def _regions(
    subject: Subject, *, planes: int, domain: str, margin: float | None = None
) -> pd.DataFrame:
    """How many activation regions a network has on each plane."""
    chosen = PlaneSet(planes, domain, margin)
    here = chosen.of(subject.raw.name)
    with closing(partitions(subject.layers, here, keep="areas")) as found:
        counts = [len(regions) for regions in found]
    areas = [plane.area for plane in here]
    table = pd.DataFrame({"plane": range(len(here)), "n_regions": counts, "area": areas})
    facts = {"bias_std": subject.case.run.bias_std, "domain": domain, "margin": chosen.margin}
    return with_columns_before(table, facts)


def _partition_seconds(case: Case, planes: int, **options) -> float:
    return estimates.partition_seconds(case, planes)


REGIONS = register(
    Measure(
        name="regions",
        columns=("bias_std", "domain", "margin", "plane", "n_regions", "area"),
        compute=_regions,
        seconds=_partition_seconds,
    )
)


def _costs(
    subject: Subject,
    *,
    planes: int,
    coverages: Sequence[float],
    domain: str,
    margin: float | None = None,
) -> pd.DataFrame:
    """Seconds that MBH takes for one network on one plane, all classes and minimum coverages.

    The network's training seconds stand beside them. These numbers alone among all tables differ
    from run to run.
    """
    here = PlaneSet(planes, domain, margin).of(subject.raw.name)
    samples = subject.raw.validation
    specialization_table(subject.layers, samples, here[:1], coverages)  # compiles, fills caches
    rows = []
    for i, plane in enumerate(here):
        started = time.perf_counter()
        found = specialization_table(subject.layers, samples, [plane], coverages)
        seconds = time.perf_counter() - started
        rows.append((i, int(found["n_regions"].iloc[0]), seconds))
    table = pd.DataFrame(rows, columns=["plane", "n_regions", "seconds"])
    return table.assign(training_seconds=subject.case.run.facts(subject.store)["seconds"])


def _cost_seconds(case: Case, planes: int, **options) -> float:
    return (planes + 1) * (estimates.pattern_seconds(case) + estimates.partition_seconds(case, 1))


COSTS = register(
    Measure(
        name="costs",
        columns=("plane", "n_regions", "seconds", "training_seconds"),
        compute=_costs,
        seconds=_cost_seconds,
    )
)
