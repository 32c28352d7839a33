"""Training of stacks against plain torch, against each network alone, and its promises: masks, seeds, checkpoints."""

import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mbh_utils import from_arrays
from mbh_utils.computing.seeds import stream
from mbh_utils.datasets import Samples
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network, feed_forward
from mbh_utils.training import kernel
from mbh_utils.training.train import (
    STATE,
    Recipe,
    State,
    _Batched,
    _flat,
    _Listed,
    _one_thread,
    _Order,
    accuracy,
    train,
    train_stack,
)  # fmt: skip


def clusters(n: int = 150, seed: int = 0):
    """Three classes in 8 inputs that a small network learns."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 2 * n)
    images = np.clip(0.25 * labels[:, None] + rng.normal(0.2, 0.12, (2 * n, 8)), 0, 1).astype(
        np.float32
    )
    return from_arrays(images[:n], labels[:n], images[n:], labels[n:], name="clusters")


DATA = clusters()


def small(seed: int = 0, parameters: int | None = None, hidden=(7, 5)) -> Network:
    return feed_forward(DATA, hidden, parameters=parameters, seed=seed, bias_std=0.1)


def same(a: Network, b: Network) -> bool:
    return all(
        torch.equal(p, q)
        for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def plain(network: Network) -> nn.Sequential:
    """The same network as plain torch layers."""
    layers = []
    for layer in network.linears:
        twin = nn.Linear(layer.in_features, layer.out_features, dtype=layer.weight.dtype)
        twin.load_state_dict({"weight": layer.weight, "bias": layer.bias})
        layers += [twin, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train_plainly(
    network: Network, data, iterations: int, seed: int, batch_size: int = 60
) -> nn.Sequential:
    """The oracle: torch.optim.Adam on a plain Sequential, gradients of masked weights set to zero."""
    model, rng, batches = plain(network), stream(seed, "batches"), []
    optimiser = torch.optim.Adam(model.parameters(), lr=1.2e-3)
    images, labels = torch.tensor(data.train.images), torch.tensor(data.train.labels)
    for _ in range(iterations):
        if not batches:
            order = rng.permutation(len(images))
            batches = [
                order[i : i + batch_size] for i in range(0, len(order) - batch_size + 1, batch_size)
            ]
        batch = batches.pop(0)
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        for layer, mask in zip(model[::2], network.masks, strict=False):
            layer.weight.grad[torch.tensor(~mask)] = 0
        optimiser.step()
    return model


def largest_difference(network: Network, model: nn.Sequential) -> float:
    pairs = zip(network.linears, model[::2], strict=True)
    gaps = [getattr(a, k) - getattr(b, k) for a, b in pairs for k in ("weight", "bias")]
    return max(float(gap.detach().abs().max()) for gap in gaps)


def engine(kind, members, data=DATA, batch_size: int = 60, iteration: int = 0):
    start = [State(iteration, {})] * len(members)
    return kind(
        members, start, data, Recipe(10, batch_size), [0] * len(members), torch.device("cpu")
    )


def sized(n: int, d: int, classes: int = 3, seed: int = 0):
    rng = np.random.default_rng(seed)
    images, labels = rng.random((n, d), dtype=np.float32), np.arange(n) % classes
    return from_arrays(images, labels, images[:classes], labels[:classes], name="sized")


# ------------------------------------------------------------------------------ against independent oracles


@pytest.mark.parametrize("hidden", [(6,), (7, 5), (6, 3, 4, 2)])
@pytest.mark.parametrize("shared", [True, False], ids=["one order", "an order each"])
def test_gradients_of_a_batch_of_networks_are_those_of_automatic_differentiation(hidden, shared):
    rng = np.random.default_rng(0)
    budgets = [None, 2 * sum(hidden), 2 * sum(hidden) + 9]
    members = [small(seed, parameters, hidden) for seed, parameters in enumerate(budgets)]
    x = torch.tensor(rng.standard_normal((1 if shared else 3, 11, 8)), dtype=torch.float32).expand(
        3, -1, -1
    )
    y = torch.tensor(rng.integers(0, 3, (1 if shared else 3, 11))).expand(3, -1)
    stack = engine(_Batched, members)
    before = stack.values.clone()
    stack.backpropagate(x, y)
    assert torch.equal(stack.values, before)
    for i, network in enumerate(members):
        expected = [g for pair in gradients(network, x[i], y[i]) for g in pair]
        found = [
            g
            for w, b in zip(stack.weight_gradients, stack.bias_gradients, strict=True)
            for g in (w[i].T, b[i, 0])
        ]
        for f, e in zip(found, expected, strict=True):
            assert torch.allclose(f, e, rtol=0, atol=1e-6) and not f[e == 0].any()


def gradients(network: Network, x, y) -> list[tuple]:
    """Of the mean cross entropy by each layer's weights (zero where they are pruned) and biases, by torch."""
    model = plain(network)
    nn.functional.cross_entropy(model(x), y).backward()
    pairs = zip(model[::2], network.linears, strict=True)
    return [
        (m.weight.grad * getattr(n, "mask", torch.ones_like(m.weight)), m.bias.grad)
        for m, n in pairs
    ]


