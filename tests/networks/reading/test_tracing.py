"""Tracing whole networks: modules against their own forward pass.

Exact partitions of them are compared with forward hooks.
"""

import copy

import numpy as np
import pytest
import torch
from exact_reference import assert_equals_exact
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune
from tracing_helpers import (
    ZIGZAG,
    check_partition,
    check_trace,
    digits_plane,
    mlp,
    outputs,
    random_plane,
    spread_biases,
)

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks import hidden_layers, layer_widths
from mbh_utils.networks.reading.tracing import trace
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import activation_patterns
from mbh_utils.regions.planes import Line, Plane


def conv_net() -> nn.Module:
    torch.manual_seed(0)
    features = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 6, 2), nn.ReLU()
    )
    return spread_biases(nn.Sequential(*features, nn.Flatten(), nn.Linear(24, 10)))


class Residual(nn.Module):
    """A ResNet of fully connected blocks with BatchNorm."""

    def __init__(self, n_inputs: int = 16, width: int = 12, n_blocks: int = 3):
        super().__init__()
        self.stem = nn.Linear(n_inputs, width)
        self.blocks = nn.ModuleList()
        self.head = nn.Linear(width, 4)
        for _ in range(n_blocks):
            self.blocks.append(
                nn.Sequential(
                    nn.Linear(width, 8),
                    nn.BatchNorm1d(8),
                    nn.ReLU(),
                    nn.Dropout(),
                    nn.Linear(8, width),
                )
            )
        self.last = nn.ReLU()

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.last(x))


def test_a_convolutional_network_on_digits():
    module = conv_net()
    traced, regions, n_checked = check_partition(module, (1, 8, 8), digits_plane())
    assert [(n.name, n.shape) for n in traced.neurons] == [("1", (4, 6, 6)), ("4", (6, 2, 2))]
    assert n_checked == regions.n_hidden == 144 + 24
    assert len(regions) > 1000 and regions.certified


def test_max_pooling_brings_neurons_that_compare():
    torch.manual_seed(0)
    module = spread_biases(
        nn.Sequential(
            nn.Conv2d(1, 2, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(18, 5),
            nn.ReLU(),
        )
    )
    traced, regions, n_checked = check_partition(module, (1, 8, 8), digits_plane())
    assert [n.name for n in traced.neurons] == ["1", "2", "2#2", "5"]
    assert n_checked == 72 + 5 and regions.n_hidden == 72 + 2 * 18 + 18 + 5
    # max(a, 0) of a ReLU's result a compares along the border that a has already: settled in
    # integers, not by chance.
    exact = partition_input_space(traced, regions.plane, exact=True)
    assert regions.uncertain and set(map(bytes, exact.packed)) == set(map(bytes, regions.packed))
    assert np.sort(exact.areas) == pytest.approx(
        np.sort(regions.areas), abs=1e-9 * regions.plane.area
    )


def test_padding_takes_no_part_in_max_pooling():
    """Windows at the edges hold fewer elements: each is compared with another, not with itself."""
    torch.manual_seed(0)
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    module = spread_biases(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(8, 3))
    )
    traced = trace(module, (1, 6, 6))
    plane = random_plane(36)
    # Of each channel's windows one holds 9 elements, two hold 6 and one holds 4: that makes 8, 5
    # and 3 comparisons.
    shapes = [n.shape for n in traced.neurons if n.name.startswith("2")]
    assert len(shapes) == 4 + 3 + 2 and sum(n * m for n, m in shapes) == 2 * (8 + 2 * 5 + 3)
    regions = partition_input_space(traced, plane)
    uv = np.random.default_rng(0).uniform(plane.low, plane.high, (2000, 2))
    assert np.array_equal(
        activation_patterns(traced, plane.embed(uv)), regions.patterns[regions.locate(uv)]
    )
    with torch.no_grad():
        y = module(torch.from_numpy(plane.embed(uv)).float().reshape(-1, 1, 6, 6)).double().numpy()
    assert np.allclose(traced(plane.embed(uv)), y, atol=1e-4)


def test_a_window_of_nothing_but_padding_is_refused():
    module = nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.MaxPool2d(2, dilation=3, padding=1), nn.Flatten()
    )
    with pytest.raises(MBHError, match="padding"):
        trace(module)


