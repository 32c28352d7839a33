"""The open chapter of a notebook: it opens, saves its figures and finishes."""

import errno
import hashlib
import json
import os
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from mbh_utils.computing import files, paths
from mbh_utils.errors import MBHError
from mbh_utils.workbook import provenance
from mbh_utils.workbook.chapter import open_chapter

WORDS = {"alt": "A line that\n rises.", "caption": "Made up:  one line."}


def a_figure(height=1.0):
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.plot([0, 1], [0, height])
    return figure


@pytest.fixture
def chapter(tmp_path):
    """The chapter 01_sparsity, writing into a temporary folder."""
    return open_chapter("01_sparsity", out=tmp_path / "figures")


# ---------------------------------------------------------------- opening


def test_opening_says_what_it_runs_with(tmp_path, capsys):
    chapter = open_chapter("03", seed=3, out=tmp_path)
    told = capsys.readouterr().out
    assert chapter.name == "03_specialization" and (chapter.profile, chapter.seed) == ("quick", 3)
    for words in (
        "Chapter 03_specialization",
        "torch",
        "profile quick on Digits 8×8; seed 3",
        str(tmp_path),
    ):
        assert words in told


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, None])
def test_seed_must_be_a_whole_number(tmp_path, seed):
    with pytest.raises(MBHError, match="seed must be a whole number"):
        open_chapter("01_sparsity", seed=seed, out=tmp_path)


def test_unknown_profile_names_the_known(tmp_path):
    message = "'quik' is unknown: did you mean 'quick'. there are quick, draft, paper"
    with pytest.raises(MBHError, match=message):
        open_chapter("01_sparsity", profile="quik", out=tmp_path)


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "figures").write_text("a file where the folder should be")
    with pytest.raises(MBHError, match="MBH_FIGURES"):
        open_chapter("01_sparsity", out=tmp_path / "figures")


def test_figures_go_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    assert open_chapter("01_sparsity").folder == tmp_path / "quick"


# ---------------------------------------------------------------- saving


