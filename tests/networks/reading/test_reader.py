"""The one reader of networks: whatever changes what a module computes is taken into account.

Every module here is partitioned and compared with its own forward passes, or refused with words for
the cause.
"""

import numpy as np
import pytest
import torch
import torch.fx
from changed_networks import NOT_PLAIN, plain_networks
from reading_helpers import SQUARE, Wrapped, assert_right, changed, mlp, outputs
from torch import nn
from torch.nn import functional
from torch.nn.utils import spectral_norm

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.networks.reading import reader, tracing
from mbh_utils.networks.reading.reader import proved_linears, read_network


@pytest.fixture
def traced_modules(monkeypatch):
    """The modules that were traced."""
    seen = []
    trace_at = tracing.trace_at

    def count(module, *args, **options):
        seen.append(module)
        return trace_at(module, *args, **options)

    monkeypatch.setattr(tracing, "trace_at", count)
    return seen


@pytest.mark.parametrize("name", plain_networks())
def test_plain_networks_are_read_as_they_are_and_as_traced(name, traced_modules):
    network = plain_networks()[name]
    read = read_network(network)
    assert not traced_modules
    traced = mbh.trace(tracing.unwrapped(network), (2,))
    for a, b in zip(read.layers(), traced.hidden_layers(), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert all(np.array_equal(x, y) for x, y in zip(read.output, traced.output, strict=False))
    assert_right(network)


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_what_changes_a_plain_network_counts(name, traced_modules):
    torch.manual_seed(3)
    network = NOT_PLAIN[name]()
    assert proved_linears(network) is None
    assert_right(network)
    assert traced_modules


@pytest.mark.parametrize(
    "register", ["register_module_forward_hook", "register_module_forward_pre_hook"]
)
def test_hooks_of_all_modules_count(register):
    network = mlp()
    plain = read_network(network).hidden
    hook = {
        "register_module_forward_hook": lambda m, i, y: 2 * y if isinstance(m, nn.ReLU) else None,
        "register_module_forward_pre_hook": lambda m, i: (
            (i[0] + 1,) if isinstance(m, nn.Linear) else None
        ),
    }[register]
    handle = getattr(nn.modules.module, register)(hook)
    try:
        read = assert_right(network)
    finally:
        handle.remove()
    assert any(
        not np.array_equal(a.weight, b.weight) or not np.array_equal(a.bias, b.bias)
        for a, b in zip(plain, read.hidden, strict=True)
    )
    assert all(
        np.array_equal(a.bias, b.bias)
        for a, b in zip(plain, read_network(network).hidden, strict=True)
    )


def test_a_forward_put_on_the_class_counts(monkeypatch):
    network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    assert proved_linears(network) is not None
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: functional.leaky_relu(x, 0.5))
    assert proved_linears(network) is None
    assert len(assert_right(network).carrying[0].bias) == 8 + 2


def test_training_mode_that_acts_is_refused_and_eval_mode_is_taken():
    for layer, words in (
        (nn.Dropout(), "^2 is a Dropout in training mode"),
        (nn.BatchNorm1d(8), "^2 is a BatchNorm1d"),
    ):
        network = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), layer, nn.Linear(8, 3))
        with pytest.raises(MBHError, match=words):
            read_network(network)
        assert_right(network.eval())


def test_a_pass_that_changes_the_module_is_refused_in_training_mode():
    network = changed(
        mlp(), lambda m: spectral_norm(m[0])
    )  # every pass improves its estimate of the norm
    with pytest.raises(MBHError, match=r"disagree.*changes 0\.weight_u.*call module\.eval\(\)"):
        read_network(network)
    assert_right(network.eval())


