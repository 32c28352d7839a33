"""The exact activation regions of a ReLU network on a plane or a line (Algorithm 2, section 5.1.1 of the thesis).

"Exact" means: for the network's float64 weights, on the plane that goes through its spanning points, the set of regions
and their patterns are those of exact arithmetic. What stays rounded are the plane's coordinates: an orthonormal basis
that was given by hand, and the corners of the domain, are taken as the float64 numbers that they are.

The descent itself is in ``regions/kernel/descent.py``; this file prepares it, feeds it with memory, answers its
questions by exact arithmetic (``_exact.py``), and wraps what comes out (``result.py``).
"""

import sys
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from mbh_utils import _given, _memory
from mbh_utils._exact import Oracle, meet, rounded
from mbh_utils._progress import Progress
from mbh_utils._restriction import Restriction
from mbh_utils.bits import pack_words
from mbh_utils.errors import MBHError
from mbh_utils.networks import layer_widths
from mbh_utils.reading import domain_points, read_network
from mbh_utils.regions.kernel import descent, layout
from mbh_utils.result import Blanket, Partition
from mbh_utils.subspaces import Line, Plane

__all__ = ["Blanket", "Partition", "partition_input_space"]

_KEEP = ("polygons", "areas", "patterns")
_WORK = 50_000_000  # multiplications of the kernel between two looks at the progress (and at Ctrl-C): about 0.1 s
# Largest error of an area that needs no redrawing by exact arithmetic: of the domain's area, and of the region's own.
_SOUND, _EXACT = (5e-10, 1.0), (np.inf, 5e-10)


def partition_input_space(
    network,
    plane: Plane | Line,
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
    exact: bool = False,
    decision_boundary: bool = False,
    progress: bool | Callable[[float, int], None] | None = None,
) -> Partition:
    """All activation regions of a network's hidden layers on a plane or a line: a :class:`Partition` (Algorithm 2).

    network: anything :func:`mbh_utils.hidden_layers` understands. output_layer: whether a Sequential's last Linear
    is the output layer. keep: what the result shall hold, out of "polygons", "areas" and "patterns"; leaving out the
    polygons halves its memory.
    exact: signs that float64 cannot tell for certain are settled by integer arithmetic in any case, so the regions and
    their patterns are always those of exact arithmetic. Areas are right to 1e-9 of the domain's area; with exact=True
    each is right to 1e-9 of itself, which costs about a millisecond for each region that has to be drawn again.
    decision_boundary: cut the activation regions also where the predicted class changes, which is the output that is
    the largest (the first one of equal ones): every region then has one class, :attr:`Partition.classes`, and several
    regions may have the same pattern. Needs a network with an output layer.
    progress: None shows a bar on stderr when it takes longer than five seconds, False never; True shows it at once, and
    before that what is expected (:func:`mbh_utils.expected_cost`). A function is called a few times a second with the
    share of the domain that is done and the number of regions so far.

    The work is done in one thread (which holds no GIL, so that planes may run side by side in threads), and can be
    interrupted (Ctrl-C, or Jupyter's button). Raises MBHError when the plane lies in another space than the network's
    inputs.
    """
    keep, plane = _checked_keep(keep), _one_plane(plane)
    output_layer, exact = _given.flag("output_layer", output_layer), _given.flag("exact", exact)
    decision_boundary = _given.flag("decision_boundary", decision_boundary)
    if progress is True:
        from mbh_utils._cost import expected_cost

        print(f"partition: {expected_cost(network, plane, output_layer=output_layer)} expected", file=sys.stderr)
    with Progress(progress, plane.area) as bar:
        if decision_boundary:
            if not output_layer:
                raise MBHError(
                    "decision_boundary=True needs the output layer, which output_layer=False makes a hidden one"
                )
            layers = read_network(network, points=domain_points(plane)).layers_with_output()
            return _decided(_restricted(layers, plane, exact, len(layers) - 1), keep, exact, bar)
        layers = read_network(network, output_layer=output_layer, points=domain_points(plane)).layers()
        return _plain(_restricted(layers, plane, exact, len(layers)), keep, exact, bar)


def _restricted(layers: list[tuple], plane: Plane | Line, exact: bool, n_hidden: int) -> Restriction:
    """The network on the plane; of deep ones the first layer is precise, since its errors grow with every layer."""
    return Restriction(layers, plane, precise=exact or n_hidden > _memory.DEEP)


def _checked_keep(keep: Sequence[str]) -> tuple[str, ...]:
    keep = [keep] if isinstance(keep, str) else list(keep) if isinstance(keep, set) else keep
    keep = _given.listed("keep", keep, f"some of {', '.join(_KEEP)}")
    if unknown := [name for name in keep if not isinstance(name, str) or name not in _KEEP]:
        raise MBHError(f"keep names {_given.shown(unknown[0])}; expected some of {', '.join(_KEEP)}")
    return tuple(keep)


