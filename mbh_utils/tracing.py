"""Any composition of affine layers and piecewise linear activations, brought to the form that the partition works on.

A piecewise linear activation with K breakpoints is phi(z) = s z + c + sum_k d_k relu(z - t_k): s is its leftmost slope,
d_k the change of slope at t_k. So a network of affine layers and such activations is a ReLU network with K neurons for
each element of an activation, and with *linear units*, which are passed on as they are, where something has to reach a
later layer past a ReLU: the part s z, or a residual branch. Linear units are no neurons: they have no state and cut
nothing. The state alpha of an element (Definition 3.1 of the thesis, which allows any number of states) is the number
of its neurons that are active, which is the number of breakpoints below its pre-activation.
"""

import copy
import math
import operator
from collections.abc import Sequence

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional
from torch.nn.utils import parametrize, prune

from mbh_utils import _given
from mbh_utils._canonical import RELU, Canonical, Pieces, Traced, Value, values_in
from mbh_utils.errors import MBHError

#: How far the traced form may be from the module, relative to the largest output.
AGREEMENT = 1e-9
#: Of one sample.
MOST_INPUTS = 10**7


class PiecewiseLinear(nn.Module):
    """An activation of your own: continuous, piecewise linear, breakpoints t_1 < ... < t_K and K + 1 slopes.

    phi(0) = 0 if 0 lies left of t_1 or on it; ``offset`` is added. Parameters of it are no torch parameters.
    """

    def __init__(self, breakpoints, slopes, offset: float = 0.0):
        super().__init__()
        breakpoints = _given.numbers("breakpoints", breakpoints, (None,)).tolist()
        slopes, offset = _given.numbers("slopes", slopes, (None,)).tolist(), _given.number("offset", offset)
        if len(slopes) != len(breakpoints) + 1 or any(np.diff(breakpoints) <= 0) or not breakpoints:
            raise MBHError(
                f"{len(breakpoints)} breakpoints with {len(slopes)} slopes: give rising breakpoints, one slope more"
            )
        changes = np.diff(slopes).tolist()
        self.pieces = Pieces(slopes[0], offset, tuple(zip(breakpoints, changes, strict=True)))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        bends = (change * torch.relu(z - t) for t, change in self.pieces.bends)
        return self.pieces.slope * z + self.pieces.offset + sum(bends)

    def extra_repr(self) -> str:
        return f"breakpoints={[t for t, _ in self.pieces.bends]}"


def _leaky(slope) -> Pieces:
    return Pieces(slope, 0.0, ((0.0, 1.0 - slope),))


def _clamp(min=None, max=None) -> PiecewiseLinear:
    if min is None:
        return PiecewiseLinear([max], [1.0, 0.0])
    return PiecewiseLinear([min], [0.0, 1.0], min) if max is None else PiecewiseLinear([min, max], [0.0, 1.0, 0.0], min)


_PIECES = {
    nn.ReLU: lambda m: RELU,
    nn.LeakyReLU: lambda m: _leaky(m.negative_slope),
    nn.RReLU: lambda m: _leaky((m.lower + m.upper) / 2),
    nn.Hardtanh: lambda m: _clamp(m.min_val, m.max_val).pieces,  # ReLU6 is one
    nn.Hardsigmoid: lambda m: Pieces(0.0, 0.0, ((-3.0, 1 / 6), (3.0, -1 / 6))),
    nn.Softshrink: lambda m: Pieces(1.0, m.lambd, ((-m.lambd, -1.0), (m.lambd, 1.0))),
    PiecewiseLinear: lambda m: m.pieces,
}
_AS_MODULES = {  # torch functions and methods by name; the module takes the arguments after the first
    "relu": nn.ReLU, "relu6": nn.ReLU6, "leaky_relu": nn.LeakyReLU, "hardtanh": nn.Hardtanh,
    "hardsigmoid": nn.Hardsigmoid, "softshrink": nn.Softshrink, "abs": lambda: PiecewiseLinear([0.0], [-1.0, 1.0]),
    "clamp": _clamp, "clip": _clamp, "max_pool1d": nn.MaxPool1d, "max_pool2d": nn.MaxPool2d,
}  # fmt: skip
_RANDOM = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd, nn.RReLU)  # act otherwise in training
_AFFINE_MODULES = (
    nn.Linear, nn.modules.conv._ConvNd, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.Flatten, nn.Unflatten, nn.Identity, nn.modules.dropout._DropoutNd,
    nn.Upsample, nn.PixelShuffle, nn.modules.padding._ConstantPadNd, nn.modules.padding._ReflectionPadNd,
    nn.modules.padding._ReplicationPadNd,
)  # fmt: skip
_IN_PLACE = {"iadd": torch.add, "add_": torch.add, "isub": torch.sub, "sub_": torch.sub, "imul": torch.mul,
             "mul_": torch.mul, "itruediv": torch.div, "div_": torch.div, "relu_": torch.relu}  # fmt: skip
