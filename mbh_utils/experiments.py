"""The thesis's experiments declared as data: which set-ups x data sets x models x planes x coverages (chapter 6).

Everything that takes longer than seconds happens here, between the store of trained networks and the store of
tables. A chapter asks ``table(name, profile)``: what is there is read, what is missing is computed on all cores
with a progress bar, what was interrupted goes on where it stopped.
"""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd
import threadpoolctl
import torch
from tqdm import tqdm  # not tqdm.auto, whose bars in notebooks are widgets

from mbh_utils import datasets, networks, pruning
from mbh_utils.errors import MBHError
from mbh_utils.mbh import specialization_table
from mbh_utils.networks import LENET, LENET_SMALL, Family, Network, Setup, stream
from mbh_utils.store import Store
from mbh_utils.subspaces import Plane
from mbh_utils.training import Recipe, accuracy, train_stack


@dataclass(frozen=True)
class Profile:
    """How large everything is; nothing else differs between profiles.

    datasets: the data sets in the roles of Digit and Fashion (one data set may play both).
    models: networks per set-up (different seeds). planes: planes per data set. coverages: values of c_P.
    ticket_densities: densities of Fig 2.1. toy_iterations: training of the XOR network of Fig 4.5.
    """

    name: str
    datasets: tuple[str, ...]
    family: Family
    iterations: int
    models: int
    planes: int
    ticket_models: int
    ticket_iterations: int
    toy_iterations: int
    coverages: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
    ticket_densities: tuple[float, ...] = (1.0, 0.552, 0.30, 0.25, 0.168, 0.0929, 0.0513, 0.0283)

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
    def setups(self) -> list[Setup]:
        """The 14 set-ups of Fig 6.1, or their analogue for this profile's data."""
        return self.family.setups(datasets.load(self.fashion).n_inputs)

    def setup(self, number: int) -> Setup:
        """One set-up by its number in Fig 6.1."""
        setups = {s.number: s for s in self.setups}
        if number not in setups:
            raise MBHError(f"there is no set-up {number!r}; profile {self.name} has 1 to {len(setups)}")
        return setups[number]


_REAL = ("mnist", "fashion_mnist")
PROFILES = {
    "quick": Profile("quick", ("digits8",), LENET_SMALL, 3_000, 3, 4, 2, 1_500, 10_000),
    "draft": Profile("draft", _REAL, LENET, 10_000, 3, 5, 3, 2_500, 20_000),
    "paper": Profile("paper", _REAL, LENET, 50_000, 5, 10, 5, 50_000, 100_000),
}


def profile_named(name: str) -> Profile:
    """The profile of that name. Raises MBHError listing the known ones."""
    if name not in PROFILES:
        raise MBHError(f"there is no profile {name!r}; the profiles are {', '.join(PROFILES)}")
    return PROFILES[name]


# ------------------------------------------------------------------------------------------------ networks


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

    @property
    def settings(self) -> dict:
        """What the store keys the trained network by."""
        return {**asdict(self), "data": datasets.load(self.dataset).checksum}

    @property
    def dense(self) -> "Run":
        """The same run without pruning."""
        full = pruning.dense_parameters(datasets.load(self.dataset).n_inputs, self.hidden)
        return replace(self, parameters=full, mask="random")

    def initial(self, store: Store | None = None) -> Network:
        """The network before training. A ticket needs the trained dense network, which it takes from the store."""
        data = datasets.load(self.dataset)
        if self.mask == "random":
            return networks.feed_forward(data, self.hidden, parameters=self.parameters, seed=self.seed)
        if self.mask == "reinitialised":
            network = replace(self, mask="random").initial()
            return network.initialise(self.seed, purpose="reinitialise")
        if self.mask != "ticket":
            raise MBHError(f'mask is {self.mask!r}; choose "random", "ticket" or "reinitialised"')
        return networks.winning_ticket(self.dense.trained(store), self.dense.initial(), self.parameters)

    def trained(self, store: Store | None = None) -> Network:
        """The network after training: from the store, or trained now and kept there."""
        store = store or Store()
        network = store.network(self.settings)
        return network if network is not None else _train([self], store)[0]


def _train(runs: Sequence[Run], store: Store) -> list[Network]:
    """Train runs of one architecture, data set and recipe as one stack, and keep them."""
    started = time.perf_counter()
    stack = [run.initial(store) for run in runs]
    data = datasets.load(runs[0].dataset)
    histories = train_stack(stack, data, runs[0].recipe, seeds=[run.seed for run in runs])
    for run, network, history in zip(runs, stack, histories, strict=True):
        store.put_network(
            run.settings,
            network,
            accuracy=history.accuracy[run.recipe.iterations],
            seconds=(time.perf_counter() - started) / len(runs),
        )
    return stack


