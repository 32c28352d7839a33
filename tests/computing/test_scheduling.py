"""Tasks on processes and on a Dask cluster: the same entries, whatever is killed, interrupted or fails in between."""

import itertools
import json
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import dask
import numpy as np
import pandas as pd
import pytest
from distributed.scheduler import KilledWorker

from mbh_utils import experiments
from mbh_utils.computing import scheduling
from mbh_utils.computing.scheduling import Task, compute, wall_seconds, workers
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.networks import Family

TINY = replace(
    experiments.PROFILES["quick"],
    name="tiny",
    family=Family("tiny", ((9, 3), (6, 2))),
    iterations=30,
    models=2,
    planes=2,
)
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
        function, task, call, parcels = pickle.loads(
            pickle.dumps((function, task, self.change(call), parcels))
        )
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


def when_told(i, box, task, store):
    """Does a task after it said which process is at it, and was told to go on."""
    Path(box, f"{i}-{os.getpid()}").touch()
    wait_for(Path(box, "go").exists)
    task.function(*task.arguments, store=store)


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
    store.put_arrays(
        "threads", {}, {"n": np.array([torch.get_num_threads(), numba.get_num_threads(), *pools])}
    )


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
    return all(
        np.array_equal(s[0]["value"], np.array([i, i / 7]) ** 2)
        for i, s in enumerate(squares(store, n))
    )


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
    assert str(told.value) == f"on {scheduling.platform.node()}: no images"


def test_a_worker_that_does_not_see_the_store_says_so(tmp_path):
    blind = Here(lambda call: call._replace(sign=str(tmp_path / "elsewhere")))
    with pytest.raises(MBHError, match="does not see the store .*--no-shared-store"):
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


def test_the_sign_of_a_run_is_renewed_and_those_of_killed_runs_are_removed(tmp_path, monkeypatch):
    left = tmp_path / ".shared.0123456789ab.part"
    left.touch()
    os.utime(left, (0, 0))
    ages = []

    class Slow(Here):
        def submit(self, function, task, call, *arguments):
            ages.append(time.time() - os.stat(call.sign).st_mtime)
            os.utime(call.sign, (0, 0))
            return super().submit(function, task, call, *arguments)

    monkeypatch.setattr(scheduling, "RENEW_SECONDS", -1)
    monkeypatch.setattr(scheduling, "_AHEAD", 1)
    compute([Task(square, (i,)) for i in range(3)], Store(tmp_path), Slow(), "squares")
    assert len(ages) == 3 and max(ages) < 3600 and not list(tmp_path.glob(".shared*"))


# --------------------------------------------------------------------------------------------------- progress


def test_progress_goes_by_the_estimated_time_in_plain_lines_where_nobody_watches(
    tmp_path, capsys, monkeypatch
):
    clock = itertools.count(0, 20)
    monkeypatch.setattr(scheduling.time, "perf_counter", lambda: next(clock))
    progress = scheduling._Progress(
        "grid: training", [Task(square, seconds=s) for s in (60, 30, 10)]
    )
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
    assert wall_seconds([Task(square, seconds=s) for s in (5, 5, 4, 3, 3)], 2) == 11, (
        "no split, hence not 10"
    )
    assert wall_seconds([], 2) == 0


# --------------------------------------------------------------------------------------------------- processes


@pytest.fixture(scope="module")
def pool():
    """Two processes that would take two threads each if nothing were done."""
    with pytest.MonkeyPatch.context() as patch, workers(2) as found:
        for name, value in THREADS.items():
            patch.setenv(name, value)
        yield found


def test_processes_do_the_same_with_one_thread_each(tmp_path, pool):
    store = Store(tmp_path)
    compute(numbers(store), store, pool, "squares")
    compute([Task(count_threads, (True,))], store, pool, "threads")
    assert right(store) and set(store.arrays("threads", {})[0]["n"]) == {1}


def test_a_task_in_this_process_has_one_thread_and_gives_them_back(tmp_path):
    store, before = Store(tmp_path), scheduling.threadpoolctl.threadpool_info()
    with scheduling.threadpoolctl.threadpool_limits(2):
        compute([Task(count_threads, (False,))], store, Here(), "threads")
    assert set(store.arrays("threads", {})[0]["n"]) == {1}
    assert scheduling.threadpoolctl.threadpool_info() == before


