"""Figures of the lens on clusters: whether sub-clusters are important and coherent."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.lenses.clusters import discoveries
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import by_data_set, title_of
from mbh_utils.plots.lines import name_axes
from mbh_utils.plots.style import MARKERS

#: What a test is called, by its name.
TESTS = {
    "importance": "importance: lesions",
    "range": "class range of lesions",
    "std": "spread over classes of lesions",
    "score": "score of an optimised image",
    "entropy": "entropy for an optimised image",
    "dispersion": "dispersion for an optimised image",
    "class_score": "going with one class (ours)",
}
_OURS = "#0072B2"
_THEIRS = "0.72"
#: What an effect is by chance.
_CHANCE: dict[str, Any] = {"marker": "_", "ms": 9, "mew": 1.6, "color": "0.65"}


def effects(tests: pd.DataFrame, test: str, *, graph: str | None = None) -> Figure:
    """The effect of one test over density and over specialization, a point for each network.

    Parameters
    ----------
    tests : pandas.DataFrame
        One row per network and test: dataset, n_hidden, density, s, graph, test, effect, chance,
        fisher_p; what ``lenses.clusters.network_tests`` gives, with s.
    test : str
        The test, such as "importance" or "range".
    graph : {"weights", "activations"}, optional
        By what neurons were clustered; by default all graphs of the table.

    Returns
    -------
    Figure
        A row for each data set and graph. Filled points are discoveries among the networks of the figure
        (Benjamini and Hochberg at 5 % over Fisher's p), open ones are not. Grey dashes tell what
        the effect of each network is by chance.

    Raises
    ------
    MBHError
        For a table without these columns, or without that test of that graph.

    Notes
    -----
    The thesis has no such figure. Effects as in Hod et al. (arXiv 2110.08058).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> tests = pd.DataFrame({"n_hidden": [400, 16], "density": [0.03, 1.0], "s": [0.8, 0.4]})
    >>> tests = tests.assign(graph="weights", test="importance", fisher_p=[0.01, 0.7])
    >>> tests = tests.assign(effect=[1.2, 1.0], chance=0.96)
    >>> figure = plots.figures.lens_importance.effects(tests, "importance")
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['density of hidden weights', 'specialization s']
    """
    needed = ["n_hidden", "density", "s", "graph", "test", "effect", "chance", "fisher_p"]
    found = _chosen(checked_table(tests, needed), test, graph)
    found = found.assign(discovery=discoveries(found["fisher_p"]).found)
    sets = [
        (f"{title}, clusters by {name}".removeprefix(", "), rows)
        for title, of_set in by_data_set(found)
        for name, rows in of_set.groupby("graph", sort=False)
    ]
    size = (8, 2.5 * len(sets) + 1.1)
    shared = {"sharex": "col", "sharey": True}
    figure, axes = plt.subplots(len(sets), 2, figsize=size, squeeze=False, **shared)
    looks = _looks(found["n_hidden"])
    for row, (title, here) in zip(axes, sets, strict=True):
        for ax, x in zip(row, ("density", "s"), strict=True):
            _points(ax, here, x, looks)
            name_axes(ax, x, "effect, from 0 to 2")
            ax.set_title(title, loc="left")
            ax.label_outer()
    shown = [n for n in looks if n in set(found["n_hidden"])]
    handles = [_entry(f"{n:,} neurons", color=looks[n][0], marker=looks[n][1]) for n in shown]
    handles += [
        _entry("discovery (FDR 5 %)", color="0.3", marker="o"),
        _entry("no discovery", color="0.3", marker="o", mfc="none"),
        _entry("by chance", **_CHANCE),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    figure.suptitle(TESTS.get(test, test), fontsize=10.5)
    return figure


def _chosen(tests: pd.DataFrame, test: str, graph: str | None) -> pd.DataFrame:
    """The rows of one test, of one graph or all, that have an effect."""
    there = ", ".join(map(str, tests["test"].unique()))
    if graph is not None:
        require.choice("graph", graph, ("weights", "activations"))
    if test not in set(tests["test"]):
        raise MBHError(f"there is no test {require.shown(test)} in the table; it has {there}")
    is_one = (tests["test"] == test) & ((graph is None) | (tests["graph"] == graph))
    found = tests[is_one & tests["effect"].notna() & tests["fisher_p"].notna()]
    if found.empty:
        of_graph = "" if graph is None else f" of the graph {graph!r}"
        raise MBHError(f"table has no network with the test {test!r}{of_graph}")
    return found


def _entry(label: str, **look: Any) -> Line2D:
    """An entry of a legend: a marker without a line."""
    return Line2D([], [], ls="none", label=label, **look)


def _looks(sizes: pd.Series) -> dict[int, tuple]:
    """Number of neurons -> colour and marker."""
    groups = sorted(sizes.unique())
    shades = sns.color_palette("viridis", len(groups) + 1)[:-1]
    return dict(zip(groups, zip(shades, cycle(MARKERS), strict=False), strict=True))


def _points(ax: Axes, here: pd.DataFrame, x: str, looks: dict) -> None:
    ax.plot(here[x], here["chance"], ls="none", **_CHANCE, zorder=1)
    for n, rows in here.groupby("n_hidden"):
        colour, marker = looks[n]
        for is_found, some in rows.groupby("discovery"):
            fill = colour if is_found else "white"
            look = {"color": colour, "marker": marker, "markerfacecolor": fill, "ms": 5.5}
            ax.plot(some[x], some["effect"], ls="none", **look, mew=1.1, zorder=3)


# ------------------------------------------------------------------------------- one network


def class_drops(lesions: Mapping[str, pd.DataFrame], classes: Mapping | list | tuple) -> Figure:
    """What the lesion of each sub-cluster takes from each class, a map for each network.

    Parameters
    ----------
    lesions : mapping of str to pandas.DataFrame
        Title -> what ``lenses.clusters.lesions`` gives of a network; random sets are passed over.
    classes : sequence of str
        The names of the classes.

    Returns
    -------
    Figure
        Rows are sub-clusters (layer, number of neurons), columns classes; the number in a cell is
        the accuracy of the class before less that after the lesion, in percentage points.

    Raises
    ------
    MBHError
        Without a network, for tables without these columns, and for too few names.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = {"layer": 0, "cluster": 3, "size": 5, "draw": 0, "class": [0, 1]}
    >>> table = pd.DataFrame(rows).assign(before=[0.9, 0.8], after=[0.4, 0.8])
    >>> figure = plots.figures.lens_importance.class_drops({"dense": table}, ["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['50', '0']
    """
    require.kind_of("lesions", lesions, Mapping, "a dict {title: table}")
    names = require.listed("classes", classes, "names of classes")
    if not lesions:
        raise MBHError("lesions names no network: there is nothing to draw")
    maps = {title: _drops(title, table) for title, table in lesions.items()}
    for title, drops in maps.items():
        if len(names) <= max(map(int, drops.columns)):
            raise MBHError(f"classes has {len(names)} names; {title} has class {drops.columns[-1]}")
    heights = [len(drops) for drops in maps.values()]
    size = (6, 0.27 * sum(heights) + 0.75 * len(maps) + 1.2)
    ratios = {"height_ratios": heights}
    figure, axes = plt.subplots(len(maps), 1, figsize=size, squeeze=False, gridspec_kw=ratios)
    top = max(5.0, *(float(drops.to_numpy().max()) for drops in maps.values()))
    for ax, (title, drops) in zip(axes[:, 0], maps.items(), strict=True):
        image = _draw_drops(ax, drops, top)
        ax.set_title(title, loc="left")
        ax.set_xticks([])
    shown = [names[int(c)] for c in list(maps.values())[-1].columns]
    ax.set_xticks(range(len(shown)), shown, rotation=45, ha="right", rotation_mode="anchor")
    figure.colorbar(image, ax=list(axes[:, 0]), shrink=0.7, label="accuracy lost [pp]")
    return figure


def _drops(title: str, table: pd.DataFrame) -> pd.DataFrame:
    """Sub-cluster x class, in percentage points."""
    checked_table(table, ["layer", "cluster", "size", "draw", "class", "before", "after"])
    own = table[table["draw"] == 0]
    if own.empty:
        raise MBHError(f"lesions of {title} holds no sub-cluster itself (draw 0)")
    own = own.assign(drop=100 * (own["before"] - own["after"]))
    return own.pivot(index=["layer", "size", "cluster"], columns="class", values="drop").sort_index(
        level=["layer", "size"], ascending=[True, False]
    )


def _draw_drops(ax: Axes, drops: pd.DataFrame, top: float):
    values = drops.to_numpy()
    image = ax.imshow(values, cmap="Blues", vmin=0, vmax=top, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        ink = "white" if value > 0.55 * top else "black"
        words = f"{value:.0f}".replace("-0", "0").replace("-", "−")
        ax.text(j, i, words, ha="center", va="center", fontsize=7.5, color=ink)
    names = [f"layer {layer + 1}: {size} neurons" for layer, size, _ in drops.index]
    ax.set_yticks(range(len(names)), names, fontsize=8)
    for line in np.flatnonzero(np.diff(drops.index.get_level_values("layer"))):
        ax.axhline(line + 0.5, color="black", lw=1.6)
    ax.tick_params(length=0)
    ax.grid(False)
    return image


# -------------------------------------------------------------------------------- published


def p_values_beside_published(tests: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Fisher's p of our networks beside the published ones, for each published test and data set.

    Parameters
    ----------
    tests : pandas.DataFrame
        One row per network and test: dataset, test, fisher_p, and pruned where both kinds were
        measured.
    published : pandas.DataFrame
        What ``lenses.clusters.published_tests`` gives.

    Returns
    -------
    Figure
        Grey bars reach from the smallest to the largest published network; dots are ours, filled
        for pruned networks (as the published ones are) and open for the others.

    Raises
    ------
    MBHError
        For tables without these columns.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import lenses, plots
    >>> tests = pd.DataFrame({"dataset": ["mnist"], "test": "importance", "fisher_p": 1e-8})
    >>> published = lenses.clusters.published_tests()
    >>> figure = plots.figures.lens_importance.p_values_beside_published(tests, published)
    >>> figure.axes[0].get_xscale()
    'log'
    """
    checked_table(tests, ["dataset", "test", "fisher_p"])
    checked_table(published, ["test", "dataset", "quantity", "low", "high"])
    published = published[published["quantity"] == "fisher_p"]
    both = set(tests["test"]) & set(published["test"])
    measured = [name for name in TESTS if name in both]
    if not measured:
        raise MBHError("table of tests has none of those that were published")
    sets = list(dict.fromkeys(tests["dataset"]))
    rows = [(test, name) for test in measured for name in sets]
    figure, ax = plt.subplots(figsize=(7, 0.36 * len(rows) + 1.6))
    for y, (test, name) in enumerate(rows):
        theirs = published[(published["test"] == test) & (published["dataset"] == name)]
        for bar in theirs.itertuples():
            ax.plot([bar.low, bar.high], [y, y], color=_THEIRS, lw=9, solid_capstyle="butt")
        here = tests[(tests["test"] == test) & (tests["dataset"] == name)]
        pruned = here["pruned"] if "pruned" in here else pd.Series(True, index=here.index)
        for is_pruned, some in here.groupby(pruned):
            fill = _OURS if is_pruned else "white"
            look = {"color": _OURS, "markerfacecolor": fill, "ms": 5, "mew": 1.1}
            shift = 0.14 if is_pruned else -0.14
            ax.plot(some["fisher_p"], np.full(len(some), y + shift), "o", **look, zorder=3)
    ax.axvline(0.05, color="0.35", lw=1, ls="--", zorder=1)
    ax.set_xscale("log")
    ax.set_xlim(right=1.6)
    ax.set_yticks(range(len(rows)), [f"{TESTS[test]}, {title_of(name)}" for test, name in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("Fisher's p of a network (dashed: .05)")
    _explain_published(figure, "pruned" in tests and not tests["pruned"].all())
    return figure


def _explain_published(figure: Figure, has_unpruned: bool) -> None:
    handles = [
        Line2D([], [], color=_THEIRS, lw=8, label="published, pruned"),
        _entry("ours, pruned", color=_OURS, marker="o"),
    ]
    if has_unpruned:
        handles.append(_entry("ours, unpruned", color=_OURS, marker="o", mfc="white"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)


# -------------------------------------------------------------------------------- dead ends


def with_dead_ends(table: pd.DataFrame) -> Figure:
    """The effect of importance without and with dead ends, over the density of set-ups.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment importance: dataset, setup, n_hidden, density, model, dead_ends, graph,
        effect_importance and chance_importance.

    Returns
    -------
    Figure
        An axes for each data set, clusters by weights. Means over sub-clusters and models of the
        effect less that by chance; lines join what the two ways give of a set-up.

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
    >>> table = pd.DataFrame({"dead_ends": [False, True], "effect_importance": [1.0, 1.2]})
    >>> table = table.assign(setup=7, n_hidden=400, density=0.03, model=0, graph="weights")
    >>> table["chance_importance"] = 0.96
    >>> figure = plots.figures.lens_importance.with_dead_ends(table)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['400 neurons', 'without dead ends', 'with dead ends']
    """
    columns = ["setup", "n_hidden", "density", "model", "dead_ends", "graph"]
    columns += ["effect_importance", "chance_importance"]
    checked_table(table, columns)
    found = table[table["graph"] == "weights"]
    sets = by_data_set(checked_table(found, columns))
    size = (max(4 * len(sets), 5), 4)
    figure, axes = plt.subplots(1, len(sets), figsize=size, squeeze=False, sharey=True)
    looks = _looks(found["n_hidden"])
    for ax, (title, here) in zip(axes[0], sets, strict=True):
        keys = ["setup", "n_hidden", "density", "dead_ends"]
        beyond = here.assign(beyond=here["effect_importance"] - here["chance_importance"])
        means = beyond.groupby([*keys, "model"])["beyond"].mean().groupby(keys).mean()
        both = means.unstack("dead_ends").dropna().reset_index()
        ax.axhline(0, color="0.35", lw=1, ls="--", zorder=1)
        for row in both.to_dict("records"):
            colour, marker = looks[row["n_hidden"]]
            x = [row["density"]] * 2
            ax.plot(x, [row[False], row[True]], color=colour, lw=1)
            ax.plot(x[:1], row[False], ls="none", color=colour, marker=marker)
            look = {"color": colour, "marker": marker, "mfc": "white", "mew": 1.1}
            ax.plot(x[:1], row[True], ls="none", **look)
        name_axes(ax, "density", "importance: effect beyond chance")
        ax.set_title(title, loc="left")
        ax.label_outer()
    handles = [
        _entry(f"{n:,} neurons", color=colour, marker=marker)
        for n, (colour, marker) in looks.items()
    ]
    handles += [
        _entry("without dead ends", color="0.3", marker="o"),
        _entry("with dead ends", color="0.3", marker="o", mfc="white"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
