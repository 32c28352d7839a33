"""Figures of the lens on activation patterns."""

import numpy as np
import pandas as pd
import pytest
from drawn import SPREAD

from mbh_utils.errors import MBHError
from mbh_utils.networks import LENET
from mbh_utils.plots.figures import lens_evolution

ITERATIONS = [0, 1, 10, 100, 1_000]


def over_training(layers: int = 2, setups=(7, 10)) -> pd.DataFrame:
    """Kappa grows with time, in the second layer first; entropies differ by layer."""
    rows = [
        {
            "family": "lenet", "setup": setup, "n_hidden": 400 if setup == 7 else 16,
            "model": model, "source": source, "iteration": iteration, "layer": layer,
            "kappa_final": min(1.0, (i + layer - 1) / (len(ITERATIONS) - 1) + 0.01 * model),
            "block_relative_entropy": 0.2 * layer, "relative_entropy": 0.1 * layer,
            "block_information": 0.3 * i + model, "pattern_share": 0.7,
        }
        for setup in setups
        for model in range(2)
        for source in ("validation", "training")
        for i, iteration in enumerate(ITERATIONS)
        for layer in range(1, layers + 1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def told_below(figure) -> list[str]:
    """The entries of the legend below."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def means_of(ax) -> np.ndarray:
    """The means that lines with markers show, and not the dashed ones of equal parameters."""
    return np.concatenate([line.get_ydata() for line in ax.lines if line.get_ls() == "-"])


def networks(trained=(True,)) -> pd.DataFrame:
    rows = [
        {
            "dataset": dataset, "family": "lenet", "setup": setup.number, "model": model,
            "n_hidden": setup.n_hidden, "parameters": setup.parameters, "trained": is_trained,
            "density": (setup.parameters - setup.n_hidden) / 265_200,
        }
        for dataset in ("mnist", "fashion_mnist")
        for setup in LENET.setups(784)
        for model in range(2)
        for is_trained in trained
    ]  # fmt: skip
    return pd.DataFrame(rows)


def by_layer(table: pd.DataFrame) -> pd.DataFrame:
    table = table.merge(pd.DataFrame({"layer": [1, 2]}), how="cross")
    share = np.where(table["n_hidden"] > 100, 0.9, 0.1)
    rng = np.random.default_rng(0)
    return table.assign(
        images=1_000,
        distinct=(1_000 * share).astype(int),
        pattern_share=share,
        information=rng.random(len(table)),
        block_information=rng.random(len(table)),
    )


# ------------------------------------------------------------------------------------- heat maps


def test_heat_maps_have_a_column_per_set_up_and_a_row_per_measure():
    figure = lens_evolution.heat_maps(over_training(), {10: "narrow", 7: "wide"})
    maps = figure.axes[:4]
    assert [ax.get_title("left") for ax in maps] == ["narrow", "wide", "", ""]
    assert [ax.collections[0].get_clim() for ax in maps[:2]] == [(0, 1)] * 2
    assert maps[2].collections[0].get_clim() == pytest.approx((0.2, 0.4))
    drawn = np.asarray(maps[1].collections[0].get_array())
    assert drawn.shape == (2, len(ITERATIONS))
    assert drawn[0].tolist() == pytest.approx([0.005, 0.255, 0.505, 0.755, 1])


def test_triangles_stand_where_kappa_stays_above_the_threshold():
    figure = lens_evolution.heat_maps(over_training(), {7: "wide"})
    (marks,) = figure.axes[0].lines
    assert marks.get_xdata().tolist() == [10, 1] and marks.get_ydata().tolist() == [1, 2]
    assert told_below(figure) == ["from here on κ ≥ 0.5"]


def test_heat_maps_of_other_measures_have_no_triangles():
    figure = lens_evolution.heat_maps(over_training(), measures=["relative_entropy"])
    assert not figure.legends and not figure.axes[0].lines
    assert figure.axes[0].get_title("left") == "#7: 400 neurons"


def test_a_constant_layer_has_a_place_without_colour():
    table = over_training(setups=(7,))
    table.loc[table["layer"] == 2, "kappa_final"] = np.nan
    figure = lens_evolution.heat_maps(table)
    assert np.ma.getmaskarray(figure.axes[0].collections[0].get_array())[1].all()
    assert figure.axes[0].lines[0].get_ydata().tolist() == [1]


def test_ill_heat_maps_are_named():
    table = over_training()
    with pytest.raises(MBHError, match="the table has the set-ups 7, 10"):
        lens_evolution.heat_maps(table, {3: "other"})
    with pytest.raises(MBHError, match="no column 'nothing'"):
        lens_evolution.heat_maps(table, measures=["nothing"])
    with pytest.raises(MBHError, match="measures is empty"):
        lens_evolution.heat_maps(table, measures=[])
    with pytest.raises(MBHError, match="family is 'deepfc'"):
        lens_evolution.heat_maps(table, family="deepfc")


# --------------------------------------------------------------------------- settling, over layers


def test_settling_has_an_axes_per_layer():
    table = by_layer(networks()[lambda t: t["dataset"] == "mnist"])
    table = table.merge(pd.DataFrame({"threshold": [0.5, 0.9]}), how="cross")
    table["tau"] = 1_000 * table["threshold"] * table["layer"] + table["model"]
    figure = lens_evolution.settling_over_density(table)
    first, second = figure.axes
    assert first.get_ylabel() == "iteration from which κ ≥ 0.5"
    assert [ax.get_title("left") for ax in (first, second)] == [
        "first hidden layer", "second hidden layer",
    ]  # fmt: skip
    assert set(means_of(first).tolist()) == {500.5}
    assert set(means_of(second).tolist()) == {1_000.5}
    assert "bars: " + SPREAD.split(": ")[1] in told_below(figure)
    with pytest.raises(MBHError, match="threshold is 0.6"):
        lens_evolution.settling_over_density(table, threshold=0.6)


def test_entropies_over_layers_have_a_line_per_depth():
    parts = [over_training(depth, setups=(depth,)) for depth in (1, 3)]
    figure = lens_evolution.entropy_over_layers(pd.concat(parts), source="validation")
    assert len(figure.axes) == 9
    assert [ax.get_title("left") for ax in figure.axes[:3]] == [
        "before training", "after 10 iterations", "after 1,000 iterations",
    ]  # fmt: skip
    assert figure.axes[0].lines[1].get_ydata() == pytest.approx([0.2, 0.4, 0.6])
    assert told_below(figure)[:2] == ["1 layer", "3 layers"]
    with pytest.raises(MBHError, match="iteration is 7"):
        lens_evolution.entropy_over_layers(pd.concat(parts), iterations=[7])


# ------------------------------------------------------------------------------ beside the thesis


def test_distinct_patterns_have_a_row_per_data_set():
    figure = lens_evolution.distinct_patterns(by_layer(networks(trained=(True, False))))
    titles = [ax.get_title("left") for ax in figure.axes]
    assert titles[:2] == ["MNIST: first hidden layer", "MNIST: second hidden layer"]
    told = told_below(figure)
    assert {"trained", "untrained", "one per image", "half as many"} <= set(told)
    uneven = by_layer(networks())
    uneven.loc[0, "images"] = 7
    with pytest.raises(MBHError, match="different numbers of images"):
        lens_evolution.distinct_patterns(uneven)


def test_specialization_and_patterns_share_their_set_ups():
    patterns = over_training()
    table = patterns[patterns["layer"] == 1].assign(s=0.5, coverage=0.8, domain="square")
    table = table[table["setup"] == 10]
    figure = lens_evolution.specialization_and_patterns(table, patterns)
    assert [len(ax.lines) for ax in figure.axes] == [1, 1, 1]
    assert figure.axes[1].lines[0].get_ydata()[0] == pytest.approx(0.255), "the last layer's"
    with pytest.raises(MBHError, match="no set-up in common"):
        lens_evolution.specialization_and_patterns(table.assign(setup=9), patterns)


def test_set_ups_whose_information_says_nothing_have_a_ring():
    patterns = by_layer(networks())
    table = networks().assign(s=0.6, accuracy=0.8, coverage=0.8, domain="square")
    figure = lens_evolution.specialization_against_patterns(table, patterns)
    wide = {s.number for s in LENET.setups(784) if s.n_hidden > 100}
    for ax, ringed in zip(figure.axes[:3], (True, False, True), strict=True):
        rings = [c for c in ax.collections if c.get_label().startswith("ring")]
        assert bool(rings) == ringed
        assert not ringed or len(rings[0].get_offsets()) == len(wide)
    assert figure.axes[2].get_xscale() == "log"
    with pytest.raises(MBHError, match="no network in common"):
        lens_evolution.specialization_against_patterns(table, patterns.assign(model=9))
