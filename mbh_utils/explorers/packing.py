"""Arrays as short texts inside of a page, and back: deflate and base64."""

import base64
import zlib

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: What a browser has typed arrays for.
DTYPES = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64")


def pack(array: np.ndarray) -> dict:
    """An array as what JSON can hold; ``unpack`` of ``assets/common.js`` reads it.

    Parameters
    ----------
    array : numpy.ndarray
        Of one of ``DTYPES``.

    Returns
    -------
    dict
        dtype, shape, and deflate: its bytes (little end first), compressed, in base64.

    Raises
    ------
    MBHError
        For another dtype.

    Examples
    --------
    >>> pack(np.zeros((2, 3), np.uint8))["shape"]
    [2, 3]
    """
    require.kind_of("array", array, np.ndarray, "an array of numpy")
    if array.dtype.name not in DTYPES:
        raise MBHError(
            f"array has dtype {array.dtype.name}, which no browser has: use one of "
            f"{', '.join(DTYPES)}"
        )
    content = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))).tobytes()
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "deflate": base64.b64encode(zlib.compress(content, 9)).decode(),
    }


def unpack(entry: dict) -> np.ndarray:
    """The array that :func:`pack` packed.

    Parameters
    ----------
    entry : dict
        What :func:`pack` returned.

    Returns
    -------
    numpy.ndarray
        The same numbers.

    Examples
    --------
    >>> unpack(pack(np.arange(3, dtype=np.uint16)))
    array([0, 1, 2], dtype=uint16)
    """
    content = zlib.decompress(base64.b64decode(entry["deflate"]))
    numbers = np.frombuffer(content, np.dtype(entry["dtype"]).newbyteorder("<"))
    return numbers.astype(entry["dtype"]).reshape(entry["shape"])


def pack_map(numbers: np.ndarray) -> dict:
    """A picture of areas of equal numbers, shorter than by :func:`pack`; ``unpackMap`` reads it.

    Kept is only where a pixel differs from the one above it, and in which bits: areas are large, so
    most do not.

    Parameters
    ----------
    numbers : numpy.ndarray, shape (rows, columns)
        Of an unsigned dtype of ``DTYPES``.

    Returns
    -------
    dict
        shape; gaps: from one such pixel to the next, row by row, 255 for "255 more, and on"; and
        bits, which are those that change there.

    Raises
    ------
    MBHError
        For another dtype, or an array that is no picture.

    Examples
    --------
    >>> numbers = np.array([[1, 1, 2], [1, 2, 2]], np.uint8)
    >>> entry = pack_map(numbers)
    >>> unpack(entry["gaps"]), unpack(entry["bits"])
    (array([0, 1, 1, 2], dtype=uint8), array([1, 1, 2, 3], dtype=uint8))
    >>> unpack_map(entry).tolist() == numbers.tolist()
    True
    """
    require.kind_of("numbers", numbers, np.ndarray, "an array of numpy")
    if numbers.ndim != 2 or numbers.dtype.kind != "u":
        raise MBHError(
            f"numbers is {numbers.dtype} of shape {numbers.shape}; expected a picture of unsigned "
            "whole numbers, (rows, columns)"
        )
    changes = numbers.copy()
    changes[1:] ^= numbers[:-1]
    places = np.flatnonzero(changes)
    gaps = np.diff(places, prepend=0)
    n_more = gaps // 255
    ends = np.cumsum(n_more + 1)
    written = np.full(int(ends[-1]) if len(ends) else 0, 255, np.uint8)
    written[ends - 1] = gaps % 255
    return {
        "shape": list(numbers.shape),
        "gaps": pack(written),
        "bits": pack(changes.ravel()[places]),
    }


def unpack_map(entry: dict) -> np.ndarray:
    """The picture that :func:`pack_map` packed.

    Parameters
    ----------
    entry : dict
        What :func:`pack_map` returned.

    Returns
    -------
    numpy.ndarray, shape (rows, columns)
        The same numbers.

    Examples
    --------
    >>> unpack_map(pack_map(np.eye(2, dtype=np.uint8))).tolist()
    [[1, 0], [0, 1]]
    """
    gaps = unpack(entry["gaps"])
    bits = unpack(entry["bits"])
    places = np.cumsum(gaps.astype(np.int64))[gaps < 255]
    changes = np.zeros(entry["shape"], bits.dtype)
    changes.ravel()[places] = bits
    return np.bitwise_xor.accumulate(changes, axis=0)
