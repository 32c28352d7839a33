"""The public face through a table of ill calls: each ends in an MBHError that names the argument, in nothing else.

The table is the product of public callables, their arguments and ill values, plus calls written out. Beside it stands
what looks ill and is taken as meant, with a check of what comes back.
"""

import functools
import inspect
import itertools
import pathlib
import signal
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import mbh_utils as mbh
from mbh_utils import datasets, experiments, plots
from mbh_utils.computing import require
from mbh_utils.errors import MBHError
from mbh_utils.explorers import blanket as widgets
from mbh_utils.networks import pruning
from mbh_utils.regions import bounds, patterns
from mbh_utils.workbook import chapters
from mbh_utils.workbook.chapter import Chapter

SECONDS = 10  # of one call; most take a millisecond
RNG = np.random.default_rng(0)
X, Y = RNG.random((30, 4)), np.arange(30) % 3
DATA = mbh.from_arrays(X, Y, X, Y, classes=("a", "b", "c"), name="small")
SAMPLES = DATA.validation
NET = mbh.lenet(DATA, (6, 3), bias_std=0.1)
OWN = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
PLANE, LINE, SQUARE = mbh.Plane.through(X[:3]), mbh.Line.through(X[:2]), mbh.Plane.rectangle()
REGIONS = mbh.partition_input_space(NET, PLANE, decision_boundary=True)
SIGMA = mbh.maximal_pattern(NET, SAMPLES)
VIEW = widgets.blanket_view(NET, REGIONS, SAMPLES, 1, 0.8)
BITS = mbh.activation_patterns(NET, SAMPLES)
TABLE = pd.DataFrame(
    {
        "setup": [1, 1, 2], "parameters": [9, 9, 7], "density": [1.0, 1.0, 0.5], "n_hidden": [4, 4, 4],
        "accuracy": [0.5, 0.6, 0.7], "s": [0.1, 0.2, 0.3], "coverage": [0.8, 0.8, 0.8], "trained": [True, True, False],
        "kind": ["dense", "ticket", "reinitialised"], "n_regions": [5, 6, 7], "area": 1.0, "plane": 0, "class": 0,
    }
)  # fmt: skip

# ------------------------------------------------------------------------------------------------- ill values

NESTED = []
NESTED.append(NESTED)


class Named(NamedTuple):
    """An ill value, or a function that makes it where one call uses it up, and what it is called in a failure."""

    name: str
    make: Callable


def named(**values) -> list[Named]:
    return [Named(name, lambda value=value: value) for name, value in values.items()]


def without(ill: list[Named], *names: str) -> list[Named]:
    """These values but for those that are right here."""
    return [value for value in ill if value.name not in names]


GENERATOR = Named("a generator", lambda: (object() for _ in range(3)))
NO_THING = [  # nothing that the package works on
    *named(
        none=None,
        text="abc",
        bytes=b"abc",
        dict={"a": 1},
        set={1, 2},
        object=object(),
        function=len,
        type=int,
    ),
    *named(ellipsis=..., complex=1j, nested=NESTED, list_of_none=[None], list_of_text=["a"]),
]
ENDLESS = [Named("endless", lambda: itertools.repeat(0.5)), Named("a long range", lambda: range(10**12)),
           Named("a longer range", lambda: range(10**30))]  # fmt: skip
NO_OBJECT = [*NO_THING, *named(three=3, number=2.5, true=True, empty=[], numbers=[1, 2]), GENERATOR]
NO_TEXT = without(NO_OBJECT, "text")
NOT_ONE_NUMBER = [
    *NO_THING,
    *named(
        empty=[], pair=[1, 2], array=np.ones(2), digit="1", nan=np.nan, array_of_text=np.array("1")
    ),
]
NO_NUMBER = [
    *NOT_ONE_NUMBER,
    *named(true=True, numpy_true=np.True_, infinite=np.inf, minus_infinite=-np.inf, huge=10**400),
]
NO_WHOLE = [
    *NO_NUMBER[:-1],
    *named(half=2.5, whole_float=3.0, numpy_float=np.float64(3), fraction=Fraction(1, 2)),
]
NO_COUNT = [*NO_WHOLE, *named(minus_one=-1, most_negative=-(10**30))]
NO_SIZE = [*NO_COUNT, *named(zero=0, huge_size=10**30)]
NO_SHARE = [*NO_NUMBER, *named(zero=0, more_than_one=1.1, negative=-0.1)]
NO_FLAG = [
    *NO_THING,
    *named(empty=[], two=2, minus_one=-1, half=0.5, nan=np.nan, array=np.ones(2, bool), yes="yes"),
]
NO_PROGRESS = without(NO_FLAG, "none", "function", "type")
NO_WORD = [*NO_OBJECT, *named(unknown="nope", capital="LAST", list_of_words=["last"])]
NO_NAME = [
    *NO_THING,
    *named(three=3, number=2.5, true=True, empty_text="", list_of_words=["digits8"]),
]
NO_AXES = [v for v in NO_OBJECT if v.name != "none"] + named(figure=TABLE)


def no_array(good: np.ndarray) -> list[Named]:
    """What is no array of finite numbers like a good one."""
    good = np.asarray(good, dtype=np.float64)
    first = (0,) * good.ndim

    def with_value(value, dtype=np.float64):
        changed = good.astype(dtype)
        changed[first] = value
        return changed

    return [
        *NO_OBJECT[:11], GENERATOR, *ENDLESS,
        *named(
            data=DATA, complex_array=good * 1j, masked=np.ma.masked_equal(good, good[first]), text=good.astype(str),
            objects=with_value(None, object), words=with_value("x", object), nan=with_value(np.nan),
            infinite=with_value(-np.inf), scalar=1.0, deeper=good[None, None], ragged=[[1.0, 2.0], [3.0]],
            dates=np.full(good.shape, "2020-01-01", "M8[D]"), fields=np.zeros(good.shape, "f8,f8"),
            complex_tensor=torch.tensor(good) * 1j, meta_tensor=torch.empty(good.shape, device="meta"),
            nan_frame=pd.DataFrame(with_value(np.nan).reshape(len(good), -1)), none_inside=[[None] * 2] * 2,
            huge=with_value(10**400, object), masked_in_list=list(np.ma.masked_equal(good, good[first])),
        ),
    ]  # fmt: skip


NO_POINTS = [*no_array(X[:3]), *named(one_point=X[:1], flat=X[0], no_point=X[:0], no_input=X[:3, :0],
             equal=X[[0, 0, 0]], far=X[:3] * 1e200, near=X[:3] * 1e-200)]  # fmt: skip
NO_IMAGES = [
    *no_array(X),
    *named(flat=X[0], narrow=X[:, :3], wide=np.ones((3, 5)), no_input=X[:, :0]),
]
NO_SAMPLES = [
    *NO_OBJECT,
    *named(data=DATA, images=X, pair=(X, Y), tensor=torch.tensor(X), none_of_them=SAMPLES.take([])),
]
NO_NETWORK = [*NO_OBJECT, *named(data=DATA, plane=PLANE, empty_module=nn.Sequential(),
              images=X, one_array=[np.eye(4)], complex_weights=[(np.eye(4) * 1j, np.zeros(4))],
              masked_weights=[(np.ma.masked_equal(np.eye(4), 0), np.zeros(4))],
              nan_bias=[(np.eye(4), np.full(4, np.nan))],
              text_weights=[(np.eye(4).astype(str), np.zeros(4))],
              long_bias=[(np.eye(4), np.zeros(5))],
              none_weights=[(None, None)], other_inputs=[(np.eye(9), np.zeros(9))],
              module_class=nn.Linear)]  # fmt: skip
