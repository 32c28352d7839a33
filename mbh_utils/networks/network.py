"""Feed-forward ReLU networks whose masks are part of them (thesis, 2.1 and 6.1)."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn
from torch.nn import functional

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.networks import pruning

#: Weights of the largest network that is made: 8 GB while they are drawn.
MOST_WEIGHTS = 10**9
#: Standard deviations of biases: larger ones would be infinite in float32.
_SPREAD = "a number from 0 to 1e30", lambda std: 0 <= std <= 1e30


class MaskedLinear(nn.Linear):
    """A linear layer of which only the weights under its ``mask`` exist.

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and outputs.

    Attributes
    ----------
    mask : (n_out, n_in) bool tensor
        True where the connection lives; at first everywhere.

    Examples
    --------
    >>> import torch
    >>> layer = MaskedLinear(3, 2)
    >>> layer.mask[:, 0] = False
    >>> layer.live_weight[:, 0].any()
    tensor(False)
    """

    mask: torch.Tensor

    def __init__(self, n_in: int, n_out: int):
        super().__init__(n_in, n_out)
        self.register_buffer("mask", torch.ones(n_out, n_in, dtype=torch.bool))

    @property
    def live_weight(self) -> torch.Tensor:
        """Weights with exact zeros where the mask is off, (n_out, n_in)."""
        return self.weight * self.mask

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pre-activations of the layer.

        Parameters
        ----------
        x : torch.Tensor, shape (n, n_in)
            Inputs of the layer.

        Returns
        -------
        torch.Tensor, shape (n, n_out)
            ``x @ live_weight.T + bias``.
        """
        return functional.linear(x, self.live_weight, self.bias)


