"""Random networks grown out of bricks that people build with, for hypothesis to judge."""

import types
from dataclasses import dataclass

import torch
from forward_oracle import EITHER, REFUSED, TAKEN, Case
from hypothesis import strategies as st
from people_write import Times, flat_features, half_mask, spread
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize, prune

import mbh_utils as mbh


class Does(nn.Module):
    """A module of a function."""

    def __init__(self, body, /, **parts):
        super().__init__()
        self.body = body
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.body(self, x)


def in_place(statement):
    """Bends its argument in place, by a statement whose result nobody uses."""

    def body(m, h):
        statement(h)
        return h

    return lambda n: Does(body)


SHARED = nn.ReLU()
ACTIVATIONS = {
    "ReLU": lambda n: nn.ReLU(),
    "one ReLU for all": lambda n: SHARED,
    "ReLU(inplace)": lambda n: nn.ReLU(inplace=True),
    "F.relu": lambda n: Does(lambda m, h: F.relu(h)),
    "h.relu()": lambda n: Does(lambda m, h: h.relu()),
    "clamp(min=0)": lambda n: Does(lambda m, h: h.clamp(min=0)),
    "clamp(-0.3, 0.4)": lambda n: Does(lambda m, h: torch.clamp(h, -0.3, 0.4)),
    "LeakyReLU": lambda n: nn.LeakyReLU(0.2),
    "F.leaky_relu": lambda n: Does(lambda m, h: F.leaky_relu(h, 1.5)),
    "PReLU": lambda n: nn.PReLU(n),
    "ReLU6": lambda n: nn.ReLU6(),
    "Hardtanh": lambda n: nn.Hardtanh(-0.4, 0.3),
    "Hardsigmoid": lambda n: nn.Hardsigmoid(),
    "Softshrink": lambda n: nn.Softshrink(0.2),
    "abs": lambda n: Does(lambda m, h: h.abs()),
    "relu_": in_place(F.relu_),
    "clamp_(max=1)": in_place(lambda h: h.clamp_(max=1)),
    "leaky_relu_": in_place(lambda h: F.leaky_relu_(h, 0.1)),
}
STATEMENTS = {"relu_", "clamp_(max=1)", "leaky_relu_"}


def linear(n, m, act):
    return nn.Sequential(nn.Linear(n, m), act(m)), m


def changed_linear(change):
    """A brick of a Linear that was changed, and its activation."""

    def brick(n, m, act):
        layer = nn.Linear(n, m)
        with torch.no_grad():
            layer = change(layer) or layer
        return nn.Sequential(layer, act(m)), m

    return brick


def masked_by_buffer(layer):
    layer.register_buffer("mask", half_mask(layer.weight))
    return Does(lambda m, x: F.linear(x, m.layer.weight * m.layer.mask, m.layer.bias), layer=layer)


def pruned_and_trained(layer):
    prune.random_unstructured(layer, "weight", 0.4)
    layer.weight_orig.mul_(1.5)


def rescaled(layer):
    layer.register_forward_hook(lambda m, i, out: 0.5 * out + 1)


def replaced(layer):
    layer.forward = types.MethodType(lambda m, x: F.linear(x, -m.weight, m.bias), layer)


def watched(layer):
    layer.register_forward_hook(lambda m, i, out: None)


def residual(n, m, act):
    return Does(
        lambda s, x: x + s.second(s.act(s.first(x))),
        first=nn.Linear(n, m),
        act=act(m),
        second=nn.Linear(m, n),
    ), n


def before_activation(n, m, act):
    return Does(
        lambda s, x: x + s.f(s.act(s.norm(x))),
        norm=nn.BatchNorm1d(n),
        act=act(n),
        f=nn.Linear(n, n),
    ), n


def after_activation(n, m, act):
    return Does(lambda s, x: s.act(x + s.f(x)), f=nn.Linear(n, n), act=act(n)), n


def dense(n, m, act):
    return Does(
        lambda s, x: torch.cat([x, s.act(s.f(x))], dim=1), f=nn.Linear(n, m), act=act(m)
    ), n + m


def reused(n, m, act):
    return Does(lambda s, x: s.act(s.f(s.act(s.f(x)))), f=nn.Linear(n, n), act=act(n)), n


def tied(n, m, act):
    return Does(
        lambda s, x: F.linear(s.act(s.f(x)), s.f.weight.t()), f=nn.Linear(n, m), act=act(m)
    ), n


def assigned(n, m, act):
    def body(s, x):
        h = s.act(s.f(x))
        h += s.shift
        h *= 0.5
        return h

    return Does(body, f=nn.Linear(n, m), act=act(m), shift=nn.Parameter(torch.randn(m))), m


def maximum(n, m, act):
    return Does(lambda s, x: torch.maximum(s.f(x), s.g(x)), f=nn.Linear(n, m), g=nn.Linear(n, m)), m


