"""The static figure of a blanket: its numbers, its words, and what is drawn."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch

import mbh_utils as mbh
from mbh_utils import plots
from mbh_utils.errors import MBHError
from mbh_utils.explorers import blanket_views as explorers
from mbh_utils.regions.polygons import polygon_area


@pytest.fixture(scope="module")
def data():
    """Three classes of points with four inputs, the third class without validation samples."""
    rng = np.random.default_rng(0)
    images = rng.random((60, 4))
    labels = np.arange(60) % 3
    kept = labels < 2
    classes = ["ant", "bee", "cat & dog"]
    return mbh.from_arrays(images, labels, images[kept], labels[kept], classes=classes)


@pytest.fixture(scope="module")
def network(data):
    return mbh.feed_forward(data, (12, 8), bias_std=0.3)


@pytest.fixture(scope="module")
def plane(data):
    return mbh.Plane.through(data.train.images[:3])


@pytest.fixture(scope="module")
def regions(network, plane):
    return mbh.partition_input_space(network, plane)


# ------------------------------------------------------------ the pure function


@pytest.mark.parametrize("coverage", [0.5, 0.7, 0.95, 1.0])
def test_view_agrees_with_the_forward_pass_at_a_point_in_each_region(
    network, plane, data, regions, coverage
):
    view = explorers.blanket_view(network, regions, data.validation, 1, coverage)
    samples = mbh.activation_patterns(network, data.validation.of_class(1))
    assert view.pattern.support(samples) >= coverage
    points = plane.embed(regions.centroids)
    inside = view.pattern.satisfied_by(mbh.activation_patterns(network, points))
    assert view.area == pytest.approx(regions.areas[inside].sum())
    assert view.s == pytest.approx(1 - view.area / plane.area)
    assert view.s == pytest.approx(1 - view.share)
    s = mbh.specialization(network, data.validation.of_class(1), plane, coverage)
    assert view.s == pytest.approx(s)


def test_views_shrink_with_falling_coverage(network, data, regions):
    samples = data.validation
    views = [explorers.blanket_view(network, regions, samples, 0, c) for c in (1.0, 0.9, 0.7, 0.5)]
    for wide, narrow in itertools.pairwise(views):
        assert wide.area >= narrow.area
        assert len(wide.pattern) <= len(narrow.pattern)
    assert views[0].area > views[-1].area


def test_words_carry_the_numbers(network, data, regions):
    view = explorers.blanket_view(network, regions, data.validation, 1, 0.9)
    words = explorers.blanket_words(view, "bee")
    numbers = (f"s = {view.s:.3f}", f"{len(view.pattern)} constraint")
    for part in ("Class 1 (bee)", "c_P = 0.90", *numbers):
        assert part in words


@pytest.mark.parametrize(
    "label, coverage, part", [(2, 0.9, "no sample has the label 2"), (1, 0.0, "c_P is 0.0")]
)
def test_view_of_nothing_is_an_error(network, data, regions, label, coverage, part):
    with pytest.raises(MBHError, match=part):
        explorers.blanket_view(network, regions, data.validation, label, coverage)


# ------------------------------------------------------------ the figure function


def test_figure_draws_exactly_the_blanket(network, data, regions):
    view = explorers.blanket_view(network, regions, data.validation, 1, 0.9)
    figure = explorers.blanket_figure(regions, view)
    patches = [a for a in figure.axes[0].get_children() if isinstance(a, PathPatch)]
    (inside,) = (p for p in patches if p.get_facecolor() == to_rgba(plots.INSIDE))
    drawn = sum(polygon_area(polygon[:-1]) for polygon in inside.get_path().to_polygons())
    assert drawn == pytest.approx(view.area)
    assert f"{view.s:.3f}" in figure.axes[0].get_title()
    assert figure.axes[0].get_xlabel()
    legend = figure.axes[0].get_legend()
    words = [text.get_text() for text in legend.get_texts()]
    assert words[2:] == [f"spanning image {i}" for i in (1, 2, 3)]
    markers = [handle.get_marker() for handle in legend.legend_handles[2:]]
    assert markers == [line.get_marker() for line in figure.axes[0].lines] == ["o", "s", "^"]


def test_the_blanket_of_a_line_is_drawn_as_a_strip(network, data):
    line = mbh.Line.through(data.train.images[:2])
    regions = mbh.partition_input_space(network, line)
    view = explorers.blanket_view(network, regions, data.validation, 1, 0.8)
    s = mbh.specialization(network, data.validation.of_class(1), line, 0.8)
    assert view.s == pytest.approx(s)
    ax = explorers.blanket_figure(regions, view).axes[0]
    assert ax.get_xlim() == (line.low, line.high) and "along the line" in ax.get_xlabel()
    assert [mark.get_xydata()[0, 0] for mark in ax.lines] == pytest.approx(line.spanning)


def test_a_figure_is_left_to_no_one_to_close(network, data, regions):
    before = plt.get_fignums()
    explorers.blanket_figure(
        regions, explorers.blanket_view(network, regions, data.validation, 1, 0.8)
    )
    assert plt.get_fignums() == before
