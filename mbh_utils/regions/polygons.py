"""Convex polygons in plane coordinates: their area, and what a line leaves of one.

A polygon is an array (k, 2) of its corners in order; the domain of a plane is one.
"""

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from mbh_utils.errors import MBHError


def polygon_area(corners: np.ndarray) -> float:
    """Signed area of a polygon (k, 2); positive when its corners run counter-clockwise.

    Examples
    --------
    >>> import numpy as np
    >>> polygon_area(np.array([[0, 0], [2, 0], [2, 3], [0, 3]]))
    6.0
    """
    u, v = (corners - corners[0]).T
    return 0.5 * float(np.dot(u, np.roll(v, -1)) - np.dot(v, np.roll(u, -1)))


def border_lines(corners: np.ndarray) -> np.ndarray:
    """Lines a u + b v + c = 0 along the edges of a polygon (k, 2).

    Rows (k, 6): a, b, c, and bounds of their errors.
    """
    u, v = corners.T
    a = -(np.roll(v, -1) - v)
    b = np.roll(u, -1) - u
    errors = 8 * 2.0**-53 * np.abs([a, b, np.abs(a * u) + np.abs(b * v)])
    return read_only_copy(np.stack([a, b, -(a * u + b * v), *errors], axis=1))


def read_only_copy(values) -> np.ndarray:
    """A copy that cannot be written to."""
    array = np.array(values)
    array.flags.writeable = False
    return array


def clip(corners: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    """Part of a convex polygon (k, 2) with a u + b v + c >= 0; (0, 2) when nothing is left.

    Examples
    --------
    >>> import numpy as np
    >>> square = np.array([[0, 0], [2, 0], [2, 2], [0, 2]])
    >>> clip(square, 1, 0, -1).tolist()  # where u >= 1
    [[1.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1.0, 2.0]]
    """
    value = corners @ (a, b) + c
    kept = []
    for i, (f, p) in enumerate(zip(value, corners, strict=True)):
        following = (i + 1) % len(corners)
        g = value[following]
        q = corners[following]
        if f >= 0:
            kept.append(p)
        if (f > 0 and g < 0) or (f < 0 and g > 0):
            kept.append(p + (q - p) * (f / (f - g)))
    return np.array(kept).reshape(-1, 2)


def convex_domain(corners: np.ndarray) -> np.ndarray:
    """The corners of a domain counter-clockwise and read-only, without repeated or straight ones.

    Raises MBHError for a polygon that is not convex, or that has no area.
    """
    try:
        hull = ConvexHull(corners)
    except (QhullError, ValueError) as error:
        raise MBHError(
            "the domain is empty, its corners lie on one line: give a polygon with an area"
        ) from error
    hull_area = hull.volume  # which in two dimensions is the area
    if not np.isclose(abs(polygon_area(corners)), hull_area, rtol=1e-9):
        raise MBHError(
            "the domain is not a convex polygon: give its corners in order around a convex shape"
        )
    polygon = corners[np.roll(hull.vertices, -np.argmin(hull.vertices))]
    polygon.flags.writeable = False
    return polygon
