"""Feed-forward ReLU networks whose masks are part of them, and the set-ups of Fig 6.1 (thesis, 2.1 and 6.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mbh_utils import _given, pruning
from mbh_utils.errors import MBHError

# One independent random stream per purpose, so that e.g. a different mask never changes the initial weights.
PURPOSES = {"weights": 0, "mask": 1, "batches": 2, "planes": 3, "classes": 4, "reinitialise": 5, "volume": 6}


#: Weights of the largest network that is made: 8 GB while they are drawn.
MOST_WEIGHTS = 10**9
_SPREAD = "a number from 0 to 1e30", lambda std: 0 <= std <= 1e30  # more would be infinite in float32


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Random generator of one purpose; equal seeds and purposes give equal streams on every machine."""
    return np.random.default_rng([_given.whole("seed", seed, 0), PURPOSES[_given.choice("purpose", purpose, PURPOSES)]])


class MaskedLinear(nn.Linear):
    """A linear layer of which only the weights under its ``mask`` (n_out, n_in) bool exist."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__(n_in, n_out)
        self.register_buffer("mask", torch.ones(n_out, n_in, dtype=torch.bool))

    @property
    def live_weight(self) -> torch.Tensor:
        """Weights with exact zeros where the mask is off, (n_out, n_in)."""
        return self.weight * self.mask

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.live_weight, self.bias)


class Network(nn.Module):
    """A feed-forward ReLU network: masked hidden layers, a dense output layer.

    n_inputs, n_classes: width of input and output. hidden: widths of the hidden layers.
    seed, bias_std: He-normal weights over the full fan-in (variance 2 / n_in) and N(0, bias_std^2) biases. The
    thesis states a bias std of 1e-6; Hanin & Rolnick, whom it follows, use 1e-3 (a *variance* of 1e-6).
    """

    def __init__(self, n_inputs: int, hidden: Sequence[int], n_classes: int, *, seed: int = 0, bias_std: float = 1e-6):
        super().__init__()
        self.n_inputs, self.n_classes = _given.whole("n_inputs", n_inputs), _given.whole("n_classes", n_classes)
        self.hidden = tuple(_given.whole("a width in hidden", n) for n in _given.listed("hidden", hidden, "widths"))
        if not self.hidden or min(self.n_inputs, self.n_classes, *self.hidden) < 1:
            raise MBHError(f"every layer needs at least one neuron, got {n_inputs}, hidden {hidden}, {n_classes}")
        widths = (self.n_inputs, *self.hidden, self.n_classes)
        if (weights := sum(a * b for a, b in zip(widths, widths[1:], strict=False))) > MOST_WEIGHTS:
            raise MBHError(
                f"hidden {self.hidden} makes {weights:,} weights, which do not fit into memory: choose fewer"
            )
        with torch.random.fork_rng(devices=[]):  # torch draws weights of its own here, which are not used
            self.hidden_layers = nn.ModuleList(
                MaskedLinear(n_in, n_out) for n_out, n_in in pruning.layer_shapes(self.n_inputs, self.hidden)
            )
            self.output = nn.Linear(self.hidden[-1], self.n_classes)
        self.initialise(seed, bias_std)

    @torch.no_grad()
    def initialise(self, seed: int, bias_std: float = 1e-6, purpose: str = "weights") -> "Network":
        """Draw all weights and biases anew; masks stay."""
        rng, bias_std = stream(seed, purpose), _given.number("bias_std", bias_std, *_SPREAD)
        for layer in self.linears:
            weight = rng.standard_normal(layer.weight.shape) * np.sqrt(2 / layer.in_features)
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(rng.standard_normal(layer.out_features) * bias_std))
        return self.set_masks(self.masks)

    @property
    def linears(self) -> list[nn.Linear]:
        """All layers, the output layer last."""
        return [*self.hidden_layers, self.output]

    @property
    def masks(self) -> list[np.ndarray]:
        """Masks of the hidden layers, each (n_l, n_{l-1}) bool."""
        return [layer.mask.cpu().numpy().copy() for layer in self.hidden_layers]

    @torch.no_grad()
    def set_masks(self, masks: Sequence[np.ndarray]) -> "Network":
        """Put these masks on the hidden layers; weights outside them become exactly zero."""
        masks = [
            torch.tensor(_given.bits("masks", mask)) for mask in _given.listed("masks", masks, "masks, one a layer")
        ]
        if len(masks) != len(self.hidden_layers):
            raise MBHError(f"{len(masks)} masks were given for {len(self.hidden_layers)} hidden layers")
        for layer, mask in zip(self.hidden_layers, masks, strict=True):
            if mask.shape != layer.mask.shape:
                raise MBHError(f"mask of shape {tuple(mask.shape)} on a layer of shape {tuple(layer.mask.shape)}")
        for layer, mask in zip(self.hidden_layers, masks, strict=True):
            layer.mask.copy_(mask)
            layer.weight.mul_(layer.mask)
        return self

    @property
    def n_hidden(self) -> int:
        """Hidden neurons N."""
        return sum(self.hidden)

    @property
    def n_parameters(self) -> int:
        """Hidden network parameters (HNPs): live weights and all biases before the output layer."""
        return self.n_hidden + int(sum(mask.sum() for mask in self.masks))

    @property
    def density(self) -> float:
        """Share of the hidden weights that live, in (0, 1]."""
        return pruning.density(self.n_inputs, self.hidden, self.n_parameters)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (n, n_classes) of inputs (n, n_inputs)."""
        for layer in self.hidden_layers:
            x = torch.relu(layer(x))
        return self.output(x)

    def copy(self) -> "Network":
        """An independent copy with the same weights and masks."""
        twin = Network(self.n_inputs, self.hidden, self.n_classes)
        twin.to(self.output.weight.dtype).load_state_dict(self.state_dict())
        return twin

    def __repr__(self) -> str:
        widths = "-".join(map(str, (self.n_inputs, *self.hidden, self.n_classes)))
        return f"Network({widths}, {self.n_parameters:,} hidden parameters, density {self.density:.4f})"


