"""What the experiments measure of one network: one small table each (thesis, chapter 6, appendices D and E)."""

from contextlib import closing

import numpy as np
import pandas as pd

from mbh_utils import _given, pruning
from mbh_utils.errors import MBHError
from mbh_utils.mbh import specialization_table
from mbh_utils.networks import Network, hidden_layers
from mbh_utils.partition import partitions
from mbh_utils.patterns import activation_patterns, mine_patterns, unique_patterns


def folded(network: Network, data) -> list[tuple]:
    """Hidden layers (weight, bias) that take raw images as the network takes those of ``data.standardised()``.

    So a network trained on standardised data is measured on the very planes of the raw ones (reference figures, X20).
    """
    mean, std = data.moments()
    (weight, bias), *others = hidden_layers(network)
    return [(weight / std, bias - weight @ (mean / std)), *others]


def without_dead_ends(layers: list[tuple], masks: list[np.ndarray]) -> list[tuple]:
    """Hidden layers without the neurons that have no live path to the last one (reference figures, X19)."""
    live = [~dead for dead in pruning.dead_ends(masks)]
    inputs = [np.ones(layers[0][0].shape[1], dtype=bool), *live]
    return [(w[out][:, into], b[out]) for (w, b), out, into in zip(layers, live, inputs, strict=False)]


def specializations(layers: list[tuple], masks: list[np.ndarray], samples, planes, coverages) -> pd.DataFrame:
    """Specialization and activation regions (ARs), one row per plane x class x c_P.

    Columns: those of :func:`mbh_utils.mbh.specialization_table`; n_dead_ends (neurons without a live path to the last
    hidden layer) and n_live_regions (ARs of the network without these).
    """
    table = specialization_table(layers, samples, planes, coverages)
    n_dead_ends, live = sum(int(dead.sum()) for dead in pruning.dead_ends(masks)), table["n_regions"]
    if n_dead_ends:
        rest = without_dead_ends(layers, masks)
        with closing(partitions(rest, planes, keep="areas")) as found:
            live = table["plane"].map({i: len(regions) for i, regions in enumerate(found)})
    return table.assign(n_dead_ends=n_dead_ends, n_live_regions=live)


def trees(layers: list[tuple], samples) -> pd.DataFrame:
    """The decision tree on last-layer patterns (Figs D.1 to D.3), one row per class.

    Columns: class, class_leaves (leaves of that class); and of the whole tree, equal in all rows: depth, leaves,
    mean_leaf_depth, tree_accuracy (on the samples it was made from).
    """
    mined = mine_patterns(layers, samples)
    depths, labels = np.array([len(m.pattern) for m in mined]), np.array([m.label for m in mined])
    classes = np.unique(samples.labels)
    return pd.DataFrame({"class": classes, "class_leaves": [int((labels == c).sum()) for c in classes]}).assign(
        depth=int(depths.max()),
        leaves=len(mined),
        mean_leaf_depth=float(depths.mean()),
        tree_accuracy=sum(m.n_right for m in mined) / len(samples),
    )


def distinct_patterns(layers: list[tuple], samples, images: int) -> pd.DataFrame:
    """Distinct patterns of the first so many images (Figs E.1 and E.2), in one row.

    Columns: images, activation_patterns (of all hidden layers), last_layer_patterns.
    """
    bits = activation_patterns(layers, samples.images[:images])
    counts = [len(unique_patterns(b)[0]) for b in (bits, bits[:, -len(layers[-1][1]) :])]
    return pd.DataFrame([(len(bits), *counts)], columns=["images", "activation_patterns", "last_layer_patterns"])


#: What tells the networks of a table apart.
NETWORK = (
    "dataset", "family", "setup", "hidden", "n_hidden", "parameters", "density", "model", "iteration", "trained",
)  # fmt: skip


def per_network(table: pd.DataFrame, coverage: float = 0.8) -> pd.DataFrame:
    """One row per network and iteration of a table of specializations at one c_P: s averaged over classes, then planes.

    Added columns: n_regions and per_area (activation regions, also divided by the plane's area), and per_n2 (regions
    divided by N^2/2, the count expected of N random lines), all averaged over planes.
    """
    _given.kind_of("table", table, pd.DataFrame, "a table of specializations, as experiments.table makes it")
    needed = ("coverage", "n_regions", "area", "n_hidden", "plane", "s")
    if lacking := [name for name in needed if name not in table]:
        raise MBHError(f"table has no column {lacking[0]}; expected one of specializations, as of experiment grid")
    coverage = _given.number("coverage", coverage, "a share in (0, 1]", lambda c: 0 < c <= 1)
    keys = [key for key in NETWORK if key in table]
    rows = table[np.isclose(table["coverage"], coverage)]
    if rows.empty:
        raise MBHError(f"c_P = {coverage} was not measured, only {sorted(map(float, table['coverage'].unique()))}")
    rows = rows.assign(per_area=rows["n_regions"] / rows["area"], per_n2=2 * rows["n_regions"] / rows["n_hidden"] ** 2)
    means = ["accuracy", "s", "n_constraints", "n_regions", "n_live_regions", "per_area", "per_n2"]
    means = [m for m in means if m in rows]
    return rows.groupby([*keys, "plane"])[means].mean().groupby(keys).mean().reset_index()
