"""Fewer training samples, and wrong labels among them: what networks are made to overfit by.

The validation samples stay as they are.
"""

import re
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets.samples import Dataset, Samples
from mbh_utils.errors import MBHError

#: Behind the name of a data set, before a number: so many of its training samples.
TRAIN = "_train"
#: The same, before a percentage: so many per cent of the training labels are wrong.
NOISE = "_noise"
#: Behind the name of a data set: its training labels permuted.
SHUFFLED = "_shuffled"

_FEWER = re.compile(rf"(?P<whole>.+){TRAIN}(?P<n>[1-9]\d{{0,8}})")
_NOISY = re.compile(rf"(?P<whole>.+){NOISE}(?P<n>[1-9]\d?)")


def training_subset(data: Dataset, n: int, seed: int = 0) -> Dataset:
    """The data set with n of its training samples, of each class in proportion.

    Parameters
    ----------
    data : Dataset
        Any.
    n : int
        How many training samples are left.
    seed : int, default 0
        Of the draw.

    Returns
    -------
    Dataset
        Its training samples in the order they had. Its name ends with ``_train`` and n.

    Raises
    ------
    MBHError
        For what is no data set, and where there are fewer than n training samples.

    See Also
    --------
    small : few samples of both parts.

    Notes
    -----
    Of one seed, a smaller subset is part of a larger one.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import datasets
    >>> fewer = datasets.training_subset(mbh.load_dataset("digits8"), 240)
    >>> fewer.name, len(fewer.train), len(fewer.validation)
    ('digits8_train240', 240, 360)
    """
    data = require.kind_of("data", data, Dataset, "a data set")
    n = require.whole("n", n, 1)
    if n > len(data.train):
        raise MBHError(
            f"n is {n:,}, but the data set {data.name} has {len(data.train):,} training samples: "
            "take at most as many"
        )
    chosen = np.zeros(len(data.train), dtype=bool)
    chosen[_stratified_order(data.train.labels, stream(seed, "subset"))[:n]] = True
    return replace(data, name=f"{data.name}{TRAIN}{n}", train=data.train.where(chosen))


