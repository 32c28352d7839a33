"""Tasks on processes and on a Dask cluster: the same entries, whatever is killed, interrupted or fails in between."""

import itertools
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import pytest

from mbh_utils import scheduling
from mbh_utils.errors import MBHError
from mbh_utils.scheduling import Task, compute, wall_seconds, workers
from mbh_utils.store import Store

#: How long anything may take on a machine that does much else. Nothing waits that long unless it fails.
PATIENCE = 120
#: What a process would take as its number of threads if nothing else were done.
THREADS = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}


class Here(Executor):
    """Runs every task at once in this process, and keeps what it was told."""

    def __init__(self, change=lambda call: call):
        self.tasks, self.cancelled, self.change = [], 0, change

    def submit(self, function, task, call, parcels):
        self.tasks.append(task)
        function, task, call, parcels = pickle.loads(pickle.dumps((function, task, self.change(call), parcels)))
        future = Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(function(task, call, parcels))))
        except Exception as error:
            future.set_exception(error)
        return future


class Never(Executor):
    """Takes tasks and never begins them."""

    def __init__(self):
        self.futures = []

    def submit(self, *_):
        self.futures.append(Future())
        return self.futures[-1]


def wait_for(what, seconds=PATIENCE):
    """What ``what()`` gives, once that is something."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


# ----------------------------------------------------------------- work for processes that import this file


def square(i, store):
    """Reads number i if it is there, and writes its square."""
    found = store.arrays("number", {"i": i})
    value = found[0]["value"] if found else np.array([-1.0])
    store.put_arrays("square", {"i": i}, {"value": value**2})


def square_when_told(i, box, store):
    """As :func:`square`, after it said which process is at it, and was told to go on."""
    Path(box, f"{i}-{os.getpid()}").touch()
    wait_for(Path(box, "go").exists)
    square(i, store)


def replace_number(i, store):
    """Drops what it read, as a superseded snapshot."""
    square(i, store)
    store.drop("number", {"i": i})


def count_threads(late, store):
    import numba
    import threadpoolctl
    import torch

    if late:
        import scipy.linalg  # noqa: F401  brings a library with threads of its own
    pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    store.put_arrays("threads", {}, {"n": np.array([torch.get_num_threads(), numba.get_num_threads(), *pools])})


def fail(words, store):
    raise MBHError(words)


class Stubborn(Exception):
    """An error that cannot be unpickled, as its arguments are not what it is made of."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail_stubbornly(store):
    raise Stubborn("this", "that")


