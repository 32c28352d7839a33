"""Whole figures on networks whose masks change while they are trained, beside fixed masks."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import iteration_curves
from mbh_utils.plots.figures._layout import DOMAINS, by_data_set, legend_below, rows_of
from mbh_utils.plots.lines import curves, explain_spread
from mbh_utils.plots.style import LAYERS, MARKERS, NAMES, in_per_cent

#: Where a mask comes from -> how figures name it, from below.
KINDS = {
    "dense": "dense, fewer neurons",
    "random": "random, fixed",
    "erdos_renyi": "Erdős-Rényi, fixed",
    "ticket": "one-shot ticket",
    "SET": "SET",
    "RigL": "RigL",
}
#: The accuracy of networks of 0.6 % at the end, in the stored logs of Liu et al. (2020).
PUBLISHED = (0.871, 0.876)


# --------------------------------------------------------------------- accuracy beside specialization


def accuracy_and_specialization(
    accuracies: pd.DataFrame,
    specialization: pd.DataFrame,
    *,
    coverage: float = 0.8,
    domains: Sequence[str] = ("square", "box"),
) -> Figure:
    """Accuracy and specialization of trained networks of equal HNPs, by the kind of their masks.

    Parameters
    ----------
    accuracies : pandas.DataFrame
        That of experiment rewired: kind, dataset, n_hidden, parameters, model, iteration, accuracy.
    specialization : pandas.DataFrame
        That of experiment rewired_s: the same columns with domain, coverage and s.
    coverage : float, default 0.8
        The minimum coverage of s.
    domains : sequence of str, default ("square", "box")
        The parts of the plane that s is measured on, a column of axes for each.

    Returns
    -------
    Figure
        A row of axes for each data set, a line of points for each kind. Points are means, bars
        reach from the smallest to the largest model. Dotted lines: the wide dense network.

    Raises
    ------
    MBHError
        If the tables have no such rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": ["SET", "random", "dense"], "accuracy": [0.88, 0.86, 0.89]})
    >>> table = table.assign(n_hidden=16, parameters=[500, 500, 900], model=0, iteration=9)
    >>> s = table.assign(s=[0.8, 0.7, 0.6], coverage=0.8)
    >>> draw = plots.figures.lens_topology_training.accuracy_and_specialization
    >>> [ax.get_xlabel() for ax in draw(table, s, domains=["square"]).axes]
    ['validation accuracy [%]', 'specialization s, square']
    """
    needed = ["kind", "n_hidden", "parameters", "model"]
    checked_table(accuracies, [*needed, "iteration", "accuracy"], ["parameters", "accuracy"])
    last = accuracies[accuracies["iteration"] == accuracies["iteration"].max()]
    sets = by_data_set(in_per_cent(last))
    columns = {None: NAMES["accuracy"]}
    columns |= {domain: f"{NAMES['s']}, {DOMAINS.get(domain, domain)}" for domain in domains}
    size = (8, 2.9 * len(sets) + 0.9)
    shape = {"figsize": size, "squeeze": False, "sharey": True, "sharex": "col"}
    figure, axes = plt.subplots(len(sets), len(columns), **shape)
    for row, (title, rows) in zip(axes, sets, strict=True):
        name = rows["dataset"].iloc[0] if "dataset" in rows else None
        for ax, (domain, words) in zip(row, columns.items(), strict=True):
            values = rows.rename(columns={"accuracy": "value"})
            if domain is not None:
                wanted = {"dataset": name, "domain": domain, "coverage": float(coverage)}
                found = rows_of(specialization, [*needed, "s"], **wanted)
                values = found.rename(columns={"s": "value"})
            _points_by_kind(values, ax)
            ax.set_xlabel(words)
        row[0].set_title(title, loc="left")
    for ax in axes.flat:
        ax.label_outer()
    explain_spread(axes[0, 0], "bars")
    legend_below(figure, [axes[0, 0]], 2)
    return figure


def _points_by_kind(rows: pd.DataFrame, ax: Axes) -> None:
    """A point for each kind and budget; the wide dense network is a vertical line."""
    wide = rows["n_hidden"] == rows["n_hidden"].max()
    is_whole = (rows["kind"] == "dense") & wide
    kinds = {kind: words for kind, words in KINDS.items() if (rows["kind"] == kind).any()}
    if is_whole.any():
        whole = rows[is_whole]
        words = f"dense, {int(whole['parameters'].max()):,} HNPs"
        ax.axvline(whole["value"].mean(), color="0.35", lw=1.1, ls=":", label=words)
        if (is_whole == (rows["kind"] == "dense")).all():
            kinds.pop("dense")
    rows = rows[~is_whole]
    places = {kind: place for place, kind in enumerate(kinds)}
    budgets = sorted(rows["parameters"].unique(), reverse=True)
    for i, budget in enumerate(budgets):
        here = rows[rows["parameters"] == budget]
        by_model = here.groupby(["kind", "model"])["value"].mean().groupby(level="kind")
        means = by_model.mean()
        at = np.array([places[kind] for kind in means.index]) - 0.24 * (i - (len(budgets) - 1) / 2)
        lengths = np.stack([means - by_model.min(), by_model.max() - means]).clip(0)
        look = {"fmt": MARKERS[i], "color": LAYERS[i], "ms": 5, "capsize": 2, "lw": 1.1}
        ax.errorbar(means, at, xerr=lengths, **look, label=f"{budget:,} HNPs")
    ax.set_yticks(list(places.values()), list(kinds.values()))
    ax.set_ylim(-0.6, len(places) - 0.4)


# --------------------------------------------------------------------------------- connected pixels


def pixel_degrees_over_training(table: pd.DataFrame) -> Figure:
    """To how many neurons each pixel is connected while SET trains, and under one-shot tickets.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment pixel_degrees_over_training: kind, dataset, model, iteration, pixel,
        connections. Images are square.

    Returns
    -------
    Figure
        A row for each data set; maps of connections, summed over the models, with the same colours.

    Notes
    -----
    To be read beside the thesis's Figure 2.2. A pixel that is dark in all images has no gradient:
    its new connections stay zero and are the first to be moved away again.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"pixel": [0, 1, 2, 3], "connections": [0, 5, 6, 5], "model": 0})
    >>> table = pd.concat([table.assign(kind="SET", iteration=i) for i in (0, 9)])
    >>> figure = plots.figures.lens_topology_training.pixel_degrees_over_training(table)
    >>> [ax.get_title("left") for ax in figure.axes[:2]]
    ['SET, iteration 0', 'SET, iteration 9']
    """
    checked_table(table, ["kind", "iteration", "pixel", "connections"], ["connections"])
    sets = by_data_set(table)
    n_columns = max(len(rows.groupby(["kind", "iteration"])) for _, rows in sets)
    size = (8, 2.0 * len(sets) + 0.8)
    figure, axes = plt.subplots(len(sets), n_columns, figsize=size, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for row, (title, rows) in zip(axes, sets, strict=True):
        sums = rows.groupby(["kind", "iteration", "pixel"])["connections"].sum().unstack("pixel")
        side = round(np.sqrt(sums.shape[1]))
        most = float(sums.to_numpy().max())
        for ax, place in zip(row, sums.index.tolist(), strict=False):
            kind, iteration = place
            degrees = sums.loc[place].to_numpy()
            picture = ax.imshow(degrees.reshape(side, side), clim=(0, most))
            words = "one-shot tickets" if kind == "ticket" else f"{kind}, iteration {iteration:,}"
            # On a narrow map each part of its name has a line.
            words = words.replace(", ", ",\n") if n_columns > 3 else words
            ax.set_title(words, fontsize=9, loc="left")
        bar = figure.colorbar(picture, ax=row, shrink=0.8, pad=0.02)
        bar.set_label(f"connections\n{title}".strip(), fontsize=9)
    return figure


# ------------------------------------------------------------------------------------- few images


def small_data(table: pd.DataFrame) -> Figure:
    """Accuracies over the epochs of training on few images: SET, the same masks fixed, dense.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment small_data: kind, model, epoch, accuracy, training_accuracy.

    Returns
    -------
    Figure
        Left: on validation images. Right: on the training images.

    Notes
    -----
    The setting of the tutorial on SET (Mocanu et al. 2018), with the thesis's recipe in place of
    its own.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"epoch": [0, 1], "accuracy": [0.1, 0.7], "model": 0, "kind": "SET"})
    >>> table = table.assign(training_accuracy=[0.1, 0.9])
    >>> figure = plots.figures.lens_topology_training.small_data(table)
    >>> [ax.get_title("left") for ax in figure.axes]
    ['validation images', 'training images']
    """
    columns = {"accuracy": "validation images", "training_accuracy": "training images"}
    checked_table(table, ["kind", "epoch", *columns], ["epoch", *columns])
    names = {"SET": "SET", "erdos_renyi": "the same masks, fixed", "dense": "dense"}
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.2))
    for ax, (column, words) in zip(axes, columns.items(), strict=True):
        curves(table, "epoch", column, ax, hue="kind", names=names, legend=False)
        for line in ax.lines:
            line.set_markevery(0.12)
        trained = table[table["epoch"] > 0.05 * table["epoch"].max()]
        ax.set_ylim(98 * trained[column].min(), None)
        ax.set(xlabel="epoch", ylabel=NAMES[column])
        ax.set_title(words, loc="left")
    legend_below(figure, axes, 2)
    return figure


def sparse_accuracy(table: pd.DataFrame) -> Figure:
    """Accuracy of networks of very few connections over a long training, by SET and fixed.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment sparse_accuracy: kind ("SET" or "near"), model, iteration, accuracy.

    Returns
    -------
    Figure
        Left: the whole training. Right: its later part, enlarged. The grey band, on Fashion-MNIST,
        is what Liu et al. (2020) reached with SET at 0.6 % of the connections.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [10, 90], "accuracy": [0.8, 0.87], "kind": "SET"})
    >>> figure = plots.figures.lens_topology_training.sparse_accuracy(table.assign(model=0))
    >>> figure.axes[0].get_ylabel()
    'validation accuracy [%]'
    """
    checked_table(table, ["kind", "iteration", "accuracy"], ["iteration", "accuracy"])
    names = {"SET": "SET", "near": "the same masks, fixed"}
    figure, (whole, enlarged) = plt.subplots(1, 2, figsize=(8, 4.3))
    look = {"hue": "kind", "names": names, "scale": "log", "legend": False}
    iteration_curves(table, "accuracy", whole, **look)
    whole.set_ylim(0, 100)
    whole.set_title("whole training", loc="left")
    late = table[table["iteration"] >= 0.05 * table["iteration"].max()]
    iteration_curves(late, "accuracy", enlarged, **{**look, "scale": "linear"})
    enlarged.set_title("later iterations, enlarged", loc="left")
    if "dataset" in table and set(table["dataset"]) == {"fashion_mnist"}:
        low, high = (100 * share for share in PUBLISHED)
        published = f"Liu et al., end: {low:.1f} to {high:.1f} %"
        for ax in (whole, enlarged):
            ax.axhspan(low, high, color="0.6", alpha=0.5, lw=0, label=published)
    legend_below(figure, [whole], 2)
    return figure
