"""How much bent hyperplanes bend: by which angle each turns where it crosses those below it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.bits import place_of, unpack_words
from mbh_utils.regions.locating import Locator
from mbh_utils.regions.planes import Line
from mbh_utils.regions.result import Partition

#: A crossing counts as straight below this angle, in degrees.
STRAIGHT_BELOW = 0.1
#: So many regions at a time: their gradients fit a processor's cache.
_CHUNK = 1024


@dataclass(frozen=True, eq=False, repr=False)
class Bending:
    """Every place where a bent hyperplane may turn, and by which angle it does.

    Made by :func:`mbh_utils.bending`. A *crossing* is a point of the plane where the bent
    hyperplane of a neuron crosses that of a neuron of an earlier layer.

    Attributes
    ----------
    neurons : ndarray of int64, shape (m,)
        Whose bent hyperplane it is; numbered over all hidden layers, as in a partition.
    crossed : ndarray of int64, shape (m,)
        The neuron of an earlier layer whose bent hyperplane it crosses there.
    points : ndarray, shape (m, 2)
        Where, in plane coordinates.
    angles : ndarray, shape (m,)
        By how much the line turns there, in degrees: 0 is straight on, almost 180 is back.
    """

    neurons: np.ndarray
    crossed: np.ndarray
    points: np.ndarray
    angles: np.ndarray

    def __len__(self) -> int:
        return len(self.angles)

    def __repr__(self) -> str:
        if not len(self):
            return "Bending(no crossing)"
        mean = f"{self.mean_angle:.3g} degrees per crossing"
        return f"Bending({len(self):,} crossings, {mean}, {self.straight:.1%} straight)"

    @property
    def mean_angle(self) -> float:
        """Mean angle per crossing in degrees; NaN where nothing is crossed."""
        return float(self.angles.mean()) if len(self) else np.nan

    @property
    def straight(self) -> float:
        """Share of crossings with an angle below 0.1 degrees; NaN where nothing is crossed."""
        return float((self.angles < STRAIGHT_BELOW).mean()) if len(self) else np.nan


def bending(partition: Partition) -> Bending:
    """By which angle each bent hyperplane turns where it crosses those of earlier layers.

    Parameters
    ----------
    partition : Partition
        Of a network on a plane; it must hold its polygons and patterns.

    Returns
    -------
    Bending
        One entry for each neuron's line and each place where it crosses the line of a neuron of an
        earlier layer, in no particular order.

    Raises
    ------
    MBHError
        If this is no partition of a plane, or one without polygons or patterns.

    Notes
    -----
    The bent hyperplane of a neuron (Definition 3.7 of the thesis) is a straight line within each
    activation region of the layers below it. It turns only where it crosses the bent hyperplane of
    a neuron below, and only if that neuron reaches it through neurons that are active: pruning
    takes these ways away, so the hyperplanes of sparse networks bend less (Figure 6.5).

    The angles follow from the network: they are those between the gradients of the neuron's
    pre-activation, along the plane, on both sides of the crossing. Where a line crosses several
    others in one point it turns once, and one of them is named. Of neurons whose zero lines
    coincide one counts.

    Examples
    --------
    The third neuron is zero where x2 = -max(x1, 0): straight on until it meets x1 = 0.

    >>> import mbh_utils as mbh
    >>> layers = [([[1, 0], [0, 1]], [0, 2]), ([[1, 1]], [-2])]
    >>> regions = mbh.partition_input_space(layers, mbh.Plane.rectangle((-1, -1), (1, 1)))
    >>> bends = mbh.bending(regions)
    >>> bends.neurons.tolist(), bends.crossed.tolist(), bends.angles.round(6).tolist()
    ([2], [0], [45.0])
    """
    expected = "a partition, as partition_input_space makes it"
    partition = require.kind_of("partition", partition, Partition, expected)
    if isinstance(partition.plane, Line):
        raise MBHError(
            "partition is one of a line, where hyperplanes are points and do not bend; "
            "expected a partition of a plane"
        )
    locator = Locator(partition)
    starts, ends, crossed = _crossings(partition, locator)
    neurons = partition.edges[starts].astype(np.int64)
    before = _gradients(partition, locator.owner[starts], neurons)
    after = _gradients(partition, locator.owner[ends], neurons)
    points = partition.corners[ends]
    return Bending(neurons, crossed, points, _angles(before, after))


def _crossings(partition: Partition, locator: Locator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges on which a line comes to a crossing and leaves it, and the neuron crossed: (m,) each.

    Both are edges of regions where the line's neuron is active, so they run in one direction. From
    one to the other leads a walk around the crossing, through the regions on the active side: as a
    rule there are two, and the edge between them is the line that is crossed.
    """
    edges = partition.edges
    owner = locator.owner
    twin = twins(owner, locator.beyond)
    layer = _layer_of_edges(partition)
    start = np.flatnonzero((layer > 0) & (layer < len(partition.widths)))
    start = start[_is_active(partition, owner[start], edges[start])]
    end = np.full(len(start), -1, dtype=np.int64)
    crossed = np.full(len(start), -1, dtype=np.int64)
    walks = np.arange(len(start))
    here = locator.following[start]  # the edge that leads away from the point
    while len(walks):
        own = start[walks]
        arrived = edges[here] == edges[own]
        end[walks[arrived]] = here[arrived]
        is_below = (layer[here] >= 0) & (layer[here] < layer[own])
        crossed[walks[is_below]] = edges[here[is_below]]
        beyond = twin[here]
        here = locator.following[beyond]
        # A walk ends without a crossing at the domain's border, or back where it began.
        goes_on = ~arrived & (beyond >= 0) & (owner[here] != owner[own])
        walks = walks[goes_on]
        here = here[goes_on]
    found = (end >= 0) & (crossed >= 0)
    return start[found], end[found], crossed[found]


