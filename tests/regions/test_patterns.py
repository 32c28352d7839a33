"""Patterns of samples against the definition written out, and the laws of decision patterns."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from torch import nn

from mbh_utils import from_arrays
from mbh_utils.errors import MBHError
from mbh_utils.networks import feed_forward
from mbh_utils.regions.patterns import (
    DecisionPattern,
    activation_patterns,
    layer_patterns,
    preactivations,
    unique_patterns,
)

#: The network of Fig 3.2: 3 layers of 2 neurons (fixture F1).
F1 = [
    ([[-1, 1], [1, 1]], [0, -4]),
    ([[-1, -3], [-3, -1]], [4, 4]),
    ([[1, 3], [3, 1]], [-4, -4]),
]

bits = npst.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 20)))


def random_layers(rng, sizes):
    shapes = [(m, n) for n, m in pairwise(sizes)]
    return [(rng.standard_normal(shape), rng.standard_normal(shape[0])) for shape in shapes]


# ------------------------------------------------------------------------------ activation patterns


def test_patterns_of_figure_3_2_by_hand():
    first, second = activation_patterns(F1, np.array([[1.0, 3.0], [3.0, 2.0]])).astype(int).tolist()
    # At (1, 3): h_a = 2, h_b = 0 (exactly zero: inactive),
    # then h_c = 4 - 2 = 2, h_d = 4 - 6 < 0, then e < 0, f = 2.
    assert first == [1, 0, 1, 0, 0, 1]
    # At (3, 2): h_a < 0, h_b = 1,
    # then h_c = 4 - 3 = 1, h_d = 4 - 1 = 3, then h_e = 1 + 9 - 4 > 0, h_f = 3 + 3 - 4 > 0.
    assert second == [0, 1, 1, 1, 1, 1]


@given(st.integers(0, 2**32), st.lists(st.integers(1, 5), min_size=2, max_size=5))
def test_patterns_are_signs_of_the_network_written_out(seed, sizes):
    rng = np.random.default_rng(seed)
    layers = random_layers(rng, sizes)
    images = rng.standard_normal((6, sizes[0]))
    expected = []
    for image in images:
        value = image.tolist()
        row = []
        for weight, bias in layers:
            value = [
                sum(w * v for w, v in zip(ws, value, strict=True)) + b
                for ws, b in zip(weight, bias, strict=True)
            ]
            row += [z > 0 for z in value]
            value = [max(z, 0.0) for z in value]
        expected.append(row)
    assert activation_patterns(layers, images).tolist() == expected
    assert (
        np.concatenate(
            [layer_patterns(layers, images, i) for i in range(len(layers))], axis=1
        ).tolist()
        == expected
    )
    assert (
        layer_patterns(layers, images).tolist()
        == layer_patterns(layers, images, len(layers) - 1).tolist()
    )


def test_an_exact_zero_is_inactive():
    layers = [(np.zeros((1, 2)), np.zeros(1)), (np.ones((1, 1)), np.zeros(1))]
    assert not activation_patterns(layers, np.ones((3, 2))).any()


def test_a_network_of_ours_a_sequential_and_its_arrays_give_the_same_patterns():
    rng = np.random.default_rng(0)
    images = rng.random((40, 6), dtype=np.float32)
    labels = np.arange(40) % 3
    data = from_arrays(images, labels, images, labels)
    network = feed_forward(data, (7, 5), parameters=60, bias_std=0.1)
    layers = []
    for layer in network.linears:
        twin = nn.Linear(layer.in_features, layer.out_features)
        twin.load_state_dict({"weight": layer.weight, "bias": layer.bias})
        layers += [twin, nn.ReLU()]
    arrays = [(m.weight, m.bias) for m in network.hidden_layers]
    expected = activation_patterns(network, images)
    assert expected.shape == (40, 12) and expected.dtype == bool and 0 < expected.mean() < 1
    for other in (nn.Sequential(*layers[:-1]), arrays):
        assert (activation_patterns(other, images) == expected).all()
    whole = activation_patterns(nn.Sequential(*layers[:-1]), images, output_layer=False)
    assert (whole[:, :12] == expected).all() and whole.shape == (40, 15)
    for given_as in (data.validation, torch.tensor(images), images.tolist()):
        assert (activation_patterns(network, given_as) == expected).all()


def test_preactivations_are_float64_and_those_of_torch():
    rng = np.random.default_rng(1)
    network = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    images = rng.standard_normal((9, 4))
    (values,) = preactivations(network, images)
    assert values.dtype == np.float64
    assert np.allclose(values, network[0](torch.tensor(images)).detach().numpy(), atol=1e-14)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.ones((3, 3)), r"shape \(3, 3\); this network takes \(n, 2\)"),
        (np.ones(2), r"shape \(2,\)"),
        (np.ones((3, 1, 2)), "flatten each image"),
        (np.array([[0, 0], [0, np.nan]]), "image 1 holds NaN or infinite"),
        (np.array([[np.inf, 0.0]]), "image 0 holds NaN or infinite"),
    ],
)
def test_images_that_do_not_fit_are_refused(images, said):
    with pytest.raises(MBHError, match=said):
        activation_patterns(F1, images)


@pytest.mark.parametrize("layer", [3, -4])
def test_a_layer_that_is_not_there_is_refused(layer):
    with pytest.raises(MBHError, match=f"no hidden layer {layer}; the network has 3"):
        layer_patterns(F1, np.ones((1, 2)), layer)


# -------------------------------------------------------------------------------- decision patterns


def test_a_decision_pattern_by_hand():
    patterns = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=bool)
    pattern = DecisionPattern([2, 0], [False, True])
    assert pattern.satisfied_by(patterns).tolist() == [True, True, False, False]
    assert pattern.support(patterns) == 0.5
    assert pattern.as_dict() == {2: False, 0: True} and len(pattern) == 2
    assert pattern == DecisionPattern([0, 2], [1, 0], coverage=0.3), (
        "order and coverage make no other pattern"
    )
    assert pattern != DecisionPattern([0, 2], [1, 1])
    assert pattern != DecisionPattern([0], [1])
    assert pattern != 7
    assert np.isnan(pattern.coverage)
    assert repr(pattern) == "DecisionPattern({2:0, 0:1}, 2 constraints)"
    assert repr(DecisionPattern(range(9), [1] * 9)).endswith("7:1, ...}, 9 constraints)")


@given(bits)
def test_the_trivial_pattern_is_satisfied_by_all(patterns):
    assert DecisionPattern([], []).satisfied_by(patterns).all()
    assert len(DecisionPattern([], [])) == 0


@given(bits, st.data())
def test_constraints_are_conjunctions_and_never_raise_the_support(patterns, data):
    k = patterns.shape[1]
    neurons = data.draw(st.lists(st.integers(0, k - 1), unique=True))
    states = data.draw(st.lists(st.booleans(), min_size=len(neurons), max_size=len(neurons)))
    pattern = DecisionPattern(neurons, states)
    expected = [all(row[n] == s for n, s in zip(neurons, states, strict=True)) for row in patterns]
    assert pattern.satisfied_by(patterns).tolist() == expected
    supports = [
        DecisionPattern(neurons[:i], states[:i]).support(patterns) for i in range(len(neurons) + 1)
    ]
    assert supports == sorted(supports, reverse=True) and supports[0] == 1


@pytest.mark.parametrize(
    ("neurons", "states", "said"),
    [
        ([1, 1], [True, False], "names each neuron once"),
        ([-1], [True], "index >= 0"),
        ([0, 1], [True], "one state per neuron"),
        ([[0, 1]], [[True, True]], "one state per neuron"),
        ([0.5], [True], "whole numbers"),
        ([1.0], [True], "whole numbers"),
        (np.array([True, False]), [True, False], "whole numbers"),
        ([0], [0.2], "True and False"),
        ([0], [-1], "True and False"),
        (["a"], [True], "neurons must be an array of numbers"),
    ],
)
def test_decision_patterns_that_make_no_sense_are_refused(neurons, states, said):
    with pytest.raises(MBHError, match=said):
        DecisionPattern(neurons, states)


def test_a_pattern_of_a_larger_network_is_refused():
    with pytest.raises(MBHError, match="neuron 5, but there are only 3"):
        DecisionPattern([5], [True]).satisfied_by(np.ones((2, 3), dtype=bool))


def test_support_among_no_sample_is_refused():
    with pytest.raises(MBHError, match="at least one sample"):
        DecisionPattern([0], [True]).support(np.ones((0, 3), dtype=bool))


# -------------------------------------------------------------------------------- distinct patterns


@given(bits)
def test_unique_patterns_are_the_distinct_rows_with_their_counts(patterns):
    found, counts = unique_patterns(patterns)
    assert found.dtype == bool
    rows = list(map(tuple, patterns))
    assert {tuple(row): count for row, count in zip(found, counts, strict=True)} == {
        r: rows.count(r) for r in rows
    }
    assert len(found) == len(set(rows)) and counts.sum() == len(rows)


def test_no_sample_has_no_pattern():
    found, counts = unique_patterns(np.zeros((0, 9), dtype=bool))
    assert found.shape == (0, 9) and counts.shape == (0,)
