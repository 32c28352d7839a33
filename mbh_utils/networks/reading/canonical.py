"""ReLU networks with linear units: the form that every traced module takes (see ``tracing.py``), and how it is built.

Every tensor of the module is kept as an affine map of the units of one layer, one row per unit, and an affine operation
is run, in float64, on these rows as if they were a batch of samples (or row by row, where it does not take them so).
"""

import contextlib
import math
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from mbh_utils.computing import require
from mbh_utils.errors import MBHError

#: Largest number of entries of one affine map (float64: 0.8 GB).
LIMIT = 100_000_000


class Pieces(NamedTuple):
    """A piecewise linear function: slope z + offset + sum of change relu(z - breakpoint); numbers or tensors."""

    slope: float
    offset: float
    bends: tuple  # of (breakpoint, change of slope), breakpoints in rising order


RELU = Pieces(0.0, 0.0, ((0.0, 1.0),))


class Neurons(NamedTuple):
    """The neurons of one activation layer of a module, one line of ``Traced.neurons``."""

    name: str  # qualified name of the module or function, #2 behind it at its second call
    layer: int  # hidden layer, from 0
    columns: slice  # of a pattern, counted over all hidden neurons
    shape: tuple[int, ...]  # of the activation's output, for one sample
    breakpoints: (
        int  # neurons per element; those of one element stand side by side, breakpoints rising
    )

    def states(self, patterns: np.ndarray) -> np.ndarray:
        """State alpha of each element: (n, *shape) int, breakpoints below it, of patterns (n, n_hidden) bool."""
        return (
            patterns[:, self.columns]
            .reshape(len(patterns), *self.shape, self.breakpoints)
            .sum(axis=-1)
        )


@dataclass(frozen=True, eq=False)
class Traced:
    """A module as a ReLU network with linear units; ``partition_input_space`` and all others take it as a network.

    layers: [(weight, bias, n_linear), ...] float64; the last n_linear units of a layer are linear.
    output: (weight, bias) of the affine map from the last layer's units to the flattened outputs.
    neurons: which columns of a pattern belong to which activation of the module, see :class:`Neurons`.
    input_shape: of one sample; inputs are taken as rows, flattened.
    """

    layers: list[tuple[np.ndarray, np.ndarray, int]]
    output: tuple[np.ndarray, np.ndarray]
    neurons: list[Neurons]
    input_shape: tuple[int, ...]

    def __call__(self, x) -> np.ndarray:
        """Outputs (n, n_outputs) float64 of rows (n, d)."""
        x = require.numbers("x", x, (None, math.prod(self.input_shape)))
        for weight, bias, n_linear in self.layers:
            x = x @ weight.T + bias
            real = x[:, : x.shape[1] - n_linear]
            np.maximum(real, 0, out=real)
        return x @ self.output[0].T + self.output[1]

    def hidden_layers(self) -> list[tuple]:
        """``layers`` without the linear units that only the output needs; pairs (weight, bias) where none is left."""
        layers, used = [], np.zeros(self.output[0].shape[1], dtype=bool)
        for weight, bias, n_linear in reversed(self.layers):
            n = len(bias) - n_linear
            kept = np.append(np.arange(n), n + np.flatnonzero(used[n:]))
            weight, bias, n_linear = weight[kept], bias[kept], len(kept) - n
            used = weight.any(axis=0)
            if layers:
                layers[0] = (np.ascontiguousarray(layers[0][0][:, kept]), *layers[0][1:])
            layers.insert(0, (weight, bias, n_linear) if n_linear else (weight, bias))
        return layers

    def __repr__(self) -> str:
        lines = [
            f"  {n.columns.start:>6}-{n.columns.stop - 1:<6} layer {n.layer}: {n.name} {n.shape}"
            + (f", {n.breakpoints} breakpoints" if n.breakpoints > 1 else "")
            for n in self.neurons
        ]
        head = f"Traced({np.prod(self.input_shape)} inputs -> {len(self.output[1])} outputs; columns of patterns:"
        return "\n".join([head, *lines, ")"])


@dataclass
class Value:
    """A tensor of the module: const (shape) + sum over blocks of units x rows (n_units, *shape), float64.

    The shape is the tensor's own, for one sample. All blocks belong to one layer, ``level`` (0: the inputs).
    """

    level: int
    const: torch.Tensor
    rows: dict[int, torch.Tensor]

    def apply(self, f) -> "Value":
        """f, which only picks or rearranges, of each of its parts; f takes and gives (n, ...)."""
        return Value(
            self.level, f(self.const[None])[0], {b: f(rows) for b, rows in self.rows.items()}
        )


