"""Ill calls of data sets with wrong labels, and of what is made of networks that overfit."""

import pandas as pd
from ill_calls.face import Face
from ill_calls.good import DATA
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_NUMBER,
    NO_OBJECT,
    NO_SIZE,
    NO_TABLE,
    NO_TEXT,
    NO_WORD,
    named,
    without,
)

from mbh_utils import datasets, experiments

_FACTS = {"dataset": list("abcdef"), "training_images": 9, "noise": 0.0, "setup": 1}
_SEEN = {"training_accuracy": 0.6, "accuracy": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}
_S = {"s_validation": 0.5, "s_training": 0.7, "s_matched": 0.6, "n_regions": 8.0}
_INSIDE = {"own_training": 0.9, "own_transferred": 0.8, "others_validation": 0.1}
OVERFITTING = pd.DataFrame({**_FACTS, **_SEEN, **_S, **_INSIDE}).assign(
    n_hidden=4, model=0, iteration=9, domain="square", coverage=0.8, oui_validation=0.6
)
ROWS = experiments.overfitting_indicators(OVERFITTING)

NO_PERCENTAGE = NO_NUMBER + named(one=1, none_wrong=0.0, part=0.123, negative=-0.1)

FACES = {
    "datasets.training_subset": Face(
        datasets.training_subset,
        right={"data": DATA, "n": 9},
        ill={"data": NO_DATA, "n": NO_SIZE, "seed": NO_COUNT},
    ),
    "datasets.noisy_labels": Face(
        datasets.noisy_labels,
        right={"data": DATA, "share": 0.4},
        ill={"data": NO_DATA, "share": NO_PERCENTAGE, "seed": NO_COUNT},
    ),
    "datasets.shuffled_labels": Face(
        datasets.shuffled_labels,
        right={"data": DATA},
        ill={"data": NO_DATA, "seed": NO_COUNT},
    ),
    "datasets.noisy_name": Face(
        datasets.noisy_name,
        right={"whole": "digits8"},
        ill={
            "whole": NO_TEXT,
            "images": without(NO_SIZE, "none", "huge_size"),
            "noise": NO_NUMBER + named(negative=-0.1, above=1.1, part=0.123),
        },
    ),
    "experiments.overfitting_indicators": Face(
        experiments.overfitting_indicators,
        right={"table": OVERFITTING},
        ill={
            "table": NO_TABLE,
            "domain": NO_WORD,
            "coverage": NO_NUMBER + named(other=0.5),
        },
    ),
    "experiments.gap_correlations": Face(
        experiments.gap_correlations,
        right={"rows": ROWS, "resamples": 9},
        ill={
            "rows": NO_TABLE,
            "indicators": without(NO_OBJECT, "empty") + named(unknown=["nope"], word="gap"),
            "gap": NO_WORD,
            "resamples": NO_SIZE,
            "seed": NO_COUNT,
        },
    ),
}
