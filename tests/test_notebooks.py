"""The chapters: how they are written, and that all run at profile quick as users run them."""

import ast
import hashlib
import json
import os
import re
import sys

import nbformat
import pytest

from mbh_utils.computing import paths
from mbh_utils.workbook import chapters, runner
from mbh_utils.workbook.parameters import check_parameters

CHAPTERS = [chapter.name for chapter in chapters.CHAPTERS]


def source_of(name):
    return nbformat.read(paths.PROJECT / "notebooks" / f"{name}.ipynb", as_version=4)


def code_cells(name):
    return [c for c in source_of(name).cells if c.cell_type == "code"]


def calls(name, attribute):
    """Calls of ``chapter.<attribute>(...)`` in a chapter's code."""
    for cell in code_cells(name):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"chapter.{attribute}":
                yield node


def test_each_notebook_is_a_chapter_and_each_chapter_a_notebook():
    assert sorted(p.stem for p in (paths.PROJECT / "notebooks").glob("*.ipynb")) == CHAPTERS


@pytest.mark.parametrize("name", CHAPTERS)
def test_source_is_clean(name):
    notebook = source_of(name)
    nbformat.validate(notebook)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        assert cell.source.strip(), "an empty cell"
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None, cell.source
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", CHAPTERS)
def test_begins_with_title_imports_parameters_opening(name):
    notebook = source_of(name)
    assert re.match(r"# \S", notebook.cells[0].source)
    imports, parameters, opening = code_cells(name)[:3]
    assert isinstance(ast.parse(imports.source).body[0], ast.Import | ast.ImportFrom)
    assert "parameters" in parameters.metadata.get("tags", [])
    assert f'open_chapter("{name}", profile=profile, seed=seed)' in opening.source
    assert code_cells(name)[-1].source.rstrip().endswith("chapter.finish()")


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_line_of_text_becomes_a_heading_by_accident(name):
    """A line that begins with the number of a set-up, "#1 ...", is a heading to some renderers."""
    text = [
        line
        for c in source_of(name).cells
        if c.cell_type == "markdown"
        for line in c.source.splitlines()
    ]
    assert not [line for line in text if re.match(r"\s*#+[^#\s]", line)]


@pytest.mark.parametrize("name", CHAPTERS)
def test_imports_stand_in_one_cell(name):
    for cell in code_cells(name)[1:]:
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.Import | ast.ImportFrom), cell.source


@pytest.mark.parametrize("name", CHAPTERS)
def test_cells_are_short_and_leave_code_to_the_package(name):
    for cell in code_cells(name):
        assert len(cell.source.splitlines()) <= 15, cell.source
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.While), cell.source


@pytest.mark.parametrize("name", CHAPTERS)
def test_exactly_one_parameters_cell_of_commented_literals(name):
    tagged = [c for c in source_of(name).cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    lines = tagged[0].source.splitlines()
    assert all("#" in line for line in lines), "each parameter has a comment"
    for node in ast.parse(tagged[0].source).body:
        assert isinstance(node, ast.Assign | ast.AnnAssign)
        ast.literal_eval(node.value)
    notebook = paths.PROJECT / "notebooks" / f"{name}.ipynb"
    check_parameters(notebook, {"profile": "quick", "seed": 0})


@pytest.mark.parametrize("name", CHAPTERS)
def test_saves_its_declared_figures_and_no_others(name):
    declared = chapters.declaration(name).figures
    saved = [call.args[1].value for call in calls(name, "save")]
    assert saved == list(declared), "figures are declared, and numbered, as the text shows them"
    for cell in code_cells(name):
        assert cell.source.count("chapter.save(") <= 1, "one figure per cell"
    for call in calls(name, "save"):
        assert {"alt", "caption", "data"} <= {keyword.arg for keyword in call.keywords}, call.args[
            1
        ].value


@pytest.mark.parametrize("name", CHAPTERS)
def test_cells_know_no_folders_and_fetch_nothing(name):
    for cell in code_cells(name):
        strings = [n.value for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Constant)]
        for text in (s for s in strings if isinstance(s, str)):
            assert not re.match(r"(/|~|\.\.|[A-Z]:\\)", text) and "../" not in text, text
        assert not re.search(
            r"^\s*[!%]|os\.getcwd|os\.chdir|urlopen|urlretrieve|savefig|use_style",
            cell.source,
            re.M,
        )


