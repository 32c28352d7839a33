"""Claims on one-shot winning tickets (section 2.3 of the thesis)."""

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, Several, trend
from mbh_utils.claims.limits import Every, Similar
from mbh_utils.claims.panels import DIGIT, ITERATIONS, Panel, panel, rows
from mbh_utils.claims.rules import POINTS, Trend
from mbh_utils.claims.unjudgeable import Unjudgeable

PART = Part("lottery tickets")

#: Densities at which 70 to 75 % of the weights are removed.
THIRDS = (0.25, 0.3)
#: An image has 28 x 28 pixels, a digit fits into the 20 x 20 in the middle.
SIDE, MARGIN = 28, 4


def numbered(table: pd.DataFrame, family: str, number: str) -> pd.DataFrame:
    """The table of one family of networks, whose set-ups are the values of a column, in order."""
    setups = table[number].rank(method="dense").astype(int)
    return table.assign(dataset=DIGIT, family=family, setup=setups, parameters=table[number])


def accuracies(tables: Tables, kind: str, trained: bool, with_dense: bool = False) -> Panel:
    """Accuracies in percent by density, the lowest first."""
    kinds = [kind, "dense"] if with_dense else [kind]
    found = rows(tables["tickets"], kind=kinds, trained=trained)
    return panel(numbered(found, kind, "density"), "accuracy", scale=100)


# ---------------------------------------------------------------------------------- untrained masks


def _why_below_80(tables: Tables) -> str:
    """Which masks of which training do get there."""
    masks = rows(tables["masks_by_iteration"], density=THIRDS)
    magnitude = rows(masks, rule="magnitude").groupby("mask_iteration")["accuracy"]
    means, worst = magnitude.mean(), magnitude.min()
    iterations = means.index.to_numpy(int)
    best = int(iterations[means.to_numpy().argmax()])
    last = int(iterations.max())
    told = (
        "The length of the dense network's training decides: its magnitude masks after "
        f"{best:,} iterations give {100 * means[best]:.0f} % (worst model "
        f"{100 * worst[best]:.0f}), after {last:,} {100 * means[last]:.0f} % (worst "
        f"{100 * worst[last]:.0f}); section 2.3 names no number."
    )
    return f"{told} {_told_signs(masks, last)}".strip()


def _told_signs(masks: pd.DataFrame, iteration: int) -> str:
    """What masks give that look at signs, at the end of the dense network's training."""
    told = []
    for rule, words in (
        ("same sign", "keeping only weights that kept their sign"),
        ("trained signs", "giving the initial weights the trained signs"),
    ):
        found = masks[(masks["rule"] == rule) & (masks["mask_iteration"] == iteration)]
        if len(found):
            accuracy = 100 * found["accuracy"]
            told.append(f"{words} gives {accuracy.mean():.0f} % (worst {accuracy.min():.0f})")
    if not told:
        return ""
    return f"Long training turns signs: at {iteration:,} iterations, {' and '.join(told)}."


@PART.claim(
    "LT-1",
    "The untrained network, masked by one-shot magnitude pruning, is consistently above 80 % when "
    "70 to 75 % of its weights are removed.",
    "> 80 %",
    "number",
    ("tickets",),
    "fig-2-1",
    Every(low=80 - POINTS),
    unit="%",
    why=_why_below_80,
)
def untrained_tickets(tables: Tables) -> Evidence:
    require_long_training(tables)
    found = 100 * rows(tables["tickets"], kind="ticket", trained=False, density=THIRDS)["accuracy"]
    models = int(rows(tables["tickets"], kind="ticket")["model"].nunique())
    untrained = accuracies(tables, "dense", False).means[0]
    remark = (
        f"Told is the worst model at densities .25 and .30; their mean is {found.mean():.1f} %, "
        f"that of the untrained dense network {untrained:.1f} %."
    )
    agrees = bool(found.mean() > 80)
    return Evidence(float(found.min()), found.to_numpy(), models, agrees=agrees, remark=remark)


def require_long_training(tables: Tables) -> None:
    """The table of tickets does not say how long was trained; that of masks does."""
    try:
        longest = int(tables["masks_by_iteration"]["mask_iteration"].max())
    except KeyError:
        return
    if longest < ITERATIONS:
        raise Unjudgeable(f"trained for {longest:,} iterations, the thesis's for {ITERATIONS:,}")


def _hill(means: np.ndarray) -> np.ndarray:
    """How far the best density inside lies above both ends."""
    ends = np.maximum(means[..., 0], means[..., -1])
    return means[..., 1:-1].max(axis=-1) - ends


