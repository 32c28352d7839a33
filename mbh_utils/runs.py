"""The networks of the experiments: how large everything is (profiles), which networks (runs), on which planes."""

import functools
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from mbh_utils import datasets, networks
from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.networks import DEEPFC, LENET, LENET_SMALL, Family, Network, Setup, pruning
from mbh_utils.networks.stored import get_network, put_network
from mbh_utils.regions.planes import Plane
from mbh_utils.training import MOST_ITERATIONS, Recipe, State, train_stack

#: Architectures of Figs 6.8 and 6.10, and the analogues for the 64 inputs of ``digits8``.
EVOLVING = Family("evolving", ((144, 48), (67, 22), (31, 10), (14, 5)))
EVOLVING_SMALL = Family("evolving", ((72, 24), (36, 12), (18, 6), (9, 3)))
DEEPFC_SMALL = Family("deepfc", ((64, 32, 32), (32, 16, 16), (16, 8, 8), (8, 4, 4)))


@dataclass(frozen=True)
class Profile:
    """How large everything is; nothing else differs between profiles.

    datasets: the data sets in the roles of Digit and Fashion (one data set may play both).
    family, deep, evolving: architectures of the main experiments, of Figs 6.11 and 6.12, and of Figs 6.8 and 6.10.
    models: networks per set-up (different seeds). planes: planes per data set. coverages: values of c_P.
    few_models, few_planes: of the experiments with fewer (standardised data and densities; evolution has both).
    ticket_densities: densities of Fig 2.1. densities: weight densities added for the peak of the regions in Fig 6.12.
    toy_iterations: training of the XOR network of Fig 4.5.
    """

    name: str
    datasets: tuple[str, ...]
    family: Family
    deep: Family
    evolving: Family
    iterations: int
    models: int
    planes: int
    few_models: int
    few_planes: int
    ticket_models: int
    ticket_iterations: int
    toy_iterations: int
    coverages: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
    ticket_densities: tuple[float, ...] = (1.0, 0.552, 0.30, 0.25, 0.168, 0.0929, 0.0513, 0.0283)
    densities: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)

    @property
    def digit(self) -> str:
        """The data set in the role of Digit MNIST."""
        return self.datasets[0]

    @property
    def fashion(self) -> str:
        """The data set in the role of Fashion-MNIST, the thesis's main one."""
        return self.datasets[-1]

    @property
    def recipe(self) -> Recipe:
        """How the networks of the grid are trained."""
        return Recipe(self.iterations)

    @property
    def n_inputs(self) -> int:
        """Inputs of an image."""
        return _raw(self.fashion).n_inputs

    @property
    def setups(self) -> list[Setup]:
        """The 14 set-ups of Fig 6.1, or their analogue for this profile's data."""
        return self.setups_of(self.family)

    def setups_of(self, family: Family) -> list[Setup]:
        """The set-ups of another family of architectures on this profile's data."""
        return family.setups(self.n_inputs)

    def setup(self, number: int) -> Setup:
        """One set-up by its number in Fig 6.1."""
        for setup in self.setups:
            if setup.number == number and not isinstance(number, bool):
                return setup
        raise MBHError(f"there is no set-up {require.shown(number)}; profile {self.name} has 1 to {len(self.setups)}")


_REAL = ("mnist", "fashion_mnist")
_SMALL, _FULL = (LENET_SMALL, DEEPFC_SMALL, EVOLVING_SMALL), (LENET, DEEPFC, EVOLVING)
PROFILES = {
    "quick": Profile("quick", ("digits8",), *_SMALL, 3_000, 3, 4, 2, 2, 2, 1_500, 10_000),
    "draft": Profile("draft", _REAL, *_FULL, 10_000, 3, 5, 2, 3, 3, 2_500, 20_000),
    "paper": Profile("paper", _REAL, *_FULL, 50_000, 5, 10, 3, 5, 5, 50_000, 100_000),
}


def profile_named(name: str | Profile) -> Profile:
    """The profile of that name, or the one given. Raises MBHError listing the known ones."""
    if not isinstance(name, Profile) and (not isinstance(name, str) or name not in PROFILES):
        raise MBHError(f"there is no profile {require.shown(name)}; the profiles are {', '.join(PROFILES)}")
    return name if isinstance(name, Profile) else PROFILES[name]


# ------------------------------------------------------------------------------------------------ networks


