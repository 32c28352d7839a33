"""Both engines against automatic differentiation, and states that go in and come back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_helpers import DATA, engine, gradients, largest_difference, plain, sized, small

from mbh_utils.networks import feed_forward
from mbh_utils.training import kernel
from mbh_utils.training.engines import BatchedEngine, CompiledEngine, flat_parameters
from mbh_utils.training.order import MinibatchOrder
from mbh_utils.training.recipe import STATE, Recipe, State
from mbh_utils.training.train import train, train_stack


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
    stack = engine(BatchedEngine, members)
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
    listed = engine(CompiledEngine, members, data, batch)
    chosen = listed.order.take(1)
    kernel.train_steps(
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
        assert (flat_parameters(network)[dense_positions] == listed.stack.values[positions]).all()


@pytest.mark.parametrize("kind", [CompiledEngine, BatchedEngine])
def test_states_and_networks_come_back_as_they_went_in(kind):
    members = [small(0), small(1, 60), small(2, 24)]
    running = engine(kind, members)
    rng = np.random.default_rng(0)
    for state, network in zip(running.states(3), members, strict=True):
        assert state.iteration == 3 and (state.arrays["values"] == flat_parameters(network)).all()
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
    assert all(
        (flat_parameters(n) == s.arrays["values"]).all()
        for n, s in zip(members, drawn, strict=True)
    )


def test_states_fit_either_engine(monkeypatch):
    states = []
    train_stack(
        [small(1, 40)],
        DATA,
        Recipe(50),
        seeds=[0],
        checkpoint=lambda s: states.append(s[0]),
        every=0,
    )
    middle = next(s for s in states if 0 < s.iteration < 50)
    network = small(1, 40)
    order = MinibatchOrder(len(DATA.train), 60, 0, middle.iteration)
    other = BatchedEngine([network], [middle], DATA, Recipe(50), [0], torch.device("cpu"))
    assert (next(iter(other.orders.values())).take(3) == order.take(3)).all()
    other = BatchedEngine([network], [middle], DATA, Recipe(50), [0], torch.device("cpu"))
    other.advance(middle.iteration, 50 - middle.iteration)
    other.write_back([network])
    expected = small(1, 40)
    train(expected, DATA, iterations=50, seed=0)
    moved = largest_difference(expected, plain(small(1, 40)))
    assert largest_difference(network, plain(expected)) < 1e-4 * moved


def test_scratch_starts_on_a_cache_line():
    for units, samples in ((1, 1), (7, 64), (33, 65)):
        rows = kernel.scratch(units, samples)
        assert (
            rows.ctypes.data % 64 == 0
            and not rows.any()
            and rows.shape == (units, -(-samples // 64) * 64)
        )
