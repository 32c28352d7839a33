"""Ill calls of the lens of wirings, and of masks made from masks."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import DATA, NET, RNG, X
from ill_calls.values import (
    NO_COUNT,
    NO_OBJECT,
    NO_RNG,
    NO_SHAPES,
    NO_SHARE,
    NO_SIZE,
    named,
    without,
)

import mbh_utils as mbh
from mbh_utils import networks, pruning
from mbh_utils.lenses import topology

MASKS = [np.ones((3, 4)), np.ones((2, 3))]
NO_MASKS = NO_OBJECT + named(
    halves=[X],
    unchained=[np.ones((3, 4)), np.ones((2, 4))],
    flat=[np.ones(4)],
    one=np.ones((3, 4)),
    without_neurons=[np.ones((0, 4)), np.ones((2, 0))],
    data=DATA,
)
NO_WIRING = NO_MASKS + named(
    empty=[],
    shallow=[np.ones((3, 4))],
    wider=[np.ones((5, 4)), np.ones((2, 5))],
    transposed=[np.ones((4, 3)), np.ones((3, 2))],
    other_network=mbh.lenet(DATA, (9, 3)),
)
NO_MASK = NO_OBJECT + named(halves=X, flat=np.ones(4), masks=MASKS)

FACES = {
    "lenses.topology.nnstd": Face(
        topology.nnstd,
        right={"a": MASKS, "b": MASKS, "nulls": 1, "seed": 0},
        ill={"a": NO_WIRING, "b": NO_WIRING, "nulls": NO_COUNT, "seed": NO_COUNT},
    ),
    "lenses.topology.pairwise": Face(
        topology.pairwise,
        right={"wirings": [MASKS, MASKS], "nulls": 1, "seed": 0},
        ill={
            "wirings": NO_OBJECT
            + named(empty=[], one=[MASKS], network=NET, halves=[[X], [X]], other=[MASKS, NET]),
            "nulls": NO_COUNT,
            "seed": NO_COUNT,
        },
        says={"wirings": ""},
    ),
    "lenses.topology.edit_distances": Face(
        topology.edit_distances,
        right={"mask_a": MASKS[0], "mask_b": MASKS[0]},
        ill={
            "mask_a": NO_MASK + named(empty=np.ones((0, 4)), narrow=MASKS[1]),
            "mask_b": NO_MASK + named(empty=np.ones((0, 4)), narrow=MASKS[1]),
        },
    ),
    "pruning.erdos_renyi_masks": Face(
        pruning.erdos_renyi_masks,
        right={"shapes": [(6, 4), (3, 6)], "parameters": 40, "rng": RNG},
        ill={"shapes": NO_SHAPES, "parameters": NO_SIZE, "rng": NO_RNG},
        says={"shapes": "shape"},
    ),
    "networks.changed_masks": Face(
        networks.changed_masks,
        right={"masks": [np.eye(4)], "share": 0.5, "rng": RNG},
        ill={
            "masks": NO_OBJECT + named(halves=[X], flat=[np.ones(4)], full=[np.ones((3, 4))]),
            "share": without(NO_SHARE, "zero"),
            "rng": NO_RNG,
        },
    ),
    "networks.relative_masks": Face(
        networks.relative_masks,
        right={"masks": [np.eye(4)], "number": 1, "share": 0.5},
        ill={
            "masks": NO_OBJECT + named(halves=[X], flat=[np.ones(4)], full=[np.ones((3, 4))]),
            "number": NO_COUNT,
            "share": without(NO_SHARE, "zero"),
        },
    ),
    "networks.masks_with_pixel_degrees": Face(
        networks.masks_with_pixel_degrees,
        right={"mask": np.eye(4), "rng": RNG},
        ill={"mask": NO_MASK, "rng": NO_RNG},
    ),
    "networks.masks_with_degrees": Face(
        networks.masks_with_degrees,
        right={"mask": np.eye(4), "rng": RNG},
        ill={"mask": NO_MASK, "rng": NO_RNG},
    ),
}
