"""Masks made from masks: some connections moved, or all of them with degrees that stay.

A mask is that of :mod:`mbh_utils.networks.pruning`: bool, (n_out, n_in), True where a connection
lives.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError

_RNG = "a generator of random numbers: numpy.random.default_rng(0)"
_SHARE = "a share from 0 to 1", lambda share: 0 <= share <= 1


def changed_masks(
    masks: Sequence[ArrayLike], share: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """Masks in which a share of the connections has moved to other places of its layer.

    Parameters
    ----------
    masks : sequence of (n_out, n_in) bool arrays
        One a layer.
    share : float
        Of each layer's connections that move, in [0, 1].
    rng : numpy.random.Generator
        Draws what moves, and where to.

    Returns
    -------
    list of (n_out, n_in) bool arrays
        As many connections in each layer. A neuron may lose its last one.

    Raises
    ------
    MBHError
        For what are no masks and no share, and where a layer has too few empty places.

    Notes
    -----
    So Liu et al. (2020) make networks that begin near each other: 1 % of the connections change
    from each to the next.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.eye(4, dtype=bool)
    >>> changed, = changed_masks([mask], 0.5, np.random.default_rng(0))
    >>> int(changed.sum()), int((changed & mask).sum())
    (4, 2)
    """
    given = [require.bits("masks", m) for m in require.listed("masks", masks, "masks, one a layer")]
    share = require.number("share", share, *_SHARE)
    require.kind_of("rng", rng, np.random.Generator, _RNG)
    if not given:
        raise MBHError("masks is empty; expected masks (n_out, n_in), one a layer")
    return [_changed(mask, share, rng) for mask in given]


def _changed(mask: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    live = np.flatnonzero(mask)
    empty = np.flatnonzero(~mask)
    count = round(share * len(live))
    if count > len(empty):
        raise MBHError(
            f"masks: {count:,} connections of a layer {mask.shape} cannot move to "
            f"{len(empty):,} empty places; choose a smaller share"
        )
    changed = mask.copy()
    changed.flat[rng.choice(live, count, replace=False)] = False
    changed.flat[rng.choice(empty, count, replace=False)] = True
    return changed


def relative_masks(
    masks: Sequence[ArrayLike], number: int, share: float = 0.01
) -> list[np.ndarray]:
    """Masks of the relative at this place of a chain in which each is the one before, changed.

    Parameters
    ----------
    masks : sequence of (n_out, n_in) bool arrays
        Of relative 0, one a layer.
    number : int
        Which relative: so many changes from the given masks.
    share : float, default 0.01
        Of the connections that move in one change.

    Returns
    -------
    list of (n_out, n_in) bool arrays
        The same at each call.

    Raises
    ------
    MBHError
        As in :func:`changed_masks`.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.random.default_rng(0).random((100, 200)) < 0.1
    >>> chain = [relative_masks([mask], number)[0] for number in (0, 1, 2, 9)]
    >>> [round(float((mask & ~relative).sum() / mask.sum()), 3) for relative in chain]
    [0.0, 0.01, 0.02, 0.085]
    """
    number = require.whole("number", number, 0)
    found = changed_masks(masks, 0, stream(0, "relatives"))
    for step in range(number):
        found = changed_masks(found, share, stream(step, "relatives"))
    return found


def masks_with_pixel_degrees(mask: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """A random mask in which each input has as many connections as in the given one.

    Parameters
    ----------
    mask : (n_out, n_in) bool array
        Of a layer; of the first one, inputs are pixels.
    rng : numpy.random.Generator
        Draws to which neurons each input is connected.

    Returns
    -------
    (n_out, n_in) bool array
        With the same sums of columns. A neuron may have no connection.

    Raises
    ------
    MBHError
        For what is no mask.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0]])
    >>> masks_with_pixel_degrees(mask, np.random.default_rng(0)).sum(axis=0)
    array([3, 1, 0])
    """
    given = require.bits("mask", mask)
    require.kind_of("rng", rng, np.random.Generator, _RNG)
    degrees = given.sum(axis=0)
    used = np.flatnonzero(degrees)
    order = rng.random((len(given), len(used))).argsort(axis=0)
    ranks = order.argsort(axis=0)
    drawn = np.zeros(given.shape, dtype=bool)
    drawn[:, used] = ranks < degrees[used]
    return drawn


#: Rounds of trades after which a mask is taken for random; in each, every neuron trades once.
_ROUNDS = 12


def masks_with_degrees(mask: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """A random mask in which each input and each neuron has as many connections as before.

    Parameters
    ----------
    mask : (n_out, n_in) bool array
        Of a layer.
    rng : numpy.random.Generator
        Draws which neurons trade which inputs.

    Returns
    -------
    (n_out, n_in) bool array
        With the same sums of rows and of columns.

    Raises
    ------
    MBHError
        For what is no mask.

    Notes
    -----
    The "curveball" of Strona et al., *A fast and unbiased procedure to randomize ecological binary
    matrices with fixed row and column totals* (2014): pairs of neurons throw the inputs that only
    one of them has together, and each draws as many as it gave.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]])
    >>> drawn = masks_with_degrees(mask, np.random.default_rng(0))
    >>> drawn.sum(axis=0), drawn.sum(axis=1)
    (array([2, 1, 1, 1]), array([2, 1, 2]))
    """
    drawn = require.bits("mask", mask).copy()
    require.kind_of("rng", rng, np.random.Generator, _RNG)
    for _ in range(_ROUNDS):
        order = rng.permutation(len(drawn))
        for one, other in zip(order[::2], order[1::2], strict=False):
            own = np.flatnonzero(drawn[one] ^ drawn[other])
            count = int(drawn[one, own].sum())
            if 0 < count < len(own):
                shared_out = rng.permutation(own)
                drawn[one, own] = False
                drawn[other, own] = True
                drawn[one, shared_out[:count]] = True
                drawn[other, shared_out[:count]] = False
    return drawn
