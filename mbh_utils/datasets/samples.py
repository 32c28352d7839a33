"""Data sets: samples, their labels and the limits of the input space (sections 4.1 and 6.1 of the thesis).

A *phenomenon* is any boolean labelling of samples: a class (``of_class``) or a mask of your own (``where``).
What the thesis calls validation data are the 10,000 test images of MNIST and Fashion-MNIST.
"""

import difflib
import functools
import gzip
import hashlib
import http.client
import io
import math
import os
import socket
import sys
import tempfile
import zlib
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, suppress
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path

import numpy as np

from mbh_utils.computing import paths, require
from mbh_utils.datasets._torchvision import import_torchvision
from mbh_utils.errors import MBHError

NAMES = ("digits8", "mnist", "fashion_mnist")

#: Behind the name of a data set: the same with each input standardised, see :meth:`Dataset.standardised`.
STANDARDISED = "_standardised"

#: Of one data set; what is more, as by a label that is no number of a class, would take gigabytes.
_MOST_CLASSES = 10**6

#: torchvision's class for a data set; it is also the name of the folder that holds the files.
_TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}

#: md5 of the unpacked files; torchvision's own table has those of the gz files only.
_UNPACKED_MD5 = {
    "MNIST": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "FashionMNIST": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}


@dataclass(frozen=True, eq=False)
class Samples:
    """Images (n, d) float32 with their labels (n,) int64, both read-only (``torch.tensor(images)`` copies)."""

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        with np.errstate(
            over="ignore"
        ):  # too large for float32: infinite, which is refused where it matters
            images = np.ascontiguousarray(require.array("images", self.images), dtype=np.float32)
        if images.ndim != 2:
            raise MBHError(
                f"images of samples have shape (n, d), got {images.shape}; flatten each image to a row"
            )
        labels = np.ascontiguousarray(
            _whole_labels(self.labels, "labels", len(images)), dtype=np.int64
        )
        vars(self).update(images=_read_only(images), labels=_read_only(labels))

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, mask: np.ndarray) -> "Samples":
        """Samples of the phenomenon that ``mask`` (n,) bool describes; none at all is allowed (section 4.1)."""
        mask = require.array("mask", mask)
        if mask.dtype != bool or mask.shape != (len(self),):
            raise MBHError(
                f"a phenomenon is one True or False per sample: expected ({len(self)},) bool, got {mask.shape} "
                f"{mask.dtype}. Write a comparison such as samples.labels == 3; for indices use .take(indices)."
            )
        return Samples(self.images[mask], self.labels[mask])

    def of_class(self, c: int) -> "Samples":
        """Samples that carry the label ``c``. Raises MBHError where there is none."""
        if isinstance(c, bool) or not isinstance(c, Integral):
            raise MBHError(
                f"a class is given by its number, not by {c!r}; labels that occur here: {self._occurring()}"
            )
        mask = self.labels == c
        if not mask.any():
            raise MBHError(
                f"no sample has the label {c}; labels that occur here: {self._occurring()}"
            )
        return self.where(mask)

    def take(self, indices: Sequence[int]) -> "Samples":
        """Samples at ``indices`` (k,), in that order; negative ones count from the end, as in numpy."""
        indices = np.atleast_1d(require.array("indices", indices))
        if indices.ndim != 1 or indices.size and indices.dtype.kind not in "iu":
            raise MBHError(
                f"indices are whole numbers, got {indices.dtype}; for a boolean mask use .where(mask)"
            )
        outside = indices[(indices < -len(self)) | (indices >= len(self))]
        if outside.size:
            raise MBHError(f"index {outside[0]} is outside of the {len(self)} samples")
        indices = indices.astype(np.intp)  # an empty list makes an array of floats
        return Samples(self.images[indices], self.labels[indices])

    def _occurring(self) -> str:
        return ", ".join(map(str, np.unique(self.labels))) or "none, there are no samples"

    def __repr__(self) -> str:
        return f"Samples({len(self):,} x {self.images.shape[1]:,}, labels {self._occurring()})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set in two parts of d inputs, with the limits of its input space.

    classes: their names; label c belongs to ``classes[c]``.
    low, high: (d,) float64, smallest and largest value of each input; a number stands for all inputs.
    image_shape: of an image before it was flattened, () where the inputs are not images.
    """

    name: str
    train: Samples
    validation: Samples
    classes: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    image_shape: tuple[int, ...] = ()

    def __post_init__(self):
        require.kind_of("name", self.name, str, "the name of the data set")
        for part in ("train", "validation"):
            if not len(
                require.kind_of(part, getattr(self, part), Samples, "Samples(images, labels)")
            ):
                raise MBHError(f"{self.name}: {part} has no sample; both parts need at least one")
        shape = require.listed("image_shape", self.image_shape, "whole numbers, such as (28, 28)")
        vars(self).update(
            classes=_class_names(self.classes),
            image_shape=tuple(require.whole("a length in image_shape", n, 1) for n in shape),
        )
        d, other = (part.images.shape[1] for part in (self.train, self.validation))
        if other != d:
            sizes = f"train images have {d} inputs, validation images {other}"
            raise MBHError(f"{self.name}: {sizes}; both parts must have the same")
        if self.image_shape and math.prod(self.image_shape) != d:
            raise MBHError(
                f"{self.name}: image_shape {self.image_shape} does not hold the {d} inputs of an image"
            )
        vars(self).update(
            low=_limits(self.low, d, f"{self.name}: low"),
            high=_limits(self.high, d, f"{self.name}: high"),
        )
        for i in np.flatnonzero(self.low >= self.high):
            raise MBHError(
                f"{self.name}: low must be below high; input {i} has {self.low[i]} and {self.high[i]}"
            )

    @property
    def n_inputs(self) -> int:
        return self.train.images.shape[1]

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    @functools.cached_property
    def checksum(self) -> str:
        """sha256 of all images and labels in hexadecimal digits: equal exactly where the samples are."""
        digest = hashlib.sha256()
        for array in (
            self.train.images,
            self.train.labels,
            self.validation.images,
            self.validation.labels,
        ):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(array)
        return digest.hexdigest()

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each input over the train images, (d,) float64; 1 where it would be 0."""
        images = self.train.images
        mean = images.mean(axis=0, dtype=np.float64)
        variance = np.zeros(self.n_inputs)
        for start in range(
            0, len(images), 4096
        ):  # in blocks: a float64 copy of all images would be large
            variance += ((images[start : start + 4096] - mean) ** 2).sum(axis=0)
        std = np.sqrt(variance / len(images))
        std[std == 0] = (
            1.0  # exactly 0 for a constant input: float64 sums of equal float32 values do not round
        )
        return mean, std

    def standardised(self) -> "Dataset":
        """The same data with each input shifted and scaled by its :meth:`moments`, limits included (appendix A.3)."""
        mean, std = self.moments()

        def transform(
            values: np.ndarray,
        ) -> np.ndarray:  # limits are rounded as images are, so none lies outside
            shifted = values - mean
            shifted /= std
            return shifted.astype(np.float32)

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
            f"Dataset({self.name!r}: {len(self.train):,} train and {len(self.validation):,} validation samples "
            f"of {shape} in [{self.low.min():g}, {self.high.max():g}], {self.n_classes} classes: {shown})"
        )


