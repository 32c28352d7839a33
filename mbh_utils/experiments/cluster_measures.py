"""What the lens on clusters measures: clusterability, and how partitions of neurons agree.

After Hod, Casper, Filan et al. 2022 (arXiv 2110.08058) and Filan, Casper, Hod et al. 2021 (arXiv
2103.03386).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import scipy.sparse as sp

from mbh_utils.blankets.maximal_pattern import maximal_pattern
from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import HALVES, title
from mbh_utils.errors import MBHError
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.profile_runs import parameters_at
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run
from mbh_utils.lenses import clusters
from mbh_utils.networks import Setup, hidden_layers, layer_widths, pruning
from mbh_utils.training import GradualPruning, Recipe, accuracy

#: Images at which activations are correlated, as in the paper.
IMAGES = 5_000
#: Clusters of the published networks.
REFERENCE_K = 12

# ----------------------------------------------------------------------------------- clusterability


def clusterabilities(network, train, shuffles: int, k: int | None = None) -> pd.DataFrame:
    """The n-cut of a network's graphs beside those of shuffled ones, one row per graph x shuffle.

    Columns: graph ("weights" or "activations"), shuffle, k, nodes, left_out, ncut, null_mean,
    null_std, z, p. Without a mask, "layer" and "layer_nonzero" are one. Edges of activations are
    shuffled in one way.
    """
    weights = clusters.weight_graph(network)
    activations = clusters.activation_graph(network, train, images=IMAGES)
    rows = [_row("weights", one) for one in _of_weights(weights, k, shuffles)]
    rows.append(_row("activations", clusters.clusterability(activations, k, shuffles=shuffles)))
    return pd.DataFrame(rows)


def _of_weights(
    graph: clusters.Graph, k: int | None, shuffles: int
) -> list[clusters.Clusterability]:
    """With each way to shuffle."""
    found = []
    for shuffle in clusters.SHUFFLES:
        if shuffle == "layer_nonzero" and _is_dense(graph):
            found.append(replace(found[0], shuffle=shuffle))
        else:
            found.append(clusters.clusterability(graph, k, shuffle=shuffle, shuffles=shuffles))
    return found


def _is_dense(graph: clusters.Graph) -> bool:
    """Whether every two units of neighbouring layers are joined."""
    widths = np.bincount(graph.layer)
    return sp.csr_array(graph.adjacency).nnz == 2 * int(widths[1:] @ widths[:-1])


def _row(graph: str, found: clusters.Clusterability) -> dict:
    return {
        "graph": graph,
        "shuffle": found.shuffle,
        "k": found.k,
        "nodes": found.n_nodes,
        "left_out": found.n_left_out,
        "ncut": found.ncut,
        "null_mean": float(found.null.mean()),
        "null_std": float(found.null.std()),
        "z": found.z,
        "p": found.p,
    }


def _clusterability(subject: Subject, *, shuffles: int) -> pd.DataFrame:
    return clusterabilities(subject.network, subject.data.train, shuffles)


def _clustering_seconds(case: Case) -> float:
    """Of one clustering, from what those of the set-ups of Fig 6.1 take."""
    nodes = case.run.raw.n_inputs + sum(case.run.hidden) + 10
    return 0.002 + 4e-5 * nodes + 1e-7 * case.run.parameters


def _clusterability_seconds(case: Case, shuffles: int, **options) -> float:
    return 0.5 + 2 * (shuffles + 1) * _clustering_seconds(case)


CLUSTERABILITY = register(
    Measure(
        name="clusterability",
        columns=(
            "graph",
            "shuffle",
            "k",
            "nodes",
            "left_out",
            "ncut",
            "null_mean",
            "null_std",
            "z",
            "p",
        ),
        compute=_clusterability,
        seconds=_clusterability_seconds,
    )
)


def clusterability_options(profile: Profile) -> list[dict]:
    """So many shuffled networks beside each."""
    return [{"shuffles": profile.shuffles}]


# ------------------------------------------------------------------------------ published networks


def _reference_clusterability(subject: Subject, *, shuffles: int, k: int) -> pd.DataFrame:
    graph = clusters.weight_graph(subject.network)
    run = subject.case.run
    seen = accuracy(subject.network, subject.data.validation)
    rows = []
    for found in _of_weights(graph, k, shuffles):
        row = {"control": control_of(run), "pruned": run.rewiring is not None, "accuracy": seen}
        rows.append({**row, **_row("weights", found)})
    return pd.DataFrame(rows).drop(columns="graph")


def control_of(run: Run) -> str:
    """What was planted into a network: "none", "modular" initial weights, or "halves" of images."""
    first = run.start or run
    if first.weights == "modular":
        return "modular"
    return "halves" if run.dataset.endswith(HALVES) else "none"


def _reference_seconds(case: Case, shuffles: int, k: int) -> float:
    return 1 + 3 * (shuffles + 1) * _clustering_seconds(case)


REFERENCE_CLUSTERABILITY = register(
    Measure(
        name="reference_clusterability",
        columns=(
            "control",
            "pruned",
            "accuracy",
            "shuffle",
            "k",
            "nodes",
            "left_out",
            "ncut",
            "null_mean",
            "null_std",
            "z",
            "p",
        ),
        compute=_reference_clusterability,
        seconds=_reference_seconds,
    )
)


def reference_runs(profile: Profile, dataset: str, weights: str) -> list[Run]:
    """The published networks of one kind, unpruned ones and after them the pruned ones.

    784-256x4-10, Adam with a learning rate of .001 and minibatches of 128, for 20 epochs from
    Glorot's initial weights; then as long again while they are pruned to a tenth of the weights of
    each layer. In the quick profile the layers have 32 neurons.
    """
    width = 256 if profile.n_inputs == 784 else 32
    hidden = (width,) * 4
    recipe = Recipe(profile.reference_iterations, batch_size=128, learning_rate=1e-3)
    runs = []
    for seed in range(profile.models):
        dense = pruning.dense_parameters(profile.n_inputs, hidden)
        plain = Run(dataset, hidden, dense, seed, recipe, weights=weights)
        runs += [plain, pruned_to_a_tenth(plain)]
    return sorted(runs, key=lambda run: run.rewiring is not None)


def pruned_to_a_tenth(plain: Run) -> Run:
    """The run that goes on from another one and prunes it, its output layer too, as published."""
    end = 0.9
    setup = Setup(1, "reference", plain.hidden, plain.parameters)
    steps = GradualPruning(0.5, end, every=10, to_iteration=plain.recipe.iterations, output=True)
    return Run(
        plain.dataset,
        plain.hidden,
        parameters_at(setup, 1 - end),
        plain.seed,
        plain.recipe,
        rewiring=steps,
        start=plain,
    )


def reference_cases(profile: Profile) -> list[Case]:
    """Both data sets, and the two positive controls on the data in the role of Digit MNIST."""
    kinds = [(name, "glorot") for name in profile.datasets]
    kinds += [(profile.digit, "modular"), (profile.digit + HALVES, "glorot")]
    cases = []
    for dataset, weights in kinds:
        for run in reference_runs(profile, dataset, weights):
            setup = Setup(2 if run.rewiring else 1, "reference", run.hidden, run.parameters)
            cases.append(Case(setup, run, run.recipe.iterations))
    return cases


def reference_options(profile: Profile) -> list[dict]:
    """As many clusters as in the stored results."""
    return [{"shuffles": profile.shuffles, "k": REFERENCE_K}]


# --------------------------------------------------------------------------------------- partitions


def partition_agreement(network, train, samples, coverage: float, draws: int) -> pd.DataFrame:
    """How partitions of neurons agree: weights with activations, clusters with maximal patterns.

    One row per graph x states. Columns: graph; states (which neurons of a pattern: "all" that it
    constrains, or those that it wants "active"); coverage; k; sub_clusters (into how many the last
    hidden layer is divided); ari, nmi (adjusted Rand index and
    normalised mutual information of the two partitions of hidden neurons); nmi_null (with one of
    them shuffled within layers); ari_within (mean over layers, by their neurons); overlap (share of
    a class's pattern neurons in the last hidden layer that fall into its best-matching sub-cluster,
    mean over classes), overlap_null, overlap_std (with clusters shuffled within that layer) and
    overlap_p (right-tailed).
    """
    graphs = {
        "weights": clusters.weight_graph(network),
        "activations": clusters.activation_graph(network, train, images=IMAGES),
    }
    hidden = {name: _of_hidden(graph) for name, graph in graphs.items()}
    layer = graphs["activations"].layer
    agreement = _agreement(hidden["weights"], hidden["activations"], layer, draws)
    members = _pattern_neurons(network, samples, coverage)
    rows = []
    for name, labels in hidden.items():
        last = labels[layer == layer.max()]
        for states, neurons in members.items():
            overlap = _overlap_with_null(last, neurons, draws)
            k = len(np.unique(labels[labels >= 0]))
            facts = {"graph": name, "states": states, "coverage": coverage, "k": k}
            facts["sub_clusters"] = len(np.unique(last[last >= 0]))
            rows.append({**facts, **agreement, **overlap})
    return pd.DataFrame(rows)


def _of_hidden(graph: clusters.Graph) -> np.ndarray:
    return clusters.cluster(graph)[graph.hidden]


def _agreement(one: np.ndarray, other: np.ndarray, layer: np.ndarray, draws: int) -> dict:
    """Of two partitions, of the neurons that both of them have."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    both = (one >= 0) & (other >= 0)
    one, other, layer = one[both], other[both], layer[both]
    rng = stream(0, "shuffles")
    null = [
        normalized_mutual_info_score(one, _shuffled_within(other, layer, rng)) for _ in range(draws)
    ]
    within = [
        (np.sum(layer == each), adjusted_rand_score(one[layer == each], other[layer == each]))
        for each in np.unique(layer)
    ]
    sizes, scores = np.transpose(within)
    return {
        "ari": adjusted_rand_score(one, other),
        "nmi": normalized_mutual_info_score(one, other),
        "nmi_null": float(np.mean(null)),
        "ari_within": float(sizes @ scores / sizes.sum()),
    }


