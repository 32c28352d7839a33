"""The one reader of networks: the hidden layers and the output layer of anything handed in.

Weights are read directly only where they are *proved* to be all that a module computes: a
``Network`` of this package or a ``torch.nn.Sequential`` of Linear and ReLU in turn whose parts are
of exactly these types, with their own ``forward``, without hooks, reparametrizations or modules in
training mode that act. Everything else is traced, that is run, and what was found is compared with
the module itself (``tracing.py``).

**Outputs.** A module's outputs are what it returns. Where the last thing it does is affine, that is
the output layer, whose units are no neurons; where it ends in an activation, all its activations
are hidden, and the outputs are those of the last one. A ``Sequential`` and a module that wraps it
are therefore the same.
"""

import functools
import operator
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules import module as torch_module
from torch.utils._device import DeviceContext

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks import network as network_module
from mbh_utils.networks.layers import Layer, checked_layer
from mbh_utils.networks.network import MaskedLinear, Network
from mbh_utils.networks.reading import tracing
from mbh_utils.networks.reading.parts import all_modules
from mbh_utils.networks.reading.refusals import unwrapped
from mbh_utils.networks.reading.traced import Traced

#: Types whose weights are all that they compute.
_PLAIN = (
    nn.Sequential,
    nn.ModuleList,
    nn.Linear,
    nn.ReLU,
    nn.Flatten,
    nn.Identity,
    nn.Dropout,
    Network,
    MaskedLinear,
)
#: What these types do, as they were made: someone may have put another function in its place since.
_METHODS = (
    "forward",
    "__call__",
    "_wrapped_call_impl",
    "_call_impl",
    "__getattr__",
    "__iter__",
    "live_weight",
    "weight",
    "bias",
)
_OWN = {kind: [getattr(kind, name, None) for name in _METHODS] for kind in _PLAIN}
_CODE = {kind: kind.forward.__code__ for kind in _PLAIN}
#: The functions that they call in the end, where each of them is looked up.
_CALLED = [
    *((functional, name) for name in ("linear", "relu", "dropout")),
    *((torch, name) for name in ("relu", "relu_", "flatten")),
    *((torch.Tensor, name) for name in ("flatten", "__mul__", "mul")),
    *((network_module, name) for name in ("functional", "torch")),
    *((module, "F") for module in (nn.modules.linear, nn.modules.activation, nn.modules.dropout)),
    *((function, "__code__") for function in (functional.relu, functional.dropout)),
]
_ORIGINAL = [getattr(place, name) for place, name in _CALLED]
#: Of a Sequential, what changes nothing of the numbers.
_PASSED = (nn.Flatten, nn.Identity, nn.Dropout)
#: Types of weights; other types of tensors have products of their own.
_PLAIN_TENSORS = {nn.Parameter, torch.Tensor, type(None)}
_PREFIX = "module."  # of the keys of a checkpoint of DataParallel


