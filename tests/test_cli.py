import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mbh_utils import __version__, cli, datasets, experiments
from mbh_utils.computing import entries, native, paths, scheduling, workers
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.networks import Family, Network
from mbh_utils.networks.stored import put_network
from mbh_utils.workbook import chapter as workbook
from mbh_utils.workbook import runner


@pytest.fixture
def mbh(monkeypatch, capsys):
    """Run the command line in this process: returns (exit status, standard output, standard error)."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["mbh", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    yield run
    signal.signal(signal.SIGTERM, before)


def python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=paths.PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_help_and_version_do_not_wait_for_torch():
    code = "import sys, mbh_utils.cli; print(*sorted({'torch', 'numpy', 'papermill', 'matplotlib'} & set(sys.modules)))"
    assert python("-c", code).stdout.strip() == ""


def test_runs_as_a_module():
    done = python("-m", "mbh_utils", "--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"mbh, version {__version__}")
    assert "figures" in python("-m", "mbh_utils", "--help").stdout


@pytest.mark.parametrize(
    "words, told",
    [
        (("figures", "--profile", "quik"), "mbh: profile 'quik' is unknown: did you mean 'quick'?"),
        (
            ("figures", "--chapter", "04_mhb"),
            "mbh: chapter '04_mhb' is unknown: did you mean '04_mbh'?",
        ),
        (("figures", "--figure", "6.33"), "mbh: figure '6.33' is unknown: did you mean 'fig-6-3'?"),
        (("figures", "--jobs", "0"), "mbh: jobs must be a whole number from 1 on, got 0"),
        (("data", "get", "fashion-mnist"), "fashion_mnist"),
    ],
)
def test_a_users_mistake_is_a_message(mbh, words, told):
    status, _, err = mbh(*words)
    assert status == 1 and told in err and "Traceback" not in err


@pytest.mark.parametrize(
    "words", [("figur",), ("figures", "--jobs", "two"), ("figures", "--colour"), ("data", "get")]
)
def test_a_line_that_cannot_be_read_has_status_2(mbh, words):
    status, _, err = mbh(*words)
    assert status == 2 and err.startswith("Usage: mbh")


@pytest.mark.parametrize("where", [0, 2])
def test_traceback_is_shown_if_asked_for(monkeypatch, where):
    words = ["figures", "--profile", "quik"]
    words.insert(where, "--traceback")
    monkeypatch.setattr(sys, "argv", ["mbh", *words[: where + 1], *words[where + 1 :]])
    with pytest.raises(MBHError, match="quik"):
        cli.main()


def test_ctrl_c_ends_with_130_and_a_word(mbh, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    status, _, err = mbh("figures")
    assert status == 130 and "what was finished is kept" in err


def test_options_reach_the_runner(mbh, monkeypatch):
    seen = {}

    def run(*arguments, **options):
        seen.update(options, arguments=arguments)
        return runner.Report(
            paths.figures_folder("draft"), [runner.Outcome("01_sparsity", "failed")]
        )

    monkeypatch.setattr(runner, "run", run)
    line = "figures --profile draft --chapter 1 --chapter 2 --figure 6.3 --jobs 3 --seed 4 --force"
    status, _, _ = mbh(*line.split(), "-p", "coverage", "0.9", "-p", "name", "x")
    assert status == 1, "a failed chapter is a failed command"
    assert seen.pop("arguments") == ("draft", ("1", "2"), ("6.3",))
    seen.pop("echo")
    assert seen == {
        "jobs": 3,
        "seed": 4,
        "force": True,
        "parameters": {"coverage": 0.9, "name": "x"},
    }


def test_figures_of_a_small_workbook(mbh, small_workbook):
    cell = (
        "figure, ax = plt.subplots()\nchapter.save(figure, 'fig-1-1', alt='Empty axes.', data=[])"
    )
    small_workbook.add("01_good", cell)
    status, out, _ = mbh("figures")
    assert status == 0 and "01_good: started" in out and str(small_workbook.quick) in out
    assert (
        json.loads((small_workbook.quick / "manifest.json").read_text())["figures"]["fig-1-1"][
            "alt"
        ]
        == "Empty axes."
    )
    assert "up to date, nothing redone" in mbh("figures", "--figure", "1.1")[1]


@pytest.mark.parametrize(
    "words, told",
    [
        (("--seed", "-1"), "seed must be a whole number from 0 on"),
        (("--seed", "99999999999999999999"), "seed must be a whole number from 0 on"),
        (("-p", "profile", "nope"), "profile 'nope' is unknown"),
        (("-p", "seed", "-1"), "seed must be a whole number"),
        (("-p", "seed", "1.5"), "seed of all chapters must be of type int"),
        (("-p", "nope", "1"), "has no parameter 'nope'"),
        (("-p", "seed", "[" * 500), "seed of all chapters must be of type int"),
    ],
)
def test_ill_values_of_figures_change_nothing(mbh, small_workbook, words, told):
    cell = (
        "figure, ax = plt.subplots()\nchapter.save(figure, 'fig-1-1', alt='Empty axes.', data=[])"
    )
    small_workbook.add("01_good", cell)
    (small_workbook.quick / "chapters").mkdir(parents=True)
    note = workbook.fragment_path(small_workbook.quick, "01_good")
    note.write_text('{"figures": {}}')
    status, out, err = mbh("figures", "--force", *words)
    assert status == 1 and out == "" and told in err and "Traceback" not in err
    assert note.read_text() == '{"figures": {}}' and len(list(small_workbook.quick.rglob("*"))) == 2


# ---------------------------------------------------------------- outputs that are closed or full


def shell(line, **environment):
    """Run a line of shell in which $MBH is the command; nothing may end in a traceback."""
    environment = {
        **os.environ,
        "MBH": f"{sys.executable} -m mbh_utils",
        "PYTHONPATH": str(paths.PROJECT),
        **environment,
    }
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def long_store(tmp_path_factory):
    """A store whose listing is longer than a pipe holds."""
    here = Store(tmp_path_factory.mktemp("long"))
    for i in range(40):
        here.put_arrays("t", {"seed": i, "words": "x" * 4000}, {"x": np.zeros(1)})
    return {"MBH_STORE": str(here.folder)}


@pytest.mark.skipif(os.name != "posix", reason="a shell")
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-", "<&-"])
def test_closed_outputs_are_no_fault(long_store, closed):
    for words in ("store ls", "--help", "store verify"):
        assert shell(f"$MBH {words} {closed}", **long_store).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="a shell")
def test_a_reader_who_has_seen_enough_ends_the_command_quietly(long_store):
    done = shell("$MBH store ls | head -1; echo ${PIPESTATUS[0]}", **long_store)
    line, status = done.stdout.splitlines()
    assert line.startswith("t ") and status == "1" and done.stderr == ""
    assert shell("set -o pipefail; $MBH --version | cat").returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
@pytest.mark.parametrize("words", ["store ls", "--version", "figures --help"])
def test_a_full_output_is_a_message(long_store, words):
    done = shell(f"$MBH {words} > /dev/full", **long_store)
    assert (
        done.returncode == 1
        and done.stderr.startswith("mbh: ")
        and "No space left on device" in done.stderr
    )
    assert done.stderr.count("\n") == 1
    assert shell(f"$MBH {words} > /dev/full 2>&1", **long_store).returncode == 1


# ---------------------------------------------------------------- run


@pytest.fixture
def tiny(monkeypatch):
    """The profile "tiny", for which everything takes seconds."""
    family = Family("tiny", ((9, 3), (6, 2)))
    small = replace(
        experiments.PROFILES["quick"],
        name="tiny",
        family=family,
        ticket_models=1,
        ticket_iterations=20,
    )
    monkeypatch.setitem(experiments.PROFILES, "tiny", replace(small, ticket_densities=(1.0, 0.2)))
    return experiments.PROFILES["tiny"]


def test_a_dry_run_says_what_would_be_computed_and_computes_nothing(mbh, tiny, tmp_path):
    store = tmp_path / "store"
    line = ["run", "tickets", "--profile", "tiny", "--store", str(store), "--dry-run"]
    status, out, _ = mbh(*line, "--jobs", "3")
    assert status == 0 and not store.exists() and "on 3 processes" in out and str(store) in out
    told = {row[:20].strip(): row[20:].split() for row in out.splitlines()[2:]}
    assert list(told) == ["training", "training tickets", "in all"]
    tasks = {
        stage.label: stage.tasks for stage in experiments.plan(tiny, ["tickets"], Store(store))
    }
    assert [int(told[label][0]) for label in tasks] == [len(found) for found in tasks.values()]
    assert int(told["in all"][0]) == sum(map(len, tasks.values()))
    assert all(
        row[2] in ("s", "min") and row[6] == "MB" and row[8] in ("MB", "GB")
        for row in told.values()
    )
    assert "process" not in mbh(*line, "--scheduler", "tcp://127.0.0.1:9")[1].replace(
        "per process", ""
    ), "not known"


@pytest.mark.parametrize(
    "words, told",
    [
        (("--store", ""), "the store's folder cannot be ''"),
        (("--tables", ""), "the tables' folder cannot be ''"),
        (("--store", "FILE"), "a file stands where a folder should be"),
        (
            ("--tables", "FILE"),
            "FILE cannot be written (File exists): make it a folder .* (--tables)",
        ),
        (("--tables", "FILE/below"), "cannot be written (Not a directory)"),
        (("--jobs", "0"), "jobs is 0"),
        (("--jobs", "-2"), "jobs is -2"),
        (("--scheduler", ""), "no Dask scheduler answers at ''"),
    ],
)
def test_what_is_ill_in_a_run_is_told_before_anything_is_computed(
    mbh, tiny, tmp_path, monkeypatch, words, told
):
    def compute(*_, **__):
        raise AssertionError("nothing may be computed")

    monkeypatch.setattr(scheduling, "compute", compute)
    monkeypatch.setattr(experiments, "compute", compute)
    file = tmp_path / "file"
    file.write_text("in the way")
    line = ["run", "tickets", "--profile", "tiny"]
    for name in ("--store", "--tables"):
        line += [] if name in words else [name, str(tmp_path / name.strip("-"))]
    status, _, err = mbh(*line, *(word.replace("FILE", str(file)) for word in words))
    pattern = re.escape(told.replace("FILE", str(file))).replace(r"\.\*", ".*")
    assert status == 1 and re.search(pattern, err) and "Traceback" not in err, err
    assert file.read_text() == "in the way"


def test_more_processes_than_anybody_has_are_only_a_number(mbh, tiny, tmp_path):
    line = ["run", "tickets", "--profile", "tiny", "--store", str(tmp_path), "--dry-run"]
    assert mbh(*line, "--jobs", "1000000000000")[0] == 0


def test_run_computes_what_is_missing_and_writes_tables(mbh, tiny, tmp_path):
    store, tables = tmp_path / "store", tmp_path / "tables"
    line = [
        "run",
        "tickets",
        "--profile",
        "tiny",
        "--jobs",
        "1",
        "--store",
        str(store),
        "--tables",
        str(tables),
    ]
    status, out, err = mbh(*line)
    assert status == 0 and f"table: {tables / 'tickets.parquet'}" in out.splitlines()
    for told in ("training: ", "training tickets: ", "writing the tables: ", "in all: "):
        assert any(row.startswith(told) for row in out.splitlines()), told
    assert " per process at most" in out and "training: 1 of 1 done" in err
    expected = experiments.table("tickets", tiny, store=Store(store))
    pd.testing.assert_frame_equal(
        pd.read_parquet(tables / "tickets.parquet"), expected, check_exact=True
    )
    again = mbh(*line)
    assert again[0] == 0 and "nothing is missing" in again[1] and again[2] == ""


@pytest.mark.parametrize(
    "words, told",
    [
        (["gird"], "mbh: there is no experiment 'gird'; the experiments are grid, "),
        (
            ["--profile", "papre"],
            "mbh: there is no profile 'papre'; the profiles are quick, draft, paper",
        ),
        (
            ["tickets", "--profile", "tiny", "--jobs", "0", "--dry-run"],
            "mbh: jobs is 0; at least one process is needed",
        ),
        (
            ["tickets", "--profile", "tiny", "--scheduler", "tcp://127.0.0.1:9"],
            "mbh: no Dask scheduler answers at tcp",
        ),
    ],
)
def test_a_mistake_in_a_run_is_a_message(mbh, tiny, tmp_path, monkeypatch, words, told):
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    status, _, err = mbh("run", *words, "--store", str(tmp_path))
    assert status == 1 and told in err and "Traceback" not in err


def test_a_run_interrupted_says_that_it_goes_on(mbh, tiny, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(experiments, "prepare", interrupted)
    status, _, err = mbh("run", "tickets", "--profile", "tiny")
    assert status == 130 and "what was finished is kept, the same command goes on" in err


@pytest.mark.parametrize(
    "seconds, told",
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (75, "75 s"),
        (150, "2 min"),
        (5399, "90 min"),
        (9000, "2.5 h"),
    ],
)
def test_times_are_told_in_the_unit_that_reads_best(seconds, told):
    assert cli._span(seconds) == told


# ---------------------------------------------------------------- data


def test_data_says_what_is_missing_where(mbh, tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_DATA", str(tmp_path))
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"not what it should be")
    status, out, _ = mbh("data")
    assert status == 0
    assert "digits8: built in" in out and f"mnist: not usable; looked in {tmp_path}" in out
    assert (
        f"wrong    {raw}/train-images-idx3-ubyte.gz (expected md5 f68b3c2dcbeaaa9fbdd348bbdeb94873, has "
        in out
    )
    assert f"missing  {raw}/t10k-labels-idx1-ubyte.gz (expected md5 " in out
    assert "`mbh data get fashion_mnist` downloads it" in out


def test_data_get(mbh, monkeypatch):
    status, out, _ = mbh("data", "get", "digits8")
    assert status == 0 and "1,437 train" in out and "built in" in out

    def refused(name, **_):
        raise MBHError(f"{name}: files are missing. Download failed")

    monkeypatch.setattr(datasets, "load", refused)
    status, _, err = mbh("data", "get", "mnist")
    assert status == 1 and err.startswith("mbh: mnist: files are missing")


# ---------------------------------------------------------------- store

SETTINGS = {
    "dataset": "fashion_mnist",
    "hidden": (300, 100),
    "parameters": 9472,
    "seed": 3,
    "recipe": {"iterations": 50_000, "learning_rate": 1e-3},
    "mask": "ticket",
    "data": "0" * 64,
}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A small store, named by MBH_STORE."""
    monkeypatch.setenv("MBH_STORE", str(tmp_path / "kept"))
    here = Store()
    for seed in (10, 9):
        put_network(here, {**SETTINGS, "seed": seed}, Network(3, (2,), 2), accuracy=0.875)
    here.put_arrays("checkpoint", {**SETTINGS, "seed": 9}, {"x": np.arange(3)}, iteration=500)
    here.put_table(
        "measure", {**SETTINGS, "measure": "s", "planes": [1, 2]}, pd.DataFrame({"s": [0.5]})
    )
    return here


