"""The kernel writes nowhere but into its arrays: all of them stand between canaries here.

Compiled code checks no index. What it would write behind (or before) an array shows only now and
then, as a wrong result or a crash somewhere else; so each array is copied into the middle of a
larger one, whose ends must stay as they are.
"""

import ctypes

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_exact import NASTY, NONAGON, SQUARE, TRIANGLE, hard_case, nasty_layers

from mbh_utils.regions.kernel import descent, exact, layout, memory
from mbh_utils.regions.kernel.driver import limits_of
from mbh_utils.regions.kernel.network import network_arrays
from mbh_utils.regions.restriction import Restriction

#: Bytes on each side of an array, a multiple of a cache line, and what they hold.
WIDTH = 1024
CANARY = 0xA5


class Cage:
    """Arrays of a named tuple, each copied to between two canaries."""

    def __init__(self, fields):
        self.edges = []
        arrays = {
            name: self._caged(array)
            for name, array in fields._asdict().items()
            if isinstance(array, np.ndarray)
        }
        self.fields = fields._replace(**arrays)

    def _caged(self, array: np.ndarray) -> np.ndarray:
        """A copy of the array, with the memory that it is a part of, as far from a cache line."""
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        memory_around = np.full(owner.nbytes + 2 * WIDTH + 64, CANARY, np.uint8)
        shift = (owner.ctypes.data - memory_around.ctypes.data) % 64
        start = WIDTH + shift
        stop = start + owner.nbytes
        inside = memory_around[start:stop]
        inside[:] = np.ascontiguousarray(owner).reshape(-1).view(np.uint8)
        self.edges += [memory_around[:start], memory_around[stop:]]
        offset = array.ctypes.data - owner.ctypes.data
        return np.ndarray(array.shape, array.dtype, inside.data, offset, array.strides)

    def is_whole(self) -> bool:
        return all((edge == CANARY).all() for edge in self.edges)


def walk(layers, plane, exact_areas: bool, room: int, polygons: bool) -> int:
    """Partition between canaries, with little room at first; the number of regions."""
    restriction = Restriction(layers, plane, precise=exact_areas)
    net, first_map = network_arrays(restriction)
    oracle = exact.Oracle(restriction, net.widths)
    space = memory.Workspace.taken(net, plane)
    nodes = Cage(space.start(net, first_map, plane, limits_of(plane, exact_areas)))
    network = Cage(net)
    corners = 6 * room + 40 if polygons else 0
    regions = Cage(memory.empty_cells(nodes.fields.words, room, corners))
    n = 0
    while True:
        reason = descent.descend(network.fields, nodes.fields, regions.fields)
        assert nodes.is_whole() and network.is_whole() and regions.is_whole(), reason
        if reason == layout.DONE:
            return n + int(nodes.fields.state[layout.N_CELLS])
        if reason == layout.CELLS_FULL:
            n += int(nodes.fields.state[layout.N_CELLS])
            nodes.fields.state[[layout.N_CELLS, layout.N_CORNERS]] = 0
        elif reason == layout.STACK_FULL:
            nodes = Cage(memory.taller_stack(nodes.fields))
        elif reason == layout.CORNERS_FULL:
            nodes = Cage(memory.roomier_stack(nodes.fields))
        elif reason == layout.QUESTION:
            oracle.answer(nodes.fields)
        elif reason == layout.REDRAW:
            oracle.redraw(nodes.fields, regions.fields)
        else:
            nodes.fields.state[layout.WORK] = 10_000


seeds = st.integers(0, 2**32 - 1)
rooms = st.sampled_from([1, 3, 50])


@settings(deadline=None, max_examples=60)
@given(
    seeds,
    st.lists(st.integers(1, 70), min_size=1, max_size=4),
    st.sampled_from(["nasty", "normal"]),
    st.sampled_from([SQUARE, TRIANGLE, NONAGON]),
    st.booleans(),
    rooms,
    st.booleans(),
)
def test_nothing_is_written_outside_of_the_arrays(
    seed, widths, kind, plane, exact_areas, room, polygons
):
    values = NASTY if kind == "nasty" else np.random.default_rng(seed).standard_normal(50)
    few = [min(width, 6) for width in widths] if kind == "nasty" else widths
    assert walk(nasty_layers(seed, few, values), plane, exact_areas, room, polygons) > 0


@settings(deadline=None, max_examples=15)
@given(seeds, st.integers(4, 20), st.integers(2, 10), st.booleans(), rooms)
def test_nor_where_lines_meet_in_the_samples(seed, first, second, exact_areas, room):
    layers, plane = hard_case(seed, (first, second), 1e-6)
    assert walk(layers, plane, exact_areas, room, True) > 0


def test_a_canary_tells_of_one_byte_behind_an_array():
    fields = {name: np.zeros(8) for name in layout.RegionBuffer._fields}
    cage = Cage(layout.RegionBuffer(**fields))
    assert cage.is_whole()
    area = cage.fields.area
    ctypes.memset(area.ctypes.data + area.nbytes, 0, 1)
    assert not cage.is_whole()
