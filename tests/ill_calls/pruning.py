"""Ill calls of pruning."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import RNG, X
from ill_calls.values import NO_OBJECT, NO_RNG, NO_SHAPES, NO_SIZE, NO_WIDTHS, named, without

from mbh_utils import pruning

FACES = {
    "pruning.layer_shapes": Face(
        pruning.layer_shapes,
        right={"n_inputs": 4, "hidden": (6, 3)},
        ill={
            "n_inputs": without(NO_SIZE, "huge_size"),
            "hidden": without(NO_WIDTHS, "empty", "no_layer", "huge", "large"),
        },
    ),
    "pruning.dense_parameters": Face(
        pruning.dense_parameters,
        right={"n_inputs": 4, "hidden": (6, 3)},
        ill={
            "n_inputs": without(NO_SIZE, "huge_size"),
            "hidden": without(NO_WIDTHS, "empty", "no_layer", "huge", "large"),
        },
    ),
    "pruning.density": Face(
        pruning.density,
        right={"n_inputs": 4, "hidden": (6, 3), "parameters": 40},
        ill={
            "n_inputs": without(NO_SIZE, "huge_size"),
            "hidden": without(NO_WIDTHS, "huge", "large"),
            "parameters": NO_SIZE + named(few=5, many=99),
        },
    ),
    "pruning.weights_per_layer": Face(
        pruning.weights_per_layer,
        right={"shapes": [(6, 4), (3, 6)], "parameters": 40},
        ill={"shapes": NO_SHAPES, "parameters": NO_SIZE + named(few=5, many=99)},
        says={"shapes": "shape"},
    ),
    "pruning.random_masks, huge": Face(
        pruning.random_masks,
        right={"shapes": [(9, 9)], "parameters": 10**7, "rng": RNG},
        ill={"shapes": named(huge=[(10**6, 10**6)])},
        says={"shapes": "memory"},
    ),
    "pruning.random_masks": Face(
        pruning.random_masks,
        right={"shapes": [(6, 4), (3, 6)], "parameters": 40, "rng": RNG},
        ill={"shapes": NO_SHAPES, "parameters": NO_SIZE, "rng": NO_RNG},
        says={"shapes": "shape"},
    ),
    "pruning.magnitude_masks": Face(
        pruning.magnitude_masks,
        right={"weights": [X, np.ones((4, 30))], "parameters": 100},
        ill={
            "weights": NO_OBJECT
            + named(one=X, complex=[X * 1j], masked=[np.ma.masked_less(X, 0.5)], nan=[X * np.nan]),
            "parameters": NO_SIZE,
        },
        says={"weights": ""},
    ),
    "pruning.pruned_further": Face(
        pruning.pruned_further,
        right={"weights": [np.ones((3, 4))], "masks": [np.ones((3, 4))], "counts": [5]},
        ill={
            "weights": NO_OBJECT + named(one=X, complex=[np.ones((3, 4)) * 1j]),
            "masks": NO_OBJECT + named(halves=[X], transposed=[np.ones((4, 3))]),
            "counts": NO_OBJECT + named(few=[2], many=[13], halves=[4.5], two=[5, 5]),
        },
        says={"weights": "", "masks": "", "counts": ""},
    ),
    "pruning.dead_ends": Face(
        pruning.dead_ends,
        right={"masks": [np.ones((3, 4)), np.ones((2, 3))]},
        ill={"masks": NO_OBJECT + named(unchained=[np.ones((3, 4)), np.ones((2, 4))], halves=[X])},
        says={"masks": "mask"},
    ),
}
