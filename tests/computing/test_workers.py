"""Processes and a Dask cluster: the same entries, whatever is killed or interrupted in between."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import dask
import pandas as pd
import pytest
import threadpoolctl
from tasks_for_tests import (
    THREADS,
    Here,
    count_threads,
    die,
    fail_stubbornly,
    numbers,
    right,
    square,
    wait_for,
    when_told,
)

from mbh_utils import experiments
from mbh_utils.computing import workers as workers_module
from mbh_utils.computing.scheduling import Task, compute
from mbh_utils.computing.store import Store
from mbh_utils.computing.workers import workers
from mbh_utils.errors import MBHError
from mbh_utils.networks import Family

# ---------------------------------------------------------------------------------------- processes


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
    store = Store(tmp_path)
    before = threadpoolctl.threadpool_info()
    with threadpoolctl.threadpool_limits(2):
        compute([Task(count_threads, (False,))], store, Here(), "threads")
    assert set(store.arrays("threads", {})[0]["n"]) == {1}
    after = threadpoolctl.threadpool_info()  # the task may have loaded more libraries
    assert before and all(library in after for library in before)


def test_a_process_learns_its_number_of_threads_before_it_loads_a_library():
    """Libraries read these variables once, when they are loaded."""
    script = (
        "import sys; import mbh_utils.computing.workers; "
        "print(sorted({'numpy', 'torch', 'numba', 'pandas'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "[]\n"


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
from tasks_for_tests import when_told
from mbh_utils.computing.scheduling import Task, compute
from mbh_utils.computing.store import Store
from mbh_utils.computing.workers import workers

if __name__ == "__main__":
    with workers(1) as pool:
        store = Store(sys.argv[2] + "/store")
        compute([Task(when_told, (1, sys.argv[2], None))], store, pool, "waiting")
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


# ----------------------------------------------------------------------------------- a Dask cluster


TINY = replace(
    experiments.PROFILES["quick"],
    name="tiny",
    family=Family("tiny", ((9, 3), (6, 2))),
    iterations=30,
    models=2,
    planes=2,
)


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
    """What is in a store, bit for bit, but for checkpoints, which are taken by time."""
    return {
        (parcel.kind, parcel.key): parcel.data
        for parcel in store.pack_all()
        if parcel.kind != "checkpoint"
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
    """Training and measuring a tiny grid on a cluster that loses a worker at its work."""
    there = Store(tmp_path / "there")
    box = tmp_path / "box"
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
    monkeypatch.setattr(workers_module, "CONNECT_SECONDS", 1)
    told = f"no Dask scheduler answers at {address or repr('')} "
    with pytest.raises(MBHError, match=told), workers(scheduler=address):
        pass


# ----------------------------------------------------------------------------------- one behind TLS


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
