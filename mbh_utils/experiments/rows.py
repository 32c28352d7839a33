"""How an experiment's table is put together, where it is not simply what was measured."""

import numpy as np
import pandas as pd

from mbh_utils.computing.store import Store
from mbh_utils.experiments.experiment import Experiment, measured_rows
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case, Run


def class_means(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """The means over classes of what was measured, for tables that would else be large."""
    return _averaged(measured_rows(experiment, profile, store))


def _averaged(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.drop(columns="class")
    means = ["s", "n_constraints", "covered"]
    keys = [name for name in rows if name not in means]
    order = list(rows)
    averaged = rows.groupby(keys, sort=False, dropna=False, as_index=False)[means].mean()
    return averaged[order]


def class_means_by_kind(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """The same, with a first column "kind" that tells where a network's mask comes from."""
    rows = measured_rows(experiment, profile, store)
    kinds = [mask_kind(case.run) for case in experiment.cases(profile)]
    rows.insert(0, "kind", np.repeat(kinds, len(rows) // len(kinds)))
    return _averaged(rows)


def mask_kind(run: Run) -> str:
    """Where a network's mask comes from: "SET", "RigL", "ticket", "random", "dense" and so on."""
    if run.rewiring is not None:
        return type(run.rewiring).__name__
    return "dense" if run == run.dense else run.mask


def history_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """The validation accuracy of every network at the milestones of its training."""
    rows = []
    for case in experiment.cases(profile):
        for iteration, share in case.run.history(store).items():
            rows.append({**case._replace(iteration=iteration).columns, "accuracy": share})
    return pd.DataFrame(rows)


def ticket_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """The validation accuracy of tickets, re-initialised and dense networks.

    Columns: kind ("dense", "ticket" or "reinitialised"), density, model, trained, accuracy.
    """
    rows = []
    for case in experiment.cases(profile):
        run = case.run
        rows.append(
            {
                "kind": _kind(case),
                "density": case.columns["density"],
                "model": run.seed,
                "trained": case.iteration > 0,
                "accuracy": run.history(store)[case.iteration],
            }
        )
    return pd.DataFrame(rows)


def _kind(case: Case) -> str:
    """What a network of Fig 2.1 is: "dense", "ticket" or "reinitialised"."""
    mask = case.run.mask
    return "dense" if mask == "random" else mask


def pixel_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """First-layer connections of every pixel, under the masks of Fig 2.1.

    Columns: kind ("ticket" or "reinitialised"), density, model, pixel, connections.
    """
    rows = measured_rows(experiment, profile, store)
    kinds = {case.run: _kind(case) for case in experiment.cases(profile)}
    of_run = [kind for kind in kinds.values() for _ in range(profile.n_digit_inputs)]
    rows.insert(0, "kind", of_run)
    return rows[["kind", "density", "model", "pixel", "connections"]]


def mask_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """Untrained tickets by the iteration of the dense network that their mask is taken from.

    Columns: rule, mask_iteration, density, model, accuracy, signs_kept.
    """
    rows = measured_rows(experiment, profile, store).drop(columns="density")
    names = {
        "iteration": "mask_iteration",
        "mask_density": "density",
        "ticket_accuracy": "accuracy",
    }
    rows = rows.rename(columns=names)
    return rows[["rule", "mask_iteration", "density", "model", "accuracy", "signs_kept"]]


def toy_rows(experiment: Experiment, profile: Profile, store: Store) -> pd.DataFrame:
    """The validation accuracy of every network of Fig 4.5; columns: seed, accuracy."""
    runs = [case.run for case in experiment.cases(profile)]
    rows = [(run.seed, run.facts(store)["accuracy"]) for run in runs]
    return pd.DataFrame(rows, columns=["seed", "accuracy"])
