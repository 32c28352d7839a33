"""What all rules of operations share: what they are given, and what they say of what they refuse.

A *rule* takes a :class:`Context` and the arguments of an operation by name, where affine maps
(:class:`~mbh_utils.networks.reading.canonical.Value`) stand for the tensors that depend on the
module's input; it gives the affine map of the result, or a list of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from mbh_utils.networks.reading.canonical import Canonical, Pieces, Value
from mbh_utils.networks.reading.place import Place

DRAWS = (
    "it drops at random, or draws random numbers otherwise: put it in eval mode, "
    "F.dropout(x, training=self.training)"
)
TAKES_TWO = "it takes two tensors that depend on the input, and is not affine"
DIVIDES = "it divides by a tensor that depends on the input"
OF_A_CONDITION = "of a condition it is not understood"


class NotUnderstood(ValueError):
    """Why a tensor is not an affine map of units."""


class Step(NamedTuple):
    """A condition z > 0 of each element: True or False, or 1 and 0."""

    z: Value


@dataclass
class Context:
    """The form that is built, and where the pass is."""

    form: Canonical
    place: Place
    #: Machine epsilon of the module's own numbers; conversions to coarser ones are refused.
    precision: float
    #: For every activation in turn: its block of neurons, or None where none stands for it alone.
    activations: list[int | None] = field(default_factory=list)

    def activate(self, value: Value, pieces: Pieces) -> Value:
        """The activation at hand: its neurons are named after where it is."""
        found = self.form.activate(value, pieces, self.place.name)
        self.activations[-1] = len(self.form.blocks) - 1
        return found


Rule = Callable[[Context, dict], Value | Step | list]


def as_value(x) -> Value:
    """A number, a constant tensor or an affine map as an affine map."""
    if isinstance(x, Value):
        return x
    return Value(0, torch.as_tensor(x, dtype=torch.float64), {})


def broadcast(value: Value, shape) -> Value:
    """A value broadcast to a shape."""
    ones = [1] * (len(shape) - value.const.ndim)

    def expand(rows: torch.Tensor) -> torch.Tensor:
        return rows.reshape(len(rows), *ones, *rows.shape[1:]).expand(len(rows), *shape)

    return value.apply(expand)
