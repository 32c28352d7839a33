"""The figures on the choice of neurons: what they draw is what the tables say."""

import numpy as np
import pandas as pd
import pytest
from ill_calls.beyond_choice import CHOICE, FEW

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import beyond_choice


def markers(ax) -> list[tuple[float, float]]:
    """The points that stand alone."""
    alone = [line for line in ax.get_lines() if line.get_linestyle() == "None"]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in alone]


def test_each_line_ends_where_all_neurons_are_candidates():
    rising = CHOICE.assign(s=0.05 * CHOICE["candidates"] + 0.2 * CHOICE["trained"])
    before, after = beyond_choice.over_candidates(rising).axes
    np.testing.assert_allclose(markers(before), [(4, 0.2), (11, 0.55)])
    np.testing.assert_allclose(markers(after), [(4, 0.4), (11, 0.75)])
    lines = [line for line in before.get_lines() if line.get_linestyle() != "None"]
    assert [len(line.get_xdata()) for line in lines] == [1, 2]


def test_two_data_sets_are_two_rows():
    both = pd.concat([CHOICE.assign(dataset=name) for name in ("mnist", "fashion_mnist")])
    assert len(beyond_choice.over_candidates(both).axes) == 4
    few = pd.concat([FEW.assign(dataset=name) for name in ("mnist", "fashion_mnist")])
    assert len(beyond_choice.ways_over_neurons(both, few).axes) == 6


def test_the_columns_are_all_neurons_equal_candidates_and_the_best():
    choice = CHOICE.assign(s=np.where(CHOICE["candidates"] == 11, 0.8, 0.3))
    few = FEW.assign(s=np.where(FEW["method"] == "best", 0.6, 0.1))
    axes = beyond_choice.ways_over_neurons(choice, few).axes
    assert [ax.get_title(loc="left").splitlines()[-1] for ax in axes] == [
        "all neurons", "4 random candidates", "the best 4 of all",
    ]  # fmt: skip
    last = [{float(line.get_ydata()[-1]) for line in ax.get_lines() if len(line.get_ydata()) == 2}
            for ax in axes]  # fmt: skip
    assert [max(values) for values in last] == pytest.approx([0.8, 0.3, 0.6])


def test_ways_of_unequal_choice_come_first():
    rows = [("fair", True, 0.1), ("unfair", False, 0.5)]
    rows = [(*row[:2], when, row[2], row[2] - 0.1, row[2] + 0.1) for row in rows
            for when in ("before", "after", "gain")]  # fmt: skip
    slopes = pd.DataFrame(rows, columns=["way", "is_equal", "when", "slope", "low", "high"])
    (ax,) = beyond_choice.slopes_of_ways(slopes).axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["unfair", "fair"]
    dots = [line for line in ax.get_lines() if line.get_linestyle() == "None"]
    assert [sorted(line.get_xdata()) for line in dots] == [[0.1, 0.5], [0.1, 0.5]]


def test_points_of_networks_and_heaps():
    heaps = CHOICE.assign(s=0.7, s_heap=np.where(CHOICE["trained"], 0.6, 0.5))
    (ax,) = beyond_choice.networks_and_heaps(heaps).axes
    assert {text.get_text() for text in ax.texts} == {"#1", "#2"}
    points = {tuple(text.xy) for text in ax.texts}
    assert points == {(0.5, 0.7), (0.6, 0.7)}


def test_what_was_not_measured_is_told():
    with pytest.raises(MBHError, match="coverage is 0.5"):
        beyond_choice.over_candidates(CHOICE, coverage=0.5)
    with pytest.raises(MBHError, match="domain"):
        beyond_choice.networks_and_heaps(CHOICE, domain="triangle")
