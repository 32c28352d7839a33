"""Any composition of affine layers and piecewise linear activations, brought to the form that the partition works on.

A piecewise linear activation with K breakpoints is phi(z) = s z + c + sum_k d_k relu(z - t_k): s is its leftmost slope,
d_k the change of slope at t_k. So a network of affine layers and such activations is a ReLU network with K neurons for
each element of an activation, and with *linear units*, which are passed on as they are, where something has to reach a
later layer past a ReLU: the part s z, or a residual branch. Linear units are no neurons: they have no state and cut
nothing. The state alpha of an element (Definition 3.1 of the thesis, which allows any number of states) is the number
of its neurons that are active, which is the number of breakpoints below its pre-activation.

A copy of the module runs on one sample, as it is and in the state it is in; ``operations.py`` follows the affine maps
through it, ``twin.py`` makes the copy, and ``agreement.py`` compares what was found with the module itself.
"""

import contextlib
import inspect
import math
import sys
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import comparison as agreement
from mbh_utils.networks.reading import randomness as chance
from mbh_utils.networks.reading import copying as _twin
from mbh_utils.networks.reading.canonical import RELU, Canonical, Value, on_cpu
from mbh_utils.networks.reading.following import Follower
from mbh_utils.networks.reading.piecewise import PiecewiseLinear
from mbh_utils.networks.reading.place import Place, is_leaf
from mbh_utils.networks.reading.traced import Traced
from mbh_utils.networks.reading.watching import FunctionNames

__all__ = ["PiecewiseLinear", "trace", "trace_at"]

#: Inputs of one sample.
MOST_INPUTS = 10**7
_NO_FORWARD = nn.Module.forward
_RANDOM = (
    nn.modules.batchnorm._NormBase,
    nn.modules.dropout._DropoutNd,
    nn.RReLU,
)  # act otherwise in training


def trace(
    module: nn.Module, input_shape: Sequence[int] | int | None = None, *, output_layer: bool = True
) -> Traced:
    """A module as a ReLU network with linear units, compared with the module itself.

    module: any composition of affine layers and piecewise linear activations, residual additions, functions such as
    ``F.relu``, operations in place, hooks and Python's own arithmetic with shapes included; it is not changed. It is
    taken in the state it is in: masks of ``torch.nn.utils.prune``, parametrizations and hooks are applied, and what
    only observes does no harm. Weights of any float type are taken exactly, in float64. ``DataParallel`` and
    ``torch.compile`` stand for the module that they wrap.
    input_shape: of one sample, e.g. (1, 28, 28); can be left out where the first layer is Linear or Unflatten.
    output_layer: True: every activation is hidden, and the affine maps after the last one are the output layer.
    False: outputs that are not the result of an activation are neurons too, as if a ReLU followed.

    Neurons are numbered layer by layer, where layer l is all activations behind which l - 1 others lie at most, and
    inside a layer in the order of the computation; ``Traced.neurons`` is the table. MaxPool brings neurons of its own,
    which compare two elements; that makes more regions than there are pieces. (Behind a ReLU, where one of the two is
    0, a comparison repeats the other's own border.) They play a knock-out: pairs of a window's elements, then pairs of
    winners, in the order of the windows. Windows that padding leaves fewer elements come behind the larger ones.

    Raises MBHError for what is not understood, by its qualified name and type; for code that asks for the numbers
    in its tensors (control flow); for a module in training mode whose BatchNorm or Dropout would act; for NaN and
    infinite weights; when the traced form and the module disagree, with the place and the size of the difference.
    """
    require.kind_of(
        "module",
        module,
        nn.Module,
        "a torch.nn.Module of affine layers and piecewise linear activations",
    )
    return trace_at(module, input_shape, output_layer=require.flag("output_layer", output_layer))


def trace_at(
    module: nn.Module,
    input_shape: Sequence[int] | int | None = None,
    *,
    output_layer: bool = True,
    points: Callable[[], np.ndarray] | None = None,
) -> Traced:
    """:func:`trace`; the result is compared with the module also at these points (n, d), of the domain at hand."""
    if not isinstance(module, nn.Module):
        raise MBHError(f"{type(module).__name__} is not understood: trace takes a torch.nn.Module")
    module = unwrapped(module)
    kind = type(module).__name__
    _refuse_what_cannot_run(module)
    _refuse_training(module)
    with chance.own_random_numbers(module), _eagerly(), torch.no_grad():
        twin = _twin.copy_of(module)
        if is_leaf(twin):
            twin = nn.Sequential(twin).train(twin.training)
        place = Place()
        _twin.name_places(twin, place)
        form, follower, output = _first_that_fits(twin, input_shape, points, place, kind)
        with on_cpu():
            is_end = output_layer or form.is_activation(output)
            result = output if is_end else form.activate(output, RELU, "output")
            traced = form.finish(result, tuple(form.input.const.shape[1:]))
        follower.storages.clear()
        agreement.check(
            traced, form, follower, twin, kind, points, clipped=not is_end, original=module
        )
    return traced


