"""Curves over set-ups, minimum coverage and iterations: a table of networks in, one axes out.

Where several networks share a place, the mean is drawn with a band or bars from the smallest to the
largest value, as in the thesis.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from mbh_utils.computing import require
from mbh_utils.plots._checks import check_flags, checked_table
from mbh_utils.plots.lines import curves, legend_beside
from mbh_utils.plots.style import in_per_cent


def setup_curves(
    table: pd.DataFrame,
    x: str,
    y: str,
    ax: Axes | None = None,
    *,
    hue: str = "n_hidden",
    levels: bool = True,
    style: str | None = None,
    linestyle: str = "-",
    band: bool = True,
    bars: bool = False,
    legend: bool = True,
) -> Axes:
    """A column over another for the set-ups: one line of means per group.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, with the columns ``x``, ``y`` and ``hue``, and ``parameters`` where
        ``levels`` are drawn. Accuracies are shares and are drawn in per cent.
    x, y : str
        The columns; those of ``plots.NAMES`` get a full name on their axis.
    ax : Axes, optional
        Where to draw; new axes by default.
    hue : str, default "n_hidden"
        The column that makes the groups.
    levels : bool, default True
        Over density, join set-ups of equal hidden parameters (HNPs) by black dashed lines.
    style : str, optional
        A second column that makes groups, told apart by line style: of ``trained``, True is solid
        and False dashed.
    linestyle : {"-", "--", "-.", ":"}, default "-"
        Of the groups' lines, where no ``style`` says otherwise.
    band : bool, default True
        Whether a band from the smallest to the largest model lies around each line.
    bars : bool, default False
        Bars in place of bands, for lines that lie near each other: each group stands a little to
        the side of its neighbours.
    legend : bool, default True
        Whether a legend to the right names the groups, and what bands or bars are.

    Returns
    -------
    Axes
        Logarithmic in density, hidden neurons and parameters.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Figures 3.4b, 3.5, 6.2, 6.3, 6.9, 6.11 and 6.12 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 16, 46], "density": [0.5, 1.0, 0.3]})
    >>> table = table.assign(s=[0.4, 0.5, 0.6], parameters=[4736, 9472, 9472])
    >>> ax = plots.setup_curves(table, "density", "s")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['16 neurons', '46 neurons', 'band: smallest to largest model', 'equal HNPs']
    """
    check_flags(levels=levels, legend=legend)
    with_levels = levels and x == "density"
    checked_table(table, [x, y, hue, *(["parameters"] if with_levels else [])])
    looks = {"style": style, "linestyle": linestyle, "band": band, "bars": bars}
    ax = curves(table, x, y, ax, hue=hue, **looks, legend=False)
    if with_levels:
        _level_lines(ax, in_per_cent(table), x, y)
    if legend:
        legend_beside(ax)
    return ax


def _level_lines(ax: Axes, table: pd.DataFrame, x: str, y: str) -> None:
    """Black dashed lines through the means of set-ups with equally many parameters."""
    means = [rows.groupby(x)[y].mean() for _, rows in table.groupby("parameters")]
    look = {"lw": 0.9, "alpha": 0.75, "zorder": 2}
    for i, mean in enumerate(mean for mean in means if len(mean) > 1):
        ax.plot(mean.index, mean, "k--", label=None if i else "equal HNPs", **look)


def coverage_curves(table: pd.DataFrame, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Specialization over minimum coverage, one line per number of hidden neurons.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network and minimum coverage c_P, with the columns coverage, s and n_hidden.
    ax : Axes, optional
        Where to draw; new axes by default.
    legend : bool, default True
        Whether a legend to the right names the groups.

    Returns
    -------
    Axes
        From s = 0 to s = 1, with the measured c_P equally far from each other, since s changes most
        where they lie near 1; the band reaches from the smallest to the largest model.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Figure 6.6 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": 16, "coverage": [0.5, 0.8, 1.0], "s": [0.7, 0.5, 0.1]})
    >>> ax = plots.coverage_curves(table)
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['.5', '.8', '1']
    """
    check_flags(legend=legend)
    ax = setup_curves(table, "coverage", "s", ax, legend=legend)
    values = np.unique(table["coverage"].to_numpy(dtype=float))
    if len(values) > 1:
        ax.set_xscale("function", functions=_equally_spaced(values))
        ax.set_xlim(values[0] - (values[1] - values[0]) / 3, values[-1] + np.diff(values)[-1] / 3)
    ax.set_xticks(values, [f"{value:g}".removeprefix("0") for value in values])
    ax.minorticks_off()
    ax.set_ylim(0, 1)
    return ax


