"""Masks of sparse networks, and the accounting of hidden network parameters (thesis, sections 2.1 to 2.3).

Works on plain arrays, so that it knows nothing of torch. A *shape* is ``(n_out, n_in)`` of one hidden layer, a
*mask* a bool array of that shape, True where the connection lives. Biases are never pruned; the output layer
stays dense and is not part of any count.
"""

import numpy as np

from mbh_utils.errors import MBHError

Shapes = list[tuple[int, int]]


def layer_shapes(n_inputs: int, hidden: tuple[int, ...]) -> Shapes:
    """``(n_out, n_in)`` of every hidden layer."""
    widths = (n_inputs, *hidden)
    return [(n_out, n_in) for n_in, n_out in zip(widths, widths[1:], strict=False)]


def dense_parameters(n_inputs: int, hidden: tuple[int, ...]) -> int:
    """Hidden network parameters (HNPs) of a dense network: weights and biases before the output layer."""
    return sum(n_out * (n_in + 1) for n_out, n_in in layer_shapes(n_inputs, hidden))


def density(n_inputs: int, hidden: tuple[int, ...], parameters: int) -> float:
    """Share of the hidden *weights* that a network with this many HNPs keeps, in (0, 1]."""
    n_hidden = sum(hidden)
    return (parameters - n_hidden) / (dense_parameters(n_inputs, hidden) - n_hidden)


def weights_per_layer(shapes: Shapes, parameters: int) -> list[int]:
    """Weights that each hidden layer keeps so that biases + weights are exactly ``parameters``.

    Every layer gets the same density of weights; what rounding leaves over goes to the layers that lost most
    by it, and no layer gets fewer weights than it has neurons.

    Raises MBHError when the budget does not fit these shapes.
    """
    n_hidden = sum(n_out for n_out, _ in shapes)
    sizes = np.array([n_out * n_in for n_out, n_in in shapes])
    least = np.array([n_out for n_out, _ in shapes])
    keep = int(parameters) - n_hidden
    if not least.sum() <= keep <= sizes.sum():
        raise MBHError(
            f"{parameters:,} hidden parameters do not fit hidden layers {[n for n, _ in shapes]}: choose between "
            f"{n_hidden + least.sum():,} (one connection per neuron) and {n_hidden + sizes.sum():,} (dense)"
        )
    share = keep * sizes / sizes.sum()
    counts = np.maximum(np.floor(share).astype(int), least)
    while counts.sum() != keep:
        short = counts.sum() < keep
        room = counts < sizes if short else counts > least
        gap = np.where(room, share - counts if short else counts - share, -np.inf)
        counts[np.argmax(gap)] += 1 if short else -1
    return counts.tolist()


def random_masks(shapes: Shapes, parameters: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random unstructured masks with exactly ``parameters`` HNPs; every neuron keeps at least one input."""
    counts = weights_per_layer(shapes, parameters)
    return [_top(rng.random(shape), count) for shape, count in zip(shapes, counts, strict=True)]


def magnitude_masks(weights: list[np.ndarray], parameters: int) -> list[np.ndarray]:
    """One-shot magnitude masks (section 2.2): each layer keeps its largest \\|w\\|, with exactly ``parameters`` HNPs.

    weights: the hidden layers' weights, each (n_out, n_in). Every neuron keeps at least its strongest input.
    """
    counts = weights_per_layer([w.shape for w in weights], parameters)
    return [_top(np.abs(w), count) for w, count in zip(weights, counts, strict=True)]


def dead_ends(masks: list[np.ndarray]) -> list[np.ndarray]:
    """Which neurons of each hidden layer have no live path to the last hidden layer: one (n_l,) bool array per layer.

    Such a neuron draws its hyperplane, but changes neither the last layer's pattern nor the output.
    """
    reaching = [np.ones(len(masks[-1]), dtype=bool)]
    for mask in reversed(masks[1:]):
        reaching.insert(0, np.asarray(mask)[reaching[0]].any(axis=0))
    return [~r for r in reaching]


def _top(score: np.ndarray, count: int) -> np.ndarray:
    """Mask of the ``count`` highest scores; a row left empty takes its best entry from the weakest spare one."""
    mask = np.zeros(score.shape, dtype=bool)
    mask.flat[np.argsort(-score, axis=None, kind="stable")[:count]] = True
    for row in np.flatnonzero(~mask.any(axis=1)):
        spare = np.where(mask & (mask.sum(axis=1, keepdims=True) > 1), score, np.inf)
        mask.flat[np.argmin(spare)] = False
        mask[row, np.argmax(score[row])] = True
    return mask
