"""Any composition of affine layers and piecewise linear activations, brought to the form that the partition works on.

A piecewise linear activation with K breakpoints is phi(z) = s z + c + sum_k d_k relu(z - t_k): s is its leftmost slope,
d_k the change of slope at t_k. So a network of affine layers and such activations is a ReLU network with K neurons for
each element of an activation, and with *linear units*, which are passed on as they are, where something has to reach a
later layer past a ReLU: the part s z, or a residual branch. Linear units are no neurons: they have no state and cut
nothing. The state alpha of an element (Definition 3.1 of the thesis, which allows any number of states) is the number
of its neurons that are active, which is the number of breakpoints below its pre-activation.

A copy of the module runs on one sample, as it is and in the state it is in; ``_operations.py`` follows the affine maps
through it, ``_twin.py`` makes the copy, and ``_agreement.py`` compares what was found with the module itself.
"""

import contextlib
import inspect
import random
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from mbh_utils import _agreement, _twin
from mbh_utils._canonical import RELU, Canonical, Traced, Value
from mbh_utils._operations import Follower, FunctionNames, PiecewiseLinear, Place, is_leaf
from mbh_utils.errors import MBHError

__all__ = ["PiecewiseLinear", "trace", "trace_at"]

_RANDOM = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd, nn.RReLU)  # act otherwise in training


def trace(module: nn.Module, input_shape: Sequence[int] | int | None = None, *, output_layer: bool = True) -> Traced:
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
    0, a comparison repeats the other's own border: such signs are uncertain to float64, ``exact=True`` settles them.)

    Raises MBHError for what is not understood, by its qualified name and type; for code that asks for the numbers
    in its tensors (control flow); for a module in training mode whose BatchNorm or Dropout would act; for NaN and
    infinite weights; when the traced form and the module disagree, with the place and the size of the difference.
    """
    return trace_at(module, input_shape, output_layer=output_layer)


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
    with _own_random_numbers(module), torch.no_grad():
        twin = _twin.copy_of(module)
        if is_leaf(twin):
            twin = nn.Sequential(twin).train(module.training) if not module.training else nn.Sequential(twin)
        shape = _input_shape(twin, input_shape)
        form, place = Canonical(shape), Place()
        _twin.name_places(twin, place)
        follower, output = _followed(twin, form, place, kind)
        plain = output
        if not output_layer and not form.is_activation(output):
            output = form.activate(output, RELU, "output")
        traced = form.finish(output, shape)
        _agreement.check(traced, form, follower, twin, kind, points, clipped=output is not plain, original=module)
    return traced


def unwrapped(module: nn.Module) -> nn.Module:
    """The module that a wrapper for several devices or for a compiler stands for."""
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    compiled = getattr(torch._dynamo.eval_frame, "OptimizedModule", ()) if hasattr(torch, "_dynamo") else ()
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
    for name, m in module.named_modules():
        where = f"{name or 'the module'} is a {type(m).__name__}"
        if isinstance(m, torch.jit.ScriptModule):
            raise MBHError(f"{where}, scripted (torch.jit): its code cannot be followed; give the module it was made of")
        if ".quantized" in type(m).__module__:
            raise MBHError(f"{where}, which is quantised: it rounds; give the float module that it was made from")
    for name, x in (*module.named_parameters(), *module.named_buffers()):
        if nn.parameter.is_lazy(x):
            raise MBHError(f"{name} of a lazy module has no shape yet: run the module once on an input")
        if x.is_meta:
            raise MBHError(f"{name} lies on the meta device, without numbers: load the weights first (to_empty, load)")


def _refuse_training(module: nn.Module) -> None:
    for name, m in module.named_modules():
        if m.training and isinstance(m, _RANDOM) and getattr(m, "p", 1.0) != 0:
            raise MBHError(
                f"{name or 'the module'} is a {type(m).__name__} in training mode, where outputs depend on the batch "
                "or on chance: call module.eval() first"
            )


@contextlib.contextmanager
def _own_random_numbers(module: nn.Module):
    """Whatever draws random numbers inside, the streams of torch, numpy and Python are afterwards as before."""
    devices = {x.get_device() for x in module.parameters() if x.is_cuda}
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


def _followed(twin: nn.Module, form: Canonical, place: Place, kind: str) -> tuple[Follower, Value]:
    """The affine maps of the module's forward pass, and that of its output."""
    dtype, device = _twin.number_type(twin)
    x = _agreement.random_points(form.input.const.numel(), 1, 1.0).reshape(form.input.const.shape)
    x = torch.from_numpy(x).to(device, dtype)
    follower = Follower(form, place, torch.finfo(dtype).eps)
    follower.start(x)
    try:
        with FunctionNames(place, follower), follower:
            result = twin(x)
    except Exception as error:  # whatever the module's own code raises
        if reason := follower.first_reason():
            raise MBHError(reason) from error
        if isinstance(error, MBHError) and place.hook is None:
            raise MBHError(f"{kind} cannot be traced: {error}") from error
        _refuse_shape(twin, form, kind)
        raise MBHError(f"{kind} cannot be traced: {error}") from error
    return follower, follower.result(result)


def _refuse_shape(twin: nn.Module, form: Canonical, kind: str) -> None:
    """MBHError where the module does not take its input without being followed either."""
    dtype, device = _twin.number_type(twin)
    shape = tuple(form.input.const.shape[1:])
    try:
        twin(torch.zeros(1, *shape, dtype=dtype, device=device))
    except Exception as error:
        needed = [
            p.name
            for p in inspect.signature(twin.forward).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        if len(needed) > 1:
            raise MBHError(
                f"the module takes a second input, {needed[1]}: wrap it in a module of one input"
            ) from error
        raise MBHError(f"{kind} does not take inputs of shape {shape}: {error}") from error


def _input_shape(module: nn.Module, given) -> tuple[int, ...]:
    if given is not None:
        shape = tuple(int(n) for n in np.atleast_1d(given))
        if not shape or min(shape) < 1:
            raise MBHError(f"input_shape is {given!r}; expected the shape of one sample, such as (1, 28, 28)")
        return shape
    passed = nn.Flatten, nn.Identity, nn.modules.dropout._DropoutNd, nn.modules.container.Sequential
    first = next((m for m in module.modules() if next(m.children(), None) is None and not isinstance(m, passed)), None)
    if first is None and next(module.parameters(), None) is None and isinstance(module, nn.Sequential):
        raise MBHError("the network has no hidden layer: the Sequential is empty")
    if isinstance(first, nn.Linear):
        return (first.in_features,)
    if isinstance(first, nn.Unflatten) and all(isinstance(n, int) and n > 0 for n in first.unflattened_size):
        return (int(np.prod(first.unflattened_size)),)
    kind = type(module).__name__
    raise MBHError(
        f"the input shape of {kind} cannot be told from its first layer, {type(first).__name__}: trace it first, "
        "mbh_utils.trace(module, input_shape=(1, 28, 28)), and use what comes back in place of the module"
    )
