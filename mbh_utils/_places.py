"""Where points of a plane lie in its partition, and which regions lie side by side.

Both follow from patterns: a region is found by its pattern (and class). What float64 cannot tell for certain is found
in exact arithmetic: the pattern at a point, or just beyond the middle of an edge.
"""

from functools import cached_property

import numpy as np

from mbh_utils import _exact
from mbh_utils._restriction import UNIT
from mbh_utils.bits import pack_words, place_of
from mbh_utils.regions.kernel import layout
from mbh_utils.subspaces import Line


class Places:
    """Finds regions of one partition, which must hold its patterns (and for neighbours its polygons)."""

    def __init__(self, regions):
        self.regions, self.restriction = regions, regions.restriction
        units = [*regions.widths, *([len(regions.output[1])] if regions.output is not None else [])]
        self.oracle = _exact.Oracle(self.restriction, units)

    # -- regions by their patterns

    @cached_property
    def _keys(self) -> np.ndarray:
        """What no two regions have in common: the packed pattern, and behind it the class where there is one."""
        packed, classes = self.regions.packed, self.regions._classes
        return packed if classes is None else np.column_stack([packed, classes.astype(np.uint64)])

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray]:
        rows = _as_items(self._keys)
        order = np.argsort(rows)
        return rows[order], order

    def _find(self, keys: np.ndarray) -> np.ndarray:
        """Region with exactly these keys, -1 where there is none: (n,) int64."""
        rows, order = self._index
        wanted = _as_items(keys)
        place = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
        return np.where(rows[place] == wanted, order[place], -1)

    # -- points

    def locate(self, uv) -> np.ndarray:
        """See :meth:`Partition.locate`."""
        plane = self.regions.plane
        uv = np.asarray(uv, dtype=np.float64)
        inside = plane.contains(uv)
        if isinstance(plane, Line):
            uv = np.column_stack([uv, np.full(len(uv), 0.5)])
        found = np.full(len(uv), -1, dtype=np.int64)
        # A sign in doubt is most often right, but for neurons that are 0 on the whole plane: these are inactive.
        for in_doubt_inactive in (False, True):
            if len(open_ := np.flatnonzero(inside & (found < 0))):
                with np.errstate(over="ignore", invalid="ignore"):
                    keys, certain = self._keys_at(uv[open_], in_doubt_inactive)
                near = self._find(keys)
                for i in np.flatnonzero(~certain):
                    certain[i] = self._is_inside(int(near[i]), uv[open_[i]])
                found[open_] = np.where(certain, near, -1)
        for i in np.flatnonzero(inside & (found < 0)):
            found[i] = self._located(uv[i])
        return found

    def _is_inside(self, region: int, point: np.ndarray) -> bool:
        """Whether a point is for certain inside of a region, which is so where its polygon's edges are far enough.

        An area is right to a share of the domain's, so edges are to that over the length of the polygon; corners that
        exact arithmetic has drawn are rounded besides.
        """
        regions = self.regions
        if region < 0 or regions._corners is None:
            return False
        start, stop = regions.offsets[region : region + 2].tolist()
        polygon = regions.corners[start:stop]
        along, away = np.roll(polygon, -1, axis=0) - polygon, point - polygon
        inside = along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]
        margin = 1e-9 * regions.plane.area / max(np.ptp(polygon, axis=0).max(), 1e-300)
        margin += 16 * UNIT * np.abs(polygon).max()
        return bool((inside > margin * np.hypot(along[:, 0], along[:, 1])).all())

    def _keys_at(self, uv: np.ndarray, in_doubt_inactive: bool) -> tuple[np.ndarray, np.ndarray]:
        """Keys of points (n, 2) by float64, and which of them are certain."""
        words, certain = [], np.ones(len(uv), dtype=bool)
        x, off = uv, np.zeros_like(uv)  # outputs of the layer below, and bounds of their errors
        live = np.ones(uv.shape, dtype=bool)  # which of them are not 0 for certain
        n_layers = len(self.regions.widths)
        for layer, (weight, bias, *_) in enumerate(self.restriction.on_plane):
            z, size = x @ weight.T + bias, np.abs(x) @ np.abs(weight).T + np.abs(bias)  # may overflow, without harm
            share = (np.count_nonzero(weight, axis=1).max() + 8) * UNIT
            doubt = 2 * (off @ np.abs(weight).T + share * size) + layout.TINY
            silent = (live.astype(float) @ (weight != 0).T == 0) & (bias == 0)  # exactly 0
            if layer <= (self.restriction.n_merged > 0):  # layers whose weights were rounded to the plane, even to 0
                ea, eb, ec = self.restriction.errors[layer]
                doubt = doubt + np.abs(uv) @ np.stack([ea, eb]) + ec
                silent &= (ea == 0) & (eb == 0) & (ec == 0)
            if layer == n_layers:
                ahead = z.max(axis=1, keepdims=True) - z
                winner = z.argmax(axis=1)
                rivals = ahead <= doubt + doubt[np.arange(len(z)), winner][:, None]
                certain &= rivals.sum(axis=1) == 1
                words.append(winner[:, None].astype(np.uint64))
                break
            width = self.regions.widths[layer]
            clear = (np.abs(z) > doubt) | silent
            certain &= clear[:, :width].all(axis=1)
            live = (z > (doubt if in_doubt_inactive else 0.0)) & ~silent
            live[:, width:] = ~silent[:, width:]  # linear units
            words.append(pack_words(live[:, :width]))
            x, off = np.where(live, z, 0.0), np.where(live, doubt, 0.0)
        return np.concatenate(words, axis=1), certain

    def _located(self, uv: np.ndarray) -> int:
        """The region of a point by exact arithmetic; one of those that meet there, if its own pattern is none."""
        ends = np.stack([uv, self.regions.plane.corners.mean(axis=0)])
        (x, y, w), (u, v, _) = _exact.exact_points(ends)
        inwards = u - x, v - y
        for directions in ((), (inwards, (-inwards[1], inwards[0]))):
            found = self._find_exact((x, y, w), *directions)
            if found >= 0:
                return found
        return self._nearest(uv)

    def _find_exact(self, point, *directions) -> int:
        """Region at a point (x, y, w), or just beside it in these directions; -1 where there is none."""
        states, values = self.oracle.states(point, *directions)
        words = [pack_words(s[None, :width]) for s, width in zip(states, self.regions.widths, strict=False)]
        if self.regions.output is not None:
            words.append(np.array([[max(range(len(values)), key=values.__getitem__)]], dtype=np.uint64))
        return int(self._find(np.concatenate(words, axis=1))[0])

    def _nearest(self, point: np.ndarray) -> int:
        """Region whose polygon a point beyond the border (by rounding) is least outside of."""
        regions = self.regions
        along = regions.corners[self._following] - regions.corners
        away = point - regions.corners
        outside = along[:, 1] * away[:, 0] - along[:, 0] * away[:, 1]
        length = np.hypot(along[:, 0], along[:, 1])
        distance = np.divide(outside, length, out=np.full(len(length), -np.inf), where=length > 0)
        return int(np.argmin(np.maximum.reduceat(distance, regions.offsets[:-1])))

    # -- edges

    @cached_property
    def owner(self) -> np.ndarray:
        """Region of each edge, (n_edges,) int64."""
        return np.repeat(np.arange(self.regions.n_regions), np.diff(self.regions.offsets))

    @cached_property
    def _following(self) -> np.ndarray:
        """Corner in which each edge ends, (n_edges,) int64."""
        following = np.arange(1, len(self.owner) + 1)
        following[self.regions.offsets[1:] - 1] = self.regions.offsets[:-1]
        return following

    @cached_property
    def beyond(self) -> np.ndarray:
        """Region on the other side of each edge, (n_edges,) int64; -1 at the border of the domain."""
        edges, n_hidden = self.regions.edges, self.regions.n_hidden
        other = np.full(len(edges), -1, dtype=np.int64)
        inner = np.flatnonzero(edges >= 0)
        number, keys = edges[inner].astype(np.int64), self._keys[self.owner[inner]]
        between = np.flatnonzero(number >= n_hidden)  # classes; else neurons
        keys[between, -1] = number[between] - n_hidden
        at_neuron = np.flatnonzero(number < n_hidden)
        word, bit = place_of(self.regions.widths, number[at_neuron])
        keys[at_neuron, word] ^= bit
        other[inner] = self._find(keys)
        for edge in inner[other[inner] < 0]:  # several neurons change there, or the class as well
            other[edge] = self._across(int(edge))
        return other

    def _across(self, edge: int) -> int:
        """Region just beyond the middle of an edge, by exact arithmetic."""
        region = int(self.owner[edge])
        start, stop = self.regions.offsets[region : region + 2].tolist()
        bits, classes = self.regions.packed[region], self.regions._classes
        own = None if classes is None else int(classes[region])
        lines = [self.oracle.edge(int(number), bits, own) for number in self.regions.edges[start:stop]]
        corners = [_exact.meet(lines[i - 1], lines[i]) for i in range(len(lines))]
        here = edge - start
        (x, y, w), (u, v, z) = corners[here], corners[(here + 1) % len(corners)]
        a, b, c = lines[here]
        inside = [a * x + b * y + c * w for x, y, w in corners]
        outwards = (-a, -b) if max(inside) > 0 else (a, b)
        middle = x * z + u * w, y * z + v * w, 2 * w * z
        return self._find_exact(middle, outwards, (-outwards[1], outwards[0]))


def _as_items(packed: np.ndarray) -> np.ndarray:
    """Each row of words as one comparable item."""
    packed = np.ascontiguousarray(packed)
    return packed.view(np.dtype((np.void, packed.dtype.itemsize * packed.shape[1]))).ravel()