def test_comparisons_of_what_is_exactly_zero_are_certain():
    """Four dead neurons are compared, and the winners, which linear units carry: no doubt."""
    module = nn.Sequential(
        nn.Linear(2, 8), nn.ReLU(), nn.Unflatten(1, (2, 4)), nn.MaxPool1d(4), nn.Flatten()
    )
    with torch.no_grad():
        module[0].bias.fill_(-100)
    regions = partition_input_space(trace(module), Plane.rectangle([-1, -1], [1, 1]))
    assert len(regions) == 1 and regions.certified and not regions.patterns.any()


def test_a_residual_network():
    module = spread_biases(Residual())
    traced, regions, n_checked = check_partition(module, (16,), random_plane(16))
    assert n_checked == regions.n_hidden == 3 * 8 + 12
    assert [n.name for n in traced.neurons] == ["blocks.0.2", "blocks.1.2", "blocks.2.2", "last"]
    # Only the stream that the blocks add to is carried past them.
    assert [layer[2:] for layer in hidden_layers(traced)] == [(12,), (12,), (12,), ()]


@pytest.mark.parametrize(
    ("activation", "n_linear"),
    [
        (lambda n: nn.LeakyReLU(0.2), [10, 9, 0]),
        (lambda n: nn.PReLU(n), [10, 9, 0]),
        (lambda n: nn.Hardtanh(), [0, 0, 0]),
        (lambda n: nn.ReLU6(), [0, 0, 0]),
        (lambda n: nn.Hardsigmoid(), [0, 0, 0]),
        (lambda n: nn.Softshrink(), [10, 9, 0]),
        (lambda n: copy.deepcopy(ZIGZAG), [10, 9, 0]),
        (lambda n: nn.Sequential(nn.BatchNorm1d(n), nn.ReLU()), [0, 0, 0]),
    ],
    ids=[
        "LeakyReLU",
        "PReLU",
        "Hardtanh",
        "ReLU6",
        "Hardsigmoid",
        "Softshrink",
        "zigzag",
        "BatchNorm",
    ],
)
def test_networks_of_every_activation(activation, n_linear):
    module = mlp(activation)
    traced, regions, n_checked = check_partition(module, (10,), random_plane(10, margin=8))
    assert n_checked == regions.n_hidden == 28 * traced.neurons[0].breakpoints
    assert [sum(layer[2:]) for layer in hidden_layers(traced)] == n_linear
    for line in traced.neurons:  # all states are met, in the first layer at least
        assert line.layer or set(np.unique(line.states(regions.patterns))) == set(
            range(line.breakpoints + 1)
        )


def test_jacobians_are_equal_inside_a_region_and_differ_across_an_edge():
    module = mlp(lambda n: nn.PReLU(n)).double()
    plane = random_plane(10, margin=8)
    regions = partition_input_space(module, plane)
    rng = np.random.default_rng(0)

    def jacobian(uv):
        x = torch.from_numpy(plane.embed(uv[None])[0])
        return (
            torch.autograd.functional.jacobian(lambda x: module(x[None])[0], x).numpy()
            @ plane.basis.T
        )

    wide = np.flatnonzero(regions.areas > 1e-6 * plane.area)
    maps = {}
    for i in wide[:60]:
        polygon = regions.polygons[i]
        found = [jacobian(p) for p in rng.dirichlet(np.ones(len(polygon)), 3) @ polygon]
        assert np.allclose(found, found[0], rtol=1e-9, atol=1e-12)
        maps[int(i)] = found[0]
    pairs, _ = regions.adjacency()
    pairs = [(i, j) for i, j in pairs.tolist() if i in maps and j in maps]
    assert len(pairs) > 20
    assert all(np.abs(maps[i] - maps[j]).max() > 1e-9 for i, j in pairs)


seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=25)
@given(
    seeds, st.lists(st.sampled_from(range(6)), min_size=1, max_size=3), st.booleans(), st.booleans()
)
def test_random_networks_with_mixed_activations_and_shortcuts(seed, kinds, shortcut, exact):
    torch.manual_seed(seed)

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(5, 5) for _ in kinds)
            made = (
                nn.ReLU,
                nn.LeakyReLU,
                nn.PReLU,
                nn.Hardtanh,
                nn.Softshrink,
                lambda: copy.deepcopy(ZIGZAG),
            )
            self.acts = nn.ModuleList(made[k]() for k in kinds)

        def forward(self, x):
            first = x
            for layer, act in zip(self.layers, self.acts, strict=True):
                x = act(layer(x)) + x if shortcut else act(layer(x))
            return x + first if shortcut else x

    check_partition(Mixed(), (5,), random_plane(5, seed=seed % 1000), exact=exact)


