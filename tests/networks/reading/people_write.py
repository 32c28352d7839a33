"""A zoo of modules as people write them.

What must be taken (and be right), and what must be refused, and how.
"""

import collections
import contextlib
import functools
import math
import os
import random
import threading
import types
from collections import OrderedDict

import numpy as np
import torch
from forward_oracle import EITHER, REFUSED, TAKEN, Case, double
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize, prune

import mbh_utils as mbh

CASES: list[Case] = []
IMAGE = (1, 6, 6)


def spread(module: nn.Module, seed: int = 0) -> nn.Module:
    """Random biases, slopes and running statistics, in eval mode, so that all pieces are met."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, x in (*module.named_parameters(), *module.named_buffers()):
            if x.is_floating_point() and x.ndim == 1 and not name.endswith(("_u", "_v")):
                x.copy_(torch.randn(x.shape, generator=generator) * 0.4)
                x.abs_().add_(0.3) if "running_var" in name else None
    return module.eval()


def mlp(*widths: int, act=nn.ReLU) -> nn.Sequential:
    """Linear layers with an activation between them, 2-8-6-3 unless told otherwise."""
    widths, layers = widths or (2, 8, 6, 3), []
    for n, m in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(n, m), act()]
    return spread(nn.Sequential(*layers[:-1]))


class Written(nn.Module):
    """A module whose forward pass is the function it is given.

    parts: its layers (a: 2-8, b: 8-8, out: 8-3).
    """

    def __init__(self, body=None, **parts):
        super().__init__()
        self.body = body
        self.a, self.b, self.out, self.act = (
            nn.Linear(2, 8),
            nn.Linear(8, 8),
            nn.Linear(8, 3),
            nn.ReLU(),
        )
        for name, part in parts.items():
            setattr(self, name, part)
        spread(self)

    def forward(self, x):
        return self.body(self, x)


def add(name: str, make, **options) -> None:
    CASES.append(Case(name, make, **options))


def written(name: str, body, parts=dict, **options) -> None:
    """A case whose module is ``Written``; parts: makes further layers."""
    add(name, lambda: Written(body, **parts()), **options)


def refused(name: str, make, says: str, **options) -> None:
    add(name, make, verdict=REFUSED, says=says, **options)


def hidden(f):
    """A network with one function between its layers."""
    return lambda m, x: m.out(f(m.a(x)))


def takes(base):
    """Decorator of a class whose instances are cases, named by its docstring.

    Options are in its ``case``.
    """
    options = dict(getattr(base, "case", {}))
    prepare = options.pop("prepare", spread)
    add(base.__doc__.strip(".").lower(), lambda: prepare(base()), **options)
    return base


# ---- residual connections


@takes
class ResidualSequential(nn.Sequential):
    """Residual subclass of Sequential."""

    def __init__(self):
        super().__init__(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, x):
        return x + super().forward(x)


class PostBlock(nn.Module):
    def __init__(self, n=6, shortcut=None):
        super().__init__()
        self.f1, self.f2, self.act, self.shortcut = (
            nn.Linear(n, n),
            nn.Linear(n, n),
            nn.ReLU(),
            shortcut,
        )

    def forward(self, x):
        way = x if self.shortcut is None else self.shortcut(x)
        return self.act(way + self.f2(self.act(self.f1(x))))


class PreBlock(nn.Module):
    def __init__(self, n=6):
        super().__init__()
        self.norm1, self.f1 = nn.BatchNorm1d(n), nn.Linear(n, n)
        self.norm2, self.f2 = nn.BatchNorm1d(n), nn.Linear(n, n)

    def forward(self, x):
        h = self.f1(F.relu(self.norm1(x)))
        return x + self.f2(F.relu(self.norm2(h)))


class DenseBlock(nn.Module):
    def __init__(self, n, grown=3):
        super().__init__()
        self.f = nn.Linear(n, grown)

    def forward(self, x):
        return torch.cat([x, F.relu(self.f(x))], dim=1)


def around(*blocks, n=6, out=None):
    return spread(nn.Sequential(nn.Linear(2, n), nn.ReLU(), *blocks, nn.Linear(out or n, 3)))


add("residual MLP, activation after the sum", lambda: around(PostBlock(), PostBlock()))
add("residual MLP, activation before (ResNet v2)", lambda: around(PreBlock(), PreBlock()))
add(
    "residual MLP with a projection",
    lambda: around(PostBlock(shortcut=nn.Linear(6, 6, bias=False))),
)
add("DenseNet-like blocks", lambda: around(DenseBlock(6), DenseBlock(9), out=12))
written("long skip from the input", lambda m, x: m.out(torch.cat([F.relu(m.a(x)), x], 1)[:, 2:]))
written(
    "skips as in a U-net", lambda m, x: m.out((h := F.relu(m.a(x))) + F.relu(m.b(F.relu(m.b(h)))))
)
written(
    "ReZero",
    lambda m, x: m.out((h := m.a(x)) + m.alpha * F.relu(m.b(h))),
    lambda: {"alpha": nn.Parameter(torch.ones(1))},
)
written(
    "highway with a constant gate",
    lambda m, x: m.out(
        torch.sigmoid(m.gate) * F.relu(m.a(x)) + (1 - torch.sigmoid(m.gate)) * m.a(x)
    ),
    lambda: {"gate": nn.Parameter(torch.zeros(8))},
)
written(
    "two branches summed",
    lambda m, x: m.out(F.relu(m.a(x)) + F.relu(-m.a(x) + 0.3)),
    compare="same",
)
written(
    "branches of unequal depth",
    lambda m, x: m.out(F.relu(m.b(F.relu(m.a(x)))) - F.relu(m.a(x + 1))),
    compare="same",
)


class StochasticDepth(nn.Module):
    def forward(self, x):
        if not self.training:
            return x
        return x * torch.bernoulli(torch.full((len(x), 1), 0.5))


written(
    "stochastic depth in eval mode",
    lambda m, x: m.out((h := m.a(x)) + m.drop(F.relu(m.b(h)))),
    lambda: {"drop": StochasticDepth()},
)

# ---- masks


def half_mask(weight: torch.Tensor) -> torch.Tensor:
    return (torch.arange(weight.numel()).reshape(weight.shape) % 3 > 0).to(weight)


class MaskedByBuffer(nn.Linear):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.register_buffer("mask", half_mask(self.weight))

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class ByScores(nn.Linear):
    """A mask from learned scores, as in "edge popup"."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.scores = nn.Parameter(torch.randn_like(self.weight))

    def forward(self, x):
        return F.linear(x, self.weight * (self.scores > 0).float(), self.bias)


class Times(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight):
        return weight * self.mask


class WeightIsAProperty(nn.Linear):
    def __init__(self, n, m):
        nn.Module.__init__(self)
        self.in_features, self.out_features = n, m
        self.raw, self.bias = nn.Parameter(torch.randn(m, n)), nn.Parameter(torch.zeros(m))

    @property
    def weight(self):
        return self.raw * half_mask(self.raw)


def changed(change, make=mlp):
    """A module after a change of it."""

    def made():
        module = make()
        with torch.no_grad():
            change(module)
        return module

    return made


def prune_all(module):
    for m in module:
        if isinstance(m, nn.Linear):
            prune.l1_unstructured(m, "weight", 0.4)


def stale_after_step(module):
    prune_all(module)
    for m in module:
        if isinstance(m, nn.Linear):
            m.weight_orig.add_(0.5)


def loaded_over_prune(module):
    other = mlp()
    with torch.no_grad():
        other[0].weight.mul_(3)
    prune_all(module), prune_all(other)
    module.load_state_dict(other.state_dict())


def load_then_prune(module):
    module.load_state_dict(mlp().state_dict())
    prune_all(module)


add(
    "masks as buffers",
    lambda: spread(nn.Sequential(MaskedByBuffer(2, 8), nn.ReLU(), MaskedByBuffer(8, 3))),
)
add("masks from scores", lambda: spread(nn.Sequential(ByScores(2, 8), nn.ReLU(), ByScores(8, 3))))
written(
    "a mask on the weight in forward",
    lambda m, x: m.out(F.relu(F.linear(x, m.a.weight * half_mask(m.a.weight), m.a.bias))),
    verdict=EITHER,
    says="half_mask|trace|arange",
)
written(
    "a mask on the activations",
    lambda m, x: m.out(F.relu(m.a(x)) * m.mask),
    lambda: {"mask": torch.tensor([1.0, 0, 1, 1, 0, 1, 1, 1])},
)
written(
    "a mask on the inputs",
    lambda m, x: m.out(F.relu(m.a(x * m.mask))),
    lambda: {"mask": torch.tensor([1.0, 0.5])},
)
add("prune", changed(prune_all))
add("prune, and a step of an optimiser since", changed(stale_after_step))
add("prune, then load_state_dict", changed(loaded_over_prune))
add("load_state_dict, then prune", changed(load_then_prune))
add(
    "prune of whole neurons",
    changed(lambda m: prune.ln_structured(m[2], "weight", 0.5, n=2, dim=0)),
)
add(
    "prune by a mask of one's own",
    changed(lambda m: prune.custom_from_mask(m[0], "weight", half_mask(m[0].weight))),
)
add(
    "prune of biases, twice",
    changed(
        lambda m: (
            prune.random_unstructured(m[0], "bias", 0.3),
            prune.l1_unstructured(m[0], "bias", 0.3),
        )
    ),
)
add(
    "prune made permanent",
    changed(lambda m: (prune_all(m), [prune.remove(m[i], "weight") for i in (0, 2, 4)])),
)
add(
    "a mask as parametrisation",
    changed(
        lambda m: parametrize.register_parametrization(
            m[0], "weight", Times(half_mask(m[0].weight))
        )
    ),
)
add("weights multiplied by a mask", changed(lambda m: m[2].weight.mul_(half_mask(m[2].weight))))
add(
    "a weight that is a property",
    lambda: nn.Sequential(WeightIsAProperty(2, 8), nn.ReLU(), nn.Linear(8, 3)),
)
add(
    "this package's masked layers",
    changed(
        lambda m: m[0].mask.logical_and_(half_mask(m[0].weight).bool()),
        lambda: spread(nn.Sequential(mbh.networks.MaskedLinear(2, 8), nn.ReLU(), nn.Linear(8, 3))),
    ),
)


def mask_by_pre_hook(module):
    module[2].register_forward_pre_hook(
        lambda m, inputs: [m.weight.data.mul_(half_mask(m.weight)), None][1]
    )


add("a pre-hook that masks the weight", changed(mask_by_pre_hook), verdict=EITHER, says="hook")


def network(**options):
    return spread(mbh.networks.Network(2, (8, 6), 3, **options))


class Scaled(mbh.networks.Network):
    def forward(self, x):
        return super().forward(2 * x + 0.5)


class Leaking(mbh.networks.Network):
    def forward(self, x):
        for layer in self.hidden_layers:
            x = F.leaky_relu(layer(x), 0.2)
        return self.output(x)


add("this package's Network", network)
add(
    "this package's Network, pruned",
    changed(
        lambda m: m.set_masks(
            mbh.pruning.random_masks([(8, 2), (6, 8)], 40, np.random.default_rng(0))
        ),
        network,
    ),
)
add(
    "this package's Network, masks changed by hand",
    changed(lambda m: m.hidden_layers[1].mask[:, ::2].zero_(), network),
)
add(
    "a subclass of Network that scales its inputs",
    lambda: spread(Scaled(2, (8, 6), 3)),
    verdict=EITHER,
    says="forward",
)
add(
    "a subclass of Network with LeakyReLU",
    lambda: spread(Leaking(2, (8, 6), 3)),
    verdict=EITHER,
    says="forward",
)

# ---- hooks


def hooked(register, make=mlp):
    """A module after ``register(module)`` put hooks on it."""
    return changed(register, make)


CHANGES = {
    "forward hook on a ReLU": lambda m: m[1].register_forward_hook(
        lambda m, i, out: out * half_mask(out[0])
    ),
    "forward hook on the Sequential": lambda m: m.register_forward_hook(
        lambda m, i, out: out.flip(1) * 2
    ),
    "forward hook on the last Linear": lambda m: m[4].register_forward_hook(
        lambda m, i, out: out - 3 * out[:, :1]
    ),
    "pre-hook on the Sequential": lambda m: m.register_forward_pre_hook(
        lambda m, i: (3 * i[0] + 1,)
    ),
    "pre-hook on a Linear": lambda m: m[2].register_forward_pre_hook(
        lambda m, i: (i[0] * 0.5 - 1,)
    ),
    "pre-hook that returns no tuple": lambda m: m[0].register_forward_pre_hook(
        lambda m, i: i[0] - 1
    ),
    "forward hook with kwargs": lambda m: m[3].register_forward_hook(
        lambda m, i, k, out: -out, with_kwargs=True
    ),
    "pre-hook with kwargs": lambda m: m[2].register_forward_pre_hook(
        lambda m, i, k: ((-i[0],), k), with_kwargs=True
    ),
    "hook that always is called": lambda m: m[2].register_forward_hook(
        lambda m, i, out: out + 1, always_call=True
    ),
    "hook that changes its result in place": lambda m: m[1].register_forward_hook(
        lambda m, i, out: out.mul_(3)
    ),
    "hook that changes in place and returns nothing": lambda m: m[2].register_forward_hook(
        lambda m, i, out: [out.sub_(0.5), None][1]
    ),
    "hook that rounds": lambda m: m[1].register_forward_hook(lambda m, i, out: out.round()),
    "hook that bends": lambda m: m[2].register_forward_hook(lambda m, i, out: out.clamp(-0.3, 0.3)),
}
for label, register in CHANGES.items():
    add(f"a {label}", hooked(register), verdict=EITHER, says="hook", compare="same")
add(
    "hooks on two modules that undo each other",
    hooked(
        lambda m: (
            m[1].register_forward_hook(lambda m, i, out: 2 * out),
            m[2].register_forward_pre_hook(lambda m, i: (i[0] / 2,)),
        )
    ),
    verdict=EITHER,
    says="hook",
)
add(
    "a hook on a module inside",
    hooked(
        lambda m: m[2].f1.register_forward_hook(lambda m, i, out: out * 2),
        lambda: around(PostBlock()),
    ),
    verdict=EITHER,
    says="hook",
)
add(
    "a hook on this package's Network",
    hooked(lambda m: m.hidden_layers[0].register_forward_hook(lambda m, i, out: out * 2), network),
    verdict=EITHER,
    says="hook",
)
add(
    "a hook on the output of this package's Network",
    hooked(lambda m: m.output.register_forward_hook(lambda m, i, out: -out), network),
    verdict=EITHER,
    says="hook",
)
add(
    "a hook that acts on raw pixels only",
    hooked(
        lambda m: m[1].register_forward_hook(
            lambda m, i, out: 2 * out if out.abs().max() > 50 else out
        )
    ),
    half=255.0,
    verdict=EITHER,
    says="hook",
    compare="same",
)


