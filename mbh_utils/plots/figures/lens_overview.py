"""All lenses on one page: how what they see goes together over networks."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table

_PLAIN = "#0072B2"
_PARTIAL = "#D55E00"
_COLUMNS = ("x", "y", "rho", "low", "high")


def associations_with(
    plain: pd.DataFrame,
    partial: pd.DataFrame,
    targets: Sequence[str],
    names: Mapping[str, str],
) -> Figure:
    """How each measure goes with a few others: dots with intervals, a panel for each of the few.

    Parameters
    ----------
    plain : pandas.DataFrame
        Rank correlations of pairs of measures: x, y, rho, low, high, as
        ``experiments.associations`` gives them.
    partial : pandas.DataFrame
        The same with the number of hidden neurons held fixed.
    targets : sequence of str
        The measures that have a panel.
    names : mapping of str to str
        Column -> what the figure calls it. Its order is that of the rows.

    Returns
    -------
    Figure
        Filled dots: rank correlation over all networks. Open diamonds: with N held fixed. Lines:
        95 % intervals.

    Raises
    ------
    MBHError
        For a table without the columns, and for a pair that it has not.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = {"x": ["s"], "y": ["z"], "rho": [0.5], "low": [0.2], "high": [0.7]}
    >>> figure = plots.figures.lens_overview.associations_with(
    ...     pd.DataFrame(rows), pd.DataFrame(rows), ["s"], {"s": "specialization", "z": "n-cut"}
    ... )
    >>> [ax.get_title() for ax in figure.axes]
    ['with specialization']
    """
    for table in (plain, partial):
        checked_table(table, _COLUMNS)
    targets = require.listed("targets", targets, "names of measures")
    rows = list(names)
    height = 0.3 * len(rows) + 1.3
    width = 2.6 * len(targets) + 2.2
    figure, axes = plt.subplots(1, len(targets), figsize=(width, height), sharey=True, squeeze=False)
    for ax, target in zip(axes[0], targets, strict=True):
        _dots(ax, plain, target, rows, -0.13, {"color": _PLAIN, "marker": "o"})
        look = {"color": _PARTIAL, "marker": "D", "markerfacecolor": "white"}
        _dots(ax, partial, target, rows, 0.17, look)
        ax.axvline(0, color="0.4", lw=0.8, zorder=0)
        ax.set(xlim=(-1.05, 1.05), title=f"with {names[target]}", xlabel="rank correlation")
        ax.grid(True, axis="x", lw=0.4)
    axes[0, 0].set_yticks(range(len(rows)), [names[row] for row in rows])
    axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
    handles = [
        Line2D([], [], color=_PLAIN, marker="o", label="over all networks"),
        Line2D([], [], color=_PARTIAL, marker="D", markerfacecolor="white", label="N held fixed"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _dots(ax: Axes, table: pd.DataFrame, target: str, rows: list, shift: float, look: dict) -> None:
    """A dot with its interval in the row of every measure but the target itself."""
    for y, row in enumerate(rows):
        if row == target:
            ax.text(0, y, "(itself)", ha="center", va="center", fontsize=7.5, color="0.4")
            continue
        found = _pair(table, row, target)
        if np.isnan(found["rho"]):
            continue
        ax.plot([found["low"], found["high"]], [y + shift] * 2, color=look["color"], lw=1.3)
        ax.plot(found["rho"], y + shift, ls="none", ms=5, **look)


def _pair(table: pd.DataFrame, one: str, other: str) -> pd.Series:
    """The row of a pair, in whichever order it stands."""
    same = (table["x"] == one) & (table["y"] == other)
    turned = (table["x"] == other) & (table["y"] == one)
    found = table[same | turned]
    if found.empty:
        raise MBHError(f"the table of correlations has no pair of {one!r} and {other!r}")
    return found.iloc[0]


def association_matrix(
    plain: pd.DataFrame, partial: pd.DataFrame, names: Mapping[str, str]
) -> Figure:
    """Every measure against every other: plain correlations below the diagonal, partial ones above.

    Parameters
    ----------
    plain, partial, names
        As of :func:`associations_with`.

    Returns
    -------
    Figure
        Colour and number tell the rank correlation; numbers whose 95 % interval excludes 0 are
        bold, the others grey.

    Raises
    ------
    MBHError
        For a table without the columns, and for a pair that it has not.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = {"x": ["s"], "y": ["z"], "rho": [0.5], "low": [0.2], "high": [0.7]}
    >>> figure = plots.figures.lens_overview.association_matrix(
    ...     pd.DataFrame(rows), pd.DataFrame(rows), {"s": "specialization", "z": "n-cut"}
    ... )
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['+.5', '+.5']
    """
    for table in (plain, partial):
        checked_table(table, _COLUMNS)
    columns = list(names)
    n = len(columns)
    rho = np.full((n, n), np.nan)
    figure, ax = plt.subplots(figsize=(0.52 * n + 2.6, 0.46 * n + 2.4))
    for i, row in enumerate(columns):
        for j, column in enumerate(columns):
            if i == j:
                continue
            found = _pair(plain if i > j else partial, row, column)
            rho[i, j] = found["rho"]
            _write_rho(ax, j, i, found)
    colours = colormaps["RdBu"].with_extremes(bad="0.93")
    image = ax.imshow(rho, cmap=colours, vmin=-1, vmax=1)
    ax.plot([-0.5, n - 0.5], [-0.5, n - 0.5], color="0.3", lw=1)
    ax.set_xticks(range(n), [names[c] for c in columns], rotation=90)
    ax.set_yticks(range(n), [names[c] for c in columns])
    ax.tick_params(length=0)
    ax.grid(False)
    words = "below the diagonal: over all networks; above it: with N held fixed"
    ax.set_title(words, fontsize=9)
    figure.colorbar(image, ax=ax, shrink=0.6, label="rank correlation")
    return figure


def _write_rho(ax: Axes, x: int, y: int, found: pd.Series) -> None:
    """The correlation in its cell: bold where its interval excludes 0."""
    if np.isnan(found["rho"]):
        return
    is_sure = found["low"] > 0 or found["high"] < 0
    ink = "0.35"
    if is_sure:
        ink = "white" if abs(found["rho"]) > 0.65 else "black"
    words = f"{found['rho']:+.1f}".replace("0.", ".").replace("-", "−")
    look = {"fontsize": 7.5, "weight": "bold" if is_sure else "normal", "color": ink}
    ax.text(x, y, words, ha="center", va="center", **look)
