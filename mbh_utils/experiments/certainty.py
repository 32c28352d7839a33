"""How sure a specialization is: where its variance comes from, and how many planes it takes."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.stats import t as student

from mbh_utils.computing import require
from mbh_utils.computing.intervals import half_widths
from mbh_utils.errors import MBHError
from mbh_utils.experiments.resampling import resampled_means

#: What s varies over, as axes of an array: set-up, model, plane, class.
_AXES = ("setup", "model", "plane", "class")
#: Component -> the axes that it varies over. Models are networks of one set-up.
COMPONENTS: dict[str, tuple[int, ...]] = {
    "set-up": (0,),
    "model": (0, 1),
    "plane": (2,),
    "class": (3,),
    "plane × class": (2, 3),
    "set-up × plane": (0, 2),
    "set-up × class": (0, 3),
    "set-up × plane × class": (0, 2, 3),
    "model × plane": (0, 1, 2),
    "model × class": (0, 1, 3),
    "rest": (0, 1, 2, 3),
}
#: The most planes that are looked for.
_MOST_PLANES = 100_000


def variance_components(table: pd.DataFrame) -> pd.DataFrame:
    """How much of the variance of s comes from set-ups, models, planes, classes, and from pairs.

    Parameters
    ----------
    table : pandas.DataFrame
        Specializations at one c_P, with setup, model, plane, class and s: every network on every
        plane, every class. Columns dataset and domain, if there are any, tell groups apart, each of
        which is analysed by itself.

    Returns
    -------
    pandas.DataFrame
        One row per group x component: dataset and domain (as far as the table has them), component,
        variance, low and high (its 95 % interval), share (of the sum of all components, those below
        0 counted as 0).

    Raises
    ------
    MBHError
        For a table without these columns or with cells missing or double, and where there are fewer
        than two of set-ups, models, planes or classes.

    Notes
    -----
    Method of moments for a balanced design in which models are nested in set-ups, and planes and
    classes cross with everything: the mean squares of an analysis of variance, solved for the
    variances. An estimate can be below 0, where a component is small. "rest" is what differs
    between models for a single plane and class. Intervals: the jackknife over planes, over classes
    and over models (each left out in turn), whose variances are added.

    The thesis has no such analysis.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> axes = [range(2), range(3), range(4), range(5)]
    >>> table = pd.MultiIndex.from_product(axes, names=["setup", "model", "plane", "class"])
    >>> table = table.to_frame(index=False).assign(s=lambda rows: rows["plane"] / 10)
    >>> found = experiments.variance_components(table).set_index("component")
    >>> bool(np.isclose(found["variance"]["plane"], np.var([0, 0.1, 0.2, 0.3], ddof=1)))
    True
    >>> float(found["share"]["plane"].round(6))
    1.0
    """
    _check(table, (*_AXES, "s"))
    rows = []
    for facts, group in _groups(table):
        values = _array(group)
        found = _components(values)
        spread = np.sqrt(_jackknife_variance(values))
        reach = student.ppf(0.975, min(n for n in values.shape[1:]) - 1) * spread
        total = np.maximum(found, 0).sum()
        for i, name in enumerate(COMPONENTS):
            share = max(found[i], 0) / total if total > 0 else np.nan
            low, high = found[i] - reach[i], found[i] + reach[i]
            measured = {"variance": found[i], "low": low, "high": high, "share": share}
            rows.append({**facts, "component": name, **measured})
    return pd.DataFrame(rows)


def _check(table: pd.DataFrame, columns: Iterable[str]) -> None:
    what = "a table of specializations, as experiments.table makes it"
    require.kind_of("table", table, pd.DataFrame, what)
    for name in columns:
        if name not in table:
            raise MBHError(f"table has no column {name}; expected {what}")
    if not len(table):
        raise MBHError("table has no row")


def _groups(table: pd.DataFrame) -> list[tuple[dict, pd.DataFrame]]:
    """The rows of each data set and domain, as far as the table tells them apart."""
    keys = [name for name in ("dataset", "domain") if name in table]
    if not keys:
        return [({}, table)]
    found = []
    for values, rows in table.groupby(keys, sort=False):
        found.append((dict(zip(keys, values, strict=True)), rows))
    return found


def _array(table: pd.DataFrame, axes: tuple[str, ...] = _AXES) -> np.ndarray:
    """s as an array with these axes. Raises MBHError where it is not measured in every cell."""
    ordered = table.sort_values(list(axes))
    shape = tuple(table[axis].nunique() for axis in axes)
    for axis, n in zip(axes, shape, strict=True):
        if n < 2:
            raise MBHError(f"table has one {axis} only; a variance needs two at least")
    index = pd.MultiIndex.from_frame(ordered[list(axes)])
    if len(ordered) != np.prod(shape) or index.has_duplicates:
        counts = " x ".join(f"{n} of {axis}" for axis, n in zip(axes, shape, strict=True))
        raise MBHError(
            f"table has {len(ordered):,} rows for {counts}: it needs one row for each of them, at "
            "one c_P and in one domain"
        )
    return ordered["s"].to_numpy(float).reshape(shape)


def _components(values: np.ndarray) -> np.ndarray:
    """The variances of ``COMPONENTS``, from an array set-up x model x plane x class."""
    every = set(range(values.ndim))
    grand = values.mean()
    effects: dict[tuple[int, ...], np.ndarray] = {}
    freedom: dict[tuple[int, ...], int] = {}
    by_size = sorted(COMPONENTS.values(), key=len)
    for axes in by_size:
        inside = [other for other in effects if set(other) < set(axes)]
        others = tuple(every - set(axes))
        means = values.mean(axis=others, keepdims=True) if others else values
        effects[axes] = means - grand - sum(effects[other] for other in inside)
        levels = int(np.prod([values.shape[axis] for axis in axes]))
        freedom[axes] = levels - 1 - sum(freedom[other] for other in inside)
    found: dict[tuple[int, ...], float] = {}
    for axes in reversed(by_size):
        cells = {other: values.size / _levels(values, other) for other in (axes, *found)}
        square = cells[axes] * float((effects[axes] ** 2).sum()) / freedom[axes]
        above = sum(cells[other] * found[other] for other in found if set(axes) < set(other))
        found[axes] = (square - above) / cells[axes]
    return np.array([found[axes] for axes in COMPONENTS.values()])


def _levels(values: np.ndarray, axes: tuple[int, ...]) -> int:
    return int(np.prod([values.shape[axis] for axis in axes]))


def _jackknife_variance(values: np.ndarray) -> np.ndarray:
    """Variance of each component: of the jackknife over models, planes and classes, added."""
    total = np.zeros(len(COMPONENTS))
    for axis in (1, 2, 3):
        n = values.shape[axis]
        if n < 3:
            return np.full(len(COMPONENTS), np.nan)
        without = np.array([_components(np.delete(values, i, axis)) for i in range(n)])
        total += (n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return total


# ------------------------------------------------------------------------------------ planes needed


def planes_needed(table: pd.DataFrame, half_width: float = 0.01) -> pd.DataFrame:
    """How many planes tell s to within a half-width: of one network, and of a difference.

    Parameters
    ----------
    table : pandas.DataFrame
        Specializations at one c_P, with setup, model, plane and s: the mean over classes of every
        network on every plane. Columns dataset and domain, if there are any, tell groups apart.
    half_width : float, default 0.01
        Half the width of the 95 % interval that is wanted.

    Returns
    -------
    pandas.DataFrame
        One row per network and per pair of set-ups, in each group: dataset and domain (as far as
        the table has them), what ("network" or "difference"), setup, other and model (-1 where
        there is none; a difference is one of means over models), spread (standard deviation over
        planes), at_ten (the half-width that ten planes give) and planes (how many are needed, at
        most 100,000).

    Raises
    ------
    MBHError
        For a table without these columns or with cells missing or double, and for a half-width that
        is not above 0.

    Notes
    -----
    The interval is Student's, t sd / sqrt(n), for the mean over planes that are drawn as these
    were; it says nothing of other models. Two set-ups are measured on the same planes, so that what
    all networks share of a plane cancels out of their difference.

    The thesis measures on ten planes (section 5.2).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> s = {(1, 0): [0.1, 0.2, 0.3], (1, 1): [0.2, 0.3, 0.4], (2, 0): [0.5, 0.6, 0.7]}
    >>> s[2, 1] = [0.4, 0.5, 0.6]
    >>> rows = [(*key, i, x) for key, values in s.items() for i, x in enumerate(values)]
    >>> table = pd.DataFrame(rows, columns=["setup", "model", "plane", "s"])
    >>> found = experiments.planes_needed(table)
    >>> found[["what", "setup", "other", "model", "planes"]].values.tolist()[3:]
    [['network', 2, -1, 1, 387], ['difference', 1, 2, -1, 2]]
    """
    what = "a finite number above 0"
    half_width = require.number("half_width", half_width, what, lambda x: 0 < x < np.inf)
    _check(table, ("setup", "model", "plane", "s"))
    rows = []
    for facts, group in _groups(table):
        values = _array(group, ("setup", "model", "plane"))
        setups = np.sort(group["setup"].unique()).tolist()
        models = np.sort(group["model"].unique()).tolist()
        for i, setup in enumerate(setups):
            for k, model in enumerate(models):
                place = {"what": "network", "setup": setup, "other": -1, "model": model}
                rows.append({**facts, **place, **_needed(values[i, k], half_width)})
        of_setups = values.mean(axis=1)
        for i, setup in enumerate(setups):
            for j in range(i + 1, len(setups)):
                place = {"what": "difference", "setup": setup, "other": setups[j], "model": -1}
                apart = of_setups[i] - of_setups[j]
                rows.append({**facts, **place, **_needed(apart, half_width)})
    return pd.DataFrame(rows)


def _needed(values: np.ndarray, half_width: float) -> dict:
    spread = float(values.std(ddof=1))
    if spread < 1e-12:  # rounding
        spread = 0.0
    return {
        "spread": spread,
        "at_ten": float(half_widths(spread, np.array([10]))[0]),
        "planes": planes_for(spread, half_width),
    }


def planes_for(spread: float, half_width: float) -> int:
    """The fewest planes, from 2 on, whose interval is no wider.

    Examples
    --------
    >>> planes_for(0.1, 0.01), planes_for(0.0, 0.01)
    (387, 2)
    """
    low, high = 2, _MOST_PLANES
    while low < high:
        middle = (low + high) // 2
        if half_widths(spread, np.array([middle]))[0] <= half_width:
            high = middle
        else:
            low = middle + 1
    return low


# ------------------------------------------------------------------------------------------ ranking


def ranking(table: pd.DataFrame, *, resamples: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """Which rank each set-up has by its s, and how far that moves with planes and models.

    Parameters
    ----------
    table : pandas.DataFrame
        Specializations at one c_P, with setup, model, plane and s: the mean over classes of every
        network on every plane. Columns dataset and domain, if there are any, tell groups apart.
    resamples : int, default 2000
        Of the bootstrap: planes are drawn together for all networks, models for each set-up alone.
    seed : int, default 0
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        One row per group x set-up: dataset and domain (as far as the table has them), setup, s (its
        mean), rank (1 has the highest s), low and high (the 95 % interval of its rank), and
        above_next (the share of resamples in which it is above the set-up that follows it by rank;
        NaN for the last one).

    Raises
    ------
    MBHError
        For a table without these columns or with cells missing or double.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> values = [(1, 0.9), (2, 0.1), (3, 0.5)]
    >>> rows = [(setup, m, p, s) for setup, s in values for m in range(2) for p in range(3)]
    >>> table = pd.DataFrame(rows, columns=["setup", "model", "plane", "s"])
    >>> experiments.ranking(table)[["setup", "rank", "low", "high"]].values.tolist()
    [[1, 1, 1, 1], [2, 3, 3, 3], [3, 2, 2, 2]]
    """
    resamples = require.whole("resamples", resamples, 1, 100_000)
    _check(table, ("setup", "model", "plane", "s"))
    rows = []
    for facts, group in _groups(table):
        values = _array(group, ("setup", "model", "plane"))
        setups = np.sort(group["setup"].unique())
        means = values.mean(axis=(1, 2))
        drawn = resampled_means(values, resamples, seed)
        rank = _ranks(means[None])[0]
        ranks = _ranks(drawn)
        low, high = np.quantile(ranks, (0.025, 0.975), axis=0, method="inverted_cdf")
        order = np.argsort(rank)
        above = np.full(len(setups), np.nan)
        above[order[:-1]] = (drawn[:, order[:-1]] > drawn[:, order[1:]]).mean(axis=0)
        for i, setup in enumerate(setups):
            found = {"s": means[i], "rank": rank[i], "low": low[i], "high": high[i]}
            rows.append({**facts, "setup": int(setup), **found, "above_next": above[i]})
    return pd.DataFrame(rows)


def _ranks(means: np.ndarray) -> np.ndarray:
    """1 for the highest of each row."""
    order = np.argsort(-means, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, means.shape[1] + 1)[None], axis=1)
    return ranks
