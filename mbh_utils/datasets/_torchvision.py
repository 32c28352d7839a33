"""Imports torchvision where a plain ``import torchvision`` fails because two operators are missing.

A torchvision built for CUDA cannot load its compiled operators beside a CPU build of torch. It goes
on without them until it attaches "fake" kernels to the operators ``nms`` and ``qnms`` by name,
which fails because nobody declared them: "operator torchvision::nms does not exist" (pytorch/vision
issues 9077 and 9085). A declaration without a kernel is all that is missing: the data sets, which
are what this package needs, never call them, and ``torchvision.ops.nms`` still says that its
compiled operators are not there.
"""

import importlib
import sys

from mbh_utils.errors import MBHError

_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

# torch forgets a declaration when its Library object goes: this one lives as long as the process.
_library = None


def import_torchvision():
    """The torchvision module; missing operators are declared only where the plain import fails.

    Raises MBHError if torchvision is not installed. Any other failure of the import passes through.
    """
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise
        raise MBHError(
            "torchvision is not installed; MNIST and Fashion-MNIST are read with it. Install it "
            f"into this environment: {sys.executable} -m pip install torchvision"
        ) from None
    except RuntimeError as error:
        if not any(f"torchvision::{operator} " in str(error) for operator in _OPERATORS):
            raise
    _forget_half_imported()
    _declare_missing_operators()
    return importlib.import_module("torchvision")


def _forget_half_imported() -> None:
    """Remove the submodules that a failed import leaves behind, so that the next starts afresh."""
    for module in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
        del sys.modules[module]


def _declare_missing_operators() -> None:
    import torch

    global _library
    if _library is None:
        # A fragment: a second library of the kind "DEF" would be refused.
        _library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in _OPERATORS:
        if not hasattr(torch.ops.torchvision, operator):
            _library.define(operator + _SIGNATURE)
