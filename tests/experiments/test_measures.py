"""What is measured of a network."""

import numpy as np
import pytest
from tiny_experiments import TINY, runs_of, same

from mbh_utils import datasets, experiments
from mbh_utils.blankets.mbh import specialization
from mbh_utils.experiments import EXPERIMENTS, measures, table
from mbh_utils.networks import hidden_layers, pruning
from mbh_utils.regions.partition import partition_input_space
from mbh_utils.regions.patterns import activation_patterns, layer_patterns
from mbh_utils.training import accuracy, train


def test_a_folded_network_does_on_raw_images_what_the_network_does_on_standardised_ones(done):
    run, raw = runs_of("standardised")[0], datasets.load("digits8")
    data, network = datasets.load("digits8_standardised"), run.trained(done)
    layers = measures.with_standardisation_folded_in(network, raw)
    assert (raw.train.images.std(axis=0) == 0).any(), "constant pixels are among them"
    found = activation_patterns(layers, raw.validation.images)
    # Standardised images are rounded to float32, which may flip a bit of the 360 x 12.
    assert (found != activation_patterns(network, data.validation.images)).sum() <= 2
    mean, std = raw.moments()
    exact = (raw.validation.images - mean) / std
    assert (found == activation_patterns(network, exact)).all()
    (weight, bias), (folded_weight, folded_bias) = hidden_layers(network)[0], layers[0]
    x = raw.validation.images[7].astype(float)
    assert folded_weight @ x + folded_bias == pytest.approx(
        weight @ ((x - mean) / std) + bias, abs=1e-12
    )


def test_standardised_networks_are_measured_on_the_raw_planes(done, grid):
    rows = table("standardised", TINY, store=done)
    assert (rows["dataset"] == "digits8_standardised").all()
    assert len(rows) == 2 * 5 * 1 * 2 * 2 * 10 * 3
    rows = rows[rows["domain"] == "square"]
    grid = grid[grid["domain"] == "square"]
    assert (
        rows.groupby("plane")["area"].first().tolist()
        == grid.groupby("plane")["area"].first().tolist()
    )
    run, raw, data = (
        runs_of("standardised")[0],
        datasets.load("digits8"),
        datasets.load("digits8_standardised"),
    )
    one = rows[(rows["setup"] == 1) & rows["trained"] & (rows["plane"] == 0) & (rows["class"] == 4)]
    assert one["accuracy"].unique() == [accuracy(run.trained(done), data.validation)]
    alone = run.initial()
    train(alone, data, iterations=30)
    assert same(alone, run.trained(done))
    plane, layers = (
        experiments.grid_planes(TINY, "digits8")[0],
        measures.with_standardisation_folded_in(alone, raw),
    )
    for row in one.to_dict("records"):
        s = specialization(layers, raw.validation.of_class(4), plane, row["coverage"])
        assert row["s"] == pytest.approx(s, abs=1e-12)
    assert one["n_regions"].unique() == [len(partition_input_space(layers, plane))]


def test_dead_ends_are_counted_and_left_out(done, grid):
    run = next(r for r in runs_of("grid") if sum(map(np.sum, pruning.dead_ends(r.initial().masks))))
    network, plane = run.trained(done), experiments.grid_planes(TINY, "digits8")[0]
    dead = np.concatenate(pruning.dead_ends(network.masks))
    setup = next(c.setup.number for c in EXPERIMENTS["grid"].cases(TINY) if c.run == run)
    mine = grid[
        (grid["setup"] == setup)
        & (grid["model"] == run.seed)
        & grid["trained"]
        & (grid["plane"] == 0)
        & (grid["domain"] == "square")
    ]
    assert mine["n_dead_ends"].unique() == [dead.sum()]
    # Regions that differ in dead ends only are one; the live neurons' patterns tell which
    # (none has two parts here).
    patterns = np.unique(partition_input_space(network, plane).patterns[:, ~dead], axis=0)
    assert (
        mine["n_live_regions"].unique() == [len(patterns)]
        and len(patterns) < mine["n_regions"].iloc[0]
    )
    rest = measures.without_dead_ends(hidden_layers(network), network.masks)
    images = datasets.load("digits8").validation.images
    assert (layer_patterns(rest, images) == layer_patterns(network, images)).all()
    alive = grid[grid["n_dead_ends"] == 0]
    assert len(alive) and (alive["n_live_regions"] == alive["n_regions"]).all()
