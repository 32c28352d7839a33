"""How the traced form is built, while a forward pass is followed: operation by operation.

Every tensor of the module is a :class:`Value`, an affine map of the units of one layer, one row per
unit. An affine operation is run, in float64, on these rows as if they were a batch of samples (or
row by row, where it does not take them so). An activation makes new units in the next layer: its
neurons. What has to reach a later layer past them is carried there by linear units.
"""

import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.traced import Neurons, Traced

#: Largest number of entries of one affine map (float64: 0.8 GB).
LIMIT = 100_000_000
#: What an operation may raise on a batch of rows, such as for sizes that are those of one sample.
_NO_BATCH = (ValueError, TypeError, RuntimeError, IndexError)


class Pieces(NamedTuple):
    """A piecewise linear function: slope z + offset + sum of change relu(z - breakpoint).

    slope, offset: numbers or tensors. bends: (breakpoint, change of slope), breakpoints rising.
    """

    slope: float | torch.Tensor
    offset: float | torch.Tensor
    bends: tuple


RELU = Pieces(0.0, 0.0, ((0.0, 1.0),))


@dataclass
class Value:
    """A tensor of the module: const (shape) + sum over blocks of units x rows (n_units, *shape).

    All in float64. The shape is the tensor's own, for one sample. All blocks belong to one layer,
    ``level`` (0: the inputs).
    """

    level: int
    const: torch.Tensor
    rows: dict[int, torch.Tensor]

    def apply(self, f: Callable[[torch.Tensor], torch.Tensor]) -> "Value":
        """f, which only picks or rearranges, of each of its parts; f takes and gives (n, ...)."""
        const = f(self.const[None])[0]
        return Value(self.level, const, {b: f(rows) for b, rows in self.rows.items()})


@dataclass
class _Block:
    """Units of one layer that were made together: neurons of one activation, or linear units.

    name: None for linear units. value: their pre-activations (None: the inputs). breakpoints: of
    the activation, tensors (numel,); none for linear units.
    """

    level: int
    size: int
    name: str | None
    value: Value | None
    breakpoints: list[torch.Tensor]

    def made_of(self) -> Value:
        """The pre-activations of units that are not the inputs."""
        assert self.value is not None
        return self.value