def unwrapped(module: nn.Module) -> nn.Module:
    """The module that a wrapper for several devices or for a compiler stands for."""
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    dynamo = sys.modules.get("torch._dynamo.eval_frame")  # not there before something is compiled
    compiled = () if dynamo is None else dynamo.OptimizedModule
    for kinds, attribute in ((parallel, "module"), (compiled, "_orig_mod")):
        if not isinstance(module, kinds):
            continue
        if vars(module).get("_forward_hooks") or vars(module).get("_forward_pre_hooks"):
            raise MBHError(
                f"{type(module).__name__} has hooks of its own, which its .{attribute} does not have: register them "
                f"there, and give .{attribute} itself"
            )
        return unwrapped(getattr(module, attribute))
    return module


def _refuse_what_cannot_run(module: nn.Module) -> None:
    """MBHError for modules of kinds that cannot be run on a sample here, by the true reason."""
    if isinstance(module, torch.jit.ScriptModule | torch.jit.ScriptFunction):
        raise MBHError(
            f"{type(module).__name__} is scripted (torch.jit), its code cannot be followed: give the module that it "
            "was made from, with the same state_dict"
        )
    if getattr(module.forward, "__func__", None) is _NO_FORWARD:
        raise MBHError(
            f"{type(module).__name__} has no forward, so it computes nothing: give a module that has one"
        )
    for name, m in _twin.named_modules(module):
        where = f"{name or 'the module'} is a {type(m).__name__}"
        if isinstance(m, torch.jit.ScriptModule):
            raise MBHError(
                f"{where}, scripted (torch.jit): its code cannot be followed; give the module it was made of"
            )
        if any(kind.__name__ == "FakeQuantizeBase" for kind in type(m).__mro__):
            raise MBHError(
                f"{where}, which quantises: it rounds; give the float module before its preparation"
            )
        if (
            isinstance(m, nn.modules.batchnorm._BatchNorm)
            and not m.training
            and m.running_mean is None
        ):
            raise MBHError(
                f"{where} without running statistics (track_running_stats=False): it takes those of the batch at hand, "
                "so it mixes samples"
            )
        if ".quantized" in type(m).__module__:
            raise MBHError(
                f"{where}, which is quantised: it rounds; give the float module that it was made from"
            )
    for name, x in _twin.named_tensors(module):
        if nn.parameter.is_lazy(x):
            raise MBHError(
                f"{name} of a lazy module has no shape yet: run the module once on an input"
            )
        if x.is_complex():
            raise MBHError(
                f"{name} of {type(module).__name__} holds complex numbers: the regions are those of real layers, write "
                "the real and the imaginary part as units of their own"
            )
        if x.is_meta:
            raise MBHError(
                f"{name} lies on the meta device, without numbers: load the weights first (to_empty, load)"
            )


def _refuse_training(module: nn.Module) -> None:
    for name, m in _twin.named_modules(module):
        if m.training and isinstance(m, _RANDOM) and getattr(m, "p", 1.0) != 0:
            raise MBHError(
                f"{name or 'the module'} is a {type(m).__name__} in training mode, where outputs depend on the batch "
                "or on chance: call module.eval() first"
            )


def _eagerly():
    """While it lasts, compiled code runs as it is written."""
    compiler = sys.modules.get("torch._dynamo") and getattr(torch.compiler, "set_stance", None)
    return compiler("force_eager") if compiler else contextlib.nullcontext()


class _OtherShape(MBHError):
    """The module does not take inputs of the shape that was tried."""


def _first_that_fits(twin: nn.Module, given, points, place: Place, kind: str):
    """The form, what followed the module and its output, for the first of the input shapes that it takes."""
    problem = None
    for shape in _input_shapes(twin, given, points):
        with on_cpu():
            form = Canonical(shape)
        try:
            return form, *_followed(twin, form, place, kind)
        except _OtherShape as error:
            problem = problem or error
            place.modules.clear()
    told, first = _told_shape(twin)
    if problem and (given or told or first is None):
        raise problem
    layer = (
        "first layer, for it has none" if first is None else f"first layer, {type(first).__name__}"
    )
    raise MBHError(
        f"the input shape of {kind} cannot be told from its {layer}: trace it first, "
        "mbh_utils.trace(module, input_shape=(1, 28, 28)), and use what comes back in place of the module"
    ) from problem