def test_save_writes_and_closes(chapter):
    figure = a_figure()
    chapter.save(figure, "fig-2-1", **WORDS, data=np.arange(2))
    assert not plt.fignum_exists(figure.number)
    png = (chapter.folder / "fig-2-1.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    with Image.open(chapter.folder / "fig-2-1.png") as picture:
        assert picture.text["Description"] == "A line that rises."
        assert picture.text["Comment"] == "Made up: one line."
        colours = [colour for _, colour in picture.convert("RGB").getcolors()]
    assert (255, 255, 255) in colours and len(colours) <= 256
    assert chapter.figures["fig-2-1"]["png_sha256"] == hashlib.sha256(png).hexdigest()


@pytest.mark.parametrize(
    "figure_id, reason",
    [("fig-6-3", "05_experiments writes it"), ("fig-9-9", "it has table-2-1, fig-2-1, ")],
)
def test_only_the_chapters_own_figures_can_be_saved(chapter, figure_id, reason):
    with pytest.raises(MBHError, match=reason):
        chapter.save(a_figure(), figure_id, **WORDS, data=[])
    assert not list(chapter.folder.glob("*.png"))


@pytest.mark.parametrize(
    "words, needed",
    [
        ({"alt": "  ", "caption": "One line."}, "fig-2-1 needs an alt text"),
        ({"alt": "A line.", "caption": "\n"}, "fig-2-1 needs a caption: data, models x planes"),
        ({"alt": "A line."}, "fig-2-1 needs a caption"),
    ],
)
def test_alt_text_and_caption_are_required(chapter, words, needed):
    with pytest.raises(MBHError, match=needed):
        chapter.save(a_figure(), "fig-2-1", **words, data=[])
    assert not list(chapter.folder.glob("*.png"))


def test_caption_stands_below_the_picture_behind_its_number(chapter, capsys):
    chapter.save(a_figure(), "fig-2-1", **WORDS, data=[])
    with pytest.raises(MBHError):  # the others are missing
        chapter.finish()
    told = capsys.readouterr().out
    assert re.search(r"^Figure 1\.1 \(thesis: Figure 2\.1\) .*fig-2-1\.png$", told, re.MULTILINE)
    assert chapter.figures["fig-2-1"]["label"] == "Figure 1.1 (thesis: Figure 2.1)"


def test_captions_name_the_data_of_the_profile(tmp_path):
    chapter = open_chapter("01", profile="draft", out=tmp_path)
    assert chapter.caption("So it is") == "MNIST and Fashion-MNIST. So it is."
    assert chapter.caption("So it is.", data="mnist", models=1) == "MNIST: 1 model. So it is."


def test_failed_write_leaves_the_old_figure(chapter, monkeypatch):
    chapter.save(a_figure(), "fig-2-1", **WORDS, data=[])
    old = (chapter.folder / "fig-2-1.png").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(MBHError, match="No space left on device"):
        chapter.save(a_figure(3.0), "fig-2-1", **WORDS, data=[])
    monkeypatch.undo()
    assert (chapter.folder / "fig-2-1.png").read_bytes() == old
    assert [p.name for p in chapter.folder.iterdir() if p.is_file()] == ["fig-2-1.png"]


# ---------------------------------------------------------------- finishing


def save_all(chapter):
    for figure_id in chapter.declared:
        chapter.save(
            a_figure(),
            figure_id,
            alt=f"Alt of {figure_id}.",
            caption=f"Caption of {figure_id}.",
            data={"x": np.arange(3)},
            function=a_figure,
            settings={"coverage": 0.8, "models": 2},
        )


def test_manifest_says_what_each_figure_was_made_of(chapter, capsys):
    save_all(chapter)
    chapter.finish()
    manifest = json.loads((chapter.folder / "manifest.json").read_text())
    assert list(manifest["figures"]) == list(chapter.declared)
    entry = manifest["figures"]["fig-2-1"]
    assert entry["chapter"] == "01_sparsity"
    assert entry["function"].endswith("test_chapter.a_figure")
    assert entry["settings"] == {"coverage": 0.8, "models": 2}
    assert entry["parameters"] == {"profile": "quick", "seed": 0}
    assert entry["seeds"] == [0, 1]
    assert entry["alt"] == "Alt of fig-2-1."
    assert entry["caption"] == "Caption of fig-2-1."
    assert entry["label"] == "Figure 1.1 (thesis: Figure 2.1)"
    assert entry["data_sha256"] == provenance.digest({"x": np.arange(3)})
    assert entry["seconds"] >= 0
    assert entry["commit"] == provenance.commit()
    assert entry["data"] == provenance.data_checksums("quick")
    assert len(entry["data"]["digits8"]) == 64
    assert {"python", "mbh_utils", "torch", "numpy", "numba"} <= set(entry["versions"])
    assert "not installed" not in entry["versions"].values()
    text = (chapter.folder / "manifest.json").read_text()
    for path in (str(paths.PROJECT), str(chapter.folder), os.path.expanduser("~")):
        assert path not in text
    n = len(chapter.declared)
    assert f"{n} of {n} figures" in capsys.readouterr().out


def test_finish_complains_of_missing_figures_and_notes_the_others(chapter):
    chapter.save(a_figure(), "fig-2-1", **WORDS, data=[])
    with pytest.raises(MBHError, match="did not save table-2-1, .*fig-2-2"):
        chapter.finish()
    assert list(provenance.read_fragment(chapter.folder, "01_sparsity")["figures"]) == ["fig-2-1"]


# ---------------------------------------------------------------- explorers


class APage:
    """What a chapter needs of a page."""

    name = "blanket"
    title = "Blankets & more"

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.html").write_text("the page")

    def _repr_html_(self):
        return '<iframe title="the page"></iframe>'


@pytest.fixture
def displayed(monkeypatch):
    """What is displayed, as HTML."""
    found = []
    monkeypatch.setattr(
        "mbh_utils.workbook.chapter.display.display", lambda *ones: found.extend(ones)
    )
    return found


def test_an_explorer_is_written_and_shown(chapter, displayed, monkeypatch):
    monkeypatch.delenv("MBH_STATIC", raising=False)
    chapter.explore(APage())
    assert (chapter.folder / "explore" / "blanket.html").read_text() == "the page"
    assert displayed[0].data == APage()._repr_html_()


def test_an_executed_chapter_links_to_the_explorer(chapter, displayed, monkeypatch):
    monkeypatch.setenv("MBH_STATIC", "1")
    chapter.explore(APage())
    content = displayed[0].data
    assert content.startswith('<p class="mbh-explorer" data-explorer="blanket">')
    assert '<a href="../explore/blanket.html">Blankets &amp; more</a>' in content
    assert "iframe" not in content
    assert (chapter.folder / "chapters" / "../explore/blanket.html").resolve().is_file()


def test_what_is_no_page_is_not_explored(chapter):
    with pytest.raises(MBHError, match="3 is no page: make one by widgets.page"):
        chapter.explore(3)


def test_an_explorer_that_cannot_be_written_is_an_error(chapter):
    (chapter.folder / "explore").write_text("a file where the folder should be")
    with pytest.raises(MBHError, match="the explorer cannot be written to"):
        chapter.explore(APage())
