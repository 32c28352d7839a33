"""Write the reading copy of a profile: executed chapters are read, linked, and set into pages."""

import json
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mbh_utils import experiments
from mbh_utils.computing import paths
from mbh_utils.computing.files import atomic, remove
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters, provenance
from mbh_utils.workbook.book import pages
from mbh_utils.workbook.book.links import Links, ids_of
from mbh_utils.workbook.book.outputs import Surroundings
from mbh_utils.workbook.folder import check_writable, held, shown
from mbh_utils.workbook.sources import read_notebook


@dataclass(frozen=True)
class Book:
    """A reading copy that was written.

    Parameters
    ----------
    folder : Path
        Where it is; ``index.html`` is its first page.
    files : list of Path
        What was written.
    missing : list of str
        Chapters without an executed copy.
    dropped : list of str
        Links that led nowhere, of which the words stay.
    explorers : list of str
        Explorers that are not there.
    """

    folder: Path
    files: list[Path]
    missing: list[str]
    dropped: list[str]
    explorers: list[str]

    @property
    def size(self) -> int:
        """Bytes of all its files; pictures lie beside it, among the figures."""
        return sum(path.stat().st_size for path in self.files)


def write(profile: str = "quick", echo: Callable[[str], None] = print) -> Book:
    """Write the reading copy of a profile's executed chapters.

    Parameters
    ----------
    profile : str, default "quick"
        The profile whose chapters are read.
    echo : callable
        Takes the lines on how it goes.

    Returns
    -------
    Book
        What was written to ``figures/<profile>/book``.

    Raises
    ------
    MBHError
        For an unknown profile, one without executed chapters, or a folder that cannot be written.

    Examples
    --------
    >>> write("quik")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mbh_utils.errors.MBHError: profile 'quik' is unknown: did you mean 'quick'? ...
    """
    profile = chapters.pick(profile, experiments.PROFILES, "profile")
    figures = paths.figures_folder(profile)
    executed = {c: figures / "chapters" / f"{c.name}.ipynb" for c in chapters.CHAPTERS}
    there = {chapter: path for chapter, path in executed.items() if path.exists()}
    if not there:
        raise MBHError(
            f"no executed chapters of profile {profile} in {shown(figures / 'chapters')}: "
            f"run make figures PROFILE={profile} first (mbh figures --profile {profile})"
        )
    check_writable(figures)
    with held(figures, echo):
        return _write(profile, figures, there, echo)


def _write(
    profile: str,
    figures: Path,
    there: dict[chapters.Declaration, Path],
    echo: Callable[[str], None],
) -> Book:
    """Write the copy of the chapters that are there."""
    started = time.perf_counter()
    folder = figures / "book"
    beside = Surroundings(figures)
    read = []
    for chapter, path in there.items():
        echo(f"{chapter.name}: reading {shown(path)}")
        read.append(_read(chapter, path, _facts(figures, chapter.name), beside))
    html = {page.chapter.name: pages.chapter_html(page, read) for page in read}
    echo("index: chapters, concordance and glossary")
    html["index"] = pages.index_html(read, profile, beside)
    places = [figures / "chapters", paths.notebooks_folder()]
    links = Links({name: ids_of(text) for name, text in html.items()}, folder, places)
    content = {f"{name}.html": links.resolved(name, text) for name, text in html.items()}
    missing = [chapter.name for chapter in chapters.CHAPTERS if chapter not in there]
    files = [_written(folder / name, text) for name, text in content.items()]
    book = Book(folder, files, missing, sorted(set(links.dropped)), beside.missing)
    remove(path for path in folder.glob("*.html") if path not in book.files)
    _tell(book, profile, time.perf_counter() - started, echo)
    return book


def _read(
    chapter: chapters.Declaration, path: Path, facts: dict, beside: Surroundings
) -> pages.ChapterPage:
    """Read an executed chapter; MBHError where what it displayed cannot be read."""
    notebook = read_notebook(path)
    try:
        return pages.read(chapter, notebook, facts, beside)
    except (ValueError, struct.error) as error:
        raise MBHError(
            f"{shown(path)} holds a picture that cannot be read ({error}): execute it again "
            f"(mbh figures --chapter {chapter.number} --force)"
        ) from error


def _facts(figures: Path, name: str) -> dict:
    """What a chapter noted of its execution; nothing if it did not."""
    try:
        return json.loads(provenance.fragment_path(figures, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _written(path: Path, text: str) -> Path:
    """Write a file, with nothing left half-written."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path


def _tell(book: Book, profile: str, seconds: float, echo: Callable[[str], None]) -> None:
    """Say what was written, what is not in it, and where to begin."""
    if book.missing:
        again = f"make figures PROFILE={profile}"
        echo(f"not in it, for want of an executed copy ({again}): {', '.join(book.missing)}")
    if book.dropped:
        echo(f"links without a target, whose words stay: {', '.join(book.dropped)}")
    if book.explorers:
        again = f"make explore PROFILE={profile}"
        echo(f"explorers that are not there ({again}): {', '.join(book.explorers)}")
    echo(f"{len(book.files)} pages, {book.size / 1e6:.1f} MB, {seconds:.1f} s")
    echo(f"open {shown(book.folder / 'index.html')} in a browser")
