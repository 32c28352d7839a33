"""Networks as few bytes: live weights only, a bit for each connection, compressed without loss."""

import lzma

import numpy as np
import safetensors.numpy
import torch

from mbh_utils.errors import MBHError
from mbh_utils.networks.network import Network

#: LZMA that knows that numbers take four bytes; float32 weights shrink a tenth more by it.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 2, "lp": 2, "pb": 2}]


def pack(network: Network) -> bytes:
    """A network's parameters and masks as compressed bytes.

    Parameters
    ----------
    network : Network
        Dense or sparse; its weights are kept in their own precision.

    Returns
    -------
    bytes
        Equal for equal networks. The shape is not in it: :func:`unpack` is told.

    Raises
    ------
    MBHError
        For a network with weights other than zero outside its masks.

    Examples
    --------
    >>> dense = Network(64, (48, 16), 10)
    >>> sparse = dense.copy().set_masks([np.eye(48, 64), np.ones((16, 48))])
    >>> len(pack(sparse)) < len(pack(dense)) / 3
    True
    """
    arrays = {name: values.cpu().numpy() for name, values in network.state_dict().items()}
    for mask_name in [name for name in arrays if name.endswith(".mask")]:
        layer = mask_name.removesuffix(".mask")
        mask = arrays.pop(mask_name)
        weight = arrays.pop(f"{layer}.weight")
        dead = weight[~mask]
        if dead.any():
            raise MBHError(
                f"{layer} has weights other than zero outside its mask, which could not be packed: "
                "network.set_masks(network.masks) makes them zero"
            )
        arrays[f"{layer}.live"] = weight[mask]
        arrays[f"{layer}.mask_bits"] = np.packbits(mask)
        if np.signbit(dead).any():  # pruned weights below zero have become -0.0
            arrays[f"{layer}.dead_signs"] = np.packbits(np.signbit(dead))
    content = safetensors.numpy.save(arrays)
    return lzma.compress(content, lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=_FILTERS)


def unpack(content: bytes, n_inputs: int, hidden: tuple[int, ...], n_classes: int) -> Network:
    """The network that was packed, equal to it bit for bit.

    Parameters
    ----------
    content : bytes
        What :func:`pack` made.
    n_inputs, hidden, n_classes
        The shape of the network.

    Returns
    -------
    Network
        A new one each time.

    Examples
    --------
    >>> network = Network(64, (48, 16), 10, seed=3)
    >>> twin = unpack(pack(network), 64, (48, 16), 10)
    >>> all(map(torch.equal, twin.state_dict().values(), network.state_dict().values()))
    True
    """
    arrays = safetensors.numpy.load(lzma.decompress(content))
    network = Network(n_inputs, hidden, n_classes)
    for name, values in network.state_dict().items():
        if name.endswith(".mask"):
            layer = name.removesuffix(".mask")
            shape = tuple(values.shape)
            mask, weight = _layer_of(arrays, layer, shape)
            arrays[name] = mask
            arrays[f"{layer}.weight"] = weight
    tensors = {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}
    network.to(tensors["output.weight"].dtype).load_state_dict(tensors)
    return network


def _layer_of(arrays: dict, layer: str, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Mask and weights of a layer; what they are made of is taken out of the arrays."""
    size = shape[0] * shape[1]
    mask = np.unpackbits(arrays.pop(f"{layer}.mask_bits"), count=size).astype(bool).reshape(shape)
    live = arrays.pop(f"{layer}.live")
    weight = np.zeros(shape, live.dtype)
    weight[mask] = live
    signs = arrays.pop(f"{layer}.dead_signs", None)
    if signs is not None:
        n_dead = size - len(live)
        is_negative = np.unpackbits(signs, count=n_dead).astype(bool)
        weight[~mask] = np.where(is_negative, -0.0, 0.0)
    return mask, weight
