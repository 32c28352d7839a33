"""A slow partition of planes in exact rational numbers, written plainly: what the fast one must equal."""

from fractions import Fraction

import numpy as np


def exact_partition(layers, corners) -> dict[tuple[bool, ...], Fraction]:
    """Activation pattern -> area of each region of two-input hidden layers on a convex polygon (counter-clockwise).

    Algorithm 2 of the thesis: every neuron in turn cuts every region there is. The linear units at the end of a layer
    (the third entry of a triple) cut nothing, are always passed on, and are left out of the patterns.
    """
    regions, is_neuron = _regions(layers, corners)
    found = {tuple(np.array(pattern)[is_neuron].tolist()): _area(polygon) for pattern, polygon, _ in regions}
    assert len(found) == len(regions)
    return found


def exact_decisions(layers, output, corners) -> dict[tuple, Fraction]:
    """(Activation pattern, class) -> area of each region cut by the largest output, the first one of equal ones."""
    n_linear, found = len(output[1]), {}
    regions, is_neuron = _regions([*layers, (*output, n_linear)], corners)
    for pattern, polygon, maps in regions:
        pattern = tuple(np.array(pattern)[is_neuron].tolist())
        for i, own in enumerate(maps):
            part = polygon
            for j, other in enumerate(maps):
                ahead = [p - q for p, q in zip(own, other, strict=True)]
                if part and (any(ahead) or j < i):
                    part = dict(_split((), part, *ahead)).get((True,), [])
            if part:
                found[pattern, i] = _area(part)
    return found


def _regions(layers, corners) -> tuple[list[tuple], list[bool]]:
    """(Pattern, polygon, maps of the last layer) of each region, and which units of the pattern are neurons."""
    regions = [((), [tuple(Fraction(float(x)) for x in p) for p in corners], None)]
    is_neuron = []
    for i, (weight, bias, *n_linear) in enumerate(layers):
        cuts = [j < len(bias) - sum(n_linear) for j in range(len(bias))]
        is_neuron += cuts
        rows = [([Fraction(float(w)) for w in row], Fraction(float(b))) for row, b in zip(weight, bias, strict=True)]
        following = []
        for pattern, polygon, below in regions:
            maps = [_affine(row, b, below, pattern[len(pattern) - len(row) :] if i else None) for row, b in rows]
            parts = [((), polygon)]
            for (a, b, c), cut in zip(maps, cuts, strict=True):
                if cut:
                    parts = [piece for states, part in parts for piece in _split(states, part, a, b, c)]
                else:
                    parts = [((*states, True), part) for states, part in parts]
            following += [(pattern + states, part, maps) for states, part in parts]
        regions = following
    return regions, is_neuron


def _affine(row, bias, below, states):
    """(a, b, c) of a neuron, from the maps of the layer below and their states; the inputs themselves first."""
    if below is None:
        return row[0], row[1], bias
    live = [(w, m) for w, m, on in zip(row, below, states, strict=True) if on]
    a, b, c = (sum((w * m[k] for w, m in live), Fraction(0)) for k in range(3))
    return a, b, c + bias


def _split(states, polygon, a, b, c):
    values = [a * u + b * v + c for u, v in polygon]
    if not (min(values) < 0 < max(values)):
        return [((*states, max(values) > 0), polygon)]
    sides = {True: [], False: []}
    for i, (f, p) in enumerate(zip(values, polygon, strict=True)):
        g, q = values[i - 1], polygon[i - 1]
        if f * g < 0:
            s = g / (g - f)
            cut = q[0] + s * (p[0] - q[0]), q[1] + s * (p[1] - q[1])
            sides[True].append(cut)
            sides[False].append(cut)
        if f >= 0:
            sides[True].append(p)
        if f <= 0:
            sides[False].append(p)
    return [((*states, side), part) for side, part in sides.items()]


def _area(polygon) -> Fraction:
    return sum((polygon[i - 1][0] * p[1] - p[0] * polygon[i - 1][1] for i, p in enumerate(polygon)), Fraction(0)) / 2


def assert_equals_exact(regions, rel: float = 1e-6, slack: float = 1e-12) -> None:
    """Fail unless a partition has exactly the regions (and classes) of exact arithmetic, with the same areas."""
    patterns, corners = map(tuple, regions.patterns.tolist()), regions.plane.corners
    if regions.output is None:
        expected, keys = exact_partition(regions.layers, corners), list(patterns)
    else:
        expected = exact_decisions(regions.layers, regions.output, corners)
        keys = list(zip(patterns, regions.classes.tolist(), strict=True))
    assert len(set(keys)) == len(keys) and set(keys) == set(expected)
    found = {key: i for i, key in enumerate(keys)}
    total = float(sum(expected.values()))
    for key, area in expected.items():
        i = found[key]
        assert abs(regions.areas[i] - float(area)) <= slack * total, (key, regions.areas[i], float(area))
        if float(area) < 1e-9 * total and regions.touched[i] and regions.exact:
            assert np.isclose(regions.areas[i], float(area), rtol=rel, atol=0)
