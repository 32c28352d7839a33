"""Claims on activation regions and their borders (Figs 1.1, 3.5, 6.5 and 6.12 of the thesis)."""

from itertools import pairwise

import numpy as np

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.comparisons import Statistic, difference, levels, one
from mbh_utils.claims.coverage import of_figure
from mbh_utils.claims.evidence import Evidence, number, trend
from mbh_utils.claims.panels import FASHION, MARGIN, Panel, panel
from mbh_utils.claims.rules import FACTOR, Between, Number, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable

PART = Part("regions")
FIGURE = ("figure_planes",)
#: Set-ups of Figs 1.1 and 6.5: the same number of parameters, and the same number of neurons.
SMALL_DENSE, SPARSE, LARGE_DENSE = 10, 7, 1


def _other_margins(tables: Tables, domain: str, told) -> str:
    """The same in squares of other margins, as far as they were measured."""
    if domain != "square":
        return ""
    found = []
    for margin in (1.0, 1.25):
        try:
            found.append(f"margin {margin:g}: {told(margin)}")
        except Unjudgeable:
            continue
    return f"{'; '.join(found)}; judged with margin {MARGIN:g}." if found else ""


def _square(domain: str, margin: float) -> dict:
    return {"margin": margin} if domain == "square" else {}


# ------------------------------------------------------------------------- one plane, as in Fig 1.1


def _counts(tables: Tables, domain: str, margin: float = MARGIN) -> Panel:
    return of_figure(tables, "n_regions", domain, **_square(domain, margin))


def _ratio(found: Panel, setup: int, other: int) -> Statistic:
    places = found.place(setup), found.place(other)
    return lambda means: means[..., places[0]] / means[..., places[1]]


def _per_n2(found: Panel, setup: int) -> str:
    """The mean count in units of N^2/2, which is expected of N random lines."""
    count = one(found, setup)(found.means)
    n_hidden = one(found, setup)(found.column("n_hidden"))
    return f"{2 * count / n_hidden**2:.3f} N^2/2 in the mean."


@PART.claim(
    "REG-1",
    "On one plane the small dense network has 56 activation regions, the large sparse one with as "
    "many parameters over 500 times more.",
    "56 and 34,909: 623 times",
    "number",
    FIGURE,
    "fig-1-1",
    {
        "(12, 4) dense": Number(56, factor=FACTOR),
        "(300, 100) sparse": Number(34_909, factor=FACTOR),
        "ratio": Number(623, factor=FACTOR, null=1),
    },
    unit="count",
    domains=True,
)
def regions_on_one_plane(tables: Tables, domain: str) -> dict[str, Evidence]:
    found = _counts(tables, domain)

    def at(margin: float) -> str:
        near = _counts(tables, domain, margin)
        return f"{one(near, SMALL_DENSE)(near.means):,.0f} and {one(near, SPARSE)(near.means):,.0f}"

    dense = _per_n2(found, SMALL_DENSE)
    sparse = _per_n2(found, SPARSE)
    others = _other_margins(tables, domain, at)
    ratio = _ratio(found, SPARSE, SMALL_DENSE)
    return {
        "(12, 4) dense": number(one(found, SMALL_DENSE), found, every_plane=True, remark=dense),
        "(300, 100) sparse": number(one(found, SPARSE), found, every_plane=True, remark=sparse),
        "ratio": number(ratio, found, every_plane=True, remark=others),
    }


def _covered(tables: Tables, domain: str, setup: int) -> Evidence:
    """The share of the plane that the blanket of class 9 covers at c_P = 1."""
    wanted = {"coverage": 1.0, "class": 9}
    found = of_figure(tables, "s", domain, **wanted, **_square(domain, MARGIN))
    share = one(found, setup)

    def at(margin: float) -> str:
        near = of_figure(tables, "s", domain, **wanted, margin=margin)
        return f"{1 - one(near, setup)(near.means):.1%}"

    less = share(found.means) > one(found, SMALL_DENSE)(found.means)
    agrees = None if setup == SMALL_DENSE else bool(less)
    whole = np.mean(np.isclose(found.values[found.place(setup)], 0))
    told = f"The whole plane in {whole:.0%} of models and planes. "
    told += _other_margins(tables, domain, at)
    return number(
        lambda means: 1 - share(means), found, every_plane=True, agrees=agrees, remark=told.strip()
    )


