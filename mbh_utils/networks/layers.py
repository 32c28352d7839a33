"""One layer as numbers: weight, bias, and how many of its units are linear.

*Linear units* are passed on without a ReLU and are no neurons: they have no state and cut nothing.
They carry what has to reach a later layer past a ReLU (see ``reading/tracing.py``).
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError


class Layer(NamedTuple):
    """A hidden layer or the output layer.

    Attributes
    ----------
    weight : ndarray, shape (n_out, n_in)
        In float64, a row for each unit.
    bias : ndarray, shape (n_out,)
        In float64.
    n_linear : int, default 0
        How many of the units, the last ones, are linear.
    """

    weight: np.ndarray
    bias: np.ndarray
    n_linear: int = 0

    def as_tuple(self) -> tuple:
        """(weight, bias), with the number of linear units behind them where there are any."""
        return tuple(self) if self.n_linear else (self.weight, self.bias)


def n_linear(layer: tuple) -> int:
    """Linear units of one layer, the last ones of it; 0 for a plain (weight, bias).

    Parameters
    ----------
    layer : (weight, bias) or (weight, bias, n_linear)
        One of :func:`mbh_utils.hidden_layers`.

    Returns
    -------
    int
        How many.

    Examples
    --------
    >>> n_linear(([[1.0, 2.0]], [0.0]))
    0
    """
    return layer[2] if len(layer) > 2 else 0


def layer_widths(layers: list[tuple]) -> tuple[int, ...]:
    """Neurons of each of these hidden layers; linear units are none.

    Parameters
    ----------
    layers : list of (weight, bias) or (weight, bias, n_linear)
        As :func:`mbh_utils.hidden_layers` gives them.

    Returns
    -------
    tuple of int
        One number per layer.

    Examples
    --------
    >>> layer_widths([([[1.0], [2.0], [3.0]], [0.0, 0.0, 0.0], 1), ([[1.0, 0.0, 1.0]], [0.0])])
    (2, 1)
    """
    return tuple(len(layer[1]) - n_linear(layer) for layer in layers)


def checked_layer(name: str, pair) -> tuple:
    """A pair (weight, bias), perhaps with the number of linear units, as float64 arrays.

    Parameters
    ----------
    name : str
        What the layer is called in messages.
    pair : sequence
        (weight, bias) or (weight, bias, n_linear).

    Returns
    -------
    tuple
        (weight, bias), and n_linear behind them unless it is 0.

    Raises
    ------
    MBHError
        For shapes that do not fit each other, NaN and infinite numbers, and a number of linear
        units that is none.
    """
    weight, bias, linear = _arrays(name, pair)
    if weight.ndim != 2 or bias.shape != weight.shape[:1] or not weight.size:
        is_transposed = weight.ndim == 2 and bias.shape == weight.shape[1:]
        advice = ": a row for each neuron is meant, so give weight.T" if is_transposed else ""
        raise MBHError(
            f"{name}: weight {weight.shape} and bias {bias.shape} are not (n, m) and (n,){advice}"
        )
    for part, x in (("weight", weight), ("bias", bias)):
        if not require.all_finite(x):
            where = tuple(int(k) for k in np.argwhere(~np.isfinite(x))[0])
            raise MBHError(
                f"{name}: {part}{list(where)} is {x[where]}; every parameter must be finite"
            )
    if not linear:
        return weight, bias
    most = len(bias) - 1
    is_number = len(linear) == 1 and isinstance(linear[0], Integral)
    if not is_number or not 0 <= int(linear[0]) <= most:
        given = ", ".join(map(repr, linear))
        raise MBHError(
            f"{name}: behind weight and bias comes the number of linear units, 0 to {most}, not "
            f"{given}"
        )
    return (weight, bias, int(linear[0])) if linear[0] else (weight, bias)


def _arrays(name: str, pair) -> tuple[np.ndarray, np.ndarray, list]:
    """Weight and bias as float64 arrays, and what stands behind them."""
    try:
        parts = list(pair) if isinstance(pair, list | tuple) else [pair]
        weight, bias, *linear = parts
        weight = np.ascontiguousarray(require.array("weight", weight), dtype=np.float64)
        bias = np.ascontiguousarray(require.array("bias", bias), dtype=np.float64)
    except (TypeError, ValueError) as error:
        said = f"{name}: expected a pair (weight, bias) of numeric arrays ({error})"
        raise MBHError(said) from error
    return weight, bias, linear
