"""What a module consists of: its parts, their tensors, and what its code names.

By torch's own tables, whatever the module's class says of its parts, attributes or hashes.
"""

import types
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

_NOT_LOOKED_INTO = (torch.Tensor, np.ndarray, type, types.ModuleType, types.FunctionType)


def named_modules(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """A module and its parts, each once and with its name."""
    found = {}
    waiting = [("", module)]
    while waiting:
        path, m = waiting.pop()
        if id(m) in found:
            continue
        found[id(m)] = path, m
        parts = [(_joined(path, name), x) for name, x in vars(m)["_modules"].items()]
        waiting += reversed([(name, x) for name, x in parts if x is not None])
    return list(found.values())


def all_modules(module: nn.Module) -> list[nn.Module]:
    """A module and its parts, each once."""
    found = {}
    waiting = [module]
    while waiting:
        m = waiting.pop()
        if id(m) not in found:
            found[id(m)] = m
            waiting += [part for part in reversed(vars(m)["_modules"].values()) if part is not None]
    return list(found.values())


def named_members(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, then buffers, of a module and its parts, each once and with its name."""
    found = {}
    for kind in ("_parameters", "_buffers"):
        for path, m in named_modules(module):
            for name, x in vars(m)[kind].items():
                if x is not None:
                    found.setdefault((kind, id(x)), (_joined(path, name), x))
    return list(found.values())


def named_tensors(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters, buffers and tensors that are plain attributes of a module and its parts."""
    found = named_members(module)
    for path, m in named_modules(module):
        plain = [(name, x) for name, x in vars(m).items() if isinstance(x, torch.Tensor)]
        found += [(_joined(path, name), x) for name, x in plain]
    return found


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def number_type(module: nn.Module) -> tuple[torch.dtype, torch.device]:
    """Type and device of a module's numbers, which its inputs share.

    float64 on the CPU where it has none.
    """
    for x in _numbers(module):
        if x.is_floating_point():
            return x.dtype, x.device
    return torch.float64, torch.device("cpu")


def _numbers(module: nn.Module) -> Iterator[torch.Tensor]:
    """Tensors: parameters and buffers first, then plain ones, and what is in lists and dicts."""
    for _, x in named_tensors(module):
        yield x
    for holder in reachable(module):
        if isinstance(holder, dict):
            yield from (x for x in holder.values() if isinstance(x, torch.Tensor))
        elif isinstance(holder, list | tuple):
            yield from (x for x in holder if isinstance(x, torch.Tensor))


def reachable(module: nn.Module) -> list:
    """The module, its parts, and what is in their attributes, lists and dicts; no tensors."""
    found = {}
    waiting = [module]
    while waiting:
        x = waiting.pop()
        if id(x) in found or isinstance(x, _NOT_LOOKED_INTO):
            continue
        found[id(x)] = x
        if isinstance(x, dict):
            waiting += x.values()
        elif isinstance(x, list | tuple | set):
            waiting += x
        elif isinstance(getattr(x, "__dict__", None), dict):
            waiting += vars(x).values()
    return list(found.values())


def names_in(code: types.CodeType) -> set[str]:
    """Names that a function and those inside of it use."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= names_in(constant)
    return found
