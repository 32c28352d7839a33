"""Whole figures of the lens on activation patterns that compare networks, at the end of training."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of
from mbh_utils.plots.lines import curves
from mbh_utils.plots.scatters import setup_scatter, spread_numbers

#: Above this share of distinct patterns, entropy and information say nothing of the network.
_UNINFORMATIVE = 0.5


def layer_title(layer: int, layers: Sequence[int]) -> str:
    """What a title calls one of these hidden layers."""
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
            which = layer_title(int(layer), layers) if len(layers) > 1 else "hidden layer"
            ax.set_title(f"{title}: {which}" if title else which, loc="left")
            ax.axhline(images, ls=":", lw=1, color="black", label="one per image")
            ax.axhline(images / 2, lw=1, color="0.6", zorder=1, label="half as many")
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:,g}")
            ax.label_outer()
    legend_below(figure, axes.flat, 3)
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
        len(sets), 3, figsize=(9, 3.3 * len(sets) + 0.9), squeeze=False, sharey=True, sharex="col"
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
