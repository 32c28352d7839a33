"""Ill calls of what chapter 8 says of baselines and domains."""

from ill_calls.face import Face
from ill_calls.good import DATA, NET, PLANE
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_NETWORK,
    NO_OBJECT,
    NO_PLANES,
    NO_SIZE,
    NO_WORD,
    named,
    without,
)

import mbh_utils as mbh

FACES = {
    "baseline_samples": Face(
        mbh.baseline_samples,
        right={"data": DATA, "kind": "random images"},
        ill={
            "data": NO_DATA,
            "kind": NO_WORD,
            "n": without(NO_SIZE, "none") + named(beyond=31),
            "number": NO_COUNT,
            "seed": NO_COUNT,
        },
        says={"data": ""},
    ),
    "baseline_table": Face(
        mbh.baseline_table,
        right={"network": NET, "data": DATA, "planes": [PLANE], "coverages": [0.8]},
        ill={
            "network": NO_NETWORK,
            "data": NO_DATA,
            "planes": without(NO_PLANES, "empty"),
            "coverages": without(NO_OBJECT, "empty") + named(zero=[0], above=[1.5]),
            "phenomena": NO_SIZE,
            "n": without(NO_SIZE, "none") + named(beyond=31),
            "scope": NO_WORD,
            "seed": NO_COUNT,
        },
        says={"network": "", "data": "", "planes": "plane", "coverages": "coverage"},
    ),
}
