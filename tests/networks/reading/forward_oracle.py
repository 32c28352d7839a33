"""What a module computes, seen from outside, by running the module itself.

That is: states of all activations, and outputs. Nothing is shared with the package's own reading of
modules. Torch reports every elementary operation that a forward pass executes (modules, functions,
methods, hooks and operations in place all come down to the same few), and the states are read off
the inputs of those that bend.
"""

import copy
import random
import re
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import mbh_utils as mbh
from mbh_utils.errors import MBHError

#: So many of the points may lie so near a border that float32 sees them on the other side.
SHARE = 0.002
#: A pre-activation so near to 0, relative to the largest of its layer, has no certain state.
DOUBT = 1e-9


def _clamped(x, min=None, max=None):
    return x, [t for t in (min, max) if t is not None]


#: Elementary operations that bend: their arguments -> the tensor that bends and its breakpoints.
_BEND = {
    "relu": lambda x: (x, [0.0]),
    "leaky_relu": lambda x, *a: (x, [0.0]),
    "rrelu_with_noise": lambda x, *a: (x, [0.0]),
    "_prelu_kernel": lambda x, *a: (x, [0.0]),
    "abs": lambda x: (x, [0.0]),
    "hardtanh": lambda x, low=-1.0, high=1.0: (x, [low, high]),
    "hardsigmoid": lambda x: (x, [-3.0, 3.0]),
    "softshrink": lambda x, t=0.5: (x, [-t, t]),
    "threshold": lambda x, t, v: (x, [t]),
    "clamp": _clamped,
    "clamp_min": lambda x, t: (x, [t]),
    "clamp_max": lambda x, t: (x, [t]),
    "maximum": lambda x, y: (x - y, [0.0]),
    "minimum": lambda x, y: (y - x, [0.0]),
    "gt": lambda x, y: (x - y, [0.0]),
    "lt": lambda x, y: (y - x, [0.0]),
    "ge": lambda x, y: (x - y, [0.0]),
    "le": lambda x, y: (y - x, [0.0]),
}
#: Those that choose one of several: their results -> which.
_CHOOSE = {
    "max_pool2d_with_indices": lambda out: out[1],
    "max_pool3d_with_indices": lambda out: out[1],
    "adaptive_max_pool2d": lambda out: out[1],
    "max": lambda out: out[1],
}


class Recorder(TorchDispatchMode):
    """Writes down pre-activations (less each breakpoint) and choices of a pass of n samples."""

    def __init__(self, n: int):
        super().__init__()
        self.n = n
        self.values = []
        self.choices = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func._schema.name.split("::")[1].removesuffix("_")
        if name in _BEND and isinstance(args[0], torch.Tensor) and args[0].is_floating_point():
            z, points = _BEND[name](*args, **kwargs)
            if z.ndim and len(z) == self.n:  # else it is one of the parameters
                points = [torch.as_tensor(t, dtype=torch.float64).expand(z.shape) for t in points]
                below = torch.stack([z.detach().double() - t for t in points], dim=-1)
                self.values.append(below.reshape(self.n, -1).numpy())
        out = func(*args, **kwargs)
        if name in _CHOOSE and isinstance(out, tuple):
            self.choices.append(_CHOOSE[name](out).detach().reshape(self.n, -1).numpy().copy())
        if name == "amax":
            best = func(args[0], args[1], True)
            self.choices.append((args[0] == best).detach().reshape(self.n, -1).numpy())
        return out


@dataclass(frozen=True)
class Seen:
    """Forward passes of n points.

    values: (n, k), with the sign of each state. choices: (n, m). outputs: (n, n_outputs).
    """

    values: np.ndarray
    choices: np.ndarray
    doubtful: np.ndarray
    outputs: np.ndarray

    @property
    def keys(self) -> np.ndarray:
        """One row for each point; points in one region of the module have equal rows."""
        return np.column_stack([(self.values > 0) & ~self.doubtful, self.choices])


