"""Makes a Partition of what the kernel wrote.

The kernel writes regions in the order in which it finds them, as a polygon each, and knows linear
units as well as neurons. Here the strips over a line are brought into order, linear units are left
out, and regions are cut by their classes where that is asked for.
"""

from fractions import Fraction

import numpy as np

from mbh_utils.networks import layer_widths, n_linear
from mbh_utils.regions.bits import pack_words
from mbh_utils.regions.decision import Decision
from mbh_utils.regions.kernel.driver import Descent
from mbh_utils.regions.kernel.exact import Oracle, meet, rounded
from mbh_utils.regions.kernel.layout import Layers, RegionBuffer
from mbh_utils.regions.planes import Line
from mbh_utils.regions.restriction import Restriction
from mbh_utils.regions.result import Partition


def activation_regions(descent: Descent, keep: tuple[str, ...], exact: bool) -> Partition:
    """The partition into activation regions; keep, exact: of ``partition_input_space``."""
    restriction = descent.restriction
    is_line = isinstance(restriction.plane, Line)
    cells = descent.all_regions(is_line or "polygons" in keep)
    if is_line:
        cells, _ = _along(cells, descent.oracle)
    if any(map(n_linear, restriction.layers)):
        cells = _only_neurons(descent.net, cells)
    return _partition(restriction, cells, descent.uncertain, keep, exact)


def decided_regions(descent: Descent, keep: tuple[str, ...], exact: bool) -> Partition:
    """The same with regions cut by their classes; the network ends with its output layer."""
    decision = Decision(descent.net, descent.restriction, descent.oracle, descent.limits)
    parts = []
    winners = []
    for block in descent.blocks():
        cells, own = decision.cut(block)
        descent.bar.add(cells.area.sum(), len(cells.area))
        parts.append(cells)
        winners.append(own)
    cells = _joined(parts)
    classes = np.concatenate(winners)
    if isinstance(descent.restriction.plane, Line):
        cells, order = _along(cells, descent.oracle, classes)
        classes = classes[order]
    cells = _only_neurons(descent.net, cells)
    uncertain = descent.uncertain + decision.uncertain
    return _partition(descent.restriction, cells, uncertain, keep, exact, classes)


# --------------------------------------------------------------------------- the strips over a line


def _along(
    cells: RegionBuffer, oracle: Oracle, classes: np.ndarray | None = None
) -> tuple[RegionBuffer, np.ndarray]:
    """The strips over a line from left to right, and their order.

    Each strip is a rectangle, so all have four corners.
    """
    across = cells.corners.reshape(-1, 4, 2)[:, :, 0]
    starts = across.min(axis=1)
    order = np.argsort(starts, kind="stable")
    close = np.diff(starts[order]) <= 1e-9 * (starts.max() - starts.min())
    for group in np.split(order, np.flatnonzero(~close) + 1):  # views of the order
        if len(group) > 1:  # nearer to each other than float64 need know
            group[:] = _exactly_along(group.tolist(), cells, oracle, classes)
    sorted_cells = cells._replace(
        corners=cells.corners.reshape(-1, 4, 2)[order].reshape(-1, 2),
        edge=np.ascontiguousarray(cells.edge.reshape(-1, 4)[order].ravel()),
        bits=cells.bits[order],
        area=cells.area[order],
        touched=cells.touched[order],
    )
    return sorted_cells, order


def _exactly_along(
    strips: list[int], cells: RegionBuffer, oracle: Oracle, classes: np.ndarray | None
) -> list[int]:
    """These strips from left to right by exact arithmetic, which also draws them anew."""
    corners = {i: _exact_corners(cells, i, oracle, classes) for i in strips}
    for i, points in corners.items():
        cells.corners[4 * i : 4 * i + 4], cells.area[i] = rounded(points)
    return sorted(strips, key=lambda i: min(Fraction(x, w) for x, _, w in corners[i]))


def _exact_corners(
    cells: RegionBuffer, i: int, oracle: Oracle, classes: np.ndarray | None
) -> list[tuple[int, int, int]]:
    """Corners (x, y, w) of strip i."""
    own = None if classes is None else int(classes[i])
    edges = cells.edge[4 * i : 4 * i + 4].tolist()
    lines = [oracle.edge(g, cells.bits[i], own) for g in edges]
    return [meet(lines[n - 1], lines[n]) for n in range(4)]


# ---------------------------------------------------------------------------- without linear units


def _only_neurons(net: Layers, cells: RegionBuffer) -> RegionBuffer:
    """The kernel's regions with bits and edges that know no linear units."""
    is_neuron = [np.arange(n) < k for n, k in zip(net.widths, net.n_relu, strict=True)]
    number = (np.cumsum(np.concatenate(is_neuron)) - 1).astype(np.int32)
    if net.n_layers < len(net.widths):  # the outputs are numbered behind the neurons
        n_outputs = net.widths[-1]
        number[-n_outputs:] += 1 + np.arange(n_outputs, dtype=np.int32)
    edge = np.where(cells.edge < 0, cells.edge, number[np.maximum(cells.edge, 0)])
    return cells._replace(bits=_neuron_bits(net, cells.bits), edge=edge)


def _neuron_bits(net: Layers, bits: np.ndarray) -> np.ndarray:
    """The kernel's bits without those of linear units."""
    if np.array_equal(net.n_relu, net.widths):
        return bits
    words = []
    masks = []
    for word, n in zip(net.word, net.n_relu, strict=False):
        if n == 0:  # the output layer
            continue
        words.append(word + np.arange((n + 63) // 64))
        masks.append(pack_words(np.ones((1, n), dtype=bool))[0])
    return bits[:, np.concatenate(words)] & np.concatenate(masks)


# -------------------------------------------------------------------------------------- the result


def _joined(parts: list[RegionBuffer]) -> RegionBuffer:
    """Blocks of regions as one."""
    names = ("corners", "edge", "bits", "area", "touched")
    sizes = np.concatenate([np.diff(cells.offset) for cells in parts])
    joined = {name: np.concatenate([getattr(cells, name) for cells in parts]) for name in names}
    return parts[0]._replace(offset=np.concatenate([[0], np.cumsum(sizes)]), **joined)


def _partition(
    restriction: Restriction,
    cells: RegionBuffer,
    uncertain: int,
    keep: tuple[str, ...],
    exact: bool,
    classes: np.ndarray | None = None,
) -> Partition:
    layers = restriction.layers
    output = None
    if classes is not None:
        *layers, (weight, bias, _) = layers
        output = weight, bias
    polygons = "polygons" in keep
    return Partition(
        plane=restriction.plane,
        widths=layer_widths(layers),
        network=layers,
        n_regions=len(cells.area),
        uncertain=uncertain,
        exact=exact,
        _areas=cells.area if "areas" in keep else None,
        _packed=cells.bits if "patterns" in keep else None,
        _corners=cells.corners if polygons else None,
        _edges=cells.edge if polygons else None,
        _offsets=cells.offset if polygons else None,
        touched=cells.touched.view(np.bool_),  # TOUCHED is 1
        output=output,
        _classes=classes,
    )
