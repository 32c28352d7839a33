"""Following affine maps through a module's own forward pass, which runs on one sample.

The pass runs as it always does, hooks, flags, dicts and Python's own arithmetic with shapes
included; ``Follower`` sees every operation below it, and which of the tensors depend on the input.
What these hold is kept in ``storages.py``; what an operation does to it is said in ``operations/``.
"""

import itertools

import torch

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.canonical import Canonical, Pieces, Value, on_cpu
from mbh_utils.networks.reading.operations import rules
from mbh_utils.networks.reading.operations.calls import (
    bound_arguments,
    only_looks,
    operation_name,
    tensors_in,
    written_tensors,
)
from mbh_utils.networks.reading.operations.context import (
    DRAWS,
    Context,
    NotUnderstood,
    Step,
    as_value,
)
from mbh_utils.networks.reading.piecewise import sum_of_pieces
from mbh_utils.networks.reading.place import Place
from mbh_utils.networks.reading.storages import Storages
from mbh_utils.networks.reading.watching import (
    TAKE_ADDRESSES,
    TAKE_NUMBERS,
    Muted,
    Watch,
    decomposed,
)

#: Whatever can go wrong with an operation that is run on affine maps: it is then not understood.
_ERRORS = (ValueError, TypeError, RuntimeError, NotImplementedError, IndexError)