def observing(module):
    """Hooks that store what they see."""
    seen = {}
    module[1].register_forward_hook(lambda m, i, out: seen.__setitem__("h", out.detach()))
    module[4].register_forward_pre_hook(lambda m, i: None)
    return True


add("hooks that only look", hooked(observing))
add(
    "a backward hook",
    hooked(lambda m: m[1].register_full_backward_hook(lambda m, a, b: None)),
    verdict=EITHER,
    says="hook",
)
add(
    "a hook on a parameter's gradient", hooked(lambda m: m[0].weight.register_hook(lambda g: g * 0))
)
add("hooks on state_dict", hooked(lambda m: m.register_state_dict_post_hook(lambda *a: None)))


@contextlib.contextmanager
def global_hook(hook, register=nn.modules.module.register_module_forward_hook):
    handle = register(hook)
    try:
        yield
    finally:
        handle.remove()


add(
    "a global hook that changes every ReLU",
    mlp,
    verdict=EITHER,
    says="hook",
    during=lambda: global_hook(lambda m, i, out: 2 * out + 1 if isinstance(m, nn.ReLU) else None),
)
add(
    "a global pre-hook that changes every Linear",
    mlp,
    verdict=EITHER,
    says="hook",
    during=lambda: global_hook(
        lambda m, i: (i[0] - 1,) if isinstance(m, nn.Linear) else None,
        nn.modules.module.register_module_forward_pre_hook,
    ),
)
add(
    "a global hook that only looks",
    mlp,
    verdict=EITHER,
    says="hook",
    during=lambda: global_hook(lambda m, i, out: None),
)

# ---- classes and instances


class SkipLinear(nn.Linear):
    def forward(self, x):
        return x + super().forward(x)


class StandardisedLinear(nn.Linear):
    def forward(self, x):
        weight = self.weight - self.weight.mean(dim=1, keepdim=True)
        return F.linear(x, weight / (weight.std(dim=1, keepdim=True) + 1e-5), self.bias)


class OwnReLU(nn.ReLU):
    """Exactly a ReLU."""


class LeakyOfReLU(nn.ReLU):
    def forward(self, x):
        return F.leaky_relu(x, 0.3)


class SquaredReLU(nn.ReLU):
    def forward(self, x):
        return F.relu(x) ** 2


class CalledReLU(nn.ReLU):
    def __call__(self, x):
        return super().__call__(x) + 0.5


class ShiftedNorm(nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x) + 1


class LaterLinear(nn.Linear):
    """Has its own way of being called, as layers with adapters have."""

    def __call__(self, x):
        return super().__call__(x) * 2


class Reversed(nn.Sequential):
    def forward(self, x):
        for m in reversed(list(self)):
            x = m(x)
        return x


def between(*modules):
    return lambda: spread(nn.Sequential(nn.Linear(2, 8), *(m() for m in modules), nn.Linear(8, 3)))


add("a subclass of Linear with a skip", between(nn.ReLU, lambda: SkipLinear(8, 8), nn.ReLU))
add("weight standardisation", between(nn.ReLU, lambda: StandardisedLinear(8, 8), nn.ReLU))
add("a subclass of ReLU that is one", between(OwnReLU))
add(
    "a subclass of ReLU that leaks",
    between(LeakyOfReLU),
    verdict=EITHER,
    says="LeakyOfReLU|forward",
)
refused("a subclass of ReLU that squares", between(SquaredReLU), "SquaredReLU|pow|forward")
add(
    "a subclass of ReLU called otherwise",
    between(CalledReLU),
    verdict=EITHER,
    says="__call__|CalledReLU",
)
add(
    "a subclass of Linear called otherwise",
    between(lambda: LaterLinear(8, 8), nn.ReLU),
    verdict=EITHER,
    says="__call__|LaterLinear",
)
add(
    "a subclass of BatchNorm with a shift",
    between(lambda: ShiftedNorm(8), nn.ReLU),
    verdict=EITHER,
    says="ShiftedNorm|forward",
)
add(
    "a Sequential that runs backwards",
    lambda: spread(Reversed(nn.Linear(8, 3), nn.ReLU(), nn.Linear(2, 8))),
    traced=True,
)
add(
    "a Sequential that runs backwards, and would fit forwards",
    lambda: spread(Reversed(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))),
)


class IdentityThatScales(nn.Identity):
    def forward(self, x):
        return 3 * x - 1


class FlattenThatFlips(nn.Flatten):
    def forward(self, x):
        return super().forward(x).flip(1)


class DropoutThatShifts(nn.Dropout):
    def forward(self, x):
        return x + 1


add(
    "a subclass of Identity that scales",
    between(IdentityThatScales, nn.ReLU),
    verdict=EITHER,
    says="IdentityThatScales|forward",
)
add(
    "a subclass of Flatten that flips",
    between(FlattenThatFlips, nn.ReLU),
    verdict=EITHER,
    says="FlattenThatFlips|forward|flip",
)
add(
    "a subclass of Dropout that shifts",
    between(DropoutThatShifts, nn.ReLU),
    verdict=EITHER,
    says="DropoutThatShifts|forward",
)


def set_forward(place, body):
    """Replace ``forward`` on one instance, as patches and adapters do."""

    def change(module):
        target = module if place is None else module[place]
        target.forward = types.MethodType(body, target)

    return change


add(
    "forward replaced on the network",
    changed(set_forward(None, lambda m, x: m[4](F.relu(m[2](m[1](m[0](-x))))))),
    verdict=EITHER,
    says="forward",
)
add(
    "forward replaced on a Linear",
    changed(set_forward(2, lambda m, x: F.linear(x, -m.weight, m.bias))),
    verdict=EITHER,
    says="forward",
)
add(
    "forward replaced on a ReLU",
    changed(set_forward(1, lambda m, x: F.relu(x) + 0.5)),
    verdict=EITHER,
    says="forward",
)
add(
    "forward wrapped on a Linear",
    changed(
        lambda m: setattr(
            m[2], "forward", functools.partial(lambda old, x: old(x) * 2, m[2].forward)
        )
    ),
    verdict=EITHER,
    says="forward",
)
add(
    "forward replaced on this package's Network",
    changed(
        lambda m: setattr(
            m,
            "forward",
            types.MethodType(
                lambda m, x: m.output(F.relu(m.hidden_layers[1](m.hidden_layers[0](x)))), m
            ),
        ),
        network,
    ),
    verdict=EITHER,
    says="forward",
)


@contextlib.contextmanager
def patched(kind, forward):
    old, kind.forward = kind.forward, forward
    try:
        yield
    finally:
        kind.forward = old


add(
    "ReLU patched for everyone",
    mlp,
    verdict=EITHER,
    says="ReLU|forward",
    during=lambda: patched(nn.ReLU, lambda m, x: F.relu(x) + 0.5),
)
add(
    "Linear patched for everyone",
    mlp,
    verdict=EITHER,
    says="Linear|forward",
    during=lambda: patched(nn.Linear, lambda m, x: F.linear(x, -m.weight, m.bias)),
)

# ---- containers, reuse

RELU = nn.ReLU()
add("plain MLP", mlp)
add(
    "no biases",
    lambda: nn.Sequential(
        nn.Linear(2, 8, bias=False), nn.ReLU(), nn.Linear(8, 3, bias=False)
    ).eval(),
)
add("a single neuron", lambda: mlp(2, 1, 2))
add("one output", lambda: mlp(2, 8, 1))
add(
    "one ReLU everywhere",
    lambda: spread(nn.Sequential(nn.Linear(2, 8), RELU, nn.Linear(8, 8), RELU, nn.Linear(8, 3))),
)
add(
    "nested Sequentials",
    lambda: spread(
        nn.Sequential(
            nn.Sequential(nn.Linear(2, 8), nn.Sequential(nn.ReLU())),
            nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)),
        )
    ),
)
add(
    "a Sequential of named layers",
    lambda: spread(
        nn.Sequential(OrderedDict(fc1=nn.Linear(2, 8), act=nn.ReLU(), fc2=nn.Linear(8, 3)))
    ),
)
add(
    "one Linear in several places",
    lambda: spread(
        nn.Sequential(
            nn.Linear(2, 8),
            *[nn.ReLU(), lin := nn.Linear(8, 8)],
            nn.ReLU(),
            lin,
            nn.ReLU(),
            nn.Linear(8, 3),
        )
    ),
)
add(
    "one Linear first and last",
    lambda: spread(nn.Sequential(*[lin := nn.Linear(2, 2), nn.ReLU(), lin])),
)
add(
    "linear layers without activation",
    lambda: spread(
        nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4), nn.Linear(4, 3))
    ),
)
add("two ReLUs in a row", between(nn.ReLU, nn.ReLU), compare="same")
add(
    "one Identity in two places",
    lambda: spread(
        nn.Sequential(nn.Linear(2, 2), *[none := nn.Identity(), nn.ReLU(), nn.Linear(2, 2), none])
    ),
)
add(
    "one Identity behind the ReLU and the output",
    lambda: spread(
        nn.Sequential(nn.Linear(2, 5), nn.ReLU(), *[none := nn.Identity(), nn.Linear(5, 3), none])
    ),
)
add(
    "one Dropout in two places, eval mode",
    lambda: spread(
        nn.Sequential(nn.Linear(2, 5), nn.ReLU(), *[d := nn.Dropout(), nn.Linear(5, 3), d])
    ),
)
add(
    "a Flatten in front",
    lambda: spread(nn.Sequential(nn.Flatten(), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))),
)
add("a slice of a Sequential", lambda: mlp(2, 8, 6, 5, 3)[:5])
add("ends in a ReLU", lambda: mlp(2, 6, 5, 3, 3)[:4])
add("ends in a ReLU, wrapped", lambda: spread(nn.Sequential(mlp(2, 6, 5, 3, 3)[:4])))
add(
    "ends in a ReLU and a Flatten",
    lambda: spread(nn.Sequential(*mlp(2, 6, 5, 3, 3)[:4], nn.Flatten())),
)
add(
    "ends in a LeakyReLU",
    lambda: spread(nn.Sequential(nn.Linear(2, 6), nn.LeakyReLU(), nn.Linear(6, 3), nn.LeakyReLU())),
)
add(
    "begins with a ReLU",
    lambda: spread(nn.Sequential(nn.ReLU(), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))),
    traced=True,
)
written(
    "a ModuleList",
    lambda m, x: m.out(functools.reduce(lambda h, f: F.relu(f(h)), m.layers, m.a(x))),
    lambda: {"layers": nn.ModuleList(nn.Linear(8, 8) for _ in range(3))},
)
written(
    "a ModuleDict",
    lambda m, x: m.out(m.acts["relu"](m.layers["b"](m.acts["leaky"](m.a(x))))),
    lambda: {
        "layers": nn.ModuleDict({"b": nn.Linear(8, 8)}),
        "acts": nn.ModuleDict({"relu": nn.ReLU(), "leaky": nn.LeakyReLU()}),
    },
)
written(
    "a ParameterList",
    lambda m, x: m.out(F.relu(x @ m.weights[0] + m.weights[1])),
    lambda: {"weights": nn.ParameterList([torch.randn(2, 8), torch.randn(8)])},
)
written(
    "layers by getattr",
    lambda m, x: m.out(functools.reduce(lambda h, name: F.relu(getattr(m, name)(h)), "ab", x)),
)
written(
    "one layer in a loop",
    lambda m, x: m.out(functools.reduce(lambda h, _: m.act(m.b(h)), range(3), m.act(m.a(x)))),
)
written(
    "tied weights",
    lambda m, x: F.linear(F.relu(F.linear(F.relu(m.a(x)), m.b.weight)), m.a.weight.t()),
)
written(
    "one parameter in two layers",
    lambda m, x: m.out(F.relu(m.c(F.relu(m.b(F.relu(m.a(x))))))),
    lambda: {"b": (b := nn.Linear(8, 8)), "c": _sharing(b)},
)


def _sharing(layer):
    other = nn.Linear(8, 8)
    other.weight = layer.weight
    return other


add("He initialisation, 40 layers", lambda: he(40), half=0.01, dtype=torch.float64)


def he(depth: int):
    widths = [2, *[20] * depth, 3]
    module = mlp(*widths)
    for m in module[::2]:
        nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
        nn.init.normal_(m.bias, 0, 0.1)
    return module.double()


refused("a single Linear", lambda: nn.Linear(2, 3), "no hidden layer")
refused("an empty Sequential", nn.Sequential, "no hidden layer|empty|first layer|no layer")

# ---- norms, weights

