"""Claims on networks with three hidden layers (section 6.3.3 of the thesis)."""

from collections.abc import Callable

import numpy as np

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, trend
from mbh_utils.claims.limits import Similar
from mbh_utils.claims.panels import FASHION, Panel, panel
from mbh_utils.claims.rules import SPECIALIZATION, Trend
from mbh_utils.computing.statistics import slope

PART = Part("three hidden layers")

#: Set-ups of equal parameters, from the sparsest to the dense one, in both families.
LEVELS = ((2, 3), (4, 5, 6), (7, 8, 9, 10), (11, 12, 13, 14))
#: The set-ups with 400 neurons, from the dense one to the sparsest.
LARGEST = (1, 2, 4, 7, 11)
#: Set-ups of equal parameters with 400, 136 and 46 neurons.
TRIPLES = ((4, 5, 6), (7, 8, 9), (11, 12, 13))


def trained(
    tables: Tables, table: str, column: str, *, scale: float = 1, domain: str = "square"
) -> Panel:
    """A column of the 14 trained set-ups on Fashion-MNIST, at c_P 0.8, by their numbers."""
    wanted = {"dataset": FASHION, "trained": True, "coverage": 0.8, "domain": domain}
    found = panel(tables[table], column, scale=scale, **wanted)
    for setup in range(1, 15):
        found.place(setup)  # raises where one is missing
    return found


def of(means: np.ndarray, setup: int) -> np.ndarray:
    """The means of a set-up by its number."""
    return means[..., setup - 1]


def _listed(names, values) -> str:
    return ", ".join(f"{name} {value:+.2f}" for name, value in zip(names, values, strict=True))


# ---------------------------------------------------------------------------------------- accuracy


def _sparse_gains(means: np.ndarray) -> np.ndarray:
    """Sparsest minus dense set-up, at each level of equal parameters."""
    return np.stack([of(means, level[0]) - of(means, level[-1]) for level in LEVELS], axis=-1)


def _mean_gain(means: np.ndarray) -> np.ndarray:
    return _sparse_gains(means).mean(axis=-1)


def _steps(means: np.ndarray) -> np.ndarray:
    """How much accuracy the 400 neurons lose from each level of parameters to the next."""
    steps = [of(means, a) - of(means, b) for a, b in zip(LARGEST, LARGEST[1:], strict=False)]
    return np.stack(steps, axis=-1)


def _excess_of_the_last_step(means: np.ndarray) -> np.ndarray:
    steps = _steps(means)
    return steps[..., -1] - steps[..., :-1].max(axis=-1)


@PART.claim(
    "DFC-1",
    "DeepFC: sparse networks beat dense ones of equal parameters; 400 neurons lose accuracy "
    "sharply between 6.3k and 3.2k parameters.",
    "sparse above dense; a sharp fall from 6.3k to 3.2k at 400 neurons",
    "trend",
    ("deepfc",),
    "fig-6-11",
    {"sparse minus dense": Trend(), "last step minus the largest other one": Trend()},
    unit="pp",
)
def sparse_beats_dense(tables: Tables) -> dict[str, Evidence]:
    accuracy = trained(tables, "deepfc", "accuracy", scale=100)
    levels = [f"{of(accuracy.column('parameters'), level[0]):,}" for level in LEVELS]
    gains = f"Sparse minus dense by parameters: {_listed(levels, _sparse_gains(accuracy.means))}."
    steps = ", ".join(f"{step:.2f}" for step in _steps(accuracy.means))
    lost = f"Lost from level to level at 400 neurons: {steps} pp."
    return {
        "sparse minus dense": trend(_mean_gain, accuracy, remark=gains),
        "last step minus the largest other one": trend(
            _excess_of_the_last_step, accuracy, remark=lost
        ),
    }


def _lenet_minus_deepfc(lenet: np.ndarray, deep: np.ndarray) -> np.ndarray:
    return (lenet - deep).mean(axis=-1)


def _gap_difference(lenet: np.ndarray, deep: np.ndarray) -> np.ndarray:
    """Sparsest minus dense: that of DeepFC minus that of Lenet, over the two smallest levels."""
    return (_sparse_gains(deep) - _sparse_gains(lenet))[..., 2:].mean(axis=-1)


