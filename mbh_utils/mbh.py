"""Specialization by the hypervolume of minimal blankets (thesis, chapters 4 and 5): Algorithms 1 and 3."""

import itertools
import math
from collections.abc import Sequence
from contextlib import closing
from numbers import Real

import numpy as np
import pandas as pd
from scipy.stats import beta

from mbh_utils import _given
from mbh_utils.errors import MBHError
from mbh_utils.networks import stream
from mbh_utils.partition import partition_input_space, partitions
from mbh_utils.patterns import DecisionPattern, activation_patterns, preactivations
from mbh_utils.reading import read_network
from mbh_utils.subspaces import Block, Line, Plane


def check_coverage(coverage: float) -> float:
    """The coverage as a float. Raises MBHError outside (0, 1]."""
    return _given.number("coverage c_P", coverage, "a share of the samples in (0, 1]", lambda c: 0 < c <= 1)


def _listed_planes(planes) -> list[Plane | Line]:
    """One plane (or line) or several, as a list."""
    if isinstance(planes, Plane | Line):
        return [planes]
    planes = _given.listed("planes", planes, "planes, as Plane.through(three_samples) makes them")
    return [_given.kind_of("one of planes", plane, Plane | Line, "a Plane or a Line") for plane in planes]


def _listed_coverages(coverages) -> list[float]:
    """One minimum coverage or several, as a list."""
    if isinstance(coverages, Real) and not isinstance(coverages, bool):
        return [check_coverage(coverages)]
    return [check_coverage(c) for c in _given.listed("coverages", coverages, "shares of the samples in (0, 1]")]


def _needed(coverage: float, n: int) -> int:
    """Fewest of n samples that are at least this share of them: 55 of 100 for 0.55, though 0.55 * 100 > 55."""
    return max(1, math.ceil(coverage * n - 1e-9))


def maximal_pattern(
    network, samples, coverage: float = 0.8, *, scope: str = "last", strict: bool = False, output_layer: bool = True
) -> DecisionPattern:
    """The maximal pattern of a phenomenon: Algorithm 3, with the acceptance rule of Definition 4.5.

    samples: the phenomenon's samples, a ``Samples`` or an array (n, d).
    coverage: minimum coverage c_P; the pattern is satisfied by at least this share of the samples.
    scope: "last" constrains neurons of the last hidden layer (as the thesis does), "all" those of every layer.
    strict: accept only while coverage > c_P and never all neurons, which is how Algorithm 3 is printed.

    Neurons are taken in the order of the share of samples that agree on their majority state (ties by index; exactly
    half counts as inactive), so neurons that all samples agree on come first, and the patterns of growing c_P
    are nested. The search is greedy: for c_P < 1 a pattern with a smaller blanket may exist (see
    :func:`smallest_pattern`).

    Raises MBHError when there is no sample, c_P lies outside (0, 1] or scope is unknown.
    """
    return maximal_patterns(
        network, samples, [check_coverage(coverage)], scope=scope, strict=strict, output_layer=output_layer
    )[0]


def maximal_patterns(
    network,
    samples,
    coverages: Sequence[float],
    *,
    scope: str = "last",
    strict: bool = False,
    output_layer: bool = True,
) -> list[DecisionPattern]:
    """:func:`maximal_pattern` for several minimum coverages at the price of one."""
    coverages, strict = _listed_coverages(coverages), _given.flag("strict", strict)
    bits, first = _scoped(network, samples, scope, output_layer)
    n = len(bits)
    active = bits.sum(axis=0)
    states = 2 * active > n
    order = np.argsort(-np.maximum(active, n - active), kind="stable")
    # covered[k]: samples that satisfy the first k constraints; it never grows, so the first break ends the search.
    agree = np.logical_and.accumulate(bits[:, order] == states[order], axis=1)
    covered = np.concatenate([[n], agree.sum(axis=0)])
    found = []
    for c in coverages:
        if strict:
            k = max(0, min((covered > c * n + 1e-9).sum() - 1, len(order) - 1))
        else:
            k = (covered >= _needed(c, n)).sum() - 1
        chosen = order[:k]
        found.append(DecisionPattern(first + chosen, states[chosen], coverage=covered[k] / n))
    return found


def smallest_pattern(network, samples, plane: Plane, coverage: float, *, output_layer: bool = True) -> DecisionPattern:
    """The pattern over any hidden neurons with the truly smallest blanket on the plane (Definition 4.5), by trying all.

    What the greedy Algorithm 3 approximates; of equally small blankets the one with fewest constraints. Raises
    MBHError above 12 hidden neurons, where 2^12 choices and more would be tried.
    """
    _given.kind_of("plane", plane, Plane | Line, "one Plane, or a Line")
    bits, _ = _scoped(network, samples, "all", output_layer)
    n, n_neurons = bits.shape
    needed = _needed(check_coverage(coverage), n)
    if n_neurons > 12:
        raise MBHError(f"trying all subsets of {n_neurons} neurons takes too long; up to 12, or use maximal_pattern")
    patterns = [DecisionPattern([], [], coverage=1.0)]
    for k in range(1, n_neurons + 1):
        for neurons in map(list, itertools.combinations(range(n_neurons), k)):
            # Below a coverage of 1/2 the majority need not be the best choice, so every state that occurs is tried.
            for states, count in zip(*np.unique(bits[:, neurons], axis=0, return_counts=True), strict=True):
                if count >= needed:
                    patterns.append(DecisionPattern(neurons, states, coverage=count / n))
    areas = partition_input_space(network, plane, output_layer=output_layer).blanket_areas(patterns)
    return patterns[int(np.argmin(np.round(areas / plane.area, 12)))]


