"""Ill calls of partitions of the input space."""

from ill_calls.face import Face
from ill_calls.good import LINE, NET, PLANE, REGIONS, SIGMA, X
from ill_calls.values import (
    NO_COUNT,
    NO_FLAG,
    NO_NETWORK,
    NO_NUMBER,
    NO_OBJECT,
    NO_PARTITION,
    NO_PATTERN,
    NO_PATTERNS,
    NO_PLANE,
    NO_PLANE_OR_PLANES,
    NO_PROGRESS,
    NO_WHOLE,
    NO_WORD,
    named,
    no_array,
    without,
)

import mbh_utils as mbh

FACES = {
    "partition_input_space": Face(
        mbh.partition_input_space,
        right={"network": NET, "plane": PLANE},
        ill={
            "network": NO_NETWORK,
            "plane": NO_PLANE_OR_PLANES,
            "output_layer": NO_FLAG,
            "exact": NO_FLAG,
            "progress": NO_PROGRESS,
            "decision_boundary": NO_FLAG,
            "keep": without(NO_WORD, "empty"),
        },
        says={"network": ""},
    ),
    "bending": Face(
        mbh.bending,
        right={"partition": REGIONS},
        ill={
            "partition": NO_PARTITION
            + named(
                of_a_line=mbh.partition_input_space(NET, LINE),
                without_polygons=mbh.partition_input_space(NET, PLANE, keep=["patterns"]),
                without_patterns=mbh.partition_input_space(NET, PLANE, keep=["polygons"]),
            )
        },
    ),
    "expected_cost": Face(
        mbh.expected_cost,
        right={"network": NET, "plane": PLANE, "seconds": 0.1},
        ill={
            "network": NO_NETWORK,
            "plane": NO_PLANE,
            "output_layer": NO_FLAG,
            "seconds": NO_NUMBER + named(zero=0),
            "seed": NO_COUNT,
        },
        says={"network": ""},
    ),
    "Partition.layer_patterns": Face(
        REGIONS.layer_patterns,
        right={"layer": 0},
        ill={"layer": NO_WHOLE + named(beyond=2, before=-3)},
    ),
    "Partition.blanket": Face(
        REGIONS.blanket,
        right={"pattern": SIGMA},
        ill={"pattern": NO_PATTERN},
    ),
    "Partition.blanket_areas": Face(
        REGIONS.blanket_areas,
        right={"patterns": [SIGMA]},
        ill={"patterns": without(NO_PATTERNS, "empty")},
        says={"patterns": "pattern"},
    ),
    "Partition.affine_map": Face(
        REGIONS.affine_map,
        right={"region": 0, "layer": 0},
        ill={
            "region": NO_WHOLE + named(beyond=10**6, before=-(10**6)),
            "layer": NO_WHOLE + named(beyond=2, before=-3, word="input"),
        },
    ),
    "Partition.locate": Face(
        REGIONS.locate,
        right={"uv": X[:, :2]},
        ill={"uv": no_array(X[:, :2]) + named(flat=[0, 0], wide=X)},
    ),
    "Partition.save": Face(
        REGIONS.save,
        right={},
        ill={"path": without(NO_OBJECT, "text") + named(empty="", folder="/", zero="a\0b")},
    ),
    "Partition.load": Face(
        mbh.Partition.load,
        right={},
        ill={
            "path": NO_OBJECT + named(empty="", folder="/", zero="a\0b", absent="/nowhere/file.npz")
        },
        says={"path": ""},
    ),
}
