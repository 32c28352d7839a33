"""The ledger: judging, tables, files."""

import numpy as np
import pandas as pd
import pytest
from made_up import both_domains, crossed, filled, networks

from mbh_utils import claims
from mbh_utils.claims import ledger, registry
from mbh_utils.claims.claim import Claim
from mbh_utils.claims.evidence import Evidence, Several
from mbh_utils.claims.rules import Number, Told
from mbh_utils.claims.unjudgeable import Unjudgeable
from mbh_utils.errors import MBHError


def made(measure, rule=None, **more):
    rule = rule or Number(10, 1)
    facts = ("T-1", "toy", "Something | holds.", "10", "number", (), "fig-3-2", rule, measure)
    return Claim(*facts, **more)


def of(value, **more):
    return Evidence(value, np.array([value, value + 1.0]), 2, 3, **more)


def test_a_row_of_one_claim():
    outcome = ledger.judge(made(lambda tables: of(10.0, remark="By the way.")), {})
    assert outcome.row == {
        "id": "T-1",
        "source": "Hätönen 2020",
        "part": "toy",
        "claim": "Something | holds.",
        "thesis": "10",
        "ours": 10.0,
        "low": 10.0,
        "high": 11.0,
        "models": 2,
        "planes": 3,
        "verdict": "reproduced",
        "figure": "fig-3-2",
        "remark": "By the way.",
    }


def test_a_claim_of_several_parts_is_worth_as_much_as_its_worst_part():
    claim = made(lambda tables: {"one": of(10.0), "other": of(50.0, remark="Far.")}, why="Why so.")
    outcome = ledger.judge(claim, {})
    assert outcome.verdict == "not reproduced"
    assert outcome.row["ours"] == 50.0
    assert outcome.remark == "one 10 [10, 11]; other 50 [50, 51]. other: Far. Why so."


def test_a_remark_on_the_whole_claim_names_no_part():
    parts = {"one": of(10.0, remark="Near."), "other": of(50.0)}
    outcome = ledger.judge(made(lambda tables: Several(parts, "Both.")), {})
    assert outcome.remark == "one 10 [10, 11]; other 50 [50, 51]. one: Near. Both."


def test_what_is_not_there_cannot_be_judged():
    def raising(tables):
        raise Unjudgeable("no such plane")

    outcome = ledger.judge(made(raising), {})
    assert (outcome.verdict, outcome.remark) == ("not judgeable", "no such plane.")
    assert np.isnan(outcome.row["ours"])
    grid = claims.evaluate("paper", ["ACC-1"], tables={})
    assert grid.loc[0, "remark"] == "table grid is not there."


def test_nothing_is_computed_for_a_profile_with_other_data(monkeypatch):
    monkeypatch.setattr(ledger.experiments, "table", lambda *of: pytest.fail("nobody needs it"))
    found = claims.evaluate("quick", ["ACC-1", "S-3"])
    assert set(found["verdict"]) == {"not judgeable"}
    assert found.loc[0, "remark"] == "profile quick has other data than the thesis."


def test_tables_of_a_profile_are_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(ledger.experiments, "table", lambda name, profile: read.append(name))
    tables = ledger.ProfileTables("paper")
    assert "grid" in tables and "nothing" not in tables
    for _ in range(2):
        _ = tables["grid"]
    assert read == ["grid"]


def test_reasons_are_told_of_what_fails_only():
    fails = made(lambda tables: of(50.0), why=lambda tables: f"Because of {tables['cause']}.")
    assert ledger.judge(fails, {"cause": "it"}).remark == "Because of it."
    assert ledger.judge(fails, {}).remark == "", "the table of the cause is not there"
    holds = made(lambda tables: of(10.0), why="Never told.", correction="so and so")
    assert ledger.judge(holds, {}).remark == "Judged in its corrected form: so and so."


def test_an_error_of_a_measure_is_not_taken_for_a_missing_table():
    def wrong(tables):
        return {}["a mistake"]

    with pytest.raises(KeyError, match="a mistake"):
        ledger.judge(made(wrong), {})


