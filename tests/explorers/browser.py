"""Pages in Debian's Chromium, their modules in node, and axe: what tests of explorers share.

Nothing is downloaded: node comes with the package playwright, axe with axe-playwright-python.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import axe_playwright_python
import playwright
import pytest

from mbh_utils.explorers.web_page import ASSETS

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run"]
FLAGS += ["disable-background-networking", "disable-component-update", "disable-sync"]
NODE = Path(playwright.__file__).parent / "driver" / "node"
SECONDS = 1000  # playwright counts in milliseconds

#: For ``pytestmark``; tests/conftest.py says at the end of a run that tests were skipped for this.
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the path (Debian: apt install chromium)"
)


@contextmanager
def chromium() -> Iterator:
    """A browser of playwright, of which :func:`new_page` makes pages."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = [f"--{flag}" for flag in FLAGS]
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def new_page(browser, *, width=1100, height=1000, dark=False, calm=False):
    """A page with what it reports: ``page.errors`` (texts) and ``page.requests`` (addresses)."""
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if calm else "no-preference",
    )
    page.set_default_timeout(60 * SECONDS)
    page.errors = []
    page.requests = []

    def note(message) -> None:
        if message.type == "error":
            page.errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    return page


@contextmanager
def opened(file: Path, *, fragment: str = "", **options) -> Iterator:
    """A page that shows a file, by file://; ``fragment`` is what stands behind its #."""
    with chromium() as browser:
        page = new_page(browser, **options)
        page.goto(file.resolve().as_uri() + (f"#{fragment}" if fragment else ""))
        yield page


def outside_requests(page) -> list[str]:
    """Addresses beside the page's own file that it asked for; icons inside of it do not count."""
    return [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))]


def sideways(page) -> int:
    """By how many pixels the page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@cache
def _axe() -> str:
    file = Path(axe_playwright_python.__file__).parent / "axe.min.js"
    return file.read_text(encoding="utf-8")


def axe(page) -> list[str]:
    """What axe finds wrong on a page: a line for each rule that it breaks, with the places."""
    page.evaluate(_axe())
    found = page.evaluate("axe.run()")
    lines = []
    for violation in found["violations"]:
        places = "; ".join(node["html"][:200] for node in violation["nodes"][:5])
        count = len(violation["nodes"])
        lines.append(f"{violation['id']} ({count} places): {violation['help']}: {places}")
    return lines


def run_node(script: str, folder: Path, **given):
    """What a script passes to tell(); it runs beside copies of all modules of ``assets/``.

    It may ``import {...} from "./common.js"``, and reads ``given`` from the object ``given``.
    """
    place = folder / "node"
    shutil.copytree(ASSETS, place, dirs_exist_ok=True)
    (place / "package.json").write_text('{"type": "module"}')
    (place / "given.json").write_text(json.dumps(given))
    head = (
        'import { readFileSync } from "node:fs";\n'
        'const given = JSON.parse(readFileSync("given.json", "utf-8"));\n'
        "const tell = (value) => console.log(JSON.stringify(value));\n"
    )
    (place / "script.js").write_text(head + script)
    command = [str(NODE), "script.js"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