def twins(owner: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """The same edge as the region beyond has it, (n_edges,) int64; -1 at the domain's border.

    Regions are convex, so two of them have one edge in common.
    """
    n_regions = owner[-1] + 1
    inner = np.flatnonzero(beyond >= 0)
    keys = owner[inner] * n_regions + beyond[inner]
    order = np.argsort(keys)
    wanted = beyond[inner] * n_regions + owner[inner]
    place = np.searchsorted(keys[order], wanted)
    place = order[np.minimum(place, len(order) - 1)]
    twin = np.full(len(owner), -1, dtype=np.int64)
    twin[inner] = np.where(keys[place] == wanted, inner[place], -1)
    twin[twin[twin] != np.arange(len(twin))] = -1  # so that a walk comes back to where it began
    return twin


def _layer_of_edges(partition: Partition) -> np.ndarray:
    """Layer of the neuron whose zero line each edge is on, (n_edges,) int64.

    It is -1 at the domain's border, and the number of layers between two classes.
    """
    layers = np.repeat(np.arange(len(partition.widths)), partition.widths)
    edges = np.clip(partition.edges, -1, len(layers))
    return np.append(layers, [len(partition.widths), -1])[edges]


def _is_active(partition: Partition, where: np.ndarray, neurons: np.ndarray) -> np.ndarray:
    """Whether each neuron is active on each region, (k,) bool."""
    word, bit = place_of(partition.widths, neurons)
    return (partition.packed[where, word] & bit) != 0


def _gradients(partition: Partition, where: np.ndarray, neurons: np.ndarray) -> np.ndarray:
    """Gradients along the plane of the pre-activations of neurons on regions, (k, 2)."""
    widths = partition.widths
    layer = np.repeat(np.arange(len(widths)), widths)[neurons]
    number = neurons - np.concatenate([[0], np.cumsum(widths)])[layer]
    found = np.empty((len(where), 2))
    order = np.argsort(where, kind="stable")
    starts = range(0, partition.n_regions, _CHUNK)
    parts = np.split(order, np.searchsorted(where[order], list(starts[1:])))
    for start, mine in zip(starts, parts, strict=True):
        for i, slopes in enumerate(_slopes(partition, start, start + _CHUNK)):
            here = mine[layer[mine] == i]
            found[here] = slopes[:, where[here] - start, number[here]].T
    return found


def _slopes(partition: Partition, start: int, stop: int) -> Iterator[np.ndarray]:
    """Gradients of all units of each layer on some regions: (2, n_regions, n_units) per layer."""
    states = unpack_words(partition.widths, partition.packed[start:stop])
    (weight, bias, *_), *above = partition.layers
    slopes = np.repeat(weight.T[:, None], len(states[0]), axis=1)
    yield slopes
    for (onwards, _, *_), state in zip(above, states, strict=False):
        n_linear = slopes.shape[2] - state.shape[1]
        active = np.pad(state, ((0, 0), (0, n_linear)), constant_values=True)  # linear units are
        slopes = (slopes * active) @ onwards.T
        yield slopes


def _angles(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Angles between vectors (m, 2) in degrees, also of very long and very short ones."""
    a, b = (v / np.abs(v).max(axis=1, keepdims=True, initial=5e-324) for v in (before, after))
    across = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return np.degrees(np.arctan2(np.abs(across), np.sum(a * b, axis=1)))