def die(store):
    """Ends like a task that ran out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


# -------------------------------------------------------------------------------------------------- helpers


def numbers(store, n=6):
    """Tasks, the later the longer, and what they need."""
    for i in range(n):
        store.put_arrays("number", {"i": i}, {"value": np.array([i, i / 7])})
    return [Task(square, (i,), (("number", {"i": i}),), seconds=i + 1) for i in range(n)]


def squares(store, n=6):
    return [store.arrays("square", {"i": i}) for i in range(n)]


def right(store, n=6):
    return all(np.array_equal(s[0]["value"], np.array([i, i / 7]) ** 2) for i, s in enumerate(squares(store, n)))


# --------------------------------------------------------------------------------------------- order and ends


@pytest.mark.parametrize("shared", [True, False])
def test_the_longest_comes_first_and_everything_is_in_the_store(tmp_path, shared):
    store, here = Store(tmp_path), Here()
    done = compute(numbers(store), store, here, "squares", shared=shared)
    assert [task.seconds for task in here.tasks] == [6, 5, 4, 3, 2, 1] and right(store)
    assert done[:2] == ("squares", 6) and done.seconds > 0
    assert 50e6 < done.memory < 20e9, "bytes of a process with torch"
    assert compute([], store, here, "nothing").tasks == 0 and len(here.tasks) == 6


def test_few_tasks_are_on_their_way_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(scheduling, "_AHEAD", 2)
    monkeypatch.setattr(scheduling, "PROGRESS_SECONDS", 0.05)
    never, failed = Never(), []
    thread = threading.Thread(target=lambda: failed.append(run(never)))

    def run(executor):
        with pytest.raises(MBHError, match="no memory"):
            compute([Task(square, (i,)) for i in range(5)], Store(tmp_path), executor, "squares")
        return True

    thread.start()
    wait_for(lambda: len(never.futures) == 2)
    never.futures[0].set_result(([], [], 0))
    wait_for(lambda: len(never.futures) == 3)
    never.futures[1].set_exception(MBHError("no memory"))
    thread.join(PATIENCE)
    assert failed == [True] and len(never.futures) == 3
    assert never.futures[2].cancelled(), "what had not begun is cancelled"


def test_what_is_sent_along_is_what_is_needed_and_only_what_is_new_comes_back(tmp_path):
    store, seen = Store(tmp_path / "here"), []
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
    with pytest.raises(MBHError, match="^the mask fits no network$"):
        compute(tasks, store, Here(), "squares")
    assert right(store)
    with pytest.raises(RuntimeError, match="Stubborn: this and that"):
        compute([Task(fail_stubbornly)], store, Here(), "squares")


def test_an_error_of_another_machine_names_it(tmp_path):
    elsewhere = Here(lambda call: call._replace(host="a machine far away"))
    with pytest.raises(MBHError, match=f"^on {scheduling.platform.node()}: no images$"):
        compute([Task(fail, ("no images",))], Store(tmp_path), elsewhere, "squares")


def test_a_worker_that_does_not_see_the_store_says_so(tmp_path):
    blind = Here(lambda call: call._replace(sign=str(tmp_path / "elsewhere")))
    with pytest.raises(MBHError, match="does not see the store .*--send"):
        compute([Task(square, (1,))], Store(tmp_path / "store"), blind, "squares")
    assert list((tmp_path / "store").iterdir()) == [], "the sign is gone, too"


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


# --------------------------------------------------------------------------------------------------- progress


def test_progress_goes_by_the_estimated_time_in_plain_lines_where_nobody_watches(tmp_path, capsys, monkeypatch):
    clock = itertools.count(0, 20)
    monkeypatch.setattr(scheduling.time, "perf_counter", lambda: next(clock))
    progress = scheduling._Progress("grid: training", [Task(square, seconds=s) for s in (60, 30, 10)])
    for task in (Task(square, seconds=60), Task(square, seconds=30), Task(square, seconds=10)):
        progress.done(task)
        progress.show()
    assert capsys.readouterr().err.splitlines() == [
        "grid: training: 1 of 3 done, 20 s, about 13 s left",
        "grid: training: 2 of 3 done, 40 s, about 4 s left",
        "grid: training: 3 of 3 done, 60 s",
    ]


def test_progress_is_silent_for_a_while_and_never_at_the_end(capsys):
    progress = scheduling._Progress("squares", 2 * [Task(square)])
    progress.done(Task(square))
    progress.show()
    assert capsys.readouterr().err == ""
    progress.done(Task(square))
    progress.show()
    assert capsys.readouterr().err == "squares: 2 of 2 done, 0 s\n"


def test_progress_is_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with scheduling._Progress("squares", 4 * [Task(square, seconds=0.5)]) as progress:
        for _ in range(3):
            progress.done(Task(square, seconds=0.5))
            progress.show()
    assert "squares:  75% |" in capsys.readouterr().err.split("\r")[-1]


def test_the_wall_time_is_that_of_the_longest_first():
    tasks = [Task(square, seconds=s) for s in (1, 2, 3, 4, 10)]
    assert [wall_seconds(tasks, jobs) for jobs in (1, 2, 3, 9)] == [20, 10, 10, 10]
    assert wall_seconds([Task(square, seconds=s) for s in (5, 5, 4, 3, 3)], 2) == 11, "no split, hence not 10"
    assert wall_seconds([], 2) == 0


# --------------------------------------------------------------------------------------------------- processes


def test_processes_give_the_same_with_one_thread_each(tmp_path, monkeypatch):
    for name in THREADS:
        monkeypatch.setenv(name, "2")
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    compute(numbers(here), here, Here(), "squares")
    before = scheduling.threadpoolctl.threadpool_info()
    with workers(2) as pool:
        compute(numbers(there), there, pool, "squares")
        compute([Task(count_threads, (True,))], there, pool, "threads")
    assert right(here) and right(there)
    assert set(there.arrays("threads", {})[0]["n"]) == {1}
    assert scheduling.threadpoolctl.threadpool_info() == before


@pytest.mark.parametrize("jobs", [0, -1])
def test_at_least_one_process_is_needed(jobs):
    with pytest.raises(MBHError, match=f"jobs is {jobs}; at least one"), workers(jobs):
        pass


def test_a_killed_process_is_told_and_what_was_finished_is_kept(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(MBHError, match="process was killed .*memory.*fewer jobs"), workers(1) as pool:
        compute([*numbers(store), Task(die, seconds=0.5)], store, pool, "squares")
    assert right(store)


def test_an_error_that_cannot_be_sent_does_not_break_the_pool(tmp_path):
    store = Store(tmp_path)
    with workers(1) as pool:
        with pytest.raises(RuntimeError, match="Stubborn: this and that"):
            compute([Task(fail_stubbornly)], store, pool, "squares")
        compute(numbers(store), store, pool, "squares")
    assert right(store)


def test_ctrl_c_ends_the_processes_at_once(tmp_path):
    """The task waits for a word that never comes."""
    before = set(multiprocessing.active_children())
    with pytest.raises(KeyboardInterrupt), workers(1) as pool:

        def interrupt():
            wait_for(lambda: list(tmp_path.glob("1-*")))
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        compute([Task(square_when_told, (1, str(tmp_path)))], Store(tmp_path / "store"), pool, "waiting")
    assert set(multiprocessing.active_children()) <= before


ORPHANS = """
import sys
sys.path.insert(0, sys.argv[1])
from test_scheduling import Store, Task, compute, square_when_told, workers

