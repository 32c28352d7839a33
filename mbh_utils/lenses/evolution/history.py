"""Everything that is measured of a training's activation patterns, as one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.lenses.evolution.counts import PatternCounts, given_labels, pattern_counts
from mbh_utils.lenses.evolution.indicator import ClassOUI, layer_oui
from mbh_utils.lenses.evolution.information import (
    entropy,
    information_of,
    max_entropy,
    relative_entropy,
)
from mbh_utils.lenses.evolution.neurons import (
    BlockPatterns,
    agreement,
    block_patterns,
    neuron_states,
)
from mbh_utils.lenses.evolution.settling import settling_time
from mbh_utils.lenses.evolution.similarity import jaccard, pattern_change, weighted_jaccard
from mbh_utils.networks import hidden_layers, layer_widths
from mbh_utils.regions.patterns import preactivations

#: Thresholds of kappa at which layers count as settled.
THRESHOLDS = (0.5, 0.7, 0.8, 0.9)

#: What is measured of one layer of one network.
STATE_COLUMNS = (
    "width",
    "images",
    "distinct",
    "pattern_share",
    "top_share",
    "entropy",
    "max_entropy",
    "relative_entropy",
    "joint_entropy",
    "conditional_entropy",
    "information",
    "block_relative_entropy",
    "block_information",
    "neuron_entropy",
    "dead_share",
    "always_on_share",
    "oui",
    "oui_within",
    "oui_between",
)

#: The networks of the same training that it is compared with.
REFERENCES = ("initial", "previous", "final")

#: What is measured of one layer of two networks.
CHANGE_COLUMNS = (
    "jaccard",
    "frequent_jaccard",
    "weighted_jaccard",
    "net_change",
    "gross_change",
    "agreement",
    "kappa",
    "block_jaccard",
    "block_weighted_jaccard",
)

#: The columns of :func:`history`.
HISTORY_COLUMNS = (
    "iteration",
    "layer",
    *STATE_COLUMNS,
    *(f"{name}_{reference}" for reference in REFERENCES for name in CHANGE_COLUMNS),
    "weight_distance",
)

#: "Frequent" patterns are those of more images than this.
FREQUENT = 10


@dataclass(frozen=True, eq=False)
class LayerState:
    """The patterns of one layer of one network, with what is counted of them once."""

    bits: np.ndarray
    classes: np.ndarray
    n_classes: int
    oui_images: int
    seed: int

    @cached_property
    def counts(self) -> PatternCounts:
        """Of the whole layer."""
        return pattern_counts(self.bits)

    @cached_property
    def blocks(self) -> BlockPatterns:
        """Of groups of eight neurons."""
        return block_patterns(self.bits, seed=self.seed)

    def oui(self) -> ClassOUI:
        """Of all pairs of the first images."""
        first = slice(self.oui_images)
        return layer_oui(self.bits[first], self.classes[first], self.n_classes)

    def measured(self) -> dict:
        """A value for each of ``STATE_COLUMNS``."""
        counts = self.counts
        told = information_of(counts, self.bits, self.classes, self.n_classes)
        neurons = neuron_states(self.bits)
        oui = self.oui()
        values = (
            counts.n_neurons,
            counts.n_images,
            counts.distinct,
            counts.pattern_share,
            counts.top_share,
            entropy(counts),
            max_entropy(counts),
            relative_entropy(counts),
            told.joint,
            told.conditional,
            told.information,
            self.blocks.relative_entropy,
            self.blocks.information(self.classes),
            *neurons,
            *oui,
        )
        return dict(zip(STATE_COLUMNS, values, strict=True))

    def compared(self, reference: LayerState) -> tuple:
        """A value for each of ``CHANGE_COLUMNS``."""
        change = pattern_change(reference.counts, self.counts)
        agreed = agreement(self.bits, reference.bits)
        return (
            jaccard(reference.counts, self.counts),
            jaccard(reference.counts, self.counts, more_than=FREQUENT),
            weighted_jaccard(reference.counts, self.counts),
            change.net,
            change.gross,
            agreed.share,
            agreed.kappa,
            reference.blocks.jaccard(self.blocks),
            reference.blocks.weighted_jaccard(self.blocks),
        )


def layer_states(network, samples: Samples, *, oui_images: int, seed: int) -> list[LayerState]:
    """The patterns of each hidden layer of a network, for some samples."""
    classes, n_classes = given_labels(samples.labels, len(samples.labels))
    values = preactivations(network, samples.images)
    return [LayerState(z > 0, classes, n_classes, oui_images, seed) for z in values]


def pattern_statistics(
    network, samples: Samples, *, oui_images: int = 1_000, seed: int = 0
) -> pd.DataFrame:
    """What is measured of the activation patterns of one network, a row for each hidden layer.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples
        Whose patterns are counted.
    oui_images : int, default 1_000
        OUI is that of all pairs of so many first samples.
    seed : int, default 0
        Which random groups of eight neurons.

    Returns
    -------
    pandas.DataFrame
        layer (1 is the first hidden layer) and the state columns of :func:`history`.

    Raises
    ------
    MBHError
        For a network that is not understood, images of another size, and fewer than two samples.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.lenses import evolution
    >>> data = mbh.load_dataset("digits8")
    >>> table = evolution.pattern_statistics(mbh.lenet(data, (24, 8)), data.validation)
    >>> table[["layer", "width", "images", "distinct"]].values.tolist()
    [[1, 24, 360, 312], [2, 8, 360, 42]]
    """
    samples, oui_images, seed = _given(samples, oui_images, seed)
    states = layer_states(network, samples, oui_images=oui_images, seed=seed)
    rows = [{"layer": i, **state.measured()} for i, state in enumerate(states, start=1)]
    return pd.DataFrame(rows, columns=["layer", *STATE_COLUMNS])


def history(run, samples: Samples, *, oui_images: int = 1_000, seed: int = 0) -> pd.DataFrame:
    """What is measured of the activation patterns of a network over its training.

    Parameters
    ----------
    run : History, mapping or sequence of (int, network)
        What :func:`mbh_utils.train` returned for several milestones; or iteration -> network; or
        pairs of both. Two networks at least, of the same widths.
    samples : Samples
        Whose patterns are counted, the same at every iteration.
    oui_images : int, default 1_000
        OUI is that of all pairs of so many first samples.
    seed : int, default 0
        Which random groups of eight neurons.

    Returns
    -------
    pandas.DataFrame
        A row for each iteration and hidden layer: iteration; layer, 1 being the first; width,
        images, distinct patterns and pattern_share (distinct / images); top_share; entropy,
        max_entropy and relative_entropy; joint_entropy and conditional_entropy with the labels, and
        information; the same of groups of eight neurons (block_...); neuron_entropy, dead_share,
        always_on_share; oui, oui_within and oui_between classes; then, to the initial, the previous
        and the final network of the run: jaccard, frequent_jaccard (of patterns of more than ten
        samples), weighted_jaccard, net_change and gross_change, agreement, kappa,
        block_jaccard and block_weighted_jaccard, such as kappa_final; last weight_distance, that of
        the layer's weights and biases from the final ones as a share of these.

    Raises
    ------
    MBHError
        Where there are no networks to compare, the widths change, or samples do not fit.

    Notes
    -----
    Measures of Hartmann, Franzen and Brodehl, *Studying the Evolution of Neural Activation Patterns
    During Training of Feed-Forward ReLU Networks* (Frontiers in Artificial Intelligence 4:642374,
    2021), with those for wide layers added. Entropies and information are plug-in estimates: where
    pattern_share is above 0.5 they tell the number of samples, not the network. A neuron is active
    above a pre-activation of 0, as everywhere in this package. At the first iteration "previous" is
    missing (NaN).

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.lenses import evolution
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (24, 8))
    >>> trained = mbh.train(network, data, iterations=300, milestones=[0, 30, 100])
    >>> table = evolution.history(trained, data.validation)
    >>> first_layer = table[table["layer"] == 1]
    >>> first_layer["iteration"].tolist()
    [0, 30, 100, 300]
    >>> bool(first_layer["kappa_final"].is_monotonic_increasing)
    True
    """
    samples, oui_images, seed = _given(samples, oui_images, seed)
    networks = _networks_of(run)
    _check_widths(networks)
    ends = (networks[0], networks[-1])
    parts = {"oui_images": oui_images, "seed": seed}
    first, final = (layer_states(network, samples, **parts) for _, network in ends)
    weights = _weights(ends[1][1])
    previous: list[LayerState] | None = None
    rows = []
    for i, (iteration, network) in enumerate(networks):
        own = {0: first, len(networks) - 1: final}.get(i)
        states = own or layer_states(network, samples, **parts)
        for depth, state in enumerate(states):
            row = {"iteration": iteration, "layer": depth + 1, **state.measured()}
            others = (first, previous, final)
            for reference, other in zip(REFERENCES, others, strict=True):
                known = [np.nan] * len(CHANGE_COLUMNS)
                values = known if other is None else state.compared(other[depth])
                names = (f"{name}_{reference}" for name in CHANGE_COLUMNS)
                row |= dict(zip(names, values, strict=True))
            row["weight_distance"] = _distance(_weights(network)[depth], weights[depth])
            rows.append(row)
        previous = states
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS))


def settling(table: pd.DataFrame, thresholds: Sequence[float] = THRESHOLDS) -> pd.DataFrame:
    """When each layer of a training settles, in its patterns and in its weights.

    Parameters
    ----------
    table : pandas.DataFrame
        That of :func:`history`, of one network and one set of samples.
    thresholds : sequence of float, default (0.5, 0.7, 0.8, 0.9)
        Values of theta.

    Returns
    -------
    pandas.DataFrame
        A row for each layer and threshold: layer, threshold, tau (first iteration from which on
        kappa to the final network stays at the threshold or above; NaN where the layer is constant
        in the end) and weight_tau (the same of 1 - weight_distance).

    Raises
    ------
    MBHError
        For what is no such table, and for iterations that occur twice.

    Notes
    -----
    Patterns are said to settle before weights (Perez-Corral, Fernandez-Hernandez, Mestre, Dolz,
    Duato and Quintana-Orti, arXiv 2602.08333, 2026).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils.lenses import evolution
    >>> table = pd.DataFrame({"iteration": [0, 10, 100], "layer": 1})
    >>> table = table.assign(kappa_final=[0.2, 0.8, 1.0], weight_distance=[0.9, 0.4, 0.0])
    >>> evolution.settling(table, [0.8])
       layer  threshold   tau  weight_tau
    0      1        0.8  10.0       100.0
    """
    require.kind_of("table", table, pd.DataFrame, "a table, as history makes it")
    needed = ("iteration", "layer", "kappa_final", "weight_distance")
    if missing := [name for name in needed if name not in table]:
        raise MBHError(f"table has no column {missing[0]!r}; expected one that history made")
    thresholds = require.listed("thresholds", thresholds, "values of kappa")
    rows = []
    for layer, of_layer in table.sort_values("iteration").groupby("layer"):
        times = of_layer["iteration"].to_numpy()
        near = 1 - of_layer["weight_distance"].to_numpy(float)
        for threshold in thresholds:
            tau = settling_time(times, of_layer["kappa_final"].to_numpy(float), threshold)
            weight_tau = settling_time(times, near, threshold)
            rows.append((layer, threshold, tau, weight_tau))
    return pd.DataFrame(rows, columns=["layer", "threshold", "tau", "weight_tau"])


def _given(samples, oui_images, seed) -> tuple[Samples, int, int]:
    samples = require.samples("samples", samples)
    if len(samples.labels) < 2:
        raise MBHError("samples are too few; expected two at least, whose patterns can differ")
    oui_images = require.whole("oui_images", oui_images, 2)
    return samples, oui_images, require.whole("seed", seed, 0)


def _networks_of(run) -> list[tuple[int, object]]:
    """Pairs of an iteration and a network, in the order of training."""
    named = getattr(run, "networks", run)
    what = (
        "the History of a training with milestones, such as "
        "mbh.train(network, data, milestones=[0, 10, 100]), or pairs (iteration, network)"
    )
    if isinstance(named, Mapping):
        pairs = list(named.items())
    else:
        pairs = require.listed("run", named, f"(iteration, network): {what}")
    for pair in pairs:
        if not isinstance(pair, Iterable) or isinstance(pair, str) or len(tuple(pair)) != 2:
            raise MBHError(f"run holds {require.shown(pair)}; expected {what}")
    iterations = [require.whole("an iteration of run", iteration, 0) for iteration, _ in pairs]
    if len(set(iterations)) != len(iterations):
        raise MBHError("run has two networks of one iteration; expected one of each")
    if len(pairs) < 2:
        raise MBHError(
            f"run has {len(pairs)} network{'' if len(pairs) == 1 else 's'} and no checkpoints to "
            f"compare: give {what}"
        )
    networks = [network for _, network in pairs]
    return sorted(zip(iterations, networks, strict=True), key=lambda pair: pair[0])


def _check_widths(networks: list[tuple[int, object]]) -> None:
    """Raise MBHError unless all have the same layers."""
    widths = {iteration: layer_widths(hidden_layers(network)) for iteration, network in networks}
    first, *_ = widths.values()
    for iteration, found in widths.items():
        if list(found) != list(first):
            raise MBHError(
                f"run has a network of the widths {list(found)} at iteration {iteration}, but of "
                f"{list(first)} at first: they are to be of one training"
            )


def _weights(network) -> list[np.ndarray]:
    """Weights and biases of each hidden layer, in one row."""
    layers = hidden_layers(network)
    widths = layer_widths(layers)
    return [
        np.concatenate([weight[:width].ravel(), bias[:width]])
        for (weight, bias, *_), width in zip(layers, widths, strict=True)
    ]


def _distance(weights: np.ndarray, final: np.ndarray) -> float:
    """Of weights from the final ones, as a share of these; NaN where these are all 0."""
    size = float(np.linalg.norm(final))
    return float(np.linalg.norm(weights - final)) / size if size else float("nan")
