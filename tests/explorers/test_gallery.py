"""All explorers by name, and the index that leads to them."""

import re

import pytest
from browser import axe, needs_chromium, opened, outside_requests, sideways

from mbh_utils import experiments
from mbh_utils.errors import MBHError
from mbh_utils.explorers import gallery
from mbh_utils.explorers.web_page import Page


class Empty(Page):
    """A page that draws nothing."""

    html = "<!doctype html>"


PAGES = [
    Empty("blanket", "Blankets & more", "What <this> does.", {}),
    Empty("regions", "Regions", "Another.", {}),
]


@pytest.fixture
def two(monkeypatch):
    """Two explorers, which are made at once."""
    made = {page.name: page for page in PAGES}
    asked = []

    def page(name, profile, seed=0):
        asked.append((name, profile.name, seed))
        return made[name]

    monkeypatch.setattr(gallery, "NAMES", ("blanket", "regions"))
    monkeypatch.setattr(gallery.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(gallery, "page", page)
    return asked


def test_all_are_written_and_the_index_leads_to_them(two, tmp_path):
    told = []
    files = gallery.write_all(tmp_path / "explore", "quick", 3, echo=told.append)
    assert [file.name for file in files] == ["index.html", "blanket.html", "regions.html"]
    assert two == [("blanket", "quick", 3), ("regions", "quick", 3)]
    assert told == ["making blanket.html", "making regions.html"]
    index = files[0].read_text()
    assert re.findall(r'href="([\w.]+)"', index) == ["blanket.html", "regions.html"]
    assert "Blankets &amp; more" in index and "What &lt;this&gt; does." in index
    assert "profile quick" in index


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_index_is_for_everyone(tmp_path, dark):
    file = tmp_path / "index.html"
    file.write_text(gallery.index_of(PAGES, "quick"))
    with opened(file, width=390, dark=dark) as page:
        assert axe(page) == [] and page.errors == [] and sideways(page) == 0
        assert outside_requests(page) == [] and len(page.requests) == 1
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Blankets & more"


def test_page_of_the_blanket_explorer_is_that_of_the_profile():
    small = experiments.PROFILES["quick"]
    page = gallery.page("blanket", small, seed=1)
    other = gallery.page("blanket", "quick")
    assert page.name == "blanket" and page.data["domains"] != other.data["domains"]


@pytest.mark.parametrize(
    "given, part",
    [
        (("blankets",), "there is no explorer 'blankets'; there are sparsity, regions, blanket"),
        (("blanket", "huge"), "there is no profile 'huge'"),
        (("blanket", "quick", -1), "seed is -1"),
    ],
)
def test_what_is_not_there_is_an_error(given, part):
    with pytest.raises(MBHError, match=part):
        gallery.page(*given)
