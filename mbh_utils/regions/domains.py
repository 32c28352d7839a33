"""Where a plane's domain is chosen: its finite part (or a line's) on which areas are measured.

The thesis measures hypervolumes on a plane through three samples (section 5.2) and leaves open
which finite part of the plane is meant. Here the choice is part of the plane. There are four:

- ``domain="square"`` (of a line ``"segment"``): around the spanning points, as large as ``margin``
  says, :func:`half_side`;
- ``domain="box"``: what the plane has in common with the input box, :func:`box_polygon` (of a line
  :func:`box_segment`). It is the finite input space of Definition 4.7 as the plane meets it;
- ``domain="triangle"``: the triangle whose corners are the three samples, all their mixtures with
  shares from 0 to 1. It lies in every convex input space that the samples lie in;
- any convex polygon, by ``Plane.with_domain``.

The second half of the file says which domains float64 can hold.
"""

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.polygons import clip, polygon_area

#: Largest coordinate: products of larger ones overflow.
_FARTHEST = 1e120
#: Limits of a domain's area (or length): beyond them float64 overflows, or loses small regions.
_SMALLEST_AREA = 1e-200
_LARGEST_AREA = 1e200
#: How far the rows of a basis may be from orthonormal (largest entry of B B^T - I).
_ORTHONORMAL = 1e-9
#: How far a point may lie outside of a box of which nobody gave limits: images that were computed.
_ROUNDING = 1e-6
#: A dimension whose entry of the basis is smaller is one in which the plane does not move.
_STILL = 1e-14


# -------------------------------------------------------------------------------- choosing a domain


def uses_margin(
    domains: tuple[str, ...],
    domain: str,
    margin: float,
    low: ArrayLike | None,
    high: ArrayLike | None,
) -> bool:
    """Whether the domain is the first of ``domains``, whose size the margin says.

    Raises MBHError for a domain that is none of them, an ill margin of the first, and limits of the
    input box without a box.
    """
    if not isinstance(domain, str) or domain not in domains:
        given = require.shown(domain)
        names = [f'"{name}"' for name in domains]
        expected = f"{', '.join(names[:-1])} or {names[-1]}"
        raise MBHError(
            f"domain is {given}; expected {expected} (a plane takes a polygon by .with_domain)"
        )
    if domain != "box" and (low is not None or high is not None):
        raise MBHError('low and high are limits of the input box: they belong to domain="box"')
    if domain != domains[0]:
        return False
    check_margin(margin)
    return True


def check_margin(margin: float) -> float:
    """The margin as a float. Raises MBHError unless it is finite and above 0."""
    expected = "a finite number above 0 (1 just reaches the farthest point)"
    return require.number("margin", margin, expected, lambda x: 0 < x < np.inf)


def half_side(points: np.ndarray, centre: np.ndarray, margin: float) -> float:
    """Half a side of the square around points: margin x the largest distance from their centre."""
    return check_margin(margin) * np.linalg.norm(points - centre, axis=1).max()


def check_default_box(points: np.ndarray, low, high) -> None:
    """Raise MBHError for points outside of the box from 0 to 1, where no limits were given.

    Inputs of another scale, such as standardised ones, would be measured on a part of the plane
    that nobody chose. Who gives limits has chosen.
    """
    if low is not None or high is not None:
        return
    outside = np.argwhere((points < -_ROUNDING) | (points > 1 + _ROUNDING))
    if len(outside):
        i, j = outside[0]
        raise MBHError(
            f"spanning point {i} has {points[i, j]:.4g} at input {j}, outside of the input box "
            "from 0 to 1, which is meant where no limits are given: give those of your inputs, "
            "such as low=data.low, high=data.high"
        )


def box_polygon(origin: np.ndarray, basis: np.ndarray, low, high) -> np.ndarray:
    """Corners (k, 2) of the polygon in which a plane meets the input box low <= x <= high."""
    low, high = _box_limits(origin, low, high)
    size = float(np.linalg.norm(high - low))
    polygon = _square(basis @ ((low + high) / 2 - origin), size)  # it holds all of the box
    slack = 1e-12 * max(size, np.abs(origin).max())
    for sign, limit in ((1.0, low), (-1.0, high)):
        slopes = sign * basis
        distance = sign * (origin - limit)
        polygon = _clipped_to_side(polygon, slopes, distance, slack)
    if len(polygon) < 3 or polygon_area(polygon) <= 1e-12 * size * size:
        raise MBHError(
            "the plane does not meet the input box in an area: "
            "check low and high against the points"
        )
    return polygon


def _square(centre: np.ndarray, half: float) -> np.ndarray:
    u, v = centre
    return np.array(
        [[u - half, v - half], [u + half, v - half], [u + half, v + half], [u - half, v + half]]
    )


