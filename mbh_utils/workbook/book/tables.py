"""HTML that cells displayed, made fit for a page: no scripts, tables with headers that say so."""

import html
import re
from html.parser import HTMLParser

from mbh_utils.workbook.book.prose import plain, scrolling

#: Elements that go with all that is in them, and those without an end that go by themselves.
_WITH_CONTENT = {"script", "iframe", "object", "noscript"}
_ALONE = {"link", "meta", "base", "embed"}
#: Attributes of old, whose work the style sheet does, and what would load or run something.
_DROPPED = re.compile(r"on\w+|border|halign|valign|align|srcdoc|srcset|background")
_BACKGROUND = re.compile(r"(background-color: *#([0-9a-f]{6});\s*color: *)#[0-9a-f]{6}", re.I)


def tidied(text: str) -> str:
    """HTML that a cell displayed, as a page may show it.

    Parameters
    ----------
    text : str
        Such as pandas makes of a table.

    Returns
    -------
    str
        The same without what runs or loads something; tables scroll within a box of their own, and
        each of their headers says whether it is of a column or of a row.

    Examples
    --------
    >>> table = tidied("<table><thead><tr><th></th><th>s</th></tr></thead></table>")
    >>> table.partition("<table>")[2]
    '<thead><tr><td></td><th scope="col">s</th></tr></thead></table></div>'
    """
    tidy = _Tidy()
    tidy.feed(text)
    tidy.close()
    return "".join(tidy.pieces).strip()


class _Tidy(HTMLParser):
    """Hands on the HTML that it reads, piece by piece, with changes."""

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []
        self._skipped = ""  # the element that is left out, with all inside
        self._in_head = False
        self._header = 0  # the piece with which the open header cell begins
        self._table = 0  # the piece with which the open table begins
        self._style = 0  # the piece after which the open style sheet begins

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped or tag in _ALONE:
            return
        if tag in _WITH_CONTENT:
            self._skipped = tag
            return
        given = {name: value or "" for name, value in attrs if not _DROPPED.fullmatch(name)}
        if given.get("src", "data:").partition(":")[0] != "data":
            return  # a picture that lies elsewhere
        if tag == "table":
            self._table = len(self.pieces)
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr":
            given.pop("style", None)
        elif tag == "th":
            self._header = len(self.pieces)
            given["scope"] = self._scope(given)
        self.pieces.append(_opening(tag, given))
        if tag == "style":
            self._style = len(self.pieces)

    def _scope(self, given: dict[str, str]) -> str:
        """What a header cell heads."""
        across, several = ("col", "colspan") if self._in_head else ("row", "rowspan")
        return across + ("group" if int(given.get(several, 1)) > 1 else "")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped or tag in _ALONE:
            self._skipped = "" if tag == self._skipped else self._skipped
            return
        if tag == "thead":
            self._in_head = False
        elif tag == "style":
            self._end_of_style()
            return
        elif tag == "th" and self._is_empty_header():
            tag = "td"
            emptied = self.pieces[self._header].replace("<th", "<td", 1)
            self.pieces[self._header] = re.sub(r' scope="\w+"', "", emptied)
        self.pieces.append(f"</{tag}>")
        if tag == "table":
            self._box_table()

    def _is_empty_header(self) -> bool:
        return not plain("".join(self.pieces[self._header + 1 :]))

    def _end_of_style(self) -> None:
        """Keep a style sheet that colours cells, with words in the colour that can be read best.

        pandas marks those of all its tables as "scoped", which no browser knows.
        """
        opening = self.pieces[self._style - 1]
        rules = "".join(self.pieces[self._style :])
        del self.pieces[self._style - 1 :]
        if "scoped" not in opening and rules.strip():
            self.pieces.append(f"<style>{_BACKGROUND.sub(_with_contrast, rules)}</style>")

    def _box_table(self) -> None:
        """Put the table that just ended into a box that scrolls."""
        table = "".join(self.pieces[self._table :])
        if _has_sentences(table):
            table = re.sub(r'^<table(?: class="[^"]*")?', '<table class="words"', table)
        caption = re.search(r"<caption>(.*?)</caption>", table, re.DOTALL)
        label = plain(caption[1]) if caption else "Table"
        del self.pieces[self._table :]
        self.pieces.append(scrolling(table, label))

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.pieces.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def _has_sentences(table: str) -> bool:
    """Whether a cell has three words or more, so that the table reads from the left."""
    cells = (plain(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", table, re.DOTALL))
    return any(len(re.findall(r"[^\W\d]{2,}", cell)) > 2 for cell in cells)


def _opening(tag: str, given: dict[str, str]) -> str:
    """An opening tag."""
    quoted = (f'{name}="{html.escape(value)}"' for name, value in given.items())
    return f"<{' '.join([tag, *quoted])}>"


def _with_contrast(rule: re.Match) -> str:
    """A rule on a cell's colours with the words black or white, whichever can be read better."""
    channels = [int(rule[2][i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    black = (luminance + 0.05) / 0.05
    white = 1.05 / (luminance + 0.05)
    return f"{rule[1]}{'#000000' if black >= white else '#ffffff'}"