class Network(nn.Module):
    """A feed-forward ReLU network: masked hidden layers, an output layer that is dense at first.

    Parameters
    ----------
    n_inputs, n_classes : int
        Width of input and output.
    hidden : sequence of int
        Widths of the hidden layers.
    seed : int, default 0
        Of the initial weights, which are the same at each call.
    bias_std : float, default 1e-6
        Standard deviation of the initial biases.

    Raises
    ------
    MBHError
        For a layer without neurons, and for more weights than fit into memory.

    Notes
    -----
    Definition 2.4 of the thesis: feed-forward layers one after another, of which each takes what
    the one before gives. The activation is the ReLU; the output layer has none here.

    Weights are He-normal over the full fan-in (variance 2 / n_in) and biases N(0, bias_std^2). The
    thesis states a bias std of 1e-6; Hanin & Rolnick, whom it follows, use 1e-3 (a *variance* of
    1e-6).

    Examples
    --------
    >>> import torch
    >>> import mbh_utils as mbh
    >>> network = mbh.Network(64, (48, 16), 10, seed=1)
    >>> network
    Network(64-48-16-10, 3,904 hidden parameters, density 1.0000)
    >>> network(torch.zeros(5, 64)).shape
    torch.Size([5, 10])
    """

    def __init__(
        self,
        n_inputs: int,
        hidden: Sequence[int],
        n_classes: int,
        *,
        seed: int = 0,
        bias_std: float = 1e-6,
    ):
        super().__init__()
        self.n_inputs = require.whole("n_inputs", n_inputs)
        self.n_classes = require.whole("n_classes", n_classes)
        widths = require.listed("hidden", hidden, "widths")
        self.hidden = tuple(require.whole("a width in hidden", n) for n in widths)
        if not self.hidden or min(self.n_inputs, self.n_classes, *self.hidden) < 1:
            raise MBHError(
                f"every layer needs at least one neuron, got {n_inputs}, hidden {hidden}, "
                f"{n_classes}"
            )
        self._refuse_too_many_weights()
        shapes = pruning.layer_shapes(self.n_inputs, self.hidden)
        with torch.random.fork_rng(devices=[]):  # torch draws weights of its own, not used
            self.hidden_layers = nn.ModuleList(MaskedLinear(n_in, n_out) for n_out, n_in in shapes)
            self.output = nn.Linear(self.hidden[-1], self.n_classes)
        self.initialise(seed, bias_std)

    def _refuse_too_many_weights(self) -> None:
        widths = (self.n_inputs, *self.hidden, self.n_classes)
        weights = sum(n_in * n_out for n_in, n_out in zip(widths, widths[1:], strict=False))
        if weights > MOST_WEIGHTS:
            raise MBHError(
                f"hidden {self.hidden} makes {weights:,} weights, which do not fit into memory: "
                "choose fewer"
            )

    @torch.no_grad()
    def initialise(
        self,
        seed: int,
        bias_std: float = 1e-6,
        purpose: str = "weights",
    ) -> "Network":
        """Draw all weights and biases anew; masks stay.

        Parameters
        ----------
        seed : int
            Of the random numbers.
        bias_std : float, default 1e-6
            Standard deviation of the biases.
        purpose : str, default "weights"
            Names the stream of random numbers of this seed, one of ``computing.seeds.PURPOSES``.

        Returns
        -------
        Network
            This network.
        """
        rng = stream(seed, purpose)
        bias_std = require.number("bias_std", bias_std, *_SPREAD)
        for layer in self.linears:
            weight = rng.standard_normal(layer.weight.shape) * np.sqrt(2 / layer.in_features)
            bias = rng.standard_normal(layer.out_features) * bias_std
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
        return self.set_masks(self.masks)

    @property
    def linears(self) -> list[nn.Linear]:
        """All layers, the output layer last."""
        return [*self._masked_layers, self.output]

    @property
    def _masked_layers(self) -> Iterable[MaskedLinear]:
        """The hidden layers; a ModuleList does not say of which type its members are."""
        return cast(Iterable[MaskedLinear], self.hidden_layers)

    @property
    def masks(self) -> list[np.ndarray]:
        """Masks of the hidden layers, each (n_l, n_{l-1}) bool."""
        return [layer.mask.cpu().numpy().copy() for layer in self._masked_layers]

    @property
    def output_mask(self) -> np.ndarray:
        """Mask of the output layer, (n_classes, n_L) bool: True everywhere unless it was pruned."""
        if isinstance(self.output, MaskedLinear):
            return self.output.mask.cpu().numpy().copy()
        return np.ones(tuple(self.output.weight.shape), dtype=bool)

    @torch.no_grad()
    def set_masks(self, masks: "Sequence[ArrayLike]") -> "Network":
        """Put these masks on the layers; weights outside them become exactly zero.

        Parameters
        ----------
        masks : sequence of bool arrays
            One a hidden layer, (n_l, n_{l-1}), True where the connection lives. One more prunes the
            output layer, which stays as it is otherwise.

        Returns
        -------
        Network
            This network.

        Raises
        ------
        MBHError
            If the masks do not have the shapes of the layers; no layer is changed then.
        """
        given = require.listed("masks", masks, "masks, one a layer")
        tensors = [torch.tensor(require.bits("masks", mask)) for mask in given]
        n_more = len(tensors) - len(self.hidden_layers)
        if n_more not in (0, 1):
            raise MBHError(
                f"{len(tensors)} masks were given for {len(self.hidden_layers)} hidden layers"
            )
        for layer, mask in zip(self.linears, tensors, strict=False):
            shape = tuple(layer.weight.shape)
            if mask.shape != shape:
                raise MBHError(f"mask of shape {tuple(mask.shape)} on a layer of shape {shape}")
        if n_more:
            self._make_output_maskable()
        maskable = [layer for layer in self.linears if isinstance(layer, MaskedLinear)]
        for layer, mask in zip(maskable, tensors, strict=False):
            layer.mask.copy_(mask)
        for layer in maskable:
            layer.weight.mul_(layer.mask)
        return self

    def _make_output_maskable(self) -> None:
        """Let the output layer have a mask, with the parameters that it has."""
        if isinstance(self.output, MaskedLinear):
            return
        dense = self.output
        with torch.random.fork_rng(devices=[]):
            self.output = MaskedLinear(dense.in_features, dense.out_features).to(dense.weight)
        self.output.weight = dense.weight
        self.output.bias = dense.bias

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
        """Logits of samples.

        Parameters
        ----------
        x : torch.Tensor, shape (n, n_inputs)
            Each sample as a row.

        Returns
        -------
        torch.Tensor, shape (n, n_classes)
            The largest one of a row is the predicted class.
        """
        for layer in self.hidden_layers:
            x = torch.relu(layer(x))
        return self.output(x)

    def copy(self) -> "Network":
        """An independent copy with the same weights and masks."""
        twin = Network(self.n_inputs, self.hidden, self.n_classes)
        if isinstance(self.output, MaskedLinear):
            twin._make_output_maskable()
        twin.to(self.output.weight.dtype).load_state_dict(self.state_dict())
        return twin

    def __repr__(self) -> str:
        widths = "-".join(map(str, (self.n_inputs, *self.hidden, self.n_classes)))
        return (
            f"Network({widths}, {self.n_parameters:,} hidden parameters, density "
            f"{self.density:.4f})"
        )


def feed_forward(
    data,
    hidden: Sequence[int],
    *,
    parameters: int | None = None,
    seed: int = 0,
    **options,
) -> Network:
    """A network for a data set, randomly pruned before training.

    Parameters
    ----------
    data : Dataset
        Tells the number of inputs and of classes.
    hidden : sequence of int
        Widths of the hidden layers, as many as you like.
    parameters : int, optional
        Hidden network parameters (HNPs) that are left; dense without it.
    seed : int, default 0
        Of weights and mask, which come from streams of their own.
    **options
        Of :class:`Network`: ``bias_std``.

    Returns
    -------
    Network
        Before its training.

    Raises
    ------
    MBHError
        If the budget does not fit the hidden layers.

    Notes
    -----
    The masks are those of :func:`mbh_utils.pruning.random_masks`.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> mbh.feed_forward(data, (40, 20, 10), parameters=1_000)
    Network(64-40-20-10-10, 1,000 hidden parameters, density 0.2612)
    """
    data = require.data_set("data", data)
    if parameters is not None:
        parameters = require.whole("parameters", parameters)
    network = Network(data.n_inputs, hidden, data.n_classes, seed=seed, **options)
    if parameters is None or parameters == network.n_parameters:
        return network
    shapes = pruning.layer_shapes(network.n_inputs, network.hidden)
    return network.set_masks(pruning.random_masks(shapes, parameters, stream(seed, "mask")))


