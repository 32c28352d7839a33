"""Blankets of decision patterns on a plane, alone or in a grid."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.patches import Patch, PathPatch, Polygon

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import check_flags, check_texts, checked_partition
from mbh_utils.plots.planes import plane_axes, spanning_handles, spanning_points, union
from mbh_utils.plots.style import INSIDE, OUTSIDE
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern

#: Regions are outlined on a blanket while there are fewer than these.
_MOST_OUTLINED = 60


def blanket(
    partition: Partition,
    pattern: DecisionPattern,
    ax: Axes | None = None,
    *,
    title: bool = True,
    edges: bool = True,
) -> Axes:
    """The blanket of a decision pattern on a plane: inside dark orange, outside light blue.

    Parameters
    ----------
    partition : Partition
        It must hold its polygons, areas and patterns.
    pattern : DecisionPattern
        The blanket is where it holds.
    ax : Axes, optional
        Where to draw; new axes by default.
    title : bool, default True
        Whether the title says what :func:`blanket_words` says.
    edges : bool, default True
        Outline the regions where there are few enough (below 60) to be told apart.

    Returns
    -------
    Axes
        Limited to the domain, in plane coordinates (units of the input space).

    Raises
    ------
    MBHError
        If the pattern constrains neurons that the partition's network does not have, or the
        partition does not hold what is needed.

    Notes
    -----
    Definition 3.11 of the thesis; that of a maximal pattern is a minimal blanket (Definition 4.3).
    Figures 1.1, 4.6, 6.5 and 6.7 show blankets in this way.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> partition = mbh.partition_input_space(two_neurons, square)
    >>> first_is_active = mbh.DecisionPattern([0], [True])
    >>> partition.blanket(first_is_active).share
    0.5
    >>> ax = plots.blanket(partition, first_is_active)
    >>> [float(x) for x in ax.get_xlim()]
    [-1.0, 1.0]
    """
    check_flags(title=title, edges=edges)
    found = checked_partition(partition).blanket(pattern)
    inside = union(partition, found.regions)
    ax = plane_axes(partition, ax)
    ax.add_patch(Polygon(partition.plane.corners, color=OUTSIDE, lw=0))
    ax.add_artist(PathPatch(inside, color=INSIDE, lw=0))
    if edges and len(partition) < _MOST_OUTLINED:
        every = union(partition, np.ones(len(partition), dtype=bool))
        ax.add_artist(PathPatch(every, fill=False, ec="white", lw=0.7))
    if title:
        ax.set_title(blanket_words(found.share, len(pattern)), fontsize=9)
    return ax


def blanket_words(share: float, n_constraints: int) -> str:
    """What the title of a blanket says.

    Parameters
    ----------
    share : float
        Area of the blanket / area of the plane's domain.
    n_constraints : int
        Number of neurons that the decision pattern constrains.

    Returns
    -------
    str
        The share in per cent and the number.

    Raises
    ------
    MBHError
        If either is no such number.

    Notes
    -----
    The titles of Figure 4.6 of the thesis.

    Examples
    --------
    >>> from mbh_utils import plots
    >>> plots.blanket_words(0.42, 7)
    '42.0%, 7 constraints'
    """
    require.number("share", share)
    require.whole("n_constraints", n_constraints, 0)
    return f"{share:.1%}, {n_constraints} constraint{'s' * (n_constraints != 1)}"


def blanket_handles(what: str) -> list[Patch]:
    """Entries of a legend: the two colours of a blanket's picture."""
    return [Patch(color=INSIDE, label=what), Patch(color=OUTSIDE, label="outside")]


def blanket_legend(
    figure: Figure | SubFigure,
    what: str = "minimal blanket",
    *,
    spanning: Sequence[str] = (),
) -> None:
    """One legend below a figure of blankets.

    Parameters
    ----------
    figure : Figure or SubFigure
        The figure, or a part of one.
    what : str, default "minimal blanket"
        What the inside is called.
    spanning : sequence of str, default ()
        Names of the samples that span the plane, whose markers the legend explains then.

    Raises
    ------
    MBHError
        If this is no figure of matplotlib, or ``what`` or a name is no text.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from mbh_utils import plots
    >>> figure = plt.figure()
    >>> plots.blanket_legend(figure)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['minimal blanket', 'outside']
    """
    require.kind_of("figure", figure, FigureBase, "a figure of matplotlib")
    check_texts(what=what)
    handles = [*blanket_handles(what), *spanning_handles(spanning)]
    width = sum(0.6 + 0.085 * len(str(handle.get_label())) for handle in handles)
    ncols = len(handles) if width < figure.bbox.width / figure.dpi else 3
    look = {"ncols": ncols, "columnspacing": 1.2, "handletextpad": 0.5}
    figure.legend(handles=handles, loc="outside lower center", **look)


def blanket_grid(
    partition: Partition,
    patterns: Sequence[Sequence[DecisionPattern]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    spanning: Sequence[str] = (),
) -> Figure:
    """Blankets of many decision patterns on one plane, each titled with its share of the area.

    Parameters
    ----------
    partition : Partition
        It must hold its polygons, areas and patterns.
    patterns : sequence of sequences of DecisionPattern
        One sequence per row, with one pattern per column.
    rows, columns : sequence of str
        What they are called.
    spanning : sequence of str, default ()
        Names of the samples that span the plane, which are marked then.

    Returns
    -------
    Figure
        A new one, with one legend.

    Raises
    ------
    MBHError
        If there is not one pattern for each row and column, or no row or column at all.

    Notes
    -----
    Figures B.1 and B.2 of the thesis: all classes by four minimum coverages.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> partition = mbh.partition_input_space(two_neurons, square)
    >>> patterns = [mbh.DecisionPattern([0], [True]), mbh.DecisionPattern([0, 1], [True, False])]
    >>> figure = plots.blanket_grid(partition, [patterns], ["row"], ["one", "two"])
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['one', 'two']
    """
    rows = require.listed("rows", rows, "names")
    columns = require.listed("columns", columns, "names")
    patterns = [
        require.listed("a row of patterns", row, "patterns")
        for row in require.listed("patterns", patterns, "rows")
    ]
    if not rows or not columns or [len(row) for row in patterns] != [len(columns)] * len(rows):
        raise MBHError(
            f"patterns has rows of {[len(row) for row in patterns]} patterns; expected one for "
            f"each of the {len(rows)} names in rows and the {len(columns)} in columns, one at least"
        )
    checked_partition(partition)
    marks = [str(handle.get_label()) for handle in spanning_handles(spanning)]
    size = (0.5 + 1.26 * len(columns), 0.85 + 1.34 * len(rows))
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    for row, line in zip(axes, patterns, strict=True):
        for ax, pattern in zip(row, line, strict=True):
            blanket(partition, pattern, ax, title=False, edges=False).set(xticks=[], yticks=[])
            ax.set_title(f"{partition.blanket(pattern).share:.1%}", fontsize=8, pad=2)
            if marks:
                small = {"markersize": 4, "markeredgewidth": 0.8}
                drawn = len(ax.lines)
                spanning_points(partition.plane, marks, ax, legend=False)
                plt.setp(ax.lines[drawn:], **small)
    for ax, name in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(name)
    for ax, name in zip(axes[-1], columns, strict=True):
        ax.set_xlabel(name, fontsize=9)
    blanket_legend(figure, spanning=marks)
    return figure
