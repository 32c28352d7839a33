"""Dynamic sparsity: worked numbers, a plain implementation beside it, and its promises."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from training_helpers import DATA, largest_difference, plain, same, small

from mbh_utils.computing.seeds import stream
from mbh_utils.errors import MBHError
from mbh_utils.networks import Network
from mbh_utils.training.engines import BatchedEngine, CompiledEngine
from mbh_utils.training.live import Live, Moment
from mbh_utils.training.order import MinibatchOrder
from mbh_utils.training.recipe import LIVE, Recipe, State
from mbh_utils.training.rewiring import SET, GradualPruning, RigL
from mbh_utils.training.schedule import Schedule
from mbh_utils.training.train import train, train_stack

# -------------------------------------------------------------------------------- one layer at once


def layer(size: int, values, places=None) -> Live:
    """A layer with these live weights, at these places or at the first ones."""
    values = np.asarray(values, np.float32)
    places = np.arange(len(values)) if places is None else np.asarray(places)
    return Live(places, values, np.ones_like(values), np.ones_like(values))


def moment(size: int, seed: int = 0, iteration: int = 0, gradient=None) -> Moment:
    return Moment(iteration, 800, size, np.random.default_rng(seed), gradient)


def test_the_worked_example_of_set():
    values = [-3, -2, -1, -0.1, 0.1, 0.2, 0.5, 1, 2, 4]
    places = np.arange(10) * 7
    for seed in range(200):
        after = SET(zeta=0.3).rewired(layer(100, values, places), moment(100, seed))
        old = np.isin(after.places, np.delete(places, [3, 4, 5])) & (after.values != 0)
        assert sorted(after.values[old]) == [-3, -2, -1, 0.5, 1, 2, 4]
        assert len(after.places) == len(np.unique(after.places)) == 10
        assert (after.mean[old] == 1).all() and not after.mean[~old].any()
        assert not after.square[~old].any() and not after.values[~old].any()


def test_set_draws_every_empty_place_as_often_as_the_others():
    """Those just emptied among them: 3 of 93 empty places, 20,000 times."""
    values = [-3, -2, -1, -0.1, 0.1, 0.2, 0.5, 1, 2, 4]
    counts = np.zeros(100)
    rng = np.random.default_rng(0)
    for _ in range(20_000):
        after = SET(zeta=0.3).rewired(layer(100, values), Moment(0, 1, 100, rng, None))
        counts[after.places[after.values == 0]] += 1
    kept = np.delete(np.arange(10), [3, 4, 5])
    assert not counts[kept].any()
    empty = np.delete(counts, kept)
    expected = 60_000 / 93
    chi_square = ((empty - expected) ** 2 / expected).sum()
    assert 55 < chi_square < 140, "92 degrees of freedom"


def test_exact_zeros_are_the_first_positive_ones_to_go():
    after = SET(zeta=0.5).rewired(layer(50, [0.0, 0.0, -1, -2, 1, 2]), moment(50))
    assert sorted(after.values[after.values != 0]) == [-2, 1, 2]


def test_new_weights_of_set_may_be_drawn():
    after = SET(zeta=1, new_std=0.1).rewired(layer(10_000, np.ones(4_000)), moment(10_000))
    assert 0.095 < after.values.std() < 0.105 and abs(after.values.mean()) < 0.01


@settings(max_examples=200, deadline=None)
@given(
    size=st.integers(1, 60),
    share=st.floats(0, 1),
    zeta=st.floats(0.01, 1),
    kind=st.sampled_from([SET, RigL]),
    seed=st.integers(0, 1000),
)
def test_a_rewiring_keeps_the_number_and_gives_no_place_twice(size, share, zeta, kind, seed):
    rng = np.random.default_rng(seed)
    places = np.flatnonzero(rng.random(size) < share)
    values = rng.choice([-2, -1, 0, 0.5, 1], len(places))
    gradient = rng.choice([0, 0, 1, -2, 3.0], size).astype(np.float32)
    before = layer(size, values, places)
    after = kind(zeta=zeta).rewired(before, moment(size, seed, gradient=gradient))
    assert len(after.places) == len(places) and (np.diff(after.places) > 0).all()
    assert not len(places) or 0 <= after.places.min() <= after.places.max() < size
    is_new = after.mean == 0
    assert not after.values[is_new].any() and not after.square[is_new].any()
    old = dict(zip(before.places, before.values, strict=True))
    for place, value in zip(after.places[~is_new], after.values[~is_new], strict=True):
        assert old[place] == value
    if len(places) == size:
        assert after is before, "a dense layer stays"
    elif kind is SET:
        n_new = sum(int(zeta * n + 0.5) for n in ((values < 0).sum(), (values >= 0).sum()))
        assert is_new.sum() == n_new
    else:
        kept = set(after.places[~is_new])
        others = [p for p in range(size) if p not in kept]
        largest = sorted(np.abs(gradient[others]))[::-1][: is_new.sum()]
        assert sorted(np.abs(gradient[after.places[is_new]]))[::-1] == largest
        gone = [abs(v) for p, v in old.items() if p not in kept]
        stays = [abs(old[p]) for p in kept]
        assert not gone or not stays or max(gone) <= min(stays)


def test_rigl_replaces_less_and_less_along_half_a_cosine():
    gradient = np.arange(1000, dtype=np.float32)
    new = []
    for iteration in (0, 200, 300, 400, 599):
        told = moment(1000, iteration=iteration, gradient=gradient)
        after = RigL(zeta=0.3, until=0.75).rewired(layer(1000, np.ones(100)), told)
        new.append(int((after.mean == 0).sum()))
    assert new == [30, 23, 15, 8, 0], "0.15 (1 + cos(pi t / 600)) of 100, rounded half up"


def test_gradual_pruning_keeps_the_largest_along_a_cubic():
    rule = GradualPruning(0.5, 0.9, every=100, from_iteration=100, to_iteration=500)
    assert rule.when(800) == (100, 200, 300, 400, 500)
    weights = layer(64, np.arange(-32, 32))
    left = []
    for iteration in rule.when(800):
        weights = rule.rewired(weights, moment(64, iteration=iteration))
        left.append(len(weights.places))
        assert np.abs(weights.values).min() >= 32 - left[-1] / 2 - 1
    # 0.9 - 0.4 (1, 27/64, 1/8, 1/64, 0) is pruned
    assert left == [32, 17, 10, 7, 6]
    already = layer(64, np.ones(3))
    assert rule.rewired(already, moment(64, iteration=500)) is already


def test_when_it_is_rewired():
    assert SET(every=10).when(30) == (10, 20) and SET(every=10).when(31) == (10, 20, 30)
    assert SET(every=10).when(10) == SET().when(0) == RigL().when(0) == ()
    assert RigL(every=10, until=0.5).when(40) == (10,) and RigL(every=10).when(40) == (10, 20)
    assert RigL(every=10, until=1).when(40) == (10, 20, 30)
    assert GradualPruning(every=100).when(200) == (0, 100, 150)
    assert GradualPruning(every=7, from_iteration=3, to_iteration=3).when(9) == (3,)
    assert GradualPruning(every=4, to_iteration=9).when(9) == (0, 4, 8), "before the last iteration"
    assert GradualPruning().when(0) == ()
    rules = [SET(every=4), None, RigL(every=6, until=1)]
    schedule = Schedule(rules, [0, 0, 0], [(1, 1)], 20)
    assert schedule.due[12] == {0: 3, 2: 2} and 20 not in schedule.due
    assert list(schedule.parts(0, 9)) == [(0, 4), (4, 6), (6, 8), (8, 9)]
    assert list(schedule.parts(4, 4)) == [(4, 6), (6, 8)] and list(schedule.parts(9, 1)) == [
        (9, 10)
    ]


# --------------------------------------------------------------------------- beside plain torch


def plainly(network: Network, rewiring, iterations: int, seed: int) -> tuple:
    """Model and masks after training by torch.optim.Adam, with dense arrays and plain sorting."""
    model = plain(network)
    masks = [torch.tensor(mask) for mask in [*network.masks, network.output_mask]]
    optimiser = torch.optim.Adam(model.parameters(), lr=1.2e-3)
    images = torch.tensor(DATA.train.images)
    labels = torch.tensor(DATA.train.labels)
    batches = MinibatchOrder(len(images), 60, seed).take(iterations)
    due = {iteration: number for number, iteration in enumerate(rewiring.when(iterations), 1)}

    def gradients(batch) -> None:
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()

    for iteration, batch in enumerate(batches):
        gradients(batch)
        if iteration in due:
            rng = stream(seed, "rewiring", due[iteration])
            for linear, mask in zip(model[:-1:2], masks, strict=False):
                rewire_plainly(rewiring, linear, mask, optimiser, rng, iteration, iterations)
            gradients(batch)
        for linear, mask in zip(model[::2], masks, strict=True):
            linear.weight.grad[~mask] = 0
        optimiser.step()
    return model, masks


def rewire_plainly(rewiring, linear, mask, optimiser, rng, iteration, iterations) -> None:
    if isinstance(rewiring, GradualPruning):
        passed = iteration / rewiring.when(iterations)[-1]
        pruned = rewiring.end + (rewiring.start - rewiring.end) * (1 - passed) ** 3
        n_gone = int(mask.sum()) - int(np.floor((1 - pruned) * mask.numel() + 0.5))
        removed = weakest(linear, mask, n_gone)
        new = []
    elif mask.all():
        return
    elif isinstance(rewiring, SET):
        negative = mask & (linear.weight < 0)
        removed = []
        for group in (negative, mask & ~negative):
            removed += weakest(linear, group, int(rewiring.zeta * int(group.sum()) + 0.5))
        left = mask.flatten().clone()
        left[removed] = False
        empty = torch.nonzero(~left).flatten()
        ranks = rng.choice(len(empty), len(removed), replace=False, shuffle=False)
        new = empty[torch.tensor(ranks)].tolist()
    else:
        decay = (1 + np.cos(np.pi * iteration / (rewiring.until * iterations))) / 2
        removed = weakest(linear, mask, int(rewiring.zeta * decay * int(mask.sum()) + 0.5))
        left = mask.flatten().clone()
        left[removed] = False
        wanted = torch.where(left, -1.0, linear.weight.grad.flatten().abs())
        new = torch.argsort(-wanted, stable=True)[: len(removed)].tolist()
    state = optimiser.state.get(linear.weight, {})
    tensors = [linear.weight.data, *(state[k] for k in ("exp_avg", "exp_avg_sq") if k in state)]
    for tensor in tensors:
        for at in (*removed, *new):
            tensor.view(-1)[at] = 0
    mask.view(-1)[torch.tensor(removed, dtype=int)] = False
    mask.view(-1)[torch.tensor(new, dtype=int)] = True


def weakest(linear, mask, n: int) -> list[int]:
    """Places of the n smallest weights under the mask; of equal ones the last."""
    size = torch.where(mask, linear.weight.detach().abs(), torch.inf).flatten()
    order = torch.argsort(size.flip(0), stable=True)
    return (len(size) - 1 - order)[: max(n, 0)].tolist()


RULES = [
    SET(zeta=0.3, every=20),
    SET(zeta=0.5, every=7),
    RigL(zeta=0.4, every=10),
    GradualPruning(0.3, 0.8, every=15, to_iteration=50),
]


@pytest.mark.parametrize("rewiring", RULES, ids=str)
@pytest.mark.parametrize("parameters", [None, 90, 50, 30])
def test_training_with_rewiring_is_that_of_plain_torch(rewiring, parameters):
    network = small(3, parameters, hidden=(9, 6))
    expected, masks = plainly(network, rewiring, 100, seed=5)
    moved = largest_difference(network, expected)
    train(network, DATA, iterations=100, seed=5, rewiring=rewiring)
    for found, mask in zip(network.masks, masks, strict=False):
        assert (found == mask.numpy()).all()
    # Where a new weight's first gradient is a rounding error, Adam makes a whole step of it.
    assert moved > 0.05 and largest_difference(network, expected) < 0.03 * moved


@pytest.mark.parametrize("rewiring", RULES, ids=str)
def test_the_engine_of_cuda_does_the_same(rewiring):
    """On the CPU: both engines from the same start, with an order of minibatches each."""
    seeds = [5, 5, 6]
    members = [small(i, parameters, (9, 6)) for i, parameters in enumerate((None, 90, 40))]
    stacks = [[m.copy() for m in members] for _ in range(2)]
    for kind, stack in zip((CompiledEngine, BatchedEngine), stacks, strict=True):
        for group in ([0, 1], [2]) if kind is CompiledEngine else ([0, 1, 2],):
            engine = kind(
                [stack[i] for i in group],
                [State(0, {})] * len(group),
                DATA,
                Recipe(60),
                [seeds[i] for i in group],
                torch.device("cpu"),
                [rewiring] * len(group),
            )
            for first in (0, 13, 26, 39):
                engine.advance(first, 13)
            engine.write_back([stack[i] for i in group])
            for i, state in zip(group, engine.states(52), strict=True):
                exists = state.arrays[LIVE]
                assert exists.sum() == stack[i].n_parameters + 3 * (6 + 1)
                assert not any(state.arrays[k][~exists].any() for k in ("values", "mean", "square"))
    for a, b in zip(*stacks, strict=True):
        assert all((x == y).all() for x, y in zip(a.masks, b.masks, strict=True))
        assert largest_difference(a, plain(b)) < 1e-5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("rewiring", RULES, ids=str)
def test_rewiring_on_cuda_gives_nearly_the_same_network(rewiring):
    networks = [small(1, 60), small(1, 60)]
    for network, device in zip(networks, ("cpu", "cuda"), strict=True):
        train_stack([network], DATA, Recipe(90), seeds=[0], device=device, rewiring=rewiring)
    a, b = networks
    assert all((x == y).all() for x, y in zip(a.masks, b.masks, strict=True))
    assert largest_difference(a, plain(b)) < 1e-3


# ----------------------------------------------------------------------------------------- promises


@pytest.mark.parametrize("rewiring", [SET(every=30), RigL(every=20, until=1)], ids=str)
@pytest.mark.parametrize("parameters", [60, 30, 95])
def test_the_number_of_hidden_parameters_never_changes(rewiring, parameters):
    network = small(2, parameters)
    before = network.masks
    marks = list(range(0, 200, 10))
    history = train(network, DATA, iterations=200, milestones=marks, rewiring=rewiring)
    counts = [m.sum() for m in before]
    seen = [history.networks[i].masks for i in (*marks, 200)]
    for masks in seen:
        assert [m.sum() for m in masks] == counts
    for layer_before, layer_after in zip(before, network.masks, strict=True):
        is_dense = layer_before.all()
        assert is_dense == (layer_before == layer_after).all(), "a dense layer stays as it is"
    for one in history.networks.values():
        for linear in one.hidden_layers:
            assert not linear.weight[~linear.mask].any()
    assert network.output_mask.all()


def test_a_dense_network_stays_one_bit_for_bit():
    for rewiring in (SET(every=10), RigL(every=10)):
        rewired = small(1)
        usual = small(1)
        train(rewired, DATA, iterations=60, rewiring=rewiring)
        train(usual, DATA, iterations=60)
        assert same(rewired, usual)


def test_a_milestone_is_what_a_shorter_training_gives():
    """At a rewiring too: it comes before the next step, and never at the end."""
    network = small(0, 60)
    start = network.copy()
    history = train(network, DATA, iterations=90, milestones=[0, 30, 45], rewiring=SET(every=30))
    assert same(history.networks[0], start)
    for end in (30, 45):
        shorter = small(0, 60)
        train(shorter, DATA, iterations=end, rewiring=SET(every=30))
        assert same(history.networks[end], shorter)
    moved = [
        any((a != b).any() for a, b in zip(n.masks, start.masks, strict=True))
        for n in history.networks.values()
    ]
    assert moved == [False, False, True, True]


def test_a_stack_equals_each_network_alone_to_the_last_bit():
    rules = [None, *RULES, SET(every=9), None, RULES[2], RULES[3]]
    sizes = [60, 60, 80, 30, None, 90, None, 50, 70]
    seeds = [0, 0, 1, 0, 1, 0, 1, 1, 0]

    def made() -> list[Network]:
        return [small(s, p) for s, p in zip(seeds, sizes, strict=True)]

    stack = made()
    train_stack(stack, DATA, Recipe(100), seeds=seeds, rewiring=rules)
    for network, alone, rule, seed in zip(stack, made(), rules, seeds, strict=True):
        train(alone, DATA, iterations=100, seed=seed, rewiring=rule)
        assert same(network, alone)


@pytest.mark.parametrize("rewiring", RULES, ids=str)
def test_training_goes_on_bit_for_bit_from_any_iteration(rewiring):
    sizes = [None, 90, 60, 30]
    seeds = [0, 0, 1, 0]
    recipe = Recipe(100)
    whole = [small(i, p) for i, p in enumerate(sizes)]
    taken = []
    marks = list(range(0, 100, 5))
    histories = train_stack(
        whole, DATA, recipe, seeds=seeds, rewiring=rewiring, milestones=marks,
        checkpoint=taken.append, every=0,
    )  # fmt: skip
    starts = {states[0].iteration for states in taken}
    assert starts >= {0, 20, 35, 70, 95, 100}, "rewirings among them"
    for states in taken[::2]:
        again = [small(i, p) for i, p in enumerate(sizes)]
        found = train_stack(
            again, DATA, recipe, seeds=seeds, rewiring=rewiring, states=states, milestones=marks
        )
        for a, b, old, new in zip(whole, again, histories, found, strict=True):
            assert same(a, b) and old.accuracy == new.accuracy
            assert all(same(n, old.networks[i]) for i, n in new.networks.items())


def test_a_state_keeps_its_masks_without_further_rewiring():
    taken = []
    train_stack(
        [small(1, 40)], DATA, Recipe(60), seeds=[0], rewiring=SET(every=20),
        checkpoint=lambda states: taken.append(states[0]), every=0, milestones=[50],
    )  # fmt: skip
    state = next(s for s in taken if s.iteration == 50)
    network = small(1, 40)
    train_stack([network], DATA, Recipe(60), seeds=[0], states=[state])
    masks = np.concatenate([np.r_[m.ravel(), np.ones(len(m), bool)] for m in network.masks])
    assert (masks == state.arrays[LIVE][: len(masks)]).all() and network.n_parameters == 40
    assert any((a != b).any() for a, b in zip(network.masks, small(1, 40).masks, strict=True))


def test_a_pruned_output_layer_keeps_its_mask():
    network = small(3, 60)
    mask = np.arange(15).reshape(3, 5) % 2 == 0
    network.set_masks([*network.masks, mask])
    train(network, DATA, iterations=60, rewiring=SET(every=10))
    assert (network.output_mask == mask).all()
    assert not network.output.weight.detach().numpy()[~mask].any()


def test_gradual_pruning_ends_at_its_density():
    network = small(0, hidden=(20, 10))
    rule = GradualPruning(0.5, 0.9, every=10, from_iteration=20, to_iteration=80)
    history = train(network, DATA, iterations=100, milestones=[20, 30], rewiring=rule)
    densities = [history.networks[i].density for i in (20, 30)]
    assert densities == [1.0, 0.5], "the copies are made before what is due then"
    assert [int(m.sum()) for m in network.masks] == [16, 20]


@pytest.mark.parametrize("engine", [CompiledEngine, BatchedEngine])
def test_gradual_pruning_prunes_the_output_layer_if_told(engine):
    rule = GradualPruning(0.5, 0.8, every=5, to_iteration=15, output=True)
    network = small(0, hidden=(20, 10))
    recipe = Recipe(20)
    state = State(0, {})
    one = engine([network], [state], DATA, recipe, [0], torch.device("cpu"), [rule])
    one.advance(0, 20)
    one.write_back([network])
    n_weights = network.output.weight.numel()
    assert network.output_mask.sum() == round(0.2 * n_weights)
    assert not network.output.weight.detach().numpy()[~network.output_mask].any()
    assert [int(m.sum()) for m in network.masks] == [32, 40]
    train(other := small(0, hidden=(20, 10)), DATA, iterations=20, rewiring=rule)
    assert (other.output_mask == network.output_mask).all()


# ---------------------------------------------------------------------------------------- ill calls


@pytest.mark.parametrize("kind", [SET, RigL])
@pytest.mark.parametrize(
    ("name", "value"),
    [("zeta", 0), ("zeta", 1.1), ("zeta", -0.1), ("zeta", float("nan")), ("every", 0)],
)
def test_numbers_that_make_no_sense_are_refused(kind, name, value):
    with pytest.raises(MBHError, match=f"{name} is .*expected a"):
        kind(**{name: value})


def test_other_numbers_that_make_no_sense_are_refused():
    for kind, wrong in (
        (SET, {"new_std": -1}),
        (RigL, {"until": 0}),
        (RigL, {"until": 1.5}),
        (GradualPruning, {"start": -0.1}),
        (GradualPruning, {"end": 1}),
        (GradualPruning, {"start": 0.8, "end": 0.7}),
        (GradualPruning, {"every": 0}),
        (GradualPruning, {"to_iteration": 4, "from_iteration": 5}),
    ):
        with pytest.raises(MBHError, match=next(iter(wrong))):
            kind(**wrong)


def test_a_rewiring_that_does_not_fit_the_training_is_refused():
    for wrong in ("SET", SET, 3, [SET(), 3]):
        with pytest.raises(MBHError, match="rewiring is"):
            train_stack([small(), small()], DATA, Recipe(9), seeds=[0, 0], rewiring=wrong)
    with pytest.raises(MBHError, match="rewiring is a list of 1 for 2 networks"):
        train_stack([small(), small()], DATA, Recipe(9), seeds=[0, 0], rewiring=[SET()])
    for wrong in (GradualPruning(to_iteration=51), GradualPruning(from_iteration=50)):
        with pytest.raises(MBHError, match="prunes from .* but the training has 50: choose small"):
            train(small(), DATA, iterations=50, rewiring=wrong)