def load(name: str, *, download: bool = True, progress: bool = True) -> Dataset:
    """The data set ``name``, one of :data:`NAMES`, with pixels in [0, 1]; it stays in memory.

    ``digits8``: the 1,797 8x8 digits inside scikit-learn, in a fixed stratified split of 1,437 and 360.
    ``mnist``, ``fashion_mnist``: 60,000 train and 10,000 validation images of 28x28, from the first of
    ``paths.data_folders()`` that holds all four files (gz or unpacked, ``train-images-idx3-ubyte`` or
    ``train-images.idx3-ubyte``, checked by md5). If none does they are downloaded to the first folder, unless
    ``download`` is False; ``progress`` says so on stderr.
    ``<name>_standardised`` is one of these standardised, ``xor_with_outliers`` that of :func:`xor_with_outliers`.

    Raises MBHError if the name is unknown, or a file is missing, damaged or cannot be written.
    """
    require.flag("download", download), require.flag("progress", progress)
    if not isinstance(name, str):
        _known(name)
    if name == "xor_with_outliers":
        return _xor()
    if str(name).endswith(STANDARDISED):
        return _standardised(
            load(name.removesuffix(STANDARDISED), download=download, progress=progress)
        )
    if _known(name) == "digits8":
        return _digits8()
    files = _files(name, _folder_of(name))
    if absent := [file for file in files if not os.path.isfile(file[0])]:
        if not download:
            raise MBHError(_missing(name, "Downloading was switched off (download=False)."))
        _download(name, absent, progress)
    return _read_official(name, tuple((*file, os.stat(file[0]).st_mtime_ns) for file in files))


