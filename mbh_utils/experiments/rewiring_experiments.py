"""Networks whose masks change while they are trained: SET and RigL beside fixed masks.

Which networks, the measure of training on few images, and how the tables are put together.
"""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd

from mbh_utils import datasets
from mbh_utils.computing.store import Store
from mbh_utils.datasets import SMALL
from mbh_utils.experiments import estimates
from mbh_utils.experiments.experiment import Experiment, measured_rows
from mbh_utils.experiments.measures import Measure, Subject, register
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.rows import mask_kind
from mbh_utils.experiments.runs import CHECKPOINT_SECONDS, Case, Run
from mbh_utils.experiments.topology_measures import near_cases, rewired_runs, rewired_setups
from mbh_utils.networks import Network, Setup, pruning
from mbh_utils.training import SET, Recipe, State, accuracy, train_stack

#: Samples of a minibatch of few images.
SMALL_BATCH = 40
#: Looks at a training on few images.
LOOKS = 100

# -------------------------------------------------------------------------------- which networks


def rewired_cases(profile: Profile) -> list[Case]:
    """Trained networks of equal HNPs: wide ones by all kinds of masks, and the narrow dense one.

    Beside them the wide dense network, of which the tickets are parts.
    """
    cases = []
    for dataset, seed in itertools.product(profile.datasets, range(profile.models)):
        budgets = rewired_setups(profile)
        dense = [setup for setup in profile.setups if _is_dense(profile, setup)]
        wide = [setup for setup in dense if setup.hidden == budgets[0].hidden]
        narrow = [s for s in dense if s.parameters in {b.parameters for b in budgets}]
        runs = [(setup, _run(profile, setup, dataset, seed)) for setup in (*wide, *narrow)]
        for setup in budgets:
            random = _run(profile, setup, dataset, seed)
            fixed = [replace(random, mask=mask) for mask in ("random", "erdos_renyi", "ticket")]
            rewired = rewired_runs(profile, setup, dataset, seed)
            runs += [(setup, run) for run in (*fixed, *rewired)]
        cases += [Case(setup, run, profile.iterations) for setup, run in runs]
    return cases


def _run(profile: Profile, setup: Setup, dataset: str, seed: int) -> Run:
    return Run(dataset, setup.hidden, setup.parameters, seed, profile.recipe)


def _is_dense(profile: Profile, setup: Setup) -> bool:
    return setup.parameters == pruning.dense_parameters(profile.n_inputs, setup.hidden)


def pixel_cases(profile: Profile) -> list[Case]:
    """Networks by SET at four times of their training, and untrained tickets of their size."""
    setup = rewired_setups(profile)[0]
    every = profile.rewire_every
    seen = sorted({0, 2 * every, 10 * every, profile.iterations})
    cases = []
    for dataset, seed in itertools.product(profile.datasets, range(profile.few_models)):
        ticket = replace(_run(profile, setup, dataset, seed), mask="ticket")
        rewired, _ = rewired_runs(profile, setup, dataset, seed)
        cases += [Case(setup, rewired, i) for i in seen if i <= profile.iterations]
        cases.append(Case(setup, ticket, 0))
    return cases


def small_data_cases(profile: Profile) -> list[Case]:
    """Three wide layers on few images, untrained: by SET, with the same masks fixed, and dense.

    784-1000x3-10 with 13 (n_in + n_out) connections in each layer; 64-80x3-10 with 2 in place of
    13 in the quick profile. Widths, connections, zeta, minibatches and epochs are those of the
    tutorial on SET. The rest is the thesis's recipe (Adam on cross entropy), in place of squared
    error on sigmoids by SGD (0.05, momentum 0.9), of weight decay (2e-4 in each step, whatever the
    learning rate, of biases too) and of dropout (0.2, not inverted). Here the output layer is
    dense, counts are exact, new weights begin at zero and the images are others.
    """
    n = profile.n_inputs
    hidden = (1_000,) * 3 if n == 784 else (80,) * 3
    epsilon = 13 if n == 784 else 2
    shapes = pruning.layer_shapes(n, hidden)
    sparse = sum(hidden) + epsilon * sum(n_in + n_out for n_out, n_in in shapes)
    dataset = profile.fashion + SMALL
    epoch = _epoch(dataset)
    recipe = Recipe(max(100, 2 * profile.epochs) * epoch, SMALL_BATCH)
    cases = []
    for seed in range(profile.models):
        fixed = Run(dataset, hidden, sparse, seed, recipe, "erdos_renyi")
        runs = [replace(fixed, rewiring=SET(every=epoch)), fixed, fixed.dense]
        cases += [Case(Setup(1, "small_data", hidden, run.parameters), run, 0) for run in runs]
    return cases


