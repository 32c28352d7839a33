"""Maxima and minima: of two tensors, along dimensions, over the windows of a MaxPool.

Neurons compare pairs of elements, max(a, b) = b + relu(a - b), then pairs of winners, and so on.
"""

import math

import torch
from torch.nn import functional
from torch.nn.modules import utils

from mbh_utils.networks.reading.canonical import Value
from mbh_utils.networks.reading.operations.activations import clamp
from mbh_utils.networks.reading.operations.context import (
    TAKES_TWO,
    Context,
    NotUnderstood,
    Rule,
    Step,
    as_value,
)


def _of_two(sign: float) -> Rule:
    """max(a, b), or with sign -1 min(a, b) = -max(-a, -b)."""

    def rule(context: Context, bound: dict) -> Value:
        form = context.form
        name = context.place.name
        a = bound["self"]
        b = bound["other"]
        if isinstance(a, Value) and isinstance(b, Value):
            if sign > 0:
                return form.maximum(a, b, name)
            negative = form.maximum(form.linear(torch.neg, a), form.linear(torch.neg, b), name)
            return form.linear(torch.neg, negative)
        value, bar = (a, b) if isinstance(a, Value) else (b, a)
        # A sum with zeros of the bar's shape broadcasts the value to the shape of the result.
        zeros = Value(0, torch.zeros_like(torch.as_tensor(bar).double()), {})
        value = form.linear(torch.add, as_value(value), zeros)
        pieces = clamp(bar, None) if sign > 0 else clamp(None, bar)
        return form.activate(value, pieces, name)

    return rule


def _max_pool(context: Context, bound: dict) -> list[Value]:
    """Maximum over windows; its indices are not understood."""
    if bound["ceil_mode"]:
        raise NotUnderstood("with ceil_mode or return_indices it is not understood")
    value = bound["self"]
    options = [bound[k] for k in ("kernel_size", "stride", "padding", "dilation")]
    shape = functional.max_pool2d(value.const, *options).shape
    return [_largest(context, value, _windows(bound, value.const), shape)]


def _windows(bound: dict, const: torch.Tensor) -> torch.Tensor:
    """Flat input indices of the elements of each window, -1 for padding.

    (elements, windows), the windows in the order of the pool's output.
    """
    index = torch.arange(1.0, const.numel() + 1, dtype=torch.float64).reshape(const.shape)
    index = index if const.ndim == 4 else index[None]
    kernel = _pair(bound["kernel_size"])
    stride = _pair(bound["stride"]) or kernel
    windows = functional.unfold(
        index,
        tuple(kernel),
        dilation=tuple(_pair(bound["dilation"])),
        padding=tuple(_pair(bound["padding"])),
        stride=tuple(stride),
    )
    windows = windows.reshape(index.shape[1], kernel[0] * kernel[1], -1)
    return windows.transpose(0, 1).flatten(1).long() - 1


def _pair(numbers):
    """An option of a pool as two numbers; what is not given stays empty."""
    return utils._pair(numbers if len(numbers) != 1 else numbers[0])


def _largest(context: Context, value: Value, windows: torch.Tensor, shape) -> Value:
    """Maximum over windows, flat indices (elements, windows), -1 for none.

    Padding never wins, so it takes no part: windows of equally many elements are compared together,
    the largest first.
    """
    sizes = (windows >= 0).sum(dim=0)
    if not sizes.all():
        raise NotUnderstood("a window holds nothing but padding")
    value = value.apply(lambda rows: rows.reshape(len(rows), -1))
    groups = [torch.nonzero(sizes == size).flatten() for size in sizes.unique().flip(0)]
    parts = []
    for group in groups:
        real = windows[:, group].T
        real = real[real >= 0].reshape(len(group), -1).T  # in their order
        parts.append(_knocked_out(context, value, real))
    whole = parts[0]
    if len(parts) > 1:
        order = torch.cat(groups).argsort()
        whole = context.form.linear(lambda *x: torch.cat(x, dim=-1)[..., order], *parts)
    return whole.apply(lambda rows: rows.reshape(len(rows), *shape))


def _knocked_out(context: Context, value: Value, windows: torch.Tensor) -> Value:
    """Maximum over windows by rounds: neurons compare pairs of elements, then pairs of winners."""
    form = context.form
    value = value.apply(lambda rows: rows[:, None, windows])
    while (k := value.const.shape[1]) > 1:
        half = k // 2
        first = value.apply(lambda rows, n=half: rows[:, :, :n])
        second = value.apply(lambda rows, n=half: rows[:, :, n : 2 * n])
        rest = value.apply(lambda rows, n=half: rows[:, :, 2 * n :])
        value = form.maximum(first, second, context.place.name)
        if k % 2:
            value = form.linear(lambda a, b: torch.cat([a, b], dim=1), value, rest)
    return value


def _along(sign: float) -> Rule:
    """max or min along dimensions (``amax``, ``max.dim``), or of all elements."""

    def rule(context: Context, bound: dict) -> list[Value]:
        value = bound["self"]
        if not isinstance(value, Value) or isinstance(bound.get("other"), Value):
            raise NotUnderstood(TAKES_TWO)
        index, shape = _windows_along(value.const.shape, bound.get("dim"), bound.get("keepdim"))
        if sign > 0:
            return [_largest(context, value, index, shape)]
        turned = context.form.linear(torch.neg, value)
        found = _largest(context, turned, index, shape)
        return [context.form.linear(torch.neg, found)]

    return rule


def _windows_along(lengths, dims, keepdim: bool | None) -> tuple[torch.Tensor, list[int]]:
    """Flat indices (elements, windows) of what is compared along dimensions; the result's shape."""
    ndim = len(lengths)
    dims = [dims] if isinstance(dims, int) else list(dims or range(ndim))
    dims = sorted(d % ndim for d in dims)
    others = [d for d in range(ndim) if d not in dims]
    index = torch.arange(math.prod(lengths)).reshape(lengths).permute(*dims, *others)
    index = index.reshape(math.prod(lengths[d] for d in dims), -1)
    if keepdim:
        return index, [1 if d in dims else n for d, n in enumerate(lengths)]
    return index, [lengths[d] for d in others]


def _of_two_or_along(sign: float) -> Rule:
    """torch.max (or min) in its three meanings: of two tensors, along a dimension, of all."""
    along = _along(sign)
    of_two = _of_two(sign)

    def rule(context: Context, bound: dict) -> Value | Step | list:
        return of_two(context, bound) if "other" in bound else along(context, bound)

    return rule


MAXIMA: dict[str, Rule] = {
    "maximum": _of_two(1.0),
    "minimum": _of_two(-1.0),
    "max": _of_two_or_along(1.0),
    "min": _of_two_or_along(-1.0),
    "amax": _along(1.0),
    "amin": _along(-1.0),
    "max_pool2d_with_indices": _max_pool,
}
