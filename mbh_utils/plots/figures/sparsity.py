"""Whole figures of the chapter on sparsity: lottery tickets."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import legend_below, legend_under, rows_of
from mbh_utils.plots.lines import curves
from mbh_utils.plots.tickets import lottery_curves, mask_curves, ticket_curves


def tickets(table: pd.DataFrame) -> Figure:
    """Accuracy of tickets and random masks over density, and the trained ones once more, enlarged.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment tickets: kind, density, model, trained, accuracy.

    Returns
    -------
    Figure
        Two axes: from 0 to 100 %, and from the least to the most accurate trained network.

    Notes
    -----
    Figure 2.1 of the thesis has the left axes only.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": ["dense", "ticket"], "density": [1.0, 0.3], "model": 0})
    >>> figure = plots.figures.sparsity.tickets(table.assign(trained=True, accuracy=[0.98, 0.97]))
    >>> [ax.get_title("left") for ax in figure.axes]
    ['all', 'trained networks only, enlarged']
    """
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.4))
    ticket_curves(table, axes[0], legend=False).set_title("all", loc="left")
    ticket_curves(table, axes[1], zoom=True, legend=False)
    axes[1].set_title("trained networks only, enlarged", loc="left")
    legend_below(figure, axes, 2)
    return figure


def ticket_iterations(table: pd.DataFrame, densities: tuple[float, float] = (0.25, 0.3)) -> Figure:
    """Accuracy of untrained tickets: over the iteration of the mask, and over density.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment masks_by_iteration: rule, mask_iteration, density, model, accuracy,
        signs_kept.
    densities : tuple of two floats, default (0.25, 0.3)
        From the smallest to the largest density of the left axes, shaded in the right one. The
        thesis's sentence on untrained tickets is about these.

    Returns
    -------
    Figure
        Left: over the iteration, a line for each rule. Right: magnitude masks over density, a line
        for each of a few iterations.

    Notes
    -----
    Section 2.3 of the thesis says that untrained tickets of these densities reach more than 80 %.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> masks = pd.DataFrame({"mask_iteration": [0, 250], "accuracy": [0.1, 0.87]})
    >>> masks = masks.assign(rule="magnitude", density=0.3, model=0, signs_kept=0.9)
    >>> figure = plots.figures.sparsity.ticket_iterations(masks)
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['iteration that the mask is taken from', 'density of hidden weights']
    """
    low, high = densities
    checked_table(table, ["rule", "mask_iteration", "density", "accuracy"], ["density"])
    between = table[table["density"].between(low - 1e-9, high + 1e-9)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.6), sharey=True)
    mask_curves(between, left, legend=False).set_title(f"density {low:.2f} to {high:.2f}", loc="left")
    masks = rows_of(table, ["rule"], rule="magnitude")
    masks = masks[masks["mask_iteration"].isin(_spread(masks["mask_iteration"].unique(), 4))]
    names = {n: f"mask of iteration {n:,}" for n in sorted(masks["mask_iteration"].unique())}
    curves(masks, "density", "accuracy", right, hue="mask_iteration", names=names, legend=False)
    right.axvspan(low, high, color="0.5", alpha=0.25, lw=0, label="densities of the left axes")
    right.axhline(80, color="black", ls=":", lw=1.3)
    right.set_title("largest weights", loc="left")
    right.set(ylabel="", ylim=(0, 102))
    for ax in (left, right):
        legend_under(ax, 1)
    return figure


def _spread(iterations, n: int) -> list:
    """Up to ``n`` of these, about equally far from each other on a logarithmic axis."""
    positive = np.sort([iteration for iteration in iterations if iteration > 0])
    if not len(positive):
        return list(iterations)
    goals = np.geomspace(max(positive[0], positive[-1] / 1000), positive[-1], n)
    return sorted({int(positive[np.abs(np.log(positive / goal)).argmin()]) for goal in goals})


def lottery(table: pd.DataFrame) -> Figure:
    """Iterative pruning with rewinding: early stopping, and accuracies, over the weights left.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment lottery: kind, density, model, iteration, test_accuracy.

    Returns
    -------
    Figure
        Iteration of the smallest validation loss, and test accuracy there, each with a line for
        the iterative tickets, for their masks with new weights and for one-shot tickets.

    Notes
    -----
    Figures 3 and 4 of Frankle and Carbin, "The Lottery Ticket Hypothesis" (2019).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [1.0, 0.8], "iteration": [7000, 6000], "model": 0})
    >>> table = table.assign(kind="iterative", test_accuracy=[0.98, 0.982])
    >>> figure = plots.figures.sparsity.lottery(table)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['iteration of early stopping', 'test accuracy [%]']
    """
    checked_table(table, ["kind", "density", "iteration", "test_accuracy"])
    drawn = ["iteration", "test_accuracy"]
    figure, axes = plt.subplots(1, len(drawn), figsize=(8, 4))
    for ax, y in zip(axes, drawn, strict=True):
        lottery_curves(table, y, ax, legend=False)
    legend_below(figure, axes, 2)
    return figure