def grid_runs(profile: Profile, dataset: str) -> list[Run]:
    """Set-ups x models on one data set (Figs 6.2 to 6.7 and 6.9)."""
    return [
        Run(dataset, setup.hidden, setup.parameters, seed, profile.recipe)
        for setup in profile.setups
        for seed in range(profile.models)
    ]


def ticket_runs(profile: Profile) -> list[Run]:
    """Tickets and re-initialised random masks over densities on the Digit data (Fig 2.1), the dense networks first."""
    hidden = profile.setup(1).hidden
    n_hidden, full = sum(hidden), profile.setup(1).parameters
    return [
        Run(
            profile.digit,
            hidden,
            n_hidden + round(d * (full - n_hidden)),
            seed,
            Recipe(profile.ticket_iterations),
            mask,
        )
        for d in profile.ticket_densities
        for seed in range(profile.ticket_models)
        for mask in (("random",) if d == 1 else ("ticket", "reinitialised"))
    ]


def run_of(profile: Profile, number: int, *, dataset: str | None = None, seed: int = 0) -> Run:
    """The run of one set-up (by its number in Fig 6.1), by default on the Fashion data."""
    setup = profile.setup(number)
    return Run(dataset or profile.fashion, setup.hidden, setup.parameters, seed, profile.recipe)


# -------------------------------------------------------------------------------------------------- planes


def class_plane(dataset: str, classes: Sequence[int], seed: int = 0, margin: float = 1.5) -> Plane:
    """The plane through one random validation image of each of three classes (thesis, section 5.2)."""
    data, rng = datasets.load(dataset), stream(seed, "planes")
    return Plane.through(np.stack([rng.choice(data.validation.of_class(c).images) for c in classes]), margin=margin)


def grid_planes(profile: Profile, dataset: str) -> list[Plane]:
    """The planes that every network of a data set is measured on: three random classes each."""
    n_classes = datasets.load(dataset).n_classes
    triples = [stream(i, "classes").permutation(n_classes)[:3].tolist() for i in range(profile.planes)]
    return [class_plane(dataset, classes, seed=i) for i, classes in enumerate(triples)]


# -------------------------------------------------------------------------------------------------- tables


def _measure(run: Run, profile: Profile, after: bool, store: Store) -> None:
    """Specialization and activation regions of one network on the grid's planes, kept as a table."""
    data = datasets.load(run.dataset)
    network = run.trained(store) if after else run.initial(store)
    table = specialization_table(network, data.validation, grid_planes(profile, run.dataset), profile.coverages)
    table.insert(0, "accuracy", accuracy(network, data.validation))
    store.put_table("measure", _measure_settings(run, profile, after), table)


def _measure_settings(run: Run, profile: Profile, after: bool) -> dict:
    return {**run.settings, "planes": profile.planes, "coverages": profile.coverages, "trained": after}


def grid_table(profile: Profile, store: Store) -> pd.DataFrame:
    """One row = network x plane x class x c_P, before and after training.

    Columns: dataset, setup, hidden, n_hidden (N), parameters (HNPs), density (of weights), model, trained, accuracy,
    and those of :func:`mbh_utils.mbh.specialization_table`.
    """
    tables = []
    for dataset in profile.datasets:
        for setup, runs in zip(profile.setups, _chunks(grid_runs(profile, dataset), profile.models), strict=True):
            for run in runs:
                for after in (False, True):
                    table = store.table("measure", _measure_settings(run, profile, after))
                    n_inputs = datasets.load(dataset).n_inputs
                    tables.append(
                        table.assign(
                            dataset=dataset,
                            setup=setup.number,
                            hidden="-".join(map(str, setup.hidden)),
                            n_hidden=setup.n_hidden,
                            parameters=setup.parameters,
                            density=pruning.density(n_inputs, setup.hidden, setup.parameters),
                            model=run.seed,
                            trained=after,
                        )
                    )
    return pd.concat(tables, ignore_index=True)


