"""Whole figures of the chapter on specialization."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mbh_utils.plots.blankets import blanket, blanket_handles
from mbh_utils.plots.planes import activity_handles, regions
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern

#: Look of samples in the plane.
_SAMPLE = {"color": "black", "mec": "white", "mew": 0.6, "ms": 5, "ls": "none"}


def blankets_of_samples(
    partition: Partition,
    samples: np.ndarray,
    patterns: Mapping[str, DecisionPattern],
    states: np.ndarray,
) -> Figure:
    """The regions of a small network with their patterns, then blankets, each over the samples.

    Parameters
    ----------
    partition : Partition
        Of a plane of two inputs by a network with few neurons.
    samples : array of shape (n, 2)
        Points of the plane.
    patterns : mapping of str to DecisionPattern
        Name of each blanket -> its pattern.
    states : array of bool, shape (n, n_neurons)
        Activation patterns of the samples.

    Returns
    -------
    Figure
        One axes for the regions and one for each pattern, titled with its coverage and its share of
        the domain; below, a key of colours and markers.

    Notes
    -----
    Figures 4.3 and C.1 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> two_neurons = [([[1, 0], [0, 1]], [0, 0])]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> partition = mbh.partition_input_space(two_neurons, square)
    >>> samples = [[0.5, 0.2], [-0.5, 0.3]]
    >>> states = mbh.activation_patterns(two_neurons, samples)
    >>> patterns = {"minimal": mbh.DecisionPattern([1], [True])}
    >>> figure = plots.figures.specialization.blankets_of_samples(
    ...     partition, samples, patterns, states
    ... )
    >>> figure.axes[1].get_title("left").splitlines()[1]
    'coverage 1, share 0.500'
    """
    samples = np.asarray(samples, dtype=float)
    n_columns = min(len(patterns) + 1, 3)
    n_rows = -(-(len(patterns) + 1) // n_columns)
    size = (2.6 * n_columns, 3.05 * n_rows + 0.5)
    figure, axes = plt.subplots(
        n_rows, n_columns, figsize=size, sharex=True, sharey=True, squeeze=False
    )
    first, *others = axes.flat
    regions(partition, first, colour_bar=False)
    first.set_title(f"(a) {len(partition)} regions,\nstates of neurons 1, 2, ...", fontsize=9, loc="left")
    for centre, bits in zip(partition.centroids, partition.patterns, strict=True):
        box = {"fc": "white", "lw": 0, "alpha": 0.85, "pad": 1.5}
        words = "".join(str(int(bit)) for bit in bits)
        first.text(*centre, words, ha="center", va="center", fontsize=8.5, bbox=box)
    for ax, letter, (name, pattern) in zip(others, "bcdefghij", patterns.items(), strict=False):
        blanket(partition, pattern, ax, title=False)
        coverage = pattern.support(states)
        share = partition.blanket(pattern).share
        words = f"({letter}) {name}\ncoverage {coverage:g}, share {share:.3f}"
        ax.set_title(words, fontsize=9, loc="left")
        _draw_samples(ax, samples, pattern.satisfied_by(states))
    _draw_samples(first, samples, np.ones(len(samples), dtype=bool))
    for ax in others[len(patterns) :]:
        ax.axis("off")
    for ax in axes[-1]:
        ax.set_xlabel("$x_1$")
    for ax in axes[:, 0]:
        ax.set_ylabel("$x_2$")
    handles = [
        *activity_handles(partition),
        *blanket_handles("blanket"),
        Line2D([], [], marker="o", **_SAMPLE, label="sample inside"),
    ]
    if not all(pattern.satisfied_by(states).all() for pattern in patterns.values()):
        handles.append(Line2D([], [], marker="X", **_SAMPLE, label="sample left outside"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2)
    return figure


def _draw_samples(ax, samples: np.ndarray, inside: np.ndarray) -> None:
    """Those inside of a blanket as discs, the others as crosses."""
    ax.plot(*samples[inside].T, marker="o", **_SAMPLE, zorder=4)
    ax.plot(*samples[~inside].T, marker="X", **{**_SAMPLE, "ms": 7}, zorder=4)
