"""Any composition of affine layers and piecewise linear activations, as a ReLU network.

A piecewise linear activation with K breakpoints is phi(z) = s z + c + sum_k d_k relu(z - t_k): s is
its leftmost slope, d_k the change of slope at t_k. So a network of affine layers and such
activations is a ReLU network with K neurons for each element of an activation, and with *linear
units*, which are passed on as they are, where something has to reach a later layer past a ReLU: the
part s z, or a residual branch. Linear units are no neurons: they have no state and cut nothing. The
state alpha of an element (Definition 3.1 of the thesis, which allows any number of states) is the
number of its neurons that are active, which is the number of breakpoints below its pre-activation.

A copy of the module runs on one sample, as it is and in the state it is in, while the affine maps
are followed through it; then what was found is compared with the module itself.
"""

import contextlib
import inspect
import sys
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import comparison, copying, randomness
from mbh_utils.networks.reading.canonical import RELU, Canonical, Value, on_cpu
from mbh_utils.networks.reading.following import Follower
from mbh_utils.networks.reading.input_shape import shape_told, shapes_to_try
from mbh_utils.networks.reading.parts import number_type
from mbh_utils.networks.reading.piecewise import PiecewiseLinear
from mbh_utils.networks.reading.place import Place, is_leaf
from mbh_utils.networks.reading.refusals import (
    refuse_training,
    refuse_what_cannot_run,
    unwrapped,
)
from mbh_utils.networks.reading.traced import Traced
from mbh_utils.networks.reading.watching import FunctionNames

__all__ = ["PiecewiseLinear", "trace", "trace_at"]

#: Kinds of parameters that a call may give.
_GIVEN = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


def trace(
    module: nn.Module,
    input_shape: Sequence[int] | int | None = None,
    *,
    output_layer: bool = True,
) -> Traced:
    """A module as a ReLU network with linear units, compared with the module itself.

    Parameters
    ----------
    module : torch.nn.Module
        Any composition of affine layers and piecewise linear activations, residual additions,
        functions such as ``F.relu``, operations in place, hooks and Python's own arithmetic with
        shapes included; it is not changed. It is taken in the state it is in: masks of
        ``torch.nn.utils.prune``, parametrizations and hooks are applied, and what only observes
        does no harm. Weights of any float type are taken exactly, in float64. ``DataParallel`` and
        ``torch.compile`` stand for the module that they wrap.
    input_shape : sequence of int, optional
        Shape of one sample, e.g. (1, 28, 28); can be left out where the first layer is Linear or
        Unflatten.
    output_layer : bool, default True
        True: every activation is hidden, and the affine maps after the last one are the output
        layer. False: outputs that are not the result of an activation are neurons too, as if a ReLU
        followed.

    Returns
    -------
    Traced
        The hidden layers, the output layer, and which neurons are those of which activation.

    Raises
    ------
    MBHError
        For what is not understood, by its qualified name and type; for code that asks for the
        numbers in its tensors (control flow); for a module in training mode whose BatchNorm or
        Dropout would act; for NaN and infinite weights; when the traced form and the module
        disagree, with the place and the size of the difference.

    Notes
    -----
    Neurons are numbered layer by layer, where layer l is all activations behind which l - 1 others
    lie at most, and inside a layer in the order of the computation; ``Traced.neurons`` is the
    table.

    MaxPool brings neurons of its own, which compare two elements; that makes more regions than
    there are pieces. (Behind a ReLU, where one of the two is 0, a comparison repeats the other's
    own border.) They play a knock-out: pairs of a window's elements, then pairs of winners, in the
    order of the windows. Windows that padding leaves fewer elements come behind the larger ones.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from torch import nn
    >>> net = nn.Sequential(
    ...     nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    ... )
    >>> mbh.trace(net, input_shape=(1, 6, 6))
    Traced(36 inputs -> 3 outputs; columns of patterns:
           0-31     layer 0: 1 (2, 4, 4)
          32-47     layer 1: 2 (2, 8)
          48-55     layer 2: 2#2 (1, 8)
    )
    """
    expected = "a torch.nn.Module of affine layers and piecewise linear activations"
    require.kind_of("module", module, nn.Module, expected)
    output_layer = require.flag("output_layer", output_layer)
    return trace_at(module, input_shape, output_layer=output_layer)


def trace_at(
    module: nn.Module,
    input_shape: Sequence[int] | int | None = None,
    *,
    output_layer: bool = True,
    points: Callable[[], np.ndarray] | None = None,
) -> Traced:
    """:func:`trace`, compared with the module also at these points (n, d) of the domain at hand."""
    if not isinstance(module, nn.Module):
        raise MBHError(f"{type(module).__name__} is not understood: trace takes a torch.nn.Module")
    module = unwrapped(module)
    kind = type(module).__name__
    refuse_what_cannot_run(module)
    refuse_training(module)
    with randomness.own_random_numbers(module), _eagerly(), torch.no_grad():
        twin = copying.copy_of(module)
        if is_leaf(twin):
            twin = nn.Sequential(twin).train(twin.training)
        place = Place()
        copying.name_places(twin, place)
        follower, output = _first_that_fits(twin, input_shape, points, place, kind)
        form = follower.context.form
        with on_cpu():
            is_end = output_layer or form.is_activation(output)
            result = output if is_end else form.activate(output, RELU, "output")
            traced = form.finish(result, _shape_of_one(form))
        follower.storages.clear()
        comparison.check(
            traced,
            follower.context,
            twin,
            kind,
            points,
            clipped=not is_end,
            original=module,
        )
    return traced


