"""Small networks and samples whose patterns are known."""

import numpy as np

from mbh_utils import Plane


def identity_network(n: int):
    """One hidden layer whose neurons are the inputs.

    The sample (1, -1, ...) has the pattern (active, inactive, ...).
    """
    return [(np.eye(n), np.zeros(n))]


def samples_with(pattern_bits: np.ndarray) -> np.ndarray:
    """Samples that have these patterns in the identity network."""
    return np.where(pattern_bits, 1.0, -1.0)


def small_case(seed: int, hidden=(4, 3), n_inputs: int = 3, n: int = 25):
    """Random hidden layers, samples and a plane in few dimensions."""
    rng = np.random.default_rng(seed)
    layers = []
    sizes = (n_inputs, *hidden)
    for m, k in zip(sizes, sizes[1:], strict=False):
        layers.append((rng.standard_normal((k, m)), 0.3 * rng.standard_normal(k)))
    samples = rng.random((n, n_inputs))
    return layers, samples, Plane.through(samples[:3])