def from_arrays(
    train_images: np.ndarray,
    train_labels: np.ndarray,
    validation_images: np.ndarray,
    validation_labels: np.ndarray,
    *,
    name: str = "custom",
    classes: Sequence[str] | None = None,
    low: float | np.ndarray | None = None,
    high: float | np.ndarray | None = None,
    image_shape: tuple[int, ...] = (),
) -> Dataset:
    """A data set made of your own arrays, which are copied.

    train_images, validation_images: (n, d), or (n, height, width, ...), which is flattened; finite numbers.
    train_labels, validation_labels: (n,) whole numbers from 0 to the number of classes - 1.
    classes: names; by default the numbers 0 to the largest label.
    low, high: limits of each input, a number or (d,). By default 0 and 1 if all values lie between these, else the
        smallest and the largest of all values.
    image_shape: by default the shape that was flattened.

    Arrays may be numpy's, torch's or pandas', or nested lists. Raises MBHError for NaN or infinite values (with their
    index), complex numbers and masked values, for shapes, labels or limits that do not fit, and for a largest label so
    far beyond the number of samples that it cannot be the number of a class.
    """
    images, labels = {}, {}
    for part, x, y in (
        ("train", train_images, train_labels),
        ("validation", validation_images, validation_labels),
    ):
        images[part] = _finite_images(x, f"{part}_images")
        labels[part] = _whole_labels(y, f"{part}_labels", len(images[part]))
    classes = _class_names(range(_n_labelled(labels)) if classes is None else classes)
    if len(set(classes)) < len(classes):
        raise MBHError(f"class names must differ from one another, got {', '.join(classes)}")
    for part, y in labels.items():
        for i in np.flatnonzero((y < 0) | (y >= len(classes))):
            known = f"{len(classes)} classes, labelled 0 to {len(classes) - 1}"
            raise MBHError(f"{part}_labels[{i}] is {y[i]}, but there are {known}")
    shape, other = (x.shape[1:] for x in images.values())
    if shape != other:
        raise MBHError(
            f"a train image has shape {shape}, a validation image {other}; make them the same"
        )
    samples = {part: Samples(x.reshape(len(x), -1), labels[part]) for part, x in images.items()}
    least, largest = min(x.min() for x in images.values()), max(x.max() for x in images.values())
    least, largest = (0.0, 1.0) if least >= 0 and largest <= 1 else (least, largest)
    image_shape = tuple(
        require.listed("image_shape", image_shape, "whole numbers, such as (28, 28)")
    )
    dataset = Dataset(
        name,
        **samples,
        classes=classes,
        low=least if low is None else low,
        high=largest if high is None else high,
        image_shape=image_shape or (shape if len(shape) > 1 else ()),
    )
    least, largest = (
        dataset.low.astype(np.float32),
        dataset.high.astype(np.float32),
    )  # as images are kept
    for part, x in ((part, given.images) for part, given in samples.items()):
        for i, j in np.argwhere((x < least) | (x > largest)):
            value = f"{part}_images[{i}] has the value {x[i, j]:g} at input {j}"
            limits = f"low {dataset.low[j]:g} and high {dataset.high[j]:g}"
            raise MBHError(f"{value}, outside of {limits}; widen the limits or leave them out")
    return dataset


