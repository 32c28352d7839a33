"""Comparing a traced form with the module itself, in its state: mode, hooks, numbers, device.

Compared are the outputs and, where an activation of the module stands for neurons of its own, what
goes into it, at random points of several sizes (raw pixels among them) and at points of the domain
at hand. Allowed is what rounding may make in the module's own type of numbers.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import run_original
from mbh_utils.networks.reading.canonical import Canonical
from mbh_utils.networks.reading.operations.context import Context
from mbh_utils.networks.reading.parts import named_members, named_modules, number_type
from mbh_utils.networks.reading.place import Place
from mbh_utils.networks.reading.randomness import refuse_fresh_coins
from mbh_utils.networks.reading.traced import Traced
from mbh_utils.networks.reading.watching import FunctionNames, Watch

_N = 8  # random points of each size
_MOST = 64  # points of the domain
_LATER = 30  # passes of a module that changes what it keeps
#: Difference allowed in any case, relative to the largest number of its group.
_AGREEMENT = 1e-9
#: The same in machine epsilons of the module's numbers, and at most.
_EPSILONS = 1000.0
_COARSEST = 0.1
#: Differences allowed to rounding: so many times as large as such rounding is seen to make.
_ROUNDINGS = 50.0
#: Machine epsilon of a GPU that rounds float32 to TF32.
_TF32 = 2.0**-11
#: That of float16.
_HALF = 2.0**-10

_MIXES_SAMPLES = (
    ". Of each input alone the outputs are as traced, so for several inputs it does not give one "
    "row each: it mixes samples (or has them in another place than the first dimension)"
)

#: Points (n, d), or none where nothing is known of the domain.
Points = Callable[[], np.ndarray] | None
#: Groups of points: the name of each, and its rows.
Groups = list[tuple[str, slice]]


def random_points(size: int, n: int, scale: float) -> np.ndarray:
    """n standard normal points of this size times the scale, (n, size), the same at each call."""
    return np.random.default_rng(0).standard_normal((n, size)) * scale


def check(
    traced: Traced,
    context: Context,
    twin: nn.Module,
    kind: str,
    points: Points,
    *,
    clipped: bool,
    original: nn.Module,
) -> None:
    """Raises MBHError unless the traced form and the module agree.

    twin: the copy that was traced, of the module ``original``, whose class is called ``kind``.
    points: of the domain. clipped: the traced outputs are those of a ReLU behind the module.
    """
    x, groups = _points(int(np.prod(traced.input_shape)), points)
    dtype, device = number_type(twin)
    x = torch.from_numpy(x).to(dtype).double().numpy()  # the numbers that the module gets
    given = torch.from_numpy(x.copy()).to(device, dtype).reshape(-1, *traced.input_shape)
    epsilon = max(context.precision, _epsilon(dtype, device))
    compare = _Comparison(traced, x, groups, epsilon, clipped)
    is_batch = True
    try:
        found, inputs = _run(twin, given)
        problem = compare.outputs(found) or compare.activations(context, inputs)
    except Exception as error:  # of the module's own code, on a batch
        is_batch = False
        problem = compare.outputs(_one_by_one(twin, given, kind, error))
    later = given if is_batch else given[:1]
    if problem is None:
        problem = _check_later_passes(twin, later, compare)
    if problem is None:
        _check_original(original, twin, later, compare)
        return
    if is_batch and compare.outputs(_one_by_one(twin, given, kind, None)) is None:
        problem += _MIXES_SAMPLES
    elif changed := _changed_buffers(twin, original):
        problem += f". Running it changes {changed}: call module.eval() first"
    raise MBHError(
        f"the traced form of {kind} and the module itself disagree: {problem}. It does something "
        "that its operations do not show; write it as a composition of layers"
    )


def _epsilon(dtype: torch.dtype, device: torch.device) -> float:
    """Machine epsilon of what the module computes in."""
    may_round_to_tf32 = device.type == "cuda" and dtype == torch.float32
    return _TF32 if may_round_to_tf32 else torch.finfo(dtype).eps


# ---- the points


def _points(size: int, points: Points) -> tuple[np.ndarray, Groups]:
    """All points (n, size), and the groups of them."""
    parts = {}
    for scale in (0.1, 1.0, 10.0):
        parts[f"random inputs of size {scale:g}"] = random_points(size, _N, scale)
    parts["random inputs from 0 to 255"] = np.random.default_rng(1).uniform(0, 255, (_N, size))
    if points is not None:
        given = points()
        # Points of another space are passed over: whoever looks at them says what is the matter.
        if given.ndim == 2 and given.shape[1] == size and len(given) and np.isfinite(given).all():
            parts["points of the domain"] = given[:_MOST]
    groups = []
    start = 0
    for name, x in parts.items():
        groups.append((name, slice(start, start + len(x))))
        start += len(x)
    return np.concatenate(list(parts.values())), groups


# ---- running the copy


def _run(twin: nn.Module, x: torch.Tensor) -> tuple[np.ndarray, list[torch.Tensor]]:
    """Outputs of the module, one row each, and what went into its activations."""
    watch = Watch()
    with FunctionNames(Place(), watch), watch:
        y = twin(x.clone())
    if not isinstance(y, torch.Tensor):
        raise MBHError("the module's output is not one tensor: wrap it to return one")
    return _array(y, len(x)), watch.inputs


def _array(y: torch.Tensor, n: int) -> np.ndarray:
    found = y.detach().cpu().double().numpy()
    return found.reshape(n, -1) if found.size % n == 0 else found.reshape(1, -1)


def _one_by_one(
    twin: nn.Module,
    x: torch.Tensor,
    kind: str,
    problem: Exception | None,
) -> np.ndarray:
    """Outputs of each input alone; MBHError where these cannot be had either."""
    try:
        return np.concatenate([_run(twin, x[i : i + 1])[0] for i in range(len(x))])
    except Exception as error:
        raise MBHError(f"{kind} could be run once, but not again: {problem or error}") from error


def _check_later_passes(twin: nn.Module, x: torch.Tensor, compare: "_Comparison") -> str | None:
    """How the outputs differ while nothing watches.

    MBHError where those of later passes do, as by what a module counts.
    """
    before = _kept_numbers(twin)
    found = _array(refuse_fresh_coins(twin, lambda: twin(x.clone())), len(x))
    if problem := compare.as_given(found, x):
        return problem
    changed = [name for name, value in _kept_numbers(twin).items() if before.get(name) != value]
    if not changed:
        return None
    for _ in range(_LATER):
        if problem := compare.first_output(_run(twin, x[:1])[0]):
            raise MBHError(
                f"what {type(twin).__name__} computes changes from pass to pass: in a later one "
                f"{problem}. Each of them changes {', '.join(changed[:3])}: take that out of what "
                "it computes"
            )
    return None


def _kept_numbers(twin: nn.Module) -> dict[str, object]:
    """Plain numbers that a module holds, and how often its tensors were written to."""
    found = {}
    for path, m in named_modules(twin):
        for name, x in vars(m).items():
            if isinstance(x, bool | int | float | str | None):
                found[f"{path}.{name}" if path else name] = x
    for name, x in named_members(twin):
        found[name] = id(x), None if x.is_inference() else x._version
    return found


def _check_original(
    original: nn.Module,
    twin: nn.Module,
    x: torch.Tensor,
    compare: "_Comparison",
) -> None:
    """MBHError where the module itself gives something else than its copy has given.

    It is run without leaving traces, or not at all.
    """
    y = run_original.outputs_of_itself(original, twin, lambda m: m(x.clone()))
    if not isinstance(y, torch.Tensor):
        return
    if problem := compare.as_given(_array(y, len(x)), x):
        name = type(original).__name__
        raise MBHError(
            f"the copy of {name}, which is run in its place, computes something else than {name} "
            f"itself: {problem}. Does it find something by identity (id(), weak references, a "
            "registry of modules)? Write that as an attribute of the module"
        )


def _changed_buffers(twin: nn.Module, original: nn.Module) -> str:
    """Names of what a forward pass has changed in the copy."""
    before = dict(named_members(original))
    after = named_members(twin)
    names = [name for name, x in after if name in before and not torch.equal(x, before[name])]
    return ", ".join(names[:3])


# ---- comparing


class _Comparison:
    """What the traced form gives at the points, and how far a module may be from that.

    epsilon: machine epsilon of the module's own arithmetic.
    """

    def __init__(
        self,
        traced: Traced,
        x: np.ndarray,
        groups: Groups,
        epsilon: float,
        clipped: bool,
    ):
        self.groups = groups
        self.clipped = clipped
        self.relative = max(_AGREEMENT, min(_EPSILONS * epsilon, _COARSEST))
        self.z, self.y = _forward(traced, x, 0.0)
        others = [_forward(traced, x, epsilon, seed) for seed in (2, 3)]
        self.z_error = _ROUNDINGS * np.max([np.abs(z - self.z) for z, _ in others], axis=0)
        self.y_error = _ROUNDINGS * np.max([np.abs(y - self.y) for _, y in others], axis=0)
        # Where numbers of its type cannot reach so far, a module may give anything.
        far = np.finfo(_type_of(epsilon)).max / 100
        z_reached = np.abs(self.z).max(axis=1) < far
        y_reached = np.abs(self.y).max(axis=1, initial=0.0) < far
        self.reached = z_reached & y_reached

    def outputs(self, found: np.ndarray) -> str | None:
        """How the module's outputs (n, n_outputs) differ, in words; None where they agree."""
        found = np.maximum(found, 0) if self.clipped else found
        if found.shape != self.y.shape:
            return (
                f"for {len(self.y)} inputs its outputs have the shape {found.shape}, not "
                f"{self.y.shape}"
            )
        return self._difference(found, self.y, self.y_error, lambda i: f"output {i}")

    def first_output(self, found: np.ndarray) -> str | None:
        """The same of the first point alone, (1, n_outputs)."""
        found = np.maximum(found, 0) if self.clipped else found
        expected = self.y[:1]
        off = np.abs(found - expected) - self.y_error[:1]
        allowed = self.relative * np.abs(expected).max(initial=1e-290)
        if not self.reached[0] or (off <= allowed).all():
            return None
        i = int(np.argmax(off))
        return f"output {i} is {found[0, i]:.6g} instead of {self.y[0, i]:.6g}"

    def as_given(self, found: np.ndarray, x: torch.Tensor) -> str | None:
        """One of these two: x is all points, or the first one."""
        return self.outputs(found) if len(x) > 1 else self.first_output(found)

    def activations(self, context: Context, inputs: list[torch.Tensor]) -> str | None:
        """How what goes into the activations differs; what cannot be told apart is passed over."""
        if len(inputs) != len(context.activations):
            return None
        for block, z in zip(context.activations, inputs, strict=True):
            if block in context.form.neurons:
                problem = self._activation(context.form, block, z)
                if problem:
                    return problem
        return None

    def _activation(self, form: Canonical, block: int, z: torch.Tensor) -> str | None:
        """How what goes into one activation differs from what its neurons say."""
        n = len(self.y)
        neurons = form.neurons[block]
        shape = form.blocks[block].made_of().const.shape
        if tuple(z.shape) != (n, *shape[1:]) or shape[:1] != (1,):
            return None
        first_breakpoint = form.blocks[block].breakpoints[0].numpy()
        columns = slice(neurons.columns.start, neurons.columns.stop, neurons.breakpoints)
        expected = self.z[:, columns] + first_breakpoint
        found = z.detach().cpu().double().numpy().reshape(n, -1)

        def words(i: int) -> str:
            return f"what goes into element {i} of {neurons.name!r}"

        return self._difference(found, expected, self.z_error[:, columns], words)

    def _difference(
        self,
        found: np.ndarray,
        expected: np.ndarray,
        error: np.ndarray,
        name: Callable[[int], str],
    ) -> str | None:
        """The largest difference that is not allowed, in words; None where there is none."""
        for group, rows in self.groups:
            reached = self.reached[rows]
            f = found[rows][reached]
            e = expected[rows][reached]
            if not f.size:
                continue
            allowed = self.relative * np.abs(e).max() + error[rows][reached] + 1e-290
            off = np.where(np.isfinite(f), np.abs(f - e), np.inf)
            if (off > allowed).any():
                i, k = (int(at) for at in np.unravel_index(np.argmax(off / allowed), off.shape))
                number = int(np.flatnonzero(reached)[i])
                return (
                    f"{name(k)} is {f[i, k]:.6g} instead of {e[i, k]:.6g} at number {number} of "
                    f"the {group}"
                )
        return None


def _type_of(epsilon: float) -> type:
    """The type of floating point numbers that has this range."""
    if epsilon == _HALF:
        return np.float16
    return np.float32 if epsilon > 1e-12 else np.float64


def _forward(
    traced: Traced,
    x: np.ndarray,
    epsilon: float,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Pre-activations of all neurons (n, N) and outputs.

    Each sum is off by as much as rounding in numbers of this epsilon may make it.
    """
    rng = np.random.default_rng(seed)
    values = []

    def rounded_sum(x, weight, bias):
        z = x @ weight.T + bias
        if epsilon:
            # Of one rounding at least, so that none of it is rounded away.
            noise = rng.standard_normal(z.shape)
            noise += np.sign(noise)
            z += epsilon * noise * (np.abs(x) @ np.abs(weight).T + np.abs(bias))
        return z

    with np.errstate(over="ignore", invalid="ignore"):
        for weight, bias, n_linear in traced.layers:
            z = rounded_sum(x, weight, bias)
            width = z.shape[1] - n_linear
            values.append(z[:, :width])
            x = np.concatenate([np.maximum(z[:, :width], 0.0), z[:, width:]], axis=1)
        return np.concatenate(values, axis=1), rounded_sum(x, *traced.output)
