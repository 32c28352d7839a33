"""The drawing vocabulary of all figures: regions, blankets, bent hyperplanes, curves with min-max bands, images.

Every function takes computed things, draws on ``ax`` (a new one where None) and returns that axes; nothing here
trains, loads or saves. Colours carry meaning by themselves never: a marker, a line style or a label goes along.
"""

import pathlib
from collections.abc import Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, NullFormatter

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.regions.partition import Partition
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.planes import Line, Plane

INSIDE, OUTSIDE = "#D55E00", "#A9D3EE"  # a blanket, and what lies outside of it
ACTIVE, INACTIVE, FREE = "#009E73", "#222222", "#C8C8C8"  # states of a neuron, and no constraint
LAYERS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)  # bent hyperplanes by hidden layer
LAYER_STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), "-.")
SPANNING_MARKERS = ("o", "s", "^")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
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
    """Switch matplotlib to the workbook's style."""
    plt.style.use(pathlib.Path(__file__).with_name("workbook.mplstyle"))


def _axes(ax: Axes | None, size: tuple[float, float] = (4.4, 4.2)) -> Axes:
    if ax is None:
        return plt.figure(figsize=size).add_subplot()
    return require.kind_of("ax", ax, Axes, "axes of matplotlib, or None for new ones")


def _table(
    table: pd.DataFrame, columns: Sequence[str], numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """A table that has rows and these columns, of which some hold numbers."""
    require.kind_of(
        "table", table, pd.DataFrame, "a pandas table, such as mbh_utils.experiments.table makes"
    )
    for name in columns:
        if not isinstance(name, str) or name not in table:
            has = ", ".join(map(str, table.columns))
            raise MBHError(f"table has no column {require.shown(name)}; it has {has or 'none'}")
    for name in numbers:
        require.array(f"the table's column {name}", table[name])
    if not len(table):
        raise MBHError("table has no row: there is nothing to draw")
    return table


def _flags(**given: bool) -> None:
    for name, value in given.items():
        require.flag(name, value)


def _texts(**given: str) -> None:
    for name, value in given.items():
        require.kind_of(name, value, str, "a text")


# ------------------------------------------------------------------------------------------------- on a plane


def _plane_axes(partition, ax: Axes | None) -> Axes:
    """Axes over the domain. A line lies along the horizontal axis: its intervals are strips of height 1."""
    plane = _partition(partition).plane
    if isinstance(plane, Line):
        ax = _axes(ax, (4.4, 1.8))
        ax.set(xlim=(plane.low, plane.high), ylim=(0, 1), yticks=[])
    else:
        ax = _axes(ax)
        ax.set(
            xlim=(plane.low[0], plane.high[0]), ylim=(plane.low[1], plane.high[1]), aspect="equal"
        )
    ax.grid(False)
    ax.spines[["top", "right"]].set_visible(True)
    return ax


def _partition(partition) -> Partition:
    return require.kind_of(
        "partition", partition, Partition, "a partition, as partition_input_space makes it"
    )


def union(partition, chosen: np.ndarray) -> Path:
    """The chosen regions, (n_regions,) bool, as one path, which fills without seams and fast."""
    chosen = require.bits("chosen", chosen, 1)
    if len(chosen) != len(_partition(partition)):
        raise MBHError(
            f"chosen has {len(chosen)} entries; expected one for each of the {len(partition)} regions"
        )
    sizes = np.diff(partition.offsets)[chosen]
    ends = np.cumsum(
        sizes + 1
    )  # a closing vertex, whose place is ignored, follows the corners of each region
    vertices = np.zeros((sizes.sum() + len(sizes), 2))
    codes = np.full(len(vertices), Path.LINETO, dtype=Path.code_type)
    codes[ends - sizes - 1], codes[ends - 1] = Path.MOVETO, Path.CLOSEPOLY
    vertices[codes != Path.CLOSEPOLY] = partition.corners[
        np.repeat(chosen, np.diff(partition.offsets))
    ]
    return Path(vertices, codes)


def regions(partition, ax: Axes | None = None, *, colour_bar: bool = True) -> Axes:
    """The activation regions of a partition, coloured by how many hidden neurons are active in each."""
    _flags(colour_bar=colour_bar)
    active, _ = (
        _partition(partition).patterns.sum(axis=1),
        partition.corners,
    )  # raises before a figure is made
    ax = _plane_axes(partition, ax)
    low, high = int(active.min()), int(active.max())
    scale, cmap = plt.Normalize(low, max(high, low + 1)), plt.get_cmap("cividis")
    width = float(np.clip(8 / np.sqrt(len(partition)), 0.06, 0.7))
    for n in np.unique(active):
        path = union(partition, active == n)
        # add_artist, not add_patch, which would look at every vertex for the data limits.
        ax.add_artist(PathPatch(path, facecolor=cmap(scale(n)), edgecolor="white", linewidth=width))
    if colour_bar:
        ticks = np.unique(np.linspace(low, high, 5).round().astype(int))
        bar = ax.figure.colorbar(
            plt.cm.ScalarMappable(scale, cmap), ax=ax, ticks=ticks, shrink=0.8, pad=0.02
        )
        bar.set_label("active hidden neurons")
    return ax


def blanket(
    partition, pattern, ax: Axes | None = None, *, title: bool = True, edges: bool = True
) -> Axes:
    """The blanket of a decision pattern on a plane: inside dark orange, outside light blue.

    edges: outline the regions where there are few enough (below 60) to be told apart.
    """
    _flags(title=title, edges=edges)
    found, everything = _partition(partition).blanket(pattern), np.ones(len(partition), dtype=bool)
    inside = union(partition, found.regions)
    ax = _plane_axes(partition, ax)
    ax.add_patch(Polygon(partition.plane.corners, color=OUTSIDE, lw=0))
    ax.add_artist(PathPatch(inside, color=INSIDE, lw=0))
    if edges and len(partition) < 60:
        ax.add_artist(PathPatch(union(partition, everything), fill=False, ec="white", lw=0.7))
    if title:
        ax.set_title(blanket_words(found.share, len(pattern)), fontsize=9)
    return ax


def blanket_words(share: float, n_constraints: int) -> str:
    """What the title of a blanket says: share of the area and number of constrained neurons."""
    require.number("share", share)
    require.whole("n_constraints", n_constraints, 0)
    return f"{share:.1%}, {n_constraints} constraint{'s' * (n_constraints != 1)}"


def blanket_legend(figure: Figure, what: str = "minimal blanket") -> None:
    """One legend below a figure of blankets."""
    require.kind_of("figure", figure, FigureBase, "a figure of matplotlib")
    _texts(what=what)
    handles = [Patch(color=INSIDE, label=what), Patch(color=OUTSIDE, label="outside")]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def blanket_grid(
    partition, patterns: Sequence[Sequence], rows: Sequence[str], columns: Sequence[str]
) -> Figure:
    """Blankets of many decision patterns on one plane, each titled with its share of the area (Figs B.1, B.2).

    patterns: one list per row, with one pattern per column. rows, columns: what they are called.
    """
    rows, columns = (
        require.listed("rows", rows, "names"),
        require.listed("columns", columns, "names"),
    )
    patterns = [
        require.listed("a row of patterns", row, "patterns")
        for row in require.listed("patterns", patterns, "rows")
    ]
    if not rows or not columns or [len(row) for row in patterns] != [len(columns)] * len(rows):
        raise MBHError(
            f"patterns has rows of {[len(row) for row in patterns]} patterns; expected one for each of the "
            f"{len(rows)} names in rows and the {len(columns)} in columns, one at least"
        )
    _partition(partition)
    size = (0.5 + 1.26 * len(columns), 0.85 + 1.34 * len(rows))
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    for row, line in zip(axes, patterns, strict=True):
        for ax, pattern in zip(row, line, strict=True):
            blanket(partition, pattern, ax, title=False, edges=False).set(xticks=[], yticks=[])
            ax.set_title(f"{partition.blanket(pattern).share:.1%}", fontsize=8, pad=2)
    for ax, name in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(name)
    for ax, name in zip(axes[-1], columns, strict=True):
        ax.set_xlabel(name, fontsize=9)
    blanket_legend(figure)
    return figure


def bent_hyperplanes(partition, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """The bent hyperplane that each hidden neuron draws on the plane, coloured and dashed by layer."""
    _flags(legend=legend)
    n_neurons = _partition(partition).patterns.shape[1]
    lines = [_hyperplane(partition, neuron) for neuron in range(n_neurons)]
    ax = _plane_axes(partition, ax)
    looks = [
        (LAYERS[i % len(LAYERS)], LAYER_STYLES[i % len(LAYER_STYLES)])
        for i in range(len(partition.widths))
    ]
    for bent, layer in zip(lines, np.repeat(np.arange(len(looks)), partition.widths), strict=True):
        for line in bent:
            ax.plot(*line.T, color=looks[layer][0], ls=looks[layer][1], lw=1.5)
    if legend:
        handles = [
            Line2D([], [], color=c, ls=ls, label=f"hidden layer {i + 1}")
            for i, (c, ls) in enumerate(looks)
        ]
        ax.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=len(handles)
        )
    return ax


def _hyperplane(partition, neuron: int) -> list[np.ndarray]:
    """A neuron's bent hyperplane on the plane: polylines (k, 2), so that dashes run on around the bends."""
    if isinstance(
        partition.plane, Line
    ):  # points, where its state changes from one interval to the next
        changes = np.flatnonzero(np.diff(partition.patterns[:, neuron])) + 1
        return [np.array([[t, 0.0], [t, 1.0]]) for t in partition.intervals[changes, 0]]
    step = 1e-9 * np.ptp(partition.plane.corners, axis=0).max()
    edges = {}  # rounded corner -> edge; only those of the active side: each occurs once, and they join head to tail
    for i in np.flatnonzero(partition.patterns[:, neuron]):
        polygon, on_line = partition.polygons[i], partition.edge_neurons[i] == neuron
        for edge in zip(polygon[on_line], np.roll(polygon, -1, axis=0)[on_line], strict=True):
            edges[tuple(np.round(edge[0] / step))] = edge
    lines = []
    while edges:
        ends = {tuple(np.round(end / step)) for _, end in edges.values()}
        key = next(
            (k for k in edges if k not in ends), next(iter(edges))
        )  # a closed line may begin anywhere
        line = [edges[key][0]]
        while key in edges:
            line.append(edges.pop(key)[1])
            key = tuple(np.round(line[-1] / step))
        lines.append(np.array(line))
    return lines


def spanning_points(
    plane, labels: Sequence[str] | None = None, ax: Axes | None = None, *, legend: bool = True
) -> Axes:
    """Mark the samples that span a plane, or a line: circle, square, triangle."""
    require.kind_of(
        "plane", plane, Plane | Line, "the Plane or Line of a partition, partition.plane"
    )
    if plane.spanning is None:
        raise MBHError(
            "plane was not made of points, so none can be marked: Plane.through(points) makes one"
        )
    places = [(t, 0.5) for t in plane.spanning] if isinstance(plane, Line) else plane.spanning
    labels = (
        [""] * len(places)
        if labels is None
        else require.listed("labels", labels, "names of the spanning points")
    )
    if len(places) > len(SPANNING_MARKERS) or len(labels) != len(places):
        raise MBHError(
            f"labels has {len(labels)} names for {len(places)} spanning points; expected one for each, up to 3"
        )
    _flags(legend=legend)
    ax = plt.gca() if ax is None else _axes(ax)
    for (u, v), marker, label in zip(places, SPANNING_MARKERS, labels, strict=False):
        ax.plot(
            u, v, marker, ms=8, mfc="white", mec="black", mew=1.4, ls="none", label=label, zorder=5
        )
    if legend and any(labels):
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.1),
            ncols=3,
            handletextpad=0.2,
            columnspacing=1,
        )
    return ax


