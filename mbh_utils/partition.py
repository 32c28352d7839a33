"""The exact activation regions of a ReLU network on a plane or a line (Algorithm 2, section 5.1.1 of the thesis).

"Exact" means: exact for the network restricted to the plane, whose first layer is rounded to float64 once. The descent
itself is in ``_cells.py``; this file prepares it, feeds it with memory and wraps what comes out.
"""

import os
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mbh_utils.errors import MBHError
from mbh_utils.networks import layer_widths, n_linear
from mbh_utils.patterns import DecisionPattern
from mbh_utils.reading import domain_points, read_network
from mbh_utils.subspaces import Line, Plane

_KEEP = ("polygons", "areas", "patterns")
_FORMAT, _PAIR = 1, ("weight", "bias")  # of saved partitions
_ARRAYS = ("touched", "_areas", "_packed", "_corners", "_edges", "_offsets", "_classes")
_SLOTS = 32  # of the kernel's stack to begin with: few planes need more
_UNIT = 2.0**-53  # relative error of one rounding


@dataclass(frozen=True, eq=False)
class Blanket:
    """The part of a plane on which a decision pattern holds: a union of activation regions (Lemma 3.2, Definition 4.3).

    area: in units of the input space squared. share: area / area of the plane's domain.
    regions: (n_regions,) bool, which activation regions belong to it.
    """

    area: float
    share: float
    regions: np.ndarray

    def __repr__(self) -> str:
        return f"Blanket({self.regions.sum():,} of {len(self.regions):,} regions, {self.share:.4%} of the domain)"


def partition_input_space(
    network,
    plane: Plane | Line,
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
    exact: bool = False,
    decision_boundary: bool = False,
) -> "Partition":
    """All activation regions of a network's hidden layers on a plane or a line: a :class:`Partition` (Algorithm 2).

    network: anything :func:`mbh_utils.hidden_layers` understands. output_layer: whether a Sequential's last Linear
    is the output layer. keep: what the result shall hold, out of "polygons", "areas" and "patterns"; leaving out the
    polygons halves its memory. exact: settle the signs that float64 cannot tell for certain by integer arithmetic,
    so that the partition is always the one of exact arithmetic (for the layers it was made from, see
    :attr:`Partition.layers`); otherwise a tolerance of 1e-13 relative to the terms at hand settles them, which merges
    slivers made by rounding. Nearly all planes have no such sign (:attr:`Partition.certified`).
    decision_boundary: cut the activation regions also where the predicted class changes, which is the output that is
    the largest (the first one of equal ones): every region then has one class, :attr:`Partition.classes`, and several
    regions may have the same pattern. Needs a network with an output layer.

    The work is done in one thread (which holds no GIL, so that planes may run side by side in threads).
    Raises MBHError when the plane lies in another space than the network's inputs.
    """
    keep = _checked_keep(keep)
    if decision_boundary:
        if not output_layer:
            raise MBHError("decision_boundary=True needs the output layer, which output_layer=False makes a hidden one")
        layers = read_network(network, points=domain_points(plane)).layers_with_output()
        return _finish_decided(plane, _on_plane(layers, plane), keep, exact)
    layers = read_network(network, output_layer=output_layer, points=domain_points(plane)).layers()
    return _finish(plane, _on_plane(layers, plane), keep, exact)


def _checked_keep(keep: Sequence[str]) -> tuple[str, ...]:
    keep = (keep,) if isinstance(keep, str) else tuple(keep)
    if unknown := [name for name in keep if name not in _KEEP]:
        raise MBHError(f"keep names {unknown[0]!r}; expected some of {', '.join(_KEEP)}")
    return keep


def _on_plane(layers: list[tuple], plane: Plane | Line) -> list[tuple]:
    """The same hidden layers as a network of the two plane coordinates: only the first one (or two) differ."""
    first, *others = layers
    weight, bias = first[:2]
    if weight.shape[1] != plane.dimension:
        raise MBHError(
            f"the {type(plane).__name__.lower()} lies in R^{plane.dimension}, but the network takes "
            f"{weight.shape[1]} inputs: span it by inputs of this network"
        )
    onto, bias = weight @ plane.basis.T, weight @ plane.origin + bias
    if isinstance(plane, Line):  # a strip of height 1, on which nothing depends on the second coordinate
        onto = np.column_stack([onto, np.zeros(len(onto))])
    if n_linear(first) > 2 and others:  # all that they carry are the two plane coordinates
        n = len(bias) - n_linear(first)
        weight, following, *linear = others[0]
        merged = np.column_stack([weight[:, :n], weight[:, n:] @ onto[n:]])
        others[0] = (merged, following + weight[:, n:] @ bias[n:], *linear)
        return [(np.concatenate([onto[:n], np.eye(2)]), np.append(bias[:n], [0.0, 0.0]), 2), *others]
    return [(onto, bias, *first[2:]), *others]


# ------------------------------------------------------------------------------------------------ running the kernel


