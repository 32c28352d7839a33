"""The compiled kernel of the partition: a depth-first descent that cuts the domain, one hidden neuron at a time.

A *node* is a convex polygon of the plane on which every neuron met so far has one sign. It knows
  - its corners (u, v), how far each may be from its exact position, and the line behind each edge;
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

Speed. Compiled loops hardly vectorise such short work by themselves, so it is written for *lanes*: eight float64 in
vector registers, as many corners of a polygon or neurons of a layer at once. What is shorter is padded: behind a
polygon's last corner its first one is repeated, which changes no extreme, sign or area. The code works on bare
addresses (``at``), not on array objects: those count references and wrap negative indices, which cost more than half
of the time. Nothing checks an index here but the code itself.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.datamodel.models import PrimitiveModel
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic, register_model

TOLERANCE = 1e-13  # relative; counts do not move between 1e-14 and 1e-11
TINY = 1e-290  # no smaller value is certain: below it float64 runs out of digits
FAR = 1e300  # position error of a corner whose two lines are parallel up to rounding
LANES = 8

# Why the kernel came back.
DONE, CELLS_FULL, STACK_FULL, CORNERS_FULL, QUESTION = range(5)
# State: the numbers that live on between two calls.
TOP, N_CELLS, N_CORNERS, UNCERTAIN, PIVOT, ANSWERED, STATE_SIZE = range(7)
# What is known about a corner: its place, a bound of its distance from the exact one per coordinate, and the line from
# it to the next corner (-1 - e is the domain's edge e).
U, V, ERROR, EDGE, CORNER_SIZE = range(5)
# What is known about a line: its coefficients, their magnitudes, the relative error of the coefficients.
A, B, C, MA, MB, MC, KAPPA, _, LINE_SIZE = range(9)  # a line fills one cache line
# Verdicts on an uncertain neuron (``ASKED`` is the question, the later ones are answers).
UNKNOWN, ASKED, INACTIVE, ACTIVE, CROSSING = range(5)

BLURRED = 2  # for a touched region: some corner is far from where it should be

NONE, ONE, ALL_LANES, ALL = (np.uint64(x) for x in (0, 1, 2**LANES - 1, 2**64 - 1))


class Layers(NamedTuple):
    """The hidden network on the plane. Neurons are numbered over all layers; L layers, N neurons.

    Where outputs are wanted, the arrays know the output layer as one more layer, of linear units, which is never
    entered: its map on each region is what is written out. L and N count it, ``n_layers`` does not.
    """

    n_layers: int  # to enter
    n_neurons: int
    widths: np.ndarray  # (L,) int64
    real: np.ndarray  # (L,) int64: the units after the first so many of a layer are linear: passed on, never crossing
    span: np.ndarray  # (L + 1,) int64: widths rounded up to pairs of lanes, 0 after the last layer
    first: np.ndarray  # (L + 1,) int64: first neuron of each layer
    word: np.ndarray  # (L + 1,) int64: first 64-bit word of each layer's bits
    weights: np.ndarray  # flat float64: row of each neuron = its weights into the next layer
    row: np.ndarray  # (N,) int64: where that row starts
    bias: np.ndarray  # (N + 64,) float64
    magnitude: np.ndarray  # (3, N + 64) float64: bounds of all terms that a neuron's a, b, c are sums of
    kappa: np.ndarray  # (L,) float64: error of a, b, c relative to these


class Stack(NamedTuple):
    """Nodes waiting (first axis: slot), and scratch space."""

    slots: int  # S
    room: int  # K, corners per polygon, with LANES to spare
    longest: int  # list entries per slot, a multiple of LANES
    words: int  # 64-bit words of bits in use
    stride: int  # words per slot, a multiple of LANES
    pad: int  # neurons per row of a map, a multiple of 64
    n_borders: int  # edges of the domain
    polygon: np.ndarray  # (S, CORNER_SIZE, K) float64
    far: np.ndarray  # (S, 3) float64: largest |u|, |v| and error of the corners
    corners: np.ndarray  # (S,) int64: how many
    layer: np.ndarray  # (S,) int64: layers entered so far
    waiting: np.ndarray  # (S, longest) int64: neurons that cross (the list)
    length: np.ndarray  # (S,) int64: of the list
    tested: np.ndarray  # (S,) int64: this many of the list are known to cross this very polygon
    bits: np.ndarray  # (S, stride) uint64
    map: np.ndarray  # (S, 3, pad) float64: a, b, c of the layer that comes next
    joins: np.ndarray  # (S,) int64: neuron that the map lacks, and has to be taken from the slot below with; or -1
    touched: np.ndarray  # (S,) uint8: an uncertain sign was met on the way here
    joining: np.ndarray  # (longest + 1,) int64: neurons about to join a map
    lines: np.ndarray  # (n_borders + N, LINE_SIZE) float64: the domain's edges, the first one last; then the neurons
    verdict: np.ndarray  # (N,) uint8
    side: np.ndarray  # (K,) int8: answer about a cut, the pivot's sign at each corner
    crossing: np.ndarray  # (words,) uint64: neurons of a layer being entered that cross
    value: np.ndarray  # (K,) float64: of the pivot at the corners of the polygon being cut
    old: np.ndarray  # (CORNER_SIZE, 2 K) float64: that polygon twice round
    ends: np.ndarray  # (2, CORNER_SIZE) float64: of the cut
    state: np.ndarray  # (STATE_SIZE,) int64


class Cells(NamedTuple):
    """Activation regions written out."""

    room: int  # regions; ``bits`` has LANES rows more
    corner_room: int  # corners; 0 when polygons are not kept
    n_outputs: int  # 0 when the maps of the outputs are not wanted
    corners: np.ndarray  # (corner_room, 2) float64
    edge: np.ndarray  # (corner_room,) int32
    offset: np.ndarray  # (room + 1,) int64
    bits: np.ndarray  # (room + LANES, words) uint64
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


# --------------------------------------------------------------------------------------- addresses and lanes, in LLVM


@intrinsic
def at(typing_context, array, offset):
    """Address of element ``offset`` of an array (counted over its whole memory) or of what an address points to."""
    is_array = isinstance(array, types.Array)
    pointer = types.CPointer(array.dtype)

    def code(context, builder, signature, arguments):
        start = context.make_array(array)(context, builder, arguments[0]).data if is_array else arguments[0]
        return builder.gep(start, [arguments[1]])

    return pointer(array, types.intp), code


class _LanesType(types.Type):
    """Eight float64 in vector registers."""


_lanes, _vector = _LanesType("lanes"), ir.VectorType(ir.DoubleType(), LANES)


@register_model(_LanesType)
class _LanesModel(PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _vector)


def _operation(n: int, code, result=_lanes):
    """An operation on n lanes, by its LLVM code (builder, *lanes)."""

    def typed(kinds):
        return result(*kinds), lambda context, builder, signature, arguments: code(builder, *arguments)

    if n == 1:
        return intrinsic(lambda typing_context, x: typed([x]))
    if n == 2:
        return intrinsic(lambda typing_context, x, y: typed([x, y]))
    return intrinsic(lambda typing_context, x, y, z: typed([x, y, z]))


def _by_llvm(name: str):
    """Code of an operation that LLVM has for all kinds of vectors."""
    name = f"llvm.{name}.v{LANES}f64"

    def code(builder, *lanes):
        kind = ir.FunctionType(_vector, [_vector] * len(lanes))
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(function, lanes)

    return code


def _choose(builder, x, y, sign: str):
    """Lane by lane the smaller one ("<") or the larger one (">")."""
    return builder.select(builder.fcmp_ordered(sign, x, y), x, y)


def _bits(builder, x, y):
    smaller = builder.bitcast(builder.fcmp_ordered("<", x, y), ir.IntType(LANES))
    return builder.zext(smaller, ir.IntType(64))


def _folded(combine):
    """Code that combines all lanes, half with half."""

    def code(builder, x):
        n = LANES
        while n > 1:
            n //= 2
            low, high = ([ir.IntType(32)(i) for i in range(start, start + n)] for start in (0, n))
            halves = [
                builder.shuffle_vector(x, x, ir.Constant(ir.VectorType(ir.IntType(32), n), h)) for h in (low, high)
            ]
            x = combine(builder, *halves)
        return builder.extract_element(x, ir.IntType(32)(0))

    return code


negative = _operation(1, lambda builder, x: builder.fneg(x))
absolute = _operation(1, _by_llvm("fabs"))
minus = _operation(2, lambda builder, x, y: builder.fsub(x, y))
muladd = _operation(3, _by_llvm("fmuladd"))  # x y + z, rounded once where the processor can
lower = _operation(2, lambda builder, x, y: _choose(builder, x, y, "<"))
higher = _operation(2, lambda builder, x, y: _choose(builder, x, y, ">"))
less = _operation(2, _bits, types.uint64)  # the lanes in which x < y, as bits
largest = _operation(1, _folded(lambda builder, x, y: _choose(builder, x, y, ">")), types.float64)
total = _operation(1, _folded(lambda builder, x, y: builder.fadd(x, y)), types.float64)


@intrinsic
def spread(typing_context, x):
    """A number in all lanes."""

    def code(context, builder, signature, arguments):
        first = builder.insert_element(ir.Constant(_vector, ir.Undefined), arguments[0], ir.IntType(32)(0))
        return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    return _lanes(types.float64), code


def _pointer(builder, arguments, kind):
    return builder.bitcast(builder.gep(arguments[0], [arguments[1]]), kind.as_pointer())


@intrinsic
def load(typing_context, pointer, i):
    """The eight 64-bit words from element i on, of whatever kind (those that are no numbers can only be stored)."""

    def code(context, builder, signature, arguments):
        return builder.load(_pointer(builder, arguments, _vector), align=8)

    return _lanes(pointer, types.intp), code


@intrinsic
def store(typing_context, pointer, i, x):
    """pointer[i : i + 8] = x."""

    def code(context, builder, signature, arguments):
        builder.store(arguments[2], _pointer(builder, arguments, _vector), align=8)
        return context.get_dummy_value()

    return types.void(pointer, types.intp, _lanes), code


@intrinsic
def store_pairs(typing_context, pointer, i, x, y):
    """pointer[i : i + 16] = x[0], y[0], x[1], y[1], ..."""

    def code(context, builder, signature, arguments):
        order = [ir.IntType(32)(lane + part) for lane in range(LANES) for part in (0, LANES)]
        pairs = ir.VectorType(ir.DoubleType(), 2 * LANES)
        mixed = builder.shuffle_vector(*arguments[2:], ir.Constant(ir.VectorType(ir.IntType(32), 2 * LANES), order))
        builder.store(mixed, _pointer(builder, arguments, pairs), align=8)
        return context.get_dummy_value()

    return types.void(pointer, types.intp, _lanes, _lanes), code


@intrinsic
def store_integers(typing_context, pointer, i, x):
    """pointer[i : i + 8] = x as int32."""

    def code(context, builder, signature, arguments):
        integers = ir.VectorType(ir.IntType(32), LANES)
        builder.store(builder.fptosi(arguments[2], integers), _pointer(builder, arguments, integers), align=4)
        return context.get_dummy_value()

    return types.void(pointer, types.intp, _lanes), code


@intrinsic
def splice(typing_context, x, k, start, n, head, first, tail, last):
    """Of a round of k numbers, ``first``, then n of them from ``start`` on, then ``last``; the rest is the first again.

    head, tail: 1 or 0, whether there is a first and a last one.
    """

    def code(context, builder, signature, arguments):
        words = ir.VectorType(ir.IntType(64), LANES)

        def everywhere(value):
            lane = builder.insert_element(ir.Constant(words if value.type == words.element else _vector, ir.Undefined), value, ir.IntType(32)(0))
            return builder.shuffle_vector(lane, lane, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

        x, k, start, n, head, first, tail, last = (arguments[0], *map(everywhere, arguments[1:]))
        lane, nothing = ir.Constant(words, list(range(LANES))), ir.Constant(words, [0] * LANES)
        behind = builder.sub(lane, head)
        source = builder.add(start, behind)
        source = builder.select(builder.icmp_unsigned("<", source, k), source, builder.sub(source, k))
        source = builder.select(builder.icmp_unsigned("<", behind, n), source, start)
        y = ir.Constant(_vector, ir.Undefined)
        for i in map(ir.IntType(32), range(LANES)):  # LLVM knows this for a permutation
            y = builder.insert_element(y, builder.extract_element(x, builder.extract_element(source, i)), i)
        at_end = builder.icmp_unsigned("==", behind, n)
        y = builder.select(builder.and_(at_end, builder.icmp_unsigned("!=", tail, nothing)), last, y)
        beyond = builder.icmp_unsigned("<", builder.add(n, tail), builder.add(behind, ir.Constant(words, [1] * LANES)))
        outside = builder.or_(builder.icmp_signed("<", behind, nothing), beyond)
        return builder.select(builder.and_(outside, builder.icmp_unsigned("!=", head, nothing)), first, y)

    integer = types.int64
    return _lanes(_lanes, integer, integer, integer, integer, types.float64, integer, types.float64), code


# -------------------------------------------------------------------------------------------- the steps of the descent

_options = dict(error_model="numpy", fastmath={"contract"}, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
_part = njit(**_options)
_step = njit(**_options, forceinline=True)


@_part
def _join(net, stack, count, span, source, target):
    """Map in slot target = map in slot source + sum over ``count`` joining neurons of (weights onwards) x (a, b, c)."""
    pad = stack.pad
    old, new = at(stack.map, 3 * source * pad), at(stack.map, 3 * target * pad)
    for i in range(0, span, 2 * LANES):
        j = i + LANES
        a0, b0, c0 = load(old, i), load(old, pad + i), load(old, 2 * pad + i)
        a1, b1, c1 = load(old, j), load(old, pad + j), load(old, 2 * pad + j)
        for k in range(count):
            g = stack.joining[k]
            line, row = at(stack.lines, g * LINE_SIZE), at(net.weights, net.row[g])
            a, b, c = spread(line[A]), spread(line[B]), spread(line[C])
            x, y = load(row, i), load(row, j)
            a0, b0, c0 = muladd(x, a, a0), muladd(x, b, b0), muladd(x, c, c0)
            a1, b1, c1 = muladd(y, a, a1), muladd(y, b, b1), muladd(y, c, c1)
        store(new, i, a0)
        store(new, pad + i, b0)
        store(new, 2 * pad + i, c0)
        store(new, j, a1)
        store(new, pad + j, b1)
        store(new, 2 * pad + j, c1)


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
def _settled(g, a, b, c, t, stack, exact):
    """Verdict on neuron g, of uncertain sign on node t: the answer to a question (or ASKED), or by the tolerance."""
    if exact:
        stack.verdict[g] = max(stack.verdict[g], ASKED)
        return np.int64(stack.verdict[g])
    u, far = at(stack.polygon, t * CORNER_SIZE * stack.room), at(stack.far, 3 * t)
    low, high = np.inf, -np.inf
    for i in range(stack.corners[t]):
        f = a * u[i] + (b * u[stack.room + i] + c)
        low, high = min(low, f), max(high, f)
    tau = TOLERANCE * (abs(a) * far[U] + abs(b) * far[V] + abs(c))
    if low < -tau and high > tau:
        return CROSSING
    return ACTIVE if low + high > 0.0 else INACTIVE


@_step
def _enter(t, net, stack, exact):
    """Step 3: test all neurons of the next layer on node t. Returns DONE or QUESTION."""
    layer, k, room, pad = stack.layer[t], stack.corners[t], stack.room, stack.pad
    n, real, span, first = net.widths[layer], net.real[layer], net.span[layer], net.first[layer]
    u = at(stack.polygon, t * CORNER_SIZE * room)
    v, bits, map_ = at(u, room), at(stack.bits, t * stack.stride), at(stack.map, 3 * t * pad)
    own_bits, magnitude = at(bits, net.word[layer]), at(net.magnitude, first)
    kappa, far = net.kappa[layer], at(stack.far, 3 * t)
    error = far[ERROR]
    pa, pb = spread(kappa * (far[U] + error)), spread(kappa * (far[V] + error))
    pc, pe, tiny = spread(kappa), spread(error), spread(TINY)

    u0, u1, u2, u3 = spread(u[0]), spread(u[1]), spread(u[2]), spread(u[3])
    v0, v1, v2, v3 = spread(v[0]), spread(v[1]), spread(v[2]), spread(v[3])
    # Until every answer is there, nothing changes but this layer's bits, which are then written again.
    asked, uncertain = False, 0
    for w in range((n + 63) >> 6):
        active, inactive, crossing = NONE, NONE, NONE
        for i in range(64 * w, min(64 * w + 64, span), LANES):
            a, b, c = load(map_, i), load(map_, pad + i), load(map_, 2 * pad + i)
            f0, f1 = muladd(a, u0, muladd(b, v0, c)), muladd(a, u1, muladd(b, v1, c))
            f2, f3 = muladd(a, u2, muladd(b, v2, c)), muladd(a, u3, muladd(b, v3, c))
            low, high = lower(lower(f0, f1), lower(f2, f3)), higher(higher(f0, f1), higher(f2, f3))
            for j in range(4, k):
                f = muladd(a, spread(u[j]), muladd(b, spread(v[j]), c))
                low, high = lower(low, f), higher(high, f)
            mc = load(magnitude, 2 * (net.n_neurons + 64) + i)
            doubt = muladd(absolute(a), pe, muladd(absolute(b), pe, muladd(mc, pc, tiny)))
            doubt = muladd(load(magnitude, i), pa, muladd(load(magnitude, net.n_neurons + 64 + i), pb, doubt))
            below, above, place = less(low, negative(doubt)), less(doubt, high), np.uint64(i & 63)
            active |= less(doubt, low) << place
            inactive |= less(high, negative(doubt)) << place
            crossing |= (below & above) << place
        valid = ALL if n - 64 * w >= 64 else (ONE << np.uint64(n - 64 * w)) - ONE
        for i in range(max(real, 64 * w), min(n, 64 * w + 64)):
            a, b, c, bit = map_[i], map_[pad + i], map_[2 * pad + i], ONE << np.uint64(i & 63)
            silent = a == 0.0 and b == 0.0 and c == 0.0 and _is_silent(net, bits, layer, i)
            active, inactive, crossing = active & ~bit, inactive | bit, crossing & ~bit
            if not silent:
                active |= bit
        doubtful = valid & ~(active | inactive | crossing)
        while doubtful != NONE:  # rare
            place = trailing_zeros(doubtful)
            i = 64 * w + np.int64(place)
            doubtful &= doubtful - ONE
            if _is_silent(net, bits, layer, i):
                continue
            verdict = _settled(first + i, map_[i], map_[pad + i], map_[2 * pad + i], t, stack, exact)
            uncertain += 1
            asked |= verdict == ASKED
            if verdict == ACTIVE:
                active |= ONE << place
            elif verdict == CROSSING:
                crossing |= ONE << place
        own_bits[w] = active & valid
        stack.crossing[w] = crossing & valid
    if asked:
        return QUESTION
    if uncertain:
        stack.state[UNCERTAIN] += uncertain
        stack.touched[t] = 1
        for i in range(n):
            stack.verdict[first + i] = UNKNOWN

    follows = net.span[layer + 1]
    waiting, length, joining, count = at(stack.waiting, t * stack.longest), 0, stack.joining, 0
    for w in range((n + 63) >> 6):
        active, crossing = own_bits[w] if follows else NONE, stack.crossing[w]
        wanted = crossing | active
        while wanted != NONE:
            place = trailing_zeros(wanted)
            wanted &= wanted - ONE
            i = 64 * w + np.int64(place)
            line = at(stack.lines, (first + i) * LINE_SIZE)
            line[A], line[B], line[C] = map_[i], map_[pad + i], map_[2 * pad + i]
            crosses = np.int64((crossing >> place) & ONE)
            waiting[length] = joining[count] = first + i
            length += crosses
            count += 1 - crosses
    if follows:  # the map of this layer makes room for the next one's
        bias = at(net.bias, net.first[layer + 1])
        for i in range(0, follows, LANES):
            store(map_, i, spread(0.0))
            store(map_, pad + i, spread(0.0))
            store(map_, 2 * pad + i, load(bias, i))
        _join(net, stack, count, follows, t, t)
    stack.length[t] = stack.tested[t] = length
    stack.layer[t] = layer + 1
    return DONE


@_step
def _filter(t, net, stack, exact):
    """Step 1: test the untested neurons of node t's list; those that do not cross are decided. DONE or QUESTION."""
    layer, k, room = stack.layer[t] - 1, stack.corners[t], stack.room
    first, kappa, polygon = net.first[layer], net.kappa[layer], at(stack.polygon, t * CORNER_SIZE * room)
    waiting, bits = at(stack.waiting, t * stack.longest), at(stack.bits, t * stack.stride + net.word[layer])
    far = at(stack.far, 3 * t)
    error = far[ERROR]
    pa, pb = kappa * (far[U] + error), kappa * (far[V] + error)
    joining, count, source = stack.joining, 0, t
    if stack.joins[t] >= 0:
        joining[0], count, source = stack.joins[t], 1, t - 1
        stack.joins[t] = -1
    kept, length, answer = stack.tested[t], stack.length[t], DONE
    for i in range(kept, length):  # without branches that depend on where a neuron goes: nobody can foretell them
        g = waiting[i]
        line = at(stack.lines, g * LINE_SIZE)
        a, b, c = spread(line[A]), spread(line[B]), spread(line[C])
        doubt = line[MA] * pa + line[MB] * pb + (line[MC] * kappa + TINY) + (abs(line[A]) + abs(line[B])) * error
        f = muladd(a, load(polygon, 0), muladd(b, load(polygon, room), c))
        above, below = less(spread(doubt), f), less(f, spread(-doubt))
        some_above, some_below, sure = above, below, above | below
        for j in range(LANES, k, LANES):
            f = muladd(a, load(polygon, j), muladd(b, load(polygon, room + j), c))
            plus, minus_ = less(spread(doubt), f), less(f, spread(-doubt))
            above, below, sure = above & plus, below & minus_, sure & (plus | minus_)
            some_above, some_below = some_above | plus, some_below | minus_
        active = above == ALL_LANES
        crossing = (above != ALL_LANES) & (below != ALL_LANES)
        if sure != ALL_LANES and (some_above == NONE or some_below == NONE):
            verdict = _settled(g, line[A], line[B], line[C], t, stack, exact)
            if verdict == ASKED:
                answer = QUESTION
                break
            stack.verdict[g] = UNKNOWN
            stack.state[UNCERTAIN] += 1
            stack.touched[t] = 1
            crossing, active = verdict == CROSSING, verdict == ACTIVE
        place = g - first
        bits[place >> 6] |= np.uint64(active) << np.uint64(place & 63)
        waiting[kept] = joining[count] = g
        kept += np.int64(crossing)
        count += np.int64(active)
    stack.tested[t] = kept
    if answer == QUESTION:
        for j in range(i, length):
            waiting[kept] = waiting[j]
            kept += 1
    stack.length[t] = kept
    if count and net.span[layer + 1]:
        _join(net, stack, count, net.span[layer + 1], source, t)
    return answer


