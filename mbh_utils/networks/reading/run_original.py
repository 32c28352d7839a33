"""Running a module itself, where that leaves no traces: its copy may be another function than it.

What is found by identity (``id()``, weak references, a registry that a helper reads) is not found
by a copy. So the module itself is run too, if nothing that its code can reach is of a kind that
cannot be put back, and if its copy changes nothing while it runs.
"""

import contextlib
import functools
import sys
import types
import weakref
from collections.abc import Callable
from typing import NoReturn

import numpy as np
import torch
from torch import nn
from torch.nn.modules import module as torch_module

from mbh_utils.networks.reading.parts import all_modules, names_in

_MOST = 50_000  # things to look after
_MOST_BYTES = 2**30  # of their numbers
#: What cannot be changed, or only by what is reached otherwise.
_FIXED = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type(...),
    torch.dtype, torch.device, torch.layout, np.generic, np.dtype, weakref.ref,
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.MemberDescriptorType, types.GetSetDescriptorType,
)  # fmt: skip
#: What holds other things and nothing of its own that can be changed.
_WRAPPERS = (
    tuple,
    frozenset,
    types.MethodType,
    functools.partial,
    property,
    staticmethod,
    classmethod,
)
_LIBRARIES = {"torch", "numpy", "mbh_utils", "builtins", *sys.stdlib_module_names} - {"__main__"}
_HOOKS = "_forward_hooks", "_forward_pre_hooks"
_GLOBAL_HOOKS = "_global_forward_hooks", "_global_forward_pre_hooks"
#: Methods of a class that no forward pass uses.
_NOT_RUN = "__init__", "__new__", "__repr__"

#: Things, each with its contents.
Kept = list[tuple[object, object]]


class _Plain:
    """Its objects hold attributes and nothing else."""


class _CannotBeKept(Exception):
    """Something that cannot be put back as it was."""


def outputs_of_itself(
    module: nn.Module,
    twin: nn.Module,
    run: Callable[[nn.Module], torch.Tensor],
) -> torch.Tensor | None:
    """What ``run`` gives for the module itself, which is as before then; None where not sure.

    twin: a copy of it. run: a forward pass of the module that it is given.
    """
    if _cannot_run(module):
        return None
    try:
        kept = _keep(twin)
        run(twin)
        if any(_has_changed(x, before) for x, before in kept):
            return None
        kept = _keep(module)
    except Exception:  # anything of someone's own code
        return None
    try:
        return run(module)
    except Exception:
        return None
    finally:
        for x, before in kept:
            if _has_changed(x, before):
                _put_back(x, before)


def _cannot_run(module: nn.Module) -> bool:
    if any(getattr(torch_module, name) for name in _GLOBAL_HOOKS):
        return True
    parts = all_modules(module)
    return any(vars(m).get("_compiled_call_impl") or isinstance(m, nn.DataParallel) for m in parts)


def _keep(module: nn.Module) -> Kept:
    """All that can be changed of what the module's code can reach, each with its contents."""
    found = {}
    waiting = [module]
    n_bytes = 0
    while waiting:
        x = waiting.pop()
        if isinstance(x, _FIXED) or id(x) in found:
            continue
        n_bytes += x.nbytes if isinstance(x, torch.Tensor | np.ndarray) else 0
        if len(found) > _MOST or n_bytes > _MOST_BYTES:
            raise _CannotBeKept
        found[id(x)] = x, _contents(x)
        waiting += _inside(x)
    return [(x, contents) for x, contents in found.values() if contents is not None]


# ---- the contents of a thing, and what is reached from it


def _contents(x) -> torch.Tensor | np.ndarray | dict | list | set | tuple | None:
    """A copy of what can be changed of a thing itself.

    None for what cannot be changed, or holds nothing of its own.
    """
    if isinstance(x, torch.Tensor):
        with torch._C.DisableTorchFunctionSubclass():
            return x.detach().clone()
    if isinstance(x, np.ndarray):
        return x.copy()
    return _things_in(x)


def _things_in(x) -> dict | list | set | tuple | None:
    """The contents of what is no array, each thing in them itself and no copy."""
    if isinstance(x, dict):
        return dict(x)
    if isinstance(x, list):
        return list(x)
    if isinstance(x, set):
        return set(x)
    if isinstance(x, types.CellType):
        return _of_cell(x)
    if isinstance(x, types.FunctionType):
        return _globals_of(x) if _is_own(x) else None
    if isinstance(x, type):
        return _attributes_of_class(x) if _is_own(x) else None
    if isinstance(x, types.ModuleType):
        return None if x.__name__.partition(".")[0] in _LIBRARIES else _refuse(x)
    if isinstance(x, _WRAPPERS):
        return None
    if isinstance(x, nn.Module) or _has_only_attributes(x):
        return dict(vars(x))
    if _has_only_slots(x):
        return {name: getattr(x, name) for name in _slots(x) if hasattr(x, name)}
    return None if type(x).__module__.partition(".")[0] == "torch" else _refuse(x)


def _refuse(x) -> NoReturn:
    raise _CannotBeKept(type(x).__name__)


def _of_cell(cell: types.CellType) -> tuple:
    with contextlib.suppress(ValueError):  # one that is still empty
        return (cell.cell_contents,)
    return ()


def _globals_of(f: types.FunctionType) -> dict:
    """The global names that a function uses."""
    return {key: f.__globals__[key] for key in names_in(f.__code__) & f.__globals__.keys()}


def _attributes_of_class(kind: type) -> dict:
    return {key: y for key, y in vars(kind).items() if not key.startswith("__")}


