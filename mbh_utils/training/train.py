"""Training of one network, or of a whole stack of same-shaped networks at once.

This is the training of the thesis's section 6.1 and Table A.1. A stack holds networks of one
architecture that differ in mask, seed or initial weights. On a CPU the compiled kernel of
``kernel.py`` trains them, at a price that falls with their density; on CUDA all of them take each
step together, by batched products and one fused Adam. For each network the result is that of
training it alone (on a CPU to the last bit, which a test holds), also when its training is
interrupted and goes on later from a ``State``.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from mbh_utils.computing import require
from mbh_utils.computing.progress import IterationProgress
from mbh_utils.computing.threads import one_thread
from mbh_utils.errors import Interrupted, MBHError
from mbh_utils.networks import Network
from mbh_utils.networks.evaluation import accuracy
from mbh_utils.training import checks
from mbh_utils.training.engines import BatchedEngine, CompiledEngine
from mbh_utils.training.recipe import TABLE_A1, History, Recipe, State, check_milestones
from mbh_utils.training.rewiring import Rewiring
from mbh_utils.training.schedule import given_rewirings


def train(
    network: Network,
    data,
    *,
    iterations: int = 50_000,
    seed: int = 0,
    batch_size: int = 60,
    learning_rate: float = 1.2e-3,
    milestones: Sequence[int] = (),
    progress: bool | Callable[[float], None] | None = None,
    rewiring: Rewiring | None = None,
) -> History:
    """Train a network in place.

    Parameters
    ----------
    network : Network
        One of this package, float32, as it was made. (A torch module of your own is trained by a
        loop of torch.)
    data : Dataset
        What it learns (``train``) and what it is judged by (``validation``).
    iterations, batch_size, learning_rate
        As in :class:`Recipe`.
    seed : int, default 0
        Of the order of the minibatches. The same seed gives the same network on the same CPU.
    milestones : sequence of int, default ()
        Iterations at which accuracy is measured and a copy kept; the last iteration always is.
    progress : bool or callable, optional
        Whether to show a line on how far it is; by default when it takes longer than two seconds.
        Or a function, which is told the share that is done.
    rewiring : SET, RigL or GradualPruning, optional
        How the masks change while it is trained; by default they do not.

    Returns
    -------
    History
        What the network looked like at the milestones and the end.

    Raises
    ------
    MBHError
        For what :func:`train_stack` refuses.

    Notes
    -----
    Adam on cross entropy, without early stopping and without regularisation; pruned weights stay
    zero throughout (thesis, section 6.1 and Table A.1), unless a rewiring lets them return.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> network = mbh.lenet(data, (24, 8), parameters=500)
    >>> history = train(network, data, iterations=200, milestones=[0, 100])
    >>> list(history.accuracy)
    [0, 100, 200]
    >>> history.accuracy[200] > history.accuracy[0]
    True
    """
    checks.check_trainable(network)
    recipe = Recipe(iterations, batch_size, learning_rate)
    (history,) = train_stack(
        [network],
        data,
        recipe,
        seeds=[seed],
        milestones=milestones,
        progress=progress,
        rewiring=rewiring,
    )
    return history


def train_stack(
    networks: Sequence[Network],
    data,
    recipe: Recipe = TABLE_A1,
    *,
    seeds: Sequence[int],
    milestones: Sequence[int] = (),
    device: str | torch.device | None = None,
    progress: bool | Callable[[float], None] | None = None,
    states: Sequence[State | None] | None = None,
    checkpoint: Callable[[list[State]], None] | None = None,
    every: float = 60.0,
    keep: Callable[[int, int, Network], None] | None = None,
    rewiring: Rewiring | None | Sequence[Rewiring | None] = None,
) -> list[History]:
    """Train networks of one architecture together, in place.

    Parameters
    ----------
    networks : sequence of Network
        They may differ in masks and weights.
    data : Dataset
        What they learn (``train``) and what they are judged by (``validation``).
    recipe : Recipe
        How they are trained.
    seeds : sequence of int
        One per network; networks of equal seed see the same minibatches, as each of them would
        alone.
    milestones : sequence of int, default ()
        Iterations at which accuracy is measured and a copy kept; the last iteration always is.
    device : str or torch.device, optional
        Where to train; by default CUDA where there is one.
    progress : bool or callable, optional
        Whether to show a line on how far it is; by default when it takes longer than two seconds.
        Or a function, which is told the share that is done.
    states : sequence of State or None, optional
        Where each network goes on from, as ``checkpoint`` was given it; None: from the start.
    checkpoint : callable, optional
        Takes the states of all networks, in their order, about every ``every`` seconds and at the
        end.
    every : float, default 60.0
        Seconds between two checkpoints.
    keep : callable, optional
        Takes (index of the network, iteration, copy) at each milestone, in place of
        ``History.networks``.
    rewiring : SET, RigL or GradualPruning, optional
        How the masks change during the training: one for all networks, or a list with one, or None,
        for each.

    Returns
    -------
    list of History
        One per network.

    Raises
    ------
    MBHError
        For networks that do not match each other, the data or their states, that were changed after
        they were made or share weights; for a device that is not there; when training diverges.

    Notes
    -----
    Each network becomes what it becomes when it is trained alone, on a CPU to the last bit, also if
    it is interrupted and goes on from a state.

    Examples
    --------
    >>> import mbh_utils as mbh
    >>> data = mbh.load_dataset("digits8")
    >>> stack = [mbh.lenet(data, (24, 8), parameters=500, seed=seed) for seed in (0, 1)]
    >>> states = []
    >>> histories = train_stack(
    ...     stack, data, Recipe(100), seeds=[0, 1], checkpoint=states.extend, every=0
    ... )
    >>> [list(history.networks) for history in histories]
    [[100], [100]]

    One of them stopped early, and goes on from where it was:

    >>> again = mbh.lenet(data, (24, 8), parameters=500, seed=0)
    >>> early = [state for state in states if 0 < state.iteration < 100][0]
    >>> _ = train_stack([again], data, Recipe(100), seeds=[0], states=[early])
    >>> bool((again.output.weight == stack[0].output.weight).all())
    True
    """
    networks = checks.given_networks(networks)
    seeds = require.listed("seeds", seeds, "seeds, one per network")
    states = checks.given_states(states, len(networks))
    if isinstance(milestones, set):  # their order tells nothing
        milestones = list(milestones)
    milestones = require.listed("milestones", milestones, "iterations")
    checks.check_seeds(networks, seeds)
    checks.check_data(networks, data, recipe)
    check_milestones(milestones, recipe.iterations)
    checks.check_samples(data, networks[0].n_classes)
    checks.check_states(networks, states, recipe)
    checks.check_options(checkpoint, every, keep, progress)
    rewirings = given_rewirings(rewiring, len(networks), recipe.iterations)
    device = checks.given_device(device)
    marks = sorted({*map(int, milestones), recipe.iterations})
    run = _Run(networks, data, recipe, seeds, marks, states, checkpoint, every, keep, rewirings)
    run.train_all(device, progress)
    return run.histories


@dataclass
class _Run:
    """A stack in training: its groups one after the other, and what is told of them."""

    networks: list[Network]
    data: object
    recipe: Recipe
    seeds: list[int]
    milestones: list[int]  # sorted, the last iteration among them
    states: list[State]
    checkpoint: Callable | None
    every: float
    keep: Callable | None
    rewirings: list[Rewiring | None]

    def __post_init__(self):
        self.histories = [History(dict(state.accuracy)) for state in self.states]
        self.saved = time.monotonic()

    def _keep_in_history(self, i: int, iteration: int, network: Network) -> None:
        self.histories[i].networks[iteration] = network

    def train_all(self, device: torch.device, progress) -> None:
        """Train every group to its end."""
        make_engine = BatchedEngine if device.type == "cuda" else CompiledEngine
        groups = self._groups(by_seed=make_engine is CompiledEngine)
        starts = [self.states[group[0]].iteration for group in groups]
        total = sum(self.recipe.iterations - start for start in starts)
        looks = sum(self._n_looks(start) for start in starts)
        bar = IterationProgress(progress, total, looks)
        with _one_thread(), bar:
            self.saved = time.monotonic()
            try:
                for group in groups:
                    self._train_group(group, self._engine(make_engine, group, device), bar)
            except KeyboardInterrupt as stop:
                raise Interrupted(self._words_on_interruption(bar)) from stop

    def _n_looks(self, start: int) -> int:
        """How often accuracy is measured from an iteration on."""
        return sum(mark > start or mark == start == 0 for mark in self.milestones)

    def _engine(self, make_engine: type, group: list[int], device: torch.device):
        """What trains a group of networks."""
        return make_engine(
            [self.networks[i] for i in group],
            [self.states[i] for i in group],
            self.data,
            self.recipe,
            [self.seeds[i] for i in group],
            device,
            [self.rewirings[i] for i in group],
        )

    def _words_on_interruption(self, bar: IterationProgress) -> str:
        """What is kept of a training that was interrupted, and how to go on."""
        many = len(self.networks) > 1
        what = "the networks are" if many else "the network is"
        seen = max((max(found.accuracy, default=0) for found in self.histories), default=0)
        kept = f"as at iteration {seen:,}, the last milestone" if seen else "as before it"
        if self.checkpoint is None:
            way = "make it anew and train it again for the whole result (train_stack with "
            way += "checkpoint=... can go on from where it was)"
        else:
            way = "go on from the states that checkpoint was given last (states=...)"
        return (
            f"training was interrupted at iteration {bar.n_done:,} of {bar.total:,}: "
            f"{what} {kept}; {way}"
        )

    def _groups(self, by_seed: bool) -> list[list[int]]:
        """Networks that one engine trains, by their indices: they stand at the same iteration.

        by_seed: and have the same seed. On a CPU nothing is gained by taking the seeds side by
        side, but on CUDA there is.
        """
        groups: dict[tuple, list[int]] = {}
        for i, (state, seed) in enumerate(zip(self.states, self.seeds, strict=True)):
            key = (state.iteration, seed) if by_seed else (state.iteration,)
            groups.setdefault(key, []).append(i)
        return list(groups.values())

    def _train_group(self, group: list[int], engine, bar: IterationProgress) -> None:
        start = self.states[group[0]].iteration
        end = self.recipe.iterations
        for iteration in _advance(engine, start, end, self.milestones, bar):
            if iteration in self.milestones:
                started = time.monotonic()
                self._look_at(group, engine, iteration)
                bar.look(time.monotonic() - started)
            is_time = time.monotonic() - self.saved > self.every or iteration == end
            if is_time:
                self._save(group, engine, iteration)

    def _look_at(self, group: list[int], engine, iteration: int) -> None:
        """Note the accuracy of a group's networks, and keep copies of them."""
        keep = self._keep_in_history if self.keep is None else self.keep
        members = [self.networks[i] for i in group]
        engine.write_back(members)
        for i, network in zip(group, members, strict=True):
            share = _checked_accuracy(network, self.data, iteration)
            self.histories[i].accuracy[iteration] = share
            keep(i, iteration, network.copy())

    def _save(self, group: list[int], engine, iteration: int) -> None:
        """Give the states of all networks away, those of the group as they are now."""
        if self.checkpoint is None:
            return
        for i, state in zip(group, engine.states(iteration), strict=True):
            self.states[i] = replace(state, accuracy=dict(self.histories[i].accuracy))
        self.checkpoint(list(self.states))
        self.saved = time.monotonic()


