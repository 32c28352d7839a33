"""The thesis's experiments declared as data: which networks x when in training x what is measured (chapter 6, A to E).

Everything that takes longer than seconds happens here, between the store of trained networks and the store of
tables. A chapter asks ``table(name, profile)``: what is there is read, what is missing is computed on all cores
with a progress bar, what was interrupted goes on where it stopped.
"""

import functools
import hashlib
import io
import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mbh_utils import datasets, measures, networks
from mbh_utils.computing import paths, require
from mbh_utils.computing.entries import VERSIONS
from mbh_utils.computing.files import atomic
from mbh_utils.computing.scheduling import Done, Task, compute
from mbh_utils.computing.store import Store
from mbh_utils.computing.workers import workers
from mbh_utils.errors import MBHError
from mbh_utils.measures import per_network
from mbh_utils.networks import Network, Setup, pruning
from mbh_utils.runs import (
    PROFILES,
    Profile,
    Run,
    checkpoints,
    class_plane,
    grid_planes,
    parameters_at,
    planes_of,
    profile_named,
    run_of,
    ticket_runs,
    train_runs,
)
from mbh_utils.training import Recipe, accuracy, train_stack

#: What belongs to an experiment for who reads this module's names, wherever it is written.
__all__ = [
    "EXPERIMENTS", "PROFILES", "Profile", "Run", "class_plane", "grid_planes", "per_network", "plan", "prepare",
    "profile_named", "run_of", "table", "ticket_runs", "toy", "write_tables",
]  # fmt: skip

# --------------------------------------------------------------------------------------------- experiments


class Case(NamedTuple):
    """A network of an experiment at one iteration of its training."""

    setup: Setup
    run: Run
    iteration: int

    @property
    def columns(self) -> dict:
        """What tells it apart in a table: the columns ``measures.NETWORK``."""
        setup, run = self.setup, self.run
        density = pruning.density(run.raw.n_inputs, run.hidden, run.parameters)
        return {
            "dataset": run.dataset, "family": setup.family, "setup": setup.number,
            "hidden": "-".join(map(str, run.hidden)), "n_hidden": setup.n_hidden, "parameters": run.parameters,
            "density": density, "model": run.seed, "iteration": self.iteration, "trained": self.iteration > 0,
        }  # fmt: skip


def _cases(profile: Profile, setups=None, models=None, dataset=None, iterations=None) -> list[Case]:
    """By default all models of the set-ups of Fig 6.1 on the Fashion data, before and after training."""
    return [
        Case(s, Run(dataset or profile.fashion, s.hidden, s.parameters, seed, profile.recipe), i)
        for s in setups or profile.setups
        for seed in range(models or profile.models)
        for i in iterations or (0, profile.iterations)
    ]


def _grid(profile: Profile) -> list[Case]:
    return [case for data in profile.datasets for case in _cases(profile, dataset=data)]


def _evolution(profile: Profile) -> list[Case]:
    # Both families that the thesis names (reference figures, X6), each at the dense size of its smallest architecture.
    setups = profile.setups_of(profile.evolving)[:1]
    for family in (profile.evolving, profile.family):
        size = pruning.dense_parameters(profile.n_inputs, family.architectures[-1])
        setups += [s for s in profile.setups_of(family) if s.parameters == size]
    return _cases(profile, setups, profile.few_models, iterations=checkpoints(profile.iterations))


def _densities(profile: Profile) -> list[Case]:
    dense = [profile.setups_of(family)[0] for family in (profile.family, profile.deep)]
    setups = [
        setup._replace(number=i, parameters=parameters_at(setup, density))
        for setup in dense
        for i, density in enumerate(profile.densities, start=1)
    ]
    return _cases(profile, setups, profile.few_models)


def _tickets(profile: Profile) -> list[Case]:
    setup = profile.setup(1)
    return [Case(setup, run, iteration) for run in ticket_runs(profile) for iteration in (profile.ticket_iterations, 0)]


def _toy(profile: Profile) -> list[Case]:
    # Networks this small often lose neurons in training and get stuck, hence several seeds.
    setup, recipe = Setup(1, "toy", (4, 4, 2), 42), Recipe(profile.toy_iterations)
    runs = [Run("xor_with_outliers", setup.hidden, 42, seed, recipe, bias_std=0.1) for seed in range(16)]
    return [Case(setup, run, profile.toy_iterations) for run in runs]


