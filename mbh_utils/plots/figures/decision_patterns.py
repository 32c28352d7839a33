"""Whole figures of the chapter on decision patterns: decision trees, and distinct patterns."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.figures._layout import finish_grid, legend_below, rows_of
from mbh_utils.plots.lines import curves

#: Which patterns the trees learn from -> what a title calls them.
SCOPES = {"last": "patterns of the last layer", "all": "patterns of all hidden layers"}

#: Statistics of a tree, in the order of Figure D.1.
STATISTICS = ("depth", "leaves", "mean_leaf_depth")

#: Lines of these figures: solid trained, dashed untrained, a colour for each number of parameters.
_LOOK = {"hue": "parameters", "style": "trained", "bars": True, "legend": False}


def trees(
    table: pd.DataFrame,
    statistics: Sequence[str] = STATISTICS,
    *,
    scopes: Sequence[str] = ("last", "all"),
) -> Figure:
    """Statistics of decision trees over hidden neurons, before and after training.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment trees: n_hidden, parameters, model, trained, the statistics, and scope
        ("last" or "all") where there are trees of both.
    statistics : sequence of str, default ("depth", "leaves", "mean_leaf_depth")
        The columns that are drawn; tree_accuracy is another.
    scopes : sequence of str, default ("last", "all")
        Those of them that the table has get a column each.

    Returns
    -------
    Figure
        A row for each statistic. Dashed lines are untrained networks, solid ones trained.

    Raises
    ------
    MBHError
        If the table is empty or a column is missing, or it has none of the scopes.

    Notes
    -----
    Figure D.1 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46] * 2, "trained": [True, True, False, False]})
    >>> table = table.assign(leaves=[900, 1200, 1500, 1900], parameters=4736, scope="last")
    >>> figure = plots.figures.decision_patterns.trees(table, ["leaves"])
    >>> figure.axes[0].get_title("left")
    'patterns of the last layer'
    """
    statistics = require.listed("statistics", statistics, "columns")
    if not statistics:
        raise MBHError("statistics is empty; expected one column at least")
    checked_table(table, ["n_hidden", "parameters", "trained", *statistics], statistics)
    parts = _by_scope(table, scopes)
    size = (max(4 * len(parts), 5), 2.4 * len(statistics) + 1.0)
    figure, axes = plt.subplots(
        len(statistics), len(parts), figsize=size, squeeze=False, sharex=True, sharey="row"
    )
    for column, (title, rows) in zip(axes.T, parts.items(), strict=True):
        for ax, y in zip(column, statistics, strict=True):
            curves(rows, "n_hidden", y, ax, **_LOOK)
            ax.label_outer()
        column[0].set_title(title, loc="left")
    for line, y in zip(axes, statistics, strict=True):
        line[0].set_ylim(None if y == "tree_accuracy" else 0, None)
        line[0].yaxis.set_major_formatter("{x:,g}")
    figure.align_ylabels()
    legend_below(figure, axes.flat, 4)
    return figure


def _by_scope(table: pd.DataFrame, scopes: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Title -> rows of each scope that the table has; all rows where it tells none apart."""
    if "scope" not in table:
        return {"": table}
    found = {
        SCOPES.get(scope, str(scope)): table[table["scope"] == scope]
        for scope in require.listed("scopes", scopes, "scopes")
        if (table["scope"] == scope).any()
    }
    if not found:
        has = ", ".join(map(str, table["scope"].unique()))
        raise MBHError(f"table has none of the scopes {require.shown(scopes)}; it has {has}")
    return found


def leaves_per_class(
    table: pd.DataFrame,
    classes: Mapping[int, str],
    *,
    scope: str = "last",
) -> Figure:
    """Leaves of each class in the decision trees over hidden neurons, before and after training.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment trees: n_hidden, parameters, model, trained, class, class_leaves, and
        scope where there are trees of both.
    classes : mapping of int to str
        Those that get an axes each -> their names.
    scope : {"last", "all"}, default "last"
        Patterns that the trees learned from.

    Returns
    -------
    Figure
        Axes with one scale. Dashed lines are untrained networks, solid ones trained.

    Raises
    ------
    MBHError
        If the table is empty or a column is missing, or no class is given.

    Notes
    -----
    Figures D.2 (classes 0 to 4) and D.3 (classes 5 to 9) of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46] * 2, "trained": [True, True, False, False]})
    >>> table = table.assign(class_leaves=[90, 120, 150, 190], parameters=4736)
    >>> table["class"] = 8
    >>> figure = plots.figures.decision_patterns.leaves_per_class(table, {8: "Bag"})
    >>> figure.axes[0].get_title("left")
    '8: Bag'
    """
    require.kind_of("classes", classes, Mapping, "a dict {class: name}")
    if not classes:
        raise MBHError("classes is empty; expected one class at least")
    needed = ["n_hidden", "parameters", "trained", "class", "class_leaves"]
    rows = rows_of(table, needed, scope=scope)
    n_columns = min(len(classes), 3)
    n_rows = -(-len(classes) // n_columns)
    size = (max(2.7 * n_columns, 5), 2.4 * n_rows + 1.0)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=size, squeeze=False, sharex=True, sharey=True
    )
    for ax, (number, name) in zip(axes.flat, classes.items(), strict=False):
        of_class = rows_of(rows, ["class"], **{"class": number})
        curves(of_class, "n_hidden", "class_leaves", ax, **_LOOK)
        same = not name or str(name) == str(number)
        ax.set_title(f"class {number}" if same else f"{number}: {name}", loc="left")
    axes[0, 0].set_ylim(0, None)
    finish_grid(axes, len(classes))
    legend_below(figure, axes.flat[:1], 3)
    return figure


def distinct_patterns(table: pd.DataFrame) -> Figure:
    """Distinct patterns that images give, over hidden neurons, before and after training.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment patterns: n_hidden, parameters, model, trained, images,
        activation_patterns and last_layer_patterns.

    Returns
    -------
    Figure
        Left: patterns of all hidden neurons. Right: of the last layer. A dotted line marks the
        number of images, which is the most there can be.

    Notes
    -----
    Figures E.1 and E.2 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46], "activation_patterns": [400, 900]})
    >>> table = table.assign(last_layer_patterns=[12, 200], images=1000, parameters=4736)
    >>> figure = plots.figures.decision_patterns.distinct_patterns(table.assign(trained=True))
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['distinct activation patterns', 'distinct last-layer patterns']
    """
    drawn = ["activation_patterns", "last_layer_patterns"]
    checked_table(table, ["n_hidden", "parameters", "trained", "images", *drawn], drawn)
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.4), sharey=True)
    for ax, y in zip(axes, drawn, strict=True):
        curves(table, "n_hidden", y, ax, **_LOOK)
        most = table["images"].max()
        ax.axhline(most, color="black", ls=":", lw=1.2, label=f"number of images: {most:,}")
        ax.yaxis.set_major_formatter("{x:,.0f}")
    axes[0].set_ylim(0, None)
    legend_below(figure, axes, 4)
    return figure
