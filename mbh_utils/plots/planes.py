"""What is drawn on a plane or a line: activation regions, classes, spanning points.

Every drawing function of this package takes computed things, draws on ``ax`` (new axes where it is
None) and returns those axes; nothing here trains, loads or saves. A line lies along the horizontal
axis: its intervals are strips of height 1.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import check_flags, check_texts, checked_partition
from mbh_utils.plots.style import SPANNING_MARKERS, axes_or_new
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.planes import Line, Plane

#: Colours of numbers of active neurons.
_ACTIVITY = "cividis"

#: Look of a spanning point.
_MARK = {"ms": 8, "mfc": "white", "mec": "black", "mew": 1.4, "ls": "none"}


def plane_axes(partition: Partition, ax: Axes | None) -> Axes:
    """Axes over the domain of a partition."""
    plane = partition.plane
    if isinstance(plane, Line):
        ax = axes_or_new(ax, (4.4, 1.8))
        ax.set(xlim=(plane.low, plane.high), ylim=(0, 1), yticks=[])
    else:
        ax = axes_or_new(ax)
        (left, bottom), (right, top) = plane.low, plane.high
        ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    ax.grid(False)
    ax.spines[["top", "right"]].set_visible(True)
    return ax


def union(partition: Partition, chosen: np.ndarray) -> Path:
    """Some regions of a partition as one path, which is filled fast and without seams.

    Parameters
    ----------
    partition : Partition
        It must hold its polygons.
    chosen : array of bool, shape (n_regions,)
        Which regions belong to the path.

    Returns
    -------
    matplotlib.path.Path
        A closed polygon for each chosen region, in plane coordinates.

    Raises
    ------
    MBHError
        If ``chosen`` is not one True or False per region, or the polygons were not kept.

    Notes
    -----
    A subnetwork's part of the plane is such a union (thesis, Lemma 3.2).

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> partition = mbh.partition_input_space(two_neurons, square)
    >>> path = plots.union(partition, partition.patterns[:, 0])
    >>> len(path.to_polygons())
    2
    """
    chosen = require.bits("chosen", chosen, 1)
    if len(chosen) != len(checked_partition(partition)):
        raise MBHError(
            f"chosen has {len(chosen)} entries; expected one for each of the {len(partition)} "
            "regions"
        )
    n_corners = np.diff(partition.offsets)
    corners = partition.corners[np.repeat(chosen, n_corners)]
    sizes = n_corners[chosen]
    # A closing vertex, whose place is ignored, follows the corners of each region.
    ends = np.cumsum(sizes + 1)
    vertices = np.zeros((sizes.sum() + len(sizes), 2))
    codes = np.full(len(vertices), Path.LINETO, dtype=Path.code_type)
    codes[ends - sizes - 1] = Path.MOVETO
    codes[ends - 1] = Path.CLOSEPOLY
    vertices[codes != Path.CLOSEPOLY] = corners
    return Path(vertices, codes)


def regions(partition: Partition, ax: Axes | None = None, *, colour_bar: bool = True) -> Axes:
    """The activation regions of a partition, coloured by the number of active hidden neurons.

    Parameters
    ----------
    partition : Partition
        It must hold its polygons and patterns.
    ax : Axes, optional
        Where to draw; new axes by default.
    colour_bar : bool, default True
        Whether a colour bar says what the colours mean.

    Returns
    -------
    Axes
        Limited to the domain, in plane coordinates (units of the input space).

    Raises
    ------
    MBHError
        If this is no partition, or one without polygons or patterns.

    Notes
    -----
    Figures 1.1, 3.2 and 5.1 of the thesis show activation regions in this way.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> ax = plots.regions(mbh.partition_input_space(two_neurons, square))
    >>> ax.figure.axes[1].get_ylabel()
    'active hidden neurons'
    """
    check_flags(colour_bar=colour_bar)
    active = checked_partition(partition).patterns.sum(axis=1)
    # Before a figure is made, so that a partition without polygons leaves none behind.
    paths = {n: union(partition, active == n) for n in np.unique(active)}
    ax = plane_axes(partition, ax)
    scale = _activity_scale(active)
    cmap = plt.get_cmap(_ACTIVITY)
    width = float(np.clip(8 / np.sqrt(len(partition)), 0.06, 0.7))
    for n, path in paths.items():
        # add_artist, not add_patch, which would look at every vertex for the data limits.
        ax.add_artist(PathPatch(path, facecolor=cmap(scale(n)), edgecolor="white", linewidth=width))
    if colour_bar:
        ticks = np.linspace(active.min(), active.max(), 5).round().astype(int)
        colours = ScalarMappable(scale, cmap)
        bar = ax.figure.colorbar(colours, ax=ax, ticks=np.unique(ticks), shrink=0.8, pad=0.02)
        bar.set_label("active hidden neurons")
    return ax


def _activity_scale(active: np.ndarray) -> Normalize:
    """From the smallest to the largest number of active neurons."""
    low = int(active.min())
    return Normalize(low, max(int(active.max()), low + 1))


def activity_handles(partition: Partition) -> list[Patch]:
    """Entries of a legend: the colours of :func:`regions`, where numbers of neurons are few."""
    active = checked_partition(partition).patterns.sum(axis=1)
    scale = _activity_scale(active)
    cmap = plt.get_cmap(_ACTIVITY)
    look = {"edgecolor": "0.4", "linewidth": 0.6}
    return [
        Patch(facecolor=cmap(scale(n)), **look, label=f"{n} active neuron{'' if n == 1 else 's'}")
        for n in np.unique(active)
    ]


def class_map(partition: Partition, ax: Axes | None = None) -> Axes:
    """The predicted class over a plane, as a pale background, and the exact decision boundary.

    Parameters
    ----------
    partition : Partition
        Made with ``decision_boundary=True``.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        Limited to the domain, in plane coordinates (units of the input space).

    Raises
    ------
    MBHError
        If the partition knows no classes.

    Notes
    -----
    Figure 4.5a of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import datasets, plots
    >>> data = datasets.xor_with_outliers(n=10)
    >>> network = mbh.feed_forward(data, (4, 2))
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> partition = mbh.partition_input_space(network, square, decision_boundary=True)
    >>> ax = plots.class_map(partition)
    >>> [float(x) for x in ax.get_xlim()]
    [-1.0, 1.0]
    """
    classes = checked_partition(partition).classes
    boundary = partition.decision_boundary()
    ax = plane_axes(partition, ax)
    assert partition.output is not None, "what knows classes has an output layer"
    _, bias = partition.output
    palette = sns.color_palette("pastel", len(bias))
    for c in np.unique(classes):
        path = union(partition, classes == c)
        ax.add_artist(PathPatch(path, color=palette[c], alpha=0.5, lw=0, zorder=0))
    ax.add_collection(LineCollection(list(boundary), colors="black", linewidths=1.2, zorder=1))
    return ax


def spanning_points(
    plane: Plane | Line,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    legend: bool = True,
) -> Axes:
    """Mark the samples that span a plane, or a line: circle, square, triangle.

    Parameters
    ----------
    plane : Plane or Line
        Made of points, by ``Plane.through(points)`` or ``Line.through(points)``.
    labels : sequence of str, optional
        Names of the three (two) points, for the legend.
    ax : Axes, optional
        Where to draw; the current axes of pyplot by default.
    legend : bool, default True
        Whether a legend below shows the labels.

    Returns
    -------
    Axes
        With one marker for each point.

    Raises
    ------
    MBHError
        If the plane was not made of points, or there is not one label for each of them.

    Notes
    -----
    The planes of the thesis go through three validation images of different classes; Figure 1.1
    marks them in this way.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> plane = mbh.Plane.through([[0.0, 0, 0], [1, 0, 0], [0, 2, 1]])
    >>> ax = plots.spanning_points(plane, ["one", "two", "three"], plt.figure().add_subplot())
    >>> [line.get_marker() for line in ax.lines]
    ['o', 's', '^']
    """
    made = "the Plane or Line of a partition, partition.plane"
    require.kind_of("plane", plane, (Plane, Line), made)
    if plane.spanning is None:
        raise MBHError(
            "plane was not made of points, so none can be marked: Plane.through(points) makes one"
        )
    places = [(t, 0.5) for t in plane.spanning] if isinstance(plane, Line) else plane.spanning
    if labels is None:
        labels = [""] * len(places)
    labels = require.listed("labels", labels, "names of the spanning points")
    if len(places) > len(SPANNING_MARKERS) or len(labels) != len(places):
        raise MBHError(
            f"labels has {len(labels)} names for {len(places)} spanning points; expected one for "
            "each, up to 3"
        )
    check_flags(legend=legend)
    ax = plt.gca() if ax is None else axes_or_new(ax)
    for (u, v), marker, label in zip(places, SPANNING_MARKERS, labels, strict=False):
        # Whole also in the corners of an input box, which the spanning points are.
        ax.plot(u, v, marker, label=label, **_MARK, zorder=5, clip_on=False)
    if legend and any(labels):
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.1)}
        ax.legend(**place, ncols=3, handletextpad=0.2, columnspacing=1)
    return ax


def spanning_handles(labels: Sequence[str]) -> list[Line2D]:
    """Entries of a legend: the markers of :func:`spanning_points`, up to three."""
    labels = require.listed("spanning", labels, "names of the spanning points")
    if len(labels) > len(SPANNING_MARKERS):
        raise MBHError(f"spanning has {len(labels)} names; expected up to {len(SPANNING_MARKERS)}")
    check_texts(**{f"name {i} in spanning": label for i, label in enumerate(labels, 1)})
    return [
        Line2D([], [], marker=marker, label=label, **_MARK)
        for marker, label in zip(SPANNING_MARKERS, labels, strict=False)
    ]


def plane_labels(ax: Axes, plane: Plane | Line | None = None) -> Axes:
    """Name the axes of a plane, or of a line.

    Parameters
    ----------
    ax : Axes
        What something was drawn on.
    plane : Plane or Line, optional
        What was drawn; a plane by default.

    Returns
    -------
    Axes
        The same, with names that say the unit.

    Raises
    ------
    MBHError
        If either is something else.

    Notes
    -----
    Plane coordinates are Euclidean distances in units of the input space, that of pixels from 0
    to 1.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from mbh_utils import plots
    >>> plots.plane_labels(plt.figure().add_subplot()).get_ylabel()
    'across, $v$ [input units]'
    """
    require.kind_of("ax", ax, Axes, "axes of matplotlib")
    if isinstance(plane, Line):
        ax.set(xlabel="along the line, $t$ [input units]")
        return ax
    if plane is not None:
        require.kind_of("plane", plane, Plane, "a Plane, a Line or None")
    ax.set(xlabel="along the plane, $u$ [input units]", ylabel="across, $v$ [input units]")
    return ax
