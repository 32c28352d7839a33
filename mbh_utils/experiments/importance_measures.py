"""What the lens on clusters measures of single sub-clusters: importance and coherence.

After Hod, Casper, Filan et al. 2022 (arXiv 2110.08058).
"""

import numpy as np
import pandas as pd

from mbh_utils.experiments.cluster_measures import (
    IMAGES,
    REFERENCE_K,
    control_of,
    reference_cases,
)
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case
from mbh_utils.lenses import clusters
from mbh_utils.lenses.clusters.spectral import largest_part
from mbh_utils.training import accuracy

#: Random sets behind the published tables.
REFERENCE_DRAWS = 20
#: The columns of a sub-cluster, and what numbers they hold.
_SUB_CLUSTER = {
    **dict.fromkeys(("layer", "cluster", "size", "live", "draws"), "int64"),
    **dict.fromkeys(("before", "drop", "drop_null"), "f8"),
    **dict.fromkeys(("p_importance", "effect_importance", "chance_importance"), "f8"),
    **dict.fromkeys(("range", "range_null", "p_range", "effect_range", "chance_range"), "f8"),
    "range_draws": "int64",
    **dict.fromkeys(("std", "std_null", "p_std", "effect_std", "p_partition"), "f8"),
}
#: The columns that coherence adds.
_COHERENCE = {
    **dict.fromkeys(("score", "score_null", "p_score", "effect_score"), "f8"),
    **dict.fromkeys(("entropy", "entropy_null", "p_entropy", "effect_entropy"), "f8"),
    **dict.fromkeys(("dispersion", "dispersion_null", "p_dispersion", "effect_dispersion"), "f8"),
    **dict.fromkeys(("class_score", "class_score_null"), "f8"),
    **dict.fromkeys(("p_class_score", "effect_class_score", "best_class"), "f8"),
}


def partition_of(network, train, graph: str, k: int | None = None) -> np.ndarray:
    """The cluster of each node of a network's graph, by "weights" or by "activations".

    k: of clusters; no more than there are nodes that are joined to each other.
    """
    if graph == "weights":
        nodes = clusters.weight_graph(network)
    else:
        nodes = clusters.activation_graph(network, train, images=IMAGES)
    wanted = k or clusters.default_k(int(nodes.hidden.sum()))
    joined = len(largest_part(nodes.adjacency))
    return clusters.cluster(nodes, max(1, min(wanted, joined)))


def sub_cluster_tests(
    network,
    data,
    graph: str,
    draws: int,
    *,
    dead_ends: bool = False,
    k: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Importance and coherence of a network's sub-clusters, one a row; none where none can be.

    The start of optimised images is the mean training image. With dead ends, the importance is
    measured alone.

    Columns: graph, dead_ends, k (clusters that were found), those of
    :func:`mbh_utils.lenses.clusters.importance` and of ``coherence``.
    """
    labels = partition_of(network, data.train, graph, k)
    found = len(np.unique(labels[labels >= 0]))
    facts = {"graph": graph, "dead_ends": dead_ends, "k": found}
    columns = {**_SUB_CLUSTER, **_COHERENCE}
    if clusters.sub_clusters(network, labels, dead_ends=dead_ends).empty:
        table = pd.DataFrame(columns=list(columns))
    else:
        asked = {"draws": draws, "seed": seed, "dead_ends": dead_ends}
        table = clusters.importance(network, labels, data.validation, **asked)
        if not dead_ends:
            start = data.train.images.mean(axis=0)
            more = clusters.coherence(network, labels, data.validation, start=start, **asked)
            table = pd.concat([table, more[list(_COHERENCE)]], axis=1)
    table = table.reindex(columns=list(columns)).astype(columns)
    for place, (name, value) in enumerate(facts.items()):
        table.insert(place, name, pd.Series([value] * len(table), dtype=type(value)))
    return table


def _importance(
    subject: Subject, *, graph: str, draws: int, dead_ends: bool, k: int | None = None
) -> pd.DataFrame:
    asked = {"dead_ends": dead_ends, "k": k, "seed": subject.case.run.seed}
    return sub_cluster_tests(subject.network, subject.data, graph, draws, **asked)


def _importance_seconds(case: Case, draws: int, **options) -> float:
    """Of lesions and optimised images, from what those of the set-ups of Fig 6.1 take."""
    widths = [*case.run.hidden, 10]
    passes = sum(n * sum(widths[i:]) for i, n in enumerate(case.run.hidden))
    images = len(case.run.raw.validation)
    return 0.3 + draws * images * passes / 6e10 + draws * case.run.raw.n_inputs * passes / 5e10


IMPORTANCE = register(
    Measure(
        name="importance",
        columns=("graph", "dead_ends", "k", *_SUB_CLUSTER, *_COHERENCE),
        compute=_importance,
        seconds=_importance_seconds,
    )
)


def importance_options(profile: Profile) -> list[dict]:
    """Both graphs, and once more with dead ends in all sets."""
    return [
        {"graph": graph, "draws": profile.random_sets, "dead_ends": dead_ends}
        for graph in ("weights", "activations")
        for dead_ends in (False, True)
    ]


# ------------------------------------------------------------------------------ published networks


def _reference_importance(
    subject: Subject, *, graph: str, draws: int, dead_ends: bool, k: int
) -> pd.DataFrame:
    table = _importance(subject, graph=graph, draws=draws, dead_ends=dead_ends, k=k)
    table.insert(0, "pruned", pd.Series([subject.case.run.rewiring is not None] * len(table)))
    seen = accuracy(subject.network, subject.data.validation)
    table.insert(1, "accuracy", pd.Series([seen] * len(table), dtype="f8"))
    return table.astype({"pruned": bool})


REFERENCE_IMPORTANCE = register(
    Measure(
        name="reference_importance",
        columns=("pruned", "accuracy", *IMPORTANCE.columns),
        compute=_reference_importance,
        seconds=_importance_seconds,
    )
)


def importance_reference_cases(profile: Profile) -> list[Case]:
    """The published networks without the positive controls of clusterability."""
    return [case for case in reference_cases(profile) if control_of(case.run) == "none"]


def importance_reference_options(profile: Profile) -> list[dict]:
    """As in the stored results: by weights, 12 clusters, 20 random sets."""
    settings = {"draws": REFERENCE_DRAWS, "dead_ends": False, "k": REFERENCE_K}
    return [{"graph": "weights", **settings}]
