"""Figures on overfitting show the values of their tables."""

import itertools

import numpy as np
import pandas as pd
import pytest

import mbh_utils as mbh
from mbh_utils.experiments.overfitting import INDICATORS, VIEWS
from mbh_utils.plots.figures import beyond_overfitting as figures


def trained(noises=(0.0, 0.2, 0.4)) -> pd.DataFrame:
    rows = []
    for size, noise, model, iteration in itertools.product((60, 240), noises, (0, 1), (10, 100)):
        gap = noise + model / 10 + np.log10(iteration) / size
        facts = {"training_images": size, "noise": noise, "model": model, "iteration": iteration}
        rows.append({**facts, "setup": 1, "gap": gap, "s_validation": 1 - gap})
    shuffled = [{**row, "noise": 1.0} for row in rows if row["training_images"] == 240]
    return pd.DataFrame([*rows, *(row for row in shuffled if row["model"] == 0)])


def drawn(ax) -> dict[str, list[float]]:
    lines = [line for line in ax.lines if not line.get_label().startswith("_")]
    return {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in lines}


def test_curves_are_means_over_models_by_size_and_noise():
    table = trained()
    figure = figures.gap_over_training(table)
    titles = [ax.get_title("left") for ax in figure.axes[:3]]
    assert titles == ["right labels", "40% wrong labels", "shuffled labels"]
    wrong = table[(table["noise"] == 0.4) & (table["training_images"] == 240)]
    means = wrong.groupby("iteration")[["gap", "s_validation"]].mean()
    assert drawn(figure.axes[1])["240 training images"] == pytest.approx(means["gap"].tolist())
    of_s = drawn(figure.axes[4])["240 training images"]
    assert of_s == pytest.approx(means["s_validation"].tolist())
    assert list(drawn(figure.axes[2])) == ["240 training images"], "only those were shuffled"
    looks = {
        line.get_label(): (line.get_marker(), line.get_linestyle()) for line in figure.axes[0].lines
    }
    assert looks["60 training images"] != looks["240 training images"]


def test_a_set_up_that_is_not_there():
    with pytest.raises(mbh.MBHError, match="no row whose setup is 7"):
        figures.gap_over_training(trained(), setup=7)


def correlations() -> pd.DataFrame:
    pairs = list(itertools.product(("s_validation", "oui_validation"), VIEWS))
    rho = np.linspace(-0.8, 0.8, len(pairs))
    table = pd.DataFrame(pairs, columns=["indicator", "view"])
    return table.assign(rho=rho, low=rho - 0.1, high=rho + 0.1)


def test_dots_stand_in_the_row_of_their_indicator():
    table = correlations()
    (ax,) = figures.indicator_correlations(table).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["s", "OUI"]
    dots = [line for line in ax.lines if line.get_label() in VIEWS.values()]
    assert len(dots) == len(VIEWS) and len({str(line.get_marker()) for line in dots}) == len(VIEWS)
    for view, line in zip(VIEWS, dots, strict=True):
        wanted = table[table["view"] == view]["rho"].tolist()
        assert np.asarray(line.get_xdata()).tolist() == pytest.approx(wanted)
        assert np.round(np.asarray(line.get_ydata())).tolist() == [0, 1]


def test_indicators_are_chosen_and_named():
    (ax,) = figures.indicator_correlations(correlations(), {"oui_validation": "rival"}).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rival"]
    with pytest.raises(mbh.MBHError, match="names is"):
        figures.indicator_correlations(correlations(), {"nope": "x"})


def test_names_are_those_of_the_experiments():
    assert figures.INDICATORS == INDICATORS and figures.VIEWS == VIEWS
    assert list(figures.VIEWS) == list(VIEWS)
