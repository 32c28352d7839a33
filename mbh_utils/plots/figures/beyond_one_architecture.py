"""Whole figures on one architecture with masks of every origin: the thesis's second scenario."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import DOMAINS, by_data_set
from mbh_utils.plots.style import LAYERS, NAMES, in_per_cent

#: Where a mask comes from -> how figures name it, from below.
KINDS = {
    "random": "random",
    "erdos_renyi": "Erdős–Rényi",
    "ticket": "one-shot ticket",
    "iterative": "iterative ticket",
    "SET": "SET",
    "RigL": "RigL",
    "dense": "dense",
}
#: What kinds have in common: colour, marker, and the words of the legend.
_GROUPS = {
    "random": (LAYERS[0], "o", "mask drawn at random"),
    "ticket": (LAYERS[1], "s", "mask cut from the trained dense network"),
    "moving": (LAYERS[2], "^", "mask that moves in training"),
    "dense": ("0.15", "D", "all connections"),
}
_GROUP_OF = {
    "random": "random",
    "erdos_renyi": "random",
    "ticket": "ticket",
    "iterative": "ticket",
    "SET": "moving",
    "RigL": "moving",
    "dense": "dense",
}
#: What other lenses see -> how the figure names it, with its unit. Shares are drawn in per cent.
LENSES = {
    "gap": "training minus validation\naccuracy [pp]",
    "others": "other classes' images\ninside the blanket [%]",
    "regions": "activation regions\nper plane",
    "candidates": "last-layer neurons\nthat change",
    "effective": "last-layer neurons,\neffective number",
    "hidden_never_active": "hidden neurons\nnever active",
    "dead_ends": "hidden neurons that\nlead nowhere",
    "pixels": "connected pixels",
    "nnstd_over_null": "distance of wirings\n/ of random ones",
    "ncut_z": "n-cut z (below 0:\nclusters)",
    "class_range": "class range of clusters\nbeyond chance [pp]",
    "information": "I(A; Y) [bits],\ngroups of 8",
}
#: Those that are shares.
_IN_PERCENT = ("gap", "others", "class_range")


def by_kind(table: pd.DataFrame, *, coverage: float = 0.8) -> Figure:
    """Accuracy and specialization in both domains by where the mask comes from, every model a dot.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment one_architecture: kind, dataset, model, accuracy, s_square, s_box,
        initial_s_square, initial_s_box, and the same at c_P .95 with "_95" at the end.
    coverage : {0.8, 0.95}, default 0.8
        The minimum coverage of s.

    Returns
    -------
    Figure
        A row of axes for each data set. Filled: trained networks; upright lines: means over models;
        small and hollow: the initial weights under the same mask, where training leaves it alone.
        Dotted: the mean of the dense network.

    Raises
    ------
    MBHError
        For a table without these columns, and another coverage.

    Notes
    -----
    The thesis announces this comparison in its introduction and leaves it out.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": ["random", "SET", "dense"], "accuracy": [0.86, 0.87, 0.89]})
    >>> table = table.assign(model=0, s_square=[0.7, 0.8, 0.9], s_box=0.5, dataset="mnist")
    >>> table = table.assign(initial_s_square=0.6, initial_s_box=0.4)
    >>> figure = plots.figures.beyond_one_architecture.by_kind(table)
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['validation accuracy [%]', 'specialization s, square', 'specialization s, input box']
    """
    require.number("coverage", coverage, "0.8 or 0.95", lambda c: c in (0.8, 0.95))
    end = "" if coverage == 0.8 else "_95"
    columns = {"accuracy": NAMES["accuracy"]}
    columns |= {f"s_{name}{end}": f"{NAMES['s']}, {DOMAINS[name]}" for name in ("square", "box")}
    checked_table(table, ["kind", "dataset", "model", *columns], list(columns))
    sets = by_data_set(in_per_cent(table))
    size = (8, 2.55 * len(sets) + 0.9)
    shape = {"figsize": size, "squeeze": False, "sharey": True}
    figure, axes = plt.subplots(len(sets), len(columns), **shape)
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, column in zip(row, columns, strict=True):
            _dots(ax, rows, column, f"initial_{column}")
            if rows is sets[-1][1]:
                ax.set_xlabel(columns[column])
        row[0].set_title(title, loc="left")
    _legend(figure, list(table["kind"].unique()), f"initial_s_square{end}" in table)
    return figure


def _dots(ax: Axes, rows: pd.DataFrame, column: str, before: str) -> None:
    """Each model as a dot in the line of its kind; before: the column of the initial weights."""
    kinds = [kind for kind in KINDS if (rows["kind"] == kind).any()]
    if "dense" in kinds:
        whole = rows.loc[rows["kind"] == "dense", column].mean()
        ax.axvline(whole, color="0.45", lw=0.9, ls=":", zorder=0)
    for place, kind in enumerate(kinds):
        colour, marker, _ = _GROUPS[_GROUP_OF[kind]]
        here = rows[rows["kind"] == kind].sort_values("model")
        spread = np.linspace(-0.16, 0.16, len(here)) if len(here) > 1 else np.zeros(1)
        look: dict[str, Any] = {"marker": marker, "ls": "none", "color": colour}
        ax.plot(here[column], place + 0.06 + spread, ms=4, alpha=0.85, **look)
        mean = here[column].mean()
        ax.plot([mean, mean], [place - 0.2, place + 0.32], color=colour, lw=1.6)
        if before in here and here[before].notna().any():
            hollow: dict[str, Any] = {"ms": 3, "markerfacecolor": "white", "mew": 0.8}
            ax.plot(here[before], place - 0.3 + spread / 4, **look, **hollow)
    ax.set_yticks(range(len(kinds)), [KINDS[kind] for kind in kinds])
    ax.set_ylim(-0.6, len(kinds) - 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(4))


def _legend(figure: Figure, kinds: list[str], with_initial: bool) -> None:
    there = {_GROUP_OF[kind] for kind in kinds if kind in _GROUP_OF}
    look: dict[str, Any] = {"ls": "none", "ms": 5}
    handles = [
        Line2D([], [], color=colour, marker=marker, label=words, **look)
        for group, (colour, marker, words) in _GROUPS.items()
        if group in there
    ]
    if with_initial:
        hollow: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "color": "0.3"}
        words = "small, hollow: initial weights under the mask"
        handles.append(Line2D([], [], label=words, ls="none", ms=3.5, **hollow))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8.5)


def lenses_by_kind(table: pd.DataFrame, correlations: pd.DataFrame | None = None) -> Figure:
    """What the other lenses see of the same networks, by where the mask comes from.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment one_architecture: kind, dataset, model, and the columns of ``LENSES``;
        "gap" is training_accuracy minus accuracy.
    correlations : pandas.DataFrame, optional
        What stands above each panel: measure, dataset and rho, as :func:`with_accuracy` gives it.
        By default that of the sparse networks of the table.

    Returns
    -------
    Figure
        A panel for each lens, a point for each kind and data set: the mean over models; bars reach
        from the smallest to the largest model. Above: the rank correlation with accuracy over the
        sparse networks, of the data sets in their order.

    Raises
    ------
    MBHError
        For a table without these columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> draw = plots.figures.beyond_one_architecture
    >>> table = pd.DataFrame({"kind": ["random", "SET"], "dataset": "mnist", "model": 0})
    >>> table = table.assign(**dict.fromkeys(draw.LENSES, 0.5), accuracy=0.9, training_accuracy=1)
    >>> len(draw.lenses_by_kind(table).axes)
    12
    """
    names = ["kind", "dataset", "model", "accuracy", "training_accuracy"]
    lenses = [lens for lens in LENSES if lens != "gap"]
    checked_table(table, [*names, *lenses])
    rows = _with_gap(table)
    rows = rows.assign(**{name: 100 * rows[name] for name in _IN_PERCENT})
    rho = with_accuracy(table, list(LENSES)) if correlations is None else correlations
    checked_table(rho, ["measure", "dataset", "rho"])
    sets = by_data_set(rows)
    columns = 3
    shape = {"figsize": (8, 9.4), "squeeze": False, "sharey": True}
    figure, axes = plt.subplots(len(LENSES) // columns, columns, **shape)
    for ax, (lens, words) in zip(axes.flat, LENSES.items(), strict=True):
        for i, (title, of_set) in enumerate(sets):
            shift = 0.17 * (1 - 2 * i) if len(sets) > 1 else 0.0
            _points(ax, of_set, lens, title, i, shift)
        ax.set_xlabel(words, fontsize=8.5)
        found = [_told(rho, lens, of_set["dataset"].iloc[0]) for _, of_set in sets]
        ax.set_title("ρ with accuracy " + ", ".join(found), fontsize=8, loc="left", pad=3)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    words = "points: means; bars: smallest to largest model; ρ: sparse networks, data sets in order"
    handles.append(Line2D([], [], ls="none", label=words))
    look = {"loc": "outside lower center", "ncols": len(labels), "fontsize": 8.5}
    figure.legend(handles[:-1], labels, title=words, title_fontsize=8.5, **look)
    return figure


def _with_gap(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(gap=table["training_accuracy"] - table["accuracy"])


def _points(ax: Axes, rows: pd.DataFrame, lens: str, title: str, i: int, shift: float) -> None:
    """Means over models with bars, a line for each kind."""
    kinds = [kind for kind in KINDS if (rows["kind"] == kind).any()]
    groups = rows.groupby("kind")[lens]
    means = groups.mean().reindex(kinds)
    lengths = [means - groups.min().reindex(kinds), groups.max().reindex(kinds) - means]
    at = np.arange(len(kinds)) + shift
    look = {"fmt": "os"[i % 2], "color": LAYERS[i], "ms": 4, "capsize": 1.5, "lw": 1}
    if i:
        look["markerfacecolor"] = "white"
    ax.errorbar(means, at, xerr=np.clip(np.stack(lengths), 0, None), label=title, **look)
    ax.set_yticks(range(len(kinds)), [KINDS[kind] for kind in kinds], fontsize=8)
    ax.set_ylim(-0.6, len(kinds) - 0.4)
    ax.tick_params(axis="x", labelsize=8)
    ax.xaxis.set_major_locator(MaxNLocator(4))


def _told(rho: pd.DataFrame, lens: str, dataset: str) -> str:
    found = rho[(rho["measure"] == lens) & (rho["dataset"] == dataset)]["rho"]
    if found.empty:
        raise MBHError(f"correlations has no row of {lens!r} and {dataset!r}")
    value = found.iloc[0]
    if np.isnan(value):
        return "–"
    return f"{value:+.2f}".replace("0.", ".", 1).replace("-", "−")


def with_accuracy(
    table: pd.DataFrame, measures: Sequence[str], target: str = "accuracy"
) -> pd.DataFrame:
    """Rank correlation of each measure with accuracy, over the sparse networks of each data set.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment one_architecture.
    measures : list of str
        Columns of the table; "gap" is training_accuracy minus accuracy.
    target : str, default "accuracy"
        The column that they are held against.

    Returns
    -------
    pandas.DataFrame
        dataset, measure, rho (NaN where the measure does not vary) and networks.

    Raises
    ------
    MBHError
        For a table without these columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": "random", "dataset": "mnist", "s_box": [0.1, 0.2, 0.3]})
    >>> table = table.assign(accuracy=[0.8, 0.9, 0.95], training_accuracy=1.0)
    >>> plots.figures.beyond_one_architecture.with_accuracy(table, ["s_box"])
      dataset measure  rho  networks
    0   mnist   s_box  1.0         3
    """
    measures = list(require.listed("measures", measures, "names of columns"))
    checked_table(table, ["kind", "dataset", "training_accuracy", target])
    rows = _with_gap(table)
    checked_table(rows, measures)
    sparse = rows[rows["kind"] != "dense"]
    found = []
    for name, here in sparse.groupby("dataset", sort=False):
        for measure in measures:
            both = here[[measure, target]].dropna()
            varies = len(both) > 2 and (both.nunique() > 1).all()
            ranks = both.rank()
            rho = ranks.iloc[:, 0].corr(ranks.iloc[:, 1]) if varies else np.nan
            found.append((name, measure, rho, len(both)))
    return pd.DataFrame(found, columns=["dataset", "measure", "rho", "networks"])
