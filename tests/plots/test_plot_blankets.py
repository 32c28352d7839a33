"""Pictures of blankets: what is filled, titles, grids."""

import itertools

import numpy as np
import pytest
from drawn import area, on_a_line, patches
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch

from mbh_utils import plots
from mbh_utils.regions.patterns import DecisionPattern


def test_a_blanket_is_drawn_with_its_area_and_titled_with_its_share(partition):
    pattern = DecisionPattern([0, 3], [True, False])
    found = partition.blanket(pattern)
    assert 0 < found.share < 1
    ax = plots.blanket(partition, pattern)
    inside = next(p for p in patches(ax) if p.get_facecolor() == to_rgba(plots.INSIDE))
    assert area(inside.get_path()) == pytest.approx(found.area)
    assert len(inside.get_path().to_polygons()) == found.regions.sum()
    assert ax.get_title() == f"{found.share:.1%}, 2 constraints"
    background = [p for p in ax.patches if not isinstance(p, PathPatch)]
    assert [p.get_facecolor() for p in background] == [to_rgba(plots.OUTSIDE)]
    assert plots.blanket(partition, pattern, title=False).get_title() == ""


def test_the_blanket_on_a_line_is_where_the_pattern_holds():
    ax = plots.blanket(on_a_line(), DecisionPattern([0, 1], [True, True]))
    inside, _ = patches(ax)
    corners = inside.get_path().vertices[:4]
    assert sorted(corners[:, 0]) == pytest.approx([1, 1, 2, 2])
    assert ax.get_title() == "25.0%, 2 constraints"


def test_words_of_a_blanket():
    assert plots.blanket_words(0.4567, 1) == "45.7%, 1 constraint"
    assert plots.blanket_words(1, 0) == "100.0%, 0 constraints"


def test_the_trivial_blanket_is_everything_and_an_empty_one_nothing(partition):
    whole = [p for p in patches(plots.blanket(partition, DecisionPattern([], []))) if p.get_fill()]
    assert area(whole[0].get_path()) == pytest.approx(81)
    # Nothing comes in, and the bias is -4.
    nowhere = DecisionPattern([2, 3, 4], [False, False, True])
    assert partition.blanket(nowhere).area == 0
    empty = [p for p in patches(plots.blanket(partition, nowhere)) if p.get_fill()]
    assert len(empty[0].get_path().vertices) == 0


def test_a_grid_of_blankets_names_rows_columns_and_shares(partition):
    one = [DecisionPattern([i], [True]) for i in range(3)]
    two = [DecisionPattern([i, 5], [True, True]) for i in range(3)]
    patterns = list(zip(one, two, strict=True))
    figure = plots.blanket_grid(partition, patterns, ["a", "b", "c"], ["x", "y"])
    axes = np.array(figure.axes).reshape(3, 2)
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["a", "b", "c"]
    assert [ax.get_xlabel() for ax in axes[2]] == ["x", "y"]
    for ax, pattern in zip(axes.flat, itertools.chain(*patterns), strict=True):
        assert ax.get_title() == f"{partition.blanket(pattern).share:.1%}"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["minimal blanket", "outside"]
