"""One look for all figures: the style of matplotlib, colours, markers, names of axes.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart. Colour is never the
only carrier of meaning: a marker, a line style or a label goes along.
"""

import pathlib

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from mbh_utils.computing import require

#: A blanket.
INSIDE = "#D55E00"

#: What lies outside of a blanket.
OUTSIDE = "#A9D3EE"

#: An active neuron, in a drawing of a network.
ACTIVE = "#009E73"

#: An inactive neuron.
INACTIVE = "#222222"

#: A neuron without a constraint.
FREE = "#C8C8C8"

#: Colours of bent hyperplanes by hidden layer; after the last one they begin anew.
LAYERS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

#: Line styles of bent hyperplanes by hidden layer.
LAYER_STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), "-.")

#: The first, second and third sample that span a plane.
SPANNING_MARKERS = ("o", "s", "^")

#: Curves and points of one figure, in this order.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

#: What the axis of a column is called.
NAMES = {
    "density": "density of hidden weights",
    "n_hidden": "hidden neurons N",
    "parameters": "hidden parameters (HNPs)",
    "accuracy": "validation accuracy [%]",
    "s": "specialization s",
    "coverage": "minimum coverage $c_P$",
    "per_area": "activation regions per unit area",
}


def use_style() -> None:
    """Switch matplotlib to the workbook's style.

    Notes
    -----
    The style is ``workbook.mplstyle`` beside this file; ``matplotlib.rc_context()`` undoes it.

    Examples
    --------
    >>> import matplotlib
    >>> from mbh_utils import plots
    >>> with matplotlib.rc_context():
    ...     plots.use_style()
    ...     matplotlib.rcParams["image.cmap"]
    'cividis'
    """
    plt.style.use(pathlib.Path(__file__).with_name("workbook.mplstyle"))


def axes_or_new(ax: Axes | None, size: tuple[float, float] = (4.4, 4.2)) -> Axes:
    """The axes that were given, or those of a new figure of this size in inches."""
    if ax is None:
        return plt.figure(figsize=size).add_subplot()
    return require.kind_of("ax", ax, Axes, "axes of matplotlib, or None for new ones")
