"""What a chapter asks for: the table of an experiment, the toy network.

What is there is read, what is missing is computed on all cores with a progress bar, what was
interrupted goes on where it stopped.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mbh_utils import datasets
from mbh_utils.computing import paths, require
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments.catalogue import EXPERIMENTS, experiments_named
from mbh_utils.experiments.networks_file import FILE, find_facts, write_networks_file
from mbh_utils.experiments.planning import prepare, store_given
from mbh_utils.experiments.profiles import Profile, profile_named
from mbh_utils.experiments.results_files import read_results, write_results
from mbh_utils.networks import Network


def table(
    name: str, profile: str | Profile, *, jobs: int | None = None, store: Store | None = None
) -> pd.DataFrame:
    """The tidy table of an experiment: read if it is there, else computed.

    Parameters
    ----------
    name : str
        One of ``EXPERIMENTS``.
    profile : str or Profile
        How large everything is.
    jobs : int, optional
        Processes side by side, if something is computed; one per core by default.
    store : Store, optional
        Where computed results are kept; the usual store by default.

    Returns
    -------
    pandas.DataFrame
        One row = network x plane x class x c_P x iteration, as far as the experiment has these,
        the columns that tell networks apart first. tickets: kind ("dense", "ticket" or
        "reinitialised"), density, model, trained, accuracy.

    Raises
    ------
    MBHError
        For an unknown experiment or profile, for an experiment without table, and for a damaged
        results file; it says how to get that back.

    Notes
    -----
    It comes from the experiment's results file (``data/results/<profile>/<name>.parquet``) if that
    is of the same definition: the same networks, data, measure and options, and code whose results
    are the same.

    Examples
    --------
    The committed tables of profile paper are read in a moment, where its data sets are::

        grid = experiments.table("grid", "paper")
        grid.query("trained and coverage == 0.8").groupby("setup")["s"].mean()
    """
    profile = profile_named(profile)
    (name,) = experiments_named([name])
    store = store_given(store)
    if jobs is not None:
        require.whole("jobs", jobs, 1, 10_000)
    experiment = EXPERIMENTS[name]
    if experiment.rows is None:
        there = ", ".join(n for n, other in EXPERIMENTS.items() if other.rows)
        raise MBHError(
            f"experiment {name!r} has no table, only networks (experiments.toy(profile) gives that "
            f"of experiment toy); experiments with a table are {there}"
        )
    if (found := read_results(name, profile)) is not None:
        return found
    prepare(profile, [name], jobs=jobs, store=store)
    if experiment.join is not None:
        parts = {part: table(part, profile, jobs=jobs, store=store) for part in experiment.parts}
        return experiment.join(profile, parts)
    return experiment.rows(experiment, profile, store)


def write_tables(
    profile: str | Profile,
    names: Sequence[str],
    store: Store | None = None,
    folder: Path | None = None,
) -> list[Path]:
    """Write the experiments' tables to ``<folder>/<name>.parquet``.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    names : sequence of str
        Names of ``EXPERIMENTS``; one without table is passed over.
    store : Store, optional
        Where computed results are; the usual store by default.
    folder : path, optional
        By default where :func:`table` looks for them.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    MBHError
        For an unknown experiment or profile, and for a folder that cannot be written.

    Notes
    -----
    Each file carries its definition and a digest of its content; a reader of the same definition
    needs no store.

    Examples
    --------
    >>> import tempfile
    >>> from mbh_utils import experiments
    >>> with tempfile.TemporaryDirectory() as folder:  # an experiment of networks without a table
    ...     experiments.write_tables("quick", ["networks"], folder=folder)
    []
    """
    profile = profile_named(profile)
    store = store_given(store)
    if folder is None:
        folder = paths.results_folder(profile.name)
    folder = require.folder("folder", folder)
    written = []
    for name in experiments_named(names):
        if EXPERIMENTS[name].rows:
            path = folder / f"{name}.parquet"
            write_results(name, profile, table(name, profile, store=store), path)
            written.append(path)
    return written


def write_networks(
    profile: str | Profile, store: Store | None = None, folder: Path | None = None
) -> Path:
    """Write the trained networks that chapters draw to ``<folder>/networks.zip``.

    Parameters
    ----------
    profile : str or Profile
        How large everything is.
    store : Store, optional
        Where computed networks are; the usual store by default. What is missing is trained.
    folder : path, optional
        By default where :meth:`Run.at` looks for them.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MBHError
        For an unknown profile, and for a folder that cannot be written.

    Notes
    -----
    Which networks these are is declared in ``drawn.py``. They are kept as live weights and mask
    bits, compressed without loss: a network that is read is equal to the bit to the trained one.

    Examples
    --------
    After a run, so that all chapters of profile paper can be drawn without its store::

        experiments.write_networks("paper")
    """
    profile = profile_named(profile)
    store = store_given(store)
    if folder is None:
        folder = paths.results_folder(profile.name)
    folder = require.folder("folder", folder)
    prepare(profile, ["networks"], store=store)
    found = []
    for case in EXPERIMENTS["networks"].cases(profile):
        network = case.run.at(case.iteration, store)
        settings = case.run.settings_at(case.iteration)
        if (facts := find_facts(settings, store)) is None:
            raise MBHError(f"a network has gone from the store {store.folder}: ask once more")
        found.append((settings, facts, network))
    write_networks_file(folder / FILE, found)
    return folder / FILE


def toy(profile: str | Profile, store: Store | None = None) -> tuple[Network, datasets.Dataset]:
    """The (4, 4, 2) network of Fig 4.5 and its XOR data: of 16 seeds the most accurate one.

    Parameters
    ----------
    profile : str or Profile
        How long it is trained.
    store : Store, optional
        Where its networks are, or are kept; the usual store by default.

    Returns
    -------
    network : Network
    data : Dataset

    Raises
    ------
    MBHError
        For an unknown profile.

    Examples
    --------
    In the workbook, where the store has them or they are trained in seconds::

        network, data = experiments.toy("quick")
    """
    profile = profile_named(profile)
    store = store_given(store)
    rows = table("toy", profile, jobs=1, store=store)
    runs = {case.run.seed: case.run for case in EXPERIMENTS["toy"].cases(profile)}
    seed = int(rows["seed"].iloc[rows["accuracy"].argmax()])
    best = runs[seed]
    return best.trained(store), datasets.load(best.dataset)
