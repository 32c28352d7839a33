"""What the table of domains says: how specialization goes with accuracy, domain by domain."""

import numpy as np
import pandas as pd

from mbh_utils.computing import require
from mbh_utils.computing.statistics import spearman
from mbh_utils.experiments.baseline_tables import at_coverage
from mbh_utils.experiments.resampling import panel_of, resampled_means

#: Networks of at least so many neurons are told apart: among them accuracy differs less.
WIDE = 136
#: The smallest number of set-ups whose ranks tell anything.
FEWEST = 5


def domains_and_accuracy(
    table: pd.DataFrame, coverage: float = 0.8, *, resamples: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """Rank correlation of specialization and accuracy over set-ups, in each domain.

    Parameters
    ----------
    table : pandas.DataFrame
        Table of experiment domains; of its trained networks.
    coverage : float, default 0.8
        The minimum coverage c_P.
    resamples : int, default 2000
        Of the bootstrap: planes are drawn for all networks together, models for each set-up alone.
    seed : int, default 0
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        One row per data set, domain and group of set-ups: dataset, domain, margin, group ("all" or
        "wide", those of 136 hidden neurons or more), setups (how many), rho, low and high (the 95 %
        interval). A group of fewer than five set-ups is left out.

    Raises
    ------
    MBHError
        For a table without the columns, and a c_P that was not measured.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> row = {"dataset": "digits8", "domain": "box", "margin": None, "model": 0, "plane": 0}
    >>> row |= {"coverage": 0.8, "trained": True, "n_hidden": 16}
    >>> rows = [row | {"setup": i, "s": i / 10, "accuracy": i / 9} for i in range(6)]
    >>> found = experiments.domains_and_accuracy(pd.DataFrame(rows))
    >>> found[["domain", "group", "setups", "rho"]].to_numpy().tolist()
    [['box', 'all', 6, 1.0]]
    """
    columns = ["dataset", "setup", "n_hidden", "model", "plane", "s", "accuracy", "trained"]
    rows = at_coverage(table, coverage, columns)
    resamples = require.whole("resamples", resamples, 1, 100_000)
    require.whole("seed", seed, 0)
    rows = rows[rows["trained"]].astype({"margin": float})
    found = []
    keys = ["dataset", "domain", "margin"]
    for where, here in rows.groupby(keys, sort=False, dropna=False):
        for group, part in (("all", here), ("wide", here[here["n_hidden"] >= WIDE])):
            if (n := part["setup"].nunique()) >= FEWEST:
                told = {**dict(zip(keys, where, strict=True)), "group": group, "setups": n}
                found.append({**told, **_correlation(part, resamples, seed)})
    return pd.DataFrame(found)


def _correlation(rows: pd.DataFrame, resamples: int, seed: int) -> dict:
    """Spearman's correlation over set-ups of one domain, with its bootstrap interval."""
    s = panel_of(rows, "s")
    accuracy = panel_of(rows, "accuracy")
    drawn = [resampled_means(values, resamples, seed) for values in (s, accuracy)]
    low, high = np.percentile(spearman(*drawn), (2.5, 97.5))
    means = [values.mean(axis=(1, 2)) for values in (s, accuracy)]
    return {"rho": float(spearman(*means)), "low": low, "high": high}
