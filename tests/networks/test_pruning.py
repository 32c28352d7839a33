"""Masks and the parameter arithmetic of the thesis's set-ups.

Against the table of its densities, and brute force.
"""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mbh_utils.errors import MBHError
from mbh_utils.networks import DEEPFC, LENET, LENET_SMALL, pruning

# For 784 inputs: number, hidden layers, HNPs, dense HNPs, density of parameters, density of
# weights, weights kept.
LENETS = [
    (1, (300, 100), 265_600, 265_600, 1, 1, 265_200),
    (2, (300, 100), 83_572, 265_600, 0.3147, 0.3136, 83_172),
    (3, (102, 34), 83_572, 83_572, 1, 1, 83_436),
    (4, (300, 100), 27_871, 265_600, 0.1049, 0.1036, 27_471),
    (5, (102, 34), 27_871, 83_572, 0.3335, 0.3324, 27_735),
    (6, (35, 11), 27_871, 27_871, 1, 1, 27_825),
    (7, (300, 100), 9_472, 265_600, 0.0357, 0.0342, 9_072),
    (8, (102, 34), 9_472, 83_572, 0.1133, 0.1119, 9_336),
    (9, (35, 11), 9_472, 27_871, 0.3399, 0.3388, 9_426),
    (10, (12, 4), 9_472, 9_472, 1, 1, 9_456),
    (11, (300, 100), 4_736, 265_600, 0.0178, 0.0163, 4_336),
    (12, (102, 34), 4_736, 83_572, 0.0567, 0.0551, 4_600),
    (13, (35, 11), 4_736, 27_871, 0.1699, 0.1686, 4_690),
    (14, (12, 4), 4_736, 9_472, 0.5000, 0.4992, 4_720),
]
# Number, hidden layers, HNPs, density of weights, weights kept.
DEEPFCS = [
    (1, (200, 100, 100), 187_200, 1, 186_800),
    (2, (200, 100, 100), 56_916, 0.3025, 56_516),
    (3, (68, 34, 34), 56_916, 1, 56_780),
    (4, (200, 100, 100), 18_486, 0.0968, 18_086),
    (5, (68, 34, 34), 18_486, 0.3232, 18_350),
    (6, (23, 12, 11), 18_486, 1, 18_440),
    (7, (200, 100, 100), 6_336, 0.0318, 5_936),
    (8, (68, 34, 34), 6_336, 0.1092, 6_200),
    (9, (23, 12, 11), 6_336, 0.3411, 6_290),
    (10, (8, 4, 4), 6_336, 1, 6_320),
    (11, (200, 100, 100), 3_168, 0.0148, 2_768),
    (12, (68, 34, 34), 3_168, 0.0534, 3_032),
    (13, (23, 12, 11), 3_168, 0.1693, 3_122),
    (14, (8, 4, 4), 3_168, 0.4987, 3_152),
]

widths = st.lists(st.integers(1, 7), min_size=1, max_size=4)


@st.composite
def budgets(draw):
    """Shapes of some hidden layers and a budget of HNPs that fits them."""
    n_inputs = draw(st.integers(1, 9))
    hidden = tuple(draw(widths))
    shapes = pruning.layer_shapes(n_inputs, hidden)
    return shapes, draw(st.integers(2 * sum(hidden), pruning.dense_parameters(n_inputs, hidden)))


# ---- the accounting


def test_the_14_lenets_of_the_thesis():
    setups = LENET.setups(784)
    assert [(s.number, s.hidden, s.parameters) for s in setups] == [row[:3] for row in LENETS]
    assert [s.n_hidden for s in setups] == [400, 400, 136, 400, 136, 46] + 2 * [400, 136, 46, 16]
    assert {s.family for s in setups} == {"lenet"}


def test_the_14_deepfcs_of_the_thesis():
    assert [(s.number, s.hidden, s.parameters) for s in DEEPFC.setups(784)] == [
        row[:3] for row in DEEPFCS
    ]


@pytest.mark.parametrize(
    ("number", "hidden", "parameters", "dense", "of_parameters", "of_weights", "kept"), LENETS
)
def test_densities_and_weights_kept_of_the_lenets(
    number, hidden, parameters, dense, of_parameters, of_weights, kept
):
    assert pruning.dense_parameters(784, hidden) == dense
    assert round(parameters / dense, 4) == of_parameters
    assert round(pruning.density(784, hidden, parameters), 4) == of_weights
    assert sum(pruning.weights_per_layer(pruning.layer_shapes(784, hidden), parameters)) == kept


@pytest.mark.parametrize(("number", "hidden", "parameters", "of_weights", "kept"), DEEPFCS)
def test_densities_and_weights_kept_of_the_deepfcs(number, hidden, parameters, of_weights, kept):
    assert round(pruning.density(784, hidden, parameters), 4) == of_weights
    assert sum(pruning.weights_per_layer(pruning.layer_shapes(784, hidden), parameters)) == kept


