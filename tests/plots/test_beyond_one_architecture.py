"""Figures of one architecture with masks of every origin show what their table says."""

import numpy as np
import pandas as pd
import pytest

from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import beyond_one_architecture as figures


def networks() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    sets = ("mnist", "fashion_mnist")
    rows = [(k, d, m) for k in figures.KINDS for d in sets for m in range(3)]
    table = pd.DataFrame(rows, columns=["kind", "dataset", "model"])
    names = ["accuracy", "training_accuracy", "s_square", "s_box", "s_square_95", "s_box_95"]
    names += ["initial_s_square", "initial_s_box", *(n for n in figures.LENSES if n != "gap")]
    table = table.assign(**{name: rng.random(len(table)) for name in names})
    moving = table["kind"].isin(["SET", "RigL"])
    table.loc[moving, ["initial_s_square", "initial_s_box"]] = np.nan
    return table


def test_every_model_is_a_dot_and_initial_weights_are_hollow():
    table = networks()
    figure = figures.by_kind(table)
    assert [ax.get_title("left") for ax in figure.axes[::3]] == ["MNIST", "Fashion-MNIST"]
    for ax, (dataset, column) in zip(
        figure.axes,
        [(d, c) for d in ("mnist", "fashion_mnist") for c in ("accuracy", "s_square", "s_box")],
        strict=True,
    ):
        factor = 100 if column == "accuracy" else 1
        here = table[table["dataset"] == dataset]
        drawn = [line for line in ax.lines if line.get_marker() not in ("None", None)]
        hollow = [line for line in drawn if line.get_markerfacecolor() == "white"]
        filled = [line for line in drawn if line.get_markerfacecolor() != "white"]
        for line, kind in zip(filled, figures.KINDS, strict=True):
            wanted = factor * here[here["kind"] == kind][column]
            assert line.get_xdata() == pytest.approx(wanted.to_numpy())
        still = [kind for kind in figures.KINDS if kind not in ("SET", "RigL")]
        if column == "accuracy":
            assert not hollow
        else:
            for line, kind in zip(hollow, still, strict=True):
                wanted = here[here["kind"] == kind][f"initial_{column}"]
                assert line.get_xdata() == pytest.approx(wanted.to_numpy())
        dense = here[here["kind"] == "dense"][column].mean()
        assert ax.lines[0].get_xdata()[0] == pytest.approx(factor * dense)


def test_the_other_coverage_has_its_own_columns():
    table = networks()
    figure = figures.by_kind(table, coverage=0.95)
    drawn = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    wanted = table.query("dataset == 'mnist' and kind == 'random'")["s_square_95"]
    assert drawn[0].get_xdata() == pytest.approx(wanted.to_numpy())
    with pytest.raises(MBHError, match="coverage is 0.9"):
        figures.by_kind(table, coverage=0.9)
    with pytest.raises(MBHError, match="no column 's_box_95'"):
        figures.by_kind(table.drop(columns="s_box_95"), coverage=0.95)


def test_lenses_are_means_over_models_with_the_correlation_above():
    table = networks()
    figure = figures.lenses_by_kind(table)
    assert len(figure.axes) == len(figures.LENSES)
    rho = figures.with_accuracy(table, list(figures.LENSES))
    for ax, lens in zip(figure.axes, figures.LENSES, strict=True):
        values = table["training_accuracy"] - table["accuracy"] if lens == "gap" else table[lens]
        factor = 100 if lens in ("gap", "others", "class_range") else 1
        for container, dataset in zip(ax.containers, ("mnist", "fashion_mnist"), strict=True):
            points = container[0].get_xdata()
            of_set = table["dataset"] == dataset
            means = values[of_set].groupby(table["kind"]).mean().reindex(list(figures.KINDS))
            assert points == pytest.approx(factor * means.to_numpy())
        found = rho[rho["measure"] == lens]["rho"].tolist()
        words = [f"{r:+.2f}".replace("0.", ".", 1).replace("-", "−") for r in found]
        assert ax.get_title("left") == "ρ with accuracy " + ", ".join(words)


def test_correlations_are_over_the_sparse_networks_of_a_data_set():
    table = networks()
    table["s_box"] = np.where(table["kind"] == "dense", 5.0, table["accuracy"] ** 3)
    table["pixels"] = 7
    rho = figures.with_accuracy(table, ["s_box", "pixels"])
    assert rho.query("measure == 's_box'")["rho"].tolist() == pytest.approx([1, 1])
    assert rho.query("measure == 'pixels'")["rho"].isna().all()
    assert set(rho["networks"]) == {18}
    turned = table.assign(s_box=-table["s_box"], other=table["s_box"])
    told = figures.with_accuracy(turned, ["other"], target="s_box")
    assert told["rho"].tolist() == pytest.approx([-1, -1])


def test_what_a_lens_has_not_seen_is_left_out():
    table = networks()
    table.loc[table["kind"] == "dense", "nnstd_over_null"] = np.nan
    ax = figures.lenses_by_kind(table).axes[list(figures.LENSES).index("nnstd_over_null")]
    assert np.isnan(ax.containers[0][0].get_xdata()[-1])
    with pytest.raises(MBHError, match="no column 'pixels'"):
        figures.lenses_by_kind(table.drop(columns="pixels"))
