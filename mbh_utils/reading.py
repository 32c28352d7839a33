"""The one reader of networks: the hidden layers and the output layer of anything that is handed in.

Weights are read directly only where they are *proved* to be all that a module computes: a :class:`Network` of this
package or a ``torch.nn.Sequential`` of Linear and ReLU in turn whose parts are of exactly these types, with their own
``forward``, without hooks, reparametrizations or modules in training mode that act. Everything else is traced, that is
run, and what was found is compared with the module itself (``tracing.py``).

**Outputs.** A module's outputs are what it returns. Where the last thing it does is affine, that is the output layer,
whose units are no neurons; where it ends in an activation, all its activations are hidden, and the outputs are those of
the last one. A ``Sequential`` and a module that wraps it are therefore the same.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules import module as torch_module
from torch.utils._device import DeviceContext

from mbh_utils import _twin, networks, tracing
from mbh_utils._canonical import Traced
from mbh_utils.errors import MBHError
from mbh_utils.networks import MaskedLinear, Network, checked_layer
from mbh_utils.subspaces import Line, Plane

_PLAIN = (nn.Sequential, nn.ModuleList, nn.Linear, nn.ReLU, nn.Flatten, nn.Identity, nn.Dropout, Network, MaskedLinear)
#: What these types do, as they were made: someone may have put another function in its place since.
_METHODS = (
    "forward", "__call__", "_wrapped_call_impl", "_call_impl", "__getattr__", "__iter__",
    "live_weight", "weight", "bias",
)  # fmt: skip
_OWN = {kind: [getattr(kind, name, None) for name in _METHODS] for kind in _PLAIN}
_CODE = {kind: kind.forward.__code__ for kind in _PLAIN}
#: The functions that they call in the end, where each of them is looked up.
_CALLED = [
    *((functional, name) for name in ("linear", "relu", "dropout")),
    *((torch, name) for name in ("relu", "relu_", "flatten")),
    *((torch.Tensor, name) for name in ("flatten", "__mul__", "mul")),
    *((networks, name) for name in ("functional", "torch")),
    *((module, "F") for module in (nn.modules.linear, nn.modules.activation, nn.modules.dropout)),
    *((function, "__code__") for function in (functional.relu, functional.dropout)),
]
_ORIGINAL = [getattr(place, name) for place, name in _CALLED]


class Layer(NamedTuple):
    """A hidden layer or the output layer: weight (n_out, n_in) and bias (n_out,) float64.

    The last ``n_linear`` units are passed on without a ReLU and are no neurons.
    """

    weight: np.ndarray
    bias: np.ndarray
    n_linear: int = 0

    def as_tuple(self) -> tuple:
        """(weight, bias), with the number of linear units behind them where there are any."""
        return tuple(self) if self.n_linear else (self.weight, self.bias)


class Reading(NamedTuple):
    """What was read: the hidden layers, and the output layer where there is one.

    hidden: without the linear units that only the outputs need. output: the map from the last of ``carrying`` to the
    outputs; None for a list of hidden layers. carrying: the hidden layers with all the linear units.
    """

    hidden: list[Layer]
    output: Layer | None
    carrying: list[Layer]

    def layers(self) -> list[tuple]:
        """The hidden layers in the form of :func:`mbh_utils.hidden_layers`."""
        return [layer.as_tuple() for layer in self.hidden]

    def layers_with_output(self) -> list[tuple]:
        """The hidden layers in that form, and behind them the output layer as linear units.

        Raises MBHError where there is no output layer of two or more outputs.
        """
        if self.output is None:
            raise MBHError(
                "decision_boundary=True needs an output layer, and a list of hidden layers has none: give the network "
                "itself (a mbh_utils network or a torch.nn.Module)"
            )
        n = len(self.output.bias)
        if n < 2:
            raise MBHError(
                "decision_boundary=True asks which output is the largest, but the network has one output; where it "
                "changes its sign is found with output_layer=False, which makes it a neuron"
            )
        return [*(layer.as_tuple() for layer in self.carrying), (*self.output[:2], n)]


def read_network(
    network, *, output_layer: bool = True, points: np.ndarray | Callable[[], np.ndarray] | None = None
) -> Reading:
    """The hidden layers and the output layer of anything that the package understands; it is not changed.

    network: a :class:`Network`, any ``torch.nn.Module`` that :func:`mbh_utils.trace` understands, what that returned,
    or a list of ``(weight, bias)`` arrays of the hidden layers themselves, with the number of linear units behind them
    where a layer has some.
    output_layer: True: what a module does last, if it is affine, is its output layer and no hidden layer. False: its
    outputs are neurons too, as if a ReLU followed, unless they are the result of an activation. A module that ends in
    an activation has no affine output layer, so all its activations are hidden either way, and its outputs are those
    of the last one.
    points: (n, d), or a function that gives them: where a module that is traced is compared with what was found, beside
    random points. They are those of the domain that is looked at.

    Raises MBHError naming what is not understood, shapes that do not chain, NaN and infinite weights, and where a
    module computes something else than was found.
    """
    if isinstance(network, list | tuple) and not isinstance(network, nn.Module):
        hidden = _checked(network)
        return Reading(hidden, None, hidden)
    if isinstance(network, Traced):
        return _of_traced(network)
    if not isinstance(network, nn.Module):
        raise MBHError(_not_understood(network))
    network = tracing.unwrapped(network)
    if (linears := proved_linears(network)) is not None:
        return _of_linears(*linears, output_layer)
    at = points if callable(points) or points is None else lambda: np.asarray(points, dtype=np.float64)
    return _of_traced(tracing.trace_at(network, output_layer=output_layer, points=at))


def domain_points(domain: Plane | Line | Sequence[Plane | Line], n: int = 40) -> Callable[[], np.ndarray]:
    """Points (k, d) of a plane or line (or several) to compare a network at: corners, spanning points, n random ones.

    Of several only those in the space of the first; whoever asked says what is the matter with the others.
    """

    def points_of(one) -> list[np.ndarray]:
        ends = np.array([one.low, one.high]) if isinstance(one, Line) else one.corners
        given = [ends] if one.spanning is None else [ends, one.spanning]
        return [*map(one.embed, given), one.sample(n, np.random.default_rng(0))]

    def points() -> np.ndarray:
        several = domain if isinstance(domain, list | tuple) else [domain]
        domains = [one for one in several if isinstance(one, Plane | Line)]
        if not domains:
            return np.empty((0, 0))
        return np.concatenate([x for one in domains if one.dimension == domains[0].dimension for x in points_of(one)])

    return points


# ------------------------------------------------------------------------------------- what needs not be traced


def proved_linears(network: nn.Module) -> tuple[list[nn.Linear], bool] | None:
    """The Linear layers of a network that computes Linear and ReLU in turn and nothing else; None if in doubt.

    With them, whether a ReLU follows the last one.
    """
    if type(network) not in (Network, nn.Sequential):
        return None
    modules = _twin.all_modules(network)
    if not all(map(_does_what_it_should, {type(m) for m in modules})) or not all(map(_is_plain, modules)):
        return None
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks or not _is_torch_itself():
        return None
    if type(network) is Network:
        if type(network.hidden_layers) is not nn.ModuleList:
            return None
        linears, ends_in_relu = [*network.hidden_layers, network.output], False
        right = [type(m) for m in linears] == [MaskedLinear] * len(network.hidden_layers) + [nn.Linear]
    else:
        modules = [m for m in network if type(m) not in (nn.Flatten, nn.Identity, nn.Dropout)]
        linears, ends_in_relu = modules[::2], len(modules) % 2 == 0
        right = modules and [type(m) for m in modules] == [(nn.Linear, nn.ReLU)[i % 2] for i in range(len(modules))]
    if not right:
        return None
    kinds = {(x.dtype, x.device) for m in linears for x in _weight_and_bias(m) if x is not None}
    if len(kinds) > 1 or not next(iter(kinds))[0].is_floating_point:
        return None
    return linears, ends_in_relu


def _is_torch_itself() -> bool:
    """Whether nothing stands between the plain types and torch: no function replaced, no mode that changes calls."""
    modes = torch.overrides._get_current_function_mode_stack()  # that of a default device only says where things lie
    if torch._C._len_torch_dispatch_stack() or any(type(mode) is not DeviceContext for mode in modes):
        return False
    return all(map(operator.is_, (getattr(place, name) for place, name in _CALLED), _ORIGINAL))


def _does_what_it_should(kind: type) -> bool:
    """Whether a type is one of the plain ones, with their own methods."""
    if kind not in _OWN or [getattr(kind, name, None) for name in _METHODS] != _OWN[kind]:
        return False
    return (
        kind.forward.__code__ is _CODE[kind]
        # else another's function
        and getattr(kind.forward, "__module__", None) in (kind.__module__, nn.Module.__module__)
    )


def _is_plain(m: nn.Module) -> bool:
    """Whether a module of one of the plain types does nothing else than these."""
    kind, own = type(m), vars(m)
    if "forward" in own or own.get("_compiled_call_impl") or own["_forward_hooks"] or own["_forward_pre_hooks"]:
        return False
    if isinstance(m, nn.Linear):  # other types of tensors have products of their own
        weight, bias = _weight_and_bias(m)
        return weight.layout is torch.strided and not weight.is_meta and {type(weight), type(bias)} <= _TENSORS
    if kind is nn.Flatten:
        return m.start_dim == 1 and m.end_dim == -1
    return kind is not nn.Dropout or not m.training or m.p == 0


_TENSORS = {nn.Parameter, torch.Tensor, type(None)}


def _weight_and_bias(m: nn.Linear) -> tuple[torch.Tensor, torch.Tensor | None]:
    """``m.weight`` and ``m.bias``, most often found without the long way that these take."""
    own = vars(m)
    registered = own["_parameters"]
    if "weight" in registered and "bias" in registered and "weight" not in own and "bias" not in own:
        return registered["weight"], registered["bias"]
    return m.weight, m.bias


def _of_linears(linears: list[nn.Linear], ends_in_relu: bool, output_layer: bool) -> Reading:
    pairs = [_numbers_of(m) for m in linears]
    has_affine_end = output_layer and not ends_in_relu
    hidden = _checked(pairs[:-1] if has_affine_end else pairs)
    output = Layer(*checked_layer("the output layer", pairs[-1])) if has_affine_end else _identity(hidden)
    if output.weight.shape[1] != len(hidden[-1].bias):
        raise MBHError(
            f"the output layer takes {output.weight.shape[1]} inputs, but layer {len(hidden) - 1} has "
            f"{len(hidden[-1].bias)} neurons"
        )
    return Reading(hidden, output, hidden)


def _numbers_of(m: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases as they are used, in float64."""
    weight, bias = _weight_and_bias(m)
    if type(m) is not MaskedLinear:
        weight = _in_float64(weight)
    elif m.mask.dtype is torch.bool:
        weight = _in_float64(weight) * m.mask.numpy(force=True)
    else:  # a product that is rounded as the network rounds it
        weight = _in_float64(m.live_weight)
    return weight, np.zeros(len(weight)) if bias is None else _in_float64(bias)