def _eagerly() -> contextlib.AbstractContextManager:
    """While it lasts, compiled code runs as it is written."""
    stance = sys.modules.get("torch._dynamo") and getattr(torch.compiler, "set_stance", None)
    return stance("force_eager") if stance else contextlib.nullcontext()


class _OtherShape(MBHError):
    """The module does not take inputs of the shape that was tried."""


def _first_that_fits(
    twin: nn.Module,
    given,
    points: Callable[[], np.ndarray] | None,
    place: Place,
    kind: str,
) -> tuple[Follower, Value]:
    """What followed the module and its output, for the first of the input shapes that it takes."""
    problem = None
    for shape in shapes_to_try(twin, given, points):
        with on_cpu():
            form = Canonical(shape)
        try:
            return _followed(twin, form, place, kind)
        except _OtherShape as error:
            problem = problem or error
            place.modules.clear()
    told, first = shape_told(twin)
    if problem and (given or told or first is None):
        raise MBHError(str(problem)) from problem.__cause__
    layer = "first layer, for it has none"
    if first is not None:
        layer = f"first layer, {type(first).__name__}"
    raise MBHError(
        f"the input shape of {kind} cannot be told from its {layer}: trace it first, "
        "mbh_utils.trace(module, input_shape=(1, 28, 28)), and use what comes back in place of the "
        "module"
    ) from problem


def _followed(
    twin: nn.Module,
    form: Canonical,
    place: Place,
    kind: str,
) -> tuple[Follower, Value]:
    """What has followed the module's forward pass, and the affine map of its output."""
    dtype, device = number_type(twin)
    x = comparison.random_points(form.input.const.numel(), 1, 1.0).reshape(form.input.const.shape)
    x = torch.from_numpy(x).to(device, dtype)
    follower = Follower(form, place, torch.finfo(dtype).eps)
    follower.start(x)
    place.refusal = None
    place.looking = []
    coins = randomness.Coins(twin)
    try:
        with FunctionNames(place, follower), follower:
            result = twin(x)
    except Exception as error:  # whatever the module's own code raises
        if not isinstance(error, MBHError):
            _refuse_shape(twin, form, kind)
        if reason := follower.storages.first_reason():
            raise MBHError(reason) from error
        raise MBHError(f"{kind} cannot be traced: {error}") from error
    if place.refusal is not None:  # the module's own code has caught it
        raise MBHError(f"{kind} cannot be traced: {place.refusal}") from place.refusal
    value = follower.result(result)
    _refuse_hooks_that_decide(twin, x, form, place, result)
    coins.refuse(lambda: twin(x.clone()))
    return follower, value


def _refuse_hooks_that_decide(
    twin: nn.Module,
    x: torch.Tensor,
    form: Canonical,
    place: Place,
    result: torch.Tensor,
) -> None:
    """MBHError where other numbers than those that hooks have seen would change the output."""
    if not place.looking:
        return
    names = " and ".join(place.looking)
    for pretended in (1e6, -1e6):
        with on_cpu():
            own = Canonical(_shape_of_one(form))
        follower = Follower(own, place, torch.finfo(x.dtype).eps, pretended)
        again = x.clone()
        follower.start(again)
        try:
            with FunctionNames(place, follower), follower:
                found = twin(again)
        except Exception:  # e.g. of a hook that checks its numbers
            place.modules.clear()
            found = result
        if place.refusal or not torch.equal(found, result):
            raise MBHError(
                f"{names} takes the numbers of tensors that depend on the input (item, numpy, if, "
                "...), and the output depends on them: what it is at other inputs cannot be known. "
                "Write it in operations of torch"
            )


def _refuse_shape(twin: nn.Module, form: Canonical, kind: str) -> None:
    """MBHError where the module does not take its input without being followed either."""
    dtype, device = number_type(twin)
    shape = _shape_of_one(form)
    try:
        twin(torch.zeros(1, *shape, dtype=dtype, device=device))
    except Exception as error:
        parameters = inspect.signature(twin.forward).parameters.values()
        needed = [p.name for p in parameters if p.default is p.empty and p.kind in _GIVEN]
        if len(needed) > 1:
            raise MBHError(
                f"the module takes a second input, {needed[1]}: wrap it in a module of one input"
            ) from error
        raise _OtherShape(f"{kind} does not take inputs of shape {shape}: {error}") from error


def _shape_of_one(form: Canonical) -> tuple[int, ...]:
    """Shape of one sample that the form is of."""
    return tuple(form.input.const.shape[1:])
