"""The compiled kernel of the partition: a depth-first descent that cuts the domain, one hidden neuron at a time.

A *node* is a convex polygon of the plane on which every neuron met so far has one sign. It knows
  - its corners (u, v), the line behind each edge, and how far each corner may be from its exact position;
  - the neurons of its current layer whose zero line may still cross it (its *list*);
  - the bits of all neurons decided so far;
  - the affine map (three numbers a, b, c per neuron: a u + b v + c) of the layer that comes next.
Nodes wait on a stack; the top one is worked on:
  1. neurons of the list that were not tested on this very polygon are tested: those that do not cross are decided;
  2. a list that is left: one neuron cuts the polygon in two; minus side on top of the stack, plus side below it;
  3. no list, and a layer to come: that layer is entered, all its neurons are tested at once;
  4. no list, no layer to come: the node is an activation region and is written out.
A decided active neuron adds (its weights into the next layer) x (its a, b, c) to the next layer's map: each term enters
once and is never taken out again, so the map is as accurate as a plain dot product.

Signs. A value is *certain* when it is larger than every error it may carry (``_reach`` times the neuron's magnitudes).
Certain signs make up nearly all; they are exact. The others are counted, and either settled by a tolerance of
``TOLERANCE`` relative to the terms at hand, or, when ``exact`` is asked for, by the caller: the kernel then stops with a
question, and goes on with the answer when it is called again. It stops in the same way when its output, its stack or
its polygons need room. Everything it knows is in the arrays of ``Stack`` and ``Cells``, so it goes on where it was.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numba.cpython.unsafe.numbers import trailing_zeros

TOLERANCE = 1e-13  # relative; counts do not move between 1e-14 and 1e-11
FAR = 1e300  # position error of a corner whose two lines are parallel up to rounding

# Why the kernel came back.
DONE, CELLS_FULL, STACK_FULL, CORNERS_FULL, QUESTION = range(5)
# State: the numbers that live on between two calls.
TOP, N_CELLS, N_CORNERS, UNCERTAIN, PIVOT, ANSWERED, DEEPEST, STATE_SIZE = range(8)
# What is known about a line: its coefficients, their magnitudes, the relative error of the coefficients.
A, B, C, MA, MB, MC, KAPPA, LINE_SIZE = range(8)
# Verdicts on an uncertain neuron (``asked`` is the question, the others are answers).
UNKNOWN, ASKED, INACTIVE, ACTIVE, CROSSING = range(5)

ONE, SIGN, ALL = np.uint64(1), np.uint64(63), np.uint64(0xFFFFFFFFFFFFFFFF)


class Layers(NamedTuple):
    """The hidden network on the plane. Neurons are numbered over all layers; L layers, N neurons."""

    widths: np.ndarray  # (L,) int64
    first: np.ndarray  # (L + 1,) int64: first neuron of each layer
    word: np.ndarray  # (L + 1,) int64: first 64-bit word of each layer's bits
    weights: np.ndarray  # flat float64: row of each neuron = its weights into the next layer
    row: np.ndarray  # (N,) int64: where that row starts
    bias: np.ndarray  # (N,) float64
    magnitude: np.ndarray  # (3, N) float64: upper bounds of |a|, |b|, |c| and of all terms they are sums of
    kappa: np.ndarray  # (L,) float64: error of a, b, c relative to the magnitude


class Stack(NamedTuple):
    """Nodes waiting (first axis: slot), and scratch space."""

    u: np.ndarray  # (S, K) float64: corners
    v: np.ndarray  # (S, K) float64
    error: np.ndarray  # (S, K) float64: bound of the corner's distance from its exact position, per coordinate
    edge: np.ndarray  # (S, K) int32: line from corner i to i + 1; N + e is the domain's edge e
    corners: np.ndarray  # (S,) int64: how many
    layer: np.ndarray  # (S,) int64: layers entered so far
    waiting: np.ndarray  # (S, N_max) int32: neurons that cross (the list)
    length: np.ndarray  # (S,) int64: of the list
    tested: np.ndarray  # (S,) int64: this many of the list are known to cross this very polygon
    bits: np.ndarray  # (S, n_words) uint64
    map: np.ndarray  # (S, 3, N_pad) float64: a, b, c of the layer that comes next
    touched: np.ndarray  # (S,) uint8: an uncertain sign was met on the way here
    lines: np.ndarray  # (N + K_domain, LINE_SIZE) float64
    verdict: np.ndarray  # (N,) uint8
    side: np.ndarray  # (K,) int8: answer about a cut, the pivot's sign at each corner
    scratch: np.ndarray  # (6, max(N_pad, K)) float64
    state: np.ndarray  # (STATE_SIZE,) int64


class Cells(NamedTuple):
    """Activation regions written out; room for ``len(area)`` of them."""

    corners: np.ndarray  # (n_corners, 2) float64, or (0, 2) when polygons are not kept
    edge: np.ndarray  # (n_corners,) int32
    offset: np.ndarray  # (n + 1,) int64
    bits: np.ndarray  # (n, n_words) uint64
    area: np.ndarray  # (n,) float64
    touched: np.ndarray  # (n,) uint8


_fast = njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)


@_fast
def _reach(u, v, error, k):
    """How much an error counts: a value's error is at most (p + kappa U) MA + (p + kappa V) MB + kappa MC -> U, V, p."""
    far_u = far_v = far = 0.0
    for i in range(k):
        far_u = max(far_u, abs(u[i]))
        far_v = max(far_v, abs(v[i]))
        far = max(far, error[i])
    return far_u, far_v, far