def checkpoints(iterations: int) -> list[int]:
    """When networks are looked at in training: dense up to 100, then about evenly on a logarithmic axis."""
    iterations = require.whole("iterations", iterations, 0, MOST_ITERATIONS)
    early, late = [0, 1, 2, 5, *range(10, 101, 10)], range(10_000, iterations, 10_000)
    middle = [m * 10**k for k in (2, 3) for m in (2, 5, 10)]
    return sorted({i for i in (*early, *middle, *late) if i < iterations} | {iterations})


@functools.cache
def _raw(name: str) -> datasets.Dataset:
    return datasets.load(name)  # asked for thousands of times, and load looks at the files each time


@dataclass(frozen=True)
class Run:
    """One network of an experiment, by everything that defines it.

    mask: "random" (before training, to ``parameters`` HNPs), "ticket" (one-shot magnitude mask of the dense network
    trained by the same recipe, on its initial weights) or "reinitialised" (random mask, new initial weights).
    """

    dataset: str
    hidden: tuple[int, ...]
    parameters: int
    seed: int
    recipe: Recipe
    mask: str = "random"
    bias_std: float = 1e-6

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        require.kind_of("dataset", self.dataset, str, "the name of a data set")
        require.kind_of("recipe", self.recipe, Recipe, "a Recipe(iterations)")
        hidden = require.listed("hidden", self.hidden, "the widths of the hidden layers, such as (300, 100)")
        put(hidden=tuple(require.whole("a width in hidden", n, 1) for n in hidden))
        put(parameters=require.whole("parameters", self.parameters, 1), seed=require.whole("seed", self.seed, 0))
        put(bias_std=require.number("bias_std", self.bias_std))

    @property
    def raw(self) -> datasets.Dataset:
        """The data before standardisation: what planes, and measurements on them, belong to."""
        return _raw(self.dataset.removesuffix(datasets.STANDARDISED))

    @property
    def settings(self) -> dict:
        """What the store keys the trained network by."""
        return {**asdict(self), "data": self.raw.checksum}

    def settings_at(self, iteration: int) -> dict:
        """What the store keys the network at a checkpoint by."""
        return self.settings if iteration == self.recipe.iterations else {**self.settings, "iteration": iteration}

    @property
    def dense(self) -> "Run":
        """The same run without pruning."""
        return replace(self, parameters=pruning.dense_parameters(self.raw.n_inputs, self.hidden), mask="random")

    def initial(self, store: Store | None = None) -> Network:
        """The network before training. A ticket needs the trained dense network, which it takes from the store."""
        if self.mask == "ticket":
            return networks.winning_ticket(self.dense.trained(store), self.dense.initial(), self.parameters)
        if self.mask not in ("random", "reinitialised"):
            raise MBHError(f'mask is {self.mask!r}; choose "random", "ticket" or "reinitialised"')
        start = {"parameters": self.parameters, "seed": self.seed, "bias_std": self.bias_std}
        network = networks.feed_forward(datasets.load(self.dataset), self.hidden, **start)
        if self.mask == "reinitialised":
            network.initialise(self.seed, self.bias_std, purpose="reinitialise")
        return network

    def trained(self, store: Store | None = None) -> Network:
        """The network after training: from the store, or trained now and kept there."""
        return self.at(self.recipe.iterations, store)

    def at(self, iteration: int, store: Store | None = None) -> Network:
        """The network at a checkpoint of its training, 0 being before: from the store, or trained and kept there."""
        store = store or Store()
        if iteration not in (known := checkpoints(self.recipe.iterations)):
            raise MBHError(f"iteration {iteration} is no checkpoint of this run; they are {', '.join(map(str, known))}")
        if iteration == 0:
            return self.initial(store)
        if (network := get_network(store, self.settings_at(iteration))) is None:
            train_runs([(self, {iteration})], store)
            network = get_network(store, self.settings_at(iteration))
        return network

    def history(self, store: Store) -> dict[int, float]:
        """Iteration -> validation accuracy at the checkpoints of a trained network, from the store."""
        return {int(i): share for i, share in store.facts("network", self.settings)["history"].items()}


def run_of(profile: Profile, number: int, *, dataset: str | None = None, seed: int = 0) -> Run:
    """The run of one set-up (by its number in Fig 6.1), by default on the Fashion data."""
    profile, seed = profile_named(profile), require.whole("seed", seed, 0)
    setup = profile.setup(number)
    if dataset is not None:
        require.kind_of("dataset", dataset, str, "the name of a data set, or None")
    return Run(dataset or profile.fashion, setup.hidden, setup.parameters, seed, profile.recipe)