def per_network(grid: pd.DataFrame, coverage: float = 0.8) -> pd.DataFrame:
    """One row per network of the grid table at one c_P: s averaged over classes, then over planes.

    Added columns: n_regions and per_area (activation regions, also divided by the plane's area), and per_n2 (regions
    divided by N^2/2, the count expected of N random lines), all averaged over planes.
    """
    keys = ["dataset", "setup", "hidden", "n_hidden", "parameters", "density", "model", "trained"]
    rows = grid[np.isclose(grid["coverage"], coverage)]
    if rows.empty:
        raise MBHError(f"c_P = {coverage} was not measured, only {sorted(map(float, grid['coverage'].unique()))}")
    rows = rows.assign(per_area=rows["n_regions"] / rows["area"], per_n2=2 * rows["n_regions"] / rows["n_hidden"] ** 2)
    means = ["accuracy", "s", "n_constraints", "n_regions", "per_area", "per_n2"]
    return rows.groupby([*keys, "plane"])[means].mean().groupby(keys).mean().reset_index()


def tickets_table(profile: Profile, store: Store) -> pd.DataFrame:
    """Fig 2.1: one row = density x model x kind x trained, with the validation accuracy.

    kind: "dense", "ticket" (one-shot magnitude mask on the initial weights) or "reinitialised" (random mask).
    """
    data, rows = datasets.load(profile.digit), []
    for run in ticket_runs(profile):
        kind = "dense" if run.mask == "random" else run.mask
        density = pruning.density(data.n_inputs, run.hidden, run.parameters)
        facts = store.facts("network", run.settings)
        rows.append((kind, density, run.seed, True, facts["accuracy"]))
        rows.append((kind, density, run.seed, False, accuracy(run.initial(store), data.validation)))
    return pd.DataFrame(rows, columns=["kind", "density", "model", "trained", "accuracy"])


_TOY = {"hidden": (4, 4, 2), "bias_std": 0.1, "models": 16}


def _toy_settings(profile: Profile) -> dict:
    recipe = asdict(Recipe(profile.toy_iterations))
    return {**_TOY, "recipe": recipe, "data": datasets.xor_with_outliers().checksum}


def toy(profile: Profile, store: Store | None = None) -> tuple[Network, datasets.Dataset]:
    """The (4, 4, 2) network of Fig 4.5 and its XOR data: of 16 seeds the one with the best accuracy.

    Networks this small often lose neurons in training and get stuck, hence several seeds.
    """
    store = store or Store()
    prepare(profile, ["toy"], jobs=1, store=store)
    return store.network(_toy_settings(profile)), datasets.xor_with_outliers()


def _train_toy(profile: Profile, store: Store) -> None:
    data, settings = datasets.xor_with_outliers(), _toy_settings(profile)
    seeds, bias_std = range(_TOY["models"]), _TOY["bias_std"]
    stack = [Network(2, _TOY["hidden"], 2, seed=seed, bias_std=bias_std) for seed in seeds]
    train_stack(stack, data, Recipe(profile.toy_iterations), seeds=[0] * len(stack))
    best = max(stack, key=lambda one: accuracy(one, data.validation))
    store.put_network(settings, best, accuracy=accuracy(best, data.validation))


# --------------------------------------------------------------------------------------- computing what lacks


# Each yields its stages one after the other, (label, tasks that the store lacks): a stage is asked for when the one
# before is done. A task is a function and its arguments but the store.


def _grid_stages(profile: Profile, store: Store) -> Iterator[tuple[str, list[tuple]]]:
    runs = [run for dataset in profile.datasets for run in grid_runs(profile, dataset)]
    yield "training", _stacks(runs, store)
    cases = [(run, profile, after) for run in runs for after in (False, True)]
    yield "measuring", [(_measure, *case) for case in cases if not store.has("measure", _measure_settings(*case))]


def _tickets_stages(profile: Profile, store: Store) -> Iterator[tuple[str, list[tuple]]]:
    runs = ticket_runs(profile)
    yield "training dense networks", _stacks([run for run in runs if run.mask == "random"], store)
    yield "training tickets", _stacks([run for run in runs if run.mask != "random"], store)


def _toy_stages(profile: Profile, store: Store) -> Iterator[tuple[str, list[tuple]]]:
    yield "training the XOR network", [] if store.has("network", _toy_settings(profile)) else [(_train_toy, profile)]


