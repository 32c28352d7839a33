"""The tests of sub-clusters pooled: for each network, and for the networks of each set-up."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters.permutation import bates, discoveries, fisher, rank_chi2

#: The tests, by the names that their columns have behind ``p_`` and ``effect_``.
TESTS = ("importance", "range", "std", "score", "entropy", "dispersion", "class_score")
#: Of these, the four of Hod et al.
THEIR_TESTS = ("importance", "range", "score", "entropy")


def network_tests(
    table: pd.DataFrame, by: Sequence[str], tests: Sequence[str] | None = None
) -> pd.DataFrame:
    """What the sub-clusters of each network say together, one row for each network and test.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per sub-cluster, with columns ``by``, draws, and ``p_`` and ``effect_`` of each
        test: what :func:`importance` and :func:`coherence` give, with mid-p values.
    by : sequence of str
        The columns that tell networks apart, such as setup and model.
    tests : sequence of str, optional
        Names of tests, such as "importance"; by default all that the table has.

    Returns
    -------
    pandas.DataFrame
        Columns ``by``, test, sub_clusters (how many were tested), fisher_p, fisher_statistic (mean
        of -ln p: 1 without an effect), rank_p, effect (its mean) and chance (what that is without
        a difference: 1, or the mean of ``chance_`` where the table has it). Networks without a
        tested sub-cluster have NaN.

    Raises
    ------
    MBHError
        For columns that are not there.

    Notes
    -----
    Sub-clusters of one network are not independent, so that Fisher's p is approximate
    (``lenses.clusters.CAVEAT``).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import lenses
    >>> table = pd.DataFrame({"model": [0, 0, 1], "draws": 19, "p_importance": [0.025, 0.075, 0.5]})
    >>> table["effect_importance"] = [1.5, 1.4, 1.0]
    >>> found = lenses.clusters.network_tests(table, ["model"])
    >>> found[["model", "test", "sub_clusters", "effect"]].values.tolist()
    [[0, 'importance', 2, 1.45], [1, 'importance', 1, 1.0]]
    """
    names = _checked(table, by, ["draws"])
    rows = []
    for key, here in table.groupby(names, sort=False, dropna=False):
        for test in _tests_of(table, tests):
            rows.append({**dict(zip(names, key, strict=True)), **_of_network(here, test)})
    columns = [*names, "test", "sub_clusters", "fisher_p", "fisher_statistic", "rank_p", "effect"]
    columns.append("chance")
    return pd.DataFrame(rows, columns=columns)


def _of_network(here: pd.DataFrame, test: str) -> dict:
    p = here[f"p_{test}"].to_numpy(float)
    there = ~np.isnan(p)
    pooled = fisher(p)
    ranked = rank_chi2(p, int(here["draws"].max()))
    effects = here[f"effect_{test}"].to_numpy(float)[there]
    chance = here[f"chance_{test}"].to_numpy(float)[there] if f"chance_{test}" in here else 1.0
    return {
        "test": test,
        "sub_clusters": pooled.n,
        "fisher_p": pooled.p,
        "fisher_statistic": pooled.statistic,
        "rank_p": ranked.p,
        "effect": float(np.nanmean(effects)) if there.any() else np.nan,
        "chance": float(np.nanmean(chance)) if there.any() else np.nan,
    }


def pooled_tests(networks: pd.DataFrame, by: Sequence[str], rate: float = 0.05) -> pd.DataFrame:
    """What the networks of each set-up say together, one row for each set-up and test.

    Parameters
    ----------
    networks : pandas.DataFrame
        What :func:`network_tests` made.
    by : sequence of str
        The columns that tell set-ups apart, without that of the model.
    rate : float, default 0.05
        The accepted share of false discoveries.

    Returns
    -------
    pandas.DataFrame
        Columns ``by``, test, networks (how many have the test), mean_fisher_p, p (their mean among
        that of uniform numbers, see :func:`bates`), effect, effect_error (standard error of the
        mean effect; NaN for one network), discovery (Benjamini and Hochberg over the whole table).

    Raises
    ------
    MBHError
        For columns that are not there.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import lenses
    >>> networks = pd.DataFrame({"setup": 1, "test": "importance", "fisher_p": [0.02, 0.08]})
    >>> networks = networks.assign(effect=[1.2, 1.4])
    >>> found = lenses.clusters.pooled_tests(networks, ["setup"])
    >>> found.round(4).values.tolist()
    [[1, 'importance', 2, 0.05, 0.005, 1.3, 0.1, True]]
    """
    names = _checked(networks, by, ["test", "fisher_p", "effect"])
    rows = []
    for key, here in networks.groupby([*names, "test"], sort=False, dropna=False):
        found = here[~here["fisher_p"].isna()]
        n = len(found)
        mean = float(found["fisher_p"].mean()) if n else np.nan
        error = found["effect"].std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        row = dict(zip([*names, "test"], key, strict=True)) | {"networks": n}
        row |= {"mean_fisher_p": mean, "p": bates(mean, n) if n else np.nan}
        rows.append(row | {"effect": found["effect"].mean(), "effect_error": error})
    columns = ["networks", "mean_fisher_p", "p", "effect", "effect_error"]
    table = pd.DataFrame(rows, columns=[*names, "test", *columns])
    p = table["p"].to_numpy(float)
    return table.assign(discovery=discoveries(np.maximum(p, 1e-300), rate).found)


def _tests_of(table: pd.DataFrame, tests: Sequence[str] | None) -> list[str]:
    if tests is None:
        found = [test for test in TESTS if f"p_{test}" in table]
    else:
        found = require.listed("tests", tests, "names of tests")
    if not found:
        raise MBHError(f"table has the p-values of no test; it has {', '.join(table.columns)}")
    for test in found:
        if f"p_{test}" not in table or f"effect_{test}" not in table:
            raise MBHError(
                f"table has no test {require.shown(test)}, which are columns p_... and effect_...; "
                f"it has {', '.join(table.columns)}"
            )
    return found


def _checked(table: pd.DataFrame, by: Sequence[str], more: list[str]) -> list[str]:
    """The columns that tell apart, if the table has them and these."""
    require.kind_of("table", table, pd.DataFrame, "a pandas table")
    names = require.listed("by", by, "names of columns")
    if not names:
        raise MBHError("by names no column; expected those that tell networks apart")
    for name in [*names, *more]:
        if not isinstance(name, str) or name not in table:
            has = ", ".join(map(str, table.columns)) or "none"
            raise MBHError(f"by: the table has no column {require.shown(name)}; it has {has}")
    return names
