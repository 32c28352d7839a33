"""What makes a chapter stale, and what does not."""

import shutil

import nbformat
from throwaway import run, save

from mbh_utils.computing import paths
from mbh_utils.workbook import chapters, freshness, provenance
from mbh_utils.workbook.freshness import freshness_key, is_fresh


def test_what_makes_a_chapter_stale(small_workbook, monkeypatch, tmp_path):
    small_workbook.add("01_good", save())
    chapter = chapters.CHAPTERS[0]
    given = {"profile": "quick", "seed": 0}
    key = freshness_key(chapter, given)
    notebook = nbformat.read(small_workbook.notebooks / "01_good.ipynb", as_version=4)
    notebook.cells[0].execution_count = 7
    notebook.cells[0].metadata["collapsed"] = True
    nbformat.write(notebook, small_workbook.notebooks / "01_good.ipynb")
    assert freshness_key(chapter, given) == key, "outputs and looks do not matter"
    assert freshness_key(chapter, {**given, "seed": 1}) != key
    small_workbook.write("01_good", save(), "# changed")
    assert freshness_key(chapter, given) != key
    small_workbook.write("01_good", save())
    assert freshness_key(chapter, given) == key
    package = tmp_path / "mbh_utils"
    without_compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(paths.PROJECT / "mbh_utils", package, ignore=without_compiled)
    with monkeypatch.context() as patch:
        patch.setattr(freshness, "__file__", str(package / "workbook" / "freshness.py"))
        assert freshness_key(chapter, given) == key
        with open(package / "cli" / "entry.py", "a") as file:
            file.write("# changed")
        assert freshness_key(chapter, given) != key
    monkeypatch.setattr(provenance, "versions", lambda: {"torch": "0.0"})
    assert freshness_key(chapter, given) != key


def test_a_changed_table_makes_the_chapters_that_read_it_stale(
    small_workbook, monkeypatch, tmp_path
):
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / "results" / profile)
    reads = chapters.Declaration("01_good", "title", ("fig-1-1",), ("grid", "toy"))
    other = chapters.Declaration("01_good", "title", ("fig-1-1",), ("trees",))
    small_workbook.add("01_good", save())
    table = tmp_path / "results" / "quick" / "grid.parquet"
    given = {"profile": "quick", "seed": 0}

    def keys():
        return [freshness_key(chapter, given) for chapter in (reads, other)]

    seen = [keys()]
    table.parent.mkdir(parents=True)
    for content in (b"a table", b"a tablf"):
        table.write_bytes(content)
        seen.append(keys())
    assert len({of_reader for of_reader, _ in seen}) == 3
    assert len({of_other for _, of_other in seen}) == 1


def test_changed_networks_make_every_chapter_stale(small_workbook, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / "results" / profile)
    small_workbook.add("01_good", save())
    networks = tmp_path / "results" / "quick" / "networks.zip"
    networks.parent.mkdir(parents=True)
    given = {"profile": "quick", "seed": 0}
    seen = [freshness_key(chapters.CHAPTERS[0], given)]
    for content in (b"networks", b"networkt"):
        networks.write_bytes(content)
        seen.append(freshness_key(chapters.CHAPTERS[0], given))
    assert len(set(seen)) == 3


def test_a_chapter_without_its_executed_copy_is_not_up_to_date(small_workbook):
    small_workbook.add("01_good", save())
    assert run().ok
    copy = small_workbook.quick / "chapters" / "01_good.ipynb"
    whole = copy.read_bytes()
    chapter = chapters.CHAPTERS[0]
    key = provenance.read_fragment(small_workbook.quick, "01_good")["key"]
    for harmed in (None, whole[:-40], b""):
        assert is_fresh(chapter, small_workbook.quick, key)
        copy.unlink()
        if harmed is not None:
            copy.write_bytes(harmed)
        assert not is_fresh(chapter, small_workbook.quick, key)
        copy.write_bytes(whole)
    copy.unlink()
    assert run().outcomes[0].status == "done"
    assert copy.exists()
