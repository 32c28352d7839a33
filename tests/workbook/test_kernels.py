"""Kernels: this interpreter, or a message."""

import pytest
from throwaway import run, save

from mbh_utils.errors import MBHError
from mbh_utils.workbook.kernels import try_kernel


def test_a_kernel_can_be_tried(monkeypatch, tmp_path):
    assert 0 < try_kernel() < 60
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('this kernel is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(
        MBHError, match=r"no notebook kernel .*\(this kernel is broken\).*pip install ipykernel"
    ):
        try_kernel()


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
