"""What is not drawn over a plane or set-ups: networks, images, small matrices, tables of words."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.plots._checks import check_texts, checked_table
from mbh_utils.plots.style import ACTIVE, FREE, INACTIVE, axes_or_new
from mbh_utils.regions.patterns import DecisionPattern


def network_diagram(
    network: Network,
    states: dict[int, bool] | DecisionPattern | None = None,
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """A small network's neurons and live connections, and the states of hidden neurons.

    Parameters
    ----------
    network : Network
        Connections whose mask is off are left out.
    states : dict of int to bool, or DecisionPattern, optional
        Hidden neuron -> state, neurons counted in layer order from 0.
    ax : Axes, optional
        Where to draw; new axes by default.
    title : str, default ""
        Of the axes.

    Returns
    -------
    Axes
        Inputs to the left. Active neurons are green and carry a 1, inactive ones are black and
        carry a 0, those without a state are grey.

    Raises
    ------
    MBHError
        If this is no network of the package, or a state is that of no hidden neuron.

    Notes
    -----
    Figure 3.1 of the thesis shows patterns in this way.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> ax = plots.network_diagram(mbh.Network(2, (3, 2), 2), {0: True, 4: False})
    >>> [text.get_text() for text in ax.texts]
    ['1', '0']
    """
    expected = "a network of this package, such as lenet(data) makes"
    require.kind_of("network", network, Network, expected)
    states = _checked_states(states, network.n_hidden)
    check_texts(title=title)
    ax = axes_or_new(ax, (4, 2.8))
    widths = (network.n_inputs, *network.hidden, network.n_classes)
    spots = [[(i, (n - 1) / 2 - k) for k in range(n)] for i, n in enumerate(widths)]
    _draw_connections(ax, network, spots)
    for spot in (*spots[0], *spots[-1]):
        ax.scatter(*spot, s=230, facecolor="white", edgecolor="#555555", zorder=2)
    hidden = [spot for layer in spots[1:-1] for spot in layer]
    for neuron, spot in enumerate(hidden):
        _draw_neuron(ax, spot, states.get(neuron))
    height = max(widths) / 2 + 0.1
    ax.set(title=title, xlim=(-0.4, len(widths) - 0.6), ylim=(-height, height))
    names = ["input", *(f"hidden {i + 1}" for i in range(len(network.hidden))), "output"]
    ax.set_xticks(range(len(widths)), names)
    ax.set_yticks([])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def _checked_states(
    states: dict[int, bool] | DecisionPattern | None, n_hidden: int
) -> dict[int, bool]:
    """Hidden neuron -> state."""
    if states is None:
        return {}
    if isinstance(states, DecisionPattern):
        states = states.as_dict()
    require.kind_of("states", states, dict, "a dict {neuron: True or False}, or a DecisionPattern")
    for neuron, state in states.items():
        require.whole("a neuron in states", neuron, 0, n_hidden - 1)
        require.flag("a state in states", state)
    return states


def _draw_connections(ax: Axes, network: Network, spots: list[list[tuple]]) -> None:
    """Live connections between the neurons at ``spots``, (x, y) by layer; all of the output's."""
    output = np.ones((network.n_classes, network.hidden[-1]), dtype=bool)
    for i, mask in enumerate([*network.masks, output]):
        lines = [(spots[i][b], spots[i + 1][a]) for a, b in np.argwhere(mask)]
        ax.add_collection(LineCollection(lines, colors="#9a9a9a", linewidths=0.9, zorder=1))


def _draw_neuron(ax: Axes, spot: tuple[float, float], state: bool | None) -> None:
    if state is None:
        ax.scatter(*spot, s=260, color=FREE, zorder=2)
        return
    ax.scatter(*spot, s=260, color=ACTIVE if state else INACTIVE, zorder=2)
    look = {"color": "white", "ha": "center", "va": "center", "fontsize": 9, "weight": "bold"}
    ax.text(*spot, str(int(state)), **look)


