"""Pictures of bent hyperplanes: where they lie, and that each is drawn in one stroke."""

import numpy as np
import pytest
from drawn import F1, PLANE, labels, on_a_line
from matplotlib.colors import to_rgb

from mbh_utils import Plane, partition_input_space, plots


def length(line) -> float:
    """Length of a drawn polyline."""
    return np.linalg.norm(np.diff(line.get_xydata(), axis=0), axis=1).sum()


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
    edges = sum(
        np.linalg.norm(p - np.roll(p, -1, axis=0), axis=1)[n >= 0].sum()
        for p, n in zip(partition.polygons, partition.edge_neurons, strict=True)
    )
    drawn = sum(length(line) for line in ax.lines)
    assert drawn == pytest.approx(edges / 2), "every inner edge has a region on either side"
    assert labels(ax) == ["hidden layer 1", "hidden layer 2", "hidden layer 3"]
    colours = [to_rgb(line.get_color()) for line in ax.lines]
    assert colours.count(to_rgb(plots.LAYERS[0])) == 2, "each of the first layer is one line"


def test_each_hyperplane_of_fig_3_2_is_drawn_as_one_line_from_border_to_border(partition):
    ax = plots.bent_hyperplanes(partition)
    assert len(ax.lines) == 6
    for line in ax.lines:
        points = line.get_xydata()
        at_limit = np.isclose(points, PLANE.low) | np.isclose(points, PLANE.high)
        at_border = at_limit.any(axis=1)
        assert at_border[[0, -1]].all() and not at_border[1:-1].any()


def test_a_closed_hyperplane_comes_back_to_where_it_began():
    # The four neurons of the first layer measure |x| and |y|; that of the second is active where
    # |x| + |y| < 1.
    layers = [
        (np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]), np.zeros(4)),
        (-np.ones((1, 4)), np.ones(1)),
    ]
    ax = plots.bent_hyperplanes(partition_input_space(layers, Plane.rectangle((-2, -2), (2, 2))))
    line = ax.lines[-1]
    first, *_, last = line.get_xydata()
    np.testing.assert_allclose(first, last, atol=1e-9)
    assert length(line) == pytest.approx(4 * np.sqrt(2))


def test_a_neuron_bends_a_line_at_a_point():
    ax = plots.bent_hyperplanes(on_a_line())
    drawn = sorted(line.get_xydata().tolist() for line in ax.lines)
    assert np.ravel(drawn) == pytest.approx(np.ravel([[[t, 0], [t, 1]] for t in (1, 2, 3)]))
