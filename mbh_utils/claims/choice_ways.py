"""Ways to compare networks of unequal width, and how each says that specialization grows with N.

Every way to make the choice of neurons equal is held to one test: before training it must find no
growth with N, since networks that learned nothing differ in nothing but how many neurons they have.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import Tables
from mbh_utils.claims.comparisons import Statistic, levels, mean_of
from mbh_utils.claims.evidence import Evidence, trend
from mbh_utils.claims.panels import Panel, panel, rows
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing import require
from mbh_utils.computing.statistics import slope
from mbh_utils.errors import MBHError

#: The experiments whose tables are compared.
CHOICE_TABLES = ("choice", "choice_pools", "choice_few")


# ------------------------------------------------------------------------------ ways to be compared


def _itself(s: np.ndarray) -> np.ndarray:
    return s


def beyond_chance(s: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """How much of what random images leave is left out for a class: 0 for no more, 1 for all."""
    return (s - chance) / (1 - chance)


def outside(others: np.ndarray) -> np.ndarray:
    """The share of the other classes' images that is outside of the blanket."""
    return 1 - others


class Way(NamedTuple):
    """A way to compare networks of unequal width."""

    name: str  # with the number of candidates in place of {}
    table: str
    method: str
    scope: str
    is_equal: bool  # whether every network may choose from equally many neurons
    columns: tuple[str, ...]
    value: Callable[..., np.ndarray]


_S = (("s",), _itself)
_CHANCE = (("s", "s_chance"), beyond_chance)
_OUTSIDE = (("others",), outside)
#: All ways, from the thesis's own on.
WAYS = {
    "all": Way("s: all neurons", "choice", "random", "last", False, *_S),
    "all, chance": Way(
        "s beyond random images: all neurons", "choice", "random", "last", False, *_CHANCE
    ),
    "all, outside": Way(
        "others kept outside: all neurons", "choice", "random", "last", False, *_OUTSIDE
    ),
    "best": Way("s: best {} neurons of all", "choice_few", "best", "last", False, *_S),
    "first": Way("s: {} most agreed on of all", "choice_few", "first", "last", False, *_S),
    "random": Way("s: {} random candidates", "choice", "random", "last", True, *_S),
    "varying": Way("s: {} random ones that vary", "choice_pools", "varying", "last", True, *_S),
    "layers": Way("s: {} random ones of all layers", "choice_pools", "random", "all", True, *_S),
    "random, chance": Way(
        "s beyond random images: {} candidates", "choice", "random", "last", True, *_CHANCE
    ),
    "random, outside": Way(
        "others kept outside: {} candidates", "choice", "random", "last", True, *_OUTSIDE
    ),
}


def _of_way(tables: Tables, way: Way, **wanted) -> pd.DataFrame:
    """The rows of a way: with all neurons, or with as many as the narrowest network has."""
    table = rows(tables[way.table], method=way.method, scope=way.scope, **wanted)
    widest = table.groupby("hidden")["candidates"].transform("max")
    if "{}" not in way.name:
        return table[table["candidates"] == widest]
    return rows(table, candidates=int(widest.min()))


def panels_of(tables: Tables, way: Way, **wanted) -> list[Panel]:
    table = _of_way(tables, way, **wanted)
    return [panel(table, column) for column in way.columns]


def over_neurons(panel: Panel) -> Statistic:
    """Change per tenfold N among networks of equal parameters, the mean over all such levels."""
    log_n = np.log10(panel.column("n_hidden"))
    found = levels(panel)
    if not found:
        raise Unjudgeable("no two set-ups have equally many parameters")
    return mean_of([slope_at(log_n[places], places) for places in found.values()])


def slope_at(x: np.ndarray, places: np.ndarray) -> Statistic:
    return lambda means: slope(x, means[..., places])


def growth(tables: Tables, way: Way, **wanted) -> Evidence:
    """Change of a way's value per tenfold N, at equal parameters."""
    panels = panels_of(tables, way, **wanted)
    statistic = over_neurons(panels[0])
    return trend(lambda *means: statistic(way.value(*means)), *panels)


def gained_growth(tables: Tables, way: Way, **wanted) -> Evidence:
    """The same of what training adds: trained networks less the same before training."""
    before = panels_of(tables, way, trained=False, **wanted)
    after = panels_of(tables, way, trained=True, **wanted)
    statistic = over_neurons(after[0])
    n = len(before)

    def gain(*means: np.ndarray) -> np.ndarray:
        return statistic(way.value(*means[n:])) - statistic(way.value(*means[:n]))

    return trend(gain, *before, *after)


def choice_slopes(
    choice: pd.DataFrame,
    pools: pd.DataFrame,
    few: pd.DataFrame,
    *,
    domain: str = "square",
    coverage: float = 0.8,
) -> pd.DataFrame:
    """How specialization grows with N at equal parameters, by every way to compare networks.

    Parameters
    ----------
    choice, pools, few : pandas.DataFrame
        The tables of the experiments choice, choice_pools and choice_few.
    domain : {"square", "box"}, default "square"
        The finite part of the planes.
    coverage : float, default 0.8
        The minimum coverage c_P.

    Returns
    -------
    pandas.DataFrame
        One row per way x data set x when. Columns: way, what it is called; is_equal, whether every
        network may choose from equally many neurons; dataset; when: "before" training, "after" it,
        or "gain", the difference; slope: change per tenfold number of hidden neurons among networks
        of equal HNPs, the mean over all levels; low and high: 95 % bootstrap interval over models
        and planes.

    Raises
    ------
    MBHError
        For tables of something else, and for a domain or c_P that was not measured.

    Notes
    -----
    A comparison of our own, after chapter 8.

    Examples
    --------
    In a chapter, where the tables are::

        tables = [experiments.table(name, profile) for name in claims.CHOICE_TABLES]
        claims.choice_slopes(*tables).query("when == 'before'")
    """
    require.choice("domain", domain, ("square", "box"))
    share = "a share in (0, 1]"
    coverage = require.number("coverage", coverage, share, lambda c: 0 < c <= 1)
    tables: dict[str, pd.DataFrame] = dict(zip(CHOICE_TABLES, (choice, pools, few), strict=True))
    for name, argument in zip(CHOICE_TABLES, ("choice", "pools", "few"), strict=True):
        what = f"the table of the experiment {name}"
        require.kind_of(argument, tables[name], pd.DataFrame, what)
        if missing := {"method", "candidates", "s_chance", "dataset"} - set(tables[name]):
            raise MBHError(f"{argument} has no column {min(missing)}; expected {what}")
    try:
        return _slopes(tables, domain, coverage)
    except Unjudgeable as error:
        raise MBHError(f"the choice of neurons cannot be compared: {error}") from error


def _slopes(tables: Tables, domain: str, coverage: float) -> pd.DataFrame:
    found = []
    for dataset in tables["choice"]["dataset"].unique():
        wanted = {"dataset": dataset, "domain": domain, "coverage": coverage}
        for way in WAYS.values():
            size = _of_way(tables, way, **wanted)["candidates"].min()
            evidence = {
                "before": growth(tables, way, trained=False, **wanted),
                "after": growth(tables, way, trained=True, **wanted),
                "gain": gained_growth(tables, way, **wanted),
            }
            for when, one in evidence.items():
                low, high = np.percentile(one.samples, (2.5, 97.5))
                name = way.name.format(size)
                found.append((name, way.is_equal, dataset, when, one.value, low, high))
    columns = ["way", "is_equal", "dataset", "when", "slope", "low", "high"]
    return pd.DataFrame(found, columns=columns)
