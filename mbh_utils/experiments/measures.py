"""What is measured of a network: each measure is an object, and gives one small table.

A new measure is one file: a function ``compute(subject, **options)`` and a line that registers it::

    def compute(subject, images):
        patterns = activation_patterns(subject.layers, subject.raw.validation.images[:images])
        return pd.DataFrame({"active": [patterns.mean()]})

    ACTIVE = register(Measure("active", ("active",), compute))

An experiment measures it (``Experiment(cases, ACTIVE, lambda profile: {"images": 100})`` in
``catalogue.py``); it is computed on all cores, kept in the store, and its table has the columns.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mbh_utils import datasets, networks
from mbh_utils.blankets.mbh import specialization_table
from mbh_utils.computing import require
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import estimates
from mbh_utils.experiments.planes import PlaneSet
from mbh_utils.experiments.runs import NETWORK_COLUMNS, Case
from mbh_utils.networks import Network, pruning
from mbh_utils.regions.partition import partitions
from mbh_utils.training import accuracy


@dataclass(frozen=True)
class Subject:
    """A network as a measure is given it, with the data that it is measured on.

    Attributes
    ----------
    case : Case
        What it is.
    network : Network
        As it was at that iteration.
    store : Store
        Where other networks of the experiments are, see :meth:`network_of`.
    """

    case: Case
    network: Network
    store: Store

    def network_of(self, case: Case) -> Network:
        """Another network of the experiments, one of those that the measure ``needs``.

        Parameters
        ----------
        case : Case
            What it is.

        Returns
        -------
        Network
            A new object each time.
        """
        return case.run.at(case.iteration, self.store)

    @property
    def raw(self) -> datasets.Dataset:
        """The data before standardisation: what planes and patterns belong to."""
        return self.case.run.raw

    @property
    def data(self) -> datasets.Dataset:
        """The data as the network itself takes them."""
        return datasets.load(self.case.run.dataset)

    def samples(self, source: str) -> datasets.Samples:
        """The raw validation samples, or those it was trained on.

        Parameters
        ----------
        source : {"validation", "training"}
            Which of them.

        Returns
        -------
        Samples
            Before standardisation.
        """
        require.choice("source", source, ("validation", "training"))
        return self.raw.train if source == "training" else self.raw.validation

    @cached_property
    def layers(self) -> list[tuple]:
        """The hidden layers (weight, bias), as functions of raw images."""
        if self.case.run.is_standardised:
            return with_standardisation_folded_in(self.network, self.raw)
        return networks.hidden_layers(self.network)


def seconds_of_patterns(case: Case, **options) -> float:
    """An estimate for measures that read a network's activation patterns on the validation data."""
    return estimates.pattern_seconds(case)


def no_others(case: Case, **options) -> list[Case]:
    """For measures that read no other network than the one they measure."""
    return []


@dataclass(frozen=True)
class Measure:
    """Something that is measured of a network.

    Parameters
    ----------
    name : str
        Part of the store key of everything that was measured: a name is never given a new meaning.
    columns : tuple of str
        The columns of its table, besides those that tell the networks apart.
    compute : callable
        ``compute(subject, **options) -> pandas.DataFrame``. The options are those of the
        experiment: values that JSON can write, for they are part of the store key too.
    seconds : callable
        ``seconds(case, **options) -> float``, an estimate of the time on one core; by default one
        for measures that only read activation patterns.
    needs : callable
        ``needs(case, **options) -> list of Case``: the other networks that ``compute`` reads, which
        are trained first; by default none.

    Raises
    ------
    MBHError
        For a function that worker processes could not import, and for columns of another meaning.

    Notes
    -----
    Worker processes import the functions by name: they stand at the top level of a module.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> experiments.MEASURES["distinct_patterns_by_layer"].columns
    ('images', 'activation_patterns', 'first_layer_patterns', 'last_layer_patterns')
    """

    name: str
    columns: tuple[str, ...]
    compute: Callable[..., pd.DataFrame]
    seconds: Callable[..., float] = seconds_of_patterns
    needs: Callable[..., list[Case]] = no_others

    def __post_init__(self):
        for function in (self.compute, self.seconds, self.needs):
            where = getattr(function, "__qualname__", "<unnamed>")
            if "<" in where:
                raise MBHError(
                    f"measure {self.name!r}: worker processes cannot import {where}; "
                    "define the function at the top level of a module"
                )
        if taken := set(self.columns) & set(NETWORK_COLUMNS):
            raise MBHError(
                f"measure {self.name!r}: the columns {sorted(taken)} tell networks apart; "
                "give its own columns other names"
            )

    def settings(self, case: Case, options: dict) -> dict:
        """What the store keys the measurement of one network by.

        Parameters
        ----------
        case : Case
            The network, at an iteration of its training.
        options : dict
            What the measure is told beside the network.

        Returns
        -------
        dict
            Values that JSON can write.
        """
        return {**case.settings, "measure": self.name, **options}

    def table_of(self, case: Case, options: dict, store: Store) -> pd.DataFrame:
        """Measure one network.

        Parameters
        ----------
        case : Case
            The network, at an iteration of its training.
        options : dict
            What the measure is told beside the network.
        store : Store
            Where the network is; it is trained first where it is missing.

        Returns
        -------
        pandas.DataFrame
            With the measure's columns.

        Raises
        ------
        MBHError
            Where the columns that were computed are not those declared.
        """
        subject = Subject(case, case.run.at(case.iteration, store), store)
        found = self.compute(subject, **options)
        if tuple(found) != self.columns:
            raise MBHError(
                f"measure {self.name!r} gave the columns {', '.join(map(str, found))}; "
                f"declared are {', '.join(self.columns)}"
            )
        return found


