"""``mbh explore``."""

import importlib
import subprocess
import sys

import pytest

from mbh_utils.explorers import gallery
from mbh_utils.explorers.web_page import Page


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
    assert status == 2 and part in err and one == []


def test_a_folder_that_cannot_be_written_is_named(mbh, one, tmp_path):
    (tmp_path / "quick").write_text("a file where the folder should be")
    status, _, err = mbh("explore")
    assert status == 1 and "cannot be written" in err and "MBH_FIGURES" in err


def test_a_folder_that_cannot_be_written_is_told_before_torch_is_imported(tmp_path):
    file = tmp_path / "file"
    file.write_text("a file where the folder should be")
    code = f"""
import os, sys, mbh_utils.cli
os.environ["MBH_FIGURES"] = {str(file)!r}
sys.argv = ["mbh", "explore"]
try:
    mbh_utils.cli.main()
except SystemExit as end:
    print(end.code, *sorted({{'torch', 'numpy', 'matplotlib'}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["1"], done.stderr
    assert "cannot be written" in done.stderr and "loading" not in done.stderr


def test_that_libraries_are_loaded_is_told_before_the_first_page(mbh, one, monkeypatch):
    command = importlib.import_module("mbh_utils.cli.explore")
    monkeypatch.setattr(command, "say_that_it_loads", lambda: one.append("loading"))
    mbh("explore")
    assert one == ["loading", ("blanket", "quick", 0)]
