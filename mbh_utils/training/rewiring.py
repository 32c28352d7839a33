"""Dynamic sparsity: which connections a network has changes while it is trained.

``SET`` and ``RigL`` move connections and keep their number, ``GradualPruning`` takes them away.
Hidden layers only: the output layer stays as it is (unless ``GradualPruning`` is told to prune it),
and so does a layer that is dense (SET, RigL).

A rewiring at iteration t happens between step t and step t + 1, so that the network at milestone t
is the one that was trained until then. Its random numbers depend on the seed and on its number only
(purpose "rewiring"), so that a training that was interrupted goes on bit for bit.
"""

import math
from dataclasses import dataclass

import numpy as np

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.training.live import Live, Moment, largest, random_empty, rounded
from mbh_utils.training.recipe import MOST_ITERATIONS


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
            n_gone = rounded(self.zeta * len(group))
            stays[group] = largest(np.abs(weights.values[group]), len(group) - n_gone)
        kept = weights.where(stays)
        n_new = len(weights.places) - len(kept.places)
        places = random_empty(kept.places, moment.size, n_new, moment.rng)
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
        if moment.gradient is None:
            raise MBHError("RigL puts new weights where the gradient is large: moment has none")
        n_new = rounded(self.share(moment.iteration, moment.iterations) * n_live)
        kept = weights.where(largest(np.abs(weights.values), n_live - n_new))
        wanted = np.abs(moment.gradient)
        wanted[kept.places] = -1.0
        (places,) = np.nonzero(largest(wanted, n_new))
        return kept.with_new(places, np.zeros(n_new))


@dataclass(frozen=True)
class GradualPruning(Rewiring):
    """Magnitude pruning in many small steps: the weakest connections of each layer go for good.

    Parameters
    ----------
    start : float, default 0.5
        Share of each hidden layer's weights that is pruned at the first step.
    end : float, default 0.9
        Share that is pruned at the last step.
    every : int, default 100
        Iterations between two steps.
    from_iteration : int, default 0
        When the first step is.
    to_iteration : int, optional
        When the last step is; by default after three quarters of the training. At its end means
        before the last iteration.
    output : bool, default False
        Whether the output layer is pruned like the hidden ones.

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
        kept = rounded((1 - self.sparsity(moment.iteration, moment.iterations)) * moment.size)
        if kept >= len(weights.places):
            return weights
        return weights.where(largest(np.abs(weights.values), kept))
