"""Upper bounds on the number of activation regions (section 3.2.1), as exact Python integers."""

from collections.abc import Sequence
from itertools import accumulate
from math import comb, prod

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: Steps of the longest computation, and bits of the largest power: seconds.
_MOST_STEPS = 10**7


def zaslavsky(p: int, d: int) -> int:
    """Most regions that p hyperplanes make of R^d.

    Parameters
    ----------
    p : int
        Hyperplanes, such as the neurons of one hidden layer.
    d : int
        Dimensions.

    Returns
    -------
    int
        The sum of C(p, j) over j = 0 .. d.

    Raises
    ------
    MBHError
        For what is no whole number from 0 on, and for a number that takes longer than seconds.

    Notes
    -----
    Zaslavsky 1975, in section 3.2.1 of the thesis; reached in general position. It bounds one
    hidden layer of p neurons; it is no bound for several layers, whose hyperplanes bend.

    Examples
    --------
    >>> from mbh_utils import bounds
    >>> bounds.zaslavsky(3, 2)
    7
    """
    p = require.whole("p", p, 0)
    d = require.whole("d", d, 0)
    if d >= p:
        return _power(2, p)
    steps = d * min(p, d * p.bit_length()) // 1000
    what = f"of {require.shown(p)} hyperplanes in {require.shown(d)} dimensions"
    _check_feasible(steps, what)
    total = 1
    term = 1
    for j in range(d):
        term = term * (p - j) // (j + 1)
        total += term
    return total


def serra(n_inputs: int, widths: Sequence[int]) -> int:
    """Most regions of hidden layers, by the tightest of the bounds here.

    Parameters
    ----------
    n_inputs : int
        Dimension n_0 of the input space; 2 for a partition of a plane.
    widths : sequence of int
        Neurons n_1 .. n_L of each hidden layer.

    Returns
    -------
    int

    Raises
    ------
    MBHError
        For what is no such number, and for a bound that takes longer than seconds.

    Notes
    -----
    Theorem 1 of Serra et al. 2018: the sum over all (j_1 .. j_L) with
    0 <= j_l <= min(n_0, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l) of the products of C(n_l, j_l).
    It is Theorem 3.2 of the thesis, read with d_l = width of layer l, and tight for one layer.

    Examples
    --------
    The network of Fig 3.2, three layers of two neurons:

    >>> from mbh_utils import bounds
    >>> bounds.serra(2, (2, 2, 2))
    30
    """
    n_inputs = require.whole("n_inputs", n_inputs, 0)
    widths = _checked_widths(widths)
    caps = _caps(n_inputs, widths)
    steps = sum(cap * cap for cap in caps)
    _check_feasible(steps, f"of hidden layers {require.shown(widths)} on {n_inputs} inputs")
    # By cap: what the layers behind this one contribute. Larger caps make no difference to them.
    following = [1]
    for n, cap in zip(reversed(widths), reversed(caps), strict=True):
        following = _contributions(n, cap, following)
    return following[-1]


def _contributions(n: int, cap: int, following: list[int]) -> list[int]:
    """What a layer of n neurons and those behind it contribute, for each cap on j from 0 on."""
    terms = [comb(n, j) for j in range(cap + 1)]
    last = len(following) - 1

    def contribution(c: int) -> int:
        return sum(terms[j] * following[min(c, n - j, last)] for j in range(c + 1))

    return [contribution(c) for c in range(cap + 1)]


def montufar(n_inputs: int, widths: Sequence[int]) -> int:
    """Most regions of hidden layers, by the product of what each layer can do alone.

    Parameters
    ----------
    n_inputs : int
        Dimension n_0 of the input space; 2 for a partition of a plane.
    widths : sequence of int
        Neurons n_1 .. n_L of each hidden layer.

    Returns
    -------
    int
        Never below :func:`serra`.

    Raises
    ------
    MBHError
        For what is no such number, and for a bound that takes longer than seconds.

    Notes
    -----
    Montufar 2017: the product over layers of the sum of C(n_l, j) over j = 0 .. d_l, where
    d_l = min(n_0, n_1, ..., n_l).

    Examples
    --------
    >>> from mbh_utils import bounds
    >>> bounds.montufar(2, (2, 2, 2))
    64
    """
    n_inputs = require.whole("n_inputs", n_inputs, 0)
    widths = _checked_widths(widths)
    caps = _caps(n_inputs, widths)
    return prod(zaslavsky(n, cap) for n, cap in zip(widths, caps, strict=True))


def raghu(n_inputs: int, width: int, depth: int) -> int:
    """How counts of regions grow with depth: width to the power of n_inputs times depth.

    Parameters
    ----------
    n_inputs : int
        Dimension d_0 of the input space.
    width : int
        Neurons k of each hidden layer.
    depth : int
        Hidden layers n.

    Returns
    -------
    int
        k^(d_0 n).

    Raises
    ------
    MBHError
        For what is no such number, and for a power that takes longer than seconds.

    Notes
    -----
    Raghu et al. 2017, Theorem 3.1 of the thesis, for ReLU: this is what stands inside O(.). It says
    how counts grow, and is NO strict bound. One layer of 3 neurons makes 4 regions of a line, where
    this gives 3.

    Examples
    --------
    >>> from mbh_utils import bounds
    >>> bounds.raghu(1, 3, 1), bounds.serra(1, (3,))
    (3, 4)
    """
    width = require.whole("width", width, 1)
    n_inputs = require.whole("n_inputs", n_inputs, 0)
    depth = require.whole("depth", depth, 0)
    return _power(width, n_inputs * depth)


def _caps(n_inputs: int, widths: tuple[int, ...]) -> list[int]:
    """For each layer the smallest of the input's dimension and the widths up to it."""
    return list(accumulate((n_inputs, *widths), min))[1:]


def _power(base: int, exponent: int) -> int:
    what = f"{require.shown(base)}^{require.shown(exponent)}"
    _check_feasible(exponent * (base - 1).bit_length(), what)
    return base**exponent


def _check_feasible(steps: int, what: str) -> None:
    if steps > _MOST_STEPS:
        raise MBHError(
            f"the bound {what} is too large to be computed in seconds: choose smaller numbers"
        )


def _checked_widths(widths: Sequence[int]) -> tuple[int, ...]:
    expected = "the widths of the hidden layers, such as (300, 100)"
    members = require.listed("widths", widths, expected)
    return tuple(require.whole("in widths a layer's width", n, 1) for n in members)
