"""Boxes in subspaces of any dimension, to draw random points from; they are not partitioned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.regions.domains import (
    check_draw,
    check_margin,
    check_orthonormal,
    check_reach,
    check_spread,
    half_side,
)

#: Points count as dependent when a step to the next one leaves less than this share of the largest.
_DEPENDENT = 1e-10


@dataclass(frozen=True, eq=False)
class Block:
    """A box in a subspace of any dimension k, for sampling only.

    Its points are origin + y @ basis with low <= y <= high.

    Parameters
    ----------
    origin : array_like, shape (d,)
        The point with y = 0.
    basis : array_like, shape (k, d), or None
        Orthonormal rows that span the subspace; None for the whole input space (k = d).
    low, high : array_like, shape (k,)
        Limits of the coordinates y.

    Raises
    ------
    MBHError
        For a basis that is not orthonormal, limits that do not fit it, and a box without a point.

    See Also
    --------
    mbh_utils.sampled_shares : which estimates hypervolumes in a block.

    Examples
    --------
    >>> import numpy as np
    >>> from mbh_utils import Block
    >>> cube = Block(np.zeros(5), np.eye(5)[:3], low=[-1, -1, -1], high=[1, 1, 1])
    >>> cube.sample(4, np.random.default_rng(0)).shape
    (4, 5)
    """

    origin: np.ndarray
    basis: np.ndarray | None
    low: np.ndarray
    high: np.ndarray

    def __init__(
        self,
        origin: ArrayLike,
        basis: ArrayLike | None,
        low: ArrayLike,
        high: ArrayLike,
    ):
        put = vars(self).update  # the dataclass is frozen
        put(origin=require.numbers("origin", origin, (None,)), basis=None)
        put(low=require.numbers("low", low, (None,)))
        put(high=require.numbers("high", high, (len(self.low),)))
        d = len(self.origin)
        k = len(self.low)
        if basis is not None:
            rows = require.numbers("basis", basis, (k, d))
            check_orthonormal(rows, "fix its rows, or use Block.through")
            put(basis=rows)
        elif k != d:
            raise MBHError(
                f"low has {k} limits for {d} inputs; without a basis each input needs its own"
            )
        if not k or not (self.low <= self.high).all() or (self.low == self.high).all():
            given = require.shown(self.low)
            raise MBHError(f"the block is empty: low {given} is not below high, or there is none")
        check_reach("the block", self.origin, self.low, self.high)

    @classmethod
    def whole(cls, data) -> Block:
        """The whole input box of a data set.

        Parameters
        ----------
        data : Dataset
            Its ``low`` and ``high`` are the limits.

        Returns
        -------
        Block
            The finite input space of Definition 4.7.

        Examples
        --------
        >>> import mbh_utils as mbh
        >>> images = [[0.0, 0.5], [1.0, 0.5]]
        >>> data = mbh.from_arrays(images, [0, 1], images, [0, 1])
        >>> mbh.Block.whole(data).high.tolist()
        [1.0, 1.0]
        """
        data = require.data_set("data", data, ("low", "high"))
        low = require.numbers("low", data.low, (None,))
        high = require.numbers("high", data.high, (len(low),))
        return cls(np.zeros(len(low)), None, low, high)

    @classmethod
    def through(cls, points: ArrayLike, margin: float = 1.5) -> Block:
        """The cube around k + 1 points in their k-dimensional subspace.

        Parameters
        ----------
        points : array_like, shape (k + 1, d)
            Points that span the subspace.
        margin : float, default 1.5
            Half a side of the cube, over the largest distance of a point from their centroid.

        Returns
        -------
        Block
            Centred on the centroid. Of three points its size is that of the square of a
            :class:`Plane`.

        Raises
        ------
        MBHError
            For points that span fewer dimensions.
        """
        points = require.numbers("points", points, (None, None))
        check_margin(margin)
        check_reach("points", points)
        if len(points) < 2 or len(points) > points.shape[1] + 1:
            raise MBHError(
                f"{len(points)} points cannot span a block in {points.shape[1]} dimensions: "
                "give 2 to d + 1"
            )
        check_spread(np.linalg.norm(points - points[0], axis=1).max())
        basis, upper = np.linalg.qr((points[1:] - points[0]).T)
        if np.abs(np.diag(upper)).min() <= _DEPENDENT * np.abs(upper).max():
            raise MBHError(
                f"the {len(points)} points lie in a subspace of fewer dimensions: "
                "choose independent points"
            )
        centre = points.mean(axis=0)
        half = np.full(len(points) - 1, half_side(points, centre, margin))
        return cls(centre, basis.T, -half, half)

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Uniformly random points of the block.

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
        check_draw(n, rng, len(self.origin))
        y = rng.uniform(self.low, self.high, (n, len(self.low)))
        return y if self.basis is None else self.origin + y @ self.basis