@_fast
def _add(weights, start, n, map_a, map_b, map_c, a, b, c):
    """Add an active neuron to the next layer's map. Three plain loops: one fused loop runs at half the speed."""
    row = weights[start : start + n]
    for i in range(n):
        map_a[i] += row[i] * a
    for i in range(n):
        map_b[i] += row[i] * b
    for i in range(n):
        map_c[i] += row[i] * c


@_fast
def _extremes(a, b, c, n, u, v, k, low, high):
    """Smallest and largest value of n neurons over the k corners -> low, high."""
    if k == 4:
        u0, u1, u2, u3 = u[0], u[1], u[2], u[3]
        v0, v1, v2, v3 = v[0], v[1], v[2], v[3]
        for i in range(n):
            f0 = a[i] * u0 + (b[i] * v0 + c[i])
            f1 = a[i] * u1 + (b[i] * v1 + c[i])
            f2 = a[i] * u2 + (b[i] * v2 + c[i])
            f3 = a[i] * u3 + (b[i] * v3 + c[i])
            low[i] = min(min(f0, f1), min(f2, f3))
            high[i] = max(max(f0, f1), max(f2, f3))
        return
    for i in range(n):
        low[i] = high[i] = a[i] * u[0] + (b[i] * v[0] + c[i])
    for j in range(1, k):
        uj, vj = u[j], v[j]
        for i in range(n):
            f = a[i] * uj + (b[i] * vj + c[i])
            low[i] = min(low[i], f)
            high[i] = max(high[i], f)


@_fast
def _signs(values, start):
    """Sign bits of values[start : start + 64] (int64 view of float64), first one in the lowest bit."""
    block = values[start : start + 64]
    word = np.uint64(0)
    for i in range(64):
        word |= (np.uint64(block[i]) >> SIGN) << np.uint64(i)
    return word


@_fast
def _is_silent(net, bits, layer, i):
    """Whether neuron i of a layer is exactly 0 on this node: bias 0 and no weight from an active neuron."""
    g = net.first[layer] + i
    if net.bias[g] != 0.0 or layer == 0:
        return net.magnitude[0, g] == 0.0 and net.magnitude[1, g] == 0.0 and net.magnitude[2, g] == 0.0
    for j in range(net.widths[layer - 1]):
        active = (bits[net.word[layer - 1] + (j >> 6)] >> np.uint64(j & 63)) & ONE
        if active and net.weights[net.row[net.first[layer - 1] + j] + i] != 0.0:
            return False
    return True


@_fast
def _decide(low, high, tau):
    """Verdict of the tolerance policy."""
    if low < -tau and high > tau:
        return CROSSING
    return ACTIVE if low + high > 0.0 else INACTIVE