def harm(here: Store) -> str:
    """Cut the data of one network; returns its key."""
    note = here.note("network", {**SETTINGS, "seed": 9})
    data = note.with_name(json.loads(note.read_text())["file"])
    data.write_bytes(data.read_bytes()[:-1])
    return note.stem


@pytest.mark.parametrize("words", [("ls",), ("verify",), ("gc",), ("gc", "--dry-run")])
def test_an_empty_store_is_told(mbh, tmp_path, words):
    status, out, err = mbh("store", *words, "--store", str(tmp_path / "none"))
    assert status == 0 and err == "" and str(tmp_path / "none") in out and out.count("\n") == 1
    assert ("is empty" if words[0] != "gc" else "nothing to remove") in out and not (
        tmp_path / "none"
    ).exists()


def test_store_ls(mbh, kept, monkeypatch):
    status, out, err = mbh("store", "ls")
    lines = out.splitlines()
    assert status == 0 and err == "" and len(lines) == 7
    assert [line.split()[0] for line in lines[:4]] == [
        "checkpoint",
        "measure",
        "network",
        "network",
    ]
    assert lines[1].endswith(
        "s, fashion_mnist, 300-100, 9,472 HNPs, ticket, seed 3, 50,000 iterations, 2 planes"
    )
    assert "seed 9," in lines[2] and "seed 10," in lines[3], "sorted as numbers"
    assert kept.note("network", {**SETTINGS, "seed": 9}).stem[:10] == lines[2].split()[1]
    assert lines[5].startswith("measure: 1 entry, ") and lines[6].startswith("network: 2 entries, ")
    sizes = {entry.kind: entry.bytes for entry in kept.entries()}
    assert lines[4] == f"checkpoint: 1 entry, {sizes['checkpoint']} B" and all(
        len(line) <= 110 for line in (lines[0], *lines[2:])
    )
    assert mbh("store", "ls", "--store", str(kept.folder), "--kind", "checkpoint")[
        1
    ].splitlines() == [lines[0], lines[4]]
    assert (
        "entries of these kinds: checkpoint, measure, network"
        in mbh("store", "ls", "--kind", "networks")[1]
    )
    kept.note("network", {**SETTINGS, "seed": 9}).write_text("{")
    assert "1 more that cannot be understood: `mbh store verify`" in mbh("store", "ls")[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "110")
    assert {len(line) for line in mbh("store", "ls")[1].splitlines()[1:2]} == {110}


