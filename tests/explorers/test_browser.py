"""An explorer inside of JupyterLab, which runs on loopback: keyboard, no kernel, reopened."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from browser import SECONDS, chromium, needs_chromium, new_page

from mbh_utils.computing import paths

pytestmark = needs_chromium
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
CELL = """\
import numpy as np
import mbh_utils as mbh
from mbh_utils import widgets

rng = np.random.default_rng(0)
images = rng.random((60, 4))
labels = np.arange(60) % 3
data = mbh.from_arrays(images, labels, images, labels, classes=["ant", "bee", "cat"])
network = mbh.feed_forward(data, (12, 8), bias_std=0.3)
plane = mbh.Plane.through(images[:3])
chapter = mbh.open_chapter("4")
chapter.explore(widgets.blanket_page(network, plane, data, shown=1, coverage=0.7, pixels=200))
"""


@dataclass
class Lab:
    """A JupyterLab with one notebook."""

    url: str
    token: str
    file: Path

    @property
    def notebook(self) -> str:
        """Where a browser opens it, in a workspace without the tabs of others."""
        place = f"lab/workspaces/{self.file.stem}/tree/{self.file.name}"
        return f"{self.url}{place}?token={self.token}"

    def end_kernels(self) -> None:
        """End all kernels, and wait until they are gone."""
        for kernel in self._ask("GET"):
            self._ask("DELETE", f"/{kernel['id']}")
        assert self._ask("GET") == []

    def _ask(self, method: str, path: str = ""):
        request = urllib.request.Request(f"{self.url}api/kernels{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab with the notebook explorer.ipynb, settings of nobody and no news."""
    root = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = KERNEL
    (root / "notebooks").mkdir()
    nbformat.write(notebook, root / "notebooks" / "explorer.ipynb")
    (root / "config" / "labconfig").mkdir(parents=True)
    disabled = {"@jupyterlab/apputils-extension:announcements": True}
    (root / "config" / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": disabled})
    )
    places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
    environment = dict(os.environ)
    environment |= {f"JUPYTER_{name}_DIR": str(root / place) for name, place in places.items()}
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(root / "settings")
    environment["JUPYTERLAB_WORKSPACES_DIR"] = str(root / "workspaces")
    environment["IPYTHONDIR"] = str(root / "ipython")
    given = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([str(paths.PROJECT), *([given] if given else [])])
    for name in ("MBH_STATIC", "MPLBACKEND"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", "--port=0", f"--ServerApp.root_dir={root / 'notebooks'}"]
    with open(root / "log.txt", "w") as log:
        server = subprocess.Popen(command, env=environment, cwd=root, stdout=log, stderr=log)
        try:
            found = []
            deadline = time.monotonic() + 60
            while not found and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
                found = list((root / "runtime").glob("jpserver-*.json"))
            assert found, f"JupyterLab did not start:\n{(root / 'log.txt').read_text()}"
            facts = json.loads(found[0].read_text())
            yield Lab(facts["url"], facts["token"], root / "notebooks" / "explorer.ipynb")
        finally:
            server.terminate()  # which also ends the kernels
            server.wait(20)


@pytest.fixture
def page():
    with chromium() as browser:
        yield new_page(browser)


def explorer_of(page):
    """The explorer inside of its frame, with the words that it shows of its state."""
    frame = page.frame_locator(".jp-OutputArea iframe")
    return frame, frame.locator(".status").first


def moved_by_keyboard(page, key: str) -> str:
    """The words of the explorer after its slider was focused and a key pressed."""
    frame, words = explorer_of(page)
    frame.get_by_role("slider").focus()
    page.keyboard.press(key)
    page.wait_for_timeout(300)
    return words.inner_text()


def test_explorer_lives_in_jupyterlab_also_without_a_kernel_and_reopened(page, lab, tmp_path):
    from playwright.sync_api import expect

    page.goto(lab.notebook)
    idle = page.get_by_role("button", name="| Idle")  # the kernel is there
    expect(idle).to_be_visible(timeout=60 * SECONDS)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    _, words = explorer_of(page)
    expect(words).to_contain_text("Class 1 (bee) at c_P = 0.70", timeout=60 * SECONDS)
    first = words.inner_text()
    assert "c_P = 0.71" in moved_by_keyboard(page, "ArrowRight")
    assert "c_P = 1.00: 4 constraints, met by 100.0%" in moved_by_keyboard(page, "End")
    page.screenshot(path=os.environ.get("MBH_SCREENSHOT", tmp_path / "explorer.png"))

    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+s")
    saved = lab.file
    deadline = time.monotonic() + 30
    while "srcdoc" not in saved.read_text():
        assert time.monotonic() < deadline, "JupyterLab did not save the notebook"
        page.wait_for_timeout(100)

    lab.end_kernels()
    assert "c_P = 0.50" in moved_by_keyboard(page, "Home")
    assert "c_P = 0.51" in moved_by_keyboard(page, "ArrowRight")
    assert page.errors == [] or all("kernel" in text.lower() for text in page.errors)

    page.goto("about:blank")
    page.errors.clear()
    page.goto(lab.notebook)
    _, words = explorer_of(page)
    expect(words).to_have_text(first, timeout=60 * SECONDS)
    assert "c_P = 0.69" in moved_by_keyboard(page, "ArrowLeft")


CHOOSER = """\
import mbh_utils as mbh
from mbh_utils import widgets

network = mbh.feed_forward(mbh.load_dataset("digits8"), (12, 8))
widgets.blanket_chooser("quick", network=network)
"""


def test_chooser_makes_a_page_in_jupyterlab(page, lab):
    from playwright.sync_api import expect

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CHOOSER)])
    notebook.metadata["kernelspec"] = KERNEL
    other = Lab(lab.url, lab.token, lab.file.with_name("chooser.ipynb"))
    nbformat.write(notebook, other.file)
    page.goto(other.notebook)
    expect(page.get_by_role("button", name="| Idle")).to_be_visible(timeout=60 * SECONDS)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("img", name="image of 9")).to_be_visible(timeout=60 * SECONDS)
    page.get_by_label("phenomenon").fill("label in (3, ")
    page.get_by_role("button", name="make").click()
    expect(page.get_by_role("alert")).to_contain_text("is no condition")
    page.get_by_label("phenomenon").fill("label in (3, 5)")
    page.get_by_role("button", name="make").click()
    _, words = explorer_of(page)
    expect(words).to_contain_text("Phenomenon (label in (3, 5)) at c_P = 0.80")
    assert "c_P = 0.81" in moved_by_keyboard(page, "ArrowRight")
    page.screenshot(path=os.environ.get("MBH_SCREENSHOT_CHOOSER", lab.file.with_suffix(".png")))


def test_executed_chapter_holds_a_link_and_no_widget(monkeypatch, tmp_path):
    from nbclient import NotebookClient

    from mbh_utils.workbook.kernels import kernel_environment

    for name, value in kernel_environment(1).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=120).execute()
    assert "widgets" not in notebook.metadata
    content = notebook.cells[0].outputs[-1].data["text/html"]
    assert 'class="mbh-explorer" data-explorer="blanket"' in content
    (address,) = re.findall(r'href="([^"]*)"', content)
    chapters = tmp_path / "quick" / "chapters"
    assert (chapters / address).resolve() == tmp_path / "quick" / "explore" / "blanket.html"
    assert (chapters / address).is_file() and len(json.dumps(notebook)) < 10_000
