"""Two images side by side: a data set whose two halves have nothing to do with each other."""

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets.samples import Dataset, Samples
from mbh_utils.errors import MBHError

#: Behind the name of a data set: two of its images side by side in each.
HALVES = "_halves"


def halves(data: Dataset, seed: int = 0) -> Dataset:
    """The data set of pairs of its images, squeezed to half their width and put side by side.

    Parameters
    ----------
    data : Dataset
        Of images whose width is even.
    seed : int, default 0
        Of the pairs.

    Returns
    -------
    Dataset
        As many samples, pixels and classes in each part. The label of a pair is the sum of its two
        labels, less the number of classes where that is too large: neither half tells anything of
        it without the other one.

    Raises
    ------
    MBHError
        If these are no images, or have an odd width.

    Notes
    -----
    The halves of Filan et al. 2021 (arXiv 2103.03386), made to call for two parts of a network that
    read one half each. Pairs are drawn with replacement. Two neighbouring columns become their
    mean; images are brightened so that the largest value stays what it was.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils import datasets
    >>> data = datasets.halves(mbh.load_dataset("digits8"))
    >>> data.name, data.image_shape, len(data.train)
    ('digits8_halves', (8, 8), 1437)
    """
    data = require.kind_of("data", data, Dataset, "a data set of images")
    if len(data.image_shape) != 2 or data.image_shape[1] % 2:
        raise MBHError(
            f"{data.name} has images of shape {data.image_shape}; two side by side need images "
            "(height, width) of an even width"
        )
    rng = stream(seed, "halves")
    train = _pairs(data.train, data, rng)
    validation = _pairs(data.validation, data, rng)
    return Dataset(
        data.name + HALVES,
        train,
        validation,
        data.classes,
        data.low.min(),
        data.high.max(),
        data.image_shape,
    )


def _pairs(part: Samples, data: Dataset, rng: np.random.Generator) -> Samples:
    height, width = data.image_shape
    columns = part.images.reshape(len(part), height, width // 2, 2)
    narrow = columns.mean(axis=3)
    narrow *= part.images.max() / narrow.max() if narrow.max() > 0 else 1
    left, right = rng.integers(len(part), size=(2, len(part)))
    images = np.concatenate([narrow[left], narrow[right]], axis=2)
    labels = (part.labels[left] + part.labels[right]) % data.n_classes
    return Samples(images.reshape(len(part), -1), labels)
