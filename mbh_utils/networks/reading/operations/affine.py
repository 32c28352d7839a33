"""Operations that are affine in what depends on the module's input.

Linear and convolution layers, average pooling, padding, upsampling, BatchNorm in eval mode; sums
and products with constants; reshaping, indexing, gathering and writing parts. One rule serves all
of them, :func:`affine`: run the operation itself on the affine maps. The tables say in which
arguments.
"""

import torch

from mbh_utils.networks.reading.canonical import Canonical, Value
from mbh_utils.networks.reading.operations.calls import (
    operation_name,
    run_functional,
    tensors_in,
)
from mbh_utils.networks.reading.operations.context import (
    DIVIDES,
    TAKES_TWO,
    NotUnderstood,
    as_value,
)

#: Operations of one tensor, ``self``: all of them sum, weigh or pick elements.
_OF_SELF = (
    # arithmetic and sums
    "div", "neg", "sum", "mean", "cumsum", "trace",
    # copies and shapes
    "clone", "_unsafe_view", "_reshape_copy", "repeat", "flip", "roll", "alias_copy", "detach_copy",
    "expand_copy", "permute_copy", "slice_copy", "view_copy", "diag_embed", "pixel_shuffle",
    "pixel_unshuffle", "channel_shuffle", "im2col", "col2im",
    # picking elements, and zeros in the place of some
    "index", "index_select", "gather", "take", "masked_select", "tril", "triu", "zero",
    # padding
    "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
    "replication_pad1d", "replication_pad2d", "replication_pad3d",
    # pooling and resizing
    "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d",
    "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d", "upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d",
    "upsample_trilinear3d",
)  # fmt: skip

#: What an operation is affine in: all of these arguments together.
JOINTLY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_OF_SELF, ("self",)),
    "add": ("self", "other"),
    "sub": ("self", "other"),
    "rsub": ("self", "other"),
    "lerp": ("self", "end"),
    "cat": ("tensors",),
    "stack": ("tensors",),
    "where": ("self", "other"),
    "masked_fill": ("self", "value"),
    "masked_scatter": ("self", "source"),
    "index_put": ("self", "values"),
    "_index_put_impl": ("self", "values"),
    "index_copy": ("self", "source"),
    "index_add": ("self", "source"),
    "index_fill": ("self", "value"),
    "scatter": ("self", "src", "value"),
    "scatter_add": ("self", "src"),
    "slice_scatter": ("self", "src"),
    "select_scatter": ("self", "src"),
    "addmm": ("self",),
    "addmv": ("self",),
    "addr": ("self",),
    "baddbmm": ("self",),
    "addbmm": ("self",),
    "addcmul": ("self",),
    "addcdiv": ("self",),
    "convolution": ("bias",),
}
#: And in one of these, which are multiplied by each other: the rest of them must be constant.
IN_ONE_OF: dict[str, tuple[str, ...]] = {
    "mul": ("self", "other"),
    "mm": ("self", "mat2"),
    "bmm": ("self", "mat2"),
    "mv": ("self", "vec"),
    "dot": ("self", "tensor"),
    "vdot": ("self", "other"),
    "addmm": ("mat1", "mat2"),
    "addmv": ("mat", "vec"),
    "addr": ("vec1", "vec2"),
    "baddbmm": ("batch1", "batch2"),
    "addbmm": ("batch1", "batch2"),
    "addcmul": ("tensor1", "tensor2"),
    "addcdiv": ("tensor1",),
    "convolution": ("input", "weight"),
}
BATCH_NORMS = {
    "native_batch_norm",
    "cudnn_batch_norm",
    "miopen_batch_norm",
    "_native_batch_norm_legit_no_training",
}
#: Everything is float64 on the CPU here, whatever the call says.
_LEFT_OUT = {"dtype", "layout", "device", "pin_memory", "memory_format"}
#: Operations that only add a number which stands in the place of a tensor.
_ADD_NUMBERS = {"add", "sub", "rsub", "masked_fill"}