def _equally_spaced(values: np.ndarray) -> tuple:
    """A scale on which these values, at least two, lie equally far from each other; its inverse."""
    below = 2 * values[0] - values[1]
    above = 2 * values[-1] - values[-2]
    places = np.arange(-1, len(values) + 1, dtype=float)
    known = np.array([below, *values, above])
    return lambda c: np.interp(c, known, places), lambda place: np.interp(place, places, known)


def iteration_curves(
    table: pd.DataFrame,
    y: str,
    ax: Axes | None = None,
    *,
    hue: str = "coverage",
    style: str | None = None,
    names: Mapping | None = None,
    scale: str = "linear",
    last: int | None = None,
    band: bool = True,
    legend: bool = True,
) -> Axes:
    """A column over the iterations of training, one line per group.

    Parameters
    ----------
    table : pandas.DataFrame
        Measurements with the columns iteration, ``y`` and ``hue`` (and ``style``). Rows of one
        model are averaged before the smallest and the largest model are looked for.
    y : str
        The column, such as s, n_regions or accuracy.
    ax : Axes, optional
        Where to draw; new axes by default.
    hue : str, default "coverage"
        The column that makes the groups.
    style : str, optional
        A second column, told apart by line style.
    names : mapping, optional
        Value of ``hue`` -> what the legend calls it. The groups come in its order, and only those.
    scale : {"linear", "log"}, default "linear"
        Of the iterations. The logarithmic one shows the state before training too, at 0.
    last : int, optional
        What was measured after this iteration is left out.
    band : bool, default True
        Whether a band from the smallest to the largest model lies around each line.
    legend : bool, default True
        Whether a legend to the right names the groups, and what bands are.

    Returns
    -------
    Axes
        From iteration 0 on.

    Raises
    ------
    MBHError
        If the table is empty (up to ``last``), a column is missing, or holds no numbers.

    Notes
    -----
    Figures 6.8, 6.10 and A.1 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 10, 100], "s": [0.3, 0.4, 0.6], "coverage": 0.8})
    >>> ax = plots.iteration_curves(table, "s", scale="log")
    >>> ax.get_xscale(), ax.get_xlabel()
    ('symlog', 'training iteration')
    """
    require.choice("scale", scale, ("linear", "log"))
    checked_table(table, ["iteration", y, hue], ["iteration", y])
    if last is not None:
        require.whole("last", last, 1)
        table = checked_table(table[table["iteration"] <= last], ["iteration"])
    looks = {"names": names, "band": band, "legend": legend}
    ax = curves(table, "iteration", y, ax, hue=hue, style=style, **looks)
    for line in ax.lines:
        line.set_markevery(0.1)  # where they would lie over each other, markers are left out
    name_iterations(ax, scale, int(table["iteration"].max()))
    return ax


def name_iterations(ax: Axes, scale: str, last: int) -> None:
    """The horizontal axis of iterations from 0 to ``last``, with few and short ticks."""
    if scale == "log":
        ax.set_xscale("symlog", linthresh=1, linscale=0.4)
        powers = [10**k for k in range(len(str(max(last, 1))))]
        ticks = [0, *powers]
        ax.set_xlim(-0.2, 1.25 * max(last, 1))
    else:
        ticks = MaxNLocator(5, integer=True).tick_values(0, max(last, 1))
        ticks = [int(tick) for tick in ticks if 0 <= tick <= max(last, 1)]
        ax.set_xlim(0, 1.02 * max(last, 1))
    ax.set_xticks(ticks, [f"{t // 1000}k" if t and t % 1000 == 0 else f"{t:,}" for t in ticks])
    ax.minorticks_off()
