"""The explorer of minimal blankets: a choice of class, a slider for c_P, and the blanket they make.

Like every explorer it is a pure function (:func:`blanket_view`), a figure function
(:func:`blanket_figure`), and a thin class that puts controls around them.

An explorer is live in JupyterLab only. Where ``MBH_STATIC`` is set (the runner sets it for executed
chapters), it shows a line of text instead: stored controls without a kernel behind them do nothing,
and their state rots in the file.
"""

import html
import os
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from mbh_utils.blankets.maximal_pattern import check_coverage, maximal_pattern
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.plots import blankets, planes
from mbh_utils.plots.png import render
from mbh_utils.regions.lines import Line
from mbh_utils.regions.partition import Partition, partition_input_space
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Plane

#: Environment variable: anything but empty means that nobody will be there to move a slider.
STATIC = "MBH_STATIC"

#: Limits and step of the slider for c_P.
COVERAGES = {"min": 0.5, "max": 1.0, "step": 0.01}


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


class BlanketExplorer:
    """One network, one plane: controls, and the minimal blanket of the class and c_P they are at.

    Made by :func:`blanket_explorer`. ``view`` holds the numbers shown; ``controls`` has the widgets
    ``label``, ``coverage`` and ``reset``, and makes them when first asked for.
    """

    def __init__(self, network, plane, data, label: int, coverage: float):
        self.network = network
        self.data = require.data_set("data", data, ("validation", "classes"))
        self.labels = np.unique(data.validation.labels).tolist()
        if isinstance(label, bool) or not isinstance(label, Integral) or label not in self.labels:
            those = ", ".join(map(str, self.labels))
            raise MBHError(
                f"class {require.shown(label)} has no validation samples; those that have: {those}"
            )
        low = COVERAGES["min"]
        high = COVERAGES["max"]
        if not low <= check_coverage(coverage) <= high:
            raise MBHError(
                f"the explorer's slider goes from {low} to {high}; c_P = {coverage} is off its "
                "limits"
            )
        self.default = int(label), float(coverage)
        expected = "one Plane, as Plane.through(three_samples) makes it, or a Line"
        require.kind_of("plane", plane, Plane | Line, expected)
        self.regions = partition_input_space(network, plane)
        self.view = self._view(*self.default)

    def _view(self, label: int, coverage: float) -> BlanketView:
        return blanket_view(self.network, self.regions, self.data.validation, label, coverage)

    @property
    def words(self) -> str:
        """The numbers shown, as one sentence."""
        return blanket_words(self.view, self.data.classes[self.view.label])

    def figure(self) -> Figure:
        """A figure of the explorer's default state: what it shows where no kernel is alive."""
        return blanket_figure(self.regions, self._view(*self.default))

    @cached_property
    def controls(self) -> ipywidgets.VBox:
        """The live explorer. Made when first asked for, so that a static chapter has no widget."""
        label, coverage = self.default
        classes = [(f"{c}: {self.data.classes[c]}", c) for c in self.labels]
        self.label = ipywidgets.Dropdown(options=classes, value=label, description="class")
        self.coverage = _coverage_slider(coverage)
        self.reset = ipywidgets.Button(
            description="reset", tooltip="back to the class and c_P shown at first"
        )
        self.numbers = ipywidgets.HTML()
        self.image = ipywidgets.Image(format="png", layout={"width": "520px", "max_width": "100%"})
        for control in (self.label, self.coverage):
            control.observe(self._redraw, names="value")
        self.reset.on_click(self._restore)
        self._redraw()
        moved = [self.label, self.coverage, self.reset]
        row = ipywidgets.HBox(moved, layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([row, self.numbers, self.image])

    def _redraw(self, _change=None) -> None:
        label: Any = self.label.value
        self.view = self._view(label, round(self.coverage.value, 4))
        self.image.value = render(blanket_figure(self.regions, self.view), dpi=100)
        self.numbers.value = f'<div role="status">{html.escape(self.words)}.</div>'

    def _restore(self, _button=None) -> None:
        label, coverage = self.default
        self.label.value = label
        self.coverage.value = coverage

    def _ipython_display_(self) -> None:
        if os.environ.get(STATIC):
            print(
                "The explorer's controls work in JupyterLab (make lab). Its default state is the "
                "figure above."
            )
        else:
            display(self.controls)


def _coverage_slider(value: float) -> ipywidgets.FloatSlider:
    """A slider for c_P; the figure is drawn again when it is released."""
    return ipywidgets.FloatSlider(
        value,
        **COVERAGES,
        description="minimum coverage c_P",
        continuous_update=False,
        readout_format=".2f",
        style={"description_width": "initial"},
        layout={"width": "30em"},
    )


def blanket_explorer(
    network,
    plane,
    data,
    *,
    label: int = 0,
    coverage: float = 0.8,
) -> BlanketExplorer:
    """An explorer of the minimal blankets of a network's classes on one plane.

    Parameters
    ----------
    network : Network, torch.nn.Module or list of (weight, bias)
        Anything that :func:`mbh_utils.hidden_layers` reads.
    plane : Plane or Line
        It is partitioned here, once.
    data : Dataset
        The validation samples of a class make its pattern.
    label : int, default 0
        The class that it starts with.
    coverage : float, default 0.8
        The minimum coverage c_P that it starts with, from 0.5 to 1.

    Returns
    -------
    BlanketExplorer
        As the last line of a cell it shows itself; ``figure()`` is a figure of its first state.

    Raises
    ------
    MBHError
        If a class has no validation samples, or the coverage is off the slider's limits.

    Notes
    -----
    Blankets shrink with falling c_P (thesis, Figure 4.6): the slider shows how fast.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import widgets
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.feed_forward(data, (12, 8))
    >>> plane = mbh.Plane.through(data.validation.images[:3])
    >>> explorer = widgets.blanket_explorer(network, plane, data, label=3)
    >>> explorer.view.label, explorer.view.coverage
    (3, 0.8)
    """
    return BlanketExplorer(network, plane, data, label, coverage)
