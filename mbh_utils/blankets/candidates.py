"""Maximal patterns of networks that may use equally many neurons, or the best few.

A wide layer offers the maximal pattern more neurons to choose from. Here every network gets the
same choice: a random set of candidate neurons, or its best neurons, judged on other planes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.blankets.maximal_pattern import (
    Constraints,
    check_coverage,
    greedy_constraints,
    needed_samples,
    patterns_in_scope,
)
from mbh_utils.blankets.mbh import listed_planes
from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.bits import pack_words
from mbh_utils.regions.blanket import areas_under
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.planes import Line, Plane
from mbh_utils.regions.result import Partition


def matched_specialization(
    network,
    samples: Samples | ArrayLike,
    planes: Plane | Line | Sequence[Plane | Line],
    coverage: float = 0.8,
    *,
    candidates: int,
    draws: int = 10,
    scope: str = "last",
    seed: int = 0,
    output_layer: bool = True,
) -> float:
    """Specialization where the maximal pattern may choose among so many random neurons only.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples or array_like, shape (n, d)
        The samples that embody the phenomenon.
    planes : Plane or Line, or a sequence of them
        Where hypervolumes are measured.
    coverage : float, default 0.8
        Minimum coverage c_P, in (0, 1].
    candidates : int
        How many neurons the pattern may choose from; at most as many as are in scope.
    draws : int, default 10
        Random sets of candidates, over which s is averaged. Of all neurons there is one set.
    scope : {"last", "all"}, default "last"
        Candidates are neurons of the last hidden layer, as in the thesis, or of every hidden layer.
    seed : int, default 0
        Of the random sets.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    float
        In [0, 1]. With all neurons as candidates it is :func:`mbh_utils.specialization`.

    Raises
    ------
    MBHError
        As :func:`mbh_utils.specialization`, and for more candidates than there are neurons.

    See Also
    --------
    specialization : every neuron of the layer may be chosen.

    Notes
    -----
    A measure of our own, after chapter 8. s of Definition 4.7 of the thesis grows with the number
    of neurons that Algorithm 3 may choose from, even in untrained networks. To compare networks of
    unequal width, each is given equally many candidates: Algorithm 3 over a random set of them,
    averaged over sets. Ecologists compare numbers of species in this way, which also grow with
    what was collected, and call it rarefaction (Sanders 1968, Hurlbert 1971).

    Examples
    --------
    Two neurons halve the square, and all samples agree on both. One candidate leaves a half, two
    leave a quarter.

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> mbh.matched_specialization(layers, [[1, 1], [2, 1]], square, candidates=1)
    0.5
    >>> mbh.matched_specialization(layers, [[1, 1], [2, 1]], square, candidates=2)
    0.75
    """
    planes = listed_planes(planes)
    if not planes:
        raise MBHError("matched_specialization needs at least one plane")
    coverage = check_coverage(coverage)
    bits, first = patterns_in_scope(network, samples, scope, output_layer)
    n_neurons = bits.shape[1]
    candidates = require.whole("candidates", candidates, 1, n_neurons)
    draws = require.whole("draws", draws, 1, 100_000)
    constraints = []
    for chosen in random_sets(n_neurons, candidates, draws, require.whole("seed", seed, 0)):
        constraints += among_candidates(bits, chosen, [coverage])
    kept = ("areas", "patterns")
    shares = []
    with closing(partitions(network, planes, output_layer=output_layer, keep=kept)) as found:
        for regions in found:
            masks, values = masks_of(regions.widths, first, constraints)
            shares.append(blanket_shares([regions], masks, values))
    return float(1 - np.mean(shares))


def random_sets(n: int, size: int, draws: int, seed: int = 0) -> list[np.ndarray]:
    """Sorted random sets of so many out of n neurons; of all of them only one.

    Draw i is the beginning of the same random order for every size, so that small sets are part of
    larger ones.
    """
    if size >= n:
        return [np.arange(n)]
    orders = (stream(seed, "candidates", draw + 1).permutation(n) for draw in range(draws))
    return [np.sort(order[:size]) for order in orders]


def among_candidates(
    bits: np.ndarray, candidates: np.ndarray, coverages: Sequence[float]
) -> list[Constraints]:
    """Algorithm 3 over some of the neurons only, for each minimum coverage.

    bits: patterns (n, k) of the samples; candidates: which of the k neurons, in ascending order.
    """
    found = greedy_constraints(bits[:, candidates], coverages)
    return [c._replace(neurons=candidates[c.neurons]) for c in found]


# ---------------------------------------------------------------------------------- the best few


class _Search:
    """A greedy search for few constraints that leave little of the other planes."""

    def __init__(self, bits: np.ndarray, regions: np.ndarray, areas: np.ndarray):
        n = len(bits)
        self.states = 2 * bits.sum(axis=0) > n
        self.dissent = (bits != self.states).astype(np.float32)
        self.regions = regions
        self.areas = areas

    def order(self, needed: int, most: int, thrifty: bool) -> tuple[list[int], list[float]]:
        """The neurons in the order of their choice, and the area that is left after each.

        thrifty: weigh what a constraint excludes against the samples that it loses.
        """
        active = self.regions
        areas = self.areas
        samples = np.ones(len(self.dissent), dtype=np.float32)
        chosen: list[int] = []
        left = [float(areas.sum())]
        free = np.ones(len(self.states), dtype=bool)
        while len(chosen) < most:
            lost = samples @ self.dissent
            is_possible = free & (samples.sum() - lost >= needed - 0.5)
            if not is_possible.any():
                break
            inside = areas @ active  # area where each neuron is active
            excluded = np.where(self.states, areas.sum() - inside, inside)
            excluded = np.where(excluded > 1e-6 * self.areas.sum(), excluded, 0.0)
            gain = excluded
            if thrifty:
                kept = 1 - excluded / max(areas.sum(), 1e-30)
                gain = -np.log(np.maximum(kept, 1e-6)) / (1 + lost)
            ranked = np.lexsort((lost, -gain, ~is_possible))
            best = int(ranked[0])
            if excluded[best] == 0:  # nothing to win on these planes: only what costs no sample
                best = int(np.lexsort((lost, ~is_possible))[0])
                if lost[best] > 0:
                    break
            chosen.append(best)
            free[best] = False
            samples = samples * (1 - self.dissent[:, best])
            stays = active[:, best] == self.states[best]
            active = active[stays]
            areas = areas[stays]
            left.append(float(areas.sum()))
        return chosen, left


def best_few(
    bits: np.ndarray,
    regions: np.ndarray,
    areas: np.ndarray,
    coverage: float,
    sizes: Sequence[int],
) -> list[Constraints]:
    """For each size at most so many constraints, chosen to leave little area.

    bits: patterns (n, k) of the samples; regions: float32 patterns (r, k) of the same neurons on
    planes, areas: theirs.
    """
    n = len(bits)
    search = _Search(bits, regions, areas)
    needed = needed_samples(coverage, n)
    ways = [search.order(needed, max(sizes), thrifty) for thrifty in (False, True)]
    found = []
    for size in sizes:
        best = min(ways, key=lambda way: way[1][min(size, len(way[0]))])
        found.append(on_samples(bits, np.array(best[0][:size], dtype=int), search.states))
    return found


def on_samples(bits: np.ndarray, chosen: np.ndarray, states: np.ndarray) -> Constraints:
    """Constraints of chosen neurons to their states, with the share of the samples they leave."""
    wanted = states[chosen]
    return Constraints(chosen, wanted, float((bits[:, chosen] == wanted).all(axis=1).mean()))


# ------------------------------------------------------------------------------- blankets of many


def masks_of(
    widths: Sequence[int], first: int, constraints: Sequence[Constraints]
) -> tuple[np.ndarray, np.ndarray]:
    """What :func:`pattern_masks` gives, of neurons counted from neuron ``first`` on."""
    shape = (len(constraints), sum(widths))
    constrained = np.zeros(shape, dtype=bool)
    active = np.zeros(shape, dtype=bool)
    for i, c in enumerate(constraints):
        constrained[i, first + c.neurons] = True
        active[i, first + c.neurons] = c.states
    ends = np.cumsum(widths)[:-1]
    masks, values = (
        np.concatenate([pack_words(layer) for layer in np.split(bits, ends, axis=1)], axis=1)
        for bits in (constrained, active)
    )
    return masks, values


def blanket_shares(found: Iterable[Partition], masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of each plane's domain that each pattern's blanket takes, (planes, m)."""
    shares = []
    for regions in found:
        areas = weight_under(regions.packed, regions.areas, masks, values)
        shares.append(np.minimum(areas / regions.plane.area, 1))
    return np.array(shares).reshape(len(shares), len(masks))


def weight_under(
    words: np.ndarray, weights: np.ndarray, masks: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """The weight (m,) of the rows that agree with each of m masked patterns.

    Rows that agree in all words that some pattern constrains are joined first: of the last hidden
    layer there are far fewer patterns than activation regions.
    """
    used = np.flatnonzero(masks.any(axis=0))
    distinct, total = joined(words[:, used], weights)
    return areas_under(distinct, total, masks[:, used], values[:, used])


def joined(words: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of equal words (n, w) as one, with the sum of their weights."""
    if not words.shape[1]:
        return words[:1], weights.sum(keepdims=True)
    rows = np.ascontiguousarray(words).view([("", words.dtype)] * words.shape[1]).ravel()
    _, places, group = np.unique(rows, return_index=True, return_inverse=True)
    return words[places], np.bincount(group.ravel(), weights=weights)
