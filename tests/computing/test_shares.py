"""What a task tells of its share reaches the run that waits for it, and leaves no file behind."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mbh_utils.computing import shares
from mbh_utils.computing.progress import TaskProgress
from mbh_utils.computing.scheduling import Task, compute
from mbh_utils.computing.screen import ChangingLine
from mbh_utils.computing.store import Store
from mbh_utils.errors import Interrupted


@pytest.fixture
def at_once(monkeypatch):
    """Every report is written, and read at once."""
    monkeypatch.setattr(shares, "_EVERY", 0.0)
    monkeypatch.setattr(ChangingLine, "is_due", True)


def test_what_is_told_is_read(tmp_path, at_once):
    path = tmp_path / "report"
    shares.tell(0.5)
    assert shares.read(path) is None, "nothing is told outside of a task"
    with shares.telling(str(path)):
        shares.tell(0.0)
        assert shares.read(path) is None, "getting ready is no measure"
        shares.tell(0.2)
        time.sleep(0.05)
        shares.tell(0.6)
    share, seconds = shares.read(path)
    assert share == pytest.approx(0.5) and 0.05 <= seconds < 5
    path.write_text("0.5 1.0")  # half written
    assert shares.read(path) is None


def test_reports_are_rare(tmp_path):
    path = tmp_path / "report"
    with shares.telling(str(path)):
        shares.tell(0.1)
        before = path.read_text()
        shares.tell(0.2)
    assert path.read_text() == before


def slow(store):
    for step in range(1, 21):
        shares.tell(step / 20)
        time.sleep(0.05)


def test_a_running_task_counts(tmp_path, at_once, monkeypatch):
    reached = []
    real = TaskProgress.reached

    def noted(self, i, share, spent):
        reached.append((i, share))
        real(self, i, share, spent)

    monkeypatch.setattr(TaskProgress, "reached", noted)
    every = property(lambda self: 0.1, lambda self, _: None)
    monkeypatch.setattr(ChangingLine, "every", every, raising=False)
    with ThreadPoolExecutor(1) as executor:
        done = compute([Task(slow), Task(slow, seconds=2.0)], Store(tmp_path), executor, "slow")
    assert done.tasks == 2
    assert {i for i, _ in reached} == {0, 1}
    first = [share for i, share in reached if i == 0]
    assert first == sorted(first) and len(set(first)) > 2 and 0 <= first[0] < first[-1] <= 1
    assert not list(tmp_path.glob(".shared*")), "no report is left behind"


def interrupted(store):
    raise KeyboardInterrupt


def test_an_interruption_says_what_is_kept(tmp_path):
    class Stopped(ThreadPoolExecutor):
        def submit(self, function, task, *rest):
            if task.function is interrupted:
                raise KeyboardInterrupt
            return super().submit(function, task, *rest)

    tasks = [Task(slow, seconds=2.0), Task(interrupted)]
    with Stopped(1) as executor, pytest.raises(Interrupted) as told:
        compute(tasks, Store(tmp_path), executor, "training")
    words = str(told.value)
    assert words.startswith("interrupted: what was finished is kept, and the same again goes on")
    assert str(tmp_path) in words and "0 of 2 tasks of stage 'training' are done" in words
    assert told.value._render_traceback_() == [words]
    assert isinstance(told.value, KeyboardInterrupt)
