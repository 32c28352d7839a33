"""What the kernel works on: the network, the stack of nodes and the regions, as plain arrays.

The arrays of the network are made by ``network.py``, the others by ``memory.py``. Inside of the
kernel each array is the bare address of its first element, and is indexed by hand:
``stack.polygon + t * CORNER_SIZE * stack.room`` is where node t's polygon starts.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, types

from mbh_utils.computing.lanes import Lanes

TINY = 1e-290  # no smaller value is certain: below it float64 runs out of digits
UNDERFLOW = 1e-307  # more than a sum of products loses where some are too small for float64
FAR = 1e300  # position error of a corner whose two lines are parallel up to rounding

LANES = 8
EIGHT = Lanes(types.float64, LANES)  # numba's type of them

# Why the kernel came back.
DONE, CELLS_FULL, STACK_FULL, CORNERS_FULL, QUESTION, REDRAW, PAUSE = range(7)
# State: the numbers that live on between two calls. WORK is what may still be done before a pause,
# in multiplications.
TOP, N_CELLS, N_CORNERS, UNCERTAIN, PIVOT, ANSWERED, WORK, STATE_SIZE = range(8)
STEP = 256  # work of a step besides joining maps
# What is known about a corner: its place, a bound of its distance from the exact one per
# coordinate, and the line from it to the next corner (-1 - e is the domain's edge e).
U, V, ERROR, EDGE, CORNER_SIZE = range(5)
# What is known about a line: its coefficients, and bounds of their errors.
A, B, C, EA, EB, EC, _, _, LINE_SIZE = range(9)  # a line fills one cache line
# Verdicts on an uncertain neuron (``ASKED`` is the question, the later ones are answers).
UNKNOWN, ASKED, INACTIVE, ACTIVE, CROSSING = range(5)
TOUCHED = 1  # of a region: an uncertain sign was met on the way

# Words of bits: no bit, the lowest one, one for each lane, all.
NONE, ONE, ALL_LANES, ALL = (np.uint64(x) for x in (0, 1, 2**LANES - 1, 2**64 - 1))

# How numba compiles the kernel's functions: as calls, or written into their caller.
_options = dict(
    error_model="numpy",
    fastmath={"contract"},
    _nrt=False,
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
)
called = njit(**_options)
inlined = njit(**_options, forceinline=True)


class Layers(NamedTuple):
    """The hidden network on the plane. Neurons are numbered over all layers; L layers, N neurons.

    Where outputs are wanted, the arrays know the output layer as one more layer, of linear units,
    which is never entered: its map on each region is what is written out. L and N count it,
    ``n_layers`` does not.
    """

    n_layers: int  # to enter
    n_neurons: int
    widths: np.ndarray  # (L,) int64
    # Units after the first so many are linear: passed on, never crossing.
    n_relu: np.ndarray  # (L,) int64
    span: np.ndarray  # (L + 1,) int64: widths rounded up to pairs of lanes, 0 after the last layer
    first: np.ndarray  # (L + 1,) int64: first neuron of each layer
    word: np.ndarray  # (L + 1,) int64: first 64-bit word of each layer's bits
    weights: np.ndarray  # flat float64: row of each neuron = its weights into the next layer
    row: np.ndarray  # (N,) int64: where that row starts
    # Where weights into a layer are few (a convolution), there are lists of them instead of rows.
    listed: np.ndarray  # (L + 1,) int64: 1 where there are
    # Where a neuron's list of weights into the next layer starts.
    onwards: np.ndarray  # (N + 1,) int64
    target: np.ndarray  # flat int64: unit of the next layer that each weight of the lists leads to
    weight: np.ndarray  # flat float64: the weights of the lists
    # Where a neuron's list of weights from the layer below starts.
    inwards: np.ndarray  # (N + 1,) int64
    source: np.ndarray  # flat int64: unit of the layer below
    # The same weights as in ``weight``, by the unit that they lead to.
    incoming: np.ndarray  # flat float64
    # First unit of layer 1 that is the same function on the plane as this one.
    alike: np.ndarray  # (n_1,) int64
    bias: np.ndarray  # (N + 64,) float64
    # Bounds of each neuron's errors of a, b, c; 0 only where all terms are.
    error: np.ndarray  # (3, N + 64) float64
    # Lines of the second layer are worked out anew, in twofold precision, where they cross a node.
    refined: int  # 1: they are
    # The first layer's a, b, c, and what rounding took away from each.
    first_map: np.ndarray  # (6, span of layer 0) float64
    inputs: np.ndarray  # (n_2, span of layer 0) float64: weights of each unit of the second layer
    refined_error: np.ndarray  # (3, n_2) float64: bounds of the errors of such sums
    # Where bounds of errors are wide, they are worked out on each node anew, for what is active.
    deep: int  # 1: they are
    # Bound of the rounding in a sum over a layer's inputs, as a share of its terms.
    rounding: np.ndarray  # (L,) float64


class NodeStack(NamedTuple):
    """Nodes waiting (first axis: slot), and scratch space."""

    slots: int  # S
    room: int  # K, corners per polygon, with LANES to spare
    longest: int  # list entries per slot, a multiple of LANES
    words: int  # 64-bit words of bits in use
    stride: int  # words per slot, a multiple of LANES
    pad: int  # neurons per row of a map, a multiple of 64
    polygon: np.ndarray  # (S, CORNER_SIZE, K) float64
    far: np.ndarray  # (S, 3) float64: largest |u|, |v| and error of the corners
    corners: np.ndarray  # (S,) int64: how many
    layer: np.ndarray  # (S,) int64: layers entered so far
    waiting: np.ndarray  # (S, longest) int64: neurons that cross (the list)
    length: np.ndarray  # (S,) int64: of the list
    tested: np.ndarray  # (S,) int64: this many of the list are known to cross this very polygon
    bits: np.ndarray  # (S, stride) uint64
    map: np.ndarray  # (S, 3, pad) float64: a, b, c of the layer that comes next
    doubt: np.ndarray  # (S, 3, pad) float64: bounds of the errors of the map; only of deep networks
    # Neuron that is missing in the map, and has to be taken from the slot below with it; or -1.
    pending: np.ndarray  # (S,) int64
    touched: np.ndarray  # (S,) uint8: TOUCHED or 0
    joining: np.ndarray  # (longest + 1,) int64: neurons about to join a map
    # Of all neurons; in memory before it are the domain's edges, the first one last.
    lines: np.ndarray  # (N, LINE_SIZE) float64
    verdict: np.ndarray  # (N,) uint8
    side: np.ndarray  # (K,) int8: answer about a cut, the pivot's sign at each corner
    crossing: np.ndarray  # (words,) uint64: neurons of a layer being entered that cross
    value: np.ndarray  # (K,) float64: of the pivot at the corners of the polygon being cut
    # That polygon twice round, where it does not fit into lanes.
    old: np.ndarray  # (CORNER_SIZE, 2 K) float64
    # Largest error of a region's area, and as a share of it, that need no redrawing.
    limits: np.ndarray  # (2,) float64
    state: np.ndarray  # (STATE_SIZE,) int64


class RegionBuffer(NamedTuple):
    """Activation regions written out."""

    room: int  # regions; ``bits`` has LANES rows more
    corner_room: int  # corners; 0 when polygons are not kept
    n_outputs: int  # 0 when the maps of the outputs are not wanted
    corners: np.ndarray  # (corner_room, 2) float64
    edge: np.ndarray  # (corner_room,) int32
    offset: np.ndarray  # (room + 1,) int64
    bits: np.ndarray  # (room + LANES, words) uint64
    area: np.ndarray  # (room,) float64
    touched: np.ndarray  # (room,) uint8: TOUCHED or 0
    # Largest error of the corners; as the next, only where outputs are wanted.
    error: np.ndarray  # (room,) float64
    maps: np.ndarray  # (room, 3, n_outputs) float64: a, b, c of the outputs


# ------------------------------------------------------------------------------------- in lane code


def polygon_of(t, stack):
    """Address of node t's polygon: a row of K numbers for each of U, V, ERROR, EDGE."""
    return stack.polygon + t * CORNER_SIZE * stack.room


def map_of(t, stack):
    """Address of slot t's map: rows of ``pad`` numbers for a, b and c."""
    return stack.map + t * 3 * stack.pad


def line_of(g, stack):
    """Address of what is known about line g."""
    return stack.lines + g * LINE_SIZE
