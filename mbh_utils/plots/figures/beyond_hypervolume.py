"""Blankets in all dimensions: estimates against exact shares, and against areas on planes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import by_data_set, legend_below

_LOOKS = {
    "s_square": ("#0072B2", "o", "square around the images"),
    "s_box": ("#D55E00", "D", "input box"),
}


def against_exact_shares(table: pd.DataFrame) -> Figure:
    """How far estimates and their intervals lie from shares that are known exactly.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per estimate: exact, log10_share, log10_low and log10_high, all of them decimal
        logarithms of shares.

    Returns
    -------
    Figure
        Estimates over the exact share, as ratios. Dots: intervals that hold the exact share;
        crosses: intervals that do not.

    Raises
    ------
    MBHError
        For a table without these columns.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> row = {"exact": [-9], "log10_share": [-9.1], "log10_low": [-9.2], "log10_high": [-8.9]}
    >>> figure = plots.figures.beyond_hypervolume.against_exact_shares(pd.DataFrame(row))
    >>> figure.axes[0].get_xlabel()
    'exact share'
    """
    columns = ("exact", "log10_share", "log10_low", "log10_high")
    checked_table(table, columns, columns)
    figure, ax = plt.subplots(figsize=(6.5, 3.4))
    exact = table["exact"].to_numpy(float)
    order = np.unique(exact)
    ratios = {name: 10 ** (table[name].to_numpy(float) - exact) for name in columns[1:]}
    place = np.searchsorted(order, exact).astype(float)
    number = table.groupby("exact").cumcount().to_numpy()
    place += 0.7 * (number + 0.5) / table.groupby("exact")["exact"].transform("size") - 0.35
    inside = (ratios["log10_low"] <= 1) & (ratios["log10_high"] >= 1)
    for chosen, colour, marker, label in (
        (inside, "#0072B2", "o", "interval holds the exact share"),
        (~inside, "#D55E00", "X", "interval misses it"),
    ):
        x = place[chosen]
        ax.vlines(x, ratios["log10_low"][chosen], ratios["log10_high"][chosen], colors=colour)
        ax.plot(x, ratios["log10_share"][chosen], marker, ms=4.5, color=colour, label=label)
    ax.axhline(1, color="0.3", lw=0.8, zorder=0)
    ax.set_yscale("log")
    ticks = [y for y in (0.1, 0.2, 0.5, 1, 2, 5, 10) if ax.get_ylim()[0] <= y <= ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{y:g}" for y in ticks])
    ax.minorticks_off()
    ax.set_xticks(range(len(order)), [_power(x) for x in order])
    ax.set(xlabel="exact share", ylabel="estimate / exact share")
    legend_below(figure, [ax], 2)
    return figure


def _power(log10: float) -> str:
    exponent = int(np.floor(log10 + 1e-9))
    factor = 10 ** (log10 - exponent)
    lead = "" if abs(factor - 1) < 0.05 else rf"{factor:.1f} \times "
    return f"${lead}10^{{{exponent}}}$"


def cube_and_planes(table: pd.DataFrame, reference: str = "uniform") -> Figure:
    """Shares of the whole input box against areas on planes, a point a set-up.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``experiments.beside_planes`` gives it: dataset, setup, reference, log10_share, s_square
        and s_box, one row per network and class.
    reference : {"uniform", "marginals"}, default "uniform"
        The reference measure in the box.

    Returns
    -------
    Figure
        A panel for each data set. Means over classes and models; numbers are those of set-ups.

    Raises
    ------
    MBHError
        For a table without these columns, or without this reference measure.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = {"dataset": "mnist", "setup": [1, 7], "reference": "uniform"}
    >>> rows |= {"log10_share": [-9, -1], "s_square": [0.8, 0.4], "s_box": [0.3, 0.1]}
    >>> figure = plots.figures.beyond_hypervolume.cube_and_planes(pd.DataFrame(rows))
    >>> [ax.get_title() for ax in figure.axes]
    ['MNIST']
    """
    columns = ("setup", "reference", "log10_share", "s_square", "s_box")
    checked_table(table, columns)
    require.choice("reference", reference, tuple(table["reference"].unique()))
    panels = by_data_set(table[table["reference"] == reference])
    width = 3.5 * len(panels) + 0.6
    figure, axes = plt.subplots(1, len(panels), figsize=(width, 3.9), sharey=True, squeeze=False)
    for ax, (title, rows) in zip(axes[0], panels, strict=True):
        means = rows.groupby("setup")[["log10_share", "s_square", "s_box"]].mean()
        areas = 1 - means[list(_LOOKS)]
        levels = means["log10_share"]
        ax.hlines(levels, areas.min(axis=1), areas.max(axis=1), colors="0.7", lw=0.8)
        for name, (colour, marker, label) in _LOOKS.items():
            fill = colour if marker == "o" else "white"
            look = {"color": colour, "markerfacecolor": fill, "label": f"planes: {label}"}
            ax.plot(areas[name], levels, marker, ms=5, **look)
        _numbers(ax, areas.min(axis=1), levels)
        ax.set(title=title, xlabel="mean area on planes, 1 - s", xlim=(-0.09, 1.04))
    axes[0, 0].set_ylabel("mean log10 of the share of the box")
    legend_below(figure, axes[0], 2)
    return figure


def _numbers(ax: Axes, x: pd.Series, y: pd.Series) -> None:
    """The number of each set-up on the left of its points."""
    look = {"xytext": (-5, -1), "textcoords": "offset points", "ha": "right", "va": "center"}
    for setup in x.index:
        ax.annotate(str(setup), (x[setup], y[setup]), fontsize=7.5, **look)
