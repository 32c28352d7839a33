"""A network as the affine layers that its outputs are made by, and which neurons reach them."""

from dataclasses import dataclass

import numpy as np

from mbh_utils.computing import require
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks import Layer
from mbh_utils.networks.reading.reader import read_network


@dataclass(frozen=True)
class Chain:
    """Hidden layers and the output layer.

    Activations lie in columns here, one for each image: layers are then multiplied from the left,
    and the neurons of a set are rows that lie together.

    Parameters
    ----------
    hidden : list of Layer
        With all their linear units, which stand behind the neurons.
    output : Layer
        What makes the outputs of the last of them.
    """

    hidden: list[Layer]
    output: Layer

    @classmethod
    def of(cls, network) -> "Chain":
        """Of anything that :func:`mbh_utils.hidden_layers` understands and that has outputs."""
        reading = read_network(network)
        if reading.output is None:
            raise MBHError(
                "network is a list of hidden layers, which has no outputs: give the network itself "
                "(a mbh_utils network or a torch.nn.Module)"
            )
        return cls(reading.carrying, reading.output)

    @property
    def n_inputs(self) -> int:
        """Inputs of the first layer."""
        return self.hidden[0].weight.shape[1]

    @property
    def n_outputs(self) -> int:
        """Outputs, one a class."""
        return len(self.output.bias)

    @property
    def widths(self) -> list[int]:
        """Neurons of each hidden layer; linear units are none."""
        return [len(layer.bias) - layer.n_linear for layer in self.hidden]

    @property
    def reaching(self) -> list[np.ndarray]:
        """Which neurons of each hidden layer have a live path to the outputs: (n_l,) bool each."""
        reached = np.ones(self.n_outputs, dtype=bool)
        found: list[np.ndarray] = []
        for layer in reversed([*self.hidden[1:], self.output]):
            reached = (layer.weight[reached] != 0).any(axis=0)
            found.insert(0, reached)
        return [some[:width] for some, width in zip(found, self.widths, strict=True)]

    def layer(self, number: int) -> Layer:
        """A hidden layer by its number; the number behind the last one is the output layer's."""
        return self.hidden[number] if number < len(self.hidden) else self.output

    def activate(self, number: int, z: np.ndarray) -> np.ndarray:
        """Of pre-activations (..., n_units, n) the activations, in place; outputs stay."""
        if number < len(self.hidden):
            neurons = z[..., : self.widths[number], :]
            np.maximum(neurons, 0.0, out=neurons)
        return z

    def preactivations(self, images: np.ndarray) -> list[np.ndarray]:
        """Pre-activations (n_units, n) of every hidden layer, and behind them the outputs."""
        a = images.T
        found = []
        for number in range(len(self.hidden) + 1):
            weight, bias = self.layer(number)[:2]
            z = weight @ a
            z += bias[:, None]
            found.append(z)
            a = self.activate(number, z.copy()) if number < len(self.hidden) else z
        return found


def images_of(samples: Samples, chain: Chain) -> np.ndarray:
    """The images (n, d) of samples that a network takes, in float64."""
    samples = require.samples("samples", samples)
    images = np.asarray(samples.images, dtype=np.float64)
    if images.ndim != 2 or images.shape[1] != chain.n_inputs:
        raise MBHError(
            f"samples hold images of shape {images.shape}; the network takes (n, {chain.n_inputs})"
        )
    if not len(images):
        raise MBHError("samples are none: give at least one image of each class")
    if not require.all_finite(images):
        raise MBHError("samples hold NaN or infinite values: repair or drop these images")
    return images


def classes_of(samples: Samples, chain: Chain) -> np.ndarray:
    """The labels (n,) of samples in which every class of a network occurs."""
    labels = np.asarray(samples.labels)
    n = chain.n_outputs
    if n < 2:
        raise MBHError("network has one output; class accuracies need one output for each class")
    if len(outside := labels[(labels < 0) | (labels >= n)]):
        raise MBHError(
            f"samples carry the label {outside[0]}, but the network has {n} outputs, one a class"
        )
    missing = np.setdiff1d(np.arange(n), labels)
    if len(missing):
        named = ", ".join(map(str, missing[:10]))
        raise MBHError(
            f"samples hold no image of class {named}; the network has {n} outputs, and each class "
            "counts equally: give images of all of them"
        )
    return labels
