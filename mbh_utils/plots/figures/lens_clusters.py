"""Whole figures of the lens on clusters: whether neurons cluster, and whose clusters agree."""

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from mbh_utils import datasets
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import setup_curves
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of

#: Where a network is as clustered as its shuffled copies, and where that is unlikely.
_NULL = {"color": "0.35", "lw": 0.9, "zorder": 0.5}
_HERE = {"color": "#D55E00", "marker": "o"}
_THERE = {"color": "#0072B2", "marker": "s"}
#: What a legend calls solid lines and dashed ones, which the order of the alphabet decides.
_FOUND, _SHUFFLED = "as found", "shuffled"
#: For each row of axes: what was shuffled -> what a legend calls the z that follows.
_NULLS = {
    "weights": (
        {"layer_nonzero": "z, mask kept", "layer": "z, mask shuffled too"},
        {"fan_out": "z, mask kept"},
    ),
    "activations": ({"layer": "z"},),
}


def clusterability_over_density(table: pd.DataFrame, graph: str = "weights") -> Figure:
    """How much of a cluster's weight leaves it, beside shuffled networks, and the z of both nulls.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of trained networks of experiment clusterability: dataset, density, n_hidden, model,
        graph, shuffle, k, ncut, null_mean, z.
    graph : {"weights", "activations"}, default "weights"
        Which graph.

    Returns
    -------
    Figure
        Columns: data sets. First row: n-cut over the number of clusters, as trained (solid) and
        with the weights that are not 0 shuffled among themselves (dashed). Second: z with this null
        (solid) and with all weights shuffled (dashed). Third, of weights: z with the weights that
        leave a unit shuffled among themselves. A line for each number of hidden neurons; z is
        logarithmic beyond 5.

    Raises
    ------
    MBHError
        If the table has no row of the graph, or misses a column.

    Notes
    -----
    The thesis has no such figure. The test is that of Filan et al. 2021 (arXiv 2103.03386).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5], "n_hidden": 16, "ncut": [3, 2.0], "k": 4})
    >>> table = table.assign(graph="activations", shuffle="layer", null_mean=3, z=[-4.0, 1.0])
    >>> draw = plots.figures.lens_clusters.clusterability_over_density
    >>> [ax.get_ylabel() for ax in draw(table, "activations").axes]
    ['share of weight that\\nleaves a cluster', 'z beside shuffled\\nnetworks']
    """
    needed = ["density", "n_hidden", "graph", "shuffle", "k", "ncut", "null_mean", "z"]
    sets = by_data_set(rows_of(table, needed, graph=graph))
    nulls = _NULLS[graph]
    figure, axes = _grid(sets, 1 + len(nulls))
    for (top, *below), (title, rows) in zip(axes.T, sets, strict=True):
        one = rows[rows["shuffle"] == next(iter(nulls[0]))]
        _with_null(top, one, "ncut", "null_mean", lambda values, k: values / k)
        top.set_title(title, loc="left")
        for ax, words in zip(below, nulls, strict=True):
            chosen = rows[rows["shuffle"].isin(list(words))]
            _lines(ax, chosen.assign(null=chosen["shuffle"].map(words)), "z", "null")
            ax.axhline(0, **_NULL)
    axes[0, 0].set_ylabel("share of weight that\nleaves a cluster")
    axes[1, 0].set_ylabel("z beside shuffled\nnetworks")
    if len(nulls) > 1:
        axes[2, 0].set_ylabel("z, each unit's own\nweights shuffled")
    for ax in axes[1:, 0]:
        ax.set_yscale("symlog", linthresh=5)
        ax.set_yticks([-50, -20, -10, -5, 0, 5, 10, 20, 50])
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
    _finish(figure, axes)
    return figure


