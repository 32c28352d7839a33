"""Parameters that exist, as lists, and how some of them or of the empty places are chosen."""

import math
from typing import NamedTuple

import numpy as np


class Live(NamedTuple):
    """Parameters that exist, with Adam's moments: of a whole network, or the weights of a layer."""

    places: np.ndarray  # (n,) int64, rising: where they are in the flat dense order
    values: np.ndarray  # (n,) float32
    mean: np.ndarray  # (n,) float32: Adam's first moment
    square: np.ndarray  # (n,) float32: Adam's second moment

    def where(self, chosen) -> "Live":
        """Some of them."""
        return Live(*(array[chosen] for array in self))

    def between(self, first: int, last: int) -> "Live":
        """Those in places first <= p < last, counted from ``first``."""
        start, stop = np.searchsorted(self.places, [first, last])
        part = self.where(slice(start, stop))
        return part._replace(places=part.places - first)

    def with_new(self, places: np.ndarray, values: np.ndarray) -> "Live":
        """These and new ones, whose moments are zero; places: rising."""
        is_new = np.zeros(len(self.places) + len(places), dtype=bool)
        is_new[np.searchsorted(self.places, places) + np.arange(len(places))] = True
        nothing = np.zeros(len(places), np.float32)
        together = []
        for old, new in zip(self, (places, values, nothing, nothing), strict=True):
            both = np.empty(len(is_new), old.dtype)
            both[is_new] = new
            both[~is_new] = old
            together.append(both)
        return Live(*together)


class Moment(NamedTuple):
    """What a rewiring of one layer is told beside its weights."""

    iteration: int
    iterations: int  # of the whole training
    size: int  # places of the layer, live or not
    rng: np.random.Generator
    gradient: np.ndarray | None  # (size,) of the loss by all weights, live or not; RigL's


# ------------------------------------------------------------------------------- choosing places


def rounded(number: float) -> int:
    """To a whole number, half up; what floating point has left of a half is one."""
    return math.floor(round(number, 9) + 0.5)


def largest(scores: np.ndarray, n: int) -> np.ndarray:
    """Which scores are the n largest; of equal ones the first."""
    chosen = np.zeros(len(scores), dtype=bool)
    if n == 0:
        return chosen
    limit = np.partition(scores, len(scores) - n)[len(scores) - n]
    np.greater(scores, limit, out=chosen)
    (equal,) = np.nonzero(scores == limit)
    chosen[equal[: n - np.count_nonzero(chosen)]] = True
    return chosen


def random_empty(taken: np.ndarray, size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """n of the places below ``size`` that are not taken, each as likely, rising as these are."""
    ranks = np.sort(rng.choice(size - len(taken), n, replace=False, shuffle=False))
    empty_before = taken - np.arange(len(taken))  # of each that is taken
    return ranks + np.searchsorted(empty_before, ranks, side="right")