def _one_plane(plane) -> Plane | Line:
    if isinstance(plane, list | tuple):
        raise MBHError(
            f"plane is a {type(plane).__name__} of {len(plane)}; expected one Plane or Line: partition one by one, "
            "[partition_input_space(network, plane) for plane in planes]"
        )
    return _given.kind_of(
        "plane", plane, Plane | Line, "one Plane, as Plane.through(three_samples) makes it, or a Line"
    )


# ------------------------------------------------------------------------------------------------ running the kernel


def _go_on(net, stack, cells, oracle: Oracle, bar: Progress):
    """Run the kernel until it is done or ``cells`` are full -> whether it is done, and the stack as it then is."""
    stack.state[layout.WORK] = _WORK
    while True:
        reason = descent.descend(net, stack, cells)
        if reason in (layout.DONE, layout.CELLS_FULL):
            return reason == layout.DONE, stack
        if reason == layout.STACK_FULL:
            stack = _memory.taller_stack(stack)
        elif reason == layout.CORNERS_FULL:
            stack = _memory.roomier_stack(stack)
        elif reason == layout.QUESTION:
            oracle.answer(stack)
        elif reason == layout.REDRAW:
            oracle.redraw(stack, cells)
        else:
            stack.state[layout.WORK] = _WORK
            n = int(stack.state[layout.N_CELLS])
            bar.show(float(cells.area[:n].sum()), n)


