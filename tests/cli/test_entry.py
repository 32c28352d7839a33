"""Where the command line begins and ends: mistakes, exit statuses, outputs closed or full."""

import os
import subprocess
import sys

import numpy as np
import pytest

from mbh_utils import __version__, cli, experiments
from mbh_utils.cli.options import PROFILES
from mbh_utils.computing import paths
from mbh_utils.computing.store import Store
from mbh_utils.errors import Interrupted, MBHError
from mbh_utils.workbook import runner


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
    heavy = "{'torch', 'numpy', 'papermill', 'matplotlib'}"
    code = f"import sys, mbh_utils.cli; print(*sorted({heavy} & set(sys.modules)))"
    assert python("-c", code).stdout.strip() == ""


def test_runs_as_a_module():
    done = python("-m", "mbh_utils", "--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"mbh, version {__version__}")
    assert "figures" in python("-m", "mbh_utils", "--help").stdout


def test_a_users_mistake_is_a_message(mbh):
    status, _, err = mbh("data", "get", "fashion-mnist")
    assert status == 1 and err.startswith("mbh: ") and "fashion_mnist" in err
    assert "Traceback" not in err


#: Lines that mean nothing, and what is said of them.
ILL = {
    "figures --profile quik": "profile 'quik' is unknown: did you mean 'quick'?",
    "run --profile papre": "profile 'papre' is unknown: did you mean 'paper'?",
    "claims --profile x": "profile 'x' is unknown: there are quick, draft, paper",
    "figures --chapter 04_mhb": "chapter '04_mhb' is unknown: did you mean '04_mbh'?",
    "figures --figure 6.33": "figure '6.33' is unknown: did you mean 'fig-6-3'?",
    "figures --jobs 0": "0 is not in the range x>=1",
    "run --jobs -2": "-2 is not in the range x>=1",
    "figures --seed -1": "seed must be a whole number from 0 on",
    "explore --profile quik": "profile 'quik' is unknown: did you mean 'quick'?",
    "explore --seed -1": "seed must be a whole number from 0 on",
    "figures 04": "did you mean `mbh figures --chapter 04`?",
    "figures draft 6.3": "did you mean `mbh figures --profile draft --figure 6.3`?",
    "figures rubbish": "did you mean `mbh figures --chapter rubbish`?",
}


@pytest.mark.parametrize("line", ILL)
def test_a_line_that_means_nothing_has_status_2(mbh, line):
    status, _, err = mbh(*line.split())
    assert status == 2 and err.startswith("Usage: mbh") and ILL[line] in " ".join(err.split())


def test_lines_that_mean_nothing_are_told_before_anything_heavy_is_imported():
    code = f"""
import sys, mbh_utils.cli
for line in {list(ILL)!r}:
    sys.argv = ["mbh", *line.split()]
    try:
        mbh_utils.cli.main()
    except SystemExit as end:
        assert end.code == 2, line
print(*sorted({{'torch', 'numpy', 'papermill', 'matplotlib', 'IPython'}} & set(sys.modules)))
"""
    done = python("-c", code)
    assert done.returncode == 0 and done.stdout.strip() == "", done.stderr


def test_the_names_of_profiles_are_those_of_the_experiments():
    assert tuple(experiments.PROFILES) == PROFILES


def test_nobody_waits_before_a_silent_terminal_while_libraries_are_loaded():
    code = "import sys, mbh_utils.cli; sys.argv = ['mbh', 'run', 'nix']; mbh_utils.cli.main()"
    done = python("-c", code)
    assert done.returncode == 2 and "there is no experiment 'nix'" in done.stderr
    assert done.stderr.startswith("loading torch and the other libraries ...\nUsage: ")


@pytest.mark.parametrize("line", ["figur", "figures --jobs two", "figures --colour", "data get"])
def test_a_line_that_cannot_be_read_has_status_2(mbh, line):
    status, _, err = mbh(*line.split())
    assert status == 2 and err.startswith("Usage: mbh")


@pytest.mark.parametrize("where", [0, 2])
def test_traceback_is_shown_if_asked_for(monkeypatch, where):
    words = ["data", "get", "fashion-mnist"]
    words.insert(where, "--traceback")
    monkeypatch.setattr(sys, "argv", ["mbh", *words])
    with pytest.raises(MBHError, match="fashion_mnist"):
        cli.main()


def test_ctrl_c_ends_with_130_and_a_word(mbh, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    status, _, err = mbh("figures")
    assert status == 130 and "what was finished is kept" in err


def test_ctrl_c_says_what_was_interrupted_where_that_is_known(mbh, monkeypatch):
    def interrupted(*_, **__):
        raise Interrupted("interrupted: 3 of 24 tasks are done")

    monkeypatch.setattr(runner, "run", interrupted)
    status, _, err = mbh("figures")
    assert status == 130 and err.strip() == "interrupted: 3 of 24 tasks are done"


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
        ["bash", "-c", line],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
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
    assert done.returncode == 1
    assert done.stderr.startswith("mbh: ")
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1
    assert shell(f"$MBH {words} > /dev/full 2>&1", **long_store).returncode == 1
