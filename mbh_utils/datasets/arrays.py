"""A data set made of your own arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.datasets._checks import (
    class_names,
    finite_images,
    number_of_classes,
    whole_labels,
)
from mbh_utils.datasets.samples import Dataset, Samples
from mbh_utils.errors import MBHError


def from_arrays(
    train_images: ArrayLike,
    train_labels: ArrayLike,
    validation_images: ArrayLike,
    validation_labels: ArrayLike,
    *,
    name: str = "custom",
    classes: Sequence[str] | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    image_shape: Sequence[int] = (),
) -> Dataset:
    """A data set made of your own arrays, which are copied.

    Parameters
    ----------
    train_images, validation_images : array of shape (n, d) or (n, height, width, ...)
        Finite numbers; what has more than two dimensions is flattened. Each part has an n of its
        own.
    train_labels, validation_labels : array of shape (n,)
        Whole numbers from 0 to the number of classes - 1; or names of classes as text, which are
        numbered in the order of ``classes``.
    name : str, default "custom"
        What the data set is called.
    classes : sequence of str, optional
        Names of the classes; by default the numbers from 0 to the largest label, or the names that
        the labels are, sorted.
    low, high : float or array of shape (d,), optional
        Limits of each input. By default 0 and 1 if all values lie between these, else the smallest
        and the largest of all values.
    image_shape : tuple of int, default ()
        By default the shape that was flattened.

    Returns
    -------
    Dataset
        With images as float32.

    Raises
    ------
    MBHError
        For NaN or infinite values (with their index), complex numbers and masked values, for
        shapes, labels or limits that do not fit, and for a largest label so far beyond the number
        of samples that it cannot be the number of a class.

    Notes
    -----
    Arrays may be those of numpy, torch or pandas, or nested lists.

    Examples
    --------
    >>> import numpy as np
    >>> import mbh_utils as mbh
    >>> images = np.linspace(0, 1, 12).reshape(3, 2, 2)
    >>> mbh.from_arrays(images, [0, 1, 1], images, [0, 1, 1], classes=["dark", "light"])
    Dataset('custom': 3 train and 3 validation samples of 2 x 2 in [0, 1], 2 classes: dark, light)
    """
    named = {"train": _texts(train_labels), "validation": _texts(validation_labels)}
    if any(named.values()):
        classes, (train_labels, validation_labels) = _numbered(named, classes)
    given = {
        "train": (train_images, train_labels),
        "validation": (validation_images, validation_labels),
    }
    images = {}
    labels = {}
    for part, (x, y) in given.items():
        images[part] = finite_images(x, f"{part}_images")
        labels[part] = whole_labels(y, f"{part}_labels", len(images[part]))
    names = _distinct_names(labels, classes)
    _check_labels(labels, len(names))
    shape = _common_shape(images)
    given_shape = require.listed("image_shape", image_shape, "whole numbers, such as (28, 28)")
    least, largest = _extent(images)
    dataset = Dataset(
        name,
        **{part: Samples(x.reshape(len(x), -1), labels[part]) for part, x in images.items()},
        classes=names,
        low=least if low is None else low,  # a number stands for all inputs
        high=largest if high is None else high,
        image_shape=tuple(given_shape) or (shape if len(shape) > 1 else ()),
    )
    _check_values(dataset)
    return dataset


def _texts(labels: ArrayLike) -> list[str] | None:
    """Labels that are text, as a list; None for all others."""
    listed: list = []
    if isinstance(labels, list | tuple):
        listed = list(labels)
    elif getattr(getattr(labels, "dtype", None), "kind", None) in ("U", "O"):
        values = np.asarray(labels)  # of numpy or pandas
        listed = values.tolist() if values.ndim == 1 else []
    else:
        return None
    return listed if listed and all(isinstance(x, str) for x in listed) else None


def _numbered(
    named: dict[str, list[str] | None], classes: Sequence[str] | None
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Names of the classes, and the labels of both parts as places in it."""
    train, validation = named.values()
    if train is None or validation is None:
        part, other = ("train", "validation") if validation is None else ("validation", "train")
        raise MBHError(f"{part}_labels are text, {other}_labels are not; give both alike")
    names = class_names(sorted({*train, *validation}) if classes is None else classes)
    places = {name: i for i, name in enumerate(names)}
    for part, texts in named.items():
        for i, text in enumerate(texts or ()):
            if text not in places:
                known = f"the classes {', '.join(names)}"
                raise MBHError(f"{part}_labels[{i}] is {text!r}, which is none of {known}")
    return names, [np.array([places[text] for text in texts]) for texts in (train, validation)]


def _distinct_names(
    labels: dict[str, np.ndarray], classes: Sequence[str] | None
) -> tuple[str, ...]:
    """Names of the classes, no two the same; where none are given, the numbers of the classes."""
    names = class_names(range(number_of_classes(labels)) if classes is None else classes)
    if len(set(names)) < len(names):
        raise MBHError(f"class names must differ from one another, got {', '.join(names)}")
    return names


def _check_labels(labels: dict[str, np.ndarray], n_classes: int) -> None:
    for part, y in labels.items():
        for i in np.flatnonzero((y < 0) | (y >= n_classes)):
            known = f"{n_classes} classes, labelled 0 to {n_classes - 1}"
            raise MBHError(f"{part}_labels[{i}] is {y[i]}, but there are {known}")


def _common_shape(images: dict[str, np.ndarray]) -> tuple[int, ...]:
    """Shape of one image, which is the same in both parts."""
    shape = images["train"].shape[1:]
    other = images["validation"].shape[1:]
    if shape != other:
        raise MBHError(
            f"a train image has shape {shape}, a validation image {other}; make them the same"
        )
    return shape


def _extent(images: dict[str, np.ndarray]) -> tuple[float, float]:
    """0 and 1 if all values lie between these, else the smallest and the largest of all values."""
    least = min(x.min() for x in images.values())
    largest = max(x.max() for x in images.values())
    return (0.0, 1.0) if least >= 0 and largest <= 1 else (least, largest)


def _check_values(dataset: Dataset) -> None:
    """No value lies outside of the limits, which are compared as float32 since images are that."""
    least = dataset.low.astype(np.float32)
    largest = dataset.high.astype(np.float32)
    for part in ("train", "validation"):
        x = getattr(dataset, part).images
        for i, j in np.argwhere((x < least) | (x > largest)):
            value = f"{part}_images[{i}] has the value {x[i, j]:g} at input {j}"
            limits = f"low {dataset.low[j]:g} and high {dataset.high[j]:g}"
            raise MBHError(f"{value}, outside of {limits}; widen the limits or leave them out")
