"""Curves, scatters and maps over set-ups: a table of measured networks in, one axes out.

Where several networks share a place, the mean is drawn with a band or bars from the smallest to the
largest value, as in the thesis.
"""

from itertools import cycle

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import check_flags, checked_table
from mbh_utils.plots.style import MARKERS, NAMES, axes_or_new

#: (kind, trained) -> look of a curve in Figure 2.1.
_TICKETS = {
    ("ticket", True): {
        "label": "magnitude mask, initial weights: trained",
        "color": "#D55E00",
        "marker": "s",
        "ls": "-",
    },
    ("ticket", False): {
        "label": "magnitude mask, initial weights: untrained",
        "color": "#0072B2",
        "marker": "o",
        "ls": "--",
    },
    ("reinitialised", True): {
        "label": "random mask, new weights: trained",
        "color": "#009E73",
        "marker": "D",
        "ls": "-",
    },
    ("reinitialised", False): {
        "label": "random mask, new weights: untrained",
        "color": "#E69F00",
        "marker": "^",
        "ls": "--",
    },
}


def setup_curves(
    table: pd.DataFrame,
    x: str,
    y: str,
    ax: Axes | None = None,
    *,
    hue: str = "n_hidden",
    levels: bool = True,
    linestyle: str = "-",
    band: bool = True,
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
    linestyle : {"-", "--", "-.", ":"}, default "-"
        Of the groups' lines.
    band : bool, default True
        Whether a band from the smallest to the largest model lies around each line.
    legend : bool, default True
        Whether a legend to the right names the groups.

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
    ['16 neurons', '46 neurons', 'equal HNPs']
    """
    check_flags(levels=levels, band=band, legend=legend)
    require.choice("linestyle", linestyle, ("-", "--", "-.", ":"))
    with_levels = levels and x == "density"
    needed = [x, y, hue, *(["parameters"] if with_levels else [])]
    checked_table(table, needed, [x, y, hue])
    ax = axes_or_new(ax, (5.2, 4))
    if "accuracy" in (x, y):
        table = _in_per_cent(table)
    groups = sorted(table[hue].unique())
    what = "neurons" if hue == "n_hidden" else "HNPs"
    shades = _shades(len(groups), hue)
    for group, colour, marker in zip(groups, shades, cycle(MARKERS), strict=False):
        look = {"ls": linestyle, "marker": marker, "color": colour, "zorder": 3}
        by_x = table[table[hue] == group].groupby(x)[y]
        _curve(ax, by_x, 0.18 if band else 0, label=f"{group:,} {what}", **look)
    if with_levels:
        _level_lines(ax, table, x, y)
    _name_axes(ax, x, y)
    if legend:
        _legend_beside(ax)
    if x == "n_hidden":
        values = sorted(table[x].unique())
        ax.set_xticks(values, [f"{v:,}" for v in values])
        ax.minorticks_off()
    return ax


def _in_per_cent(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(accuracy=100 * table["accuracy"])


def _level_lines(ax: Axes, table: pd.DataFrame, x: str, y: str) -> None:
    """Black dashed lines through the means of set-ups with equally many parameters."""
    means = [rows.groupby(x)[y].mean() for _, rows in table.groupby("parameters")]
    look = {"lw": 0.9, "alpha": 0.75, "zorder": 2}
    for i, mean in enumerate(mean for mean in means if len(mean) > 1):
        ax.plot(mean.index, mean, "k--", label=None if i else "equal HNPs", **look)


def _curve(ax: Axes, by_x, alpha: float, **look) -> None:
    """A line of means with a band from min to max; no band where its opacity ``alpha`` is 0."""
    mean = by_x.mean()
    low = by_x.min()
    high = by_x.max()
    ax.plot(mean.index, mean, **look)
    if alpha:
        ax.fill_between(mean.index, low, high, color=look["color"], alpha=alpha, lw=0)
    if alpha and len(mean) == 1:  # a band of one point has no width
        ax.vlines(mean.index, low, high, color=look["color"], alpha=0.5)


def _shades(n: int, hue: str = "n_hidden") -> list:
    """Shades from dark to light; groups by neurons and by parameters get different ones."""
    return sns.color_palette("viridis" if hue == "n_hidden" else "plasma", n + 1)[:n]


def _name_axes(ax: Axes, x: str, y: str) -> None:
    """Names of both axes; a logarithmic horizontal one where sizes spread over magnitudes."""
    ax.set(xlabel=NAMES.get(x, x), ylabel=NAMES.get(y, y))
    if x in ("density", "n_hidden", "parameters"):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_formatter(NullFormatter())


def _legend_beside(ax: Axes) -> None:
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))


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
        From s = 0 to s = 1; the band reaches from the smallest to the largest model.

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
    >>> plots.coverage_curves(table).get_xlabel()
    'minimum coverage $c_P$'
    """
    check_flags(legend=legend)
    ax = setup_curves(table, "coverage", "s", ax, legend=legend)
    ax.set_ylim(0, 1)
    return ax


def ticket_curves(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Validation accuracy over density, of lottery tickets and of random masks.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, with the columns kind ("dense", "ticket" or "reinitialised"), density,
        trained (bool) and accuracy (a share).
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        Bands reach from the smallest to the largest model. The dense network, trained, is the black
        line; at density 1 it is its own ticket.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, one of them holds no numbers, or no network is
        dense.

    Notes
    -----
    Figure 2.1 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": ["dense", "ticket"], "density": [1.0, 0.3]})
    >>> ax = plots.ticket_curves(table.assign(trained=True, accuracy=[0.98, 0.97]))
    >>> ax.get_legend().get_texts()[0].get_text()
    'dense, trained'
    """
    checked_table(
        table, ["kind", "density", "trained", "accuracy"], ["density", "trained", "accuracy"]
    )
    if not (table["kind"] == "dense").any():
        raise MBHError('table has no row of kind "dense", which the others are compared with')
    ax = axes_or_new(ax, (6.4, 4.6))
    table = _in_per_cent(table)
    dense = table[table["kind"] == "dense"]
    level = dense[dense["trained"]]["accuracy"]
    ax.axhline(level.mean(), color="black", lw=1.4, label="dense, trained")
    ax.axhspan(level.min(), level.max(), color="black", alpha=0.12, lw=0)
    for (kind, trained), look in _TICKETS.items():
        rows = pd.concat([table[table["kind"] == kind], dense if kind == "ticket" else None])
        by_density = rows[rows["trained"] == trained].groupby("density")["accuracy"]
        _curve(ax, by_density, 0.2, **look)
    _name_axes(ax, "density", "accuracy")
    ax.set_ylim(0, 102)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=8.5)
    return ax


def setup_scatter(table: pd.DataFrame, x: str, y: str, ax: Axes | None = None) -> Axes:
    """Means of the set-ups, each labelled with its number, coloured and marked by N.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, with the columns ``x``, ``y``, accuracy, n_hidden and setup. Accuracies
        are shares and are drawn in per cent.
    x, y : str
        The columns; those of ``plots.NAMES`` get a full name on their axis.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        Bars reach from the smallest to the largest model.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Figure 6.4 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"setup": [1, 14], "n_hidden": [400, 16], "accuracy": [0.89, 0.84]})
    >>> ax = plots.setup_scatter(table.assign(s=[0.85, 0.39]), "accuracy", "s")
    >>> [text.get_text() for text in ax.texts]  # the smaller N first
    ['#14', '#1']
    """
    checked_table(table, [x, y, "accuracy", "n_hidden", "setup"], [x, y, "accuracy", "n_hidden"])
    ax = axes_or_new(ax, (6, 4.6))
    table = _in_per_cent(table)
    groups = sorted(table["n_hidden"].unique())
    shades = _shades(len(groups))
    for group, colour, marker in zip(groups, shades, cycle(MARKERS), strict=False):
        by_setup = table[table["n_hidden"] == group].groupby("setup")[[x, y]]
        mean = by_setup.mean()
        bars = {
            "xerr": _bars(mean[x], by_setup.min()[x], by_setup.max()[x]),
            "yerr": _bars(mean[y], by_setup.min()[y], by_setup.max()[y]),
        }
        look = {"fmt": marker, "color": colour, "elinewidth": 0.8}
        ax.errorbar(mean[x], mean[y], **bars, **look, label=f"{group:,} neurons")
        # To either side in turn, so that labels of neighbouring groups keep apart.
        to_the_right = group in groups[::-2]
        place = (5, -9) if to_the_right else (-5, -9)
        look = {"ha": "left" if to_the_right else "right", "fontsize": 8}
        for number, row in mean.iterrows():
            spot = (row[x], row[y])
            ax.annotate(f"#{number}", spot, xytext=place, textcoords="offset points", **look)
    _name_axes(ax, x, y)
    _legend_beside(ax)
    return ax


def _bars(mean: pd.Series, low: pd.Series, high: pd.Series) -> np.ndarray:
    """Lengths (2, n) of bars down and up from the mean.

    The mean of equal values may lie beside them by a rounding, and a bar has no negative length.
    """
    return np.stack([mean - low, high - mean]).clip(0)


def setup_map(setups: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """The set-ups in the plane of density and hidden neurons, with lines of equal parameters.

    Parameters
    ----------
    setups : pandas.DataFrame
        One row per set-up, with the columns setup, n_hidden, density and parameters.
    ax : Axes, optional
        Where to draw; new axes by default.

    Returns
    -------
    Axes
        Logarithmic in both.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Figure 6.1 of the thesis. HNPs are hidden network parameters: weights and biases of all layers
    before the output layer.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> setups = pd.DataFrame({"setup": [10, 14], "n_hidden": 16, "density": [1.0, 0.5]})
    >>> ax = plots.setup_map(setups.assign(parameters=[9472, 4736]))
    >>> [text.get_text() for text in ax.texts]
    ['4,736 HNPs', '9,472 HNPs', '#10', '#14']
    """
    names = ["setup", "n_hidden", "density", "parameters"]
    setups = checked_table(setups, names, names[1:])
    ax = axes_or_new(ax, (6, 4.2))
    near = {"textcoords": "offset points", "fontsize": 8}
    for level, rows in setups.sort_values("density").groupby("parameters"):
        ax.plot(rows["density"], rows["n_hidden"], "k--", lw=1, zorder=1)
        first = rows.iloc[0]
        spot = (first["density"], first["n_hidden"])
        ax.annotate(f"{level:,} HNPs", spot, xytext=(0, 9), ha="center", **near)
    ax.scatter(setups["density"], setups["n_hidden"], s=42, color="#0072B2", zorder=2)
    for row in setups.itertuples():
        # To the left, since the dashed lines run to the lower right.
        spot = (row.density, row.n_hidden)
        ax.annotate(f"#{row.setup}", spot, xytext=(-5, -12), ha="right", **near)
    ax.set_yscale("log")
    ax.margins(0.1, 0.14)
    _name_axes(ax, "density", "n_hidden")
    values = sorted(setups["n_hidden"].unique())
    ax.set_yticks(values, [str(v) for v in values])
    ax.minorticks_off()
    return ax
