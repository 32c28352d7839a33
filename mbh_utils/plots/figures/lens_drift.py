"""Figures on how wirings move: networks that begin near each other, and ways from the own start.

A chapter finds them in ``figures.lens_topology``.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import iteration_curves
from mbh_utils.plots.figures._layout import legend_below, rows_of
from mbh_utils.plots.figures._wirings import DISTANCE, KINDS, PAIR, map_of, spread_over, square


def near_starts(table: pd.DataFrame) -> Figure:
    """How networks that begin near each other drift apart under SET.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment near_starts or slow_starts: model, iteration, other, other_iteration,
        layer, matched, null, degree_null.

    Returns
    -------
    Figure
        Above: maps of all pairs at four times of the training. Below: means over the training of
        neighbours, of the two farthest, of the distance from the own start, and of random masks of
        the same number of connections, or of the degrees of neighbours.

    Notes
    -----
    The maps are those of Liu et al. (2020), of the mean over layers. Each network was made from the
    one before by moving 1 % of the connections; bands reach over pairs.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 9, 9], "other": [1, 1, 0], "other_iteration": 0})
    >>> table = table.assign(model=0, layer=1, matched=[0.02, 0.3, 0.4], null=0.7, degree_null=0.6)
    >>> table.loc[1, "other_iteration"] = 9
    >>> figure = plots.figures.lens_topology.near_starts(table)
    >>> [ax.get_title("left") for ax in figure.axes[:2]]
    ['iteration 0', 'iteration 9']
    """
    needed = ["iteration", "other_iteration", "layer", "null", "degree_null", *PAIR]
    checked_table(table, needed, ["iteration", "matched", "null"])
    is_own = (table["model"] == table["other"]) & (table["other_iteration"] == 0)
    pairs = table[~is_own]
    times = sorted(pairs["iteration"].unique())
    shown = [times[round(k)] for k in np.linspace(0, len(times) - 1, min(4, len(times)))]
    figure = plt.figure(figsize=(8, 6.6))
    grid = figure.add_gridspec(2, len(shown), height_ratios=(1, 1.5))
    maps = [figure.add_subplot(grid[0, k]) for k in range(len(shown))]
    size = int(pairs["other"].max()) + 1
    for ax, time in zip(maps, shown, strict=True):
        upper = square(pairs[pairs["iteration"] == time], size)
        both = np.where(np.isnan(upper), upper.T, upper)
        np.fill_diagonal(both, 0)
        picture = map_of(both, ax, numbers=False)
        ax.set_title(f"iteration {time:,}", loc="left")
        ax.set(xlabel="", ylabel="")
    figure.colorbar(picture, ax=maps, shrink=0.75).set_label("NNSTD")
    below = figure.add_subplot(grid[1, :])
    _drift_apart(table, pairs, is_own, below)
    legend_below(figure, [below], 2)
    return figure


def _drift_apart(table: pd.DataFrame, pairs: pd.DataFrame, is_own: pd.Series, ax: Axes) -> None:
    """Mean distances over the training, a line for each sort of pair."""
    gap = (pairs["other"] - pairs["model"]).abs()
    farthest = int(gap.max())
    own = table[is_own]
    # At its start a network is at no distance from it.
    start = own[own["iteration"] == own["iteration"].min()].assign(iteration=0, matched=0.0)
    sorts = {
        f"farthest pair ({farthest} changes apart)": pairs[gap == farthest],
        "neighbours (1 change apart)": pairs[gap == 1],
        "from its own start": pd.concat([start, own]),
        "random masks": pd.concat([start, own]).assign(matched=lambda rows: rows["null"]),
        "random masks with the degrees of neighbours": pairs[gap == 1].assign(
            matched=lambda rows: rows["degree_null"]
        ),
    }
    drawn = [
        # Of each pair one value, so that bands reach over pairs.
        rows.assign(sort=name, model=100 * rows["model"] + rows["other"])
        for name, rows in sorts.items()
    ]
    names = {name: name for name in sorts}
    look = {"hue": "sort", "names": names, "legend": False}
    iteration_curves(pd.concat(drawn), "matched", ax, **look)
    ax.set(ylabel=DISTANCE, ylim=(0, 1))
    spread_over(ax, "smallest to largest pair")


def drift(
    table: pd.DataFrame,
    specialization: pd.DataFrame,
    *,
    parameters: int | None = None,
    coverage: float = 0.8,
    domain: str = "square",
) -> Figure:
    """How far rewired networks are from their own start, beside how specialized they are.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment drift: kind, parameters, model, iteration, layer, matched, null.
    specialization : pandas.DataFrame
        That of experiment drift_specialization: kind, parameters, model, iteration, coverage, s.
    parameters : int, optional
        Which of the budgets; the largest by default.
    coverage : float, default 0.8
        The minimum coverage of s.
    domain : {"square", "box"}, default "square"
        The part of the plane that s is measured on.

    Returns
    -------
    Figure
        Left: distance per layer; thin lines without markers are those of random masks. Right: s.

    Raises
    ------
    MBHError
        If the budget, coverage or domain was not measured.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [10, 20], "matched": [0.2, 0.4], "null": 0.9})
    >>> table = table.assign(kind="SET", parameters=500, model=0, layer=1)
    >>> s = pd.DataFrame({"iteration": [0, 20], "s": [0.3, 0.5], "kind": "SET", "coverage": 0.8})
    >>> figure = plots.figures.lens_topology.drift(table, s.assign(parameters=500, model=0))
    >>> [ax.get_title("left") for ax in figure.axes]
    ['distance from the own start', 'specialization']
    """
    needed = ["kind", "parameters", "iteration"]
    checked_table(table, [*needed, "layer", "matched", "null"], ["parameters"])
    parameters = int(table["parameters"].max()) if parameters is None else parameters
    rows = rows_of(table, needed, parameters=parameters)
    at = {"parameters": parameters, "coverage": float(coverage), "domain": domain}
    measured = rows_of(specialization, [*needed, "s"], **at)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.6))
    first = rows[rows["iteration"] == rows["iteration"].min()]
    rows = pd.concat([first.assign(iteration=0, matched=0.0, identity=0.0), rows])
    layers = {layer: f"layer {layer}" for layer in sorted(rows["layer"].unique())}
    named = rows.assign(layer=rows["layer"].map(layers))
    look = {"hue": "kind", "names": KINDS, "legend": False}
    iteration_curves(named, "matched", left, style="layer", **look)
    _random_lines(rows, left)
    left.set(ylabel=DISTANCE, ylim=(0, 1))
    left.set_title("distance from the own start", loc="left")
    iteration_curves(measured, "s", right, **look)
    right.set_ylim(0, 1)
    right.set_title("specialization", loc="left")
    legend_below(figure, [left, right], 3)
    return figure


def _random_lines(rows: pd.DataFrame, ax: Axes) -> None:
    """A thin line for each layer where random masks lie, named at its left end, where curves are low."""
    means = rows.groupby("layer")["null"].mean()
    for layer, level in means.items():
        ax.axhline(level, color="0.35", lw=1, ls=(0, (1, 1.5)))
        is_highest = level == means.max()
        ax.annotate(
            f"random masks, layer {layer}",
            (0, level),
            xytext=(6, 3 if is_highest else -3),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            ha="left",
            va="bottom" if is_highest else "top",
            fontsize=8.5,
            bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.5},
        )