class Reading(NamedTuple):
    """What was read: the hidden layers, and the output layer where there is one.

    hidden: without the linear units that only the outputs need. output: the map from the last of
    ``carrying`` to the outputs; None for a list of hidden layers. carrying: the hidden layers with
    all the linear units.
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
                "decision_boundary=True needs an output layer, and a list of hidden layers has "
                "none: give the network itself (a mbh_utils network or a torch.nn.Module)"
            )
        n = len(self.output.bias)
        if n < 2:
            raise MBHError(
                "decision_boundary=True asks which output is the largest, but the network has one "
                "output; where it changes its sign is found with output_layer=False, which makes "
                "it a neuron"
            )
        carrying = [layer.as_tuple() for layer in self.carrying]
        return [*carrying, (self.output.weight, self.output.bias, n)]


def hidden_layers(network, *, output_layer: bool = True) -> list[tuple]:
    """Hidden layers of anything that the package understands.

    Parameters
    ----------
    network : Network, torch.nn.Module, Traced or list of (weight, bias)
        A network of this package, any module that :func:`mbh_utils.trace` understands or what it
        returned, or arrays of the hidden layers themselves. A module counts for what it computes in
        the state it is in, hooks, masks and parametrizations included; reading changes nothing of
        it.
    output_layer : bool, default True
        True: what a module does last, if it is affine, is its output layer and no hidden layer.
        False: its outputs are neurons too, unless they are the result of an activation. (What was
        traced already stays as it is.)

    Returns
    -------
    list of (weight (n_l, n_{l-1}), bias (n_l,))
        float64. A layer with linear units is a triple ``(weight, bias, n_linear)``: its last
        ``n_linear`` units are passed on without a ReLU and are no neurons; see
        :func:`mbh_utils.networks.n_linear`.

    Raises
    ------
    MBHError
        Naming what is not understood, shapes that do not chain, or NaN and infinite weights.

    Notes
    -----
    Definition 2.3 of the thesis: all neurons of a feed-forward layer take the same input. A pair
    holds one such layer, a row of the weight and an entry of the bias for each neuron; the ReLU
    behind it is not written down.

    A module that ends in an activation has no affine output layer: all its activations are hidden
    either way, in a ``Sequential`` as in a module that wraps it.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3))
    >>> [(weight.shape, bias.shape) for weight, bias in mbh.hidden_layers(net)]
    [((5, 2), (5,))]
    >>> len(mbh.hidden_layers(net, output_layer=False))
    2
    """
    output_layer = require.flag("output_layer", output_layer)
    return read_network(network, output_layer=output_layer).layers()


def read_network(
    network,
    *,
    output_layer: bool = True,
    points: np.ndarray | Callable[[], np.ndarray] | None = None,
) -> Reading:
    """The hidden layers and the output layer of anything that the package understands.

    Parameters
    ----------
    network : Network, torch.nn.Module, Traced or list of (weight, bias)
        As :func:`hidden_layers` takes it; it is not changed. Where a layer of a list has linear
        units, their number stands behind weight and bias.
    output_layer : bool, optional
        True: what a module does last, if it is affine, is its output layer and no hidden layer.
        False: its outputs are neurons too, as if a ReLU followed, unless they are the result of an
        activation. A module that ends in an activation has no affine output layer, so all its
        activations are hidden either way, and its outputs are those of the last one.
    points : (n, d) array or function that gives one, optional
        Where a module that is traced is compared with what was found, beside random points: those
        of the domain that is looked at.

    Raises
    ------
    MBHError
        Naming what is not understood, shapes that do not chain, NaN and infinite weights, and where
        a module computes something else than was found.
    """
    if isinstance(network, list | tuple) and not isinstance(network, nn.Module):
        hidden = _checked(network)
        return Reading(hidden, None, hidden)
    if isinstance(network, Traced):
        return _of_traced(network)
    if not isinstance(network, nn.Module):
        raise MBHError(_not_understood(network))
    network = unwrapped(network)
    if (linears := proved_linears(network)) is not None:
        return _of_linears(*linears, output_layer)
    if points is None or callable(points):
        at = points
    else:
        at = functools.partial(np.asarray, points, dtype=np.float64)
    return _of_traced(tracing.trace_at(network, output_layer=output_layer, points=at))


# ---- what needs not be traced


def proved_linears(network: nn.Module) -> tuple[list[nn.Linear], bool] | None:
    """The Linear layers of a network that computes Linear and ReLU in turn and nothing else.

    With them, whether a ReLU follows the last one. None if in doubt.
    """
    if type(network) is not Network and type(network) is not nn.Sequential:
        return None
    modules = all_modules(network)
    if not all(map(_has_own_methods, {type(m) for m in modules})):
        return None
    if not all(map(_is_plain, modules)):
        return None
    if torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks:
        return None
    if not _is_torch_itself():
        return None
    found = _of_network(network) if isinstance(network, Network) else _of_sequential(network)
    if found is None:
        return None
    linears, _ = found
    tensors = [x for m in linears for x in _weight_and_bias(m) if x is not None]
    kinds = {(x.dtype, x.device) for x in tensors}
    if len(kinds) > 1 or not tensors[0].is_floating_point():
        return None
    return found


def _of_network(network: Network) -> tuple[list[nn.Linear], bool] | None:
    """Masked layers and an output layer, if that is what the network still has."""
    hidden = network.hidden_layers
    if type(hidden) is not nn.ModuleList:
        return None
    modules = [*hidden, network.output]
    if any(type(m) is not MaskedLinear for m in hidden):
        return None
    if type(network.output) not in (nn.Linear, MaskedLinear):
        return None
    return [m for m in modules if isinstance(m, nn.Linear)], False


def _of_sequential(network: nn.Sequential) -> tuple[list[nn.Linear], bool] | None:
    """Linear and ReLU in turn, if there is nothing else that counts."""
    modules = [m for m in network if type(m) not in _PASSED]
    expected = [nn.ReLU if i % 2 else nn.Linear for i in range(len(modules))]
    if not modules or [type(m) for m in modules] != expected:
        return None
    linears = [m for m in modules if isinstance(m, nn.Linear)]
    return linears, len(modules) % 2 == 0


def _is_torch_itself() -> bool:
    """Whether nothing stands between the plain types and torch.

    That is: no function replaced, no mode that changes calls (that of a default device only says
    where things lie).
    """
    modes = torch.overrides._get_current_function_mode_stack()
    if any(type(mode) is not DeviceContext for mode in modes):
        return False
    if torch._C._len_torch_dispatch_stack():
        return False
    called = (getattr(place, name) for place, name in _CALLED)
    return all(map(operator.is_, called, _ORIGINAL))


def _has_own_methods(kind: type) -> bool:
    """Whether a type is one of the plain ones, and its methods are still its own."""
    if kind not in _OWN or [getattr(kind, name, None) for name in _METHODS] != _OWN[kind]:
        return False
    if kind.forward.__code__ is not _CODE[kind]:
        return False
    module_of_forward = getattr(kind.forward, "__module__", None)
    return module_of_forward in (kind.__module__, nn.Module.__module__)  # else another's function


def _is_plain(m: nn.Module) -> bool:
    """Whether a module of one of the plain types does nothing else than these."""
    own = vars(m)
    if "forward" in own or own.get("_compiled_call_impl"):
        return False
    if own["_forward_hooks"] or own["_forward_pre_hooks"]:
        return False
    if isinstance(m, nn.Linear):
        weight, bias = _weight_and_bias(m)
        is_strided = weight.layout is torch.strided and not weight.is_meta
        return is_strided and {type(weight), type(bias)} <= _PLAIN_TENSORS
    if isinstance(m, nn.Flatten):
        return m.start_dim == 1 and m.end_dim == -1
    return not isinstance(m, nn.Dropout) or not m.training or m.p == 0


def _weight_and_bias(m: nn.Linear) -> tuple[torch.Tensor, torch.Tensor | None]:
    """``m.weight`` and ``m.bias``, most often found without the long way that these take."""
    own = vars(m)
    registered = own["_parameters"]
    if "weight" in own or "bias" in own or not registered.keys() >= {"weight", "bias"}:
        return m.weight, m.bias
    return registered["weight"], registered["bias"]


def _of_linears(linears: list[nn.Linear], ends_in_relu: bool, output_layer: bool) -> Reading:
    pairs = [_numbers_of(m) for m in linears]
    if output_layer and not ends_in_relu:
        hidden = _checked(pairs[:-1])
        output = Layer(*checked_layer("the output layer", pairs[-1]))
    else:
        hidden = _checked(pairs)
        output = _identity(len(hidden[-1].bias))
    n_taken = output.weight.shape[1]
    n_given = len(hidden[-1].bias)
    if n_taken != n_given:
        raise MBHError(
            f"the output layer takes {n_taken} inputs, but layer {len(hidden) - 1} has {n_given} "
            "neurons"
        )
    return Reading(hidden, output, hidden)


def _numbers_of(m: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases as they are used, in float64."""
    weight, bias = _weight_and_bias(m)
    if type(m) is not MaskedLinear:
        found = _in_float64(weight)
    elif m.mask.dtype is torch.bool:
        found = _in_float64(weight) * m.mask.numpy(force=True)
    else:  # a product that is rounded as the network rounds it
        found = _in_float64(m.live_weight)
    return found, np.zeros(len(found)) if bias is None else _in_float64(bias)


