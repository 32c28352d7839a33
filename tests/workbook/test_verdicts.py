"""The ledger in words, and the correlations beside it."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mbh_utils import claims, experiments
from mbh_utils.claims.ledger import COLUMNS
from mbh_utils.computing import paths
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters, verdicts


def ledger(**verdict_of) -> pd.DataFrame:
    """A made-up ledger; what is measured is the same for all claims."""
    measured = {"ours": 0.5, "low": 0.4, "high": 0.6, "models": 5, "planes": 10}
    rows = []
    for name, verdict in verdict_of.items():
        claim = claims.CLAIMS[name.replace("_", "-")]
        told = {
            "id": claim.id,
            "source": claim.source,
            "part": claim.part,
            "claim": claim.claim,
            "thesis": claim.thesis,
        }
        rows.append(told | measured | {"verdict": verdict, "figure": claim.figure, "remark": "So."})
    return pd.DataFrame(rows, columns=list(COLUMNS))


MADE_UP = ledger(S_1="reproduced", S_2="not reproduced", S_3="not judgeable", CP_4="same direction")


def test_verdicts_are_counted_by_part():
    counts = verdicts.by_part(MADE_UP)
    assert list(counts.index) == ["specialization", "coverage"]
    assert list(counts.columns) == list(verdicts.ORDER)
    assert counts.loc["specialization"].tolist() == [1, 0, 1, 1]
    assert counts.loc["coverage"].tolist() == [0, 1, 0, 0]


def test_what_fell_short_is_told_by_part_with_its_remark():
    told = verdicts.shortfalls_markdown(MADE_UP)
    assert "**Specialization** (1 of 2 reproduced)" in told
    assert "**Coverage** (0 of 1 reproduced)" in told
    assert re.findall(r"\*([A-Z]+-\d+)\*", told) == ["S-2", "CP-4"]
    assert (
        "0.500 (0.400 to 0.600; 5 models × 10 planes)" in told and told.count(">So.</details>") == 2
    )
    assert "fell short" in verdicts.shortfalls_markdown(ledger(S_1="reproduced"))


def test_the_ledger_has_a_row_per_claim_with_a_link_to_its_figure():
    table = verdicts.ledger_markdown(MADE_UP).splitlines()
    assert len(table) == len(MADE_UP) + 2
    assert f"[{chapters.own_label('fig-6-4')}](05_experiments.ipynb)" in table[2]
    nothing = MADE_UP.assign(models=0, ours=np.nan)
    assert "nan" not in verdicts.ledger_markdown(nothing)


def test_the_committed_ledger_is_read_as_it_was_written(monkeypatch, tmp_path):
    monkeypatch.setattr(verdicts.paths, "PROJECT", tmp_path)
    assert verdicts.committed() is None
    claims.write("paper", MADE_UP, _made(tmp_path / "figures" / "paper"))
    again = verdicts.committed()
    assert verdicts.ledger_markdown(again) == verdicts.ledger_markdown(MADE_UP)
    assert claims.summary(again) == claims.summary(MADE_UP)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def grid(gain_per_neuron: float) -> pd.DataFrame:
    """Three set-ups of two models: s grows with N before training, the gain as given."""
    rows = []
    for setup, n in enumerate((10, 20, 30), start=1):
        for model in (0, 1):
            for trained in (False, True):
                s = n / 100 + trained * gain_per_neuron * n + 0.01 * model
                rows.append(
                    {
                        "dataset": "fashion_mnist",
                        "family": "lenet",
                        "setup": setup,
                        "hidden": f"{n}",
                        "n_hidden": n,
                        "parameters": 9472,
                        "density": 0.5,
                        "model": model,
                        "iteration": 100 * trained,
                        "trained": trained,
                        "accuracy": 0.8 - 0.1 * setup + 0.02 * model,
                        "domain": "square",
                        "margin": 1.5,
                        "source": "validation",
                        "plane": 0,
                        "class": 0,
                        "coverage": 0.8,
                        "s": s,
                        "n_constraints": 1,
                        "covered": 0.8,
                        "n_regions": 10,
                        "area": 1.0,
                        "n_dead_ends": 0,
                        "n_live_regions": 10,
                    }
                )
    table = pd.DataFrame(rows)
    return pd.concat([table, table.assign(domain="box", margin=np.nan)], ignore_index=True)


@pytest.mark.parametrize("gain, sign", [(0.001, 1), (-0.001, -1)])
def test_correlations_before_after_of_the_gain_and_within_setups(gain, sign):
    found = verdicts.rank_correlations(grid(gain))
    assert found.index.tolist() == [("Fashion-MNIST", "square"), ("Fashion-MNIST", "input box")]
    row = found.loc[("Fashion-MNIST", "square")]
    assert row["before training"] > 0.9 and row["after training"] > 0.9
    assert np.sign(row["gain"]) == sign
    # over set-ups accuracy falls as s grows; within them the two rise together
    assert row["s and accuracy within set-ups"] == pytest.approx(1)


def test_chapter_7_names_every_table_by_which_claims_of_papers_are_judged():
    declared = chapters.declaration("7")
    of_papers = [claim for claim in claims.CLAIMS.values() if claim.source in claims.PAPERS]
    used = {name for claim in of_papers for name in claim.tables}
    code = "".join(
        path.read_text(encoding="utf-8") for path in Path(claims.__file__).parent.glob("lens_*.py")
    )
    used |= set(re.findall(r"tables\[\"([a-z_]+)\"\]", code))
    assert used <= {*declared.experiments, *declared.judges} <= set(experiments.EXPERIMENTS)


@pytest.mark.parametrize(
    "name, sources", [("07_lenses", claims.PAPERS), ("08_what_s_measures", (claims.OURS,))]
)
def test_a_chapter_shows_every_claim_of_its_sources_with_its_verdict(name, sources):
    notebook = paths.PROJECT / "notebooks" / f"{name}.ipynb"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "".join(line for cell in cells for line in cell["source"])
    shown = re.findall(r"verdict_table\(profile, \[(.*?)\]\)", code, flags=re.DOTALL)
    ids = [id for some in shown for id in re.findall(r'"([A-Z0-9-]+)"', some)]
    expected = [claim.id for claim in claims.CLAIMS.values() if claim.source in sources]
    assert sorted(ids) == sorted(expected)


def test_chapter_8_names_every_table_by_which_our_claims_are_judged():
    declared = chapters.declaration("8")
    ours = [claim for claim in claims.CLAIMS.values() if claim.source == claims.OURS]
    used = {name for claim in ours for name in claim.tables}
    assert used <= {*declared.experiments, *declared.judges} <= set(experiments.EXPERIMENTS)


#: Verdicts that the summary of chapter 8 and the README rest on.
TOLD = {
    "CN-3": "reproduced",  # ahead with all neurons, behind with four candidates
    "CN-2": "reproduced",  # no growth with equally many random candidates
    "CN-4": "reproduced",  # nor where the choice is made equal otherwise
    "CN-5": "reproduced",  # training does not widen what more neurons give
    "BL-1": "reproduced",  # classes above random images
    "BL-3": "not reproduced",  # noise is no lower
    "OP-5": "reproduced",  # the order survives optimal patterns
    "OF-1": "not reproduced",  # s does not tell overfitting
    "OS-1": "reproduced",  # optimised masks above random ones
    "OS-3": "reproduced",  # and more accurate
    "OS-4": "reproduced",  # already before training
}


def test_the_summary_of_chapter_8_says_what_the_committed_ledger_says():
    ledger = verdicts.committed(claims.OURS).set_index("id")["verdict"]
    assert {id: ledger[id] for id in TOLD} == TOLD


def test_claims_in_short_are_those_of_the_committed_ledger():
    table = verdicts.in_short(["CN-3", "S-3"])
    assert table.index.tolist() == [claims.CLAIMS[id].claim for id in ("CN-3", "S-3")]
    assert table["verdict"].tolist() == ["reproduced", "same direction"]
    assert (table["here"] != "").all() and table["interval"].str.contains(" to ").all()
    assert set(verdicts.MAIN_OF_OURS) <= set(claims.CLAIMS)
    with pytest.raises(MBHError, match="did you mean"):
        verdicts.in_short(["CN-33"])


def test_verdicts_by_source_add_up_to_the_ledger():
    counts = verdicts.by_source()
    assert counts.to_numpy().sum() == len(claims.CLAIMS)
    assert counts.index.tolist() == list(claims.SOURCES)
    assert counts.loc[claims.THESIS, "reproduced"] == 46


def test_the_chapter_names_every_table_by_which_claims_are_judged():
    declared = chapters.declaration("9")
    of_thesis = [claim for claim in claims.CLAIMS.values() if claim.source == claims.THESIS]
    used = {name for claim in of_thesis for name in claim.tables}
    files = [
        f
        for f in Path(claims.__file__).parent.glob("*.py")
        if not f.name.startswith(("lens_", "ours_", "choice_"))
    ]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    used |= set(re.findall(r"tables\[\"([a-z_]+)\"\]", code))
    assert {*declared.experiments, *declared.judges} == used
    assert used <= set(experiments.EXPERIMENTS)
