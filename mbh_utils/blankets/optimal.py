"""Maximal patterns that are truly maximal: the smallest blanket by an integer programme."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.blankets.covering import Programme, best_choice, merged_rows
from mbh_utils.blankets.maximal_pattern import (
    check_coverage,
    greedy_patterns,
    needed_samples,
    patterns_in_scope,
)
from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Line, Plane

#: A whole programme is solved to this share of the planes (HiGHS's own tolerance).
_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class OptimalPattern:
    """The pattern with the smallest blanket, and what is proven of it.

    Made by :func:`mbh_utils.optimal_pattern`.

    Attributes
    ----------
    pattern : DecisionPattern
        Of neurons of the last hidden layer.
    share : float
        What its blanket takes of the planes, the mean over them, in [0, 1].
    bound : float
        No pattern that covers enough takes less. It equals ``share`` where that is proven.
    proven : bool
        Whether the pattern is proven to be optimal, to 1e-6 of the planes.
    seconds : float
        What it took, partitions of the planes included.
    nodes : int
        Of the search tree of HiGHS; 0 where it was not needed.
    greedy : DecisionPattern
        The pattern of Algorithm 3.
    greedy_share : float
        What the greedy pattern's blanket takes; never less than ``share``.
    """

    pattern: DecisionPattern
    share: float
    bound: float
    proven: bool
    seconds: float
    nodes: int
    greedy: DecisionPattern
    greedy_share: float

    def __repr__(self) -> str:
        known = "proven" if self.proven else f"none takes less than {self.bound:.4%}"
        return (
            f"OptimalPattern({len(self.pattern)} constraints, {self.share:.4%} of the planes, "
            f"{known}; greedy {self.greedy_share:.4%})"
        )


def optimal_pattern(
    network,
    samples: Samples | ArrayLike,
    planes: Plane | Line | Sequence[Plane | Line],
    coverage: float = 0.8,
    *,
    time_limit: float = 60.0,
    node_limit: int | None = None,
    most_constraints: int | None = None,
    output_layer: bool = True,
) -> OptimalPattern:
    """The pattern of the last hidden layer whose blanket is smallest, the mean over planes.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples or array_like, shape (n, d)
        The samples that embody the phenomenon.
    planes : Plane or Line, or a sequence of them
        Where blankets are measured. On one plane the optimum is often exactly 0, for a pattern that
        misses this plane by chance: take several.
    coverage : float, default 0.8
        Minimum coverage c_P, in (0, 1].
    time_limit : float, default 60.0
        Seconds for the solver. What was found by then is handed back, with the bound that was
        proven by then.
    node_limit : int, optional
        Nodes of the solver's search tree. Unlike a limit of time it stops at the same place on
        every machine: with ``time_limit=float("inf")`` results can be repeated.
    most_constraints : int, optional
        How many neurons may be constrained at most, those that all samples agree on included; None:
        any number.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    OptimalPattern
        Its pattern, the share that its blanket takes, a proven lower bound of that share, and the
        greedy pattern's share beside it.

    Raises
    ------
    MBHError
        As :func:`mbh_utils.specialization`, and for limits that are none.

    See Also
    --------
    maximal_pattern : the greedy search, which sees no blanket.
    smallest_pattern : trying all, over every hidden layer, on one plane.

    Notes
    -----
    The maximal pattern (Definition 4.4 of the thesis) is that of the smallest blanket that covers
    enough. The thesis's Algorithm 3 approximates it; appendix C.1 shows that it can fail. Here
    Definition 4.4 is solved, over the neurons that Algorithm 3 chooses from, as an integer
    programme:
    y_k = 1 where constraint k (a neuron with a state) is chosen, d_i = 1 where sample i is dropped,
    r_j = 1 where region j is excluded. The excluded area, the sum of a_j r_j, is made largest, with
    y_k <= d_i where sample i dissents from constraint k, r_j <= the sum of those y_k that exclude
    region j, and at most (1 - c_P) n samples dropped. Both states of a neuron are offered where
    enough samples have them, so that c_P <= 1/2 needs no care. The solver is HiGHS
    (``scipy.optimize.milp``).

    Of the patterns with the smallest blanket the one with most constraints is given (unless their
    number is limited): every neuron that all samples inside agree on is constrained. On other
    planes that can only make its blanket smaller.

    The optimum is that of these planes. It is what fits them best, so its share is too low for
    others: quote the share on planes that were not optimised, too. An interrupt is answered when
    the solver ends, at the latest after ``time_limit``.

    Examples
    --------
    The three neurons of the thesis's Fig C.1. Algorithm 3 takes the two on which most samples
    agree; the third one excludes more area.

    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1], [1, 0]], [0.9, 0.8, 0])]
    >>> samples = [[-0.5, 0]] * 7 + [[-0.5, -0.9]] + [[0.5, 0]] * 2
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> found = mbh.optimal_pattern(layers, samples, square, 0.8)
    >>> found
    OptimalPattern(2 constraints, 45.0000% of the planes, proven; greedy 85.5000%)
    >>> found.pattern.as_dict()
    {0: True, 2: False}
    >>> mbh.optimal_pattern(layers, samples, square, 0.8, most_constraints=1).pattern.as_dict()
    {2: False}
    """
    started = time.perf_counter()
    coverage = check_coverage(coverage)
    time_limit = require.number("time_limit", time_limit, "seconds above 0", lambda x: x > 0)
    if node_limit is not None:
        node_limit = require.whole("node_limit", node_limit, 1, 2**31 - 1)
    if most_constraints is not None:
        most_constraints = require.whole("most_constraints", most_constraints, 0)
    bits, first = patterns_in_scope(network, samples, "last", output_layer)
    planes = _several(planes)
    allowed = len(bits) - needed_samples(coverage, len(bits))
    neurons, states, dissent = _constraints(bits, allowed)
    free = np.flatnonzero(~dissent.any(axis=0)) if most_constraints is None else []
    outside, areas = _outside(network, planes, neurons, states, free, output_layer)
    programme = Programme(
        dissent=dissent,
        samples=np.ones(len(bits)),
        outside=outside,
        areas=areas,
        inside=0.0,
        allowed=allowed,
        most=most_constraints,
        names=np.arange(len(neurons)),
    )
    (greedy,) = greedy_patterns(bits, first, [coverage])
    greedily = _numbers_of(greedy, first, neurons, states)[:most_constraints]
    found = best_choice(programme, time_limit=time_limit, node_limit=node_limit)
    assert found.chosen is not None  # the local search always finds one
    choices = [greedily, found.chosen]
    if most_constraints is None:
        choices = [programme.closed(chosen) for chosen in choices]
    shares = [programme.share(chosen) for chosen in choices]
    best = int(np.argmin(shares[::-1]))  # of equal ones the solver's
    chosen = choices[::-1][best]
    share = min(shares)
    proven = found.proven or share - found.bound <= _TOLERANCE
    return OptimalPattern(
        pattern=_pattern(chosen, first, neurons, states, dissent),
        share=share,
        bound=share if proven else min(found.bound, share),
        proven=proven,
        seconds=time.perf_counter() - started,
        nodes=found.nodes,
        greedy=_pattern(greedily, first, neurons, states, dissent),
        greedy_share=programme.share(greedily),
    )


def _several(planes) -> list[Plane | Line]:
    """One plane (or line) or several, as a list that is not empty."""
    if isinstance(planes, Plane | Line):
        return [planes]
    planes = require.listed("planes", planes, "planes, as Plane.through(three_samples) makes them")
    if not planes:
        raise MBHError("planes is empty: an optimal pattern is found on at least one plane")
    for plane in planes:
        require.kind_of("one of planes", plane, Plane | Line, "a Plane or a Line")
    return planes


def _constraints(bits: np.ndarray, allowed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neurons and states that enough samples agree on, and which samples dissent, (n, k).

    They are in the order of Algorithm 3: by the number of samples that agree.
    """
    k = bits.shape[1]
    neurons = np.tile(np.arange(k), 2)
    states = np.repeat([True, False], k)
    dissent = bits[:, neurons] != states
    dissenting = dissent.sum(axis=0)
    order = np.lexsort((neurons, dissenting))
    order = order[dissenting[order] <= allowed]
    return neurons[order], states[order], dissent[:, order]