def watch(module: Callable, x: np.ndarray, shape, dtype=torch.float64) -> Seen:
    """Run a module on points (n, d) and write down what it does."""
    n = len(x)
    with warnings.catch_warnings(), Recorder(n) as seen:
        warnings.simplefilter("ignore")
        outputs = module(torch.tensor(x, dtype=dtype).reshape(n, *shape))
    values = np.concatenate([*seen.values, np.zeros((n, 0))], axis=1)
    sizes = [np.abs(v).max(initial=0.0) * np.ones(v.shape[1]) for v in seen.values]
    doubtful = np.abs(values) <= DOUBT * np.concatenate([*sizes, np.zeros(0)])
    choices = np.concatenate([*seen.choices, np.zeros((n, 0), dtype=np.int64)], axis=1)
    return Seen(values, choices, doubtful, outputs.detach().double().reshape(n, -1).numpy())


# ---- the judge

TAKEN, REFUSED, EITHER = "taken", "refused", "taken or refused"


@dataclass(frozen=True)
class Case:
    """A module that someone may hand in, and what has to come of it.

    make: makes the module, in the state in which it is handed in. shape: of one sample.
    verdict: TAKEN (and right), REFUSED (with an MBHError that ``says`` so, a regular expression) or
    EITHER of both.
    compare: "numbered": patterns, column by column, in the order of execution; "same": the same
    regions, whatever the numbering; "finer": regions may be cut further (max pooling by
    comparisons); "outputs": only what comes out.
    judged: the module that forward passes are made with (from the one handed in), where it is not
    that one itself. dtype: of those passes.
    during: a context in which everything happens (global hooks, patched classes).
    traced: whether the shape of the inputs has to be told.
    samples: whether ``activation_patterns`` of the points are those of their regions (float64 is
    not sure of comparisons of equals, as in max pooling behind a plateau).
    half: half side of the domain for two inputs, and scale of the points otherwise.
    margin: of the plane through them.
    """

    name: str
    make: Callable[[], nn.Module]
    shape: tuple = (2,)
    verdict: str = TAKEN
    says: str = ""
    compare: str = "numbered"
    judged: Callable = field(default=lambda module: module)
    dtype: torch.dtype = torch.float32
    during: Callable[[], AbstractContextManager] = nullcontext
    traced: bool = False
    samples: bool = True
    half: float = 2.0
    margin: float = 1.5


@dataclass(frozen=True)
class Outcome:
    """What has come of a case.

    result: "taken" (and right), "refused" (in the right words), "wrong" (silently) or "ill"
    (anything else).
    """

    result: str
    why: str = ""
    regions: int = 0

    @property
    def good(self) -> bool:
        return self.result in ("taken", "refused")


def plane_of(case: Case) -> mbh.Plane:
    """The plane that a case is looked at on: a square of two inputs, or one through points."""
    size = int(np.prod(case.shape))
    if size == 2:
        return mbh.Plane.rectangle([-case.half] * 2, [case.half] * 2)
    return mbh.Plane.through(
        np.random.default_rng(7).random((3, size)) * case.half, margin=case.margin
    )


