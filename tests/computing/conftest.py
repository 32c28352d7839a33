"""Fixtures of the tests of computing."""

import pytest

from mbh_utils.computing.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")
