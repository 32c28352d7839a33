"""How far the wirings of two sparse networks are apart, with hidden neurons told apart by wiring.

The distance is the NNSTD ("neural network sparse topology distance") of Liu et al. (2020). Masks
here are those of this package: bool, (n_out, n_in), a row for each receiving neuron. (The paper's
matrices are their transposes.) Only hidden layers are compared: the output layer is dense here, and
its neurons are classes, which nobody may exchange.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network, masks_with_degrees, masks_with_pixel_degrees

#: What can be compared: a network of this package, or the masks of its hidden layers.
Wiring = Network | Sequence[ArrayLike]
_EXPECTED = "masks (n_out, n_in), one per hidden layer, or a network of this package"


@dataclass(frozen=True, eq=False)
class Distance:
    """How far the wirings of two networks a and b are apart.

    Attributes
    ----------
    matched : (layers,) array
        Mean normalised edit distance of the neurons of a layer, each of a's with the one of b's
        that the best one-to-one assignment gives it. In [0, 1].
    identity : (layers,) array
        The same with neuron j of a beside neuron j of b.
    assignments : list of (n_out,) arrays of int
        One a layer: neuron j of a goes with neuron ``assignments[l][j]`` of b.
    null : (layers,) array
        ``matched`` of independent random masks with as many connections in each layer; NaN where
        no random masks were asked for.
    pixel_null : (layers,) array
        The same where each input of the first layer has as many connections as in the networks.
    degree_null : (layers,) array
        The same where, in all layers, each input and each neuron has as many as in the networks.

    Notes
    -----
    ``matched <= identity`` holds in the first layer only: later ones depend on what was matched
    before them.

    Examples
    --------
    >>> from mbh_utils.lenses import topology
    >>> found = topology.nnstd([[[1, 1, 0], [0, 1, 1]]], [[[0, 1, 1], [1, 1, 1]]])
    >>> found.table[["layer", "matched", "identity"]].round(3)
       layer  matched  identity
    0      1    0.167       0.5
    """

    matched: np.ndarray
    identity: np.ndarray
    assignments: list[np.ndarray]
    null: np.ndarray
    pixel_null: np.ndarray
    degree_null: np.ndarray

    @property
    def mean(self) -> float:
        """The NNSTD: the mean of ``matched`` over layers."""
        return float(self.matched.mean())

    @property
    def over_null(self) -> float:
        """The NNSTD over that of random masks: below 1, the two share wiring."""
        return float(self.matched.mean() / self.null.mean())

    @property
    def over_pixel_null(self) -> float:
        """The NNSTD over that of random masks in which every input keeps its degree."""
        return float(self.matched.mean() / self.pixel_null.mean())

    @property
    def over_degree_null(self) -> float:
        """The NNSTD over that of random masks in which inputs and neurons keep their degrees."""
        return float(self.matched.mean() / self.degree_null.mean())

    @property
    def table(self) -> pd.DataFrame:
        """One row a layer: layer (from 1), matched, identity and the three nulls."""
        return pd.DataFrame(
            {
                "layer": np.arange(1, len(self.matched) + 1),
                "matched": self.matched,
                "identity": self.identity,
                "null": self.null,
                "pixel_null": self.pixel_null,
                "degree_null": self.degree_null,
            }
        )


def edit_distances(mask_a: ArrayLike, mask_b: ArrayLike) -> np.ndarray:
    """Normalised edit distance of each neuron of one layer to each of another.

    Parameters
    ----------
    mask_a, mask_b : (n_out, n_in) bool arrays
        Of the two layers: a row tells to which inputs a neuron is connected. They need not have
        equally many neurons, but the same inputs.

    Returns
    -------
    (n_out of a, n_out of b) array
        In [0, 1].

    Raises
    ------
    MBHError
        For what is no mask, and for layers of different inputs.

    Notes
    -----
    Connections that only one of two neurons has, over those that at least one of them has (Liu et
    al. 2020): the Jaccard distance. Two neurons without any connection have distance 0.

    Examples
    --------
    >>> edit_distances([[1, 0, 1, 1]], [[1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]])
    array([[0.25, 1.  , 1.  ]])
    """
    a = _checked_mask("mask_a", mask_a)
    b = _checked_mask("mask_b", mask_b)
    if a.shape[1] != b.shape[1]:
        raise MBHError(
            f"mask_a has {a.shape[1]} inputs and mask_b {b.shape[1]}: neurons can be compared "
            "only where the inputs are the same"
        )
    return _edit_distances(a, b)


def _edit_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """By one product of matrices; float32 counts exactly up to 16 million inputs."""
    common = a.astype(np.float32) @ b.astype(np.float32).T
    degrees_a = a.sum(axis=1, dtype=float)
    degrees_b = b.sum(axis=1, dtype=float)
    either = degrees_a[:, None] + degrees_b - common
    return (either - common) / np.maximum(either, 1)


def nnstd(a: Wiring, b: Wiring, *, nulls: int = 0, seed: int = 0) -> Distance:
    """Distance of the wirings of two sparse networks of the same widths.

    Parameters
    ----------
    a, b : Network or sequence of (n_out, n_in) bool arrays
        Networks of this package, or the masks of their hidden layers from the inputs on.
    nulls : int, default 0
        Pairs of random masks that the distance is held against, of which the mean is taken; 0: it
        is held against none, which is quicker.
    seed : int, default 0
        Of these random masks.

    Returns
    -------
    Distance
        Per layer: matched, identity, the three nulls, and the assignments.

    Raises
    ------
    MBHError
        For what are no masks, or no layers one after another, and for networks of different widths.

    Notes
    -----
    Liu, van der Lee, Yaman, Atashgahi, Ferraro, Sokar, Pechenizkiy, Mocanu: *Topological Insights
    into Sparse Neural Networks* (ECML-PKDD 2020, arXiv 2006.14085). Layer by layer from the inputs
    on, neurons are matched so that the sum of their normalised edit distances is smallest (an
    assignment problem); the inputs of b's next layer are then put into the order of a's neurons.
    Inputs of the network, pixels, are never exchanged.

    Each layer is matched for itself, so that ties of one layer can spoil the next: read `matched`
    beside `identity`, and, since it depends much on density alone, beside `null`.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.lenses import topology
    >>> data = mbh.load_dataset("digits8")
    >>> networks = [mbh.lenet(data, (48, 16), parameters=500, seed=seed) for seed in (0, 1)]
    >>> found = topology.nnstd(*networks, nulls=5)
    >>> found.identity.round(2), found.matched.round(2), found.null.round(2)
    (array([0.94, 0.94]), array([0.77, 0.8 ]), array([0.76, 0.81]))
    >>> round(topology.nnstd(networks[0], networks[0]).mean, 2)
    0.0
    """
    masks_a = _checked_masks("a", a)
    masks_b = _checked_masks("b", b)
    _require_same_shapes(masks_a, masks_b)
    nulls = require.whole("nulls", nulls, 0)
    seed = require.whole("seed", seed, 0)
    matched, assignments = _matched(masks_a, masks_b)
    found = _null_distances(masks_a, masks_b, nulls, seed)
    return Distance(matched, _identity(masks_a, masks_b), assignments, *found)


def pairwise(wirings: Sequence[Wiring], *, nulls: int = 0, seed: int = 0) -> pd.DataFrame:
    """Distances of all pairs of several networks of the same widths.

    Parameters
    ----------
    wirings : sequence of Network or of sequences of (n_out, n_in) bool arrays
        At least two.
    nulls : int, default 0
        As in :func:`nnstd`.
    seed : int, default 0
        Of the random masks; each pair has its own.

    Returns
    -------
    pandas.DataFrame
        One row per pair and layer: a, b (positions in the list, a < b), layer (from 1), matched,
        identity, null, pixel_null, degree_null.

    Raises
    ------
    MBHError
        As in :func:`nnstd`, and for fewer than two networks.

    Notes
    -----
    With ``.groupby(["a", "b"])["matched"].mean()`` it is the NNSTD of Liu et al. (2020), of each
    pair.

    Examples
    --------
    >>> from mbh_utils.lenses import topology
    >>> masks = [[[[1, 1, 0], [0, 1, 1]]], [[[0, 1, 1], [1, 1, 0]]], [[[1, 0, 0], [0, 1, 1]]]]
    >>> topology.pairwise(masks)[["a", "b", "layer", "matched", "identity"]].round(2)
       a  b  layer  matched  identity
    0  0  1      1     0.00      0.67
    1  0  2      1     0.25      0.25
    2  1  2      1     0.25      0.83
    """
    given = require.listed("wirings", wirings, "networks, or lists of masks")
    seed = require.whole("seed", seed, 0)
    if len(given) < 2:
        raise MBHError(f"wirings has {len(given)} members; distances need at least two")
    read = [_checked_masks("wirings", one) for one in given]
    tables = []
    for a in range(len(read)):
        for b in range(a + 1, len(read)):
            found = nnstd(read[a], read[b], nulls=nulls, seed=seed + len(tables)).table
            found.insert(0, "b", b)
            found.insert(0, "a", a)
            tables.append(found)
    return pd.concat(tables, ignore_index=True)


# ------------------------------------------------------------------------------------- distances


def _matched(
    masks_a: list[np.ndarray], masks_b: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Distance of each layer, and which neuron of b goes with each of a."""
    distances = []
    assignments = []
    order = np.arange(masks_b[0].shape[1])  # of b's inputs: pixels stay where they are
    for mask_a, mask_b in zip(masks_a, masks_b, strict=True):
        costs = _edit_distances(mask_a, mask_b[:, order])
        rows, order = linear_sum_assignment(costs)
        distances.append(costs[rows, order].mean())
        assignments.append(order)
    return np.array(distances), assignments


