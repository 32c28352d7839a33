"""A training's activation patterns as one table."""

import numpy as np
import pytest

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.lenses import evolution
from mbh_utils.lenses.evolution.history import HISTORY_COLUMNS, STATE_COLUMNS
from mbh_utils.regions.patterns import preactivations

DATA = mbh.load_dataset("digits8")
SAMPLES = DATA.validation


@pytest.fixture(scope="module")
def trained():
    network = mbh.lenet(DATA, (12, 4), parameters=500)
    return mbh.train(network, DATA, iterations=200, milestones=[0, 20])


@pytest.fixture(scope="module")
def table(trained):
    return evolution.history(trained, SAMPLES, oui_images=50)


def bits_of(network) -> list[np.ndarray]:
    return [z > 0 for z in preactivations(network, SAMPLES)]


def test_it_has_a_row_for_each_milestone_and_layer(table):
    assert list(table) == list(HISTORY_COLUMNS)
    assert table[["iteration", "layer"]].values.tolist() == [
        [iteration, layer] for iteration in (0, 20, 200) for layer in (1, 2)
    ]
    assert table["width"].tolist() == [12, 4] * 3
    assert (table["images"] == 360).all()


def test_its_values_are_those_of_the_functions(table, trained):
    at = {iteration: bits_of(network) for iteration, network in trained.networks.items()}
    previous = {20: 0, 200: 20}
    for row in table.to_dict("records"):
        layer = row["layer"] - 1
        bits = at[row["iteration"]][layer]
        counts = evolution.pattern_counts(bits)
        told = evolution.label_information(bits, SAMPLES.labels)
        oui = evolution.oui_by_class(bits[:50], [row["width"]], SAMPLES.labels[:50])
        blocks = evolution.block_patterns(bits)
        expected = {
            "distinct": counts.distinct,
            "entropy": evolution.entropy(counts),
            "relative_entropy": evolution.relative_entropy(counts),
            "information": told.information,
            "conditional_entropy": told.conditional,
            "block_information": blocks.information(SAMPLES.labels),
            "block_relative_entropy": blocks.relative_entropy,
            "neuron_entropy": evolution.neuron_states(bits).entropy,
            "oui": oui.all,
            "oui_within": oui.within,
            "oui_between": oui.between,
        }
        for name, iteration in (
            ("initial", 0),
            ("previous", previous.get(row["iteration"])),
            ("final", 200),
        ):
            if iteration is None:
                assert np.isnan(row["kappa_previous"]) and np.isnan(row["jaccard_previous"])
                continue
            reference = at[iteration][layer]
            others = evolution.pattern_counts(reference)
            expected |= {
                f"kappa_{name}": evolution.agreement(bits, reference).kappa,
                f"agreement_{name}": evolution.agreement(bits, reference).share,
                f"jaccard_{name}": evolution.jaccard(counts, others),
                f"frequent_jaccard_{name}": evolution.jaccard(counts, others, more_than=10),
                f"weighted_jaccard_{name}": evolution.weighted_jaccard(counts, others),
                f"net_change_{name}": evolution.pattern_change(others, counts).net,
                f"gross_change_{name}": evolution.pattern_change(others, counts).gross,
                f"block_weighted_jaccard_{name}": blocks.weighted_jaccard(
                    evolution.block_patterns(reference)
                ),
            }
        found = {name: row[name] for name in expected}
        assert found == pytest.approx(expected, nan_ok=True)


def test_weights_are_compared_with_the_final_ones(table, trained):
    last = table[table["iteration"] == 200]
    assert (last["weight_distance"] == 0).all() and (last["kappa_final"] == 1).all()
    (weight, bias), *_ = mbh.hidden_layers(trained.networks[0])
    (final, final_bias), *_ = mbh.hidden_layers(trained.networks[200])
    difference = np.concatenate([(weight - final).ravel(), bias - final_bias])
    size = np.concatenate([final.ravel(), final_bias])
    expected = np.linalg.norm(difference) / np.linalg.norm(size)
    assert table["weight_distance"][0] == pytest.approx(expected)


def test_pairs_and_dicts_are_taken_in_the_order_of_training(table, trained):
    pairs = list(trained.networks.items())[::-1]
    for run in (pairs, dict(pairs)):
        again = evolution.history(run, SAMPLES, oui_images=50)
        assert again.equals(table)


def test_one_network_has_the_same_values(table, trained):
    found = evolution.pattern_statistics(trained.networks[20], SAMPLES, oui_images=50)
    expected = table.loc[table["iteration"] == 20, ["layer", *STATE_COLUMNS]]
    assert found.equals(expected.reset_index(drop=True))


def test_one_neuron_per_layer_and_constant_activations():
    dead = [([[1.0, 1.0]], [-9.0]), ([[1.0]], [-1.0])]
    alive = [([[1.0, -1.0]], [0.0]), ([[1.0]], [-1.0])]
    samples = mbh.Samples(np.random.default_rng(0).random((30, 2)), np.arange(30) % 2)
    found = evolution.history([(0, alive), (5, dead)], samples)
    assert found["width"].tolist() == [1] * 4
    constant = found[found["iteration"] == 5]
    assert (constant["distinct"] == 1).all() and (constant["entropy"] == 0).all()
    assert (constant["dead_share"] == 1).all() and (constant["oui"] == 0).all()
    assert np.isnan(constant["kappa_final"]).all(), "nothing beyond chance can be seen"
    assert evolution.settling(found)["tau"].isna().all()


def test_where_there_are_no_checkpoints_it_says_how_to_get_them(trained):
    network = mbh.lenet(DATA, (12, 4), parameters=500)
    without = mbh.train(network, DATA, iterations=2)
    with pytest.raises(MBHError, match=r"run has 1 network and no checkpoints.*milestones=\[0"):
        evolution.history(without, SAMPLES)
    with pytest.raises(MBHError, match="run has 0 networks and no checkpoints"):
        evolution.history([], SAMPLES)
    with pytest.raises(MBHError, match=r"run is Network.*expected a list of \(iteration, network"):
        evolution.history(network, SAMPLES)
    with pytest.raises(MBHError, match="run holds 5; expected the History"):
        evolution.history([5, 6], SAMPLES)


def test_what_cannot_be_compared_is_named(trained):
    network = trained.networks[0]
    other = mbh.lenet(DATA, (13, 4), parameters=500)
    with pytest.raises(MBHError, match=r"the widths \[13, 4\] at iteration 9, but of \[12, 4\]"):
        evolution.history([(0, network), (9, other)], SAMPLES)
    with pytest.raises(MBHError, match="two networks of one iteration"):
        evolution.history([(9, network), (9, network)], SAMPLES)
    with pytest.raises(MBHError, match="samples are too few"):
        evolution.history(trained, SAMPLES.take([0]))
    with pytest.raises(MBHError, match="expected samples with labels"):
        evolution.history(trained, SAMPLES.images)
    with pytest.raises(MBHError, match="oui_images is 1"):
        evolution.history(trained, SAMPLES, oui_images=1)