def plane_labels(ax: Axes, plane: Plane | Line | None = None) -> Axes:
    """Name the axes of a plane (or of this line): Euclidean distance in input units (pixels from 0 to 1)."""
    require.kind_of("ax", ax, Axes, "axes of matplotlib")
    if isinstance(plane, Line):
        ax.set(xlabel="along the line, $t$ [input units]")
        return ax
    if plane is not None:
        require.kind_of("plane", plane, Plane, "a Plane, a Line or None")
    ax.set(xlabel="along the plane, $u$ [input units]", ylabel="across, $v$ [input units]")
    return ax


def class_map(partition, ax: Axes | None = None) -> Axes:
    """The predicted class over a plane, as a pale background, and the exact decision boundary (Fig 4.5).

    partition: made with decision_boundary=True.
    """
    classes, boundary = _partition(partition).classes, partition.decision_boundary()
    ax = _plane_axes(partition, ax)
    palette = sns.color_palette("pastel", len(partition.output[1]))
    for c in np.unique(classes):
        ax.add_artist(
            PathPatch(union(partition, classes == c), color=palette[c], alpha=0.5, lw=0, zorder=0)
        )
    ax.add_collection(LineCollection(boundary, colors="black", linewidths=1.2, zorder=1))
    return ax


# ----------------------------------------------------------------------------------------------------- curves


