"""Ill values of every kind of argument: ``NO_COUNT`` lists what is no count, and so on."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from ill_calls.good import BITS, DATA, NET, OWN, PLANE, REGIONS, SAMPLES, SIGMA, SQUARE, TABLE, X, Y
from torch import nn

import mbh_utils as mbh


class Named(NamedTuple):
    """An ill value, made anew for each call, and what it is called in a failure."""

    name: str
    make: Callable


def named(**values) -> list[Named]:
    """Ill values by their names."""
    return [Named(name, lambda value=value: value) for name, value in values.items()]


def without(ill: list[Named], *names: str) -> list[Named]:
    """These values but for those that are right here."""
    unknown = set(names) - {value.name for value in ill}
    assert not unknown, f"no ill value is called {unknown}"
    return [value for value in ill if value.name not in names]


# -- nothing that the package works on

NESTED = []
NESTED.append(NESTED)
GENERATOR = Named("a generator", lambda: (object() for _ in range(3)))
ENDLESS = [
    Named("endless", lambda: itertools.repeat(0.5)),
    Named("a long range", lambda: range(10**12)),
    Named("a longer range", lambda: range(10**30)),
]
NO_THING = named(
    none=None,
    text="abc",
    bytes=b"abc",
    dict={"a": 1},
    set={1, 2},
    object=object(),
    function=len,
    type=int,
    ellipsis=...,
    complex=1j,
    nested=NESTED,
    list_of_none=[None],
    list_of_text=["a"],
)
PLAIN = named(three=3, number=2.5, true=True, empty=[], numbers=[1, 2])
NO_OBJECT = [*NO_THING, *PLAIN, GENERATOR]

# -- numbers and words

NOT_ONE_NUMBER = NO_THING + named(
    empty=[],
    pair=[1, 2],
    array=np.ones(2),
    digit="1",
    nan=np.nan,
    array_of_text=np.array("1"),
)
NO_NUMBER = NOT_ONE_NUMBER + named(
    true=True,
    numpy_true=np.True_,
    infinite=np.inf,
    minus_infinite=-np.inf,
    huge=10**400,
)
NO_WHOLE = without(NO_NUMBER, "huge") + named(
    half=2.5,
    whole_float=3.0,
    numpy_float=np.float64(3),
    fraction=Fraction(1, 2),
)
NO_COUNT = NO_WHOLE + named(minus_one=-1, most_negative=-(10**30))
NO_SIZE = NO_COUNT + named(zero=0, huge_size=10**30)
NO_SHARE = NO_NUMBER + named(zero=0, more_than_one=1.1, negative=-0.1)
NO_FLAG = NO_THING + named(
    empty=[],
    two=2,
    minus_one=-1,
    half=0.5,
    nan=np.nan,
    array=np.ones(2, bool),
    yes="yes",
)
NO_PROGRESS = without(NO_FLAG, "none", "function", "type")
NO_TEXT = without(NO_OBJECT, "text")
NO_WORD = NO_OBJECT + named(unknown="nope", capital="LAST", list_of_words=["last"])
NO_NAME = NO_THING + named(
    three=3,
    number=2.5,
    true=True,
    empty_text="",
    list_of_words=["digits8"],
)

# -- arrays


def no_array(good: np.ndarray) -> list[Named]:
    """What is no array of finite numbers like a good one."""
    good = np.asarray(good, dtype=np.float64)
    first = (0,) * good.ndim

    def with_value(value, dtype=np.float64):
        changed = good.astype(dtype)
        changed[first] = value
        return changed

    masked = np.ma.masked_equal(good, good[first])
    plain = without(NO_THING, "list_of_none", "list_of_text")
    return [*plain, GENERATOR, *ENDLESS] + named(
        data=DATA,
        complex_array=good * 1j,
        masked=masked,
        text=good.astype(str),
        objects=with_value(None, object),
        words=with_value("x", object),
        nan=with_value(np.nan),
        infinite=with_value(-np.inf),
        scalar=1.0,
        deeper=good[None, None],
        ragged=[[1.0, 2.0], [3.0]],
        dates=np.full(good.shape, "2020-01-01", "M8[D]"),
        fields=np.zeros(good.shape, "f8,f8"),
        complex_tensor=torch.tensor(good) * 1j,
        meta_tensor=torch.empty(good.shape, device="meta"),
        nan_frame=pd.DataFrame(with_value(np.nan).reshape(len(good), -1)),
        none_inside=[[None] * 2] * 2,
        huge=with_value(10**400, object),
        masked_in_list=list(masked),
    )


NO_POINTS = no_array(X[:3]) + named(
    one_point=X[:1],
    flat=X[0],
    no_point=X[:0],
    no_input=X[:3, :0],
    equal=X[[0, 0, 0]],
    far=X[:3] * 1e200,
    near=X[:3] * 1e-200,
)
NO_IMAGES = no_array(X) + named(
    flat=X[0],
    narrow=X[:, :3],
    wide=np.ones((3, 5)),
    no_input=X[:, :0],
)
NO_LABELS = without(no_array(Y), "masked_in_list") + named(
    floats=Y * 1.0,
    truths=Y > 0,
    short=Y[:5],
    negative=Y - 1,
    column=Y[:, None],
    billion=np.where(Y == 2, 10**9, Y),
    beyond=np.where(Y == 2, 2**62, Y),
    unsigned=np.full(30, 2**63, np.uint64),
)
NO_BITS = no_array(BITS) + named(counts=BITS * 3.0, flat=BITS[0])

# -- data and networks

NO_DATA = NO_OBJECT + named(samples=SAMPLES, images=X, pair=(X, Y), name="digits8")
NO_SAMPLES = NO_OBJECT + named(
    data=DATA,
    images=X,
    pair=(X, Y),
    tensor=torch.tensor(X),
    none_of_them=SAMPLES.take([]),
)
NO_NETWORK = NO_OBJECT + named(
    data=DATA,
    plane=PLANE,
    empty_module=nn.Sequential(),
    images=X,
    one_array=[np.eye(4)],
    complex_weights=[(np.eye(4) * 1j, np.zeros(4))],
    masked_weights=[(np.ma.masked_equal(np.eye(4), 0), np.zeros(4))],
    nan_bias=[(np.eye(4), np.full(4, np.nan))],
    text_weights=[(np.eye(4).astype(str), np.zeros(4))],
    long_bias=[(np.eye(4), np.zeros(5))],
    none_weights=[(None, None)],
    other_inputs=[(np.eye(9), np.zeros(9))],
    module_class=nn.Linear,
)
NO_OWN_NETWORK = NO_NETWORK + named(
    sequential=OWN,
    list_of_networks=[NET],
    linear=nn.Linear(4, 3),
)
NO_WIDTHS = [*without(NO_OBJECT, "numbers"), *ENDLESS[1:]] + named(
    no_layer=(),
    zero=(6, 0),
    negative=(-1, 3),
    halves=(2.5, 3),
    truths=(True, 3),
    words=("6", "3"),
    huge=(10**30, 3),
    large=(10**9, 10**9),
    float_array=np.array([6.0, 3.0]),
    nested=[[6, 3]],
)
WIDTHS_OR_NUMBER = without(NO_WIDTHS, "three") + named(zero=0, negative=-3, huge_number=10**30)
NO_SHAPES = NO_OBJECT + named(
    no_layer=[],
    zero=[(0, 4)],
    halves=[(2.5, 4)],
    triples=[(6, 4, 1)],
    huge=[(-1, -1)],
)
NO_RNG = NO_OBJECT + named(old=np.random.RandomState(0))
NO_DEVICE = without(NO_OBJECT, "none") + named(
    cuda_that_is_not_there="cuda:77",
    meta="meta",
    other="mps",
    index=99,
    tensor=torch.ones(2),
    empty_text="",
)

# -- planes, patterns and regions

NO_PLANE = NO_OBJECT + named(
    points=X[:3],
    list_of_planes=[PLANE],
    plane_of_two=SQUARE,
    samples=SAMPLES,
    partition=REGIONS,
)
NO_PLANES = NO_OBJECT + named(
    points=X[:3],
    plane_of_two=SQUARE,
    samples=SAMPLES,
    mixed=[PLANE, 3],
    other=[SQUARE],
)
NO_PLANE_OR_PLANES = [
    *without(NO_PLANE, "list_of_planes", "empty"),
    *named(mixed=[PLANE, 3], other=[PLANE, SQUARE], nested=[[PLANE]]),
    Named("generator", lambda: (plane for plane in [PLANE])),
]
NO_PATTERN = NO_OBJECT + named(
    bits=BITS,
    list_of_patterns=[SIGMA],
    other=mbh.DecisionPattern([99], [True]),
)
NO_PATTERNS = without(NO_OBJECT, "a generator") + named(
    bits=BITS,
    pattern=SIGMA,
    other=[mbh.DecisionPattern([99], [True])],
    mixed=[SIGMA, 3],
)
NO_PARTITION = NO_OBJECT + named(plane=PLANE, bits=BITS, network=NET, pattern=SIGMA)

# -- tables and figures

NO_TABLE = NO_OBJECT + named(
    no_row=TABLE[:0],
    no_column=TABLE[[]],
    array=X,
    series=TABLE["s"],
    other=pd.DataFrame({"a": [1]}),
)
NO_AXES = without(NO_OBJECT, "none") + named(figure=TABLE)
