"""Planes and lines through samples of the input space, and the finite part of them that is looked at (section 5.2).

Hypervolumes are measured on a plane through three samples. The thesis leaves open which finite part of the plane
is meant; here it is part of the plane, called its *domain*: always a convex polygon in plane coordinates.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from mbh_utils import _given
from mbh_utils._given import numbers as _finite
from mbh_utils.errors import MBHError

#: How far the rows of a basis may be from orthonormal (largest entry of B B^T - I).
_ORTHONORMAL = 1e-9
#: Spanning points count as collinear when the triangle's height is below this share of its longest side.
_COLLINEAR = 1e-10
#: Largest coordinate, and limits of a domain's area (or length): beyond them float64 overflows, or loses small regions.
_FARTHEST, _SMALLEST_AREA, _LARGEST_AREA = 1e120, 1e-200, 1e200


@dataclass(frozen=True, eq=False)
class Frame:
    """How linear functions on a plane or a line follow from their values at anchors.

    anchors: (k, d) float64. combine: (3, k) of fractions; combine @ values = (a, b, c) of a u + b v + c.
    """

    anchors: np.ndarray
    combine: list[list[Fraction]]

    @cached_property
    def weights(self) -> np.ndarray:
        """``combine`` in float64."""
        return np.array([[float(x) for x in row] for row in self.combine])

    @cached_property
    def sizes(self) -> np.ndarray:
        """Absolute ``weights``."""
        return np.abs(self.weights)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Length of each anchor."""
        return lengths(self.anchors)

    @cached_property
    def n_products(self) -> int:
        """Inputs that are not 0 at all anchors: products in the sums of a unit's values there."""
        return int(np.count_nonzero(self.anchors.any(axis=0)))


def lengths(rows: np.ndarray) -> np.ndarray:
    """Length of each row, up to rounding."""
    squares = np.einsum("ij,ij->i", rows, rows)
    found = np.sqrt(squares)
    if squares.min() < 1e-280:  # where squares are rounded to 0 they say nothing
        small = squares < 1e-280
        found[small] = np.abs(rows[small]).max(axis=1) * np.sqrt(rows.shape[1])
    return found


def polygon_area(corners: np.ndarray) -> float:
    """Signed area of a polygon (k, 2); positive when its corners run counter-clockwise."""
    u, v = (corners - corners[0]).T
    return 0.5 * float(np.dot(u, np.roll(v, -1)) - np.dot(v, np.roll(u, -1)))


def border_lines(corners: np.ndarray) -> np.ndarray:
    """Lines a u + b v + c = 0 along the edges of a polygon (k, 2): rows (a, b, c, errors of a, b and c)."""
    u, v = corners.T
    a = -(np.roll(v, -1) - v)
    b = np.roll(u, -1) - u
    errors = 8 * 2.0**-53 * np.abs([a, b, np.abs(a * u) + np.abs(b * v)])
    return _read_only(np.stack([a, b, -(a * u + b * v), *errors], axis=1))


def _read_only(values) -> np.ndarray:
    array = np.array(values)
    array.flags.writeable = False
    return array


