"""How long a network trains or is measured, and how much memory that takes.

They decide the order of the tasks and tell the time that is left; no result depends on them.
"""

import functools
import time

import numpy as np

from mbh_utils import datasets, networks
from mbh_utils.experiments.runs import Case, Run, milestones
from mbh_utils.training import Recipe, train_stack

#: Python, torch, numba and the other libraries in a process.
_LIBRARIES = 600 * 2**20


def training_seconds(run: Run) -> float:
    """Of training a network, with a look at its accuracy at every milestone."""
    recipe = run.recipe
    n_inputs = run.raw.n_inputs
    each = _seconds_per_iteration(n_inputs, run.hidden, run.parameters, recipe.batch_size)
    looks = len(milestones(recipe.iterations))
    return recipe.iterations * each + looks * len(run.raw.validation) * run.parameters / 1e10


@functools.cache
def _seconds_per_iteration(
    n_inputs: int, hidden: tuple[int, ...], parameters: int, batch_size: int
) -> float:
    """Of training such a network on this machine, from training one on noise for a moment."""
    rng = np.random.default_rng(0)
    images = rng.random((10 * batch_size, n_inputs), np.float32)
    labels = rng.integers(10, size=10 * batch_size)
    data = datasets.from_arrays(
        images, labels, images[:10], labels[:10], classes=list("0123456789")
    )
    network = networks.feed_forward(data, hidden, parameters=parameters)
    spent = []
    for iterations in (1, 1, 41, 41):
        started = time.perf_counter()
        train_stack([network], data, Recipe(iterations, batch_size), seeds=[0], progress=False)
        spent.append(time.perf_counter() - started)
    return max(min(spent[2:]) - min(spent[:2]), 1e-5) / 40


def pattern_seconds(case: Case, images: int | None = None) -> float:
    """Of reading a network and its patterns on so many validation images (default: all)."""
    n = len(case.run.raw.validation) if images is None else images
    return 0.02 + n * (2e-5 + case.run.dense.parameters / 4e9)


def partition_seconds(case: Case, planes: int) -> float:
    """Of partitioning so many planes into a network's activation regions."""
    return planes * (0.005 + sum(case.run.hidden) ** 2 / 2e6)


def training_memory(run: Run) -> int:
    """Bytes that a process holds at most while it trains a network, libraries included."""
    return _LIBRARIES + 4 * _image_bytes(run)


def measuring_memory(run: Run) -> int:
    """Bytes that a process holds at most while it measures a network, libraries included."""
    patterns = 2 * 8 * len(run.raw.validation) * sum(run.hidden)
    return _LIBRARIES + 3 * _image_bytes(run) + patterns


def _image_bytes(run: Run) -> int:
    """Of a data set; several are loaded by the time that a process has done some tasks."""
    raw = run.raw
    return 4 * raw.n_inputs * (len(raw.train) + len(raw.validation))
