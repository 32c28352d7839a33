"""Step 2: a neuron's line cuts a node in two.

The cut meets the polygon's border in two places (``_meet``), each with a bound of its distance from
the exact crossing. The corners between them, in their order, and both meeting places make up each
half. A polygon whose halves have at most eight corners is cut in vector registers (``_halve``),
with all indices worked out at once; a larger one, which is rare, corner by corner
(``_halve_large``).
"""

import numpy as np
from numba import types

from mbh_utils.computing.addresses import at
from mbh_utils.computing.lanes import (
    bits_of,
    broadcast,
    constant,
    folded,
    lane_code,
    lane_numbers,
    larger,
    permuted,
    smaller,
    trailing_zeros,
    where,
)
from mbh_utils.regions.kernel.layout import (
    ALL_LANES,
    ANSWERED,
    CORNER_SIZE,
    DONE,
    EA,
    EB,
    EC,
    EDGE,
    ERROR,
    FAR,
    LANES,
    PIVOT,
    QUESTION,
    TINY,
    TOP,
    TOUCHED,
    UNCERTAIN,
    UNDERFLOW,
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
from mbh_utils.regions.kernel.signs import evaluate

# ---------------------------------------------------------------------- which neuron, and its signs


@lane_code(types.float64)
def _distance(t, g, stack):
    """Square of the distance of line g from a point in the middle of node t."""
    line = line_of(g, stack)
    polygon = polygon_of(t, stack)
    u, v = (folded(polygon.lanes(stack.room * row, LANES)) * (1 / LANES) for row in (U, V))
    f = line[A] * u + (line[B] * v + line[C])
    return f * f / (line[A] * line[A] + line[B] * line[B])


@called
def _pivot(t, stack):
    """Position in node t's list of the neuron to cut by.

    Of 6 or more it is the one whose line is nearest to the middle of the node.
    """
    length = stack.length[t]
    waiting = at(stack.waiting, t * stack.longest)
    best, nearest = length - 1, np.inf
    for i in range(length if length > 5 else 0):
        distance = _distance(t, waiting[i], stack)
        if distance < nearest:
            best, nearest = i, distance
    return best


@lane_code()
def _take_answer(i, stack):
    """The pivot's value at a corner gets the sign that was answered."""
    size = smaller(larger(abs(stack.value[i]), 1e-300), 1e300)  # never NaN
    stack.value[i] = stack.side[i].to(types.float64) * size


# ------------------------------------------------------------------------ where a cut meets an edge


def _meet(i, j, on, cut, old, stack):
    """Where a cut meets the edge from corner i to j of a polygon: u, v, error.

    Corner ``on`` may lie on the cut, and is then the place.
    """
    u = old
    v = old + stack.room
    value = stack.value
    edge = line_of((old + stack.room * EDGE)[i].to(types.int64), stack)
    a, b, c, x, y, z = edge[A], edge[B], edge[C], cut[A], cut[B], cut[C]
    det = a * y - x * b
    p, q, inverse = (b * z - y * c) / det, (c * x - z * a) / det, 1.0 / abs(det)
    # Nearly parallel lines: the crossing of the lines may leave the edge (or be NaN). Then from the
    # nearer corner on.
    u0, u1, v0, v1, f0, f1 = u[i], u[j], v[i], v[j], value[i], value[j]
    inside_u = (smaller(u0, u1) <= p) & (p <= larger(u0, u1))
    inside = inside_u & (smaller(v0, v1) <= q) & (q <= larger(v0, v1))
    nearer = abs(f0) < abs(f1)
    share = where(nearer, f0, f1) / (f0 - f1)
    start_u, start_v = where(nearer, u0, u1), where(nearer, v0, v1)
    p = where(inside, p, start_u + share * (u1 - u0))
    q = where(inside, q, start_v + share * (v1 - v0))
    error = _error_of_meeting(p, q, edge, cut, det, inverse)
    there = value[on].equals(0.0)
    found = (U, p), (V, q), (ERROR, error)
    return [where(there, old[stack.room * row + on], x) for row, x in found]


def _error_of_meeting(p, q, edge, cut, det, inverse):
    """Bound of the distance of a point from the exact crossing of two lines.

    However the point was found, it follows from what is left of both equations there. All of that
    may be too small for float64 where coefficients are, and its quotient by a small determinant
    not: hence the additions of UNDERFLOW.
    """
    a, b, c, x, y, z = edge[A], edge[B], edge[C], cut[A], cut[B], cut[C]
    left_edge = abs(a * p + (b * q + c)) + (edge[EA] * abs(p) + (edge[EB] * abs(q) + edge[EC]))
    left_cut = abs(x * p + (y * q + z)) + (cut[EA] * abs(p) + (cut[EB] * abs(q) + cut[EC]))
    left_edge = left_edge + UNDERFLOW
    left_cut = left_cut + UNDERFLOW
    a, b, x, y = abs(a) + edge[EA], abs(b) + edge[EB], abs(x) + cut[EA], abs(y) + cut[EB]
    # The determinant may be smaller by this share of it, and 1 / (1 - share) is at most
    # 1 + 2 share up to a half.
    share = (edge[EA] * y + cut[EB] * a + (cut[EA] * b + edge[EB] * x)) * inverse
    far = larger(y * left_edge + b * left_cut, x * left_edge + a * left_cut)
    off = (far + UNDERFLOW) * inverse * (share * 2.0 + 1.01)
    steep = (larger(a, b) > TINY) & (larger(x, y) > TINY)
    sound = (abs(det) > TINY) & (share < 0.5) & steep & (off < FAR)
    return where(sound, off, FAR)


# --------------------------------------------------------------------- polygons in vector registers


def _spliced(rows, k, start, n, head, first, tail, last):
    """Of a polygon's rows: ``first`` (if head), n corners from ``start`` on, ``last`` (if tail).

    What is behind them is the first of them again. All indices are worked out at once:
    lane i of the new rows is lane ``source[i]`` of the old ones.
    """
    lane = lane_numbers(k, LANES)
    ahead = where(head, 1, 0)
    behind = lane - ahead
    source = behind + start
    source = where(behind.below(n), where(source.below(k), source, source - k), start)
    corners = n + ahead + where(tail, 1, 0)
    at_end = behind.equals(n) & tail
    at_start = (lane.equals(0) | ~lane.below(corners)) & head
    spliced = []
    for x, before, after in zip(rows, first, last, strict=True):
        spliced.append(where(at_start, before, where(at_end, after, permuted(x, source))))
    return spliced, corners


@lane_code()
def _halve(t, g, stack):
    """Cut node t, whose halves fit into lanes: plus side into slot t + 1, minus side into t."""
    room = stack.room
    k = stack.corners[t]
    cut = line_of(g, stack)
    value = stack.value
    old = polygon_of(t, stack)
    lane = lane_numbers(t, LANES)
    line = g.to(types.float64)
    edges = old + room * EDGE
    # Corners `start` to `stop` (cyclically, stop excluded) are on the plus side.
    valid = bits_of(lane < k)
    plus = bits_of(value.lanes(0, LANES) > 0.0) & valid
    before = (plus << 1) | (plus >> (k - 1))
    start, stop = trailing_zeros(plus & ~before), trailing_zeros(before & ~plus & valid)
    last_minus, last_plus = (where(x.equals(0), k, x) - 1 for x in (start, stop))
    n_minus = start - stop + where(start > stop, 0, k)
    into = _meet(last_minus, start, last_minus, cut, old, stack)
    out = _meet(last_plus, stop, stop, cut, old, stack)
    rows = [old.lanes(room * row, LANES) for row in range(CORNER_SIZE)]
    # On the minus side an end that is an old corner is there already.
    head, tail = ~value[stop].equals(0.0), ~value[last_minus].equals(0.0)
    always = constant(t, True)
    n_plus = k - n_minus
    into_plus, into_minus = [*into, edges[last_minus]], [*into, line]
    out_plus, out_minus = [*out, line], [*out, edges[last_plus]]
    plus_side = _spliced(rows, k, start, n_plus, always, into_plus, always, out_plus)
    minus_side = _spliced(rows, k, stop, n_minus, head, out_minus, tail, into_minus)
    minus_side[0][EDGE] = where((lane + 1).equals(minus_side[1]), line, minus_side[0][EDGE])
    for slot, (polygon, corners) in ((t + 1, plus_side), (t, minus_side)):
        for row, x in enumerate(polygon):
            polygon_of(slot, stack)[room * row] = x
            if row < EDGE:
                stack.far[slot * 3 + row] = folded(abs(x), larger)
        stack.corners[slot] = corners


# ---------------------------------------------------------------------------------- larger polygons


@lane_code(types.int64, types.int64)
def _set_aside(i, start, stop, t, stack):
    """Copy corner i of node t to ``old``, twice round.

    Returns ``start`` and ``stop`` as in ``_halve``, where they are i.
    """
    room = stack.room
    k = stack.corners[t]
    value = stack.value
    for row in range(CORNER_SIZE):
        copy = stack.old + room * 2 * row
        x = (polygon_of(t, stack) + room * row)[i]
        copy[i] = x
        copy[k + i] = x
    before, here = value[where(i.equals(0), k, i) - 1] > 0.0, value[i] > 0.0
    return where(here & ~before, i, start), where(before & ~here, i, stop)


@lane_code()
def _put_corner(i, slot, m, stack):
    """Corner i of ``old`` becomes corner m of a slot's polygon."""
    for row in range(CORNER_SIZE):
        polygon_of(slot, stack)[stack.room * row + m] = stack.old[stack.room * 2 * row + i]


@lane_code(types.int64, types.int64)
def _put_ends(t, g, start, stop, n_minus, stack):
    """Both ends of the cut as corners of both sides.

    Returns 1 or 0 each: whether the minus side has the first one, and the last one.
    """
    room = stack.room
    k = stack.corners[t]
    cut = line_of(g, stack)
    value = stack.value
    old = polygon_of(t, stack)
    minus = polygon_of(t, stack)
    plus = polygon_of(t + 1, stack)
    edges = old + room * EDGE
    line = g.to(types.float64)
    last_minus, last_plus = (where(x.equals(0), k, x) - 1 for x in (start, stop))
    into = _meet(last_minus, start, last_minus, cut, old, stack)
    out = _meet(last_plus, stop, stop, cut, old, stack)
    head, tail = (where(value[i].equals(0.0), 0, 1) for i in (stop, last_minus))
    before_plus, before_minus = edges[last_minus], edges[last_plus]
    corners = [
        (plus, 0, [*into, before_plus]),
        (plus, k - n_minus + 1, [*out, line]),
        (minus, 0, [*out, before_minus]),
        (minus, head + n_minus, [*into, line]),
    ]
    for polygon, m, corner in corners:
        for row, x in enumerate(corner):
            polygon[room * row + m] = x
    return head, tail


@lane_code()
def _close(slot, m, stack):
    """A polygon of m corners is whole: what follows its last corner is the first."""
    stack.corners[slot] = m
    for row in range(CORNER_SIZE):
        numbers = polygon_of(slot, stack) + stack.room * row
        numbers[m] = broadcast(numbers[0], LANES)
        if row < EDGE:
            stack.far[slot * 3 + row] = 0.0


@lane_code()
def _reach(slot, i, stack):
    """Take corners i to i + 7 of a slot into account for its farthest ones."""
    for row in range(EDGE):
        far = stack.far + slot * 3
        there = (polygon_of(slot, stack) + stack.room * row).lanes(i, LANES)
        far[row] = larger(far[row], folded(abs(there), larger))


@called
def _halve_large(t, g, stack):
    """The same as ``_halve`` for polygons that do not fit into lanes."""
    k = stack.corners[t]
    start = np.int64(0)
    stop = np.int64(0)
    for i in range(k):
        start, stop = _set_aside(i, start, stop, t, stack)
    n_minus = start - stop if start > stop else start - stop + k
    head, tail = _put_ends(t, g, start, stop, n_minus, stack)
    for i in range(k - n_minus):
        _put_corner(start + i, t + 1, i + 1, stack)
    for i in range(n_minus):
        _put_corner(stop + i, t, i + head, stack)
    _close(t + 1, k - n_minus + 2, stack)
    _close(t, head + n_minus + tail, stack)
    at(stack.polygon, (t * CORNER_SIZE + EDGE) * stack.room)[stack.corners[t] - 1] = g
    for slot in range(t, t + 2):
        for i in range(0, stack.corners[slot], LANES):
            _reach(slot, i, stack)


# ----------------------------------------------------------------------------------------- the step


@lane_code()
def _share(t, g, layer, length, net, stack):
    """What both halves of a node know of it.

    The plus half has neuron g's bit, and its map has yet to take g in.
    """
    for slot in (t, t + 1):
        stack.length[slot] = length
        stack.tested[slot] = 0
        stack.layer[slot] = layer + 1
    stack.touched[t + 1] = stack.touched[t]
    i = g - net.first[layer]
    follows = net.span[layer + 1] > 0
    bits = stack.bits + (t + 1) * stack.stride
    word = net.word[layer] + (i >> 6)
    bits[word] = bits[word] | (constant(t, 1) << (i & 63))
    stack.pending[t + 1] = where(follows, g, -1)
    stack.state[TOP] = t + 1


@inlined
def cut(t, net, stack):
    """Cut node t by a neuron of its list: plus side into slot t + 1, minus side into t.

    Returns DONE or QUESTION.
    """
    layer = stack.layer[t] - 1
    k = stack.corners[t]
    state = stack.state
    waiting = at(stack.waiting, t * stack.longest)
    length = stack.length[t] - 1
    if state[PIVOT] < 0:
        state[PIVOT] = _pivot(t, stack)
    g = waiting[state[PIVOT]]
    certain = ALL_LANES
    for i in range(0, k, LANES):
        certain &= evaluate(t, g, i, stack)
    if certain != ALL_LANES:
        if state[ANSWERED] == 0:
            return QUESTION
        state[ANSWERED] = 0
        state[UNCERTAIN] += 1
        stack.touched[t] = TOUCHED
        for i in range(k):
            _take_answer(i, stack)
    waiting[state[PIVOT]] = waiting[length]
    state[PIVOT] = -1
    if k + 2 <= LANES:
        _halve(t, g, stack)
    else:
        _halve_large(t, g, stack)

    bits = at(stack.bits, t * stack.stride)
    plus_waiting = at(waiting, stack.longest)
    for i in range(0, stack.stride, LANES):
        copy_lanes(bits, at(bits, stack.stride), i)
    for i in range(0, length, LANES):
        copy_lanes(waiting, plus_waiting, i)
    _share(t, g, layer, length, net, stack)
    return DONE
