"""Comparing a traced form with the module itself, in the state it is in: mode, hooks, type of numbers, device.

Compared are the outputs and, where an activation of the module stands for neurons of its own, what goes into it, at
random points of several sizes (raw pixels among them) and at points of the domain at hand.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import randomness as chance
from mbh_utils.networks.reading import run_original as _original
from mbh_utils.networks.reading import copying as _twin
from mbh_utils.networks.reading.canonical import Canonical
from mbh_utils.networks.reading.traced import Traced
from mbh_utils.networks.reading.following import Follower
from mbh_utils.networks.reading.place import Place
from mbh_utils.networks.reading.watching import FunctionNames, Watch

_N = 8  # random points of each size
_MOST = 64  # points of the domain
_LATER = 30  # passes of a module that changes what it keeps
#: Difference allowed in any case, relative to the largest number of its group, and in machine epsilons.
_AGREEMENT, _EPSILONS, _COARSEST = 1e-9, 1000.0, 0.1
#: Differences allowed to rounding: so many times as large as such rounding is seen to make.
_ROUNDINGS = 50.0


def random_points(size: int, n: int, scale: float) -> np.ndarray:
    """n standard normal points of this size times the scale, (n, size), the same ones at each call."""
    return np.random.default_rng(0).standard_normal((n, size)) * scale


def check(
    traced: Traced,
    form: Canonical,
    follower: Follower,
    twin: nn.Module,
    kind: str,
    points: Callable[[], np.ndarray] | None,
    *,
    clipped: bool,
    original: nn.Module,
) -> None:
    """Raises MBHError unless the traced form and the module agree.

    clipped: the traced outputs are those of a ReLU behind the module. original: the module that was copied.
    """
    x, groups = _points(int(np.prod(traced.input_shape)), points)
    dtype, device = _twin.number_type(twin)
    x = torch.from_numpy(x).to(dtype).double().numpy()  # the numbers that the module gets
    given = torch.from_numpy(x.copy()).to(device, dtype).reshape(-1, *traced.input_shape)
    epsilon = max(follower.context.precision, torch.finfo(dtype).eps)
    if device.type == "cuda" and dtype == torch.float32:
        epsilon = max(epsilon, 2.0**-11)  # it may round to TF32
    compare = _Comparison(traced, x, groups, epsilon, clipped)
    alone = None
    try:
        found, inputs = _run(twin, given)
        problem = compare.outputs(found) or compare.activations(form, follower, inputs)
    except Exception as error:  # of the module's own code, on a batch
        alone = _one_by_one(twin, given, kind, error)
        problem = compare.outputs(alone)
    if problem is None:
        problem = _check_later_passes(twin, given if alone is None else given[:1], compare)
    if problem is None:
        _check_original(original, twin, given if alone is None else given[:1], compare)
        return
    if alone is None and compare.outputs(_one_by_one(twin, given, kind, None)) is None:
        problem += (
            ". Of each input alone the outputs are as traced, so for several inputs it does not give one row each: it "
            "mixes samples (or has them in another place than the first dimension)"
        )
    elif changed := _changed_buffers(twin, original):
        problem += f". Running it changes {changed}: call module.eval() first"
    raise MBHError(
        f"the traced form of {kind} and the module itself disagree: {problem}. It does something that its operations "
        "do not show; write it as a composition of layers"
    )


def _check_original(
    original: nn.Module, twin: nn.Module, x: torch.Tensor, compare: "_Comparison"
) -> None:
    """MBHError where the module itself, run without leaving traces, gives something else than its copy has given."""
    y = _original.outputs_of_itself(original, twin, lambda m: m(x.clone()))
    if not isinstance(y, torch.Tensor):
        return
    found = _array(y, len(x))
    if problem := compare.outputs(found) if len(x) > 1 else compare.first_output(found):
        name = type(original).__name__
        raise MBHError(
            f"the copy of {name}, which is run in its place, computes something else than {name} itself: {problem}. "
            "Does it find something by identity (id(), weak references, a registry of modules)? Write that as an "
            "attribute of the module"
        )


def _check_later_passes(twin: nn.Module, x: torch.Tensor, compare: "_Comparison") -> str | None:
    """How the outputs differ while nothing watches; MBHError where those of later passes do, as by what is counted."""
    before = _kept_numbers(twin)
    found = _array(chance.refuse_fresh_coins(twin, lambda: twin(x.clone())), len(x))
    if problem := compare.outputs(found) if len(x) > 1 else compare.first_output(found):
        return problem
    changed = [name for name, value in _kept_numbers(twin).items() if before.get(name) != value]
    if not changed:
        return None
    for _ in range(_LATER):
        if problem := compare.first_output(_run(twin, x[:1])[0]):
            raise MBHError(
                f"what {type(twin).__name__} computes changes from pass to pass: in a later one {problem}. Each of "
                f"them changes {', '.join(changed[:3])}: take that out of what it computes"
            )
    return None


def _kept_numbers(twin: nn.Module) -> dict[str, object]:
    """Plain numbers that the parts of a module hold, and how often its parameters and buffers were written to."""
    found = {}
    for path, m in _twin.named_modules(twin):
        for name, x in vars(m).items():
            if isinstance(x, bool | int | float | str | None):
                found[f"{path}.{name}" if path else name] = x
    tensors = _twin.named_members(twin)
    return found | {name: (id(x), None if x.is_inference() else x._version) for name, x in tensors}


def _points(
    size: int, points: Callable[[], np.ndarray] | None
) -> tuple[np.ndarray, list[tuple[str, slice]]]:
    """All points (n, size), and groups of them: their name and their rows."""
    # Points of another space are passed over: whoever looks at them says what is the matter.
    parts = {
        f"random inputs of size {scale:g}": random_points(size, _N, scale)
        for scale in (0.1, 1.0, 10.0)
    }
    parts["random inputs from 0 to 255"] = np.random.default_rng(1).uniform(0, 255, (_N, size))
    if points is not None:
        given = points()
        if given.ndim == 2 and given.shape[1] == size and len(given) and np.isfinite(given).all():
            parts["points of the domain"] = given[:_MOST]
    groups, start = [], 0
    for name, x in parts.items():
        groups.append((name, slice(start, start + len(x))))
        start += len(x)
    return np.concatenate(list(parts.values())), groups


def _run(twin: nn.Module, x: torch.Tensor) -> tuple[np.ndarray, list[torch.Tensor]]:
    """Outputs of the module, one row each, and what went into its activations."""
    watch = Watch()
    with FunctionNames(Place(), watch), watch:
        y = twin(x.clone())
    if not isinstance(y, torch.Tensor):
        raise MBHError("the module's output is not one tensor: wrap it to return one")
    return _array(y, len(x)), watch.inputs


def _array(y: torch.Tensor, n: int) -> np.ndarray:
    y = y.detach().cpu().double().numpy()
    return y.reshape(n, -1) if y.size % n == 0 else y.reshape(1, -1)


def _one_by_one(
    twin: nn.Module, x: torch.Tensor, kind: str, problem: Exception | None
) -> np.ndarray:
    """Outputs of each input alone; MBHError where these cannot be had either."""
    try:
        return np.concatenate([_run(twin, x[i : i + 1])[0] for i in range(len(x))])
    except Exception as error:
        raise MBHError(f"{kind} could be run once, but not again: {problem or error}") from error


class _Comparison:
    """What the traced form gives at the points, and how far a module in its own arithmetic may be from that."""

    def __init__(
        self,
        traced: Traced,
        x: np.ndarray,
        groups: list[tuple[str, slice]],
        epsilon: float,
        clipped: bool,
    ):
        self.groups, self.clipped, self.epsilon = groups, clipped, epsilon
        self.z, self.y = _forward(traced, x, 0.0)
        others = [_forward(traced, x, epsilon, seed) for seed in (2, 3)]
        self.z_error = _ROUNDINGS * np.max([np.abs(z - self.z) for z, _ in others], axis=0)
        self.y_error = _ROUNDINGS * np.max([np.abs(y - self.y) for _, y in others], axis=0)
        # Where numbers of its type cannot reach so far, a module may give anything.
        far = (
            np.finfo(
                {2.0**-10: np.float16}.get(epsilon, np.float32 if epsilon > 1e-12 else np.float64)
            ).max
            / 100
        )
        self.reached = (np.abs(self.z).max(axis=1) < far) & (
            np.abs(self.y).max(axis=1, initial=0.0) < far
        )

    def outputs(self, found: np.ndarray) -> str | None:
        """How the module's outputs (n, n_outputs) differ, in words; None where they agree."""
        found = np.maximum(found, 0) if self.clipped else found
        if found.shape != self.y.shape:
            return f"for {len(self.y)} inputs its outputs have the shape {found.shape}, not {self.y.shape}"
        return self._difference(found, self.y, self.y_error, lambda i: f"output {i}")

    def first_output(self, found: np.ndarray) -> str | None:
        """The same of the first point alone, (1, n_outputs)."""
        found = np.maximum(found, 0) if self.clipped else found
        off = np.abs(found - self.y[:1]) - self.y_error[:1]
        relative = max(_AGREEMENT, min(_EPSILONS * self.epsilon, _COARSEST))
        if not self.reached[0] or (off <= relative * np.abs(self.y[:1]).max(initial=1e-290)).all():
            return None
        i = int(np.argmax(off))
        return f"output {i} is {found[0, i]:.6g} instead of {self.y[0, i]:.6g}"

    def activations(
        self, form: Canonical, follower: Follower, inputs: list[torch.Tensor]
    ) -> str | None:
        """How what goes into the activations differs; what cannot be told apart is passed over."""
        if len(inputs) != len(follower.context.activations):
            return None
        n = len(self.y)
        for block, z in zip(follower.context.activations, inputs, strict=True):
            if block not in form.neurons:
                continue
            neurons, value, breakpoints = (
                form.neurons[block],
                form.blocks[block].value,
                form.blocks[block].breakpoints,
            )
            if tuple(z.shape) != (n, *value.const.shape[1:]) or value.const.shape[:1] != (1,):
                continue
            columns = slice(neurons.columns.start, neurons.columns.stop, neurons.breakpoints)
            expected = self.z[:, columns] + breakpoints[0].numpy()
            found = z.detach().cpu().double().numpy().reshape(n, -1)
            words = lambda i, neurons=neurons: f"what goes into element {i} of {neurons.name!r}"  # noqa: E731
            if problem := self._difference(found, expected, self.z_error[:, columns], words):
                return problem
        return None

    def _difference(self, found, expected, error, name) -> str | None:
        relative = max(_AGREEMENT, min(_EPSILONS * self.epsilon, _COARSEST))
        for group, rows in self.groups:
            f, e = found[rows][self.reached[rows]], expected[rows][self.reached[rows]]
            if not f.size:
                continue
            allowed = relative * np.abs(e).max() + error[rows][self.reached[rows]] + 1e-290
            off = np.where(np.isfinite(f), np.abs(f - e), np.inf)
            if (off > allowed).any():
                i, k = np.unravel_index(np.argmax(off / allowed), off.shape)
                i_all = int(np.flatnonzero(self.reached[rows])[i])
                return f"{name(k)} is {f[i, k]:.6g} instead of {e[i, k]:.6g} at number {i_all} of the {group}"
        return None


def _forward(
    traced: Traced, x: np.ndarray, epsilon: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Pre-activations of all neurons (n, N) and outputs, each sum off by as much as rounding may make it."""
    rng, values = np.random.default_rng(seed), []

    def off(x, weight, bias):
        z = x @ weight.T + bias
        if epsilon:
            noise = rng.standard_normal(
                z.shape
            )  # of one rounding at least, so that none of it is rounded away
            z += epsilon * (noise + np.sign(noise)) * (np.abs(x) @ np.abs(weight).T + np.abs(bias))
        return z

    with np.errstate(over="ignore", invalid="ignore"):
        for weight, bias, n_linear in traced.layers:
            z = off(x, weight, bias)
            width = z.shape[1] - n_linear
            values.append(z[:, :width])
            x = np.concatenate([np.maximum(z[:, :width], 0.0), z[:, width:]], axis=1)
        return np.concatenate(values, axis=1), off(x, *traced.output)


def _changed_buffers(twin: nn.Module, original: nn.Module) -> str:
    """Names of what a forward pass has changed in the copy."""
    before = dict(_twin.named_members(original))
    after = _twin.named_members(twin)
    names = (name for name, x in after if name in before and not torch.equal(x, before[name]))
    return ", ".join(list(names)[:3])