def test_store_show(mbh, kept):
    settings = {**SETTINGS, "seed": 9}
    key = kept.note("network", settings).stem
    status, out, _ = mbh("store", "show", key[:12].upper())
    assert status == 0
    for line in (
        f"network {key}: fashion_mnist, 300-100, 9,472 HNPs",
        "  hidden: [300, 100]",
        "  accuracy: 0.875",
    ):
        assert line in out
    assert (
        "versions: the present ones\n" in out and f"note: {kept.note('network', settings)}" in out
    )
    assert out.endswith("checksum: right\n")
    assert harm(kept) == key
    status, out, _ = mbh("store", "show", key)
    assert status == 1 and out.endswith("checksum: damaged, its checksum does not match\n")
    assert kept.note("network", settings).exists(), "to look at it sets nothing aside"
    status, _, err = mbh("store", "show", "xyz")
    assert status == 1 and "no entry of" in err and "starts with 'xyz': `mbh store ls`" in err
    status, _, err = mbh("store", "show", "")
    assert (
        status == 1
        and "4 entries have keys that start with ''; give more digits" in err
        and key in err
    )


def test_store_verify(mbh, kept):
    status, out, err = mbh("store", "verify")
    assert (status, err) == (0, "") and out.endswith(": 4 whole\n") and out.count("\n") == 1
    key = harm(kept)
    status, out, err = mbh("store", "verify")
    assert (status, err) == (1, "") and out.startswith(
        f"damaged    network/{key}.json: its checksum does not match; "
    )
    assert (
        out.endswith(": 3 whole, 1 damaged\n")
        and (kept.folder / "network" / f"{key}.json.damaged1").exists()
    )
    status, out, _ = mbh("store", "verify")
    assert status == 0 and out.endswith(": 3 whole, 2 set aside\n")
    (kept.folder / "network" / f"{key}-0123456789ab.parquet").write_text("x")
    assert "`mbh store gc` removes what is old" in mbh("store", "verify")[1]