@pytest.fixture(scope="module")
def grid():
    table = both_domains(crossed(networks(), plane=range(2), coverage=(0.8,)))
    table = filled(table, 0.001, s=lambda row: np.log(row["n_hidden"]) / 10)
    return {"grid": filled(table, accuracy=lambda row: 0.8)}


def test_evaluate_keeps_the_order_of_the_ledger(grid):
    found = claims.evaluate("paper", ["s-3", "ACC-1"], grid)
    assert list(found.columns) == list(ledger.COLUMNS)
    assert found["id"].tolist() == ["ACC-1", "S-3"]
    assert found["verdict"].tolist() == ["not reproduced", "reproduced"]
    assert found.equals(claims.evaluate("paper", ["ACC-1", "S-3"], grid)), "seeded: always the same"


def test_unknown_ids_and_profiles():
    with pytest.raises(MBHError, match="claim 'ACC-99' is unknown: did you mean ACC-9"):
        claims.evaluate("paper", ["ACC-99"], {})
    with pytest.raises(MBHError, match="there is no profile 'papre'"):
        claims.evaluate("papre", ["ACC-1"])


def test_a_chapter_shows_sentences_and_no_ids(grid):
    found = claims.verdict_table("paper", ["S-3", "S-7"], grid)
    assert list(found.columns) == ["the thesis says", "here", "interval", "verdict"]
    assert found.index[0] == claims.CLAIMS["S-3"].claim
    assert "Digit MNIST: +0.9" in found.loc[found.index[0], "here"]
    shown = found._repr_html_()
    for one in (found.index[0], "s grows with N, on both data sets"):
        assert one in shown, "whole sentences"
    assert "S-3" not in shown
    assert found.index[0] in repr(found)


def test_summary_counts():
    verdicts = ["reproduced"] * 3 + ["same direction"] * 2 + ["not reproduced"]
    told = claims.summary(pd.DataFrame({"verdict": verdicts}))
    assert told == "3 of 6 claims reproduced, 2 in the same direction, 1 not reproduced"


def test_files(grid, tmp_path):
    found = claims.evaluate("paper", ["ACC-1", "S-3", "REG-6"], grid)
    text, data = claims.write("paper", found, tmp_path)
    read = pd.read_csv(data)
    assert list(read.columns) == list(ledger.COLUMNS)
    assert read["verdict"].tolist() == found["verdict"].tolist()
    lines = text.read_text().splitlines()
    counted = "1 of 2 claims reproduced, 0 in the same direction, 1 not reproduced"
    assert lines[2] == f"- Hätönen 2020: {counted}; 1 more not judgeable."
    rows = [line for line in lines if line.startswith(("| ACC", "| S-", "| REG"))]
    assert len(rows) == 3
    assert {line.count("|") for line in rows} == {10}
    assert "| 5 x 2 | reproduced | fig-6-3 |" in rows[1]


def test_a_bar_in_a_sentence_does_not_end_a_cell(monkeypatch, tmp_path):
    claim = made(lambda tables: of(10.0))
    monkeypatch.setitem(registry.CLAIMS, "T-1", claim)
    found = claims.evaluate("paper", ["T-1"], {})
    text, _ = claims.write("paper", found, tmp_path)
    assert r"Something \| holds." in text.read_text()


def test_every_claim_is_whole():
    for id, claim in claims.CLAIMS.items():
        assert claim.id == id
        assert claim.kind in ("number", "trend")
        assert claim.claim.endswith(".")
        needs_none = claim.part == "toy" or isinstance(claim.rule, Told) or id == "NT-6"
        assert claim.tables or needs_none, "NT-6 is on topologies that are not to be had"
        assert claim.source in claims.SOURCES
        assert len(claim.claim) < 240
    sentences = [claim.claim for claim in claims.CLAIMS.values()]
    assert len(set(sentences)) == len(sentences), "they are the index of what chapters show"
