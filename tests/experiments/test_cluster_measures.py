"""What the lens on clusters measures of networks, and which networks were published."""

import numpy as np
import pandas as pd
import pytest

import mbh_utils as mbh
from mbh_utils import experiments
from mbh_utils.experiments import cluster_measures
from mbh_utils.experiments.cluster_measures import (
    clusterabilities,
    control_of,
    partition_agreement,
    reference_cases,
    reference_runs,
)
from mbh_utils.lenses import clusters

DATA = mbh.load_dataset("digits8")
QUICK = experiments.PROFILES["quick"]


def test_one_row_for_each_graph_and_shuffle():
    network = mbh.lenet(DATA, (24, 8), parameters=400, bias_std=0.1)
    table = clusterabilities(network, DATA.train, shuffles=3)
    assert tuple(table) == cluster_measures.CLUSTERABILITY.columns
    assert table["graph"].tolist() == ["weights"] * 3 + ["activations"]
    assert table["shuffle"].tolist() == ["layer", "layer_nonzero", "fan_out", "layer"]
    assert table["k"].tolist() == [8] * 4
    assert table["nodes"].tolist() == [106] * 3 + [32]
    kept = clusters.clusterability(network, shuffle="layer_nonzero", shuffles=3)
    assert table.loc[1, "z"] == pytest.approx(kept.z)
    assert table.loc[1, "null_std"] == pytest.approx(kept.null.std())
    assert table.loc[0, "ncut"] == table.loc[1, "ncut"] == kept.ncut
    assert table.loc[0, "null_mean"] != table.loc[1, "null_mean"]


def test_a_dense_network_has_one_null():
    table = clusterabilities(mbh.lenet(DATA, (24, 8), bias_std=0.1), DATA.train, shuffles=2)
    assert table.loc[0, "null_mean"] == table.loc[1, "null_mean"] != table.loc[2, "null_mean"]
    assert table["shuffle"].nunique() == 3


def test_published_networks_go_on_from_the_plain_ones():
    runs = reference_runs(QUICK, "digits8", "modular")
    plain, pruned = runs[:3], runs[3:]
    assert [run.seed for run in runs] == [0, 1, 2] * 2
    for one, other in zip(plain, pruned, strict=True):
        assert other.start == one and one.weights == "modular"
        assert other.rewiring.output and other.rewiring.end == 0.9
        assert one.recipe == other.recipe and one.recipe.batch_size == 128
        assert control_of(one) == control_of(other) == "modular"
    paper = reference_runs(experiments.PROFILES["paper"], "mnist", "glorot")
    assert paper[0].hidden == (256,) * 4 and paper[0].recipe.iterations == 9_380
    assert len(paper) == 10 and control_of(paper[0]) == "none"


def test_kinds_of_published_networks():
    cases = reference_cases(QUICK)
    kinds = {(c.run.dataset, control_of(c.run), c.run.rewiring is not None) for c in cases}
    assert len(kinds) == 6 and len(cases) == 18
    assert ("digits8_halves", "halves", True) in kinds
    assert all(case.iteration == QUICK.reference_iterations for case in cases)
    assert len(reference_cases(experiments.PROFILES["paper"])) == 40


def test_partitions_of_one_network():
    network = mbh.lenet(DATA, (24, 8), seed=1)
    mbh.train(network, DATA, iterations=200)
    table = partition_agreement(network, DATA.train, DATA.validation, 0.8, draws=20)
    assert tuple(table) == cluster_measures.PARTITIONS.columns
    assert table["graph"].tolist() == ["weights"] * 2 + ["activations"] * 2
    assert table["states"].tolist() == ["all", "active"] * 2
    assert table["ari"].nunique() == 1 and -1 <= table["ari"].iloc[0] <= 1
    assert table["overlap"].between(0, 1).all() and table["overlap_p"].between(1 / 21, 1).all()
    assert (table["sub_clusters"] <= table["k"]).all()


def test_overlap_counts_the_best_matching_cluster_of_each_class():
    labels = np.array([0, 0, 0, 1, 1, -1])
    members = [np.array([0, 1, 3]), np.array([3, 4, 5, 0]), np.array([], int)]
    expected = np.mean([2 / 3, 2 / 4])
    assert cluster_measures._overlap(labels, members) == pytest.approx(expected)
    assert np.isnan(cluster_measures._overlap(labels, [np.array([], int)]))
    assert cluster_measures._overlap(labels, [np.array([5])]) == 0


def test_equal_partitions_agree_and_shuffled_ones_do_not():
    labels = np.repeat([0, 1, 2, 3], 8)
    layer = np.tile([1, 2], 16)
    same = cluster_measures._agreement(labels, (labels + 1) % 4, layer, 10)
    assert same["ari"] == same["nmi"] == same["ari_within"] == 1
    assert same["nmi_null"] < 0.5
    other = np.random.default_rng(0).permutation(labels)
    assert abs(cluster_measures._agreement(labels, other, layer, 10)["ari"]) < 0.2


def test_pattern_neurons_lie_in_the_last_layer():
    network = mbh.lenet(DATA, (24, 8))
    members = cluster_measures._pattern_neurons(network, DATA.validation, 0.8)
    assert len(members["all"]) == 10
    for all_of_them, active in zip(members["all"], members["active"], strict=True):
        assert set(active) <= set(all_of_them) <= set(range(8))


def test_what_was_found_beside_what_was_published():
    table = clusters.published().merge(pd.DataFrame({"model": range(2)}), how="cross")
    table = table.merge(pd.DataFrame({"shuffle": clusters.SHUFFLES}), how="cross")
    table = table.assign(ncut=9.0 + table["model"], z=-5.0, accuracy=0.98)
    told = cluster_measures.beside_published(table)
    assert told.index.tolist()[:2] == ["MNIST", "MNIST, pruned"] and len(told) == 8
    assert told.loc["MNIST", "n-cut, here"] == "9.00 to 10.00"
    assert told.loc["MNIST", "n-cut, published"] == "10.01 to 10.04"
    assert told.loc["MNIST, modules planted, pruned", "shuffled, published"] == "9.20"
    alone = cluster_measures.beside_published(table.assign(dataset="digits8"))
    assert alone.loc["Digits 8×8", "z, published"] == ""
