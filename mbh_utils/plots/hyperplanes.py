"""Bent hyperplanes: where the inputs of hidden neurons are zero."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mbh_utils.plots._checks import check_flags, checked_partition
from mbh_utils.plots.planes import plane_axes
from mbh_utils.plots.style import LAYER_STYLES, LAYERS
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.planes import Line


def bent_hyperplanes(
    partition: Partition,
    ax: Axes | None = None,
    *,
    legend: bool = True,
) -> Axes:
    """The bent hyperplane that each hidden neuron draws, coloured and dashed by layer.

    Parameters
    ----------
    partition : Partition
        It must hold its polygons and patterns.
    ax : Axes, optional
        Where to draw; new axes by default.
    legend : bool, default True
        Whether a legend below names the layers.

    Returns
    -------
    Axes
        Limited to the domain; each line is one piece of a neuron's bent hyperplane.

    Raises
    ------
    MBHError
        If this is no partition, or one without polygons or patterns.

    Notes
    -----
    A neuron's hyperplane is where its pre-activation is zero (Definition 3.6 of the thesis); it
    bends where it crosses those of earlier layers. All of them are the network's collection of bent
    hyperplanes (Definition 3.7). Drawn is the part of it that lies in the plane's domain, as in
    Figures 3.2 and 4.5b.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> ax = plots.bent_hyperplanes(mbh.partition_input_space(two_neurons, square))
    >>> len(ax.lines)
    2
    """
    check_flags(legend=legend)
    n_neurons = checked_partition(partition).patterns.shape[1]
    lines = [_hyperplane(partition, neuron) for neuron in range(n_neurons)]
    ax = plane_axes(partition, ax)
    n_layers = len(partition.widths)
    looks = [
        {"color": LAYERS[i % len(LAYERS)], "ls": LAYER_STYLES[i % len(LAYER_STYLES)]}
        for i in range(n_layers)
    ]
    layers = np.repeat(np.arange(n_layers), partition.widths)
    for bent, layer in zip(lines, layers, strict=True):
        for line in bent:
            ax.plot(*line.T, **looks[layer], lw=1.5)
    if legend:
        handles = [
            Line2D([], [], **look, label=f"hidden layer {i + 1}") for i, look in enumerate(looks)
        ]
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.12)}
        ax.legend(handles=handles, **place, ncols=n_layers)
    return ax


def _hyperplane(partition: Partition, neuron: int) -> list[np.ndarray]:
    """A neuron's bent hyperplane: polylines (k, 2), so that dashes run on around the bends."""
    if isinstance(partition.plane, Line):
        return _crossings(partition, neuron)
    return _joined(*_edges(partition, neuron))


def _crossings(partition: Partition, neuron: int) -> list[np.ndarray]:
    """Upright lines where the neuron's state changes from one interval to the next."""
    changes = np.flatnonzero(np.diff(partition.patterns[:, neuron])) + 1
    return [np.array([[t, 0.0], [t, 1.0]]) for t in partition.intervals[changes, 0]]


def _edges(partition: Partition, neuron: int) -> tuple[dict, float]:
    """Edges of regions on the neuron's hyperplane by their rounded start, and the rounding's step.

    Only those of regions where the neuron is active: so each occurs once, and they join head to
    tail.
    """
    step = 1e-9 * np.ptp(partition.plane.corners, axis=0).max()
    edges = {}
    for i in np.flatnonzero(partition.patterns[:, neuron]):
        polygon = partition.polygons[i]
        on_line = partition.edge_neurons[i] == neuron
        starts = polygon[on_line]
        ends = np.roll(polygon, -1, axis=0)[on_line]
        for edge in zip(starts, ends, strict=True):
            edges[_rounded(edge[0], step)] = edge
    return edges, step


def _joined(edges: dict, step: float) -> list[np.ndarray]:
    """Edges that begin where others end, as polylines."""
    lines = []
    while edges:
        ends = {_rounded(end, step) for _, end in edges.values()}
        # A line begins where none ends; a closed one may begin anywhere.
        key = next((key for key in edges if key not in ends), next(iter(edges)))
        line = [edges[key][0]]
        while key in edges:
            line.append(edges.pop(key)[1])
            key = _rounded(line[-1], step)
        lines.append(np.array(line))
    return lines


def _rounded(point: np.ndarray, step: float) -> tuple:
    return tuple(np.round(point / step))