if __name__ == "__main__":
    with workers(1) as pool:
        compute([Task(square_when_told, (1, sys.argv[2]))], Store(sys.argv[2] + "/store"), pool, "waiting")
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks for processes under /proc, as Linux has it")
def test_the_processes_of_a_killed_run_do_not_go_on_without_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ORPHANS)
    run = subprocess.Popen([sys.executable, str(script), os.path.dirname(__file__), str(tmp_path)])
    worker = int(wait_for(lambda: list(tmp_path.glob("1-*")))[0].name.split("-")[1])
    assert alive(worker)
    run.kill()
    run.wait()
    wait_for(lambda: not alive(worker))


# -------------------------------------------------------------------------------------------- a Dask cluster


class Cluster:
    """A scheduler and workers of one thread each, as processes of this machine."""

    def __init__(self, folder: Path, n_workers: int = 2, **settings: str):
        self.folder, self.processes = folder, []
        # Workers import this file, and shall find none of this process's folders.
        python_path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
        self.environment = {
            **os.environ,
            "PYTHONPATH": python_path,
            "MBH_STORE": str(folder / "wrong"),
            **THREADS,
            **settings,
        }
        file = folder / "scheduler.json"
        common = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", ":0"]
        self.start("scheduler", "--port", "0", *common)
        self.address = wait_for(
            lambda: file.exists() and file.read_text().endswith("}") and json.loads(file.read_text())
        )["address"]
        for _ in range(n_workers):
            self.start("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder), *common)

    def start(self, *words: str) -> None:
        with open(self.folder / f"{words[0]}{len(self.processes)}.log", "w") as log:
            command = [sys.executable, "-m", "dask", *words]
            self.processes.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))

    def kill(self, pid: int) -> None:
        assert pid in {process.pid for process in self.processes}
        os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    (tmp_path / "cluster").mkdir()
    found = Cluster(tmp_path / "cluster")
    yield found
    found.end()


@pytest.mark.parametrize("shared", [True, False])
def test_a_worker_of_a_cluster_killed_at_its_work_changes_nothing(cluster, tmp_path, shared):
    store, local, box = Store(tmp_path / "store"), Store(tmp_path / "local"), tmp_path / "box"
    box.mkdir()
    compute(numbers(local), local, Here(), "squares")
    killed = []

    def kill():
        pids = wait_for(
            lambda: (at := [p.name.split("-") for p in box.iterdir()]) and len({p for _, p in at}) == 2 and at
        )
        killed.extend(pids[0])
        cluster.kill(int(pids[0][1]))
        (box / "go").touch()

    tasks = [Task(square_when_told, (*t.arguments, str(box)), t.needs, t.seconds) for t in numbers(store)]
    killer = threading.Thread(target=kill)
    killer.start()
    with workers(scheduler=cluster.address) as executor:
        compute(tasks, store, executor, "squares", shared=shared)
        compute([Task(count_threads, (False,))], store, executor, "threads", shared=shared)
    killer.join()
    tried = [path.name.split("-") for path in box.glob("*-*")]
    assert sorted(i for i, _ in tried) == sorted([*"012345", killed[0]]), "the killed one's task was done again"
    assert right(store)
    for kind, n in (("number", 6), ("square", 6)):
        for i in range(n):
            theirs, mine = store.pack([(kind, {"i": i})])[0], local.pack([(kind, {"i": i})])[0]
            assert theirs.data == mine.data and theirs.key == mine.key
    assert set(store.arrays("threads", {})[0]["n"]) == {1}
    assert not (cluster.folder / "wrong").exists(), "nothing was written elsewhere"


def test_a_worker_killed_too_often_is_told(tmp_path):
    found = Cluster(tmp_path, 1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    try:
        with pytest.raises(MBHError, match="process was killed"), workers(scheduler=found.address) as executor:
            compute([Task(die)], Store(tmp_path / "store"), executor, "dying")
    finally:
        found.end()


def test_a_scheduler_needs_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MBHError, match=r"pip install 'mbh_utils\[cluster\]'"), workers(scheduler="tcp://127.0.0.1:1"):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://there", "tcp://127.0.0.1:port"])
def test_a_scheduler_that_does_not_answer_is_named(address, monkeypatch):
    monkeypatch.setattr(scheduling, "CONNECT_SECONDS", 1)
    with pytest.raises(MBHError, match=f"no Dask scheduler answers at {address} "), workers(scheduler=address):
        pass
