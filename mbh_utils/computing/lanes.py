"""The lane language: vector operators for compiled code, used by both kernels.

*Lanes* are so many numbers of one type side by side in vector registers: eight corners of a
polygon, 64 samples of a minibatch. An operator works on all of them at once. numba's loops hardly
vectorise work as short as a polygon of five corners, and to infer the type of every operation takes
it longer than LLVM takes to compile them; so the innermost functions of the kernels are written for
LLVM, by Python's operators::

    @lane_code(types.uint64)
    def above(x, limit):
        '''Which of the numbers x[0] to x[7] are above a limit, as bits.'''
        return bits_of(x.lanes(0, 8) > limit)

``above`` can then be called from functions that numba compiles. Its Python code runs once, when it
is compiled, on :class:`Value` objects, which stand for numbers that are not known yet: Python's own
loops and branches are unrolled by that, and what is left at run time is straight code without any
branch, but for :func:`loop`. Where numbers and lanes meet, the number is taken for every lane.

A product and the sum that it is part of may be *contracted*, that is rounded once instead of twice,
where the processor has an operation for it; the functions that name an error never are. Nothing
checks an index.
"""

import inspect
import operator
from collections.abc import Callable, Sequence

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_CONTRACT = ("contract",)


class Lanes(types.Type):
    """numba's type of ``count`` lanes of one ``element`` type, ``types.float64`` or another."""

    def __init__(self, element: types.Number, count: int):
        self.element = element
        self.count = count
        super().__init__(name=f"lanes({element} x {count})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind: Lanes):
        super().__init__(manager, kind, ir.VectorType(_llvm_type(kind.element), kind.count))


class Value:
    """A number, lanes, truths or an address in compiled code; its operators write LLVM code.

    builder: where they write it. value: LLVM's name of the value.
    """

    def __init__(self, builder: ir.IRBuilder, value: ir.Value):
        self.builder = builder
        self.value = value

    @property
    def count(self) -> int | None:
        """How many lanes; None of a single number."""
        return self.value.type.count if _is_vector(self.value.type) else None

    # Arithmetic.

    def __add__(self, other):
        if isinstance(self.value.type, ir.PointerType):
            offset = constant(self, other) if isinstance(other, int) else other
            return Value(self.builder, self.builder.gep(self.value, [offset.value]))
        return self._arithmetic(other, "add")

    __radd__ = __add__

    def __sub__(self, other):
        return self._arithmetic(other, "sub")

    def __mul__(self, other):
        return self._arithmetic(other, "mul")

    __rmul__ = __mul__

    def __truediv__(self, other):
        x, y = _alike(self, other)
        return Value(self.builder, self.builder.fdiv(x, y))

    def __rtruediv__(self, other):
        return _known(self, other, _element(self.value.type)) / self

    def __floordiv__(self, other):
        """Of integers that are not negative."""
        return self._of_integers(other, self.builder.sdiv)

    def __neg__(self):
        write = self.builder.fneg if _is_float(self.value.type) else self.builder.neg
        return Value(self.builder, write(self.value))

    def __abs__(self):
        return _llvm_function("fabs", self)

    def _arithmetic(self, other, name: str):
        x, y = _alike(self, other)
        if _is_float(x.type):
            return Value(self.builder, getattr(self.builder, f"f{name}")(x, y, flags=_CONTRACT))
        return Value(self.builder, getattr(self.builder, name)(x, y))

    # Bits and truths.

    def __and__(self, other):
        return self._of_integers(other, self.builder.and_)

    def __or__(self, other):
        return self._of_integers(other, self.builder.or_)

    def __lshift__(self, other):
        return self._of_integers(other, self.builder.shl)

    def __rshift__(self, other):
        """Zeros come in from above."""
        return self._of_integers(other, self.builder.lshr)

    def __invert__(self):
        return Value(self.builder, self.builder.not_(self.value))

    def _of_integers(self, other, write: Callable):
        return Value(self.builder, write(*_alike(self, other)))

    # Comparison.

    def __lt__(self, other):
        """This and all other comparisons: false where either is NaN."""
        return self._compared("<", other)

    def __gt__(self, other):
        return self._compared(">", other)

    def __le__(self, other):
        return self._compared("<=", other)

    def equals(self, other):
        return self._compared("==", other)

    def below(self, other):
        """Whether an integer is smaller, both without signs: a negative one is above all others."""
        return self._of_integers(other, lambda x, y: self.builder.icmp_unsigned("<", x, y))

    def _compared(self, sign: str, other):
        x, y = _alike(self, other)
        write = self.builder.fcmp_ordered if _is_float(x.type) else self.builder.icmp_signed
        return Value(self.builder, write(sign, x, y))

    # Addresses.

    def __getitem__(self, i):
        return Value(self.builder, self.builder.load((self + i).value))

    def __setitem__(self, i, x):
        address = (self + i).value
        x = _known(self, x, address.type.pointee).value
        place = self.builder.bitcast(address, x.type.as_pointer())
        self.builder.store(x, place, align=_bits(x.type) // 8)

    def lanes(self, i, n: int):
        """Elements i to i + n - 1, which may lie anywhere."""
        address = (self + i).value
        vector = ir.VectorType(address.type.pointee, n)
        place = self.builder.bitcast(address, vector.as_pointer())
        return Value(self.builder, self.builder.load(place, align=_bits(vector) // 8))

    # Conversion.

    def to(self, kind: types.Number):
        """The number as another type: floats lose what is behind the point, truths are 0 or 1."""
        old = self.value.type
        new = _llvm_type(kind)
        if _is_vector(old):
            new = ir.VectorType(new, old.count)
        return Value(self.builder, getattr(self.builder, _conversion(old, new))(self.value, new))


def _llvm_type(kind: types.Type) -> ir.Type:
    """LLVM's type of one of numba's numbers."""
    if kind == types.boolean:
        return _I1
    if isinstance(kind, types.Float):
        return ir.DoubleType() if kind.bitwidth == 64 else ir.FloatType()
    return ir.IntType(kind.bitwidth)


def _is_vector(kind: ir.Type) -> bool:
    return isinstance(kind, ir.VectorType)


def _element(kind: ir.Type) -> ir.Type:
    return kind.element if _is_vector(kind) else kind


def _is_float(kind: ir.Type) -> bool:
    return isinstance(_element(kind), ir.FloatType | ir.DoubleType)


def _bits(kind: ir.Type) -> int:
    """Bits of a number, or of each lane."""
    kind = _element(kind)
    return kind.width if isinstance(kind, ir.IntType) else 64 if kind == ir.DoubleType() else 32


def _conversion(old: ir.Type, new: ir.Type) -> str:
    """LLVM's name of the conversion of one type to another, both of them numbers or lanes."""
    if _is_float(old) and _is_float(new):
        return "fpext" if _bits(new) > _bits(old) else "fptrunc"
    if _is_float(old):
        return "fptosi"
    if _is_float(new):
        return "uitofp" if _bits(old) == 1 else "sitofp"
    if _bits(new) < _bits(old):
        return "trunc"
    return "zext" if _bits(old) == 1 else "sext"


def _known(like: Value, x, kind: ir.Type | None = None) -> Value:
    """x itself, or if it is a number of Python the constant, in the code that ``like`` is part of.

    kind: the constant's type, and by default that of Python's number: i1, i64 or double.
    """
    if isinstance(x, Value):
        return x
    if kind is None:
        kind = _I1 if isinstance(x, bool) else _I64 if isinstance(x, int) else ir.DoubleType()
    return Value(like.builder, ir.Constant(kind, x))


def _alike(*values) -> list[ir.Value]:
    """LLVM's names of these values, made alike in type, and lanes where one of them is."""
    first = next(x for x in values if isinstance(x, Value))
    found = [_known(first, x, _element(first.value.type)) for x in values]
    counts = {x.count for x in found} - {None}
    return [(broadcast(x, max(counts)) if counts and x.count is None else x).value for x in found]


def _llvm_function(name: str, *values, result: ir.Type | None = None) -> Value:
    """What a function of LLVM's own, which has one for each type of the first value, gives."""
    first = values[0]
    kind = first.value.type
    lanes = f"v{kind.count}" if _is_vector(kind) else ""
    name = f"llvm.{name}.{lanes}{'f' if _is_float(kind) else 'i'}{_bits(kind)}"
    signature = ir.FunctionType(result or kind, [x.value.type for x in values])
    module = first.builder.module
    function = module.globals.get(name) or ir.Function(module, signature, name)
    return Value(first.builder, first.builder.call(function, [x.value for x in values]))


# ----------------------------------------------------------------------- making and choosing values


def constant(like: Value, x: bool | int | float) -> Value:
    """A number of Python, as a truth, int64 or float64, in the code that ``like`` is part of."""
    return _known(like, x)


def broadcast(x: Value, n: int) -> Value:
    """A number in each of n lanes; numpy's ``full(n, x)``."""
    vector = ir.VectorType(x.value.type, n)
    if isinstance(x.value, ir.Constant):
        return Value(x.builder, ir.Constant(vector, [x.value.constant] * n))
    first = x.builder.insert_element(ir.Constant(vector, ir.Undefined), x.value, _I32(0))
    first = Value(x.builder, first)
    return shuffled(first, first, [0] * n)


def lane_numbers(like: Value, n: int) -> Value:
    """0, 1, ... in n lanes of int64, in the code ``like`` is part of; numpy's ``arange(n)``."""
    return Value(like.builder, ir.Constant(ir.VectorType(_I64, n), list(range(n))))


def where(truth: Value, x, y) -> Value:
    """x where true, y elsewhere; numpy's ``where``. Both are worked out in any case."""
    if not isinstance(x, Value) and not isinstance(y, Value):
        x = constant(truth, x)
    x, y = (Value(truth.builder, value) for value in _alike(x, y))
    if truth.count is not None and x.count is None:
        x = broadcast(x, truth.count)
        y = broadcast(y, truth.count)
    return Value(truth.builder, truth.builder.select(truth.value, x.value, y.value))


def smaller(x, y) -> Value:
    """x where x < y, elsewhere y; so y where either is NaN."""
    return where(x < y, x, y)


def larger(x, y) -> Value:
    """x where x > y, elsewhere y; so y where either is NaN."""
    return where(x > y, x, y)


# -------------------------------------------------------------------- arithmetic with less rounding


def multiply_add(x: Value, y: Value, z: Value) -> Value:
    """x y + z, rounded once where the processor has an operation for it, and twice elsewhere."""
    x, y, z = (Value(z.builder, value) for value in _alike(x, y, z))
    return _llvm_function("fmuladd", x, y, z)


def fused_multiply_add(x: Value, y: Value, z: Value) -> Value:
    """x y + z, rounded once."""
    x, y, z = (Value(z.builder, value) for value in _alike(x, y, z))
    return _llvm_function("fma", x, y, z)


def sum_and_error(x: Value, y: Value) -> tuple[Value, Value]:
    """x + y rounded, and what the rounding took away, exactly (Knuth's sum)."""
    add, subtract = x.builder.fadd, x.builder.fsub  # without contraction
    total = add(x.value, y.value)
    part = subtract(total, x.value)
    off = add(subtract(x.value, subtract(total, part)), subtract(y.value, part))
    return Value(x.builder, total), Value(x.builder, off)


def product_and_error(x: Value, y: Value) -> tuple[Value, Value]:
    """x y rounded, and what the rounding took away, exactly unless that is too small a number."""
    product = Value(x.builder, x.builder.fmul(x.value, y.value))
    return product, fused_multiply_add(x, y, -product)


# -------------------------------------------------------------------------------- between the lanes


def lane(x: Value, i: int) -> Value:
    """Lane i as a number."""
    return Value(x.builder, x.builder.extract_element(x.value, _I32(i)))


def shuffled(x: Value, y: Value, order: Sequence[int]) -> Value:
    """Lanes of x, and behind them of y, in an order; numpy's ``concatenate([x, y])[order]``."""
    places = ir.Constant(ir.VectorType(_I32, len(order)), list(order))
    return Value(x.builder, x.builder.shuffle_vector(x.value, y.value, places))


def permuted(x: Value, places: Value) -> Value:
    """Lane ``places[i]`` of x in lane i, for places known at run time; numpy's ``x[places]``."""
    builder = x.builder
    out = ir.Constant(x.value.type, ir.Undefined)
    for i in map(_I32, range(x.count)):  # LLVM knows this for one permutation
        number = builder.extract_element(places.value, i)
        out = builder.insert_element(out, builder.extract_element(x.value, number), i)
    return Value(builder, out)


def halves(x: Value) -> tuple[Value, Value]:
    """The first half of the lanes, and the second."""
    n = x.count // 2
    return shuffled(x, x, range(n)), shuffled(x, x, range(n, 2 * n))


def folded(x: Value, combine: Callable[[Value, Value], Value] = operator.add) -> Value:
    """All lanes combined into one number, half with half, that with its other half, and so on."""
    while x.count > 1:
        x = combine(*halves(x))
    return lane(x, 0)


def pair_sums(x: Value, y: Value) -> Value:
    """Sums of lanes 0 and 1, 2 and 3, ... of x, and behind them those of y."""
    even = shuffled(x, y, range(0, 2 * x.count, 2))
    odd = shuffled(x, y, range(1, 2 * x.count, 2))
    return even + odd


def bits_of(truths: Value) -> Value:
    """The truths of up to 64 lanes as an int64, the first one in the lowest bit."""
    builder = truths.builder
    return Value(
        builder, builder.zext(builder.bitcast(truths.value, ir.IntType(truths.count)), _I64)
    )


def truths_of(bits: Value, n: int) -> Value:
    """The lowest n bits of an integer as the truths of n lanes."""
    builder = bits.builder
    lowest = builder.trunc(bits.value, ir.IntType(n))
    return Value(builder, builder.bitcast(lowest, ir.VectorType(_I1, n)))


def trailing_zeros(x: Value) -> Value:
    """How many bits of an integer below its lowest one are zeros; all of them of 0."""
    zero_is_wanted = Value(x.builder, ir.Constant(_I1, 0))
    return _llvm_function("cttz", x, zero_is_wanted, result=x.value.type)


def loop(count: Value, body: Callable, carried: Value | None = None) -> Value | None:
    """``for k in range(count): carried = body(k, carried)`` at run time -> the last one.

    Without a value to carry: ``for k in range(count): body(k)``.
    """
    builder = count.builder
    before = builder.block
    head, inner, after = (builder.append_basic_block(name) for name in ("head", "inner", "after"))
    builder.branch(head)

    builder.position_at_end(head)
    k = builder.phi(_I64)
    state = None if carried is None else builder.phi(carried.value.type)
    builder.cbranch(builder.icmp_signed("<", k, count.value), inner, after)

    builder.position_at_end(inner)
    number = Value(builder, k)
    following = body(number) if carried is None else body(number, Value(builder, state))
    ahead = builder.add(k, _I64(1))
    end = builder.block  # of the body, which may hold loops
    k.add_incoming(_I64(0), before)
    k.add_incoming(ahead, end)
    if carried is not None:
        state.add_incoming(carried.value, before)
        state.add_incoming(following.value, end)
    builder.branch(head)

    builder.position_at_end(after)
    return None if carried is None else Value(builder, state)


# --------------------------------------------------------------------------------- for numba's code


def lane_code(*results: types.Type) -> Callable:
    """Decorator: a Python function on :class:`Value` objects that compiled code can call.

    Its operations are written into the caller. results: numba's types of what it returns, none, one
    or several. Arguments are numbers, addresses, lanes, and tuples of them, also named ones.
    """

    several = types.Tuple(results) if results else types.void
    result = results[0] if len(results) == 1 else several

    def decorate(function: Callable):
        names = inspect.signature(function).parameters

        def typed(typing_context, *kinds):
            def code(context, builder, signature, arguments):
                pairs = zip(kinds, arguments, strict=True)
                out = function(*(_wrapped(builder, kind, x) for kind, x in pairs))
                if not results:
                    return context.get_dummy_value()
                if len(results) == 1:
                    return out.value
                return context.make_tuple(builder, several, [x.value for x in out])

            return result(*kinds), code

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(name, kind) for name in ("typing_context", *names)]
        typed.__signature__ = inspect.Signature(parameters)
        typed.__name__ = function.__name__
        typed.__doc__ = function.__doc__
        return intrinsic(typed)

    return decorate


def _wrapped(builder: ir.IRBuilder, kind: types.Type, x: ir.Value):
    """The :class:`Value` of an argument; of a tuple, those of its parts."""
    if isinstance(kind, types.BaseNamedTuple):
        return _Fields(builder, kind, x)
    if isinstance(kind, types.BaseTuple):
        pairs = zip(kind, cgutils.unpack_tuple(builder, x), strict=True)
        return [_wrapped(builder, of_part, part) for of_part, part in pairs]
    return Value(builder, x)


class _Fields:
    """A named tuple, whose fields are taken out where they are used: most use few of many."""

    def __init__(self, builder: ir.IRBuilder, kind: types.BaseNamedTuple, value: ir.Value):
        self._parts = builder, kind, value

    def __getattr__(self, name: str):
        builder, kind, value = self._parts
        if name not in kind.fields:
            raise AttributeError(f"{kind.instance_class.__name__} has no field {name!r}")
        i = kind.fields.index(name)
        return _wrapped(builder, kind.types[i], builder.extract_value(value, i))