@_part
def _pivot(t, stack):
    """Position in node t's list of the neuron to cut by: of 6 or more, the line nearest to the mean of the corners."""
    length = stack.length[t]
    if length < 6:
        return length - 1
    u, k = at(stack.polygon, t * CORNER_SIZE * stack.room), stack.corners[t]
    waiting = at(stack.waiting, t * stack.longest)
    mean_u = mean_v = 0.0
    for i in range(k):
        mean_u += u[i]
        mean_v += u[stack.room + i]
    mean_u, mean_v = mean_u / k, mean_v / k
    best, nearest = length - 1, np.inf
    for i in range(length):
        line = at(stack.lines, waiting[i] * LINE_SIZE)
        f = line[A] * mean_u + (line[B] * mean_v + line[C])
        distance = f * f / (line[A] * line[A] + line[B] * line[B])
        if distance < nearest:
            best, nearest = i, distance
    return best


@_part
def _meet(i, j, on, cut, t, stack, end):
    """Where a cut meets the edge from corner i to j of node t -> end; corner ``on`` may lie on the cut."""
    u, value = at(stack.polygon, t * CORNER_SIZE * stack.room), stack.value
    v, error = at(u, V * stack.room), at(u, ERROR * stack.room)
    if value[on] == 0.0:
        end[U], end[V], end[ERROR] = u[on], v[on], error[on]
        return
    edge = at(stack.lines, np.int64(at(u, EDGE * stack.room)[i]) * LINE_SIZE)
    a, b, c, x, y, z = edge[A], edge[B], edge[C], cut[A], cut[B], cut[C]
    det = a * y - x * b
    p, q = (b * z - y * c) / det, (c * x - z * a) / det
    # Nearly parallel lines: the crossing of the lines may leave the edge. (Written so that NaN counts as outside.)
    if not (min(u[i], u[j]) <= p <= max(u[i], u[j]) and min(v[i], v[j]) <= q <= max(v[i], v[j])):
        if abs(value[i]) < abs(value[j]):
            s = value[i] / (value[i] - value[j])
            p, q = u[i] + s * (u[j] - u[i]), v[i] + s * (v[j] - v[i])
        else:
            s = value[j] / (value[j] - value[i])
            p, q = u[j] + s * (u[i] - u[j]), v[j] + s * (v[i] - v[j])
    # However it was found, its distance from the exact crossing follows from what is left of both equations.
    ke, kc = edge[KAPPA], cut[KAPPA]
    left_edge = abs(a * p + (b * q + c)) + ke * (edge[MA] * abs(p) + edge[MB] * abs(q) + edge[MC])
    left_cut = abs(x * p + (y * q + z)) + kc * (cut[MA] * abs(p) + cut[MB] * abs(q) + cut[MC])
    a, b, x, y = abs(a) + ke * edge[MA], abs(b) + ke * edge[MB], abs(x) + kc * cut[MA], abs(y) + kc * cut[MB]
    det = abs(det) - (ke + kc) * (edge[MA] * cut[MB] + edge[MB] * cut[MA]) * 1.01
    off = max(y * left_edge + b * left_cut, x * left_edge + a * left_cut) / det
    sound = det > TINY and max(a, b) > TINY and max(x, y) > TINY and off < FAR
    end[U], end[V], end[ERROR] = p, q, off if sound else FAR