NO_OWN_NETWORK = [
    *NO_NETWORK,
    *named(sequential=OWN, list_of_networks=[NET], linear=nn.Linear(4, 3)),
]
NO_PLANE = [
    *NO_OBJECT,
    *named(
        points=X[:3],
        list_of_planes=[PLANE],
        plane_of_two=SQUARE,
        samples=SAMPLES,
        partition=REGIONS,
    ),
]
NO_PLANES = [
    *NO_OBJECT,
    *named(points=X[:3], plane_of_two=SQUARE, samples=SAMPLES, mixed=[PLANE, 3], other=[SQUARE]),
]
NO_PLANE_OR_PLANES = [
    *without(NO_PLANE, "list_of_planes", "empty"),
    *named(mixed=[PLANE, 3], other=[PLANE, SQUARE], nested=[[PLANE]], generator=(p for p in [PLANE])),
]
NO_DATA = [*NO_OBJECT, *named(samples=SAMPLES, images=X, pair=(X, Y), name="digits8")]
NO_PATTERN = [
    *NO_OBJECT,
    *named(bits=BITS, list_of_patterns=[SIGMA], other=mbh.DecisionPattern([99], [True])),
]
NO_PATTERNS = [
    *NO_OBJECT[:-1],
    *named(bits=BITS, pattern=SIGMA, other=[mbh.DecisionPattern([99], [True])], mixed=[SIGMA, 3]),
]
NO_PARTITION = [*NO_OBJECT, *named(plane=PLANE, bits=BITS, network=NET, pattern=SIGMA)]
NO_TABLE = [
    *NO_OBJECT,
    *named(
        no_row=TABLE[:0],
        no_column=TABLE[[]],
        array=X,
        series=TABLE["s"],
        other=pd.DataFrame({"a": [1]}),
    ),
]
NO_WIDTHS = [*NO_OBJECT[:-2], GENERATOR, *ENDLESS[1:], *named(no_layer=(), zero=(6, 0), negative=(-1, 3),
             halves=(2.5, 3), truths=(True, 3), words=("6", "3"), huge=(10**30, 3), large=(10**9, 10**9),
             float_array=np.array([6.0, 3.0]), nested=[[6, 3]])]  # fmt: skip
WIDTHS_OR_NUMBER = [v for v in NO_WIDTHS if v.name != "three"] + named(
    zero=0, negative=-3, huge_number=10**30
)
NO_BITS = [*no_array(BITS), *named(counts=BITS * 3.0, flat=BITS[0])]
NO_SHAPES = [
    *NO_OBJECT,
    *named(no_layer=[], zero=[(0, 4)], halves=[(2.5, 4)], triples=[(6, 4, 1)], huge=[(-1, -1)]),
]
NO_RNG = [*NO_OBJECT, *named(old=np.random.RandomState(0))]
NO_DEVICE = without(NO_OBJECT, "none") + named(
    cuda_that_is_not_there="cuda:77",
    meta="meta",
    other="mps",
    index=99,
    tensor=torch.ones(2),
    empty_text="",
)
NO_LABELS = [*no_array(Y)[:-1], *named(floats=Y * 1.0, truths=Y > 0, short=Y[:5], negative=Y - 1, column=Y[:, None],
             billion=np.where(Y == 2, 10**9, Y), beyond=np.where(Y == 2, 2**62, Y),
             unsigned=np.full(30, 2**63, np.uint64))]  # fmt: skip


# ------------------------------------------------------------------------------------------------- the table


class Face(NamedTuple):
    """A public callable, a right call of it, and ill values of each of its arguments."""

    function: Callable
    right: dict
    ill: dict[str, list[Named]]
    says: dict[
        str, str
    ] = {}  # argument -> a word of the message, where it is not the argument's name


def ones(n: int = 4) -> np.ndarray:
    return np.full(n, 1.0)


