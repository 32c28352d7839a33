"""What does the steps of training: compiled code on a CPU, batched products of torch on CUDA.

An engine holds networks of one architecture that stand at the same iteration. It is made of
(networks, states, data, recipe, seeds, device) and has three methods:
``advance(iteration, steps)``, ``states(iteration)`` and ``write_back(networks)``.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from mbh_utils.networks import Network
from mbh_utils.training import kernel
from mbh_utils.training.order import MinibatchOrder
from mbh_utils.training.recipe import STATE, Recipe, State


class CompiledEngine:
    """Networks of one seed on a CPU, trained by compiled code on lists of their live weights."""

    def __init__(
        self,
        networks: Sequence[Network],
        states: Sequence[State],
        data,
        recipe: Recipe,
        seeds: Sequence[int],
        device: torch.device | None = None,
    ):
        self.stack, self.places = kernel.lay_out([_masks(network) for network in networks])
        self.images = data.train.images
        self.labels = data.train.labels
        self.rate = recipe.learning_rate
        n_samples = len(self.images)
        self.order = MinibatchOrder(n_samples, recipe.batch_size, seeds[0], states[0].iteration)
        units = data.n_inputs + sum(linear.out_features for linear in networks[0].linears)
        self.scratch = [kernel.scratch(units, self.order.size) for _ in range(2)]
        for network, state, (listed, dense, _) in zip(networks, states, self.places, strict=True):
            for name, array in _arrays(network, state).items():
                getattr(self.stack, name)[listed] = array[dense]

    def advance(self, iteration: int, steps: int) -> None:
        """Train on by so many steps."""
        batches = self.order.take(steps)
        kernel.train_steps(
            self.stack, self.images, self.labels, batches, iteration, self.rate, *self.scratch
        )

    def states(self, iteration: int) -> list[State]:
        """Where the networks stand."""
        return [
            State(iteration, {name: self._to_dense(name, *place) for name in STATE})
            for place in self.places
        ]

    def _to_dense(self, name: str, listed, dense, size: int) -> np.ndarray:
        """One array of a member, in the order of :class:`State`."""
        array = np.zeros(size, np.float32)
        array[dense] = getattr(self.stack, name)[listed]
        return array

    def write_back(self, networks: Sequence[Network]) -> None:
        """Copy the parameters into the networks."""
        for network, place in zip(networks, self.places, strict=True):
            _set_parameters(network, self._to_dense("values", *place))


class BatchedEngine:
    """S networks of n parameters in one tensor (S, n) on a device, in the order of :class:`State`.

    Backpropagation is written out: for networks this small autograd's bookkeeping costs several
    times what the arithmetic does. One tensor lets Adam take its step in a single call.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        states: Sequence[State],
        data,
        recipe: Recipe,
        seeds: Sequence[int],
        device: torch.device,
    ):
        self.device = device
        self.shapes = [mask.shape for mask in _masks(networks[0])]
        live = self._stacked(_live_parameters(network) for network in networks)
        self.mask = None if live.all() else live
        self._begin_adam(networks, states, recipe.learning_rate)
        self.images = torch.tensor(data.train.images, device=device)
        self.labels = torch.tensor(data.train.labels, device=device)
        self.orders = {
            seed: MinibatchOrder(
                len(self.images), recipe.batch_size, seed, taken=states[0].iteration
            )
            for seed in dict.fromkeys(seeds)
        }
        order_of = {seed: i for i, seed in enumerate(self.orders)}
        self.member = torch.tensor([order_of[seed] for seed in seeds], device=device)

    def _stacked(self, rows: Iterable[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.stack(list(rows)).astype(np.float32)).to(self.device)

    def _begin_adam(self, networks, states: Sequence[State], learning_rate: float) -> None:
        members = [_arrays(network, state) for network, state in zip(networks, states, strict=True)]
        self.values, mean, square = (
            self._stacked(member[name] for member in members) for name in STATE
        )
        self.gradient = torch.zeros_like(self.values)
        self.values.grad = self.gradient
        self.weights, self.biases = self._views(self.values)
        self.weight_gradients, self.bias_gradients = self._views(self.gradient)
        self.optimiser = torch.optim.Adam([self.values], lr=learning_rate, fused=True)
        self.optimiser.state[self.values] = {
            "step": torch.tensor(float(states[0].iteration), device=self.device),
            "exp_avg": mean,
            "exp_avg_sq": square,
        }

    def _views(self, flat: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Of each layer the weights (S, n_in, n_out) and the biases (S, 1, n_out) in (S, n)."""
        weights = []
        biases = []
        for n_out, n_in in self.shapes:
            n_rest = flat.shape[1] - n_out * (n_in + 1)
            weight, bias, flat = flat.split([n_out * n_in, n_out, n_rest], dim=1)
            weights.append(weight.unflatten(1, (n_out, n_in)).mT)
            biases.append(bias[:, None])
        return weights, biases

    def states(self, iteration: int) -> list[State]:
        """Where the networks stand."""
        adam = self.optimiser.state[self.values]
        tensors = (self.values, adam["exp_avg"], adam["exp_avg_sq"])
        arrays = [tensor.to("cpu", copy=True).numpy() for tensor in tensors]
        return [
            State(iteration, dict(zip(STATE, rows, strict=True)))
            for rows in zip(*arrays, strict=True)
        ]

    def advance(self, iteration: int, steps: int) -> None:
        """Train on by so many steps."""
        batches = np.stack([order.take(steps) for order in self.orders.values()])
        for batch in torch.from_numpy(batches).to(self.device).unbind(1):
            self.backpropagate(*self._samples(batch))
            self.optimiser.step()

    def _samples(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and labels of each member's minibatch; batch: (orders, batch size) indices."""
        if len(batch) > 1:
            return self.images[batch][self.member], self.labels[batch][self.member]
        # One order for all: no copy per member.
        n_members = len(self.member)
        x = self.images[batch[0]].expand(n_members, -1, -1)
        y = self.labels[batch[0]].expand(n_members, -1)
        return x, y

    @torch.no_grad()
    def backpropagate(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Set the gradients of each network's mean cross entropy.

        x: images (S, batch, n_inputs). y: labels (S, batch).
        """
        n_layers = len(self.weights)
        activations = [x]
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            activations.append(x.relu_() if i < n_layers - 1 else x)
        delta = torch.softmax(activations.pop(), dim=2)
        delta.scatter_add_(2, y[..., None], delta.new_full((*y.shape, 1), -1.0)).div_(y.shape[1])
        for i in reversed(range(n_layers)):
            torch.bmm(activations[i].transpose(1, 2), delta, out=self.weight_gradients[i])
            torch.sum(delta, dim=1, keepdim=True, out=self.bias_gradients[i])
            if i:
                delta = torch.bmm(delta, self.weights[i].transpose(1, 2)).mul_(activations[i] > 0)
        # With zero gradient and zero moments Adam leaves a masked weight at exactly zero.
        if self.mask is not None:
            self.gradient.mul_(self.mask)

    def write_back(self, networks: Sequence[Network]) -> None:
        """Copy the parameters into the networks."""
        for network, values in zip(networks, self.values.cpu().numpy(), strict=True):
            _set_parameters(network, values)


# ----------------------------------------------------------------- parameters as flat arrays


def _masks(network: Network) -> list[np.ndarray]:
    """Masks of all layers, the output layer's too, each (n_out, n_in) bool."""
    return [*network.masks, network.output_mask]


def _live_parameters(network: Network) -> np.ndarray:
    """1 for each parameter that exists, 0 for each pruned weight; in the order of a State."""
    return np.concatenate([np.r_[mask.ravel(), np.ones(len(mask))] for mask in _masks(network)])


def _arrays(network: Network, state: State) -> dict[str, np.ndarray]:
    """Those of the state, or of a network whose training has not begun."""
    if state.arrays:
        return state.arrays
    values = flat_parameters(network)
    return {"values": values, "mean": np.zeros_like(values), "square": np.zeros_like(values)}


def flat_parameters(network: Network) -> np.ndarray:
    """Parameters of a network, (n,) float32, in the order of :class:`State`."""
    parts = [
        parameter.detach().cpu().flatten()
        for linear in network.linears
        for parameter in (linear.weight, linear.bias)
    ]
    return torch.cat(parts).float().numpy()


@torch.no_grad()
def _set_parameters(network: Network, values: np.ndarray) -> None:
    """The other way round."""
    rest = torch.from_numpy(values)
    for linear in network.linears:
        for parameter in (linear.weight, linear.bias):
            parameter.copy_(rest[: parameter.numel()].view(parameter.shape))
            rest = rest[parameter.numel() :]
