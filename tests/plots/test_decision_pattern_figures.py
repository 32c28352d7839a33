"""The figures of the chapter on decision patterns: what stands where, and on which scale."""

import numpy as np
import pandas as pd
import pytest
from drawn import F1, PLANE

from mbh_utils import DecisionPattern, partition_input_space
from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import decision_patterns

#: Leaves of two classes: few in the last layer's trees, many in those on all layers.
TREES = pd.DataFrame(
    [
        {
            "n_hidden": n,
            "parameters": 4736,
            "model": model,
            "trained": trained,
            "scope": scope,
            "class": c,
            "class_leaves": n * (1 + c) * (10 if scope == "all" else 1),
        }
        for n in (16, 46)
        for model in (0, 1)
        for trained in (False, True)
        for scope in ("last", "all")
        for c in (3, 4)
    ]
)
PATTERNS = pd.DataFrame(
    {
        "n_hidden": [16, 46],
        "parameters": 4736,
        "model": 0,
        "trained": True,
        "images": 1000,
        "activation_patterns": [400, 990],
        "first_layer_patterns": [300, 950],
        "last_layer_patterns": [12, 200],
    }
)


def heights(ax) -> float:
    """The largest value that a line of an axes has."""
    return max(np.max(line.get_ydata()) for line in ax.lines if len(line.get_ydata()))


def test_each_scope_has_a_row_with_a_scale_of_its_own_that_holds_every_class():
    figure = decision_patterns.leaves_per_class(TREES, {3: "Dress", 4: "4"}, scope=["last", "all"])
    by_row = np.reshape(figure.axes, (2, 2))
    assert [ax.get_title("left") for ax in by_row[0]] == ["3: Dress", "class 4"]
    assert "last layer" in by_row[0, 0].get_ylabel() and "all hidden" in by_row[1, 0].get_ylabel()
    assert [heights(ax) for ax in by_row.flat] == [184, 230, 1840, 2300]
    for row, most in zip(by_row, (230, 2300), strict=True):
        for ax in row:
            low, high = ax.get_ylim()
            assert low == 0 and most <= high < 1.5 * most


def test_one_scope_gives_the_same_lines_on_one_scale():
    figure = decision_patterns.leaves_per_class(TREES, {3: "Dress", 4: "Coat"}, scope="all")
    assert [heights(ax) for ax in figure.axes[:2]] == [1840, 2300]
    assert len({ax.get_ylim() for ax in figure.axes[:2]}) == 1


def test_distinct_patterns_are_drawn_column_by_column_below_the_number_of_images():
    columns = ["first_layer_patterns", "last_layer_patterns"]
    figure = decision_patterns.distinct_patterns(PATTERNS, columns)
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "distinct first-layer patterns",
        "distinct last-layer patterns",
    ]
    for ax, column in zip(figure.axes, columns, strict=True):
        assert ax.lines[0].get_ydata().tolist() == PATTERNS[column].tolist()
        assert any(np.all(np.asarray(line.get_ydata()) == 1000) for line in ax.lines)
    with pytest.raises(MBHError, match="patterns is empty"):
        decision_patterns.distinct_patterns(PATTERNS, [])


def test_pairs_of_blankets_have_a_row_for_each_kind_and_say_how_large_they_are():
    partition = partition_input_space(F1, PLANE)
    leaf, sigma = DecisionPattern([4], [True]), DecisionPattern([4, 5], [True, False])
    pairs = {"Bag": {"leaf": leaf, "maximal pattern": sigma}, "Coat": {"leaf": sigma}}
    pairs["Coat"]["maximal pattern"] = leaf
    figure = decision_patterns.blanket_pairs(partition, pairs)
    titles = [ax.get_title("left") for ax in figure.axes]
    large, small = (f"{partition.blanket(pattern).share:.1%}" for pattern in (leaf, sigma))
    assert large != small
    assert [title.split("\n")[0] for title in titles] == [
        "Bag, leaf:",
        "Coat, leaf:",
        "Bag, maximal pattern:",
        "Coat, maximal pattern:",
    ]
    shares = [title.split("\n")[1].split(",")[0] for title in titles]
    assert shares == [large, small, small, large]
    with pytest.raises(MBHError, match="pairs is empty"):
        decision_patterns.blanket_pairs(partition, {})
