"""Claims of Liu et al. (2020) on the distances of wirings, under SET and between starts.

The values "stored" are distances of the ten networks that the paper's authors published with their
code, computed from these files by the definitions of ``lenses.topology``: pair w0-w1 stands for
neighbours, w0-w9 for the farthest. The files themselves are no part of this project.

How they were trained is not published, but their distances tell two things. With the usual 30 % a
network is .46 from its start after a single rewiring (1 - .7 / 1.3), where the stored ones are .364
from theirs after ten: less was moved. And a pair is .339 apart then, where networks that move
independently would be .57 apart: they moved alike. Claims are judged by experiment slow_starts: 5 %
in a rewiring, by which ours are about as far from their starts after ten epochs, and copies of one
network. What 30 % and weights of their own give (near_starts) is told beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import TOPOLOGY, Part, Tables
from mbh_utils.claims.evidence import Evidence, Several
from mbh_utils.claims.limits import Every, Similar
from mbh_utils.claims.panels import RESAMPLES, rows
from mbh_utils.claims.rules import Number, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.seeds import stream

PART = Part("sparse topology", source=TOPOLOGY)

#: Iterations of an epoch, and epochs of the published training.
EPOCH, EPOCHS = 1_000, 200
#: Distances of the stored networks after so many epochs: neighbours, farthest.
STORED = {10: (0.339, None), 50: (0.399, None), 190: (0.478, 0.565)}
#: What a distance may differ from a stored one: half of what the stored ones of two epochs do.
NEAR = 0.05
#: Up to this share of the distance of random masks, networks are well nearer than these.
WELL_BELOW = 0.8
_FIGURE = "wiring-near-starts"


@dataclass(frozen=True)
class Relatives:
    """Distances between networks that began near each other, means over layers.

    Parameters
    ----------
    iterations : (t,) array of int
        When they were looked at, from 0 on.
    pairs : (p, 2) array of int
        Model numbers, the lower first.
    apart : (t, p) array
        Distance of each pair.
    own : (t, models) array
        Of each network from its own start.
    null : float
        Mean distance of random masks.
    over_degrees : float
        Distance of neighbours at the end, over that of random masks of their degrees.
    """

    iterations: np.ndarray
    pairs: np.ndarray
    apart: np.ndarray
    own: np.ndarray
    null: float
    over_degrees: float

    @property
    def models(self) -> int:
        """How many networks."""
        return self.own.shape[1]

    @property
    def gaps(self) -> np.ndarray:
        """How many changes lie between the starts of each pair."""
        return self.pairs[:, 1] - self.pairs[:, 0]

    @cached_property
    def draws(self) -> np.ndarray:
        """How often each network is drawn in each resample: resample x model.

        Networks are drawn and not pairs, since pairs share networks.
        """
        chosen = stream(6085, "bootstrap").integers(self.models, size=(RESAMPLES, self.models))
        return (chosen[:, :, None] == np.arange(self.models)).sum(axis=1)

    def mean_of(self, wanted: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
        """Mean distance of these pairs at each time; of each resample if ``counts`` are given."""
        if counts is None:
            return self.apart[:, wanted].mean(axis=1)
        weights = counts[:, self.pairs[wanted, 0]] * counts[:, self.pairs[wanted, 1]]
        total = weights.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):  # a resample without any such pair
            return weights @ self.apart[:, wanted].T / total

    def own_mean(self, counts: np.ndarray | None = None) -> np.ndarray:
        """Mean distance from the own start at each time."""
        if counts is None:
            return self.own.mean(axis=1)
        return counts @ self.own.T / self.models

    def at(self, epoch: int) -> int:
        """Where this time lies among those looked at."""
        (places,) = np.nonzero(self.iterations == epoch * EPOCH)
        if not len(places):
            raise Unjudgeable(f"no network was looked at after {epoch} epochs")
        return int(places[0])


def relatives(table: pd.DataFrame) -> Relatives:
    """The table slow_starts or near_starts as arrays."""
    if table["model"].nunique() < 3:
        raise Unjudgeable("fewer than three networks began near each other")
    is_own = (table["model"] == table["other"]) & (table["other_iteration"] == 0)
    keys = ["iteration", "model", "other"]
    means = table[~is_own].groupby(keys)["matched"].mean().unstack("iteration")
    own = table[is_own].groupby(["iteration", "model"])["matched"].mean().unstack("model")
    own.loc[0] = 0.0  # at its start a network is at no distance from it
    own = own.reindex(means.columns)
    if means.isna().any().any() or own.isna().any().any() or 0 not in means.columns:
        raise Unjudgeable("not every pair was looked at each time, from the start on")
    end = table[(table["iteration"] == means.columns.max()) & ~is_own & table["null"].notna()]
    return Relatives(
        iterations=means.columns.to_numpy(int),
        pairs=np.array(means.index.tolist()),
        apart=means.to_numpy(float).T,
        own=own.to_numpy(float),
        null=float(table["null"].mean()),
        over_degrees=float(end["matched"].mean() / end["degree_null"].mean()),
    )


def _judged(found: Relatives, statistic: Callable[..., np.ndarray], remark: str = "") -> Evidence:
    """A statistic of the networks and its values over resamples of them."""
    samples = np.asarray(statistic(found.draws))
    value = float(statistic(None))
    return Evidence(value, samples[np.isfinite(samples)], found.models, remark=remark)


def _at_usual(tables: Tables, told: Callable[[Relatives], str]) -> str:
    """What comes out with 30 % in a rewiring and own weights, if that was measured."""
    try:
        words = told(relatives(tables["near_starts"]))
        return f" With 30 % in a rewiring and own weights: {words}."
    except (KeyError, Unjudgeable):
        return ""


def _in_words(found: Relatives, values: np.ndarray) -> str:
    pairs = zip(found.iterations, values, strict=True)
    return ", ".join(f"{iteration:,}: {value:.3f}" for iteration, value in pairs)


# -------------------------------------------------------------------------------- near each other


@PART.claim(
    "NT-1",
    "Networks that begin near each other drift apart under SET, from each time of the training to "
    "the next.",
    "distance grows with epochs (stored: .242, .339, .399, .478)",
    "trend",
    ("slow_starts",),
    _FIGURE,
    {"from start to end": Trend(), "smallest step": Trend()},
)
def drift_apart(tables: Tables) -> Several:
    found = relatives(tables["slow_starts"])
    neighbours = found.gaps == 1

    def whole(counts):
        means = found.mean_of(neighbours, counts)
        return means[..., -1] - means[..., 0]

    def smallest(counts):
        return np.diff(found.mean_of(neighbours, counts), axis=-1).min(axis=-1)

    told = _in_words(found, found.mean_of(neighbours))
    usual = _at_usual(tables, lambda other: _in_words(other, other.mean_of(other.gaps == 1)))
    parts = {
        "from start to end": _judged(found, whole),
        "smallest step": _judged(found, smallest),
    }
    return Several(parts, f"Mean distance of neighbours by iteration {told}.{usual}")


def _gap_correlation(found: Relatives, counts: np.ndarray | None, time: int) -> np.ndarray:
    """Correlation over pairs between changes apart at the start and distance at a time."""
    if counts is None:
        counts = np.ones((1, found.models))
    weights = (counts[:, found.pairs[:, 0]] * counts[:, found.pairs[:, 1]]).astype(float)
    weights /= weights.sum(axis=1, keepdims=True)
    x = found.gaps - (weights @ found.gaps)[:, None]
    y = found.apart[time] - (weights @ found.apart[time])[:, None]
    covariance = (weights * x * y).sum(axis=1)
    scale = np.sqrt((weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.squeeze(covariance / scale)


def _farther_in_words(found: Relatives) -> str:
    """The correlation at the end, and its interval."""
    last = len(found.iterations) - 1
    value = float(_gap_correlation(found, None, last))
    samples = _gap_correlation(found, found.draws, last)
    low, high = np.percentile(samples[np.isfinite(samples)], (2.5, 97.5))
    return f"{value:.2f} at the end [{low:.2f}, {high:.2f}]"


@PART.claim(
    "NT-2",
    "Networks that began farther from each other stay farther from each other.",
    "farther starts stay farther (stored after 190 epochs: .478 and .565)",
    "trend",
    ("slow_starts",),
    _FIGURE,
    {"at the end": Trend(), "half-way": Trend()},
)
def farther_stay_farther(tables: Tables) -> Several:
    found = relatives(tables["slow_starts"])
    last = len(found.iterations) - 1
    half = int(np.argmin(np.abs(found.iterations - found.iterations[-1] / 2)))
    farthest = found.gaps == found.gaps.max()
    remark = (
        "Told are correlations over pairs, of the distance with the changes between their starts; "
        f"at the end neighbours are {found.mean_of(found.gaps == 1)[-1]:.3f} apart, the farthest "
        f"{found.mean_of(farthest)[-1]:.3f}."
    ) + _at_usual(tables, _farther_in_words)
    parts = {
        name: _judged(found, lambda counts, time=time: _gap_correlation(found, counts, time))
        for name, time in {"at the end": last, "half-way": half}.items()
    }
    return Several(parts, remark)


def _both_ways_in_words(found: Relatives) -> str:
    return f"{found.own_mean()[-1]:.3f} and {found.apart[-1].mean():.3f}"


@PART.claim(
    "NT-3",
    "A network moves from its own start about as far as two relatives drift apart.",
    "about as far (stored after 190 epochs: .540, relatives .478 to .565)",
    "trend",
    ("slow_starts",),
    _FIGURE,
    Similar(0.1),
)
def own_way(tables: Tables) -> Evidence:
    found = relatives(tables["slow_starts"])
    everyone = np.ones(len(found.pairs), bool)

    def excess(counts):
        return found.own_mean(counts)[..., -1] - found.mean_of(everyone, counts)[..., -1]

    remark = (
        f"Told is the difference at the end: {found.own_mean()[-1]:.3f} from the own start, "
        f"{found.mean_of(everyone)[-1]:.3f} between relatives."
    ) + _at_usual(tables, _both_ways_in_words)
    return _judged(found, excess, remark)


def _below_in_words(found: Relatives) -> str:
    ratio = found.apart[-1].mean() / found.null
    return f"{ratio:.3f} of random masks, {found.over_degrees:.3f} of those with their degrees"


@PART.claim(
    "NT-4",
    "After the training, relatives are still well nearer to each other than random masks.",
    "well below (stored: .478 to .565; random masks of that size .82)",
    "trend",
    ("slow_starts",),
    _FIGURE,
    Trend(null=WELL_BELOW, side="below", direction=1.0),
)
def below_random_masks(tables: Tables) -> Evidence:
    found = relatives(tables["slow_starts"])
    everyone = np.ones(len(found.pairs), bool)

    def ratio(counts):
        return found.mean_of(everyone, counts)[..., -1] / found.null

    remark = (
        f"Told is the mean over pairs over the {found.null:.3f} of random masks. Neighbours are at "
        f"{found.over_degrees:.3f} of random masks with their own degrees: at 1, all that they "
        "share is how many connections inputs and neurons have."
    ) + _at_usual(tables, _below_in_words)
    return _judged(found, ratio, remark)


@PART.claim(
    "NT-5",
    "The distances of the stored networks: neighbours after 10, 50 and 190 epochs, and the "
    "farthest pair after 190.",
    ".339, .399, .478; .565",
    "number",
    ("slow_starts",),
    _FIGURE,
    {
        "neighbours, 10 epochs": Number(0.339, tolerance=NEAR),
        "neighbours, 50 epochs": Number(0.399, tolerance=NEAR),
        "neighbours, end": Number(0.478, tolerance=NEAR),
        "farthest, end": Number(0.565, tolerance=NEAR),
    },
    why="Optimiser, step and the share that is rewired are not published with the stored networks; "
    "here it is Adam, and 5 % from the first epoch to the last.",
)
def stored_distances(tables: Tables) -> Several:
    found = relatives(tables["slow_starts"])
    last = int(found.iterations[-1])
    if last < EPOCHS * EPOCH:
        raise Unjudgeable(
            f"trained for {last:,} iterations, the paper's for {EPOCHS} epochs of {EPOCH:,}"
        )
    neighbours = found.gaps == 1
    farthest = found.gaps == found.gaps.max()

    def seen(wanted: np.ndarray, place: int) -> Evidence:
        values = found.apart[place, wanted]
        return Evidence(float(values.mean()), values, found.models)

    parts = {
        "neighbours, 10 epochs": seen(neighbours, found.at(10)),
        "neighbours, 50 epochs": seen(neighbours, found.at(50)),
        "neighbours, end": seen(neighbours, -1),
        "farthest, end": seen(farthest, -1),
    }
    remark = (
        "The stored ones are of epoch 190, ours of epoch 200; intervals reach over pairs. From "
        f"their own start ours are {found.own_mean()[found.at(10)]:.3f} after 10 epochs (stored: "
        f".364) and {found.own_mean()[-1]:.3f} at the end (.540)."
    )
    return Several(parts, remark)


@PART.claim(
    "NT-6",
    "The stored networks begin with 1 % of the connections changed from each to the next.",
    "1 % (the stored first masks are .242 apart, where 1 % gives .02)",
    "number",
    (),
    "",
    Number(0.02, tolerance=0.005),
)
def stored_starts(tables: Tables) -> Evidence:
    raise Unjudgeable(
        "the stored topologies are no part of this project; by their distances they were stored "
        "after the first epoch and its rewiring"
    )


# --------------------------------------------------------------------------------- different starts


def _trained_siblings(tables: Tables, kind: str) -> pd.DataFrame:
    """Mean distances over layers and nulls of the trained networks of a kind, one row a pair."""
    found = rows(tables["mask_distances"], kind=kind, trained=True)
    keys = ["dataset", "parameters", "model", "other"]
    return found.groupby(keys)[["matched", "null", "degree_null"]].mean().reset_index()


@PART.claim(
    "NT-7",
    "Sparse networks from different starts end with very different topologies and similar "
    "accuracies: there are plenty of sparse sub-networks.",
    "very different topologies, similar accuracy",
    "trend",
    ("mask_distances", "drift_specialization"),
    "wiring-siblings",
    {
        "distance over that of random masks": Trend(null=WELL_BELOW, direction=0.5),
        "accuracy, least minus mean": Every(low=-1.0, high=0.0),
    },
)
def plenitude(tables: Tables) -> Several:
    pairs = _trained_siblings(tables, "SET")
    ratios = (pairs["matched"] / pairs["null"]).to_numpy()
    rng = stream(7046, "bootstrap")
    samples = ratios[rng.integers(len(ratios), size=(RESAMPLES, len(ratios)))].mean(axis=1)
    models = int(max(pairs["model"].max(), pairs["other"].max())) + 1
    ended = rows(tables["drift_specialization"], kind="SET", trained=True)
    ended = ended[ended["iteration"] == ended["iteration"].max()]
    accuracy = 100 * ended.groupby(["parameters", "model"])["accuracy"].mean().unstack("model")
    short = (accuracy.min(axis=1) - accuracy.mean(axis=1)).to_numpy()
    over_degrees = (pairs["matched"] / pairs["degree_null"]).mean()
    remark = (
        f"Networks by SET, {int(pairs['parameters'].min()):,} to "
        f"{int(pairs['parameters'].max()):,} HNPs. Over random masks of the same degrees the "
        f"distance is {over_degrees:.3f}. Accuracies in percent by budget: "
        + "; ".join(
            f"{budget:,}: {row.min():.1f} to {row.max():.1f}" for budget, row in accuracy.iterrows()
        )
        + "."
    )
    parts = {
        "distance over that of random masks": Evidence(float(ratios.mean()), samples, models),
        "accuracy, least minus mean": Evidence(float(short.min()), short, accuracy.shape[1]),
    }
    return Several(parts, remark)
