"""What each operation of torch does to affine maps, while a module's own forward pass runs on one sample.

The pass runs as it always does, hooks, flags, dicts and Python's own arithmetic with shapes included; ``Follower``
sees every operation below it, and which of the tensors depend on the input. What it keeps is the affine map of each
*storage*, so that views and operations in place are right by themselves: a view reads its part of the storage, an
operation in place writes it, and whatever looks at the same numbers sees them.
"""

import inspect
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional
from torch.overrides import TorchFunctionMode, handle_torch_function, has_torch_function_unary
from torch.utils._python_dispatch import TorchDispatchMode

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.canonical import RELU, Canonical, Pieces, Value, check_size, on_cpu

UNDERSTOOD = (
    "understood are affine layers (Linear, Conv, AvgPool, BatchNorm and Dropout in eval mode, Flatten, sums, ...), "
    "MaxPool, and piecewise linear activations (ReLU, LeakyReLU, PReLU, Hardtanh, ReLU6, Hardsigmoid, "
    "mbh_utils.networks.reading.tracing.PiecewiseLinear)"
)
_ATEN = torch.ops.aten
_BATCH_NORM = inspect.signature(functional.batch_norm)
_RANDOM = "it drops at random, or draws random numbers otherwise: put it in eval mode, F.dropout(x, training=self.training)"
_TWO = "it takes two tensors that depend on the input, and is not affine"
_DIVIDES = "it divides by a tensor that depends on the input"
#: Whatever can go wrong with an operation that is run on affine maps: it is then not understood.
_ERRORS = (ValueError, TypeError, RuntimeError, NotImplementedError, IndexError)


#: What takes the numbers out of a tensor, past all operations.
_TAKE_NUMBERS = {
    "numpy", "__array__", "tolist", "__deepcopy__", "__reduce_ex__", "data_ptr", "__dlpack__", "storage",
    "untyped_storage", "_typed_storage",
}  # fmt: skip


class NotUnderstood(ValueError):
    """Why a tensor is not an affine map of units."""


class Step(NamedTuple):
    """A condition z > 0 of each element: True or False, or 1 and 0."""

    z: Value


