"""A store in which everything of the tiny profile was computed, once for all tests of this room."""

import pytest
from tiny_experiments import ALL, TINY, Here

from mbh_utils.computing.store import Store
from mbh_utils.experiments import planning, prepare, table


@pytest.fixture(scope="session")
def done(tmp_path_factory, folders_of_the_suite):
    """Everything of the tiny profile; tests only read it (``copy_of`` gives them their own)."""
    store = Store(tmp_path_factory.mktemp("store"))
    prepare(TINY, ALL, store=store, executor=Here())
    return store


@pytest.fixture(scope="session")
def grid(done):
    """The tiny profile's table of experiment grid."""
    return table("grid", TINY, store=done)


@pytest.fixture
def one_each(monkeypatch):
    """Every measurement is a task of its own."""
    monkeypatch.setattr(planning, "MEASURING_SECONDS", 0)
