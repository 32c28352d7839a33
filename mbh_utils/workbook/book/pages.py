"""The pages of a reading copy: parts set into the templates of this folder by nbconvert."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from mbh_utils.workbook import concordance, glossary
from mbh_utils.workbook.book.cells import Part, parts
from mbh_utils.workbook.book.outputs import Surroundings
from mbh_utils.workbook.book.prose import Heading, Prose, plain
from mbh_utils.workbook.chapters import Declaration

TEMPLATES = Path(__file__).parent / "template"
#: Every page has it inside, so that a page which is sent by itself keeps its look.
STYLE = TEMPLATES / "book" / "book.css"

#: Sections of the first page behind the chapters: title, what it is for, Markdown.
_REFERENCE = (
    (
        "Where each item of the thesis is",
        "Every figure, table, definition, lemma, theorem and algorithm of the thesis, and the "
        "groups of its claims, with their place in this workbook.",
        concordance.concordance_markdown,
    ),
    ("Words", "Each has one meaning in all chapters.", glossary.glossary_markdown),
    ("Symbols", "Each stands for one thing in all chapters.", glossary.notation_markdown),
)


@dataclass(frozen=True)
class ChapterPage:
    """A chapter, read and made ready for its page.

    Parameters
    ----------
    chapter : Declaration
        The chapter.
    parts : list of Part
        What stands on the page.
    headings : list of Heading
        The headings of the page.
    facts : dict
        What the manifest says of the chapter: how it was executed, and of its figures.
    """

    chapter: Declaration
    parts: list[Part]
    headings: list[Heading]
    facts: dict

    @property
    def file(self) -> str:
        """The page's file."""
        return f"{self.chapter.name}.html"

    @property
    def title(self) -> str:
        """The title, as HTML without formulas."""
        return f"Chapter {self.chapter.number}. {self.chapter.title}"

    @property
    def opening(self) -> str:
        """The first paragraph, as HTML."""
        first = next((part.prose for part in self.parts if "<p>" in part.prose), "")
        return first.partition("<p>")[2].partition("</p>")[0]

    @property
    def about(self) -> str:
        """The first paragraph as plain text."""
        return plain(self.opening)

    @property
    def picture(self) -> dict[str, str] | None:
        """The first figure that is no table: its id, and its description."""
        figures = self.facts.get("figures", {})
        found = next((name for name in figures if not name.startswith("table-")), None)
        return {"id": found, "alt": figures[found]["alt"]} if found else None

    @property
    def executed(self) -> str:
        """How the chapter was executed, in a sentence; "" if it does not say."""
        given = self.facts.get("parameters")
        if not given:
            return ""
        libraries = self.facts.get("versions", {})
        versions = [f"{library} {version}" for library, version in libraries.items()]
        commit = [f"commit {self.facts['commit'][:10]}"] if self.facts.get("commit") else []
        settings = f"profile {given['profile']}, seed {given['seed']}"
        return f"Executed with {settings}: {', '.join(versions + commit)}."


def read(
    chapter: Declaration, notebook: NotebookNode, facts: dict, beside: Surroundings
) -> ChapterPage:
    """Make a chapter ready for its page.

    Parameters
    ----------
    chapter : Declaration
        The chapter.
    notebook : NotebookNode
        Its executed notebook.
    facts : dict
        What the manifest says of it.
    beside : Surroundings
        What lies beside the page.
    """
    prose = Prose()
    found = list(parts(notebook, prose, beside))
    return ChapterPage(chapter, found, prose.headings, facts)


def chapter_html(page: ChapterPage, pages: list[ChapterPage]) -> str:
    """A chapter's page.

    Parameters
    ----------
    page : ChapterPage
        The chapter.
    pages : list of ChapterPage
        All chapters of the copy, in their order.
    """
    position = pages.index(page)
    neighbours = {
        "previous": pages[position - 1] if position else None,
        "next": pages[position + 1] if position + 1 < len(pages) else None,
    }
    return _set("chapter.html.j2", page=page, pages=pages, **neighbours)


def index_html(pages: list[ChapterPage], profile: str, beside: Surroundings) -> str:
    """The first page: the chapters, the explorers, the concordance and the glossary.

    Parameters
    ----------
    pages : list of ChapterPage
        The chapters of the copy.
    profile : str
        The profile that they were executed with.
    beside : Surroundings
        What lies beside the page.
    """
    prose = Prose()
    reference = []
    for title, about, markdown in _REFERENCE:
        heading = prose.html(f"## {title}")
        reference.append({"heading": heading, "about": about, "table": prose.html(markdown())})
    explorers = beside.explorers if beside.has_explorers else {}
    return _set(
        "index.html.j2",
        pages=pages,
        profile=profile,
        reference=reference,
        headings=prose.headings,
        explorers=explorers,
    )


@functools.cache
def _exporter(template: str) -> TemplateExporter:
    """What sets a page into a template of this folder."""
    exporter: Any = TemplateExporter(
        template_name="book",
        template_file=template,
        file_extension=".html",
        extra_template_basedirs=[str(TEMPLATES)],
    )
    exporter.register_filter("highlighted", Highlight2HTML())
    return exporter


def _set(template: str, **facts) -> str:
    """A page: a template, with what it is to say."""
    book = {"style": STYLE.read_text(encoding="utf-8"), **facts}
    text, _ = _exporter(template).from_notebook_node(new_notebook(), {"book": book})
    return text
