"""What a training is made of: its recipe, where it stands in between, and what was seen of it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network

#: Of one training; it would take a day at the very least.
MOST_ITERATIONS = 10**9

#: The arrays of a :class:`State`.
STATE = ("values", "mean", "square")
#: One more of a training whose masks change.
LIVE = "live"


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam on cross entropy, without early stopping.

    Parameters
    ----------
    iterations : int, default 50_000
        Steps of Adam, one minibatch each.
    batch_size : int, default 60
        Samples of a minibatch; where there are fewer training samples, all of them.
    learning_rate : float, default 0.0012
        Adam's.

    Raises
    ------
    MBHError
        For numbers that make no sense.

    Notes
    -----
    The defaults are those of the thesis (section 6.1 and Table A.1).

    Examples
    --------
    >>> Recipe(iterations=3_000)
    Recipe(iterations=3000, batch_size=60, learning_rate=0.0012)
    >>> Recipe(learning_rate=0)
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: learning_rate is 0; expected a finite number > 0
    """

    iterations: int = 50_000
    batch_size: int = 60
    learning_rate: float = 1.2e-3

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(iterations=require.whole("iterations", self.iterations, 0, MOST_ITERATIONS))
        put(batch_size=require.whole("batch_size", self.batch_size, 1))
        rate = require.number(
            "learning_rate",
            self.learning_rate,
            "a finite number > 0",
            lambda rate: 0 < rate < float("inf"),
        )
        put(learning_rate=rate)


#: How the thesis trains.
TABLE_A1 = Recipe()


@dataclass
class History:
    """What was seen at the milestones of one network's training.

    Attributes
    ----------
    accuracy : dict
        Iteration -> share of the validation samples classified correctly, in [0, 1].
    networks : dict
        Iteration -> copy of the network as it was then.

    Examples
    --------
    >>> History({0: 0.1, 100: 0.9}).accuracy[100]
    0.9
    """

    accuracy: dict[int, float] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)


@dataclass
class State:
    """One network in the middle of its training, from which the training can go on.

    Going on from here gives what training in one go does, to the last bit on a CPU.

    Parameters
    ----------
    iteration : int
        Steps taken.
    arrays : dict
        "values", "mean" and "square": parameters and Adam's moments, each (n,) float32. They are in
        the order of the layers, of each the dense weights (n_out, n_in) and then the biases; zero
        where a weight is pruned. Empty where the training has not begun. A training that is rewired
        has "live" too, (n,) bool: False where a weight is pruned.
    accuracy : dict
        As in :class:`History`.

    Raises
    ------
    MBHError
        For an iteration that is no number of steps, and for arrays and accuracies that are no dict.

    Examples
    --------
    >>> State(0, {}).iteration
    0
    """

    iteration: int
    arrays: dict[str, np.ndarray]
    accuracy: dict[int, float] = field(default_factory=dict)

    def __post_init__(self):
        self.iteration = require.whole("iteration", self.iteration, 0, MOST_ITERATIONS)
        for name in ("arrays", "accuracy"):
            wanted = "a dict, as train_stack gives it to checkpoint"
            require.kind_of(name, getattr(self, name), dict, wanted)


def check_milestones(milestones: Sequence, iterations: int) -> None:
    """MBHError for milestones that a training of so many iterations never reaches."""
    if bad := [m for m in milestones if not _is_iteration(m, iterations)]:
        raise MBHError(f"milestones {bad} are no whole numbers in 0..{iterations}")


def _is_iteration(given, iterations: int) -> bool:
    with contextlib.suppress(MBHError):
        number = require.number("milestone", given)
        return number == int(number) and 0 <= number <= iterations
    return False
