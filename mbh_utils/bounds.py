"""Upper bounds on the number of activation regions (section 3.2 of the thesis). All are exact Python integers."""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from math import comb, prod
from operator import index

from mbh_utils.errors import MBHError


def zaslavsky(p: int, d: int) -> int:
    """Most regions that p hyperplanes make of R^d: sum of C(p, j) for j = 0 .. d (Zaslavsky 1975).

    Reached in general position. It bounds one hidden layer of p neurons; it is no bound for several layers, whose
    hyperplanes bend.
    """
    p, d = _count("p", p, 0), _count("d", d, 0)
    return sum(comb(p, j) for j in range(min(d, p) + 1))


def serra(n_inputs: int, widths: Sequence[int]) -> int:
    """Bound of Serra et al. (2018, Theorem 1) for hidden layers of these widths: the best one here.

    The sum over all (j_1 .. j_L) with 0 <= j_l <= min(n_0, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l) of the products of
    C(n_l, j_l), computed layer by layer. Tight for one layer. Theorem 3.2 of the thesis, read with d_l = width of
    layer l. On a plane use ``n_inputs=2``: no partition of a plane has more regions.
    """
    n_inputs, widths = _count("n_inputs", n_inputs, 0), _widths(widths)

    @cache
    def regions(layer: int, cap: int) -> int:
        if layer == len(widths):
            return 1
        n = widths[layer]
        return sum(comb(n, j) * regions(layer + 1, min(cap, n - j)) for j in range(min(cap, n) + 1))

    return regions(0, n_inputs)


def montufar(n_inputs: int, widths: Sequence[int]) -> int:
    """Bound of Montufar (2017): product over layers of sum_{j <= d_l} C(n_l, j), d_l = min(n_0, n_1, ..., n_l)."""
    n_inputs, widths = _count("n_inputs", n_inputs, 0), _widths(widths)
    caps = list(accumulate((n_inputs, *widths), min))[1:]
    return prod(zaslavsky(n, cap) for n, cap in zip(widths, caps, strict=True))


def raghu(n_inputs: int, width: int, depth: int) -> int:
    """k^(d_0 n), the growth rate of Raghu et al. (2017; Theorem 3.1) for n = depth layers of k = width neurons.

    This is what stands inside O(.): it says how counts grow, and is NO strict bound. One layer of 3 neurons makes 4
    regions of a line, where this gives 3.
    """
    return _count("width", width, 1) ** (_count("n_inputs", n_inputs, 0) * _count("depth", depth, 0))


def _count(name: str, value, least: int) -> int:
    try:
        value = index(value)
    except TypeError:
        raise MBHError(f"{name} is {value!r}; expected a whole number") from None
    if value < least:
        raise MBHError(f"{name} is {value}; expected at least {least}")
    return value


def _widths(widths: Sequence[int]) -> tuple[int, ...]:
    try:
        return tuple(_count("a layer's width", n, 1) for n in widths)
    except TypeError:
        raise MBHError(f"widths is {widths!r}; expected the widths of the hidden layers, such as (300, 100)") from None
