"""Networks: initial weights, masks as part of them, what hidden_layers takes and refuses."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mbh_utils import networks
from mbh_utils.computing.seeds import PURPOSES, stream
from mbh_utils.errors import MBHError
from mbh_utils.networks import (
    Network,
    deepfc,
    feed_forward,
    hidden_layers,
    lenet,
    pruning,
    winning_ticket,
)
from mbh_utils.networks.reading.reader import read_network

MNIST_LIKE = SimpleNamespace(n_inputs=784, n_classes=10)
SMALL = SimpleNamespace(n_inputs=6, n_classes=3)


def same(a: Network, b: Network) -> bool:
    return all(
        torch.equal(p, q)
        for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def relu_network(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes with ReLU between them."""
    layers = [[nn.Linear(n, m), nn.ReLU()] for n, m in zip(sizes, sizes[1:], strict=False)]
    return nn.Sequential(*sum(layers, [])[:-1])


# ---- initial weights


def test_weights_are_he_normal_over_the_full_fan_in():
    network = lenet(MNIST_LIKE, seed=3)
    for layer in network.linears:
        w = layer.weight.detach().double().numpy() / np.sqrt(2 / layer.in_features)
        n = w.size
        assert abs(w.mean()) < 5 / np.sqrt(n)
        assert abs(w.var() - 1) < 5 * np.sqrt(2 / n)
        assert abs((w**4).mean() - 3) < 5 * np.sqrt(96 / n), (
            "normal, not uniform (whose fourth moment is 1.8)"
        )


@pytest.mark.parametrize("bias_std", [1e-6, 1e-3])
def test_biases_have_the_given_standard_deviation(bias_std):
    network = lenet(MNIST_LIKE, seed=3, bias_std=bias_std)
    biases = torch.cat([layer.bias for layer in network.linears]).detach().double().numpy()
    assert abs(biases.std() / bias_std - 1) < 5 / np.sqrt(2 * len(biases))


def test_the_default_is_the_thesis_s_bias_std():
    assert same(lenet(SMALL, 4, seed=1), lenet(SMALL, 4, seed=1, bias_std=1e-6))


def test_equal_seeds_give_equal_networks_and_different_seeds_different_ones():
    assert same(lenet(SMALL, 4, parameters=40, seed=5), lenet(SMALL, 4, parameters=40, seed=5))
    a, b = lenet(SMALL, 4, parameters=40, seed=5), lenet(SMALL, 4, parameters=40, seed=6)
    assert not torch.equal(a.output.weight, b.output.weight)
    assert any((m != n).any() for m, n in zip(a.masks, b.masks, strict=True))


def test_initial_weights_do_not_depend_on_the_mask():
    dense, sparse = lenet(MNIST_LIKE, seed=2), lenet(MNIST_LIKE, parameters=9_472, seed=2)
    for a, b in zip(dense.hidden_layers, sparse.hidden_layers, strict=True):
        assert torch.equal(a.weight * b.mask, b.weight) and torch.equal(a.bias, b.bias)
    assert torch.equal(dense.output.weight, sparse.output.weight)


def test_random_masks_come_from_a_stream_of_their_own():
    network = lenet(SMALL, 4, parameters=40, seed=6)
    shapes = pruning.layer_shapes(6, (12, 4))
    expected = pruning.random_masks(shapes, 40, stream(6, "mask"))
    assert all((m == n).all() for m, n in zip(network.masks, expected, strict=True))


def test_masks_do_not_depend_on_the_bias_std():
    a = lenet(SMALL, 4, parameters=40, seed=1)
    b = lenet(SMALL, 4, parameters=40, seed=1, bias_std=0.1)
    assert all((m == n).all() for m, n in zip(a.masks, b.masks, strict=True))


def test_streams_of_all_purposes_and_seeds_differ():
    first = {stream(seed, purpose).random() for seed in range(20) for purpose in PURPOSES}
    assert len(first) == 20 * len(PURPOSES)


@pytest.mark.parametrize("seed", [-1, 0.5, "one", None])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(MBHError, match="seed"):
        lenet(SMALL, 4, seed=seed)


def test_initial_weights_do_not_touch_torch_s_own_random_numbers():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    lenet(SMALL, 4, parameters=40)
    assert torch.equal(torch.rand(3), expected)


