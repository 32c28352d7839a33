"""Arrays that the partition's kernel works on: the network, the stack of nodes and the regions; and how they grow."""

import numpy as np

from mbh_utils._restriction import UNIT, Restriction
from mbh_utils.computing.addresses import aligned_zeros
from mbh_utils.networks import layer_widths
from mbh_utils.regions.kernel import layout

SLOTS = 32  # of the stack to begin with: few planes need more
DEEP = 3  # hidden layers up to which bounds of errors are worked out once, and not on each node
_PER_SLOT = (
    "polygon", "far", "corners", "layer", "waiting", "length", "tested", "bits", "map", "doubt", "pending", "touched",
)  # fmt: skip


def network_arrays(restriction: Restriction, has_output: bool = False):
    """The kernel's ``Layers`` of a network on a plane, and the map (3, n_1) of its first layer.

    has_output: whether the last one of the layers is the output layer.
    """
    layers = [layer[:2] for layer in restriction.on_plane]
    widths = np.array([len(bias) for _, bias in layers], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(widths)])
    span = np.append((widths + 15) // 16 * 16, 0)
    listed = np.array([False, *(_is_sparse(weight) for weight, _ in layers[1:]), False])
    error = np.zeros((3, int(first[-1]) + 64))
    error[:, : first[-1]] = np.column_stack(restriction.errors)
    net = layout.Layers(
        n_layers=len(layers) - has_output,
        n_neurons=int(first[-1]),
        widths=widths,
        n_relu=np.array(layer_widths(restriction.on_plane), dtype=np.int64),
        span=span,
        first=first,
        word=np.concatenate([[0], np.cumsum((widths + 63) // 64)]),
        **_rows(layers, span, listed),
        listed=listed.astype(np.int64),
        **_lists(layers, listed),
        alike=_alike(restriction) if listed.any() else np.arange(widths[0]),
        bias=np.concatenate([bias for _, bias in layers] + [np.zeros(64)]),
        error=error,
        **_refinement(restriction, span, listed),
        deep=int(len(layers) - has_output > DEEP),
        rounding=restriction.roundings,
    )
    return net, np.column_stack(layers[0]).T


def _is_sparse(weight: np.ndarray) -> bool:
    """Whether a layer's weights are so few that lists of them take less work than whole rows."""
    return len(weight) >= 512 and 16 * np.count_nonzero(weight) < weight.size


def _rows(layers: list[tuple], span: np.ndarray, listed: np.ndarray) -> dict[str, np.ndarray]:
    """Weights into each layer that has no lists, by the unit that they come from."""
    rooms = [0 if has_list else int(room) for has_list, room in zip(listed[1:], span[1:], strict=True)]
    row = np.concatenate([[0], np.cumsum(np.repeat(rooms, [len(bias) for _, bias in layers]))])
    weights, start = aligned_zeros((int(row[-1]),)), 0
    for (weight, _), room in zip(layers[1:], rooms, strict=False):
        n_out, n_in = weight.shape
        if room:
            weights[start : start + n_in * room].reshape(n_in, room)[:, :n_out] = weight.T
        start += n_in * room
    return {"weights": weights, "row": row}


def _lists(layers: list[tuple], listed: np.ndarray) -> dict[str, np.ndarray]:
    """Weights into each layer that has lists: by the unit that they come from, and by the unit that they lead to."""
    if not listed.any():
        n, nothing = sum(len(bias) for _, bias in layers) + 1, np.zeros(0, dtype=np.int64)
        starts = {name: np.zeros(n, dtype=np.int64) for name in ("onwards", "inwards")}
        return starts | {"target": nothing, "weight": np.zeros(0), "source": nothing, "incoming": np.zeros(0)}
    n_onwards, n_inwards = [], [np.zeros(len(layers[0][1]), dtype=np.int64)]
    parts = {"target": [], "weight": [], "source": [], "incoming": []}
    for (weight, _), has_list in zip(layers[1:], listed[1:], strict=False):
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
    return starts | {name: np.concatenate([np.zeros(0, kinds[name]), *found]) for name, found in parts.items()}


def _refinement(restriction: Restriction, span: np.ndarray, listed: np.ndarray) -> dict:
    """What the kernel needs for lines of the second layer in twofold precision; a precise restriction has them."""
    layers = restriction.on_plane
    if not restriction.precise or len(layers) < 2 or restriction.n_merged or listed[1]:
        return {
            "refined": 0,
            "first_map": np.zeros((6, 0)),
            "inputs": np.zeros((0, 0)),
            "refined_error": np.zeros((3, 0)),
        }
    (onto, shift, *_), (weight, *_) = layers[:2]
    first_map, inputs = np.zeros((6, span[0])), np.zeros((len(weight), span[0]))
    first_map[:, : len(shift)] = np.column_stack([onto, shift, restriction.remainders]).T
    inputs[:, : weight.shape[1]] = weight
    return {"refined": 1, "first_map": first_map, "inputs": inputs, "refined_error": restriction.refined_errors}


def _alike(restriction: Restriction) -> np.ndarray:
    """For each unit of the first layer the first one that is exactly the same function on the plane, (n_1,) int64."""
    (weight, bias, *_), *_ = restriction.on_plane
    maps, errors = np.column_stack([weight, bias]), restriction.errors[0].T
    order = np.lexsort(maps.T)
    close = (np.abs(np.diff(maps[order], axis=0)) <= 2 * (errors[order[1:]] + errors[order[:-1]])).all(axis=1)
    alike, exact = np.arange(len(bias)), restriction.exact
    n_own = len(bias) - 2 if restriction.n_merged else len(bias)  # two units stand for all that are merged
    for group in np.split(order, np.flatnonzero(~close) + 1):
        found: dict = {}
        for i in sorted(group[group < n_own].tolist()) if len(group) > 1 else ():
            alike[i] = found.setdefault(exact.first(i), i)
    return alike


def first_stack(net, first_map: np.ndarray, corners: np.ndarray, limits: tuple[float, float]):
    """The kernel's ``NodeStack`` with one node: the whole domain, no layer entered."""
    k = len(corners)
    n_neurons, words, widest = net.n_neurons, int(net.word[-1]), int(net.widths.max())
    room, longest, stride, pad = (_padded(n) for n in (k + 24, widest, words, widest + 56))
    lines = aligned_zeros((k + n_neurons, layout.LINE_SIZE))
    stack = layout.NodeStack(
        slots=SLOTS,
        room=room,
        longest=longest,
        words=words,
        stride=stride,
        pad=pad,
        polygon=aligned_zeros((SLOTS, layout.CORNER_SIZE, room)),
        far=np.zeros((SLOTS, 3)),
        corners=np.zeros(SLOTS, dtype=np.int64),
        layer=np.zeros(SLOTS, dtype=np.int64),
        waiting=np.zeros((SLOTS, longest), dtype=np.int64),
        length=np.zeros(SLOTS, dtype=np.int64),
        tested=np.zeros(SLOTS, dtype=np.int64),
        bits=np.zeros((SLOTS, stride), dtype=np.uint64),
        map=aligned_zeros((SLOTS, 3, pad)),
        doubt=aligned_zeros((SLOTS, 3, pad if net.deep else 0)),
        pending=np.full(SLOTS, -1, dtype=np.int64),
        touched=np.zeros(SLOTS, dtype=np.uint8),
        joining=np.zeros(longest + 1, dtype=np.int64),
        lines=lines[k:],
        verdict=np.zeros(n_neurons, dtype=np.uint8),
        side=np.zeros(room, dtype=np.int8),
        crossing=np.zeros(words, dtype=np.uint64),
        value=np.zeros(room),
        old=np.zeros((layout.CORNER_SIZE, 2 * room)),
        limits=np.array(limits),
        state=np.zeros(layout.STATE_SIZE, dtype=np.int64),
    )
    polygon = np.column_stack([corners, np.zeros(k), -1.0 - np.arange(k)])
    stack.polygon[0, :, :k], stack.polygon[0, :, k:] = polygon.T, polygon[:1].T
    stack.far[0] = np.abs(polygon[:, :3]).max(axis=0)
    stack.corners[0] = k
    stack.map[0, :, : net.widths[0]] = first_map
    if net.deep:
        stack.doubt[0, :, : net.widths[0]] = net.error[:, : net.widths[0]]
    stack.lines[:, layout.EA : layout.EC + 1] = net.error[:, :n_neurons].T
    lines[:k, : layout.EC + 1] = _border_lines(corners)[::-1]
    stack.state[layout.PIVOT] = -1
    return stack


def _padded(n: int) -> int:
    """n rounded up to whole lanes."""
    return -(-n // layout.LANES) * layout.LANES


def _border_lines(corners: np.ndarray) -> np.ndarray:
    """The lines along the domain's edges as the kernel knows lines, (k, 6): a, b, c, and bounds of their errors."""
    u, v = corners.T
    along = np.concatenate([corners[1:], corners[:1]]) - corners
    a, b = -along[:, 1], along[:, 0]
    errors = 8 * UNIT * np.abs([a, b, np.abs(a * u) + np.abs(b * v)])
    return np.stack([a, b, -(a * u + b * v), *errors], axis=1)


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
    rows = {"offset": n + 1, "bits": n + layout.LANES, "area": n, "touched": n, "corners": n_corners, "edge": n_corners}
    for name, m in rows.items():
        array = getattr(cells, name)
        array.resize((m, *array.shape[1:]), refcheck=False)
    return cells._replace(room=n, corner_room=n_corners)
