"""Figures on rewired networks show what their tables say."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import lens_topology_training as figures

KINDS = ("random", "erdos_renyi", "ticket", "SET", "RigL")


def rewired() -> pd.DataFrame:
    """Two budgets of a wide network, a narrow dense one and the wide dense one, three models."""
    rng = np.random.default_rng(0)
    rows = [("dense", 400, 265_600), ("dense", 16, 9_472)]
    rows += [(kind, 400, budget) for kind in KINDS for budget in (9_472, 4_736)]
    table = pd.DataFrame(
        [(*row, model, i) for row in rows for model in range(3) for i in (0, 9)],
        columns=["kind", "n_hidden", "parameters", "model", "iteration"],
    )
    return table.assign(accuracy=rng.random(len(table)), dataset="mnist")


def test_points_are_means_and_bars_reach_over_models():
    table = rewired()
    s = table[table["iteration"] == 9].drop(columns="accuracy")
    s = s.assign(s=np.linspace(0.1, 0.9, len(s)), coverage=0.8, domain="square")
    figure = figures.accuracy_and_specialization(table, s, domains=["square"])
    left, right = figure.axes
    assert left.get_title("left") == "MNIST"
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == list(figures.KINDS.values())
    for ax, column, factor, rows in ((left, "accuracy", 100, table), (right, "s", 1, s)):
        last = rows[rows["iteration"] == 9]
        for container, budget in zip(ax.containers, (9_472, 4_736), strict=True):
            points, _, (bars,) = container
            found = dict(zip(np.rint(points.get_ydata()), points.get_xdata(), strict=True))
            reach = {round(b[0][1]): b[:, 0] for b in map(np.array, bars.get_segments())}
            for place, kind in enumerate(figures.KINDS):
                here = last[(last["kind"] == kind) & (last["parameters"] == budget)]
                assert (place in found) == bool(len(here))
                if len(here):
                    values = factor * here[column]
                    assert found[place] == pytest.approx(values.mean())
                    assert reach[place] == pytest.approx([values.min(), values.max()])
        wide = last[last["parameters"] == 265_600][column].mean()
        assert ax.lines[0].get_xdata()[0] == pytest.approx(factor * wide)
    with pytest.raises(MBHError, match="coverage is 0.7"):
        figures.accuracy_and_specialization(table, s, coverage=0.7)


def test_maps_are_sums_over_models_with_the_same_colours():
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"pixel": range(16), "connections": rng.integers(0, 9, 16)}).assign(
            kind=kind, iteration=iteration, model=model, dataset=dataset
        )
        for kind, iteration in (("SET", 0), ("SET", 20), ("SET", 90), ("ticket", 0))
        for model in range(2)
        for dataset in ("mnist", "fashion_mnist")
    ]
    table = pd.concat(parts)
    figure = figures.pixel_degrees_over_training(table)
    maps = [ax for ax in figure.axes if ax.images]
    assert len(maps) == 8
    assert maps[1].get_title("left") == "SET,\niteration 20"
    assert maps[3].get_title("left") == "one-shot tickets"
    for row, dataset in enumerate(("mnist", "fashion_mnist")):
        here = table[table["dataset"] == dataset]
        shown = [ax.images[0] for ax in maps[4 * row : 4 * row + 4]]
        wanted = here.query("kind == 'SET' and iteration == 90").groupby("pixel")["connections"]
        assert (shown[2].get_array().ravel() == wanted.sum()).all()
        highest = here.groupby(["kind", "iteration", "pixel"])["connections"].sum().max()
        assert {picture.get_clim() for picture in shown} == {(0.0, float(highest))}


def test_curves_over_epochs_and_iterations():
    table = pd.DataFrame({"epoch": [0, 1, 2] * 3, "accuracy": [0.1, 0.7, 0.8] * 3, "model": 0})
    table = table.assign(kind=np.repeat(["SET", "erdos_renyi", "dense"], 3))
    figure = figures.small_data(table.assign(training_accuracy=table["accuracy"] + 0.1))
    for ax, more in zip(figure.axes, (0, 10), strict=True):
        assert len(ax.lines) == 3
        assert ax.lines[0].get_ydata() == pytest.approx([10 + more, 70 + more, 80 + more])
    words = {text.get_text() for text in figure.legends[0].get_texts()}
    assert words >= {"SET", "the same masks, fixed", "dense"}


@pytest.mark.parametrize("dataset", ["fashion_mnist", "digits8"])
def test_published_accuracies_are_drawn_for_their_data_only(dataset):
    rows = {"iteration": [0, 50, 100], "accuracy": [0.1, 0.8, 0.87]}
    table = pd.concat([pd.DataFrame(rows).assign(kind=kind, model=0) for kind in ("SET", "near")])
    figure = figures.sparse_accuracy(table.assign(dataset=dataset))
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    is_there = "Liu et al., end: 87.1 to 87.6 %" in words
    assert is_there == (dataset == "fashion_mnist")
    whole, late = figure.axes
    assert list(whole.lines[0].get_xdata()) == [0, 50, 100]
    assert list(late.lines[0].get_xdata()) == [50, 100]