_SUMS = {"add", "sub", "rsub"}  # their constants move only the constant of the result
_RESHAPES = {"flatten", "view", "reshape", "unflatten", "squeeze", "unsqueeze"}
_JOINS = _SUMS | {"cat", "concat", "stack"}  # linear in several tensors at once
_LINEAR = _JOINS | _RESHAPES | {
    "mul", "div", "truediv", "neg", "mean", "sum", "getitem", "contiguous", "clone", "permute", "transpose", "matmul",
    "linear", "conv1d", "conv2d", "conv3d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "pad", "dropout",
}  # fmt: skip
_WITH_BIAS = {"linear", "conv1d", "conv2d", "conv3d"}  # the bias is their third argument
_UNDERSTOOD = (
    "understood are affine layers (Linear, Conv, AvgPool, BatchNorm and Dropout in eval mode, Flatten, sums, ...), "
    "MaxPool, and piecewise linear activations (ReLU, LeakyReLU, PReLU, Hardtanh, ReLU6, Hardsigmoid, "
    "mbh_utils.tracing.PiecewiseLinear)"
)


def _windows(module, const: torch.Tensor) -> torch.Tensor:
    """Flat input indices of the elements of each window, (elements, windows) in the order of the pool's output."""
    index = torch.arange(1.0, const.numel() + 1, dtype=torch.float64).reshape(const.shape)
    names = "kernel_size", "dilation", "padding", "stride"
    kernel, dilation, padding, stride = (nn.modules.utils._pair(getattr(module, name)) for name in names)
    if const.ndim == 3:  # one dimension: an image of height 1
        index, padding = index[:, :, None], (0, padding[1])
        kernel, dilation, stride = (1, kernel[1]), (1, dilation[1]), (1, stride[1])
    windows = functional.unfold(index, kernel, dilation, padding, stride)
    windows = windows.reshape(const.shape[1], kernel[0] * kernel[1], -1).transpose(0, 1).flatten(1).long()
    # Padding never wins: it is replaced by an element of the window, which is then compared with itself.
    return torch.where(windows == 0, windows.amax(dim=0), windows) - 1


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, PiecewiseLinear) or super().is_leaf_module(m, module_qualified_name)


