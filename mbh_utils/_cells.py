"""The compiled kernel of the partition: a depth-first descent that cuts the domain, one hidden neuron at a time.

A *node* is a convex polygon of the plane on which every neuron met so far has one sign. It knows
  - its corners (u, v), the line behind each edge, and how far each corner may be from its exact position;
  - the neurons of its current layer whose zero line may still cross it (its *list*);
  - the bits of all neurons decided so far;
  - the affine map (three numbers a, b, c per neuron: a u + b v + c) of the layer that comes next.
Nodes wait on a stack; the top one is worked on:
  1. neurons of the list that were not tested on this very polygon are tested: those that do not cross are decided;
  2. a list that is left: one neuron cuts the polygon in two; plus side on top of the stack, minus side below it;
  3. no list, and a layer to come: that layer is entered, all its neurons are tested at once;
  4. no list, no layer to come: the node is an activation region and is written out.
A decided active neuron adds (its weights into the next layer) x (its a, b, c) to the next layer's map: each term enters
once and is never taken out again, so the map is as accurate as a plain dot product.

Signs. A value is *certain* when it is larger than every error it may carry: kappa ((U + e) MA + (V + e) MB + MC) +
e (|a| + |b|), where MA, MB, MC bound all terms that a, b, c are sums of, kappa is the error of a, b, c relative to
these, U and V are the largest |u| and |v| of the polygon and e is the largest error of its corners. Nearly all signs
are certain, and then exact. The others are counted, and settled either by a tolerance of ``TOLERANCE`` relative to the
terms at hand, or, when ``exact`` is asked for, by the caller: the kernel stops with a question, and goes on with the
answer when it is called again. It stops in the same way when its output, its stack or its polygons need room:
everything it knows is in ``Stack`` and ``Cells``.

The compiled code works on bare addresses (``at``), not on array objects: those count references and wrap negative
indices, which cost this kernel more than half of its time. Nothing checks an index here but the code itself.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic

TOLERANCE = 1e-13  # relative; counts do not move between 1e-14 and 1e-11
TINY = 1e-290  # no smaller value is certain: below it float64 runs out of digits
FAR = 1e300  # position error of a corner whose two lines are parallel up to rounding

# Why the kernel came back.
DONE, CELLS_FULL, STACK_FULL, CORNERS_FULL, QUESTION = range(5)
# State: the numbers that live on between two calls.
TOP, N_CELLS, N_CORNERS, UNCERTAIN, PIVOT, ANSWERED, STATE_SIZE = range(7)
# What is known about a line: its coefficients, their magnitudes, the relative error of the coefficients.
A, B, C, MA, MB, MC, KAPPA, _, LINE_SIZE = range(9)  # a line fills one cache line
# Verdicts on an uncertain neuron (``ASKED`` is the question, the later ones are answers).
UNKNOWN, ASKED, INACTIVE, ACTIVE, CROSSING = range(5)

BLURRED = 2  # for a touched region: some corner is far from where it should be

ONE, SIGN, ALL = np.uint64(1), np.uint64(63), np.uint64(0xFFFFFFFFFFFFFFFF)
SIGN_BIT = ONE << SIGN


class Layers(NamedTuple):
    """The hidden network on the plane. Neurons are numbered over all layers; L layers, N neurons.

    Where outputs are wanted, the arrays know the output layer as one more layer, of linear units, which is never
    entered: its map on each region is what is written out. L and N count it, ``n_layers`` does not.
    """

    n_layers: int  # to enter
    n_neurons: int
    widths: np.ndarray  # (L,) int64
    real: np.ndarray  # (L,) int64: the units after the first so many of a layer are linear: passed on, never crossing
    span: np.ndarray  # (L + 1,) int64: widths rounded up to whole vectors, 0 after the last layer
    first: np.ndarray  # (L + 1,) int64: first neuron of each layer
    word: np.ndarray  # (L + 1,) int64: first 64-bit word of each layer's bits
    weights: np.ndarray  # flat float64: row of each neuron = its weights into the next layer
    row: np.ndarray  # (N,) int64: where that row starts
    bias: np.ndarray  # (N,) float64
    magnitude: np.ndarray  # (3, N + 64) float64: bounds of all terms that a neuron's a, b, c are sums of
    kappa: np.ndarray  # (L,) float64: error of a, b, c relative to these


class Stack(NamedTuple):
    """Nodes waiting (first axis: slot), and scratch space."""

    slots: int  # S
    room: int  # K, corners per polygon
    longest: int  # list entries per slot
    words: int  # 64-bit words of bits per slot
    pad: int  # neurons per row of a map, a multiple of 64
    u: np.ndarray  # (S, K) float64: corners
    v: np.ndarray  # (S, K) float64
    error: np.ndarray  # (S, K) float64: bound of the corner's distance from its exact position, per coordinate
    edge: np.ndarray  # (S, K) int32: line from corner i to i + 1; N + e is the domain's edge e
    corners: np.ndarray  # (S,) int64: how many
    layer: np.ndarray  # (S,) int64: layers entered so far
    waiting: np.ndarray  # (S, longest) int32: neurons that cross (the list)
    length: np.ndarray  # (S,) int64: of the list
    tested: np.ndarray  # (S,) int64: this many of the list are known to cross this very polygon
    bits: np.ndarray  # (S, words) uint64
    map: np.ndarray  # (S, 3, pad) float64: a, b, c of the layer that comes next
    joins: np.ndarray  # (S,) int64: neuron that the map lacks, and has to be taken from the slot below with; or -1
    touched: np.ndarray  # (S,) uint8: an uncertain sign was met on the way here
    joining: np.ndarray  # (longest,) int64: neurons about to join a map
    lines: np.ndarray  # (N + K_domain, LINE_SIZE) float64
    verdict: np.ndarray  # (N,) uint8
    side: np.ndarray  # (K,) int8: answer about a cut, the pivot's sign at each corner
    scratch: np.ndarray  # (6, pad) float64
    scratch_bits: np.ndarray  # the same memory as uint64
    old: np.ndarray  # (4, K) float64: corners and errors of a polygon being cut, the pivot's value there
    old_edge: np.ndarray  # (K,) int32
    state: np.ndarray  # (STATE_SIZE,) int64


class Cells(NamedTuple):
    """Activation regions written out."""

    room: int  # regions
    corner_room: int  # corners; 0 when polygons are not kept
    n_outputs: int  # 0 when the maps of the outputs are not wanted
    corners: np.ndarray  # (corner_room, 2) float64
    edge: np.ndarray  # (corner_room,) int32
    offset: np.ndarray  # (room + 1,) int64
    bits: np.ndarray  # (room, words) uint64
    area: np.ndarray  # (room,) float64
    touched: np.ndarray  # (room,) uint8: 0, 1 or BLURRED
    error: np.ndarray  # (room,) float64: largest error of the corners; as the next, only where outputs are wanted
    maps: np.ndarray  # (room, 3, n_outputs) float64: a, b, c of the outputs


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy that starts on a cache line: what compiled loops read across two lines costs more."""
    memory = np.zeros(array.size + 64 // array.itemsize, array.dtype)
    start = -memory.ctypes.data % 64 // array.itemsize
    copy = memory[start : start + array.size].reshape(array.shape)
    copy[...] = array
    return copy


@intrinsic
def at(typing_context, array, offset):
    """Address of element ``offset`` of an array (counted over its whole memory) or of what an address points to."""
    is_array = isinstance(array, types.Array)
    pointer = types.CPointer(array.dtype)

    def code(context, builder, signature, arguments):
        start = context.make_array(array)(context, builder, arguments[0]).data if is_array else arguments[0]
        return builder.gep(start, [arguments[1]])

    return pointer(array, types.intp), code


_options = dict(error_model="numpy", fastmath={"contract"}, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
_part = njit(**_options)
_step = njit(**_options, forceinline=True)


@_part
def _join(net, stack, count, span, source, target):
    """Map in slot target = map in slot source + sum over ``count`` joining neurons of (weights onwards) x (a, b, c).

    Two different slots need at least one neuron. Four neurons at a time where there are as many. The loops are kept
    apart because one for all cases would not be vectorised.
    """
    joining, done = stack.joining, 0
    map_ = at(stack.map, target * 3 * stack.pad)
    if source != target:
        g = joining[0]
        row, line = at(net.weights, net.row[g]), at(stack.lines, g * LINE_SIZE)
        for part in range(3):
            x, old, new = line[part], at(stack.map, (3 * source + part) * stack.pad), at(map_, part * stack.pad)
            for i in range(span):
                new[i] = old[i] + row[i] * x
        done = 1
    while done + 4 <= count:
        g0, g1, g2, g3 = joining[done], joining[done + 1], joining[done + 2], joining[done + 3]
        row0, row1 = at(net.weights, net.row[g0]), at(net.weights, net.row[g1])
        row2, row3 = at(net.weights, net.row[g2]), at(net.weights, net.row[g3])
        for part in range(3):
            new, line = at(map_, part * stack.pad), at(stack.lines, part)
            x0, x1, x2, x3 = line[g0 * LINE_SIZE], line[g1 * LINE_SIZE], line[g2 * LINE_SIZE], line[g3 * LINE_SIZE]
            for i in range(span):
                new[i] = new[i] + row0[i] * x0 + row1[i] * x1 + row2[i] * x2 + row3[i] * x3
        done += 4
    while done < count:
        g = joining[done]
        row, line = at(net.weights, net.row[g]), at(stack.lines, g * LINE_SIZE)
        for part in range(3):
            x, new = line[part], at(map_, part * stack.pad)
            for i in range(span):
                new[i] += row[i] * x
        done += 1


@_part
def _reach(u, v, error, k):
    """Largest |u|, |v| and error of k corners."""
    far_u = far_v = far = 0.0
    for i in range(k):
        far_u = max(far_u, abs(u[i]))
        far_v = max(far_v, abs(v[i]))
        far = max(far, error[i])
    return far_u, far_v, far


@_part
def _extremes(a, b, c, n, u, v, k, low, high):
    """Smallest and largest value of n neurons over the k corners -> low, high."""
    u0, u1, u2, u3 = u[0], u[1], u[2], u[3 if k > 3 else 2]
    v0, v1, v2, v3 = v[0], v[1], v[2], v[3 if k > 3 else 2]
    for i in range(n):
        f0 = a[i] * u0 + (b[i] * v0 + c[i])
        f1 = a[i] * u1 + (b[i] * v1 + c[i])
        f2 = a[i] * u2 + (b[i] * v2 + c[i])
        f3 = a[i] * u3 + (b[i] * v3 + c[i])
        low[i] = min(min(f0, f1), min(f2, f3))
        high[i] = max(max(f0, f1), max(f2, f3))
    for j in range(4, k, 2):  # the others by twos
        u0, v0 = u[j], v[j]
        u1, v1 = u[min(j + 1, k - 1)], v[min(j + 1, k - 1)]
        for i in range(n):
            f0 = a[i] * u0 + (b[i] * v0 + c[i])
            f1 = a[i] * u1 + (b[i] * v1 + c[i])
            low[i] = min(low[i], min(f0, f1))
            high[i] = max(high[i], max(f0, f1))


@_part
def _signs(values):
    """Sign bits of 64 float64 (their memory as uint64), the first one in the lowest bit."""
    word = np.uint64(0)
    for i in range(64):
        word |= (values[i] >> SIGN) << np.uint64(i)
    return word


@_part
def _is_silent(net, bits, layer, i):
    """Whether neuron i of a layer is exactly 0 on this node: bias 0 and no weight from an active neuron."""
    g = net.first[layer] + i
    if layer == 0 or net.bias[g] != 0.0:
        n = net.n_neurons + 64
        return net.magnitude[g] == 0.0 and net.magnitude[n + g] == 0.0 and net.magnitude[2 * n + g] == 0.0
    for j in range(net.widths[layer - 1]):
        active = (bits[net.word[layer - 1] + (j >> 6)] >> np.uint64(j & 63)) & ONE
        if active and net.weights[net.row[net.first[layer - 1] + j] + i] != 0.0:
            return False
    return True


@_part
def _decide(low, high, tau):
    """Verdict of the tolerance policy on a neuron whose values reach from low to high."""
    if low < -tau and high > tau:
        return CROSSING
    return ACTIVE if low + high > 0.0 else INACTIVE


@_step
def _enter(t, net, stack, exact):
    """Step 3: test all neurons of the next layer on node t. Returns DONE or QUESTION."""
    layer, k, pad = stack.layer[t], stack.corners[t], stack.pad
    n, span, first, word = net.widths[layer], net.span[layer], net.first[layer], net.word[layer]
    u, v = at(stack.u, t * stack.room), at(stack.v, t * stack.room)
    bits = at(stack.bits, t * stack.words)
    a = at(stack.map, t * 3 * pad)
    b, c = at(a, pad), at(a, 2 * pad)
    low, high, spare = stack.scratch, at(stack.scratch, pad), at(stack.scratch, 2 * pad)
    low_bits, high_bits, spare_bits = stack.scratch_bits, at(stack.scratch_bits, pad), at(stack.scratch_bits, 2 * pad)
    ma = at(net.magnitude, first)
    mb, mc = at(ma, net.n_neurons + 64), at(ma, 2 * (net.n_neurons + 64))
    far_u, far_v, far = _reach(u, v, at(stack.error, t * stack.room), k)
    kappa = net.kappa[layer]
    pa, pb = kappa * (far_u + far), kappa * (far_v + far)
    _extremes(a, b, c, span, u, v, k, low, high)
    for i in range(span):  # negative where the sign is certain
        doubt = ma[i] * pa + mb[i] * pb + (mc[i] * kappa + TINY) + (abs(a[i]) + abs(b[i])) * far
        spare[i] = doubt - min(abs(low[i]), abs(high[i]))
    for i in range(net.real[layer], n):
        zero = a[i] == 0.0 and b[i] == 0.0 and c[i] == 0.0 and _is_silent(net, bits, layer, i)
        low[i] = high[i] = -1.0 if zero else 1.0
        spare[i] = -1.0

    # First the doubtful ones (rare): nothing of the node may change before every answer is there.
    asked = False
    uncertain = 0
    all_certain = SIGN_BIT
    for i in range(n):
        all_certain &= spare_bits[i]
    for w in range(0 if all_certain else (n + 63) >> 6):
        valid = ALL if n - 64 * w >= 64 else (ONE << np.uint64(n - 64 * w)) - ONE
        doubtful = ~_signs(at(spare_bits, 64 * w)) & valid
        while doubtful != 0:
            i = 64 * w + np.int64(trailing_zeros(doubtful))
            doubtful &= doubtful - ONE
            if _is_silent(net, bits, layer, i):
                verdict = INACTIVE
            elif exact:
                uncertain += 1
                verdict = np.int64(stack.verdict[first + i])
                if verdict <= ASKED:
                    stack.verdict[first + i] = ASKED
                    asked = True
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

    follows = net.span[layer + 1] > 0
    waiting, length, joining, count = at(stack.waiting, t * stack.longest), 0, stack.joining, 0
    for w in range((n + 63) >> 6):
        valid = ALL if n - 64 * w >= 64 else (ONE << np.uint64(n - 64 * w)) - ONE
        below, above = _signs(at(low_bits, 64 * w)), ~_signs(at(high_bits, 64 * w))
        active = ~below & valid
        bits[word + w] = active
        crossing = below & above & valid
        wanted = crossing | active if follows else crossing
        while wanted != 0:
            place = np.int64(trailing_zeros(wanted))
            wanted &= wanted - ONE
            i = 64 * w + place
            line = at(stack.lines, (first + i) * LINE_SIZE)
            line[A], line[B], line[C] = a[i], b[i], c[i]
            if (active >> np.uint64(place)) & ONE:
                joining[count] = first + i
                count += 1
            else:
                waiting[length] = first + i
                length += 1
    if follows:  # the map of this layer makes room for the next one's
        bias = at(net.bias, net.first[layer + 1])
        for i in range(net.span[layer + 1]):
            a[i] = b[i] = c[i] = 0.0
        for i in range(net.widths[layer + 1]):
            c[i] = bias[i]
        _join(net, stack, count, net.span[layer + 1], t, t)
    stack.length[t] = stack.tested[t] = length
    stack.layer[t] = layer + 1
    return DONE


@_step
def _filter(t, net, stack, exact):
    """Step 1: test the untested neurons of node t's list; those that do not cross are decided. DONE or QUESTION."""
    layer, k = stack.layer[t] - 1, stack.corners[t]
    u, v = at(stack.u, t * stack.room), at(stack.v, t * stack.room)
    waiting, bits = at(stack.waiting, t * stack.longest), at(stack.bits, t * stack.words + net.word[layer])
    far_u, far_v, far = _reach(u, v, at(stack.error, t * stack.room), k)
    kappa = net.kappa[layer]
    pa, pb = kappa * (far_u + far), kappa * (far_v + far)
    joining, count = stack.joining, 0
    source = t
    if stack.joins[t] >= 0:
        joining[0], count = stack.joins[t], 1
        source = t - 1
        stack.joins[t] = -1
    answer = DONE
    tested, length = stack.tested[t], stack.length[t]
    while tested < length:
        g = np.int64(waiting[tested])
        line = at(stack.lines, g * LINE_SIZE)
        a, b, c = line[A], line[B], line[C]
        f0, f1, f2 = a * u[0] + (b * v[0] + c), a * u[1] + (b * v[1] + c), a * u[2] + (b * v[2] + c)
        low, high = min(f0, min(f1, f2)), max(f0, max(f1, f2))
        for i in range(3, k):
            f = a * u[i] + (b * v[i] + c)
            low = min(low, f)
            high = max(high, f)
        doubt = line[MA] * pa + line[MB] * pb + (line[MC] * kappa + TINY) + (abs(a) + abs(b)) * far
        if min(abs(low), abs(high)) > doubt:
            crossing, active = low < 0.0 and high > 0.0, low > 0.0
        else:
            if exact:
                verdict = np.int64(stack.verdict[g])
                if verdict == UNKNOWN:
                    stack.verdict[g] = ASKED
                    answer = QUESTION
                    break
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
            i = g - net.first[layer]
            bits[i >> 6] |= ONE << np.uint64(i & 63)
            joining[count] = g
            count += 1
    stack.tested[t], stack.length[t] = tested, length
    if net.span[layer + 1] > 0:
        _join(net, stack, count, net.span[layer + 1], source, t)
    return answer


@_part
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
    error = max(y * left_edge + b * left_cut, x * left_edge + a * left_cut) / det
    sound = det > TINY and max(a, b) > TINY and max(x, y) > TINY and error < FAR
    return u, v, (error if sound else FAR)


@_part
def _pivot(t, stack):
    """Position in node t's list of the neuron to cut by: of 6 or more, the line nearest to the mean of the corners."""
    length = stack.length[t]
    if length < 6:
        return length - 1
    u, v, k = at(stack.u, t * stack.room), at(stack.v, t * stack.room), stack.corners[t]
    waiting = at(stack.waiting, t * stack.longest)
    mean_u = mean_v = 0.0
    for i in range(k):
        mean_u += u[i]
        mean_v += v[i]
    mean_u, mean_v = mean_u / k, mean_v / k
    best, nearest = length - 1, np.inf
    for i in range(length):
        line = at(stack.lines, np.int64(waiting[i]) * LINE_SIZE)
        f = line[A] * mean_u + (line[B] * mean_v + line[C])
        distance = f * f / (line[A] * line[A] + line[B] * line[B])
        if distance < nearest:
            best, nearest = i, distance
    return best


@_step
def _cut(t, net, stack, exact):
    """Step 2: cut node t by a neuron of its list; plus side into slot t + 1, minus side into t. DONE or QUESTION."""
    layer, k, room, state = stack.layer[t] - 1, stack.corners[t], stack.room, stack.state
    u, v, error, edge = (
        at(stack.u, t * room),
        at(stack.v, t * room),
        at(stack.error, t * room),
        at(stack.edge, t * room),
    )
    waiting, length = at(stack.waiting, t * stack.longest), stack.length[t]
    bits = at(stack.bits, t * stack.words)
    if state[PIVOT] < 0:
        state[PIVOT] = _pivot(t, stack)
    g = np.int64(waiting[state[PIVOT]])
    line = at(stack.lines, g * LINE_SIZE)
    a, b, c, kappa = line[A], line[B], line[C], line[KAPPA]
    far_u, far_v, far = _reach(u, v, error, k)
    doubt = kappa * (line[MA] * (far_u + far) + line[MB] * (far_v + far) + line[MC])
    doubt += TINY + (abs(a) + abs(b)) * far

    # The old polygon, and the pivot's value f at its corners, move to scratch space.
    su, sv, se, sf, line_of = (
        stack.old,
        at(stack.old, room),
        at(stack.old, 2 * room),
        at(stack.old, 3 * room),
        stack.old_edge,
    )
    uncertain = False
    for i in range(k):
        su[i], sv[i], se[i], line_of[i] = u[i], v[i], error[i], edge[i]
        f = a * u[i] + (b * v[i] + c)
        sf[i] = f
        uncertain |= abs(f) <= doubt
    if uncertain:
        if exact and state[ANSWERED] == 0:
            return QUESTION
        state[ANSWERED] = 0
        state[UNCERTAIN] += 1
        stack.touched[t] = 1
        # Half of it: whatever was found to cross keeps a corner on either side, however the compiler rounds.
        tau = 0.5 * TOLERANCE * (abs(a) * far_u + abs(b) * far_v + abs(c))
        for i in range(k):
            if exact:
                side = stack.side[i]
                sf[i] = 0.0 if side == 0 else (max(sf[i], 1e-300) if side > 0 else min(sf[i], -1e-300))
            elif abs(sf[i]) <= tau:
                sf[i] = 0.0
    length -= 1
    waiting[state[PIVOT]] = waiting[length]
    state[PIVOT] = -1

    # Corners `start` to `stop` (cyclically, stop excluded) are on the plus side.
    start = stop = -1
    f = sf[k - 1]
    for i in range(k):
        f_before, f = f, sf[i]
        if f > 0.0 and f_before <= 0.0:
            start = i
        if f <= 0.0 and f_before > 0.0:
            stop = i
    i = g - net.first[layer]
    place, bit = net.word[layer] + (i >> 6), ONE << np.uint64(i & 63)
    # Both ends of the cut: a corner that lies on it, or a new one.
    before, last = (start - 1 if start else k - 1), (stop - 1 if stop else k - 1)
    u_in, v_in, e_in = su[before], sv[before], se[before]
    if sf[before] != 0.0:
        other = at(stack.lines, np.int64(line_of[before]) * LINE_SIZE)
        u_in, v_in, e_in = _meet(other, line, u_in, v_in, sf[before], su[start], sv[start], sf[start])
    u_out, v_out, e_out = su[stop], sv[stop], se[stop]
    if sf[stop] != 0.0:
        other = at(stack.lines, np.int64(line_of[last]) * LINE_SIZE)
        u_out, v_out, e_out = _meet(other, line, su[last], sv[last], sf[last], u_out, v_out, sf[stop])

    # Minus side: out, the corners from stop to before, in; then along the cut. An end on a corner is that corner.
    m, i = 0, stop
    if sf[stop] != 0.0:
        u[0], v[0], error[0], edge[0] = u_out, v_out, e_out, line_of[last]
        m = 1
    while i != start:
        u[m], v[m], error[m], edge[m] = su[i], sv[i], se[i], line_of[i]
        m += 1
        i = i + 1 if i + 1 < k else 0
    if sf[before] == 0.0:
        edge[m - 1] = g
    else:
        u[m], v[m], error[m], edge[m] = u_in, v_in, e_in, g
        m += 1
    stack.corners[t] = m
    # Plus side: in, the corners start to last, out; then back along the cut.
    u, v, error, edge = at(u, room), at(v, room), at(error, room), at(edge, room)
    u[0], v[0], error[0], edge[0] = u_in, v_in, e_in, line_of[before]
    m, i = 1, start
    while i != stop:
        u[m], v[m], error[m], edge[m] = su[i], sv[i], se[i], line_of[i]
        m += 1
        i = i + 1 if i + 1 < k else 0
    u[m], v[m], error[m], edge[m] = u_out, v_out, e_out, g
    stack.corners[t + 1] = m + 1

    plus_bits, plus_waiting = at(bits, stack.words), at(waiting, stack.longest)
    for i in range(stack.words):
        plus_bits[i] = bits[i]
    plus_bits[place] |= bit
    for i in range(length):
        plus_waiting[i] = waiting[i]
    stack.joins[t + 1] = g if net.span[layer + 1] > 0 else -1
    stack.length[t] = stack.length[t + 1] = length
    stack.tested[t] = stack.tested[t + 1] = 0
    stack.layer[t + 1] = layer + 1
    stack.touched[t + 1] = stack.touched[t]
    state[TOP] = t + 1
    return DONE


@_step
def _write(t, net, stack, cells):
    """Step 4: write node t out as an activation region."""
    u, v, edge = at(stack.u, t * stack.room), at(stack.v, t * stack.room), at(stack.edge, t * stack.room)
    k, n, m = stack.corners[t], stack.state[N_CELLS], stack.state[N_CORNERS]
    twice = 0.0
    for i in range(1, k - 1):  # relative to the first corner: slivers keep their relative accuracy
        twice += (u[i] - u[0]) * (v[i + 1] - v[0]) - (u[i + 1] - u[0]) * (v[i] - v[0])
    cells.area[n] = 0.5 * twice
    cells.touched[n] = stack.touched[t]
    if stack.touched[t]:
        far_u, far_v, far = _reach(u, v, at(stack.error, t * stack.room), k)
        if far > 1e-9 * (far_u + far_v):
            cells.touched[n] = BLURRED
    bits, out = at(stack.bits, t * stack.words), at(cells.bits, n * stack.words)
    for i in range(stack.words):
        out[i] = bits[i]
    if cells.corner_room:
        corners, edges = at(cells.corners, 2 * m), at(cells.edge, m)
        for i in range(k):
            corners[2 * i], corners[2 * i + 1] = u[i], v[i]
            line = edge[i]
            edges[i] = line if line < net.n_neurons else net.n_neurons - 1 - line
        stack.state[N_CORNERS] = m + k
        cells.offset[n + 1] = m + k
    if cells.n_outputs:
        _, _, cells.error[n] = _reach(u, v, at(stack.error, t * stack.room), k)
        for part in range(3):
            source = at(stack.map, (3 * t + part) * stack.pad)
            target = at(cells.maps, (3 * n + part) * cells.n_outputs)
            for i in range(cells.n_outputs):
                target[i] = source[i]
    stack.state[N_CELLS] = n + 1
    stack.state[TOP] = t - 1


@njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True, _nrt=False, no_cfunc_wrapper=True)
def descend(net, stack, cells, exact):
    """Work on the stack until it is empty (DONE), or until the caller has to make room or to answer a question."""
    net = Layers(
        net.n_layers, net.n_neurons, at(net.widths, 0), at(net.real, 0), at(net.span, 0), at(net.first, 0),
        at(net.word, 0), at(net.weights, 0), at(net.row, 0), at(net.bias, 0), at(net.magnitude, 0), at(net.kappa, 0),
    )  # fmt: skip
    stack = Stack(
        stack.slots, stack.room, stack.longest, stack.words, stack.pad, at(stack.u, 0), at(stack.v, 0),
        at(stack.error, 0), at(stack.edge, 0), at(stack.corners, 0), at(stack.layer, 0), at(stack.waiting, 0),
        at(stack.length, 0), at(stack.tested, 0), at(stack.bits, 0), at(stack.map, 0), at(stack.joins, 0),
        at(stack.touched, 0), at(stack.joining, 0), at(stack.lines, 0), at(stack.verdict, 0), at(stack.side, 0),
        at(stack.scratch, 0), at(stack.scratch_bits, 0), at(stack.old, 0), at(stack.old_edge, 0), at(stack.state, 0),
    )  # fmt: skip
    cells = Cells(
        cells.room, cells.corner_room, cells.n_outputs, at(cells.corners, 0), at(cells.edge, 0), at(cells.offset, 0),
        at(cells.bits, 0), at(cells.area, 0), at(cells.touched, 0), at(cells.error, 0), at(cells.maps, 0),
    )  # fmt: skip
    state = stack.state
    while state[TOP] >= 0:
        t = state[TOP]
        untested = stack.tested[t] < stack.length[t] or stack.joins[t] >= 0
        if untested and _filter(t, net, stack, exact) == QUESTION:
            return QUESTION
        if stack.length[t] > 0:
            if t + 1 >= stack.slots:
                return STACK_FULL
            if stack.corners[t] + 2 > stack.room:
                return CORNERS_FULL
            if _cut(t, net, stack, exact) == QUESTION:
                return QUESTION
        elif stack.layer[t] < net.n_layers:
            if _enter(t, net, stack, exact) == QUESTION:
                return QUESTION
        else:
            if state[N_CELLS] >= cells.room:
                return CELLS_FULL
            if cells.corner_room and state[N_CORNERS] + stack.corners[t] > cells.corner_room:
                return CELLS_FULL
            _write(t, net, stack, cells)
    return DONE


@njit(cache=True, error_model="numpy", nogil=True)
def blanket_areas(bits, area, masks, values):
    """Total area of the regions whose bits agree with values[j] under masks[j], for each j; bits: (n_words, n)."""
    n_words, n = bits.shape
    totals, differs = np.empty(len(masks)), np.empty(n, np.uint64)
    for j in range(len(masks)):
        differs[:] = 0
        for w in range(n_words):
            mask, value, column = masks[j, w], values[j, w], bits[w]
            if mask != 0:
                for i in range(n):
                    differs[i] |= (column[i] ^ value) & mask
        total = 0.0
        for i in range(n):
            total += area[i] if differs[i] == 0 else 0.0
        totals[j] = total
    return totals
