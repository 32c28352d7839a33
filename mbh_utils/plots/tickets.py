"""Lottery tickets: over density, over the iteration of the mask, over rounds of pruning."""

import pandas as pd
from matplotlib.axes import Axes

from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import check_flags, checked_table
from mbh_utils.plots.curve_kinds import name_iterations
from mbh_utils.plots.lines import curves, draw_curve, explain_spread, legend_beside, name_axes
from mbh_utils.plots.style import axes_or_new, in_per_cent

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

#: Rule by which a mask is made -> what a legend calls it.
RULES = {
    "magnitude": "largest weights",
    "same sign": "largest weights that kept their sign",
    "trained signs": "largest weights, with the signs of the trained network",
}

#: How the weights that are left were chosen -> what a legend calls it.
KINDS = {
    "iterative": "iterative, weights rewound",
    "reinitialised": "iterative mask, new weights",
    "one-shot": "one-shot, weights rewound",
}


def ticket_curves(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    zoom: bool = False,
    legend: bool = True,
) -> Axes:
    """Validation accuracy over density, of lottery tickets and of random masks.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, with the columns kind ("dense", "ticket" or "reinitialised"), density,
        trained (bool) and accuracy (a share).
    ax : Axes, optional
        Where to draw; new axes by default.
    zoom : bool, default False
        Only the accuracies of trained networks, from the least to the largest of them, which lie so
        near each other that they are one line on an axis from 0 to 100 %.
    legend : bool, default True
        Whether a legend below names the curves.

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
    >>> [text.get_text() for text in ax.get_legend().get_texts()]  # doctest: +ELLIPSIS
    ['dense, trained', 'magnitude mask, initial weights: trained', ...]
    """
    check_flags(zoom=zoom, legend=legend)
    checked_table(
        table, ["kind", "density", "trained", "accuracy"], ["density", "trained", "accuracy"]
    )
    if not (table["kind"] == "dense").any():
        raise MBHError('table has no row of kind "dense", which the others are compared with')
    ax = axes_or_new(ax, (6.4, 4.6))
    table = in_per_cent(table)
    dense = table[table["kind"] == "dense"]
    level = dense[dense["trained"].astype(bool)]["accuracy"]
    ax.axhline(level.mean(), color="black", lw=1.4, label="dense, trained")
    ax.axhspan(level.min(), level.max(), color="black", alpha=0.12, lw=0)
    for (kind, trained), look in _TICKETS.items():
        rows = pd.concat([table[table["kind"] == kind], dense if kind == "ticket" else None])
        rows = rows[rows["trained"] == trained]
        if not (rows["kind"] == kind).any() or (zoom and not trained):
            continue
        draw_curve(ax, rows.groupby("density")["accuracy"], 0.2, **look)
    explain_spread(ax, "band")
    name_axes(ax, "density", "accuracy")
    ax.set_ylim(*(_limits_of(table[table["trained"].astype(bool)]) if zoom else (0, 102)))
    if legend:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=8.5)
    return ax


def _limits_of(trained: pd.DataFrame) -> tuple[float, float]:
    """From the least to the largest accuracy, with a little room."""
    low = trained["accuracy"].min()
    high = trained["accuracy"].max()
    room = max(0.08 * (high - low), 0.05)
    return low - room, min(high + room, 100.5)


def mask_curves(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    y: str = "accuracy",
    legend: bool = True,
) -> Axes:
    """Accuracy of untrained lottery tickets over the iteration that their mask is taken from.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per mask, with the columns rule ("magnitude", "same sign" or "trained signs"),
        mask_iteration, model, and ``y``. Several densities of one model are averaged.
    ax : Axes, optional
        Where to draw; new axes by default.
    y : str, default "accuracy"
        The column; signs_kept is another.
    legend : bool, default True
        Whether a legend below names the rules.

    Returns
    -------
    Axes
        Iterations are logarithmic, with 0 shown; bands reach from the smallest to the largest
        model. Of accuracies, a dotted line marks 80 %.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Section 2.3 of the thesis: untrained tickets of density .25 to .30 reach more than 80 %. It does
    not say how long the dense network was trained before the mask was taken.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"rule": "magnitude", "mask_iteration": [0, 250], "model": 0})
    >>> ax = plots.mask_curves(table.assign(accuracy=[0.1, 0.87]))
    >>> [text.get_text() for text in ax.get_legend().get_texts()][::2]
    ['largest weights', 'the thesis: more than 80 %']
    """
    check_flags(legend=legend)
    checked_table(table, ["rule", "mask_iteration", y], ["mask_iteration", y])
    ax = axes_or_new(ax, (6.4, 4.4))
    known = {rule: words for rule, words in RULES.items() if (table["rule"] == rule).any()}
    names = known | {rule: rule for rule in sorted(set(table["rule"]) - set(known))}
    curves(table, "mask_iteration", y, ax, hue="rule", names=names, legend=False)
    name_iterations(ax, "log", int(table["mask_iteration"].max()))
    if y == "accuracy":
        look = {"color": "black", "ls": ":", "lw": 1.3}
        ax.axhline(80, label="the thesis: more than 80 %", **look)
    ax.set_ylim(0, 102)
    if legend:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return ax


def lottery_curves(
    table: pd.DataFrame,
    y: str,
    ax: Axes | None = None,
    *,
    legend: bool = True,
) -> Axes:
    """A column over the share of weights that are left, by the way they were chosen.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per network, with the columns kind ("iterative", "reinitialised" or "one-shot"),
        density, model and ``y``.
    y : str
        The column, such as iteration (of early stopping) or test_accuracy (a share).
    ax : Axes, optional
        Where to draw; new axes by default.
    legend : bool, default True
        Whether a legend to the right names the kinds.

    Returns
    -------
    Axes
        From all weights at the left to the fewest at the right, logarithmic, in per cent, as in the
        paper on lottery tickets.

    Raises
    ------
    MBHError
        If the table is empty, a column is missing, or one of them holds no numbers.

    Notes
    -----
    Figures 3 and 4 of Frankle and Carbin, "The Lottery Ticket Hypothesis" (2019), from which the
    thesis starts in section 2.3.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": "iterative", "density": [1.0, 0.8], "model": 0})
    >>> ax = plots.lottery_curves(table.assign(iteration=[7000, 6000]), "iteration")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('weights left $P_m$ [%]', 'iteration of early stopping')
    """
    check_flags(legend=legend)
    checked_table(table, ["kind", "density", y], ["density", y])
    known = {kind: words for kind, words in KINDS.items() if (table["kind"] == kind).any()}
    if not known:
        raise MBHError(f"table has no row whose kind is one of {', '.join(KINDS)}")
    dense = table[(table["density"] == 1) & (table["kind"] == "iterative")]
    # At density 1 nothing is chosen yet: every kind starts at the dense network.
    missing = [k for k in known if not ((table["kind"] == k) & (table["density"] == 1)).any()]
    table = pd.concat([table, *(dense.assign(kind=kind) for kind in missing)])
    table = table.assign(density=100 * table["density"])
    ax = axes_or_new(ax, (5.6, 4))
    curves(table, "density", y, ax, hue="kind", names=known, legend=False)
    ax.set_xlabel("weights left $P_m$ [%]")
    if y == "iteration":
        ax.set_ylabel("iteration of early stopping")
        ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.invert_xaxis()
    if legend:
        legend_beside(ax)
    return ax
