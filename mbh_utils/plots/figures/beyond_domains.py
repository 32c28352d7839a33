"""The same networks on the same planes in several domains."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import DOMAINS, by_data_set, legend_below, rows_of
from mbh_utils.plots.style import LAYERS, MARKERS, NAMES

#: The set-ups that are drawn in colour, by their numbers; the others are grey lines.
_TOLD = (1, 7, 11, 10, 14)
_GROUPS = {
    "all": ("all set-ups", "#0072B2", "o", "#0072B2"),
    "wide": ("set-ups of 136 or 400 neurons", "#D55E00", "D", "white"),
}


#: From the smallest domain of a plane to the largest; squares by their margins.
_ORDER = ("triangle", "box", "square")


def _named(table: pd.DataFrame) -> tuple[pd.Series, list[str]]:
    """The name of each row's domain, squares with their margins, and all names in their order."""
    margins = table["margin"].astype(float)
    pairs = sorted(
        set(zip(table["domain"], margins.fillna(0), strict=True)),
        key=lambda pair: (_ORDER.index(pair[0]), pair[1]),
    )
    names = {(d, m): f"{DOMAINS[d]} {m:g}" if m else DOMAINS[d] for d, m in pairs}
    of_rows = [names[pair] for pair in zip(table["domain"], margins.fillna(0), strict=True)]
    return pd.Series(of_rows, index=table.index), list(names.values())


def domains_of_planes(table: pd.DataFrame, coverage: float = 0.8) -> Figure:
    """Specialization of every set-up, from the smallest domain of the planes to the largest.

    Parameters
    ----------
    table : pandas.DataFrame
        Table of experiment domains: dataset, setup, hidden, density, domain, margin, coverage,
        trained and s.
    coverage : float, default 0.8
        The minimum coverage c_P.

    Returns
    -------
    Figure
        An axes for each data set. A line for each set-up, mean over models and planes of trained
        networks; five are told by colour, marker and number.

    Raises
    ------
    MBHError
        For a table without the columns, and a c_P that it has not.

    Notes
    -----
    The thesis leaves open which finite part of a plane is meant (its section 5.2).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"setup": [1, 1], "domain": ["box", "square"], "margin": [None, 3]})
    >>> table = table.assign(s=[0.5, 0.8], coverage=0.8, trained=True, hidden="12-4", density=1.0)
    >>> figure = plots.figures.beyond_domains.domains_of_planes(table)
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['input box', 'square 3']
    """
    needed = ["setup", "hidden", "density", "domain", "margin", "coverage", "trained", "s"]
    rows = rows_of(checked_table(table, needed, ["s"]), needed, coverage=float(coverage))
    rows = rows_of(rows, needed, trained=True)
    where, order = _named(rows)
    rows = rows.assign(where=where)
    sets = by_data_set(rows)
    size = (max(4.1 * len(sets), 5.4), 4.6)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True)
    for ax, (title, here) in zip(axes[0], sets, strict=True):
        _slopes(here, order, ax)
        ax.set(title=title, ylabel=NAMES["s"], ylim=(0, 1))
        ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure


def _slopes(rows: pd.DataFrame, order: list[str], ax: Axes) -> None:
    """A line over the domains for each set-up."""
    wide = rows.pivot_table(index="setup", columns="where", values="s")
    wide = wide[[name for name in order if name in wide]]
    at = np.arange(wide.shape[1])
    numbers = [int(number) for number in wide.index]
    others = "the other set-ups"
    for number in numbers:
        if number not in _TOLD:
            ax.plot(at, wide.loc[number], color="0.78", lw=1, label=others, zorder=1)
    for number, colour, marker in zip(_TOLD, LAYERS, MARKERS, strict=False):
        if number in numbers:
            look = {"color": colour, "marker": marker, "lw": 2, "zorder": 3}
            words = _setup_in_words(rows[rows["setup"] == number])
            ax.plot(at, wide.loc[number], label=f"#{number}: {words}", **look)
    ax.set_xticks(at, list(wide.columns), rotation=35, ha="right", rotation_mode="anchor")


def _setup_in_words(rows: pd.DataFrame) -> str:
    """Widths and density of the set-up of these rows."""
    density = float(rows["density"].iloc[0])
    told = "dense" if np.isclose(density, 1) else f"density {density:.2g}"
    return f"{rows['hidden'].iloc[0]}, {told}"


def domains_and_accuracy(table: pd.DataFrame) -> Figure:
    """How specialization goes with accuracy over set-ups, in each domain.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``experiments.domains_and_accuracy`` makes it: dataset, domain, margin, group,
        rho, low, high.

    Returns
    -------
    Figure
        An axes for each data set. Dots: rank correlation over all set-ups; open diamonds: over the
        wide ones. Lines: 95 % intervals.

    Raises
    ------
    MBHError
        For a table without the columns.

    Notes
    -----
    Figure 6.4 of the thesis shows the points of one domain.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"domain": ["box"], "group": ["all"], "rho": [0.8]})
    >>> table = table.assign(low=0.7, high=0.9, margin=None)
    >>> figure = plots.figures.beyond_domains.domains_and_accuracy(table)
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['input box']
    """
    needed = ["domain", "margin", "group", "rho", "low", "high"]
    where, domains = _named(checked_table(table, needed, ["rho", "low", "high"]))
    sets = by_data_set(table.assign(where=where))
    size = (max(3.7 * len(sets) + 1, 5), 0.42 * len(domains) + 1.7)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharex=True, sharey=True)
    for ax, (title, rows) in zip(axes[0], sets, strict=True):
        for shift, (group, look) in zip((-0.13, 0.17), _GROUPS.items(), strict=True):
            _dots(rows[rows["group"] == group], domains, shift, look, ax)
        ax.axvline(0, color="0.4", lw=0.8, zorder=0)
        ax.set(title=title, xlabel="rank correlation of s and accuracy", xlim=(-1.05, 1.05))
        ax.set_xticks(np.arange(-1, 1.1, 0.5))
        ax.set_yticks(range(len(domains)), domains)
        ax.set_ylim(len(domains) - 0.5, -0.5)
    legend_below(figure, axes.flat, 2)
    return figure


def _dots(rows: pd.DataFrame, domains: list[str], shift: float, look: tuple, ax: Axes) -> None:
    """A dot with its interval for each domain."""
    label, colour, marker, face = look
    for _, row in rows.iterrows():
        y = domains.index(row["where"]) + shift
        ax.plot([row["low"], row["high"]], [y, y], color=colour, lw=1.4)
        ax.plot(row["rho"], y, ls="", marker=marker, color=colour, mfc=face, ms=6, label=label)
