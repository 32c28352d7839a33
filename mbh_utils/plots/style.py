"""One look for all figures: the style of matplotlib, colours, markers, names of axes.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart. Colour is never the
only carrier of meaning: a marker, a line style or a label goes along.
"""

import pathlib

import matplotlib.pyplot as plt
import pandas as pd
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

#: What the axis of a column is called, with its unit.
NAMES = {
    "density": "density of hidden weights",
    "n_hidden": "hidden neurons N",
    "parameters": "hidden parameters (HNPs)",
    "iteration": "training iteration",
    "mask_iteration": "iteration that the mask is taken from",
    "samples": "training images per class",
    "accuracy": "validation accuracy [%]",
    "validation_accuracy": "validation accuracy [%]",
    "test_accuracy": "test accuracy [%]",
    "training_accuracy": "training accuracy [%]",
    "tree_accuracy": "accuracy of the tree [%]",
    "signs_kept": "signs kept since initialisation [%]",
    "straight": "straight crossings [%]",
    "s": "specialization s",
    "coverage": "minimum coverage $c_P$",
    "n_regions": "activation regions per plane",
    "per_area": "activation regions per unit area",
    "per_n2": "activation regions / (N² / 2)",
    "turning_angle": "turning angle per crossing [degrees]",
    "depth": "depth of the tree",
    "leaves": "leaves of the tree",
    "mean_leaf_depth": "mean depth of a leaf",
    "class_leaves": "leaves of the class",
    "activation_patterns": "distinct activation patterns",
    "first_layer_patterns": "distinct first-layer patterns",
    "last_layer_patterns": "distinct last-layer patterns",
    "distinct": "distinct patterns",
    "kappa_final": "κ to the final network",
    "information": "I(A; Y) [bits]",
    "block_information": "I(A; Y) [bits], groups of 8",
    "relative_entropy": "H / H$_{max}$",
    "block_relative_entropy": "H / H$_{max}$, groups of 8",
    "tau": "iteration from which κ stays",
}

#: Columns that hold shares and are drawn in per cent.
SHARES = tuple(name for name, words in NAMES.items() if words.endswith("[%]"))

#: What a legend says of bands and of bars.
SPREAD = "smallest to largest model"


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


def in_per_cent(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns of :data:`SHARES` that it has in per cent."""
    shares = [name for name in SHARES if name in table]
    return table.assign(**{name: 100 * table[name] for name in shares})
