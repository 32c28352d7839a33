"""Claims on how specialization and regions develop in training (section 6.3.2 of the thesis)."""

from functools import cache

import numpy as np

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, Several, trend
from mbh_utils.claims.panels import FASHION, Panel, panel, rows
from mbh_utils.claims.rules import Between, Trend
from mbh_utils.computing.statistics import pearson, r_squared, spearman

PART = Part("training")

#: The network of Fig 6.8, and the two sparsest and the two densest ones of Fig 6.10.
DENSE_192, SPARSEST, DENSEST = 1, (7, 8), (9, 10)
#: The iterations that the thesis names: the end of the first growth, and where s starts to fall.
EARLY, TURN = 100, 1_000
#: "Larger" and "smaller" minimum coverages.
LARGE, SMALL = (0.95, 0.99, 1.0), (0.5, 0.6, 0.7, 0.8)


class Course:
    """One column of table evolution, at some set-ups and one c_P, over the iterations.

    Parameters
    ----------
    tables, domain
        As every measure gets them.
    setups : sequence of int
        Their numbers.
    family : str
        "evolving" (144-48 and its relatives, 11,065 parameters) or "lenet" (9,472; X6).
    """

    def __init__(
        self, tables: Tables, domain: str, setups: tuple[int, ...], family: str = "evolving"
    ):
        wanted = {"dataset": FASHION, "family": family, "setup": setups, "domain": domain}
        self.table = rows(tables["evolution"], **wanted)
        self.iterations = np.sort(self.table["iteration"].unique())
        self.last = int(self.iterations[-1])
        self.panel = cache(self._panel)

    def _panel(self, column: str, iteration: int, coverage: float = 0.8) -> Panel:
        return panel(self.table, column, iteration=iteration, coverage=coverage)

    def panels(self, column: str, iterations: np.ndarray, coverage: float = 0.8) -> list[Panel]:
        """One panel per iteration."""
        return [self.panel(column, int(i), coverage) for i in iterations]

    @property
    def coverages(self) -> list[float]:
        """The minimum coverages that were measured, the smallest first."""
        return sorted(map(float, self.table["coverage"].unique()))

    @property
    def early(self) -> np.ndarray:
        """The milestones of the first hundred iterations."""
        return self.iterations[self.iterations <= EARLY]

    @property
    def late(self) -> np.ndarray:
        """The milestones from the thousandth iteration on."""
        return self.iterations[self.iterations >= TURN]


def over_iterations(means: tuple[np.ndarray, ...]) -> np.ndarray:
    """The means of panels, one per iteration: ... x set-up x iteration."""
    return np.stack(means, axis=-1)


