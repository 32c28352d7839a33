"""Claims of the papers on clusters of neurons: whether networks cluster (Filan et al., Hod et al.).

The numbers are the stored results of Filan, Casper, Hod et al. 2021 (arXiv 2103.03386), the sister
paper of Hod et al. 2022, see :func:`mbh_utils.lenses.clusters.published`.
"""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import LOCAL, Part, Tables
from mbh_utils.claims.evidence import Evidence, Several, trend
from mbh_utils.claims.limits import Every
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import Number, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.datasets import HALVES
from mbh_utils.lenses.clusters import published

PART = Part("clusters of neurons", source=LOCAL)

#: Ids of the workbook's figures that show the published networks, and the thesis's.
BESIDE = "cluster-published"
OVER_DENSITY = "cluster-ncut"
#: Five networks of each kind were published.
MODELS = 5
#: Fewer hidden neurons make clusters of which no conclusion is drawn.
SMALLEST = 46
#: Shuffled copies of which a p below .05 is possible.
LIKELY = 0.05

#: A kind of published networks: data set, what was planted, and whether it was pruned.
Kind = tuple[str, str, bool]

# ------------------------------------------------------------------------------ published networks


def _kind(tables: Tables, kind: Kind, shuffle: str = "layer") -> pd.DataFrame:
    """The rows of one kind of published networks, one for each network."""
    dataset, control, pruned = kind
    wanted = {"dataset": dataset, "control": control, "pruned": pruned, "shuffle": shuffle}
    return rows(tables["clusterability_reference"], **wanted)


def _stored(kind: Kind) -> pd.Series:
    dataset, control, pruned = kind
    table = published()
    here = (table["dataset"] == dataset) & (table["control"] == control)
    return table[here & (table["pruned"] == pruned)].iloc[0]


def _within(column: str, kind: Kind) -> Number:
    """Our networks' values and the published ones overlap."""
    row = _stored(kind)
    low, high = row[f"{column}_low"], row[f"{column}_high"]
    return Number((low + high) / 2, tolerance=(high - low) / 2)


def _printed(column: str, *kinds: Kind) -> str:
    found = [_stored(kind) for kind in kinds]
    return "; ".join(f"{row[f'{column}_low']:g} to {row[f'{column}_high']:g}" for row in found)


def _measured(tables: Tables, column: str, kind: Kind) -> Evidence:
    """A column of one kind of networks; it agrees if all are below their shuffled copies."""
    found = _kind(tables, kind)
    values = found[column].to_numpy(float)
    agrees = bool((found["ncut"] < found["null_mean"]).all())
    remark = f"Shuffled copies: {found['null_mean'].mean():.3f}." if column == "ncut" else ""
    return Evidence(float(values.mean()), values, len(values), agrees=agrees, remark=remark)


_PLAIN = {TITLES[name]: (name, "none", False) for name in (DIGIT, FASHION)}
_PRUNED = {TITLES[name]: (name, "none", True) for name in (DIGIT, FASHION)}


@PART.claim(
    "LS-1",
    "N-cuts of trained 784-256x4-10 networks divided into 12 clusters, on Digit MNIST and on "
    "Fashion-MNIST.",
    _printed("ncut", *_PLAIN.values()),
    "number",
    ("clusterability_reference",),
    BESIDE,
    {name: _within("ncut", kind) for name, kind in _PLAIN.items()},
)
def plain_ncuts(tables: Tables) -> dict[str, Evidence]:
    return {name: _measured(tables, "ncut", kind) for name, kind in _PLAIN.items()}


@PART.claim(
    "LS-2",
    "N-cuts of the same networks after they were pruned to a tenth of their weights.",
    _printed("ncut", *_PRUNED.values()),
    "number",
    ("clusterability_reference",),
    BESIDE,
    {name: _within("ncut", kind) for name, kind in _PRUNED.items()},
)
def pruned_ncuts(tables: Tables) -> dict[str, Evidence]:
    return {name: _measured(tables, "ncut", kind) for name, kind in _PRUNED.items()}


