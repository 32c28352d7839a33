"""Random patterns for property tests, and brute force to hold the lens to."""

import math
from collections import Counter

import numpy as np
from hypothesis import strategies as st


@st.composite
def patterns(draw, most_images: int = 12, most_neurons: int = 20, least_images: int = 1):
    """Patterns of a few images and neurons; few neurons make equal patterns frequent."""
    n = draw(st.integers(least_images, most_images))
    width = draw(st.integers(1, most_neurons))
    seed = draw(st.integers(0, 2**32 - 1))
    on = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    return np.random.default_rng(seed).random((n, width)) < on


@st.composite
def two_patterns(draw, most_images: int = 12, most_neurons: int = 12):
    """Patterns of the same neurons for the same images, twice."""
    a = draw(patterns(most_images, most_neurons))
    seed = draw(st.integers(0, 2**32 - 1))
    flipped = np.random.default_rng(seed).random(a.shape) < draw(st.sampled_from([0.0, 0.1, 0.5]))
    return a, a ^ flipped


def counted(bits) -> Counter:
    """How often each pattern occurs, as a dict of tuples."""
    return Counter(tuple(row) for row in np.asarray(bits, bool).tolist())


def brute_entropy(counter: Counter) -> float:
    """In bits."""
    n = sum(counter.values())
    return -math.fsum(c / n * math.log2(c / n) for c in counter.values())
