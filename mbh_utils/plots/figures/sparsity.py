"""Whole figures of the chapter on sparsity: lottery tickets, and where their connections are."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.diagrams import heat_map
from mbh_utils.plots.figures._layout import legend_below, legend_under, rows_of
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
    """Untrained tickets over the iteration of their mask: accuracy, and signs that training kept.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment masks_by_iteration: rule, mask_iteration, density, model, accuracy,
        signs_kept.
    densities : tuple of two floats, default (0.25, 0.3)
        From the smallest to the largest density that is drawn. The thesis's sentence on untrained
        tickets is about these.

    Returns
    -------
    Figure
        Left: accuracy, a line for each rule. Right: of the largest weights, the share whose sign in
        the first layer is still the initial one.

    Notes
    -----
    Section 2.3 of the thesis says that untrained tickets of these densities reach more than 80 %.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> masks = pd.DataFrame({"mask_iteration": [0, 250], "accuracy": [0.1, 0.87]})
    >>> masks = masks.assign(rule="magnitude", density=0.3, model=0, signs_kept=[1.0, 0.9])
    >>> figure = plots.figures.sparsity.ticket_iterations(masks)
    >>> [ax.get_title("left") for ax in figure.axes]
    ['untrained tickets', 'signs that training kept']
    """
    low, high = densities
    checked_table(
        table, ["rule", "mask_iteration", "density", "accuracy", "signs_kept"], ["density"]
    )
    between = table[table["density"].between(low - 1e-9, high + 1e-9)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.6))
    mask_curves(between, left, legend=False).set_title("untrained tickets", loc="left")
    largest = rows_of(between, ["rule"], rule="magnitude")
    mask_curves(largest, right, y="signs_kept", legend=False)
    right.set_title("signs that training kept", loc="left")
    for ax in (left, right):
        ax.set_xlim(left=0.7 * table["mask_iteration"].min() - 0.2)
        legend_under(ax, 1)
    return figure


def pixel_degrees(table: pd.DataFrame, densities: Sequence[float]) -> Figure:
    """Live connections of every pixel, with random masks and with magnitude masks.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment ticket_degrees: kind ("ticket" or "reinitialised"), density, model,
        pixel, connections. Images are square, their pixels numbered row by row.
    densities : sequence of float
        The densities to draw, one row of axes for each.

    Returns
    -------
    Figure
        Two heat maps for each density, with the same colours: connections, summed over the models.

    Raises
    ------
    MBHError
        If the table has no network of one of the densities.

    Notes
    -----
    Figure 2.2 of the thesis, where white pixels have all their connections and black ones none.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> pixels = pd.DataFrame({"pixel": [0, 1, 2, 3], "connections": [0, 5, 6, 5]})
    >>> pixels = pixels.assign(density=0.5, model=0)
    >>> table = pd.concat([pixels.assign(kind=kind) for kind in ("ticket", "reinitialised")])
    >>> figure = plots.figures.sparsity.pixel_degrees(table, [0.5])
    >>> [ax.get_title("left") for ax in figure.axes[:2]]
    ['random masks, density 0.5', 'magnitude masks, density 0.5']
    """
    names = {"reinitialised": "random masks", "ticket": "magnitude masks"}
    checked_table(table, ["kind", "density", "pixel", "connections"], ["density", "connections"])
    figure, axes = plt.subplots(len(densities), 2, figsize=(8, 3.6 * len(densities)), squeeze=False)
    for row, density in zip(axes, densities, strict=True):
        here = rows_of(table, ["density"], density=float(density))
        sums = here.groupby(["kind", "pixel"])["connections"].sum().unstack("pixel")
        limits = (0, sums.to_numpy().max())
        side = round(np.sqrt(sums.shape[1]))
        for ax, (kind, words) in zip(row, names.items(), strict=True):
            values = sums.loc[kind].to_numpy().reshape(side, side)
            heat_map(values, ax, label="live connections", limits=limits)
            ax.set_title(f"{words}, density {density:.3g}", loc="left")
    return figure


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
