"""Whole figures on activation regions: patterns, lines, counts by biases, before and after."""

import itertools

import numpy as np
import pandas as pd
import pytest
from drawn import F1, PLANE, SPREAD, measured

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import activation_regions


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_each_pattern_has_its_diagram():
    network = mbh.Network(2, (3, 2), 1)
    shown = {"all": dict.fromkeys(range(5), True), "some": {0: False}}
    figure = activation_regions.patterns(network, shown)
    states = [[text.get_text() for text in ax.texts] for ax in figure.axes]
    assert [ax.get_title() or ax.get_title("left") for ax in figure.axes] == ["all", "some"]
    assert states[0].count("1") == 5 and states[1].count("0") == 1
    with pytest.raises(MBHError, match="no pattern"):
        activation_regions.patterns(network, {})


def test_figure_3_2_shows_lines_and_regions_of_the_same_square():
    partition = mbh.partition_input_space(F1, PLANE)
    figure = activation_regions.lines_and_regions(partition)
    left, right = figure.axes[:2]
    assert left.get_xlim() == right.get_xlim() == (PLANE.low[0], PLANE.high[0])
    assert right.get_title("left") == f"{len(partition)} activation regions"
    words = [text.get_text() for text in (left.get_legend() or figure.legends[0]).get_texts()]
    assert words == ["hidden layer 1", "hidden layer 2", "hidden layer 3"]


def initial() -> pd.DataFrame:
    rows = [
        (n, std, domain, model, n**2 // (2 if domain == "square" else 8) + model)
        for n, std, domain, model in itertools.product(
            (16, 400), (1e-6, 1e-3), ("box", "square"), (0, 1)
        )
    ]
    return pd.DataFrame(rows, columns=["n_hidden", "bias_std", "domain", "model", "n_regions"])


def test_initial_regions_come_by_domain_and_by_spread_of_the_biases():
    figure = activation_regions.initial_regions(initial())
    square, box = figure.axes
    assert [ax.get_title("left") for ax in (square, box)] == ["in the square", "in the input box"]
    assert square.lines[0].get_ydata()[-1] == pytest.approx(1, abs=1e-3)
    assert box.lines[0].get_ydata()[-1] == pytest.approx(0.25, abs=1e-3)
    words = legend_of(figure)
    assert words[:2] == [
        "standard deviation of the first biases $10^{-6}$",
        "standard deviation of the first biases $10^{-3}$",
    ]
    assert words[2:] == [SPREAD.replace("band", "bars")]
    with pytest.raises(MBHError, match="whose domain is one of square, box"):
        activation_regions.initial_regions(initial().assign(domain="ball"))


def test_counts_have_one_legend_and_a_scale_for_each_unit():
    table = measured().assign(per_area=10.0, per_n2=0.5)
    figure = activation_regions.region_counts(table)
    left, right = figure.axes
    assert left.get_yscale() == "log" and right.get_ylim()[0] == 0
    of_left, of_right = (ax.get_legend_handles_labels()[1] for ax in (left, right))
    assert "equal HNPs" in of_left and "equal HNPs" not in of_right
    assert len(legend_of(figure)) == len(set(legend_of(figure)))


def test_before_and_after_marks_samples_on_the_rim_and_leaves_out_what_lies_beyond():
    plane = mbh.Plane.through([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    networks = [mbh.Network(3, (3, 2), 1, seed=seed) for seed in (0, 1)]
    partitions = [mbh.partition_input_space(network, plane) for network in networks]
    figure = activation_regions.before_and_after(*partitions, ["a", "b", "c"], plane.low)
    assert legend_of(figure) == ["a", "b", "c", "nearest point to the black image"]
    for ax, partition in zip(figure.axes, partitions, strict=False):
        assert f"{len(partition):,} regions" in ax.get_title("left")
        assert ax.get_xlim() == pytest.approx((plane.low[0], plane.high[0]))
        *samples, cross = ax.lines
        assert not any(line.get_clip_on() for line in samples)
        assert np.allclose(cross.get_xydata(), [plane.low])
    figure = activation_regions.before_and_after(*partitions, ["a", "b", "c"], 2 * plane.low)
    assert legend_of(figure) == ["a", "b", "c"]