def _saturation(deep: np.ndarray) -> np.ndarray:
    """Gain from 46 to 136 neurons, minus that from 136 to 400, at equal parameters."""
    each = [2 * of(deep, b) - of(deep, a) - of(deep, c) for a, b, c in TRIPLES]
    return np.mean(each, axis=0)


@PART.claim(
    "DFC-2",
    "DeepFC reaches a lower accuracy than Lenet, with a larger gap between sparse and dense; it "
    "saturates near 100 neurons, too.",
    "lower accuracy, larger gap, saturation near 100 neurons",
    "trend",
    ("grid", "deepfc"),
    "fig-6-11",
    {
        "Lenet minus DeepFC at equal neurons": Trend(),
        "gap of DeepFC minus gap of Lenet": Trend(),
        "46 to 136 neurons minus 136 to 400": Trend(),
    },
    unit="pp",
)
def deep_against_lenet(tables: Tables) -> dict[str, Evidence]:
    lenet = trained(tables, "grid", "accuracy", scale=100)
    deep = trained(tables, "deepfc", "accuracy", scale=100)
    best = f"Best set-ups: Lenet {lenet.means.max():.2f} %, DeepFC {deep.means.max():.2f} %."
    return {
        "Lenet minus DeepFC at equal neurons": trend(_lenet_minus_deepfc, lenet, deep, remark=best),
        "gap of DeepFC minus gap of Lenet": trend(_gap_difference, lenet, deep),
        "46 to 136 neurons minus 136 to 400": trend(_saturation, deep),
    }


# ---------------------------------------------------------------------------------- specialization


def _difference_at(places: np.ndarray) -> Callable:
    """Statistic: s of DeepFC minus s of Lenet, mean over the set-ups of equal neurons."""

    def statistic(lenet: np.ndarray, deep: np.ndarray) -> np.ndarray:
        return (deep - lenet)[..., places].mean(axis=-1)

    return statistic


def _mean_slope(log_neurons: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Growth of s per tenfold neurons at equal parameters, mean over the levels."""
    places = [[setup - 1 for setup in level] for level in LEVELS]
    return np.mean([slope(log_neurons[at], means[..., at]) for at in places], axis=0)


def _why_not_similar(tables: Tables) -> str:
    accuracy = trained(tables, "deepfc", "accuracy", scale=100).means
    lenet = trained(tables, "grid", "accuracy", scale=100).means
    return (
        "Where DeepFC specializes less it also has not learned as much: with 16 neurons (8, 4, 4) "
        f"its accuracies are {of(accuracy, 10):.1f} and {of(accuracy, 14):.1f} %, those of (12, 4) "
        f"{of(lenet, 10):.1f} and {of(lenet, 14):.1f} %."
    )


@PART.claim(
    "DFC-3",
    "DeepFC specializes as much as Lenet at equal neurons, and the trend of sparse networks is "
    "clearer.",
    "similar s at equal N; the trend is clearer than for Lenet",
    "trend",
    ("grid", "deepfc"),
    "fig-6-12",
    {
        **{f"DeepFC minus Lenet, {n} neurons": Similar(SPECIALIZATION) for n in (400, 136, 46, 16)},
        "slope over log N, DeepFC minus Lenet": Trend(),
    },
    unit="ds",
    domains=True,
    why=_why_not_similar,
)
def similar_specialization(tables: Tables, domain: str) -> dict[str, Evidence]:
    lenet = trained(tables, "grid", "s", domain=domain)
    deep = trained(tables, "deepfc", "s", domain=domain)
    neurons = lenet.column("n_hidden")
    log_neurons = np.log10(neurons)

    def clearer(of_lenet: np.ndarray, of_deep: np.ndarray) -> np.ndarray:
        return _mean_slope(log_neurons, of_deep) - _mean_slope(log_neurons, of_lenet)

    parts = {}
    for n in (400, 136, 46, 16):
        statistic = _difference_at(np.nonzero(neurons == n)[0])
        parts[f"DeepFC minus Lenet, {n} neurons"] = trend(statistic, lenet, deep)
    parts["slope over log N, DeepFC minus Lenet"] = trend(clearer, lenet, deep)
    return parts
