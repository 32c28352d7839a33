"""Blankets on a partition: the regions on which a decision pattern holds, and their area."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.bits import place_of, words_of
from mbh_utils.regions.patterns import DecisionPattern


@dataclass(frozen=True, eq=False)
class Blanket:
    """The part of a plane on which a decision pattern holds: a union of activation regions.

    Made by :meth:`mbh_utils.Partition.blanket`.

    Attributes
    ----------
    area : float
        In units of the input space squared.
    share : float
        The area over that of the plane's domain, in [0, 1].
    regions : ndarray of bool, shape (n_regions,)
        Which activation regions belong to it.

    Notes
    -----
    Blanket: Definition 3.11 of the thesis. That no activation region belongs to it in part only is
    Lemma 3.2. The minimal blanket (Definition 4.3) is that of the maximal pattern,
    :func:`mbh_utils.maximal_pattern`.
    """

    area: float
    share: float
    regions: np.ndarray

    def __repr__(self) -> str:
        n_inside = self.regions.sum()
        n_regions = len(self.regions)
        return f"Blanket({n_inside:,} of {n_regions:,} regions, {self.share:.4%} of the domain)"


def pattern_masks(
    widths: tuple[int, ...], patterns: Sequence[DecisionPattern]
) -> tuple[np.ndarray, np.ndarray]:
    """Bits that decision patterns constrain, and their values, both (m, n_words) uint64."""
    n_hidden = sum(widths)
    patterns = require.listed("patterns", patterns, "decision patterns")
    for pattern in patterns:
        require.kind_of(
            "pattern", pattern, DecisionPattern, "a DecisionPattern, as maximal_pattern makes it"
        )
    masks = np.zeros((len(patterns), sum(words_of(n) for n in widths)), dtype=np.uint64)
    values = np.zeros_like(masks)
    for j, pattern in enumerate(patterns):
        neurons = np.asarray(pattern.neurons, dtype=np.int64)
        if len(neurons) and neurons.max() >= n_hidden:
            raise MBHError(
                f"the decision pattern constrains neuron {neurons.max()}, but this network has "
                f"{n_hidden} hidden neurons (0 to {n_hidden - 1})"
            )
        word, bit = place_of(widths, neurons)
        np.bitwise_or.at(masks[j], word, bit)
        np.bitwise_or.at(values[j], word[pattern.states], bit[pattern.states])
    return masks, values


def regions_under(packed: np.ndarray, mask: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Which regions agree with one masked pattern, (n_regions,) bool."""
    return (((packed ^ value) & mask) == 0).all(axis=1)


def areas_under(
    packed: np.ndarray, areas: np.ndarray, masks: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Total area (m,) of the regions that agree with each of m masked patterns."""
    from mbh_utils.regions.kernel import blankets

    used = np.flatnonzero(masks.any(axis=0))  # words without a constraint need not be read
    columns = np.ascontiguousarray(packed[:, used].T)
    masks = np.ascontiguousarray(masks[:, used])
    values = np.ascontiguousarray(values[:, used])
    return blankets.blanket_areas(columns, np.ascontiguousarray(areas), masks, values)
