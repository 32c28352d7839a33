"""How well a network classifies."""

import math

import numpy as np
import torch

from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading.eval_mode import reached, untouched
from mbh_utils.networks.reading.traced import Traced

#: Images that go through a network at once.
_BLOCK = 10_000


def accuracy(network: torch.nn.Module | Traced, samples: Samples) -> float:
    """Share of the samples that the network classifies correctly.

    Parameters
    ----------
    network : torch.nn.Module or Traced
        Any module that makes logits (n, n_classes) of rows (n, d), or what :func:`mbh_utils.trace`
        made of one that takes images. A module is looked at in eval mode and stays as it is:
        training mode, parameters, buffers, gradients and random states are untouched.
    samples : Samples
        Images with labels, such as ``data.validation``.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    MBHError
        Without samples, for a network that does not take them, and for outputs that name no class.

    Notes
    -----
    This is the performance that the thesis relates to specialization (section 6.1).

    Examples
    --------
    >>> from mbh_utils.datasets import Samples
    >>> accuracy(torch.nn.Identity(), Samples([[1, 0], [0, 1], [1, 0], [0, 1]], [0, 1, 1, 1]))
    0.75
    """
    wanted = "a torch module that makes logits of images"
    require.kind_of("network", network, torch.nn.Module | Traced, wanted)
    samples = require.samples("samples", samples)
    if not len(samples.labels):
        raise MBHError("accuracy needs at least one sample")
    if not np.isfinite(samples.images).all():
        raise MBHError("samples hold NaN or infinite values: repair or drop these images")
    labels = torch.tensor(samples.labels)
    if isinstance(network, Traced):
        logits = _outputs_of_traced(network, samples.images)
    else:
        logits = _logits_of_all(network, torch.tensor(samples.images))
    n_outputs = logits.shape[1]
    if outside := labels[(labels < 0) | (labels >= n_outputs)].tolist():
        raise MBHError(
            f"samples carry the label {outside[0]}, but the network has {n_outputs} outputs, one a "
            "class"
        )
    return float((logits.argmax(dim=1) == labels).sum()) / len(labels)


def _outputs_of_traced(network: Traced, images: np.ndarray) -> torch.Tensor:
    """The outputs (n, n_classes) of what was traced."""
    n_taken = math.prod(network.input_shape)
    if images.shape[1] != n_taken:
        raise MBHError(
            f"network was traced for {n_taken} inputs, but samples have {images.shape[1]}"
        )
    starts = range(0, len(images), _BLOCK)
    return torch.from_numpy(np.concatenate([network(images[i : i + _BLOCK]) for i in starts]))


def _logits_of_all(network: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """The network's outputs (n, n_classes) on the CPU, block by block."""
    device, dtype = _place_of(network)
    with untouched(network, device):
        blocks = [_logits(network, x.to(device, dtype)).cpu() for x in images.split(_BLOCK)]
    return torch.cat(blocks)


def _place_of(network: torch.nn.Module) -> tuple[torch.device, torch.dtype]:
    """Where a network computes, and in which float type; else float32 on the CPU.

    Parameters tell, or else buffers, or else the tensors that it keeps otherwise; also of modules
    in plain lists.
    """
    modules, others = reached(network)
    tensors = [x for m in modules for x in m.parameters(recurse=False)]
    tensors += [x for m in modules for x in m.buffers(recurse=False)]
    tensors += [x for x in others if issubclass(type(x), torch.Tensor)]
    if any(torch.nn.parameter.is_lazy(x) for x in tensors):
        raise MBHError(
            "network has lazy layers that never saw an input: call it once on one image, "
            "network(images[:1])"
        )
    device = next((x.device for x in tensors), torch.device("cpu"))
    if device.type == "meta":
        raise MBHError("network lies on the device meta, without numbers: load its weights first")
    return device, next((x.dtype for x in tensors if x.is_floating_point()), torch.float32)


def _logits(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The network's outputs (n, n_classes) of images (n, d)."""
    try:
        found = network(x)
    except Exception as error:  # whatever the module's own code raises
        raise MBHError(
            f"network, a {type(network).__name__}, does not take images of shape {tuple(x.shape)}: "
            f"{error}. Put what it needs in front, such as "
            "nn.Sequential(nn.Unflatten(1, (1, 28, 28)), network)"
        ) from error
    if not isinstance(found, torch.Tensor):
        kind = type(found).__name__
        raise MBHError(
            f"network returns a {kind}; wrap it in a module that returns the logits alone"
        )
    if found.ndim != 2 or len(found) != len(x) or found.is_complex():
        raise MBHError(
            f"network returns {found.dtype} of shape {tuple(found.shape)}; expected real logits "
            f"({len(x)}, n_classes)"
        )
    if found.isnan().any():
        raise MBHError("network returns NaN, which names no class: look for NaN among its weights")
    return found
