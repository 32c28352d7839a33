"""A notebook as the parts of a page: prose, and code that is folded, with what it displayed."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode

from mbh_utils.workbook.book.outputs import Surroundings, shown
from mbh_utils.workbook.book.prose import Prose

#: What opens and ends a chapter: what these print is on versions and files, not on the subject.
_HOUSEKEEPING = re.compile(r"\bopen_chapter\(|\bchapter\.finish\(")
_QUESTION = re.compile(r"before\s+you\s+run\s+the\s+next|predict,\s+then\s+run", re.IGNORECASE)


@dataclass
class Part:
    """A part of a page.

    Parameters
    ----------
    prose : str, default ""
        HTML of a cell of text.
    code : list of str
        Sources of code cells, of which only the last displayed something; if the reader is to
        predict it, of all cells up to the next text.
    results : str, default ""
        HTML of what they displayed.
    predicted : bool, default False
        Whether the reader is to predict the results before seeing them.
    """

    prose: str = ""
    code: list[str] = field(default_factory=list)
    results: str = ""
    predicted: bool = False

    @property
    def is_housekeeping(self) -> bool:
        """Whether it opens or ends the chapter, so that its results are folded with the code."""
        return any(_HOUSEKEEPING.search(source) for source in self.code)

    @property
    def summary(self) -> str:
        """What the folded code is called."""
        if self.is_housekeeping:
            return "Code, versions and files"
        return "Code: checks of what is said" if _only_checks(self.code) else "Code"


def _only_checks(code: list[str]) -> bool:
    """Whether these cells do nothing but assert."""
    try:
        statements = [one for source in code for one in ast.parse(source).body]
    except SyntaxError:  # a cell of IPython's own language
        return False
    return bool(statements) and all(isinstance(one, ast.Assert) for one in statements)


def _asks(text: str) -> bool:
    """Whether a text asks for a prediction, and does not give the answer itself."""
    *_, last = _QUESTION.split(text)
    return last != text and "<details" not in last


def parts(notebook: NotebookNode, prose: Prose, beside: Surroundings) -> Iterator[Part]:
    """The parts of a chapter's page.

    Parameters
    ----------
    notebook : NotebookNode
        The executed chapter.
    prose : Prose
        Reads the Markdown of the page, and keeps its headings.
    beside : Surroundings
        What lies beside the page.

    Yields
    ------
    Part
        In the order of the notebook; code cells that displayed nothing are one with the next.
    """
    waiting = Part()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            waiting.code.append(cell.source.strip())
            waiting.results += shown(cell.outputs, prose, beside)
            if waiting.results and not waiting.predicted:
                yield waiting
                waiting = Part()
        elif cell.cell_type == "markdown":
            if waiting.code:
                yield waiting
            yield Part(prose=prose.html(cell.source))
            waiting = Part(predicted=_asks(cell.source))
    if waiting.code:
        yield waiting