add(
    "BatchNorm in eval mode",
    between(
        lambda: nn.BatchNorm1d(8),
        nn.ReLU,
        lambda: nn.Linear(8, 8),
        lambda: nn.BatchNorm1d(8),
        nn.ReLU,
    ),
    half=10.0,
)
add("BatchNorm without parameters", between(lambda: nn.BatchNorm1d(8, affine=False), nn.ReLU))
add("BatchNorm behind the ReLU", between(nn.ReLU, lambda: nn.BatchNorm1d(8)))
add(
    "BatchNorm in front",
    lambda: spread(nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))),
    traced=True,
)
refused(
    "BatchNorm in training mode",
    lambda: between(lambda: nn.BatchNorm1d(8), nn.ReLU)().train(),
    r"training|eval\(\)",
)
refused(
    "one BatchNorm left in training mode",
    changed(lambda m: m[1].train(), between(lambda: nn.BatchNorm1d(8), nn.ReLU)),
    r"training|eval\(\)",
)
refused(
    "BatchNorm of the batch's statistics",
    between(lambda: nn.BatchNorm1d(8, track_running_stats=False), nn.ReLU),
    "statistics|mixes|batch",
)
refused(
    "Dropout in training mode", lambda: between(nn.ReLU, nn.Dropout)().train(), r"training|eval\(\)"
)
refused(
    "AlphaDropout in training mode",
    lambda: between(nn.ReLU, nn.AlphaDropout)().train(),
    r"training|eval\(\)",
)
add("training mode where nothing minds", lambda: mlp().train())
add(
    "Dropout(0) in training mode",
    lambda: between(nn.ReLU, lambda: nn.Dropout(0.0))().train(),
    verdict=EITHER,
    says="training",
)
refused("LayerNorm", between(lambda: nn.LayerNorm(8), nn.ReLU), "LayerNorm")
refused("GroupNorm", between(lambda: nn.GroupNorm(2, 8), nn.ReLU), "GroupNorm")
refused("RMSNorm", between(lambda: nn.RMSNorm(8), nn.ReLU), "RMSNorm")
refused(
    "InstanceNorm",
    lambda: spread(
        nn.Sequential(
            nn.Linear(2, 8),
            nn.Unflatten(1, (2, 4)),
            nn.InstanceNorm1d(2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8, 3),
        )
    ),
    "InstanceNorm|normal",
)
refused(
    "LocalResponseNorm",
    lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.LocalResponseNorm(2), nn.ReLU()),
    "LocalResponseNorm|norm|pow|mul",
    shape=IMAGE,
)
refused(
    "F.layer_norm", lambda: Written(hidden(lambda h: F.relu(F.layer_norm(h, (8,))))), "layer_norm"
)
refused("F.normalize", lambda: Written(hidden(lambda h: F.relu(F.normalize(h)))), "norm")
refused(
    "standardised by hand",
    lambda: Written(
        hidden(lambda h: F.relu((h - h.mean(1, keepdim=True)) / h.std(1, keepdim=True)))
    ),
    "std|div",
)
written("centred by hand", hidden(lambda h: F.relu(h - h.mean(dim=1, keepdim=True))))
written(
    "F.batch_norm",
    lambda m, x: m.out(
        F.relu(F.batch_norm(m.a(x), m.n.running_mean, m.n.running_var, m.n.weight, m.n.bias))
    ),
    lambda: {"n": nn.BatchNorm1d(8)},
    verdict=EITHER,
    says="batch_norm",
)
refused(
    "F.batch_norm in training mode",
    lambda: Written(lambda m, x: m.out(F.relu(F.batch_norm(m.a(x), None, None, training=True)))),
    "batch_norm|mixes",
)
written(
    "inputs normalised by buffers",
    lambda m, x: m.out(F.relu(m.a((x - m.mean) / m.std))),
    lambda: {"mean": torch.tensor([0.3, -0.1]), "std": torch.tensor([0.5, 2.0])},
)


def old(norm, **options):
    def change(module):
        import warnings

        with warnings.catch_warnings(), torch.enable_grad():
            warnings.simplefilter("ignore")
            norm(module[2], **options)

    return change


add("weight_norm, old", changed(old(nn.utils.weight_norm)))
add(
    "weight_norm, old, and a step since",
    changed(lambda m: (old(nn.utils.weight_norm)(m), m[2].weight_g.mul_(2))),
)
add("weight_norm, old, with dim=None", changed(old(nn.utils.weight_norm, dim=None)))
add("weight_norm", changed(old(parametrizations.weight_norm)))
add(
    "weight_norm, and a step since",
    changed(
        lambda m: (
            parametrizations.weight_norm(m[2]),
            m[2].parametrizations.weight.original0.mul_(2),
        )
    ),
)
add("spectral_norm, old", changed(lambda m: (old(nn.utils.spectral_norm)(m), m.eval())))
add(
    "spectral_norm, old, and a step since",
    changed(
        lambda m: (
            old(nn.utils.spectral_norm)(m),
            m.eval(),
            m[2].weight_orig.mul_(half_mask(m[2].weight_orig)),
        )
    ),
)
add("spectral_norm", changed(lambda m: (old(parametrizations.spectral_norm)(m), m.eval())))
add(
    "spectral_norm in training mode",
    changed(lambda m: (old(parametrizations.spectral_norm)(m), m.train())),
    verdict=EITHER,
    says=r"spectral|training|eval\(\)",
)
add("orthogonal weights", changed(lambda m: (old(parametrizations.orthogonal)(m), None)[1]))
add(
    "two parametrisations on one weight",
    changed(
        lambda m: [
            parametrize.register_parametrization(m[2], "weight", Times(half_mask(m[2].weight) * k))
            for k in (2, 0.7)
        ]
    ),
)
add(
    "a parametrised bias",
    changed(
        lambda m: parametrize.register_parametrization(m[0], "bias", Times(half_mask(m[0].bias)))
    ),
)
written(
    "low rank",
    lambda m, x: m.out(F.relu(m.b(F.relu(m.a(x)) @ m.u @ m.v))),
    lambda: {"u": nn.Parameter(torch.randn(8, 2)), "v": nn.Parameter(torch.randn(2, 8))},
)
written(
    "LoRA",
    lambda m, x: m.out(F.relu(F.linear(m.act(m.a(x)), m.b.weight + m.u @ m.v, m.b.bias))),
    lambda: {"u": nn.Parameter(torch.randn(8, 2)), "v": nn.Parameter(torch.randn(2, 8))},
)
written(
    "weights from another network",
    lambda m, x: m.out(F.relu(F.linear(x, m.hyper(m.code).reshape(8, 2), m.a.bias))),
    lambda: {"hyper": mlp(4, 6, 16), "code": nn.Parameter(torch.ones(1, 4))},
    verdict=EITHER,
    says="trace|reshape|understood",
)
written(
    "weights binarised", lambda m, x: m.out(F.relu(F.linear(x, torch.sign(m.a.weight), m.a.bias)))
)
for kind in (torch.float64, torch.float16, torch.bfloat16):
    add(
        f"weights in {str(kind)[6:]}",
        lambda kind=kind: mlp().to(kind),
        judged=double,
        dtype=torch.float64,
    )
add(
    "a LeakyReLU network in bfloat16",
    lambda: mlp(act=nn.LeakyReLU).bfloat16(),
    judged=lambda m: functools.partial(_leaky_as_given, double(m)),
    dtype=torch.float64,
)


def _leaky_as_given(module, x):
    return module(x)


written(
    "half in float64",
    lambda m, x: m.out(F.relu(m.b(F.relu(m.a(x)).double())).float()),
    lambda: {"b": nn.Linear(8, 8).double()},
    verdict=EITHER,
    says="dtype|double|float",
)
refused("NaN weights", changed(lambda m: m[2].weight.view(-1)[5:6].fill_(math.nan)), "nan")
refused("infinite weights", changed(lambda m: m[2].bias[:1].fill_(math.inf)), "inf")
refused(
    "NaN running statistics",
    changed(
        lambda m: m[1].running_var[:1].fill_(math.nan), between(lambda: nn.BatchNorm1d(8), nn.ReLU)
    ),
    "nan",
)
refused(
    "a NaN constant in forward",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x)) * m.k), k=torch.tensor([1.0, math.nan] * 4)),
    "nan|finite|disagree",
)
refused("weights on the meta device", lambda: mlp().to("meta"), "meta|device|no data|values")
refused(
    "complex weights",
    lambda: Written(
        lambda m, x: F.relu((x.to(torch.complex64) @ m.w).real),
        w=nn.Parameter(torch.randn(2, 3, dtype=torch.complex64)),
    ),
    "complex",
)
add("all weights zero", changed(lambda m: [p.zero_() for p in m.parameters()]))
add("dead neurons", changed(lambda m: m[0].bias.sub_(50)))
add("huge weights", changed(lambda m: m[2].weight.mul_(1e20)), judged=double, dtype=torch.float64)
add("tiny weights", changed(lambda m: m[2].weight.mul_(1e-20)), judged=double, dtype=torch.float64)
add(
    "sparse weights",
    lambda: Written(
        lambda m, x: m.out(F.relu(torch.sparse.mm(m.w, x.t()).t())), w=torch.randn(8, 2).to_sparse()
    ),
    verdict=EITHER,
    says="sparse|trace|strided|\\bt\\b",
)
add("frozen weights", lambda: mlp().requires_grad_(False))
add("a network with gradients", changed(lambda m: None))

# ---- activations

for act in (
    nn.LeakyReLU,
    functools.partial(nn.LeakyReLU, -0.5),
    nn.PReLU,
    functools.partial(nn.PReLU, 8),
    nn.RReLU,
    nn.Hardtanh,
    nn.ReLU6,
    nn.Hardsigmoid,
    functools.partial(nn.Hardtanh, -0.2, 0.7),
    nn.Softshrink,
    functools.partial(nn.ReLU, inplace=True),
    functools.partial(nn.LeakyReLU, 0.2, inplace=True),
    functools.partial(nn.Hardtanh, inplace=True),
    functools.partial(mbh.PiecewiseLinear, [0.0], [0.2, 1.0]),
):
    add(
        f"activation {act()}",
        between(act, lambda: nn.Linear(8, 8), act),
        compare="same" if "Piecewise" in repr(act()) else "numbered",
        verdict=EITHER if "-0.5" in repr(act()) else TAKEN,
        says="slope",
        half=20.0 if act is nn.Hardsigmoid else 2.0,
    )
add("nn.Threshold(0, 0)", between(lambda: nn.Threshold(0, 0)), verdict=EITHER, says="threshold")
SMOOTH = (
    nn.GELU,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
    nn.SiLU,
    nn.Mish,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.Hardswish,
    nn.LogSigmoid,
    nn.Softsign,
    nn.Tanhshrink,
    nn.Hardshrink,
)
for act in SMOOTH:
    refused(f"activation {act()}", between(act), act.__name__)
refused("a Threshold that jumps", between(lambda: nn.Threshold(0.5, -1)), "threshold")
refused("a Softmax in between", between(lambda: nn.Softmax(dim=1)), "Softmax")
refused(
    "ends in a Softmax",
    lambda: nn.Sequential(mlp(), nn.Softmax(dim=1)),
    "Softmax",
    compare="outputs",
)
refused("ends in a LogSoftmax", lambda: nn.Sequential(mlp(), nn.LogSoftmax(dim=1)), "LogSoftmax")
refused(
    "ends in F.log_softmax",
    lambda: Written(lambda m, x: F.log_softmax(m.out(F.relu(m.a(x))), dim=1)),
    "log_softmax",
)
refused("ends in a Sigmoid", lambda: nn.Sequential(mlp(2, 8, 1), nn.Sigmoid()), "Sigmoid")
refused(
    "ends in the class", lambda: Written(lambda m, x: m.out(F.relu(m.a(x))).argmax(dim=1)), "argmax"
)

# ---- functional style


def stated(statement, then=lambda m, h: m.out(h)):
    """Forward with a statement whose result is not used: it acts in place."""

    def body(m, x):
        h = m.a(x)
        statement(h)
        return then(m, h)

    return body


written("F.relu", hidden(F.relu))
written("torch.relu", hidden(torch.relu))
written("x.relu()", hidden(lambda h: h.relu()))
written("F.relu_", hidden(F.relu_))
written("torch.relu_", hidden(torch.relu_))
written("x.relu_()", hidden(lambda h: h.relu_()))
written("F.relu(inplace=True)", hidden(lambda h: F.relu(h, inplace=True)))
written("clamp(min=0)", hidden(lambda h: h.clamp(min=0)))
written("clamp_min(0)", hidden(lambda h: h.clamp_min(0)))
written("torch.clamp(h, 0)", hidden(lambda h: torch.clamp(h, 0)))
written("clip(0, 1)", hidden(lambda h: h.clip(0, 1)))
written(
    "F.threshold(h, 0, 0)", hidden(lambda h: F.threshold(h, 0, 0)), verdict=EITHER, says="threshold"
)
written("F.leaky_relu", hidden(lambda h: F.leaky_relu(h, negative_slope=0.1)))
written(
    "F.prelu",
    lambda m, x: m.out(F.prelu(m.a(x), m.slope)),
    lambda: {"slope": nn.Parameter(torch.full((8,), 0.3))},
)
written("F.rrelu", hidden(lambda h: F.rrelu(h, training=False)), verdict=EITHER, says="rrelu")
written("F.hardtanh", hidden(F.hardtanh))
written("F.relu6", hidden(F.relu6))
written("F.hardsigmoid", hidden(F.hardsigmoid), half=20.0)
written("abs", hidden(lambda h: h.abs()))
written("torch.abs", hidden(torch.abs))
written("abs()", hidden(abs), verdict=EITHER, says="abs")
written(
    "torch.maximum of two layers",
    lambda m, x: m.out(torch.maximum(m.a(x), m.c(x))),
    lambda: {"c": nn.Linear(2, 8)},
    compare="same",
)
written(
    "torch.max of two layers",
    lambda m, x: m.out(torch.max(m.a(x), m.c(x))),
    lambda: {"c": nn.Linear(2, 8)},
    compare="same",
)
written(
    "torch.minimum of two layers",
    lambda m, x: m.out(torch.minimum(m.a(x), m.c(x))),
    lambda: {"c": nn.Linear(2, 8)},
    compare="same",
    verdict=EITHER,
    says="minimum",
)
written(
    "torch.maximum with zero",
    hidden(lambda h: torch.maximum(h, torch.zeros_like(h))),
    compare="same",
    verdict=EITHER,
    says="maximum|zeros_like",
)
written(
    "torch.maximum with a number",
    hidden(lambda h: torch.maximum(h, torch.tensor(0.0))),
    compare="same",
    verdict=EITHER,
    says="maximum",
)
written(
    "torch.where",
    hidden(lambda h: torch.where(h > 0, h, 0.1 * h)),
    compare="same",
    verdict=EITHER,
    says="where|gt",
)
refused(
    "torch.where that jumps",
    lambda: Written(hidden(lambda h: torch.where(h > 0, h, h - 1))),
    "where|gt",
)
written(
    "h * (h > 0)", hidden(lambda h: h * (h > 0)), compare="same", verdict=EITHER, says="gt|mul|>"
)
written(
    "maxout",
    hidden(lambda h: torch.cat([h.view(-1, 4, 2).max(dim=2)[0]] * 2, 1)),
    compare="finer",
    verdict=EITHER,
    says="max",
)
written(
    "maxout by amax",
    hidden(lambda h: torch.cat([h.view(-1, 4, 2).amax(2)] * 2, 1)),
    compare="finer",
    verdict=EITHER,
    says="max",
)
written(
    "CReLU",
    lambda m, x: m.out(torch.cat([F.relu(h := m.a(x)[:, :4]), F.relu(-h)], dim=1)),
    compare="same",
)
written("difference of two ReLUs", hidden(lambda h: F.relu(h) - F.relu(h - 1)), compare="same")
refused("torch.sign", lambda: Written(hidden(torch.sign)), "sign")
refused("torch.round", lambda: Written(hidden(lambda h: F.relu(h).round())), "round")
refused(
    "a straight-through step",
    lambda: Written(hidden(lambda h: h + ((h > 0).float() - h).detach())),
    "gt|detach|float|sub|>",
)
refused("h ** 2", lambda: Written(hidden(lambda h: F.relu(h) ** 2)), "pow")
refused("torch.square", lambda: Written(hidden(torch.square)), "square")
refused("torch.exp", lambda: Written(hidden(torch.exp)), "exp")
refused("torch.sigmoid", lambda: Written(hidden(torch.sigmoid)), "sigmoid")
refused("x.tanh()", lambda: Written(hidden(lambda h: h.tanh())), "tanh")
refused("F.gelu", lambda: Written(hidden(F.gelu)), "gelu")
refused("F.softmax", lambda: Written(hidden(lambda h: F.softmax(h, dim=-1))), "softmax")
refused("F.glu", lambda: Written(hidden(lambda h: torch.cat([F.glu(h)] * 2, 1))), "glu")
refused(
    "a gate that depends on the input",
    lambda: Written(lambda m, x: m.out(F.relu(h := m.a(x)) * h)),
    "mul|two tensors",
)
refused(
    "attention",
    lambda: Written(lambda m, x: m.out(torch.softmax((h := m.a(x)) @ h.t(), 1) @ h)),
    "matmul|softmax|two tensors|mixes|samples|\\bt\\b",
)
refused(
    "a mixture of experts",
    lambda: Written(lambda m, x: m.out(torch.softmax(m.b(h := F.relu(m.a(x))), 1) * h)),
    "softmax",
)
refused(
    "Bilinear",
    lambda: Written(lambda m, x: F.relu(m.bi(x, x)), bi=nn.Bilinear(2, 2, 3)),
    "Bilinear",
)
refused(
    "division by a tensor of the input",
    lambda: Written(hidden(lambda h: F.relu(h) / (h.sum(1, keepdim=True) + 9))),
    "div",
)
refused("square root", lambda: Written(hidden(lambda h: F.relu(h).sqrt())), "sqrt")
refused(
    "torch.cdist",
    lambda: Written(lambda m, x: m.out(torch.cdist(x, m.c)), c=torch.randn(8, 2)),
    "cdist",
)
refused("sorted activations", lambda: Written(hidden(lambda h: h.sort(dim=1)[0])), "sort")
refused(
    "k winners take all",
    lambda: Written(hidden(lambda h: h * (h >= h.topk(3, dim=1)[0][:, -1:]))),
    "topk|ge|mul",
)


