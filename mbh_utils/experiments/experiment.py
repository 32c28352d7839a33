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


def no_options(profile: Profile) -> list[dict]:
    """Of a measure that takes none: it is measured once."""
    return [{}]


def measured_rows(experiment: "Experiment", profile: Profile, store: Store) -> pd.DataFrame:
    """What was measured of every network, beside what tells the networks apart."""
    cases = experiment.cases(profile)
    variants = experiment.variants(profile)
    settings = [experiment.settings(case, options) for case in cases for options in variants]
    parts = [_measured(one, store) for one in settings]
    lengths = [len(part) for part in parts]
    row_of_case = np.repeat(np.arange(len(cases)).repeat(len(variants)), lengths)
    networks = pd.DataFrame([case.columns for case in cases])
    columns = networks.iloc[row_of_case].reset_index(drop=True)
    return pd.concat([columns, pd.concat(parts, ignore_index=True)], axis=1)


def _measured(settings: dict, store: Store) -> pd.DataFrame:
    found = store.table("measure", settings)
    if found is None:
        raise MBHError(f"what was measured has gone from the store {store.folder}: ask once more")
    return found


@dataclass(frozen=True)
class Experiment:
    """What is measured of which networks.

    Parameters
    ----------
    cases : callable
        ``cases(profile) -> list of Case``: the networks, each at an iteration of its training.
    measure : Measure, optional
        What is measured of each of them; None: nothing, they are only trained.
    variants : callable
        ``variants(profile) -> list of dict``: what the measure is told beside the network, by
        keyword, once for each way in which a network is measured (such as in two domains).
        Everything in them defines the result and is part of its store key: values, never prose.
    rows : callable, optional
        ``rows(experiment, profile, store) -> pandas.DataFrame``: how its table is put together
        from the store; None: it has no table.
    parts : tuple of str, default ()
        Names of the experiments whose tables its own is joined from.
    join : callable, optional
        ``join(profile, tables) -> pandas.DataFrame``, if there are parts: its table from theirs, a
        dict by their names. It takes the place of ``rows``.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> patterns = experiments.EXPERIMENTS["patterns"]
    >>> quick = experiments.PROFILES["quick"]
    >>> patterns.measure.name, patterns.variants(quick), len(patterns.cases(quick))
    ('distinct_patterns_by_layer', [{'images': 1000}], 84)
    """

    cases: Callable[[Profile], list[Case]]
    measure: Measure | None = None
    variants: Callable[[Profile], list[dict]] = no_options
    rows: Callable[["Experiment", Profile, Store], pd.DataFrame] | None = measured_rows
    parts: tuple[str, ...] = ()
    join: Callable[[Profile, dict[str, pd.DataFrame]], pd.DataFrame] | None = None

    def settings(self, case: Case, options: dict) -> dict:
        """Everything that defines what its table says of one network.

        Parameters
        ----------
        case : Case
            The network, at an iteration of its training.
        options : dict
            One of those that :attr:`variants` gave for the profile.

        Returns
        -------
        dict
            The store key of what was measured; without a measure, that of the network.
        """
        return self.measure.settings(case, options) if self.measure else case.settings
