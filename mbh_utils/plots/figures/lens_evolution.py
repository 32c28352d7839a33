"""Whole figures of the lens on activation patterns: how they form while a network learns."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import iteration_curves, name_iterations, setup_curves
from mbh_utils.plots.figures._layout import legend_below, rows_of
from mbh_utils.plots.figures.lens_patterns import (
    distinct_patterns,
    layer_title,
    specialization_against_patterns,
)
from mbh_utils.plots.lines import curves
from mbh_utils.plots.style import NAMES

__all__ = [
    "distinct_patterns",
    "entropy_over_layers",
    "heat_maps",
    "settling_over_density",
    "specialization_against_patterns",
    "specialization_and_patterns",
]

#: Columns of heat maps -> the words beside their colours.
_COLOURS = {
    "kappa_final": "κ to the\nfinal network",
    "block_relative_entropy": "H / H$_{max}$,\ngroups of 8",
    "relative_entropy": "H / H$_{max}$",
    "weighted_jaccard_final": "wJI to the\nfinal network",
    "jaccard_initial": "JI to the\ninitial network",
    "pattern_share": "distinct patterns\n/ images",
}


def heat_maps(
    table: pd.DataFrame,
    setups: Mapping[int, str] | None = None,
    *,
    measures: Sequence[str] = ("kappa_final", "block_relative_entropy"),
    source: str = "validation",
    family: str | None = None,
    threshold: float = 0.5,
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
    threshold : float, default 0.5
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
    maps = {
        measure: [_means(rows[rows["setup"] == setup], measure) for setup in titles]
        for measure in measures
    }
    most_layers = max(len(one) for one in maps[measures[0]])
    size = (max(2.7 * len(titles), 5), len(measures) * (0.9 + 0.3 * most_layers) + 0.9)
    figure, axes = plt.subplots(
        len(measures), len(titles), figsize=size, squeeze=False, sharex=True, sharey="col"
    )
    for line, (measure, of_setups) in zip(axes, maps.items(), strict=True):
        limits = _limits(measure, of_setups)
        meshes = [
            _heat_map(ax, means, limits) for ax, means in zip(line, of_setups, strict=True)
        ]
        bar = figure.colorbar(meshes[-1], ax=line)
        bar.set_label(_words(measure))
        if measure == "kappa_final":
            for ax, means in zip(line, of_setups, strict=True):
                _mark_settled(ax, means, threshold)
    for ax, title in zip(axes[0], titles.values(), strict=True):
        ax.set_title(title, loc="left")
    for ax in axes[:-1].flat:
        ax.set_xlabel("")
    for ax in axes[:, 1:].flat:
        ax.set_ylabel("")
    if "kappa_final" in measures:
        legend_below(figure, axes.flat, 1)
    return figure


def _words(measure: str) -> str:
    """What is written beside the colours of a measure."""
    return _COLOURS[measure] if measure in _COLOURS else NAMES.get(measure, measure)


def _means(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The mean over models: layer x iteration."""
    return rows.groupby(["layer", "iteration"])[measure].mean().unstack("iteration")


def _limits(measure: str, of_setups: list[pd.DataFrame]) -> tuple[float, float]:
    """Where colours begin and end: 0 and 1 for kappa, else what occurs, in whole tenths."""
    if measure == "kappa_final":
        return 0.0, 1.0
    low = min(np.nanmin(means.to_numpy(float)) for means in of_setups)
    high = max(np.nanmax(means.to_numpy(float)) for means in of_setups)
    low = np.floor(10 * low) / 10
    return float(low), float(max(np.ceil(10 * high) / 10, low + 0.1))


