"""A slow partition of planes in exact rational numbers: what the fast one must equal."""

from fractions import Fraction

import numpy as np


def exact_partition(layers, corners) -> dict[tuple[bool, ...], Fraction]:
    """Activation pattern -> area of each region of two-input hidden layers on a convex polygon.

    Algorithm 2 of the thesis: every neuron in turn cuts every region there is. The linear units at
    the end of a layer (the third entry of a triple) cut nothing, are always passed on, and are left
    out of the patterns.

    corners: of the polygon, counter-clockwise.
    """
    return {pattern: area(polygon) for pattern, polygon in exact_polygons(layers, corners).items()}


def exact_polygons(layers, corners) -> dict[tuple[bool, ...], list]:
    """Activation pattern -> polygon [(u, v), ...] of each region, in rationals."""
    regions, is_neuron = _regions(layers, corners)
    found = {
        tuple(np.array(pattern)[is_neuron].tolist()): polygon for pattern, polygon, _ in regions
    }
    assert len(found) == len(regions)
    return found


def exact_decisions(layers, output, corners) -> dict[tuple, Fraction]:
    """(Activation pattern, class) -> area of each region cut by the largest output.

    Of equal outputs the first one counts.
    """
    return {
        key: area(polygon)
        for key, polygon in exact_decided_polygons(layers, output, corners).items()
    }


def exact_decided_polygons(layers, output, corners) -> dict[tuple, list]:
    """(Activation pattern, class) -> polygon of each region cut by the largest output."""
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
                found[pattern, i] = part
    return found


def _regions(layers, corners) -> tuple[list[tuple], list[bool]]:
    """(Pattern, polygon, maps of the last layer) of each region, and which units are neurons."""
    regions = [((), [tuple(map(rational, p)) for p in corners], None)]
    is_neuron = []
    for i, (weight, bias, *n_linear) in enumerate(layers):
        cuts = [j < len(bias) - sum(n_linear) for j in range(len(bias))]
        is_neuron += cuts
        rows = [
            (list(map(rational, row)), rational(b)) for row, b in zip(weight, bias, strict=True)
        ]
        following = []
        for pattern, polygon, below in regions:
            maps = [
                _affine(row, b, below, pattern[len(pattern) - len(row) :] if i else None)
                for row, b in rows
            ]
            parts = [((), polygon)]
            for (a, b, c), cut in zip(maps, cuts, strict=True):
                if cut:
                    parts = [
                        piece for states, part in parts for piece in _split(states, part, a, b, c)
                    ]
                else:
                    parts = [((*states, True), part) for states, part in parts]
            following += [(pattern + states, part, maps) for states, part in parts]
        regions = following
    return regions, is_neuron


def _affine(row, bias, below, states):
    """(a, b, c) of a neuron, from the maps of the layer below and their states.

    below: None of the first layer, whose rows are of the inputs themselves.
    """
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


def area(polygon) -> Fraction:
    return (
        sum(
            (polygon[i - 1][0] * p[1] - p[0] * polygon[i - 1][1] for i, p in enumerate(polygon)),
            Fraction(0),
        )
        / 2
    )


def rational(x) -> Fraction:
    return x if isinstance(x, Fraction) else Fraction(float(x))


def exact_neighbours(polygons) -> set[tuple[int, int]]:
    """Pairs (i, j), i < j, of the polygons that share an edge of positive length."""
    lines = {}
    found = set()
    for i, polygon in enumerate(polygons):
        for (x, y), (u, v) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            a, b = y - v, u - x
            scale = a or b
            ends = sorted((x, u) if b else (y, v))
            lines.setdefault((a / scale, b / scale, (a * x + b * y) / scale), []).append((*ends, i))
    for edges in lines.values():
        for n, (low, high, i) in enumerate(edges):
            found |= {
                (min(i, j), max(i, j))
                for a, b, j in edges[:n]
                if i != j and max(low, a) < min(high, b)
            }
    return found


def contains(polygon, point) -> bool:
    """Whether a point lies inside a convex polygon (counter-clockwise), and not on its border."""
    x, y = map(rational, point)
    edges = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return all((u - p) * (y - q) - (v - q) * (x - p) > 0 for (p, q), (u, v) in edges)


