"""Training of stacks against plain torch and each network alone, and its promises."""

import numpy as np
import pytest
import torch
from training_helpers import (
    DATA,
    engine,
    largest_difference,
    plain,
    same,
    small,
    train_plainly,
)

from mbh_utils.errors import MBHError
from mbh_utils.networks.evaluation import accuracy
from mbh_utils.training.engines import BatchedEngine
from mbh_utils.training.recipe import Recipe
from mbh_utils.training.train import _one_thread, train, train_stack

# ---------------------------------------------------------------------- against independent oracles


@pytest.mark.parametrize("parameters", [None, 60, 24])
def test_training_is_that_of_plain_torch_with_adam(parameters):
    network = small(3, parameters)
    expected = train_plainly(network, DATA, 250, seed=5)
    moved = largest_difference(network, expected)
    train(network, DATA, iterations=250, seed=5)
    assert moved > 0.05, "the oracle must have learned something"
    assert largest_difference(network, expected) < 1e-4 * moved


@pytest.mark.parametrize("share", [0.3, 0.8], ids=["listed", "by BLAS"])
def test_a_pruned_output_layer_is_trained_as_by_plain_torch_on_both_engines(share):
    network = small(3, 60)
    rng = np.random.default_rng(1)
    mask = rng.permutation(np.arange(15) < share * 15).reshape(3, 5)
    network.set_masks([*network.masks, mask])
    expected = train_plainly(network, DATA, 250, seed=5)
    moved = largest_difference(network, expected)
    batched = engine(BatchedEngine, [network.copy()])
    batched.advance(0, 10)
    train(network, DATA, iterations=250, seed=5)
    assert moved > 0.05 and largest_difference(network, expected) < 1e-4 * moved
    assert not network.output.weight.detach().numpy()[~mask].any()
    alone = network.copy()
    batched.write_back([alone])
    assert not alone.output.weight.detach().numpy()[~mask].any()
    assert np.count_nonzero(alone.output.weight.detach().numpy()) == mask.sum()


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


# ----------------------------------------------------------------------------------------- promises


def test_masked_weights_stay_exactly_zero_through_the_whole_run():
    network = small(1, 40)
    every = list(range(0, 300, 7))
    history = train(network, DATA, iterations=300, seed=1, milestones=every)
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


def test_milestones_are_what_a_shorter_training_gives():
    network = small(0, 60)
    start = network.copy()
    history = train(network, DATA, iterations=90, seed=3, milestones=[0, 10, 90])
    assert list(history.accuracy) == list(history.networks) == [0, 10, 90]
    assert same(history.networks[0], start) and same(history.networks[90], network)
    shorter = small(0, 60)
    assert list(train(shorter, DATA, iterations=10, seed=3).accuracy) == [10]
    assert same(history.networks[10], shorter)
    for iteration, seen in history.networks.items():
        assert history.accuracy[iteration] == accuracy(seen, DATA.validation)


def test_copies_at_milestones_are_independent_of_the_network():
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


# ---------------------------------------------------------------------------- going on from a state


def test_training_goes_on_from_any_checkpoint_as_if_it_had_not_been_interrupted():
    cases = [(0, None), (0, 40), (1, 60), (1, 24)]
    whole = [small(seed, parameters) for seed, parameters in cases]
    taken = []
    seeds = [seed for seed, _ in cases]
    histories = train_stack(
        whole,
        DATA,
        Recipe(90),
        seeds=seeds,
        milestones=[0, 30, 70],
        checkpoint=taken.append,
        every=0,
    )
    assert len(taken) > 8 and {s.iteration for states in taken for s in states} >= {0, 30, 70, 90}
    for states in (taken[0], taken[3], taken[-2], [taken[1][0], None, taken[-2][2], taken[4][3]]):
        members = [small(seed, parameters) for seed, parameters in cases]
        kept = []
        again = train_stack(
            members, DATA, Recipe(90), seeds=seeds, milestones=[0, 30, 70], states=states,
            keep=lambda *seen, kept=kept: kept.append(seen),
        )  # fmt: skip
        for i, (member, expected) in enumerate(zip(members, whole, strict=True)):
            assert same(member, expected)
            assert again[i].accuracy == histories[i].accuracy and not again[i].networks
        started = [state.iteration if state else -1 for state in states]
        assert all(iteration > started[i] or iteration in (0, 90) for i, iteration, _ in kept)
        for i, iteration, network in kept:
            assert same(network, histories[i].networks[iteration])


def test_the_way_a_thread_computes_is_left_as_it_was():
    torch.set_flush_denormal(False)
    before = torch.get_num_threads(), torch.tensor([1e-40]) * 1
    with _one_thread():
        assert torch.get_num_threads() == 1 and not (torch.tensor([1e-40]) * 1).any()
    assert (torch.get_num_threads(), torch.tensor([1e-40]) * 1) == before and before[1].any()


# --------------------------------------------------------------------------------------------- ends


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