def _in_float64(x: torch.Tensor) -> np.ndarray:
    """A copy of a tensor's numbers."""
    if x.dtype not in (torch.float32, torch.float64):  # numpy does not know all of the others
        x = x.detach().double()
    return x.numpy(force=True).astype(np.float64)


def _identity(n: int) -> Layer:
    return Layer(np.eye(n), np.zeros(n))


def _of_traced(traced: Traced) -> Reading:
    hidden = _checked(traced.hidden_layers())
    return Reading(hidden, Layer(*traced.output), _checked(traced.layers))


def _checked(pairs) -> list[Layer]:
    """Hidden layers whose shapes fit each other."""
    layers = [Layer(*checked_layer(f"hidden layer {i}", pair)) for i, pair in enumerate(pairs)]
    if not layers:
        raise MBHError(
            "the network has no hidden layer (the last Linear counts as the output layer unless "
            "output_layer=False)"
        )
    for i, (before, after) in enumerate(zip(layers, layers[1:], strict=False)):
        if after.weight.shape[1] != len(before.bias):
            raise MBHError(
                f"hidden layer {i + 1} takes {after.weight.shape[1]} inputs, but layer {i} has "
                f"{len(before.bias)} neurons"
            )
    return layers


# ---- what is no network


def _not_understood(network) -> str:
    kind = type(network).__name__
    if isinstance(network, Mapping):
        return f"{kind} {_what_to_do_with_a_checkpoint(network)}"
    return (
        f"{kind} is not understood: give a mbh_utils network, a torch.nn.Module of affine layers "
        "and piecewise linear activations, or a list of (weight, bias) arrays of the hidden layers"
    )


def _what_to_do_with_a_checkpoint(checkpoint: Mapping) -> str:
    inner = [key for key, x in checkpoint.items() if isinstance(x, Mapping | nn.Module)]
    where = f"checkpoint[{str(inner[0])!r}]" if inner else "checkpoint"
    words = (
        "is a checkpoint, numbers without the network they belong to: build the module, "
        f"module.load_state_dict({where}), and give the module"
    )
    tables = [checkpoint, *(x for x in checkpoint.values() if isinstance(x, Mapping))]
    if any(map(_is_of_data_parallel, tables)):
        words += (
            f"; its keys begin with '{_PREFIX}' (DataParallel): take that off, "
            f"key.removeprefix('{_PREFIX}')"
        )
    return words


def _is_of_data_parallel(table: Mapping) -> bool:
    return bool(table) and all(str(key).startswith(_PREFIX) for key in table)
