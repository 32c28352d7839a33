"""What is missing for an experiment, as tasks for all cores, and computing it.

What was interrupted goes on where it stopped, and nothing is computed twice.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from typing import NamedTuple

from mbh_utils.computing import require, shares
from mbh_utils.computing.scheduling import Done, Task, compute
from mbh_utils.computing.store import Store
from mbh_utils.computing.workers import workers
from mbh_utils.errors import GO_ON, told_where_interrupted
from mbh_utils.experiments import estimates
from mbh_utils.experiments.catalogue import EXPERIMENTS, experiments_named
from mbh_utils.experiments.measures import Measure
from mbh_utils.experiments.networks_file import kept_networks, networks_key
from mbh_utils.experiments.profiles import Profile, profile_named
from mbh_utils.experiments.results_files import read_results
from mbh_utils.experiments.runs import Case, Run, train_runs

#: Estimated seconds up to which networks of one architecture and seed make one task.
TRAINING_SECONDS = 120.0
#: Estimated seconds up to which measurements make one task.
MEASURING_SECONDS = 3.0
#: Estimated bytes of a table of measurements in the store.
_TABLE_BYTES = 20_000


class Stage(NamedTuple):
    """Tasks that may run side by side.

    Attributes
    ----------
    label : str
        What they do: "training", "training tickets" (and whatever else begins from trained
        networks) or "measuring".
    tasks : list of Task
        Each with an estimate of its seconds.
    """

    label: str
    tasks: list[Task]


class _Measurement(NamedTuple):
    """One measure of one network."""

    case: Case
    measure: Measure
    options: dict

    @property
    def settings(self) -> dict:
        return self.measure.settings(self.case, self.options)

    @property
    def seconds(self) -> float:
        return self.measure.seconds(self.case, **self.options)

    @property
    def needs(self) -> list[Case]:
        """The other networks that it reads."""
        return self.measure.needs(self.case, **self.options)

    @property
    def networks(self) -> list[tuple[str, dict]]:
        """All networks that it reads from the store, by kind and settings."""
        trained = [case for case in (self.case, *self.needs) if case.iteration]
        found = [("network", case.run.settings_at(case.iteration)) for case in trained]
        untrained = [case.run.before for case in (self.case, *self.needs) if not case.iteration]
        return found + [("network", run.settings) for run in untrained if run is not None]


def store_given(store: Store | None) -> Store:
    """The store, or the usual one for None. Raises MBHError for anything else."""
    if store is None:
        return Store()
    return require.kind_of("store", store, Store, "a Store, or None for the usual one")


def plan(profile: str | Profile, names: Sequence[str], store: Store | None = None) -> list[Stage]:
    """What is missing for the named experiments, with estimates of time and size.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    names : sequence of str
        Names of ``EXPERIMENTS``.
    store : Store, optional
        Where computed results are; the usual store by default.

    Returns
    -------
    list of Stage
        In the order in which they must be computed; empty if nothing is missing. Nothing is
        missing for an experiment whose results file stands (:func:`write_tables`), and no network
        that is part of the project (:func:`write_networks`).

    Raises
    ------
    MBHError
        For an unknown experiment or profile, and for a damaged results file.

    Examples
    --------
    >>> import tempfile
    >>> from mbh_utils import experiments
    >>> from mbh_utils.computing.store import Store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stages = experiments.plan("quick", ["toy"], Store(folder))
    >>> [(stage.label, sum(len(task.arguments[0]) for task in stage.tasks)) for stage in stages]
    [('training', 16)]
    """
    profile = profile_named(profile)
    names = experiments_named(names)
    store = store_given(store)
    names = _with_parts(names, profile)
    networks = _missing_networks(_wanted_networks(profile, names), store)
    stages = _training_stages(networks)
    measurements = _missing_measurements(profile, names, store)
    stages.append(Stage("measuring", _measuring_tasks(measurements)))
    return [stage for stage in stages if stage.tasks]


def _with_parts(names: Sequence[str], profile: Profile) -> list[str]:
    """The experiments whose results are missing, and those that their tables are joined from."""
    missing: dict[str, None] = {}
    for name in names:
        if read_results(name, profile) is None:
            missing[name] = None
            missing |= dict.fromkeys(_with_parts(EXPERIMENTS[name].parts, profile))
    return list(missing)


def _training_stages(networks: dict[Run, set[int]]) -> list[Stage]:
    """Networks that begin from trained networks are trained after these."""
    stages = []
    label = "training"
    while networks:
        ready = {run: when for run, when in networks.items() if run.before not in networks}
        stages.append(Stage(label, _training_tasks(ready)))
        networks = {run: when for run, when in networks.items() if run not in ready}
        label = "training tickets"
    return stages


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
    """Compute whatever is missing for the named experiments.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    names : sequence of str
        Names of ``EXPERIMENTS``.
    jobs : int, optional
        Processes side by side; one per core by default.
    store : Store, optional
        Where computed results are kept; the usual store by default.
    executor, scheduler, shared
        Other workers, see :mod:`mbh_utils.computing.workers`.

    Returns
    -------
    list of Done
        How each stage went; empty if nothing was missing.

    Raises
    ------
    MBHError
        For an unknown experiment or profile, and when a process was killed.

    Notes
    -----
    A killed run loses little: run it again, and it goes on where it stopped. Nothing is missing
    for an experiment whose results file stands (:func:`write_tables`).

    Examples
    --------
    The first call computes on two processes, the second finds everything in the store::

        experiments.prepare("quick", ["grid", "tickets"], jobs=2)
        experiments.prepare("quick", ["grid", "tickets"])  # returns []
    """
    store = store_given(store)
    shared = require.flag("shared", shared)
    if scheduler is not None:
        what = "the address of a Dask scheduler, or None"
        require.kind_of("scheduler", scheduler, str, what)
    if jobs is not None:
        require.whole("jobs", jobs, 1, 10_000)
    with told_where_interrupted(f"{GO_ON} ({store.folder})"):
        return _compute_missing(profile, names, jobs, store, executor, scheduler, shared)


def _compute_missing(
    profile: str | Profile,
    names: Sequence[str],
    jobs: int | None,
    store: Store,
    executor: Executor | None,
    scheduler: str | None,
    shared: bool,
) -> list[Done]:
    """Compute whatever is missing, stage by stage."""
    if not (stages := plan(profile, names, store)):
        return []
    with nullcontext(executor) if executor else workers(jobs, scheduler) as pool:
        return [compute(s.tasks, store, pool, s.label, shared=shared) for s in stages]


# ------------------------------------------------------------------------------- what is missing


def _wanted_networks(profile: Profile, names: Sequence[str]) -> dict[Run, set[int]]:
    """Every trained network of the experiments, with the iterations at which it is wanted."""
    wanted: dict[Run, set[int]] = {}
    for name in names:
        for case in EXPERIMENTS[name].cases(profile):
            _want(case, wanted)
        for one in _measurements(profile, name):
            for case in one.needs:
                _want(case, wanted)
    return wanted


def _want(case: Case, wanted: dict[Run, set[int]]) -> None:
    """Add a network to those wanted, and those from which it begins."""
    run = case.run
    if case.iteration:
        wanted.setdefault(run, set()).add(case.iteration)
    while run.before is not None:
        run = run.before
        wanted.setdefault(run, set()).add(run.recipe.iterations)


def _missing_networks(wanted: dict[Run, set[int]], store: Store) -> dict[Run, set[int]]:
    """Those of the networks that are neither in the store nor part of the project."""
    kept = kept_networks()

    def is_there(settings: dict) -> bool:
        return store.has("network", settings) or networks_key(settings) in kept

    missing = {}
    for run, iterations in wanted.items():
        absent = {i for i in iterations if not is_there(run.settings_at(i))}
        if absent:
            missing[run] = absent
    return missing


def _missing_measurements(
    profile: Profile, names: Sequence[str], store: Store
) -> list[_Measurement]:
    wanted: dict[tuple, _Measurement] = {}  # each once, whichever experiments ask for it
    for name in names:
        for one in _measurements(profile, name):
            key = (one.case.run, one.case.iteration, one.measure.name, str(one.options))
            wanted[key] = one
    return [m for m in wanted.values() if not store.has("measure", m.settings)]


def _measurements(profile: Profile, name: str) -> list[_Measurement]:
    """Everything that an experiment measures."""
    experiment = EXPERIMENTS[name]
    if experiment.measure is None:
        return []
    pairs = itertools.product(experiment.cases(profile), experiment.variants(profile))
    return [_Measurement(case, experiment.measure, options) for case, options in pairs]


# ----------------------------------------------------------------------------------------- tasks


def _training_tasks(missing: dict[Run, set[int]]) -> list[Task]:
    """Networks of one data set, architecture, recipe and seed train together in one task.

    As far as they do not make it a long one.
    """

    def kind(run: Run) -> tuple:
        return run.dataset, run.hidden, str(run.recipe), run.seed, str(run.rewiring)

    tasks = []
    for runs in _batches(missing, kind, estimates.training_seconds, TRAINING_SECONDS):
        needs = [("checkpoint", run.settings) for run in runs]
        needs += [("network", run.before.settings) for run in runs if run.before is not None]
        n_networks = sum(len(missing[run]) for run in runs)
        task = Task(
            train_runs,
            arguments=([(run, missing[run]) for run in runs],),
            needs=tuple(needs),
            seconds=sum(map(estimates.training_seconds, runs)),
            bytes=n_networks * 5 * runs[0].dense.parameters,  # float32 and mask
            memory=estimates.training_memory(runs[0]),
            kind="training",
        )
        tasks.append(task)
    return tasks


def _measuring_tasks(missing: list[_Measurement]) -> list[Task]:
    """Networks of one data set that are measured in the same way, a few seconds' worth a task."""

    def kind(one: _Measurement) -> tuple:
        return one.measure.name, one.case.run.dataset, str(one.options)

    def seconds(one: _Measurement) -> float:
        return one.seconds

    tasks = []
    for batch in _batches(missing, kind, seconds, MEASURING_SECONDS):
        cases = [one.case for one in batch]
        read = [network for one in batch for network in one.networks]
        task = Task(
            measure_cases,
            arguments=(cases, batch[0].measure, batch[0].options),
            needs=tuple({str(network): network for network in read}.values()),
            seconds=sum(map(seconds, batch)),
            bytes=_TABLE_BYTES * len(cases),
            memory=estimates.measuring_memory(cases[0].run),
            kind=" ".join(map(str, kind(batch[0]))),
        )
        tasks.append(task)
    return tasks


def measure_cases(cases: Sequence[Case], measure: Measure, options: dict, store: Store) -> None:
    """Measure networks one after the other; each becomes a table in the store."""
    for i, case in enumerate(cases):
        shares.tell(i / len(cases))
        found = measure.table_of(case, options, store)
        store.put_table("measure", measure.settings(case, options), found)


def _batches(items: Iterable, kind: Callable, seconds: Callable, most: float) -> list[list]:
    """Items of one kind together, as many as take at most so many seconds, or one."""
    batches: list[list] = []
    last_kind = None
    spent = 0.0
    for item in sorted(items, key=kind):
        if kind(item) != last_kind or spent + seconds(item) > most:
            batches.append([])
            spent = 0.0
        last_kind = kind(item)
        spent += seconds(item)
        batches[-1].append(item)
    return batches
