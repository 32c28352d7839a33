"""A copy of a module to run in its place, so that reading a network changes nothing of it.

The copy has its own parameters, buffers, hooks and attributes, and its functions (hooks, a ``forward`` put on an
instance) have their own copies of the lists, dicts and modules that they write to or use.
"""

import contextlib
import copy
import functools
import sys
import types
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from mbh_utils._operations import Place
from mbh_utils.errors import MBHError

_HOOKS = "_forward_pre_hooks", "_forward_hooks"
_CONTAINERS = list, dict, set, np.ndarray
_PARTS = {"_parameters", "_buffers", "_modules"}
_MADE_IN_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_LIBRARIES = {"torch", "builtins", "numpy", "collections", "random", "threading", "types", "typing"}


def copy_of(module: nn.Module) -> nn.Module:
    """A copy of the module in its state: mode, hooks, type and device. MBHError for NaN and infinite parameters."""
    memo: dict = {}
    twin = _deep_copy(module, memo)
    if shared := {id(m) for m in all_modules(module)} & {id(m) for m in all_modules(twin)}:
        names = [name or "itself" for name, m in named_modules(module) if id(m) in shared]
        raise MBHError(
            f"{type(module).__name__} cannot be copied: its copy shares {names[0]} with it, and reading a network must "
            "not change it; is there a __deepcopy__ that gives the module itself?"
        )
    memo.update({id(m): m for m in all_modules(twin)})
    for m in all_modules(twin):
        vars(m)["_compiled_call_impl"] = None  # of module.compile(); a class may forbid to set attributes
        for hooks in (getattr(m, name) for name in _HOOKS):
            for key, hook in hooks.items():
                hooks[key] = _own_callable(hook, memo)
        for key, x in list(vars(m).items()):
            if isinstance(x, types.FunctionType | types.MethodType):
                vars(m)[key] = _own_callable(x, memo)
        _own_things_of_its_class(m, memo)
    for name, x in named_members(twin):
        x = x.detach() if x.layout is torch.strided else x.detach().to_dense()
        if not torch.isfinite(x).all():
            where = torch.argwhere(~torch.isfinite(x))[0].tolist()
            raise MBHError(f"{name}{where} is {x[tuple(where)].item()}; every parameter must be finite")
    return twin