def _of_class_9(id: str, claim: str, thesis: str, figure: str, share: float, setup: int) -> None:
    """Register the claim that a network's blanket of class 9 covers so much of the plane."""

    @PART.claim(
        id,
        claim,
        thesis,
        "number",
        FIGURE,
        figure,
        Number(share, factor=FACTOR),
        unit="share",
        domains=True,
        correction="the captions of the thesis's Figure 6.5 give 4.7k parameters for the "
        "networks of its Figures 1.1 and 6.7; 9,472 are taken"
        if setup != LARGE_DENSE
        else "",
    )
    def covered(tables: Tables, domain: str) -> Evidence:
        return _covered(tables, domain, setup)


_of_class_9(
    "REG-2",
    "On one plane, at c_P = 1, the large sparse network's blanket of class 9 covers a part only.",
    "42 %",
    "fig-6-5",
    0.42,
    SPARSE,
)
_of_class_9(
    "REG-3",
    "On the same plane the small dense network's blanket of class 9 is trivial: all of it.",
    "100 %",
    "fig-6-5",
    1.0,
    SMALL_DENSE,
)
_of_class_9(
    "REG-4",
    "On the same plane the large dense network's blanket of class 9 covers the smallest part.",
    "27 %",
    "fig-6-5",
    0.27,
    LARGE_DENSE,
)


# -------------------------------------------------------------------------------- means over planes


@PART.claim(
    "REG-5",
    "At an equal number of parameters, more neurons make more regions per area (here: the "
    "smallest ratio of two neighbours).",
    "the count grows with N at each number of parameters",
    "trend",
    ("grid",),
    "fig-3-5",
    Trend(null=1),
    domains=True,
)
def more_regions_with_neurons(tables: Tables, domain: str) -> Evidence:
    grid = tables["grid"]
    grid = grid.assign(per_area=grid["n_regions"] / grid["area"])
    found = panel(grid, "per_area", dataset=FASHION, trained=True, domain=domain)
    steps = [step for places in levels(found).values() for step in pairwise(places)]
    fewer, more = np.array(steps).T
    return trend(lambda means: (means[..., more] / means[..., fewer]).min(axis=-1), found)


@PART.claim(
    "REG-6",
    "The hyperplanes of the sparse network bend less than those of the dense one with as many "
    "neurons (here: difference of mean turning angles).",
    "less bent",
    "trend",
    ("bending",),
    "fig-6-5",
    Trend(side="below"),
    unit="degrees",
    domains=True,
)
def bends_less(tables: Tables, domain: str) -> Evidence:
    wanted = {"dataset": FASHION, "trained": True, "domain": domain}
    angle = panel(tables["bending"], "turning_angle", **wanted)
    straight = panel(tables["bending"], "straight", **wanted)
    told = "; ".join(
        f"{name} {one(angle, setup)(angle.means):.2f} degrees per crossing, "
        f"{one(straight, setup)(straight.means):.0%} of them straight"
        for name, setup in (("sparse", SPARSE), ("dense", LARGE_DENSE))
    )
    return trend(difference(angle, SPARSE, LARGE_DENSE), angle, remark=f"{told}.".capitalize())


PEAKS = {"lenet": "density of Lenet's peak", "deepfc": "density of DeepFC's peak"}


