"""Where the links of a page lead: to pages of the copy, to files of the repository, or nowhere."""

import html
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from mbh_utils.workbook import chapters

_LINK = re.compile(r'<a href="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
_PICTURE = re.compile(r'<img src="(?!data:)([^"]*)" alt="([^"]*)"([^>]*)>')
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def slug(words: str) -> str:
    """The id of a heading: its letters and digits in lower case, hyphens between.

    What JupyterLab makes of a heading, quoted or not, gives the same id as the heading itself.

    Parameters
    ----------
    words : str
        A heading, or the fragment of a link to it.

    Examples
    --------
    >>> slug("2.2 Lines bend, regions are convex")
    '2-2-lines-bend-regions-are-convex'
    >>> slug("2.2-Lines-bend%2C-regions-are-convex")
    '2-2-lines-bend-regions-are-convex'
    """
    return re.sub(r"[\W_]+", "-", unquote(words).lower()).strip("-") or "section"


def ids_of(page: str) -> set[str]:
    """Every id of a page.

    Examples
    --------
    >>> sorted(ids_of('<h2 id="one">1</h2><figure id="fig-1-1"></figure>'))
    ['fig-1-1', 'one']
    """
    return set(re.findall(r'\bid="([^"]+)"', page))


def figures_by_label(known: Iterable[str]) -> dict[str, str]:
    """Our number of each figure -> its id: "Figure 1.1" -> "fig-2-1".

    Parameters
    ----------
    known : iterable of str
        Ids of declared figures.

    Examples
    --------
    >>> figures_by_label(["fig-2-1"])
    {'Figure 1.1': 'fig-2-1'}
    """
    return {chapters.own_label(figure): figure for figure in known}


class Links:
    """The links of a reading copy.

    Parameters
    ----------
    ids : mapping of str to set of str
        Name of each page, without ending -> its ids.
    folder : Path
        Where the pages lie.
    places : sequence of Path
        Folders that a relative link may start from: those of the executed chapters and of the
        sources.

    Attributes
    ----------
    dropped : list of str
        What led nowhere.
    """

    def __init__(self, ids: Mapping[str, set[str]], folder: Path, places: Iterable[Path]):
        self.ids = ids
        self.folder = folder
        self.places = [folder, *places]
        self.dropped: list[str] = []
        index = chapters.figure_index()
        self._labels = figures_by_label(figure for figure in index if index[figure] in ids)

    def resolved(self, page: str, text: str) -> str:
        """A page's HTML with its links rewritten; where one leads nowhere, only its words stay.

        The same for pictures, of which nothing may be asked of other machines.

        Parameters
        ----------
        page : str
            The page's name.
        text : str
            Its HTML.
        """
        return _LINK.sub(self._rewriter(page), _PICTURE.sub(self._picture, text))

    def _picture(self, picture: re.Match) -> str:
        """A picture that lies beside the pages or the notebooks, or else its words."""
        source = html.unescape(picture[1])
        found = None if _ELSEWHERE.match(source) else self._file(unquote(source), "")
        if found is None:
            self.dropped.append(source)
            return picture[2]
        return f'<img src="{html.escape(found)}" alt="{picture[2]}"{picture[3]}>'

    def _rewriter(self, page: str) -> Callable[[re.Match], str]:
        def rewritten(link: re.Match) -> str:
            target, rest, words = html.unescape(link[1]), link[2], link[3]
            found = self.target(page, target, words)
            if found is None:
                self.dropped.append(target)
                return words
            return f'<a href="{html.escape(found)}"{rest}>{words}</a>'

        return rewritten

    def target(self, page: str, target: str, words: str = "") -> str | None:
        """Where a link leads.

        Parameters
        ----------
        page : str
            Name of the page that it is on.
        target : str
            What the link says.
        words : str, default ""
            What it is written on: a link to a chapter that is written on the number of a figure
            leads to the figure.

        Returns
        -------
        str or None
            None where there is nothing.

        Examples
        --------
        >>> links = Links({"01_sparsity": {"summary", "fig-2-1"}}, Path("book"), [])
        >>> links.target("index", "01_sparsity.ipynb#Summary")
        '01_sparsity.html#summary'
        >>> links.target("index", "01_sparsity.ipynb", "Figure 1.1")
        '01_sparsity.html#fig-2-1'
        >>> links.target("index", "no_such.ipynb") is None
        True
        """
        if _ELSEWHERE.match(target):
            return target
        path, _, fragment = target.partition("#")
        name = self._page_named(path) if path else page
        if name in self.ids:
            anchor = self._anchor(name, fragment, words)
            return f"{name}.html{anchor}" if path else anchor or None
        return self._file(unquote(path), fragment)

    @staticmethod
    def _page_named(path: str) -> str:
        """The page that a path may mean: an executed chapter or a source, or a file beside it."""
        file = Path(path)
        return file.stem if file.suffix == ".ipynb" or path == f"{file.stem}.html" else ""

    def _anchor(self, name: str, fragment: str, words: str) -> str:
        """The fragment of a link to a page: a heading's, or a figure's; "" if there is none."""
        wanted = [unquote(fragment), slug(fragment)] if fragment else [self._labels.get(words, "")]
        return next((f"#{quote(each)}" for each in wanted if each in self.ids[name]), "")

    def _file(self, path: str, fragment: str) -> str | None:
        """A link to a file that lies beside the notebooks, seen from the pages."""
        for place in self.places:
            found = place / path
            if found.exists():
                seen = Path(os.path.relpath(found.resolve(), self.folder.resolve())).as_posix()
                return quote(seen) + (f"#{fragment}" if fragment else "")
        return None
