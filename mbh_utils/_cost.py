"""What a partition will cost, told from partitions of small parts of the domain.

Lines cross a domain in proportion to its size, and meet in it in proportion to its area: a domain h times as large has
1 + a h + b h^2 regions. In a small copy of the domain, a follows from the edges along its border, where every line
enters and leaves, and b from the rest.
"""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mbh_utils import _given, _memory
from mbh_utils._progress import Progress
from mbh_utils._restriction import Restriction
from mbh_utils.networks import stream
from mbh_utils.partition import Descent, limits_of
from mbh_utils.reading import domain_points, read_network
from mbh_utils.subspaces import Line, Plane

_PARTS = 12  # small copies of the domain
_FIRST, _GROWTH = 0.005, 3.0  # their size, as a share of the domain's, and how it grows while there is time
_ENOUGH = 1_500  # regions in all of them


class Cost(NamedTuple):
    """Expected regions of a partition, seconds of one thread, and bytes of the result."""

    regions: int
    seconds: float
    bytes: int

    def __str__(self) -> str:
        size = f"{self.bytes / 1e6:,.0f} MB" if self.bytes >= 1e6 else "less than 1 MB"
        return f"about {float(f'{self.regions:.2g}'):,.0f} regions, {float(f'{self.seconds:.2g}'):,g} s, {size}"


def expected_cost(
    network, plane: Plane | Line, *, seconds: float = 2.0, seed: int = 0, output_layer: bool = True
) -> Cost:
    """How many regions a partition will have, and how long it will take, from small parts of the domain.

    network, plane, output_layer: as of :func:`mbh_utils.partition_input_space`. seconds: about how long the trial
    itself may take. Regions are told to about a factor of two, seconds less surely.
    """
    plane = _given.kind_of("plane", plane, Plane | Line, "a Plane or a Line")
    seconds = _given.number("seconds", seconds, "a number of seconds above 0", lambda x: 0 < x < np.inf)
    output_layer = _given.flag("output_layer", output_layer)
    started = time.perf_counter()
    layers = read_network(network, output_layer=output_layer, points=domain_points(plane)).layers()
    restriction = Restriction(layers, plane)
    net, first_map = _memory.network_arrays(restriction)
    start, rng, share = time.perf_counter() - started, stream(seed, "volume"), _FIRST

    def partition(part) -> tuple[float, float, float]:
        """Regions that lines across a part of the domain add, those that their meeting adds, and seconds."""
        began = time.thread_time()
        on_part = replace(restriction, plane=part)
        vars(on_part)["exact"] = restriction.exact
        descent = Descent(net, first_map, on_part, limits_of(plane), Progress(False, part.area))
        cells, _ = descent.all_regions(polygons=True)
        descent.space.give_back()
        n, sides = len(cells.area), len(part.corners)
        lines = n - 1 if isinstance(part, Line) else (np.count_nonzero(cells.edge < 0) - sides) / 2
        return lines, max(n - 1 - lines, 0.0), time.thread_time() - began

    partition(next(_parts(plane, 1e-9, rng)))  # compiled from here on
    while True:
        began = time.perf_counter()
        lines, meetings, spent = np.mean([partition(part) for part in _parts(plane, share, rng)], axis=0)
        late = time.perf_counter() - started + (time.perf_counter() - began) * _GROWTH**2 > seconds
        if _PARTS * (lines + meetings) >= _ENOUGH or late or share * _GROWTH >= 0.5:
            break
        share *= _GROWTH
    n = 1 + lines / share + meetings / share**2
    words = int(net.word[-1])
    return Cost(round(n), start + spent * n / (1 + lines + meetings), int(n * (8 * words + 9 + 4 * 20)))


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Of several partitions together."""
    return Cost(*(sum(column) for column in zip(Cost(0, 0.0, 0), *costs, strict=True)))


def _parts(plane: Plane | Line, share: float, rng: np.random.Generator):
    """Copies of the domain, smaller by ``share``, at random places in it."""
    for point in plane.project(plane.sample(_PARTS, rng)):
        if isinstance(plane, Line):
            middle = (plane.low + plane.high) / 2
            start = plane.low + (1 - share) * (point - middle)
            half, centre = share * (plane.high - plane.low) / 2, start + (plane.high - plane.low) / 2
            yield Line(plane.origin, plane.basis, centre - half, centre + half, plane.spanning, plane.points)
        else:
            centroid = plane.corners.mean(axis=0)
            centre = centroid + (1 - share) * (point - centroid)
            yield plane.with_domain(centre + share * (plane.corners - centroid))