def test_store_gc(mbh, kept, monkeypatch):
    note = kept.note("checkpoint", {**SETTINGS, "seed": 9})
    status, out, _ = mbh("store", "gc", "--dry-run")
    assert status == 0 and out.startswith("would remove ") and note.exists()
    assert (
        f"checkpoint/{note.name} (checkpoint of a network that is finished)" in out
        and out.endswith(" B (1)\n")
    )
    assert mbh("store", "gc")[1] == out.replace("would remove", "removed") and not note.exists()
    harm(kept)
    mbh("store", "verify")
    monkeypatch.setitem(entries.VERSIONS, "torch", "another")
    assert "nothing to remove" in mbh("store", "gc")[1]
    assert mbh("store", "gc", "--damaged")[1].count("set aside as damaged") == 2
    assert mbh("store", "gc", "--old-versions")[1].count("other versions") == 2
    assert mbh("store", "ls")[1] == f"the store {kept.folder} is empty\n"


@pytest.mark.parametrize("words", [("ls",), ("verify",), ("gc",), ("show", "abc")])
def test_a_store_without_a_name_is_refused(mbh, monkeypatch, words):
    status, out, err = mbh("store", *words, "--store", "")
    assert status == 1 and out == "" and "the store's folder cannot be ''" in err
    monkeypatch.setenv("MBH_STORE", "  ")
    status, _, err = mbh("store", *words)
    assert status == 1 and "MBH_STORE cannot be '  '" in err
    monkeypatch.setenv("MBH_STORE", "")
    assert paths.store_folder() == paths.PROJECT / "data" / "store", "empty: as if it were not set"