def piecewise_linear(z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
    """The function of these pieces of each element."""
    if has_torch_function_unary(z):
        return handle_torch_function(piecewise_linear, (z,), z, pieces)
    return _plain_piecewise(z, pieces)


def _plain_piecewise(z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
    bends = (change * torch.relu(z - t) for t, change in pieces.bends)
    return pieces.slope * z + pieces.offset + sum(bends)


class PiecewiseLinear(nn.Module):
    """An activation of your own: continuous, piecewise linear, breakpoints t_1 < ... < t_K and K + 1 slopes.

    phi(0) = 0 if 0 lies left of t_1 or on it; ``offset`` is added. Parameters of it are no torch parameters.
    """

    def __init__(self, breakpoints, slopes, offset: float = 0.0):
        super().__init__()
        breakpoints = require.numbers("breakpoints", breakpoints, (None,)).tolist()
        slopes, offset = (
            require.numbers("slopes", slopes, (None,)).tolist(),
            require.number("offset", offset),
        )
        if len(slopes) != len(breakpoints) + 1 or any(np.diff(breakpoints) <= 0) or not breakpoints:
            raise MBHError(
                f"{len(breakpoints)} breakpoints with {len(slopes)} slopes: give rising breakpoints, one slope more"
            )
        changes = np.diff(slopes).tolist()
        self.pieces = Pieces(slopes[0], offset, tuple(zip(breakpoints, changes, strict=True)))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return piecewise_linear(z, self.pieces)

    def extra_repr(self) -> str:
        return f"breakpoints={[t for t, _ in self.pieces.bends]}"


# ------------------------------------------------------------------------------------------------ where an operation is


@dataclass
class Place:
    """Where the forward pass is: in which modules, in which function, in a hook or not."""

    modules: list[tuple[str, nn.Module]] = field(default_factory=list)
    function: str | None = None
    hook: str | None = None  # what the hook is called
    took: bool = (
        False  # whether this hook has taken numbers out of a tensor that depends on the input
    )
    looking: list[str] = field(default_factory=list)  # all hooks that have
    refusal: MBHError | None = (
        None  # the first one, in case that the module's own code lets errors pass
    )

    @property
    def module(self) -> tuple[str, nn.Module | None]:
        """Qualified name and module, the innermost one."""
        return self.modules[-1] if self.modules else ("", None)

    def refuse(self, words: str) -> None:
        """Raises MBHError."""
        error = MBHError(words)
        self.refusal = self.refusal or error
        raise error

    @property
    def kind(self) -> str:
        """Type of a layer, or name of a function."""
        path, module = self.module
        known = {"__rdiv__": "truediv", "__rtruediv__": "truediv"}
        name = known.get(self.function or "", (self.function or "call").strip("_"))
        return type(module).__name__ if path and is_leaf(module) and not self.hook else name

    @property
    def name(self) -> str:
        """Qualified name of a layer, or of the function behind that of the module that calls it."""
        path, module = self.module
        if path and is_leaf(module) and not self.hook:
            return path
        return ".".join([path] * bool(path) + [self.kind])

    def says(self, reason: str) -> str:
        """A sentence that names the operation and what is the matter with it."""
        inside = f"in {self.hook}, " if self.hook else ""
        return f"{inside}{self.name} is a {self.kind}: {reason}; {UNDERSTOOD}"


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is one layer, not a composition of others that someone wrote."""
    library = type(module).__module__.startswith(("torch.nn", "torch.ao.nn"))
    return isinstance(module, PiecewiseLinear) or library and not isinstance(module, nn.Sequential)


class FunctionNames(TorchFunctionMode):
    """Keeps which function of torch the module's code has called (the outermost one)."""

    def __init__(self, place: Place, watch: "Watch"):
        super().__init__()
        self.place, self.watch = place, watch

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is piecewise_linear:
            return self.watch.piecewise_linear(*args)
        outer, name = self.place.function, getattr(func, "__name__", str(func))
        self.place.function = outer or name
        try:
            if name in _TAKE_NUMBERS and args:
                args = (self.watch.numbers_of(args[0]), *args[1:])
            if func is functional.batch_norm:
                self._refuse_statistics_of_the_batch(args, kwargs or {})
            return func(*args, **(kwargs or {}))
        finally:
            self.place.function = outer

    def _refuse_statistics_of_the_batch(self, args, kwargs) -> None:
        """Torch itself would only say that there are too few samples."""
        given = _BATCH_NORM.bind(*args, **kwargs).arguments
        if given.get("training") or given["running_mean"] is None:
            reason = "it normalises by the statistics of the batch at hand, so it mixes samples"
            self.place.refuse(self.place.says(reason))


class Watch(TorchDispatchMode):
    """Sees the operations of a forward pass. This one keeps what goes into activations, of a pass on any inputs."""

    def __init__(self):
        super().__init__()
        self.inputs: list[torch.Tensor] = []
        self.muted = False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.muted:
            return func(*args, **kwargs)
        if (found := _decomposed(self, func, args, kwargs)) is not NotImplemented:
            return found
        if _name(func) in ACTIVATIONS:
            self.inputs.append(args[0].detach().clone())
        return func(*args, **kwargs)

    def piecewise_linear(self, z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
        """Instead of the function of this name: one operation, whatever it is made of."""
        with _Muted(self):
            self.inputs.append(z.detach().clone())
            return _plain_piecewise(z, pieces)

    def numbers_of(self, x):
        """Called where the code takes the numbers of a tensor out of torch; whose numbers it takes."""
        return x


# ------------------------------------------------------------------------------------------- following a forward pass


@dataclass
class _Followed:
    """What a storage of n elements holds: an affine map (n), a condition z > 0 of one, or why nobody knows."""

    storage: StorageWeakRef
    dtype: torch.dtype
    value: Value | None = None
    is_step: bool = False
    reason: str | None = None
    views: dict = field(default_factory=dict)  # what was read already


class Follower(Watch):
    """Keeps which tensors depend on the input of the module, and how.

    precision: of the module's own numbers (their machine epsilon); conversions to a coarser type are not understood.
    pretended: what hooks get in place of all numbers that they take out of tensors that depend on the input.
    """

    def __init__(
        self, form: Canonical, place: Place, precision: float, pretended: float | None = None
    ):
        super().__init__()
        self.form, self.place, self.precision, self.pretended = form, place, precision, pretended
        self.followed: dict[int, _Followed] = {}
        #: For every activation in turn: its block of neurons, or None where there is none that stands for it alone.
        self.activations: list[int | None] = []

    def start(self, x: torch.Tensor) -> None:
        """This tensor is the module's input."""
        self._keep(x, self.form.input)

    def result(self, x) -> Value:
        """The affine map of the module's output; MBHError where there is none."""
        if not isinstance(x, torch.Tensor) or (followed := self._find(x)) is None:
            raise MBHError(
                "the module's output is not one tensor made from its input: wrap it to return one"
            )
        if followed.reason or followed.is_step:
            raise MBHError(
                followed.reason
                or "the module's output is a condition, True or False: it is not understood"
            )
        return self._read(x)

    def first_reason(self) -> str | None:
        """Why something is not understood, if anything is."""
        return next((f.reason for f in self.followed.values() if f.reason), None)

    # ---- what is kept of a storage

    def _find(self, x: torch.Tensor) -> _Followed | None:
        if x.layout is not torch.strided or not self.followed:
            return None
        return self.followed.get(x.untyped_storage()._cdata)

    def _keep(self, x: torch.Tensor, value: Value | Step | None, reason: str | None = None) -> None:
        """What the tensor x holds from now on; the rest of its storage stays as it is."""
        if x.layout is not torch.strided:
            self.place.refuse(self.place.says("it makes a sparse tensor of the input"))
        for key in [key for key, f in self.followed.items() if f.storage.expired()]:
            del self.followed[key]
        storage = x.untyped_storage()
        if reason is None:
            is_step, value = isinstance(value, Step), value.z if isinstance(value, Step) else value
            before = self.followed.get(storage._cdata)
            if before and before.reason:
                return
            n = storage.nbytes() // x.itemsize
            if x.numel() < n and before is not None and before.is_step != is_step:
                reason = self.place.says("it puts conditions and numbers side by side")
            else:
                with on_cpu():
                    value = self._written(x, value, None if before is None else before.value, n)
                self.followed[storage._cdata] = _Followed(
                    StorageWeakRef(storage), x.dtype, value, is_step
                )
                return
        self.followed[storage._cdata] = _Followed(StorageWeakRef(storage), x.dtype, reason=reason)

    def _written(self, x: torch.Tensor, value: Value, before: Value | None, n: int) -> Value:
        """The map of a whole storage of n elements, where the tensor x of it becomes ``value``."""
        value = _spread(value, x.shape)
        if x.numel() == n and x.is_contiguous():
            return value.apply(lambda rows: rows.reshape(len(rows), -1))
        if before is None:
            flat = torch.as_strided(x, (n,), (1,), 0).detach().cpu().double()
            before = Value(0, torch.zeros_like(flat) if x.numel() == n else flat, {})
        level = max(before.level, value.level)
        before, value = self.form.lift(before, level), self.form.lift(value, level)

        def put(old, new):
            whole = old.clone()
            if x.numel():
                whole.as_strided(
                    (len(whole), *x.shape), (n, *x.stride()), x.storage_offset()
                ).copy_(new)
            return whole

        rows = {}
        for b in dict.fromkeys([*before.rows, *value.rows]):
            size = self.form.blocks[b].size
            check_size(size * n)
            old, new = before.rows.get(b), value.rows.get(b)
            rows[b] = put(
                before.const.new_zeros(size, n) if old is None else old,
                before.const.new_zeros(size, *x.shape) if new is None else new,
            )
        return Value(level, put(before.const[None], value.const[None])[0], rows)

    def _read(self, x: torch.Tensor) -> Value | Step:
        """The affine map (or condition) that the tensor x holds; NotUnderstood where there is none."""
        followed = self._find(x)
        if followed.reason:
            raise NotUnderstood(followed.reason)
        key = tuple(x.shape), x.stride(), x.storage_offset()
        resized = x.untyped_storage().nbytes() // x.itemsize != followed.value.const.numel()
        if key not in followed.views:
            if x.dtype != followed.dtype or resized:
                raise NotUnderstood(self.place.says("it reads the bits of numbers as another type"))
            followed.views[key] = followed.value.apply(lambda rows: _strided(rows, x))
        return Step(followed.views[key]) if followed.is_step else followed.views[key]

    # ---- operations

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.muted:
            return func(*args, **kwargs)
        name, inputs = _name(func), _tensors((args, kwargs))
        known = [x for x in inputs if self._find(x) is not None]
        if (found := _decomposed(self, func, args, kwargs)) is not NotImplemented:
            return found
        is_random = torch.Tag.nondeterministic_seeded in func.tags and name not in ACTIVATIONS
        is_random = is_random and "attention" not in name
        if name in ACTIVATIONS:
            self.activations.append(None)
        if not known and not is_random or _only_looks(func) or name in _SHAPES_ONLY:
            return func(*args, **kwargs)
        written = [
            value
            for argument, value in _bound(func, args, kwargs)
            if argument.alias_info is not None and argument.alias_info.is_write
        ]
        written, results, reason = _tensors(written), [], None
        try:
            if is_random:
                raise NotUnderstood(self.place.says(_RANDOM))
            results = self._results(name, func, args, kwargs, known)
        except NotUnderstood as error:
            reason = str(error)
        outputs = func(*args, **kwargs)
        if (
            not written
            and known
            and all(self._find(x) is not None for x in _tensors(outputs))
            and _tensors(outputs)
        ):
            return outputs  # views, though the operation's schema does not say so
        if not _tensors(outputs) and outputs is not None and func._schema.returns:
            return self._plain_number(outputs)
        # What an operation gives is new, or it is what the operation has written to.
        places = {x.untyped_storage()._cdata for x in written}
        fresh = [x for x in _tensors(outputs) if x.untyped_storage()._cdata not in places]
        targets, rest = (fresh, written) if fresh else (written, [])
        beside = self.place.says("what it gives besides its first result is not understood")
        for x, result in itertools.zip_longest(targets, results[: len(targets)]):
            self._keep(x, result, reason or (beside if result is None else None))
        for x in rest:
            self._keep(x, None, reason or beside)
        return outputs

    def _plain_number(self, x):
        """What an operation gives that is no tensor: a number that the code goes on with."""
        self._number_taken()
        if self.pretended is None or type(x) not in (bool, int, float):
            return x
        return type(x)(self.pretended > 0 if type(x) is bool else self.pretended)

    def numbers_of(self, x):
        if not isinstance(x, torch.Tensor) or self._find(x) is None:
            return x
        self._number_taken()
        by_address = self.place.function in (
            "data_ptr",
            "__dlpack__",
            "storage",
            "untyped_storage",
            "_typed_storage",
        )
        return (
            x
            if self.pretended is None or by_address
            else torch.full_like(x, self.pretended).detach()
        )

    def _number_taken(self) -> None:
        """Hooks may look at numbers, other code would decide by them."""
        if not self.place.hook:
            self.place.refuse(self._takes_numbers())
        self.place.took = True
        if self.place.hook not in self.place.looking:
            self.place.looking.append(self.place.hook)

    def _takes_numbers(self) -> str:
        where, function = self.place.module[0], (self.place.function or "item").strip("_")
        inside = f"{where}: " if where else ""
        if self.place.function in _TAKE_NUMBERS:
            return (
                f"{inside}its code takes the numbers of a tensor that depends on the input out of torch's operations "
                f"({function}), where they cannot be followed: write it in operations of torch"
            )
        return (
            f"{inside}its code asks for the numbers in a tensor that depends on the input ({function}), as control "
            "flow does (if, while, item()): write it as a composition of layers"
        )

    def _results(self, name: str, func, args, kwargs, known) -> list[Value | Step]:
        """What an operation makes of affine maps; NotUnderstood, with the operation's name and the reason."""
        for x in known:
            if self._find(x).reason:
                raise NotUnderstood(self._find(x).reason)
        bound = {
            argument.name: self._operand(value) for argument, value in _bound(func, args, kwargs)
        }
        try:
            with torch.no_grad(), on_cpu():
                found = self._rule(name, func, bound)
        except NotUnderstood as error:
            raise NotUnderstood(self.place.says(str(error))) from error
        except _ERRORS as error:
            if isinstance(error, MBHError):
                raise
            raise NotUnderstood(
                self.place.says((str(error).splitlines() or ["it failed"])[0])
            ) from error
        return found if isinstance(found, list) else [found]

    def _operand(self, x):
        """An argument of an operation with affine maps for tensors that depend on the input, constants in float64."""
        if isinstance(x, list | tuple):
            return [self._operand(part) for part in x]
        if not isinstance(x, torch.Tensor):
            return x
        if self._find(x) is None:
            x = x.detach().cpu()
            if x.is_complex():
                raise NotUnderstood(self.place.says("it is given complex numbers"))
            return x.double() if x.is_floating_point() else x
        value = self._read(x)
        return value if isinstance(value, Step) or value.rows else value.const

    def _rule(self, name: str, func, bound: dict) -> Value | Step | list:
        form, parts = self.form, _flat(list(bound.values()))
        if func._overloadname.endswith("out"):
            raise NotUnderstood("with out= it is not understood")
        if any(isinstance(x, Step) for x in parts):
            return _with_steps(self, name, bound)
        if not any(
            isinstance(x, Value) for x in parts
        ):  # constants have taken the place of what depends on the input
            found = _functional(func, {**bound, "device": None})
            return [_as_value(x) for x in _tensors(found)]
        if name in ACTIVATIONS:
            return ACTIVATIONS[name](self, bound)
        if name in _COMPARISONS:
            return _comparison(form, name, bound)
        if name == "_to_copy":
            return self._converted(bound)
        if name in _BATCH_NORMS:
            return _batch_norm(form, bound)
        if name in ("copy", "fill"):
            source = "src" if name == "copy" else "value"
            shape = (
                bound["self"].const.shape
                if isinstance(bound["self"], Value)
                else bound["self"].shape
            )
            return _spread(_as_value(bound[source]), shape)
        if name == "reciprocal":
            raise NotUnderstood(_DIVIDES)
        joint, factors = LINEAR.get(name, (None, ()))
        if joint is None:
            raise NotUnderstood("it is not understood")
        if name == "div" and (
            isinstance(bound["other"], Value) or bound.get("rounding_mode") is not None
        ):
            raise NotUnderstood(_DIVIDES if isinstance(bound["other"], Value) else "it rounds")
        moving = [k for k in factors if isinstance(bound[k], Value)]
        if len(moving) > 1:
            raise NotUnderstood(_TWO)
        return _affine(form, func, bound, (*joint, *moving))

    def _converted(self, bound: dict) -> Value:
        kind, value = bound["dtype"], bound["self"]
        if (
            kind is None
            or kind.is_floating_point
            and torch.finfo(kind).eps <= max(self.precision, 2e-7)
        ):
            if kind is not None:
                self.precision = max(self.precision, torch.finfo(kind).eps)
            return value
        raise NotUnderstood(
            f"it rounds what depends on the input to {str(kind).removeprefix('torch.')}"
        )

    def activate(self, value: Value, pieces: Pieces) -> Value:
        """A piecewise linear function of each element, named after where it is."""
        found = self.form.activate(value, pieces, self.place.name)
        self.activations[-1] = len(self.form.blocks) - 1
        return found

    def piecewise_linear(self, z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
        with _Muted(self):
            self.activations.append(None)
            found, value, reason = _plain_piecewise(z, pieces), None, None
            if self._find(z) is None:
                return found
            try:
                value = self._operand(z)
                if isinstance(value, Step):
                    raise NotUnderstood(self.place.says("it is not understood of a condition"))
                with on_cpu():
                    value = self.activate(_as_value(value), pieces)
            except NotUnderstood as error:
                reason = str(error)
            self._keep(found, value, reason)
        return found


class _Muted:
    """While it lasts, a watch looks away."""

    def __init__(self, watch: Watch):
        self.watch, self.before = watch, watch.muted

    def __enter__(self):
        self.watch.muted = True

    def __exit__(self, *error):
        self.watch.muted = self.before


def _strided(rows: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """What the tensor x reads of rows (n, elements of its storage): (n, *x.shape)."""
    if x.is_contiguous() and x.numel() == rows.shape[1]:
        return rows.reshape(len(rows), *x.shape)
    return rows.contiguous().as_strided(
        (len(rows), *x.shape), (rows.shape[1], *x.stride()), x.storage_offset()
    )


def _name(func) -> str:
    """Name of an operation without its overload, that of add_ is add."""
    return func._schema.name.removeprefix("aten::").rstrip("_")


def _flat(x) -> list:
    if isinstance(x, dict):
        return _flat(list(x.values()))
    return (
        [part for item in x for part in _flat(item)]
        if isinstance(x, list | tuple) and not isinstance(x, Step)
        else [x]
    )


def _tensors(x) -> list[torch.Tensor]:
    return [part for part in _flat(x) if isinstance(part, torch.Tensor)]


def _bound(func, args, kwargs) -> list[tuple]:
    """(argument of the schema, its value) of a call, defaults included."""
    found = []
    for i, argument in enumerate(func._schema.arguments):
        value = (
            args[i]
            if i < len(args) and not argument.kwarg_only
            else kwargs.get(argument.name, argument.default_value)
        )
        found.append((argument, value))
    return found


def _decomposed(watch: Watch, func, args, kwargs):
    """The result of an operation that is made of others (seen as one in inference mode only), of which each is seen."""
    name = _name(func)
    if (
        not torch.is_inference_mode_enabled()
        or name in LINEAR
        or name in ACTIVATIONS
        or name in _BATCH_NORMS
    ):
        return NotImplemented
    if not func._can_decompose():
        return NotImplemented
    with watch:
        return func.decompose(*args, **kwargs)


def _only_looks(func) -> bool:
    """Whether all that an operation gives are views of its arguments (or the argument itself in another shape)."""
    if torch.Tag.inplace_view in func.tags:
        return True
    returns = func._schema.returns
    return bool(returns) and all(
        r.alias_info is not None and not r.alias_info.is_write for r in returns
    )


def _spread(value: Value, shape) -> Value:
    """A value broadcast to a shape."""
    ones = [1] * (len(shape) - value.const.ndim)
    return value.apply(
        lambda rows: rows.reshape(len(rows), *ones, *rows.shape[1:]).expand(len(rows), *shape)
    )


def _as_value(x) -> Value:
    return x if isinstance(x, Value) else Value(0, torch.as_tensor(x, dtype=torch.float64), {})


def _affine(form: Canonical, func, bound: dict, moving: tuple[str, ...]) -> Value:
    """An operation that is affine in the arguments ``moving`` together (tensors, numbers or lists of tensors)."""
    left_out = {
        "dtype",
        "layout",
        "device",
        "pin_memory",
        "memory_format",
    }  # everything is float64 on the CPU here
    bound = {k: None if k in left_out else x for k, x in bound.items()}
    bound["indices"] = _numbered(bound.get("indices"))
    kinds = (Value, torch.Tensor, list)
    if _name(func) in (
        "add",
        "sub",
        "rsub",
        "masked_fill",
    ):  # a number in their place is only added
        kinds = (*kinds, int, float)
    moving = [k for k in moving if isinstance(bound.get(k), kinds)]
    _refuse_no_numbers(bound)
    values = [
        _as_value(x)
        for k in moving
        for x in (bound[k] if isinstance(bound[k], list) else [bound[k]])
    ]

    def run(*parts):
        parts, given = iter(parts), dict(bound)
        for k in moving:
            given[k] = (
                [next(parts) for _ in bound[k]] if isinstance(bound[k], list) else next(parts)
            )
        found = _functional(func, given)
        return found[0] if isinstance(found, tuple) else found

    return form.linear(run, *values)


def _refuse_no_numbers(bound: dict) -> None:
    """NotUnderstood where a constant tensor holds NaN or infinite values."""
    for x in _tensors(bound):
        if x.is_floating_point() and not torch.isfinite(x).all():
            where = torch.argwhere(~torch.isfinite(x))[0].tolist()
            raise NotUnderstood(
                f"a constant tensor that it uses is {x[tuple(where)].item()} at {where}"
            )


def _numbered(indices):
    """Indices of tensors of True and False as whole numbers."""
    if not isinstance(indices, list):
        return indices
    found = []
    for index in indices:
        is_mask = isinstance(index, torch.Tensor) and index.dtype in (torch.bool, torch.uint8)
        found += [*index.nonzero(as_tuple=True)] if is_mask else [index]
    return found


def _functional(func, given: dict):
    """Run an operation on these arguments; one in place gives its result and leaves the arguments as they are."""
    if func._schema.is_mutable:
        packet = getattr(_ATEN, _name(func))
        overload = func._overloadname
        if overload == "Scalar" and any(
            isinstance(given.get(k), torch.Tensor) for k in ("other", "value")
        ):
            overload = "Tensor"
        func = getattr(packet, overload)
    elif func._overloadname == "Scalar" and any(
        isinstance(given.get(k), torch.Tensor) for k in ("other", "value")
    ):
        func = func._overloadpacket.Tensor
    arguments = func._schema.arguments
    args = [given[a.name] for a in arguments if not a.kwarg_only]
    return func(*args, **{a.name: given[a.name] for a in arguments if a.kwarg_only})


# ------------------------------------------------------------------------------------------------ rules of operations

#: What an operation is affine in: these arguments together, and one of those (which is multiplied by the others).
LINEAR: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "add": (("self", "other"), ()), "sub": (("self", "other"), ()), "rsub": (("self", "other"), ()),
    "lerp": (("self", "end"), ()), "cat": (("tensors",), ()), "stack": (("tensors",), ()),
    "where": (("self", "other"), ()), "masked_fill": (("self", "value"), ()),
    "masked_scatter": (("self", "source"), ()), "index_put": (("self", "values"), ()),
    "_index_put_impl": (("self", "values"), ()), "index_copy": (("self", "source"), ()),
    "index_add": (("self", "source"), ()), "index_fill": (("self", "value"), ()),
    "scatter": (("self", "src", "value"), ()), "scatter_add": (("self", "src"), ()),
    "slice_scatter": (("self", "src"), ()), "select_scatter": (("self", "src"), ()),
    "addmm": (("self",), ("mat1", "mat2")), "addmv": (("self",), ("mat", "vec")), "addr": (("self",), ("vec1", "vec2")),
    "baddbmm": (("self",), ("batch1", "batch2")), "addbmm": (("self",), ("batch1", "batch2")),
    "addcmul": (("self",), ("tensor1", "tensor2")), "addcdiv": (("self",), ("tensor1",)),
    "convolution": (("bias",), ("input", "weight")),
    "mul": ((), ("self", "other")), "mm": ((), ("self", "mat2")), "bmm": ((), ("self", "mat2")),
    "mv": ((), ("self", "vec")), "dot": ((), ("self", "tensor")), "vdot": ((), ("self", "other")),
    **dict.fromkeys((
        "div", "neg", "sum", "mean", "cumsum", "clone", "_unsafe_view", "_reshape_copy", "repeat", "flip", "roll",
        "index", "index_select", "gather", "take", "masked_select", "tril", "triu", "trace", "diag_embed", "zero",
        "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d",
        "replication_pad2d", "replication_pad3d", "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d",
        "_adaptive_avg_pool3d", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d",
        "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "upsample_linear1d", "upsample_bilinear2d",
        "upsample_bicubic2d", "upsample_trilinear3d", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "im2col",
        "col2im", "alias_copy", "detach_copy", "expand_copy", "permute_copy", "slice_copy", "view_copy",
    ), (("self",), ())),
}  # fmt: skip
_SHAPES_ONLY = {
    "zeros_like", "ones_like", "empty_like", "full_like", "new_zeros", "new_ones", "new_empty", "new_full",
    "new_empty_strided", "empty_strided", "sym_size", "sym_stride", "sym_numel", "sym_storage_offset", "is_same_size",
    "isnan", "isinf",  # False of all numbers here
}  # fmt: skip
_BATCH_NORMS = {
    "native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm", "_native_batch_norm_legit_no_training",
}  # fmt: skip
_COMPARISONS = {"gt": 1.0, "ge": 1.0, "lt": -1.0, "le": -1.0}


def _leaky(slope) -> Pieces:
    return Pieces(slope, 0.0, ((0.0, 1.0 - slope),))


def clamp(low, high) -> Pieces:
    """The pieces of min(max(z, low), high); None: no bound; NotUnderstood where low >= high."""
    if low is None:
        return Pieces(1.0, 0.0, ((high, -1.0),))
    if high is None:
        return Pieces(0.0, low, ((low, 1.0),))
    if not (torch.as_tensor(low) < torch.as_tensor(high)).all():
        raise NotUnderstood(f"its lower bound {low} is not below its upper bound {high}")
    return Pieces(0.0, low, ((low, 1.0), (high, -1.0)))


def _one(pieces: Callable[[dict], Pieces]):
    """The rule of an activation: a piecewise linear function of each element of its first argument."""

    def rule(follower: Follower, bound: dict) -> Value:
        if any(isinstance(x, Value) for k, x in bound.items() if k != "self"):
            raise NotUnderstood(_TWO)
        return follower.activate(_as_value(bound["self"]), pieces(bound))

    return rule


def _threshold(bound: dict) -> Pieces:
    if bound["threshold"] != bound["value"]:
        raise NotUnderstood(
            f"it jumps from {bound['value']} to {bound['threshold']}: such functions are not understood"
        )
    return clamp(bound["threshold"], None)


def _rrelu(bound: dict) -> Pieces:
    if bound["training"]:
        raise NotUnderstood(_RANDOM)
    return _leaky((bound["lower"] + bound["upper"]) / 2)


def _maximum(sign: float):
    """max(a, b), or with sign -1 min(a, b) = -max(-a, -b)."""

    def rule(follower: Follower, bound: dict) -> Value:
        a, b, form = bound["self"], bound["other"], follower.form
        if isinstance(a, Value) and isinstance(b, Value):
            if sign > 0:
                return form.maximum(a, b, follower.place.name)
            return form.linear(
                torch.neg,
                form.maximum(
                    form.linear(torch.neg, a), form.linear(torch.neg, b), follower.place.name
                ),
            )
        value, bar = (a, b) if isinstance(a, Value) else (b, a)
        value = form.linear(
            torch.add,
            _as_value(value),
            Value(0, torch.zeros_like(torch.as_tensor(bar).double()), {}),
        )
        return form.activate(
            value, clamp(bar, None) if sign > 0 else clamp(None, bar), follower.place.name
        )

    return rule


def _max_pool(follower: Follower, bound: dict) -> list:
    """Maximum over windows."""
    if bound["ceil_mode"]:
        raise NotUnderstood("with ceil_mode or return_indices it is not understood")
    value = bound["self"]
    shape = functional.max_pool2d(
        value.const, *(bound[k] for k in ("kernel_size", "stride", "padding", "dilation"))
    ).shape
    return [_largest(follower, value, _windows(bound, value.const), shape)]


def _windows(bound: dict, const: torch.Tensor) -> torch.Tensor:
    """Flat input indices of the elements of each window, (elements, windows) in the order of the pool's output."""
    index = torch.arange(1.0, const.numel() + 1, dtype=torch.float64).reshape(const.shape)
    index = index if const.ndim == 4 else index[None]
    kernel, dilation, padding, stride = (
        nn.modules.utils._pair(bound[name] if len(bound[name]) != 1 else bound[name][0])
        for name in ("kernel_size", "dilation", "padding", "stride")
    )
    stride = stride or kernel
    windows = functional.unfold(
        index, tuple(kernel), tuple(dilation), tuple(padding), tuple(stride)
    )
    windows = (
        windows.reshape(index.shape[1], kernel[0] * kernel[1], -1).transpose(0, 1).flatten(1).long()
    )
    return windows - 1  # -1: padding


def _largest(follower: Follower, value: Value, windows: torch.Tensor, shape) -> Value:
    """Maximum over windows, flat indices (elements, windows), -1 for none.

    Padding never wins, so it takes no part: windows of equally many elements are compared together, the largest first.
    """
    sizes = (windows >= 0).sum(dim=0)
    if not sizes.all():
        raise NotUnderstood("a window holds nothing but padding")
    value = value.apply(lambda x: x.reshape(len(x), -1))
    groups, parts = [torch.nonzero(sizes == size).flatten() for size in sizes.unique().flip(0)], []
    for group in groups:
        real = windows[:, group].T
        real = real[real >= 0].reshape(len(group), -1).T  # in their order
        parts.append(_knocked_out(follower, value, real))
    if len(parts) == 1:
        return parts[0].apply(lambda x: x.reshape(len(x), *shape))
    order = torch.cat(groups).argsort()
    whole = follower.form.linear(lambda *rows: torch.cat(rows, dim=-1)[..., order], *parts)
    return whole.apply(lambda x: x.reshape(len(x), *shape))


def _knocked_out(follower: Follower, value: Value, windows: torch.Tensor) -> Value:
    """Maximum over windows of elements by rounds: neurons compare pairs of elements, then pairs of winners."""
    form, name = follower.form, follower.place.name
    value = value.apply(lambda x: x[:, None, windows])
    while (k := value.const.shape[1]) > 1:
        first, second, rest = (
            value.apply(lambda x, part=part: x[:, :, part])
            for part in (slice(0, k // 2), slice(k // 2, k // 2 * 2), slice(k // 2 * 2, k))
        )
        won = form.maximum(first, second, name)
        value = form.linear(lambda a, b: torch.cat([a, b], dim=1), won, rest) if k % 2 else won
    return value


def _largest_along(sign: float):
    """max or min along one dimension (``amax``, ``max.dim``)."""

    def rule(follower: Follower, bound: dict) -> Value | list:
        value, dims = bound["self"], bound.get("dim")
        if not isinstance(value, Value) or isinstance(bound.get("other"), Value):
            raise NotUnderstood(_TWO)
        dims = [dims] if isinstance(dims, int) else list(dims or range(value.const.ndim))
        dims = sorted(d % value.const.ndim for d in dims)
        others = [d for d in range(value.const.ndim) if d not in dims]
        index = torch.arange(value.const.numel()).reshape(value.const.shape).permute(*dims, *others)
        index = index.reshape(math.prod(value.const.shape[d] for d in dims), -1)
        keep = bound.get("keepdim")
        shape = [
            1 if d in dims else n for d, n in enumerate(value.const.shape) if keep or d not in dims
        ]
        turned = value if sign > 0 else follower.form.linear(torch.neg, value)
        found = _largest(follower, turned, index, shape)
        return [found if sign > 0 else follower.form.linear(torch.neg, found)]

    return rule


def _max(sign: float):
    """torch.max (or min) in its three meanings: of two tensors, along a dimension, of all elements."""
    along, of_two = _largest_along(sign), _maximum(sign)
    return lambda follower, bound: (
        of_two(follower, bound) if "other" in bound else along(follower, bound)
    )


ACTIVATIONS: dict[str, Callable] = {
    "relu": _one(lambda b: RELU),
    "leaky_relu": _one(lambda b: _leaky(b["negative_slope"])),
    "_prelu_kernel": _one(lambda b: _leaky(b["weight"])),
    "rrelu_with_noise": _one(_rrelu),
    "hardtanh": _one(lambda b: clamp(b["min_val"], b["max_val"])),
    "clamp": _one(lambda b: clamp(b["min"], b["max"])),
    "clamp_min": _one(lambda b: clamp(b["min"], None)),
    "clamp_max": _one(lambda b: clamp(None, b["max"])),
    "threshold": _one(_threshold),
    "hardsigmoid": _one(lambda b: Pieces(0.0, 0.0, ((-3.0, 1 / 6), (3.0, -1 / 6)))),
    "softshrink": _one(lambda b: Pieces(1.0, b["lambd"], ((-b["lambd"], -1.0), (b["lambd"], 1.0)))),
    "abs": _one(lambda b: Pieces(-1.0, 0.0, ((0.0, 2.0),))),
    "maximum": _maximum(1.0), "minimum": _maximum(-1.0), "max": _max(1.0), "min": _max(-1.0),
    "amax": _largest_along(1.0), "amin": _largest_along(-1.0),
    "max_pool2d_with_indices": _max_pool,
}  # fmt: skip


def _batch_norm(form: Canonical, bound: dict) -> list:
    if bound.get("training") or bound["running_mean"] is None:
        raise NotUnderstood("without running statistics it mixes samples")
    value, weight, bias = bound.get("input", bound.get("self")), bound["weight"], bound["bias"]
    if not isinstance(value, Value) or isinstance(weight, Value) or isinstance(bias, Value):
        raise NotUnderstood(_TWO)
    scale = 1 / torch.sqrt(bound["running_var"] + bound.get("eps", bound.get("epsilon")))
    scale = scale if weight is None else scale * weight
    shift = -bound["running_mean"] * scale if bias is None else bias - bound["running_mean"] * scale
    form_of = [-1, *[1] * (value.const.ndim - 2)]
    scale, shift = scale.reshape(form_of), shift.reshape(form_of)
    return [
        Value(
            value.level,
            value.const * scale + shift,
            {b: rows * scale for b, rows in value.rows.items()},
        )
    ]


# ---- conditions z > 0, as in torch.where(z > 0, z, 0.1 * z)


def _comparison(form: Canonical, name: str, bound: dict) -> Step:
    a, b = (_as_value(bound[k]) for k in ("self", "other"))
    sign = _COMPARISONS[name]
    return Step(form.linear(lambda x, y: sign * (x - y), a, b))


def _with_steps(follower: Follower, name: str, bound: dict) -> Value | Step:
    """Operations on a condition: where, a product with it, x[condition] = number, a conversion to numbers."""
    form = follower.form
    if name in ("_to_copy", "clone"):
        return bound["self"]
    if name in ("logical_not", "bitwise_not"):
        z = bound["self"].z
        return Step(form.linear(torch.neg, z))
    if name == "where" and isinstance(bound["condition"], Step):
        return _switched(follower, bound["condition"].z, bound["self"], bound["other"])
    if name == "mul":
        step, x = (
            (bound["self"], bound["other"])
            if isinstance(bound["self"], Step)
            else (bound["other"], bound["self"])
        )
        return _switched(follower, step.z, x, 0.0)
    if name == "masked_fill" and isinstance(bound["mask"], Step):
        return _switched(follower, bound["mask"].z, bound["value"], bound["self"])
    if name in ("index_put", "_index_put_impl") and not bound["accumulate"]:
        (step, *more), value = bound["indices"], bound["values"]
        if (
            isinstance(step, Step)
            and not more
            and isinstance(value, torch.Tensor)
            and value.numel() == 1
        ):
            return _switched(follower, step.z, value.reshape(()), bound["self"])
    raise NotUnderstood("of a condition it is not understood")


def _switched(follower: Follower, z: Value, a, b) -> Value:
    """a where z > 0, else b: b + c relu(z), if a - b is c z (up to rounding), so that it does not jump."""
    if isinstance(a, Step) or isinstance(b, Step):
        raise NotUnderstood("of a condition it is not understood")
    form = follower.form
    a, b = _as_value(a), _as_value(b)
    shape = torch.broadcast_shapes(z.const.shape, a.const.shape, b.const.shape)
    z, ahead = _spread(z, shape), _spread(form.linear(torch.sub, a, b), shape)
    level = max(z.level, ahead.level)
    low, high = form.lift(z, level), form.lift(ahead, level)
    inner, size, product = _terms(low, low), _terms(high, high), _terms(high, low)
    factor = torch.where(inner > 0, product / inner.clamp_min(1e-300), 0.0)
    rest = form.linear(lambda x, y: x - factor * y, high, low)
    if not (_terms(rest, rest) <= (8 * follower.precision) ** 2 * size).all():
        raise NotUnderstood(
            "it jumps where its condition changes, and such functions are not understood"
        )
    bent = form.activate(z, Pieces(0.0, 0.0, ((0.0, factor),)), follower.place.name)
    return form.linear(torch.add, b, bent)


def _terms(a: Value, b: Value) -> torch.Tensor:
    """Sum over all units (and the constant) of the products of two maps, of each element."""
    total = a.const * b.const
    for k, rows in a.rows.items():
        if k in b.rows:
            total = total + (rows * b.rows[k]).sum(dim=0)
    return total
