"""``mbh explore``."""

import pytest

from mbh_utils.explorers import gallery
from mbh_utils.explorers.page import Page


@pytest.fixture
def one(monkeypatch, tmp_path):
    """One explorer that is made at once; figures go to a temporary folder."""
    monkeypatch.setattr(gallery, "NAMES", ("blanket",))
    made = []

    def page(name, profile, seed=0):
        made.append((name, profile.name, seed))
        return Page(name, "Minimal blankets", "What it does.", {})

    monkeypatch.setattr(gallery, "page", page)
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    return made


def test_pages_and_index_are_written_and_told(mbh, one, tmp_path):
    status, out, _ = mbh("explore", "--profile", "paper", "--seed", "2")
    assert (status or 0) == 0
    assert one == [("blanket", "paper", 2)]
    folder = tmp_path / "paper" / "explore"
    assert sorted(file.name for file in folder.iterdir()) == ["blanket.html", "index.html"]
    assert "making blanket.html" in out
    assert f"open {folder / 'index.html'} in a browser" in out


@pytest.mark.parametrize(
    "words, part",
    [
        (["--profile", "huge"], "profile 'huge' is unknown: there are quick, draft, paper"),
        (["--seed", "-1"], "seed must be a whole number"),
    ],
)
def test_what_cannot_be_made_is_an_error(mbh, one, words, part):
    status, _, err = mbh("explore", *words)
    assert status in (1, 2) and part in err and one == []


def test_a_folder_that_cannot_be_written_is_named(mbh, one, tmp_path):
    (tmp_path / "quick").write_text("a file where the folder should be")
    status, _, err = mbh("explore")
    assert status == 1 and "cannot be written" in err and "MBH_FIGURES" in err
