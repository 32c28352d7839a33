"""What tables of baselines say, put beside the specialization to classes."""

import numpy as np
import pandas as pd

from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.experiments.planes import random_classes
from mbh_utils.experiments.resampling import panel_of, resampled_means

#: What a set-up of a data set in a domain is told apart by.
_SETUP = ["dataset", "domain", "setup", "n_hidden", "parameters"]
#: What the kinds of a table are called that are no baselines of :func:`beside_baselines`.
CLASSES = "classes"
UNTRAINED = "classes, untrained network"
SHUFFLED = "classes, shuffled labels learned"


def at_coverage(table: pd.DataFrame, coverage: float, columns: list[str]) -> pd.DataFrame:
    """The rows of one c_P, squares being those of margin 1.5.

    Raises MBHError for what is no such table, and a c_P that was not measured.
    """
    require.kind_of("table", table, pd.DataFrame, "a table of specializations")
    for name in ("coverage", "domain", "margin", *columns):
        if name not in table:
            raise MBHError(f"table has no column {name}: expected one of specializations")
    share = "a share in (0, 1]"
    coverage = require.number("coverage", coverage, share, lambda c: 0 < c <= 1)
    rows = table[np.isclose(table["coverage"], coverage)]
    if rows.empty:
        measured = sorted(map(float, table["coverage"].unique()))
        raise MBHError(f"coverage c_P = {coverage} was not measured, only {measured}")
    return rows


def _usual_square(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["domain"] != "square") | np.isclose(rows["margin"].astype(float), 1.5)]


def beside_baselines(
    grid: pd.DataFrame,
    baselines: pd.DataFrame,
    shuffled: pd.DataFrame | None = None,
    coverage: float = 0.8,
) -> pd.DataFrame:
    """Specialization of each network to classes, beside that to what is no concept.

    Parameters
    ----------
    grid : pandas.DataFrame
        Table of experiment grid: the classes, of trained and untrained networks.
    baselines : pandas.DataFrame
        Table of experiment baselines, of the same networks.
    shuffled : pandas.DataFrame, optional
        Table of experiment shuffled_labels.
    coverage : float, default 0.8
        The minimum coverage c_P.

    Returns
    -------
    pandas.DataFrame
        One row per network, domain and kind: dataset, domain, setup, n_hidden, parameters, model,
        kind, and s, the mean over classes (or phenomena) and planes. Kinds are "classes", the
        baselines of trained networks, "classes, untrained network" and "classes, shuffled labels
        learned".

    Raises
    ------
    MBHError
        For tables without the columns, and a c_P that was not measured.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> row = {"dataset": "digits8", "domain": "box", "setup": 1, "n_hidden": 16, "margin": None}
    >>> row |= {"parameters": 300, "model": 0, "plane": 0, "coverage": 0.8, "trained": True}
    >>> grid = pd.DataFrame([row | {"s": 0.6}, row | {"s": 0.2, "trained": False}])
    >>> baselines = pd.DataFrame([row | {"s": 0.1, "kind": "random images"}])
    >>> experiments.beside_baselines(grid, baselines)[["kind", "s"]].to_numpy().tolist()
    [['classes', 0.6], ['random images', 0.1], ['classes, untrained network', 0.2]]
    """
    columns = [*_SETUP, "model", "s"]
    classes = at_coverage(grid, coverage, [*columns, "trained"])
    noise = at_coverage(baselines, coverage, [*columns, "trained", "kind"])
    parts = [
        classes[classes["trained"]].assign(kind=CLASSES),
        noise[noise["trained"]],
        classes[~classes["trained"]].assign(kind=UNTRAINED),
    ]
    if shuffled is not None:
        learned = at_coverage(shuffled, coverage, [*columns, "source"])
        learned = learned[learned["source"] == "validation"]
        parts.append(learned.assign(kind=SHUFFLED))
    keys = [*_SETUP, "model", "kind"]
    means = [
        _usual_square(part).groupby(keys, sort=False)["s"].mean().reset_index() for part in parts
    ]
    return pd.concat(means, ignore_index=True)


