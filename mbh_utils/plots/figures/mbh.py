"""Whole figures of the chapter on minimal blankets and their hypervolume: networks on planes."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots.blankets import blanket, blanket_grid, blanket_legend, blanket_words
from mbh_utils.plots.curve_kinds import setup_curves
from mbh_utils.plots.diagrams import image
from mbh_utils.plots.figures._layout import DOMAINS, legend_below, rows_of
from mbh_utils.plots.planes import plane_labels, regions, spanning_points
from mbh_utils.plots.style import SPANNING_MARKERS
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Plane

#: Points along each side of a map.
_FINENESS = 121
#: What the markers of spanning samples are called.
_SHAPES = {"o": "circle", "s": "square", "^": "triangle"}


def regions_and_blankets(
    partitions: Mapping[str, Partition],
    patterns: Mapping[str, DecisionPattern],
    spanning: Sequence[str],
) -> Figure:
    """Networks in rows: their activation regions on a plane, and a minimal blanket there.

    Parameters
    ----------
    partitions : mapping of str to Partition
        Name of each network -> its regions on the plane, made of points.
    patterns : mapping of str to DecisionPattern
        The same names -> the pattern whose blanket is drawn.
    spanning : sequence of str
        What the images that span the plane are called.

    Returns
    -------
    Figure
        A row for each network. A colour bar for the number of active neurons; below, a key of the
        blanket's colours and of the markers.

    Raises
    ------
    MBHError
        If a network has no pattern.

    Notes
    -----
    Figure 1.1 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> plane = mbh.Plane.through([[0, 0], [1, 0], [0, 1]])
    >>> partition = mbh.partition_input_space(two_neurons, plane)
    >>> pattern = mbh.DecisionPattern([0], [True])
    >>> figure = plots.figures.mbh.regions_and_blankets(
    ...     {"small": partition}, {"small": pattern}, ["a", "b", "c"]
    ... )
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['minimal blanket', 'outside', 'a', 'b', 'c']
    """
    _check_names(partitions, patterns)
    size = (8, 3.55 * len(partitions) + 0.4)
    figure, axes = plt.subplots(
        len(partitions), 2, figsize=size, sharex=True, sharey=True, squeeze=False
    )
    for (name, partition), row in zip(partitions.items(), axes, strict=True):
        regions(partition, row[0]).set_title(f"{name}:\n{len(partition):,} regions", loc="left")
        pattern = patterns[name]
        blanket(partition, pattern, row[1], title=False)
        words = blanket_words(partition.blanket(pattern).share, len(pattern))
        row[1].set_title(f"{name}:\n{words}", loc="left")
        for ax in row:
            spanning_points(partition.plane, spanning, ax, legend=False)
            plane_labels(ax, partition.plane).label_outer()
    blanket_legend(figure, spanning=spanning)
    return figure


def _check_names(partitions: Mapping, patterns: Mapping) -> None:
    require.kind_of("partitions", partitions, Mapping, "a dict {name: partition}")
    require.kind_of("patterns", patterns, Mapping, "a dict {name: pattern}")
    missing = [name for name in partitions if name not in patterns]
    if missing or not partitions:
        raise MBHError(f"patterns has none for {missing or 'any network'}; expected one for each")


def _common_coverages(patterns: Mapping[str, Mapping[float, DecisionPattern]]) -> list[float]:
    """The minimum coverages that all of these have."""
    require.kind_of("patterns", patterns, Mapping, "a dict {title: {coverage: pattern}}")
    coverages = [list(found) for found in patterns.values()]
    if not coverages or not coverages[0] or any(found != coverages[0] for found in coverages):
        raise MBHError(f"patterns has the coverages {coverages}; expected the same for each title")
    return coverages[0]


def blankets_over_coverage(
    partition: Partition | Mapping[str, Partition],
    patterns: Mapping[str, Mapping[float, DecisionPattern]],
    spanning: Sequence[str],
) -> Figure:
    """Blankets of a few classes on one plane, a column for each, by rows of minimum coverage.

    Parameters
    ----------
    partition : Partition, or mapping of str to Partition
        Of the plane, made of points. A mapping of titles to partitions draws those of several
        networks; its titles are then those of ``patterns``.
    patterns : mapping of str to mapping of float to DecisionPattern
        Title of a column -> minimum coverage -> pattern. All columns have the same coverages.
    spanning : sequence of str
        What the images that span the plane are called.

    Returns
    -------
    Figure
        Each blanket is titled with its share of the plane's domain and its number of constraints.

    Raises
    ------
    MBHError
        If the columns have different coverages, or the partition is one of a line.

    Notes
    -----
    Figures 4.6 and 6.7 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> plane = mbh.Plane.through([[0, 0], [1, 0], [0, 1]])
    >>> partition = mbh.partition_input_space(two_neurons, plane)
    >>> found = {0.9: mbh.DecisionPattern([0], [True]), 1.0: mbh.DecisionPattern([], [])}
    >>> figure = plots.figures.mbh.blankets_over_coverage(
    ...     partition, {"class 8": found}, ["a", "b", "c"]
    ... )
    >>> [ax.get_ylabel().splitlines()[0] for ax in figure.axes]
    ['$c_P$ = 0.9', '$c_P$ = 1']
    """
    coverages = _common_coverages(patterns)
    is_one = isinstance(partition, Partition)
    partitions = dict.fromkeys(patterns, partition) if is_one else dict(partition)
    _check_names(patterns, partitions)
    plane = next(iter(partitions.values())).plane
    if not isinstance(plane, Plane):
        raise MBHError("partition is to be of a plane made of points, Plane.through(points)")
    across, up = plane.high - plane.low
    size = (1.0 + 1.95 * len(patterns), 0.9 + (0.4 + 1.6 * up / across) * len(coverages))
    figure, axes = plt.subplots(
        len(coverages), len(patterns), figsize=size, sharex=True, sharey=True, squeeze=False
    )
    for column, (title, found) in zip(axes.T, patterns.items(), strict=True):
        for ax, pattern in zip(column, found.values(), strict=True):
            blanket(partitions[title], pattern, ax, title=False, edges=False)
            share = partitions[title].blanket(pattern).share
            ax.set_title(blanket_words(share, len(pattern)), fontsize=8, loc="left")
            spanning_points(partitions[title].plane, spanning, ax, legend=False)
            plt.setp(ax.lines, markersize=6, clip_on=False)  # in the box they lie at the rim
        column[0].annotate(
            title, (0, 1.17), xycoords="axes fraction", weight="bold", fontsize=9, va="bottom"
        )
        column[-1].set_xlabel("$u$ [input units]", fontsize=9)
    for ax, coverage in zip(axes[:, 0], coverages, strict=True):
        ax.set_ylabel(f"$c_P$ = {coverage:g}\n$v$ [input units]", fontsize=9, labelpad=1)
    blanket_legend(figure, spanning=spanning)
    return figure


def all_classes(
    partition: Partition,
    patterns: Mapping[str, Mapping[float, DecisionPattern]],
    spanning: Sequence[str],
) -> Figure:
    """Blankets of every class in rows, by columns of minimum coverage, titled with their shares.

    Parameters
    ----------
    partition : Partition
        Of the plane, made of points.
    patterns : mapping of str to mapping of float to DecisionPattern
        Name of a class -> minimum coverage -> pattern. All classes have the same coverages.
    spanning : sequence of str
        What the images that span the plane are called.

    Returns
    -------
    Figure
        So narrow that it can be read on a small screen.

    Raises
    ------
    MBHError
        If the classes have different coverages.

    Notes
    -----
    Figures B.1 and B.2 of the thesis, which have classes in columns.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> plane = mbh.Plane.through([[0, 0], [1, 0], [0, 1]])
    >>> partition = mbh.partition_input_space(two_neurons, plane)
    >>> found = {0.9: mbh.DecisionPattern([0], [True]), 1.0: mbh.DecisionPattern([], [])}
    >>> figure = plots.figures.mbh.all_classes(partition, {"Bag": found}, ["a", "b", "c"])
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['$c_P$ = 0.9', '$c_P$ = 1']
    """
    coverages = _common_coverages(patterns)
    columns = [f"$c_P$ = {coverage:g}" for coverage in coverages]
    rows = [list(found.values()) for found in patterns.values()]
    return blanket_grid(partition, rows, list(patterns), columns, spanning=spanning)


def input_box(
    square: Plane,
    box: Plane,
    spanning: Sequence[str],
    limits: tuple[ArrayLike, ArrayLike] = (0.0, 1.0),
) -> Figure:
    """How little of the square around three samples lies in the box of all inputs.

    Parameters
    ----------
    square : Plane
        Made of points.
    box : Plane
        The same, with the domain "box".
    spanning : sequence of str
        What the samples that span the plane are called.
    limits : tuple of array_like, default (0.0, 1.0)
        Smallest and largest value of each input, such as ``(data.low, data.high)``.

    Returns
    -------
    Figure
        A map of the square: colours say which share of the inputs is beyond its limits. The border
        of the input box, and the triangle of the samples.

    Raises
    ------
    MBHError
        If the planes are not two domains of one plane that is made of points.

    Notes
    -----
    Section 4.3.1 of the thesis has the input box; section 5.2 leaves open what becomes of the parts
    of a plane outside of it.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> samples = np.eye(3)
    >>> square, box = mbh.Plane.through(samples), mbh.Plane.through(samples, domain="box")
    >>> figure = plots.figures.mbh.input_box(square, box, ["a", "b", "c"])
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['input box', 'triangle of the samples', 'a', 'b', 'c']
    """
    for name, plane in (("square", square), ("box", box)):
        require.kind_of(name, plane, Plane, "a plane made of points")
    points = square.points
    triangle = square.spanning
    if points is None or triangle is None or box.points is None or not np.array_equal(points, box.points):
        raise MBHError("square and box are to be two domains of one plane that is made of points")
    figure, ax = plt.subplots(figsize=(5.2, 5))
    (left, bottom), (right, top) = square.low, square.high
    ticks = np.linspace(0, 1, _FINENESS)
    u, v = np.meshgrid(left + ticks * (right - left), bottom + ticks * (top - bottom))
    inputs = square.embed(np.column_stack([u.ravel(), v.ravel()]))
    low, high = (np.asarray(limit, dtype=float) for limit in limits)
    beyond = (inputs < low - 1e-9) | (inputs > high + 1e-9)
    share = 100 * beyond.mean(axis=1).reshape(u.shape)
    drawn = ax.pcolormesh(u, v, share, cmap="cividis", shading="gouraud", rasterized=True)
    figure.colorbar(drawn, ax=ax, shrink=0.8).set_label("inputs beyond their limits [%]")
    look = {"fill": False, "zorder": 3}
    ax.add_patch(Polygon(box.corners, ec="white", lw=3.2, label="input box", **look))
    outline = {"ec": "black", "lw": 1.2, "ls": "--", "label": "triangle of the samples"}
    ax.add_patch(Polygon(triangle, **outline, **look))
    spanning_points(square, spanning, ax, legend=False)
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    ax.grid(visible=False)
    plane_labels(ax, square)
    legend_below(figure, [ax], 3)
    figure.legends[0].get_patches()[0].set_edgecolor("0.75")  # white would not be seen
    return figure


def blankets_of_networks(
    partitions: Mapping[str, Partition],
    patterns: Mapping[str, DecisionPattern],
    spanning: Sequence[str],
    image_shape: tuple[int, int],
) -> Figure:
    """The images that span a plane, and below them a blanket there in each of several networks.

    Parameters
    ----------
    partitions : mapping of str to Partition
        Name of each network -> its regions on the plane, made of three images.
    patterns : mapping of str to DecisionPattern
        The same names -> the pattern whose blanket is drawn.
    spanning : sequence of str
        What the images that span the plane are called.
    image_shape : tuple of int
        Height and width of an image.

    Returns
    -------
    Figure
        Each image is named together with its marker.

    Raises
    ------
    MBHError
        If a network has no pattern, or the plane does not pass through three images.

    Notes
    -----
    Figure 6.5 of the thesis.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> plane = mbh.Plane.through(np.eye(4)[:3])
    >>> partition = mbh.partition_input_space([(np.eye(4)[:2], [0, 0])], plane)
    >>> pattern = mbh.DecisionPattern([0], [True])
    >>> figure = plots.figures.mbh.blankets_of_networks(
    ...     {"small": partition}, {"small": pattern}, ["a", "b", "c"], (2, 2)
    ... )
    >>> [ax.get_xlabel() for ax in figure.axes[:3]]
    ['a (circle)', 'b (square)', 'c (triangle)']
    """
    _check_names(partitions, patterns)
    plane = next(iter(partitions.values())).plane
    points = plane.points
    if points is None or len(points) != len(SPANNING_MARKERS):
        raise MBHError("partitions are to be of a plane through three images, Plane.through(images)")
    figure = plt.figure(figsize=(max(2.75 * len(partitions) + 0.5, 5), 5.3))
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 2.6))[:, 0]
    samples = zip(points, spanning, SPANNING_MARKERS, above.subplots(1, 3), strict=True)
    for pixels, name, marker, ax in samples:
        image(pixels, image_shape, ax)
        ax.set_xlabel(f"{name} ({_SHAPES[marker]})", fontsize=9)
    axes = below.subplots(1, len(partitions), sharey=True, squeeze=False)[0]
    for (name, partition), ax in zip(partitions.items(), axes, strict=True):
        pattern = patterns[name]
        blanket(partition, pattern, ax, title=False)
        words = blanket_words(partition.blanket(pattern).share, len(pattern))
        ax.set_title(f"{name}\n{words}", loc="left", fontsize=9)
        plane_labels(spanning_points(plane, spanning, ax, legend=False), plane).label_outer()
    blanket_legend(below)
    return figure


def turning_angles(table: pd.DataFrame) -> Figure:
    """By which angle bent hyperplanes turn per crossing, over density: untrained and trained.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment bending: one row per network, domain and plane.

    Returns
    -------
    Figure
        A row for each domain and a column before and after training; a line per number of neurons,
        bars over models.

    Raises
    ------
    MBHError
        If a column is missing, or no network was measured before, or after training.

    Notes
    -----
    The thesis says of its Figure 6.5 that hyperplanes of sparse networks bend less.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5] * 2, "n_hidden": 46, "model": 0})
    >>> table = table.assign(turning_angle=[9.0, 7.0, 8.0, 6.0], parameters=9472, plane=0)
    >>> table = table.assign(domain="square", trained=[False, False, True, True], setup=1)
    >>> figure = plots.figures.mbh.turning_angles(table)
    >>> [ax.get_title("left") for ax in figure.axes]
    ['untrained, square', 'trained, square']
    """
    networks = ["setup", "n_hidden", "parameters", "density", "model"]
    rows_of(table, [*networks, "trained", "domain", "plane", "turning_angle"])
    chosen = [domain for domain in DOMAINS if domain in set(table["domain"])]
    size = (8, 2.75 * len(chosen) + 0.9)
    figure, axes = plt.subplots(
        len(chosen), 2, figsize=size, squeeze=False, sharex=True, sharey=True
    )
    for domain, line in zip(chosen, axes, strict=True):
        for trained, ax in zip((False, True), line, strict=True):
            rows = rows_of(table, networks, domain=domain, trained=trained)
            means = rows.groupby(networks)["turning_angle"].mean().dropna().reset_index()
            setup_curves(means, "density", "turning_angle", ax, bars=True, legend=False)
            title = f"{'trained' if trained else 'untrained'}, {DOMAINS[domain]}"
            ax.set_title(title, loc="left")
            ax.label_outer()
    axes[0, 0].set_ylim(bottom=0)  # of all; at last, since it ends the search for the largest value
    legend_below(figure, axes.flat, 3)
    return figure
