"""Masks of sparse networks, and the accounting of hidden network parameters (thesis, sections 2.1 to 2.3).

Works on plain arrays, so that it knows nothing of torch. A *shape* is ``(n_out, n_in)`` of one hidden layer, a
*mask* a bool array of that shape, True where the connection lives. Biases are never pruned; the output layer
stays dense and is not part of any count.
"""

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

Shapes = list[tuple[int, int]]
#: Of the largest masks that are drawn together: 8 GB while they are.
MOST_ENTRIES = 10**9


def layer_shapes(n_inputs: int, hidden: tuple[int, ...]) -> Shapes:
    """``(n_out, n_in)`` of every hidden layer."""
    what = "the widths of the hidden layers, such as (300, 100)"
    hidden = [
        require.whole("a width in hidden", n, 1) for n in require.listed("hidden", hidden, what)
    ]
    widths = (require.whole("n_inputs", n_inputs, 1), *hidden)
    return [(n_out, n_in) for n_in, n_out in zip(widths, widths[1:], strict=False)]


def dense_parameters(n_inputs: int, hidden: tuple[int, ...]) -> int:
    """Hidden network parameters (HNPs) of a dense network: weights and biases before the output layer."""
    return sum(n_out * (n_in + 1) for n_out, n_in in layer_shapes(n_inputs, hidden))


def density(n_inputs: int, hidden: tuple[int, ...], parameters: int) -> float:
    """Share of the hidden *weights* that a network with this many HNPs keeps, in (0, 1]."""
    dense, n_hidden = dense_parameters(n_inputs, hidden), sum(hidden)
    if not n_hidden < dense:
        raise MBHError(f"hidden is {hidden!r}; expected at least one hidden layer")
    return (require.whole("parameters", parameters, n_hidden, dense) - n_hidden) / (
        dense - n_hidden
    )


def weights_per_layer(shapes: Shapes, parameters: int) -> list[int]:
    """Weights that each hidden layer keeps so that biases + weights are exactly ``parameters``.

    Every layer gets the same density of weights; what rounding leaves over goes to the layers that lost most
    by it, and no layer gets fewer weights than it has neurons.

    Raises MBHError when the budget does not fit these shapes.
    """
    shapes = _checked_shapes(shapes)
    n_hidden = sum(n_out for n_out, _ in shapes)
    sizes = np.array([n_out * n_in for n_out, n_in in shapes])
    least = np.array([n_out for n_out, _ in shapes])
    keep = require.whole("parameters", parameters) - n_hidden
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


def _checked_shapes(shapes: Shapes) -> Shapes:
    what = "shapes (n_out, n_in), one per hidden layer"
    pairs = [
        tuple(require.listed("a shape in shapes", s, "two numbers"))
        for s in require.listed("shapes", shapes, what)
    ]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise MBHError(f"shapes is {shapes!r}; expected {what}")
    return [
        (require.whole("n_out in shapes", a, 1), require.whole("n_in in shapes", b, 1))
        for a, b in pairs
    ]


def random_masks(shapes: Shapes, parameters: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random unstructured masks with exactly ``parameters`` HNPs; every neuron keeps at least one input."""
    require.kind_of(
        "rng",
        rng,
        np.random.Generator,
        "a generator of random numbers: numpy.random.default_rng(0)",
    )
    counts, shapes = weights_per_layer(shapes, parameters), _checked_shapes(shapes)
    if (entries := sum(n_out * n_in for n_out, n_in in shapes)) > MOST_ENTRIES:
        raise MBHError(
            f"shapes {require.shown(shapes)} have {entries:,} entries, which do not fit into memory"
        )
    return [_top(rng.random(shape), count) for shape, count in zip(shapes, counts, strict=True)]


def magnitude_masks(weights: list[np.ndarray], parameters: int) -> list[np.ndarray]:
    """One-shot magnitude masks (section 2.2): each layer keeps its largest \\|w\\|, with exactly ``parameters`` HNPs.

    weights: the hidden layers' weights, each (n_out, n_in). Every neuron keeps at least its strongest input.
    """
    what = "weight matrices, one per hidden layer"
    weights = [
        require.numbers("weights", w, (None, None))
        for w in require.listed("weights", weights, what)
    ]
    counts = weights_per_layer([w.shape for w in weights], parameters)
    return [_top(np.abs(w), count) for w, count in zip(weights, counts, strict=True)]


def dead_ends(masks: list[np.ndarray]) -> list[np.ndarray]:
    """Which neurons of each hidden layer have no live path to the last hidden layer: one (n_l,) bool array per layer.

    Such a neuron draws its hyperplane, but changes neither the last layer's pattern nor the output.
    """
    masks = [
        require.bits("masks", mask)
        for mask in require.listed("masks", masks, "masks, one per hidden layer")
    ]
    if not masks or any(b.shape[1] != len(a) for a, b in zip(masks, masks[1:], strict=False)):
        shapes = [mask.shape for mask in masks]
        raise MBHError(
            f"masks have the shapes {shapes}; expected (n_l, n_(l-1)), each layer taking what the last gives"
        )
    reaching = [np.ones(len(masks[-1]), dtype=bool)]
    for mask in reversed(masks[1:]):
        reaching.insert(0, mask[reaching[0]].any(axis=0))
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
