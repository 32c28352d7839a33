"""Data sets by name: the official ones, the digits inside scikit-learn, made-up points.

A name with ``_standardised`` behind it stands for the same data set with each input standardised,
one with ``_halves`` for pairs of its images, side by side, one with ``_small`` for few of them, one
with ``_train2000``, ``_noise40`` or ``_shuffled`` for fewer training images and wrong labels.
"""

import difflib
import functools
from typing import Any

import numpy as np

from mbh_utils.computing import require
from mbh_utils.datasets import official
from mbh_utils.datasets.arrays import from_arrays
from mbh_utils.datasets.few import SMALL, small
from mbh_utils.datasets.halves import HALVES, halves
from mbh_utils.datasets.noisy import SHUFFLED, Made, made
from mbh_utils.datasets.samples import STANDARDISED, Dataset, Samples
from mbh_utils.errors import MBHError

#: Names of the data sets of images.
NAMES = ("digits8", "mnist", "fashion_mnist")

_XOR = "xor_with_outliers"

_TITLES = {
    "digits8": "Digits 8×8",
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    _XOR: "XOR with outliers",
}


def load(name: str, *, download: bool = True, progress: bool = True) -> Dataset:
    """The data set of a name, with pixels in [0, 1]; it stays in memory.

    Parameters
    ----------
    name : {"digits8", "mnist", "fashion_mnist", "xor_with_outliers"}
        Or one of these with ``_standardised`` behind it; of images also with ``_halves`` or
        ``_small``; to train on with ``_train2000``, ``_noise40``, both, or ``_shuffled``.
    download : bool, default True
        Whether missing files of ``mnist`` and ``fashion_mnist`` may be downloaded.
    progress : bool, default True
        Whether a download is announced on stderr.

    Returns
    -------
    Dataset
        The same object for the same name, as long as no file changed.

    Raises
    ------
    MBHError
        If the name is unknown, or a file is missing, damaged or cannot be written; the message says
        how to place files by hand.

    Notes
    -----
    - ``digits8``: the 1,797 8x8 digits inside scikit-learn, in a fixed stratified split of 1,437
      and 360; it needs no file.
    - ``mnist``, ``fashion_mnist``: 60,000 train and 10,000 validation images of 28x28 (thesis,
      section 6.1), from the first of ``paths.data_folders()`` that holds all four files (gz or
      unpacked, ``train-images-idx3-ubyte`` or ``train-images.idx3-ubyte``, checked by md5). If none
      does, they are downloaded to the first folder.
    - ``xor_with_outliers``: what :func:`xor_with_outliers` makes (Figure 4.5).
    - ``<name>_standardised``: see :meth:`Dataset.standardised` (appendix A.3).
    - ``<name>_halves``: two images side by side in each, see :func:`halves`.
    - ``<name>_small``: 2,000 of its train and 1,000 of its validation images, 300 and all 360 of
      ``digits8``, see :func:`small`.
    - ``<name>_train2000``: that many of its training samples, see :func:`training_subset`;
      ``_noise40`` behind it: so many per cent of its training labels are wrong, see
      :func:`noisy_labels`; ``_shuffled``: they are permuted, see :func:`shuffled_labels`.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> len(data.train), len(data.validation), data.image_shape
    (1437, 360, (8, 8))
    >>> mbh.load_dataset("digits8") is data
    True
    """
    require.flag("download", download)
    require.flag("progress", progress)
    _check_text(name)
    if name == _XOR:
        return _xor()
    if name.endswith(STANDARDISED):
        raw = load(name.removesuffix(STANDARDISED), download=download, progress=progress)
        return _standardised(raw)
    if name.endswith(HALVES):
        return _halves(load(name.removesuffix(HALVES), download=download, progress=progress))
    if name.endswith(SMALL):
        whole = load(name.removesuffix(SMALL), download=download, progress=progress)
        return _small(whole)
    if recipe := made(name):
        return _made(recipe, load(recipe.whole, download=download, progress=progress))
    if _known(name) == "digits8":
        return _digits8()
    return official.load(name, download=download, progress=progress)


def title(name: str) -> str:
    """What a data set is called in texts and pictures.

    Parameters
    ----------
    name : str
        Name of a data set: one that :func:`load` takes, or of your own.

    Returns
    -------
    str
        Its title; a name of your own is its own title.

    Raises
    ------
    MBHError
        If the name is no text.

    Examples
    --------
    >>> from mbh_utils import datasets
    >>> datasets.title("fashion_mnist"), datasets.title("fashion_mnist_standardised")
    ('Fashion-MNIST', 'Fashion-MNIST, standardised')
    >>> datasets.title("my own")
    'my own'
    """
    _check_text(name)
    if name.endswith(STANDARDISED):
        return f"{title(name.removesuffix(STANDARDISED))}, standardised"
    if name.endswith(HALVES):
        return f"{title(name.removesuffix(HALVES))}, two side by side"
    if name.endswith(SMALL):
        return f"{title(name.removesuffix(SMALL))}, few images"
    if recipe := made(name):
        return f"{title(recipe.whole)}, {recipe.words}"
    return _TITLES.get(name, name)


