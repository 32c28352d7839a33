"""Numbers of a scatter: none lies over another, over a marker, or nearer to another's point."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from mbh_utils import plots

#: Means as on Fashion-MNIST, where the numbers of seven set-ups used to lie over each other.
CROWDED = {
    1: (400, 0.890, 0.891),
    2: (400, 0.873, 0.888),
    3: (136, 0.883, 0.8868),
    4: (400, 0.885, 0.8825),
    5: (136, 0.877, 0.8782),
    7: (400, 0.880, 0.8782),
    8: (136, 0.868, 0.8715),
    11: (400, 0.887, 0.868),
    12: (136, 0.855, 0.864),
    14: (16, 0.433, 0.838),
}


@pytest.fixture
def scatter():
    rows = [(number, *values) for number, values in CROWDED.items()]
    table = pd.DataFrame(rows, columns=["setup", "n_hidden", "s", "accuracy"])
    ax = plots.setup_scatter(table, "s", "accuracy")
    ax.figure.set_layout_engine("none")
    ax.figure.canvas.draw()
    return ax


def boxes(ax) -> list[Bbox]:
    return [Text.get_window_extent(text) for text in ax.texts]


def test_no_number_lies_over_another(scatter):
    for one, other in itertools.combinations(boxes(scatter), 2):
        assert not one.overlaps(other)


def test_no_number_lies_on_a_marker_or_outside(scatter):
    points = scatter.transData.transform([text.xy for text in scatter.texts])
    frame = scatter.get_window_extent()
    for box in boxes(scatter):
        assert not any(box.contains(*point) for point in points)
        assert frame.contains(box.x0 + 1, box.y0 + 1)
        assert frame.contains(box.x1 - 1, box.y1 - 1)


def test_every_number_is_nearest_to_its_own_point(scatter):
    points = scatter.transData.transform([text.xy for text in scatter.texts])
    for i, box in enumerate(boxes(scatter)):
        nearest = points.clip([box.x0, box.y0], [box.x1, box.y1])
        distances = np.linalg.norm(points - nearest, axis=1)
        assert distances[i] <= distances.min() + 3, scatter.texts[i].get_text()