def toy(profile: Profile, store: Store | None = None) -> tuple[Network, datasets.Dataset]:
    """The (4, 4, 2) network of Fig 4.5 and its XOR data: of 16 seeds the one with the best accuracy."""
    profile, store = profile_named(profile), _store(store)
    prepare(profile, ["toy"], jobs=1, store=store)
    runs = [case.run for case in _toy(profile)]
    best = max(runs, key=lambda run: store.facts("network", run.settings)["accuracy"])
    return best.trained(store), datasets.load(best.dataset)


def _squares(profile: Profile, planes: int) -> dict:
    # In words too, since it is part of the key of what was measured.
    rule = "squares of margin 1.5 around one random validation image of each of three random classes"
    return {"planes": planes, "rule": rule, "coverages": profile.coverages}


class Experiment(NamedTuple):
    """What of which networks: cases, the function of :mod:`mbh_utils.measures` (None: nothing), and its options."""

    cases: Callable[[Profile], list[Case]]
    measure: str | None = "specializations"
    options: Callable[[Profile], dict] = lambda p: _squares(p, p.planes)


EXPERIMENTS: dict[str, Experiment] = {
    "grid": Experiment(_grid),  # Figs 3.4b, 3.5, 6.2 to 6.7 and 6.9
    "histories": Experiment(lambda p: [case for case in _grid(p) if case.iteration], measure=None),  # Fig A.1
    "tickets": Experiment(_tickets, measure=None),  # Fig 2.1
    "toy": Experiment(_toy, measure=None),  # Fig 4.5
    "deepfc": Experiment(lambda p: _cases(p, p.setups_of(p.deep))),  # Figs 6.11 and 6.12
    "densities": Experiment(_densities),  # Fig 6.12
    "standardised": Experiment(  # Figs A.2 and A.3
        lambda p: _cases(p, models=p.few_models, dataset=p.fashion + datasets.STANDARDISED)
    ),
    "evolution": Experiment(_evolution, options=lambda p: _squares(p, p.few_planes)),  # Figs 6.8 and 6.10
    "trees": Experiment(_cases, "trees", lambda p: {}),  # Figs D.1 to D.3
    "patterns": Experiment(_cases, "distinct_patterns", lambda p: {"images": 1_000}),  # Figs E.1 and E.2
}

# ----------------------------------------------------------------------------------- training and measuring

#: Estimated seconds up to which networks of one architecture and seed make one task, and measurements another.
_TRAIN_SECONDS, _MEASURE_SECONDS = 120.0, 3.0


def _measured(case: Case, measure: str, options: dict) -> dict:
    """What the store keys a measurement by."""
    return {**case.run.settings, "iteration": case.iteration, "measure": measure, **options}


def _measure(cases: Sequence[Case], measure: str, options: dict, store: Store) -> None:
    """Measure networks one after the other; each becomes a table in the store."""
    for case in cases:
        run, raw = case.run, case.run.raw
        network = run.at(case.iteration, store)
        standardised = run.dataset.endswith(datasets.STANDARDISED)
        layers = measures.folded(network, raw) if standardised else networks.hidden_layers(network)
        if measure == "specializations":
            planes, coverages = planes_of(raw.name, options["planes"]), options["coverages"]
            found = measures.specializations(layers, network.masks, raw.validation, planes, coverages)
            found.insert(0, "accuracy", accuracy(network, datasets.load(run.dataset).validation))
        else:
            found = getattr(measures, measure)(layers, raw.validation, **options)
        store.put_table("measure", _measured(case, measure, options), found)


# --------------------------------------------------------------------------------------- computing what lacks


def _known(names: Sequence[str]) -> list[str]:
    """The names of experiments; MBHError for one that there is not."""
    names = require.listed("names", names, "names of experiments")
    if unknown := [name for name in names if not isinstance(name, str) or name not in EXPERIMENTS]:
        there = ", ".join(EXPERIMENTS)
        raise MBHError(f"there is no experiment {require.shown(unknown[0])}; the experiments are {there}")
    return names


def _store(store: Store | None) -> Store:
    return Store() if store is None else require.kind_of("store", store, Store, "a Store, or None for the usual one")


class Stage(NamedTuple):
    """Tasks that may run side by side."""

    label: str
    tasks: list[Task]