def setup_curves(
    table: pd.DataFrame,
    x: str,
    y: str,
    ax: Axes | None = None,
    *,
    hue: str = "n_hidden",
    levels: bool = True,
    linestyle: str = "-",
    band: bool = True,
    legend: bool = True,
) -> Axes:
    """``y`` over ``x`` for the set-ups: a line per ``hue``, band = min to max over models (Figs 3.4b, 6.2, 6.3, ...).

    table: one row per network, with columns setup, parameters, x, y and hue; accuracies are shares and are drawn in %.
    levels: over density, join set-ups of equal HNPs by black dashed lines.
    """
    _flags(levels=levels, band=band, legend=legend)
    require.choice("linestyle", linestyle, ("-", "--", "-.", ":"))
    _table(table, [x, y, hue, *(["parameters"] if levels and x == "density" else [])], [x, y, hue])
    ax = _axes(ax, (5.2, 4))
    table = table.assign(accuracy=100 * table["accuracy"]) if "accuracy" in (x, y) else table
    groups, what = sorted(table[hue].unique()), "neurons" if hue == "n_hidden" else "HNPs"
    for group, colour, marker in zip(
        groups, _shades(len(groups), hue), cycle(MARKERS), strict=False
    ):
        look = {
            "ls": linestyle,
            "marker": marker,
            "color": colour,
            "label": f"{group:,} {what}",
            "zorder": 3,
        }
        _curve(ax, table[table[hue] == group].groupby(x)[y], 0.18 if band else 0, **look)
    if levels and x == "density":
        lines = [rows.groupby(x)[y].mean() for _, rows in table.groupby("parameters")]
        for i, mean in enumerate(line for line in lines if len(line) > 1):
            ax.plot(
                mean.index,
                mean,
                "k--",
                lw=0.9,
                alpha=0.75,
                zorder=2,
                label=None if i else "equal HNPs",
            )
    _finish_curves(ax, x, y, legend=legend)
    if x == "n_hidden":
        values = sorted(table[x].unique())
        ax.set_xticks(values, [f"{v:,}" for v in values])
        ax.minorticks_off()
    return ax