def describe(name: str) -> dict:
    """Where a data set is and whether its files are right, without reading an image.

    Parameters
    ----------
    name : str
        Any that :func:`load` takes; a standardised data set has the files of the one that it is
        made of.

    Returns
    -------
    dict
        - ``name``: as given;
        - ``found``: bool, whether load(name) works without a download;
        - ``folder``: Path, None for a data set that is built in;
        - ``searched``: all folders that were looked in;
        - ``files``: one dict for each file: its ``path``, ``status`` ("ok", "missing", "wrong" or
          "unreadable"), and its md5, ``expected`` and ``found`` (None if it could not be read).

    Raises
    ------
    MBHError
        If the name is unknown.

    Examples
    --------
    >>> from mbh_utils import datasets
    >>> said = datasets.describe("digits8_standardised")
    >>> said["found"], said["files"]  # it is built in
    (True, [])
    """
    _check_text(name)
    if name.endswith(STANDARDISED):
        return {**describe(name.removesuffix(STANDARDISED)), "name": name}
    if name.endswith(HALVES):
        return {**describe(name.removesuffix(HALVES)), "name": name}
    if name.endswith(SMALL):
        return {**describe(name.removesuffix(SMALL)), "name": name}
    if recipe := made(name):
        return {**describe(recipe.whole), "name": name}
    if name == _XOR or _known(name) == "digits8":
        return {"name": name, "found": True, "folder": None, "searched": [], "files": []}
    return official.describe(name)


def xor_with_outliers(n: int = 1_000, outliers: float = 0.05, seed: int = 0) -> Dataset:
    """Two classes of points by the signs of x and y, some with the wrong label.

    Parameters
    ----------
    n : int, default 1000
        Samples in each of the two parts.
    outliers : float, default 0.05
        Share of the samples in each part whose label is flipped, in [0, 1); rounded to whole
        samples.
    seed : int, default 0
        Equal seeds draw equal points.

    Returns
    -------
    Dataset
        Points of the square [-1, 1]^2, of the classes "equal signs" (0) and "opposite signs" (1).

    Raises
    ------
    MBHError
        If a number lies outside of its limits.

    Notes
    -----
    The data of Figure 4.5: a network with the right boundary has the accuracy 1 - ``outliers``.

    Examples
    --------
    >>> from mbh_utils import datasets
    >>> data = datasets.xor_with_outliers(n=100, outliers=0.05)
    >>> opposite = data.train.images.prod(axis=1) < 0
    >>> int((data.train.labels != opposite).sum())
    5
    """
    n = require.whole("n", n, 1, 10**8)
    seed = require.whole("seed", seed, 0)
    share = "a share of the samples in [0, 1)"
    outliers = require.number("outliers", outliers, share, lambda x: 0 <= x < 1)
    arrays = []
    for generator in np.random.default_rng(seed).spawn(2):
        points = generator.uniform(-1, 1, size=(n, 2)).astype(np.float32)
        labels = (points[:, 0] > 0) != (points[:, 1] > 0)
        labels[generator.permutation(n)[: round(outliers * n)]] ^= True
        arrays += [points, labels.astype(np.int64)]
    return from_arrays(
        *arrays, name=_XOR, classes=("equal signs", "opposite signs"), low=-1, high=1
    )


def _known(name: str) -> str:
    """The name, which is one of ``NAMES``."""
    if name in NAMES:
        return name
    raise _unknown(name)


def _check_text(name) -> None:
    if not isinstance(name, str):
        raise _unknown(name)


def _unknown(name) -> MBHError:
    suffixes = ("", STANDARDISED, HALVES, SMALL, SHUFFLED)
    known = [each + suffix for each in NAMES for suffix in suffixes]
    near = difflib.get_close_matches(str(name).lower().replace("-", "_"), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return MBHError(
        f"unknown data set {name!r}; there are {', '.join(NAMES)}.{hint} Your own data: "
        "from_arrays(...)"
    )


@functools.cache
def _xor() -> Dataset:
    return xor_with_outliers()


# They are large: only the last of each kind that was asked for stays in memory.
_standardised = functools.lru_cache(maxsize=1)(Dataset.standardised)
_halves = functools.lru_cache(maxsize=1)(halves)


@functools.lru_cache(maxsize=1)
def _small(whole: Dataset) -> Dataset:
    return small(whole, 300, 360) if whole.name == "digits8" else small(whole)


# Those with wrong labels share their images with the whole, so that many fit into memory.
@functools.lru_cache(maxsize=32)
def _made(recipe: Made, whole: Dataset) -> Dataset:
    return recipe.of(whole)


@functools.cache
def _digits8() -> Dataset:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits: Any = load_digits()
    every = np.arange(1797)
    parts = train_test_split(every, test_size=360, stratify=digits.target, random_state=0)
    train, validation = (
        Samples(digits.data[np.sort(part)] / 16, digits.target[np.sort(part)]) for part in parts
    )
    return Dataset(
        "digits8",
        train=train,
        validation=validation,
        classes=tuple("0123456789"),
        low=np.zeros(8 * 8),
        high=np.ones(8 * 8),
        image_shape=(8, 8),
    )