def partitions_over_density(table: pd.DataFrame) -> Figure:
    """How well clusters by weights and clusters by activations agree.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment partitions: dataset, density, n_hidden, model, graph, states, ari, nmi,
        nmi_null.

    Returns
    -------
    Figure
        Columns: data sets. Above: adjusted Rand index of the two partitions of hidden neurons, 0
        being chance and 1 equality. Below: their normalised mutual information (solid), and the
        same with one of them shuffled within layers (dashed).

    Raises
    ------
    MBHError
        If the table misses a column.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5], "n_hidden": 16, "ari": [0.1, 0.2]})
    >>> table = table.assign(graph="weights", states="all", nmi=0.4, nmi_null=0.3)
    >>> figure = plots.figures.lens_clusters.partitions_over_density(table)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['adjusted Rand index', 'normalised mutual\\ninformation']
    """
    needed = ["density", "n_hidden", "graph", "states", "ari", "nmi", "nmi_null"]
    graph = checked_table(table, needed)["graph"].iloc[0]
    sets = by_data_set(rows_of(table, needed, graph=graph, states=table["states"].iloc[0]))
    figure, axes = _grid(sets, 2)
    for (top, bottom), (title, rows) in zip(axes.T, sets, strict=True):
        _lines(top, rows.assign(null=_FOUND), "ari", "null")
        top.axhline(0, **_NULL)
        top.set_title(title, loc="left")
        _with_null(bottom, rows, "nmi", "nmi_null")
    axes[0, 0].set_ylabel("adjusted Rand index")
    axes[1, 0].set_ylabel("normalised mutual\ninformation")
    axes[1, 0].set_ylim(0, None)
    _finish(figure, axes)
    return figure


def pattern_overlap_over_density(table: pd.DataFrame, states: str = "all") -> Figure:
    """How many neurons of a class's maximal pattern lie in one cluster, beside chance.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment partitions: dataset, density, n_hidden, model, graph, states, overlap,
        overlap_null.
    states : {"all", "active"}, default "all"
        Which neurons of a pattern: all that it constrains, or those that it wants active.

    Returns
    -------
    Figure
        Columns: data sets. Rows: clusters by weights, by activations. Solid: share of the
        pattern's neurons in the last hidden layer that its best-matching cluster holds, mean over
        classes. Dashed: the same with clusters shuffled.

    Raises
    ------
    MBHError
        If the table misses a column, or has no row with these states.

    Notes
    -----
    Where one cluster holds the whole last layer, both are 100 %.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5], "n_hidden": 16, "overlap": [0.4, 0.6]})
    >>> table = table.assign(overlap_null=0.4, states="all")
    >>> table = pd.concat([table.assign(graph=graph) for graph in ("weights", "activations")])
    >>> figure = plots.figures.lens_clusters.pattern_overlap_over_density(table)
    >>> [ax.get_title("left") for ax in figure.axes]
    ['by weights', 'by activations']
    """
    needed = ["density", "n_hidden", "graph", "states", "overlap", "overlap_null"]
    table = rows_of(table, needed, states=states)
    sets = by_data_set(table)
    figure, axes = _grid(sets, 2)
    for column, (title, rows) in zip(axes.T, sets, strict=True):
        for ax, graph in zip(column, ("weights", "activations"), strict=True):
            here = rows_of(rows, ["overlap"], graph=graph)
            _with_null(ax, here, "overlap", "overlap_null", lambda values, _: 100 * values)
            ax.set_title(f"{title}, by {graph}" if title else f"by {graph}", loc="left")
            ax.set_ylim(0, 105)
    for ax in axes[:, 0]:
        ax.set_ylabel("pattern neurons in\none cluster [%]")
    _finish(figure, axes)
    return figure


# ------------------------------------------------------------------------------ beside the published


