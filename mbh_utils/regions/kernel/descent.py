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

Signs. A value is *certain* when it is larger than every error it may carry: (U + e) EA + (V + e) EB + EC +
e (|a| + |b|), where EA, EB, EC bound the errors of a, b, c, U and V are the largest |u| and |v| of the polygon, and e
is the largest error of its corners. Nearly all signs are certain, and then exact. Of the others some follow from the
signs of a neuron's terms alone; the rest is counted and settled by the caller in exact arithmetic: the kernel stops
with a question, and goes on with the answer when it is called again. It stops in the same way when its output, its
stack or its polygons need room, when a region's area is not good enough (the caller draws the region anew), and now
and then to let the caller show progress or be interrupted. Everything it knows is in ``Stack`` and ``Cells``.

Areas. A region's corners carry bounds of their errors, so its area does too. A region is good enough when that bound
is below both of ``Stack.limits``: an area, and a share of the region's own area.

Speed. Compiled loops hardly vectorise such short work by themselves, so it is written for *lanes*: eight float64 in
vector registers, as many corners of a polygon or neurons of a layer at once. What is shorter is padded: behind a
polygon's last corner its first one is repeated, which changes no extreme, sign or area. The steps are loops and
branches, compiled by numba; what has neither (``_straight``) is written for LLVM, by Python's operators. The code works
on bare addresses, not on array objects: those count references and wrap negative indices, which cost more than half of
the time. Nothing checks an index here but the code itself.
"""

import inspect
import operator
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.cpython.unsafe.numbers import trailing_zeros
from numba.extending import intrinsic, models, register_model

from mbh_utils._native import cached

TINY = 1e-290  # no smaller value is certain: below it float64 runs out of digits
FAR = 1e300  # position error of a corner whose two lines are parallel up to rounding
LANES = 8

# Why the kernel came back.
DONE, CELLS_FULL, STACK_FULL, CORNERS_FULL, QUESTION, REDRAW, PAUSE = range(7)
# State: the numbers that live on between two calls. WORK is what may still be done before a pause, in multiplications.
TOP, N_CELLS, N_CORNERS, UNCERTAIN, PIVOT, ANSWERED, WORK, STATE_SIZE = range(8)
STEP = 256  # work of a step besides joining maps
# What is known about a corner: its place, a bound of its distance from the exact one per coordinate, and the line from
# it to the next corner (-1 - e is the domain's edge e).
U, V, ERROR, EDGE, CORNER_SIZE = range(5)
# What is known about a line: its coefficients, and bounds of their errors.
A, B, C, EA, EB, EC, _, _, LINE_SIZE = range(9)  # a line fills one cache line
# Verdicts on an uncertain neuron (``ASKED`` is the question, the later ones are answers).
UNKNOWN, ASKED, INACTIVE, ACTIVE, CROSSING = range(5)

TOUCHED = 1  # of a region: an uncertain sign was met on the way
# The terms of a neuron (its bias, and its weights from active neurons) are none, all > 0, all < 0, or of both signs.
NO_TERMS, PLUS, MINUS, MIXED = range(4)

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
    listed: np.ndarray  # (L + 1,) int64: 1 where weights into a layer are few (a convolution): lists, no rows
    onwards: np.ndarray  # (N + 1,) int64: where the list of a neuron's weights into the next layer starts
    target: np.ndarray  # flat int64: unit of the next layer that each weight of the lists leads to
    weight: np.ndarray  # flat float64: the weights of the lists
    inwards: np.ndarray  # (N + 1,) int64: where the list of a neuron's weights from the layer below starts
    source: np.ndarray  # flat int64: unit of the layer below
    incoming: np.ndarray  # flat float64: the same weights as in ``weight``, by the unit that they lead to
    alike: np.ndarray  # (n_1,) int64: first unit of the first layer that is the same function on the plane as this one
    bias: np.ndarray  # (N + 64,) float64
    error: np.ndarray  # (3, N + 64) float64: bounds of the errors of each neuron's a, b, c; 0 only where all terms are
    refined: int  # 1: lines of the second layer are worked out anew, in twofold precision, where they cross a node
    first_map: np.ndarray  # (6, span of layer 0) float64: a, b, c of the first layer, and what their rounding took away
    inputs: np.ndarray  # (n_2, span of layer 0) float64: weights of each unit of the second layer
    refined_error: np.ndarray  # (3, n_2) float64: bounds of the errors of such sums
    deep: int  # 1: these bounds are wide, so they are worked out on each node anew, for the neurons active there
    rounding: np.ndarray  # (L,) float64: bound of the rounding in a sum over a layer's inputs, as a share of its terms


class Stack(NamedTuple):
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
    joins: np.ndarray  # (S,) int64: neuron that the map lacks, and has to be taken from the slot below with; or -1
    touched: np.ndarray  # (S,) uint8: TOUCHED or 0
    joining: np.ndarray  # (longest + 1,) int64: neurons about to join a map
    lines: np.ndarray  # (N, LINE_SIZE) float64; in memory before it: the domain's edges, the first one last
    verdict: np.ndarray  # (N,) uint8
    side: np.ndarray  # (K,) int8: answer about a cut, the pivot's sign at each corner
    crossing: np.ndarray  # (words,) uint64: neurons of a layer being entered that cross
    value: np.ndarray  # (K,) float64: of the pivot at the corners of the polygon being cut
    old: np.ndarray  # (CORNER_SIZE, 2 K) float64: that polygon twice round, where it does not fit into lanes
    limits: np.ndarray  # (2,) float64: largest error of a region's area, and as a share of it, that need no redrawing
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
    touched: np.ndarray  # (room,) uint8: TOUCHED or 0
    error: np.ndarray  # (room,) float64: largest error of the corners; as the next, only where outputs are wanted
    maps: np.ndarray  # (room, 3, n_outputs) float64: a, b, c of the outputs


def aligned_zeros(shape: tuple[int, ...], dtype=np.float64) -> np.ndarray:
    """Zeros that start on a cache line: what compiled loops read across two lines costs more."""
    size, itemsize = int(np.prod(shape)), np.dtype(dtype).itemsize
    memory = np.zeros(size + 64 // itemsize, dtype)
    start = -memory.ctypes.data % 64 // itemsize
    return memory[start : start + size].reshape(shape)


# ---------------------------------------------------------------- straight-line code, written with Python's operators


class _LanesType(types.Type):
    """Eight float64 in vector registers."""


_lanes, _i32, _i64, _f64 = _LanesType("lanes"), ir.IntType(32), ir.IntType(64), ir.DoubleType()
_vector = ir.VectorType(_f64, LANES)


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _vector)


class _Value:
    """A number, lanes, an address or a truth in compiled code: its operators write LLVM code.

    Where numbers and lanes meet, the number is taken for every lane. An address has elements: ``p[i]``, ``p.lanes(i)``.
    """

    def __init__(self, builder, value):
        self.builder, self.value = builder, value

    def _operation(self, other, on_floats, on_integers, swapped=False):
        if not isinstance(other, _Value):
            kind = self.value.type
            other = _Value(self.builder, ir.Constant(kind.element if isinstance(kind, ir.VectorType) else kind, other))
        x, y = _alike(self, other)
        write = on_floats if getattr(x.type, "element", x.type) == _f64 else on_integers
        return _Value(self.builder, write(self.builder, *((y, x) if swapped else (x, y))))

    def __add__(self, other):
        if isinstance(self.value.type, ir.PointerType):
            return _Value(self.builder, self.builder.gep(self.value, [_constant(self.builder, other).value]))
        return self._operation(other, _contracted("fadd"), ir.IRBuilder.add)

    def __sub__(self, other):
        return self._operation(other, _contracted("fsub"), ir.IRBuilder.sub)

    def __mul__(self, other):
        return self._operation(other, _contracted("fmul"), ir.IRBuilder.mul)

    def __rtruediv__(self, other):
        return self._operation(other, ir.IRBuilder.fdiv, None, swapped=True)

    def __truediv__(self, other):
        return self._operation(other, ir.IRBuilder.fdiv, None)

    def __and__(self, other):
        return self._operation(other, None, ir.IRBuilder.and_)

    def __or__(self, other):
        return self._operation(other, None, ir.IRBuilder.or_)

    def __lshift__(self, other):
        return self._operation(other, None, ir.IRBuilder.shl)

    def __rshift__(self, other):
        return self._operation(other, None, ir.IRBuilder.lshr)

    def __lt__(self, other):
        return self._operation(other, *_comparison("<"))

    def __gt__(self, other):
        return self._operation(other, *_comparison(">"))

    def __le__(self, other):
        return self._operation(other, *_comparison("<="))

    def equals(self, other):
        return self._operation(other, *_comparison("=="))

    def below(self, other):
        """Whether an integer is smaller, both without signs: no negative one is below another."""
        return self._operation(other, None, lambda builder, x, y: builder.icmp_unsigned("<", x, y))

    def __neg__(self):
        return _Value(self.builder, self.builder.fneg(self.value))

    def __invert__(self):
        return _Value(self.builder, self.builder.not_(self.value))

    def __abs__(self):
        return _call(self, "fabs", self.value.type)

    def __getitem__(self, i):
        return _Value(self.builder, self.builder.load((self + i).value))

    def __setitem__(self, i, x):
        address, x = (self + i).value, _constant(self.builder, x).value
        size = x.type.width // 8 if isinstance(x.type, ir.IntType) else 8
        self.builder.store(x, self.builder.bitcast(address, x.type.as_pointer()), align=size)

    def lanes(self, i):
        address = self.builder.bitcast((self + i).value, _vector.as_pointer())
        return _Value(self.builder, self.builder.load(address, align=8))

    def as_integer(self):
        return _Value(self.builder, self.builder.fptosi(self.value, _i64))

    def as_number(self):
        return _Value(self.builder, self.builder.sitofp(self.value, _f64))


def _contracted(name: str):
    """A product and the sum it is part of may be rounded at once, where the processor can."""
    return lambda builder, x, y: getattr(builder, name)(x, y, flags=("contract",))


def _comparison(sign: str):
    """Of floats and of integers."""
    return [lambda builder, x, y, how=how: getattr(builder, how)(sign, x, y) for how in ("fcmp_ordered", "icmp_signed")]


def _constant(builder, x) -> _Value:
    return x if isinstance(x, _Value) else _Value(builder, ir.Constant(_f64 if isinstance(x, float) else _i64, x))


def _alike(x: _Value, y: _Value):
    """LLVM's values of both, both of them lanes where one is."""
    lanes = [isinstance(z.value.type, ir.VectorType) for z in (x, y)]
    return [z.value if own or not any(lanes) else _spread(z).value for z, own in zip((x, y), lanes, strict=True)]


