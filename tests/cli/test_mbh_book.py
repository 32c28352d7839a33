"""``mbh book``."""

import json

from nbformat.v4 import new_markdown_cell, new_notebook


def test_the_reading_copy_of_one_chapter(mbh, tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    (tmp_path / "quick" / "chapters").mkdir(parents=True)
    notebook = new_notebook(cells=[new_markdown_cell("# Chapter 1. Sparse\n\nIt is $s$.")])
    (tmp_path / "quick" / "chapters" / "01_sparsity.ipynb").write_text(json.dumps(notebook))
    status, out, _ = mbh("book")
    assert status == 0
    assert out.splitlines()[-1] == f"open {tmp_path / 'quick' / 'book' / 'index.html'} in a browser"
    assert "<math" in (tmp_path / "quick" / "book" / "01_sparsity.html").read_text()


def test_it_says_what_to_run_first(mbh, tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    status, _, err = mbh("book", "--profile", "draft")
    assert status == 1
    assert "no executed chapters of profile draft" in err and "make figures PROFILE=draft" in err


def test_an_unknown_profile_is_named(mbh):
    status, _, err = mbh("book", "--profile", "papier")
    assert status == 2 and "did you mean 'paper'?" in err
