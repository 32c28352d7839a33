"""Maximal patterns: greedily, by Algorithm 3, and by trying all (Definition 4.4 of the thesis).

The maximal pattern of a phenomenon P is the decision pattern that defines P's minimal blanket
(Definition 4.3). Specialized to P are the subnetworks that are active for at least a share c_P of
its samples (Definitions 4.5 and 4.6); of their blankets the minimal one is the smallest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import DecisionPattern, preactivations
from mbh_utils.regions.planes import Line, Plane

#: Neurons whose subsets are all tried: above it there are too many.
_MOST_TRIED = 12
#: A share of samples times their number, where it is a whole number, is off by less than this.
_ROUNDING = 1e-9


def check_coverage(coverage: float | Real) -> float:
    """The coverage as a float. Raises MBHError outside (0, 1]."""
    expected = "a share of the samples in (0, 1]"
    return require.number("coverage c_P", coverage, expected, lambda c: 0 < c <= 1)


def listed_coverages(coverages: float | Sequence[float]) -> list[float]:
    """One minimum coverage or several, as a list."""
    if isinstance(coverages, Real) and not isinstance(coverages, bool):
        return [check_coverage(coverages)]
    given = require.listed("coverages", coverages, "shares of the samples in (0, 1]")
    return [check_coverage(c) for c in given]


def maximal_pattern(
    network,
    samples: Samples | ArrayLike,
    coverage: float = 0.8,
    *,
    scope: str = "last",
    strict: bool = False,
    output_layer: bool = True,
) -> DecisionPattern:
    """The maximal pattern of a phenomenon, found greedily: Algorithm 3.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples or array_like, shape (n, d)
        The samples that embody the phenomenon.
    coverage : float, default 0.8
        Minimum coverage c_P, in (0, 1]: the pattern is satisfied by at least this share of the
        samples.
    scope : {"last", "all"}, default "last"
        "last" constrains neurons of the last hidden layer, as the thesis does, "all" those of every
        hidden layer.
    strict : bool, default False
        Accept a neuron only while the coverage stays above c_P, as Algorithm 3 is printed.
        Neurons that all samples agree on are part of the pattern in any case.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    DecisionPattern
        Its ``coverage`` is the share of the samples that satisfy it. Without constraints, it is the
        trivial subnetwork's (Definition 4.2).

    Raises
    ------
    MBHError
        When there is no sample, c_P lies outside (0, 1], or scope is unknown.

    See Also
    --------
    smallest_pattern : what the greedy search approximates.

    Notes
    -----
    The maximal pattern (Definition 4.4 of the thesis) defines the smallest of all blankets that
    cover enough of the phenomenon. Algorithm 3 looks for it without measuring a blanket. It stops
    where the coverage is no longer above c_P, while Definition 4.5 asks for c >= c_P, as is done
    here: both differ only where the coverage hits c_P exactly.

    Neurons are taken in the order of the share of samples that agree on their majority state (ties
    by index; exactly half counts as inactive). So neurons that all samples agree on come first, as
    in line 6 of the algorithm, and the patterns of growing c_P are nested. For c_P = 1 no pattern
    over the neurons in scope has a smaller blanket (Lemma B.1). For c_P < 1 there may be one
    (Appendix C.1).

    Examples
    --------
    Neurons x1 > 0 and x2 > 0: x1 is positive in four samples of five, x2 in none.

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> samples = [[1, -1], [2, -1], [3, -2], [1, -3], [-1, -1]]
    >>> mbh.maximal_pattern(layers, samples, coverage=1).as_dict()
    {1: False}
    >>> mbh.maximal_pattern(layers, samples, coverage=0.8).as_dict()
    {1: False, 0: True}
    """
    coverages = [check_coverage(coverage)]
    (found,) = maximal_patterns(
        network, samples, coverages, scope=scope, strict=strict, output_layer=output_layer
    )
    return found


def maximal_patterns(
    network,
    samples: Samples | ArrayLike,
    coverages: float | Sequence[float],
    *,
    scope: str = "last",
    strict: bool = False,
    output_layer: bool = True,
) -> list[DecisionPattern]:
    """The maximal patterns of a phenomenon for several minimum coverages, at the price of one.

    Parameters
    ----------
    network, samples, scope, strict, output_layer
        As of :func:`maximal_pattern`.
    coverages : sequence of float, or float
        Minimum coverages c_P, each in (0, 1].

    Returns
    -------
    list of DecisionPattern
        One for each minimum coverage. They are nested: of two, that of the larger c_P constrains
        some of the neurons of the other to the same states.

    Raises
    ------
    MBHError
        As :func:`maximal_pattern`.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> samples = [[1, -1], [2, -1], [3, -2], [1, -3], [-1, -1]]
    >>> [len(sigma) for sigma in mbh.maximal_patterns(layers, samples, [0.5, 0.8, 1])]
    [2, 2, 1]
    """
    coverages = listed_coverages(coverages)
    strict = require.flag("strict", strict)
    bits, first = patterns_in_scope(network, samples, scope, output_layer)
    return greedy_patterns(bits, first, coverages, strict)


class Constraints(NamedTuple):
    """The constraints of a pattern, in the order in which they were chosen."""

    neurons: np.ndarray  # (k,) int, counted from the first neuron in scope
    states: np.ndarray  # (k,) bool
    share: float  # of the samples that satisfy all of them


def greedy_patterns(
    bits: np.ndarray, first: int, coverages: Sequence[float], strict: bool = False
) -> list[DecisionPattern]:
    """Maximal patterns of samples whose patterns (n, k), from neuron ``first`` on, are known."""
    found = greedy_constraints(bits, coverages, strict)
    return [DecisionPattern(first + c.neurons, c.states, coverage=c.share) for c in found]


def greedy_constraints(
    bits: np.ndarray, coverages: Sequence[float], strict: bool = False
) -> list[Constraints]:
    """Algorithm 3 on the patterns (n, k) of samples, for each minimum coverage."""
    n = len(bits)
    active = bits.sum(axis=0)
    states = 2 * active > n
    order = np.argsort(-np.maximum(active, n - active), kind="stable")
    # covered[k]: samples that satisfy the first k constraints. It never grows with k, so the
    # longest pattern that still covers enough is found by counting.
    agree = np.logical_and.accumulate(bits[:, order] == states[order], axis=1)
    covered = np.concatenate([[n], agree.sum(axis=0)])
    found = []
    for c in coverages:
        if strict:  # line 6 takes the constant neurons, whatever c_P is
            accepted = (covered > c * n + _ROUNDING) | (covered == n)
        else:
            accepted = covered >= needed_samples(c, n)
        length = int(accepted.sum()) - 1
        chosen = order[:length]
        found.append(Constraints(chosen, states[chosen], covered[length] / n))
    return found


def smallest_pattern(
    network,
    samples: Samples | ArrayLike,
    plane: Plane | Line,
    coverage: float,
    *,
    output_layer: bool = True,
) -> DecisionPattern:
    """The pattern with the truly smallest blanket on a plane, found by trying all.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands, of at most 12 hidden neurons.
    samples : Samples or array_like, shape (n, d)
        The samples that embody the phenomenon.
    plane : Plane or Line
        Where blankets are measured.
    coverage : float
        Minimum coverage c_P, in (0, 1].
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    DecisionPattern
        Over any hidden neurons; of equally small blankets the one with fewest constraints.

    Raises
    ------
    MBHError
        As :func:`maximal_pattern`, and above 12 hidden neurons, where 2^12 choices and more would
        be tried.

    Notes
    -----
    Every subnetwork that is specialized to the phenomenon (Definition 4.6 of the thesis: active for
    at least a share c_P of its samples) is tried. The one with the smallest blanket on the plane
    (Definition 4.3) has the maximal pattern (Definition 4.4), which the greedy Algorithm 3
    approximates. Figure C.1 shows a case in which the two differ.

    Examples
    --------
    The three neurons of Fig C.1:

    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1], [1, 0]], [0.9, 0.8, 0])]
    >>> samples = [[-0.5, 0]] * 7 + [[-0.5, -0.9]] + [[0.5, 0]] * 2
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> mbh.smallest_pattern(layers, samples, square, 0.8).as_dict()
    {0: True, 2: False}
    >>> mbh.maximal_pattern(layers, samples, 0.8).as_dict()
    {0: True, 1: True}
    """
    require.kind_of("plane", plane, Plane | Line, "one Plane, or a Line")
    bits, _ = patterns_in_scope(network, samples, "all", output_layer)
    needed = needed_samples(check_coverage(coverage), len(bits))
    n_neurons = bits.shape[1]
    if n_neurons > _MOST_TRIED:
        raise MBHError(
            f"trying all subsets of {n_neurons} neurons takes too long; "
            f"up to {_MOST_TRIED}, or use maximal_pattern"
        )
    patterns = [DecisionPattern([], [], coverage=1.0), *_covering_patterns(bits, needed)]
    areas = partition_input_space(network, plane, output_layer=output_layer).blanket_areas(patterns)
    shares = np.round(areas / plane.area, 12)  # equally small ones may differ by rounding
    return patterns[int(np.argmin(shares))]


def _covering_patterns(bits: np.ndarray, needed: int) -> Iterator[DecisionPattern]:
    """All patterns that this many of the samples satisfy, by their number of constraints."""
    n, n_neurons = bits.shape
    for length in range(1, n_neurons + 1):
        for chosen in itertools.combinations(range(n_neurons), length):
            neurons = list(chosen)
            # Below a coverage of 1/2 the majority need not be the best choice, so every state that
            # occurs is tried.
            occurring, counts = np.unique(bits[:, neurons], axis=0, return_counts=True)
            for states, count in zip(occurring, counts, strict=True):
                if count >= needed:
                    yield DecisionPattern(neurons, states, coverage=count / n)


def needed_samples(coverage: float, n: int) -> int:
    """Fewest of n samples that are this share: 55 of 100 for 0.55, though 0.55 * 100 > 55."""
    return max(1, math.ceil(coverage * n - _ROUNDING))


def patterns_in_scope(network, samples, scope: str, output_layer: bool) -> tuple[np.ndarray, int]:
    """Patterns (n, k) of the neurons in scope, and the index of the first of them."""
    images = require.array("samples", getattr(samples, "images", samples))
    if not images.ndim or not len(images):
        raise MBHError("the phenomenon has no sample: its maximal pattern needs at least one")
    if not isinstance(scope, str) or scope not in ("last", "all"):
        given = require.shown(scope)
        raise MBHError(f'scope is {given}; choose "last" (the last hidden layer) or "all"')
    layers = [z > 0 for z in preactivations(network, images, output_layer=output_layer)]
    if scope == "all":
        return np.concatenate(layers, axis=1), 0
    return layers[-1], sum(layer.shape[1] for layer in layers[:-1])