def _network_arrays(layers, has_output: bool = False):
    """The kernel's ``Layers`` of a two-input network, and the map (3, n_1) of its first layer.

    has_output: whether the last one of the layers is the output layer.
    """
    from mbh_utils import _cells

    real, layers = np.array(layer_widths(layers), dtype=np.int64), [layer[:2] for layer in layers]
    widths = np.array([len(bias) for _, bias in layers], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(widths)])
    word = np.concatenate([[0], np.cumsum((widths + 63) // 64)])
    span = np.append((widths + 15) // 16 * 16, 0)
    row = np.concatenate([[0], np.cumsum(np.repeat(span[1:], widths))])
    weights = _cells.aligned_zeros((int(row[-1]),))
    for i, (weight, _) in enumerate(layers[1:]):
        onwards = weights[row[first[i]] : row[first[i + 1]]].reshape(widths[i], span[i + 1])
        onwards[:, : widths[i + 1]] = weight.T
    net = _cells.Layers(
        n_layers=len(layers) - has_output,
        n_neurons=int(first[-1]),
        widths=widths,
        real=real,
        span=span,
        first=first,
        word=word,
        weights=weights,
        row=row,
        bias=np.concatenate([bias for _, bias in layers] + [np.zeros(64)]),
        error=_coefficient_errors(layers),
    )
    return net, np.column_stack(layers[0]).T


def _coefficient_errors(layers) -> np.ndarray:
    """Bounds of the errors of each neuron's a, b, c, (3, N + 64): so much of all the terms that they are sums of."""
    from mbh_utils import _cells

    errors, terms, share, start = np.zeros((3, sum(len(bias) for _, bias in layers) + 64)), np.eye(2, 3), 0.0, 0
    for weight, bias in layers:
        terms = np.abs(weight) @ terms
        terms[:, 2] += np.abs(bias)
        # One rounding per product and per sum, on top of what the layer below carries.
        share += (np.count_nonzero(weight, axis=1).max() + 4) * _UNIT
        bound = terms * (1 + 1e-9) * max(share * 1.01, _cells.TOLERANCE)
        errors[:, start : start + len(bias)] = np.where(terms > 0, np.maximum(bound, 5e-324), 0.0).T
        start += len(bias)
    if not terms.max() < 1e140:
        raise MBHError("the weights are too large: pre-activations beyond 1e140 cannot be handled; rescale the network")
    return errors


def _first_stack(net, first_map: np.ndarray, corners: np.ndarray):
    """The kernel's ``Stack`` with one node: the whole domain, no layer entered."""
    from mbh_utils import _cells

    k, slots = len(corners), _SLOTS
    n_neurons, words, widest = net.n_neurons, int(net.word[-1]), int(net.widths.max())
    room, longest, stride, pad = (_padded(n) for n in (k + 24, widest, words, widest + 56))
    lines = _cells.aligned_zeros((k + n_neurons, _cells.LINE_SIZE))
    stack = _cells.Stack(
        slots=slots,
        room=room,
        longest=longest,
        words=words,
        stride=stride,
        pad=pad,
        polygon=_cells.aligned_zeros((slots, _cells.CORNER_SIZE, room)),
        far=np.zeros((slots, 3)),
        corners=np.zeros(slots, dtype=np.int64),
        layer=np.zeros(slots, dtype=np.int64),
        waiting=np.zeros((slots, longest), dtype=np.int64),
        length=np.zeros(slots, dtype=np.int64),
        tested=np.zeros(slots, dtype=np.int64),
        bits=np.zeros((slots, stride), dtype=np.uint64),
        map=_cells.aligned_zeros((slots, 3, pad)),
        joins=np.full(slots, -1, dtype=np.int64),
        touched=np.zeros(slots, dtype=np.uint8),
        joining=np.zeros(longest + 1, dtype=np.int64),
        lines=lines[k:],
        verdict=np.zeros(n_neurons, dtype=np.uint8),
        side=np.zeros(room, dtype=np.int8),
        crossing=np.zeros(words, dtype=np.uint64),
        value=np.zeros(room),
        old=np.zeros((_cells.CORNER_SIZE, 2 * room)),
        state=np.zeros(_cells.STATE_SIZE, dtype=np.int64),
    )
    polygon = np.column_stack([corners, np.zeros(k), -1.0 - np.arange(k)])
    stack.polygon[0, :, :k], stack.polygon[0, :, k:] = polygon.T, polygon[:1].T
    stack.far[0] = np.abs(polygon[:, :3]).max(axis=0)
    stack.corners[0] = k
    stack.map[0, :, : net.widths[0]] = first_map
    stack.lines[:, _cells.EA : _cells.EC + 1] = net.error[:, :n_neurons].T
    sides = [_border_line(p, q) for p, q in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    lines[:k, : _cells.EC + 1] = sides[::-1]
    stack.state[_cells.PIVOT] = -1
    return stack


def _padded(n: int) -> int:
    """n rounded up to whole lanes."""
    from mbh_utils import _cells

    return -(-n // _cells.LANES) * _cells.LANES


def _border_line(p: np.ndarray, q: np.ndarray) -> list[float]:
    """The line through two corners of the domain as the kernel knows lines: a, b, c, and bounds of their errors."""
    from mbh_utils import _cells

    a, b = p[1] - q[1], q[0] - p[0]
    terms = np.abs([a, b, a * p[0], b * p[1]])
    return [a, b, -(a * p[0] + b * p[1]), *_cells.TOLERANCE * np.append(terms[:2], terms[2:].sum())]


def _empty_cells(n_words: int, n: int, n_corners: int, n_outputs: int = 0):
    from mbh_utils import _cells

    return _cells.Cells(
        room=n,
        corner_room=n_corners,
        n_outputs=n_outputs,
        corners=np.empty((n_corners, 2)),
        edge=np.empty(n_corners, dtype=np.int32),
        offset=np.zeros(n + 1, dtype=np.int64),
        bits=np.empty((n + _cells.LANES, n_words), dtype=np.uint64),
        area=np.empty(n),
        touched=np.empty(n, dtype=np.uint8),
        error=np.empty(n if n_outputs else 0),
        maps=np.empty((n if n_outputs else 0, 3, n_outputs)),
    )


def _taller_stack(stack):
    """The same stack with twice as many slots."""
    from mbh_utils import _cells

    per_slot = ["polygon", "far", "corners", "layer", "waiting", "length", "tested", "bits", "map", "joins", "touched"]
    taller = {"slots": 2 * stack.slots}
    for name in per_slot:
        array = getattr(stack, name)
        taller[name] = _cells.aligned_zeros((2 * stack.slots, *array.shape[1:]), array.dtype)
        taller[name][: stack.slots] = array
    return stack._replace(**taller)


def _roomier_stack(stack):
    """The same stack with room for twice as many corners per polygon."""
    wider = {"room": 2 * stack.room}
    for name in ("polygon", "value", "old", "side"):
        array = getattr(stack, name)
        wider[name] = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
        wider[name][..., : array.shape[-1]] = array
    return stack._replace(**wider)


def _resized_cells(cells, n: int, n_corners: int):
    """The same arrays with that many rows, in place where the system can (what is there stays)."""
    from mbh_utils import _cells

    rows = {"offset": n + 1, "bits": n + _cells.LANES, "area": n, "touched": n, "corners": n_corners, "edge": n_corners}
    for name, m in rows.items():
        array = getattr(cells, name)
        array.resize((m, *array.shape[1:]), refcheck=False)
    return cells._replace(room=n, corner_room=n_corners)


def _go_on(net, stack, cells, oracle):
    """Run the kernel until it is done or ``cells`` are full -> whether it is done, and the stack as it then is."""
    from mbh_utils import _cells

    while (reason := _cells.descend(net, stack, cells, oracle is not None)) not in (_cells.DONE, _cells.CELLS_FULL):
        if reason == _cells.STACK_FULL:
            stack = _taller_stack(stack)
        elif reason == _cells.CORNERS_FULL:
            stack = _roomier_stack(stack)
        else:
            oracle.answer(stack)
    return reason == _cells.DONE, stack


def _descend(net, first_map: np.ndarray, plane: Plane | Line, polygons: bool, oracle):
    """Run the kernel to its end; all regions, and how many signs were uncertain."""
    from mbh_utils import _cells

    stack = _first_stack(net, first_map, plane.corners)
    n = min(net.n_neurons**2 // 2 + 256, 1 << 17)  # a guess that often fits; what is not written costs nothing
    cells = _empty_cells(stack.words, n, 5 * n if polygons else 0)
    done, stack = _go_on(net, stack, cells, oracle)
    while not done:
        # As many as the share of the plane that is done lets expect: what a larger array gains is filled with zeros.
        share = cells.area[: stack.state[_cells.N_CELLS]].sum() / plane.area
        n = int(n * 1.05 / max(share, 0.5)) + 1024
        cells = _resized_cells(cells, n, 5 * n if polygons else 0)
        done, stack = _go_on(net, stack, cells, oracle)
    n, n_corners, uncertain = stack.state[[_cells.N_CELLS, _cells.N_CORNERS, _cells.UNCERTAIN]].tolist()
    cells = _resized_cells(cells, n, n_corners)
    return cells._replace(bits=cells.bits[:n]), uncertain


def stream_blanket_areas(
    network, plane: Plane | Line, patterns: Sequence[DecisionPattern], *, output_layer: bool = True, exact: bool = False
) -> tuple[np.ndarray, int]:
    """Blanket areas of m decision patterns, (m,) float64, and the number of regions; no region is ever kept.

    The same as ``partition_input_space(...).blanket_areas(patterns)`` (up to the order of summation), in a few
    megabytes however many regions there are.
    """
    from mbh_utils import _cells, _exact

    reading = read_network(network, output_layer=output_layer, points=domain_points(plane))
    layers = _on_plane(reading.layers(), plane)
    net, first_map = _network_arrays(layers)
    oracle = _exact.Oracle(net, layers, plane.corners) if exact else None
    widths = layer_widths(layers)
    masks, values = _pattern_masks(widths, patterns)
    stack, totals, n_regions = _first_stack(net, first_map, plane.corners), np.zeros(len(patterns)), 0
    cells = _empty_cells(stack.words, 8192, 0)
    done = False
    while not done:
        done, stack = _go_on(net, stack, cells, oracle)
        n = int(stack.state[_cells.N_CELLS])
        totals += _areas_under(_neuron_bits(net, cells.bits[:n]), cells.area[:n], masks, values)
        n_regions += n
        stack.state[_cells.N_CELLS] = 0
    return totals, n_regions


def _redraw_blurred(cells, oracle, plane: Plane | Line) -> None:
    """Corners and areas of the regions that float64 cannot draw, from exact arithmetic."""
    from mbh_utils import _cells

    touched, blurred = ((cells.touched & flag) > 0 for flag in (_cells.TOUCHED, _cells.BLURRED))
    blurred |= touched & (cells.area < 1e-9 * plane.area)
    for i in np.flatnonzero(blurred):
        here = slice(cells.offset[i], cells.offset[i + 1])
        cells.corners[here], cells.area[i] = oracle.polygon(cells.edge[here], cells.bits[i])


def _along(cells):
    """The strips over a line from left to right, and their order: each is a rectangle, so all have four corners."""
    order = np.argsort(cells.corners.reshape(-1, 4, 2)[:, :, 0].min(axis=1))
    cells = cells._replace(
        corners=cells.corners.reshape(-1, 4, 2)[order].reshape(-1, 2),
        edge=np.ascontiguousarray(cells.edge.reshape(-1, 4)[order].ravel()),
        **{name: getattr(cells, name)[order] for name in ("bits", "area", "touched")},
    )
    return cells, order


def _neuron_bits(net, bits: np.ndarray) -> np.ndarray:
    """The kernel's bits without those of linear units."""
    if np.array_equal(net.real, net.widths):
        return bits
    words, masks = [], []
    for word, n in zip(net.word, net.real, strict=False):
        if n == 0:  # the output layer
            continue
        words.append(word + np.arange((n + 63) // 64))
        masks.append(_pack_words(np.ones((1, n), dtype=bool))[0])
    return bits[:, np.concatenate(words)] & np.concatenate(masks)


def _only_neurons(net, cells):
    """The kernel's regions with bits and edges that know no linear units."""
    is_neuron = np.concatenate([np.arange(n) < k for n, k in zip(net.widths, net.real, strict=True)])
    number = (np.cumsum(is_neuron) - 1).astype(np.int32)
    if net.n_layers < len(net.widths):  # the outputs are numbered behind the neurons
        number[-net.widths[-1] :] += 1 + np.arange(net.widths[-1], dtype=np.int32)
    edge = np.where(cells.edge < 0, cells.edge, number[np.maximum(cells.edge, 0)])
    return cells._replace(bits=_neuron_bits(net, cells.bits), edge=edge)


def _finish(plane: Plane | Line, layers, keep: tuple[str, ...], exact: bool) -> "Partition":
    from mbh_utils import _exact

    net, first_map = _network_arrays(layers)
    oracle = _exact.Oracle(net, layers, plane.corners) if exact else None
    polygons = exact or "polygons" in keep or isinstance(plane, Line)
    cells, uncertain = _descend(net, first_map, plane, polygons, oracle)
    if exact:
        _redraw_blurred(cells, oracle, plane)
    if isinstance(plane, Line):
        cells, _ = _along(cells)
    if not np.array_equal(net.real, net.widths):
        cells = _only_neurons(net, cells)
    return _partition(plane, layers, cells, uncertain, keep, exact)


def _finish_decided(plane: Plane | Line, layers, keep: tuple[str, ...], exact: bool) -> "Partition":
    """The same with regions cut by their classes, block by block; the last one of the layers is the output layer."""
    from mbh_utils import _cells, _exact
    from mbh_utils._decision import Decision

    net, first_map = _network_arrays(layers, has_output=True)
    oracle = _exact.Oracle(net, layers, plane.corners) if exact else None
    stack, n_outputs = _first_stack(net, first_map, plane.corners), len(layers[-1][1])
    decision = Decision(net, layers, oracle)
    room = max(64, 2**18 // n_outputs)  # regions per block, whose outputs then stay in the cache
    block = _empty_cells(stack.words, room, 5 * room, n_outputs)
    parts, classes, done = [], [], False
    while not done:
        done, stack = _go_on(net, stack, block, oracle)
        n, k = int(stack.state[_cells.N_CELLS]), int(stack.state[_cells.N_CORNERS])
        stack.state[[_cells.N_CELLS, _cells.N_CORNERS]] = 0
        rows = {"offset": n + 1, "bits": n, "area": n, "touched": n, "corners": k, "edge": k, "error": n, "maps": n}
        cells = block._replace(**{name: getattr(block, name)[:size] for name, size in rows.items()})
        if exact:
            _redraw_blurred(cells, oracle, plane)
        cells, winners = decision.cut(cells)
        parts.append(cells)
        classes.append(winners)
    cells, classes = _joined(parts), np.concatenate(classes)
    if isinstance(plane, Line):
        cells, order = _along(cells)
        classes = classes[order]
    uncertain = int(stack.state[_cells.UNCERTAIN]) + decision.uncertain
    return _partition(plane, layers[:-1], _only_neurons(net, cells), uncertain, keep, exact, layers[-1][:2], classes)


def _joined(parts: list):
    """Blocks of regions as one."""
    names = ("corners", "edge", "bits", "area", "touched")
    sizes = np.concatenate([np.diff(cells.offset) for cells in parts])
    joined = {name: np.concatenate([getattr(cells, name) for cells in parts]) for name in names}
    return parts[0]._replace(offset=np.concatenate([[0], np.cumsum(sizes)]), **joined)


def _partition(plane, layers, cells, uncertain: int, keep, exact: bool, output=None, classes=None) -> "Partition":
    from mbh_utils import _cells

    return Partition(
        plane=plane,
        widths=layer_widths(layers),
        layers=layers,
        n_regions=len(cells.area),
        uncertain=uncertain,
        exact=exact,
        _areas=cells.area if "areas" in keep else None,
        _packed=cells.bits if "patterns" in keep else None,
        _corners=cells.corners if "polygons" in keep else None,
        _edges=cells.edge if "polygons" in keep else None,
        _offsets=cells.offset if "polygons" in keep else None,
        touched=(cells.touched & _cells.TOUCHED) > 0,
        output=output,
        _classes=classes,
    )


# ---------------------------------------------------------------------------------------------------- what comes out


@dataclass(frozen=True, eq=False, repr=False)
class Partition:
    """The activation regions of a hidden network on a plane; each is a convex polygon with one activation pattern.

    plane: the plane (or the line) and its domain. widths: neurons per hidden layer. n_regions: number of regions.
    layers: hidden layers as a network of the two plane coordinates, in the form of :func:`mbh_utils.hidden_layers`.
    uncertain: sign decisions that lay within their rounding bound. exact: whether exact arithmetic settled them.
    touched: (n_regions,) bool, regions that depend on such a decision.

    Neurons are numbered over all hidden layers in layer order; regions of a plane are numbered in no particular order.

    On a line the regions are intervals, numbered from left to right: ``areas`` are their lengths, ``intervals`` their
    ends, and ``polygons`` the strips of height 1 over them.

    With decision_boundary=True the regions are also cut where the predicted class changes: ``classes`` has one class
    per region, and ``output`` is the output layer, (weight, bias). Several regions may then have the same pattern.
    """

    plane: Plane | Line
    widths: tuple[int, ...]
    layers: list[tuple]
    n_regions: int
    uncertain: int
    exact: bool
    touched: np.ndarray
    _areas: np.ndarray | None
    _packed: np.ndarray | None
    _corners: np.ndarray | None
    _edges: np.ndarray | None
    _offsets: np.ndarray | None
    output: tuple[np.ndarray, np.ndarray] | None = None
    _classes: np.ndarray | None = None

    def __len__(self) -> int:
        return self.n_regions

    def __repr__(self) -> str:
        hidden = "-".join(map(str, self.widths))
        doubt = "certified" if self.certified else f"{self.uncertain:,} uncertain signs"
        cut = "" if self.output is None else f", cut by {len(self.output[1])} classes"
        return f"Partition({self.n_regions:,} regions of a {hidden} hidden network{cut}, {doubt}; {self.plane!r})"

    @property
    def certified(self) -> bool:
        """Whether this is proven to be the partition that exact arithmetic finds for ``layers``.

        It is when no sign was uncertain, or exact arithmetic settled those that were. Float64 then still rounds the
        coordinates of corners and the areas, but no region is missing, none is too many and no pattern and no class is
        wrong.
        """
        return self.exact or self.uncertain == 0

    def _kept(self, name: str, value):
        if value is None:
            raise MBHError(f'this partition holds no {name}: keep them by keep=(..., "{name}")')
        return value

    @property
    def classes(self) -> np.ndarray:
        """Predicted class of each region, (n_regions,) int64; needs decision_boundary=True."""
        if self._classes is None:
            raise MBHError("this partition knows no classes: partition_input_space(..., decision_boundary=True) does")
        return self._classes

    @property
    def areas(self) -> np.ndarray:
        """Area of each region, (n_regions,) float64, in units of the input space squared; they sum to the domain's."""
        return self._kept("areas", self._areas)

    @property
    def packed(self) -> np.ndarray:
        """Activation patterns as bits, (n_regions, n_words) uint64; each layer begins with a word, lowest bit first."""
        return self._kept("patterns", self._packed)

    @property
    def corners(self) -> np.ndarray:
        """Corners of all regions one after the other, (n, 2) float64 plane coordinates; region i has those from
        ``offsets[i]`` to ``offsets[i + 1]``, counter-clockwise."""
        return self._kept("polygons", self._corners)

    @property
    def intervals(self) -> np.ndarray:
        """Ends of each region of a line, (n_regions, 2) float64 positions, from left to right."""
        if not isinstance(self.plane, Line):
            raise MBHError("regions of a plane are no intervals: see polygons")
        across = self.corners.reshape(-1, 4, 2)[:, :, 0]
        return np.column_stack([across.min(axis=1), across.max(axis=1)])

    @property
    def offsets(self) -> np.ndarray:
        """Where each region's corners begin in ``corners``, (n_regions + 1,) int64."""
        return self._kept("polygons", self._offsets)

    @property
    def edges(self) -> np.ndarray:
        """Whose zero line runs from each corner to the next, (n,) int32: a neuron, or -1 - e: the domain's edge e.

        ``n_hidden`` + c is a decision boundary, beyond which class c wins.
        """
        return self._kept("polygons", self._edges)

    @property
    def n_hidden(self) -> int:
        """Hidden neurons N."""
        return sum(self.widths)

    @cached_property
    def patterns(self) -> np.ndarray:
        """Activation pattern of each region, (n_regions, n_hidden) bool, neurons in layer order."""
        return np.concatenate(_unpack_words(self.widths, self.packed), axis=1)

    def layer_patterns(self, layer: int = -1) -> np.ndarray:
        """Pattern of one hidden layer in each region, (n_regions, n_l) bool; -1 is the last layer."""
        if not -len(self.widths) <= layer < len(self.widths):
            raise MBHError(f"there is no hidden layer {layer}; the network has {len(self.widths)}")
        return _unpack_words(self.widths, self.packed)[layer]

    @cached_property
    def polygons(self) -> list[np.ndarray]:
        """Corners (k, 2) float64 of each region in plane coordinates, counter-clockwise."""
        return np.split(self.corners, self.offsets[1:-1])

    @cached_property
    def edge_neurons(self) -> list[np.ndarray]:
        """For each region, whose zero line runs from each corner to the next, (k,) int32: a neuron; < 0: the border."""
        return np.split(self.edges, self.offsets[1:-1])

    @cached_property
    def centroids(self) -> np.ndarray:
        """A point inside each region, (n_regions, 2) float64 plane coordinates: the mean of its corners."""
        return np.add.reduceat(self.corners, self.offsets[:-1]) / np.diff(self.offsets)[:, None]

    # -- blankets

    def blanket(self, pattern: DecisionPattern) -> Blanket:
        """The blanket of a decision pattern: its area, its share of the domain and the regions it is made of."""
        masks, values = _pattern_masks(self.widths, [pattern])
        regions = (((self.packed ^ values) & masks) == 0).all(axis=1)
        area = float(self.areas[regions].sum())
        return Blanket(area, area / self.plane.area, regions)

    def blanket_areas(self, patterns: Sequence[DecisionPattern]) -> np.ndarray:
        """Blanket area of each of m decision patterns, (m,) float64; much faster than m calls of :meth:`blanket`."""
        return _areas_under(self.packed, self.areas, *_pattern_masks(self.widths, patterns))

    def affine_map(self, region: int, layer: int | str = -1) -> tuple[np.ndarray, np.ndarray]:
        """Pre-activations of one hidden layer on a region, as weight (n_l, 2) and bias (n_l,): weight @ uv + bias.

        On a region every layer is affine; the rows of ``weight`` are the gradients along the plane. (On a line the
        second column is 0.) layer="output" is the output layer, where the partition was cut by its classes.
        """
        if not -self.n_regions <= region < self.n_regions:
            raise MBHError(f"there is no region {region}; the partition has {self.n_regions}")
        layers, widths = self.layers, self.widths
        if layer == "output":
            self.classes  # noqa: B018  (raises where there is no output layer)
            layers, widths, layer = [*layers, self.output], (*widths, len(self.output[1])), -1
        elif not -len(widths) <= layer < len(widths):
            raise MBHError(f"there is no hidden layer {layer}; the network has {len(widths)}")
        states = _unpack_words(self.widths, self.packed[[region]])
        weight, bias = layers[0][:2]
        for (onwards, shift, *_), state in zip(layers[1:][: layer % len(widths)], states, strict=False):
            active = np.pad(state[0], (0, len(bias) - state.shape[1]), constant_values=True)  # linear units always are
            weight, bias = onwards[:, active] @ weight[active], onwards[:, active] @ bias[active] + shift
        return weight[: widths[layer]], bias[: widths[layer]]

    # -- files

    def save(self, path) -> None:
        """Write everything to an ``.npz`` file (no pickle); a file that is there stays until the new one is whole."""
        path = Path(path)
        fields = {name: getattr(self, name) for name in _ARRAYS if getattr(self, name) is not None}
        plane = {f"plane_{name}": np.asarray(value) for name, value in vars(self.plane).items() if value is not None}
        layers = {f"{kind}_{i}": x for i, pair in enumerate(self.layers) for kind, x in zip(_PAIR, pair, strict=False)}
        if self.output is not None:
            layers |= {f"output_{kind}": x for kind, x in zip(_PAIR, self.output, strict=True)}
        head = np.array([_FORMAT, isinstance(self.plane, Line), self.n_regions, self.uncertain, self.exact])
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, head=head, widths=np.array(self.widths), **fields, **plane, **layers)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    @classmethod
    def load(cls, path) -> "Partition":
        """A partition that :meth:`save` wrote; MBHError where the file is missing, damaged or something else."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            form, is_line, n_regions, uncertain, exact = arrays["head"].tolist()
            if form != _FORMAT:
                raise MBHError(f"{path} was written in format {form}, this version reads {_FORMAT}: compute it anew")
            widths = tuple(arrays["widths"].tolist())
            plane = {name[6:]: value for name, value in arrays.items() if name.startswith("plane_")}
            layers = [tuple(arrays[f"{kind}_{i}"] for kind in _PAIR) for i in range(len(widths))]
            linear = [(len(bias) - n,) if len(bias) > n else () for (_, bias), n in zip(layers, widths, strict=True)]
            layers = [(*pair, *n) for pair, n in zip(layers, linear, strict=True)]
            domain = Line(**{k: v[()] for k, v in plane.items()}) if is_line else Plane(**plane)
            fields = {name: arrays.get(name) for name in _ARRAYS}
            output = tuple(arrays[f"output_{kind}"] for kind in _PAIR) if "_classes" in arrays else None
            return cls(domain, widths, layers, n_regions, uncertain, exact=bool(exact), output=output, **fields)
        except MBHError:
            raise
        except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile, zlib.error) as error:
            raise MBHError(f"{path} is no readable partition ({error}); write one with Partition.save") from error

    # -- neighbours and points

    def _rows(self, packed: np.ndarray) -> np.ndarray:
        """Each row of words as one comparable item."""
        packed = np.ascontiguousarray(packed)
        return packed.view(np.dtype((np.void, packed.dtype.itemsize * packed.shape[1]))).ravel()

    @cached_property
    def _keys(self) -> np.ndarray:
        """What no two regions have in common: the packed pattern, and behind it the class where there is one."""
        return self.packed if self._classes is None else np.column_stack([self.packed, self.classes.astype(np.uint64)])

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows(self._keys)
        order = np.argsort(rows)
        return rows[order], order

    def _find(self, keys: np.ndarray) -> np.ndarray:
        """Region with exactly these keys, -1 where there is none: (n,) int64."""
        rows, order = self._index
        wanted = self._rows(keys)
        place = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
        return np.where(rows[place] == wanted, order[place], -1)

    def locate(self, uv) -> np.ndarray:
        """Region in which each of the points ``uv`` (n, 2) (on a line: (n,)) lies: (n,) int64, -1 outside the domain.

        A point on a common edge belongs to the region that the network's pattern (and class) at that point names.
        """
        uv = np.asarray(uv, dtype=np.float64)
        inside = self.plane.contains(uv)
        if isinstance(self.plane, Line):
            uv = np.column_stack([uv, np.full(len(uv), 0.5)])
        found = np.full(len(uv), -1, dtype=np.int64)
        if inside.any():
            points, x, bits = np.flatnonzero(inside), uv[inside], []
            for (weight, bias, *_), width in zip(self.layers, self.widths, strict=True):
                z = x @ weight.T + bias
                bits.append(_pack_words(z[:, :width] > 0))
                x = np.maximum(z, 0)
                x[:, width:] = z[:, width:]  # linear units
            if self.output is not None:
                bits.append((x @ self.output[0].T + self.output[1]).argmax(axis=1)[:, None].astype(np.uint64))
            found[points] = self._find(np.concatenate(bits, axis=1))
            for i in points[found[points] < 0]:  # on an edge, where rounding gives a pattern that has no area
                found[i] = self._nearest(uv[i])
        return found

    def _nearest(self, point: np.ndarray) -> int:
        """Region whose polygon the point is least outside of, by the largest signed distance to its edges."""
        following = np.roll(self.corners, -1, axis=0)
        following[self.offsets[1:] - 1] = self.corners[self.offsets[:-1]]
        along = following - self.corners
        away = point - self.corners
        outside = along[:, 1] * away[:, 0] - along[:, 0] * away[:, 1]
        length = np.hypot(along[:, 0], along[:, 1])
        distance = np.divide(outside, length, out=np.full(len(length), -np.inf), where=length > 0)
        return int(np.argmin(np.maximum.reduceat(distance, self.offsets[:-1])))

    @cached_property
    def _owner(self) -> np.ndarray:
        """Region of each edge, (n_edges,) int64."""
        return np.repeat(np.arange(self.n_regions), np.diff(self.offsets))

    @cached_property
    def _beyond(self) -> np.ndarray:
        """Region on the other side of each edge, (n_edges,) int64; -1 at the border of the domain."""
        other = np.full(len(self.edges), -1, dtype=np.int64)
        inner = np.flatnonzero(self.edges >= 0)
        number, keys = self.edges[inner].astype(np.int64), self._keys[self._owner[inner]]
        between = np.flatnonzero(number >= self.n_hidden)  # classes; else neurons
        keys[between, -1] = number[between] - self.n_hidden
        at_neuron = np.flatnonzero(number < self.n_hidden)
        word, bit = _place_of(self.widths, number[at_neuron])
        keys[at_neuron, word] ^= bit
        other[inner] = self._find(keys)
        lost = inner[other[inner] < 0]
        if len(lost):
            other[lost] = self._across(lost, self._owner[lost])
        return other

    def adjacency(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of regions that share an edge, (m, 2) int64, smaller index first, and the neuron between them, (m,).

        Across an edge just its neuron changes its state; where zero lines coincide several do, and one is named.
        It is -1 on a decision boundary, where the class changes and no neuron does.
        """
        found = self._beyond >= 0
        pairs, neuron = np.sort(np.column_stack([self._owner, self._beyond])[found], axis=1), self.edges[found]
        pairs, which = np.unique(pairs, axis=0, return_index=True)
        return pairs, np.where(neuron < self.n_hidden, neuron, -1)[which].astype(np.int64)

    def decision_boundary(self) -> np.ndarray:
        """The edges between regions of different classes, (m, 2, 2) float64: both ends in plane coordinates."""
        classes, far = self.classes, self._beyond
        edges = np.flatnonzero((far > self._owner) & (classes[far] != classes[self._owner]))
        last = edges + 1 == self.offsets[self._owner[edges] + 1]
        ends = np.where(last, self.offsets[self._owner[edges]], edges + 1)
        return np.stack([self.corners[edges], self.corners[ends]], axis=1)

    def _across(self, corner: np.ndarray, region: np.ndarray) -> np.ndarray:
        """Region on the other side of the edges that begin at these corners: the one just beyond their middle."""
        last = corner + 1 == self.offsets[region + 1]
        p, q = self.corners[corner], self.corners[np.where(last, self.offsets[region], corner + 1)]
        along = q - p
        step = np.sqrt(np.finfo(float).eps) * along[:, ::-1] * (1, -1)
        beyond = (p + q) / 2 + step
        found = self.locate(beyond[:, 0] if isinstance(self.plane, Line) else beyond)
        return np.where(found == region, -1, found)


def _place_of(widths: tuple[int, ...], neurons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Word and bit that hold each neuron's state in packed patterns: (k,) int64 and (k,) uint64."""
    first = np.concatenate([[0], np.cumsum(widths)])
    words = np.concatenate([[0], np.cumsum([(n + 63) // 64 for n in widths])])
    layer = np.searchsorted(first, neurons, side="right") - 1
    inside = neurons - first[layer]
    return words[layer] + inside // 64, np.uint64(1) << (inside % 64).astype(np.uint64)


def _pattern_masks(widths: tuple[int, ...], patterns: Sequence[DecisionPattern]) -> tuple[np.ndarray, np.ndarray]:
    """Bits that decision patterns constrain, and their values, both (m, n_words) uint64."""
    n_hidden = sum(widths)
    masks = np.zeros((2, len(patterns), sum((n + 63) // 64 for n in widths)), dtype=np.uint64)
    for j, pattern in enumerate(patterns):
        neurons = np.asarray(pattern.neurons, dtype=np.int64)
        if len(neurons) and neurons.max() >= n_hidden:
            raise MBHError(
                f"the decision pattern constrains neuron {neurons.max()}, but this network has "
                f"{n_hidden} hidden neurons (0 to {n_hidden - 1})"
            )
        word, bit = _place_of(widths, neurons)
        np.bitwise_or.at(masks[0, j], word, bit)
        np.bitwise_or.at(masks[1, j], word[pattern.states], bit[pattern.states])
    return masks[0], masks[1]


def _areas_under(packed: np.ndarray, areas: np.ndarray, masks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Total area (m,) of the regions that agree with each of m masked patterns."""
    from mbh_utils import _cells

    used = np.flatnonzero(masks.any(axis=0))
    columns, masks, values = (np.ascontiguousarray(x) for x in (packed[:, used].T, masks[:, used], values[:, used]))
    return _cells.blanket_areas(columns, np.ascontiguousarray(areas), masks, values)


def _unpack_words(widths: tuple[int, ...], packed: np.ndarray) -> list[np.ndarray]:
    """States (n, n_l) bool of each layer in packed patterns (n, n_words)."""
    states, start = [], 0
    for width in widths:
        words = np.ascontiguousarray(packed[:, start : start + (width + 63) // 64]).astype("<u8")
        states.append(np.unpackbits(words.view(np.uint8), axis=1, count=width, bitorder="little").view(bool))
        start += (width + 63) // 64
    return states


def _pack_words(states: np.ndarray) -> np.ndarray:
    """One layer's states (n, n_l) bool as words (n, ceil(n_l / 64)) uint64, first neuron in the lowest bit."""
    n, width = states.shape
    padded = np.zeros((n, (width + 63) // 64 * 64), dtype=bool)
    padded[:, :width] = states
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)