def _identity(masks_a: list[np.ndarray], masks_b: list[np.ndarray]) -> np.ndarray:
    """Distance of each layer with neuron j beside neuron j."""
    distances = []
    for a, b in zip(masks_a, masks_b, strict=True):
        either = (a | b).sum(axis=1)
        distances.append(((a ^ b).sum(axis=1) / np.maximum(either, 1)).mean())
    return np.array(distances)


def _null_distances(
    masks_a: list[np.ndarray], masks_b: list[np.ndarray], nulls: int, seed: int
) -> np.ndarray:
    """Mean distances of random masks: with equal counts, pixel degrees, and degrees; a row each."""
    if not nulls:
        return np.full((3, len(masks_a)), np.nan)
    rng = stream(seed, "null_masks")
    drawn = []
    for _ in range(nulls):
        random_a = [_as_many(mask, rng) for mask in masks_a]
        random_b = [_as_many(mask, rng) for mask in masks_b]
        plain, _ = _matched(random_a, random_b)
        random_a[0] = masks_with_pixel_degrees(masks_a[0], rng)
        random_b[0] = masks_with_pixel_degrees(masks_b[0], rng)
        of_pixels, _ = _matched(random_a, random_b)
        traded_a = [masks_with_degrees(mask, rng) for mask in masks_a]
        traded_b = [masks_with_degrees(mask, rng) for mask in masks_b]
        of_degrees, _ = _matched(traded_a, traded_b)
        drawn.append((plain, of_pixels, of_degrees))
    return np.mean(drawn, axis=0)


