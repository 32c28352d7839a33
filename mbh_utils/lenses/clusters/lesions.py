"""Lesions: what a network classifies without the neurons of a sub-cluster.

A neuron is lesioned by making it silent: its activation is 0 for every input, which is what weights
and a bias of 0 do. All lesions of a layer share one pass over the images, since a lesion of the
set Q changes what the next layer takes by ``-W[:, Q] a[Q]`` and nothing else.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.lenses.clusters.chain import Chain, classes_of, images_of
from mbh_utils.lenses.clusters.permutation import p_value, relative_effect
from mbh_utils.lenses.clusters.sub_clusters import (
    SubCluster,
    refuse_none,
    sub_clusters_of,
    table_of,
)

#: Bytes of the pre-activations that are changed at once: they fit into a processor's cache.
_BLOCK_BYTES = 4 * 2**20
#: A mean change of class accuracies that is too small to be divided by.
LEAST_CHANGE = 0.001
#: Equal numbers may differ by a rounding; equal ones tie.
_DIGITS = 12


def lesions(
    network,
    labels: ArrayLike,
    samples: Samples,
    *,
    draws: int = 19,
    seed: int = 0,
    dead_ends: bool = False,
) -> pd.DataFrame:
    """Class accuracies after the lesion of each sub-cluster, and of random sets as large as it.

    Parameters
    ----------
    network : Network or torch.nn.Module
        Anything :func:`mbh_utils.hidden_layers` understands, but for a list of hidden layers.
    labels : array_like of int
        The cluster of each hidden neuron in layer order, or of each input, hidden neuron and
        output; -1 for what is left out. What :func:`cluster` makes of a graph.
    samples : Samples
        Images of all classes, such as ``data.validation``.
    draws : int, default 19
        Random sets for each sub-cluster; 0 for none.
    seed : int, default 0
        Of these sets.
    dead_ends : bool, default False
        Whether neurons without a live path to the outputs take part: their lesion changes nothing,
        so that random sets with them make every sub-cluster look important.

    Returns
    -------
    pandas.DataFrame
        One row for each sub-cluster, draw and class: layer (from 0), cluster, size, live (neurons
        of the layer that take part), draw (0: the sub-cluster itself), class, before and after (the
        share of the class's images that are classified correctly).

    Raises
    ------
    MBHError
        For labels that do not go with the network, for samples without images of some class, and
        where no sub-cluster can be tested.

    Notes
    -----
    The lesions of Hod et al. (arXiv 2110.08058). A draw is a random partition of a layer into
    sets of the sub-clusters' sizes. Of an activation with several breakpoints, or with a slope
    on both sides, a lesion takes the neuron and leaves the linear unit beside it.

    Examples
    --------
    Two halves of a network, one for each class:

    >>> import numpy as np
    >>> import torch
    >>> import mbh_utils as mbh
    >>> from mbh_utils import lenses
    >>> network = torch.nn.Sequential(
    ...     torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)
    ... ).requires_grad_(False)
    >>> halves = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    >>> _ = network[0].weight.copy_(halves), network[0].bias.zero_()
    >>> _ = network[2].weight.copy_(halves.T), network[2].bias.copy_(torch.tensor([0, 0.1]))
    >>> samples = mbh.Samples([[1.0, 0.0], [0.0, 1.0]], [0, 1])
    >>> lenses.clusters.lesions(network, [0, 0, 1, 1], samples, draws=0)
       layer  cluster  size  live  draw  class  before  after
    0      0        0     2     4     0      0     1.0    0.0
    1      0        0     2     4     0      1     1.0    1.0
    2      0        1     2     4     0      0     1.0    1.0
    3      0        1     2     4     0      1     1.0    1.0
    """
    chain = Chain.of(network)
    found = refuse_none(sub_clusters_of(chain, labels, draws, seed, dead_ends))
    before, after = class_accuracies(chain, found, samples)
    n_draws, n_classes = after[0].shape
    repeated = table_of(found).loc[np.repeat(np.arange(len(found)), n_draws * n_classes)]
    return repeated.reset_index(drop=True).assign(
        draw=np.tile(np.repeat(np.arange(n_draws), n_classes), len(found)),
        **{"class": np.tile(np.arange(n_classes), n_draws * len(found))},
        before=np.tile(before, n_draws * len(found)),
        after=np.concatenate([each.ravel() for each in after]),
    )


def importance(
    network,
    labels: ArrayLike,
    samples: Samples,
    *,
    draws: int = 19,
    seed: int = 0,
    dead_ends: bool = False,
    ties: str = "mid",
) -> pd.DataFrame:
    """Whether lesions of sub-clusters hurt more, and fewer classes, than those of random sets.

    Parameters
    ----------
    network, labels, samples, seed, dead_ends
        As of :func:`lesions`.
    draws : int, default 19
        Random sets for each sub-cluster, one at least.
    ties : {"mid", "strict"}, default "mid"
        How p-values count draws that tie, see :func:`p_value`.

    Returns
    -------
    pandas.DataFrame
        One row for each sub-cluster:

        - layer, cluster, size, live, draws as in :func:`lesions`;
        - before: the mean class accuracy without a lesion; drop and drop_null: what it loses by the
          lesion, and by the random ones (their mean); p_importance: small where the loss is larger
          than chance; effect_importance: from 0 to 2; chance_importance:
          the mean effect of the draws themselves, which lies a little below 1;
        - range and range_null: (largest - smallest) / mean change of a class accuracy, NaN where
          the mean change is below 0.001; range_draws: random sets for which it is not; p_range:
          small where the loss falls on fewer classes than by chance; effect_range, chance_range;
        - std and std_null: standard deviation of the changes of the class accuracies, which needs
          no division; p_std, effect_std;
        - p_partition, equal in all rows: of the mean drop of all sub-clusters, against random
          partitions. It takes into account that sub-clusters are parts of one partition.

    Raises
    ------
    MBHError
        As :func:`lesions`, and without a draw.

    Notes
    -----
    Importance and class range of Hod et al. (arXiv 2110.08058), whose accuracy is the mean over
    classes too. Their effect 2 t / (t + r) is that on the mean r of the draws, whose expectation
    without a difference is below 1. What is no loss counts as 0 in it, where they take an effect of
    0 unless both lose. Chance effects, mid-p values, std and the test of whole partitions are
    additions.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import lenses
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (12, 4))
    >>> labels = [0] * 6 + [1] * 6 + [0, 0, 1, 1]
    >>> found = lenses.clusters.importance(network, labels, data.validation)
    >>> found[["layer", "cluster", "size", "live", "draws"]].values.tolist()
    [[0, 0, 6, 12, 19], [0, 1, 6, 12, 19], [1, 0, 2, 4, 19], [1, 1, 2, 4, 19]]
    """
    draws = require.whole("draws", draws, 1)
    require.choice("ties", ties, ("mid", "strict"))
    chain = Chain.of(network)
    found = refuse_none(sub_clusters_of(chain, labels, draws, seed, dead_ends))
    before, after = class_accuracies(chain, found, samples)
    changes = np.stack(after) - before  # sub-cluster x (itself, then draws) x class
    return pd.concat([table_of(found), importance_of(changes, float(before.mean()), ties)], axis=1)


def importance_of(changes: np.ndarray, before: float, ties: str = "mid") -> pd.DataFrame:
    """What :func:`importance` says of changes of class accuracies.

    changes: sub-cluster x (itself, then draws) x class.
    """
    mean = np.round(changes.mean(axis=2), _DIGITS)
    drawn = mean[:, 1:].mean(axis=1)
    table = pd.DataFrame({"draws": np.full(len(changes), changes.shape[1] - 1), "before": before})
    table["drop"] = -mean[:, 0]
    table["drop_null"] = -drawn
    table["p_importance"] = p_value(mean[:, 0], mean[:, 1:], ties=ties)
    table["effect_importance"] = _loss_effect(mean[:, 0], drawn)
    table["chance_importance"] = _of_draws(mean[:, 1:], _loss_effect)
    ranges = class_range(changes)
    counted = (~np.isnan(ranges[:, 1:])).sum(axis=1)
    columns = columns_of_test("range", ranges[:, 0], ranges[:, 1:], "right", ties)
    columns["chance_range"] = _of_draws(ranges[:, 1:], relative_effect)
    table = table.assign(**columns, range_draws=counted)
    spread = np.round(changes.std(axis=2), _DIGITS)
    table = table.assign(**columns_of_test("std", spread[:, 0], spread[:, 1:], "right", ties))
    whole = mean.mean(axis=0).round(_DIGITS)
    return table.assign(p_partition=p_value(whole[0], whole[1:], ties=ties))


def _loss_effect(true: np.ndarray, null: np.ndarray) -> np.ndarray:
    """2 t / (t + r) of losses; what is no loss counts as 0."""
    return np.asarray(relative_effect(np.maximum(-true, 0), np.maximum(-null, 0)))


def _of_draws(null: np.ndarray, effect: Callable) -> np.ndarray:
    """The mean effect of a draw on the mean of the others: what an effect is by chance.

    It is below 1, since 2 t / (t + r) bends: a small t takes more from it than a large one adds.
    NaN where fewer than two draws count.
    """
    there = ~np.isnan(null)
    n = there.sum(axis=1, keepdims=True)
    values = np.where(there, null, 0)
    others = (values.sum(axis=1, keepdims=True) - values) / np.maximum(n - 1, 1)
    found = np.where(there & (n > 1), effect(values, others), 0)
    return np.where(n[:, 0] > 1, found.sum(axis=1) / np.maximum(n[:, 0], 1), np.nan)


def class_range(changes: np.ndarray) -> np.ndarray:
    """(Largest - smallest) / \\|mean\\| of changes on the last axis; NaN where that is near 0."""
    mean = np.abs(changes.mean(axis=-1))
    width = np.ptp(changes, axis=-1)
    is_small = mean < LEAST_CHANGE
    found = np.where(is_small, np.nan, width / np.where(is_small, 1, mean))
    return np.round(found, _DIGITS)


def columns_of_test(
    name: str, true: np.ndarray, null: np.ndarray, tail: str, ties: str = "mid"
) -> dict[str, np.ndarray]:
    """The columns of one test: value, mean of the draws, p-value, and effect on that mean."""
    there = ~np.isnan(null)
    total = np.where(there, null, 0).sum(axis=1)
    n = there.sum(axis=1)
    mean = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return {
        name: true,
        f"{name}_null": mean,
        f"p_{name}": np.asarray(p_value(true, null, tail, ties=ties)),
        f"effect_{name}": np.asarray(relative_effect(true, mean)),
    }


# ------------------------------------------------------------------------------- class accuracies


def class_accuracies(
    chain: Chain, found: list[SubCluster], samples: Samples
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Class accuracies without a lesion (n_classes,), and of each sub-cluster (sets, n_classes)."""
    images = images_of(samples, chain)
    labels = classes_of(samples, chain)
    indicator = np.zeros((len(labels), chain.n_outputs))
    indicator[np.arange(len(labels)), labels] = 1
    of_class = indicator.sum(axis=0)
    values = chain.preactivations(images)
    before = _correct(values[-1], labels) @ indicator / of_class
    counts = [np.zeros((len(one.sets), chain.n_outputs)) for one in found]
    for layer in sorted({one.layer for one in found}):
        a = chain.activate(layer, values[layer])
        after = values[layer + 1]
        for one, count in zip(found, counts, strict=True):
            if one.layer == layer:
                for block, outputs in _lesioned(chain, one, a, after):
                    count += _correct(outputs, labels[block]) @ indicator[block]
    return before, [count / of_class for count in counts]


