"""The runner, on throw-away chapters; the real ones are executed by test_notebooks.py."""

import errno
import json
import re
import sys

import nbformat
import pytest
from nbconvert import HTMLExporter
from throwaway import everything, run, save

from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapters, provenance, runner
from mbh_utils.workbook.freshness import is_fresh


def test_good_chapter_from_first_run_to_change(small_workbook, monkeypatch):
    names = "'OMP_NUM_THREADS', 'NUMBA_NUM_THREADS'"
    print_environment = f"import os\nprint(sys.executable, *map(os.environ.get, [{names}]))"
    parameters = 'profile = "quick"\nseed = 0\ncoverage = 0.8  # c_P'
    small_workbook.add(
        "01_good",
        save(),
        print_environment,
        "print('coverage is', coverage)",
        parameters=parameters,
    )
    folder = small_workbook.quick
    monkeypatch.setattr(runner, "cores", lambda: 4)

    first = run()
    assert first.ok and [o.status for o in first.outcomes] == ["done"]
    assert re.search(r"01_good +1 +\d+\.\d", first.told) and str(folder) in first.told
    assert (folder / "fig-1-1.png").read_bytes().startswith(b"\x89PNG")

    # The executed copy: every cell ran, in a kernel of this interpreter that has all cores.
    text = (folder / "chapters" / "01_good.ipynb").read_text()
    copy = nbformat.reads(text, as_version=4)
    nbformat.validate(copy)
    assert all(c.execution_count for c in copy.cells)
    assert f"{sys.executable} 4 4" in text
    # The figure is shown once, as a picture with its alt text; below it stand number and caption.
    outputs = [o for c in copy.cells for o in c.outputs if "data" in o]
    assert ["image/png" in o.data for o in outputs] == [True, False]
    assert outputs[0].metadata["image/png"]["alt"] == "A line <rises>."
    below = outputs[1].data["text/html"]
    assert "<b>Figure 1.1</b> (thesis: Figure 1.1). By hand &amp; &lt;quick&gt;." in below
    assert "<details><summary>In words</summary>A line &lt;rises&gt;.</details>" in below
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(copy)
    assert 'alt="A line &lt;rises&gt;."' in page
    # No clocks, and no paths but the one the chapter printed itself.
    for words in ("start_time", "iopub", "input_path", str(small_workbook.notebooks)):
        assert words not in text

    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["figures"]["fig-1-1"]["settings"]["python"] == sys.executable
    assert manifest["chapters"]["01_good"]["key"] and manifest["profile"] == "quick"

    again = run()
    assert again.ok and [o.status for o in again.outcomes] == ["fresh"]
    assert "up to date, nothing redone" in again.told and "started" not in again.told

    # A figure that was damaged, a changed parameter: it runs again, and the parameters reach it.
    (folder / "fig-1-1.png").write_bytes(b"damaged")
    key = manifest["chapters"]["01_good"]["key"]
    assert not is_fresh(chapters.CHAPTERS[0], folder, key)
    changed = run(seed=5, parameters={"coverage": 0.95})
    assert changed.ok and changed.outcomes[0].status == "done"
    assert "coverage is 0.95" in (folder / "chapters" / "01_good.ipynb").read_text()
    manifest = json.loads((folder / "manifest.json").read_text())
    entry = manifest["figures"]["fig-1-1"]
    assert entry["settings"]["seed"] == 5
    assert entry["seeds"] == [5]
    assert entry["parameters"] == {"profile": "quick", "seed": 5, "coverage": 0.95}
    assert run(seed=5, parameters={"coverage": 0.95}).outcomes[0].status == "fresh"


def test_redone_only_by_force_and_prepared_only_if_stale(small_workbook):
    small_workbook.add("01_good", save(), experiments=("grid", "toy"))
    calls = []

    def prepare(*arguments, **options):
        calls.append((arguments, options))

    assert run(prepare=prepare, jobs=1).ok
    assert run(prepare=prepare, jobs=1).outcomes[0].status == "fresh"
    assert calls == [(("quick", ["grid", "toy"]), {"jobs": 1})]
    # A file nobody declared is an error, whether or not anything was redone.
    (small_workbook.quick / "fig-9-9.png").write_bytes(b"")
    (small_workbook.quick / ".hidden").write_bytes(b"")
    forced = run(prepare=prepare, jobs=1, force=True)
    assert len(calls) == 2
    assert forced.outcomes[0].status == "done"
    assert not forced.ok
    assert len(forced.problems) == 1
    assert "fig-9-9.png is declared by no chapter" in forced.told
    assert not run(prepare=prepare).ok
    assert len(calls) == 2


