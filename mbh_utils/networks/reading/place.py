"""Where in a module its forward pass is, so that whatever is refused is refused by its name."""

from dataclasses import dataclass, field
from typing import NoReturn

from torch import nn

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.piecewise import PiecewiseLinear

UNDERSTOOD = (
    "understood are affine layers (Linear, Conv, AvgPool, BatchNorm and Dropout in eval mode, "
    "Flatten, sums, ...), MaxPool, and piecewise linear activations (ReLU, LeakyReLU, PReLU, "
    "Hardtanh, ReLU6, Hardsigmoid, mbh_utils.PiecewiseLinear)"
)
#: What makes probabilities of outputs, as a module or a function, in small letters.
_TO_PROBABILITIES = {"softmax", "softmin", "logsoftmax", "log_softmax", "sigmoid", "logsigmoid"}
_LEAVE_OUT = (
    " (as the last step it only makes probabilities of the outputs: leave it out there, patterns "
    "and regions stay the same)"
)
#: Activations that are affine on no interval, or not on all.
_CURVED = {"gelu", "silu", "tanh", "elu", "celu", "selu", "softplus", "mish", "hardswish", "swish"}
_BY_PIECES = (
    " (it is curved, so the network is affine on no region; mbh_utils.PiecewiseLinear has straight "
    "pieces in its stead)"
)
#: What Python calls a function that its users know by another name.
_KNOWN_AS = {"__rdiv__": "truediv", "__rtruediv__": "truediv"}


@dataclass
class Place:
    """Where the forward pass is: in which modules, in which function, in a hook or not."""

    #: Qualified name and module of all that the pass is inside of, the innermost one last.
    modules: list[tuple[str, nn.Module]] = field(default_factory=list)
    function: str | None = None
    #: What the hook is called that runs, if one does.
    hook: str | None = None
    #: Whether this hook has taken numbers out of a tensor that depends on the input.
    took: bool = False
    #: All hooks that have.
    looking: list[str] = field(default_factory=list)
    #: The first refusal, in case that the module's own code lets errors pass.
    refusal: MBHError | None = None

    @property
    def module(self) -> tuple[str, nn.Module | None]:
        """Qualified name and module, the innermost one."""
        return self.modules[-1] if self.modules else ("", None)

    def refuse(self, words: str) -> NoReturn:
        """Raises MBHError."""
        error = MBHError(words)
        self.refusal = self.refusal or error
        raise error

    @property
    def kind(self) -> str:
        """Type of a layer, or name of a function."""
        if self._is_in_a_layer():
            return type(self.module[1]).__name__
        return _KNOWN_AS.get(self.function or "", (self.function or "call").strip("_"))

    @property
    def name(self) -> str:
        """Qualified name of a layer, or of the function behind that of the module that calls it."""
        path = self.module[0]
        if self._is_in_a_layer():
            return path
        return f"{path}.{self.kind}" if path else self.kind

    def _is_in_a_layer(self) -> bool:
        path, module = self.module
        return bool(path) and module is not None and is_leaf(module) and not self.hook

    def says(self, reason: str) -> str:
        """A sentence that names the operation and what is the matter with it."""
        inside = f"in {self.hook}, " if self.hook else ""
        kind = self.kind.lower()
        advice = _LEAVE_OUT if kind in _TO_PROBABILITIES else _BY_PIECES if kind in _CURVED else ""
        return f"{inside}{self.name} is a {self.kind}: {reason}{advice}; {UNDERSTOOD}"


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is one layer, not a composition of others that someone wrote."""
    if isinstance(module, PiecewiseLinear):
        return True
    is_torch_s = type(module).__module__.startswith(("torch.nn", "torch.ao.nn"))
    return is_torch_s and not isinstance(module, nn.Sequential)