def _stacks(runs: Sequence[Run], store: Store) -> list[tuple]:
    """Tasks that train the runs not yet in the store, as stacks of one data set and architecture.

    Small networks wait for bookkeeping rather than arithmetic, so all their seeds go into one stack; large ones
    get a stack per seed, which is lost at most when the process is killed.
    """

    def kind(run: Run) -> tuple:
        return run.dataset, run.hidden

    missing = sorted((run for run in runs if not store.has("network", run.settings)), key=kind)
    stacks = []
    for _, group in groupby(missing, kind):
        group = sorted(group, key=lambda run: run.seed)
        small = len(group) * group[0].dense.parameters <= 500_000
        stacks += [group] if small else [list(same) for _, same in groupby(group, lambda run: run.seed)]
    # The longest first, so that no core waits for the other at the end.
    return [(_train, stack) for stack in sorted(stacks, key=lambda s: -len(s) * s[0].dense.parameters)]


#: Name -> (stages of what is missing, tidy table of what is there).
EXPERIMENTS: dict[str, tuple[Callable, Callable | None]] = {
    "grid": (_grid_stages, grid_table),
    "tickets": (_tickets_stages, tickets_table),
    "toy": (_toy_stages, None),
}


def prepare(
    profile: str | Profile,
    names: Sequence[str],
    *,
    jobs: int | None = None,
    store: Store | None = None,
    executor: Executor | None = None,
) -> None:
    """Compute whatever the named experiments lack, ``jobs`` processes side by side (default: one per core).

    Every trained stack and every measured network lands in the store at once: a killed run loses only what it was
    working on. Raises MBHError for an unknown experiment or profile, and when a process was killed.
    """
    profile = profile_named(profile) if isinstance(profile, str) else profile
    if unknown := [name for name in names if name not in EXPERIMENTS]:
        raise MBHError(f"there is no experiment {unknown[0]!r}; the experiments are {', '.join(EXPERIMENTS)}")
    if jobs is not None and jobs < 1:
        raise MBHError(f"jobs is {jobs}; at least one process is needed")
    store = store or Store()
    pool, others = executor, set(multiprocessing.active_children())
    try:
        for name in names:
            for label, tasks in EXPERIMENTS[name][0](profile, store):
                if not tasks:
                    continue
                pool = pool or _processes(jobs)
                futures = [pool.submit(_task, store.folder, *task) for task in tasks]
                try:
                    for future in progress(as_completed(futures), f"{name}: {label}", len(futures)):
                        future.result()
                except BaseException:
                    for future in futures:
                        future.cancel()
                    raise
    except KeyboardInterrupt:  # otherwise the processes would finish what they are at, which may take minutes
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    except BrokenProcessPool as error:
        raise MBHError(
            "a process was killed while it computed, most often because memory ran out. What was finished is kept: "
            "run it again, with fewer jobs if memory is short. (A script must call this below "
            'if __name__ == "__main__":, since every process reads the script.)'
        ) from error
    finally:
        if pool is not None and pool is not executor:
            pool.shutdown(cancel_futures=True)


def progress(items: Iterable, label: str, total: int) -> Iterator:
    """The items, with a progress bar on a terminal and a plain line now and then elsewhere (logs, notebooks)."""
    if sys.stderr.isatty():
        yield from tqdm(items, desc=label, total=total, unit="task")
        return
    started = said = time.perf_counter()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.perf_counter()
        if now - said > 15 or done == total:
            left = f", about {(now - started) / done * (total - done):.0f} s left" if done < total else ""
            print(f"{label}: {done} of {total} done, {now - started:.0f} s{left}", file=sys.stderr, flush=True)
            said = now


def table(name: str, profile: str | Profile, *, jobs: int | None = None, store: Store | None = None) -> pd.DataFrame:
    """The tidy table of an experiment; what is missing is computed first."""
    profile = profile_named(profile) if isinstance(profile, str) else profile
    store = store or Store()
    prepare(profile, [name], jobs=jobs, store=store)
    build = EXPERIMENTS[name][1]
    if build is None:
        raise MBHError(f"experiment {name!r} has no table")
    return build(profile, store)


def _processes(jobs: int | None) -> ProcessPoolExecutor:
    # Spawned, not forked: torch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=context, initializer=_set_up_process)


def _set_up_process() -> None:
    # Networks run side by side; more threads in each, torch's or numpy's, would only get in each other's way.
    torch.set_num_threads(1)
    threadpoolctl.threadpool_limits(1)
    # Python leaves the processes behind when the one that started them is killed.
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(parent) -> None:
    parent.join()
    os._exit(1)


def _task(folder, function: Callable, *arguments) -> None:
    function(*arguments, store=Store(folder))


def _chunks(items: list, size: int) -> list[list]:
    return [items[i : i + size] for i in range(0, len(items), size)]
