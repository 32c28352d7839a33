"""What several tests of pictures draw, and what they read from a picture."""

import numpy as np
import pandas as pd
import torch
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from mbh_utils import Line, Plane, partition_input_space
from mbh_utils.networks import LENET
from mbh_utils.regions.planes import polygon_area

#: What a legend says of bands.
SPREAD = "band: smallest to largest model"

#: The network of Figure 3.2: 20 regions on any square that holds [-1, 6]^2.
F1 = [
    (np.array([[-1.0, 1], [1, 1]]), np.array([0.0, -4])),
    (np.array([[-1.0, -3], [-3, -1]]), np.array([4.0, 4])),
    (np.array([[1.0, 3], [3, 1]]), np.array([-4.0, -4])),
]
PLANE = Plane.rectangle((-2, -3), (7, 6))


def network_of(*layers: tuple) -> torch.nn.Sequential:
    """A network with these weights and biases, the last of which are those of the output."""
    modules = []
    for weight, bias in layers:
        linear = torch.nn.Linear(len(weight[0]), len(bias))
        linear.weight.data = torch.tensor(weight, dtype=torch.float64)
        linear.bias.data = torch.tensor(bias, dtype=torch.float64)
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


def on_a_line():
    """A network on [0, 4], whose neurons change at 1, 2 and 3 and whose class changes at 3.5."""
    hidden = [[1], [-1], [1]], [-1, 2, -3]
    output = [[0, 0, 1], [0, 0, 0]], [0, 0.5]
    line = Line([0.0], [[1.0]], 0.0, 4.0, [1.0, 3.0])
    return partition_input_space(network_of(hidden, output), line, decision_boundary=True)


def measured() -> pd.DataFrame:
    """Set-ups as in the thesis, three models each."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "setup": setup.number,
            "n_hidden": setup.n_hidden,
            "parameters": setup.parameters,
            "density": (setup.parameters - setup.n_hidden) / 265_200,
            "model": model,
            "s": rng.random(),
            "accuracy": rng.random(),
            "per_area": rng.random(),
        }
        for setup in LENET.setups(784)
        for model in range(3)
    ]
    return pd.DataFrame(rows)


def labels(ax) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def area(path: Path) -> float:
    """Area of all polygons of a path together."""
    return sum(polygon_area(polygon[:-1]) for polygon in path.to_polygons(closed_only=True))


def patches(ax) -> list[PathPatch]:
    return [artist for artist in ax.get_children() if isinstance(artist, PathPatch)]
