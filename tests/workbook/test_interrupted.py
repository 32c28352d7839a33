"""A run that is interrupted or killed leaves nothing half-written and no kernel behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from throwaway import run, save

from mbh_utils.computing import paths
from mbh_utils.workbook import chapters


def start_in_background(small_workbook, tmp_path):
    """Run the small workbook by the real command line in a process of its own."""
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(f"""
        import signal
        import sys
        from pathlib import Path
        from mbh_utils.computing import paths
        from mbh_utils.workbook import chapters
        from mbh_utils.workbook.chapters import Declaration
        # A shell's background job ignores it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        paths.notebooks_folder = lambda: Path({str(small_workbook.notebooks)!r})
        chapters.CHAPTERS = {chapters.CHAPTERS!r}
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
    """Ids of the processes that inherited this token: the interrupted command and its kernels."""
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
    picture = small_workbook.quick / "fig-1-1.png"
    try:
        wait_until(lambda: picture.exists() or process.poll() is not None)
        process.send_signal(kind)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err
    if kind != signal.SIGKILL:
        assert process.returncode == 130, (out, err)
        assert "interrupted" in err, (out, err)
    wait_until(lambda: not processes_with(tmp_path), 20)
    files = [path.name for path in small_workbook.quick.rglob("*") if path.is_file()]
    assert [name for name in files if not name.startswith(".")] == ["fig-1-1.png"]
    assert picture.read_bytes().endswith(b"IEND\xaeB`\x82"), "the picture is whole"

    if kind != signal.SIGKILL:
        return
    # The next run takes no notice of what was left, and clears it away.
    small_workbook.write("01_slow", save(), save("fig-1-2"))
    assert run().ok
    assert not list(small_workbook.quick.rglob(".*"))
