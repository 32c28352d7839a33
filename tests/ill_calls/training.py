"""Ill calls of training."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import DATA, NET, OWN
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_DEVICE,
    NO_NUMBER,
    NO_OBJECT,
    NO_OWN_NETWORK,
    NO_PROGRESS,
    NO_SHARE,
    NO_SIZE,
    named,
    without,
)

import mbh_utils as mbh


def train(network, **given):
    """Train a copy: the good network is right for the next call, too."""
    return mbh.train(network.copy() if network is NET else network, **given)


def train_stack(networks, **given):
    """Train a stack of copies: the good network is right for the next call, too."""
    return mbh.train_stack([NET.copy()] if networks == [NET] else networks, **given)


NO_REWIRING = without(NO_OBJECT, "none", "empty", "list_of_none") + named(kind=mbh.SET)

FACES = {
    "SET": Face(
        mbh.SET,
        right={},
        ill={
            "zeta": NO_SHARE,
            "every": NO_SIZE,
            "new_std": NO_NUMBER + named(negative=-0.1),
        },
    ),
    "RigL": Face(
        mbh.RigL,
        right={},
        ill={"zeta": NO_SHARE, "every": NO_SIZE, "until": NO_SHARE},
    ),
    "GradualPruning": Face(
        mbh.GradualPruning,
        right={"start": 0.5, "from_iteration": 10},
        ill={
            "start": without(NO_SHARE, "zero") + named(one=1.0, more_than_end=0.95),
            "end": NO_SHARE + named(one=1.0, less_than_start=0.4),
            "every": NO_SIZE,
            "from_iteration": NO_COUNT + named(huge=10**30),
            "to_iteration": without(NO_COUNT, "none") + named(huge=10**30, before_the_first=9),
        },
    ),
    "Recipe": Face(
        mbh.Recipe,
        right={},
        ill={
            "iterations": NO_COUNT + named(huge=10**30),
            "batch_size": without(NO_SIZE, "huge_size"),
            "learning_rate": NO_NUMBER + named(zero=0, negative=-1e-3),
        },
    ),
    "State": Face(
        mbh.State,
        right={"iteration": 0, "arrays": {}},
        ill={
            "iteration": NO_COUNT,
            "arrays": without(NO_OBJECT, "dict"),
            "accuracy": without(NO_OBJECT, "dict"),
        },
    ),
    "train": Face(
        train,
        right={"network": NET, "data": DATA, "iterations": 2},
        ill={
            "network": NO_OWN_NETWORK
            + named(double=mbh.lenet(DATA, 2).double(), half=mbh.lenet(DATA, 2).half()),
            "data": NO_DATA,
            "iterations": NO_COUNT + named(huge=10**30),
            "seed": NO_COUNT,
            "batch_size": without(NO_SIZE, "huge_size"),
            "learning_rate": NO_NUMBER + named(zero=0, negative=-1e-3),
            "milestones": without(NO_OBJECT, "empty", "numbers", "set")
            + named(
                beyond=[3], negative=[-1], halves=[0.5], nan=[np.nan], truths=[True], words=["1"]
            ),
            "progress": NO_PROGRESS,
            "rewiring": NO_REWIRING + named(too_late=mbh.GradualPruning(to_iteration=3)),
        },
    ),
    "train_stack": Face(
        train_stack,
        right={"networks": [NET], "data": DATA, "recipe": mbh.Recipe(2), "seeds": [0]},
        ill={
            "networks": NO_OBJECT
            + named(one=NET, twice=[NET, NET], own=[OWN], shared=OWN, mixed=[NET, None]),
            "data": NO_DATA,
            "recipe": NO_OBJECT,
            "seeds": NO_OBJECT + named(two=[0, 1], negative=[-1], half=[0.5], true=[True]),
            "milestones": without(NO_OBJECT, "empty", "numbers", "set")
            + named(beyond=[3], halves=[0.5]),
            "device": NO_DEVICE,
            "progress": NO_PROGRESS,
            "every": without(NO_NUMBER, "infinite", "minus_infinite"),
            "states": without(NO_OBJECT, "none", "list_of_none")
            + named(two=[None, None], other=[mbh.State(1, {})], far=[mbh.State(9, {})]),
            "checkpoint": without(NO_OBJECT, "none", "function", "type"),
            "keep": without(NO_OBJECT, "none", "function", "type"),
            "rewiring": NO_REWIRING + named(two=[None, None], late=mbh.GradualPruning(0, 0, 1, 3)),
        },
        says={"seeds": "seed", "states": "state"},
    ),
}
