"""Claims on the minimum coverage c_P (section 6.3.1, appendix B of the thesis)."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.comparisons import difference, one
from mbh_utils.claims.evidence import Evidence, trend
from mbh_utils.claims.panels import DIGIT, FASHION, TITLES, Panel, panel, rows
from mbh_utils.claims.rules import FACTOR, SPECIALIZATION, Between, Exact, Number, Trend
from mbh_utils.claims.specialization import trained
from mbh_utils.computing.statistics import r_squared, slope

PART = Part("coverage")
GRID = ("grid",)
#: The set-ups with 9,472 hidden parameters, the sparsest first.
EQUAL = (7, 8, 9, 10)
BELOW = (0.5, 0.6, 0.7, 0.8, 0.9)
ABOVE = (0.9, 0.95, 0.99, 1.0)


# ----------------------------------------------------------------------------------- s over c_P


def _over(values: tuple[float, ...], means: list[np.ndarray], fit) -> np.ndarray:
    """A fit over c_P for each set-up, the mean over set-ups."""
    return fit(np.array(values), np.stack(means, axis=-1)).mean(axis=-1)


def _linear(*means: np.ndarray) -> np.ndarray:
    return _over(BELOW, list(means), r_squared)


def _steeper(*means: np.ndarray) -> np.ndarray:
    """How much steeper the fall from c_P = 0.9 on is than the one before."""
    before = _over(BELOW, list(means[: len(BELOW)]), slope)
    after = _over(ABOVE, list(means[len(BELOW) - 1 :]), slope)
    return before - after


@PART.claim(
    "CP-1",
    "With 9,472 parameters s falls about linearly in c_P below 0.9, and fast above.",
    "almost linear below 0.9, quick above",
    "trend",
    GRID,
    "fig-6-6",
    {
        **{f"{TITLES[data]}, R2 below 0.9": Between(0.9, 1) for data in (DIGIT, FASHION)},
        **{f"{TITLES[data]}, slope below minus above": Trend() for data in (DIGIT, FASHION)},
    },
    domains=True,
)
def linear_then_fast(tables: Tables, domain: str) -> dict[str, Evidence]:
    parts = {}
    for data in (DIGIT, FASHION):
        seen = [
            trained(tables["grid"], data, domain, coverage, setup=EQUAL)
            for coverage in (*BELOW, *ABOVE[1:])
        ]
        parts[f"{TITLES[data]}, R2 below 0.9"] = trend(_linear, *seen[: len(BELOW)])
        parts[f"{TITLES[data]}, slope below minus above"] = trend(_steeper, *seen)
    return parts


ADVANTAGE = "{}, sparse minus dense at 1"
LARGEST = "{}, the largest s at 1"


def _at_one(table: pd.DataFrame, data: str, domain: str) -> dict[str, Evidence]:
    """The sparse advantage, and the largest s of the four set-ups, at c_P = 1."""
    whole = trained(table, data, domain, 1.0, setup=EQUAL)
    usual = trained(table, data, domain, 0.8, setup=EQUAL)
    before = difference(usual, 7, 10)(usual.means)
    told = f"{before:+.3f} at c_P = 0.8."
    return {
        ADVANTAGE.format(TITLES[data]): trend(difference(whole, 7, 10), whole, remark=told),
        LARGEST.format(TITLES[data]): trend(lambda means: means.max(axis=-1), whole),
    }


def _with_training_patterns(tables: Tables) -> str:
    """What CP-2 gives with the patterns of the training images."""
    told = []
    for data in (DIGIT, FASHION):
        for name, evidence in _at_one(tables["training_patterns"], data, "square").items():
            told.append(f"{name} {evidence.value:+.3f}")
    return (
        "It depends on the samples that make the maximal patterns: with the training images "
        f"instead of the fewer validation ones, {'; '.join(told)}."
    )


@PART.claim(
    "CP-2",
    "Towards c_P = 1 the sparse networks' advantage disappears, and s approaches 0 for all.",
    "the advantage disappears above 0.95; all approach 0",
    "trend",
    GRID,
    "fig-6-6",
    {
        **{ADVANTAGE.format(TITLES[data]): Trend(side="not above") for data in (DIGIT, FASHION)},
        **{LARGEST.format(TITLES[data]): Between(-np.inf, 0.1) for data in (DIGIT, FASHION)},
    },
    unit="ds",
    domains=True,
    why=_with_training_patterns,
)
def nothing_is_left(tables: Tables, domain: str) -> dict[str, Evidence]:
    return _at_one(tables["grid"], DIGIT, domain) | _at_one(tables["grid"], FASHION, domain)


# ------------------------------------------------------------------------------- blankets on planes


def of_figure(tables: Tables, column: str, domain: str, **wanted) -> Panel:
    """A column of the table of planes through the classes 0, 1 and 9 of Fashion-MNIST."""
    wanted = {"dataset": FASHION, "trained": True, "domain": domain, **wanted}
    return panel(tables["figure_planes"], column, **wanted)


CASES, AT_ONE = "cases of 8", "cases of 2 at c_P = 1, the dense one smaller"


@PART.claim(
    "CP-3",
    "On one plane, with classes 0 and 1 and four values of c_P, the sparse network's blanket is "
    "the smaller one in 6 of 8 cases; at c_P = 1 it is the dense one's.",
    "6 of 8; at c_P = 1 the dense one smaller in both",
    "number",
    ("figure_planes",),
    "fig-6-7",
    {CASES: Number(6, factor=FACTOR, null=4), AT_ONE: Number(2, factor=FACTOR, null=1)},
    unit="count of few",
    domains=True,
)
def smaller_in_six_of_eight(tables: Tables, domain: str) -> dict[str, Evidence]:
    pairs = [
        _sparse_and_dense(tables, domain, cls, coverage) for cls in (0, 1) for coverage in ABOVE
    ]
    at_one = [_sparse_and_dense(tables, domain, cls, 1.0) for cls in (0, 1)]
    smaller = np.sum([sparse > dense for sparse, dense in pairs], axis=0)
    larger = np.sum([sparse < dense for sparse, dense in at_one], axis=0)
    models, planes = smaller.shape
    share = np.mean(smaller == 6)
    told = f"A mean over {models} models and {planes} planes; exactly 6 in {share:.0%} of them."
    return {
        CASES: Evidence(float(smaller.mean()), smaller.ravel(), models, planes, remark=told),
        AT_ONE: Evidence(float(larger.mean()), larger.ravel(), models, planes),
    }


def _sparse_and_dense(tables: Tables, domain: str, cls: int, coverage: float) -> np.ndarray:
    """The specializations of the two networks: network x model x plane."""
    found = of_figure(tables, "s", domain, coverage=coverage, **{"class": cls})
    return found.values[[found.place(7), found.place(10)]]


@PART.claim(
    "CP-4",
    "Blankets grow and constraints become fewer as c_P grows: they are nested (here: share of "
    "steps in which neither s nor the number of constraints grows).",
    "nested",
    "trend",
    GRID,
    "fig-4-6",
    Exact(1.0),
    unit="share",
    domains=True,
)
def nested(tables: Tables, domain: str) -> Evidence:
    grid = rows(tables["grid"], domain=domain)
    networks = ["dataset", "family", "setup", "model", "trained"]
    keys = [*networks, "plane", "class"]
    ordered = grid.sort_values([*keys, "coverage"])
    same = ordered.duplicated(keys).to_numpy()  # a step from the row before
    shrinks = ordered["s"].diff().to_numpy() <= 1e-9
    fewer = ordered["n_constraints"].diff().to_numpy() <= 0
    holds = (shrinks & fewer)[same]
    models, planes = grid["model"].nunique(), grid["plane"].nunique()
    told = f"{int(holds.sum()):,} of {len(holds):,} steps."
    return Evidence(float(holds.mean()), np.array([holds.mean()]), models, planes, remark=told)


@PART.claim(
    "CP-5",
    "On the plane of classes 0, 1 and 9 the sparse network's blanket of class 7 misses the plane "
    "for c_P < 1, and those of classes 6 and 8 are large in both networks.",
    "class 7 misses the plane; 6 and 8 large",
    "trend",
    ("figure_planes",),
    "fig-b-2",
    {
        "class 7's share of the plane": Between(-np.inf, SPECIALIZATION),
        "sparse, classes 6 and 8 minus all": Trend(),
        "dense, classes 6 and 8 minus all": Trend(),
    },
    unit="share",
    domains=True,
)
def seven_misses(tables: Tables, domain: str) -> dict[str, Evidence]:
    below = ABOVE[:-1]
    seven = of_figure(tables, "s", domain, coverage=below, setup=7, **{"class": 7})
    missed = np.mean(np.isclose(seven.values, 1))
    told = f"It misses the plane altogether in {missed:.0%} of models and planes."
    parts = {
        "class 7's share of the plane": trend(lambda s: 1 - s[..., 0], seven, remark=told),
    }
    large = of_figure(tables, "s", domain, coverage=ABOVE, **{"class": (6, 8)})
    usual = of_figure(tables, "s", domain, coverage=ABOVE)
    for name, setup in (("sparse", 7), ("dense", 10)):
        at = one(usual, setup)
        parts[f"{name}, classes 6 and 8 minus all"] = trend(
            lambda of_these, of_all, at=at: at(of_all) - at(of_these), large, usual
        )
    return parts