def test_a_line_through_a_traced_network():
    module = mlp(lambda n: nn.LeakyReLU(0.2))
    a, b = np.random.default_rng(0).standard_normal((2, 10)) * 3
    line = Line.through([a, b])
    regions = partition_input_space(module, line)
    ends = np.unique(regions.intervals)
    x = line.embed(np.linspace(*regions.intervals[[0, -1], [0, 1]], 20_001))
    seen = np.unique(activation_patterns(module, x), axis=0)
    assert len(ends) == len(regions) + 1 and len(regions) >= len(seen) >= 0.9 * len(regions)


def test_pruned_and_parametrized_modules():
    module = mlp(lambda n: nn.ReLU())
    prune.random_unstructured(module[0], "weight", 0.7)
    prune.l1_unstructured(module[2], "bias", 0.5)
    prune.l1_unstructured(module[2], "weight", 0.5)
    module(torch.zeros(1, 10))
    with torch.no_grad():
        module[0].weight_orig.add_(
            0.1
        )  # as an optimiser's step: ``weight`` is out of date until the next forward pass
    stale = module[0].weight.clone()
    weight = hidden_layers(module)[0][0]
    assert np.array_equal(
        weight, (module[0].weight_orig * module[0].weight_mask).detach().double().numpy()
    )
    assert torch.equal(module[0].weight, stale) and module[0].weight.dtype == torch.float32, (
        "the module is not touched"
    )
    check_partition_of_results(module)
    parametrizations.weight_norm(module[4])
    check_partition_of_results(module)


