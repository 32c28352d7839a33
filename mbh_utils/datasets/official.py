"""The official files of MNIST and Fashion-MNIST: where they are, read, checked by md5, downloaded.

Each data set is four files in the IDX format, gzip-packed or not: train images, train labels, test
images (the thesis's validation data), test labels.
"""

import functools
import gzip
import hashlib
import http.client
import io
import os
import socket
import sys
import tempfile
import zlib
from contextlib import ExitStack, redirect_stderr, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import paths
from mbh_utils.computing.screen import say
from mbh_utils.datasets._torchvision import import_torchvision
from mbh_utils.datasets.samples import Dataset, Samples
from mbh_utils.errors import MBHError

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

#: An IDX file begins with so many bytes of header: magic number, then the length of each dimension.
_IMAGES_HEADER = 16
_LABELS_HEADER = 8

#: Seconds without an answer; torchvision would wait for a silent server without end.
_PATIENCE = 30


class DataFile(NamedTuple):
    """One of the four files: its path, the md5 it must have, and that of its unpacked content."""

    path: Path
    md5: str
    unpacked_md5: str


# ------------------------------------------------------------------------- what the catalogue asks


def load(name: str, *, download: bool, progress: bool) -> Dataset:
    """The data set in its official files, which are downloaded where they are missing.

    name: ``mnist`` or ``fashion_mnist``. download: whether it may. progress: say so on stderr.
    """
    files = _files(name, _folder_of(name))
    missing = [file for file in files if not os.path.isfile(file.path)]
    if missing and not download:
        raise MBHError(_missing(name, "Downloading was switched off (download=False)."))
    if missing:
        _download(name, missing, progress)
    return _read(name, tuple((file, os.stat(file.path).st_mtime_ns) for file in files))


def describe(name: str) -> dict:
    """Where the official files are and whether they are right, see ``catalogue.describe``."""
    folder = _folder_of(name)
    files = [_describe_file(file) for file in _files(name, folder)]
    return {
        "name": name,
        "found": all(file["status"] == "ok" for file in files),
        "folder": folder,
        "searched": paths.data_folders(),
        "files": files,
    }


def _describe_file(file: DataFile) -> dict:
    md5 = None
    status = "unreadable" if os.path.isfile(file.path) else "missing"
    with suppress(OSError):
        content = file.path.read_bytes()
        md5 = _md5(content)
        status = "wrong" if _unpacked(file, content) is None else "ok"
    return {"path": file.path, "status": status, "expected": file.md5, "found": md5}


# ---------------------------------------------------------------------------- where the files are


def _torchvision_class(name: str):
    return getattr(import_torchvision().datasets, _TORCHVISION[name])


def _raw_folder(name: str, folder: Path) -> Path:
    return folder / _TORCHVISION[name] / "raw"


def _files(name: str, folder: Path) -> list[DataFile]:
    """Train images, train labels, test images, test labels, below a folder of data sets.

    Of each the first that is there: the official gz, the same unpacked, and both with a dot before
    "idx", as other archives name them; the official gz if none is.
    """
    raw = _raw_folder(name, folder)
    files = []
    for gz, md5 in _torchvision_class(name).resources:
        bare = gz.removesuffix(".gz")
        dotted = bare.replace("-idx", ".idx")
        unpacked_md5 = _UNPACKED_MD5[_TORCHVISION[name]][bare]
        usual = (gz, bare, f"{dotted}.gz", dotted)
        found = next((path for path in usual if os.path.isfile(raw / path)), gz)
        expected = md5 if found.endswith(".gz") else unpacked_md5
        files.append(DataFile(raw / found, expected, unpacked_md5))
    return files


def _missing_in(name: str, folder: Path) -> list[str]:
    """Names of the files that a folder of data sets does not hold."""
    return [file.path.name for file in _files(name, folder) if not os.path.isfile(file.path)]


def _folder_of(name: str) -> Path:
    """First data folder that holds all four files, whatever they contain; else the first of all."""
    folders = paths.data_folders()
    return next((folder for folder in folders if not _missing_in(name, folder)), folders[0])


# ----------------------------------------------------------------------------- what the files hold


@functools.lru_cache(maxsize=4)
def _read(name: str, files: tuple[tuple[DataFile, int], ...]) -> Dataset:
    """The data set in four files, each with its time of change: a changed file is read anew."""
    contents = [_content(name, file) for file, _ in files]
    classes = _torchvision_class(name).classes if name == "fashion_mnist" else tuple("0123456789")
    return Dataset(
        name,
        train=_samples(*contents[:2]),
        validation=_samples(*contents[2:]),
        classes=classes,
        low=np.zeros(28 * 28),
        high=np.ones(28 * 28),
        image_shape=(28, 28),
    )


