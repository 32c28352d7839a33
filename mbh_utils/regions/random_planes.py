"""Planes through random samples of a data set: for data that are nobody's experiment yet."""

from __future__ import annotations

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import Dataset
from mbh_utils.errors import MBHError
from mbh_utils.regions.planes import Plane

#: How often three samples are drawn for one plane before the data are given up.
_DRAWS = 100


def random_planes(
    data: Dataset,
    n: int = 10,
    *,
    domain: str,
    margin: float = 1.5,
    seed: int = 0,
) -> list[Plane]:
    """Planes through three random validation samples each, of three classes if there are so many.

    Parameters
    ----------
    data : Dataset
        Such as :func:`mbh_utils.from_arrays` makes of your own arrays.
    n : int, default 10
        How many planes. A larger number begins with the same ones.
    domain : {"square", "box"}
        The finite part of each plane: the square around its three samples, or what the plane has in
        common with the input box from ``data.low`` to ``data.high`` (see :meth:`Plane.through`).
        There is no default, since s depends on it.
    margin : float, default 1.5
        How large the square is; of no meaning for "box".
    seed : int, default 0
        Which samples.

    Returns
    -------
    list of Plane

    Raises
    ------
    MBHError
        Where no three samples span a plane: there are fewer than three different ones, or all lie
        on a line.

    Notes
    -----
    So the thesis chooses its planes (section 5.2): one random image of each of three random
    classes. Of two classes, one gives two samples. Samples that are equal, as short texts may be,
    are drawn again.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> planes = mbh.random_planes(data, 3, domain="box")
    >>> len(planes), planes[0].dimension
    (3, 64)
    """
    data = require.data_set("data", data, ("validation", "low", "high"))
    n = require.whole("n", n, 0, 1_000_000)
    seed = require.whole("seed", seed, 0)
    require.choice("domain", domain, ("square", "box"))
    limits = {"low": data.low, "high": data.high}
    finite_part = {"domain": "box", **limits} if domain == "box" else {"margin": margin}
    samples = data.validation
    of_class = [np.flatnonzero(samples.labels == c) for c in np.unique(samples.labels)]
    if len(samples) < 3:
        raise MBHError(
            f"three samples span a plane, but {data.name} has {len(samples)} validation samples"
        )
    return [
        _random_plane(data, of_class, finite_part, stream(seed, "planes", 1 + i)) for i in range(n)
    ]


def _random_plane(
    data: Dataset,
    of_class: list[np.ndarray],
    finite_part: dict,
    rng: np.random.Generator,
) -> Plane:
    """The plane through the first three samples drawn that span one."""
    refusal = None
    for _ in range(_DRAWS):
        order = rng.permutation(len(of_class))
        chosen = [rng.choice(of_class[order[k % len(order)]]) for k in range(3)]
        points = data.validation.images[chosen]
        if len(np.unique(points, axis=0)) < 3:
            continue
        try:
            return Plane.through(points, **finite_part)
        except MBHError as error:
            refusal = error
    if refusal is not None:
        raise refusal
    raise MBHError(
        f"in {_DRAWS} draws no three validation samples of {data.name} were different from one "
        "another: three different points span a plane"
    )