def descend(net, stack, plane: Plane | Line, polygons: bool, oracle: Oracle, bar: Progress):
    """Run the kernel to its end; all regions, and how many signs were uncertain."""
    n = min(net.n_neurons**2 // 2 + 256, 1 << 17)  # a guess that often fits; what is not written costs nothing
    cells = _memory.empty_cells(stack.words, n, 5 * n if polygons else 0)
    done, stack = _go_on(net, stack, cells, oracle, bar)
    while not done:
        # As many as the share of the plane that is done lets expect: what a larger array gains is filled with zeros.
        share = cells.area[: stack.state[layout.N_CELLS]].sum() / plane.area
        n = int(n * 1.05 / max(share, 0.5)) + 1024
        cells = _memory.resized_cells(cells, n, 5 * n if polygons else 0)
        done, stack = _go_on(net, stack, cells, oracle, bar)
    n, n_corners, uncertain = stack.state[[layout.N_CELLS, layout.N_CORNERS, layout.UNCERTAIN]].tolist()
    cells = _memory.resized_cells(cells, n, n_corners)
    return cells._replace(bits=cells.bits[:n]), uncertain


def _plain(restriction: Restriction, keep: tuple[str, ...], exact: bool, bar: Progress) -> Partition:
    plane = restriction.plane
    net, first_map = _memory.network_arrays(restriction)
    oracle = Oracle(restriction, net.widths)
    polygons = "polygons" in keep or isinstance(plane, Line)
    stack = _memory.first_stack(net, first_map, plane.corners, limits_of(plane, exact))
    cells, uncertain = descend(net, stack, plane, polygons, oracle, bar)
    if isinstance(plane, Line):
        cells, _ = _along(cells, oracle)
    if not np.array_equal(net.n_relu, net.widths):
        cells = _only_neurons(net, cells)
    return _partition(restriction, cells, uncertain, keep, exact)


def _decided(restriction: Restriction, keep: tuple[str, ...], exact: bool, bar: Progress) -> Partition:
    """The same with regions cut by their classes, block by block; the last one of the layers is the output layer."""
    from mbh_utils._decision import Decision

    plane = restriction.plane
    net, first_map = _memory.network_arrays(restriction, has_output=True)
    oracle = Oracle(restriction, net.widths)
    limits = limits_of(plane, exact)
    stack, n_outputs = _memory.first_stack(net, first_map, plane.corners, limits), int(net.widths[-1])
    decision = Decision(net, restriction, oracle, limits)
    room = max(64, 2**18 // n_outputs)  # regions per block, whose outputs then stay in the cache
    block = _memory.empty_cells(stack.words, room, 5 * room, n_outputs)
    parts, classes, done = [], [], False
    while not done:
        done, stack = _go_on(net, stack, block, oracle, bar)
        n, k = int(stack.state[layout.N_CELLS]), int(stack.state[layout.N_CORNERS])
        stack.state[[layout.N_CELLS, layout.N_CORNERS]] = 0
        rows = {"offset": n + 1, "bits": n, "area": n, "touched": n, "corners": k, "edge": k, "error": n, "maps": n}
        cells, winners = decision.cut(block._replace(**{name: getattr(block, name)[:m] for name, m in rows.items()}))
        bar.add(cells.area.sum(), len(cells.area))
        parts.append(cells)
        classes.append(winners)
    cells, classes = _joined(parts), np.concatenate(classes)
    if isinstance(plane, Line):
        cells, order = _along(cells, oracle, classes)
        classes = classes[order]
    uncertain = int(stack.state[layout.UNCERTAIN]) + decision.uncertain
    return _partition(restriction, _only_neurons(net, cells), uncertain, keep, exact, classes)


def limits_of(plane: Plane | Line, exact: bool = False) -> tuple[float, float]:
    """Largest error of an area that needs no redrawing, and as a share of that area."""
    absolute, relative = _EXACT if exact else _SOUND
    return absolute * plane.area, relative


# ---------------------------------------------------------------------------------------------------- what comes out


def _along(cells, oracle: Oracle, classes=None):
    """The strips over a line from left to right, and their order: each is a rectangle, so all have four corners."""
    across = cells.corners.reshape(-1, 4, 2)[:, :, 0]
    starts = across.min(axis=1)
    order = np.argsort(starts, kind="stable")
    close = np.diff(starts[order]) <= 1e-9 * (starts.max() - starts.min())
    for group in np.split(order, np.flatnonzero(~close) + 1):
        if len(group) > 1:  # nearer to each other than float64 need know: by exact arithmetic
            ends = {i: _exact_corners(cells, i, oracle, classes) for i in group.tolist()}
            order[np.isin(order, group)] = sorted(ends, key=lambda i: min(Fraction(x, w) for x, _, w in ends[i]))  # noqa: B023
            for i, corners in ends.items():
                cells.corners[4 * i : 4 * i + 4], cells.area[i] = rounded(corners)
    cells = cells._replace(
        corners=cells.corners.reshape(-1, 4, 2)[order].reshape(-1, 2),
        edge=np.ascontiguousarray(cells.edge.reshape(-1, 4)[order].ravel()),
        **{name: getattr(cells, name)[order] for name in ("bits", "area", "touched")},
    )
    return cells, order


def _exact_corners(cells, i: int, oracle: Oracle, classes) -> list[tuple[int, int, int]]:
    own = None if classes is None else int(classes[i])
    lines = [oracle.edge(int(g), cells.bits[i], own) for g in cells.edge[4 * i : 4 * i + 4]]
    return [meet(lines[n - 1], lines[n]) for n in range(4)]


def _neuron_bits(net, bits: np.ndarray) -> np.ndarray:
    """The kernel's bits without those of linear units."""
    if np.array_equal(net.n_relu, net.widths):
        return bits
    words, masks = [], []
    for word, n in zip(net.word, net.n_relu, strict=False):
        if n == 0:  # the output layer
            continue
        words.append(word + np.arange((n + 63) // 64))
        masks.append(pack_words(np.ones((1, n), dtype=bool))[0])
    return bits[:, np.concatenate(words)] & np.concatenate(masks)


def _only_neurons(net, cells):
    """The kernel's regions with bits and edges that know no linear units."""
    is_neuron = np.concatenate([np.arange(n) < k for n, k in zip(net.widths, net.n_relu, strict=True)])
    number = (np.cumsum(is_neuron) - 1).astype(np.int32)
    if net.n_layers < len(net.widths):  # the outputs are numbered behind the neurons
        number[-net.widths[-1] :] += 1 + np.arange(net.widths[-1], dtype=np.int32)
    edge = np.where(cells.edge < 0, cells.edge, number[np.maximum(cells.edge, 0)])
    return cells._replace(bits=_neuron_bits(net, cells.bits), edge=edge)


def _joined(parts: list):
    """Blocks of regions as one."""
    names = ("corners", "edge", "bits", "area", "touched")
    sizes = np.concatenate([np.diff(cells.offset) for cells in parts])
    joined = {name: np.concatenate([getattr(cells, name) for cells in parts]) for name in names}
    return parts[0]._replace(offset=np.concatenate([[0], np.cumsum(sizes)]), **joined)


def _partition(restriction: Restriction, cells, uncertain: int, keep, exact: bool, classes=None) -> Partition:
    layers, output = restriction.layers, None
    if classes is not None:
        *layers, (weight, bias, _) = layers
        output = weight, bias
    return Partition(
        plane=restriction.plane,
        widths=layer_widths(layers),
        network=layers,
        n_regions=len(cells.area),
        uncertain=uncertain,
        exact=exact,
        _areas=cells.area if "areas" in keep else None,
        _packed=cells.bits if "patterns" in keep else None,
        _corners=cells.corners if "polygons" in keep else None,
        _edges=cells.edge if "polygons" in keep else None,
        _offsets=cells.offset if "polygons" in keep else None,
        touched=(cells.touched & layout.TOUCHED) > 0,
        output=output,
        _classes=classes,
    )
