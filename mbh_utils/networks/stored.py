"""Networks in a store: parameters and masks as arrays, the shape of the network as a fact."""

import torch

from mbh_utils.computing.store import Store
from mbh_utils.networks.network import Network

#: The kind of a network's entry.
KIND = "network"


def put_network(store: Store, settings: dict, network: Network, **facts) -> None:
    """Keep a network in a store.

    Parameters
    ----------
    store : Store
        Where to.
    settings : dict
        Everything that defines the network, as :class:`Store` takes it.
    network : Network
        It is kept as it is now.
    **facts
        What is noted beside it, such as its accuracy.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> put_network(store, {"seed": 0}, Network(5, (4, 3), 2), accuracy=0.75)
    >>> get_network(store, {"seed": 0}).hidden
    (4, 3)
    >>> store.facts("network", {"seed": 0})["accuracy"]
    0.75
    """
    arrays = {name: values.cpu().numpy() for name, values in network.state_dict().items()}
    shape = {
        "n_inputs": network.n_inputs,
        "hidden": network.hidden,
        "n_classes": network.n_classes,
    }
    store.put_arrays(KIND, settings, arrays, **facts, shape=shape)


def get_network(store: Store, settings: dict) -> Network | None:
    """The network with these settings, or None if the store has none that is whole.

    Parameters
    ----------
    store : Store
        Where from.
    settings : dict
        As it was put by.

    Examples
    --------
    >>> import tempfile
    >>> get_network(Store(tempfile.mkdtemp()), {"seed": 0}) is None
    True
    """
    return store.arrays(KIND, settings, make=_network_of)


def _network_of(arrays: dict, facts: dict) -> Network:
    network = Network(**facts["shape"])
    if "output.mask" in arrays:
        network.set_masks([*network.masks, arrays["output.mask"]])
    network.load_state_dict({name: torch.from_numpy(values) for name, values in arrays.items()})
    return network
