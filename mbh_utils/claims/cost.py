"""What the measurement costs (section 6.1.1 of the thesis)."""

import numpy as np

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, number
from mbh_utils.claims.panels import FASHION, as_long_as_the_thesis, panel
from mbh_utils.claims.rules import Told

PART = Part("cost")

#: The thesis's experiment: 140 networks of 14 set-ups on ten planes; 21.6 hours on 16 processors.
NETWORKS, SETUPS, PLANES = 140, 14, 10
THESIS = 21.6 * 16


def _core_hours(seconds: np.ndarray) -> np.ndarray:
    """Of the thesis's experiment, by seconds per network and plane of each set-up."""
    return seconds.sum(axis=-1) * (NETWORKS // SETUPS) * PLANES / 3600


@PART.claim(
    "COST-1",
    "140 networks on ten planes with eight values of c_P took 21.6 hours on 16 processors.",
    "21.6 h x 16 processors = 345.6 core-hours",
    "number",
    ("costs",),
    "",
    Told(),  # what one machine takes cannot contradict what another took
    unit="hours",
)
def core_hours(tables: Tables) -> Evidence:
    as_long_as_the_thesis(tables["costs"])
    seconds = panel(tables["costs"], "seconds", dataset=FASHION)
    if len(seconds.setups) != SETUPS:
        seconds.place(SETUPS)  # raises where the last one is missing
    evidence = number(_core_hours, seconds)
    smallest = seconds.setups.iloc[int(seconds.means.argmin())]
    largest = seconds.setups.iloc[int(seconds.means.argmax())]
    remark = (
        f"Told, not judged: another program on another machine. One network on one plane takes "
        f"{seconds.means.min():.2f} s (set-up {smallest['setup']}, {smallest['n_hidden']} neurons) "
        f"to {seconds.means.max():.2f} s (set-up {largest['setup']}, {largest['n_hidden']} "
        f"neurons), mean of {seconds.planes} planes; all of it would take {evidence.value:.2f} "
        f"core-hours, {THESIS / evidence.value:,.0f} times less."
    )
    return Evidence(
        evidence.value, evidence.samples, evidence.models, evidence.planes, remark=remark
    )
