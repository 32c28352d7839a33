"""Which affine map each *storage* of numbers holds, while a forward pass is followed.

Kept by storage and not by tensor, views and operations in place are right by themselves: a view
reads its part of the storage, an operation in place writes it, and whatever looks at the same
numbers sees them.
"""

from dataclasses import dataclass, field

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from mbh_utils.networks.reading.canonical import Canonical, Value, check_size, on_cpu
from mbh_utils.networks.reading.operations.context import NotUnderstood, Step, broadcast
from mbh_utils.networks.reading.place import Place


@dataclass
class Content:
    """What a storage of n elements holds: an affine map (n), a condition z > 0 of one, or neither.

    Where it is neither, the reason is there.
    """

    storage: StorageWeakRef
    dtype: torch.dtype
    value: Value | None = None
    is_step: bool = False
    reason: str | None = None
    #: What was read already: by shape, strides and offset.
    views: dict = field(default_factory=dict)

    def understood(self) -> Value:
        """The map; NotUnderstood, with the reason, where it is neither map nor condition."""
        if self.reason or self.value is None:
            raise NotUnderstood(self.reason)
        return self.value


class Storages:
    """The affine maps of all tensors that depend on the input of the module."""

    def __init__(self, form: Canonical, place: Place):
        self.form = form
        self.place = place
        self._contents: dict[int, Content] = {}

    def find(self, x: torch.Tensor) -> Content | None:
        """What the storage of this tensor holds; None where it does not depend on the input."""
        if x.layout is not torch.strided or not self._contents:
            return None
        return self._contents.get(x.untyped_storage()._cdata)

    def first_reason(self) -> str | None:
        """Why something is not understood, if anything is."""
        return next((c.reason for c in self._contents.values() if c.reason), None)

    def clear(self) -> None:
        """Forget all of them."""
        self._contents.clear()

    def keep(self, x: torch.Tensor, value: Value | Step | None, reason: str | None = None) -> None:
        """What the tensor x holds from now on; the rest of its storage stays as it is."""
        if x.layout is not torch.strided:
            self.place.refuse(self.place.says("it makes a sparse tensor of the input"))
        self._forget_what_is_gone()
        storage = x.untyped_storage()
        before = self._contents.get(storage._cdata)
        if reason is None:
            if before and before.reason:
                return
            reason = self._side_by_side(x, value, before)
        content = Content(StorageWeakRef(storage), x.dtype, reason=reason)
        if reason is None:
            content.is_step = isinstance(value, Step)
            given = value.z if isinstance(value, Step) else value
            assert given is not None  # where there is neither, there is a reason
            with on_cpu():
                content.value = self._written(x, given, None if before is None else before.value)
        self._contents[storage._cdata] = content

    def _forget_what_is_gone(self) -> None:
        gone = [key for key, content in self._contents.items() if content.storage.expired()]
        for key in gone:
            del self._contents[key]

    def _side_by_side(self, x: torch.Tensor, value, before: Content | None) -> str | None:
        """Why this cannot be written beside what the storage holds; None where it can."""
        is_whole = x.numel() >= _length(x)
        if is_whole or before is None or before.is_step == isinstance(value, Step):
            return None
        return self.place.says("it puts conditions and numbers side by side")

    def _written(self, x: torch.Tensor, value: Value, before: Value | None) -> Value:
        """The map of the whole storage of x, where x becomes ``value``."""
        n = _length(x)
        value = broadcast(value, x.shape)
        if x.numel() == n and x.is_contiguous():
            return value.apply(lambda rows: rows.reshape(len(rows), -1))
        if before is None:
            flat = torch.as_strided(x, (n,), (1,), 0).detach().cpu().double()
            before = Value(0, torch.zeros_like(flat) if x.numel() == n else flat, {})
        level = max(before.level, value.level)
        before = self.form.lift(before, level)
        value = self.form.lift(value, level)
        rows = {}
        for b in dict.fromkeys([*before.rows, *value.rows]):
            size = self.form.blocks[b].size
            check_size(size * n)
            old = before.rows.get(b)
            new = value.rows.get(b)
            rows[b] = _put(
                before.const.new_zeros(size, n) if old is None else old,
                before.const.new_zeros(size, *x.shape) if new is None else new,
                x,
            )
        const = _put(before.const[None], value.const[None], x)[0]
        return Value(level, const, rows)

    def read(self, x: torch.Tensor) -> Value | Step:
        """The affine map (or condition) that a tensor made from the input holds.

        NotUnderstood where there is none.
        """
        content = self.find(x)
        assert content is not None
        whole = content.understood()
        key = tuple(x.shape), x.stride(), x.storage_offset()
        if key not in content.views:
            is_resized = _length(x) != whole.const.numel()
            if x.dtype != content.dtype or is_resized:
                raise NotUnderstood(self.place.says("it reads the bits of numbers as another type"))
            content.views[key] = whole.apply(lambda rows: _strided(rows, x))
        view = content.views[key]
        return Step(view) if content.is_step else view


def _length(x: torch.Tensor) -> int:
    """Elements of the storage of x."""
    return x.untyped_storage().nbytes() // x.itemsize


def _put(whole: torch.Tensor, part: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Rows (n, elements of the storage) with ``part`` (n, \\*x.shape) where x lies in it."""
    whole = whole.clone()
    if x.numel():
        strides = (whole.shape[1], *x.stride())
        whole.as_strided((len(whole), *x.shape), strides, x.storage_offset()).copy_(part)
    return whole


def _strided(rows: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """What x reads of rows (n, elements of its storage): (n, \\*x.shape)."""
    if x.is_contiguous() and x.numel() == rows.shape[1]:
        return rows.reshape(len(rows), *x.shape)
    strides = (rows.shape[1], *x.stride())
    return rows.contiguous().as_strided((len(rows), *x.shape), strides, x.storage_offset())