def is_affine(name: str) -> bool:
    """Whether the operation of this name is in the tables."""
    return name in JOINTLY or name in IN_ONE_OF


def affine(form: Canonical, func, bound: dict) -> Value:
    """The rule of all operations of the tables."""
    name = operation_name(func)
    if name == "div":
        _refuse_divisions(bound)
    moving = [k for k in IN_ONE_OF.get(name, ()) if isinstance(bound[k], Value)]
    if len(moving) > 1:
        raise NotUnderstood(TAKES_TWO)
    return _run_on_maps(form, func, bound, [*JOINTLY.get(name, ()), *moving])


def _refuse_divisions(bound: dict) -> None:
    if isinstance(bound["other"], Value):
        raise NotUnderstood(DIVIDES)
    if bound.get("rounding_mode") is not None:
        raise NotUnderstood("it rounds")


def _run_on_maps(form: Canonical, func, bound: dict, moving: list[str]) -> Value:
    """An operation that is affine in the arguments ``moving`` together.

    Each of these is a tensor, a number, a list of tensors, or not given.
    """
    bound = {k: None if k in _LEFT_OUT else x for k, x in bound.items()}
    bound["indices"] = _numbered(bound.get("indices"))
    kinds = (Value, torch.Tensor, list)
    if operation_name(func) in _ADD_NUMBERS:
        kinds = (*kinds, int, float)
    moving = [k for k in moving if isinstance(bound.get(k), kinds)]
    _refuse_no_numbers(bound)
    values = []
    for k in moving:
        values += bound[k] if isinstance(bound[k], list) else [bound[k]]

    def run(*tensors: torch.Tensor) -> torch.Tensor:
        waiting = iter(tensors)
        given = dict(bound)
        for k in moving:
            if isinstance(bound[k], list):
                given[k] = [next(waiting) for _ in bound[k]]
            else:
                given[k] = next(waiting)
        found = run_functional(func, given)
        return found[0] if isinstance(found, tuple) else found

    return form.linear(run, *map(as_value, values))


def _refuse_no_numbers(bound: dict) -> None:
    """NotUnderstood where a constant tensor holds NaN or infinite values."""
    for x in tensors_in(bound):
        if x.is_floating_point() and not torch.isfinite(x).all():
            where = torch.argwhere(~torch.isfinite(x))[0].tolist()
            value = x[tuple(where)].item()
            raise NotUnderstood(f"a constant tensor that it uses is {value} at {where}")


def _numbered(indices):
    """Indices of tensors of True and False as whole numbers."""
    if not isinstance(indices, list):
        return indices
    found = []
    for index in indices:
        is_mask = isinstance(index, torch.Tensor) and index.dtype in (torch.bool, torch.uint8)
        found += [*index.nonzero(as_tuple=True)] if is_mask else [index]
    return found


def batch_norm(bound: dict) -> list[Value]:
    """BatchNorm by its running statistics: a scale and a shift of each channel."""
    if bound.get("training") or bound["running_mean"] is None:
        raise NotUnderstood("without running statistics it mixes samples")
    value = bound.get("input", bound.get("self"))
    weight = bound["weight"]
    bias = bound["bias"]
    if not isinstance(value, Value) or isinstance(weight, Value) or isinstance(bias, Value):
        raise NotUnderstood(TAKES_TWO)
    epsilon = bound.get("eps", bound.get("epsilon"))
    scale = 1 / torch.sqrt(bound["running_var"] + epsilon)
    if weight is not None:
        scale = scale * weight
    mean = bound["running_mean"] * scale
    shift = -mean if bias is None else bias - mean
    by_channel = [-1, *[1] * (value.const.ndim - 2)]
    scale = scale.reshape(by_channel)
    shift = shift.reshape(by_channel)
    rows = {b: x * scale for b, x in value.rows.items()}
    return [Value(value.level, value.const * scale + shift, rows)]
