"""What can be asked of a partition: patterns, maps, and how it shows itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import preactivation_rows, random_layers, random_plane

from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.planes import Plane

seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 12), min_size=1, max_size=3)


def test_layers_of_the_patterns():
    regions = partition_input_space(random_layers(1, 3, (70, 5)), random_plane(1, 3))
    layers = [regions.layer_patterns(0), regions.layer_patterns(1)]
    assert (np.hstack(layers) == regions.patterns).all()
    assert (regions.layer_patterns() == regions.patterns[:, 70:]).all()
    assert regions.packed.shape == (len(regions), 3)
    assert regions.packed.dtype == np.uint64


def test_repr_is_short_and_says_how_sure_it_is():
    regions = partition_input_space(random_layers(1, 3, (5, 3)), random_plane(1, 3))
    start = f"Partition({len(regions)} regions of a 5-3 hidden network, certified; Plane"
    assert repr(regions).startswith(start)


@settings(deadline=None, max_examples=20)
@given(seeds, widths)
def test_the_affine_map_of_a_region(seed, widths):
    layers = random_layers(seed, 4, widths)
    plane = random_plane(seed, 4)
    regions = partition_input_space(layers, plane)
    for i in range(0, len(regions), 7):
        z = preactivation_rows(layers, plane.embed(regions.centroids[[i]]))
        for layer in range(-1, len(widths)):
            weight, bias = regions.affine_map(i, layer)
            assert weight @ regions.centroids[i] + bias == pytest.approx(z[layer][0], abs=1e-10)


def test_the_affine_map_of_what_is_not_there_is_refused():
    regions = partition_input_space(random_layers(2, 2, (3,)), Plane.rectangle())
    with pytest.raises(MBHError, match="no region 99"):
        regions.affine_map(99)
    with pytest.raises(MBHError, match="no hidden layer 1"):
        regions.affine_map(0, 1)
