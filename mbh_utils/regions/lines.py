"""Lines through two samples of the input space, with a segment of them as domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.domains import (
    box_segment,
    check_area,
    check_default_box,
    check_draw,
    check_margin,
    check_reach,
    check_spread,
    check_unit_length,
    checked_points,
    uses_margin,
)
from mbh_utils.regions.frames import Frame, frame_of_line
from mbh_utils.regions.polygons import border_lines, read_only_copy


@dataclass(frozen=True, eq=False)
class Line:
    """A line origin + t basis[0] of the input space, with a segment of it as its domain.

    Most lines come from :meth:`through`; ``Line(origin, basis, low, high)`` takes one as it is.

    Parameters
    ----------
    origin : array_like, shape (d,)
        The point at t = 0.
    basis : array_like, shape (1, d) or (d,)
        Direction of the line, of length 1, so that t measures lengths of the input space.
    low, high : float
        Ends of the segment.
    spanning : array_like, shape (2,), optional
        Where on the line the points lie that it was spanned by.
    points : array_like, shape (2, d), optional
        These points. As with a :class:`Plane`, the line is then exactly the one through them.

    Raises
    ------
    MBHError
        For a basis of another length, an empty segment, points that do not fit ``spanning``, and a
        segment that float64 does not hold: coordinates beyond 1e120, a length below 1e-200 or above
        1e200.

    Examples
    --------
    >>> from mbh_utils import Line
    >>> line = Line([0, 0, 0], [1, 0, 0], low=-1, high=3)
    >>> line
    Line in R^3, domain of length 4
    >>> line.embed([0, 2]).tolist()
    [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]
    """

    origin: np.ndarray
    basis: np.ndarray
    low: float
    high: float
    spanning: np.ndarray | None = None
    points: np.ndarray | None = None

    def __init__(
        self,
        origin: ArrayLike,
        basis: ArrayLike,
        low: float,
        high: float,
        spanning: ArrayLike | None = None,
        points: ArrayLike | None = None,
    ):
        put = vars(self).update  # the dataclass is frozen
        put(origin=require.numbers("origin", origin, (None,)))
        direction = require.array("basis", basis)
        if direction.ndim == 1:
            direction = direction[None]
        put(basis=require.numbers("basis", direction, (1, self.dimension)))
        put(low=require.number("low", low))
        put(high=require.number("high", high))
        check_unit_length(self.basis)
        if not self.low < self.high:
            raise MBHError(f"the domain is empty: low {self.low} is not below high {self.high}")
        put(spanning=None, points=None)
        if spanning is not None:
            put(spanning=require.numbers("spanning", spanning, (None,)))
        if points is not None:
            put(points=checked_points(self, points, 2))
        check_reach("the line's origin or domain", self.origin, np.array([self.low, self.high]))
        check_area(self.area, "length")

    @classmethod
    def through(
        cls,
        points: ArrayLike,
        margin: float = 1.5,
        domain: str = "segment",
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
    ) -> Line:
        """The line through two points, with a segment around them as domain.

        Parameters
        ----------
        points : array_like, shape (2, d)
            Two different points of the input space.
        margin : float, default 1.5
            Half the segment's length over half the points' distance; 1 just reaches both.
        domain : {"segment", "box"}, default "segment"
            "segment" is centred on the points' middle, as long as ``margin`` says. "box" is the
            segment inside of the input box.
        low, high : float or array_like of shape (d,), optional
            Limits of the input box, of ``domain="box"`` only; by default 0 and 1, between which
            the points then have to lie.

        Returns
        -------
        Line
            Its origin is the middle of the points.

        Raises
        ------
        MBHError
            For points that are equal, NaN or infinite, for a line that misses the box, and for
            points outside of 0 to 1 where a box is asked for without limits.

        Examples
        --------
        >>> from mbh_utils import Line
        >>> line = Line.through([[0.0, 0.0], [0.6, 0.8]], margin=2)
        >>> line.low, line.high
        (-1.0, 1.0)
        >>> Line.through([[0.2, 0.5], [0.4, 0.5]], domain="box")
        Line through 2 points in R^2, domain of length 1
        """
        points = require.numbers("points", points, (2, None))
        check_reach("points", points)
        distance = float(np.linalg.norm(points[1] - points[0]))
        if not distance > 0:
            raise MBHError("the two spanning points are equal: two different points span a line")
        check_spread(distance)
        origin = points.mean(axis=0)
        basis = (points[1] - points[0]) / distance
        spanning = (points - origin) @ basis
        if uses_margin(("segment", "box"), domain, margin, low, high):
            half = check_margin(margin) * distance / 2
            return cls(origin, basis, -half, half, spanning, points)
        check_default_box(points, low, high)
        start, stop = box_segment(origin, basis, low, high)
        return cls(origin, basis, start, stop, spanning, points)

    @property
    def dimension(self) -> int:
        """Dimension d of the input space."""
        return len(self.origin)

    @cached_property
    def frame(self) -> Frame:
        """Functions on the line from their values at its two points, which it must know; b is 0."""
        assert self.points is not None and self.spanning is not None
        return frame_of_line(self.points, self.spanning)

    @property
    def area(self) -> float:
        """Length of the domain: the hypervolume of one dimension, named as a plane's."""
        return self.high - self.low

    @cached_property
    def corners(self) -> np.ndarray:
        """Corners (4, 2) of the strip of height 1 over the domain.

        Nothing depends on the second coordinate: so a line is partitioned as a plane is.
        """
        return read_only_copy(
            [[self.low, 0.0], [self.high, 0.0], [self.high, 1.0], [self.low, 1.0]]
        )

    @cached_property
    def border(self) -> np.ndarray:
        """The lines along the strip's edges, (4, 6) float64; see ``polygons.border_lines``."""
        return border_lines(self.corners)

    def embed(self, t: ArrayLike) -> np.ndarray:
        """Points of the input space at positions on the line.

        Parameters
        ----------
        t : array_like, shape (n,)
            Positions, in lengths of the input space from the origin.

        Returns
        -------
        ndarray, shape (n, d)
        """
        return self.origin + require.numbers("t", t, (None,))[:, None] * self.basis

    def project(self, points: ArrayLike) -> np.ndarray:
        """Positions of points of the input space on the line.

        Parameters
        ----------
        points : array_like, shape (n, d)
            Where they are off the line they are projected orthogonally.

        Returns
        -------
        ndarray, shape (n,)

        Examples
        --------
        >>> from mbh_utils import Line
        >>> Line([0, 0], [1, 0], 0, 9).project([[3, 5]]).tolist()
        [3.0]
        """
        points = require.numbers("points", points, (None, self.dimension))
        return (points - self.origin) @ self.basis[0]

    def contains(self, t: ArrayLike) -> np.ndarray:
        """Which positions lie in the domain, ends included, within rounding.

        Parameters
        ----------
        t : array_like, shape (n,)
            Positions, in lengths of the input space from the origin.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        t = require.numbers("t", t, (None,))
        slack = 1e-12 * (self.high - self.low)
        return (t >= self.low - slack) & (t <= self.high + slack)

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
        """
        check_draw(n, rng, self.dimension)
        return self.embed(rng.uniform(self.low, self.high, n))

    def __repr__(self) -> str:
        through = "" if self.spanning is None else f" through {len(self.spanning)} points"
        return f"Line{through} in R^{self.dimension}, domain of length {self.area:.6g}"
