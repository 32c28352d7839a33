"""Figures on the dropped half of Definition 4.1: other classes' samples in a class's blanket."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of
from mbh_utils.plots.scatters import setup_scatter, spread_numbers

_OTHERS = "other classes' samples inside"


def others_inside(table: pd.DataFrame) -> Figure:
    """Samples of other classes inside of the blankets, against accuracy and against s.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, of trained ones, with dataset, setup, n_hidden, model, accuracy, s and
        others (share of the other classes' validation images inside, mean over classes).

    Returns
    -------
    Figure
        A row for each data set: a numbered point for each set-up, bars from the smallest to the
        largest model.

    Raises
    ------
    MBHError
        For a table without these columns.

    Notes
    -----
    The thesis has no such figure; section 4.3.2 says that s leaves this out.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"setup": [1, 14], "n_hidden": [400, 16], "accuracy": [0.89, 0.84]})
    >>> table = table.assign(s=[0.85, 0.39], others=[0.1, 0.6])
    >>> figure = plots.figures.beyond_overlap.others_inside(table)
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['validation accuracy [%]', 'specialization s']
    """
    needed = ["setup", "n_hidden", "accuracy", "s", "others"]
    sets = by_data_set(checked_table(table, needed, needed[1:]))
    size = (8, 3.6 * len(sets) + 0.8)
    figure, axes = plt.subplots(len(sets), 2, figsize=size, squeeze=False, sharey="row")
    for (left, right), (title, rows) in zip(axes, sets, strict=True):
        setup_scatter(rows, "accuracy", "others", left).set_title(title, loc="left")
        setup_scatter(rows, "s", "others", right)
        left.set_ylabel(_OTHERS)
        right.set_ylabel("")
        for ax in (left, right):
            ax.get_legend().remove()
            ax.set_ylim(bottom=0)
            ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    legend_below(figure, axes.flat, 3)
    figure.draw_without_rendering()
    for ax in axes.flat:
        spread_numbers(ax)
    return figure


def overlap_of_classes(
    table: pd.DataFrame, setups: Sequence[int], names: Sequence[str], coverage: float = 0.8
) -> Figure:
    """Which classes' samples lie in which class's blanket: a map for each of some set-ups.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment overlaps, of one data set: setup, hidden, density, model, coverage,
        class, other, inside and identical.
    setups : sequence of int
        The set-ups that have a map.
    names : sequence of str
        What the classes are called, by their numbers.
    coverage : float, default 0.8
        The minimum coverage c_P.

    Returns
    -------
    Figure
        Rows: whose blanket it is. Columns: whose samples. Number and colour: the share of them that
        is inside, in per cent, mean over models. A frame: in at least one model both classes have
        the same maximal pattern.

    Raises
    ------
    MBHError
        For a table without these columns, a set-up or a c_P that it has not, and fewer names than
        classes.

    Notes
    -----
    The thesis has no such figure; section 4.3.2 names the problem.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = {"class": [0, 0, 1, 1], "other": [0, 1, 0, 1], "inside": [0.8, 0.1, 0.3, 0.9]}
    >>> table = pd.DataFrame(rows).assign(setup=7, hidden="300-100", density=0.1, model=0)
    >>> table = table.assign(coverage=0.8, identical=[True, False, False, True])
    >>> figure = plots.figures.beyond_overlap.overlap_of_classes(table, [7], ["a", "b"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['80', '10', '30', '90']
    """
    columns = ["setup", "hidden", "density", "coverage", "class", "other", "inside", "identical"]
    table = rows_of(table, columns, coverage=coverage)
    setups = require.listed("setups", setups, "numbers of set-ups")
    if not setups:
        raise MBHError("setups is empty: there is no map to draw")
    names = require.listed("names", names, "names of classes")
    k = int(max(table["class"].max(), table["other"].max())) + 1
    if len(names) < k:
        raise MBHError(f"names has {len(names)} members for classes up to number {k - 1}")
    figure, axes = plt.subplots(
        len(setups), 1, figsize=(0.5 * k + 2.2, (0.42 * k + 1.9) * len(setups)), squeeze=False
    )
    for ax, setup in zip(axes[:, 0], setups, strict=True):
        rows = rows_of(table, columns, setup=setup)
        cells = rows.groupby(["class", "other"])
        inside = cells["inside"].mean().unstack()
        identical = cells["identical"].mean().unstack()
        shares = inside.to_numpy(float)
        same = identical.to_numpy(float)
        image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for i in range(len(shares)):
            for j in range(len(shares)):
                _write(ax, i, j, shares[i, j], same[i, j])
        shown = [str(names[c]) for c in inside.index]
        ax.set_xticks(range(len(shown)), shown, rotation=60, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(shown)), shown)
        ax.tick_params(length=0)
        ax.grid(False)
        first = rows.iloc[0]
        ax.set_title(f"#{setup}: {first['hidden']}, density {first['density']:.2g}", loc="left")
        ax.set(ylabel="in the blanket of", xlabel="samples of")
    bar = figure.colorbar(image, ax=axes[:, 0].tolist(), shrink=0.5, aspect=30)
    bar.set_label("samples inside [%]")
    bar.ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}")
    return figure


def _write(ax, i: int, j: int, inside: float, identical: float) -> None:
    """The share in its cell, framed where two classes have the same pattern in some model."""
    ink = "white" if inside > 0.6 else "0.15"
    ax.text(j, i, f"{100 * inside:.0f}", ha="center", va="center", fontsize=8, color=ink)
    if i != j and identical > 0:
        look = {"fill": False, "edgecolor": "#D55E00", "lw": 2, "zorder": 3}
        ax.add_patch(Rectangle((j - 0.45, i - 0.45), 0.9, 0.9, **look))