@_fast
def _enter(t, net, stack, exact):
    """Step 3: test all neurons of the next layer on node t. Returns DONE or QUESTION."""
    layer = stack.layer[t]
    n, first, word = net.widths[layer], net.first[layer], net.word[layer]
    u, v, k = stack.u[t], stack.v[t], stack.corners[t]
    a, b, c = stack.map[t, 0], stack.map[t, 1], stack.map[t, 2]
    low, high, spare = stack.scratch[0], stack.scratch[1], stack.scratch[2]
    ma, mb, mc = net.magnitude[0, first : first + n], net.magnitude[1, first : first + n], net.magnitude[2, first : first + n]
    far_u, far_v, far = _reach(u, v, stack.error[t], k)
    kappa = net.kappa[layer]
    pa, pb, pc = kappa * far_u + far, kappa * far_v + far, kappa
    _extremes(a, b, c, n, u, v, k, low, high)
    for i in range(n):  # negative where the sign is certain
        spare[i] = ma[i] * pa + mb[i] * pb + mc[i] * pc - min(abs(low[i]), abs(high[i]))

    # First the doubtful ones (rare): nothing of the node may change before every answer is there.
    bits = stack.bits[t]
    asked = False
    uncertain = 0
    low_bits, high_bits, spare_bits = low.view(np.int64), high.view(np.int64), spare.view(np.int64)
    for w in range((n + 63) >> 6):
        valid = ALL if n - 64 * w >= 64 else (ONE << np.uint64(n - 64 * w)) - ONE
        doubtful = ~_signs(spare_bits, 64 * w) & valid
        while doubtful != 0:
            i = 64 * w + np.int64(trailing_zeros(doubtful))
            doubtful &= doubtful - ONE
            if _is_silent(net, bits, layer, i):
                verdict = INACTIVE
            elif exact:
                verdict = stack.verdict[first + i]
                if verdict == UNKNOWN or verdict == ASKED:
                    stack.verdict[first + i] = ASKED
                    asked = True
                    continue
                uncertain += 1
            else:
                uncertain += 1
                tau = TOLERANCE * (abs(a[i]) * far_u + abs(b[i]) * far_v + abs(c[i]))
                verdict = _decide(low[i], high[i], tau)
            # Written back as plain signs, for the loop below.
            low[i] = 1.0 if verdict == ACTIVE else -1.0
            high[i] = -1.0 if verdict == INACTIVE else 1.0
    if asked:
        return QUESTION
    if uncertain:
        stack.state[UNCERTAIN] += uncertain
        stack.touched[t] = 1
        for i in range(n):
            stack.verdict[first + i] = UNKNOWN

    follows = layer + 1 < len(net.widths)
    if follows:  # the map of this layer makes room for the next one's
        for i in range(n):
            stack.scratch[3, i], stack.scratch[4, i], stack.scratch[5, i] = a[i], b[i], c[i]
        n_next, first_next = net.widths[layer + 1], net.first[layer + 1]
        for i in range(n_next):
            a[i] = b[i] = 0.0
            c[i] = net.bias[first_next + i]
        old_a, old_b, old_c = stack.scratch[3], stack.scratch[4], stack.scratch[5]
    else:
        n_next = 0
        old_a, old_b, old_c = a, b, c
    waiting, length = stack.waiting[t], 0
    for w in range((n + 63) >> 6):
        valid = ALL if n - 64 * w >= 64 else (ONE << np.uint64(n - 64 * w)) - ONE
        below, above = _signs(low_bits, 64 * w), ~_signs(high_bits, 64 * w)
        active = ~below & valid
        bits[word + w] = active
        crossing = below & above & valid
        while crossing != 0:
            i = 64 * w + np.int64(trailing_zeros(crossing))
            crossing &= crossing - ONE
            waiting[length] = first + i
            length += 1
            line = stack.lines[first + i]
            line[A], line[B], line[C] = old_a[i], old_b[i], old_c[i]
        if follows:
            while active != 0:
                i = 64 * w + np.int64(trailing_zeros(active))
                active &= active - ONE
                _add(net.weights, net.row[first + i], n_next, a, b, c, old_a[i], old_b[i], old_c[i])
    stack.length[t] = stack.tested[t] = length
    stack.layer[t] = layer + 1
    return DONE


