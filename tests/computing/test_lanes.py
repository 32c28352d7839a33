"""Every operator of the lane language against numpy, on numbers of all kinds."""

import operator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from llvmlite import ir
from numba import njit, types

from mbh_utils.computing import lanes
from mbh_utils.computing.addresses import addresses, aligned_zeros, at
from mbh_utils.computing.lanes import Lanes, lane_code

#: Element type and lane count: those of the partition, and the two of training.
KINDS = [(types.float64, 8), (types.float32, 64), (types.float32, 16)]
kinds = pytest.mark.parametrize("element, n", KINDS, ids=[f"{e} x {n}" for e, n in KINDS])
integer_kinds = pytest.mark.parametrize(
    "element, n", [(types.int64, 8), (types.int32, 16)], ids=["int64 x 8", "int32 x 16"]
)


def numbers(element, shape, seed=0):
    """Numbers of an element type, of all sizes, and those at which arithmetic is special."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(str(element))
    if dtype.kind == "i":
        few = rng.integers(-3, 4, shape)
        wide = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, endpoint=True)
        return np.where(rng.random(shape) < 0.5, few, wide).astype(dtype)
    info = np.finfo(dtype)
    special = [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        info.tiny,
        -info.tiny / 4,
        info.max,
        -info.max,
        1,
        1 + info.eps,
    ]
    ordinary = rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 7, shape)
    return np.where(rng.random(shape) < 0.4, rng.choice(special, shape), ordinary).astype(dtype)


def over(function, n, *arrays, result=None):
    """Lanes ``function(x, y, ...)`` for each n numbers of each array, of the first one's type."""

    @lane_code()
    def group(i, n_lanes, sources, out):
        values = function(*(source.lanes(i, n) for source in sources))
        out[i] = values

    @njit(error_model="numpy")
    def run(sources, out, size):
        starts = starts_of(sources)
        for i in range(0, size, n):
            group(i, n, starts, at(out, 0))

    starts_of = _starts_of(len(arrays))
    size = arrays[0].size
    assert size % n == 0
    out = np.zeros(size, result or arrays[0].dtype)
    run(arrays, out, size)
    return out


def _starts_of(count):
    """Compiled: the addresses of so many arrays."""
    if count == 1:
        return njit(lambda arrays: (at(arrays[0], 0),))
    if count == 2:
        return njit(lambda arrays: (at(arrays[0], 0), at(arrays[1], 0)))
    return njit(lambda arrays: (at(arrays[0], 0), at(arrays[1], 0), at(arrays[2], 0)))