def parameters_at(setup: Setup, density: float) -> int:
    """HNPs of a dense set-up of which this share of the weights, and all biases, are left."""
    return setup.n_hidden + round(density * (setup.parameters - setup.n_hidden))


def ticket_runs(profile: Profile) -> list[Run]:
    """Tickets and re-initialised random masks over densities on the Digit data (Fig 2.1), the dense networks first."""
    profile = profile_named(profile)
    setup, recipe = profile.setup(1), Recipe(profile.ticket_iterations)
    return [
        Run(profile.digit, setup.hidden, parameters_at(setup, density), seed, recipe, mask)
        for density in profile.ticket_densities
        for seed in range(profile.ticket_models)
        for mask in (("random",) if density == 1 else ("ticket", "reinitialised"))
    ]


# ------------------------------------------------------------------------------------------------- planes


def class_plane(dataset: str, classes: Sequence[int], seed: int = 0, margin: float = 1.5) -> Plane:
    """The plane through one random validation image of each of three classes (thesis, section 5.2)."""
    data, rng = datasets.load(dataset), stream(seed, "planes")
    classes = require.listed("classes", classes, "three classes, by their numbers")
    if len(classes) != 3:
        raise MBHError(f"classes has {len(classes)} members; a plane is spanned by images of three classes")
    return Plane.through(np.stack([rng.choice(data.validation.of_class(c).images) for c in classes]), margin=margin)


def grid_planes(profile: Profile, dataset: str) -> list[Plane]:
    """The planes that every network of a data set is measured on: three random classes each."""
    require.kind_of("dataset", dataset, str, "the name of a data set")
    return list(planes_of(dataset, profile_named(profile).planes))


@functools.lru_cache(maxsize=4)
def planes_of(dataset: str, n: int) -> tuple[Plane, ...]:
    """The first so many planes of a data set; more planes begin with the same."""
    n_classes = datasets.load(dataset).n_classes
    triples = [stream(i, "classes").permutation(n_classes)[:3].tolist() for i in range(n)]
    return tuple(class_plane(dataset, classes, seed=i) for i, classes in enumerate(triples))


# ------------------------------------------------------------------------------------------------ training

#: Seconds between two snapshots of a training, which is what a kill costs at most.
SNAPSHOT_SECONDS = 60.0


def train_runs(stack: Sequence[tuple[Run, set[int]]], store: Store) -> None:
    """Train runs of one architecture, data set and recipe; keep them, and each as it is at its checkpoints."""
    started, runs = time.process_time(), [run for run, _ in stack]
    data, recipe = datasets.load(runs[0].dataset), runs[0].recipe
    states, before = zip(*(_snapshot(run, kept, store) for run, kept in stack), strict=True)

    def facts(i: int, history: dict[int, float]) -> dict:
        return {"history": history, "seconds": before[i] + (time.process_time() - started) / len(runs)}

    def snapshot(states: list[State]) -> None:
        for i, state in enumerate(states):
            if state.arrays:  # else it has not begun
                rest = {"iteration": state.iteration, **facts(i, state.accuracy)}
                store.put_arrays("checkpoint", runs[i].settings, state.arrays, **rest)

    def keep(i: int, iteration: int, network: Network) -> None:
        if iteration in stack[i][1] and iteration < recipe.iterations:
            put_network(store, runs[i].settings_at(iteration), network)

    members, seeds = [run.initial(store) for run in runs], [run.seed for run in runs]
    options = {"milestones": checkpoints(recipe.iterations), "every": SNAPSHOT_SECONDS}
    histories = train_stack(members, data, recipe, seeds=seeds, states=states, checkpoint=snapshot, keep=keep, **options)
    for i, (run, network, history) in enumerate(zip(runs, members, histories, strict=True)):
        end = history.accuracy[recipe.iterations]
        put_network(store, run.settings, network, accuracy=end, **facts(i, history.accuracy))
        store.drop("checkpoint", run.settings)


def _snapshot(run: Run, kept: set[int], store: Store) -> tuple[State | None, float]:
    """Where the training of a run stopped, and its seconds so far; None if it must start anew."""
    if (found := store.arrays("checkpoint", run.settings)) is None:
        return None, 0.0
    arrays, facts = found
    seen = {int(i): share for i, share in facts["history"].items()}
    if any(i in seen and i and not store.has("network", run.settings_at(i)) for i in kept - {run.recipe.iterations}):
        return None, facts["seconds"]  # a checkpoint that was not wanted then
    return State(facts["iteration"], arrays, seen), facts["seconds"]