def _followed(twin: nn.Module, form: Canonical, place: Place, kind: str) -> tuple[Follower, Value]:
    """The affine maps of the module's forward pass, and that of its output."""
    dtype, device = _twin.number_type(twin)
    x = agreement.random_points(form.input.const.numel(), 1, 1.0).reshape(form.input.const.shape)
    x = torch.from_numpy(x).to(device, dtype)
    follower = Follower(form, place, torch.finfo(dtype).eps)
    follower.start(x)
    place.refusal, place.looking = None, []
    coins = chance.Coins(twin)
    try:
        with FunctionNames(place, follower), follower:
            result = twin(x)
    except Exception as error:  # whatever the module's own code raises
        if reason := follower.storages.first_reason():
            raise MBHError(reason) from error
        if not isinstance(error, MBHError):
            _refuse_shape(twin, form, kind)
        raise MBHError(f"{kind} cannot be traced: {error}") from error
    if place.refusal is not None:  # the module's own code has caught it
        raise MBHError(f"{kind} cannot be traced: {place.refusal}") from place.refusal
    value = follower.result(result)
    _refuse_hooks_that_decide(twin, x, form, place, result)
    coins.refuse(lambda: twin(x.clone()))
    return follower, value


def _refuse_hooks_that_decide(
    twin: nn.Module, x: torch.Tensor, form: Canonical, place: Place, result
) -> None:
    """MBHError where other numbers than those that hooks have seen would have changed the module's output."""
    if not place.looking:
        return
    names = " and ".join(place.looking)
    for pretended in (1e6, -1e6):
        with on_cpu():
            own = Canonical(tuple(form.input.const.shape[1:]))
        follower, again = Follower(own, place, torch.finfo(x.dtype).eps, pretended), x.clone()
        follower.start(again)
        try:
            with FunctionNames(place, follower), follower:
                found = twin(again)
        except Exception:  # e.g. of a hook that checks its numbers
            place.modules.clear()
            found = result
        if place.refusal or not torch.equal(found, result):
            raise MBHError(
                f"{names} takes the numbers of tensors that depend on the input (item, numpy, if, ...), and the "
                "output depends on them: what it is at other inputs cannot be known. Write it in operations of torch"
            )


def _refuse_shape(twin: nn.Module, form: Canonical, kind: str) -> None:
    """MBHError where the module does not take its input without being followed either."""
    dtype, device = _twin.number_type(twin)
    shape = tuple(form.input.const.shape[1:])
    try:
        twin(torch.zeros(1, *shape, dtype=dtype, device=device))
    except Exception as error:
        parameters = inspect.signature(twin.forward).parameters.values()
        kinds = (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        )
        needed = [p.name for p in parameters if p.default is p.empty and p.kind in kinds]
        if len(needed) > 1:
            raise MBHError(
                f"the module takes a second input, {needed[1]}: wrap it in a module of one input"
            ) from error
        raise _OtherShape(f"{kind} does not take inputs of shape {shape}: {error}") from error


def _input_shapes(module: nn.Module, given, points) -> list[tuple[int, ...]]:
    """Shapes of one sample to try: the one that is given, or told by the first layer, and by the points at hand."""
    if given is not None:
        lengths = require.array("input_shape", given)
        shape = (
            tuple(int(n) for n in np.atleast_1d(lengths))
            if lengths.dtype.kind in "iu" and lengths.ndim < 2
            else ()
        )
        if not shape or min(shape) < 1 or math.prod(shape) > MOST_INPUTS:
            raise MBHError(
                f"input_shape is {require.shown(given)}; expected the shape of one sample, such as (1, 28, 28)"
            )
        return [shape]
    told, first = _told_shape(module)
    if first is None and isinstance(module, nn.Sequential) and not len(module):
        raise MBHError("the network has no hidden layer: the Sequential is empty")
    flat = np.shape(points()) if points is not None else ()
    shapes = ([told] if told else []) + ([(flat[1],)] if len(flat) == 2 and flat[1] else [])
    return list(dict.fromkeys(shapes))


def _told_shape(module: nn.Module) -> tuple[tuple[int, ...] | None, nn.Module | None]:
    """The input shape that the first layer tells, and that layer."""
    passed = (
        nn.Flatten,
        nn.Identity,
        nn.modules.dropout._DropoutNd,
        nn.ReLU,
        nn.LeakyReLU,
        nn.Hardtanh,
        PiecewiseLinear,
    )
    for name, m in _twin.named_modules(module):
        if "parametrizations" in name.split(".") or isinstance(m, passed):
            continue
        if isinstance(m, nn.Linear):
            return (m.in_features,), m
        if isinstance(m, nn.Unflatten) and all(
            isinstance(n, int) and n > 0 for n in m.unflattened_size
        ):
            return (int(np.prod(m.unflattened_size)),), m
        if all(x is None for x in vars(m)["_modules"].values()) and not isinstance(
            m, nn.modules.container.Sequential
        ):
            return None, m
    return None, None