def test_store_below_a_file_is_a_message(mbh, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = mbh("store", "ls", "--store", str(tmp_path / "file"))
    assert status == 1 and "could not be listed" in err and "Traceback" not in err


# ---------------------------------------------------------------- doctor


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
    monkeypatch.setattr(runner, "try_kernel", lambda: 1.0)
    assert f"compiled code is kept in {native.folder()}\n" in mbh("doctor")[1]
    monkeypatch.setattr(native, "folder", lambda: None)
    assert "compiled code is kept in memory only" in mbh("doctor")[1]


def test_doctor_looks_at_the_committed_tables(mbh, monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "try_kernel", lambda: 1.0)
    assert "tables of profile paper: 9, digests right" in mbh("doctor")[1]
    monkeypatch.setattr(paths, "results_folder", lambda profile: tmp_path / profile)
    assert "tables of profile" not in mbh("doctor")[1]
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "grid.parquet").write_text("no table")
    status, out, _ = mbh("doctor")
    assert status == 1 and re.search(
        "BAD .*grid.parquet is damaged .*`mbh run grid --profile draft`", out
    )


def test_doctor_goes_on_after_what_is_bad(mbh, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("MBH_STORE", str(blocked / "store"))

    def no_kernel():
        raise MBHError("no notebook kernel could be started")

    monkeypatch.setattr(runner, "try_kernel", no_kernel)
    status, out, _ = mbh("doctor")
    assert status == 1
    assert out.count("BAD") == 3 and "BAD   no notebook kernel" in out and "ok    digits8" in out


def test_every_chapter_and_profile_is_in_the_help():
    assert all(name in cli.figures.params[0].help for name in workbook.profile_names())