#: Every measure by its name.
MEASURES: dict[str, Measure] = {}


def register(measure: Measure) -> Measure:
    """Enter a measure under its name.

    Parameters
    ----------
    measure : Measure
        From now on it is ``MEASURES[measure.name]``.

    Returns
    -------
    Measure
        The same one.

    Raises
    ------
    MBHError
        If another one has that name, or this is no measure.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> known = experiments.MEASURES["distinct_patterns_by_layer"]
    >>> experiments.register(known) is known  # once more does no harm
    True
    """

    def source(known: Measure) -> tuple:
        return known.compute.__module__, known.compute.__qualname__

    require.kind_of("measure", measure, Measure, "a Measure")
    known = MEASURES.setdefault(measure.name, measure)
    if source(known) != source(measure):
        raise MBHError(
            f"there is a measure {measure.name!r} already, that of {'.'.join(source(known))}: "
            "choose another name, which the store can tell from it"
        )
    MEASURES[measure.name] = measure  # its module was loaded once more
    return measure


# ---------------------------------------------------------------------------------- specialization


def specializations(
    layers: list[tuple], masks: list[np.ndarray], samples, planes, coverages: Sequence[float]
) -> pd.DataFrame:
    """Specialization and activation regions (ARs), one row per plane x class x c_P.

    Columns: those of :func:`mbh_utils.specialization_table`; n_dead_ends (neurons without a live
    path to the last hidden layer) and n_live_regions (ARs of the network without these).
    """
    table = specialization_table(layers, samples, planes, coverages)
    n_dead_ends = sum(int(dead.sum()) for dead in pruning.dead_ends(masks))
    live = table["n_regions"]
    if n_dead_ends:
        rest = without_dead_ends(layers, masks)
        with closing(partitions(rest, planes, keep="areas")) as found:
            live = table["plane"].map({i: len(regions) for i, regions in enumerate(found)})
    return table.assign(n_dead_ends=n_dead_ends, n_live_regions=live)


def _specializations(
    subject: Subject,
    *,
    planes: int,
    domain: str,
    coverages: Sequence[float],
    source: str,
    margin: float | None = None,
    classes: tuple[int, ...] | None = None,
) -> pd.DataFrame:
    chosen = PlaneSet(planes, domain, margin, classes)
    masks = subject.network.masks
    here = chosen.of(subject.raw.name)
    found = specializations(subject.layers, masks, subject.samples(source), here, coverages)
    seen = accuracy(subject.network, subject.data.validation)
    facts = {"accuracy": seen, "domain": domain, "margin": chosen.margin, "source": source}
    return with_columns_before(found, facts)


def with_columns_before(table: pd.DataFrame, values: dict) -> pd.DataFrame:
    """The table with columns of one value each before its own; None becomes NaN."""
    first = {name: np.nan if value is None else value for name, value in values.items()}
    return table.assign(**first)[[*first, *table]]


def _specialization_seconds(case: Case, planes: int, **options) -> float:
    return estimates.pattern_seconds(case) + estimates.partition_seconds(case, planes)


SPECIALIZATIONS = register(
    Measure(
        name="specializations",
        columns=(
            "accuracy",
            "domain",
            "margin",
            "source",
            "plane",
            "class",
            "coverage",
            "s",
            "n_constraints",
            "covered",
            "n_regions",
            "area",
            "n_dead_ends",
            "n_live_regions",
        ),
        compute=_specializations,
        seconds=_specialization_seconds,
    )
)


def with_standardisation_folded_in(network: Network, data: datasets.Dataset) -> list[tuple]:
    """Hidden layers (weight, bias) that take raw images as the network takes standardised ones.

    data: the raw data, ``data.standardised()`` being what the network was trained on. So it is
    measured on the very planes of the raw images (reference figures, X20).
    """
    mean, std = data.moments()
    (weight, bias), *others = networks.hidden_layers(network)
    return [(weight / std, bias - weight @ (mean / std)), *others]


def without_dead_ends(layers: list[tuple], masks: list[np.ndarray]) -> list[tuple]:
    """Hidden layers without the neurons that have no live path to the last one (X19)."""
    live = [~dead for dead in pruning.dead_ends(masks)]
    every_input = np.ones(layers[0][0].shape[1], dtype=bool)
    kept = []
    for (weight, bias), out, into in zip(layers, live, [every_input, *live], strict=False):
        kept.append((weight[out][:, into], bias[out]))
    return kept
