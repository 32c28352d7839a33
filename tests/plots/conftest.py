"""Fixtures of the tests of pictures."""

import matplotlib.pyplot as plt
import pytest
from drawn import F1, PLANE

from mbh_utils import partition_input_space


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def partition():
    return partition_input_space(F1, PLANE)