def _epoch(dataset: str) -> int:
    """Minibatches of an epoch."""
    return len(datasets.load(dataset).train) // SMALL_BATCH


def sparse_cases(profile: Profile) -> list[Case]:
    """The networks that begin near each other (experiment near_starts), and some of them fixed."""
    last = profile.epochs * profile.rewire_every
    rewired = [case for case in near_cases(profile) if case.iteration == last]
    fixed = rewired[: profile.few_models]
    return rewired + [case._replace(run=replace(case.run, rewiring=None)) for case in fixed]


# ------------------------------------------------------------------------ training on few images


def _small_data(subject: Subject, *, looks: int) -> pd.DataFrame:
    """Accuracies of the network throughout a training that is done here.

    More often than networks of a Run are looked at: the best look is wanted.
    """
    run = subject.case.run
    settings = {**subject.case.settings, "measure": "small_data", "looks": looks}
    marks = sorted({round(m) for m in np.linspace(0, run.recipe.iterations, looks + 1)})
    data = subject.data
    noted: dict[int, float] = {}
    state = None
    if (found := subject.store.arrays("checkpoint", settings)) is not None:
        arrays, facts = found
        seen = {int(i): share for i, share in facts["history"].items()}
        state = State(facts["iteration"], arrays, seen)
        noted = {int(i): share for i, share in facts["noted"].items()}

    def keep(i: int, iteration: int, network: Network) -> None:
        noted[iteration] = accuracy(network, data.train)

    def checkpoint(states: list[State]) -> None:
        (one,) = states
        if one.arrays:
            facts = {"iteration": one.iteration, "history": one.accuracy, "noted": noted}
            subject.store.put_arrays("checkpoint", settings, one.arrays, **facts)

    (history,) = train_stack(
        [subject.network],
        data,
        run.recipe,
        seeds=[run.seed],
        rewiring=run.rewiring,
        milestones=marks,
        states=[state],
        checkpoint=checkpoint,
        keep=keep,
        every=CHECKPOINT_SECONDS,
        device="cpu",
    )
    subject.store.drop("checkpoint", settings)
    rows = [(i, share, noted[i]) for i, share in sorted(history.accuracy.items())]
    return pd.DataFrame(rows, columns=["step", "accuracy", "training_accuracy"])


def _small_data_seconds(case: Case, looks: int) -> float:
    return estimates.training_seconds(case.run) + looks * (0.02 + case.run.parameters / 2e7)


SMALL_DATA = register(
    Measure(
        name="small_data",
        columns=("step", "accuracy", "training_accuracy"),
        compute=_small_data,
        seconds=_small_data_seconds,
    )
)


def small_data_options(profile: Profile) -> list[dict]:
    """How often it is looked at."""
    return [{"looks": LOOKS}]


# ------------------------------------------------------------------ how tables are put together


def histories_by_kind(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """Validation accuracy of every network at the milestones of its training, after its kind."""
    rows = []
    for case in experiment.cases(profile):
        for iteration, share in case.run.history(store).items():
            facts = case._replace(iteration=iteration).columns
            rows.append({"kind": mask_kind(case.run), **facts, "accuracy": share})
    return pd.DataFrame(rows)


def rows_by_kind(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """What was measured of every network, after where its mask comes from."""
    rows = measured_rows(experiment, profile, store)
    kinds = [mask_kind(case.run) for case in experiment.cases(profile)]
    rows.insert(0, "kind", np.repeat(kinds, len(rows) // len(kinds)))
    return rows


def small_data_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """Accuracies throughout the trainings on few images; epoch: passes over the images."""
    rows = rows_by_kind(experiment, profile, store)
    rows["iteration"] = rows.pop("step")
    rows["trained"] = rows["iteration"] > 0
    epochs = rows["iteration"] / _epoch(profile.fashion + SMALL)
    return rows.assign(epoch=epochs)
