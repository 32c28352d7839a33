"""The network as the kernel has it: its weights, bounds of errors, and where in these a unit's are.

``layout.py`` says what each array holds.
"""

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from mbh_utils.computing.addresses import aligned_zeros
from mbh_utils.networks import layer_widths
from mbh_utils.regions.kernel import layout
from mbh_utils.regions.restriction import HiddenNetwork, Restriction

DEEP = 3  # hidden layers up to which bounds of errors are worked out once, and not on each node

_PADDING = np.zeros(64)  # of what is read in whole lanes
_NO_NUMBERS = np.zeros(0)
_NO_COUNTS = np.zeros(0, dtype=np.int64)


class NetworkArrays:
    """Makes the kernel's ``Layers`` of a network on one plane after the other.

    What these share is made once.

    has_output: whether the last one of the layers is the output layer.
    """

    def __init__(self, layers: list[tuple], has_output: bool = False):
        self.network = HiddenNetwork(layers)
        self.has_output = has_output

    @cached_property
    def shared(self) -> layout.Layers:
        """What is the same on all planes; the rest is empty.

        Only of networks without merged linear units.
        """
        return _plane_free(self.network.layers, self.has_output)

    def on(self, restriction: Restriction) -> tuple[layout.Layers, np.ndarray]:
        """The ``Layers`` on a plane, and the map (3, n_1) of the first one of them.

        restriction: of this network.
        """
        if restriction.n_merged:  # into the second layer, which then depends on the plane
            net = _plane_free(restriction.on_plane, self.has_output)
            errors = np.concatenate(restriction.errors, axis=1)
        else:
            net = self.shared
            errors = restriction.all_errors.T
        error = np.zeros((3, net.n_neurons + 64))
        error[:, : net.n_neurons] = errors
        changed: dict = {"error": error, "rounding": np.array(self.network.roundings)}
        if len(net.target):
            changed["alike"] = _alike(restriction)
        if restriction.precise:
            changed |= _refinement(restriction, net.span, net.listed)
        return net._replace(**changed), restriction.first_map.T


def network_arrays(
    restriction: Restriction, has_output: bool = False
) -> tuple[layout.Layers, np.ndarray]:
    """The kernel's ``Layers`` of a network on a plane, and the map (3, n_1) of its first layer."""
    return NetworkArrays(restriction.layers, has_output).on(restriction)


def _plane_free(layers: list[tuple], has_output: bool) -> layout.Layers:
    """The kernel's ``Layers`` but for what depends on the plane."""
    widths = tuple([len(layer[1]) for layer in layers])
    listed = (False, *(_is_sparse(layer[0]) for layer in layers[1:]), False)
    net = _of_widths(widths, layer_widths(layers), listed, has_output)
    rows = _rows(layers, net.span.tolist(), listed)
    lists = _lists(layers, listed) if any(listed) else {}
    bias = np.concatenate([*(layer[1] for layer in layers), _PADDING])
    return net._replace(weights=rows, bias=bias, **lists)


@lru_cache(maxsize=64)
def _of_widths(
    widths: tuple[int, ...], n_relu: tuple[int, ...], listed: tuple[bool, ...], has_output: bool
) -> layout.Layers:
    """What of the kernel's ``Layers`` follows from the widths alone.

    The rest is empty, as it stays in most networks.

    n_relu: units of each layer that are neurons.
    listed: for each layer, whether weights into it are lists.
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
    return len(weight) >= 512 and 16 * int(np.count_nonzero(weight)) < weight.size


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


class _Lists(NamedTuple):
    """Weights between two layers other than 0, by the unit they come from and by that they lead to.

    Where they are rows all is empty, and no unit has one.
    """

    n_onwards: np.ndarray  # (units below,) int64: how many come from each unit
    target: np.ndarray
    weight: np.ndarray
    n_inwards: np.ndarray  # (units above,) int64: how many lead to each unit
    source: np.ndarray
    incoming: np.ndarray


def _lists_of(weight: np.ndarray) -> _Lists:
    there = weight != 0
    sources, targets = np.nonzero(there.T)
    inward_targets, inward_sources = np.nonzero(there)
    return _Lists(
        n_onwards=np.count_nonzero(there, axis=0),
        target=targets,
        weight=weight[targets, sources],
        n_inwards=np.count_nonzero(there, axis=1),
        source=inward_sources,
        incoming=weight[inward_targets, inward_sources],
    )


def _no_lists(weight: np.ndarray) -> _Lists:
    above, below = weight.shape
    return _Lists(
        n_onwards=np.zeros(below, dtype=np.int64),
        target=_NO_COUNTS,
        weight=_NO_NUMBERS,
        n_inwards=np.zeros(above, dtype=np.int64),
        source=_NO_COUNTS,
        incoming=_NO_NUMBERS,
    )


def _lists(layers: list[tuple], listed: tuple[bool, ...]) -> dict[str, np.ndarray]:
    """The lists of weights of all layers one after the other."""
    parts = []
    for (weight, *_), has_list in zip(layers[1:], listed[1:], strict=False):
        parts.append(_lists_of(weight) if has_list else _no_lists(weight))
    none_from_last = np.zeros(len(layers[-1][1]), dtype=np.int64)
    none_to_first = np.zeros(len(layers[0][1]), dtype=np.int64)
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("target", "weight", "source", "incoming")
    }
    return {
        "onwards": _starts([*(part.n_onwards for part in parts), none_from_last]),
        "inwards": _starts([none_to_first, *(part.n_inwards for part in parts)]),
        **joined,
    }


def _starts(counts: list[np.ndarray]) -> np.ndarray:
    """Where each unit's list starts; behind them where the last one ends."""
    return np.concatenate([[0], np.cumsum(np.concatenate(counts))])


def _refinement(restriction: Restriction, span: np.ndarray, listed: np.ndarray) -> dict:
    """What the kernel needs for lines of the second layer in twofold precision.

    A precise restriction has it.
    """
    layers = restriction.layers
    if len(layers) < 2 or restriction.n_merged or listed[1]:
        return {}
    maps = restriction.first_map
    first_map = np.zeros((6, span[0]))
    first_map[:, : len(maps)] = np.column_stack([maps, restriction.remainders]).T
    weight = layers[1][0]
    inputs = np.zeros((len(weight), span[0]))
    inputs[:, : weight.shape[1]] = weight
    return {
        "refined": 1,
        "first_map": first_map,
        "inputs": inputs,
        "refined_error": restriction.refined_errors,
    }


def _alike(restriction: Restriction) -> np.ndarray:
    """For each unit of the first layer the first one that is exactly the same on the plane, (n_1,).

    The units that stand for all merged ones are like no other.
    """
    maps = restriction.first_map
    errors = restriction.errors[0].T
    order = np.lexsort(maps.T)
    room = 2 * (errors[order[1:]] + errors[order[:-1]])
    close = (np.abs(np.diff(maps[order], axis=0)) <= room).all(axis=1)
    n_own = len(maps) - 2 if restriction.n_merged else len(maps)
    alike = np.arange(len(maps))
    for group in np.split(order, np.flatnonzero(~close) + 1):
        if len(group) == 1:
            continue
        found: dict[tuple[int, int, int], int] = {}
        for i in sorted(group[group < n_own].tolist()):
            alike[i] = found.setdefault(restriction.exact.first(i), i)
    return alike
