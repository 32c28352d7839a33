"""Ill calls of patterns."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import BITS, NET, SIGMA, X
from ill_calls.values import (
    NO_BITS,
    NO_COUNT,
    NO_FLAG,
    NO_IMAGES,
    NO_NETWORK,
    NO_NUMBER,
    NO_WHOLE,
    named,
    no_array,
    without,
)

import mbh_utils as mbh
from mbh_utils import patterns

FACES = {
    "activation_patterns": Face(
        mbh.activation_patterns,
        right={"network": NET, "images": X},
        ill={"network": NO_NETWORK, "images": NO_IMAGES, "output_layer": NO_FLAG},
        says={"network": "", "images": "image"},
    ),
    "layer_patterns": Face(
        mbh.layer_patterns,
        right={"network": NET, "images": X},
        ill={
            "network": NO_NETWORK,
            "images": NO_IMAGES,
            "layer": NO_WHOLE + named(beyond=2, before=-3),
        },
        says={"network": "", "images": "image"},
    ),
    "unique_patterns": Face(
        mbh.unique_patterns,
        right={"patterns": BITS},
        ill={"patterns": NO_BITS},
    ),
    "patterns.preactivations": Face(
        patterns.preactivations,
        right={"network": NET, "images": X},
        ill={"network": NO_NETWORK, "images": NO_IMAGES},
        says={"network": "", "images": "image"},
    ),
    "patterns.pack": Face(
        patterns.pack,
        right={"patterns": BITS},
        ill={"patterns": NO_BITS},
    ),
    "patterns.unpack": Face(
        patterns.unpack,
        right={"packed": patterns.pack(BITS), "n_neurons": 9},
        ill={"packed": no_array(BITS) + named(bits=BITS), "n_neurons": NO_COUNT + named(many=17)},
    ),
    "DecisionPattern": Face(
        mbh.DecisionPattern,
        right={"neurons": [0, 2], "states": [True, False]},
        ill={
            "neurons": no_array(np.arange(2))
            + named(
                twice=[1, 1],
                negative=[-1, 0],
                halves=[0.5, 1],
                truths=[True, False],
                short=[1],
                huge=[10**30, 1],
            ),
            "states": no_array(np.arange(2)) + named(halves=[0.5, 1], counts=[0, 2], short=[True]),
            "coverage": without(NO_NUMBER, "nan") + named(above=1.5, negative=-0.5),
        },
        says={"neurons": "", "states": ""},
    ),
    "DecisionPattern.satisfied_by": Face(
        SIGMA.satisfied_by,
        right={"patterns": BITS},
        ill={"patterns": NO_BITS + named(narrow=BITS[:, :2])},
        says={"patterns": "pattern"},
    ),
    "DecisionPattern.support": Face(
        SIGMA.support,
        right={"patterns": BITS},
        ill={"patterns": NO_BITS + named(none_of_them=BITS[:0])},
        says={"patterns": ""},
    ),
}