def _curve(ax: Axes, by_x, alpha: float, **look) -> None:
    """A line of means with a band from min to max; no band where its opacity ``alpha`` is 0."""
    mean, low, high = by_x.mean(), by_x.min(), by_x.max()
    ax.plot(mean.index, mean, **look)
    if alpha:
        ax.fill_between(mean.index, low, high, color=look["color"], alpha=alpha, lw=0)
    if alpha and len(mean) == 1:  # a band of one point has no width
        ax.vlines(mean.index, low, high, color=look["color"], alpha=0.5)


def _shades(n: int, hue: str = "n_hidden") -> list:
    """Shades from dark to light; neurons and parameters get different ones, since they are different groupings."""
    return sns.color_palette("viridis" if hue == "n_hidden" else "plasma", n + 1)[:n]


def _finish_curves(ax: Axes, x: str, y: str, *, legend: bool = True) -> Axes:
    ax.set(xlabel=NAMES.get(x, x), ylabel=NAMES.get(y, y))
    if x in ("density", "n_hidden", "parameters"):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_formatter(NullFormatter())
    if legend:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return ax


def coverage_curves(table: pd.DataFrame, ax: Axes | None = None, *, legend: bool = True) -> Axes:
    """Specialization over minimum coverage, a line per N, band = min to max over models (Fig 6.6).

    table: one row per network and c_P, columns coverage, s, n_hidden.
    """
    _flags(legend=legend)
    ax = setup_curves(table, "coverage", "s", ax, legend=legend)
    ax.set_ylim(0, 1)
    return ax


