"""Ill calls of bounds on the number of regions."""

from ill_calls.face import Face
from ill_calls.values import NO_COUNT, NO_SIZE, NO_WIDTHS, named, without

from mbh_utils import bounds

FACES = {
    "bounds.zaslavsky": Face(
        bounds.zaslavsky,
        right={"p": 5, "d": 2},
        ill={"p": NO_COUNT, "d": NO_COUNT},
    ),
    "bounds.zaslavsky, huge": Face(
        bounds.zaslavsky,
        right={"p": 10**6, "d": 2},
        ill={"d": named(half=5 * 10**5)},
        says={"d": "too large"},
    ),
    "bounds.serra": Face(
        bounds.serra,
        right={"n_inputs": 2, "widths": (3, 3)},
        ill={
            "n_inputs": NO_COUNT,
            "widths": without(NO_WIDTHS, "empty", "no_layer", "huge", "large"),
        },
    ),
    "bounds.serra, huge": Face(
        bounds.serra,
        right={"n_inputs": 10**9, "widths": (3, 3)},
        ill={"widths": named(wide=(10**6,) * 3, wider=(10**30,) * 3)},
        says={"widths": "too large"},
    ),
    "bounds.montufar": Face(
        bounds.montufar,
        right={"n_inputs": 2, "widths": (3, 3)},
        ill={
            "n_inputs": NO_COUNT,
            "widths": without(NO_WIDTHS, "empty", "no_layer", "huge", "large"),
        },
    ),
    "bounds.raghu": Face(
        bounds.raghu,
        right={"n_inputs": 2, "width": 3, "depth": 2},
        ill={
            "n_inputs": NO_COUNT + named(huge=10**30),
            "width": without(NO_SIZE, "huge_size"),
            "depth": NO_COUNT + named(huge=10**30),
        },
        says={"n_inputs": "", "depth": ""},
    ),
}
