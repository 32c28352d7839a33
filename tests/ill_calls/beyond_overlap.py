"""Ill calls of overlaps of classes, of kinds of regions, and of how sure specializations are."""

import itertools

import numpy as np
import pandas as pd
from ill_calls.face import Face
from ill_calls.good import LINE, NET, PLANE, SAMPLES
from ill_calls.values import (
    NO_COUNT,
    NO_FLAG,
    NO_NETWORK,
    NO_NUMBER,
    NO_OBJECT,
    NO_PARTITION,
    NO_PLANE,
    NO_SAMPLES,
    NO_SHARE,
    NO_SIZE,
    NO_TABLE,
    NO_WORD,
    named,
)

import mbh_utils as mbh
from mbh_utils import experiments

CELLS = list(itertools.product(range(2), range(3), range(3), range(3)))
TABLE = pd.DataFrame(CELLS, columns=["setup", "model", "plane", "class"])
TABLE = TABLE.assign(s=np.random.default_rng(0).random(len(TABLE)))
MEANS = TABLE.groupby(["setup", "model", "plane"])["s"].mean().reset_index()
NO_COMPLETE_TABLE = NO_TABLE + named(one_plane=MEANS[MEANS["plane"] == 0], short=MEANS[1:])

FACES = {
    "overlap": Face(
        mbh.overlap,
        right={"network": NET, "samples": SAMPLES},
        ill={
            "network": NO_NETWORK,
            "samples": NO_SAMPLES + named(one_class=SAMPLES.of_class(1)),
            "coverage": NO_SHARE,
            "scope": NO_WORD,
            "output_layer": NO_FLAG,
        },
        says={"network": "", "samples": "sample"},
    ),
    "Overlap.shared_areas": Face(
        mbh.overlap(NET, SAMPLES).shared_areas,
        right={"partition": mbh.partition_input_space(NET, PLANE)},
        ill={
            "partition": NO_PARTITION
            + named(
                without_areas=mbh.partition_input_space(NET, PLANE, keep=["patterns"]),
                without_patterns=mbh.partition_input_space(NET, PLANE, keep=["areas"]),
            )
        },
    ),
    "region_kinds": Face(
        mbh.region_kinds,
        right={"network": NET, "plane": PLANE},
        ill={
            "network": NO_NETWORK + named(hidden_layers=mbh.hidden_layers(NET)),
            "plane": NO_PLANE + named(line=LINE, planes=[PLANE]),
        },
        says={"network": ""},
    ),
    "region_kinds, of hidden layers": Face(
        mbh.region_kinds,
        right={
            "network": mbh.hidden_layers(NET),
            "plane": PLANE,
            "output": (np.ones((2, 3)), np.zeros(2)),
        },
        ill={
            "output": NO_OBJECT
            + named(
                narrow=(np.ones((2, 2)), np.zeros(2)),
                short=(np.ones((2, 3)), np.zeros(1)),
                nan=(np.ones((2, 3)) * np.nan, np.zeros(2)),
                three=(np.ones((2, 3)), np.zeros(2), 1),
            )
        },
    ),
    "experiments.variance_components": Face(
        experiments.variance_components,
        right={"table": TABLE},
        ill={"table": NO_TABLE + named(without_classes=MEANS, one_row=TABLE[:1])},
    ),
    "experiments.planes_needed": Face(
        experiments.planes_needed,
        right={"table": MEANS},
        ill={"table": NO_COMPLETE_TABLE, "half_width": NO_NUMBER + named(zero=0, negative=-0.1)},
    ),
    "experiments.ranking": Face(
        experiments.ranking,
        right={"table": MEANS, "resamples": 10},
        ill={"table": NO_COMPLETE_TABLE, "resamples": NO_SIZE, "seed": NO_COUNT},
    ),
}
