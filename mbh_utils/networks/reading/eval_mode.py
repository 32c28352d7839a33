"""Running anybody's module in eval mode such that nothing of it is changed.

Neither are streams of random numbers. The module itself runs, not a copy (which not every module
allows): its buffers are exchanged for clones meanwhile, so that the originals are never written and
a graph that autograd holds of them stays valid.
"""

import collections
import contextlib
import functools
import random
import types
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from mbh_utils.networks.reading.randomness import own_random_numbers

_LISTS = list, tuple, set, frozenset, collections.deque
_PLAIN = int, float, str, bool, bytes, type(None)
#: Objects of these packages are not looked into.
_LIBRARIES = {
    "torch",
    "builtins",
    "numpy",
    "collections",
    "random",
    "threading",
    "weakref",
    "logging",
    "pandas",
}


@contextlib.contextmanager
def untouched(network: nn.Module, device: torch.device) -> Iterator[None]:
    """The network in eval mode and without gradients; afterwards all is as it was, errors included.

    That is: modes, parameters, buffers, tensors that are plain attributes, and random streams, also
    of modules that are not registered. device: where the network computes.
    """
    modules, others = reached(network)
    modules = [m for m in modules if hasattr(m, "training")]  # what is frozen has no mode
    devices = [device] if device.type == "cuda" else []
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(own_random_numbers(network))
        stack.enter_context(torch.random.fork_rng(devices=devices))
        for x in others:
            _keep_stream(x, stack)
        _keep_tensors(modules, stack)
        for m in modules:  # not by .eval(), which a class may have made do more
            stack.callback(setattr, m, "training", m.training)
            m.training = False
        yield


# ---- what the network's code can reach


def reached(network: nn.Module) -> tuple[list[nn.Module], list]:
    """The modules of a network, and what else it holds.

    Modules, tensors and generators that are not registered are found in attributes, lists, dicts,
    and in what hooks, forwards and other functions close over or name as globals. The registered
    modules come first.
    """
    modules = list(network.modules())
    seen = {id(m) for m in modules}
    others = []
    left = collections.deque(modules)
    while left:
        for x in _parts(left.popleft()):
            if id(x) in seen or type(x) in _PLAIN:
                continue
            seen.add(id(x))
            others.append(x)  # which also keeps it alive, and its id its own
            left.append(x)
    modules += [x for x in others if issubclass(type(x), nn.Module)]
    return modules, [x for x in others if not issubclass(type(x), nn.Module)]


def _parts(x) -> list:
    """What an object holds; by its type, as isinstance would ask a proxy for what it stands for."""
    kind = type(x)
    if issubclass(kind, dict):
        return [*dict.keys(x), *dict.values(x)]
    if issubclass(kind, _LISTS):
        return list(x)
    if issubclass(kind, functools.partial):
        return [x.func, *x.args, *x.keywords.values()]
    if issubclass(kind, types.MethodType):
        return [x.__func__, x.__self__]
    if issubclass(kind, types.FunctionType):
        return _used_by(x)
    is_module = issubclass(kind, nn.Module)
    if not is_module and kind.__module__.partition(".")[0] in _LIBRARIES:
        return []
    found = []
    if not issubclass(kind, type | torch.Tensor):
        attributes = getattr(x, "__dict__", None)
        found += attributes.values() if type(attributes) is dict else []
    return [*found, getattr(kind, "forward", None)] if is_module else found


def _used_by(function: types.FunctionType) -> list:
    defaults = function.__defaults__ or ()
    keyword_defaults = (function.__kwdefaults__ or {}).values()
    return [*_closed_over(function), *_globals_of(function), *defaults, *keyword_defaults]


def _closed_over(function: types.FunctionType) -> Iterator:
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # a name that has no value yet
            yield cell.cell_contents


def _globals_of(function: types.FunctionType) -> list:
    """The modules and tensors, or what may hold some, which a function names as globals."""
    named = [function.__globals__.get(name) for name in function.__code__.co_names]
    return [x for x in named if issubclass(type(x), (nn.Module, torch.Tensor, dict, *_LISTS))]


# ---- putting it back


def _keep_stream(x, stack: contextlib.ExitStack) -> None:
    """Have a generator that the network keeps put back to where it is."""
    if issubclass(type(x), np.random.Generator):
        stack.callback(setattr, x.bit_generator, "state", x.bit_generator.state)
    elif issubclass(type(x), np.random.RandomState):
        stack.callback(x.set_state, x.get_state(legacy=False))
    elif type(x) is random.Random:
        stack.callback(x.setstate, x.getstate())
    elif issubclass(type(x), torch.Generator):
        stack.callback(x.set_state, x.get_state())


def _keep_tensors(modules: list[nn.Module], stack: contextlib.ExitStack) -> None:
    """Put clones in the place of buffers and plain tensors, and have all tensors put back."""
    clones: dict[int, torch.Tensor] = {}  # what is shared stays shared
    for m in modules:
        plain = {name: x for name, x in vars(m).items() if issubclass(type(x), torch.Tensor)}
        holders: list[tuple[dict, dict]] = [
            (m._parameters, m._parameters),
            (m._buffers, m._buffers),
            (vars(m), plain),
        ]
        for holder, tensors in holders:
            tensors = {name: x for name, x in tensors.items() if x is not None}
            stack.callback(_put_back, holder, tensors, holder is not vars(m))
            for name, x in tensors.items():
                if id(x) not in clones:
                    clones[id(x)] = x.detach().clone().requires_grad_(x.requires_grad)
                    stack.callback(_rewrite, x, x.detach().clone())
                if holder is not m._parameters:
                    holder[name] = clones[id(x)]


def _put_back(holder: dict, tensors: dict[str, torch.Tensor], whole: bool) -> None:
    """Have a table hold these tensors again; whole: and no others."""
    if whole:
        for name in [name for name, x in holder.items() if x is not None and name not in tensors]:
            del holder[name]
    for name, x in tensors.items():
        if name not in holder or holder[name] is not x:
            holder[name] = x


def _rewrite(x: torch.Tensor, before: torch.Tensor) -> None:
    """Undo what was written to a tensor; by ``data``, so that autograd takes it for no change."""
    has_plain_numbers = x.layout is torch.strided and not (x.is_meta or x.is_quantized)
    if has_plain_numbers and not _alike(x, before):
        with torch.inference_mode(x.is_inference()):
            x.data.copy_(before)


def _alike(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors hold the same numbers, NaN included."""
    if a.shape != b.shape:
        return False
    return torch.equal(a, b) or bool(((a == b) | ((a != a) & (b != b))).all())
