"""What Frankle & Carbin published, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import crossed, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.lottery import networks
from mbh_utils.claims.registry import CLAIMS
from mbh_utils.claims.rules import NOT_REPRODUCED

ROUNDS = range(17)  # controls at each second one, from the first on
SEEN = range(0, 50_001, 1_000)
IDS = [f"LTH-{i}" for i in range(1, 7)]


def lottery(stop, accuracy, training=lambda kind, round: 100.0, iterations=SEEN):
    """Table lottery: early stop in iterations and accuracies in percent, of kind and round."""
    kinds = pd.DataFrame({"kind": ["iterative", "reinitialised", "one-shot"]})
    table = crossed(kinds, round=ROUNDS, model=range(3), iteration=iterations)
    table = table[(table["round"] % 2 == 1) | (table["kind"] == "iterative")]
    pairs = list(zip(table["kind"], table["round"], strict=True))
    stops = np.array([stop(*pair) for pair in pairs]) + 1_000 * (table["model"] - 1)
    accuracies = np.array([accuracy(*pair) for pair in pairs]) + 0.02 * (table["model"] - 1)
    noted = np.where(table["iteration"] % 10_000, np.nan, [training(*p) / 100 for p in pairs])
    return table.assign(
        dataset="mnist",
        density=0.8 ** table["round"],
        validation_loss=(table["iteration"] - stops) ** 2,
        validation_accuracy=accuracies / 100,
        test_accuracy=accuracies / 100,
        training_accuracy=noted,
    )


def published_stop(kind, round):
    """Down to 62 % at round 7, up again from there; 1 at round 15."""
    if kind == "reinitialised":
        return 20_000 + 1_600 * round
    if round <= 7:
        return 20_000 - 1_100 * round
    return 12_300 + 1_000 * (round - 7)


def published_accuracy(kind, round):
    lost = {"iterative": 16, "one-shot": 14, "reinitialised": 6}[kind]
    gain = 0.35 if kind == "iterative" else 0.2
    if kind == "reinitialised":
        return 98.3 + (0 if round == 0 else 0.05 if round < lost else -0.2)
    return 98.3 + gain * (0 < round < lost) - 0.3 * (round >= lost)


@pytest.mark.parametrize("id", IDS)
def test_as_published(id):
    assert verdict(id, lottery=lottery(published_stop, published_accuracy)) == "reproduced"


@pytest.mark.parametrize("id", IDS)
def test_pruning_that_only_harms(id):
    def stop(kind, round):
        return 10_000 + 1_500 * round if kind != "reinitialised" else 10_000

    def accuracy(kind, round):
        return 98.3 - 0.3 * round - (kind == "iterative" and round > 0)

    harmed = lottery(stop, accuracy, training=lambda kind, round: 100 - round)
    assert verdict(id, lottery=harmed) == NOT_REPRODUCED


def test_early_stop_is_where_the_validation_loss_is_smallest():
    found = networks(lottery(published_stop, published_accuracy)).set_index(
        ["kind", "round", "model"]
    )
    assert found.loc[("iterative", 0, 1), "stop"] == 20_000
    assert found.loc[("iterative", 7, 1), "stop"] == 12_000
    assert found.loc[("iterative", 0, 2), "stop"] == 21_000


def test_several_draws_per_ticket_count_as_one_model():
    table = lottery(published_stop, published_accuracy)
    draws = crossed(table[table["kind"] == "reinitialised"], draw=range(3))
    both = pd.concat([table[table["kind"] != "reinitialised"].assign(draw=0), draws])
    assert len(networks(both)) == len(networks(table))


def test_a_crossing_that_does_not_come():
    def never_late(kind, round):
        return 20_000 if round == 0 else 8_000

    outcome = judge(CLAIMS["LTH-2"], {"lottery": lottery(never_late, published_accuracy)})
    assert outcome.verdict == NOT_REPRODUCED
    assert outcome.row["ours"] == pytest.approx(100 * 0.8**17)
    assert "is taken for the crossing" in outcome.remark


def test_short_training_and_few_rounds_are_not_judged():
    short = lottery(published_stop, published_accuracy, iterations=range(0, 10_001, 1_000))
    few = lottery(published_stop, published_accuracy).query("round < 5")
    for table in (short, few):
        assert verdict("LTH-1", lottery=table) == "not judgeable"


@pytest.mark.parametrize(("accuracy", "expected"), [(98.2, "reproduced"), (95, "not reproduced")])
def test_accuracy_of_the_dense_network(accuracy, expected):
    dense = pd.DataFrame({"kind": ["dense"], "density": [1.0], "trained": [True]})
    tickets = crossed(dense, model=range(5)).assign(accuracy=accuracy / 100)
    assert verdict("LTH-7", tickets=tickets) == expected
    rounds = lottery(published_stop, published_accuracy)
    outcome = judge(CLAIMS["LTH-7"], {"tickets": tickets, "lottery": rounds})
    assert outcome.verdict == expected
    assert len(outcome.parts) == 2


def test_what_was_not_run_is_not_judged():
    outcome = judge(CLAIMS["LTH-8"], {"lottery": lottery(published_stop, published_accuracy)})
    assert outcome.verdict == "not judgeable"
    assert "another learning rate" in outcome.remark


def test_every_published_figure_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "iterative pruning"]
    assert ids == [*IDS, "LTH-7", "LTH-8"]
