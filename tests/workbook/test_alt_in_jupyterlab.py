"""Figures carry their alt text in JupyterLab, and are shown where it does not trust a notebook."""

import json
import os
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser

import nbconvert
import nbformat
import pytest

from mbh_utils.computing import paths

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the path (Debian: apt install chromium)"
)
FLAGS = ["no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"]
ALT = 'Two dots <joined> by a "line" that rises.'
CELL = f"""\
import matplotlib.pyplot as plt
from mbh_utils.workbook import chapter

figure, axes = plt.subplots(figsize=(2, 2))
axes.plot([0, 1])
plt.close(figure)
from mbh_utils.plots.png import render
chapter._show(render(figure), "fig-2-1", {ALT!r}, "A line.")
"""


def notebook():
    found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    found.metadata["kernelspec"] = kernel
    return found


def outputs_of(capture):
    """Outputs of a cell that shows a figure: what it displays here."""
    made = []
    for one in capture:
        content = dict(output_type="display_data", data=one["data"], metadata=one["metadata"])
        made.append(nbformat.from_dict(content))
    return made


@pytest.fixture
def shown(monkeypatch):
    """The outputs that the cell displays, in an executed copy or live."""
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    def show(static: bool):
        monkeypatch.delenv("MBH_STATIC", raising=False)
        if static:
            monkeypatch.setenv("MBH_STATIC", "1")
        shell = InteractiveShell.instance()
        publisher = CapturingDisplayPublisher()
        monkeypatch.setattr(shell, "display_pub", publisher)
        try:
            exec(CELL, {})
        finally:
            InteractiveShell.clear_instance()
        return outputs_of(publisher.outputs)

    return show


def test_an_executed_copy_holds_the_picture_once_and_its_alt_text_without_script(shown):
    picture, below = shown(static=True)
    assert set(picture.data) == {"image/png", "text/plain"}
    assert picture.metadata["image/png"]["alt"] == ALT
    html = below.data["text/html"]
    assert "<script" not in html and "<img" not in html
    assert "<summary>In words</summary>Two dots &lt;joined&gt; by a" in html


@pytest.mark.parametrize("template", ["classic", "basic"])
def test_nbconvert_writes_the_alt_text(shown, template):
    made = notebook()
    made.cells[0].outputs = shown(static=True)
    page, _ = nbconvert.HTMLExporter(template_name=template).from_notebook_node(made)
    images = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: images.append(dict(attributes))
    parser.feed(page)
    assert [image["alt"] for image in images if "data:image/png" in image.get("src", "")] == [ALT]


@pytest.fixture
def lab(tmp_path, shown):
    """Address of a JupyterLab with a notebook to run, and one that it does not trust."""
    here = tmp_path / "notebooks"
    here.mkdir()
    nbformat.write(notebook(), here / "live.ipynb")
    untrusted = notebook()
    untrusted.cells[0].outputs = shown(static=False)
    nbformat.write(untrusted, here / "untrusted.ipynb")
    (tmp_path / "config" / "labconfig").mkdir(parents=True)
    disabled = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (tmp_path / "config" / "labconfig" / "page_config.json").write_text(json.dumps(disabled))
    environment = dict(os.environ)
    for name in ("CONFIG", "DATA", "RUNTIME"):
        environment[f"JUPYTER_{name}_DIR"] = str(tmp_path / name.lower())
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(tmp_path / "settings")
    environment["JUPYTERLAB_WORKSPACES_DIR"] = str(tmp_path / "workspaces")
    environment["IPYTHONDIR"] = str(tmp_path / "ipython")
    environment["PYTHONPATH"] = str(paths.PROJECT)
    for name in ("MBH_STATIC", "MPLBACKEND"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={here}"]
    with open(tmp_path / "log.txt", "w") as log:
        server = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)
        try:
            found = []
            deadline = time.monotonic() + 90
            while not found and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
                found = list((tmp_path / "runtime").glob("jpserver-*.json"))
            assert found, f"JupyterLab did not start:\n{(tmp_path / 'log.txt').read_text()}"
            facts = json.loads(found[0].read_text())
            yield lambda name: f"{facts['url']}lab/tree/{name}?token={facts['token']}"
        finally:
            server.terminate()  # which also ends the kernels
            server.wait(20)


@needs_chromium
def test_jupyterlab_shows_the_alt_text_and_the_picture_also_where_it_trusts_nothing(lab):
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS]
        )
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        page.set_default_timeout(120_000)
        expect.set_options(timeout=120_000)
        page.goto(lab("live.ipynb"))
        # Before the kernel is there, a cell that is run may be forgotten.
        expect(page.get_by_role("button", name="| Idle")).to_be_visible()
        cell = page.locator(".jp-CodeCell").first
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        image = page.locator(".jp-RenderedImage img").first
        expect(image).to_have_attribute("alt", ALT)
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100

        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        page.set_default_timeout(120_000)
        page.goto(lab("untrusted.ipynb"))
        image = page.locator(".jp-RenderedImage img").first
        image.wait_for()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        words = page.locator(".jp-RenderedHTML details")
        expect(words).to_contain_text(ALT)
        browser.close()