def named(label: str) -> str:
    """The operation that a statement calls, without its underscore."""
    return label.split("(")[0].split(".")[-1].strip("_")


IN_PLACE = {
    "F.relu_(h)": F.relu_,
    "h.relu_()": lambda h: h.relu_(),
    "torch.relu_(h)": torch.relu_,
    "F.relu(h, inplace=True)": lambda h: F.relu(h, inplace=True),
    "h.clamp_(min=0)": lambda h: h.clamp_(min=0),
    "h.clamp_(max=1)": lambda h: h.clamp_(max=1),
    "torch.clamp_(h, -1, 1)": lambda h: torch.clamp_(h, -1, 1),
    "torch.clamp(h, 0, 1, out=h)": lambda h: torch.clamp(h, 0, 1, out=h),
    "F.leaky_relu_(h)": lambda h: F.leaky_relu_(h, 0.2),
    "F.hardtanh_(h)": F.hardtanh_,
    "h.abs_()": lambda h: h.abs_(),
    "h.add_(1).relu_()": lambda h: h.add_(1).relu_(),
}
for label, statement in IN_PLACE.items():
    written(
        f"{label} as a statement",
        stated(statement),
        verdict=EITHER,
        says="place|statement|" + named(label),
    )
AFTER = {
    "h.add_(1)": lambda h: h.add_(1),
    "h.mul_(-2)": lambda h: h.mul_(-2),
    "h.neg_()": lambda h: h.neg_(),
    "torch.add(h, 1, out=h)": lambda h: torch.add(h, 1, out=h),
    "h.zero_()": lambda h: h.zero_(),
    "h.fill_(1)": lambda h: h.fill_(1),
    "h.copy_(-h)": lambda h: h.copy_(-h),
    "h.masked_fill_(mask, 0)": lambda h: h.masked_fill_(torch.tensor([True, False] * 4), 0),
    "h[:, 0] = 1": lambda h: h.__setitem__((slice(None), 0), 1),
    "h[:, :4] += 1": lambda h: h[:, :4].add_(1),
    "h[:, :4].relu_()": lambda h: h[:, :4].relu_(),
    "h.view(-1).mul_(2)": lambda h: h.view(-1).mul_(2),
    "h.t().mul_(2)": lambda h: h.t().mul_(2),
    "h.data.mul_(2)": lambda h: h.data.mul_(2),
    "h.detach().mul_(2)": lambda h: h.detach().mul_(2),
    "h.sub_(h.mean(1, keepdim=True))": lambda h: h.sub_(h.mean(1, keepdim=True)),
    "nn.init.zeros_(h)": lambda h: nn.init.zeros_(h),
    "h.square_()": lambda h: h.square_(),
    "h.t_().t_()": lambda h: h.t_().t_(),
    "h.index_fill_(1, ...)": lambda h: h.index_fill_(1, torch.tensor([0, 2]), 0.5),
}
for label, statement in AFTER.items():
    written(
        f"{label} as a statement, then relu",
        stated(statement, lambda m, h: m.out(F.relu(h))),
        compare="same",
        verdict=EITHER,
        says="place|statement|setitem|disagree|trace|bends|" + named(label),
    )


def assigned(m, x):
    h = F.relu(m.a(x))
    h += x.repeat(1, 4)
    h *= 0.5
    h -= 1
    h /= 3
    return m.out(F.relu(m.b(h)))


def aliased(m, x):
    h = m.a(x)
    before = h
    h += 1
    return m.out(F.relu(before) + h)


def kept_before(m, x):
    h = m.a(x)
    y = F.relu(h)
    h += 5
    return m.out(y + h)


def in_place_on_input(m, x):
    x = x * 1
    x.mul_(2)
    return m.out(F.relu(m.a(x)))


def residual_in_place(m, x):
    h = m.a(x)
    skip = h
    y = m.inplace(h)
    return m.out(y + skip)


def clone_first(m, x):
    h = m.a(x)
    skip = h.clone()
    y = m.inplace(h)
    return m.out(y + skip)


written("h += ... and its kin", assigned)
written(
    "+= seen through another name",
    aliased,
    verdict=EITHER,
    says="place|iadd|disagree",
    compare="same",
)
written("+= behind a use", kept_before, compare="same")
written("the input doubled in place", in_place_on_input, verdict=EITHER, says="place|mul_")
written(
    "a skip that ReLU(inplace=True) overwrites",
    residual_in_place,
    lambda: {"inplace": nn.ReLU(inplace=True)},
    verdict=EITHER,
    says="place|ReLU",
)
written(
    "a skip cloned before ReLU(inplace=True)",
    clone_first,
    lambda: {"inplace": nn.ReLU(inplace=True)},
)
written(
    "an unused ReLU(inplace=True)",
    stated(lambda h: None, lambda m, h: (m.inplace(h), m.out(h))[1]),
    lambda: {"inplace": nn.ReLU(inplace=True)},
    verdict=EITHER,
    says="place|ReLU",
)
written(
    "an auxiliary head that is not used",
    lambda m, x: (m.aux(F.relu(m.b(h := F.relu(m.a(x))))), m.out(h))[1],
    lambda: {"aux": nn.Linear(8, 2)},
    compare="outputs",
)
written(
    "F.dropout with self.training", lambda m, x: m.out(F.dropout(F.relu(m.a(x)), 0.5, m.training))
)
written("F.dropout(training=False)", hidden(lambda h: F.dropout(F.relu(h), training=False)))
refused(
    "F.dropout as it is",
    lambda: Written(hidden(lambda h: F.dropout(F.relu(h)))),
    "drop|random|training",
)
refused(
    "noise in forward",
    lambda: Written(hidden(lambda h: F.relu(h + 0.1 * torch.randn(8)))),
    "rand|disagree|chance",
)
refused(
    "noise like the activations",
    lambda: Written(hidden(lambda h: F.relu(h + 0.1 * torch.randn_like(h)))),
    "rand|disagree|chance",
)
refused(
    "Bernoulli masks in forward",
    lambda: Written(hidden(lambda h: F.relu(h) * torch.bernoulli(torch.full((8,), 0.5)))),
    "rand|disagree|chance|bernoulli",
)
refused(
    "numpy's noise in forward",
    lambda: Written(hidden(lambda h: F.relu(h) * float(np.random.rand()))),
    "rand|disagree|chance",
)
written(
    "noise only in training",
    lambda m, x: m.out(F.relu(m.a(x) + torch.randn(8)) if m.training else F.relu(m.a(x))),
)

# ---- products with weights

WEIGHT = {"w": lambda: nn.Parameter(torch.randn(2, 8))}


def with_weight(name, f, **options):
    written(
        name,
        lambda m, x: m.out(F.relu(f(m, x))),
        lambda: {"w": nn.Parameter(torch.randn(2, 8)), "c": nn.Parameter(torch.randn(8))},
        **options,
    )


with_weight("x @ w", lambda m, x: x @ m.w + m.c)
with_weight("torch.matmul", lambda m, x: torch.matmul(x, m.w))
with_weight("torch.mm", lambda m, x: torch.mm(x, m.w), verdict=EITHER, says="mm")
with_weight("x.mm(w)", lambda m, x: x.mm(m.w), verdict=EITHER, says="mm")
with_weight("torch.addmm", lambda m, x: torch.addmm(m.c, x, m.w), verdict=EITHER, says="addmm")
with_weight(
    "torch.einsum",
    lambda m, x: torch.einsum("bi,io->bo", x, m.w) + m.c,
    verdict=EITHER,
    says="einsum",
)
with_weight(
    "torch.bmm",
    lambda m, x: torch.bmm(x[:, None], m.w.expand(x.shape[0], 2, 8))[:, 0],
    verdict=EITHER,
    says="bmm",
)
with_weight(
    "torch.tensordot",
    lambda m, x: torch.tensordot(x, m.w, dims=1),
    verdict=EITHER,
    says="tensordot",
)
with_weight(
    "(w.t() @ x.t()).t()",
    lambda m, x: (m.w.t() @ x.t()).t(),
    verdict=EITHER,
    says="matmul|\\bt\\b|samples|transpose",
)
with_weight("torch.outer sum", lambda m, x: x[:, :1] * m.w[0] + x[:, 1:] * m.w[1])
with_weight("F.bilinear with constants", lambda m, x: F.linear(x, m.w.t().contiguous(), m.c))
with_weight(
    "torch.kron",
    lambda m, x: x @ torch.kron(m.w[:, :4], torch.ones(1, 2)),
    verdict=EITHER,
    says="kron",
)
with_weight("sum of products", lambda m, x: (x[:, :, None] * m.w).sum(dim=1) + m.c)
with_weight("a sum over a list", lambda m, x: sum(x[:, i : i + 1] * m.w[i] for i in range(2)))
refused(
    "einsum of two tensors of the input",
    lambda: Written(lambda m, x: m.out(F.relu(torch.einsum("bi,bi->bi", h := m.a(x), h)))),
    "einsum|two tensors",
)

# ---- shapes and types


def flat_features(x):
    n = 1
    for side in x.size()[1:]:
        n *= side
    return n


