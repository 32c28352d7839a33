"""Whole figures of the chapter on specialization."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from matplotlib.ticker import MaxNLocator

from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.plots._checks import checked_table
from mbh_utils.plots.blankets import blanket, blanket_handles
from mbh_utils.plots.diagrams import image
from mbh_utils.plots.hyperplanes import bent_hyperplanes
from mbh_utils.plots.planes import activity_handles, class_map, regions
from mbh_utils.plots.style import LAYERS, MARKERS
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern

#: A region below this share of the domain's width has its label upright.
_NARROW = 0.12

#: Of the square of the toy network.
_TICKS = (-1, -0.5, 0, 0.5, 1)

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
    first.set_title(
        f"(a) {len(partition)} regions,\nstates of neurons 1, 2, ...", fontsize=9, loc="left"
    )
    for polygon, bits in zip(partition.polygons, partition.patterns, strict=True):
        box = {"fc": "white", "lw": 0, "alpha": 0.85, "pad": 1.2}
        words = "".join(str(int(bit)) for bit in bits)
        narrow = np.ptp(polygon[:, 0]) < _NARROW * np.ptp(partition.plane.corners[:, 0])
        look = {"rotation": 90 if narrow else 0, "fontsize": 7 if narrow else 8.5, "bbox": box}
        first.text(*_free_spot(polygon, samples), words, ha="center", va="center", **look)
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


def _free_spot(polygon: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """A point well inside of a region, as far as possible from the samples."""
    centre = polygon.mean(axis=0)
    spots = np.vstack([centre, centre + 0.5 * (polygon - centre)])
    to_samples = np.linalg.norm(spots[:, None] - samples, axis=2).min(axis=1)
    return spots[to_samples.argmax()]


def _draw_samples(ax, samples: np.ndarray, inside: np.ndarray) -> None:
    """Those inside of a blanket as discs, the others as crosses."""
    ax.plot(*samples[inside].T, marker="o", **_SAMPLE, zorder=4)
    ax.plot(*samples[~inside].T, marker="X", **{**_SAMPLE, "ms": 7}, zorder=4)


# ------------------------------------------------------------------------------------------ images


def samples_of_classes(images: Mapping[str, np.ndarray], shape: tuple[int, int]) -> Figure:
    """A row of images for each class.

    Parameters
    ----------
    images : mapping of str to array of shape (n, d)
        Name of a class -> some of its images; as many for each.
    shape : tuple of int
        Height and width of an image, such as ``data.image_shape``.

    Returns
    -------
    Figure
        The names stand at the left.

    Raises
    ------
    MBHError
        If there is no class, or a class has another number of images than the first one.

    Notes
    -----
    Figure 4.1 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import plots
    >>> data = mbh.load_dataset("digits8")
    >>> images = {data.classes[i]: data.train.of_class(i).images[:4] for i in (0, 1)}
    >>> figure = plots.figures.specialization.samples_of_classes(images, data.image_shape)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['0', '', '', '', '1', '', '', '']
    """
    counts = {name: len(row) for name, row in images.items()}
    n_columns = max(counts.values(), default=0)
    if not n_columns or set(counts.values()) != {n_columns}:
        raise MBHError(f"images has {counts or 'no class'}; expected equally many of each class")
    size = (1.05 * n_columns + 0.6, 1.15 * len(images))
    figure, axes = plt.subplots(len(images), n_columns, figsize=size, squeeze=False)
    for (name, row), line in zip(images.items(), axes, strict=True):
        for pixels, ax in zip(row, line, strict=True):
            image(pixels, shape, ax)
        line[0].set_ylabel(name)
    return figure


def walk(
    stations: np.ndarray,
    distances: Sequence[float],
    answers: Sequence[str],
    shape: tuple[int, int],
) -> Figure:
    """Stations on a path through the input space, with what a network answers at each.

    Parameters
    ----------
    stations : array of shape (n, d)
        The first one is where the path begins.
    distances : sequence of float
        Of each station from the first one.
    answers : sequence of str
        What stands below each station.
    shape : tuple of int
        Height and width of an image.

    Returns
    -------
    Figure
        One row of images, titled with their distances.

    Raises
    ------
    MBHError
        If there is not one distance and one answer for each station.

    Notes
    -----
    After Figure 4.4 of the thesis, which shows the first and the last image of such a path.

    Examples
    --------
    >>> import numpy as np
    >>> from mbh_utils import plots
    >>> stations = np.linspace(np.zeros(4), np.ones(4), 3)
    >>> figure = plots.figures.specialization.walk(stations, [0, 1, 2], ["a", "a", "b"], (2, 2))
    >>> [ax.get_title("left") for ax in figure.axes]
    ['the image', '1.0 away', '2.0 away']
    """
    numbers = (len(stations), len(distances), len(answers))
    if not numbers[0] or len(set(numbers)) > 1:
        raise MBHError(
            "expected one distance and one answer for each station; there are {} stations, {} "
            "distances, {} answers".format(*numbers)
        )
    size = (1.8 * numbers[0], 2.5)
    figure, axes = plt.subplots(1, numbers[0], figsize=size, squeeze=False)
    for ax, pixels, far, answer in zip(axes.flat, stations, distances, answers, strict=True):
        image(pixels, shape, ax)
        ax.set_title(f"{far:.1f} away" if far else "the image", loc="left")
        ax.set_xlabel(answer)
    return figure


# ------------------------------------------------------------------------- two networks for shapes


def neurons_and_shapes(
    networks: Mapping[str, tuple[np.ndarray, np.ndarray]],
    shapes: Mapping[str, tuple[np.ndarray, tuple[float, float]]],
    seen: Sequence[str],
    names: tuple[str, str],
) -> Figure:
    """Networks of one layer that look at two numbers of a shape, and where the shapes lie.

    Parameters
    ----------
    networks : mapping of str to (weight, bias)
        Name -> one layer, each neuron of which looks at one of the two numbers only.
    shapes : mapping of str to (outline, numbers)
        Name -> corners of the shape, (n, 2), and its two numbers.
    seen : sequence of str
        Names of the shapes that are drawn filled; the others are hollow.
    names : tuple of str
        What the two numbers are.

    Returns
    -------
    Figure
        One axes per network. A line is where its neuron changes, the arrow points to where it is
        active.

    Raises
    ------
    MBHError
        If a neuron looks at none of the numbers or at both.

    Notes
    -----
    Figure 4.2 of the thesis, which draws the same two networks as arrows.

    Examples
    --------
    >>> from mbh_utils import plots
    >>> one_neuron = ([[1, 0]], [-0.1])
    >>> shapes = {"triangle": ([[0, 0], [1, 0], [0, 1]], (0.5, 0.7))}
    >>> figure = plots.figures.specialization.neurons_and_shapes(
    ...     {"F": one_neuron}, shapes, [], ("emptiness", "sharpest turn")
    ... )
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['', 'neuron 1']
    """
    size = (4.4 * len(networks), 4.3)
    figure, axes = plt.subplots(1, len(networks), figsize=size, sharex=True, sharey=True)
    for ax, (name, (weight, bias)) in zip(np.atleast_1d(axes), networks.items(), strict=True):
        for i, (row, offset) in enumerate(zip(weight, bias, strict=True)):
            _draw_neuron(ax, i, row, offset)
        for shape, (outline, spot) in shapes.items():
            corners = np.asarray(spot) + np.asarray(outline) * [0.027, 0.04]
            look = {"fc": "#c9c9c9", "ec": "black", "lw": 1.4, "zorder": 3}
            ax.add_patch(Polygon(corners, fill=shape in seen, **look))
        ax.set(title=name, xlim=(-0.22, 0.82), ylim=(-0.15, 1.05), xlabel=names[0])
    np.atleast_1d(axes)[0].set_ylabel(names[1])
    made_for = Patch(facecolor="#c9c9c9", edgecolor="black", label="made for")
    handles = [made_for, Patch(fill=False, label="never seen")]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _draw_neuron(ax: Axes, i: int, weights, bias: float) -> None:
    """The line where a neuron changes, upright or level, with an arrow to its active side."""
    a, b = weights
    if (a != 0) == (b != 0):
        raise MBHError(f"neuron {i} has the weights {a}, {b}; expected that one of them is 0")
    colour = LAYERS[i % len(LAYERS)]
    if a:
        ax.axvline(-bias / a, color=colour, lw=1.5)
        x, y = -bias / a, 0.9
    else:
        ax.axhline(-bias / b, color=colour, lw=1.5)
        x, y = 0.6, -bias / b
    tip = (x + 0.12 * np.sign(a), y + 0.12 * np.sign(b))
    ax.annotate("", tip, (x, y), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2})
    beside = (tip[0], y + 0.03) if a else (x + 0.02, tip[1])
    side = "right" if a < 0 else "left"
    ax.text(*beside, f"neuron {i + 1}", color=colour, fontsize=10, ha=side)


# --------------------------------------------------------------------------------- the toy network


def toy(
    decided: Partition,
    hidden: Partition,
    samples: Samples,
    wrong: np.ndarray,
    names: Sequence[str],
) -> Figure:
    """What a network decides on a square with its samples, and the bent hyperplanes behind it.

    Parameters
    ----------
    decided : Partition
        Of the square, made with ``decision_boundary=True``.
    hidden : Partition
        Of the same square, by the hidden layers.
    samples : Samples
        Points of the square, of two classes.
    wrong : array of bool, shape (n,)
        Which of them the network answers wrongly.
    names : sequence of str
        Of the two classes, such as ``data.classes``.

    Returns
    -------
    Figure
        Two axes. Discs and triangles are the classes by label, crosses what is wrong.

    Notes
    -----
    Figure 4.5 of the thesis.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> from mbh_utils import datasets, plots
    >>> data = datasets.xor_with_outliers(n=10)
    >>> network = mbh.feed_forward(data, (4, 2))
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> decided = mbh.partition_input_space(network, square, decision_boundary=True)
    >>> hidden = mbh.partition_input_space(network, square)
    >>> wrong = np.zeros(10, dtype=bool)
    >>> figure = plots.figures.specialization.toy(
    ...     decided, hidden, data.validation, wrong, data.classes
    ... )
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['equal signs', 'opposite signs']
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.8, 4.9))
    class_map(decided, left)
    wrong = np.asarray(wrong, dtype=bool)
    for c, name in enumerate(names):
        spots = samples.images[(samples.labels == c) & ~wrong]
        look = {"marker": ("o", "^")[c], "color": LAYERS[c], "ms": 3, "ls": "none", "zorder": 2}
        left.plot(*spots.T, **look, label=name)
    if wrong.any():
        look = {"marker": "x", "color": "black", "ms": 7, "mew": 1.6, "ls": "none", "zorder": 3}
        left.plot(*samples.images[wrong].T, **look, label="misclassified")
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.12), "ncols": 3}
    left.legend(**place, columnspacing=1, handletextpad=0.2)
    bent_hyperplanes(hidden, right)
    left.set_title("(a) decision and validation samples", loc="left")
    right.set_title(f"(b) bent hyperplanes, {len(hidden)} regions", loc="left")
    for ax in (left, right):
        ax.set(xlabel="$x_1$", ylabel="$x_2$", xticks=_TICKS, yticks=_TICKS)
    return figure


