"""Optimal patterns beside the greedy ones (chapter 8)."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of
from mbh_utils.plots.style import SPREAD

#: Where blankets are measured -> what a title calls it.
PLACES = {
    "known": "the planes that were optimised",
    "fresh": "fresh planes",
    "fresh_box": "fresh planes, input box",
    "cube": "the whole input box",
}
_KINDS: dict[str, dict] = {
    "greedy": {"color": "#0072B2", "marker": "o", "markerfacecolor": "white"},
    "optimal": {"color": "#D55E00", "marker": "D"},
}
_COLUMNS = ("setup", "model", "class", "kind", "bound", "proven", *PLACES)


def greedy_and_optimal(table: pd.DataFrame) -> Figure:
    """Specialization with greedy and with optimal patterns, for each set-up and place.

    Parameters
    ----------
    table : pandas.DataFrame
        Of experiment optimal_patterns, at one c_P.

    Returns
    -------
    Figure
        A column for each data set, a row for each place where blankets are measured. Open circles:
        patterns of Algorithm 3, diamonds: optimal ones; lines reach from the smallest to the
        largest model. Where not all classes of a set-up are proven, a small bar in the first row
        is the proven bound of s.

    Raises
    ------
    MBHError
        For a table without the columns.

    Notes
    -----
    The thesis has no such figure. s is 1 minus the share that a blanket takes (Definition 4.7), a
    mean over classes.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> row = {"setup": 7, "model": 0, "class": 0, "bound": 0.1, "proven": True}
    >>> rows = [row | {"kind": "greedy", "known": 0.3, "fresh": 0.3, "fresh_box": 0.4, "cube": 0.2}]
    >>> rows += [row | {"kind": "optimal", "known": 0.1, "fresh": 0.3, "fresh_box": 0.3, "cube": 0}]
    >>> figure = plots.figures.beyond_optimal.greedy_and_optimal(pd.DataFrame(rows))
    >>> [ax.get_title(loc="left") for ax in figure.axes][:2]
    ['the planes that were optimised', 'fresh planes']
    """
    table = rows_of(table, _COLUMNS)
    sets = by_data_set(table)
    size = (3.7 * len(sets) + 0.4, 1.75 * len(PLACES) + 0.7)
    figure, axes = plt.subplots(
        len(PLACES), len(sets), figsize=size, sharex=True, sharey=True, squeeze=False
    )
    for column, (title, here) in enumerate(sets):
        for row, (place, words) in enumerate(PLACES.items()):
            ax = axes[row, column]
            _draw(ax, here, place)
            where = f"{title}: {words}" if title and row == 0 else words
            ax.set_title(where, loc="left", fontsize=9)
            ax.label_outer()
        axes[-1, column].set_xlabel("set-up" if table["setup"].nunique() > 6 else "set-up, hidden layers")
    figure.supylabel("specialization s", fontsize=10)
    legend_below(figure, axes.flat, 3)
    return figure


def _draw(ax: Axes, table: pd.DataFrame, place: str) -> None:
    """s of both kinds of patterns over set-ups, at one place."""
    setups = sorted(table["setup"].unique())
    spots = np.arange(len(setups))
    networks = 1 - table.groupby(["kind", "setup", "model"])[place].mean()
    for shift, (kind, look) in zip((-0.13, 0.13), _KINDS.items(), strict=True):
        of_setup = networks.loc[kind].groupby("setup")
        mean = of_setup.mean().loc[setups]
        low, high = of_setup.min().loc[setups], of_setup.max().loc[setups]
        ax.vlines(spots + shift, low, high, color=look["color"], lw=1.1)
        label = f"{kind} pattern ({SPREAD})"
        ax.plot(spots + shift, mean, ls="none", ms=4.5, label=label, **look)
    if place == "known":
        _draw_bounds(ax, table, setups)
    ax.set_xticks(spots, [_named(table, setup) for setup in setups], fontsize=8)
    ax.set(ylim=(0, 1.02), xlim=(-0.6, len(setups) - 0.4))
    ax.grid(True, axis="y", lw=0.4)


def _named(table: pd.DataFrame, setup: int) -> str:
    """A set-up with its widths, where the table has them and few set-ups."""
    if "hidden" not in table or table["setup"].nunique() > 6:
        return str(setup)
    return f"#{setup}\n{table.loc[table['setup'] == setup, 'hidden'].iloc[0]}"


def _draw_bounds(ax: Axes, table: pd.DataFrame, setups: list) -> None:
    """What no pattern can exceed, where that is not what was found."""
    optimal = table[table["kind"] == "optimal"]
    means = 1 - optimal.groupby("setup")["bound"].mean()
    proven = optimal.groupby("setup")["proven"].all()
    open_ones = [(i, means[setup]) for i, setup in enumerate(setups) if not proven[setup]]
    if open_ones:
        x, y = zip(*open_ones, strict=True)
        look = {"marker": "_", "ms": 9, "mew": 1.6, "color": "black", "ls": "none"}
        ax.plot(np.array(x) + 0.13, y, label="no pattern is above (proven)", **look)
