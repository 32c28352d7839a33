"""What Frankle & Carbin (2019) published on LeNet-300-100 and MNIST, with their protocol.

Densities P_m are shares of all weights that are left after so many rounds of pruning 20 % of each
hidden layer and 10 % of the output layer; the published ones are named by their rounds.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from mbh_utils.claims.claim import Part, Tables
from mbh_utils.claims.evidence import Evidence, Several, number, trend
from mbh_utils.claims.limits import Every
from mbh_utils.claims.panels import DIGIT, Panel, as_long_as_the_thesis, panel, rows
from mbh_utils.claims.rules import FACTOR, POINTS, Number, Trend
from mbh_utils.claims.tickets import accuracies, require_long_training
from mbh_utils.claims.unjudgeable import Unjudgeable

PART = Part("iterative pruning")
#: Where the published picture has no twin in the thesis.
FIGURE = "lottery"

#: What is known to differ, and was not tried.
UNTRIED = (
    "Not tried: standardised images, which a replication (Grzejdziak et al. 2022) needed to meet "
    "the published curves; here pixels are in [0, 1]."
)

#: Rounds of the published densities P_m: 21.1 %, 13.5 %, 2.3 % (the last one above 2 %).
AT_21, AT_13, AT_2 = 7, 9, 17
#: Rounds of the densities between which one-shot pruning was better: 64 to 16.9 %, 80 to 5.6 %.
EARLIER, HIGHER = range(2, 9), range(1, 14)


def networks(table: pd.DataFrame) -> pd.DataFrame:
    """One row per network: its early stop, and accuracies in percent there and at the end.

    Early stop is the evaluation with the smallest validation loss, determined afterwards.
    """
    keys = [name for name in ("kind", "round", "model", "draw") if name in table]
    table = table.sort_values([*keys, "iteration"], ignore_index=True)
    stops = table.loc[table.groupby(keys)["validation_loss"].idxmin()].set_index(keys)
    ends = table.groupby(keys).last()
    found = pd.DataFrame(
        {
            "density": 100 * ends["density"],
            "stop": stops["iteration"],
            "at_stop": 100 * stops["test_accuracy"],
            "at_end": 100 * ends["test_accuracy"],
            "training": 100 * ends["training_accuracy"],
        }
    )
    return found.groupby([name for name in keys if name != "draw"]).mean().reset_index()


class Rounds:
    """The networks of one kind by round, the dense network being round 0.

    Parameters
    ----------
    tables : mapping
        As every measure gets them.
    kind : str
        "iterative", "one-shot" or "reinitialised".
    """

    def __init__(self, tables: Tables, kind: str = "iterative"):
        table = rows(tables["lottery"], dataset=DIGIT)
        as_long_as_the_thesis(table)
        found = networks(table)
        of_kind = rows(found, kind=kind)
        dense = rows(found, round=0).drop_duplicates("model")
        both = pd.concat([dense, of_kind[of_kind["round"] > 0]])
        self.table = both.assign(
            dataset=DIGIT, family=kind, setup=both["round"], parameters=both["density"]
        )
        self.rounds = np.sort(self.table["round"].unique())
        self.densities = self.panel("density").means

    def panel(self, column: str) -> Panel:
        """A column by round."""
        return panel(self.table, column)

    def at(self, round: int) -> int:
        """Where a round lies along the last axis."""
        return self.panel("density").place(round)

    def places(self, wanted: range) -> np.ndarray:
        """Where those of the wanted rounds lie that were run."""
        places = np.nonzero(np.isin(self.rounds, list(wanted)))[0]
        if not len(places):
            raise Unjudgeable(f"none of rounds {wanted.start} to {wanted.stop - 1} was run")
        return places


def _first_density(
    values: np.ndarray, densities: np.ndarray, crossed: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The density of the first round from which all later ones have crossed the dense network.

    values: ... x round, those of round 0 first. Where the last round has not, the density of the
    round that would come next.
    """
    has = crossed(values[..., 1:] - values[..., :1])
    from_here_on = np.flip(np.logical_and.accumulate(np.flip(has, -1), axis=-1), -1)
    first = np.where(from_here_on.any(axis=-1), from_here_on.argmax(axis=-1), -1)
    return np.where(first >= 0, densities[1:][first], _next_density(densities))


def _next_density(densities: np.ndarray) -> float:
    """The density that one more round of pruning would leave."""
    return float(densities[-1] ** 2 / densities[-2])


# ------------------------------------------------------------------------------- iterative pruning


def _earlier(place: int) -> Callable:
    def statistic(stops: np.ndarray) -> np.ndarray:
        return 100 * (1 - stops[..., place] / stops[..., 0])

    return statistic


