"""Ill calls of maximal patterns, blankets and specialization."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import NET, PLANE, SAMPLES, SIGMA, SQUARE, X
from ill_calls.values import (
    NO_COUNT,
    NO_FLAG,
    NO_IMAGES,
    NO_NETWORK,
    NO_OBJECT,
    NO_PATTERNS,
    NO_PLANE,
    NO_PLANES,
    NO_SAMPLES,
    NO_SHARE,
    NO_SIZE,
    NO_WORD,
    named,
    without,
)

import mbh_utils as mbh

FACES = {
    "mine_patterns": Face(
        mbh.mine_patterns,
        right={"network": NET, "samples": SAMPLES},
        ill={"network": NO_NETWORK, "samples": NO_SAMPLES, "scope": NO_WORD},
        says={"network": "", "samples": "sample"},
    ),
    "maximal_pattern": Face(
        mbh.maximal_pattern,
        right={"network": NET, "samples": SAMPLES},
        ill={
            "network": NO_NETWORK,
            "samples": NO_IMAGES + named(none_of_them=SAMPLES.take([])),
            "coverage": NO_SHARE,
            "scope": NO_WORD,
            "strict": NO_FLAG,
            "output_layer": NO_FLAG,
        },
        says={"network": "", "samples": ""},
    ),
    "maximal_patterns": Face(
        mbh.maximal_patterns,
        right={"network": NET, "samples": SAMPLES, "coverages": [0.8]},
        ill={
            "network": NO_NETWORK,
            "samples": NO_IMAGES,
            "coverages": without(NO_OBJECT, "empty") + named(zero=[0], above=[1.5], nan=[np.nan]),
            "scope": NO_WORD,
            "strict": NO_FLAG,
        },
        says={"network": "", "samples": "", "coverages": "coverage"},
    ),
    "smallest_pattern": Face(
        mbh.smallest_pattern,
        right={"network": NET, "samples": SAMPLES, "plane": PLANE, "coverage": 0.8},
        ill={"network": NO_NETWORK, "samples": NO_IMAGES, "plane": NO_PLANE, "coverage": NO_SHARE},
        says={"network": "", "samples": ""},
    ),
    "specialization": Face(
        mbh.specialization,
        right={"network": NET, "samples": SAMPLES, "planes": [PLANE]},
        ill={
            "network": NO_NETWORK,
            "samples": NO_IMAGES,
            "planes": NO_PLANES,
            "coverage": NO_SHARE,
            "scope": NO_WORD,
        },
        says={"network": "", "samples": "", "planes": "plane"},
    ),
    "specialization_table": Face(
        mbh.specialization_table,
        right={"network": NET, "samples": SAMPLES, "planes": [PLANE], "coverages": [0.8]},
        ill={
            "network": NO_NETWORK,
            "samples": without(NO_SAMPLES, "none_of_them"),
            "planes": without(NO_PLANES, "empty"),
            "coverages": without(NO_OBJECT, "empty") + named(zero=[0], above=[1.5]),
            "scope": NO_WORD,
        },
        says={"network": "", "samples": "", "planes": "plane", "coverages": "coverage"},
    ),
    "sampled_shares": Face(
        mbh.sampled_shares,
        right={"network": NET, "patterns": [SIGMA], "domain": PLANE, "n": 100},
        ill={
            "network": NO_NETWORK,
            "patterns": without(NO_PATTERNS, "empty"),
            "domain": NO_OBJECT + named(points=X[:3], other=SQUARE, planes=[PLANE]),
            "n": NO_SIZE,
            "confidence": NO_SHARE + named(one=1),
            "seed": NO_COUNT,
            "output_layer": NO_FLAG,
        },
        says={"network": "", "patterns": "pattern", "domain": ""},
    ),
}
