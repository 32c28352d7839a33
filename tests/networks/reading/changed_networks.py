"""Networks whose weights are all that they compute, and others that only look like them."""

import functools
import types

import torch
import torch.fx
from reading_helpers import changed, mlp
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from mbh_utils.networks import Network


def plain_networks() -> dict:
    shared = nn.Linear(2, 2)
    with_backward = mlp()
    with_backward[1].register_full_backward_hook(lambda m, grads, out: None)
    one = nn.Identity()
    return {
        "ours": Network(2, (8, 5), 3, bias_std=0.3),
        "sequential": mlp(),
        "idle parts": nn.Sequential(nn.Flatten(), *mlp(), nn.Dropout(0.0), nn.Identity()),
        "dropout in eval mode": nn.Sequential(
            nn.Linear(2, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3)
        ).eval(),
        "one Linear twice": nn.Sequential(shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(2, 3)),
        "one Identity twice": nn.Sequential(nn.Linear(2, 5), one, nn.ReLU(), nn.Linear(5, 3), one),
        "ends in a ReLU": nn.Sequential(*mlp(), nn.ReLU()),
        "backward hooks": with_backward,
        "no bias": nn.Sequential(
            nn.Linear(2, 8, bias=False), nn.ReLU(inplace=True), nn.Linear(8, 3, bias=False)
        ),
        "masked in its data": masked_in_its_data(),
        "tied weights": changed(mlp(2, 2, 2, 3), lambda m: setattr(m[2], "weight", m[0].weight)),
        "DataParallel": nn.DataParallel(mlp()),
    }


def masked_in_its_data() -> nn.Module:
    network = mlp()
    network[0].weight.data[::2] = 0
    return network


def put_forward(kind, function):
    """For a test: a class that has this forward, though it is called as the layer."""
    return type(kind.__name__, (kind,), {"forward": function, "__module__": kind.__module__})


NOT_PLAIN = {
    "hook": lambda: changed(mlp(), lambda m: m[1].register_forward_hook(lambda m, i, y: 2 * y)),
    "hook that sees keywords": lambda: changed(
        mlp(),
        lambda m: m[2].register_forward_hook(
            lambda m, i, k, y: y - 1, with_kwargs=True, always_call=True
        ),
    ),
    "hook in place": lambda: changed(
        mlp(), lambda m: m[1].register_forward_hook(lambda m, i, y: y.mul_(2))
    ),
    "pre-hook": lambda: changed(
        mlp(), lambda m: m[2].register_forward_pre_hook(lambda m, i: (i[0] + 1,))
    ),
    "pre-hook that sees keywords": lambda: changed(
        mlp(),
        lambda m: m[2].register_forward_pre_hook(
            lambda m, i, k: ((i[0] + 1,), k), with_kwargs=True
        ),
    ),
    "pre-hook of the whole": lambda: changed(
        mlp(), lambda m: m.register_forward_pre_hook(lambda m, i: (3 * i[0],))
    ),
    "hook of the whole": lambda: changed(
        mlp(), lambda m: m.register_forward_hook(lambda m, i, y: -y)
    ),
    "hook of ours": lambda: changed(
        Network(2, (8, 5), 3, bias_std=0.3),
        lambda m: m.hidden_layers[0].register_forward_hook(lambda m, i, y: y + 1),
    ),
    "two hooks": lambda: changed(
        mlp(),
        lambda m: [
            m[1].register_forward_hook(f) for f in (lambda m, i, y: y + 1, lambda m, i, y: 2 * y)
        ],
    ),
    "hook of a method": lambda: changed(
        mlp(), lambda m: m[1].register_forward_hook(Scales(3.0).scale)
    ),
    "hook of an object": lambda: changed(mlp(), lambda m: m[1].register_forward_hook(Scales(3.0))),
    "hook of a partial function": lambda: changed(
        mlp(), lambda m: m[1].register_forward_hook(functools.partial(scale_by, 0.5))
    ),
    "subclass of Sequential": lambda: type("R", (nn.Sequential,), {"forward": add_input})(
        nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)
    ),
    "subclass of Linear": lambda: nn.Sequential(
        put_forward(nn.Linear, half)(2, 8), nn.ReLU(), nn.Linear(8, 3)
    ),
    "subclass of ReLU": lambda: nn.Sequential(
        nn.Linear(2, 8), put_forward(nn.ReLU, half_relu)(), nn.Linear(8, 3)
    ),
    "subclass of Network": lambda: put_forward(
        Network, lambda self, x: Network.forward(self, 2 * x)
    )(2, (8, 5), 3, bias_std=0.3),
    "__call__ of its own": lambda: type("C", (nn.Sequential,), {"__call__": called_twice})(
        *mlp(2, 8, 2)
    ),
    "ours with another output": lambda: changed(
        Network(2, (8, 5), 3, bias_std=0.3),
        lambda m: setattr(m, "output", nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))),
    ),
    "ours with other hidden layers": lambda: changed(
        Network(2, (8, 5), 3, bias_std=0.3),
        lambda m: setattr(m, "hidden_layers", nn.Sequential(*mlp(2, 6, 5)[::2])),
    ),
    "forward of an instance": lambda: changed(
        mlp(),
        lambda m: setattr(
            m, "forward", types.MethodType(lambda self, x: self[3:](self[0:3:2](x)), m)
        ),
    ),
    "forward of an instance, a lambda": lambda: changed(
        mlp(),
        lambda m: setattr(
            m, "forward", lambda x: 2 * nn.Sequential.forward(m, x) + x.sum(dim=1, keepdim=True)
        ),
    ),
    "forward of a layer": lambda: changed(
        mlp(), lambda m: setattr(m[1], "forward", lambda z: functional.leaky_relu(z, 0.3))
    ),
    "forward around that of a layer": lambda: changed(mlp(), around_forward),
    "hook that uses another module": lambda: changed(mlp(), add_what_another_says),
    "weight_norm": lambda: changed(mlp(), lambda m: parametrizations.weight_norm(m[0])),
    "orthogonal": lambda: changed(mlp(), lambda m: parametrizations.orthogonal(m[2])),
    "spectral_norm": lambda: changed(mlp(), lambda m: parametrizations.spectral_norm(m[2])).eval(),
    "parametrization": lambda: changed(
        mlp(), lambda m: parametrize.register_parametrization(m[2], "weight", Lower())
    ),
    "older weight_norm": lambda: reloaded(changed(mlp(), lambda m: weight_norm(m[0]))),
    "older spectral_norm": lambda: changed(
        mlp(), lambda m: spectral_norm(m[0])(torch.ones(1, 2))
    ).eval(),
    "pruned": lambda: changed(mlp(), lambda m: prune.random_unstructured(m[0], "weight", 0.5)),
    "pruned, then loaded": lambda: reloaded(
        changed(mlp(), lambda m: prune.random_unstructured(m[0], "weight", 0.5))
    ),
    "pruned globally": lambda: changed(
        mlp(),
        lambda m: prune.global_unstructured(
            [(m[0], "weight"), (m[2], "bias")], prune.L1Unstructured, amount=0.4
        ),
    ),
    "masked by a buffer": lambda: nn.Sequential(MaskedByBuffer(2, 8), nn.ReLU(), nn.Linear(8, 3)),
    "masked by a hook": lambda: changed(
        mlp(), lambda m: m[0].register_forward_pre_hook(zero_first_row)
    ),
    "masked by a parametrization": lambda: changed(
        mlp(),
        lambda m: parametrize.register_parametrization(
            m[0], "weight", Masks(torch.ones(8, 2).tril())
        ),
    ),
    "weight of another type": lambda: changed(
        mlp(),
        lambda m: setattr(m[0], "weight", nn.Parameter(m[0].weight.detach().as_subclass(Doubling))),
    ),
    "compiled in place": lambda: changed(mlp(), lambda m: m.compile(backend="eager")),
    "nested": lambda: nn.Sequential(mlp(2, 8, 6), nn.ReLU(), mlp(6, 5, 3)),
}


