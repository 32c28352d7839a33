"""The reading copy of the committed chapters, whole: its pages as text, and in a browser."""

import json
import re
import shutil
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import axe, chromium, needs_chromium, new_page, outside_requests, sideways
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mbh_utils.computing import paths
from mbh_utils.workbook import book, chapters

COMMITTED = paths.PROJECT / "figures" / "paper"
NAMES = [path.stem for path in sorted((COMMITTED / "chapters").glob("[0-9]*.ipynb"))]
PAGES = ["index", *NAMES]
#: Issue 13: the whole, with the figures that it shows.
MEGABYTES = 12
#: Opens what is folded; of code, which is all alike, five cells, as axe takes long over colours.
OPEN = """
  for (const one of document.querySelectorAll("details:not(.code)")) one.open = true;
  for (const one of [...document.querySelectorAll("details.code")].slice(0, 5)) one.open = true;
"""
#: Elements without an end.
VOID = {"meta", "link", "img", "br", "hr", "input", "col", "wbr", "mspace"}


#: An explorer, as small as can be.
DIAL = """<!doctype html><html lang="en"><head><title>A dial</title></head><body><main><h1>Dial</h1>
<button onclick="this.textContent = 'Turned'">Turn</button></main></body></html>"""


@dataclass
class Read(HTMLParser):
    """What a page holds, as a machine reads it."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    pictures: list[dict] = field(default_factory=list)
    formulas: int = 0
    prose: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.sources += [given["src"]] if "src" in given else []
        self.pictures += [given] if tag == "img" else []
        self.formulas += tag == "math"
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if not {"pre", "code", "style", "math"} & set(self.open):
            self.prose.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of profile paper's figures, with the reading copy of the committed chapters."""
    figures = tmp_path_factory.mktemp("book")
    (figures / "paper" / "chapters").mkdir(parents=True)
    for path in (*COMMITTED.glob("*.png"), *(COMMITTED / "chapters").iterdir()):
        shutil.copy(path, figures / "paper" / path.relative_to(COMMITTED))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MBH_FIGURES", str(figures))
        lines = []
        book.write("paper", echo=lines.append)
    (figures / "lines.txt").write_text("\n".join(lines))
    return figures / "paper"


