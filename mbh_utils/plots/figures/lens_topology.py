"""Whole figures on the distances of wirings: tables of the lens ``topology`` in, a figure out."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of
from mbh_utils.plots.figures._wirings import DISTANCE, KINDS, PAIR, map_of, spread_over, square
from mbh_utils.plots.figures.lens_drift import drift, near_starts
from mbh_utils.plots.lines import curves
from mbh_utils.plots.style import LAYERS, MARKERS

__all__ = ["drift", "kinds", "near_starts", "random_masks", "siblings", "tickets"]

#: What a distance is divided by -> how figures name it.
NULLS = {
    "null": "of random masks",
    "pixel_null": "... of equal pixel degrees",
    "degree_null": "... of equal degrees everywhere",
}


def siblings(
    table: pd.DataFrame, parameters: int | None = None, dataset: str | None = None
) -> Figure:
    """Distances between the models of one set-up, before and after training, a map for each kind.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment mask_distances: kind, dataset, parameters, n_hidden, model, trained,
        other, layer, matched.
    parameters : int, optional
        Which of the set-ups of several kinds; that of most parameters by default.
    dataset : str, optional
        Which data set; the last one by default.

    Returns
    -------
    Figure
        A map for each kind of mask. Above the diagonal: before training, below: after it.

    Raises
    ------
    MBHError
        If the table has no such rows.

    Notes
    -----
    The maps of Liu et al. (2020) show networks that began near each other, see
    :func:`near_starts`; these began independently.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": "SET", "trained": [True, False], "matched": [0.8, 0.9]})
    >>> table = table.assign(model=0, other=1, layer=1, null=0.9, parameters=500, n_hidden=16)
    >>> figure = plots.figures.lens_topology.siblings(table)
    >>> figure.axes[0].get_title("left")
    'SET: 0.90, after training 0.80'
    """
    checked_table(table, ["kind", "parameters", "n_hidden", "trained", "layer", *PAIR])
    if dataset is None and "dataset" in table:
        dataset = table["dataset"].iloc[-1]
    rows, shown = _of_one_setup(table, parameters, dataset=dataset)
    n_rows = (len(shown) + 1) // 2
    figure, axes = plt.subplots(n_rows, 2, figsize=(8, 3.5 * n_rows), squeeze=False)
    for ax, kind in zip(axes.flat, shown, strict=False):
        picture = _before_and_after(rows[rows["kind"] == kind], ax)
        ax.set_title(f"{KINDS[kind]}: {_means_in_words(rows[rows['kind'] == kind])}", loc="left")
    for ax in axes.flat[len(shown) :]:
        ax.set_visible(False)
    bar = figure.colorbar(picture, ax=axes, shrink=0.6, orientation="horizontal", aspect=40)
    bar.set_label(f"{DISTANCE}; above the diagonal before training, below it after")
    return figure


def _before_and_after(rows: pd.DataFrame, ax: Axes):
    """One map: upper triangle untrained, lower one trained; what is fixed is the same in both."""
    size = int(rows[["model", "other"]].to_numpy().max()) + 1
    before = square(rows[~rows["trained"]], size)
    after = square(rows[rows["trained"]], size)
    fixed = np.isnan(after)
    after[fixed] = before[fixed]
    values = np.where(np.isnan(before), after.T, before)
    return map_of(values, ax, numbers=size <= 6)


def _means_in_words(rows: pd.DataFrame) -> str:
    """Mean distance before and, where masks change, after training."""
    means = rows.groupby("trained")["matched"].mean()
    if len(means) == 1 or np.isclose(means[True], means[False]):
        return f"{means.iloc[0]:.2f}"
    return f"{means[False]:.2f}, after training {means[True]:.2f}"


def kinds(table: pd.DataFrame, parameters: int | None = None) -> Figure:
    """How far models of one set-up are apart over chance, for each kind of mask.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment mask_distances: kind, dataset, parameters, n_hidden, model, iteration,
        layer, matched and the three nulls.
    parameters : int, optional
        Which of the set-ups of several kinds; that of most parameters by default.

    Returns
    -------
    Figure
        A row for each data set, a column for each layer. Each network at the end of its training;
        bars reach from the smallest to the largest model.

    Raises
    ------
    MBHError
        If the table has no such rows.

    Notes
    -----
    At 1, models are as far apart as the random masks of that sort (the distance of Liu et al.,
    2020). What lies below 1 by random masks of the same count only, and at 1 by those of the same
    degrees, shares how many connections inputs and neurons have, and no wiring beyond that.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"kind": ["SET", "RigL"], "matched": [0.8, 0.6], "null": 0.9})
    >>> table = table.assign(pixel_null=0.8, degree_null=0.7, model=0, other=1, layer=1, iteration=9)
    >>> figure = plots.figures.lens_topology.kinds(table.assign(parameters=500, n_hidden=16))
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['SET', 'RigL']
    """
    needed = ["kind", "parameters", "n_hidden", "iteration", "layer", *PAIR]
    rows, shown = _of_one_setup(checked_table(table, [*needed, *NULLS], ["matched"]), parameters)
    last = rows.groupby("kind")["iteration"].transform("max")
    sets = by_data_set(_both_ways(rows[rows["iteration"] == last]))
    layers = sorted(rows["layer"].unique())
    size = (8, 0.9 + len(sets) * (1.0 + 0.42 * len(shown)))
    figure, axes = plt.subplots(
        len(sets), len(layers), figsize=size, sharey=True, sharex=True, squeeze=False
    )
    for row, (title, of_set) in zip(axes, sets, strict=True):
        for ax, layer in zip(row, layers, strict=True):
            _ratios_by_kind(of_set[of_set["layer"] == layer], shown, ax)
            ax.set_title(f"{title}, layer {layer}" if title else f"layer {layer}", loc="left")
            ax.label_outer()
    axes[0, 0].invert_yaxis()
    for ax in axes[-1]:
        ax.set_xlabel("distance of models over that ...")
    legend_below(figure, [axes[0, 0]], 2)
    return figure


def _both_ways(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each pair as one of both its models, so that every model has all of its siblings."""
    turned = pairs.rename(columns={"model": "other", "other": "model"})
    return pd.concat([pairs, turned[list(pairs)]], ignore_index=True)