def test_drawing_anew_keeps_the_masks_and_changes_the_weights():
    network = lenet(SMALL, 4, parameters=40, seed=1)
    before = network.copy()
    network.initialise(1, purpose="reinitialise")
    assert all((a == b).all() for a, b in zip(network.masks, before.masks, strict=True))
    assert network.n_parameters == 40
    assert not torch.equal(network.output.weight, before.output.weight)
    assert not (network.hidden_layers[0].weight[~network.hidden_layers[0].mask]).any()


# ---- shapes and masks


@pytest.mark.parametrize(
    "setup", networks.LENET.setups(784) + networks.DEEPFC.setups(784), ids=lambda s: f"{s[:2]}"
)
def test_networks_of_all_set_ups_have_exactly_their_parameters(setup):
    network = feed_forward(MNIST_LIKE, setup.hidden, parameters=setup.parameters)
    assert network.n_parameters == setup.parameters
    assert network.n_hidden == setup.n_hidden
    assert network.density == pytest.approx(
        (setup.parameters - setup.n_hidden) / sum(m.size for m in network.masks)
    )
    assert all(mask.any(axis=1).all() for mask in network.masks)


def test_the_two_families_by_one_number():
    assert lenet(SMALL, 5).hidden == (15, 5) and lenet(SMALL, np.int64(5)).hidden == (15, 5)
    assert deepfc(SMALL, 5).hidden == (10, 5, 5)
    assert lenet(MNIST_LIKE).hidden == (300, 100)
    assert deepfc(MNIST_LIKE).hidden == (200, 100, 100)


def test_the_families_refuse_another_number_of_layers():
    with pytest.raises(MBHError, match="two hidden layers.*feed_forward"):
        lenet(SMALL, (3, 2, 1))
    with pytest.raises(MBHError, match="three hidden layers"):
        deepfc(SMALL, (3, 2))


@pytest.mark.parametrize("hidden", [(), (0,), (3, -1)])
def test_a_network_without_neurons_is_refused(hidden):
    with pytest.raises(MBHError, match="at least one neuron"):
        feed_forward(SMALL, hidden)


def test_a_budget_that_does_not_fit_is_refused():
    with pytest.raises(MBHError, match="do not fit"):
        lenet(SMALL, 4, parameters=10_000)


def test_forward_is_that_of_the_written_out_network():
    network = lenet(SMALL, 4, parameters=70, seed=1, bias_std=0.3)
    x = np.random.default_rng(0).standard_normal((9, 6)).astype(np.float32)
    value = x.astype(float)
    for layer in network.hidden_layers:
        value = np.maximum(
            value @ (layer.weight.detach().numpy() * layer.mask.numpy()).T
            + layer.bias.detach().numpy(),
            0,
        )
    value = value @ network.output.weight.detach().numpy().T + network.output.bias.detach().numpy()
    assert np.allclose(network(torch.tensor(x)).detach().numpy(), value, atol=1e-5)


def test_setting_masks_zeroes_weights_at_once_and_checks_shapes():
    network = lenet(SMALL, 2)
    masks = [np.zeros((6, 6), dtype=int), np.ones((2, 6), dtype=int)]
    network.set_masks(masks)
    assert not network.hidden_layers[0].weight.any() and network.n_parameters == 8 + 12
    with pytest.raises(MBHError, match=r"\(5, 6\) on a layer of shape \(6, 6\)"):
        network.set_masks([np.ones((5, 6)), np.ones((2, 6))])
    with pytest.raises(MBHError, match="2 hidden layers"):
        network.set_masks(masks[:1])


def test_one_more_mask_prunes_the_output_layer_which_is_dense_until_then():
    network = lenet(SMALL, 2)
    n_classes = network.n_classes
    hidden = [np.ones((6, 6), dtype=bool), np.ones((2, 6), dtype=bool)]
    assert network.output_mask.shape == (n_classes, 2) and network.output_mask.all()
    assert list(network.state_dict()) == list(lenet(SMALL, 2).set_masks(hidden).state_dict())
    dense = network.output.weight.detach().numpy().copy()
    mask = np.arange(2 * n_classes).reshape(n_classes, 2) % 3 > 0
    network.set_masks([*hidden, mask])
    assert np.array_equal(network.output_mask, mask)
    assert np.array_equal(network.output.weight.detach().numpy(), dense * mask)
    assert network.n_parameters == lenet(SMALL, 2).n_parameters, "hidden parameters"
    network.set_masks(hidden)
    assert np.array_equal(network.output_mask, mask), "it stays as it is"
    network.initialise(7)
    weight = network.output.weight.detach().numpy()
    assert not weight[~mask].any() and weight[mask].all()
    twin = network.copy()
    assert same(network, twin) and np.array_equal(twin.output_mask, mask)
    twin.set_masks([*hidden, np.ones_like(mask)])
    assert np.array_equal(network.output_mask, mask)
    x = torch.rand(5, 6)
    assert torch.equal(network(x), network.copy()(x))