def _as_many(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random mask with as many connections; a neuron may have none."""
    drawn = np.zeros(mask.shape, dtype=bool)
    drawn.flat[rng.choice(mask.size, int(mask.sum()), replace=False, shuffle=False)] = True
    return drawn


# -------------------------------------------------------------------------------- what was given


def _checked_mask(name: str, given: Any) -> np.ndarray:
    mask = require.bits(name, given)
    if not mask.size:
        raise MBHError(f"{name} has the shape {mask.shape}; expected at least one neuron and input")
    return mask


def _checked_masks(name: str, given: Any) -> list[np.ndarray]:
    """The masks of a network's hidden layers, or those that were given."""
    if isinstance(given, Network):
        return given.masks
    masks = [_checked_mask(name, mask) for mask in require.listed(name, given, _EXPECTED)]
    if not masks:
        raise MBHError(f"{name} is empty; expected {_EXPECTED}")
    if any(after.shape[1] != len(before) for before, after in zip(masks, masks[1:], strict=False)):
        raise MBHError(
            f"{name} has masks of the shapes {[mask.shape for mask in masks]}; expected "
            "(n_out, n_in), each layer taking what the last gives (transpose them, if they are "
            "(n_in, n_out))"
        )
    return masks


def _require_same_shapes(masks_a: list[np.ndarray], masks_b: list[np.ndarray]) -> None:
    if len(masks_a) != len(masks_b):
        raise MBHError(
            f"a has {len(masks_a)} hidden layers and b {len(masks_b)}: only wirings of equally "
            "deep networks can be compared"
        )
    shapes_a = [mask.shape for mask in masks_a]
    shapes_b = [mask.shape for mask in masks_b]
    if shapes_a != shapes_b:
        raise MBHError(
            f"a has masks of the shapes {shapes_a} and b {shapes_b}: only wirings of networks of "
            "the same widths can be compared"
        )
