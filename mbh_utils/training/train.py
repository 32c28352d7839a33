"""Training of one network, or of a whole stack of same-shaped networks at once (thesis, section 6.1 and Table A.1).

A stack holds networks of one architecture that differ in mask, seed or initial weights. On a CPU the compiled kernel of
``kernel.py`` trains them, at a price that falls with their density; on CUDA all of them take each step together, by
batched products and one fused Adam. For each network the result is that of training it alone (on a CPU to the last bit,
which a test holds), also when its training is interrupted and goes on later from a ``State``.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from tqdm import tqdm  # not tqdm.auto, whose bars in notebooks are widgets

from mbh_utils.computing import require
from mbh_utils.computing.scheduling import one_thread
from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.networks import MaskedLinear, Network, pruning
from mbh_utils.networks.reading.eval_mode import reached, untouched
from mbh_utils.training import kernel

#: Of one training; it would take a day at the very least.
MOST_ITERATIONS = 10**9


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam on cross entropy, without early stopping (Table A.1)."""

    iterations: int = 50_000
    batch_size: int = 60
    learning_rate: float = 1.2e-3

    def __post_init__(self):
        put = vars(self).update  # the dataclass is frozen
        put(iterations=require.whole("iterations", self.iterations, 0, MOST_ITERATIONS))
        put(batch_size=require.whole("batch_size", self.batch_size, 1))
        positive = "a finite number > 0", lambda rate: 0 < rate < float("inf")
        put(learning_rate=require.number("learning_rate", self.learning_rate, *positive))


@dataclass
class History:
    """What was seen at the checkpoints of one network's training.

    accuracy: iteration -> share of the validation samples classified correctly, in [0, 1].
    networks: iteration -> copy of the network as it was then.
    """

    accuracy: dict[int, float] = field(default_factory=dict)
    networks: dict[int, Network] = field(default_factory=dict)


STATE = ("values", "mean", "square")


@dataclass
class State:
    """One network in the middle of its training: going on from here gives what training in one go does.

    iteration: steps taken. accuracy: as in :class:`History`.
    arrays: "values", "mean", "square": parameters and Adam's moments, each (n,) float32, layer by layer the dense
    weights (n_out, n_in) and then the biases; zero where a weight is pruned.
    """

    iteration: int
    arrays: dict[str, np.ndarray]
    accuracy: dict[int, float] = field(default_factory=dict)

    def __post_init__(self):
        self.iteration = require.whole("iteration", self.iteration, 0, MOST_ITERATIONS)
        for name in ("arrays", "accuracy"):
            require.kind_of(
                name, getattr(self, name), dict, "a dict, as train_stack gives it to snapshot"
            )


# ------------------------------------------------------------------------------------------------- looking at one


def accuracy(network: torch.nn.Module, samples) -> float:
    """Share of the samples that the network classifies correctly, in [0, 1].

    network: any torch module that makes logits (n, n_classes) of rows (n, d). It is looked at in eval mode and stays as
    it is: training mode, parameters, buffers, gradients and random states are untouched.

    Raises MBHError without samples, for a network that does not take them, and for outputs that name no class.
    """
    require.kind_of(
        "network", network, torch.nn.Module, "a torch module that makes logits of images"
    )
    samples = require.samples("samples", samples)
    if not len(samples.labels):
        raise MBHError("accuracy needs at least one sample")
    if not np.isfinite(samples.images).all():
        raise MBHError("samples hold NaN or infinite values: mend or drop these images")
    images, labels = torch.tensor(samples.images), torch.tensor(samples.labels)
    device, dtype = _place_of(network)
    with untouched(network, device):
        logits = [_logits(network, x.to(device, dtype)).cpu() for x in images.split(10_000)]
    logits = torch.cat(logits)
    if outside := labels[(labels < 0) | (labels >= logits.shape[1])].tolist():
        raise MBHError(
            f"samples carry the label {outside[0]}, but the network has {logits.shape[1]} outputs, one a class"
        )
    return float((logits.argmax(dim=1) == labels).sum()) / len(labels)


