"""The index of chapters and figures, and the words that name them."""

import re
import subprocess
import sys

import pytest

from mbh_utils import experiments
from mbh_utils.computing import paths
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters


def test_index_is_well_formed():
    names = [c.name for c in chapters.CHAPTERS]
    assert names == sorted(names) and all(re.fullmatch(r"\d\d_[a-z_]+", name) for name in names)
    declared = [figure for c in chapters.CHAPTERS for figure in c.figures]
    assert len(set(declared)) == len(declared), "a figure is declared twice"
    numbered = r"(fig|table)-([1-9]|[a-e])-\d+[a-z]?(-box)?"
    words = r"[a-z]+(-[a-z]+)*"
    assert all(re.fullmatch(f"{numbered}|{words}", figure) for figure in declared)
    assert [c.number for c in chapters.CHAPTERS] == [int(name[:2]) for name in names]
    assert chapters.figure_index()["fig-6-3"] == "05_experiments"


def test_experiments_named_by_chapters_exist():
    assert {e for c in chapters.CHAPTERS for e in c.experiments} <= set(experiments.EXPERIMENTS)


@pytest.mark.parametrize("word", ["04_mbh", "04", "4", "04_m"])
def test_chapter_by_name_number_or_beginning(word):
    assert chapters.declaration(word).name == "04_mbh"


@pytest.mark.parametrize(
    "word, hint", [("04_mhb", "did you mean '04_mbh'"), ("0", "02_activation_regions"), ("", "01")]
)
def test_unknown_chapter_names_what_exists(word, hint):
    with pytest.raises(MBHError, match=re.escape(hint)):
        chapters.declaration(word)


@pytest.fixture
def three_chapters(monkeypatch):
    """An index in which numbers of ours and of the thesis are mixed up, and chapters missing."""
    declared = (
        ("01_first", ("table-2-1", "fig-2-1", "fig-3-4b", "own-thing")),
        ("02_second", ("fig-1-1", "table-own", "table-a-1", "fig-1-3", "fig-1-3-box")),
        ("06_third", ("fig-b-1", "fig-2-2")),
    )
    three = [chapters.Declaration(name, "Title", figures) for name, figures in declared]
    monkeypatch.setattr(chapters, "CHAPTERS", tuple(three))


def test_labels_count_figures_and_tables_by_themselves(three_chapters):
    assert {each: chapters.label(each) for each in chapters.figure_index()} == {
        "table-2-1": "Table 1.1 (thesis: Table 2.1)",
        "fig-2-1": "Figure 1.1 (thesis: Figure 2.1)",
        "fig-3-4b": "Figure 1.2 (thesis: Figure 3.4b)",
        "own-thing": "Figure 1.3",
        "fig-1-1": "Figure 2.1 (thesis: Figure 1.1)",
        "table-own": "Table 2.1",
        "table-a-1": "Table 2.2 (thesis: Table A.1)",
        "fig-1-3": "Figure 2.2 (thesis: Figure 1.3)",
        "fig-1-3-box": "Figure 2.3 (thesis: Figure 1.3, here in the input box)",
        "fig-b-1": "Figure 6.1 (thesis: Figure B.1)",
        "fig-2-2": "Figure 6.2 (thesis: Figure 2.2)",
    }


def test_a_label_needs_a_declared_figure(three_chapters):
    with pytest.raises(MBHError, match="'fig-9-9' is unknown"):
        chapters.label("fig-9-9")


@pytest.mark.parametrize(
    "word, figure",
    [
        # A plain number is the thesis's, an id is itself.
        ("fig-2-1", "fig-2-1"),
        ("2.1", "fig-2-1"),
        ("3.4B", "fig-3-4b"),
        ("B.1", "fig-b-1"),
        ("1.3 box", "fig-1-3-box"),
        ("own-thing", "own-thing"),
        # It can be said whose number it is.
        ("own 2.1", "fig-1-1"),
        ("own-2.1", "fig-1-1"),
        ("own Table 2.1", "table-own"),
        ("thesis 2.1", "fig-2-1"),
        ("thesis's Table 2.1", "table-2-1"),
        # With a kind it may be either, where there is only one.
        ("Fig. 3.4b", "fig-3-4b"),
        ("figure 1.2", "fig-3-4b"),
        ("Table A.1", "table-a-1"),
        ("Figure 6.1", "fig-b-1"),
    ],
)
def test_words_that_name_a_figure(three_chapters, word, figure):
    assert chapters.figure_id(word) == figure


def test_a_label_with_brackets_names_its_figure(three_chapters):
    labels = {each: chapters.label(each) for each in chapters.figure_index()}
    of_the_thesis = {each: text for each, text in labels.items() if "(" in text}
    assert len(of_the_thesis) == 9
    assert all(chapters.figure_id(text) == each for each, text in of_the_thesis.items())


@pytest.mark.parametrize("word", ["Figure 2.1", "fig. 2.1", "Table 2.1"])
def test_a_number_here_and_another_in_the_thesis_is_not_guessed(three_chapters, word):
    kind = "table" if word.startswith("T") else "fig"
    with pytest.raises(MBHError, match=f"may be '{kind}-2-1', .* or '.*: give the id"):
        chapters.figure_id(word)


@pytest.mark.parametrize(
    "word, hint",
    [
        ("6.33", "did you mean"),
        ("6.1", "did you mean 'own 6.1' \\(fig-b-1\\)"),
        ("own 9.9", "unknown"),
    ],
)
def test_unknown_figure_gets_a_suggestion(three_chapters, word, hint):
    with pytest.raises(MBHError, match=hint):
        chapters.figure_id(word)


@pytest.mark.parametrize("word", ["", "own", "figure", "thesis", "(", "-", "?"])
def test_words_without_a_number_are_unknown(word):
    with pytest.raises(MBHError, match="is unknown"):
        chapters.figure_id(word)


def test_every_figure_of_the_workbook_is_found_by_its_id_and_its_labels():
    for each in chapters.figure_index():
        assert chapters.figure_id(each) == each
        own = chapters.own_label(each)
        assert chapters.figure_id(f"own {own}") == each
        thesis = chapters.thesis_label(each)
        if thesis and not each.endswith("-box"):
            assert chapters.figure_id(f"thesis's {thesis}") == each


def test_words_are_checked_without_anything_heavy():
    heavy = "{'torch', 'numpy', 'pandas', 'matplotlib'}"
    code = f"import sys, mbh_utils.workbook.chapters; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
