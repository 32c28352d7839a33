"""Whole figures of the chapter on decision patterns: decision trees, and distinct patterns."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.blankets import blanket, blanket_legend, blanket_words
from mbh_utils.plots.figures._layout import finish_grid, legend_below, rows_of
from mbh_utils.plots.lines import curves
from mbh_utils.plots.planes import plane_labels, spanning_points
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern

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
    scope: str | Sequence[str] = "last",
) -> Figure:
    """Leaves of each class in the decision trees over hidden neurons, before and after training.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment trees: n_hidden, parameters, model, trained, class, class_leaves, and
        scope where there are trees of both.
    classes : mapping of int to str
        Those that get an axes each -> their names.
    scope : {"last", "all"} or a sequence of them, default "last"
        Patterns that the trees learned from. Of several, each has a row of axes below the other.

    Returns
    -------
    Figure
        Axes with one scale for each scope. Dashed lines are untrained networks, solid ones trained.

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
    scopes = [scope] if isinstance(scope, str) else require.listed("scope", scope, "scopes")
    n_columns = min(len(classes), 3) if len(scopes) == 1 else len(classes)
    n_rows = -(-len(classes) // n_columns) * len(scopes)
    size = (max(2.2 * n_columns, 5), 2.4 * n_rows + 1.0)
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=size,
        squeeze=False,
        sharex=True,
        sharey="row" if len(scopes) > 1 else True,
    )
    for part, one in zip(np.split(axes, len(scopes)), scopes, strict=True):
        _draw_classes(part, rows_of(table, needed, scope=one), classes)
        if len(scopes) > 1:
            part[0, 0].set_ylabel(f"leaves of the class,\n{SCOPES.get(one, one)}")
    legend_below(figure, axes.flat[:1], 3)
    return figure


def _draw_classes(axes: np.ndarray, rows: pd.DataFrame, classes: Mapping[int, str]) -> None:
    """The leaves of one class on each of the axes; those that are left over vanish."""
    for ax, (number, name) in zip(axes.flat, classes.items(), strict=False):
        of_class = rows_of(rows, ["class"], **{"class": number})
        curves(of_class, "n_hidden", "class_leaves", ax, **_LOOK)
        same = not name or str(name) == str(number)
        ax.set_title(f"class {number}" if same else f"{number}: {name}", loc="left")
    axes[0, 0].set_ylim(0, None)
    finish_grid(axes, len(classes))


def distinct_patterns(
    table: pd.DataFrame, patterns: Sequence[str] = ("activation_patterns", "last_layer_patterns")
) -> Figure:
    """Distinct patterns that images give, over hidden neurons, before and after training.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment patterns: n_hidden, parameters, model, trained, images, and the columns
        that are drawn.
    patterns : sequence of str, default ("activation_patterns", "last_layer_patterns")
        The columns that are drawn, each on axes of its own; first_layer_patterns is another.

    Returns
    -------
    Figure
        A dotted line marks the number of images, which is the most there can be.

    Raises
    ------
    MBHError
        If the table is empty or a column is missing, or none is to be drawn.

    Notes
    -----
    Figures E.1 (activation patterns) and E.2 (those of the first and the last hidden layer) of the
    thesis.

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
    patterns = require.listed("patterns", patterns, "columns")
    if not patterns:
        raise MBHError("patterns is empty; expected one column at least")
    checked_table(table, ["n_hidden", "parameters", "trained", "images", *patterns], patterns)
    size = (max(4 * len(patterns), 5.6), 4.4)
    figure, axes = plt.subplots(1, len(patterns), figsize=size, squeeze=False, sharey=True)
    for ax, y in zip(axes.flat, patterns, strict=True):
        curves(table, "n_hidden", y, ax, **_LOOK)
        most = table["images"].max()
        ax.axhline(most, color="black", ls=":", lw=1.2, label=f"number of images: {most:,}")
        ax.yaxis.set_major_formatter("{x:,.0f}")
    axes[0, 0].set_ylim(0, None)
    legend_below(figure, axes.flat, 4 if len(patterns) > 1 else 3)
    return figure


def blanket_pairs(
    partition: Partition,
    pairs: Mapping[str, Mapping[str, DecisionPattern]],
    spanning: Sequence[str] = (),
) -> Figure:
    """Blankets of several decision patterns of each class on one plane.

    Parameters
    ----------
    partition : Partition
        It must hold its polygons, areas and patterns.
    pairs : mapping of str to mapping of str to DecisionPattern
        Name of a class -> what a pattern is -> the pattern; the same kinds for each class.
    spanning : sequence of str, default ()
        What the images that span the plane are called; their markers are drawn then.

    Returns
    -------
    Figure
        A column for each class, a row for each kind.

    Raises
    ------
    MBHError
        For what is no partition, and without a class or patterns.

    Notes
    -----
    A figure of our own: mined patterns beside maximal patterns.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> regions = mbh.partition_input_space([(np.eye(2), np.zeros(2))], square)
    >>> sigma = mbh.DecisionPattern([0], [True])
    >>> figure = plots.figures.decision_patterns.blanket_pairs(regions, {"Bag": {"leaf": sigma}})
    >>> figure.axes[0].get_title("left")
    'Bag, leaf:\\n50.0%, 1 constraint'
    """
    require.kind_of("pairs", pairs, Mapping, "a dict {class: {kind: pattern}}")
    kinds = list(next(iter(pairs.values()), {}))
    if not kinds:
        raise MBHError("pairs is empty; expected one class with one pattern at least")
    size = (max(2.7 * len(pairs), 5), 3.1 * len(kinds) + 0.6)
    figure, axes = plt.subplots(
        len(kinds), len(pairs), figsize=size, squeeze=False, sharex=True, sharey=True
    )
    for column, (name, patterns) in zip(axes.T, pairs.items(), strict=True):
        for ax, kind in zip(column, kinds, strict=True):
            pattern = patterns[kind]
            blanket(partition, pattern, ax, title=False)
            words = blanket_words(partition.blanket(pattern).share, len(pattern))
            ax.set_title(f"{name}, {kind}:\n{words}", loc="left", fontsize=10)
            if spanning:
                spanning_points(partition.plane, ax=ax)
            plane_labels(ax, partition.plane).label_outer()
    blanket_legend(figure, "blanket", spanning=spanning)
    return figure
