"""Whole figures of the lens on activation patterns: how they form while a network learns."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import iteration_curves, name_iterations, setup_curves
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of
from mbh_utils.plots.lines import curves
from mbh_utils.plots.scatters import setup_scatter, spread_numbers
from mbh_utils.plots.style import NAMES

#: Columns of heat maps -> the words beside their colours.
_COLOURS = {
    "kappa_final": "κ to the final network",
    "block_relative_entropy": "H / H$_{max}$, groups of 8",
    "relative_entropy": "H / H$_{max}$",
    "weighted_jaccard_final": "wJI to the final network",
    "jaccard_initial": "JI to the initial network",
    "pattern_share": "distinct patterns / images",
}

#: Above this share of distinct patterns, entropy and information say nothing of the network.
_UNINFORMATIVE = 0.5


def heat_maps(
    table: pd.DataFrame,
    setups: Mapping[int, str] | None = None,
    *,
    measures: Sequence[str] = ("kappa_final", "block_relative_entropy"),
    source: str = "validation",
    family: str | None = None,
    threshold: float = 0.8,
) -> Figure:
    """Measures of activation patterns by layer, over the iterations of training.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment activation_evolution or depths: setup, n_hidden, model, iteration, layer
        and the measures.
    setups : mapping of int to str, optional
        Set-up -> what its column is called; all of them by default.
    measures : sequence of str, default ("kappa_final", "block_relative_entropy")
        The columns that get a row of maps each, with values from 0 to 1.
    source : {"validation", "training"}, default "validation"
        Whose images' patterns.
    family : str, optional
        Only set-ups of this family.
    threshold : float, default 0.8
        A triangle marks the first iteration from which on kappa stays there or above.

    Returns
    -------
    Figure
        Means over models. The first layer is at the bottom; dark is low, light is high.

    Raises
    ------
    MBHError
        If a column is missing, or a set-up, the family or the source was not measured.

    Notes
    -----
    Hartmann, Franzen and Brodehl (2021) draw such maps. Bright early on means that a layer has its
    final patterns early: bottom-up training shows as brightness that begins at the bottom.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 10, 100] * 2, "layer": [1] * 3 + [2] * 3})
    >>> table = table.assign(kappa_final=[0.1, 0.6, 1, 0, 0.3, 1], setup=7, n_hidden=400, model=0)
    >>> figure = plots.figures.lens_evolution.heat_maps(table, measures=["kappa_final"])
    >>> figure.axes[0].get_title("left")
    '#7: 400 neurons'
    """
    measures = require.listed("measures", measures, "columns")
    if not measures:
        raise MBHError("measures is empty; expected one column at least")
    needed = ["setup", "n_hidden", "iteration", "layer", *measures]
    rows = rows_of(table, needed, source=source, family=family)
    titles = _titles(rows, setups)
    layers = {setup: rows.loc[rows["setup"] == setup, "layer"].nunique() for setup in titles}
    height = len(measures) * (0.9 + 0.28 * max(layers.values())) + 0.9
    size = (max(2.7 * len(titles), 5), max(height, 2.6))
    figure, axes = plt.subplots(
        len(measures), len(titles), figsize=size, squeeze=False, sharex=True, sharey="col"
    )
    for column, (setup, title) in zip(axes.T, titles.items(), strict=True):
        of_setup = rows[rows["setup"] == setup]
        for ax, measure in zip(column, measures, strict=True):
            mesh = _heat_map(ax, of_setup, measure)
            if measure == "kappa_final":
                _mark_settled(ax, of_setup, threshold)
            if ax is axes[measures.index(measure), -1]:
                bar = figure.colorbar(mesh, ax=axes[measures.index(measure)], shrink=0.95)
                bar.set_label(_COLOURS.get(measure, NAMES.get(measure, measure)))
        column[0].set_title(title, loc="left")
    for ax in axes.flat:
        ax.label_outer()
    handles, labels = _first_legend(axes.flat)
    if handles:
        figure.legend(handles, labels, loc="outside lower center")
    return figure


def _titles(rows: pd.DataFrame, setups: Mapping[int, str] | None) -> dict[int, str]:
    """Set-up -> title, for those that the table has."""
    if setups is None:
        sizes = rows[["setup", "n_hidden"]].drop_duplicates().sort_values("setup")
        return {row.setup: f"#{row.setup}: {row.n_hidden:,} neurons" for row in sizes.itertuples()}
    require.kind_of("setups", setups, Mapping, "a dict {set-up: title}")
    there = set(rows["setup"])
    if not setups or set(setups) - there:
        has = ", ".join(map(str, sorted(there)))
        raise MBHError(f"setups is {require.shown(setups)}; the table has the set-ups {has}")
    return dict(setups)


def _heat_map(ax: Axes, rows: pd.DataFrame, measure: str):
    """One map, mean over models: iterations logarithmic, the first layer at the bottom."""
    means = rows.groupby(["layer", "iteration"])[measure].mean().unstack("iteration")
    times = means.columns.to_numpy(float)
    last = int(times[-1])
    name_iterations(ax, "log", last)
    inner = [0.5 if low == 0 else np.sqrt(low * high) for low, high in zip(times, times[1:], strict=False)]
    edges = [-0.2, *inner, 1.25 * max(last, 1)]
    places = np.arange(len(means) + 1) + 0.5
    mesh = ax.pcolormesh(edges, places, means.to_numpy(float), vmin=0, vmax=1, cmap="cividis")
    ax.set_facecolor("0.8")  # where a measure is not defined
    ax.grid(False)
    ax.set_yticks(range(1, len(means) + 1), [str(layer) for layer in means.index])
    ax.set(xlabel=NAMES["iteration"], ylabel="hidden layer")
    return mesh


def _mark_settled(ax: Axes, rows: pd.DataFrame, threshold: float) -> None:
    """A triangle where the mean kappa of a layer first stays at the threshold or above."""
    means = rows.groupby(["layer", "iteration"])["kappa_final"].mean().unstack("iteration")
    times = means.columns.to_numpy(float)
    found = []
    for place, values in enumerate(means.to_numpy(float), start=1):
        below = np.flatnonzero(~(values >= threshold))
        first = below[-1] + 1 if len(below) else 0
        if first < len(times):
            found.append((times[first], place))
    if found:
        look = {"marker": "v", "ls": "none", "mfc": "white", "mec": "black", "ms": 6}
        ax.plot(*zip(*found, strict=True), **look, label=f"from here on κ ≥ {threshold:g}")


def _first_legend(axes) -> tuple[list, list]:
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        if handles:
            return handles[:1], labels[:1]
    return [], []


def settling_over_density(
    table: pd.DataFrame, *, threshold: float = 0.8, source: str = "validation"
) -> Figure:
    """When layers have their final patterns, over the density of the networks.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment settling: density, n_hidden, parameters, model, layer, threshold, tau.
    threshold : float, default 0.8
        Of kappa to the final network.
    source : {"validation", "training"}, default "validation"
        Whose images' patterns.

    Returns
    -------
    Figure
        An axes for each layer, both with the same logarithmic scale of iterations.

    Raises
    ------
    MBHError
        If a column is missing, or the threshold or source was not measured.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.5] * 2, "layer": [1, 1, 2, 2], "threshold": 0.8})
    >>> table = table.assign(n_hidden=[16, 46] * 2, parameters=9472, tau=[100, 200, 50, 100])
    >>> figure = plots.figures.lens_evolution.settling_over_density(table)
    >>> [ax.get_title("left") for ax in figure.axes]
    ['first hidden layer', 'second hidden layer']
    """
    needed = ["density", "n_hidden", "parameters", "layer", "threshold", "tau"]
    require.number("threshold", threshold)
    family = "lenet" if "family" in table and (table["family"] == "lenet").any() else None
    rows = rows_of(table, needed, threshold=float(threshold), source=source, family=family)
    layers = sorted(rows["layer"].unique())
    size = (max(4 * len(layers), 5), 4.2)
    figure, axes = plt.subplots(1, len(layers), figsize=size, squeeze=False, sharey=True)
    for ax, layer in zip(axes[0], layers, strict=True):
        here = rows[(rows["layer"] == layer) & rows["tau"].notna()]
        checked_table(here, ["tau"])
        setup_curves(here, "density", "tau", ax, bars=True, legend=False)
        ax.set_title(_layer_title(layer, layers), loc="left")
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(lambda t, _: f"{t / 1000:g}k" if t >= 1000 else f"{t:g}")
    axes[0, 0].set_ylabel(f"iteration from which κ ≥ {threshold:g}")
    for ax in axes.flat:
        ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure


def _layer_title(layer: int, layers: Sequence[int]) -> str:
    words = {1: "first", 2: "second", 3: "third"}
    name = words.get(layer, f"{layer}th")
    return f"{name} hidden layer" if len(layers) > 1 or layer > 1 else "hidden layer"


def distinct_patterns(table: pd.DataFrame) -> Figure:
    """Distinct patterns of the first and the last hidden layer over hidden neurons.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment activation_patterns_of_networks: dataset, n_hidden, parameters, model,
        trained, layer, images, distinct.

    Returns
    -------
    Figure
        A row for each data set. Solid lines are trained networks, dashed ones untrained. A dotted
        line tells where every image has a pattern of its own; above the grey one more than half
        have, and entropies say nothing of the network.

    Raises
    ------
    MBHError
        If a column is missing, or different numbers of images were counted.

    Notes
    -----
    Figures E.1 and E.2 of the thesis, with all validation images.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46] * 2, "trained": [True, True, False, False]})
    >>> table = table.assign(distinct=[90, 120, 15, 19], parameters=4736, images=1_000)
    >>> figure = plots.figures.lens_evolution.distinct_patterns(table.assign(layer=1))
    >>> figure.axes[0].get_yscale()
    'log'
    """
    needed = ["n_hidden", "parameters", "trained", "layer", "images", "distinct"]
    sets = by_data_set(checked_table(table, needed, ["distinct"]))
    layers = sorted({table["layer"].min(), table["layer"].max()})
    size = (max(4 * len(layers), 5), 3.1 * len(sets) + 1.1)
    figure, axes = plt.subplots(
        len(sets), len(layers), figsize=size, squeeze=False, sharey=True, sharex=True
    )
    for line, (title, rows) in zip(axes, sets, strict=True):
        images = int(rows["images"].iloc[0])
        if (rows["images"] != images).any():
            raise MBHError("table counts patterns of different numbers of images; expected one")
        for ax, layer in zip(line, layers, strict=True):
            here = rows[rows["layer"] == layer]
            look = {"hue": "parameters", "style": "trained", "bars": True, "legend": False}
            curves(here, "n_hidden", "distinct", ax, **look)
            which = _layer_title(int(layer), layers) if len(layers) > 1 else "hidden layer"
            ax.set_title(f"{title}: {which}" if title else which, loc="left")
            ax.axhline(images, ls=":", lw=1, color="black", label="one per image")
            ax.axhline(images / 2, lw=1, color="0.6", zorder=1, label="half as many")
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:,g}")
            ax.label_outer()
    legend_below(figure, axes.flat, 3)
    return figure


def specialization_and_patterns(
    table: pd.DataFrame,
    patterns: pd.DataFrame,
    *,
    coverage: float = 0.8,
    domain: str = "square",
    source: str = "validation",
    family: str = "lenet",
) -> Figure:
    """Specialization over training, beside the patterns of the last hidden layer.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment evolution: family, setup, n_hidden, model, iteration, coverage, s.
    patterns : pandas.DataFrame
        That of experiment activation_evolution: family, setup, n_hidden, model, iteration, layer,
        source, kappa_final, block_information.
    coverage : float, default 0.8
        The minimum coverage of s.
    domain : {"square", "box"}, default "square"
        The part of the plane of s.
    source : {"validation", "training"}, default "validation"
        Whose images' patterns.
    family : str, default "lenet"
        The set-ups: those of this family that both tables have.

    Returns
    -------
    Figure
        Rows: s, kappa to the final network, mutual information of groups of eight neurons and the
        classes, all over the logarithm of iterations.

    Raises
    ------
    MBHError
        If a column is missing, or the tables have no set-up in common.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 10, 100], "s": [0.3, 0.4, 0.6], "coverage": 0.8})
    >>> table = table.assign(family="lenet", setup=7, n_hidden=400, model=0)
    >>> patterns = table.assign(layer=2, kappa_final=[0, 0.4, 1], block_information=[0, 0.5, 0.9])
    >>> figure = plots.figures.lens_evolution.specialization_and_patterns(table, patterns)
    >>> len(figure.axes)
    3
    """
    shared = ["family", "setup", "n_hidden", "iteration"]
    s = rows_of(
        table, [*shared, "s"], family=family, domain=domain, coverage=float(coverage)
    )
    needed = [*shared, "layer", "kappa_final", "block_information"]
    others = rows_of(patterns, needed, family=family, source=source)
    others = others[others["layer"] == others.groupby("setup")["layer"].transform("max")]
    both = sorted(set(s["setup"]) & set(others["setup"]))
    if not both:
        raise MBHError("table and patterns have no set-up in common: measure the same networks")
    names = _titles(s[s["setup"].isin(both)], None)
    figure, axes = plt.subplots(3, 1, figsize=(6.4, 8.2), sharex=True)
    look = {"hue": "setup", "names": names, "scale": "log", "legend": False}
    for ax, (rows, y) in zip(
        axes, ((s, "s"), (others, "kappa_final"), (others, "block_information")), strict=True
    ):
        iteration_curves(rows, y, ax, **look)
        ax.label_outer()
    axes[0].set_ylim(0, 1)
    axes[1].set_ylim(None, 1.02)
    axes[1].set_ylabel("κ to the final network,\nlast hidden layer")
    axes[2].set_ylabel("I(A; Y) [bits], groups of 8,\nlast hidden layer")
    axes[2].set_ylim(0, None)
    figure.align_ylabels()
    legend_below(figure, [axes[0]], 2)
    return figure


def specialization_against_patterns(
    table: pd.DataFrame,
    patterns: pd.DataFrame,
    *,
    coverage: float = 0.8,
    domain: str = "square",
) -> Figure:
    """Specialization of the set-ups against what the patterns of their last layer tell.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment grid: setup, n_hidden, model, coverage, s, accuracy; of trained networks
        only those are drawn.
    patterns : pandas.DataFrame
        That of experiment activation_patterns_of_networks: setup, model, trained, layer,
        pattern_share, information, block_information, distinct.
    coverage : float, default 0.8
        The minimum coverage of s.
    domain : {"square", "box"}, default "square"
        The part of the plane of s.

    Returns
    -------
    Figure
        A row for each data set; s over the information of the last layer's patterns, over that of
        its groups of eight neurons, and over its number of distinct patterns. Set-ups in a ring have
        a pattern of its own for more than half of the images: their information says nothing.

    Raises
    ------
    MBHError
        If a column is missing, or the tables have no network in common.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"setup": [1, 14], "n_hidden": [400, 16], "accuracy": [0.89, 0.84]})
    >>> table = table.assign(s=[0.8, 0.4], model=0, trained=True, coverage=0.8)
    >>> patterns = table.assign(layer=2, pattern_share=[0.9, 0.1], distinct=[900, 20])
    >>> patterns = patterns.assign(information=[3.3, 1.5], block_information=[1.2, 1.4])
    >>> figure = plots.figures.lens_evolution.specialization_against_patterns(table, patterns)
    >>> len(figure.axes)
    3
    """
    joined = _with_patterns(table, patterns, coverage, domain)
    sets = by_data_set(joined)
    columns = ("information", "block_information", "distinct")
    figure, axes = plt.subplots(
        len(sets), 3, figsize=(10, 3.4 * len(sets) + 0.9), squeeze=False, sharey=True, sharex="col"
    )
    for line, (title, rows) in zip(axes, sets, strict=True):
        for ax, x in zip(line, columns, strict=True):
            setup_scatter(rows, x, "s", ax)
            ax.get_legend().remove()
            if x != "block_information":
                _ring_uninformative(ax, rows, x)
            if x == "distinct":
                ax.set_xscale("log")
                ax.xaxis.set_major_formatter("{x:,g}")
            ax.label_outer()
        line[0].set_title(title, loc="left")
    axes[0, 0].set_ylim(0, 1)
    legend_below(figure, axes.flat, 3)
    figure.draw_without_rendering()
    for ax in axes.flat:
        spread_numbers(ax)
    return figure


def _with_patterns(
    table: pd.DataFrame, patterns: pd.DataFrame, coverage: float, domain: str
) -> pd.DataFrame:
    """One row per trained network: s, accuracy, and what its last layer's patterns tell."""
    keys = [name for name in ("dataset", "setup", "n_hidden", "model") if name in table]
    found = rows_of(
        table,
        ["setup", "n_hidden", "model", "s", "accuracy"],
        coverage=float(coverage),
        domain=domain,
        trained=True,
    )
    found = found.groupby(keys, as_index=False)[["s", "accuracy"]].mean()
    told = ["pattern_share", "information", "block_information", "distinct"]
    others = rows_of(patterns, [*keys, "layer", *told], trained=True)
    others = others[others["layer"] == others.groupby("setup")["layer"].transform("max")]
    joined = found.merge(others[[*keys, *told]], on=keys)
    if joined.empty:
        raise MBHError("table and patterns have no network in common: measure the same networks")
    return joined


