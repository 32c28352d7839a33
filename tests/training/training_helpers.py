"""What several tests of training use: small data, small networks, and plain torch as an oracle."""

import numpy as np
import torch
from torch import nn

from mbh_utils import from_arrays
from mbh_utils.computing.seeds import stream
from mbh_utils.networks import Network, feed_forward
from mbh_utils.training.recipe import Recipe, State


def clusters(n: int = 150, seed: int = 0):
    """Three classes in 8 inputs that a small network learns."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 2 * n)
    noise = rng.normal(0.2, 0.12, (2 * n, 8))
    images = np.clip(0.25 * labels[:, None] + noise, 0, 1).astype(np.float32)
    return from_arrays(images[:n], labels[:n], images[n:], labels[n:], name="clusters")


DATA = clusters()


def small(seed: int = 0, parameters: int | None = None, hidden=(7, 5)) -> Network:
    return feed_forward(DATA, hidden, parameters=parameters, seed=seed, bias_std=0.1)


def same(a: Network, b: Network) -> bool:
    return all(
        torch.equal(p, q)
        for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def plain(network: Network) -> nn.Sequential:
    """The same network as plain torch layers."""
    layers = []
    for layer in network.linears:
        twin = nn.Linear(layer.in_features, layer.out_features, dtype=layer.weight.dtype)
        twin.load_state_dict({"weight": layer.weight, "bias": layer.bias})
        layers += [twin, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train_plainly(
    network: Network, data, iterations: int, seed: int, batch_size: int = 60
) -> nn.Sequential:
    """The oracle: torch.optim.Adam on a plain Sequential; masked weights have no gradient."""
    model = plain(network)
    rng = stream(seed, "batches")
    batches = []
    optimiser = torch.optim.Adam(model.parameters(), lr=1.2e-3)
    images = torch.tensor(data.train.images)
    labels = torch.tensor(data.train.labels)
    for _ in range(iterations):
        if not batches:
            order = rng.permutation(len(images))
            batches = [
                order[i : i + batch_size] for i in range(0, len(order) - batch_size + 1, batch_size)
            ]
        batch = batches.pop(0)
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        for layer, mask in zip(model[::2], [*network.masks, network.output_mask], strict=True):
            layer.weight.grad[torch.tensor(~mask)] = 0
        optimiser.step()
    return model


def largest_difference(network: Network, model: nn.Sequential) -> float:
    pairs = zip(network.linears, model[::2], strict=True)
    gaps = [getattr(a, k) - getattr(b, k) for a, b in pairs for k in ("weight", "bias")]
    return max(float(gap.detach().abs().max()) for gap in gaps)


def engine(kind, members, data=DATA, batch_size: int = 60, iteration: int = 0):
    start = [State(iteration, {})] * len(members)
    return kind(
        members, start, data, Recipe(10, batch_size), [0] * len(members), torch.device("cpu")
    )


def sized(n: int, d: int, classes: int = 3, seed: int = 0):
    rng = np.random.default_rng(seed)
    images = rng.random((n, d), dtype=np.float32)
    labels = np.arange(n) % classes
    return from_arrays(images, labels, images[:classes], labels[:classes], name="sized")


def gradients(network: Network, x, y) -> list[tuple]:
    """Of the mean cross entropy by the layers' weights (zero where pruned) and biases, by torch."""
    model = plain(network)
    nn.functional.cross_entropy(model(x), y).backward()
    pairs = zip(model[::2], network.linears, strict=True)
    return [
        (m.weight.grad * getattr(n, "mask", torch.ones_like(m.weight)), m.bias.grad)
        for m, n in pairs
    ]
