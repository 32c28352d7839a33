"""Pictures of lottery tickets: the enlarged axes, masks by iteration, rounds of pruning."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn import SPREAD, labels

from mbh_utils import plots
from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import sparsity


def tickets() -> pd.DataFrame:
    rows = [
        ("dense", 1.0, m, trained, 0.98 if trained else 0.1) for m in range(2) for trained in (0, 1)
    ]
    for kind, density, m, trained in itertools.product(
        ("ticket", "reinitialised"), (0.1, 0.5), range(2), (0, 1)
    ):
        rows.append((kind, density, m, trained, 0.96 + m / 100 if trained else 0.3))
    table = pd.DataFrame(rows, columns=["kind", "density", "model", "trained", "accuracy"])
    return table.astype({"trained": bool})


def test_the_enlarged_axes_hold_trained_networks_and_their_bands_only():
    ax = plots.ticket_curves(tickets(), zoom=True)
    assert labels(ax) == [
        "dense, trained",
        "magnitude mask, initial weights: trained",
        "random mask, new weights: trained",
        SPREAD,
    ]
    low, high = ax.get_ylim()
    assert 95 < low < 96 and 98 < high < 98.5


def test_both_axes_of_figure_2_1_share_one_legend():
    figure = sparsity.tickets(tickets())
    whole, enlarged = figure.axes
    assert whole.get_ylim() == (0, 102) and enlarged.get_ylim()[0] > 90
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(words) == len(set(words)) == 6
    assert not whole.get_legend() and not enlarged.get_legend()


def masks() -> pd.DataFrame:
    rows = [
        (rule, iteration, density, model, 0.1 + density + model / 100 + (iteration == 250) / 2)
        for rule in ("trained signs", "magnitude")
        for iteration in (0, 250, 2_500, 50_000)
        for density in (0.1, 0.25, 0.3)
        for model in range(2)
    ]
    names = ["rule", "mask_iteration", "density", "model", "accuracy"]
    return pd.DataFrame(rows, columns=names).assign(signs_kept=0.75)


def test_masks_over_their_iteration_have_a_line_per_rule_and_the_thesiss_level():
    ax = plots.mask_curves(masks())
    assert labels(ax) == [
        "largest weights",
        "largest weights, with the signs of the trained network",
        SPREAD,
        "the thesis: more than 80 %",
    ]
    assert ax.get_xscale() == "symlog"
    x, y = ax.lines[0].get_data()
    assert list(x) == [0, 250, 2_500, 50_000]
    assert y[1] == pytest.approx(100 * (0.1 + 0.65 / 3 + 0.005 + 0.5))
    kept = plots.mask_curves(masks(), y="signs_kept")
    assert kept.get_ylabel() == "signs kept since initialisation [%]"
    assert "the thesis: more than 80 %" not in labels(kept)


def test_ticket_iterations_take_the_densities_of_the_thesis_beside_the_signs():
    figure = sparsity.ticket_iterations(masks())
    left, right = figure.axes
    assert left.lines[0].get_ydata()[0] == pytest.approx(100 * (0.1 + 0.275 + 0.005))
    assert right.get_ylabel() == "signs kept since initialisation [%]"
    assert labels(right) == ["largest weights", SPREAD]
    assert list(right.lines[0].get_ydata()) == pytest.approx([75] * 4)


def pixels() -> pd.DataFrame:
    rows = [
        (kind, density, model, pixel, 10 * (kind == "ticket") + pixel + model)
        for kind in ("ticket", "reinitialised")
        for density in (0.5, 0.1)
        for model in range(2)
        for pixel in range(4)
    ]
    return pd.DataFrame(rows, columns=["kind", "density", "model", "pixel", "connections"])


def test_pixel_degrees_are_sums_over_models_in_equal_colours():
    figure = sparsity.pixel_degrees(pixels(), [0.5, 0.1])
    pictures = [ax.images[0] for ax in figure.axes if ax.images]
    assert [picture.get_array().tolist() for picture in pictures[:2]] == [
        [[1, 3], [5, 7]],
        [[21, 23], [25, 27]],
    ]
    assert len(pictures) == 4 and all(picture.get_clim() == (0, 27) for picture in pictures)
    with pytest.raises(MBHError, match="no row whose density"):
        sparsity.pixel_degrees(pixels(), [0.3])


def lottery() -> pd.DataFrame:
    rows = [
        (kind, 0.8**k, model, 7_000 - 100 * k, 0.98 - k / 1000)
        for kind in ("iterative", "reinitialised", "one-shot")
        for k in range(0 if kind == "iterative" else 1, 4)
        for model in range(2)
    ]
    return pd.DataFrame(rows, columns=["kind", "density", "model", "iteration", "test_accuracy"])


def test_rounds_of_pruning_go_from_all_weights_at_the_left_to_few():
    ax = plots.lottery_curves(lottery(), "test_accuracy")
    left, right = ax.get_xlim()
    assert left > right and ax.get_xscale() == "log"
    assert ax.get_ylabel() == "test accuracy [%]"
    for line in ax.lines[:3]:
        assert max(line.get_xdata()) == 100, "every kind starts at the dense network"
        assert line.get_ydata()[-1] == pytest.approx(98)
    with pytest.raises(MBHError, match="kind is one of"):
        plots.lottery_curves(lottery().assign(kind="other"), "test_accuracy")


def test_the_lottery_figure_shows_early_stopping_and_accuracy():
    figure = sparsity.lottery(lottery())
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "iteration of early stopping",
        "test accuracy [%]",
    ]
    assert np.isclose(figure.axes[0].lines[0].get_ydata().max(), 7_000)
