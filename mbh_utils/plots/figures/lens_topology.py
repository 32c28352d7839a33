"""Whole figures on the distances of wirings: tables of the lens ``topology`` in, a figure out."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.curve_kinds import iteration_curves
from mbh_utils.plots.figures._layout import by_data_set, legend_below, rows_of
from mbh_utils.plots.lines import curves

#: Where a mask comes from -> how figures name it.
KINDS = {
    "random": "random, fixed",
    "ticket": "one-shot tickets",
    "SET": "SET",
    "RigL": "RigL",
}
#: What a distance is divided by -> how figures name it.
NULLS = {
    "null": "of random masks",
    "pixel_null": "of random masks, pixels keep their degrees",
    "degree_null": "of random masks, neurons too",
}
DISTANCE = "distance of wirings (NNSTD)"
#: From this colour on, numbers on a heat map are black.
_LIGHT = 0.55
_PAIR = ["model", "other", "matched"]


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
    checked_table(table, ["kind", "parameters", "n_hidden", "trained", "layer", *_PAIR])
    several = table[~table["kind"].isin(["random", "reinitialised"])]
    if several.empty:
        several = table
    parameters = int(several["parameters"].max()) if parameters is None else parameters
    if dataset is None and "dataset" in table:
        dataset = table["dataset"].iloc[-1]
    rows = rows_of(table, ["kind"], parameters=parameters, dataset=dataset)
    rows = rows[rows["n_hidden"] == several["n_hidden"].max()]
    shown = [kind for kind in KINDS if (rows["kind"] == kind).any()]
    if not shown:
        raise MBHError(f"table has none of the kinds {', '.join(KINDS)} with {parameters:,} HNPs")
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


def _square(pairs: pd.DataFrame, size: int) -> np.ndarray:
    """Mean distance over layers of each pair, above the diagonal; NaN elsewhere."""
    values = np.full((size, size), np.nan)
    for (a, b), distance in pairs.groupby(["model", "other"])["matched"].mean().items():
        values[a, b] = distance
    return values


def _before_and_after(rows: pd.DataFrame, ax: Axes):
    """One map: upper triangle untrained, lower one trained; what is fixed is the same in both."""
    size = int(rows[["model", "other"]].to_numpy().max()) + 1
    before = _square(rows[~rows["trained"]], size)
    after = _square(rows[rows["trained"]], size)
    fixed = np.isnan(after)
    after[fixed] = before[fixed]
    values = np.where(np.isnan(before), after.T, before)
    return _map_of(values, ax, numbers=size <= 6)


def _map_of(values: np.ndarray, ax: Axes, numbers: bool):
    picture = ax.imshow(values, clim=(0, 1))
    ticks = range(len(values)) if numbers else range(0, len(values), 3)
    ax.set(xticks=ticks, yticks=ticks, xlabel="model", ylabel="model")
    ax.grid(False)
    if numbers:
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                colour = "black" if value > _LIGHT else "white"
                look = {"ha": "center", "va": "center", "color": colour, "fontsize": 9.5}
                ax.text(column, row, f"{value:.2f}", **look)
    return picture


def _means_in_words(rows: pd.DataFrame) -> str:
    """Mean distance before and, where masks change, after training."""
    means = rows.groupby("trained")["matched"].mean()
    if False not in means:
        return f"{means[True]:.2f}"
    if True not in means or np.isclose(means[True], means[False]):
        return f"{means[False]:.2f}, fixed"
    return f"{means[False]:.2f}, after training {means[True]:.2f}"


def near_starts(table: pd.DataFrame) -> Figure:
    """How networks that begin near each other drift apart under SET.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment near_starts: model, iteration, other, other_iteration, layer, matched,
        null.

    Returns
    -------
    Figure
        Above: maps of all pairs at four times of the training. Below: means over the training of
        neighbours, of the two farthest, of the way from the own start, and of random masks.

    Notes
    -----
    The maps are those of Liu et al. (2020), of the mean over layers. Each network was made from the
    one before by moving 1 % of the connections; bands reach over pairs.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [0, 9, 9], "other": [1, 1, 0], "other_iteration": 0})
    >>> table = table.assign(model=0, layer=1, matched=[0.02, 0.3, 0.4], null=0.7)
    >>> table.loc[1, "other_iteration"] = 9
    >>> figure = plots.figures.lens_topology.near_starts(table)
    >>> [ax.get_title("left") for ax in figure.axes[:2]]
    ['iteration 0', 'iteration 9']
    """
    needed = ["iteration", "other_iteration", "layer", "null", *_PAIR]
    checked_table(table, needed, ["iteration", "matched", "null"])
    is_own = (table["model"] == table["other"]) & (table["other_iteration"] == 0)
    pairs = table[~is_own]
    times = sorted(pairs["iteration"].unique())
    shown = [times[round(k)] for k in np.linspace(0, len(times) - 1, min(4, len(times)))]
    figure = plt.figure(figsize=(8, 6.6))
    grid = figure.add_gridspec(2, len(shown), height_ratios=(1, 1.5))
    maps = [figure.add_subplot(grid[0, k]) for k in range(len(shown))]
    size = int(pairs["other"].max()) + 1
    for ax, time in zip(maps, shown, strict=True):
        upper = _square(pairs[pairs["iteration"] == time], size)
        both = np.where(np.isnan(upper), upper.T, upper)
        np.fill_diagonal(both, 0)
        picture = _map_of(both, ax, numbers=False)
        ax.set_title(f"iteration {time:,}", loc="left")
        ax.set(xlabel="", ylabel="")
    figure.colorbar(picture, ax=maps, shrink=0.75).set_label("NNSTD")
    below = figure.add_subplot(grid[1, :])
    _drift_apart(table, pairs, is_own, below)
    legend_below(figure, [below], 2)
    return figure


def _drift_apart(table: pd.DataFrame, pairs: pd.DataFrame, is_own: pd.Series, ax: Axes) -> None:
    """Mean distances over the training, a line for each sort of pair."""
    gap = (pairs["other"] - pairs["model"]).abs()
    farthest = int(gap.max())
    own = table[is_own]
    # At its start a network is at no distance from it.
    start = own[own["iteration"] == own["iteration"].min()].assign(iteration=0, matched=0.0)
    sorts = {
        f"farthest pair ({farthest} changes apart)": pairs[gap == farthest],
        "neighbours (1 change apart)": pairs[gap == 1],
        "from its own start": pd.concat([start, own]),
        "random masks": pd.concat([start, own]).assign(matched=lambda rows: rows["null"]),
    }
    drawn = [
        # Of each pair one value, so that bands reach over pairs.
        rows.assign(sort=name, model=100 * rows["model"] + rows["other"])
        for name, rows in sorts.items()
    ]
    names = {name: name for name in sorts}
    look = {"hue": "sort", "names": names, "legend": False}
    iteration_curves(pd.concat(drawn), "matched", ax, **look)
    ax.set(ylabel=DISTANCE, ylim=(0, 1))
    _spread_over(ax, "smallest to largest pair")


def _spread_over(ax: Axes, words: str) -> None:
    """What the legend says of bands and bars, which reach over pairs here."""
    for handle in ax.get_legend_handles_labels()[0]:
        what, found, _ = str(handle.get_label()).partition(": smallest to")
        if found:
            handle.set_label(f"{what}: {words}")


def drift(
    table: pd.DataFrame,
    specialization: pd.DataFrame,
    *,
    parameters: int | None = None,
    coverage: float = 0.8,
    domain: str = "square",
) -> Figure:
    """How far rewired networks are from their own start, beside how specialized they are.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment drift: kind, parameters, model, iteration, layer, matched, null.
    specialization : pandas.DataFrame
        That of experiment drift_specialization: kind, parameters, model, iteration, coverage, s.
    parameters : int, optional
        Which of the budgets; the largest by default.
    coverage : float, default 0.8
        The minimum coverage of s.
    domain : {"square", "box"}, default "square"
        The part of the plane that s is measured on.

    Returns
    -------
    Figure
        Left: distance per layer; thin lines without markers are those of random masks. Right: s.

    Raises
    ------
    MBHError
        If the budget, coverage or domain was not measured.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"iteration": [10, 20], "matched": [0.2, 0.4], "null": 0.9})
    >>> table = table.assign(kind="SET", parameters=500, model=0, layer=1)
    >>> s = pd.DataFrame({"iteration": [0, 20], "s": [0.3, 0.5], "kind": "SET", "coverage": 0.8})
    >>> figure = plots.figures.lens_topology.drift(table, s.assign(parameters=500, model=0))
    >>> [ax.get_title("left") for ax in figure.axes]
    ['way from the own start', 'specialization']
    """
    needed = ["kind", "parameters", "iteration"]
    checked_table(table, [*needed, "layer", "matched", "null"], ["parameters"])
    parameters = int(table["parameters"].max()) if parameters is None else parameters
    rows = rows_of(table, needed, parameters=parameters)
    at = {"parameters": parameters, "coverage": float(coverage), "domain": domain}
    measured = rows_of(specialization, [*needed, "s"], **at)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.6))
    first = rows[rows["iteration"] == rows["iteration"].min()]
    rows = pd.concat([first.assign(iteration=0, matched=0.0, identity=0.0), rows])
    layers = {layer: f"layer {layer}" for layer in sorted(rows["layer"].unique())}
    named = rows.assign(layer=rows["layer"].map(layers))
    look = {"hue": "kind", "names": KINDS, "legend": False}
    iteration_curves(named, "matched", left, style="layer", **look)
    _random_lines(rows, left)
    left.set(ylabel=DISTANCE, ylim=(0, 1))
    left.set_title("way from the own start", loc="left")
    iteration_curves(measured, "s", right, **look)
    right.set_ylim(0, 1)
    right.set_title("specialization", loc="left")
    legend_below(figure, [left, right], 3)
    return figure


def _random_lines(rows: pd.DataFrame, ax: Axes) -> None:
    """A thin line for each layer where random masks lie, named at its right end."""
    means = rows.groupby("layer")["null"].mean()
    for layer, level in means.items():
        ax.axhline(level, color="0.35", lw=1, ls=(0, (1, 1.5)))
        is_highest = level == means.max()
        ax.annotate(
            f"random masks, layer {layer}",
            (1, level),
            xytext=(-3, 3 if is_highest else -3),
            xycoords=ax.get_yaxis_transform(),
            textcoords="offset points",
            ha="right",
            va="bottom" if is_highest else "top",
            fontsize=8.5,
            bbox={"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.5},
        )


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
        "expected": "expected of unmatched ones, 1 - p / (2 - p)",
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
    >>> table = table.assign(kind="ticket", layer=1, pixel_null=0.9, degree_null=0.8, model=0)
    >>> figure = plots.figures.lens_topology.tickets(table)
    >>> figure.axes[0].get_title("left")
    'layer 1'
    """
    needed = ["kind", "density", "layer", "matched", *NULLS]
    checked_table(table, needed, ["density", "matched", *NULLS])
    over = table.assign(**{name: table["matched"] / table[name] for name in NULLS})
    sets = by_data_set(rows_of(over, ["kind"], kind="ticket"))
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
        _spread_over(ax, "smallest to largest model")
    legend_below(figure, [axes[0, 0]], 2)
    return figure