class Scales:
    def __init__(self, factor):
        self.factor = factor

    def scale(self, module, inputs, output):
        return self.factor * output

    __call__ = scale


class Lower(nn.Module):
    def forward(self, weight):
        return weight.tril()


class Masks(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight):
        return weight * self.mask


class MaskedByBuffer(nn.Linear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.register_buffer(
            "mask", (torch.arange(n_in * n_out).reshape(n_out, n_in) % 3 > 0).float()
        )

    def forward(self, x):
        return functional.linear(x, self.weight * self.mask, self.bias)


class Doubling(torch.Tensor):
    """A weight whose products are twice as large, as those of scaled weights may be."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        result = super().__torch_function__(func, types, args, kwargs or {})
        return 2 * result.as_subclass(torch.Tensor) if func is functional.linear else result

    def __deepcopy__(self, memo):
        return nn.Parameter(self.detach().clone())


def scale_by(factor, module, inputs, output):
    return factor * output


def add_input(self, x):
    return x + nn.Sequential.forward(self, x)


def half(self, x):
    return 0.5 * nn.Linear.forward(self, x)


def half_relu(self, x):
    return nn.ReLU.forward(self, x - 0.5)


def called_twice(self, x):
    return nn.Sequential.__call__(self, nn.Sequential.__call__(self, x))


def around_forward(network):
    before = network[0].forward
    network[0].forward = lambda x: 2 * before(x) + 1


def add_what_another_says(network):
    another = mlp(2, 4, 3, seed=7)
    calls = []
    network.register_forward_hook(lambda m, i, y: (calls.append(len(i)), y + another(i[0]))[1])


def zero_first_row(module, inputs):
    module.weight.data[0] = 0


def reloaded(network: nn.Module) -> nn.Module:
    """After another state was loaded.

    The attribute ``weight`` is out of date until the next forward pass.
    """
    network.load_state_dict(
        {k: x if "mask" in k else 1.5 * x for k, x in network.state_dict().items()}
    )
    return network
