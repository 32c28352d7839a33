"""Texts name figures by our numbers, and the thesis's figures as the thesis's."""

import nbformat
import pytest
from figure_mentions import mentions, wrong_mentions

from mbh_utils.computing import paths
from mbh_utils.workbook import chapters

FILES = [
    *sorted(paths.notebooks_folder().glob("*.ipynb")),
    *(paths.PROJECT / name for name in ("README.md", "CONTRIBUTING.md")),
]


def texts(path):
    """The parts of a file; of a notebook also its code, which has comments and prints."""
    if path.suffix != ".ipynb":
        return [path.read_text(encoding="utf-8")]
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_mentioned_figure_exists_here_or_is_said_to_be_the_thesiss(path):
    assert not [wrong for text in texts(path) for wrong in wrong_mentions(text)]


def test_there_are_mentions_of_both_kinds():
    found = [one for path in FILES for text in texts(path) for one in mentions(text)]
    assert {one.of_thesis for one in found} == {True, False} and len(found) > 20


@pytest.fixture
def two_figures(monkeypatch):
    declared = chapters.Declaration("05_some", "Some", ("fig-6-1", "fig-6-2", "table-own"))
    monkeypatch.setattr(chapters, "CHAPTERS", (declared,))


@pytest.mark.parametrize(
    "text",
    [
        "Figure 5.1 and Table 5.1",
        "see Figures 5.1 and 5.2.",
        "the thesis's Figure 9.9",
        "the thesis's\n# Figures 9.9, 8.8 and 7.7",
        "> the thesis's\n> Table A.1",
        "Figure 5.2 (thesis: Figure 6.2)",
        "Chapter 5.3, section 6.3 and a figure",
    ],
)
def test_good_mentions(two_figures, text):
    assert wrong_mentions(text) == []


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("Figure 6.1 shows", "Figure 6.1"),
        ("The thesis says so. Figure 6.1 shows", "Figure 6.1"),
        ("Figures 5.1 and 5.3", "Figure 5.3"),
        ("Figures 5.1, 6.5, and 5.2", "Figure 6.5"),
        ("Table 5.2", "Table 5.2"),
        ("Figure 5.1 (thesis: Figure 6.2)", "Figure 5.1 (thesis: Figure 6.2)"),
        ("as in Fig 5.1", "Fig 5.1"),
        ("as in Fig. 5.1", "Fig. 5.1"),
        ("as in figure 5.1", "figure 5.1"),
    ],
)
def test_wrong_mentions(two_figures, text, wrong):
    assert wrong_mentions(text) == [wrong]