@settings(max_examples=60, deadline=None)
@given(
    n_inputs=st.integers(1, 40),
    hidden=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    density=st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0]),
    batch=st.sampled_from([1, 7, 16, 60, 64, 65, 150]),
    seed=st.integers(0, 100),
)
def test_gradients_of_the_compiled_kernel_are_those_of_automatic_differentiation(
    n_inputs, hidden, density, batch, seed
):
    data = sized(150, n_inputs, seed=seed)
    least = sum(hidden) + sum(min(1, n_inputs) * n for n in hidden)
    dense = feed_forward(data, hidden).n_parameters
    sizes = {round(least + share * (dense - least)) for share in (density, 1.0, 0.2)}
    members = [
        feed_forward(data, hidden, parameters=p, seed=seed, bias_std=0.1) for p in sorted(sizes)
    ]
    listed = engine(_Listed, members, data, batch)
    chosen = listed.order.take(1)
    kernel.descend(
        listed.stack, data.train.images, data.train.labels, chosen, 0, 0.0, *listed.scratch
    )  # at rate 0 the gradient stays to be seen and the parameters do too
    x, y = (torch.tensor(a[chosen[0]]) for a in (data.train.images, data.train.labels))
    for network, (positions, dense_positions, size) in zip(members, listed.places, strict=True):
        found = np.zeros(size, np.float32)
        found[dense_positions] = listed.stack.gradient[positions]
        expected = torch.cat(
            [g.flatten() for pair in gradients(network, x, y) for g in pair]
        ).numpy()
        assert np.allclose(found, expected, rtol=1e-4, atol=2e-6)
        assert not found[expected == 0].any() or np.abs(found[expected == 0]).max() < 1e-9
        assert (_flat(network)[dense_positions] == listed.stack.values[positions]).all()


@pytest.mark.parametrize("kind", [_Listed, _Batched])
def test_states_and_networks_come_back_as_they_went_in(kind):
    members = [small(0), small(1, 60), small(2, 24)]
    running = engine(kind, members)
    rng = np.random.default_rng(0)
    for state, network in zip(running.states(3), members, strict=True):
        assert state.iteration == 3 and (state.arrays["values"] == _flat(network)).all()
        assert not state.arrays["mean"].any() and not state.arrays["square"].any()
    live = [
        np.concatenate([np.r_[m.ravel(), np.ones(len(m))] for m in (*n.masks, np.ones((3, 5)))])
        for n in members
    ]
    drawn = [
        State(1, {name: (rng.random(len(alive)) * alive).astype(np.float32) for name in STATE})
        for alive in live
    ]
    running = kind(members, drawn, DATA, Recipe(10), [0] * 3, torch.device("cpu"))
    for before, after in zip(drawn, running.states(1), strict=True):
        assert all((before.arrays[name] == after.arrays[name]).all() for name in STATE)
    running.write_back(members)
    assert all((_flat(n) == s.arrays["values"]).all() for n, s in zip(members, drawn, strict=True))


@pytest.mark.parametrize("parameters", [None, 60, 24])
def test_training_is_that_of_plain_torch_with_adam(parameters):
    network = small(3, parameters)
    expected = train_plainly(network, DATA, 250, seed=5)
    moved = largest_difference(network, expected)
    train(network, DATA, iterations=250, seed=5)
    assert moved > 0.05, "the oracle must have learned something"
    assert largest_difference(network, expected) < 1e-4 * moved


