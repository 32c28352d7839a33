"""Networks of the explorer of regions, as Python and as node take them: what its tests share."""

import numpy as np

import mbh_utils as mbh
from mbh_utils.explorers import regions
from mbh_utils.explorers.packing import unpack

SQUARE = mbh.Plane.rectangle((-1, -1), (1, 1))


def told_layers(told: dict, moves=()) -> list:
    """Layers of a network of the page's data, with neurons moved: (neuron, bias, turn, on)."""
    layers = []
    for weight, bias in zip(told["weights"], told["biases"], strict=True):
        layers.append((unpack(weight).copy(), unpack(bias).copy()))
    ends = np.cumsum(told["widths"])
    for neuron, bias, turn, on in moves:
        layer = int(np.searchsorted(ends, neuron, side="right"))
        row = neuron - (int(ends[layer - 1]) if layer else 0)
        weight, biases = layers[layer]
        angle = np.deg2rad(turn)
        side = unpack(told["turns"][layer])[row]
        weight[row] = (np.cos(angle) * weight[row] + np.sin(angle) * side) * on
        biases[row] = bias if on else -1.0
    return layers


def plane_of(told: dict) -> mbh.Plane:
    corners = np.reshape(told["corners"], (-1, 2))
    return mbh.Plane.rectangle(corners.min(axis=0), corners.max(axis=0))


def plain(name: str, layers, plane=SQUARE) -> dict:
    """A network as node takes it: plain lists."""
    turns = [regions.turn_directions(np.asarray(weight, float)) for weight, _ in layers]
    return {
        "name": name,
        "widths": [len(bias) for _, bias in layers],
        "weights": [np.ravel(weight).tolist() for weight, _ in layers],
        "biases": [np.ravel(bias).tolist() for _, bias in layers],
        "turns": [turn.ravel().tolist() for turn in turns],
        "corners": plane.corners.ravel().tolist(),
    }


def random_layers(hidden, seed, density=1.0):
    network = mbh.Network(2, hidden, 2, seed=seed, bias_std=0.4)
    rng = np.random.default_rng(seed)
    masks = [rng.random(mask.shape) < density for mask in network.masks]
    network.set_masks(masks)
    return mbh.hidden_layers(network)


def texts(partition, widths) -> list[str]:
    """Patterns as the page writes them."""
    ends = np.cumsum(widths)[:-1]
    return [
        " ".join("".join(map(str, part.astype(int))) for part in np.split(row, ends))
        for row in partition.patterns
    ]
