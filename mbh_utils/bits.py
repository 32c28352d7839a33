"""Activation patterns packed into 64-bit words: each layer begins with a word, its first neuron in the lowest bit."""

from collections.abc import Sequence

import numpy as np

from mbh_utils import _given
from mbh_utils.errors import MBHError
from mbh_utils.patterns import DecisionPattern


def place_of(widths: tuple[int, ...], neurons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Word and bit that hold each neuron's state in packed patterns: (k,) int64 and (k,) uint64."""
    first = np.concatenate([[0], np.cumsum(widths)])
    words = np.concatenate([[0], np.cumsum([(n + 63) // 64 for n in widths])])
    layer = np.searchsorted(first, neurons, side="right") - 1
    inside = neurons - first[layer]
    return words[layer] + inside // 64, np.uint64(1) << (inside % 64).astype(np.uint64)


def pattern_masks(widths: tuple[int, ...], patterns: Sequence[DecisionPattern]) -> tuple[np.ndarray, np.ndarray]:
    """Bits that decision patterns constrain, and their values, both (m, n_words) uint64."""
    n_hidden, patterns = sum(widths), _given.listed("patterns", patterns, "decision patterns")
    for pattern in patterns:
        _given.kind_of("pattern", pattern, DecisionPattern, "a DecisionPattern, as maximal_pattern makes it")
    masks = np.zeros((2, len(patterns), sum((n + 63) // 64 for n in widths)), dtype=np.uint64)
    for j, pattern in enumerate(patterns):
        neurons = np.asarray(pattern.neurons, dtype=np.int64)
        if len(neurons) and neurons.max() >= n_hidden:
            raise MBHError(
                f"the decision pattern constrains neuron {neurons.max()}, but this network has "
                f"{n_hidden} hidden neurons (0 to {n_hidden - 1})"
            )
        word, bit = place_of(widths, neurons)
        np.bitwise_or.at(masks[0, j], word, bit)
        np.bitwise_or.at(masks[1, j], word[pattern.states], bit[pattern.states])
    return masks[0], masks[1]


def areas_under(packed: np.ndarray, areas: np.ndarray, masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Total area (m,) of the regions that agree with each of m masked patterns."""
    from mbh_utils.regions.kernel import blankets

    used = np.flatnonzero(masks.any(axis=0))
    columns, masks, values = (np.ascontiguousarray(x) for x in (packed[:, used].T, masks[:, used], values[:, used]))
    return blankets.blanket_areas(columns, np.ascontiguousarray(areas), masks, values)


def unpack_words(widths: tuple[int, ...], packed: np.ndarray) -> list[np.ndarray]:
    """States (n, n_l) bool of each layer in packed patterns (n, n_words)."""
    states, start = [], 0
    for width in widths:
        words = np.ascontiguousarray(packed[:, start : start + (width + 63) // 64]).astype("<u8")
        states.append(np.unpackbits(words.view(np.uint8), axis=1, count=width, bitorder="little").view(bool))
        start += (width + 63) // 64
    return states


def pack_words(states: np.ndarray) -> np.ndarray:
    """One layer's states (n, n_l) bool as words (n, ceil(n_l / 64)) uint64, first neuron in the lowest bit."""
    n, width = states.shape
    padded = np.zeros((n, (width + 63) // 64 * 64), dtype=bool)
    padded[:, :width] = states
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)
