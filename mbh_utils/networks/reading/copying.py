"""A copy of a module to run in its place, its *twin*, so that reading a network changes nothing.

The copy has its own parameters, buffers, hooks and attributes, and its functions (hooks, a
``forward`` put on an instance) have their own copies of the lists, dicts and modules that they
write to or use.
"""

import contextlib
import copy
import functools
import sys
import types

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.parts import (
    all_modules,
    named_members,
    named_modules,
    names_in,
    reachable,
)
from mbh_utils.networks.reading.place import Place

_HOOKS = "_forward_pre_hooks", "_forward_hooks"
_CONTAINERS = list, dict, set, np.ndarray
_CHANGEABLE = list | dict | set | tuple | np.ndarray | torch.Tensor
_TABLES = {"_parameters", "_buffers", "_modules"}
_MADE_IN_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_LIBRARIES = {"torch", "builtins", "numpy", "collections", "random", "threading", "types", "typing"}
#: Classes of these packages keep nothing in their attributes that a forward pass changes.
_QUIET_LIBRARIES = {"torch", "mbh_utils", "builtins"}
#: Ways of an object to say what a copy of it is, which need not be the same.
_COPY_METHODS = (
    "__deepcopy__",
    "__reduce_ex__",
    "__reduce__",
    "__getstate__",
    "__setstate__",
    "__getnewargs_ex__",
)


def copy_of(module: nn.Module) -> nn.Module:
    """A copy of the module in its state: mode, hooks, type and device.

    Raises MBHError for what cannot be copied, and for NaN and infinite parameters.
    """
    memo: dict = {}
    twin = _deep_copy(module, memo)
    _refuse_shared_modules(module, twin)
    memo.update({id(m): m for m in all_modules(twin)})
    for m in all_modules(twin):
        _make_its_own(m, memo)
    for name, x in named_members(twin):
        _refuse_no_numbers(name, x)
    return twin


def _refuse_shared_modules(module: nn.Module, twin: nn.Module) -> None:
    shared = {id(m) for m in all_modules(module)} & {id(m) for m in all_modules(twin)}
    if shared:
        names = [name or "itself" for name, m in named_modules(module) if id(m) in shared]
        raise MBHError(
            f"{type(module).__name__} cannot be copied: its copy shares {names[0]} with it, and "
            "reading a network must not change it; is there a __deepcopy__ that gives the module "
            "itself?"
        )


def _refuse_no_numbers(name: str, x: torch.Tensor) -> None:
    x = x.detach() if x.layout is torch.strided else x.detach().to_dense()
    if not torch.isfinite(x).all():
        where = torch.argwhere(~torch.isfinite(x))[0].tolist()
        value = x[tuple(where)].item()
        raise MBHError(f"{name}{where} is {value}; every parameter must be finite")


def _make_its_own(m: nn.Module, memo: dict) -> None:
    """Give a module of the copy hooks and functions that change nothing of the original's."""
    # Of module.compile(). Not by setattr, which a class may forbid.
    vars(m)["_compiled_call_impl"] = None
    for hooks in (getattr(m, name) for name in _HOOKS):
        for key, hook in hooks.items():
            hooks[key] = _own_callable(hook, memo)
    for key, x in list(vars(m).items()):
        if isinstance(x, types.FunctionType | types.MethodType):
            vars(m)[key] = _own_callable(x, memo)
    _own_things_of_its_class(m, memo)


# ---- telling where the copy is, while it runs


def name_places(twin: nn.Module, place: Place) -> None:
    """Have the copy tell, while it runs, in which of its modules and hooks it is."""
    for name, m in named_modules(twin):
        whose = f"{name or 'the module'} ({type(m).__name__})"
        _name_hooks(m._forward_pre_hooks, place, f"the forward pre-hook of {whose}")
        _name_hooks(m._forward_hooks, place, f"the forward hook of {whose}")
        m.register_forward_pre_hook(functools.partial(_enter, place, name), prepend=True)
        m.register_forward_hook(functools.partial(_leave, place), always_call=True)


def _name_hooks(hooks: dict, place: Place, name: str) -> None:
    for key, hook in hooks.items():
        hooks[key] = _named(hook, place, name)


def _enter(place: Place, name: str, module: nn.Module, args) -> None:
    place.modules.append((name, module))


def _leave(place: Place, module: nn.Module, args, output) -> None:
    place.modules.pop()


def _named(hook, place: Place, name: str):
    """A hook that tells when it runs; refused where it takes numbers and returns something."""

    def run(*args, **kwargs):
        outer = place.hook
        outer_took = place.took
        place.hook = name
        place.took = False
        try:
            result = hook(*args, **kwargs)
            if place.took and result is not None:
                place.refuse(
                    f"{name} takes the numbers of tensors that depend on the input (item, numpy, "
                    "if, ...) and returns something: what it does at other inputs cannot be known. "
                    "Write it in operations of torch, or let it return None where it only looks"
                )
            return result
        finally:
            place.hook = outer
            place.took = outer_took or place.took

    return run


# ---- copying the module


