"""The folder of one profile's figures: what may lie there, and who writes."""

import os
import threading

import pytest
from throwaway import run, save

from mbh_utils.computing import files, paths
from mbh_utils.errors import MBHError
from mbh_utils.workbook.folder import shown, undeclared_files


def test_shown_paths_do_not_tell_of_the_machine(tmp_path):
    assert shown(paths.PROJECT / "figures" / "quick") == "figures/quick"
    assert shown(tmp_path) == str(tmp_path)


def test_folder_that_cannot_be_written(small_workbook):
    small_workbook.add("01_good", save())
    small_workbook.figures.write_text("a file where the folder should be")
    with pytest.raises(MBHError, match=r"figures cannot be written to .*MBH_FIGURES"):
        run()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; see the test above")
def test_read_only_folder(small_workbook):
    small_workbook.add("01_good", save())
    small_workbook.figures.mkdir(mode=0o500)
    with pytest.raises(MBHError, match=r"figures cannot be written to .*Permission denied"):
        run()


@pytest.mark.skipif(os.name != "posix", reason="no such locks")
def test_two_runs_at_once_do_not_mix(small_workbook, tmp_path):
    count = tmp_path / "executed"
    cell = f"import time\nopen({str(count)!r}, 'a').write('x')\ntime.sleep(1)"
    small_workbook.add("01_good", cell, save())
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(run())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [report.ok for report in reports] == [True, True]
    assert sorted(report.outcomes[0].status for report in reports) == ["done", "fresh"]
    assert count.read_text() == "x"
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


@pytest.mark.parametrize("name", ["book", "explore"])
def test_what_other_commands_write_needs_no_declaration(tmp_path, name):
    for path in (tmp_path / name / "index.html", tmp_path / "other" / "index.html"):
        path.parent.mkdir()
        path.write_text("")
    (complaint,) = undeclared_files(tmp_path)
    assert "other/index.html is declared by no chapter" in complaint
