"""Claims on the specialization s of trained networks (section 6.2.2 of the thesis)."""

import numpy as np

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, trend
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel
from mbh_utils.claims.rules import Trend
from mbh_utils.claims.statistics import spearman

PART = Part("specialization")


def s_panel(tables: Tables, dataset: str, domain: str, coverage: float = 0.8, **more) -> Panel:
    """The specializations of the trained networks of the grid."""
    wanted = {"dataset": dataset, "trained": True, "domain": domain, "coverage": coverage}
    return panel(tables["grid"], "s", **wanted, **more)


def smallest_rank_correlation(grid: Panel):
    """Statistic: Spearman's correlation with N at each level of parameters; the smallest one."""
    levels = grid.column("parameters")
    n_hidden = grid.column("n_hidden")
    groups = [np.nonzero(levels == level)[0] for level in np.unique(levels)]
    groups = [places for places in groups if len(places) > 1]

    def statistic(means: np.ndarray) -> np.ndarray:
        each = [spearman(n_hidden[places], means[..., places]) for places in groups]
        return np.min(each, axis=0)

    return statistic


@PART.claim(
    "S-3",
    "At an equal number of hidden parameters, specialization grows with the number of neurons.",
    "s grows with N, on both data sets",
    "trend",
    ("grid",),
    "fig-6-3",
    Trend(),
    domains=True,
)
def grows_with_neurons(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        grid = s_panel(tables, dataset, domain)
        parts[TITLES[dataset]] = trend(smallest_rank_correlation(grid), grid)
    return parts
