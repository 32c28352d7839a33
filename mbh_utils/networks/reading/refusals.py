"""Modules that are refused before anything of them runs, by the true reason.

And the modules that wrappers for several devices or for a compiler stand for.
"""

import sys

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.dropout import _DropoutNd

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.parts import named_modules, named_tensors

_NO_FORWARD = nn.Module.forward
#: Modules that act otherwise in training mode.
_RANDOM = (_NormBase, _DropoutNd, nn.RReLU)
_PARALLEL = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def unwrapped(module: nn.Module) -> nn.Module:
    """The module that a wrapper for several devices or for a compiler stands for."""
    dynamo = sys.modules.get("torch._dynamo.eval_frame")  # not there before something is compiled
    compiled = () if dynamo is None else dynamo.OptimizedModule
    for kinds, attribute in ((_PARALLEL, "module"), (compiled, "_orig_mod")):
        if not isinstance(module, kinds):
            continue
        if vars(module).get("_forward_hooks") or vars(module).get("_forward_pre_hooks"):
            raise MBHError(
                f"{type(module).__name__} has hooks of its own, which its .{attribute} does not "
                f"have: register them there, and give .{attribute} itself"
            )
        return unwrapped(getattr(module, attribute))
    return module


def refuse_what_cannot_run(module: nn.Module) -> None:
    """MBHError for modules of kinds that cannot be run on a sample here."""
    kind = type(module).__name__
    if isinstance(module, torch.jit.ScriptModule | torch.jit.ScriptFunction):
        raise MBHError(
            f"{kind} is scripted (torch.jit), its code cannot be followed: give the module that it "
            "was made from, with the same state_dict"
        )
    if getattr(module.forward, "__func__", None) is _NO_FORWARD:
        raise MBHError(f"{kind} has no forward, so it computes nothing: give a module that has one")
    for name, m in named_modules(module):
        if reason := _why_not(m):
            raise MBHError(f"{name or 'the module'} is a {type(m).__name__}{reason}")
    for name, x in named_tensors(module):
        if nn.parameter.is_lazy(x):
            raise MBHError(
                f"{name} of a lazy module has no shape yet: run the module once on an input"
            )
        if x.is_complex():
            raise MBHError(
                f"{name} of {kind} holds complex numbers: the regions are those of real layers, "
                "write the real and the imaginary part as units of their own"
            )
        if x.is_meta:
            raise MBHError(
                f"{name} lies on the meta device, without numbers: load the weights first "
                "(to_empty, load)"
            )


def _why_not(m: nn.Module) -> str | None:
    """Why a part of a module cannot be run; None where it can."""
    if isinstance(m, torch.jit.ScriptModule):
        return ", scripted (torch.jit): its code cannot be followed; give the module it was made of"
    if any(kind.__name__ == "FakeQuantizeBase" for kind in type(m).__mro__):
        return ", which quantises: it rounds; give the float module before its preparation"
    if isinstance(m, _BatchNorm) and not m.training and m.running_mean is None:
        return (
            " without running statistics (track_running_stats=False): it takes those of the batch "
            "at hand, so it mixes samples"
        )
    if ".quantized" in type(m).__module__:
        return ", which is quantised: it rounds; give the float module that it was made from"
    return None


def refuse_training(module: nn.Module) -> None:
    """MBHError for a module in training mode whose BatchNorm or Dropout would act."""
    for name, m in named_modules(module):
        if m.training and isinstance(m, _RANDOM) and getattr(m, "p", 1.0) != 0:
            raise MBHError(
                f"{name or 'the module'} is a {type(m).__name__} in training mode, where outputs "
                "depend on the batch or on chance: call module.eval() first"
            )