def _told_with_mask_kept(tables: Tables) -> str:
    """What is left of it where only the weights under the mask are shuffled."""
    told = []
    for name, kind in _PRUNED.items():
        found = _kind(tables, kind, "layer_nonzero")
        told.append(f"{found['z'].mean():+.1f} on {name} (largest p {found['p'].max():.2f})")
    return (
        "Shuffles move the pruned weights, too. Where the mask is kept and only its weights are "
        f"shuffled, z of the pruned networks is {' and '.join(told)}: how far they cluster then is "
        "what their weights add to their mask."
    )


@PART.claim(
    "LS-3",
    "Every trained network is more clustered than its copies with shuffled weights, pruned or not.",
    "p = 1/51 each, 5 of 5 networks",
    "trend",
    ("clusterability_reference",),
    BESIDE,
    {"trained": Every(high=LIKELY), "pruned": Every(high=LIKELY)},
)
def every_network_clusters(tables: Tables) -> Several:
    parts = {}
    for name, kinds in (("trained", _PLAIN), ("pruned", _PRUNED)):
        p = np.concatenate([_kind(tables, kind)["p"] for kind in kinds.values()])
        parts[name] = Evidence(float(p.max()), p, len(p) // 2, agrees=bool(np.mean(p) <= LIKELY))
    return Several(parts, f"Told is the largest p. {_told_with_mask_kept(tables)}")


def _of_kind(tables: Tables, column: str, kind: Kind) -> Panel:
    return panel(_kind(tables, kind), column)


def _first_minus_second(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one - other).mean(axis=-1)


@PART.claim(
    "LS-4",
    "Pruned networks are further below their shuffled copies than they were before, in standard "
    "deviations.",
    "z from -2.7 .. -5.6 to -7.9 .. -11.0 on MNIST",
    "trend",
    ("clusterability_reference",),
    BESIDE,
    {name: Trend(side="below") for name in _PLAIN},
)
def pruning_clusters(tables: Tables) -> dict[str, Evidence]:
    parts = {}
    for name in _PLAIN:
        pruned = _of_kind(tables, "z", _PRUNED[name])
        plain = _of_kind(tables, "z", _PLAIN[name])
        remark = f"From {plain.means[0]:.1f} to {pruned.means[0]:.1f}."
        parts[name] = trend(_first_minus_second, pruned, plain, remark=remark)
    return parts


_MODULAR = {"trained": (DIGIT, "modular", False), "pruned": (DIGIT, "modular", True)}
_HALVES = {
    "trained": (DIGIT + HALVES, "halves", False),
    "pruned": (DIGIT + HALVES, "halves", True),
}


def _both(kinds: dict[str, Kind]) -> dict[str, tuple[str, Kind]]:
    """The n-cut and z of networks before and after pruning."""
    return {
        f"{words}, {name}": (column, kind)
        for column, words in (("ncut", "n-cut"), ("z", "z"))
        for name, kind in kinds.items()
    }


@PART.claim(
    "LS-5",
    "Modules that were planted into the initial weights are found after training, and after "
    "pruning.",
    f"n-cut {_printed('ncut', *_MODULAR.values())}; z {_printed('z', *_MODULAR.values())}",
    "number",
    ("clusterability_reference",),
    BESIDE,
    {name: _within(*which) for name, which in _both(_MODULAR).items()},
)
def planted_modules_are_found(tables: Tables) -> dict[str, Evidence]:
    return {name: _measured(tables, *which) for name, which in _both(_MODULAR).items()}


@PART.claim(
    "LS-6",
    "Networks that add up two digits, side by side in one image, are clustered.",
    f"n-cut {_printed('ncut', *_HALVES.values())}; z {_printed('z', *_HALVES.values())}",
    "number",
    ("clusterability_reference",),
    BESIDE,
    {name: _within(*which) for name, which in _both(_HALVES).items()},
)
def halves_cluster(tables: Tables) -> dict[str, Evidence]:
    return {name: _measured(tables, *which) for name, which in _both(_HALVES).items()}


# ------------------------------------------------------------------------ the thesis's own networks


def _grid(tables: Tables, column: str, dense: bool, **wanted) -> Panel:
    """A column of the set-ups that are dense, or randomly pruned before their training."""
    found = rows(tables["clusterability"], graph="weights", **wanted)
    found = found[found["n_hidden"] >= SMALLEST]
    found = found[(found["density"] > 0.999) == dense]
    if found.empty:
        raise Unjudgeable(f"no network with {SMALLEST} hidden neurons was measured")
    return panel(found.assign(relative=found["ncut"] / found["k"]), column)


def _mean(means: np.ndarray) -> np.ndarray:
    return means.mean(axis=-1)


def _told_largest(tables: Tables) -> str:
    """The z of the largest set-ups, dense and sparse."""
    found = rows(tables["clusterability"], graph="weights", shuffle="layer_nonzero", trained=True)
    most = found[found["n_hidden"] == found["n_hidden"].max()]
    by_density = most.groupby("density")["z"].mean()
    each = ", ".join(f"{density:.3g}: {z:+.1f}" for density, z in by_density.items())
    return (
        f"Told is z, mean over set-ups of {SMALLEST} hidden neurons and more; with the mask kept, "
        f"that of {most['n_hidden'].iloc[0]} neurons by density is {each}."
    )


def _why_above(tables: Tables) -> str:
    """What is left where a shuffle keeps how strongly each unit reaches on."""
    before, after = (
        _grid(tables, "z", False, shuffle=shuffle, trained=True).means.mean()
        for shuffle in ("layer_nonzero", "fan_out")
    )
    dense = _grid(tables, "z", True, shuffle="fan_out", trained=True).means.mean()
    return (
        "Training lets some pixels and neurons reach on more strongly than others, and shuffles "
        "of a layer do not keep that. Where only the weights that leave the same unit are shuffled "
        f"among themselves, z of the sparse networks is {after:+.1f} in place of {before:+.1f}, "
        f"and {dense:+.1f} of the dense ones. (The stored results have z of +16 to +21 on MNIST "
        "for networks with L1 regularisation.)"
    )


_GROUPS = {
    "dense": (True, "layer"),
    "sparse, mask shuffled too": (False, "layer"),
    "sparse, mask kept": (False, "layer_nonzero"),
}


@PART.claim(
    "LS-7",
    "Trained networks are clusterable relative to random networks with the same weights: judged "
    "on the thesis's networks, which are dense or randomly pruned before training.",
    "often, for trained and pruned networks",
    "trend",
    ("clusterability",),
    OVER_DENSITY,
    {name: Trend(side="below") for name in _GROUPS},
    why=_why_above,
)
def grid_clusters(tables: Tables) -> Several:
    parts = {
        name: trend(_mean, _grid(tables, "z", dense, shuffle=shuffle, trained=True))
        for name, (dense, shuffle) in _GROUPS.items()
    }
    return Several(parts, _told_largest(tables))


@PART.claim(
    "LS-8",
    "Trained networks are more clusterable than they were before training.",
    "typically",
    "trend",
    ("clusterability",),
    OVER_DENSITY,
    {"dense": Trend(side="below"), "sparse": Trend(side="below")},
)
def training_clusters(tables: Tables) -> Several:
    untrained = rows(tables["clusterability"], trained=False)
    wanted = {"shuffle": "layer_nonzero", "dataset": sorted(untrained["dataset"].unique())}
    parts = {}
    for name, dense in (("dense", True), ("sparse", False)):
        after = _grid(tables, "relative", dense, trained=True, **wanted)
        before = _grid(tables, "relative", dense, trained=False, **wanted)
        parts[name] = trend(_first_minus_second, after, before)
    remark = (
        "Told is the difference of n-cuts over the number of clusters, after minus before training."
    )
    return Several(parts, remark)