@PART.claim(
    "LTH-1",
    "At P_m = 21 % the early stop comes 38 % earlier than that of the dense network.",
    "38 % earlier",
    "number",
    ("lottery",),
    FIGURE,
    Number(38, factor=FACTOR, null=0),
    unit="%",
    why=UNTRIED,
)
def earlier_stop(tables: Tables) -> Evidence:
    tickets = Rounds(tables)
    return number(_earlier(tickets.at(AT_21)), tickets.panel("stop"))


@PART.claim(
    "LTH-2",
    "The early stop is as late as that of the dense network again at P_m = 3.6 %.",
    "P_m = 3.6 %",
    "number",
    ("lottery",),
    FIGURE,
    Number(3.6, factor=FACTOR),
    unit="%",
    why=UNTRIED,
)
def late_stop_again(tables: Tables) -> Evidence:
    tickets = Rounds(tables)

    def back(stops: np.ndarray) -> np.ndarray:
        return _first_density(stops, tickets.densities, lambda difference: difference >= 0)

    return number(back, tickets.panel("stop"), remark=_told_end(tickets))


def _told_end(tickets: Rounds) -> str:
    return (
        f"The last round leaves {tickets.densities[-1]:.2g} % of the weights; where a model has "
        f"not crossed the dense network by then, the next round "
        f"({_next_density(tickets.densities):.2g} %) is taken for the crossing."
    )


def _gain(place: int) -> Callable:
    def statistic(accuracy: np.ndarray) -> np.ndarray:
        return accuracy[..., place] - accuracy[..., 0]

    return statistic


def _below_from(densities: np.ndarray) -> Callable:
    """Statistic: the density from which on accuracy stays below that of the dense network."""

    def statistic(accuracy: np.ndarray) -> np.ndarray:
        return _first_density(accuracy, densities, lambda difference: difference < 0)

    return statistic


@PART.claim(
    "LTH-3",
    "At early stop, test accuracy is more than 0.3 pp above that of the dense network at P_m = "
    "13.5 %, and back at 3.6 %.",
    "+0.3 pp at 13.5 %; back at 3.6 %",
    "number",
    ("lottery",),
    FIGURE,
    {
        "gain at 13.5 % in pp": Number(0.3, tolerance=POINTS, null=0),
        "back at P_m in %": Number(3.6, factor=FACTOR),
    },
    why=UNTRIED,
)
def accuracy_at_early_stop(tables: Tables) -> Several:
    tickets = Rounds(tables)
    accuracy = tickets.panel("at_stop")
    parts = {
        "gain at 13.5 % in pp": number(_gain(tickets.at(AT_13)), accuracy),
        "back at P_m in %": number(_below_from(tickets.densities), accuracy),
    }
    return Several(parts, _told_end(tickets))


def _best_gain(accuracy: np.ndarray) -> np.ndarray:
    return (accuracy[..., 1:] - accuracy[..., :1]).max(axis=-1)


@PART.claim(
    "LTH-4",
    "After 50,000 iterations tickets gain up to 0.35 pp of test accuracy; training accuracy is "
    "about 100 % down to P_m = 2 %.",
    "up to +0.35 pp; about 100 %",
    "number",
    ("lottery",),
    FIGURE,
    {
        "largest gain in pp": Number(0.35, tolerance=POINTS, null=0),
        "lowest training accuracy in %": Every(low=100 - POINTS),
    },
    why=UNTRIED,
)
def accuracy_at_the_end(tables: Tables) -> dict[str, Evidence]:
    tickets = Rounds(tables)
    training = tickets.panel("training").of_models[:, tickets.places(range(AT_2 + 1))]
    lowest = training.mean(axis=0).min()
    return {
        "largest gain in pp": number(_best_gain, tickets.panel("at_end")),
        "lowest training accuracy in %": Evidence(
            float(lowest), training.min(axis=1), len(training), agrees=bool(lowest >= 100 - POINTS)
        ),
    }


def _times_faster(of_ticket: int, of_other: int) -> Callable:
    def statistic(tickets: np.ndarray, others: np.ndarray) -> np.ndarray:
        return others[..., of_other] / np.maximum(tickets[..., of_ticket], 1)

    return statistic


def _better(of_ticket: int, of_other: int) -> Callable:
    def statistic(tickets: np.ndarray, others: np.ndarray) -> np.ndarray:
        return tickets[..., of_ticket] - others[..., of_other]

    return statistic


