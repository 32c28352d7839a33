"""Specialization beside baselines, and what training adds to it."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import DOMAINS, by_data_set, legend_below
from mbh_utils.plots.style import LAYER_STYLES, LAYERS, MARKERS, NAMES

#: Kind of samples or network -> how it is drawn; in the order of the legend.
_LOOKS = {
    "classes": {"color": "black", "marker": "o", "lw": 2.4, "ls": "-"},
    "classes, untrained network": {"color": "#0072B2", "marker": "o", "mfc": "white", "ls": "-"},
    "classes, shuffled labels learned": {"color": "#009E73", "marker": "*", "ms": 9, "ls": ""},
    "random images": {"color": "#D55E00", "marker": "s", "ls": "-"},
    "shuffled images": {"color": "#CC79A7", "marker": "v", "ls": "--"},
    "pixel noise": {"color": "#E69F00", "marker": "D", "ls": (0, (1.5, 1))},
    "uniform noise": {"color": "#56B4E9", "marker": "X", "ls": "-."},
}
#: Kinds around which a band tells the lowest and the highest set-up.
_BANDS = ("classes", "random images")


def baselines(table: pd.DataFrame) -> Figure:
    """Specialization to classes over hidden neurons, beside that to what is no concept.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``experiments.beside_baselines`` makes it: dataset, domain, setup, n_hidden, model, kind
        and s.

    Returns
    -------
    Figure
        A row for each data set, a column for each domain. Lines: means over the set-ups of N hidden
        neurons; bands, of classes and random images: from the lowest to the highest set-up.

    Raises
    ------
    MBHError
        For a table without the columns.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46] * 2, "s": [0.5, 0.7, 0.2, 0.1], "setup": 1})
    >>> table = table.assign(kind=["classes"] * 2 + ["random images"] * 2, domain="box")
    >>> figure = plots.figures.beyond_baselines.baselines(table)
    >>> [ax.get_title() for ax in figure.axes]
    ['input box']
    """
    sets = by_data_set(checked_table(table, ["n_hidden", "setup", "domain", "kind", "s"], ["s"]))
    domains = _in_order(table["domain"])
    size = (max(4 * len(domains), 5), 3.2 * len(sets) + 1.1)
    look = {"figsize": size, "squeeze": False, "sharex": True, "sharey": True}
    figure, axes = plt.subplots(len(sets), len(domains), **look)
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, domain in zip(row, domains, strict=True):
            _kinds(rows[rows["domain"] == domain], ax)
            ax.set_title(_titled(title, domain))
            ax.set(xlabel=NAMES["n_hidden"], ylabel=NAMES["s"], ylim=(-0.02, 1.04))
            ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure


def _in_order(domains: pd.Series) -> list[str]:
    there = list(dict.fromkeys(domains))
    return [d for d in DOMAINS if d in there] + [d for d in there if d not in DOMAINS]


def _titled(title: str, domain: str) -> str:
    return ", ".join(filter(None, (title, DOMAINS.get(domain, domain))))


def _places(ax: Axes, values: Iterable[int]) -> dict[int, int]:
    """Numbers of neurons at equal distances along the axis."""
    places = {int(n): i for i, n in enumerate(sorted(set(values)))}
    ax.set_xticks(list(places.values()), [f"{n:,}" for n in places])
    return places


def _kinds(rows: pd.DataFrame, ax: Axes) -> None:
    """A line for each kind."""
    places = _places(ax, rows["n_hidden"])
    for kind, look in _LOOKS.items():
        here = rows[rows["kind"] == kind]
        if here.empty:
            continue
        of_setups = here.groupby(["n_hidden", "setup"])["s"].mean().groupby("n_hidden")
        at = [places[n] for n in of_setups.mean().index]
        if kind in _BANDS:
            low, high = of_setups.min(), of_setups.max()
            ax.fill_between(at, low, high, color=look["color"], alpha=0.13, lw=0)
        ax.plot(at, of_setups.mean(), label=kind, zorder=3 if kind == "classes" else 2, **look)


def gain_over_neurons(table: pd.DataFrame) -> Figure:
    """What training adds to specialization, over hidden neurons.

    Parameters
    ----------
    table : pandas.DataFrame
        As ``experiments.gain_by_training`` makes it: dataset, domain, n_hidden, parameters, gain,
        low and high.

    Returns
    -------
    Figure
        A row for each data set, a column for each domain; a line for each number of parameters.
        Bars: 95 % intervals.

    Raises
    ------
    MBHError
        For a table without the columns.

    Notes
    -----
    The thesis shows s before and after training (its Figure 6.9), not the difference.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46], "gain": [0.3, 0.2], "parameters": 9472})
    >>> table = table.assign(domain="box", low=table["gain"] - 0.1, high=table["gain"] + 0.1)
    >>> figure = plots.figures.beyond_baselines.gain_over_neurons(table)
    >>> [ax.get_title() for ax in figure.axes]
    ['input box']
    """
    needed = ["n_hidden", "parameters", "domain", "gain", "low", "high"]
    sets = by_data_set(checked_table(table, needed, ["gain", "low", "high"]))
    domains = _in_order(table["domain"])
    size = (max(4 * len(domains), 5), 2.9 * len(sets) + 1.0)
    look = {"figsize": size, "squeeze": False, "sharex": True, "sharey": True}
    figure, axes = plt.subplots(len(sets), len(domains), **look)
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, domain in zip(row, domains, strict=True):
            _levels(rows[rows["domain"] == domain], ax)
            ax.axhline(0, color="0.3", lw=0.9, zorder=1)
            ax.set_title(_titled(title, domain))
            ax.set(xlabel=NAMES["n_hidden"], ylabel="s trained − s untrained")
            ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure


def _levels(rows: pd.DataFrame, ax: Axes) -> None:
    """A line with intervals for each number of parameters, side by side."""
    places = _places(ax, rows["n_hidden"])
    budgets = sorted(rows["parameters"].unique(), reverse=True)
    for i, budget in enumerate(budgets):
        here = rows[rows["parameters"] == budget].sort_values("n_hidden")
        at = np.array([places[n] for n in here["n_hidden"]]) + 0.11 * (i - (len(budgets) - 1) / 2)
        lengths = np.abs(np.stack([here["gain"] - here["low"], here["high"] - here["gain"]]))
        look = {
            "color": LAYERS[i % len(LAYERS)],
            "marker": MARKERS[i % len(MARKERS)],
            "ls": LAYER_STYLES[i % len(LAYER_STYLES)],
            "capsize": 2,
            "elinewidth": 1.1,
        }
        ax.errorbar(at, here["gain"], yerr=lengths, label=f"{budget:,} HNPs", **look)
