"""Figures on the choice of neurons: whether sparse networks specialize more, or choose from more."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import setup_curves
from mbh_utils.plots.figures._layout import DOMAINS, by_data_set, legend_below, rows_of, title_of
from mbh_utils.plots.scatters import spread_numbers
from mbh_utils.plots.style import MARKERS, NAMES

_CHOICE = ("setup", "hidden", "n_hidden", "trained", "candidates", "coverage", "domain", "s")
#: Before and after training: open and filled, dashed and solid.
_WHEN = {False: "before training", True: "after training"}
_LOOKS = {"before": ("#0072B2", "o", "before training"), "after": ("#D55E00", "D", "after training")}


def over_candidates(choice: pd.DataFrame, *, coverage: float = 0.8, domain: str = "square") -> Figure:
    """Specialization over the number of candidate neurons, a line per set-up.

    Parameters
    ----------
    choice : pandas.DataFrame
        The table of the experiment choice.
    coverage : float, default 0.8
        The minimum coverage c_P.
    domain : {"square", "box"}, default "square"
        The finite part of the planes.

    Returns
    -------
    Figure
        A row for each data set; left before training, right after it. Each line ends where all
        neurons of the last layer are candidates; markers there tell the number of neurons.

    Raises
    ------
    MBHError
        For another table, and for a c_P or domain that was not measured.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = [(t, k, 0.1 * k) for t in (False, True) for k in (1, 4)]
    >>> table = pd.DataFrame(rows, columns=["trained", "candidates", "s"])
    >>> table = table.assign(setup=1, hidden="12-4", n_hidden=16, coverage=0.8, domain="box")
    >>> figure = plots.figures.beyond_choice.over_candidates(table, domain="box")
    >>> [ax.get_title(loc="left") for ax in figure.axes]
    ['before training', 'after training']
    """
    table = rows_of(choice, _CHOICE, **_measured_at(coverage, domain))
    sets = by_data_set(table)
    size = (8, 3.2 * len(sets) + 0.8)
    figure, axes = plt.subplots(
        len(sets), 2, figsize=size, squeeze=False, sharex=True, sharey=True
    )
    neurons = sorted(table["n_hidden"].unique())
    shades = colormaps["viridis"](np.linspace(0, 0.85, len(neurons)))
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, (trained, words) in zip(row, _WHEN.items(), strict=True):
            here = rows[rows["trained"] == trained]
            for n, shade, marker in zip(neurons, shades, MARKERS * len(neurons), strict=False):
                _lines_of(ax, here[here["n_hidden"] == n], shade, marker, f"N = {n}")
            ax.set_title(f"{title}, {words}" if title else words, loc="left")
    for ax in axes.flat:
        ax.set(xscale="log", ylim=(0, 1), xlabel="neurons that the pattern may choose from")
        ax.set_ylabel(NAMES["s"])
        ticks = sorted(table["candidates"].unique())
        ax.set_xticks(ticks, [str(k) for k in ticks])
        ax.minorticks_off()
        ax.label_outer()
    legend_below(figure, axes.flat, 4)
    return figure


def _measured_at(coverage: float, domain: str) -> dict:
    """Minimum coverage and domain, checked."""
    require.choice("domain", domain, DOMAINS)
    share = "a share in (0, 1]"
    return {
        "coverage": require.number("coverage", coverage, share, lambda c: 0 < c <= 1),
        "domain": domain,
    }


def _lines_of(ax: Axes, rows: pd.DataFrame, shade, marker: str, label: str) -> None:
    """The set-ups of equally many neurons: thin lines, a marker where all are candidates."""
    for i, (_, own) in enumerate(rows.groupby("setup")):
        means = own.groupby("candidates")["s"].mean()
        ax.plot(means.index, means, color=shade, lw=1.1, alpha=0.8)
        look = {"color": shade, "marker": marker, "ls": "none", "mec": "white", "mew": 0.6}
        ax.plot(means.index[-1:], means.iloc[-1:], ms=8, label=None if i else label, **look)


def ways_over_neurons(
    choice: pd.DataFrame,
    few: pd.DataFrame,
    *,
    coverage: float = 0.8,
    domain: str = "square",
) -> Figure:
    """Specialization over hidden neurons: all neurons, equally many candidates, the best few.

    Parameters
    ----------
    choice, few : pandas.DataFrame
        The tables of the experiments choice and choice_few.
    coverage : float, default 0.8
        The minimum coverage c_P.
    domain : {"square", "box"}, default "square"
        The finite part of the planes.

    Returns
    -------
    Figure
        A row for each data set, a column for each way; a line per number of parameters, solid after
        training and dashed before it. Bars reach from the smallest to the largest model.

    Raises
    ------
    MBHError
        For other tables, and for a c_P or domain that was not measured.

    Notes
    -----
    The first column is Figure 6.3b and d of the thesis, with the networks before training. Equally
    many are as many as the narrowest last layer has.

    Examples
    --------
    In a chapter, where the tables are::

        figures.beyond_choice.ways_over_neurons(choice, few)
    """
    wanted = _measured_at(coverage, domain)
    choice = rows_of(choice, (*_CHOICE, "parameters", "model"), **wanted)
    few = rows_of(few, (*_CHOICE, "parameters", "model", "method"), method="best", **wanted)
    widest = choice.groupby("hidden")["candidates"].transform("max")
    k = int(widest.min())
    ways = {
        "all neurons": choice[choice["candidates"] == widest],
        f"{k} random candidates": choice[choice["candidates"] == k],
        f"the best {k} of all": few[few["candidates"] == k],
    }
    sets = by_data_set(choice)
    size = (9, 3.0 * len(sets) + 1.0)
    figure, axes = plt.subplots(
        len(sets), len(ways), figsize=size, squeeze=False, sharex=True, sharey=True
    )
    names = choice["dataset"].unique() if "dataset" in choice else [None]
    titles = {title_of(name): name for name in names if name is not None}
    for row, (title, _) in zip(axes, sets, strict=True):
        for ax, (way, rows) in zip(row, ways.items(), strict=True):
            own = rows[rows["dataset"] == titles[title]] if title in titles else rows
            look = {"hue": "parameters", "style": "trained", "bars": True, "legend": False}
            setup_curves(own, "n_hidden", "s", ax, **look)
            ax.set_title(f"{title}:\n{way}" if title else way, loc="left", fontsize=10)
            ax.set_ylim(0, 1)
            ax.label_outer()
    legend_below(figure, axes.flat, 4)
    return figure


def slopes_of_ways(slopes: pd.DataFrame) -> Figure:
    """How each way to compare networks says that specialization grows with hidden neurons.

    Parameters
    ----------
    slopes : pandas.DataFrame
        What ``claims.choice_slopes`` gives: way, is_equal, dataset, when, slope, low, high.

    Returns
    -------
    Figure
        A panel for each data set, a row for each way. Circles: before training; diamonds: after
        it; lines: 95 % intervals. Ways below the grey line give every network equally many neurons.

    Raises
    ------
    MBHError
        For a table without these columns or without rows.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = [("all", False, "before", 0.4, 0.3, 0.5), ("four", True, "before", 0.0, -0.1, 0.1)]
    >>> slopes = pd.DataFrame(rows, columns=["way", "is_equal", "when", "slope", "low", "high"])
    >>> figure = plots.figures.beyond_choice.slopes_of_ways(slopes)
    >>> figure.axes[0].get_xlabel()
    'change per tenfold N, at equal HNPs'
    """
    numbers = ("slope", "low", "high")
    checked_table(slopes, ("way", "is_equal", "when", *numbers), numbers)
    ways = slopes.drop_duplicates("way").sort_values("is_equal", kind="stable")
    places = {way: i for i, way in enumerate(ways["way"])}
    sets = by_data_set(slopes)
    size = (2.9 * len(sets) + 2.9, 0.42 * len(places) + 1.5)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharex=True, sharey=True)
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        ax.axvline(0, color="0.3", lw=0.9, zorder=0)
        ax.axhline((~ways["is_equal"].astype(bool)).sum() - 0.5, color="0.7", lw=1, zorder=0)
        for shift, when in ((-0.16, "before"), (0.16, "after")):
            _dots(ax, rows[rows["when"] == when], places, shift, *_LOOKS[when])
        ax.set_yticks(list(places.values()), list(places))
        ax.set(ylim=(len(places) - 0.5, -0.5), xlabel="change per tenfold N, at equal HNPs")
        ax.set_title(title, loc="left")
        ax.grid(axis="x", alpha=0.3)
        ax.label_outer()
    legend_below(figure, axes.flat, 2)
    return figure


def _dots(
    ax: Axes, rows: pd.DataFrame, places: Mapping, shift: float, color: str, marker: str, label: str
) -> None:
    y = [places[way] + shift for way in rows["way"]]
    ax.hlines(y, rows["low"], rows["high"], color=color, lw=1.6)
    face = "white" if marker == "o" else color
    look = {"ls": "none", "color": color, "marker": marker, "mfc": face, "ms": 6}
    ax.plot(rows["slope"], y, label=label, **look)


def networks_and_heaps(
    heaps: pd.DataFrame, *, coverage: float = 0.8, domain: str = "square"
) -> Figure:
    """Specialization of a network over that of a heap of separate networks as large as it.

    Parameters
    ----------
    heaps : pandas.DataFrame
        The table of the experiment heaps.
    coverage : float, default 0.8
        The minimum coverage c_P.
    domain : {"square", "box"}, default "square"
        The finite part of the planes.

    Returns
    -------
    Figure
        A panel for each data set; a point for each set-up, numbered, open before training and
        filled after it. Lines reach from the smallest to the largest model. On the diagonal both
        are equal.

    Raises
    ------
    MBHError
        For another table, and for a c_P or domain that was not measured.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> row = {"setup": 6, "model": 0, "trained": True, "coverage": 0.8, "domain": "square"}
    >>> table = pd.DataFrame([{**row, "s": 0.80, "s_heap": 0.78}])
    >>> figure = plots.figures.beyond_choice.networks_and_heaps(table)
    >>> figure.axes[0].get_ylabel()
    's of one network'
    """
    columns = ("setup", "model", "trained", "coverage", "domain", "s", "s_heap")
    table = rows_of(heaps, columns, **_measured_at(coverage, domain))
    sets = by_data_set(table)
    size = (max(3.9 * len(sets), 4.4), 4.6)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharex=True, sharey=True)
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        ax.plot([0, 1], [0, 1], color="0.6", lw=1, zorder=0)
        for when, trained in (("before", False), ("after", True)):
            if len(own := rows[rows["trained"] == trained]):
                _points(ax, own, *_LOOKS[when])
        low = max(0.0, np.floor(10 * np.quantile(table[["s", "s_heap"]], 0.02)) / 10 - 0.1)
        ax.set(xlim=(low, 1), ylim=(low, 1), aspect="equal", ylabel="s of one network")
        ax.set_xlabel("s of a heap of separate networks")
        ax.set_title(title, loc="left")
        ax.label_outer()
    legend_below(figure, axes.flat, 2)
    figure.canvas.draw()  # numbers are moved by the place that they have in the layout
    for ax in axes.flat:
        spread_numbers(ax)
    return figure


def _points(ax: Axes, rows: pd.DataFrame, color: str, marker: str, label: str) -> None:
    """A numbered point per set-up, with lines to its smallest and largest model."""
    models = rows.groupby(["setup", "model"])[["s_heap", "s"]].mean()
    means = models.groupby("setup").mean()
    low = means - models.groupby("setup").min()
    high = models.groupby("setup").max() - means
    face = "white" if marker == "o" else color
    spread = {"xerr": [low["s_heap"], high["s_heap"]], "yerr": [low["s"], high["s"]]}
    look = {"fmt": marker, "color": color, "mfc": face, "ms": 6, "elinewidth": 0.8}
    ax.errorbar(means["s_heap"], means["s"], **spread, **look, label=label)
    for setup, row in means.iterrows():
        place = {"xytext": (6, -11), "textcoords": "offset points", "fontsize": 8}
        ax.annotate(f"#{setup}", (row["s_heap"], row["s"]), color=color, **place)