def _advance(
    engine, start: int, end: int, milestones: Sequence[int], bar: IterationProgress
) -> Iterator[int]:
    """Train on to the end; yield at each milestone and about twice a second."""
    iteration = start
    steps = 10
    if start == 0 or start == end:
        yield start
    while iteration < end:
        next_milestone = next(mark for mark in milestones if mark > iteration)
        steps = min(steps, next_milestone - iteration)
        started = time.monotonic()
        engine.advance(iteration, steps)
        iteration += steps
        seconds = max(time.monotonic() - started, 1e-6)
        bar.update(steps, seconds)
        steps = max(10, min(4 * steps, int(0.5 * steps / seconds)))
        yield iteration


def _checked_accuracy(network: Network, data, iteration: int) -> float:
    if not all(parameter.isfinite().all() for parameter in network.parameters()):
        raise MBHError(
            f"training diverged before iteration {iteration}: try a smaller learning_rate"
        )
    return accuracy(network, data.validation)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """One thread and no subnormal numbers.

    More threads gain nothing here, and BLAS may round otherwise with them. Adam's moments of a
    weight whose gradient stays zero shrink until they are subnormal, a hundred times slower.
    """
    with one_thread():
        flushed = torch.set_flush_denormal(True)
        try:
            yield
        finally:
            if flushed:
                torch.set_flush_denormal(False)
