"""Curves, scatters and maps over set-ups: the data drawn, legends, limits."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn import SPREAD, labels, measured

from mbh_utils import plots


@pytest.mark.parametrize("y", ["accuracy", "s"])
def test_curves_are_means_with_bands_from_least_to_largest(y):
    table = measured()
    scale = 100 if y == "accuracy" else 1
    ax = plots.setup_curves(table, "density", y)
    lines = {line.get_label(): line for line in ax.lines}
    assert [f"{n} neurons" for n in (16, 46, 136, 400)] + [SPREAD, "equal HNPs"] == labels(ax)
    for n in (16, 46, 136, 400):
        groups = table[table["n_hidden"] == n].groupby("density")[y]
        x, mean = lines[f"{n} neurons"].get_data()
        assert list(x) == list(groups.mean().index) and np.allclose(mean, scale * groups.mean())
    bands = [c.get_paths()[0].vertices[:, 1] for c in ax.collections if c.get_label()[:1] == "_"]
    last = table[table["n_hidden"] == 400][y]
    assert bands[-1].min() == pytest.approx(scale * last.min())
    assert bands[-1].max() == pytest.approx(scale * last.max())
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "density of hidden weights"
    assert ax.get_ylabel() == {"accuracy": "validation accuracy [%]", "s": "specialization s"}[y]


def test_dashed_lines_join_set_ups_of_equal_parameters():
    table = measured()
    ax = plots.setup_curves(table, "density", "s")
    dashed = [line for line in ax.lines if line.get_color() == "k"]
    assert sorted(len(line.get_xdata()) for line in dashed) == [2, 3, 4, 4]
    over_neurons = plots.setup_curves(table, "n_hidden", "s")
    assert not [line for line in over_neurons.lines if line.get_color() == "k"]
    # The smallest level has one set-up here: the legend still names the dashed lines.
    few = table[(table["parameters"] != 4_736) | (table["setup"] == 14)]
    assert labels(plots.setup_curves(few, "density", "s")).count("equal HNPs") == 1


def test_curves_over_neurons_grouped_by_parameters():
    ax = plots.setup_curves(measured(), "n_hidden", "s", hue="parameters")
    assert labels(ax) == [f"{p:,} HNPs" for p in (4_736, 9_472, 27_871, 83_572, 265_600)] + [SPREAD]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["16", "46", "136", "400"]


def test_no_group_is_lost_however_many_there_are():
    table = pd.DataFrame(
        {"n_hidden": range(1, 13), "coverage": 0.5, "s": 0.5, "accuracy": 0.5, "setup": range(12)}
    )
    table = table.assign(density=0.5, parameters=100)
    for ax in (
        plots.setup_curves(table, "density", "s", levels=False),
        plots.coverage_curves(table),
        plots.setup_scatter(table, "accuracy", "s"),
    ):
        assert len([name for name in labels(ax) if SPREAD[5:] not in name]) == 12


def test_specialization_over_coverage():
    coverages = [0.5, 0.8, 1.0]
    table = measured().merge(pd.DataFrame({"coverage": coverages}), how="cross")
    table = table.assign(s=table["s"] * table["coverage"])
    ax = plots.coverage_curves(table)
    assert labels(ax) == [f"{n} neurons" for n in (16, 46, 136, 400)] + [SPREAD]
    assert ax.get_ylim() == (0, 1)
    x, y = ax.lines[0].get_data()
    expected = table[table["n_hidden"] == 16].groupby("coverage")["s"].mean()
    assert list(x) == coverages and np.allclose(y, expected)
    assert ax.get_xlabel() == "minimum coverage $c_P$"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [".5", ".8", "1"]
    places = ax.transData.transform([(c, 0) for c in coverages])[:, 0]
    assert np.allclose(np.diff(places, 2), 0), "the measured values are equally far apart"


def test_the_scatter_numbers_every_set_up_at_its_mean():
    table = measured()
    ax = plots.setup_scatter(table, "accuracy", "s")
    mean = table.groupby("setup")[["accuracy", "s"]].mean() * [100, 1]
    numbers = {text.get_text(): text.xy for text in ax.texts}
    assert set(numbers) == {f"#{i}" for i in range(1, 15)}
    assert all(np.allclose(numbers[f"#{i}"], mean.loc[i]) for i in mean.index)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("validation accuracy [%]", "specialization s")


def test_the_scatter_takes_models_that_all_measure_the_same():
    rows = measured().query("setup == 1")

    def mean_of_equal(value: float) -> float:
        return rows.assign(equal=value).groupby("setup")["equal"].mean().iloc[0]

    beside = [v for v in np.arange(1, 360) / 360 if mean_of_equal(100 * v) > 100 * v]
    assert beside, "for some values the mean lies beside them by a rounding"
    for value in beside[:3]:
        plots.setup_scatter(rows.assign(accuracy=value), "accuracy", "s")


def test_the_map_of_set_ups():
    setups = measured().drop_duplicates("setup")
    ax = plots.setup_map(setups)
    assert np.allclose(ax.collections[0].get_offsets(), setups[["density", "n_hidden"]])
    words = {text.get_text() for text in ax.texts}
    assert {f"#{i}" for i in range(1, 15)} | {"265,600 HNPs", "4,736 HNPs"} <= words
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylabel()) == ("log", "log", "hidden neurons N")


def test_ticket_curves_start_at_the_dense_network():
    rows = []
    for model, trained in itertools.product(range(2), (True, False)):
        rows.append(("dense", 1.0, model, trained, 0.9 if trained else 0.1))
        for kind, density in itertools.product(("ticket", "reinitialised"), (0.1, 0.5)):
            rows.append((kind, density, model, trained, density / 2 + model / 10 + trained / 5))
    table = pd.DataFrame(rows, columns=["kind", "density", "model", "trained", "accuracy"])
    ax = plots.ticket_curves(table)
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["dense, trained"].get_ydata()[0] == 90 and len(labels(ax)) == 6
    x, y = lines["magnitude mask, initial weights: trained"].get_data()
    assert list(x) == [0.1, 0.5, 1.0] and np.allclose(y, [30, 50, 90])
    x, y = lines["random mask, new weights: untrained"].get_data()
    assert list(x) == [0.1, 0.5] and np.allclose(y, [10, 30])
    assert ax.get_ylabel() == "validation accuracy [%]"
