"""Partitions as files: written whole with a digest, and checked from end to end when they are read.

Compiled code works on the arrays of a partition without looking at their limits. So what comes from
a file must have all shapes, types and values that it relies on.
"""

import hashlib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np

from mbh_utils.computing.files import atomic
from mbh_utils.errors import MBHError
from mbh_utils.regions.bits import words_of
from mbh_utils.regions.planes import Line, Plane

#: Number of the layout of files; to be raised when it changes.
_FORMAT = 2
#: Names of a layer's arrays.
_PAIR = ("weight", "bias")
#: Attributes of a partition that are stored as they are, where there are some.
_ARRAYS = ("touched", "_areas", "_packed", "_corners", "_edges", "_offsets", "_classes")


def write(partition, path: Path) -> None:
    """Write a partition to an ``.npz`` file; an older one stays until the new one is whole."""
    content = _content(partition)
    with atomic(path) as temporary, open(temporary, "wb") as file:
        # None of the names is that of another argument of savez.
        np.savez(file, digest=_digest(content), **content)  # pyright: ignore[reportArgumentType]


def read(path: Path, make: Callable):
    """A partition that :func:`write` wrote, made by ``make``; MBHError for any other file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        digest = arrays.pop("digest", None)
        form = arrays["head"].tolist()[0]
        if form != _FORMAT:
            raise MBHError(
                f"{path} was written in format {form}, this version reads {_FORMAT}: "
                "compute it again"
            )
        if not np.array_equal(digest, _digest(arrays)):
            raise ValueError("its arrays are not those that were saved")
        partition = make(**_attributes(arrays))
        _check(partition)
        return partition
    except MBHError:
        raise
    except Exception as error:  # a damaged zip file raises nearly anything
        raise MBHError(
            f"{path} is no readable partition ({error}); write one with Partition.save"
        ) from error


def _digest(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """sha256 of arrays with their names, types and shapes, as 32 bytes."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)


def _content(partition) -> dict[str, np.ndarray]:
    """The arrays of a file, but for the digest."""
    plane = partition.plane
    is_line = isinstance(plane, Line)
    counts = partition.n_regions, partition.uncertain, partition.exact
    content = {
        "head": np.array([_FORMAT, is_line, *counts]),
        "widths": np.array(partition.widths),
    }
    for name in _ARRAYS:
        if getattr(partition, name) is not None:
            content[name] = getattr(partition, name)
    for field in fields(plane):
        if getattr(plane, field.name) is not None:
            content[f"plane_{field.name}"] = np.asarray(getattr(plane, field.name))
    for i, layer in enumerate(partition.network):
        for kind, array in zip(_PAIR, layer, strict=False):
            content[f"{kind}_{i}"] = array
    if partition.output is not None:
        for kind, array in zip(_PAIR, partition.output, strict=True):
            content[f"output_{kind}"] = array
    return content


def _attributes(arrays: dict[str, np.ndarray]) -> dict:
    """The attributes of the partition that a file's arrays describe."""
    _, is_line, n_regions, uncertain, exact = arrays["head"].tolist()
    widths = tuple(arrays["widths"].tolist())
    output = None
    if "_classes" in arrays:
        output = tuple(arrays[f"output_{kind}"] for kind in _PAIR)
    return {
        "plane": _plane(arrays, is_line),
        "widths": widths,
        "network": [_layer(arrays, i, width) for i, width in enumerate(widths)],
        "n_regions": n_regions,
        "uncertain": uncertain,
        "exact": bool(exact),
        "output": output,
        **{name: arrays.get(name) for name in _ARRAYS},
    }


def _plane(arrays: dict[str, np.ndarray], is_line: bool) -> Plane | Line:
    prefix = "plane_"
    parts = {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
    if not is_line:
        return Plane(**parts)
    low = parts.pop("low").item()
    high = parts.pop("high").item()
    return Line(low=low, high=high, **parts)


def _layer(arrays: dict[str, np.ndarray], i: int, n_neurons: int) -> tuple:
    """Weight and bias of a hidden layer, and the number of its linear units where it has some."""
    weight, bias = (arrays[f"{kind}_{i}"] for kind in _PAIR)
    n_linear = len(bias) - n_neurons
    return (weight, bias, n_linear) if n_linear > 0 else (weight, bias)


# --------------------------------------------------------------------- what compiled code relies on


def _check(partition) -> None:
    """Raise ValueError unless all arrays have the shapes, types and values that they must have."""
    _check_shapes(partition)
    polygons = (partition._corners, partition._edges, partition._offsets)
    n_missing = sum(array is None for array in polygons)
    n = partition.n_regions
    if partition.touched is None or n_missing not in (0, 3) or n < 1 or partition.uncertain < 0:
        raise ValueError("arrays are missing, or there is no region")
    _check_values(partition)
    _check_polygons(partition)
    _check_layers(partition)


def _check_shapes(partition) -> None:
    n = partition.n_regions
    n_words = sum(words_of(width) for width in partition.widths)
    n_corners = None if partition._offsets is None else int(partition._offsets[-1])
    expected = {
        "touched": ((n,), np.bool_),
        "_areas": ((n,), np.float64),
        "_packed": ((n, n_words), np.uint64),
        "_offsets": ((n + 1,), np.int64),
        "_corners": ((n_corners, 2), np.float64),
        "_edges": ((n_corners,), np.int32),
        "_classes": ((n,), np.int64),
    }
    for name, (shape, kind) in expected.items():
        array = getattr(partition, name)
        if array is not None and (array.shape != shape or array.dtype != kind):
            raise ValueError(
                f"{name} is {array.dtype} of shape {array.shape}, not {np.dtype(kind)} of {shape}"
            )


def _n_classes(partition) -> int:
    return 0 if partition.output is None else len(partition.output[1])


def _check_values(partition) -> None:
    areas = partition._areas
    if areas is not None and not (np.isfinite(areas).all() and (areas >= 0).all()):
        raise ValueError("an area is negative or no number")
    classes = partition._classes
    if classes is not None and not ((classes >= 0) & (classes < _n_classes(partition))).all():
        raise ValueError("a class has no output")


def _check_polygons(partition) -> None:
    offsets = partition._offsets
    if offsets is None:
        return
    if offsets[0] != 0 or np.diff(offsets).min() < 3:
        raise ValueError("offsets do not rise by three corners or more")
    n_sides = len(partition.plane.corners)
    n_lines = partition.n_hidden + _n_classes(partition)
    edges = partition._edges
    finite = np.isfinite(partition._corners).all()
    if not finite or edges.min() < -n_sides or edges.max() >= n_lines:
        raise ValueError("a corner is no number, or an edge has no line")


def _check_layers(partition) -> None:
    n_units = [len(layer[1]) for layer in partition.network]
    layers = list(partition.network)
    if partition.output is not None:
        layers.append(partition.output)
    for (weight, bias, *_), below in zip(
        layers, [partition.plane.dimension, *n_units], strict=False
    ):
        sound = weight.dtype == bias.dtype == np.float64
        sound = sound and np.isfinite(weight).all() and np.isfinite(bias).all()
        if not sound or bias.ndim != 1 or weight.shape != (len(bias), below):
            raise ValueError(
                f"weights {weight.shape} and biases {bias.shape} are no layer of {below} inputs"
            )
    if any(not 0 < n <= m for n, m in zip(partition.widths, n_units, strict=True)):
        raise ValueError("a layer has fewer units than neurons")
