"""Ill calls of the lens on activation patterns."""

import numpy as np
import pandas as pd
from ill_calls.face import Face
from ill_calls.good import BITS, NET, SAMPLES, Y
from ill_calls.values import (
    NO_BITS,
    NO_COUNT,
    NO_NETWORK,
    NO_NUMBER,
    NO_OBJECT,
    NO_SAMPLES,
    NO_SIZE,
    named,
    no_array,
    without,
)

from mbh_utils.lenses import evolution

COUNTS = evolution.pattern_counts(BITS)
BLOCKS = evolution.block_patterns(BITS)
NO_COUNTS = NO_OBJECT + named(bits=BITS, blocks=BLOCKS)
OTHER_COUNTS = named(narrow=evolution.pattern_counts(BITS[:, :3]))
NO_PATTERNS_OF_IMAGES = NO_BITS + named(no_image=BITS[:0], no_neuron=BITS[:, :0])
NO_CLASSES = without(no_array(Y), "masked_in_list") + named(short=Y[:5], column=Y[:, None])
TIMES = [0, 10, 100]
NO_TIMES = no_array(np.array(TIMES)) + named(down=[100, 10, 0], twice=[0, 0, 1], none_at_all=[])
RUN = [(0, NET), (5, NET)]
NO_RUN = NO_OBJECT + named(
    network=NET,
    networks=[NET, NET],
    one=RUN[:1],
    other_widths=[(0, NET), (1, [(np.eye(4), np.zeros(4))])],
    twice=[(3, NET), (3, NET)],
    halves=[(0.5, NET), (1, NET)],
    negative=[(-1, NET), (1, NET)],
    triples=[(0, NET, 1), (1, NET, 1)],
)
TABLE = evolution.history(RUN, SAMPLES)
NO_HISTORY = NO_OBJECT + named(other=pd.DataFrame({"a": [1]}), no_kappa=TABLE[["iteration"]])

