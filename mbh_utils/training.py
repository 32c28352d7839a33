"""Training of one network, or of a whole stack of same-shaped networks at once (thesis, section 6.1 and Table A.1).

A stack holds networks of one architecture that differ in mask, seed or initial weights. All of them take each
step together: batched products, one fused Adam. For each network the result is that of training it alone (on the
CPUs tried, to the last bit, which a test holds); for many small networks it is several times faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm  # not tqdm.auto, whose bars in notebooks are widgets

from mbh_utils.errors import MBHError
from mbh_utils.networks import Network, stream


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam on cross entropy, without early stopping (Table A.1)."""

    iterations: int = 50_000
    batch_size: int = 60
    learning_rate: float = 1.2e-3

    def __post_init__(self):
        whole = isinstance(self.iterations, Integral) and isinstance(self.batch_size, Integral)
        if not whole or self.iterations < 0 or self.batch_size < 1 or not 0 < self.learning_rate < float("inf"):
            raise MBHError(f"{self}: iterations must be a whole number >= 0, batch_size one >= 1 and learning_rate > 0")


@dataclass
class History:
    """What was seen at the checkpoints of one network's training.

    accuracy: iteration -> share of the validation samples classified correctly, in [0, 1].
    networks: iteration -> copy of the network as it was then.
    """

    accuracy: dict[int, float] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)


@torch.no_grad()
def accuracy(network: torch.nn.Module, samples) -> float:
    """Share of the samples that the network classifies correctly, in [0, 1]."""
    if not len(samples):
        raise MBHError("accuracy needs at least one sample")
    device = next(network.parameters()).device
    images, labels = torch.tensor(samples.images), torch.tensor(samples.labels)
    hits = [
        (network(x.to(device)).argmax(dim=1).cpu() == y).sum()
        for x, y in zip(images.split(10_000), labels.split(10_000), strict=True)
    ]
    return float(sum(hits)) / len(samples)


def train(
    network: Network,
    data,
    *,
    iterations: int = 50_000,
    seed: int = 0,
    batch_size: int = 60,
    learning_rate: float = 1.2e-3,
    checkpoints: Sequence[int] = (),
    progress: bool = False,
) -> History:
    """Train a network in place; what its checkpoints (and the end) looked like comes back.

    seed: order of the minibatches. The same seed gives the same network on the same CPU.
    """
    recipe = Recipe(iterations, batch_size, learning_rate)
    return train_stack([network], data, recipe, seeds=[seed], checkpoints=checkpoints, progress=progress)[0]


def train_stack(
    networks: Sequence[Network],
    data,
    recipe: Recipe = Recipe(),
    *,
    seeds: Sequence[int],
    checkpoints: Sequence[int] = (),
    device: str | torch.device | None = None,
    progress: bool = False,
) -> list[History]:
    """Train networks of one architecture together, in place; one History per network.

    seeds: one per network; networks of equal seed see the same minibatches, as each of them would alone.
    checkpoints: iterations at which accuracy is measured and a copy kept; the last iteration always is.
    device: where to train; by default CUDA where there is one.

    Raises MBHError for networks that do not match each other or the data, or when training diverges.
    """
    _check(networks, data, seeds, checkpoints, recipe)
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    images = torch.tensor(data.train.images, device=device)
    labels = torch.tensor(data.train.labels, device=device)
    stack = _Stack(networks, device)
    optimiser = torch.optim.Adam([stack.values], lr=recipe.learning_rate, fused=True)
    orders = {seed: _Order(len(images), recipe.batch_size, seed) for seed in dict.fromkeys(seeds)}
    member = torch.tensor([list(orders).index(seed) for seed in seeds], device=device)
    histories = [History() for _ in networks]
    stops = {*checkpoints, recipe.iterations}

    for iteration in tqdm(
        range(recipe.iterations + 1), desc="training", unit="it", disable=not progress, mininterval=1
    ):
        if iteration in stops:
            stack.write_back(networks)
            for network, history in zip(networks, histories, strict=True):
                if not all(p.isfinite().all() for p in network.parameters()):
                    raise MBHError(f"training diverged before iteration {iteration}: try a smaller learning_rate")
                history.accuracy[iteration] = accuracy(network, data.validation)
                history.networks[iteration] = network.copy()
        if iteration == recipe.iterations:
            break
        batch = torch.stack([order.next() for order in orders.values()]).to(device)
        if len(orders) == 1:  # one order for all: no copy per member
            x = images[batch[0]].expand(len(networks), -1, -1)
            y = labels[batch[0]].expand(len(networks), -1)
        else:
            x, y = images[batch][member], labels[batch][member]
        stack.backpropagate(x, y)
        optimiser.step()
    return histories


