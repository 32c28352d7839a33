"""Figures of the lens on clusters: what they draw of made-up tables."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters import published
from mbh_utils.plots.figures import lens_clusters


def grid(**columns):
    """One row per data set, set-up and model."""
    setups = pd.DataFrame({"density": [1.0, 0.5, 1.0], "n_hidden": [16, 16, 46], "k": [4, 4, 11]})
    table = setups.merge(pd.DataFrame({"model": range(3)}), how="cross")
    table = table.merge(pd.DataFrame({"dataset": ["mnist", "fashion_mnist"]}), how="cross")
    return table.assign(**columns)


def clusterability():
    table = grid(ncut=2.0, null_mean=3.0, graph="weights")
    parts = [
        table.assign(shuffle=shuffle, z=z)
        for shuffle, z in (("layer", -5.0), ("layer_nonzero", 1.0), ("fan_out", 2.0))
    ]
    activations = table.assign(graph="activations", shuffle="layer", z=-30.0)
    return pd.concat([*parts, activations], ignore_index=True)


def heights(ax) -> set:
    """Heights of lines, that of the null at 0 among them."""
    found = [np.round(np.asarray(line.get_ydata(), float), 6) for line in ax.lines]
    return {float(value) for values in found for value in values}


def test_n_cut_per_cluster_beside_shuffled_networks():
    figure = lens_clusters.clusterability_over_density(clusterability())
    top, bottom, last = figure.axes[::2]
    assert heights(top) == {0.5, 0.75, round(2 / 11, 6), round(3 / 11, 6)}
    assert heights(bottom) == {0.0, -5.0, 1.0}
    assert heights(last) == {0.0, 2.0}
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"as found", "shuffled", "z, mask kept", "z, mask shuffled too"} <= set(words)
    assert figure.axes[0].get_title("left") == "MNIST"


def test_activations_have_one_null():
    figure = lens_clusters.clusterability_over_density(clusterability(), "activations")
    assert heights(figure.axes[2]) == {0.0, -30.0}
    with pytest.raises(MBHError, match="no row whose graph"):
        lens_clusters.clusterability_over_density(clusterability(), "hyperplanes")


def partitions():
    table = grid(ari=0.25, nmi=0.4, nmi_null=0.3, overlap=0.8, overlap_null=0.6)
    parts = [
        table.assign(graph=graph, states=states, overlap=overlap)
        for graph, states, overlap in (
            ("weights", "all", 0.8),
            ("weights", "active", 0.9),
            ("activations", "all", 0.7),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def test_agreement_of_partitions():
    figure = lens_clusters.partitions_over_density(partitions())
    assert heights(figure.axes[0]) == {0.0, 0.25}
    assert heights(figure.axes[2]) == {0.3, 0.4}


def test_overlap_with_patterns():
    figure = lens_clusters.pattern_overlap_over_density(partitions())
    assert heights(figure.axes[0]) == {60.0, 80.0}
    assert heights(figure.axes[2]) == {60.0, 70.0}
    assert [ax.get_title("left") for ax in figure.axes[::2]] == [
        "MNIST, by weights",
        "MNIST, by activations",
    ]


def test_ours_beside_what_was_published():
    stored = published()
    table = stored.merge(pd.DataFrame({"model": range(2)}), how="cross")
    table = table.assign(ncut=table["ncut_low"] - 0.1 * table["model"], z=-1.0, shuffle="layer")
    other = table.assign(shuffle="layer_nonzero", ncut=0.0)
    figure = lens_clusters.beside_published(pd.concat([table, other]), stored)
    left, right = figure.axes
    names = [text.get_text() for text in left.get_yticklabels()]
    assert names[:2] == ["MNIST", "MNIST, pruned"] and len(names) == 8
    spans = [line.get_xdata() for line in left.lines if len(line.get_xdata()) == 2]
    assert np.allclose(spans[0], [9.905, 10.005])
    assert any(np.allclose(span, [10.005, 10.042]) for span in spans)
    assert not any(np.allclose(span, 0) for span in spans[:4]), "another null"


def test_data_sets_that_were_not_published_are_drawn_alone():
    table = grid(control="none", pruned=False, shuffle="layer", ncut=9.0, null_mean=10.0, z=-2.0)
    figure = lens_clusters.beside_published(table.assign(dataset="digits8"), published())
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["here: smallest to largest", "here: shuffled, mean"]


@pytest.mark.parametrize(
    ("draw", "table"),
    [
        (lens_clusters.clusterability_over_density, clusterability()),
        (lens_clusters.partitions_over_density, partitions()),
        (lens_clusters.pattern_overlap_over_density, partitions()),
    ],
)
def test_a_column_that_is_missing_is_named(draw, table):
    with pytest.raises(MBHError, match="no column 'n_hidden'"):
        draw(table.drop(columns="n_hidden"))
