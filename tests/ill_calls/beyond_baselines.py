"""Ill calls of what chapter 8 says of baselines and domains."""

from ill_calls.face import Face
from ill_calls.good import DATA, NET, PLANE, TABLE
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_NETWORK,
    NO_OBJECT,
    NO_PLANES,
    NO_SHARE,
    NO_SIZE,
    NO_TABLE,
    NO_WORD,
    named,
    without,
)

import mbh_utils as mbh
from mbh_utils import experiments

MODELS = TABLE.assign(model=0, dataset="digits8", source="validation")
BOTH = [MODELS.assign(trained=trained) for trained in (True, False)]
TWINS = BOTH[0].merge(BOTH[1], how="outer")
SEVERAL = MODELS.iloc[[0] * 6].assign(setup=range(6), s=[i / 9 for i in range(6)])

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
    "experiments.beside_baselines": Face(
        experiments.beside_baselines,
        right={"grid": TWINS, "baselines": MODELS},
        ill={
            "grid": NO_TABLE,
            "baselines": NO_TABLE,
            "shuffled": without(NO_TABLE, "none"),
            "coverage": NO_SHARE + named(absent=0.5),
        },
        says={"grid": "", "baselines": "", "shuffled": ""},
    ),
    "experiments.gain_by_training": Face(
        experiments.gain_by_training,
        right={"grid": TWINS, "resamples": 3},
        ill={
            "grid": NO_TABLE + named(trained_only=BOTH[0]),
            "coverage": NO_SHARE + named(absent=0.5),
            "resamples": NO_SIZE,
            "seed": NO_COUNT,
        },
        says={"grid": ""},
    ),
    "experiments.with_plane_classes": Face(
        experiments.with_plane_classes,
        right={"table": MODELS.assign(**{"class": range(3)})},
        ill={"table": NO_TABLE},
        says={"table": ""},
    ),
    "experiments.domains_and_accuracy": Face(
        experiments.domains_and_accuracy,
        right={"table": SEVERAL, "resamples": 3},
        ill={
            "table": NO_TABLE,
            "coverage": NO_SHARE + named(absent=0.5),
            "resamples": NO_SIZE,
            "seed": NO_COUNT,
        },
        says={"table": ""},
    ),
}