class Canonical:
    """The blocks of units so far; ``finish`` makes the traced form of them."""

    def __init__(self, shape: tuple[int, ...]):
        size = int(np.prod(shape))
        zeros = torch.zeros(1, *shape).double()
        self.blocks = [_Block(0, size, None, None, [])]
        self.input = Value(0, zeros, {0: _unit_rows(size, (1, *shape))})
        #: Block -> its linear copy one layer further.
        self.copies: dict[int, int] = {}
        #: Block -> its neurons, when it is finished.
        self.neurons: dict[int, Neurons] = {}

    def _new(self, block: _Block) -> int:
        self.blocks.append(block)
        return len(self.blocks) - 1

    # ---- operations

    def lift(self, value: Value, level: int) -> Value:
        """The same value as a map of the units of a later layer: linear units carry it there."""
        while value.level < level:
            n_units = sum(self.blocks[b].size for b in value.rows)
            if n_units <= value.const.numel():
                rows = {self._copy(b): r for b, r in value.rows.items()}
            else:
                rows = self._carried(value)
            value = Value(value.level + 1, value.const, rows)
        return value

    def _carried(self, value: Value) -> dict[int, torch.Tensor]:
        """New linear units one layer further, one for each element of the value; their rows."""
        size = value.const.numel()
        pure = Value(value.level, torch.zeros_like(value.const), value.rows)
        block = self._new(_Block(value.level + 1, size, None, pure, []))
        return {block: _unit_rows(size, value.const.shape)}

    def _copy(self, b: int) -> int:
        """Linear units that are those of block b one layer further."""
        if b not in self.copies:
            block = self.blocks[b]
            rows = {b: _unit_rows(block.size, (block.size,))}
            same = Value(block.level, torch.zeros(block.size).double(), rows)
            self.copies[b] = self._new(_Block(block.level + 1, block.size, None, same, []))
        return self.copies[b]

    def linear(self, f: Callable[..., torch.Tensor], *values: Value) -> Value:
        """f of the values; f is affine in all together, and takes tensors of their shapes."""
        level = max(v.level for v in values)
        lifted = [self.lift(v, level) for v in values]
        zeros = [torch.zeros_like(v.const) for v in lifted]
        const = f(*(v.const for v in lifted))
        zero = f(*zeros)
        rows = {}
        for b in dict.fromkeys(b for v in lifted for b in v.rows):
            check_size(self.blocks[b].size * const.numel())
            given = [v.rows.get(b, z) for v, z in zip(lifted, zeros, strict=True)]
            is_rows = [b in v.rows for v in lifted]
            rows[b] = _of_rows(f, given, is_rows, const.shape, zero)
        return Value(level, const, rows)

    def activate(self, value: Value, pieces: Pieces, name: str) -> Value:
        """A piecewise linear function of each element.

        Its neurons are new units in the next layer, one for each element and breakpoint.
        """
        shape = value.const.shape
        size = value.const.numel()
        level = value.level + 1
        k = len(pieces.bends)
        check_size(size * size * k)

        def expand(x) -> torch.Tensor:
            return torch.as_tensor(x, dtype=torch.float64).expand(shape)

        slope = expand(pieces.slope)
        const = torch.zeros_like(value.const) + expand(pieces.offset)
        rows = {}
        if slope.any():
            carried = self.lift(value, level)
            const = const + slope * carried.const
            rows = {b: slope * r for b, r in carried.rows.items()}
        breakpoints = [expand(t).flatten() for t, _ in pieces.bends]
        changes = torch.stack([expand(change).flatten() for _, change in pieces.bends])
        # Neuron (i, k) goes to element i.
        to_elements = torch.diag_embed(changes).permute(1, 0, 2).reshape(size * k, *shape)
        rows[self._new(_Block(level, size * k, name, value, breakpoints))] = to_elements
        return Value(level, const, rows)

    def maximum(self, a: Value, b: Value, name: str) -> Value:
        """max(a, b) = b + relu(a - b): a neuron per element, active where a > b."""
        ahead = self.linear(torch.sub, a, b)
        return self.linear(torch.add, b, self.activate(ahead, RELU, name))

    def is_activation(self, value: Value) -> bool:
        """Whether the value is a ReLU's result as it is, up to reshaping."""
        if len(value.rows) != 1 or value.const.any():
            return False
        ((b, rows),) = value.rows.items()
        if self.blocks[b].name is None:
            return False
        return torch.equal(rows.reshape(len(rows), -1), _unit_rows(len(rows), (len(rows),)))

    # ---- the end

    def finish(self, output: Value, input_shape: tuple[int, ...]) -> Traced:
        """The traced form of a module with this output; the maps of the blocks go into it."""
        last = max((self.blocks[b].level for b in self._used(output)), default=0)
        if last == 0:
            raise MBHError(
                "the network has no hidden layer: the module is affine, nothing in it bends"
            )
        output = self.lift(output, last)
        used = self._used(output)
        first_unit = {0: 0}  # block -> first of its units in its layer
        width = self.blocks[0].size
        layers = []
        for level in range(1, last + 1):
            here = self._of_level(level, used)
            layers.append(self._layer(here, first_unit, width))
            width = 0
            for b in here:
                first_unit[b] = width
                width += self.blocks[b].size
        end = self._matrix(output, [], first_unit, width)
        self._name_neurons(last, used)
        return Traced(layers, end, list(self.neurons.values()), input_shape)

    def _used(self, output: Value) -> set[int]:
        """Blocks that the output depends on.

        What a module only looks at, or gives to no one, is none of them.
        """
        used = set()
        waiting = list(output.rows)
        while waiting:
            if (b := waiting.pop()) not in used:
                used.add(b)
                value = self.blocks[b].value
                waiting += value.rows if value else ()
        return used

    def _of_level(self, level: int, used: set[int]) -> list[int]:
        """The blocks of a layer, linear units last."""
        here = [b for b, block in enumerate(self.blocks) if block.level == level and b in used]
        return sorted(here, key=lambda b: self.blocks[b].name is None)

    def _layer(self, here: list[int], first_unit: dict[int, int], width: int):
        """Weight, bias and number of linear units of a layer of these blocks."""
        parts = []
        n_linear = 0
        for b in here:
            block = self.blocks[b]
            value = block.made_of()
            parts.append(self._matrix(value, block.breakpoints, first_unit, width))
            if block.name is None:
                n_linear += block.size
            # Its rows are not needed any more.
            block.value = Value(value.level, value.const, {})
        weights, biases = zip(*parts, strict=True)
        return np.concatenate(weights), np.concatenate(biases), n_linear

    def _matrix(
        self,
        value: Value,
        breakpoints: list[torch.Tensor],
        first_unit: dict[int, int],
        width: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weight and bias of the value's elements less each breakpoint.

        width: units of the layer that they are a map of.
        """
        size = value.const.numel()
        check_size(size * width * max(1, len(breakpoints)))
        weight = np.zeros((size, width))
        for b, rows in value.rows.items():
            first = first_unit[b]
            weight[:, first : first + len(rows)] = rows.reshape(len(rows), -1).numpy().T
        bias = value.const.flatten().numpy()
        if breakpoints:
            weight = np.repeat(weight, len(breakpoints), axis=0)
            bias = (bias[:, None] - torch.stack(breakpoints, dim=1).numpy()).ravel()
        return weight, bias

    def _name_neurons(self, last: int, used: set[int]) -> None:
        """Tell which columns of a pattern belong to which activation."""
        first = 0
        calls = Counter()
        for level in range(1, last + 1):
            for b in self._of_level(level, used):
                block = self.blocks[b]
                if block.name is None:
                    continue
                calls[block.name] += 1
                n_calls = calls[block.name]
                self.neurons[b] = Neurons(
                    name=block.name if n_calls == 1 else f"{block.name}#{n_calls}",
                    layer=level - 1,
                    columns=slice(first, first + block.size),
                    shape=_of_one_sample(block.made_of().const.shape),
                    breakpoints=len(block.breakpoints),
                )
                first += block.size


def _of_one_sample(shape) -> tuple[int, ...]:
    """A tensor's shape without the dimension of the samples."""
    return tuple(shape[1:] if len(shape) > 1 and shape[0] == 1 else shape)


# ---- affine operations on all rows of a map


def _of_rows(
    f: Callable[..., torch.Tensor],
    given: list[torch.Tensor],
    is_rows: list[bool],
    shape,
    zero: torch.Tensor,
) -> torch.Tensor:
    """f less f(0) of each row, (n_units, *shape).

    given: the arguments of f; where ``is_rows`` is False, one is the same for all rows.
    """
    n = next(len(x) for x, many in zip(given, is_rows, strict=True) if many)
    found = _of_batch(f, given, is_rows, (n, *shape), zero)
    if found is None:
        each = [f(*_each(given, is_rows, lambda x, i=i: x[i])) for i in range(n)]
        found = torch.stack(each)
    return found - zero if zero.any() else found


def _each(given: list[torch.Tensor], is_rows: list[bool], pick: Callable) -> list[torch.Tensor]:
    """The arguments of f, those that are rows by what ``pick`` makes of them."""
    return [pick(x) if many else x for x, many in zip(given, is_rows, strict=True)]


def _of_batch(
    f: Callable[..., torch.Tensor],
    given: list[torch.Tensor],
    is_rows: list[bool],
    shape: tuple[int, ...],
    zero: torch.Tensor,
) -> torch.Tensor | None:
    """f of all rows as one batch of samples.

    None where f does something else with a batch than with each sample.
    """
    rows = [x for x, many in zip(given, is_rows, strict=True) if many]
    if shape[1:2] != (1,) or any(x.shape[1:2] != (1,) for x in rows):
        return None
    try:
        found = f(*_each(given, is_rows, lambda x: x[:, 0]))
    except _NO_BATCH:
        return None
    if found.shape != (shape[0], *shape[2:]) or _mixes_rows(f, given, is_rows, found, zero):
        return None
    return found[:, None]


def _mixes_rows(f, given, is_rows, found: torch.Tensor, zero: torch.Tensor) -> bool:
    """Whether f of a batch is not f of each row.

    Some rows, each with a factor, go together to the sum of their results, unless f mixes rows.
    """
    n = len(found)
    some = torch.linspace(0, n - 1, min(n, 16)).long().unique()
    factors = torch.arange(1.0, len(some) + 1, dtype=torch.float64).sin()
    mixed = f(*_each(given, is_rows, lambda x: torch.tensordot(factors, x[some], 1)))
    parts = found[some][:, None] - zero
    off = mixed - zero - torch.tensordot(factors, parts, 1)
    scale = max(parts.abs().max().item(), zero.abs().max().item()) if parts.numel() else 0.0
    return not off.abs().le(1e-9 * scale).all()


def _unit_rows(size: int, shape) -> torch.Tensor:
    check_size(size * size)
    return torch.eye(size, dtype=torch.float64).reshape(size, *shape)


# ---- where and how large


def on_cpu() -> contextlib.AbstractContextManager:
    """While it lasts, new tensors lie on the CPU, whatever ``torch.set_default_device`` says."""
    elsewhere = torch.get_default_device().type != "cpu"
    return torch.device("cpu") if elsewhere else contextlib.nullcontext()


def check_size(entries: int) -> None:
    """MBHError for an affine map that does not fit into memory."""
    if entries > LIMIT:
        raise MBHError(
            f"an affine map between two layers would have {entries:,} entries, more than "
            f"{LIMIT:,} (all maps are dense here): use smaller images or fewer channels"
        )
