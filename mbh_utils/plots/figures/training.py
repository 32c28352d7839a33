"""Whole figures of the chapter on the experiments that run over the iterations of training."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import iteration_curves
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of


def over_training(
    table: pd.DataFrame,
    *,
    coverages: Sequence[float] = (0.5, 0.8, 0.95, 1.0),
    domain: str = "square",
) -> Figure:
    """Specialization at some minimum coverages and region counts over training, two scales each.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of one set-up of experiment evolution: iteration, model, plane, coverage, s and
        n_regions, with domain where both were measured.
    coverages : sequence of float, default (0.5, 0.8, 0.95, 1.0)
        The minimum coverages that get a line.
    domain : {"square", "box"}, default "square"
        The part of the plane.

    Returns
    -------
    Figure
        Rows: s, regions. Columns: linear, logarithmic with the state before training at 0.

    Raises
    ------
    MBHError
        If the table has several set-ups, or a coverage or domain was not measured.

    Notes
    -----
    Figure 6.8 of the thesis: planes are averaged before the smallest and the largest model are
    looked for.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 10, 100], "s": [0.3, 0.4, 0.6], "coverage": 0.8})
    >>> table = table.assign(n_regions=[90, 80, 120], model=0, setup=1, n_hidden=192)
    >>> figure = plots.figures.experiments.over_training(table, coverages=[0.8])
    >>> [ax.get_xscale() for ax in figure.axes]
    ['linear', 'symlog', 'linear', 'symlog']
    """
    rows = rows_of(table, ["iteration", "coverage", "s", "n_regions"], domain=domain)
    if "setup" in rows and len(rows.drop_duplicates(["setup", "n_hidden"])) > 1:
        raise MBHError("table has several set-ups; expected the rows of one of them")
    per_coverage = pd.concat([rows_of(rows, ["s"], coverage=float(c)) for c in coverages])
    one = rows_of(rows, ["s"], coverage=float(coverages[0])).assign(all="")
    figure, axes = plt.subplots(2, 2, figsize=(8, 6.4), sharey="row", sharex="col")
    for (top, bottom), scale in zip(axes.T, ("linear", "log"), strict=True):
        iteration_curves(per_coverage, "s", top, scale=scale, legend=False)
        iteration_curves(one, "n_regions", bottom, hue="all", scale=scale, legend=False)
        words = "linear" if scale == "linear" else "logarithmic"
        top.set_title(f"iterations {words}", loc="left")
    axes[0, 0].set_ylim(0, 1)
    axes[1, 0].set_ylim(0, None)
    axes[1, 0].yaxis.set_major_formatter("{x:,.0f}")
    for ax in axes.flat:
        ax.label_outer()
    figure.align_ylabels()
    legend_below(figure, [axes[0, 1]], 3)
    return figure


def setups_over_training(
    table: pd.DataFrame,
    *,
    coverage: float = 0.8,
    domain: str = "square",
    first: int = 100,
) -> Figure:
    """Accuracy, specialization and region counts of some set-ups over training and its beginning.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of set-ups of experiment evolution with about equally many parameters: iteration,
        setup, n_hidden, model, plane, coverage, accuracy, s and n_regions.
    coverage : float, default 0.8
        The minimum coverage.
    domain : {"square", "box"}, default "square"
        The part of the plane.
    first : int, default 100
        The right column ends at this iteration.

    Returns
    -------
    Figure
        Rows: accuracy, s, regions (logarithmic). Columns: the whole training, its beginning.

    Raises
    ------
    MBHError
        If the coverage or domain was not measured.

    Notes
    -----
    Figure 6.10 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 100, 200], "s": [0.3, 0.4, 0.6], "coverage": 0.8})
    >>> table = table.assign(n_regions=[90, 80, 120], accuracy=[0.1, 0.6, 0.7], n_hidden=16)
    >>> figure = plots.figures.experiments.setups_over_training(table.assign(setup=10, model=0))
    >>> [ax.get_title("left") for ax in figure.axes[:2]]
    ['whole training', 'first 100 iterations']
    """
    needed = ["iteration", "setup", "n_hidden", "accuracy", "s", "n_regions"]
    rows = rows_of(table, needed, domain=domain, coverage=float(coverage))
    sizes = rows[["setup", "n_hidden"]].drop_duplicates().sort_values("setup")
    names = {row.setup: f"#{row.setup}: {row.n_hidden:,} neurons" for row in sizes.itertuples()}
    figure, axes = plt.subplots(3, 2, figsize=(8, 8.4), sharey="row", sharex="col")
    for row, y in zip(axes, ("accuracy", "s", "n_regions"), strict=True):
        for ax, last in zip(row, (None, first), strict=True):
            look = {"hue": "setup", "names": names, "last": last, "legend": False}
            iteration_curves(rows, y, ax, **look)
            ax.label_outer()
    axes[0, 0].set_title("whole training", loc="left")
    axes[0, 0].set_ylim(0, 100)
    axes[0, 1].set_title(f"first {first} iterations", loc="left")
    axes[1, 0].set_ylim(0, 1)
    axes[2, 0].set_yscale("log")
    axes[2, 0].yaxis.set_major_formatter("{x:,.0f}")
    figure.align_ylabels()
    legend_below(figure, [axes[0, 0]], 3)
    return figure


def accuracy_over_training(table: pd.DataFrame) -> Figure:
    """Accuracy over the iterations of training of all set-ups, linear and logarithmic.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment histories: dataset, iteration, n_hidden, parameters, model, accuracy.

    Returns
    -------
    Figure
        A row for each data set. Colours are numbers of neurons, line styles numbers of parameters.

    Notes
    -----
    Figure A.1 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 10, 100], "accuracy": [0.1, 0.6, 0.8], "model": 0})
    >>> table = table.assign(n_hidden=16, parameters=9472)
    >>> figure = plots.figures.experiments.accuracy_over_training(table)
    >>> [ax.get_xscale() for ax in figure.axes]
    ['linear', 'symlog']
    """
    needed = ["iteration", "accuracy", "n_hidden", "parameters"]
    sets = by_data_set(checked_table(table, needed, needed))
    size = (8, 3.2 * len(sets) + 1.1)
    figure, axes = plt.subplots(
        len(sets), 2, figsize=size, squeeze=False, sharey="row", sharex="col"
    )
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, scale in zip(row, ("linear", "log"), strict=True):
            look = {"hue": "n_hidden", "style": "parameters", "scale": scale, "legend": False}
            iteration_curves(rows, "accuracy", ax, **look, band=False).set_title(title, loc="left")
            plt.setp(ax.lines, markersize=3.5, linewidth=1.1, markevery=0.15)
            ax.label_outer()
    legend_below(figure, axes.flat, 4)
    return figure
