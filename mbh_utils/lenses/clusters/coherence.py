"""Coherence: whether the neurons of a sub-cluster go with one feature of the inputs or outputs.

Two answers. One optimises an image for each sub-cluster, as Hod et al. do, and looks at how far
that gets and at what the network makes of the image. The other, which is ours, looks at how the
neurons' activations go with the classes of given images.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters.chain import Chain, classes_of, images_of
from mbh_utils.lenses.clusters.lesions import columns_of_test
from mbh_utils.lenses.clusters.permutation import relative_effect
from mbh_utils.lenses.clusters.sub_clusters import (
    SubCluster,
    refuse_none,
    sub_clusters_of,
    table_of,
)

#: Steps of the optimisation, its step size, and the noise on the image that it starts from.
STEPS = 65
STEP_SIZE = 0.05
NOISE = 0.01
#: Decay of Adam's two means, and what its divisor is at least.
_DECAY = (0.9, 0.999)
_SMALLEST = 1e-8


def coherence(
    network,
    labels: ArrayLike,
    samples: Samples,
    *,
    draws: int = 19,
    seed: int = 0,
    dead_ends: bool = False,
    start: ArrayLike | None = None,
    limits: tuple[float, float] = (0.0, 1.0),
    steps: int = STEPS,
) -> pd.DataFrame:
    """Whether the neurons of sub-clusters go together more than those of random sets.

    Parameters
    ----------
    network : Network or torch.nn.Module
        Anything :func:`mbh_utils.hidden_layers` understands, but for a list of hidden layers.
    labels : array_like of int
        The cluster of each hidden neuron in layer order, or of each input, hidden neuron and
        output; -1 for what is left out.
    samples : Samples
        Images of all classes, for the class score.
    draws : int, default 19
        Random sets for each sub-cluster: with the same seed the ones of :func:`importance`.
    seed : int, default 0
        Of these sets, and of the noise on the image that is started from.
    dead_ends : bool, default False
        Whether neurons without a live path to the outputs take part.
    start : array_like, shape (d,), optional
        The image that is started from, such as the mean of the training images; by default the mean
        of ``samples``. The same noise, of standard deviation 0.01, is added for all sets.
    limits : tuple of float, default (0, 1)
        The smallest and the largest value of an input.
    steps : int, default 65
        Of the optimisation.

    Returns
    -------
    pandas.DataFrame
        One row for each sub-cluster: layer, cluster, size, live, draws as in :func:`importance`;
        then, each with the mean of the draws (``_null``), a p-value (``p_``, mid-p) and the effect
        (``effect_``, from 0 to 2, mean over draws):

        - score: mean \\|pre-activation\\| of its neurons that an optimised image reaches; coherent
          ones get further (right tail, effect above 1);
        - entropy: of the network's softmax for that image, in nats; coherent is a low one (left
          tail, effect below 1);
        - dispersion: standard deviation over its neurons of their activations for that image;
          coherent is a low one (left tail);
        - class_score, ours: mean \\|correlation\\| of its neurons' activations with being of a
          class, for the class with the largest one (best_class); right tail. A neuron that is
          constant has the correlation 0.

    Raises
    ------
    MBHError
        For labels or a start that do not go with the network, for samples without images of some
        class, and where no sub-cluster can be tested.

    Notes
    -----
    Hod et al. (arXiv 2110.08058) optimise by Lucid. Here the sum of \\|pre-activations\\| of a set
    is maximised within the limits by projected Adam with step size 0.05, all sets of a layer at
    once.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import lenses
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (12, 4))
    >>> labels = [0] * 6 + [1] * 6 + [0, 0, 1, 1]
    >>> found = lenses.clusters.coherence(network, labels, data.validation, draws=9)
    >>> bool((found["score"] > 0).all()), found["draws"].tolist()
    (True, [9, 9, 9, 9])
    """
    draws = require.whole("draws", draws, 1)
    chain = Chain.of(network)
    found = refuse_none(sub_clusters_of(chain, labels, draws, seed, dead_ends))
    images = images_of(samples, chain)
    classes = classes_of(samples, chain)
    low, high = _checked_limits(limits)
    steps = require.whole("steps", steps, 0, 10**6)
    begin = _start(images.mean(axis=0) if start is None else start, chain, seed)
    scores = class_scores(chain, found, images, classes)
    parts = []
    for layer in sorted({one.layer for one in found}):
        here = [one for one in found if one.layer == layer]
        members = _members(here, chain.widths[layer])
        optimised = optimise(chain, layer, members, begin, (low, high), steps)
        parts.append(_of_images(chain, layer, members, optimised))
    columns = _tested_images(parts, draws)
    best = np.array([score[0].argmax() for score in scores])
    largest = np.round(np.stack([score.max(axis=1) for score in scores]), 12)
    columns |= _tested("class_score", largest, "right") | {"best_class": best}
    return table_of(found).assign(draws=draws, **columns)


def _checked_limits(limits) -> tuple[float, float]:
    given = require.listed("limits", limits, "the smallest and the largest value of an input")
    if len(given) != 2:
        raise MBHError(f"limits has {len(given)} members; expected a smallest and a largest value")
    low, high = (require.number("limits", value) for value in given)
    if not low < high:
        raise MBHError(f"limits is ({low}, {high}); expected a smallest and a larger value")
    return low, high


def _start(given: ArrayLike, chain: Chain, seed: int) -> np.ndarray:
    image = require.numbers("start", given, (None,))
    if len(image) != chain.n_inputs:
        raise MBHError(f"start has {len(image)} values; the network takes {chain.n_inputs}")
    return image + NOISE * stream(seed, "start image").standard_normal(len(image))


def _members(found: list[SubCluster], width: int) -> np.ndarray:
    """Which neurons are in each set: (sub-cluster x draw) x neuron, of 0 and 1."""
    sets = [row for one in found for row in one.sets]
    members = np.zeros((len(sets), width))
    for row, neurons in zip(members, sets, strict=True):
        row[neurons] = 1
    return members


# ------------------------------------------------------------------------------------ optimisation


def optimise(
    chain: Chain,
    layer: int,
    members: np.ndarray,
    start: np.ndarray,
    limits: tuple[float, float],
    steps: int,
) -> np.ndarray:
    """Images (n_sets, d) that drive the pre-activations of sets of a layer's neurons far from 0.

    Projected Adam on the sum of \\|pre-activations\\|, from one start and within the limits.

    members: which neurons are in each set, (n_sets, n_neurons) of 0 and 1.
    """
    low, high = limits
    x = np.tile(np.clip(start, low, high), (len(members), 1))
    mean = np.zeros_like(x)
    square = np.zeros_like(x)
    first, second = _DECAY
    for step in range(1, steps + 1):
        gradient = _gradient(chain, layer, members, x)
        mean += (1 - first) * (gradient - mean)
        gradient *= gradient
        square += (1 - second) * (gradient - square)
        divisor = np.sqrt(square / (1 - second**step))
        divisor += _SMALLEST
        x += STEP_SIZE / (1 - first**step) * mean / divisor
        np.clip(x, low, high, out=x)
    return x


def _gradient(chain: Chain, layer: int, members: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Of the sums of \\|pre-activations\\| over the sets, by their images: (n_sets, d)."""
    width = members.shape[1]
    passed = []
    a = x
    for number in range(layer):
        weight, bias = chain.layer(number)[:2]
        a = a @ weight.T + bias
        is_passed = a > 0
        is_passed[:, chain.widths[number] :] = True  # linear units
        a *= is_passed
        passed.append(is_passed)
    weight, bias = chain.layer(layer)[:2]
    signs = np.sign(a @ weight[:width].T + bias[:width])
    gradient = (signs * members) @ weight[:width]
    for number in range(layer - 1, -1, -1):
        gradient *= passed[number]
        gradient = gradient @ chain.layer(number).weight
    return gradient


def _of_images(
    chain: Chain, layer: int, members: np.ndarray, images: np.ndarray
) -> dict[str, np.ndarray]:
    """What the network makes of the image of each set: score, entropy and dispersion (n_sets,)."""
    values = chain.preactivations(images)
    z = values[layer].T[:, : members.shape[1]]
    size = members.sum(axis=1)
    a = np.maximum(z, 0)
    mean = (a * members).sum(axis=1) / size
    variance = ((a - mean[:, None]) ** 2 * members).sum(axis=1) / size
    score = (np.abs(z) * members).sum(axis=1) / size
    return {
        "score": score,
        "entropy": softmax_entropy(values[-1].T),
        "dispersion": np.sqrt(variance),
    }


def softmax_entropy(outputs: np.ndarray) -> np.ndarray:
    """The entropy in nats of the softmax of each row of outputs (n, n_outputs)."""
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    total = weights.sum(axis=1)
    return np.log(total) - (weights * shifted).sum(axis=1) / total


def _tested_images(parts: list[dict[str, np.ndarray]], draws: int) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for name, tail in (("score", "right"), ("entropy", "left"), ("dispersion", "left")):
        values = np.concatenate([part[name] for part in parts]).reshape(-1, draws + 1)
        columns |= _tested(name, np.round(values, 12), tail)
    return columns


def _tested(name: str, values: np.ndarray, tail: str) -> dict[str, np.ndarray]:
    """The columns of one test; its effect is the mean of those on each draw."""
    true, null = values[:, 0], values[:, 1:]
    columns = columns_of_test(name, true, null, tail)
    effects = np.asarray(relative_effect(true[:, None], null))
    return columns | {f"effect_{name}": effects.mean(axis=1)}


# ---------------------------------------------------------------------------------- class score


def class_scores(
    chain: Chain, found: list[SubCluster], images: np.ndarray, labels: np.ndarray
) -> list[np.ndarray]:
    """Mean \\|correlation\\| of each set's activations with each class: (sets, n_classes) each."""
    values = chain.preactivations(images)
    indicator = np.eye(chain.n_outputs)[labels]
    scores = []
    for one in found:
        z = values[one.layer][: chain.widths[one.layer]]
        correlations = np.abs(correlation(np.maximum(z, 0), indicator))
        scores.append(correlations[one.sets].mean(axis=1))
    return scores


def correlation(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each row (k, n) with each column (n, c): (k, c).

    It is 0 where either is constant.
    """
    a = rows - rows.mean(axis=1, keepdims=True)
    b = columns - columns.mean(axis=0)
    spread = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=0)
    constant = np.ptp(rows, axis=1)[:, None] == 0
    is_there = (spread > 0) & ~constant
    return np.where(is_there, a @ b / np.where(is_there, spread, 1), 0.0)