class _Interpreter:
    """Runs the operations of a module, listed by torch.fx, on affine maps."""

    def __init__(self, module: nn.Module, input_shape: tuple[int, ...]):
        self.module, self.form = module, Canonical(input_shape)

    def run(self, graph: fx.Graph) -> Value:
        """The module's output; MBHError naming the operation that is not understood."""
        values, inputs = {}, [self.form.input]
        for node in graph.nodes:
            args, kwargs = (fx.node.map_arg(a, values.__getitem__) for a in (node.args, node.kwargs))
            if node.op == "placeholder":
                if not inputs and not args:
                    raise MBHError(f"the module takes a second input, {node.target}: wrap it in a module of one input")
                values[node] = inputs.pop() if inputs else args[0]
            elif node.op == "output":
                if not isinstance(args[0], Value):
                    raise MBHError("the module's output is not one tensor made from its input: wrap it to return one")
                return args[0]
            elif node.op == "get_attr":
                values[node] = operator.attrgetter(node.target)(self.module)
            else:
                values[node] = self._call(node, args, kwargs)
        raise AssertionError("a graph of torch.fx ends in its output")

    def _call(self, node: fx.Node, args, kwargs):
        if node.op == "call_module":
            module = self.module.get_submodule(node.target)
            name, kind = node.target, type(module).__name__
        else:
            function = node.target if node.op == "call_function" else getattr(torch.Tensor, node.target)
            kind = getattr(function, "__name__", str(function))
            where = [path for path, _ in (node.meta.get("nn_module_stack") or {}).values() if path]
            name = ".".join([*where[-1:], node.name])
        try:
            if node.op == "call_module":
                return self._module(module, args[0], name)
            if not values_in((args, kwargs)):
                return function(*args, **kwargs)
            function = _IN_PLACE.get(kind, function)
            return self._function(function, getattr(function, "__name__", kind), args, kwargs, name)
        except (ValueError, TypeError, RuntimeError, NotImplementedError, IndexError) as error:
            if isinstance(error, MBHError):
                raise
            raise MBHError(f"{name} is a {kind}: {error}; {_UNDERSTOOD}") from error

    def _module(self, module: nn.Module, value: Value, name: str) -> Value:
        for kind, pieces in _PIECES.items():
            if isinstance(module, kind):
                return self.form.activate(value, pieces(module), name)
        if isinstance(module, nn.PReLU):
            return self.form.activate(value, _prelu(module.weight, value.const), name)
        if isinstance(module, nn.MaxPool1d | nn.MaxPool2d):
            return self._max_pool(value, module, name)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            if module.running_mean is None:
                raise ValueError("without running statistics it mixes samples")
            scale = 1 / torch.sqrt(module.running_var + module.eps) * (1.0 if module.weight is None else module.weight)
            scale = scale.reshape(-1, *[1] * (value.const.ndim - 2))
            return self.form.linear(module, value, homogeneous=lambda x: x * scale)
        if isinstance(module, _AFFINE_MODULES):
            return self.form.linear(module, value, homogeneous=lambda x: _without_bias(module, x))
        raise ValueError("it is not understood")

    def _function(self, function, kind: str, args, kwargs, name: str):
        if kind in ("size", "dim") or (kind == "getattr" and args[1] in ("shape", "ndim", "device", "dtype")):
            return function(args[0].const, *args[1:], **kwargs)
        n_values = len(values_in((args, kwargs)))
        if kind in _AS_MODULES and n_values == 1:
            return self._module(_AS_MODULES[kind](*args[1:], **kwargs), args[0], name)
        if kind == "prelu" and n_values == 1:
            return self.form.activate(args[0], _prelu(args[1], args[0].const), name)
        if kind in ("maximum", "max") and len(args) == 2 and n_values == 2:
            return self.form.maximum(*args, name)
        if kind not in _LINEAR:
            raise ValueError("it is not understood")
        if n_values > 1 and kind not in _JOINS:
            raise ValueError("it takes two tensors that depend on the input, and is not affine")
        if kind in ("div", "truediv") and not isinstance(args[0], Value):
            raise ValueError("it divides by a tensor that depends on the input")
        if kind == "dropout" and kwargs.get("training", args[2] if len(args) > 2 else True):
            raise ValueError("it drops at random: put it in eval mode, F.dropout(x, training=self.training)")
        if kind in _SUMS:
            args, kwargs = _summands(args, kwargs)
        run = lambda *a: function(*a[:-1], **a[-1])  # noqa: E731  (the last argument is kwargs)
        without = run
        if kind in _WITH_BIAS:
            names = ("bias", "stride", "padding", "dilation", "groups")
            args, kwargs = args[:2], {**dict(zip(names, args[2:], strict=False)), **kwargs}
            without = lambda *a: run(*a[:-1], {**a[-1], "bias": None})  # noqa: E731
        return self.form.linear(run, *args, kwargs, homogeneous=without, reshapes=kind in _RESHAPES)

    def _max_pool(self, value: Value, module, name: str) -> Value:
        """Maximum over windows by rounds of a knock-out: neurons compare pairs of elements, then pairs of winners."""
        if module.ceil_mode or module.return_indices:
            raise ValueError("with ceil_mode or return_indices it is not understood")
        shape, windows = module(value.const).shape, _windows(module, value.const)
        value = self.form.linear(lambda x: x.flatten(1)[:, windows], value)
        while (k := value.const.shape[1]) > 1:
            first, second, rest = (
                self.form.linear(lambda x, part=part: x[:, part], value)
                for part in (slice(0, k // 2), slice(k // 2, k // 2 * 2), slice(k // 2 * 2, k))
            )
            won = self.form.maximum(first, second, name)
            value = self.form.linear(lambda a, b: torch.cat([a, b], dim=1), won, rest) if k % 2 else won
        return self.form.linear(lambda x: x.reshape(-1, *shape[1:]), value)


def _prelu(slopes: torch.Tensor, const: torch.Tensor) -> Pieces:
    """One slope for all, or one per channel (the dimension behind the samples)."""
    slopes = slopes if slopes.numel() == 1 else slopes.reshape(-1, *[1] * (const.ndim - 2))
    return _leaky(slopes)


def _without_bias(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    bias = getattr(module, "bias", None)
    if bias is None:
        return module(x)
    module.bias = None  # the module is a copy
    try:
        return module(x)
    finally:
        module.bias = bias


def _summands(args, kwargs):
    """The arguments of a sum with its constant as a value without units, so that it moves only the constant."""
    kwargs = dict(kwargs)
    args = (*args, kwargs.pop("other")) if "other" in kwargs else args
    like = values_in(args)[0].const

    def value(x):
        if isinstance(x, Value):
            return x
        x = torch.as_tensor(x, dtype=torch.float64)
        return Value(0, x.expand(torch.broadcast_shapes(x.shape, like.shape)), {})

    return tuple(map(value, args)), kwargs


def trace(module: nn.Module, input_shape: Sequence[int] | int | None = None, *, output_layer: bool = True) -> Traced:
    """A module as a ReLU network with linear units, checked against the module on random points.

    module: any composition of affine layers and piecewise linear activations whose operations torch.fx can list
    (residual additions and functions such as ``F.relu`` included); it is not changed. Weights of any float type are
    taken exactly, in float64; masks of ``torch.nn.utils.prune`` and parametrizations are applied.
    input_shape: of one sample, e.g. (1, 28, 28); can be left out where the first layer is Linear or Unflatten.
    output_layer: True: every activation is hidden, and the affine maps after the last one are the output layer.
    False: outputs that are not the result of an activation are neurons too, as if a ReLU followed.

    Neurons are numbered layer by layer, where layer l is all activations behind which l - 1 others lie at most, and
    inside a layer in the order of the computation; ``Traced.neurons`` is the table. MaxPool brings neurons of its own,
    which compare two elements; that makes more regions than there are pieces. (Behind a ReLU, where one of the two is
    0, a comparison repeats the other's own border: such signs are uncertain to float64, ``exact=True`` settles them.)

    Raises MBHError for what is not understood, by its qualified name and type; for a module in training mode whose
    BatchNorm or Dropout would act; for NaN and infinite weights; when the traced form and the module disagree.
    """
    _given.kind_of("module", module, nn.Module, "a torch.nn.Module of affine layers and piecewise linear activations")
    output_layer = _given.flag("output_layer", output_layer)
    _refuse_training(module)
    twin = _copy(module)
    if _Tracer().is_leaf_module(twin, ""):
        twin = nn.Sequential(twin)
    shape = _input_shape(twin, input_shape)
    interpreter = _Interpreter(twin, shape)
    with torch.no_grad():
        try:
            graph = fx.GraphModule(twin, _Tracer().trace(twin)).graph
        except Exception as error:  # whatever the module's own code raises on a symbolic input
            raise MBHError(f"{type(module).__name__} cannot be traced: {error}") from error
        graph.eliminate_dead_code()
        try:
            twin(torch.zeros(1, *shape, dtype=torch.float64))
        except Exception as error:
            raise MBHError(f"{type(module).__name__} does not take inputs of shape {shape}: {error}") from error
        output = interpreter.run(graph)
        if not output_layer and not interpreter.form.is_activation(output):
            output = interpreter.form.activate(output, RELU, "output")
            twin = nn.Sequential(twin, nn.ReLU())
        traced = interpreter.form.finish(output, shape)
        _check(traced, twin, type(module).__name__)
    return traced


def _refuse_training(module: nn.Module) -> None:
    for name, m in module.named_modules():
        if m.training and isinstance(m, _RANDOM):
            raise MBHError(
                f"{name or 'the module'} is a {type(m).__name__} in training mode, where outputs depend on the batch "
                "or on chance: call module.eval() first"
            )


def _copy(module: nn.Module) -> nn.Module:
    """A copy in float64 on the CPU whose masks and parametrizations have become plain weights."""
    tensors = [x for m in module.modules() for x in vars(m).values() if isinstance(x, torch.Tensor)]
    for name, x in (*module.named_parameters(), *module.named_buffers(), *(("a tensor", x) for x in tensors)):
        if x.is_complex():  # float64 would keep the real parts of them, without a word
            raise MBHError(f"{name} of {type(module).__name__} holds complex numbers; a ReLU network has real ones")
    twin = copy.deepcopy(module, {id(x): x.detach().clone() for x in tensors})  # results cannot be copied otherwise
    for m in list(twin.modules()):
        for hook in list(m._forward_pre_hooks.values()):
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(m, hook._tensor_name)
        if parametrize.is_parametrized(m):  # remove_parametrizations would change the class, which the original shares
            weights = {name: getattr(m, name).detach() for name in m.parametrizations}
            del m.parametrizations
            m.__class__ = parametrize.type_before_parametrizations(m)
            for name, x in weights.items():
                m.register_parameter(name, nn.Parameter(x))
    twin = twin.to("cpu", torch.float64).requires_grad_(False)
    for m in twin.modules():
        for key, x in list(vars(m).items()):
            if isinstance(x, torch.Tensor) and x.is_floating_point():
                setattr(m, key, x.to("cpu", torch.float64))
    for name, x in (*twin.named_parameters(), *twin.named_buffers()):
        if not torch.isfinite(x).all():
            where = torch.argwhere(~torch.isfinite(x))[0].tolist()
            raise MBHError(f"{name}{where} is {x[tuple(where)].item()}; every parameter must be finite")
    return twin


def _input_shape(module: nn.Module, given) -> tuple[int, ...]:
    if given is not None:
        lengths = _given.array("input_shape", given)
        shape = tuple(int(n) for n in np.atleast_1d(lengths)) if lengths.dtype.kind in "iu" and lengths.ndim < 2 else ()
        if not shape or min(shape) < 1 or math.prod(shape) > MOST_INPUTS:
            raise MBHError(
                f"input_shape is {_given.shown(given)}; expected the shape of one sample, such as (1, 28, 28)"
            )
        return shape
    passed = nn.Flatten, nn.Identity, nn.modules.dropout._DropoutNd, nn.modules.container.Sequential
    first = next((m for m in module.modules() if next(m.children(), None) is None and not isinstance(m, passed)), None)
    if isinstance(first, nn.Linear):
        return (first.in_features,)
    if isinstance(first, nn.Unflatten) and all(isinstance(n, int) and n > 0 for n in first.unflattened_size):
        return (int(np.prod(first.unflattened_size)),)
    kind = type(module).__name__
    raise MBHError(
        f"the input shape of {kind} cannot be told from its first layer, {type(first).__name__}: trace it first, "
        "mbh_utils.trace(module, input_shape=(1, 28, 28)), and use what comes back in place of the module"
    )


def _check(traced: Traced, module: nn.Module, kind: str) -> None:
    """Raises MBHError unless the traced form and the module agree on random points of several sizes."""
    size = int(np.prod(traced.input_shape))
    points = np.random.default_rng(0).standard_normal((24, size)) * np.repeat([0.1, 1.0, 10.0], 8)[:, None]
    expected = module(torch.from_numpy(points.copy()).reshape(-1, *traced.input_shape)).reshape(len(points), -1).numpy()
    found = traced(points)
    scale = np.abs(expected).max()
    if found.shape != expected.shape or not np.abs(found - expected).max() <= AGREEMENT * max(scale, 1e-300):
        raise MBHError(
            f"the traced form of {kind} and the module itself disagree on random inputs: it does something that "
            "its operations do not show (control flow, hooks, operations in place); write it as a composition of layers"
        )