def _clipped_to_side(
    polygon: np.ndarray, slopes: np.ndarray, distance: np.ndarray, slack: float
) -> np.ndarray:
    """Part of a polygon inside of d limits: where slopes.T (d, 2) @ uv + distance (d,) >= 0."""
    a, b = slopes
    constant = np.hypot(a, b) <= _STILL  # here the plane is inside or outside as a whole
    if (distance[constant] < -slack).any():
        polygon = polygon[:0]
    for i in np.flatnonzero(~constant):
        if (polygon @ (a[i], b[i]) + distance[i] < 0).any():
            polygon = clip(polygon, a[i], b[i], distance[i])
    return polygon


def box_segment(origin: np.ndarray, basis: np.ndarray, low, high) -> tuple[float, float]:
    """Both ends of the segment of a line inside of the input box low <= x <= high."""
    low, high = _box_limits(origin, low, high)
    moving = np.abs(basis) > _STILL
    ends = np.sort([(x - origin)[moving] / basis[moving] for x in (low, high)], axis=0)
    start = ends[0].max()
    stop = ends[1].min()
    outside = np.maximum(low - origin, origin - high)[~moving]
    slack = 1e-12 * max(np.abs(origin).max(), 1)
    if not start < stop or (outside > slack).any():
        raise MBHError(
            "the line does not meet the input box in a segment: "
            "check low and high against the points"
        )
    return start, stop


def _box_limits(origin: np.ndarray, low, high) -> tuple[np.ndarray, np.ndarray]:
    """Limits (d,) of the input box, 0 and 1 where they are None."""
    low = 0.0 if low is None else low
    high = 1.0 if high is None else high
    given = [
        require.array("low", low).astype(np.float64),
        require.array("high", high).astype(np.float64),
    ]
    fits = all(x.shape in ((), (1,), origin.shape) for x in given)
    if not fits or isinstance(low, bool) or isinstance(high, bool):
        raise MBHError(f"low and high must be numbers or arrays of length {len(origin)}")
    low, high = (np.broadcast_to(x, origin.shape) for x in given)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise MBHError("the input box needs finite limits with low <= high in every dimension")
    check_reach("the input box", low, high)
    return low, high


# ---------------------------------------------------------------------------- what float64 can hold


def check_reach(name: str, *coordinates: np.ndarray) -> None:
    """Raise MBHError for coordinates whose products are beyond float64."""
    farthest = max(np.abs(x).max(initial=0) for x in coordinates)
    if farthest > _FARTHEST:
        raise MBHError(
            f"{name} reaches {farthest:.3g}: coordinates beyond {_FARTHEST:g} overflow; "
            "rescale the inputs"
        )


def check_area(area: float, what: str = "area") -> None:
    """Raise MBHError for a domain's area (or length) that is too small or too large for float64."""
    if not _SMALLEST_AREA < area < _LARGEST_AREA:
        limits = f"{_SMALLEST_AREA:g} to {_LARGEST_AREA:g}"
        raise MBHError(
            f"the domain's {what} {area:.3g} is out of what float64 holds exactly, {limits}: "
            "rescale the inputs"
        )


def check_spread(distance: float) -> None:
    """Raise MBHError for spanning points that lie too near to each other."""
    if not distance**2 > _SMALLEST_AREA:
        raise MBHError(
            f"the spanning points lie {distance:.3g} apart, too near for float64: "
            "rescale the inputs"
        )


def check_orthonormal(basis: np.ndarray, advice: str) -> None:
    """Raise MBHError, with this advice, unless the rows of a basis (k, d) are orthonormal."""
    off = np.abs(basis @ basis.T - np.eye(len(basis))).max(initial=0)
    if off > _ORTHONORMAL:
        raise MBHError(f"basis is not orthonormal (off by {off:.2g}): {advice}")


def check_unit_length(basis: np.ndarray) -> None:
    """Raise MBHError unless the only row of a line's basis (1, d) has length 1."""
    length = np.linalg.norm(basis)
    if abs(length - 1) > _ORTHONORMAL:
        raise MBHError(f"basis has length {length:.6g}; divide it by that, or use Line.through")


def checked_points(subspace, given: ArrayLike, n: int) -> np.ndarray:
    """The spanning points of a plane (three) or a line (two), compared with their coordinates."""
    points = require.numbers("points", given, (n, subspace.dimension))
    if subspace.spanning is None or len(subspace.spanning) != n:
        raise MBHError(
            f"points need their {n} plane coordinates: "
            "give them as spanning, or use .through(points)"
        )
    off = np.abs(subspace.embed(subspace.spanning) - points).max()
    if off > 1e-7 * np.abs(points).max():
        raise MBHError(
            f"points and spanning name different places (off by {off:.2g}): use .through(points)"
        )
    return points


def check_draw(n, rng, dimension: int) -> None:
    """Raise MBHError for what cannot draw n random points: an ill n, or no generator."""
    require.whole("n", n, 0, 10**9 // max(dimension, 1))  # 8 GB
    generator = "a generator of random numbers: numpy.random.default_rng(0)"
    require.kind_of("rng", rng, np.random.Generator, generator)
