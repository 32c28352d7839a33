"""Self-contained pages: data, style and script in one file, which needs no kernel and no network.

A page is made of one ES module of ``assets/`` that exports ``start(root, data)``, what it imports
from there, and its data as JSON. In a notebook it shows itself inside of a frame.
"""

import html
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mbh_utils.computing.files import atomic

ASSETS = Path(__file__).parent / "assets"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Page:
    """A page that answers without Python.

    Parameters
    ----------
    name : str
        Of its module in ``assets/`` and of its file, without endings: "blanket".
    title : str
        Its heading.
    about : str
        One or two sentences below the heading: what can be done here.
    data : dict
        What its module is given; arrays packed by ``packing.pack``.
    height : int, default 900
        Of the frame in a notebook, in pixels.

    Notes
    -----
    As the last line of a cell it shows itself in a frame, also without a kernel.
    """

    name: str
    title: str
    about: str
    data: dict
    height: int = 900

    @cached_property
    def html(self) -> str:
        """The whole page."""
        # "</" would end the script element inside of which the JSON stands.
        content = json.dumps(self.data, separators=(",", ":")).replace("</", "<\\/")
        title = html.escape(self.title)
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{_read("style.css")}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="about">{html.escape(self.about)}</p>
<div id="root"></div>
<noscript><p>This page draws with JavaScript, which is switched off here.</p></noscript>
</main>
<script type="application/json" id="data">{content}</script>
<script type="module">
{bundle(f"{self.name}.js")}
start(document.getElementById("root"), JSON.parse(document.getElementById("data").textContent));
</script>
</body>
</html>
"""

    def save(self, folder: Path) -> Path:
        """Write it to ``<folder>/<name>.html``.

        Parameters
        ----------
        folder : Path
            Made if it is not there.

        Returns
        -------
        Path
            Its file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}.html"
        with atomic(file) as temporary:
            temporary.write_text(self.html, encoding="utf-8")
        return file

    def _repr_html_(self) -> str:
        look = f"width: 100%; height: {self.height}px; border: 1px solid #ccc"
        return (
            f'<iframe title="{html.escape(self.title)}" style="{look}" '
            f'srcdoc="{html.escape(self.html)}"></iframe>'
        )


def bundle(name: str) -> str:
    """A module of ``assets/`` and what it imports from there, as one script without imports."""
    order: list[str] = []
    _collect(name, order)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", _read(file))) for file in order)


def _collect(name: str, order: list[str]) -> None:
    """Add a module to the list, behind those that it imports."""
    for imported in _IMPORT.findall(_read(name)):
        _collect(imported, order)
    if name not in order:
        order.append(name)


def _read(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")
