"""Initial weights other than the thesis's: those of Keras, and some with planted modules."""

import numpy as np
import torch

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.networks.network import Network

_EXPECTED = "a network of this package, such as lenet(data) makes"


@torch.no_grad()
def glorot(network: Network, seed: int) -> Network:
    """Draw all weights anew as Keras does by default; masks stay.

    Parameters
    ----------
    network : Network
        Is changed.
    seed : int
        Of the random numbers.

    Returns
    -------
    Network
        This network.

    Raises
    ------
    MBHError
        For something else than a network of this package.

    Notes
    -----
    Weights are uniform in +-sqrt(6 / (n_in + n_out)), biases 0 (Glorot and Bengio 2010). The
    networks of Filan et al. 2021 (arXiv 2103.03386) begin so.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.networks import glorot
    >>> network = glorot(mbh.lenet(mbh.load_dataset("digits8"), 8), seed=0)
    >>> bool(network.output.weight.abs().max() < (6 / (8 + 10)) ** 0.5)
    True
    """
    network = require.kind_of("network", network, Network, _EXPECTED)
    rng = stream(seed, "glorot")
    for layer in network.linears:
        most = np.sqrt(6 / (layer.in_features + layer.out_features))
        layer.weight.copy_(torch.from_numpy(rng.uniform(-most, most, layer.weight.shape)))
        layer.bias.zero_()
    return network.set_masks(network.masks)


@torch.no_grad()
def modular(
    network: Network,
    seed: int,
    *,
    modules: int = 10,
    outside: float = 0.6,
) -> Network:
    """Draw weights as :func:`glorot` does, with modules planted into them; masks stay.

    Parameters
    ----------
    network : Network
        Is changed.
    seed : int
        Of the random numbers.
    modules : int, default 10
        How many.
    outside : float, default 0.6
        Factor in [0, 1] for a weight between two modules. A weight inside of one is multiplied by
        1 + (1 - outside) (modules - 1), so that the mean factor is about 1.

    Returns
    -------
    Network
        This network.

    Raises
    ------
    MBHError
        For something else than a network of this package, and for other numbers.

    Notes
    -----
    The positive control of Filan et al. 2021 (arXiv 2103.03386): what looks for clusters must find
    them here, also after training. Every hidden neuron belongs to a random module, and every class
    to one of its own where there are as many (:func:`planted_modules`). Weights from the inputs
    stay as they are, since not every pixel matters.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.networks import modular
    >>> data = mbh.load_dataset("digits8")
    >>> modular(mbh.feed_forward(data, (32, 32)), seed=0)
    Network(64-32-32-10, 3,136 hidden parameters, density 1.0000)
    """
    modules = require.whole("modules", modules, 2, 10**6)
    outside = require.number("outside", outside, "a factor in [0, 1]", lambda x: 0 <= x <= 1)
    glorot(network, seed)
    inside = 1 + (1 - outside) * (modules - 1)
    members = planted_modules(network, seed, modules)
    for layer, own, before in zip(network.linears[1:], members[1:], members[:-1], strict=True):
        factor = np.where(own[:, None] == before, inside, outside)
        layer.weight.mul_(torch.from_numpy(factor).to(layer.weight.dtype))
    return network


def planted_modules(network: Network, seed: int, modules: int = 10) -> list[np.ndarray]:
    """The module of each hidden neuron and of each class, as :func:`modular` plants them.

    Parameters
    ----------
    network : Network
        Any with these layers.
    seed : int
        As it was given to :func:`modular`.
    modules : int, default 10
        How many.

    Returns
    -------
    list of (n_l,) int arrays
        One for each hidden layer, and one for the outputs.

    Raises
    ------
    MBHError
        For something else than a network of this package, and for fewer than two modules.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> from mbh_utils.networks import planted_modules
    >>> network = mbh.lenet(mbh.load_dataset("digits8"), 8)
    >>> [len(members) for members in planted_modules(network, seed=0)]
    [24, 8, 10]
    """
    network = require.kind_of("network", network, Network, _EXPECTED)
    modules = require.whole("modules", modules, 2, 10**6)
    rng = stream(seed, "modules")
    members = [rng.integers(modules, size=width) for width in network.hidden]
    if network.n_classes <= modules:
        return [*members, np.arange(network.n_classes)]
    return [*members, rng.integers(modules, size=network.n_classes)]
