"""The one function behind all curves: lines of means over models, with bands or bars around them.

Bands and bars reach from the smallest to the largest model, as in the thesis; what was measured of
one model several times (planes, classes) is averaged before.
"""

from collections.abc import Mapping
from itertools import cycle, islice

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import check_flags, checked_table
from mbh_utils.plots.style import LAYERS, MARKERS, NAMES, SPREAD, axes_or_new, in_per_cent

#: Line styles of the values of a second grouping, in this order.
LINE_STYLES = ("-", "--", "-.", ":")

#: A fifth one, which has no sign of its own.
_DASHES = (*LINE_STYLES, (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2)))

#: Columns that spread over magnitudes, so that their axis is logarithmic.
LOGARITHMIC = ("density", "n_hidden", "parameters", "samples")

#: Column -> what a legend calls one of its values.
_WORDS = {
    "n_hidden": "{:,} neurons",
    "parameters": "{:,} HNPs",
    "coverage": "$c_P$ = {:g}",
    "setup": "#{}",
    "class": "class {}",
    "density": "density {:.2g}",
    "samples": "{:,} images per class",
}
#: Palettes of columns whose values have an order; other groups get colours that stand apart.
_PALETTES = {
    "n_hidden": "viridis",
    "parameters": "plasma",
    "coverage": "viridis",
    "samples": "viridis",
    "density": "viridis",
}


def curves(
    table: pd.DataFrame,
    x: str,
    y: str,
    ax: Axes | None = None,
    *,
    hue: str,
    style: str | None = None,
    names: Mapping | None = None,
    linestyle: str = "-",
    band: bool = True,
    bars: bool = False,
    markers: bool = True,
    legend: bool = True,
) -> Axes:
    """A column over another, one line of means per group, with what the models spread over.

    Parameters
    ----------
    table : pandas.DataFrame
        Measurements with the columns ``x``, ``y`` and ``hue`` (and ``style``). Rows of one model
        (column model, where there is one) are averaged before the smallest and the largest model
        are looked for. Shares such as accuracies are drawn in per cent.
    x, y : str
        The columns; those of ``plots.NAMES`` get a full name on their axis.
    ax : Axes, optional
        Where to draw; new axes by default.
    hue : str
        The column that makes the groups, told apart by colour and marker.
    style : str, optional
        A second column, told apart by line style and by filled and open markers. Of ``trained``,
        True is solid and False dashed.
    names : mapping, optional
        Value of ``hue`` -> what the legend calls it. The groups come in its order, and only those.
    linestyle : {"-", "--", "-.", ":"}, default "-"
        Of the lines, where no ``style`` says otherwise.
    band : bool, default True
        Whether a band from the smallest to the largest model lies around each line.
    bars : bool, default False
        Bars in place of bands, for lines that lie near each other: each group stands a little to
        the side of its neighbours.
    markers : bool, default True
        Whether each mean has a marker.
    legend : bool, default True
        Whether a legend to the right names the groups, the styles and what band or bars are.

    Returns
    -------
    Axes
        Logarithmic in density, hidden neurons, parameters and number of samples.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or ``x`` or ``y`` holds no numbers.

    See Also
    --------
    setup_curves : The same for set-ups, with lines of equal parameters.
    iteration_curves : The same over training iterations.

    Notes
    -----
    Figures D.1 to D.3, E.1 and E.2 of the thesis, and most others with lines.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46] * 2, "trained": [True, True, False, False]})
    >>> table = table.assign(leaves=[900, 1200, 1500, 1900], parameters=4736)
    >>> ax = plots.curves(table, "n_hidden", "leaves", hue="parameters", style="trained")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['4,736 HNPs', 'trained', 'untrained', 'band: smallest to largest model']
    """
    check_flags(band=band, bars=bars, markers=markers, legend=legend)
    require.choice("linestyle", linestyle, LINE_STYLES)
    checked_table(table, [x, y, hue, *([style] if style is not None else [])], [x, y])
    groups = _groups(table, hue, names)
    ax = axes_or_new(ax, (5.2, 4))
    table = in_per_cent(table)
    looks = list(zip(groups.items(), _colours(len(groups), hue), cycle(MARKERS), strict=False))
    styles = _styles(table, style, linestyle)
    labelled = set()
    for k, (value, (dashes, is_open)) in enumerate(styles.items()):
        rows_of_style = table if style is None else table[table[style] == value]
        for i, ((group, name), colour, marker) in enumerate(looks):
            rows = rows_of_style[rows_of_style[hue] == group]
            if rows.empty:
                continue
            look = {"color": colour, "ls": dashes, "zorder": 3 + k / 10}
            look |= {"marker": marker if markers else None, "mfc": "white" if is_open else colour}
            if group not in labelled:
                look["label"] = name
                labelled.add(group)
            by_x = _per_model(rows, x, y)
            if bars:
                draw_bars(ax, by_x, _beside(i, len(looks), x, table[x]), **look)
            else:
                draw_curve(ax, by_x, 0.18 if band else 0, **look)
    if len(styles) > 1:
        for value, (dashes, is_open) in styles.items():
            look = {"ls": dashes, "color": "0.25", "marker": "o" if markers else None}
            look |= {"mfc": "white"} if is_open else {}
            ax.plot([], [], **look, label=_style_name(style, value))
    if bars or band:
        explain_spread(ax, "bars" if bars else "band")
    name_axes(ax, x, y)
    if x == "n_hidden":
        name_ticks(ax, table[x])
    if legend:
        legend_beside(ax)
    return ax


