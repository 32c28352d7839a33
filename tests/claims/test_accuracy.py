"""Claims on accuracy, on made-up tables where the verdict is known."""

import numpy as np
import pytest
from made_up import crossed, filled, networks, verdict

from mbh_utils.claims.claim import Claim
from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS


def grid(accuracy, **chosen):
    """A grid with these accuracies in percent, by data set and set-up; models differ by 0.1."""

    def of_network(row):
        return (accuracy(row) + 0.1 * (row["model"] - 2)) / 100

    return filled(networks(**chosen), accuracy=of_network)


def as_in_the_thesis(row):
    """Accuracies that agree with every claim: growing with log N and, less so, log parameters."""
    if row["dataset"] == "fashion_mnist":
        known = {14: 84.1, 1: 89.1, 11: 86.7, 7: 87.5}
        return known.get(row["setup"], _grown(row, 84.1, 86.7))
    known = {14: 91.7, 1: 98.6, 11: 95.3, 7: 96.5}
    return known.get(row["setup"], _grown(row, 91.7, 95.3))


def _grown(row, lowest, widest):
    """In between: more with neurons, the less the more parameters there are."""
    share = np.log(row["n_hidden"] / 16) / np.log(400 / 16)
    share = 1 - (1 - share) ** 1.5  # ends flat
    level = np.log(row["parameters"] / 4_736) / np.log(265_600 / 4_736)
    gain = (widest - lowest) * (1 - level)
    return lowest + gain * share + (89 - 84.1) * level


def upside_down(row):
    """The opposite: fewer neurons are better, Fashion is easier."""
    return 190 - as_in_the_thesis(row) + (9 if row["dataset"] == "fashion_mnist" else -9)


@pytest.mark.parametrize("id", [f"ACC-{i}" for i in range(1, 11)])
def test_claims_on_the_grid(id):
    assert verdict(id, grid=grid(as_in_the_thesis)) == "reproduced"
    assert verdict(id, grid=grid(upside_down)) == "not reproduced"


def test_a_number_outside_of_the_tolerance_but_of_the_right_order():
    def two_points_off(row):
        return as_in_the_thesis(row) - 2

    found = grid(two_points_off)
    assert verdict("ACC-1", grid=found) == "same direction"
    assert verdict("ACC-3", grid=found) == "reproduced", "a difference does not see it"


@pytest.mark.parametrize("id", ["ACC-1", "ACC-6"])
def test_numbers_need_the_models_and_iterations_of_the_thesis(id):
    few = grid(as_in_the_thesis, models=2)
    short = grid(as_in_the_thesis, iterations=10_000)
    fashion = grid(as_in_the_thesis, datasets=["digits8"])
    for table, told in ((few, "2 models"), (short, "10,000 iterations"), (fashion, "mnist")):
        outcome = judge(CLAIMS[id], {"grid": table})
        assert outcome.verdict == "not judgeable"
        assert told in outcome.remark


def test_the_thesis_has_three_models_on_digit():
    def unlike_the_later_ones(row):
        return as_in_the_thesis(row) - 20 * (row["setup"] == 14 and row["model"] > 2)

    outcome = judge(CLAIMS["ACC-5"], {"grid": grid(unlike_the_later_ones)})
    assert outcome.verdict == "reproduced"
    assert outcome.row["models"] == 3
    assert "Over all 5 models" in outcome.remark


def test_saturation_and_logarithm():
    def flat_after_136(row):  # logarithmic in both, but for the last step, which is half as high
        n = min(row["n_hidden"], 136 * np.sqrt(400 / 136))
        return 60 + 3 * np.log(n) + np.log(row["parameters"])

    def linear(row):
        return 60 + 0.03 * row["n_hidden"] + row["parameters"] / 20_000

    assert verdict("ACC-11", grid=grid(flat_after_136)) == "reproduced"
    assert verdict("ACC-11", grid=grid(linear)) == "not reproduced"


def histories(curve):
    seen = crossed(networks(datasets=["fashion_mnist"]).drop(columns="iteration"), iteration=SEEN)
    return filled(seen, accuracy=lambda row: curve(row["iteration"]))


SEEN = (0, 1_000, 10_000, 30_000, 50_000)


@pytest.mark.parametrize(
    "curve, expected",
    [
        ({1_000: 0.8, 10_000: 0.898, 30_000: 0.902, 50_000: 0.9}, "reproduced"),
        ({1_000: 0.8, 10_000: 0.898, 30_000: 0.91, 50_000: 0.9}, "not reproduced"),  # overfits
        ({1_000: 0.8, 10_000: 0.88, 30_000: 0.89, 50_000: 0.9}, "not reproduced"),  # still grows
    ],
)
def test_overfitting(curve, expected):
    made = histories(lambda iteration: curve.get(iteration, 0.1))
    outcome = judge(CLAIMS["ACC-12"], {"histories": made})
    assert outcome.verdict == expected
    assert ("flat in a plot" in outcome.remark) == (expected != "reproduced")


def test_every_claim_on_accuracy_is_tested_here():
    assert all(isinstance(claim, Claim) for claim in CLAIMS.values())
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "accuracy"]
    assert ids == [f"ACC-{i}" for i in range(1, 13)]
