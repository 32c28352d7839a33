"""Fixtures of the command line's tests."""

import signal
import sys

import pytest

from mbh_utils import cli


@pytest.fixture
def mbh(monkeypatch, capsys):
    """Run the command line in this process: returns exit status, standard output and error."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["mbh", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    yield run
    signal.signal(signal.SIGTERM, before)
