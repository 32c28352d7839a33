"""Samples and data sets: images, their labels, and the limits of the input space.

A *phenomenon* is any boolean labelling of samples (thesis, section 4.1): a class
(:meth:`Samples.of_class`) or a mask of your own (:meth:`Samples.where`). What the thesis calls
validation data are the 10,000 test images of MNIST and Fashion-MNIST (section 6.1).
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require
from mbh_utils.datasets._checks import class_names, limits, read_only, whole_labels
from mbh_utils.errors import MBHError

#: Behind the name of a data set: the same, standardised by :meth:`Dataset.standardised`.
STANDARDISED = "_standardised"

#: Samples at a time in a sum over float64 values: a float64 copy of all images would be large.
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Samples:
    """Images with their labels, both read-only.

    Parameters
    ----------
    images : array of shape (n, d)
        One flattened image a row; kept as float32. ``torch.tensor(images)`` makes a copy that can
        be written.
    labels : array of shape (n,)
        Whole numbers; kept as int64.

    Raises
    ------
    MBHError
        If the images are no matrix of real numbers, or the labels are not one whole number per
        image.

    Notes
    -----
    ``len(samples)`` is n. A phenomenon (thesis, section 4.1) is a selection of samples: take it by
    :meth:`of_class` or :meth:`where`.

    Examples
    --------
    >>> samples = Samples([[0.0, 0.5], [1.0, 0.5], [0.2, 0.1]], [0, 1, 0])
    >>> samples
    Samples(3 x 2, labels 0, 1)
    >>> len(samples.of_class(0))
    2
    """

    images: np.ndarray
    labels: np.ndarray

    def __init__(self, images: ArrayLike, labels: ArrayLike):
        # What is too large for float32 becomes infinite, which is refused where it matters.
        with np.errstate(over="ignore"):
            rows = np.ascontiguousarray(require.array("images", images), dtype=np.float32)
        if rows.ndim != 2:
            raise MBHError(
                f"images of samples have shape (n, d), got {rows.shape}; flatten each image to a "
                "row"
            )
        numbers = whole_labels(labels, "labels", len(rows))
        numbers = np.ascontiguousarray(numbers, dtype=np.int64)
        # The dataclass is frozen.
        vars(self).update(images=read_only(rows), labels=read_only(numbers))

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, mask: ArrayLike) -> Samples:
        """The samples of the phenomenon that a mask describes.

        Parameters
        ----------
        mask : array of bool, shape (n,)
            True for each sample of the phenomenon; none at all is allowed (thesis, section 4.1).

        Returns
        -------
        Samples
            In the order they had.

        Raises
        ------
        MBHError
            If the mask is not one True or False per sample.

        Examples
        --------
        >>> samples = Samples([[0.0], [1.0], [2.0]], [3, 4, 3])
        >>> samples.where(samples.images[:, 0] > 0.5).labels
        array([4, 3])
        """
        mask = require.array("mask", mask)
        if mask.dtype != bool or mask.shape != (len(self),):
            raise MBHError(
                f"a phenomenon is one True or False per sample: expected ({len(self)},) bool, got "
                f"{mask.shape} {mask.dtype}. Write a comparison such as samples.labels == 3; for "
                "indices use .take(indices)."
            )
        return Samples(self.images[mask], self.labels[mask])

    def of_class(self, c: int) -> Samples:
        """The samples that carry a label.

        Parameters
        ----------
        c : int
            The label.

        Returns
        -------
        Samples
            One at least, in the order they had.

        Raises
        ------
        MBHError
            If no sample has the label; the message names those that occur.

        Examples
        --------
        >>> Samples([[0.0], [1.0], [2.0]], [3, 4, 3]).of_class(3).images.tolist()
        [[0.0], [2.0]]
        """
        if isinstance(c, bool) or not isinstance(c, Integral):
            raise MBHError(
                f"a class is given by its number, not by {c!r}; labels that occur here: "
                f"{self._occurring()}"
            )
        mask = self.labels == c
        if not mask.any():
            raise MBHError(
                f"no sample has the label {c}; labels that occur here: {self._occurring()}"
            )
        return self.where(mask)

    def take(self, indices: ArrayLike) -> Samples:
        """The samples at some indices, in that order.

        Parameters
        ----------
        indices : array of int, shape (k,)
            From 0 to n - 1; negative ones count from the end, as in numpy.

        Returns
        -------
        Samples
            k samples; an index that occurs twice makes two.

        Raises
        ------
        MBHError
            If an index is no whole number or lies outside of the samples.

        Examples
        --------
        >>> Samples([[0.0], [1.0], [2.0]], [3, 4, 3]).take([-1, 1]).labels
        array([3, 4])
        """
        places = np.atleast_1d(require.array("indices", indices))
        if places.ndim != 1 or places.size and places.dtype.kind not in "iu":
            raise MBHError(
                f"indices are whole numbers, got {places.dtype}; for a boolean mask use "
                ".where(mask)"
            )
        outside = places[(places < -len(self)) | (places >= len(self))]
        if outside.size:
            raise MBHError(f"index {outside[0]} is outside of the {len(self)} samples")
        places = places.astype(np.intp)  # an empty list makes an array of floats
        return Samples(self.images[places], self.labels[places])

    def _occurring(self) -> str:
        return ", ".join(map(str, np.unique(self.labels))) or "none, there are no samples"

    def __repr__(self) -> str:
        return f"Samples({len(self):,} x {self.images.shape[1]:,}, labels {self._occurring()})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set in two parts, with the limits of its input space.

    Parameters
    ----------
    name : str
        What it is called.
    train, validation : Samples
        The two parts, of one sample at least and of equally many inputs d.
    classes : sequence of str
        Names of the classes; label c belongs to ``classes[c]``.
    low, high : float or array of shape (d,)
        Smallest and largest value of each input; a number stands for all inputs. Kept as float64.
    image_shape : tuple of int, default ()
        Shape of an image before it was flattened; () where the inputs are not images.

    Raises
    ------
    MBHError
        If the parts, the limits or the shape do not fit together.

    Notes
    -----
    The box between ``low`` and ``high`` is the input space of the thesis (Definition 4.7). For
    arrays that were not checked yet see :func:`from_arrays`.

    Examples
    --------
    >>> part = Samples([[0.0, 0.5], [1.0, 0.5]], [0, 1])
    >>> data = Dataset("tiny", part, part, ("left", "right"), low=0, high=1)
    >>> data.n_inputs, data.n_classes, data.low
    (2, 2, array([0., 0.]))
    """

    name: str
    train: Samples
    validation: Samples
    classes: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    image_shape: tuple[int, ...] = ()

    def __init__(
        self,
        name: str,
        train: Samples,
        validation: Samples,
        classes: Sequence[str],
        low: ArrayLike,
        high: ArrayLike,
        image_shape: Sequence[int] = (),
    ):
        put = vars(self).update  # the dataclass is frozen
        put(name=require.kind_of("name", name, str, "the name of the data set"))
        for part, samples in (("train", train), ("validation", validation)):
            require.kind_of(part, samples, Samples, "Samples(images, labels)")
            if not len(samples):
                raise MBHError(f"{name}: {part} has no sample; both parts need at least one")
        put(train=train, validation=validation)
        shape = require.listed("image_shape", image_shape, "whole numbers, such as (28, 28)")
        put(classes=class_names(classes))
        put(image_shape=tuple(require.whole("a length in image_shape", n, 1) for n in shape))
        self._check_inputs()
        d = self.n_inputs
        put(low=limits(low, d, f"{name}: low"))
        put(high=limits(high, d, f"{name}: high"))
        for i in np.flatnonzero(self.low >= self.high):
            raise MBHError(
                f"{self.name}: low must be below high; input {i} has {self.low[i]} and "
                f"{self.high[i]}"
            )

    def _check_inputs(self) -> None:
        """Both parts have equally many inputs, and as many as an image has pixels."""
        d = self.train.images.shape[1]
        other = self.validation.images.shape[1]
        if other != d:
            sizes = f"train images have {d} inputs, validation images {other}"
            raise MBHError(f"{self.name}: {sizes}; both parts must have the same")
        if self.image_shape and math.prod(self.image_shape) != d:
            raise MBHError(
                f"{self.name}: image_shape {self.image_shape} does not hold the {d} inputs of an "
                "image"
            )

    @property
    def n_inputs(self) -> int:
        """Number of inputs d."""
        return self.train.images.shape[1]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @functools.cached_property
    def checksum(self) -> str:
        """sha256 of all images and labels, in hexadecimal digits: equal where all samples are."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation):
            for array in (part.images, part.labels):
                digest.update(f"{array.dtype.str}{array.shape}".encode())
                digest.update(array.data)
        return digest.hexdigest()

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each input over the train images.

        Returns
        -------
        mean, std : array of float64, shape (d,)
            The standard deviation is 1 where it would be 0, so that it can be divided by.

        Examples
        --------
        >>> part = Samples([[0.0, 0.5], [1.0, 0.5]], [0, 1])
        >>> mean, std = Dataset("tiny", part, part, ("left", "right"), 0, 1).moments()
        >>> mean, std
        (array([0.5, 0.5]), array([0.5, 1. ]))
        """
        images = self.train.images
        mean = images.mean(axis=0, dtype=np.float64)
        variance = np.zeros(self.n_inputs)
        for start in range(0, len(images), _BLOCK):
            variance += ((images[start : start + _BLOCK] - mean) ** 2).sum(axis=0)
        std = np.sqrt(variance / len(images))
        # Exactly 0 for a constant input: float64 sums of equal float32 values do not round.
        std[std == 0] = 1.0
        return mean, std

    def standardised(self) -> Dataset:
        """The same data with each input shifted and scaled by its :meth:`moments`.

        Returns
        -------
        Dataset
            Its name ends with ``_standardised``; the limits are transformed as the images are.

        Notes
        -----
        The thesis trains on inputs normalised in this way in appendix A.3 (Figures A.2 and A.3).

        Examples
        --------
        >>> part = Samples([[0.0, 0.5], [1.0, 0.5]], [0, 1])
        >>> scaled = Dataset("tiny", part, part, ("left", "right"), 0, 1).standardised()
        >>> scaled.name, scaled.train.images.tolist()
        ('tiny_standardised', [[-1.0, 0.0], [1.0, 0.0]])
        """
        mean, std = self.moments()

        def transform(values: np.ndarray) -> np.ndarray:
            shifted = values - mean
            shifted /= std
            return shifted.astype(np.float32)

        # Limits are rounded as images are, so that no image lies outside of them.
        return replace(
            self,
            name=self.name + STANDARDISED,
            train=Samples(transform(self.train.images), self.train.labels),
            validation=Samples(transform(self.validation.images), self.validation.labels),
            low=transform(self.low),
            high=transform(self.high),
        )

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.image_shape)) or f"{self.n_inputs} inputs"
        shown = ", ".join(self.classes[:10]) + (", ..." if self.n_classes > 10 else "")
        return (
            f"Dataset({self.name!r}: {len(self.train):,} train and {len(self.validation):,} "
            f"validation samples of {shape} in [{self.low.min():g}, {self.high.max():g}], "
            f"{self.n_classes} classes: {shown})"
        )
