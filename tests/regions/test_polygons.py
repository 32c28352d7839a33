"""Polygons: what a line leaves of one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbh_utils.regions.planes import Plane
from mbh_utils.regions.polygons import clip, polygon_area

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_clipping_a_polygon_at_a_line_loses_no_area(seed):
    rng = np.random.default_rng(seed)
    square = Plane.rectangle([-1, -1], [1, 1]).corners
    a, b, c = rng.standard_normal(3)
    parts = clip(square, a, b, c), clip(square, -a, -b, -c)
    assert sum(polygon_area(p) for p in parts if len(p) > 2) == pytest.approx(4)
