"""The networks of the experiments: what defines one, how it is trained and found again."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from mbh_utils import datasets, networks
from mbh_utils.computing import require, shares
from mbh_utils.computing.seeds import stream
from mbh_utils.computing.store import Store
from mbh_utils.computing.threads import in_task
from mbh_utils.errors import MBHError
from mbh_utils.experiments import profiles
from mbh_utils.experiments.networks_file import find_facts, find_network
from mbh_utils.networks import Network, Setup, pruning
from mbh_utils.networks.stored import get_network, put_network
from mbh_utils.training import MOST_ITERATIONS, Recipe, State, train_stack

#: The columns of a table that tell its networks apart.
NETWORK_COLUMNS = (
    "dataset",
    "family",
    "setup",
    "hidden",
    "n_hidden",
    "parameters",
    "density",
    "model",
    "iteration",
    "trained",
)

#: What a run's mask can be.
MASKS = ("random", "ticket", "reinitialised", "erdos_renyi", "near", "copies", "iterative")
#: What its initial weights can be: the thesis's, or those of Glorot and Bengio, as they are or
#: larger inside of planted clusters.
WEIGHTS = ("normal", "glorot", "modular")
_INITIALISE = {"glorot": networks.glorot, "modular": networks.modular}
#: Fields of a run that are part of its store key only where they are not at their default.
_LATER_FIELDS = {"weights": "normal", "rewiring": None, "start": None}


def milestones(iterations: int) -> list[int]:
    """When networks are looked at: dense up to 100, then about evenly on a logarithmic axis."""
    iterations = require.whole("iterations", iterations, 0, MOST_ITERATIONS)
    early = [0, 1, 2, 5, *range(10, 101, 10)]
    middle = [m * 10**k for k in (2, 3) for m in (2, 5, 10)]
    late = range(10_000, iterations, 10_000)
    return sorted({i for i in (*early, *middle, *late) if i < iterations} | {iterations})


@dataclass(frozen=True)
class Run:
    """One network of an experiment, by everything that defines it.

    Parameters
    ----------
    dataset : str
        The name of the data set that it is trained on.
    hidden : tuple of int
        Widths of the hidden layers.
    parameters : int
        Hidden-layer parameters (HNPs) that are left by pruning.
    seed : int
        Of its mask, its initial weights and the order of the training samples.
    recipe : Recipe
        How it is trained.
    mask : str, default "random"
        "random": drawn before training. "ticket": the one-shot magnitude mask of the dense network
        trained by the same recipe, on its initial weights (section 2.3). "reinitialised": a random
        mask on new initial weights. "erdos_renyi": drawn with the densities of layers that SET
        begins with. "near": the same for seed 0, and for seed i what i steps make of that mask, of
        which each moves 1 % of the connections. "copies": the same masks, on the weights of seed 0
        and trained in its order of samples. "iterative": the ticket of iterative magnitude pruning,
        on the initial weights: it is cut from the trained ticket with twice as many weights
        (:attr:`before`), and so on back to the dense network.
    bias_std : float, default 1e-6
        Standard deviation of the initial biases.
    weights : str, default "normal"
        Which initial weights: one of ``WEIGHTS``.
    rewiring : SET, RigL or GradualPruning, optional
        How its mask changes while it is trained; None: not at all.
    start : Run, optional
        It begins from this run's trained network, with its weights and masks; ``mask`` and
        ``weights`` then say nothing.

    Raises
    ------
    MBHError
        For values of the wrong kind.

    Notes
    -----
    What stands at its default in the fields from ``weights`` on is no part of the store key, so
    that networks from before there were these fields keep theirs.

    Examples
    --------
    >>> from mbh_utils import Recipe, experiments
    >>> run = experiments.Run("digits8", (12, 4), parameters=500, seed=0, recipe=Recipe(100))
    >>> run.initial().n_parameters
    500
    >>> run.dense.parameters
    832
    """

    dataset: str
    hidden: tuple[int, ...]
    parameters: int
    seed: int
    recipe: Recipe
    mask: str = "random"
    bias_std: float = 1e-6
    weights: str = "normal"
    rewiring: Any = None
    start: "Run | None" = None

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        require.kind_of("dataset", self.dataset, str, "the name of a data set")
        require.kind_of("recipe", self.recipe, Recipe, "a Recipe(iterations)")
        what = "the widths of the hidden layers, such as (300, 100)"
        hidden = require.listed("hidden", self.hidden, what)
        put(hidden=tuple(require.whole("a width in hidden", n, 1) for n in hidden))
        put(parameters=require.whole("parameters", self.parameters, 1))
        put(seed=require.whole("seed", self.seed, 0))
        put(bias_std=require.number("bias_std", self.bias_std))
        require.choice("mask", self.mask, MASKS)
        require.choice("weights", self.weights, WEIGHTS)
        require.kind_of("start", self.start, Run | None, "a Run, or None")

    @property
    def is_standardised(self) -> bool:
        """Whether it is trained on standardised images."""
        return self.dataset.endswith(datasets.STANDARDISED)

    @property
    def raw(self) -> datasets.Dataset:
        """The data before standardisation: what planes, and measurements on them, belong to."""
        return profiles.loaded(self.dataset.removesuffix(datasets.STANDARDISED))

    @property
    def settings(self) -> dict:
        """What the store keys the trained network by."""
        found = asdict(self)
        for name, usual in _LATER_FIELDS.items():
            if getattr(self, name) == usual:
                del found[name]
        if self.rewiring is not None:
            found["rewiring"] = {"kind": type(self.rewiring).__name__, **asdict(self.rewiring)}
        if self.start is not None:
            found["start"] = self.start.settings
        return {**found, "data": self.raw.checksum}

    def settings_at(self, iteration: int) -> dict:
        """What the store keys the network at a milestone by.

        Parameters
        ----------
        iteration : int
            The milestone.

        Returns
        -------
        dict
            At the end of the training the same as :attr:`settings`.
        """
        if iteration == self.recipe.iterations:
            return self.settings
        return {**self.settings, "iteration": iteration}

    @property
    def dense(self) -> "Run":
        """The same run without pruning."""
        parameters = pruning.dense_parameters(self.raw.n_inputs, self.hidden)
        return replace(self, parameters=parameters, mask="random", rewiring=None, start=None)

    @property
    def before(self) -> "Run | None":
        """The run whose trained network this one needs before it can begin; None for most."""
        if self.start is not None:
            return self.start
        if self.mask == "iterative":
            return self._round_before
        return self.dense if self.mask == "ticket" else None

    @property
    def _round_before(self) -> "Run":
        """The network that an iterative ticket is cut from: with twice as many weights, or dense.

        No round prunes more than half of the weights, whatever comes after it.
        """
        dense = self.dense
        n_biases = sum(self.hidden)
        twice = n_biases + 2 * (self.parameters - n_biases)
        return replace(self, parameters=twice) if twice < dense.parameters else dense

    @property
    def training_seed(self) -> int:
        """The seed of its initial weights and of the order of samples, and of rewirings."""
        return 0 if self.mask == "copies" else self.seed

    def initial(self, store: Store | None = None) -> Network:
        """The network before training.

        Parameters
        ----------
        store : Store, optional
            Where a ticket finds the trained network that it is cut from, or keeps it when it is
            trained now; the usual store by default.

        Returns
        -------
        Network
            A new one each time.
        """
        if self.start is not None:
            return self.start.trained(store)
        if self.mask == "ticket":
            trained = self.dense.trained(store)
            return networks.winning_ticket(trained, self.dense.initial(), self.parameters)
        if self.mask == "iterative":
            return self._iterative_ticket(store)
        is_near = self.mask in ("near", "copies")
        is_drawn_here = is_near or self.mask == "erdos_renyi"
        network = networks.feed_forward(
            datasets.load(self.dataset),
            self.hidden,
            # A second mask would find no weights outside the first one.
            parameters=None if is_drawn_here else self.parameters,
            seed=self.training_seed,
            bias_std=self.bias_std,
        )
        if self.mask == "reinitialised":
            network.initialise(self.seed, self.bias_std, purpose="reinitialise")
        if is_drawn_here:
            shapes = pruning.layer_shapes(network.n_inputs, self.hidden)
            seed = 0 if is_near else self.seed
            masks = pruning.erdos_renyi_masks(shapes, self.parameters, stream(seed, "mask"))
            if is_near:
                masks = networks.relative_masks(masks, self.seed)
            network.set_masks(masks)
        if self.weights != "normal":
            _INITIALISE[self.weights](network, self.seed)
        return network

    def _iterative_ticket(self, store: Store | None) -> Network:
        """The initial weights under what is left of the masks of the round before."""
        before = self._round_before.trained(store)
        shapes = pruning.layer_shapes(self.raw.n_inputs, self.hidden)
        kept = pruning.weights_per_layer(shapes, self.parameters)
        weights = [layer.weight.detach().numpy() for layer in before.linears[:-1]]
        masks = pruning.pruned_further(weights, before.masks, kept)
        return self.dense.initial().set_masks(masks)

    def trained(self, store: Store | None = None) -> Network:
        """The network after training: found, or trained now and kept, as :meth:`at` tells.

        Parameters
        ----------
        store : Store, optional
            The usual store by default.

        Returns
        -------
        Network
            A new object each time.
        """
        return self.at(self.recipe.iterations, store)

    def at(self, iteration: int, store: Store | None = None) -> Network:
        """The network at a milestone of its training, 0 being before it.

        It comes from the store, or from the networks that are part of the project
        (:func:`mbh_utils.experiments.write_networks`), or is trained now and kept in the store.

        Parameters
        ----------
        iteration : int
            The milestone.
        store : Store, optional
            The usual store by default.

        Returns
        -------
        Network
            A new object each time.

        Raises
        ------
        MBHError
            For an iteration that is no milestone.
        """
        store = store or Store()
        known = milestones(self.recipe.iterations)
        if iteration not in known:
            there = ", ".join(map(str, known))
            raise MBHError(f"iteration {iteration} is no milestone of this run; they are {there}")
        if iteration == 0:
            return self.initial(store)
        settings = self.settings_at(iteration)
        if (network := find_network(settings, store)) is None:
            train_runs([(self, {iteration})], store)
            network = get_network(store, settings)
        if network is None:
            raise MBHError(f"a network has gone from the store {store.folder}: ask once more")
        return network

    def facts(self, store: Store) -> dict:
        """What was noted of it when it was trained.

        Parameters
        ----------
        store : Store
            Where the trained network is, if it is not part of the project.

        Returns
        -------
        dict
            accuracy on the validation data, history (see :meth:`history`), and seconds on one core.

        Raises
        ------
        MBHError
            If the network is not there.
        """
        found = find_facts(self.settings, store)
        if found is None:
            raise MBHError(
                f"this network is not in the store {store.folder}: .trained(store) first"
            )
        return found

    def history(self, store: Store) -> dict[int, float]:
        """Validation accuracy at the milestones of its training.

        Parameters
        ----------
        store : Store
            Where the trained network is.

        Returns
        -------
        dict of int to float
            Iteration -> share of the validation samples.

        Raises
        ------
        MBHError
            If the network is not in the store.
        """
        seen = self.facts(store)["history"]
        return {int(iteration): share for iteration, share in seen.items()}


class Case(NamedTuple):
    """A network of an experiment at one iteration of its training.

    Attributes
    ----------
    setup : Setup
        Its architecture and number of parameters, a point of Fig 6.1.
    run : Run
        Everything that defines the network.
    iteration : int
        A milestone of its training; 0 is before it.
    """

    setup: Setup
    run: Run
    iteration: int

    @property
    def settings(self) -> dict:
        """Its part of what the store keys a measurement by."""
        return {**self.run.settings, "iteration": self.iteration}

    @property
    def columns(self) -> dict:
        """What tells it apart in a table: a value for each of ``NETWORK_COLUMNS``."""
        run = self.run
        return {
            "dataset": run.dataset,
            "family": self.setup.family,
            "setup": self.setup.number,
            "hidden": "-".join(map(str, run.hidden)),
            "n_hidden": self.setup.n_hidden,
            "parameters": run.parameters,
            "density": pruning.density(run.raw.n_inputs, run.hidden, run.parameters),
            "model": run.seed,
            "iteration": self.iteration,
            "trained": self.iteration > 0,
        }


# ----------------------------------------------------------------------------------------- training

#: Seconds between two checkpoints of a training, which is what a kill costs.
CHECKPOINT_SECONDS = 8.0
#: Where a checkpoint takes long, the next one waits for this many times as long, up to a minute.
_CHECKPOINT_PAUSE = 30


def train_runs(stack: Sequence[tuple[Run, set[int]]], store: Store) -> None:
    """Train runs of one architecture, data set and recipe together, and keep the networks.

    stack: each run with the milestones at which its network is kept, besides the trained one.
    """
    started = time.process_time()
    runs = [run for run, _ in stack]
    recipe = runs[0].recipe
    resumed = [_checkpoint(run, kept, store) for run, kept in stack]
    before = [seconds for _, seconds in resumed]

    def facts(i: int, history: dict[int, float]) -> dict:
        own_share = (time.process_time() - started) / len(runs)
        return {"history": history, "seconds": before[i] + own_share}

    saved = 0.0
    pause = 0.0

    def checkpoint(states: list[State]) -> None:
        nonlocal saved, pause
        began = time.monotonic()
        if began - saved < pause:
            return
        for i, state in enumerate(states):
            if state.arrays:  # else it has not begun
                rest = {"iteration": state.iteration, **facts(i, state.accuracy)}
                store.put_arrays("checkpoint", runs[i].settings, state.arrays, **rest)
        saved = time.monotonic()
        pause = min(_CHECKPOINT_PAUSE * (saved - began), 60.0, 8 * max(CHECKPOINT_SECONDS, 0.0))

    def keep(i: int, iteration: int, network: Network) -> None:
        if iteration in stack[i][1] and iteration < recipe.iterations:
            put_network(store, runs[i].settings_at(iteration), network)

    members = [run.initial(store) for run in runs]
    histories = train_stack(
        members,
        datasets.load(runs[0].dataset),
        recipe,
        seeds=[run.training_seed for run in runs],
        **({"rewiring": runs[0].rewiring} if runs[0].rewiring else {}),
        states=[state for state, _ in resumed],
        checkpoint=checkpoint,
        keep=keep,
        progress=shares.tell if in_task() else None,
        milestones=milestones(recipe.iterations),
        every=CHECKPOINT_SECONDS,
    )
    for i, (run, network, history) in enumerate(zip(runs, members, histories, strict=True)):
        end = history.accuracy[recipe.iterations]
        put_network(store, run.settings, network, accuracy=end, **facts(i, history.accuracy))
        store.drop("checkpoint", run.settings)


def _checkpoint(run: Run, kept: set[int], store: Store) -> tuple[State | None, float]:
    """Where the training of a run stopped, and its seconds so far; None if it must start anew."""
    if (found := store.arrays("checkpoint", run.settings)) is None:
        return None, 0.0
    arrays, facts = found
    seen = {int(i): share for i, share in facts["history"].items()}
    passed = [i for i in kept - {run.recipe.iterations} if i in seen and i]
    if not all(store.has("network", run.settings_at(i)) for i in passed):
        return None, facts["seconds"]  # a milestone that was not wanted then
    return State(facts["iteration"], arrays, seen), facts["seconds"]
