"""Figures of the chapter on networks of one's own."""

import numpy as np
import pandas as pd
import pytest
from torch import nn

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import your_network


def measured(**changes) -> pd.DataFrame:
    """Two phenomena of wine on three planes, one of cancer on one; trained and not."""
    rows = [("wine", which, t, i, s + 0.1 * i) for which, t, s in WINE for i in range(3)]
    rows += [("cancer", "benign", True, 0, 0.9), ("cancer", "benign", False, 0, 0.3)]
    columns = ["panel", "phenomenon", "trained", "plane", "s"]
    return pd.DataFrame(rows, columns=columns).assign(**changes)


WINE = [("red", True, 0.6), ("white", True, 0.4), ("red", False, 0.1), ("white", False, 0.0)]


def test_dots_are_means_in_the_order_of_the_table():
    figure = your_network.beside_twin(measured())
    wine, cancer = figure.axes
    assert [wine.get_title("left"), cancer.get_title("left")] == ["wine", "cancer"]
    assert [label.get_text() for label in wine.get_yticklabels()] == ["red", "white"]
    dots = [line for line in wine.get_lines() if line.get_linestyle() == "None"]
    found = {
        (round(float(d.get_ydata()[0])), d.get_marker()): float(d.get_xdata()[0]) for d in dots
    }
    expected = {(0, "o"): 0.7, (0, "D"): 0.2, (1, "o"): 0.5, (1, "D"): 0.1}
    assert found == pytest.approx(expected)
    assert len(cancer.get_lines()) == 2, "a single plane has no interval"


def test_bars_are_the_interval_of_the_mean_by_students_t_within_0_and_1():
    wine = your_network.beside_twin(measured()).axes[0]
    bars = [line.get_xdata() for line in wine.get_lines() if line.get_linestyle() == "-"]
    half = 4.302653 * 0.1 / np.sqrt(3)  # t at 97.5 % with 2 degrees of freedom
    assert len(bars) == 4
    for low, high in bars:
        mean = high - half
        assert low == pytest.approx(max(mean - half, 0), abs=1e-6)


def test_counts_of_states_for_each_activation():
    net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3), nn.Hardtanh(), nn.Linear(3, 2))
    traced = mbh.trace(net)  # 4 neurons, and 3 x 2
    pattern = mbh.DecisionPattern([0, 3, 1, 5, 8], [True, True, False, False, True])
    ax = your_network.constrained_neurons(traced, pattern).axes[0]
    assert [text.get_text() for text in ax.texts] == ["2", "1", "1", "1", "1", "4"]
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(2, 3)
    assert np.allclose(widths, [[50, 25, 25], [100 / 6, 100 / 6, 400 / 6]])
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["layer 0:\n1", "layer 1:\n3"]


def test_a_state_that_no_neuron_has_is_not_numbered():
    traced = mbh.trace(nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2)))
    figure = your_network.constrained_neurons(traced, mbh.DecisionPattern([], []))
    assert [text.get_text() for text in figure.axes[0].texts] == ["4"]


def test_bad_input_is_named():
    with pytest.raises(MBHError, match="no column 'phenomenon'"):
        your_network.beside_twin(measured().drop(columns="phenomenon"))
    with pytest.raises(MBHError, match="column s"):
        your_network.beside_twin(measured(s="much"))
    traced = mbh.trace(nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2)))
    with pytest.raises(MBHError, match="names neuron 4, but the module has 4"):
        your_network.constrained_neurons(traced, mbh.DecisionPattern([4], [True]))