@pytest.mark.parametrize("last", [nn.ReLU(), nn.LeakyReLU(0.1), nn.Hardtanh()], ids=repr)
def test_a_network_that_ends_in_an_activation_has_no_affine_output_layer(last):
    body = nn.Sequential(*mlp(2, 6, 5, 4), last).double()
    plain = read_network(body)
    wrapped = read_network(Wrapped(body))
    ours = mbh.trace(body)
    for other in (
        wrapped.hidden,
        read_network(ours).hidden,
        read_network(body, output_layer=False).hidden,
    ):
        if isinstance(last, nn.ReLU) or other is not read_network(body, output_layer=False).hidden:
            assert all(
                np.array_equal(a.weight, b.weight)
                for a, b in zip(plain.hidden[:2], other[:2], strict=True)
            )
    k = 2 if isinstance(last, nn.Hardtanh) else 1
    regions = mbh.partition_input_space(body, SQUARE)
    assert (
        regions.widths == mbh.partition_input_space(Wrapped(body), SQUARE).widths == (6, 5, 4 * k)
    )
    assert_right(body)  # its outputs are those of the activation


def test_decisions_of_outputs_that_are_often_equal_go_to_the_first_one():
    body = nn.Sequential(*mlp(2, 6, 3), nn.ReLU()).double()
    uv = np.random.default_rng(1).uniform(-2, 2, (2000, 2))
    expected = outputs(body, uv).argmax(axis=1)
    for network in (body, Wrapped(body)):
        regions = mbh.partition_input_space(network, SQUARE, exact=True, decision_boundary=True)
        assert (regions.classes[regions.locate(uv)] == expected).mean() > 0.998


def test_readings_of_arrays_and_of_what_was_traced():
    layers = [(np.ones((3, 2)), np.zeros(3)), (np.ones((4, 3)), np.zeros(4), 1)]
    read = read_network(layers)
    assert read.output is None and [layer.n_linear for layer in read.hidden] == [0, 1]
    assert [len(layer) for layer in read.layers()] == [2, 3] and read.carrying == read.hidden
    with pytest.raises(MBHError, match="a list of hidden layers has none"):
        read.layers_with_output()
    residual = nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(), nn.Linear(4, 3))
    traced = mbh.trace(residual)
    read = read_network(traced)
    assert [layer.n_linear for layer in read.carrying] == [2] and [
        layer.n_linear for layer in read.hidden
    ] == [0]
    weight, bias, n_classes = read.layers_with_output()[-1]
    assert (
        n_classes == 3
        and np.array_equal(weight, traced.output[0])
        and np.array_equal(bias, traced.output[1])
    )
    with pytest.raises(MBHError, match="one output"):
        read_network(mlp(2, 5, 1)).layers_with_output()


def test_an_output_layer_that_does_not_fit_is_named():
    with pytest.raises(MBHError, match="the output layer takes 4 inputs, but layer 0 has 3"):
        read_network(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 2)))
    network = mlp()
    with torch.no_grad():
        network[-1].weight[1, 2] = np.nan
    with pytest.raises(MBHError, match=r"the output layer: weight\[1, 2\] is nan"):
        read_network(network)


def test_every_way_in_goes_through_the_reader():
    """One hook on a plain network: patterns, maximal patterns, measures and blankets all see it."""
    from mbh_utils.experiments import measures

    network = mlp(2, 8, 6, 3)
    network[1].register_forward_hook(lambda m, i, y: y * torch.tensor([1.0, 0, 1, 0, 1, 0, 1, 0]))
    x = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    with torch.no_grad():
        z = network[0](torch.from_numpy(x).float())
        z_next = network[2](network[1](z))
    seen = np.concatenate([(z > 0).numpy(), (z_next > 0).numpy()], axis=1)
    assert (mbh.activation_patterns(network, x) == seen).mean() > 0.999
    sigma = mbh.maximal_pattern(network, x, 0.6)
    assert sigma.support(seen) == pytest.approx(sigma.coverage, abs=0.011)
    regions = mbh.partition_input_space(network, SQUARE)
    areas = regions.blanket_areas([sigma])
    table = measures.specializations(
        network, [np.ones((8, 2), bool), np.ones((6, 8), bool)], *two_classes(), [0.8]
    )
    assert (table["n_regions"] == len(regions)).all()
    shares = mbh.sampled_shares(network, [sigma], SQUARE, n=4000)
    assert shares["share"][0] == pytest.approx(areas[0] / SQUARE.area, abs=0.05)
    assert reader.read_network(network).layers()[1][0][:, 1].any() is np.False_


def two_classes():
    rng = np.random.default_rng(0)
    return mbh.Samples(rng.uniform(-2, 2, (60, 2)), np.arange(60) % 2), [SQUARE]