def _groups(table: pd.DataFrame, hue: str, names: Mapping | None) -> dict:
    """Value of ``hue`` -> its name, in the order in which they are drawn."""
    if names is not None:
        require.kind_of("names", names, Mapping, "a dict {value: name}")
        present = set(table[hue])
        groups = {value: str(name) for value, name in names.items() if value in present}
        if not groups:
            raise MBHError(
                f"names has no value of the table's column {hue}: {require.shown(names)}"
            )
        return groups
    try:
        values = sorted(table[hue].unique())
    except TypeError as error:
        raise MBHError(f"the table's column {hue} has values without an order") from error
    if hue == "trained":
        return {value: _style_name(hue, value) for value in values[::-1]}
    words = _WORDS.get(hue, "{}")
    try:
        return {value: words.format(value) for value in values}
    except ValueError as error:
        raise MBHError(f"the table's column {hue} holds no numbers") from error


def _styles(table: pd.DataFrame, style: str | None, linestyle: str) -> dict:
    """Value of ``style`` -> line style, and whether markers are open."""
    if style is None:
        return {None: (linestyle, linestyle != "-")}
    values = sorted(table[style].unique(), reverse=style == "trained")
    return {
        value: (dashes, dashes != "-")
        for value, dashes in zip(values, cycle(_DASHES), strict=False)
    }


def _style_name(style: str | None, value) -> str:
    if style == "trained":
        return "trained" if value else "untrained"
    return _WORDS.get(str(style), "{}").format(value)


def _colours(n: int, hue: str) -> list:
    """Shades from dark to light where the groups have an order, else colours that stand apart."""
    if hue in _PALETTES:
        return sns.color_palette(_PALETTES[hue], n + 1)[:n]
    return list(islice(cycle(LAYERS), n))


def _per_model(rows: pd.DataFrame, x: str, y: str):
    """Values by ``x``, one for each model where models are told apart."""
    if "model" not in rows or "model" in (x, y):
        return rows.groupby(x)[y]
    return rows.groupby([x, "model"])[y].mean().groupby(level=0)


def _beside(i: int, n: int, x: str, values: pd.Series):
    """The function that moves group ``i`` of ``n`` a little to the side."""
    step = i - (n - 1) / 2
    if x in LOGARITHMIC:
        return lambda at: at * 1.035**step
    width = float(values.max() - values.min())
    return lambda at: at + 0.012 * width * step


def draw_curve(ax: Axes, by_x, alpha: float, **look) -> None:
    """A line of means with a band from min to max; no band where its opacity ``alpha`` is 0."""
    mean = by_x.mean()
    low = by_x.min()
    high = by_x.max()
    ax.plot(mean.index, mean, **look)
    if alpha:
        ax.fill_between(mean.index, low, high, color=look["color"], alpha=alpha, lw=0)
    if alpha and len(mean) == 1:  # a band of one point has no width
        ax.vlines(mean.index, low, high, color=look["color"], alpha=0.5)


def draw_bars(ax: Axes, by_x, place, **look) -> None:
    """A line of means with bars from min to max, each at ``place(x)``."""
    mean = by_x.mean()
    at = place(np.asarray(mean.index, dtype=float))
    lengths = bar_lengths(mean, by_x.min(), by_x.max())
    bars = {"fmt": "none", "ecolor": look["color"], "elinewidth": 1.1, "capsize": 2}
    ax.errorbar(at, mean, lengths, **bars, zorder=look["zorder"] - 0.05)
    ax.plot(at, mean, **look)


def bar_lengths(mean: pd.Series, low: pd.Series, high: pd.Series) -> np.ndarray:
    """Lengths (2, n) of bars down and up from the mean.

    The mean of equal values may lie beside them by a rounding, and a bar has no negative length.
    """
    return np.stack([mean - low, high - mean]).clip(0)


def explain_spread(ax: Axes, what: str) -> None:
    """An entry of the legend that says what a "band", or "bars", reach over; once for an axes."""
    words = f"{what}: {SPREAD}"
    if words in ax.get_legend_handles_labels()[1]:
        return
    if what == "band":
        ax.fill_between([], [], color="0.5", alpha=0.35, lw=0, label=words)
    else:
        ax.plot([], [], ls="none", marker="|", ms=11, mew=1.1, color="0.3", label=words)


def name_axes(ax: Axes, x: str, y: str) -> None:
    """Names of both axes; a logarithmic horizontal one where sizes spread over magnitudes."""
    ax.set(xlabel=NAMES.get(x, x), ylabel=NAMES.get(y, y))
    if x in LOGARITHMIC:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_formatter(NullFormatter())


def name_ticks(ax: Axes, values) -> None:
    """A tick at each of the values that occur, and no other."""
    values = sorted(set(values))
    ax.set_xticks(values, [f"{v:,}" for v in values])
    ax.minorticks_off()


def legend_beside(ax: Axes) -> None:
    """A legend to the right of the axes."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