def exact_intervals(layers, low, high) -> list[tuple]:
    """[(activation pattern, low, high), ...] from left to right.

    layers: the first one has one input.
    """
    pieces = [((), rational(low), rational(high), [(Fraction(1), Fraction(0))])]
    for weight, bias, *n_linear in layers:
        n = len(bias) - sum(n_linear)
        rows = [
            (list(map(rational, row)), rational(b)) for row, b in zip(weight, bias, strict=True)
        ]
        following = []
        for pattern, start, end, below in pieces:
            maps = [
                (
                    sum(w * m[0] for w, m in zip(row, below, strict=True)),
                    b + sum(w * m[1] for w, m in zip(row, below, strict=True)),
                )
                for row, b in rows
            ]
            zeros = {-c / a for a, c in maps[:n] if a}
            marks = sorted({start, end} | {t for t in zeros if start < t < end})
            for p, q in zip(marks, marks[1:], strict=False):
                states = tuple(a * (p + q) / 2 + c > 0 for a, c in maps[:n])
                kept = [
                    m if on else (Fraction(0), Fraction(0))
                    for m, on in zip(maps, states, strict=False)
                ]
                following.append((pattern + states, p, q, kept + maps[n:]))
        pieces = following
    return [piece[:3] for piece in pieces]


def restricted(layers, points, spanning) -> list[tuple]:
    """Layers of d inputs as layers of coordinates, exactly.

    The coordinates are those in which ``points`` (k, d) are ``spanning`` (k, k - 1). Two points
    span a line, three a plane; the first layer comes out in rational numbers.
    """
    points = [list(map(rational, p)) for p in points]
    inverse = _inverse([[*map(rational, np.atleast_1d(s)), Fraction(1)] for s in spanning])
    embed = [
        [sum(row[k] * points[k][j] for k in range(len(points))) for j in range(len(points[0]))]
        for row in inverse
    ]
    weight, bias, *n_linear = layers[0]
    weight = [list(map(rational, row)) for row in weight]
    onto = [
        [sum(w * e for w, e in zip(row, axis, strict=True)) for axis in embed] for row in weight
    ]
    moved = [rational(b) + row[-1] for b, row in zip(bias, onto, strict=True)]
    return [([row[:-1] for row in onto], moved, *n_linear), *layers[1:]]


def _inverse(matrix) -> list[list[Fraction]]:
    """Inverse of a regular matrix of rationals, by Gauss and Jordan."""
    n = len(matrix)
    rows = [list(row) + [Fraction(i == j) for j in range(n)] for i, row in enumerate(matrix)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def on_plane(regions) -> list[tuple]:
    """The layers of a partition (the output behind them) in plane coordinates, exactly."""
    plane = regions.plane
    layers = [*regions.network, *([regions.output] if regions.output is not None else [])]
    if plane.points is None:  # the first layer is rounded once, and then taken as it is
        return [
            (
                layers[0][0] @ plane.basis.T,
                layers[0][0] @ plane.origin + layers[0][1],
                *layers[0][2:],
            ),
            *layers[1:],
        ]
    return restricted(layers, plane.points, plane.spanning)


def assert_equals_exact(regions) -> None:
    """Fail unless a partition has exactly the regions (and classes) of exact arithmetic.

    And areas as it promises.
    """
    patterns = map(tuple, regions.patterns.tolist())
    corners = regions.plane.corners
    layers = on_plane(regions)
    if regions.output is None:
        expected = exact_partition(layers, corners)
        keys = list(patterns)
    else:
        *layers, output = layers
        expected = exact_decisions(layers, output[:2], corners)
        keys = list(zip(patterns, regions.classes.tolist(), strict=True))
    assert len(set(keys)) == len(keys) and set(keys) == set(expected)
    found = dict(zip(keys, map(Fraction, regions.areas.tolist()), strict=True))
    total = sum(expected.values())
    assert all(found[key] >= 0 for key in found)
    assert abs(sum(found.values()) - total) <= total / 10**9
    least = Fraction(5e-324)  # nearer to 0 float64 knows no number
    for key, true in expected.items():
        limit = (true if regions.exact else total) / 10**9 + least
        assert abs(found[key] - true) <= limit, (key, float(found[key] - true))
