"""Claims on distinct patterns, on small examples and on costs, on made-up tables."""

import numpy as np
import pandas as pd
import pytest
from made_up import crossed, filled, networks, verdict

from mbh_utils.claims import patterns as patterns_of_claims
from mbh_utils.claims import toy
from mbh_utils.claims.ledger import judge
from mbh_utils.claims.registry import CLAIMS

# ---------------------------------------------------------------------------------------- patterns


def patterns(activation=lambda row: 1_000, last_layer=lambda row: 1_000):
    table = networks(datasets=["fashion_mnist"], trained=(False, True)).assign(images=1_000)
    return filled(table, activation_patterns=activation, last_layer_patterns=last_layer)


def test_every_image_has_its_own_pattern():
    def fewer_when_small(row):
        return 1_000 if row["n_hidden"] >= 136 else 500

    outcome = judge(CLAIMS["AP-1"], {"patterns": patterns(fewer_when_small)})
    assert outcome.verdict == "reproduced"
    assert "500 with 46 neurons" in outcome.remark
    assert "Exceptions" not in outcome.remark


def test_one_shared_pattern_is_enough_to_fail():
    def one_shared(row):
        return 999 if (row["setup"], row["model"], row["trained"]) == (8, 2, True) else 1_000

    outcome = judge(CLAIMS["AP-1"], {"patterns": patterns(one_shared)})
    assert outcome.verdict == "not reproduced"
    assert outcome.row["ours"] == 999
    assert verdict("AP-1", patterns=patterns().query("trained")) == "not judgeable"


def test_last_layer_patterns_of_the_sparsest():
    def fewer(row):
        return 700 + row["model"] if row["parameters"] < 5_000 else 850 + row["model"]

    def more(row):
        return 900 + row["model"] if row["parameters"] < 5_000 else 850 + row["model"]

    assert verdict("AP-2", patterns=patterns(last_layer=fewer)) == "reproduced"
    assert verdict("AP-2", patterns=patterns(last_layer=more)) == "not reproduced"
    assert patterns_of_claims.NEURONS == 136


# ----------------------------------------------------------------------------------- small examples


@pytest.mark.parametrize(("best", "expected"), [(0.948, "reproduced"), (0.85, "not reproduced")])
def test_the_best_toy_counts(best, expected):
    made = pd.DataFrame({"seed": range(4), "accuracy": [0.5, best, 0.7, 0.6]})
    outcome = judge(CLAIMS["TOY-1"], {"toy": made})
    assert outcome.verdict == expected
    assert "worst 50.0 %" in outcome.remark


def test_regions_of_figure_3_2_are_counted(monkeypatch):
    outcome = judge(CLAIMS["TOY-2"], {})
    assert (outcome.verdict, outcome.row["ours"]) == ("reproduced", 20)
    assert "4, 11 and 20" in outcome.remark
    monkeypatch.setattr(toy, "FIGURE_3_2", [*toy.FIGURE_3_2[:2], (np.eye(2), np.zeros(2))])
    assert judge(CLAIMS["TOY-2"], {}).verdict == "not reproduced"


def test_coverage_of_the_example_is_computed(monkeypatch):
    assert judge(CLAIMS["EX-1"], {}).verdict == "reproduced"
    monkeypatch.setattr(toy, "activation_patterns", lambda *given: np.zeros((10, 1), bool))
    assert judge(CLAIMS["EX-1"], {}).verdict == "not reproduced"


# -------------------------------------------------------------------------------------------- costs


def costs(seconds, **chosen):
    table = networks(datasets=["fashion_mnist"], models=1, **chosen)
    return filled(crossed(table, plane=range(10)), seconds=seconds)


def test_core_hours_are_told_and_not_judged():
    made = costs(lambda row: 3.6 if row["n_hidden"] == 400 else 0.36)
    outcome = judge(CLAIMS["COST-1"], {"costs": made})
    assert outcome.verdict == "not judgeable"
    hours = (5 * 3.6 + 9 * 0.36) * 10 * 10 / 3600  # set-ups x networks of each x planes
    assert outcome.row["ours"] == pytest.approx(hours)
    assert outcome.row["planes"] == 10
    assert f"{345.6 / hours:,.0f} times less" in outcome.remark
    assert "set-up 1, 400 neurons" in outcome.remark


def test_costs_of_some_set_ups_only_are_no_total():
    some = costs(lambda row: 1, setups=range(1, 8))
    outcome = judge(CLAIMS["COST-1"], {"costs": some})
    assert outcome.verdict == "not judgeable"
    assert np.isnan(outcome.row["ours"])


def test_every_claim_of_these_parts_is_tested_here():
    parts = ("patterns", "toy", "cost")
    ids = [claim.id for claim in CLAIMS.values() if claim.part in parts]
    assert ids == ["AP-1", "AP-2", "TOY-1", "TOY-2", "EX-1", "COST-1"]