FACES = {
    "evolution.pattern_counts": Face(
        evolution.pattern_counts,
        right={"bits": BITS},
        ill={"bits": NO_PATTERNS_OF_IMAGES},
    ),
    "evolution.entropy": Face(
        evolution.entropy,
        right={"counts": [1, 2, 3]},
        ill={"counts": no_array(np.arange(3)) + named(negative=[-1, 2], no_image=[0, 0])},
    ),
    "evolution.max_entropy": Face(
        evolution.max_entropy, right={"counts": COUNTS}, ill={"counts": NO_COUNTS}
    ),
    "evolution.relative_entropy": Face(
        evolution.relative_entropy, right={"counts": COUNTS}, ill={"counts": NO_COUNTS}
    ),
    "evolution.label_information": Face(
        evolution.label_information,
        right={"bits": BITS, "labels": Y},
        ill={"bits": NO_PATTERNS_OF_IMAGES, "labels": NO_CLASSES},
    ),
    "evolution.jaccard": Face(
        evolution.jaccard,
        right={"a": COUNTS, "b": COUNTS},
        ill={"a": NO_COUNTS + OTHER_COUNTS, "b": NO_COUNTS + OTHER_COUNTS, "more_than": NO_COUNT},
    ),
    "evolution.weighted_jaccard": Face(
        evolution.weighted_jaccard,
        right={"a": COUNTS, "b": COUNTS},
        ill={"a": NO_COUNTS + OTHER_COUNTS, "b": NO_COUNTS + OTHER_COUNTS},
    ),
    "evolution.pattern_change": Face(
        evolution.pattern_change,
        right={"before": COUNTS, "after": COUNTS},
        ill={"before": NO_COUNTS + OTHER_COUNTS, "after": NO_COUNTS + OTHER_COUNTS},
    ),
    "evolution.agreement": Face(
        evolution.agreement,
        right={"bits_a": BITS, "bits_b": BITS},
        ill={
            "bits_a": NO_PATTERNS_OF_IMAGES + named(short=BITS[:5], narrow=BITS[:, :5]),
            "bits_b": NO_PATTERNS_OF_IMAGES + named(short=BITS[:5], narrow=BITS[:, :5]),
        },
    ),
    "evolution.neuron_states": Face(
        evolution.neuron_states, right={"bits": BITS}, ill={"bits": NO_PATTERNS_OF_IMAGES}
    ),
    "evolution.block_patterns": Face(
        evolution.block_patterns,
        right={"bits": BITS},
        ill={
            "bits": NO_PATTERNS_OF_IMAGES,
            "size": NO_SIZE + named(nine=9),
            "seed": NO_COUNT,
        },
    ),
    "BlockPatterns.jaccard": Face(
        BLOCKS.jaccard,
        right={"other": BLOCKS},
        ill={"other": NO_OBJECT + named(narrow=evolution.block_patterns(BITS[:, :3]))},
    ),
    "BlockPatterns.weighted_jaccard": Face(
        BLOCKS.weighted_jaccard,
        right={"other": BLOCKS},
        ill={"other": NO_OBJECT + named(narrow=evolution.block_patterns(BITS[:, :3]))},
    ),
    "BlockPatterns.information": Face(
        BLOCKS.information, right={"labels": Y}, ill={"labels": NO_CLASSES}
    ),
    "evolution.oui": Face(
        evolution.oui,
        right={"bits": BITS, "widths": [6, 3]},
        ill={
            "bits": NO_PATTERNS_OF_IMAGES + named(one_image=BITS[:1]),
            "widths": NO_OBJECT + named(few=[6], many=[6, 3, 3], zero=[9, 0], halves=[4.5, 4.5]),
            "pairs": without(NO_SIZE, "none"),
            "seed": NO_COUNT,
        },
        says={"seed": "seed"},
    ),
    "evolution.oui_by_class": Face(
        evolution.oui_by_class,
        right={"bits": BITS, "widths": [6, 3], "labels": Y},
        ill={
            "bits": NO_PATTERNS_OF_IMAGES + named(one_image=BITS[:1]),
            "widths": NO_OBJECT + named(few=[6], many=[6, 3, 3]),
            "labels": NO_CLASSES,
        },
    ),
    "evolution.settling_time": Face(
        evolution.settling_time,
        right={"iterations": TIMES, "similarity": [0, 0.5, 1], "threshold": 0.5},
        ill={
            "iterations": NO_TIMES,
            "similarity": without(no_array(np.array([0, 0.5, 1])), "nan", "infinite", "nan_frame")
            + named(short=[1, 2]),
            "threshold": NO_NUMBER,
        },
    ),
    "evolution.bottom_up_index": Face(
        evolution.bottom_up_index,
        right={"times": [[1, 2], [2, 3]]},
        ill={
            "times": without(no_array(np.array([[1, 2], [2, 3]])), "nan", "infinite", "nan_frame")
            + named(one_layer=[[1], [2]], no_seed=np.ones((0, 2)), flat=[1, 2])
        },
    ),
    "evolution.intermediate_dip": Face(
        evolution.intermediate_dip,
        right={"curves": [[1, 0, 1], [1, 0, 1]]},
        ill={
            "curves": no_array(np.array([[1, 0, 1], [1, 0, 1]]))
            + named(no_seed=np.ones((0, 3)), flat=[1, 0, 1])
        },
    ),
    "evolution.pattern_statistics": Face(
        evolution.pattern_statistics,
        right={"network": NET, "samples": SAMPLES},
        ill={
            "network": NO_NETWORK,
            "samples": NO_SAMPLES + named(one=SAMPLES.take([0])),
            "oui_images": without(NO_SIZE, "huge_size") + named(one=1),
            "seed": NO_COUNT,
        },
        says={"network": "", "samples": "sample|image"},
    ),
    "evolution.history": Face(
        evolution.history,
        right={"run": RUN, "samples": SAMPLES},
        ill={
            "run": NO_RUN,
            "samples": NO_SAMPLES + named(one=SAMPLES.take([0])),
            "oui_images": without(NO_SIZE, "huge_size") + named(one=1),
            "seed": NO_COUNT,
        },
        says={"run": "run|network|iteration", "samples": "sample|image"},
    ),
    "evolution.settling": Face(
        evolution.settling,
        right={"table": TABLE},
        ill={
            "table": NO_HISTORY,
            "thresholds": without(NO_OBJECT, "empty", "numbers") + named(words=["a"]),
        },
        says={"thresholds": "threshold"},
    ),
}