def plan(profile: str | Profile, names: Sequence[str], store: Store | None = None) -> list[Stage]:
    """What the named experiments lack, in stages that follow each other, with estimates of time and size.

    Raises MBHError for an unknown experiment or profile, and for a damaged results file.
    """
    profile, names, store = profile_named(profile), _known(names), _store(store)
    wanted: dict[Run, set[int]] = {}
    measuring: dict[tuple, tuple[Case, str, dict]] = {}
    for experiment in (EXPERIMENTS[name] for name in names if _results(name, profile) is None):
        options = experiment.options(profile)
        for case in experiment.cases(profile):
            run = case.run
            if run.mask == "ticket":
                wanted.setdefault(run.dense, set()).add(run.recipe.iterations)
            if case.iteration:
                wanted.setdefault(run, set()).add(case.iteration)
            if experiment.measure:
                measuring[run, case.iteration, experiment.measure, str(options)] = (case, experiment.measure, options)
    missing: dict[bool, dict[Run, set[int]]] = {False: {}, True: {}}
    for run, iterations in wanted.items():
        if lack := {i for i in iterations if not store.has("network", run.settings_at(i))}:
            missing[run.mask == "ticket"][run] = lack
    lacking = [m for m in measuring.values() if not store.has("measure", _measured(*m))]
    stages = [
        Stage("training", _training_tasks(missing[False])),
        Stage("training tickets", _training_tasks(missing[True])),
        Stage("measuring", _measuring_tasks(lacking)),
    ]
    return [stage for stage in stages if stage.tasks]


def prepare(
    profile: str | Profile,
    names: Sequence[str],
    *,
    jobs: int | None = None,
    store: Store | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    shared: bool = True,
) -> list[Done]:
    """Compute whatever the named experiments lack, ``jobs`` processes side by side (default: one per core).

    executor, scheduler, shared: other workers, see :mod:`mbh_utils.computing.workers`. A killed run loses little. An
    experiment whose results file stands (:func:`write_tables`) lacks nothing.

    Raises MBHError for an unknown experiment or profile, and when a process was killed.
    """
    store, shared = _store(store), require.flag("shared", shared)
    if scheduler is not None:
        require.kind_of("scheduler", scheduler, str, "the address of a Dask scheduler, or None")
    if jobs is not None:
        require.whole("jobs", jobs, 1, 10_000)
    if not (stages := plan(profile, names, store)):
        return []
    with nullcontext(executor) if executor else workers(jobs, scheduler) as pool:
        return [compute(stage.tasks, store, pool, stage.label, shared=shared) for stage in stages]


def _training_tasks(missing: dict[Run, set[int]]) -> list[Task]:
    """Networks of one data set, architecture, recipe and seed train together as far as they make no long task."""

    def kind(run: Run) -> tuple:
        return run.dataset, run.hidden, str(run.recipe), run.seed

    tasks = []
    for runs in _batches(missing, kind, _training_seconds, _TRAIN_SECONDS):
        needs = [("checkpoint", run.settings) for run in runs]
        needs += [("network", run.dense.settings) for run in runs if run.mask == "ticket"]
        kept = [(run, missing[run]) for run in runs]
        seconds, memory = sum(map(_training_seconds, runs)), _memory(runs[0], training=True)
        size = sum(len(iterations) * 5 * run.dense.parameters for run, iterations in kept)  # float32 and mask
        tasks.append(Task(train_runs, (kept,), tuple(needs), seconds, size, memory))
    return tasks


def _measuring_tasks(lacking: list[tuple[Case, str, dict]]) -> list[Task]:
    def kind(one: tuple[Case, str, dict]) -> tuple:
        return one[1], one[0].run.dataset, str(one[2])

    tasks = []
    for batch in _batches(lacking, kind, _measuring_seconds, _MEASURE_SECONDS):
        cases, (_, measure, options) = [one[0] for one in batch], batch[0]
        needs = [("network", case.run.settings_at(case.iteration)) for case in cases if case.iteration]
        seconds, memory = sum(map(_measuring_seconds, batch)), _memory(cases[0].run, training=False)
        tasks.append(Task(_measure, (cases, measure, options), tuple(needs), seconds, 20_000 * len(cases), memory))
    return tasks


def _batches(items: Iterable, kind: Callable, seconds: Callable, most: float) -> list[list]:
    """Items of one kind together, as many as take at most so many seconds, or one."""
    batches, last, spent = [], None, 0.0
    for item in sorted(items, key=kind):
        if kind(item) != last or spent + seconds(item) > most:
            batches.append([])
            spent = 0.0
        last, spent = kind(item), spent + seconds(item)
        batches[-1].append(item)
    return batches


# Estimates, for the order of the tasks and the time left; no result depends on them.


def _training_seconds(run: Run) -> float:
    each = _seconds_per_iteration(run.raw.n_inputs, run.hidden, run.parameters, run.recipe.batch_size)
    looks = len(checkpoints(run.recipe.iterations)) * len(run.raw.validation) * run.parameters / 1e10
    return run.recipe.iterations * each + looks