def _change(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """From the first to the last value: the mean difference over set-ups."""
    return (last - first).mean(axis=-1)


def _relative_change(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    return (last / first - 1).mean(axis=-1)


# ------------------------------------------------------------------------------------ the claims


@PART.claim(
    "TR-1",
    "Before training, a smaller minimum coverage c_P gives a larger specialization.",
    "s falls with c_P at iteration 0 (logarithmically)",
    "trend",
    ("evolution",),
    "fig-6-8",
    Trend(),
    unit="ds",
    domains=True,
)
def smaller_coverage_larger_s(tables: Tables, domain: str) -> Evidence:
    course = Course(tables, domain, (DENSE_192,))
    coverages = np.array(course.coverages)
    panels = [course.panel("s", 0, c) for c in coverages]
    means = np.array([float(one.means[0]) for one in panels])
    below_one = coverages < 1
    x = coverages[below_one]
    logarithmic = float(r_squared(np.log(1 - x), means[below_one]))
    linear = float(r_squared(x, means[below_one]))

    def smallest_step(*each: np.ndarray) -> np.ndarray:
        s = over_iterations(each)[..., 0, :]
        return (s[..., :-1] - s[..., 1:]).min(axis=-1)

    remark = (
        f"Told is the smallest step between neighbours of {len(coverages)} values of c_P. Below 1, "
        f"s is linear in log(1 - c_P) with R2 {logarithmic:.2f}, in c_P with R2 {linear:.2f}."
    )
    return trend(smallest_step, *panels, remark=remark)


def _why_not_linear(tables: Tables) -> str:
    course = Course(tables, "square", (DENSE_192,))
    fits = []
    for coverage in course.coverages:
        s = over_iterations(tuple(p.means for p in course.panels("s", course.early, coverage)))[0]
        fits.append(float(r_squared(np.log1p(course.early), s)))
    return (
        f"It grows linearly with the logarithm of the iteration instead (R2 {min(fits):.2f} to "
        f"{max(fits):.2f}): a straight line in the thesis's logarithmic Figure 6.8b. The picture "
        "that the thesis names for it (6.8c) shows region counts."
    )


@PART.claim(
    "TR-2",
    "In the first hundred iterations s grows almost linearly for every c_P; then it saturates.",
    "almost linear growth up to iteration 100, then saturation",
    "trend",
    ("evolution",),
    "fig-6-8",
    {
        "growth up to 100 (worst c_P)": Trend(),
        "gain from 100 to 1,000 less than that": Trend(side="below"),
        "R2 of a straight line over 0 to 100 (worst c_P)": Between(0.9, 1),
    },
    domains=True,
    why=_why_not_linear,
)
def linear_growth(tables: Tables, domain: str) -> dict[str, Evidence]:
    course = Course(tables, domain, (DENSE_192,))
    ends = [course.panel("s", i, c) for c in course.coverages for i in (0, EARLY, TURN)]
    early = course.early
    panels = [one for c in course.coverages for one in course.panels("s", early, c)]

    def gains(each: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
        s = over_iterations(each)[..., 0, :]
        s = s.reshape(*s.shape[:-1], -1, 3)
        return s[..., 1] - s[..., 0], s[..., 2] - s[..., 1]

    def growth(*each: np.ndarray) -> np.ndarray:
        return gains(each)[0].min(axis=-1)

    def saturation(*each: np.ndarray) -> np.ndarray:
        before, after = gains(each)
        return (after - before).mean(axis=-1)

    def straightness(*each: np.ndarray) -> np.ndarray:
        s = over_iterations(each)[..., 0, :]
        return r_squared(early, s.reshape(*s.shape[:-1], -1, len(early))).min(axis=-1)

    return {
        "growth up to 100 (worst c_P)": trend(growth, *ends),
        "gain from 100 to 1,000 less than that": trend(saturation, *ends),
        "R2 of a straight line over 0 to 100 (worst c_P)": trend(straightness, *panels),
    }


@PART.claim(
    "TR-3",
    "After about 1,000 iterations s falls for large c_P; for small c_P it stays or falls slowly.",
    "s falls for large c_P, stays for small c_P",
    "trend",
    ("evolution",),
    "fig-6-8",
    {"large c_P": Trend(side="below"), "large minus small c_P": Trend(side="below")},
    unit="ds",
    domains=True,
)
def falls_for_large_coverages(tables: Tables, domain: str) -> Several:
    course = Course(tables, domain, (DENSE_192,))
    large = [c for c in course.coverages if c in LARGE]
    small = [c for c in course.coverages if c in SMALL]
    panels = [course.panel("s", i, c) for c in large + small for i in (TURN, course.last)]

    def changes(each: tuple[np.ndarray, ...]) -> np.ndarray:
        s = over_iterations(each)[..., 0, :]
        return s[..., 1::2] - s[..., ::2]

    def of_large(*each: np.ndarray) -> np.ndarray:
        return changes(each)[..., : len(large)].mean(axis=-1)

    def difference(*each: np.ndarray) -> np.ndarray:
        return of_large(*each) - changes(each)[..., len(large) :].mean(axis=-1)

    told = changes(tuple(one.means for one in panels))
    by_coverage = sorted(zip(large + small, told, strict=True))
    each = ", ".join(f"{c:g}: {d:+.3f}" for c, d in by_coverage)
    remark = f"Change from iteration {TURN:,} to {course.last:,} by c_P: {each}."
    parts = {
        "large c_P": trend(of_large, *panels),
        "large minus small c_P": trend(difference, *panels),
    }
    return Several(parts, remark)


def _told_of_the_largest(tables: Tables) -> str:
    """What the largest network of the other family that Fig 6.10 may mean (X6) does."""
    largest = Course(tables, "square", (7,), "lenet")
    ends = (largest.panel("n_regions", 0), largest.panel("n_regions", EARLY))
    changed = trend(_relative_change, *ends)
    low, high = 100 * np.percentile(changed.samples, (2.5, 97.5))
    return (
        "The fall differs from plane to plane; it is clear where there are most neurons: with 400 "
        f"of them and 9,472 parameters it is {100 * changed.value:+.0f} % [{low:+.0f}, {high:+.0f}]"
        f", and the correlation up to 100 {_correlation_of(largest, largest.early):+.2f}."
    )


@PART.claim(
    "TR-4",
    "The number of regions falls at first, while s rises, and grows after about 1,000 iterations; "
    "the two are negatively correlated in the first hundred iterations only.",
    "fewer regions at first, clearly more after 1,000 iterations; correlation negative at first",
    "trend",
    ("evolution",),
    "fig-6-10",
    {
        "regions from 0 to 100": Trend(side="below"),
        "regions from 1,000 on": Trend(),
        "correlation up to 100": Trend(side="below"),
        "minus the correlation from 1,000 on": Trend(side="not above"),
    },
    domains=True,
    why=_told_of_the_largest,
)
def regions_fall_then_grow(tables: Tables, domain: str) -> Several:
    all_larger = Course(tables, domain, (DENSE_192, *SPARSEST))
    start, early, turn, end = (
        all_larger.panel("n_regions", i) for i in (0, EARLY, TURN, all_larger.last)
    )
    sparsest = Course(tables, domain, SPARSEST)
    dense = Course(tables, domain, (DENSE_192,))
    remark = (
        "Regions: the relative change, a mean of the dense (144, 48) network of the thesis's "
        "Figure 6.8 and the two sparsest ones of its Figure 6.10. Correlations of s and the number "
        "of regions: of the two sparsest only, since the thesis says it of the larger, sparser "
        "ones; for the dense (144, 48) network they are "
        f"{_correlation_of(dense, dense.early):+.2f} up to 100, "
        f"{_correlation_of(dense, dense.late):+.2f} from 1,000 on."
    )
    parts = {
        "regions from 0 to 100": trend(_relative_change, start, early),
        "regions from 1,000 on": trend(_relative_change, turn, end),
        "correlation up to 100": _correlation(sparsest, sparsest.early, 1),
        "minus the correlation from 1,000 on": _correlation(sparsest, sparsest.late, -1),
    }
    return Several(parts, remark)


def _s_and_regions(course: Course, iterations: np.ndarray) -> list[Panel]:
    return [*course.panels("s", iterations), *course.panels("n_regions", iterations)]


def _mean_correlation(*each: np.ndarray) -> np.ndarray:
    half = len(each) // 2
    s, regions = over_iterations(each[:half]), over_iterations(each[half:])
    return pearson(s, regions).mean(axis=-1)


def _correlation(course: Course, iterations: np.ndarray, sign: int) -> Evidence:
    panels = _s_and_regions(course, iterations)
    return trend(lambda *each: sign * _mean_correlation(*each), *panels)


def _correlation_of(course: Course, iterations: np.ndarray) -> float:
    return float(_mean_correlation(*(p.means for p in _s_and_regions(course, iterations))))


@PART.claim(
    "TR-5",
    "Specialization grows by training, and goes with the number of neurons before and after.",
    "s grows; correlated with N before and after training",
    "trend",
    ("grid",),
    "fig-6-9",
    {"s after minus before": Trend(), "rank correlation with N, before": Trend(), "after": Trend()},
    domains=True,
)
def grows_by_training(tables: Tables, domain: str) -> dict[str, Evidence]:
    wanted = {"dataset": FASHION, "domain": domain, "coverage": 0.8}
    before = panel(tables["grid"], "s", trained=False, **wanted)
    after = panel(tables["grid"], "s", trained=True, **wanted)
    n_hidden = before.column("n_hidden")

    def rank_correlation(means: np.ndarray) -> np.ndarray:
        return spearman(n_hidden, means)

    grown = int((after.means > before.means).sum())
    remark = f"s grows in {grown} of {len(n_hidden)} set-ups."
    return {
        "s after minus before": trend(_change, before, after, remark=remark),
        "rank correlation with N, before": trend(rank_correlation, before),
        "after": trend(rank_correlation, after),
    }


@PART.claim(
    "TR-6",
    "At equal parameters, the two sparsest set-ups specialize clearly more than the two densest "
    "ones throughout training, at similar accuracy.",
    "curves apart at every iteration; threshold between 41 and 89 neurons",
    "trend",
    ("evolution",),
    "fig-6-10",
    Trend(),
    unit="ds",
    domains=True,
    correction="the 11,065 parameters of the text, not the 9.5k of the caption",
)
def sparsest_above_densest(tables: Tables, domain: str) -> Evidence:
    course = Course(tables, domain, (*SPARSEST, *DENSEST))
    panels = course.panels("s", course.iterations)
    means = tuple(one.means for one in panels)
    each = _gaps(means)
    smallest = int(each.argmin())
    remark = (
        f"Told is the gap between the nearest of both pairs, mean over training. At single "
        f"iterations it is positive at {(each > 0).sum()} of {len(each)}; the smallest is "
        f"{each.min():+.3f}, at iteration {course.iterations[smallest]:,}. "
        f"{_told_steps(panels[0], over_iterations(means))} {_told_accuracies(course)}"
    )
    return trend(_mean_gap, *panels, agrees=bool((each > 0).all()), remark=remark)


def _gaps(each: tuple[np.ndarray, ...]) -> np.ndarray:
    """s of the lower one of the two sparsest, minus that of the higher one of the two densest."""
    s = over_iterations(each)  # set-ups are in order of their numbers: the sparsest come first
    return s[..., :2, :].min(axis=-2) - s[..., 2:, :].max(axis=-2)


def _mean_gap(*each: np.ndarray) -> np.ndarray:
    return _gaps(each).mean(axis=-1)


def _told_steps(first: Panel, s: np.ndarray) -> str:
    """Where adding neurons helps most: the steps of s, mean over training."""
    order = np.argsort(first.column("n_hidden"))
    neurons = first.column("n_hidden")[order]
    steps = np.diff(s.mean(axis=-1)[order])
    told = ", ".join(
        f"{a} to {b} neurons {step:+.3f}"
        for a, b, step in zip(neurons, neurons[1:], steps, strict=False)
    )
    return f"Steps of s, mean over training: {told}."


def _told_accuracies(course: Course) -> str:
    ends = course.panel("accuracy", course.last)
    order = np.argsort(ends.column("n_hidden"))
    told = ", ".join(f"{100 * value:.1f}" for value in ends.means[order])
    return f"Accuracies in the end, by neurons: {told} %."