def _has_only_attributes(x) -> bool:
    """Whether a thing has nothing in it than its attributes."""
    has_them = isinstance(getattr(x, "__dict__", None), dict)
    return has_them and type(x).__basicsize__ <= _Plain.__basicsize__


def _has_only_slots(x) -> bool:
    """Whether a thing of someone's own class has nothing in it than slots of known names."""
    own = _is_own(type(x)) and not hasattr(x, "__dict__")
    return own and type(x).__basicsize__ == object.__basicsize__ + 8 * len(_slots(x))


def _slots(x) -> list[str]:
    """Names of the slots of a thing whose class is someone's own."""
    slots = [vars(kind).get("__slots__", ()) for kind in type(x).__mro__]
    return [name for names in slots for name in ([names] if isinstance(names, str) else names)]


def _is_own(x) -> bool:
    """Whether a class or a function is someone's own."""
    return (x.__module__ or "").partition(".")[0] not in _LIBRARIES


def _inside(x) -> list:
    """What is reached from a thing."""
    if isinstance(x, torch.Tensor | np.ndarray | types.ModuleType):
        return []
    if isinstance(x, dict):
        return [*x.keys(), *x.values(), getattr(x, "__dict__", None)]
    if isinstance(x, list | set):
        return [*x, getattr(x, "__dict__", None)]
    if isinstance(x, types.CellType):
        return list(_of_cell(x))
    if isinstance(x, tuple | frozenset):
        return list(x)
    if isinstance(x, types.MethodType):
        return [x.__func__, x.__self__]
    if isinstance(x, functools.partial):
        return [x.func, x.args, x.keywords]
    if isinstance(x, property):
        return [x.fget]
    if isinstance(x, staticmethod | classmethod):
        return [x.__func__]
    if isinstance(x, types.FunctionType):
        return _used_by(x)
    if isinstance(x, type):
        own = [kind for kind in x.__mro__ if _is_own(kind)]
        return own + [y for kind in own for key, y in vars(kind).items() if _runs(key, y)]
    if type(x).__module__.partition(".")[0] == "torch" and not isinstance(x, nn.Module):
        return []
    if not hasattr(x, "__dict__"):
        slots = _things_in(x)
        return [type(x), *slots.values()] if isinstance(slots, dict) else _refuse(x)
    # Of torch's own tables of hooks only those of the forward pass.
    return [type(x), *(y for key, y in vars(x).items() if "hooks" not in key or key in _HOOKS)]


def _used_by(f: types.FunctionType) -> list:
    """What a function uses; of one of ours what it closes over, such as the hook that it runs."""
    closed_over = list(f.__closure__ or ())
    if not _is_own(f):
        return closed_over
    return [*_globals_of(f).values(), f.__defaults__, f.__kwdefaults__, vars(f), *closed_over]


def _runs(key: str, x) -> bool:
    """Whether an attribute of a class is one that a forward pass may use."""
    if not (key.startswith("__") and key.endswith("__")):
        return True
    return isinstance(x, types.FunctionType) and key not in _NOT_RUN


# ---- what has changed, and putting it back


def _has_changed(x, before) -> bool:
    if isinstance(x, torch.Tensor):
        with torch._C.DisableTorchFunctionSubclass():
            return x.shape != before.shape or not torch.equal(x.detach(), before)
    if isinstance(x, np.ndarray):
        return x.shape != before.shape or x.tobytes() != before.tobytes()
    return _identities(_things_in(x)) != _identities(before)


def _identities(contents: dict | list | set | tuple | None) -> list | set:
    """What there is in the contents of a thing, in its order if it has one."""
    assert contents is not None  # what holds nothing is not kept
    if isinstance(contents, set):
        return {id(y) for y in contents}
    if isinstance(contents, dict):
        return [(id(k), id(y)) for k, y in contents.items()]
    return [id(y) for y in contents]


def _put_back(x, before) -> None:
    if isinstance(x, torch.Tensor):
        with torch.no_grad(), torch._C.DisableTorchFunctionSubclass():
            x.data = before if x.shape != before.shape else x.data.copy_(before)
    elif isinstance(x, np.ndarray):
        x[...] = before
    elif isinstance(x, list):
        x[:] = before
    elif isinstance(x, set):
        x.clear()
        x.update(before)
    elif isinstance(x, types.CellType):
        x.cell_contents = before[0]
    else:
        _put_names_back(x, before)


def _put_names_back(x, before: dict) -> None:
    """Put back what a class, an object, a function's global names or a dict had."""
    now = _things_in(x)
    assert isinstance(now, dict)
    if isinstance(x, type):
        put = functools.partial(setattr, x)
        take_out = functools.partial(delattr, x)
        _put_keys_back(vars(x), before, now, put, take_out)
        return
    if not isinstance(x, dict | types.FunctionType) and not hasattr(x, "__dict__"):
        put = functools.partial(object.__setattr__, x)
        take_out = functools.partial(object.__delattr__, x)
        _put_keys_back(now, before, now, put, take_out)
        return
    if isinstance(x, dict):
        own = x
    else:
        own = x.__globals__ if isinstance(x, types.FunctionType) else vars(x)
    _put_keys_back(own, before, now, own.__setitem__, own.__delitem__)


def _put_keys_back(own, before: dict, now: dict, put, take_out) -> None:
    """Only what has changed, as other threads may use the rest."""
    for key in now.keys() - before.keys():
        take_out(key)
    for key, y in before.items():
        if key not in own or own[key] is not y:
            put(key, y)