def _outside(
    network,
    planes: list[Plane | Line],
    neurons: np.ndarray,
    states: np.ndarray,
    free: Sequence[int] | np.ndarray,
    output_layer: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Which regions each constraint excludes (r, k), equal regions as one, and their areas.

    Regions that free constraints exclude are left out. Areas are shares of all planes, of which
    each counts as much as another.
    """
    rows = []
    areas = []
    with closing(
        partitions(network, planes, output_layer=output_layer, keep=("areas", "patterns"))
    ) as found:
        for regions in found:
            excluded = regions.layer_patterns(-1)[:, neurons] != states
            is_left = ~excluded[:, free].any(axis=1)
            share = regions.areas[is_left] / regions.plane.area / len(planes)
            here, weights = merged_rows(excluded[is_left], share)
            rows.append(here)
            areas.append(weights)
    return merged_rows(np.concatenate(rows), np.concatenate(areas))


def _numbers_of(pattern: DecisionPattern, first: int, neurons, states) -> list[int]:
    """A pattern's constraints by their numbers among those offered."""
    number = {(int(n), bool(s)): i for i, (n, s) in enumerate(zip(neurons, states, strict=True))}
    return [number[neuron - first, state] for neuron, state in pattern.as_dict().items()]


def _pattern(chosen: list[int], first: int, neurons, states, dissent) -> DecisionPattern:
    covered = ~dissent[:, chosen].any(axis=1)
    return DecisionPattern(first + neurons[chosen], states[chosen], coverage=float(covered.mean()))