IMAGES = without(NO_IMAGES, "narrow", "wide")
FACES = {
    "load_dataset": Face(
        mbh.load_dataset,
        {"name": "digits8", "download": False, "progress": False},
        {"name": NO_NAME, "download": NO_FLAG, "progress": NO_FLAG},
        {"name": "data set"},
    ),
    "from_arrays": Face(
        mbh.from_arrays,
        {"train_images": X, "train_labels": Y, "validation_images": X, "validation_labels": Y, "low": 0.0,
            "high": 1.0},
        {
            "train_images": NO_IMAGES, "train_labels": NO_LABELS, "validation_images": NO_IMAGES,
            "validation_labels": NO_LABELS, "name": NO_TEXT,
            "classes": without(NO_OBJECT, "none", "text", "generator", "a generator",
                "list_of_text") + ENDLESS + named(equal=["a", "a", "b"], few=["a"]),
            "low": without(no_array(ones()), "none", "scalar") + named(above=2.0, short=[0, 0], true=True),
            "high": without(no_array(ones()), "none", "scalar") + named(below=-2.0, short=[1, 1], inside=0.5),
            "image_shape": without(NO_OBJECT, "empty") + named(other=(3, 3), negative=(-2, -2), halves=(2.0, 2.0),
                true=(True, 4)),
        },
        {"train_images": "image", "validation_images": "image", "train_labels": "label", "validation_labels": "label",
         "low": "low", "high": "", "classes": "class"},
    ),
    "Samples": Face(mbh.Samples, {"images": X, "labels": Y},
                    {"images": without(IMAGES, "nan", "infinite", "nan_frame", "huge", "no_input"),
                     "labels": without(NO_LABELS, "negative", "billion", "beyond")}, {"images": ""}),
    "Samples.where": Face(SAMPLES.where, {"mask": Y == 1}, {"mask": [*no_array(Y), *named(numbers=Y,
        short=(Y == 1)[:3])]}, {"mask": ""}),
    "Samples.of_class": Face(SAMPLES.of_class, {"c": 1}, {"c": [*NO_WHOLE, *named(absent=7)]}, {"c": "label"}),
    "Samples.take": Face(SAMPLES.take, {"indices": [0, 1]}, {"indices": [*without(no_array(Y), "scalar"),
        *named(floats=Y * 1.0, beyond=[30], truths=Y > 0, huge=[10**30], float=1.0)]}, {"indices": "ind"}),
    "Dataset": Face(
        mbh.Dataset,
        {"name": "x", "train": SAMPLES, "validation": SAMPLES, "classes": ("a", "b", "c"), "low": 0.0, "high": 1.0},
        {"name": NO_TEXT, "train": NO_SAMPLES[:-1], "validation": NO_SAMPLES[:-1],
         "classes": without(NO_OBJECT, "text", "a generator", "list_of_text", "empty", "numbers", "nested"),
         "low": without(no_array(ones()), "scalar") + named(above=2.0, short=[0, 0]),
         "high": without(no_array(ones()), "scalar") + named(below=-2.0, short=[1, 1]),
         "image_shape": without(NO_OBJECT, "empty") + named(other=(3, 3), negative=(-2, -2), halves=(2.0, 2.0))},
        {"classes": "class"},
    ),
    "Network": Face(
        mbh.Network,
        {"n_inputs": 4, "hidden": (6, 3), "n_classes": 3},
        {"n_inputs": NO_SIZE, "hidden": NO_WIDTHS, "n_classes": NO_SIZE, "seed": NO_COUNT,
         "bias_std": [*NO_NUMBER, *named(negative=-0.1, too_large=1e39)]},
        {"n_inputs": "", "n_classes": ""},
    ),
    "Network.set_masks": Face(mbh.lenet(DATA, 2).set_masks, {"masks": [np.ones((6, 4)), np.ones((2, 6))]},
        {"masks": [*NO_OBJECT, *named(one=[np.ones((6, 4))], other=[np.ones((6, 4)), np.ones((3, 6))],
            nan=[np.full((6, 4), np.nan), np.ones((2, 6))], halves=[np.full((6, 4), 0.5), np.ones((2, 6))])]},
                {"masks": "mask"}),
    "feed_forward": Face(
        mbh.feed_forward,
        {"data": DATA, "hidden": (6, 3)},
        {"data": NO_DATA, "hidden": NO_WIDTHS, "parameters": [*NO_SIZE, *named(few=5, many=1000, text="30")][1:],
         "seed": NO_COUNT, "bias_std": [*NO_NUMBER, *named(negative=-0.1, too_large=1e39)]},
    ),
    "lenet": Face(
        mbh.lenet,
        {"data": DATA, "hidden": (6, 3)},
        {"data": NO_DATA, "hidden": [*WIDTHS_OR_NUMBER, *named(three_layers=(4, 3, 2), half=3.7, halves=(3.7,),
            true=True)],
         "parameters": [*NO_SIZE, *named(few=5, many=1000, text="100")][1:], "seed": NO_COUNT,
         "bias_std": [*NO_NUMBER, *named(negative=-0.1, too_large=1e39)]},
        {"hidden": ""},
    ),
    "deepfc": Face(
        mbh.deepfc,
        {"data": DATA, "hidden": (4, 3, 2)},
        {"data": NO_DATA, "hidden": [*WIDTHS_OR_NUMBER, *named(two_layers=(4, 3), half=3.7, true=True)],
         "parameters": [*NO_SIZE, *named(few=5, many=1000, text="100")][1:], "seed": NO_COUNT,
         "bias_std": [*NO_NUMBER, *named(negative=-0.1, too_large=1e39)]},
        {"hidden": ""},
    ),
    "winning_ticket": Face(
        mbh.winning_ticket,
        {"trained": NET, "initial": NET, "parameters": 40},
        {"trained": [*NO_OWN_NETWORK, *named(other=mbh.lenet(DATA, 5))],
         "initial": [*NO_OWN_NETWORK, *named(other=mbh.lenet(DATA, 5))], "parameters": [*NO_SIZE, *named(few=5,
             many=99)]},
    ),
    "Recipe": Face(
        mbh.Recipe,
        {},
        {"iterations": [*NO_COUNT, *named(huge=10**30)], "batch_size": without(NO_SIZE, "huge_size"),
         "learning_rate": [*NO_NUMBER, *named(zero=0, negative=-1e-3)]},
    ),
    "State": Face(mbh.State, {"iteration": 0, "arrays": {}},
                  {"iteration": NO_COUNT, "arrays": without(NO_OBJECT, "dict"), "accuracy": without(NO_OBJECT,
                      "dict")}),
    "train": Face(
        lambda **given: mbh.train(given.pop("network").copy() if given["network"] is NET else given.pop("network"),
            **given),
        {"network": NET, "data": DATA, "iterations": 2},
        {"network": [*NO_OWN_NETWORK, *named(double=mbh.lenet(DATA, 2).double(), half=mbh.lenet(DATA, 2).half())],
         "data": NO_DATA, "iterations": [*NO_COUNT, *named(huge=10**30)], "seed": NO_COUNT,
         "batch_size": without(NO_SIZE, "huge_size"), "learning_rate": [*NO_NUMBER, *named(zero=0, negative=-1e-3)],
         "milestones": without(NO_OBJECT, "empty", "numbers", "set") + named(beyond=[3], negative=[-1], halves=[0.5],
             nan=[np.nan], truths=[True], words=["1"]),
         "progress": NO_FLAG},
    ),
    "train_stack": Face(
        lambda **given: mbh.train_stack(**{**given,
            "networks": [NET.copy()]} if given["networks"] == [NET] else given),
        {"networks": [NET], "data": DATA, "recipe": mbh.Recipe(2), "seeds": [0]},
        {"networks": [*NO_OBJECT, *named(one=NET, twice=[NET, NET], own=[OWN], shared=OWN, mixed=[NET, None])],
         "data": NO_DATA, "recipe": NO_OBJECT, "seeds": [*NO_OBJECT, *named(two=[0, 1], negative=[-1], half=[0.5],
             true=[True])],
         "milestones": without(NO_OBJECT, "empty", "numbers", "set") + named(beyond=[3], halves=[0.5]),
         "device": NO_DEVICE, "progress": NO_FLAG, "every": without(NO_NUMBER, "infinite", "minus_infinite"),
         "states": without(NO_OBJECT, "none", "list_of_none") + named(two=[None, None], other=[mbh.State(1, {})],
                   far=[mbh.State(9, {})]),
         "checkpoint": without(NO_OBJECT, "none", "function", "type"), "keep": without(NO_OBJECT, "none", "function",
             "type")},
        {"seeds": "seed", "states": "state"},
    ),
    "accuracy": Face(
        mbh.accuracy, {"network": NET, "samples": SAMPLES},
        {"network": [*without(NO_NETWORK, "empty_module"), *named(lazy=nn.LazyLinear(3), narrow=nn.Linear(3,
            3), one_class=nn.Linear(4, 1),
                     pair=nn.LSTM(4, 3), meta=nn.Linear(4, 3, device="meta"), image=nn.Conv2d(1, 3, 2),
                         flat=nn.Flatten(0))],
         "samples": NO_SAMPLES},
        {"network": "network", "samples": "sample"},
    ),
    "activation_patterns": Face(
        mbh.activation_patterns, {"network": NET, "images": X},
        {"network": NO_NETWORK, "images": NO_IMAGES, "output_layer": NO_FLAG}, {"network": "", "images": "image"},
    ),
    "layer_patterns": Face(
        mbh.layer_patterns, {"network": NET, "images": X},
        {"network": NO_NETWORK, "images": NO_IMAGES, "layer": [*NO_WHOLE, *named(beyond=2, before=-3)]},
        {"network": "", "images": "image"},
    ),
    "unique_patterns": Face(mbh.unique_patterns, {"patterns": BITS}, {"patterns": NO_BITS}),
    "patterns.preactivations": Face(patterns.preactivations, {"network": NET, "images": X}, {"network": NO_NETWORK,
        "images": NO_IMAGES}, {"network": "", "images": "image"}),
    "mine_patterns": Face(mbh.mine_patterns, {"network": NET, "samples": SAMPLES},
        {"network": NO_NETWORK, "samples": NO_SAMPLES}, {"network": "", "samples": "sample"}),
    "patterns.pack": Face(patterns.pack, {"patterns": BITS}, {"patterns": NO_BITS}),
    "patterns.unpack": Face(patterns.unpack, {"packed": patterns.pack(BITS), "n_neurons": 9},
        {"packed": [*no_array(BITS), *named(bits=BITS)], "n_neurons": [*NO_COUNT, *named(many=17)]}),
    "DecisionPattern": Face(
        mbh.DecisionPattern, {"neurons": [0, 2], "states": [True, False]},
        {"neurons": [*no_array(np.arange(2)), *named(twice=[1, 1], negative=[-1, 0], halves=[0.5, 1], truths=[True,
            False], short=[1], huge=[10**30, 1])],
         "states": [*no_array(np.arange(2)), *named(halves=[0.5, 1], counts=[0, 2], short=[True])],
         "coverage": without(NO_NUMBER, "nan") + named(above=1.5, negative=-0.5)},
        {"neurons": "", "states": ""},
    ),
    "DecisionPattern.satisfied_by": Face(SIGMA.satisfied_by, {"patterns": BITS}, {"patterns": [*NO_BITS,
        *named(narrow=BITS[:, :2])]}, {"patterns": "pattern"}),
    "DecisionPattern.support": Face(SIGMA.support, {"patterns": BITS}, {"patterns": [*NO_BITS,
        *named(none_of_them=BITS[:0])]}, {"patterns": ""}),
    "Plane": Face(
        mbh.Plane, {"origin": np.zeros(4), "basis": np.eye(4)[:2], "low": [0, 0], "high": [1, 1]},
        {"origin": [*no_array(ones()), *named(short=ones(3), far=ones() * 1e200)],
         "basis": [*no_array(np.eye(4)[:2]), *named(one_row=np.eye(4)[:1], slanted=np.ones((2, 4)),
             long=2 * np.eye(4)[:2])],
         "low": [*no_array(np.zeros(2)), *named(above=[2, 0], equal=[1, 0], far=[-1e200, -1e200], short=[0])],
         "high": [*no_array(np.ones(2)), *named(below=[-2, 1], equal=[0, 1], near=[1e-200, 1e-200], far=[1e160,
             1e160])],
         "spanning": without(no_array(X[:3, :2]), "none") + named(wide=X[:3], flat=X[0]),
         "polygon": without(no_array(X[:3, :2]), "none") + named(wide=X[:3], two=[[0, 0], [1, 1]], straight=[[0, 0],
             [1, 1], [2, 2]], bow=[[0, 0], [1, 1], [1, 0], [0, 1]], far=[[0, 0], [1e180, 0], [0, 1e180]])},
        {"origin": "", "basis": "basis", "low": "", "high": "", "polygon": ""},
    ),
    "Plane.through": Face(
        mbh.Plane.through, {"points": X[:3]},
        {"points": [*NO_POINTS, *named(four=X[:4])], "margin": [*NO_NUMBER, *named(zero=0, negative=-1,
            overflows=1e150, underflows=1e-150)],
         "domain": [*NO_WORD, *named(segment="segment")], "low": named(limit_of_a_square=0),
             "high": named(limit_of_a_square=0)},
        {"points": "point", "margin": ""},
    ),
    "Plane.through, box": Face(
        lambda **given: mbh.Plane.through(X[:3], domain="box", **given), {"low": 0.0, "high": 1.0},
        {"low": without(no_array(ones()), "none", "scalar") + named(above=2, short=[0, 0], true=True, far=-1e200,
            beside=[0.999] * 4),
         "high": without(no_array(ones()), "none", "scalar") + named(below=-2, short=[1, 1], true=True, far=1e200)},
        {"low": "", "high": ""},
    ),
    "Plane.rectangle": Face(
        mbh.Plane.rectangle, {"low": [0, 0], "high": [1, 1]},
        {"low": [*no_array(np.zeros(2)), *named(far=[-1e160] * 2, above=[1, 1], three=[0, 0, 0])],
         "high": [*no_array(np.ones(2)), *named(near=[1e-160] * 2, far=[1e308] * 2)]}, {"low": "", "high": ""},
    ),
    "Plane.with_domain": Face(PLANE.with_domain, {"corners": X[:3, :2]}, {"corners": [*no_array(X[:3, :2]),
        *named(two=X[:2, :2], far=X[:3, :2] * 1e150, near=X[:3, :2] * 1e-150)]}, {"corners": ""}),
    "Plane.embed": Face(PLANE.embed, {"uv": X[:, :2]}, {"uv": [*no_array(X[:, :2]), *named(flat=[0, 0], wide=X)]}),
    "Plane.project": Face(PLANE.project, {"points": X}, {"points": without(NO_IMAGES, "flat") + named(flat=X[0])}),
    "Plane.contains": Face(PLANE.contains, {"uv": X[:, :2]}, {"uv": [*no_array(X[:, :2]), *named(flat=[0, 0],
        wide=X)]}),
    "Plane.sample": Face(PLANE.sample, {"n": 3, "rng": RNG}, {"n": [*NO_COUNT, *named(huge=10**30, large=10**9)],
        "rng": NO_RNG}),
    "Line": Face(
        mbh.Line, {"origin": np.zeros(4), "basis": np.eye(4)[:1], "low": 0.0, "high": 1.0},
        {"origin": [*no_array(ones()), *named(short=ones(3), far=ones() * 1e200)],
         "basis": [*no_array(np.eye(4)[:1]), *named(plane=np.eye(4)[:2], long=2 * np.eye(4)[:1])],
         "low": [*NO_NUMBER, *named(above=2, equal=1, far=-1e300)], "high": [*NO_NUMBER, *named(below=-2,
             near=1e-300, far=1e300)],
         "spanning": without(no_array(np.ones(2)), "none") + named(wide=X)},
        {"origin": "", "low": "", "high": ""},
    ),
    "Line.through": Face(
        mbh.Line.through, {"points": X[:2]},
        {"points": [*without(NO_POINTS, "near"), *named(three=X[:3], near=X[:2] * 1e-250)],
         "margin": [*NO_NUMBER, *named(zero=0, negative=-1, overflows=1e250)], "domain": [*NO_WORD,
             *named(square="square")]},
        {"points": "point", "margin": ""},
    ),
    "Line.embed": Face(LINE.embed, {"t": X[:, 0]}, {"t": [*no_array(X[:, 0]), *named(wide=X)]}),
    "Line.project": Face(LINE.project, {"points": X}, {"points": without(NO_IMAGES, "flat") + named(flat=X[0])}),
    "Line.contains": Face(LINE.contains, {"t": X[:, 0]}, {"t": [*no_array(X[:, 0]), *named(wide=X)]}),
    "Line.sample": Face(LINE.sample, {"n": 3, "rng": RNG}, {"n": [*NO_COUNT, *named(huge=10**30, large=10**9)],
        "rng": NO_RNG}),
    "Block": Face(
        mbh.Block, {"origin": np.zeros(4), "basis": np.eye(4)[:3], "low": np.zeros(3), "high": np.ones(3)},
        {"origin": [*no_array(ones()), *named(short=ones(3), far=ones() * 1e200)],
         "basis": [*without(no_array(np.eye(4)[:3]), "none"), *named(none=None, slanted=np.ones((3, 4)),
             two=np.eye(4)[:2])],
         "low": [*no_array(np.zeros(3)), *named(above=2 * np.ones(3), short=[0, 0])],
         "high": [*no_array(np.ones(3)), *named(below=-np.ones(3), far=np.ones(3) * 1e308)]},
        {"origin": "", "basis": "", "low": "", "high": ""},
    ),
    "Block.whole": Face(mbh.Block.whole, {"data": DATA}, {"data": NO_DATA}),
    "Block.through": Face(mbh.Block.through, {"points": X[:4]}, {"points": [*NO_POINTS, *named(six=X[:6])],
        "margin": [*NO_NUMBER, *named(zero=0, negative=-1, overflows=1e200)]}, {"points": "point", "margin": ""}),
    "Block.sample": Face(mbh.Block.whole(DATA).sample, {"n": 3, "rng": RNG}, {"n": [*NO_COUNT, *named(huge=10**30)],
        "rng": NO_RNG}),
    "partition_input_space": Face(
        mbh.partition_input_space, {"network": NET, "plane": PLANE},
        {"network": NO_NETWORK, "plane": NO_PLANE_OR_PLANES, "output_layer": NO_FLAG, "exact": NO_FLAG,
            "progress": NO_PROGRESS, "decision_boundary": NO_FLAG,
         "keep": without(NO_WORD, "empty")},
        {"network": ""},
    ),
    "expected_cost": Face(
        mbh.expected_cost, {"network": NET, "plane": PLANE, "seconds": 0.1},
        {"network": NO_NETWORK, "plane": NO_PLANE, "output_layer": NO_FLAG,
         "seconds": [*NO_NUMBER, *named(zero=0)], "seed": NO_COUNT},
        {"network": ""},
    ),
    "Partition.layer_patterns": Face(REGIONS.layer_patterns, {"layer": 0}, {"layer": [*NO_WHOLE, *named(beyond=2,
        before=-3)]}),
    "Partition.blanket": Face(REGIONS.blanket, {"pattern": SIGMA}, {"pattern": NO_PATTERN}),
    "Partition.blanket_areas": Face(REGIONS.blanket_areas, {"patterns": [SIGMA]}, {"patterns": without(NO_PATTERNS,
        "empty")}, {"patterns": "pattern"}),
    "Partition.affine_map": Face(REGIONS.affine_map, {"region": 0, "layer": 0}, {"region": [*NO_WHOLE,
        *named(beyond=10**6, before=-(10**6))], "layer": [*NO_WHOLE, *named(beyond=2, before=-3, word="input")]}),
    "Partition.locate": Face(REGIONS.locate, {"uv": X[:, :2]}, {"uv": [*no_array(X[:, :2]), *named(flat=[0, 0],
        wide=X)]}),
    "Partition.save": Face(REGIONS.save, {}, {"path": without(NO_OBJECT, "text") + named(empty="", folder="/",
        zero="a\0b")}),
    "Partition.load": Face(mbh.Partition.load, {}, {"path": [*NO_OBJECT, *named(empty="", folder="/", zero="a\0b",
        absent="/nowhere/file.npz")]}, {"path": ""}),
    "maximal_pattern": Face(
        mbh.maximal_pattern, {"network": NET, "samples": SAMPLES},
        {"network": NO_NETWORK, "samples": [*NO_IMAGES, *named(none_of_them=SAMPLES.take([]))], "coverage": NO_SHARE,
            "scope": NO_WORD,
         "strict": NO_FLAG, "output_layer": NO_FLAG},
        {"network": "", "samples": ""},
    ),
    "maximal_patterns": Face(
        mbh.maximal_patterns, {"network": NET, "samples": SAMPLES, "coverages": [0.8]},
        {"network": NO_NETWORK, "samples": NO_IMAGES, "coverages": [*without(NO_OBJECT, "empty"), *named(zero=[0],
            above=[1.5], nan=[np.nan])],
         "scope": NO_WORD, "strict": NO_FLAG},
        {"network": "", "samples": "", "coverages": "coverage"},
    ),
    "smallest_pattern": Face(
        mbh.smallest_pattern, {"network": NET, "samples": SAMPLES, "plane": PLANE, "coverage": 0.8},
        {"network": NO_NETWORK, "samples": NO_IMAGES, "plane": NO_PLANE, "coverage": NO_SHARE}, {"network": "",
            "samples": ""},
    ),
    "specialization": Face(
        mbh.specialization, {"network": NET, "samples": SAMPLES, "planes": [PLANE]},
        {"network": NO_NETWORK, "samples": NO_IMAGES, "planes": NO_PLANES, "coverage": NO_SHARE, "scope": NO_WORD},
        {"network": "", "samples": "", "planes": "plane"},
    ),
    "specialization_table": Face(
        mbh.specialization_table, {"network": NET, "samples": SAMPLES, "planes": [PLANE], "coverages": [0.8]},
        {"network": NO_NETWORK, "samples": NO_SAMPLES[:-1], "planes": without(NO_PLANES, "empty"),
         "coverages": [*without(NO_OBJECT, "empty"), *named(zero=[0], above=[1.5])], "scope": NO_WORD},
        {"network": "", "samples": "", "planes": "plane", "coverages": "coverage"},
    ),
    "sampled_shares": Face(
        mbh.sampled_shares, {"network": NET, "patterns": [SIGMA], "domain": PLANE, "n": 100},
        {"network": NO_NETWORK, "patterns": without(NO_PATTERNS, "empty"), "domain": [*NO_OBJECT,
            *named(points=X[:3], other=SQUARE, planes=[PLANE])],
         "n": NO_SIZE, "confidence": [*NO_SHARE, *named(one=1)], "seed": NO_COUNT, "output_layer": NO_FLAG},
        {"network": "", "patterns": "pattern", "domain": ""},
    ),
    "open_chapter": Face(
        mbh.open_chapter, {"name": "01_sparsity"},
        {"name": without(NO_OBJECT, "three"), "profile": NO_OBJECT, "seed": NO_COUNT, "out": without(NO_OBJECT,
            "none", "text") + named(zero="a\0b", empty="")},
        {"name": "chapter", "profile": "profile"},
    ),
    "Chapter.save": Face(
        lambda **given: CHAPTER.save(**given), {"figure": plt.figure(), "figure_id": "fig-2-1", "alt": "Words.",
        "data": [1]},
        {"figure": NO_OBJECT, "figure_id": [*NO_OBJECT, *named(other="fig-1-1")], "alt": [*NO_TEXT, *named(empty=" ")],
         "data": [Named("an object", object), Named("a set", set)]}, {"figure_id": "fig-", "data": "plotted data"},
    ),
    "hidden_layers": Face(mbh.hidden_layers, {"network": NET}, {"network": without(NO_NETWORK, "other_inputs"),
        "output_layer": NO_FLAG}, {"network": ""}),
    "trace": Face(mbh.trace, {"module": OWN}, {"module": without(NO_NETWORK, "empty_module"),
        "input_shape": without(NO_OBJECT, "none", "three", "numbers") + named(zero=(0,), negative=-4, halves=(2.5,),
        huge=10**30, masked=np.ma.masked_equal([1, 4], 1)), "output_layer": NO_FLAG}),
    "Traced": Face(mbh.trace(OWN), {"x": X}, {"x": NO_IMAGES}, {"x": ""}),
    "PiecewiseLinear": Face(mbh.PiecewiseLinear, {"breakpoints": [0.0, 1.0], "slopes": [0.0, 1.0, 0.0]},
        {"breakpoints": [*no_array([0.0, 1.0]), *named(falling=[1, 0], equal=[1, 1], one=[0])],
         "slopes": [*no_array([0.0, 1.0, 0.0]), *named(two=[0, 1])], "offset": NO_NUMBER},
        {"breakpoints": "", "slopes": ""}),
    "experiments.Run": Face(experiments.Run, {"dataset": "digits8", "hidden": (6, 3), "parameters": 30, "seed": 0,
        "recipe": mbh.Recipe(2)}, {"dataset": NO_TEXT, "hidden": without(NO_WIDTHS, "no_layer", "empty", "huge",
        "large"), "parameters": without(NO_SIZE, "huge_size"), "seed": NO_COUNT, "recipe": NO_OBJECT,
        "bias_std": NO_NUMBER}),
    "bounds.zaslavsky": Face(bounds.zaslavsky, {"p": 5, "d": 2}, {"p": NO_COUNT, "d": NO_COUNT}),
    "bounds.zaslavsky, huge": Face(bounds.zaslavsky, {"p": 10**6, "d": 2}, {"d": named(half=5 * 10**5)},
        {"d": "too large"}),
    "bounds.serra": Face(bounds.serra, {"n_inputs": 2, "widths": (3, 3)}, {"n_inputs": NO_COUNT,
        "widths": without(NO_WIDTHS, "empty", "no_layer", "huge", "large")}),
    "bounds.serra, huge": Face(bounds.serra, {"n_inputs": 10**9, "widths": (3, 3)},
        {"widths": named(wide=(10**6,) * 3, wider=(10**30,) * 3)}, {"widths": "too large"}),
    "bounds.montufar": Face(bounds.montufar, {"n_inputs": 2, "widths": (3, 3)}, {"n_inputs": NO_COUNT,
        "widths": without(NO_WIDTHS, "empty", "no_layer", "huge", "large")}),
    "bounds.raghu": Face(bounds.raghu, {"n_inputs": 2, "width": 3, "depth": 2}, {"n_inputs": [*NO_COUNT,
        *named(huge=10**30)], "width": without(NO_SIZE, "huge_size"), "depth": [*NO_COUNT, *named(huge=10**30)]},
            {"n_inputs": "", "depth": ""}),
    "pruning.layer_shapes": Face(pruning.layer_shapes, {"n_inputs": 4, "hidden": (6, 3)},
        {"n_inputs": without(NO_SIZE, "huge_size"), "hidden": without(NO_WIDTHS, "empty", "no_layer", "huge",
            "large")}),
    "pruning.dense_parameters": Face(pruning.dense_parameters, {"n_inputs": 4, "hidden": (6, 3)},
        {"n_inputs": without(NO_SIZE, "huge_size"), "hidden": without(NO_WIDTHS, "empty", "no_layer", "huge",
            "large")}),
    "pruning.density": Face(pruning.density, {"n_inputs": 4, "hidden": (6, 3), "parameters": 40},
        {"n_inputs": without(NO_SIZE, "huge_size"), "hidden": without(NO_WIDTHS, "huge", "large"),
            "parameters": [*NO_SIZE, *named(few=5, many=99)]}),
    "pruning.weights_per_layer": Face(pruning.weights_per_layer, {"shapes": [(6, 4), (3, 6)], "parameters": 40},
        {"shapes": NO_SHAPES, "parameters": [*NO_SIZE, *named(few=5, many=99)]}, {"shapes": "shape"}),
    "pruning.random_masks, huge": Face(pruning.random_masks, {"shapes": [(9, 9)],
        "parameters": 10**7, "rng": RNG}, {"shapes": named(huge=[(10**6, 10**6)])}, {"shapes": "memory"}),
    "pruning.random_masks": Face(pruning.random_masks, {"shapes": [(6, 4), (3, 6)], "parameters": 40, "rng": RNG},
        {"shapes": NO_SHAPES, "parameters": NO_SIZE, "rng": NO_RNG}, {"shapes": "shape"}),
    "pruning.magnitude_masks": Face(pruning.magnitude_masks, {"weights": [X, np.ones((4, 30))], "parameters": 100},
        {"weights": [*NO_OBJECT, *named(one=X, complex=[X * 1j], masked=[np.ma.masked_less(X, 0.5)],
            nan=[X * np.nan])], "parameters": NO_SIZE}, {"weights": ""}),
    "pruning.dead_ends": Face(pruning.dead_ends, {"masks": [np.ones((3, 4)), np.ones((2, 3))]},
        {"masks": [*NO_OBJECT, *named(unchained=[np.ones((3, 4)), np.ones((2, 4))], halves=[X])]}, {"masks": "mask"}),
    "datasets.xor_with_outliers": Face(datasets.xor_with_outliers, {"n": 10}, {"n": NO_SIZE, "outliers": [*NO_NUMBER,
        *named(one=1, negative=-0.1)], "seed": NO_COUNT}),
    "datasets.describe": Face(datasets.describe, {"name": "digits8"}, {"name": NO_NAME}, {"name": "data set"}),
    "experiments.plan": Face(experiments.plan, {"profile": "quick", "names": []}, {"profile": NO_OBJECT,
        "names": without(NO_OBJECT, "empty", "list_of_text") + named(unknown=["nope"], word="grid"),
            "store": without(NO_OBJECT, "none")}, {"names": "experiment"}),
    "experiments.prepare": Face(experiments.prepare, {"profile": "quick", "names": []}, {"profile": NO_OBJECT,
        "names": without(NO_OBJECT, "empty") + named(unknown=["nope"]), "jobs": without(NO_SIZE, "none",
            "huge_size"), "store": without(NO_OBJECT, "none"), "shared": NO_FLAG}, {"names": "experiment"}),
    "experiments.table": Face(experiments.table, {"name": "grid", "profile": "quick"}, {"name": [*NO_OBJECT,
        *named(unknown="nope", toy="toy")], "profile": NO_OBJECT, "jobs": without(NO_SIZE, "none", "huge_size"),
            "store": without(NO_OBJECT, "none")}, {"name": "experiment"}),
    "experiments.write_tables": Face(experiments.write_tables, {"profile": "quick", "names": ["toy"]},
        {"profile": NO_OBJECT, "names": without(NO_OBJECT, "empty") + named(unknown=["nope"]),
            "store": without(NO_OBJECT, "none"), "folder": without(NO_OBJECT, "none", "text")},
                {"names": "experiment"}),
    "experiments.profile_named": Face(experiments.profile_named, {"name": "quick"}, {"name": NO_OBJECT},
        {"name": "profile"}),
    "experiments.run_of": Face(experiments.run_of, {"profile": "quick", "number": 1}, {"profile": NO_OBJECT,
        "number": [*NO_OBJECT[:9], *named(beyond=99, zero=0, true=True, half=1.5)], "seed": NO_COUNT,
            "dataset": without(NO_OBJECT, "none", "text")}, {"number": "set-up"}),
    "experiments.class_plane": Face(experiments.class_plane, {"dataset": "digits8", "classes": [0, 1, 2]},
        {"dataset": NO_OBJECT, "classes": [*NO_OBJECT, *named(absent=[0, 1, 77], four=[0, 1, 2, 3], two=[0, 1],
            truths=[True, False, 2])], "seed": NO_COUNT, "margin": [*NO_NUMBER, *named(zero=0)],
                "domain": [*NO_WORD, *named(segment="segment")]}, {"dataset": "data set", "classes": "class|label"}),
    "experiments.grid_planes": Face(experiments.grid_planes, {"profile": "quick", "dataset": "digits8"},
        {"profile": NO_OBJECT, "dataset": NO_OBJECT, "domain": [*NO_WORD, *named(segment="segment")],
            "margin": [*NO_NUMBER, *named(zero=0)]}, {"dataset": "data"}),
    "experiments.PlaneSet": Face(experiments.PlaneSet, {"planes": 2}, {"planes": NO_SIZE,
        "domain": [*NO_WORD, *named(segment="segment")], "margin": [*NO_NUMBER, *named(zero=0)]}, {"planes": ""}),
    "experiments.ticket_runs": Face(experiments.ticket_runs, {"profile": "quick"}, {"profile": NO_OBJECT}),
    "experiments.per_network": Face(experiments.per_network, {"table": TABLE}, {"table": NO_TABLE,
        "coverage": [*NO_SHARE, *named(absent=0.5)]}, {"table": "", "coverage": ""}),
    "plots.union": Face(plots.union, {"partition": REGIONS, "chosen": np.ones(len(REGIONS), bool)},
        {"partition": NO_PARTITION, "chosen": [*no_array(np.arange(3)), *named(short=[True])]}),
    "plots.regions": Face(plots.regions, {"partition": REGIONS}, {"partition": NO_PARTITION, "ax": NO_AXES,
        "colour_bar": NO_FLAG}),
    "plots.blanket": Face(plots.blanket, {"partition": REGIONS, "pattern": SIGMA}, {"partition": NO_PARTITION,
        "pattern": NO_PATTERN, "ax": NO_AXES, "title": NO_FLAG, "edges": NO_FLAG}),
    "plots.blanket_words": Face(plots.blanket_words, {"share": 0.5, "n_constraints": 3}, {"share": NO_NUMBER,
        "n_constraints": NO_COUNT}),
    "plots.blanket_legend": Face(plots.blanket_legend, {"figure": plt.figure()}, {"figure": NO_OBJECT,
        "what": NO_TEXT}),
    "plots.blanket_grid": Face(plots.blanket_grid, {"partition": REGIONS, "patterns": [[SIGMA]], "rows": ["r"],
        "columns": ["c"]}, {"partition": NO_PARTITION, "patterns": [*NO_OBJECT, *named(flat=[SIGMA], wide=[[SIGMA,
            SIGMA]])], "rows": [*without(NO_OBJECT, "a generator", "nested", "list_of_none", "list_of_text"),
                *named(two=["a", "b"])], "columns": [*without(NO_OBJECT, "a generator", "nested", "list_of_none",
                    "list_of_text"), *named(two=["a", "b"])]}, {"patterns": "pattern", "rows": "", "columns": ""}),
    "plots.bent_hyperplanes": Face(plots.bent_hyperplanes, {"partition": REGIONS}, {"partition": NO_PARTITION,
        "ax": NO_AXES, "legend": NO_FLAG}),
    "plots.spanning_points": Face(plots.spanning_points, {"plane": PLANE}, {"plane": [*NO_PLANE],
        "labels": [*without(NO_OBJECT, "none", "a generator"), *named(two=["a", "b"])], "ax": NO_AXES,
            "legend": NO_FLAG}),
    "plots.plane_labels": Face(plots.plane_labels, {"ax": plt.figure().add_subplot()}, {"ax": NO_OBJECT,
        "plane": without(NO_PLANE, "none", "plane_of_two")}),
    "plots.class_map": Face(plots.class_map, {"partition": REGIONS}, {"partition": [*NO_PARTITION,
        *named(without_classes=mbh.partition_input_space(NET, PLANE))], "ax": NO_AXES}),
    "plots.setup_curves": Face(plots.setup_curves, {"table": TABLE, "x": "density", "y": "s"}, {"table": NO_TABLE,
        "x": [*NO_OBJECT, *named(unknown="nope", words="kind")], "y": [*NO_OBJECT, *named(unknown="nope",
            words="kind")], "hue": [*NO_OBJECT, *named(unknown="nope", words="kind")], "ax": NO_AXES,
                "levels": NO_FLAG, "linestyle": NO_OBJECT, "band": NO_FLAG, "legend": NO_FLAG}, {"x": "column",
                    "y": "column", "hue": "column"}),
    "plots.coverage_curves": Face(plots.coverage_curves, {"table": TABLE}, {"table": NO_TABLE, "ax": NO_AXES,
        "legend": NO_FLAG}),
    "plots.ticket_curves": Face(plots.ticket_curves, {"table": TABLE}, {"table": [*NO_TABLE,
        *named(no_dense=TABLE[1:])], "ax": NO_AXES}),
    "plots.setup_scatter": Face(plots.setup_scatter, {"table": TABLE, "x": "s", "y": "accuracy"}, {"table": NO_TABLE,
        "x": [*NO_OBJECT, *named(unknown="nope", words="kind")], "y": [*NO_OBJECT, *named(unknown="nope",
            words="kind")], "ax": NO_AXES}, {"x": "column", "y": "column"}),
    "plots.setup_map": Face(plots.setup_map, {"setups": TABLE}, {"setups": NO_TABLE, "ax": NO_AXES},
        {"setups": "table"}),
    "plots.network_diagram": Face(plots.network_diagram, {"network": NET}, {"network": NO_OWN_NETWORK,
        "states": [*without(NO_OBJECT, "none"), *named(beyond={9: True}, words={"0": True}, halves={0: 0.5})],
            "ax": NO_AXES, "title": NO_TEXT}),
    "plots.image": Face(plots.image, {"pixels": X[0], "shape": (2, 2)}, {"pixels": [*without(no_array(X[0]),
        "deeper"), *named(short=X[0, :3])], "shape": [*NO_OBJECT, *named(other=(3, 3), halves=(2.0, 2.0),
            negative=(-2, -2), deeper=(2, 2, 1))], "ax": NO_AXES, "title": NO_TEXT, "label": NO_TEXT},
                {"pixels": "pixels", "shape": ""}),
    "plots.heat_map": Face(plots.heat_map, {"values": X}, {"values": [*no_array(X), *named(empty=X[:0])],
        "ax": NO_AXES, "title": NO_TEXT, "label": NO_TEXT, "limits": [*without(NO_OBJECT, "numbers"),
            *named(three=(0, 1, 2), words=("a", "b"))]}),
    "plots.text_table": Face(plots.text_table, {"table": TABLE}, {"table": without(NO_TABLE, "other"),
        "width": [*NO_NUMBER, *named(zero=0, huge=1e9)]}),
    "widgets.blanket_view": Face(widgets.blanket_view, {"network": NET, "regions": REGIONS, "samples": SAMPLES,
        "label": 1, "coverage": 0.8}, {"network": NO_NETWORK, "regions": NO_PARTITION, "samples": NO_SAMPLES,
            "label": [*NO_WHOLE, *named(absent=7)], "coverage": NO_SHARE}, {"network": "", "samples": "sample"}),
    "widgets.blanket_words": Face(widgets.blanket_words, {"view": VIEW, "name": "b"}, {"view": NO_OBJECT}),
    "widgets.blanket_figure": Face(widgets.blanket_figure, {"regions": REGIONS, "view": VIEW},
        {"regions": NO_PARTITION, "view": NO_OBJECT}),
    "widgets.blanket_explorer": Face(widgets.blanket_explorer, {"network": NET, "plane": PLANE, "data": DATA},
        {"network": NO_NETWORK, "plane": NO_PLANE, "data": NO_DATA, "label": [*NO_WHOLE, *named(absent=7)],
            "coverage": [*NO_SHARE, *named(low=0.1)]}, {"network": "", "label": "class", "coverage": "c_P"}),
}  # fmt: skip
# They write, read or compute what is not here, or have too many parameters for the right one.
UNCHECKED = (
    "Partition.save",
    "Partition.load",
    "experiments.table",
    "Chapter.save",
    "pruning.random_masks, huge",
)


