"""Figures on importance and coherence of sub-clusters, on made-up tables."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters import published_tests
from mbh_utils.plots.figures import lens_importance as figures


def made_up_tests() -> pd.DataFrame:
    """Networks of two data sets; those of 400 neurons have an effect."""
    rows = [
        (name, n, density, model, graph, test)
        for name in ("fashion_mnist", "mnist")
        for n, density in ((16, 1.0), (400, 0.03), (400, 1.0))
        for model in range(3)
        for graph in ("weights", "activations")
        for test in ("importance", "range")
    ]
    columns = ["dataset", "n_hidden", "density", "model", "graph", "test"]
    table = pd.DataFrame(rows, columns=columns)
    is_large = table["n_hidden"] == 400
    return table.assign(
        s=0.5 + table["density"] / 10,
        effect=np.where(is_large, 1.2, 0.97),
        chance=0.95,
        fisher_p=np.where(is_large, 1e-4, 0.6),
    )


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("graph", ["weights", "activations"])
@pytest.mark.parametrize("test", ["importance", "range"])
def test_effects_have_a_row_for_each_data_set_and_fill_discoveries(test, graph):
    table = made_up_tests()
    figure = figures.effects(table, test, graph=graph)
    assert [ax.get_title("left") for ax in figure.axes] == [
        f"{name}, clusters by {graph}" for name in ("MNIST", "Fashion-MNIST") for _ in range(2)
    ]
    assert legend_of(figure) == [
        "16 neurons",
        "400 neurons",
        "discovery (FDR 5 %)",
        "no discovery",
        "by chance",
    ]
    chance, small, large = figure.axes[0].lines
    assert set(chance.get_ydata()) == {0.95} and len(chance.get_ydata()) == 9
    assert small.get_markerfacecolor() == "white" and large.get_markerfacecolor() != "white"
    assert small.get_marker() != large.get_marker()
    assert len(large.get_xdata()) == 6 and set(large.get_ydata()) == {1.2}
    assert {round(x, 3) for x in figure.axes[1].lines[2].get_xdata()} == {0.503, 0.6}


def test_both_graphs_have_a_row_each():
    figure = figures.effects(made_up_tests(), "importance")
    assert [ax.get_title("left") for ax in figure.axes[::2]] == [
        "MNIST, clusters by weights",
        "MNIST, clusters by activations",
        "Fashion-MNIST, clusters by weights",
        "Fashion-MNIST, clusters by activations",
    ]


def test_networks_without_a_tested_sub_cluster_are_passed_over():
    table = made_up_tests()
    table.loc[table["n_hidden"] == 16, ["effect", "fisher_p"]] = np.nan
    figure = figures.effects(table, "range")
    assert len(figure.axes[0].lines) == 2 and "16 neurons" not in legend_of(figure)


def lesions(drops: np.ndarray) -> pd.DataFrame:
    """A table of lesions: sub-cluster x class in shares, with one random set that takes all."""
    rows = []
    for cluster, own in enumerate(drops):
        for draw in (0, 1):
            for c, drop in enumerate(own):
                after = 0.9 - drop if draw == 0 else 0.0
                rows.append((cluster // 2, cluster, 9 - cluster, draw, c, 0.9, after))
    columns = ["layer", "cluster", "size", "draw", "class", "before", "after"]
    return pd.DataFrame(rows, columns=columns)


def test_class_drops_write_what_each_sub_cluster_takes_from_each_class():
    drops = np.array([[0.5, 0.0], [-0.021, 0.3], [0.9, 0.001]])
    figure = figures.class_drops({"one": lesions(drops), "other": lesions(drops)}, ["cat", "dog"])
    first, second, bar = figure.axes
    assert [text.get_text() for text in first.texts] == ["50", "0", "−2", "30", "90", "0"]
    assert [text.get_text() for text in first.get_yticklabels()] == [
        "layer 1: 9 neurons",
        "layer 1: 8 neurons",
        "layer 2: 7 neurons",
    ]
    np.testing.assert_allclose(first.images[0].get_array(), 100 * drops)
    assert first.images[0].get_clim() == second.images[0].get_clim() == (0, 90)
    assert [text.get_text() for text in second.get_xticklabels()] == ["cat", "dog"]
    assert bar.get_ylabel() == "accuracy lost [pp]"


def test_published_bars_and_our_networks():
    rows = [(name, test) for name in ("mnist", "fashion_mnist") for test in ("importance", "range")]
    table = pd.DataFrame(rows, columns=["dataset", "test"]).assign(fisher_p=0.01)
    table = pd.concat([table.assign(pruned=pruned) for pruned in (True, False)])
    figure = figures.p_values_beside_published(table, published_tests())
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "importance: lesions, MNIST",
        "importance: lesions, Fashion-MNIST",
        "class range of lesions, MNIST",
        "class range of lesions, Fashion-MNIST",
    ]
    bars = [line.get_xdata() for line in ax.lines if line.get_linewidth() > 5]
    assert [list(bar) for bar in bars] == [
        [2.7e-9, 3.7e-7],
        [1.6e-7, 9.3e-5],
        [0.51, 0.98],
        [0.15, 0.86],
    ]
    assert legend_of(figure) == ["published, pruned", "ours, pruned", "ours, unpruned"]
    only = figures.p_values_beside_published(table[table["pruned"]], published_tests())
    assert legend_of(only) == ["published, pruned", "ours, pruned"]


def test_dead_ends_are_told_beside():
    rows = [(setup, dead, model) for setup in (1, 7) for dead in (False, True) for model in (0, 1)]
    table = pd.DataFrame(rows, columns=["setup", "dead_ends", "model"])
    table = table.assign(
        n_hidden=400,
        density=np.where(table["setup"] == 1, 1.0, 0.03),
        graph="weights",
        effect_importance=1.0 + 0.2 * (table["dead_ends"] & (table["setup"] == 7)),
        chance_importance=0.95,
    )
    other = table.assign(graph="activations", effect_importance=9.0)
    (ax,) = figures.with_dead_ends(pd.concat([table, other])).axes
    joined = [line.get_ydata() for line in ax.lines if line.get_linestyle() == "-"]
    found = sorted(tuple(np.round(pair, 6)) for pair in joined)
    assert found == [(0.05, 0.05), (0.05, 0.25)]


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: figures.effects(made_up_tests(), "score"), "no test 'score'"),
        (lambda: figures.effects(made_up_tests(), "range", graph="x"), "graph"),
        (lambda: figures.effects(made_up_tests().drop(columns="s"), "range"), "column 's'"),
        (lambda: figures.class_drops({}, ["a"]), "names no network"),
        (
            lambda: figures.class_drops({"x": lesions(np.zeros((1, 3)))}, ["a"]),
            "classes has 1",
        ),
        (
            lambda: figures.class_drops({"x": lesions(np.zeros((1, 2))).query("draw == 1")}, "ab"),
            "classes",
        ),
        (
            lambda: figures.p_values_beside_published(
                made_up_tests().assign(test="std"), published_tests()
            ),
            "none of those that were published",
        ),
        (lambda: figures.with_dead_ends(made_up_tests()), "column 'setup'"),
    ],
)
def test_bad_tables_are_named(draw, says):
    with pytest.raises(MBHError, match=says):
        draw()
