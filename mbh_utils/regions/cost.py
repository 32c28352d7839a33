"""What a partition will cost, told from partitions of small parts of the domain.

Lines cross a domain in proportion to its size, and meet in it in proportion to its area: a domain h
times as large has 1 + a h + b h^2 regions. In a small copy of the domain, a follows from the edges
along its border, where every line enters and leaves, and b from the rest.
"""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.progress import Progress
from mbh_utils.computing.seeds import stream
from mbh_utils.networks.reading.reader import read_network
from mbh_utils.regions.kernel.driver import Descent, limits_of
from mbh_utils.regions.kernel.network import network_arrays
from mbh_utils.regions.planes import Line, Plane, domain_points
from mbh_utils.regions.restriction import Restriction

#: How many small copies of the domain are partitioned.
_PARTS = 12
#: Their size, as a share of the domain's, at first; and how it grows while there is time.
_FIRST = 0.005
_GROWTH = 3.0
#: So many regions in all copies together tell enough.
_ENOUGH = 1_500


class Cost(NamedTuple):
    """What a partition is expected to cost.

    Attributes
    ----------
    regions : int
        Number of regions.
    seconds : float
        Of one thread.
    bytes : int
        Size of the result.
    """

    regions: int
    seconds: float
    bytes: int

    def __str__(self) -> str:
        regions = float(f"{self.regions:.2g}")
        seconds = float(f"{self.seconds:.2g}")
        size = f"{self.bytes / 1e6:,.0f} MB" if self.bytes >= 1e6 else "less than 1 MB"
        return f"about {regions:,.0f} regions, {seconds:,g} s, {size}"


def expected_cost(
    network, plane: Plane | Line, *, seconds: float = 2.0, seed: int = 0, output_layer: bool = True
) -> Cost:
    """How many regions a partition will have, and how long it will take.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    plane : Plane or Line
        What is to be partitioned.
    seconds : float, default 2.0
        About how long the trial itself may take.
    seed : int, default 0
        Of the places at which small parts of the domain are tried.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which makes no regions.

    Returns
    -------
    Cost
        Regions are told to about a factor of two, seconds less surely.

    Raises
    ------
    MBHError
        As :func:`mbh_utils.partition_input_space`, and for seconds that are not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> rng = np.random.default_rng(0)
    >>> layers = [(rng.normal(size=(200, 2)), rng.normal(size=200))]
    >>> line = mbh.Line.through([[-1, -1], [1, 1]])
    >>> cost = mbh.expected_cost(layers, line)
    >>> 0.5 < cost.regions / len(mbh.partition_input_space(layers, line)) < 2
    True
    """
    plane = require.kind_of("plane", plane, Plane | Line, "a Plane or a Line")
    seconds = require.number(
        "seconds", seconds, "a number of seconds above 0", lambda x: 0 < x < np.inf
    )
    output_layer = require.flag("output_layer", output_layer)
    started = time.perf_counter()
    layers = read_network(network, output_layer=output_layer, points=domain_points(plane)).layers()
    trial = _Trial(Restriction(layers, plane))
    preparation = time.perf_counter() - started
    rng = stream(seed, "volume")
    trial.partition(next(_parts(plane, 1e-9, rng)))  # compiled from here on
    share = _FIRST
    while True:
        began = time.perf_counter()
        results = [trial.partition(part) for part in _parts(plane, share, rng)]
        lines, meetings, spent = np.mean(results, axis=0)
        now = time.perf_counter()
        late = now - started + (now - began) * _GROWTH**2 > seconds
        if _PARTS * (lines + meetings) >= _ENOUGH or late or share * _GROWTH >= 0.5:
            break
        share *= _GROWTH
    n = 1 + lines / share + meetings / share**2
    return Cost(
        regions=round(n),
        seconds=preparation + spent * n / (1 + lines + meetings),
        bytes=int(n * trial.bytes_of_a_region),
    )


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Of several partitions together."""
    columns = zip(Cost(0, 0.0, 0), *costs, strict=True)
    return Cost(*map(sum, columns))


class _Trial:
    """Partitions small parts of one plane's domain and counts what lines add to them."""

    def __init__(self, restriction: Restriction):
        self.restriction = restriction
        self.net, self.first_map = network_arrays(restriction)

    def partition(self, part: Plane | Line) -> tuple[float, float, float]:
        """Regions that lines across a part add, those that their meeting adds, and seconds."""
        began = time.thread_time()
        limits = limits_of(self.restriction.plane)
        bar = Progress(False, part.area)
        descent = Descent(self.net, self.first_map, self.restriction.on(part), limits, bar)
        cells = descent.all_regions(polygons=True)
        descent.finish()
        n = len(cells.area)
        if isinstance(part, Line):
            lines = n - 1
        else:
            n_ends = np.count_nonzero(cells.edge < 0) - len(part.corners)
            lines = n_ends / 2
        return lines, max(n - 1 - lines, 0.0), time.thread_time() - began

    @property
    def bytes_of_a_region(self) -> int:
        """Of its pattern's words, its area, offset and mark, and of four corners and edges."""
        n_words = int(self.net.word[-1])
        return 8 * n_words + 9 + 4 * 20


def _parts(plane: Plane | Line, share: float, rng: np.random.Generator) -> Iterator[Plane | Line]:
    """Copies of the domain, smaller by ``share``, at random places in it."""
    for point in plane.project(plane.sample(_PARTS, rng)):
        if isinstance(plane, Line):
            yield _part_of_line(plane, share, point)
        else:
            centroid = plane.corners.mean(axis=0)
            centre = centroid + (1 - share) * (point - centroid)
            yield plane.with_domain(centre + share * (plane.corners - centroid))


def _part_of_line(line: Line, share: float, point: float) -> Line:
    middle = (line.low + line.high) / 2
    start = line.low + (1 - share) * (point - middle)
    half = share * (line.high - line.low) / 2
    centre = start + (line.high - line.low) / 2
    return Line(line.origin, line.basis, centre - half, centre + half, line.spanning, line.points)
