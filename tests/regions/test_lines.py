"""Lines: positions, segments, and clear refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.regions.lines import Line
from mbh_utils.regions.polygons import polygon_area

seeds = st.integers(0, 2**32 - 1)


def points(seed: int, d: int = 20) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((3, d)) * (rng.random((3, d)) > 0.4)


@given(seeds, st.integers(1, 40), st.floats(1e-3, 100))
def test_line_through_two_points(seed, d, margin):
    p = np.random.default_rng(seed).standard_normal((2, d))
    line = Line.through(p, margin=margin)
    assert np.allclose(line.embed(line.spanning), p, atol=1e-12)
    assert np.allclose(line.project(p), line.spanning)
    assert line.area == pytest.approx(margin * np.linalg.norm(p[1] - p[0]))
    assert (line.contains(line.spanning) == (margin >= 1)).all() or abs(margin - 1) < 1e-9
    assert polygon_area(line.corners) == pytest.approx(line.area)


@given(seeds, st.integers(2, 40))
def test_line_inside_the_box(seed, d):
    p = points(seed, d)[:2]
    if (p[0] == p[1]).all():
        return
    line = Line.through(p, domain="box")
    ends = line.embed([line.low, line.high])
    assert ends.min() > -1e-9
    assert ends.max() < 1 + 1e-9
    assert line.contains(line.spanning).all()
    beyond = line.embed([line.low - 1e-3, line.high + 1e-3])
    assert (np.minimum(beyond, 1 - beyond).min(axis=1) < 0).all()


@pytest.mark.parametrize("length", [1e-201, 1e-300, 1e201, 1e300])
def test_segments_that_float64_does_not_hold_are_refused(length):
    with pytest.raises(MBHError):
        Line([0.0], [[1.0]], 0.0, length)
    with pytest.raises(MBHError):
        Line.through([[0.0, 0.0], [length, 0.0]])


p = points(1)
BAD = {
    "equal ends": (lambda: Line.through([p[0], p[0]]), "points are equal"),
    "line margin": (lambda: Line.through(p[:2], margin=-1), "margin is -1"),
    "line domain": (lambda: Line.through(p[:2], domain="square"), "domain is 'square'"),
    "line misses box": (lambda: Line.through(p[:2], domain="box", low=3, high=4), "does not meet"),
    "long basis": (lambda: Line(np.zeros(2), [1, 1], 0, 1), "basis has length 1.41"),
    "empty line": (lambda: Line(np.zeros(2), [1, 0], 1, 1), "domain is empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_a_line_is_refused_by_name(name):
    call, message = BAD[name]
    with pytest.raises(MBHError, match=message):
        call()