def _shuffled_within(labels: np.ndarray, layer: np.ndarray, rng) -> np.ndarray:
    shuffled = labels.copy()
    for each in np.unique(layer):
        shuffled[layer == each] = rng.permutation(labels[layer == each])
    return shuffled


def _pattern_neurons(network, samples, coverage: float) -> dict[str, list[np.ndarray]]:
    """For each class, which neurons of the last hidden layer its maximal pattern constrains."""
    patterns = [
        maximal_pattern(network, samples.of_class(int(c)), coverage)
        for c in np.unique(samples.labels)
    ]
    n_before = sum(layer_widths(hidden_layers(network))[:-1])
    return {
        "all": [pattern.neurons - n_before for pattern in patterns],
        "active": [pattern.neurons[pattern.states] - n_before for pattern in patterns],
    }


def _overlap_with_null(labels: np.ndarray, members: list[np.ndarray], draws: int) -> dict:
    rng = stream(0, "shuffles")
    overlap = _overlap(labels, members)
    null = np.array([_overlap(rng.permutation(labels), members) for _ in range(draws)])
    return {
        "overlap": overlap,
        "overlap_null": float(null.mean()),
        "overlap_std": float(null.std()),
        "overlap_p": float((np.sum(null >= overlap) + 1) / (draws + 1)),
    }


