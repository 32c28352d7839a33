"""Dynamic sparsity: which connections a network has changes while it is trained.

``SET`` and ``RigL`` move connections and keep their number, ``GradualPruning`` takes them away.
Hidden layers only: the output layer stays as it is (unless ``GradualPruning`` is told to prune it),
and so does a layer that is dense (SET, RigL).

A rewiring at iteration t happens between step t and step t + 1, so that the network at milestone t
is the one that was trained until then. Its random numbers depend on the seed and on its number only
(purpose "rewiring"), so that a training that was interrupted goes on bit for bit.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.training.recipe import MOST_ITERATIONS


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


class Rewiring:
    """What ``SET``, ``RigL`` and ``GradualPruning`` have in common.

    Examples
    --------
    >>> isinstance(SET(), Rewiring)
    True
    """

    every: int
    needs_gradient = False
    output = False

    def when(self, iterations: int) -> tuple[int, ...]:
        """The iterations at which it rewires, in a training of so many."""
        raise NotImplementedError

    def rewired(self, weights: Live, moment: Moment) -> Live:
        """The live weights of a layer after one rewiring."""
        raise NotImplementedError


_SHARE = "a share in (0, 1]", lambda share: 0 < share <= 1
_SPARSITY = "a share in [0, 1)", lambda share: 0 <= share < 1


@dataclass(frozen=True)
class SET(Rewiring):
    """Sparse evolutionary training: the weakest connections go, random ones come.

    Parameters
    ----------
    zeta : float, default 0.3
        Share of the live weights that is replaced: of the positive and of the negative ones of each
        layer those closest to zero (rounded half up; exact zeros count as positive).
    every : int, default 1_000
        Iterations between two rewirings; 1,000 are an epoch of the thesis's recipe.
    new_std : float, default 0.0
        Standard deviation of the weights that come, around zero.

    Raises
    ------
    MBHError
        For numbers that make no sense.

    Notes
    -----
    D. C. Mocanu et al., "Scalable training of artificial neural networks with adaptive sparse
    connectivity inspired by network science" (2018, arXiv 1707.04780). Each layer keeps its number
    of connections. Places of new ones are drawn uniformly among the empty ones, those just emptied
    among them; both moments of Adam begin at zero. Nothing is rewired after the last step.

    The code of that paper draws new weights with a standard deviation of 0.1. Here they begin at
    zero: the function of the network does not jump, and a new connection from a pixel that is
    always dark, which no gradient reaches, is the first to go again.

    Examples
    --------
    >>> SET(every=1_000).when(3_000)
    (1000, 2000)
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (24, 8), parameters=500)
    >>> before = network.masks[0]
    >>> _ = mbh.train(network, data, iterations=200, rewiring=SET(zeta=0.3, every=50))
    >>> network.n_parameters, bool((network.masks[0] == before).all())
    (500, False)
    """

    zeta: float = 0.3
    every: int = 1_000
    new_std: float = 0.0

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(zeta=require.number("zeta", self.zeta, *_SHARE))
        put(every=require.whole("every", self.every, 1, MOST_ITERATIONS))
        spread = "a number from 0 to 1e30", lambda std: 0 <= std <= 1e30
        put(new_std=require.number("new_std", self.new_std, *spread))

    def when(self, iterations: int) -> tuple[int, ...]:
        """The iterations at which it rewires.

        Parameters
        ----------
        iterations : int
            Of the whole training.

        Returns
        -------
        tuple of int
            Rising; the last iteration is never among them.
        """
        return tuple(range(self.every, iterations, self.every))

    def rewired(self, weights: Live, moment: Moment) -> Live:
        """The live weights of a layer after one rewiring.

        Parameters
        ----------
        weights : Live
            Before it.
        moment : Moment
            When it is, how large the layer is, and a generator of random numbers.

        Returns
        -------
        Live
            As many.
        """
        if len(weights.places) == moment.size:
            return weights
        is_negative = weights.values < 0
        stays = np.ones(len(weights.places), dtype=bool)
        for sign in (is_negative, ~is_negative):
            (group,) = np.nonzero(sign)
            n_gone = _rounded(self.zeta * len(group))
            stays[group] = _largest(np.abs(weights.values[group]), len(group) - n_gone)
        kept = weights.where(stays)
        n_new = len(weights.places) - len(kept.places)
        places = _random_empty(kept.places, moment.size, n_new, moment.rng)
        drawn = moment.rng.standard_normal(n_new) if self.new_std else np.zeros(n_new)
        return kept.with_new(places, self.new_std * drawn)


@dataclass(frozen=True)
class RigL(Rewiring):
    """The rigged lottery: the weakest connections go, those of the largest gradient come.

    Parameters
    ----------
    zeta : float, default 0.3
        Share of the live weights of each layer that the first rewirings replace, by magnitude; it
        falls to zero along half a cosine.
    every : int, default 100
        Iterations between two rewirings.
    until : float, default 0.75
        The share of the training after which nothing is rewired any more.

    Raises
    ------
    MBHError
        For numbers that make no sense.

    Notes
    -----
    U. Evci et al., "Rigging the lottery: making all tickets winners" (2020, arXiv 1911.11134).
    Each layer keeps its number of connections (rounded half up where some are replaced). The
    gradient is that of the minibatch that comes next, by all weights of the layer, live or not;
    the step that follows is taken on that minibatch, which the paper leaves out. New weights, a
    just removed one that returns among them, begin at zero, as do both moments of Adam.

    Examples
    --------
    >>> RigL(every=100).when(600)
    (100, 200, 300, 400)
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (24, 8), parameters=500)
    >>> _ = mbh.train(network, data, iterations=200, rewiring=RigL(every=50))
    >>> network.n_parameters
    500
    """

    zeta: float = 0.3
    every: int = 100
    until: float = 0.75

    needs_gradient = True

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(zeta=require.number("zeta", self.zeta, *_SHARE))
        put(every=require.whole("every", self.every, 1, MOST_ITERATIONS))
        put(until=require.number("until", self.until, *_SHARE))

    def when(self, iterations: int) -> tuple[int, ...]:
        """The iterations at which it rewires.

        Parameters
        ----------
        iterations : int
            Of the whole training.

        Returns
        -------
        tuple of int
            Rising; none from ``until`` on.
        """
        end = math.ceil(self.until * iterations)
        return tuple(range(self.every, end, self.every))

    def share(self, iteration: int, iterations: int) -> float:
        """The share of the live weights that is replaced at an iteration.

        Parameters
        ----------
        iteration : int
            When.
        iterations : int
            Of the whole training.

        Returns
        -------
        float
            From ``zeta`` at the start to 0 at ``until``.

        Examples
        --------
        >>> rewiring = RigL(zeta=0.3, until=0.75)
        >>> [round(rewiring.share(t, 800), 3) for t in (0, 300, 600)]
        [0.3, 0.15, 0.0]
        """
        passed = min(iteration / (self.until * iterations), 1.0)
        return self.zeta / 2 * (1 + math.cos(math.pi * passed))

    def rewired(self, weights: Live, moment: Moment) -> Live:
        """The live weights of a layer after one rewiring.

        Parameters
        ----------
        weights : Live
            Before it.
        moment : Moment
            When it is, how large the layer is, and the gradient.

        Returns
        -------
        Live
            As many.
        """
        n_live = len(weights.places)
        if n_live == moment.size:
            return weights
        n_new = _rounded(self.share(moment.iteration, moment.iterations) * n_live)
        kept = weights.where(_largest(np.abs(weights.values), n_live - n_new))
        wanted = np.abs(moment.gradient)
        wanted[kept.places] = -1.0
        (places,) = np.nonzero(_largest(wanted, n_new))
        return kept.with_new(places, np.zeros(n_new))


@dataclass(frozen=True)
class GradualPruning(Rewiring):
    """Magnitude pruning in many small steps: the weakest connections of each layer go for good.

    Parameters
    ----------
    start, end : float, default 0.5 and 0.9
        Shares of each hidden layer's weights that are pruned at the first and at the last step.
    every : int, default 100
        Iterations between two steps.
    from_iteration : int, default 0
        When the first step is.
    to_iteration : int, optional
        When the last step is; by default after three quarters of the training. At its end means
        before the last iteration.

    Raises
    ------
    MBHError
        For numbers that make no sense.

    Notes
    -----
    M. Zhu & S. Gupta, "To prune, or not to prune" (2017, arXiv 1710.01878): from ``start`` to
    ``end`` along a cubic that is steep at first. A layer that is already sparser stays so.

    Examples
    --------
    >>> pruning = GradualPruning(0.5, 0.9, every=100, to_iteration=250)
    >>> pruning.when(1_000)
    (0, 100, 200, 250)
    >>> [round(pruning.sparsity(t, 1_000), 3) for t in pruning.when(1_000)]
    [0.5, 0.814, 0.897, 0.9]
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (24, 8))
    >>> _ = mbh.train(network, data, iterations=400, rewiring=pruning)
    >>> round(network.density, 3)
    0.1
    """

    start: float = 0.5
    end: float = 0.9
    every: int = 100
    from_iteration: int = 0
    to_iteration: int | None = None
    output: bool = False

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(output=require.flag("output", self.output))
        put(start=require.number("start", self.start, *_SPARSITY))
        put(end=require.number("end", self.end, *_SPARSITY))
        if self.start > self.end:
            raise MBHError(
                f"start is {self.start} and end is {self.end}; pruning does not give weights back: "
                "choose start <= end"
            )
        put(every=require.whole("every", self.every, 1, MOST_ITERATIONS))
        first = require.whole("from_iteration", self.from_iteration, 0, MOST_ITERATIONS)
        put(from_iteration=first)
        if self.to_iteration is not None:
            last = require.whole("to_iteration", self.to_iteration, first, MOST_ITERATIONS)
            put(to_iteration=last)

    def _last(self, iterations: int) -> int:
        """When the last step is."""
        if self.to_iteration is None:
            return max(self.from_iteration, 3 * iterations // 4)
        if self.to_iteration == iterations:
            return iterations - 1
        return self.to_iteration

    def when(self, iterations: int) -> tuple[int, ...]:
        """The iterations at which it prunes.

        Parameters
        ----------
        iterations : int
            Of the whole training.

        Returns
        -------
        tuple of int
            Rising.

        Raises
        ------
        MBHError
            If the training ends before its last step.
        """
        last = self._last(iterations)
        if not iterations:
            return ()
        if not self.from_iteration <= last < iterations:
            raise MBHError(
                f"rewiring {self} prunes from iteration {self.from_iteration} to {last}, but the "
                f"training has {iterations}: choose smaller ones"
            )
        return (*range(self.from_iteration, last, self.every), last)

    def sparsity(self, iteration: int, iterations: int) -> float:
        """The share of weights that is pruned from an iteration on.

        Parameters
        ----------
        iteration : int
            One of :meth:`when`.
        iterations : int
            Of the whole training.

        Returns
        -------
        float
            In [start, end].
        """
        span = self._last(iterations) - self.from_iteration
        left = 1 - (iteration - self.from_iteration) / span if span else 0.0
        return self.end + (self.start - self.end) * left**3

    def rewired(self, weights: Live, moment: Moment) -> Live:
        """The live weights of a layer after one step.

        Parameters
        ----------
        weights : Live
            Before it.
        moment : Moment
            When it is, and how large the layer is.

        Returns
        -------
        Live
            The largest of them.
        """
        kept = _rounded((1 - self.sparsity(moment.iteration, moment.iterations)) * moment.size)
        if kept >= len(weights.places):
            return weights
        return weights.where(_largest(np.abs(weights.values), kept))


# ------------------------------------------------------------------------------- choosing places


def _rounded(number: float) -> int:
    """To a whole number, half up; what floating point has left of a half is one."""
    return math.floor(round(number, 9) + 0.5)


def _largest(scores: np.ndarray, n: int) -> np.ndarray:
    """Which scores are the n largest; of equal ones the first."""
    chosen = np.zeros(len(scores), dtype=bool)
    if n == 0:
        return chosen
    limit = np.partition(scores, len(scores) - n)[len(scores) - n]
    np.greater(scores, limit, out=chosen)
    (equal,) = np.nonzero(scores == limit)
    chosen[equal[: n - np.count_nonzero(chosen)]] = True
    return chosen


def _random_empty(taken: np.ndarray, size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """n of the places below ``size`` that are not taken, each as likely, rising as these are."""
    ranks = np.sort(rng.choice(size - len(taken), n, replace=False, shuffle=False))
    empty_before = taken - np.arange(len(taken))  # of each that is taken
    return ranks + np.searchsorted(empty_before, ranks, side="right")


# -------------------------------------------------------------------------- a network, and a stack


def given_rewirings(rewiring, n_networks: int, iterations: int) -> list[Rewiring | None]:
    """The rewiring of each network: one for all of them, one each, or None.

    Raises MBHError for anything else, and for one that the training is too short for.
    """
    several = isinstance(rewiring, list | tuple)
    each = list(rewiring) if several else [rewiring] * n_networks
    for one in each:
        if one is not None:
            wanted = "SET(), RigL(), GradualPruning(), or None"
            require.kind_of("rewiring", one, Rewiring, wanted)
            one.when(iterations)
    if len(each) != n_networks:
        raise MBHError(
            f"rewiring is a list of {len(each)} for {n_networks} networks: give one for all of "
            "them, or one each"
        )
    return each


class Schedule:
    """When which members of a stack are rewired."""

    def __init__(
        self,
        rewirings: Sequence[Rewiring | None],
        seeds: Sequence[int],
        shapes: Sequence[tuple[int, int]],
        iterations: int,
    ):
        self.rewirings = rewirings
        self.seeds = seeds
        self.shapes = shapes  # (n_out, n_in) of all layers, the output layer's last
        self.iterations = iterations
        self.due: dict[int, dict[int, int]] = {}  # iteration -> member -> which rewiring it is
        for member, rewiring in enumerate(rewirings):
            for number, iteration in enumerate(rewiring.when(iterations) if rewiring else (), 1):
                self.due.setdefault(iteration, {})[member] = number
        self.iterations_due = np.array(sorted(self.due), dtype=np.int64)

    def parts(self, iteration: int, steps: int) -> Iterator[tuple[int, int]]:
        """These steps cut at the rewirings: (first, last + 1) of the steps of each part."""
        end = iteration + steps
        start, stop = np.searchsorted(self.iterations_due, [iteration + 1, end])
        cuts = [iteration, *self.iterations_due[start:stop].tolist(), end]
        return zip(cuts, cuts[1:], strict=False)

    def rewired(
        self, member: int, live: Live, iteration: int, gradients: Callable[[], list[np.ndarray]]
    ) -> Live:
        """The parameters of a member after what is due of it at an iteration.

        gradients: gives those by all weights of each hidden layer.
        """
        rewiring = self.rewirings[member]
        number = self.due.get(iteration, {}).get(member)
        if rewiring is None or number is None:
            return live
        rng = stream(self.seeds[member], "rewiring", number)
        n_layers = len(self.shapes) - (0 if rewiring.output else 1)
        wanted = gradients() if rewiring.needs_gradient else [None] * n_layers
        parts = []
        first = 0
        for (n_out, n_in), gradient in zip(self.shapes, wanted, strict=False):
            size = n_out * n_in
            weights = live.between(first, first + size)
            moment = Moment(iteration, self.iterations, size, rng, gradient)
            changed = rewiring.rewired(weights, moment)
            parts.append(changed._replace(places=changed.places + first))
            biases = live.between(first + size, first + size + n_out)
            parts.append(biases._replace(places=biases.places + (first + size)))
            first += size + n_out
        parts.append(live.where(live.places >= first))
        return Live(*map(np.concatenate, zip(*parts, strict=True)))