def convolution(pool):
    def brick(n, m, act):
        layers = [nn.Unflatten(1, (1, n)), nn.Conv1d(1, 2, 3, padding=1), act(2), nn.Flatten()]
        if pool and n > 1:
            layers.insert(3, pool())
        return nn.Sequential(*layers), 2 * (n // 2 if pool and n > 1 else n)

    return brick


def images(n, m, act):
    pool = nn.AdaptiveAvgPool2d((2, 1))
    return nn.Sequential(
        nn.Unflatten(1, (1, 1, n)),
        nn.Conv2d(1, 2, (1, 2), padding=(0, 1)),
        act(2),
        pool,
        nn.Flatten(),
    ), 4


def only(make):
    """A brick of as many outputs as inputs."""
    return lambda n, m, act: (make(n, act), n)


BRICKS = {
    "linear": linear,
    "no bias": lambda n, m, act: (nn.Sequential(nn.Linear(n, m, bias=False), act(m)), m),
    "masked by a buffer": changed_linear(masked_by_buffer),
    "masked by a parametrisation": changed_linear(
        lambda f: parametrize.register_parametrization(f, "weight", Times(half_mask(f.weight)))
    ),
    "masked by prune": changed_linear(pruned_and_trained),
    "masked once": changed_linear(lambda f: f.weight.mul_(half_mask(f.weight)).sum() * 0 and None),
    "masked as in this package": lambda n, m, act: (
        nn.Sequential(mbh.networks.MaskedLinear(n, m), act(m)),
        m,
    ),
    "weight_norm": changed_linear(parametrizations.weight_norm),
    "a hook that looks": changed_linear(watched),
    "a hook that changes": changed_linear(rescaled),
    "forward replaced": changed_linear(replaced),
    "residual": residual,
    "residual, activation before": before_activation,
    "residual, activation after": after_activation,
    "concatenated": dense,
    "one layer twice": reused,
    "tied": tied,
    "+=": assigned,
    "maximum": maximum,
    "BatchNorm": only(lambda n, act: nn.Sequential(nn.BatchNorm1d(n), act(n))),
    "activation": only(lambda n, act: act(n)),
    "Dropout": only(lambda n, act: nn.Dropout(0.5)),
    "Identity": only(lambda n, act: nn.Identity()),
    "view": only(lambda n, act: Does(lambda m, x: x.view(x.size(0), -1))),
    "view by a loop": only(
        lambda n, act: Does(lambda m, x: x[:, None].reshape(-1, flat_features(x)))
    ),
    "centred": only(lambda n, act: Does(lambda m, x: x - x.mean(dim=1, keepdim=True))),
    "convolution": convolution(None),
    "convolution, MaxPool": convolution(lambda: nn.MaxPool1d(2)),
    "convolution, AvgPool": convolution(lambda: nn.AvgPool1d(2)),
    "convolution of images": images,
}
FLAT = {"Dropout", "Identity", "view", "view by a loop", "centred"}


@dataclass(frozen=True)
class Recipe:
    """What a network is grown from: its bricks from input to output, (brick, activation, width)."""

    n_inputs: int
    bricks: tuple[tuple[str, str, int], ...]
    container: str
    head: bool
    seed: int
    dtype: torch.dtype = torch.float64

    def make(self) -> nn.Module:
        return self._made().to(self.dtype)

    def _made(self) -> nn.Module:
        torch.manual_seed(self.seed)
        n = self.n_inputs
        parts = []
        for brick, act, width in self.bricks:
            part, n = BRICKS[brick](n, width, ACTIVATIONS[act])
            parts.append(part)
        if self.head:
            parts.append(nn.Linear(n, 3))
        if self.container == "Sequential":
            module = nn.Sequential(*parts)
        elif self.container == "flat Sequential":
            module = nn.Sequential(
                *(m for part in parts for m in (part if type(part) is nn.Sequential else [part]))
            )
        else:
            module = Does(_one_after_the_other, parts=nn.ModuleList(parts))
        return spread(module, self.seed)

    def case(self) -> Case:
        names = [brick for brick, *_ in self.bricks]
        acts = {act for brick, act, _ in self.bricks if brick not in FLAT}
        words = []
        words += ["hook"] if "a hook that changes" in names else []
        words += ["forward"] if "forward replaced" in names else []
        words += ["place|statement"] if acts & STATEMENTS else []
        bends = not set(names) <= FLAT
        return Case(
            str(self),
            self.make,
            (self.n_inputs,),
            (EITHER if words else TAKEN) if bends else REFUSED,
            "|".join(words) if bends else "no hidden layer",
            compare="finer" if "convolution, MaxPool" in names else "numbered",
            judged=lambda module: self.make().double(),  # weights of every type are taken exactly
            dtype=torch.float64,
            traced=True,
            samples="convolution, MaxPool" not in names,
        )


def _one_after_the_other(m, x):
    for part in m.parts:
        x = part(x)
    return x


def _computes_exactly(recipe: Recipe) -> bool:
    """Whether the module's own numbers are exact in its type; a norm of weights is rounded."""
    return recipe.dtype == torch.float64 or all(
        brick != "weight_norm" for brick, *_ in recipe.bricks
    )


recipes = st.builds(
    Recipe,
    n_inputs=st.sampled_from([2, 2, 2, 3, 5]),
    bricks=st.lists(
        st.tuples(st.sampled_from([*BRICKS]), st.sampled_from([*ACTIVATIONS]), st.integers(1, 6)),
        min_size=1,
        max_size=5,
    ).map(tuple),
    container=st.sampled_from(["Sequential", "flat Sequential", "loop"]),
    head=st.sampled_from([True, True, True, False]),
    seed=st.integers(0, 2**16),
    dtype=st.sampled_from([torch.float64, torch.float64, torch.float32, torch.bfloat16]),
).filter(_computes_exactly)