def _overlap(labels: np.ndarray, members: list[np.ndarray]) -> float:
    """Share of each class's neurons in its best-matching cluster, mean over classes; NaN if none.

    A neuron that is in no cluster is in no best-matching one.
    """
    shares = [
        np.bincount(own[own >= 0], minlength=1).max() / len(own)
        for own in (labels[neurons] for neurons in members)
        if len(own)
    ]
    return float(np.mean(shares)) if shares else np.nan


def _partitions(subject: Subject, *, coverage: float, draws: int) -> pd.DataFrame:
    samples = subject.data.validation
    return partition_agreement(subject.network, subject.data.train, samples, coverage, draws)


PARTITIONS = register(
    Measure(
        name="partitions",
        columns=(
            "graph",
            "states",
            "coverage",
            "k",
            "sub_clusters",
            "ari",
            "nmi",
            "nmi_null",
            "ari_within",
            "overlap",
            "overlap_null",
            "overlap_std",
            "overlap_p",
        ),
        compute=_partitions,
    )
)


def partition_options(profile: Profile) -> list[dict]:
    """At the thesis's usual minimum coverage."""
    return [{"coverage": 0.8, "draws": 200}]


# ------------------------------------------------------------------------ beside what was published


def beside_published(table: pd.DataFrame) -> pd.DataFrame:
    """What was found with the published kinds of networks, as a table to be read.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment clusterability_reference.

    Returns
    -------
    DataFrame
        One row per kind of network, which is its index. For n-cut, z and accuracy: the smallest and
        the largest network, here and published; "shuffled": the mean n-cut of shuffled copies; "z,
        mask kept" and "z, fan-out kept": z here with the two nulls that were not published.

    Raises
    ------
    MBHError
        If this is no such table.

    Examples
    --------
    >>> from mbh_utils.lenses import clusters
    >>> table = clusters.published().query("dataset == 'fashion_mnist'")
    >>> table = table.assign(ncut=9, z=-5, accuracy=0.9, null_mean=10).merge(
    ...     pd.DataFrame({"shuffle": clusters.SHUFFLES}), how="cross"
    ... )
    >>> beside_published(table)["n-cut, published"].tolist()
    ['9.86 to 9.91', '8.48 to 8.80']
    """
    keys = ["dataset", "control", "pruned"]
    require.kind_of("table", table, pd.DataFrame, "the table of clusterability_reference")
    for column in (*keys, "shuffle", "ncut", "z", "accuracy", "null_mean"):
        if column not in table:
            raise MBHError(
                f"table has no column {column!r}: it takes the table of clusterability_reference"
            )
    stored = {tuple(row[keys]): row for _, row in clusters.published().iterrows()}
    rows = {}
    for kind, found in table.groupby(keys, sort=False):
        assert isinstance(kind, tuple)
        rows[_kind_in_words(kind)] = _beside(found, stored.get(kind))
    return pd.DataFrame(rows).T.rename_axis("network")


