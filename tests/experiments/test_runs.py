"""The networks of the experiments: what defines one, and where it comes from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_experiments import TINY, runs_of, same

from mbh_utils import datasets, experiments
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import Run, prepare, runs, table
from mbh_utils.networks import pruning
from mbh_utils.networks.stored import get_network
from mbh_utils.training import Recipe, accuracy, train


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: table("gird", "quick"),
            "no experiment 'gird'; the experiments are grid, histories, accuracies, tickets, ",
        ),
        (lambda: prepare("quick", ["grid", "all"]), "no experiment 'all'"),
        (
            lambda: table("grid", "papre"),
            "no profile 'papre'; the profiles are quick, draft, paper",
        ),
        (lambda: prepare("", ["grid"]), "no profile ''"),
        (lambda: prepare(TINY, ["toy"], jobs=0), "jobs is 0"),
        (lambda: TINY.setup(6), "no set-up 6; profile tiny has 1 to 5"),
        (lambda: experiments.run_of(TINY, 0), "no set-up 0"),
        (
            lambda: Run("digits8", (6, 2), 200, 0, Recipe(1), "lucky").initial(),
            "mask is 'lucky'",
        ),
        (
            lambda: experiments.run_of(TINY, 1).at(7),
            "iteration 7 is no milestone .* 0, 1, 2, 5, 10, 20, 30",
        ),
        (lambda: Run("digits9", (6, 2), 200, 0, Recipe(1)).initial(), "unknown data set 'digits9'"),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(call, said):
    with pytest.raises(MBHError, match=said):
        call()


def test_runs_are_set_ups_times_seeds():
    runs = runs_of("grid")
    assert [(r.hidden, r.parameters, r.seed) for r in runs] == [
        (hidden, parameters, seed)
        for hidden, parameters in [
            ((9, 3), 615),
            ((9, 3), 404),
            ((6, 2), 404),
            ((9, 3), 202),
            ((6, 2), 202),
        ]
        for seed in (0, 1)
    ]
    for run in runs:
        assert run.initial().n_parameters == run.parameters
    assert experiments.run_of(TINY, 4, seed=1) == runs[7]


def test_initial_networks_of_a_seed_share_their_weights_and_seeds_do_not():
    runs = runs_of("grid")
    dense, other_seed, sparse = runs[0].initial(), runs[1].initial(), runs[6].initial()
    for a, b in zip(dense.hidden_layers, sparse.hidden_layers, strict=True):
        assert torch.equal(a.weight * b.mask, b.weight)
    assert not torch.equal(dense.output.weight, other_seed.output.weight)
    assert (runs[6].initial().masks[0] != runs[7].initial().masks[0]).any()


def test_everything_that_defines_a_run_is_in_its_settings():
    run = Run("digits8", (6, 2), 202, 0, Recipe(30))
    others = [
        replace(run, hidden=(2, 6)),
        replace(run, parameters=203),
        replace(run, seed=1),
        replace(run, mask="ticket"),
        replace(run, recipe=Recipe(31)),
        replace(run, recipe=Recipe(30, batch_size=61)),
        replace(run, recipe=Recipe(30, learning_rate=1e-3)),
        replace(run, bias_std=1e-3),
        replace(run, dataset="digits8_standardised"),
    ]
    settings = [r.settings for r in (run, *others)] + [run.settings_at(20)]
    keys = {Store("x").note("network", s).name for s in settings}
    assert len(keys) == len(settings) and run.settings_at(30) == run.settings
    assert (run.settings["dataset"], run.settings["data"]) == (
        "digits8",
        datasets.load("digits8").checksum,
    )


def test_a_trained_run_comes_from_the_store_and_is_what_training_gives(done):
    run = experiments.run_of(TINY, 4, seed=1)
    alone = run.initial()
    train(alone, datasets.load("digits8"), iterations=30, seed=1)
    assert same(run.trained(done), alone), "one of a stack of its set-up's seeds and densities"
    facts = done.facts("network", run.settings)
    assert (
        facts["accuracy"] == accuracy(alone, datasets.load("digits8").validation)
        and facts["seconds"] > 0
    )
    assert not list(done.folder.glob("checkpoint/*.json")), (
        "checkpoints go when the network is there"
    )


def test_a_run_that_is_not_in_the_store_is_trained_and_kept(tmp_path):
    run, store = experiments.run_of(TINY, 5), Store(tmp_path)
    network = run.trained(store)
    assert same(network, get_network(store, run.settings)) and not same(network, run.initial())


def test_tickets_are_the_initial_weights_under_the_trained_network_s_largest(done):
    ticket = next(r for r in experiments.ticket_runs(TINY) if r.mask == "ticket" and r.seed == 1)
    dense = ticket.dense
    assert (dense.mask, dense.parameters, dense.seed, dense.recipe) == (
        "random",
        615,
        1,
        Recipe(25),
    )
    trained = [layer.weight.detach().numpy() for layer in dense.trained(done).hidden_layers]
    masks = pruning.magnitude_masks(trained, ticket.parameters)
    network = ticket.initial(done)
    for layer, start, mask in zip(
        network.hidden_layers, dense.initial().hidden_layers, masks, strict=True
    ):
        assert (layer.mask.numpy() == mask).all() and torch.equal(
            layer.weight, start.weight * torch.tensor(mask)
        )


def iterative(parameters: int, seed: int = 0) -> Run:
    return Run("digits8", (9, 3), parameters, seed, Recipe(30), "iterative")


def chain_of(run: Run | None) -> list[Run]:
    found = []
    while run is not None:
        found.append(run)
        run = run.before
    return found


def test_a_round_of_iterative_pruning_halves_the_weights_and_the_first_cuts_the_dense_network():
    chain = chain_of(iterative(76))  # 12 biases and 64 weights of 603
    assert [run.parameters - 12 for run in chain] == [64, 128, 256, 512, 603]
    assert [run.mask for run in chain] == ["iterative"] * 4 + ["random"]
    assert chain[-1] == iterative(76).dense == Run("digits8", (9, 3), 615, 0, Recipe(30))
    # At exactly half of the weights, and above, the network before is the dense one.
    assert [len(chain_of(iterative(12 + n))) for n in (301, 302, 400, 603)] == [3, 2, 2, 2]


def test_an_iterative_ticket_is_the_initial_weights_under_nested_masks(tmp_path):
    store = Store(tmp_path)
    chain = chain_of(iterative(76, seed=1))
    ticket = chain[0].initial(store)
    assert ticket.n_parameters == 76 and ticket.output_mask.all()
    start = chain[-1].initial()
    for layer, dense in zip(ticket.hidden_layers, start.hidden_layers, strict=True):
        assert torch.equal(layer.weight, dense.weight * layer.mask)
        assert torch.equal(layer.bias, dense.bias)
    assert torch.equal(ticket.output.weight, start.output.weight)
    for run, before in zip(chain[:-1], chain[1:], strict=True):
        trained = get_network(store, before.settings)
        assert trained is not None, "every round was trained and kept"
        for layer, larger in zip(
            run.initial(store).hidden_layers, trained.hidden_layers, strict=True
        ):
            here = layer.mask.numpy()
            assert not (here & ~larger.mask.numpy()).any(), "nothing comes back"
            # What went is weaker than what stayed, but for the last input of a neuron.
            strength = larger.weight.abs().detach().numpy()
            spare = here & (here.sum(axis=1, keepdims=True) > 1)
            gone = larger.mask.numpy() & ~here
            assert strength[gone].max(initial=0) <= strength[spare].min(initial=np.inf)
    one_shot = replace(chain[0], mask="ticket").initial(store)
    assert any((a != b).any() for a, b in zip(ticket.masks, one_shot.masks, strict=True))


@given(
    st.lists(st.integers(1, 12), min_size=2, max_size=4),
    st.integers(0, 10**6),
)
def test_no_layer_gains_weights_in_a_round_of_iterative_pruning(widths, number):
    shapes = pruning.layer_shapes(widths[0], widths[1:])
    least = 2 * sum(widths[1:])  # a bias and one input for every neuron
    most = pruning.dense_parameters(widths[0], widths[1:])
    parameters = least + number % (most - least + 1)
    twice = min(2 * parameters - sum(widths[1:]), most)
    here = pruning.weights_per_layer(shapes, parameters)
    before = pruning.weights_per_layer(shapes, twice)
    assert all(a <= b for a, b in zip(here, before, strict=True))


def test_old_runs_keep_their_store_keys():
    """The settings of a run from before there were iterative tickets, field by field."""
    run = Run("digits8", (9, 3), 76, 1, Recipe(30), "ticket")
    assert list(run.settings) == [
        "dataset",
        "hidden",
        "parameters",
        "seed",
        "recipe",
        "mask",
        "bias_std",
        "data",
    ]


def test_reinitialised_networks_have_a_random_mask_and_weights_of_their_own(done):
    runs = experiments.ticket_runs(TINY)
    again, ticket = (next(r for r in runs if r.mask == m) for m in ("reinitialised", "ticket"))
    assert (again.parameters, again.seed) == (ticket.parameters, ticket.seed)
    network, winning = again.initial(), ticket.initial(done)
    assert network.n_parameters == winning.n_parameters
    assert not torch.equal(network.output.weight, winning.output.weight)
    assert (network.masks[0] != winning.masks[0]).any()
    assert (network.masks[0] == replace(again, mask="random").initial().masks[0]).all()


def test_milestones_allow_a_line_up_to_100_and_a_logarithmic_axis_after():
    fifty = runs.milestones(50_000)
    assert fifty[:14] == [0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert fifty[14:] == [200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000]
    assert runs.milestones(30) == [0, 1, 2, 5, 10, 20, 30] and runs.milestones(0) == [0]
    assert runs.milestones(3_000)[-3:] == [1_000, 2_000, 3_000]


def test_what_was_noted_of_a_run_that_is_not_in_the_store_is_refused(done, tmp_path):
    run = experiments.run_of(TINY, 1)
    assert set(run.facts(done)) >= {"accuracy", "history", "seconds"}
    for ask in (run.facts, run.history):
        with pytest.raises(MBHError, match="not in the store .*trained"):
            ask(Store(tmp_path))
