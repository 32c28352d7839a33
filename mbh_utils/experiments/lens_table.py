"""All lenses on the same networks: one table, a row per trained network of the main experiments.

It is joined from the tables of the single lenses, and computes nothing itself.
"""

import numpy as np
import pandas as pd

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.experiments.correlations import FEWEST
from mbh_utils.experiments.evolution_measures import network_summaries
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import NETWORK_COLUMNS
from mbh_utils.experiments.specializations import per_network

#: The experiments whose tables are joined.
PARTS = (
    "grid",
    "insiders",
    "clusterability",
    "importance",
    "partitions",
    "sibling_distances",
    "activation_patterns_of_networks",
    "settling",
)
#: c_P of specialization, of those inside, and of patterns beside clusters.
COVERAGE = 0.8
#: Agreement with the end (kappa) from which a layer counts as settled.
SETTLED = 0.5
#: What one network is found by in every table.
_KEYS = ["dataset", "family", "setup", "model"]

#: Measures of the table -> what a figure calls them, in its order.
MEASURES_OF_LENSES = {
    "accuracy": "accuracy",
    "s_square": "s (square)",
    "s_box": "s (box)",
    "others": "others inside",
    "n_regions": "activation regions",
    "ncut_z": "n-cut z (all shuffled)",
    "ncut_z_mask": "n-cut z (mask kept)",
    "importance": "importance of clusters",
    "class_range": "class range of clusters",
    "nnstd_over_null": "NNSTD / null",
    "relative_entropy": "H / H max (groups of 8)",
    "information": "I(A; Y) (groups of 8)",
    "settled": "iteration settled",
    "oui": "OUI",
    "oui_within": "OUI within classes",
}


def lens_measures(table: pd.DataFrame) -> dict[str, str]:
    """The measures of a table of all lenses that differ between networks, and their names.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment lenses.

    Returns
    -------
    dict of str to str
        Column -> what a figure calls it, in the order of a figure.

    Raises
    ------
    MBHError
        For a table without these columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> lenses = pd.read_parquet(experiments.results_file("lenses", "paper"))
    >>> list(experiments.lens_measures(lenses))[:3]
    ['accuracy', 's_square', 's_box']
    """
    what = "the table of experiment lenses"
    require.kind_of("table", table, pd.DataFrame, what)
    for column in MEASURES_OF_LENSES:
        if column not in table:
            raise MBHError(f"table has no column {column}; expected {what}")
    there = {column: table[column].dropna() for column in MEASURES_OF_LENSES}
    return {
        column: name
        for column, name in MEASURES_OF_LENSES.items()
        if len(there[column]) >= FEWEST and there[column].nunique() > 1
    }


