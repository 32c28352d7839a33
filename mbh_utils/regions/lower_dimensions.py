"""Activation patterns that hold on a line or in a point of a plane only, and on no area.

Where the lines of two neurons cross, both are 0 and so inactive, as they are on one of the areas
beside. Only where more neurons are 0 in one point, or several along one edge, a pattern may occur
that no area has.
"""

import numpy as np

from mbh_utils.regions.bits import pack_words
from mbh_utils.regions.kernel import exact, layout
from mbh_utils.regions.locating import Locator
from mbh_utils.regions.restriction import UNIT
from mbh_utils.regions.result import Partition
from mbh_utils.regions.vertices import Vertices

#: Neurons whose zero lines pass a point in this share of the domain's width are asked exactly.
_NEAR = 1e-11
_CHUNK = 8192


def patterns_on_edges(partition: Partition, locator: Locator, vertices: Vertices) -> set[bytes]:
    """The patterns, packed, that occur on edges and vertices of a partition, but on no region."""
    ends = partition.corners[locator.following]
    middles = (partition.corners + ends) / 2
    on_border = partition.edges < 0
    once = on_border | (locator.owner < locator.beyond) | (locator.beyond < 0)
    edges = np.flatnonzero(once)
    found: set[bytes] = set()
    explained = np.where(on_border[edges], 0, 1)
    for edge in edges[_zeros(partition, locator, middles[edges]) > explained]:
        _add(found, locator, _middle(partition, locator, int(edge)))
    corners = vertices.first_corner
    explained = 2 - np.minimum(vertices.domain_sides, 2)
    for corner in corners[_zeros(partition, locator, partition.corners[corners]) > explained]:
        _add(found, locator, _ends(partition, locator, int(corner))[0])
    return found


def _zeros(partition: Partition, locator: Locator, uv: np.ndarray) -> np.ndarray:
    """How many neurons may be 0 at each point (n, 2), but for those that nothing reaches."""
    parts = [np.zeros(0, dtype=int)]
    for start in range(0, len(uv), _CHUNK):
        parts.append(_zeros_of_few(partition, locator, uv[start : start + _CHUNK]))
    return np.concatenate(parts)


def _zeros_of_few(partition: Partition, locator: Locator, uv: np.ndarray) -> np.ndarray:
    count = np.zeros(len(uv), dtype=int)
    near = _NEAR * float(np.ptp(partition.plane.corners, axis=0).max())
    x = uv
    off = np.full_like(uv, near)
    live = np.ones(uv.shape, dtype=bool)
    for layer, (weight, bias, *_) in enumerate(locator.restriction.on_plane):
        size = np.abs(x) @ np.abs(weight).T + np.abs(bias)
        doubt = off @ np.abs(weight).T + 64 * UNIT * size + layout.TINY
        z = x @ weight.T + bias
        width = partition.widths[layer]
        silent = locator.silent(layer, live)
        clear = (np.abs(z) > doubt) | silent
        count += (~clear[:, :width]).sum(axis=1)
        live = (z > doubt) & ~silent
        live[:, width:] = ~silent[:, width:]  # linear units
        x = np.where(live, z, 0.0)
        off = np.where(live | ~clear, doubt, 0.0)
    return count


def _ends(partition: Partition, locator: Locator, edge: int) -> tuple:
    """Both ends of an edge in exact arithmetic, as (x, y, w) with w > 0."""
    region = int(locator.owner[edge])
    start, stop = partition.offsets[region : region + 2].tolist()
    bits = partition.packed[region]
    numbers = partition.edges[start:stop].tolist()
    here = edge - start
    lines = [
        locator.oracle.edge(numbers[(here + k) % len(numbers)], bits, None) for k in (-1, 0, 1)
    ]
    return exact.meet(lines[0], lines[1]), exact.meet(lines[1], lines[2])


def _middle(partition: Partition, locator: Locator, edge: int) -> tuple:
    """The middle of an edge in exact arithmetic."""
    (x, y, w), (u, v, z) = _ends(partition, locator, edge)
    return x * z + u * w, y * z + v * w, 2 * w * z


def _add(found: set[bytes], locator: Locator, point: tuple) -> None:
    """Add the pattern at a point (x, y, w), if no region has it."""
    states, _ = locator.oracle.states(point)
    widths = locator.regions.widths
    words = [pack_words(s[None, :n]) for s, n in zip(states, widths, strict=False)]
    packed = np.concatenate(words, axis=1)
    if locator.find(packed)[0] < 0:
        found.add(packed.tobytes())