def feed_forward(data, hidden: Sequence[int], *, parameters: int | None = None, seed: int = 0, **options) -> Network:
    """A network for a data set, randomly pruned before training to ``parameters`` HNPs (None: dense).

    Raises MBHError when the budget does not fit the hidden layers.
    """
    data = _given.data_set("data", data)
    parameters = None if parameters is None else _given.whole("parameters", parameters)
    network = Network(data.n_inputs, hidden, data.n_classes, seed=seed, **options)
    if parameters is None or parameters == network.n_parameters:
        return network
    shapes = pruning.layer_shapes(network.n_inputs, network.hidden)
    return network.set_masks(pruning.random_masks(shapes, parameters, stream(seed, "mask")))


def _widths(hidden, family: tuple[int, ...]) -> tuple:
    """The widths of an architecture; a number stands for the member of its family with so many neurons at the end."""
    if isinstance(number := _given.item(hidden), Integral) and not isinstance(number, bool):
        return tuple(n * int(number) for n in family)
    return tuple(_given.listed("hidden", hidden, "the widths of the hidden layers, such as (300, 100)"))


def lenet(data, hidden: Sequence[int] | int = (300, 100), **options) -> Network:
    """A Lenet: two hidden layers (3n, n); see :func:`feed_forward`. ``lenet(data, 100)`` means hidden=(300, 100)."""
    hidden = _widths(hidden, (3, 1))
    if len(hidden) != 2:
        raise MBHError(f"a Lenet has two hidden layers, got {hidden}; feed_forward takes any number")
    return feed_forward(data, hidden, **options)


def deepfc(data, hidden: Sequence[int] | int = (200, 100, 100), **options) -> Network:
    """A DeepFC: three hidden layers (2n, n, n); see :func:`feed_forward`. ``deepfc(data, 100)`` = (200, 100, 100)."""
    hidden = _widths(hidden, (2, 1, 1))
    if len(hidden) != 3:
        raise MBHError(f"a DeepFC has three hidden layers, got {hidden}; feed_forward takes any number")
    return feed_forward(data, hidden, **options)


def winning_ticket(trained: Network, initial: Network, parameters: int) -> Network:
    """The initial weights under the one-shot magnitude mask of the trained network (sections 2.2 and 2.3).

    ``trained`` and ``initial`` are the same network after and before training (weight rewinding).
    """
    for name, network in (("trained", trained), ("initial", initial)):
        _given.kind_of(name, network, Network, "a network of this package, such as lenet(data) makes")
    if (trained.n_inputs, trained.hidden) != (initial.n_inputs, initial.hidden):
        raise MBHError(f"trained is {trained}, initial {initial}: they are one network after and before its training")
    weights = [layer.live_weight.detach().cpu().numpy() for layer in trained.hidden_layers]
    return initial.copy().set_masks(pruning.magnitude_masks(weights, parameters))