@dataclass
class _Block:
    """Units of one layer that were made together."""

    level: int
    size: int
    name: str | None  # None: linear units
    value: Value | None  # pre-activations (None: the inputs)
    breakpoints: list  # of tensors (numel,); empty: linear units


class Canonical:
    """Builds the traced form, operation by operation."""

    def __init__(self, shape: tuple[int, ...]):
        size = int(np.prod(shape))
        self.blocks = [_Block(0, size, None, None, [])]
        self.input = Value(0, torch.zeros(1, *shape).double(), {0: _unit_rows(size, (1, *shape))})
        self.copies: dict[int, int] = {}  # block -> its linear copy one layer further
        self.neurons: dict[int, Neurons] = {}  # of which block, when it is finished

    def _new(self, block: _Block) -> int:
        self.blocks.append(block)
        return len(self.blocks) - 1

    def lift(self, value: Value, level: int) -> Value:
        """The same value as a map of the units of a later layer: linear units carry it there."""
        while value.level < level:
            size, following, shape = value.const.numel(), value.level + 1, value.const.shape
            if (
                sum(self.blocks[b].size for b in value.rows) <= size
            ):  # fewer units than elements: carry the units
                rows = {self._copy(b): r for b, r in value.rows.items()}
            else:
                pure = Value(value.level, torch.zeros_like(value.const), value.rows)
                rows = {self._new(_Block(following, size, None, pure, [])): _unit_rows(size, shape)}
            value = Value(following, value.const, rows)
        return value

    def _copy(self, b: int) -> int:
        if b not in self.copies:
            block = self.blocks[b]
            rows = {b: _unit_rows(block.size, (block.size,))}
            same = Value(block.level, torch.zeros(block.size).double(), rows)
            self.copies[b] = self._new(_Block(block.level + 1, block.size, None, same, []))
        return self.copies[b]

    def linear(self, f, *values: Value) -> Value:
        """f of the values, an f that is affine in all of them together and takes and gives tensors of their shapes."""
        level = max(v.level for v in values)
        values = [self.lift(v, level) for v in values]
        zeros = [torch.zeros_like(v.const) for v in values]
        const, zero, rows = f(*(v.const for v in values)), f(*zeros), {}
        for b in dict.fromkeys(b for v in values for b in v.rows):
            check_size(self.blocks[b].size * const.numel())
            given = [v.rows.get(b, z) for v, z in zip(values, zeros, strict=True)]
            rows[b] = _of_rows(f, given, [b in v.rows for v in values], const.shape, zero)
        return Value(level, const, rows)

    def activate(self, value: Value, pieces: Pieces, name: str) -> Value:
        """A piecewise linear function of each element; its neurons are new units, in the next layer."""
        size, shape, level = value.const.numel(), value.const.shape, value.level + 1

        def spread(x):
            return torch.as_tensor(x, dtype=torch.float64).expand(shape)

        slope, offset, k = spread(pieces.slope), spread(pieces.offset), len(pieces.bends)
        check_size(size * size * k)
        const, rows = torch.zeros_like(value.const) + offset, {}
        if slope.any():
            carried = self.lift(value, level)
            const, rows = (
                const + slope * carried.const,
                {b: slope * r for b, r in carried.rows.items()},
            )
        breakpoints = [spread(t).flatten() for t, _ in pieces.bends]
        changes = torch.stack([spread(change).flatten() for _, change in pieces.bends], dim=1)
        units = (
            torch.diag_embed(changes.T).permute(1, 0, 2).reshape(size * k, *shape)
        )  # neuron (i, k) -> element i
        rows[self._new(_Block(level, size * k, name, value, breakpoints))] = units
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
        return self.blocks[b].name is not None and torch.equal(
            rows.reshape(len(rows), -1), _unit_rows(len(rows), (len(rows),))
        )

    def _used(self, output: Value) -> set[int]:
        """Blocks that the output depends on; what a module only looks at, or gives to no one, is none of them."""
        used, waiting = set(), list(output.rows)
        while waiting:
            if (b := waiting.pop()) not in used:
                used.add(b)
                waiting += self.blocks[b].value.rows if self.blocks[b].value else ()
        return used

    def finish(self, output: Value, input_shape: tuple[int, ...]) -> Traced:
        last = max((self.blocks[b].level for b in self._used(output)), default=0)
        output = self.lift(output, last)
        used = self._used(output)
        if last == 0:
            raise MBHError(
                "the network has no hidden layer: the module is affine, nothing in it bends"
            )
        place = {0: 0}  # block -> first of its units in its layer
        width, layers, first, calls = self.blocks[0].size, [], 0, Counter()
        for level in range(1, last + 1):
            here = [b for b, block in enumerate(self.blocks) if block.level == level and b in used]
            here.sort(key=lambda b: self.blocks[b].name is None)  # linear units last
            n, n_linear, parts = 0, 0, []
            for b in here:
                block = self.blocks[b]
                place[b], n = n, n + block.size
                parts.append(self._matrix(block.value, block.breakpoints, place, width))
                block.value = Value(
                    block.value.level, block.value.const, {}
                )  # its rows are not needed any more
                if block.name is None:
                    n_linear += block.size
                    continue
                calls[block.name] += 1
                name = block.name if calls[block.name] == 1 else f"{block.name}#{calls[block.name]}"
                columns, shape = (
                    slice(first, first + block.size),
                    _of_one_sample(block.value.const.shape),
                )
                self.neurons[b] = Neurons(name, level - 1, columns, shape, len(block.breakpoints))
                first += block.size
            layers.append((*(np.concatenate(part) for part in zip(*parts, strict=True)), n_linear))
            width = n
        return Traced(
            layers, self._matrix(output, [], place, width), list(self.neurons.values()), input_shape
        )

    def _matrix(self, value: Value, breakpoints: list, place: dict[int, int], width: int):
        """Weight and bias of the value's elements less each breakpoint, over a layer of this width."""
        check_size(value.const.numel() * width * max(1, len(breakpoints)))
        weight = np.zeros((value.const.numel(), width))
        for b, rows in value.rows.items():
            weight[:, place[b] : place[b] + len(rows)] = rows.reshape(len(rows), -1).numpy().T
        bias = value.const.flatten().numpy()
        if breakpoints:
            weight = np.repeat(weight, len(breakpoints), axis=0)
            bias = (bias[:, None] - torch.stack(breakpoints, dim=1).numpy()).ravel()
        return weight, bias