class _Stack:
    """Parameters of S same-shaped networks, and their gradients, each in one flat tensor with a view per layer.

    Backpropagation is written out: for networks this small autograd's bookkeeping costs several times what the
    arithmetic does. One flat tensor lets Adam take its step in a single call.
    """

    @torch.no_grad()
    def __init__(self, networks: Sequence[Network], device: torch.device):
        layers = list(zip(*(network.linears for network in networks), strict=True))
        weights = [torch.stack([m.weight.T for m in layer]) for layer in layers]  # (S, n_in, n_out)
        biases = [torch.stack([m.bias[None] for m in layer]) for layer in layers]  # (S, 1, n_out)
        masks = [torch.stack([m.mask.T for m in layer]) for layer in layers[:-1]]
        self.shapes = [p.shape for p in (*weights, *biases)]
        flat = torch.cat([p.flatten() for p in (*weights, *biases)])
        # Padded to whole cache lines: Adam rounds an incomplete one otherwise, and so would a network's last bits
        # depend on which others share its stack.
        self.values = functional.pad(flat, (0, -len(flat) % 64)).to(device)
        self.values.grad = torch.zeros_like(self.values)
        self.weights, self.biases = self._views(self.values)
        self.weight_gradients, self.bias_gradients = self._views(self.values.grad)
        live = torch.cat([mask.flatten() for mask in masks]).to(device)
        self.mask = None if live.all() else live.float()

    def _views(self, flat: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        sizes = [shape.numel() for shape in self.shapes]
        parts = flat[: sum(sizes)].split(sizes)
        views = [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]
        return views[: len(views) // 2], views[len(views) // 2 :]

    @torch.no_grad()
    def backpropagate(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Set the gradients of each network's mean cross entropy; x (S, batch, n_inputs), y (S, batch)."""
        activations = [x]
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            activations.append(x.relu_() if i < len(self.weights) - 1 else x)
        delta = torch.softmax(activations.pop(), dim=2)
        delta.scatter_add_(2, y[..., None], delta.new_full((*y.shape, 1), -1.0)).div_(y.shape[1])
        for i in reversed(range(len(self.weights))):
            torch.bmm(activations[i].transpose(1, 2), delta, out=self.weight_gradients[i])
            torch.sum(delta, dim=1, keepdim=True, out=self.bias_gradients[i])
            if i:
                delta = torch.bmm(delta, self.weights[i].transpose(1, 2)).mul_(activations[i] > 0)
        # With zero gradient and zero moments Adam leaves a masked weight at exactly zero.
        if self.mask is not None:
            self.values.grad[: len(self.mask)].mul_(self.mask)

    @torch.no_grad()
    def write_back(self, networks: Sequence[Network]) -> None:
        """Copy the parameters into the networks."""
        for i, network in enumerate(networks):
            for layer, weight, bias in zip(network.linears, self.weights, self.biases, strict=True):
                layer.weight.copy_(weight[i].T)
                layer.bias.copy_(bias[i, 0])


class _Order:
    """Minibatches of one seed: a fresh permutation per epoch, an incomplete last batch left out."""

    def __init__(self, n_samples: int, batch_size: int, seed: int):
        self.rng, self.n_samples, self.size = stream(seed, "batches"), n_samples, min(batch_size, n_samples)
        self.queue: list[torch.Tensor] = []

    def next(self) -> torch.Tensor:
        if not self.queue:
            order = torch.from_numpy(self.rng.permutation(self.n_samples))
            self.queue = [batch for batch in order.split(self.size) if len(batch) == self.size][::-1]
        return self.queue.pop()


def _check(networks, data, seeds, checkpoints, recipe) -> None:
    if not networks or len(networks) != len(seeds):
        raise MBHError(f"one seed per network is needed, got {len(networks)} networks and {len(seeds)} seeds")
    shapes = {(n.n_inputs, n.hidden, n.n_classes) for n in networks}
    if len(shapes) > 1:
        raise MBHError(f"a stack holds networks of one architecture, got {sorted(shapes)}")
    n_inputs, _, n_classes = shapes.pop()
    if (n_inputs, n_classes) != (data.n_inputs, data.n_classes):
        raise MBHError(
            f"the networks take {n_inputs} inputs to {n_classes} classes, "
            f"but {data.name} has {data.n_inputs} and {data.n_classes}"
        )
    if bad := [c for c in checkpoints if not (0 <= c <= recipe.iterations and c == int(c))]:
        raise MBHError(f"checkpoints {bad} are no whole numbers in 0..{recipe.iterations}")
    for part, samples in (("training", data.train), ("validation", data.validation)):
        if not np.isfinite(samples.images).all():
            raise MBHError(f"the {part} images of {data.name} contain NaN or infinite values; mend them first")
        if not ((samples.labels >= 0) & (samples.labels < n_classes)).all():
            raise MBHError(f"the {part} labels of {data.name} must lie in 0..{n_classes - 1}, one for each class")
