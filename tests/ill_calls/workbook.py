"""Ill calls of chapters and the explorer."""

import matplotlib.pyplot as plt
from ill_calls.face import Face
from ill_calls.good import CHAPTER, DATA, NET, PLANE, REGIONS, SAMPLES, VIEW
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_NETWORK,
    NO_OBJECT,
    NO_PARTITION,
    NO_PLANE,
    NO_SAMPLES,
    NO_SHARE,
    NO_SIZE,
    NO_TEXT,
    NO_WHOLE,
    Named,
    named,
    without,
)

import mbh_utils as mbh
from mbh_utils import widgets

FACES = {
    "open_chapter": Face(
        mbh.open_chapter,
        right={"name": "01_sparsity"},
        ill={
            "name": without(NO_OBJECT, "three"),
            "profile": NO_OBJECT,
            "seed": NO_COUNT,
            "out": without(NO_OBJECT, "none", "text") + named(zero="a\0b", empty=""),
        },
        says={"name": "chapter", "profile": "profile"},
    ),
    "Chapter.save": Face(
        CHAPTER.save,
        right={
            "figure": plt.figure(),
            "figure_id": "fig-2-1",
            "alt": "Words.",
            "caption": "Words.",
            "data": [1],
        },
        ill={
            "figure": NO_OBJECT,
            "figure_id": NO_OBJECT + named(other="fig-1-1"),
            "alt": NO_TEXT + named(empty=" "),
            "caption": NO_TEXT + named(empty=" "),
            "data": [Named("an object", object), Named("a set", set)],
        },
        says={"figure_id": "fig-", "data": "plotted data"},
    ),
    "Chapter.caption": Face(
        CHAPTER.caption,
        right={"message": "Words.", "data": "mnist", "models": 5, "planes": 10},
        ill={
            "message": NO_TEXT + named(empty=" "),
            "data": without(NO_OBJECT, "none", "text", "empty", "list_of_text", "a generator"),
            "models": without(NO_SIZE, "none", "huge_size"),
            "planes": without(NO_SIZE, "none", "huge_size"),
            "domain": NO_TEXT,
            "band": NO_TEXT,
            "bar": NO_TEXT,
        },
        says={"data": "data"},
    ),
    "widgets.blanket_view": Face(
        widgets.blanket_view,
        right={"network": NET, "regions": REGIONS, "samples": SAMPLES, "label": 1, "coverage": 0.8},
        ill={
            "network": NO_NETWORK,
            "regions": NO_PARTITION,
            "samples": NO_SAMPLES,
            "label": NO_WHOLE + named(absent=7),
            "coverage": NO_SHARE,
        },
        says={"network": "", "samples": "sample"},
    ),
    "widgets.blanket_words": Face(
        widgets.blanket_words,
        right={"view": VIEW, "name": "b"},
        ill={"view": NO_OBJECT},
    ),
    "widgets.blanket_figure": Face(
        widgets.blanket_figure,
        right={"regions": REGIONS, "view": VIEW},
        ill={"regions": NO_PARTITION, "view": NO_OBJECT},
    ),
    "Chapter.explore": Face(
        CHAPTER.explore,
        right={"page": widgets.blanket_page(NET, PLANE, DATA, pixels=20)},
        ill={"page": NO_OBJECT},
    ),
    "widgets.blanket_page": Face(
        widgets.blanket_page,
        right={"networks": NET, "planes": PLANE, "data": DATA, "pixels": 20},
        ill={
            "networks": NO_NETWORK,
            "planes": NO_PLANE,
            "data": NO_DATA,
            "untrained": without(NO_OBJECT, "none") + named(other={"other": NET}),
            "phenomena": without(NO_OBJECT, "none"),
            "shown": without(NO_OBJECT, "none") + named(absent=7),
            "coverage": NO_SHARE + named(low=0.1),
            "pixels": NO_SIZE,
        },
        says={"networks": "", "planes": "plane", "shown": "class", "coverage": "c_P"},
    ),
    "widgets.blanket_chooser": Face(
        widgets.blanket_chooser,
        right={"profile": "quick"},
        ill={"profile": NO_OBJECT, "seed": NO_COUNT},
    ),
    "widgets.page": Face(
        widgets.page,
        right={"name": "blanket"},
        ill={"name": NO_OBJECT, "profile": NO_OBJECT, "seed": NO_COUNT},
        says={"name": "explorer", "profile": "profile"},
    ),
}