def test_final_accuracies_are_those_of_plain_torch():
    """Trajectories part sooner or later by rounding; what the networks learn does not."""
    cases = [(seed, parameters) for seed in range(4) for parameters in (None, 40)]
    stack = [small(seed, parameters) for seed, parameters in cases]
    found = [
        h.accuracy[1500]
        for h in train_stack(stack, DATA, Recipe(1500), seeds=[seed for seed, _ in cases])
    ]
    plainly = [
        accuracy(train_plainly(small(s, p), DATA, 1500, seed=s), DATA.validation) for s, p in cases
    ]
    assert abs(np.mean(found) - np.mean(plainly)) < 0.01 and np.mean(found) > 0.8


def test_scratch_starts_on_a_cache_line():
    for units, samples in ((1, 1), (7, 64), (33, 65)):
        rows = kernel.scratch(units, samples)
        assert (
            rows.ctypes.data % 64 == 0
            and not rows.any()
            and rows.shape == (units, -(-samples // 64) * 64)
        )


def test_a_stack_equals_each_network_alone():
    # Different densities and different seeds at once, then only one order of minibatches for all.
    cases = [(seed, parameters) for seed in (0, 1) for parameters in (None, 70, 30)]
    for chosen in (cases, cases[:3]):
        stack = [small(seed, parameters) for seed, parameters in chosen]
        train_stack(stack, DATA, Recipe(400), seeds=[seed for seed, _ in chosen])
        for network, (seed, parameters) in zip(stack, chosen, strict=True):
            alone = small(seed, parameters)
            train(alone, DATA, iterations=400, seed=seed)
            assert same(network, alone), (
                "down to the last bit: an interrupted stack goes on as a smaller one"
            )


@pytest.mark.parametrize("hidden", [(3,), (5, 2), (33, 9)])
def test_what_shares_the_stack_changes_no_bit_for_odd_sizes(hidden):
    least = 2 * sum(hidden)
    alone, first, last = (small(0, least + 3, hidden) for _ in range(3))
    train(alone, DATA, iterations=60)
    others = [small(s, least + s, hidden) for s in range(3)]
    train_stack([first, *others, last], DATA, Recipe(60), seeds=[0, 0, 1, 2, 0])
    assert same(alone, first) and same(alone, last)


def test_it_learns():
    network = small()
    history = train(network, DATA, iterations=600, seed=0)
    assert history.accuracy[600] > 0.85 > 0.5 > accuracy(small(), DATA.validation)


# ---------------------------------------------------------------------------------------------- promises


def test_masked_weights_stay_exactly_zero_through_the_whole_run():
    network = small(1, 40)
    every = list(range(0, 300, 7))
    history = train(network, DATA, iterations=300, seed=1, checkpoints=every)
    assert len(history.networks) == len(every) + 1
    for seen in (*history.networks.values(), network):
        assert seen.n_parameters == 40
        for layer, mask in zip(seen.hidden_layers, small(1, 40).masks, strict=True):
            assert (layer.mask.numpy() == mask).all()
            assert (layer.weight.detach().numpy()[~mask] == 0).all()
            assert (layer.weight.detach().numpy()[mask] != 0).all()


def test_equal_seeds_give_the_same_network_and_others_another():
    trained = []
    for order in (4, 4, 5):
        trained.append(small(2, 60))
        train(trained[-1], DATA, iterations=50, seed=order)
    assert same(trained[0], trained[1]) and not same(trained[0], trained[2])


def test_training_does_not_depend_on_torch_s_own_random_numbers():
    networks = [small(2, 60), small(2, 60)]
    for i, network in enumerate(networks):
        torch.manual_seed(i)
        train(network, DATA, iterations=20)
    assert same(*networks)


def test_checkpoints_are_what_a_shorter_training_gives():
    network = small(0, 60)
    start = network.copy()
    history = train(network, DATA, iterations=90, seed=3, checkpoints=[0, 10, 90])
    assert list(history.accuracy) == list(history.networks) == [0, 10, 90]
    assert same(history.networks[0], start) and same(history.networks[90], network)
    shorter = small(0, 60)
    assert list(train(shorter, DATA, iterations=10, seed=3).accuracy) == [10]
    assert same(history.networks[10], shorter)
    for iteration, seen in history.networks.items():
        assert history.accuracy[iteration] == accuracy(seen, DATA.validation)


def test_checkpointed_copies_are_independent_of_the_network():
    network = small()
    history = train(network, DATA, iterations=3)
    with torch.no_grad():
        network.output.bias.add_(1)
    assert not same(history.networks[3], network)


def test_no_iteration_leaves_the_network_as_it_was():
    network = small(0, 60)
    history = train(network, DATA, iterations=0)
    assert same(network, small(0, 60)) and list(history.accuracy) == [0]


def test_training_takes_the_samples_as_they_are_without_warnings(recwarn):
    images = DATA.train.images.copy()
    train(small(), DATA, iterations=5)
    assert not recwarn.list and (DATA.train.images == images).all()


# --------------------------------------------------------------------------------------- going on from a state


def test_training_goes_on_from_any_snapshot_as_if_it_had_not_been_interrupted():
    cases = [(0, None), (0, 40), (1, 60), (1, 24)]
    whole, taken = [small(seed, parameters) for seed, parameters in cases], []
    seeds = [seed for seed, _ in cases]
    histories = train_stack(
        whole,
        DATA,
        Recipe(90),
        seeds=seeds,
        checkpoints=[0, 30, 70],
        snapshot=taken.append,
        every=0,
    )
    assert len(taken) > 8 and {s.iteration for states in taken for s in states} >= {0, 30, 70, 90}
    for states in (taken[0], taken[3], taken[-2], [taken[1][0], None, taken[-2][2], taken[4][3]]):
        members, kept = [small(seed, parameters) for seed, parameters in cases], []
        again = train_stack(
            members, DATA, Recipe(90), seeds=seeds, checkpoints=[0, 30, 70], states=states,
            keep=lambda *seen, kept=kept: kept.append(seen),
        )  # fmt: skip
        for i, (member, expected) in enumerate(zip(members, whole, strict=True)):
            assert same(member, expected)
            assert again[i].accuracy == histories[i].accuracy and not again[i].networks
        started = [state.iteration if state else -1 for state in states]
        assert all(iteration > started[i] or iteration in (0, 90) for i, iteration, _ in kept)
        for i, iteration, network in kept:
            assert same(network, histories[i].networks[iteration])


def test_states_fit_either_engine(monkeypatch):
    states = []
    train_stack(
        [small(1, 40)], DATA, Recipe(50), seeds=[0], snapshot=lambda s: states.append(s[0]), every=0
    )
    middle = next(s for s in states if 0 < s.iteration < 50)
    network, order = small(1, 40), _Order(len(DATA.train), 60, 0, middle.iteration)
    other = _Batched([network], [middle], DATA, Recipe(50), [0], torch.device("cpu"))
    assert (next(iter(other.orders.values())).take(3) == order.take(3)).all()
    other = _Batched([network], [middle], DATA, Recipe(50), [0], torch.device("cpu"))
    other.advance(middle.iteration, 50 - middle.iteration)
    other.write_back([network])
    expected = small(1, 40)
    train(expected, DATA, iterations=50, seed=0)
    moved = largest_difference(expected, plain(small(1, 40)))
    assert largest_difference(network, plain(expected)) < 1e-4 * moved


def test_states_that_do_not_belong_to_the_networks_are_refused():
    states = []
    train_stack(
        [small(1, 40)], DATA, Recipe(50), seeds=[0], snapshot=lambda s: states.extend(s), every=0
    )
    for members, recipe in (([small(hidden=(5, 7))], Recipe(50)), ([small(1, 40)], Recipe(40))):
        with pytest.raises(MBHError, match="a state at iteration 50 .* does not belong to Network"):
            train_stack(members, DATA, recipe, seeds=[0], states=states[-1:])
    with pytest.raises(MBHError, match="one state per network is needed, got 2 for 1"):
        train_stack([small()], DATA, Recipe(5), seeds=[0], states=[None, None])


def test_the_way_a_thread_computes_is_left_as_it_was():
    torch.set_flush_denormal(False)
    before = torch.get_num_threads(), torch.tensor([1e-40]) * 1
    with _one_thread():
        assert torch.get_num_threads() == 1 and not (torch.tensor([1e-40]) * 1).any()
    assert (torch.get_num_threads(), torch.tensor([1e-40]) * 1) == before and before[1].any()


# ------------------------------------------------------------------------------------------- minibatches


def test_an_epoch_shows_every_sample_at_most_once_and_leaves_the_rest_out():
    order = _Order(100, 30, seed=0)
    epochs = [order.take(3) for _ in range(40)]
    assert all(e.shape == (3, 30) and len(np.unique(e)) == 90 for e in epochs)
    assert len({tuple(e.flatten()) for e in epochs}) == 40
    assert len(np.unique(np.concatenate(epochs))) == 100, "what one epoch leaves out others show"


@pytest.mark.parametrize("taken", [0, 1, 3, 4, 17])
def test_an_order_goes_on_where_it_was_left(taken):
    whole, order = _Order(100, 30, seed=3).take(30), _Order(100, 30, 3, taken)
    assert (
        np.concatenate([order.take(n) for n in (1, 5, 0, 7)]) == whole[taken : taken + 13]
    ).all()


def test_a_batch_larger_than_the_data_is_all_of_it():
    assert [sorted(batch) for batch in _Order(5, 60, seed=0).take(3).tolist()] == 3 * [
        [0, 1, 2, 3, 4]
    ]
    train(small(), clusters(5), iterations=4)


# ---------------------------------------------------------------------------------------------- accuracy


def test_accuracy_counts_hits_over_several_blocks():
    class Largest(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return x

    images = np.random.default_rng(0).random((20_001, 3), dtype=np.float32)
    labels = images.argmax(axis=1)
    labels[:5_000] = (labels[:5_000] + 1) % 3
    validation = from_arrays(images[:1], labels[:1], images, labels, classes="abc").validation
    assert accuracy(Largest(), validation) == 15_001 / 20_001


class Counting(nn.Module):
    """A module that writes into its buffer, and replaces another one, whenever it is called."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        self.seen = self.seen + len(x)
        return x + torch.rand(1)  # chance, as functional.dropout brings it whatever the mode is


def normed() -> nn.Sequential:
    """A network whose modes differ, trained for a moment, one of its modules in eval mode."""
    torch.manual_seed(0)
    layers = [
        nn.Linear(8, 9),
        nn.BatchNorm1d(9),
        Counting(),
        nn.ReLU(),
        nn.Dropout(0.8),
        nn.Linear(9, 3),
    ]
    network = nn.Sequential(*layers)
    nn.functional.cross_entropy(
        network(torch.tensor(DATA.train.images)), torch.tensor(DATA.train.labels)
    ).backward()
    network[3].eval()
    return network


def trace_of(network: nn.Module) -> list:
    """Everything that looking at a network must leave as it is."""
    modes = [m.training for m in network.modules()]
    tensors = [
        x.clone() for x in (*network.state_dict().values(), *(p.grad for p in network.parameters()))
    ]
    return [modes, *tensors, torch.get_rng_state(), *map(id, network.buffers())]


def alike(before: list, after: list) -> bool:
    pairs = zip(before, after, strict=True)
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


def test_accuracy_is_that_of_eval_mode_and_leaves_no_trace():
    network, x = normed(), torch.tensor(DATA.validation.images)
    network[2] = nn.Identity()  # else chance would decide
    before = trace_of(network)
    found = [accuracy(network, DATA.validation) for _ in range(2)]
    assert alike(before, trace_of(network))
    right = network.eval()(x).argmax(dim=1).numpy() == DATA.validation.labels
    assert found == [pytest.approx(right.mean())] * 2


def test_accuracy_restores_buffers_and_the_random_state():
    network = normed()
    before = trace_of(network)
    accuracy(network, DATA.validation)
    assert alike(before, trace_of(network)) and network[2].calls == 1


def test_accuracy_leaves_no_trace_when_the_network_fails():
    network = normed()
    network[5] = nn.Linear(7, 3)
    network[5].weight.grad, network[5].bias.grad = torch.zeros(3, 7), torch.zeros(3)
    before = trace_of(network)
    with pytest.raises(MBHError, match="does not take images of shape"):
        accuracy(network, DATA.validation)
    assert alike(before, trace_of(network))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_accuracy_of_networks_of_any_float_type(dtype):
    network = plain(small())
    right = accuracy(network, DATA.validation)
    assert accuracy(network.to(dtype), DATA.validation) == pytest.approx(right, abs=0.03)
    if dtype == torch.float64:
        assert accuracy(small().double(), DATA.validation) == pytest.approx(right, abs=0.01)


def test_accuracy_of_a_network_without_parameters():
    images = np.eye(3)[[0, 1, 2, 0]]
    validation = Samples(images, [0, 1, 2, 1])
    assert accuracy(nn.Softmax(dim=1), validation) == 0.75


def test_a_label_that_no_output_stands_for_is_named():
    with pytest.raises(MBHError, match="the label 2, but the network has 2 outputs"):
        accuracy(nn.Linear(8, 2), DATA.validation)


def test_accuracy_of_no_sample_is_refused():
    with pytest.raises(MBHError, match="at least one sample"):
        accuracy(small(), DATA.validation.take([]))


def logits_with(forward, **kept) -> nn.Module:
    """A module of a forward (module, x) and of what it keeps as attributes."""
    module = nn.Module()
    for name, x in kept.items():
        setattr(module, name, x)
    module.forward = forward.__get__(module)
    return module


@pytest.mark.parametrize("training", [True, False])
def test_accuracy_between_forward_and_backward_leaves_the_gradients_alone(training):
    network = nn.Sequential(nn.Linear(8, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3)).train(
        training
    )
    images, labels = torch.tensor(DATA.train.images), torch.tensor(DATA.train.labels)
    loss = nn.functional.cross_entropy(network(images), labels)
    right = torch.autograd.grad(loss, network.parameters(), retain_graph=True)
    accuracy(network, DATA.validation)
    loss.backward()
    assert all(torch.equal(p.grad, g) for p, g in zip(network.parameters(), right, strict=True))


def test_accuracy_undoes_what_a_forward_writes_to_its_tensors():
    def forward(self, x):
        self.u.data += 1
        self.plain += 1
        self.v = nn.Parameter(self.v + 1)
        self.register_buffer("late", torch.zeros(1))
        return self.layer(x) * self.u + self.plain + self.v

    kept = {name: nn.Parameter(torch.tensor([2.0, torch.nan])[:1]) for name in "uv"}
    network = logits_with(forward, **kept, plain=torch.zeros(1), layer=nn.Linear(8, 3))
    tensors = network.u, network.v, network.plain
    versions = [x._version for x in tensors]
    accuracy(network, DATA.validation)
    after = network.u, network.v, network.plain
    assert [x.item() for x in after] == [2, 2, 0] and all(
        a is b for a, b in zip(tensors, after, strict=True)
    )
    assert [x._version for x in after] == versions and not dict(network.named_buffers())


@pytest.mark.parametrize(
    "buffer", [torch.ones(1).expand(3), torch.full((1,), torch.nan).expand(3)], ids=["1", "nan"]
)
def test_accuracy_with_an_expanded_buffer(buffer):
    network = nn.Sequential(nn.Linear(8, 3))
    right = accuracy(network, DATA.validation)
    network.register_buffer("scale", buffer)
    assert accuracy(network, DATA.validation) == right and network.scale is buffer


def test_accuracy_of_a_network_made_in_inference_mode():
    with torch.inference_mode():
        network = nn.Sequential(nn.Linear(8, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3))
        right = (
            network.eval()(torch.tensor(DATA.validation.images)).argmax(1).numpy()
            == DATA.validation.labels
        )
    before = [x.clone() for x in network.state_dict().values()]
    assert accuracy(network.train(), DATA.validation) == right.mean() and network.training
    assert alike(before, list(network.state_dict().values()))


def test_accuracy_uses_up_no_random_numbers():
    def forward(self, x):
        chance = [random.random(), np.random.rand(), self.numpy.random(), self.python[0].random()]
        return self.layer(x) + sum(chance) + torch.rand(1) + torch.rand(1, generator=self.torch)

    def states() -> list:
        of_numpy = str(np.random.get_state()), str(network.numpy.bit_generator.state)
        of_python = random.getstate(), network.python[0].getstate()
        return [*of_numpy, *of_python, torch.get_rng_state(), network.torch.get_state()]

    kept = {
        "numpy": np.random.default_rng(0),
        "python": [random.Random(0)],
        "torch": torch.Generator(),
    }
    network = logits_with(forward, **kept, layer=nn.Linear(8, 3))
    before = states()
    accuracy(network, DATA.validation)
    assert alike(before, states())


HOLDERS = {
    "a list": lambda norm: logits_with(lambda self, x: self.kept[0](x), kept=[norm]),
    "a dict in a tuple": lambda norm: logits_with(
        lambda self, x: self.kept[0]["n"](x), kept=({"n": norm},)
    ),
    "an object": lambda norm: logits_with(
        lambda self, x: self.kept.norm(x), kept=SimpleNamespace(norm=norm)
    ),
    "a closure": lambda norm: logits_with(lambda self, x: norm(x)),
}


def hooked(norm: nn.Module) -> nn.Module:
    network = nn.Identity()
    network.register_forward_hook(lambda module, args, output: norm(output))
    return network


@pytest.mark.parametrize("hold", [*HOLDERS.values(), hooked], ids=[*HOLDERS, "a hook"])
def test_accuracy_puts_modules_that_are_not_registered_in_eval_mode(hold):
    norm = nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 3)).double()
    norm(torch.rand(20, 8, dtype=torch.float64))
    before = [x.clone() for x in norm.state_dict().values()]
    found = accuracy(hold(norm), DATA.validation)
    assert norm.training and norm[0].training and alike(before, list(norm.state_dict().values()))
    assert found == accuracy(norm, DATA.validation)


def test_accuracy_puts_a_module_that_is_a_global_in_eval_mode(monkeypatch):
    monkeypatch.setitem(globals(), "NORM", nn.BatchNorm1d(8))
    network = nn.Sequential(nn.Linear(8, 3))
    network.register_forward_pre_hook(lambda module, args: NORM(*args))  # noqa: F821
    accuracy(network, DATA.validation)
    assert NORM.training and NORM.num_batches_tracked == 0  # noqa: F821


@pytest.mark.parametrize(
    "hold", [lambda w: w, lambda w: [w], lambda w: {"w": (w,)}], ids=["plain", "list", "dict"]
)
def test_accuracy_of_float64_weights_that_are_not_registered(hold):
    def forward(self, x):
        kept = self.kept
        while not isinstance(kept, torch.Tensor):
            kept = kept["w"] if isinstance(kept, dict) else kept[0]
        return x @ kept

    weights = torch.rand(8, 3, dtype=torch.float64)
    right = (DATA.validation.images @ weights.numpy()).argmax(1) == DATA.validation.labels
    assert accuracy(logits_with(forward, kept=hold(weights)), DATA.validation) == right.mean()


# ------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    "settings",
    [
        {"iterations": -1}, {"iterations": 5e4}, {"iterations": 2.5}, {"iterations": float("nan")}, {"batch_size": 0},
        {"batch_size": 1.5}, {"learning_rate": 0}, {"learning_rate": -1.0}, {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
    ],
    ids=str,
)  # fmt: skip
def test_a_recipe_that_makes_no_sense_is_refused(settings):
    (name,) = settings
    with pytest.raises(MBHError, match=f"{name} is .*expected a"):
        Recipe(**settings)
    with pytest.raises(MBHError):
        train(small(), DATA, **settings)


@pytest.mark.parametrize("checkpoints", [[-1], [11], [2.5], [3, float("nan")]])
def test_checkpoints_that_are_never_reached_are_refused(checkpoints):
    with pytest.raises(MBHError, match=r"checkpoints .* whole numbers in 0\.\.10"):
        train(small(), DATA, iterations=10, checkpoints=checkpoints)


def test_checkpoints_may_come_from_numpy():
    history = train(small(), DATA, iterations=10, checkpoints=np.array([0.0, 5.0]))
    assert list(history.accuracy) == [0, 5, 10]


def test_stacks_that_do_not_fit_together_are_refused():
    with pytest.raises(MBHError, match="one seed per network.*2 networks and 1 seeds"):
        train_stack([small(), small()], DATA, seeds=[0])
    with pytest.raises(MBHError, match="got 0 networks"):
        train_stack([], DATA, seeds=[])
    with pytest.raises(MBHError, match="one architecture"):
        train_stack([small(), small(hidden=(5, 7))], DATA, seeds=[0, 0])


@pytest.mark.parametrize("network", [Network(9, (3,), 3), Network(8, (3,), 4)])
def test_a_network_that_does_not_fit_the_data_is_refused(network):
    with pytest.raises(MBHError, match="clusters has 8 and 3"):
        train(network, DATA, iterations=1)


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_images_that_are_not_finite_are_refused(part, value):
    images = DATA.train.images.copy()
    images[3, 2] = value
    broken = SimpleNamespace(
        **{k: getattr(DATA, k) for k in ("name", "n_inputs", "n_classes", "train", "validation")}
    )
    setattr(broken, part, SimpleNamespace(images=images, labels=DATA.train.labels))
    with pytest.raises(
        MBHError, match=f"{'training' if part == 'train' else part} images of clusters contain NaN"
    ):
        train(small(), broken, iterations=1)


@pytest.mark.parametrize("part", ["train", "validation"])
@pytest.mark.parametrize("label", [-1, 3])
def test_labels_that_do_not_fit_are_refused(part, label):
    samples = getattr(DATA, part)
    labels = samples.labels.copy()
    labels[4] = label
    broken = replace(DATA, **{part: Samples(samples.images, labels)})
    with pytest.raises(MBHError, match=r"labels of clusters must lie in 0\.\.2"):
        train(small(), broken, iterations=1)


def hooked() -> Network:
    network = small()
    network.output.register_forward_hook(lambda module, given, found: 2 * found)
    return network


def frozen() -> Network:
    network = small()
    network.hidden_layers[0].weight.requires_grad_(False)
    return network


def with_another_layer() -> Network:
    network = small()
    network.hidden_layers[0] = nn.Linear(8, 7)
    return network


def replaced() -> Network:
    network = small()
    network.forward = lambda x: x
    return network


def weight_normed() -> Network:
    network = small()
    nn.utils.parametrizations.weight_norm(network.output)
    return network


class Doubled(Network):
    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (hooked, "hooks"), (with_another_layer, "layers"), (replaced, "forward"), (weight_normed, "parametrisations"),
        (lambda: Doubled(8, (7, 5), 3), "forward"), (frozen, "frozen"), (lambda: small().double(), "float32"),
        (lambda: plain(small()), "a Sequential cannot be trained here"),
    ],
)  # fmt: skip
def test_a_network_that_training_would_treat_as_another_is_refused(make, said):
    network = make()
    before = [p.detach().clone() for p in network.parameters()]
    with pytest.raises(MBHError, match=said):
        train(network, DATA, iterations=2)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_one_network_twice_is_refused():
    network = small()
    with pytest.raises(MBHError, match="one network twice"):
        train_stack([network, network], DATA, seeds=[0, 1])
    other = small()
    other.output = network.output
    with pytest.raises(MBHError, match="share weights"):
        train_stack([network, other], DATA, seeds=[0, 1])


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_is_not_there_is_refused():
    for device in ("cuda", "cuda:3", torch.device("cuda")):
        with pytest.raises(MBHError, match="there are 0 CUDA devices"):
            train_stack([small()], DATA, Recipe(1), seeds=[0], device=device)


def test_training_that_diverges_says_so():
    with pytest.raises(MBHError, match="diverged before iteration 50.*learning_rate"):
        train(small(), DATA, iterations=50, learning_rate=1e30)


def test_progress_is_shown_on_demand(capsys):
    train(small(), DATA, iterations=5)
    assert capsys.readouterr().err == ""
    train(small(), DATA, iterations=5, progress=True)
    assert "training" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_the_network_comes_back_where_it_was_and_is_nearly_the_same():
    networks = [small(1, 40), small(1, 40)]
    for network, device in zip(networks, ("cpu", "cuda"), strict=True):
        train_stack([network], DATA, Recipe(100), seeds=[0], device=device)
    assert next(networks[1].parameters()).device.type == "cpu"
    assert largest_difference(networks[1], plain(networks[0])) < 1e-3
    assert not any((m.weight[~m.mask] != 0).any() for m in networks[1].hidden_layers)
