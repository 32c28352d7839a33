"""How measures of the same networks go together: rank correlations over networks, with intervals.

The networks of a set-up differ by their seed only. A resample draws models within each set-up, so
that all set-ups stay as often as they were planned.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError

#: The smallest number of networks whose ranks tell anything.
FEWEST = 5


def associations(
    table: pd.DataFrame,
    columns: Sequence[str],
    *,
    partial: str | None = None,
    within: str | None = None,
    resamples: int = 1_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Spearman's rank correlation of every pair of columns, over networks.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, with the columns setup and those named; a dataset column, if there is
        one, tells set-ups apart too.
    columns : sequence of str
        What is correlated; networks in which one of a pair is missing are left out for that pair.
    partial : str, optional
        A column that is held fixed, such as "n_hidden": what its ranks explain linearly of the
        ranks of both is taken away first.
    within : str, optional
        A column, such as "dataset", within whose groups the networks are ranked. Without it, two
        data sets of unequal accuracy add a correlation of their own.
    resamples : int, default 1000
        Of the bootstrap that gives the intervals.
    seed : int, default 0
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        One row per pair: x, y, rho, low, high (the 95 % interval) and networks. rho is NaN where
        fewer than five networks have both, or one of the two does not vary.

    Raises
    ------
    MBHError
        For a column that the table has not, and for fewer than two columns.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"setup": range(6), "s": [1, 2, 3, 4, 5, 6], "accuracy": [6, 5, 4, 3, 2, 1]}
    >>> associations(pd.DataFrame(rows), ["s", "accuracy"])[["x", "y", "rho", "networks"]]
       x         y  rho  networks
    0  s  accuracy -1.0         6
    """
    require.kind_of("table", table, pd.DataFrame, "a table with one row per network")
    columns = require.listed("columns", columns, "names of columns")
    if len(columns) < 2:
        raise MBHError(f"columns has {len(columns)} names; a correlation needs at least two")
    fixed = [] if partial is None else [partial]
    blocks = [] if within is None else [within]
    needed = {"table": ["setup"], "columns": columns, "partial": fixed, "within": blocks}
    for argument, names in needed.items():
        for name in names:
            _check_column(argument, name, table)
    if not len(table):
        raise MBHError("table has no row: there is no network in it")
    resamples = require.whole("resamples", resamples, 1, 100_000)
    rng = stream(seed, "bootstrap")
    rows = []
    for x, y in itertools.combinations(columns, 2):
        there = table.dropna(subset=[x, y, *fixed, *blocks])
        sizes = None
        if within is not None:
            there = there.sort_values(within, kind="stable")
            sizes = there.groupby(within).size().tolist()
        values = there[[x, y, *fixed]].to_numpy(float)
        found = _interval(values, _groups(there, blocks), sizes, resamples, rng)
        rows.append({"x": x, "y": y, **found})
    return pd.DataFrame(rows)


def _check_column(argument: str, name, table: pd.DataFrame) -> None:
    if not isinstance(name, str) or name not in table:
        raise MBHError(f"{argument}: table has no column {require.shown(name)}")


def _groups(table: pd.DataFrame, blocks: list[str]) -> list[np.ndarray]:
    """Places of the rows of each set-up of each data set, those of one block side by side."""
    keys = [name for name in ("dataset", "setup") if name in table]
    keys = [*blocks, *(name for name in keys if name not in blocks)]
    grouped = table.groupby(keys, sort=False).indices.values()
    return sorted((np.asarray(rows) for rows in grouped), key=lambda rows: rows.min())


def _interval(
    values: np.ndarray,
    groups: list[np.ndarray],
    sizes: list[int] | None,
    resamples: int,
    rng,
) -> dict:
    """The correlation of the first two columns given the others, and its bootstrap interval."""
    n = len(values)
    if n < FEWEST:
        return {"rho": np.nan, "low": np.nan, "high": np.nan, "networks": n}
    drawn = [group[rng.integers(len(group), size=(resamples, len(group)))] for group in groups]
    found = rank_correlation(values[np.concatenate(drawn, axis=1)], sizes)
    low, high = np.nan, np.nan
    if not np.isnan(found).all():
        low, high = np.nanquantile(found, (0.025, 0.975))
    return {"rho": rank_correlation(values, sizes), "low": low, "high": high, "networks": n}


def rank_correlation(values: np.ndarray, sizes: Sequence[int] | None = None) -> np.ndarray:
    """Spearman's correlation of the first two columns; of further ones the ranks are held fixed.

    values: (..., n, at least 2), a table each. NaN where one of the two does not vary.
    sizes: how many rows each block has that is ranked by itself, first to last; all n by default.

    Examples
    --------
    >>> rank_correlation(np.array([[1, 10], [2, 30], [3, 20], [4, 40]])).round(1)
    np.float64(0.8)
    """
    ends = np.cumsum(sizes or [values.shape[-2]])[:-1]
    blocks = [rankdata(block, axis=-2) for block in np.split(values, ends, axis=-2)]
    centred = [block - block.mean(axis=-2, keepdims=True) for block in blocks]
    ranks = np.concatenate(centred, axis=-2)
    both = ranks[..., :2]
    if values.shape[-1] > 2:
        fixed = ranks[..., 2:]
        both = both - fixed @ (np.linalg.pinv(fixed) @ both)
    spread = np.sqrt((both**2).sum(axis=-2))
    varies = (spread >= 1e-9 * values.shape[-2]).all(axis=-1)
    product = np.where(varies, spread.prod(axis=-1), np.nan)
    return (both[..., 0] * both[..., 1]).sum(axis=-1) / product
