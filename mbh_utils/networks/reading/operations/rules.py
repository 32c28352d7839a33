"""Which rule an operation has."""

import torch

from mbh_utils.networks.reading.canonical import Value
from mbh_utils.networks.reading.operations.activations import ELEMENTWISE
from mbh_utils.networks.reading.operations.affine import (
    BATCH_NORMS,
    affine,
    batch_norm,
    is_affine,
)
from mbh_utils.networks.reading.operations.calls import (
    flat,
    operation_name,
    run_functional,
    tensors_in,
)
from mbh_utils.networks.reading.operations.conditions import COMPARISONS, comparison, with_steps
from mbh_utils.networks.reading.operations.context import (
    DIVIDES,
    Context,
    NotUnderstood,
    Rule,
    Step,
    as_value,
    broadcast,
)
from mbh_utils.networks.reading.operations.maxima import MAXIMA

#: The rules of operations that bend: each call of one is an activation of the module.
ACTIVATIONS: dict[str, Rule] = {**ELEMENTWISE, **MAXIMA}
#: These ask for the shape of a tensor (or what is False of all numbers here), not for its numbers.
SHAPES_ONLY = {
    "zeros_like",
    "ones_like",
    "empty_like",
    "full_like",
    "new_zeros",
    "new_ones",
    "new_empty",
    "new_full",
    "new_empty_strided",
    "empty_strided",
    "sym_size",
    "sym_stride",
    "sym_numel",
    "sym_storage_offset",
    "is_same_size",
    "isnan",
    "isinf",
}
#: What each operation puts in the place of all elements of ``self``.
_OVERWRITES = {"copy": "src", "fill": "value"}
#: Machine epsilon of the coarsest numbers that count as exact enough: a little over float32's.
_COARSEST = 2e-7


def is_seen_as_one(name: str) -> bool:
    """Whether an operation that torch could decompose into others has a rule as it is."""
    return is_affine(name) or name in ACTIVATIONS or name in BATCH_NORMS


def apply(context: Context, func, bound: dict) -> Value | Step | list:
    """What the operation makes of affine maps.

    bound: its arguments by name, with affine maps for tensors that depend on the input.

    Raises NotUnderstood with the reason.
    """
    name = operation_name(func)
    parts = flat(bound)
    if func._overloadname.endswith("out"):
        raise NotUnderstood("with out= it is not understood")
    if any(isinstance(x, Step) for x in parts):
        return with_steps(context, name, bound)
    if not any(isinstance(x, Value) for x in parts):
        # Constants have taken the place of all that depends on the input.
        found = run_functional(func, {**bound, "device": None})
        return [as_value(x) for x in tensors_in(found)]
    if name in ACTIVATIONS:
        return ACTIVATIONS[name](context, bound)
    if name in COMPARISONS:
        return comparison(context.form, name, bound)
    if name == "_to_copy":
        return _converted(context, bound)
    if name in BATCH_NORMS:
        return batch_norm(bound)
    if name in _OVERWRITES:
        before = bound["self"]
        shape = before.const.shape if isinstance(before, Value) else before.shape
        return broadcast(as_value(bound[_OVERWRITES[name]]), shape)
    if name == "reciprocal":
        raise NotUnderstood(DIVIDES)
    if not is_affine(name):
        raise NotUnderstood("it is not understood")
    return affine(context.form, func, bound)


def _converted(context: Context, bound: dict) -> Value:
    """The value itself, if its new type is fine enough; the pass counts as coarse as that type."""
    kind = bound["dtype"]
    if kind is None:
        return bound["self"]
    if kind.is_floating_point:
        epsilon = torch.finfo(kind).eps
        if epsilon <= max(context.precision, _COARSEST):
            context.precision = max(context.precision, epsilon)
            return bound["self"]
    words = str(kind).removeprefix("torch.")
    raise NotUnderstood(f"it rounds what depends on the input to {words}")