def judge(case: Case, n_points: int = 2000) -> Outcome:
    """Hand a module in and hold what comes out against its own forward passes."""
    torch.manual_seed(0)
    module = case.make()
    with case.during(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _judge(case, module, plane_of(case), n_points)


def _judge(case: Case, module, plane, n_points: int) -> Outcome:
    _give_gradients(module)
    before = snapshot(module)
    state = _random_state()
    uv = np.random.default_rng(1).uniform(plane.low, plane.high, (n_points, 2))
    x = plane.embed(uv)
    try:
        network = mbh.trace(module, case.shape) if case.traced or len(case.shape) > 1 else module
        regions = mbh.partition_input_space(network, plane)
        decided = _decided(network, plane)
        bits = mbh.activation_patterns(network, x)
        whole = (
            None
            if network is not module
            else mbh.partition_input_space(network, plane, output_layer=False)
        )
    except MBHError as error:
        said = str(error)
        changed = (
            compared(before, snapshot(module)) or _random_state() != state and "the random state"
        )
        if changed:
            return Outcome("ill", f"refusing it changed {changed}")
        if case.verdict == TAKEN:
            return Outcome("ill", f"refused: {said}")
        fits = re.search(case.says, said, re.IGNORECASE)
        return (
            Outcome("refused", said)
            if fits
            else Outcome("ill", f"refused, but not for {case.says!r}: {said}")
        )
    except Exception as error:  # any other error than MBHError is looked for
        return Outcome("ill", f"raw {type(error).__name__}: {str(error)[:200]}")
    if (
        changed := compared(before, snapshot(module))
        or _random_state() != state
        and "the random state"
    ):
        return Outcome("ill", f"taking it changed {changed}")
    if case.verdict == REFUSED and case.says:
        return Outcome("wrong", f"taken ({len(regions)} regions), though it has to be refused")
    try:
        traced = mbh.trace(module, case.shape)
    except Exception as error:  # noqa: BLE001
        traced = None
        refusal = f"taken, though trace refuses it: {error}"
    seen = watch(case.judged(module), x, case.shape, case.dtype)
    checks = (
        _patterns_differ(case.compare, regions, uv, seen),
        _classes_differ(decided, uv, seen),
        _reader_differs(bits, regions, uv, seen) if case.samples else "",
        _outputs_as_neurons_differ(case.compare, whole, uv, seen) if whole is not None else "",
        _maps_differ(decided, uv, seen, case.dtype),
        _outputs_differ(traced(x), seen, case.dtype) if traced is not None else "",
    )
    why = next(filter(None, checks), "")
    if traced is None and not why:
        return Outcome("ill", refusal, len(regions))
    return Outcome("wrong", why, len(regions)) if why else Outcome("taken", "", len(regions))


def _decided(network, plane):
    """The regions cut by class; None where there is no output layer of two or more classes."""
    try:
        return mbh.partition_input_space(network, plane, decision_boundary=True)
    except MBHError as error:
        if "output" in str(error):
            return None
        raise


def _patterns_differ(compare: str, regions, uv: np.ndarray, seen: Seen) -> str:
    if compare == "outputs":
        return ""
    found = regions.locate(uv)
    if (found < 0).any():
        return f"{(found < 0).sum()} points of the domain lie in no region"
    if compare == "numbered":
        bits = regions.patterns[found]
        if bits.shape != seen.values.shape:
            return f"{bits.shape[1]} neurons, but forward passes show {seen.values.shape[1]} states"
        off = ((bits != (seen.values > 0)) & ~seen.doubtful).any(axis=1)
        return f"{off.mean():.2%} of the points have another pattern" if off.mean() > SHARE else ""
    keys = np.unique(seen.keys, axis=0, return_inverse=True)[1].ravel()
    off = _strangers(found, keys)
    if compare == "same":
        off = max(off, _strangers(keys, found))
    return f"{off:.2%} of the points are in another region than their kind" if off > SHARE else ""


def _outputs_as_neurons_differ(compare: str, regions, uv: np.ndarray, seen: Seen) -> str:
    """With output_layer=False outputs that are no ReLU's result are neurons behind all others."""
    n = seen.outputs.shape[1]
    if compare != "numbered" or regions.n_hidden == seen.values.shape[1]:
        return ""
    if regions.n_hidden != seen.values.shape[1] + n:
        expected = f"{seen.values.shape[1]} and {n} outputs"
        return f"output_layer=False: {regions.n_hidden} neurons, not {expected}"
    doubtful = np.abs(seen.outputs) <= DOUBT * _scale(seen)
    bits = regions.patterns[regions.locate(uv)][:, -n:]
    off = ((bits != (seen.outputs > 0)) & ~doubtful).any(axis=1).mean()
    return (
        f"output_layer=False: {off:.2%} of the points have other signs of the outputs"
        if off > SHARE
        else ""
    )


def _reader_differs(bits: np.ndarray, regions, uv: np.ndarray, seen: Seen) -> str:
    """Whether the patterns of single points are those of the regions that they lie in."""
    differ = bits != regions.patterns[regions.locate(uv)]
    if differ.shape == seen.doubtful.shape:
        differ &= ~seen.doubtful
    off = differ.any(axis=1).mean()
    return (
        f"activation_patterns differ from the regions in {off:.2%} of the points"
        if off > SHARE
        else ""
    )


def _strangers(group: np.ndarray, kind: np.ndarray) -> float:
    """Share of the points that are of another kind than most of their group."""
    counts = np.zeros((group.max() + 1, kind.max() + 1), dtype=np.int64)
    np.add.at(counts, (group, kind), 1)
    return 1 - counts.max(axis=1).sum() / len(group)


def _classes_differ(decided, uv: np.ndarray, seen: Seen) -> str:
    if decided is None:
        return ""
    classes = decided.classes[decided.locate(uv)]
    best = seen.outputs.max(axis=1) - DOUBT * _scale(
        seen
    )  # of outputs on a plateau float64 cannot say which is largest
    off = (seen.outputs[np.arange(len(uv)), classes] < best).mean()
    return f"{off:.2%} of the points have another class" if off > SHARE else ""


def _scale(seen: Seen) -> float:
    """Size of the numbers of a forward pass."""
    return max(np.abs(seen.outputs).max(initial=0), np.abs(seen.values).max(initial=0), 1e-300)


def _tolerance(seen: Seen, dtype) -> float:
    return {torch.float64: 1e-8, torch.float32: 2e-4}.get(dtype, 0.05) * _scale(seen)


def _outputs_differ(found: np.ndarray, seen: Seen, dtype) -> str:
    if found.shape != seen.outputs.shape:
        return f"outputs of shape {found.shape[1:]}, not {seen.outputs.shape[1:]}"
    off = np.abs(found - seen.outputs).max()
    return f"outputs off by {off:.2g}" if not off <= _tolerance(seen, dtype) else ""


def _maps_differ(decided, uv: np.ndarray, seen: Seen, dtype) -> str:
    """Whether the affine maps that the regions report are those that the outputs show there."""
    if decided is None:
        return ""
    off = []
    for i, region in enumerate(decided.locate(uv[:40])):
        weight, bias = decided.affine_map(int(region), "output")
        off.append(np.abs(weight @ uv[i] + bias - seen.outputs[i]).max())
    bad = np.mean(np.array(off) > _tolerance(seen, dtype))
    return f"affine maps are off in {bad:.0%} of 40 points, by {max(off):.2g}" if bad > 0.05 else ""


# ---- what reading may not change


def _give_gradients(module) -> None:
    """Gradients on the parameters, so that losing them would show."""
    if not isinstance(module, nn.Module):
        return
    for p in module.parameters():
        if (
            p.is_leaf
            and p.requires_grad
            and type(p) is nn.Parameter
            and p.device.type == "cpu"
            and not p.is_sparse
        ):
            p.grad = torch.full_like(p, 0.5)


def _kept(value):
    """What a snapshot keeps of an attribute."""
    if isinstance(value, torch.Tensor):
        plain = (
            type(value) in (torch.Tensor, nn.Parameter)
            and value.device.type == "cpu"
            and not value.is_sparse
        )
        data = value.detach().clone() if plain and not value.is_quantized else None
        grad = value.grad.clone() if value.is_leaf and value.grad is not None else None
        return id(value), value.requires_grad, data, grad
    if isinstance(value, dict):
        return (
            id(value),
            {str(key): _kept(x) for key, x in value.items() if not isinstance(x, nn.Module)},
            list(value),
        )
    if isinstance(value, list):
        return id(value), [_kept(x) for x in value]
    return id(value) if not isinstance(value, int | float | str | bool | tuple) else value


def snapshot(module) -> dict:
    """Everything of a module that reading it could change."""
    if not isinstance(module, nn.Module) or isinstance(module, torch.jit.ScriptModule):
        return {}
    found = {"global hooks": len(nn.modules.module._global_forward_hooks)}
    for name, m in module.named_modules():
        found[name, "type"] = type(m)
        for key, value in vars(m).items():
            found[name, key] = _kept(value)
    return found


def compared(before: dict, after: dict) -> str:
    """Name of something that is not as it was; empty where all is."""
    for key in {**before, **after}:
        if key not in before or key not in after or not _equal(before[key], after[key]):
            return str(key)
    return ""


def _equal(a, b) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(
            torch.nan_to_num(a, 123), torch.nan_to_num(b, 123)
        )
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return type(a) is type(b) and (a is b or bool(a == b))


def _random_state() -> tuple:
    _, keys, place, *_ = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), keys.tobytes(), place, random.getstate()


def double(module: nn.Module) -> nn.Module:
    """A copy in float64, to judge modules of few digits: their weights are taken exactly."""
    return copy.deepcopy(module).double()