def toy_seeds(table: pd.DataFrame, decided: Mapping[str, Partition], expected: float) -> Figure:
    """The validation accuracy of every seed of a small network, and what some of them decide.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns: seed, accuracy.
    decided : mapping of str to Partition
        Title -> the square by one network, made with ``decision_boundary=True``.
    expected : float
        The accuracy of the right boundary, drawn as a line.

    Returns
    -------
    Figure
        One axes with all seeds, and one for each partition.

    Raises
    ------
    MBHError
        If the table is empty or a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import plots
    >>> table = pd.DataFrame({"seed": [0, 1], "accuracy": [0.94, 0.73]})
    >>> figure = plots.figures.specialization.toy_seeds(table, {}, expected=0.95)
    >>> figure.axes[0].get_ylabel()
    'validation accuracy [%]'
    """
    rows = checked_table(table, ["seed", "accuracy"]).sort_values("seed")
    ratios = [1.25] + [1] * len(decided)
    size = (2.9 * sum(ratios), 3.3)
    figure, axes = plt.subplots(1, len(ratios), figsize=size, width_ratios=ratios, squeeze=False)
    first, *others = axes.flat
    first.plot(rows["seed"], 100 * rows["accuracy"], ls="none", marker=MARKERS[0], ms=5)
    first.axhline(100 * expected, color="black", lw=1, ls="--", zorder=0)
    first.annotate(
        "the right boundary",
        (rows["seed"].iloc[0], 100 * expected),
        (0, 4),
        textcoords="offset points",
        fontsize=8.5,
    )
    first.set(xlabel="seed", ylabel="validation accuracy [%]", ylim=(48, 102))
    first.xaxis.set_major_locator(MaxNLocator(integer=True))
    first.set_title("(a) all seeds", loc="left")
    for ax, letter, (title, partition) in zip(others, "bcdefgh", decided.items(), strict=False):
        class_map(partition, ax)
        ax.set(xlabel="$x_1$", ylabel="$x_2$", xticks=_TICKS, yticks=_TICKS)
        ax.set_title(f"({letter}) {title}", loc="left")
    return figure
