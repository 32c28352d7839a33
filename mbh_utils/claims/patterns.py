"""Claims on distinct activation patterns (appendix E of the thesis)."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, trend
from mbh_utils.claims.panels import FASHION, Panel, panel, rows
from mbh_utils.claims.rules import Exact, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable

PART = Part("patterns")

#: The smallest networks of which every image has a pattern of its own, and how many images.
NEURONS, IMAGES = 136, 1_000


@PART.claim(
    "AP-1",
    "Networks with 136 neurons or more have a pattern of its own for each of 1,000 images, trained "
    "or not.",
    "1,000 of 1,000",
    "number",
    ("patterns",),
    "fig-e-1",
    Exact(IMAGES),
    unit="count",
    correction="a pattern for every image, where the caption says for every neuron",
)
def every_image_its_own(tables: Tables) -> Evidence:
    table = rows(tables["patterns"], dataset=FASHION, images=IMAGES)
    large = table[table["n_hidden"] >= NEURONS]
    if not {True, False} <= set(large["trained"]):
        raise Unjudgeable("networks before and after training are needed")
    found = large["activation_patterns"].to_numpy(float)
    small = table[table["n_hidden"] < NEURONS].groupby("n_hidden")["activation_patterns"].mean()
    told = ", ".join(f"{value:,.0f} with {n} neurons" for n, value in small.items())
    remark = f"{_told_exceptions(large)} Smaller networks have in the mean {told}."
    return Evidence(float(found.min()), found, int(large["model"].nunique()), remark=remark)


def _told_exceptions(large: pd.DataFrame) -> str:
    """How many networks have a pattern for every image, and what the others make of the claim."""
    short = large[large["activation_patterns"] < IMAGES]
    if short.empty:
        return f"All {len(large)} networks, trained or not, have {IMAGES:,} patterns."
    return (
        f"Of {len(large)} networks, trained or not, {len(large) - len(short)} have {IMAGES:,} "
        f"different patterns for {IMAGES:,} images. Exceptions: {len(short)} "
        f"({short['trained'].sum()} of them trained), with no fewer than "
        f"{short['activation_patterns'].min():,.0f} patterns. The claim is about all networks, so "
        "one exception is enough for this verdict."
    )


def _fewest_against_others(means: np.ndarray) -> np.ndarray:
    """The other set-ups' mean, minus the last one: that with the fewest parameters."""
    return means[..., :-1].mean(axis=-1) - means[..., -1]


@PART.claim(
    "AP-2",
    "With 136 neurons there are considerably fewer distinct last-layer patterns at 5k parameters "
    "than at more.",
    "considerably fewer at 5k",
    "trend",
    ("patterns",),
    "fig-e-2",
    Trend(),
    unit="count",
)
def fewer_when_sparsest(tables: Tables) -> Evidence:
    wanted = {"dataset": FASHION, "images": IMAGES, "n_hidden": NEURONS}
    states = [
        panel(tables["patterns"], "last_layer_patterns", trained=trained, **wanted)
        for trained in (False, True)
    ]
    told = [
        f"{when} training {_told_by_parameters(one)}"
        for when, one in zip(("before", "after"), states, strict=True)
    ]
    remark = (
        "Told is by how many the set-up with the fewest parameters stays behind the mean of the "
        f"others, mean of before and after training; {'; '.join(told)}."
    )
    return trend(_in_both_states, *states, remark=remark)


def _in_both_states(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (_fewest_against_others(before) + _fewest_against_others(after)) / 2


def _told_by_parameters(one: Panel) -> str:
    pairs = zip(one.column("parameters"), one.means, strict=True)
    told = ", ".join(f"{mean:,.0f} at {parameters:,}" for parameters, mean in pairs)
    behind = trend(_fewest_against_others, one)
    low, high = np.percentile(behind.samples, (2.5, 97.5))
    return f"{behind.value:+.0f} [{low:+.0f}, {high:+.0f}] ({told})"
