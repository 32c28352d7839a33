"""What several figures share: choice of rows, titles, legends below."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mbh_utils import datasets
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table

#: Parts of the plane that are measured -> how a title names them.
DOMAINS = {"square": "square", "box": "input box", "triangle": "triangle"}


def rows_of(table: pd.DataFrame, columns: Iterable[str], **wanted) -> pd.DataFrame:
    """The rows in which columns have these values; a column that the table has not is passed over.

    Raises MBHError where no row is left.
    """
    checked_table(table, list(columns))
    for name, value in wanted.items():
        if value is None or name not in table:
            continue
        found = table[name]
        is_float = isinstance(value, float) and pd.api.types.is_float_dtype(found)
        chosen = table[np.isclose(found, value) if is_float else found == value]
        if chosen.empty:
            has = ", ".join(map(str, sorted(found.unique())))
            raise MBHError(f"table has no row whose {name} is {require.shown(value)}; it has {has}")
        table = chosen
    return table


def title_of(name: str) -> str:
    """What a data set is called in a title."""
    return datasets.title(name)


def by_data_set(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Title and rows of each data set, in the package's order; one without a title where none is."""
    if "dataset" not in table:
        return [("", table)]
    order = {name: i for i, name in enumerate(datasets.NAMES)}
    names = sorted(table["dataset"].unique(), key=lambda name: (order.get(name, len(order)), name))
    return [(title_of(name), table[table["dataset"] == name]) for name in names]


def legend_below(figure: Figure | SubFigure, axes: Iterable[Axes], ncols: int) -> None:
    """One legend below a figure for what these axes show, each entry once.

    It has ``ncols`` columns, or as many fewer as the figure's width asks for.
    """
    entries: dict = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    look = {"columnspacing": 1.3, "handlelength": 2.4, "loc": "outside lower center"}
    for columns in range(ncols, 0, -1):
        legend = figure.legend(entries.values(), entries.keys(), ncols=columns, **look)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def legend_under(ax: Axes, ncols: int) -> None:
    """A legend under one axes, which leaves room for the name of its horizontal axis."""
    look = {"columnspacing": 1, "handlelength": 2, "fontsize": 8.5}
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=ncols, **look)


def finish_grid(axes, used: int) -> None:
    """Names at the outer axes only; what is left over of the grid disappears."""
    n_columns = axes.shape[1]
    for i, ax in enumerate(axes.flat):
        if i >= used:
            ax.set_visible(False)
            continue
        ax.label_outer()
        if i + n_columns >= used and not ax.get_xlabel():
            ax.set_xlabel(axes[0, 0].get_xlabel() or axes[-1, 0].get_xlabel())
            ax.tick_params(labelbottom=True)
