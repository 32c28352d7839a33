"""Arrays that the partition's kernel works on: the network, the stack of nodes and the regions; and how they grow."""

import threading
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from mbh_utils.computing.addresses import aligned_zeros
from mbh_utils.networks import layer_widths
from mbh_utils.regions.kernel import layout
from mbh_utils.regions.planes import Line, Plane
from mbh_utils.regions.restriction import HiddenNetwork, Restriction

SLOTS = 32  # of the stack to begin with: few planes need more
DEEP = 3  # hidden layers up to which bounds of errors are worked out once, and not on each node
_PER_SLOT = (
    "polygon", "far", "corners", "layer", "waiting", "length", "tested", "bits", "map", "doubt", "pending", "touched",
)  # fmt: skip


class NetworkArrays:
    """Makes the kernel's ``Layers`` of a network on one plane after the other; what they share is made once.

    has_output: whether the last one of the layers is the output layer.
    """

    def __init__(self, layers: list[tuple], has_output: bool = False):
        self.network = HiddenNetwork(layers)
        self.has_output = has_output

    @cached_property
    def shared(self):
        """The same on all planes; what is not is empty. Only of networks without merged linear units."""
        return _plane_free(self.network.layers, self.has_output)

    def on(self, restriction: Restriction):
        """The kernel's ``Layers`` on the plane of a restriction of the network, and the map (3, n_1) of its first."""
        merged = restriction.n_merged > 0  # into the second layer, which then depends on the plane
        net = _plane_free(restriction.on_plane, self.has_output) if merged else self.shared
        error = np.zeros((3, net.n_neurons + 64))
        if merged:
            error[:, : net.n_neurons] = np.concatenate(restriction.errors, axis=1)
        else:
            error[:, : net.n_neurons] = restriction.all_errors.T
        changed = {"error": error, "rounding": np.array(self.network.roundings)}
        if len(net.target):
            changed["alike"] = _alike(restriction)
        if restriction.precise:
            changed |= _refinement(restriction, net.span, net.listed)
        return net._replace(**changed), restriction.first_map.T


def network_arrays(restriction: Restriction, has_output: bool = False):
    """The kernel's ``Layers`` of a network on a plane, and the map (3, n_1) of its first layer."""
    return NetworkArrays(restriction.layers, has_output).on(restriction)


def _plane_free(layers: list[tuple], has_output: bool):
    """The kernel's ``Layers`` but for what depends on the plane."""
    widths = tuple([len(layer[1]) for layer in layers])
    listed = (False, *(_is_sparse(layer[0]) for layer in layers[1:]), False)
    net = _of_widths(widths, layer_widths(layers), listed, has_output)
    lists = _lists(layers, net.listed) if any(listed) else {}
    bias = np.concatenate([*(layer[1] for layer in layers), _PADDING])
    return net._replace(weights=_rows(layers, net.span.tolist(), listed), bias=bias, **lists)


_PADDING = np.zeros(64)  # of what is read in whole lanes
_NO_NUMBERS = np.zeros(0)
_NO_COUNTS = np.zeros(0, dtype=np.int64)


