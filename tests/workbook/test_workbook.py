import errno
import hashlib
import io
import json
import os
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mbh_utils.computing import files, paths
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapter as workbook


def a_figure(height=1.0):
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.plot([0, 1], [0, height])
    return figure


@pytest.fixture
def chapter(tmp_path):
    """The chapter 01_sparsity, writing into a temporary folder."""
    return workbook.open_chapter("01_sparsity", out=tmp_path / "figures")


# ---------------------------------------------------------------- the index


def test_index_is_well_formed():
    names = [c.name for c in workbook.CHAPTERS]
    assert names == sorted(names) and all(re.fullmatch(r"\d\d_[a-z_]+", name) for name in names)
    declared = [figure for c in workbook.CHAPTERS for figure in c.figures]
    assert len(set(declared)) == len(declared), "a figure is declared twice"
    assert all(
        re.fullmatch(r"(fig|table|widget)-([1-9]|[a-e])-\d+b?", figure) for figure in declared
    )
    assert workbook.figure_index()["fig-6-3"] == "05_experiments"


def test_experiments_named_by_chapters_exist():
    from mbh_utils import experiments

    assert {e for c in workbook.CHAPTERS for e in c.experiments} <= set(experiments.EXPERIMENTS)


@pytest.mark.parametrize("word", ["04_mbh", "04", "4", "04_m"])
def test_chapter_by_name_number_or_beginning(word):
    assert workbook.declaration(word).name == "04_mbh"


@pytest.mark.parametrize(
    "word, hint", [("04_mhb", "did you mean '04_mbh'"), ("0", "02_activation_regions"), ("", "01")]
)
def test_unknown_chapter_names_what_exists(word, hint):
    with pytest.raises(MBHError, match=re.escape(hint)):
        workbook.declaration(word)


@pytest.mark.parametrize("word", ["fig-3-4b", "Fig. 3.4b", "3.4b", "figure 3.4B"])
def test_figure_ids_are_read_as_the_thesis_writes_them(word):
    assert workbook.figure_id(word) == "fig-3-4b"
    assert workbook.figure_id("Table 2.1") == "table-2-1"
    assert workbook.figure_id("B.1") == "fig-b-1"


def test_unknown_figure_gets_a_suggestion():
    with pytest.raises(MBHError, match="did you mean 'fig-6-3'"):
        workbook.figure_id("6.33")


def test_labels():
    assert [workbook.label(i) for i in ("fig-6-3", "fig-b-1", "table-2-1", "fig-3-4b")] == [
        "Figure 6.3",
        "Figure B.1",
        "Table 2.1",
        "Figure 3.4b",
    ]


def test_shown_paths_do_not_tell_of_the_machine(tmp_path):
    assert workbook.shown(paths.PROJECT / "figures" / "quick") == "figures/quick"
    assert workbook.shown(tmp_path) == str(tmp_path)


# ---------------------------------------------------------------- hash of the plotted data


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=8), st.integers(0, 7))
def test_digest_tells_apart_what_differs(values, at):
    array = np.array(values)
    changed = array.copy()
    changed[at % len(array)] = np.nextafter(
        changed[at % len(array)], np.inf if changed[at % len(array)] <= 0 else -np.inf
    )
    assert (
        workbook.digest(array)
        == workbook.digest(array.copy())
        == workbook.digest(array[::-1][::-1])
    )
    assert workbook.digest(array) != workbook.digest(changed)


def test_digest_sees_types_names_and_shapes():
    table = pd.DataFrame({"n": [1, 2], "name": ["a", None], "kind": pd.Categorical(["x", "y"])})
    plain = [None, 1, 1.0, True, "1", [1], [[1]], {"a": 1}, {"b": 1}]
    arrays = [np.arange(4), np.arange(4.0), np.arange(4).reshape(2, 2)]
    tables = [
        table,
        table.rename(columns={"n": "m"}),
        table.assign(n=[1, 3]),
        table.assign(name=["a", "b"]),
    ]
    things = [*plain, *arrays, *tables, table.iloc[::-1]]
    assert len({workbook.digest(thing) for thing in things}) == len(things)
    assert workbook.digest(table) == workbook.digest(table.copy().reset_index(drop=True))
    assert workbook.digest(torch.arange(4)) == workbook.digest(np.arange(4))


def test_digest_refuses_what_it_cannot_hash():
    with pytest.raises(MBHError, match="type object cannot be hashed"):
        workbook.digest({"x": object()})


# ---------------------------------------------------------------- saving


