"""What right calls are made of: small data, a network, planes, and what follows from them."""

import pathlib

import numpy as np
import pandas as pd
from torch import nn

import mbh_utils as mbh
from mbh_utils import widgets
from mbh_utils.workbook import chapters
from mbh_utils.workbook.chapter import Chapter

RNG = np.random.default_rng(0)
X = RNG.random((30, 4))
Y = np.arange(30) % 3
DATA = mbh.from_arrays(X, Y, X, Y, classes=("a", "b", "c"), name="small")
SAMPLES = DATA.validation
NET = mbh.lenet(DATA, (6, 3), bias_std=0.1)
OWN = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
PLANE = mbh.Plane.through(X[:3])
LINE = mbh.Line.through(X[:2])
SQUARE = mbh.Plane.rectangle()
REGIONS = mbh.partition_input_space(NET, PLANE, decision_boundary=True)
SIGMA = mbh.maximal_pattern(NET, SAMPLES)
VIEW = widgets.blanket_view(NET, REGIONS, SAMPLES, 1, 0.8)
BITS = mbh.activation_patterns(NET, SAMPLES)
TABLE = pd.DataFrame(
    {
        "setup": [1, 1, 2],
        "parameters": [9, 9, 7],
        "density": [1.0, 1.0, 0.5],
        "n_hidden": [4, 4, 4],
        "accuracy": [0.5, 0.6, 0.7],
        "s": [0.1, 0.2, 0.3],
        "coverage": [0.8, 0.8, 0.8],
        "trained": [True, True, False],
        "kind": ["dense", "ticket", "reinitialised"],
        "n_regions": [5, 6, 7],
        "area": 1.0,
        "domain": "square",
        "margin": 1.5,
        "plane": 0,
        "class": 0,
    }
)
CHAPTER = Chapter(chapters.declaration("01_sparsity"), "quick", 0, pathlib.Path("/nowhere"))


def ones(n: int = 4) -> np.ndarray:
    """An array of ones, as a limit of the input space."""
    return np.full(n, 1.0)