def _in_float64(x: torch.Tensor) -> np.ndarray:
    if x.dtype not in (torch.float32, torch.float64):  # numpy does not know all of the others
        x = x.detach().double()
    return x.numpy(force=True).astype(np.float64)


def _identity(hidden: list[Layer]) -> Layer:
    n = len(hidden[-1].bias)
    return Layer(np.eye(n), np.zeros(n))


def _of_traced(traced: Traced) -> Reading:
    return Reading(_checked(traced.hidden_layers()), Layer(*traced.output), _checked(traced.layers))


def _checked(pairs) -> list[Layer]:
    layers = [Layer(*checked_layer(f"hidden layer {i}", pair)) for i, pair in enumerate(pairs)]
    if not layers:
        raise MBHError(
            "the network has no hidden layer (the last Linear counts as the output layer unless output_layer=False)"
        )
    for i, (before, after) in enumerate(zip(layers, layers[1:], strict=False)):
        if after.weight.shape[1] != len(before.bias):
            raise MBHError(
                f"hidden layer {i + 1} takes {after.weight.shape[1]} inputs, but layer {i} has {len(before.bias)} "
                "neurons"
            )
    return layers


def _not_understood(network) -> str:
    kind = type(network).__name__
    if isinstance(network, Mapping):
        keys = [str(key) for key in network]
        inner = next((str(k) for k, x in network.items() if isinstance(x, Mapping | nn.Module)), None)
        prefix = "; its keys begin with 'module.' (DataParallel): take that off, key.removeprefix('module.')"
        return (
            f"{kind} is a checkpoint, numbers without the network they belong to: build the module, "
            f"module.load_state_dict(checkpoint{'' if inner is None else f'[{inner!r}]'}), and give the module"
            + (prefix if _has_prefix(network) or keys and all(k.startswith("module.") for k in keys) else "")
        )
    return (
        f"{kind} is not understood: give a mbh_utils network, a torch.nn.Module of affine layers "
        "and piecewise linear activations, or a list of (weight, bias) arrays of the hidden layers"
    )


def _has_prefix(checkpoint: Mapping) -> bool:
    inner = [x for x in checkpoint.values() if isinstance(x, Mapping)]
    return any(x and all(str(k).startswith("module.") for k in x) for x in inner)
