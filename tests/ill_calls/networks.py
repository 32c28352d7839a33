"""Ill calls of networks, their sizes and how they are read."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import DATA, NET, OWN, SAMPLES, X
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_FLAG,
    NO_IMAGES,
    NO_NETWORK,
    NO_NUMBER,
    NO_OBJECT,
    NO_OWN_NETWORK,
    NO_SAMPLES,
    NO_SIZE,
    NO_WIDTHS,
    WIDTHS_OR_NUMBER,
    named,
    no_array,
    without,
)
from torch import nn

import mbh_utils as mbh

FACES = {
    "Network": Face(
        mbh.Network,
        right={"n_inputs": 4, "hidden": (6, 3), "n_classes": 3},
        ill={
            "n_inputs": NO_SIZE,
            "hidden": NO_WIDTHS,
            "n_classes": NO_SIZE,
            "seed": NO_COUNT,
            "bias_std": NO_NUMBER + named(negative=-0.1, too_large=1e39),
        },
        says={"n_inputs": "", "n_classes": ""},
    ),
    "Network.set_masks": Face(
        mbh.lenet(DATA, 2).set_masks,
        right={"masks": [np.ones((6, 4)), np.ones((2, 6))]},
        ill={
            "masks": NO_OBJECT
            + named(
                one=[np.ones((6, 4))],
                other=[np.ones((6, 4)), np.ones((3, 6))],
                nan=[np.full((6, 4), np.nan), np.ones((2, 6))],
                halves=[np.full((6, 4), 0.5), np.ones((2, 6))],
            )
        },
        says={"masks": "mask"},
    ),
    "feed_forward": Face(
        mbh.feed_forward,
        right={"data": DATA, "hidden": (6, 3)},
        ill={
            "data": NO_DATA,
            "hidden": NO_WIDTHS,
            "parameters": without(NO_SIZE, "none") + named(few=5, many=1000, text="30"),
            "seed": NO_COUNT,
            "bias_std": NO_NUMBER + named(negative=-0.1, too_large=1e39),
        },
    ),
    "lenet": Face(
        mbh.lenet,
        right={"data": DATA, "hidden": (6, 3)},
        ill={
            "data": NO_DATA,
            "hidden": WIDTHS_OR_NUMBER
            + named(three_layers=(4, 3, 2), half=3.7, halves=(3.7,), true=True),
            "parameters": without(NO_SIZE, "none") + named(few=5, many=1000, text="100"),
            "seed": NO_COUNT,
            "bias_std": NO_NUMBER + named(negative=-0.1, too_large=1e39),
        },
        says={"hidden": ""},
    ),
    "deepfc": Face(
        mbh.deepfc,
        right={"data": DATA, "hidden": (4, 3, 2)},
        ill={
            "data": NO_DATA,
            "hidden": WIDTHS_OR_NUMBER + named(two_layers=(4, 3), half=3.7, true=True),
            "parameters": without(NO_SIZE, "none") + named(few=5, many=1000, text="100"),
            "seed": NO_COUNT,
            "bias_std": NO_NUMBER + named(negative=-0.1, too_large=1e39),
        },
        says={"hidden": ""},
    ),
    "winning_ticket": Face(
        mbh.winning_ticket,
        right={"trained": NET, "initial": NET, "parameters": 40},
        ill={
            "trained": NO_OWN_NETWORK + named(other=mbh.lenet(DATA, 5)),
            "initial": NO_OWN_NETWORK + named(other=mbh.lenet(DATA, 5)),
            "parameters": NO_SIZE + named(few=5, many=99),
        },
    ),
    "accuracy": Face(
        mbh.accuracy,
        right={"network": NET, "samples": SAMPLES},
        ill={
            "network": without(NO_NETWORK, "empty_module")
            + named(
                lazy=nn.LazyLinear(3),
                narrow=nn.Linear(3, 3),
                one_class=nn.Linear(4, 1),
                pair=nn.LSTM(4, 3),
                meta=nn.Linear(4, 3, device="meta"),
                image=nn.Conv2d(1, 3, 2),
                flat=nn.Flatten(0),
            ),
            "samples": NO_SAMPLES,
        },
        says={"network": "network", "samples": "sample"},
    ),
    "hidden_layers": Face(
        mbh.hidden_layers,
        right={"network": NET},
        ill={"network": without(NO_NETWORK, "other_inputs"), "output_layer": NO_FLAG},
        says={"network": ""},
    ),
    "trace": Face(
        mbh.trace,
        right={"module": OWN},
        ill={
            "module": without(NO_NETWORK, "empty_module"),
            "input_shape": without(NO_OBJECT, "none", "three", "numbers")
            + named(
                zero=(0,),
                negative=-4,
                halves=(2.5,),
                huge=10**30,
                masked=np.ma.masked_equal([1, 4], 1),
            ),
            "output_layer": NO_FLAG,
        },
    ),
    "Traced": Face(
        mbh.trace(OWN),
        right={"x": X},
        ill={"x": NO_IMAGES},
        says={"x": ""},
    ),
    "PiecewiseLinear": Face(
        mbh.PiecewiseLinear,
        right={"breakpoints": [0.0, 1.0], "slopes": [0.0, 1.0, 0.0]},
        ill={
            "breakpoints": no_array([0.0, 1.0]) + named(falling=[1, 0], equal=[1, 1], one=[0]),
            "slopes": no_array([0.0, 1.0, 0.0]) + named(two=[0, 1]),
            "offset": NO_NUMBER,
        },
        says={"breakpoints": "", "slopes": ""},
    ),
}
