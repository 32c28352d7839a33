"""The parts of a call of one of torch's operations: its name, its arguments, the tensors in them.

``func`` is an operation as ``TorchDispatchMode`` gives it, such as ``torch.ops.aten.add_.Tensor``.
"""

import torch

from mbh_utils.networks.reading.operations.context import Step

_ATEN = torch.ops.aten
#: Arguments that some operations take as a number or as a tensor, by overload.
_NUMBER_OR_TENSOR = "other", "value"


def operation_name(func) -> str:
    """Name of an operation without its overload; that of add_ is add."""
    return func._schema.name.removeprefix("aten::").rstrip("_")


def flat(x) -> list:
    """What is in nested lists, tuples and dicts; a condition is one thing, though it is a tuple."""
    if isinstance(x, dict):
        return flat(list(x.values()))
    if isinstance(x, list | tuple) and not isinstance(x, Step):
        return [part for item in x for part in flat(item)]
    return [x]


def tensors_in(x) -> list[torch.Tensor]:
    """The tensors in nested lists, tuples and dicts."""
    return [part for part in flat(x) if isinstance(part, torch.Tensor)]


def bound_arguments(func, args, kwargs) -> list[tuple]:
    """(argument of the schema, its value) of a call, defaults included."""
    found = []
    for i, argument in enumerate(func._schema.arguments):
        if i < len(args) and not argument.kwarg_only:
            value = args[i]
        else:
            value = kwargs.get(argument.name, argument.default_value)
        found.append((argument, value))
    return found


def written_tensors(func, args, kwargs) -> list[torch.Tensor]:
    """The arguments that an operation writes to."""
    values = [
        value
        for argument, value in bound_arguments(func, args, kwargs)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    return tensors_in(values)


def only_looks(func) -> bool:
    """Whether all results are views of the arguments (or an argument in another shape)."""
    if torch.Tag.inplace_view in func.tags:
        return True
    aliases = [result.alias_info for result in func._schema.returns]
    return bool(aliases) and all(a is not None and not a.is_write for a in aliases)


def run_functional(func, given: dict):
    """Run an operation; one in place gives its result and leaves the arguments as they are."""
    overload = func._overloadname
    has_tensor = any(isinstance(given.get(k), torch.Tensor) for k in _NUMBER_OR_TENSOR)
    if overload == "Scalar" and has_tensor:
        overload = "Tensor"
    if func._schema.is_mutable:
        func = getattr(getattr(_ATEN, operation_name(func)), overload)
    elif overload != func._overloadname:
        func = getattr(func._overloadpacket, overload)
    arguments = func._schema.arguments
    args = [given[a.name] for a in arguments if not a.kwarg_only]
    kwargs = {a.name: given[a.name] for a in arguments if a.kwarg_only}
    return func(*args, **kwargs)
