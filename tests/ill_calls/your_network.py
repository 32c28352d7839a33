"""Ill calls of what the chapter on networks of one's own brought."""

import pandas as pd
from ill_calls.face import Face
from ill_calls.good import DATA, OWN
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_NUMBER,
    NO_OBJECT,
    NO_PATTERN,
    NO_TABLE,
    NO_WORD,
    named,
)

import mbh_utils as mbh
from mbh_utils.plots.figures import your_network

TRACED = mbh.trace(OWN)
TWINS = pd.DataFrame({"panel": "wine", "phenomenon": "red", "plane": [0, 1] * 2})
TWINS = TWINS.assign(trained=[True, True, False, False], s=[0.6, 0.8, 0.1, 0.3])

FACES = {
    "random_planes": Face(
        mbh.random_planes,
        right={"data": DATA, "n": 2, "domain": "square"},
        ill={
            "data": NO_DATA,
            "n": NO_COUNT,
            "domain": NO_WORD + named(segment="segment"),
            "margin": NO_NUMBER + named(zero=0, negative=-1),
            "seed": NO_COUNT,
        },
    ),
    "plots.figures.your_network.beside_twin": Face(
        your_network.beside_twin, right={"table": TWINS}, ill={"table": NO_TABLE}
    ),
    "plots.figures.your_network.constrained_neurons": Face(
        your_network.constrained_neurons,
        right={"traced": TRACED, "pattern": mbh.DecisionPattern([0], [True])},
        ill={"traced": NO_OBJECT, "pattern": NO_PATTERN},
    ),
}
