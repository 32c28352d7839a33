"""Packed patterns: nothing is lost, and each bit is where it is said to be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mbh_utils.regions.bits import pack, pack_words, place_of, unpack, unpack_words

bits = npst.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 20)))


@given(bits)
def test_packing_loses_nothing(patterns):
    packed = pack(patterns)
    n, k = patterns.shape
    assert packed.dtype == np.uint8
    assert packed.shape == (n, -(-k // 8))
    assert (unpack(packed, patterns.shape[1]) == patterns).all()


def test_the_first_neuron_is_the_highest_bit():
    assert pack(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1]])).tolist() == [[128, 128]]


@given(st.integers(0, 2**32), st.lists(st.integers(1, 140), min_size=1, max_size=3))
def test_words_hold_each_neuron_where_place_of_says(seed, widths):
    rng = np.random.default_rng(seed)
    states = [rng.random((4, width)) < 0.5 for width in widths]
    packed = np.concatenate([pack_words(layer) for layer in states], axis=1)
    assert packed.shape == (4, sum(-(-width // 64) for width in widths))
    for layer, unpacked in zip(states, unpack_words(tuple(widths), packed), strict=True):
        assert (layer == unpacked).all()
    word, bit = place_of(tuple(widths), np.arange(sum(widths)))
    assert ((packed[:, word] & bit != 0) == np.concatenate(states, axis=1)).all()
