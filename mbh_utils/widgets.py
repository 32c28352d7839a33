"""Explorers for notebooks. Each is a pure function, a figure function, and a thin class that puts controls around them.

An explorer is live in JupyterLab only. Where ``MBH_STATIC`` is set (the runner sets it for executed chapters), it shows
a line of text instead: stored controls without a kernel behind them do nothing, and their state rots in the file.
"""

import html
import os
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

import ipywidgets
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mbh_utils import _given, plots, workbook
from mbh_utils.errors import MBHError
from mbh_utils.mbh import check_coverage, maximal_pattern
from mbh_utils.partition import Partition, partition_input_space
from mbh_utils.patterns import DecisionPattern
from mbh_utils.subspaces import Line, Plane

#: Environment variable: anything but empty means that nobody will be there to move a slider.
STATIC = "MBH_STATIC"
#: Limits and step of the slider for c_P.
COVERAGES = {"min": 0.5, "max": 1.0, "step": 0.01}


@dataclass(frozen=True, eq=False)
class BlanketView:
    """The minimal blanket of one class at one minimum coverage.

    label: the class. coverage: the minimum coverage c_P that was asked for. pattern: the maximal pattern.
    area: of the blanket, in units of the input space squared. share: area / area of the plane's domain.
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
    """The minimal blanket of class ``label`` on a partitioned plane: what the explorer shows for one state.

    regions: partition of the plane by the same network. samples: labelled samples of which those of the class count.
    Raises MBHError when no sample has that label or ``coverage`` lies outside (0, 1].
    """
    _given.kind_of("regions", regions, Partition, "a partition, as partition_input_space makes it")
    samples = _given.samples("samples", samples)
    pattern = maximal_pattern(network, samples.of_class(label), coverage)
    found = regions.blanket(pattern)
    return BlanketView(label, float(coverage), pattern, found.area, found.share)


def blanket_words(view: BlanketView, name: str) -> str:
    """One sentence with the numbers of a view; ``name`` is what its class is called."""
    n = len(_given.kind_of("view", view, BlanketView, "what blanket_view returns").pattern)
    return (
        f"Class {view.label} ({name}) at c_P = {view.coverage:.2f}: {n} constraint{'s' * (n != 1)}, met by "
        f"{view.pattern.coverage:.1%} of the class's images; blanket area {view.area:.4g}, {view.share:.1%} of the "
        f"plane's domain; specialization s = {view.s:.3f}"
    )


def blanket_figure(regions: Partition, view: BlanketView) -> Figure:
    """The minimal blanket on the plane with the spanning images marked; pyplot knows nothing of this figure."""
    _given.kind_of("regions", regions, Partition, "a partition, as partition_input_space makes it")
    _given.kind_of("view", view, BlanketView, "what blanket_view returns")
    # A fixed place for the axes: working out a layout would take longer than the drawing.
    figure = Figure(figsize=(5.2, 5.4), layout="none")
    ax = plots.blanket(regions, view.pattern, figure.add_axes((0.15, 0.15, 0.82, 0.79)), title=False)
    ax.set_title(f"$s$ = {view.s:.3f}: {plots.blanket_words(view.share, len(view.pattern))}")
    handles = [Patch(color=plots.INSIDE, label="minimal blanket"), Patch(color=plots.OUTSIDE, label="outside")]
    if regions.plane.spanning is not None:
        plots.spanning_points(regions.plane, ax=ax)
        handles.append(Line2D([], [], marker="o", mfc="white", mec="black", ls="none", label="spanning images"))
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=3, columnspacing=1)
    plots.plane_labels(ax, regions.plane)
    return figure


class BlanketExplorer:
    """One network, one plane: a choice of class and a slider for c_P, and the minimal blanket they make.

    Made by :func:`blanket_explorer`. ``view`` holds the numbers shown; ``controls`` has the widgets ``label``,
    ``coverage`` and ``reset``, and makes them when first asked for.
    """

    def __init__(self, network, plane, data, label: int, coverage: float):
        self.network, self.data = network, _given.data_set("data", data, ("validation", "classes"))
        self.labels = np.unique(data.validation.labels).tolist()
        if isinstance(label, bool) or not isinstance(label, Integral) or label not in self.labels:
            those = ", ".join(map(str, self.labels))
            raise MBHError(f"class {_given.shown(label)} has no validation samples; those that have: {those}")
        low, high = COVERAGES["min"], COVERAGES["max"]
        if not low <= check_coverage(coverage) <= high:
            raise MBHError(f"the explorer's slider goes from {low} to {high}; c_P = {coverage} is off its limits")
        self.default = int(label), float(coverage)
        _given.kind_of("plane", plane, Plane | Line, "one Plane, as Plane.through(three_samples) makes it, or a Line")
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
        """The live explorer. Made when first asked for, so that a static chapter holds no widget."""
        options = [(f"{c}: {self.data.classes[c]}", c) for c in self.labels]
        self.label = ipywidgets.Dropdown(options=options, value=self.default[0], description="class")
        look = {"style": {"description_width": "initial"}, "layout": {"width": "30em"}, "readout_format": ".2f"}
        self.coverage = ipywidgets.FloatSlider(
            self.default[1], description="minimum coverage c_P", continuous_update=False, **COVERAGES, **look
        )  # redrawn on release
        self.reset = ipywidgets.Button(description="reset", tooltip="back to the class and c_P shown at first")
        self.numbers = ipywidgets.HTML()
        self.image = ipywidgets.Image(format="png", layout={"width": "520px", "max_width": "100%"})
        for control in (self.label, self.coverage):
            control.observe(self._redraw, names="value")
        self.reset.on_click(self._restore)
        self._redraw()
        row = ipywidgets.HBox([self.label, self.coverage, self.reset], layout={"flex_flow": "row wrap"})
        return ipywidgets.VBox([row, self.numbers, self.image])

    def _redraw(self, _change=None) -> None:
        self.view = self._view(self.label.value, round(self.coverage.value, 4))
        picture = workbook.render(blanket_figure(self.regions, self.view), dpi=100)
        self.image.value, self.numbers.value = picture, f'<div role="status">{html.escape(self.words)}.</div>'

    def _restore(self, _button=None) -> None:
        self.label.value, self.coverage.value = self.default

    def _ipython_display_(self) -> None:
        if os.environ.get(STATIC):
            print("The explorer's controls work in JupyterLab (make lab). Its default state is the figure above.")
        else:
            display(self.controls)


def blanket_explorer(network, plane, data, *, label: int = 0, coverage: float = 0.8) -> BlanketExplorer:
    """An explorer of the minimal blankets of a network's classes on one plane; the last line of a cell shows it.

    plane: a ``Plane`` or a ``Line``.
    data: a ``Dataset``; the validation samples of a class make its pattern. label, coverage: the state it starts in.
    The plane is partitioned here, once. Raises MBHError for a class without validation samples, or a ``coverage`` off
    the slider's limits (0.5 to 1).
    """
    return BlanketExplorer(network, plane, data, label, coverage)