@pytest.fixture(scope="module")
def read(folder):
    """Every page, read."""
    found = {}
    for path in sorted((folder / "book").glob("*.html")):
        found[path.stem] = Read()
        found[path.stem].feed(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


def test_the_committed_copy_is_that_of_the_committed_chapters(tmp_path, monkeypatch):
    parts = ("chapters", "explore")
    for path in (
        *COMMITTED.glob("*.png"),
        *(file for p in parts for file in (COMMITTED / p).iterdir()),
    ):
        copy = tmp_path / "paper" / path.relative_to(COMMITTED)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    book.write("paper", echo=lambda line: None)

    def words(folder: Path) -> dict[str, str]:
        """Pages by name; the way from them to the repository depends on where they lie."""
        pages = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.html")}
        way = r'href="(\.\./)+([\w.-]+/)*(?=(README|CONTRIBUTING)\.md")'
        return {name: re.sub(way, 'href="', text) for name, text in pages.items()}

    written = words(tmp_path / "paper" / "book")
    old = [name for name, text in words(COMMITTED / "book").items() if text != written.get(name)]
    assert not old, "make book PROFILE=paper"


def test_there_is_a_page_for_each_executed_chapter_and_nothing_else(read, folder):
    assert sorted(read) == sorted(PAGES) and len(NAMES) == len(chapters.CHAPTERS)
    assert {path.suffix for path in (folder / "book").iterdir()} == {".html"}
    assert all(page.open == [] for page in read.values()), "every element ends"


def test_the_run_tells_what_it_reads_and_where_the_pages_are(folder):
    lines = (folder.parent / "lines.txt").read_text().splitlines()
    assert all(any(line.startswith(f"{name}: reading") for line in lines) for name in NAMES)
    assert lines[-1] == f"open {folder / 'book' / 'index.html'} in a browser"
    assert not any("without a target" in line or "not in it" in line for line in lines)


def test_the_whole_is_small_enough_to_commit(read, folder):
    pictures = {
        (folder / "book" / one["src"]).resolve() for p in read.values() for one in p.pictures
    }
    assert {path.parent for path in pictures} == {folder}, "no picture is stored twice"
    pages = list((folder / "book").iterdir())
    assert sum(path.stat().st_size for path in (*pages, *pictures)) < MEGABYTES * 1e6


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(read, folder, name):
    page = read[name]
    assert len(page.ids) == len(set(page.ids)), "ids are unique"
    dead = []
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https"
            continue
        target = (folder / "book" / unquote(parts.path)).resolve() if parts.path else None
        ids = read[target.stem if target else name].ids if parts.fragment else []
        gone = target is not None and not target.exists()
        if gone or (parts.fragment and unquote(parts.fragment) not in ids):
            dead.append(link)
    assert not dead
    assert page.links, "there is something to follow"


def test_links_between_chapters_lead_to_sections_and_figures(read):
    assert not [link for link in read["index"].links if ".ipynb" in link]
    known = chapters.figure_index()
    figures = {link for link in read["index"].links if link.partition("#")[2] in known}
    assert len(figures) > 50, "the concordance leads to each figure itself"
    sections = [link for link in read["index"].links if ".html#" in link and link not in figures]
    assert len(set(sections)) > 10


@pytest.mark.parametrize("name", PAGES)
def test_formulas_are_mathml_and_no_latex_is_left(read, folder, name):
    text = "".join(read[name].prose)
    assert not re.findall(r".{0,30}\$.{0,30}", text)
    assert not re.findall(r".{0,30}\\[a-z]+.{0,30}", text)
    assert not re.findall(r"\|-|\*\*|\]\(", text), "nor anything else of Markdown"
    raw = (folder / "book" / f"{name}.html").read_text(encoding="utf-8")
    assert raw.count("<math") == read[name].formulas == raw.count("alttext=")
    assert not re.search(r"<code>[^<]*\\\w", raw), "no formula was left as it was"


def test_there_are_formulas_in_nearly_every_chapter(read):
    assert sum(read[name].formulas for name in NAMES) > 400
    assert sum(read[name].formulas == 0 for name in PAGES) == 0


@pytest.mark.parametrize("name", NAMES)
def test_each_declared_figure_is_there_with_its_words(read, name):
    page = read[name]
    declared = chapters.declaration(name).figures
    assert set(declared) <= set(page.ids)
    assert {f"../{figure}.png" for figure in declared} <= set(page.sources)
    assert all(len(one.get("alt", "")) > 20 for one in page.pictures)
    assert all(int(one["width"]) and int(one["height"]) for one in page.pictures)
    assert not any("No description" in one["alt"] for one in page.pictures)


def test_nothing_is_asked_of_others(folder):
    for path in (folder / "book").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text and "@import" not in text and "url(" not in text
        assert not re.search(r'(?:src|srcset|data|action)="(?!\.\./|data:)', text)


def test_answers_and_code_are_folded(folder):
    text = (folder / "book" / "01_sparsity.html").read_text(encoding="utf-8")
    assert text.count('<details class="code">') > 10
    assert text.count("<summary>Answer</summary>") >= 3
    assert text.count("<summary>Run it: show what comes out</summary>") >= 3
    assert "<details open" not in text


def test_a_second_run_writes_the_same(folder, monkeypatch):
    before = {path: path.read_bytes() for path in (folder / "book").iterdir()}
    left = folder / "book" / "08_gone.html"
    left.write_text("a chapter of old")
    monkeypatch.setenv("MBH_FIGURES", str(folder.parent))
    book.write("paper", echo=lambda line: None)
    assert {path: path.read_bytes() for path in (folder / "book").iterdir()} == before


@needs_chromium
@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_the_browser(browser, folder, name):
    page = new_page(browser)
    try:
        page.goto((folder / "book" / f"{name}.html").as_uri())
        page.evaluate("document.querySelectorAll('img').forEach((i) => { i.loading = 'eager'; })")
        page.wait_for_function("[...document.images].every((i) => i.complete && i.naturalWidth)")
        assert not page.errors and not outside_requests(page)
        page.set_viewport_size({"width": 390, "height": 844})
        assert sideways(page) <= 0, "no sideways scroll on a phone"
        page.evaluate(OPEN)
        assert sideways(page) <= 0, "nor with everything open"
        page.set_viewport_size({"width": 1400, "height": 1000})
        assert axe(page) == []
        if name == "index" or "background-color: #" in page.content():
            page.emulate_media(color_scheme="dark")  # of the others, style and elements are those
            assert axe(page) == []
        assert not page.errors and not outside_requests(page)
    finally:
        page.close()


@needs_chromium
def test_an_answer_opens_by_keyboard_and_a_link_opens_what_hides_its_target(browser, folder):
    page = new_page(browser)
    try:
        page.goto((folder / "book" / "01_sparsity.html").as_uri())
        answer = page.locator("summary", has_text="Answer").first
        text = answer.locator("xpath=../p").first
        assert not text.is_visible()
        answer.focus()
        page.keyboard.press("Enter")
        assert text.is_visible()
        page.get_by_role("link", name="Chapter 2. Activation regions").first.click()
        assert Path(urlsplit(page.url).path).name == "02_activation_regions.html"
        assert "Activation regions" in page.title()
    finally:
        page.close()


@needs_chromium
def test_an_explorer_answers_inside_of_its_page(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    line = (
        '<p class="mbh-explorer" data-explorer="dial"><a href="../explore/dial.html">dial</a></p>'
    )
    output = new_output("display_data", data={"text/html": line, "text/plain": "dial"})
    cells = [new_markdown_cell("# Chapter 1. Sparse"), new_code_cell("dial", outputs=[output])]
    for name in ("chapters", "explore"):
        (tmp_path / "quick" / name).mkdir(parents=True)
    chapter = tmp_path / "quick" / "chapters" / "01_sparsity.ipynb"
    chapter.write_text(json.dumps(new_notebook(cells=cells)))
    (tmp_path / "quick" / "explore" / "dial.html").write_text(DIAL)
    made = book.write("quick", echo=lambda line: None)
    page = new_page(browser)
    try:
        page.goto((made.folder / "01_sparsity.html").as_uri())
        frame = page.frame_locator("iframe[title='Explorer: A dial']")
        frame.get_by_role("button", name="Turn").click()
        assert frame.get_by_role("button", name="Turned").is_visible()
        assert not page.errors and not outside_requests(page) and axe(page) == []
        assert page.get_by_role("link", name="Open the explorer").is_visible()
    finally:
        page.close()


@needs_chromium
def test_print_shows_answers_and_hides_the_ways(browser, folder):
    page = new_page(browser)
    try:
        page.goto((folder / "book" / "01_sparsity.html").as_uri())
        page.emulate_media(media="print")
        assert not page.locator("header").is_visible()
        assert not page.locator("details.code").first.is_visible()
        answer = page.locator("details", has_text="Answer").first
        assert (
            answer.bounding_box()["height"] > 2 * answer.locator("summary").bounding_box()["height"]
        )
    finally:
        page.close()