def _spread(x: _Value) -> _Value:
    """A number in all lanes."""
    builder, kind = x.builder, ir.VectorType(x.value.type, LANES)
    if isinstance(x.value, ir.Constant):
        return _Value(builder, ir.Constant(kind, [x.value.constant] * LANES))
    first = _Value(builder, builder.insert_element(ir.Constant(kind, ir.Undefined), x.value, _i32(0)))
    return _shuffled(first, first, [0] * LANES)


def _call(x: _Value, name: str, result, *more) -> _Value:
    """A function that LLVM has for all kinds of arguments."""
    kind = x.value.type
    name = f"llvm.{name}.{f'v{LANES}f64' if isinstance(kind, ir.VectorType) else 'f64' if kind == _f64 else 'i64'}"
    arguments = [x.value, *more]
    signature = ir.FunctionType(result, [y.type for y in arguments])
    function = x.builder.module.globals.get(name) or ir.Function(x.builder.module, signature, name)
    return _Value(x.builder, x.builder.call(function, arguments))


def _where(condition: _Value, x, y) -> _Value:
    builder = condition.builder
    return _Value(builder, builder.select(condition.value, *_alike(_constant(builder, x), _constant(builder, y))))


def _low(x, y) -> _Value:
    return _where(x < y, x, y)


def _high(x, y) -> _Value:
    return _where(x > y, x, y)


def _bits(truths: _Value) -> _Value:
    """The truths of all lanes as an integer, the first one in the lowest bit."""
    builder = truths.builder
    return _Value(builder, builder.zext(builder.bitcast(truths.value, ir.IntType(LANES)), _i64))


def _first_bit(x: _Value) -> _Value:
    return _call(x, "cttz", _i64, ir.Constant(ir.IntType(1), 0))


def _lane_numbers(builder) -> _Value:
    return _Value(builder, ir.Constant(ir.VectorType(_i64, LANES), list(range(LANES))))


def _shuffled(x: _Value, y: _Value, order: list[int]) -> _Value:
    places = ir.Constant(ir.VectorType(_i32, len(order)), order)
    return _Value(x.builder, x.builder.shuffle_vector(x.value, y.value, places))


def _folded(x: _Value, combine) -> _Value:
    """All lanes combined into one number, half with half."""
    n = LANES
    while n > 1:
        n //= 2
        x = combine(*(_shuffled(x, x, list(range(start, start + n))) for start in (0, n)))
    return _Value(x.builder, x.builder.extract_element(x.value, _i32(0)))


