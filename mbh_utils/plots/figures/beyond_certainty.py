"""Figures on how sure specializations are, and on what is counted as a linear region."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mbh_utils.computing.intervals import half_widths
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import DOMAINS, by_data_set, legend_below

_LOOKS: dict[str, dict[str, Any]] = {
    "square": {"color": "#0072B2", "marker": "o"},
    "box": {"color": "#D55E00", "marker": "D", "markerfacecolor": "white"},
}
#: What takes how many planes: one network, and the difference of two set-ups.
_KINDS = {
    "network": ("#D55E00", "--", "one network"),
    "difference": ("#0072B2", "-", "difference of two set-ups"),
}
_PLANES = np.unique(np.round(np.geomspace(2, 1000, 60)).astype(int))
_NAMES = {
    "activation patterns": "activation\npatterns",
    "activation regions": "activation\nregions",
    "convex regions": "convex\nregions",
    "open connected regions": "open\nconnected",
    "closed connected regions": "closed\nconnected",
    "affine pieces": "affine\npieces",
}


def variance_components(table: pd.DataFrame) -> Figure:
    """Where the variance of s comes from: a dot with its interval for each component.

    Parameters
    ----------
    table : pandas.DataFrame
        What ``experiments.variance_components`` made: component, variance, low, high, and dataset
        and domain.

    Returns
    -------
    Figure
        A panel for each data set. The axis is the standard deviation of s that a component alone
        would give; intervals of 95 % that reach below 0 end there.

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
    >>> rows = {"component": ["model", "rest"], "variance": [0.01, 0.04], "low": 0, "high": 0.05}
    >>> table = pd.DataFrame(rows).assign(dataset="digits8", domain="square")
    >>> figure = plots.figures.beyond_certainty.variance_components(table)
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['model', 'rest']
    """
    needed = ["component", "variance", "low", "high", "domain"]
    sets = by_data_set(checked_table(table, needed, needed[1:4]))
    names = list(dict.fromkeys(table["component"]))
    size = (3.1 * len(sets) + 2, 0.34 * len(names) + 1.5)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True, sharex=True)
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        for shift, (domain, look) in zip((-0.15, 0.15), _LOOKS.items(), strict=True):
            here = rows[rows["domain"] == domain].set_index("component")
            for y, name in enumerate(names):
                if name in here.index:
                    found = here.loc[name]
                    ends = np.sqrt(np.maximum([found["low"], found["high"]], 0))
                    ax.plot(ends, [y + shift] * 2, color=look["color"], lw=1.3)
                    ax.plot(np.sqrt(max(found["variance"], 0)), y + shift, ls="none", **look)
        ax.set_title(title, loc="left")
        ax.set(xlabel="standard deviation of s", xlim=(0, None))
        ax.grid(True, axis="x", lw=0.4)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    handles = [Line2D([], [], label=DOMAINS[name], **look) for name, look in _LOOKS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def planes_needed(table: pd.DataFrame, half_width: float = 0.01, planes: int = 10) -> Figure:
    """How wide the interval of s is, over the number of planes that it is measured on.

    Parameters
    ----------
    table : pandas.DataFrame
        What ``experiments.planes_needed`` made: what, spread, and dataset and domain.
    half_width : float, default 0.01
        The half-width that is wanted, a horizontal line.
    planes : int, default 10
        The number of planes that was used, a vertical line.

    Returns
    -------
    Figure
        A row for each data set, a column for each domain. Lines: the median over networks (dashed)
        and over pairs of set-ups (solid); bands: from the 10th to the 90th percentile.

    Raises
    ------
    MBHError
        For a table without these columns.

    Notes
    -----
    The thesis measures on ten planes and has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = {"what": ["network", "difference"], "spread": [0.1, 0.05], "domain": "square"}
    >>> figure = plots.figures.beyond_certainty.planes_needed(pd.DataFrame(rows))
    >>> figure.axes[0].get_xlabel()
    'planes'
    """
    sets = by_data_set(checked_table(table, ["what", "spread", "domain"], ["spread"]))
    domains = [name for name in DOMAINS if (table["domain"] == name).any()]
    size = (3.6 * len(domains) + 0.6, 2.9 * len(sets) + 0.8)
    figure, axes = plt.subplots(
        len(sets), len(domains), figsize=size, squeeze=False, sharex=True, sharey=True
    )
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, domain in zip(row, domains, strict=True):
            here = rows[rows["domain"] == domain]
            for what, (colour, style, words) in _KINDS.items():
                _widths(ax, here.loc[here["what"] == what, "spread"], colour, style, words)
            ax.axhline(half_width, color="0.3", lw=0.9, ls=":")
            ax.axvline(planes, color="0.3", lw=0.9, ls=":")
            ax.set(xscale="log", yscale="log")
            ax.set_title(", ".join(filter(None, (title, DOMAINS[domain]))), loc="left")
            ax.set(xlabel="planes", ylabel="half the interval of s")
            ax.xaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_major_formatter("{x:g}")
            ax.label_outer()
    axes[0, 0].set(xlim=(2, _PLANES[-1]), ylim=(half_width / 3, 1))
    legend_below(figure, axes.flat, 2)
    return figure


def _widths(ax: Axes, spreads: pd.Series, colour: str, style: str, words: str) -> None:
    """The median half-width over numbers of planes, and the band around it."""
    if spreads.empty:
        return
    low, middle, high = np.quantile(spreads, (0.1, 0.5, 0.9))
    lines = [half_widths(spread, _PLANES) for spread in (low, middle, high)]
    ax.fill_between(_PLANES, lines[0], lines[2], color=colour, alpha=0.2, lw=0)
    ax.plot(_PLANES, lines[1], color=colour, ls=style, label=words)


def ranking(table: pd.DataFrame, many: pd.DataFrame | None = None) -> Figure:
    """The rank of each set-up by its s, with the interval that planes and models leave.

    Parameters
    ----------
    table : pandas.DataFrame
        What ``experiments.ranking`` made: setup, rank, low, high, and dataset and domain.
    many : pandas.DataFrame, optional
        The same from more planes, drawn as crosses.

    Returns
    -------
    Figure
        A row for each data set, a column for each domain; set-ups in the order of their numbers.

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
    >>> rows = {"setup": [1, 2], "rank": [1, 2], "low": [1, 1], "high": [1, 2], "domain": "box"}
    >>> figure = plots.figures.beyond_certainty.ranking(pd.DataFrame(rows))
    >>> [text.get_text() for text in figure.axes[0].get_xticklabels()]
    ['#1', '#2']
    """
    needed = ["setup", "rank", "low", "high", "domain"]
    sets = by_data_set(checked_table(table, needed, needed[:4]))
    more = {} if many is None else dict(by_data_set(checked_table(many, needed, needed[:4])))
    domains = [name for name in DOMAINS if (table["domain"] == name).any()]
    size = (4 * len(domains) + 0.6, 2.9 * len(sets) + 0.7)
    figure, axes = plt.subplots(
        len(sets), len(domains), figsize=size, squeeze=False, sharex=True, sharey=True
    )
    setups = sorted(table["setup"].unique())
    place = {setup: i for i, setup in enumerate(setups)}
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, domain in zip(row, domains, strict=True):
            here = rows[rows["domain"] == domain]
            x = here["setup"].map(place)
            ax.vlines(x, here["low"], here["high"], color="#0072B2", lw=3, alpha=0.45)
            words = "rank on the planes of the grid"
            ax.plot(x, here["rank"], "o", color="#0072B2", label=f"{words}, 95 % interval")
            if title in more:
                others = more[title][more[title]["domain"] == domain]
                look = {"ls": "none", "marker": "x", "color": "#D55E00", "ms": 7, "mew": 1.8}
                spot = others["setup"].map(place)
                ax.plot(spot, others["rank"], label="rank on many planes", **look)
            ax.set_title(", ".join(filter(None, (title, DOMAINS[domain]))), loc="left")
            ax.set(ylabel="rank by s")
            ax.set_xticks(range(len(setups)), [f"#{setup}" for setup in setups], fontsize=8)
            ax.tick_params(axis="x", rotation=90 if len(setups) > 9 else 0)
            ax.label_outer()
    axes[0, 0].set_ylim(len(setups) + 0.7, 0.3)
    axes[0, 0].set_yticks([1, *range(5, len(setups) + 1, 5)])
    legend_below(figure, axes.flat, 2)
    return figure


def region_kinds(table: pd.DataFrame) -> Figure:
    """Six counts of linear regions on the same planes, as shares of the activation regions.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment region_kinds, of one domain: dataset, setup, hidden, density, trained,
        plane, kind, count.

    Returns
    -------
    Figure
        A panel for each data set: one line per set-up, means over planes; solid where trained,
        dashed where not.

    Raises
    ------
    MBHError
        For a table without these columns.

    Notes
    -----
    The kinds are those of Stargalla, Hertrich and Reichman 2025 (arXiv 2505.16716), see
    :func:`mbh_utils.region_kinds`.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> kinds = ["activation patterns", "activation regions", "affine pieces"]
    >>> table = pd.DataFrame({"kind": kinds, "count": [90, 90, 60]})
    >>> table = table.assign(setup=7, hidden="300-100", density=0.04, trained=True, plane=0)
    >>> figure = plots.figures.beyond_certainty.region_kinds(table)
    >>> figure.axes[0].get_lines()[0].get_ydata().round(3).tolist()
    [1.0, 1.0, 0.667]
    """
    needed = ["setup", "hidden", "density", "trained", "plane", "kind", "count"]
    sets = by_data_set(checked_table(table, needed, ["count"]))
    kinds = list(dict.fromkeys(table["kind"]))
    size = (max(4.1 * len(sets), 5.4), 5)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True)
    setups = sorted(table["setup"].unique())
    colours = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
    markers = ("o", "s", "^", "D", "v", "P")
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        for i, setup in enumerate(setups):
            for trained, style in ((True, "-"), (False, "--")):
                here = rows[(rows["setup"] == setup) & (rows["trained"] == trained)]
                if here.empty:
                    continue
                means = here.groupby("kind")["count"].mean()
                shares = [means[kind] / means["activation regions"] for kind in kinds]
                first = here.iloc[0]
                words = f"#{setup}: {first['hidden']}, density {first['density']:.2g}"
                look = {"color": colours[i % 6], "marker": markers[i % 6], "ls": style}
                fill = "white" if not trained else look["color"]
                label = words if trained else f"{words}, untrained"
                ax.plot(range(len(kinds)), shares, label=label, markerfacecolor=fill, **look)
        ax.set_title(title, loc="left")
        shown = [_NAMES.get(kind, kind) for kind in kinds]
        ax.set_xticks(range(len(kinds)), shown, fontsize=7.5, rotation=90)
        ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        ax.set_ylim(0, 1.08)
    axes[0, 0].set_ylabel("count, activation regions = 100 %")
    legend_below(figure, axes.flat, 2)
    return figure
