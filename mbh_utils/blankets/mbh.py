"""Specialization by the hypervolume of minimal blankets: Algorithm 1 of the thesis, called MBH.

Line 3 of the algorithm is ``regions/partition.py`` (Algorithm 2), line 4 ``maximal_pattern.py``
(Algorithm 3), and line 5 ``Partition.blanket``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mbh_utils.blankets.maximal_pattern import (
    listed_coverages,
    maximal_pattern,
    maximal_patterns,
)
from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import partitions
from mbh_utils.regions.planes import Line, Plane


def specialization(
    network,
    samples: Samples | ArrayLike,
    planes: Plane | Line | Sequence[Plane | Line],
    coverage: float = 0.8,
    *,
    scope: str = "last",
    output_layer: bool = True,
) -> float:
    """Specialization of a network to a phenomenon, averaged over planes: Algorithm 1 (MBH).

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples or array_like, shape (n, d)
        The samples that embody the phenomenon.
    planes : Plane or Line, or a sequence of them
        Where hypervolumes are measured.
    coverage : float, default 0.8
        Minimum coverage c_P, in (0, 1].
    scope : {"last", "all"}, default "last"
        "last" constrains neurons of the last hidden layer, as the thesis does, "all" those of every
        hidden layer.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    float
        s in [0, 1]; 0 is the trivial blanket, which covers everything.

    Raises
    ------
    MBHError
        As :func:`maximal_pattern` does, and when there is no plane.

    Notes
    -----
    Definition 4.7 of the thesis: s = 1 - V(B0) / V(R_in), where B0 is the minimal blanket and R_in
    the finite input space. The input space is approximated by planes in it (section 5.2), so V is
    the area on a plane, and R_in the plane's domain.

    The thesis's s never reaches 1 (Lemma 4.2). On a plane it can: the samples need not lie on it,
    and their blanket may miss it.

    Examples
    --------
    Neurons x1 > 0 and x2 > 0. All samples agree on the first one, whose blanket is half of the
    square, and three of four on the second.

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> samples = [[1, 1], [2, 1], [1, 3], [1, -1]]
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
    >>> mbh.specialization(layers, samples, square, coverage=1)
    0.5
    >>> mbh.specialization(layers, samples, square, coverage=0.75)
    0.75
    """
    planes = listed_planes(planes)
    if not planes:
        raise MBHError(
            "specialization needs at least one plane; make one with Plane.through(three_samples)"
        )
    sigma = maximal_pattern(network, samples, coverage, scope=scope, output_layer=output_layer)
    kept = ("areas", "patterns")
    with closing(partitions(network, planes, output_layer=output_layer, keep=kept)) as found:
        return float(np.mean([1 - regions.blanket(sigma).share for regions in found]))


def specialization_table(
    network,
    samples: Samples,
    planes: Plane | Line | Sequence[Plane | Line],
    coverages: float | Sequence[float],
    *,
    scope: str = "last",
) -> pd.DataFrame:
    """Specialization of a network to every class that occurs in the samples.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples
        Images with labels; the samples of each class are one phenomenon.
    planes : sequence of Plane or Line, or one of them
        Where hypervolumes are measured.
    coverages : sequence of float, or float
        Minimum coverages c_P, each in (0, 1].
    scope : {"last", "all"}, default "last"
        As of :func:`specialization`.

    Returns
    -------
    DataFrame
        One row per plane x class x c_P. Columns:

        - plane (its number among ``planes``), class, coverage (c_P);
        - s, the specialization on this plane;
        - n_constraints, of the maximal pattern;
        - covered, the share of the class that satisfies the maximal pattern;
        - n_regions, activation regions on the plane;
        - area, of the plane's domain.

    Raises
    ------
    MBHError
        As :func:`specialization`, but for an empty list of planes, which makes an empty table.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> samples = mbh.Samples([[1, 1], [2, 1], [-1, -1]], [0, 0, 1])
    >>> square = mbh.Plane.rectangle((-1, -1), (1, 3))
    >>> table = mbh.specialization_table(layers, samples, square, 1)
    >>> table[["class", "s", "n_constraints"]].values.tolist()
    [[0.0, 0.625, 2.0], [1.0, 0.875, 2.0]]
    """
    samples = require.samples("samples", samples)
    planes = listed_planes(planes)
    coverages = listed_coverages(coverages)
    cases = []
    for label in np.unique(samples.labels):
        found = maximal_patterns(network, samples.of_class(label), coverages, scope=scope)
        cases += [(label, c, sigma) for c, sigma in zip(coverages, found, strict=True)]
    patterns = [sigma for _, _, sigma in cases]
    rows = []
    with closing(partitions(network, planes, keep=("areas", "patterns"))) as found:
        for i, regions in enumerate(found):
            domain = regions.plane.area
            areas = regions.blanket_areas(patterns)
            for (label, c, sigma), area in zip(cases, areas, strict=True):
                s = 1 - min(area / domain, 1.0)
                rows.append((i, int(label), c, s, len(sigma), sigma.coverage, len(regions), domain))
    columns = ["plane", "class", "coverage", "s", "n_constraints", "covered", "n_regions", "area"]
    return pd.DataFrame(rows, columns=columns)


def listed_planes(planes) -> list[Plane | Line]:
    """One plane (or line) or several, as a list."""
    if isinstance(planes, Plane | Line):
        return [planes]
    planes = require.listed("planes", planes, "planes, as Plane.through(three_samples) makes them")
    for plane in planes:
        require.kind_of("one of planes", plane, Plane | Line, "a Plane or a Line")
    return planes
