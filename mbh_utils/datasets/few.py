"""A few samples of a data set, as many of each class as their share of it."""

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets.samples import Dataset, Samples

#: Behind the name of a data set: few of its samples.
SMALL = "_small"


def small(data: Dataset, train: int = 2_000, validation: int = 1_000, seed: int = 0) -> Dataset:
    """The data set with few samples, drawn from each class in proportion.

    Parameters
    ----------
    data : Dataset
        Any.
    train : int, default 2000
        How many training samples are left; all of them where there are fewer.
    validation : int, default 1000
        The same of the validation samples.
    seed : int, default 0
        Of the draw.

    Returns
    -------
    Dataset
        The samples in the order they had, with the limits of the whole data set.

    Raises
    ------
    MBHError
        For what is no data set, and for numbers that make no sense.

    Notes
    -----
    2,000 and 1,000 images of Fashion-MNIST are what the tutorial on sparse evolutionary training
    (Mocanu et al. 2018, arXiv 1707.04780) learns from and is judged by; it takes others.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> few = small(mbh.load_dataset("digits8"), train=300)
    >>> few.name, len(few.train), len(few.validation)
    ('digits8_small', 300, 360)
    >>> np.bincount(few.train.labels)
    array([30, 30, 30, 31, 30, 30, 30, 30, 29, 30])
    """
    data = require.kind_of("data", data, Dataset, "a data set")
    train = require.whole("train", train, 1)
    validation = require.whole("validation", validation, 1)
    rng = stream(seed, "few")
    return Dataset(
        data.name + SMALL,
        _few(data.train, train, rng),
        _few(data.validation, validation, rng),
        data.classes,
        data.low,
        data.high,
        data.image_shape,
    )


def _few(samples: Samples, n: int, rng: np.random.Generator) -> Samples:
    """n samples: those whose random rank within their class is among the lowest of its size."""
    shuffled = rng.permutation(len(samples))
    labels = samples.labels[shuffled]
    rank = np.empty(len(samples))
    for label in np.unique(labels):
        (members,) = np.nonzero(labels == label)
        rank[shuffled[members]] = (np.arange(len(members)) + 0.5) / len(members)
    chosen = np.zeros(len(samples), dtype=bool)
    chosen[np.argsort(rank, kind="stable")[:n]] = True
    return samples.where(chosen)
