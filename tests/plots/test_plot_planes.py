"""What is drawn: the data, limits, labels and legends of the figures' parts."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from mbh_utils import Line, Plane, partition_input_space, plots
from mbh_utils.errors import MBHError
from mbh_utils.networks import LENET, Network
from mbh_utils.plots import planes
from mbh_utils.regions.patterns import DecisionPattern

#: The network of Fig 3.2: 20 regions on any square that holds [-1, 6]^2.
F1 = [
    (np.array([[-1.0, 1], [1, 1]]), np.array([0.0, -4])),
    (np.array([[-1.0, -3], [-3, -1]]), np.array([4.0, 4])),
    (np.array([[1.0, 3], [3, 1]]), np.array([-4.0, -4])),
]
PLANE = Plane.rectangle((-2, -3), (7, 6))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def partition():
    return partition_input_space(F1, PLANE)


def measured() -> pd.DataFrame:
    """Set-ups as in the thesis, three models each."""
    rng = np.random.default_rng(0)
    rows = [
        {"setup": s.number, "n_hidden": s.n_hidden, "parameters": s.parameters, "model": model, "s": rng.random(),
         "density": (s.parameters - s.n_hidden) / 265_200, "accuracy": rng.random(), "per_area": rng.random()}
        for s in LENET.setups(784)
        for model in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def labels(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def area(path: Path) -> float:
    """Area of all polygons of a path together."""
    total = 0.0
    for polygon in path.to_polygons(closed_only=True):
        u, v = polygon[:-1].T
        total += 0.5 * (u @ np.roll(v, -1) - v @ np.roll(u, -1))
    return total


def patches(ax) -> list[PathPatch]:
    return [artist for artist in ax.get_children() if isinstance(artist, PathPatch)]


# ------------------------------------------------------------------------------------------- on a plane


def test_regions_are_all_drawn_in_the_colour_of_their_active_neurons(partition):
    ax = plots.regions(partition)
    assert ax.get_xlim() == (-2, 7) and ax.get_ylim() == (-3, 6) and ax.get_aspect() == 1
    active = partition.patterns.sum(axis=1)
    drawn = patches(ax)
    assert sum(len(p.get_path().to_polygons()) for p in drawn) == len(partition) == 20
    areas = sorted(area(p.get_path()) for p in drawn)
    assert areas == pytest.approx(
        sorted(partition.areas[active == k].sum() for k in np.unique(active))
    )
    low, high = active.min(), active.max()
    expected = {
        plt.get_cmap("cividis")((k - low) / (high - low)) for k in np.unique(active).astype(float)
    }
    assert {p.get_facecolor() for p in drawn} == expected
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "active hidden neurons" and bar.get_ylim() == (low, high)
    assert len(plots.regions(partition, colour_bar=False).figure.axes) == 1


def test_regions_of_a_plane_without_any_boundary(partition):
    one = partition_input_space(F1, Plane.rectangle((0.1, 0.2), (0.2, 0.3)))
    assert len(one) == 1 and len(patches(plots.regions(one))) == 1


def test_a_blanket_is_drawn_with_its_area_and_titled_with_its_share(partition):
    pattern = DecisionPattern([0, 3], [True, False])
    found = partition.blanket(pattern)
    assert 0 < found.share < 1
    ax = plots.blanket(partition, pattern)
    inside = next(p for p in patches(ax) if p.get_facecolor() == to_rgba(plots.INSIDE))
    assert area(inside.get_path()) == pytest.approx(found.area)
    assert len(inside.get_path().to_polygons()) == found.regions.sum()
    assert ax.get_title() == f"{found.share:.1%}, 2 constraints"
    assert any(
        to_rgba(plots.OUTSIDE) == p.get_facecolor()
        for p in ax.patches
        if not isinstance(p, PathPatch)
    )
    assert plots.blanket(partition, pattern, title=False).get_title() == ""


def test_words_of_a_blanket():
    assert plots.blanket_words(0.4567, 1) == "45.7%, 1 constraint"
    assert plots.blanket_words(1, 0) == "100.0%, 0 constraints"


def test_the_trivial_blanket_is_everything_and_an_empty_one_nothing(partition):
    whole = [p for p in patches(plots.blanket(partition, DecisionPattern([], []))) if p.get_fill()]
    assert area(whole[0].get_path()) == pytest.approx(81)
    nowhere = DecisionPattern(
        [2, 3, 4], [False, False, True]
    )  # nothing comes in, and the bias is -4
    assert partition.blanket(nowhere).area == 0
    empty = [p for p in patches(plots.blanket(partition, nowhere)) if p.get_fill()]
    assert len(empty[0].get_path().vertices) == 0


def test_a_grid_of_blankets_names_rows_columns_and_shares(partition):
    patterns = [
        [DecisionPattern([i], [True]), DecisionPattern([i, 5], [True, True])] for i in range(3)
    ]
    figure = plots.blanket_grid(partition, patterns, ["a", "b", "c"], ["x", "y"])
    axes = np.array(figure.axes).reshape(3, 2)
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["a", "b", "c"]
    assert [ax.get_xlabel() for ax in axes[2]] == ["x", "y"]
    for ax, pattern in zip(axes.flat, sum(patterns, []), strict=True):
        assert ax.get_title() == f"{partition.blanket(pattern).share:.1%}"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["minimal blanket", "outside"]


def test_bent_hyperplanes_lie_where_their_neuron_is_zero(partition):
    ax = plots.bent_hyperplanes(partition)
    values = []
    for line in ax.lines:
        layer = [to_rgb(c) for c in plots.LAYERS].index(to_rgb(line.get_color()))
        x = line.get_xydata()
        for weight, bias in F1[:layer]:
            x = np.maximum(x @ weight.T + bias, 0)
        weight, bias = F1[layer]
        values.append(np.abs(x @ weight.T + bias).max(axis=0).min())
    assert max(values) < 1e-9, "along each line one neuron of its layer is zero at every bend"
    drawn = sum(
        np.linalg.norm(np.diff(line.get_xydata(), axis=0), axis=1).sum() for line in ax.lines
    )
    edges = sum(
        np.linalg.norm(p - np.roll(p, -1, axis=0), axis=1)[n >= 0].sum()
        for p, n in zip(partition.polygons, partition.edge_neurons, strict=True)
    )
    assert drawn == pytest.approx(edges / 2), "every inner edge has a region on either side"
    assert labels(ax) == ["hidden layer 1", "hidden layer 2", "hidden layer 3"]
    # Four lines of Fig 3.2 are one polyline each; a bend does not break it.
    assert (
        len([line for line in ax.lines if to_rgb(line.get_color()) == to_rgb(plots.LAYERS[0])]) == 2
    )


def test_each_hyperplane_of_fig_3_2_is_drawn_as_one_line_from_border_to_border(partition):
    ax = plots.bent_hyperplanes(partition)
    assert len(ax.lines) == 6
    for line in ax.lines:
        at_border = (
            np.isclose(line.get_xydata(), PLANE.low) | np.isclose(line.get_xydata(), PLANE.high)
        ).any(axis=1)
        assert at_border[[0, -1]].all() and not at_border[1:-1].any()


def test_a_closed_hyperplane_comes_back_to_where_it_began():
    # Four first-layer neurons measure |x| and |y|; the second-layer one is active where |x| + |y| < 1.
    layers = [
        (np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]), np.zeros(4)),
        (-np.ones((1, 4)), np.ones(1)),
    ]
    ax = plots.bent_hyperplanes(partition_input_space(layers, Plane.rectangle((-2, -2), (2, 2))))
    line = ax.lines[-1].get_xydata()
    np.testing.assert_allclose(line[0], line[-1], atol=1e-9)
    assert np.linalg.norm(np.diff(line, axis=0), axis=1).sum() == pytest.approx(4 * np.sqrt(2))


def test_spanning_points_are_marked_where_they_are():
    plane = Plane.through([[0.0, 0, 0], [1, 0, 0], [0, 2, 1]])
    ax = plots.spanning_points(plane, ["one", "two", "three"], planes._axes(None))
    assert np.allclose([line.get_xydata()[0] for line in ax.lines], plane.spanning)
    assert [line.get_marker() for line in ax.lines] == ["o", "s", "^"] and labels(ax) == [
        "one",
        "two",
        "three",
    ]
    plots.plane_labels(ax)
    assert "[input units]" in ax.get_xlabel() and "[input units]" in ax.get_ylabel()


def test_a_class_map_shows_where_each_class_wins_and_the_boundary_between():
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 2)
    ).double()
    for x, values in zip(
        network.parameters(), ([[1, 0], [-1, 0]], [0, 0], [[1, 1], [0, 0]], [0, 4]), strict=True
    ):
        x.data = torch.tensor(values, dtype=torch.float64)  # class 0 wins where |u| > 4
    ax = plots.class_map(partition_input_space(network, PLANE, decision_boundary=True))
    outside, inside = (patch for patch in ax.get_children() if isinstance(patch, PathPatch))
    assert area(outside.get_path()) == pytest.approx(3 * 9) and area(
        inside.get_path()
    ) == pytest.approx(6 * 9)
    assert outside.get_facecolor() != inside.get_facecolor()
    (boundary,) = (lines for lines in ax.collections if isinstance(lines, LineCollection))
    ends = np.concatenate(boundary.get_segments())
    assert ends[:, 0] == pytest.approx(np.full(len(ends), 4)) and sorted(ends[:, 1]) == [-3, 6]
    with pytest.raises(MBHError, match="decision_boundary=True"):
        plots.class_map(partition_input_space(network, PLANE))


# ------------------------------------------------------------------------------------------------ on a line


def on_a_line():
    """A network on [0, 4], whose neurons change at 1, 2 and 3 and whose class changes at 3.5."""
    layers = torch.nn.Linear(1, 3), torch.nn.Linear(3, 2)
    values = ([[1], [-1], [1]], [-1, 2, -3], [[0, 0, 1], [0, 0, 0]], [0, 0.5])
    for x, value in zip((p for layer in layers for p in layer.parameters()), values, strict=True):
        x.data = torch.tensor(value, dtype=torch.float64)
    network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
    return partition_input_space(
        network, Line([0.0], [[1.0]], 0.0, 4.0, [1.0, 3.0]), decision_boundary=True
    )


def test_regions_of_a_line_are_strips_coloured_by_active_neurons():
    line = on_a_line()
    ax = plots.regions(line)
    assert ax.get_xlim() == (0, 4) and ax.get_ylim() == (0, 1) and not len(ax.get_yticks())
    patches = [patch for patch in ax.get_children() if isinstance(patch, PathPatch)]
    active = line.patterns.sum(axis=1)
    for patch, n in zip(patches, np.unique(active), strict=True):
        assert area(patch.get_path()) == pytest.approx(line.areas[active == n].sum())


def test_the_blanket_on_a_line_is_where_the_pattern_holds():
    ax = plots.blanket(on_a_line(), DecisionPattern([0, 1], [True, True]))
    (inside, _) = (patch for patch in ax.get_children() if isinstance(patch, PathPatch))
    corners = inside.get_path().vertices[:4]
    assert (
        sorted(corners[:, 0]) == pytest.approx([1, 1, 2, 2])
        and ax.get_title() == "25.0%, 2 constraints"
    )


def test_a_neuron_bends_a_line_at_a_point():
    ax = plots.bent_hyperplanes(on_a_line())
    drawn = sorted(line.get_xydata().tolist() for line in ax.lines)
    assert np.ravel(drawn) == pytest.approx(np.ravel([[[t, 0], [t, 1]] for t in (1, 2, 3)]))


def test_classes_spanning_points_and_names_of_a_line():
    line = on_a_line()
    ax = plots.plane_labels(plots.class_map(line), line.plane)
    (boundary,) = (lines for lines in ax.collections if isinstance(lines, LineCollection))
    assert np.ravel(boundary.get_segments()[0])[::2] == pytest.approx([3.5, 3.5])
    assert "along the line" in ax.get_xlabel() and not ax.get_ylabel()
    plots.spanning_points(line.plane, ["one", "two"], ax)
    assert [tuple(mark.get_xydata()[0]) for mark in ax.lines] == [(1, 0.5), (3, 0.5)] and labels(
        ax
    ) == ["one", "two"]
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


# ----------------------------------------------------------------------------------------------- curves


@pytest.mark.parametrize("y", ["accuracy", "s"])
def test_curves_are_means_with_bands_from_least_to_largest(y):
    table, scale = measured(), 100 if y == "accuracy" else 1
    ax = plots.setup_curves(table, "density", y)
    lines = {line.get_label(): line for line in ax.lines}
    assert [f"{n} neurons" for n in (16, 46, 136, 400)] + ["equal HNPs"] == labels(ax)
    for n in (16, 46, 136, 400):
        groups = table[table["n_hidden"] == n].groupby("density")[y]
        x, mean = lines[f"{n} neurons"].get_data()
        assert list(x) == list(groups.mean().index) and np.allclose(mean, scale * groups.mean())
    bands = [c.get_paths()[0].vertices[:, 1] for c in ax.collections if len(c.get_paths()) == 1]
    last = table[table["n_hidden"] == 400][y]
    assert bands[-1].min() == pytest.approx(scale * last.min()) and bands[
        -1
    ].max() == pytest.approx(scale * last.max())
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "density of hidden weights"
    assert ax.get_ylabel() == {"accuracy": "validation accuracy [%]", "s": "specialization s"}[y]


def test_dashed_lines_join_set_ups_of_equal_parameters():
    table = measured()
    ax = plots.setup_curves(table, "density", "s")
    dashed = [line for line in ax.lines if line.get_color() == "k"]
    assert sorted(len(line.get_xdata()) for line in dashed) == [2, 3, 4, 4]
    assert not [
        line for line in plots.setup_curves(table, "n_hidden", "s").lines if line.get_color() == "k"
    ]
    # The smallest level has one set-up here: the legend still names the dashed lines.
    few = table[(table["parameters"] != 4_736) | (table["setup"] == 14)]
    assert labels(plots.setup_curves(few, "density", "s")).count("equal HNPs") == 1


def test_curves_over_neurons_grouped_by_parameters():
    ax = plots.setup_curves(measured(), "n_hidden", "s", hue="parameters")
    assert labels(ax) == [f"{p:,} HNPs" for p in (4_736, 9_472, 27_871, 83_572, 265_600)]
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
        assert len(labels(ax)) == 12


def test_specialization_over_coverage():
    table = pd.concat(
        [measured().assign(coverage=c, s=lambda t, c=c: t["s"] * c) for c in (0.5, 0.8, 1.0)]
    )
    ax = plots.coverage_curves(table)
    assert labels(ax) == [f"{n} neurons" for n in (16, 46, 136, 400)] and ax.get_ylim() == (0, 1)
    x, y = ax.lines[0].get_data()
    expected = table[table["n_hidden"] == 16].groupby("coverage")["s"].mean()
    assert (
        list(x) == [0.5, 0.8, 1.0]
        and np.allclose(y, expected)
        and ax.get_xlabel() == "minimum coverage $c_P$"
    )


def test_the_scatter_numbers_every_set_up_at_its_mean():
    table = measured()
    ax = plots.setup_scatter(table, "accuracy", "s")
    mean = table.groupby("setup")[["accuracy", "s"]].mean() * [100, 1]
    numbers = {text.get_text(): text.xy for text in ax.texts}
    assert set(numbers) == {f"#{i}" for i in range(1, 15)}
    assert all(np.allclose(numbers[f"#{i}"], mean.loc[i]) for i in mean.index)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("validation accuracy [%]", "specialization s")


def test_the_scatter_takes_models_that_all_measure_the_same():
    rows, values = measured().query("setup == 1"), np.arange(1, 360) / 360
    beside = [
        v for v in values if rows.assign(v=100 * v).groupby("setup")["v"].mean().iloc[0] > 100 * v
    ]
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
    rows = [("dense", 1.0, m, t, 0.9 if t else 0.1) for m in range(2) for t in (True, False)]
    rows += [
        (kind, d, m, t, d / 2 + m / 10 + t / 5)
        for kind in ("ticket", "reinitialised") for d in (0.1, 0.5) for m in range(2) for t in (True, False)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["kind", "density", "model", "trained", "accuracy"])
    ax = plots.ticket_curves(table)
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["dense, trained"].get_ydata()[0] == 90 and len(labels(ax)) == 5
    x, y = lines["magnitude mask, initial weights: trained"].get_data()
    assert list(x) == [0.1, 0.5, 1.0] and np.allclose(y, [30, 50, 90])
    x, y = lines["random mask, new weights: untrained"].get_data()
    assert list(x) == [0.1, 0.5] and np.allclose(y, [10, 30])
    assert ax.get_ylabel() == "validation accuracy [%]"


# ------------------------------------------------------------------------------ networks, images, tables


def test_a_network_diagram_draws_live_connections_and_states():
    network = Network(2, (3, 2), 2).set_masks([np.eye(3, 2), np.ones((2, 3))])
    ax = plots.network_diagram(network, {0: True, 4: False}, title="a network")
    assert [len(c.get_segments()) for c in ax.collections[:3]] == [2, 6, 4]
    assert sorted(t.get_text() for t in ax.texts) == ["0", "1"] and ax.get_title() == "a network"
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "input",
        "hidden 1",
        "hidden 2",
        "output",
    ]
    colours = [tuple(c.get_facecolor()[0]) for c in ax.collections[3:]]
    assert [colours.count(to_rgba(c)) for c in (plots.ACTIVE, plots.INACTIVE, plots.FREE)] == [
        1,
        1,
        3,
    ]


def test_an_image_keeps_its_shape_and_scale():
    pixels = np.arange(6) / 10
    ax = plots.image(pixels, (2, 3), title="six")
    assert (ax.images[0].get_array() == pixels.reshape(2, 3)).all() and ax.images[0].get_clim() == (
        0,
        1,
    )
    named = plots.image(pixels, (2, 3), label="mean")
    assert named.images[0].get_clim() == (0, 0.5) and named.figure.axes[1].get_ylabel() == "mean"


def test_a_heat_map_has_a_named_colour_bar():
    ax = plots.heat_map(np.arange(6).reshape(2, 3), label="count", limits=(0, 9))
    assert ax.images[0].get_clim() == (0, 9) and ax.figure.axes[1].get_ylabel() == "count"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("pixel column", "pixel row")


def test_a_text_table_holds_every_word():
    figure = plots.text_table(pd.DataFrame({"what": ["a", "b"], "value": [1, 2]}))
    cells = figure.axes[0].tables[0].get_celld()
    words = [[cells[i, j].get_text().get_text() for j in range(2)] for i in range(3)]
    assert words == [["what", "value"], ["a", "1"], ["b", "2"]]


def test_the_style_comes_with_the_package_and_is_large_enough_to_read():
    with plt.rc_context():
        plots.use_style()
        assert min(plt.rcParams[f"{part}.labelsize"] for part in ("axes", "xtick", "ytick")) >= 8
        assert plt.rcParams["axes.prop_cycle"].by_key()["color"][0] == "#0072B2"


def test_figures_are_drawn_without_error(partition):
    # What only fails when the picture is made, such as a wrong dash or formatter.
    figure, axes = plt.subplots(2, 3, figsize=(12, 8))
    plots.regions(partition, axes[0, 0])
    plots.bent_hyperplanes(partition, axes[0, 1])
    plots.setup_curves(measured(), "density", "accuracy", axes[0, 2])
    plots.setup_map(measured().drop_duplicates("setup"), axes[1, 0])
    plots.setup_scatter(measured(), "accuracy", "s", axes[1, 1])
    plots.blanket(partition, DecisionPattern([0], [True]), axes[1, 2])
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba())[..., :3].std() > 10
