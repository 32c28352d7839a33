"""The explorer in a real browser: a slider moved by the keyboard, a figure that changes.

JupyterLab runs on loopback.
"""

import json
import os
import shutil
import subprocess
import sys
import time

import nbformat
import pytest

from mbh_utils.computing import paths

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run"]
FLAGS += ["disable-background-networking", "disable-component-update", "disable-sync"]
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the path (Debian: apt install chromium)"
)
CELL = """\
import numpy as np
import mbh_utils as mbh
from mbh_utils import widgets

rng = np.random.default_rng(0)
images = rng.random((60, 4))
labels = np.arange(60) % 3
data = mbh.from_arrays(images, labels, images, labels, classes=["ant", "bee", "cat"])
network = mbh.feed_forward(data, (12, 8), bias_std=0.3)
widgets.blanket_explorer(network, mbh.Plane.through(images[:3]), data, label=1, coverage=0.7)
"""
SECONDS = 1000  # playwright counts in milliseconds


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of a JupyterLab with the notebook explorer.ipynb, settings of nobody and no news."""
    root = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
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
            yield f"{facts['url']}lab/tree/explorer.ipynb?token={facts['token']}"
        finally:
            server.terminate()  # which also ends the kernels
            server.wait(20)


@pytest.fixture
def page():
    """A page of Debian's Chromium, with the errors it reports collected in ``page.errors``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS]
        )
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        page.set_default_timeout(60 * SECONDS)
        page.errors = []

        def note(message) -> None:
            if message.type == "error":
                page.errors.append(message.text)

        page.on("console", note)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        yield page
        browser.close()


def test_the_slider_moved_by_keyboard_redraws_the_blanket(page, lab, tmp_path):
    from playwright.sync_api import expect

    page.goto(lab)
    idle = page.get_by_role("button", name="| Idle")  # the kernel is there
    expect(idle).to_be_visible(timeout=60 * SECONDS)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    numbers = page.get_by_role("status").filter(has_text="c_P")
    image = page.locator(".jp-OutputArea img.widget-image")
    expect(numbers).to_contain_text("Class 1 (bee) at c_P = 0.70", timeout=60 * SECONDS)
    expect(image).to_be_visible()
    shown = picture(image)

    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    expect(numbers).to_contain_text("c_P = 1.00: 4 constraints, met by 100.0%")
    becomes(page, lambda: picture(image) != shown)
    page.screenshot(path=os.environ.get("MBH_SCREENSHOT", tmp_path / "explorer.png"))
    page.get_by_role("button", name="reset").click()
    expect(numbers).to_contain_text("c_P = 0.70")
    becomes(page, lambda: picture(image) == shown)
    assert page.errors == []


def becomes(page, condition, seconds: float = 20) -> None:
    """Wait until the condition holds; the page goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the figure on the page is not what it should be"
        page.wait_for_timeout(100)


def picture(image) -> str:
    """Pixels of an image on the page, as a data address."""
    return image.evaluate(
        """async image => {
            await image.decode();
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
            canvas.getContext("2d").drawImage(image, 0, 0);
            const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
            return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
        }"""
    )
