"""Ill calls of hypervolumes, and of what is made of them."""

import pandas as pd
from ill_calls.face import Face
from ill_calls.good import NET, PLANE, SIGMA, SQUARE, X
from ill_calls.values import (
    NO_COUNT,
    NO_FLAG,
    NO_NETWORK,
    NO_OBJECT,
    NO_SIZE,
    NO_TABLE,
    NO_WORD,
    named,
    without,
)

import mbh_utils as mbh
from mbh_utils import experiments, plots

FIGURES = plots.figures.beyond_hypervolume
NETWORK = {"dataset": "mnist", "setup": 1, "model": 0, "iteration": 9, "class": [0, 1]}
CUBE = pd.DataFrame(
    {**NETWORK, "coverage": 0.8, "log10_share": -9.0, "log10_high": -8.0, "reference": "uniform"}
)
GRID = pd.DataFrame({**NETWORK, "class": 0, "coverage": 0.8, "domain": ["square", "box"], "s": 0.5})
BOTH = experiments.beside_planes(CUBE, GRID)
EXACT = pd.DataFrame(
    {"exact": [-9.0], "log10_share": [-9.1], "log10_low": [-9.2], "log10_high": [-8.9]}
)

FACES = {
    "hypervolume": Face(
        mbh.hypervolume,
        right={
            "network": NET,
            "pattern": SIGMA,
            "domain": PLANE,
            "points": 20,
            "steps": 2,
            "doublings": 0,
            "progress": False,
        },
        ill={
            "network": NO_NETWORK,
            "pattern": NO_OBJECT,
            "domain": NO_OBJECT + named(points=X[:3], other=SQUARE, planes=[PLANE]),
            "runs": NO_SIZE + named(two=2),
            "points": NO_SIZE + named(few=19),
            "steps": NO_SIZE + named(one=1),
            "doublings": NO_COUNT,
            "seed": NO_COUNT,
            "output_layer": NO_FLAG,
            "measure": NO_WORD,
            "samples": named(unasked=X),
            "progress": named(word="bar", number=2),
        },
        says={"network": "", "domain": ""},
    ),
    "experiments.beside_planes": Face(
        experiments.beside_planes,
        right={"hypervolumes": CUBE, "grid": GRID},
        ill={
            "hypervolumes": without(NO_TABLE, "empty") + named(others=CUBE.assign(dataset="x")),
            "grid": without(NO_TABLE, "empty") + named(one_domain=GRID[:1]),
        },
        says={"hypervolumes": "hypervolumes", "grid": "grid"},
    ),
    "plots.figures.beyond_hypervolume.against_exact_shares": Face(
        FIGURES.against_exact_shares, right={"table": EXACT}, ill={"table": NO_TABLE}
    ),
    "plots.figures.beyond_hypervolume.cube_and_planes": Face(
        FIGURES.cube_and_planes,
        right={"table": BOTH},
        ill={"table": NO_TABLE, "reference": NO_WORD},
        says={"table": "table"},
    ),
}