def xor_with_outliers(n: int = 1_000, outliers: float = 0.05, seed: int = 0) -> Dataset:
    """Two classes of points in the square [-1, 1]^2 by the signs of x and y, some with the wrong label (Figure 4.5).

    n: samples in each of the two parts. outliers: share of the samples in each part whose label is flipped,
    rounded to whole samples; a network with the right boundary has the accuracy 1 - ``outliers``.
    """
    n, seed = require.whole("n", n, 1, 10**8), require.whole("seed", seed, 0)
    outliers = require.number(
        "outliers", outliers, "a share of the samples in [0, 1)", lambda share: 0 <= share < 1
    )
    arrays = []
    for generator in np.random.default_rng(seed).spawn(2):
        points = generator.uniform(-1, 1, size=(n, 2)).astype(np.float32)
        labels = (points[:, 0] > 0) != (points[:, 1] > 0)
        labels[generator.permutation(n)[: round(outliers * n)]] ^= True
        arrays += [points, labels.astype(np.int64)]
    return from_arrays(
        *arrays, name="xor_with_outliers", classes=("equal signs", "opposite signs"), low=-1, high=1
    )


def describe(name: str) -> dict:
    """Where a data set is and whether its files are right, without reading an image.

    name: any that :func:`load` takes; a standardised data set has the files of the one that it is made of.
    Returns ``name``; ``found`` (bool: load(name) needs no download and will work); ``folder`` (Path, None for one
    that is built in); ``searched`` (all folders looked in); ``files``: for each its ``path``, ``status`` ("ok",
    "missing", "wrong" or "unreadable"), ``expected`` and ``found`` md5 (None if it could not be read).
    """
    if str(name).endswith(STANDARDISED):
        return {**describe(name.removesuffix(STANDARDISED)), "name": name}
    if name == "xor_with_outliers" or _known(name) == "digits8":
        return {"name": name, "found": True, "folder": None, "searched": [], "files": []}
    folder, files = _folder_of(name), []
    for path, expected, unpacked in _files(name, folder):
        md5, status = None, "unreadable" if os.path.isfile(path) else "missing"
        with suppress(OSError):
            content = path.read_bytes()
            md5 = _md5(content)
            status = "wrong" if _unpacked(path, content, expected, unpacked) is None else "ok"
        files.append({"path": path, "status": status, "expected": expected, "found": md5})
    found = all(file["status"] == "ok" for file in files)
    return {
        "name": name,
        "found": found,
        "folder": folder,
        "searched": paths.data_folders(),
        "files": files,
    }


def _known(name: str) -> str:
    if isinstance(name, str) and name in NAMES:
        return name
    known = [*NAMES, *(each + STANDARDISED for each in NAMES)]
    near = difflib.get_close_matches(str(name).lower().replace("-", "_"), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise MBHError(
        f"unknown data set {name!r}; there are {', '.join(NAMES)}.{hint} Your own data: from_arrays(...)"
    )


_xor = functools.cache(xor_with_outliers)
_standardised = functools.lru_cache(maxsize=1)(
    Dataset.standardised
)  # large: only the last one asked for


@functools.cache
def _digits8() -> Dataset:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    parts = train_test_split(np.arange(1797), test_size=360, stratify=digits.target, random_state=0)
    train, validation = (
        Samples(digits.data[np.sort(p)] / 16, digits.target[np.sort(p)]) for p in parts
    )
    return Dataset("digits8", train, validation, tuple("0123456789"), 0.0, 1.0, (8, 8))


# The official files: found, checked, downloaded


def _torchvision_class(name: str):
    return getattr(import_torchvision().datasets, _TORCHVISION[name])


def _raw_folder(name: str, folder: Path) -> Path:
    return folder / _TORCHVISION[name] / "raw"


def _files(name: str, folder: Path) -> list[tuple[Path, str, str]]:
    """(path, its md5, md5 of its unpacked content) of train images, train labels, test images, test labels.

    Of each the first that is there: the official gz, the same unpacked, and both with a dot before "idx", as other
    archives name them; the official gz if none is.
    """
    raw, files = _raw_folder(name, folder), []
    for gz, md5 in _torchvision_class(name).resources:
        bare = gz.removesuffix(".gz")
        unpacked, dotted = _UNPACKED_MD5[_TORCHVISION[name]][bare], bare.replace("-idx", ".idx")
        usual = (gz, bare, f"{dotted}.gz", dotted)
        found = next((path for path in usual if os.path.isfile(raw / path)), gz)
        files.append((raw / found, md5 if found.endswith(".gz") else unpacked, unpacked))
    return files


def _absent(name: str, folder: Path) -> list[str]:
    return [path.name for path, *_ in _files(name, folder) if not os.path.isfile(path)]


def _folder_of(name: str) -> Path:
    """First data folder that holds all four files, whatever they contain; else the one that takes downloads."""
    folders = paths.data_folders()
    return next((folder for folder in folders if not _absent(name, folder)), folders[0])


@functools.lru_cache(maxsize=4)
def _read_official(name: str, files: tuple[tuple[Path, str, str, int], ...]) -> Dataset:
    """The data set in four files, each given with its md5s and its time of change: a changed file is read anew."""
    contents = [_content(name, path, md5, unpacked) for path, md5, unpacked, _ in files]
    parts = []
    for images, labels in (
        contents[:2],
        contents[2:],
    ):  # IDX format: a header of 16 or 8 bytes, then bytes
        pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28 * 28)
        pixels = np.divide(pixels, np.float32(255), dtype=np.float32)
        parts.append(Samples(pixels, np.frombuffer(labels, np.uint8, offset=8)))
    classes = _torchvision_class(name).classes if name == "fashion_mnist" else tuple("0123456789")
    return Dataset(name, *parts, classes, 0.0, 1.0, (28, 28))


