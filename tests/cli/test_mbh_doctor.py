"""``mbh doctor``."""

import re

from mbh_utils.computing import native, paths
from mbh_utils.errors import MBHError
from mbh_utils.experiments import EXPERIMENTS
from mbh_utils.workbook import kernels


def test_doctor_of_a_healthy_machine(mbh):
    status, out, _ = mbh("doctor")
    assert status == 0, out
    for words in (
        "torch ",
        "cores",
        "GPU",
        "digits8: built in",
        "store: ",
        "kernel starts",
        "the workbook can run here",
    ):
        assert words in out
    assert "BAD" not in out


def test_doctor_says_where_compiled_code_is_kept(mbh, monkeypatch):
    monkeypatch.setattr(kernels, "try_kernel", lambda: 1.0)
    assert f"compiled code is kept in {native.folder()}\n" in mbh("doctor")[1]
    monkeypatch.setattr(native, "folder", lambda: None)
    assert "compiled code is kept in memory only" in mbh("doctor")[1]


def test_doctor_looks_at_the_committed_tables(mbh, monkeypatch, tmp_path):
    monkeypatch.setattr(kernels, "try_kernel", lambda: 1.0)
    out = mbh("doctor")[1]
    folder = paths.results_folder("paper")
    n_tables = sum((folder / f"{name}.parquet").exists() for name in EXPERIMENTS)
    assert f"tables of profile paper: {n_tables}, digests right" in out
    assert "networks that chapters of profile paper draw: here, digest right" in out
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / profile)
    assert "tables of profile" not in mbh("doctor")[1]
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "grid.parquet").write_text("no table")
    status, out, _ = mbh("doctor")
    assert status == 1
    assert re.search("BAD .*grid.parquet is damaged .*`mbh run grid --profile draft`", out)


def test_doctor_goes_on_after_what_is_bad(mbh, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("MBH_STORE", str(blocked / "store"))

    def no_kernel():
        raise MBHError("no notebook kernel could be started")

    monkeypatch.setattr(kernels, "try_kernel", no_kernel)
    status, out, _ = mbh("doctor")
    assert status == 1
    assert out.count("BAD") == 3
    assert "BAD   no notebook kernel" in out
    assert "ok    digits8" in out
    assert out.endswith("fix the lines marked BAD, then try again\n")
