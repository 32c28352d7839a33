"""A profile for which everything takes seconds, and what the tests of this room do with it."""

import shutil
from concurrent.futures import Executor, Future
from dataclasses import replace

import torch

from mbh_utils.computing.store import Store
from mbh_utils.experiments import EXPERIMENTS, PROFILES, Run
from mbh_utils.networks import Family

TINY = replace(
    PROFILES["quick"],
    name="tiny",
    family=Family("lenet", ((9, 3), (6, 2))),
    deep=Family("deepfc", ((6, 3, 3), (4, 2, 2))),
    evolving=Family("evolving", ((8, 4), (5, 2))),
    iterations=30,
    models=2,
    planes=2,
    few_models=1,
    few_planes=1,
    ticket_models=2,
    ticket_iterations=25,
    lottery_rounds=3,
    lottery_models=2,
    lottery_iterations=20,
    lottery_control_step=2,
    toy_iterations=40,
    coverages=(0.5, 0.8, 1.0),
    ticket_densities=(1.0, 0.3, 0.1),
    densities=(0.3, 0.5),
    margins=(1.0,),
    sample_counts=(3, 10),
    shuffles=3,
    random_sets=4,
    rewire_every=10,
    epochs=2,
    reference_iterations=20,
    candidate_draws=2,
    random_phenomena=1,
    training_sizes=(60, 300),
    label_noises=(0.0, 0.4),
    many_planes=3,
)
ALL = list(EXPERIMENTS)
TABLES = [name for name in ALL if EXPERIMENTS[name].rows]


class Here(Executor):
    """Runs every task at once in this process, and counts them."""

    def __init__(self, stop_before: int | None = None):
        self.tasks = []
        self.stop_before = stop_before

    def submit(self, function, *arguments):
        if len(self.tasks) == self.stop_before:
            raise KeyboardInterrupt
        self.tasks.append(arguments[0].function.__name__)
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def same(a, b) -> bool:
    """Whether two networks are equal to the bit."""
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(p, q) for p, q in pairs)


def runs_of(name: str, profile=TINY) -> list[Run]:
    """The different runs of an experiment."""
    return list(dict.fromkeys(case.run for case in EXPERIMENTS[name].cases(profile)))


def measured(
    run: Run, iteration: int = 30, name: str = "grid", profile=TINY, variant: int = 0
) -> dict:
    """What a measurement is keyed by; the grid's variants are the square and the box."""
    experiment = EXPERIMENTS[name]
    cases = experiment.cases(profile)
    case = next(c for c in cases if (c.run, c.iteration) == (run, iteration))
    return experiment.measure.settings(case, experiment.variants(profile)[variant])


def copy_of(store: Store, folder) -> Store:
    """A copy that a test may change."""
    shutil.copytree(store.folder, folder)
    return Store(folder)
