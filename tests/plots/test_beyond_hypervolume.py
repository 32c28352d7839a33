"""Figures of blankets in all dimensions."""

import numpy as np
import pandas as pd

from mbh_utils.plots.figures import beyond_hypervolume as figures


def test_estimates_stand_as_ratios_and_those_whose_interval_misses_are_crosses():
    table = pd.DataFrame(
        {
            "exact": [-9.0, -9.0, -20.0],
            "log10_share": [-9.1, -8.5, -20.0],
            "log10_low": [-9.2, -8.6, -20.1],
            "log10_high": [-8.9, -8.4, -19.9],
        }
    )
    (ax,) = figures.against_exact_shares(table).axes
    holds, misses = ax.lines[:2]
    np.testing.assert_allclose(holds.get_ydata(), [10**-0.1, 1])
    np.testing.assert_allclose(misses.get_ydata(), [10**0.5])
    assert misses.get_xdata()[0] > holds.get_xdata()[0] > 0.5  # smaller shares are on the left
    assert [label.get_text() for label in ax.get_xticklabels()] == ["$10^{-20}$", "$10^{-9}$"]


def test_each_set_up_is_a_point_at_its_means():
    rows = {"dataset": "mnist", "setup": [1, 1, 7], "reference": "uniform"}
    rows |= {"log10_share": [-9.0, -7.0, -1.0], "s_square": [0.8, 0.6, 0.4], "s_box": 0.1}
    (ax,) = figures.cube_and_planes(pd.DataFrame(rows)).axes
    square, box = ax.lines
    np.testing.assert_allclose(square.get_xdata(), [0.3, 0.6])
    np.testing.assert_allclose(square.get_ydata(), [-8, -1])
    np.testing.assert_allclose(box.get_xdata(), [0.9, 0.9])
    assert [text.get_text() for text in ax.texts] == ["1", "7"]
