"""Frames: a linear function on a plane or a line follows exactly from its values at the points."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.regions.lines import Line
from mbh_utils.regions.planes import Plane

seeds = st.integers(0, 2**32 - 1)


def coefficients(frame, values: list[Fraction]) -> list[Fraction]:
    """(a, b, c) of the function with these values at the anchors."""
    return [sum(x * y for x, y in zip(row, values, strict=True)) for row in frame.combine]


@given(seeds)
def test_a_function_on_a_plane_from_its_values_at_three_points(seed):
    rng = np.random.default_rng(seed)
    plane = Plane.through(rng.standard_normal((3, 5)))
    values = [Fraction(x) for x in rng.standard_normal(3)]
    a, b, c = coefficients(plane.frame, values)
    for place, value in zip(plane.spanning.tolist(), values, strict=True):
        u, v = map(Fraction, place)
        assert a * u + b * v + c == value
    assert plane.frame.anchors is plane.points
    rounded = plane.frame.weights @ np.array(values, dtype=float)
    assert np.allclose(rounded, [float(x) for x in (a, b, c)])


@given(seeds)
def test_a_function_on_a_line_from_its_values_at_two_points(seed):
    rng = np.random.default_rng(seed)
    line = Line.through(rng.standard_normal((2, 5)))
    values = [Fraction(x) for x in rng.standard_normal(2)]
    a, b, c = coefficients(line.frame, values)
    assert b == 0
    for position, value in zip(line.spanning.tolist(), values, strict=True):
        assert a * Fraction(position) + c == value
