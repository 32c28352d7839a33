"""Whole figures of the chapter on the experiments: tables of measured networks in, a figure out."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import coverage_curves, setup_curves
from mbh_utils.plots.figures._layout import (
    by_data_set,
    finish_grid,
    legend_below,
    legend_under,
    rows_of,
)
from mbh_utils.plots.figures.choices import over_margins, raw_and_standardised
from mbh_utils.plots.figures.training import (
    accuracy_over_training,
    over_training,
    setups_over_training,
)
from mbh_utils.plots.lines import curves
from mbh_utils.plots.scatters import setup_scatter, spread_numbers
from mbh_utils.plots.style import SHARES

__all__ = [
    "accuracy_and_specialization",
    "accuracy_over_training",
    "before_and_after",
    "over_coverage",
    "over_density",
    "over_margins",
    "over_neurons",
    "over_samples",
    "over_setups",
    "over_training",
    "raw_and_standardised",
    "setups_over_training",
]


def over_setups(table: pd.DataFrame, y: str) -> Figure:
    """A column of all set-ups over density and over hidden neurons, a row for each data set.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, of trained ones, with dataset, density, n_hidden, parameters, model
        and ``y``.
    y : str
        The column, such as accuracy or s.

    Returns
    -------
    Figure
        Left: a line per number of neurons, dashed lines of equal parameters. Right: a line per
        number of parameters. Bars reach from the smallest to the largest model.

    Notes
    -----
    Figures 6.2, 6.3 and 6.11 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5], "n_hidden": [16, 46], "s": [0.4, 0.6]})
    >>> figure = plots.figures.experiments.over_setups(table.assign(parameters=9472), "s")
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['density of hidden weights', 'hidden neurons N']
    """
    checked_table(table, ["density", "n_hidden", "parameters", y], [y])
    sets = by_data_set(table)
    size = (8, 3.1 * len(sets) + 1.2)
    figure, axes = plt.subplots(
        len(sets), 2, figsize=size, squeeze=False, sharey="row", sharex="col"
    )
    for row, (title, rows) in zip(axes, sets, strict=True):
        setup_curves(rows, "density", y, row[0], bars=True, legend=False).set_title(title, loc="left")
        look = {"hue": "parameters", "bars": True, "legend": False}
        setup_curves(rows, "n_hidden", y, row[1], **look).set_title(title, loc="left")
        row[1].set_ylabel("")
        for ax in row:
            ax.label_outer()
        if y == "s":
            row[0].set_ylim(0, 1)  # one scale, so that data sets and twins can be compared
    for ax in axes[-1]:
        legend_under(ax, 2)
    return figure


def over_neurons(table: pd.DataFrame, y: str) -> Figure:
    """A column of all set-ups over hidden neurons only, an axes for each data set.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, of trained ones, with dataset, n_hidden, parameters, model and ``y``.
    y : str
        The column, such as s.

    Returns
    -------
    Figure
        Half of :func:`over_setups`, for a twin that stands below it: a line per number of
        parameters.

    Notes
    -----
    Figures 6.3b and d of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46], "s": [0.4, 0.6], "parameters": 9472})
    >>> figure = plots.figures.experiments.over_neurons(table, "s")
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['hidden neurons N']
    """
    sets = by_data_set(checked_table(table, ["n_hidden", "parameters", y], [y]))
    size = (max(4 * len(sets), 5), 3.9)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True)
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        look = {"hue": "parameters", "bars": True, "legend": False}
        setup_curves(rows, "n_hidden", y, ax, **look).set_title(title, loc="left")
        ax.label_outer()
    if y == "s":
        axes[0, 0].set_ylim(0, 1)
    legend_below(figure, axes.flat, 3)
    return figure


def accuracy_and_specialization(table: pd.DataFrame) -> Figure:
    """Accuracy over specialization, a numbered point for each set-up, an axes for each data set.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, of trained ones, with dataset, setup, n_hidden, model, accuracy and s.

    Returns
    -------
    Figure
        Numbers stand where they cover neither each other nor a marker.

    Notes
    -----
    Figure 6.4 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"setup": [1, 14], "n_hidden": [400, 16], "accuracy": [0.89, 0.84]})
    >>> figure = plots.figures.experiments.accuracy_and_specialization(table.assign(s=[0.85, 0.39]))
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['#1', '#14']
    """
    sets = by_data_set(checked_table(table, ["setup", "n_hidden", "accuracy", "s"]))
    figure, axes = plt.subplots(
        1, len(sets), figsize=(max(4.4 * len(sets), 5.4), 4.6), squeeze=False
    )
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        setup_scatter(rows, "s", "accuracy", ax).set_title(title, loc="left")
        ax.get_legend().remove()
    for ax in axes[0, 1:]:
        ax.set_ylabel("")
    legend_below(figure, axes.flat, 5)
    figure.draw_without_rendering()
    for ax in axes.flat:
        spread_numbers(ax)
    return figure


def over_coverage(table: pd.DataFrame) -> Figure:
    """Specialization over minimum coverage, an axes for each data set, with one vertical axis.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network and minimum coverage: dataset, n_hidden, model, coverage and s.

    Returns
    -------
    Figure
        The measured minimum coverages are equally far from each other.

    Notes
    -----
    Figure 6.6 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": 16, "coverage": [0.5, 0.8, 1.0], "s": [0.7, 0.5, 0.1]})
    >>> figure = plots.figures.experiments.over_coverage(table.assign(dataset="digits8"))
    >>> figure.axes[0].get_ylim() == (0, 1)
    True
    """
    sets = by_data_set(checked_table(table, ["n_hidden", "coverage", "s"]))
    size = (max(4 * len(sets), 5), 4.2)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True)
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        coverage_curves(rows, ax, legend=False).set_title(title, loc="left")
        ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure


def before_and_after(table: pd.DataFrame, y: str = "s") -> Figure:
    """A column over hidden neurons, before and after training, an axes per number of parameters.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, untrained and trained, of one data set: n_hidden, parameters, model,
        trained and ``y``.
    y : str, default "s"
        The column.

    Returns
    -------
    Figure
        Axes with the same limits, in which dashed lines are untrained and solid ones trained
        networks. A number of parameters that only one set-up has is left out.

    Notes
    -----
    Figure 6.9 of the thesis has all lines in one axes, where the bands of untrained and trained
    networks lie over each other.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46] * 2, "trained": [False, False, True, True]})
    >>> table = table.assign(parameters=9472, s=[0.3, 0.4, 0.5, 0.7], model=0)
    >>> figure = plots.figures.experiments.before_and_after(table)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['trained', 'untrained', 'band: smallest to largest model']
    """
    checked_table(table, ["n_hidden", "parameters", "trained", y], ["n_hidden", y])
    levels = [
        (level, rows)
        for level, rows in table.groupby("parameters")
        if rows["n_hidden"].nunique() > 1
    ]
    if not levels:
        raise MBHError("table has no number of parameters that set-ups of different N share")
    n_columns = 2 if len(levels) == 4 else min(len(levels), 3)
    n_rows = -(-len(levels) // n_columns)
    size = (max(2.8 * n_columns, 5.2), 2.5 * n_rows + 0.7)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=size, squeeze=False, sharex=True, sharey=True
    )
    for ax, (level, rows) in zip(axes.flat, levels, strict=False):
        curves(rows, "n_hidden", y, ax, hue="trained", style="trained", legend=False)
        ax.set_title(f"{level:,} HNPs", loc="left")
    finish_grid(axes, len(levels))
    values = sorted(table["n_hidden"].unique())
    axes[0, 0].set_xticks(values, [f"{value:,}" for value in values])
    if y == "s":
        axes[0, 0].set_ylim(0, 1)
    legend_below(figure, [axes[0, 0]], 3)
    return figure


def over_density(
    tables: Mapping[str, pd.DataFrame],
    rows: Sequence[str] = ("s", "n_regions"),
    *,
    share_y: bool = True,
) -> Figure:
    """Columns of tables over density: a row for each of them, a column for each table.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Title -> one row per network, with density, n_hidden, parameters, model and ``rows``.
    rows : sequence of str, default ("s", "n_regions")
        The columns that are drawn.
    share_y : bool, default True
        Whether the axes of a row have the same limits, so that tables can be compared by eye.

    Returns
    -------
    Figure
        A line per number of neurons, dashed lines of equal parameters.

    Raises
    ------
    MBHError
        If no table or no row is given, or a table is empty or has not these columns.

    Notes
    -----
    Figures 6.12 (LeNet, DeepFC) and A.3 (raw, standardised) of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5], "n_hidden": [16, 46], "s": [0.4, 0.6]})
    >>> table = table.assign(parameters=9472, n_regions=[90, 400])
    >>> figure = plots.figures.experiments.over_density({"LeNet": table, "DeepFC": table})
    >>> len(figure.axes)
    4
    """
    require.kind_of("tables", tables, Mapping, "a dict {title: table}")
    rows = require.listed("rows", rows, "columns")
    if not tables or not rows:
        raise MBHError("tables and rows are to name one table and one column at least")
    size = (max(4 * len(tables), 5), 3 * len(rows) + 0.9)
    figure, axes = plt.subplots(
        len(rows),
        len(tables),
        figsize=size,
        squeeze=False,
        sharex="col",
        sharey="row" if share_y else False,
    )
    for column, (title, table) in zip(axes.T, tables.items(), strict=True):
        for ax, y in zip(column, rows, strict=True):
            setup_curves(table, "density", y, ax, bars=True, legend=False)
            if y == "n_regions":
                ax.yaxis.set_major_formatter("{x:,.0f}")
            ax.label_outer()
        column[0].set_title(title, loc="left")
    for line, y in zip(axes, rows, strict=True):
        for ax in line if y not in SHARES else ():
            ax.set_ylim(0, 1 if y == "s" else None)
    figure.align_ylabels()
    legend_below(figure, axes.flat, 3)
    return figure


def over_samples(
    table: pd.DataFrame,
    *,
    coverage: float = 1.0,
    domain: str = "square",
) -> Figure:
    """Specialization over the number of images per class that make the patterns.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment sample_counts: dataset, setup, n_hidden, model, samples, coverage, s.
    coverage : float, default 1.0
        The minimum coverage.
    domain : {"square", "box"}, default "square"
        The part of the plane, where both were measured.

    Returns
    -------
    Figure
        An axes for each data set, a line for each set-up.

    Raises
    ------
    MBHError
        If the coverage or domain was not measured.

    Notes
    -----
    Section 6.3.1 of the thesis: with c_P = 1 all specializations come near 0. They fall with the
    number of images.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"samples": [100, 1000], "s": [0.6, 0.3], "coverage": 1.0})
    >>> table = table.assign(setup=7, n_hidden=400, model=0)
    >>> figure = plots.figures.experiments.over_samples(table)
    >>> figure.axes[0].get_xlabel()
    'training images per class'
    """
    needed = ["samples", "s", "setup", "n_hidden"]
    rows = rows_of(table, needed, coverage=float(coverage), domain=domain)
    sizes = rows[["setup", "n_hidden"]].drop_duplicates().sort_values("setup")
    names = {row.setup: f"#{row.setup}: {row.n_hidden:,} neurons" for row in sizes.itertuples()}
    sets = by_data_set(rows)
    size = (max(3.8 * len(sets), 5), 3.9)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True)
    for ax, (title, some) in zip(axes[0], sets, strict=True):
        curves(some, "samples", "s", ax, hue="setup", names=names, legend=False)
        values = sorted(some["samples"].unique())
        ax.set_xticks(values, [f"{value:,}" for value in values])
        ax.minorticks_off()
        ax.set_title(title, loc="left")
        ax.set_ylim(0, 1)
        ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure
