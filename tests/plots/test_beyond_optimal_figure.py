"""The figure of optimal patterns beside the greedy ones."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import beyond_optimal


@pytest.fixture
def table() -> pd.DataFrame:
    """Two data sets, two set-ups, two models; one class of set-up 7 is not proven."""
    rows = []
    for dataset in ("mnist", "fashion_mnist"):
        for setup in (7, 10):
            for model in (0, 1):
                for c in (0, 1):
                    known = {"greedy": 0.4 + 0.1 * model, "optimal": 0.2}
                    for kind, share in known.items():
                        rows.append(
                            {
                                "dataset": dataset,
                                "setup": setup,
                                "hidden": "300-100" if setup == 7 else "12-4",
                                "model": model,
                                "class": c,
                                "kind": kind,
                                "bound": 0.1,
                                "proven": setup == 10 or c == 0,
                                "known": share,
                                "fresh": 0.5,
                                "fresh_box": 0.6,
                                "cube": 0.7,
                            }
                        )
    return pd.DataFrame(rows)


def test_it_draws_the_means_and_the_bound_of_what_is_not_proven(table):
    figure = beyond_optimal.greedy_and_optimal(table)
    assert len(figure.axes) == 8
    first = figure.axes[0]
    assert first.get_title(loc="left") == "MNIST: the planes that were optimised"
    greedy, optimal, bounds = first.lines
    assert np.allclose(greedy.get_ydata(), 1 - 0.45)
    assert np.allclose(optimal.get_ydata(), 0.8)
    assert np.allclose(bounds.get_ydata(), 0.9) and len(bounds.get_xdata()) == 1  # set-up 7 only
    last = figure.axes[-1]
    assert [t.get_text() for t in last.get_xticklabels()] == ["#7\n300-100", "#10\n12-4"]

    assert np.allclose(last.lines[0].get_ydata(), 0.3) and len(last.lines) == 2


def test_without_a_bound_nothing_is_said_of_it(table):
    figure = beyond_optimal.greedy_and_optimal(table.assign(proven=True))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(labels) == 2 and not any("proven" in label for label in labels)


def test_a_table_without_the_columns_is_refused(table):
    with pytest.raises(MBHError, match="fresh"):
        beyond_optimal.greedy_and_optimal(table.drop(columns="fresh"))
