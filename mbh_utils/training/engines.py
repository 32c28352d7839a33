"""What does the steps of training: compiled code on a CPU, batched products of torch on CUDA.

An engine holds networks of one architecture that stand at the same iteration. It is made of
(networks, states, data, recipe, seeds, device, rewirings) and has three methods:
``advance(iteration, steps)``, ``states(iteration)`` and ``write_back(networks)``.
"""

import functools
from collections.abc import Iterable, Sequence

import numpy as np
import torch

from mbh_utils.networks import Network
from mbh_utils.training import kernel
from mbh_utils.training.live import Live
from mbh_utils.training.order import MinibatchOrder
from mbh_utils.training.recipe import LIVE, STATE, Recipe, State
from mbh_utils.training.rewiring import Rewiring
from mbh_utils.training.schedule import Schedule


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
        rewirings: Sequence[Rewiring | None] = (),
    ):
        self.shapes = _shapes(networks[0])
        self.schedule = Schedule(rewirings, seeds, self.shapes, recipe.iterations)
        self.keeps_masks = any(rewirings) or any(LIVE in state.arrays for state in states)
        self.images = data.train.images
        self.labels = data.train.labels
        self.rate = recipe.learning_rate
        n_samples = len(self.images)
        self.order = MinibatchOrder(n_samples, recipe.batch_size, seeds[0], states[0].iteration)
        units = data.n_inputs + sum(linear.out_features for linear in networks[0].linears)
        self.scratch = [kernel.scratch(units, self.order.size) for _ in range(2)]
        exists = list(map(_exists, networks, states))
        self.stack, self.places = kernel.lay_out(self.shapes, [np.flatnonzero(e) for e in exists])
        for network, state, (listed, dense, _) in zip(networks, states, self.places, strict=True):
            for name, array in _arrays(network, state).items():
                getattr(self.stack, name)[listed] = array[dense]

    def advance(self, iteration: int, steps: int) -> None:
        """Train on by so many steps."""
        batches = self.order.take(steps)
        for first, end in self.schedule.parts(iteration, steps):
            some = batches[first - iteration : end - iteration]
            if first in self.schedule.due:
                self._rewire(first, some[0])
            kernel.train_steps(
                self.stack, self.images, self.labels, some, first, self.rate, *self.scratch
            )

    def _rewire(self, iteration: int, batch: np.ndarray) -> None:
        """Do what is due before the step on this minibatch."""
        members = []
        for i, place in enumerate(self.places):
            gradients = functools.partial(self._gradients, i, batch)
            members.append(self.schedule.rewired(i, self._live(place), iteration, gradients))
        self.stack, self.places = kernel.lay_out(self.shapes, [m.places for m in members])
        for member, (listed, dense, _) in zip(members, self.places, strict=True):
            at = listed
            if len(dense) > len(member.places):
                # A layer that is left to BLAS lists its pruned weights, too: they are zero.
                at = listed[np.searchsorted(dense, member.places)]
            for name in STATE:
                getattr(self.stack, name)[at] = getattr(member, name)

    def _live(self, place: kernel.Place) -> Live:
        """The live parameters of a member."""
        exists = self.stack.live[place.listed] > 0
        listed = place.listed[exists]
        return Live(place.dense[exists], *(getattr(self.stack, name)[listed] for name in STATE))

    def _gradients(self, member: int, batch: np.ndarray) -> list[np.ndarray]:
        """Of the loss of a member by all weights of each hidden layer, live or not."""
        kernel.backpropagate(self.stack, member, self.images, self.labels, batch, *self.scratch)
        rows, deltas = self.scratch
        found = []
        first = 0
        for n_out, n_in in self.shapes[:-1]:
            middle = first + n_in
            product = deltas[middle : middle + n_out] @ rows[first:middle].T
            found.append(product.ravel())
            first = middle
        return found

    def states(self, iteration: int) -> list[State]:
        """Where the networks stand."""
        states = []
        for place in self.places:
            arrays = {name: self._to_dense(name, *place) for name in STATE}
            if self.keeps_masks:
                arrays[LIVE] = self._to_dense("live", *place) > 0
            states.append(State(iteration, arrays))
        return states

    def _to_dense(self, name: str, listed, dense, size: int) -> np.ndarray:
        """One array of a member, in the order of :class:`State`."""
        array = np.zeros(size, np.float32)
        array[dense] = getattr(self.stack, name)[listed]
        return array

    def write_back(self, networks: Sequence[Network]) -> None:
        """Copy the parameters into the networks."""
        for network, place in zip(networks, self.places, strict=True):
            if self.keeps_masks:
                _set_masks(network, self._to_dense("live", *place) > 0)
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
        rewirings: Sequence[Rewiring | None] = (),
    ):
        self.device = device
        self.shapes = _shapes(networks[0])
        self.schedule = Schedule(rewirings, seeds, self.shapes, recipe.iterations)
        self.keeps_masks = any(rewirings) or any(LIVE in state.arrays for state in states)
        self._set_live(list(map(_exists, networks, states)))
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

    def _set_live(self, rows: Sequence[np.ndarray]) -> None:
        """Which parameters of each member exist."""
        self.mask = None if all(row.all() for row in rows) else self._stacked(rows)

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
        states = []
        for exists, *rows in zip(self._live_rows(), *self._rows(), strict=True):
            arrays = dict(zip(STATE, rows, strict=True))
            masks = {LIVE: exists} if self.keeps_masks else {}
            states.append(State(iteration, {**arrays, **masks}))
        return states

    def _tensors(self) -> list[torch.Tensor]:
        """Parameters and Adam's moments, each (S, n)."""
        adam = self.optimiser.state[self.values]
        return [self.values, adam["exp_avg"], adam["exp_avg_sq"]]

    def _rows(self) -> list[np.ndarray]:
        """Copies of them."""
        return [tensor.to("cpu", copy=True).numpy() for tensor in self._tensors()]

    def _live_rows(self) -> np.ndarray:
        """Which parameters of each member exist, (S, n) bool."""
        if self.mask is None:
            return np.ones(tuple(self.values.shape), dtype=bool)
        return self.mask.cpu().numpy() > 0

    def advance(self, iteration: int, steps: int) -> None:
        """Train on by so many steps."""
        batches = np.stack([order.take(steps) for order in self.orders.values()])
        moved = torch.from_numpy(batches).to(self.device).unbind(1)
        for first, end in self.schedule.parts(iteration, steps):
            if first in self.schedule.due:
                self._rewire(first, moved[first - iteration])
            for batch in moved[first - iteration : end - iteration]:
                self.backpropagate(*self._samples(batch))
                self.optimiser.step()

    def _rewire(self, iteration: int, batch: torch.Tensor) -> None:
        """Do what is due before the step on this minibatch."""
        self._find_gradients(*self._samples(batch))
        exists = self._live_rows()
        rows = self._rows()
        for i, live in enumerate(exists):
            (places,) = np.nonzero(live)
            before = Live(places, *(row[i, places] for row in rows))
            after = self.schedule.rewired(
                i, before, iteration, functools.partial(self._gradients_of, i)
            )
            live[:] = False
            live[after.places] = True
            for row, changed in zip(rows, after[1:], strict=True):
                row[i] = 0
                row[i, after.places] = changed
        self._set_live(list(exists))
        with torch.no_grad():
            for tensor, row in zip(self._tensors(), rows, strict=True):
                tensor.copy_(torch.from_numpy(row))

    def _gradients_of(self, member: int) -> list[np.ndarray]:
        """Of the loss of a member by all weights of each hidden layer, live or not."""
        return [g[member].mT.flatten().cpu().numpy() for g in self.weight_gradients[:-1]]

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
        """Set the gradients of each network's mean cross entropy; zero for what is pruned.

        x: images (S, batch, n_inputs). y: labels (S, batch).
        """
        self._find_gradients(x, y)
        # With zero gradient and zero moments Adam leaves a masked weight at exactly zero.
        if self.mask is not None:
            self.gradient.mul_(self.mask)

    @torch.no_grad()
    def _find_gradients(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """The gradients by all weights, live or not."""
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

    def write_back(self, networks: Sequence[Network]) -> None:
        """Copy the parameters into the networks."""
        if self.keeps_masks:
            for network, exists in zip(networks, self._live_rows(), strict=True):
                _set_masks(network, exists)
        for network, values in zip(networks, self.values.cpu().numpy(), strict=True):
            _set_parameters(network, values)


# ----------------------------------------------------------------- parameters as flat arrays


def _shapes(network: Network) -> list[tuple[int, int]]:
    """(n_out, n_in) of all layers, the output layer's last."""
    return [(linear.out_features, linear.in_features) for linear in network.linears]


def _exists(network: Network, state: State) -> np.ndarray:
    """Which parameters exist, (n,) bool in the order of a State: all but pruned weights."""
    if LIVE in state.arrays:
        return state.arrays[LIVE]
    masks = [*network.masks, network.output_mask]
    return np.concatenate([np.r_[mask.ravel(), np.ones(len(mask), bool)] for mask in masks])


def _arrays(network: Network, state: State) -> dict[str, np.ndarray]:
    """Those of the state, or of a network whose training has not begun."""
    if state.arrays:
        return {name: state.arrays[name] for name in STATE}
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


def _set_masks(network: Network, exists: np.ndarray) -> None:
    """Put the masks on the network; a mask of the output layer only where it is not dense."""
    masks = []
    first = 0
    for n_out, n_in in _shapes(network):
        masks.append(exists[first : first + n_out * n_in].reshape(n_out, n_in))
        first += n_out * n_in + n_out
    if masks[-1].all() and network.output_mask.all():
        del masks[-1]
    network.set_masks(masks)


@torch.no_grad()
def _set_parameters(network: Network, values: np.ndarray) -> None:
    """The other way round."""
    rest = torch.from_numpy(values)
    for linear in network.linears:
        for parameter in (linear.weight, linear.bias):
            parameter.copy_(rest[: parameter.numel()].view(parameter.shape))
            rest = rest[parameter.numel() :]
