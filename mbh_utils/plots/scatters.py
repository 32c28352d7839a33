"""Set-ups as points: measured ones against each other, and planned ones by size."""

from itertools import cycle

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.text import Annotation

from mbh_utils.plots._checks import checked_table
from mbh_utils.plots._labels import spread_labels
from mbh_utils.plots.lines import bar_lengths, explain_spread, legend_beside, name_axes
from mbh_utils.plots.style import MARKERS, axes_or_new, in_per_cent


def setup_scatter(table: pd.DataFrame, x: str, y: str, ax: Axes | None = None) -> Axes:
    """Means of the set-ups, each labelled with its number, coloured and marked by N.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, with the columns ``x``, ``y``, accuracy, n_hidden and setup. Accuracies
        are shares and are drawn in per cent.
    x, y : str
        The columns; those of ``plots.NAMES`` get a full name on their axis.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        Bars reach from the smallest to the largest model; a number that stands further from its
        point is joined to it by a line.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Figure 6.4 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"setup": [1, 14], "n_hidden": [400, 16], "accuracy": [0.89, 0.84]})
    >>> ax = plots.setup_scatter(table.assign(s=[0.85, 0.39]), "accuracy", "s")
    >>> [text.get_text() for text in ax.texts]  # the smaller N first
    ['#14', '#1']
    """
    checked_table(table, [x, y, "accuracy", "n_hidden", "setup"], [x, y, "accuracy", "n_hidden"])
    ax = axes_or_new(ax, (6, 4.6))
    table = in_per_cent(table)
    groups = sorted(table["n_hidden"].unique())
    shades = sns.color_palette("viridis", len(groups) + 1)[:-1]
    for group, colour, marker in zip(groups, shades, cycle(MARKERS), strict=False):
        by_setup = table[table["n_hidden"] == group].groupby("setup")[[x, y]]
        mean = by_setup.mean()
        low = by_setup.min()
        high = by_setup.max()
        ax.errorbar(
            mean[x],
            mean[y],
            xerr=bar_lengths(mean[x], low[x], high[x]),
            yerr=bar_lengths(mean[y], low[y], high[y]),
            fmt="none",
            ecolor=colour,
            elinewidth=0.8,
        )
        look = {"ls": "none", "marker": marker, "color": colour}
        ax.plot(mean[x], mean[y], **look, label=f"{group:,} neurons")
        for number, row in mean.iterrows():
            _number(ax, number, (row[x], row[y]))
    name_axes(ax, x, y)
    explain_spread(ax, "bars")
    spread_numbers(ax)
    legend_beside(ax)
    return ax


def _number(ax: Axes, number, spot: tuple[float, float]) -> None:
    """The number of a set-up, to be moved to where there is room."""
    look = {"textcoords": "offset points", "fontsize": 8, "zorder": 6}
    line = {"arrowstyle": "-", "lw": 0.5, "color": "0.5", "shrinkA": 1, "shrinkB": 3}
    ax.annotate(f"#{number}", spot, xytext=(5, -9), arrowprops=line, **look)


def spread_numbers(ax: Axes) -> None:
    """Move the numbers of a scatter to where they cover neither each other nor a marker.

    :func:`setup_scatter` does so for axes of the size that they have then. Call it again where a
    layout has changed their size since.
    """
    numbers = [text for text in ax.texts if isinstance(text, Annotation)]
    bars = [
        segment
        for container in ax.containers
        if isinstance(container, ErrorbarContainer)
        for lines in container.lines[2]
        for segment in lines.get_segments()
    ]
    spread_labels(ax, numbers, bars)


def setup_map(setups: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """The set-ups in the plane of density and hidden neurons, with lines of equal parameters.

    Parameters
    ----------
    setups : pandas.DataFrame
        One row per set-up, with the columns setup, n_hidden, density and parameters.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        Logarithmic in both.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Figure 6.1 of the thesis. HNPs are hidden network parameters: weights and biases of all layers
    before the output layer.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> setups = pd.DataFrame({"setup": [10, 14], "n_hidden": 16, "density": [1.0, 0.5]})
    >>> ax = plots.setup_map(setups.assign(parameters=[9472, 4736]))
    >>> [text.get_text() for text in ax.texts]
    ['4,736 HNPs', '9,472 HNPs', '#10', '#14']
    """
    names = ["setup", "n_hidden", "density", "parameters"]
    setups = checked_table(setups, names, names[1:])
    ax = axes_or_new(ax, (6, 4.2))
    near = {"textcoords": "offset points", "fontsize": 8}
    for level, rows in setups.sort_values("density").groupby("parameters"):
        ax.plot(rows["density"], rows["n_hidden"], "k--", lw=1, zorder=1)
        first = rows.iloc[0]
        spot = (first["density"], first["n_hidden"])
        ax.annotate(f"{level:,} HNPs", spot, xytext=(0, 9), ha="center", **near)
    ax.scatter(setups["density"], setups["n_hidden"], s=42, color="#0072B2", zorder=2)
    for row in setups.itertuples():
        # To the left, since the dashed lines run to the lower right.
        spot = (row.density, row.n_hidden)
        ax.annotate(f"#{row.setup}", spot, xytext=(-5, -12), ha="right", **near)
    ax.set_yscale("log")
    ax.margins(0.1, 0.14)
    name_axes(ax, "density", "n_hidden")
    values = sorted(setups["n_hidden"].unique())
    ax.set_yticks(values, [str(v) for v in values])
    ax.minorticks_off()
    return ax