class Setup(NamedTuple):
    """One set-up of the experiments: a point of Fig 6.1."""

    number: int
    family: str  # "lenet" or "deepfc"
    hidden: tuple[int, ...]
    parameters: int  # HNPs

    @property
    def n_hidden(self) -> int:
        """Hidden neurons N."""
        return sum(self.hidden)


@dataclass(frozen=True)
class Family:
    """Architectures from large to small; each one's dense size is a level of HNPs, half the smallest is one more."""

    name: str
    architectures: tuple[tuple[int, ...], ...]

    def setups(self, n_inputs: int) -> list[Setup]:
        """The set-ups of Fig 6.1: at each level, every architecture that has at least that many parameters."""
        sizes = [pruning.dense_parameters(n_inputs, hidden) for hidden in self.architectures]
        levels = [*sizes, sizes[-1] // 2]
        fits = list(zip(self.architectures, sizes, strict=True))
        pairs = [(hidden, level) for level in levels for hidden, size in fits if size >= level]
        return [Setup(i, self.name, hidden, level) for i, (hidden, level) in enumerate(pairs, start=1)]


LENET = Family("lenet", ((300, 100), (102, 34), (35, 11), (12, 4)))
DEEPFC = Family("deepfc", ((200, 100, 100), (68, 34, 34), (23, 12, 11), (8, 4, 4)))
#: The analogue for the 64 inputs of ``digits8``, where (300, 100) could not be pruned to the smallest budgets.
LENET_SMALL = Family("lenet", ((96, 32), (48, 16), (24, 8), (12, 4)))


def hidden_layers(network, *, output_layer: bool = True) -> list[tuple]:
    """Hidden layers of anything that the package understands: ``[(weight (n_l, n_{l-1}), bias (n_l,)), ...]`` float64.

    network: a :class:`Network`, any ``torch.nn.Module`` that :func:`mbh_utils.trace` understands or what it returned,
    or a list of ``(weight, bias)`` arrays of the hidden layers themselves. A module counts for what it computes in the
    state it is in, hooks, masks and parametrizations included; reading changes nothing of it.
    output_layer: True: what a module does last, if it is affine, is its output layer and no hidden layer. False: its
    outputs are neurons too, unless they are the result of an activation. A module that ends in an activation has no
    affine output layer: all its activations are hidden either way, in a ``Sequential`` as in a module that wraps it.
    (What was traced already stays as it is.)

    A layer with *linear units* (see ``tracing.py``) is a triple ``(weight, bias, n_linear)``: its last ``n_linear``
    units are passed on without a ReLU and are no neurons; see :func:`n_linear`.

    Raises MBHError naming what is not understood, shapes that do not chain, or NaN and infinite weights.
    """
    from mbh_utils.reading import read_network

    output_layer = _given.flag("output_layer", output_layer)
    return read_network(network, output_layer=output_layer).layers()


def n_linear(layer: tuple) -> int:
    """Linear units of one of :func:`hidden_layers`, the last ones of the layer; 0 for a plain (weight, bias)."""
    return layer[2] if len(layer) > 2 else 0


def layer_widths(layers: list[tuple]) -> tuple[int, ...]:
    """Neurons of each of these hidden layers; linear units are none."""
    return tuple(len(layer[1]) - n_linear(layer) for layer in layers)


def checked_layer(name: str, pair) -> tuple:
    """A pair (weight, bias), perhaps with the number of linear units, as float64 arrays; MBHError with the name."""
    try:
        weight, bias, *linear = pair if isinstance(pair, list | tuple) else (pair,)
        weight = np.ascontiguousarray(_given.array("weight", weight), dtype=np.float64)
        bias = np.ascontiguousarray(_given.array("bias", bias), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MBHError(f"{name}: expected a pair (weight, bias) of numeric arrays ({error})") from error
    if weight.ndim != 2 or bias.shape != weight.shape[:1] or not weight.size:
        raise MBHError(f"{name}: weight {weight.shape} and bias {bias.shape} are not (n, m) and (n,)")
    for part, x in (("weight", weight), ("bias", bias)):
        if not _given.all_finite(x):
            where = tuple(int(k) for k in np.argwhere(~np.isfinite(x))[0])
            raise MBHError(f"{name}: {part}{list(where)} is {x[where]}; every parameter must be finite")
    if linear and (len(linear) > 1 or not isinstance(linear[0], Integral) or not 0 <= linear[0] < len(bias)):
        raise MBHError(
            f"{name}: behind weight and bias comes the number of linear units, 0 to {len(bias) - 1}, "
            f"not {', '.join(map(repr, linear))}"
        )
    return (weight, bias, int(linear[0])) if linear and linear[0] else (weight, bias)
