"""Upper bounds on the number of activation regions (section 3.2 of the thesis). All are exact Python integers."""

from collections.abc import Sequence
from itertools import accumulate
from math import comb, prod

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: Steps of the longest computation, and bits of the largest power: seconds.
_MOST_STEPS = 10**7


def zaslavsky(p: int, d: int) -> int:
    """Most regions that p hyperplanes make of R^d: sum of C(p, j) for j = 0 .. d (Zaslavsky 1975).

    Reached in general position. It bounds one hidden layer of p neurons; it is no bound for several layers, whose
    hyperplanes bend.
    """
    p, d = require.whole("p", p, 0), require.whole("d", d, 0)
    if d >= p:
        return _power(2, p)
    _feasible(
        d * min(p, d * p.bit_length()) // 1000,
        f"of {require.shown(p)} hyperplanes in {require.shown(d)} dimensions",
    )
    total = term = 1
    for j in range(d):
        term = term * (p - j) // (j + 1)
        total += term
    return total


def serra(n_inputs: int, widths: Sequence[int]) -> int:
    """Bound of Serra et al. (2018, Theorem 1) for hidden layers of these widths: the best one here.

    The sum over all (j_1 .. j_L) with 0 <= j_l <= min(n_0, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l) of the products of
    C(n_l, j_l), computed layer by layer. Tight for one layer. Theorem 3.2 of the thesis, read with d_l = width of
    layer l. On a plane use ``n_inputs=2``: no partition of a plane has more regions.
    """
    n_inputs, widths = require.whole("n_inputs", n_inputs, 0), _widths(widths)
    caps = list(accumulate((n_inputs, *widths), min))[1:]
    _feasible(
        sum(cap * cap for cap in caps),
        f"of hidden layers {require.shown(widths)} on {n_inputs} inputs",
    )
    following = [
        1
    ]  # by cap: what the layers behind this one contribute; larger caps make no difference to them
    for n, cap in zip(reversed(widths), reversed(caps), strict=True):
        terms, last = [comb(n, j) for j in range(cap + 1)], len(following) - 1
        following = [
            sum(terms[j] * following[min(c, n - j, last)] for j in range(c + 1))
            for c in range(cap + 1)
        ]
    return following[-1]


def montufar(n_inputs: int, widths: Sequence[int]) -> int:
    """Bound of Montufar (2017): product over layers of sum_{j <= d_l} C(n_l, j), d_l = min(n_0, n_1, ..., n_l)."""
    n_inputs, widths = require.whole("n_inputs", n_inputs, 0), _widths(widths)
    caps = list(accumulate((n_inputs, *widths), min))[1:]
    return prod(zaslavsky(n, cap) for n, cap in zip(widths, caps, strict=True))


def raghu(n_inputs: int, width: int, depth: int) -> int:
    """k^(d_0 n), the growth rate of Raghu et al. (2017; Theorem 3.1) for n = depth layers of k = width neurons.

    This is what stands inside O(.): it says how counts grow, and is NO strict bound. One layer of 3 neurons makes 4
    regions of a line, where this gives 3.
    """
    width = require.whole("width", width, 1)
    return _power(width, require.whole("n_inputs", n_inputs, 0) * require.whole("depth", depth, 0))


def _power(base: int, exponent: int) -> int:
    _feasible(
        exponent * (base - 1).bit_length(), f"{require.shown(base)}^{require.shown(exponent)}"
    )
    return base**exponent


def _feasible(steps: int, what: str) -> None:
    if steps > _MOST_STEPS:
        raise MBHError(
            f"the bound {what} is too large to be computed in seconds: choose smaller numbers"
        )


def _widths(widths: Sequence[int]) -> tuple[int, ...]:
    members = require.listed(
        "widths", widths, "the widths of the hidden layers, such as (300, 100)"
    )
    return tuple(require.whole("in widths a layer's width", n, 1) for n in members)
