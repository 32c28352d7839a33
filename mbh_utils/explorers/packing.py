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