#: (kind, trained) -> label, colour, marker and line style of Fig 2.1.
_TICKETS = {
    ("ticket", True): ("magnitude mask, initial weights: trained", "#D55E00", "s", "-"),
    ("ticket", False): ("magnitude mask, initial weights: untrained", "#0072B2", "o", "--"),
    ("reinitialised", True): ("random mask, new weights: trained", "#009E73", "D", "-"),
    ("reinitialised", False): ("random mask, new weights: untrained", "#E69F00", "^", "--"),
}


def ticket_curves(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Validation accuracy over density of tickets and of random masks, band = min to max over models (Fig 2.1).

    table: one row per network, columns kind ("dense", "ticket" or "reinitialised"), density, trained, accuracy.
    The dense network, trained, is the black line; at density 1 it is its own ticket.
    """
    _table(table, ["kind", "density", "trained", "accuracy"], ["density", "trained", "accuracy"])
    if not (table["kind"] == "dense").any():
        raise MBHError('table has no row of kind "dense", which the others are compared with')
    ax = _axes(ax, (6.4, 4.6))
    table = table.assign(accuracy=100 * table["accuracy"])
    dense = table[table["kind"] == "dense"]
    level = dense[dense["trained"]]["accuracy"]
    ax.axhline(level.mean(), color="black", lw=1.4, label="dense, trained")
    ax.axhspan(level.min(), level.max(), color="black", alpha=0.12, lw=0)
    for (kind, trained), (label, colour, marker, style) in _TICKETS.items():
        rows = pd.concat([table[table["kind"] == kind], dense if kind == "ticket" else None])
        by_density = rows[rows["trained"] == trained].groupby("density")["accuracy"]
        _curve(ax, by_density, 0.2, marker=marker, ls=style, color=colour, label=label)
    _finish_curves(ax, "density", "accuracy", legend=False)
    ax.set_ylim(0, 102)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=8.5)
    return ax


def setup_scatter(table: pd.DataFrame, x: str, y: str, ax: Axes | None = None) -> Axes:
    """Means of the set-ups, each labelled with its number, coloured and marked by N; bars = min to max (Fig 6.4)."""
    _table(table, [x, y, "accuracy", "n_hidden", "setup"], [x, y, "accuracy", "n_hidden"])
    ax = _axes(ax, (6, 4.6))
    table = table.assign(accuracy=100 * table["accuracy"])
    groups = sorted(table["n_hidden"].unique())
    for group, colour, marker in zip(groups, _shades(len(groups)), cycle(MARKERS), strict=False):
        rows = table[table["n_hidden"] == group].groupby("setup")[[x, y]]
        mean, low, high = rows.mean(), rows.min(), rows.max()
        # The mean of equal values may lie beside them by a rounding, and errorbar takes no negative length.
        bars = {
            f"{a}err": np.stack([mean[c] - low[c], high[c] - mean[c]]).clip(0)
            for a, c in (("x", x), ("y", y))
        }
        ax.errorbar(
            mean[x],
            mean[y],
            **bars,
            fmt=marker,
            color=colour,
            elinewidth=0.8,
            label=f"{group:,} neurons",
        )
        for number, row in mean.iterrows():
            place = (
                {"xytext": (5, -9)}
                if group in groups[::-2]
                else {"xytext": (-5, -9), "ha": "right"}
            )
            ax.annotate(
                f"#{number}", (row[x], row[y]), **place, textcoords="offset points", fontsize=8
            )
    return _finish_curves(ax, x, y)


def setup_map(setups: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """The set-ups in the plane of density and N, lines of equal HNPs (Fig 6.1).

    setups: columns setup, n_hidden, density, parameters.
    """
    names = ["setup", "n_hidden", "density", "parameters"]
    setups = _table(setups, names, names[1:])
    ax = _axes(ax, (6, 4.2))
    near = {"textcoords": "offset points", "fontsize": 8}
    for level, rows in setups.sort_values("density").groupby("parameters"):
        ax.plot(rows["density"], rows["n_hidden"], "k--", lw=1, zorder=1)
        first = rows["density"].iloc[0], rows["n_hidden"].iloc[0]
        ax.annotate(f"{level:,} HNPs", first, xytext=(0, 9), ha="center", **near)
    ax.scatter(setups["density"], setups["n_hidden"], s=42, color="#0072B2", zorder=2)
    for row in setups.itertuples():  # to the left, since the dashed lines run to the lower right
        ax.annotate(
            f"#{row.setup}", (row.density, row.n_hidden), xytext=(-5, -12), ha="right", **near
        )
    ax.set_yscale("log")
    ax.margins(0.1, 0.14)
    _finish_curves(ax, "density", "n_hidden", legend=False)
    values = sorted(setups["n_hidden"].unique())
    ax.set_yticks(values, [str(v) for v in values])
    ax.minorticks_off()
    return ax


# ----------------------------------------------------------------------------------- networks, images, tables


def _given_states(states, n_hidden: int) -> dict[int, bool]:
    """Hidden neuron -> state."""
    states = (
        states.as_dict()
        if isinstance(states, DecisionPattern)
        else {}
        if states is None
        else states
    )
    require.kind_of("states", states, dict, "a dict {neuron: True or False}, or a DecisionPattern")
    for neuron, state in states.items():
        require.whole("a neuron in states", neuron, 0, n_hidden - 1)
        require.flag("a state in states", state)
    return states


def network_diagram(
    network, states: dict[int, bool] | None = None, ax: Axes | None = None, *, title: str = ""
) -> Axes:
    """A small network's neurons and live connections; hidden neurons black (inactive), green (active) or grey (free).

    states: hidden neuron -> state, neurons counted in layer order. Green neurons also carry a 1, black ones a 0.
    """
    require.kind_of(
        "network", network, Network, "a network of this package, such as lenet(data) makes"
    )
    states = _given_states(states, network.n_hidden)
    _texts(title=title)
    ax = _axes(ax, (4, 2.8))
    widths = (network.n_inputs, *network.hidden, network.n_classes)
    spots = [[(i, (n - 1) / 2 - k) for k in range(n)] for i, n in enumerate(widths)]
    masks = [*network.masks, np.ones((widths[-1], widths[-2]), dtype=bool)]
    for i, mask in enumerate(masks):
        lines = [(spots[i][b], spots[i + 1][a]) for a, b in np.argwhere(mask)]
        ax.add_collection(LineCollection(lines, colors="#9a9a9a", linewidths=0.9, zorder=1))
    hidden = [spot for layer in spots[1:-1] for spot in layer]
    for spot in (*spots[0], *spots[-1]):
        ax.scatter(*spot, s=230, facecolor="white", edgecolor="#555555", zorder=2)
    for neuron, spot in enumerate(hidden):
        state = states.get(neuron)
        ax.scatter(
            *spot, s=260, color=FREE if state is None else ACTIVE if state else INACTIVE, zorder=2
        )
        if state is not None:
            ax.text(
                *spot,
                str(int(state)),
                color="white",
                ha="center",
                va="center",
                fontsize=9,
                weight="bold",
            )
    ax.set(
        title=title,
        xlim=(-0.4, len(widths) - 0.6),
        ylim=(-max(widths) / 2 - 0.1, max(widths) / 2 + 0.1),
    )
    ax.set_xticks(
        range(len(widths)),
        ["input", *(f"hidden {i + 1}" for i in range(len(network.hidden))), "output"],
    )
    ax.set_yticks([])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax


def image(
    pixels: np.ndarray,
    shape: tuple[int, int],
    ax: Axes | None = None,
    *,
    title: str = "",
    label: str = "",
) -> Axes:
    """One image of the data, dark on light; pixels (d,) in [0, 1]. ``label`` adds a colour bar with that name."""
    _texts(title=title, label=label)
    pixels = require.numbers("pixels", np.ravel(require.array("pixels", pixels)), (None,))
    shape = tuple(
        require.whole("a length in shape", n, 1)
        for n in require.listed("shape", shape, "two lengths")
    )
    if len(shape) != 2 or shape[0] * shape[1] != len(pixels):
        raise MBHError(
            f"shape is {shape}; expected the height and the width of {len(pixels)} pixels"
        )
    ax = _axes(ax, (2.2, 2.2))
    picture = ax.imshow(np.reshape(pixels, shape), cmap="Greys", clim=None if label else (0, 1))
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
    limits: tuple = (0, None),
) -> Axes:
    """A small matrix of counts over pixels, with a colour bar named ``label`` between these ``limits`` (Fig 2.2)."""
    _texts(title=title, label=label)
    values = require.numbers("values", values, (None, None))
    limits = require.listed("limits", limits, "two numbers, the lowest and the highest")
    if not values.size or len(limits) != 2:
        raise MBHError(
            f"values has shape {values.shape} and limits {limits}; expected a matrix and two limits"
        )
    limits = tuple(None if x is None else require.number("one of limits", x) for x in limits)
    ax = _axes(ax, (3.2, 2.8))
    picture = ax.imshow(values, clim=limits)
    ax.set(title=title, xlabel="pixel column", ylabel="pixel row")
    ax.grid(False)
    ax.figure.colorbar(picture, ax=ax, shrink=0.85).set_label(label)
    return ax


def text_table(table: pd.DataFrame, *, width: float = 8.0) -> Figure:
    """A table of words as a figure: header row and first column bold."""
    if not _table(table, []).shape[1]:
        raise MBHError("table has no column: there is nothing to draw")
    require.number(
        "width", width, "inches, a number from 1 to 100", lambda inches: 1 <= inches <= 100
    )
    figure = plt.figure(figsize=(width, 0.42 * (len(table) + 1)), layout="none")
    ax = figure.add_axes((0.01, 0.02, 0.98, 0.96))
    ax.axis("off")
    words = table.astype(str).values
    drawn = ax.table(
        words, colLabels=table.columns, loc="center", cellLoc="left", bbox=(0, 0, 1, 1)
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(9.5)
    drawn.auto_set_column_width(range(table.shape[1]))
    for (row, column), cell in drawn.get_celld().items():
        cell.set(edgecolor="#bbbbbb", facecolor="#eef3f7" if row == 0 else "white", linewidth=0.6)
        if row == 0 or column == 0:
            cell.set_text_props(weight="bold")
    return figure
