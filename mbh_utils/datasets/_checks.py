"""Checks of the arrays that a data set is made of; each gives them back as they are kept."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: Most classes of one data set: a label that numbers no class could ask for gigabytes of names.
MOST_CLASSES = 10**6


def read_only(array: np.ndarray) -> np.ndarray:
    """A view that cannot be written: a data set in memory is shared by all who load it."""
    view = array.view()
    view.flags.writeable = False
    return view


def limits(given: ArrayLike, d: int, what: str) -> np.ndarray:
    """(d,) float64, read-only, of finite numbers; a single number stands for all inputs."""
    values = require.array(what, given)
    if values.shape not in ((), (1,), (d,)) or isinstance(given, bool):
        raise MBHError(
            f"{what} is a number or an array of shape ({d},), got {require.shown(given)}"
        )
    found = np.broadcast_to(values.astype(np.float64), (d,)).copy()
    for i in np.flatnonzero(~np.isfinite(found)):
        raise MBHError(f"{what} must be finite, but is {found[i]} for input {i}")
    return read_only(found)


def class_names(given: Iterable) -> tuple[str, ...]:
    """Names of classes as text; whatever is listed can be a name, but None and containers."""
    if isinstance(given, str):
        names = tuple(given)
    else:
        names = require.listed("classes", given, "names, one for each class")
    if len(names) > MOST_CLASSES:
        raise MBHError(
            f"classes has {len(names):,} members; expected the names of at most {MOST_CLASSES:,} "
            "classes"
        )
    for name in names:
        if name is None or isinstance(name, list | tuple | dict | set | np.ndarray):
            raise MBHError(f"classes holds {require.shown(name)}; expected the name of a class")
    return tuple(map(str, names))


def number_of_classes(labels: dict[str, np.ndarray]) -> int:
    """The largest label + 1; a label far beyond the number of samples is refused.

    labels: (n,) whole numbers of each part of a data set, by the name of the part.
    """
    n_samples = sum(len(y) for y in labels.values())
    most = min(max(10_000, n_samples), MOST_CLASSES)
    for part, y in labels.items():
        if y.max() >= most:
            i = int(y.argmax())
            raise MBHError(
                f"{part}_labels[{i}] is {y[i]}, which would make {int(y[i]) + 1:,} classes: number "
                "them from 0 (numpy.unique(labels, return_inverse=True)), or name the classes by "
                "classes=..."
            )
    return 1 + max(int(y.max()) for y in labels.values())


def finite_images(given: ArrayLike, what: str) -> np.ndarray:
    """A float32 copy, of two or more dimensions and without NaN or infinities."""
    with np.errstate(over="ignore"):  # too large for float32: infinite, and named below
        images = require.array(what, given).astype(np.float32)
    if images.ndim < 2 or not images.size:
        raise MBHError(
            f"{what} must have shape (n, d) or (n, height, width) with n >= 1, got {images.shape}"
        )
    bad = np.argwhere(~np.isfinite(images))
    if len(bad):
        index = ", ".join(map(str, bad[0]))
        raise MBHError(
            f"{what}[{index}] is {images[tuple(bad[0])]}; NaN or infinite values: {len(bad):,}"
        )
    return images


def whole_labels(given: ArrayLike, what: str, n: int) -> np.ndarray:
    """A copy of the labels, n whole numbers."""
    labels = require.array(what, given).copy()
    if labels.shape != (n,):
        raise MBHError(f"{what} must be one label per image, shape ({n},), got {labels.shape}")
    if labels.dtype.kind == "u" and labels.size and labels.max() > np.iinfo(np.int64).max:
        raise MBHError(
            f"{what}[{int(labels.argmax())}] is {labels.max()}, which is no label: number the "
            "classes from 0"
        )
    if labels.dtype.kind not in "iu":
        raise MBHError(
            f"{what} must be whole numbers, got {labels.dtype}; convert them with .astype(int)"
        )
    return labels