def _of_one_sample(shape) -> tuple[int, ...]:
    """A tensor's shape without the dimension of the samples."""
    return tuple(shape[1:] if len(shape) > 1 and shape[0] == 1 else shape)


def _of_rows(
    f, given: list[torch.Tensor], is_rows: list[bool], shape, zero: torch.Tensor
) -> torch.Tensor:
    """f less f(0) of each row, (n_units, *shape); where ``is_rows`` is False, the argument is the same for all rows."""
    n = next(len(x) for x, many in zip(given, is_rows, strict=True) if many)
    if (found := _of_batch(f, given, is_rows, (n, *shape), zero)) is None:
        each = [
            f(*(x[i] if many else x for x, many in zip(given, is_rows, strict=True)))
            for i in range(n)
        ]
        found = torch.stack(each)
    return found - zero if zero.any() else found


def _of_batch(f, given, is_rows, shape, zero: torch.Tensor) -> torch.Tensor | None:
    """f of all rows as one batch of samples; None where it does something else with a batch than with each sample."""
    one = [x.shape[1:2] == (1,) for x, many in zip(given, is_rows, strict=True) if many]
    if not all(one) or shape[1:2] != (1,):
        return None
    try:
        found = f(*(x[:, 0] if many else x for x, many in zip(given, is_rows, strict=True)))
    except (
        ValueError,
        TypeError,
        RuntimeError,
        IndexError,
    ):  # e.g. sizes that it was given for one sample
        return None
    if found.shape != (shape[0], *shape[2:]):
        return None
    # Some rows, each with a factor, go together to the sum of their results, unless f mixes rows.
    some = torch.linspace(0, shape[0] - 1, min(shape[0], 16)).long().unique()
    factors = torch.arange(1.0, len(some) + 1, dtype=torch.float64).sin()
    mixed = f(
        *(
            torch.tensordot(factors, x[some], 1) if many else x
            for x, many in zip(given, is_rows, strict=True)
        )
    )
    parts = found[some][:, None] - zero
    scale = max(parts.abs().max().item(), zero.abs().max().item()) if parts.numel() else 0.0
    if not (mixed - zero - torch.tensordot(factors, parts, 1)).abs().le(1e-9 * scale).all():
        return None
    return found[:, None]


def _unit_rows(size: int, shape) -> torch.Tensor:
    check_size(size * size)
    return torch.eye(size, dtype=torch.float64).reshape(size, *shape)


def on_cpu():
    """While it lasts, new tensors lie on the CPU, whatever ``torch.set_default_device`` says."""
    elsewhere = torch.get_default_device().type != "cpu"
    return torch.device("cpu") if elsewhere else contextlib.nullcontext()


def check_size(entries: int) -> None:
    if entries > LIMIT:
        raise MBHError(
            f"an affine map between two layers would have {entries:,} entries, more than {LIMIT:,} (all maps are dense "
            "here): use smaller images or fewer channels"
        )
