"""Whole figures on what a measured specialization depends on beside the network."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import setup_curves
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of
from mbh_utils.plots.lines import curves
from mbh_utils.plots.scatters import setup_scatter, spread_numbers


def over_margins(table: pd.DataFrame, *, coverage: float = 0.95) -> Figure:
    """Specialization over the size of the square that is looked at, an axes for each data set.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment margins, with rows of experiment grid for its margin: dataset, setup,
        n_hidden, model, domain, margin, coverage, s.
    coverage : float, default 0.95
        The minimum coverage.

    Returns
    -------
    Figure
        A line for each set-up.

    Raises
    ------
    MBHError
        If the coverage was not measured.

    Notes
    -----
    The thesis does not say which finite part of a plane it takes.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"margin": [1.0, 1.5, 2.0], "s": [0.5, 0.6, 0.65], "coverage": 0.95})
    >>> table = table.assign(setup=7, n_hidden=400, model=0, domain="square")
    >>> figure = plots.figures.experiments.over_margins(table)
    >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
    ['1', '1.5', '2']
    """
    needed = ["margin", "s", "setup", "n_hidden"]
    rows = rows_of(table, needed, coverage=float(coverage), domain="square")
    sizes = rows[["setup", "n_hidden"]].drop_duplicates().sort_values("setup")
    names = {row.setup: f"#{row.setup}: {row.n_hidden:,} neurons" for row in sizes.itertuples()}
    sets = by_data_set(rows)
    size = (max(4 * len(sets), 5), 4.1)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True)
    for ax, (title, some) in zip(axes[0], sets, strict=True):
        curves(some, "margin", "s", ax, hue="setup", names=names, band=False, legend=False)
        ax.set_title(title, loc="left")
        ax.set(ylim=(0, 1), xlabel="half side of the square / distance of its images")
        values = sorted(some["margin"].unique())
        ax.set_xticks(values, [f"{value:g}" for value in values])
        ax.minorticks_off()
        ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure


def raw_and_standardised(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Accuracy over specialization, and both over density: a column for each kind of data.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Title -> one row per network, of trained ones, with setup, density, n_hidden, parameters,
        model, accuracy and s.

    Returns
    -------
    Figure
        Axes of a row have the same limits, unlike in the thesis.

    Raises
    ------
    MBHError
        If no table is given, or a table is empty or has not these columns.

    Notes
    -----
    Figure A.2 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5], "n_hidden": [16, 46], "s": [0.4, 0.6]})
    >>> table = table.assign(setup=[10, 9], parameters=9472, accuracy=[0.8, 0.9])
    >>> figure = plots.figures.experiments.raw_and_standardised({"raw": table, "other": table})
    >>> len(figure.axes)
    6
    """
    require.kind_of("tables", tables, Mapping, "a dict {title: table}")
    if not tables:
        raise MBHError("tables is to name one table at least")
    for table in tables.values():
        checked_table(table, ["setup", "density", "n_hidden", "parameters", "accuracy", "s"])
    size = (max(4 * len(tables), 5), 9.4)
    figure, axes = plt.subplots(3, len(tables), figsize=size, squeeze=False, sharey="row")
    for column, (title, table) in zip(axes.T, tables.items(), strict=True):
        setup_scatter(table, "s", "accuracy", column[0])
        column[0].set_title(title, loc="left")
        column[0].set_xlim(0, 1)
        column[0].get_legend().remove()
        for ax, y in zip(column[1:], ("accuracy", "s"), strict=True):
            setup_curves(table, "density", y, ax, bars=True, legend=False)
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    axes[2, 0].set_ylim(0, 1)
    figure.align_ylabels()
    legend_below(figure, axes[1:].flat, 3)
    figure.draw_without_rendering()
    for ax in axes[0]:
        spread_numbers(ax)
    return figure
