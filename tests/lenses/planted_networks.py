"""A network whose clusters are known: two halves, each of which carries half of the classes."""

import numpy as np
import torch
from torch import nn

from mbh_utils import Samples

#: Classes, and for each of them: inputs, and neurons of each of two hidden layers.
CLASSES, INPUTS, NEURONS = 10, 2, 8
#: Weights between the halves: a graph of one piece.
LINK = 1e-4


def planted() -> tuple[nn.Sequential, np.ndarray, Samples]:
    """A network of two halves, the half of each unit (inputs, hidden, outputs), and its samples.

    A class has eight neurons in each hidden layer, of which seven are needed: with fewer, the bias
    of the first class of its half is the largest output. Classes of one half inhibit each other. So
    a lesion of any half of a layer's neurons takes nearly all classes but these two, and that of
    one of the planted halves takes its five to chance and leaves the others alone.
    """
    half_of = np.arange(CLASSES) // 5
    same_class = np.eye(CLASSES)
    same_half = (half_of[:, None] == half_of) - same_class

    def joined(own: float, others: float, n_out: int, n_in: int) -> np.ndarray:
        weight = own * same_class + others * same_half
        weight = np.where(weight == 0, LINK, weight)
        return np.kron(weight, np.ones((n_out, n_in)))

    network = nn.Sequential(
        nn.Linear(CLASSES * INPUTS, CLASSES * NEURONS),
        nn.ReLU(),
        nn.Linear(CLASSES * NEURONS, CLASSES * NEURONS),
        nn.ReLU(),
        nn.Linear(CLASSES * NEURONS, CLASSES),
    ).requires_grad_(False)
    weights = (
        joined(1.0, -0.3, NEURONS, INPUTS),
        joined(1 / NEURONS, -0.03, NEURONS, NEURONS),
        joined(1.0, -0.3, 1, NEURONS),
    )
    for linear, weight in zip((network[0], network[2], network[4]), weights, strict=True):
        linear.weight.copy_(torch.tensor(weight))
        linear.bias.zero_()
    network[4].bias[[0, 5]] = 6.5
    per_class = (INPUTS, NEURONS, NEURONS, 1)
    labels = np.concatenate([np.repeat(half_of, n) for n in per_class])
    classes = np.repeat(np.arange(CLASSES), 20)
    images = np.random.default_rng(0).uniform(0, 0.001, (len(classes), CLASSES, INPUTS))
    images[np.arange(len(classes)), classes] += 0.5
    return network, labels, Samples(images.reshape(len(classes), -1), classes)