def beside_published(table: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """The published kinds of networks: n-cut and z, here and as they were stored.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment clusterability_reference: dataset, control, pruned, model, shuffle, ncut,
        null_mean, z.
    published : pandas.DataFrame
        What :func:`mbh_utils.lenses.clusters.published` gives. Of data sets that it has not, only
        what was found here is drawn.

    Returns
    -------
    Figure
        A row for each kind of network. Left: n-cuts from the smallest to the largest network, and
        the mean of shuffled ones. Right: z.

    Raises
    ------
    MBHError
        If a table misses a column.

    Notes
    -----
    All weights between two layers were shuffled, zeros too.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import lenses, plots
    >>> table = pd.DataFrame({"dataset": "mnist", "control": "none", "pruned": [False, True]})
    >>> table = table.assign(model=0, shuffle="layer", ncut=[10.0, 8.9], null_mean=10.1, z=-5.0)
    >>> published = lenses.clusters.published()
    >>> figure = plots.figures.lens_clusters.beside_published(table, published)
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['MNIST', 'MNIST, pruned']
    """
    keys = ["dataset", "control", "pruned"]
    rows = rows_of(table, [*keys, "ncut", "null_mean", "z"], shuffle="layer")
    checked_table(published, [*keys, "ncut_low", "ncut_high", "null_mean", "z_low", "z_high"])
    kinds = list(rows.groupby(keys, sort=False))
    kinds.sort(key=lambda kind: (kind[0][1] != "none", kind[0][1] == "halves"))
    stored = {tuple(row[keys]): row for _, row in published.iterrows()}
    figure, axes = plt.subplots(1, 2, figsize=(8, 0.5 * len(kinds) + 1.7), sharey=True)
    for place, (kind, found) in enumerate(kinds):
        _spans(axes, place - 0.14, found, _HERE, "here")
        if kind in stored:
            _stored_spans(axes, place + 0.16, stored[kind])
    axes[0].set_yticks(range(len(kinds)), [_kind_name(kind) for kind, _ in kinds])
    axes[0].set_ylim(len(kinds) - 0.5, -0.5)
    axes[0].set_xlabel("n-cut; lower: more clustered")
    axes[1].set_xlabel("standard deviations above\nshuffled networks (z)")
    axes[1].axvline(0, **_NULL)
    for ax in axes:
        ax.grid(axis="y", visible=False)
        for place in range(len(kinds) - 1):
            ax.axhline(place + 0.5, color="0.88", lw=0.7, zorder=0)
    legend_below(figure, axes, 2)
    return figure


def _kind_name(kind: tuple) -> str:
    """What a kind of network is called beside an axis."""
    dataset, control, pruned = kind
    name = datasets.title(dataset)
    if control == "modular":
        name += ", modules\nplanted"
    if control == "halves":
        name = name.replace(", two", ", two\n")
    return name + (", pruned" if pruned else "")


def _spans(axes, place: float, rows: pd.DataFrame, look: Mapping, name: str) -> None:
    left, right = axes
    _span(left, place, rows["ncut"].min(), rows["ncut"].max(), look, f"{name}: smallest to largest")
    null: dict[str, Any] = {
        "color": look["color"],
        "marker": "|",
        "ms": 11,
        "mew": 1.6,
        "ls": "none",
    }
    left.plot(rows["null_mean"].mean(), place, **null, label=f"{name}: shuffled, mean")
    _span(right, place, rows["z"].min(), rows["z"].max(), look)


def _stored_spans(axes, place: float, row: pd.Series) -> None:
    both = {
        "ncut": [row["ncut_low"], row["ncut_high"]],
        "z": [row["z_low"], row["z_high"]],
    }
    rows = pd.DataFrame(both).assign(null_mean=row["null_mean"])
    _spans(axes, place, rows, _THERE, "published")


def _span(ax: Axes, place: float, low: float, high: float, look: Mapping, label: str = "") -> None:
    ends: dict[str, Any] = {"ms": 4.5, "lw": 2.2, **look}
    if label:
        ends["label"] = label
    ax.plot([low, high], [place, place], **ends)


# ----------------------------------------------------------------------------------------- the lines


def _grid(sets: list, n_rows: int):
    """Axes: a column for each data set."""
    size = (max(4 * len(sets), 5), 2.9 * n_rows + 1.3)
    return plt.subplots(n_rows, len(sets), figsize=size, squeeze=False, sharex="col", sharey="row")


def _same(values: pd.Series, _: pd.Series) -> pd.Series:
    return values


def _with_null(
    ax: Axes,
    rows: pd.DataFrame,
    y: str,
    null: str,
    scaled: Callable[[pd.Series, pd.Series], pd.Series] = _same,
) -> None:
    """Lines of a column, solid, and of its null, dashed."""
    k = rows["k"] if "k" in rows else rows[y]
    columns = {_FOUND: y, _SHUFFLED: null}
    pairs = [rows.assign(null=word, y=scaled(rows[name], k)) for word, name in columns.items()]
    _lines(ax, pd.concat(pairs, ignore_index=True), "y", "null")


def _lines(ax: Axes, rows: pd.DataFrame, y: str, style: str) -> None:
    """A line over density for each number of neurons, and each word of the style."""
    setup_curves(rows, "density", y, ax, levels=False, style=style, bars=True, legend=False)
    ax.set_ylabel("")


def _finish(figure: Figure, axes) -> None:
    """Names at the outer axes, and one legend for colours and line styles."""
    for ax in axes.flat:
        ax.label_outer()
    figure.align_ylabels()
    legend_below(figure, axes[:, 0], 3)
