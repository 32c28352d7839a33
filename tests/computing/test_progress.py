"""Progress of tasks and trainings: a bar on a terminal, text below a cell, or plain lines."""

import sys
import time
from types import SimpleNamespace

import pytest

from mbh_utils.computing import screen
from mbh_utils.computing.progress import IterationProgress, TaskProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    return clock


def test_tasks_are_told_in_plain_lines_where_nobody_watches(clock, capsys):
    tasks = [("training", seconds) for seconds in (60, 30, 10)]
    progress = TaskProgress("grid: training", tasks, at_once=1)
    for i, now in enumerate((120, 180, 200)):
        clock.now = now
        progress.done(i)
        progress.show()
    assert capsys.readouterr().err.splitlines() == [
        "grid: training: 1 of 3 done, 120 s, about 80 s left",
        "grid: training: 2 of 3 done, 180 s, about 20 s left",
        "grid: training: 3 of 3 done, 200 s",
    ]


def test_the_first_line_comes_after_two_seconds_and_the_next_ever_less_often(clock, capsys):
    progress = TaskProgress("training", [("training", 600.0)], at_once=1)
    lines = []
    for clock.now in range(60):
        progress.reached(0, clock.now / 200, clock.now)
        progress.show()
        lines += [(clock.now, line) for line in capsys.readouterr().err.splitlines()]
    assert [when for when, _ in lines] == [2, 7, 17, 32, 47]
    told = [line.split(", ")[-1] for _, line in lines]
    # What the running task says of itself counts: it takes 200 s, not 600 s.
    assert told[1] == "7 s", "not enough is known yet"
    assert told[2:] == [f"about {seconds} s left" for seconds in (180, 170, 150)]


def test_short_work_is_told_at_the_end_only(clock, capsys):
    progress = TaskProgress("squares", [("square", 1.0)] * 2, at_once=2)
    progress.done(0, 1.0)
    progress.show()
    assert capsys.readouterr().err == ""
    progress.done(1, 1.0)
    progress.show()
    assert capsys.readouterr().err == "squares: 2 of 2 done, 0 s\n"


def test_it_is_a_bar_on_a_terminal(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with TaskProgress("squares", [("square", 25.0)] * 4, at_once=1) as progress:
        for i in range(3):
            clock.now += 25
            progress.done(i, 25.0)
            progress.show()
    shown = capsys.readouterr().err.split("\r")
    bar = next(text for text in reversed(shown) if text.strip())
    assert bar.startswith("squares:  75%|") or bar.startswith("squares:  75% |"), bar
    assert "| 3 of 4 done, 75 s, about 25 s left" in bar


class Shell:
    """A notebook's shell, as far as anybody asks; keeps what is displayed."""

    kernel = object()


@pytest.fixture
def outputs(monkeypatch):
    """What a cell's output says, one text after the other, where this is a notebook's kernel."""
    import IPython

    said = []

    def display(data, raw, display_id):
        assert list(data) == ["text/plain"], "neither a widget nor a red box"
        said.append(data["text/plain"])
        return SimpleNamespace(update=lambda data, raw: said.append(data["text/plain"]))

    monkeypatch.setattr(IPython, "get_ipython", lambda: Shell)
    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.delenv("MBH_STATIC", raising=False)
    return said


def test_it_is_text_below_a_cell_that_is_replaced(clock, outputs, capsys):
    with IterationProgress(None, 1000) as progress:
        for clock.now in range(1, 11):
            progress.update(100)
    assert capsys.readouterr().err == ""
    assert len(outputs) == 9, "silent for two seconds"
    assert outputs[3] == (
        "training:  50% ██████████·········· iteration 500 of 1,000, 5 s, about 5 s left"
    )
    assert outputs[-1].endswith("iteration 1,000 of 1,000, 10 s")


def test_short_trainings_are_silent_unless_asked(clock, outputs):
    with IterationProgress(None, 10) as progress:
        clock.now = 1.9
        progress.update(10)
    assert outputs == []
    with IterationProgress(True, 10) as progress:
        progress.update(10)
    assert len(outputs) == 1
    with IterationProgress(False, 10) as progress:
        clock.now = 100
        progress.update(10)
    assert len(outputs) == 1


def test_executed_chapters_are_silent(clock, outputs, capsys, monkeypatch):
    monkeypatch.setenv("MBH_STATIC", "1")
    for wanted in (None, True):
        with IterationProgress(wanted, 10) as progress:
            clock.now += 50
            progress.update(10)
    assert screen.place() == "nowhere"
    assert outputs == [] and capsys.readouterr() == ("", "")


def test_looks_at_accuracy_count_where_most_are_early():
    told = []
    progress = IterationProgress(told.append, 1000, looks=10)
    for _ in range(5):
        progress.update(10, seconds=0.1)
        progress.look(1.0)
    # 0.5 s of training and 5 s of looks are done, 9.5 s and 5 s are left.
    progress.update(0, seconds=0.0)
    assert told[-1] == pytest.approx(5.5 / 20)
    for _ in range(5):
        progress.update(190, seconds=1.9)
        progress.look(1.0)
    assert told[-1] == 1.0
