"""The shape of one sample: as given, as the first layer tells it, or as points of the domain do."""

import math
from collections.abc import Callable

import numpy as np
from torch import nn
from torch.nn.modules.container import Sequential
from torch.nn.modules.dropout import _DropoutNd

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.parts import named_modules
from mbh_utils.networks.reading.piecewise import PiecewiseLinear

#: Inputs of one sample.
MOST_INPUTS = 10**7
#: Layers that take any shape, and give the same one or the same elements in a row.
_OF_ANY_SHAPE = (
    nn.Flatten,
    nn.Identity,
    _DropoutNd,
    nn.ReLU,
    nn.LeakyReLU,
    nn.Hardtanh,
    PiecewiseLinear,
)


def shapes_to_try(
    module: nn.Module,
    given,
    points: Callable[[], np.ndarray] | None,
) -> list[tuple[int, ...]]:
    """Shapes of one sample to try: the one that is given, or those that are told.

    points: (n, d), of the domain at hand.
    """
    if given is not None:
        return [_checked(given)]
    told, first = shape_told(module)
    if first is None and isinstance(module, nn.Sequential) and not len(module):
        raise MBHError("the network has no hidden layer: the Sequential is empty")
    shapes = [told] if told else []
    lengths = np.shape(points()) if points is not None else ()
    if len(lengths) == 2 and lengths[1]:
        shapes.append((lengths[1],))
    return list(dict.fromkeys(shapes))


def _checked(given) -> tuple[int, ...]:
    lengths = require.array("input_shape", given)
    shape = ()
    if lengths.dtype.kind in "iu" and lengths.ndim < 2:
        shape = tuple(int(n) for n in np.atleast_1d(lengths))
    if not shape or min(shape) < 1 or math.prod(shape) > MOST_INPUTS:
        raise MBHError(
            f"input_shape is {require.shown(given)}; expected the shape of one sample, such as "
            "(1, 28, 28)"
        )
    return shape


def shape_told(module: nn.Module) -> tuple[tuple[int, ...] | None, nn.Module | None]:
    """The input shape that the first layer tells, and that layer."""
    for name, m in named_modules(module):
        if "parametrizations" in name.split(".") or isinstance(m, _OF_ANY_SHAPE):
            continue
        if isinstance(m, nn.Linear):
            return (m.in_features,), m
        if isinstance(m, nn.Unflatten) and _is_of_numbers(m.unflattened_size):
            return (int(np.prod(m.unflattened_size)),), m
        if _has_no_parts(m) and not isinstance(m, Sequential):
            return None, m
    return None, None


def _is_of_numbers(lengths) -> bool:
    return all(isinstance(n, int) and n > 0 for n in lengths)


def _has_no_parts(m: nn.Module) -> bool:
    return all(x is None for x in vars(m)["_modules"].values())