CHAPTER = Chapter(chapters.declaration("01_sparsity"), "quick", 0, pathlib.Path("/nowhere"))


class Hang(BaseException):
    """A call that took too long."""


def ring(*_):
    raise Hang


def verdict(call: Callable, word: str) -> str:
    """What is wrong with how a call ended; '' where it ended in an MBHError with this word in it."""
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter(
                "ignore", ResourceWarning
            )  # garbage of other tests, collected just now
            found = call()
    except MBHError as error:
        known = any(one.lower() in str(error).lower() for one in word.split("|"))
        return "" if known else f"says nothing of {word!r}: {error}"
    except Hang:
        return f"takes more than {SECONDS} s"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return f"taken: {require.shown(found)[:80]}"


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", FACES)
def test_every_ill_argument_is_named(name):
    face, wrong = FACES[name], []
    for argument, values in face.ill.items():
        for value in values:
            call = functools.partial(face.function, **{**face.right, argument: value.make()})
            if said := verdict(call, face.says.get(argument, argument)):
                wrong.append(f"{argument}={value.name}: {said}")
    assert not wrong, f"{len(wrong)} calls of {name}:\n" + "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in FACES if name not in UNCHECKED])
def test_the_call_without_an_ill_argument_is_right(name):
    face = FACES[name]
    face.function(**face.right)