def with_plane_classes(table: pd.DataFrame) -> pd.DataFrame:
    """A table of specializations that says of each class whether it spans the plane.

    Parameters
    ----------
    table : pandas.DataFrame
        As of experiment grid, one row per network, plane, class and so on; on planes of three
        random classes.

    Returns
    -------
    pandas.DataFrame
        The same with a last column ``spans``: whether an image of the class is one of the three
        that the plane passes through.

    Raises
    ------
    MBHError
        For a table without the columns dataset, plane and class.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> table = pd.DataFrame({"dataset": "digits8", "plane": 0, "class": range(10)})
    >>> told = experiments.with_plane_classes(table)
    >>> told.loc[told["spans"], "class"].tolist(), experiments.PlaneSet(1).classes_of("digits8")
    ([0, 5, 9], ((9, 5, 0),))
    """
    require.kind_of("table", table, pd.DataFrame, "a table of specializations")
    for name in ("dataset", "plane", "class"):
        if name not in table:
            raise MBHError(f"table has no column {name}: expected one of specializations")
    spans = np.zeros(len(table), dtype=bool)
    labels = table["class"].to_numpy()
    planes = table["plane"].to_numpy()
    for places in table.groupby(["dataset", "plane"]).indices.values():
        chosen = random_classes(int(planes[places[0]]), len(np.unique(labels[places])))
        spans[places] = np.isin(labels[places], chosen)
    return table.assign(spans=spans)


def gain_by_training(
    grid: pd.DataFrame, coverage: float = 0.8, *, resamples: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """How much more each set-up specializes than before training, with bootstrap intervals.

    Parameters
    ----------
    grid : pandas.DataFrame
        Table of experiment grid: the same networks trained and untrained.
    coverage : float, default 0.8
        The minimum coverage c_P.
    resamples : int, default 2000
        Of the bootstrap: planes are drawn for all networks together, models for each set-up alone.
    seed : int, default 0
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        One row per data set, domain and set-up: dataset, domain, setup, n_hidden, parameters, gain
        (s trained minus s untrained, the mean over models, planes and classes), low and high (its
        95 % interval).

    Raises
    ------
    MBHError
        For a table without the columns or without untrained networks, and a c_P that was not
        measured.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> row = {"dataset": "digits8", "domain": "box", "setup": 1, "n_hidden": 16, "margin": None}
    >>> row |= {"parameters": 300, "model": 0, "plane": 0, "coverage": 0.8, "trained": True}
    >>> grid = pd.DataFrame([row | {"s": 0.6}, row | {"s": 0.25, "trained": False}])
    >>> experiments.gain_by_training(grid)[["gain", "low", "high"]].round(2).to_numpy().tolist()
    [[0.35, 0.35, 0.35]]
    """
    rows = at_coverage(grid, coverage, [*_SETUP, "model", "plane", "trained", "s"])
    resamples = require.whole("resamples", resamples, 1, 100_000)
    keys = [*_SETUP, "model", "plane"]
    means = _usual_square(rows).groupby([*keys, "trained"])["s"].mean().unstack("trained")
    if not {True, False} <= set(means.columns) or means.isna().any(axis=None):
        raise MBHError("table needs each network trained and untrained, as experiment grid has it")
    gains = (means[True] - means[False]).rename("gain").reset_index()
    parts = []
    for _, here in gains.groupby(["dataset", "domain"], sort=False):
        setups = here[_SETUP].drop_duplicates().reset_index(drop=True)
        values = panel_of(here, "gain")
        drawn = resampled_means(values, resamples, seed)
        low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
        parts.append(setups.assign(gain=values.mean(axis=(1, 2)), low=low, high=high))
    return pd.concat(parts, ignore_index=True)