class Follower(Watch):
    """Keeps which tensors depend on the input of the module, and how.

    precision: machine epsilon of the module's own numbers; conversions to a coarser type are not
    understood. pretended: what hooks get in place of all numbers that they take out of tensors that
    depend on the input.
    """

    def __init__(
        self,
        form: Canonical,
        place: Place,
        precision: float,
        pretended: float | None = None,
    ):
        super().__init__()
        self.context = Context(form, place, precision)
        self.place = place
        self.pretended = pretended
        self.storages = Storages(form, place)

    def start(self, x: torch.Tensor) -> None:
        """This tensor is the module's input."""
        self.storages.keep(x, self.context.form.input)

    def result(self, x) -> Value:
        """The affine map of the module's output; MBHError where there is none."""
        content = self.storages.find(x) if isinstance(x, torch.Tensor) else None
        if content is None:
            raise MBHError(
                "the module's output is not one tensor made from its input: wrap it to return one"
            )
        if content.reason:
            raise MBHError(content.reason)
        if content.is_step:
            raise MBHError(
                "the module's output is a condition, True or False: it is not understood"
            )
        found = self.storages.read(x)
        assert isinstance(found, Value)  # as it is no condition
        return found

    def _depends(self, x: torch.Tensor) -> bool:
        """Whether a tensor is made from the input."""
        return self.storages.find(x) is not None

    # ---- operations

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.muted:
            return func(*args, **kwargs)
        name = operation_name(func)
        known = [x for x in tensors_in((args, kwargs)) if self._depends(x)]
        if (found := decomposed(self, func, args, kwargs)) is not NotImplemented:
            return found
        if name in rules.ACTIVATIONS:
            self.context.activations.append(None)
        if only_looks(func) or name in rules.SHAPES_ONLY or not (known or _draws(func)):
            return func(*args, **kwargs)
        written = written_tensors(func, args, kwargs)
        results, reason = self._understood(func, args, kwargs, known)
        outputs = func(*args, **kwargs)
        given = tensors_in(outputs)
        if given and known and not written and all(self._depends(x) for x in given):
            return outputs  # views, though the operation's schema does not say so
        if not given and outputs is not None and func._schema.returns:
            return self._plain_number(outputs)
        self._keep_results(given, written, results, reason)
        return outputs

    def _understood(self, func, args, kwargs, known) -> tuple[list[Value | Step], str | None]:
        """What an operation makes of affine maps; with none, the reason why nobody knows."""
        if _draws(func):
            return [], self.place.says(DRAWS)
        try:
            return self._results(func, args, kwargs, known), None
        except NotUnderstood as error:
            return [], str(error)

    def _results(self, func, args, kwargs, known) -> list[Value | Step]:
        """What an operation makes of affine maps; NotUnderstood, with its name and the reason."""
        for x in known:
            content = self.storages.find(x)
            if content and content.reason:
                raise NotUnderstood(content.reason)
        bound = {
            argument.name: self._operand(value)
            for argument, value in bound_arguments(func, args, kwargs)
        }
        try:
            with torch.no_grad(), on_cpu():
                found = rules.apply(self.context, func, bound)
        except NotUnderstood as error:
            raise NotUnderstood(self.place.says(str(error))) from error
        except MBHError:
            raise
        except _ERRORS as error:
            first_line = (str(error).splitlines() or ["it failed"])[0]
            raise NotUnderstood(self.place.says(first_line)) from error
        return found if isinstance(found, list) else [found]

    def _operand(self, x):
        """An argument with affine maps for tensors made from the input, constants in float64."""
        if isinstance(x, list | tuple):
            return [self._operand(part) for part in x]
        if not isinstance(x, torch.Tensor):
            return x
        if self._depends(x):
            value = self.storages.read(x)
            return value if isinstance(value, Step) or value.rows else value.const
        x = x.detach().cpu()
        if x.is_complex():
            raise NotUnderstood(self.place.says("it is given complex numbers"))
        return x.double() if x.is_floating_point() else x

    def _keep_results(
        self,
        given: list[torch.Tensor],
        written: list[torch.Tensor],
        results: list[Value | Step],
        reason: str | None,
    ) -> None:
        """Keep what an operation has given: something new, or what it has written to."""
        places = {x.untyped_storage()._cdata for x in written}
        fresh = [x for x in given if x.untyped_storage()._cdata not in places]
        targets, others = (fresh, written) if fresh else (written, [])
        beside = self.place.says("what it gives besides its first result is not understood")
        for x, result in itertools.zip_longest(targets, results[: len(targets)]):
            self.storages.keep(x, result, reason or (beside if result is None else None))
        for x in others:
            self.storages.keep(x, None, reason or beside)

    def piecewise_linear(self, z: torch.Tensor, pieces: Pieces) -> torch.Tensor:
        with Muted(self):
            self.context.activations.append(None)
            found = sum_of_pieces(z, pieces)
            if not self._depends(z):
                return found
            value = None
            reason = None
            try:
                value = self._bent(z, pieces)
            except NotUnderstood as error:
                reason = str(error)
            self.storages.keep(found, value, reason)
        return found

    def _bent(self, z: torch.Tensor, pieces: Pieces) -> Value:
        """The affine map of a function with these pieces of what z holds."""
        value = self._operand(z)
        if isinstance(value, Step):
            raise NotUnderstood(self.place.says("it is not understood of a condition"))
        with on_cpu():
            return self.context.activate(as_value(value), pieces)

    # ---- numbers that leave torch

    def _plain_number(self, x):
        """What an operation gives that is no tensor: a number that the code goes on with."""
        self._number_taken()
        if self.pretended is None or type(x) not in (bool, int, float):
            return x
        return type(x)(self.pretended > 0 if type(x) is bool else self.pretended)

    def numbers_of(self, x):
        if not isinstance(x, torch.Tensor) or not self._depends(x):
            return x
        self._number_taken()
        if self.pretended is None or self.place.function in TAKE_ADDRESSES:
            return x
        return torch.full_like(x, self.pretended).detach()

    def _number_taken(self) -> None:
        """Hooks may look at numbers, other code would decide by them."""
        if not self.place.hook:
            self.place.refuse(self._takes_numbers())
        self.place.took = True
        if self.place.hook not in self.place.looking:
            self.place.looking.append(self.place.hook)

    def _takes_numbers(self) -> str:
        where = self.place.module[0]
        function = (self.place.function or "item").strip("_")
        inside = f"{where}: " if where else ""
        if self.place.function in TAKE_NUMBERS:
            return (
                f"{inside}its code takes the numbers of a tensor that depends on the input out of "
                f"torch's operations ({function}), where they cannot be followed: write it in "
                "operations of torch"
            )
        return (
            f"{inside}its code asks for the numbers in a tensor that depends on the input "
            f"({function}), as control flow does (if, while, item()): write it as a composition of "
            "layers"
        )


def _draws(func) -> bool:
    """Whether an operation draws random numbers (RReLU and attention do so in training only)."""
    name = operation_name(func)
    may_not = name in rules.ACTIVATIONS or "attention" in name
    return torch.Tag.nondeterministic_seeded in func.tags and not may_not