def _widths(hidden, family: tuple[int, ...]) -> tuple:
    """The widths of an architecture.

    A number stands for the member of its family with so many neurons at the end.
    """
    number = require.item(hidden)
    if isinstance(number, Integral) and not isinstance(number, bool):
        return tuple(n * int(number) for n in family)
    expected = "the widths of the hidden layers, such as (300, 100)"
    return tuple(require.listed("hidden", hidden, expected))


def lenet(data, hidden: Sequence[int] | int = (300, 100), **options) -> Network:
    """A Lenet: two hidden layers (3n, n).

    Parameters
    ----------
    data : Dataset
        Tells the number of inputs and of classes.
    hidden : sequence of int or int, default (300, 100)
        Widths of the two hidden layers; a number n stands for (3n, n).
    **options
        Of :func:`feed_forward`: ``parameters``, ``seed``, ``bias_std``.

    Returns
    -------
    Network
        Before its training.

    Raises
    ------
    MBHError
        For another number of hidden layers, and if the budget does not fit them.

    Notes
    -----
    The first family of Fig 6.1 of the thesis; ``networks.LENET`` lists its set-ups.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> mbh.lenet(data, 32)
    Network(64-96-32-10, 9,344 hidden parameters, density 1.0000)
    >>> mbh.lenet(data, (96, 32), parameters=1_000, seed=5)
    Network(64-96-32-10, 1,000 hidden parameters, density 0.0946)
    """
    hidden = _widths(hidden, (3, 1))
    if len(hidden) != 2:
        raise MBHError(
            f"a Lenet has two hidden layers, got {hidden}; feed_forward takes any number"
        )
    return feed_forward(data, hidden, **options)


def deepfc(data, hidden: Sequence[int] | int = (200, 100, 100), **options) -> Network:
    """A DeepFC: three hidden layers (2n, n, n).

    Parameters
    ----------
    data : Dataset
        Tells the number of inputs and of classes.
    hidden : sequence of int or int, default (200, 100, 100)
        Widths of the three hidden layers; a number n stands for (2n, n, n).
    **options
        Of :func:`feed_forward`: ``parameters``, ``seed``, ``bias_std``.

    Returns
    -------
    Network
        Before its training.

    Raises
    ------
    MBHError
        For another number of hidden layers, and if the budget does not fit them.

    Notes
    -----
    The second family of Fig 6.1 of the thesis; ``networks.DEEPFC`` lists its set-ups.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> mbh.deepfc(mbh.load_dataset("digits8"), 10)
    Network(64-20-10-10-10, 1,620 hidden parameters, density 1.0000)
    """
    hidden = _widths(hidden, (2, 1, 1))
    if len(hidden) != 3:
        raise MBHError(
            f"a DeepFC has three hidden layers, got {hidden}; feed_forward takes any number"
        )
    return feed_forward(data, hidden, **options)


def winning_ticket(trained: Network, initial: Network, parameters: int) -> Network:
    """The initial weights under the one-shot magnitude mask of the trained network.

    Parameters
    ----------
    trained, initial : Network
        The same network after and before its training.
    parameters : int
        Hidden network parameters (HNPs) that are left.

    Returns
    -------
    Network
        A new network; the two that were given stay as they are.

    Raises
    ------
    MBHError
        If the two are not one network, or the budget does not fit its hidden layers.

    Notes
    -----
    Sections 2.2 and 2.3 of the thesis: weight rewinding with one round of magnitude pruning, see
    :func:`mbh_utils.pruning.magnitude_masks`.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> initial = mbh.lenet(data, 8)
    >>> trained = initial.copy()  # train it here: mbh.train(trained, data)
    >>> mbh.winning_ticket(trained, initial, parameters=500)
    Network(64-24-8-10, 500 hidden parameters, density 0.2708)
    """
    expected = "a network of this package, such as lenet(data) makes"
    require.kind_of("trained", trained, Network, expected)
    require.kind_of("initial", initial, Network, expected)
    if (trained.n_inputs, trained.hidden) != (initial.n_inputs, initial.hidden):
        raise MBHError(
            f"trained is {trained}, initial {initial}: they are one network after and before its "
            "training"
        )
    weights = [layer.live_weight.detach().cpu().numpy() for layer in trained._masked_layers]
    return initial.copy().set_masks(pruning.magnitude_masks(weights, parameters))