def test_figures_choose_their_chapter(small_workbook):
    small_workbook.add("01_one", figures=("fig-1-1",))
    small_workbook.add("02_two", figures=("fig-2-1", "fig-2-2"))
    assert [c.name for c in runner.choose((), ("2.2", "2.1"))] == ["02_two"]
    assert [c.name for c in runner.choose(("02",), ("1.1",))] == ["01_one", "02_two"]
    assert [c.name for c in runner.choose((), None)] == ["01_one", "02_two"]


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"profile": "quik"}, "did you mean 'quick'"),
        ({"chapters": ["07"]}, "chapter '07' is unknown"),
        ({"figures": ["9.9"]}, "figure '9.9' is unknown"),
        ({"jobs": 0}, "jobs must be a whole number from 1 on"),
        ({"jobs": 1.5}, "jobs must be a whole number from 1 on"),
    ],
)
def test_unknown_choices(small_workbook, options, reason):
    small_workbook.add("01_good", save())
    with pytest.raises(MBHError, match=reason):
        run(**options)


@pytest.mark.parametrize(
    "given, reason",
    [
        ({"seed": -1}, "seed must be a whole number from 0 on and below"),
        ({"seed": 2**63}, "seed must be a whole number from 0 on and below"),
        ({"seed": 1.5}, "seed of all chapters must be of type int, got 1.5"),
        ({"seed": "1"}, r"seed of all chapters must be of type int, got '1' \(str\)"),
        ({"seed": None}, "seed of all chapters must be of type int"),
        ({"profile": 3}, "profile '3' is unknown"),
        ({"parameters": {"profile": "nope"}}, "profile 'nope' is unknown"),
        ({"parameters": {"profile": ""}}, "profile '' is unknown"),
        ({"parameters": {"seed": -1}}, "seed must be a whole number from 0 on"),
        ({"parameters": {"seed": 1.5}}, "seed of all chapters must be of type int"),
        ({"parameters": {"seed": 10**30}}, "seed must be a whole number from 0 on"),
        ({"parameters": {"nope": 1}}, "has no parameter 'nope'"),
        ({"parameters": {1: 1}}, "parameter 1 cannot be 1"),
        ({"parameters": {"free": (1, 2)}}, "parameter free cannot be .*lists and dicts"),
        ({"parameters": {"free": [{1: 2}]}}, "parameter free cannot be"),
        ({"parameters": {"free": {3}}}, "parameter free cannot be"),
        ({"parameters": {"free": print}}, "parameter free cannot be"),
        (
            {"parameters": {"width": "wide"}},
            "width .* must be of type NoneType or float, got 'wide'",
        ),
        ({"parameters": ["seed"]}, "parameters are a dict"),
        ({"chapters": ["1", "2"]}, "chapter '2' is unknown"),
        ({"figures": ["1.1", "x"]}, "figure 'x' is unknown"),
        ({"jobs": -1}, "jobs must be a whole number"),
    ],
)
def test_what_is_ill_is_refused_before_anything_is_touched(small_workbook, given, reason):
    cell = 'profile = "quick"\nseed = 0\nfree = None\nwidth: float | None = None'
    small_workbook.add("01_good", save(), parameters=cell)
    (small_workbook.quick / "chapters").mkdir(parents=True)
    noted = {"figures": {"fig-1-1": {"png_sha256": "0"}}, "key": "of a finished chapter"}
    provenance.write_json(provenance.fragment_path(small_workbook.quick, "01_good"), noted)
    (small_workbook.quick / ".fig-1-1.png.0123.part").write_text("being written")
    provenance.write_manifest(small_workbook.quick, "quick")
    before = everything(small_workbook.figures)
    with pytest.raises(MBHError, match=reason):
        run(force=True, **given)
    assert everything(small_workbook.figures) == before


def test_what_preparing_raises_reaches_the_caller(small_workbook):
    small_workbook.add("01_good", save(), experiments=("grid",))

    def prepare(*_, **__):
        raise MBHError("mnist: files are missing")

    with pytest.raises(MBHError, match="files are missing"):
        run(prepare=prepare)
    assert not list(small_workbook.quick.glob("*.png"))


def test_what_cannot_be_prepared_is_a_closing_table_and_then_the_reason(small_workbook):
    small_workbook.add("01_good", save(), experiments=("grid",))

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    lines = []
    message = r"what the chapters read \(grid\) could not be computed \(No space left"
    with pytest.raises(MBHError, match=message):
        runner.run(echo=lines.append, prepare=full)
    assert "01_good failed: not executed, since what the chapters read" in lines[-1]
    assert "together" in lines[-1]