def _place_of(network: torch.nn.Module) -> tuple[torch.device, torch.dtype]:
    """Where a network computes, and in which float type; float32 on the CPU where it has no tensor that says so.

    Parameters tell, or else buffers, or else the tensors that it keeps otherwise; also of modules in plain lists.
    """
    modules, others = reached(network)
    tensors = [x for m in modules for x in m.parameters(recurse=False)]
    tensors += [x for m in modules for x in m.buffers(recurse=False)]
    tensors += [x for x in others if issubclass(type(x), torch.Tensor)]
    if any(torch.nn.parameter.is_lazy(x) for x in tensors):
        raise MBHError(
            "network has lazy layers that never saw an input: call it once on one image, network(images[:1])"
        )
    device = next((x.device for x in tensors), torch.device("cpu"))
    if device.type == "meta":
        raise MBHError("network lies on the device meta, without numbers: load its weights first")
    return device, next((x.dtype for x in tensors if x.is_floating_point()), torch.float32)


def _logits(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The network's outputs (n, n_classes) of images (n, d)."""
    try:
        found = network(x)
    except Exception as error:  # whatever the module's own code raises
        raise MBHError(
            f"network, a {type(network).__name__}, does not take images of shape {tuple(x.shape)}: {error}. Put what "
            "it needs in front, such as nn.Sequential(nn.Unflatten(1, (1, 28, 28)), network)"
        ) from error
    if not isinstance(found, torch.Tensor):
        raise MBHError(
            f"network returns a {type(found).__name__}; wrap it in a module that returns the logits alone"
        )
    if found.ndim != 2 or len(found) != len(x) or found.is_complex():
        expected = f"({len(x)}, n_classes)"
        raise MBHError(
            f"network returns {found.dtype} of shape {tuple(found.shape)}; expected real logits {expected}"
        )
    if found.isnan().any():
        raise MBHError("network returns NaN, which names no class: look for NaN among its weights")
    return found


# ---------------------------------------------------------------------------------------------------- training


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

    network: one of this package, float32, as it was made; a torch module of your own is trained by a loop of torch.
    seed: order of the minibatches. The same seed gives the same network on the same CPU.
    """
    check_trainable(network)
    recipe = Recipe(iterations, batch_size, learning_rate)
    return train_stack(
        [network], data, recipe, seeds=[seed], checkpoints=checkpoints, progress=progress
    )[0]


def train_stack(
    networks: Sequence[Network],
    data,
    recipe: Recipe = Recipe(),
    *,
    seeds: Sequence[int],
    checkpoints: Sequence[int] = (),
    device: str | torch.device | None = None,
    progress: bool = False,
    states: Sequence[State | None] | None = None,
    snapshot: Callable[[list[State]], None] | None = None,
    every: float = 60.0,
    keep: Callable[[int, int, Network], None] | None = None,
) -> list[History]:
    """Train networks of one architecture together, in place; one History per network.

    seeds: one per network; networks of equal seed see the same minibatches, as each of them would alone.
    checkpoints: iterations at which accuracy is measured and a copy kept; the last iteration always is.
    device: where to train; by default CUDA where there is one.
    states: where each network goes on from (None: from the start), as ``snapshot`` was given them about every
    ``every`` seconds, in the order of the networks.
    keep: takes (index of the network, iteration, copy) at each checkpoint, in place of ``History.networks``.

    Raises MBHError for networks that do not match each other, the data or their states, that were changed after they
    were made or share weights, for a device that is not there, and when training diverges.
    """
    networks, seeds = (
        _given_networks(networks),
        require.listed("seeds", seeds, "seeds, one per network"),
    )
    states = (
        [None] * len(networks)
        if states is None
        else require.listed("states", states, "states, one per network")
    )
    states = [State(0, {}) if state is None else state for state in states]
    checkpoints = (
        list(checkpoints) if isinstance(checkpoints, set) else checkpoints
    )  # their order tells nothing
    checkpoints = require.listed("checkpoints", checkpoints, "iterations")
    _check(networks, states, data, seeds, checkpoints, recipe)
    _check_options(snapshot, every, keep, progress)
    device = _device(device)
    histories = [History(dict(state.accuracy)) for state in states]
    keep = keep or (lambda i, iteration, copy: histories[i].networks.update({iteration: copy}))
    kind, groups = _Batched if device.type == "cuda" else _Listed, {}
    for i, (state, seed) in enumerate(zip(states, seeds, strict=True)):
        # On a CPU nothing is gained by taking the seeds side by side, but on CUDA there is.
        groups.setdefault((state.iteration, kind is _Listed and seed), []).append(i)
    total = sum(recipe.iterations - start for start, _ in groups)
    with (
        _one_thread(),
        tqdm(total=total, desc="training", unit="it", disable=not progress, mininterval=1) as bar,
    ):
        saved = time.monotonic()
        for (start, _), group in groups.items():
            members = [networks[i] for i in group]
            engine = kind(
                members, [states[i] for i in group], data, recipe, [seeds[i] for i in group], device
            )
            for iteration in _stops(start, checkpoints, recipe.iterations, engine, bar):
                if iteration in checkpoints or iteration == recipe.iterations:
                    engine.write_back(members)
                    for i, network in zip(group, members, strict=True):
                        histories[i].accuracy[iteration] = _checked_accuracy(
                            network, data, iteration
                        )
                        keep(i, iteration, network.copy())
                if snapshot and (
                    time.monotonic() - saved > every or iteration == recipe.iterations
                ):
                    for i, state in zip(group, engine.states(iteration), strict=True):
                        states[i] = replace(state, accuracy=dict(histories[i].accuracy))
                    snapshot(list(states))
                    saved = time.monotonic()
    return histories


def _stops(start: int, checkpoints: Sequence[int], end: int, engine, bar: tqdm) -> Iterator[int]:
    """Train on to ``end``, and come up for air at every checkpoint and in between about twice a second."""
    iteration, steps = start, 10
    marks = sorted({*map(int, checkpoints), end})
    if start == 0 or start == end:
        yield start
    while iteration < end:
        steps = min(steps, next(mark for mark in marks if mark > iteration) - iteration)
        started = time.monotonic()
        engine.advance(iteration, steps)
        iteration += steps
        bar.update(steps)
        steps = max(10, min(4 * steps, int(0.5 * steps / max(time.monotonic() - started, 1e-6))))
        yield iteration


def _checked_accuracy(network: Network, data, iteration: int) -> float:
    if not all(p.isfinite().all() for p in network.parameters()):
        raise MBHError(
            f"training diverged before iteration {iteration}: try a smaller learning_rate"
        )
    return accuracy(network, data.validation)


@contextlib.contextmanager
def _one_thread():
    """One thread, since more gain nothing here and BLAS may round otherwise with them; and no subnormal numbers.

    Adam's moments of a weight whose gradient stays zero shrink until they are subnormal, a hundred times slower.
    """
    with one_thread():
        flushed = torch.set_flush_denormal(True)
        try:
            yield
        finally:
            if flushed:
                torch.set_flush_denormal(False)


class _Listed:
    """Networks of one seed on a CPU, trained by the compiled kernel on lists of their live weights."""

    def __init__(
        self,
        networks: Sequence[Network],
        states: Sequence[State],
        data,
        recipe: Recipe,
        seeds,
        device,
    ):
        self.stack, self.places = kernel.lay_out([_masks(network) for network in networks])
        self.images, self.labels, self.rate = (
            data.train.images,
            data.train.labels,
            recipe.learning_rate,
        )
        self.order = _Order(len(self.images), recipe.batch_size, seeds[0], states[0].iteration)
        units = sum(linear.out_features for linear in networks[0].linears) + data.n_inputs
        self.scratch = [kernel.scratch(units, self.order.size) for _ in range(2)]
        for network, state, (listed, dense, _) in zip(networks, states, self.places, strict=True):
            for name, array in _arrays(network, state).items():
                getattr(self.stack, name)[listed] = array[dense]

    def advance(self, iteration: int, steps: int) -> None:
        """Train on by so many steps."""
        batches = self.order.take(steps)
        kernel.descend(
            self.stack, self.images, self.labels, batches, iteration, self.rate, *self.scratch
        )

    def states(self, iteration: int) -> list[State]:
        """Where the networks stand."""

        def spread(name: str, listed, dense, size) -> np.ndarray:
            array = np.zeros(size, np.float32)
            array[dense] = getattr(self.stack, name)[listed]
            return array

        return [
            State(iteration, {name: spread(name, *place) for name in STATE})
            for place in self.places
        ]

    def write_back(self, networks: Sequence[Network]) -> None:
        """Copy the parameters into the networks."""
        for network, state in zip(networks, self.states(0), strict=True):
            _unflatten(network, state.arrays["values"])


def _masks(network: Network) -> list[np.ndarray]:
    """Masks of all layers, the output layer's too, each (n_out, n_in) bool."""
    return [*network.masks, np.ones(network.output.weight.shape, dtype=bool)]


def _arrays(network: Network, state: State) -> dict[str, np.ndarray]:
    """Those of the state, or of a network whose training has not begun."""
    if state.arrays:
        return state.arrays
    values = _flat(network)
    return {"values": values, "mean": np.zeros_like(values), "square": np.zeros_like(values)}


def _flat(network: Network) -> np.ndarray:
    """Parameters of a network, (n,) float32, in the order of :class:`State`."""
    parts = [
        p.detach().cpu().flatten()
        for linear in network.linears
        for p in (linear.weight, linear.bias)
    ]
    return torch.cat(parts).float().numpy()


@torch.no_grad()
def _unflatten(network: Network, values: np.ndarray) -> None:
    rest = torch.from_numpy(values)
    for linear in network.linears:
        for p in (linear.weight, linear.bias):
            p.copy_(rest[: p.numel()].view(p.shape))
            rest = rest[p.numel() :]


class _Batched:
    """The same on CUDA: S networks of n parameters in one tensor (S, n), in the order of :class:`State`.

    Backpropagation is written out: for networks this small autograd's bookkeeping costs several times what the
    arithmetic does. One tensor lets Adam take its step in a single call.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        states: Sequence[State],
        data,
        recipe: Recipe,
        seeds,
        device,
    ):
        def stacked(rows) -> torch.Tensor:
            return torch.from_numpy(np.stack(list(rows)).astype(np.float32)).to(device)

        self.device, self.shapes = device, [mask.shape for mask in _masks(networks[0])]
        live = stacked(
            np.concatenate([np.r_[m.ravel(), np.ones(len(m))] for m in _masks(n)]) for n in networks
        )
        self.mask = None if live.all() else live
        members = [_arrays(network, state) for network, state in zip(networks, states, strict=True)]
        self.values, mean, square = (stacked(member[name] for member in members) for name in STATE)
        self.values.grad = torch.zeros_like(self.values)
        self.weights, self.biases = self._views(self.values)
        self.weight_gradients, self.bias_gradients = self._views(self.values.grad)
        self.optimiser = torch.optim.Adam([self.values], lr=recipe.learning_rate, fused=True)
        start = states[0].iteration
        step = torch.tensor(float(start), device=device)
        self.optimiser.state[self.values] = {"step": step, "exp_avg": mean, "exp_avg_sq": square}
        self.images = torch.tensor(data.train.images, device=device)
        self.labels = torch.tensor(data.train.labels, device=device)
        n = len(self.images)
        self.orders = {
            seed: _Order(n, recipe.batch_size, seed, start) for seed in dict.fromkeys(seeds)
        }
        self.member = torch.tensor([list(self.orders).index(seed) for seed in seeds], device=device)

    def _views(self, flat: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Of each layer the weights (S, n_in, n_out) and the biases (S, 1, n_out) in (S, n)."""
        weights, biases = [], []
        for n_out, n_in in self.shapes:
            weight, bias, flat = flat.split(
                [n_out * n_in, n_out, flat.shape[1] - n_out * (n_in + 1)], dim=1
            )
            weights.append(weight.unflatten(1, (n_out, n_in)).mT)
            biases.append(bias[:, None])
        return weights, biases

    def states(self, iteration: int) -> list[State]:
        """Where the networks stand."""
        adam = self.optimiser.state[self.values]
        arrays = [
            a.to("cpu", copy=True).numpy()
            for a in (self.values, adam["exp_avg"], adam["exp_avg_sq"])
        ]
        return [
            State(iteration, dict(zip(STATE, rows, strict=True)))
            for rows in zip(*arrays, strict=True)
        ]

    def advance(self, iteration: int, steps: int) -> None:
        """Train on by so many steps."""
        batches = np.stack([order.take(steps) for order in self.orders.values()])
        for batch in torch.from_numpy(batches).to(self.device).unbind(1):
            if len(batch) == 1:  # one order for all: no copy per member
                x = self.images[batch[0]].expand(len(self.member), -1, -1)
                y = self.labels[batch[0]].expand(len(self.member), -1)
            else:
                x, y = self.images[batch][self.member], self.labels[batch][self.member]
            self.backpropagate(x, y)
            self.optimiser.step()

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
        if (
            self.mask is not None
        ):  # with zero gradient and zero moments Adam leaves a masked weight at exactly zero
            self.values.grad.mul_(self.mask)

    def write_back(self, networks: Sequence[Network]) -> None:
        """Copy the parameters into the networks."""
        for network, values in zip(networks, self.values.cpu().numpy(), strict=True):
            _unflatten(network, values)


class _Order:
    """Minibatches of one seed: a fresh permutation per epoch, an incomplete last batch left out."""

    def __init__(self, n_samples: int, batch_size: int, seed: int, taken: int = 0):
        self.rng, self.n_samples, self.size = (
            stream(seed, "batches"),
            n_samples,
            min(batch_size, n_samples),
        )
        epochs, rest = divmod(taken, n_samples // self.size)
        for _ in range(epochs):  # drawn again, so that what follows is what would have followed
            self.rng.permutation(n_samples)
        self.left = np.empty((0, self.size), dtype=np.int64)
        self.take(rest)

    def take(self, n: int) -> np.ndarray:
        """The next n minibatches, (n, batch size) int64 indices of samples."""
        while len(self.left) < n:
            epoch = self.rng.permutation(self.n_samples)
            whole = epoch[: self.n_samples - self.n_samples % self.size].reshape(-1, self.size)
            self.left = np.concatenate([self.left, whole])
        taken, self.left = self.left[:n], self.left[n:]
        return np.ascontiguousarray(taken)


def _given_networks(networks) -> list[Network]:
    """The networks of a stack: each of this package, float32, what it was made as, and there once."""
    if isinstance(networks, torch.nn.Module):
        raise MBHError(
            "networks is one network; train_stack takes a list of them, and train(network, data) a single one"
        )
    networks = require.listed("networks", networks, "networks")
    for network in networks:
        check_trainable(network)
    parameters = [id(p) for network in networks for p in network.parameters()]
    if len(set(parameters)) < len(parameters):
        raise MBHError(
            "networks holds one network twice, or two that share weights: give each its own, network.copy()"
        )
    return networks


def check_trainable(network) -> None:
    """MBHError for what is no network of this package, and for one that training would treat as another.

    Training is written out for what a Network computes, so it knows of no changed forward and of no hook.
    """
    if not isinstance(network, Network):
        raise MBHError(
            f"a {type(network).__name__} cannot be trained here: train takes networks of this package (feed_forward, "
            "lenet, deepfc). Train a torch module of your own by a loop of torch; everything else takes it as it is"
        )
    kinds = {type(m) for m in network.hidden_layers}, type(network.output)
    changed = type(network).forward is not Network.forward or kinds != (
        {MaskedLinear},
        torch.nn.Linear,
    )
    for m in network.modules():
        changed |= "forward" in vars(m) or bool(
            m._forward_hooks or m._forward_pre_hooks or m._backward_hooks
        )
    shapes = [(m.out_features, m.in_features) for m in network.linears]
    if changed or shapes != pruning.layer_shapes(
        network.n_inputs, (*network.hidden, network.n_classes)
    ):
        raise MBHError(
            "network was changed after it was made (its forward, layers, hooks or parametrisations), which "
            "training does not follow: train a network as lenet or feed_forward makes it"
        )
    for name, p in network.named_parameters():
        if p.dtype != torch.float32:
            raise MBHError(
                f"{name} of the network is {p.dtype}; training computes in float32: call network.float()"
            )
        if not p.requires_grad:
            raise MBHError(
                f"{name} of the network is frozen (requires_grad=False), but training changes all weights"
            )


def _check_options(snapshot, every, keep, progress) -> None:
    for name, function in (("snapshot", snapshot), ("keep", keep)):
        if function is not None and not callable(function):
            raise MBHError(f"{name} is {require.shown(function)}; expected a function, or None")
    require.number("every", every, "a number of seconds", lambda seconds: not np.isnan(seconds))
    require.flag("progress", progress)


def _device(given) -> torch.device:
    """Where to train: a CPU or a CUDA device that is there."""
    if given is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    require.kind_of(
        "device", given, str | torch.device, 'the name of one, "cpu" or "cuda", or None'
    )
    try:
        device = torch.device(given)
    except RuntimeError:
        raise MBHError(
            f'device is {require.shown(given)}; choose "cpu", or "cuda" where there is a GPU'
        ) from None
    if device.type not in ("cpu", "cuda"):
        raise MBHError(f'device is "{device}"; training knows "cpu" and "cuda" only')
    if device.type == "cuda" and not (device.index or 0) < torch.cuda.device_count():
        raise MBHError(
            f'device is "{device}", but there are {torch.cuda.device_count()} CUDA devices here: use "cpu"'
        )
    return device


def _is_iteration(given, end: int) -> bool:
    with contextlib.suppress(MBHError):
        number = require.number("checkpoint", given)
        return number == int(number) and 0 <= number <= end
    return False


def _check(networks, states, data, seeds, checkpoints, recipe) -> None:
    if not networks or len(networks) != len(seeds):
        raise MBHError(
            f"one seed per network is needed, got {len(networks)} networks and {len(seeds)} seeds"
        )
    for seed in seeds:
        require.whole("seed", seed, 0)
    require.kind_of("recipe", recipe, Recipe, "a Recipe(iterations, batch_size, learning_rate)")
    require.data_set("data", data, ("name", "train", "validation"))
    shapes = {(n.n_inputs, n.hidden, n.n_classes) for n in networks}
    if len(shapes) > 1:
        raise MBHError(f"a stack holds networks of one architecture, got {sorted(shapes)}")
    n_inputs, _, n_classes = shapes.pop()
    if (n_inputs, n_classes) != (data.n_inputs, data.n_classes):
        raise MBHError(
            f"the networks take {n_inputs} inputs to {n_classes} classes, "
            f"but {data.name} has {data.n_inputs} and {data.n_classes}"
        )
    if bad := [c for c in checkpoints if not _is_iteration(c, recipe.iterations)]:
        raise MBHError(f"checkpoints {bad} are no whole numbers in 0..{recipe.iterations}")
    for part, samples in (("training", data.train), ("validation", data.validation)):
        if not len(samples.labels):
            raise MBHError(f"{data.name} has no {part} samples; training needs some of both parts")
        if not np.isfinite(samples.images).all():
            raise MBHError(
                f"the {part} images of {data.name} contain NaN or infinite values; mend them first"
            )
        if not ((samples.labels >= 0) & (samples.labels < n_classes)).all():
            raise MBHError(
                f"the {part} labels of {data.name} must lie in 0..{n_classes - 1}, one for each class"
            )
    if len(states) != len(networks):
        raise MBHError(
            f"one state per network is needed, got {len(states)} for {len(networks)} networks"
        )
    for network, state in zip(networks, states, strict=True):
        require.kind_of(
            "a state in states", state, State, "a State that snapshot was given, or None"
        )
        size = sum(p.numel() for p in network.parameters())
        shapes = (
            {name: np.shape(state.arrays.get(name)) for name in STATE} if state.iteration else {}
        )
        if not 0 <= state.iteration <= recipe.iterations or any(
            shape != (size,) for shape in shapes.values()
        ):
            raise MBHError(
                f"a state at iteration {state.iteration} with arrays {shapes} does not belong to {network} trained for "
                f"{recipe.iterations} iterations: it needs {', '.join(STATE)}, each of {size:,} numbers"
            )