@PART.claim(
    "LT-2",
    "Accuracy of the untrained masked network over density is a hill (Occam's hill).",
    "an inner maximum",
    "trend",
    ("tickets",),
    "fig-2-1",
    Trend(),
    unit="pp",
)
def occams_hill(tables: Tables) -> Evidence:
    untrained = accuracies(tables, "ticket", False, with_dense=True)
    densities = untrained.column("density")
    if len(densities) < 3:
        raise Unjudgeable("a hill needs three densities")
    best = int(untrained.means.argmax())
    remark = (
        f"The best density is {densities[best]:.3g} with {untrained.means[best]:.1f} %; the ends "
        f"are {densities[0]:.3g} with {untrained.means[0]:.1f} % and {densities[-1]:.3g} with "
        f"{untrained.means[-1]:.1f} %."
    )
    return trend(_hill, untrained, remark=remark)


# --------------------------------------------------------------------------------------- after that


def _mean_difference(tickets: np.ndarray, reinitialised: np.ndarray) -> np.ndarray:
    return (tickets - reinitialised).mean(axis=-1)


def _told_by_ends(tables: Tables) -> str:
    """The tickets' advantage at both ends, beside what a reader of the thesis's figure can see."""
    tickets, others = (accuracies(tables, kind, True) for kind in ("ticket", "reinitialised"))
    difference = tickets.means - others.means
    densities = tickets.column("density")
    return (
        f"From density {densities[-1]:.3g} to {densities[0]:.3g} the advantage goes from "
        f"{difference[-1]:+.2f} to {difference[0]:+.2f} pp: little on the thesis's axis "
        "from chance to 100 %."
    )


@PART.claim(
    "LT-3",
    "Trained tickets, and trained networks with random masks and new weights, are similarly "
    "accurate.",
    "rather similar accuracy",
    "trend",
    ("tickets",),
    "fig-2-1",
    Similar(POINTS),
    unit="pp",
    why=_told_by_ends,
)
def tickets_like_random_masks(tables: Tables) -> Evidence:
    tickets = accuracies(tables, "ticket", True)
    others = accuracies(tables, "reinitialised", True)
    if not np.allclose(tickets.column("density"), others.column("density")):
        raise Unjudgeable("tickets and random masks were measured at other densities")
    each = ", ".join(
        f"{density:.3g}: {difference:+.2f}"
        for density, difference in zip(
            tickets.column("density"), tickets.means - others.means, strict=True
        )
    )
    remark = f"Told is the tickets' advantage, mean over densities; by density {each} pp."
    return trend(_mean_difference, tickets, others, remark=remark)


# ------------------------------------------------------------------------------------ pixel degrees


def _is_border(pixels: pd.Series) -> pd.Series:
    row, column = pixels // SIDE, pixels % SIDE
    inside = row.between(MARGIN, SIDE - MARGIN - 1) & column.between(MARGIN, SIDE - MARGIN - 1)
    return ~inside


def _unconnected(tables: Tables, kind: str, border: bool) -> Panel:
    """Share of the pixels without any connection, by density, the lowest first."""
    table = rows(tables["ticket_degrees"], kind=kind)
    if table["pixel"].nunique() != SIDE**2:
        raise Unjudgeable("the images are not those of Digit MNIST")
    table = table[_is_border(table["pixel"]) == border]
    table = table.assign(unconnected=(table["connections"] == 0).astype(float))
    where = "border" if border else "inside"
    return panel(numbered(table, f"{kind} {where}", "density"), "unconnected")


def _at_lowest(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one[..., 0] - other[..., 0]


def _lowest_minus_highest(means: np.ndarray) -> np.ndarray:
    return means[..., 0] - means[..., -1]


@PART.claim(
    "LT-4",
    "Magnitude pruning leaves pixels at the border without connections, the more the sparser; "
    "random pruning does not.",
    "border pixels without connections, more at density .028 than at .552",
    "trend",
    ("ticket_degrees",),
    "fig-2-2",
    {
        "magnitude minus random pruning": Trend(),
        "lowest minus highest density": Trend(),
        "border minus inside": Trend(),
    },
    unit="share",
)
def border_pixels(tables: Tables) -> Several:
    border = _unconnected(tables, "ticket", True)
    inside = _unconnected(tables, "ticket", False)
    random = _unconnected(tables, "reinitialised", True)
    densities = border.column("density")
    remark = (
        f"Told are shares of the pixels without any connection, at density {densities[0]:.3g}; "
        f"the border is what lies outside the middle 20 x 20. There {border.means[0]:.1%} of its "
        f"pixels have none, inside {inside.means[0]:.1%}, at density {densities[-1]:.3g} "
        f"{border.means[-1]:.1%}; with random masks {random.means[0]:.1%}."
    )
    parts = {
        "magnitude minus random pruning": trend(_at_lowest, border, random),
        "lowest minus highest density": trend(_lowest_minus_highest, border),
        "border minus inside": trend(_at_lowest, border, inside),
    }
    return Several(parts, remark)
