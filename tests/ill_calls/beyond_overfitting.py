"""Ill calls of data sets with wrong labels, and of what is made of networks that overfit."""

from ill_calls.face import Face
from ill_calls.good import DATA
from ill_calls.values import NO_COUNT, NO_DATA, NO_NUMBER, NO_SIZE, NO_TEXT, named, without

from mbh_utils import datasets

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
}