def _straight(*results):
    """Of a Python function on ``_Value``s: one that compiled code can call, whose operations are then written there.

    When the code runs, it has no branches and no loops (those of Python run while it is written). results: the kinds
    of what it returns. For most operations numba takes longer to infer their kinds than LLVM takes to compile them;
    here there is nothing to infer.
    """

    def decorate(function):
        names = inspect.signature(function).parameters

        def typed(typing_context, *kinds):
            result = types.void if not results else results[0] if len(results) == 1 else types.Tuple(results)

            def code(context, builder, signature, arguments):
                values = [_wrapped(builder, kind, x) for kind, x in zip(kinds, arguments, strict=True)]
                out = function(*values)
                if len(results) <= 1:
                    return out.value if results else context.get_dummy_value()
                return context.make_tuple(builder, result, [x.value for x in out])

            return result(*kinds), code

        parameter = inspect.Parameter
        typed.__signature__ = inspect.Signature(
            [parameter(name, parameter.POSITIONAL_OR_KEYWORD) for name in ("typing_context", *names)]
        )
        typed.__name__ = function.__name__
        return intrinsic(typed)

    return decorate


def _wrapped(builder, kind, x):
    """The ``_Value`` of an argument; of a tuple, one for each of its parts."""
    if not isinstance(kind, types.BaseTuple):
        return _Value(builder, x)
    parts = [_wrapped(builder, k, y) for k, y in zip(kind, cgutils.unpack_tuple(builder, x), strict=True)]
    return kind.instance_class(*parts) if isinstance(kind, types.BaseNamedTuple) else parts


@intrinsic
def at(typing_context, array, offset):
    """Address of element ``offset`` of an array (counted over its whole memory) or of what an address points to."""
    is_array = isinstance(array, types.Array)
    pointer = types.CPointer(array.dtype)

    def code(context, builder, signature, arguments):
        start = context.make_array(array)(context, builder, arguments[0]).data if is_array else arguments[0]
        return builder.gep(start, [arguments[1]])

    return pointer(array, types.intp), code


@intrinsic
def _addresses(typing_context, fields):
    """A named tuple of arrays and numbers, with the addresses of the arrays' first elements in place of the arrays."""
    kinds = [types.CPointer(kind.dtype) if isinstance(kind, types.Array) else kind for kind in fields]
    result = types.NamedTuple(kinds, fields.instance_class)

    def code(context, builder, signature, arguments):
        values = cgutils.unpack_tuple(builder, arguments[0])
        for i, kind in enumerate(fields):
            if isinstance(kind, types.Array):
                values[i] = context.make_array(kind)(context, builder, values[i]).data
        return context.make_tuple(builder, result, values)

    return result(fields), code


# ------------------------------------------------------------------------------------------ parts without any branch

_six_lanes = (_lanes,) * 6


def _polygon(t, stack):
    """Address of node t's polygon."""
    return stack.polygon + t * CORNER_SIZE * stack.room


def _doubt(a, b, errors, far):
    """Bound of all errors of a u + b v + c on a node, see above."""
    ea, eb, ec = errors
    u, v, error = far[U], far[V], far[ERROR]
    return ea * (u + error) + (eb * (v + error) + (ec + ((abs(a) + abs(b)) * error + TINY)))


def _on_line(t, g, j, stack):
    """A line at corners j to j + 7 of a node: values and the bound of their errors."""
    line, polygon = stack.lines + g * LINE_SIZE, _polygon(t, stack)
    values = polygon.lanes(j) * line[A] + (polygon.lanes(stack.room + j) * line[B] + line[C])
    return values, _doubt(line[A], line[B], (line[EA], line[EB], line[EC]), stack.far + t * 3)


@_straight(types.uint64, types.uint64)
def _sides(t, g, j, stack):
    """Which of the corners j to j + 7 of node t are certainly on the plus side of line g, and on its minus side."""
    values, doubt = _on_line(t, g, j, stack)
    return _bits(values > doubt), _bits(values < -doubt)


@_straight(types.uint64)
def _evaluate(t, g, j, stack):
    """Put line g's values at corners j to j + 7 of node t into ``value`` -> which of them are certain."""
    values, doubt = _on_line(t, g, j, stack)
    stack.value[j] = values
    return _bits(abs(values) > doubt)


@_straight(types.float64)
def _distance(t, g, stack):
    """Square of the distance of line g from a point in the middle of node t."""
    line, polygon = stack.lines + g * LINE_SIZE, _polygon(t, stack)
    u, v = (_folded(polygon.lanes(stack.room * part), operator.add) * (1 / LANES) for part in (U, V))
    f = line[A] * u + (line[B] * v + line[C])
    return f * f / (line[A] * line[A] + line[B] * line[B])


@_straight(_lanes, _lanes)
def _extremes(t, i, j, stack):
    """Smallest and largest value of neurons i to i + 7 of the next layer at corners j to j + 3 of node t."""
    map_, polygon = stack.map + t * 3 * stack.pad, _polygon(t, stack)
    a, b, c = (map_.lanes(stack.pad * part + i) for part in range(3))
    p, q, r, s = (a * polygon[j + n] + (b * polygon[stack.room + j + n] + c) for n in range(4))
    return _low(_low(p, q), _low(r, s)), _high(_high(p, q), _high(r, s))


@_straight(_lanes, _lanes)
def _wider(low, high, lower, higher):
    """Smaller and larger ones of the extremes."""
    return _low(low, lower), _high(high, higher)


@_straight(types.uint64, types.uint64, types.uint64)
def _verdicts(t, i, low, high, errors, row, stack):
    """Which of neurons i to i + 7 are certainly active, inactive, and crossing on node t, at their places in a word.

    errors: address of bounds of the errors of a; ``row`` numbers behind them begin those of b, then those of c.
    """
    map_ = stack.map + t * 3 * stack.pad
    errors = [(errors + i).lanes(row * part) for part in range(3)]
    doubt = _doubt(map_.lanes(i), map_.lanes(stack.pad + i), errors, stack.far + t * 3)
    crossing = _bits(low < -doubt) & _bits(high > doubt)
    return [bits << (i & 63) for bits in (_bits(low > doubt), _bits(high < -doubt), crossing)]


@_straight(*_six_lanes)
def _load_map(t, i, stack):
    """a, b, c of neurons i to i + 7 and i + 8 to i + 15 in the map of slot t."""
    return [(stack.map + t * 3 * stack.pad).lanes(stack.pad * part + i + j) for j in (0, LANES) for part in range(3)]


