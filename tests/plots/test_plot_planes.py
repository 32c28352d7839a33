"""What is drawn on a plane or a line: regions, classes, spanning points."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawn import F1, PLANE, area, labels, network_of, on_a_line, patches
from matplotlib.collections import LineCollection

from mbh_utils import Plane, partition_input_space, plots
from mbh_utils.errors import MBHError


def test_regions_are_all_drawn_in_the_colour_of_their_active_neurons(partition):
    ax = plots.regions(partition)
    assert ax.get_xlim() == (-2, 7) and ax.get_ylim() == (-3, 6) and ax.get_aspect() == 1
    active = partition.patterns.sum(axis=1)
    drawn = patches(ax)
    assert sum(len(p.get_path().to_polygons()) for p in drawn) == len(partition) == 20
    areas = sorted(area(p.get_path()) for p in drawn)
    numbers = np.unique(active)
    assert areas == pytest.approx(sorted(partition.areas[active == k].sum() for k in numbers))
    low = active.min()
    high = active.max()
    cmap = plt.get_cmap("cividis")
    expected = {cmap((k - low) / (high - low)) for k in numbers.astype(float)}
    assert {p.get_facecolor() for p in drawn} == expected
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "active hidden neurons" and bar.get_ylim() == (low, high)
    assert len(plots.regions(partition, colour_bar=False).figure.axes) == 1


def test_regions_of_a_plane_without_any_boundary():
    one = partition_input_space(F1, Plane.rectangle((0.1, 0.2), (0.2, 0.3)))
    assert len(one) == 1 and len(patches(plots.regions(one))) == 1


def test_regions_of_a_line_are_strips_coloured_by_active_neurons():
    line = on_a_line()
    ax = plots.regions(line)
    assert ax.get_xlim() == (0, 4) and ax.get_ylim() == (0, 1) and not len(ax.get_yticks())
    active = line.patterns.sum(axis=1)
    for patch, n in zip(patches(ax), np.unique(active), strict=True):
        assert area(patch.get_path()) == pytest.approx(line.areas[active == n].sum())


def test_a_class_map_shows_where_each_class_wins_and_the_boundary_between():
    # Class 0 wins where |u| > 4.
    network = network_of(([[1, 0], [-1, 0]], [0, 0]), ([[1, 1], [0, 0]], [0, 4]))
    ax = plots.class_map(partition_input_space(network, PLANE, decision_boundary=True))
    outside, inside = patches(ax)
    assert area(outside.get_path()) == pytest.approx(3 * 9)
    assert area(inside.get_path()) == pytest.approx(6 * 9)
    assert outside.get_facecolor() != inside.get_facecolor()
    (boundary,) = (lines for lines in ax.collections if isinstance(lines, LineCollection))
    ends = np.concatenate(boundary.get_segments())
    assert ends[:, 0] == pytest.approx(np.full(len(ends), 4))
    assert sorted(ends[:, 1]) == [-3, 6]
    with pytest.raises(MBHError, match="decision_boundary=True"):
        plots.class_map(partition_input_space(network, PLANE))


def test_spanning_points_are_marked_where_they_are():
    plane = Plane.through([[0.0, 0, 0], [1, 0, 0], [0, 2, 1]])
    names = ["one", "two", "three"]
    ax = plots.spanning_points(plane, names, plt.figure().add_subplot())
    assert np.allclose([line.get_xydata()[0] for line in ax.lines], plane.spanning)
    assert [line.get_marker() for line in ax.lines] == ["o", "s", "^"]
    assert labels(ax) == names
    plots.plane_labels(ax)
    assert "[input units]" in ax.get_xlabel() and "[input units]" in ax.get_ylabel()


def test_classes_spanning_points_and_names_of_a_line():
    line = on_a_line()
    ax = plots.plane_labels(plots.class_map(line), line.plane)
    (boundary,) = (lines for lines in ax.collections if isinstance(lines, LineCollection))
    assert np.ravel(boundary.get_segments()[0])[::2] == pytest.approx([3.5, 3.5])
    assert "along the line" in ax.get_xlabel() and not ax.get_ylabel()
    plots.spanning_points(line.plane, ["one", "two"], ax)
    assert [tuple(mark.get_xydata()[0]) for mark in ax.lines] == [(1, 0.5), (3, 0.5)]
    assert labels(ax) == ["one", "two"]
    with pytest.raises(MBHError, match="3 names for 2 spanning points"):
        plots.spanning_points(line.plane, ["one", "two", "three"], ax)


def test_a_plane_that_no_points_span_has_none_to_mark():
    with pytest.raises(MBHError, match="not made of points"):
        plots.spanning_points(PLANE)


def test_a_refused_call_leaves_no_figure_behind(partition):
    for call in (
        lambda: plots.blanket(partition, None),
        lambda: plots.class_map(partition),
        lambda: plots.regions(F1),
    ):
        with pytest.raises(MBHError):
            call()
    assert not plt.get_fignums()
