"""Exact coordinates: functions on a plane or a line from their values at the spanning points.

A plane that was spanned by points *is* the plane through them. A linear function on it, such as the
pre-activation of a neuron of the first layer, follows from its values at these points by numbers
that are fractions of float64 numbers, and so are known exactly.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Frame:
    """How linear functions on a plane or a line follow from their values at anchors.

    anchors: (k, d) float64.
    combine: (3, k) of fractions; combine @ values = (a, b, c) of a u + b v + c.
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


def frame_of_plane(points: np.ndarray, spanning: np.ndarray) -> Frame:
    """The frame of a plane through three points (3, d) with these plane coordinates (3, 2)."""
    coordinates = [[Fraction(x) for x in place] for place in spanning.tolist()]
    (u0, v0), (u1, v1), (u2, v2) = coordinates
    inverse = Fraction(1) / ((u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0))
    a = [v1 - v2, v2 - v0, v0 - v1]
    b = [u2 - u1, u0 - u2, u1 - u0]
    c = [u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0]
    return Frame(points, [[x * inverse for x in row] for row in (a, b, c)])


def frame_of_line(points: np.ndarray, spanning: np.ndarray) -> Frame:
    """The frame of a line through two points (2, d) at these positions (2,) on it; b is 0."""
    start, stop = (Fraction(x) for x in spanning.tolist())
    slope = 1 / (stop - start)
    zero = Fraction(0)
    a = [-slope, slope]
    b = [zero, zero]
    c = [1 + start * slope, -start * slope]
    return Frame(points, [a, b, c])