@_fast
def _filter(t, net, stack, exact):
    """Step 1: test the untested neurons of node t's list; those that do not cross are decided. DONE or QUESTION."""
    layer = stack.layer[t] - 1
    first, word = net.first[layer], net.word[layer]
    u, v, k = stack.u[t], stack.v[t], stack.corners[t]
    waiting, bits = stack.waiting[t], stack.bits[t]
    far_u, far_v, far = _reach(u, v, stack.error[t], k)
    kappa = net.kappa[layer]
    pa, pb, pc = kappa * far_u + far, kappa * far_v + far, kappa
    follows = layer + 1 < len(net.widths)
    tested, length = stack.tested[t], stack.length[t]
    while tested < length:
        g = np.int64(waiting[tested])
        line = stack.lines[g]
        a, b, c = line[A], line[B], line[C]
        low = high = a * u[0] + (b * v[0] + c)
        for i in range(1, k):
            f = a * u[i] + (b * v[i] + c)
            low = min(low, f)
            high = max(high, f)
        if min(abs(low), abs(high)) > line[MA] * pa + line[MB] * pb + line[MC] * pc:
            crossing, active = low < 0.0 and high > 0.0, low > 0.0
        else:
            if exact:
                verdict = stack.verdict[g]
                if verdict == UNKNOWN:
                    stack.verdict[g] = ASKED
                    stack.tested[t], stack.length[t] = tested, length
                    return QUESTION
                stack.verdict[g] = UNKNOWN
            else:
                verdict = _decide(low, high, TOLERANCE * (abs(a) * far_u + abs(b) * far_v + abs(c)))
            stack.state[UNCERTAIN] += 1
            stack.touched[t] = 1
            crossing, active = verdict == CROSSING, verdict == ACTIVE
        if crossing:
            tested += 1
            continue
        length -= 1
        waiting[tested] = waiting[length]
        if active:
            i = g - first
            bits[word + (i >> 6)] |= ONE << np.uint64(i & 63)
            if follows:
                n_next = net.widths[layer + 1]
                _add(net.weights, net.row[g], n_next, stack.map[t, 0], stack.map[t, 1], stack.map[t, 2], a, b, c)
    stack.tested[t], stack.length[t] = tested, length
    return DONE


@_fast
def _meet(edge, cut, u0, v0, f0, u1, v1, f1):
    """Corner where a cut meets the edge from (u0, v0) to (u1, v1), f being the cut's value there -> u, v, error."""
    a, b, c, x, y, z = edge[A], edge[B], edge[C], cut[A], cut[B], cut[C]
    det = a * y - x * b
    u, v = (b * z - y * c) / det, (c * x - z * a) / det
    # Nearly parallel lines: the crossing of the lines may leave the edge. (Written so that NaN counts as outside.)
    if not (min(u0, u1) <= u <= max(u0, u1) and min(v0, v1) <= v <= max(v0, v1)):
        if abs(f0) < abs(f1):
            s = f0 / (f0 - f1)
            u, v = u0 + s * (u1 - u0), v0 + s * (v1 - v0)
        else:
            s = f1 / (f1 - f0)
            u, v = u1 + s * (u0 - u1), v1 + s * (v0 - v1)
    # However it was found, its distance from the exact crossing follows from what is left of both equations.
    ke, kc = edge[KAPPA], cut[KAPPA]
    left_edge = abs(a * u + (b * v + c)) + ke * (edge[MA] * abs(u) + edge[MB] * abs(v) + edge[MC])
    left_cut = abs(x * u + (y * v + z)) + kc * (cut[MA] * abs(u) + cut[MB] * abs(v) + cut[MC])
    a, b, x, y = abs(a) + ke * edge[MA], abs(b) + ke * edge[MB], abs(x) + kc * cut[MA], abs(y) + kc * cut[MB]
    det = abs(det) - (ke + kc) * (edge[MA] * cut[MB] + edge[MB] * cut[MA]) * 1.01
    if not det > 0.0:
        return u, v, FAR
    return u, v, min(FAR, max(y * left_edge + b * left_cut, x * left_edge + a * left_cut) / det)


@_fast
def _pivot(t, stack):
    """Position in node t's list of the neuron to cut by: with 6 or more, the line nearest to the mean of the corners."""
    length = stack.length[t]
    if length < 6:
        return length - 1
    u, v, k = stack.u[t], stack.v[t], stack.corners[t]
    mean_u = mean_v = 0.0
    for i in range(k):
        mean_u += u[i]
        mean_v += v[i]
    mean_u, mean_v = mean_u / k, mean_v / k
    best, nearest = length - 1, np.inf
    for i in range(length):
        line = stack.lines[stack.waiting[t, i]]
        f = line[A] * mean_u + (line[B] * mean_v + line[C])
        distance = f * f / (line[A] * line[A] + line[B] * line[B])
        if distance < nearest:
            best, nearest = i, distance
    return best