def check_partition_of_results(module):
    """For a module that copy.deepcopy refuses: against its own float32 pass, up to rounding."""
    traced = trace(module)
    x = np.random.default_rng(0).standard_normal((50, 10))
    with torch.no_grad():
        expected = module(torch.from_numpy(x).float()).numpy()
    assert np.allclose(traced(x), expected, rtol=1e-4, atol=1e-5)
    regions = partition_input_space(traced, random_plane(10))
    assert regions.areas.sum() == pytest.approx(regions.plane.area, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_every_float_type_are_taken_exactly(dtype):
    module = mlp(lambda n: nn.LeakyReLU(0.25)).to(dtype)
    layers = hidden_layers(module)
    assert torch.equal(torch.from_numpy(layers[0][0][:12].copy()).to(dtype), module[0].weight)
    assert next(module.parameters()).dtype == dtype
    check_partition(module, (10,), random_plane(10))


def test_masked_layers_of_this_package_in_someone_else_s_module():
    from mbh_utils.networks import MaskedLinear

    module = nn.Sequential(MaskedLinear(6, 5), nn.LeakyReLU(), nn.Linear(5, 2))
    with torch.no_grad():
        module[0].mask[:, 2:] = False
    traced = check_trace(module, (6,))
    assert not traced.layers[0][0][:, 2:].any()


def test_plain_networks_keep_their_numbering():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 4), nn.ReLU(), nn.Linear(4, 2))
    for a, b in zip(hidden_layers(plain), hidden_layers(trace(plain)), strict=True):
        assert len(a) == len(b) == 2 and all(
            np.array_equal(x, y) for x, y in zip(a, b, strict=True)
        )
    ours = mbh.feed_forward(mbh.load_dataset("digits8"), (12, 4), parameters=200, seed=0)
    for a, b in zip(hidden_layers(ours), hidden_layers(trace(ours)), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_affine_maps_and_files_know_linear_units(tmp_path):
    module = mlp(lambda n: nn.LeakyReLU(0.2))
    regions = partition_input_space(module, random_plane(10, margin=8))
    regions.save(tmp_path / "regions.npz")
    loaded = mbh.Partition.load(tmp_path / "regions.npz")
    for i in np.argsort(-regions.areas)[:20]:
        inputs = torch.from_numpy(regions.plane.embed(regions.centroids[[i]]))
        with torch.no_grad():
            expected = copy.deepcopy(module).double()[:5](inputs).numpy()[0]
        for partition in (regions, loaded):
            weight, bias = partition.affine_map(int(i))
            assert np.allclose(
                weight @ partition.centroids[i] + bias, expected, rtol=1e-9, atol=1e-10
            )
    assert (
        [layer[2:] for layer in loaded.layers]
        == [layer[2:] for layer in regions.layers]
        == [(2,), (9,), ()]
    )
    assert (loaded.locate(loaded.centroids[:20]) == np.arange(20)).all()


def test_specialization_of_a_convolutional_network():
    data = mbh.load_dataset("digits8")
    samples = data.validation.of_class(3)
    traced = trace(conv_net(), (1, 8, 8))
    plane = digits_plane()
    sigma = mbh.maximal_pattern(traced, samples, 0.8)
    assert (
        sigma.neurons.min() >= 144
        and sigma.satisfied_by(activation_patterns(traced, samples.images)).mean() >= 0.8
    )
    regions = partition_input_space(traced, plane)
    assert mbh.specialization(traced, samples, plane, 0.8) == pytest.approx(
        1 - regions.blanket(sigma).share
    )


def test_last_hidden_layer_has_no_linear_units_in_its_patterns():
    module = Residual(width=5, n_blocks=1).eval()
    x = np.random.default_rng(0).standard_normal((30, 16))
    sigma = mbh.maximal_pattern(module, x, 0.5)
    assert sigma.neurons.min() >= 8 and sigma.neurons.max() < 13


@settings(deadline=None, max_examples=60)
@given(
    seeds, st.lists(st.sampled_from(range(5)), min_size=2, max_size=3), st.booleans(), st.booleans()
)
def test_exact_arithmetic_agrees_with_the_reference(seed, kinds, shortcut, zero_bias):
    """Small whole numbers as weights: lines that meet in one point, coincide or vanish.

    Linear units carry them on.
    """
    generator = torch.Generator().manual_seed(seed)

    class Nasty(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(n, 3) for n in (2, 3, 3)[: len(kinds)])
            made = (
                nn.ReLU(),
                nn.LeakyReLU(0.5),
                nn.Hardtanh(),
                nn.Softshrink(1.0),
                nn.MaxPool1d(2, stride=1),
            )
            self.acts = nn.ModuleList(made[k] for k in kinds)
            for p in self.layers.parameters():
                with torch.no_grad():
                    p.copy_(
                        torch.randint(-2, 3, p.shape, generator=generator)
                        * (1 - int(zero_bias and p.ndim == 1))
                    )

        def forward(self, x):
            for i, (layer, act) in enumerate(zip(self.layers, self.acts, strict=True)):
                z = layer(x)
                if isinstance(act, nn.MaxPool1d):
                    z = functional.pad(z, (0, 1))[:, None]
                y = act(z).flatten(1)
                x = y + x if shortcut and i else y
            return x

    regions = partition_input_space(
        trace(Nasty(), (2,)), Plane.rectangle([-3, -2], [3, 4]), exact=True
    )
    assert_equals_exact(regions)


def test_outputs_as_neurons():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 5), nn.LeakyReLU(), nn.Linear(5, 3))
    assert layer_widths(hidden_layers(module)) == (5,)
    traced = trace(module, output_layer=False)
    assert (
        layer_widths(hidden_layers(traced))
        == layer_widths(hidden_layers(module, output_layer=False))
        == (5, 3)
    )
    assert traced.neurons[-1].name == "output"
    x = np.random.default_rng(0).standard_normal((50, 4))
    assert (activation_patterns(traced, x)[:, 5:] == (outputs(module, x, (4,)) > 0)).all()
    ends_in_relu = nn.Sequential(*module, nn.Hardtanh(0, 9), nn.Linear(3, 3), nn.ReLU())
    assert layer_widths(hidden_layers(ends_in_relu, output_layer=False)) == (5, 6, 3)


def test_linear_units_that_only_the_output_needs_are_left_out():
    module = mlp(lambda n: nn.LeakyReLU())
    traced = trace(module)
    assert [layer[2] for layer in traced.layers] == [10, 9, 7]
    assert [len(layer) for layer in traced.hidden_layers()] == [3, 3, 2]