class _Detached(TorchFunctionMode):
    """``copy.deepcopy`` refuses results with a gradient, such as kept activations.

    While this mode lasts, their numbers are copied.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.__deepcopy__ and not args[0].is_leaf:
            x, memo = args
            if id(x) not in memo:
                memo[id(x)] = x.detach().clone()
            return memo[id(x)]
        return func(*args, **(kwargs or {}))


def _deep_copy(module: nn.Module, memo: dict) -> nn.Module:
    with _Detached():
        try:
            return _whole_copy(module, memo)
        except Exception:  # a lock, an open file, a generator, ...: the copy uses the same one
            things = [x for m in all_modules(module) for x in _held_by(m)]
            memo.clear()
            memo.update({id(x): x for x in things if not _can_be_copied(x)})
        try:
            return _whole_copy(module, memo)
        except Exception as error:
            raise MBHError(
                f"{type(module).__name__} cannot be copied ({error}), and reading a network must "
                "not change it: take out what cannot be copied, or give a list of (weight, bias) "
                "arrays"
            ) from error


def _whole_copy(module: nn.Module, memo: dict) -> nn.Module:
    """A deep copy of all attributes, whatever classes of someone's own say of their copies."""
    special = [x for x in reachable(module) if id(x) not in memo and _says_what_its_copy_is(x)]
    own = {id(x): x for x in special}
    memo.update({key: object.__new__(type(x)) for key, x in own.items()})
    twin = copy.deepcopy(module, memo)
    for key, x in own.items():
        vars(memo[key]).update(copy.deepcopy(vars(x), memo))
    return twin


def _says_what_its_copy_is(x) -> bool:
    """Whether a plain object of someone's own class has a method for what a copy of it is."""
    kind = type(x)
    if not kind.__flags__ & _MADE_IN_PYTHON or not isinstance(getattr(x, "__dict__", None), dict):
        return False
    graphs = sys.modules.get("torch.fx.graph_module")
    if graphs and isinstance(x, graphs.GraphModule):
        return True  # its copies would have no hooks
    if isinstance(x, type) or kind.__new__ is not object.__new__:
        return False
    own_kinds = [base for base in kind.__mro__ if _package(base) not in _LIBRARIES]
    return any(name in vars(base) for base in own_kinds for name in _COPY_METHODS)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _held_by(m: nn.Module) -> list:
    """What a module holds beside parameters, buffers and modules, hooks one by one."""
    hooks = [hook for name in _HOOKS for hook in getattr(m, name).values()]
    return hooks + [x for key, x in vars(m).items() if key not in _TABLES and key not in _HOOKS]


def _can_be_copied(x) -> bool:
    try:
        copy.deepcopy(x)
    except Exception:
        return False
    return True


# ---- copying what functions use


def _own_callable(f, memo: dict):
    """A hook or ``forward`` of the copy with things of its own to change.

    (The objects of the copy are copies already.)
    """
    if isinstance(f, types.MethodType):
        return types.MethodType(_own_callable(f.__func__, memo), f.__self__)
    return _own_function(f, memo) if isinstance(f, types.FunctionType) else f


def _own_things_of_its_class(m: nn.Module, memo: dict) -> None:
    """What all modules of a class share, and globals that its methods use, as the copy's own."""
    for kind in type(m).__mro__:
        if _package(kind) in _QUIET_LIBRARIES:
            continue
        for key, x in vars(kind).items():
            # On the module itself a base class's own would hide the one that overrides it.
            if key in vars(m) or key.startswith("__") or _owner(m, key) is not kind:
                continue
            if isinstance(x, _CONTAINERS):
                vars(m)[key] = _own_thing(x, memo, {})
            elif isinstance(x, types.FunctionType) and _uses_containers(x):
                vars(m)[key] = types.MethodType(_own_function(x, memo), m)


def _owner(m: nn.Module, key: str) -> type:
    """The class that an attribute of a module's class is found in."""
    return next(kind for kind in type(m).__mro__ if key in vars(kind))


def _uses_containers(f: types.FunctionType) -> bool:
    return any(isinstance(f.__globals__.get(name), _CONTAINERS) for name in names_in(f.__code__))


def _own_function(f: types.FunctionType, memo: dict) -> types.FunctionType:
    """A function that is the same but for what it can change.

    That is: its lists, dicts, arrays, objects and modules.
    """
    if id(f) in memo:
        return memo[id(f)]
    cells = None if f.__closure__ is None else tuple(types.CellType() for _ in f.__closure__)
    own = types.FunctionType(f.__code__, dict(f.__globals__), f.__name__, None, cells)
    memo[id(f)] = own
    memo.setdefault("kept", []).append(f)  # so that no other object gets its id
    own_thing = functools.partial(_own_thing, memo=memo, home=f.__globals__)
    own.__defaults__ = own_thing(f.__defaults__)
    own.__kwdefaults__ = own_thing(f.__kwdefaults__)
    own.__dict__.update(f.__dict__)
    for cell, old in zip(cells or (), f.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # one that is still empty
            cell.cell_contents = own_thing(old.cell_contents)
    for name in names_in(f.__code__) & f.__globals__.keys():
        own.__globals__[name] = own_thing(f.__globals__[name])
    return own


def _own_thing(x, memo: dict, home: dict):
    """A copy of what a function uses, if it can be changed; else the same.

    home: the function's global names.
    """
    if id(x) in memo:
        return memo[id(x)]
    if isinstance(x, types.MethodType):
        function = _own_thing(x.__func__, memo, home)
        return types.MethodType(function, _own_thing(x.__self__, memo, home))
    if isinstance(x, types.FunctionType):
        return _own_function(x, memo) if x.__globals__ is home else x
    if not _can_be_changed(x):
        return x
    try:
        with _Detached():
            return copy.deepcopy(x, memo)
    except Exception:  # e.g. an open file
        return x


def _can_be_changed(x) -> bool:
    if isinstance(x, type | types.ModuleType):
        return False
    if callable(x) and not isinstance(x, nn.Module):
        return False
    return isinstance(x, _CHANGEABLE) or hasattr(x, "__dict__")