def test_a_mask_that_does_not_fit_the_output_layer_changes_nothing():
    network = lenet(SMALL, 2)
    masks = [np.zeros((6, 6), dtype=bool), np.ones((2, 6), dtype=bool)]
    with pytest.raises(MBHError, match=r"\(2, 3\) on a layer of shape"):
        network.set_masks([*masks, np.ones((2, 3))])
    with pytest.raises(MBHError, match="4 masks were given for 2 hidden layers"):
        network.set_masks([*masks, np.ones((network.n_classes, 2)), np.ones((1, 1))])
    assert same(network, lenet(SMALL, 2)) and type(network.output) is torch.nn.Linear


def test_a_network_with_a_pruned_output_layer_is_read_as_it_computes():
    network = lenet(SMALL, 2)
    mask = np.eye(network.n_classes, 2, dtype=bool)
    network.set_masks([*network.masks, mask])
    reading = read_network(network)
    assert np.array_equal(reading.output.weight != 0, mask)
    expected = network.output.weight.detach().double().numpy()
    assert np.array_equal(reading.output.weight, expected)


def test_masks_that_were_read_do_not_change_with_the_network():
    network = lenet(SMALL, 2)
    before = network.masks
    network.set_masks([np.eye(6), np.ones((2, 6))])
    assert before[0].all() and network.masks[0].sum() == 6
    network.masks[0][:] = True
    assert network.n_parameters == 8 + 6 + 12


def test_a_copy_is_equal_and_independent():
    network = lenet(SMALL, 4, parameters=40)
    twin = network.copy()
    assert same(network, twin) and twin.n_parameters == 40
    with torch.no_grad():
        twin.output.weight.add_(1)
    assert not same(network, twin)


def test_repr_names_sizes_and_parameters():
    assert (
        repr(lenet(SMALL, 4, parameters=40))
        == "Network(6-12-4-3, 40 hidden parameters, density 0.2000)"
    )


# ---- winning tickets


def test_a_winning_ticket_has_initial_weights_under_the_mask_of_the_largest_trained_ones():
    initial = lenet(SMALL, 4, seed=1)
    trained = lenet(SMALL, 4, seed=9)  # stands for the same network after training
    ticket = winning_ticket(trained, initial, 60)
    assert ticket.n_parameters == 60
    expected = pruning.magnitude_masks(
        [m.weight.detach().numpy() for m in trained.hidden_layers], 60
    )
    for layer, start, mask in zip(
        ticket.hidden_layers, initial.hidden_layers, expected, strict=True
    ):
        assert (layer.mask.numpy() == mask).all()
        assert torch.equal(layer.weight, start.weight * torch.tensor(mask))
        assert torch.equal(layer.bias, start.bias)
    assert torch.equal(ticket.output.weight, initial.output.weight)
    assert initial.density == 1, "the initial network stays as it is"


# ---- hidden_layers


def test_hidden_layers_of_a_network_are_those_under_its_masks():
    network = lenet(SMALL, 4, parameters=40)
    with torch.no_grad():
        network.hidden_layers[0].weight.fill_(1.0)  # as an optimiser of someone's own could do
    (w, b), (v, c) = hidden_layers(network)
    assert [x.shape for x in (w, b, v, c)] == [(12, 6), (12,), (4, 12), (4,)]
    assert {x.dtype for x in (w, b, v, c)} == {np.dtype(np.float64)}
    assert (w == network.masks[0]).all()


def test_a_sequential_gives_all_layers_but_its_last_unless_told_otherwise():
    network = relu_network(6, 5, 4, 3)
    layers = hidden_layers(network)
    assert [w.shape for w, _ in layers] == [(5, 6), (4, 5)]
    assert np.array_equal(layers[1][0], network[2].weight.detach().double().numpy())
    assert [w.shape for w, _ in hidden_layers(network, output_layer=False)] == [
        (5, 6),
        (4, 5),
        (3, 4),
    ]