def image(
    pixels: np.ndarray,
    shape: tuple[int, int],
    ax: Axes | None = None,
    *,
    title: str = "",
    label: str = "",
) -> Axes:
    """One image of the data as its values mean it: 0 is black and 1 is white.

    Parameters
    ----------
    pixels : array of shape (d,)
        Values in [0, 1], row by row.
    shape : tuple of int
        Height and width, such as ``data.image_shape``.
    ax : Axes, optional
        Where to draw; new axes by default.
    title : str, default ""
        Of the axes.
    label : str, default ""
        Adds a colour bar of that name, whose limits are those of the values.

    Returns
    -------
    Axes
        Without ticks.

    Raises
    ------
    MBHError
        If the shape does not hold the pixels, or a pixel is no finite number.

    Notes
    -----
    Figures 4.1, 4.4 and 6.5a of the thesis show images of the data.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> data = mbh.load_dataset("digits8")
    >>> ax = plots.image(data.train.images[0], data.image_shape, title="a digit")
    >>> ax.images[0].get_array().shape
    (8, 8)
    """
    check_texts(title=title, label=label)
    pixels = require.numbers("pixels", np.ravel(require.array("pixels", pixels)), (None,))
    lengths = require.listed("shape", shape, "two lengths")
    lengths = tuple(require.whole("a length in shape", n, 1) for n in lengths)
    if len(lengths) != 2 or lengths[0] * lengths[1] != len(pixels):
        raise MBHError(
            f"shape is {lengths}; expected the height and the width of {len(pixels)} pixels"
        )
    ax = axes_or_new(ax, (2.2, 2.2))
    picture = ax.imshow(pixels.reshape(lengths), cmap="gray", clim=None if label else (0, 1))
    ax.set(title=title, xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
    if label:
        ax.figure.colorbar(picture, ax=ax, shrink=0.8).set_label(label)
    return ax


def heat_map(
    values: np.ndarray,
    ax: Axes | None = None,
    *,
    title: str = "",
    label: str = "",
    limits: tuple[float | None, float | None] = (0, None),
) -> Axes:
    """A small matrix of counts over pixels, with a colour bar.

    Parameters
    ----------
    values : array of shape (height, width)
        One value per pixel.
    ax : Axes, optional
        Where to draw; new axes by default.
    title : str, default ""
        Of the axes.
    label : str, default ""
        Name of the colour bar.
    limits : tuple of two floats or None, default (0, None)
        Lowest and highest value of the colour bar; None stands for that of the values.

    Returns
    -------
    Axes
        Over pixel columns and rows.

    Raises
    ------
    MBHError
        If the values are no matrix of finite numbers, or the limits are not two.

    Notes
    -----
    Figure 2.2 of the thesis: live connections per pixel.

    Examples
    --------
    >>> from mbh_utils import plots
    >>> ax = plots.heat_map([[0, 1], [2, 3]], label="connections")
    >>> ax.figure.axes[1].get_ylabel()
    'connections'
    """
    check_texts(title=title, label=label)
    values = require.numbers("values", values, (None, None))
    ends = require.listed("limits", limits, "two numbers, the lowest and the highest")
    if not values.size or len(ends) != 2:
        raise MBHError(
            f"values has shape {values.shape} and limits {ends}; expected a matrix and two limits"
        )
    low, high = (None if x is None else require.number("one of limits", x) for x in ends)
    ax = axes_or_new(ax, (3.2, 2.8))
    picture = ax.imshow(values, clim=(low, high))
    ax.set(title=title, xlabel="pixel column", ylabel="pixel row")
    ax.grid(False)
    ax.figure.colorbar(picture, ax=ax, shrink=0.85).set_label(label)
    return ax


def text_table(table: pd.DataFrame, *, width: float = 8.0) -> Figure:
    """A table of words as a figure.

    Parameters
    ----------
    table : pandas.DataFrame
        One row and one column at least.
    width : float, default 8.0
        Of the figure, in inches, from 1 to 100.

    Returns
    -------
    Figure
        A new one; the header row and the first column are bold.

    Raises
    ------
    MBHError
        If the table is empty, or the width lies outside of its limits.

    Notes
    -----
    Table 2.1 of the thesis.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> figure = plots.text_table(pd.DataFrame({"optimiser": ["Adam"], "batch": [60]}))
    >>> figure.axes[0].tables[0][1, 0].get_text().get_text()
    'Adam'
    """
    if not checked_table(table, []).shape[1]:
        raise MBHError("table has no column: there is nothing to draw")
    expected = "inches, a number from 1 to 100"
    require.number("width", width, expected, lambda inches: 1 <= inches <= 100)
    figure = plt.figure(figsize=(width, 0.42 * (len(table) + 1)), layout="none")
    ax = figure.add_axes((0.01, 0.02, 0.98, 0.96))
    ax.axis("off")
    words = table.astype(str).to_numpy().tolist()
    place = {"loc": "center", "cellLoc": "left", "bbox": (0, 0, 1, 1)}
    drawn = ax.table(words, colLabels=list(table.columns), **place)
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(9.5)
    drawn.auto_set_column_width(range(table.shape[1]))
    for (row, column), cell in drawn.get_celld().items():
        cell.set(edgecolor="#bbbbbb", facecolor="#eef3f7" if row == 0 else "white", linewidth=0.6)
        if row == 0 or column == 0:
            cell.set_text_props(weight="bold")
    return figure