def _samples(images: bytes, labels: bytes) -> Samples:
    """What two IDX files hold, pixels scaled to [0, 1]."""
    pixels = np.frombuffer(images, np.uint8, offset=_IMAGES_HEADER).reshape(-1, 28 * 28)
    pixels = np.divide(pixels, np.float32(255), dtype=np.float32)
    return Samples(pixels, np.frombuffer(labels, np.uint8, offset=_LABELS_HEADER))


def _content(name: str, file: DataFile) -> bytes:
    """Unpacked content of a file, which is the official one."""
    try:
        content = file.path.read_bytes()
    except OSError as error:
        raise MBHError(
            f"{file.path} cannot be read ({error.strerror}); make it readable for you"
        ) from None
    if (right := _unpacked(file, content)) is None:
        raise MBHError(
            f"{name}: {file.path} is damaged or another file: its {len(content):,} bytes have md5 "
            f"{_md5(content)}, expected {file.md5}. Delete it and load again to download it, or "
            f"put the right one there. {_by_hand(name)}"
        )
    return right


def _unpacked(file: DataFile, content: bytes) -> bytes | None:
    """What the file holds, unpacked, if that is official, whoever packed it; None otherwise."""
    if _md5(content) == file.md5:
        return gzip.decompress(content) if file.path.suffix == ".gz" else content
    with suppress(OSError, EOFError, zlib.error):  # no gz file, or a cut one
        if file.path.suffix == ".gz":
            again = gzip.decompress(content)
            return again if _md5(again) == file.unpacked_md5 else None
    return None


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


# --------------------------------------------------------------------------- how files are fetched


def _download(name: str, files: list[DataFile], progress: bool) -> None:
    """Fetch the files from torchvision's mirrors. Each gets its name when complete and checked."""
    target = files[0].path.parent
    with ExitStack() as stack:
        try:
            target.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(prefix=".download-", dir=target)
            temporary = stack.enter_context(folder)
        except OSError as error:
            reason = (
                f"They would be downloaded to {target}, which cannot be written ({error.strerror})."
            )
            raise MBHError(_missing(name, reason)) from None
        stack.callback(socket.setdefaulttimeout, socket.getdefaulttimeout())
        socket.setdefaulttimeout(_PATIENCE)
        for file in files:
            arrived = _fetch(name, file, Path(temporary), progress)
            os.replace(arrived, file.path)


def _fetch(name: str, file: DataFile, temporary: Path, progress: bool) -> Path:
    """Where in ``temporary`` the file arrived, from the first mirror that has the right one."""
    failures = []
    for mirror in _torchvision_class(name).mirrors:
        url = mirror + file.path.name
        if progress:
            say(f"{name}: downloading {url} to {file.path.parent}")
        arrived = temporary / file.path.name
        try:
            _fetch_url(url, arrived, file.md5, progress)
            return arrived
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            came = f" (what came has md5 {_md5(arrived.read_bytes())})" if arrived.is_file() else ""
            failures.append(f"{url}: {str(error) or type(error).__name__}{came}")
    raise MBHError(_missing(name, "Download failed: " + "; ".join(failures) + "."))


def _fetch_url(url: str, arrived: Path, md5: str, progress: bool) -> None:
    """Let torchvision fetch and check one file; its bar is shown on a terminal only."""
    bar = sys.stderr if progress and sys.stderr.isatty() else io.StringIO()
    with redirect_stderr(bar):
        fetch = import_torchvision().datasets.utils.download_url
        fetch(url, str(arrived.parent), arrived.name, md5)


# --------------------------------------------------------------------- what is said where it fails


def _missing(name: str, reason: str) -> str:
    """Message on missing files: where they were looked for, why none came, what each should be."""
    lines = [f"{name}: files are missing. {reason}"]
    for folder in paths.data_folders():
        missing = ", ".join(_missing_in(name, folder))
        lines.append(f"  looked in {_raw_folder(name, folder)}: no {missing}")
    lines += [f"  expected md5 of {gz}: {md5}" for gz, md5 in _torchvision_class(name).resources]
    return "\n".join([*lines, _by_hand(name)])


def _by_hand(name: str) -> str:
    """How to place the files without a download."""
    return (
        "To place files by hand, fetch them on any machine from "
        f"{_torchvision_class(name).mirrors[0]} and copy them, still compressed, into "
        f"{_raw_folder(name, paths.data_folders()[0])}; or set MBH_DATA to a folder that holds "
        f"{_TORCHVISION[name]}/raw. Unpacked files, and names such as train-images.idx3-ubyte, are "
        "read too. digits8 needs no files."
    )
