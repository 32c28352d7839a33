"""The concordance: every item of the thesis once, and each where it says."""

from functools import reduce

import pytest

import mbh_utils as mbh
from mbh_utils.claims import CLAIMS, THESIS
from mbh_utils.workbook import chapters, concordance
from mbh_utils.workbook.concordance import FIGURES, FORMAL, ITEMS, Item

#: How many figures and tables each chapter of the thesis has; its Figure 3.4 is two, a and b.
FIGURES_BY_CHAPTER = {"1": 1, "2": 2, "3": 6, "4": 6, "5": 1, "6": 12}
FIGURES_BY_APPENDIX = {"A": 3, "B": 2, "C": 1, "D": 3, "E": 2}
#: Its numbered statements: kind -> chapter -> the last number.
LAST = {
    "Definition": {"2": 4, "3": 12, "4": 7},
    "Lemma": {"3": 2, "4": 2, "5": 1, "B": 1},
    "Theorem": {"3": 2},
    "Conjecture": {"2": 1},
}


def expected_figures() -> list[str]:
    """What the thesis calls its figures and tables, by the counts above."""
    names = ["Table 2.1", "Table A.1"]
    for chapter, number in (FIGURES_BY_CHAPTER | FIGURES_BY_APPENDIX).items():
        last = [f"{i}" for i in range(1, number + 1)]
        if chapter == "3":
            last = ["1", "2", "3", "4a", "4b", "5"]
        names += [f"Figure {chapter}.{each}" for each in last]
    return names


def test_every_figure_and_table_of_the_thesis_occurs_once():
    assert sorted(item.name for item in FIGURES) == sorted(expected_figures())


def test_every_definition_lemma_theorem_and_algorithm_occurs_once():
    expected = [f"Algorithm {i}" for i in (1, 2, 3)]
    for kind, last in LAST.items():
        expected += [f"{kind} {c}.{i}" for c, n in last.items() for i in range(1, n + 1)]
    assert sorted(item.name for item in FORMAL) == sorted(expected)


def test_each_figure_is_one_that_a_chapter_declares_under_its_number():
    for item in FIGURES:
        if not item.cited:
            assert item.figure_id in chapters.figure_index(), f"no chapter draws {item.name}"
            assert chapters.thesis_label(item.figure_id) == item.name
    assert [item.name for item in FIGURES if item.cited] == ["Figure 3.4a"]


def test_each_declared_figure_of_the_thesis_is_in_it():
    numbered = [each for each in chapters.figure_index() if chapters.thesis_label(each)]
    assert {chapters.thesis_label(each) for each in numbered} <= {item.name for item in FIGURES}


@pytest.mark.parametrize("item", FORMAL, ids=lambda item: item.name)
def test_a_statement_is_named_by_its_number_in_its_chapter(item):
    sections = concordance.sections(item.chapter)
    assert concordance.section_of(item, sections), f"{item.chapter} does not name {item.name}"


@pytest.mark.parametrize("item", [i for i in ITEMS if i.function], ids=lambda item: item.name)
def test_its_function_exists(item):
    assert reduce(getattr, item.function.removeprefix("mbh.").split("."), mbh)


def test_every_claim_is_shown_by_a_figure_that_a_chapter_declares():
    undeclared = {claim.id: claim.figure for claim in CLAIMS.values() if claim.figure}
    undeclared = {id: fig for id, fig in undeclared.items() if fig not in chapters.figure_index()}
    assert not undeclared


def test_the_table_has_a_row_per_item_and_per_part_of_the_claims():
    table = concordance.concordance()
    parts = {claim.part for claim in CLAIMS.values() if claim.source == THESIS}
    assert len(table) == len(ITEMS) + len(parts) and table["item"].is_unique
    row = table.set_index("item").loc["Figure 6.3"]
    assert row["link"].startswith(f"[{chapters.own_label('fig-6-3')}](05_experiments.ipynb)")
    assert table.set_index("item").loc["Figure 3.4a", "place"].startswith("cited only")
    assert concordance.concordance_markdown().count("\n") == len(table) + 1


def test_a_statement_leads_to_the_section_that_names_it():
    item = Item("Lemma", "4.2", "a minimal blanket has a positive volume", "03_specialization")
    sections = {"A": "Lemmas 4.1 and 5.1, Lemma 4.21", "B": "By Lemmas 4.1 to 4.3", "Sources": ""}
    assert concordance.section_of(item, sections) == "B"
    assert concordance.section_of(item, sections | {"C": "Lemma 4.2"}) == "C"
    assert concordance.section_of(item, {"Sources": "Lemma 4.2"}) == ""
    assert concordance.section_of(item, {"Lemma 4.2, proved": ""}) == "Lemma 4.2, proved"
