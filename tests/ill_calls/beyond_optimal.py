"""Ill calls of optimal patterns."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import NET, PLANE, SAMPLES
from ill_calls.values import (
    NO_FLAG,
    NO_IMAGES,
    NO_NETWORK,
    NO_NUMBER,
    NO_PLANES,
    NO_SHARE,
    NO_SIZE,
    named,
    without,
)

import mbh_utils as mbh

FACES = {
    "optimal_pattern": Face(
        mbh.optimal_pattern,
        right={"network": NET, "samples": SAMPLES, "planes": [PLANE]},
        ill={
            "network": NO_NETWORK,
            "samples": NO_IMAGES + named(none_of_them=SAMPLES.take([])),
            "planes": NO_PLANES,
            "coverage": NO_SHARE,
            "time_limit": without(NO_NUMBER, "infinite") + named(zero=0, below=-1, nan=np.nan),
            "node_limit": without(NO_SIZE, "none"),
            "most_constraints": named(below=-1, broken=1.5, word="ten", flag=True),
            "output_layer": NO_FLAG,
        },
        says={"network": "", "samples": "", "planes": "plane"},
    ),
}
