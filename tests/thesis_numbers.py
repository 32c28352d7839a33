"""Numbers of the thesis in a chapter's text, and the verdict cells that must stand beside them."""

import ast
import re
from typing import NamedTuple

import nbformat

from mbh_utils.claims import CLAIMS, THESIS

#: Units of results, as claims and texts write them.
_UNITS = {
    "%": r"\s*(?:\\?%|per\s?cent)",
    "pp": r"\s*(?:pp\b|(?:percentage\s+)?points?\b)",
    "times": r"\s*times\b",
    "h": r"\s*(?:h\b|hours?\b)",
}
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_WITH_UNIT = re.compile(rf"({_NUMBER})\s?(%|pp\b|times\b|h\b)")
#: What nobody writes by chance: 0.3908, 91.7, 34,909.
_TELLING = re.compile(r"\d+\.\d{3,}|\d{2,}\.\d+|\d{2,3},\d{3}")
_SENTENCE = re.compile(r"(?<=[.:;!?])\s+|\n[> ]*[-*] ")


class Found(NamedTuple):
    """A thesis's number in a section."""

    section: str
    number: str
    sentence: str


def claimed() -> dict[str, str]:
    """The thesis's numbers as its claims print them -> the pattern that finds them in a text.

    Whole numbers without a unit (sizes of networks, iterations) are no results.
    """
    patterns = {}
    for claim in CLAIMS.values():
        if claim.source != THESIS or claim.id.startswith("LTH"):  # published by others
            continue
        for number, unit in _WITH_UNIT.findall(claim.thesis):
            patterns[f"{number} {unit}"] = rf"(?<![\d.,]){re.escape(number)}{_UNITS[unit]}"
        for number in _telling(claim.thesis):
            patterns[number] = rf"(?<![\d.,]){re.escape(number)}(?![\d]|[.,]\d)"
    return patterns


def _telling(text: str) -> list[str]:
    """Numbers in a claim that speak for themselves, with or without a unit."""
    return [
        number
        for number in re.findall(_NUMBER, text)
        if _TELLING.fullmatch(number) and not number.endswith(",000")
    ]


def sections(notebook) -> dict[str, list]:
    """The cells of a notebook by section: from one heading of second order to the next.

    A cell of Markdown with a heading inside is cut there.
    """
    found: dict[str, list] = {"": []}
    name = ""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            found[name].append(cell)
            continue
        before, *parts = re.split(r"^## +(.+)$", cell.source, flags=re.MULTILINE)
        found[name].append(nbformat.v4.new_markdown_cell(before))
        for heading, text in zip(parts[::2], parts[1::2], strict=True):
            name = heading
            found.setdefault(name, []).append(nbformat.v4.new_markdown_cell(text))
    return found


def numbers_of_the_thesis(text: str) -> list[tuple[str, str]]:
    """The thesis's numbers in a text, each with its sentence.

    A telling number (34,909) counts wherever it stands. Another one (42 %) counts in a box "The
    thesis.", and in "What to notice" and "Here" where its sentence speaks of the thesis.
    """
    found = []
    for passage in re.split(r"\n\s*\n", text):
        start = passage.lstrip("> ")
        in_box = start.startswith("**The thesis")
        compares = start.startswith(("**What to notice", "**Here"))
        for sentence in _SENTENCE.split(passage):
            plain = re.sub(r"\n[> ]*", " ", sentence).strip()
            quotes = in_box or (compares and "thesis" in plain.lower())
            found += [
                (number, plain)
                for number, pattern in claimed().items()
                if (quotes or _telling(number)) and re.search(pattern, plain)
            ]
    return found


def has_verdict_cell(cells) -> bool:
    """Whether one of the cells calls ``claims.verdict_table``."""
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func).endswith("verdict_table")
        for cell in cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
    )


def without_verdict(notebook) -> list[Found]:
    """The thesis's numbers in sections that have no verdict cell."""
    return [
        Found(name, number, sentence)
        for name, cells in sections(notebook).items()
        if not has_verdict_cell(cells)
        for cell in cells
        if cell.cell_type == "markdown"
        for number, sentence in numbers_of_the_thesis(cell.source)
    ]
