"""Tasks handed out: the longest first, and the same entries whatever fails in between."""

import os
import platform
import threading
import time
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool

import pytest
from distributed.scheduler import KilledWorker
from tasks_for_tests import (
    PATIENCE,
    Here,
    fail,
    fail_stubbornly,
    numbers,
    replace_number,
    right,
    square,
    wait_for,
)

from mbh_utils.computing import scheduling
from mbh_utils.computing.scheduling import Task, compute, wall_seconds
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError


class Never(Executor):
    """Takes tasks and never begins them."""

    def __init__(self):
        self.futures = []

    def submit(self, *_):
        self.futures.append(Future())
        return self.futures[-1]


@pytest.mark.parametrize("shared", [True, False])
def test_the_longest_comes_first_and_everything_is_in_the_store(tmp_path, shared):
    store = Store(tmp_path)
    here = Here()
    done = compute(numbers(store), store, here, "squares", shared=shared)
    assert [task.seconds for task in here.tasks] == [6, 5, 4, 3, 2, 1] and right(store)
    assert done[:2] == ("squares", 6) and done.seconds > 0
    assert 50e6 < done.memory < 20e9, "bytes of a process with torch"
    assert compute([], store, here, "nothing").tasks == 0 and len(here.tasks) == 6


def test_few_tasks_are_on_their_way_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(scheduling, "_AHEAD", 2)
    never = Never()
    failed = []
    thread = threading.Thread(target=lambda: failed.append(run(never)))

    def run(executor):
        with pytest.raises(MBHError, match="no memory"):
            compute([Task(square, (i,)) for i in range(5)], Store(tmp_path), executor, "squares")
        return True

    thread.start()
    wait_for(lambda: len(never.futures) == 2)
    never.futures[0].set_result(([], [], 0, 0.1))
    wait_for(lambda: len(never.futures) == 3)
    never.futures[1].set_exception(MBHError("no memory"))
    thread.join(PATIENCE)
    assert failed == [True] and len(never.futures) == 3
    assert never.futures[2].cancelled(), "what had not begun is cancelled"


def test_what_is_sent_along_is_what_is_needed_and_only_what_is_new_comes_back(tmp_path):
    store = Store(tmp_path / "here")
    seen = []
    tasks = numbers(store)

    class Watched(Here):
        def submit(self, function, task, call, parcels):
            future = super().submit(function, task, call, parcels)
            seen.append(([p.kind for p in parcels], [p.kind for p in future.result()[0]]))
            return future

    compute(tasks, store, Watched(), "squares", shared=False)
    assert seen == 6 * [(["number"], ["square"])]
    # Without its needs a task works as if nothing were there: the store of a worker is its own.
    compute([Task(square, (0,))], store, Here(), "alone", shared=False)
    assert store.arrays("square", {"i": 0})[0]["value"] == 1


def test_what_a_task_drops_elsewhere_is_dropped_here(tmp_path):
    store = Store(tmp_path)
    needs = numbers(store, 1)[0].needs
    compute([Task(replace_number, (0,), needs)], store, Here(), "replace", shared=False)
    assert right(store, 1) and not store.has("number", {"i": 0})


def test_an_error_reaches_the_caller_and_what_is_done_is_kept(tmp_path):
    store = Store(tmp_path)
    tasks = [*numbers(store), Task(fail, ("the mask fits no network",), seconds=0.5)]
    with pytest.raises(MBHError) as told:
        compute(tasks, store, Here(), "squares")
    assert str(told.value) == "the mask fits no network" and right(store)
    assert "in fail\n" in told.value.__notes__[0], "where it happened"
    with pytest.raises(RuntimeError, match="Stubborn: this and that"):
        compute([Task(fail_stubbornly)], store, Here(), "squares")


def test_an_error_of_another_machine_names_it(tmp_path):
    elsewhere = Here(lambda call: call._replace(host="a machine far away"))
    with pytest.raises(MBHError) as told:
        compute([Task(fail, ("no images",))], Store(tmp_path), elsewhere, "squares")
    assert str(told.value) == f"on {platform.node()}: no images"


def test_a_worker_that_does_not_see_the_store_says_so(tmp_path):
    blind = Here(lambda call: call._replace(marker=str(tmp_path / "elsewhere")))
    with pytest.raises(MBHError, match="does not see the store .*--no-shared-store"):
        compute([Task(square, (1,))], Store(tmp_path / "store"), blind, "squares")
    assert list((tmp_path / "store").iterdir()) == [], "the marker is gone, too"


def test_a_worker_with_other_versions_says_so(tmp_path):
    other = Here(lambda call: call._replace(versions={**call.versions, "torch": "1.0"}))
    for shared in (True, False):
        with pytest.raises(MBHError, match="this worker has .*'torch': '1.0'.* install the same"):
            compute([Task(square, (1,))], Store(tmp_path), other, "squares", shared=shared)


def test_a_store_that_cannot_be_written_is_told_before_anything_is_sent(tmp_path):
    (tmp_path / "file").touch()
    here = Here()
    with pytest.raises(MBHError, match="cannot be written"):
        compute([Task(square, (1,))], Store(tmp_path / "file"), here, "squares")
    assert here.tasks == []


def test_the_marker_of_a_run_is_renewed_and_those_of_killed_runs_are_removed(tmp_path, monkeypatch):
    left = tmp_path / ".shared.0123456789ab.part"
    left.touch()
    os.utime(left, (0, 0))
    ages = []

    class Slow(Here):
        def submit(self, function, task, call, *arguments):
            ages.append(time.time() - os.stat(call.marker).st_mtime)
            os.utime(call.marker, (0, 0))
            return super().submit(function, task, call, *arguments)

    monkeypatch.setattr(scheduling, "RENEW_SECONDS", -1)
    monkeypatch.setattr(scheduling, "_AHEAD", 1)
    compute([Task(square, (i,)) for i in range(3)], Store(tmp_path), Slow(), "squares")
    assert len(ages) == 3 and max(ages) < 3600 and not list(tmp_path.glob(".shared*"))


def test_the_wall_time_is_that_of_the_longest_first():
    tasks = [Task(square, seconds=s) for s in (1, 2, 3, 4, 10)]
    assert [wall_seconds(tasks, jobs) for jobs in (1, 2, 3, 9)] == [20, 10, 10, 10]
    assert wall_seconds([Task(square, seconds=s) for s in (5, 5, 4, 3, 3)], 2) == 11, (
        "no split, hence not 10"
    )
    assert wall_seconds([], 2) == 0


@pytest.mark.parametrize(
    "error",
    [
        KilledWorker("train", None, 3),
        CancelledError("the scheduler is gone"),
        BrokenProcessPool("a process"),
    ],
)
def test_workers_that_are_killed_for_good_are_told(tmp_path, error):
    class Lost(Executor):
        def submit(self, *_):
            future = Future()
            future.set_exception(error)
            return future

    with pytest.raises(MBHError, match="process was killed .* or the cluster is gone") as told:
        compute([Task(square, (1,))], Store(tmp_path), Lost(), "squares")
    assert told.value.__cause__ is error