# ------------------------------------------------------------------------------------------ taken as it is meant


class Taken(NamedTuple):
    """A call that looks ill and is not, and whether its result is what is meant."""

    call: Callable
    right: Callable


def plane_of(points) -> Taken:
    return Taken(
        lambda: mbh.Plane.through(points),
        lambda plane: np.allclose(plane.embed(plane.spanning), X[:3], atol=1e-2),
    )


def data_of(images, labels=Y) -> Taken:
    def right(data) -> bool:
        return np.allclose(data.train.images, X, atol=1e-2) and (data.train.labels == Y).all()

    return Taken(lambda: mbh.from_arrays(images, labels, images, labels), right)


def like_net(network: mbh.Network) -> bool:
    return network.hidden == NET.hidden


TENSOR = torch.tensor(X, requires_grad=True)
TAKEN = {
    "points that want gradients": plane_of(TENSOR[:3]),
    "points as a list of tensors": plane_of(list(TENSOR[:3])),
    "points of bfloat16": plane_of(TENSOR[:3].bfloat16()),
    "points of float16": plane_of(X[:3].astype(np.float16)),
    "points of a pandas table": plane_of(pd.DataFrame(X[:3])),
    "points as objects": plane_of(X[:3].astype(object)),
    "points in Fortran's order, read-only": plane_of(np.broadcast_to(np.asfortranarray(X[:3]), (3, 4))),
    "points of the other byte order": plane_of(X[:3].astype(">f8")),
    "points of which none is masked": plane_of(np.ma.masked_less(X[:3], -1)),
    "samples as points": plane_of(SAMPLES.take([0, 1, 2])),
    "whole numbers as points": Taken(lambda: mbh.Plane.through([[0, 0], [10**20, 0], [0, 10**20]]),
        lambda p: p.area > 1e39),
    "fractions as points": Taken(lambda: mbh.Line.through([[Fraction(1, 2)], [Decimal("1.5")]]),
        lambda line: line.area == 1.5),
    "True and False as pixels": Taken(lambda: mbh.from_arrays(X > 0.5, Y, X > 0.5, Y),
        lambda data: data.train.images.sum() == (X > 0.5).sum()),
    "images that want gradients": data_of(TENSOR),
    "images of a conjugate": data_of(torch.complex(TENSOR, TENSOR).conj().real),
    "labels of a pandas series": data_of(X, pd.Series(Y, dtype="Int64")),
    "labels as a list": data_of(X.tolist(), Y.tolist()),
    "labels as objects": data_of(X, Y.astype(object)),
    "labels with gaps": Taken(lambda: mbh.from_arrays(X, Y + 9_000, X, Y), lambda data: data.n_classes == 9_003),
    "letters as classes": Taken(lambda: mbh.from_arrays(X, Y, X, Y, classes="abc"),
        lambda data: data.classes == ("a", "b", "c")),
    "numbers as classes": Taken(lambda: mbh.from_arrays(X, Y, X, Y, classes=range(5)),
        lambda data: data.n_classes == 5),
    "widths of numpy": Taken(lambda: mbh.lenet(DATA, np.array([6, 3])), like_net),
    "a width in an array": Taken(lambda: mbh.lenet(DATA, np.array(3)), lambda net: net.hidden == (9, 3)),
    "widths of a tensor": Taken(lambda: mbh.feed_forward(DATA, torch.tensor([6, 3])), like_net),
    "parameters of numpy": Taken(lambda: mbh.lenet(DATA, (6, 3), parameters=np.int8(40)),
        lambda net: net.n_parameters == 40),
    "a seed of numpy": Taken(lambda: mbh.lenet(DATA, (6, 3), seed=np.uint8(0), bias_std=0.1).masks,
        lambda masks: len(masks) == 2),
    "a seed beyond 64 bits": Taken(lambda: mbh.lenet(DATA, (6, 3), seed=10**400), like_net),
    "a margin in an array": Taken(lambda: mbh.Plane.through(X[:3], margin=np.array(1.5)),
        lambda plane: plane.area == PLANE.area),
    "a margin in a tensor": Taken(lambda: mbh.Plane.through(X[:3], margin=torch.tensor(1.5, requires_grad=True)),
        lambda plane: plane.area == PLANE.area),
    "limits of the box as tensors": Taken(lambda: mbh.Plane.through(X[:3], domain="box", low=torch.zeros(4),
        high=[1]), lambda plane: plane.area > 0),
    "1 for True": Taken(lambda: mbh.partition_input_space(NET, PLANE, exact=1, decision_boundary=np.True_),
        lambda found: found.exact is True and len(found.classes)),
    "one name to keep": Taken(lambda: mbh.partition_input_space(NET, PLANE, keep="areas"),
        lambda found: found.areas.sum() == pytest.approx(PLANE.area)),
    "one plane for several": Taken(lambda: mbh.specialization_table(NET, SAMPLES, PLANE, [0.8]),
        lambda table: len(table) == 3),
    "a list of planes": Taken(lambda: mbh.partition_input_space(NET, [PLANE, LINE]),
        lambda found: [regions.plane for regions in found] == [PLANE, LINE]),
    "no plane in a list": Taken(lambda: mbh.partition_input_space(NET, ()), lambda found: found == []),
    "one coverage for several": Taken(lambda: mbh.specialization_table(NET, SAMPLES, [PLANE], 0.8),
        lambda table: len(table) == 3),
    "planes one by one": Taken(lambda: mbh.specialization(NET, SAMPLES, (p for p in [PLANE, LINE])),
        lambda s: -1e-9 < s < 1),
    "images as samples": Taken(lambda: mbh.maximal_pattern(NET, TENSOR), lambda sigma: sigma == SIGMA),
    "a pandas table as samples": Taken(lambda: mbh.maximal_pattern(NET, pd.DataFrame(X.astype(np.float32))),
        lambda sigma: sigma == SIGMA),
    "weights that want gradients": Taken(lambda: mbh.activation_patterns([(m.live_weight,
        m.bias) for m in NET.hidden_layers], SAMPLES), lambda bits: (bits == BITS).all()),
    "weights as lists": Taken(lambda: mbh.activation_patterns([(m.live_weight.tolist(),
        m.bias.tolist()) for m in NET.hidden_layers], SAMPLES), lambda bits: (bits == BITS).all()),
    "patterns of 0 and 1": Taken(lambda: SIGMA.satisfied_by(BITS.astype(float)),
        lambda found: (found == SIGMA.satisfied_by(BITS)).all()),
    "an empty pattern": Taken(lambda: REGIONS.blanket(mbh.DecisionPattern([], [])),
        lambda found: found.share == pytest.approx(1)),
    "no pattern": Taken(lambda: REGIONS.blanket_areas([]), lambda areas: areas.shape == (0,)),
    "no plane in a table": Taken(lambda: mbh.specialization_table(NET, SAMPLES, [], [0.8]),
        lambda table: len(table) == 0),
    "a batch larger than the data": Taken(lambda: mbh.train(NET.copy(), DATA, iterations=1, batch_size=10**9),
        lambda history: list(history.accuracy) == [1]),
    "a set of milestones": Taken(lambda: mbh.train(NET.copy(), DATA, iterations=4, milestones={2, 0}),
        lambda history: list(history.accuracy) == [0, 2, 4]),
    "a set of what to keep": Taken(lambda: mbh.partition_input_space(NET, PLANE, keep={"areas", "patterns"}),
        lambda found: len(found.areas) == len(found.patterns)),
    "keys of a dict": Taken(lambda: mbh.maximal_patterns(NET, SAMPLES, {0.5: "a", 0.8: "b"}.keys()),
        lambda found: found[1] == SIGMA),
    "milestones of numpy": Taken(lambda: mbh.train(NET.copy(), DATA, iterations=4, milestones=np.linspace(0, 4,
        3)), lambda history: list(history.accuracy) == [0, 2, 4]),
    "a device as torch has it": Taken(lambda: mbh.train_stack([NET.copy()], DATA, mbh.Recipe(1), seeds=[0],
        device=torch.device("cpu")), len),
    "accuracy of a module without parameters": Taken(lambda: mbh.accuracy(nn.ReLU(), SAMPLES),
        lambda share: 0 <= share <= 1),
    "accuracy of float64 weights": Taken(lambda: mbh.accuracy(NET.copy().double(), SAMPLES),
        lambda share: share == mbh.accuracy(NET, SAMPLES)),
    "a chapter by its number": Taken(lambda: mbh.open_chapter(3), lambda chapter: chapter.name.startswith("03")),
    "a bound in more dimensions than lines": Taken(lambda: bounds.zaslavsky(5, 10**30), lambda n: n == 32),
    "bounds of very many inputs": Taken(lambda: bounds.serra(10**30, (3, 3)), lambda n: n == bounds.serra(6, (3, 3))),
    "bounds of a thousand layers": Taken(lambda: bounds.serra(1, [3] * 1000), lambda n: n == 4**1000),
    "an image that is not flat": Taken(lambda: plots.image(X[:1].reshape(2, 2), (2, 2)),
        lambda ax: ax.images[0].get_array().shape == (2, 2)),
    "a decision pattern as states": Taken(lambda: plots.network_diagram(NET, SIGMA),
        lambda ax: len(ax.texts) == len(SIGMA)),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_unusual_but_valid_calls_are_taken_as_meant(name):
    taken = TAKEN[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # garbage of other tests, collected just now
        found = taken.call()
    assert taken.right(found)


def test_the_table_is_large_and_covers_the_public_face():
    calls = sum(len(values) for face in FACES.values() for values in face.ill.values())
    assert calls > 5_000
    assert set(mbh._PUBLIC) - {"MBHError", "Partition"} <= set(FACES)
    for name, module in (
        ("bounds", bounds),
        ("pruning", pruning),
        ("plots", plots),
        ("patterns", patterns),
        ("widgets", widgets),
    ):
        written = {
            n
            for n, f in vars(module).items()
            if inspect.isfunction(f) and f.__module__.startswith(module.__name__)
        }
        named_here = {
            face.split(".")[1].split(",")[0] for face in FACES if face.startswith(f"{name}.")
        }
        free = {"activation_patterns", "layer_patterns", "unique_patterns", "use_style"}
        assert {n for n in written if n[0] != "_"} - free <= named_here