def _ratios_by_kind(rows: pd.DataFrame, shown: list[str], ax: Axes) -> None:
    """A marker for each kind and null, with a bar over models."""
    looks = zip(NULLS.items(), LAYERS, MARKERS, (-0.2, 0.0, 0.2), strict=False)
    for (column, words), colour, marker, aside in looks:
        ratios = (rows["matched"] / rows[column]).groupby([rows["kind"], rows["model"]]).mean()
        by_kind = ratios.groupby("kind").agg(["mean", "min", "max"]).reindex(shown)
        places = np.arange(len(shown)) + aside
        ax.hlines(places, by_kind["min"], by_kind["max"], color=colour, lw=1.4)
        ax.plot(by_kind["mean"], places, marker=marker, ls="none", color=colour, label=words)
    ax.axvline(1, color="0.3", lw=0.9, ls=":")
    ax.set_yticks(range(len(shown)), [KINDS[kind] for kind in shown])


def _of_one_setup(
    table: pd.DataFrame, parameters: int | None, **wanted
) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the set-up that there are several kinds of, and these kinds."""
    several = table[~table["kind"].isin(["random", "reinitialised"])]
    if several.empty:
        several = table
    parameters = int(several["parameters"].max()) if parameters is None else parameters
    rows = rows_of(table, ["kind"], parameters=parameters, **wanted)
    rows = rows[(rows["n_hidden"] == several["n_hidden"].max()) & rows["kind"].isin(list(KINDS))]
    if rows.empty:
        raise MBHError(f"table has none of the kinds {', '.join(KINDS)} with {parameters:,} HNPs")
    return rows, [kind for kind in KINDS if (rows["kind"] == kind).any()]


def random_masks(table: pd.DataFrame) -> Figure:
    """Distances of independent random masks over density, matched and unmatched.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment mask_nulls: mask_density, model, layer, matched, identity, expected.

    Returns
    -------
    Figure
        An axes for each layer; the dotted line is 1 - p / (2 - p) at density p.

    Notes
    -----
    The distance of Liu et al. (2020) depends on density by itself, so that values at different
    densities cannot be compared as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"mask_density": [0.1, 0.5], "matched": [0.9, 0.6], "model": 0})
    >>> table = table.assign(layer=1, identity=[0.95, 0.67], expected=[0.95, 0.67])
    >>> figure = plots.figures.lens_topology.random_masks(table)
    >>> figure.axes[0].get_title("left")
    'layer 1'
    """
    columns = {
        "identity": "unmatched (neuron j beside neuron j)",
        "matched": "matched",
        "expected": "expected of unmatched ones",
    }
    checked_table(table, ["mask_density", "layer", *columns], ["mask_density", *columns])
    layers = sorted(table["layer"].unique())
    figure, axes = plt.subplots(1, len(layers), figsize=(8, 4.3), sharey=True, squeeze=False)
    rows = table.assign(density=table["mask_density"])
    for ax, layer in zip(axes.flat, layers, strict=True):
        here = _long(rows[rows["layer"] == layer], columns, "distance")
        look = {"hue": "what", "names": {words: words for words in columns.values()}}
        curves(here, "density", "distance", ax, **look, legend=False)
        ax.lines[-1].set(ls=":", marker="", color="black", lw=1.6)
        ax.set(ylabel=DISTANCE, ylim=(0, 1.02))
        ax.set_title(f"layer {layer}", loc="left")
        ax.label_outer()
    legend_below(figure, axes.flat, 2)
    return figure


def _long(rows: pd.DataFrame, columns: Mapping[str, str], name: str) -> pd.DataFrame:
    """Several columns one below the other, with what each is called."""
    parts = [rows.assign(**{name: rows[column]}, what=words) for column, words in columns.items()]
    return pd.concat(parts, ignore_index=True)


def tickets(table: pd.DataFrame) -> Figure:
    """What winning tickets of different models share: their distance over that of random masks.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment ticket_distances: kind ("ticket" or "reinitialised"), dataset, density,
        model, layer, matched and the three nulls.

    Returns
    -------
    Figure
        A row for each data set, a column for each layer. At 1, two tickets are as far apart as
        random masks; a line for each sort of random masks, which keep ever more of the tickets.

    Notes
    -----
    Whether winning tickets of different models share their topology is an own question of this
    workbook, by the distance of Liu et al. (2020).

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [0.1, 0.5], "matched": [0.8, 0.5], "null": [0.9, 0.6]})
    >>> table = table.assign(kind="ticket", layer=1, pixel_null=0.9, degree_null=0.8)
    >>> table = table.assign(model=0, other=1)
    >>> figure = plots.figures.lens_topology.tickets(table)
    >>> figure.axes[0].get_title("left")
    'layer 1'
    """
    needed = ["kind", "density", "layer", *PAIR, *NULLS]
    checked_table(table, needed, ["density", "matched", *NULLS])
    over = table.assign(**{name: table["matched"] / table[name] for name in NULLS})
    sets = by_data_set(_both_ways(rows_of(over, ["kind"], kind="ticket")))
    layers = sorted(table["layer"].unique())
    size = (8, 3.3 * len(sets) + 1.1)
    figure, axes = plt.subplots(
        len(sets), len(layers), figsize=size, sharey=True, sharex=True, squeeze=False
    )
    for row, (title, rows) in zip(axes, sets, strict=True):
        for ax, layer in zip(row, layers, strict=True):
            here = _long(rows[rows["layer"] == layer], NULLS, "ratio")
            look = {"hue": "what", "names": {words: words for words in NULLS.values()}}
            curves(here, "density", "ratio", ax, **look, bars=True, legend=False)
            ax.axhline(1, color="0.3", lw=0.9, ls=":")
            ax.set_ylabel("distance of tickets over that ...")
            ax.set_title(f"{title}, layer {layer}" if title else f"layer {layer}", loc="left")
            ax.label_outer()
    for ax in axes.flat:
        spread_over(ax, "smallest to largest model")
    legend_below(figure, [axes[0, 0]], 2)
    return figure
