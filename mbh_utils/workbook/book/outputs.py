"""What cells displayed, as HTML: pictures with their captions, tables, text and explorers."""

import base64
import hashlib
import html
import re
import struct
from pathlib import Path

from nbconvert.filters import ansi2html
from nbformat import NotebookNode

from mbh_utils.workbook.book.prose import Prose, plain
from mbh_utils.workbook.book.tables import tidied

_CAPTION = re.compile(r'<div class="mbh-caption[^>]*>(.*)</div>', re.DOTALL)
_EXPLORER = re.compile(r'<p class="mbh-explorer"[^>]*data-explorer="([\w-]+)"[^>]*>', re.DOTALL)
_PICTURES = {"image/png": "png", "image/jpeg": "jpeg"}


class Surroundings:
    """What lies beside the pages of one profile: pictures, and explorers.

    Parameters
    ----------
    figures : Path
        The profile's folder of figures.

    Attributes
    ----------
    missing : list of str
        Explorers that chapters name and that are not there.
    """

    def __init__(self, figures: Path):
        self.pictures = {_sha256(path.read_bytes()): path.stem for path in figures.glob("*.png")}
        pages = sorted((figures / "explore").glob("*.html"))
        self.explorers = {page.stem: _title(page) for page in pages if page.stem != "index"}
        self.missing: list[str] = []
        self.has_explorers = (figures / "explore" / "index.html").exists()

    def source(self, content: bytes, kind: str) -> tuple[str, str]:
        """Where a picture is, and its id: its file beside the pages, or itself without an id."""
        if stem := self.pictures.get(_sha256(content)):
            return f"../{stem}.png", stem
        return f"data:image/{kind};base64,{base64.b64encode(content).decode()}", ""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _title(page: Path) -> str:
    """The title of an explorer's page."""
    found = re.search(r"<title>(.*?)</title>", page.read_text(encoding="utf-8"), re.DOTALL)
    return html.unescape(found[1].strip()) if found else page.stem


def shown(outputs: list[NotebookNode], prose: Prose, beside: Surroundings) -> str:
    """What a cell displayed, as HTML.

    Parameters
    ----------
    outputs : list of NotebookNode
        The outputs of one code cell.
    prose : Prose
        Reads the Markdown of the page.
    beside : Surroundings
        What lies beside the page.

    Returns
    -------
    str
        HTML; a picture and the caption behind it are one figure.
    """
    pieces = []
    rest = list(outputs)
    while rest:
        output = rest.pop(0)
        data = output.get("data", {})
        kind = next((kind for kind in _PICTURES if kind in data), None)
        if kind:
            caption = _caption_of(output)
            if rest and not caption:
                caption = _caption_of(rest[0])
                rest = rest[1:] if caption else rest
            pieces.append(_figure(output, kind, caption, beside))
        else:
            pieces.append(_other(output, prose, beside))
    return "\n".join(piece for piece in pieces if piece)


def _caption_of(output: NotebookNode) -> str:
    """The caption that an output is, or has beside a picture; "" if there is none."""
    found = _CAPTION.search(output.get("data", {}).get("text/html", ""))
    return found[1] if found else ""


def _figure(output: NotebookNode, kind: str, caption: str, beside: Surroundings) -> str:
    """A picture, which opens at full size, with its description and its caption."""
    content = base64.b64decode(output["data"][kind])
    source, stem = beside.source(content, _PICTURES[kind])
    alt = output.metadata.get(kind, {}).get("alt") or _words_of(caption)
    size = ""
    if kind == "image/png":
        width, height = struct.unpack(">II", content[16:24])
        size = f' width="{width}" height="{height}"'
    picture = f'<img src="{source}" alt="{html.escape(alt)}"{size} loading="lazy">'
    if stem:
        picture = f'<a class="picture" href="{source}">{picture}</a>'
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    name = f' id="{stem}"' if stem else ""
    return f"<figure{name}>{picture}{below}</figure>"


def _words_of(caption: str) -> str:
    """The description in a caption, or else all of it."""
    found = re.search(r"<summary>In words</summary>(.*?)</details>", caption, re.DOTALL)
    return plain(found[1] if found else caption) or "A picture without a description"


def _other(output: NotebookNode, prose: Prose, beside: Surroundings) -> str:
    """What is no picture."""
    if output.output_type == "stream":
        return _text(output.text)
    if output.output_type == "error":
        return _text("\n".join(output.traceback))
    data = output.get("data", {})
    if "text/html" in data:
        explorer = _EXPLORER.search(data["text/html"])
        return _explorer(explorer[1], beside) if explorer else _html(data["text/html"], beside)
    if "image/svg+xml" in data:
        encoded = base64.b64encode(data["image/svg+xml"].encode()).decode()
        alt = html.escape(output.metadata.get("image/svg+xml", {}).get("alt") or "A drawing")
        return f'<figure><img src="data:image/svg+xml;base64,{encoded}" alt="{alt}"></figure>'
    if "text/markdown" in data:
        return prose.html(data["text/markdown"])
    if "text/latex" in data:
        return prose.html(data["text/latex"])
    return _text(data.get("text/plain", ""))


def _html(text: str, beside: Surroundings) -> str:
    """HTML that a cell displayed; its pictures lie beside the page where they are there."""

    def source(found: re.Match) -> str:
        return f'src="{beside.source(base64.b64decode(found[1]), "png")[0]}"'

    return re.sub(r'src="data:image/png;base64,([^"]+)"', source, tidied(text))


def _text(text: str) -> str:
    """What a cell printed: wrapped if it is prose, in a box that scrolls if it has columns."""
    text = text.rstrip()
    if not text:
        return ""
    has_columns = any(re.search(r"\S {2,}\S", line) for line in text.splitlines())
    kind = "output columns" if has_columns else "output"
    focus = ' tabindex="0"' if has_columns else ""
    return f'<pre class="{kind}"{focus}>{ansi2html(text)}</pre>'


def _explorer(name: str, beside: Surroundings) -> str:
    """An explorer inside of the page; a sentence on how to make it where it is not there."""
    if name not in beside.explorers:
        beside.missing.append(name)
        how = "<code>make explore</code> writes it; then <code>make book</code> shows it here"
        return f'<p class="note">The explorer “{html.escape(name)}” stands here. {how}.</p>'
    source = f"../explore/{name}.html"
    title = html.escape(beside.explorers[name])
    frame = f'<iframe src="{source}" title="Explorer: {title}" loading="lazy"></iframe>'
    link = f'<p class="note"><a href="{source}">Open the explorer on a page of its own</a></p>'
    return f'<div class="explorer" id="explorer-{name}">{frame}{link}</div>'