@PART.claim(
    "LTH-5",
    "With new initial weights, accuracy is below that of the dense network from P_m = 21.1 % on, "
    "with the tickets' own only from 2.9 %; at 21 % tickets learn 2.51 times faster and are half "
    "a pp better.",
    "below from 21.1 % and 2.9 %; 2.51 times; +0.5 pp",
    "number",
    ("lottery",),
    FIGURE,
    {
        "reinitialised below from P_m in %": Number(21.1, factor=FACTOR),
        "tickets below from P_m in %": Number(2.9, factor=FACTOR),
        "times faster at 21 %": Number(2.51, factor=FACTOR, null=1),
        "better at 21 % in pp": Number(0.5, tolerance=POINTS, null=0),
    },
    why=UNTRIED,
)
def new_initial_weights(tables: Tables) -> Several:
    tickets = Rounds(tables)
    others = Rounds(tables, "reinitialised")
    at_21 = (tickets.at(AT_21), others.at(AT_21))
    stops = (tickets.panel("stop"), others.panel("stop"))
    accuracy = (tickets.panel("at_stop"), others.panel("at_stop"))
    parts = {
        "reinitialised below from P_m in %": number(_below_from(others.densities), accuracy[1]),
        "tickets below from P_m in %": number(_below_from(tickets.densities), accuracy[0]),
        "times faster at 21 %": number(_times_faster(*at_21), *stops),
        "better at 21 % in pp": number(_better(*at_21), *accuracy),
    }
    return Several(parts, _told_end(tickets))


# --------------------------------------------------------------------------- one-shot, and the rest


@PART.claim(
    "LTH-6",
    "One-shot tickets stop earlier (67.5 to 17.6 %) and are more accurate (95 to 5.17 %) than the "
    "dense network, but less than iterative ones.",
    "earlier and better than dense, weaker than iterative",
    "trend",
    ("lottery",),
    FIGURE,
    {
        "earlier stop in %": Trend(),
        "better than dense in pp": Trend(),
        "iterative minus one-shot in pp": Trend(),
    },
    why=UNTRIED,
)
def one_shot(tables: Tables) -> Several:
    shots = Rounds(tables, "one-shot")
    tickets = Rounds(tables)
    earlier = shots.places(EARLIER)
    higher = shots.places(HIGHER)
    common = [n for n in shots.rounds if n >= AT_21 and n in tickets.rounds]
    if not common:
        raise Unjudgeable("one-shot and iterative pruning have no round below 21 % in common")
    of_shots = [shots.at(n) for n in common]
    of_tickets = [tickets.at(n) for n in common]

    def stops_earlier(stops: np.ndarray) -> np.ndarray:
        return 100 * (1 - stops[..., earlier] / stops[..., :1]).mean(axis=-1)

    def better(accuracy: np.ndarray) -> np.ndarray:
        return (accuracy[..., higher] - accuracy[..., :1]).mean(axis=-1)

    def weaker(shot: np.ndarray, iterative: np.ndarray) -> np.ndarray:
        return (iterative[..., of_tickets] - shot[..., of_shots]).mean(axis=-1)

    told = ", ".join(f"{density:.3g}" for density in shots.densities[1:])
    accuracy = shots.panel("at_stop")
    parts = {
        "earlier stop in %": trend(stops_earlier, shots.panel("stop")),
        "better than dense in pp": trend(better, accuracy),
        "iterative minus one-shot in pp": trend(weaker, accuracy, tickets.panel("at_stop")),
    }
    return Several(parts, f"One-shot networks were trained at P_m = {told} %.")


def _first(means: np.ndarray) -> np.ndarray:
    return means[..., 0]


@PART.claim(
    "LTH-7",
    "The dense network has just over 98 % test accuracy at the end.",
    "just over 98 %",
    "number",
    ("tickets",),
    "fig-2-1",
    Number(98, tolerance=POINTS),
    unit="%",
)
def dense_accuracy(tables: Tables) -> dict[str, Evidence]:
    require_long_training(tables)
    of_thesis = number(_first, accuracies(tables, "dense", True))
    parts = {"with the thesis's protocol": of_thesis}
    if "lottery" in tables:
        protocol = Rounds(tables).panel("at_end")
        parts["with that of Frankle & Carbin"] = number(_first, protocol)
    return parts


@PART.claim(
    "LTH-8",
    "Learning rates from 2e-4 to 2e-3 give similar accuracy; SGD at 0.4 to 0.8 keeps tickets down "
    "to below 1 %.",
    "similar accuracy; tickets below 1 %",
    "trend",
    ("lottery",),
    FIGURE,
    Trend(),
)
def other_learning_rates(tables: Tables) -> Evidence:
    raise Unjudgeable("no network was trained at another learning rate, nor by SGD")