def _stratified_order(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random order in which each class has its share among the first n, for every n."""
    shuffled = rng.permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffled[np.argsort(place[shuffled], kind="stable")]


def noisy_labels(data: Dataset, share: float, seed: int = 0) -> Dataset:
    """The data set with a share of its training labels wrong.

    Parameters
    ----------
    data : Dataset
        Of two classes at least.
    share : float
        Share of the training labels that are replaced by another one, which is drawn from all other
        classes alike: a whole percentage, in (0, 1). So .4 means that 40 % of the labels are wrong
        (rounded to whole samples).
    seed : int, default 0
        Of the draw.

    Returns
    -------
    Dataset
        With the same images; its name ends with ``_noise`` and the percentage.

    Raises
    ------
    MBHError
        For what is no data set, one of a single class, and a share that is no such percentage.

    Notes
    -----
    Of one seed, the labels that are wrong for a smaller share are wrong in the same way for a
    larger one. Other authors draw the new label from all classes: at 10 classes a tenth of those
    drawn is right then.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import datasets
    >>> data = mbh.load_dataset("digits8")
    >>> noisy = datasets.noisy_labels(data, 0.4)
    >>> noisy.name, round(float((noisy.train.labels != data.train.labels).mean()), 2)
    ('digits8_noise40', 0.4)
    """
    data = require.kind_of("data", data, Dataset, "a data set")
    percent = _percentage(share)
    if data.n_classes < 2:
        raise MBHError(f"the data set {data.name} has one class: no label can be wrong")
    rng = stream(seed, "label noise")
    labels = data.train.labels.copy()
    order = rng.permutation(len(labels))
    step = rng.integers(1, data.n_classes, size=len(labels))
    wrong = order[: round(percent * len(labels) / 100)]
    labels[wrong] = (labels[wrong] + step[wrong]) % data.n_classes
    name = f"{data.name}{NOISE}{percent}"
    return replace(data, name=name, train=Samples(data.train.images, labels))


def _percentage(share: float, name: str = "share") -> int:
    what = "a share of the labels in (0, 1), in whole per cent such as 0.4"

    def is_percentage(value: float) -> bool:
        return 0.005 < value < 0.995 and abs(100 * value - round(100 * value)) < 1e-6

    return round(100 * require.number(name, share, what, is_percentage))


def shuffled_labels(data: Dataset, seed: int = 0) -> Dataset:
    """The data set with its training labels permuted: they tell nothing of the images.

    Parameters
    ----------
    data : Dataset
        Any.
    seed : int, default 0
        Of the permutation.

    Returns
    -------
    Dataset
        With the same images and as many labels of each class; its name ends with ``_shuffled``.

    Raises
    ------
    MBHError
        For what is no data set.

    Notes
    -----
    Of ten classes of equal size about a tenth of the labels stays right, by chance. A network that
    learns them all must have learnt them by heart (Zhang et al. 2017, arXiv 1611.03530).

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import datasets
    >>> data = mbh.load_dataset("digits8")
    >>> shuffled = datasets.shuffled_labels(data)
    >>> shuffled.name, round(float((shuffled.train.labels != data.train.labels).mean()), 1)
    ('digits8_shuffled', 0.9)
    """
    data = require.kind_of("data", data, Dataset, "a data set")
    labels = stream(seed, "label noise", 1).permutation(data.train.labels)
    train = Samples(data.train.images, labels)
    return replace(data, name=data.name + SHUFFLED, train=train)


# -------------------------------------------------------------------------------- names and parts


class Made(NamedTuple):
    """What a name says of how its data set is made of another one.

    Attributes
    ----------
    whole : str
        Name of the data set that it is made of.
    images : int or None
        That many training samples; None: all of them.
    noise : float
        Share of the training labels that are wrong; 1 where all were permuted.
    """

    whole: str
    images: int | None = None
    noise: float = 0.0

    def of(self, data: Dataset) -> Dataset:
        """Make it, data being the data set of the name ``whole``."""
        if self.images is not None:
            return training_subset(data, self.images)
        return shuffled_labels(data) if self.noise == 1 else noisy_labels(data, self.noise)

    @property
    def words(self) -> str:
        """What its title says beside that of the whole."""
        if self.images is not None:
            return f"{self.images:,} training images"
        return "shuffled labels" if self.noise == 1 else f"{self.noise:.0%} wrong labels"


def made(name: str) -> Made | None:
    """How the data set of that name is made, by its last suffix; None where it has none."""
    if name.endswith(SHUFFLED):
        return Made(name.removesuffix(SHUFFLED), noise=1.0)
    if found := _FEWER.fullmatch(name):
        return Made(found["whole"], images=int(found["n"]))
    if found := _NOISY.fullmatch(name):
        return Made(found["whole"], noise=int(found["n"]) / 100)
    return None


def noisy_name(whole: str, images: int | None = None, noise: float = 0.0) -> str:
    """The name under which a data set is loaded with fewer training samples and wrong labels.

    Parameters
    ----------
    whole : str
        The name of a data set.
    images : int, optional
        How many training samples; by default all.
    noise : float, default 0.0
        Share of their labels that are wrong, in whole per cent; 0 for none, 1 for labels that are
        shuffled.

    Returns
    -------
    str
        A name for :func:`mbh_utils.load_dataset`.

    Raises
    ------
    MBHError
        For what is no name, no number of samples and no such share.

    Examples
    --------
    >>> from mbh_utils import datasets
    >>> datasets.noisy_name("fashion_mnist", 2_000, 0.4)
    'fashion_mnist_train2000_noise40'
    >>> datasets.noisy_name("fashion_mnist", noise=1)
    'fashion_mnist_shuffled'
    """
    name = require.kind_of("whole", whole, str, "the name of a data set")
    if images is not None:
        name += f"{TRAIN}{require.whole('images', images, 1)}"
    noise = require.number("noise", noise, "a share of the labels in [0, 1]", lambda x: 0 <= x <= 1)
    if noise == 0:
        return name
    return name + (SHUFFLED if noise == 1 else f"{NOISE}{_percentage(noise, 'noise')}")
