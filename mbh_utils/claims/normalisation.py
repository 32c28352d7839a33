"""Claims on per-pixel standardised images (appendix A.3 of the thesis)."""

from dataclasses import replace

import numpy as np

from mbh_utils import datasets
from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, number, trend
from mbh_utils.claims.panels import FASHION, Panel, panel
from mbh_utils.claims.rules import FACTOR, Number, Trend
from mbh_utils.claims.specialization import grows_at_each_level

PART = Part("normalisation")

STANDARDISED = FASHION + datasets.STANDARDISED


def both(
    tables: Tables, column: str, domain: str = "square", *, models: int | None = None, **more
) -> tuple[Panel, Panel]:
    """The same column of trained networks on raw and on standardised images."""
    wanted = {"trained": True, "coverage": 0.8, "domain": domain, **more}
    raw = panel(tables["grid"], column, dataset=FASHION, models=models, **wanted)
    standardised = panel(tables["standardised"], column, dataset=STANDARDISED, **wanted)
    return raw, standardised


def _mean_difference(places: np.ndarray):
    """Statistic: standardised minus raw, mean over some set-ups."""

    def statistic(raw: np.ndarray, standardised: np.ndarray) -> np.ndarray:
        return (standardised - raw)[..., places].mean(axis=-1)

    return statistic


def _told_by_neurons(raw: Panel, standardised: Panel) -> str:
    """Standardised minus raw s by number of neurons."""
    neurons = raw.column("n_hidden")
    differences = standardised.means - raw.means
    told = ", ".join(f"{n}: {differences[neurons == n].mean():+.3f}" for n in np.unique(neurons))
    return f"s on standardised minus raw images by neurons: {told}."


@PART.claim(
    "NRM-1",
    "On standardised images s follows the same trend; pruned networks are less accurate, and small "
    "dense networks specialize more than on raw images.",
    "same trend; lower accuracy of pruned networks; more s of small dense ones",
    "trend",
    ("grid", "standardised"),
    "fig-a-2",
    {
        "rank correlation of s and N": Trend(),
        "accuracy of pruned set-ups in pp": Trend(side="below"),
        "s of set-ups with 16 and 46 neurons": Trend(),
    },
    domains=True,
)
def same_trend(tables: Tables, domain: str) -> dict[str, Evidence]:
    s = both(tables, "s", domain)
    accuracy = both(tables, "accuracy", domain, scale=100)
    pruned = np.nonzero(s[0].column("density") < 1)[0]
    small = np.nonzero(s[0].column("n_hidden") <= 46)[0]
    raw, standardised = (grows_at_each_level(one) for one in s)
    told = f"{standardised.remark} On raw images: {raw.value:+.2f} in the mean. {raw.remark}"
    return {
        # A level without the trend does not count against it: it has none on raw images, either.
        "rank correlation of s and N": replace(standardised, agrees=None, remark=told),
        "accuracy of pruned set-ups in pp": trend(_mean_difference(pruned), *accuracy),
        "s of set-ups with 16 and 46 neurons": trend(
            _mean_difference(small), *s, remark=_told_by_neurons(*s)
        ),
    }


#: The large sparse set-ups: 400 neurons, pruned.
LARGE_SPARSE = (2, 4, 7, 11)


def _surplus(raw: np.ndarray, standardised: np.ndarray) -> np.ndarray:
    """By how much more regions standardised images have, in percent."""
    return 100 * (standardised / raw - 1).mean(axis=-1)


@PART.claim(
    "NRM-2",
    "Large sparse networks make roughly 20 % more regions on standardised images.",
    "about 20 % more",
    "number",
    ("grid", "standardised"),
    "fig-a-3",
    Number(20, factor=FACTOR, null=0),
    unit="%",
    domains=True,
)
def more_regions(tables: Tables, domain: str) -> Evidence:
    models = int(tables["standardised"]["model"].nunique())
    raw, standardised = both(tables, "n_regions", domain, models=models, setup=LARGE_SPARSE)
    each = ", ".join(
        f"set-up {setup} {100 * (ratio - 1):+.0f} %"
        for setup, ratio in zip(raw.column("setup"), standardised.means / raw.means, strict=True)
    )
    return number(_surplus, raw, standardised, remark=f"By set-up: {each}.")
