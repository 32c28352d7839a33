"""What this workbook says of how sure s is, and of what is counted as a linear region."""

import numpy as np

from mbh_utils.claims.claim import OURS, Part, Tables
from mbh_utils.claims.evidence import Evidence
from mbh_utils.claims.panels import DIGIT, FASHION, RESAMPLES, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import Between, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.computing.intervals import half_widths
from mbh_utils.computing.seeds import stream
from mbh_utils.computing.statistics import spearman

PART = Part("how sure", source=OURS)
MANY = ("many_planes",)
#: The precision that is asked for.
HALF_WIDTH = 0.01
#: Set-ups that were tried.
TRIED = (1, 3, 7, 10, 14)
#: Planes that the thesis measures on.
PLANES = 10


def many(tables: Tables, dataset: str, domain: str) -> Panel:
    """The specializations of trained networks on many planes."""
    return panel(tables["many_planes"], "s", dataset=dataset, domain=domain, coverage=0.8)


def spreads(values: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations over planes (last axis), and those of resamples of planes.

    values: (n, planes). Returns (n,) and (resamples, n).
    """
    n_planes = values.shape[-1]
    drawn = stream(label, "bootstrap").integers(n_planes, size=(RESAMPLES, n_planes))
    counts = (drawn[:, :, None] == np.arange(n_planes)).sum(axis=1) / n_planes
    centred = values - values.mean(axis=-1, keepdims=True)
    means = counts @ centred.T
    squares = counts @ (centred**2).T
    variances = np.maximum(squares - means**2, 0) * n_planes / (n_planes - 1)
    return values.std(axis=-1, ddof=1), np.sqrt(variances)


def planes_for(spread: np.ndarray) -> np.ndarray:
    """The fewest planes, from 2 on, whose interval has the half-width that is asked for.

    Examples
    --------
    >>> planes_for(np.array([0.1, 0.01, 0.0])).tolist()
    [387.0, 7.0, 2.0]
    """
    numbers = np.arange(2, 20_000)
    widths = half_widths(1.0, numbers)  # they fall with the number
    wanted = HALF_WIDTH / np.maximum(spread, 1e-12)
    place = np.searchsorted(-widths, -wanted)
    return numbers[np.minimum(place, len(numbers) - 1)].astype(float)


def _median_planes(values: np.ndarray, found: Panel, remark: str) -> Evidence:
    """The median number of planes over rows of values (n, planes)."""
    own, drawn = spreads(values, 0)
    needed = planes_for(own)
    told = f"From {needed.min():,.0f} to {needed.max():,.0f}{remark}."
    median = float(planes_for(np.median(own, keepdims=True))[0])
    return Evidence(
        median,
        planes_for(np.median(drawn, axis=1)),
        found.models,
        found.planes,
        remark=told,
    )


@PART.claim(
    "SU-1",
    "To know the s of one network to within 0.01 takes some 28 to 350 planes (here: the median "
    "over networks of five set-ups, 95 % interval, c_P = 0.8).",
    "tried: 28 to 350",
    "trend",
    MANY,
    "planes-needed",
    Between(28, 350),
    unit="count",
    domains=True,
)
def of_one_network(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        found = many(tables, dataset, domain)
        places = [found.place(setup) for setup in TRIED]
        values = found.values[places].reshape(-1, found.planes)
        parts[TITLES[dataset]] = _median_planes(values, found, " over networks")
    return parts


def differences(found: Panel, setups: tuple[int, ...] = TRIED) -> np.ndarray:
    """Differences of every two set-ups on the same planes, means over models: (pairs, planes)."""
    means = found.values[[found.place(setup) for setup in setups]].mean(axis=1)
    first, second = np.triu_indices(len(setups), 1)
    return means[first] - means[second]


@PART.claim(
    "SU-2",
    "To know the difference of two set-ups, measured on the same planes, to within 0.01 takes only "
    "7 to 25 planes (here: the median over the pairs of five set-ups, c_P = 0.8).",
    "tried: 7 to 25",
    "trend",
    MANY,
    "planes-needed",
    Between(7, 25),
    unit="count",
    domains=True,
)
def of_a_difference(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        found = many(tables, dataset, domain)
        parts[TITLES[dataset]] = _median_planes(differences(found), found, " over pairs")
    return parts


@PART.claim(
    "SU-3",
    "Measuring two set-ups on the same planes makes their difference surer than other planes for "
    "each would (variance of the difference over the sum of both variances).",
    "expected: below 1",
    "trend",
    MANY,
    "planes-needed",
    Trend(null=1, side="below"),
    domains=True,
)
def same_planes_help(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        found = many(tables, dataset, domain)
        means = found.values.mean(axis=1)
        first, second = np.triu_indices(len(means), 1)
        own, drawn = spreads(means, 0)
        apart, drawn_apart = spreads(means[first] - means[second], 0)

        def share(difference, single, i=first, j=second):
            return np.median(difference**2 / (single[..., i] ** 2 + single[..., j] ** 2), axis=-1)

        value = float(share(apart, own))
        samples = share(drawn_apart, drawn)
        parts[TITLES[dataset]] = Evidence(value, samples, found.models, found.planes)
    return parts


@PART.claim(
    "SU-4",
    "Ten planes rank the 14 set-ups by s as all other planes do (rank correlation of at least .9 "
    "between ten planes and the rest, the same networks).",
    "expected: at least .9",
    "trend",
    MANY,
    "ranking-stability",
    Between(0.9, 1.0),
    unit="ds",
    domains=True,
)
def ten_planes_rank(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        found = many(tables, dataset, domain)
        of_planes = found.values.mean(axis=1)  # set-up x plane
        n = found.planes
        rng = stream(0, "bootstrap")
        chosen = np.stack([rng.permutation(n)[:PLANES] for _ in range(RESAMPLES)])
        few = of_planes[:, chosen].mean(axis=-1).T
        rest = (of_planes.sum(axis=1) - few * PLANES) / (n - PLANES)
        first = of_planes[:, :PLANES].mean(axis=1)
        others = of_planes[:, PLANES:].mean(axis=1)
        value = float(spearman(first, others))
        parts[TITLES[dataset]] = Evidence(value, spearman(few, rest), found.models, n)
    return parts


@PART.claim(
    "SU-5",
    "Counts of activation regions flatter sparse networks: more of their regions share an affine "
    "piece (affine pieces over activation regions on a plane, dense minus sparse).",
    "expected: above 0",
    "trend",
    ("region_kinds",),
    "region-kinds",
    Trend(),
    unit="ds",
    domains=True,
)
def pieces_and_regions(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for dataset in (DIGIT, FASHION):
        found = rows(tables["region_kinds"], dataset=dataset, trained=True, domain=domain)
        keys = ["setup", "density", "plane"]
        counts = found.pivot_table(index=keys, columns="kind", values="count")
        shares = (counts["affine pieces"] / counts["activation regions"]).unstack("plane")
        is_dense = np.isclose(shares.index.get_level_values("density"), 1)
        if is_dense.all() or not is_dense.any():
            raise Unjudgeable("dense and sparse networks are not both there")
        values = shares.to_numpy()
        apart = values[is_dense].mean(axis=0) - values[~is_dense].mean(axis=0)
        n = len(apart)
        drawn = stream(0, "bootstrap").integers(n, size=(RESAMPLES, n))
        numbers = shares.index.get_level_values("setup")
        told = [f"#{k} {x:.1%}" for k, x in zip(numbers, values.mean(axis=1), strict=True)]
        remark = ", ".join(told) + "."
        samples = apart[drawn].mean(axis=1)
        parts[TITLES[dataset]] = Evidence(float(apart.mean()), samples, 1, n, remark=remark)
    return parts
