"""Ill calls of data sets and samples."""

from ill_calls.face import Face
from ill_calls.good import DATA, SAMPLES, X, Y, ones
from ill_calls.values import (
    ENDLESS,
    NO_COUNT,
    NO_DATA,
    NO_FLAG,
    NO_IMAGES,
    NO_LABELS,
    NO_NAME,
    NO_NUMBER,
    NO_OBJECT,
    NO_SAMPLES,
    NO_SIZE,
    NO_TEXT,
    NO_WHOLE,
    named,
    no_array,
    without,
)

import mbh_utils as mbh
from mbh_utils import datasets

FACES = {
    "load_dataset": Face(
        mbh.load_dataset,
        right={"name": "digits8", "download": False, "progress": False},
        ill={"name": NO_NAME, "download": NO_FLAG, "progress": NO_FLAG},
        says={"name": "data set"},
    ),
    "from_arrays": Face(
        mbh.from_arrays,
        right={
            "train_images": X,
            "train_labels": Y,
            "validation_images": X,
            "validation_labels": Y,
            "low": 0.0,
            "high": 1.0,
        },
        ill={
            "train_images": NO_IMAGES,
            "train_labels": NO_LABELS,
            "validation_images": NO_IMAGES,
            "validation_labels": NO_LABELS,
            "name": NO_TEXT,
            "classes": without(NO_OBJECT, "none", "text", "a generator", "list_of_text")
            + ENDLESS
            + named(equal=["a", "a", "b"], few=["a"]),
            "low": without(no_array(ones()), "none", "scalar")
            + named(above=2.0, short=[0, 0], true=True),
            "high": without(no_array(ones()), "none", "scalar")
            + named(below=-2.0, short=[1, 1], inside=0.5),
            "image_shape": without(NO_OBJECT, "empty")
            + named(other=(3, 3), negative=(-2, -2), halves=(2.0, 2.0), true=(True, 4)),
        },
        says={
            "train_images": "image",
            "validation_images": "image",
            "train_labels": "label",
            "validation_labels": "label",
            "low": "low",
            "high": "",
            "classes": "class",
        },
    ),
    "Samples": Face(
        mbh.Samples,
        right={"images": X, "labels": Y},
        ill={
            "images": without(
                NO_IMAGES, "narrow", "wide", "nan", "infinite", "nan_frame", "huge", "no_input"
            ),
            "labels": without(NO_LABELS, "negative", "billion", "beyond"),
        },
        says={"images": ""},
    ),
    "Samples.where": Face(
        SAMPLES.where,
        right={"mask": Y == 1},
        ill={"mask": no_array(Y) + named(numbers=Y, short=(Y == 1)[:3])},
        says={"mask": ""},
    ),
    "Samples.of_class": Face(
        SAMPLES.of_class,
        right={"c": 1},
        ill={"c": NO_WHOLE + named(absent=7)},
        says={"c": "label"},
    ),
    "Samples.take": Face(
        SAMPLES.take,
        right={"indices": [0, 1]},
        ill={
            "indices": without(no_array(Y), "scalar")
            + named(floats=Y * 1.0, beyond=[30], truths=Y > 0, huge=[10**30], float=1.0)
        },
        says={"indices": "ind"},
    ),
    "Dataset": Face(
        mbh.Dataset,
        right={
            "name": "x",
            "train": SAMPLES,
            "validation": SAMPLES,
            "classes": ("a", "b", "c"),
            "low": 0.0,
            "high": 1.0,
        },
        ill={
            "name": NO_TEXT,
            "train": without(NO_SAMPLES, "none_of_them"),
            "validation": without(NO_SAMPLES, "none_of_them"),
            "classes": without(
                NO_OBJECT, "text", "a generator", "list_of_text", "empty", "numbers", "nested"
            ),
            "low": without(no_array(ones()), "scalar") + named(above=2.0, short=[0, 0]),
            "high": without(no_array(ones()), "scalar") + named(below=-2.0, short=[1, 1]),
            "image_shape": without(NO_OBJECT, "empty")
            + named(other=(3, 3), negative=(-2, -2), halves=(2.0, 2.0)),
        },
        says={"classes": "class"},
    ),
    "datasets.small": Face(
        datasets.small,
        right={"data": DATA, "train": 9, "validation": 9},
        ill={
            "data": NO_DATA,
            "train": without(NO_SIZE, "huge_size"),
            "validation": without(NO_SIZE, "huge_size"),
            "seed": NO_COUNT,
        },
    ),
    "datasets.xor_with_outliers": Face(
        datasets.xor_with_outliers,
        right={"n": 10},
        ill={"n": NO_SIZE, "outliers": NO_NUMBER + named(one=1, negative=-0.1), "seed": NO_COUNT},
    ),
    "datasets.title": Face(
        datasets.title,
        right={"name": "digits8"},
        ill={"name": NO_TEXT},
        says={"name": "data set"},
    ),
    "datasets.describe": Face(
        datasets.describe,
        right={"name": "digits8"},
        ill={"name": NO_NAME},
        says={"name": "data set"},
    ),
}
