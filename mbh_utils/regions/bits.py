"""Activation patterns packed into bits, in two layouts.

Words: what a partition keeps, (n_regions, n_words) uint64. Each layer begins with a word of its
own, its first neuron in the lowest bit.

Bytes: what :func:`pack` makes, (n, ceil(k / 8)) uint8, the first neuron in the highest bit; rows
sorted as bytes are then sorted as patterns.
"""

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

_WORD = 64  # bits


def words_of(n_neurons: int) -> int:
    """Words that hold the states of so many neurons of one layer."""
    return (n_neurons + _WORD - 1) // _WORD


def place_of(widths: tuple[int, ...], neurons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Word and bit that hold each neuron's state in packed patterns: (k,) int64 and (k,) uint64."""
    first_neuron = np.concatenate([[0], np.cumsum(widths)])
    first_word = np.concatenate([[0], np.cumsum([words_of(n) for n in widths])])
    layer = np.searchsorted(first_neuron, neurons, side="right") - 1
    inside = neurons - first_neuron[layer]
    word = first_word[layer] + inside // _WORD
    return word, np.uint64(1) << (inside % _WORD).astype(np.uint64)


def pack_words(states: np.ndarray) -> np.ndarray:
    """One layer's states (n, n_l) bool as words (n, ceil(n_l / 64)) uint64, first neuron lowest."""
    n, width = states.shape
    padded = np.zeros((n, words_of(width) * _WORD), dtype=bool)
    padded[:, :width] = states
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def unpack_words(widths: tuple[int, ...], packed: np.ndarray) -> list[np.ndarray]:
    """States (n, n_l) bool of each layer in packed patterns (n, n_words)."""
    states = []
    start = 0
    for width in widths:
        stop = start + words_of(width)
        layer_bytes = np.ascontiguousarray(packed[:, start:stop]).astype("<u8").view(np.uint8)
        bits = np.unpackbits(layer_bytes, axis=1, count=width, bitorder="little")
        states.append(bits.view(bool))
        start = stop
    return states


def pack(patterns: np.ndarray) -> np.ndarray:
    """Pack patterns into bytes, eight neurons in each.

    Parameters
    ----------
    patterns : array_like of bool, shape (n, k)
        A pattern of k neurons in each row.

    Returns
    -------
    ndarray of uint8, shape (n, ceil(k / 8))
        The first neuron is in the highest bit.

    Raises
    ------
    MBHError
        For what is no two-dimensional array of True and False.

    Examples
    --------
    >>> from mbh_utils import patterns
    >>> patterns.pack([[True, False, False, False, False, False, False, False, True]]).tolist()
    [[128, 128]]
    """
    return np.packbits(require.bits("patterns", patterns), axis=1)


def unpack(packed: np.ndarray, n_neurons: int) -> np.ndarray:
    """Undo :func:`pack`.

    Parameters
    ----------
    packed : ndarray of uint8, shape (n, ceil(n_neurons / 8))
        What :func:`pack` returned.
    n_neurons : int
        How many neurons the patterns are of; the last byte may hold fewer than eight.

    Returns
    -------
    ndarray of bool, shape (n, n_neurons)
        The patterns that were packed.

    Raises
    ------
    MBHError
        For an array of another type or shape, and for more neurons than it can hold.

    Examples
    --------
    >>> from mbh_utils import patterns
    >>> patterns.unpack(patterns.pack([[True, False, True]]), 3).tolist()
    [[True, False, True]]
    """
    packed = require.array("packed", packed)
    if packed.ndim != 2 or packed.dtype != np.uint8:
        raise MBHError(
            f"packed is {packed.dtype} of shape {packed.shape}; "
            "expected (n, k) uint8, as pack makes it"
        )
    n_neurons = require.whole("n_neurons", n_neurons, 0, 8 * packed.shape[1])
    return np.unpackbits(packed, axis=1, count=n_neurons).astype(bool)
