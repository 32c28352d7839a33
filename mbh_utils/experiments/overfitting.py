"""Whether something tells overfitting: how indicators go with the gap between two accuracies."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mbh_utils.computing import require
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.experiments.correlations import FEWEST, rank_correlation

#: What might tell how much a network overfits.
INDICATORS = (
    "s_validation",
    "s_training",
    "s_difference",
    "others_validation",
    "coverage_lost",
    "oui_validation",
    "n_regions",
)
#: Over which networks indicators are held against the gap: all, with N held fixed, those of one
#: set-up, those of one training set, one network over its training.
VIEWS = ("all", "fixed N", "setup", "data", "training")

#: Classes of all data sets that labels are wrong in.
_CLASSES = 10
_NETWORK = ["dataset", "setup", "model"]
_NEEDED = ("dataset", "training_images", "noise", "setup", "n_hidden", "model", "iteration")


def overfitting_indicators(
    table: pd.DataFrame, *, domain: str = "square", coverage: float = 0.8
) -> pd.DataFrame:
    """How much each network overfits, beside what might tell it.

    Parameters
    ----------
    table : pandas.DataFrame
        That of experiment overfitting.
    domain : {"square", "box"}, default "square"
        The finite part of the planes on which s is measured.
    coverage : float, default 0.8
        The minimum coverage c_P of the patterns; one that was measured.

    Returns
    -------
    pandas.DataFrame
        Its rows of this domain and coverage, one for each network and iteration, with

        - gap: training accuracy, on the labels that were given, less validation accuracy;
        - fair_gap: the same with validation labels that are wrong as often as those of training;
        - s_difference: s with patterns of training images, less s with patterns of as many
          validation images;
        - coverage_lost: by how much fewer of the validation than of the training images of a class
          are inside of the blanket that the training images gave.

    Raises
    ------
    MBHError
        For a table without these columns, and for a domain or coverage that it has not.

    Notes
    -----
    Where 40 % of the training labels are wrong, a network that learnt nothing by heart is right for
    60 % of them at most, so its gap is below 0. The fair gap is 0 there: what it is held against is
    the accuracy that the network would have on validation labels with the same share of wrong ones,
    each wrong class being as likely as the others. Shuffled labels stand for 90 % wrong ones.

    Examples
    --------
    >>> from mbh_utils import experiments
    >>> facts = {"dataset": "x", "setup": 1, "n_hidden": 9, "model": 0, "iteration": 5}
    >>> seen = {"training_accuracy": 0.6, "accuracy": 1.0, "training_images": 500, "noise": 0.4}
    >>> s = {"s_validation": 0.5, "s_training": 0.7, "s_matched": 0.6, "n_regions": 8.0}
    >>> inside = {"own_training": 0.9, "own_transferred": 0.8, "others_validation": 0.1}
    >>> row = {**facts, **seen, **s, **inside, "domain": "square", "coverage": 0.8}
    >>> found = experiments.overfitting_indicators(pd.DataFrame([{**row, "oui_validation": 0.6}]))
    >>> found[["gap", "fair_gap", "s_difference", "coverage_lost"]].round(3).values.tolist()
    [[-0.4, 0.0, 0.1, 0.1]]
    """
    table = require.kind_of("table", table, pd.DataFrame, "the table of experiment overfitting")
    require.choice("domain", domain, ("square", "box"))
    coverage = require.number("coverage", coverage)
    measured = ("accuracy", "training_accuracy", "s_matched", "own_training", "own_transferred")
    derived = ("s_difference", "coverage_lost")
    columns = [*_NEEDED, *measured, *(name for name in INDICATORS if name not in derived)]
    for name in [*columns, "domain", "coverage"]:
        if name not in table:
            raise MBHError(f"table has no column {name!r}: it is not that of overfitting")
    here = (table["domain"] == domain) & np.isclose(table["coverage"], coverage)
    if not here.any():
        raise MBHError(f"table has no row of domain {domain!r} and coverage {coverage:g}")
    rows = table[here].reset_index(drop=True)
    wrong = rows["noise"].where(rows["noise"] < 1, 1 - 1 / _CLASSES)
    right = rows["accuracy"]
    expected = (1 - wrong) * right + wrong * (1 - right) / (_CLASSES - 1)
    return rows.assign(
        gap=rows["training_accuracy"] - right,
        fair_gap=rows["training_accuracy"] - expected,
        s_difference=rows["s_training"] - rows["s_matched"],
        coverage_lost=rows["own_training"] - rows["own_transferred"],
    )


class Resampled(NamedTuple):
    """A rank correlation, and its values over bootstrap resamples.

    Attributes
    ----------
    value : float
        Of all networks.
    samples : numpy.ndarray
        Of each resample.
    networks : int
        How many networks there are, each once.
    """

    value: float
    samples: np.ndarray
    networks: int


def resampled_correlation(
    rows: pd.DataFrame, indicator: str, view: str, *, gap: str, resamples: int, seed: int = 0
) -> Resampled:
    """The rank correlation of an indicator with the gap, see :func:`gap_correlations`."""
    if view != "training":
        rows = rows[rows["iteration"] == rows["iteration"].max()]
    ordered = rows.sort_values(["setup", "dataset", "model", "iteration"], ignore_index=True)
    rng = stream(seed, "bootstrap")
    columns = [indicator, gap, *(["n_hidden"] if view == "fixed N" else [])]
    values = ordered[columns].to_numpy(float)
    if view in _WITHIN:
        blocks = _places(ordered, _WITHIN[view][0])
        clusters = _places(ordered, _WITHIN[view][1])
        value, samples = _of_whole_blocks(values, blocks, clusters, rng, resamples)
    else:
        strata = _places(ordered, ["setup"]) if view == "setup" else [np.arange(len(ordered))]
        value, samples = _ranked_anew(values, ordered, strata, rng, resamples)
    return Resampled(value, samples, len(ordered.drop_duplicates(_NETWORK)))


#: Views -> what makes a block that is ranked by itself, and what is resampled together.
_WITHIN = {"data": (["dataset"], ["dataset"]), "training": (_NETWORK, ["dataset", "setup"])}


def _places(table: pd.DataFrame, keys: Sequence[str]) -> list[np.ndarray]:
    """Where the rows of each group are."""
    return [group.index.to_numpy() for _, group in table.groupby(list(keys), sort=False)]


def _of_whole_blocks(
    values: np.ndarray,
    blocks: Sequence[np.ndarray],
    clusters: Sequence[np.ndarray],
    rng: np.random.Generator,
    resamples: int,
) -> tuple[float, np.ndarray]:
    """The correlation within blocks; clusters of whole blocks are drawn, so that ranks stay."""
    ranks = np.empty_like(values)
    for block in blocks:
        ranks[block] = rankdata(values[block], axis=0) - (len(block) + 1) / 2
    x, y = ranks.T
    of_rows = np.stack([x * y, x * x, y * y], axis=1)
    sums = np.stack([of_rows[cluster].sum(axis=0) for cluster in clusters])
    drawn = rng.integers(len(sums), size=(resamples, len(sums)))
    return float(_ratio(sums.sum(axis=0))), _ratio(sums[drawn].sum(axis=1))


def _ratio(sums: np.ndarray) -> np.ndarray:
    """The correlation by its three sums of products; NaN where one of both does not vary."""
    both, of_x, of_y = np.moveaxis(sums, -1, 0)
    scale = np.sqrt(of_x * of_y)
    return np.divide(both, scale, out=np.full_like(scale, np.nan), where=scale > 0)


def _ranked_anew(
    values: np.ndarray,
    ordered: pd.DataFrame,
    strata: Sequence[np.ndarray],
    rng: np.random.Generator,
    resamples: int,
) -> tuple[float, np.ndarray]:
    """The correlation within strata, one after the other; of each of them, cells are drawn."""
    drawn = []
    for stratum in strata:
        cells = np.stack(_places(ordered.loc[stratum], ["setup", "dataset"]))
        chosen = rng.integers(len(cells), size=(resamples, len(cells)))
        drawn.append(cells[chosen].reshape(resamples, -1))
    sizes = [len(stratum) for stratum in strata]
    samples = rank_correlation(values[np.concatenate(drawn, axis=1)], sizes)
    return float(rank_correlation(values, sizes)), samples


def gap_correlations(
    rows: pd.DataFrame,
    indicators: Sequence[str] = INDICATORS,
    *,
    gap: str = "gap",
    resamples: int = 1_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank correlations of indicators with the gap, seen in several ways, with intervals.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per network and iteration, as :func:`overfitting_indicators` gives them. Every
        network has the same iterations, every set-up the same training sets and models.
    indicators : sequence of str, optional
        Columns; by default all of ``INDICATORS``.
    gap : {"gap", "fair_gap"}, default "gap"
        What they are held against.
    resamples : int, default 1000
        Of the bootstrap that gives the 95 % intervals.
    seed : int, default 0
        Of the resamples.

    Returns
    -------
    pandas.DataFrame
        One row for each indicator and view: indicator, view, rho, low, high, networks. The views:

        - all: the trained networks of all set-ups and training sets, ranked together;
        - fixed N: the same, the number of hidden neurons N held fixed;
        - setup: ranked within each set-up, where training sets differ;
        - data: ranked within each training set, where set-ups and seeds differ;
        - training: ranked within each network, over the iterations of its training.

        rho is NaN where there are fewer than five networks, or one of both does not vary.

    Raises
    ------
    MBHError
        For columns that are missing, a network that was not looked at as often as the others, and
        numbers that make no sense.

    Notes
    -----
    A resample draws whole cells: the networks of one set-up and one training set together (in
    "data" all of a training set). So an interval tells how far the correlation would move with
    other training sets and set-ups of this kind, not only with other seeds.

    Examples
    --------
    >>> import pandas as pd
    >>> from mbh_utils import experiments
    >>> facts = {"dataset": list("abcdef"), "training_images": 9, "noise": 0, "setup": 1}
    >>> rows = pd.DataFrame(facts).assign(n_hidden=4, model=0, iteration=9)
    >>> rows = rows.assign(gap=[1, 2, 3, 4, 5, 6], s_validation=[6, 5, 4, 3, 2, 1])
    >>> experiments.gap_correlations(rows, ["s_validation"]).query("view == 'all'")["rho"].item()
    -1.0
    """
    rows = require.kind_of("rows", rows, pd.DataFrame, "a table with one row per network and look")
    indicators = require.listed("indicators", indicators, "names of columns")
    require.choice("gap", gap, ("gap", "fair_gap"))
    resamples = require.whole("resamples", resamples, 1, 100_000)
    seed = require.whole("seed", seed, 0)
    for argument, names in (("rows", [*_NEEDED, gap]), ("indicators", indicators)):
        for name in names:
            if not isinstance(name, str) or name not in rows:
                raise MBHError(f"{argument}: rows has no column {require.shown(name)}")
    _check_balance(rows)
    found = []
    for indicator in indicators:
        for view in VIEWS:
            one = resampled_correlation(
                rows, indicator, view, gap=gap, resamples=resamples, seed=seed
            )
            few = one.networks < FEWEST or np.isnan(one.samples).all()
            low, high = (np.nan,) * 2 if few else np.nanquantile(one.samples, (0.025, 0.975))
            rho = np.nan if few else one.value
            found.append((indicator, view, rho, low, high, one.networks))
    return pd.DataFrame(found, columns=["indicator", "view", "rho", "low", "high", "networks"])


def _check_balance(rows: pd.DataFrame) -> None:
    """Each training set has the same networks, and each network the same iterations."""
    if not len(rows):
        raise MBHError("rows is empty: there is no network in it")
    counts = rows.groupby(["dataset", "setup"])[["model"]].agg(["nunique", "size"])
    looks = rows.groupby([*_NETWORK])["iteration"].nunique()
    n = rows["dataset"].nunique() * rows["setup"].nunique()
    if len(counts) != n or (counts.nunique() > 1).any() or looks.nunique() > 1:
        raise MBHError(
            "rows: networks are missing; every training set needs the same set-ups and models, "
            "every network the same iterations"
        )