@functools.cache
def _seconds_per_iteration(n_inputs: int, hidden: tuple[int, ...], parameters: int, batch_size: int) -> float:
    """Of training such a network on this machine, from training one on noise for a moment."""
    rng, spent = np.random.default_rng(0), []
    images, labels = rng.random((10 * batch_size, n_inputs), np.float32), rng.integers(10, size=10 * batch_size)
    data = datasets.from_arrays(images, labels, images[:10], labels[:10], classes=range(10))
    network = networks.feed_forward(data, hidden, parameters=parameters)
    for iterations in (1, 1, 41, 41):
        started = time.perf_counter()
        train_stack([network], data, Recipe(iterations, batch_size), seeds=[0])
        spent.append(time.perf_counter() - started)
    return max(min(spent[2:]) - min(spent[:2]), 1e-5) / 40


def _measuring_seconds(one: tuple[Case, str, dict]) -> float:
    case, measure, options = one
    run, images = case.run, options.get("images", len(case.run.raw.validation))
    seconds = 0.02 + images * (2e-5 + run.dense.parameters / 4e9)
    if measure == "trees":
        return seconds + images * run.hidden[-1] * 1e-6
    return seconds + options.get("planes", 0) * (0.005 + sum(run.hidden) ** 2 / 2e6)


def _memory(run: Run, training: bool) -> int:
    """Bytes of a process: libraries, the data sets it may have loaded by then, and what is at work."""
    raw = run.raw
    images = 4 * raw.n_inputs * (len(raw.train) + len(raw.validation))
    return 600 * 2**20 + 3 * images + (images if training else 2 * 8 * len(raw.validation) * sum(run.hidden))


# -------------------------------------------------------------------------------------------------- tables


def table(name: str, profile: str | Profile, *, jobs: int | None = None, store: Store | None = None) -> pd.DataFrame:
    """The tidy table of an experiment: from its results file if that is of the same definition, else computed.

    Raises MBHError, which says how to get it back, where that file is damaged.

    One row = network x plane x class x c_P x iteration, as far as the experiment has these, the columns
    ``measures.NETWORK`` first. tickets: kind ("dense", "ticket" or "reinitialised"), density, model, trained, accuracy.
    """
    profile, (name,), store = profile_named(profile), _known([name]), _store(store)
    if jobs is not None:
        require.whole("jobs", jobs, 1, 10_000)
    if name == "toy":
        raise MBHError("experiment 'toy' has no table; experiments.toy(profile) gives its network")
    if (found := _results(name, profile)) is not None:
        return found
    prepare(profile, [name], jobs=jobs, store=store)
    experiment = EXPERIMENTS[name]
    cases, options = experiment.cases(profile), experiment.options(profile)
    if name == "tickets":
        rows = [
            ("dense" if run.mask == "random" else run.mask, case.columns["density"], run.seed, case.iteration > 0,
             run.history(store)[case.iteration])
            for case in cases for run in [case.run]
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["kind", "density", "model", "trained", "accuracy"])
    if name == "histories":
        seen = [(case._replace(iteration=i), share) for case in cases for i, share in case.run.history(store).items()]
        return pd.DataFrame([{**case.columns, "accuracy": share} for case, share in seen])
    parts = [store.table("measure", _measured(case, experiment.measure, options)) for case in cases]
    rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    columns = pd.DataFrame([case.columns for case in cases]).iloc[rows].reset_index(drop=True)
    return pd.concat([columns, pd.concat(parts, ignore_index=True)], axis=1)


def write_tables(
    profile: str | Profile, names: Sequence[str], store: Store | None = None, folder: Path | None = None
) -> list[Path]:
    """Write the experiments' tables to ``<folder>/<name>.parquet``, by default where :func:`table` looks for them.

    Each carries its definition and a digest of its content; a reader of the same definition needs no store. An
    experiment without table is passed over.
    """
    profile, store, written = profile_named(profile), _store(store), []
    folder = paths.results_folder(profile.name) if folder is None else require.folder("folder", folder)
    for name in (name for name in _known(names) if name != "toy"):
        path = folder / f"{name}.parquet"
        content = pa.Table.from_pandas(table(name, profile, store=store), preserve_index=False)
        notes = {"definition": _definition(name, profile), "profile": json.dumps(asdict(profile)), **VERSIONS}
        noted = {f"mbh_utils.{key}".encode(): str(value).encode() for key, value in notes.items()}
        with atomic(path) as temporary:
            pq.write_table(_sealed(content, noted), temporary, compression="zstd")
        written.append(path)
    return written


def _sealed(content: pa.Table, noted: dict[bytes, bytes]) -> pa.Table:
    """The table with these notes, and the digest of both, in its metadata."""
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), **noted})
    return content.replace_schema_metadata({**content.schema.metadata, _DIGEST: _digest(content)})