def test_the_family_of_figures_6_8_and_6_10():
    assert [pruning.dense_parameters(784, h) for h in ((144, 48), (67, 22), (31, 10), (14, 5))] == [
        120_000, 54_091, 24_655, 11_065,
    ]  # fmt: skip


def test_set_ups_of_the_embedded_data_fit_and_have_the_same_shape_as_the_thesis():
    setups = LENET_SMALL.setups(64)
    assert [(s.number, LENET_SMALL.architectures.index(s.hidden)) for s in setups] == [
        (s.number, LENET.architectures.index(s.hidden)) for s in LENET.setups(784)
    ]
    for s in setups:
        assert pruning.weights_per_layer(pruning.layer_shapes(64, s.hidden), s.parameters)


@given(st.integers(1, 9), widths)
def test_dense_parameters_count_every_weight_and_bias(n_inputs, hidden):
    counted = 0
    before = n_inputs
    for n in hidden:
        counted += len(list(itertools.product(range(before), range(n)))) + n
        before = n
    assert pruning.dense_parameters(n_inputs, tuple(hidden)) == counted
    assert pruning.density(n_inputs, tuple(hidden), counted) == 1


@given(budgets())
def test_weights_per_layer_meet_the_budget_within_each_layer_s_limits(case):
    shapes, parameters = case
    counts = pruning.weights_per_layer(shapes, parameters)
    assert sum(counts) == parameters - sum(n for n, _ in shapes)
    assert all(
        n_out <= count <= n_out * n_in for count, (n_out, n_in) in zip(counts, shapes, strict=True)
    )


@given(budgets())
def test_every_layer_has_the_same_density_up_to_one_weight(case):
    shapes, parameters = case
    counts = np.array(pruning.weights_per_layer(shapes, parameters))
    sizes = np.array([n_out * n_in for n_out, n_in in shapes])
    exact = (parameters - sum(n for n, _ in shapes)) * sizes / sizes.sum()
    assume(
        (exact >= [n for n, _ in shapes]).all()
    )  # else some layer must keep one weight per neuron
    assert (np.abs(counts - exact) < 1).all()


@pytest.mark.parametrize("parameters", [-1, 0, 19, 67, 10**9])
def test_a_budget_that_does_not_fit_is_refused_with_the_limits(parameters):
    with pytest.raises(
        MBHError, match=r"do not fit hidden layers \[7, 3\].*between 20 .*and 66 \(dense\)"
    ):
        pruning.weights_per_layer([(7, 5), (3, 7)], parameters)


# ---- masks


@given(budgets(), st.integers(0, 2**32))
def test_random_masks_keep_the_budget_and_an_input_for_every_neuron(case, seed):
    shapes, parameters = case
    masks = pruning.random_masks(shapes, parameters, np.random.default_rng(seed))
    assert [m.shape for m in masks] == shapes and all(m.dtype == bool for m in masks)
    assert sum(m.sum() for m in masks) + sum(n for n, _ in shapes) == parameters
    assert [m.sum() for m in masks] == pruning.weights_per_layer(shapes, parameters)
    assert all(m.any(axis=1).all() for m in masks)


@pytest.mark.parametrize(
    "setup", [s for s in LENET.setups(784) if s.n_hidden == 400], ids=lambda s: s.number
)
def test_random_masks_of_the_largest_lenets(setup):
    shapes = pruning.layer_shapes(784, setup.hidden)
    masks = pruning.random_masks(shapes, setup.parameters, np.random.default_rng(0))
    assert sum(int(m.sum()) for m in masks) + 400 == setup.parameters
    assert all(m.any(axis=1).all() for m in masks)
    first, second = (m.mean() for m in masks)
    assert abs(first - second) < 1 / 30_000


def test_masks_of_equal_seeds_are_equal_and_those_of_different_seeds_are_not():
    def masks(seed):
        return pruning.random_masks([(20, 30), (10, 20)], 300, np.random.default_rng(seed))

    assert all((a == b).all() for a, b in zip(masks(1), masks(1), strict=True))
    assert all((a != b).any() for a, b in zip(masks(1), masks(2), strict=True))


def test_random_masks_choose_every_connection_equally_often():
    rng = np.random.default_rng(0)
    n = 4_000
    counts = sum(pruning.random_masks([(3, 8)], 3 + 12, rng)[0].astype(int) for _ in range(n))
    # Half of 24 connections each time; an empty row (probability below 0.002 for each) hardly
    # matters.
    assert np.abs(counts / n - 0.5).max() < 4.5 * np.sqrt(0.25 / n)


def test_repairing_empty_neurons_prefers_no_connection():
    # As sparse as can be: one connection per neuron, so nearly every mask is repaired.
    rng = np.random.default_rng(0)
    n = 4_000
    counts = sum(pruning.random_masks([(4, 5)], 8, rng)[0].astype(int) for _ in range(n))
    assert (counts.sum(axis=1) == n).all()
    assert np.abs(counts / n - 0.2).max() < 4.5 * np.sqrt(0.2 * 0.8 / n)


