"""The figures that show all lenses together."""

import itertools

import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import lens_overview

NAMES = {"a": "one", "b": "two", "c": "three"}


def pairs(rho: float, low: float, high: float) -> pd.DataFrame:
    rows = [(x, y, rho, low, high) for x, y in itertools.combinations(NAMES, 2)]
    return pd.DataFrame(rows, columns=["x", "y", "rho", "low", "high"])


def test_each_panel_has_two_dots_for_every_other_measure():
    plain = pairs(0.5, 0.2, 0.7)
    figure = lens_overview.associations_with(plain, pairs(-0.3, -1, 1), ["a", "c"], NAMES)
    assert [ax.get_title() for ax in figure.axes] == ["with one", "with three"]
    for ax in figure.axes:
        dots = [line for line in ax.get_lines() if line.get_linestyle() == "None"]
        assert sorted(float(dot.get_xdata()[0]) for dot in dots) == [-0.3, -0.3, 0.5, 0.5]
    assert len(figure.legends[0].get_texts()) == 2


def test_plain_correlations_stand_below_the_diagonal_and_partial_ones_above():
    figure = lens_overview.association_matrix(pairs(0.5, 0.2, 0.7), pairs(-0.3, -1, 1), NAMES)
    ax = figure.axes[0]
    for text in ax.texts:
        x, y = text.get_position()
        expected = ("+.5", "bold") if y > x else ("−.3", "normal")
        assert (text.get_text(), text.get_weight()) == expected
    assert len(ax.texts) == 6


def test_a_missing_correlation_has_no_dot_and_no_number():
    nothing = pairs(float("nan"), float("nan"), float("nan"))
    figure = lens_overview.association_matrix(nothing, nothing, NAMES)
    assert not figure.axes[0].texts
    dots = lens_overview.associations_with(nothing, nothing, ["a"], NAMES).axes[0]
    assert not [line for line in dots.get_lines() if line.get_linestyle() == "None"]


def test_bad_input_is_named():
    few = pairs(0.5, 0.2, 0.7).iloc[:1]
    with pytest.raises(MBHError, match="no pair of 'c' and 'a'"):
        lens_overview.associations_with(few, few, ["a"], NAMES)
    with pytest.raises(MBHError, match="no column 'low'"):
        lens_overview.association_matrix(few.drop(columns="low"), few, NAMES)
