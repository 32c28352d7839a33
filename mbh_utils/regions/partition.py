"""The exact activation regions of a ReLU network on a plane or a line (Algorithm 2, section 5.1.1 of the thesis).

"Exact" means: for the network's float64 weights, on the plane that goes through its spanning points, the set of regions
and their patterns are those of exact arithmetic. What stays rounded are the plane's coordinates: an orthonormal basis
that was given by hand, and the corners of the domain, are taken as the float64 numbers that they are.

The descent itself is in ``kernel/descent.py``; this file prepares it, feeds it with memory, answers its questions by exact
arithmetic (``kernel/exact.py``), and wraps what comes out (``result.py``).
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.progress import Progress
from mbh_utils.computing.side_by_side import side_by_side
from mbh_utils.computing.threads import in_task, n_threads
from mbh_utils.errors import MBHError
from mbh_utils.networks import layer_widths, n_linear
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.bits import pack_words
from mbh_utils.regions.kernel import descent as kernel
from mbh_utils.regions.kernel import layout
from mbh_utils.regions.kernel import memory as _memory
from mbh_utils.regions.kernel.exact import Oracle, meet, rounded
from mbh_utils.regions.planes import Line, Plane, domain_points
from mbh_utils.regions.restriction import Restriction, kind_of, misfit
from mbh_utils.regions.result import Blanket, Partition

__all__ = ["Blanket", "Partition", "partition_input_space"]

_KEEP = ("polygons", "areas", "patterns")
_WORK = 50_000_000  # multiplications of the kernel between two looks at the progress (and at Ctrl-C): about 0.1 s
# Largest error of an area that needs no redrawing by exact arithmetic: of the domain's area, and of the region's own.
_SOUND, _EXACT = (5e-10, 1.0), (np.inf, 5e-10)
_WORTH_THREADS = 64  # neurons; below, the kernel takes less time than handing planes to threads


def partition_input_space(
    network,
    plane: Plane | Line | Sequence[Plane | Line],
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
    exact: bool = False,
    decision_boundary: bool = False,
    progress: bool | Callable[[float, int], None] | None = None,
) -> Partition | list[Partition]:
    """All activation regions of a network's hidden layers on a plane or a line (Algorithm 2).

    Parameters
    ----------
    network
        Anything that :func:`mbh_utils.hidden_layers` understands.
    plane : Plane or Line, or a list or tuple of them
        Where to look. Of several planes all cores are used, and the network is read only once.
    output_layer : bool, default True
        Whether a ``Sequential``'s last ``Linear`` is the output layer, and no hidden one.
    keep : sequence of str, default ("polygons", "areas", "patterns")
        What the result shall hold, out of "polygons", "areas" and "patterns"; leaving out the
        polygons halves its memory.
    exact : bool, default False
        Areas are right to 1e-9 of the domain's area; with ``exact=True`` each is right to 1e-9 of
        itself, which costs about a millisecond for each region that has to be drawn again.
    decision_boundary : bool, default False
        Cut the activation regions also where the predicted class changes, which is the output that
        is the largest (the first one of equal ones): every region then has one class,
        :attr:`Partition.classes`, and several regions may have the same pattern. Needs a network
        with an output layer.
    progress : None, bool, or a function
        None shows a bar on stderr when it takes longer than five seconds, False never; True shows
        it at once, and before that what is expected (:func:`mbh_utils.expected_cost`). A function
        is called a few times a second, in the thread of the caller, with the share of the domain
        (of several planes: the mean of their shares) that is done and the number of regions so far.

    Returns
    -------
    Partition or list of Partition
        Of several planes one each, in their order; each is what a call for this plane alone gives.

    Raises
    ------
    MBHError
        When an argument is not understood, when a module computes something else than was read, or
        when a plane lies in another space than the network's inputs. Of several planes the message
        names the first that is wrong, as ``planes[2]``.

    Notes
    -----
    Algorithm 2 and section 5.1.1 of the thesis, on a plane (section 5.2): found are all activation
    regions that are not empty there (Definition 3.9). An activation region is the set of inputs on
    which every hidden neuron keeps its state (active where its pre-activation is above 0); on a
    plane it is a convex polygon, on a line an interval. Signs that float64 cannot tell for certain
    are settled by integer arithmetic, so the regions and their patterns are always those of exact
    arithmetic.

    One plane is worked on by one thread, which holds no GIL. It can be interrupted (Ctrl-C, or
    Jupyter's button), and then leaves no thread at work.

    Examples
    --------
    Two neurons whose zero lines are the axes cut a square into four regions:

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> regions = mbh.partition_input_space(layers, square)
    >>> regions.areas.tolist()
    [1.0, 1.0, 1.0, 1.0]

    Of several planes and lines at once:

    >>> diagonal = mbh.Line.through([[-1, -1], [1, 1]])
    >>> [len(regions) for regions in mbh.partition_input_space(layers, [square, diagonal])]
    [4, 2]
    """
    keep = _checked_keep(keep)
    several = isinstance(plane, list | tuple)
    planes = _checked_planes(plane) if several else [_one_plane(plane)]
    options = _options(keep, exact, decision_boundary, output_layer)
    Progress.check(progress)
    request = _request(network, planes, options, several)
    if progress is True:
        _tell_cost(request, planes)
    if several:
        return list(_each(request, planes, progress, ahead=len(planes)))
    with Progress(progress, planes[0].area) as bar:
        return request.on(planes[0], bar)


def partitions(
    network,
    planes: Sequence[Plane | Line],
    *,
    output_layer: bool = True,
    keep: Sequence[str] = _KEEP,
) -> Iterator[Partition]:
    """The same for several planes, one after the other: only a few partitions are in memory at once.

    Who does not take all of them closes it (``contextlib.closing``), which ends its threads.
    """
    planes = _checked_planes(planes)
    request = _request(
        network, planes, _options(_checked_keep(keep), False, False, output_layer), True
    )
    yield from _each(request, planes, None)


# ---------------------------------------------------------------------------------------- what was asked for


class _Options(NamedTuple):
    keep: tuple[str, ...]
    exact: bool
    decision_boundary: bool
    output_layer: bool


def _options(keep: tuple[str, ...], exact, decision_boundary, output_layer) -> _Options:
    return _Options(
        output_layer=require.flag("output_layer", output_layer),
        exact=require.flag("exact", exact),
        decision_boundary=require.flag("decision_boundary", decision_boundary),
        keep=keep,
    )


def _checked_keep(keep: Sequence[str]) -> tuple[str, ...]:
    if keep is _KEEP:
        return keep
    keep = [keep] if isinstance(keep, str) else list(keep) if isinstance(keep, set) else keep
    keep = require.listed("keep", keep, f"some of {', '.join(_KEEP)}")
    if unknown := [name for name in keep if not isinstance(name, str) or name not in _KEEP]:
        raise MBHError(
            f"keep names {require.shown(unknown[0])}; expected some of {', '.join(_KEEP)}"
        )
    return tuple(keep)


def _one_plane(plane) -> Plane | Line:
    expected = "one Plane, as Plane.through(three_samples) makes it, a Line, or a list of them"
    return require.kind_of("plane", plane, Plane | Line, expected)


def _checked_planes(planes: Sequence) -> list[Plane | Line]:
    for i, plane in enumerate(planes):
        require.kind_of(
            f"planes[{i}]",
            plane,
            Plane | Line,
            "a Plane, as Plane.through(three_samples) makes it, or a Line",
        )
    return list(planes)


class _Request(NamedTuple):
    """What is to be found of a network that was read, on any plane."""

    arrays: _memory.NetworkArrays
    options: _Options

    @property
    def n_hidden(self) -> int:
        """Hidden layers."""
        return len(self.arrays.network.layers) - self.arrays.has_output

    def on(self, plane: Plane | Line, bar) -> Partition:
        """The partition of one plane."""
        # Of deep networks the first layer is precise, since its errors grow with every layer.
        precise = self.options.exact or self.n_hidden > _memory.DEEP
        restriction = Restriction(self.arrays.network, plane, precise)
        net, first_map = self.arrays.on(restriction)
        descent = Descent(net, first_map, restriction, limits_of(plane, self.options.exact), bar)
        partition = (_decided if self.arrays.has_output else _plain)(descent, self.options)
        descent.space.give_back()
        return partition


def _request(network, planes: list[Plane | Line], options: _Options, several: bool) -> _Request:
    """The network, read once; where there are several planes, they are held to it here."""
    points = domain_points(planes)
    if options.decision_boundary:
        if not options.output_layer:
            raise MBHError(
                "decision_boundary=True needs the output layer, which output_layer=False makes a hidden one"
            )
        layers = read_network(network, points=points).layers_with_output()
    else:
        layers = read_network(network, output_layer=options.output_layer, points=points).layers()
    n_inputs = layers[0][0].shape[1]
    for i, plane in enumerate(planes if several else ()):
        if plane.dimension != n_inputs:
            raise MBHError(f"planes[{i}] is a {kind_of(plane)} in {misfit(plane, n_inputs)}")
    return _Request(_memory.NetworkArrays(layers, options.decision_boundary), options)


def _tell_cost(request: _Request, planes: list[Plane | Line]) -> None:
    """Print what is expected of all planes together."""
    from mbh_utils.regions.cost import expected_cost, total_cost

    layers = request.arrays.network.layers[: request.n_hidden]
    seconds = 2.0 / max(len(planes), 1)
    cost = total_cost([expected_cost(layers, plane, seconds=seconds) for plane in planes])
    print(f"partition: {cost} expected", file=sys.stderr)


def _each(
    request: _Request, planes: list[Plane | Line], progress, ahead: int | None = None
) -> Iterator[Partition]:
    """Partitions of several planes in their order, side by side in threads where that pays."""

    def work(i: int, bar) -> Partition:
        try:
            return request.on(planes[i], bar)
        except MBHError as error:
            raise MBHError(f"planes[{i}]: {error}") from error

    if progress is None and in_task():  # whoever runs tasks shows their progress
        progress = False
    neurons = sum(layer_widths(request.arrays.network.layers))
    threads = min(n_threads(), len(planes)) if neurons >= _WORTH_THREADS else 1
    with Progress(progress, len(planes)) as bar:
        yield from side_by_side(work, [plane.area for plane in planes], bar, threads, ahead)


# ------------------------------------------------------------------------------------------------ running the kernel


class Descent:
    """The kernel at work on one plane, with the memory it needs and with answers to its questions."""

    def __init__(
        self, net, first_map: np.ndarray, restriction: Restriction, limits: tuple[float, float], bar
    ):
        self.net = net
        self.restriction = restriction
        self.limits = limits
        self.bar = bar
        self.oracle = Oracle(restriction, net.widths)
        self.space = _memory.Workspace.taken(net, restriction.plane)
        self.space.start(net, first_map, restriction.plane, limits)
        self.space.stack.state[layout.WORK] = _WORK

    @property
    def state(self) -> np.ndarray:
        """Numbers that the kernel keeps between two calls."""
        return self.space.stack.state

    def fill(self, cells) -> bool:
        """Run the kernel until it is done or ``cells`` are full -> whether it is done."""
        space = self.space
        while True:
            reason = kernel.descend(self.net, space.stack, cells)
            if reason == layout.DONE or reason == layout.CELLS_FULL:
                return reason == layout.DONE
            if reason == layout.STACK_FULL:
                space.stack = _memory.taller_stack(space.stack)
            elif reason == layout.CORNERS_FULL:
                space.stack = _memory.roomier_stack(space.stack)
            elif reason == layout.QUESTION:
                self.bar.check_stop()
                self.oracle.answer(space.stack)
            elif reason == layout.REDRAW:
                self.bar.check_stop()
                self.oracle.redraw(space.stack, cells)
            else:
                self.state[layout.WORK] = _WORK
                n = int(self.state[layout.N_CELLS])
                self.bar.show(float(cells.area[:n].sum()), n)

    def all_regions(self, polygons: bool):
        """Run the kernel to its end -> all regions, and how many signs were uncertain."""
        # A guess that often fits; what is not written costs nothing.
        n = min(self.net.n_neurons**2 // 2 + 256, 1 << 17)
        cells = _memory.empty_cells(self.space.stack.words, n, 5 * n if polygons else 0)
        while not self.fill(cells):
            # As many as the share of the plane that is done lets expect: what is gained is filled with zeros.
            share = cells.area[: self.state[layout.N_CELLS]].sum() / self.restriction.plane.area
            n = int(n * 1.05 / max(share, 0.5)) + 1024
            cells = _memory.resized_cells(cells, n, 5 * n if polygons else 0)
        _, n, n_corners, uncertain, *_ = self.state.tolist()
        cells = _memory.resized_cells(cells, n, n_corners)
        return cells._replace(bits=cells.bits[:n]), uncertain


def _plain(descent: Descent, options: _Options) -> Partition:
    restriction = descent.restriction
    is_line = isinstance(restriction.plane, Line)
    cells, uncertain = descent.all_regions(is_line or "polygons" in options.keep)
    if is_line:
        cells, _ = _along(cells, descent.oracle)
    if any(map(n_linear, restriction.layers)):
        cells = _only_neurons(descent.net, cells)
    return _partition(restriction, cells, uncertain, options)


def _decided(descent: Descent, options: _Options) -> Partition:
    """The same with regions cut by their classes, block by block; the last one of the layers is the output layer."""
    from mbh_utils.regions.decision import Decision

    net, restriction, oracle, state = (
        descent.net,
        descent.restriction,
        descent.oracle,
        descent.state,
    )
    n_outputs = int(net.widths[-1])
    decision = Decision(net, restriction, oracle, descent.limits)
    room = max(64, 2**18 // n_outputs)  # regions per block, whose outputs then stay in the cache
    block = _memory.empty_cells(descent.space.stack.words, room, 5 * room, n_outputs)
    parts, classes, done = [], [], False
    while not done:
        done = descent.fill(block)
        n, k = int(state[layout.N_CELLS]), int(state[layout.N_CORNERS])
        state[[layout.N_CELLS, layout.N_CORNERS]] = 0
        rows = {
            "offset": n + 1,
            "bits": n,
            "area": n,
            "touched": n,
            "corners": k,
            "edge": k,
            "error": n,
            "maps": n,
        }
        cells, winners = decision.cut(
            block._replace(**{name: getattr(block, name)[:m] for name, m in rows.items()})
        )
        descent.bar.add(cells.area.sum(), len(cells.area))
        parts.append(cells)
        classes.append(winners)
    cells, classes = _joined(parts), np.concatenate(classes)
    if isinstance(restriction.plane, Line):
        cells, order = _along(cells, oracle, classes)
        classes = classes[order]
    uncertain = int(state[layout.UNCERTAIN]) + decision.uncertain
    return _partition(restriction, _only_neurons(net, cells), uncertain, options, classes)


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
            order[np.isin(order, group)] = sorted(
                ends, key=lambda i: min(Fraction(x, w) for x, _, w in ends[i])
            )  # noqa: B023
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
    is_neuron = np.concatenate(
        [np.arange(n) < k for n, k in zip(net.widths, net.n_relu, strict=True)]
    )
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


def _partition(
    restriction: Restriction, cells, uncertain: int, options: _Options, classes=None
) -> Partition:
    layers, output = restriction.layers, None
    if classes is not None:
        *layers, (weight, bias, _) = layers
        output = weight, bias
    keep = options.keep
    polygons = "polygons" in keep
    return Partition(
        plane=restriction.plane,
        widths=layer_widths(layers),
        network=layers,
        n_regions=len(cells.area),
        uncertain=uncertain,
        exact=options.exact,
        _areas=cells.area if "areas" in keep else None,
        _packed=cells.bits if "patterns" in keep else None,
        _corners=cells.corners if polygons else None,
        _edges=cells.edge if polygons else None,
        _offsets=cells.offset if polygons else None,
        touched=cells.touched.view(np.bool_),  # TOUCHED is 1
        output=output,
        _classes=classes,
    )