@_part
def _assemble(source, target, k, stack, head, first, start, n, tail, last):
    """Polygon of a slot = an end of the cut (if head), n corners of the source from ``start`` on, the other (if tail).

    The source is a slot, whose polygon has k corners. A polygon that does not fit into lanes is also in ``old``.
    """
    room, far = stack.room, at(stack.far, 3 * target)
    old, new = at(stack.polygon, source * CORNER_SIZE * room), at(stack.polygon, target * CORNER_SIZE * room)
    corners = head + n + tail
    for part in range(CORNER_SIZE):
        row = at(new, part * room)
        if k + 2 <= LANES:
            x = splice(load(old, part * room), k, start, n, head, first[part], tail, last[part])
            store(row, 0, x)
            most = absolute(x)
        else:
            row[0] = first[part]
            for i in range(0, n, LANES):
                store(row, head + i, load(stack.old, 2 * part * room + start + i))
            row[head + n] = last[part]
            store(row, corners, spread(row[0]))
            most = absolute(load(row, 0))
            for i in range(LANES, corners, LANES):
                most = higher(most, absolute(load(row, i)))
        if part < EDGE:
            far[part] = largest(most)
    stack.corners[target] = corners


@_step
def _cut(t, net, stack, exact):
    """Step 2: cut node t by a neuron of its list; plus side into slot t + 1, minus side into t. DONE or QUESTION."""
    layer, k, room, state = stack.layer[t] - 1, stack.corners[t], stack.room, stack.state
    polygon = at(stack.polygon, t * CORNER_SIZE * room)
    waiting, length = at(stack.waiting, t * stack.longest), stack.length[t]
    if state[PIVOT] < 0:
        state[PIVOT] = _pivot(t, stack)
    g = waiting[state[PIVOT]]
    line, far = at(stack.lines, g * LINE_SIZE), at(stack.far, 3 * t)
    a, b, c, kappa, error = line[A], line[B], line[C], line[KAPPA], far[ERROR]
    doubt = kappa * (line[MA] * (far[U] + error) + line[MB] * (far[V] + error) + line[MC])
    doubt += TINY + (abs(a) + abs(b)) * error

    value, certain = stack.value, ALL_LANES
    for i in range(0, k, LANES):
        f = muladd(spread(a), load(polygon, i), muladd(spread(b), load(polygon, room + i), spread(c)))
        store(value, i, f)
        certain &= less(spread(doubt), absolute(f))
    if certain != ALL_LANES:
        if exact and state[ANSWERED] == 0:
            return QUESTION
        state[ANSWERED] = 0
        state[UNCERTAIN] += 1
        stack.touched[t] = 1
        # Half of it: whatever was found to cross keeps a corner on either side, however the compiler rounds.
        tau = 0.5 * TOLERANCE * (abs(a) * far[U] + abs(b) * far[V] + abs(c))
        for i in range(k):
            if exact:
                side = stack.side[i]
                value[i] = 0.0 if side == 0 else (max(value[i], 1e-300) if side > 0 else min(value[i], -1e-300))
            elif abs(value[i]) <= tau:
                value[i] = 0.0
    if k + 2 > LANES:  # the polygon twice round, so that each run of corners is in one piece there
        for part in range(CORNER_SIZE):
            row, copy = at(polygon, part * room), at(stack.old, 2 * part * room)
            for i in range(0, k, LANES):
                store(copy, i, load(row, i))
            for i in range(0, k, LANES):
                store(copy, k + i, load(row, i))
    length -= 1
    waiting[state[PIVOT]] = waiting[length]
    state[PIVOT] = -1

    # Corners `start` to `stop` (cyclically, stop excluded) are on the plus side.
    start = stop = 0
    before = np.uint64(value[k - 1] > 0.0)
    for i in range(0, k, LANES):
        valid = ALL_LANES if k - i >= LANES else (ONE << np.uint64(k - i)) - ONE
        plus = less(spread(0.0), load(value, i)) & valid
        before |= plus << ONE
        rising, falling = plus & ~before, before & ~plus & valid
        if rising != NONE:
            start = i + np.int64(trailing_zeros(rising))
        if falling != NONE:
            stop = i + np.int64(trailing_zeros(falling))
        before = plus >> np.uint64(LANES - 1)
    last_minus, last_plus = start - 1 if start else k - 1, stop - 1 if stop else k - 1
    n_minus = start - stop if start > stop else start - stop + k
    into, out, edges = stack.ends, at(stack.ends, CORNER_SIZE), at(polygon, EDGE * room)
    _meet(last_minus, start, last_minus, line, t, stack, into)
    _meet(last_plus, stop, stop, line, t, stack, out)
    into[EDGE], out[EDGE], along = edges[last_minus], g, edges[last_plus]
    _assemble(t, t + 1, k, stack, 1, into, start, k - n_minus, 1, out)
    # On the minus side an end that is an old corner is there already.
    head, tail = np.int64(value[stop] != 0.0), np.int64(value[last_minus] != 0.0)
    into[EDGE], out[EDGE] = g, along
    _assemble(t, t, k, stack, head, out, stop, n_minus, tail, into)
    edges[stack.corners[t] - 1] = g

    bits = at(stack.bits, t * stack.stride)
    plus_bits, plus_waiting = at(bits, stack.stride), at(waiting, stack.longest)
    for i in range(0, stack.stride, LANES):
        store(plus_bits, i, load(bits, i))
    for i in range(0, length, LANES):
        store(plus_waiting, i, load(waiting, i))
    i = g - net.first[layer]
    plus_bits[net.word[layer] + (i >> 6)] |= ONE << np.uint64(i & 63)
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
    room, k, n, m = stack.room, stack.corners[t], stack.state[N_CELLS], stack.state[N_CORNERS]
    u, far = at(stack.polygon, t * CORNER_SIZE * room), at(stack.far, 3 * t)
    v, edge = at(u, V * room), at(u, EDGE * room)
    u0, v0, area = spread(u[0]), spread(v[0]), 0.0
    for i in range(0, k, LANES):
        x, y = load(u, i), load(v, i)
        # Relative to the first corner: slivers keep their relative accuracy.
        x1, y1 = minus(load(u, i + 1), u0), minus(load(v, i + 1), v0)
        area += total(muladd(minus(x, u0), y1, negative(muladd(x1, minus(y, v0), spread(0.0)))))
        if cells.corner_room:
            store_pairs(cells.corners, 2 * (m + i), x, y)
            store_integers(cells.edge, m + i, load(edge, i))
    cells.area[n] = 0.5 * area
    cells.touched[n] = stack.touched[t]
    if stack.touched[t] and far[ERROR] > 1e-9 * (far[U] + far[V]):
        cells.touched[n] = BLURRED
    bits, out = at(stack.bits, t * stack.stride), at(cells.bits, n * stack.words)
    for i in range(0, stack.words, LANES):
        store(out, i, load(bits, i))
    if cells.corner_room:
        stack.state[N_CORNERS] = m + k
        cells.offset[n + 1] = m + k
    if cells.n_outputs:
        cells.error[n] = far[ERROR]
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
        stack.slots, stack.room, stack.longest, stack.words, stack.stride, stack.pad, stack.n_borders, at(stack.polygon, 0),
        at(stack.far, 0), at(stack.corners, 0), at(stack.layer, 0), at(stack.waiting, 0), at(stack.length, 0),
        at(stack.tested, 0), at(stack.bits, 0), at(stack.map, 0), at(stack.joins, 0), at(stack.touched, 0),
        at(stack.joining, 0), at(stack.lines, stack.n_borders * LINE_SIZE), at(stack.verdict, 0), at(stack.side, 0), at(stack.crossing, 0),
        at(stack.value, 0), at(stack.old, 0), at(stack.ends, 0), at(stack.state, 0),
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
            if stack.corners[t] + 2 + LANES > stack.room:
                return CORNERS_FULL
            if _cut(t, net, stack, exact) == QUESTION:
                return QUESTION
        elif stack.layer[t] < net.n_layers:
            if _enter(t, net, stack, exact) == QUESTION:
                return QUESTION
        else:
            if state[N_CELLS] >= cells.room:
                return CELLS_FULL
            if cells.corner_room and state[N_CORNERS] + stack.corners[t] + LANES > cells.corner_room:
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