@_fast
def _cut(t, net, stack, exact):
    """Step 2: cut node t by a neuron of its list; minus side into slot t + 1, plus side into t. DONE or QUESTION."""
    layer = stack.layer[t] - 1
    k = stack.corners[t]
    u, v, error, edge, waiting = stack.u[t], stack.v[t], stack.error[t], stack.edge[t], stack.waiting[t]
    state = stack.state
    length = stack.length[t]
    if state[PIVOT] < 0:
        state[PIVOT] = _pivot(t, stack)
    g = np.int64(waiting[state[PIVOT]])
    line = stack.lines[g]
    a, b, c = line[A], line[B], line[C]
    far_u, far_v, far = _reach(u, v, error, k)
    kappa = line[KAPPA]
    doubt = line[MA] * (kappa * far_u + far) + line[MB] * (kappa * far_v + far) + line[MC] * kappa

    # The old polygon and the pivot's value at its corners move to scratch space.
    su, sv, se, sf, sg = stack.scratch[0], stack.scratch[1], stack.scratch[2], stack.scratch[3], stack.scratch[4]
    uncertain = False
    for i in range(k):
        su[i], sv[i], se[i], sg[i] = u[i], v[i], error[i], edge[i]
        f = a * u[i] + (b * v[i] + c)
        sf[i] = f
        uncertain |= abs(f) <= doubt
    if uncertain:
        if exact and not state[ANSWERED]:
            return QUESTION
        state[UNCERTAIN] += 1
        stack.touched[t] = 1
        tau = TOLERANCE * (abs(a) * far_u + abs(b) * far_v + abs(c))
        for i in range(k):
            if exact:
                side = stack.side[i]
                sf[i] = 0.0 if side == 0 else (max(sf[i], 1e-300) if side > 0 else min(sf[i], -1e-300))
            elif abs(sf[i]) <= tau:
                sf[i] = 0.0
        state[ANSWERED] = 0

    waiting[state[PIVOT]] = waiting[length - 1]
    length -= 1
    state[PIVOT] = -1

    # Corners `start` to `stop` (cyclically, stop excluded) are on the plus side.
    start = stop = -1
    for i in range(k):
        after = i + 1 if i + 1 < k else 0
        if sf[i] <= 0.0 and sf[after] > 0.0:
            start = after
        if sf[i] > 0.0 and sf[after] <= 0.0:
            stop = after
    bit = ONE << np.uint64((g - net.first[layer]) & 63)
    place = net.word[layer] + ((g - net.first[layer]) >> 6)
    follows = layer + 1 < len(net.widths)
    n_next = net.widths[layer + 1] if follows else 0
    below = False
    for i in range(k):
        below |= sf[i] < 0.0
    if start < 0 or not below:  # rounding at the very edge of the tolerance: it does not cross after all
        stack.length[t] = stack.tested[t] = length
        if start >= 0 or sf[0] > 0.0:
            stack.bits[t, place] |= bit
            if follows:
                _add(net.weights, net.row[g], n_next, stack.map[t, 0], stack.map[t, 1], stack.map[t, 2], a, b, c)
        return DONE

    # Both ends of the cut: a corner that lies on it, or a new one.
    before, last = (start - 1 if start else k - 1), (stop - 1 if stop else k - 1)
    if sf[before] == 0.0:
        u_in, v_in, e_in = su[before], sv[before], se[before]
    else:
        e = np.int64(sg[before])
        u_in, v_in, e_in = _meet(
            stack.lines[e], line, su[before], sv[before], sf[before], su[start], sv[start], sf[start]
        )
    if sf[stop] == 0.0:
        u_out, v_out, e_out = su[stop], sv[stop], se[stop]
    else:
        e = np.int64(sg[last])
        u_out, v_out, e_out = _meet(stack.lines[e], line, su[last], sv[last], sf[last], su[stop], sv[stop], sf[stop])

    # Plus side: in, the corners start ... last, out; then back along the cut.
    u[0], v[0], error[0], edge[0] = u_in, v_in, e_in, np.int32(sg[before])
    m, i = 1, start
    while i != stop:
        u[m], v[m], error[m], edge[m] = su[i], sv[i], se[i], np.int32(sg[i])
        m += 1
        i = i + 1 if i + 1 < k else 0
    u[m], v[m], error[m], edge[m] = u_out, v_out, e_out, g
    stack.corners[t] = m + 1
    # Minus side: out, the corners from stop to before, in; then along the cut. An end on a corner is that corner.
    x, y, err, line_of = stack.u[t + 1], stack.v[t + 1], stack.error[t + 1], stack.edge[t + 1]
    m, i = 0, stop
    if sf[stop] != 0.0:
        x[0], y[0], err[0], line_of[0] = u_out, v_out, e_out, np.int32(sg[last])
        m = 1
    while i != start:
        x[m], y[m], err[m], line_of[m] = su[i], sv[i], se[i], np.int32(sg[i])
        m += 1
        i = i + 1 if i + 1 < k else 0
    if sf[before] == 0.0:
        line_of[m - 1] = g
    else:
        x[m], y[m], err[m], line_of[m] = u_in, v_in, e_in, g
        m += 1
    stack.corners[t + 1] = m

    for w in range(stack.bits.shape[1]):
        stack.bits[t + 1, w] = stack.bits[t, w]
    stack.bits[t, place] |= bit
    for i in range(length):
        stack.waiting[t + 1, i] = waiting[i]
    stack.length[t] = stack.length[t + 1] = length
    stack.tested[t] = stack.tested[t + 1] = 0
    stack.layer[t + 1] = layer + 1
    stack.touched[t + 1] = stack.touched[t]
    if follows:
        for r in range(3):
            old, new = stack.map[t, r], stack.map[t + 1, r]
            for i in range(n_next):
                new[i] = old[i]
        _add(net.weights, net.row[g], n_next, stack.map[t, 0], stack.map[t, 1], stack.map[t, 2], a, b, c)
    state[TOP] = t + 1
    return DONE


