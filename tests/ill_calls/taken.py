"""Calls that look ill and are not, each with a check of what comes back."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from ill_calls.good import BITS, DATA, LINE, NET, PLANE, REGIONS, SAMPLES, SIGMA, X, Y
from torch import nn

import mbh_utils as mbh
from mbh_utils import bounds, plots


class Taken(NamedTuple):
    """A call that looks ill and is not, and whether its result is what is meant."""

    call: Callable
    right: Callable


def plane_of(points) -> Taken:
    """These points span the plane of the first three rows of X."""
    return Taken(
        lambda: mbh.Plane.through(points),
        lambda plane: np.allclose(plane.embed(plane.spanning), X[:3], atol=1e-2),
    )


def data_of(images, labels=Y) -> Taken:
    """These images and labels are taken for X and Y."""

    def right(data) -> bool:
        return np.allclose(data.train.images, X, atol=1e-2) and (data.train.labels == Y).all()

    return Taken(lambda: mbh.from_arrays(images, labels, images, labels), right)


def like_net(network: mbh.Network) -> bool:
    """Whether a network has the widths of NET."""
    return network.hidden == NET.hidden


TENSOR = torch.tensor(X, requires_grad=True)
TAKEN = {
    "points that want gradients": plane_of(TENSOR[:3]),
    "points as a list of tensors": plane_of(list(TENSOR[:3])),
    "points of bfloat16": plane_of(TENSOR[:3].bfloat16()),
    "points of float16": plane_of(X[:3].astype(np.float16)),
    "points of a pandas table": plane_of(pd.DataFrame(X[:3])),
    "points as objects": plane_of(X[:3].astype(object)),
    "points in Fortran's order, read-only": plane_of(
        np.broadcast_to(np.asfortranarray(X[:3]), (3, 4))
    ),
    "points of the other byte order": plane_of(X[:3].astype(">f8")),
    "points of which none is masked": plane_of(np.ma.masked_less(X[:3], -1)),
    "samples as points": plane_of(SAMPLES.take([0, 1, 2])),
    "whole numbers as points": Taken(
        lambda: mbh.Plane.through([[0, 0], [10**20, 0], [0, 10**20]]), lambda p: p.area > 1e39
    ),
    "fractions as points": Taken(
        lambda: mbh.Line.through([[Fraction(1, 2)], [Decimal("1.5")]]),
        lambda line: line.area == 1.5,
    ),
    "True and False as pixels": Taken(
        lambda: mbh.from_arrays(X > 0.5, Y, X > 0.5, Y),
        lambda data: data.train.images.sum() == (X > 0.5).sum(),
    ),
    "images that want gradients": data_of(TENSOR),
    "images of a conjugate": data_of(torch.complex(TENSOR, TENSOR).conj().real),
    "labels of a pandas series": data_of(X, pd.Series(Y, dtype="Int64")),
    "labels as a list": data_of(X.tolist(), Y.tolist()),
    "labels as objects": data_of(X, Y.astype(object)),
    "labels with gaps": Taken(
        lambda: mbh.from_arrays(X, Y + 9_000, X, Y), lambda data: data.n_classes == 9_003
    ),
    "letters as classes": Taken(
        lambda: mbh.from_arrays(X, Y, X, Y, classes="abc"),
        lambda data: data.classes == ("a", "b", "c"),
    ),
    "numbers as classes": Taken(
        lambda: mbh.from_arrays(X, Y, X, Y, classes=range(5)), lambda data: data.n_classes == 5
    ),
    "widths of numpy": Taken(lambda: mbh.lenet(DATA, np.array([6, 3])), like_net),
    "a width in an array": Taken(
        lambda: mbh.lenet(DATA, np.array(3)), lambda net: net.hidden == (9, 3)
    ),
    "widths of a tensor": Taken(lambda: mbh.feed_forward(DATA, torch.tensor([6, 3])), like_net),
    "parameters of numpy": Taken(
        lambda: mbh.lenet(DATA, (6, 3), parameters=np.int8(40)), lambda net: net.n_parameters == 40
    ),
    "a seed of numpy": Taken(
        lambda: mbh.lenet(DATA, (6, 3), seed=np.uint8(0), bias_std=0.1).masks,
        lambda masks: len(masks) == 2,
    ),
    "a seed beyond 64 bits": Taken(lambda: mbh.lenet(DATA, (6, 3), seed=10**400), like_net),
    "a margin in an array": Taken(
        lambda: mbh.Plane.through(X[:3], margin=np.array(1.5)),
        lambda plane: plane.area == PLANE.area,
    ),
    "a margin in a tensor": Taken(
        lambda: mbh.Plane.through(X[:3], margin=torch.tensor(1.5, requires_grad=True)),
        lambda plane: plane.area == PLANE.area,
    ),
    "limits of the box as tensors": Taken(
        lambda: mbh.Plane.through(X[:3], domain="box", low=torch.zeros(4), high=[1]),
        lambda plane: plane.area > 0,
    ),
    "1 for True": Taken(
        lambda: mbh.partition_input_space(NET, PLANE, exact=1, decision_boundary=np.True_),
        lambda found: found.exact is True and len(found.classes),
    ),
    "one name to keep": Taken(
        lambda: mbh.partition_input_space(NET, PLANE, keep="areas"),
        lambda found: found.areas.sum() == pytest.approx(PLANE.area),
    ),
    "one plane for several": Taken(
        lambda: mbh.specialization_table(NET, SAMPLES, PLANE, [0.8]), lambda table: len(table) == 3
    ),
    "a list of planes": Taken(
        lambda: mbh.partition_input_space(NET, [PLANE, LINE]),
        lambda found: [regions.plane for regions in found] == [PLANE, LINE],
    ),
    "no plane in a list": Taken(
        lambda: mbh.partition_input_space(NET, ()), lambda found: found == []
    ),
    "one coverage for several": Taken(
        lambda: mbh.specialization_table(NET, SAMPLES, [PLANE], 0.8), lambda table: len(table) == 3
    ),
    "planes one by one": Taken(
        lambda: mbh.specialization(NET, SAMPLES, (p for p in [PLANE, LINE])),
        lambda s: -1e-9 < s < 1,
    ),
    "images as samples": Taken(
        lambda: mbh.maximal_pattern(NET, TENSOR), lambda sigma: sigma == SIGMA
    ),
    "a pandas table as samples": Taken(
        lambda: mbh.maximal_pattern(NET, pd.DataFrame(X.astype(np.float32))),
        lambda sigma: sigma == SIGMA,
    ),
    "weights that want gradients": Taken(
        lambda: mbh.activation_patterns(
            [(m.live_weight, m.bias) for m in NET.hidden_layers], SAMPLES
        ),
        lambda bits: (bits == BITS).all(),
    ),
    "weights as lists": Taken(
        lambda: mbh.activation_patterns(
            [(m.live_weight.tolist(), m.bias.tolist()) for m in NET.hidden_layers], SAMPLES
        ),
        lambda bits: (bits == BITS).all(),
    ),
    "patterns of 0 and 1": Taken(
        lambda: SIGMA.satisfied_by(BITS.astype(float)),
        lambda found: (found == SIGMA.satisfied_by(BITS)).all(),
    ),
    "an empty pattern": Taken(
        lambda: REGIONS.blanket(mbh.DecisionPattern([], [])),
        lambda found: found.share == pytest.approx(1),
    ),
    "no pattern": Taken(lambda: REGIONS.blanket_areas([]), lambda areas: areas.shape == (0,)),
    "no plane in a table": Taken(
        lambda: mbh.specialization_table(NET, SAMPLES, [], [0.8]), lambda table: len(table) == 0
    ),
    "a batch larger than the data": Taken(
        lambda: mbh.train(NET.copy(), DATA, iterations=1, batch_size=10**9),
        lambda history: list(history.accuracy) == [1],
    ),
    "a set of milestones": Taken(
        lambda: mbh.train(NET.copy(), DATA, iterations=4, milestones={2, 0}),
        lambda history: list(history.accuracy) == [0, 2, 4],
    ),
    "a set of what to keep": Taken(
        lambda: mbh.partition_input_space(NET, PLANE, keep={"areas", "patterns"}),
        lambda found: len(found.areas) == len(found.patterns),
    ),
    "keys of a dict": Taken(
        lambda: mbh.maximal_patterns(NET, SAMPLES, {0.5: "a", 0.8: "b"}.keys()),
        lambda found: found[1] == SIGMA,
    ),
    "milestones of numpy": Taken(
        lambda: mbh.train(NET.copy(), DATA, iterations=4, milestones=np.linspace(0, 4, 3)),
        lambda history: list(history.accuracy) == [0, 2, 4],
    ),
    "a device as torch has it": Taken(
        lambda: mbh.train_stack(
            [NET.copy()], DATA, mbh.Recipe(1), seeds=[0], device=torch.device("cpu")
        ),
        len,
    ),
    "accuracy of a module without parameters": Taken(
        lambda: mbh.accuracy(nn.ReLU(), SAMPLES), lambda share: 0 <= share <= 1
    ),
    "accuracy of float64 weights": Taken(
        lambda: mbh.accuracy(NET.copy().double(), SAMPLES),
        lambda share: share == mbh.accuracy(NET, SAMPLES),
    ),
    "a chapter by its number": Taken(
        lambda: mbh.open_chapter(3), lambda chapter: chapter.name.startswith("03")
    ),
    "a bound in more dimensions than lines": Taken(
        lambda: bounds.zaslavsky(5, 10**30), lambda n: n == 32
    ),
    "bounds of very many inputs": Taken(
        lambda: bounds.serra(10**30, (3, 3)), lambda n: n == bounds.serra(6, (3, 3))
    ),
    "bounds of a thousand layers": Taken(
        lambda: bounds.serra(1, [3] * 1000), lambda n: n == 4**1000
    ),
    "an image that is not flat": Taken(
        lambda: plots.image(X[:1].reshape(2, 2), (2, 2)),
        lambda ax: ax.images[0].get_array().shape == (2, 2),
    ),
    "a decision pattern as states": Taken(
        lambda: plots.network_diagram(NET, SIGMA), lambda ax: len(ax.texts) == len(SIGMA)
    ),
}