def test_flatten_identity_and_dropout_are_passed_over_and_a_missing_bias_is_zero():
    network = nn.Sequential(
        nn.Flatten(),
        nn.Linear(6, 5, bias=False),
        nn.Identity(),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(5, 2),
    ).eval()
    ((w, b),) = hidden_layers(network)
    assert w.shape == (5, 6) and (b == 0).all() and b.shape == (5,)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_float_type_becomes_float64_without_loss(dtype):
    network = relu_network(3, 4, 2).to(dtype)
    ((w, _),) = hidden_layers(network)
    assert w.dtype == np.float64 and torch.equal(torch.tensor(w).to(dtype), network[0].weight)


def test_a_list_of_arrays_is_taken_as_the_hidden_layers():
    given = [
        ([[1, 2], [3, 4], [5, 6]], [0, 1, 2]),
        (np.ones((2, 3), dtype=np.float32), torch.zeros(2)),
    ]
    layers = hidden_layers(given)
    assert [(w.shape, b.shape) for w, b in layers] == [((3, 2), (3,)), ((2, 3), (2,))]
    assert all(x.dtype == np.float64 and x.flags.c_contiguous for pair in layers for x in pair)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Linear(2, 2)),
            r"Conv2d: trace it first.*input_shape",
        ),
        (
            nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)),
            r"^1 is a Tanh: it is not understood",
        ),
        (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "no hidden layer"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.BatchNorm1d(2), nn.Linear(2, 2)),
            r"2 is a BatchNorm1d.*eval",
        ),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(2, 2), nn.Sigmoid()),
            r"^2 is a Sigmoid: it is not understood",
        ),
        (nn.Linear(2, 2), "no hidden layer"),
        (None, r"^NoneType is not understood"),
        ("lenet", r"^str is not understood"),
        ([], "no hidden layer"),
        (nn.Sequential(), "no hidden layer"),
        (nn.Sequential(nn.Linear(2, 2)), "no hidden layer.*output_layer=False"),
        (
            [(np.ones((3, 2)), np.ones(3)), (np.ones((2, 4)), np.ones(2))],
            "layer 1 takes 4 inputs, but layer 0 has 3",
        ),
        (
            relu_network(2, 3, 2)[:2]
            .append(nn.Linear(4, 2))
            .append(nn.ReLU())
            .append(nn.Linear(2, 2)),
            "takes 4 inputs",
        ),
        ([(np.ones((3, 2)), np.ones(2))], r"layer 0: weight \(3, 2\) and bias \(2,\)"),
        ([(np.ones(3), np.ones(3))], r"layer 0: weight \(3,\)"),
        ([(np.ones((0, 3)), np.ones(0))], r"layer 0: weight \(0, 3\)"),
        ([(np.ones((3, 0)), np.ones(3))], r"layer 0: weight \(3, 0\)"),
        ([np.ones((3, 2))], "layer 0: expected a pair"),
        ([(np.ones((3, 2)),)], "layer 0: expected a pair"),
        ([(np.ones((3, 2)), np.ones(3), 3)], "number of linear units, 0 to 2, not 3"),
        ([(np.ones((3, 2)), np.ones(3), 1, 1)], "number of linear units, 0 to 2, not 1, 1"),
        ([("a", "b")], "layer 0: expected a pair"),
        ([([[1, 2], [3]], [0, 0])], "layer 0: expected a pair"),
        ([7], "layer 0: expected a pair"),
    ],
)
def test_what_is_not_understood_is_named(network, said):
    with pytest.raises(MBHError, match=said):
        hidden_layers(network)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["network", "sequential", "arrays"])
def test_nan_and_infinite_weights_are_refused_with_their_place(kind, value):
    network = {"network": lenet(SMALL, 4), "sequential": relu_network(6, 12, 4, 3)}.get(kind)
    if kind == "arrays":
        network = [(np.ones((12, 6)), np.ones(12)), (np.ones((4, 12)), np.ones(4))]
        network[1][0][2, 7] = value
    else:
        with torch.no_grad():
            (network.hidden_layers[1] if kind == "network" else network[2]).weight[2, 7] = value
    with pytest.raises(MBHError, match=rf"hidden layer 1: weight\[2, 7\] is {value}"):
        hidden_layers(network)


def test_an_infinite_bias_is_refused():
    with pytest.raises(MBHError, match=r"hidden layer 0: bias\[1\] is inf"):
        hidden_layers([(np.ones((2, 2)), [0, np.inf])])


def test_a_masked_nan_weight_is_refused_too():
    network = lenet(SMALL, 4, parameters=40)
    row, column = np.argwhere(~network.masks[0])[0]
    with torch.no_grad():
        network.hidden_layers[0].weight[row, column] = np.nan
    with pytest.raises(MBHError, match="is nan"):
        hidden_layers(network)
