"""Conditions z > 0 and what is done with them, as in ``torch.where(z > 0, z, 0.1 * z)``.

A function that is put together by a condition is understood where it does not jump: where its two
branches differ by a multiple of z.
"""

import torch

from mbh_utils.networks.reading.canonical import Canonical, Pieces, Value
from mbh_utils.networks.reading.operations.context import (
    OF_A_CONDITION,
    Context,
    NotUnderstood,
    Step,
    as_value,
    broadcast,
)

#: Sign of z = self - other in each comparison.
COMPARISONS = {"gt": 1.0, "ge": 1.0, "lt": -1.0, "le": -1.0}
#: What replaces x[condition] = values.
_PUT = "index_put", "_index_put_impl"


def comparison(form: Canonical, name: str, bound: dict) -> Step:
    """self > other (or one of the others) as a condition z > 0."""
    sign = COMPARISONS[name]
    a = as_value(bound["self"])
    b = as_value(bound["other"])
    return Step(form.linear(lambda x, y: sign * (x - y), a, b))


def with_steps(context: Context, name: str, bound: dict) -> Value | Step:
    """Operations on a condition: where, a product with it, x[condition] = number, conversions."""
    if name in ("_to_copy", "clone"):
        return bound["self"]
    if name in ("logical_not", "bitwise_not"):
        return Step(context.form.linear(torch.neg, bound["self"].z))
    if name == "where" and isinstance(bound["condition"], Step):
        return _switched(context, bound["condition"], bound["self"], bound["other"])
    if name == "mul":
        step, x = bound["self"], bound["other"]
        if not isinstance(step, Step):
            step, x = x, step
        return _switched(context, step, x, 0.0)
    if name == "masked_fill" and isinstance(bound["mask"], Step):
        return _switched(context, bound["mask"], bound["value"], bound["self"])
    if name in _PUT and _is_one_number_at_a_condition(bound):
        number = bound["values"].reshape(())
        return _switched(context, bound["indices"][0], number, bound["self"])
    raise NotUnderstood(OF_A_CONDITION)


def _is_one_number_at_a_condition(bound: dict) -> bool:
    """Whether a call writes x[condition] = number."""
    step, *more = bound["indices"]
    values = bound["values"]
    is_one_number = isinstance(values, torch.Tensor) and values.numel() == 1
    return isinstance(step, Step) and not more and is_one_number and not bound["accumulate"]


def _switched(context: Context, step: Step, a, b) -> Value:
    """a where z > 0, else b: b + c relu(z), if a - b is c z (up to rounding), so without a jump."""
    if isinstance(a, Step) or isinstance(b, Step):
        raise NotUnderstood(OF_A_CONDITION)
    form = context.form
    a = as_value(a)
    b = as_value(b)
    shape = torch.broadcast_shapes(step.z.const.shape, a.const.shape, b.const.shape)
    z = broadcast(step.z, shape)
    ahead = broadcast(form.linear(torch.sub, a, b), shape)
    factor = _factor(form, ahead, z, context.precision)
    bent = form.activate(z, Pieces(0.0, 0.0, ((0.0, factor),)), context.place.name)
    return form.linear(torch.add, b, bent)


def _factor(form: Canonical, ahead: Value, z: Value, precision: float) -> torch.Tensor:
    """The c of each element with ahead = c z; NotUnderstood where there is none."""
    level = max(z.level, ahead.level)
    z = form.lift(z, level)
    ahead = form.lift(ahead, level)
    size_of_z = _product(z, z)
    factor = torch.where(size_of_z > 0, _product(ahead, z) / size_of_z.clamp_min(1e-300), 0.0)
    rest = form.linear(lambda x, y: x - factor * y, ahead, z)
    if not (_product(rest, rest) <= (8 * precision) ** 2 * _product(ahead, ahead)).all():
        raise NotUnderstood(
            "it jumps where its condition changes, and such functions are not understood"
        )
    return factor


def _product(a: Value, b: Value) -> torch.Tensor:
    """Sum over all units (and the constant) of the products of two maps, of each element."""
    total = a.const * b.const
    for k, rows in a.rows.items():
        if k in b.rows:
            total = total + (rows * b.rows[k]).sum(dim=0)
    return total
