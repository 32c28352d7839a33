"""Specialization to what is no concept: random images, and noise. It stands beside every s.

The thesis compares s between networks, never with nothing. A network has a specialization to any
set of samples, also to one that nothing but chance put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pandas as pd

from mbh_utils.blankets.maximal_pattern import listed_coverages, maximal_patterns
from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import Dataset
from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.planes import Line, Plane

#: The kinds of samples that embody no concept, from the most like images to the least.
KINDS = ("random images", "shuffled images", "pixel noise", "uniform noise")


def baseline_samples(
    data: Dataset, kind: str, n: int | None = None, *, number: int = 0, seed: int = 0
) -> np.ndarray:
    """Samples that embody no concept: random images of all classes, or noise.

    Parameters
    ----------
    data : Dataset
        Its validation images and the limits of its input space.
    kind : {"random images", "shuffled images", "pixel noise", "uniform noise"}
        "random images" are different validation images, whatever their classes. Of "shuffled
        images" the pixels of each are put in an order of its own. Of "pixel noise" each pixel is
        drawn by itself from the values that this pixel takes in the validation images. "uniform
        noise" is uniform between the limits of the input space.
    n : int, optional
        How many; by default as many as a class has on average.
    number : int, default 0
        Which of the phenomena of this kind; each is drawn anew.
    seed : int, default 0
        Of the random numbers.

    Returns
    -------
    ndarray of float32, shape (n, d)

    Raises
    ------
    MBHError
        For an unknown kind, and for more images than the data set has.

    See Also
    --------
    baseline_table : the specialization to them.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> noise = mbh.baseline_samples(data, "uniform noise", 100)
    >>> noise.shape, round(float(noise.mean()), 1)
    ((100, 64), 0.5)
    >>> random = mbh.baseline_samples(data, "random images")
    >>> len(random) == len(data.validation) // 10
    True
    """
    require.data_set("data", data)
    require.choice("kind", kind, KINDS)
    images = data.validation.images
    most = len(images)
    n = max(most // data.n_classes, 1) if n is None else require.whole("n", n, 1, 10**7)
    draw = require.whole("number", number, 0, 10**6) + 1
    if kind == "random images":
        if n > most:
            raise MBHError(f"n is {n}; the data set has {most} validation images")
        return images[stream(seed, "random phenomenon", draw).permutation(most)[:n]]
    if kind == "shuffled images":
        rng = stream(seed, "noise images", draw, 1)
        return rng.permuted(images[rng.integers(most, size=n)], axis=1)
    if kind == "pixel noise":
        chosen = stream(seed, "pixel marginals", draw).integers(most, size=(n, data.n_inputs))
        return np.take_along_axis(images, chosen, axis=0)
    uniform = stream(seed, "noise images", draw, 2).random((n, data.n_inputs))
    return (data.low + uniform * (data.high - data.low)).astype(np.float32)


def baseline_table(
    network,
    data: Dataset,
    planes: Plane | Line | Sequence[Plane | Line],
    coverages: float | Sequence[float],
    *,
    phenomena: int = 5,
    n: int | None = None,
    scope: str = "last",
    seed: int = 0,
) -> pd.DataFrame:
    """Specialization of a network to what is no concept, to be held against that to classes.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    data : Dataset
        Where images and the limits of noise come from.
    planes : sequence of Plane or Line, or one of them
        Where hypervolumes are measured.
    coverages : sequence of float, or float
        Minimum coverages c_P, each in (0, 1].
    phenomena : int, default 5
        How many of each kind.
    n : int, optional
        Samples of each; by default as many as a class has on average.
    scope : {"last", "all"}, default "last"
        As of :func:`mbh_utils.specialization`.
    seed : int, default 0
        Of the random numbers.

    Returns
    -------
    DataFrame
        One row per plane x kind x phenomenon x c_P. Columns: plane (its number among ``planes``),
        kind (see :func:`baseline_samples`), phenomenon (its number), coverage (c_P), s, and
        n_constraints, of the maximal pattern.

    Raises
    ------
    MBHError
        As :func:`mbh_utils.specialization`, and for more random images than there are.

    See Also
    --------
    mbh_utils.specialization_table : the same of classes.

    Notes
    -----
    Definition 4.7 of the thesis gives an s to every set of samples. What is above that of random
    images is what a class, being a class, adds.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (24, 8), seed=0)
    >>> plane = mbh.Plane.through(data.validation.images[[3, 8, 12]])
    >>> table = mbh.baseline_table(network, data, plane, 0.8, phenomena=2)
    >>> len(table), sorted(table["kind"].unique())
    (8, ['pixel noise', 'random images', 'shuffled images', 'uniform noise'])
    """
    require.data_set("data", data)
    if isinstance(planes, Plane | Line):
        planes = [planes]
    planes = require.listed("planes", planes, "planes, as Plane.through(three_samples) makes them")
    for plane in planes:
        require.kind_of("one of planes", plane, Plane | Line, "a Plane or a Line")
    coverages = listed_coverages(coverages)
    phenomena = require.whole("phenomena", phenomena, 1, 10_000)
    cases = []
    for kind in KINDS:
        for number in range(phenomena):
            samples = baseline_samples(data, kind, n, number=number, seed=seed)
            found = maximal_patterns(network, samples, coverages, scope=scope)
            cases += [(kind, number, c, sigma) for c, sigma in zip(coverages, found, strict=True)]
    patterns = [sigma for *_, sigma in cases]
    rows = []
    with closing(partitions(network, planes, keep=("areas", "patterns"))) as found:
        for i, regions in enumerate(found):
            areas = regions.blanket_areas(patterns)
            for (kind, number, c, sigma), area in zip(cases, areas, strict=True):
                s = 1 - min(area / regions.plane.area, 1.0)
                rows.append((i, kind, number, c, s, len(sigma)))
    columns = ["plane", "kind", "phenomenon", "coverage", "s", "n_constraints"]
    return pd.DataFrame(rows, columns=columns)