@_straight(*_six_lanes)
def _add_neuron(maps, g, i, net, stack):
    """Such maps with what neuron g adds: its weights onwards times its own a, b, c."""
    line, row = stack.lines + g * LINE_SIZE, net.weights + net.row[g]
    weights = row.lanes(i), row.lanes(i + LANES)
    return [weights[n // 3] * line[n % 3] + old for n, old in enumerate(maps)]


@_straight()
def _store_map(maps, t, i, stack):
    """Such maps -> the map of slot t."""
    map_ = stack.map + t * 3 * stack.pad
    for n, x in enumerate(maps):
        map_[stack.pad * (n % 3) + i + n // 3 * LANES] = x


@_straight(*_six_lanes)
def _bias_map(g, i, net):
    """The same before any neuron has joined, for a layer that begins with neuron g: 0, 0, bias."""
    zeros = _spread(_constant(g.builder, 0.0))
    return [x for j in (0, LANES) for x in (zeros, zeros, (net.bias + g).lanes(i + j))]


@_straight()
def _set_line(t, i, g, stack):
    """Line g is where neuron i of node t's map is 0."""
    for part in range(3):
        stack.lines[g * LINE_SIZE + part] = (stack.map + t * 3 * stack.pad)[stack.pad * part + i]


@_straight()
def _set_line_errors(t, i, g, stack):
    """The errors of line g are those of neuron i of node t's map."""
    for part in range(3):
        stack.lines[g * LINE_SIZE + EA + part] = (stack.doubt + t * 3 * stack.pad)[stack.pad * part + i]


def _sum_and_error(x, y):
    """x + y rounded, and what the rounding took away, exactly; no operation may be contracted."""
    builder = x.builder
    add, sub = (lambda p, q, op=op: _Value(builder, op(p.value, q.value)) for op in (builder.fadd, builder.fsub))
    total = add(x, y)
    part = sub(total, x)
    return total, add(sub(x, sub(total, part)), sub(y, part))


@_straight(*(_lanes,) * 6)
def _nothing(sums):
    """Sums and their errors before anything is added."""
    return [_spread(_constant(sums.builder, 0.0))] * 6


@_straight(*(_lanes,) * 6)
def _add_products(sums, i, unit, states, net):
    """Sums over inputs i to i + 7 of a unit of the second layer: weights times a, b, c, where ``states`` has a bit."""
    builder, span = i.builder, net.span[0]
    bits = builder.bitcast(builder.trunc(states.value, ir.IntType(LANES)), ir.VectorType(ir.IntType(1), LANES))
    weights = (net.inputs + unit * span).lanes(i)
    weights = _where(_Value(builder, bits), weights, 0.0)
    out = [None] * 6
    for part in range(3):
        x = (net.first_map + span * part).lanes(i)
        product = _Value(builder, builder.fmul(weights.value, x.value))
        left = _call(weights, "fma", _vector, x.value, (-product).value)
        out[part], off = _sum_and_error(sums[part], product)
        low = (net.first_map + span * (part + 3)).lanes(i)
        out[part + 3] = sums[part + 3] + (weights * low + (left + off))
    return out


@_straight()
def _set_refined_line(sums, g, unit, net, stack):
    """Line g is what such sums give, and the bias."""
    for part in range(3):
        lanes, rest = sums[part], _folded(sums[part + 3], operator.add)
        n = LANES
        while n > 1:  # half to half, with what each addition loses
            n //= 2
            halves = (_shuffled(lanes, lanes, list(range(start, start + n))) for start in (0, n))
            lanes, off = _sum_and_error(*halves)
            rest = rest + (_folded_n(off, n) if n > 1 else _element(off))
        total = _element(lanes)
        if part == 2:
            total, off = _sum_and_error(total, net.bias[g])
            rest = rest + off
        line = stack.lines + g * LINE_SIZE
        line[part] = total + rest
        line[EA + part] = (net.refined_error + net.widths[1] * part)[unit] + abs(line[part]) * (10 * 2.0**-53)


def _element(x):
    """The first lane."""
    return _Value(x.builder, x.builder.extract_element(x.value, _i32(0)))


def _folded_n(x, n: int):
    """The sum of n lanes."""
    while n > 1:
        n //= 2
        x = operator.add(*(_shuffled(x, x, list(range(start, start + n))) for start in (0, n)))
    return _element(x)


@_straight()
def _decide(t, g, active, layer, net, stack):
    """Set neuron g's bit on node t, if it is active."""
    i = g - net.first[layer]
    bits, word = stack.bits + t * stack.stride, net.word[layer] + (i >> 6)
    bits[word] = bits[word] | (_where(active, 1, 0) << (i & 63))


@_straight()
def _copy_lanes(source, target, i):
    """Eight 64-bit words from element i on, of whatever kind."""
    target[i] = source.lanes(i)


def _meet(i, j, on, cut, old, stack):
    """Where a cut meets the edge from corner i to j of a polygon: u, v, error. Corner ``on`` may lie on the cut."""
    u, v, value = old, old + stack.room, stack.value
    edge = stack.lines + (old + stack.room * EDGE)[i].as_integer() * LINE_SIZE
    a, b, c, x, y, z = edge[A], edge[B], edge[C], cut[A], cut[B], cut[C]
    det = a * y - x * b
    p, q, inverse = (b * z - y * c) / det, (c * x - z * a) / det, 1.0 / abs(det)
    # Nearly parallel lines: the crossing of the lines may leave the edge (or be NaN). Then from the nearer corner on.
    u0, u1, v0, v1, f0, f1 = u[i], u[j], v[i], v[j], value[i], value[j]
    inside = (_low(u0, u1) <= p) & (p <= _high(u0, u1)) & (_low(v0, v1) <= q) & (q <= _high(v0, v1))
    nearer = abs(f0) < abs(f1)
    share = _where(nearer, f0, f1) / (f0 - f1)
    start_u, start_v = _where(nearer, u0, u1), _where(nearer, v0, v1)
    p, q = _where(inside, p, start_u + share * (u1 - u0)), _where(inside, q, start_v + share * (v1 - v0))
    # However it was found, its distance from the exact crossing follows from what is left of both equations.
    left_edge = abs(a * p + (b * q + c)) + (edge[EA] * abs(p) + (edge[EB] * abs(q) + edge[EC]))
    left_cut = abs(x * p + (y * q + z)) + (cut[EA] * abs(p) + (cut[EB] * abs(q) + cut[EC]))
    a, b, x, y = abs(a) + edge[EA], abs(b) + edge[EB], abs(x) + cut[EA], abs(y) + cut[EB]
    # The determinant may be smaller by this share of it, and 1 / (1 - share) is at most 1 + 2 share up to a half.
    share = (edge[EA] * y + cut[EB] * a + (cut[EA] * b + edge[EB] * x)) * inverse
    off = _high(y * left_edge + b * left_cut, x * left_edge + a * left_cut) * inverse * (share * 2.0 + 1.01)
    sound = (abs(det) > TINY) & (share < 0.5) & (_high(a, b) > TINY) & (_high(x, y) > TINY) & (off < FAR)
    there = value[on].equals(0.0)
    error = _where(sound, off, FAR)
    return [_where(there, old[stack.room * part + on], x) for part, x in ((U, p), (V, q), (ERROR, error))]


def _spliced(rows, k, start, n, head, first, tail, last):
    """Of a polygon's rows: ``first`` (if head), n corners from ``start`` on, ``last`` (if tail); then the first again.

    All indices at once: lane i of the new rows is lane ``source[i]`` of the old ones.
    """
    builder = k.builder
    lane, ahead = _lane_numbers(builder), _where(head, 1, 0)
    behind = lane - ahead
    source = behind + start
    source = _where(behind.below(n), _where(source.below(k), source, source - k), start)
    corners = n + ahead + _where(tail, 1, 0)
    at_end, at_start = behind.equals(n) & tail, (lane.equals(0) | ~lane.below(corners)) & head
    spliced = []
    for x, before, after in zip(rows, first, last, strict=True):
        y = ir.Constant(_vector, ir.Undefined)
        for i in map(_i32, range(LANES)):  # LLVM knows this for a permutation
            number = builder.extract_element(source.value, i)
            y = builder.insert_element(y, builder.extract_element(x.value, number), i)
        spliced.append(_where(at_start, before, _where(at_end, after, _Value(builder, y))))
    return spliced, corners


@_straight()
def _halve(t, g, stack):
    """Cut node t, whose halves fit into lanes, by line g; plus side into slot t + 1, minus side into slot t."""
    room, k, cut, value = stack.room, stack.corners[t], stack.lines + g * LINE_SIZE, stack.value
    old, lane, line = _polygon(t, stack), _lane_numbers(t.builder), g.as_number()
    edges = old + room * EDGE
    # Corners `start` to `stop` (cyclically, stop excluded) are on the plus side.
    valid = _bits(lane < k)
    plus = _bits(value.lanes(0) > 0.0) & valid
    before = (plus << 1) | (plus >> (k - 1))
    start, stop = _first_bit(plus & ~before), _first_bit(before & ~plus & valid)
    last_minus, last_plus = (_where(x.equals(0), k, x) - 1 for x in (start, stop))
    n_minus = start - stop + _where(start > stop, 0, k)
    into = _meet(last_minus, start, last_minus, cut, old, stack)
    out = _meet(last_plus, stop, stop, cut, old, stack)
    rows = [old.lanes(room * part) for part in range(CORNER_SIZE)]
    # On the minus side an end that is an old corner is there already.
    head, tail = ~value[stop].equals(0.0), ~value[last_minus].equals(0.0)
    always = _Value(t.builder, ir.Constant(ir.IntType(1), 1))
    plus_side = _spliced(rows, k, start, k - n_minus, always, [*into, edges[last_minus]], always, [*out, line])
    minus_side = _spliced(rows, k, stop, n_minus, head, [*out, edges[last_plus]], tail, [*into, line])
    minus_side[0][EDGE] = _where((lane + 1).equals(minus_side[1]), line, minus_side[0][EDGE])
    for slot, (polygon, corners) in ((t + 1, plus_side), (t, minus_side)):
        for part, row in enumerate(polygon):
            _polygon(slot, stack)[room * part] = row
            if part < EDGE:
                stack.far[slot * 3 + part] = _folded(abs(row), _high)
        stack.corners[slot] = corners


@_straight(types.float64)
def _area(t, j, stack):
    """Twice what corners j to j + 7 add to the area of node t, relative to its first corner.

    (So slivers keep their relative accuracy.)
    """
    u, v = (_polygon(t, stack) + stack.room * part for part in (U, V))
    x, y, x1, y1 = (row.lanes(j + i) - row[0] for i in (0, 1) for row in (u, v))
    return _folded(x * y1 - x1 * y, operator.add)


@_straight(types.float64, types.float64)
def _extent(t, j, across, along, stack):
    """How far from node t's first corner those so far and corners j to j + 7 are at most, along u and along v."""
    u, v = (_polygon(t, stack) + stack.room * part for part in (U, V))
    x, y = (_folded(abs(row.lanes(j) - row[0]), _high) for row in (u, v))
    return _high(across, x), _high(along, y)


@_straight(types.float64)
def _area_error(across, along, k, error):
    """Bound of the error of the area of k corners, each of which may be off by ``error`` along u and along v.

    across, along: how far the first corner is from any other. The second part is rounding: of products of this size.
    """
    n = k.as_number()
    return error * ((across + along) * 4.0 + n * error * 2.0) + n * across * along * 2e-15


@_straight()
def _put_corners(t, j, m, stack, cells):
    """Corners j to j + 7 of node t, and their edges, behind the m corners that are written."""
    u, v, edge = ((_polygon(t, stack) + stack.room * part).lanes(j) for part in (U, V, EDGE))
    cells.corners[(m + j) * 2] = _shuffled(u, v, [lane + part for lane in range(LANES) for part in (0, LANES)])
    builder = u.builder
    integers = builder.fptosi(edge.value, ir.VectorType(_i32, LANES))
    builder.store(integers, builder.bitcast((cells.edge + m + j).value, integers.type.as_pointer()), align=4)


# -------------------------------------------------------------------------------------------- the steps of the descent

_options = dict(error_model="numpy", fastmath={"contract"}, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
_part = njit(**_options)
_step = njit(**_options, forceinline=True)


@_part
def _join(net, stack, count, layer, source, target):
    """Map of a layer in slot target = its map in slot source + ``count`` joining neurons' weights times their a, b, c.

    A negative source stands for a map which no neuron has joined yet.
    """
    span, first = net.span[layer], net.first[layer]
    if net.deep > 0:
        _join_errors(net, stack, count, layer, source, target)
    if net.listed[layer] > 0:
        _join_listed(net, stack, count, layer, source, target)
        return
    stack.state[WORK] -= count * span
    for i in range(0, span, 2 * LANES):
        maps = _bias_map(first, i, net) if source < 0 else _load_map(source, i, stack)
        for k in range(count):
            maps = _add_neuron(maps, stack.joining[k], i, net, stack)
        _store_map(maps, target, i, stack)


@_part
def _join_listed(net, stack, count, layer, source, target):
    """The same where the weights into the layer are lists."""
    for i in range(0, net.span[layer] if source != target else 0, 2 * LANES):
        _store_map(_bias_map(net.first[layer], i, net) if source < 0 else _load_map(source, i, stack), target, i, stack)
    a = at(stack.map, 3 * target * stack.pad)
    b, c = at(a, stack.pad), at(a, 2 * stack.pad)
    for k in range(count):
        g = stack.joining[k]
        line = at(stack.lines, g * LINE_SIZE)
        stack.state[WORK] -= net.onwards[g + 1] - net.onwards[g] + LANES
        for n in range(net.onwards[g], net.onwards[g + 1]):
            i, weight = net.target[n], net.weight[n]
            a[i] += weight * line[A]
            b[i] += weight * line[B]
            c[i] += weight * line[C]


@_part
def _join_errors(net, stack, count, layer, source, target):
    """The same for the bounds of the map's errors: those of what joins, and of rounding it and the sum."""
    span, first, n, share = net.span[layer], net.first[layer], 3 * stack.pad, net.rounding[layer]
    if source < 0:
        for i in range(n):
            stack.doubt[n * target + i] = 0.0
        for i in range(net.widths[layer]):
            stack.doubt[n * target + 2 * stack.pad + i] = share * abs(net.bias[first + i])
    elif source != target:
        for i in range(0, n, LANES):
            _copy_lanes(at(stack.doubt, n * source), at(stack.doubt, n * target), i)
    for k in range(count):
        g = stack.joining[k]
        for part in range(3):
            line, rows = at(stack.lines, g * LINE_SIZE), at(stack.doubt, n * target + part * stack.pad)
            term = line[EA + part] + share * abs(line[part])
            if net.listed[layer] > 0:
                for m in range(net.onwards[g], net.onwards[g + 1]):
                    rows[net.target[m]] += abs(net.weight[m]) * term
            else:
                weights = at(net.weights, net.row[g])
                for i in range(span):
                    rows[i] += abs(weights[i]) * term


@_part
def _refine(net, stack, bits, unit, g):
    """Line g of a unit of the second layer, in twofold precision."""
    sums = _nothing(unit)
    for i in range(0, net.span[0], LANES):
        states = bits[i >> 6] >> np.uint64(i & 63)
        sums = _add_products(sums, i, unit, states, net)
    _set_refined_line(sums, g, unit, net, stack)


@_part
def _terms(net, bits, layer, i):
    """Which signs the terms of neuron i of a layer have on a node: NO_TERMS, PLUS, MINUS or MIXED.

    What active neurons pass on is positive inside of the node; of a linear unit nobody knows.
    """
    g = net.first[layer] + i
    bias = net.bias[g]
    if layer == 0:
        n = net.n_neurons + 64
        silent = net.error[g] == 0.0 and net.error[n + g] == 0.0 and net.error[2 * n + g] == 0.0
        return NO_TERMS if silent else MIXED
    found = PLUS if bias > 0.0 else MINUS if bias < 0.0 else NO_TERMS
    listed = net.listed[layer] > 0
    start, stop = net.inwards[g] if listed else 0, net.inwards[g + 1] if listed else net.widths[layer - 1]
    for n in range(start, stop):
        j = net.source[n] if listed else n
        if (bits[net.word[layer - 1] + (j >> 6)] >> np.uint64(j & 63)) & ONE:
            weight = net.incoming[n] if listed else net.weights[net.row[net.first[layer - 1] + j] + i]
            if weight != 0.0:
                found |= MIXED if j >= net.real[layer - 1] else PLUS if weight > 0.0 else MINUS
    return found


@_part
def _origin(net, bits, layer, j):
    """Number of the unit that active unit j of a layer merely passes on: its only active input, by weight 1 and bias 0.

    Of the first layer's units that are the same function the first one; -1: nothing is passed on.
    """
    while layer > 0:
        g, only = net.first[layer] + j, np.int64(-1)
        if net.listed[layer] == 0 or net.bias[g] != 0.0:
            return g
        for n in range(net.inwards[g], net.inwards[g + 1]):
            i = net.source[n]
            if (bits[net.word[layer - 1] + (i >> 6)] >> np.uint64(i & 63)) & ONE:
                if only >= 0 or net.incoming[n] != 1.0:
                    return g
                only = i
        if only < 0:
            return only
        layer, j = layer - 1, only
    return net.alike[j]


@_part
def _cancels(net, bits, layer, i):
    """Whether the terms of neuron i cancel in pairs: each has one of the opposite weight from the same origin.

    So it is where max pooling compares two places that look the same, as on a blank background.
    """
    g = net.first[layer] + i
    start, stop = net.inwards[g], net.inwards[g + 1]
    if net.listed[layer] == 0 or net.bias[g] != 0.0 or stop - start > 16:
        return False
    for n in range(start, stop):
        own, balance = _listed_origin(net, bits, layer, n), 0
        if own >= 0:
            for m in range(start, stop):
                if _listed_origin(net, bits, layer, m) == own and abs(net.incoming[m]) == abs(net.incoming[n]):
                    balance += 1 if net.incoming[m] > 0.0 else -1
            if balance != 0:
                return False
    return True


@_part
def _listed_origin(net, bits, layer, n):
    """Origin of the input of a layer at place n of the lists; -1: it is not active, or passes nothing on."""
    j = net.source[n]
    if (bits[net.word[layer - 1] + (j >> 6)] >> np.uint64(j & 63)) & ONE:
        return _origin(net, bits, layer - 1, j)
    return np.int64(-1)


@_part
def _settled(g, stack):
    """Verdict on line g, whose sign is uncertain: the answer to the question, or ASKED."""
    if stack.verdict[g] == UNKNOWN:
        stack.verdict[g] = ASKED
    return np.int64(stack.verdict[g])


@_step
def _enter(t, net, stack):
    """Step 3: test all neurons of the next layer on node t. Returns DONE or QUESTION."""
    layer, k = stack.layer[t], stack.corners[t]
    n, real, first = net.widths[layer], net.real[layer], net.first[layer]
    bits = at(stack.bits, t * stack.stride)
    own_bits = at(bits, net.word[layer])
    errors, row = at(net.error, first), net.n_neurons + 64
    if net.deep > 0:
        errors, row = at(stack.doubt, t * 3 * stack.pad), stack.pad

    # Until every answer is there, nothing changes but this layer's bits, which are then written again.
    asked, uncertain = False, 0
    for w in range((n + 63) >> 6):
        active, inactive, crossing = NONE, NONE, NONE
        start, end = 64 * w, 64 * w + 64
        for i in range(start, end if end < n else n, LANES):
            low, high = _extremes(t, i, 0, stack)
            for j in range(4, k, 4):
                lower, higher = _extremes(t, i, j, stack)
                low, high = _wider(low, high, lower, higher)
            yes, no, both = _verdicts(t, i, low, high, errors, row, stack)
            active, inactive, crossing = active | yes, inactive | no, crossing | both
        valid = ALL if n >= end else (ONE << np.uint64(n - start)) - ONE
        doubtful = valid & ~(active | inactive | crossing)
        if real < end:  # linear units are active, but for silent ones
            linear = ALL << np.uint64(real - start) if real > start else ALL
            active, crossing = active | linear, crossing & ~linear
        while doubtful != NONE:  # rare
            place = trailing_zeros(doubtful)
            i = start + np.int64(place)
            doubtful &= doubtful - ONE
            terms = _terms(net, bits, layer, i)
            if terms == MIXED and layer > 0 and _cancels(net, bits, layer, i):
                terms = NO_TERMS
            if terms == NO_TERMS:
                active &= ~(ONE << place)
            elif i < real and terms != MIXED:
                active |= np.uint64(terms == PLUS) << place
            elif i < real:
                verdict = _settled(first + i, stack)
                uncertain += 1
                asked |= verdict == ASKED
                active |= np.uint64(verdict == ACTIVE) << place
                crossing |= np.uint64(verdict == CROSSING) << place
        own_bits[w] = active & valid
        stack.crossing[w] = crossing & valid
    if asked:
        return QUESTION
    if uncertain:
        stack.state[UNCERTAIN] += uncertain
        stack.touched[t] = TOUCHED
        for i in range(n):
            stack.verdict[first + i] = UNKNOWN

    follows = net.span[layer + 1]
    waiting, length, joining, count = at(stack.waiting, t * stack.longest), np.int64(0), stack.joining, np.int64(0)
    for w in range((n + 63) >> 6):
        crossing = stack.crossing[w]
        wanted = crossing | own_bits[w] if follows else crossing
        while wanted != NONE:
            place = trailing_zeros(wanted)
            wanted &= wanted - ONE
            i = 64 * w + np.int64(place)
            _set_line(t, i, first + i, stack)
            if net.deep > 0:
                _set_line_errors(t, i, first + i, stack)
            crosses = np.int64((crossing >> place) & ONE)
            if net.refined > 0 and layer == 1 and crosses > 0:
                _refine(net, stack, bits, i, first + i)
            waiting[length] = joining[count] = first + i
            length += crosses
            count += 1 - crosses
    if follows:  # the map of this layer makes room for the next one's
        _join(net, stack, count, layer + 1, np.int64(-1), t)
    stack.length[t] = stack.tested[t] = length
    stack.layer[t] = layer + 1
    return DONE


@_step
def _filter(t, net, stack):
    """Step 1: test the untested neurons of node t's list; those that do not cross are decided. DONE or QUESTION."""
    layer, k = stack.layer[t] - 1, stack.corners[t]
    waiting = at(stack.waiting, t * stack.longest)
    joining, count, source = stack.joining, np.int64(0), t
    if stack.joins[t] >= 0:
        joining[0], count, source = stack.joins[t], np.int64(1), t - 1
        stack.joins[t] = -1
    kept, length, answer = stack.tested[t], stack.length[t], DONE
    for i in range(kept, length):  # without branches that depend on where a neuron goes: nobody can foretell them
        g = waiting[i]
        above, below = _sides(t, g, 0, stack)
        some_above, some_below, certain = above, below, above | below
        for j in range(LANES, k, LANES):
            plus, minus = _sides(t, g, j, stack)
            above, below, certain = above & plus, below & minus, certain & (plus | minus)
            some_above, some_below = some_above | plus, some_below | minus
        active = above == ALL_LANES
        crossing = (above != ALL_LANES) & (below != ALL_LANES)
        if certain != ALL_LANES and (some_above == NONE or some_below == NONE):
            verdict = _settled(g, stack)
            if verdict == ASKED:
                answer = QUESTION
                break
            stack.verdict[g] = UNKNOWN
            stack.state[UNCERTAIN] += 1
            stack.touched[t] = TOUCHED
            crossing, active = verdict == CROSSING, verdict == ACTIVE
        _decide(t, g, active, layer, net, stack)
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
        _join(net, stack, count, layer + 1, source, t)
    return answer


@_part
def _pivot(t, stack):
    """Position in node t's list of the neuron to cut by: of 6 or more, the line nearest to the middle of the node."""
    length, waiting = stack.length[t], at(stack.waiting, t * stack.longest)
    best, nearest = length - 1, np.inf
    for i in range(length if length > 5 else 0):
        distance = _distance(t, waiting[i], stack)
        if distance < nearest:
            best, nearest = i, distance
    return best


@_straight()
def _answered(i, stack):
    """The pivot's value at a corner gets the sign that was answered."""
    side = stack.side[i]
    side = _Value(i.builder, i.builder.sitofp(side.value, _f64))
    size = _low(_high(abs(stack.value[i]), _constant(i.builder, 1e-300)), _constant(i.builder, 1e300))  # never NaN
    stack.value[i] = side * size


@_straight()
def _share(t, g, layer, length, net, stack):
    """What both halves of a node know of it; the plus half also knows neuron g's bit, and owes its map that neuron."""
    for slot in (t, t + 1):
        stack.length[slot], stack.tested[slot], stack.layer[slot] = length, 0, layer + 1
    stack.touched[t + 1] = stack.touched[t]
    i, joins = g - net.first[layer], net.span[layer + 1] > 0
    bits, word = stack.bits + (t + 1) * stack.stride, net.word[layer] + (i >> 6)
    bits[word] = bits[word] | (_constant(t.builder, 1) << (i & 63))
    stack.joins[t + 1] = _where(joins, g, -1)
    stack.state[TOP] = t + 1


@_straight(types.int64, types.int64)
def _set_aside(i, start, stop, t, stack):
    """Copy corner i of node t to ``old``, twice round -> ``start`` and ``stop`` as in ``_halve``, where they are i."""
    room, k, value = stack.room, stack.corners[t], stack.value
    for part in range(CORNER_SIZE):
        copy, x = stack.old + room * 2 * part, (_polygon(t, stack) + room * part)[i]
        copy[i], copy[k + i] = x, x
    before, here = value[_where(i.equals(0), k, i) - 1] > 0.0, value[i] > 0.0
    return _where(here & ~before, i, start), _where(before & ~here, i, stop)


@_straight()
def _put_corner(i, slot, m, stack):
    """Corner i of ``old`` becomes corner m of a slot's polygon."""
    for part in range(CORNER_SIZE):
        _polygon(slot, stack)[stack.room * part + m] = stack.old[stack.room * 2 * part + i]


@_straight(types.int64, types.int64)
def _put_ends(t, g, start, stop, n_minus, stack):
    """Both ends of the cut as corners of both sides -> 1 or 0: whether the minus side has the first, and the last."""
    room, k, cut, value = stack.room, stack.corners[t], stack.lines + g * LINE_SIZE, stack.value
    old, minus, plus = _polygon(t, stack), _polygon(t, stack), _polygon(t + 1, stack)
    edges, line = old + room * EDGE, g.as_number()
    last_minus, last_plus = (_where(x.equals(0), k, x) - 1 for x in (start, stop))
    into, out = _meet(last_minus, start, last_minus, cut, old, stack), _meet(last_plus, stop, stop, cut, old, stack)
    head, tail = (_where(value[i].equals(0.0), 0, 1) for i in (stop, last_minus))
    before_plus, before_minus = edges[last_minus], edges[last_plus]
    ends = ((plus, 0, [*into, before_plus]), (plus, k - n_minus + 1, [*out, line]))
    for polygon, m, corner in (*ends, (minus, 0, [*out, before_minus]), (minus, head + n_minus, [*into, line])):
        for part, x in enumerate(corner):
            polygon[room * part + m] = x
    return head, tail


@_straight()
def _close(slot, m, stack):
    """A polygon of m corners is whole: what follows its last corner is the first."""
    stack.corners[slot] = m
    for part in range(CORNER_SIZE):
        row = _polygon(slot, stack) + stack.room * part
        row[m] = _spread(row[0])
        if part < EDGE:
            stack.far[slot * 3 + part] = 0.0


@_straight()
def _reach(slot, i, stack):
    """Take corners i to i + 7 of a slot into account for its farthest ones."""
    for part in range(EDGE):
        far = stack.far + slot * 3
        far[part] = _high(far[part], _folded(abs((_polygon(slot, stack) + stack.room * part).lanes(i)), _high))


@_part
def _halve_large(t, g, stack):
    """The same as ``_halve`` for polygons that do not fit into lanes."""
    k, start, stop = stack.corners[t], np.int64(0), np.int64(0)
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


@_step
def _cut(t, net, stack):
    """Step 2: cut node t by a neuron of its list; plus side into slot t + 1, minus side into t. DONE or QUESTION."""
    layer, k, state = stack.layer[t] - 1, stack.corners[t], stack.state
    waiting, length = at(stack.waiting, t * stack.longest), stack.length[t] - 1
    if state[PIVOT] < 0:
        state[PIVOT] = _pivot(t, stack)
    g = waiting[state[PIVOT]]
    certain = ALL_LANES
    for i in range(0, k, LANES):
        certain &= _evaluate(t, g, i, stack)
    if certain != ALL_LANES:
        if state[ANSWERED] == 0:
            return QUESTION
        state[ANSWERED] = 0
        state[UNCERTAIN] += 1
        stack.touched[t] = TOUCHED
        for i in range(k):
            _answered(i, stack)
    waiting[state[PIVOT]] = waiting[length]
    state[PIVOT] = -1
    if k + 2 <= LANES:
        _halve(t, g, stack)
    else:
        _halve_large(t, g, stack)

    bits, plus_waiting = at(stack.bits, t * stack.stride), at(waiting, stack.longest)
    for i in range(0, stack.stride, LANES):
        _copy_lanes(bits, at(bits, stack.stride), i)
    for i in range(0, length, LANES):
        _copy_lanes(waiting, plus_waiting, i)
    _share(t, g, layer, length, net, stack)
    return DONE


@_part
def _edge_errors(t, stack):
    """Sum over the edges of node t of how far each may be from its exact line.

    What an area is off by lies between these lines, so it is at most this times the node's diameter. Where two lines
    are nearly parallel that is far less than the error of their corner tells.
    """
    k, room, far = stack.corners[t], stack.room, at(stack.far, 3 * t)
    u = at(stack.polygon, t * CORNER_SIZE * room)
    v, edge = at(u, room), at(u, EDGE * room)
    total = 0.0
    for i in range(k):
        line = at(stack.lines, np.int64(edge[i]) * LINE_SIZE)
        a, b, c = line[A], line[B], line[C]
        left = max(abs(a * u[i] + (b * v[i] + c)), abs(a * u[i + 1] + (b * v[i + 1] + c)))
        off = left + line[EA] * (far[U] + far[ERROR]) + (line[EB] * (far[V] + far[ERROR]) + (line[EC] + TINY))
        steep = max(abs(a) - line[EA], abs(b) - line[EB])
        total += off / steep if steep > TINY else FAR
    return total


@_step
def _write(t, stack, cells):
    """Step 4: write node t out as an activation region. Returns DONE or REDRAW."""
    k, n, m, error = stack.corners[t], stack.state[N_CELLS], stack.state[N_CORNERS], stack.far[3 * t + ERROR]
    twice = 0.0
    for i in range(0, k, LANES):
        twice += _area(t, i, stack)
        if cells.corner_room:
            _put_corners(t, i, m, stack, cells)
    area = 0.5 * twice
    cells.area[n] = area
    cells.touched[n] = stack.touched[t]
    bits, out = at(stack.bits, t * stack.stride), at(cells.bits, n * stack.words)
    for i in range(0, stack.words, LANES):
        _copy_lanes(bits, out, i)
    if cells.corner_room:
        stack.state[N_CORNERS] = m + k
        cells.offset[n + 1] = m + k
    if cells.n_outputs:
        cells.error[n] = error
        for part in range(3):
            source = at(stack.map, (3 * t + part) * stack.pad)
            target = at(cells.maps, (3 * n + part) * cells.n_outputs)
            for i in range(cells.n_outputs):
                target[i] = source[i]
    stack.state[N_CELLS] = n + 1
    stack.state[TOP] = t - 1
    limit = min(stack.limits[0], stack.limits[1] * area)
    far_u, far_v = 2.0 * stack.far[3 * t + U], 2.0 * stack.far[3 * t + V]
    if _area_error(far_u, far_v, k, error) <= limit:  # nearly always; not so if it is not a number
        return DONE
    across, along = 0.0, 0.0
    for i in range(0, k, LANES):
        across, along = _extent(t, i, across, along, stack)
    if _area_error(across, along, k, error) <= limit:
        return DONE
    rounding = 2e-15 * k * across * along
    return DONE if 4.0 * (across + along + error) * _edge_errors(t, stack) + rounding <= limit else REDRAW


@cached(error_model="numpy", fastmath={"contract"}, nogil=True, _nrt=False, no_cfunc_wrapper=True)
def descend(net, stack, cells):
    """Work on the stack until it is empty (DONE), or until the caller has something to do."""
    net, stack, cells = _addresses(net), _addresses(stack), _addresses(cells)
    state = stack.state
    while state[TOP] >= 0:
        t = state[TOP]
        if state[WORK] < 0:
            return PAUSE
        state[WORK] -= STEP
        untested = stack.tested[t] < stack.length[t] or stack.joins[t] >= 0
        if untested and _filter(t, net, stack) == QUESTION:
            return QUESTION
        if stack.length[t] > 0:
            if t + 1 >= stack.slots:
                return STACK_FULL
            if stack.corners[t] + 2 + LANES > stack.room:
                return CORNERS_FULL
            if _cut(t, net, stack) == QUESTION:
                return QUESTION
        elif stack.layer[t] < net.n_layers:
            if _enter(t, net, stack) == QUESTION:
                return QUESTION
        else:
            if state[N_CELLS] >= cells.room:
                return CELLS_FULL
            if cells.corner_room and state[N_CORNERS] + stack.corners[t] + LANES > cells.corner_room:
                return CELLS_FULL
            if _write(t, stack, cells) == REDRAW:
                return REDRAW
    return DONE


@cached(error_model="numpy", nogil=True)
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