def lens_rows(profile: Profile, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What every lens sees of each trained network.

    Columns: those of networks; those of ``MEASURES_OF_LENSES``; and beside them constraints
    (neurons of the maximal patterns), left_out (nodes that clustering left out), ncut_p,
    ncut_p_mask, sub_clusters (that could be tested), ari (of clusters of weights and of
    activations), distinct_share (of patterns of the last hidden layer; above one half its
    information says nothing).
    """
    square = _specialization(tables["grid"], "square")
    rows = square.rename(columns={"s": "s_square", "n_constraints": "constraints"})
    box = _specialization(tables["grid"], "box")[[*_KEYS, "s"]].rename(columns={"s": "s_box"})
    parts = [
        box,
        _others_inside(tables["insiders"]),
        clusterability_of(tables["clusterability"]),
        importance_of(tables["importance"]),
        _agreement(tables["partitions"]),
        patterns_of(tables["activation_patterns_of_networks"]),
        _settled(tables["settling"]),
    ]
    for part in parts:
        rows = rows.merge(part, on=_KEYS, how="left", validate="one_to_one")
    wiring = nnstd_of(tables["sibling_distances"])
    rows = rows.merge(wiring, on=["family", "setup", "model"], how="left", validate="many_to_one")
    others = [name for name in rows if name not in (*NETWORK_COLUMNS, *MEASURES_OF_LENSES)]
    return rows[[*NETWORK_COLUMNS, *MEASURES_OF_LENSES, *others]]


def _specialization(grid: pd.DataFrame, domain: str) -> pd.DataFrame:
    found = per_network(grid[grid["trained"]], COVERAGE, domain)
    return found[[*NETWORK_COLUMNS, "accuracy", "s", "n_constraints", "n_regions"]]


def _trained(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["trained"]]


def _others_inside(insiders: pd.DataFrame) -> pd.DataFrame:
    there = _trained(insiders)
    there = there[np.isclose(there["coverage"], COVERAGE)]
    return there.groupby(_KEYS)["others"].mean().reset_index()


def clusterability_of(table: pd.DataFrame) -> pd.DataFrame:
    """z and p of the graph of weights against both kinds of shuffled copies."""
    there = _trained(table)
    there = there[there["graph"] == "weights"]
    names = {"layer": "", "layer_nonzero": "_mask"}
    wide = there.pivot_table(index=_KEYS, columns="shuffle", values=["z", "p"])
    found = {
        f"ncut_{name}{end}": wide[name][shuffle]
        for name in ("z", "p")
        for shuffle, end in names.items()
        if shuffle in wide.get(name, ())
    }
    left_out = there.groupby(_KEYS)["left_out"].first()
    return pd.DataFrame({**found, "left_out": left_out}).reset_index()


def importance_of(table: pd.DataFrame) -> pd.DataFrame:
    """Mean effects beyond chance over the sub-clusters of weights, dead ends left out."""
    there = _trained(table)
    there = there[(there["graph"] == "weights") & ~there["dead_ends"].astype(bool)]
    there = there.assign(
        importance=there["effect_importance"] - there["chance_importance"],
        class_range=there["effect_range"] - there["chance_range"],
    )
    groups = there.groupby(_KEYS, as_index=False)
    return groups.agg(
        importance=("importance", "mean"),
        class_range=("class_range", "mean"),
        sub_clusters=("importance", "size"),
    )


def _agreement(partitions: pd.DataFrame) -> pd.DataFrame:
    there = partitions[np.isclose(partitions["coverage"], COVERAGE)]
    return there.groupby(_KEYS)["ari"].first().reset_index()


def patterns_of(table: pd.DataFrame) -> pd.DataFrame:
    found = network_summaries(_trained(table))
    names = {
        "block_relative_entropy": "relative_entropy",
        "last_block_information": "information",
        "last_distinct_share": "distinct_share",
    }
    return found.rename(columns=names)[[*_KEYS, *names.values(), "oui", "oui_within"]]


def _settled(settling: pd.DataFrame) -> pd.DataFrame:
    """The iteration at which the last layer to settle has settled, on validation images."""
    there = settling[np.isclose(settling["threshold"], SETTLED)]
    there = there[there["source"] == "validation"]
    last = there.groupby(_KEYS)["tau"].agg(lambda tau: tau.max(skipna=False))
    return last.rename("settled").reset_index()


def nnstd_of(distances: pd.DataFrame) -> pd.DataFrame:
    """Mean distance of a network's mask to those of its siblings, over that of random masks.

    A pair is measured once and counts for both. NaN for dense networks, whose masks are equal.
    """
    pairs = distances.groupby([*_KEYS, "other"], as_index=False)[["matched", "null"]].mean()
    turned = pairs.rename(columns={"model": "other", "other": "model"})
    both = pd.concat([pairs, turned], ignore_index=True)
    means = both.groupby(["family", "setup", "model"], as_index=False)[["matched", "null"]].mean()
    ratio = means["matched"] / means["null"].where(means["null"] > 0)
    return means[["family", "setup", "model"]].assign(nnstd_over_null=ratio)