@given(budgets(), st.integers(0, 2**32))
def test_magnitude_masks_keep_the_largest_weights(case, seed):
    shapes, parameters = case
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal(shape) for shape in shapes]
    for w, mask, count in zip(
        weights,
        pruning.magnitude_masks(weights, parameters),
        pruning.weights_per_layer(shapes, parameters),
        strict=True,
    ):
        assert mask.sum() == count
        strongest = np.argmax(np.abs(w), axis=1)
        assert mask[np.arange(len(w)), strongest].all(), (
            "each neuron keeps at least its strongest input"
        )
        spare = mask & (np.arange(w.shape[1]) != strongest[:, None])
        if spare.any() and not mask.all():
            assert np.abs(w)[spare].min() >= np.abs(w)[~mask].max(), (
                "and beyond those the largest of all are kept"
            )


def test_magnitude_masks_by_hand():
    weights = [np.array([[0.1, -0.9, 0.3], [0.8, 0.2, -0.7], [0.01, 0.02, -0.03]])]
    (mask,) = pruning.magnitude_masks(weights, 3 + 4)
    # |w| in order: .9 .8 .7 .3 ...; the third neuron keeps its -0.03 in the place of 0.3
    assert mask.tolist() == [[False, True, False], [True, False, True], [False, False, True]]
    assert pruning.magnitude_masks(weights, 3 + 9)[0].all()


def test_ties_in_magnitude_go_to_the_first_connection():
    (mask,) = pruning.magnitude_masks([np.ones((2, 4))], 2 + 5)
    assert mask.tolist() == [[True, True, True, True], [True, False, False, False]]


def test_ties_in_a_large_layer_go_to_the_first_connections_too():
    weight = np.ones((20, 30))
    weight[:, 7] = 2
    (mask,) = pruning.magnitude_masks([weight], 20 + 120)
    assert mask[:, 7].all() and np.delete(mask, 7, axis=1).ravel()[:100].all()


def test_magnitude_masks_keep_one_input_of_a_neuron_whose_weights_are_all_zero():
    (mask,) = pruning.magnitude_masks([np.array([[3.0, 2.0], [0.0, 0.0]])], 2 + 2)
    assert mask.tolist() == [[True, False], [True, False]]


# ---- rounds of magnitude pruning


@given(budgets(), st.integers(0, 2**32))
def test_a_further_round_keeps_the_largest_of_what_lives(case, seed):
    shapes, _ = case
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < 0.7 for shape in shapes]
    for mask in masks:
        mask[:, 0] = True
    weights = [rng.standard_normal(shape) for shape in shapes]
    counts = [int(rng.integers(len(mask), mask.sum() + 1)) for mask in masks]
    further = pruning.pruned_further(weights, masks, counts)
    for weight, before, after, count in zip(weights, masks, further, counts, strict=True):
        assert after.sum() == count and not (after & ~before).any() and after.any(axis=1).all()
        size = np.abs(weight)
        for row in np.flatnonzero((before & ~after).any(axis=1)):
            best = size[row][before[row]].max()
            assert after[row][size[row] == best].all(), "its strongest input stays in any case"
        several = after & (after.sum(axis=1, keepdims=True) > 1)
        if several.any() and (before & ~after).any():
            assert size[several].min() > size[before & ~after].max()


def test_a_further_round_of_everything_is_magnitude_pruning():
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((6, 9)), rng.standard_normal((4, 6))]
    masks = [np.ones(w.shape, dtype=bool) for w in weights]
    counts = pruning.weights_per_layer([w.shape for w in weights], 45)
    further = pruning.pruned_further(weights, masks, counts)
    assert all(map(np.array_equal, further, pruning.magnitude_masks(weights, 45)))


def test_a_further_round_refuses_what_does_not_go_together():
    weight, mask = np.ones((2, 3)), np.ones((2, 3), dtype=bool)
    with pytest.raises(MBHError, match="do not go together"):
        pruning.pruned_further([weight], [mask.T], [3])
    with pytest.raises(MBHError, match="do not go together"):
        pruning.pruned_further([weight], [mask], [3, 3])
    for count in (1, 7):
        with pytest.raises(MBHError, match="a number in counts"):
            pruning.pruned_further([weight], [mask], [count])
    with pytest.raises(MBHError, match="a unit without any input"):
        pruning.pruned_further([weight], [np.array([[1, 1, 1], [0, 0, 0]])], [2])


# ---- dead ends


@given(budgets(), st.integers(0, 2**32))
def test_dead_ends_against_every_path(case, seed):
    shapes, _ = case
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < 0.4 for shape in shapes]
    for layer, found in enumerate(pruning.dead_ends(masks)):
        reach = np.eye(shapes[layer][0], dtype=int)
        for mask in masks[layer + 1 :]:
            reach = (
                mask.astype(int) @ reach
            )  # number of live paths to each neuron of the next layer
        assert found.tolist() == (reach.sum(axis=0) == 0).tolist()


def test_the_last_hidden_layer_has_no_dead_end():
    assert not pruning.dead_ends([np.zeros((3, 2), dtype=bool)])[0].any()