@_fast
def _write(t, n_neurons, stack, cells, keep_polygons):
    """Step 4: write node t out as an activation region."""
    u, v, edge, k = stack.u[t], stack.v[t], stack.edge[t], stack.corners[t]
    n, m = stack.state[N_CELLS], stack.state[N_CORNERS]
    twice = 0.0
    for i in range(1, k - 1):  # relative to the first corner: slivers keep their relative accuracy
        twice += (u[i] - u[0]) * (v[i + 1] - v[0]) - (u[i + 1] - u[0]) * (v[i] - v[0])
    cells.area[n] = 0.5 * twice
    cells.touched[n] = stack.touched[t]
    for w in range(stack.bits.shape[1]):
        cells.bits[n, w] = stack.bits[t, w]
    if keep_polygons:
        for i in range(k):
            cells.corners[m + i, 0], cells.corners[m + i, 1] = u[i], v[i]
            line = edge[i]
            cells.edge[m + i] = line if line < n_neurons else n_neurons - 1 - line
        stack.state[N_CORNERS] = m + k
        cells.offset[n + 1] = m + k
    stack.state[N_CELLS] = n + 1
    stack.state[TOP] = t - 1


@_fast
def descend(net, stack, cells, keep_polygons, exact):
    """Work on the stack until it is empty (DONE), or until the caller has to make room or to answer a question."""
    state = stack.state
    n_neurons = net.first[len(net.widths)]
    while state[TOP] >= 0:
        t = state[TOP]
        state[DEEPEST] = max(state[DEEPEST], t)
        if stack.tested[t] < stack.length[t] and _filter(t, net, stack, exact) == QUESTION:
            return QUESTION
        if stack.length[t] > 0:
            if t + 1 >= len(stack.corners):
                return STACK_FULL
            if stack.corners[t] + 2 > stack.u.shape[1]:
                return CORNERS_FULL
            if _cut(t, net, stack, exact) == QUESTION:
                return QUESTION
        elif stack.layer[t] < len(net.widths):
            if _enter(t, net, stack, exact) == QUESTION:
                return QUESTION
        else:
            if state[N_CELLS] >= len(cells.area):
                return CELLS_FULL
            if keep_polygons and state[N_CORNERS] + stack.corners[t] > len(cells.edge):
                return CELLS_FULL
            _write(t, n_neurons, stack, cells, keep_polygons)
    return DONE


@njit(cache=True, error_model="numpy", nogil=True)
def blanket_areas(bits, area, masks, values, totals):
    """Add to totals[j] the areas of the regions whose bits agree with values[j] under masks[j]; words as columns."""
    n_words, n = bits.shape
    hit = np.empty(n, np.uint64)
    for j in range(len(totals)):
        for i in range(n):
            hit[i] = 0
        for w in range(n_words):
            mask, value, column = masks[j, w], values[j, w], bits[w]
            if mask != 0:
                for i in range(n):
                    hit[i] |= (column[i] ^ value) & mask
        total = 0.0
        for i in range(n):
            total += area[i] if hit[i] == 0 else 0.0
        totals[j] += total