#: Where a results file keeps the digest of its content, and where its definition.
_DIGEST, _DEFINITION = b"mbh_utils.digest", b"mbh_utils.definition"


def _digest(content: pa.Table) -> bytes:
    """sha256 of a table's column names, types, values and notes, however a file compresses them or groups its rows."""
    hasher = hashlib.sha256()

    def feed(part: bytes) -> None:
        hasher.update(len(part).to_bytes(8, "little") + part)

    for key, value in sorted((content.schema.metadata or {}).items()):
        if key != _DIGEST:
            feed(key)
            feed(value)
    for name, column in zip(content.column_names, content.columns, strict=True):
        feed(f"{name} {column.type} {len(column)}".encode())
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
            values = column.fill_null(0) if column.null_count else column
            feed(column.is_null().to_numpy().tobytes() if column.null_count else b"")
            feed(values.to_numpy().tobytes())
        elif len(column):  # text: few different values, each of them once and then which one it is
            encoded = pa.concat_arrays(column.chunks).dictionary_encode()
            feed(json.dumps(encoded.dictionary.to_pylist()).encode())
            feed(encoded.indices.fill_null(-1).to_numpy().tobytes())
    return hasher.hexdigest().encode()


def _definition(name: str, profile: Profile) -> str:
    """24 hex digits of everything that defines a table, but for the versions of libraries."""
    experiment = EXPERIMENTS[name]
    options = experiment.options(profile)
    cases = [(case.columns, _measured(case, str(experiment.measure), options)) for case in experiment.cases(profile)]
    words = json.dumps({"experiment": name, "results": VERSIONS["results"], "cases": cases}, sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:24]


def _results(name: str, profile: Profile) -> pd.DataFrame | None:
    """The content of the experiment's results file, None if there is none of this definition.

    Raises MBHError, which says how to get it back, for a file that is damaged: cut, changed, or without its digest.
    """
    path = results_file(name, profile)
    if (raw := _file(path)) is None:
        return None
    noted = _checked(path, raw)
    if noted.get(_DEFINITION, b"").decode(errors="replace") != _definition(name, profile):
        return None
    if _DIGEST not in noted:
        raise _damage(path, "the digest of its content is missing")
    return pd.read_parquet(io.BytesIO(raw))


def results_file(name: str, profile: str | Profile) -> Path:
    """Where :func:`table` looks for an experiment's table."""
    return paths.results_folder(profile_named(profile).name) / f"{name}.parquet"


def results_checksums(names: Iterable[str], profile: str | Profile) -> dict[str, str | None]:
    """Experiment -> sha256 of its results file, None where there is none: equal only where tables are the same."""
    files = {name: _file(results_file(name, profile)) for name in names}
    return {name: raw and hashlib.sha256(raw).hexdigest() for name, raw in files.items()}


def check_results(profile: str | Profile) -> list[Path]:
    """The results files of a profile, once all are read. Raises MBHError for the first that is damaged."""
    found = [path for name in EXPERIMENTS if (path := results_file(name, profile)).exists()]
    for path in found:
        _checked(path, _file(path) or b"")
    return found


def _file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MBHError(
            f"{path} cannot be read ({error.strerror or error}): make it a file that you may read"
        ) from error


def _checked(path: Path, raw: bytes) -> dict[bytes, bytes]:
    """The notes of a results file. Raises MBHError where its digest, if it has one, is not that of its content."""
    try:
        content = pq.read_table(io.BytesIO(raw))
        noted = content.schema.metadata or {}
        right = noted.get(_DIGEST, digest := _digest(content)) == digest
    except Exception as error:  # pyarrow raises many kinds for what is no parquet, or no longer
        raise _damage(path, str(error).partition("\n")[0] or type(error).__name__) from error
    if not right:
        raise _damage(path, "its content is not what was written")
    if not noted.keys() & {_DIGEST, _DEFINITION}:  # files from before there were digests have a definition
        raise _damage(path, "its notes are missing")
    return noted


def _damage(path: Path, reason: str) -> MBHError:
    name, profile = path.stem, path.parent.name
    inside = path.is_relative_to(paths.PROJECT)
    shown = path.relative_to(paths.PROJECT) if inside else path
    is_committed = inside and profile == "paper"
    committed = f"get the committed file back by `git checkout -- {shown}`, or " if is_committed else ""
    return MBHError(
        f"{shown} is damaged ({reason}): {committed}remove it, and `mbh run {name} --profile {profile}` computes it "
        "again"
    )
