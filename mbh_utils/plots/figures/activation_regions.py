"""Whole figures of the chapter on activation regions."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from mbh_utils.plots.blankets import blanket, blanket_handles
from mbh_utils.plots.planes import activity_handles, regions
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern


def joined_regions(partition: Partition, pattern: DecisionPattern) -> Figure:
    """The regions of a small network with their patterns, and the union in which a pattern holds.

    Parameters
    ----------
    partition : Partition
        Of a plane by a network with so few neurons that their states can be read in each region.
    pattern : DecisionPattern
        The constraints, on neurons counted from 0; the figure counts from 1.

    Returns
    -------
    Figure
        Two axes, each with a key of its colours below.

    Notes
    -----
    Figure 3.3 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> partition = mbh.partition_input_space(two_neurons, square)
    >>> off = mbh.DecisionPattern([1], [False])
    >>> figure = plots.figures.activation_regions.joined_regions(partition, off)
    >>> figure.axes[1].get_title("left")
    'where neuron 2 is inactive'
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 4.4), sharey=True)
    regions(partition, left, colour_bar=False).set_title(f"{len(partition)} regions", loc="left")
    blanket(partition, pattern, right, title=False)
    states = {True: "active", False: "inactive"}
    words = [f"neuron {n + 1} is {states[bool(on)]}" for n, on in pattern.as_dict().items()]
    right.set_title("where " + " and ".join(words), loc="left")
    left.set_ylabel("$x_2$")
    for ax in (left, right):
        ax.set_xlabel("$x_1$")
        ax.locator_params(nbins=5)
        for centre, bits in zip(partition.centroids, partition.patterns, strict=True):
            lines = [f"neuron {n + 1}: {int(bit)}" for n, bit in enumerate(bits)]
            look = {"ha": "center", "va": "center", "fontsize": 8.5, "backgroundcolor": "#ffffffcc"}
            ax.text(*centre, "\n".join(lines), **look)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "columnspacing": 1}
    left.legend(handles=activity_handles(partition), **place, ncols=2)
    right.legend(handles=blanket_handles("inside"), **place, ncols=2)
    return figure