@pytest.mark.parametrize("jobs", [0, -1])
def test_at_least_one_process_is_needed(jobs):
    with pytest.raises(MBHError, match=f"jobs is {jobs}; at least one"), workers(jobs):
        pass


def test_a_killed_process_is_told_and_what_was_finished_is_kept(tmp_path):
    store = Store(tmp_path)
    with (
        pytest.raises(MBHError, match="process was killed .*memory.*fewer jobs"),
        workers(1) as pool,
    ):
        compute([*numbers(store), Task(die, seconds=0.5)], store, pool, "squares")
    assert right(store)


def test_an_error_that_cannot_be_sent_does_not_break_the_pool(tmp_path, pool):
    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="Stubborn: this and that"):
        compute([Task(fail_stubbornly)], store, pool, "squares")
    compute(numbers(store), store, pool, "squares")
    assert right(store)


@pytest.fixture
def ctrl_c():
    """A process started in a shell's background ignores Ctrl-C; here it shall not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_processes_at_once(tmp_path, ctrl_c):
    """The task waits for a word that never comes."""
    before = set(multiprocessing.active_children())
    with pytest.raises(KeyboardInterrupt), workers(1) as pool:

        def interrupt():
            wait_for(lambda: list(tmp_path.glob("1-*")))
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        compute(
            [Task(when_told, (1, str(tmp_path), None))], Store(tmp_path / "store"), pool, "waiting"
        )
    assert set(multiprocessing.active_children()) <= before


ORPHANS = """
import sys
sys.path.insert(0, sys.argv[1])
from test_scheduling import Store, Task, compute, when_told, workers

if __name__ == "__main__":
    with workers(1) as pool:
        compute([Task(when_told, (1, sys.argv[2], None))], Store(sys.argv[2] + "/store"), pool, "waiting")
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(
    not os.path.exists("/proc/self/stat"), reason="looks for processes under /proc, as Linux has it"
)
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

    def __init__(self, folder: Path, n_workers: int, *options: str):
        self.folder, self.processes = folder, []
        # Workers import this file, and shall find none of this process's folders.
        python_path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
        self.environment = {
            **os.environ,
            "PYTHONPATH": python_path,
            "MBH_STORE": str(folder / "wrong"),
            **THREADS,
        }
        file = folder / "scheduler.json"
        common = [
            "--scheduler-file",
            str(file),
            "--host",
            "127.0.0.1",
            "--no-dashboard",
            "--dashboard-address",
            ":0",
        ]
        self.start("scheduler", "--port", "0", *options, *common)
        self.address = wait_for(
            lambda: (
                file.exists() and file.read_text().endswith("}") and json.loads(file.read_text())
            )
        )["address"]
        for _ in range(n_workers):
            self.start(
                "worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder), *common
            )

    def start(self, *words: str) -> None:
        with open(self.folder / f"{words[0]}{len(self.processes)}.log", "w") as log:
            command = [sys.executable, "-m", "dask", *words]
            self.processes.append(
                subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
            )

    @property
    def workers(self) -> dict[int, subprocess.Popen]:
        """Those that are alive, by their process id."""
        return {process.pid: process for process in self.processes[1:] if process.poll() is None}

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Three workers, of which every test may kill one."""
    found = Cluster(tmp_path_factory.mktemp("cluster"), 3)
    yield found
    found.end()


def entries(store):
    """What is in a store, bit for bit, but for the snapshots of training (which are taken when time has passed)."""
    return {
        (parcel.kind, parcel.key): parcel.data
        for parcel in store.pack_all()
        if parcel.kind != "snapshot"
    }


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A store with the tiny grid, computed in this process."""
    store = Store(tmp_path_factory.mktemp("here"))
    for stage in experiments.plan(TINY, ["grid"], store):
        compute(stage.tasks, store, Here(), stage.label)
    return store


