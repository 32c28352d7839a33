"""Where points of a plane lie in its partition, and which regions lie side by side.

Both follow from patterns: a region is found by its pattern (and class). What float64 cannot tell
for certain is found in exact arithmetic: the pattern at a point, or just beyond the middle of an
edge.
"""

from functools import cached_property

import numpy as np

from mbh_utils.regions.bits import pack_words, place_of
from mbh_utils.regions.kernel import exact, layout
from mbh_utils.regions.planes import Line
from mbh_utils.regions.restriction import UNIT


class Locator:
    """Finds regions of one partition.

    The partition must hold its patterns, and for neighbours its polygons.
    """

    def __init__(self, regions):
        self.regions = regions
        self.restriction = regions.restriction
        units = list(regions.widths)
        if regions.output is not None:
            units.append(len(regions.output[1]))
        self.oracle = exact.Oracle(self.restriction, units)

    # -------------------------------------------------------------------- regions by their patterns

    @cached_property
    def _keys(self) -> np.ndarray:
        """What tells a region from all others: its packed pattern, and its class if it has one."""
        packed = self.regions.packed
        classes = self.regions._classes
        return packed if classes is None else np.column_stack([packed, classes.astype(np.uint64)])

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray]:
        """The keys in order, and the region of each."""
        rows = _as_items(self._keys)
        order = np.argsort(rows)
        return rows[order], order

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Region with exactly these keys, -1 where there is none: (n,) int64."""
        rows, order = self._index
        wanted = _as_items(keys)
        place = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
        return np.where(rows[place] == wanted, order[place], -1)

    # --------------------------------------------------------------------------------------- points

    def locate(self, uv) -> np.ndarray:
        """See :meth:`Partition.locate`."""
        plane = self.regions.plane
        uv = np.asarray(uv, dtype=np.float64)
        inside = plane.contains(uv)
        if isinstance(plane, Line):
            uv = np.column_stack([uv, np.full(len(uv), 0.5)])
        found = np.full(len(uv), -1, dtype=np.int64)
        # A sign in doubt is most often right, but for neurons that are 0 on the whole plane: these
        # are inactive.
        for in_doubt_inactive in (False, True):
            waiting = np.flatnonzero(inside & (found < 0))
            if len(waiting):
                found[waiting] = self._located_by_float64(uv[waiting], in_doubt_inactive)
        for i in np.flatnonzero(inside & (found < 0)):
            found[i] = self._located(uv[i])
        return found

    def _located_by_float64(self, uv: np.ndarray, in_doubt_inactive: bool) -> np.ndarray:
        """Regions of points (n, 2), -1 where float64 does not tell them for certain."""
        with np.errstate(over="ignore", invalid="ignore"):
            keys, certain = self._keys_at(uv, in_doubt_inactive)
        near = self.find(keys)
        for i in np.flatnonzero(~certain):
            certain[i] = self._is_inside(int(near[i]), uv[i])
        return np.where(certain, near, -1)

    def _is_inside(self, region: int, point: np.ndarray) -> bool:
        """Whether a point is for certain inside of a region: its polygon's edges are far enough.

        An area is right to a share of the domain's, so edges are to that over the length of the
        polygon; corners that exact arithmetic has drawn are rounded besides.
        """
        regions = self.regions
        if region < 0 or regions._corners is None:
            return False
        start, stop = regions.offsets[region : region + 2].tolist()
        polygon = regions.corners[start:stop]
        along = np.roll(polygon, -1, axis=0) - polygon
        away = point - polygon
        inside = along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]
        margin = 1e-9 * regions.plane.area / max(np.ptp(polygon, axis=0).max(), 1e-300)
        margin += 16 * UNIT * np.abs(polygon).max()
        return bool((inside > margin * np.hypot(along[:, 0], along[:, 1])).all())

    def _keys_at(self, uv: np.ndarray, in_doubt_inactive: bool) -> tuple[np.ndarray, np.ndarray]:
        """Keys of points (n, 2) by float64, and which of them are certain.

        Follows the network on the plane layer by layer: x are the outputs of the layer below,
        ``off`` bounds of their errors, and ``live`` tells which of them may be other than 0.
        """
        words = []
        certain = np.ones(len(uv), dtype=bool)
        x = uv
        off = np.zeros_like(uv)
        live = np.ones(uv.shape, dtype=bool)
        for layer in range(len(self.restriction.on_plane)):
            weight, bias = self.restriction.on_plane[layer][:2]
            z = x @ weight.T + bias  # this and what follows may overflow, without harm
            doubt = self._doubt(layer, uv, x, off)
            if layer == len(self.regions.widths):
                winner, is_clear = _winner(z, doubt)
                certain &= is_clear
                words.append(winner[:, None].astype(np.uint64))
                break
            width = self.regions.widths[layer]
            silent = self.silent(layer, live)
            clear = (np.abs(z) > doubt) | silent
            certain &= clear[:, :width].all(axis=1)
            live = (z > (doubt if in_doubt_inactive else 0.0)) & ~silent
            live[:, width:] = ~silent[:, width:]  # linear units
            words.append(pack_words(live[:, :width]))
            x = np.where(live, z, 0.0)
            off = np.where(live, doubt, 0.0)
        return np.concatenate(words, axis=1), certain

    def _doubt(self, layer: int, uv: np.ndarray, x: np.ndarray, off: np.ndarray) -> np.ndarray:
        """Bounds of the errors of a layer's pre-activations, (n, n_l)."""
        weight, bias = self.restriction.on_plane[layer][:2]
        size = np.abs(x) @ np.abs(weight).T + np.abs(bias)
        share = (np.count_nonzero(weight, axis=1).max() + 8) * UNIT
        doubt = 2 * (off @ np.abs(weight).T + share * size) + layout.TINY
        if self._is_rounded(layer):
            ea, eb, ec = self.restriction.errors[layer]
            doubt = doubt + np.abs(uv) @ np.stack([ea, eb]) + ec
        return doubt

    def silent(self, layer: int, live: np.ndarray) -> np.ndarray:
        """Which units of a layer are exactly 0, as all that reaches them is: (n, n_l) bool."""
        weight, bias = self.restriction.on_plane[layer][:2]
        silent = (live.astype(float) @ (weight != 0).T == 0) & (bias == 0)
        if self._is_rounded(layer):
            ea, eb, ec = self.restriction.errors[layer]
            silent &= (ea == 0) & (eb == 0) & (ec == 0)
        return silent

    def _is_rounded(self, layer: int) -> bool:
        """Whether a layer's weights were rounded to the plane, perhaps even to 0."""
        return layer <= (self.restriction.n_merged > 0)

    def _located(self, uv: np.ndarray) -> int:
        """The region of a point by exact arithmetic; a neighbour if its own pattern is none."""
        ends = np.stack([uv, self.regions.plane.corners.mean(axis=0)])
        (x, y, w), (u, v, _) = exact.exact_points(ends)
        inwards = u - x, v - y
        for directions in ((), (inwards, (-inwards[1], inwards[0]))):
            found = self._find_exact((x, y, w), *directions)
            if found >= 0:
                return found
        return self._nearest(uv)

    def _find_exact(self, point, *directions) -> int:
        """Region at a point (x, y, w), or just beside it in these directions; -1 for none."""
        states, values = self.oracle.states(point, *directions)
        words = []
        for state, width in zip(states, self.regions.widths, strict=False):
            words.append(pack_words(state[None, :width]))
        if self.regions.output is not None:
            winner = max(range(len(values)), key=values.__getitem__)
            words.append(np.array([[winner]], dtype=np.uint64))
        return int(self.find(np.concatenate(words, axis=1))[0])

    def _nearest(self, point: np.ndarray) -> int:
        """Region whose polygon a point beyond the border (by rounding) is least outside of."""
        regions = self.regions
        along = regions.corners[self.following] - regions.corners
        away = point - regions.corners
        outside = along[:, 1] * away[:, 0] - along[:, 0] * away[:, 1]
        length = np.hypot(along[:, 0], along[:, 1])
        distance = np.divide(outside, length, out=np.full(len(length), -np.inf), where=length > 0)
        return int(np.argmin(np.maximum.reduceat(distance, regions.offsets[:-1])))

    # ---------------------------------------------------------------------------------------- edges

    def adjacency(self) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`Partition.adjacency`."""
        is_inner = self.beyond >= 0
        sides = np.column_stack([self.owner, self.beyond])[is_inner]
        pairs, which = np.unique(np.sort(sides, axis=1), axis=0, return_index=True)
        neurons = self.regions.edges[is_inner]
        neurons = np.where(neurons < self.regions.n_hidden, neurons, -1)
        return pairs, neurons[which].astype(np.int64)

    def decision_boundary(self) -> np.ndarray:
        """See :meth:`Partition.decision_boundary`."""
        regions = self.regions
        owner = self.owner
        beyond = self.beyond
        changes = regions.classes[beyond] != regions.classes[owner]
        edges = np.flatnonzero((beyond > owner) & changes)  # each edge once
        return np.stack([regions.corners[edges], regions.corners[self.following[edges]]], axis=1)

    @cached_property
    def owner(self) -> np.ndarray:
        """Region of each edge, (n_edges,) int64."""
        return np.repeat(np.arange(self.regions.n_regions), np.diff(self.regions.offsets))

    @cached_property
    def following(self) -> np.ndarray:
        """Corner in which each edge ends, (n_edges,) int64."""
        following = np.arange(1, len(self.owner) + 1)
        following[self.regions.offsets[1:] - 1] = self.regions.offsets[:-1]
        return following

    @cached_property
    def beyond(self) -> np.ndarray:
        """Region on the other side of each edge, (n_edges,) int64; -1 at the domain's border."""
        edges = self.regions.edges
        other = np.full(len(edges), -1, dtype=np.int64)
        inner = np.flatnonzero(edges >= 0)
        other[inner] = self.find(self._keys_beyond(inner))
        for edge in inner[other[inner] < 0]:  # several neurons change there, or the class as well
            other[edge] = self._across(int(edge))
        return other

    def _keys_beyond(self, inner: np.ndarray) -> np.ndarray:
        """Keys of the regions beyond inner edges, where just one neuron or the class changes."""
        n_hidden = self.regions.n_hidden
        number = self.regions.edges[inner].astype(np.int64)
        keys = self._keys[self.owner[inner]]
        between_classes = np.flatnonzero(number >= n_hidden)
        keys[between_classes, -1] = number[between_classes] - n_hidden
        at_neuron = np.flatnonzero(number < n_hidden)
        word, bit = place_of(self.regions.widths, number[at_neuron])
        keys[at_neuron, word] ^= bit
        return keys

    def _across(self, edge: int) -> int:
        """Region just beyond the middle of an edge, by exact arithmetic."""
        region = int(self.owner[edge])
        start, stop = self.regions.offsets[region : region + 2].tolist()
        bits = self.regions.packed[region]
        classes = self.regions._classes
        own = None if classes is None else int(classes[region])
        numbers = self.regions.edges[start:stop].tolist()
        lines = [self.oracle.edge(number, bits, own) for number in numbers]
        corners = [exact.meet(lines[i - 1], lines[i]) for i in range(len(lines))]
        here = edge - start
        x, y, w = corners[here]
        u, v, z = corners[(here + 1) % len(corners)]
        middle = x * z + u * w, y * z + v * w, 2 * w * z
        a, b, c = lines[here]
        inside = [a * x + b * y + c * w for x, y, w in corners]
        outwards = (-a, -b) if max(inside) > 0 else (a, b)
        return self._find_exact(middle, outwards, (-outwards[1], outwards[0]))


def _winner(z: np.ndarray, doubt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest output at each point, and whether no other one can be the largest."""
    winner = z.argmax(axis=1)
    ahead = z.max(axis=1, keepdims=True) - z
    rivals = ahead <= doubt + doubt[np.arange(len(z)), winner][:, None]
    return winner, rivals.sum(axis=1) == 1


def _as_items(packed: np.ndarray) -> np.ndarray:
    """Each row of words as one comparable item."""
    packed = np.ascontiguousarray(packed)
    return packed.view(np.dtype((np.void, packed.dtype.itemsize * packed.shape[1]))).ravel()
