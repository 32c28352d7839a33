"""What was measured, as an array set-up x model x plane, and its bootstrap resamples."""

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import STANDARDISED

#: Bootstrap resamples of every trend.
RESAMPLES = 4_000
#: Half the side of the square that everything is measured on, see ``experiments.PlaneSet``.
MARGIN = 1.5
#: The names that the thesis uses for its two data sets.
DIGIT, FASHION = "mnist", "fashion_mnist"
TITLES = {DIGIT: "Digit MNIST", FASHION: "Fashion-MNIST"}
#: Models per set-up in the thesis's Figs 6.2 to 6.6.
MODELS = {DIGIT: 3, FASHION: 5}
#: Iterations of training in the thesis.
ITERATIONS = 50_000
#: Columns that have one value per network, whatever the plane.
_OF_NETWORKS = ("accuracy", "training_accuracy", "validation_accuracy", "training_seconds")


def rows(table: pd.DataFrame, **wanted) -> pd.DataFrame:
    """The rows of a table with these values in these columns.

    Parameters
    ----------
    table : pandas.DataFrame
        A table of an experiment.
    **wanted
        Column -> value, or a list of values. Numbers agree if they are close. A domain of "square"
        is that of margin 1.5 where no margin is given.

    Raises
    ------
    Unjudgeable
        If the table has no such row.
    """
    if wanted.get("domain") == "square" and "margin" in table:
        wanted.setdefault("margin", MARGIN)
    here = np.ones(len(table), bool)
    for column, value in wanted.items():
        here &= _agree(table[column], value)
    if not here.any():
        told = ", ".join(f"{column} {value}" for column, value in wanted.items())
        raise Unjudgeable(f"nothing was measured with {told}")
    return table[here]


def _agree(values: pd.Series, wanted) -> np.ndarray:
    if isinstance(wanted, str | bool):
        return np.asarray(values == wanted, bool)
    listed = np.atleast_1d(wanted)
    if listed.dtype.kind in "if" and values.dtype.kind in "if":
        near = np.isclose(values.to_numpy(float)[:, None], listed)
        return np.asarray(near.any(axis=1))
    return np.asarray(values.isin(listed.tolist()), bool)


@dataclass(frozen=True)
class Panel:
    """One measured column as an array.

    Parameters
    ----------
    setups : pandas.DataFrame
        One row per set-up: dataset, family, setup, n_hidden, parameters, density.
    values : numpy.ndarray
        Set-up x model x plane; one plane for what is not measured on planes.
    planes : int
        How many planes; 0 for what is not measured on planes.
    """

    setups: pd.DataFrame
    values: np.ndarray
    planes: int

    @property
    def models(self) -> int:
        """Models per set-up."""
        return self.values.shape[1]

    @property
    def means(self) -> np.ndarray:
        """The mean of each set-up."""
        return self.values.mean(axis=(1, 2))

    @property
    def of_models(self) -> np.ndarray:
        """The mean over planes of each model: model x set-up."""
        return self.values.mean(axis=2).T

    @property
    def pairs(self) -> np.ndarray:
        """Each model on each plane: pair x set-up."""
        return self.values.reshape(len(self.values), -1).T

    @property
    def of_networks(self) -> np.ndarray:
        """The mean over planes of each network: set-up x model."""
        return self.values.mean(axis=2)

    @property
    def _images(self) -> str:
        """The data set whose images span the planes; standardised data have the same ones."""
        return str(self.setups["dataset"].iloc[0]).removesuffix(STANDARDISED)

    def place(self, setup: int) -> int:
        """Where a set-up lies along the last axis of the means."""
        (places,) = np.nonzero(self.setups["setup"].to_numpy() == setup)
        if len(places) != 1:
            raise Unjudgeable(f"set-up {setup} was not measured")
        return int(places[0])

    def column(self, name: str) -> np.ndarray:
        """A column of the set-ups, such as n_hidden."""
        return self.setups[name].to_numpy()

    def resampled(self) -> np.ndarray:
        """The means of each set-up over bootstrap resamples: resample x set-up.

        Planes are drawn together for all networks, since they are measured on the same ones; models
        are drawn for each set-up alone. The draws are the same in each call, and for each panel of
        the same networks and planes: what is compared is compared within a resample.
        """
        return self.resampled_networks.mean(axis=2)

    @cached_property
    def resampled_networks(self) -> np.ndarray:
        """The networks of each resample, means over its planes: resample x set-up x model."""
        n_models, n_planes = self.values.shape[1:]
        planes = _drawn(n_planes, f"planes {self._images}")
        counts = (planes[:, :, None] == np.arange(n_planes)).sum(axis=1) / n_planes
        of_networks = np.einsum("smp,rp->rsm", self.values, counts, optimize=True)
        names = self.setups[["dataset", "family", "setup", "parameters"]]
        labels = names.astype(str).agg(" ".join, axis=1)
        models = np.stack([_drawn(n_models, label) for label in labels], axis=1)
        return np.take_along_axis(of_networks, models, axis=2)


def _drawn(n: int, label: str) -> np.ndarray:
    """Which of n are drawn in each resample, with replacement: resample x n."""
    rng = stream(zlib.crc32(label.encode()), "bootstrap")
    return rng.integers(n, size=(RESAMPLES, n))


def panel(
    table: pd.DataFrame, column: str, *, models: int | None = None, scale: float = 1, **wanted
) -> Panel:
    """A measured column as an array set-up x model x plane; means over classes.

    Parameters
    ----------
    table : pandas.DataFrame
        A table of an experiment.
    column : str
        Which of its columns.
    models : int, optional
        The thesis's number of models: take the first so many.
    scale : float, default 1
        What the values are multiplied by: 100 for shares that are told in percent.
    **wanted
        As in :func:`rows`.

    Raises
    ------
    Unjudgeable
        If there is no such row, fewer models, or some network was not measured on some plane.
    """
    found = rows(table, **wanted)
    keys = ["dataset", "family", "setup"]
    facts = [name for name in ("n_hidden", "parameters", "density") if name in found]
    setups = found.drop_duplicates(keys)[[*keys, *facts]].sort_values(keys, ignore_index=True)
    axes = ["model"]
    if "plane" in found and column not in _OF_NETWORKS:
        axes.append("plane")
    means = found.groupby([*keys, *axes])[column].mean().unstack(axes).sort_index(axis=1)
    values = means.to_numpy(float)
    if np.isnan(values).any():
        raise Unjudgeable(f"{column} was not measured for all models and planes")
    n_models = found["model"].nunique()
    values = values.reshape(len(means), n_models, -1) * scale
    if models is not None:
        if n_models < models:
            raise Unjudgeable(f"{n_models} models per set-up where the thesis has {models}")
        values = values[:, :models]
    planes = values.shape[2] if "plane" in axes else 0
    return Panel(setups, values, planes)


def as_long_as_the_thesis(table: pd.DataFrame) -> None:
    """Raise Unjudgeable if the networks were trained for fewer iterations than the thesis's."""
    iterations = int(table["iteration"].max())
    if iterations < ITERATIONS:
        raise Unjudgeable(f"trained for {iterations:,} iterations, the thesis's for {ITERATIONS:,}")