@pytest.mark.parametrize("shared", [True, False])
def test_a_worker_of_a_cluster_killed_at_its_work_changes_nothing(cluster, here, tmp_path, shared):
    """Training and measuring a tiny grid on a cluster that loses a worker while all of them train."""
    there, box = Store(tmp_path / "there"), tmp_path / "box"
    box.mkdir()
    killed = []

    def kill():
        def all_at_work():
            at = [path.name.split("-") for path in box.iterdir()]
            return len({pid for _, pid in at}) == len(cluster.workers) > 1 and at

        killed.extend(wait_for(all_at_work)[0])
        cluster.workers[int(killed[1])].kill()
        (box / "go").touch()

    training, measuring = experiments.plan(TINY, ["grid"], there)
    tasks = [
        Task(when_told, (i, str(box), task), task.needs, task.seconds)
        for i, task in enumerate(training.tasks)
    ]
    killer = threading.Thread(target=kill)
    killer.start()
    with workers(scheduler=cluster.address) as executor:
        compute(tasks, there, executor, "training", shared=shared)
        compute(measuring.tasks, there, executor, "measuring", shared=shared)
        compute([Task(count_threads, (False,))], there, executor, "threads", shared=shared)
    killer.join()
    tried = [path.name.split("-")[0] for path in box.glob("*-*")]
    assert len(tasks) > 2 and sorted(tried) == sorted([*map(str, range(len(tasks))), killed[0]]), (
        "the task of the killed worker was begun twice, the others once"
    )
    assert set(there.arrays("threads", {})[0]["n"]) == {1}
    there.drop("threads", {})
    assert entries(there) == entries(here) and len(entries(here)) > 2 * len(tasks)
    pd.testing.assert_frame_equal(
        experiments.table("grid", TINY, store=there),
        experiments.table("grid", TINY, store=here),
        check_exact=True,
    )
    assert not (cluster.folder / "wrong").exists(), "nothing was written elsewhere"


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


def test_a_scheduler_needs_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(MBHError, match=r"pip install 'mbh_utils\[cluster\]'"),
        workers(scheduler="tcp://127.0.0.1:1"),
    ):
        pass


ILL = [
    "nonsense://there",
    "http://there:80",
    "tcp://127.0.0.1:port",
    "tcp://127.0.0.1:99999",
    "tcp://",
    "there",
    "",
]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", *ILL])
def test_a_scheduler_that_does_not_answer_is_named(address, monkeypatch):
    monkeypatch.setattr(scheduling, "CONNECT_SECONDS", 1)
    told = f"no Dask scheduler answers at {address or repr('')} "
    with pytest.raises(MBHError, match=told), workers(scheduler=address):
        pass


# --------------------------------------------------------------------------------------------- one behind TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate and its key, made here: what all of a cluster may share."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl makes the certificates of this test")
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]
    subprocess.run([openssl, *words, *names], cwd=folder, check=True, capture_output=True)
    return folder


def tls(folder: Path, *roles: str) -> dict[str, str]:
    """Dask's configuration for these roles."""
    files = {f"{role}.{part}": folder / f"{part}.pem" for role in roles for part in ("cert", "key")}
    return {f"distributed.comm.tls.{name}": str(path) for name, path in files.items()} | {
        "distributed.comm.tls.ca-file": str(folder / "cert.pem")
    }


def test_a_cluster_behind_tls_by_dask_s_own_configuration(certificate, tmp_path, monkeypatch):
    for name, path in tls(
        certificate, "scheduler", "worker"
    ).items():  # for the processes of the cluster
        monkeypatch.setenv("DASK_" + name.upper().replace(".", "__").replace("-", "_"), path)
    found = Cluster(tmp_path, 1, "--protocol", "tls")
    try:
        assert found.address.startswith("tls://")
        with (
            dask.config.set(tls(certificate, "client")),
            workers(scheduler=found.address) as executor,
        ):
            compute(
                [Task(square, (3,))], Store(tmp_path / "store"), executor, "squares", shared=False
            )
    finally:
        found.end()
    assert Store(tmp_path / "store").arrays("square", {"i": 3}) is not None


@pytest.mark.parametrize(
    "configuration, reason",
    [
        ({}, "it names none"),
        (tls(Path("/nowhere")), "it names none"),
        (tls(Path("/nowhere"), "client"), "cannot be read"),
    ],
)
def test_tls_without_certificates_says_what_to_set(configuration, reason):
    told = f"needs the certificates .*{reason}.*distributed.comm.tls.ca-file"
    address = "tls://127.0.0.1:9"
    with (
        dask.config.set(configuration),
        pytest.raises(MBHError, match=told),
        workers(scheduler=address),
    ):
        pass


def test_plain_tcp_is_refused_where_dask_requires_encryption():
    told = "requires encryption, so it must be one at tls://"
    required = {"distributed.comm.require-encryption": True}
    with (
        dask.config.set(required),
        pytest.raises(MBHError, match=told),
        workers(scheduler="tcp://127.0.0.1:9"),
    ):
        pass
