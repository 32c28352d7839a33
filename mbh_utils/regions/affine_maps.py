"""On which activation regions the outputs of a network are the same affine map of the plane.

Decided exactly, in three steps, each for what the one before leaves open:

1. Regions in which the same neurons are active, as far as they reach an output through active
   neurons, have the same map.
2. Maps that differ in float64 by more than their rounding are different.
3. The others are compared in integers, free of rounding.
"""

from collections.abc import Iterator

import numpy as np

from mbh_utils.regions.bits import pack_words, unpack_words
from mbh_utils.regions.kernel.exact import Oracle
from mbh_utils.regions.restriction import HiddenNetwork, Restriction
from mbh_utils.regions.result import Partition

#: So many regions at a time.
_CHUNK = 2048


def numbers_of_maps(partition: Partition, output: tuple) -> np.ndarray:
    """Number of the affine map of each region, (n_regions,): equal numbers, equal maps.

    output: (weight, bias, number of outputs), the layer behind the hidden ones.
    """
    network = HiddenNetwork([*partition.network, output])
    restriction = Restriction(network, partition.plane)
    relevant = _relevant_neurons(partition, network.layers)
    keys, first, of_region = np.unique(relevant, axis=0, return_index=True, return_inverse=True)
    of_region = of_region.reshape(-1)
    number = np.arange(len(keys))
    oracle = Oracle(restriction, [*partition.widths, len(output[1])])
    for group in _undecided(_maps(partition, keys, restriction), restriction.errors[-1]):
        found: dict[tuple, int] = {}
        for i in group.tolist():
            exact = _exact_map(oracle, partition.packed[first[i]], len(output[1]))
            number[i] = found.setdefault(exact, i)
    return np.unique(number[of_region], return_inverse=True)[1].reshape(-1)


def _relevant_neurons(partition: Partition, layers: list[tuple]) -> np.ndarray:
    """Active neurons that reach an output through active ones, packed: (n_regions, n_words).

    layers: with the output layer behind the hidden ones.
    """
    n_regions = partition.n_regions
    found = np.zeros_like(partition.packed)
    for start in range(0, n_regions, _CHUNK):
        states = unpack_words(partition.widths, partition.packed[start : start + _CHUNK])
        reached = np.ones((len(states[0]), len(layers[-1][1])), dtype=bool)
        words = []
        for state, layer in zip(reversed(states), reversed(layers[1:]), strict=True):
            carries = (layer[0] != 0).astype(np.float32)
            into = reached.astype(np.float32) @ carries > 0
            reached = _with_linear_units(state, into.shape[1]) & into
            words.insert(0, pack_words(reached[:, : state.shape[1]]))
        found[start : start + _CHUNK] = np.concatenate(words, axis=1)
    return found


def _with_linear_units(state: np.ndarray, n_units: int) -> np.ndarray:
    """States with those of linear units behind them, which are always active."""
    n_linear = n_units - state.shape[1]
    return np.pad(state, ((0, 0), (0, n_linear)), constant_values=True)


def _maps(partition: Partition, keys: np.ndarray, restriction: Restriction) -> np.ndarray:
    """Coefficients of the outputs under packed patterns, (n, n_outputs, 3) float64."""
    parts = []
    first, *above = restriction.on_plane
    for start in range(0, len(keys), _CHUNK):
        states = unpack_words(partition.widths, keys[start : start + _CHUNK])
        maps = np.column_stack([first[0], first[1]])
        maps = np.broadcast_to(maps, (len(states[0]), *maps.shape))
        for (weight, bias, *_), state in zip(above, states, strict=True):
            active = _with_linear_units(state, maps.shape[1])
            maps = weight @ (maps * active[:, :, None])
            maps[:, :, 2] += bias
        parts.append(maps)
    return np.concatenate(parts)


def _undecided(maps: np.ndarray, errors: np.ndarray) -> Iterator[np.ndarray]:
    """Groups of maps that float64 does not tell apart, as arrays of their places.

    maps: (n, n_outputs, 3); errors: bounds for each coefficient, (3, n_outputs).
    """
    bounds = 2.0 * errors.T.ravel()
    flat = maps.reshape(len(maps), -1)
    known = np.isfinite(bounds)
    weights = np.random.default_rng(0).uniform(1, 2, len(bounds))
    # A sum of all coefficients, each in units of its own bound, so that rounding moves it by less
    # than the sum of the weights: only neighbours in its order can be equal.
    units = np.where(known & (bounds > 0), weights / np.maximum(bounds, 1e-300), 0.0)
    sums = flat @ units
    slack = weights.sum() + 1e-12 * np.abs(flat) @ units
    order = np.argsort(sums, kind="stable")
    apart = np.diff(sums[order]) > slack[order][1:] + slack[order][:-1]
    for group in np.split(order, np.flatnonzero(apart) + 1):
        if len(group) > 1:
            yield group


def _exact_map(oracle: Oracle, bits: np.ndarray, n_outputs: int) -> tuple:
    """The outputs under a packed pattern as integers, up to a factor that all maps share."""
    first = len(oracle.place) - n_outputs
    return tuple(oracle.line(first + i, bits) for i in range(n_outputs))
