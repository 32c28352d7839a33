"""The points in which regions of a partition meet, and which regions meet there."""

from functools import cached_property

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mbh_utils.regions.bending import twins
from mbh_utils.regions.locating import Locator
from mbh_utils.regions.result import Partition


def joined(n: int, pairs: np.ndarray) -> np.ndarray:
    """Number of the connected part that each of n things is in, (n,); pairs (m, 2) are connected.

    Examples
    --------
    >>> joined(4, np.array([[0, 2], [2, 3]])).tolist()
    [0, 1, 0, 0]
    """
    ones = np.ones(len(pairs), dtype=bool)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1]


class Vertices:
    """The vertices of a partition that holds polygons and patterns.

    Corners are those of :attr:`Partition.corners`; a vertex has one of each region that meets
    there, but for regions of which it is no corner, since it lies on one of their edges.
    """

    def __init__(self, partition: Partition, locator: Locator):
        self.partition = partition
        self.locator = locator

    @cached_property
    def of_corner(self) -> np.ndarray:
        """Number of the vertex that each corner is, (n_corners,).

        The edge that begins in a corner ends, as the region beyond has it, in the same vertex, and
        the edge that follows there begins in it.
        """
        locator = self.locator
        twin = twins(locator.owner, locator.beyond)
        inner = np.flatnonzero(twin >= 0)
        pairs = np.column_stack([inner, locator.following[twin[inner]]])
        return joined(len(twin), pairs)

    @cached_property
    def first_corner(self) -> np.ndarray:
        """The first corner of each vertex, (n_vertices,)."""
        return np.unique(self.of_corner, return_index=True)[1]

    @cached_property
    def domain_sides(self) -> np.ndarray:
        """On how many sides of the domain each vertex lies: 0 inside, 2 in the domain's corners."""
        edges = np.flatnonzero(self.partition.edges < 0)
        ends = np.concatenate([edges, self.locator.following[edges]])
        sides = np.concatenate([self.partition.edges[edges]] * 2)
        pairs = np.unique(np.column_stack([self.of_corner[ends], sides]), axis=0)
        return np.bincount(pairs[:, 0], minlength=len(self.first_corner))

    @cached_property
    def incidences(self) -> np.ndarray:
        """Pairs (m, 2) of a vertex and a region that it belongs to.

        A region across an edge has both ends of it, whether or not they are its own corners.
        """
        locator = self.locator
        own = np.column_stack([self.of_corner, locator.owner])
        inner = np.flatnonzero(locator.beyond >= 0)
        across = locator.beyond[inner]
        starts = np.column_stack([self.of_corner[inner], across])
        ends = np.column_stack([self.of_corner[locator.following[inner]], across])
        return np.unique(np.concatenate([own, starts, ends]), axis=0)

    def touching(self, maps: np.ndarray) -> np.ndarray:
        """Pairs of regions with the same number in ``maps`` (n_regions,) that share a vertex.

        Not all such pairs, but enough to connect all regions that meet: (m, 2).
        """
        vertex, region = self.incidences.T
        order = np.lexsort((region, maps[region], vertex))
        vertex = vertex[order]
        region = region[order]
        number = maps[region]
        same = (vertex[1:] == vertex[:-1]) & (number[1:] == number[:-1])
        return np.column_stack([region[:-1], region[1:]])[same]
