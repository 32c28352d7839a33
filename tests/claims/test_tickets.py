"""Claims on one-shot tickets, on made-up tables where the verdict is known."""

import pandas as pd
import pytest
from made_up import crossed, filled, verdict

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

DENSITIES = (0.03, 0.1, 0.25, 0.3, 0.55)


def tickets(accuracy):
    """Table tickets, with accuracies in percent that are a function of a row."""
    kinds = [("dense", 1.0)]
    kinds += [(kind, density) for kind in ("ticket", "reinitialised") for density in DENSITIES]
    table = pd.DataFrame(kinds, columns=["kind", "density"])
    table = crossed(table, model=range(5), trained=(False, True))
    return filled(table, accuracy=lambda row: (accuracy(row) + 0.02 * row["model"]) / 100)


def hill(row):
    if row["trained"]:
        return 97
    if row["kind"] == "ticket":
        return 90 - 100 * abs(row["density"] - 0.28)
    return 10


def no_hill(row):
    if row["kind"] == "ticket":
        return 80 - 70 * row["density"] + 5 * row["trained"]
    return 75


@pytest.mark.parametrize("id", ["LT-1", "LT-2"])
def test_untrained_tickets(id):
    assert verdict(id, tickets=tickets(hill)) == "reproduced"
    assert verdict(id, tickets=tickets(no_hill)) == "not reproduced"


def test_one_model_below_80_is_not_consistent():
    def one_below(row):
        return hill(row) - 20 * (row["model"] == 3 and not row["trained"])

    outcome = judge(CLAIMS["LT-1"], {"tickets": tickets(one_below)})
    assert outcome.verdict == "same direction"
    assert outcome.row["ours"] == pytest.approx(67.06)  # 90 - 3 - 20, at density .25
    assert (outcome.row["low"], outcome.row["high"]) == pytest.approx((67.06, 88.08))


def masks(magnitude):
    """Table masks_by_iteration: accuracies of the magnitude rule by iteration, in percent."""
    rules = pd.DataFrame({"rule": ["magnitude", "same sign", "trained signs"]})
    table = crossed(rules, mask_iteration=list(magnitude), density=(0.25, 0.3), model=range(5))

    def accuracy(row):
        if row["rule"] == "magnitude":
            return (magnitude[row["mask_iteration"]] - row["model"]) / 100
        return {"same sign": 0.76, "trained signs": 0.88}[row["rule"]]

    return filled(table, accuracy=accuracy, signs_kept=lambda row: 0.8)


def test_why_untrained_tickets_fail_is_told_from_the_masks():
    tables = {"tickets": tickets(no_hill), "masks_by_iteration": masks({1_000: 89, 50_000: 36})}
    remark = judge(CLAIMS["LT-1"], tables).remark
    assert "after 1,000 iterations give 87 % (worst model 85)" in remark
    assert "after 50,000 34 % (worst 32)" in remark
    assert "kept their sign gives 76 % (worst 76)" in remark
    assert "trained signs gives 88 %" in remark


def test_tickets_of_a_short_training_are_not_judged():
    tables = {"tickets": tickets(hill), "masks_by_iteration": masks({1_000: 89})}
    assert judge(CLAIMS["LT-1"], tables).verdict == "not judgeable"
    assert judge(CLAIMS["LTH-7"], tables).verdict == "not judgeable"


@pytest.mark.parametrize(
    ("advantage", "expected"),
    [(0.2, "reproduced"), (1.0, "not reproduced"), (-1.0, "not reproduced")],
)
def test_tickets_against_random_masks(advantage, expected):
    def accuracy(row):
        return 97 + advantage * (row["kind"] == "ticket" and row["trained"])

    outcome = judge(CLAIMS["LT-3"], {"tickets": tickets(accuracy)})
    assert outcome.verdict == expected
    assert f"0.03: {advantage:+.2f}" in outcome.remark
    assert ("thesis's axis" in outcome.remark) == (expected != "reproduced")


def degrees(connections):
    """Table ticket_degrees, with connections that are a function of kind, density and border."""
    kinds = pd.DataFrame({"kind": ["ticket", "reinitialised"]})
    table = crossed(kinds, density=(0.028, 0.552), model=range(3), pixel=range(784))
    row, column = table["pixel"] // 28, table["pixel"] % 28
    table["border"] = (row < 4) | (row > 23) | (column < 4) | (column > 23)
    return filled(table, connections=connections).drop(columns="border")


def bare_border(row):
    is_bare = row["kind"] == "ticket" and row["border"] and row["density"] < 0.1
    return 0 if is_bare and row["pixel"] % 10 else 5


def test_border_pixels():
    outcome = judge(CLAIMS["LT-4"], {"ticket_degrees": degrees(bare_border)})
    assert outcome.verdict == "reproduced"
    assert outcome.parts["border minus inside"].value == pytest.approx(0.9, abs=0.02)
    bare_inside = degrees(lambda row: 0 if not row["border"] else 5)
    assert verdict("LT-4", ticket_degrees=bare_inside) == "not reproduced"
    both_alike = degrees(lambda row: bare_border({**row, "kind": "ticket"}))
    outcome = judge(CLAIMS["LT-4"], {"ticket_degrees": both_alike})
    assert outcome.verdict == "not reproduced"
    assert outcome.decisive == "magnitude minus random pruning"


def test_borders_of_other_images_are_not_judged():
    other = degrees(bare_border).query("pixel < 64")
    assert verdict("LT-4", ticket_degrees=other) == "not judgeable"


def test_every_claim_on_tickets_is_tested_here():
    ids = [claim.id for claim in CLAIMS.values() if claim.part == "lottery tickets"]
    assert ids == [f"LT-{i}" for i in range(1, 5)]
