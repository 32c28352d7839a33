"""Recipes and milestones that make no sense are refused."""

import numpy as np
import pytest
from training_helpers import DATA, small

from mbh_utils.errors import MBHError
from mbh_utils.training.recipe import Recipe
from mbh_utils.training.train import train


@pytest.mark.parametrize(
    "settings",
    [
        {"iterations": -1},
        {"iterations": 5e4},
        {"iterations": 2.5},
        {"iterations": float("nan")},
        {"batch_size": 0},
        {"batch_size": 1.5},
        {"learning_rate": 0},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
    ],
    ids=str,
)
def test_a_recipe_that_makes_no_sense_is_refused(settings):
    (name,) = settings
    with pytest.raises(MBHError, match=f"{name} is .*expected a"):
        Recipe(**settings)
    with pytest.raises(MBHError):
        train(small(), DATA, **settings)


@pytest.mark.parametrize("milestones", [[-1], [11], [2.5], [3, float("nan")]])
def test_milestones_that_are_never_reached_are_refused(milestones):
    with pytest.raises(MBHError, match=r"milestones .* whole numbers in 0\.\.10"):
        train(small(), DATA, iterations=10, milestones=milestones)


def test_milestones_may_come_from_numpy():
    history = train(small(), DATA, iterations=10, milestones=np.array([0.0, 5.0]))
    assert list(history.accuracy) == [0, 5, 10]
