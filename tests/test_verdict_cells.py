"""No chapter quotes a result of the thesis without the verdict on it in the same section."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from thesis_numbers import claimed, without_verdict

from mbh_utils.computing import paths
from mbh_utils.workbook import chapters


@pytest.mark.parametrize("name", [chapter.name for chapter in chapters.CHAPTERS])
def test_a_number_of_the_thesis_has_a_verdict_cell_in_its_section(name):
    notebook = nbformat.read(paths.notebooks_folder() / f"{name}.ipynb", as_version=4)
    missing = without_verdict(notebook)
    told = [f"{f.section!r}: {f.number} in {f.sentence[:90]!r}" for f in missing]
    assert not missing, "add claims.verdict_table(...): " + "; ".join(told)


def test_claims_print_numbers_that_texts_might_quote():
    assert {"84.096 %", "34,909", "0.3908", "42 %", "3.61 pp", "21.6 h"} <= set(claimed())
    assert not {"14", "136", "9,472", "50,000", "1,000"} & set(claimed())


def chapter(*cells: str):
    """A made-up chapter; what begins with "code:" is code."""
    return new_notebook(
        cells=[
            new_code_cell(cell.removeprefix("code:"))
            if cell.startswith("code:")
            else new_markdown_cell(cell)
            for cell in cells
        ]
    )


VERDICT = 'code:claims.verdict_table(profile, ["REG-1"])'


@pytest.mark.parametrize(
    "text, number",
    [
        ("**What to notice.** The smallest has 84.096 % here too.", "84.096 %"),
        ("> **Here** it is the\n> same 34,909.", "34,909"),
        ("> **The thesis.** The blanket covers\n> 42 % of the plane.", "42 %"),
        ("> **Here** the thesis's 27\n> % are 34 %.", "27 %"),
        ("As in the thesis, $s$ is 0.3908.", "0.3908"),
    ],
)
def test_a_quoted_result_without_a_verdict_is_found(text, number):
    assert number in {found.number for found in without_verdict(chapter("## A", text))}
    assert number in {found.number for found in without_verdict(chapter("## A\n\n" + text))}
    assert not without_verdict(chapter("## A", text, VERDICT))
    assert not without_verdict(chapter(f"## A\n\n{text}\n\n### B", VERDICT))


def test_a_verdict_of_another_section_does_not_count():
    text = "> **The thesis.** 42 % of the plane."
    assert without_verdict(chapter("## A", text, "## B", VERDICT))
    assert without_verdict(chapter("## B", VERDICT, "## A\n\n" + text))
    assert without_verdict(chapter("## A", text, "code:print('claims.verdict_table(1)')"))


@pytest.mark.parametrize(
    "text",
    [
        "The middle 42 % of all planes.",
        "> **Here** it takes 42 % of the plane. The thesis has less.",
        "The thesis has 14 set-ups, 9,472 parameters, 50,000 iterations.",
        "The thesis, section 4.2, Figure 3.42: a share of 142 % or 42.5 %.",
        "> **The thesis.** A claim without a number.",
    ],
)
def test_other_numbers_are_free(text):
    assert not without_verdict(chapter("## A", text))
