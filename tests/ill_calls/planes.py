"""Ill calls of planes, lines and blocks."""

import numpy as np
from ill_calls.face import Face
from ill_calls.good import DATA, LINE, PLANE, RNG, X, ones
from ill_calls.values import (
    NO_COUNT,
    NO_DATA,
    NO_IMAGES,
    NO_NUMBER,
    NO_POINTS,
    NO_RNG,
    NO_WORD,
    named,
    no_array,
    without,
)

import mbh_utils as mbh

FACES = {
    "Plane": Face(
        mbh.Plane,
        right={"origin": np.zeros(4), "basis": np.eye(4)[:2], "low": [0, 0], "high": [1, 1]},
        ill={
            "origin": no_array(ones()) + named(short=ones(3), far=ones() * 1e200),
            "basis": no_array(np.eye(4)[:2])
            + named(one_row=np.eye(4)[:1], slanted=np.ones((2, 4)), long=2 * np.eye(4)[:2]),
            "low": no_array(np.zeros(2))
            + named(above=[2, 0], equal=[1, 0], far=[-1e200, -1e200], short=[0]),
            "high": no_array(np.ones(2))
            + named(below=[-2, 1], equal=[0, 1], near=[1e-200, 1e-200], far=[1e160, 1e160]),
            "spanning": without(no_array(X[:3, :2]), "none") + named(wide=X[:3], flat=X[0]),
            "polygon": without(no_array(X[:3, :2]), "none")
            + named(
                wide=X[:3],
                two=[[0, 0], [1, 1]],
                straight=[[0, 0], [1, 1], [2, 2]],
                bow=[[0, 0], [1, 1], [1, 0], [0, 1]],
                far=[[0, 0], [1e180, 0], [0, 1e180]],
            ),
        },
        says={"origin": "", "basis": "basis", "low": "", "high": "", "polygon": ""},
    ),
    "Plane.through": Face(
        mbh.Plane.through,
        right={"points": X[:3]},
        ill={
            "points": NO_POINTS + named(four=X[:4]),
            "margin": NO_NUMBER + named(zero=0, negative=-1, overflows=1e150, underflows=1e-150),
            "domain": NO_WORD + named(segment="segment"),
            "low": named(limit_of_a_square=0),
            "high": named(limit_of_a_square=0),
        },
        says={"points": "point", "margin": ""},
    ),
    "Plane.through, box": Face(
        lambda **given: mbh.Plane.through(X[:3], domain="box", **given),
        right={"low": 0.0, "high": 1.0},
        ill={
            "low": without(no_array(ones()), "none", "scalar")
            + named(above=2, short=[0, 0], true=True, far=-1e200, beside=[0.999] * 4),
            "high": without(no_array(ones()), "none", "scalar")
            + named(below=-2, short=[1, 1], true=True, far=1e200),
        },
        says={"low": "", "high": ""},
    ),
    "Plane.rectangle": Face(
        mbh.Plane.rectangle,
        right={"low": [0, 0], "high": [1, 1]},
        ill={
            "low": no_array(np.zeros(2)) + named(far=[-1e160] * 2, above=[1, 1], three=[0, 0, 0]),
            "high": no_array(np.ones(2)) + named(near=[1e-160] * 2, far=[1e308] * 2),
        },
        says={"low": "", "high": ""},
    ),
    "Plane.with_domain": Face(
        PLANE.with_domain,
        right={"corners": X[:3, :2]},
        ill={
            "corners": no_array(X[:3, :2])
            + named(two=X[:2, :2], far=X[:3, :2] * 1e150, near=X[:3, :2] * 1e-150)
        },
        says={"corners": ""},
    ),
    "Plane.embed": Face(
        PLANE.embed,
        right={"uv": X[:, :2]},
        ill={"uv": no_array(X[:, :2]) + named(flat=[0, 0], wide=X)},
    ),
    "Plane.project": Face(
        PLANE.project,
        right={"points": X},
        ill={"points": without(NO_IMAGES, "flat") + named(flat=X[0])},
    ),
    "Plane.contains": Face(
        PLANE.contains,
        right={"uv": X[:, :2]},
        ill={"uv": no_array(X[:, :2]) + named(flat=[0, 0], wide=X)},
    ),
    "Plane.sample": Face(
        PLANE.sample,
        right={"n": 3, "rng": RNG},
        ill={"n": NO_COUNT + named(huge=10**30, large=10**9), "rng": NO_RNG},
    ),
    "Line": Face(
        mbh.Line,
        right={"origin": np.zeros(4), "basis": np.eye(4)[:1], "low": 0.0, "high": 1.0},
        ill={
            "origin": no_array(ones()) + named(short=ones(3), far=ones() * 1e200),
            "basis": no_array(np.eye(4)[:1]) + named(plane=np.eye(4)[:2], long=2 * np.eye(4)[:1]),
            "low": NO_NUMBER + named(above=2, equal=1, far=-1e300),
            "high": NO_NUMBER + named(below=-2, near=1e-300, far=1e300),
            "spanning": without(no_array(np.ones(2)), "none") + named(wide=X),
        },
        says={"origin": "", "low": "", "high": ""},
    ),
    "Line.through": Face(
        mbh.Line.through,
        right={"points": X[:2]},
        ill={
            "points": without(NO_POINTS, "near") + named(three=X[:3], near=X[:2] * 1e-250),
            "margin": NO_NUMBER + named(zero=0, negative=-1, overflows=1e250),
            "domain": NO_WORD + named(square="square"),
        },
        says={"points": "point", "margin": ""},
    ),
    "Line.embed": Face(
        LINE.embed,
        right={"t": X[:, 0]},
        ill={"t": no_array(X[:, 0]) + named(wide=X)},
    ),
    "Line.project": Face(
        LINE.project,
        right={"points": X},
        ill={"points": without(NO_IMAGES, "flat") + named(flat=X[0])},
    ),
    "Line.contains": Face(
        LINE.contains,
        right={"t": X[:, 0]},
        ill={"t": no_array(X[:, 0]) + named(wide=X)},
    ),
    "Line.sample": Face(
        LINE.sample,
        right={"n": 3, "rng": RNG},
        ill={"n": NO_COUNT + named(huge=10**30, large=10**9), "rng": NO_RNG},
    ),
    "Block": Face(
        mbh.Block,
        right={
            "origin": np.zeros(4),
            "basis": np.eye(4)[:3],
            "low": np.zeros(3),
            "high": np.ones(3),
        },
        ill={
            "origin": no_array(ones()) + named(short=ones(3), far=ones() * 1e200),
            "basis": without(no_array(np.eye(4)[:3]), "none")
            + named(none=None, slanted=np.ones((3, 4)), two=np.eye(4)[:2]),
            "low": no_array(np.zeros(3)) + named(above=2 * np.ones(3), short=[0, 0]),
            "high": no_array(np.ones(3)) + named(below=-np.ones(3), far=np.ones(3) * 1e308),
        },
        says={"origin": "", "basis": "", "low": "", "high": ""},
    ),
    "Block.whole": Face(
        mbh.Block.whole,
        right={"data": DATA},
        ill={"data": NO_DATA},
    ),
    "Block.through": Face(
        mbh.Block.through,
        right={"points": X[:4]},
        ill={
            "points": NO_POINTS + named(six=X[:6]),
            "margin": NO_NUMBER + named(zero=0, negative=-1, overflows=1e200),
        },
        says={"points": "point", "margin": ""},
    ),
    "Block.sample": Face(
        mbh.Block.whole(DATA).sample,
        right={"n": 3, "rng": RNG},
        ill={"n": NO_COUNT + named(huge=10**30), "rng": NO_RNG},
    ),
}
