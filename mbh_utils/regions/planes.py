"""Planes through three samples of the input space (section 5.2).

``domains.py`` chooses the finite part of a plane. Lines are in ``lines.py``; boxes of any
dimension, for sampling only, in ``blocks.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.domains import (
    box_polygon,
    check_area,
    check_default_box,
    check_draw,
    check_orthonormal,
    check_reach,
    check_spread,
    checked_points,
    half_side,
    uses_margin,
)
from mbh_utils.regions.frames import Frame, frame_of_plane
from mbh_utils.regions.lines import Line
from mbh_utils.regions.polygons import border_lines, convex_domain, polygon_area, read_only_copy

#: Spanning points count as collinear when the triangle's height is below this share of the longest
#: side.
_COLLINEAR = 1e-10


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane origin + u basis[0] + v basis[1] of the input space, with a finite domain on it.

    Most planes come from :meth:`through`; ``Plane(origin, basis, low, high)`` takes one as it is.

    Parameters
    ----------
    origin : array_like, shape (d,)
        The point with plane coordinates (0, 0).
    basis : array_like, shape (2, d)
        Orthonormal rows, so that areas on the plane are areas in the input space.
    low, high : array_like, shape (2,)
        Plane coordinates of the rectangle around the domain, which is the domain itself unless
        ``polygon`` says otherwise.
    spanning : array_like, shape (n, 2), optional
        Plane coordinates of the points the plane was spanned by.
    polygon : array_like, shape (k, 2), optional
        Corners of a domain that is not a rectangle, a convex polygon.
    points : array_like, shape (3, d), optional
        The points the plane was spanned by.

    Raises
    ------
    MBHError
        For a basis that is not orthonormal, an empty domain or one that is not convex, points that
        do not fit ``spanning``, and a domain that float64 does not hold: coordinates beyond 1e120,
        an area below 1e-200 or above 1e200.

    Notes
    -----
    A plane that knows its points is exactly the one through them, with ``spanning`` as their
    coordinates; ``origin`` and ``basis`` then describe it up to rounding.

    Examples
    --------
    >>> from mbh_utils import Plane
    >>> plane = Plane([0, 0, 1], [[1, 0, 0], [0, 1, 0]], low=[-1, -1], high=[1, 2])
    >>> plane
    Plane in R^3, domain: rectangle 2 x 3, area 6
    >>> plane.embed([[0.5, 2]]).tolist()
    [[0.5, 2.0, 1.0]]
    """

    origin: np.ndarray
    basis: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spanning: np.ndarray | None = None
    polygon: np.ndarray | None = None
    points: np.ndarray | None = None

    def __init__(
        self,
        origin: ArrayLike,
        basis: ArrayLike,
        low: ArrayLike,
        high: ArrayLike,
        spanning: ArrayLike | None = None,
        polygon: ArrayLike | None = None,
        points: ArrayLike | None = None,
    ):
        put = vars(self).update  # the dataclass is frozen
        put(origin=require.numbers("origin", origin, (None,)))
        put(basis=require.numbers("basis", basis, (2, self.dimension)))
        put(low=require.numbers("low", low, (2,)))
        put(high=require.numbers("high", high, (2,)))
        check_orthonormal(self.basis, "fix its two rows, or use Plane.through")
        if not (self.low < self.high).all():
            limits = f"low {self.low.tolist()} is not below high {self.high.tolist()}"
            raise MBHError(f"the domain is empty: {limits}")
        put(spanning=None, polygon=None, points=None)
        if spanning is not None:
            put(spanning=require.numbers("spanning", spanning, (None, 2)))
        if polygon is not None:
            hull = convex_domain(require.numbers("polygon", polygon, (None, 2)))
            put(polygon=hull, low=hull.min(axis=0), high=hull.max(axis=0))
        if points is not None:
            put(points=checked_points(self, points, 3))
        check_reach("the plane's origin or domain", self.origin, self.low, self.high)
        check_area(self.area)

    @classmethod
    def through(
        cls,
        points: ArrayLike,
        margin: float = 1.5,
        domain: str = "square",
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
    ) -> Plane:
        """The plane through three points, with a finite domain around them.

        Parameters
        ----------
        points : array_like, shape (3, d)
            Three points of the input space that do not lie on one line.
        margin : float, default 1.5
            Half a side of the square, over the largest distance of a point from their centroid; 1
            just reaches the farthest point.
        domain : {"square", "box", "triangle"}, default "square"
            "square" is centred on the centroid, sides along the basis, as large as ``margin`` says.
            "box" is the convex polygon in which the plane meets the input box. "triangle" has the
            three points as its corners.
        low, high : float or array_like of shape (d,), optional
            Limits of the input box, of ``domain="box"`` only; by default 0 and 1, between which
            the points then have to lie.

        Returns
        -------
        Plane
            Its origin is the centroid, its basis orthonormal (Gram-Schmidt on p1 - p0 and p2 - p0).

        Raises
        ------
        MBHError
            For points that are equal, on one line, NaN or infinite, for a plane that misses the
            box, and for points outside of 0 to 1 where a box is asked for without limits.

        Notes
        -----
        The thesis approximates hypervolumes by areas on such planes (section 5.2), through samples
        of the data, and leaves open which finite part of a plane is meant: see
        ``mbh_utils/regions/domains.py``.

        Examples
        --------
        >>> from mbh_utils import Plane
        >>> corners = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
        >>> Plane.through(corners, margin=1)
        Plane through 3 points in R^3, domain: rectangle 1.491 x 1.491, area 2.22222
        >>> Plane.through(corners, domain="box")
        Plane through 3 points in R^3, domain: 4-gon 1 x 1, area 1
        >>> Plane.through(corners, domain="triangle")
        Plane through 3 points in R^3, domain: 3-gon 1 x 1, area 0.5
        """
        points = require.numbers("points", points, (3, None))
        check_reach("points", points)
        basis = _basis_through(points)
        centroid = points.mean(axis=0)
        spanning = (points - centroid) @ basis.T
        if uses_margin(("square", "box", "triangle"), domain, margin, low, high):
            half = half_side(points, centroid, margin)
            return cls(centroid, basis, [-half, -half], [half, half], spanning, points=points)
        if domain == "box":
            check_default_box(points, low, high)
            polygon = box_polygon(centroid, basis, low, high)
        else:
            polygon = spanning
        lowest = polygon.min(axis=0)
        highest = polygon.max(axis=0)
        return cls(centroid, basis, lowest, highest, spanning, polygon, points)

    @classmethod
    def rectangle(cls, low: ArrayLike = (0.0, 0.0), high: ArrayLike = (1.0, 1.0)) -> Plane:
        """A rectangle in the input space of a network that has two inputs.

        Parameters
        ----------
        low, high : array_like, shape (2,)
            Limits low <= x <= high; by default the unit square.

        Returns
        -------
        Plane
            Its plane coordinates are the inputs.

        Examples
        --------
        >>> from mbh_utils import Plane
        >>> Plane.rectangle((-1, -1), (1, 1))
        Plane in R^2, domain: rectangle 2 x 2, area 4
        """
        return cls(np.zeros(2), np.eye(2), low, high)

    def with_domain(self, corners: ArrayLike) -> Plane:
        """The same plane with another domain.

        Parameters
        ----------
        corners : array_like, shape (k, 2)
            A convex polygon in plane coordinates, in either direction.

        Returns
        -------
        Plane

        Raises
        ------
        MBHError
            For a polygon that is not convex, or that has no area.

        Examples
        --------
        >>> from mbh_utils import Plane
        >>> Plane.rectangle().with_domain([[0, 0], [1, 0], [0, 1]])
        Plane in R^2, domain: 3-gon 1 x 1, area 0.5
        """
        corners = require.numbers("corners", corners, (None, 2))
        if len(corners) < 3:
            raise MBHError(f"a polygon needs at least three corners, got {len(corners)}")
        return Plane(
            self.origin, self.basis, self.low, self.high, self.spanning, corners, self.points
        )

    @property
    def dimension(self) -> int:
        """Dimension d of the input space."""
        return len(self.origin)

    @cached_property
    def frame(self) -> Frame:
        """Functions on the plane from their values at its three points, which it must know."""
        assert self.points is not None and self.spanning is not None
        return frame_of_plane(self.points, self.spanning)

    @cached_property
    def corners(self) -> np.ndarray:
        """Corners (k, 2) float64 of the domain in plane coordinates, counter-clockwise."""
        if self.polygon is not None:
            return self.polygon
        u0, v0 = self.low
        u1, v1 = self.high
        return read_only_copy([[u0, v0], [u1, v0], [u1, v1], [u0, v1]])

    @cached_property
    def border(self) -> np.ndarray:
        """The lines along the domain's edges, (k, 6) float64; see ``polygons.border_lines``."""
        return border_lines(self.corners)

    @cached_property
    def area(self) -> float:
        """Area of the domain (in units of the input space squared)."""
        return polygon_area(self.corners)

    def embed(self, uv: ArrayLike) -> np.ndarray:
        """Points of the input space with given plane coordinates.

        Parameters
        ----------
        uv : array_like, shape (n, 2)
            Plane coordinates.

        Returns
        -------
        ndarray, shape (n, d)
        """
        return self.origin + require.numbers("uv", uv, (None, 2)) @ self.basis

    def project(self, points: ArrayLike) -> np.ndarray:
        """Plane coordinates of points of the input space.

        Parameters
        ----------
        points : array_like, shape (n, d)
            Where they are off the plane they are projected orthogonally.

        Returns
        -------
        ndarray, shape (n, 2)

        Examples
        --------
        >>> from mbh_utils import Plane
        >>> plane = Plane([0, 0, 1], [[1, 0, 0], [0, 1, 0]], [0, 0], [1, 1])
        >>> plane.project([[0.25, 0.5, 7]]).tolist()
        [[0.25, 0.5]]
        """
        points = require.numbers("points", points, (None, self.dimension))
        return (points - self.origin) @ self.basis.T

    def contains(self, uv: ArrayLike) -> np.ndarray:
        """Which plane coordinates lie in the domain, its border included, within rounding.

        Parameters
        ----------
        uv : array_like, shape (n, 2)
            Plane coordinates.

        Returns
        -------
        ndarray of bool, shape (n,)

        Examples
        --------
        >>> from mbh_utils import Plane
        >>> Plane.rectangle().contains([[0.5, 0.5], [1, 1], [2, 0]]).tolist()
        [True, True, False]
        """
        uv = require.numbers("uv", uv, (None, 2))
        corners = self.corners
        slack = 1e-12 * np.abs(self.high - self.low).max()
        inside = np.ones(len(uv), dtype=bool)
        for p, q in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            x, y = (q - p) / np.linalg.norm(q - p)
            inside &= x * (uv[:, 1] - p[1]) - y * (uv[:, 0] - p[0]) >= -slack
        return inside

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Uniformly random points of the domain.

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
            Where the random numbers come from.

        Returns
        -------
        ndarray, shape (n, d)
            Points of the input space.

        Examples
        --------
        >>> import numpy as np
        >>> from mbh_utils import Plane
        >>> plane = Plane.rectangle((0, 0), (4, 1))
        >>> points = plane.sample(1000, np.random.default_rng(0))
        >>> bool(plane.contains(plane.project(points)).all())
        True
        """
        check_draw(n, rng, self.dimension)
        first = self.corners[0]
        sides = self.corners[1:] - first
        left = sides[:-1]  # the triangles of a fan around the first corner
        right = sides[1:]
        areas = left[:, 0] * right[:, 1] - left[:, 1] * right[:, 0]
        chosen = rng.choice(len(areas), n, p=areas / areas.sum())
        shares = rng.random((2, n, 1))
        beyond = shares[0] + shares[1] > 1  # the far half of the parallelogram: fold it back
        a, b = np.where(beyond, 1 - shares, shares)
        return self.embed(first + a * left[chosen] + b * right[chosen])

    def __repr__(self) -> str:
        shape = "rectangle" if self.polygon is None else f"{len(self.polygon)}-gon"
        through = "" if self.spanning is None else f" through {len(self.spanning)} points"
        width, height = self.high - self.low
        size = f"{width:.4g} x {height:.4g}, area {self.area:.6g}"
        return f"Plane{through} in R^{self.dimension}, domain: {shape} {size}"


def _basis_through(points: np.ndarray) -> np.ndarray:
    """Orthonormal basis (2, d) of the plane through three points; MBHError where they span none."""
    for i, j in ((0, 1), (0, 2), (1, 2)):
        if (points[i] == points[j]).all():
            raise MBHError(
                f"spanning points {i} and {j} are equal: three different points span a plane"
            )
    sides = points[1] - points[0], points[2] - points[0]
    longest = max(float(np.linalg.norm(side)) for side in (*sides, points[2] - points[1]))
    check_spread(longest)
    if not np.linalg.norm(sides[0]) > 0:
        raise MBHError(
            "spanning points 0 and 1 are too near to each other: choose points that span a plane"
        )
    first = sides[0] / np.linalg.norm(sides[0])
    second = sides[1] - first * (first @ sides[1])
    height = np.linalg.norm(second)
    if len(first) < 2 or height <= _COLLINEAR * longest:
        raise MBHError("the three spanning points lie on one line: choose points that span a plane")
    second = second / height
    second -= first * (first @ second)  # once more: one pass leaves thin triangles a slanted basis
    return np.stack([first, second / np.linalg.norm(second)])


def domain_points(
    domain: Plane | Line | Sequence[Plane | Line], n: int = 40
) -> Callable[[], np.ndarray]:
    """Points at which two readings of a network are compared on a plane or a line, or on several.

    They are each domain's corners (or ends), its spanning points and n random ones: (k, d)
    together. Of several domains only those in the space of the first count; whoever asked says what
    is the matter with the others.
    """

    def points() -> np.ndarray:
        several = domain if isinstance(domain, list | tuple) else [domain]
        domains = [one for one in several if isinstance(one, Plane | Line)]
        if not domains:
            return np.empty((0, 0))
        dimension = domains[0].dimension
        found = [_points_of(one, n) for one in domains if one.dimension == dimension]
        return np.concatenate(found)

    return points


def _points_of(domain: Plane | Line, n: int) -> np.ndarray:
    is_line = isinstance(domain, Line)
    ends = np.array([domain.low, domain.high]) if is_line else domain.corners
    given = [ends] if domain.spanning is None else [ends, domain.spanning]
    drawn = domain.sample(n, np.random.default_rng(0))
    return np.concatenate([*map(domain.embed, given), drawn])