def _titles(rows: pd.DataFrame, setups: Mapping[int, str] | None) -> dict[int, str]:
    """Set-up -> title, for those that the table has."""
    if setups is None:
        sizes = rows[["setup", "n_hidden"]].drop_duplicates().sort_values("setup").to_numpy()
        return {int(setup): f"#{setup}: {n_hidden:,} neurons" for setup, n_hidden in sizes}
    require.kind_of("setups", setups, Mapping, "a dict {set-up: title}")
    there = set(rows["setup"])
    if not setups or set(setups) - there:
        has = ", ".join(map(str, sorted(there)))
        raise MBHError(f"setups is {require.shown(setups)}; the table has the set-ups {has}")
    return dict(setups)


def _heat_map(ax: Axes, means: pd.DataFrame, limits: tuple[float, float]):
    """One map: iterations logarithmic, the first layer at the bottom."""
    times = means.columns.to_numpy(float)
    last = max(int(times[-1]), 1)
    name_iterations(ax, "log", last)
    inner = [_between(low, high) for low, high in zip(times[:-1], times[1:], strict=True)]
    edges = [-0.2, *inner, 1.25 * last]
    places = np.arange(len(means) + 1) + 0.5
    look = {"vmin": limits[0], "vmax": limits[1], "cmap": "cividis"}
    mesh = ax.pcolormesh(edges, places, means.to_numpy(float), **look)
    ax.set_facecolor("0.8")  # where a measure is not defined
    ax.grid(False)
    ax.set_yticks(range(1, len(means) + 1), [str(layer) for layer in means.index])
    ax.set(xlabel=NAMES["iteration"], ylabel="hidden layer")
    return mesh


def _between(low: float, high: float) -> float:
    """Where the colour of one iteration ends and that of the next begins."""
    return high / 2 if low == 0 else float(np.sqrt(low * high))


def _mark_settled(ax: Axes, means: pd.DataFrame, threshold: float) -> None:
    """A triangle where the mean kappa of a layer first stays at the threshold or above."""
    times = means.columns.to_numpy(float)
    found = []
    for place, values in enumerate(means.to_numpy(float), start=1):
        below = np.flatnonzero(~(values >= threshold))
        first = below[-1] + 1 if len(below) else 0
        if first < len(times):
            found.append((times[first], place))
    look = {"marker": "v", "ls": "none", "mfc": "white", "mec": "black", "ms": 6}
    x = [time for time, _ in found]
    ax.plot(x, [place for _, place in found], **look, label=f"from here on κ ≥ {threshold:g}")


def settling_over_density(
    table: pd.DataFrame, *, threshold: float = 0.5, source: str = "validation"
) -> Figure:
    """When layers have their final patterns, over the density of the networks.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment settling: density, n_hidden, parameters, model, layer, threshold, tau.
    threshold : float, default 0.5
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
    >>> table = pd.DataFrame({"density": [1.0, 0.5] * 2, "layer": [1, 1, 2, 2], "threshold": 0.5})
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
        ax.set_title(layer_title(layer, layers), loc="left")
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_formatter(lambda t, _: f"{t / 1000:g}k" if t >= 1000 else f"{t:g}")
    axes[0, 0].set_ylabel(f"iteration from which κ ≥ {threshold:g}")
    for ax in axes.flat:
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


def entropy_over_layers(
    table: pd.DataFrame,
    *,
    measures: Sequence[str] = ("block_relative_entropy", "relative_entropy", "pattern_share"),
    iterations: Sequence[int] | None = None,
    source: str = "validation",
) -> Figure:
    """Entropy of patterns over the layers of networks of several depths, at some iterations.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment depths: setup (the number of layers), model, iteration, layer, the
        measures.
    measures : sequence of str, default ("block_relative_entropy", "relative_entropy", \
"pattern_share")
        The columns that get a row each. Where pattern_share is above 0.5, relative_entropy tells
        the number of images and little of the network.
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
            ax.set(xlabel="hidden layer", ylabel=_words(measure))
            ax.set_xticks(range(1, int(rows["layer"].max()) + 1))
            ax.label_outer()
        when = f"after {iteration:,} iterations" if iteration else "before training"
        column[0].set_title(when, loc="left")
    figure.align_ylabels()
    legend_below(figure, axes.flat, 4)
    return figure