def named_modules(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """A module and its parts, each once and with its name, whatever its class says of its parts, or of hashes."""
    found, waiting = {}, [("", module)]
    while waiting:
        path, m = waiting.pop()
        if id(m) in found:
            continue
        found[id(m)] = path, m
        parts = [(f"{path}.{name}" if path else name, x) for name, x in vars(m)["_modules"].items() if x is not None]
        waiting += reversed(parts)
    return list(found.values())


def all_modules(module: nn.Module) -> list[nn.Module]:
    """The same without names."""
    found, waiting = {}, [module]
    while waiting:
        m = waiting.pop()
        if id(m) not in found:
            found[id(m)] = m
            waiting += [x for x in reversed(vars(m)["_modules"].values()) if x is not None]
    return list(found.values())


def named_members(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, then buffers, of a module and its parts, each once and with its name."""
    found = {}
    for kind in ("_parameters", "_buffers"):
        for path, m in named_modules(module):
            for name, x in vars(m)[kind].items():
                if x is not None:
                    found.setdefault((kind, id(x)), (f"{path}.{name}" if path else name, x))
    return list(found.values())


def named_tensors(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, buffers and tensors that are plain attributes of a module and its parts, with their names."""
    found = named_members(module)
    for path, m in named_modules(module):
        plain = ((name, x) for name, x in vars(m).items() if isinstance(x, torch.Tensor))
        found += [(f"{path}.{name}" if path else name, x) for name, x in plain]
    return found


def number_type(module: nn.Module) -> tuple[torch.dtype, torch.device]:
    """Type and device of a module's numbers, which its inputs share; float64 on the CPU where it has none."""
    for x in _numbers(module):
        if x.is_floating_point():
            return x.dtype, x.device
    return torch.float64, torch.device("cpu")


def _numbers(module: nn.Module) -> Iterator[torch.Tensor]:
    """Tensors of a module: parameters and buffers first, then plain ones, and what is in lists and dicts."""
    for _, x in named_tensors(module):
        yield x
    for holder in _reachable(module):
        inside = holder.values() if isinstance(holder, dict) else holder if isinstance(holder, list | tuple) else ()
        yield from (x for x in inside if isinstance(x, torch.Tensor))


def name_places(twin: nn.Module, place: Place) -> None:
    """Have the copy tell, while it runs, in which of its modules and hooks it is."""
    for name, m in named_modules(twin):
        for hooks, what in ((m._forward_pre_hooks, "forward pre-hook"), (m._forward_hooks, "forward hook")):
            for key, hook in hooks.items():
                hooks[key] = _named(hook, place, f"the {what} of {name or 'the module'} ({type(m).__name__})")
        m.register_forward_pre_hook(functools.partial(_enter, place, name), prepend=True)
        m.register_forward_hook(functools.partial(_leave, place), always_call=True)


def _enter(place: Place, name: str, module: nn.Module, args) -> None:
    place.modules.append((name, module))


def _leave(place: Place, module: nn.Module, args, output) -> None:
    place.modules.pop()


def _named(hook, place: Place, name: str):
    def run(*args, **kwargs):
        before, took, place.hook, place.took = place.hook, place.took, name, False
        try:
            result = hook(*args, **kwargs)
            if place.took and result is not None:
                place.refuse(
                    f"{name} takes the numbers of tensors that depend on the input (item, numpy, if, ...) and returns "
                    "something: what it does at other inputs cannot be known. Write it in operations of torch, or let "
                    "it return None where it only looks"
                )
            return result
        finally:
            place.hook, place.took = before, took or place.took

    return run


# --------------------------------------------------------------------------------------------------------- copying


class _Detached(TorchFunctionMode):
    """``copy.deepcopy`` refuses results with a gradient, such as activations that are kept: copy their numbers."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.__deepcopy__ and not args[0].is_leaf:
            x, memo = args
            if id(x) not in memo:
                memo[id(x)] = x.detach().clone()
            return memo[id(x)]
        return func(*args, **(kwargs or {}))


#: Ways of an object to say what a copy of it is, which need not be the same.
_COPY_METHODS = "__deepcopy__", "__reduce_ex__", "__reduce__", "__getstate__", "__setstate__", "__getnewargs_ex__"


def _deep_copy(module: nn.Module, memo: dict) -> nn.Module:
    with _Detached():
        try:
            return _whole_copy(module, memo)
        except Exception:  # a lock, an open file, a generator, ...: the copy uses the same one
            memo.clear()
            memo.update({id(x): x for m in all_modules(module) for x in _parts(m) if not _can_be_copied(x)})
        try:
            return _whole_copy(module, memo)
        except Exception as error:
            raise MBHError(
                f"{type(module).__name__} cannot be copied ({error}), and reading a network must not change it: take "
                "out what cannot be copied, or give a list of (weight, bias) arrays"
            ) from error


def _whole_copy(module: nn.Module, memo: dict) -> nn.Module:
    """A deep copy of all attributes, whatever classes of someone's own say of their copies."""
    own = {id(x): x for x in _reachable(module) if id(x) not in memo and _says_what_its_copy_is(x)}
    memo.update({key: object.__new__(type(x)) for key, x in own.items()})
    twin = copy.deepcopy(module, memo)
    for key, x in own.items():
        vars(memo[key]).update(copy.deepcopy(vars(x), memo))
    return twin


def _reachable(module: nn.Module) -> list:
    """The module, its parts, and what is in their attributes, lists and dicts, and so on; no tensors."""
    found, waiting = {}, [module]
    while waiting:
        x = waiting.pop()
        if id(x) in found or isinstance(x, torch.Tensor | np.ndarray | type | types.ModuleType | types.FunctionType):
            continue
        found[id(x)] = x
        if isinstance(x, dict):
            waiting += x.values()
        elif isinstance(x, list | tuple | set):
            waiting += x
        elif isinstance(getattr(x, "__dict__", None), dict):
            waiting += vars(x).values()
    return list(found.values())


def _says_what_its_copy_is(x) -> bool:
    """Whether a plain object of a class of someone's own has a method of its own for what a copy of it is."""
    kind = type(x)
    if not kind.__flags__ & _MADE_IN_PYTHON or not isinstance(getattr(x, "__dict__", None), dict):
        return False
    if (graphs := sys.modules.get("torch.fx.graph_module")) and isinstance(x, graphs.GraphModule):
        return True  # whose copies would have no hooks
    if isinstance(x, type) or kind.__new__ is not object.__new__:
        return False
    return any(
        name in vars(base)
        for base in kind.__mro__
        if base.__module__.partition(".")[0] not in _LIBRARIES
        for name in _COPY_METHODS
    )


def _parts(m: nn.Module) -> list:
    """What a module holds beside parameters, buffers and modules, hooks one by one."""
    hooks = [hook for name in _HOOKS for hook in getattr(m, name).values()]
    return hooks + [x for key, x in vars(m).items() if key not in _PARTS and key not in _HOOKS]


def _can_be_copied(x) -> bool:
    try:
        copy.deepcopy(x)
    except Exception:
        return False
    return True


def _own_callable(f, memo: dict):
    """A hook or a ``forward`` of the copy (whose objects are copies already) with things of its own to change."""
    if isinstance(f, types.MethodType):
        return types.MethodType(_own_callable(f.__func__, memo), f.__self__)
    return _own_function(f, memo) if isinstance(f, types.FunctionType) else f


def _own_things_of_its_class(m: nn.Module, memo: dict) -> None:
    """Lists and dicts that all modules of a class share, and global ones that its methods use, as the copy's own."""
    for kind in type(m).__mro__:
        if kind.__module__.partition(".")[0] in ("torch", "mbh_utils", "builtins"):
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
    """A function that is the same but for what it can change: its lists, dicts, arrays, objects and modules."""
    if id(f) in memo:
        return memo[id(f)]
    cells = None if f.__closure__ is None else tuple(types.CellType() for _ in f.__closure__)
    own = memo[id(f)] = types.FunctionType(f.__code__, dict(f.__globals__), f.__name__, None, cells)
    memo.setdefault("kept", []).append(f)  # so that no other object gets its id
    own_thing = functools.partial(_own_thing, memo=memo, home=f.__globals__)
    own.__defaults__, own.__kwdefaults__ = own_thing(f.__defaults__), own_thing(f.__kwdefaults__)
    own.__dict__.update(f.__dict__)
    for cell, old in zip(cells or (), f.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # one that is still empty
            cell.cell_contents = own_thing(old.cell_contents)
    for name in names_in(f.__code__) & f.__globals__.keys():
        own.__globals__[name] = own_thing(f.__globals__[name])
    return own


def _own_thing(x, memo: dict, home: dict):
    """A copy of what a function uses, if it can be changed; else the same. home: the function's global names."""
    if id(x) in memo:
        return memo[id(x)]
    if isinstance(x, types.MethodType):
        return types.MethodType(_own_thing(x.__func__, memo, home), _own_thing(x.__self__, memo, home))
    if isinstance(x, types.FunctionType):
        return _own_function(x, memo) if x.__globals__ is home else x
    changes = isinstance(x, list | dict | set | tuple | np.ndarray | torch.Tensor) or hasattr(x, "__dict__")
    if not changes or isinstance(x, type | types.ModuleType) or callable(x) and not isinstance(x, nn.Module):
        return x
    try:
        with _Detached():
            return copy.deepcopy(x, memo)
    except Exception:  # e.g. an open file
        return x


def names_in(code: types.CodeType) -> set[str]:
    """Names that a function and those inside of it use."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_in(constant)
    return found