@PART.claim(
    "REG-7",
    "Of networks with 400 neurons those of a density below 0.5 make the most regions, and Lenet's "
    "peak lies at a lower density than DeepFC's.",
    "peak below 0.5 for both, lower for Lenet",
    "trend",
    ("grid", "deepfc", "densities"),
    "fig-6-12",
    {
        PEAKS["lenet"]: Trend(0.5, "below"),
        PEAKS["deepfc"]: Trend(0.5, "below"),
        "DeepFC's minus Lenet's": Trend(),
    },
    domains=True,
)
def peaks_when_sparse(tables: Tables, domain: str) -> dict[str, Evidence]:
    lenet = _of_400_neurons(tables, "grid", "lenet", domain)
    deepfc = _of_400_neurons(tables, "deepfc", "deepfc", domain)
    of_lenet = _density_of_peak(lenet)
    of_deepfc = _density_of_peak(deepfc)

    def apart(one, same, other, others):
        return of_deepfc(other, others) - of_lenet(one, same)

    return {
        PEAKS["lenet"]: trend(of_lenet, *lenet),
        PEAKS["deepfc"]: trend(of_deepfc, *deepfc),
        "DeepFC's minus Lenet's": trend(apart, *lenet, *deepfc),
    }


def _of_400_neurons(tables: Tables, name: str, family: str, domain: str) -> tuple[Panel, Panel]:
    """Counts of regions by density: those of the set-ups, and those of the densities between."""
    wanted = {"dataset": FASHION, "family": family, "trained": True, "domain": domain}
    wanted["n_hidden"] = 400
    setups = panel(tables[name], "n_regions", **wanted)
    return setups, panel(tables["densities"], "n_regions", **wanted)


def _density_of_peak(found: tuple[Panel, Panel]) -> Statistic:
    densities = np.concatenate([one.column("density") for one in found])
    return lambda *means: densities[np.concatenate(means, axis=-1).argmax(axis=-1)]


def _lenet_and_deepfc(tables: Tables, domain: str) -> tuple[Panel, Panel]:
    wanted = {"dataset": FASHION, "trained": True, "domain": domain}
    lenet = panel(tables["grid"], "n_regions", **wanted)
    return lenet, panel(tables["deepfc"], "n_regions", **wanted)


@PART.claim(
    "REG-8",
    "At an equal number of neurons three layers make somewhat more regions than two, not "
    "exponentially more (here: DeepFC's count over Lenet's).",
    "more, but relatively close",
    "trend",
    ("grid", "deepfc"),
    "fig-6-12",
    Between(1, 2),
    domains=True,
)
def hardly_more_by_depth(tables: Tables, domain: str) -> Evidence:
    lenet, deepfc = _lenet_and_deepfc(tables, domain)
    ratios = deepfc.means / lenet.means
    told = f"From {ratios.min():.2f} to {ratios.max():.2f}, above 1 in {np.sum(ratios > 1)} of "
    told += f"{len(ratios)} set-ups."
    return trend(lambda a, b: np.exp(np.log(b / a).mean(axis=-1)), lenet, deepfc, remark=told)


@PART.claim(
    "REG-9",
    "The two most pruned large Lenets make over 50 % more regions than the DeepFCs (here: Lenet's "
    "count over DeepFC's).",
    "over 50 % more",
    "number",
    ("grid", "deepfc"),
    "fig-6-12",
    Trend(1.5, direction=1),
    domains=True,
)
def more_by_pruned_lenets(tables: Tables, domain: str) -> dict[str, Evidence]:
    lenet, deepfc = _lenet_and_deepfc(tables, domain)
    return {
        name: trend(_over_other(lenet, deepfc, setup), lenet, deepfc)
        for name, setup in (("9,472 and 6,336 parameters", 7), ("4,736 and 3,168", 11))
    }


def _over_other(lenet: Panel, deepfc: Panel, setup: int) -> Statistic:
    of_lenet = one(lenet, setup)
    of_deepfc = one(deepfc, setup)
    return lambda a, b: of_lenet(a) / of_deepfc(b)