def _lesioned(
    chain: Chain, one: SubCluster, a: np.ndarray, after: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Outputs (sets, n_outputs, b) after the lesion of each set, for a block of images at a time.

    a: activations of its layer; after: what the next layer makes of them without a lesion.
    """
    following, bias = chain.layer(one.layer + 1)[:2]
    # What is left of a layer is summed anew where that is less work than to take the sets away.
    n_units = following.shape[1]
    is_large = 2 * one.size >= n_units
    units = _others(one.sets, n_units) if is_large else one.sets
    into = np.ascontiguousarray(following[:, units].transpose(1, 0, 2))  # set x unit x neuron
    widest = max(len(chain.layer(i).bias) for i in range(one.layer + 1, len(chain.hidden) + 1))
    step = max(_BLOCK_BYTES // (8 * len(one.sets) * widest), 16)
    n = a.shape[1]
    for start in range(0, n, step):
        block = slice(start, min(start + step, n))
        z = into @ a[:, block][units]
        if is_large:
            z += bias[:, None]
        else:
            np.subtract(after[:, block], z, out=z)
        for number in range(one.layer + 1, len(chain.hidden)):
            weight, bias_behind = chain.layer(number + 1)[:2]
            z = weight @ chain.activate(number, z)
            z += bias_behind[:, None]
        yield block, z


def _others(sets: np.ndarray, n_units: int) -> np.ndarray:
    """The units that are not in each of some sets of equal size."""
    is_in = np.zeros((len(sets), n_units), dtype=bool)
    np.put_along_axis(is_in, sets, True, axis=1)
    return np.nonzero(~is_in)[1].reshape(len(sets), -1)


def _correct(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the largest output, the first of equal ones, is the label's: (..., n) of 0 and 1."""
    best = outputs[..., 0, :].copy()
    winner = np.zeros(best.shape, dtype=labels.dtype)
    for c in range(1, outputs.shape[-2]):
        value = outputs[..., c, :]
        winner[value > best] = c
        np.maximum(best, value, out=best)
    return (winner == labels).astype(np.float64)
