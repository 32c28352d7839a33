"""Whether classes keep apart: which samples of one class lie in the blanket of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mbh_utils.blankets.maximal_pattern import check_coverage, greedy_patterns, patterns_in_scope
from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.regions.blanket import pattern_masks, regions_under
from mbh_utils.regions.patterns import DecisionPattern
from mbh_utils.regions.result import Partition


@dataclass(frozen=True, eq=False, repr=False)
class Overlap:
    """How far the minimal blankets of several classes overlap.

    Made by :func:`mbh_utils.overlap`.

    Attributes
    ----------
    classes : ndarray of int, shape (k,)
        The classes that occur in the samples, in ascending order.
    patterns : list of DecisionPattern
        The maximal pattern of each.
    inside : ndarray, shape (k, k)
        Share of the samples of class j (column) that satisfy the maximal pattern of class i (row).
        The diagonal is the coverage.
    others : ndarray, shape (k,)
        Share of the samples of all other classes that satisfy the pattern of class i. Classes count
        by their samples.
    """

    classes: np.ndarray
    patterns: list[DecisionPattern]
    inside: np.ndarray
    others: np.ndarray

    def __repr__(self) -> str:
        n_same = len(self.identical)
        own = float(np.diag(self.inside).mean())
        others = float(self.others.mean())
        return (
            f"Overlap({len(self.classes)} classes: {own:.1%} of their own samples inside, "
            f"{others:.1%} of the others', {n_same} identical pairs)"
        )

    @property
    def identical(self) -> list[tuple[int, int]]:
        """Pairs of classes with the same maximal pattern, the smaller class first."""
        named = [frozenset(pattern.as_dict().items()) for pattern in self.patterns]
        pairs = []
        for i, one in enumerate(named):
            for j in range(i + 1, len(named)):
                if named[j] == one:
                    pairs.append((int(self.classes[i]), int(self.classes[j])))
        return pairs

    def shared_areas(self, partition: Partition) -> np.ndarray:
        """Which share of a plane's domain every two blankets have in common.

        Parameters
        ----------
        partition : Partition
            Of the same network; it must hold its areas and patterns.

        Returns
        -------
        ndarray, shape (k, k)
            Symmetric; the diagonal is the share of each blanket itself. A row divided by its
            diagonal tells which share of blanket i lies in blanket j.

        Raises
        ------
        MBHError
            For what is no partition, or one of a network with fewer neurons.

        Examples
        --------
        >>> import numpy as np
        >>> import mbh_utils as mbh
        >>> layers = [(np.eye(2), np.zeros(2))]
        >>> samples = mbh.Samples([[1, 1], [2, 1], [1, -1], [2, 2]], [0, 0, 1, 1])
        >>> square = mbh.Plane.rectangle((-1, -1), (1, 1))
        >>> regions = mbh.partition_input_space(layers, square)
        >>> mbh.overlap(layers, samples, 1).shared_areas(regions).tolist()
        [[0.25, 0.25], [0.25, 0.5]]
        """
        expected = "a partition, as partition_input_space makes it"
        require.kind_of("partition", partition, Partition, expected)
        masks, values = pattern_masks(partition.widths, self.patterns)
        packed = partition.packed
        pairs = zip(masks, values, strict=True)
        member = np.array([regions_under(packed, mask, value) for mask, value in pairs], float)
        return np.minimum(member * partition.areas @ member.T / partition.plane.area, 1.0)


def overlap(
    network,
    samples: Samples,
    coverage: float = 0.8,
    *,
    scope: str = "last",
    output_layer: bool = True,
) -> Overlap:
    """Which samples of each class lie in the minimal blanket of each other one.

    Parameters
    ----------
    network
        Anything :func:`mbh_utils.hidden_layers` understands.
    samples : Samples
        Images with labels, of at least two classes; the samples of each class are one phenomenon.
    coverage : float, default 0.8
        Minimum coverage c_P, in (0, 1].
    scope : {"last", "all"}, default "last"
        As of :func:`mbh_utils.maximal_pattern`.
    output_layer : bool, default True
        Whether a Sequential's last Linear is the output layer, which belongs to no pattern.

    Returns
    -------
    Overlap
        Shares of samples for every pair of classes, the patterns, and the pairs of classes whose
        patterns are identical. Its :meth:`~Overlap.shared_areas` tells the same of areas on a
        plane.

    Raises
    ------
    MBHError
        As :func:`mbh_utils.maximal_pattern`, and for samples of one class only.

    Notes
    -----
    Definition 4.1 of the thesis asks two things of a perfectly specialized subnetwork: that inputs
    with the phenomenon activate it, and that those with another, mutually exclusive one do not. The
    measure s (Definition 4.7) leaves the second one out, as section 4.3.2 says: two classes may
    even have the same maximal pattern. Here classes exclude each other.

    Examples
    --------
    The neurons x1 > 0 and x2 > 0. Class 0 lies in the quadrant where both are active; of class 1
    half does, so it constrains only the first neuron, and all samples of class 0 are in its
    blanket.

    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> layers = [(np.eye(2), np.zeros(2))]
    >>> samples = mbh.Samples([[1, 1], [2, 1], [1, -1], [2, 2]], [0, 0, 1, 1])
    >>> found = mbh.overlap(layers, samples, 1)
    >>> found.inside.tolist()
    [[1.0, 0.5], [1.0, 1.0]]
    >>> found
    Overlap(2 classes: 100.0% of their own samples inside, 75.0% of the others', 0 identical pairs)
    """
    (found,) = overlaps(
        network, samples, [check_coverage(coverage)], scope=scope, output_layer=output_layer
    )
    return found


def overlaps(
    network,
    samples: Samples,
    coverages: Sequence[float],
    *,
    scope: str = "last",
    output_layer: bool = True,
) -> list[Overlap]:
    """The same for several minimum coverages, with one forward pass."""
    samples = require.samples("samples", samples)
    bits, first = patterns_in_scope(network, samples, scope, output_layer)
    classes = np.unique(samples.labels)
    if len(classes) < 2:
        raise MBHError("samples are of one class: an overlap needs those of two at least")
    of_class = [samples.labels == c for c in classes]
    found_of = [greedy_patterns(bits[own], first, coverages) for own in of_class]
    results = []
    for i in range(len(coverages)):
        patterns = [found[i] for found in found_of]
        inside = []
        others = []
        for pattern, own in zip(patterns, of_class, strict=True):
            satisfied = (bits[:, pattern.neurons - first] == pattern.states).all(axis=1)
            inside.append([satisfied[other].mean() for other in of_class])
            others.append(satisfied[~own].mean())
        results.append(Overlap(classes, patterns, np.array(inside), np.array(others)))
    return results
