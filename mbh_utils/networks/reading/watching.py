"""What looks on while a module's own forward pass runs: at torch's functions, at its operations.

``FunctionNames`` sees the functions that the module's code calls, ``Watch`` the operations that
these are made of. This watch only keeps what goes into activations, of a pass on any inputs; the
one in ``following.py`` keeps affine maps.
"""

import inspect

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from mbh_utils.networks.reading.canonical import Pieces
from mbh_utils.networks.reading.operations import rules
from mbh_utils.networks.reading.operations.calls import operation_name
from mbh_utils.networks.reading.piecewise import piecewise_linear, sum_of_pieces
from mbh_utils.networks.reading.place import Place

#: What takes the address of a tensor's numbers out of torch, past all operations.
TAKE_ADDRESSES = {"data_ptr", "__dlpack__", "storage", "untyped_storage", "_typed_storage"}
#: What takes the numbers themselves, or their address.
TAKE_NUMBERS = {
    "numpy",
    "__array__",
    "tolist",
    "__deepcopy__",
    "__reduce_ex__",
    *TAKE_ADDRESSES,
}
_BATCH_NORM = inspect.signature(functional.batch_norm)


class Watch(TorchDispatchMode):
    """Sees the operations of a forward pass, and keeps what goes into activations."""

    def __init__(self):
        super().__init__()
        self.inputs: list[torch.Tensor] = []
        self.muted = False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.muted:
            return func(*args, **kwargs)
        if (found := decomposed(self, func, args, kwargs)) is not NotImplemented:
            return found
        if operation_name(func) in rules.ACTIVATIONS:
            self.inputs.append(args[0].detach().clone())
        return func(*args, **kwargs)

    def piecewise_linear(self, z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
        """Instead of the function of this name: one operation, whatever it is made of."""
        with Muted(self):
            self.inputs.append(z.detach().clone())
            return sum_of_pieces(z, pieces)

    def numbers_of(self, x):
        """Called where the code takes the numbers of a tensor out of torch; what it gets."""
        return x


class Muted:
    """While it lasts, a watch looks away."""

    def __init__(self, watch: Watch):
        self.watch = watch
        self.before = watch.muted

    def __enter__(self):
        self.watch.muted = True

    def __exit__(self, *error):
        self.watch.muted = self.before


def decomposed(watch: Watch, func, args, kwargs):
    """The result of an operation that is made of others, each of which the watch sees.

    NotImplemented where it is seen as one. (Only in inference mode torch hands on such operations.)
    """
    if not torch.is_inference_mode_enabled() or rules.is_seen_as_one(operation_name(func)):
        return NotImplemented
    if not func._can_decompose():
        return NotImplemented
    with watch:
        return func.decompose(*args, **kwargs)


class FunctionNames(TorchFunctionMode):
    """Keeps which function of torch the module's code has called (the outermost one)."""

    def __init__(self, place: Place, watch: Watch):
        super().__init__()
        self.place = place
        self.watch = watch

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is piecewise_linear:
            return self.watch.piecewise_linear(*args)
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        outer = self.place.function
        self.place.function = outer or name
        try:
            if name in TAKE_NUMBERS and args:
                args = (self.watch.numbers_of(args[0]), *args[1:])
            if func is functional.batch_norm:
                self._refuse_statistics_of_the_batch(args, kwargs)
            return func(*args, **kwargs)
        finally:
            self.place.function = outer

    def _refuse_statistics_of_the_batch(self, args, kwargs) -> None:
        """Torch itself would only say that there are too few samples."""
        given = _BATCH_NORM.bind(*args, **kwargs).arguments
        if given.get("training") or given["running_mean"] is None:
            reason = "it normalises by the statistics of the batch at hand, so it mixes samples"
            self.place.refuse(self.place.says(reason))
