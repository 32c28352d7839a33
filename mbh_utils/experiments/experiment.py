"""What an experiment is: networks, what is measured of them, and how its table is put together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments.measures import Measure
from mbh_utils.experiments.profiles import Profile
from mbh_utils.experiments.runs import Case


def no_options(profile: Profile) -> dict:
    """Of a measure that takes none."""
    return {}


def measured_rows(experiment: "Experiment", profile: Profile, store: Store) -> pd.DataFrame:
    """What was measured of every network, beside what tells the networks apart."""
    cases = experiment.cases(profile)
    options = experiment.options(profile)
    parts = [_measured(experiment.settings(case, options), store) for case in cases]
    row_of_case = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    networks = pd.DataFrame([case.columns for case in cases])
    columns = networks.iloc[row_of_case].reset_index(drop=True)
    return pd.concat([columns, pd.concat(parts, ignore_index=True)], axis=1)


def _measured(settings: dict, store: Store) -> pd.DataFrame:
    found = store.table("measure", settings)
    if found is None:
        raise MBHError(f"what was measured has gone from the store {store.folder}: ask once more")
    return found


def history_rows(experiment: "Experiment", profile: Profile, store: Store) -> pd.DataFrame:
    """The validation accuracy of every network at the milestones of its training."""
    rows = []
    for case in experiment.cases(profile):
        for iteration, share in case.run.history(store).items():
            rows.append({**case._replace(iteration=iteration).columns, "accuracy": share})
    return pd.DataFrame(rows)


def ticket_rows(experiment: "Experiment", profile: Profile, store: Store) -> pd.DataFrame:
    """The validation accuracy of tickets, re-initialised and dense networks.

    Columns: kind ("dense", "ticket" or "reinitialised"), density, model, trained, accuracy.
    """
    rows = []
    for case in experiment.cases(profile):
        run = case.run
        rows.append(
            {
                "kind": "dense" if run.mask == "random" else run.mask,
                "density": case.columns["density"],
                "model": run.seed,
                "trained": case.iteration > 0,
                "accuracy": run.history(store)[case.iteration],
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Experiment:
    """What is measured of which networks.

    Parameters
    ----------
    cases : callable
        ``cases(profile) -> list of Case``: the networks, each at an iteration of its training.
    measure : Measure, optional
        What is measured of each of them; None: nothing, they are only trained.
    options : callable
        ``options(profile) -> dict``: what the measure is told beside the network, by keyword.
        Everything in it defines the result and is part of its store key: values, never prose.
    rows : callable, optional
        ``rows(experiment, profile, store) -> pandas.DataFrame``: how its table is put together
        from the store; None: it has no table.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> patterns = experiments.EXPERIMENTS["patterns"]
    >>> quick = experiments.PROFILES["quick"]
    >>> patterns.measure.name, patterns.options(quick), len(patterns.cases(quick))
    ('distinct_patterns_by_layer', {'images': 1000}, 84)
    """

    cases: Callable[[Profile], list[Case]]
    measure: Measure | None = None
    options: Callable[[Profile], dict] = no_options
    rows: Callable[["Experiment", Profile, Store], pd.DataFrame] | None = measured_rows

    def settings(self, case: Case, options: dict) -> dict:
        """Everything that defines what its table says of one network.

        Parameters
        ----------
        case : Case
            The network, at an iteration of its training.
        options : dict
            What :attr:`options` gave for the profile.

        Returns
        -------
        dict
            The store key of what was measured; without a measure, that of the network.
        """
        return self.measure.settings(case, options) if self.measure else case.settings
