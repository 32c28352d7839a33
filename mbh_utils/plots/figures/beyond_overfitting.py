"""Whole figures on overfitting: how s and the gap between two accuracies grow, and go together."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import name_iterations
from mbh_utils.plots.figures._layout import legend_below, rows_of
from mbh_utils.plots.lines import draw_curve, explain_spread
from mbh_utils.plots.style import MARKERS, NAMES

# Named here as in experiments/overfitting.py, which plots do not know.
#: What might tell how much a network overfits -> how texts and figures call it.
INDICATORS: Mapping[str, str] = {
    "s_validation": "s",
    "s_training": "s by training images",
    "s_difference": "s training − validation",
    "others_validation": "others inside",
    "coverage_lost": "coverage lost",
    "oui_validation": "OUI",
    "n_regions": "activation regions",
}
#: Over which networks indicators are held against the gap -> how texts and figures call it.
VIEWS: Mapping[str, str] = {
    "all": "all networks",
    "fixed N": "all networks, N held fixed",
    "setup": "networks of one set-up",
    "data": "networks of one training set",
    "training": "one network over its training",
}

#: From few training images (light) to many (dark): colour-blind readers see them as steps of grey.
_SIZES = ("#E69F00", "#D55E00", "#0072B2", "#000000")
_STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), "-.")
_VIEW_COLOURS = ("#000000", "#0072B2", "#009E73", "#D55E00", "#CC79A7")
_WORDS = {"gap": "gap between training\nand validation accuracy", "s_validation": NAMES["s"]}


def gap_over_training(
    rows: pd.DataFrame, *, setup: int = 1, measures: Sequence[str] = ("gap", "s_validation")
) -> Figure:
    """The gap between two accuracies and s over training, by training images and wrong labels.

    Parameters
    ----------
    rows : pandas.DataFrame
        As ``experiments.overfitting_indicators`` gives them.
    setup : int, default 1
        Whose networks.
    measures : sequence of str, default ("gap", "s_validation")
        The columns that have a row of axes each.

    Returns
    -------
    Figure
        A column of axes for right labels, for the largest share of wrong ones, and for shuffled
        ones if they were measured. A curve for each number of training images; its band reaches
        from the smallest to the largest model.

    Raises
    ------
    MBHError
        For a table without these columns, or without the set-up.

    Notes
    -----
    The thesis has no such figure.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> rows = pd.DataFrame({"iteration": [10, 100] * 2, "training_images": [60, 60, 90, 90]})
    >>> rows = rows.assign(noise=0.0, setup=1, model=0, gap=[0, 0.2, 0, 0.1], s_validation=0.5)
    >>> figure = plots.figures.beyond_overfitting.gap_over_training(rows)
    >>> [ax.get_title("left") for ax in figure.axes]
    ['right labels', '']
    """
    measures = require.listed("measures", measures, "columns")
    if not measures:
        raise MBHError("measures is empty; expected one column at least")
    setup = require.whole("setup", setup)
    needed = ["setup", "training_images", "noise", "iteration", "model", *measures]
    of_setup = rows_of(rows, needed, setup=setup)
    noises = _noises(of_setup)
    size = (max(2.35 * len(noises), 4.2), 2.1 * len(measures) + 0.9)
    figure, axes = plt.subplots(
        len(measures), len(noises), figsize=size, squeeze=False, sharex=True, sharey="row"
    )
    for column, noise in zip(axes.T, noises, strict=True):
        part = of_setup[np.isclose(of_setup["noise"], noise)]
        column[0].set_title(_noise_title(noise), loc="left")
        for ax, measure in zip(column, measures, strict=True):
            _curves_of_sizes(ax, part, measure, sorted(of_setup["training_images"].unique()))
    for line, measure in zip(axes, measures, strict=True):
        line[0].set_ylabel(_WORDS.get(measure) or INDICATORS.get(measure, measure))
        if measure.endswith("gap"):
            for ax in line:
                ax.axhline(0, color="0.4", lw=0.8, zorder=0)
    for ax in axes[:-1].flat:
        ax.set_xlabel("")
    legend_below(figure, axes.flat, 2)
    return figure


def _noises(rows: pd.DataFrame) -> list[float]:
    """None, the largest share of wrong labels, and that of shuffled ones, as far as there."""
    there = sorted(rows["noise"].unique())
    below = [noise for noise in there if noise < 1]
    chosen = [*below[:1], *below[-1:], *(noise for noise in there if noise == 1)]
    return list(dict.fromkeys(chosen))


def _noise_title(noise: float) -> str:
    if noise == 1:
        return "shuffled labels"
    return f"{noise:.0%} wrong labels" if noise else "right labels"


def _curves_of_sizes(ax: Axes, rows: pd.DataFrame, measure: str, sizes: Sequence[int]) -> None:
    """A curve over training for each number of training images, in the look of its place."""
    for i, size in enumerate(sizes):
        here = rows[rows["training_images"] == size]
        if here.empty:
            continue
        look = {
            "color": _SIZES[i % len(_SIZES)],
            "marker": MARKERS[i % len(MARKERS)],
            "ls": _STYLES[i % len(_STYLES)],
            "label": f"{size:,} training images",
        }
        by_x = here.groupby("iteration")[measure]
        draw_curve(ax, by_x, 0.18, **look)
    name_iterations(ax, "log", int(rows["iteration"].max()))
    ax.set_xlim(left=0.7 * rows["iteration"].min())
    explain_spread(ax, "band")
    ax.set_xlabel(NAMES["iteration"])


def indicator_correlations(
    correlations: pd.DataFrame, names: Mapping[str, str] | None = None
) -> Figure:
    """How each indicator goes with the gap between two accuracies: dots with intervals.

    Parameters
    ----------
    correlations : pandas.DataFrame
        As ``experiments.gap_correlations`` gives them: indicator, view, rho, low, high.
    names : mapping of str to str, optional
        Indicator -> what the figure calls it; by default all of ``overfitting.INDICATORS`` that
        there are.

    Returns
    -------
    Figure
        A row for each indicator, and in it a dot for each view, with its 95 % interval.

    Raises
    ------
    MBHError
        For a table without these columns, and an indicator that it has not.

    Notes
    -----
    The thesis has no such figure; it supposes that s grows with overfitting (its section 7).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> found = pd.DataFrame({"indicator": ["s_validation"], "view": ["all"], "rho": [-0.3]})
    >>> found = found.assign(low=-0.5, high=-0.1)
    >>> figure = plots.figures.beyond_overfitting.indicator_correlations(found)
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['s']
    """
    checked_table(correlations, ["indicator", "view", "rho", "low", "high"])
    there = set(correlations["indicator"])
    if names is None:
        names = {one: words for one, words in INDICATORS.items() if one in there}
    require.kind_of("names", names, Mapping, "a dict {indicator: words}")
    if not names or set(names) - there:
        has = ", ".join(sorted(map(str, there)))
        raise MBHError(f"names is {require.shown(names)}; the table has the indicators {has}")
    views = [view for view in VIEWS if view in set(correlations["view"])]
    figure, ax = plt.subplots(figsize=(5.6, 0.78 * len(names) + 1.9))
    step = 0.8 / max(len(views), 1)
    for i, view in enumerate(views):
        shift = (i - (len(views) - 1) / 2) * step
        _dots_of_view(ax, correlations[correlations["view"] == view], list(names), view, shift)
    for y in range(len(names)):
        if y % 2:
            ax.axhspan(y - 0.5, y + 0.5, color="0.95", lw=0, zorder=-2)
    ax.axvline(0, color="0.4", lw=0.8, zorder=0)
    ax.set(xlim=(-1.05, 1.05), xlabel="rank correlation with the gap")
    ax.set_yticks(range(len(names)), list(names.values()))
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(False, axis="y")
    legend_below(figure, [ax], 1)
    return figure


def _dots_of_view(
    ax: Axes, rows: pd.DataFrame, indicators: list[str], view: str, shift: float
) -> None:
    """A dot with its interval in the row of each indicator."""
    place = list(VIEWS).index(view)
    colour = _VIEW_COLOURS[place]
    found = rows.set_index("indicator").reindex(indicators)
    y = np.arange(len(indicators)) + shift
    ax.hlines(y, found["low"], found["high"], color=colour, lw=1.4)
    face = colour if place % 2 == 0 else "white"
    ax.plot(
        found["rho"],
        y,
        ls="none",
        color=colour,
        marker=MARKERS[place],
        mfc=face,
        label=VIEWS[view],
    )