@lru_cache(maxsize=64)
def _of_widths(
    widths: tuple[int, ...], n_relu: tuple[int, ...], listed: tuple[bool, ...], has_output: bool
):
    """What of the kernel's ``Layers`` follows from the widths alone; the rest is empty, as it stays in most networks.

    n_relu: units of each layer that are neurons. listed: for each layer, whether weights into it are lists.
    """
    layer_sizes = np.array(widths, dtype=np.int64)
    span = np.append((layer_sizes + 15) // 16 * 16, 0)
    rooms = np.where(listed[1:], 0, span[1:])
    n_neurons = sum(widths)
    no_list = np.zeros(n_neurons + 1, dtype=np.int64)
    return layout.Layers(
        n_layers=len(widths) - has_output,
        n_neurons=n_neurons,
        widths=layer_sizes,
        n_relu=np.array(n_relu, dtype=np.int64),
        span=span,
        first=np.concatenate([[0], np.cumsum(layer_sizes)]),
        word=np.concatenate([[0], np.cumsum((layer_sizes + 63) // 64)]),
        weights=_NO_NUMBERS,
        row=np.concatenate([[0], np.cumsum(np.repeat(rooms, layer_sizes))]),
        listed=np.array(listed, dtype=np.int64),
        onwards=no_list,
        target=_NO_COUNTS,
        weight=_NO_NUMBERS,
        inwards=no_list,
        source=_NO_COUNTS,
        incoming=_NO_NUMBERS,
        alike=np.arange(widths[0]),
        bias=_NO_NUMBERS,
        error=_NO_NUMBERS,
        refined=0,
        first_map=np.zeros((6, 0)),
        inputs=np.zeros((0, 0)),
        refined_error=np.zeros((3, 0)),
        deep=int(len(widths) - has_output > DEEP),
        rounding=_NO_NUMBERS,
    )


def _is_sparse(weight: np.ndarray) -> bool:
    """Whether a layer's weights are so few that lists of them take less work than whole rows."""
    return len(weight) >= 512 and 16 * np.count_nonzero(weight) < weight.size


def _rows(layers: list[tuple], span: list[int], listed: tuple[bool, ...]) -> np.ndarray:
    """Weights into each layer that has no lists, by the unit that they come from."""
    rooms = [0 if has_list else room for has_list, room in zip(listed[1:], span[1:], strict=True)]
    sizes = [len(layer[1]) * room for layer, room in zip(layers, rooms, strict=True)]
    weights = aligned_zeros((sum(sizes),))
    start = 0
    for (weight, *_), room, size in zip(layers[1:], rooms, sizes, strict=False):
        if room:
            rows = weights[start : start + size].reshape(-1, room)
            rows[:, : len(weight)] = weight.T
        start += size
    return weights


def _lists(layers: list[tuple], listed: np.ndarray) -> dict[str, np.ndarray]:
    """Weights into each layer that has lists: by the unit that they come from, and by the unit that they lead to."""
    n_onwards, n_inwards = [], [np.zeros(len(layers[0][1]), dtype=np.int64)]
    parts = {"target": [], "weight": [], "source": [], "incoming": []}
    for (weight, *_), has_list in zip(layers[1:], listed[1:], strict=False):
        if not has_list:
            n_onwards.append(np.zeros(weight.shape[1], dtype=np.int64))
            n_inwards.append(np.zeros(weight.shape[0], dtype=np.int64))
            continue
        there = weight != 0
        n_onwards.append(np.count_nonzero(there, axis=0))
        n_inwards.append(np.count_nonzero(there, axis=1))
        sources, targets = np.nonzero(there.T)
        parts["target"].append(targets)
        parts["weight"].append(weight[targets, sources])
        targets, sources = np.nonzero(there)
        parts["source"].append(sources)
        parts["incoming"].append(weight[targets, sources])
    n_onwards.append(np.zeros(len(layers[-1][1]), dtype=np.int64))
    starts = {
        "onwards": np.concatenate([[0], np.cumsum(np.concatenate(n_onwards))]),
        "inwards": np.concatenate([[0], np.cumsum(np.concatenate(n_inwards))]),
    }
    kinds = {"target": np.int64, "weight": np.float64, "source": np.int64, "incoming": np.float64}
    return starts | {
        name: np.concatenate([np.zeros(0, kinds[name]), *found]) for name, found in parts.items()
    }


def _refinement(restriction: Restriction, span: np.ndarray, listed: np.ndarray) -> dict:
    """What the kernel needs for lines of the second layer in twofold precision; a precise restriction has them."""
    layers = restriction.layers
    if len(layers) < 2 or restriction.n_merged or listed[1]:
        return {}
    maps = restriction.first_map
    weight = layers[1][0]
    first_map = np.zeros((6, span[0]))
    first_map[:, : len(maps)] = np.column_stack([maps, restriction.remainders]).T
    inputs = np.zeros((len(weight), span[0]))
    inputs[:, : weight.shape[1]] = weight
    return {
        "refined": 1,
        "first_map": first_map,
        "inputs": inputs,
        "refined_error": restriction.refined_errors,
    }


def _alike(restriction: Restriction) -> np.ndarray:
    """For each unit of the first layer the first one that is exactly the same function on the plane, (n_1,) int64."""
    maps, errors = restriction.first_map, restriction.errors[0].T
    order = np.lexsort(maps.T)
    close = (
        np.abs(np.diff(maps[order], axis=0)) <= 2 * (errors[order[1:]] + errors[order[:-1]])
    ).all(axis=1)
    alike, exact = np.arange(len(maps)), restriction.exact
    n_own = (
        len(maps) - 2 if restriction.n_merged else len(maps)
    )  # two units stand for all that are merged
    for group in np.split(order, np.flatnonzero(~close) + 1):
        found: dict = {}
        for i in sorted(group[group < n_own].tolist()) if len(group) > 1 else ():
            alike[i] = found.setdefault(exact.first(i), i)
    return alike


class Workspace:
    """The kernel's ``NodeStack`` for planes of one number of edges and networks of one size; it grows where needed.

    A thread keeps the last one for its next plane. While one is in use nobody else can take it.
    """

    def __init__(self, room: "_Room"):
        self.room = room
        self.stack = _new_stack(room)
        self.border = self.stack.lines[: room.corners]
        self.stack = self.stack._replace(lines=self.stack.lines[room.corners :])

    @classmethod
    def taken(cls, net, plane: Plane | Line) -> "Workspace":
        """This thread's spare one if it fits, or a new one."""
        widest = max(net.widths.tolist())
        room = _Room(SLOTS, len(plane.corners), net.n_neurons, int(net.word[-1]), widest, net.deep)
        spare = vars(_of_thread).pop("spare", None)
        return spare if spare is not None and spare.room == room else cls(room)

    def give_back(self) -> None:
        """Nobody uses it any more; the thread's next plane may."""
        if (
            sum(array.nbytes for array in (self.stack.polygon, self.stack.map, self.stack.waiting))
            <= _MOST_SPARE
        ):
            _of_thread.spare = self

    def start(self, net, first_map: np.ndarray, plane: Plane | Line, limits: tuple[float, float]):
        """The stack with one node: the whole domain, no layer entered.

        It may have been used before: what is written here is all that is read before the kernel writes it. (Behind
        the ends of polygons the kernel reads numbers that count for nothing, but they must be numbers.)
        """
        stack, k = self.stack, self.room.corners
        stack.polygon[:] = 0.0
        polygon = stack.polygon[0]
        polygon[: layout.V + 1, :k] = plane.corners.T
        polygon[layout.EDGE, :k] = np.arange(-1.0, -1.0 - k, -1.0)
        polygon[:, k:] = polygon[:, :1]
        stack.far[0] = np.abs(polygon[: layout.ERROR + 1]).max(axis=1)
        stack.corners[0] = k
        for row in (stack.layer, stack.length, stack.tested, stack.bits, stack.touched):
            row[0] = 0
        stack.pending[0] = -1
        stack.map[0, :, : first_map.shape[1]] = first_map
        if net.deep:
            stack.doubt[0, :, : first_map.shape[1]] = net.error[:, : first_map.shape[1]]
        stack.lines[:, layout.EA : layout.EC + 1] = net.error[:, : net.n_neurons].T
        self.border[:, : layout.EC + 1] = plane.border[::-1]
        stack.verdict[:] = layout.UNKNOWN
        stack.limits[:] = limits
        stack.state[:] = 0
        stack.state[layout.PIVOT] = -1
        return stack


class _Room(NamedTuple):
    """What the sizes of a stack's arrays follow from."""

    slots: int
    corners: int
    n_neurons: int
    words: int
    widest: int
    deep: int


_of_thread = threading.local()
_MOST_SPARE = 4 << 20  # bytes of the workspace that a thread keeps


def _new_stack(room: _Room):
    """An empty stack; ``lines`` begins with the domain's edges."""
    slots, words = room.slots, room.words
    corners = _padded(room.corners + 24)
    longest = _padded(room.widest)
    stride = _padded(words)
    pad = _padded(room.widest + 56)
    return layout.NodeStack(
        slots=slots,
        room=corners,
        longest=longest,
        words=words,
        stride=stride,
        pad=pad,
        polygon=aligned_zeros((slots, layout.CORNER_SIZE, corners)),
        far=np.zeros((slots, 3)),
        corners=np.zeros(slots, dtype=np.int64),
        layer=np.zeros(slots, dtype=np.int64),
        waiting=np.zeros((slots, longest), dtype=np.int64),
        length=np.zeros(slots, dtype=np.int64),
        tested=np.zeros(slots, dtype=np.int64),
        bits=np.zeros((slots, stride), dtype=np.uint64),
        map=aligned_zeros((slots, 3, pad)),
        doubt=aligned_zeros((slots, 3, pad if room.deep else 0)),
        pending=np.zeros(slots, dtype=np.int64),
        touched=np.zeros(slots, dtype=np.uint8),
        joining=np.zeros(longest + 1, dtype=np.int64),
        lines=aligned_zeros((room.corners + room.n_neurons, layout.LINE_SIZE)),
        verdict=np.zeros(room.n_neurons, dtype=np.uint8),
        side=np.zeros(corners, dtype=np.int8),
        crossing=np.zeros(words, dtype=np.uint64),
        value=np.zeros(corners),
        old=np.zeros((layout.CORNER_SIZE, 2 * corners)),
        limits=np.zeros(2),
        state=np.zeros(layout.STATE_SIZE, dtype=np.int64),
    )


def _padded(n: int) -> int:
    """n rounded up to whole lanes."""
    return -(-n // layout.LANES) * layout.LANES


def empty_cells(n_words: int, n: int, n_corners: int, n_outputs: int = 0):
    """The kernel's ``RegionBuffer`` with room for n regions."""
    return layout.RegionBuffer(
        room=n,
        corner_room=n_corners,
        n_outputs=n_outputs,
        corners=np.empty((n_corners, 2)),
        edge=np.empty(n_corners, dtype=np.int32),
        offset=np.zeros(n + 1, dtype=np.int64),
        bits=np.empty((n + layout.LANES, n_words), dtype=np.uint64),
        area=np.empty(n),
        touched=np.empty(n, dtype=np.uint8),
        error=np.empty(n if n_outputs else 0),
        maps=np.empty((n if n_outputs else 0, 3, n_outputs)),
    )


def taller_stack(stack):
    """The same stack with twice as many slots."""
    taller = {"slots": 2 * stack.slots}
    for name in _PER_SLOT:
        array = getattr(stack, name)
        taller[name] = aligned_zeros((2 * stack.slots, *array.shape[1:]), array.dtype)
        taller[name][: stack.slots] = array
    return stack._replace(**taller)


def roomier_stack(stack):
    """The same stack with room for twice as many corners per polygon."""
    wider = {"room": 2 * stack.room}
    for name in ("polygon", "value", "old", "side"):
        array = getattr(stack, name)
        wider[name] = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
        wider[name][..., : array.shape[-1]] = array
    return stack._replace(**wider)


def resized_cells(cells, n: int, n_corners: int):
    """The same arrays with that many rows, in place where the system can (what is there stays)."""
    cells.offset.resize(n + 1, refcheck=False)
    cells.bits.resize((n + layout.LANES, cells.bits.shape[1]), refcheck=False)
    cells.area.resize(n, refcheck=False)
    cells.touched.resize(n, refcheck=False)
    cells.corners.resize((n_corners, 2), refcheck=False)
    cells.edge.resize(n_corners, refcheck=False)
    return cells._replace(room=n, corner_room=n_corners)
