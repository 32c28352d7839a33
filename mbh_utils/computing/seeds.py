"""Streams of random numbers, one per purpose, so that equal seeds mean equal results everywhere.

A purpose of its own means that, for instance, drawing another mask never changes the initial
weights.
"""

import numpy as np

from mbh_utils.computing import require

#: What random numbers are drawn for. A number, once given, is part of every committed result.
PURPOSES = {
    "weights": 0,
    "mask": 1,
    "batches": 2,
    "planes": 3,
    "classes": 4,
    "reinitialise": 5,
    "volume": 6,
    "split": 7,
    "bootstrap": 8,
    "rewiring": 9,
    "few": 10,
    "images": 20,
    "shuffles": 21,
    "glorot": 22,
    "modules": 23,
    "halves": 24,
    "null_masks": 30,
    "relatives": 31,
    "random sets": 40,
    "start image": 41,
    "neuron_groups": 50,
    "image_pairs": 51,
    "candidates": 60,
    "random phenomenon": 61,
    "noise images": 62,
    "label noise": 63,
    "subset": 64,
    "splitting": 65,
    "other planes": 66,
    "pixel marginals": 67,
}


def stream(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """Random generator of one purpose, the same on every machine.

    Parameters
    ----------
    seed : int
        A whole number from 0 on.
    purpose : str
        One of ``PURPOSES``.
    *numbers : int
        From 1 on, of a purpose that draws several times: which of them it is.

    Raises
    ------
    MBHError
        If the seed is no such number, or the purpose is unknown.

    Examples
    --------
    >>> bool(stream(3, "mask").random() == stream(3, "mask").random())
    True
    """
    seed = require.whole("seed", seed, 0)
    number = PURPOSES[require.choice("purpose", purpose, PURPOSES)]
    return np.random.default_rng([seed, number, *numbers])
