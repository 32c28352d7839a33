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
    assert all(
        re.fullmatch(r"(fig|table|widget)-([1-9]|[a-e])-\d+b?", figure) for figure in declared
    )
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


@pytest.mark.parametrize("word", ["fig-3-4b", "Fig. 3.4b", "3.4b", "figure 3.4B"])
def test_figure_ids_are_read_as_the_thesis_writes_them(word):
    assert chapters.figure_id(word) == "fig-3-4b"
    assert chapters.figure_id("Table 2.1") == "table-2-1"
    assert chapters.figure_id("B.1") == "fig-b-1"


def test_unknown_figure_gets_a_suggestion():
    with pytest.raises(MBHError, match="did you mean 'fig-6-3'"):
        chapters.figure_id("6.33")


def test_labels():
    assert [chapters.label(i) for i in ("fig-6-3", "fig-b-1", "table-2-1", "fig-3-4b")] == [
        "Figure 6.3",
        "Figure B.1",
        "Table 2.1",
        "Figure 3.4b",
    ]


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
