"""``PiecewiseLinear``: an activation of one's own, which tracing takes for one operation."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.overrides import handle_torch_function, has_torch_function_unary

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.canonical import Pieces


def piecewise_linear(z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
    """The function of these pieces of each element, which whoever follows sees as one call."""
    if has_torch_function_unary(z):
        return handle_torch_function(piecewise_linear, (z,), z, pieces)
    return sum_of_pieces(z, pieces)


def sum_of_pieces(z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
    """The same in torch's operations, one by one."""
    bends = (change * torch.relu(z - t) for t, change in pieces.bends)
    return pieces.slope * z + pieces.offset + sum(bends)


class PiecewiseLinear(nn.Module):
    """An activation of your own: continuous and piecewise linear.

    Parameters
    ----------
    breakpoints : sequence of float
        Where the slope changes: t_1 < ... < t_K, at least one.
    slopes : sequence of float
        The K + 1 slopes, from left to right.
    offset : float, default 0.0
        Is added to all values. Without it the function is 0 at 0 if 0 lies left of t_1 or on it.

    Raises
    ------
    MBHError
        If the breakpoints do not rise, or there is not one slope more than breakpoints.

    Notes
    -----
    The breakpoints and slopes are no torch parameters: training does not change them. Each element
    has K neurons, one a breakpoint, and its state (Definition 3.1 of the thesis, which allows any
    number of states) is the number of breakpoints below its pre-activation.

    Examples
    --------
    >>> import torch
    >>> from mbh_utils import PiecewiseLinear
    >>> hat = PiecewiseLinear([0, 1, 2], [0, 1, -1, 0])
    >>> hat(torch.tensor([-1.0, 0.5, 1.0, 1.75, 3.0])).tolist()
    [0.0, 0.5, 1.0, 0.25, 0.0]
    """

    def __init__(
        self,
        breakpoints: Sequence[float],
        slopes: Sequence[float],
        offset: float = 0.0,
    ):
        super().__init__()
        breakpoints = require.numbers("breakpoints", breakpoints, (None,)).tolist()
        slopes = require.numbers("slopes", slopes, (None,)).tolist()
        offset = require.number("offset", offset)
        rises = bool(breakpoints) and all(np.diff(breakpoints) > 0)
        if len(slopes) != len(breakpoints) + 1 or not rises:
            raise MBHError(
                f"{len(breakpoints)} breakpoints with {len(slopes)} slopes: give rising "
                "breakpoints, one slope more"
            )
        changes = np.diff(slopes).tolist()
        self.pieces = Pieces(slopes[0], offset, tuple(zip(breakpoints, changes, strict=True)))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """The activation of every element.

        Parameters
        ----------
        z : torch.Tensor
            Pre-activations, of any shape.

        Returns
        -------
        torch.Tensor
            Of the same shape.
        """
        return piecewise_linear(z, self.pieces)

    def extra_repr(self) -> str:
        """What torch shows of it in a network."""
        return f"breakpoints={[t for t, _ in self.pieces.bends]}"
