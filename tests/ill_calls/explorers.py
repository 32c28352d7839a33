"""Ill calls of the pages that readers move: regions, training and sparsity."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import DATA, LINE, NET, PLANE, SQUARE
from ill_calls.values import (
    NO_DATA,
    NO_OBJECT,
    NO_PLANE,
    NO_SIZE,
    NO_TEXT,
    named,
    without,
)

import mbh_utils as mbh
from mbh_utils import widgets

TWO_INPUTS = mbh.Network(2, (3, 2), 2, bias_std=0.3)
NARROW = mbh.Network(4, (4,), 3)
NO_NAMED = without(NO_OBJECT, "dict") + named(
    network=TWO_INPUTS,
    no_network={},
    number_as_name={1: TWO_INPUTS},
    four_inputs={"a": NET},
    none_inside={"a": None},
    linear_units={"a": [(np.eye(2), np.zeros(2), 1)]},
    wide={"a": mbh.Network(2, (129,), 2)},
    deep={"a": mbh.Network(2, (2,) * 7, 2)},
)
NO_PAGE_PLANE = NO_PLANE + named(line=LINE)
NO_SPANNING = without(NO_OBJECT, "list_of_text", "empty", "a generator") + named(
    generator_of_numbers=[1.5, None],
)

FACES = {
    "widgets.regions_page": Face(
        widgets.regions_page,
        right={"networks": {"a": TWO_INPUTS}},
        ill={
            "networks": [*NO_NAMED, *named(dict={"a": 1})],
            "planes": without(NO_OBJECT, "none")
            + named(
                line=LINE,
                in_four_inputs=PLANE,
                other_name={"b": SQUARE},
                none_inside={"a": None},
                line_inside={"a": LINE},
            ),
            "start": without(NO_OBJECT, "none") + named(other="b"),
            "notes": without(NO_OBJECT, "none")
            + named(other_name={"b": "Words."}, number_inside={"a": 1}),
        },
        says={"networks": "network", "planes": "plane", "notes": "note"},
    ),
    "widgets.training_page": Face(
        widgets.training_page,
        right={"networks": {0: NET, 5: NET}, "plane": PLANE, "data": DATA, "pixels": 10},
        ill={
            "networks": NO_OBJECT
            + named(
                one_checkpoint={0: NET},
                words_as_iterations={"a": NET, "b": NET},
                mixed_iterations={"a": NET, 5: NET},
                negative_iteration={-1: NET, 5: NET},
                none_inside={0: NET, 5: None},
                other_shape={0: NET, 5: NARROW},
                two_inputs={0: TWO_INPUTS, 5: TWO_INPUTS},
            ),
            "plane": NO_PAGE_PLANE,
            "data": NO_DATA,
            "history": without(NO_OBJECT, "none")
            + named(
                one_missing={0: 0.5},
                words={0: 0.5, 5: "high"},
                nan={0: 0.5, 5: np.nan},
                mixed_iterations={0: 0.5, 5: 0.5, "a": 0.5},
                negative_iteration={-1: 0.5, 0: 0.5, 5: 0.5},
            ),
            "spanning": NO_SPANNING,
            "caption": NO_TEXT,
            "pixels": NO_SIZE,
        },
        says={"networks": "network"},
    ),
    "widgets.sparsity_page": Face(
        widgets.sparsity_page,
        right={
            "wide": {"random mask": [NET]},
            "narrow": [NET],
            "plane": PLANE,
            "data": DATA,
            "pixels": 10,
        },
        ill={
            "wide": NO_OBJECT
            + named(
                number_as_name={1: [NET]},
                network={"a": NET},
                no_network={},
                none_inside={"a": [None]},
                too_many={"a": [NET, NET]},
                other_parameters={"a": [NARROW]},
                two_inputs={"a": [TWO_INPUTS]},
            ),
            "narrow": NO_OBJECT
            + named(network=NET, too_many=[NET, NET], other_parameters=[NARROW]),
            "plane": NO_PAGE_PLANE,
            "data": NO_DATA,
            "spanning": NO_SPANNING,
            "caption": NO_TEXT,
            "pixels": NO_SIZE,
        },
    ),
}