def _content(name: str, path: Path, md5: str, unpacked: str) -> bytes:
    """Unpacked content of a file, which is the official one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MBHError(
            f"{path} cannot be read ({error.strerror}); make it readable for you"
        ) from None
    if (right := _unpacked(path, content, md5, unpacked)) is None:
        raise MBHError(
            f"{name}: {path} is damaged or another file: its {len(content):,} bytes have md5 {_md5(content)}, expected "
            f"{md5}. Delete it and load again to download it, or put the right one there. {_by_hand(name)}"
        )
    return right


def _unpacked(path: Path, content: bytes, md5: str, unpacked: str) -> bytes | None:
    """What a file holds, unpacked, if it is the official one, or that packed again by others; None otherwise."""
    if _md5(content) == md5:
        return gzip.decompress(content) if path.suffix == ".gz" else content
    with suppress(OSError, EOFError, zlib.error):  # no gz file, or a cut one
        if path.suffix == ".gz" and _md5(again := gzip.decompress(content)) == unpacked:
            return again
    return None


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _download(name: str, files: list[tuple[Path, str, str]], progress: bool) -> None:
    """Fetch the files from torchvision's mirrors. Each arrives under its name only when complete and checked."""
    target, tools = files[0][0].parent, import_torchvision().datasets.utils
    with ExitStack() as stack:
        try:
            target.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(
                tempfile.TemporaryDirectory(prefix=".download-", dir=target)
            )
        except OSError as error:
            reason = (
                f"They would be downloaded to {target}, which cannot be written ({error.strerror})."
            )
            raise MBHError(_missing(name, reason)) from None
        stack.callback(socket.setdefaulttimeout, socket.getdefaulttimeout())
        socket.setdefaulttimeout(30)  # torchvision would wait for a silent server without end
        for path, md5, _ in files:
            arrived, failures = Path(temporary, path.name), []
            for mirror in _torchvision_class(name).mirrors:
                if progress:
                    print(
                        f"{name}: downloading {mirror}{path.name} to {target}",
                        file=sys.stderr,
                        flush=True,
                    )
                bar = sys.stderr if progress and sys.stderr.isatty() else io.StringIO()
                try:
                    with redirect_stderr(bar):
                        tools.download_url(mirror + path.name, temporary, path.name, md5)
                    break
                except (OSError, RuntimeError, http.client.HTTPException) as error:
                    wrong = (
                        f" (what came has md5 {_md5(arrived.read_bytes())})"
                        if arrived.is_file()
                        else ""
                    )
                    failures.append(
                        f"{mirror}{path.name}: {str(error) or type(error).__name__}{wrong}"
                    )
            else:
                raise MBHError(_missing(name, "Download failed: " + "; ".join(failures) + "."))
            os.replace(arrived, path)


