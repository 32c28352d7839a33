"""Whole figures of the chapter on networks of one's own: s beside an untrained twin, and neurons."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mbh_utils.computing.intervals import half_widths
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.traced import Traced
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.style import ACTIVE, FREE, INACTIVE
from mbh_utils.regions.patterns import DecisionPattern

#: How the two networks are drawn: never by colour alone.
_TWINS: dict[bool, dict[str, Any]] = {
    True: {"color": "#0072B2", "marker": "o", "label": "trained"},
    False: {"color": "#D55E00", "marker": "D", "markerfacecolor": "white", "label": "untrained"},
}


def beside_twin(table: pd.DataFrame) -> Figure:
    """Specialization to each phenomenon, in the trained network and in its untrained twin.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per panel, phenomenon, network and plane, with the columns panel, phenomenon,
        trained (True or False), plane and s.

    Returns
    -------
    Figure
        A panel below the other for each value of panel, a row for each phenomenon, both in the
        order of the table. Dots: mean over the planes; filled where trained, open where not. Bars:
        95 % interval of that mean, where there are two planes or more.

    Raises
    ------
    MBHError
        If a column is missing, s holds no numbers, or there is no row.

    Notes
    -----
    The thesis's Figure 6.9 sets networks before and after training beside each other.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"panel": "wine", "phenomenon": "class 0", "plane": [0, 1] * 2})
    >>> table = table.assign(trained=[True, True, False, False], s=[0.6, 0.8, 0.1, 0.3])
    >>> figure = plots.figures.your_network.beside_twin(table)
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['class 0']
    """
    checked_table(table, ["panel", "phenomenon", "trained", "plane", "s"], ["trained", "s"])
    panels = {name: rows for name, rows in table.groupby("panel", sort=False)}
    counts = [rows["phenomenon"].nunique() for rows in panels.values()]
    height = 0.32 * sum(counts) + 0.45 * len(counts) + 0.9
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(5.6, height), sharex=True, squeeze=False, height_ratios=counts
    )
    for (name, rows), ax in zip(panels.items(), axes[:, 0], strict=True):
        _twin_rows(ax, rows)
        ax.set_title(str(name), loc="left")
    axes[-1, 0].set(xlim=(-0.03, 1.03), xlabel="specialization s")
    handles = [Line2D([], [], ls="none", **look) for look in _TWINS.values()]
    handles.append(Line2D([], [], color="0.4", label="95 % interval over planes"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, columnspacing=1.2)
    return figure


def _twin_rows(ax: Axes, table: pd.DataFrame) -> None:
    """A row for each phenomenon: both networks' means with their intervals."""
    names = list(dict.fromkeys(table["phenomenon"]))
    groups = table.groupby(["phenomenon", "trained"])["s"]
    for (name, trained), values in groups:
        look = _TWINS[bool(trained)]
        y = names.index(name) + (-0.13 if trained else 0.13)
        mean = values.mean()
        if (half := _half_interval(values.to_numpy())) > 0:
            ends = np.clip([mean - half, mean + half], 0, 1)
            ax.plot(ends, [y, y], color=look["color"], lw=1.3)
        ax.plot(mean, y, ls="none", ms=6, **look)
    ax.set_yticks(range(len(names)), [str(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")


def _half_interval(values: np.ndarray) -> float:
    """Half the 95 % interval of a mean by Student's t; 0 of a single value."""
    if len(values) < 2:
        return 0.0
    return float(half_widths(values.std(ddof=1), np.array(len(values))))


def constrained_neurons(traced: Traced, pattern: DecisionPattern) -> Figure:
    """Which neurons of which activation of a module a pattern constrains, and to which state.

    Parameters
    ----------
    traced : Traced
        The module, as :func:`mbh_utils.trace` understands it.
    pattern : DecisionPattern
        A pattern of it; ``scope="all"`` of :func:`mbh_utils.maximal_pattern` makes one of all
        layers.

    Returns
    -------
    Figure
        A bar for each activation, from the inputs downwards: the shares of its neurons that the
        pattern has active, has inactive, and leaves free. Numbers of neurons stand in the bars.

    Raises
    ------
    MBHError
        For what is not traced, what is no pattern, and a pattern of neurons that are not there.

    Notes
    -----
    The thesis has no such figure. Its patterns are of the last hidden layer.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from torch import nn
    >>> from mbh_utils import plots
    >>> traced = mbh.trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)))
    >>> pattern = mbh.DecisionPattern([0, 2], [True, False])
    >>> figure = plots.figures.your_network.constrained_neurons(traced, pattern)
    >>> [text.get_text() for text in figure.axes[0].texts]  # active, inactive, free
    ['1', '1', '1']
    """
    require.kind_of("traced", traced, Traced, "what mbh_utils.trace(module) returned")
    require.kind_of("pattern", pattern, DecisionPattern, "a DecisionPattern")
    activations = [each for each in traced.neurons if each.columns.stop > each.columns.start]
    n = max((each.columns.stop for each in activations), default=0)
    if len(pattern) and pattern.neurons.max() >= n:
        raise MBHError(
            f"pattern names neuron {pattern.neurons.max()}, but the module has {n}, numbered from 0"
        )
    figure, ax = plt.subplots(figsize=(5.6, 0.55 * len(activations) + 1.25))
    names = []
    for y, each in enumerate(activations):
        size = each.columns.stop - each.columns.start
        inside = (pattern.neurons >= each.columns.start) & (pattern.neurons < each.columns.stop)
        active = int(pattern.states[inside].sum())
        inactive = int(inside.sum()) - active
        _shares(ax, y, (active, inactive, size - active - inactive))
        names.append(f"layer {each.layer}:\n{each.name}")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlim=(0, 100), ylim=(len(names) - 0.5, -0.5), xlabel="neurons of the activation [%]")
    ax.grid(visible=False, axis="y")
    handles = [Patch(edgecolor="0.3", **look) for look, _ in _STATES]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


#: Looks of the three parts of a bar, and the colour of the number on it.
_STATES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"facecolor": ACTIVE, "label": "active"}, "white"),
    ({"facecolor": INACTIVE, "label": "inactive"}, "white"),
    ({"facecolor": FREE, "label": "free", "hatch": "//"}, "black"),
)


def _shares(ax: Axes, y: int, counts: tuple[int, ...]) -> None:
    """One bar of 100 %: a part for each state, with its number where it is not 0."""
    left = 0.0
    for count, (look, colour) in zip(counts, _STATES, strict=True):
        width = 100 * count / sum(counts)
        ax.barh(y, width, left=left, height=0.6, edgecolor="0.3", lw=0.6, **look)
        if count:
            box = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1}
            style = {"color": colour, "fontsize": 8.5, "bbox": box, "clip_on": True}
            ax.text(left + width / 2, y, str(count), ha="center", va="center", **style)
        left += width