def _kind_in_words(kind: tuple) -> str:
    dataset, control, pruned = kind
    planted = ", modules planted" if control == "modular" else ""
    return title(dataset) + planted + (", pruned" if pruned else "")


def _beside(found: pd.DataFrame, there: pd.Series | None) -> dict:
    """A row of words: what was found with each null, and what is stored."""
    layer = found[found["shuffle"] == "layer"]
    row = {}
    for column, name, form in (
        ("ncut", "n-cut", "{:.2f}"),
        ("z", "z", "{:.1f}"),
        ("accuracy", "accuracy", "{:.3f}"),
    ):
        row[f"{name}, here"] = _span_in_words(layer[column].min(), layer[column].max(), form)
        row[f"{name}, published"] = (
            ""
            if there is None
            else _span_in_words(there[f"{column}_low"], there[f"{column}_high"], form)
        )
        if column == "ncut":
            row["shuffled, here"] = f"{layer['null_mean'].mean():.2f}"
            row["shuffled, published"] = "" if there is None else f"{there['null_mean']:.2f}"
    for null, name in (("layer_nonzero", "z, mask kept"), ("fan_out", "z, fan-out kept")):
        z = found.loc[found["shuffle"] == null, "z"]
        row[name] = _span_in_words(z.min(), z.max(), "{:.1f}")
    return row


def _span_in_words(low: float, high: float, form: str) -> str:
    return f"{form.format(low)} to {form.format(high)}"
