"""Whole figures of the chapter on activation regions."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.plots._checks import checked_partition, checked_table
from mbh_utils.plots.blankets import blanket, blanket_handles
from mbh_utils.plots.curve_kinds import setup_curves
from mbh_utils.plots.diagrams import network_diagram
from mbh_utils.plots.figures._layout import DOMAINS, legend_below, rows_of
from mbh_utils.plots.hyperplanes import bent_hyperplanes
from mbh_utils.plots.lines import curves
from mbh_utils.plots.planes import activity_handles, plane_labels, regions, spanning_points
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


def patterns(network: Network, shown: Mapping[str, Mapping[int, bool]]) -> Figure:
    """Diagrams of one network, each with the neurons that a pattern constrains.

    Parameters
    ----------
    network : Network
        Small enough for its neurons to be told apart.
    shown : mapping of str to mapping of int to bool
        Title -> hidden neuron, counted from 0 -> whether the pattern has it active.

    Returns
    -------
    Figure
        One axes for each pattern.

    Raises
    ------
    MBHError
        If there is no pattern.

    Notes
    -----
    Figure 3.1 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> network = mbh.Network(2, (2, 2), 1)
    >>> figure = plots.figures.activation_regions.patterns(network, {"a pattern": {0: True}})
    >>> figure.axes[0].get_title()
    'a pattern'
    """
    if not shown:
        raise MBHError("shown has no pattern: there is nothing to draw")
    figure, axes = plt.subplots(1, len(shown), figsize=(3.3 * len(shown), 3), squeeze=False)
    for ax, (title, pattern) in zip(axes.flat, shown.items(), strict=True):
        network_diagram(network, dict(pattern), ax, title=title)
    return figure


def lines_and_regions(partition: Partition) -> Figure:
    """The bent hyperplanes of a network with two inputs, beside the regions between them.

    Parameters
    ----------
    partition : Partition
        Of the input plane of a small network.

    Returns
    -------
    Figure
        Two axes over the same square.

    Notes
    -----
    Figure 3.2 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> partition = mbh.partition_input_space(two_neurons, square)
    >>> figure = plots.figures.activation_regions.lines_and_regions(partition)
    >>> figure.axes[1].get_title("left")
    '4 activation regions'
    """
    checked_partition(partition)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.4))
    bent_hyperplanes(partition, left).set_title("bent hyperplanes", loc="left")
    regions(partition, right).set_title(f"{len(partition)} activation regions", loc="left")
    for ax in (left, right):
        ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return figure


def initial_regions(table: pd.DataFrame) -> Figure:
    """Regions of untrained networks in units of N^2/2, by the spread of their first biases.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment initial_regions: n_hidden, bias_std, domain, n_regions; model.

    Returns
    -------
    Figure
        One axes for each domain that the table has, one line for each spread; set-ups with equally
        many neurons are averaged.

    Notes
    -----
    The thesis begins with biases of standard deviation 1e-6, Hanin and Rolnick (2019) with 1e-3.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"n_hidden": [16, 46], "n_regions": [60, 500], "bias_std": 1e-6})
    >>> figure = plots.figures.activation_regions.initial_regions(table.assign(domain="square"))
    >>> [ax.get_title("left") for ax in figure.axes]
    ['in the square']
    """
    checked_table(table, ["n_hidden", "bias_std", "domain", "n_regions"], ["n_hidden", "n_regions"])
    table = table.assign(per_n2=2 * table["n_regions"] / table["n_hidden"] ** 2)
    there = [name for name in DOMAINS if (table["domain"] == name).any()]
    if not there:
        raise MBHError(f"table has no row whose domain is one of {', '.join(DOMAINS)}")
    powers = {std: f"$10^{{{np.log10(std):g}}}$" for std in np.unique(table["bias_std"])}
    names = {
        std: f"standard deviation of the first biases {words}" for std, words in powers.items()
    }
    figure, axes = plt.subplots(1, len(there), figsize=(4 * len(there), 3.6), squeeze=False)
    for ax, name in zip(axes.flat, there, strict=True):
        here = rows_of(table, ["domain"], domain=name)
        curves(here, "n_hidden", "per_n2", ax, hue="bias_std", names=names, bars=True, legend=False)
        ax.set_title(f"in the {DOMAINS[name]}", loc="left")
        ax.set_ylim(bottom=0)
    legend_below(figure, axes.flat, 1)
    return figure


def region_counts(table: pd.DataFrame) -> Figure:
    """Activation regions over density: per unit of area, and in units of N^2/2.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of :func:`mbh_utils.experiments.per_network`: density, n_hidden, parameters, per_area
        and per_n2.

    Returns
    -------
    Figure
        Two axes, one line for each number of hidden neurons; dashed lines in the left one join
        networks of equal numbers of parameters.

    Notes
    -----
    Figure 3.5 of the thesis is the left axes.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"density": [0.1, 1], "n_hidden": [136, 16], "per_n2": [0.5, 0.4]})
    >>> table = table.assign(parameters=9472, per_area=[400.0, 5.0])
    >>> figure = plots.figures.activation_regions.region_counts(table)
    >>> figure.axes[0].get_yscale()
    'log'
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 4.3))
    setup_curves(table, "density", "per_area", left, legend=False).set_yscale("log")
    left.yaxis.set_major_formatter("{x:g}")
    left.set_title("per unit area", loc="left")
    setup_curves(table, "density", "per_n2", right, levels=False, legend=False)
    right.set_title("in units of N² / 2", loc="left")
    right.set(ylabel="regions / (N² / 2)", ylim=(0, None))
    legend_below(figure, [left, right], 3)
    return figure


def before_and_after(
    before: Partition, after: Partition, labels: Sequence[str], black: Sequence[float]
) -> Figure:
    """One plane full of regions before training and after it.

    Parameters
    ----------
    before, after : Partition
        Of one plane through three samples, by one network.
    labels : sequence of str
        Names of the three samples.
    black : two floats
        The point of the plane that is nearest to the black image, in plane coordinates.

    Returns
    -------
    Figure
        Two axes, with the three samples marked, and the point where it lies inside; one legend.

    Notes
    -----
    Figure 5.1 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> plane = mbh.Plane.through([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    >>> one, other = (mbh.Network(3, (2, 2), 1, seed=seed) for seed in (0, 1))
    >>> partitions = [mbh.partition_input_space(network, plane) for network in (one, other)]
    >>> draw = plots.figures.activation_regions.before_and_after
    >>> figure = draw(*partitions, ["one", "two", "three"], (0, 0))
    >>> figure.axes[0].get_title("left")  # doctest: +ELLIPSIS
    'before training: ... regions'
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.6, 4.9))
    for ax, partition, when in zip(axes, (before, after), ("before", "after"), strict=True):
        regions(partition, ax).set_title(f"{when} training: {len(partition):,} regions", loc="left")
        limits = ax.axis()
        spanning_points(partition.plane, labels, plane_labels(ax), legend=False)
        for line in ax.lines:  # in the input box the samples lie on the rim
            line.set(clip_on=False, zorder=5)
        left, right, bottom, top = limits
        if left <= black[0] <= right and bottom <= black[1] <= top:
            look = {"color": "#D55E00", "mec": "white", "ms": 10, "ls": "none"}
            ax.plot(*black, "X", **look, label="nearest point to the black image")
        ax.axis(limits)
    legend_below(figure, axes, 4)
    return figure
