"""Words and symbols: one meaning each, and a chapter that tells it."""

import re

import pytest

from mbh_utils.workbook import chapters, concordance, glossary
from mbh_utils.workbook.glossary import GLOSSARY, NOTATION

CHAPTERS = {chapter.name for chapter in chapters.CHAPTERS}


def symbols() -> list[str]:
    """Every single symbol, of those that are listed together too."""
    return [
        one.strip() for entry in NOTATION for one in entry.symbol.replace("\\dots,", "").split(",")
    ]


def test_no_symbol_has_two_meanings_and_no_meaning_two_symbols():
    assert len(set(symbols())) == len(symbols())
    meanings = [entry.meaning for entry in NOTATION]
    assert len(set(meanings)) == len(meanings)


def test_the_symbols_that_chapters_agreed_on_are_there():
    agreed = {"n_1", "n_L", "d_0", "N", "i", "j", "l", "U", "B", "B_0", "\\sigma", "c_P", "s", "V"}
    assert agreed <= set(symbols())
    assert not {"d", "\\rho", "D"} & set(symbols()), "density is written out"


def test_no_word_has_two_meanings():
    words = [entry.term.lower() for entry in GLOSSARY]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("entry", GLOSSARY, ids=lambda entry: entry.term)
def test_a_word_has_one_sentence_a_chapter_and_what_the_thesis_calls_it(entry):
    assert re.fullmatch(r"[A-Z].*[^.]\.", entry.meaning) and len(entry.meaning) < 200
    assert entry.chapter in CHAPTERS
    assert not entry.thesis or entry.thesis in {item.name for item in concordance.ITEMS}


@pytest.mark.parametrize("entry", NOTATION, ids=lambda entry: entry.symbol)
def test_a_symbol_leads_to_a_chapter(entry):
    assert entry.chapter in CHAPTERS


def test_a_symbol_occurs_in_the_chapter_that_introduces_it():
    assert not [
        (entry.symbol, entry.chapter)
        for entry in NOTATION
        if entry.symbol.split(",")[0] not in " ".join(concordance.sections(entry.chapter).values())
    ]


def test_the_tables_have_a_row_per_entry_and_links():
    words = glossary.glossary_markdown()
    assert words.count("\n") == len(GLOSSARY) + 1 and "(03_specialization.ipynb)" in words
    terms = glossary.glossary()["term"].str.lower().tolist()
    assert terms == sorted(terms)
    assert glossary.notation_markdown().count("\n") == len(NOTATION) + 1
    assert glossary.notation()["symbol"].tolist() == [entry.symbol for entry in NOTATION]
