"""Step 4: a node on which every neuron is decided is an activation region, and is written out.

Areas. Corners carry bounds of their errors, so an area does too (``_area_error``). A region is good
enough when that bound is below both of ``NodeStack.limits``: an area, and a share of the region's
own area. It is tried from the cheapest bound to the closest one; where none will do, the caller
draws the region anew in exact arithmetic.
"""

from numba import types

from mbh_utils.computing.addresses import at
from mbh_utils.computing.lanes import folded, lane_code, larger, shuffled, smaller, where
from mbh_utils.regions.kernel.layout import (
    EA,
    EB,
    EC,
    EDGE,
    ERROR,
    FAR,
    LANES,
    N_CELLS,
    N_CORNERS,
    TINY,
    TOP,
    A,
    B,
    C,
    U,
    V,
    called,
    inlined,
    line_of,
    polygon_of,
)
from mbh_utils.regions.kernel.maps import copy_lanes

# --------------------------------------------------------------------------- areas and their errors


@lane_code(types.float64)
def _area(t, j, stack):
    """Twice what corners j to j + 7 add to the area of node t, relative to its first corner.

    (So slivers keep their relative accuracy.)
    """
    u, v = (polygon_of(t, stack) + stack.room * row for row in (U, V))
    x, y, x1, y1 = (row.lanes(j + i, LANES) - row[0] for i in (0, 1) for row in (u, v))
    return folded(x * y1 - x1 * y)


@lane_code(types.float64, types.float64)
def _extent(t, j, across, along, stack):
    """How far those so far and corners j to j + 7 are from node t's first, along u and along v."""
    u, v = (polygon_of(t, stack) + stack.room * row for row in (U, V))
    x, y = (folded(abs(row.lanes(j, LANES) - row[0]), larger) for row in (u, v))
    return larger(across, x), larger(along, y)


@lane_code(types.float64)
def _area_error(across, along, k, error):
    """Bound of the error of the area of k corners, each off by ``error`` at most along u and v.

    across, along: how far the first corner is from any other. The second part is rounding: of
    products of this size.
    """
    n = k.to(types.float64)
    return error * ((across + along) * 4.0 + n * error * 2.0) + n * across * along * 2e-15


@lane_code(types.float64)
def _edge_error(t, i, stack):
    """How far the edge from corner i of node t on may be from its exact line."""
    u, v, edge = (polygon_of(t, stack) + stack.room * row for row in (U, V, EDGE))
    line = line_of(edge[i].to(types.int64), stack)
    far = stack.far + 3 * t
    a, b, c = line[A], line[B], line[C]
    here = abs(a * u[i] + (b * v[i] + c))
    there = abs(a * u[i + 1] + (b * v[i + 1] + c))
    of_a = line[EA] * (far[U] + far[ERROR])
    of_b = line[EB] * (far[V] + far[ERROR])
    off = larger(there, here) + of_a + (of_b + (line[EC] + TINY))
    steep = larger(abs(b) - line[EB], abs(a) - line[EA])
    return where(steep > TINY, off / steep, FAR)


@called
def _edge_errors(t, stack):
    """Sum over the edges of node t of how far each may be from its exact line.

    What an area is off by lies between these lines, so it is at most this times the node's
    diameter. Where two lines are nearly parallel that is far less than the error of their corner
    tells.
    """
    total = 0.0
    for i in range(stack.corners[t]):
        total += _edge_error(t, i, stack)
    return total


@lane_code(types.float64)
def _limit(area, stack):
    """Largest error that a region of this area may have without being drawn anew."""
    return smaller(stack.limits[1] * area, stack.limits[0])


@inlined
def good_enough(t, area, stack):
    """Whether a region's area is: nearly always by the first bound, never if not a number."""
    k = stack.corners[t]
    error = stack.far[3 * t + ERROR]
    limit = _limit(area, stack)
    far_u, far_v = 2.0 * stack.far[3 * t + U], 2.0 * stack.far[3 * t + V]
    if _area_error(far_u, far_v, k, error) <= limit:
        return True
    across, along = 0.0, 0.0
    for i in range(0, k, LANES):
        across, along = _extent(t, i, across, along, stack)
    if _area_error(across, along, k, error) <= limit:
        return True
    rounding = 2e-15 * k * across * along
    diameter = across + along + error
    return 4.0 * diameter * _edge_errors(t, stack) + rounding <= limit


# ----------------------------------------------------------------------------------------- the step


@lane_code()
def _put_corners(t, j, m, stack, cells):
    """Corners j to j + 7 of node t, and their edges, behind the m corners that are written."""
    rows = (polygon_of(t, stack) + stack.room * row for row in (U, V, EDGE))
    u, v, edge = (row.lanes(j, LANES) for row in rows)
    pairs = [lane + row for lane in range(LANES) for row in (0, LANES)]
    cells.corners[(m + j) * 2] = shuffled(u, v, pairs)
    cells.edge[m + j] = edge.to(types.int32)


@inlined
def write(t, stack, cells):
    """Write node t out as an activation region -> its area."""
    k = stack.corners[t]
    n = stack.state[N_CELLS]
    m = stack.state[N_CORNERS]
    twice = 0.0
    for i in range(0, k, LANES):
        twice += _area(t, i, stack)
        if cells.corner_room:
            _put_corners(t, i, m, stack, cells)
    cells.area[n] = 0.5 * twice
    cells.touched[n] = stack.touched[t]
    bits = at(stack.bits, t * stack.stride)
    out = at(cells.bits, n * stack.words)
    for i in range(0, stack.words, LANES):
        copy_lanes(bits, out, i)
    if cells.corner_room:
        stack.state[N_CORNERS] = m + k
        cells.offset[n + 1] = m + k
    if cells.n_outputs:
        cells.error[n] = stack.far[3 * t + ERROR]
        for row in range(3):
            source = at(stack.map, (3 * t + row) * stack.pad)
            target = at(cells.maps, (3 * n + row) * cells.n_outputs)
            for i in range(cells.n_outputs):
                target[i] = source[i]
    stack.state[N_CELLS] = n + 1
    stack.state[TOP] = t - 1
    return 0.5 * twice
