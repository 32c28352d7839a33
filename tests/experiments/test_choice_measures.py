"""Equal choices of neurons, and heaps: the tables say what single calls say."""

import numpy as np
import pandas as pd
import pytest
from tiny_experiments import TINY

import mbh_utils as mbh
from mbh_utils.blankets.candidates import random_sets
from mbh_utils.datasets import Samples
from mbh_utils.experiments import PROFILES, PlaneSet, table
from mbh_utils.experiments.choice_measures import (
    choice_table,
    heaps_of,
    other_planes,
    phenomena_of,
    side_by_side,
)
from mbh_utils.networks import Setup

DATA = mbh.load_dataset("digits8")
LAYERS = mbh.hidden_layers(mbh.lenet(DATA, (9, 6), seed=1))
PLANES = PlaneSet(2).of("digits8")
OPTIONS = {"candidates": (2, 6, 20), "draws": 3}


def cut(layers, kept):
    weight, bias = layers[-1]
    return [*layers[:-1], (weight[kept], bias[kept])]


def test_a_row_is_the_mean_over_draws_and_classes_of_networks_with_the_others_cut_out():
    rows = choice_table(LAYERS, DATA.validation, PLANES, [0.8], method="random", **OPTIONS)
    assert sorted(rows["candidates"].unique()) == [2, 6]  # there are no 20 neurons
    parts = []
    for kept in random_sets(6, 2, 3):
        parts.append(mbh.specialization_table(cut(LAYERS, kept), DATA.validation, PLANES, 0.8))
    brute = pd.concat(parts).groupby("plane").mean(numeric_only=True)
    found = rows[rows["candidates"] == 2].set_index("plane")
    np.testing.assert_allclose(found["s"], brute["s"], atol=6e-4)
    np.testing.assert_allclose(found["own"], brute["covered"], atol=6e-4)
    np.testing.assert_allclose(found["n_constraints"], brute["n_constraints"], atol=6e-4)
    assert found["s_chance"].isna().all()


def test_all_candidates_are_specialization_whatever_the_method():
    usual = mbh.specialization_table(LAYERS, DATA.validation, PLANES, [0.5, 0.8])
    usual = usual.groupby(["coverage", "plane"])["s"].mean()
    for method in ("random", "first"):
        rows = choice_table(
            LAYERS, DATA.validation, PLANES, [0.5, 0.8], method=method, candidates=(6,), draws=3
        )
        np.testing.assert_allclose(rows.set_index(["coverage", "plane"])["s"], usual, atol=6e-4)


def test_those_inside_are_counted_as_insiders_are():
    from mbh_utils.experiments.inside_measures import insiders

    rows = choice_table(
        LAYERS, DATA.validation, PLANES, [0.8], method="random", candidates=(6,), draws=1
    )
    usual = insiders(LAYERS, DATA.validation, [0.8])
    assert rows["others"].iloc[0] == pytest.approx(usual["others"].mean(), abs=6e-4)
    assert rows["own"].iloc[0] == pytest.approx(usual["own"].mean(), abs=6e-4)


def test_chance_is_the_specialization_to_random_images():
    rows = choice_table(
        LAYERS,
        DATA.validation,
        PLANES,
        [0.8],
        method="random",
        candidates=(6,),
        draws=1,
        phenomena=2,
    )
    images = DATA.validation.images
    drawn = [p for p in phenomena_of(DATA.validation, 2) if not p.is_class]
    assert [int(p.images.sum()) for p in drawn] == [len(images) // 10] * 2
    brute = [
        [mbh.specialization(LAYERS, images[p.images], plane) for p in drawn] for plane in PLANES
    ]
    np.testing.assert_allclose(rows["s_chance"], np.mean(brute, axis=1), atol=6e-4)


def test_varying_candidates_leave_out_what_never_changes():
    """Neurons 0 and 1 are the same for all samples; only neuron 2 tells them apart."""
    layers = [(np.array([[0, 0], [0, 0], [1.0, 0]]), np.array([1.0, -1, 0]))]
    images = np.array([[1, 0], [2, 1], [-1, 0], [-2, 1]], np.float32)
    samples = Samples(images, np.array([0, 0, 1, 1]))
    square = [mbh.Plane.rectangle((-1, -1), (1, 1))]
    asked = {"candidates": (1,), "draws": 5}
    varying = choice_table(layers, samples, square, [1.0], method="varying", **asked)
    assert varying["s"].tolist() == [0.5]
    assert varying["others"].tolist() == [0]
    anyone = choice_table(layers, samples, square, [1.0], method="random", **asked)
    assert anyone["s"].iloc[0] < 0.5


def test_the_best_are_chosen_on_other_planes_and_no_worse_there_than_the_first():
    network = mbh.lenet(DATA, (30, 12), seed=2)
    others = other_planes("digits8", 3)
    asked = {"candidates": (3, 12), "draws": 1}
    layers = mbh.hidden_layers(network)
    best, first = (
        choice_table(layers, DATA.validation, others, [0.8], method=m, others=others, **asked)
        for m in ("best", "first")
    )
    assert (best["own"] >= 0.8 - 1e-4).all()
    few = best.query("candidates == 3")["s"].mean() - first.query("candidates == 3")["s"].mean()
    assert few > 0
    assert not {plane.area for plane in PLANES} & {plane.area for plane in others}


# ------------------------------------------------------------------------------------------- heaps


def test_a_heap_is_the_networks_side_by_side():
    networks = [mbh.hidden_layers(mbh.lenet(DATA, (5, 3), seed=i)) for i in range(3)]
    merged = side_by_side(networks)
    images = DATA.validation.images[:50]
    apart = [mbh.layer_patterns(layers, images) for layers in networks]
    assert (mbh.layer_patterns(merged, images) == np.concatenate(apart, axis=1)).all()
    assert merged[1][0].shape == (9, 15)


def test_three_smaller_networks_are_as_large_as_one_of_the_thesis_s():
    heaps = heaps_of(PROFILES["paper"].setups)
    assert [(h.like, h.setup, h.members) for h in heaps] == [
        (1, 3, 3), (2, 5, 3), (3, 6, 3), (4, 8, 3), (5, 9, 3), (6, 10, 3),
    ]  # fmt: skip
    assert heaps_of([Setup(1, "two", (8, 4), 100), Setup(2, "two", (4, 2), 10)])[0].like == 1


def test_the_tables_of_the_tiny_profile(done):
    choice = table("choice", TINY, store=done)
    assert set(choice["candidates"]) == {1, 2, 3}
    assert choice[["s", "s_chance", "own", "others"]].stack().between(0, 1).all()
    widest = choice.query("candidates == 3 and coverage == 0.8 and domain == 'box'")
    grid = table("grid", TINY, store=done).query("coverage == 0.8 and domain == 'box'")
    keys = ["setup", "model", "iteration", "plane"]
    usual = grid.groupby(keys)["s"].mean().reindex(widest.set_index(keys).index)
    np.testing.assert_allclose(widest["s"], usual, atol=6e-4)
    heaps = table("heaps", TINY, store=done)
    assert heaps[["s", "s_heap"]].stack().between(0, 1).all()
    assert set(table("choice_few", TINY, store=done)["method"]) == {"best", "first"}
    assert set(table("choice_pools", TINY, store=done)["scope"]) == {"last", "all"}