def reduced(function, n, x, result=None):
    """Number ``function(lanes)`` for each n numbers of an array."""

    @lane_code()
    def group(i, source, out):
        out[i] = function(source.lanes(i * n, n))

    @njit(error_model="numpy")
    def run(source, out):
        for i in range(out.size):
            group(i, at(source, 0), at(out, 0))

    out = np.zeros(x.size // n, result or x.dtype)
    run(x, out)
    return out


def same(found, expected):
    """Equal to the bit, but for which NaN it is."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype and found.shape == expected.shape
    if found.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
        return
    nan = np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(found), nan)
    bits = f"u{found.dtype.itemsize}"
    np.testing.assert_array_equal(found[~nan].view(bits), expected[~nan].view(bits))


def as_numbers(truth):
    """Truths in lanes as 1.0 or 0.0, to be stored."""
    return lanes.where(truth, 1.0, 0.0)


# --------------------------------------------------------------------------------------- arithmetic


@kinds
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
def test_arithmetic_is_numpys(element, n, name):
    x, y = numbers(element, 40 * n, 1), numbers(element, 40 * n, 2)
    what = getattr(operator, name)
    with np.errstate(all="ignore"):
        same(over(what, n, x, y), what(x, y))


@kinds
def test_one_operand_may_be_a_number_of_python(element, n):
    x = numbers(element, 20 * n, 3)
    two = x.dtype.type(2)
    with np.errstate(all="ignore"):
        for what in (lambda x: x + 2.0, lambda x: 2.0 + x, lambda x: x - 2.0, lambda x: 2.0 * x):
            same(over(what, n, x), what(x).astype(x.dtype))
        same(over(lambda x: 2.0 / x, n, x), two / x)
        same(over(lambda x: -x, n, x), -x)
        same(over(abs, n, x), np.abs(x))


@kinds
def test_fused_sums_are_rounded_once(element, n):
    rng = np.random.default_rng(4)
    x, y, z = rng.standard_normal((3, 30 * n)).astype(np.dtype(str(element)))
    z[::2] = -x[::2] * y[::2]  # what is left is the rounding
    exact = [
        Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
        for a, b, c in zip(x, y, z, strict=True)
    ]
    # (float32 is rounded by way of float64 here, which changes none of these numbers.)
    once = np.array([float(q) for q in exact]).astype(x.dtype)
    same(over(lanes.fused_multiply_add, n, x, y, z), once)
    loosely = over(lanes.multiply_add, n, x, y, z)
    assert ((loosely == once) | (loosely == x * y + z)).all()


@kinds
def test_sums_and_products_with_their_errors_are_exact(element, n):
    rng = np.random.default_rng(5)
    x, y = (rng.standard_normal((2, 30 * n)) * 10.0 ** rng.integers(-6, 7, (2, 30 * n))).astype(
        np.dtype(str(element))
    )
    for what, exactly, rounded in (
        (lanes.sum_and_error, operator.add, x + y),
        (lanes.product_and_error, operator.mul, x * y),
    ):
        value = over(lambda a, b: what(a, b)[0], n, x, y)  # noqa: B023
        error = over(lambda a, b: what(a, b)[1], n, x, y)  # noqa: B023
        same(value, rounded)
        for a, b, v, e in zip(*(array.tolist() for array in (x, y, value, error)), strict=True):
            assert Fraction(v) + Fraction(e) == exactly(Fraction(a), Fraction(b))
    assert (error != 0).any()


def test_sums_with_errors_are_not_contracted():
    """The error of (x y) + z would be another one if the product were kept unrounded."""
    rng = np.random.default_rng(6)
    x, y, z = rng.standard_normal((3, 80))

    def off(a, b, c):
        return lanes.sum_and_error(a * b, c)[1]

    product = x * y
    total = product + z
    part = total - product
    same(over(off, 8, x, y, z), (product - (total - part)) + (z - part))


# ---------------------------------------------------------------------------- comparison and choice


@kinds
@pytest.mark.parametrize("name", ["lt", "gt", "le"])
def test_comparisons_are_numpys(element, n, name):
    x, y = numbers(element, 40 * n, 7), numbers(element, 40 * n, 8)
    y[::3] = x[::3]
    what = getattr(operator, name)
    same(over(lambda a, b: as_numbers(what(a, b)).to(element), n, x, y), what(x, y).astype(x.dtype))


@kinds
def test_equality_is_numpys_and_nan_equals_nothing(element, n):
    x, y = numbers(element, 40 * n, 9), numbers(element, 40 * n, 10)
    x[:9] = np.nan
    y[::3] = x[::3]
    found = over(lambda a, b: as_numbers(a.equals(b)).to(element), n, x, y)
    same(found, (x == y).astype(x.dtype))
    assert found.any() and not found[:9].any()


@kinds
def test_choices_are_numpys(element, n):
    x, y = numbers(element, 40 * n, 11), numbers(element, 40 * n, 12)
    same(over(lambda a, b: lanes.where(a < b, a, b), n, x, y), np.where(x < y, x, y))
    same(over(lanes.smaller, n, x, y), np.where(x < y, x, y))
    same(over(lanes.larger, n, x, y), np.where(x > y, x, y))
    same(over(lambda a: lanes.where(a < 1.0, 2.0, a), n, x), np.where(x < 1, x.dtype.type(2), x))
    same(
        over(lambda a: lanes.larger(a, 1e-3), n, x),
        np.where(x > x.dtype.type(1e-3), x, x.dtype.type(1e-3)),
    )


@integer_kinds
def test_integers_are_numpys(element, n):
    x, y = numbers(element, 40 * n, 13), numbers(element, 40 * n, 14)
    y[::3] = x[::3]
    unsigned = f"u{x.dtype.itemsize}"
    with np.errstate(all="ignore"):
        for what in (operator.add, operator.sub, operator.mul, operator.and_, operator.or_):
            same(over(what, n, x, y), what(x, y))
        same(over(operator.invert, n, x), ~x)
        same(over(operator.neg, n, x), -x)
        for shift in (0, 31):
            same(over(lambda a: a << shift, n, x), x << shift)  # noqa: B023
            shifted = over(lambda a: a >> shift, n, x)  # noqa: B023
            same(shifted, (x.view(unsigned) >> shift).view(x.dtype))
    positive = np.abs(x // 2)
    same(over(lambda a: a // 7, n, positive), positive // 7)
    for what in (operator.lt, operator.gt, operator.le):
        found = over(lambda a, b: what(a, b).to(element), n, x, y)  # noqa: B023
        same(found, what(x, y).astype(x.dtype))
    same(over(lambda a, b: a.equals(b).to(element), n, x, y), (x == y).astype(x.dtype))
    below = over(lambda a, b: a.below(b).to(element), n, x, y)
    same(below, (x.view(unsigned) < y.view(unsigned)).astype(x.dtype))


@kinds
def test_truths_combine(element, n):
    x, y = numbers(element, 40 * n, 15), numbers(element, 40 * n, 16)
    found = over(lambda a, b: ((a < b) & ~(b > 1.0) | a.equals(0.0)).to(element), n, x, y)
    same(found, ((x < y) & ~(y > 1) | (x == 0)).astype(x.dtype))


# --------------------------------------------------------------------------------------- conversion


@pytest.mark.parametrize(
    "old, new",
    [
        (types.float64, types.int64),
        (types.float64, types.int32),
        (types.float64, types.float32),
        (types.float32, types.float64),
        (types.int64, types.float64),
        (types.int8, types.float64),
        (types.int32, types.int64),
        (types.int64, types.int32),
        (types.uint8, types.int8),
    ],
)
def test_conversions_are_numpys(old, new):
    x = np.trunc(np.random.default_rng(17).standard_normal(80) * 40)
    x[:8] = [0, -0.0, 1, -1, 127, -128, 100, -100]
    x = (np.abs(x) if old == types.uint8 else x).clip(-128, 127).astype(np.dtype(str(old)))
    result = np.dtype(str(new))
    same(over(lambda a: a.to(new), 8, x, result=result), x.astype(result))


def test_floats_lose_what_is_behind_the_point():
    x = np.array([0.9, -0.9, 1.5, -1.5, 1e15 + 0.5, -(2.0**62), 3.0, -0.0])
    same(over(lambda a: a.to(types.int64), 8, x, result=np.int64), x.astype(np.int64))


# -------------------------------------------------------------------------------- between the lanes


@kinds
def test_lanes_are_rearranged_as_numpy_does(element, n):
    x, y = numbers(element, 10 * n, 18), numbers(element, 10 * n, 19)
    rows = x.reshape(-1, n)
    order = np.random.default_rng(20).integers(0, 2 * n, n).tolist()
    both = np.concatenate([rows, y.reshape(-1, n)], axis=1)
    same(over(lambda a, b: lanes.shuffled(a, b, order), n, x, y), both[:, order].ravel())
    for i in (0, n - 1):
        same(reduced(lambda a: lanes.lane(a, i), n, x), rows[:, i].copy())  # noqa: B023
        spread = over(lambda a: lanes.broadcast(lanes.lane(a, i), n), n, x)  # noqa: B023
        same(spread, np.repeat(rows[:, i], n))
    swapped = over(lambda a: lanes.shuffled(*reversed(lanes.halves(a)), range(n)), n, x)
    same(swapped, np.concatenate([rows[:, n // 2 :], rows[:, : n // 2]], axis=1).ravel())
    with np.errstate(all="ignore"):
        same(over(lanes.pair_sums, n, x, y), (both[:, ::2] + both[:, 1::2]).ravel())


@kinds
def test_lanes_are_folded_half_with_half(element, n):
    x = numbers(element, 40 * n, 21)
    for combine, plainly in (
        (operator.add, operator.add),
        (lanes.larger, lambda a, b: np.where(a > b, a, b)),
    ):
        rows = x.reshape(-1, n)
        with np.errstate(all="ignore"):
            while rows.shape[1] > 1:
                half = rows.shape[1] // 2
                rows = plainly(rows[:, :half], rows[:, half:])
        same(reduced(lambda a: lanes.folded(a, combine), n, x), rows[:, 0].copy())  # noqa: B023


def test_lanes_are_permuted_by_places_known_at_run_time():
    x = numbers(types.float64, 80, 22)
    places = np.random.default_rng(23).integers(0, 8, 80)
    found = over(lanes.permuted, 8, x, places)
    same(found, np.take_along_axis(x.reshape(-1, 8), places.reshape(-1, 8), axis=1).ravel())


def test_lane_numbers_count():
    x = numbers(types.int64, 16, 24)
    same(over(lambda a: a + lanes.lane_numbers(a, 8), 8, x), x + np.tile(np.arange(8), 2))


@pytest.mark.parametrize("n", [2, 8, 16, 64])
def test_truths_are_bits_and_back(n):
    x = numbers(types.float64, 40 * n, 25)
    powers = np.uint64(1) << np.arange(n, dtype=np.uint64)
    expected = (
        np.where(x.reshape(-1, n) > 0, powers, np.uint64(0))
        .sum(axis=1, dtype=np.uint64)
        .view(np.int64)
    )
    same(reduced(lambda a: lanes.bits_of(a > 0.0), n, x, result=np.int64), expected)
    back = over(lambda a: as_numbers(lanes.truths_of(lanes.bits_of(a > 0.0), n)), n, x)
    same(back, (x > 0).astype(float))


def test_trailing_zeros_are_counted():
    x = np.array([1, 2, 3, 8, -1, -8, 0, 1 << 62, -(1 << 63)])
    same(
        reduced(lambda a: lanes.trailing_zeros(lanes.lane(a, 0)), 1, x),
        np.array([0, 1, 0, 3, 0, 3, 64, 62, 63]),
    )


# --------------------------------------------------------------------------------- loops and memory


@lane_code(types.int64)
def _sum_below(n):
    return lanes.loop(n, lambda k, total: total + k, lanes.constant(n, 0))


@lane_code(types.int64)
def _nested(n):
    def row(k, total):
        return lanes.loop(k, lambda j, inner: inner + j * k, total)

    return lanes.loop(n, row, lanes.constant(n, 0))


@lane_code()
def _count_up(n, out):
    def one(k):
        out[k] = k * 2

    lanes.loop(n, one)


def test_loops_carry_a_value():
    run = njit(lambda n: (_sum_below(n), _nested(n)))
    for n in (-1, 0, 1, 2, 9):
        steps = range(n)
        assert run(n) == (sum(steps), sum(j * k for k in steps for j in range(k)))


def test_loops_without_a_value():
    run = njit(lambda n, out: _count_up(n, at(out, 1)))
    out = np.full(8, -1)
    run(5, out)
    assert out.tolist() == [-1, 0, 2, 4, 6, 8, -1, -1]


class Memory(NamedTuple):
    """Like the kernels' arrays: of several types, with numbers between them."""

    scale: float
    x: np.ndarray
    small: np.ndarray
    out: np.ndarray


@lane_code(types.float64, Lanes(types.float64, 2))
def _use(i, memory):
    memory.small[i] = 7
    memory.small[i + 1] = memory.small[i]
    memory.out[i] = memory.x.lanes(i, 4) * memory.scale
    return (memory.x + i)[1], memory.x.lanes(0, 2)


@lane_code()
def _store(pair, out):
    out[0] = pair


def test_addresses_reach_into_arrays_wherever_they_start():
    @njit
    def run(memory, i, pair):
        number, two = _use(i, addresses(memory))
        _store(two, at(at(pair, 1), 1))
        return number

    for i in range(3):
        x = np.arange(8.0) + 0.5
        memory = Memory(3.0, x, np.zeros(6, np.uint8), np.zeros(8))
        pair = np.zeros(4)
        assert run(memory, i, pair) == x[i + 1]
        assert memory.out.tolist() == [3 * x[k] if i <= k < i + 4 else 0 for k in range(8)]
        assert memory.small.tolist() == [7 if k in (i, i + 1) else 0 for k in range(6)]
        assert pair.tolist() == [0, 0, 0.5, 1.5]


def test_a_missing_field_of_a_named_tuple_is_named():
    fields = lanes._Fields(ir.IRBuilder(), types.NamedTuple([types.int64] * 4, Memory), None)
    with pytest.raises(AttributeError, match="Memory has no field 'y'"):
        fields.y  # noqa: B018


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, np.int64])
def test_aligned_zeros_start_on_a_cache_line(dtype):
    for shape in ((1,), (0,), (3, 5), (33, 65), (2, 3, 7)):
        x = aligned_zeros(shape, dtype)
        assert x.ctypes.data % 64 == 0 or x.size == 0
        assert x.shape == shape and x.dtype == dtype and not x.any() and x.flags.c_contiguous
