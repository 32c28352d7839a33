"""Chapters executed one by one: what fails is named, and stops no other."""

import errno
import json
import os
import re
from unittest.mock import Mock

import nbformat
import pytest
from throwaway import everything, run, save

from mbh_utils.computing import files
from mbh_utils.errors import MBHError
from mbh_utils.workbook import execution, kernels, provenance


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
        "04_dies",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        figures=("fig-4-1",),
    )
    small_workbook.add("05_stops", save("fig-5-1"), "sys.exit()", figures=("fig-5-1",))
    report = run(jobs=2)
    assert not report.ok
    assert [o.status for o in report.outcomes] == ["done", "failed", "failed", "failed", "failed"]
    problem = {o.chapter: o.problem for o in report.outcomes}
    raised = "cell In [6] (cell 6 of the executed copy) raised KeyError: 'no such"
    assert raised in problem["02_raises"]
    assert "MBHError: chapter 03_forgets did not save fig-3-1" in problem["03_forgets"]
    assert "the kernel died in cell 5" in problem["04_dies"]
    assert "smaller profile" in problem["04_dies"]
    assert "never called chapter.finish()" in problem["05_stops"]
    for name in ("02_raises", "03_forgets", "04_dies"):
        copy = small_workbook.quick / "chapters" / f"{name}.failed.ipynb"
        assert str(copy) in problem[name] and nbformat.read(copy, as_version=4).cells
        assert f"{name} failed: " in report.told
    manifest = json.loads((small_workbook.quick / "manifest.json").read_text())
    assert list(manifest["figures"]) == ["fig-1-1"]

    # Fixed, it is the only one that runs, and the failed copy goes.
    small_workbook.write("02_raises", save("fig-2-1"))
    report = run(chapters=["1", "2"])
    assert [o.status for o in report.outcomes] == ["fresh", "done"] and report.ok
    assert not (small_workbook.quick / "chapters" / "02_raises.failed.ipynb").exists()


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
        folder = f"Path({str(small_workbook.quick / 'fig-1-1.png')!r})"
        block = f"{folder}.mkdir(parents=True)\n({folder} / 'in the way').touch()"
        cells.insert(0, f"from pathlib import Path\n{block}")
    small_workbook.add("01_good", *cells)
    full = OSError(errno.ENOSPC, "No space left on device")
    full_as_told = MBHError("it could not be written (No space left on device)")
    failing = {
        "note": (provenance, "write_json", full_as_told),
        "copy while it runs": (execution.papermill, "execute_notebook", full),
        "manifest": (provenance, "write_manifest", full_as_told),
        "kernel": (kernels, "kernel_environment", full),
        "strange": (
            provenance,
            "missing_figures",
            ZeroDivisionError("nobody thought of this"),
        ),
    }
    if fault in failing:
        module, name, error = failing[fault]
        monkeypatch.setattr(module, name, Mock(side_effect=error))
    report = run()
    told = report.told
    table = told.splitlines().index("chapter  figures  seconds")
    assert not report.ok
    assert told.splitlines()[table + 1].startswith("01_good "), told
    reason = {
        "figure": "raised MBHError: .*Is a directory",
        "strange": "ZeroDivisionError: nobody thought of this",
    }.get(fault, "No space left on device")
    assert re.search(reason, "\n".join([told, *report.problems])), told
    assert "Traceback" not in told
    assert "together" in told
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
        patch.setattr(kernels, "kernel_environment", no_kernel)
        report = run(force=True)
        assert [o.status for o in report.outcomes] == ["failed"]
        assert report.outcomes[0].figures == ()
    after = everything(small_workbook.quick)
    assert {path: after[path] for path in before} == before
    assert run().outcomes[0].status == "fresh"
