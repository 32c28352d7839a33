"""`make docs`: a page for every public name, which asks nothing of the network."""

import re
import subprocess

import pytest

import mbh_utils as mbh
from mbh_utils import lenses
from mbh_utils.computing import paths
from mbh_utils.plots import figures

pytest.importorskip("pdoc", reason="pdoc is not installed here: `make docs` installs it")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """What the command of the Makefile writes, but to another folder."""
    shown = subprocess.run(
        ["make", "-n", "-o", ".venv/.tools", "docs"],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    folder = tmp_path_factory.mktemp("docs")
    command = shown.replace("\\\n", " ").replace("build/docs", str(folder))
    lines = [line for line in command.splitlines() if "pdoc" in line]
    assert len(lines) == 1, shown
    subprocess.run(lines[0], shell=True, cwd=paths.PROJECT, check=True, timeout=300)
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html")
    }


def test_every_public_name_has_a_page(pages):
    places = [*mbh._MODULES.values(), *(f"lenses.{name}" for name in lenses.__all__)]
    expected = {f"mbh_utils/{place.replace('.', '/')}.html" for place in places}
    chapters = figures.__all__
    expected |= {f"mbh_utils/plots/figures/{name}.html" for name in chapters}
    expected.add("mbh_utils/plots/figures.html")
    rooms = ("mbh_utils/lenses/clusters/", "mbh_utils/lenses/evolution/", "mbh_utils/datasets/")
    there = {page for page in pages if not page.startswith(rooms)}
    assert there == {"index.html", "mbh_utils.html", *expected}
    for name in mbh._PUBLIC:
        assert f'id="{name}"' in pages["mbh_utils.html"], name


def test_pages_ask_nothing_of_the_network(pages):
    for name, page in pages.items():
        loaded = re.findall(r"""(?:src|<link[^>]*href)\s*=\s*["'](https?:[^"']*)""", page)
        assert not loaded and "@import" not in page, name
