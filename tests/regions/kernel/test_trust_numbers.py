"""Numbers that can be trusted: small degenerate networks against exact rationals.

Whatever meets or nearly meets. What holds in both modes: the set of patterns (and classes), areas,
the region of a point, neighbours, intervals. MBH_EXAMPLES=10000 tries as many networks in each
test; ``python tests/regions/kernel/test_trust_numbers.py 10000`` goes on after the first failure,
and counts them by what is wrong.
"""

import os
import sys
import warnings
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from exact_reference import (
    area,
    contains,
    exact_decided_polygons,
    exact_intervals,
    exact_neighbours,
    exact_polygons,
    rational,
    restricted,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import mbh_utils as mbh

EXAMPLES = int(os.environ.get("MBH_EXAMPLES", "80"))
#: More regions than this take the rationals too long.
MANY = 150
#: How far an area may be off: in default mode of the domain's area, with exact=True of itself.
CLOSE = Fraction(1, 10**9)

SQUARE = mbh.Plane.rectangle([-1, -1], [1, 1])
DOMAINS = {
    "square": SQUARE,
    "diamond": SQUARE.with_domain([[-1, 0], [0, -1], [1, 0], [0, 1]]),
    "triangle": SQUARE.with_domain([[-1, -0.7], [1.1, -0.3], [0.2, 0.9]]),
    "nonagon": SQUARE.with_domain(
        [
            [1, 0],
            [0.7, 0.6],
            [0.2, 0.95],
            [-0.4, 0.9],
            [-0.9, 0.4],
            [-1, -0.1],
            [-0.8, -0.6],
            [0, -1],
            [0.6, -0.8],
        ]
    ),
    "narrow": mbh.Plane.rectangle([-1e-10, -1], [1e-10, 1]),
    "narrow, beside the origin": mbh.Plane.rectangle([0.3, -1], [0.3 + 1e-10, 1]),
    "flat triangle": SQUARE.with_domain([[-1, -1], [1, 1], [0.5, 0.5 + 1e-8]]),
    "tiny": mbh.Plane.rectangle([0.1, 0.1], [0.1 + 1e-9, 0.1 + 1e-9]),
    "far": mbh.Plane.rectangle([1e6 - 1, 1e6 - 1], [1e6 + 1, 1e6 + 1]),
    "far and narrow": mbh.Plane.rectangle([1e6, -1], [1e6 + 1e-3, 1]),
}
KINDS = (
    "whole",
    "halves",
    "normal",
    "no biases",
    "one point",
    "nearly parallel",
    "scaled",
    "zeros",
    "wide range",
)


def degenerate_layers(
    kind: str, seed: int, widths, n_inputs: int, centre, linear: bool
) -> list[tuple]:
    """Hidden layers of one kind of degeneracy, whose first lines pass near ``centre``."""
    rng = np.random.default_rng(seed)
    layers = []
    first = True
    for n in widths:
        carried = int(rng.integers(0, 3)) if linear else 0
        layers.append(_layer(kind, rng, n + carried, n_inputs, centre if first else None))
        if carried:
            layers[-1] = (*layers[-1], carried)
        n_inputs = n + carried
        first = False
    return layers


def _layer(kind: str, rng, n: int, n_inputs: int, centre) -> tuple[np.ndarray, np.ndarray]:
    weight = rng.integers(-2, 3, (n, n_inputs)).astype(float)
    bias = rng.integers(-2, 3, n).astype(float)
    if kind == "halves":
        weight, bias = weight + rng.integers(0, 2, weight.shape) / 2, bias / 2
    elif kind == "normal":
        weight, bias = rng.standard_normal(weight.shape), rng.standard_normal(n) / 2
    elif kind == "no biases":
        bias[:] = 0
        weight = weight if rng.random() < 0.5 else rng.standard_normal(weight.shape)
    elif kind == "one point":  # small whole numbers and a point of few digits: they meet exactly
        bias = -weight @ (rng.integers(-8, 9, n_inputs) / 16)
    elif kind == "nearly parallel":
        weight, bias = rng.standard_normal(weight.shape), rng.standard_normal(n) / 2
        for i in range(1, n):
            if rng.random() < 0.7:
                weight[i], bias[i] = weight[0], bias[0]
                noise = 10.0 ** -rng.integers(6, 18)
                weight[i] += noise * rng.standard_normal(n_inputs) * (rng.random(n_inputs) < 0.7)
                bias[i] += noise * rng.standard_normal() * (rng.random() < 0.7)
    elif kind == "zeros":
        weight[rng.random(n) < 0.4] = 0
        bias[rng.random(n) < 0.4] = 0
    elif kind == "wide range":
        weight *= 10.0 ** rng.integers(-12, 12, weight.shape)
        bias *= 10.0 ** rng.integers(-12, 12, n)
    if kind in ("scaled", "nearly parallel", "halves", "no biases"):
        for i in range(1, n):
            if rng.random() < 0.4:
                factor = rng.choice([1, -1, 2, -0.5, 3, 0.1, -1 / 3])
                weight[i], bias[i] = factor * weight[i - 1], factor * bias[i - 1]
    if centre is not None and np.any(centre):
        bias = bias - weight @ centre  # rounded: these are the numbers of the network
    return weight, bias


# ---------------------------------------------------------------------------------- what must hold


def faults(found, truth: dict, key) -> list[str]:
    """What is wrong with a partition, by the polygons of exact arithmetic.

    key: gives the key in ``truth`` of each of its regions.
    """
    keys = [key(i) for i in range(len(found))]
    wrong = []
    if len(set(keys)) < len(keys):
        wrong.append("regions: one is there twice")
    if missing := set(truth) - set(keys):
        share = float(sum(area(truth[k]) for k in missing)) / found.plane.area
        wrong.append(
            f"regions: {len(missing)} of {len(truth)} are missing, {share:.2g} of the domain"
        )
    if extra := [i for i, k in enumerate(keys) if k not in truth]:
        share = found.areas[extra].sum() / found.plane.area
        wrong.append(f"regions: {len(extra)} do not exist, {share:.2g} of the domain")
    wrong += _faults_of_areas(found, truth, keys)
    if not wrong:  # else indices mean nothing
        wrong += _faults_of_places(found, truth, keys) + _faults_of_neighbours(found, truth, keys)
    return wrong


def _faults_of_areas(found, truth, keys) -> list[str]:
    wrong = []
    domain = sum(map(area, truth.values()))
    if not (found.areas >= 0).all():
        wrong.append(f"areas: {found.areas.min():.2g} is negative")
    off = abs(sum(map(Fraction, found.areas.tolist())) - domain) / domain
    if off > CLOSE:
        wrong.append(f"areas: their sum is off by {float(off):.2g} of the domain")
    worst = 0
    for k, a in zip(keys, found.areas.tolist(), strict=True):
        if k in truth:
            true = area(truth[k])
            worst = max(worst, abs(Fraction(a) - true) / (true if found.exact else domain))
    if worst > CLOSE:
        whole = "itself" if found.exact else "the domain"
        wrong.append(f"areas: one is off by {float(worst):.2g} of {whole}")
    return wrong


def _faults_of_places(found, truth, keys) -> list[str]:
    """Points that lie inside of a region for certain belong to it."""
    points = []
    owners = []
    rng = np.random.default_rng(0)
    for i, k in enumerate(keys):
        polygon = np.array([[float(x) for x in p] for p in truth[k]])
        shares = np.vstack(
            [np.full(len(polygon), 1 / len(polygon)), rng.dirichlet(np.ones(len(polygon)), 2)]
        )
        for point in shares @ polygon:
            if contains(truth[k], point):
                points.append(point)
                owners.append(i)
    off = np.flatnonzero(found.locate(np.array(points).reshape(-1, 2)) != owners)
    if len(off):
        share = found.areas[owners[off[0]]] / found.plane.area
        return [
            f"locate: {len(off)} of {len(points)} points, "
            f"one of a region of {share:.2g} of the domain"
        ]
    return []


def _faults_of_neighbours(found, truth, keys) -> list[str]:
    pairs, neurons = found.adjacency()
    true = exact_neighbours([truth[k] for k in keys])
    listed = set(map(tuple, pairs.tolist()))
    wrong = []
    if true != listed:
        wrong.append(
            f"adjacency: {len(true - listed)} of {len(true)} pairs are missing, "
            f"{len(listed - true)} are too many"
        )
    for (i, j), neuron in zip(pairs.tolist(), neurons.tolist(), strict=True):
        same = found.patterns[i] == found.patterns[j]
        if same[neuron] if neuron >= 0 else not same.all():
            wrong.append(f"adjacency: neuron {neuron} is not what lies between two regions")
            break
    return wrong


def faults_of_plane(layers, plane, on_plane, exact: bool) -> list[str]:
    """on_plane: the layers in plane coordinates, exactly."""
    truth = exact_polygons(on_plane, plane.corners)
    assume(len(truth) <= MANY)
    found = mbh.partition_input_space(layers, plane, exact=exact)
    return faults(found, truth, lambda i: tuple(found.patterns[i].tolist()))


def faults_of_decisions(layers, output, plane, exact: bool) -> list[str]:
    truth = exact_decided_polygons(layers, output, plane.corners)
    assume(len(truth) <= MANY)
    triples = [(layer[0], layer[1], layer[2] if len(layer) > 2 else 0) for layer in layers]
    found = mbh.partition_input_space(
        mbh.Traced(triples, output, [], (2,)), plane, exact=exact, decision_boundary=True
    )
    wrong = faults(
        found, truth, lambda i: (tuple(found.patterns[i].tolist()), int(found.classes[i]))
    )
    classes = {k: c for k, c in enumerate(found.classes.tolist())}
    if not wrong and len(set(classes.values())) > 1 and not len(found.decision_boundary()):
        wrong.append("decision boundary: empty, though classes differ")
    return wrong


def faults_of_line(layers, line, on_line, exact: bool) -> list[str]:
    """on_line: the layers in the line's coordinate, exactly.

    None: those that the partition says it was made from.
    """
    found = mbh.partition_input_space(layers, line, exact=exact)
    if on_line is None:
        (weight, *first), *others = found.layers
        on_line = [(weight[:, :1], *first), *others]
    truth = exact_intervals(on_line, line.low, line.high)
    assume(len(truth) <= MANY)
    wrong = []
    domain = rational(line.high) - rational(line.low)
    if list(map(tuple, found.patterns.tolist())) != [pattern for pattern, _, _ in truth]:
        return [
            f"intervals: {len(found)} with other patterns, or in another order, "
            f"than the {len(truth)} true ones"
        ]
    ends = found.intervals
    if (np.diff(ends[:, 0]) < 0).any() or (ends[:, 1] < ends[:, 0]).any():
        wrong.append("intervals: not from left to right")
    for i, (_, low, high) in enumerate(truth):
        scale = (high - low) if exact else domain
        if abs(Fraction(float(found.areas[i])) - (high - low)) > CLOSE * scale:
            wrong.append("intervals: a length is off")
            break
    middles = [float((low + high) / 2) for _, low, high in truth]
    inside = [
        i
        for i, (t, (_, low, high)) in enumerate(zip(middles, truth, strict=True))
        if low < Fraction(t) < high
    ]
    if found.locate(np.array(middles)[inside]).tolist() != inside:
        wrong.append("locate: a point of a line is in another interval")
    return wrong


# ----------------------------------------------------------------------------------- what is tried

seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(KINDS)
exactly = st.booleans()
widths = st.lists(st.integers(1, 5), min_size=1, max_size=3)
domains = st.sampled_from([*DOMAINS])
networks = st.tuples(kinds, seeds, widths, st.booleans())
spans = st.sampled_from(
    ["whole", "units", "through the origin", "contains the origin", "normal", "far"]
)


def try_plane(network, domain, exact):
    kind, seed, hidden, linear = network
    plane = DOMAINS[domain]
    centre = np.round(plane.corners.mean(axis=0), 3)
    layers = degenerate_layers(kind, seed, hidden, 2, centre, linear)
    return faults_of_plane(layers, plane, layers, exact)


def try_decisions(network, domain, exact):
    kind, seed, hidden, linear = network
    plane = DOMAINS[domain]
    centre = np.round(plane.corners.mean(axis=0), 3)
    layers = degenerate_layers(kind, seed, hidden, 2, centre, linear)
    rng = np.random.default_rng(seed + 1)
    output = _layer(kind, rng, int(rng.integers(2, 5)), len(layers[-1][1]), None)
    return faults_of_decisions(layers, output, plane, exact)


def spanning_points(span: str, rng, n: int, d: int) -> np.ndarray:
    """n points of d inputs, of small whole numbers where it does not say otherwise."""
    points = rng.integers(-3, 4, (n, d)).astype(float)
    if span == "units":
        points = np.eye(d)[:n]
    elif span == "through the origin":
        points[0] = 0
    elif span == "contains the origin":
        points[-1] = -points[:-1].sum(axis=0)
    elif span == "normal":
        points = rng.standard_normal((n, d))
    elif span == "far":
        points += 1e5
    return points


def _spanned(kind, points, span, network, d):
    try:
        subspace = kind.through(points, margin=1.5)
    except mbh.MBHError:
        assume(False)
    name, seed, hidden, linear = network
    centre = points.mean(axis=0) if span == "far" else None
    layers = degenerate_layers(name, seed, hidden, d, centre, linear)
    if len(points) == 3 and seed % 2 and span != "normal":
        # A neuron that is zero all over the plane.
        weight = layers[0][0].copy()
        bias = layers[0][1].copy()
        normal = np.cross(points[1, :3] - points[0, :3], points[2, :3] - points[0, :3])
        weight[0] = 0
        weight[0, :3] = normal
        bias[0] = -normal @ points[0, :3]
        layers[0] = (weight, bias, *layers[0][2:])
    return subspace, layers


def try_plane_through_points(network, span, d, exact):
    points = spanning_points(span, np.random.default_rng(network[1]), 3, d)
    plane, layers = _spanned(mbh.Plane, points, span, network, d)
    return faults_of_plane(layers, plane, restricted(layers, points, plane.spanning), exact)


def try_line(network, span, d, exact):
    points = spanning_points(span, np.random.default_rng(network[1]), 2, d)
    line, layers = _spanned(mbh.Line, points, span, network, d)
    return faults_of_line(layers, line, restricted(layers, points, line.spanning), exact)


def try_line_by_hand(network, span, d, exact):
    """An origin and a basis of length 1, which are rounded numbers themselves.

    There are no linear units in the first layer.
    """
    points = spanning_points(span, np.random.default_rng(network[1]), 2, d)
    assume((points[0] != points[1]).any())
    onwards = points[1] - points[0]
    line = mbh.Line(points[0], onwards / np.linalg.norm(onwards), -1.5, 2.5)
    kind, seed, hidden, _ = network
    centre = points.mean(axis=0) if span == "far" else None
    layers = degenerate_layers(kind, seed, hidden, d, centre, linear=False)
    return faults_of_line(layers, line, None, exact)


TRIALS = {
    "planes": (try_plane, (networks, domains, exactly)),
    "decisions": (try_decisions, (networks, domains, exactly)),
    "planes through points": (
        try_plane_through_points,
        (networks, spans, st.integers(3, 6), exactly),
    ),
    "lines": (try_line, (networks, spans, st.integers(2, 6), exactly)),
    "lines by hand": (try_line_by_hand, (networks, spans, st.integers(2, 6), exactly)),
}


@pytest.mark.parametrize("name", TRIALS)
def test_numbers_are_those_of_exact_arithmetic(name):
    trial, strategies = TRIALS[name]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(*strategies))
    def holds(case):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong = trial(*case)
        assert not wrong, wrong

    holds()


def campaign(name: str, examples: int) -> Counter:
    """Count what is wrong in one trial by kind, and show the first few of each."""
    trial, strategies = TRIALS[name]
    counts = Counter()

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.tuples(*strategies))
    def tried(case):
        mode = "exact" if case[-1] else "default"
        try:
            wrong = trial(*case)
        except mbh.MBHError as error:
            wrong = [f"refused: {error}"]
        except (ValueError, IndexError, AssertionError, ArithmeticError) as error:
            wrong = [f"raw {type(error).__name__}: {error}"]
        counts[f"{mode}: tried"] += 1
        counts[f"{mode}: something wrong"] += bool(wrong)
        for what in wrong:
            kind = f"{mode}, {what.split(':')[0]}"
            counts[kind] += 1
            if counts[kind] <= 3:
                print(f"{name}{case}: {mode}, {what}", flush=True)

    tried()
    return counts


def main(examples: int = EXAMPLES) -> None:
    warnings.simplefilter("ignore")
    for name in TRIALS:
        print(name, dict(sorted(campaign(name, examples).items())), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