def _ring_uninformative(ax: Axes, rows: pd.DataFrame, x: str) -> None:
    """A ring around set-ups in which more than half of the images have their own pattern."""
    means = rows.groupby("setup")[[x, "s", "pattern_share"]].mean()
    full = means[means["pattern_share"] > _UNINFORMATIVE]
    if len(full):
        look = {"s": 110, "facecolors": "none", "edgecolors": "0.35", "linewidths": 1, "zorder": 2}
        ax.scatter(full[x], full["s"], **look, label="ring: distinct / images > 0.5")


def entropy_over_layers(
    table: pd.DataFrame,
    *,
    measures: Sequence[str] = ("block_relative_entropy", "relative_entropy"),
    iterations: Sequence[int] | None = None,
    source: str = "validation",
) -> Figure:
    """Entropy of patterns over the layers of networks of several depths, at some iterations.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment depths: setup (the number of layers), model, iteration, layer, the
        measures.
    measures : sequence of str, default ("block_relative_entropy", "relative_entropy")
        The columns that get a row each.
    iterations : sequence of int, optional
        Those that get a column each; by default the first one, one in between and the last one.
    source : {"validation", "training"}, default "validation"
        Whose images' patterns.

    Returns
    -------
    Figure
        A line for each depth; bands reach from the smallest to the largest model.

    Raises
    ------
    MBHError
        If a column is missing, or an iteration was not measured.

    Notes
    -----
    Hartmann, Franzen and Brodehl (2021) draw entropy over layers, and see dips in between for
    convolutional networks without shortcuts.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"layer": [1, 1, 2], "setup": [1, 2, 2], "iteration": 0, "model": 0})
    >>> table = table.assign(relative_entropy=[0.9, 0.8, 0.7])
    >>> figure = plots.figures.lens_evolution.entropy_over_layers(
    ...     table, measures=["relative_entropy"]
    ... )
    >>> figure.axes[0].get_title("left")
    'before training'
    """
    measures = require.listed("measures", measures, "columns")
    rows = rows_of(table, ["setup", "iteration", "layer", *measures], source=source)
    known = sorted(rows["iteration"].unique())
    if iterations is None:
        middle = known[np.abs(np.log1p(known) - np.log1p(known[-1]) / 2).argmin()]
        chosen = list(dict.fromkeys([known[0], middle, known[-1]]))
    else:
        chosen = require.listed("iterations", iterations, "iterations")
    if not chosen or not measures:
        raise MBHError("iterations and measures are to name one at least")
    size = (max(2.9 * len(chosen), 5), 2.6 * len(measures) + 1.0)
    figure, axes = plt.subplots(
        len(measures), len(chosen), figsize=size, squeeze=False, sharex=True, sharey="row"
    )
    depths = sorted(rows["setup"].unique())
    names = {depth: f"{depth} layer{'' if depth == 1 else 's'}" for depth in depths}
    for column, iteration in zip(axes.T, chosen, strict=True):
        here = rows_of(rows, measures, iteration=iteration)
        for ax, measure in zip(column, measures, strict=True):
            look = {"hue": "setup", "names": names, "legend": False}
            curves(here, "layer", measure, ax, **look)
            ax.set_ylim(0, 1.02)
            ax.set(xlabel="hidden layer", ylabel=_COLOURS.get(measure, measure))
            ax.set_xticks(range(1, int(rows["layer"].max()) + 1))
            ax.label_outer()
        when = f"after {iteration:,} iterations" if iteration else "before training"
        column[0].set_title(when, loc="left")
    figure.align_ylabels()
    legend_below(figure, axes.flat, 4)
    return figure