@pytest.mark.parametrize("name", CHAPTERS)
def test_links_between_chapters_lead_somewhere(name):
    for cell in source_of(name).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+\.ipynb)", cell.source):
                assert (paths.PROJECT / "notebooks" / target).exists(), target


# ---------------------------------------------------------------- executed


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """All chapters at profile quick, computed from nothing; the report carries what was printed."""
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MBH_FIGURES", str(tmp_path_factory.mktemp("figures")))
        patch.setenv("MBH_STORE", str(tmp_path_factory.mktemp("store")))
        report = runner.run("quick", echo=lines.append)
        report.told = "\n".join(lines)
        report.again = runner.run("quick", echo=lines.append)
    return report


def test_all_chapters_run(executed):
    assert executed.ok, executed.told
    assert [o.chapter for o in executed.outcomes] == CHAPTERS
    assert all(o.status == "done" for o in executed.outcomes)


def test_a_second_run_redoes_nothing(executed):
    assert executed.again.ok and all(o.status == "fresh" for o in executed.again.outcomes)


def test_every_declared_figure_is_there_with_its_manifest_entry(executed):
    manifest = json.loads((executed.folder / "manifest.json").read_text())
    assert list(manifest["figures"]) == list(chapters.figure_index())
    for figure_id, entry in manifest["figures"].items():
        png = (executed.folder / f"{figure_id}.png").read_bytes()
        assert png.startswith(b"\x89PNG") and len(png) > 2_000
        assert hashlib.sha256(png).hexdigest() == entry["png_sha256"]
        assert entry["chapter"] == chapters.figure_index()[figure_id]
        assert 40 <= len(entry["alt"]) <= 700, f"{figure_id}: alt text of one to three sentences"
        assert 40 <= len(entry["caption"]) <= 400, f"{figure_id}: {entry['caption']}"
        assert entry["label"] == chapters.label(figure_id)
        for key in (
            "function",
            "settings",
            "seeds",
            "parameters",
            "data",
            "versions",
            "seconds",
            "data_sha256",
        ):
            assert key in entry, (figure_id, key)
    together = sum(path.stat().st_size for path in executed.folder.glob("*.png"))
    assert together <= 4e6, f"{together / 1e6:.1f} MB of figures"


@pytest.mark.parametrize("name", CHAPTERS)
def test_executed_copy_shows_each_figure_once_with_alt_text(executed, name):
    copy = nbformat.read(executed.folder / "chapters" / f"{name}.ipynb", as_version=4)
    shown = []
    for cell in copy.cells:
        pictures = [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        assert len(pictures) <= 1, f"a figure is shown twice: {cell.source}"
        shown += [o.metadata.get("image/png", {}).get("alt") for o in pictures]
        assert not [o for o in cell.get("outputs", []) if o.get("name") == "stderr"], (
            f"warnings: {cell.outputs}"
        )
    manifest = json.loads((executed.folder / "manifest.json").read_text())
    expected = [entry["alt"] for entry in manifest["figures"].values() if entry["chapter"] == name]
    assert sorted(alt for alt in shown if alt in expected) == sorted(expected)
    assert all(shown), "a picture without alt text"


@pytest.mark.parametrize("name", CHAPTERS)
def test_executed_copy_says_nothing_of_this_machine(executed, name):
    text = (executed.folder / "chapters" / f"{name}.ipynb").read_text()
    # A temporary folder here; in a checkout it is shown relative to the project.
    text = text.replace(str(executed.folder), "")
    for path in {str(paths.PROJECT), sys.prefix, os.path.expanduser("~") + "/"}:
        assert path not in text, path
