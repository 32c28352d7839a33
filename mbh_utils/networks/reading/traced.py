"""``Traced``: what tracing gives, a module as a ReLU network with linear units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mbh_utils.computing import require


class Neurons(NamedTuple):
    """The neurons of one activation layer of a module, one line of ``Traced.neurons``.

    Attributes
    ----------
    name : str
        Qualified name of the module or function, with #2 behind it at its second call.
    layer : int
        The hidden layer, from 0.
    columns : slice
        Where they stand in a pattern, counted over all hidden neurons.
    shape : tuple of int
        Of the activation's output, for one sample.
    breakpoints : int
        Neurons of each element; those of one element stand side by side, breakpoints rising.
    """

    name: str
    layer: int
    columns: slice
    shape: tuple[int, ...]
    breakpoints: int

    def states(self, patterns: np.ndarray) -> np.ndarray:
        """State alpha of each element, the number of breakpoints below it.

        Parameters
        ----------
        patterns : (n, n_hidden) bool array
            Activation patterns.

        Returns
        -------
        (n, \\*shape) int array
            The states, which Definition 3.1 of the thesis allows any number of.
        """
        own = patterns[:, self.columns]
        return own.reshape(len(patterns), *self.shape, self.breakpoints).sum(axis=-1)

    def line(self) -> str:
        """The same as a line of text, as ``Traced`` shows it."""
        first = self.columns.start
        last = self.columns.stop - 1
        bends = f", {self.breakpoints} breakpoints" if self.breakpoints > 1 else ""
        return f"{first:>6}-{last:<6} layer {self.layer}: {self.name} {self.shape}{bends}"


@dataclass(frozen=True, eq=False)
class Traced:
    """A module as a ReLU network with linear units.

    ``partition_input_space`` and all others take it in the place of the module.

    Attributes
    ----------
    layers : list of (weight, bias, n_linear)
        The hidden layers, float64; the last n_linear units of a layer are linear: they are passed
        on without a ReLU and are no neurons.
    output : (weight, bias)
        The affine map from the last layer's units to the flattened outputs.
    neurons : list of Neurons
        Which columns of a pattern belong to which activation of the module.
    input_shape : tuple of int
        Shape of one sample; inputs are taken as rows, flattened.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from torch import nn
    >>> traced = mbh.trace(nn.Sequential(nn.Linear(2, 3), nn.Hardtanh(), nn.Linear(3, 1)))
    >>> traced
    Traced(2 inputs -> 1 outputs; columns of patterns:
           0-5      layer 0: 1 (3,), 2 breakpoints
    )
    >>> traced([[0.5, 1.0], [2.0, 0.0]]).shape
    (2, 1)
    """

    layers: list[tuple[np.ndarray, np.ndarray, int]]
    output: tuple[np.ndarray, np.ndarray]
    neurons: list[Neurons]
    input_shape: tuple[int, ...]

    def __call__(self, x: ArrayLike) -> np.ndarray:
        """Outputs (n, n_outputs) float64 of rows (n, d)."""
        x = require.numbers("x", x, (None, math.prod(self.input_shape)))
        for weight, bias, n_linear in self.layers:
            x = x @ weight.T + bias
            neurons = x[:, : x.shape[1] - n_linear]
            np.maximum(neurons, 0, out=neurons)
        weight, bias = self.output
        return x @ weight.T + bias

    def hidden_layers(self) -> list[tuple]:
        """``layers`` without the linear units that only the output needs.

        Returns
        -------
        list of (weight, bias, n_linear)
            Pairs (weight, bias) where no linear unit is left.
        """
        layers = []
        used = np.zeros(self.output[0].shape[1], dtype=bool)
        for weight, bias, n_linear in reversed(self.layers):
            n = len(bias) - n_linear
            kept = np.append(np.arange(n), n + np.flatnonzero(used[n:]))
            weight = weight[kept]
            bias = bias[kept]
            n_linear = len(kept) - n
            used = np.logical_or.reduce(weight, axis=0)
            if layers:
                after, *rest = layers[0]
                layers[0] = (np.ascontiguousarray(after[:, kept]), *rest)
            layers.insert(0, (weight, bias, n_linear) if n_linear else (weight, bias))
        return layers

    def __repr__(self) -> str:
        n_inputs = np.prod(self.input_shape)
        n_outputs = len(self.output[1])
        head = f"Traced({n_inputs} inputs -> {n_outputs} outputs; columns of patterns:"
        return "\n".join([head, *(f"  {neurons.line()}" for neurons in self.neurons), ")"])