SHAPES = {
    "x.view(-1, num_flat_features(x))": lambda x: x.view(-1, flat_features(x)),
    "int(x.nelement() / x.shape[0])": lambda x: x.view(-1, int(x.nelement() / x.shape[0])),
    "x.view(x.size(0), -1)": lambda x: x.view(x.size(0), -1),
    "x.view(len(x), -1)": lambda x: x.view(len(x), -1),
    "x.reshape(x.shape[0], -1)": lambda x: x.reshape(x.shape[0], -1),
    "x.view(-1, 8)": lambda x: x.view(-1, 8),
    "math.prod(x.shape[1:])": lambda x: x.reshape(-1, math.prod(x.shape[1:])),
    "np.prod(x.shape[1:])": lambda x: x.reshape(-1, int(np.prod(x.shape[1:]))),
    "torch.flatten(x, 1)": lambda x: torch.flatten(x, 1),
    "x.flatten(start_dim=1)": lambda x: x.flatten(start_dim=1),
    "b, c = x.shape": lambda x: x.reshape(*(lambda b, c: (b, c))(*x.shape)),
    "x.numel() // len(x)": lambda x: x.reshape(-1, x.numel() // x.shape[0]),
    "if x.dim() == 2": lambda x: x if x.dim() == 2 else x.flatten(1),
    "if x.ndim > 2": lambda x: x.flatten(1) if x.ndim > 2 else x,
    "if x.shape[1] == 8": lambda x: x if x.shape[1] == 8 else -x,
    "if x.size(-1) != 8": lambda x: -x if x.size(-1) != 8 else x,
    "for i in range(x.shape[1])": lambda x: torch.stack(
        [x[:, i] * (i + 1) for i in range(x.shape[1])], dim=1
    ),
    "list(x.shape)": lambda x: x.reshape(list(x.shape)),
    "x.view_as(x)": lambda x: x.view_as(x),
    "x.reshape(x.size())": lambda x: x.reshape(x.size()),
    "x.view(*x.shape[:1], 2, 4)": lambda x: x.view(*x.shape[:1], 2, 4).transpose(1, 2).flatten(1),
}
for label, f in SHAPES.items():
    written(label, hidden(lambda h, f=f: f(F.relu(h))))
REARRANGED = {
    "unsqueeze and squeeze": lambda h: h.unsqueeze(1).squeeze(1),
    "squeeze()": lambda h: h.unsqueeze(1).squeeze(),
    "x.chunk": lambda h: torch.cat(h.chunk(2, dim=1)[::-1], dim=1),
    "torch.split": lambda h: torch.cat(torch.split(h, [3, 5], dim=1)[::-1], dim=1),
    "unbind and stack": lambda h: torch.stack(h.unbind(1)[::-1], 1),
    "flip": lambda h: h.flip(1),
    "roll": lambda h: h.roll(2, 1),
    "index_select": lambda h: h.index_select(1, torch.arange(7, -1, -1)),
    "h[:, permutation]": lambda h: h[:, [7, 6, 5, 4, 0, 1, 2, 3]],
    "h[..., None][..., 0]": lambda h: h[..., None][..., 0],
    "repeat": lambda h: h[:, :4].repeat(1, 2),
    "repeat_interleave": lambda h: h[:, :4].repeat_interleave(2, dim=1),
    "expand": lambda h: h[:, :1].expand(-1, 8),
    "cumsum": lambda h: h.cumsum(1),
    "torch.hstack": lambda h: torch.hstack([h[:, 4:], h[:, :4]]),
    "swapaxes": lambda h: h.view(-1, 2, 4).swapaxes(1, 2).reshape(-1, 8),
    "movedim": lambda h: h.view(-1, 2, 4).movedim(1, 2).reshape(-1, 8),
    "mean and subtraction": lambda h: h - h.mean(-1, keepdim=True),
    "torch.lerp": lambda h: torch.lerp(h, h.flip(1), 0.3),
    "torch.zeros and cat": lambda h: torch.cat([h[:, :6], torch.zeros(h.shape[0], 2)], dim=1),
    "new_ones and cat": lambda h: torch.cat([h[:, :6], h.new_ones(h.size(0), 2)], dim=1),
    "ones_like and cat": lambda h: torch.cat([h[:, :6], torch.ones_like(h[:, :2])], dim=1),
    "F.pad": lambda h: F.pad(h[:, :6], (1, 1), value=0.5),
    "F.one_hot of nothing": lambda h: h + F.one_hot(torch.tensor(3), 8),
    "tril": lambda h: h @ torch.ones(8, 8).tril(),
    "fft of the weights": lambda h: h @ torch.fft.fft(torch.eye(8)).real.to(h.dtype),
    "h.T.T": lambda h: h.T.T,
    "addcmul with constants": lambda h: torch.addcmul(h, torch.ones(8), torch.ones(8), value=0.5),
    "F.interpolate": lambda h: F.interpolate(h[:, None, :4], scale_factor=2)[:, 0],
    "unfold": lambda h: h.unfold(1, 2, 2).sum(-1).repeat(1, 2),
    "take_along_dim": lambda h: torch.take_along_dim(h, torch.arange(8)[None].flip(1), dim=1),
    "narrow": lambda h: torch.cat([h.narrow(1, 0, 4), h.narrow(1, 4, 4)], 1),
    "h.sum over pairs": lambda h: h.view(-1, 4, 2).sum(2).repeat(1, 2),
    "-(-h)": lambda h: -(-h),  # noqa: B002
    "1 - h": lambda h: 1 - h,
    "torch.rsub": lambda h: torch.rsub(h, 2, alpha=3),
    "torch.add(alpha=2)": lambda h: torch.add(h, h.flip(1), alpha=2),
    "torch.sub(alpha=0.5)": lambda h: torch.sub(h, 1.0, alpha=0.5),
    "torch.div by two": lambda h: torch.div(h, 2),
    "h.mul(2).true_divide(3)": lambda h: h.mul(2).true_divide(3),
}
SURE = {
    "unsqueeze and squeeze",
    "h[:, permutation]",
    "h[..., None][..., 0]",
    "mean and subtraction",
    "F.pad",
    "-(-h)",
    "1 - h",
    "torch.div by two",
}
for label, f in REARRANGED.items():
    written(
        label,
        hidden(lambda h, f=f: f(F.relu(h))),
        verdict=TAKEN if label in SURE else EITHER,
        says="understood|trace|samples|disagree|dtype",
    )
written(
    "squeeze(-1) of one output",
    lambda m, x: m.value(F.relu(m.a(x))).squeeze(-1),
    lambda: {"value": nn.Linear(8, 1)},
)
written(
    "torch.squeeze(x, dim=1) of one output",
    lambda m, x: torch.squeeze(m.value(F.relu(m.a(x))), dim=1),
    lambda: {"value": nn.Linear(8, 1)},
)
written(
    "[:, 0] of one output",
    lambda m, x: m.value(F.relu(m.a(x)))[:, 0],
    lambda: {"value": nn.Linear(8, 1)},
)
written(
    "squeeze() of one output",
    lambda m, x: m.value(F.relu(m.a(x))).squeeze(),
    lambda: {"value": nn.Linear(8, 1)},
    verdict=EITHER,
    says="squeeze|sample",
)
written(
    "flatten() of one output",
    lambda m, x: m.value(F.relu(m.a(x))).flatten(),
    lambda: {"value": nn.Linear(8, 1)},
    verdict=EITHER,
    says="flatten|sample",
)
written(
    "outputs as a matrix",
    lambda m, x: m.wide(F.relu(m.a(x))).view(-1, 2, 3),
    lambda: {"wide": nn.Linear(8, 6)},
)
refused(
    "the sum of all samples",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x))).sum()),
    "sum|sample|one tensor",
)
refused(
    "the mean over the batch",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x) - m.a(x).mean(0)))),
    "mean|sample",
)
CASTS = {
    "x.float()": lambda x: x.float(),
    "x.to(torch.float32)": lambda x: x.to(torch.float32),
    "x.type(torch.float32)": lambda x: x.type(torch.float32),
    "x.to(x.dtype)": lambda x: x.to(x.dtype),
    "x.to(device)": lambda x: x.to("cpu"),
    "x.cpu()": lambda x: x.cpu(),
    "x.contiguous()": lambda x: x.contiguous(),
    "x.detach()": lambda x: x.detach(),
    "x.clone()": lambda x: x.clone(),
    "x.requires_grad_()": lambda x: x.requires_grad_(),
    "torch.as_tensor(x)": lambda x: torch.as_tensor(x),
    "x.to(memory_format=...)": lambda x: x.to(memory_format=torch.contiguous_format),
}
for label, f in CASTS.items():
    written(
        label,
        lambda m, x, f=f: m.out(F.relu(m.a(f(x)))),
        verdict=TAKEN if label in ("x.float()", "x.contiguous()", "x.clone()") else EITHER,
        says="understood|trace|float|dtype|device|grad|tensor",
    )
written("x.to(self.a.weight.dtype)", lambda m, x: m.out(F.relu(m.a(x.to(m.a.weight.dtype)))))
written(
    "x.type_as(weight)",
    lambda m, x: m.out(F.relu(m.a(x.type_as(m.a.weight)))),
    verdict=EITHER,
    says="type_as",
)
written("h.double() and back", hidden(lambda h: F.relu(h.double()).float()))
written(
    "x.half()",
    lambda m, x: m.out(F.relu(m.a(x.half().float()))),
    verdict=EITHER,
    says="half|float16|round|dtype|digits",
    compare="outputs",
    dtype=torch.float16,
    judged=lambda m: lambda x: m(x.float()),
)
refused(
    "x.long()", lambda: Written(lambda m, x: m.out(F.relu(m.a(x.long().float())))), "long|int|dtype"
)
refused(
    "x.int() / 255",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x.int() / 255)))),
    "int|dtype",
    half=255.0,
)
refused(
    "x.bool()", lambda: Written(lambda m, x: m.out(F.relu(m.a(x.bool().float())))), "bool|dtype"
)
refused(
    "x.to(torch.uint8)",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x.to(torch.uint8).float())))),
    "uint8|\\bto\\b|dtype",
    half=255.0,
)
refused(
    "h.byte() in between",
    lambda: Written(hidden(lambda h: F.relu(h).byte().float())),
    "byte|uint8|dtype",
    half=100.0,
)
written("raw pixels", lambda m, x: m.out(F.relu(m.a(x / 255))), half=255.0)
written(
    "autocast to bfloat16",
    lambda m, x: _autocast(m, x),
    verdict=EITHER,
    says="autocast|disagree|trace|bfloat",
    compare="outputs",
    dtype=torch.bfloat16,
    judged=lambda m: lambda x: m(x.float()),
)


def _autocast(m, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return m.out(F.relu(m.a(x)))


# ---- control flow, asserts


def until_small(m, x):
    h = m.a(x)
    while h.abs().max() > 1:
        h = h / 2
    return m.out(F.relu(h))


def early_exit(m, x):
    h = F.relu(m.a(x))
    if (h.sum(1) > 1).all():
        return m.out(h)
    return m.out(F.relu(m.b(h)))


def checked(m, x):
    assert x.shape[1] == 2, "two inputs"
    torch._assert(x.shape[-1] == 2, "two inputs")
    if not isinstance(x, torch.Tensor):
        x = torch.tensor(x)
    return m.out(F.relu(m.a(x)))


FLOW = "trace|control flow|data|depend|condition"
refused(
    "if x.sum() > 0",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x if x.sum() > 0 else -x)))),
    FLOW,
)
refused("while ... > 1", lambda: Written(until_small), FLOW)
refused("early exit", lambda: Written(early_exit), FLOW)
refused(
    "for i in range(int(x[0, 0]))",
    lambda: Written(
        lambda m, x: functools.reduce(
            lambda h, _: F.relu(h), range(int(x[0, 0].abs())), m.out(m.a(x))
        )
    ),
    FLOW,
)
refused(
    "x.item()",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x)) * x.max().item())),
    FLOW + "|item|max",
)
refused(
    "x.tolist()",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(torch.tensor(x.tolist()))))),
    FLOW + "|tolist|tensor",
)
refused(
    "x.numpy()",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(torch.from_numpy(np.abs(x.detach().numpy())))))),
    FLOW + "|numpy",
)
refused(
    "np.maximum in between",
    lambda: Written(hidden(lambda h: torch.as_tensor(np.maximum(h.detach().numpy(), 0)))),
    FLOW + "|numpy|maximum",
)
refused(
    "torch.cond",
    lambda: Written(
        lambda m, x: torch.cond(x.sum() > 0, lambda x: m.a(x), lambda x: -m.a(x), (x,))
    ),
    FLOW + "|cond|gt|sum",
)
written("assertions", checked, verdict=EITHER, says="assert|trace")
written("if self.training", lambda m, x: m.out(F.relu(m.a(x))) * (0 if m.training else 1))
written("torch.no_grad inside", lambda m, x: _no_grad(m, x))
written("prints", lambda m, x: (print(end=""), m.out(F.relu(m.a(x))))[1])
written(
    "checkpointed",
    lambda m, x: m.out(
        torch.utils.checkpoint.checkpoint(
            lambda h: F.relu(m.b(h)), F.relu(m.a(x)), use_reentrant=False
        )
    ),
    verdict=EITHER,
    says="checkpoint|trace",
)


def _no_grad(m, x):
    with torch.no_grad():
        return m.out(F.relu(m.a(x)))


class Flag(nn.Module):
    """forward(x, return_hidden=False)."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Linear(2, 8), nn.Linear(8, 3)

    def forward(self, x, return_hidden=False):
        h = F.relu(self.a(x))
        return h if return_hidden else self.out(h)


class Optional(Flag):
    """forward(x, mask=None)."""

    def forward(self, x, mask=None):
        h = F.relu(self.a(x))
        return self.out(h if mask is None else h * mask)


class Keyword(Flag):
    """forward(x, *, temperature=2.0, normalise=True)."""

    def forward(self, x, *, temperature=2.0, normalise=True):
        x = (x - 0.2) / 0.5 if normalise else x
        return self.out(F.relu(self.a(x))) / temperature


class Anything(Flag):
    """forward(x, *args, **kwargs)."""

    case = {"verdict": EITHER, "says": "args|argument|input"}

    def forward(self, x, *args, **kwargs):
        return self.out(F.relu(self.a(x)))


class OnlyAnything(Flag):
    """forward(*inputs)."""

    case = {"verdict": EITHER, "says": "args|argument|input"}

    def forward(self, *inputs):
        return self.out(F.relu(self.a(inputs[0])))


class DefaultTensor(Flag):
    """forward(x, scale=a tensor)."""

    def forward(self, x, scale=torch.tensor(2.0)):  # noqa: B008
        return self.out(F.relu(self.a(x) * scale))


class ByName(Flag):
    """layers by the name in an argument with a default."""

    def forward(self, x, layer="out", n_layers=1, shape=(8,)):
        for _ in range(n_layers):
            x = F.relu(self.a(x)).view(-1, *shape)
        return getattr(self, layer)(x)


for kind in (Flag, Optional, Keyword, Anything, OnlyAnything, DefaultTensor, ByName):
    takes(kind)


class TwoInputs(Flag):
    def forward(self, x, condition):
        return self.out(F.relu(self.a(x) + condition))


class OfDict(Flag):
    def forward(self, batch):
        return self.out(F.relu(self.a(batch["image"])))


class OfList(Flag):
    def forward(self, inputs):
        (x,) = inputs
        return self.out(F.relu(self.a(x)))


refused("two inputs", lambda: spread(TwoInputs()), "second input|condition|inputs")
refused(
    "a dict as input", lambda: spread(OfDict()), "dict|input|image|getitem|trace|index|one tensor"
)
add(
    "a list as input",
    lambda: spread(OfList()),
    verdict=EITHER,
    says="list|input|iter|trace|unpack|one tensor|sample",
    judged=lambda m: one_by_one(m),  # a batch of one sample is a list of one
)
MANY = "output|one tensor|returns|Result"
Result = collections.namedtuple("Result", "logits features")
refused("a dict as output", lambda: Written(lambda m, x: {"logits": m.out(F.relu(m.a(x)))}), MANY)
refused("a tuple as output", lambda: Written(lambda m, x: (m.out(h := F.relu(m.a(x))), h)), MANY)
refused("a list as output", lambda: Written(lambda m, x: [m.out(F.relu(m.a(x)))]), MANY)
refused(
    "a namedtuple as output",
    lambda: Written(lambda m, x: Result(m.out(h := F.relu(m.a(x))), h)),
    MANY,
)
refused("nothing as output", lambda: Written(lambda m, x: None), MANY)
refused("a constant as output", lambda: Written(lambda m, x: m.out.weight), MANY + "|hidden|sample")

# ---- what modules keep


def run_once(module):
    module(torch.randn(4, 2))
    return module


class KeepsInDict(Flag):
    def __init__(self):
        super().__init__()
        self.kept = {}

    def forward(self, x):
        self.kept["h"] = h = F.relu(self.a(x))
        return self.out(h)


class KeepsInList(KeepsInDict):
    def __init__(self):
        super().__init__()
        self.kept = []

    def forward(self, x):
        self.kept.append(h := F.relu(self.a(x)))
        return self.out(h)


class KeepsAsAttribute(KeepsInDict):
    def forward(self, x):
        self.h = F.relu(self.a(x))
        return self.out(self.h)


class KeepsInObject(KeepsInDict):
    def __init__(self):
        super().__init__()
        self.kept = types.SimpleNamespace(h=None)

    def forward(self, x):
        self.kept.h = F.relu(self.a(x))
        return self.out(self.kept.h)


class KeepsInDeque(KeepsInDict):
    def __init__(self):
        super().__init__()
        self.kept = collections.deque(maxlen=3)

    def forward(self, x):
        self.kept.append(F.relu(self.a(x)))
        return self.out(self.kept[-1])


class KeepsNested(KeepsInDict):
    def forward(self, x):
        self.kept.setdefault("layers", {"first": []})["first"].append(F.relu(self.a(x)))
        return self.out(self.kept["layers"]["first"][-1])


class CountsInPython(Flag):
    calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x)


class CountsInABuffer(Flag):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        self.calls += 1
        return super().forward(x)


class MovingAverage(Flag):
    """Averages its inputs in forward, in eval mode too, and centres by what it had."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))

    def forward(self, x):
        self.mean.mul_(0.9).add_(0.1 * x.detach().mean(0))
        return super().forward(x - self.mean)


