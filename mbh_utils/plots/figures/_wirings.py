"""What figures on the distances of wirings share: maps of pairs, names of kinds, legends."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

#: Where a mask comes from -> how figures name it.
KINDS = {
    "random": "random, fixed",
    "erdos_renyi": "Erdős-Rényi, fixed",
    "ticket": "one-shot tickets",
    "SET": "SET",
    "RigL": "RigL",
}
DISTANCE = "distance of wirings (NNSTD)"
#: Columns of a pair of networks.
PAIR = ["model", "other", "matched"]
#: From this colour on, numbers on a heat map are black.
_LIGHT = 0.55


def square(pairs: pd.DataFrame, size: int) -> np.ndarray:
    """Mean distance over layers of each pair, above the diagonal; NaN elsewhere."""
    values = np.full((size, size), np.nan)
    means = pairs.groupby(["model", "other"], as_index=False)["matched"].mean()
    values[means["model"], means["other"]] = means["matched"]
    return values


def map_of(values: np.ndarray, ax: Axes, numbers: bool):
    """A map of distances from 0 to 1, with numbers where there is room; the picture."""
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


def spread_over(ax: Axes, words: str) -> None:
    """What the legend says of bands and bars, which reach over pairs here."""
    for handle in ax.get_legend_handles_labels()[0]:
        what, found, _ = str(handle.get_label()).partition(": smallest to")
        if found:
            handle.set_label(f"{what}: {words}")
