"""The static figure of a minimal blanket: what it shows, in numbers, in words and drawn.

A page that a reader moves is made in ``blanket.py``.
"""

from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from mbh_utils.blankets.maximal_pattern import maximal_pattern
from mbh_utils.computing import require
from mbh_utils.plots import blankets, planes
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern


@dataclass(frozen=True, eq=False)
class BlanketView:
    """The minimal blanket of one class at one minimum coverage; :func:`blanket_view` makes it.

    Parameters
    ----------
    label : int
        The class.
    coverage : float
        The minimum coverage c_P that was asked for.
    pattern : DecisionPattern
        The maximal pattern.
    area : float
        Of the blanket, in units of the input space squared.
    share : float
        Area of the blanket / area of the plane's domain.
    """

    label: int
    coverage: float
    pattern: DecisionPattern
    area: float
    share: float

    @property
    def s(self) -> float:
        """Specialization on this plane, 1 - share."""
        return 1 - self.share


def blanket_view(network, regions: Partition, samples, label: int, coverage: float) -> BlanketView:
    """The minimal blanket of a class on a partitioned plane: what the explorer shows for one state.

    Parameters
    ----------
    network : Network, torch.nn.Module or list of (weight, bias)
        Anything that :func:`mbh_utils.hidden_layers` reads.
    regions : Partition
        Of the plane (or line), by the same network.
    samples : Samples
        Of these, the ones that carry the label count.
    label : int
        The class.
    coverage : float
        Minimum coverage c_P in (0, 1].

    Returns
    -------
    BlanketView
        The maximal pattern, and area and share of its blanket.

    Raises
    ------
    MBHError
        If no sample has the label, or the coverage lies outside (0, 1].

    Notes
    -----
    The pattern is that of Algorithm 3 of the thesis, greedy: see :func:`mbh_utils.maximal_pattern`.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import widgets
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.feed_forward(data, (12, 8))
    >>> plane = mbh.Plane.through(data.validation.images[:3])
    >>> regions = mbh.partition_input_space(network, plane)
    >>> view = widgets.blanket_view(network, regions, data.validation, label=3, coverage=0.8)
    >>> view.s == 1 - view.share
    True
    """
    require.kind_of("regions", regions, Partition, "a partition, as partition_input_space makes it")
    samples = require.samples("samples", samples)
    pattern = maximal_pattern(network, samples.of_class(label), coverage)
    found = regions.blanket(pattern)
    return BlanketView(label, float(coverage), pattern, found.area, found.share)


def blanket_words(view: BlanketView, name: str) -> str:
    """One sentence with the numbers of a view.

    Parameters
    ----------
    view : BlanketView
        What :func:`blanket_view` returns.
    name : str
        What its class is called.

    Returns
    -------
    str
        Without a full stop.

    Raises
    ------
    MBHError
        If this is no view.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import widgets
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.feed_forward(data, (12, 8))
    >>> regions = mbh.partition_input_space(network, mbh.Plane.through(data.train.images[:3]))
    >>> view = widgets.blanket_view(network, regions, data.train, label=3, coverage=0.8)
    >>> widgets.blanket_words(view, "three").partition(":")[0]
    'Class 3 (three) at c_P = 0.80'
    """
    require.kind_of("view", view, BlanketView, "what blanket_view returns")
    n = len(view.pattern)
    return (
        f"Class {view.label} ({name}) at c_P = {view.coverage:.2f}: {n} "
        f"constraint{'s' * (n != 1)}, met by {view.pattern.coverage:.1%} of the class's images; "
        f"blanket area {view.area:.4g}, {view.share:.1%} of the plane's domain; "
        f"specialization s = {view.s:.3f}"
    )


def blanket_figure(regions: Partition, view: BlanketView) -> Figure:
    """The minimal blanket on the plane, with the spanning images marked.

    Parameters
    ----------
    regions : Partition
        Of the plane (or line).
    view : BlanketView
        Of a class on that plane, as :func:`blanket_view` returns it.

    Returns
    -------
    Figure
        One that pyplot knows nothing of: it needs not be closed.

    Raises
    ------
    MBHError
        If either is something else.

    Notes
    -----
    One picture of Figure 4.6 of the thesis.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import widgets
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.feed_forward(data, (12, 8))
    >>> regions = mbh.partition_input_space(network, mbh.Plane.through(data.train.images[:3]))
    >>> view = widgets.blanket_view(network, regions, data.train, label=3, coverage=0.8)
    >>> figure = widgets.blanket_figure(regions, view)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['minimal blanket', 'outside', 'spanning image 1', 'spanning image 2', 'spanning image 3']
    """
    require.kind_of("regions", regions, Partition, "a partition, as partition_input_space makes it")
    require.kind_of("view", view, BlanketView, "what blanket_view returns")
    # A fixed place for the axes: working out a layout would take longer than the drawing.
    figure = Figure(figsize=(5.2, 5.4))
    figure.set_layout_engine("none")
    ax = figure.add_axes((0.15, 0.17, 0.82, 0.77))
    blankets.blanket(regions, view.pattern, ax, title=False)
    words = blankets.blanket_words(view.share, len(view.pattern))
    ax.set_title(f"$s$ = {view.s:.3f}: {words}")
    handles: list[Artist] = [*blankets.blanket_handles("minimal blanket")]
    if regions.plane.spanning is not None:
        planes.spanning_points(regions.plane, ax=ax)
        names = [f"spanning image {i + 1}" for i in range(len(regions.plane.spanning))]
        handles.extend(planes.spanning_handles(names))
    place = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.1)}
    ax.legend(handles=handles, **place, ncols=3, columnspacing=1)
    planes.plane_labels(ax, regions.plane)
    return figure