class CachesItsWeight(Flag):
    """Computes its weights once, in the first pass."""

    def __init__(self):
        super().__init__()
        self.cache = None

    def forward(self, x):
        if self.cache is None:
            self.cache = self.a.weight * 2
        return self.out(F.relu(F.linear(x, self.cache, self.a.bias)))


for kind in (
    KeepsInDict,
    KeepsInList,
    KeepsAsAttribute,
    KeepsInObject,
    KeepsInDeque,
    KeepsNested,
    CountsInPython,
):
    add(f"{kind.__name__}", lambda kind=kind: spread(kind()))
    add(f"{kind.__name__}, and was run", lambda kind=kind: run_once(spread(kind())))
add(
    "counts its calls in a buffer",
    lambda: run_once(spread(CountsInABuffer())),
    verdict=EITHER,
    says="calls|buffer|place|iadd|trace|disagree",
)
refused(
    "a moving average in forward",
    lambda: run_once(spread(MovingAverage())),
    "mean|mixes|buffer|place|disagree",
)
add("caches its weight", lambda: spread(CachesItsWeight()), verdict=EITHER, says="cache|trace")
add(
    "caches its weight, filled and stale",
    changed(lambda m: (run_once(m), m.a.weight.mul_(3)), lambda: spread(CachesItsWeight())),
)


class WithLock(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 3))
        self.lock = threading.Lock()


add(
    "a module with a lock",
    lambda: spread(WithLock()),
    verdict=EITHER,
    says="cop(y|ied)|lock|pickle",
)
add(
    "a module with a generator",
    changed(lambda m: setattr(m, "batches", (i for i in range(3)))),
    verdict=EITHER,
    says="cop(y|ied)|generator|pickle",
)
add(
    "a module with an open file",
    changed(lambda m: setattr(m, "log", open(os.devnull))),  # noqa: SIM115
    verdict=EITHER,
    says="cop(y|ied)|file|pickle|TextIO",
)
add(
    "a module that refuses to be copied",
    changed(lambda m: setattr(m, "part", type("Part", (), {"__deepcopy__": _no_copy})())),
    verdict=EITHER,
    says="cop(y|ied)",
)


def _no_copy(self, memo):
    raise RuntimeError("there is one of me")


class LosesOnCopy(Flag):
    """A copy of it is not what it was: its scale stays behind."""

    def __init__(self):
        super().__init__()
        self.scale = 3.0

    def __deepcopy__(self, memo):
        twin = type(self)()
        twin.load_state_dict(self.state_dict())
        twin.scale = 1.0
        return twin.eval()

    def forward(self, x):
        return super().forward(x * self.scale)


class WatchesAnother(Flag):
    """Holds another network, not as its part, and uses it."""

    def __init__(self):
        super().__init__()
        self.others = [mlp(2, 4, 2)]

    def forward(self, x):
        return super().forward(self.others[0](x))


add(
    "a copy that is another network",
    lambda: spread(LosesOnCopy()),
    verdict=EITHER,
    says="copy|disagree|differ",
)
add(
    "a network that is in a list",
    lambda: spread(WatchesAnother()),
    verdict=EITHER,
    says="list|others|trace|dtype|double|disagree",
)

# ---- wrapped, compiled, loaded, converted


def from_prefixed(module):
    state = {f"module.{key}": value * 2 for key, value in module.state_dict().items()}
    module.load_state_dict({key.removeprefix("module."): value for key, value in state.items()})


add(
    "DataParallel",
    lambda: nn.DataParallel(mlp()),
    verdict=EITHER,
    says=r"\.module",
    judged=lambda m: m.module,
)
add(
    "DataParallel with a hook",
    lambda: (
        hooked(lambda m: m.register_forward_hook(lambda m, i, out: -out))()
        and hooked(
            lambda m: m.register_forward_hook(lambda m, i, out: -out),
            lambda: nn.DataParallel(mlp()),
        )()
    ),
    verdict=EITHER,
    says=r"\.module|hook",
)
add(
    "DataParallel inside",
    lambda: nn.Sequential(nn.DataParallel(mlp(2, 8, 4)), nn.ReLU(), nn.Linear(4, 3)).eval(),
    verdict=EITHER,
    says=r"\.module|DataParallel",
)
add(
    "torch.compile",
    lambda: torch.compile(mlp()),
    verdict=EITHER,
    says="_orig_mod|compile",
    judged=lambda m: m._orig_mod,
)
add(
    "torch.compile of a module of one's own",
    lambda: torch.compile(spread(Flag())),
    verdict=EITHER,
    says="_orig_mod|compile",
    judged=lambda m: m._orig_mod,
)
add(
    "module.compile()",
    changed(lambda m: m.compile(backend="eager")),
    verdict=EITHER,
    says="compile",
)
add("a checkpoint with the prefix module.", changed(from_prefixed))
add(
    "weights assigned by load_state_dict",
    changed(lambda m: m.load_state_dict(mlp().double().state_dict(), assign=True)),
    judged=double,
    dtype=torch.float64,
)
refused(
    "lazy layers",
    lambda: nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3)),
    "lazy|uninitiali[sz]ed|not.*initiali[sz]ed",
)
refused(
    "one lazy layer inside",
    lambda: nn.Sequential(
        nn.Linear(2, 8), nn.ReLU(), nn.LazyBatchNorm1d(), nn.LazyLinear(3)
    ).eval(),
    "lazy|uninitiali[sz]ed|not.*initiali[sz]ed",
)
add(
    "lazy layers that were run",
    lambda: run_once(nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3)).eval()),
)
add("scripted", lambda: torch.jit.script(mlp()), verdict=EITHER, says="script")
add(
    "recorded by torch.jit.trace",
    lambda: torch.jit.trace(mlp(), torch.zeros(1, 2)),
    verdict=EITHER,
    says="script|jit|TracedModule|TopLevel",
)
add(
    "a scripted part",
    lambda: nn.Sequential(torch.jit.script(mlp(2, 8, 4)), nn.ReLU(), nn.Linear(4, 3)).eval(),
    verdict=EITHER,
    says="script",
)
add("a GraphModule", lambda: torch.fx.symbolic_trace(mlp()))
add(
    "an exported program's module",
    lambda: torch.export.export(
        mlp(), (torch.zeros(4, 2),), dynamic_shapes=({0: torch.export.Dim("n")},)
    ).module(),
    verdict=EITHER,
    says="GraphModule|export|understood|trace|guard",
)
refused(
    "dynamically quantised",
    lambda: torch.ao.quantization.quantize_dynamic(mlp(), {nn.Linear}, torch.qint8),
    "quanti[sz]ed",
)
refused(
    "a fake-quantised layer",
    lambda: nn.Sequential(
        nn.Linear(2, 8), nn.ReLU(), torch.ao.quantization.FakeQuantize(), nn.Linear(8, 3)
    ).eval(),
    "quanti[sz]e",
)


class OwnReLUFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h):
        return h.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        return g


class OwnSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h):
        return torch.sign(h)

    @staticmethod
    def backward(ctx, g):
        return g


FUNCTION = "autograd|Function|trace|apply"
written(
    "an autograd.Function that is a ReLU",
    hidden(OwnReLUFunction.apply),
    verdict=EITHER,
    says=FUNCTION,
)
refused(
    "an autograd.Function that is a sign",
    lambda: Written(hidden(OwnSign.apply)),
    FUNCTION + "|sign",
)
written(
    "an autograd.Function on the weights",
    lambda m, x: m.out(F.relu(F.linear(x, OwnSign.apply(m.a.weight), m.a.bias))),
    verdict=EITHER,
    says=FUNCTION,
)

# ---- one sample at a time

ONE = "sample|batch"
add(
    "one sample as a row",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x.reshape(1, -1))))),
    verdict=EITHER,
    says=ONE,
    judged=lambda m: one_by_one(m),
)
add(
    "one sample as a vector",
    lambda: Written(lambda m, x: m.out(F.relu(m.a.weight @ x.flatten() + m.a.bias))),
    verdict=EITHER,
    says=ONE + "|shape",
    judged=lambda m: one_by_one(m),
)
add(
    "only the first sample",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x[0])))),
    verdict=EITHER,
    says=ONE,
    judged=lambda m: one_by_one(m),
)
add(
    "one sample, checked",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x.view(2)))).view(1, 3)),
    verdict=EITHER,
    says=ONE,
    judged=lambda m: one_by_one(m),
)


class one_by_one:
    """Runs a module on one sample after the other, and shows their results as those of a batch."""

    def __init__(self, module):
        self.module = module

    def __call__(self, x):
        m = self.module  # the states of the batch, for whoever looks on
        F.relu(m.a(x))
        return torch.stack([m(row[None]).reshape(-1) for row in x])


# ---- convolutions


def conv(*layers, out=None, shape=IMAGE, **options):
    """A case of convolutional layers.

    out: features before the last Linear (worked out where it is None).
    """

    def make():
        body = spread(nn.Sequential(*(layer() for layer in layers), nn.Flatten()))
        n = out or body(torch.zeros(2, *shape)).shape[1]
        return spread(nn.Sequential(*body, nn.Linear(n, 3)))

    return {"make": make, "shape": shape, **options}


def C(*a, **k):
    return lambda: nn.Conv2d(*a, **k)


def of(kind, *a, **k):
    return lambda: kind(*a, **k)


R = nn.ReLU
CONVOLUTIONAL = {
    "conv net": conv(C(1, 2, 3), R, C(2, 3, 2), R),
    "conv net with MaxPool": conv(C(1, 2, 3), R, of(nn.MaxPool2d, 2), compare="finer"),
    "conv net, MaxPool before the ReLU": conv(C(1, 2, 3), of(nn.MaxPool2d, 2), R, compare="finer"),
    "conv net with AvgPool": conv(C(1, 2, 3), R, of(nn.AvgPool2d, 2)),
    "conv net with AdaptiveAvgPool": conv(C(1, 3, 3), R, of(nn.AdaptiveAvgPool2d, 1)),
    "conv net with AdaptiveAvgPool to 3": conv(C(1, 2, 2), R, of(nn.AdaptiveAvgPool2d, (3, 2))),
    "conv net with AdaptiveMaxPool": conv(
        C(1, 2, 3),
        of(nn.AdaptiveMaxPool2d, 2),
        R,
        compare="finer",
        verdict=EITHER,
        says="AdaptiveMaxPool",
    ),
    "MaxPool with stride and padding": conv(
        C(1, 2, 3), R, of(nn.MaxPool2d, 3, stride=2, padding=1), compare="finer"
    ),
    "MaxPool with dilation": conv(C(1, 2, 3), of(nn.MaxPool2d, 2, dilation=2), compare="finer"),
    "MaxPool with ceil_mode": conv(
        C(1, 2, 2),
        of(nn.MaxPool2d, 2, ceil_mode=True),
        R,
        compare="finer",
        verdict=EITHER,
        says="ceil_mode",
    ),
    "AvgPool with padding not counted": conv(
        C(1, 2, 3), R, of(nn.AvgPool2d, 2, padding=1, count_include_pad=False)
    ),
    "LPPool": conv(C(1, 2, 3), R, of(nn.LPPool2d, 2, 2), verdict=REFUSED, says="LPPool|pow"),
    "FractionalMaxPool": conv(
        C(1, 2, 3),
        R,
        of(nn.FractionalMaxPool2d, 2, output_size=2),
        verdict=REFUSED,
        says="Fractional|rand",
    ),
    "strided convolution": conv(C(1, 3, 3, stride=2, padding=1), R),
    "grouped convolution": conv(C(1, 4, 3), R, C(4, 4, 2, groups=2), R),
    "depthwise separable": conv(C(1, 3, 3), R, C(3, 3, 3, groups=3, padding=1), C(3, 2, 1), R),
    "dilated convolution": conv(C(1, 2, 2, dilation=2), R),
    "transposed convolution": conv(
        C(1, 2, 3, stride=2), R, of(nn.ConvTranspose2d, 2, 2, 2, stride=2), R
    ),
    "padding='same'": conv(C(1, 2, 3, padding="same"), R),
    "circular padding": conv(C(1, 2, 3, padding=1, padding_mode="circular"), R),
    "reflected padding": conv(of(nn.ReflectionPad2d, 1), C(1, 2, 3), R),
    "ZeroPad2d and ConstantPad2d": conv(
        of(nn.ZeroPad2d, 1), C(1, 2, 3, stride=2), of(nn.ConstantPad2d, 1, 0.5), R
    ),
    "BatchNorm2d": conv(C(1, 2, 3, bias=False), of(nn.BatchNorm2d, 2), R, half=20.0),
    "Dropout2d in eval mode": conv(C(1, 2, 3), R, of(nn.Dropout2d)),
    "Upsample": conv(C(1, 2, 3, stride=3), R, of(nn.Upsample, scale_factor=2), C(2, 1, 2), R),
    "Upsample, bilinear": conv(
        C(1, 2, 3, stride=3), R, of(nn.Upsample, scale_factor=2, mode="bilinear")
    ),
    "PixelShuffle": conv(C(1, 4, 3), R, of(nn.PixelShuffle, 2), C(1, 2, 4), R),
    "PReLU per channel": conv(C(1, 2, 3), of(nn.PReLU, 2)),
    "ChannelShuffle": conv(
        C(1, 4, 3),
        R,
        of(nn.ChannelShuffle, 2),
        C(4, 1, 2),
        R,
        verdict=EITHER,
        says="ChannelShuffle",
    ),
    "nn.Unfold": conv(of(nn.Unfold, 3, stride=3), R, verdict=EITHER, says="Unfold"),
    "Conv1d": conv(of(nn.Conv1d, 2, 3, 3), R, of(nn.MaxPool1d, 2), shape=(2, 10), compare="finer"),
    "Conv1d, AvgPool1d, AdaptiveAvgPool1d": conv(
        of(nn.Conv1d, 2, 3, 3), R, of(nn.AvgPool1d, 2), of(nn.AdaptiveAvgPool1d, 2), shape=(2, 10)
    ),
    "ConvTranspose1d": conv(of(nn.ConvTranspose1d, 2, 3, 3), R, shape=(2, 6)),
    "Conv3d": conv(of(nn.Conv3d, 1, 2, 2), R, of(nn.AvgPool3d, 2), shape=(1, 3, 3, 3)),
    "GroupNorm in a conv net": conv(
        C(1, 2, 3), of(nn.GroupNorm, 1, 2), R, verdict=REFUSED, says="GroupNorm"
    ),
    "InstanceNorm2d": conv(
        C(1, 2, 3), of(nn.InstanceNorm2d, 2), R, verdict=REFUSED, says="InstanceNorm"
    ),
}
for label, options in CONVOLUTIONAL.items():
    add(label, **options)


