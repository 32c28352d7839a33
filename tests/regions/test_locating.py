"""Points are found in their regions, and regions beside each other."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import random_layers, random_plane

from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.planes import Plane

seeds = st.integers(0, 2**32 - 1)
widths = st.lists(st.integers(1, 12), min_size=1, max_size=3)


def test_points_are_found_and_points_outside_are_not():
    layers = random_layers(5, 2, (6, 4))
    plane = Plane.rectangle([-2, -2], [2, 2])
    regions = partition_input_space(layers, plane)
    assert (regions.locate(regions.centroids) == np.arange(len(regions))).all()
    assert regions.locate([[3, 0], [0, -2.1]]).tolist() == [-1, -1]
    following = np.concatenate([np.roll(p, -1, axis=0) for p in regions.polygons])
    on_edges = (regions.corners + following) / 2
    owner = np.repeat(np.arange(len(regions)), np.diff(regions.offsets))
    pairs = {tuple(pair) for pair in regions.adjacency()[0].tolist()}
    for found, here in zip(regions.locate(on_edges), owner, strict=True):
        assert found == here or (min(found, here), max(found, here)) in pairs


@settings(deadline=None, max_examples=40)
@given(seeds, widths)
def test_neighbours_differ_in_the_neuron_between_them(seed, widths):
    layers = random_layers(seed, 5, widths)
    plane = random_plane(seed, 5)
    regions = partition_input_space(layers, plane)
    pairs, neurons = regions.adjacency()
    changed = regions.patterns[pairs[:, 0]] != regions.patterns[pairs[:, 1]]
    assert (changed.sum(axis=1) == 1).all()
    assert (np.argmax(changed, axis=1) == neurons).all()
    inner = sum((edge >= 0).sum() for edge in regions.edge_neurons)
    assert 2 * len(pairs) == inner
    # The regions hang together: from one all are reached.
    reached = {0}
    waiting = [0]
    while waiting:
        here = waiting.pop()
        for there in pairs[(pairs == here).any(axis=1)].ravel().tolist():
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    assert len(reached) == len(regions)
