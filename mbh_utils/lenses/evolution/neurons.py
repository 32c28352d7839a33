"""What wide layers are compared by: the states of single neurons, and patterns of few of them.

In a wide layer every image has a pattern of its own, so that patterns of the whole layer are the
same or not, and mostly not. Single neurons and groups of eight still tell near from far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.lenses.evolution.counts import given_bits, given_labels
from mbh_utils.lenses.evolution.information import entropies


class Agreement(NamedTuple):
    """How far the states of the same neurons agree on the same images.

    Attributes
    ----------
    share : float
        B: share of all states of neurons that are equal.
    chance : float
        The share that neurons active equally often, but independently, would have.
    kappa : float
        ``(share - chance) / (1 - chance)``: 1 for equal states, about 0 for independent ones; NaN
        where all neurons are constant and equal, so that chance explains everything.
    """

    share: float
    chance: float
    kappa: float


def agreement(bits_a: ArrayLike, bits_b: ArrayLike) -> Agreement:
    """How far two networks agree in which neurons are active, beyond chance.

    Parameters
    ----------
    bits_a, bits_b : array_like of bool, shape (n, n_l)
        Patterns of the same neurons for the same images, at two iterations of training, say.

    Returns
    -------
    Agreement

    Raises
    ------
    MBHError
        For no such patterns, and for different numbers of images or neurons.

    Notes
    -----
    Cohen's kappa with the marginals of each neuron: chance is the mean over neurons of
    ``q_a q_b + (1 - q_a)(1 - q_b)``, q being the share of the images at which it is active.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.agreement([[1, 0], [0, 0], [1, 1], [0, 1]], [[1, 0], [0, 0], [1, 1], [1, 1]])
    Agreement(share=0.875, chance=0.5, kappa=0.75)
    """
    bits_a = given_bits("bits_a", bits_a)
    bits_b = given_bits("bits_b", bits_b)
    if bits_a.shape != bits_b.shape:
        raise MBHError(
            f"bits_a has shape {bits_a.shape} and bits_b {bits_b.shape}; expected patterns of the "
            "same images and neurons"
        )
    share = float((bits_a == bits_b).mean())
    on_a = bits_a.mean(axis=0)
    on_b = bits_b.mean(axis=0)
    chance = float((on_a * on_b + (1 - on_a) * (1 - on_b)).mean())
    kappa = (share - chance) / (1 - chance) if chance < 1 else float("nan")
    return Agreement(share, chance, kappa)


class NeuronStates(NamedTuple):
    """How single neurons use their two states.

    Attributes
    ----------
    entropy : float
        Mean over neurons of the entropy of their state, in bits: 1 where each is active for half
        of the images.
    dead_share : float
        Share of the neurons that are active for no image.
    always_on_share : float
        Share of the neurons that are active for every image.
    """

    entropy: float
    dead_share: float
    always_on_share: float


def neuron_states(bits: ArrayLike) -> NeuronStates:
    """How evenly single neurons are active and inactive, and how many never change.

    Parameters
    ----------
    bits : array_like of bool, shape (n, n_l)
        The pattern of each image.

    Returns
    -------
    NeuronStates

    Raises
    ------
    MBHError
        For no such patterns.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> evolution.neuron_states([[1, 0, 1, 1], [0, 0, 1, 0]])
    NeuronStates(entropy=0.5, dead_share=0.25, always_on_share=0.25)
    """
    bits = given_bits("bits", bits)
    on = bits.sum(axis=0)
    states = np.stack([on, len(bits) - on], axis=1).astype(float)
    of_neurons = entropies(states)
    return NeuronStates(
        float(of_neurons.mean()), float((on == 0).mean()), float((on == len(bits)).mean())
    )


@dataclass(frozen=True, eq=False)
class BlockPatterns:
    """Patterns of small groups of neurons of one layer.

    Attributes
    ----------
    codes : ndarray of uint8, shape (n, n_groups)
        The pattern of each group for each image, as a number.
    sizes : ndarray of int, shape (n_groups,)
        Neurons of each group.

    Examples
    --------
    >>> from mbh_utils.lenses import evolution
    >>> blocks = evolution.block_patterns([[1, 0, 1], [1, 0, 0], [0, 1, 0]], size=2)
    >>> blocks.sizes.tolist(), blocks.codes.shape
    ([2, 1], (3, 2))
    """

    codes: np.ndarray
    sizes: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """How often each pattern of each group occurs, (n_groups, 256)."""
        return self._counted(np.zeros(len(self.codes), dtype=np.intp), 1)[:, 0]

    @property
    def relative_entropy(self) -> float:
        """Mean over groups of their entropy as a share of ``min(size, log2 n)``."""
        most = np.minimum(self.sizes, np.log2(len(self.codes)))
        if not most.all():
            return float("nan")  # a single image
        return float((entropies(self.counts) / most).mean())

    def information(self, labels: ArrayLike) -> float:
        """Mean over groups of the mutual information I(A; Y) of their patterns and labels.

        Parameters
        ----------
        labels : array_like, shape (n,)
            The class of each image.

        Returns
        -------
        float
            In bits.

        Raises
        ------
        MBHError
            Where there is not one label for each image.

        Examples
        --------
        >>> from mbh_utils.lenses import evolution
        >>> evolution.block_patterns([[1, 0], [1, 0], [0, 1], [0, 1]]).information([1, 1, 2, 2])
        1.0
        """
        classes, n_classes = given_labels(labels, len(self.codes))
        joint = self._counted(classes, n_classes)
        of_labels = entropies(joint.sum(axis=2)[0])
        of_pairs = entropies(joint.reshape(len(joint), -1))
        return float((entropies(joint.sum(axis=1)) + of_labels - of_pairs).clip(0).mean())

    def jaccard(self, other: BlockPatterns) -> float:
        """Mean over groups of the Jaccard index of the sets of patterns that occur.

        Parameters
        ----------
        other : BlockPatterns
            Of the same groups.

        Returns
        -------
        float
            In [0, 1].

        Raises
        ------
        MBHError
            For groups of other sizes.

        Examples
        --------
        >>> from mbh_utils.lenses import evolution
        >>> blocks = evolution.block_patterns([[1, 0], [1, 0], [0, 1]])
        >>> blocks.jaccard(evolution.block_patterns([[1, 0], [1, 1], [1, 1]]))
        0.3333333333333333
        """
        mine, others = self._both(other)
        both = ((mine > 0) & (others > 0)).sum(axis=1)
        return float((both / ((mine > 0) | (others > 0)).sum(axis=1)).mean())

    def weighted_jaccard(self, other: BlockPatterns) -> float:
        """Mean over groups of the weighted Jaccard index of their counts.

        Parameters
        ----------
        other : BlockPatterns
            Of the same groups, for equally many images.

        Returns
        -------
        float
            In [0, 1].

        Raises
        ------
        MBHError
            For groups of other sizes.

        Examples
        --------
        >>> from mbh_utils.lenses import evolution
        >>> blocks = evolution.block_patterns([[1, 0], [1, 0], [0, 1]])
        >>> blocks.weighted_jaccard(evolution.block_patterns([[1, 0], [1, 1], [1, 1]]))
        0.2
        """
        mine, others = self._both(other)
        return float((np.minimum(mine, others).sum(1) / np.maximum(mine, others).sum(1)).mean())

    def _both(self, other: BlockPatterns) -> tuple[np.ndarray, np.ndarray]:
        expected = "what block_patterns made of the same neurons"
        require.kind_of("other", other, BlockPatterns, expected)
        if self.sizes.tolist() != other.sizes.tolist():
            raise MBHError(
                f"other has groups of {int(other.sizes.sum())} neurons, this one of "
                f"{int(self.sizes.sum())}: compare the same layer, in groups of the same size"
            )
        return self.counts, other.counts

    def _counted(self, classes: np.ndarray, n_classes: int) -> np.ndarray:
        """Counts by group, class and pattern: (n_groups, n_classes, 256) as floats."""
        n_groups = self.codes.shape[1]
        group = np.arange(n_groups) * (256 * n_classes)
        places = self.codes + group + 256 * classes[:, None]
        found = np.bincount(places.ravel(), minlength=256 * n_classes * n_groups)
        return found.reshape(n_groups, n_classes, 256).astype(float)


def block_patterns(bits: ArrayLike, *, size: int = 8, seed: int = 0) -> BlockPatterns:
    """Patterns of random groups of neurons, which are the same at every iteration.

    Parameters
    ----------
    bits : array_like of bool, shape (n, n_l)
        The pattern of each image.
    size : int, default 8
        Neurons of a group at most, from 1 to 8. The groups are as equal as they can be.
    seed : int, default 0
        Which random groups. A layer of the same width has the same ones.

    Returns
    -------
    BlockPatterns

    Raises
    ------
    MBHError
        For no such patterns, and for a size that is not from 1 to 8.

    Notes
    -----
    An addition of this workbook to the measures of Hartmann, Franzen and Brodehl (2021): eight
    neurons have 256 patterns, which 10,000 images fill however wide the layer is.

    Examples
    --------
    >>> import numpy as np
    >>> from mbh_utils.lenses import evolution
    >>> blocks = evolution.block_patterns(np.random.default_rng(0).random((1_000, 100)) < 0.5)
    >>> len(blocks.sizes), int(blocks.sizes.max()), round(blocks.relative_entropy, 2)
    (13, 8, 0.98)
    """
    bits = given_bits("bits", bits)
    size = require.whole("size", size, 1, 8)
    width = bits.shape[1]
    order = stream(seed, "neuron_groups").permutation(width)
    groups = np.array_split(order, -(-width // size))
    padded = np.zeros((len(bits), len(groups), 8), dtype=bool)
    for g, neurons in enumerate(groups):
        padded[:, g, : len(neurons)] = bits[:, neurons]
    codes = np.packbits(padded, axis=2)[:, :, 0]
    return BlockPatterns(codes, np.array([len(neurons) for neurons in groups]))