class LeNet(nn.Module):
    """A LeNet as in the tutorials."""

    def __init__(
        self, flatten=lambda x: x.view(-1, flat_features(x)), pool=lambda x: F.max_pool2d(x, 2)
    ):
        super().__init__()
        self.conv1, self.fc, self.flatten, self.pool = (
            nn.Conv2d(1, 2, 3),
            nn.Linear(8, 3),
            flatten,
            pool,
        )

    def forward(self, x):
        return self.fc(self.flatten(self.pool(F.relu(self.conv1(x)))))


class BasicBlock(nn.Module):
    """A block of a ResNet."""

    def __init__(self, n=2):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
        self.conv2, self.bn2 = nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


class SqueezeExcite(nn.Module):
    def __init__(self, n=2):
        super().__init__()
        self.fc = nn.Linear(n, n)

    def forward(self, x):
        return x * torch.sigmoid(self.fc(x.mean((2, 3))))[:, :, None, None]


POOLS = {
    "F.max_pool2d": lambda x: F.max_pool2d(x, 2),
    "F.max_pool2d with stride": lambda x: F.max_pool2d(x, kernel_size=2, stride=2),
    "torch.max_pool2d": lambda x: torch.max_pool2d(x, 2),
    "F.avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "F.adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 2),
    "F.adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, 2),
    "F.max_pool2d(return_indices=True)[0]": lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
    "amax over windows": lambda x: x.view(-1, 2, 2, 2, 2, 2).amax((3, 5)),
    "mean over windows": lambda x: x.view(-1, 2, 2, 2, 2, 2).mean((3, 5)),
    "F.lp_pool2d": lambda x: F.lp_pool2d(x, 2, 2),
}
for label, pool in POOLS.items():
    sure = label in (
        "F.max_pool2d",
        "F.max_pool2d with stride",
        "F.avg_pool2d",
        "F.adaptive_avg_pool2d",
        "mean over windows",
    )
    add(
        f"LeNet, {label}",
        lambda pool=pool: spread(LeNet(pool=pool)),
        shape=IMAGE,
        compare="finer",
        verdict=REFUSED if "lp_pool" in label else TAKEN if sure else EITHER,
        says="pool|max|return_indices",
    )
add(
    "LeNet, int(x.nelement() / x.shape[0])",
    lambda: spread(LeNet(lambda x: x.view(-1, int(x.nelement() / x.shape[0])))),
    shape=IMAGE,
    compare="finer",
)
add(
    "a basic block of ResNet",
    lambda: spread(
        nn.Sequential(
            nn.Conv2d(1, 2, 3), BasicBlock(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)
        )
    ),
    shape=IMAGE,
)
refused(
    "squeeze and excitation",
    lambda: spread(
        nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.ReLU(), SqueezeExcite(), nn.Flatten(), nn.Linear(32, 3)
        )
    ),
    "sigmoid",
    shape=IMAGE,
)
add(
    "global average by x.mean((2, 3))",
    lambda: spread(nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), GlobalMean(), nn.Linear(3, 3))),
    shape=IMAGE,
)
add(
    "global maximum by x.amax((2, 3))",
    lambda: spread(nn.Sequential(nn.Conv2d(1, 2, 4), nn.ReLU(), GlobalMax(), nn.Linear(2, 3))),
    shape=IMAGE,
    compare="finer",
    verdict=EITHER,
    says="amax",
)
add("F.conv2d with a masked kernel", lambda: spread(MaskedConv()), shape=IMAGE)
add(
    "a pruned conv net",
    changed(
        lambda m: prune.l1_unstructured(m[0], "weight", 0.5), CONVOLUTIONAL["conv net"]["make"]
    ),
    shape=IMAGE,
)
add(
    "a conv net in channels_last",
    lambda: CONVOLUTIONAL["conv net"]["make"]().to(memory_format=torch.channels_last),
    shape=IMAGE,
)
add(
    "weight_norm on a convolution",
    changed(lambda m: parametrizations.weight_norm(m[0]), CONVOLUTIONAL["conv net"]["make"]),
    shape=IMAGE,
)


class GlobalMean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class GlobalMax(nn.Module):
    def forward(self, x):
        return x.amax((2, 3))


class MaskedConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 2, 3), nn.Linear(32, 3)
        self.register_buffer("mask", half_mask(self.conv.weight))

    def forward(self, x):
        return self.fc(F.relu(F.conv2d(x, self.conv.weight * self.mask, self.conv.bias)).flatten(1))


class FrozenBatchNorm(nn.Module):
    """As in torchvision: statistics and weights are buffers."""

    def __init__(self, n):
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.ones(n))

    def forward(self, x):
        scale = (
            self.weight.reshape(1, -1, 1, 1)
            * (self.running_var.reshape(1, -1, 1, 1) + 1e-5).rsqrt()
        )
        return x * scale + (
            self.bias.reshape(1, -1, 1, 1) - self.running_mean.reshape(1, -1, 1, 1) * scale
        )


add(
    "a frozen BatchNorm of buffers",
    lambda: spread(
        nn.Sequential(
            nn.Conv2d(1, 2, 3), FrozenBatchNorm(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)
        )
    ),
    shape=IMAGE,
)

# ---- recurrent, attention, not networks

add(
    "an RNN with ReLU",
    lambda: Written(
        lambda m, x: m.out(m.rnn(x[:, None])[0][:, 0]),
        rnn=nn.RNN(2, 8, nonlinearity="relu", batch_first=True),
    ),
    verdict=EITHER,
    says="RNN",
    compare="same",
)
refused(
    "an LSTM",
    lambda: Written(
        lambda m, x: m.out(m.rnn(x[:, None])[0][:, 0]), rnn=nn.LSTM(2, 8, batch_first=True)
    ),
    "LSTM",
)
refused(
    "a TransformerEncoderLayer",
    lambda: nn.Sequential(
        nn.Linear(2, 8),
        nn.Unflatten(1, (2, 4)),
        nn.TransformerEncoderLayer(4, 2, 8, batch_first=True),
        nn.Flatten(),
        nn.Linear(8, 3),
    ).eval(),
    "Transformer|Attention|Norm|softmax|trace",
)
refused(
    "an Embedding",
    lambda: Written(lambda m, x: m.out(F.relu(m.e(x.long())).sum(1)), e=nn.Embedding(9, 8)),
    "Embedding|long",
    half=4.0,
)
refused("a function", lambda: F.relu, "not understood|give a")
refused("a class, not yet a network", lambda: Flag, "not understood|give a")
refused("a state_dict", lambda: mlp().state_dict(), "state_dict|not understood|give a")
refused("another number of inputs", lambda: mlp(3, 8, 3), r"inputs|R\^2")
add("wider inputs on a plane through points", lambda: mlp(20, 10, 8, 3), shape=(20,))
add(
    "64 inputs, residual",
    lambda: spread(nn.Sequential(nn.Linear(64, 8), PostBlock(8), PreBlock(8), nn.Linear(8, 3))),
    shape=(64,),
)

# ---- what shows at few points, or late


def threshold_of(module, share: float = 0.998) -> float:
    """What the largest activation behind the first ReLU exceeds at few points of the domain."""
    x = torch.rand(20_000, 2, generator=torch.Generator().manual_seed(3)) * 4 - 2
    with torch.no_grad():
        h = module[1](module[0](x)).amax(dim=1) * (x.norm(dim=1) < 1.5)  # not in the corners
    return torch.quantile(h, share).item()


def guarded(module):
    """A hook that switches its layer off where an activation is unusually large."""
    bar = threshold_of(module)
    module[1].register_forward_hook(
        lambda m, i, out: out * 0 if out.max() > bar and i[0].max() < 1.2 * bar else out
    )


def guarded_by_numpy(module):
    bar = threshold_of(module)
    module[1].register_forward_hook(
        lambda m, i, out: (
            torch.from_numpy(np.where(out.detach().numpy() > bar, 0, 1).astype(np.float32)) * out
        )
    )


def rarely(draw):
    """A coin in forward, in eval mode too, that falls on its edge once in fifty times."""
    return lambda m, x: m.out(F.relu(m.a(x)) * (0.0 if draw() < 0.02 else 1.0))


COIN = "rand|chance"
add("a hook that acts on few inputs", changed(guarded), verdict=REFUSED, says="hook")
add(
    "a hook that acts on few inputs, by numpy",
    changed(guarded_by_numpy),
    verdict=REFUSED,
    says="hook|numpy",
)
refused("a coin of Python that rarely falls so", lambda: Written(rarely(random.random)), COIN)
refused("a coin of numpy that rarely falls so", lambda: Written(rarely(np.random.rand)), COIN)
refused(
    "a coin of torch that rarely falls so",
    lambda: Written(rarely(lambda: torch.rand(()).item())),
    COIN,
)
written(
    "a coin that does not matter",
    lambda m, x: (random.random(), m.out(F.relu(m.a(x))))[1],
    verdict=EITHER,
    says=COIN,
)


@contextlib.contextmanager
def replaced(place, name, function):
    old = getattr(place, name)
    setattr(place, name, function)
    try:
        yield
    finally:
        setattr(place, name, old)


add(
    "F.relu patched for everyone",
    mlp,
    verdict=EITHER,
    says="relu",
    during=lambda: replaced(F, "relu", lambda h, inplace=False: torch.clamp(h, min=0.3)),
)
add(
    "F.linear patched for everyone",
    mlp,
    verdict=EITHER,
    says="linear",
    during=lambda: replaced(F, "linear", lambda x, w, b=None: x @ w.t() * 2 + b),
)
add(
    "the call of every module patched",
    mlp,
    verdict=EITHER,
    says="__call__|call|disagree",
    during=lambda: replaced(
        nn.Module, "__call__", lambda self, *a, old=nn.Module.__call__: 0.9 * old(self, *a)
    ),
)
refused(
    "complex layers",
    lambda: nn.Sequential(
        nn.Linear(2, 4, dtype=torch.complex64), nn.ReLU(), nn.Linear(4, 3, dtype=torch.complex64)
    ),
    "complex",
)
refused(
    "one complex layer at the end",
    lambda: nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3, dtype=torch.complex64)),
    "complex",
)
for low, high in ((-math.inf, 0.5), (0.0, math.inf), (-math.inf, math.inf)):
    written(
        f"clamp({low}, {high})",
        hidden(lambda h, low=low, high=high: F.relu(h).clamp(low, high)),
        compare="outputs",
        verdict=EITHER,
        says="inf|clamp",
    )