def _missing(name: str, reason: str) -> str:
    """Message about missing files: what is missing where, why it was not downloaded, what each should be."""
    lines = [f"{name}: files are missing. {reason}"]
    for folder in paths.data_folders():
        lines.append(
            f"  looked in {_raw_folder(name, folder)}: no {', '.join(_absent(name, folder))}"
        )
    lines += [f"  expected md5 of {gz}: {md5}" for gz, md5 in _torchvision_class(name).resources]
    return "\n".join([*lines, _by_hand(name)])


def _by_hand(name: str) -> str:
    return (
        f"To place files by hand, fetch them on any machine from {_torchvision_class(name).mirrors[0]} and copy them, "
        f"still compressed, into {_raw_folder(name, paths.data_folders()[0])}; or set MBH_DATA to a folder that holds "
        f"{_TORCHVISION[name]}/raw. Unpacked files, and names such as train-images.idx3-ubyte, are read too. digits8 "
        "needs no files."
    )


# Checks of arrays


def _read_only(array: np.ndarray) -> np.ndarray:
    """A view that cannot be written: a data set in memory is shared by all who load it."""
    view = array.view()
    view.flags.writeable = False
    return view


def _limits(given: float | np.ndarray, d: int, what: str) -> np.ndarray:
    """(d,) float64, read-only, of finite numbers."""
    values = require.array(what, given)
    if values.shape not in ((), (1,), (d,)) or isinstance(given, bool):
        raise MBHError(
            f"{what} is a number or an array of shape ({d},), got {require.shown(given)}"
        )
    limits = np.broadcast_to(values.astype(np.float64), (d,)).copy()
    for i in np.flatnonzero(~np.isfinite(limits)):
        raise MBHError(f"{what} must be finite, but is {limits[i]} for input {i}")
    return _read_only(limits)


def _class_names(given: Sequence[str]) -> tuple[str, ...]:
    """Names of classes as text; whatever is listed has a name, but nothing and containers have none."""
    names = (
        tuple(given)
        if isinstance(given, str)
        else require.listed("classes", given, "names, one for each class")
    )
    if len(names) > _MOST_CLASSES:
        raise MBHError(
            f"classes has {len(names):,} members; expected the names of at most {_MOST_CLASSES:,} classes"
        )
    for name in names:
        if name is None or isinstance(name, list | tuple | dict | set | np.ndarray):
            raise MBHError(f"classes holds {require.shown(name)}; expected the name of a class")
    return tuple(map(str, names))


def _n_labelled(labels: dict[str, np.ndarray]) -> int:
    """The largest label + 1; MBHError for one that numbers no class, since it is so far beyond the samples."""
    most = min(max(10_000, sum(len(y) for y in labels.values())), _MOST_CLASSES)
    for part, y in labels.items():
        if y.max() >= most:
            i = int(y.argmax())
            raise MBHError(
                f"{part}_labels[{i}] is {y[i]}, which would make {int(y[i]) + 1:,} classes: number them from 0 "
                "(numpy.unique(labels, return_inverse=True)), or name the classes by classes=..."
            )
    return 1 + max(int(y.max()) for y in labels.values())


def _finite_images(given: np.ndarray, what: str) -> np.ndarray:
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


def _whole_labels(given: np.ndarray, what: str, n: int) -> np.ndarray:
    """A copy of the labels, n whole numbers."""
    labels = require.array(what, given).copy()
    if labels.shape != (n,):
        raise MBHError(f"{what} must be one label per image, shape ({n},), got {labels.shape}")
    if labels.dtype.kind == "u" and labels.size and labels.max() > np.iinfo(np.int64).max:
        raise MBHError(
            f"{what}[{int(labels.argmax())}] is {labels.max()}, which is no label: number the classes from 0"
        )
    if labels.dtype.kind not in "iu":
        raise MBHError(
            f"{what} must be whole numbers, got {labels.dtype}; convert them with .astype(int)"
        )
    return labels
