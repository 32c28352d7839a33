"""A chapter's Markdown as HTML: formulas in MathML, headings with ids, tables that scroll."""

import html
import re
from dataclasses import dataclass

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from mbh_utils.workbook.book.links import slug
from mbh_utils.workbook.book.maths import latex_again, mathml

#: A formula with the signs beside it, from which browsers would part it at the end of a line.
_WITH_SIGN = re.compile(r"(\(?<math\b(?:(?!</math>).)*</math>[.,;:!?)]+)", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """A heading of a page.

    Parameters
    ----------
    level : int
        1 for the title, 2 for sections.
    id : str
        What links to it name.
    html : str
        Its words, with formulas.
    """

    level: int
    id: str
    html: str


def plain(text: str) -> str:
    """The words of a piece of HTML, formulas as LaTeX, on one line.

    Examples
    --------
    >>> plain("<em>More</em> &amp; more")
    'More & more'
    """
    without_tags = re.sub(r"<[^>]+>", "", latex_again(text))
    return " ".join(html.unescape(without_tags).split())


def scrolling(table: str, label: str = "Table") -> str:
    """A table in a box that scrolls sideways, by touch and by keyboard.

    Examples
    --------
    >>> scrolling("<table></table>")  # doctest: +ELLIPSIS
    '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table></table></div>'
    """
    name = html.escape(" ".join(label.split()))
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{name}">{table}</div>'


class Prose:
    """The Markdown of one page, piece after piece.

    Attributes
    ----------
    headings : list of Heading
        The headings met so far.

    Examples
    --------
    >>> prose = Prose()
    >>> prose.html("## What is *that*?")
    '<h2 id="what-is-that">What is <em>that</em>?</h2>\\n'
    >>> prose.headings[0].id
    'what-is-that'
    """

    def __init__(self):
        self.headings: list[Heading] = []

    def html(self, markdown: str) -> str:
        """A piece of Markdown as HTML.

        Parameters
        ----------
        markdown : str
            A cell of text, or what a cell displayed as Markdown.
        """
        reader = MarkdownWithMath(_Renderer(self.headings))
        # JupyterLab understands tables in quotations and lists as well; nbconvert leaves them out.
        for rules in (reader.block.block_quote_rules, reader.block.list_rules):
            for rule in ("table", "nptable"):
                reader.block.insert_rule(rules, rule, before="paragraph")
        text = reader.render(markdown)
        return _WITH_SIGN.sub(r'<span class="together">\1</span>', text)


class _Renderer(IPythonRenderer):
    """What nbconvert makes of Markdown, with MathML in place of LaTeX."""

    def __init__(self, headings: list[Heading]):
        super().__init__(escape=False)
        self._headings = headings

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def block_math(self, body: str) -> str:
        return mathml(body, block=True)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", block=True)

    def heading(self, text: str, level: int, **attrs) -> str:
        heading = Heading(level, self._new_id(slug(plain(text))), text)
        self._headings.append(heading)
        return f'<h{level} id="{heading.id}">{text}</h{level}>\n'

    def _new_id(self, wanted: str) -> str:
        """An id that no heading has yet."""
        taken = {heading.id for heading in self._headings}
        number = 1
        found = wanted
        while found in taken:
            number += 1
            found = f"{wanted}-{number}"
        return found

    def table(self, text: str) -> str:
        return scrolling(f'<table class="words">\n{text}</table>') + "\n"

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        style = f' style="text-align:{align}"' if align else ""
        if head and text.strip():
            return f'  <th scope="col"{style}>{text}</th>\n'
        return f"  <td{style}>{text}</td>\n"

    def block_code(self, code: str, info: str | None = None) -> str:
        return super().block_code(code, info).replace("<pre>", '<pre tabindex="0">', 1)
