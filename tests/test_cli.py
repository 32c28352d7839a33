import json
import os
import signal
import subprocess
import sys

import pytest

from mbh_utils import __version__, cli, datasets, paths, runner, workbook
from mbh_utils.errors import MBHError


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
        (("figures", "--chapter", "04_mhb"), "mbh: chapter '04_mhb' is unknown: did you mean '04_mbh'?"),
        (("figures", "--figure", "6.33"), "mbh: figure '6.33' is unknown: did you mean 'fig-6-3'?"),
        (("figures", "--jobs", "0"), "mbh: jobs must be a whole number from 1 on, got 0"),
        (("data", "get", "fashion-mnist"), "fashion_mnist"),
    ],
)
def test_a_users_mistake_is_a_message(mbh, words, told):
    status, _, err = mbh(*words)
    assert status == 1 and told in err and "Traceback" not in err


@pytest.mark.parametrize("words", [("figur",), ("figures", "--jobs", "two"), ("figures", "--colour"), ("data", "get")])
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
        return runner.Report(paths.figures_folder("draft"), [runner.Outcome("01_sparsity", "failed")])

    monkeypatch.setattr(runner, "run", run)
    line = "figures --profile draft --chapter 1 --chapter 2 --figure 6.3 --jobs 3 --seed 4 --force"
    status, _, _ = mbh(*line.split(), "-p", "coverage", "0.9", "-p", "name", "x")
    assert status == 1, "a failed chapter is a failed command"
    assert seen.pop("arguments") == ("draft", ("1", "2"), ("6.3",))
    seen.pop("echo")
    assert seen == {"jobs": 3, "seed": 4, "force": True, "parameters": {"coverage": 0.9, "name": "x"}}


def test_figures_of_a_small_workbook(mbh, small_workbook):
    cell = "figure, ax = plt.subplots()\nchapter.save(figure, 'fig-1-1', alt='Empty axes.', data=[])"
    small_workbook.add("01_good", cell)
    status, out, _ = mbh("figures")
    assert status == 0 and "01_good: started" in out and str(small_workbook.quick) in out
    assert (
        json.loads((small_workbook.quick / "manifest.json").read_text())["figures"]["fig-1-1"]["alt"] == "Empty axes."
    )
    assert "up to date, nothing redone" in mbh("figures", "--figure", "1.1")[1]


# ---------------------------------------------------------------- data


def test_data_says_what_is_missing_where(mbh, tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_DATA", str(tmp_path))
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"not what it should be")
    status, out, _ = mbh("data")
    assert status == 0
    assert "digits8: built in" in out and f"mnist: not usable; looked in {tmp_path}" in out
    assert f"wrong    {raw}/train-images-idx3-ubyte.gz (expected md5 f68b3c2dcbeaaa9fbdd348bbdeb94873, has " in out
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