def clip(corners: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    """Part of a convex polygon (k, 2) with a u + b v + c >= 0; (0, 2) when nothing is left."""
    value = corners @ (a, b) + c
    kept = []
    for i, (f, p) in enumerate(zip(value, corners, strict=True)):
        j = (i + 1) % len(corners)
        g, q = value[j], corners[j]
        if f >= 0:
            kept.append(p)
        if (f > 0 and g < 0) or (f < 0 and g > 0):
            kept.append(p + (q - p) * (f / (f - g)))
    return np.array(kept).reshape(-1, 2)


def _convex(corners: np.ndarray) -> np.ndarray:
    """The polygon counter-clockwise, without repeated or straight corners; it must be convex and have an area."""
    try:
        hull = ConvexHull(corners)
    except (QhullError, ValueError) as error:
        raise MBHError("the domain is empty, its corners lie on one line: give a polygon with an area") from error
    if not np.isclose(abs(polygon_area(corners)), hull.volume, rtol=1e-9):  # in two dimensions its area
        raise MBHError("the domain is not a convex polygon: give its corners in order around a convex shape")
    polygon = corners[np.roll(hull.vertices, -np.argmin(hull.vertices))]
    polygon.flags.writeable = False
    return polygon


def _checked_points(subspace, n: int) -> np.ndarray:
    """The spanning points of a plane (three) or a line (two), held to their coordinates."""
    points = _finite("points", subspace.points, (n, subspace.dimension))
    if subspace.spanning is None or len(subspace.spanning) != n:
        raise MBHError(f"points need their {n} plane coordinates: give them as spanning, or use .through(points)")
    off, size = np.abs(subspace.embed(subspace.spanning) - points).max(), np.abs(points).max()
    if off > 1e-7 * size:
        raise MBHError(f"points and spanning name different places (off by {off:.2g}): use .through(points)")
    return points


def _check_draw(n, rng, dimension: int) -> None:
    _given.whole("n", n, 0, 10**9 // max(dimension, 1))  # 8 GB
    _given.kind_of("rng", rng, np.random.Generator, "a generator of random numbers: numpy.random.default_rng(0)")


def _check_margin(margin) -> float:
    expected = "a finite number above 0 (1 just reaches the farthest point)"
    return _given.number("margin", margin, expected, lambda x: 0 < x < np.inf)


def _check_reach(name: str, *coordinates: np.ndarray) -> None:
    """MBHError for coordinates whose products are beyond float64."""
    farthest = max(np.abs(x).max(initial=0) for x in coordinates)
    if farthest > _FARTHEST:
        raise MBHError(f"{name} reaches {farthest:.3g}: coordinates beyond {_FARTHEST:g} overflow; rescale the inputs")


def _check_area(area: float, what: str = "area") -> None:
    if not _SMALLEST_AREA < area < _LARGEST_AREA:
        limits = f"{_SMALLEST_AREA:g} to {_LARGEST_AREA:g}"
        raise MBHError(
            f"the domain's {what} {area:.3g} is out of what float64 holds exactly, {limits}: rescale the inputs"
        )


def _check_spread(distance: float) -> None:
    if not distance**2 > _SMALLEST_AREA:
        raise MBHError(f"the spanning points lie {distance:.3g} apart, too near for float64: rescale the inputs")


def _domain_of_margin(shape: str, domain: str, margin, low, high) -> bool:
    """Whether the domain is the ``shape`` that the margin makes, not the input box; MBHError where they do not fit."""
    if not isinstance(domain, str) or domain not in (shape, "box"):
        given = _given.shown(domain)
        raise MBHError(f'domain is {given}; expected "{shape}" or "box" (a plane takes a polygon by .with_domain)')
    if domain == "box":
        return False
    _check_margin(margin)
    if low is not None or high is not None:
        raise MBHError('low and high are limits of the input box: they belong to domain="box"')
    return True


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane origin + u basis[0] + v basis[1] of the input space, with a finite domain on it.

    origin: (d,) float64, the point with plane coordinates (0, 0).
    basis: (2, d) float64, orthonormal rows, so that areas on the plane are areas in the input space.
    low, high: (2,) float64, plane coordinates of the rectangle around the domain (the domain itself, unless
        ``polygon`` says otherwise).
    spanning: (3, 2) float64, plane coordinates of the points it was spanned by, or None.
    polygon: (k, 2) float64, the corners of a domain that is not a rectangle, or None.
    points: (3, d) float64, the points it was spanned by, or None.

    Most planes come from :meth:`through`; ``Plane(origin, basis, low, high)`` takes one as it is. A plane that knows
    its points is exactly the one through them, with ``spanning`` as their coordinates; ``origin`` and ``basis`` then
    describe it up to rounding. Raises MBHError for a domain that float64 does not hold: coordinates beyond 1e120, an
    area below 1e-200 or above 1e200.
    """

    origin: np.ndarray
    basis: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spanning: np.ndarray | None = None
    polygon: np.ndarray | None = None
    points: np.ndarray | None = None

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(origin=_finite("origin", self.origin, (None,)))
        put(basis=_finite("basis", self.basis, (2, self.dimension)))
        put(low=_finite("low", self.low, (2,)), high=_finite("high", self.high, (2,)))
        off = np.abs(self.basis @ self.basis.T - np.eye(2)).max()
        if off > _ORTHONORMAL:
            raise MBHError(f"basis is not orthonormal (off by {off:.2g}): mend its two rows, or use Plane.through")
        if not (self.low < self.high).all():
            raise MBHError(f"the domain is empty: low {self.low.tolist()} is not below high {self.high.tolist()}")
        if self.spanning is not None:
            put(spanning=_finite("spanning", self.spanning, (None, 2)))
        if self.polygon is not None:
            polygon = _convex(_finite("polygon", self.polygon, (None, 2)))
            put(polygon=polygon, low=polygon.min(axis=0), high=polygon.max(axis=0))
        if self.points is not None:
            put(points=_checked_points(self, 3))
        _check_reach("the plane's origin or domain", self.origin, self.low, self.high)
        _check_area(self.area)

    @classmethod
    def through(cls, points, margin: float = 1.5, domain: str = "square", low=None, high=None) -> "Plane":
        """The plane through three points (3, d), with a finite domain around them.

        domain="square": centred on the points' centroid, sides along the basis, half side = ``margin`` x the largest
        distance of a point from the centroid. domain="box": the convex polygon in which the plane meets the input box
        ``low`` <= x <= ``high`` (numbers or (d,) arrays, default 0 and 1).
        The basis is orthonormal (Gram-Schmidt on p1 - p0 and p2 - p0); the origin is the centroid.
        Raises MBHError for points that are equal, on one line, NaN or infinite, and for a plane that misses the box.
        """
        points = _finite("points", points, (3, None))
        _check_reach("points", points)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            if (points[i] == points[j]).all():
                raise MBHError(f"spanning points {i} and {j} are equal: three different points span a plane")
        sides = points[1] - points[0], points[2] - points[0]
        longest = max(np.linalg.norm(side) for side in (*sides, points[2] - points[1]))
        _check_spread(longest)
        if not np.linalg.norm(sides[0]) > 0:
            raise MBHError("spanning points 0 and 1 are too near to each other: choose points that span a plane")
        first = sides[0] / np.linalg.norm(sides[0])
        second = sides[1] - first * (first @ sides[1])
        height = np.linalg.norm(second)
        if len(first) < 2 or height <= _COLLINEAR * longest:
            raise MBHError("the three spanning points lie on one line: choose points that span a plane")
        second = second / height
        second -= first * (first @ second)  # a second pass: one alone leaves a slanted basis for thin triangles
        basis = np.stack([first, second / np.linalg.norm(second)])
        centroid = points.mean(axis=0)
        spanning = (points - centroid) @ basis.T
        if _domain_of_margin("square", domain, margin, low, high):
            half = _check_margin(margin) * np.linalg.norm(points - centroid, axis=1).max()
            return cls(centroid, basis, [-half, -half], [half, half], spanning, points=points)
        polygon = _box_section(centroid, basis, low, high)
        return cls(centroid, basis, polygon.min(axis=0), polygon.max(axis=0), spanning, polygon, points)

    @classmethod
    def rectangle(cls, low=(0.0, 0.0), high=(1.0, 1.0)) -> "Plane":
        """The rectangle ``low`` <= x <= ``high`` of a network that has two inputs: plane coordinates are the inputs."""
        return cls(np.zeros(2), np.eye(2), low, high)

    def with_domain(self, corners) -> "Plane":
        """The same plane with another domain: a convex polygon (k, 2) in plane coordinates, in either direction."""
        corners = _finite("corners", corners, (None, 2))
        if len(corners) < 3:
            raise MBHError(f"a polygon needs at least three corners, got {len(corners)}")
        return Plane(self.origin, self.basis, self.low, self.high, self.spanning, corners, self.points)

    @property
    def dimension(self) -> int:
        """Dimension d of the input space."""
        return len(self.origin)

    @cached_property
    def frame(self) -> Frame:
        """Functions on the plane from their values at its three points."""
        one = Fraction(1)
        (u0, v0), (u1, v1), (u2, v2) = ([Fraction(x) for x in place] for place in self.spanning.tolist())
        inverse = one / ((u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0))
        a = [v1 - v2, v2 - v0, v0 - v1]
        b = [u2 - u1, u0 - u2, u1 - u0]
        c = [u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0]
        return Frame(self.points, [[x * inverse for x in row] for row in (a, b, c)])

    @cached_property
    def corners(self) -> np.ndarray:
        """Corners (k, 2) float64 of the domain in plane coordinates, counter-clockwise."""
        if self.polygon is not None:
            return self.polygon
        (u0, v0), (u1, v1) = self.low, self.high
        return _read_only([[u0, v0], [u1, v0], [u1, v1], [u0, v1]])

    @cached_property
    def border(self) -> np.ndarray:
        """The lines along the domain's edges, (k, 6) float64; see :func:`border_lines`."""
        return border_lines(self.corners)

    @cached_property
    def area(self) -> float:
        """Area of the domain (in units of the input space squared)."""
        return polygon_area(self.corners)

    def embed(self, uv) -> np.ndarray:
        """Points (n, d) of the input space with the plane coordinates ``uv`` (n, 2)."""
        return self.origin + _finite("uv", uv, (None, 2)) @ self.basis

    def project(self, points) -> np.ndarray:
        """Plane coordinates (n, 2) of the points (n, d), projected orthogonally where they are off the plane."""
        return (_finite("points", points, (None, self.dimension)) - self.origin) @ self.basis.T

    def contains(self, uv) -> np.ndarray:
        """Which plane coordinates ``uv`` (n, 2) lie in the domain (border included, within rounding): (n,) bool."""
        uv = _finite("uv", uv, (None, 2))
        corners = self.corners
        inside = np.ones(len(uv), dtype=bool)
        for p, q in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            x, y = (q - p) / np.linalg.norm(q - p)
            inside &= x * (uv[:, 1] - p[1]) - y * (uv[:, 0] - p[0]) >= -1e-12 * np.abs(self.high - self.low).max()
        return inside

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """``n`` uniformly random points of the domain, (n, d)."""
        _check_draw(n, rng, self.dimension)
        first, sides = self.corners[0], self.corners[1:] - self.corners[0]
        left, right = sides[:-1], sides[1:]  # the triangles of a fan around the first corner
        areas = left[:, 0] * right[:, 1] - left[:, 1] * right[:, 0]
        chosen = rng.choice(len(areas), n, p=areas / areas.sum())
        a, b = rng.random((2, n, 1))
        flip = a + b > 1  # the far half of the parallelogram, folded back onto the triangle
        a, b = np.where(flip, 1 - a, a), np.where(flip, 1 - b, b)
        return self.embed(first + a * left[chosen] + b * right[chosen])

    def __repr__(self) -> str:
        shape = "rectangle" if self.polygon is None else f"{len(self.polygon)}-gon"
        through = "" if self.spanning is None else f" through {len(self.spanning)} points"
        width, height = self.high - self.low
        return f"Plane{through} in R^{self.dimension}, domain: {shape} {width:.4g} x {height:.4g}, area {self.area:.6g}"


@dataclass(frozen=True, eq=False)
class Line:
    """A line origin + t basis[0] of the input space, with a segment of it as its domain.

    origin: (d,) float64, the point at t = 0. basis: (1, d) float64 of length 1. low, high: ends of the segment.
    spanning: (2,) float64, where on it the points lie that it was spanned by, or None.
    points: (2, d) float64, these points, or None; as with a :class:`Plane` the line is exactly the one through them.
    """

    origin: np.ndarray
    basis: np.ndarray
    low: float
    high: float
    spanning: np.ndarray | None = None
    points: np.ndarray | None = None

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(origin=_finite("origin", self.origin, (None,)))
        basis = _given.array("basis", self.basis)
        put(basis=_finite("basis", basis[None] if basis.ndim == 1 else basis, (1, self.dimension)))
        put(low=_given.number("low", self.low), high=_given.number("high", self.high))
        if abs(np.linalg.norm(self.basis) - 1) > _ORTHONORMAL:
            raise MBHError(f"basis has length {np.linalg.norm(self.basis):.6g}; divide it by that, or use Line.through")
        if not self.low < self.high:
            raise MBHError(f"the domain is empty: low {self.low} is not below high {self.high}")
        if self.spanning is not None:
            put(spanning=_finite("spanning", self.spanning, (None,)))
        if self.points is not None:
            put(points=_checked_points(self, 2))
        _check_reach("the line's origin or domain", self.origin, np.array([self.low, self.high]))
        _check_area(self.area, "length")

    @classmethod
    def through(cls, points, margin: float = 1.5, domain: str = "segment", low=None, high=None) -> "Line":
        """The line through two points (2, d); its origin is their middle.

        domain="segment": centred on the middle, half length = ``margin`` x half the points' distance. domain="box": the
        segment inside the input box ``low`` <= x <= ``high`` (numbers or (d,) arrays, default 0 and 1).
        """
        points = _finite("points", points, (2, None))
        _check_reach("points", points)
        distance = np.linalg.norm(points[1] - points[0])
        if not distance > 0:
            raise MBHError("the two spanning points are equal: two different points span a line")
        _check_spread(distance)
        origin, basis = points.mean(axis=0), (points[1] - points[0]) / distance
        spanning = (points - origin) @ basis
        if _domain_of_margin("segment", domain, margin, low, high):
            half = _check_margin(margin) * distance / 2
            return cls(origin, basis, -half, half, spanning, points)
        low, high = _box_limits(origin, low, high)
        moving = np.abs(basis) > 1e-14
        ends = np.sort([(x - origin)[moving] / basis[moving] for x in (low, high)], axis=0)
        still = np.maximum(low - origin, origin - high)[~moving]
        start, stop = ends[0].max(), ends[1].min()
        if not start < stop or (still > 1e-12 * max(np.abs(origin).max(), 1)).any():
            raise MBHError("the line does not meet the input box in a segment: check low and high against the points")
        return cls(origin, basis, start, stop, spanning, points)

    @property
    def dimension(self) -> int:
        """Dimension d of the input space."""
        return len(self.origin)

    @cached_property
    def frame(self) -> Frame:
        """Functions on the line from their values at its two points; b is 0."""
        start, stop = (Fraction(x) for x in self.spanning.tolist())
        slope, zero = 1 / (stop - start), Fraction(0)
        return Frame(self.points, [[-slope, slope], [zero, zero], [1 + start * slope, -start * slope]])

    @property
    def area(self) -> float:
        """Length of the domain: the hypervolume of one dimension, named as a plane's."""
        return self.high - self.low

    @cached_property
    def corners(self) -> np.ndarray:
        """Corners (4, 2) of the strip of height 1 over the domain; nothing depends on its second coordinate."""
        return _read_only([[self.low, 0.0], [self.high, 0.0], [self.high, 1.0], [self.low, 1.0]])

    @cached_property
    def border(self) -> np.ndarray:
        """The lines along the strip's edges, (4, 6) float64; see :func:`border_lines`."""
        return border_lines(self.corners)

    def embed(self, t) -> np.ndarray:
        """Points (n, d) of the input space at the positions ``t`` (n,)."""
        return self.origin + _finite("t", t, (None,))[:, None] * self.basis

    def project(self, points) -> np.ndarray:
        """Positions (n,) of the points (n, d), projected orthogonally where they are off the line."""
        return (_finite("points", points, (None, self.dimension)) - self.origin) @ self.basis[0]

    def contains(self, t) -> np.ndarray:
        """Which positions ``t`` (n,) lie in the domain (ends included, within rounding): (n,) bool."""
        t, slack = _finite("t", t, (None,)), 1e-12 * (self.high - self.low)
        return (t >= self.low - slack) & (t <= self.high + slack)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """``n`` uniformly random points of the domain, (n, d)."""
        _check_draw(n, rng, self.dimension)
        return self.embed(rng.uniform(self.low, self.high, n))

    def __repr__(self) -> str:
        through = "" if self.spanning is None else f" through {len(self.spanning)} points"
        return f"Line{through} in R^{self.dimension}, domain of length {self.area:.6g}"


@dataclass(frozen=True, eq=False)
class Block:
    """A box in a subspace of any dimension k, for sampling only: origin + y @ basis with low <= y <= high.

    origin: (d,) float64. basis: (k, d) float64, orthonormal rows; None for the whole input space (k = d).
    low, high: (k,) float64 limits of the coordinates y.
    """

    origin: np.ndarray
    basis: np.ndarray | None
    low: np.ndarray
    high: np.ndarray

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(origin=_finite("origin", self.origin, (None,)), low=_finite("low", self.low, (None,)))
        put(high=_finite("high", self.high, (len(self.low),)))
        d, k = len(self.origin), len(self.low)
        if self.basis is not None:
            put(basis=_finite("basis", self.basis, (k, d)))
            off = np.abs(self.basis @ self.basis.T - np.eye(k)).max(initial=0)
            if off > _ORTHONORMAL:
                raise MBHError(f"basis is not orthonormal (off by {off:.2g}): mend its rows, or use Block.through")
        elif k != d:
            raise MBHError(f"low has {k} limits for {d} inputs; without a basis each input needs its own")
        if not k or not (self.low <= self.high).all() or (self.low == self.high).all():
            raise MBHError(f"the block is empty: low {_given.shown(self.low)} is not below high, or there is none")
        _check_reach("the block", self.origin, self.low, self.high)

    @classmethod
    def whole(cls, data) -> "Block":
        """The whole input box of a data set, between its ``low`` and ``high``."""
        data = _given.data_set("data", data, ("low", "high"))
        low = _finite("low", data.low, (None,))
        return cls(np.zeros(len(low)), None, low, _finite("high", data.high, (len(low),)))

    @classmethod
    def through(cls, points, margin: float = 1.5) -> "Block":
        """The cube around k + 1 points (k + 1, d) in their k-dimensional subspace; for k = 2 the square of a Plane.

        Its centre is the points' centroid, its half side ``margin`` x the largest distance of a point from there.
        """
        points, margin = _finite("points", points, (None, None)), _check_margin(margin)
        _check_reach("points", points)
        if len(points) < 2 or len(points) > points.shape[1] + 1:
            raise MBHError(f"{len(points)} points cannot span a block in {points.shape[1]} dimensions: give 2 to d + 1")
        _check_spread(np.linalg.norm(points - points[0], axis=1).max())
        basis, upper = np.linalg.qr((points[1:] - points[0]).T)
        if np.abs(np.diag(upper)).min() <= _COLLINEAR * np.abs(upper).max():
            raise MBHError(f"the {len(points)} points lie in a subspace of fewer dimensions: choose independent points")
        centre = points.mean(axis=0)
        half = np.full(len(points) - 1, margin * np.linalg.norm(points - centre, axis=1).max())
        return cls(centre, basis.T, -half, half)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """``n`` uniformly random points, (n, d)."""
        _check_draw(n, rng, len(self.origin))
        y = rng.uniform(self.low, self.high, (n, len(self.low)))
        return y if self.basis is None else self.origin + y @ self.basis


def _box_limits(origin: np.ndarray, low, high) -> tuple[np.ndarray, np.ndarray]:
    """Limits (d,) of the input box, 0 and 1 where they are None."""
    low, high = 0.0 if low is None else low, 1.0 if high is None else high
    given = [_given.array(name, x).astype(np.float64) for name, x in (("low", low), ("high", high))]
    if any(x.shape not in ((), (1,), origin.shape) for x in given) or isinstance(low, bool) or isinstance(high, bool):
        raise MBHError(f"low and high must be numbers or arrays of length {len(origin)}")
    low, high = (np.broadcast_to(x, origin.shape) for x in given)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise MBHError("the input box needs finite limits with low <= high in every dimension")
    _check_reach("the input box", low, high)
    return low, high


def _box_section(origin: np.ndarray, basis: np.ndarray, low, high) -> np.ndarray:
    """Corners (k, 2) of the polygon in which a plane meets the box low <= x <= high."""
    low, high = _box_limits(origin, low, high)
    size = np.linalg.norm(high - low)
    u, v = basis @ ((low + high) / 2 - origin)
    polygon = np.array([[u - size, v - size], [u + size, v - size], [u + size, v + size], [u - size, v + size]])
    slack = 1e-12 * max(size, np.abs(origin).max())
    for sign, limit in ((1.0, low), (-1.0, high)):
        a, b = sign * basis
        c = sign * (origin - limit)
        constant = np.hypot(a, b) <= 1e-14  # a dimension in which the plane does not move: inside or outside as a whole
        if (c[constant] < -slack).any():
            polygon = polygon[:0]
        for i in np.flatnonzero(~constant):
            if (polygon @ (a[i], b[i]) + c[i] < 0).any():
                polygon = clip(polygon, a[i], b[i], c[i])
    if len(polygon) < 3 or polygon_area(polygon) <= 1e-12 * size * size:
        raise MBHError("the plane does not meet the input box in an area: check low and high against the points")
    return polygon
