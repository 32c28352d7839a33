"""Whole figures of the chapter on minimal blankets in hyperplanes: networks on one plane."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots.blankets import blanket, blanket_grid, blanket_legend, blanket_words
from mbh_utils.plots.planes import plane_labels, regions, spanning_points
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern


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
        If the columns have different coverages.

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
    size = (0.7 + 1.95 * len(patterns), 0.9 + 2.0 * len(coverages))
    figure, axes = plt.subplots(
        len(coverages), len(patterns), figsize=size, sharex=True, sharey=True, squeeze=False
    )
    for column, (title, found) in zip(axes.T, patterns.items(), strict=True):
        for ax, pattern in zip(column, found.values(), strict=True):
            blanket(partitions[title], pattern, ax, title=False, edges=False)
            share = partitions[title].blanket(pattern).share
            ax.set_title(blanket_words(share, len(pattern)), fontsize=8, loc="left")
            spanning_points(partitions[title].plane, spanning, ax, legend=False)
            plt.setp(ax.lines, markersize=6)
        column[0].annotate(
            title, (0, 1.17), xycoords="axes fraction", weight="bold", fontsize=9, va="bottom"
        )
        column[-1].set_xlabel("$u$ [input units]", fontsize=9)
    for ax, coverage in zip(axes[:, 0], coverages, strict=True):
        ax.set_ylabel(f"$c_P$ = {coverage:g}\n$v$ [input units]", fontsize=9)
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