def specialization(
    network,
    samples,
    planes: Plane | Line | Sequence[Plane | Line],
    coverage: float = 0.8,
    *,
    scope: str = "last",
    output_layer: bool = True,
) -> float:
    """Specialization s = 1 - V(B0)/V of a network to a phenomenon, averaged over the planes: Algorithm 1 (MBH).

    samples: the phenomenon's samples, a ``Samples`` or an array (n, d). planes: one or several planes (or lines).
    Returns s in [0, 1]; 0 is the trivial blanket, which covers everything. Raises MBHError as
    :func:`maximal_pattern` does, and when there is no plane.
    """
    planes = _listed_planes(planes)
    if not planes:
        raise MBHError("specialization needs at least one plane; make one with Plane.through(three_samples)")
    sigma = maximal_pattern(network, samples, coverage, scope=scope, output_layer=output_layer)
    with closing(partitions(network, planes, output_layer=output_layer, keep=("areas", "patterns"))) as found:
        return float(np.mean([1 - regions.blanket(sigma).share for regions in found]))


def specialization_table(
    network, samples, planes: Sequence[Plane], coverages: Sequence[float], *, scope: str = "last"
) -> pd.DataFrame:
    """Specialization of a network to every class that occurs in the samples, one row per plane x class x c_P.

    planes, coverages: several, or one.
    Columns: plane, class, coverage (c_P), s, n_constraints, covered (share of the class that satisfies the maximal
    pattern), n_regions (activation regions on the plane), area (of the plane's domain).
    """
    samples, planes = _given.samples("samples", samples), _listed_planes(planes)
    coverages = _listed_coverages(coverages)
    cases = [
        (label, c, sigma)
        for label in np.unique(samples.labels)
        for c, sigma in zip(
            coverages, maximal_patterns(network, samples.of_class(label), coverages, scope=scope), strict=True
        )
    ]
    rows = []
    with closing(partitions(network, planes, keep=("areas", "patterns"))) as found:
        for i, (plane, regions) in enumerate(zip(planes, found, strict=True)):
            areas = regions.blanket_areas([sigma for _, _, sigma in cases])
            rows += [
                (
                    i,
                    int(label),
                    c,
                    1 - min(area / plane.area, 1.0),
                    len(sigma),
                    sigma.coverage,
                    len(regions),
                    plane.area,
                )
                for (label, c, sigma), area in zip(cases, areas, strict=True)
            ]
    columns = ["plane", "class", "coverage", "s", "n_constraints", "covered", "n_regions", "area"]
    return pd.DataFrame(rows, columns=columns)


def sampled_shares(
    network,
    patterns: Sequence[DecisionPattern],
    domain: Plane | Line | Block,
    *,
    n: int = 100_000,
    confidence: float = 0.95,
    seed: int = 0,
    output_layer: bool = True,
) -> pd.DataFrame:
    """Share of a domain of any dimension that each blanket takes, estimated from ``n`` random points (Monte Carlo).

    What exact areas are on planes, for a subspace of more dimensions or the whole input box (``Block.whole(data)``).
    Columns: share, and low and high of the exact binomial (Clopper-Pearson) interval of that confidence; one row per
    pattern. Equal seeds draw equal points, so networks compared on one domain see the same ones.

    Raises MBHError when n < 1 or confidence lies outside (0, 1).
    """
    n, output_layer = _given.whole("n", n, 1, 10**9), _given.flag("output_layer", output_layer)
    confidence = _given.number("confidence", confidence, "a share in (0, 1)", lambda share: 0 < share < 1)
    patterns = _given.listed("patterns", patterns, "decision patterns")
    for pattern in patterns:
        _given.kind_of("one of patterns", pattern, DecisionPattern, "a DecisionPattern")
    _given.kind_of("domain", domain, Plane | Line | Block, "a Plane, a Line or a Block")
    layers = read_network(network, output_layer=output_layer).layers()
    rng, hits = stream(seed, "volume"), np.zeros(len(patterns), dtype=int)
    for start in range(0, n, 10_000):  # in pieces, so that memory stays small whatever n is
        points = domain.sample(min(10_000, n - start), rng)
        bits = activation_patterns(layers, points)
        hits += [pattern.satisfied_by(bits).sum() for pattern in patterns]
    tail = (1 - confidence) / 2
    return pd.DataFrame(
        {
            "share": hits / n,
            "low": np.where(hits == 0, 0.0, beta.ppf(tail, hits, n - hits + 1)),
            "high": np.where(hits == n, 1.0, beta.ppf(1 - tail, hits + 1, n - hits)),
        }
    )


def _scoped(network, samples, scope: str, output_layer: bool) -> tuple[np.ndarray, int]:
    """Bits (n, k) of the neurons in scope, and the index of the first of them."""
    images = _given.array("samples", getattr(samples, "images", samples))
    if not images.ndim or not len(images):
        raise MBHError("the phenomenon has no sample: its maximal pattern needs at least one")
    if not isinstance(scope, str) or scope not in ("last", "all"):
        raise MBHError(f'scope is {_given.shown(scope)}; choose "last" (the last hidden layer) or "all"')
    bits = [z > 0 for z in preactivations(network, images, output_layer=output_layer)]
    if scope == "all":
        return np.concatenate(bits, axis=1), 0
    return bits[-1], sum(layer.shape[1] for layer in bits[:-1])
