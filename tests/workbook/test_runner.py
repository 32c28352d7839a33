"""The runner, on throw-away chapters; the real ones are executed by test_notebooks.py."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time

import nbformat
import pytest
from nbconvert import HTMLExporter

from mbh_utils.computing import files, paths
from mbh_utils.errors import MBHError
from mbh_utils.workbook import chapter as workbook
from mbh_utils.workbook import runner

SAVE = """
figure, ax = plt.subplots(figsize=(2, 2))
ax.plot([0, 1])
settings = {{"python": sys.executable, "seed": seed}}
chapter.save(figure, {figure!r}, alt="A line <rises>.", data=[0, 1], settings=settings)
"""


def save(figure="fig-1-1"):
    """A cell that draws and saves a figure."""
    return SAVE.format(figure=figure)


def nothing_to_prepare(*_, **__):
    raise AssertionError("no experiment was declared, so nothing should be prepared")


def run(**options):
    """Run the small workbook, collecting the lines it prints."""
    lines = []
    report = runner.run(echo=lines.append, **{"prepare": nothing_to_prepare, **options})
    report.told = "\n".join(lines)
    return report


# ---------------------------------------------------------------- a chapter that works


def test_good_chapter_from_first_run_to_change(small_workbook, monkeypatch):
    print_environment = "import os\nprint(sys.executable, os.environ['OMP_NUM_THREADS'], os.environ['NUMBA_NUM_THREADS'])"
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

    # The executed copy: every cell ran, in the kernel of this interpreter, with the whole machine to itself.
    text = (folder / "chapters" / "01_good.ipynb").read_text()
    copy = nbformat.reads(text, as_version=4)
    nbformat.validate(copy)
    assert all(c.execution_count for c in copy.cells)
    assert f"{sys.executable} 4 4" in text
    # The figure is shown once, as a picture with its alt text and a caption that repeats it for JupyterLab.
    outputs = [o for c in copy.cells for o in c.outputs if "data" in o]
    assert ["image/png" in o.data for o in outputs] == [True, False]
    assert outputs[0].metadata["image/png"]["alt"] == "A line <rises>."
    assert "<b>Figure 1.1.</b> A line &lt;rises&gt;." in outputs[1].data["text/html"]
    assert (
        'alt="A line &lt;rises&gt;."'
        in HTMLExporter(template_name="classic").from_notebook_node(copy)[0]
    )
    # No clocks, and no paths but the one the chapter printed itself.
    assert "start_time" not in text and "iopub" not in text and "input_path" not in text
    assert str(small_workbook.notebooks) not in text

    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["figures"]["fig-1-1"]["settings"]["python"] == sys.executable
    assert manifest["chapters"]["01_good"]["key"] and manifest["profile"] == "quick"

    again = run()
    assert again.ok and [o.status for o in again.outcomes] == ["fresh"]
    assert "up to date, nothing redone" in again.told and "started" not in again.told

    # A figure that was damaged, a changed parameter: it runs again, and the parameters reach it.
    (folder / "fig-1-1.png").write_bytes(b"damaged")
    key = manifest["chapters"]["01_good"]["key"]
    assert not runner.is_fresh(workbook.CHAPTERS[0], folder, key)
    changed = run(seed=5, parameters={"coverage": 0.95})
    assert changed.ok and changed.outcomes[0].status == "done"
    assert "coverage is 0.95" in (folder / "chapters" / "01_good.ipynb").read_text()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["figures"]["fig-1-1"]["settings"]["seed"] == 5 and manifest["figures"][
        "fig-1-1"
    ]["seeds"] == [5]
    assert manifest["figures"]["fig-1-1"]["parameters"] == {
        "profile": "quick",
        "seed": 5,
        "coverage": 0.95,
    }
    assert run(seed=5, parameters={"coverage": 0.95}).outcomes[0].status == "fresh"


def test_what_makes_a_chapter_stale(small_workbook, monkeypatch, tmp_path):
    small_workbook.add("01_good", save())
    chapter, given = workbook.CHAPTERS[0], {"profile": "quick", "seed": 0}
    key = runner.freshness_key(chapter, given)
    notebook = nbformat.read(small_workbook.notebooks / "01_good.ipynb", as_version=4)
    notebook.cells[0].execution_count, notebook.cells[0].metadata["collapsed"] = 7, True
    nbformat.write(notebook, small_workbook.notebooks / "01_good.ipynb")
    assert runner.freshness_key(chapter, given) == key, "outputs and looks do not matter"
    assert runner.freshness_key(chapter, {**given, "seed": 1}) != key
    small_workbook.write("01_good", save(), "# changed")
    assert runner.freshness_key(chapter, given) != key
    small_workbook.write("01_good", save())
    assert runner.freshness_key(chapter, given) == key
    package = tmp_path / "mbh_utils"
    shutil.copytree(
        paths.PROJECT / "mbh_utils", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    with monkeypatch.context() as patch:
        patch.setattr(runner, "__file__", str(package / "workbook" / "runner.py"))
        assert runner.freshness_key(chapter, given) == key
        with open(package / "mbh.py", "a") as file:
            file.write("# changed")
        assert runner.freshness_key(chapter, given) != key
    monkeypatch.setattr(workbook, "versions", lambda: {"torch": "0.0"})
    assert runner.freshness_key(chapter, given) != key


def test_redone_only_by_force_and_prepared_only_if_stale(small_workbook, monkeypatch):
    small_workbook.add("01_good", save())
    needy = workbook.Declaration("01_good", "title", ("fig-1-1",), ("grid", "toy"))
    monkeypatch.setattr(workbook, "CHAPTERS", (needy,))
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
    assert len(calls) == 2 and forced.outcomes[0].status == "done"
    assert not forced.ok and len(forced.problems) == 1
    assert "fig-9-9.png is declared by no chapter" in forced.told
    assert not run(prepare=prepare).ok and len(calls) == 2


# ---------------------------------------------------------------- chapters that do not


def test_failing_chapters_are_named_and_stop_no_other(small_workbook):
    small_workbook.add("01_good", save("fig-1-1"), figures=("fig-1-1",))
    small_workbook.add(
        "02_raises",
        save("fig-2-1"),
        "x = 1\nraise KeyError('no such\\nthing')",
        figures=("fig-2-1",),
    )
    small_workbook.add("03_forgets", figures=("fig-3-1",))
    small_workbook.add(
        "04_dies", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", figures=("fig-4-1",)
    )
    small_workbook.add("05_stops", save("fig-5-1"), "sys.exit()", figures=("fig-5-1",))
    report = run(jobs=2)
    assert not report.ok
    assert [o.status for o in report.outcomes] == ["done", "failed", "failed", "failed", "failed"]
    problem = {o.chapter: o.problem for o in report.outcomes}
    assert (
        "cell In [6] (cell 6 of the executed copy) raised KeyError: 'no such"
        in problem["02_raises"]
    )
    assert "MBHError: chapter 03_forgets did not save fig-3-1" in problem["03_forgets"]
    assert (
        "the kernel died in cell 5" in problem["04_dies"]
        and "smaller profile" in problem["04_dies"]
    )
    assert "never called chapter.finish()" in problem["05_stops"]
    for name in ("02_raises", "03_forgets", "04_dies"):
        copy = small_workbook.quick / "chapters" / f"{name}.failed.ipynb"
        assert str(copy) in problem[name] and nbformat.read(copy, as_version=4).cells
        assert f"{name} failed: " in report.told
    manifest = json.loads((small_workbook.quick / "manifest.json").read_text())
    assert list(manifest["figures"]) == ["fig-1-1"]

    # Mended, it is the only one that runs, and the failed copy goes.
    small_workbook.write("02_raises", save("fig-2-1"))
    report = run(chapters=["1", "2"])
    assert [o.status for o in report.outcomes] == ["fresh", "done"] and report.ok
    assert not (small_workbook.quick / "chapters" / "02_raises.failed.ipynb").exists()


def test_figures_choose_their_chapter(small_workbook):
    small_workbook.add("01_one", figures=("fig-1-1",))
    small_workbook.add("02_two", figures=("fig-2-1", "fig-2-2"))
    assert [c.name for c in runner.choose((), ("2.2", "2.1"))] == ["02_two"]
    assert [c.name for c in runner.choose(("02",), ("1.1",))] == ["01_one", "02_two"]
    assert [c.name for c in runner.choose((), None)] == ["01_one", "02_two"]


def test_what_preparing_raises_reaches_the_caller(small_workbook, monkeypatch):
    small_workbook.add("01_good", save())
    monkeypatch.setattr(
        workbook, "CHAPTERS", (workbook.Declaration("01_good", "title", ("fig-1-1",), ("grid",)),)
    )

    def prepare(*_, **__):
        raise MBHError("mnist: files are missing")

    with pytest.raises(MBHError, match="files are missing"):
        run(prepare=prepare)
    assert not list(small_workbook.quick.glob("*.png"))


# ---------------------------------------------------------------- mistakes, found before anything is executed


@pytest.mark.parametrize(
    "given, reason",
    [
        (
            {"coverag": 0.9},
            r"has no parameter 'coverag': its parameters cell has profile, seed, coverage, planes, name",
        ),
        ({"coverage": "high"}, r"coverage .* must be of type float, got 'high' \(str\)"),
        ({"seed": 1.5}, r"seed .* must be of type int"),
        ({"seed": True}, r"seed .* must be of type int, got True \(bool\)"),
        ({"planes": 3}, r"planes .* must be of type list"),
        ({"name": 3}, r"name .* must be of type str"),
    ],
)
def test_unknown_and_ill_typed_parameters(small_workbook, given, reason):
    cell = 'profile = "quick"\nseed = 0\ncoverage: float = 0.8  # c_P\nplanes = [1, 2]\nname = "x"\nfree = None'
    small_workbook.add("01_good", save(), parameters=cell)
    with pytest.raises(MBHError, match=reason):
        run(parameters=given)
    assert not list(small_workbook.quick.rglob("*.ipynb"))
    runner.check_parameters(
        small_workbook.notebooks / "01_good.ipynb",
        {"coverage": 1, "planes": [], "free": 3, "seed": 2},
    )


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


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
    workbook.write_json(workbook.fragment_path(small_workbook.quick, "01_good"), noted)
    (small_workbook.quick / ".fig-1-1.png.0123.part").write_text("being written")
    workbook.write_manifest(small_workbook.quick, "quick")
    before = everything(small_workbook.figures)
    with pytest.raises(MBHError, match=reason):
        run(force=True, **given)
    assert everything(small_workbook.figures) == before


def test_a_profile_or_seed_among_the_parameters_is_meant_as_such(small_workbook):
    given = runner.check_given("quick", 0, {"profile": "dra", "seed": 4, "free": [1, {"a": None}]})
    assert given == {"profile": "draft", "seed": 4, "free": [1, {"a": None}]}
    small_workbook.add(
        "01_good", save(), parameters='profile = "quick"\nseed = 0\nwidth: float | None = 1.0'
    )
    report = run(parameters={"profile": "draft", "seed": 4, "width": None})
    assert report.ok and report.folder == small_workbook.figures / "draft"
    manifest = json.loads((report.folder / "manifest.json").read_text())
    assert (
        manifest["profile"] == "draft" and manifest["figures"]["fig-1-1"]["settings"]["seed"] == 4
    )
    assert not small_workbook.quick.exists()


METADATA = [
    {},
    {"language_info": {"name": "python"}},
    {"kernelspec": {"name": "python3"}},
    {
        "kernelspec": {"name": "conda-env-x-py", "display_name": "x", "language": "python"},
        "language_info": {},
    },
    {"kernelspec": {"display_name": "Python 3"}, "language_info": {"codemirror_mode": "python"}},
    {"kernelspec": None, "language_info": None},
    {"kernelspec": {}, "vscode": {"interpreter": {"hash": "0"}}},
    None,
]


@pytest.mark.parametrize("metadata", METADATA)
def test_metadata_that_editors_leave_out_do_not_matter(small_workbook, metadata):
    small_workbook.add("01_good", save())
    path = small_workbook.notebooks / "01_good.ipynb"
    content = json.loads(path.read_text())
    content["metadata"] = metadata
    for cell in content["cells"]:
        if not cell["metadata"]:
            del cell["metadata"]
    path.write_text(json.dumps(content))
    given = {"profile": "quick", "seed": 0}
    runner.check_parameters(path, given)
    with pytest.raises(MBHError, match="has no parameter 'nope'"):
        runner.check_parameters(path, {"nope": 1})
    assert runner.freshness_key(workbook.CHAPTERS[0], given)
    if metadata in METADATA[::3]:  # executed, too
        report = run()
        assert report.ok, report.told
        copy = nbformat.read(small_workbook.quick / "chapters" / "01_good.ipynb", as_version=4)
        assert copy.metadata.kernelspec.language == "python" and all(
            c.execution_count for c in copy.cells
        )


def test_parameters_cells_are_read_as_python(small_workbook):
    cell = """
    %matplotlib inline
    profile = "quick"  # one of: quick = small, draft
    seed = 0
    planes = [
        1,  # first = 1
    ]
    both = other = "a=b"
    share: "float" = 0.5
    """
    small_workbook.add("01_good", save(), parameters=textwrap.dedent(cell))
    path = small_workbook.notebooks / "01_good.ipynb"
    runner.check_parameters(path, {"planes": [], "both": "x", "other": "y", "share": 1})
    for ill in ({"planes": 1}, {"both": 1}, {"share": "half"}):
        with pytest.raises(MBHError, match="must be of type"):
            runner.check_parameters(path, ill)
    small_workbook.write("01_good", save(), parameters="seed = = 0")
    with pytest.raises(MBHError, match="the parameters cell of .* is not plain Python"):
        runner.check_parameters(path, {"seed": 0})


def test_parameters_are_literals(small_workbook):
    small_workbook.add(
        "01_good", save(), parameters='profile = "quick"\nseed = 0\nwidth = 2 * seed'
    )
    with pytest.raises(MBHError, match="plain literals only"):
        run(parameters={"width": 3})


@pytest.mark.parametrize("tags", [(), ("other",)])
def test_exactly_one_parameters_cell(small_workbook, tags):
    small_workbook.add("01_good", save(), tags=tags)
    with pytest.raises(MBHError, match="has 0 cells tagged 'parameters', but needs exactly one"):
        run()


def test_a_second_parameters_cell_is_an_error(small_workbook):
    small_workbook.add("01_good", save())
    path = small_workbook.notebooks / "01_good.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[2].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)
    with pytest.raises(MBHError, match="has 2 cells tagged"):
        run()


def test_missing_and_damaged_notebooks(small_workbook):
    small_workbook.add("01_good", save())
    path = small_workbook.notebooks / "01_good.ipynb"
    path.write_text(path.read_text()[:200])
    with pytest.raises(MBHError, match=r"01_good.ipynb is not a notebook that can be read"):
        run()
    path.unlink()
    with pytest.raises(MBHError, match=r"01_good.ipynb is missing"):
        run()


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


def test_folder_that_cannot_be_written(small_workbook):
    small_workbook.add("01_good", save())
    small_workbook.figures.write_text("a file where the folder should be")
    with pytest.raises(MBHError, match=r"figures cannot be written to .*MBH_FIGURES"):
        run()


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may write anywhere; the test above covers the message"
)
def test_read_only_folder(small_workbook):
    small_workbook.add("01_good", save())
    small_workbook.figures.mkdir(mode=0o500)
    with pytest.raises(MBHError, match=r"figures cannot be written to .*Permission denied"):
        run()


def test_disk_full_while_the_copy_is_filed(small_workbook, monkeypatch):
    small_workbook.add("01_good", save())
    copy = small_workbook.quick / "chapters" / "01_good.ipynb"
    copy.parent.mkdir(parents=True)
    copy.write_text("the copy of an earlier run")
    replace = os.replace

    def full(source, target):
        if str(target).endswith("01_good.ipynb"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", full)
    report = run()
    assert not report.ok and "No space left on device" in report.outcomes[0].problem
    assert copy.read_text() == "the copy of an earlier run"


@pytest.mark.parametrize(
    "fault", ["note", "figure", "copy while it runs", "manifest", "kernel", "strange"]
)
def test_every_fault_is_a_failed_outcome_and_a_closing_table(small_workbook, monkeypatch, fault):
    cells = [save()]
    if fault == "figure":
        folder = f"workbook.Path({str(small_workbook.quick / 'fig-1-1.png')!r})"
        cells.insert(0, f"{folder}.mkdir(parents=True)\n({folder} / 'in the way').touch()")
    small_workbook.add("01_good", *cells)
    full, failing = OSError(errno.ENOSPC, "No space left on device"), {
        "note": (runner.workbook, "write_json"),
        "copy while it runs": (runner.papermill, "execute_notebook"),
        "manifest": (runner.workbook, "write_manifest"),
        "kernel": (runner, "kernel_environment"),
        "strange": (runner, "missing_figures"),
    }.get(fault)  # fmt: skip

    def fail(*_, **__):
        if fault == "strange":
            raise ZeroDivisionError("nobody thought of this")
        raise (
            MBHError("it could not be written (No space left on device)")
            if failing[0] is workbook
            else full
        )

    if failing:
        monkeypatch.setattr(*failing, fail)
    report = run()
    told = report.told
    table = told.splitlines().index("chapter  figures  seconds")
    assert not report.ok and told.splitlines()[table + 1].startswith("01_good "), told
    reason = {
        "figure": "raised MBHError: .*Is a directory",
        "strange": "ZeroDivisionError: nobody thought of this",
    }
    assert re.search(
        reason.get(fault, "No space left on device"), "\n".join([told, *report.problems])
    ), told
    assert "Traceback" not in told and "together" in told
    assert [o.status for o in report.outcomes] == ["done" if fault == "manifest" else "failed"]
    assert not list(small_workbook.quick.rglob(".*")), "nothing half-written is left"
    monkeypatch.undo()


def test_what_an_earlier_run_wrote_stands_until_a_cell_is_executed(small_workbook, monkeypatch):
    small_workbook.add("01_good", save())
    assert run().ok
    before = everything(small_workbook.quick)

    def no_kernel(threads):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(runner, "kernel_environment", no_kernel)
        report = run(force=True)
        assert [o.status for o in report.outcomes] == ["failed"] and report.outcomes[
            0
        ].figures == ()
    after = everything(small_workbook.quick)
    assert {path: after[path] for path in before} == before
    assert run().outcomes[0].status == "fresh"


def test_what_cannot_be_prepared_is_a_closing_table_and_then_the_reason(
    small_workbook, monkeypatch
):
    small_workbook.add("01_good", save())
    monkeypatch.setattr(
        workbook, "CHAPTERS", (workbook.Declaration("01_good", "title", ("fig-1-1",), ("grid",)),)
    )

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    lines = []
    with pytest.raises(
        MBHError, match=r"what the chapters read \(grid\) could not be computed \(No space left"
    ):
        runner.run(echo=lines.append, prepare=full)
    assert (
        "01_good failed: not executed, since what the chapters read" in lines[-1]
        and "together" in lines[-1]
    )


def test_a_chapter_without_its_executed_copy_is_not_up_to_date(small_workbook):
    small_workbook.add("01_good", save())
    assert run().ok
    copy = small_workbook.quick / "chapters" / "01_good.ipynb"
    whole = copy.read_bytes()
    for harm in (copy.unlink, lambda: copy.write_bytes(whole[:-40]), lambda: copy.write_bytes(b"")):
        assert runner.is_fresh(
            workbook.CHAPTERS[0], small_workbook.quick, key := key_noted(small_workbook)
        )
        harm()
        assert not runner.is_fresh(workbook.CHAPTERS[0], small_workbook.quick, key)
        copy.write_bytes(whole)
    copy.unlink()
    assert run().outcomes[0].status == "done" and copy.exists()


def key_noted(small_workbook):
    return workbook.read_fragment(small_workbook.quick, "01_good")["key"]


def test_a_changed_table_makes_the_chapters_that_read_it_stale(
    small_workbook, monkeypatch, tmp_path
):
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / "results" / profile)
    reads = workbook.Declaration("01_good", "title", ("fig-1-1",), ("grid", "toy"))
    other = workbook.Declaration("01_good", "title", ("fig-1-1",), ("trees",))
    small_workbook.add("01_good", save())
    table, given = tmp_path / "results" / "quick" / "grid.parquet", {"profile": "quick", "seed": 0}

    def keys():
        return [runner.freshness_key(chapter, given) for chapter in (reads, other)]

    seen = [keys()]
    table.parent.mkdir(parents=True)
    for content in (b"a table", b"a tablf"):
        table.write_bytes(content)
        seen.append(keys())
    assert len({mine for mine, _ in seen}) == 3 and len({its for _, its in seen}) == 1


@pytest.mark.skipif(os.name != "posix", reason="no such locks")
def test_two_runs_at_once_do_not_mix(small_workbook, tmp_path):
    count = tmp_path / "executed"
    cell = f"import time\nopen({str(count)!r}, 'a').write('x')\ntime.sleep(1)"
    small_workbook.add("01_good", cell, save())
    reports, threads = [], []
    for _ in range(2):
        threads.append(threading.Thread(target=lambda: reports.append(run())))
        threads[-1].start()
    for thread in threads:
        thread.join(120)
    assert [report.ok for report in reports] == [True, True]
    assert (
        sorted(report.outcomes[0].status for report in reports) == ["done", "fresh"]
        and count.read_text() == "x"
    )
    assert sum("another run writes figures to" in report.told for report in reports) == 1
    assert not list(small_workbook.quick.rglob(".*"))


def test_what_a_living_process_writes_is_no_leftover(small_workbook):
    small_workbook.add("01_good", save())
    with files.atomic(small_workbook.quick / "fig-1-1.png") as being_written:
        being_written.write_bytes(b"half")
        left = small_workbook.quick / ".fig-1-1.png.0123456789ab.part"
        left.write_bytes(b"half")
        assert run().ok
        assert being_written.exists() and not left.exists()


# ---------------------------------------------------------------- interrupted


def start_in_background(small_workbook, tmp_path):
    """Run the small workbook by the real command line in a process of its own."""
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(f"""
        import signal
        import sys
        from pathlib import Path
        from mbh_utils.computing import paths
        from mbh_utils.workbook import chapter as workbook
        from mbh_utils.workbook.chapter import Declaration
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
        paths.notebooks_folder = lambda: Path({str(small_workbook.notebooks)!r})
        workbook.CHAPTERS = {workbook.CHAPTERS!r}
        from mbh_utils.cli import main
        sys.argv = ["mbh", "figures"]
        main()
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(paths.PROJECT), "TOKEN_OF_TEST": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, str(program)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def processes_with(token):
    """Ids of the processes that inherited this token, the interrupted command's kernels among them."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if entry.isdigit() and f"TOKEN_OF_TEST={token}".encode() in file.read():
                    found.append(int(entry))
        except OSError:
            continue
    return found


@pytest.mark.skipif(
    not os.path.isdir("/proc/self"), reason="looks for left-over kernels in /proc, which Linux has"
)
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_killed_half_way_leaves_nothing_half_written(small_workbook, tmp_path, kind):
    small_workbook.add(
        "01_slow",
        save(),
        "import time\ntime.sleep(600)",
        save("fig-1-2"),
        figures=("fig-1-1", "fig-1-2"),
    )
    process = start_in_background(small_workbook, tmp_path)
    try:
        wait_until(
            lambda: (small_workbook.quick / "fig-1-1.png").exists() or process.poll() is not None
        )
        process.send_signal(kind)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err
    if kind != signal.SIGKILL:
        assert process.returncode == 130 and "interrupted" in err, (out, err)
    wait_until(lambda: not processes_with(tmp_path), 20)
    visible = sorted(
        p.name
        for p in small_workbook.quick.rglob("*")
        if p.is_file() and not p.name.startswith(".")
    )
    assert visible == ["fig-1-1.png"]
    assert (small_workbook.quick / "fig-1-1.png").read_bytes().endswith(b"IEND\xaeB`\x82")

    if kind != signal.SIGKILL:
        return
    # The next run takes no notice of what was left, and clears it away.
    small_workbook.write("01_slow", save(), save("fig-1-2"))
    assert run().ok
    assert not [p for p in small_workbook.quick.rglob(".*")]


def test_a_kernel_can_be_tried(monkeypatch, tmp_path):
    assert 0 < runner.try_kernel() < 60
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('this kernel is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(
        MBHError, match=r"no notebook kernel .*\(this kernel is broken\).*pip install ipykernel"
    ):
        runner.try_kernel()


def test_a_kernel_that_does_not_start_is_told_with_its_last_words(
    small_workbook, monkeypatch, tmp_path
):
    small_workbook.add("01_good", save())
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('this kernel is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    report = run()
    assert (
        not report.ok
        and "no kernel could be started" in report.told
        and "(this kernel is broken)" in report.told
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda cells: cells[0]["metadata"].update(tags=5),
        lambda cells: cells[0].pop("source"),
        lambda cells: cells[0].update(source=5),
        lambda cells: cells.append({"cell_type": "weird", "metadata": {}, "source": ""}),
    ],
)
def test_a_notebook_that_is_ill_inside_of_a_cell_is_named(small_workbook, change):
    small_workbook.add("01_first")
    path = small_workbook.notebooks / "01_first.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content["cells"])
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(MBHError, match="01_first.ipynb is not a notebook that can be read"):
        runner.read_notebook(path)
