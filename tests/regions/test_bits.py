"""Packed patterns: nothing is lost, and each bit is where it is said to be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mbh_utils.regions.patterns import (
    pack,
    unpack,
)

bits = npst.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 20)))


@given(bits)
def test_packing_loses_nothing(patterns):
    packed = pack(patterns)
    assert packed.dtype == np.uint8 and packed.shape == (len(patterns), -(-patterns.shape[1] // 8))
    assert (unpack(packed, patterns.shape[1]) == patterns).all()


def test_the_first_neuron_is_the_highest_bit():
    assert pack(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1]])).tolist() == [[128, 128]]
