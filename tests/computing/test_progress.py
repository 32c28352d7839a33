"""Progress of a stage's tasks: a bar on a terminal, plain lines elsewhere."""

import itertools
import sys
import time

from mbh_utils.computing.progress import TaskProgress


def test_progress_goes_by_the_estimated_time_in_plain_lines_where_nobody_watches(
    tmp_path, capsys, monkeypatch
):
    clock = itertools.count(0, 20)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    progress = TaskProgress("grid: training", n_tasks=3, seconds=100)
    for seconds in (60, 30, 10):
        progress.done(seconds)
        progress.show()
    assert capsys.readouterr().err.splitlines() == [
        "grid: training: 1 of 3 done, 20 s, about 13 s left",
        "grid: training: 2 of 3 done, 40 s, about 4 s left",
        "grid: training: 3 of 3 done, 60 s",
    ]


def test_progress_is_silent_for_a_while_and_never_at_the_end(capsys):
    progress = TaskProgress("squares", n_tasks=2, seconds=2.0)
    progress.done(1.0)
    progress.show()
    assert capsys.readouterr().err == ""
    progress.done(1.0)
    progress.show()
    assert capsys.readouterr().err == "squares: 2 of 2 done, 0 s\n"


def test_progress_is_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with TaskProgress("squares", n_tasks=4, seconds=2.0) as progress:
        for _ in range(3):
            progress.done(0.5)
            progress.show()
    assert "squares:  75% |" in capsys.readouterr().err.split("\r")[-1]