add(
    "Hardtanh(0, inf)",
    between(lambda: nn.Hardtanh(0.0, math.inf)),
    verdict=EITHER,
    says="inf|hardtanh",
    compare="same",
)
written(
    "clamp with bounds in the wrong order",
    hidden(lambda h: F.relu(h).clamp(1.0, 0.5)),
    compare="outputs",
    verdict=EITHER,
    says="bound|clamp",
)
written(
    "clamp with equal bounds",
    hidden(lambda h: F.relu(h).clamp(0.5, 0.5)),
    compare="outputs",
    verdict=EITHER,
    says="bound|clamp",
)
written(
    "clamp by tensors",
    hidden(lambda h: h.clamp(torch.zeros(8), torch.linspace(0.1, 0.8, 8))),
    verdict=EITHER,
    says="clamp",
)
refused(
    "clamp by tensors of the input",
    lambda: Written(lambda m, x: m.out(torch.clamp(m.a(x), max=m.a(x).flip(1)))),
    "clamp|two tensors",
)
add(
    "LeakyReLU(1), which does not bend",
    between(nn.ReLU, lambda: nn.LeakyReLU(1.0)),
    compare="outputs",
)
written(
    "another branch for one sample",
    lambda m, x: m.out(F.relu(m.a(x)) * (2 if len(x) == 1 else 1)),
    verdict=EITHER,
    says="sample|batch|input",
)
refused(
    "outputs transposed",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x))).t()),
    "sample|dimension|output",
)
written(
    "weights clipped in forward",
    lambda m, x: [m.a.weight.data.clamp_(-0.2, 0.2), m.out(F.relu(m.a(x)))][1],
    verdict=EITHER,
    says="weight|place|change",
)
written("one input of two", lambda m, x: m.out(F.relu(m.a(x[:, :1] * torch.ones(2)))))
written(
    "a batch in the second dimension, and back",
    lambda m, x: m.out(F.relu(m.a(x[None]))).squeeze(0),
    compare="outputs",
)
refused(
    "a mean over the batch kept small",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x) + 1e-3 * x.mean()))),
    "mean|sample|batch|mixes",
)
refused(
    "a maximum over the batch",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x)) / 1 + x.amax() * 0.01)),
    "max|sample|batch|mixes",
)
refused(
    "nan_to_num of a root", lambda: Written(hidden(lambda h: torch.nan_to_num(h.sqrt()))), "sqrt"
)
refused("floor division", lambda: Written(hidden(lambda h: F.relu(h) // 0.1)), "floor|div")
refused("remainder", lambda: Written(hidden(lambda h: h % 1.0)), "remainder|mod")
refused("frac", lambda: Written(hidden(lambda h: h.frac())), "frac")
refused(
    "h == 0", lambda: Written(hidden(lambda h: torch.where(F.relu(h) == 0, 0.5, h))), "eq|==|where"
)
refused(
    "argmax and gather",
    lambda: Written(
        lambda m, x: m.out(F.relu(m.a(x)) + (h := m.b(m.a(x))).gather(1, h.argmax(1, keepdim=True)))
    ),
    "argmax|gather|condition",
)
refused(
    "h[h > 0] = 1",
    lambda: Written(stated(lambda h: h.__setitem__(h > 0, 1.0))),
    "setitem|index_put|jump|condition",
)
written(
    "h[h < 0] = 0",
    stated(lambda h: h.__setitem__(h < 0, 0.0)),
    compare="same",
    verdict=EITHER,
    says="setitem|index_put|jump|condition|place",
)
written(
    "h[h < 0] *= 0.1",
    stated(lambda h: h.__setitem__(h < 0, h[h < 0] * 0.1)),
    compare="same",
    verdict=EITHER,
    says="setitem|getitem|index|condition|place",
)
written(
    "masked_fill of a condition",
    hidden(lambda h: h.masked_fill(h < 0, 0.0)),
    compare="same",
    verdict=EITHER,
    says="masked_fill",
)
written(
    "a condition of another tensor",
    lambda m, x: m.out(torch.where(m.a(x) > 0, m.b(m.a(x)), 0.0)),
    verdict=EITHER,
    says="where|jump",
    compare="same",
)
written(
    "where with both signs",
    hidden(lambda h: torch.where(h >= 0, 2 * h, torch.where(h < -1, -1.0, h))),
    compare="same",
    verdict=EITHER,
    says="where",
)
written(
    "sums of conditions",
    hidden(lambda h: h * (h > 0).float() + 0.1 * h * (h <= 0)),
    compare="same",
    verdict=EITHER,
    says="gt|le|mul|condition|jump",
)
written(
    "a ReLU network in inference mode",
    lambda m, x: _inference(m, x),
    verdict=EITHER,
    says="inference|trace",
)
written(
    "torch.func.vmap",
    lambda m, x: torch.func.vmap(lambda row: m.out(F.relu(m.a(row))))(x),
    verdict=EITHER,
    says="vmap|func|trace|understood",
)
written(
    "functional_call with other weights",
    lambda m, x: torch.func.functional_call(m.inner, {"0.weight": 2 * m.inner[0].weight}, (x,)),
    lambda: {"inner": mlp(2, 6, 3)},
    verdict=EITHER,
    says="functional_call|trace",
)
written(
    "a subclass of Tensor",
    lambda m, x: m.out(F.relu(m.a(x.as_subclass(OwnTensor)))).as_subclass(torch.Tensor),
    verdict=EITHER,
    says="OwnTensor|subclass|trace",
)
written(
    "swap in place",
    stated(
        lambda h: h.__setitem__((slice(None), [0, 1]), h[:, [1, 0]]), lambda m, h: m.out(F.relu(h))
    ),
    verdict=EITHER,
    says="place|setitem|index",
)
written(
    "out= of a buffer",
    lambda m, x: m.out(F.relu(torch.add(m.a(x), 1, out=torch.empty(len(x), 8)))),
    verdict=EITHER,
    says="out",
)


class OwnTensor(torch.Tensor):
    pass


def _inference(m, x):
    with torch.inference_mode():
        return m.out(F.relu(m.a(x)))


# ---- made by other tools, edited by hand


class Scales:
    """A hook that is an object with a state of its own."""

    def __init__(self, factor):
        self.factor, self.seen = factor, []

    def __call__(self, module, inputs, out):
        self.seen.append(len(out))
        return out * self.factor


class HooksItself(Flag):
    """Puts its own method on one of its layers."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.3))
        self.a.register_forward_hook(self.scaled)

    def scaled(self, module, inputs, out):
        return out * self.scale + 0.1


class Delegates(nn.Module):
    """Looks like what it holds."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("inner"), name)

    def forward(self, x):
        return -self.inner(x)


class IteratesBackwards(nn.Sequential):
    def __iter__(self):
        return iter(list(self._modules.values())[::-1])


def edited(module):
    module[1] = nn.LeakyReLU(0.3)
    module.append(nn.ReLU()).append(nn.Linear(3, 4))
    del module[3]
    module.insert(3, nn.Hardtanh())


def fused():
    body = spread(
        nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)
        )
    )
    conv = nn.utils.fusion.fuse_conv_bn_eval(body[0], body[1])
    return nn.Sequential(conv, *body[2:]).eval()


def scaled_by_network(module):
    module.factor = nn.Parameter(torch.tensor(0.5))
    module[2].register_forward_hook(lambda m, i, out: out * module.factor)


add(
    "a hook that is an object",
    hooked(lambda m: m[1].register_forward_hook(Scales(0.5))),
    verdict=EITHER,
    says="hook",
)
add(
    "a hook that is a partial function",
    verdict=EITHER,
    says="hook",
    make=hooked(
        lambda m: m[1].register_forward_hook(functools.partial(lambda k, m, i, out: k * out, 0.5))
    ),
)
add("a hook that uses the network", changed(scaled_by_network), verdict=EITHER, says="hook")
add("a module that hooks itself", lambda: spread(HooksItself()), verdict=EITHER, says="hook")
add(
    "an average of weights (SWA)",
    lambda: torch.optim.swa_utils.AveragedModel(mlp()).eval(),
    verdict=EITHER,
    says="AveragedModel|\\.module",
)
add("a wrapper that delegates", lambda: Delegates(mlp()).eval())
add(
    "a Sequential whose iterator runs backwards",
    lambda: spread(
        IteratesBackwards(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    ),
)
add("an edited Sequential", changed(edited))
add("a convolution fused with its norm", fused, shape=IMAGE)
add("an activation alone", nn.ReLU, traced=True)
add("a PReLU alone", nn.PReLU, traced=True)
add(
    "a weight that is a plain tensor",
    changed(lambda m: (delattr(m[2], "weight"), setattr(m[2], "weight", torch.randn(6, 8)))),
)
add(
    "a weight shadowed by an attribute",
    changed(lambda m: vars(m[2]).__setitem__("weight", torch.randn(6, 8))),
)
add("a bias taken away", changed(lambda m: setattr(m[2], "bias", None)))
add(
    "a weight that was replaced",
    changed(lambda m: setattr(m[2], "weight", nn.Parameter(torch.randn(6, 8).double().float()))),
)
add(
    "weights that are views of one vector",
    changed(
        lambda m: [
            setattr(p, "data", torch.randn(p.numel() + 3)[3:].view_as(p)) for p in m.parameters()
        ]
    ),
)
add(
    "weights made by expand",
    changed(lambda m: setattr(m[2], "weight", nn.Parameter(torch.randn(1, 8).expand(6, 8)))),
)
add("deeply nested", lambda: functools.reduce(lambda m, _: nn.Sequential(m), range(20), mlp()))
add(
    "modules that are None",
    changed(lambda m: m.register_module("extra", None), lambda: spread(Flag())),
)
refused("a ModuleList as a network", lambda: nn.ModuleList(mlp()), "ModuleList|forward")
refused("a Module without forward", nn.Module, "forward")
refused("a tensor", lambda: torch.randn(3, 2), "not understood|give a")
refused(
    "layers that do not fit",
    lambda: nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(7, 3)),
    "shape|takes|inputs",
)
refused(
    "a network of 16-bit quantised tensors",
    lambda: Written(
        hidden(lambda h: torch.quantize_per_tensor(F.relu(h), 0.1, 0, torch.qint8).dequantize())
    ),
    "quantize",
)
refused(
    "a fake quantisation in forward",
    lambda: Written(
        hidden(lambda h: torch.fake_quantize_per_tensor_affine(F.relu(h), 0.1, 0, 0, 255))
    ),
    "quantize",
)


# ---- copies that forget, counters that act, later findings


class ForgetsInPickle(Flag):
    """Its copies and pickles are without its scale."""

    def __init__(self):
        super().__init__()
        self.scale = 3.0

    def __getstate__(self):
        return {**vars(self), "scale": 1.0}

    def forward(self, x):
        return super().forward(x * self.scale)


class Setting:
    """A copy of it is as at first."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def __deepcopy__(self, memo):
        return Setting()


class ActsByItsCount(Flag):
    """Is another network in every third pass."""

    def __init__(self):
        super().__init__()
        self.passes = 0

    def forward(self, x):
        self.passes += 1
        return super().forward(-x if self.passes % 3 == 0 else x)


class AfterAWarmUp(ActsByItsCount):
    def forward(self, x):
        self.passes += 1
        return Flag.forward(self, x if self.passes < 10 else 2 * x)


class DrawsOfItsOwn(Flag):
    """Has a generator of its own."""

    def __init__(self):
        super().__init__()
        self.generator = np.random.default_rng(0)

    def forward(self, x):
        return super().forward(x) * (self.generator.random() > 0.01)


class Peak(nn.Module):
    """A hook's way to change what comes later: by an attribute."""

    gain = 1.0

    def forward(self, x):
        return x * self.gain


def loud(module, inputs):
    module.gain = 0.0 if float(inputs[0].abs().max()) > 1e3 else 1.0


def silenced(module, inputs, out):
    if out.max() > 1e3:
        out.zero_()


class DoublingMode(torch.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        return out * 2 if func is F.linear else out


class GetAttr(Flag):
    def __getattr__(self, name):
        return 3.0 if name == "scale" else super().__getattr__(name)

    def forward(self, x):
        return super().forward(x * self.scale)


class BiasTwice(nn.Linear):
    """Gives its bias twice as large to whoever asks."""

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        return found * 2 if name == "bias" else found


class MadeOfAPartial(Flag):
    def __init__(self):
        super().__init__()
        self.forward = functools.partial(self.scaled, scale=2.0)

    def scaled(self, x, scale):
        return self.out(F.relu(self.a(x * scale)))


class InNoGrad(Flag):
    @torch.no_grad()
    def forward(self, x):
        return super().forward(x)


class InInferenceMode(Flag):
    @torch.inference_mode()
    def forward(self, x):
        return super().forward(x)


class GrowsInForward(Flag):
    def forward(self, x):
        self.a.weight.data = self.a.weight.data * 1.01
        return super().forward(x)


class RemembersTheLast(Flag):
    """Adds what it saw last."""

    def __init__(self):
        super().__init__()
        self.last = None

    def forward(self, x):
        h = F.relu(self.a(x))
        seen, self.last = self.last, h.detach()
        return self.out(h if seen is None else h + seen.mean(0))


class DoublesReLU(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        found = super().__torch_function__(func, types, args, kwargs or {})
        return found * 2 if func is F.relu else found


def with_setting(inside):
    """A network scaled by a setting that copies forget."""
    module = Written(
        lambda m, x: m.out(F.relu(m.a(x) * (m.setting[0] if inside else m.setting).factor))
    )
    module.setting = [Setting(3.0)] if inside else Setting(3.0)
    return module


add("a pickle that forgets", lambda: spread(ForgetsInPickle()))
add("a setting that copies forget", lambda: with_setting(inside=False))
add("a setting in a list that copies forget", lambda: with_setting(inside=True))
refused("acts by its count", lambda: spread(ActsByItsCount()), "pass to pass|disagree")
refused("changes after a warm-up", lambda: spread(AfterAWarmUp()), "pass to pass|disagree")
refused("a coin of its own generator", lambda: spread(DrawsOfItsOwn()), COIN)
refused(
    "a hook that writes in place, far away",
    changed(lambda m: m[1].register_forward_hook(silenced)),
    "hook",
)
refused(
    "a hook that sets an attribute, far away",
    changed(lambda m: m[1].register_forward_pre_hook(loud), between(Peak, nn.ReLU)),
    "hook",
)
add("a mode of torch that changes calls", mlp, during=DoublingMode)
add("a __getattr__ of its own", lambda: spread(GetAttr()))
add("a __getattribute__ of its own", between(nn.ReLU, lambda: BiasTwice(8, 8), nn.ReLU))
add("a forward that is a partial", lambda: spread(MadeOfAPartial()))
add("a forward in no_grad", lambda: spread(InNoGrad()))
add("a forward in inference mode", lambda: spread(InInferenceMode()))
refused("a weight that grows in forward", lambda: spread(GrowsInForward()), "weight|changes")
refused("adds what it saw last", lambda: spread(RemembersTheLast()), "disagree|pass to pass")
written(
    "a subclass of Tensor that doubles ReLU",
    lambda m, x: m.out(F.relu(m.a(x.as_subclass(DoublesReLU)))).as_subclass(torch.Tensor),
    compare="same",
)
written(
    "h.data = 2 * h.data",
    lambda m, x: m.out(F.relu((h := m.a(x), setattr(h, "data", h.data * 2))[0])),
)
written(
    "einsum of three",
    hidden(
        lambda h: torch.einsum("bi,ij,jk->bk", F.relu(h), torch.eye(8).flip(0), torch.ones(8, 8))
    ),
)
written(
    "gather by a constant index",
    hidden(lambda h: F.relu(h).gather(1, torch.arange(8).flip(0).expand(len(h), 8))),
)
written(
    "where by a constant mask",
    hidden(lambda h: torch.where(torch.arange(8) % 2 == 0, F.relu(h), 0.3)),
    compare="outputs",
)
refused(
    "its own variance", lambda: Written(hidden(lambda h: F.relu(h) - h.var(1, keepdim=True))), "var"
)
refused(
    "divided by its own norm",
    lambda: Written(hidden(lambda h: F.relu(h) / h.norm(dim=1, keepdim=True))),
    "norm|div",
)
refused(
    "its own gradient",
    lambda: Written(lambda m, x: m.out(F.relu(m.a(x + _gradient(m, x))))),
    "grad",
)
written(
    "max pooling, padded, one by one",
    hidden(lambda h: F.max_pool1d(F.relu(h)[:, None], 3, stride=1, padding=1)[:, 0]),
    compare="finer",
)
written(
    "max pooling, padded and dilated",
    hidden(lambda h: F.max_pool1d(F.relu(h)[:, None], 3, 1, 1, 2)[:, 0].repeat(1, 2)[:, :8]),
    compare="finer",
)


def _gradient(m, x):
    with torch.enable_grad():
        z = x.detach().clone().requires_grad_(True)
        return torch.autograd.grad(F.relu(m.a(z)).sum(), z)[0]


class LetsErrorsPass(Flag):
    def forward(self, x):
        h = self.a(x)
        try:
            if h.max() > 1e3:
                return self.out(h)
        except Exception:  # noqa: BLE001, S110
            pass
        return self.out(F.relu(h))


class LetsErrorsOfHooksPass(Flag):
    def forward(self, x):
        try:
            return self.out(F.relu(self.a(x)))
        except Exception:  # noqa: BLE001
            return self.out(F.relu(F.linear(x, self.a.weight, self.a.bias)))


refused("a condition inside of try", lambda: spread(LetsErrorsPass()), FLOW)
refused(
    "a hook that decides, inside of try",
    changed(
        lambda m: m.a.register_forward_hook(lambda m, i, out: out * 0 if out.max() > 1e3 else out),
        lambda: spread(LetsErrorsOfHooksPass()),
    ),
    "hook",
)
for label, draw in {
    "of a fresh generator of numpy": lambda: np.random.default_rng().random(),
    "of the system": lambda: os.urandom(1)[0] / 256,
    "of Python's SystemRandom": lambda: random.SystemRandom().random(),
    "of a fresh generator of Python": lambda: random.Random().random(),
}.items():
    refused(f"a coin {label}", lambda draw=draw: Written(rarely(draw)), COIN)
