"""The explorer's pure function, its figure function, and its controls without a browser.

In a browser: see test_browser.py.
"""

import itertools

import matplotlib.pyplot as plt
import nbformat
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


@pytest.fixture
def explorer(network, plane, data):
    return explorers.blanket_explorer(network, plane, data, label=1, coverage=0.7)


@pytest.fixture
def live(explorer):
    """The explorer with its controls made, as when a notebook shows it."""
    assert len(explorer.controls.children) == 3
    return explorer


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


# ------------------------------------------------------------ the controls


def test_each_change_of_a_control_redraws(live):
    first = live.image.value, live.numbers.value
    live.coverage.value = 1.0
    assert live.view.coverage == 1.0 and "c_P = 1.00" in live.numbers.value
    assert bytes(live.image.value[:4]) == b"\x89PNG" and live.image.value != first[0]
    live.label.value = 0
    assert live.view.label == 0 and "Class 0 (ant)" in live.numbers.value
    live.reset.click()
    assert (live.image.value, live.numbers.value) == first


def test_controls_have_labels_limits_and_classes_that_exist(live):
    assert live.label.options == (("0: ant", 0), ("1: bee", 1))
    assert all(control.description for control in (live.label, live.coverage, live.reset))
    assert live.coverage.continuous_update is False
    for typed, taken in ((0.1, 0.5), (7, 1.0)):
        live.coverage.value = typed
        assert live.view.coverage == taken


def test_a_redraw_leaves_no_figure_behind(live):
    before = plt.get_fignums()
    for coverage in np.linspace(0.5, 1, 6):
        live.coverage.value = coverage
    assert plt.get_fignums() == before


def test_static_figure_shows_the_default_state(live, network, data, regions):
    live.coverage.value = 1.0
    default = explorers.blanket_view(network, regions, data.validation, 1, 0.7)
    expected = explorers.blanket_figure(regions, default)
    assert live.figure().axes[0].get_title() == expected.axes[0].get_title()


def test_an_explorer_of_a_line(network, data):
    line = mbh.Line.through(data.train.images[:2])
    explorer = explorers.blanket_explorer(network, line, data, label=1)
    s = mbh.specialization(network, data.validation.of_class(1), line, 0.8)
    assert explorer.view.s == pytest.approx(s)
    ax = explorer.figure().axes[0]
    assert ax.get_xlim() == (line.low, line.high) and "along the line" in ax.get_xlabel()
    assert [mark.get_xydata()[0, 0] for mark in ax.lines] == pytest.approx(line.spanning)
    explorer.controls.children[0].children[1].value = 1.0
    assert explorer.view.coverage == 1.0 and len(explorer.image.value)


@pytest.mark.parametrize(
    "options, part", [({"label": 2}, "class 2 has no"), ({"coverage": 0.3}, "goes from 0.5 to 1.0")]
)
def test_a_start_off_the_controls_is_an_error(network, plane, data, options, part):
    with pytest.raises(MBHError, match=part):
        explorers.blanket_explorer(network, plane, data, **options)


# ------------------------------------------------------------ executed chapters


def test_static_explorer_makes_no_widget(explorer, monkeypatch, capsys):
    monkeypatch.setenv(explorers.STATIC, "1")
    explorer._ipython_display_()
    assert "JupyterLab" in capsys.readouterr().out
    assert "controls" not in vars(explorer)


def test_executed_notebook_holds_no_widget_state(monkeypatch):
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter
    from test_browser import CELL

    from mbh_utils.workbook.kernels import kernel_environment

    for name, value in kernel_environment(1).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=120).execute()
    assert "widgets" not in notebook.metadata
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "stream" and "JupyterLab" in output.text
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "widget-view" not in page and "html-manager" not in page