def test_save_writes_and_closes(chapter):
    figure = a_figure()
    chapter.save(figure, "fig-2-1", alt="A line that\n rises.", data=np.arange(2))
    assert not plt.fignum_exists(figure.number)
    png = (chapter.folder / "fig-2-1.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    with Image.open(chapter.folder / "fig-2-1.png") as picture:
        assert picture.text["Description"] == "A line that rises."
        colours = [colour for _, colour in picture.convert("RGB").getcolors()]
    assert (255, 255, 255) in colours and len(colours) <= 256
    assert chapter.figures["fig-2-1"]["png_sha256"] == hashlib.sha256(png).hexdigest()


def test_same_figure_same_bytes_without_dates(tmp_path):
    first, second = workbook.render(a_figure(), "alt"), workbook.render(a_figure(), "alt")
    assert first == second != workbook.render(a_figure(2.0), "alt")
    assert b"date" not in first.lower() and b"tIME" not in first
    plt.close("all")


def test_256_colours_make_a_picture_small_and_look_the_same():
    figure = plt.figure(figsize=(5, 5))
    figure.set_layout_engine("none")
    figure.add_axes((0, 0, 1, 1)).imshow(
        np.random.default_rng(0).random((300, 300)), cmap="cividis"
    )
    full, small = io.BytesIO(), workbook.render(figure, "noise")
    figure.savefig(full, format="png", dpi=110)
    assert len(small) < len(full.getvalue()) / 2
    seen, meant = (plt.imread(io.BytesIO(png))[..., :3] for png in (small, full.getvalue()))
    assert seen.shape == meant.shape and np.abs(seen - meant).mean() < 0.01
    plt.close(figure)


@pytest.mark.parametrize(
    "figure_id, reason",
    [("fig-6-3", "05_experiments writes it"), ("fig-9-9", "it has table-2-1, fig-2-1, fig-2-2")],
)
def test_only_the_chapters_own_figures_can_be_saved(chapter, figure_id, reason):
    with pytest.raises(MBHError, match=reason):
        chapter.save(a_figure(), figure_id, alt="A line.", data=[])
    assert not list(chapter.folder.glob("*.png"))


def test_alt_text_is_required(chapter):
    with pytest.raises(MBHError, match="needs an alt text"):
        chapter.save(a_figure(), "fig-2-1", alt="  ", data=[])


def test_failed_write_leaves_the_old_figure(chapter, monkeypatch):
    chapter.save(a_figure(), "fig-2-1", alt="A line.", data=[])
    old = (chapter.folder / "fig-2-1.png").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(MBHError, match="No space left on device"):
        chapter.save(a_figure(3.0), "fig-2-1", alt="Another line.", data=[])
    monkeypatch.undo()
    assert (chapter.folder / "fig-2-1.png").read_bytes() == old
    assert [p.name for p in chapter.folder.iterdir() if p.is_file()] == ["fig-2-1.png"]


# ---------------------------------------------------------------- finishing


def save_all(chapter):
    for figure_id in chapter.declared:
        chapter.save(
            a_figure(), figure_id, alt=f"Alt of {figure_id}.", data={"x": np.arange(3)}, function=a_figure,
            settings={"coverage": 0.8, "models": 2},
        )  # fmt: skip


def test_manifest_says_what_each_figure_was_made_of(chapter, capsys):
    save_all(chapter)
    chapter.finish()
    manifest = json.loads((chapter.folder / "manifest.json").read_text())
    assert list(manifest["figures"]) == list(chapter.declared)
    entry = manifest["figures"]["fig-2-1"]
    assert entry["chapter"] == "01_sparsity"
    assert entry["function"].endswith("test_workbook.a_figure")
    assert entry["settings"] == {"coverage": 0.8, "models": 2}
    assert entry["parameters"] == {"profile": "quick", "seed": 0} and entry["seeds"] == [0, 1]
    assert entry["alt"] == "Alt of fig-2-1."
    assert entry["data_sha256"] == workbook.digest({"x": np.arange(3)})
    assert entry["seconds"] >= 0 and entry["commit"] == workbook.commit()
    assert entry["data"] == workbook.data_checksums("quick") and len(entry["data"]["digits8"]) == 64
    assert {"python", "mbh_utils", "torch", "numpy", "numba"} <= set(entry["versions"])
    assert "not installed" not in entry["versions"].values()
    text = (chapter.folder / "manifest.json").read_text()
    assert (
        str(paths.PROJECT) not in text
        and str(chapter.folder) not in text
        and os.path.expanduser("~") not in text
    )
    assert "3 of 3 figures" in capsys.readouterr().out


def test_finish_complains_of_missing_figures_and_notes_the_others(chapter):
    chapter.save(a_figure(), "fig-2-1", alt="A line.", data=[])
    with pytest.raises(MBHError, match="did not save table-2-1, fig-2-2"):
        chapter.finish()
    assert list(workbook.read_fragment(chapter.folder, "01_sparsity")["figures"]) == ["fig-2-1"]


def test_a_damaged_note_counts_as_none(chapter):
    workbook.fragment_path(chapter.folder, "01_sparsity").write_text('{"figures": [')
    assert workbook.read_fragment(chapter.folder, "01_sparsity") is None


# ---------------------------------------------------------------- opening


def test_opening_says_what_it_runs_with(tmp_path, capsys):
    chapter = workbook.open_chapter("03", seed=3, out=tmp_path)
    told = capsys.readouterr().out
    assert chapter.name == "03_specialization" and (chapter.profile, chapter.seed) == ("quick", 3)
    for words in (
        "Chapter 03_specialization",
        "torch",
        "profile quick on digits8; seed 3",
        str(tmp_path),
    ):
        assert words in told


@pytest.mark.parametrize("seed", [-1, 1.5, "0", True, None])
def test_seed_must_be_a_whole_number(tmp_path, seed):
    with pytest.raises(MBHError, match="seed must be a whole number"):
        workbook.open_chapter("01_sparsity", seed=seed, out=tmp_path)


def test_unknown_profile_names_the_known(tmp_path):
    with pytest.raises(
        MBHError, match="'quik' is unknown: did you mean 'quick'. there are quick, draft, paper"
    ):
        workbook.open_chapter("01_sparsity", profile="quik", out=tmp_path)


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "figures").write_text("a file where the folder should be")
    with pytest.raises(MBHError, match="MBH_FIGURES"):
        workbook.open_chapter("01_sparsity", out=tmp_path / "figures")


def test_figures_go_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    assert workbook.open_chapter("01_sparsity").folder == tmp_path / "quick"
